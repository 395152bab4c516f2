/* test_naf_keys.c: what the card keeps of bootstrappings and derivations, in secret and in its files (33.220 G). */
#include "api_testing.h"

/* "I1U8vpY3qJ0hiuZNrke/NQ==@bsf.mnc001.mcc001.pub.3gppnetwork.org" */
#define B_TID                                                                                                          \
    "4931553876705933714a306869755a4e726b652f4e513d3d406273662e6d6e633030312e6d63633030312e7075622e336770706e6574776f" \
    "726b2e6f7267"
#define RAND_V1      "23553cbe9637a89d218ae64dae47bf35"
#define BOOTSTRAP_V1 "0088008423dd10" RAND_V1 "1055f328b43577b9b98c7f3f0d723fb24400"
#define LIFETIME     "323033302d30312d30315430303a30303a30305a"

/* "n0" to "n9", then "na"...: a NAF of its own each, with its Ua protocol. */
static const char *naf_hex(unsigned number)
{
    static char text[32];
    (void)snprintf(text, sizeof text, "6e%02x0100000002", '0' + number);
    return text;
}

static const char *derive(struct test_card *card, const char *naf_id_hex)
{
    char data[600];
    (void)snprintf(data, sizeof data, "de%02zx%s31" TEST_IMPI, strlen(naf_id_hex) / 2, naf_id_hex);
    return apdu_with(card, "00880084", data);
}

/* Record of EF_GBANL, up to its padding. */
static const char *record(struct test_card *card, unsigned number)
{
    static char text[400];
    assert_sw(card, "00a4080c047fff6fda", "9000");
    const char *response = apduf(card, "00b2%02x0400", number);
    assert_string_equal(sw_of(response), "9000");
    assert_int_equal(strlen(response), 2 * 180 + 4);
    (void)snprintf(text, sizeof text, "%s", response);
    size_t length = 2 * 180;
    while (length > 0 && text[length - 1] == 'f') {
        length--;
    }
    text[length] = '\0';
    return text;
}

/* EF_GBABP, up to its padding. */
static const char *gbabp(struct test_card *card)
{
    static char text[600];
    assert_sw(card, TEST_SELECT_GBABP, "9000");
    const char *response = apdu(card, "00b0000000");
    assert_string_equal(sw_of(response), "9000");
    (void)snprintf(text, sizeof text, "%s", response);
    size_t length = 2 * 255;
    while (length > 0 && text[length - 1] == 'f') {
        length--;
    }
    text[length] = '\0';
    return text;
}

/* Files */

static void test_files_of_a_vector(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    enter_usim(&card);
    assert_string_equal(gbabp(&card), "");
    assert_string_equal(record(&card, 1), "");
    assert_sw(&card, BOOTSTRAP_V1, "9000");
    assert_string_equal(gbabp(&card), "10" RAND_V1 "0000"); /* B-TID and lifetime are the ME's to write */
    assert_sw(&card, "00d60011543e" B_TID "14" LIFETIME, "9000");
    assert_string_equal(gbabp(&card), "10" RAND_V1 "3e" B_TID "14" LIFETIME);
    assert_sw(&card, TEST_DERIVE, "9000");
    assert_string_equal(record(&card, 1), "8014" TEST_NAF "813e" B_TID);
    assert_string_equal(record(&card, 2), "");
    test_card_restart(&card);
    enter_usim(&card);
    assert_string_equal(gbabp(&card), "10" RAND_V1 "3e" B_TID "14" LIFETIME);
    assert_string_equal(record(&card, 1), "8014" TEST_NAF "813e" B_TID);
    test_card_end(&card);
}

/* A new bootstrapping leaves nothing of the old B-TID, however long the ME had made it, and keeps EF_GBANL. */
static void test_files_after_new_bootstrapping(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    enter_usim(&card);
    const struct challenge first = bootstrap(&card, 0x41, 1);
    assert_sw(&card, TEST_SELECT_GBABP, "9000");
    for (unsigned i = 0x11; i < 0xff; i++) { /* one B-TID that fills the file */
        assert_string_equal(apduf(&card, "00d600%02x01%02x", i, i == 0x11 ? 0xec : 0x62), "9000");
    }
    assert_sw(&card, "00d600fe0100", "9000");
    assert_string_equal(derive(&card, TEST_NAF), derived_by(&card, &first, TEST_NAF));
    assert_string_equal(record(&card, 1), "8014" TEST_NAF "8100"); /* it fits in no record */
    const struct challenge second = bootstrap(&card, 0x42, 2);
    char expected[64];
    (void)snprintf(expected, sizeof expected, "10%s0000", hex_of(second.rand.octets, 16));
    assert_string_equal(gbabp(&card), expected);
    assert_string_equal(record(&card, 1), "8014" TEST_NAF "8100");
    assert_string_equal(derive(&card, TEST_NAF), derived_by(&card, &second, TEST_NAF));
    test_card_end(&card);
}

