/* test_create_file.c: CREATE FILE: what an FCP may say, identifiers, depth, slots and memory (TS 102 222 6.3). */
#include "file_testing.h"
#include "uicc/card_heap.h"

#define FID      "83025001"
#define STATE    "8a0105"
#define SECURITY "8b032f0604"
#define SIZE     "80020004"
#define NONE     "8800"
#define REST     FID STATE SECURITY SIZE NONE

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *content;
        const char *fcp; /* that SELECT gives */
    } cases[] = {
        {DESCRIPTOR_TRANSPARENT REST, "621682024121" REST "9000"},
        {"82020121" REST, "621682024121" REST "9000"}, /* whether it says shareable or not */
        {DESCRIPTOR_BER_TLV REST, "621682027921" REST "9000"},
        {"82023921" REST, "621682027921" REST "9000"},
        {"820442210002" REST, "6219820542210002"
                              "02" REST "9000"},
        {"82054221000202" REST, "6219820542210002"
                                "02" REST "9000"},
        {"820446210001" REST, "6219820546210001"
                              "04" REST "9000"},
        {"820406210004" REST, "6219820546210004"
                              "01" REST "9000"},
        {DESCRIPTOR_DIRECTORY FID STATE SECURITY, "621b82027821" FID STATE SECURITY "c6099001c0830101830181"
                                                  "9000"},
        {"82023821" FID STATE SECURITY, "621b82027821" FID STATE SECURITY "c6099001c0830101830181"
                                        "9000"},
        {DESCRIPTOR_TRANSPARENT FID "8a0104" SECURITY SIZE NONE, "621682024121" FID "8a0104" SECURITY SIZE NONE "6283"},
        {DESCRIPTOR_TRANSPARENT FID SECURITY SIZE NONE, "621682024121" REST "9000"}, /* activated unless told */
        {DESCRIPTOR_TRANSPARENT FID SECURITY "800104" NONE, "621682024121" REST "9000"},
        {DESCRIPTOR_TRANSPARENT FID SECURITY "8003000004" NONE, "621682024121" REST "9000"},
        {DESCRIPTOR_TRANSPARENT FID SECURITY SIZE "8801f0", "621782024121" FID STATE SECURITY SIZE "8801f0"
                                                            "9000"},
        /* without tag 88 the SFI is the end of the identifier, which may be none */
        {DESCRIPTOR_TRANSPARENT FID SECURITY SIZE, "621782024121" FID STATE SECURITY SIZE "880108"
                                                   "9000"},
        {DESCRIPTOR_TRANSPARENT "8302501e" SECURITY SIZE, "621782024121"
                                                          "8302501e" STATE SECURITY SIZE "8801f0"
                                                          "9000"},
        {DESCRIPTOR_TRANSPARENT "8302501f" SECURITY SIZE, "621682024121"
                                                          "8302501f" STATE SECURITY SIZE NONE "9000"},
        {DESCRIPTOR_TRANSPARENT "83025020" SECURITY SIZE, "621682024121"
                                                          "83025020" STATE SECURITY SIZE NONE "9000"},
        {DESCRIPTOR_TRANSPARENT FID "8b042f060104" SIZE NONE, "621682024121" REST "9000"}, /* security environment 01 */
        {"c60690010083010a" DESCRIPTOR_TRANSPARENT REST, "621682024121" REST "9000"},      /* what it need not know */
    };
    struct test_card card;
    begin_as_administrator(&card);
    assert_string_equal(create_directory(&card, 0x4f00), "9000");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned fid = 0x5001;
        assert_string_equal(select_file(&card, 0x4f00), "9000");
        if (strcmp(create_with(&card, cases[i].content), "9000") != 0) {
            fail_msg("case %zu is not created", i);
        }
        const char *named = strstr(cases[i].content, "83025");
        assert_int_equal(sscanf(named + 4, "%4x", &fid), 1);
        assert_string_equal(apduf(&card, "00a4000402%04x", fid), cases[i].fcp);
        test_card_restart(&card);
        assert_apdu(&card, "0020000a08" TEST_ADM, "9000");
        assert_string_equal(select_file(&card, 0x4f00), "9000");
        assert_string_equal(apduf(&card, "00a4000402%04x", fid), cases[i].fcp);
        assert_string_equal(select_file(&card, 0x4f00), "9000");
        assert_string_equal(delete_file(&card, fid), "9000");
    }
    test_card_end(&card);
}

