/* test_gba_keys.c: Ks, MAC*, flipped RES, the NAF keys and TMPI against tests/data/gba_u.json. */
#include "key/gba_keys.h"

#include <stdlib.h>

#include "../crypto/crypto_testing.h"
#include "../crypto/vector_file.h"

typedef void vector_check(struct crypto *crypto, const json_t *vector);

/* Every vector, that of TUAK too: nothing here depends on the algorithm. */
static void for_each_vector(struct crypto *crypto, vector_check *check)
{
    json_t *file = vector_file_read("gba_u.json");
    const json_t *vectors = json_object_get(file, "vectors");
    assert_int_equal(json_array_size(vectors), 3);
    for (size_t i = 0; i < json_array_size(vectors); i++) {
        check(crypto, json_array_get(vectors, i));
    }
    json_decref(file);
}

static void check_ks(struct crypto *crypto, const json_t *vector)
{
    (void)crypto;
    struct aka_ck ck;
    struct aka_ik ik;
    struct ks ks;
    vector_octets(vector, "ck", ck.octets, AKA_CK_SIZE);
    vector_octets(vector, "ik", ik.octets, AKA_IK_SIZE);
    ks_from_ck_ik(&ks, &ck, &ik);
    assert_octets(octets_of(ks.octets, AKA_KS_SIZE), vector_text(vector, "ks"));
}

/* AUTN to AUTN* and back: only the last eight octets, the MAC, are masked. */
static void check_mask(struct crypto *crypto, const json_t *vector)
{
    struct aka_ik ik;
    struct aka_autn autn;
    vector_octets(vector, "ik", ik.octets, AKA_IK_SIZE);
    vector_octets(vector, "autn", autn.octets, AKA_AUTN_SIZE);
    assert_ok(gba_u_mask_mac(crypto, &ik, autn.octets + AKA_AUTN_SIZE - AKA_MAC_SIZE));
    assert_octets(octets_of(autn.octets, AKA_AUTN_SIZE), vector_text(vector, "autn_star"));
    assert_ok(gba_u_mask_mac(crypto, &ik, autn.octets + AKA_AUTN_SIZE - AKA_MAC_SIZE));
    assert_octets(octets_of(autn.octets, AKA_AUTN_SIZE), vector_text(vector, "autn"));
}

static void check_flip(struct crypto *crypto, const json_t *vector)
{
    (void)crypto;
    struct aka_res res = {.length = 8};
    vector_octets(vector, "res", res.octets, res.length);
    gba_u_flip_res(&res);
    assert_octets(octets_of(res.octets, res.length), vector_text(vector, "res_flipped"));
    gba_u_flip_res(&res);
    assert_octets(octets_of(res.octets, res.length), vector_text(vector, "res"));
}

struct bootstrapping {
    struct ks ks;
    struct aka_rand rand;
    struct octets impi;
};

static struct bootstrapping read_bootstrapping(const json_t *vector)
{
    struct bootstrapping bootstrapping = {.impi = octets_of_text(vector_text(vector, "impi"))};
    vector_octets(vector, "ks", bootstrapping.ks.octets, AKA_KS_SIZE);
    vector_octets(vector, "rand", bootstrapping.rand.octets, AKA_RAND_SIZE);
    return bootstrapping;
}

/* NAF_ID = FQDN || the five octets of the Ua protocol. */
static struct octets read_naf_id(const json_t *naf, uint8_t buffer[NAF_ID_MAX])
{
    uint8_t ua[NAF_ID_UA_SIZE];
    struct octet_writer writer = octet_writer_of(buffer, NAF_ID_MAX);
    vector_octets(naf, "ua", ua, sizeof ua);
    octet_writer_put_text(&writer, vector_text(naf, "fqdn"));
    octet_writer_put(&writer, ua, sizeof ua);
    assert_octets(octets_written(&writer), vector_text(naf, "naf_id"));
    return octets_written(&writer);
}

