/* test_milenage.c: Milenage against the 20 sets of TS 35.207 and 35.208, operator constants, AUTS, failures. */
#include "crypto/milenage.h"

#include "crypto_testing.h"
#include "vector_file.h"

/* A set as its file has it, with what Milenage needs to run it. */
struct milenage_set {
    struct milenage milenage;
    struct aka_rand rand;
    struct aka_amf amf;
    aka_sqn sqn;
};

static aka_sqn sqn_of_hex(const char *hex)
{
    uint8_t octets[6];
    from_hex(hex, octets, sizeof octets);
    struct octet_reader reader = octet_reader_of(octets_of(octets, sizeof octets));
    return octet_reader_u48(&reader);
}

static struct milenage_set read_set(const json_t *vector)
{
    struct milenage_set set = {.milenage.constants = &milenage_default_constants};
    vector_octets(vector, "k", set.milenage.k.octets, AKA_K_SIZE);
    vector_octets(vector, "opc", set.milenage.opc.octets, AKA_OPC_SIZE);
    vector_octets(vector, "rand", set.rand.octets, AKA_RAND_SIZE);
    vector_octets(vector, "amf", set.amf.octets, AKA_AMF_SIZE);
    set.sqn = sqn_of_hex(vector_text(vector, "sqn"));
    return set;
}

static void assert_field(const json_t *vector, const char *field, const uint8_t *octets, size_t length)
{
    assert_octets(octets_of(octets, length), vector_text(vector, field));
}

static void assert_f2345(const json_t *vector, const struct milenage_f2345 *keys)
{
    assert_field(vector, "f2", keys->res, sizeof keys->res);
    assert_field(vector, "f3", keys->ck.octets, AKA_CK_SIZE);
    assert_field(vector, "f4", keys->ik.octets, AKA_IK_SIZE);
    assert_field(vector, "f5", keys->ak.octets, AKA_AK_SIZE);
}

/* Runs a check over every set of the file. */
static void for_each_set(struct crypto *crypto, void (*check)(struct crypto *, const json_t *, struct milenage_set *))
{
    json_t *file = vector_file_read("milenage.json");
    const json_t *sets = json_object_get(file, "sets");
    assert_int_equal(json_array_size(sets), 20);
    for (size_t i = 0; i < json_array_size(sets); i++) {
        const json_t *vector = json_array_get(sets, i);
        struct milenage_set set = read_set(vector);
        check(crypto, vector, &set);
    }
    json_decref(file);
}

static void check_opc(struct crypto *crypto, const json_t *vector, struct milenage_set *set)
{
    uint8_t op[AKA_OPC_SIZE];
    struct aka_opc opc;
    vector_octets(vector, "op", op, sizeof op);
    assert_ok(milenage_compute_opc(crypto, &set->milenage.k, op, &opc));
    assert_field(vector, "opc", opc.octets, AKA_OPC_SIZE);
}

static void check_f1(struct crypto *crypto, const json_t *vector, struct milenage_set *set)
{
    struct aka_mac mac_a;
    struct aka_mac mac_s;
    assert_ok(milenage_f1(crypto, &set->milenage, &set->rand, set->sqn, &set->amf, &mac_a, &mac_s));
    assert_field(vector, "f1", mac_a.octets, AKA_MAC_SIZE);
    assert_field(vector, "f1star", mac_s.octets, AKA_MAC_SIZE);
}

static void check_f1_halves(struct crypto *crypto, const json_t *vector, struct milenage_set *set)
{
    struct aka_mac mac;
    assert_ok(milenage_f1(crypto, &set->milenage, &set->rand, set->sqn, &set->amf, &mac, NULL));
    assert_field(vector, "f1", mac.octets, AKA_MAC_SIZE);
    assert_ok(milenage_f1(crypto, &set->milenage, &set->rand, set->sqn, &set->amf, NULL, &mac));
    assert_field(vector, "f1star", mac.octets, AKA_MAC_SIZE);
}

static void check_f2345(struct crypto *crypto, const json_t *vector, struct milenage_set *set)
{
    struct milenage_f2345 keys;
    assert_ok(milenage_f2345(crypto, &set->milenage, &set->rand, &keys));
    assert_f2345(vector, &keys);
}

