/* test_reader.c: reader.c on drivers of this test: choosing one by its name, and passing commands. */
#include "reader/reader.h"

#include <stdlib.h>
#include <unistd.h>

#include "reader/reader_driver.h"
#include "testing.h"

/* One exchange that the driver expects, and its outcome. */
struct step {
    const char *command;
    const char *response;
    enum gbau_status status;
};

/* The driver's state; global, because reader.c opens the driver by name only. */
static struct fake {
    const char *opened_file;
    const char *opened_modem;
    const char *modem_way;
    const char *opened_pcsc;
    bool pcsc_asked;
    enum gbau_status open_status;
    bool is_t0;
    const struct step *steps;
    size_t next;
    unsigned closed;
} fake;

static enum gbau_status fake_transmit(void *state, struct octets command, uint8_t *response, size_t capacity,
                                      size_t *length)
{
    char hex[600];
    assert_ptr_equal(state, &fake);
    const struct step *step = &fake.steps[fake.next];
    assert_non_null(step->command);
    assert_ok(hex_encode(command, hex, sizeof hex));
    assert_string_equal(hex, step->command);
    fake.next++;
    if (step->status != GBAU_OK) {
        return step->status;
    }
    if (strlen(step->response) / 2 > capacity) {
        return GBAU_E_SPACE;
    }
    return hex_decode(octets_of_text(step->response), response, capacity, length);
}

static void fake_close(void *state)
{
    assert_ptr_equal(state, &fake);
    fake.closed++;
}

static const struct reader_driver fake_driver = {.transmit = fake_transmit, .close = fake_close};

static enum gbau_status fake_open(struct reader_connection *connection)
{
    *connection = (struct reader_connection){.driver = &fake_driver, .state = &fake, .is_t0 = fake.is_t0};
    return fake.open_status;
}

enum gbau_status file_driver_open(const char *path, const struct log *log, struct reader_connection *connection)
{
    (void)log;
    fake.opened_file = path;
    return fake_open(connection);
}

bool pcsc_has_card(const char *argument)
{
    return argument == NULL || strcmp(argument, "Full") == 0;
}

enum gbau_status pcsc_driver_open(const char *reader_name, const struct log *log, struct reader_connection *connection)
{
    (void)log;
    fake.opened_pcsc = reader_name;
    fake.pcsc_asked = true;
    return fake_open(connection);
}

enum gbau_status at_driver_open(const char *device, const struct log *log, struct reader_connection *connection)
{
    (void)log;
    fake.opened_modem = device;
    fake.modem_way = "at";
    return fake_open(connection);
}

enum gbau_status qmi_driver_open(const char *device, const struct log *log, struct reader_connection *connection)
{
    (void)log;
    fake.opened_modem = device;
    fake.modem_way = "qmi";
    return fake_open(connection);
}

enum gbau_status mbim_driver_open(const char *device, const struct log *log, struct reader_connection *connection)
{
    (void)log;
    fake.opened_modem = device;
    fake.modem_way = "mbim";
    return fake_open(connection);
}

static int forget(void **state)
{
    (void)state;
    fake = (struct fake){0};
    return 0;
}

/* Runs a command through an open reader against the steps and compares the response. */
static void assert_response(bool is_t0, const struct step *steps, const char *command_hex, const char *response_hex)
{
    uint8_t command[READER_COMMAND_MAX];
    uint8_t response[1024];
    size_t length = 0;
    struct reader *reader = NULL;
    fake = (struct fake){.is_t0 = is_t0, .steps = steps};
    assert_ok(reader_open("card", NULL, &reader));
    assert_ok(hex_decode(octets_of_text(command_hex), command, sizeof command, &length));
    assert_ok(reader_transmit(reader, octets_of(command, length), response, sizeof response, &length));
    assert_octets(octets_of(response, length), response_hex);
    assert_null(steps[fake.next].command); /* all steps were taken */
    reader_close(reader);
    assert_int_equal(fake.closed, 1);
}

