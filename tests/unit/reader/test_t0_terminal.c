/* test_t0_terminal.c: what becomes of one APDU at T=0, on a card that this test plays exchange by exchange. */
#include "reader/t0_terminal.h"

#include <stdlib.h>

#include "testing.h"

/* One exchange that the card expects, and its outcome. */
struct step {
    const char *command;
    const char *response;
    enum gbau_status status;
};

struct fake {
    const struct step *steps;
    size_t next;
    bool forever; /* the last step again and again */
    enum gbau_status begin_status;
    unsigned begun;
    unsigned ended;
};

static enum gbau_status fake_transmit(void *state, struct octets command, uint8_t *response, size_t capacity,
                                      size_t *length)
{
    struct fake *fake = state;
    char hex[600];
    const struct step *step = &fake->steps[fake->next];
    assert_non_null(step->command);
    assert_ok(hex_encode(command, hex, sizeof hex));
    assert_string_equal(hex, step->command);
    fake->next += fake->forever ? 0 : 1;
    if (step->status != GBAU_OK) {
        return step->status;
    }
    if (strlen(step->response) / 2 > capacity) {
        return GBAU_E_SPACE;
    }
    return hex_decode(octets_of_text(step->response), response, capacity, length);
}

static enum gbau_status fake_begin(void *state)
{
    struct fake *fake = state;
    assert_int_equal(fake->begun, fake->ended);
    fake->begun += fake->begin_status == GBAU_OK ? 1 : 0;
    return fake->begin_status;
}

static void fake_end(void *state)
{
    struct fake *fake = state;
    fake->ended++;
    assert_int_equal(fake->begun, fake->ended);
}

static const struct reader_driver fake_driver = {.transmit = fake_transmit};
static const struct reader_driver shared_driver = {.transmit = fake_transmit, .begin = fake_begin, .end = fake_end};

static enum gbau_status transmit(struct fake *fake, const struct reader_driver *driver, const char *command_hex,
                                 uint8_t *response, size_t capacity, size_t *length)
{
    uint8_t command[READER_COMMAND_MAX];
    size_t command_length = 0;
    const struct reader_connection connection = {.driver = driver, .state = fake, .is_t0 = true};
    assert_ok(hex_decode(octets_of_text(command_hex), command, sizeof command, &command_length));
    return t0_terminal_transmit(&connection, octets_of(command, command_length), response, capacity, length);
}

/* Runs a command against the steps and compares the response. */
static void assert_response(const struct step *steps, const char *command_hex, const char *response_hex)
{
    struct fake fake = {.steps = steps};
    uint8_t response[1024];
    size_t length = 0;
    assert_ok(transmit(&fake, &fake_driver, command_hex, response, sizeof response, &length));
    assert_octets(octets_of(response, length), response_hex);
    assert_null(steps[fake.next].command); /* all steps were taken */
}

static enum gbau_status status_of_fake(struct fake fake, const char *command_hex, size_t capacity)
{
    uint8_t *response = malloc(capacity + 1);
    size_t length = 0;
    assert_non_null(response);
    enum gbau_status status = transmit(&fake, &fake_driver, command_hex, response, capacity, &length);
    free(response);
    return status;
}

static enum gbau_status status_of(const struct step *steps, const char *command_hex, size_t capacity)
{
    return status_of_fake((struct fake){.steps = steps}, command_hex, capacity);
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
    assert_response(case_1, "00a40000", "9000");
    assert_response(case_2, "00b0000002", "01029000");
    assert_response(case_3, "00a4000c023f00", "9000");
    assert_response(case_4, "00a40004023f0000", "010203049000");
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
    assert_response(pieces, "80500000018000", "0102030405066282");
    assert_response(data_at_once, "00b0000002", "0102039000");
    assert_response(channel, "4188008401dd", "019000");
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
    assert_response(repeated, "00b0000010", "01029000");
    assert_response(then_more, "00b0000010", "01029000");
    assert_response(all_256, "00b0000010", "9000");
    assert_response(twice, "00b0000010", "6c03"); /* asked once more, not for ever */
    assert_response(with_data, "00a40004023f00", "6c02");
}

static void test_t0_lost_response(void **state)
{
    (void)state;
    static const struct step lost[] = {{"0088008401dd", "6102", GBAU_OK}, {"00c0000002", "6f00", GBAU_OK}, {0}};
    assert_response(lost, "0088008401dd00", "6f00");
}

