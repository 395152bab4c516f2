/* test_file_names.c: the table of files is sound, and files are found in it. */
#include "card_text/file_names.h"

#include "content_testing.h"

static void files_are_found_where_they_are(void **state)
{
    (void)state;
    assert_string_equal(file_name_find(PLACE_MF, 0x2fe2)->name, "EF_ICCID");
    assert_string_equal(file_name_find(PLACE_USIM, 0x6f07)->name, "EF_IMSI");
    assert_string_equal(file_name_find(PLACE_ISIM, 0x6f07)->name, "EF_IST");
    assert_string_equal(file_name_find(PLACE_USIM, 0x6fd7)->name, "EF_MSK");
    assert_string_equal(file_name_find(PLACE_ISIM, 0x6fd7)->name, "EF_GBANL");
    assert_string_equal(file_name_find(PLACE_USIM, 0x5f3b)->name, "DF_GSM-ACCESS");
    assert_string_equal(file_name_find(PLACE_TELECOM, 0x5f3b)->name, "DF_MULTIMEDIA");
    assert_null(file_name_find(PLACE_MF, 0x6f07));
    assert_null(file_name_find(PLACE_NOWHERE, 0x6f07));
}

static void short_identifiers_are_found(void **state)
{
    (void)state;
    assert_string_equal(file_name_find_sfi(PLACE_USIM, 0x08)->name, "EF_KEYS");
    assert_string_equal(file_name_find_sfi(PLACE_MF, 0x1e)->name, "EF_DIR");
    assert_string_equal(file_name_find_sfi(PLACE_5GS, 0x05)->name, "EF_5GAUTHKEYS");
    assert_null(file_name_find_sfi(PLACE_USIM, 0));
    assert_null(file_name_find_sfi(PLACE_USIM, 0x1f));
}

static void every_name_and_identifier_is_given_once_in_a_directory(void **state)
{
    (void)state;
    for (size_t i = 0; i < file_name_count; i++) {
        const struct file_name *a = &file_names[i];
        assert_true(a->place > PLACE_NOWHERE && a->place < PLACE_COUNT && a->sfi <= 30);
        assert_true(strncmp(a->name, a->opens == PLACE_NOWHERE ? "EF_" : "DF_", 3) == 0);
        assert_true(strlen(a->name) > 3 && strlen(a->meaning) > 0 && strlen(a->meaning) <= 40);
        for (size_t j = i + 1; j < file_name_count; j++) {
            const struct file_name *b = &file_names[j];
            assert_false(a->place == b->place && a->fid == b->fid);
            assert_false(a->place == b->place && strcmp(a->name, b->name) == 0);
            assert_false(a->place == b->place && a->sfi != 0 && a->sfi == b->sfi);
        }
    }
}

static void every_directory_can_be_reached(void **state)
{
    (void)state;
    for (int place = PLACE_MF + 1; place < PLACE_COUNT; place++) {
        assert_string_not_equal(card_place_name((enum card_place)place), "?");
    }
    assert_string_equal(card_place_name(PLACE_NOWHERE), "?");
    assert_string_equal(card_place_name(PLACE_MF), "MF");
    assert_string_equal(card_place_name(PLACE_USIM), "ADF_USIM");
    assert_string_equal(card_place_name(PLACE_ISIM), "ADF_ISIM");
    assert_string_equal(card_place_name(PLACE_5GS), "DF_5GS");
}

static void files_of_keys_are_known_as_such(void **state)
{
    (void)state;
    static const struct {
        enum card_place place;
        uint16_t fid;
    } secrets[] = {{PLACE_USIM, 0x6f08},       {PLACE_USIM, 0x6f09}, {PLACE_USIM, 0x6fe4}, {PLACE_USIM, 0x6f2c},
                   {PLACE_USIM, 0x6fc3},       {PLACE_GSM, 0x6f20},  {PLACE_GSM, 0x6f52},  {PLACE_GSM_ACCESS, 0x4f20},
                   {PLACE_GSM_ACCESS, 0x4f52}, {PLACE_5GS, 0x4f03},  {PLACE_5GS, 0x4f04},  {PLACE_5GS, 0x4f05}};
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        assert_true(file_name_is_secret(file_name_find(secrets[i].place, secrets[i].fid)));
    }
    assert_false(file_name_is_secret(file_name_find(PLACE_USIM, 0x6f07)));
    assert_false(file_name_is_secret(file_name_find(PLACE_USIM, 0x6fd6)));
    assert_false(file_name_is_secret(NULL));
}

static void what_has_no_decoder_is_hexadecimal(void **state)
{
    (void)state;
    struct card_content content;
    assert_string_equal(decoded(PLACE_USIM, 0x6fc4, "00112233"), "00112233");
    file_name_decode(NULL, octets_of("\x01\x02", 2), &content);
    assert_int_equal(content.count, 1);
    assert_string_equal(content.items[0].value, "0102");
}

static void blank_bodies_have_no_items(void **state)
{
    (void)state;
    for (size_t i = 0; i < file_name_count; i++) {
        assert_string_equal(decoded(file_names[i].place, file_names[i].fid, ""), "");
        assert_string_equal(decoded(file_names[i].place, file_names[i].fid, "ffffffff"), "");
    }
}

/* Every file with every body of a kind that a hostile card might send. */
static void no_decoder_is_harmed_by_any_octets(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "00",
        "7f",
        "80",
        "81ff",
        "8082ffff",
        "a0848080808080",
        "1b5b33316d1b5b33316d1b5b33316d1b5b33316d1b5b33316d",
        "a000",
        "a0028100",
        "610050ff",
        "30808080",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "8001018001018001018001018001018001018001018001018001018001018001018001018001018001018001018001018001018001"};
    for (size_t i = 0; i < file_name_count; i++) {
        for (size_t j = 0; j < sizeof bodies / sizeof bodies[0]; j++) {
            const char *line = decoded(file_names[i].place, file_names[i].fid, bodies[j]);
            for (; *line != '\0'; line++) {
                assert_true((unsigned char)*line >= 0x20 && *line != 0x7f);
            }
        }
    }
}

static void phone_book_files_are_named_by_tags(void **state)
{
    (void)state;
    assert_string_equal(file_name_of_phonebook(0xc0)->name, "EF_ADN");
    assert_string_equal(file_name_of_phonebook(0xca)->name, "EF_EMAIL");
    assert_null(file_name_of_phonebook(0xbf));
    assert_null(file_name_of_phonebook(0xff));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_found_where_they_are),
        cmocka_unit_test(short_identifiers_are_found),
        cmocka_unit_test(every_name_and_identifier_is_given_once_in_a_directory),
        cmocka_unit_test(every_directory_can_be_reached),
        cmocka_unit_test(files_of_keys_are_known_as_such),
        cmocka_unit_test(what_has_no_decoder_is_hexadecimal),
        cmocka_unit_test(blank_bodies_have_no_items),
        cmocka_unit_test(no_decoder_is_harmed_by_any_octets),
        cmocka_unit_test(phone_book_files_are_named_by_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
