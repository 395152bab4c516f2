/* test_reader.c: reader.c on drivers of this test: choosing one, and gathering what T=0 cuts in pieces. */
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
    bool forever; /* the last step again and again */
    bool is_shared;
    enum gbau_status begin_status;
    unsigned begun;
    unsigned ended;
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
    fake.next += fake.forever ? 0 : 1;
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

static enum gbau_status fake_begin(void *state)
{
    assert_ptr_equal(state, &fake);
    assert_int_equal(fake.begun, fake.ended);
    fake.begun += fake.begin_status == GBAU_OK ? 1 : 0;
    return fake.begin_status;
}

static void fake_end(void *state)
{
    assert_ptr_equal(state, &fake);
    fake.ended++;
    assert_int_equal(fake.begun, fake.ended);
}

static const struct reader_driver fake_driver = {.transmit = fake_transmit, .close = fake_close};
static const struct reader_driver shared_driver = {
    .transmit = fake_transmit, .begin = fake_begin, .end = fake_end, .close = fake_close};

static enum gbau_status fake_open(struct reader_connection *connection)
{
    *connection = (struct reader_connection){
        .driver = fake.is_shared ? &shared_driver : &fake_driver, .state = &fake, .is_t0 = fake.is_t0};
    return fake.open_status;
}