static void check_naf_keys(struct crypto *crypto, const json_t *vector)
{
    const struct bootstrapping boot = read_bootstrapping(vector);
    const json_t *nafs = json_object_get(vector, "naf");
    assert_true(json_array_size(nafs) > 0);
    for (size_t i = 0; i < json_array_size(nafs); i++) {
        uint8_t buffer[NAF_ID_MAX];
        const json_t *naf = json_array_get(nafs, i);
        const struct octets naf_id = read_naf_id(naf, buffer);
        struct ks_ext_naf ext_key;
        struct ks_int_naf int_key;
        assert_ok(gba_derive_ks_ext_naf(crypto, &boot.ks, &boot.rand, boot.impi, naf_id, &ext_key));
        assert_octets(octets_of(ext_key.octets, NAF_KEY_SIZE), vector_text(naf, "ks_ext_naf"));
        assert_ok(gba_derive_ks_int_naf(crypto, &boot.ks, &boot.rand, boot.impi, naf_id, &int_key));
        assert_octets(octets_of(int_key.octets, NAF_KEY_SIZE), vector_text(naf, "ks_int_naf"));
    }
}

static void check_tmpi(struct crypto *crypto, const json_t *vector)
{
    const struct bootstrapping boot = read_bootstrapping(vector);
    uint8_t buffer[NAF_ID_MAX];
    char tmpi[TMPI_LENGTH + 1];
    struct ks_ext_naf key;
    struct octet_writer bsf_id = octet_writer_of(buffer, sizeof buffer);
    gba_write_bsf_id(&bsf_id, octets_of_text(vector_text(vector, "bsf")));
    assert_ok(gba_derive_ks_ext_naf(crypto, &boot.ks, &boot.rand, boot.impi, octets_written(&bsf_id), &key));
    assert_ok(gba_tmpi_of(&key, tmpi, sizeof tmpi));
    assert_string_equal(tmpi, vector_text(vector, "tmpi"));
    assert_int_equal(strlen(tmpi), TMPI_LENGTH);
    assert_true(gba_username_is_tmpi(octets_of_text(tmpi)));
}

static void test_ks(void **state)
{
    for_each_vector(*state, check_ks);
}

static void test_mask(void **state)
{
    for_each_vector(*state, check_mask);
}

static void test_flip(void **state)
{
    for_each_vector(*state, check_flip);
}

static void test_naf_keys(void **state)
{
    for_each_vector(*state, check_naf_keys);
}

static void test_tmpi(void **state)
{
    for_each_vector(*state, check_tmpi);
}

/* The least significant bit is that of the last octet, whatever the length of RES; an absent RES stays absent. */
static void test_flip_lengths(void **state)
{
    (void)state;
    for (size_t length = 0; length <= AKA_RES_MAX_SIZE; length++) {
        struct aka_res res = {.length = length};
        gba_u_flip_res(&res);
        assert_int_equal(res.length, length);
        for (size_t i = 0; i < AKA_RES_MAX_SIZE; i++) {
            assert_int_equal(res.octets[i], length > 0 && i == length - 1 ? 1 : 0);
        }
    }
}

/* Each of Ks, RAND, IMPI and NAF_ID reaches both keys, and the two keys of one derivation differ. */
static void test_every_input_counts(void **state)
{
    enum { VARIANTS = 5 };
    uint8_t keys[2 * VARIANTS][NAF_KEY_SIZE];
    for (size_t i = 0; i < VARIANTS; i++) {
        struct ks ks = {.octets = {i == 1}};
        struct aka_rand rand = {.octets = {[15] = i == 2}};
        struct octets impi = octets_of_text(i == 3 ? "user@b" : "user@a");
        struct octets naf_id = octets_of(i == 4 ? "naf\x01\0\0\0\1" : "naf\x01\0\0\0\2", 8);
        struct ks_ext_naf ext_key;
        struct ks_int_naf int_key;
        assert_ok(gba_derive_ks_ext_naf(*state, &ks, &rand, impi, naf_id, &ext_key));
        assert_ok(gba_derive_ks_int_naf(*state, &ks, &rand, impi, naf_id, &int_key));
        memcpy(keys[2 * i], ext_key.octets, NAF_KEY_SIZE);
        memcpy(keys[2 * i + 1], int_key.octets, NAF_KEY_SIZE);
    }
    for (size_t i = 0; i < 2 * VARIANTS; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(keys[i], keys[j], NAF_KEY_SIZE);
        }
    }
}

