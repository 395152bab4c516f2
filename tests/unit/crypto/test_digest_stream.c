/* test_digest_stream.c: SHA-1, SHA-256 and SM3 in pieces against FIPS 180-4, GM/T 0004-2012 and the digest in one call.
 */
#include "crypto/digest_stream.h"

#include "crypto_testing.h"

enum { MESSAGE_MAX = 700 };

static const enum digest_algorithm algorithms[] = {DIGEST_SHA1, DIGEST_SHA256, DIGEST_SM3};

static void digest_in_pieces(struct crypto *crypto, enum digest_algorithm algorithm, struct octets message,
                             uint8_t digest[DIGEST_MAX_SIZE])
{
    struct digest_stream stream;
    assert_ok(digest_stream_begin(&stream, algorithm));
    while (message.length > 0) {
        assert_ok(digest_stream_update(&stream, crypto, random_piece(&message)));
    }
    assert_ok(digest_stream_end(&stream, crypto, digest));
}

struct digest_case {
    enum digest_algorithm algorithm;
    const char *message;
    const char *digest;
};

static const struct digest_case cases[] = {
    {DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {DIGEST_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {DIGEST_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {DIGEST_SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {DIGEST_SM3, "abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},
    {DIGEST_SM3, "abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd",
     "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"},
};

static void test_vectors(void **state)
{
    for (size_t i = 0; i < 50 * (sizeof cases / sizeof cases[0]); i++) {
        const struct digest_case *test = &cases[i % (sizeof cases / sizeof cases[0])];
        uint8_t digest[DIGEST_MAX_SIZE];
        digest_in_pieces(*state, test->algorithm, octets_of_text(test->message), digest);
        assert_octets(octets_of(digest, digest_size(test->algorithm)), test->digest);
    }
}

/* Every length up to some blocks, so every way to pad; however it is cut, it is what one call gives. */
static void test_pieces_equal_one_call(void **state)
{
    uint8_t octets[MESSAGE_MAX];
    random_fill(octets, sizeof octets);
    for (size_t length = 0; length <= MESSAGE_MAX; length++) {
        for (size_t i = 0; i < 3; i++) {
            const struct octets message = octets_of(octets, length);
            uint8_t in_pieces[DIGEST_MAX_SIZE] = {0}, in_one_call[DIGEST_MAX_SIZE] = {0};
            digest_in_pieces(*state, algorithms[i], message, in_pieces);
            assert_ok(crypto_digest(*state, algorithms[i], &message, 1, in_one_call));
            assert_memory_equal(in_pieces, in_one_call, sizeof in_pieces);
        }
    }
}

static void test_unsupported(void **state)
{
    (void)state;
    struct digest_stream stream;
    assert_status(digest_stream_begin(&stream, DIGEST_MD5), GBAU_E_UNSUPPORTED);
    assert_status(digest_stream_begin(&stream, DIGEST_ALGORITHM_COUNT), GBAU_E_UNSUPPORTED);
}

static void test_ends_wiped(void **state)
{
    static const struct digest_stream wiped;
    struct digest_stream stream;
    uint8_t digest[DIGEST_MAX_SIZE];
    assert_ok(digest_stream_begin(&stream, DIGEST_SM3));
    assert_ok(digest_stream_update(&stream, *state, octets_of_text("secret")));
    assert_ok(digest_stream_end(&stream, *state, digest));
    assert_memory_equal(&stream, &wiped, sizeof wiped);
}

/* 150 octets in three pieces and the padding make three calls of the binding; each may fail. */
static void test_every_failure(void **state)
{
    static const uint8_t octets[50] = {0};
    for (int n = 0; n <= 3; n++) {
        struct failing_crypto failing;
        struct crypto *crypto = failing_crypto_make(&failing, *state, n);
        struct digest_stream stream;
        uint8_t digest[DIGEST_MAX_SIZE];
        enum gbau_status status = digest_stream_begin(&stream, DIGEST_SHA256);
        for (size_t i = 0; status == GBAU_OK && i < 3; i++) {
            status = digest_stream_update(&stream, crypto, octets_of(octets, sizeof octets));
        }
        if (status == GBAU_OK) {
            status = digest_stream_end(&stream, crypto, digest);
        }
        assert_status(status, n < 3 ? GBAU_E_CRYPTO : GBAU_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        crypto_test(test_vectors),    crypto_test(test_pieces_equal_one_call), crypto_test(test_unsupported),
        crypto_test(test_ends_wiped), crypto_test(test_every_failure),
    };
    return run_over_bindings(tests);
}