static void check_f5star(struct crypto *crypto, const json_t *vector, struct milenage_set *set)
{
    struct aka_ak ak;
    assert_ok(milenage_f5star(crypto, &set->milenage, &set->rand, &ak));
    assert_field(vector, "f5star", ak.octets, AKA_AK_SIZE);
}

static void check_vector(struct crypto *crypto, const json_t *vector, struct milenage_set *set)
{
    struct milenage_f2345 keys;
    struct aka_mac mac;
    assert_ok(milenage_vector(crypto, &set->milenage, &set->rand, set->sqn, &set->amf, &mac, &keys));
    assert_field(vector, "f1", mac.octets, AKA_MAC_SIZE);
    assert_f2345(vector, &keys);
}

static void test_opc(void **state)
{
    for_each_set(*state, check_opc);
}

static void test_f1(void **state)
{
    for_each_set(*state, check_f1);
    for_each_set(*state, check_f1_halves);
}

static void test_f2345(void **state)
{
    for_each_set(*state, check_f2345);
}

static void test_f5star(void **state)
{
    for_each_set(*state, check_f5star);
}

static void test_vector(void **state)
{
    for_each_set(*state, check_vector);
}

static struct milenage_set first_set(void)
{
    struct milenage_set set = {.milenage.constants = &milenage_default_constants, .sqn = 0xff9bb4d0b607};
    from_hex("465b5ce8b199b49faa5f0a2ee238a6bc", set.milenage.k.octets, AKA_K_SIZE);
    from_hex("cd63cb71954a9f4e48a5994e37a02baf", set.milenage.opc.octets, AKA_OPC_SIZE);
    from_hex("23553cbe9637a89d218ae64dae47bf35", set.rand.octets, AKA_RAND_SIZE);
    from_hex("b9b9", set.amf.octets, AKA_AMF_SIZE);
    return set;
}

/* Rotations and constants all different; the outputs were computed apart with Python's cryptography. */
static void test_operator_constants(void **state)
{
    struct milenage_constants constants = {.rotation = {8, 24, 40, 72, 120}};
    struct milenage_set set = first_set();
    struct milenage_f2345 keys;
    struct aka_mac mac_a;
    struct aka_mac mac_s;
    struct aka_ak ak;
    from_hex("101112131415161718191a1b1c1d1e1f", constants.constant[0], AES_BLOCK_SIZE);
    from_hex("202122232425262728292a2b2c2d2e2f", constants.constant[1], AES_BLOCK_SIZE);
    from_hex("303132333435363738393a3b3c3d3e3f", constants.constant[2], AES_BLOCK_SIZE);
    from_hex("404142434445464748494a4b4c4d4e4f", constants.constant[3], AES_BLOCK_SIZE);
    from_hex("505152535455565758595a5b5c5d5e5f", constants.constant[4], AES_BLOCK_SIZE);
    set.milenage.constants = &constants;

    assert_ok(milenage_f1(*state, &set.milenage, &set.rand, set.sqn, &set.amf, &mac_a, &mac_s));
    assert_octets(octets_of(mac_a.octets, AKA_MAC_SIZE), "5d85f8de4bec50f7");
    assert_octets(octets_of(mac_s.octets, AKA_MAC_SIZE), "d294a02a35696d91");
    assert_ok(milenage_vector(*state, &set.milenage, &set.rand, set.sqn, &set.amf, &mac_a, &keys));
    assert_octets(octets_of(mac_a.octets, AKA_MAC_SIZE), "5d85f8de4bec50f7");
    assert_octets(octets_of(keys.res, sizeof keys.res), "37ae2e3feb0b9924");
    assert_octets(octets_of(keys.ak.octets, AKA_AK_SIZE), "15575fb1e45d");
    assert_octets(octets_of(keys.ck.octets, AKA_CK_SIZE), "18c6b77be11da13e4af7ae5a21e800f1");
    assert_octets(octets_of(keys.ik.octets, AKA_IK_SIZE), "67e51b15e139350ec7325f8670bfcb63");
    assert_ok(milenage_f5star(*state, &set.milenage, &set.rand, &ak));
    assert_octets(octets_of(ak.octets, AKA_AK_SIZE), "91c7ba84159c");
}

