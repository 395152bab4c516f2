/* test_profile_files.c: files of the default card changed, added and removed; access rules that come with them. */
#include "profile_testing.h"

#define VERIFY_ADM   "0020000a08" TEST_ADM
#define SELECT(path) "00a4080c04" path

static void reads_changed_contents(void **state)
{
    (void)state;
    struct test_card card;
    begin_card(&card, PERSONALISED "files:\n"
                                   "  - {path: MF/ADF_USIM/EF_SPN, content: 01 47 42 41, size: 5}\n"
                                   "  - {path: MF/EF_PL, text: deen}\n"
                                   "  - {path: MF/ADF_USIM/EF_MSISDN, records: [\"\", \"0102\"], record-count: 3}\n"
                                   "  - {path: MF/ADF_USIM/EF_ECC, record-size: 5, records: [11f2ffff00]}\n"
                                   "  - {path: MF/ADF_USIM/EF_LI, sfi: 3, state: deactivated}\n");
    enter_usim(&card);
    assert_apdu(&card, SELECT("7fff6f46"), "9000");
    assert_apdu(&card, "00b0000000", "01474241ff9000");
    assert_apdu(&card, "00a4080c022f05", "9000");
    assert_apdu(&card, "00b0000000", "6465656effffffffffff9000");
    assert_apdu(&card, SELECT("7fff6f40"), "9000");
    assert_int_equal(strncmp(apdu(&card, "00b2010400"), "ffff", 4), 0);
    assert_int_equal(strncmp(apdu(&card, "00b2020400"), "0102ff", 6), 0);
    assert_sw(&card, "00b2030400", "9000");
    assert_sw(&card, "00b2040400", "6a83");
    assert_apdu(&card, SELECT("7fff6fb7"), "9000");
    assert_apdu(&card, "00b2010400", "11f2ffff009000");
    assert_apdu(&card, "00b2020400", "ffffffffff9000"); /* cut anew: what was in it is gone */
    assert_sw(&card, SELECT("7fff6f05"), "6283");
    test_card_end(&card);
}

static void adds_files(void **state)
{
    (void)state;
    struct test_card card;
    begin_card(&card,
               PERSONALISED "rules:\n  lab: {read: pin, update: pin or adm1, state: never}\n"
                            "files:\n"
                            "  - {path: MF/7f77, kind: df, rule: all-adm1}\n"
                            "  - {path: MF/7f77/6f01, kind: transparent, size: 3, content: 01, sfi: 7, rule: lab}\n"
                            "  - {path: MF/7f77/6f02, kind: cyclic, rule: lab, records: [aaaa, bbbb]}\n"
                            "  - {path: MF/7f77/6f03, kind: ber-tlv, size: 20, rule: lab, content: 8102cafe}\n"
                            "  - {path: MF/7f77/6f04, kind: transparent, text: hi, rule: 8001019700}\n");
    enter_usim(&card);
    assert_apdu(&card, SELECT("7f776f01"), "9000");
    assert_apdu(&card, "00b0870000", "01ffff9000");
    assert_apdu(&card, "00d6000001ee", "9000"); /* by the PIN */
    assert_apdu(&card, SELECT("7f776f02"), "9000");
    assert_apdu(&card, "00b2010400", "aaaa9000");
    assert_apdu(&card, "00b2020400", "bbbb9000");
    assert_apdu(&card, "00dc000302cccc", "9000"); /* the oldest goes */
    assert_apdu(&card, "00b2010400", "cccc9000");
    assert_apdu(&card, "00b2020400", "aaaa9000");
    assert_apdu(&card, SELECT("7f776f03"), "9000");
    assert_apdu(&card,
                "80cb008001"
                "81"
                "00",
                "8102cafe9000");
    assert_apdu(&card, SELECT("7f776f04"), "9000");
    assert_sw(&card, "00b0000000", "6982");
    /* each rule stands once, behind those of the default card: in MF, which the new files' directory belongs to */
    assert_apdu(&card, "00a4080c022f06", "9000");
    assert_int_equal(strncmp(apdu(&card, "00b20a0400"), "800101a406830101950108800102a010", 32), 0);
    assert_int_equal(strncmp(apdu(&card, "00b20b0400"), "8001019700ffff", 14), 0);
    assert_sw(&card, "00b20c0400", "6a83");
    test_card_end(&card);
}

