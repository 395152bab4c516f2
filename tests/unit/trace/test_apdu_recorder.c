/* test_apdu_recorder.c: exchanges are kept and told with their secrets masked. */
#include "trace/apdu_recorder.h"

#include <unistd.h>

#include "pcapng_reading.h"

#define VERIFY        "002000010831323334ffffffff"
#define VERIFY_MASKED "0020000108ffffffffffffffff"

static char directory[64];
static char path[96];

static int make_directory(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof directory, "/tmp/gbau-recorder-XXXXXX");
    if (mkdtemp(directory) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/test.pcapng", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(directory);
}

struct heard {
    size_t count;
    char command_words[APDU_WORDS_SIZE];
    char outcome[APDU_WORDS_SIZE];
    uint8_t command[64];
    size_t command_length;
    struct octets response;
};

static void listen(void *context, const struct apdu_words *words, struct octets command, struct octets response)
{
    struct heard *heard = context;
    heard->count++;
    (void)snprintf(heard->command_words, sizeof heard->command_words, "%s", words->command);
    (void)snprintf(heard->outcome, sizeof heard->outcome, "%s", words->outcome);
    heard->command_length = command.length < sizeof heard->command ? command.length : sizeof heard->command;
    memcpy(heard->command, command.data, heard->command_length);
    heard->response = response;
}

static void hear(struct apdu_recorder *recorder, const char *command_hex, const char *response_hex)
{
    uint8_t command[300];
    uint8_t response[300];
    from_hex(command_hex, command, strlen(command_hex) / 2);
    from_hex(response_hex, response, strlen(response_hex) / 2);
    apdu_recorder_hear(recorder, octets_of(command, strlen(command_hex) / 2),
                       octets_of(response, strlen(response_hex) / 2));
    assert_octets(octets_of(command, strlen(command_hex) / 2), command_hex); /* what was heard is not changed */
}

static void secrets_are_masked_in_file_and_for_the_listener(void **state)
{
    (void)state;
    struct heard heard = {0};
    struct apdu_recorder *recorder = NULL;
    assert_ok(apdu_recorder_open(path, listen, &heard, &recorder));
    hear(recorder, VERIFY, "9000");
    assert_int_equal(heard.count, 1);
    assert_string_equal(heard.command_words, "VERIFY PIN (value withheld)");
    assert_string_equal(heard.outcome, "ok");
    assert_octets(octets_of(heard.command, heard.command_length), VERIFY_MASKED);
    assert_ok(apdu_recorder_close(recorder));

    struct read_capture read = read_capture_file(path);
    assert_int_equal(read.packet_count, 1);
    assert_octets(octets_of(read.packets[0].payload.data + 16, read.packets[0].payload.length - 16),
                  VERIFY_MASKED "9000");
    assert_string_equal(read.packets[0].comment, "VERIFY PIN (value withheld): ok");
    assert_null(memmem(read.file, read.length, "1234", 4));
    free_read_capture(&read);
}

static void a_file_or_a_listener_may_be_missing(void **state)
{
    (void)state;
    struct heard heard = {0};
    struct apdu_recorder *recorder = NULL;
    assert_ok(apdu_recorder_open(NULL, listen, &heard, &recorder));
    hear(recorder, "00a40004023f00", "6a82");
    assert_string_equal(heard.outcome, "6A82 file not found");
    assert_ok(apdu_recorder_close(recorder));
    assert_ok(apdu_recorder_open(path, NULL, NULL, &recorder));
    hear(recorder, "00a40004023f00", "6a82");
    assert_ok(apdu_recorder_close(recorder));
    assert_ok(apdu_recorder_close(NULL));
}

static void what_the_narrator_learns_is_kept(void **state)
{
    (void)state;
    struct heard heard = {0};
    struct apdu_recorder *recorder = NULL;
    assert_ok(apdu_recorder_open(NULL, listen, &heard, &recorder));
    hear(recorder, "00a4040c07a0000000871002", "9000");
    hear(recorder, "00a4000c026f08", "9000");
    hear(recorder, "00b0000003", "0211229000");
    assert_string_equal(heard.command_words, "READ BINARY EF_KEYS");
    assert_int_equal(heard.response.length, 5);
    assert_ok(apdu_recorder_close(recorder));
}

static void a_file_that_cannot_be_made_is_told(void **state)
{
    (void)state;
    struct apdu_recorder *recorder = NULL;
    assert_status(apdu_recorder_open(directory, NULL, NULL, &recorder), GBAU_E_STORAGE);
    assert_null(recorder);
}

static void the_longest_response_fits(void **state)
{
    (void)state;
    struct apdu_recorder *recorder = NULL;
    uint8_t *response = calloc(1, 65538);
    assert_non_null(response);
    assert_ok(apdu_recorder_open(NULL, NULL, NULL, &recorder));
    apdu_recorder_hear(recorder, octets_of("\x00\xb0\x00\x00\x00", 5), octets_of(response, 65538));
    apdu_recorder_hear(recorder, octets_of(response, 3), octets_of(NULL, 0));
    assert_ok(apdu_recorder_close(recorder));
    free(response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_masked_in_file_and_for_the_listener),
        cmocka_unit_test(a_file_or_a_listener_may_be_missing),
        cmocka_unit_test(what_the_narrator_learns_is_kept),
        cmocka_unit_test(a_file_that_cannot_be_made_is_told),
        cmocka_unit_test(the_longest_response_fits),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
