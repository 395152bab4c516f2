/* test_authenticate.c: AUTHENTICATE against tests/data/gba_u.json; MAC, SQN and AUTS (33.102); what must be refused. */
#include "challenge.h"

#define RAND_V1       "23553cbe9637a89d218ae64dae47bf35"
#define AUTN_V1       "55f328b43577b9b94a9ffac354dfafb3"
#define AUTN_STAR_V1  "55f328b43577b9b98c7f3f0d723fb244"
#define BOOTSTRAP_V1  "0088008423dd10" RAND_V1 "10" AUTN_STAR_V1 "00"
#define KS_EXT_NAF_V1 "ae9ecc3c7c17692c1d44d6d68d53a3b1624a706039753ba991e8293f3cfdec08"
#define CK_V1         "b40ba9a3c58b2a05bbf0d987b21bf8cb"
#define IK_V1         "f769bcd751044604127672711c6d3441"

#define NAF_ID_V2 "786361702e696d732e6d6e633037302e6d63633939392e7075622e336770706e6574776f726b2e6f72670100000002"

#define IMPI_V2 "39393937303030303030303030303140696d732e6d6e633037302e6d63633939392e336770706e6574776f726b2e6f7267"

#define IN_3G_V1 "008800812210" RAND_V1 "10" AUTN_V1 "00"

static void add_hex_secret(struct test_card *card, const char *hex)
{
    uint8_t octets[64];
    size_t length = 0;
    assert_ok(hex_decode(octets_of_text(hex), octets, sizeof octets, &length));
    test_card_add_secret(card, octets, length);
}

/* Vectors */

static void test_vector_v1(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    add_hex_secret(&card, CK_V1 IK_V1);
    add_hex_secret(&card, "0a1506dc49027e4932c767f73fde7d306ef97e37d805539f71182bb6c1b69fd2");
    add_hex_secret(&card, "d79d27f048f143624b2691c1a5aeaabd185e9529ed14930137f1dfd28b0742a6");
    enter_usim(&card);
    assert_apdu(&card, BOOTSTRAP_V1, "db08a54211d5e3ba50be9000");
    assert_apdu(&card, TEST_DERIVE, "db20" KS_EXT_NAF_V1 "9000");
    assert_apdu(&card, "0088008448de146e61662e6578616d706c652e636f6d010001008c31" TEST_IMPI "00",
                "db2005112d2905d40510ca915560e135686355bdcdfa47c730dc9ff991e5049626db9000");
    test_card_restart(&card); /* Ks survives */
    enter_usim(&card);
    assert_apdu(&card, TEST_DERIVE, "db20" KS_EXT_NAF_V1 "9000");
    test_card_end(&card);
}

static void make_v2(struct test_card *card, aka_sqn sqn)
{
    struct card_profile profile = test_profile();
    profile.imsi = "999700000000001";
    profile.sqn = sqn;
    from_hex("5122250214c33e723a5dd523fc145fc0", profile.functions.keys.milenage.k.octets, AKA_K_SIZE);
    from_hex("981d464c7c52eb6e5036234984ad0bcf", profile.functions.keys.milenage.opc.octets, AKA_OPC_SIZE);
    test_card_make(card, &profile);
    add_hex_secret(card, "5349fbe098649f948f5d2e973a81c00f9744871ad32bf9bbd1dd5ce54e3e2e5a");
    add_hex_secret(card, "864512c2ccfb1fe33b0484e00c0d686ac6e4768f0283e8a154666d2d949349f8");
    enter_usim(card);
}

static void test_vector_v2(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"0088008423dd1081e92b6c0ee0e12ebceba8d92a99dfa510bb52e91c747ac3ab0fb189feefe7576800",
         "db0828d7b0f2a2ec3de49000"},
        {"0088008463de2f" NAF_ID_V2 "31" IMPI_V2 "00",
         "db20d55962c03fc99352748f41ede2039249be5014f6bd74516e04290dbd820fc8859000"},
    };
    struct test_card card;
    make_v2(&card, 0);
    assert_exchanges(&card, exchanges);
    test_card_end(&card);
}

