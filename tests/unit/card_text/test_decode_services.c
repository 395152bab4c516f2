/* test_decode_services.c: service tables. */
#include "content_testing.h"

static const struct decoding decodings[] = {
    {PLACE_USIM, 0x6f38, "0000040001000000080010000000000000",
     "19 service provider name, 33 shall be set, 68 generic bootstrapping architecture (GBA), "
     "85 EPS mobility management information"},
    {PLACE_USIM, 0x6f38, "01", "1 local phone book"},
    {PLACE_USIM, 0x6f38, "80", "8 outgoing call information (OCI and OCT)"},
    {PLACE_USIM, 0x6f38, "00000004", "27 GSM access"},
    {PLACE_USIM, 0x6f38, "0000000000000000000800000000000000", "76 GBA-based local key establishment"},
    {PLACE_USIM, 0x6f38, "0000000000000000000000000000000a",
     "122 5GS mobility management information, "
     "124 subscription identifier privacy"},
    {PLACE_USIM, 0x6f38, "0000000000000000000000000000000000000004", "155 (unknown)"},
    {PLACE_USIM, 0x6f38, "0000", "none"},
    {PLACE_ISIM, 0x6f07, "0b02",
     "1 P-CSCF address, 2 generic bootstrapping architecture (GBA), "
     "4 GBA-based local key establishment, 10 UICC access to IMS"},
    {PLACE_USIM, 0x6f56, "05", "1 fixed dialling numbers (FDN), 3 APN control list (ACL)"},
};

static void services_are_named(void **state)
{
    (void)state;
    assert_all_decoded(decodings);
}

/* A table that claims everything, longer than any that there is. */
static void all_services_of_all_tables_fit_or_are_cut(void **state)
{
    (void)state;
    char hex[2 * 255 + 1];
    memset(hex, '7', sizeof hex - 1);
    hex[sizeof hex - 1] = '\0';
    const char *line = decoded(PLACE_USIM, 0x6f38, hex);
    assert_non_null(strstr(line, "146 network identifier for SNPN (NID)"));
    assert_non_null(strstr(line, "(unknown)"));
    assert_string_equal(line + strlen(line) - strlen(" …"), " …");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(services_are_named),
                                       cmocka_unit_test(all_services_of_all_tables_fit_or_are_cut)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
