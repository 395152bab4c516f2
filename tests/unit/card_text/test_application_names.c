/* test_application_names.c: applications by their identifiers. */
#include "card_text/application_names.h"

#include "testing.h"

static const struct {
    const char *aid;
    const char *name;
} aids[] = {
    {"a0000000871002ffffffff8907090000", "ADF_USIM"},
    {"a0000000871002", "ADF_USIM"},
    {"a0000000871004ffffffff8907090000", "ADF_ISIM"},
    {"a0000000871004", "ADF_ISIM"},
    {"a0000003431002ff", "ADF_CSIM"},
    {"a00000015141434c00", "ARA-M"},
    {"a0000001510000", "ISD"},
    {"f06762617501415049", "GBA_U API"},
    {"f067626175014150", "F067626175014150"},
    {"a000000087", "ADF_USIM"},
    {"a0000000", "A0000000"},
    {"a0000000871009", "A0000000871009"},
    {"", ""},
};

static void applications_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof aids / sizeof aids[0]; i++) {
        uint8_t octets[16];
        char name[64];
        const size_t length = strlen(aids[i].aid) / 2;
        from_hex(aids[i].aid, octets, length);
        struct text text = text_of(name, sizeof name);
        text_put_application(&text, octets_of(octets, length));
        assert_string_equal(name, aids[i].name);
    }
}

static void those_with_files_say_which(void **state)
{
    (void)state;
    assert_int_equal(application_name_find(octets_of("\xa0\0\0\0\x87\x10\x02", 7))->place, PLACE_USIM);
    assert_int_equal(application_name_find(octets_of("\xa0\0\0\0\x87\x10\x04", 7))->place, PLACE_ISIM);
    assert_int_equal(application_name_find(octets_of("\xf0gbau\x01"
                                                     "API",
                                                     9))
                         ->place,
                     PLACE_NOWHERE);
    assert_null(application_name_find(octets_of("\xa0\0\0\0\x01", 5)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(applications_are_named),
                                       cmocka_unit_test(those_with_files_say_which)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
