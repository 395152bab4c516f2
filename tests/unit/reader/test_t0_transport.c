/* test_t0_transport.c: 61XX, 6CXX and GET RESPONSE, on a card that answers by script and on a real one. */
#include "reader/t0_transport.h"

#include "../uicc/test_card.h"

/* A card that gives the answers of a script, one after the other, and remembers what it was asked. */
struct script {
    const char *const *answers; /* hex, ended by NULL */
    size_t next;
    uint8_t command[300];
    size_t command_length;
};

static size_t run_script(void *context, struct octets command, uint8_t response[UICC_RESPONSE_MAX])
{
    struct script *script = context;
    size_t length = 0;
    assert_true(command.length <= sizeof script->command);
    memcpy(script->command, command.data, command.length);
    script->command_length = command.length;
    assert_non_null(script->answers[script->next]);
    assert_ok(hex_decode(octets_of_text(script->answers[script->next]), response, UICC_RESPONSE_MAX, &length));
    script->next++;
    return length;
}

static struct t0_transport transport_of(struct script *script)
{
    return t0_transport_of((struct t0_card){.process = run_script, .context = script});
}

/* Sends a command given as hex and returns the response as hex, in a static buffer. */
static const char *send_hex(struct t0_transport *transport, const char *command_hex)
{
    static char text[2 * UICC_RESPONSE_MAX + 1];
    uint8_t command[300];
    uint8_t response[UICC_RESPONSE_MAX];
    size_t length = 0;
    assert_ok(hex_decode(octets_of_text(command_hex), command, sizeof command, &length));
    length = t0_transport_process(transport, octets_of(command, length), response);
    assert_ok(hex_encode(octets_of(response, length), text, sizeof text));
    return text;
}

#define assert_answer(transport, command, response) assert_string_equal(send_hex((transport), (command)), (response))

#define CASE_3       "0088008402abcd"
#define GET_RESPONSE "00c00000"

static void assert_nothing_held(const struct t0_transport *transport)
{
    static const uint8_t zeros[UICC_RESPONSE_MAX];
    assert_int_equal(transport->held_length, 0);
    assert_memory_equal(transport->held, zeros, sizeof zeros);
}

/* Cases 1, 2 and 4, and case 3 without response data, pass as they are. */
static void test_passes_through(void **state)
{
    (void)state;
    static const char *const answers[] = {"9000", "01029000", "01029000", "9862", "6700", NULL};
    struct script script = {.answers = answers};
    struct t0_transport transport = transport_of(&script);
    assert_answer(&transport, "00a40000", "9000");
    assert_answer(&transport, "00b0000002", "01029000");
    assert_answer(&transport, CASE_3 "00", "01029000");
    assert_answer(&transport, CASE_3, "9862");
    assert_octets(octets_of(script.command, script.command_length), CASE_3);
    assert_answer(&transport, "00a4", "6700");
    assert_nothing_held(&transport);
}

static void test_holds_response_data(void **state)
{
    (void)state;
    static const char *const answers[] = {"0102039000", "0102036282", NULL};
    struct script script = {.answers = answers};
    struct t0_transport transport = transport_of(&script);
    assert_answer(&transport, CASE_3, "6103");
    assert_answer(&transport, GET_RESPONSE "03", "0102039000");
    assert_nothing_held(&transport);
    assert_answer(&transport, CASE_3, "6103"); /* the status word is held too */
    assert_answer(&transport, GET_RESPONSE "00", "0102036282");
    assert_answer(&transport, GET_RESPONSE "00", "6f00");
    assert_int_equal(script.next, 2); /* the card never saw a GET RESPONSE */
}

static void test_in_pieces(void **state)
{
    (void)state;
    static const char *const answers[] = {"01020304059000", NULL};
    struct script script = {.answers = answers};
    struct t0_transport transport = transport_of(&script);
    assert_answer(&transport, CASE_3, "6105");
    assert_answer(&transport, GET_RESPONSE "02", "01026103");
    assert_answer(&transport, GET_RESPONSE "02", "03046101");
    assert_answer(&transport, GET_RESPONSE "02", "6c01"); /* more than there is: told, and still there */
    assert_answer(&transport, GET_RESPONSE "01", "059000");
    assert_answer(&transport, GET_RESPONSE "01", "6f00");
}