/* Whatever the ME writes into EF_GBABP: derivation uses the card's own RAND, and no B-TID of another RAND. */
static void test_rewritten_gbabp(void **state)
{
    (void)state;
    static const char *const contents[] = {
        "00d600001310000102030405060708090a0b0c0d0e0f0161",
        "00d6000003ffffff",
        "00d60000050001620000",
        "00d600000410235500",
        "00d600001411" RAND_V1 "000161",
    };
    struct test_card card;
    test_card_begin(&card);
    enter_usim(&card);
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        const struct challenge challenge = bootstrap(&card, (uint8_t)(0x50 + i), i + 1);
        assert_sw(&card, TEST_SELECT_GBABP, "9000");
        assert_sw(&card, contents[i], "9000");
        assert_string_equal(derive(&card, TEST_NAF), derived_by(&card, &challenge, TEST_NAF));
        assert_string_equal(record(&card, 1), "8014" TEST_NAF "8100");
    }
    test_card_end(&card);
}

/* The ME cannot write EF_GBANL; ADM can, and still the keys belong to the NAF_IDs that they were derived for. */
static void test_rewritten_gbanl(void **state)
{
    (void)state;
    struct test_card card;
    char update[500] = "00dc0104b48014" TEST_NAF;
    test_card_begin(&card);
    enter_usim(&card);
    const struct challenge challenge = bootstrap(&card, 0x61, 1);
    assert_sw(&card, TEST_DERIVE, "9000");
    assert_string_equal(derive(&card, naf_hex(1)), derived_by(&card, &challenge, naf_hex(1)));
    assert_sw(&card, "00a4080c047fff6fda", "9000");
    while (strlen(update) < 10 + 360) {
        (void)snprintf(update + strlen(update), 3, "ff");
    }
    memcpy(update + 4, "02", 2);
    assert_apdu(&card, update, "6982");
    assert_sw(&card, "0020000a08" TEST_ADM, "9000");
    assert_apdu(&card, update, "9000"); /* record 2 names the API's NAF now, record 1 still does */
    assert_sw(&card, SELECT_API, "9000");
    const struct ks_int_naf root = int_key_by(&card, &challenge, TEST_NAF);
    const struct application_key key = key_of_naf(&card, &root, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_AES_128_GCM);
    uint8_t sealed[64];
    unsigned handle = open_key(&card, OPEN_KEY("01", "01"));
    assert_true(naf_opens(&card, &key, seal_hello(&card, handle, sealed)));
    test_card_end(&card);
}

/* Which entry is overwritten (33.220 G.2) */

static void assert_record_of(struct test_card *card, unsigned number, unsigned naf)
{
    char expected[64];
    (void)snprintf(expected, sizeof expected, "8007%s8100", naf_hex(naf));
    assert_string_equal(record(card, number), expected);
}

static void test_oldest_is_overwritten(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    enter_usim(&card);
    const struct challenge challenge = bootstrap(&card, 0x71, 1);
    for (unsigned naf = 0; naf < 10; naf++) {
        assert_string_equal(derive(&card, naf_hex(naf)), derived_by(&card, &challenge, naf_hex(naf)));
        assert_record_of(&card, naf + 1, naf);
    }
    assert_sw(&card, "0088008440de076e30010000000231" TEST_IMPI "00", "6700"); /* wrong inner length: no change */
    assert_string_equal(derive(&card, naf_hex(0)), derived_by(&card, &challenge, naf_hex(0))); /* to the front */
    assert_record_of(&card, 1, 0);
    test_card_restart(&card); /* the order survives */
    enter_usim(&card);
    assert_string_equal(derive(&card, naf_hex(10)), derived_by(&card, &challenge, naf_hex(10)));
    assert_record_of(&card, 1, 0);
    assert_record_of(&card, 2, 10); /* 1 was the oldest */
    for (unsigned naf = 11; naf < 19; naf++) {
        assert_string_equal(derive(&card, naf_hex(naf)), derived_by(&card, &challenge, naf_hex(naf)));
        assert_record_of(&card, naf - 8, naf); /* 2 to 9 go, one after the other */
    }
    assert_record_of(&card, 1, 0);
    assert_string_equal(derive(&card, naf_hex(19)), derived_by(&card, &challenge, naf_hex(19)));
    assert_record_of(&card, 1, 19);
    test_card_end(&card);
}

