/* test_profile.c: what stands in the files of a new card, and which profiles are refused. */
#include "test_card.h"

/* READ BINARY of a whole file that was selected by its path from MF; USIM and ADM are entered. */
static const char *content(struct test_card *card, const char *path)
{
    assert_string_equal(apduf(card, "00a4080c%02zx%s", strlen(path) / 2, path), "9000");
    return apdu(card, "00b0000000");
}

static void begin(struct test_card *card, const struct card_profile *profile)
{
    test_card_make(card, profile);
    enter_usim(card);
    assert_apdu(card, "0020000a08" TEST_ADM, "9000");
}

static void test_files(void **state)
{
    (void)state;
    static const struct exchange files[] = {
        {"2f05", "656effffffffffffffff9000"},
        {"2f08", "3c050200009000"},
        {"7fff6f05", "656effffffff9000"},
        {"7fff6f07", "0809101010325476989000"},
        {"7fff6f31", "0a9000"},
        {"7fff6f38", "021a1f04213600004c00100000000026009000"},
        {"7fff6f46", "0067626175ffffffffffffffffffffffff9000"},
        {"7fff6f5b", "f00000f000009000"},
        {"7fff6f5c", "ffffff9000"},
        {"7fff6f73", "ffffffffffffffffffff0000ff019000"},
        {"7fff6f78", "02009000"},
        {"7fff6f7b", "ffffffffffffffffffffffff9000"},
        {"7fff6f7e", "ffffffffffffff0000ff019000"},
        {"7fff6fad", "000000029000"},
        {"7fff6fe3", "ffffffffffffffffffffffffffffff0000019000"},
    };
    const struct card_profile profile = test_profile();
    struct test_card card;
    begin(&card, &profile);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        assert_string_equal(content(&card, files[i].command), files[i].response);
    }
    static const char *const keys[] = {"7fff6f08", "7fff6f09"};
    for (size_t i = 0; i < 2; i++) {
        const char *key_file = content(&card, keys[i]);
        assert_int_equal(strlen(key_file), 2 * 33 + 4);
        assert_int_equal(strncmp(key_file, "07ffff", 6), 0);
    }
    assert_int_equal(strlen(content(&card, "7fff6fc4")), 2 * 128 + 4);
    assert_int_equal(strlen(content(&card, "7fff6fd6")), 2 * 255 + 4);
    test_card_end(&card);
}

/* Service 68, GBA, is b4 of octet 9 (31.102 4.2.8). */
static void test_service_table(void **state)
{
    (void)state;
    const struct card_profile profile = test_profile();
    struct test_card card;
    static const uint8_t offered[] = {2,  10, 12, 13, 17, 18, 19, 20, 21, 27,  33, 38,
                                      42, 43, 45, 46, 67, 68, 71, 85, 122, 123, 126};
    uint8_t services[19];
    begin(&card, &profile);
    from_hex(content(&card, "7fff6f38"), services, sizeof services);
    for (unsigned service = 1; service <= 17 * 8; service++) {
        const bool available = (services[(service - 1) / 8] & 1U << (service - 1) % 8) != 0;
        assert_true(available == (memchr(offered, (int)service, sizeof offered) != NULL));
    }
    test_card_end(&card);
}

static void test_directory(void **state)
{
    (void)state;
    const struct card_profile profile = test_profile();
    struct test_card card;
    begin(&card, &profile);
    assert_apdu(&card, "00a4080c022f00", "9000");
    assert_apdu(&card, "00b2010400", "61184f10" USIM_AID "50045553494dffffffffffffffffffffffffffff9000");
    assert_apdu(&card, "00b2030400", "61164f09" API_AID "50094742415f5520415049ffffffffffffffffffffffffffffffff9000");
    assert_apdu(&card, "00b2020400", "61184f10" ISIM_AID "50044953494dffffffffffffffffffffffffffff9000");
    assert_apdu(&card, "00b2040400",
                "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff9000");
    test_card_end(&card);
}

static void test_api_lines(void **state)
{
    (void)state;
    static uint8_t naf_id[107];
    struct card_profile profile = test_profile();
    struct test_card card;
    memset(naf_id, 'n', sizeof naf_id);
    profile.api_line_count = 2;
    profile.api_lines[1].naf_id = octets_of(naf_id, sizeof naf_id); /* the longest */
    begin(&card, &profile);
    assert_apdu(&card, "00a4080c047fff6f0a", "9000");
    assert_int_equal(strncmp(apdu(&card, "00b2010400"), "801f09" API_AID "14" TEST_NAF "ffff", 68), 0);
    const char *line = apdu(&card, "00b2020400");
    assert_int_equal(strncmp(line, "807609" API_AID "6b6e6e", 30), 0);
    assert_string_equal(line + 238, "6e9000");
    assert_string_equal(sw_of(apdu(&card, "00b2080400")), "9000");
    assert_sw(&card, "00b2090400", "6a83");
    test_card_end(&card);
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *imsi;
        const char *iccid;
        const char *ef_imsi;
        const char *ef_iccid;
        const char *ef_acc;
    } cases[] = {
        {"001010123456789", "8988211000000000001", "080910101032547698", "988812010000000000f1", "0200"},
        {"00101012345678", "89882110000000000012", "0801101010325476f8", "98881201000000000021", "0100"},
        {"001010", "898821100000000001", "04011010f0ffffffff", "988812010000000010ff", "0001"},
        {"0010103", "8988211000000000001", "0409101030ffffffff", "988812010000000000f1", "0008"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct card_profile profile = test_profile();
        struct test_card card;
        char expected[64];
        profile.imsi = cases[i].imsi;
        profile.iccid = cases[i].iccid;
        profile.mnc_digits = 3;
        begin(&card, &profile);
        (void)snprintf(expected, sizeof expected, "%s9000", cases[i].ef_imsi);
        assert_string_equal(content(&card, "7fff6f07"), expected);
        (void)snprintf(expected, sizeof expected, "%s9000", cases[i].ef_iccid);
        assert_string_equal(content(&card, "2fe2"), expected);
        (void)snprintf(expected, sizeof expected, "%s9000", cases[i].ef_acc);
        assert_string_equal(content(&card, "7fff6f78"), expected);
        assert_string_equal(content(&card, "7fff6fad"), "000000039000");
        test_card_end(&card);
    }
}