static void test_256_octets(void **state)
{
    (void)state;
    char answer[2 * UICC_RESPONSE_MAX + 1];
    const char *const answers[] = {answer, answer, NULL};
    struct script script = {.answers = answers};
    struct t0_transport transport = transport_of(&script);
    memset(answer, '5', sizeof answer - 1);
    memcpy(answer + 512, "9000", 5);
    assert_answer(&transport, CASE_3, "6100");
    assert_answer(&transport, GET_RESPONSE "00", answer);
    assert_answer(&transport, CASE_3, "6100");
    assert_int_equal(strlen(send_hex(&transport, GET_RESPONSE "ff")), 2 * 257);
    assert_answer(&transport, GET_RESPONSE "00", "559000");
}

/* GET RESPONSE must follow directly (TS 102 221 12.1.1). */
static void test_another_command_forgets(void **state)
{
    (void)state;
    static const char *const answers[] = {"0102039000", "9000", "0102039000", "6982", NULL};
    struct script script = {.answers = answers};
    struct t0_transport transport = transport_of(&script);
    assert_answer(&transport, CASE_3, "6103");
    assert_answer(&transport, "80f20000", "9000");
    assert_nothing_held(&transport);
    assert_answer(&transport, GET_RESPONSE "03", "6f00");
    assert_answer(&transport, CASE_3, "6103");
    assert_answer(&transport, CASE_3, "6982");
    assert_answer(&transport, GET_RESPONSE "00", "6f00");
}

/* What was held for one channel no other channel gets; the first one loses it. */
static void test_channels(void **state)
{
    (void)state;
    static const char *const others[] = {"01c0000003", "03c0000003", "40c0000003", "41c0000003"};
    static const char *const answers[] = {"0102039000", "0102039000", "0102039000", "0102039000", NULL};
    struct script script = {.answers = answers};
    struct t0_transport transport = transport_of(&script);
    for (size_t i = 0; i < 4; i++) {
        assert_answer(&transport, CASE_3, "6103");
        assert_answer(&transport, others[i], "6f00");
        assert_nothing_held(&transport);
        assert_answer(&transport, GET_RESPONSE "03", "6f00");
    }
}

/* The class of the command may be a proprietary one, as may that of GET RESPONSE: the channel counts. */
static void test_classes_of_one_channel(void **state)
{
    (void)state;
    static const char *const answers[] = {"019000", "019000", "019000", NULL};
    struct script script = {.answers = answers};
    struct t0_transport transport = transport_of(&script);
    assert_answer(&transport, "8150000001ab", "6101");
    assert_answer(&transport, "01c0000001", "019000");
    assert_answer(&transport, "8150000001ab", "6101");
    assert_answer(&transport, "81c0000001", "019000");
    assert_answer(&transport, "cf50000001ab", "6101");
    assert_answer(&transport, "4fc0000001", "019000");
}

static void test_malformed_get_response(void **state)
{
    (void)state;
    static const char *const malformed[] = {"00c00000", "00c0000001ff", "00c000000100ff"};
    static const char *const answers[] = {"019000", "019000", "019000", NULL};
    struct script script = {.answers = answers};
    struct t0_transport transport = transport_of(&script);
    for (size_t i = 0; i < 3; i++) {
        assert_answer(&transport, CASE_3, "6101");
        assert_answer(&transport, malformed[i], "6f00");
        assert_nothing_held(&transport);
    }
}

static void test_reset_forgets(void **state)
{
    (void)state;
    static const char *const answers[] = {"0102039000", NULL};
    struct script script = {.answers = answers};
    struct t0_transport transport = transport_of(&script);
    assert_answer(&transport, CASE_3, "6103");
    t0_transport_reset(&transport);
    assert_nothing_held(&transport);
    assert_answer(&transport, GET_RESPONSE "03", "6f00");
}

/* Response data that is held does not stay in the caller's buffer too. */
static void test_buffer_of_the_caller_is_wiped(void **state)
{
    (void)state;
    static const char *const answers[] = {"a1a2a3a4a5a69000", NULL};
    static const uint8_t zeros[6];
    struct script script = {.answers = answers};
    struct t0_transport transport = transport_of(&script);
    uint8_t command[7];
    uint8_t response[UICC_RESPONSE_MAX];
    from_hex(CASE_3, command, sizeof command);
    assert_int_equal(t0_transport_process(&transport, octets_of(command, sizeof command), response), 2);
    assert_memory_equal(response + 2, zeros, sizeof zeros);
}

/* A wrong Le of a reading command: the card is asked again with Le = 00, and its length told. */
static void test_wrong_le(void **state)
{
    (void)state;
    static const char *const answers[] = {"6700", "0102039000", "6700", "6b00", "6700", "9000", "6700", "6700", NULL};
    struct script script = {.answers = answers};
    struct t0_transport transport = transport_of(&script);
    assert_answer(&transport, "00b0850010", "6c03");
    assert_octets(octets_of(script.command, script.command_length), "00b0850000");
    assert_answer(&transport, "00b0000010", "6700");
    assert_answer(&transport, "00b2010410", "6700");
    assert_answer(&transport, "80f2000010", "6700"); /* no reading command */
    assert_answer(&transport, "00b0000000", "6700"); /* there is no better Le than 00 */
    assert_int_equal(script.next, 8);
}

