/* test_round_trip.c: a card, its profile, a card of that: alike; and what a profile leaves out. */
#include "../uicc/challenge.h"
#include "profile_testing.h"

static const struct profile_write_options with_secrets = {.without_secrets = false};

/* The card, its copy by way of a profile, and both profiles, which are the same. */
static void assert_copies_alike(const struct test_card *card)
{
    struct test_card copy;
    char *profile = write_profile(card, &with_secrets);
    begin_card(&copy, profile);
    char *again = write_profile(&copy, &with_secrets);
    assert_string_equal(profile, again);
    assert_true(octets_equal(data_of(card), data_of(&copy)));
    test_card_end(&copy);
    free(again);
    free(profile);
}

static void copies_default_cards(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    assert_copies_alike(&card);
    test_card_end(&card);
}

static void copies_every_algorithm(void **state)
{
    (void)state;
    static const char *const profiles[] = {
        "imsi: \"001010123456789\"\nalgorithm: tuak\nk: " TEST_K TEST_OPC "\ntopc: " TEST_K TEST_OPC
        "\ntuak: {res: 32, iterations: 2}\n",
        "imsi: \"310150123456789\"\nmnc-digits: 3\nalgorithm: xor\nk: " TEST_K "\npin-enabled: false\n",
        KEYS "milenage: {r: [8, 0, 32, 64, 96]}\nsqn: {value: ffffffffffff, delta: 0, age-limit: 7}\n"
             "gba-u: {mask-mac: false, flip-res: false}\n",
        KEYS "rules: {hex: 860200e09000, odd: {ins-70: not pin, read: pin and adm1}}\n"
             "files:\n"
             "  - {path: MF/6f71, kind: transparent, size: 9, rule: hex, state: deactivated}\n"
             "  - {path: MF/6f72, kind: cyclic, rule: odd, records: [\"01\", \"02\"]}\n"
             "  - {path: MF/6f73, kind: ber-tlv, rule: odd, content: 8102cafe, size: 100}\n"
             "  - {path: MF/6f74, kind: transparent, rule: {file: MF/ADF_USIM/EF_ARR, record: 1}, text: 'a # b'}\n"
             "  - {path: MF/6f75, kind: linear-fixed, rule: odd, record-size: 1, record-count: 254, content: \"00\"}\n",
    };
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        struct test_card card;
        begin_card(&card, profiles[i]);
        assert_copies_alike(&card);
        test_card_end(&card);
    }
}

/* As many records as no list in YAML could hold: they stand in one piece then. */
static void copies_very_many_records(void **state)
{
    (void)state;
    struct test_card card;
    char *text = malloc(65536);
    assert_non_null(text);
    (void)snprintf(text, 65536, "base: none\n" SMALL_RULES SMALL_PINS SMALL_FILES);
    for (unsigned i = 2; i < 190; i++) {
        char *end = text + strlen(text);
        const char *octets = "00010203040506070809000102030405060708090001020304050607080900010203040506070809";
        (void)snprintf(end, 300,
                       "  - {path: MF/6f%02x, kind: %s, record-size: 1, record-count: 50, rule: open, content: "
                       "\"%.*s\"}\n",
                       i, i % 2 == 0 ? "cyclic" : "linear-fixed", i % 3 == 0 ? 40 : 80, octets);
    }
    begin_card(&card, text);
    assert_copies_alike(&card);
    test_card_end(&card);
    free(text);
}

