/* test_decode_directory.c: records of EF_DIR and EF_ARR. */
#include "content_testing.h"

#define READ_ALWAYS "8001019000"
#define UPDATE_PIN  "800102a406830101950108"

static const struct decoding decodings[] = {
    {PLACE_MF, 0x2f00, "61184f10a0000000871002ffffffff890709000050045553494dffff",
     "label USIM, AID A0000000871002FFFFFFFF8907090000"},
    {PLACE_MF, 0x2f00, "61074f05a000000001", "AID A000000001"},
    {PLACE_MF, 0x2f00, "610c4f05a00000000150031b5b6d", "label \\x1B[m, AID A000000001"},
    {PLACE_MF, 0x2f00, "620000", "620000"},
    {PLACE_MF, 0x2f06, READ_ALWAYS UPDATE_PIN "ffff", "read always, update PIN"},
    {PLACE_USIM, 0x6f06, READ_ALWAYS, "read always"},
};

static void directories_are_decoded(void **state)
{
    (void)state;
    assert_all_decoded(decodings);
    assert_survives_damage(decodings, sizeof decodings / sizeof decodings[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(directories_are_decoded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
