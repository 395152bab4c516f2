/* test_kdf.c: the KDF of TS 33.220 B.2: S octet by octet, lengths on both sides of the short path, limits. */
#include "crypto/kdf.h"

#include <stdlib.h>

#include "crypto_testing.h"

enum { S_MAX = 1 + KDF_MAX_PARAMETERS * (65535 + 2) };

/* A binding that keeps the key and the message of its last HMAC. */
struct recorder {
    struct crypto crypto;
    uint8_t key[64];
    size_t key_length;
    size_t s_length;
    uint8_t s[S_MAX];
};

static enum gbau_status record_hmac(void *state, struct octets key, const struct octets *parts, size_t part_count,
                                    uint8_t mac[SHA256_SIZE])
{
    struct recorder *recorder = state;
    struct octet_writer writer = octet_writer_of(recorder->s, sizeof recorder->s);
    for (size_t i = 0; i < part_count; i++) {
        octet_writer_put_octets(&writer, parts[i]);
    }
    recorder->s_length = writer.length;
    recorder->key_length = key.length;
    memcpy(recorder->key, key.data, key.length);
    memset(mac, 0x77, SHA256_SIZE);
    return octet_writer_end(&writer);
}

static const struct crypto_table recording_table = {.hmac_sha256 = record_hmac};

static int make_recorder(void **state)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);
    *state = recorder;
    if (recorder == NULL) {
        return -1;
    }
    recorder->crypto = (struct crypto){.table = &recording_table, .state = recorder};
    return 0;
}

static int free_recorder(void **state)
{
    free(*state);
    return 0;
}

#define recorded_test(function) cmocka_unit_test_setup_teardown((function), make_recorder, free_recorder)

#define RAND_V1   "23553cbe9637a89d218ae64dae47bf35"
#define IMPI_V1   "30303130313031323334353637383940696d732e6d6e633030312e6d63633030312e336770706e6574776f726b2e6f7267"
#define NAF_ID_V1 "6e61662e6578616d706c652e636f6d0100000002"
#define KS_V1     "b40ba9a3c58b2a05bbf0d987b21bf8cbf769bcd751044604127672711c6d3441"
#define S_EXT_V1  "016762612d6d65000623553cbe9637a89d218ae64dae47bf350010" IMPI_V1 "0031" NAF_ID_V1 "0014"
#define S_INT_V1  "016762612d75000523553cbe9637a89d218ae64dae47bf350010" IMPI_V1 "0031" NAF_ID_V1 "0014"
#define RAND_V2   "81e92b6c0ee0e12ebceba8d92a99dfa5"
#define IMPI_V2   "39393937303030303030303030303140696d732e6d6e633037302e6d63633939392e336770706e6574776f726b2e6f7267"
#define NAF_ID_V2 "786361702e696d732e6d6e633037302e6d63633939392e7075622e336770706e6574776f726b2e6f72670100000002"
#define KS_V2     "5349fbe098649f948f5d2e973a81c00f9744871ad32bf9bbd1dd5ce54e3e2e5a"
#define S_EXT_V2  "016762612d6d650006" RAND_V2 "0010" IMPI_V2 "0031" NAF_ID_V2 "002f"
#define S_INT_V2  "016762612d750005" RAND_V2 "0010" IMPI_V2 "0031" NAF_ID_V2 "002f"

struct kdf_case {
    const char *key;
    const char *p0; /* text, the rest is hex */
    const char *rand;
    const char *impi;
    const char *naf_id;
    const char *s;
    const char *derived;
};

static const struct kdf_case kdf_cases[] = {
    {KS_V1, "gba-me", RAND_V1, IMPI_V1, NAF_ID_V1, S_EXT_V1,
     "ae9ecc3c7c17692c1d44d6d68d53a3b1624a706039753ba991e8293f3cfdec08"},
    {KS_V1, "gba-u", RAND_V1, IMPI_V1, NAF_ID_V1, S_INT_V1,
     "0a1506dc49027e4932c767f73fde7d306ef97e37d805539f71182bb6c1b69fd2"},
    {KS_V2, "gba-me", RAND_V2, IMPI_V2, NAF_ID_V2, S_EXT_V2,
     "d55962c03fc99352748f41ede2039249be5014f6bd74516e04290dbd820fc885"},
    {KS_V2, "gba-u", RAND_V2, IMPI_V2, NAF_ID_V2, S_INT_V2,
     "864512c2ccfb1fe33b0484e00c0d686ac6e4768f0283e8a154666d2d949349f8"},
};