/* What happens to a card in its life; all of it stands in its profile. */
static void live(struct test_card *card)
{
    enter_usim(card);
    assert_apdu(card, "0020000a08" TEST_ADM, "9000");
    assert_apdu(card, "00a4080c047fff6f39", "9000"); /* EF_ACM: cyclic */
    assert_sw(card, "803200000300000500", "9000");
    assert_sw(card, "803200000300000200", "9000");
    assert_apdu(card, "00a4080c067f105f3b4f47", "9000");
    assert_apdu(card, "80db0080048102abcd", "9000"); /* SET DATA */
    assert_apdu(card, "00a4080c047fff6f46", "9000");
    assert_apdu(card, "00e40000026f46", "9000"); /* DELETE FILE of EF_SPN leaves a gap */
    assert_apdu(card, "00a4080c047f106f3a", "9000");
    assert_apdu(card, "00e40000026f3a", "9000"); /* and one before the EF_ARR of the USIM */
    assert_apdu(card, "00a4080c027f10", "9000");
    assert_sw(card, "00e000001a621882044221000a83026f448a01058b032f0604800200148800", "9000");
    assert_apdu(card, "00dc01040a0102030405060708090a", "9000");
    assert_apdu(card, "0024000110" TEST_PIN "34373131ffffffff", "9000");
    assert_apdu(card, "002000810830303030ffffffff", "63c2");
    assert_apdu(card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(card, "00a4080c047fff6f05", "9000");
    assert_apdu(card, "00040000", "9000"); /* DEACTIVATE FILE */
}

static const char *const questions[] = {
    "00a4040410" USIM_AID "00",
    "002000010834373131ffffffff",
    "0020008100",
    "0020000a00",
    "00a40804047fff6f3900",
    "00b2010400",
    "00b2020400",
    "00b2030400",
    "00a40804047fff6f0500",
    "00b0000000",
    "00a40804047fff6f4600",
    "00a40804027f1000",
    "00a40804047f106f4400",
    "00b2010400",
    "00b2020400",
    "00a40804067f105f3b4f4700",
    "80cb0080018100",
    "00a4080402 2f0600",
    "00b2040400",
    "00a40804047fff6fd600",
    "00b0000000",
    "80f2000000",
    "0020000a08" TEST_ADM,
    "00a40804047fff6f0700",
    "00b0000000",
    "00a4040410" ISIM_AID "00",
    "00a40804047fff6f0200",
    "00b0000000",
};

/* Asks both the same; true when the answer is a good one. */
static bool ask_both(struct test_card *card, struct test_card *copy, const char *question)
{
    char said[2 * UICC_RESPONSE_MAX + 1];
    char command[300] = "";
    for (size_t i = 0; question[i] != '\0'; i++) {
        (void)strncat(command, question + i, question[i] == ' ' ? 0 : 1);
    }
    (void)snprintf(said, sizeof said, "%s", apdu(card, command));
    if (strcmp(apdu(copy, command), said) != 0) {
        fail_msg("%s: %s, not %s", command, apdu(copy, command), said);
    }
    return strcmp(sw_of(said), "9000") == 0;
}

static void copies_used_cards(void **state)
{
    (void)state;
    struct test_card card;
    struct test_card copy;
    size_t answered = 0;
    test_card_begin(&card);
    live(&card);
    char *profile = write_profile(&card, &with_secrets);
    begin_card(&copy, profile);
    assert_copies_alike(&copy); /* the gap is closed now, and record 1 stands first */
    test_card_restart(&card);
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        answered += ask_both(&card, &copy, questions[i]) ? 1 : 0;
    }
    assert_true(answered >= 20);
    test_card_end(&copy);
    test_card_end(&card);
    free(profile);
}

/* A vector works once, on the card or on its copy made afterwards. */
static void copies_sequence_numbers(void **state)
{
    (void)state;
    struct test_card card;
    struct test_card copy;
    test_card_begin(&card);
    enter_usim(&card);
    const struct challenge challenges[] = {make_challenge(&card, 1, TEST_SQN(7, 3)),
                                           make_challenge(&card, 2, TEST_SQN(8, 4)),
                                           make_challenge(&card, 3, TEST_SQN(9, 3))};
    card.shows_keys = true;
    for (size_t i = 0; i < 3; i++) {
        assert_apdu(&card, challenges[i].in_3g, challenges[i].answer_3g);
    }
    char *profile = write_profile(&card, &with_secrets);
    begin_card(&copy, profile);
    enter_usim(&copy);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(strncmp(apdu(&copy, challenges[i].in_3g), "dc0e", 4), 0);
    }
    const struct challenge next = make_challenge(&copy, 4, TEST_SQN(10, 4));
    assert_apdu(&copy, next.in_3g, next.answer_3g);
    assert_non_null(strstr(profile, "values: # of each IND"));
    test_card_end(&copy);
    test_card_end(&card);
    free(profile);
}