static enum gbau_status status_of(bool is_t0, const struct step *steps, const char *command_hex, size_t capacity)
{
    uint8_t command[READER_COMMAND_MAX];
    uint8_t *response = malloc(capacity + 1);
    size_t length = 0;
    struct reader *reader = NULL;
    assert_non_null(response);
    fake = (struct fake){.is_t0 = is_t0, .steps = steps};
    assert_ok(reader_open("card", NULL, &reader));
    assert_ok(hex_decode(octets_of_text(command_hex), command, sizeof command, &length));
    enum gbau_status status = reader_transmit(reader, octets_of(command, length), response, capacity, &length);
    reader_close(reader);
    free(response);
    return status;
}

struct name_case {
    const char *name;
    bool is_pcsc;
    const char *driver_name;
};

static void test_names(void **state)
{
    (void)state;
    static const struct name_case cases[] = {
        {"pcsc", true, NULL},        {"pcsc:", true, ""},
        {"pcsc:2", true, "2"},       {"pcsc:Some:One", true, "Some:One"},
        {"pcscd", false, "pcscd"},   {"pcsc.card", false, "pcsc.card"},
        {"PCSC", false, "PCSC"},     {"pcs", false, "pcs"},
        {"./pcsc", false, "./pcsc"}, {"", false, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reader *reader = NULL;
        fake = (struct fake){0};
        assert_ok(reader_open(cases[i].name, NULL, &reader));
        assert_int_equal(fake.pcsc_asked, cases[i].is_pcsc);
        const char *name = cases[i].is_pcsc ? fake.opened_pcsc : fake.opened_file;
        if (cases[i].driver_name == NULL) {
            assert_null(name);
        } else {
            assert_string_equal(name, cases[i].driver_name);
        }
        reader_close(reader);
    }
}

static void test_names_of_modems(void **state)
{
    (void)state;
    struct reader *reader = NULL;
    assert_ok(reader_open("at:/dev/ttyUSB2", NULL, &reader));
    assert_string_equal(fake.opened_modem, "/dev/ttyUSB2");
    reader_close(reader);
    fake = (struct fake){0};
    assert_ok(reader_open("at", NULL, &reader)); /* without a device it is a file's name */
    assert_null(fake.opened_modem);
    assert_string_equal(fake.opened_file, "at");
    reader_close(reader);
}

static void test_ways_to_modems(void **state)
{
    (void)state;
    static const char *const ways[] = {"at", "qmi", "mbim"};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        char name[40];
        struct reader *reader = NULL;
        fake = (struct fake){0};
        (void)snprintf(name, sizeof name, "%s:/dev/cdc-wdm0", ways[i]);
        assert_ok(reader_open(name, NULL, &reader));
        assert_string_equal(fake.modem_way, ways[i]);
        assert_string_equal(fake.opened_modem, "/dev/cdc-wdm0");
        reader_close(reader);
    }
}

/* What looks like a way to a card and is none is said so, with the ways that there are; a file may look like one. */
static void test_unknown_ways(void **state)
{
    (void)state;
    static const char *const names[] = {"usb:1", "psc:0", "at:", "qmi:", "pcsc2:x"};
    char path[] = "/tmp/gbau-way-XXXXXX";
    char name[40];
    struct reader *reader = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char text[300] = "";
        FILE *stream = fmemopen(text, sizeof text, "w");
        const struct log log = {.stream = stream, .program = "test", .level = LOG_LEVEL_INFO};
        assert_status(reader_open(names[i], &log, &reader), GBAU_E_ARGUMENT);
        (void)fclose(stream);
        assert_non_null(strstr(text, names[i]));
        assert_non_null(strstr(text, "FILE, pcsc[:NAME or number], at:DEVICE, qmi:DEVICE or mbim:DEVICE"));
        assert_null(fake.opened_file);
    }
    assert_non_null(mkdtemp(path));
    assert_int_equal(chdir(path), 0);
    (void)snprintf(name, sizeof name, "old:card");
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    (void)fclose(file);
    assert_ok(reader_open(name, NULL, &reader));
    assert_string_equal(fake.opened_file, name);
    reader_close(reader);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(path), 0);
}

