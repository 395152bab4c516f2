/*
 * test_administration.c: DELETE and RESIZE FILE, ACTIVATE, DEACTIVATE and TERMINATE: who may, what is in use, what
 * other channels see (TS 102 221 11.1.14, 11.1.15; TS 102 222 clause 6). CREATE FILE has test_create_file.c.
 */
#include "file_testing.h"
#include "uicc/card_heap.h"

/* DELETE FILE */

static void test_delete(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    const uint32_t before = card_heap_free(&card.uicc.layout);
    assert_string_equal(create_directory(&card, 0x5000), "9000");
    assert_string_equal(create_transparent(&card, 0x5001, 10), "9000");
    assert_int_equal(card_heap_free(&card.uicc.layout), before - 10);
    static const struct exchange exchanges[] = {
        {"00e40000025002", "6a82"},
        {"00e40000022f05", "6a82"}, /* in MF, not here */
        {"00e40100025001", "6a86"},
        {"00e40001025001", "6a86"},
        {"00e40000", "6700"},
        {"00e400000150", "6700"},
        {"00e4000003500100", "6700"},
        {"80e40000025001", "6e00"},
        {"00e40000025001", "9000"},
        {"00b0000000", "6986"},
        {"00a4000c025001", "6a82"},
        {"00e40000025000", "9000"}, /* the current directory itself */
        {"80f2000c", "9000"},
        {"00a4000c025000", "6a82"},
        {"00a4000c022f05", "9000"},
        {"00e40000023f00", "6985"},
        {"00e40000022fe2", "9000"}, /* MF's rule says so, whatever EF_ICCID's does */
        {"00a4040c10" USIM_AID, "9000"},
        {"00e40000027ff0", "6985"},
        {"00e40000023f00", "6a82"},
    };
    assert_exchanges(&card, exchanges);
    assert_int_equal(card_heap_free(&card.uicc.layout), before + 10);
    test_card_restart(&card);
    test_card_end(&card);
}

/* Either the file's own rule allows it or that of its directory. */
static void test_who_may_delete(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    assert_string_equal(create_directory(&card, 0x5000), "9000");
    assert_string_equal(create_file(&card, DESCRIPTOR_TRANSPARENT, 0x5001, RULE_PIN_PIN, 1, NO_SFI), "9000");
    assert_string_equal(create_file(&card, DESCRIPTOR_TRANSPARENT, 0x5002, RULE_NEVER, 1, NO_SFI), "9000");
    assert_string_equal(create_file(&card, DESCRIPTOR_DIRECTORY, 0x5003, RULE_NEVER, NO_SIZE, NO_SFI), "9000");
    assert_string_equal(create_transparent(&card, 0x5004, 1), "6982");
    test_card_restart(&card);
    assert_string_equal(select_file(&card, 0x5000), "9000");
    assert_apdu(&card, "0020000108" TEST_PIN, "9000");
    assert_string_equal(delete_file(&card, 0x5001), "6982");
    assert_string_equal(delete_file(&card, 0x5002), "6982");
    assert_apdu(&card, "0020000a08" TEST_ADM, "9000");
    assert_string_equal(delete_file(&card, 0x5001), "9000");
    assert_string_equal(delete_file(&card, 0x5002), "9000");
    assert_string_equal(delete_file(&card, 0x5003), "9000");
    test_card_end(&card);
}

/* A whole tree goes; channels that stood in it stand above it, and those elsewhere where they stood. */
static void test_delete_tree(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    const uint32_t before = card_heap_free(&card.uicc.layout);
    assert_string_equal(create_directory(&card, 0x5000), "9000");
    assert_string_equal(create_directory(&card, 0x5001), "9000");
    assert_string_equal(create_file(&card, descriptor_of_records("42", 4), 0x5002, RULE_PIN_PIN, 8, 3), "9000");
    for (unsigned i = 1; i <= 4; i++) {
        assert_string_equal(apdu(&card, "0070000001") + 2, "9000");
    }
    static const struct exchange exchanges[] = {
        {"00a4080c022f05", "9000"},      {"01a4080c0450005001", "9000"}, {"02a4080c06500050015002", "9000"},
        {"02b2000200", "ffffffff9000"},  {"03a4080c025000", "9000"},     {"00e40000025000", "9000"},
        {"00b0000002", "656e9000"}, /* the file of channel 0 is still selected */
        {"01b0000001", "6986"},          {"02b2000400", "6986"},         {"02b2010400", "6986"},
        {"03b0000001", "6986"},          {"01b0850002", "656e9000"},     {"02b0850002", "656e9000"},
        {"03b0850002", "656e9000"}, /* they stand in MF */
        {"40a4040c10" USIM_AID, "9000"}, {"01a4080c025000", "6a82"},
    };
    assert_exchanges(&card, exchanges);
    assert_int_equal(card_heap_free(&card.uicc.layout), before);
    test_card_restart(&card);
    assert_string_equal(select_file(&card, 0x5000), "6a82");
    test_card_end(&card);
}

