/* test_aka_vector.c: vectors and resynchronisation against tests/data/gba_u.json, TS 35.208 and forged AUTS. */
#include "key/aka_vector.h"

#include "../crypto/crypto_testing.h"
#include "../crypto/vector_file.h"

struct subscriber {
    struct milenage milenage;
    struct aka_amf amf;
    struct aka_vector vector;
};

static struct subscriber read_subscriber(const json_t *vector)
{
    struct subscriber subscriber = {.milenage.constants = &milenage_default_constants};
    vector_octets(vector, "k", subscriber.milenage.k.octets, AKA_K_SIZE);
    vector_octets(vector, "topc_or_opc", subscriber.milenage.opc.octets, AKA_OPC_SIZE);
    vector_octets(vector, "amf", subscriber.amf.octets, AKA_AMF_SIZE);
    vector_octets(vector, "rand", subscriber.vector.rand.octets, AKA_RAND_SIZE);
    return subscriber;
}

static aka_sqn sqn_of_hex(const char *hex)
{
    uint8_t octets[6];
    from_hex(hex, octets, sizeof octets);
    struct octet_reader reader = octet_reader_of(octets_of(octets, sizeof octets));
    return octet_reader_u48(&reader);
}

static void check_vector(struct crypto *crypto, const json_t *vector)
{
    struct subscriber subscriber = read_subscriber(vector);
    struct aka_vector *made = &subscriber.vector;
    aka_sqn sqn = sqn_of_hex(vector_text(vector, "sqn"));
    assert_ok(aka_vector_make(crypto, &subscriber.milenage, sqn, &subscriber.amf, made));
    assert_octets(octets_of(made->rand.octets, AKA_RAND_SIZE), vector_text(vector, "rand"));
    assert_octets(octets_of(made->autn.octets, AKA_AUTN_SIZE), vector_text(vector, "autn"));
    assert_octets(octets_of(made->xres.octets, made->xres.length), vector_text(vector, "res"));
    assert_octets(octets_of(made->ck.octets, AKA_CK_SIZE), vector_text(vector, "ck"));
    assert_octets(octets_of(made->ik.octets, AKA_IK_SIZE), vector_text(vector, "ik"));
}

/* The response of a card: DC 0E AUTS 9000. */
static void check_auts(struct crypto *crypto, const json_t *vector)
{
    struct subscriber subscriber = read_subscriber(vector);
    const json_t *resync = json_object_get(vector, "resync");
    uint8_t response[2 + AKA_AUTS_SIZE + 2];
    struct aka_auts auts;
    aka_sqn sqn_ms = 0;
    from_hex(vector_text(resync, "rapdu"), response, sizeof response);
    memcpy(auts.octets, response + 2, AKA_AUTS_SIZE);
    assert_ok(aka_read_auts(crypto, &subscriber.milenage, &subscriber.vector.rand, &auts, &sqn_ms));
    assert_int_equal(sqn_ms, sqn_of_hex(vector_text(resync, "sqn_ms")));
}

/* V1 and V2: V3 is of TUAK. */
static void for_each_milenage_vector(struct crypto *crypto, void (*check)(struct crypto *, const json_t *))
{
    json_t *file = vector_file_read("gba_u.json");
    size_t checked = 0;
    for (size_t i = 0; i < json_array_size(json_object_get(file, "vectors")); i++) {
        const json_t *vector = json_array_get(json_object_get(file, "vectors"), i);
        if (strcmp(vector_text(vector, "algorithm"), "milenage") == 0) {
            check(crypto, vector);
            checked++;
        }
    }
    assert_int_equal(checked, 2);
    json_decref(file);
}

static void test_make(void **state)
{
    for_each_milenage_vector(*state, check_vector);
}

static void test_read_auts(void **state)
{
    for_each_milenage_vector(*state, check_auts);
}

/* Subscriber of TS 35.208 set 20, whose AUTS are published. */
static struct milenage set_20(void)
{
    struct milenage milenage = {.constants = &milenage_default_constants};
    from_hex("90dca4eda45b53cf0f12d7c9c3bc6a89", milenage.k.octets, AKA_K_SIZE);
    from_hex("cb9cccc4b9258e6dca4760379fb82581", milenage.opc.octets, AKA_OPC_SIZE);
    return milenage;
}

struct auts_case {
    const char *rand;
    const char *auts;
    aka_sqn sqn_ms;
};

static const struct auts_case auts_cases[] = {
    {"9fddc72092c6ad036b6e464789315b78", "4f2039392ddd4bb4316ed4a14688", 0x01},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "43681ad3daf006bcde405a207267", 0x2a},
};

