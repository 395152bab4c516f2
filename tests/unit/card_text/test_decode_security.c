/* test_decode_security.c: keys are withheld; GBA's files are told. */
#include "content_testing.h"

#define RAND_16 "23553cbe9637a89d218ae64dae47bf35"
#define KEY_16  "b40ba9a3c58b2a05bbf0d987b21bf8cb"
#define NAF_ID  "6e61662e6578616d706c652e636f6d0100000002"
#define B_TID   "614062" /* a@b */

static const struct decoding decodings[] = {
    {PLACE_USIM, 0x6f08, "07" KEY_16 KEY_16, "no keys"},
    {PLACE_USIM, 0x6f08, "02" KEY_16 KEY_16, "key set 2, CK and IK (32 octets, withheld)"},
    {PLACE_GSM_ACCESS, 0x4f20, "b40ba9a3c58b2a0503", "key set 3, Kc (8 octets, withheld)"},
    {PLACE_GSM_ACCESS, 0x4f20, "b40ba9a3c58b2a0507", "no keys"},
    {PLACE_USIM, 0x6fe4,
     "a026800101"
     "8110" KEY_16 "820400000001"
     "830400000002"
     "840100"
     "ffff",
     "key set 1, key (16 octets, withheld), sent 00000001, received 00000002"},
    {PLACE_USIM, 0x6fe4, KEY_16, "(16 octets, withheld)"},
    {PLACE_5GS, 0x4f05, "8010" KEY_16 "8110" KEY_16 "ff", "K_AUSF (16 octets, withheld), K_SEAF (16 octets, withheld)"},
    {PLACE_USIM, 0x6f2c, "1234", "(2 octets, withheld)"},
    {PLACE_USIM, 0x6fd6, "10" RAND_16 "03" B_TID "14323033302d30312d30315430303a30303a30305affff",
     "RAND 23553CBE9637A89D218AE64DAE47BF35, B-TID a@b, until 2030-01-01T00:00:00Z"},
    {PLACE_USIM, 0x6fd6, "10" RAND_16 "0000ffff", "RAND 23553CBE9637A89D218AE64DAE47BF35"},
    {PLACE_USIM, 0x6fd6, "10" RAND_16 "031b5b4a00", "RAND 23553CBE9637A89D218AE64DAE47BF35, B-TID \\x1B[J"},
    {PLACE_USIM, 0x6fd6, "000000", "nothing bootstrapped"},
    {PLACE_USIM, 0x6fd6, "1011", "nothing bootstrapped"},
    {PLACE_USIM, 0x6fda, "8014" NAF_ID "8103" B_TID "ff", "NAF naf.example.com (HTTP Digest), B-TID a@b"},
    {PLACE_USIM, 0x6fda, "8014" NAF_ID "8100ff", "NAF naf.example.com (HTTP Digest)"},
    {PLACE_USIM, 0x6fda, "0011", "0011"},
    {PLACE_ISIM, 0x6fd7, "8014" NAF_ID "8103" B_TID, "NAF naf.example.com (HTTP Digest), B-TID a@b"},
    {PLACE_USIM, 0x6f0a, "801f09f0676261750141504914" NAF_ID, "applet GBA_U API, NAF naf.example.com (HTTP Digest)"},
    {PLACE_USIM, 0x6f0a,
     "801b05a000000999"
     "14" NAF_ID,
     "applet A000000999, NAF naf.example.com (HTTP Digest)"},
    {PLACE_USIM, 0x6f0a, "00", "00"},
};

static void security_files_are_decoded(void **state)
{
    (void)state;
    assert_all_decoded(decodings);
}

static void damage_does_no_harm(void **state)
{
    (void)state;
    assert_survives_damage(decodings, sizeof decodings / sizeof decodings[0]);
}

/* However a file of keys is broken, six octets of its key never stand in the words. */
static void keys_never_get_into_words(void **state)
{
    (void)state;
    static const struct decoding keys[] = {
        {PLACE_USIM, 0x6f08, "02" KEY_16 KEY_16, ""},
        {PLACE_GSM, 0x6f20, KEY_16 "00", ""},
        {PLACE_USIM, 0x6fe4, "a0158001018110" KEY_16, ""},
        {PLACE_USIM, 0x6fe4, "a1158001018110" KEY_16, ""},
        {PLACE_USIM, 0x6fe4, "a015" KEY_16 "8110" KEY_16, ""},
        {PLACE_5GS, 0x4f05, "8010" KEY_16, ""},
        {PLACE_5GS, 0x4f05, "ab10" KEY_16, ""},
        {PLACE_USIM, 0x6f2c, KEY_16, ""},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *line = decoded(keys[i].place, keys[i].fid, keys[i].hex);
        assert_null(strstr(line, "B40BA9A3C58B"));
        assert_null(strstr(line, "BBF0D987B21B"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(security_files_are_decoded),
                                       cmocka_unit_test(damage_does_no_harm),
                                       cmocka_unit_test(keys_never_get_into_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
