/*
 * test_record_commands.c: READ, UPDATE and SEARCH RECORD, INCREASE, on linear fixed and cyclic files (TS 102 221 11.1.5
 * to 11.1.8).
 */
#include "file_testing.h"

static void test_read_record(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00b2010400", "6986"},         {"00a4040c10" USIM_AID, "9000"},
        {"00a4000c026fb7", "9000"}, /* EF_ECC: two records of four octets */
        {"00b2000400", "6a83"},     /* no record is current */
        {"00b2010400", "11f2ff009000"}, {"00b2010404", "11f2ff009000"},
        {"00b2010403", "6700"},         {"00b2010405", "6700"},
        {"00b20104", "6700"},           {"00b2010401aa", "6700"},
        {"00b2020400", "ffffffff9000"}, {"00b2030400", "6a83"},
        {"00b2ff0400", "6a83"},         {"00b2000400", "6a83"}, /* an absolute number does not move the pointer */
        {"00b2000200", "11f2ff009000"},                         /* next: the first */
        {"00b2000400", "11f2ff009000"}, {"00b2000200", "ffffffff9000"},
        {"00b2000200", "6a83"},         {"00b2000400", "ffffffff9000"},
        {"00b2000300", "11f2ff009000"}, /* previous */
        {"00b2000300", "6a83"},         {"00a4000c026fb7", "9000"},
        {"00b2000300", "ffffffff9000"}, /* previous of none: the last */
        {"00b2010200", "6a86"},         {"00b2010300", "6a86"},
        {"00b2000000", "6a86"},         {"00b2010100", "6a86"},
        {"00b2010500", "6a86"},         {"00b2010600", "6a86"},
        {"00b2010700", "6a86"},         {"00b2010c00", "11f2ff009000"}, /* by SFI 01 */
        {"00b2000400", "6a83"},                                         /* which selects it anew */
        {"00b2012400", "6981"},                                         /* SFI 04 is EF_UST */
        {"00b201fc00", "6a82"},                                         /* SFI 1F */
        {"00a4000c026f46", "9000"},     {"00b2010400", "6981"},
    };
    run_on_new_card(exchanges);
}

static void test_update_record(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00a4040c10" USIM_AID, "9000"},  {"00a4000c026fb7", "9000"},     {"00dc02040412345678", "6982"},
        {"0020000a08" TEST_ADM, "9000"},  {"00dc02040412345678", "9000"}, {"00b2020400", "123456789000"},
        {"00b2010400", "11f2ff009000"},   {"00dc00040400000000", "6a83"}, {"00dc000204aabbccdd", "9000"},
        {"00b2010400", "aabbccdd9000"},   {"00dc000204eeff0011", "9000"}, {"00b2020400", "eeff00119000"},
        {"00dc00020400000000", "6a83"},   {"00dc00030401020304", "9000"}, {"00b2010400", "010203049000"},
        {"00dc010c0455555555", "9000"}, /* by SFI */
        {"00b2010400", "555555559000"},   {"00dc03040400000000", "6a83"}, {"00dc010403000000", "6700"},
        {"00dc0104050000000000", "6700"}, {"00dc0104", "6700"},           {"00dc01010400000000", "6a86"},
        {"80dc01040400000000", "6e00"},
    };
    struct test_card card;
    test_card_begin(&card);
    assert_exchanges(&card, exchanges);
    test_card_restart(&card);
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(&card, "00b2010c00", "555555559000");
    assert_apdu(&card, "00b2020400", "eeff00119000");
    test_card_end(&card);
}