static void test_failure_to_open(void **state)
{
    (void)state;
    struct reader *reader = (void *)&reader;
    fake.open_status = GBAU_E_BUSY;
    assert_status(reader_open("card", NULL, &reader), GBAU_E_BUSY);
    assert_null(reader);
    fake.open_status = GBAU_E_UNREACHABLE;
    assert_status(reader_open("pcsc", NULL, &reader), GBAU_E_UNREACHABLE);
    assert_null(reader);
    assert_int_equal(fake.closed, 0); /* a driver that did not open is not closed */
    reader_close(NULL);
}

static void test_lengths_of_commands(void **state)
{
    (void)state;
    static const uint8_t command[READER_COMMAND_MAX + 1];
    struct reader *reader = NULL;
    uint8_t response[8];
    size_t length = 0;
    assert_ok(reader_open("card", NULL, &reader));
    assert_int_equal(reader_command_max(reader), READER_COMMAND_MAX);
    for (size_t i = 0; i < 4; i++) {
        assert_status(reader_transmit(reader, octets_of(command, i), response, sizeof response, &length),
                      GBAU_E_ARGUMENT);
    }
    assert_status(reader_transmit(reader, octets_of(command, sizeof command), response, sizeof response, &length),
                  GBAU_E_ARGUMENT);
    reader_close(reader);
}

/* Where the transport is not T=0, nothing is changed: 61XX and 6CXX too are the caller's. */
static void test_without_t0(void **state)
{
    (void)state;
    static const struct step case_4[] = {{"00a4000c023f0000", "01029000", GBAU_OK}, {0}};
    static const struct step more[] = {{"00b0000002", "6102", GBAU_OK}, {0}};
    static const struct step wrong_le[] = {{"00b0000002", "6c05", GBAU_OK}, {0}};
    assert_response(false, case_4, "00a4000c023f0000", "01029000");
    assert_response(false, more, "00b0000002", "6102");
    assert_response(false, wrong_le, "00b0000002", "6c05");
}

/* At T=0 a case 4 command loses its Le, and GET RESPONSE follows; the rest is in test_t0_terminal. */
static void test_with_t0(void **state)
{
    (void)state;
    static const struct step case_4[] = {
        {"00a40004023f00", "6104", GBAU_OK}, {"00c0000004", "010203049000", GBAU_OK}, {0}};
    assert_response(true, case_4, "00a40004023f0000", "010203049000");
}

static void test_failures(void **state)
{
    (void)state;
    static const struct step gone[] = {{"00b0000002", NULL, GBAU_E_IO}};
    static const struct step gone_later[] = {{"0088008401dd", "6102", GBAU_OK}, {"00c0000002", NULL, GBAU_E_IO}};
    static const struct step gone_repeating[] = {{"00b0000010", "6c02", GBAU_OK}, {"00b0000002", NULL, GBAU_E_IO}};
    static const struct step silent[] = {{"00b0000002", "", GBAU_OK}};
    static const struct step half[] = {{"00b0000002", "90", GBAU_OK}};
    static const struct step half_later[] = {{"0088008401dd", "6102", GBAU_OK}, {"00c0000002", "90", GBAU_OK}};
    for (int is_t0 = 0; is_t0 < 2; is_t0++) {
        assert_status(status_of(is_t0 != 0, gone, "00b0000002", 300), GBAU_E_IO);
        assert_status(status_of(is_t0 != 0, silent, "00b0000002", 300), GBAU_E_CARD);
        assert_status(status_of(is_t0 != 0, half, "00b0000002", 300), GBAU_E_CARD);
    }
    assert_status(status_of(true, gone_later, "0088008401dd", 300), GBAU_E_IO);
    assert_status(status_of(true, gone_repeating, "00b0000010", 300), GBAU_E_IO);
    assert_status(status_of(true, half_later, "0088008401dd", 300), GBAU_E_CARD);
}

