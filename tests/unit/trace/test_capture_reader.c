/* test_capture_reader.c: what capture.c writes is read back; other writers' files, and broken ones. */
#include "trace/capture_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "testing.h"
#include "trace/capture.h"

enum { HEARD_MAX = 64, FILE_MAX = 4096 };

struct heard {
    size_t count;
    size_t packets[HEARD_MAX];
    char commands[HEARD_MAX][600];
    char responses[HEARD_MAX][600];
};

static struct heard heard;

static void listen(void *context, size_t packet, struct octets command, struct octets response)
{
    struct heard *to = context;
    assert_true(to->count < HEARD_MAX);
    to->packets[to->count] = packet;
    assert_ok(hex_encode(command, to->commands[to->count], sizeof to->commands[0]));
    assert_ok(hex_encode(response, to->responses[to->count], sizeof to->responses[0]));
    to->count++;
}

static enum gbau_status read_file(struct octets file)
{
    heard.count = 0;
    return capture_read_apdus(file, listen, &heard);
}

#define FCP "62178202412183026f078a01058b036f060580020009880138"

/* Pairs, and how the command comes back where the capture changed its Le. */
static const struct {
    const char *command;
    const char *response;
    const char *read;
} pairs[] = {
    {"00200001", "63c3", "00200001"},
    {"00b0000000", "deadbeef9000", "00b0000004"},
    {"00b0000010", "6982", "00b0000000"},
    {"0070000001", "019000", "0070000001"},
    {"00a4000c026fd6", "9000", "00a4000c026fd6"},
    {"00a40004026f0700", FCP "9000", "00a40004026f0700"},
    {"00a40004026f0762", FCP "9000", "00a40004026f0762"},
    {"00a4000402123400", "6a82",
     "00a40004021234"
     "00"},
    {"0020000108ffffffffffffffff", "9000", "0020000108ffffffffffffffff"},
    {"0088008405dd01aa01bb00",
     "db0101"
     "9000",
     "0088008405dd01aa01bb"},
    {"80c20000020102ff", "d09000", "80c20000020102ff"},
    {"805200c500000587036162630000", "8e01aa9000", "805200c50000058703616263"},
    {"805200830000058703616263", "9000", "805200830000058703616263"},
    {"0089a08500", "aabb62f1", "0089a08502"},
    {"80cb0080015c00", "5c01809000", "80cb0080015c"},
    {"80f2000000", FCP "9000", "80f2000019"},
};

static struct octets hex_octets(const char *hex, uint8_t *out)
{
    from_hex(hex, out, strlen(hex) / 2);
    return octets_of(out, strlen(hex) / 2);
}

static size_t write_pairs(uint8_t file[FILE_MAX])
{
    char path[] = "/tmp/gbau-capture-reader-XXXXXX";
    uint8_t command[128];
    uint8_t response[128];
    struct capture *capture = NULL;
    const int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_ok(capture_open(path, &capture));
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        capture_add_commented_apdu(capture, hex_octets(pairs[i].command, command),
                                   hex_octets(pairs[i].response, response), i % 2 == 0 ? "a comment" : NULL);
    }
    assert_ok(capture_close(capture));
    const ssize_t length = read(descriptor, file, FILE_MAX);
    assert_true(length > 0 && length < FILE_MAX);
    (void)close(descriptor);
    (void)unlink(path);
    return (size_t)length;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    uint8_t file[FILE_MAX];
    const size_t length = write_pairs(file);
    assert_ok(read_file(octets_of(file, length)));
    assert_int_equal(heard.count, sizeof pairs / sizeof pairs[0]);
    for (size_t i = 0; i < heard.count; i++) {
        assert_int_equal(heard.packets[i], i + 1);
        assert_string_equal(heard.responses[i], pairs[i].response);
        assert_string_equal(heard.commands[i], pairs[i].read);
    }
}