static void test_content_of_new_files(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    assert_string_equal(create_transparent(&card, 0x5001, 4), "9000");
    assert_apdu(&card, "00b0000000", "ffffffff9000"); /* the new file is the current one */
    assert_apdu(&card, "00d600000401020304", "9000");
    assert_string_equal(delete_file(&card, 0x5001), "9000");
    assert_string_equal(create_transparent(&card, 0x5001, 4), "9000");
    assert_apdu(&card, "00b0000000", "ffffffff9000"); /* nothing is left of what stood there */
    assert_string_equal(create_file(&card, descriptor_of_records("46", 2), 0x5002, RULE_PIN_PIN, 4, 0), "9000");
    assert_apdu(&card, "00b2010400", "ffff9000");
    assert_apdu(&card, "00b2020400", "ffff9000");
    assert_string_equal(create_file(&card, DESCRIPTOR_BER_TLV, 0x5003, RULE_PIN_PIN, 4, 0), "9000");
    assert_apdu(&card, "80cb0080015c00", "5c009000");
    assert_string_equal(create_directory(&card, 0x5004), "9000");
    assert_apdu(&card, "00b0000000", "6986");
    assert_string_equal(create_transparent(&card, 0x5001, 1), "9000"); /* another file of that name, in there */
    assert_apdu(&card, "00b0000000", "ff9000");
    assert_apdu(&card, "00a4080c0450045001", "9000");
    assert_apdu(&card, "00a4080c025001", "9000");
    assert_apdu(&card, "00b0000000", "ffffffff9000");
    test_card_end(&card);
}

static void test_broken_fcp(void **state)
{
    (void)state;
    static const char *const contents[] = {
        "",
        REST,                                            /* no descriptor */
        DESCRIPTOR_TRANSPARENT STATE SECURITY SIZE NONE, /* no identifier */
        DESCRIPTOR_TRANSPARENT FID STATE SIZE NONE,      /* no rule */
        DESCRIPTOR_TRANSPARENT FID STATE SECURITY NONE,  /* no size */
        "8200" REST,
        "820141" REST,
        "8203412100" REST,
        "8203782100" FID STATE SECURITY,
        "82024221" REST,
        "8203422100" REST,
        "820442210000" REST,
        "820442210100" REST,
        "820442210003" REST, /* four octets are no whole records */
        "820442210005" REST,
        "8206422100020200" REST,
        "82020421" REST, /* no such kind */
        "82024721" REST,
        "82020021" REST,
        DESCRIPTOR_TRANSPARENT "830150" STATE SECURITY SIZE NONE,
        DESCRIPTOR_TRANSPARENT "8303500101" STATE SECURITY SIZE NONE,
        DESCRIPTOR_TRANSPARENT "8300" STATE SECURITY SIZE NONE,
        DESCRIPTOR_TRANSPARENT FID "8a0101" SECURITY SIZE NONE,
        DESCRIPTOR_TRANSPARENT FID "8a0103" SECURITY SIZE NONE,
        DESCRIPTOR_TRANSPARENT FID "8a010c" SECURITY SIZE NONE,
        DESCRIPTOR_TRANSPARENT FID "8a00" SECURITY SIZE NONE,
        DESCRIPTOR_TRANSPARENT FID "8a020505" SECURITY SIZE NONE,
        DESCRIPTOR_DIRECTORY FID "8a0104" SECURITY,              /* a directory cannot be deactivated */
        DESCRIPTOR_TRANSPARENT FID STATE "8b032f0600" SIZE NONE, /* records of EF_ARR are 1 to 9 */
        DESCRIPTOR_TRANSPARENT FID STATE "8b032f060a" SIZE NONE,
        DESCRIPTOR_TRANSPARENT FID STATE "8b032f0501" SIZE NONE, /* no EF_ARR */
        DESCRIPTOR_TRANSPARENT FID STATE "8b036f0601" SIZE NONE, /* not here */
        DESCRIPTOR_TRANSPARENT FID STATE "8b022f06" SIZE NONE,
        DESCRIPTOR_TRANSPARENT FID STATE "8b00" SIZE NONE,
        DESCRIPTOR_TRANSPARENT FID STATE SECURITY "80020000" NONE,
        DESCRIPTOR_TRANSPARENT FID STATE SECURITY "8003010000" NONE,
        DESCRIPTOR_TRANSPARENT FID STATE SECURITY "800400000004" NONE,
        DESCRIPTOR_TRANSPARENT FID STATE SECURITY "8000" NONE,
        DESCRIPTOR_BER_TLV FID STATE SECURITY "80020003" NONE,
        DESCRIPTOR_BER_TLV FID STATE SECURITY "800204b1" NONE,
        "820442210001" FID STATE SECURITY "800200ff" NONE, /* 255 records */
        DESCRIPTOR_TRANSPARENT FID STATE SECURITY SIZE "8801f8",
        DESCRIPTOR_TRANSPARENT FID STATE SECURITY SIZE "88020800",
        DESCRIPTOR_TRANSPARENT FID STATE SECURITY SIZE "8805",
    };
    struct test_card card;
    begin_as_administrator(&card);
    const uint32_t before = card_heap_free(&card.uicc.layout);
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        const char *response = create_with(&card, contents[i]);
        if (strcmp(response, "6a80") != 0) {
            fail_msg("%s gives %s", contents[i], response);
        }
    }
    assert_apdu(&card, "00e00000", "6a80");
    assert_apdu(&card, "00e00000026200", "6a80");
    assert_apdu(&card, "00e0000003621682", "6a80");
    assert_apdu(&card,
                "00e0000019"
                "6216" DESCRIPTOR_TRANSPARENT REST "ff",
                "6a80"); /* something behind the template */
    assert_apdu(&card,
                "00e0000018"
                "6f16" DESCRIPTOR_TRANSPARENT REST,
                "6a80");
    assert_int_equal(card_heap_free(&card.uicc.layout), before);
    assert_string_equal(select_file(&card, 0x5001), "6a82");
    test_card_end(&card);
}