static void test_capacity(void **state)
{
    (void)state;
    static const struct step whole[] = {{"00b0000002", "01029000", GBAU_OK}, {0}};
    static const struct step pieces[] = {{"0088008401dd", "6102", GBAU_OK},
                                         {"00c0000002", "01026102", GBAU_OK},
                                         {"00c0000002", "03049000", GBAU_OK},
                                         {0}};
    for (size_t capacity = 0; capacity <= 6; capacity++) {
        assert_status(status_of(false, whole, "00b0000002", capacity), capacity >= 4 ? GBAU_OK : GBAU_E_SPACE);
        assert_status(status_of(true, pieces, "0088008401dd", capacity), capacity >= 6 ? GBAU_OK : GBAU_E_SPACE);
    }
}

struct observed {
    unsigned count;
    uint8_t command[16];
    size_t command_length;
    uint8_t response[16];
    size_t response_length;
};

static void observe(void *context, struct octets command, struct octets response)
{
    struct observed *observed = context;
    observed->count++;
    observed->command_length = command.length;
    observed->response_length = response.length;
    assert_true(command.length <= sizeof observed->command && response.length <= sizeof observed->response);
    memcpy(observed->command, command.data, command.length);
    memcpy(observed->response, response.data, response.length);
}

/* The observer sees APDUs, not what T=0 makes of them; and nothing where there is no response. */
static void test_observer(void **state)
{
    (void)state;
    static const struct step steps[] = {{"00a40004023f00", "6102", GBAU_OK},
                                        {"00c0000002", "01029000", GBAU_OK},
                                        {"00a40004023f00", NULL, GBAU_E_IO},
                                        {0}};
    uint8_t command[8];
    uint8_t response[16];
    size_t length = 0;
    struct observed observed = {0};
    struct reader *reader = NULL;
    fake = (struct fake){.is_t0 = true, .steps = steps};
    from_hex("00a40004023f0000", command, sizeof command);
    assert_ok(reader_open("card", NULL, &reader));
    reader_observe(reader, observe, &observed);
    assert_ok(reader_transmit(reader, octets_of(command, sizeof command), response, sizeof response, &length));
    assert_int_equal(observed.count, 1);
    assert_octets(octets_of(observed.command, observed.command_length), "00a40004023f0000");
    assert_octets(octets_of(observed.response, observed.response_length), "01029000");
    assert_status(reader_transmit(reader, octets_of(command, sizeof command), response, sizeof response, &length),
                  GBAU_E_IO);
    assert_int_equal(observed.count, 1);
    reader_close(reader);
}

#define reader_test(function) cmocka_unit_test_setup((function), forget)

/* Told by the reader's state, by a modem's device, by a file: nothing is opened. */
static void test_presence(void **state)
{
    (void)state;
    assert_true(reader_has_card("pcsc"));
    assert_true(reader_has_card("pcsc:Full"));
    assert_false(reader_has_card("pcsc:Empty/1"));
    assert_true(reader_has_card("at:/dev/null"));
    assert_false(reader_has_card("mbim:/nowhere/cdc-wdm0"));
    assert_false(reader_has_card("at:"));
    assert_true(reader_has_card("/dev/null"));
    assert_false(reader_has_card("/nowhere/card"));
    assert_false(fake.pcsc_asked);
    assert_null(fake.opened_modem);
    assert_null(fake.opened_file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        reader_test(test_names),
        reader_test(test_names_of_modems),
        reader_test(test_ways_to_modems),
        reader_test(test_unknown_ways),
        reader_test(test_failure_to_open),
        reader_test(test_lengths_of_commands),
        reader_test(test_without_t0),
        reader_test(test_with_t0),
        reader_test(test_failures),
        reader_test(test_capacity),
        reader_test(test_observer),
        reader_test(test_presence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
