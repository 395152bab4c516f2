/* test_block_mode.c: CTR and CBC against SP 800-38A and the SM4 draft of the CFRG, in pieces, and with bad paddings. */
#include "crypto/block_mode.h"

#include "crypto_testing.h"

enum { TEXT_MAX = 600, CIPHERTEXT_MAX = TEXT_MAX + AES_BLOCK_SIZE };

struct block_mode_case {
    enum cipher_suite suite;
    const char *key;
    const char *iv;
    const char *plaintext;
    const char *ciphertext; /* of CBC without the block of padding that we add to whole blocks */
};

#define NIST_KEY_128 "2b7e151628aed2a6abf7158809cf4f3c"
#define NIST_KEY_256 "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
#define NIST_COUNTER "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
#define NIST_IV      "000102030405060708090a0b0c0d0e0f"
#define NIST_PLAIN                                                                                                     \
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"                                                 \
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
#define SM4_KEY "0123456789abcdeffedcba9876543210"

/* SP 800-38A F.5.1, F.5.5, F.2.1, F.2.5; draft-ribose-cfrg-sm4 A.2.5.1 and A.2.2.1 */
static const struct block_mode_case cases[] = {
    {CIPHER_SUITE_AES128_CTR, NIST_KEY_128, NIST_COUNTER, NIST_PLAIN,
     "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
     "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee"},
    {CIPHER_SUITE_AES256_CTR, NIST_KEY_256, NIST_COUNTER, NIST_PLAIN,
     "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
     "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6"},
    {CIPHER_SUITE_SM4_CTR, SM4_KEY, NIST_IV,
     "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
     "eeeeeeeeeeeeeeeeffffffffffffffffaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb",
     "ac3236cb970cc20791364c395a1342d1a3cbc1878c6f30cd074cce385cdd70c7"
     "f234bc0e24c11980fd1286310ce37b926e02fcd0faa0baf38b2933851d824514"},
    {CIPHER_SUITE_AES128_CBC, NIST_KEY_128, NIST_IV, NIST_PLAIN,
     "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
     "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7"},
    {CIPHER_SUITE_AES256_CBC, NIST_KEY_256, NIST_IV, NIST_PLAIN,
     "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
     "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b"},
    {CIPHER_SUITE_SM4_CBC, SM4_KEY, NIST_IV, "aaaaaaaabbbbbbbbccccccccddddddddeeeeeeeeffffffffaaaaaaaabbbbbbbb",
     "78ebb11cc40b0a48312aaeb2040244cb4cb7016951909226979b0d15dc6a8f6d"},
};

enum { CASE_COUNT = sizeof cases / sizeof cases[0] };

static bool is_cbc(enum cipher_suite suite)
{
    return cipher_suite_properties(suite)->mode == CIPHER_MODE_CBC;
}

static void test_vectors(void **state)
{
    for (size_t i = 0; i < CASE_COUNT; i++) {
        uint8_t key_octets[32], iv[16], plain_octets[64], ciphertext[80], plaintext[80];
        size_t length = 0;
        const struct octets key = decode(cases[i].key, key_octets, sizeof key_octets);
        const struct octets plain = decode(cases[i].plaintext, plain_octets, sizeof plain_octets);
        from_hex(cases[i].iv, iv, sizeof iv);
        assert_ok(block_mode_encrypt(*state, cases[i].suite, key, iv, plain, ciphertext));
        assert_octets(octets_of(ciphertext, plain.length), cases[i].ciphertext);
        const size_t whole = block_mode_ciphertext_length(cases[i].suite, plain.length);
        assert_int_equal(whole, plain.length + (is_cbc(cases[i].suite) ? 16 : 0));
        assert_ok(
            block_mode_decrypt(*state, cases[i].suite, key, iv, octets_of(ciphertext, whole), plaintext, &length));
        assert_octets(octets_of(plaintext, length), cases[i].plaintext);
    }
}