/* The real card behind the transport. */

static size_t run_card(void *context, struct octets command, uint8_t response[UICC_RESPONSE_MAX])
{
    return uicc_process(context, command, response);
}

static int make_card(void **state)
{
    static struct test_card card;
    const struct card_profile profile = test_profile();
    test_card_make(&card, &profile);
    *state = &card;
    return 0;
}

static int end_card(void **state)
{
    test_card_end(*state);
    return 0;
}

static struct t0_transport transport_of_card(struct test_card *card)
{
    return t0_transport_of((struct t0_card){.process = run_card, .context = &card->uicc});
}

static void test_card_bootstrapping(void **state)
{
    struct t0_transport transport = transport_of_card(*state);
    assert_answer(&transport, "00a4040c10" USIM_AID, "9000");
    assert_answer(&transport, "0020000108" TEST_PIN, "9000");
    assert_answer(&transport, "0088008423dd1023553cbe9637a89d218ae64dae47bf351055f328b43577b9b98c7f3f0d723fb244",
                  "610a");
    assert_answer(&transport, GET_RESPONSE "0a", "db08a54211d5e3ba50be9000");
    /* the same challenge again: not fresh, so AUTS waits */
    assert_answer(&transport, "0088008423dd1023553cbe9637a89d218ae64dae47bf351055f328b43577b9b98c7f3f0d723fb244",
                  "6110");
    assert_int_equal(strncmp(send_hex(&transport, GET_RESPONSE "10"), "dc0e", 4), 0);
    /* a wrong MAC has no data; a strict terminal may ask all the same (9XXX) */
    assert_answer(&transport, "0088008423dd1023553cbe9637a89d218ae64dae47bf351055f328b43577b9b98c7f3f0d723fb245",
                  "9862");
    assert_answer(&transport, GET_RESPONSE "00", "6f00");
}

/* Finding out the right Le must not move the record pointer: the terminal repeats the command and wants that record. */
static void test_wrong_le_keeps_the_record_pointer(void **state)
{
    struct t0_transport transport = transport_of_card(*state);
    char first[200];
    char second[200];
    assert_answer(&transport, "00a4000c022f00", "9000");
    (void)snprintf(first, sizeof first, "%s", send_hex(&transport, "00b2010428"));
    (void)snprintf(second, sizeof second, "%s", send_hex(&transport, "00b2020428"));
    assert_answer(&transport, "00b2000210", "6c28");
    assert_answer(&transport, "00b2000228", first);
    assert_answer(&transport, "00b2000210", "6c28");
    assert_answer(&transport, "00b2000228", second);
    assert_answer(&transport, "00b2000310", "6c28");
    assert_answer(&transport, "00b2000328", first);
    assert_answer(&transport, "00b201f410", "6c28"); /* by SFI */
    assert_answer(&transport, "00b201f428", first);
}

/* Asking for another length gives nothing away: access is judged before. */
static void test_wrong_le_needs_the_pin(void **state)
{
    struct t0_transport transport = transport_of_card(*state);
    assert_answer(&transport, "00a4040c10" USIM_AID, "9000");
    assert_answer(&transport, "00a4000c026f07", "9000");
    assert_answer(&transport, "00b0000064", "6982");
    assert_answer(&transport, "0020000108" TEST_PIN, "9000");
    assert_answer(&transport, "00b0000064", "6c09");
    assert_answer(&transport, "00b0000009", "0809101010325476989000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passes_through),
        cmocka_unit_test(test_holds_response_data),
        cmocka_unit_test(test_in_pieces),
        cmocka_unit_test(test_256_octets),
        cmocka_unit_test(test_another_command_forgets),
        cmocka_unit_test(test_channels),
        cmocka_unit_test(test_classes_of_one_channel),
        cmocka_unit_test(test_malformed_get_response),
        cmocka_unit_test(test_reset_forgets),
        cmocka_unit_test(test_buffer_of_the_caller_is_wiped),
        cmocka_unit_test(test_wrong_le),
        cmocka_unit_test_setup_teardown(test_card_bootstrapping, make_card, end_card),
        cmocka_unit_test_setup_teardown(test_wrong_le_keeps_the_record_pointer, make_card, end_card),
        cmocka_unit_test_setup_teardown(test_wrong_le_needs_the_pin, make_card, end_card),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