enum gbau_status file_driver_open(const char *path, const struct log *log, struct reader_connection *connection)
{
    (void)log;
    fake.opened_file = path;
    return fake_open(connection);
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

/* T=0 has no Le beside data (TS 102 221 7.3.1.1.4). */
static void test_t0_cases(void **state)
{
    (void)state;
    static const struct step case_1[] = {{"00a40000", "9000", GBAU_OK}, {0}};
    static const struct step case_2[] = {{"00b0000002", "01029000", GBAU_OK}, {0}};
    static const struct step case_3[] = {{"00a4000c023f00", "9000", GBAU_OK}, {0}};
    static const struct step case_4[] = {
        {"00a40004023f00", "6104", GBAU_OK}, {"00c0000004", "010203049000", GBAU_OK}, {0}};
    assert_response(true, case_1, "00a40000", "9000");
    assert_response(true, case_2, "00b0000002", "01029000");
    assert_response(true, case_3, "00a4000c023f00", "9000");
    assert_response(true, case_4, "00a40004023f0000", "010203049000");
}

static void test_t0_gathers(void **state)
{
    (void)state;
    static const struct step pieces[] = {{"805000000180", "6102", GBAU_OK},
                                         {"80c0000002", "01026103", GBAU_OK},
                                         {"80c0000003", "0304056100", GBAU_OK},
                                         {"80c0000000", "066282", GBAU_OK},
                                         {0}};
    static const struct step data_at_once[] = {
        {"00b0000002", "01026101", GBAU_OK}, {"00c0000001", "039000", GBAU_OK}, {0}};
    static const struct step channel[] = {{"4188008401dd", "6101", GBAU_OK}, {"41c0000001", "019000", GBAU_OK}, {0}};
    assert_response(true, pieces, "80500000018000", "0102030405066282");
    assert_response(true, data_at_once, "00b0000002", "0102039000");
    assert_response(true, channel, "4188008401dd", "019000");
}

static void test_t0_wrong_le(void **state)
{
    (void)state;
    static const struct step repeated[] = {{"00b0000010", "6c02", GBAU_OK}, {"00b0000002", "01029000", GBAU_OK}, {0}};
    static const struct step then_more[] = {
        {"00b0000010", "6c02", GBAU_OK}, {"00b0000002", "6102", GBAU_OK}, {"00c0000002", "01029000", GBAU_OK}, {0}};
    static const struct step all_256[] = {{"00b0000010", "6c00", GBAU_OK}, {"00b0000000", "9000", GBAU_OK}, {0}};
    static const struct step twice[] = {{"00b0000010", "6c02", GBAU_OK}, {"00b0000002", "6c03", GBAU_OK}, {0}};
    static const struct step with_data[] = {{"00a40004023f00", "6c02", GBAU_OK}, {0}};
    assert_response(true, repeated, "00b0000010", "01029000");
    assert_response(true, then_more, "00b0000010", "01029000");
    assert_response(true, all_256, "00b0000010", "9000");
    assert_response(true, twice, "00b0000010", "6c03"); /* asked once more, not for ever */
    assert_response(true, with_data, "00a40004023f00", "6c02");
}

static void test_t0_lost_response(void **state)
{
    (void)state;
    static const struct step lost[] = {{"0088008401dd", "6102", GBAU_OK}, {"00c0000002", "6f00", GBAU_OK}, {0}};
    assert_response(true, lost, "0088008401dd00", "6f00");
}

/* 61XX may tell a length that the card then corrects. */
static void test_t0_wrong_length_of_response(void **state)
{
    (void)state;
    static const struct step corrected[] = {{"0088008401dd", "6110", GBAU_OK},
                                            {"00c0000010", "6c02", GBAU_OK},
                                            {"00c0000002", "01029000", GBAU_OK},
                                            {0}};
    assert_response(true, corrected, "0088008401dd00", "01029000");
}

/* Behind a warning in case 4 there may be data, which GET RESPONSE brings; the warning is the status of the whole. */
static void test_t0_warnings(void **state)
{
    (void)state;
    static const struct step data[] = {{"00a40004023f00", "6283", GBAU_OK},
                                       {"00c0000000", "6c03", GBAU_OK},
                                       {"00c0000003", "0102039000", GBAU_OK},
                                       {0}};
    static const struct step pieces[] = {{"00a40004023f00", "9300", GBAU_OK},
                                         {"00c0000000", "6102", GBAU_OK},
                                         {"00c0000002", "01026101", GBAU_OK},
                                         {"00c0000001", "039000", GBAU_OK},
                                         {0}};
    static const struct step none[] = {{"008800840110", "9862", GBAU_OK}, {"00c0000000", "6f00", GBAU_OK}, {0}};
    static const struct step no_length[] = {
        {"008800840110", "63c1", GBAU_OK}, {"00c0000000", "6c00", GBAU_OK}, {"00c0000000", "6700", GBAU_OK}, {0}};
    static const struct step refused[] = {
        {"008800840110", "9100", GBAU_OK}, {"00c0000000", NULL, GBAU_E_REFUSED}, {0}};
    static const struct step proactive[] = {{"00a40004023f00", "9110", GBAU_OK},
                                            {"00c0000000", "01029110", GBAU_OK},
                                            {0}};
    assert_response(true, data, "00a40004023f0000", "0102036283");
    assert_response(true, pieces, "00a40004023f0000", "0102039300");
    assert_response(true, none, "00880084011000", "9862");
    assert_response(true, no_length, "00880084011000", "63c1");
    assert_response(true, refused, "00880084011000", "9100");
    assert_response(true, proactive, "00a40004023f0000", "01029110");
}

/* Without Le nobody asked for data, an error has none, and what came with data is whole. */
static void test_t0_without_get_response(void **state)
{
    (void)state;
    static const struct step case_3[] = {{"002000010831323334ffffffff", "63c2", GBAU_OK}, {0}};
    static const struct step case_2[] = {{"00b0000002", "6282", GBAU_OK}, {0}};
    static const struct step error[] = {{"00a40004023f00", "6a82", GBAU_OK}, {0}};
    static const struct step success[] = {{"00a40004023f00", "9000", GBAU_OK}, {0}};
    static const struct step with_data[] = {{"00a40004023f00", "01026282", GBAU_OK}, {0}};
    assert_response(true, case_3, "002000010831323334ffffffff", "63c2");
    assert_response(true, case_2, "00b0000002", "6282");
    assert_response(true, error, "00a40004023f0000", "6a82");
    assert_response(true, success, "00a40004023f0000", "9000");
    assert_response(true, with_data, "00a40004023f0000", "01026282");
    assert_response(false, (const struct step[]){{"00a40004023f0000", "6282", GBAU_OK}, {0}}, "00a40004023f0000",
                    "6282");
}

static void test_failure_behind_a_warning(void **state)
{
    (void)state;
    static const struct step gone[] = {{"00a40004023f00", "6283", GBAU_OK}, {"00c0000000", NULL, GBAU_E_IO}};
    static const struct step much[] = {{"00a40004023f00", "6283", GBAU_OK}, {"00c0000000", "0102039000", GBAU_OK}};
    assert_status(status_of(true, gone, "00a40004023f0000", 300), GBAU_E_IO);
    assert_status(status_of(true, much, "00a40004023f0000", 4), GBAU_E_SPACE);
}

/* Runs a command through a driver that other programs share; `begun` is whether they had to be kept out. */
static void assert_kept_out(bool is_t0, const struct step *steps, const char *command_hex, enum gbau_status expected,
                            unsigned begun)
{
    uint8_t command[READER_COMMAND_MAX];
    uint8_t response[300];
    size_t length = 0;
    struct reader *reader = NULL;
    fake = (struct fake){.is_t0 = is_t0, .is_shared = true, .steps = steps};
    assert_ok(reader_open("card", NULL, &reader));
    assert_ok(hex_decode(octets_of_text(command_hex), command, sizeof command, &length));
    assert_status(reader_transmit(reader, octets_of(command, length), response, sizeof response, &length), expected);
    assert_int_equal(fake.begun, begun);
    assert_int_equal(fake.ended, begun);
    reader_close(reader);
}

/* Whatever may take more than one exchange is run with other programs kept out, and they are let in again. */
static void test_sharing(void **state)
{
    (void)state;
    static const struct step pair[] = {{"0088008401dd", "6102", GBAU_OK}, {"00c0000002", "01029000", GBAU_OK}, {0}};
    static const struct step read[] = {{"00b0000002", "6c01", GBAU_OK}, {"00b0000001", "019000", GBAU_OK}, {0}};
    static const struct step gone[] = {{"0088008401dd", "6102", GBAU_OK}, {"00c0000002", NULL, GBAU_E_IO}};
    static const struct step case_1[] = {{"00a40000", "9000", GBAU_OK}, {0}};
    static const struct step case_3[] = {{"00a4000c023f00", "9000", GBAU_OK}, {0}};
    static const struct step whole[] = {{"0088008401dd00", "019000", GBAU_OK}, {0}};
    assert_kept_out(true, pair, "0088008401dd00", GBAU_OK, 1);
    assert_kept_out(true, read, "00b0000002", GBAU_OK, 1);
    assert_kept_out(true, gone, "0088008401dd00", GBAU_E_IO, 1);
    assert_kept_out(true, case_1, "00a40000", GBAU_OK, 0);
    assert_kept_out(true, case_3, "00a4000c023f00", GBAU_OK, 0);
    assert_kept_out(false, whole, "0088008401dd00", GBAU_OK, 0);
}

/* Where others cannot be kept out, nothing is sent. */
static void test_sharing_fails(void **state)
{
    (void)state;
    static const struct step nothing[] = {{0}};
    uint8_t response[16];
    size_t length = 0;
    struct reader *reader = NULL;
    static const uint8_t command[] = {0x00, 0xb0, 0x00, 0x00, 0x02};
    fake = (struct fake){.is_t0 = true, .is_shared = true, .steps = nothing, .begin_status = GBAU_E_BUSY};
    assert_ok(reader_open("card", NULL, &reader));
    assert_status(reader_transmit(reader, octets_of(command, sizeof command), response, sizeof response, &length),
                  GBAU_E_BUSY);
    assert_int_equal(fake.ended, 0);
    reader_close(reader);
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

/* A malicious card that says 61XX for ever, without data and with data, is left in the end. */
static void test_endless_card(void **state)
{
    (void)state;
    static const struct step no_data[] = {{"00c0000001", "6101", GBAU_OK}};
    static const struct step data[] = {{"00c0000001", "aa6101", GBAU_OK}};
    const struct step *const endless[] = {no_data, data};
    for (size_t i = 0; i < 2; i++) {
        const uint8_t command[] = {0x00, 0xc0, 0x00, 0x00, 0x01};
        static uint8_t response[READER_RESPONSE_MAX];
        struct reader *reader = NULL;
        size_t length = 0;
        fake = (struct fake){.is_t0 = true, .steps = endless[i], .forever = true};
        assert_ok(reader_open("card", NULL, &reader));
        assert_status(reader_transmit(reader, octets_of(command, sizeof command), response, sizeof response, &length),
                      GBAU_E_CARD);
        reader_close(reader);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        reader_test(test_names),
        reader_test(test_names_of_modems),
        reader_test(test_ways_to_modems),
        reader_test(test_unknown_ways),
        reader_test(test_t0_wrong_length_of_response),
        reader_test(test_t0_warnings),
        reader_test(test_t0_without_get_response),
        reader_test(test_failure_behind_a_warning),
        reader_test(test_sharing),
        reader_test(test_sharing_fails),
        reader_test(test_failure_to_open),
        reader_test(test_lengths_of_commands),
        reader_test(test_without_t0),
        reader_test(test_t0_cases),
        reader_test(test_t0_gathers),
        reader_test(test_t0_wrong_le),
        reader_test(test_t0_lost_response),
        reader_test(test_failures),
        reader_test(test_capacity),
        reader_test(test_endless_card),
        reader_test(test_observer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