/* Without an ICCID: 89, the IMSI after zeros, and the check digit of E.118. */
static void test_made_iccid(void **state)
{
    (void)state;
    const struct card_profile profile = test_profile();
    struct test_card card;
    char digits[20];
    unsigned sum = 0;
    begin(&card, &profile);
    const char *file = content(&card, "2fe2");
    for (size_t i = 0; i < 19; i++) {
        digits[i] = file[i ^ 1];
    }
    assert_int_equal(file[18], 'f');
    assert_int_equal(strncmp(digits, "890001010123456789", 18), 0);
    for (size_t i = 0; i < 19; i++) { /* Luhn over all digits: every second one from the right doubled */
        unsigned digit = (unsigned)(digits[18 - i] - '0');
        sum += i % 2 == 0 ? digit : digit * 2 / 10 + digit * 2 % 10;
    }
    assert_int_equal(sum % 10, 0);
    test_card_end(&card);
}

static void test_refused_profiles(void **state)
{
    (void)state;
    static uint8_t naf_id[108];
    enum { CASES = 18 };
    struct card_profile profiles[CASES];
    for (size_t i = 0; i < CASES; i++) {
        profiles[i] = test_profile();
    }
    profiles[0].imsi = "00101";
    profiles[1].imsi = "0010101234567890";
    profiles[2].imsi = "00101012345678a";
    profiles[3].imsi = "";
    profiles[4].iccid = "12345678901234567";
    profiles[5].iccid = "123456789012345678901";
    profiles[6].iccid = "12345678901234567f";
    profiles[7].mnc_digits = 1;
    profiles[8].mnc_digits = 4;
    profiles[9].pin = "123";
    profiles[10].pin = "123456789";
    profiles[11].pin = "12 4";
    profiles[12].puk = "1234567";
    profiles[13].puk = "123456789";
    profiles[14].puk = "1234567x";
    profiles[15].api_line_count = PROFILE_MAX_API_LINES + 1;
    profiles[16].imsi = "001010123456789 ";
    profiles[17].api_lines[0].naf_id = octets_of(naf_id, sizeof naf_id);
    for (size_t i = 0; i < CASES; i++) {
        struct test_card card;
        assert_status(test_card_try(&card, &profiles[i]), i == 17 ? GBAU_E_SPACE : GBAU_E_ARGUMENT);
        assert_status(uicc_power_on(&card.uicc, &card.storage, &card.crypto),
                      GBAU_E_MALFORMED); /* no card came of it */
        test_card_end(&card);
    }
}

static enum gbau_status failing_write(void *context, size_t offset, const void *data, size_t length)
{
    (void)context;
    (void)offset;
    (void)data;
    (void)length;
    return GBAU_E_STORAGE;
}

static void test_failing_storage(void **state)
{
    (void)state;
    static struct profile_workspace workspace;
    const struct card_profile profile = test_profile();
    struct test_card card;
    test_card_begin(&card);
    struct nvm_storage storage = card.storage;
    storage.size--;
    assert_status(card_profile_make(&profile, &card.crypto, &workspace, &storage), GBAU_E_SPACE);
    storage.size++;
    storage.write = failing_write;
    memset(&workspace, 0xff, sizeof workspace);
    assert_status(card_profile_make(&profile, &card.crypto, &workspace, &storage), GBAU_E_STORAGE);
    static const struct profile_workspace wiped;
    assert_memory_equal(&workspace, &wiped, sizeof wiped); /* K and PINs were in it */
    test_card_end(&card);
}

/* Two cards of one profile differ in the secret number with which their journals' records begin. */
static void test_record_magic(void **state)
{
    (void)state;
    struct test_card first;
    struct test_card second;
    test_card_begin(&first);
    test_card_begin(&second);
    assert_memory_not_equal(first.memory + 14, second.memory + 14, NVM_RECORD_MAGIC_SIZE);
    test_card_end(&first);
    test_card_end(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_service_table),
        cmocka_unit_test(test_directory),
        cmocka_unit_test(test_api_lines),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_made_iccid),
        cmocka_unit_test(test_refused_profiles),
        cmocka_unit_test(test_failing_storage),
        cmocka_unit_test(test_record_magic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
