/* test_aka_keys.c: keys of every algorithm, written and read, and what is no key. */
#include "testing.h"
#include "uicc/aka_keys.h"

static void fill(uint8_t *octets, size_t length, uint8_t first)
{
    for (size_t i = 0; i < length; i++) {
        octets[i] = (uint8_t)(first + i);
    }
}

static struct aka_functions milenage_with(const struct milenage_constants *constants)
{
    struct aka_functions functions = {.algorithm = AKA_ALGORITHM_MILENAGE};
    fill(functions.keys.milenage.k.octets, AKA_K_SIZE, 0x10);
    fill(functions.keys.milenage.opc.octets, AKA_OPC_SIZE, 0x30);
    functions.keys.milenage.constants = constants;
    return functions;
}

static struct aka_functions tuak_of(size_t k, size_t res, unsigned iterations)
{
    struct aka_functions functions = {.algorithm = AKA_ALGORITHM_TUAK};
    struct tuak *tuak = &functions.keys.tuak;
    tuak->sizes = (struct tuak_sizes){.k = k, .mac = AKA_MAC_SIZE, .res = res, .ck = AKA_CK_SIZE, .ik = AKA_IK_SIZE};
    tuak->iterations = iterations;
    fill(tuak->k, k, 0x50);
    fill(tuak->topc, TUAK_TOPC_SIZE, 0x70);
    return functions;
}

static void write_keys(const struct aka_functions *functions, uint8_t octets[AKA_KEYS_MAX])
{
    struct octet_writer writer = octet_writer_of(octets, AKA_KEYS_MAX);
    aka_keys_write(&writer, functions);
    assert_ok(octet_writer_end(&writer));
    assert_int_equal(writer.length, aka_keys_size(functions->algorithm));
}

static enum gbau_status read_keys(const uint8_t *octets, enum aka_algorithm algorithm, struct aka_keys *keys)
{
    *keys = (struct aka_keys){0};
    return aka_keys_read(octets_of(octets, aka_keys_size(algorithm)), algorithm, keys);
}

static void test_sizes(void **state)
{
    (void)state;
    assert_int_equal(aka_keys_size(AKA_ALGORITHM_MILENAGE), 16 + 16 + 1 + 5 + 80);
    assert_int_equal(aka_keys_size(AKA_ALGORITHM_TUAK), 3 + 32 + 32);
    assert_int_equal(aka_keys_size(AKA_ALGORITHM_XOR), 16);
    assert_int_equal(aka_keys_size((enum aka_algorithm)0), 0);
    assert_int_equal(aka_keys_size((enum aka_algorithm)4), 0);
}

static void test_milenage(void **state)
{
    (void)state;
    struct milenage_constants own = milenage_default_constants;
    own.constant[2][7] ^= 0x40;
    const struct milenage_constants *const choices[] = {&milenage_default_constants, &own};
    for (size_t i = 0; i < 2; i++) {
        uint8_t octets[AKA_KEYS_MAX];
        struct aka_keys keys;
        const struct aka_functions functions = milenage_with(choices[i]);
        write_keys(&functions, octets);
        assert_ok(read_keys(octets, AKA_ALGORITHM_MILENAGE, &keys));
        const struct milenage *milenage = &keys.functions.keys.milenage;
        assert_int_equal(keys.functions.algorithm, AKA_ALGORITHM_MILENAGE);
        assert_memory_equal(milenage->k.octets, functions.keys.milenage.k.octets, AKA_K_SIZE);
        assert_memory_equal(milenage->opc.octets, functions.keys.milenage.opc.octets, AKA_OPC_SIZE);
        assert_memory_equal(milenage->constants, choices[i], sizeof own);
        assert_ptr_equal(milenage->constants, i == 0 ? &milenage_default_constants : &keys.constants);
    }
}