/* 61XX may tell a length that the card then corrects. */
static void test_t0_wrong_length_of_response(void **state)
{
    (void)state;
    static const struct step corrected[] = {
        {"0088008401dd", "6110", GBAU_OK}, {"00c0000010", "6c02", GBAU_OK}, {"00c0000002", "01029000", GBAU_OK}, {0}};
    assert_response(corrected, "0088008401dd00", "01029000");
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
    static const struct step refused[] = {{"008800840110", "9100", GBAU_OK}, {"00c0000000", NULL, GBAU_E_REFUSED}, {0}};
    static const struct step proactive[] = {
        {"00a40004023f00", "9110", GBAU_OK}, {"00c0000000", "01029110", GBAU_OK}, {0}};
    assert_response(data, "00a40004023f0000", "0102036283");
    assert_response(pieces, "00a40004023f0000", "0102039300");
    assert_response(none, "00880084011000", "9862");
    assert_response(no_length, "00880084011000", "63c1");
    assert_response(refused, "00880084011000", "9100");
    assert_response(proactive, "00a40004023f0000", "01029110");
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
    assert_response(case_3, "002000010831323334ffffffff", "63c2");
    assert_response(case_2, "00b0000002", "6282");
    assert_response(error, "00a40004023f0000", "6a82");
    assert_response(success, "00a40004023f0000", "9000");
    assert_response(with_data, "00a40004023f0000", "01026282");
}

static void test_failure_behind_a_warning(void **state)
{
    (void)state;
    static const struct step gone[] = {{"00a40004023f00", "6283", GBAU_OK}, {"00c0000000", NULL, GBAU_E_IO}};
    static const struct step much[] = {{"00a40004023f00", "6283", GBAU_OK}, {"00c0000000", "0102039000", GBAU_OK}};
    assert_status(status_of(gone, "00a40004023f0000", 300), GBAU_E_IO);
    assert_status(status_of(much, "00a40004023f0000", 4), GBAU_E_SPACE);
}

static void test_failures_later(void **state)
{
    (void)state;
    static const struct step gone[] = {{"0088008401dd", "6102", GBAU_OK}, {"00c0000002", NULL, GBAU_E_IO}};
    static const struct step gone_repeating[] = {{"00b0000010", "6c02", GBAU_OK}, {"00b0000002", NULL, GBAU_E_IO}};
    static const struct step half[] = {{"0088008401dd", "6102", GBAU_OK}, {"00c0000002", "90", GBAU_OK}};
    assert_status(status_of(gone, "0088008401dd", 300), GBAU_E_IO);
    assert_status(status_of(gone_repeating, "00b0000010", 300), GBAU_E_IO);
    assert_status(status_of(half, "0088008401dd", 300), GBAU_E_CARD);
}

/* A malicious card that says 61XX for ever, without data and with data, is left in the end. */
static void test_endless_card(void **state)
{
    (void)state;
    static const struct step no_data[] = {{"00c0000001", "6101", GBAU_OK}};
    static const struct step data[] = {{"00c0000001", "aa6101", GBAU_OK}};
    assert_status(status_of_fake((struct fake){.steps = no_data, .forever = true}, "00c0000001", 70000), GBAU_E_CARD);
    assert_status(status_of_fake((struct fake){.steps = data, .forever = true}, "00c0000001", 70000), GBAU_E_CARD);
}

/* Runs a command through a driver that other programs share; `begun` is whether they had to be kept out. */
static void assert_kept_out(const struct step *steps, const char *command_hex, enum gbau_status expected,
                            unsigned begun)
{
    struct fake fake = {.steps = steps};
    uint8_t response[300];
    size_t length = 0;
    assert_status(transmit(&fake, &shared_driver, command_hex, response, sizeof response, &length), expected);
    assert_int_equal(fake.begun, begun);
    assert_int_equal(fake.ended, begun);
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
    assert_kept_out(pair, "0088008401dd00", GBAU_OK, 1);
    assert_kept_out(read, "00b0000002", GBAU_OK, 1);
    assert_kept_out(gone, "0088008401dd00", GBAU_E_IO, 1);
    assert_kept_out(case_1, "00a40000", GBAU_OK, 0);
    assert_kept_out(case_3, "00a4000c023f00", GBAU_OK, 0);
}

/* Where others cannot be kept out, nothing is sent. */
static void test_sharing_fails(void **state)
{
    (void)state;
    static const struct step nothing[] = {{0}};
    struct fake fake = {.steps = nothing, .begin_status = GBAU_E_BUSY};
    uint8_t response[16];
    size_t length = 0;
    assert_status(transmit(&fake, &shared_driver, "00b0000002", response, sizeof response, &length), GBAU_E_BUSY);
    assert_int_equal(fake.ended, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_t0_cases),
        cmocka_unit_test(test_t0_gathers),
        cmocka_unit_test(test_t0_wrong_le),
        cmocka_unit_test(test_t0_lost_response),
        cmocka_unit_test(test_t0_wrong_length_of_response),
        cmocka_unit_test(test_t0_warnings),
        cmocka_unit_test(test_t0_without_get_response),
        cmocka_unit_test(test_failure_behind_a_warning),
        cmocka_unit_test(test_failures_later),
        cmocka_unit_test(test_endless_card),
        cmocka_unit_test(test_sharing),
        cmocka_unit_test(test_sharing_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