static void derive_case(struct crypto *crypto, const struct kdf_case *test, uint8_t derived[SHA256_SIZE])
{
    uint8_t key[32];
    uint8_t rand[16];
    uint8_t impi[64];
    uint8_t naf_id[64];
    const struct octets parameters[] = {
        octets_of_text(test->p0),
        decode(test->rand, rand, sizeof rand),
        decode(test->impi, impi, sizeof impi),
        decode(test->naf_id, naf_id, sizeof naf_id),
    };
    assert_ok(kdf_derive(crypto, decode(test->key, key, sizeof key), 0x01, parameters, 4, derived));
}

static void test_s_strings(void **state)
{
    struct recorder *recorder = *state;
    for (size_t i = 0; i < sizeof kdf_cases / sizeof kdf_cases[0]; i++) {
        uint8_t derived[SHA256_SIZE];
        derive_case(&recorder->crypto, &kdf_cases[i], derived);
        assert_octets(octets_of(recorder->s, recorder->s_length), kdf_cases[i].s);
        assert_octets(octets_of(recorder->key, recorder->key_length), kdf_cases[i].key);
        assert_int_equal(derived[0], 0x77);
        assert_int_equal(derived[31], 0x77);
    }
}

static void test_derived_keys(void **state)
{
    for (size_t i = 0; i < sizeof kdf_cases / sizeof kdf_cases[0]; i++) {
        uint8_t derived[SHA256_SIZE];
        derive_case(*state, &kdf_cases[i], derived);
        assert_octets(octets_of(derived, sizeof derived), kdf_cases[i].derived);
    }
}

/* S of a derivation with `count` parameters, put together apart from the code under test. */
static size_t expected_s(uint8_t *s, const struct octets *parameters, size_t count)
{
    size_t length = 0;
    s[length++] = 0xfe;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < parameters[i].length; j++) {
            s[length++] = parameters[i].data[j];
        }
        s[length++] = (uint8_t)(parameters[i].length / 256);
        s[length++] = (uint8_t)(parameters[i].length % 256);
    }
    return length;
}

static void assert_s(struct recorder *recorder, const struct octets *parameters, size_t count)
{
    uint8_t derived[SHA256_SIZE];
    uint8_t *expected = malloc(S_MAX);
    assert_non_null(expected);
    size_t length = expected_s(expected, parameters, count);
    assert_ok(kdf_derive(&recorder->crypto, octets_of_text("key"), 0xfe, parameters, count, derived));
    assert_int_equal(recorder->s_length, length);
    assert_memory_equal(recorder->s, expected, length);
    free(expected);
}

/* One parameter of every length around the limit of what is put together on the stack (512 octets of S). */
static void test_lengths_around_the_short_path(void **state)
{
    static uint8_t octets[700];
    for (size_t i = 0; i < sizeof octets; i++) {
        octets[i] = (uint8_t)i;
    }
    for (size_t length = 0; length <= sizeof octets; length++) {
        const struct octets one[] = {octets_of(octets, length)};
        assert_s(*state, one, 1);
    }
    for (size_t length = 480; length <= 520; length++) {
        const struct octets three[] = {octets_of_text("p0"), octets_of(octets, length), {0}};
        assert_s(*state, three, 3);
    }
}

/* Both ways of putting S together give the same key, with the real HMAC. */
static void test_short_and_long_agree(void **state)
{
    static const struct {
        size_t length;
        const char *derived;
    } cases[] = {
        {509, "dac77f7cc8e6a8b5e201610c45eb93d4e4417c23d3bbbee25da51a1ec27b028d"},
        {510, "9148fa39e01d8764c8fcf9c04eba68f2ead75731b8b4234852a913fac8860f9d"},
        {65535, "85c64f1d4a2597af55b9b1b0bc47953457d66419daac6b9c96798b25c1940fbb"},
    };
    static uint8_t octets[65535];
    for (size_t i = 0; i < sizeof octets; i++) {
        octets[i] = (uint8_t)(i * 7);
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t derived[SHA256_SIZE];
        const struct octets parameter = octets_of(octets, cases[i].length);
        assert_ok(kdf_derive(*state, octets_of_text("key"), 0x01, &parameter, 1, derived));
        assert_octets(octets_of(derived, sizeof derived), cases[i].derived);
    }
}