/* The counter block wraps around as one number of 128 bits. */
static void test_counter_wraps(void **state)
{
    static const uint8_t key[16] = {0}, zeros[48] = {0};
    uint8_t iv[16], out[48], next[16];
    memset(iv, 0xff, sizeof iv);
    assert_ok(block_mode_encrypt(*state, CIPHER_SUITE_AES128_CTR, octets_of(key, 16), iv, octets_of(zeros, 48), out));
    memset(iv, 0, sizeof iv);
    assert_ok(block_mode_encrypt(*state, CIPHER_SUITE_AES128_CTR, octets_of(key, 16), iv, octets_of(zeros, 16), next));
    assert_octets(octets_of(next, 16), "66e94bd4ef8a2c3b884cfa59ca342b2e");
    assert_memory_equal(out + 16, next, 16);
}

/* A random message. */
struct message {
    enum cipher_suite suite;
    uint8_t key_octets[32];
    uint8_t iv[16];
    uint8_t plain_octets[TEXT_MAX];
    uint8_t cipher_octets[CIPHERTEXT_MAX];
    struct octets key;
    struct octets plaintext;
    struct octets ciphertext;
};

static void make_message(struct crypto *crypto, enum cipher_suite suite, struct message *message)
{
    message->suite = suite;
    random_fill(message->key_octets, sizeof message->key_octets);
    random_fill(message->iv, sizeof message->iv);
    random_fill(message->plain_octets, sizeof message->plain_octets);
    message->key = octets_of(message->key_octets, cipher_suite_properties(suite)->key_size);
    message->plaintext =
        octets_of(message->plain_octets, random_below(2) == 0 ? random_below(50) : random_below(TEXT_MAX + 1));
    message->ciphertext =
        octets_of(message->cipher_octets, block_mode_ciphertext_length(suite, message->plaintext.length));
    assert_ok(block_mode_encrypt(crypto, suite, message->key, message->iv, message->plaintext, message->cipher_octets));
}

static void run_in_pieces(struct crypto *crypto, const struct message *message, enum block_direction direction,
                          struct octets in, struct octets expected)
{
    struct block_mode_stream stream;
    uint8_t octets[CIPHERTEXT_MAX];
    struct octet_writer out = octet_writer_of(octets, expected.length);
    assert_ok(block_mode_stream_begin(&stream, crypto, message->suite, direction, message->key, message->iv));
    while (in.length > 0) {
        const size_t before = out.length;
        const struct octets piece = random_piece(&in);
        assert_ok(block_mode_stream_update(&stream, crypto, piece, &out));
        assert_true(out.length - before <= piece.length + 15);
    }
    assert_ok(block_mode_stream_end(&stream, crypto, &out));
    assert_int_equal(out.length, expected.length);
    assert_memory_equal(octets, expected.data, expected.length);
}

/* However a message is cut, the outcome is that of one piece, and fits exactly. */
static void test_pieces_equal_one_shot(void **state)
{
    for (size_t i = 0; i < rounds(900); i++) {
        struct message message;
        uint8_t plaintext[CIPHERTEXT_MAX];
        size_t length = 0;
        make_message(*state, (enum cipher_suite)(CIPHER_SUITE_AES128_CTR + i % 6), &message);
        run_in_pieces(*state, &message, BLOCK_ENCRYPT, message.plaintext, message.ciphertext);
        run_in_pieces(*state, &message, BLOCK_DECRYPT, message.ciphertext, message.plaintext);
        assert_ok(
            block_mode_decrypt(*state, message.suite, message.key, message.iv, message.ciphertext, plaintext, &length));
        assert_int_equal(length, message.plaintext.length);
        assert_memory_equal(plaintext, message.plaintext.data, length);
    }
}

