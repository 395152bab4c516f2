/* test_profile_whole.c: the whole form: every file, PIN and application spelled out; and the example. */
#include "profile_testing.h"

#include "crypto/openssl.h"

static void makes_the_smallest_card(void **state)
{
    (void)state;
    struct test_card card;
    begin_card(&card, SMALL);
    assert_apdu(&card, "00a4080c022f06", "9000");
    assert_apdu(&card, "00b2010400",
                "8001019000800102a40683010a950108ffffffffffffffffffffffffffffffffffffffffffffffff9000");
    assert_apdu(&card, "002000010831323334ffffffff", "9000");
    test_card_end(&card);
}

static const char whole[] =
    "base: none\n"
    "free: {files: 2, octets: 300, persisted-keys: 3}\n"
    "rules:\n"
    "  open: {read: always, update: adm1}\n"
    "  admin: \"80017fa40683010a950108\"\n"
    "pins:\n"
    "  - {key: pin, value: \"4711\", unblock: \"12345678\", tries: 2, unblock-tries: 9}\n"
    "  - {key: pin2, value: \"0815\", enabled: false, max-tries: 5}\n"
    "  - {key: adm1, value: \"4142434445464748\", max-tries: 10}\n"
    "  - {key: key-0b, value: \"12345678\", max-tries: 15, tries: 0}\n"
    "applications:\n"
    "  - kind: usim\n"
    "    aid: a0000000871002\n"
    "    adf: MF/ADF_USIM\n"
    "    pin: pin\n"
    "    k: " TEST_K "\n"
    "    op: cdc202d5123e20f62b6d676ac72cb318\n"
    "    sqn: {delta: 77, age-limit: 5, values: [\"000000000020\", \"000000000041\"]}\n"
    "    gba-u: {mask-mac: false, naf-keys: 3}\n"
    "  - kind: isim\n"
    "    aid: a0000000871004\n"
    "    adf: MF/ADF_ISIM\n"
    "    pin: pin\n"
    "    keys-of: a0000000871002\n"
    "    gba-u: {naf-keys: 0}\n"
    "  - kind: usim\n"
    "    aid: a0000000871002ff\n"
    "    adf: MF/7ff5\n"
    "    pin: pin2\n"
    "    algorithm: xor\n"
    "    k: " TEST_K "\n"
    "    sqn: \"000000000021\"\n"
    "  - {kind: applet, aid: f067627500, pin: pin}\n"
    "files:\n"
    "  - {path: MF, kind: df, rule: admin}\n"
    "  - {path: MF/EF_ARR, kind: linear-fixed, sfi: 6, rule: open, record-size: 40, records: [open, admin]}\n"
    "  - {path: MF/ADF_USIM, kind: adf, rule: admin}\n"
    "  - {path: MF/ADF_USIM/EF_AD, kind: transparent, rule: open, content: \"00000002\"}\n"
    "  - {path: MF/ADF_ISIM, kind: adf, rule: admin}\n"
    "  - {path: MF/7ff5, kind: adf, rule: admin}\n"
    "  - {path: MF/7ff5/6f01, kind: transparent, rule: open, size: 4, state: terminated}\n";

static void reads_pins(void **state)
{
    (void)state;
    struct described described;
    describe(&described, whole);
    assert_true(profile_file_is_whole(described.file));
    assert_int_equal(described.description.pin_count, 4);
    const struct described_pin *pins = described.description.pins;
    assert_int_equal(pins[0].key_reference, 0x01);
    assert_int_equal(pins[0].max_tries, 3);
    assert_int_equal(pins[0].state.tries, 2);
    assert_int_equal(pins[0].max_unblock_tries, 10);
    assert_int_equal(pins[0].state.unblock_tries, 9);
    assert_octets(octets_of(pins[0].state.value, 8), "34373131ffffffff");
    assert_octets(octets_of(pins[0].state.unblock_value, 8), "3132333435363738");
    assert_int_equal(pins[1].key_reference, 0x81);
    assert_false(pins[1].state.enabled);
    assert_int_equal(pins[1].state.tries, 5);
    assert_int_equal(pins[1].max_unblock_tries, 0);
    assert_octets(octets_of(pins[2].state.value, 8), "4142434445464748");
    assert_int_equal(pins[3].key_reference, 0x0b);
    assert_int_equal(pins[3].state.tries, 0);
    assert_octets(octets_of(pins[3].state.value, 8), "3132333435363738");
    forget_profile(&described);
}