static void test_vectors_of_resynchronisation(void **state)
{
    (void)state;
    struct card_profile profile = test_profile();
    struct test_card card;
    profile.sqn = 0xff9bb4d0b627;
    test_card_make(&card, &profile);
    enter_usim(&card);
    assert_apdu(&card, BOOTSTRAP_V1, "dc0eba853f3c121cb55edb820040ab419000");
    assert_apdu(&card, IN_3G_V1, "dc0eba853f3c121cb55edb820040ab419000");
    assert_apdu(&card, TEST_DERIVE, "6985");
    test_card_end(&card);
    make_v2(&card, 0x16f3b3f70fe2);
    assert_apdu(&card, "0088008423dd1081e92b6c0ee0e12ebceba8d92a99dfa510bb52e91c747ac3ab0fb189feefe7576800",
                "dc0ec2920fe248bfe9ab61054d45c4b79000");
    test_card_end(&card);
}

/* Kc follows only where EF_UST has service 27 (TS 55.205 set 1). */
static void test_3g_context(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    enter_usim(&card);
    card.shows_keys = true;
    assert_apdu(&card, IN_3G_V1, "db08a54211d5e3ba50bf10" CK_V1 "10" IK_V1 "08eae4be823af9a08b9000");
    assert_apdu(&card, TEST_DERIVE, "6985"); /* no Ks comes of it */
    test_card_end(&card);

    test_card_begin(&card);
    enter_usim(&card);
    assert_apdu(&card, "0020000a08" TEST_ADM, "9000");
    assert_apdu(&card, "00d684030100", "9000"); /* services 25 to 32 */
    card.shows_keys = true;
    assert_apdu(&card, IN_3G_V1, "db08a54211d5e3ba50bf10" CK_V1 "10" IK_V1 "9000");
    test_card_end(&card);
}

