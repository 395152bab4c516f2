/* test_file_path.c: files by paths of names and identifiers. */
#include "testing.h"

#include "profile/file_path.h"

enum { MF, EF_DIR, TELECOM, EF_ADN, USIM, EF_IMSI, GSM_ACCESS, EF_KC, UNKNOWN_DF, UNKNOWN_EF, OTHER_ADF, COUNT };

static const struct described_file files[COUNT] = {
    [MF] = {.file = {.fid = 0x3f00, .kind = FILE_KIND_DF, .parent = CARD_NO_INDEX}},
    [EF_DIR] = {.file = {.fid = 0x2f00, .kind = FILE_KIND_LINEAR_FIXED, .parent = MF}},
    [TELECOM] = {.file = {.fid = 0x7f10, .kind = FILE_KIND_DF, .parent = MF}},
    [EF_ADN] = {.file = {.fid = 0x6f3a, .kind = FILE_KIND_LINEAR_FIXED, .parent = TELECOM}},
    [USIM] = {.file = {.fid = 0x7ff0, .kind = FILE_KIND_DF, .parent = CARD_NO_INDEX}},
    [EF_IMSI] = {.file = {.fid = 0x6f07, .kind = FILE_KIND_TRANSPARENT, .parent = USIM}},
    [GSM_ACCESS] = {.file = {.fid = 0x5f3b, .kind = FILE_KIND_DF, .parent = USIM}},
    [EF_KC] = {.file = {.fid = 0x4f20, .kind = FILE_KIND_TRANSPARENT, .parent = GSM_ACCESS}},
    [UNKNOWN_DF] = {.file = {.fid = 0x7f99, .kind = FILE_KIND_DF, .parent = MF}},
    [UNKNOWN_EF] = {.file = {.fid = 0x6f07, .kind = FILE_KIND_TRANSPARENT, .parent = UNKNOWN_DF}},
    [OTHER_ADF] = {.file = {.fid = 0x7ff5, .kind = FILE_KIND_DF, .parent = CARD_NO_INDEX}},
};

static const struct file_list list = {.files = files, .count = COUNT};

static void finds_files(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        uint8_t index;
    } cases[] = {
        {"MF", MF},
        {"3f00", MF},
        {"", MF},
        {"MF/EF_DIR", EF_DIR},
        {"mf/ef.dir", EF_DIR},
        {"2F00", EF_DIR},
        {"MF/ADF_USIM/EF_IMSI", EF_IMSI},
        {"MF/ADF.USIM/EF_IMSI", EF_IMSI},
        {"adf.usim/ef.imsi", EF_IMSI},
        {"3f00/7ff0/6f07", EF_IMSI},
        {"3F00/7FF0/EF_IMSI", EF_IMSI},
        {"MF/ADF_USIM/DF_GSM-ACCESS/EF_Kc", EF_KC},
        {"MF/ADF_USIM/DF_GSM-ACCESS/EF_KC", EF_KC},
        {"MF/7f99/6f07", UNKNOWN_EF},
        {"MF/7ff5", OTHER_ADF},
        {"MF/", MF},
        {"MF/EF_IMSI", CARD_NO_INDEX}, /* a name of another directory */
        {"MF/7f99/EF_IMSI", CARD_NO_INDEX},
        {"MF/ADF_ISIM", CARD_NO_INDEX},
        {"MF/EF_DIR/EF_DIR", CARD_NO_INDEX},
        {"MF//EF_DIR", CARD_NO_INDEX},
        {"/EF_DIR", CARD_NO_INDEX},
        {"MF/2f0", CARD_NO_INDEX},
        {"MF/2f000", CARD_NO_INDEX},
        {"MF/EF_DI", CARD_NO_INDEX},
        {"MF/EF_DIRX", CARD_NO_INDEX},
        {"MF/aVeryLongNameThatNoFileOfAnySpecificationHas", CARD_NO_INDEX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (file_path_find(&list, cases[i].path) != cases[i].index) {
            fail_msg("%s", cases[i].path);
        }
    }
}

static void places_new_files(void **state)
{
    (void)state;
    uint8_t parent = 0;
    uint16_t fid = 0;
    assert_ok(file_path_place(&list, "MF/ADF_USIM/EF_UST", &parent, &fid));
    assert_int_equal(parent, USIM);
    assert_int_equal(fid, 0x6f38);
    assert_ok(file_path_place(&list, "MF/ADF_ISIM", &parent, &fid));
    assert_int_equal(parent, MF);
    assert_int_equal(fid, FID_OF_ISIM);
    assert_ok(file_path_place(&list, "MF/7f99/4f01", &parent, &fid));
    assert_int_equal(parent, UNKNOWN_DF);
    assert_int_equal(fid, 0x4f01);
    assert_status(file_path_place(&list, "MF/ADF_ISIM/EF_IMPI", &parent, &fid), GBAU_E_NOT_FOUND);
    assert_status(file_path_place(&list, "MF/EF_DIR/6f01", &parent, &fid), GBAU_E_NOT_FOUND);
    assert_status(file_path_place(&list, "MF/EF_NOTHING", &parent, &fid), GBAU_E_MALFORMED);
    const struct file_list none = {.files = files, .count = 0};
    assert_ok(file_path_place(&none, "MF", &parent, &fid));
    assert_int_equal(parent, CARD_NO_INDEX);
    assert_status(file_path_place(&none, "MF/EF_DIR", &parent, &fid), GBAU_E_NOT_FOUND);
    assert_int_equal(file_path_find(&none, "MF"), CARD_NO_INDEX);
}

/* What is written is found again. */
static void writes_paths(void **state)
{
    (void)state;
    static const char *const paths[COUNT] = {"MF",
                                             "MF/EF_DIR",
                                             "MF/DF_TELECOM",
                                             "MF/DF_TELECOM/EF_ADN",
                                             "MF/ADF_USIM",
                                             "MF/ADF_USIM/EF_IMSI",
                                             "MF/ADF_USIM/DF_GSM-ACCESS",
                                             "MF/ADF_USIM/DF_GSM-ACCESS/EF_Kc",
                                             "MF/7f99",
                                             "MF/7f99/6f07",
                                             "MF/7ff5"};
    char path[FILE_PATH_SIZE];
    for (uint8_t i = 0; i < COUNT; i++) {
        file_path_write(&list, i, path);
        assert_string_equal(path, paths[i]);
        assert_int_equal(file_path_find(&list, path), i);
    }
    assert_string_equal(file_path_name(&list, EF_IMSI)->name, "EF_IMSI");
    assert_null(file_path_name(&list, UNKNOWN_EF));
    assert_null(file_path_name(&list, USIM));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_files),
        cmocka_unit_test(places_new_files),
        cmocka_unit_test(writes_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