/* A channel whose current EF is deleted stays in its directory, without a file and without a current record. */
static void test_delete_current_file_of_other_channel(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    assert_string_equal(create_directory(&card, 0x5000), "9000");
    assert_string_equal(create_file(&card, descriptor_of_records("42", 4), 0x5001, RULE_PIN_PIN, 8, 3), "9000");
    static const struct exchange exchanges[] = {
        {"0070000001", "019000"},   {"01a4080c0450005001", "9000"}, {"01b2000200", "ffffffff9000"},
        {"00e40000025001", "9000"}, {"01b2000400", "6986"},         {"01b2011c00", "6a82"},
    };
    assert_exchanges(&card, exchanges);
    /* another file in the same slot is not the current one of channel 1 */
    assert_string_equal(create_file(&card, descriptor_of_records("42", 4), 0x5002, RULE_PIN_PIN, 8, 4), "9000");
    assert_apdu(&card, "01b2000400", "6986");
    assert_apdu(&card, "01a4000c025002", "9000");
    assert_apdu(&card, "01b2000400", "6a83");
    test_card_end(&card);
}

/* What the rules of files that stay are made of must stay. */
static void test_rules_in_use(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    assert_string_equal(delete_file(&card, 0x2f06), "6985");
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_string_equal(delete_file(&card, 0x6f06), "6985");
    assert_string_equal(create_directory(&card, 0x5000), "9000");
    assert_string_equal(create_file(&card, descriptor_of_records("42", 5), 0x5f06, RULE_PIN_PIN, 10, NO_SFI), "9000");
    assert_apdu(&card, "00dc0204058001039000", "9000"); /* record 2: always */
    assert_string_equal(create_with(&card, DESCRIPTOR_TRANSPARENT "830250018b035f06028001018800"), "9000");
    assert_apdu(&card, "00d600000155", "9000");
    assert_string_equal(delete_file(&card, 0x5f06), "6985");
    assert_string_equal(resize_file(&card, 0x5f06, 5), "6985");
    assert_string_equal(resize_file(&card, 0x5f06, 15), "9000");
    test_card_restart(&card);
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(&card, "00a4080c067fff50005001", "9000");
    assert_apdu(&card, "00b0000000", "559000"); /* the rule has moved with its file */
    assert_apdu(&card, "0020000a08" TEST_ADM, "9000");
    assert_string_equal(delete_file(&card, 0x5001), "9000");
    assert_string_equal(resize_file(&card, 0x5f06, 5), "9000");
    assert_string_equal(delete_file(&card, 0x5f06), "9000");
    test_card_end(&card);
}

/* A tree with rules of its own goes as a whole. */
static void test_delete_tree_with_its_rules(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    assert_string_equal(create_directory(&card, 0x5000), "9000");
    assert_string_equal(create_file(&card, descriptor_of_records("42", 5), 0x5f06, RULE_PIN_PIN, 5, NO_SFI), "9000");
    assert_string_equal(create_with(&card, DESCRIPTOR_DIRECTORY "830250018b035f0601"), "9000");
    assert_apdu(&card, "00a4000c023f00", "9000");
    assert_string_equal(delete_file(&card, 0x5000), "9000");
    test_card_restart(&card);
    test_card_end(&card);
}