static void test_published_auts(void **state)
{
    const struct milenage milenage = set_20();
    for (size_t i = 0; i < 2; i++) {
        struct aka_rand rand;
        struct aka_auts auts;
        aka_sqn sqn_ms = 0;
        from_hex(auts_cases[i].rand, rand.octets, AKA_RAND_SIZE);
        from_hex(auts_cases[i].auts, auts.octets, AKA_AUTS_SIZE);
        assert_ok(aka_read_auts(*state, &milenage, &rand, &auts, &sqn_ms));
        assert_int_equal(sqn_ms, auts_cases[i].sqn_ms);
    }
}

/* An attacker may change any bit of AUTS or answer with the AUTS of another challenge: SQN must not be moved by it. */
static void test_forged_auts(void **state)
{
    const struct milenage milenage = set_20();
    struct aka_rand rand;
    struct aka_auts auts;
    aka_sqn sqn_ms = 0;
    from_hex(auts_cases[0].rand, rand.octets, AKA_RAND_SIZE);
    from_hex(auts_cases[0].auts, auts.octets, AKA_AUTS_SIZE);
    for (size_t bit = 0; bit < 8 * AKA_AUTS_SIZE; bit++) {
        auts.octets[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_status(aka_read_auts(*state, &milenage, &rand, &auts, &sqn_ms), GBAU_E_AUTHENTICATION);
        auts.octets[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    rand.octets[0] ^= 1;
    assert_status(aka_read_auts(*state, &milenage, &rand, &auts, &sqn_ms), GBAU_E_AUTHENTICATION);
}

/* MAC-S is over AMF 0000: an AUTS made with the AMF of the challenge is not ours. */
static void test_auts_with_the_amf_of_the_challenge(void **state)
{
    const struct milenage milenage = set_20();
    const struct aka_amf amf = {{0x80, 0x00}};
    struct aka_rand rand;
    struct aka_auts auts;
    struct aka_mac mac_s;
    aka_sqn sqn_ms = 0;
    from_hex(auts_cases[0].rand, rand.octets, AKA_RAND_SIZE);
    from_hex(auts_cases[0].auts, auts.octets, AKA_AUTS_SIZE);
    assert_ok(milenage_f1(*state, &milenage, &rand, 1, &amf, NULL, &mac_s));
    memcpy(auts.octets + AKA_AK_SIZE, mac_s.octets, AKA_MAC_SIZE);
    assert_status(aka_read_auts(*state, &milenage, &rand, &auts, &sqn_ms), GBAU_E_AUTHENTICATION);
}

/* AUTN carries SQN under AK: what f5 gives uncovers it, at both ends of the 48 bits. */
static void test_sqn_in_autn(void **state)
{
    const aka_sqn sqns[] = {0, 1, 0x20, 0x800000000000, AKA_SQN_MASK};
    const struct milenage milenage = set_20();
    const struct aka_amf amf = {{0x12, 0x34}};
    struct milenage_f2345 keys;
    struct aka_vector vector = {0};
    assert_ok(milenage_f2345(*state, &milenage, &vector.rand, &keys));
    for (size_t i = 0; i < sizeof sqns / sizeof sqns[0]; i++) {
        assert_ok(aka_vector_make(*state, &milenage, sqns[i], &amf, &vector));
        for (size_t j = 0; j < AKA_AK_SIZE; j++) {
            vector.autn.octets[j] ^= keys.ak.octets[j];
        }
        struct octet_reader reader = octet_reader_of(octets_of(vector.autn.octets, AKA_AUTN_SIZE));
        assert_int_equal(octet_reader_u48(&reader), sqns[i]);
        assert_int_equal(octet_reader_u16(&reader), 0x1234);
    }
}

static void test_failures_are_told(void **state)
{
    const struct milenage milenage = set_20();
    const struct aka_amf amf = {{0, 0}};
    const struct aka_auts auts = {{0}};
    struct aka_vector vector = {0};
    struct failing_crypto failing;
    aka_sqn sqn_ms = 0;
    for (int call = 0; call < 3; call++) {
        struct crypto *crypto = failing_crypto_make(&failing, *state, call);
        assert_status(aka_vector_make(crypto, &milenage, 1, &amf, &vector), GBAU_E_CRYPTO);
    }
    for (int call = 0; call < 6; call++) { /* f5* and f1* */
        struct crypto *crypto = failing_crypto_make(&failing, *state, call);
        assert_status(aka_read_auts(crypto, &milenage, &vector.rand, &auts, &sqn_ms), GBAU_E_CRYPTO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        crypto_test(test_make),
        crypto_test(test_read_auts),
        crypto_test(test_published_auts),
        crypto_test(test_forged_auts),
        crypto_test(test_auts_with_the_amf_of_the_challenge),
        crypto_test(test_sqn_in_autn),
        crypto_test(test_failures_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
