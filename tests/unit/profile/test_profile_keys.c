/* test_profile_keys.c: keys as people give them: OPc of OP, TOPc of TOP, and what is missing or too much. */
#include "testing.h"

#include "crypto/openssl.h"
#include "profile/profile_keys.h"

#define SET1_K     "465b5ce8b199b49faa5f0a2ee238a6bc"
#define SET1_OP    "cdc202d5123e20f62b6d676ac72cb318"
#define SET1_OPC   "cd63cb71954a9f4e48a5994e37a02baf"
#define TUAK1_K    "abababababababababababababababab"
#define TUAK1_TOP  "5555555555555555555555555555555555555555555555555555555555555555"
#define TUAK1_TOPC "bd04d9530e87513c5d837ac2ad954623a8e2330c115305a73eb45d1f40cccbff"

static struct crypto crypto;

static int open_crypto(void **state)
{
    (void)state;
    return crypto_openssl_open(&crypto) == GBAU_OK ? 0 : -1;
}

static int close_crypto(void **state)
{
    (void)state;
    crypto_openssl_close(&crypto);
    return 0;
}

static struct profile_keys keys_of(enum aka_algorithm algorithm, const char *k, const char *operator_key)
{
    struct profile_keys keys = PROFILE_KEYS_DEFAULT;
    keys.algorithm = algorithm;
    keys.k_length = strlen(k) / 2;
    keys.operator_length = strlen(operator_key) / 2;
    from_hex(k, keys.k, keys.k_length);
    from_hex(operator_key, keys.operator_key, keys.operator_length);
    return keys;
}

static void finishes_milenage(void **state)
{
    (void)state;
    struct aka_functions functions;
    struct profile_keys keys = keys_of(AKA_ALGORITHM_MILENAGE, SET1_K, SET1_OPC);
    assert_null(profile_keys_problem(&keys));
    assert_ok(profile_keys_finish(&keys, &crypto, &functions));
    assert_octets(octets_of(functions.keys.milenage.opc.octets, AKA_OPC_SIZE), SET1_OPC);
    assert_ptr_equal(functions.keys.milenage.constants, &milenage_default_constants);

    keys = keys_of(AKA_ALGORITHM_MILENAGE, SET1_K, SET1_OP);
    keys.operator_is_common = true;
    keys.has_constants = true;
    assert_ok(profile_keys_finish(&keys, &crypto, &functions));
    assert_octets(octets_of(functions.keys.milenage.opc.octets, AKA_OPC_SIZE), SET1_OPC);
    assert_ptr_equal(functions.keys.milenage.constants, &keys.constants);
}

static void finishes_tuak(void **state)
{
    (void)state;
    struct aka_functions functions;
    struct profile_keys keys = keys_of(AKA_ALGORITHM_TUAK, TUAK1_K, TUAK1_TOP);
    keys.operator_is_common = true;
    keys.tuak_res_bits = 32;
    assert_null(profile_keys_problem(&keys));
    assert_ok(profile_keys_finish(&keys, &crypto, &functions));
    assert_octets(octets_of(functions.keys.tuak.topc, TUAK_TOPC_SIZE), TUAK1_TOPC);
    assert_int_equal(functions.keys.tuak.sizes.res, 4);
    assert_int_equal(functions.keys.tuak.sizes.k, 16);
    assert_int_equal(functions.keys.tuak.iterations, 1);

    keys = keys_of(AKA_ALGORITHM_TUAK, TUAK1_K TUAK1_K, TUAK1_TOPC);
    keys.tuak_iterations = 3;
    assert_null(profile_keys_problem(&keys));
    assert_ok(profile_keys_finish(&keys, &crypto, &functions));
    assert_octets(octets_of(functions.keys.tuak.topc, TUAK_TOPC_SIZE), TUAK1_TOPC);
    assert_int_equal(functions.keys.tuak.sizes.k, 32);
    assert_int_equal(functions.keys.tuak.iterations, 3);
}

static void finishes_xor(void **state)
{
    (void)state;
    struct aka_functions functions;
    struct profile_keys keys = keys_of(AKA_ALGORITHM_XOR, SET1_K, "");
    assert_null(profile_keys_problem(&keys));
    assert_ok(profile_keys_finish(&keys, &crypto, &functions));
    assert_octets(octets_of(functions.keys.xor_k.octets, AKA_K_SIZE), SET1_K);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    struct profile_keys wrong[] = {
        PROFILE_KEYS_DEFAULT,
        keys_of(AKA_ALGORITHM_MILENAGE, SET1_K, ""),
        keys_of(AKA_ALGORITHM_MILENAGE, SET1_K, TUAK1_TOPC),
        keys_of(AKA_ALGORITHM_MILENAGE, TUAK1_K TUAK1_K, SET1_OPC),
        keys_of(AKA_ALGORITHM_TUAK, TUAK1_K, ""),
        keys_of(AKA_ALGORITHM_TUAK, TUAK1_K, SET1_OPC),
        keys_of(AKA_ALGORITHM_TUAK, TUAK1_K "ab", TUAK1_TOPC),
        keys_of(AKA_ALGORITHM_TUAK, TUAK1_K, TUAK1_TOPC),
        keys_of(AKA_ALGORITHM_XOR, SET1_K, SET1_OPC),
        keys_of(AKA_ALGORITHM_XOR, TUAK1_K TUAK1_K, ""),
    };
    static const char *const words[] = {"k is missing", "op or opc",    "op or opc", "32 hex",     "top or topc",
                                        "top or topc",  "32 or 64 hex", "RES of",    "neither op", "32 hex"};
    wrong[7].tuak_res_bits = 256;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *problem = profile_keys_problem(&wrong[i]);
        assert_non_null(problem);
        if (strstr(problem, words[i]) == NULL) {
            fail_msg("%s: %s", words[i], problem);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finishes_milenage),
        cmocka_unit_test(finishes_tuak),
        cmocka_unit_test(finishes_xor),
        cmocka_unit_test(says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