/* As many files as a card can have, in one directory, which is deleted in one transaction. */
static void test_delete_large_tree(void **state)
{
    (void)state;
    struct test_card card = {.memory = calloc(1, nvm_size_for(CARD_DATA_MAX))};
    struct profile_workspace *workspace = malloc(sizeof *workspace);
    struct card_description description;
    const struct card_profile profile = test_profile();
    assert_true(card.memory != NULL && workspace != NULL);
    card.storage = (struct nvm_storage){.memory = card.memory,
                                        .size = nvm_size_for(CARD_DATA_MAX),
                                        .write = ram_write,
                                        .sync = ram_sync,
                                        .context = card.memory};
    assert_ok(crypto_openssl_open(&card.crypto));
    assert_ok(card_profile_describe(&profile, workspace, &description));
    description.free_slots = CARD_MAX_FILES - description.file_count;
    assert_ok(card_description_make(&description, &card.crypto, &workspace->card, &card.storage));
    free(workspace);
    assert_ok(uicc_power_on(&card.uicc, &card.storage, &card.crypto));

    assert_apdu(&card, "0020000a08" TEST_ADM, "9000");
    const uint32_t before = card_heap_free(&card.uicc.layout);
    assert_string_equal(create_directory(&card, 0x5000), "9000");
    unsigned count = 0;
    while (strcmp(create_transparent(&card, 0x5100 + count, 2), "9000") == 0) {
        count++;
    }
    assert_int_equal(count, description.free_slots - 1);
    assert_true(count > 100);
    assert_string_equal(delete_file(&card, 0x5000), "9000");
    assert_int_equal(card_heap_free(&card.uicc.layout), before);
    test_card_restart(&card);
    assert_string_equal(select_file(&card, 0x5000), "6a82");
    test_card_end(&card);
}

/* RESIZE FILE */

static void test_resize_transparent(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    assert_string_equal(create_transparent(&card, 0x5001, 4), "9000");
    assert_apdu(&card, "00d600000401020304", "9000");
    assert_string_equal(create_transparent(&card, 0x5002, 4), "9000"); /* so that the first one cannot grow in place */
    const uint32_t before = card_heap_free(&card.uicc.layout);
    assert_string_equal(resize_file(&card, 0x5001, 6), "9000");
    assert_int_equal(card_heap_free(&card.uicc.layout), before - 2);
    assert_apdu(&card, "00b0000000", "ffffffff9000"); /* the current file is still the other one */
    assert_string_equal(select_file(&card, 0x5001), "9000");
    assert_apdu(&card, "00b0000000", "01020304ffff9000");
    assert_string_equal(resize_file(&card, 0x5001, 3), "9000");
    assert_apdu(&card, "00b0000000", "0102039000");
    assert_apdu(&card, "00d600030100", "6b00");
    assert_string_equal(resize_file(&card, 0x5001, 3), "9000");
    assert_string_equal(resize_file(&card, 0x5001, 4), "9000");
    assert_apdu(&card, "00b0000000", "010203ff9000"); /* what was cut off does not come back */
    assert_int_equal(card_heap_free(&card.uicc.layout), before);
    assert_string_equal(resize_file(&card, 0x5001, 3000), "9000"); /* in several transactions */
    assert_apdu(&card, "00d609c302abcd", "9000");
    assert_string_equal(resize_file(&card, 0x5001, 3500), "9000");
    assert_string_equal(resize_file(&card, 0x5001, 2501), "9000");
    test_card_restart(&card);
    assert_apdu(&card, "0020000108" TEST_PIN, "9000");
    assert_string_equal(select_file(&card, 0x5001), "9000");
    assert_apdu(&card, "00b0000004", "010203ff9000");
    assert_apdu(&card, "00b009c300", "abcd9000");
    test_card_end(&card);
}

static void test_resize_refused(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"80d40100036201aa", "6a86"},
        {"80d40001036201aa", "6a86"},
        {"00d400000a62088302500180020004", "6e00"},
        {"80d40000", "6a80"},
        {"80d400000483025001", "6a80"},
        {"80d4000006620483025001", "6a80"}, /* no size */
        {"80d4000006620480020004", "6a80"}, /* no identifier */
        {"80d4000009620783015080020004", "6a80"},
        {"80d400000a62088302500180020000", "6a80"},
        {"80d400000b6209830250018003010000", "6a80"},
        {"80d40000086206830250018000", "6a80"},
        {"80d400000a62088302500280020007", "6a80"}, /* no whole records */
        {"80d400000a62088302500480020004", "6a82"},
        {"80d400000a62088302500080020004", "6a82"}, /* the directory itself is no file in it */
        {"80d400000a620883025003800200ff", "6a80"}, /* 255 records */
        {"00a4000c023f00", "9000"},
        {"80d400000a62088302500080020004", "6a81"}, /* a directory has no size */
    };
    struct test_card card;
    begin_as_administrator(&card);
    assert_string_equal(create_directory(&card, 0x5000), "9000");
    assert_string_equal(create_transparent(&card, 0x5001, 4), "9000");
    assert_string_equal(create_file(&card, descriptor_of_records("42", 4), 0x5002, RULE_PIN_PIN, 8, NO_SFI), "9000");
    assert_string_equal(create_file(&card, descriptor_of_records("42", 1), 0x5003, RULE_PIN_PIN, 8, NO_SFI), "9000");
    assert_exchanges(&card, exchanges);
    const unsigned all = card_heap_free(&card.uicc.layout);
    assert_string_equal(select_file(&card, 0x5000), "9000");
    assert_string_equal(resize_file(&card, 0x5001, all + 1), "6a84");
    assert_string_equal(resize_file(&card, 0x5001, all), "9000"); /* old and new fit beside each other, just */
    assert_string_equal(resize_file(&card, 0x5002, 12), "6a84");
    assert_string_equal(resize_file(&card, 0x5002, 4), "9000");
    test_card_restart(&card);
    assert_string_equal(select_file(&card, 0x5000), "9000");
    assert_apdu(&card, "0020000108" TEST_PIN, "9000");
    assert_string_equal(resize_file(&card, 0x5001, 4), "6982");
    assert_apdu(&card, "0020000a08" TEST_ADM, "9000");
    assert_string_equal(resize_file(&card, 0x5001, 4), "9000");
    /* rule 9 allows everything that has a bit, but RESIZE FILE has none */
    assert_string_equal(create_file(&card, DESCRIPTOR_TRANSPARENT, 0x5004, RULE_ALL_ADM, 4, NO_SFI), "9000");
    assert_string_equal(resize_file(&card, 0x5004, 2), "6982");
    test_card_end(&card);
}

