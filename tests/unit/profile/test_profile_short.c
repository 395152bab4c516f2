/* test_profile_short.c: the short form: a subscription, and what differs from the default card. */
#include "profile_testing.h"

/* The same card by struct card_profile, so that nothing but the words differs. */
static void equals_the_default_card(void **state)
{
    (void)state;
    struct test_card by_words;
    struct test_card by_struct;
    begin_card(&by_words, PERSONALISED "api: [{naf: NAF.example.com/0100000002}]\n");
    test_card_begin(&by_struct);
    assert_true(octets_equal(data_of(&by_words), data_of(&by_struct)));
    test_card_end(&by_words);
    test_card_end(&by_struct);
}

static void reads_the_subscription(void **state)
{
    (void)state;
    struct described described;
    describe(&described, "imsi: \"310150123456789\"\nmnc-digits: 3\niccid: \"8988211000000000001\"\n"
                         "k: " TEST_K "\nopc: " TEST_OPC "\n"
                         "pin: \"4711\"\npin-enabled: false\npuk: \"11111111\"\npin2: \"8151\"\npuk2: \"22222222\"\n"
                         "adm: 00 11 22 33 44 55 66 77\n"
                         "sqn: {value: \"000000000123\", delta: 1000, age-limit: 50}\n"
                         "gba-u: {mask-mac: false, flip-res: true}\n");
    const struct card_profile *card = &profile_file_subscription(described.file)->card;
    assert_false(profile_file_is_whole(described.file));
    assert_string_equal(card->imsi, "310150123456789");
    assert_string_equal(card->iccid, "8988211000000000001");
    assert_int_equal(card->mnc_digits, 3);
    assert_int_equal(card->sqn, 0x123);
    assert_octets(octets_of(card->adm, sizeof card->adm), "0011223344556677");
    const struct described_pin *pins = described.description.pins;
    assert_false(pins[0].state.enabled);
    assert_octets(octets_of(pins[0].state.value, 8), "34373131ffffffff");
    assert_octets(octets_of(pins[0].state.unblock_value, 8), "3131313131313131");
    assert_octets(octets_of(pins[1].state.unblock_value, 8), "3232323232323232");
    const struct described_application *usim = &described.description.applications[0];
    assert_int_equal(usim->entry.sqn_delta, 1000);
    assert_int_equal(usim->entry.sqn_age_limit, 50);
    assert_int_equal(usim->sqn[0x123 % SQN_ENTRIES], 0x123);
    assert_false(usim->entry.gba_rules.mask_mac);
    assert_true(usim->entry.gba_rules.flip_res_bit);
    forget_profile(&described);
}

static void reads_algorithms(void **state)
{
    (void)state;
    struct described described;
    describe(&described, "imsi: \"001010123456789\"\nalgorithm: tuak\n"
                         "k: fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4e3e2e1e0\n"
                         "top: 808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f\n"
                         "tuak: {res: 128, iterations: 1}\n");
    const struct tuak *tuak = &described.description.applications[0].functions.keys.tuak;
    assert_octets(octets_of(tuak->topc, TUAK_TOPC_SIZE),
                  "305425427e18c503c8a4b294ea72c95d0c36c6c6b29d0c65de5974d5977f8524");
    assert_int_equal(tuak->sizes.res, 16);
    forget_profile(&described);

    describe(&described, "imsi: \"001010123456789\"\nalgorithm: xor\nk: " TEST_K "\n");
    assert_int_equal(described.description.applications[0].functions.algorithm, AKA_ALGORITHM_XOR);
    forget_profile(&described);

    describe(&described, KEYS "milenage:\n  r: [8, 0, 32, 64, 96]\n  c: [" TEST_K ", " TEST_K ", " TEST_K ", " TEST_K
                              ", " TEST_OPC "]\n");
    const struct milenage_constants *constants =
        described.description.applications[0].functions.keys.milenage.constants;
    assert_int_equal(constants->rotation[0], 8);
    assert_int_equal(constants->rotation[4], 96);
    assert_octets(octets_of(constants->constant[0], AES_BLOCK_SIZE), TEST_K);
    assert_octets(octets_of(constants->constant[4], AES_BLOCK_SIZE), TEST_OPC);
    forget_profile(&described);
}

/* PUK and ADM are random, of the right form, and new for each card. */
static void makes_secrets_that_nobody_gave(void **state)
{
    (void)state;
    struct described one;
    struct described two;
    describe(&one, KEYS);
    describe(&two, KEYS);
    const struct profile_subscription *first = profile_file_subscription(one.file);
    const struct profile_subscription *second = profile_file_subscription(two.file);
    assert_true(first->has_adm);
    assert_int_equal(strspn(first->card.puk, "0123456789"), 8);
    assert_int_equal(strlen(first->card.puk), 8);
    assert_string_equal(first->card.pin, "1234");
    assert_true(strcmp(first->card.puk, second->card.puk) != 0 ||
                memcmp(first->card.adm, second->card.adm, sizeof first->card.adm) != 0);
    forget_profile(&one);
    forget_profile(&two);
}

static void reads_the_pin2(void **state)
{
    (void)state;
    struct test_card card;
    begin_card(&card, PERSONALISED "pin2: \"5678\"\npuk2: \"12121212\"\n");
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(&card, "0020008108" TEST_PIN, "63c2");
    assert_apdu(&card, "002000810835363738ffffffff", "9000");
    assert_apdu(&card, "002c008110" TEST_PUK TEST_PIN, "63c9");
    assert_apdu(&card,
                "002c008110"
                "3132313231323132" TEST_PIN,
                "9000");
    assert_apdu(&card, "0020000108" TEST_PIN, "9000");
    test_card_end(&card);
}

static void names_callers_of_the_api(void **state)
{
    (void)state;
    struct test_card card;
    begin_card(&card, PERSONALISED "api:\n"
                                   "  - {caller: gbau, naf: naf.example.com/0100000002}\n"
                                   "  - {caller: A0 00 00 05 59 10 10 01, naf: naf.example.com/0100000002}\n");
    enter_usim(&card);
    assert_apdu(&card, "00a4080c047fff6f0a", "9000");
    assert_int_equal(strncmp(apdu(&card, "00b2010400"), "801f09" API_AID "14" TEST_NAF "ffff", 68), 0);
    assert_int_equal(strncmp(apdu(&card, "00b2020400"), "801e08a00000055910100114" TEST_NAF "ffff", 66), 0);
    test_card_end(&card);
}

static void sets_services(void **state)
{
    (void)state;
    struct test_card card;
    begin_card(&card, PERSONALISED "services: [1, 8, 9, 68, 136]\n");
    enter_usim(&card);
    assert_apdu(&card, "00a4080c047fff6f38", "9000");
    assert_apdu(&card, "00b0000000", "81010000000000000800000000000000809000");
    test_card_end(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_default_card), cmocka_unit_test(reads_the_subscription),
        cmocka_unit_test(reads_algorithms),        cmocka_unit_test(makes_secrets_that_nobody_gave),
        cmocka_unit_test(reads_the_pin2),          cmocka_unit_test(names_callers_of_the_api),
        cmocka_unit_test(sets_services),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
