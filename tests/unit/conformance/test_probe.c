/* test_probe.c: sending, status words, what is shown and what is not, channels, files. */
#include "conformance/probe.h"

#include "erring_card.h"

static struct probe probe_of(struct bench *bench, const struct mutation *mutations)
{
    insert_card(bench, mutations);
    return (struct probe){.reader = bench->reader, .crypto = &bench->crypto, .given = &bench->given};
}

/* Status words */

static void test_status_words(void **state)
{
    (void)state;
    static const struct {
        uint16_t sw;
        const char *pattern;
        bool fits;
    } cases[] = {
        {0x9000, "9000", true},       {0x9001, "9000", false},     {0x910b, "9000", true},
        {0x910b, "91XX", false},      {0x63c2, "63CX", true},      {0x63c2, "63C3", false},
        {0x63d2, "63CX", false},      {0x6a82, "6A86|6A82", true}, {0x6a83, "6A86|6A82", false},
        {0x6a86, "6A86|6A82", true},  {0x6f00, ANY_ERROR, true},   {0x9862, ANY_ERROR, true},
        {0x9000, ANY_ERROR, false},   {0x6283, ANY_ERROR, false},  {0x63c0, ANY_ERROR, false},
        {0x9000, "XXXX", true},       {0x0000, "9000", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(probe_sw_fits(cases[i].sw, cases[i].pattern), cases[i].fits);
    }
}

/* Sending */

static void test_class_names_the_channel(void **state)
{
    static const struct {
        uint8_t channel;
        const char *text, *octets;
    } cases[] = {
        {0, "0XA4000C", "00A4000C$"}, {3, "0XA4000C", "03A4000C$"}, {4, "0XA4000C", "40A4000C$"},
        {19, "0XA4000C", "4FA4000C$"}, {2, "8XF2000C", "82F2000C$"}, {5, "8XF2000C", "C1F2000C$"},
        {5, "A0A4 0000 02 3F00", "A0A40000023F00$"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct mutation mutations[MUTATIONS_MAX] = {
            {.command = cases[i].octets, .kind = ANSWER, .octets = "6abc"}};
        struct probe probe = probe_of(*state, mutations);
        probe.channel = cases[i].channel;
        assert_int_equal(probe_send(&probe, cases[i].text), 0x6abc);
    }
}

static void test_data_and_le(void **state)
{
    const struct mutation mutations[MUTATIONS_MAX] = {
        {.command = "00D6000102AABB$", .kind = ANSWER, .octets = "9001"},
        {.command = "00D6000102AABB00$", .kind = ANSWER, .octets = "9002"},
        {.command = "00D6000100$", .kind = ANSWER, .octets = "9003"},
    };
    struct probe probe = probe_of(*state, mutations);
    const struct octets data = octets_of("\xaa\xbb", 2);
    assert_int_equal(probe_send_data(&probe, "0XD60001", data, NO_LE), 0x9001);
    assert_int_equal(probe_send_data(&probe, "0XD60001", data, WITH_LE), 0x9002);
    assert_int_equal(probe_send_data(&probe, "0XD60001", (struct octets){0}, WITH_LE), 0x9003);
}

static void test_too_much_data_ends_the_run(void **state)
{
    uint8_t data[APDU_DATA_MAX + 1] = {0};
    struct probe probe = probe_of(*state, NULL);
    assert_int_equal(probe_send_data(&probe, "0XD60000", octets_of(data, sizeof data), NO_LE), 0);
    assert_int_equal(probe.status, GBAU_E_SPACE);
}

static void test_first_deviation_sticks(void **state)
{
    struct probe probe = probe_of(*state, NULL);
    assert_int_equal(probe_expect(&probe, "0XA4000C022FEE", "9000").length, 0);
    assert_int_equal(probe.verdict, CONFORMANCE_FAILED);
    assert_string_equal(probe.detail, "00A4000C022FEE gave 6A82, expected: 9000");
    const unsigned commands = erring_card.commands;
    assert_int_equal(probe_expect(&probe, "0XA4000C023F00", "9000").length, 0);
    assert_int_equal(probe_send(&probe, "0XA4000C023F00"), 0);
    probe_demand(&probe, false, "something else");
    probe_not_supported(&probe, "something else");
    assert_int_equal(erring_card.commands, commands);
    assert_int_equal(probe.verdict, CONFORMANCE_FAILED);
    assert_string_equal(probe.detail, "00A4000C022FEE gave 6A82, expected: 9000");
}

static void test_clean_up_works_after_a_deviation(void **state)
{
    struct probe probe = probe_of(*state, NULL);
    (void)probe_expect(&probe, "0XA4000C022FEE", "9000");
    assert_int_equal(probe_clean_up(&probe, "0XA4000C", octets_of("\x3f\x00", 2)), 0x9000);
    assert_int_equal(probe.verdict, CONFORMANCE_FAILED);
    assert_string_equal(probe.seen, "00A4000C022FEE gave 6A82");
}

static void test_no_response_apdu_is_a_deviation(void **state)
{
    const struct mutation mutations[MUTATIONS_MAX] = {{.command = "00A4", .kind = ANSWER, .octets = "90"}};
    struct probe probe = probe_of(*state, mutations);
    (void)probe_expect(&probe, "0XA4000C023F00", "9000");
    assert_int_equal(probe.verdict, CONFORMANCE_FAILED);
    assert_int_equal(probe.status, GBAU_OK);
}

static void test_dead_card_ends_the_run(void **state)
{
    struct probe probe = probe_of(*state, NULL);
    erring_card.dies_after = 1;
    (void)probe_expect(&probe, "0XA4000C023F00", "9000");
    assert_true(probe_goes_on(&probe));
    (void)probe_expect(&probe, "0XA4000C023F00", "9000");
    assert_false(probe_goes_on(&probe));
    assert_int_equal(probe.status, GBAU_E_IO);
    assert_int_equal(probe_clean_up(&probe, "0XA4000C", octets_of("\x3f\x00", 2)), 0);
    assert_int_equal(erring_card.commands, 2); /* nothing is sent to the dead */
}

static void test_offers(void **state)
{
    static const struct {
        const char *response;
        enum conformance_verdict verdict;
    } cases[] = {
        {"9000", CONFORMANCE_PASSED},        {"6d00", CONFORMANCE_NOT_SUPPORTED}, {"6a81", CONFORMANCE_NOT_SUPPORTED},
        {"6a82", CONFORMANCE_NOT_SUPPORTED}, {"9864", CONFORMANCE_NOT_SUPPORTED}, {"6985", CONFORMANCE_FAILED},
        {"6700", CONFORMANCE_FAILED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct mutation mutations[MUTATIONS_MAX] = {
            {.command = "00A2", .kind = ANSWER, .octets = cases[i].response}};
        struct probe probe = probe_of(*state, mutations);
        (void)probe_expect_offered(&probe, "0XA2010401FF", "9000");
        assert_int_equal(probe.verdict, cases[i].verdict);
        assert_false(probe.may_be_missing);
    }
}

/* What is shown */

static void test_pins_are_not_shown(void **state)
{
    static const char *const heads[] = {"0X200001", "0X240001", "0X260001", "0X280001", "0X2C0001"};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct probe probe = probe_of(*state, NULL);
        (void)probe_expect_data(&probe, heads[i], octets_of("9876543298765432", 16), NO_LE,
                                "6FFF");
        assert_int_equal(probe.verdict, CONFORMANCE_FAILED);
        assert_null(strstr(probe.detail, "39383736"));
        assert_non_null(strstr(probe.detail, "10.. gave "));
    }
}

static void test_answers_to_challenges_are_not_shown(void **state)
{
    const struct mutation mutations[MUTATIONS_MAX] = {
        {.command = "0088", .kind = ANSWER, .octets = "DB0811223344556677889000"}};
    struct probe probe = probe_of(*state, mutations);
    (void)probe_expect(&probe, "0X8800810100", "9862");
    assert_string_equal(probe.detail, "008800810100 gave (10 octets) 9000, expected: 9862");
}

static void test_hidden_content_is_not_shown(void **state)
{
    const struct mutation mutations[MUTATIONS_MAX] = {{.command = "00B0", .kind = ANSWER, .octets = "AABBCC9000"},
                                                      {.command = "00D6", .kind = ANSWER, .octets = "6982"}};
    struct probe probe = probe_of(*state, mutations);
    probe.hides_content = true;
    (void)probe_send(&probe, "0XB0000003");
    assert_string_equal(probe.seen, "00B0000003 gave (3 octets) 9000");
    (void)probe_send(&probe, "0XD6000003AABBCC");
    assert_string_equal(probe.seen, "00D6000003.. gave 6982");
    probe.hides_content = false;
    (void)probe_send(&probe, "0XB0000003");
    assert_string_equal(probe.seen, "00B0000003 gave AABBCC 9000");
}

static void test_long_answers_are_cut(void **state)
{
    struct probe probe = probe_of(*state, NULL);
    (void)probe_expect(&probe, "0XA40004023F0000", "6FFF");
    assert_non_null(strstr(probe.detail, ".. 9000, expected: 6FFF"));
    assert_true(strlen(probe.detail) < 120);
}

/* Contents and channels */

static void test_kept_content(void **state)
{
    (void)state;
    uint8_t octets[APDU_RESPONSE_MAX + 10] = {1, 2, 3};
    struct content content;
    probe_keep(&content, octets_of(octets, 3));
    assert_int_equal(content.length, 3);
    assert_octets(content_octets(&content), "010203");
    probe_keep(&content, octets_of(octets, sizeof octets));
    assert_int_equal(content.length, APDU_RESPONSE_MAX);
    probe_keep(&content, (struct octets){0});
    assert_int_equal(content.length, 0);
}

static void test_channels_are_closed(void **state)
{
    struct probe probe = probe_of(*state, NULL);
    const uint8_t first = probe_open_channel(&probe);
    const uint8_t second = probe_open_channel(&probe);
    assert_true(first != second && first > 0 && second > 0);
    (void)probe_expect(&probe, "0XA4000C022FEE", "9000"); /* a deviation does not stop it */
    probe_close_channels(&probe);
    assert_int_equal(probe.open_channels, 0);
    probe.verdict = CONFORMANCE_PASSED;
    probe.channel = first;
    assert_int_equal(probe_send(&probe, "0XA4000C023F00"), 0x6881);
    probe.channel = second;
    assert_int_equal(probe_send(&probe, "0XA4000C023F00"), 0x6881);
}

static void test_channels_of_nonsense(void **state)
{
    static const char *const answers[] = {"9000", "009000", "149000", "01029000", "6a81"};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        const struct mutation mutations[MUTATIONS_MAX] = {
            {.command = "0070", .kind = ANSWER, .octets = answers[i]}};
        struct probe probe = probe_of(*state, mutations);
        assert_int_equal(probe_open_channel(&probe), 0);
        assert_int_equal(probe.verdict, CONFORMANCE_FAILED);
        assert_int_equal(probe.open_channels, 0);
    }
}

/* FCP */

static void test_fcp(void **state)
{
    struct probe probe = probe_of(*state, NULL);
    const struct octets directory = probe_select(&probe, 0x2f00);
    assert_int_equal(fcp_kind(directory), FILE_LINEAR_FIXED);
    assert_int_equal(fcp_record_length(directory), 40);
    assert_int_equal(fcp_record_count(directory), 4);
    assert_int_equal(fcp_size(directory), 160);
    const struct octets card = probe_select(&probe, 0x3f00);
    assert_int_equal(fcp_kind(card), FILE_DIRECTORY);
    assert_int_equal(fcp_record_length(card), 0);
    assert_int_equal(fcp_record_count(card), 0);
    assert_null(fcp_value(card, 0x84).data);
}

static void test_broken_fcp(void **state)
{
    static const char *const answers[] = {"9000", "62009000", "62028A9000", "6F038A01059000", "62038A0105009000"};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        const struct mutation mutations[MUTATIONS_MAX] = {
            {.command = "00A4", .kind = ANSWER, .octets = answers[i]}};
        struct probe probe = probe_of(*state, mutations);
        const struct octets fcp = probe_select(&probe, 0x3f00);
        assert_int_equal(fcp.length, 0);
        assert_int_equal(fcp_kind(fcp), 0);
        assert_int_equal(fcp_size(fcp), 0);
        assert_int_equal(probe.verdict, i == 1 ? CONFORMANCE_PASSED : CONFORMANCE_FAILED);
    }
}