/* The switches of 33.220 5.3.2, each by itself. */
static void test_gba_u_rules(void **state)
{
    (void)state;
    static const struct {
        struct gba_u_rules rules;
        const char *autn;
        const char *other_autn;
        const char *response;
    } cases[] = {
        {{true, true}, AUTN_STAR_V1, AUTN_V1, "db08a54211d5e3ba50be9000"},
        {{true, false}, AUTN_STAR_V1, AUTN_V1, "db08a54211d5e3ba50bf9000"},
        {{false, true}, AUTN_V1, AUTN_STAR_V1, "db08a54211d5e3ba50be9000"},
        {{false, false}, AUTN_V1, AUTN_STAR_V1, "db08a54211d5e3ba50bf9000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct card_profile profile = test_profile();
        struct test_card card;
        profile.gba_rules = cases[i].rules;
        test_card_make(&card, &profile);
        enter_usim(&card);
        assert_string_equal(apduf(&card, "0088008423dd10" RAND_V1 "10%s00", cases[i].other_autn), "9862");
        assert_string_equal(apduf(&card, "0088008423dd10" RAND_V1 "10%s00", cases[i].autn), cases[i].response);
        assert_apdu(&card, TEST_DERIVE, "db20" KS_EXT_NAF_V1 "9000");
        test_card_end(&card);
    }
}

/* MAC */

static uint8_t *copy_of_memory(const struct test_card *card)
{
    uint8_t *copy = malloc(card->storage.size);
    assert_non_null(copy);
    memcpy(copy, card->memory, card->storage.size);
    return copy;
}

static void assert_memory_unchanged(const struct test_card *card, const uint8_t *before)
{
    assert_memory_equal(card->memory, before, card->storage.size);
}

/* Every flipped bit of RAND and AUTN, in both contexts: 9862, and nothing is stored. */
static void test_wrong_mac(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    enter_usim(&card);
    const struct challenge good = make_challenge(&card, 0x11, TEST_SQN(1, 0));
    uint8_t *before = copy_of_memory(&card);
    for (unsigned bit = 0; bit < 256; bit++) {
        uint8_t octets[41];
        const size_t octet = bit < 128 ? bit / 8 : bit / 8 + 1; /* over the length of AUTN */
        from_hex(good.bootstrap, octets, sizeof octets);
        octets[7 + octet] ^= (uint8_t)(1U << bit % 8);
        assert_apdu(&card, hex_of(octets, sizeof octets), "9862");
        from_hex(good.in_3g, octets, sizeof octets - 1);
        octets[6 + octet] ^= (uint8_t)(1U << bit % 8);
        assert_apdu(&card, hex_of(octets, sizeof octets - 1), "9862");
    }
    assert_memory_unchanged(&card, before);
    assert_apdu(&card, good.bootstrap, good.bootstrapped);
    free(before);
    test_card_end(&card);
}

/* A challenge for one context is worth nothing in the other: CK and IK of GBA_U cannot be had through 3G. */
static void test_contexts_are_apart(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    enter_usim(&card);
    assert_apdu(&card, "008800812210" RAND_V1 "10" AUTN_STAR_V1 "00", "9862");
    assert_apdu(&card, "0088008423dd10" RAND_V1 "10" AUTN_V1 "00", "9862");
    assert_apdu(&card, BOOTSTRAP_V1, "db08a54211d5e3ba50be9000");
    assert_int_equal(strncmp(apdu(&card, IN_3G_V1), "dc0e", 4), 0); /* its SQN is used up */
    test_card_end(&card);
}

/* A forged challenge learns nothing of SQN, however old or new the SQN in it. */
static void test_mac_before_sqn(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    enter_usim(&card);
    const struct challenge used = make_challenge(&card, 0x22, TEST_SQN(100, 3));
    assert_apdu(&card, used.bootstrap, used.bootstrapped);
    assert_string_equal(sw_of(apdu(&card, used.bootstrap)), "9000");
    char forged[sizeof used.bootstrap];
    memcpy(forged, used.bootstrap, sizeof forged);
    forged[strlen(forged) - 3] ^= 0x01; /* last digit of the MAC */
    assert_apdu(&card, forged, "9862");
    test_card_end(&card);
}

/* SQN */

#define ACCEPTED (AKA_SQN_MASK + 1)

/* Runs a challenge in the GBA context; gives SQN_MS when it is refused, else ACCEPTED. */
static aka_sqn present(struct test_card *card, aka_sqn sqn)
{
    static uint8_t rand_octet;
    const struct challenge challenge = make_challenge(card, ++rand_octet, sqn);
    card->secret_count = 4; /* K and OPc, and one Ks: there are many challenges */
    const char *response = apdu(card, challenge.bootstrap);
    if (strcmp(response, challenge.bootstrapped) == 0) {
        return ACCEPTED;
    }
    assert_int_equal(strncmp(response, "dc0e", 4), 0);
    return sqn_of_auts(card, &challenge, response);
}

static void test_sqn_of_each_ind(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    enter_usim(&card);
    assert_true(present(&card, TEST_SQN(0, 9)) == 0); /* SEQ 0 is never fresh */
    for (unsigned ind = 0; ind < 32; ind++) {
        assert_true(present(&card, TEST_SQN(50 - ind, ind)) == ACCEPTED); /* older than others, but fresh for its IND */
    }
    const aka_sqn highest = TEST_SQN(50, 0);
    for (unsigned ind = 0; ind < 32; ind++) {
        assert_true(present(&card, TEST_SQN(50 - ind, ind)) == highest);
        assert_true(present(&card, TEST_SQN(49 - ind, ind)) == highest);
    }
    test_card_restart(&card);
    enter_usim(&card);
    assert_true(present(&card, TEST_SQN(50, 0)) == highest);
    assert_true(present(&card, TEST_SQN(20, 31)) == ACCEPTED); /* 19 was the last of IND 31 */
    assert_true(present(&card, TEST_SQN(51, 31)) == ACCEPTED);
    assert_true(present(&card, TEST_SQN(51, 31)) == TEST_SQN(51, 31));
    test_card_end(&card);
}

static void test_limit_of_jumps(void **state)
{
    (void)state;
    struct card_profile profile = test_profile();
    struct test_card card;
    profile.sqn_delta = 1000;
    test_card_make(&card, &profile);
    enter_usim(&card);
    assert_true(present(&card, TEST_SQN(1ULL << 40, 1)) == ACCEPTED); /* nothing to jump from yet */
    const uint64_t seq = 1ULL << 40;
    assert_true(present(&card, TEST_SQN(seq + 1001, 1)) == TEST_SQN(seq, 1));
    assert_true(present(&card, TEST_SQN(seq + 1001, 2)) == TEST_SQN(seq, 1));
    assert_true(present(&card, TEST_SQN((1ULL << 43) - 1, 2)) == TEST_SQN(seq, 1));
    assert_true(present(&card, TEST_SQN(seq + 1000, 2)) == ACCEPTED);
    assert_true(present(&card, TEST_SQN(seq + 2001, 1)) == TEST_SQN(seq + 1000, 2));
    assert_true(present(&card, TEST_SQN(seq + 2000, 1)) == ACCEPTED);
    assert_true(present(&card, TEST_SQN(7, 3)) == ACCEPTED); /* backwards, but fresh for its IND */
    test_card_end(&card);

    profile.sqn_delta = 0; /* no limit */
    test_card_make(&card, &profile);
    enter_usim(&card);
    assert_true(present(&card, TEST_SQN(1, 1)) == ACCEPTED);
    assert_true(present(&card, AKA_SQN_MASK) == ACCEPTED);
    assert_true(present(&card, TEST_SQN(5, 31)) == AKA_SQN_MASK);
    test_card_end(&card);
}

/* Both contexts draw on the same SQN; a refused challenge changes nothing. */
static void test_sqn_is_shared(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    enter_usim(&card);
    const struct challenge first = make_challenge(&card, 0x31, TEST_SQN(10, 4));
    const struct challenge second = make_challenge(&card, 0x32, TEST_SQN(11, 4));
    assert_apdu(&card, first.bootstrap, first.bootstrapped);
    uint8_t *before = copy_of_memory(&card);
    assert_true(sqn_of_auts(&card, &first, apdu(&card, first.in_3g)) == TEST_SQN(10, 4));
    assert_true(sqn_of_auts(&card, &first, apdu(&card, first.bootstrap)) == TEST_SQN(10, 4));
    assert_memory_unchanged(&card, before);
    card.shows_keys = true;
    assert_apdu(&card, second.in_3g, second.answer_3g);
    card.shows_keys = false;
    assert_true(sqn_of_auts(&card, &second, apdu(&card, second.bootstrap)) == TEST_SQN(11, 4));
    assert_string_equal(apdu(&card, TEST_DERIVE), derived_by(&card, &first, TEST_NAF));
    free(before);
    test_card_end(&card);
}

/* Refusals */

static void test_no_application_no_pin(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    assert_apdu(&card, BOOTSTRAP_V1, "6985"); /* no application on the channel */
    assert_apdu(&card, "00a4040c09" API_AID, "9000");
    assert_apdu(&card, BOOTSTRAP_V1, "6985"); /* an applet has no AKA */
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(&card, BOOTSTRAP_V1, "6982");
    assert_apdu(&card, TEST_DERIVE, "6982");
    assert_apdu(&card, IN_3G_V1, "6982");
    assert_apdu(&card, "0020000a08" TEST_ADM, "9000");
    assert_apdu(&card, BOOTSTRAP_V1, "6982"); /* ADM is no user */
    enter_usim(&card);
    assert_apdu(&card, "002000010831313131ffffffff", "63c2");
    assert_apdu(&card, BOOTSTRAP_V1, "6982"); /* a wrong PIN takes the right back */
    enter_usim(&card);
    uicc_reset(&card.uicc);
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(&card, BOOTSTRAP_V1, "6982");
    assert_apdu(&card, "0026000108" TEST_PIN, "9000");
    test_card_restart(&card);
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(&card, BOOTSTRAP_V1, "db08a54211d5e3ba50be9000"); /* a disabled PIN asks for nothing */
    test_card_end(&card);
}

static void test_refused_coding(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"0088018423dd10" RAND_V1 "10" AUTN_STAR_V1 "00", "6a86"},
        {"0088008323dd10" RAND_V1 "10" AUTN_STAR_V1 "00", "6a86"},
        {"0088000423dd10" RAND_V1 "10" AUTN_STAR_V1 "00", "6a86"},
        {"008800801010" RAND_V1 "00", "6700"},
        {"008800800f10" RAND_V1, "6700"},
        {"008800820404010203", "9864"},
        {"0088008504530201ff", "9864"},
        {"0088008604730201ff", "9864"},
        {"00880084", "6700"},
        {"0088008400", "6700"},
        {"0088008401dd00", "6700"},
        {"0088008401de00", "6700"},
        {"0088008423df10" RAND_V1 "10" AUTN_STAR_V1 "00", "6700"},
        {"0088008423dd0f" RAND_V1 "10" AUTN_STAR_V1 "00", "6700"},
        {"0088008423dd10" RAND_V1 "11" AUTN_STAR_V1 "00", "6700"},
        {"0088008422dd10" RAND_V1 "1055f328b43577b9b98c7f3f0d723fb200", "6700"},
        {"0088008424dd10" RAND_V1 "10" AUTN_STAR_V1 "0000", "6700"},
        {"008800812310" RAND_V1 "10" AUTN_V1 "0000", "6700"},
        {"008800812110" RAND_V1 "1055f328b43577b9b94a9ffac354dfaf00", "6700"},
        {"8088008423dd10" RAND_V1 "10" AUTN_STAR_V1 "00", "6e00"},
        {"0089008423dd10" RAND_V1 "10" AUTN_STAR_V1 "00", "6a86"}, /* no TLV in this context */
        {"0089808523530201ff", "6700"},
        {"0089808504530201ff", "9864"},
        {"0089808604730201ff", "9864"},
        {"0089008504530201ff", "6985"}, /* a second block without a first */
        {"0089a085", "6985"},
        {"0089018504530201ff", "6a86"},
    };
    struct test_card card;
    test_card_begin(&card);
    enter_usim(&card);
    uint8_t *before = copy_of_memory(&card);
    assert_exchanges(&card, exchanges);
    assert_memory_unchanged(&card, before);
    free(before);
    test_card_end(&card);
}

/* Without service 68 in EF_UST the GBA context is not there; 3G is. */
static void test_service_off(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    enter_usim(&card);
    assert_apdu(&card, "0020000a08" TEST_ADM, "9000");
    assert_apdu(&card, "00d684080100", "9000");
    assert_apdu(&card, BOOTSTRAP_V1, "9864");
    assert_apdu(&card, TEST_DERIVE, "9864");
    card.shows_keys = true;
    assert_sw(&card, IN_3G_V1, "9000");
    test_card_end(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector_v1),
        cmocka_unit_test(test_vector_v2),
        cmocka_unit_test(test_vectors_of_resynchronisation),
        cmocka_unit_test(test_3g_context),
        cmocka_unit_test(test_gba_u_rules),
        cmocka_unit_test(test_wrong_mac),
        cmocka_unit_test(test_contexts_are_apart),
        cmocka_unit_test(test_mac_before_sqn),
        cmocka_unit_test(test_sqn_of_each_ind),
        cmocka_unit_test(test_limit_of_jumps),
        cmocka_unit_test(test_sqn_is_shared),
        cmocka_unit_test(test_no_application_no_pin),
        cmocka_unit_test(test_refused_coding),
        cmocka_unit_test(test_service_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