static void removes_files(void **state)
{
    (void)state;
    struct test_card card;
    begin_card(&card, PERSONALISED "remove: [MF/DF_TELECOM, MF/ADF_USIM/EF_SPN]\n");
    enter_usim(&card);
    assert_sw(&card, "00a4080c027f10", "6a82");
    assert_sw(&card, SELECT("7f106f3a"), "6a82");
    assert_sw(&card, SELECT("7fff6f46"), "6a82");
    assert_apdu(&card, SELECT("7fff6f07"), "9000");
    assert_apdu(&card, "00b0000000", "0809101010325476989000");
    assert_apdu(&card, VERIFY_ADM, "9000"); /* rules and applications have followed their files */
    assert_sw(&card, "00d600000108", "9000");
    assert_apdu(&card, "00a4040c10" ISIM_AID, "9000");
    assert_apdu(&card, SELECT("7fff6f07"), "9000");
    assert_apdu(&card, "00b0000000", "0200009000");
    test_card_end(&card);
}

/* Removed first, then described anew, as another kind of file. */
static void replaces_files(void **state)
{
    (void)state;
    struct test_card card;
    begin_card(&card,
               PERSONALISED "remove: [MF/DF_TELECOM]\n"
                            "files:\n"
                            "  - {path: MF/7f10, kind: transparent, text: no more, rule: read-always-update-pin}\n");
    assert_apdu(&card, "00a4080c027f10", "9000");
    assert_apdu(&card, "00b0000000", "6e6f206d6f72659000");
    test_card_end(&card);
}

/* A rule under a name that says what a record says, an own rule, and a record by its number, are the same. */
static void refers_to_rules(void **state)
{
    (void)state;
    struct described described;
    describe(&described,
             PERSONALISED "rules:\n  mine: {read: pin, update: pin, state: adm1, resize: adm1}\n"
                          "files:\n"
                          "  - {path: MF/ADF_USIM/6f91, kind: transparent, size: 1, rule: mine}\n"
                          "  - {path: MF/ADF_USIM/6f92, kind: transparent, size: 1, rule: read-pin-update-pin}\n"
                          "  - path: MF/ADF_USIM/6f93\n"
                          "    kind: transparent\n"
                          "    size: 1\n"
                          "    rule: {file: MF/ADF_USIM/EF_ARR, record: 4}\n");
    const struct card_description *description = &described.description;
    for (size_t i = 1; i <= 3; i++) {
        const struct card_file *file = &description->files[description->file_count - i].file;
        assert_int_equal(file->arr_record, 4);
        assert_int_equal(description->files[file->arr_file].file.fid, 0x6f06);
        assert_int_equal(description->files[file->arr_file].file.record_count, 9);
    }
    forget_profile(&described);
}

/* Room that the changes leave stays for CREATE FILE; a larger card is made where there is not enough. */
static void keeps_room_free(void **state)
{
    (void)state;
    struct described usual;
    struct described full;
    struct described large;
    describe(&usual, PERSONALISED);
    describe(&full, PERSONALISED "files: [{path: MF/6f91, kind: transparent, size: 5000, rule: all-adm1}]\n");
    describe(&large, PERSONALISED "files: [{path: MF/6f91, kind: transparent, size: 40000, rule: all-adm1}]\n");
    assert_int_equal(card_description_memory_size(&usual.description), card_profile_memory_size());
    assert_int_equal(card_description_memory_size(&full.description), card_profile_memory_size());
    assert_int_equal(usual.description.free_size - full.description.free_size, 5000);
    assert_true(large.description.free_size >= 4096);
    assert_true(card_description_memory_size(&large.description) > card_profile_memory_size());
    forget_profile(&usual);
    forget_profile(&full);
    forget_profile(&large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_changed_contents), cmocka_unit_test(adds_files),      cmocka_unit_test(removes_files),
        cmocka_unit_test(replaces_files),         cmocka_unit_test(refers_to_rules), cmocka_unit_test(keeps_room_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
