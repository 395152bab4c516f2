/* test_selection.c: where SELECT leads. */
#include "narrator_testing.h"

static int reset(void **state)
{
    (void)state;
    apdu_narrator_reset(&narrator);
    return 0;
}

static enum card_place directory(void)
{
    return narrator.channels[0].directory;
}

static void the_ways_of_select(void **state)
{
    (void)state;
    assert_string_equal(tell("00a4000c023f00", "9000"), "SELECT MF -> ok");
    assert_string_equal(tell("00a4000c", "9000"), "SELECT MF -> ok");
    assert_string_equal(tell("00a4000c027f10", "9000"), "SELECT DF_TELECOM -> ok");
    assert_int_equal(directory(), PLACE_TELECOM);
    assert_string_equal(tell("00a4010c025f3a", "9000"), "SELECT DF_PHONEBOOK -> ok");
    assert_string_equal(tell("00a4000c024f30", "9000"), "SELECT EF_PBR -> ok");
    assert_string_equal(tell("00a4030c", "9000"), "SELECT MF -> ok");
    assert_string_equal(tell("00a4040c07a0000000871004", "9000"), "SELECT ADF_ISIM -> ok");
    assert_string_equal(tell("00a4000c026fd7", "9000"), "SELECT EF_GBANL -> ok");
    assert_string_equal(tell("00a4040c07a0000000871002", "9000"), "SELECT ADF_USIM -> ok");
    assert_string_equal(tell("00a4000c026fd7", "9000"), "SELECT EF_MSK -> ok");
    assert_string_equal(tell("00a4080c047fff6f07", "9000"), "SELECT EF_IMSI -> ok");
    assert_string_equal(tell("00a4080c067fff5fc04f07", "9000"), "SELECT EF_SUCI_Calc_Info -> ok");
    assert_int_equal(directory(), PLACE_5GS);
    assert_string_equal(tell("00a4030c", "9000"), "SELECT ADF_USIM -> ok");
    assert_string_equal(tell("00a4090c045f3b4f20", "9000"), "SELECT EF_Kc -> ok");
    assert_string_equal(tell("00a4000c027fff", "9000"), "SELECT ADF_USIM -> ok");
    assert_string_equal(tell("00a4000c022f00", "9000"), "SELECT EF_DIR -> ok"); /* a child of the parent */
    (void)tell("00a4000c027fff", "9000");
    assert_string_equal(tell("00a4080c022fe2", "9000"), "SELECT EF_ICCID -> ok");
    assert_int_equal(directory(), PLACE_MF);
}

static void what_has_no_name_is_told_by_its_number(void **state)
{
    (void)state;
    assert_string_equal(tell("00a4000c021234", "9000"), "SELECT 1234 -> ok");
    assert_string_equal(tell("00a4080c047f665f30", "9000"), "SELECT 7F66/5F30 -> ok");
    assert_int_equal(directory(), PLACE_NOWHERE);
    assert_string_equal(tell("00a4040c05a000000001", "9000"), "SELECT A000000001 -> ok");
    assert_string_equal(tell("00a4000c0112", "6700"), "SELECT -> 6700 wrong length");
}

static void what_fails_leads_nowhere(void **state)
{
    (void)state;
    (void)tell("00a4040c07a0000000871002", "6a82");
    assert_int_equal(directory(), PLACE_MF);
    (void)tell("00a4000c027f10", "6a82");
    assert_int_equal(directory(), PLACE_MF);
    (void)tell("00a4000c022fe2", "6283");
    assert_non_null(narrator.channels[0].file);
}

static void channels_have_places_of_their_own(void **state)
{
    (void)state;
    (void)tell("00a4040c07a0000000871002", "9000");
    (void)tell("0070000001", "019000");
    assert_int_equal(narrator.channels[1].directory, PLACE_MF);
    (void)tell("01a4040c07a0000000871004", "9000");
    (void)tell("0170000001", "059000"); /* opened from channel 1: begins where that is */
    assert_int_equal(narrator.channels[5].directory, PLACE_ISIM);
    assert_int_equal(directory(), PLACE_USIM);
    assert_string_equal(tell("41a4000c026f02", "9000"), "[5] SELECT EF_IMPI -> ok");
    (void)tell("0070000001", "ff9000"); /* no such channel */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_ways_of_select, reset),
        cmocka_unit_test_setup(what_has_no_name_is_told_by_its_number, reset),
        cmocka_unit_test_setup(what_fails_leads_nowhere, reset),
        cmocka_unit_test_setup(channels_have_places_of_their_own, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