static void test_identifiers(void **state)
{
    (void)state;
    static const unsigned taken[] = {0x2f05, 0x7f10, 0x3f00, 0x7fff, 0x3fff, 0xffff};
    struct test_card card;
    begin_as_administrator(&card);
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        assert_string_equal(create_transparent(&card, taken[i], 4), "6a89");
        assert_string_equal(create_directory(&card, taken[i]), "6a89");
    }
    assert_string_equal(create_file(&card, DESCRIPTOR_TRANSPARENT, 0x5001, RULE_PIN_PIN, 4, 5), "6a89"); /* EF_PL's */
    assert_string_equal(create_with(&card, DESCRIPTOR_TRANSPARENT "83025005" SECURITY SIZE), "6a89");
    assert_string_equal(create_directory(&card, 0x5000), "9000");
    assert_string_equal(create_directory(&card, 0x5000), "6a89"); /* its parent's */
    assert_string_equal(create_file(&card, DESCRIPTOR_TRANSPARENT, 0x5001, RULE_PIN_PIN, 4, 5), "9000");
    assert_apdu(&card, "00b0850000", "ffffffff9000");
    assert_string_equal(create_transparent(&card, 0x2f05, 4), "9000"); /* other directories' names are free */
    test_card_end(&card);
}

static void test_who_may_create(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    assert_string_equal(create_transparent(&card, 0x5001, 4), "6982");
    assert_apdu(&card, "0020000108" TEST_PIN, "9000");
    assert_string_equal(create_transparent(&card, 0x5001, 4), "6982");
    assert_string_equal(create_directory(&card, 0x5001), "6982");
    assert_apdu(&card, "0020000a08" TEST_ADM, "9000");
    assert_string_equal(create_file(&card, DESCRIPTOR_DIRECTORY, 0x5000, RULE_NEVER, NO_SIZE, NO_SFI), "9000");
    assert_string_equal(create_transparent(&card, 0x5001, 4), "6982");
    assert_apdu(&card, "00a4000c023f00", "9000");
    assert_string_equal(create_transparent(&card, 0x5001, 4), "9000");
    const char *fcp = new_file_fcp(DESCRIPTOR_TRANSPARENT, 0x5002, RULE_PIN_PIN, 4, NO_SFI);
    assert_string_equal(apduf(&card, "00e00100%02zx%s", strlen(fcp) / 2, fcp), "6a86");
    assert_string_equal(apduf(&card, "00e00001%02zx%s", strlen(fcp) / 2, fcp), "6a86");
    assert_string_equal(apduf(&card, "80e00000%02zx%s", strlen(fcp) / 2, fcp), "6e00");
    test_card_end(&card);
}

/* Rules are looked for from the new file's directory upwards: the USIM's own EF_ARR, or MF's. */
static void test_rules_above(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_string_equal(create_directory(&card, 0x5000), "9000");
    assert_string_equal(create_with(&card, DESCRIPTOR_TRANSPARENT FID "8b036f0601" SIZE NONE), "9000");
    assert_apdu(&card, "00a4080c067fff50005001", "9000");
    test_card_restart(&card);
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(&card, "00a4080c067fff50005001", "9000");
    assert_apdu(&card, "00b0000000", "ffffffff9000"); /* rule 1 of both: readable always */
    assert_apdu(&card, "00d600000100", "6982");
    test_card_end(&card);
}

/* Limits */

static void test_depth(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    for (unsigned depth = 2; depth <= CARD_MAX_DEPTH; depth++) {
        assert_string_equal(create_directory(&card, 0x5000 + depth), "9000");
    }
    assert_string_equal(create_directory(&card, 0x5001), "6a84");
    assert_string_equal(create_transparent(&card, 0x5001, 1), "6a84");
    test_card_restart(&card);
    assert_apdu(&card, "00a4080c0e5002500350045005500650075008", "9000");
    assert_apdu(&card, "0020000a08" TEST_ADM, "9000");
    assert_apdu(&card, "00a4030c", "9000");
    assert_string_equal(create_transparent(&card, 0x5001, 1), "9000");
    test_card_end(&card);
}