static void a_file_cut_anywhere_is_told_and_harmless(void **state)
{
    (void)state;
    uint8_t file[FILE_MAX];
    const size_t length = write_pairs(file);
    for (size_t cut = 0; cut < length; cut++) {
        uint8_t *copy = malloc(cut + 1);
        assert_non_null(copy);
        memcpy(copy, file, cut);
        const enum gbau_status status = read_file(octets_of(copy, cut));
        assert_true(status == GBAU_E_UNSUPPORTED || status == GBAU_E_MALFORMED || status == GBAU_OK);
        free(copy);
    }
    assert_status(read_file(octets_of(file, length - 1)), GBAU_E_MALFORMED);
}

static void any_spoilt_octet_is_harmless(void **state)
{
    (void)state;
    uint8_t file[FILE_MAX];
    const size_t length = write_pairs(file);
    for (size_t i = 0; i < length; i++) {
        const uint8_t before = file[i];
        file[i] = (uint8_t)~before;
        (void)!read_file(octets_of(file, length));
        file[i] = before;
    }
}

/* Little-endian, as others write: an Ethernet frame, one of another protocol, and a simple block to be passed over. */
#define SECTION "0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000"
#define INTERFACE                                                                                                      \
    "01000000140000000100000000000400"                                                                                 \
    "14000000"
#define ETHERNET "0200000000010200000000020800"
#define IPV4     "4500003500004000401100007f0000017f000001"
#define UDP      "1279127900210000"
#define GSMTAP   "02040400000000000000000000000000"
#define SELECTS  "00a4000c022fe29000"
#define PACKET                                                                                                         \
    "0600000064000000000000000000000000000000"                                                                         \
    "43000000"                                                                                                         \
    "43000000" ETHERNET IPV4 UDP GSMTAP SELECTS "00"                                                                   \
    "64000000"
#define ARP_PACKET                                                                                                     \
    "06000000300000000000000000000000000000000e0000000e000000"                                                         \
    "0200000000010200000000020806"                                                                                     \
    "0000"                                                                                                             \
    "30000000"
#define STATISTICS "050000000c0000000c000000"

static void files_of_others_are_read(void **state)
{
    (void)state;
    uint8_t octets[512];
    const char *hex = SECTION INTERFACE ARP_PACKET STATISTICS PACKET;
    assert_ok(read_file(hex_octets(hex, octets)));
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.packets[0], 2);
    assert_string_equal(heard.commands[0], "00a4000c022fe2");
    assert_string_equal(heard.responses[0], "9000");
}

static void packets_without_an_interface_are_passed_over(void **state)
{
    (void)state;
    uint8_t octets[512];
    assert_ok(read_file(hex_octets(SECTION PACKET, octets)));
    assert_int_equal(heard.count, 0);
    /* a new section forgets the interfaces of the one before */
    assert_ok(read_file(hex_octets(SECTION INTERFACE SECTION PACKET, octets)));
    assert_int_equal(heard.count, 0);
}

static void what_is_no_pcapng_is_told(void **state)
{
    (void)state;
    uint8_t octets[64];
    assert_status(read_file(hex_octets("d4c3b2a1020004000000000000000000ffff000001000000", octets)),
                  GBAU_E_UNSUPPORTED);
    assert_status(read_file(octets_of(NULL, 0)), GBAU_E_UNSUPPORTED);
    assert_status(read_file(hex_octets("0a0d0d0a1c000000aabbccdd1c000000", octets)), GBAU_E_MALFORMED);
    assert_status(read_file(hex_octets("0a0d0d0a000000084d3c2b1a00000008", octets)), GBAU_E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_file_cut_anywhere_is_told_and_harmless),
        cmocka_unit_test(any_spoilt_octet_is_harmless),
        cmocka_unit_test(files_of_others_are_read),
        cmocka_unit_test(packets_without_an_interface_are_passed_over),
        cmocka_unit_test(what_is_no_pcapng_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