static void test_resize_records(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    assert_string_equal(create_file(&card, descriptor_of_records("42", 2), 0x5001, RULE_PIN_PIN, 6, NO_SFI), "9000");
    for (unsigned i = 1; i <= 3; i++) {
        assert_string_equal(apduf(&card, "00dc%02x04020a%02x", i, i), "9000");
    }
    assert_string_equal(resize_file(&card, 0x5001, 10), "9000");
    static const struct exchange larger[] = {
        {"00b2010400", "0a019000"}, {"00b2030400", "0a039000"}, {"00b2040400", "ffff9000"},
        {"00b2050400", "ffff9000"}, {"00b2060400", "6a83"},     {"00b2000300", "ffff9000"}, /* the last is current */
    };
    assert_exchanges(&card, larger);
    assert_string_equal(resize_file(&card, 0x5001, 4), "9000");
    static const struct exchange smaller[] = {
        {"00b2000400", "6a83"}, /* the current record is gone, and none is current */
        {"00a20004010a", "01029000"}, {"00b2020400", "0a029000"},
        {"00b2030400", "6a83"},       {"00a40004025001", "621982054221000202830250018a01058b032f06048002000488009000"},
    };
    assert_exchanges(&card, smaller);
    assert_string_equal(resize_file(&card, 0x5001, 2 * 254), "9000");
    assert_apdu(&card, "00b2fe0400", "ffff9000");
    test_card_end(&card);
}

/* A cyclic file that has turned: the newest records stay, in the order of their age. */
static void test_resize_cyclic(void **state)
{
    (void)state;
    for (unsigned written = 0; written <= 7; written++) {
        for (unsigned records = 1; records <= 7; records++) {
            struct test_card card;
            begin_as_administrator(&card);
            assert_string_equal(create_file(&card, descriptor_of_records("46", 2), 0x5001, RULE_PIN_PIN, 8, NO_SFI),
                                "9000");
            for (unsigned i = 1; i <= written; i++) {
                assert_string_equal(apduf(&card, "00dc0003020a%02x", i), "9000");
            }
            assert_string_equal(resize_file(&card, 0x5001, 2 * records), "9000");
            for (unsigned age = 1; age <= records; age++) {
                char expected[9] = "ffff9000";
                if (age <= written && age <= 4) {
                    (void)snprintf(expected, sizeof expected, "0a%02x9000", written + 1 - age);
                }
                assert_string_equal(apduf(&card, "00b2%02x0400", age), expected);
            }
            assert_string_equal(apduf(&card, "00b2%02x0400", records + 1), "6a83");
            assert_apdu(&card, "00dc0003020b00", "9000"); /* and it goes on turning */
            assert_apdu(&card, "00b2010400", "0b009000");
            test_card_restart(&card);
            test_card_end(&card);
        }
    }
}

