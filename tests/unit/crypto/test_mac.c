/* test_mac.c: HMAC and CMAC against RFC 4231, RFC 4493 and SP 800-38B, in pieces, and MACs that do not match. */
#include "crypto/mac.h"

#include "crypto_testing.h"

enum { MESSAGE_MAX = 500 };

struct mac_case {
    enum mac_algorithm algorithm;
    const char *key;
    const char *message;
    const char *mac;
};

#define CMAC_KEY_128 "2b7e151628aed2a6abf7158809cf4f3c"
#define CMAC_KEY_256 "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
#define MESSAGE_16   "6bc1bee22e409f96e93d7e117393172a"
#define MESSAGE_40   MESSAGE_16 "ae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411"
#define MESSAGE_64   MESSAGE_40 "e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"

/* RFC 4231 4.2 and 4.3; RFC 4493 clause 4; SP 800-38B D.3; HMAC-SM3 of RFC 4231's first message as openssl gives it */
static const struct mac_case cases[] = {
    {MAC_HMAC_SHA256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {MAC_HMAC_SHA256, "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {MAC_HMAC_SM3, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
     "51b00d1fb49832bfb01c3ce27848e59f871d9ba938dc563b338ca964755cce70"},
    {MAC_AES128_CMAC, CMAC_KEY_128, "", "bb1d6929e95937287fa37d129b756746"},
    {MAC_AES128_CMAC, CMAC_KEY_128, MESSAGE_16, "070a16b46b4d4144f79bdd9dd04a287c"},
    {MAC_AES128_CMAC, CMAC_KEY_128, MESSAGE_40, "dfa66747de9ae63030ca32611497c827"},
    {MAC_AES128_CMAC, CMAC_KEY_128, MESSAGE_64, "51f0bebf7e3b9d92fc49741779363cfe"},
    {MAC_AES256_CMAC, CMAC_KEY_256, "", "028962f61b7bf89efc6b551f4667d983"},
    {MAC_AES256_CMAC, CMAC_KEY_256, MESSAGE_16, "28a7023f452e8f82bd4bf28d8c37c35c"},
    {MAC_AES256_CMAC, CMAC_KEY_256, MESSAGE_40, "aaf3d8f1de5640c232f5b169b9c911e6"},
    {MAC_AES256_CMAC, CMAC_KEY_256, MESSAGE_64, "e1992190549f6ed5696a2c056c315410"},
};

enum { CASE_COUNT = sizeof cases / sizeof cases[0] };

static void mac_in_pieces(struct crypto *crypto, enum mac_algorithm algorithm, struct octets key, struct octets message,
                          uint8_t *mac)
{
    struct mac_stream stream;
    assert_ok(mac_stream_begin(&stream, crypto, algorithm, key));
    while (message.length > 0) {
        assert_ok(mac_stream_update(&stream, crypto, random_piece(&message)));
    }
    assert_ok(mac_stream_end(&stream, crypto, mac));
}

static void test_vectors(void **state)
{
    for (size_t i = 0; i < rounds(20 * CASE_COUNT); i++) {
        const struct mac_case *test = &cases[i % CASE_COUNT];
        uint8_t key_octets[64], message_octets[64], mac[MAC_MAX_SIZE];
        const struct octets key = decode(test->key, key_octets, sizeof key_octets);
        const struct octets message = decode(test->message, message_octets, sizeof message_octets);
        assert_ok(mac_compute(*state, test->algorithm, key, &message, 1, mac));
        assert_octets(octets_of(mac, mac_size(test->algorithm)), test->mac);
        memset(mac, 0, sizeof mac);
        mac_in_pieces(*state, test->algorithm, key, message, mac);
        assert_octets(octets_of(mac, mac_size(test->algorithm)), test->mac);
    }
}

static size_t random_key_length(enum mac_algorithm algorithm)
{
    if (algorithm == MAC_HMAC_SHA256 || algorithm == MAC_HMAC_SM3) {
        return 1 + random_below(64);
    }
    return algorithm == MAC_AES256_CMAC ? 32 : 16;
}

/* However a message is cut, into parts or pieces, the MAC is the same. */
static void test_pieces_equal_one_shot(void **state)
{
    for (size_t i = 0; i < rounds(1000); i++) {
        const enum mac_algorithm algorithm = (enum mac_algorithm)(i % MAC_ALGORITHM_COUNT);
        uint8_t key_octets[64], octets[MESSAGE_MAX], whole[MAC_MAX_SIZE] = {0}, in_pieces[MAC_MAX_SIZE] = {0};
        random_fill(key_octets, sizeof key_octets);
        random_fill(octets, sizeof octets);
        const struct octets key = octets_of(key_octets, random_key_length(algorithm));
        const struct octets message = octets_of(octets, random_below(MESSAGE_MAX + 1));
        const size_t cut = random_below(message.length + 1);
        const struct octets parts[] = {{0}, octets_of(octets, cut), octets_of(octets + cut, message.length - cut)};
        assert_ok(mac_compute(*state, algorithm, key, &message, 1, whole));
        mac_in_pieces(*state, algorithm, key, message, in_pieces);
        assert_memory_equal(in_pieces, whole, sizeof whole);
        assert_ok(mac_compute(*state, algorithm, key, parts, 3, in_pieces));
        assert_memory_equal(in_pieces, whole, sizeof whole);
    }
}

static enum gbau_status verify_in_pieces(struct crypto *crypto, enum mac_algorithm algorithm, struct octets key,
                                         struct octets message, struct octets mac)
{
    struct mac_stream stream;
    assert_ok(mac_stream_begin(&stream, crypto, algorithm, key));
    assert_ok(mac_stream_update(&stream, crypto, message));
    return mac_stream_end_verify(&stream, crypto, mac);
}

/* The right MAC alone matches: no flipped bit, and no shorter or longer one. */
static void test_verify(void **state)
{
    static const uint8_t key_octets[32] = {1, 2, 3};
    const struct octets message = octets_of_text("a message");
    for (enum mac_algorithm algorithm = 0; algorithm < MAC_ALGORITHM_COUNT; algorithm++) {
        const size_t size = mac_size(algorithm);
        const struct octets key = octets_of(key_octets, random_key_length(algorithm) % 33);
        uint8_t mac[MAC_MAX_SIZE + 1] = {0};
        assert_ok(mac_compute(*state, algorithm, key, &message, 1, mac));
        for (size_t length = 0; length <= size + 1; length++) {
            const enum gbau_status expected = length == size ? GBAU_OK : GBAU_E_AUTHENTICATION;
            const struct octets cut = octets_of(mac, length);
            assert_status(mac_verify(*state, algorithm, key, &message, 1, cut), expected);
            assert_status(verify_in_pieces(*state, algorithm, key, message, cut), expected);
        }
        for (size_t bit = 0; bit < 8 * size; bit++) {
            mac[bit / 8] ^= (uint8_t)(1U << bit % 8);
            const struct octets flipped = octets_of(mac, size);
            assert_status(mac_verify(*state, algorithm, key, &message, 1, flipped), GBAU_E_AUTHENTICATION);
            assert_status(verify_in_pieces(*state, algorithm, key, message, flipped), GBAU_E_AUTHENTICATION);
            mac[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
    }
}

static bool key_length_is_right(enum mac_algorithm algorithm, size_t length)
{
    const bool hmac = algorithm == MAC_HMAC_SHA256 || algorithm == MAC_HMAC_SM3;
    return hmac ? length >= 1 && length <= 64 : length == (algorithm == MAC_AES256_CMAC ? 32 : 16);
}

static void test_wrong_arguments(void **state)
{
    static const uint8_t key[66] = {0};
    uint8_t mac[MAC_MAX_SIZE];
    struct mac_stream stream;
    for (enum mac_algorithm algorithm = 0; algorithm < MAC_ALGORITHM_COUNT; algorithm++) {
        for (size_t length = 0; length <= sizeof key; length++) {
            const struct octets octets = octets_of(key, length);
            const enum gbau_status expected = key_length_is_right(algorithm, length) ? GBAU_OK : GBAU_E_ARGUMENT;
            assert_status(mac_compute(*state, algorithm, octets, NULL, 0, mac), expected);
            assert_status(mac_stream_begin(&stream, *state, algorithm, octets), expected);
        }
    }
    assert_int_equal(mac_size(MAC_ALGORITHM_COUNT), 0);
    assert_status(mac_compute(*state, MAC_ALGORITHM_COUNT, octets_of(key, 16), NULL, 0, mac), GBAU_E_ARGUMENT);
    assert_status(mac_verify(*state, MAC_ALGORITHM_COUNT, octets_of(key, 16), NULL, 0, octets_of(mac, 0)),
                  GBAU_E_ARGUMENT);
}

static void test_ended_stream(void **state)
{
    static const struct mac_stream wiped;
    static const uint8_t key[16] = {1};
    uint8_t mac[MAC_MAX_SIZE] = {0};
    for (enum mac_algorithm algorithm = MAC_HMAC_SHA256; algorithm <= MAC_AES128_CMAC; algorithm++) {
        struct mac_stream stream;
        assert_ok(mac_stream_begin(&stream, *state, algorithm, octets_of(key, sizeof key)));
        assert_ok(mac_stream_end(&stream, *state, mac));
        assert_memory_equal(&stream, &wiped, sizeof wiped);
        assert_status(mac_stream_update(&stream, *state, octets_of(key, 1)), GBAU_E_ARGUMENT);
        assert_status(mac_stream_end(&stream, *state, mac), GBAU_E_ARGUMENT);
        assert_status(mac_stream_end_verify(&stream, *state, octets_of(mac, mac_size(algorithm))), GBAU_E_ARGUMENT);
    }
}

/* Lets each call to the binding fail in turn. */
static void test_every_failure(void **state)
{
    static const uint8_t key[16] = {1}, octets[200] = {0};
    const struct octets parts[] = {octets_of(octets, 100), octets_of(octets, sizeof octets)};
    const enum mac_algorithm algorithms[] = {MAC_HMAC_SM3, MAC_SM4_CMAC};
    for (size_t i = 0; i < 2; i++) {
        for (int n = 0;; n++) {
            struct failing_crypto failing;
            uint8_t mac[MAC_MAX_SIZE];
            struct crypto *crypto = failing_crypto_make(&failing, *state, n);
            enum gbau_status status = mac_compute(crypto, algorithms[i], octets_of(key, sizeof key), parts, 2, mac);
            if (failing.calls_left >= 0) {
                assert_ok(status);
                assert_true(n > 5);
                break;
            }
            assert_status(status, GBAU_E_CRYPTO);
        }
    }
}

/* A card keeps one in each session. */
static void test_size(void **state)
{
    (void)state;
    assert_true(sizeof(struct mac_stream) <= 250);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        crypto_test(test_vectors),      crypto_test(test_pieces_equal_one_shot),
        crypto_test(test_verify),       crypto_test(test_wrong_arguments),
        crypto_test(test_ended_stream), crypto_test(test_every_failure),
        crypto_test(test_size),
    };
    return run_over_bindings(tests);
}