/* SQN has 48 bits: what a caller leaves above them does not reach the MAC. */
static void test_sqn_is_48_bits(void **state)
{
    struct milenage_set set = first_set();
    struct aka_mac mac;
    aka_sqn too_long = set.sqn | 0xabcdULL << 48;
    assert_ok(milenage_f1(*state, &set.milenage, &set.rand, too_long, &set.amf, &mac, NULL));
    assert_octets(octets_of(mac.octets, AKA_MAC_SIZE), "4a9ffac354dfafb3");
}

/* AUTS of the AUTS test of 35.208 set 20: (SQN_MS xor f5*) || f1*(SQN_MS, AMF 0000). */
static void test_auts(void **state)
{
    struct milenage milenage = {.constants = &milenage_default_constants};
    const struct aka_amf no_amf = {{0, 0}};
    struct aka_rand rand;
    struct aka_ak ak;
    struct aka_mac mac_s;
    from_hex("90dca4eda45b53cf0f12d7c9c3bc6a89", milenage.k.octets, AKA_K_SIZE);
    from_hex("cb9cccc4b9258e6dca4760379fb82581", milenage.opc.octets, AKA_OPC_SIZE);
    from_hex("9fddc72092c6ad036b6e464789315b78", rand.octets, AKA_RAND_SIZE);
    assert_ok(milenage_f5star(*state, &milenage, &rand, &ak));
    ak.octets[5] ^= 0x01; /* SQN_MS 000000000001 */
    assert_octets(octets_of(ak.octets, AKA_AK_SIZE), "4f2039392ddd");
    assert_ok(milenage_f1(*state, &milenage, &rand, 1, &no_amf, NULL, &mac_s));
    assert_octets(octets_of(mac_s.octets, AKA_MAC_SIZE), "4bb4316ed4a14688");
}

static enum gbau_status run(struct crypto *crypto, unsigned function, const struct milenage_set *set)
{
    static const uint8_t op[AKA_OPC_SIZE];
    struct milenage_f2345 keys;
    struct aka_mac mac;
    struct aka_ak ak;
    struct aka_opc opc;
    switch (function) {
    case 0:
        return milenage_compute_opc(crypto, &set->milenage.k, op, &opc);
    case 1:
        return milenage_f1(crypto, &set->milenage, &set->rand, set->sqn, &set->amf, &mac, NULL);
    case 2:
        return milenage_f2345(crypto, &set->milenage, &set->rand, &keys);
    case 3:
        return milenage_f5star(crypto, &set->milenage, &set->rand, &ak);
    default:
        return milenage_vector(crypto, &set->milenage, &set->rand, set->sqn, &set->amf, &mac, &keys);
    }
}

/* Whichever call of the cipher fails, the failure is told. */
static void test_failures_are_told(void **state)
{
    struct milenage_set set = first_set();
    for (unsigned function = 0; function < 5; function++) {
        int failures = 0;
        struct failing_crypto failing;
        while (run(failing_crypto_make(&failing, *state, failures), function, &set) != GBAU_OK) {
            failures++;
            assert_true(failures < 10);
        }
        assert_int_equal(failures, function == 0 ? 2 : 3); /* the key, TEMP, and the outputs all at once */
    }
}

static void test_clear(void **state)
{
    (void)state;
    struct milenage_set set = first_set();
    const struct milenage zero = {0};
    milenage_clear(&set.milenage);
    assert_memory_equal(&set.milenage, &zero, sizeof zero);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        crypto_test(test_opc),
        crypto_test(test_f1),
        crypto_test(test_f2345),
        crypto_test(test_f5star),
        crypto_test(test_vector),
        crypto_test(test_operator_constants),
        crypto_test(test_sqn_is_48_bits),
        crypto_test(test_auts),
        crypto_test(test_failures_are_told),
        cmocka_unit_test(test_clear),
    };
    return run_over_bindings(tests);
}