/* Ks and NAF keys stay in the card, and with them the files that tell of them. */
static void leaves_gba_out(void **state)
{
    (void)state;
    struct test_card card;
    struct test_card copy;
    test_card_begin(&card);
    enter_usim(&card);
    const struct challenge challenge = make_challenge(&card, 1, TEST_SQN(7, 3));
    assert_apdu(&card, challenge.bootstrap, challenge.bootstrapped);
    assert_apdu(&card, "00a4080c047fff6fd6", "9000");
    assert_sw(&card, "00d600110704757365720131", "9000"); /* B-TID, lifetime */
    assert_sw(&card, TEST_DERIVE, "9000");
    char *profile = write_profile(&card, &with_secrets);
    const char *listed = strstr(profile, "EF_GBANL");
    const char *bootstrapped = strstr(profile, "EF_GBABP");
    assert_true(listed != NULL && bootstrapped != NULL);
    assert_non_null(strstr(listed, "# content left out: it belongs to keys that stay in the card"));
    assert_non_null(strstr(bootstrapped, "# content left out: it belongs to keys that stay in the card"));
    assert_null(strstr(profile, hex_of(challenge.ks.octets, 16)));
    const char *next = strstr(listed, "- path");
    const char *naf = strstr(listed, TEST_NAF); /* where EF_AC_GBAUAPI allows it, not where EF_GBANL lists it */
    assert_true(next != NULL && naf != NULL && naf > next);
    begin_card(&copy, profile);
    enter_usim(&copy);
    assert_sw(&copy, TEST_DERIVE, "6985");
    assert_apdu(&copy, "00a4080c047fff6fda", "9000");
    assert_int_equal(strncmp(apdu(&copy, "00b2010400"), "ffff", 4), 0);
    test_card_end(&copy);
    test_card_end(&card);
    free(profile);
}

static void leaves_secrets_out(void **state)
{
    (void)state;
    static const struct profile_write_options options = {.without_secrets = true};
    static const char *const secrets[] = {TEST_K,     TEST_OPC, TEST_ADM,           "87654321",        TEST_PUK,
                                          "\"1234\"", TEST_PIN, "c0ffee00c0ffee00", "deadbeefdeadbeef"};
    struct test_card card;
    struct described described;
    struct recorder recorder;
    begin_card(&card, PERSONALISED "files:\n"
                                   "  - {path: MF/ADF_USIM/EF_KEYS, content: 01 c0ffee00c0ffee00c0ffee00c0ffee00}\n"
                                   "  - {path: MF/ADF_USIM/DF_5GS/EF_5GAUTHKEYS, content: deadbeefdeadbeef}\n");
    char *open = write_profile(&card, &with_secrets);
    char *profile = write_profile(&card, &options);
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        assert_null(strstr(profile, secrets[i]));
    }
    assert_non_null(strstr(open, TEST_K));
    assert_non_null(strstr(open, "c0ffee00"));
    assert_non_null(strstr(profile, "Keys and PINs have been left out: fill them in."));
    assert_non_null(strstr(profile, "# content left out: keys"));
    start_recording(&recorder);
    assert_status(try_profile(&described, profile, &recorder.log), GBAU_E_CONFIGURATION);
    assert_non_null(strstr(recorded(&recorder), "pins.0.value: is missing: it has to be filled in"));
    stop_recording(&recorder);
    forget_profile(&described);
    test_card_end(&card);
    free(profile);
    free(open);
}

/* People read it: files by name, contents in words beside them. */
static void writes_what_people_read(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "\n  read-pin-update-adm1: {read: pin, update: adm1, state: adm1, resize: adm1}\n",
        "\n  - path: MF/ADF_USIM/EF_IMSI # 6f07, the subscriber's identity\n"
        "    kind: transparent\n    size: 9\n    sfi: 7\n    rule: read-pin-update-adm1\n"
        "    content: \"080910101032547698\" # 001010123456789\n",
        "\n    text: \"en\"\n",
        "\n    records:\n      - read-always-update-pin\n      - read-always-update-adm1\n",
        "\n  - key: pin\n    value: \"1234\"\n",
        "\n    keys-of: \"" USIM_AID "\"\n",
    };
    struct test_card card;
    test_card_begin(&card);
    char *profile = write_profile(&card, &with_secrets);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (strstr(profile, lines[i]) == NULL) {
            fail_msg("%s", lines[i]);
        }
    }
    test_card_end(&card);
    free(profile);
}

static void says_when_it_cannot_write(void **state)
{
    (void)state;
    struct test_card card;
    struct card_description description;
    struct card_parts *parts = malloc(sizeof *parts);
    FILE *full = fopen("/dev/full", "w");
    assert_true(parts != NULL && full != NULL);
    test_card_begin(&card);
    assert_ok(card_description_read(&card.uicc, parts, &description));
    assert_status(profile_write(full, &description, &with_secrets), GBAU_E_IO);
    (void)fclose(full);
    test_card_end(&card);
    free(parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_default_cards),      cmocka_unit_test(copies_every_algorithm),
        cmocka_unit_test(copies_very_many_records),  cmocka_unit_test(copies_used_cards),
        cmocka_unit_test(copies_sequence_numbers),   cmocka_unit_test(leaves_gba_out),
        cmocka_unit_test(leaves_secrets_out),        cmocka_unit_test(writes_what_people_read),
        cmocka_unit_test(says_when_it_cannot_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
