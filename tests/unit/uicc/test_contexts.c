/* test_contexts.c: GSM context, ISIM beside USIM, TUAK and XOR cards, age of SQN (31.102 7.1, 31.103 7.1, 33.102 C.2).
 */
#include "challenge.h"

#define RAND_V1 "23553cbe9637a89d218ae64dae47bf35"

/* GSM context */

static void test_gsm_context(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(&card, "008800801110" RAND_V1 "00", "6982"); /* the PIN is asked for here too */
    enter_usim(&card);
    assert_apdu(&card, "008800801110" RAND_V1 "00", "0446f8416a08eae4be823af9a08b9000"); /* TS 55.205 set 1 */
    assert_apdu(&card, "008800801110" RAND_V1 "00", "0446f8416a08eae4be823af9a08b9000"); /* nothing was used up */
    assert_apdu(&card, TEST_DERIVE, "6985");                                             /* no Ks comes of it */
    assert_apdu(&card, "0020000a08" TEST_ADM, "9000");
    assert_apdu(&card, "00d684040101", "9000"); /* services 33 to 40 without 38 */
    assert_apdu(&card, "008800801110" RAND_V1 "00", "9864");
    test_card_end(&card);
}

/* ISIM */

static void enter_isim(struct test_card *card)
{
    assert_apdu(card, "00a4040c10" ISIM_AID, "9000");
    assert_apdu(card, "0020000108" TEST_PIN, "9000");
}

static void test_isim_has_a_state_of_its_own(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    enter_usim(&card);
    const struct challenge first = make_challenge(&card, 0x41, TEST_SQN(10, 1));
    const struct challenge second = make_challenge(&card, 0x42, TEST_SQN(11, 1));
    assert_apdu(&card, first.bootstrap, first.bootstrapped);
    assert_sw(&card, TEST_DERIVE, "9000");

    enter_isim(&card);
    assert_apdu(&card, TEST_DERIVE, "6985"); /* the USIM's Ks is not the ISIM's */
    assert_apdu(&card, second.bootstrap, second.bootstrapped);
    assert_sw(&card, "00a4080c047fff6fd5", "9000"); /* EF_GBABP of an ISIM */
    assert_int_equal(strncmp(apdu(&card, "00b0000013"), "1042424242", 10), 0);
    assert_sw(&card, TEST_DERIVE, "9000");
    assert_sw(&card, "00a4080c047fff6fd7", "9000"); /* EF_GBANL of an ISIM */
    assert_int_equal(strncmp(apdu(&card, "00b2010400"), "8014" TEST_NAF, 44), 0);

    enter_usim(&card);
    assert_sw(&card, "00a4080c047fff6fd6", "9000");
    assert_int_equal(strncmp(apdu(&card, "00b0000013"), "1041414141", 10), 0); /* as it was */
    test_card_end(&card);
}

/* One K, one SQN: what one application has accepted the other refuses. */
static void test_isim_shares_the_sqn(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    enter_usim(&card);
    const struct challenge challenge = make_challenge(&card, 0x43, TEST_SQN(10, 1));
    assert_apdu(&card, challenge.bootstrap, challenge.bootstrapped);
    enter_isim(&card);
    assert_int_equal(strncmp(apdu(&card, challenge.bootstrap), "dc0e", 4), 0);
    test_card_end(&card);
}

static void test_isim_files(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00b0820002", "80319000"},
        {"00b0870000", "0200009000"},
        {"00b0830000", "000000009000"},
        {"0088008011"
         "10" RAND_V1 "00",
         "9864"}, /* no GSM in an ISIM */
    };
    struct test_card card;
    test_card_begin(&card);
    enter_isim(&card);
    assert_exchanges(&card, exchanges);
    const char *impi = apdu(&card, "00b0820233");
    const char *expected = hex_of("001010123456789@ims.mnc001.mcc001.3gppnetwork.org", 49);
    assert_int_equal(strncmp(impi, expected, strlen(expected)), 0);
    test_card_end(&card);
}

/* TUAK: V3 of the GBA_U vectors (set 6.1 of TS 35.233) */

