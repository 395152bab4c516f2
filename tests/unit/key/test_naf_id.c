/* test_naf_id.c: NAF_IDs of host names and Ua protocols. */
#include "testing.h"

#include "key/naf_id.h"

static const uint8_t ua[] = {0xff, 0x67, 0x62, 0x00, 0x01};

static void writes_names_in_lower_case(void **state)
{
    (void)state;
    uint8_t octets[64];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    assert_ok(naf_id_write(&writer, octets_of_text("NAF.Example"), ua));
    assert_octets(octets_written(&writer), "6e61662e6578616d706c65ff67620001");
    writer = octet_writer_of(octets, sizeof octets);
    assert_ok(naf_id_write_text(&writer, "n/FF67620001"));
    assert_octets(octets_written(&writer), "6eff67620001");
}

static void refuses_other_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum gbau_status status;
    } wrong[] = {
        {"", GBAU_E_MALFORMED},
        {"naf", GBAU_E_MALFORMED},
        {"naf/", GBAU_E_MALFORMED},
        {"naf/ff6762000", GBAU_E_MALFORMED},
        {"naf/ff676200011", GBAU_E_MALFORMED},
        {"naf/ff6762000g", GBAU_E_MALFORMED},
        {"naf/x/ff67620001", GBAU_E_MALFORMED},
        {"/ff67620001", GBAU_E_ARGUMENT},
        {"n f/ff67620001", GBAU_E_ARGUMENT},
        {"n\x7f/ff67620001", GBAU_E_ARGUMENT},
        {"n\xc3\xa4/ff67620001", GBAU_E_ARGUMENT},
        {"abcdefghijkl/ff67620001", GBAU_E_SPACE},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t octets[16];
        struct octet_writer writer = octet_writer_of(octets, sizeof octets);
        assert_status(naf_id_write_text(&writer, wrong[i].text), wrong[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_names_in_lower_case),
        cmocka_unit_test(refuses_other_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