/* Encrypts a block as it stands, then decrypts it, so that its end is taken for a padding. */
static enum gbau_status decrypt_padded(struct crypto *crypto, const uint8_t padded[AES_BLOCK_SIZE], size_t *length)
{
    static const uint8_t key[16] = {7}, iv[16] = {0};
    uint8_t ciphertext[2 * AES_BLOCK_SIZE], plaintext[AES_BLOCK_SIZE];
    assert_ok(
        block_mode_encrypt(crypto, CIPHER_SUITE_SM4_CBC, octets_of(key, 16), iv, octets_of(padded, 16), ciphertext));
    return block_mode_decrypt(crypto, CIPHER_SUITE_SM4_CBC, octets_of(key, 16), iv, octets_of(ciphertext, 16),
                              plaintext, length);
}

/* Every last octet, with every number of octets before it that agree. */
static void test_paddings(void **state)
{
    for (unsigned last = 0; last < 256; last++) {
        for (size_t agreeing = 1; agreeing <= AES_BLOCK_SIZE; agreeing += testing_portable ? 5 : 1) {
            uint8_t block[AES_BLOCK_SIZE];
            size_t length = 99;
            memset(block, (int)(last ^ 0x40), sizeof block);
            memset(block + AES_BLOCK_SIZE - agreeing, (int)last, agreeing);
            const bool right = last >= 1 && last <= AES_BLOCK_SIZE && agreeing >= last;
            assert_status(decrypt_padded(*state, block, &length), right ? GBAU_OK : GBAU_E_MALFORMED);
            assert_int_equal(length, right ? AES_BLOCK_SIZE - last : 0);
        }
    }
}

static void test_ciphertext_of_no_whole_blocks(void **state)
{
    static const uint8_t key[16] = {0}, iv[16] = {0}, ciphertext[64] = {0}, zeros[64] = {0};
    for (size_t length = 0; length < sizeof ciphertext; length++) {
        uint8_t plaintext[64];
        size_t out = 99;
        memset(plaintext, 0xa5, sizeof plaintext);
        if (length % 16 != 0 || length == 0) {
            assert_status(block_mode_decrypt(*state, CIPHER_SUITE_AES128_CBC, octets_of(key, 16), iv,
                                             octets_of(ciphertext, length), plaintext, &out),
                          GBAU_E_MALFORMED);
            assert_int_equal(out, 0);
            assert_memory_equal(plaintext, zeros, length);
        }
    }
}

static void test_no_room(void **state)
{
    for (enum cipher_suite suite = CIPHER_SUITE_AES128_CTR; suite < CIPHER_SUITE_COUNT; suite++) {
        struct message message;
        do {
            make_message(*state, suite, &message);
        } while (message.plaintext.length == 0);
        for (enum block_direction direction = BLOCK_ENCRYPT; direction < BLOCK_DIRECTION_COUNT; direction++) {
            const struct octets in = direction == BLOCK_ENCRYPT ? message.plaintext : message.ciphertext;
            const struct octets out = direction == BLOCK_ENCRYPT ? message.ciphertext : message.plaintext;
            struct block_mode_stream stream;
            uint8_t octets[CIPHERTEXT_MAX];
            struct octet_writer writer = octet_writer_of(octets, out.length - 1);
            assert_ok(block_mode_stream_begin(&stream, *state, suite, direction, message.key, message.iv));
            enum gbau_status status = block_mode_stream_update(&stream, *state, in, &writer);
            if (status == GBAU_OK) {
                status = block_mode_stream_end(&stream, *state, &writer);
            }
            assert_status(status, GBAU_E_SPACE);
            assert_status(block_mode_stream_end(&stream, *state, &writer), GBAU_E_ARGUMENT);
        }
    }
}