static void test_tuak(void **state)
{
    (void)state;
    static const size_t k_sizes[] = {16, 32};
    static const size_t res_sizes[] = {4, 8, 16};
    for (size_t k = 0; k < 2; k++) {
        for (size_t res = 0; res < 3; res++) {
            uint8_t octets[AKA_KEYS_MAX];
            struct aka_keys keys;
            const struct aka_functions functions = tuak_of(k_sizes[k], res_sizes[res], 1 + (unsigned)res);
            write_keys(&functions, octets);
            assert_ok(read_keys(octets, AKA_ALGORITHM_TUAK, &keys));
            const struct tuak *tuak = &keys.functions.keys.tuak;
            assert_memory_equal(&tuak->sizes, &functions.keys.tuak.sizes, sizeof tuak->sizes);
            assert_int_equal(tuak->iterations, 1 + res);
            assert_memory_equal(tuak->k, functions.keys.tuak.k, TUAK_K_MAX);
            assert_memory_equal(tuak->topc, functions.keys.tuak.topc, TUAK_TOPC_SIZE);
        }
    }
}

static void test_xor(void **state)
{
    (void)state;
    uint8_t octets[AKA_KEYS_MAX];
    struct aka_keys keys;
    struct aka_functions functions = {.algorithm = AKA_ALGORITHM_XOR};
    fill(functions.keys.xor_k.octets, AKA_K_SIZE, 0x90);
    write_keys(&functions, octets);
    assert_ok(read_keys(octets, AKA_ALGORITHM_XOR, &keys));
    assert_memory_equal(keys.functions.keys.xor_k.octets, functions.keys.xor_k.octets, AKA_K_SIZE);
}

/* Only sizes that AKA has room for; any other octet of a key may be anything. */
static void test_every_damaged_octet(void **state)
{
    (void)state;
    enum { K_SIZE, RES_SIZE, ITERATIONS, SIZES };
    const struct aka_functions functions = tuak_of(16, 8, 1);
    uint8_t octets[AKA_KEYS_MAX];
    struct aka_keys keys;
    write_keys(&functions, octets);
    for (size_t i = 0; i < AKA_KEYS_TUAK_SIZE; i++) {
        const uint8_t sound = octets[i];
        for (unsigned value = 0; value <= 0xff; value++) {
            octets[i] = (uint8_t)value;
            const bool is_sound = i >= SIZES || (i == K_SIZE && (value == 16 || value == 32)) ||
                                  (i == RES_SIZE && (value == 4 || value == 8 || value == 16)) ||
                                  (i == ITERATIONS && value >= 1);
            assert_status(read_keys(octets, AKA_ALGORITHM_TUAK, &keys), is_sound ? GBAU_OK : GBAU_E_CORRUPT);
        }
        octets[i] = sound;
    }
}

static void test_not_all_there(void **state)
{
    (void)state;
    static const uint8_t zeros[AKA_KEYS_MAX];
    struct aka_keys keys;
    assert_status(aka_keys_read(octets_of(zeros, sizeof zeros), (enum aka_algorithm)0, &keys), GBAU_E_CORRUPT);
    assert_status(aka_keys_read(octets_of(zeros, sizeof zeros), (enum aka_algorithm)4, &keys), GBAU_E_CORRUPT);
    assert_status(aka_keys_read(octets_of(zeros, 15), AKA_ALGORITHM_XOR, &keys), GBAU_E_CORRUPT);
    assert_status(aka_keys_read(octets_of(zeros, 17), AKA_ALGORITHM_XOR, &keys), GBAU_E_CORRUPT);
    assert_status(aka_keys_read(octets_of(zeros, 32), AKA_ALGORITHM_MILENAGE, &keys), GBAU_E_CORRUPT);
    assert_status(aka_keys_read(octets_of(zeros, 66), AKA_ALGORITHM_TUAK, &keys), GBAU_E_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_milenage),
        cmocka_unit_test(test_tuak),
        cmocka_unit_test(test_xor),
        cmocka_unit_test(test_every_damaged_octet),
        cmocka_unit_test(test_not_all_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
