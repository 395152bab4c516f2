/* test_gba_names.c: NAF_IDs in words. */
#include "card_text/gba_names.h"

#include "testing.h"

#define FQDN "6e61662e61" /* naf.a */

static const struct {
    const char *hex;
    const char *words;
} naf_ids[] = {
    {FQDN "0000000000", "naf.a (default)"},
    {FQDN "0100000000", "naf.a (subscriber certificates)"},
    {FQDN "0100000002", "naf.a (HTTP Digest)"},
    {FQDN "0100000100", "naf.a (TMPI)"},
    {FQDN "010001008c", "naf.a (TLS, cipher suite 008C)"},
    {FQDN "0100020001", "naf.a (3GPP 0100020001)"},
    {FQDN "0000000001", "naf.a (default 0000000001)"},
    {FQDN "0400000001", "naf.a (GSMA 0400000001)"},
    {FQDN "0500000001", "naf.a (unknown 0500000001)"},
    {FQDN "ff67620001", "naf.a (private FF67620001)"},
    {"1b5d300100000002", "\\x1B]0 (HTTP Digest)"},
    {"0100000002", "0100000002"},
    {"", ""},
};

static void naf_ids_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof naf_ids / sizeof naf_ids[0]; i++) {
        uint8_t octets[64];
        char words[128];
        const size_t length = strlen(naf_ids[i].hex) / 2;
        from_hex(naf_ids[i].hex, octets, length);
        struct text text = text_of(words, sizeof words);
        text_put_naf_id(&text, octets_of(octets, length));
        assert_string_equal(words, naf_ids[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(naf_ids_are_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