static void test_resize_objects(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    assert_string_equal(create_file(&card, DESCRIPTOR_BER_TLV, 0x5001, RULE_PIN_PIN, 20, NO_SFI), "9000");
    assert_apdu(&card, "80db00800480020102", "9000");
    assert_apdu(&card, "80db0080058103030405", "9000");
    static const struct exchange exchanges[] = {
        {"80d400000a6208830250018002000a", "6a80"}, /* nine octets of objects and two of the card's own */
        {"80d400000a6208830250018002000b", "9000"},
        {"80cb0080018100", "81030304059000"},
        {"80db0080028200", "6a84"},
        {"80d400000a6208830250018002000d", "9000"},
        {"80db0080028200", "9000"},
        {"80cb0080015c00", "5c038081829000"},
        {"80cb0080018000", "800201029000"},
        {"80d400000a620883025001800204b0", "9000"},
        {"80d400000a620883025001800204b1", "6a80"},
        {"80d400000a62088302500180020003", "6a80"},
        {"80cb0080018100", "81030304059000"},
    };
    assert_exchanges(&card, exchanges);
    test_card_restart(&card);
    test_card_end(&card);
}

/* EF_ARR keeps the rules that files refer to: the card could not be opened without them. */
static void test_resize_rules(void **state)
{
    (void)state;
    enum { LENGTH = 56, RULES = 9 };
    struct test_card card;
    begin_as_administrator(&card);
    assert_string_equal(resize_file(&card, 0x2f06, LENGTH * (RULES - 1)), "6985");
    assert_string_equal(resize_file(&card, 0x2f06, LENGTH * 1), "6985");
    assert_string_equal(resize_file(&card, 0x2f06, LENGTH * (RULES + 1)), "9000");
    assert_string_equal(resize_file(&card, 0x2f06, LENGTH * RULES), "9000");
    test_card_restart(&card);
    assert_apdu(&card, "0020000a08" TEST_ADM, "9000");
    assert_string_equal(create_transparent(&card, 0x5001, 1), "9000"); /* the rules are where they were */
    test_card_end(&card);
}

/* ACTIVATE, DEACTIVATE and TERMINATE FILE */

static void test_change_state(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"0004000000", "6986"},
        {"00440000022f05", "9000"}, /* as it is */
        {"00040000022f05", "9000"},
        {"00040000022f05", "9000"},
        {"00a40004022f05", "62178202412183022f058a01048b032f06018002000a8801286283"},
        {"00b0850002", "6984"},
        {"0044000000", "9000"},
        {"00b0000002", "656e9000"},
        {"00040900022f05", "9000"},
        {"00440800022f05", "9000"}, /* by a path from here, and from MF */
        {"00a4040c10" USIM_AID, "9000"},
        {"00040800047fff6f46", "9000"},
        {"00440900026f46", "9000"},
        {"00040000026f46", "9000"},
        {"00a4080c047fff6f46", "6283"},
        {"00440000026f46", "9000"},
        {"00040900022f05", "6a82"},
        {"00040000022f05", "6a82"},
        {"00040800022f05", "9000"},
        {"00440800022f05", "9000"},
        {"00040800012f", "6700"},
        {"0004080000", "6700"},
        {"00040000012f", "6700"},
        {"00040000042f052f05", "6700"},
        {"00040100022f05", "6a86"},
        {"00040001022f05", "6a86"},
        {"00440a00022f05", "6a86"},
        {"00e80800022f05", "6a86"},
        {"00e60900022f05", "6a86"},
        {"00040000023f00", "6981"},
        {"00040000027fff", "6981"},
        {"00e80000027fff", "6981"},
        {"00e60000026f46", "6981"},
        {"00e60000023f00", "6981"},
        {"80040000022f05", "6e00"},
    };
    struct test_card card;
    begin_as_administrator(&card);
    assert_exchanges(&card, exchanges);
    test_card_restart(&card);
    assert_apdu(&card, "00040000022f05", "6982");
    assert_apdu(&card, "0020000108" TEST_PIN, "9000");
    assert_apdu(&card, "00040000022f05", "6982");
    assert_apdu(&card, "00e80000022f05", "6982");
    assert_apdu(&card, "00e60000027f10", "6982");
    test_card_end(&card);
}