static void test_wrong_arguments(void **state)
{
    static const uint8_t key[33] = {0}, iv[16] = {0};
    for (int suite = -1; suite <= CIPHER_SUITE_COUNT; suite++) {
        const struct cipher_suite_properties *properties = cipher_suite_properties((enum cipher_suite)suite);
        const bool right_suite = properties != NULL && properties->tag_size == 0;
        assert_int_equal(block_mode_ciphertext_length((enum cipher_suite)suite, 5) > 0, right_suite);
        for (size_t length = 0; length <= sizeof key; length++) {
            struct block_mode_stream stream;
            const bool right = right_suite && properties->key_size == length;
            assert_status(block_mode_stream_begin(&stream, *state, (enum cipher_suite)suite, BLOCK_ENCRYPT,
                                                  octets_of(key, length), iv),
                          right ? GBAU_OK : GBAU_E_ARGUMENT);
            assert_int_equal(stream.running, right);
        }
    }
    struct block_mode_stream stream;
    assert_status(block_mode_stream_begin(&stream, *state, CIPHER_SUITE_AES128_CBC, BLOCK_DIRECTION_COUNT,
                                          octets_of(key, 16), iv),
                  GBAU_E_ARGUMENT);
}

static void test_ended_stream(void **state)
{
    static const struct block_mode_stream wiped;
    static const uint8_t key[16] = {0}, iv[16] = {0};
    struct block_mode_stream stream;
    uint8_t octets[32];
    struct octet_writer out = octet_writer_of(octets, sizeof octets);
    assert_ok(block_mode_stream_begin(&stream, *state, CIPHER_SUITE_AES128_CBC, BLOCK_ENCRYPT, octets_of(key, 16), iv));
    assert_ok(block_mode_stream_end(&stream, *state, &out));
    assert_memory_equal(&stream, &wiped, sizeof wiped);
    assert_status(block_mode_stream_update(&stream, *state, octets_of(key, 16), &out), GBAU_E_ARGUMENT);
    assert_status(block_mode_stream_end(&stream, *state, &out), GBAU_E_ARGUMENT);
    assert_int_equal(out.length, 16);
    assert_ok(block_mode_stream_begin(&stream, *state, CIPHER_SUITE_AES128_CBC, BLOCK_ENCRYPT, octets_of(key, 16), iv));
    block_mode_stream_clear(&stream);
    assert_memory_equal(&stream, &wiped, sizeof wiped);
}

/* Lets each call to the binding fail in turn: told, and nothing of a plaintext is let out. */
static void test_every_failure(void **state)
{
    static const uint8_t zeros[CIPHERTEXT_MAX];
    for (enum cipher_suite suite = CIPHER_SUITE_SM4_CTR; suite <= CIPHER_SUITE_SM4_CBC; suite += 3) {
        struct message message;
        make_message(*state, suite, &message);
        for (int n = 0;; n++) {
            struct failing_crypto failing;
            uint8_t text[CIPHERTEXT_MAX] = {0};
            size_t length = 0;
            struct crypto *crypto = failing_crypto_make(&failing, *state, n);
            enum gbau_status status =
                block_mode_decrypt(crypto, suite, message.key, message.iv, message.ciphertext, text, &length);
            if (failing.calls_left >= 0) {
                assert_ok(status);
                assert_true(n > 2);
                break;
            }
            assert_status(status, GBAU_E_CRYPTO);
            assert_memory_equal(text, zeros, sizeof text);
            crypto = failing_crypto_make(&failing, *state, n);
            assert_status(block_mode_encrypt(crypto, suite, message.key, message.iv, message.plaintext, text),
                          GBAU_E_CRYPTO);
        }
    }
}

/* A card keeps one in each session. */
static void test_size(void **state)
{
    (void)state;
    assert_true(sizeof(struct block_mode_stream) <= 250);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        crypto_test(test_vectors),
        crypto_test(test_counter_wraps),
        crypto_test(test_pieces_equal_one_shot),
        crypto_test(test_paddings),
        crypto_test(test_ciphertext_of_no_whole_blocks),
        crypto_test(test_no_room),
        crypto_test(test_wrong_arguments),
        crypto_test(test_ended_stream),
        crypto_test(test_every_failure),
        crypto_test(test_size),
    };
    return run_over_bindings(tests);
}