/* Using a key through the API counts as use. */
static void test_used_is_kept(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    enter_usim(&card);
    const struct challenge challenge = bootstrap(&card, 0x72, 1);
    assert_sw(&card, TEST_DERIVE, "9000");
    for (unsigned naf = 1; naf < 10; naf++) {
        assert_string_equal(derive(&card, naf_hex(naf)), derived_by(&card, &challenge, naf_hex(naf)));
    }
    assert_sw(&card, SELECT_API, "9000");
    (void)open_key(&card, OPEN_KEY("01", "01"));
    test_card_restart(&card);
    enter_usim(&card);
    assert_sw(&card, "00a4040c10" USIM_AID, "9000");
    assert_string_equal(derive(&card, naf_hex(10)), derived_by(&card, &challenge, naf_hex(10)));
    assert_string_equal(record(&card, 1), "8014" TEST_NAF "8100");
    assert_record_of(&card, 2, 10);
    test_card_end(&card);
}

/* Keys of an old bootstrapping stay until they are derived again. */
static void test_new_bootstrapping_keeps_entries(void **state)
{
    (void)state;
    struct test_card card;
    uint8_t sealed[64];
    test_card_begin(&card);
    enter_usim(&card);
    const struct challenge old = bootstrap(&card, 0x73, 1);
    assert_sw(&card, TEST_DERIVE, "9000");
    const struct challenge new = bootstrap(&card, 0x74, 2);
    const struct ks_int_naf old_root = int_key_by(&card, &old, TEST_NAF);
    const struct ks_int_naf new_root = int_key_by(&card, &new, TEST_NAF);
    const struct application_key old_key =
        key_of_naf(&card, &old_root, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_AES_256_GCM);
    const struct application_key new_key =
        key_of_naf(&card, &new_root, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_AES_256_GCM);
    assert_sw(&card, SELECT_API, "9000");
    unsigned handle = open_key(&card, OPEN_KEY("01", "02"));
    assert_true(naf_opens(&card, &old_key, seal_hello(&card, handle, sealed)));
    assert_sw(&card, "00a4040c10" USIM_AID, "9000");
    assert_string_equal(apdu(&card, TEST_DERIVE), derived_by(&card, &new, TEST_NAF));
    assert_string_equal(record(&card, 2), ""); /* the same entry anew */
    assert_sw(&card, SELECT_API, "9000");
    handle = open_key(&card, OPEN_KEY("01", "02"));
    assert_true(naf_opens(&card, &new_key, seal_hello(&card, handle, sealed)));
    assert_false(naf_opens(&card, &old_key, seal_hello(&card, handle, sealed)));
    test_card_end(&card);
}

/* Lengths */

static const char *repeated(const char *octet, size_t count)
{
    static char text[600];
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        memcpy(text + 2 * i, octet, 3);
    }
    return text;
}

/* NAF_ID and IMPI: the longest that fit, and one octet more. */
static void test_lengths(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    enter_usim(&card);
    (void)bootstrap(&card, 0x75, 1);
    assert_sw(&card, "008800840ade056e01000002016100", "6700");   /* Lc and the content disagree */
    assert_apdu(&card, "0088008409de050100000002016100", "6700"); /* NAF_ID of a protocol only */
    assert_apdu(&card, "0088008409de066e01000000020000", "6700"); /* no IMPI */
    assert_apdu(&card, "0088008403de000000", "6700");
    assert_sw(&card, "008800840ade066e0100000002016100", "9000");
    assert_string_equal(sw_of(apduf(&card, "00880084b3deaf%s016100", repeated("6e", 175))), "9000");
    assert_string_equal(apduf(&card, "00880084b4deb0%s016100", repeated("6e", 176)), "9866");
    assert_string_equal(apduf(&card, "00880084fcdef8%s016100", repeated("6e", 248)), "9866");
    assert_string_equal(sw_of(apduf(&card, "00880084ffde066e0100000002f6%s00", repeated("61", 246))), "9000");
    assert_string_equal(sw_of(apduf(&card, "00880084ffde066e0100000002f7%s00", repeated("61", 246))), "6700");
    char expected[400];
    (void)snprintf(expected, sizeof expected, "8081af%s8100", repeated("6e", 175));
    assert_string_equal(record(&card, 2), expected);
    assert_string_equal(record(&card, 3), ""); /* what did not fit left no trace */
    test_card_end(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_of_a_vector),
        cmocka_unit_test(test_files_after_new_bootstrapping),
        cmocka_unit_test(test_rewritten_gbabp),
        cmocka_unit_test(test_rewritten_gbanl),
        cmocka_unit_test(test_oldest_is_overwritten),
        cmocka_unit_test(test_used_is_kept),
        cmocka_unit_test(test_new_bootstrapping_keeps_entries),
        cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