static void test_too_long(void **state)
{
    const struct ks ks = {0};
    const struct aka_rand rand = {0};
    const struct octets fine = octets_of_text("fine");
    uint8_t *octets = calloc(1, UINT16_MAX + 1);
    struct ks_ext_naf ext_key;
    struct ks_int_naf int_key;
    assert_non_null(octets);
    const struct octets longest = octets_of(octets, UINT16_MAX);
    const struct octets too_long = octets_of(octets, UINT16_MAX + 1);
    assert_ok(gba_derive_ks_ext_naf(*state, &ks, &rand, longest, longest, &ext_key));
    assert_status(gba_derive_ks_ext_naf(*state, &ks, &rand, too_long, fine, &ext_key), GBAU_E_ARGUMENT);
    assert_status(gba_derive_ks_int_naf(*state, &ks, &rand, fine, too_long, &int_key), GBAU_E_ARGUMENT);
    free(octets);
}

static void test_tmpi_needs_room(void **state)
{
    (void)state;
    const struct ks_ext_naf key = {{0}};
    for (size_t capacity = 0; capacity <= TMPI_LENGTH; capacity++) {
        char *tmpi = malloc(capacity + 1); /* of that very size, so that a write beyond it is seen */
        assert_non_null(tmpi);
        assert_status(gba_tmpi_of(&key, tmpi, capacity), GBAU_E_SPACE);
        free(tmpi);
    }
}

static void test_what_is_no_tmpi(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        "@tmpi.bsf.3gppnetwork.org",
        "001010123456789@ims.mnc001.mcc001.3gppnetwork.org",
        "NdfNQvvGWK4SGbs7c17alrZHQXyhEcr@tmpi.bsf.3gppnetwork.org",   /* one short */
        "NdfNQvvGWK4SGbs7c17alrZHQXyhEcrWW@tmpi.bsf.3gppnetwork.org", /* one long */
        "NdfNQvvGWK4SGbs7c17alrZHQXyhEcrW@tmpi.bsf.3gppnetwork.orG",
        "NdfNQvvGWK4SGbs7c17alrZHQXyhEcrW.tmpi.bsf.3gppnetwork.org",
        "NdfNQvvGWK4SGbs7c17alrZHQXyhEcrW@tmpi.bsf.3gppnetwork.xyz",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_false(gba_username_is_tmpi(octets_of_text(names[i])));
    }
    assert_false(gba_username_is_tmpi((struct octets){0}));
    assert_true(gba_username_is_tmpi(octets_of_text("NdfNQvvGWK4SGbs7c17alrZHQXyhEcrW@tmpi.bsf.3gppnetwork.org")));
}

static void test_bsf_id(void **state)
{
    (void)state;
    uint8_t buffer[8];
    struct octet_writer writer = octet_writer_of(buffer, sizeof buffer);
    gba_write_bsf_id(&writer, octets_of_text("bsf"));
    assert_ok(octet_writer_end(&writer));
    assert_octets(octets_written(&writer), "6273660100000100");
    writer = octet_writer_of(buffer, sizeof buffer - 1);
    gba_write_bsf_id(&writer, octets_of_text("bsf"));
    assert_status(octet_writer_end(&writer), GBAU_E_SPACE);
}

static void test_failures_are_told(void **state)
{
    const struct ks ks = {0};
    const struct aka_rand rand = {0};
    const struct aka_ik ik = {0};
    const struct octets text = octets_of_text("text");
    uint8_t mac[AKA_MAC_SIZE] = {0};
    const uint8_t unchanged[AKA_MAC_SIZE] = {0};
    struct ks_ext_naf ext_key;
    struct ks_int_naf int_key;
    struct failing_crypto failing;
    assert_status(gba_u_mask_mac(failing_crypto_make(&failing, *state, 0), &ik, mac), GBAU_E_CRYPTO);
    assert_memory_equal(mac, unchanged, sizeof mac);
    struct crypto *crypto = failing_crypto_make(&failing, *state, 0);
    assert_status(gba_derive_ks_ext_naf(crypto, &ks, &rand, text, text, &ext_key), GBAU_E_CRYPTO);
    crypto = failing_crypto_make(&failing, *state, 0);
    assert_status(gba_derive_ks_int_naf(crypto, &ks, &rand, text, text, &int_key), GBAU_E_CRYPTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        crypto_test(test_ks),
        crypto_test(test_mask),
        crypto_test(test_flip),
        crypto_test(test_naf_keys),
        crypto_test(test_tmpi),
        cmocka_unit_test(test_flip_lengths),
        crypto_test(test_every_input_counts),
        crypto_test(test_too_long),
        cmocka_unit_test(test_tmpi_needs_room),
        cmocka_unit_test(test_what_is_no_tmpi),
        cmocka_unit_test(test_bsf_id),
        crypto_test(test_failures_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