static void test_numbers_of_parameters(void **state)
{
    static uint8_t octets[300];
    struct octets parameters[KDF_MAX_PARAMETERS + 1];
    for (size_t i = 0; i <= KDF_MAX_PARAMETERS; i++) {
        parameters[i] = octets_of(octets, i * 30);
    }
    for (size_t count = 0; count <= KDF_MAX_PARAMETERS; count++) {
        assert_s(*state, parameters, count);
    }
    for (size_t i = 0; i <= KDF_MAX_PARAMETERS; i++) {
        parameters[i] = octets_of(octets, sizeof octets); /* the long way */
    }
    assert_s(*state, parameters, KDF_MAX_PARAMETERS);
}

static void test_most_octets(void **state)
{
    struct octets parameters[KDF_MAX_PARAMETERS];
    uint8_t *octets = calloc(1, UINT16_MAX);
    assert_non_null(octets);
    for (size_t i = 0; i < KDF_MAX_PARAMETERS; i++) {
        parameters[i] = octets_of(octets, UINT16_MAX);
    }
    assert_s(*state, parameters, KDF_MAX_PARAMETERS);
    free(octets);
}

static void test_limits(void **state)
{
    struct recorder *recorder = *state;
    static const uint8_t octets[UINT16_MAX + 1];
    static const struct octets parameters[KDF_MAX_PARAMETERS + 1];
    const struct octets too_long[] = {{0}, octets_of(octets, UINT16_MAX + 1)};
    const struct octets far_too_long = octets_of(octets, SIZE_MAX);
    const struct octets key = octets_of(octets, 32);
    uint8_t derived[SHA256_SIZE];
    assert_status(kdf_derive(&recorder->crypto, key, 1, parameters, KDF_MAX_PARAMETERS + 1, derived), GBAU_E_ARGUMENT);
    assert_status(kdf_derive(&recorder->crypto, key, 1, parameters, SIZE_MAX, derived), GBAU_E_ARGUMENT);
    assert_status(kdf_derive(&recorder->crypto, key, 1, too_long, 2, derived), GBAU_E_ARGUMENT);
    assert_status(kdf_derive(&recorder->crypto, key, 1, &far_too_long, 1, derived), GBAU_E_ARGUMENT);
    assert_status(kdf_derive(&recorder->crypto, octets_of(octets, 0), 1, NULL, 0, derived), GBAU_E_ARGUMENT);
    assert_status(kdf_derive(&recorder->crypto, octets_of(octets, 65), 1, NULL, 0, derived), GBAU_E_ARGUMENT);
    assert_int_equal(recorder->key_length, 0); /* none of them reached the primitive */
    assert_ok(kdf_derive(&recorder->crypto, octets_of(octets, 64), 1, NULL, 0, derived));
}

/* The length after each parameter keeps what stands between two of them apart. */
static void test_boundaries_count(void **state)
{
    const struct octets left[] = {octets_of_text("ab"), octets_of_text("c")};
    const struct octets right[] = {octets_of_text("a"), octets_of_text("bc")};
    uint8_t derived[2][SHA256_SIZE];
    assert_ok(kdf_derive(*state, octets_of_text("key"), 1, left, 2, derived[0]));
    assert_ok(kdf_derive(*state, octets_of_text("key"), 1, right, 2, derived[1]));
    assert_memory_not_equal(derived[0], derived[1], SHA256_SIZE);
}

static void test_failure_is_told(void **state)
{
    struct failing_crypto failing;
    uint8_t derived[SHA256_SIZE];
    struct crypto *crypto = failing_crypto_make(&failing, *state, 0);
    assert_status(kdf_derive(crypto, octets_of_text("key"), 1, NULL, 0, derived), GBAU_E_CRYPTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        recorded_test(test_s_strings),
        crypto_test(test_derived_keys),
        recorded_test(test_lengths_around_the_short_path),
        crypto_test(test_short_and_long_agree),
        recorded_test(test_numbers_of_parameters),
        recorded_test(test_most_octets),
        recorded_test(test_limits),
        crypto_test(test_boundaries_count),
        crypto_test(test_failure_is_told),
    };
    return run_over_bindings(tests);
}
