/* test_decode_identity.c: subscribers, numbers, names. */
#include "content_testing.h"

static const struct decoding decodings[] = {
    {PLACE_MF, 0x2fe2, "980010101032547698f6", "8900010101234567896"},
    {PLACE_MF, 0x2fe2, "98001010103254769812", "89000101012345678921"},
    {PLACE_USIM, 0x6f07, "080910101032547698", "001010123456789"},
    {PLACE_USIM, 0x6f07, "0811101010325476f8", "10101012345678"},
    {PLACE_USIM, 0x6f07, "0309101fffffffffff", "001"},
    {PLACE_USIM, 0x6f07, "0a0910", "broken 0A0910"},
    {PLACE_USIM, 0x6f07, "00", "broken 00"},
    {PLACE_USIM, 0x6fad, "00000002", "mode normal operation, digits of MNC 2"},
    {PLACE_USIM, 0x6fad, "80000103", "mode type approval, additional information 0001, digits of MNC 3"},
    {PLACE_USIM, 0x6fad, "000000", "mode normal operation"},
    {PLACE_USIM, 0x6fad, "33000002", "mode unknown mode, digits of MNC 2"},
    {PLACE_USIM, 0x6f46, "0067626175ffffffffffffffffffffffffff", "name gbau"},
    {PLACE_USIM, 0x6f46, "0167626175", "name gbau, shown with the network's name"},
    {PLACE_USIM, 0x6f46, "001b5b41", "name \\x1BÄA"},
    {PLACE_USIM, 0x6f05, "656e6465ffff", "en, de"},
    {PLACE_MF, 0x2f05, "656effff", "en"},
    {PLACE_MF, 0x2f05, "1b63656e", "\\x1Bc, en"},
    {PLACE_USIM, 0x6f78, "0200", "classes 9"},
    {PLACE_USIM, 0x6f78, "8421", "classes 0 5 10 15"},
    {PLACE_USIM, 0x6f78, "0000", "classes none"},
    {PLACE_USIM, 0x6f40,
     "4d65ff"
     "0791947110325476ffffffff"
     "ffff",
     "name Me, number +491701234567"},
    {PLACE_USIM, 0x6f40,
     "ffff"
     "03811122ffffffffffffffff"
     "ffff",
     "number 1122"},
    {PLACE_USIM, 0x6f40,
     "00"
     "ffffffffffffffffffffffffffff",
     "name @, number "},
    {PLACE_USIM, 0x6f40, "0102", "number "},
    {PLACE_USIM, 0x6fb7, "11f2ff00", "code 112"},
    {PLACE_USIM, 0x6fb7, "11f2ff536f73ff1f",
     "code 112, name Sos, for police ambulance fire marine guard mountain rescue"},
    {PLACE_USIM, 0x6f42,
     "ffff"
     "fd"
     "ffffffffffffffffffffffff"
     "0791947110325476ffffffff"
     "ffffff",
     "service centre +491701234567"},
    {PLACE_USIM, 0x6f42,
     "4dff"
     "ff"
     "ffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "name M, service centre none"},
    {PLACE_USIM, 0x6f42, "0102", "broken 0102"},
    {PLACE_USIM, 0x6f3c, "0107911326040000f0", "received, read"},
    {PLACE_USIM, 0x6f3c, "03", "received, unread"},
    {PLACE_USIM, 0x6f3c, "07", "to be sent"},
    {PLACE_USIM, 0x6f3c, "00ffff", ""},
    {PLACE_USIM, 0x6f3c, "02", ""},
    {PLACE_ISIM, 0x6f02,
     "800561406263"
     "64ff",
     "a@bcd"},
    {PLACE_ISIM, 0x6f04, "80081b5d303b687069ff", "\\x1B]0;hpi\\xFF"},
    {PLACE_ISIM, 0x6f04, "80031b5d30ff", "\\x1B]0"},
    {PLACE_ISIM, 0x6f03, "8105aabb", "8105AABB"},
    {PLACE_ISIM, 0x6f09, "80080070637363662e61", "pcscf.a"},
    {PLACE_ISIM, 0x6f09, "8005017f000001", "127.0.0.1"},
    {PLACE_ISIM, 0x6f09, "80050220010db8", "20010DB8"},
    {PLACE_ISIM, 0x6f09, "8000", "8000"},
    {PLACE_MF, 0x2f08, "3c05020000", "at most 60 mA, after 5 s"},
    {PLACE_GSM, 0x6fae, "03", "3"},
    {PLACE_USIM, 0x6f39, "000102", "258"},
    {PLACE_USIM, 0x6f37, "ffffff00aa", "4294967040"},
    {PLACE_5GS, 0x4f0a, "17ffffff", "71"},
    {PLACE_5GS, 0x4f0a, "1234ffff", "2143"},
    {PLACE_5GS, 0x4f07, "a00401010000a10880010a8103aabbcc",
     "profile A with key 1, null scheme with key 0, key identifier 0A, public key AABBCC"},
    {PLACE_5GS, 0x4f07, "a0020901", "unknown scheme with key 1"},
};

static void identities_are_decoded(void **state)
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(identities_are_decoded), cmocka_unit_test(damage_does_no_harm)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