/* Whatever a file can do, it does not while it is deactivated, and never again once it is terminated. */
static void test_files_out_of_use(void **state)
{
    (void)state;
    static const struct exchange unusable[] = {
        {"00b0820001", "6984"},       {"00d682000100", "6984"}, {"00b201e400", "6984"},
        {"00dc00e303000001", "6984"}, {"00a201e40100", "6984"}, {"80329c000101", "6984"},
    };
    static const struct exchange deactivate[] = {{"00040000026f05", "9000"}, {"00040000026f39", "9000"}};
    static const struct exchange activate[] = {
        {"00440000026f05", "9000"}, {"00440000026f39", "9000"}, {"00b0820001", "659000"}, {"00b201e400", "0000009000"}};
    static const struct exchange terminate[] = {
        {"00e80000026f05", "9000"}, {"00e80000026f39", "9000"}, {"00a4000c026f39", "6285"}, {"00440000026f39", "6985"},
        {"00040000026f39", "6985"}, {"00e80000026f39", "6985"}, {"0044000000", "6985"},
    };
    struct test_card card;
    begin_as_administrator(&card);
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_exchanges(&card, deactivate);
    assert_exchanges(&card, unusable);
    assert_exchanges(&card, activate);
    assert_exchanges(&card, terminate);
    assert_exchanges(&card, unusable);
    test_card_restart(&card);
    assert_apdu(&card, "0020000108" TEST_PIN, "9000");
    assert_apdu(&card, "0020000a08" TEST_ADM, "9000");
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_exchanges(&card, unusable);
    assert_apdu(&card, "00e40000026f39", "9000"); /* it can go, though */
    test_card_end(&card);
}

/* In a terminated directory nothing can be used, however deep it lies; only away with it. */
static void test_terminated_directory(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    assert_string_equal(create_directory(&card, 0x5000), "9000");
    assert_string_equal(create_file(&card, DESCRIPTOR_TRANSPARENT, 0x5003, RULE_PIN_PIN, 4, 3), "9000");
    assert_string_equal(create_directory(&card, 0x5001), "9000");
    assert_string_equal(create_file(&card, DESCRIPTOR_BER_TLV, 0x5002, RULE_PIN_PIN, 40, 2), "9000");
    static const struct exchange exchanges[] = {
        {"00e60000025000", "9000"}, {"80cb0080015c00", "6984"}, {"80db0080028000", "6984"}, {"00a4080c025000", "6285"},
        {"00b0830000", "6984"},     {"00d683000100", "6984"},   {"00a4000c025001", "9000"}, {"80cb0280015c00", "6984"},
        {"00e60000025000", "6985"}, {"00a4080c025000", "6285"},
    };
    assert_exchanges(&card, exchanges);
    assert_string_equal(create_transparent(&card, 0x5004, 4), "6985");
    assert_string_equal(create_directory(&card, 0x5004), "6985");
    test_card_restart(&card);
    assert_apdu(&card, "00a4080c025000", "6285");
    assert_apdu(&card, "0020000108" TEST_PIN, "9000");
    assert_apdu(&card, "00b0830000", "6984");
    assert_apdu(&card, "0020000a08" TEST_ADM, "9000");
    assert_string_equal(delete_file(&card, 0x5000), "9000");
    assert_apdu(&card, "00b0850002", "656e9000"); /* the channel stands in MF */
    test_card_end(&card);
}

static void test_terminated_application(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    static const struct exchange exchanges[] = {
        {"00a4040c10" USIM_AID, "9000"},
        {"00b0820002", "656e9000"},
        {"008800801110"
         "23553cbe9637a89d218ae64dae47bf35",
         "0446f8416a08eae4be823af9a08b9000"},
        {"00e60000027fff", "9000"},
        {"008800801110"
         "23553cbe9637a89d218ae64dae47bf35",
         "6985"},
        {"00b0820002", "6984"},
        {"00a4040c10" USIM_AID, "6285"},
        {"00a4040c10" ISIM_AID, "9000"}, /* the other application goes on */
        {"00b0830001", "009000"},
    };
    assert_exchanges(&card, exchanges);
    test_card_end(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delete),
        cmocka_unit_test(test_who_may_delete),
        cmocka_unit_test(test_delete_tree),
        cmocka_unit_test(test_delete_current_file_of_other_channel),
        cmocka_unit_test(test_rules_in_use),
        cmocka_unit_test(test_delete_tree_with_its_rules),
        cmocka_unit_test(test_delete_large_tree),
        cmocka_unit_test(test_resize_transparent),
        cmocka_unit_test(test_resize_refused),
        cmocka_unit_test(test_resize_records),
        cmocka_unit_test(test_resize_cyclic),
        cmocka_unit_test(test_resize_objects),
        cmocka_unit_test(test_resize_rules),
        cmocka_unit_test(test_change_state),
        cmocka_unit_test(test_files_out_of_use),
        cmocka_unit_test(test_terminated_directory),
        cmocka_unit_test(test_terminated_application),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