/* PINs */

static void test_tries(void **state)
{
    static const struct {
        const char *response;
        int tries;
    } cases[] = {{"63c3", 3}, {"63c0", 0}, {"6983", 0}, {"6984", -1}, {"9000", -1}, {"6a88", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct mutation mutations[MUTATIONS_MAX] = {
            {.command = "00200001$", .kind = ANSWER, .octets = cases[i].response},
            {.command = "002C0001$", .kind = ANSWER, .octets = cases[i].response}};
        struct probe probe = probe_of(*state, mutations);
        assert_int_equal(probe_tries(&probe, PROBE_PIN), cases[i].tries);
        assert_int_equal(probe_unblock_tries(&probe), cases[i].tries);
    }
}

static void test_secrets_are_filled(void **state)
{
    (void)state;
    uint8_t value[PROBE_SECRET_SIZE];
    probe_write_secret("1234", value);
    assert_octets(octets_of(value, sizeof value), "31323334ffffffff");
    probe_write_secret("12345678", value);
    assert_octets(octets_of(value, sizeof value), "3132333435363738");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_words),
        bench_test(test_class_names_the_channel),
        bench_test(test_data_and_le),
        bench_test(test_too_much_data_ends_the_run),
        bench_test(test_first_deviation_sticks),
        bench_test(test_clean_up_works_after_a_deviation),
        bench_test(test_no_response_apdu_is_a_deviation),
        bench_test(test_dead_card_ends_the_run),
        bench_test(test_offers),
        bench_test(test_pins_are_not_shown),
        bench_test(test_answers_to_challenges_are_not_shown),
        bench_test(test_hidden_content_is_not_shown),
        bench_test(test_long_answers_are_cut),
        cmocka_unit_test(test_kept_content),
        bench_test(test_channels_are_closed),
        bench_test(test_channels_of_nonsense),
        bench_test(test_fcp),
        bench_test(test_broken_fcp),
        bench_test(test_tries),
        cmocka_unit_test(test_secrets_are_filled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