/* 254 records, and records of 255 octets, are the most there is. */
static void test_largest_files(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    assert_string_equal(create_directory(&card, 0x5000), "9000");
    assert_string_equal(create_file(&card, descriptor_of_records("42", 1), 0x5001, RULE_PIN_PIN, 255, 0), "6a80");
    assert_string_equal(create_file(&card, descriptor_of_records("42", 1), 0x5001, RULE_PIN_PIN, 254, 30), "9000");
    assert_apdu(&card, "00dcfef40112", "9000"); /* record FE by SFI 1E */
    assert_apdu(&card, "00b2fe0401", "129000");
    assert_apdu(&card, "00b2fd0401", "ff9000");
    assert_apdu(&card, "00b2ff0401", "6a83");
    assert_apdu(&card, "00dcff040112", "6a83");
    assert_apdu(&card, "00a2010400", "6700");
    assert_apdu(&card, "00a201f40112", "fe9000");
    assert_apdu(&card, "00b2000400", "129000"); /* what was found is the current record */
    assert_apdu(&card, "00b2000200", "6a83");
    assert_int_equal(strlen(apdu(&card, "00a2010401ff")), 2 * 253 + 4);
    assert_apdu(&card, "00a2010401ff03", "0102039000");

    assert_string_equal(create_file(&card, descriptor_of_records("42", 256), 0x5002, RULE_PIN_PIN, 256, 0), "6a80");
    assert_string_equal(create_file(&card, descriptor_of_records("42", 255), 0x5002, RULE_PIN_PIN, 510, 1), "9000");
    assert_string_equal(apduf(&card, "00dc020cff%s", repeated("3c", 255)), "9000");
    assert_string_equal(apdu(&card, "00b2020400"), apdu(&card, "00b20204ff"));
    assert_string_equal(apduf(&card, "00a20104ff%s", repeated("3c", 255)), "029000");
    assert_apdu(&card, "00b20204fe", "6700");
    test_card_end(&card);
}

/* Cyclic files */

/* A cyclic file of four records of three octets, SFI 1C: 6F39 in the USIM as every card has it. */
static void begin_with_acm(struct test_card *card)
{
    test_card_begin(card);
    enter_usim(card);
    assert_apdu(card, "00a4000c026f39", "9000");
}

static void test_cyclic_file(void **state)
{
    (void)state;
    struct test_card card;
    begin_with_acm(&card);
    static const struct exchange exchanges[] = {
        {"00dc010403000001", "6a86"}, /* a cyclic file is written with "previous" only */
        {"00dc000403000001", "6a86"}, {"00dc000203000001", "6a86"},   {"00dc010303000001", "6a86"},
        {"00dc0003020001", "6700"},   {"00dc00030400000001", "6700"}, {"00b2010400", "0000009000"},
        {"00dc000303000001", "9000"}, {"00b2000400", "0000019000"}, /* record 1 is the current one now */
        {"00dc000303000002", "9000"}, {"00dc000303000003", "9000"},   {"00dc000303000004", "9000"},
        {"00b2010400", "0000049000"}, {"00b2020400", "0000039000"},   {"00b2030400", "0000029000"},
        {"00b2040400", "0000019000"}, {"00b2050400", "6a83"},         {"00dc00e303000005", "9000"}, /* by SFI 1C */
        {"00b2010400", "0000059000"}, {"00b2040400", "0000029000"},   {"00b2000200", "0000049000"},
        {"00b2000200", "0000039000"}, {"00b2000200", "0000029000"},   {"00b2000200", "0000059000"}, /* round it goes */
        {"00b2000300", "0000029000"}, {"00a4000c026f39", "9000"},     {"00b2000300", "0000029000"}, /* the oldest */
        {"00a4000c026f39", "9000"},   {"00b2000200", "0000059000"},   {"00b2000400", "0000059000"},
    };
    assert_exchanges(&card, exchanges);
    test_card_restart(&card);
    enter_usim(&card);
    assert_apdu(&card, "00b201e400", "0000059000");
    assert_apdu(&card, "00b2040400", "0000029000");
    test_card_end(&card);
}

/* One record, and 254: the place of record 1 goes round. */
static void test_turning(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    for (unsigned records = 1; records <= 254; records += 253) {
        assert_string_equal(
            create_file(&card, descriptor_of_records("46", 2), 0x5000 + records, RULE_PIN_PIN, 2 * records, 0), "9000");
        for (unsigned i = 1; i <= 2 * records + 1; i++) {
            assert_string_equal(apduf(&card, "00dc000302%04x", i), "9000");
            assert_string_equal(apdu(&card, "00b2010400"), apduf(&card, "00b2010402"));
            assert_string_equal(apdu(&card, "00b2010400") + 4, "9000");
        }
        assert_string_equal(apduf(&card, "00b2010402"), records == 1 ? "00039000" : "01fd9000");
        assert_string_equal(apduf(&card, "00b2%02x0402", records), records == 1 ? "00039000" : "01009000");
    }
    test_card_end(&card);
}

/* INCREASE */

