/*
 * test_tuak.c: TUAK against every set of TS 35.232 and 35.233 (tests/data/tuak.json), and sizes that it does not have.
 */
#include <jansson.h>

#include "crypto/keccak.h"
#include "crypto/tuak.h"
#include "testing.h"

static json_t *load_sets(const char *name)
{
    json_error_t error;
    json_t *root = json_load_file(TEST_DATA_DIR "/tuak.json", 0, &error);
    assert_non_null(root);
    json_t *sets = json_incref(json_object_get(root, name));
    json_decref(root);
    assert_int_equal(json_array_size(sets), 6);
    return sets;
}

static const char *text_of(json_t *set, const char *name)
{
    const char *text = json_string_value(json_object_get(set, name));
    assert_non_null(text);
    return text;
}

static size_t octets_in(json_t *set, const char *bits)
{
    return (size_t)json_integer_value(json_object_get(set, bits)) / 8;
}

static struct tuak tuak_of(json_t *set)
{
    struct tuak tuak = {.sizes = {.mac = 8, .res = 8, .ck = 16, .ik = 16}};
    tuak.sizes.k = strlen(text_of(set, "k")) / 2;
    tuak.iterations = (unsigned)json_integer_value(json_object_get(set, "iterations"));
    from_hex(text_of(set, "k"), tuak.k, tuak.sizes.k);
    from_hex(text_of(set, "topc"), tuak.topc, sizeof tuak.topc);
    return tuak;
}

static void test_f1_sets(void **state)
{
    (void)state;
    json_t *sets = load_sets("f1");
    for (size_t i = 0; i < json_array_size(sets); i++) {
        json_t *set = json_array_get(sets, i);
        struct tuak tuak = tuak_of(set);
        struct aka_rand rand;
        struct aka_amf amf;
        uint8_t top[TUAK_TOPC_SIZE], topc[TUAK_TOPC_SIZE], mac[TUAK_OUTPUT_MAX], sqn_octets[6];
        tuak.sizes.mac = octets_in(set, "mac_bits");
        from_hex(text_of(set, "top"), top, sizeof top);
        from_hex(text_of(set, "rand"), rand.octets, sizeof rand.octets);
        from_hex(text_of(set, "amf"), amf.octets, sizeof amf.octets);
        from_hex(text_of(set, "sqn"), sqn_octets, sizeof sqn_octets);
        struct octet_reader reader = octet_reader_of(octets_of(sqn_octets, sizeof sqn_octets));
        aka_sqn sqn = octet_reader_u48(&reader);

        assert_ok(tuak_check(&tuak));
        tuak_compute_topc(&tuak, top, topc);
        assert_octets(octets_of(topc, sizeof topc), text_of(set, "topc"));
        tuak_f1(&tuak, &rand, sqn, &amf, mac);
        assert_octets(octets_of(mac, tuak.sizes.mac), text_of(set, "f1"));
        tuak_f1star(&tuak, &rand, sqn, &amf, mac);
        assert_octets(octets_of(mac, tuak.sizes.mac), text_of(set, "f1star"));
    }
    json_decref(sets);
}

static void test_f2345_sets(void **state)
{
    (void)state;
    json_t *sets = load_sets("f2345");
    for (size_t i = 0; i < json_array_size(sets); i++) {
        json_t *set = json_array_get(sets, i);
        struct tuak tuak = tuak_of(set);
        struct aka_rand rand;
        struct tuak_f2345 out;
        struct aka_ak ak_star;
        tuak.sizes.res = octets_in(set, "res_bits");
        tuak.sizes.ck = octets_in(set, "ck_bits");
        tuak.sizes.ik = octets_in(set, "ik_bits");
        from_hex(text_of(set, "rand"), rand.octets, sizeof rand.octets);

        assert_ok(tuak_check(&tuak));
        tuak_f2345(&tuak, &rand, &out);
        assert_octets(octets_of(out.res, tuak.sizes.res), text_of(set, "res"));
        assert_octets(octets_of(out.ck, tuak.sizes.ck), text_of(set, "ck"));
        assert_octets(octets_of(out.ik, tuak.sizes.ik), text_of(set, "ik"));
        assert_octets(octets_of(out.ak.octets, AKA_AK_SIZE), text_of(set, "ak"));
        tuak_f5star(&tuak, &rand, &ak_star);
        assert_octets(octets_of(ak_star.octets, AKA_AK_SIZE), text_of(set, "ak_star"));
    }
    json_decref(sets);
}

/* The permutation of the all-zero state, as in the reference of FIPS 202's authors. */
static void test_keccak_of_zeros(void **state)
{
    (void)state;
    uint64_t lanes[KECCAK_LANES] = {0};
    keccak_f1600(lanes);
    assert_true(lanes[0] == 0xf1258f7940e1dde7);
    assert_true(lanes[1] == 0x84d5ccf933c0478a);
    assert_true(lanes[24] == 0xeaf1ff7b5ceca249);
}

static void test_sizes_that_are_refused(void **state)
{
    (void)state;
    const struct tuak good = {.sizes = {.k = 16, .mac = 8, .res = 8, .ck = 16, .ik = 16}, .iterations = 1};
    const struct tuak_sizes bad[] = {
        {0, 8, 8, 16, 16},  {24, 8, 8, 16, 16}, {16, 4, 8, 16, 16},  {16, 64, 8, 16, 16},
        {16, 8, 0, 16, 16}, {16, 8, 5, 16, 16}, {16, 8, 64, 16, 16}, {16, 8, 8, 8, 16}, {16, 8, 8, 16, 24},
    };
    assert_ok(tuak_check(&good));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tuak tuak = good;
        tuak.sizes = bad[i];
        assert_status(tuak_check(&tuak), GBAU_E_ARGUMENT);
    }
    struct tuak no_iterations = good;
    no_iterations.iterations = 0;
    assert_status(tuak_check(&no_iterations), GBAU_E_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_f1_sets),
        cmocka_unit_test(test_f2345_sets),
        cmocka_unit_test(test_keccak_of_zeros),
        cmocka_unit_test(test_sizes_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