static unsigned fill_slots(struct test_card *card, unsigned first_fid)
{
    unsigned count = 0;
    while (strcmp(create_transparent(card, first_fid + count, 1), "9000") == 0) {
        count++;
        assert_in_range(count, 1, CARD_MAX_FILES);
    }
    assert_string_equal(create_transparent(card, first_fid + count, 1), "6a84");
    return count;
}

/* A file stands behind its directory in the table: a free slot in front of it is of no use to it. */
static void test_slots(void **state)
{
    (void)state;
    enum { FREE_SLOTS = 24 };
    struct test_card card;
    begin_as_administrator(&card);
    assert_string_equal(create_transparent(&card, 0x5000, 1), "9000");
    assert_string_equal(create_directory(&card, 0x5001), "9000");
    assert_apdu(&card, "00a4000c023f00", "9000");
    assert_int_equal(fill_slots(&card, 0x5100), FREE_SLOTS - 2);
    assert_string_equal(delete_file(&card, 0x5000), "9000");
    assert_string_equal(select_file(&card, 0x5001), "9000");
    assert_string_equal(create_transparent(&card, 0x5002, 1), "6a84");
    assert_apdu(&card, "00a4000c023f00", "9000");
    assert_string_equal(create_transparent(&card, 0x5002, 1), "9000");
    assert_string_equal(delete_file(&card, 0x5100), "9000");
    assert_string_equal(select_file(&card, 0x5001), "9000");
    assert_string_equal(create_transparent(&card, 0x5002, 1), "9000");
    test_card_restart(&card);
    test_card_end(&card);
}

static void test_memory(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    const unsigned all = card_heap_free(&card.uicc.layout);
    assert_string_equal(create_transparent(&card, 0x5001, all + 1), "6a84");
    assert_string_equal(create_transparent(&card, 0x5001, all), "9000");
    assert_int_equal(card_heap_free(&card.uicc.layout), 0);
    assert_string_equal(create_transparent(&card, 0x5002, 1), "6a84");
    assert_string_equal(create_directory(&card, 0x5003), "9000"); /* it needs none */
    assert_string_equal(create_transparent(&card, 0x5002, 1), "6a84");
    assert_apdu(&card, "00a4000c023f00", "9000");
    assert_string_equal(delete_file(&card, 0x5001), "9000");
    assert_string_equal(create_transparent(&card, 0x5002, all), "9000");
    test_card_restart(&card);
    test_card_end(&card);
}

/* Room between files is used again; a file is never split. What stays is not touched. */
static void test_fragments(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    const unsigned third = card_heap_free(&card.uicc.layout) / 3;
    for (unsigned i = 1; i <= 3; i++) {
        assert_string_equal(create_transparent(&card, 0x5000 + i, third), "9000");
        assert_string_equal(apduf(&card, "00d6%04x01%02x", third - 1, i), "9000");
        assert_string_equal(apduf(&card, "00d6000001%02x", i), "9000");
    }
    assert_string_equal(delete_file(&card, 0x5002), "9000");
    assert_string_equal(create_transparent(&card, 0x5004, third + 3), "6a84"); /* so much is free, but not in a piece */
    assert_string_equal(create_transparent(&card, 0x5004, 100), "9000");
    assert_string_equal(create_transparent(&card, 0x5005, third - 99), "6a84");
    assert_string_equal(create_transparent(&card, 0x5005, third - 100), "9000");
    for (unsigned i = 1; i <= 3; i += 2) {
        assert_string_equal(select_file(&card, 0x5000 + i), "9000");
        assert_string_equal(apduf(&card, "00b0%04x00", third - 1), i == 1 ? "019000" : "039000");
        assert_int_equal(strncmp(apdu(&card, "00b0000001"), i == 1 ? "01" : "03", 2), 0);
    }
    assert_string_equal(delete_file(&card, 0x5001), "9000");
    assert_string_equal(delete_file(&card, 0x5004), "9000");
    assert_string_equal(create_transparent(&card, 0x5004, third + 100),
                        "9000"); /* neighbours that went are one piece */
    test_card_restart(&card);
    test_card_end(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),          cmocka_unit_test(test_content_of_new_files),
        cmocka_unit_test(test_broken_fcp),     cmocka_unit_test(test_identifiers),
        cmocka_unit_test(test_who_may_create), cmocka_unit_test(test_rules_above),
        cmocka_unit_test(test_depth),          cmocka_unit_test(test_slots),
        cmocka_unit_test(test_memory),         cmocka_unit_test(test_fragments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