static void test_increase(void **state)
{
    (void)state;
    struct test_card card;
    begin_with_acm(&card);
    static const struct exchange exchanges[] = {
        {"803200000300000500", "0000050000059000"},
        {"803200000300000500", "00000a0000059000"},
        {"803200000107", "000011079000"}, /* shorter than the record */
        {"80329c0001ef", "000100ef9000"}, /* by SFI */
        {"8032000002ff00", "010000ff009000"},
        {"00b2010400", "0100009000"},
        {"00b2020400", "0001009000"},
        {"00b2030400", "0000119000"},
        {"00b2040400", "00000a9000"},
        {"00b2000400", "0100009000"},
        {"8032000003ff0000", "9850"},
        {"8032000003feffff", "fffffffeffff9000"},
        {"803200000101", "9850"},
        {"803200000100", "ffffff009000"}, /* plus nothing: a record of its own all the same */
        {"00b2010400", "ffffff9000"},
        {"00b2020400", "ffffff9000"},
        {"80320000", "6700"},
        {"803200000400000001", "6700"},
        {"803200010101", "6a86"},
        {"803201000101", "6a86"},
        {"8032bc000101", "6a86"},
        {"80329f000101", "6a82"},
        {"803284000101", "6981"}, /* EF_UST */
        {"803281000101", "6981"}, /* EF_ECC has records, but is not cyclic */
        {"003200000101", "6e00"},
    };
    assert_exchanges(&card, exchanges);
    test_card_restart(&card);
    assert_apdu(&card, "80329c000101", "6a82");
    assert_apdu(&card, "803200000101", "6986");
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(&card, "80329c000101", "6982");
    test_card_end(&card);
}

/* 127 octets are the most that INCREASE adds to; a file without a rule for it does not grow. */
static void test_increase_limits(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    assert_string_equal(create_file(&card, descriptor_of_records("46", 127), 0x5001, RULE_PIN_INCREASE_PIN, 254, 0),
                        "9000");
    assert_string_equal(apduf(&card, "00dc00037f%s", repeated("00", 127)), "9000");
    const char *sum = apduf(&card, "803200007f%s", repeated("7f", 127));
    assert_int_equal(strncmp(sum, repeated("7f", 254), 508), 0);
    assert_string_equal(sum + 508, "9000");
    assert_string_equal(create_file(&card, descriptor_of_records("46", 128), 0x5002, RULE_PIN_INCREASE_PIN, 256, 0),
                        "9000");
    assert_apdu(&card, "803200000101", "6700");
    assert_string_equal(create_file(&card, descriptor_of_records("46", 3), 0x5003, RULE_PIN_PIN, 6, 0), "9000");
    assert_apdu(&card, "803200000101", "6982");
    assert_apdu(&card, "00040000025001", "9000");
    assert_string_equal(select_file(&card, 0x5001), "6283");
    assert_apdu(&card, "803200000101", "6984");
    test_card_end(&card);
}

/* SEARCH RECORD */

/* Five records of four octets in 5001; the third one is the current record. */
static void begin_with_records(struct test_card *card, const char *kind)
{
    static const char *const records[] = {"00112233", "aabbccdd", "11223311", "22331122", "00000011"};
    begin_as_administrator(card);
    assert_string_equal(create_file(card, descriptor_of_records(kind, 4), 0x5001, RULE_PIN_PIN, 20, 9), "9000");
    for (unsigned i = 0; i < 5; i++) {
        if (strcmp(kind, "46") == 0) {
            assert_string_equal(apduf(card, "00dc000304%s", records[4 - i]), "9000");
        } else {
            assert_string_equal(apduf(card, "00dc%02x0404%s", i + 1, records[i]), "9000");
        }
    }
    assert_string_equal(select_file(card, 0x5001), "9000");
    for (unsigned i = 0; i < 3; i++) {
        assert_string_equal(sw_of(apdu(card, "00b2000200")), "9000");
    }
}

static const struct exchange searches[] = {
    {"00a20104021122", "0103049000"}, /* forward from record 1 */
    {"00a20204021122", "03049000"},
    {"00a20504021122", "6282"},
    {"00a20604021122", "6a83"},
    {"00a20505021122", "0403019000"}, /* backward from record 5 */
    {"00a20305021122", "03019000"},
    {"00a20605021122", "6a83"},
    {"00a2010402ffff", "6282"},
    {"00a20104011102", "01039000"}, /* no more than Le */
    {"00a20104011100", "010304059000"},
    {"00a2010404aabbccdd00", "029000"},
    {"00a2010405aabbccdd00", "6700"},
    {"00a20104", "6700"},
    {"00a2010400", "6700"},
    {"00a20102021122", "6a86"},
    {"00a20107021122", "6a86"},
    {"00a2014c021122", "0103049000"}, /* by SFI 09 */
    {"80a20104021122", "6e00"},
};

