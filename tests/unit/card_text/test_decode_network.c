/* test_decode_network.c: networks and locations. */
#include "content_testing.h"

static const struct decoding decodings[] = {
    {PLACE_USIM, 0x6f7b, "00f110130014ffffff62f220", "001-01, 310-410, 262-02"},
    {PLACE_USIM, 0x6f7b, "00f1", ""},
    {PLACE_USIM, 0x6fd9, "abcdef", "BAD-FEC"},
    {PLACE_USIM, 0x6f60,
     "00f1108000"
     "130014c080"
     "ffffff0000"
     "62f2200800",
     "001-01 (UMTS), 310-410 (LTE UMTS GSM), 262-02 (NR)"},
    {PLACE_USIM, 0x6f62, "00f1100000", "001-01"},
    {PLACE_USIM, 0x6f7e, "ffffffffffffff0000ff01", "status not updated"},
    {PLACE_USIM, 0x6f7e, "1122334400f1101234ff00", "TMSI 11223344, network 001-01, LAC 1234, status updated"},
    {PLACE_USIM, 0x6f7e, "1122334400f1101234ff07", "TMSI 11223344, network 001-01, LAC 1234, status unknown"},
    {PLACE_USIM, 0x6f7e, "112233", "broken 112233"},
    {PLACE_USIM, 0x6f73, "ffffffffffffffffffff0000ff01", "status not updated"},
    {PLACE_USIM, 0x6f73, "1122334455667700f11012345602",
     "P-TMSI and signature 11223344556677, network 001-01, LAC and RAC 123456, status network not allowed"},
    {PLACE_USIM, 0x6fe3, "ffffffffffffffffffffffffffffff000001", "status not updated"},
    {PLACE_USIM, 0x6fe3, "0bf600f1100001020304050600f110123400",
     "GUTI 0BF600F11000010203040506, network 001-01, TAC 1234, status updated"},
    {PLACE_USIM, 0x6fe3, "0bf600f1100001020304050600f110123403",
     "GUTI 0BF600F11000010203040506, network 001-01, TAC 1234, status unknown"},
    {PLACE_5GS, 0x4f01, "ffffffffffffffffffffffffff00f11012345600", "network 001-01, TAC 123456, status updated"},
    {PLACE_USIM, 0x6f31, "0a", "every 60 minutes"},
    {PLACE_USIM, 0x6f31, "00", "no search"},
    {PLACE_USIM, 0x6fc5, "430685e8329bfd06450280e8ffff", "name hello, short name h"},
    {PLACE_USIM, 0x6fc5, "430590004e00fc", "name Nü"},
    {PLACE_USIM, 0x6fc5, "4300", "name "},
    {PLACE_USIM, 0x6fc6, "00f1100000fffe01", "network 001-01, areas 0000 to FFFE, name record 1"},
    {PLACE_USIM, 0x6fcd, "a305800300f110ff", "001-01"},
    {PLACE_USIM, 0x6fcd, "0102", "0102"},
    {PLACE_USIM, 0x6f5b, "f00000f00000", "circuit switched F00000, packet switched F00000"},
    {PLACE_USIM, 0x6f5c, "0fffff", "0FFFFF"},
};

static void networks_are_decoded(void **state)
{
    (void)state;
    assert_all_decoded(decodings);
}

static void damage_does_no_harm(void **state)
{
    (void)state;
    assert_survives_damage(decodings, sizeof decodings / sizeof decodings[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(networks_are_decoded), cmocka_unit_test(damage_does_no_harm)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