static void reads_applications(void **state)
{
    (void)state;
    struct described described;
    describe(&described, whole);
    const struct card_description *description = &described.description;
    assert_int_equal(description->application_count, 4);
    assert_int_equal(description->free_slots, 2);
    assert_int_equal(description->free_size, 300);
    assert_int_equal(description->persisted_key_count, 3);
    const struct described_application *usim = &description->applications[0];
    assert_octets(octets_of(usim->entry.aid, usim->entry.aid_length), "a0000000871002");
    assert_int_equal(usim->entry.adf, 2);
    assert_int_equal(description->files[2].file.application, 0);
    assert_octets(octets_of(usim->functions.keys.milenage.opc.octets, AKA_OPC_SIZE), TEST_OPC);
    assert_int_equal(usim->sqn[0], 0x20);
    assert_int_equal(usim->sqn[1], 0x41);
    assert_int_equal(usim->sqn[2], 0);
    assert_int_equal(usim->entry.sqn_delta, 77);
    assert_int_equal(usim->entry.sqn_age_limit, 5);
    assert_int_equal(usim->entry.naf_key_count, 3);
    assert_false(usim->entry.gba_rules.mask_mac);
    assert_true(usim->entry.gba_rules.flip_res_bit);
    assert_int_equal(usim->shares, CARD_NO_INDEX);
    assert_int_equal(description->applications[1].shares, 0);
    assert_int_equal(description->applications[1].entry.naf_key_count, 0);
    assert_int_equal(description->applications[2].functions.algorithm, AKA_ALGORITHM_XOR);
    assert_int_equal(description->applications[2].sqn[1], 0x21);
    assert_int_equal(description->applications[2].entry.pin, 1);
    assert_int_equal(description->applications[2].entry.naf_key_count, 10);
    assert_int_equal(description->applications[3].entry.kind, APPLICATION_APPLET);
    assert_int_equal(description->applications[3].entry.adf, CARD_NO_INDEX);
    forget_profile(&described);
}

static void makes_the_card(void **state)
{
    (void)state;
    struct test_card card;
    begin_card(&card, whole);
    assert_apdu(&card, "00a4040c07a0000000871004", "9000");
    assert_apdu(&card, "00a4040c08a0000000871002ff", "9000");
    assert_apdu(&card, "00a4040c07a0000000871002", "9000");
    assert_apdu(&card, "0020000100", "63c2");
    assert_apdu(&card, "00a4080c047fff6fad", "9000");
    assert_apdu(&card, "00b0000000", "000000029000");
    test_card_end(&card);
}

/* The profiles in examples/ make cards; the numbers of the story in README stand in them. */
static void makes_the_examples(void **state)
{
    (void)state;
    static const char *const examples[] = {EXAMPLES "/card.yaml", EXAMPLES "/card-small.yaml"};
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct described described = {0};
        struct recorder recorder;
        struct test_card card;
        start_recording(&recorder);
        assert_ok(crypto_openssl_open(&described.crypto));
        if (profile_file_load(examples[i], &recorder.log, &described.file) != GBAU_OK ||
            profile_file_describe(described.file, &described.crypto, &described.description) != GBAU_OK) {
            fail_msg("%s", recorded(&recorder));
        }
        make_described(&card, &described.description);
        assert_apdu(&card, "00a4040c07a0000000871002", "9000");
        test_card_end(&card);
        forget_profile(&described);
        stop_recording(&recorder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_smallest_card), cmocka_unit_test(reads_pins),
        cmocka_unit_test(reads_applications),      cmocka_unit_test(makes_the_card),
        cmocka_unit_test(makes_the_examples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