static void test_tuak(void **state)
{
    (void)state;
    struct card_profile profile = test_profile();
    struct tuak *tuak = &profile.functions.keys.tuak;
    profile.functions = (struct aka_functions){.algorithm = AKA_ALGORITHM_TUAK};
    tuak->sizes = (struct tuak_sizes){.k = 16, .mac = 8, .res = 8, .ck = 16, .ik = 16};
    tuak->iterations = 1;
    memset(tuak->k, 0xab, 16);
    from_hex("bd04d9530e87513c5d837ac2ad954623a8e2330c115305a73eb45d1f40cccbff", tuak->topc, TUAK_TOPC_SIZE);
    struct test_card card;
    test_card_make(&card, &profile);
    enter_usim(&card);
    assert_apdu(&card, "0088008423dd104242424242424242424242424242424210bbc306548b74ffff8c6eaa8f6319586600",
                "db087abd06d3fff7f6359000");
    assert_apdu(&card, TEST_DERIVE, "db209ac13c76160cec5038431d1ae979720466feb461aa352dfd2f05b06d55a3e77b9000");
    assert_apdu(&card, "0088008423dd104242424242424242424242424242424210bbc306548b74ffff8c6eaa8f6319586700", "9862");
    const char *auts =
        apdu(&card, "0088008423dd104242424242424242424242424242424210bbc306548b74ffff8c6eaa8f6319586600");
    assert_int_equal(strncmp(auts, "dc0e", 4), 0);
    test_card_end(&card);

    profile.sqn = 0x111111111131; /* the resynchronisation of V3 */
    test_card_make(&card, &profile);
    enter_usim(&card);
    assert_apdu(&card, "0088008423dd104242424242424242424242424242424210bbc306548b74ffff8c6eaa8f6319586600",
                "dc0ef6be7a2c1f090e71634d34fb54ad9000");
    test_card_end(&card);

    tuak->sizes.res = 32; /* AKA has no room for it */
    assert_status(test_card_try(&card, &profile), GBAU_E_ARGUMENT);
    test_card_end(&card);
}

/* XOR (TS 34.108 8.1.2): everything is cut out of K xor RAND. */
static void test_xor(void **state)
{
    (void)state;
    struct card_profile profile = test_profile();
    profile.functions = (struct aka_functions){.algorithm = AKA_ALGORITHM_XOR};
    from_hex("000102030405060708090a0b0c0d0e0f", profile.functions.keys.xor_k.octets, AKA_K_SIZE);
    struct test_card card;
    test_card_make(&card, &profile);
    enter_usim(&card);
    card.shows_keys = true;
    /* K xor RAND is K for RAND = 0: AK = 030405060708; SQN 20, AMF 0000: MAC = 0001020304050607 xor SQN || AMF */
    assert_apdu(&card, "00880081221000000000000000000000000000000000100304050607280000000102030425060700",
                "db10000102030405060708090a0b0c0d0e0f100102030405060708090a0b0c0d0e0f00"
                "1002030405060708090a0b0c0d0e0f0001"
                "08000000000000000090"
                "00");
    test_card_end(&card);
}

/* Age of SQN */

static void test_age_limit(void **state)
{
    (void)state;
    struct card_profile profile = test_profile();
    profile.sqn_age_limit = 32;
    profile.sqn = TEST_SQN(1000, 0);
    struct test_card card;
    test_card_make(&card, &profile);
    enter_usim(&card);
    const struct challenge old = make_challenge(&card, 0x51, TEST_SQN(968, 1));
    const struct challenge young = make_challenge(&card, 0x52, TEST_SQN(969, 1));
    assert_int_equal(strncmp(apdu(&card, old.bootstrap), "dc0e", 4), 0);
    assert_apdu(&card, young.bootstrap, young.bootstrapped);
    test_card_end(&card);

    profile.sqn_age_limit = 0;
    test_card_make(&card, &profile);
    enter_usim(&card);
    assert_apdu(&card, old.bootstrap, old.bootstrapped);
    test_card_end(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gsm_context),
        cmocka_unit_test(test_isim_has_a_state_of_its_own),
        cmocka_unit_test(test_isim_shares_the_sqn),
        cmocka_unit_test(test_isim_files),
        cmocka_unit_test(test_tuak),
        cmocka_unit_test(test_xor),
        cmocka_unit_test(test_age_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
