/*
 * test_toolkit.c: what a card without toolkit applets says to TERMINAL PROFILE, TERMINAL CAPABILITY, ENVELOPE, FETCH
 * and TERMINAL RESPONSE (TS 102 221 11.1.19, 11.2; TS 102 223).
 */
#include "file_testing.h"

static void test_terminal_profile(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"8010000001ff", "9000"}, {"8010000009ffffffffff1f0001ff", "9000"},
        {"80100000", "6700"},     {"8010000010", "6700"}, /* Le, no data */
        {"8010010001ff", "6a86"}, {"8010000101ff", "6a86"},
        {"0010000001ff", "6e00"},
    };
    run_on_new_card(exchanges);
}

static void test_terminal_capability(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"80aa000002a900", "9000"},     {"80aa000005a903800111", "9000"}, {"80aa00000aa9088001118100820101", "9000"},
        {"80aa0000", "6a80"},           {"80aa000002a800", "6a80"},       {"80aa000001a9", "6a80"},
        {"80aa000004a9038001", "6a80"}, /* cut short */
        {"80aa000003a90000", "6a80"},   /* something behind it */
        {"80aa000002ffff", "6a80"},     {"80aa010002a900", "6a86"},       {"80aa000102a900", "6a86"},
        {"00aa000002a900", "6e00"},
    };
    run_on_new_card(exchanges);
}

/* An event that nobody waits for is no error. */
static void test_envelope(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"80c2000009d60799010482028182", "9000"},
        {"80c2000002d600", "9000"},
        {"80c20000", "6700"},
        {"80c2000003d60281", "6a80"},
        {"80c2000003d60000", "6a80"},
        {"80c2010002d600", "6a86"},
        {"80c2000102d600", "6a86"},
        {"00c2000002d600", "6e00"},
    };
    run_on_new_card(exchanges);
}

/* There is no proactive command to fetch or to respond to. */
static void test_no_proactive_session(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"8012000010", "6985"}, {"8012010010", "6a86"}, {"8012000110", "6a86"},
        {"0012000010", "6e00"}, {"80140000", "6985"},   {"801400000c810301250002028281830100", "6985"},
        {"8014000100", "6a86"}, {"0014000000", "6e00"},
    };
    run_on_new_card(exchanges);
}

/* None of these needs a PIN, and none changes the memory. */
static void test_nothing_is_written(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"8010000001ff", "9000"}, {"80aa000002a900", "9000"}, {"80c2000002d600", "9000"}, {"8012000010", "6985"}};
    struct test_card card;
    test_card_begin(&card);
    const uint64_t sequence = card.uicc.nvm.sequence;
    assert_exchanges(&card, exchanges);
    assert_true(card.uicc.nvm.sequence == sequence);
    test_card_end(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terminal_profile),   cmocka_unit_test(test_terminal_capability),
        cmocka_unit_test(test_envelope),           cmocka_unit_test(test_no_proactive_session),
        cmocka_unit_test(test_nothing_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