static void test_simple_search(void **state)
{
    (void)state;
    static const char *const kinds[] = {"42", "46"};
    for (unsigned i = 0; i < 2; i++) {
        struct test_card card;
        begin_with_records(&card, kinds[i]);
        assert_exchanges(&card, searches);
        assert_string_equal(select_file(&card, 0x5001), "9000");
        static const struct exchange from_current[] = {
            {"00a20005010000", "05019000"}, /* no current record: backwards from the last one */
            {"00a20004010000", "059000"}, /* which is the current one now */
            {"00a20005011102", "05049000"}, {"00b2000400", "000000119000"},
            {"00a4000c025001", "9000"},     {"00a200040111", "010304059000"},
        };
        assert_exchanges(&card, from_current);
        assert_apdu(&card, "00a2010001aa", "6a86");
        test_card_end(&card);
    }
}

/* Search indication: direction and where to begin, then an offset or an octet to begin after. */
static void test_enhanced_search(void **state)
{
    (void)state;
    struct test_card card;
    begin_with_records(&card, "42"); /* record 3 is the current one */
    static const struct exchange exchanges[] = {
        {"00a2000603060011", "04059000"}, /* forward from the next record; what is found first is the current one */
        {"00a2000603070011", "03019000"}, /* backward from the previous one */
        {"00a2000603070011", "019000"},   /* from record 2 on */
        {"00a2000603070011", "6a83"},     /* before the first record there is none */
        {"00b2000400", "001122339000"},   /* which is the current one still */
        {"00a20006030600ee", "6282"},
        {"00a20106030500ee", "6282"},
        {"00a2050603040011", "059000"}, /* forward from record 5 */
        {"00a2000603060011", "6a83"},   /* behind it there is none */
        {"00a2010603040111", "010304059000"},
        {"00a2010603040311", "03059000"}, /* at offset 3 and behind it */
        {"00a2010603040411", "6282"},
        {"00a201060304ff11", "6282"},
        {"00a2050603050311", "05039000"},
        {"00a20106030c2233", "0103049000"}, /* behind the first octet 22 */
        {"00a20106040c223311", "03049000"},
        {"00a20506030d0011", "05019000"},
        {"00a20106030cee11", "6282"},
        {"00a20106060400aabbccdd", "029000"},
        {"00a20106070400aabbccddee", "6700"},
        {"00a20106020400", "6700"}, /* nothing to look for */
        {"00a201060104", "6700"},
        {"00a20106", "6700"},
        {"00a2010603000011", "6a80"},
        {"00a2010603030011", "6a80"},
        {"00a2010603140011", "6a80"},
        {"00a2010603840011", "6a80"},
        {"00a4000c025001", "9000"},
        {"00a2000603070011", "050403019000"}, /* no current record: from the last one */
        {"00a4000c025001", "9000"},
        {"00a2000603060011", "010304059000"},
    };
    assert_exchanges(&card, exchanges);
    test_card_end(&card);
}

/* Searching is reading: the same right, and no other structure. */
static void test_who_may_search(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00a201040111", "6986"},   {"00a4040c10" USIM_AID, "9000"}, {"00a4000c026f3b", "9000"},
        {"00a2010401ff", "6982"},   {"0020000108" TEST_PIN, "9000"}, {"00a2010401ff01", "019000"},
        {"00a4000c026f07", "9000"}, {"00a2010401ff", "6981"},        {"00a2013c0108", "6981"}, /* by SFI 07 */
        {"00a201fc0108", "6a82"},
    };
    run_on_new_card(exchanges);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_record),     cmocka_unit_test(test_update_record),
        cmocka_unit_test(test_largest_files),   cmocka_unit_test(test_cyclic_file),
        cmocka_unit_test(test_turning),         cmocka_unit_test(test_increase),
        cmocka_unit_test(test_increase_limits), cmocka_unit_test(test_simple_search),
        cmocka_unit_test(test_enhanced_search), cmocka_unit_test(test_who_may_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
