/* test_primitives.c: the primitives against RFC 4231, FIPS 197, GM/T 0002, the GCM specification and FIPS 180-4. */
#include "crypto/primitives.h"

#include <stdlib.h>

#include "crypto_testing.h"

/* HMAC-SHA-256 */

struct hmac_case {
    const char *key;
    const char *message;
    const char *mac;
};

#define AA_20 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DD_50 "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define CD_50 "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"

/* RFC 4231 4.2 to 4.6; 4.7 and 4.8 have keys longer than any of GBA's */
static const struct hmac_case hmac_cases[] = {
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {AA_20, DD_50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {"0102030405060708090a0b0c0d0e0f10111213141516171819", CD_50,
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
    {"0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c", "546573742057697468205472756e636174696f6e",
     "a3b6167473100ee06e0c796c2955552bfa6f7c0a6a8aef8b93f860aab0cd20c5"},
};

static void test_hmac_vectors(void **state)
{
    for (size_t i = 0; i < sizeof hmac_cases / sizeof hmac_cases[0]; i++) {
        uint8_t key_octets[64];
        uint8_t message_octets[64];
        uint8_t mac[SHA256_SIZE];
        struct octets key = decode(hmac_cases[i].key, key_octets, sizeof key_octets);
        struct octets message = decode(hmac_cases[i].message, message_octets, sizeof message_octets);
        assert_ok(crypto_hmac_sha256(*state, key, &message, 1, mac));
        assert_octets(octets_of(mac, sizeof mac), hmac_cases[i].mac);
    }
}

/* However the message is cut into parts, empty ones among them, the MAC is the same. */
static void test_hmac_parts(void **state)
{
    const struct octets key = octets_of_text("Jefe");
    const struct octets whole = octets_of_text("what do ya want for nothing?");
    for (size_t cut = 0; cut <= whole.length; cut++) {
        const struct octets parts[] = {
            {0}, octets_of(whole.data, cut), octets_of(whole.data + cut, whole.length - cut), {0}};
        uint8_t mac[SHA256_SIZE];
        assert_ok(crypto_hmac_sha256(*state, key, parts, 4, mac));
        assert_octets(octets_of(mac, sizeof mac), hmac_cases[1].mac);
    }
}

static void test_hmac_of_nothing(void **state)
{
    uint8_t mac[SHA256_SIZE];
    const uint8_t key[1] = {0};
    assert_ok(crypto_hmac_sha256(*state, octets_of(key, 1), NULL, 0, mac));
    assert_octets(octets_of(mac, sizeof mac), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void test_hmac_key_lengths(void **state)
{
    static const uint8_t key[131] = {0};
    uint8_t mac[SHA256_SIZE];
    const struct octets message = octets_of_text("message");
    assert_status(crypto_hmac_sha256(*state, octets_of(key, 0), &message, 1, mac), GBAU_E_ARGUMENT);
    assert_ok(crypto_hmac_sha256(*state, octets_of(key, 1), &message, 1, mac));
    assert_ok(crypto_hmac_sha256(*state, octets_of(key, 64), &message, 1, mac));
    assert_status(crypto_hmac_sha256(*state, octets_of(key, 65), &message, 1, mac), GBAU_E_ARGUMENT);
    assert_status(crypto_hmac_sha256(*state, octets_of(key, 131), &message, 1, mac), GBAU_E_ARGUMENT);
}

/* Digests */

struct digest_case {
    enum digest_algorithm algorithm;
    const char *message;
    const char *digest;
};

#define SIXTEEN_TIMES_ABCD "abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd"
#define TWO_BLOCKS         "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"

static const struct digest_case digest_cases[] = {
    {DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e"},
    {DIGEST_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
    {DIGEST_MD5, TWO_BLOCKS, "8215ef0796a20bcaaae116d3876c664a"},
    {DIGEST_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {DIGEST_SHA1, TWO_BLOCKS, "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
    {DIGEST_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {DIGEST_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {DIGEST_SHA256, TWO_BLOCKS, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {DIGEST_SM3, "abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},
    {DIGEST_SM3, SIXTEEN_TIMES_ABCD, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"},
};

static void test_digest_vectors(void **state)
{
    for (size_t i = 0; i < sizeof digest_cases / sizeof digest_cases[0]; i++) {
        uint8_t digest[DIGEST_MAX_SIZE];
        const struct octets message = octets_of_text(digest_cases[i].message);
        if (testing_portable && digest_cases[i].algorithm == DIGEST_MD5) {
            assert_status(crypto_digest(*state, digest_cases[i].algorithm, &message, 1, digest), GBAU_E_UNSUPPORTED);
            continue; /* no card needs it */
        }
        assert_ok(crypto_digest(*state, digest_cases[i].algorithm, &message, 1, digest));
        assert_octets(octets_of(digest, digest_size(digest_cases[i].algorithm)), digest_cases[i].digest);
    }
}

/* A million times "a" (FIPS 180-4 examples), in a thousand parts. */
static void test_digest_long(void **state)
{
    static char thousand[1000];
    static struct octets parts[1000];
    uint8_t digest[DIGEST_MAX_SIZE];
    memset(thousand, 'a', sizeof thousand);
    for (size_t i = 0; i < 1000; i++) {
        parts[i] = octets_of(thousand, sizeof thousand);
    }
    assert_ok(crypto_digest(*state, DIGEST_SHA256, parts, 1000, digest));
    assert_octets(octets_of(digest, SHA256_SIZE), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    assert_ok(crypto_digest(*state, DIGEST_SHA1, parts, 1000, digest));
    assert_octets(octets_of(digest, SHA1_SIZE), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    if (testing_portable) {
        return; /* it has no MD5 */
    }
    assert_ok(crypto_digest(*state, DIGEST_MD5, parts, 1000, digest));
    assert_octets(octets_of(digest, MD5_SIZE), "7707d6ae4e027c70eea2a935c2296f21");
}

static void test_digest_unknown(void **state)
{
    uint8_t digest[DIGEST_MAX_SIZE];
    assert_status(crypto_digest(*state, DIGEST_ALGORITHM_COUNT, NULL, 0, digest), GBAU_E_ARGUMENT);
    assert_status(crypto_digest(*state, (enum digest_algorithm)99, NULL, 0, digest), GBAU_E_ARGUMENT);
    assert_int_equal(digest_size(DIGEST_ALGORITHM_COUNT), 0);
    assert_int_equal(digest_size((enum digest_algorithm)99), 0);
}

/* Block ciphers */

struct block_case {
    enum block_cipher cipher;
    const char *key;
    const char *plaintext;
    const char *ciphertext;
};

/* FIPS 197 C.1 and C.3, GM/T 0002-2012 A.1 */
static const struct block_case block_cases[BLOCK_CIPHER_COUNT] = {
    {BLOCK_AES128, "000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff",
     "69c4e0d86a7b0430d8cdb78070b4c55a"},
    {BLOCK_AES256, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "00112233445566778899aabbccddeeff", "8ea2b7ca516745bfeafc49904b496089"},
    {BLOCK_SM4, "0123456789abcdeffedcba9876543210", "0123456789abcdeffedcba9876543210",
     "681edf34d206965e86b3e94f536e4246"},
};

enum { MOST_BLOCKS = 20 };

/* Loads the key and runs `count` blocks of `before`: they alone become `after`. */
static void assert_blocks(struct crypto *crypto, const struct block_case *test, enum block_direction direction,
                          size_t count)
{
    const char *before = direction == BLOCK_ENCRYPT ? test->plaintext : test->ciphertext;
    const char *after = direction == BLOCK_ENCRYPT ? test->ciphertext : test->plaintext;
    uint8_t key[BLOCK_KEY_MAX_SIZE];
    uint8_t blocks[MOST_BLOCKS + 1][AES_BLOCK_SIZE];
    from_hex(test->key, key, block_key_size(test->cipher));
    for (size_t i = 0; i <= count; i++) {
        from_hex(before, blocks[i], AES_BLOCK_SIZE);
    }
    assert_ok(crypto_block_set_key(crypto, test->cipher, direction, key));
    memset(key, 0, sizeof key);
    assert_ok(crypto_block_run(crypto, test->cipher, direction, blocks[0], blocks[0], count));
    for (size_t i = 0; i <= count; i++) {
        assert_octets(octets_of(blocks[i], AES_BLOCK_SIZE), i < count ? after : before);
    }
}

/* Any number of blocks, in any order of ciphers. */
static void test_blocks(void **state)
{
    for (size_t count = 1; count <= MOST_BLOCKS; count++) {
        for (size_t i = 0; i < BLOCK_CIPHER_COUNT; i++) {
            assert_blocks(*state, &block_cases[i], BLOCK_ENCRYPT, count);
            assert_blocks(*state, &block_cases[i], BLOCK_DECRYPT, count);
        }
    }
}

/* The key stays: blocks of later calls are as those of one. Each block is by itself. */
static void test_blocks_by_and_by(void **state)
{
    for (enum block_cipher cipher = 0; cipher < BLOCK_CIPHER_COUNT; cipher++) {
        for (enum block_direction direction = 0; direction < BLOCK_DIRECTION_COUNT; direction++) {
            uint8_t key[BLOCK_KEY_MAX_SIZE], in[MOST_BLOCKS][AES_BLOCK_SIZE];
            uint8_t at_once[MOST_BLOCKS][AES_BLOCK_SIZE], singly[MOST_BLOCKS][AES_BLOCK_SIZE];
            random_fill(key, sizeof key);
            random_fill(in[0], sizeof in);
            assert_ok(crypto_block_set_key(*state, cipher, direction, key));
            assert_ok(crypto_block_run(*state, cipher, direction, in[0], at_once[0], MOST_BLOCKS));
            for (size_t i = 0; i < MOST_BLOCKS; i++) {
                assert_ok(crypto_block_run(*state, cipher, direction, in[i], singly[i], 1));
            }
            assert_memory_equal(at_once, singly, sizeof singly);
        }
    }
}

static void test_block_key_sizes(void **state)
{
    (void)state;
    assert_int_equal(block_key_size(BLOCK_AES128), 16);
    assert_int_equal(block_key_size(BLOCK_AES256), 32);
    assert_int_equal(block_key_size(BLOCK_SM4), 16);
    assert_int_equal(block_key_size(BLOCK_CIPHER_COUNT), 0);
}

/* GM/T 0002-2012 A.2: the block of A.1 a million times through SM4; a matter of minutes for the portable binding. */
static void test_sm4_million(void **state)
{
    if (testing_portable) {
        return; /* test_sm4.c compares it with libcrypto's, which stands this test */
    }
    uint8_t block[AES_BLOCK_SIZE];
    from_hex("0123456789abcdeffedcba9876543210", block, sizeof block);
    assert_ok(crypto_block_set_key(*state, BLOCK_SM4, BLOCK_ENCRYPT, block));
    for (size_t i = 0; i < 1000000; i++) {
        assert_ok(crypto_block_run(*state, BLOCK_SM4, BLOCK_ENCRYPT, block, block, 1));
    }
    assert_octets(octets_of(block, sizeof block), "595298c7c6fd271f0402f804c33d3f66");
}

static void test_digest_blocks_unsupported(void **state)
{
    static const uint8_t block[DIGEST_BLOCK_SIZE] = {0};
    uint32_t chaining[DIGEST_CHAINING_WORDS] = {0};
    assert_status(crypto_digest_blocks(*state, DIGEST_MD5, chaining, block, 1), GBAU_E_UNSUPPORTED);
    assert_status(crypto_digest_blocks(*state, DIGEST_ALGORITHM_COUNT, chaining, block, 1), GBAU_E_UNSUPPORTED);
}

/* AES-GCM */

static void test_key_lengths_of_aes(void **state)
{
    static const uint8_t key[64] = {0};
    const uint8_t nonce[AES_GCM_NONCE_SIZE] = {0};
    const struct octets none = {0};
    for (size_t length = 0; length <= sizeof key; length++) {
        uint8_t tag[AES_GCM_TAG_SIZE];
        uint8_t text[1];
        const enum gbau_status expected = length == 16 || length == 32 ? GBAU_OK : GBAU_E_ARGUMENT;
        const struct octets octets = octets_of(key, length);
        assert_status(crypto_aes_gcm_seal(*state, octets, nonce, none, none, text, tag), expected);
        assert_status(crypto_aes_gcm_open(*state, octets, nonce, none, none, tag, text), expected);
    }
}

struct gcm_case {
    const char *key;
    const char *nonce;
    const char *aad;
    const char *plaintext;
    const char *ciphertext;
    const char *tag;
};

#define ZERO_KEY_128 "00000000000000000000000000000000"
#define ZERO_KEY_256 ZERO_KEY_128 ZERO_KEY_128
#define ZERO_NONCE   "000000000000000000000000"
#define GCM_KEY_128  "feffe9928665731c6d6a8f9467308308"
#define GCM_KEY_256  GCM_KEY_128 GCM_KEY_128
#define GCM_NONCE    "cafebabefacedbaddecaf888"
#define GCM_AAD      "feedfacedeadbeeffeedfacedeadbeefabaddad2"
#define GCM_PLAIN_60                                                                                                   \
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"                                                 \
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define GCM_PLAIN_64 GCM_PLAIN_60 "1aafd255"
#define GCM_CIPHER_128_60                                                                                              \
    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"                                                 \
    "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
#define GCM_CIPHER_256_60                                                                                              \
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"                                                 \
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"

/* The GCM specification (McGrew and Viega), test cases 1 to 4 and 13 to 16 */
static const struct gcm_case gcm_cases[] = {
    {ZERO_KEY_128, ZERO_NONCE, "", "", "", "58e2fccefa7e3061367f1d57a4e7455a"},
    {ZERO_KEY_128, ZERO_NONCE, "", ZERO_KEY_128, "0388dace60b6a392f328c2b971b2fe78",
     "ab6e47d42cec13bdf53a67b21257bddf"},
    {GCM_KEY_128, GCM_NONCE, "", GCM_PLAIN_64, GCM_CIPHER_128_60 "473f5985", "4d5c2af327cd64a62cf35abd2ba6fab4"},
    {GCM_KEY_128, GCM_NONCE, GCM_AAD, GCM_PLAIN_60, GCM_CIPHER_128_60, "5bc94fbc3221a5db94fae95ae7121a47"},
    {ZERO_KEY_256, ZERO_NONCE, "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {ZERO_KEY_256, ZERO_NONCE, "", ZERO_KEY_128, "cea7403d4d606b6e074ec5d3baf39d18",
     "d0d1c8a799996bf0265b98b5d48ab919"},
    {GCM_KEY_256, GCM_NONCE, "", GCM_PLAIN_64, GCM_CIPHER_256_60 "898015ad", "b094dac5d93471bdec1a502270e3cc6c"},
    {GCM_KEY_256, GCM_NONCE, GCM_AAD, GCM_PLAIN_60, GCM_CIPHER_256_60, "76fc6ece0f4e1768cddf8853bb2d551b"},
};

/* A case in octets. */
struct gcm_message {
    uint8_t key_octets[32];
    uint8_t aad_octets[20];
    uint8_t text_octets[64];
    uint8_t nonce[AES_GCM_NONCE_SIZE];
    uint8_t tag[AES_GCM_TAG_SIZE];
    struct octets key;
    struct octets aad;
};

static void read_gcm_case(const struct gcm_case *test, struct gcm_message *message)
{
    message->key = decode(test->key, message->key_octets, sizeof message->key_octets);
    message->aad = decode(test->aad, message->aad_octets, sizeof message->aad_octets);
    from_hex(test->nonce, message->nonce, sizeof message->nonce);
    from_hex(test->tag, message->tag, sizeof message->tag);
}

static void test_gcm_seal_vectors(void **state)
{
    const size_t count = sizeof gcm_cases / sizeof gcm_cases[0];
    for (size_t i = 0; i < 2 * count; i++) {
        const struct gcm_case *test = &gcm_cases[i * 5 % count];
        struct gcm_message message;
        uint8_t tag[AES_GCM_TAG_SIZE];
        read_gcm_case(test, &message);
        struct octets text = decode(test->plaintext, message.text_octets, sizeof message.text_octets);
        assert_ok(crypto_aes_gcm_seal(*state, message.key, message.nonce, message.aad, text, message.text_octets, tag));
        assert_octets(text, test->ciphertext); /* in place */
        assert_octets(octets_of(tag, sizeof tag), test->tag);
    }
}

static void test_gcm_open_vectors(void **state)
{
    for (size_t i = 0; i < sizeof gcm_cases / sizeof gcm_cases[0]; i++) {
        struct gcm_message message;
        uint8_t plaintext[64];
        read_gcm_case(&gcm_cases[i], &message);
        struct octets text = decode(gcm_cases[i].ciphertext, message.text_octets, sizeof message.text_octets);
        assert_ok(crypto_aes_gcm_open(*state, message.key, message.nonce, message.aad, text, message.tag, plaintext));
        assert_octets(octets_of(plaintext, text.length), gcm_cases[i].plaintext);
    }
}

/* A crypto keeps the key of its last message: with keys in turn, also after refusals, it gives what a new one does. */
static void test_gcm_keys_in_turn(void **state)
{
    static const uint8_t nonce[AES_GCM_NONCE_SIZE] = {7};
    static const uint8_t order[] = {0, 0, 1, 1, 0, 2, 3, 2, 0, 3};
    const struct octets none = {0};
    for (size_t i = 0; i < sizeof order; i++) {
        struct crypto fresh;
        uint8_t key[32] = {order[i] % 2, 5};
        uint8_t tag[AES_GCM_TAG_SIZE], expected[AES_GCM_TAG_SIZE], text[4], out[4], opened[4];
        const struct octets octets = octets_of(key, order[i] < 2 ? 16 : 32);
        memset(text, (int)i, sizeof text);
        assert_ok(crypto_openssl_open(&fresh));
        assert_ok(crypto_aes_gcm_seal(&fresh, octets, nonce, none, octets_of(text, 4), out, expected));
        crypto_openssl_close(&fresh);
        assert_ok(crypto_aes_gcm_seal(*state, octets, nonce, none, octets_of(text, 4), out, tag));
        assert_memory_equal(tag, expected, sizeof tag);
        tag[0] ^= 1;
        assert_status(crypto_aes_gcm_open(*state, octets, nonce, none, octets_of(out, 4), tag, opened),
                      GBAU_E_AUTHENTICATION);
        assert_ok(crypto_aes_gcm_open(*state, octets, nonce, none, octets_of(out, 4), expected, opened));
        assert_memory_equal(opened, text, sizeof text);
    }
}

/* Keys that come back, and keys of the other direction, meet no schedule but their own. */
static void test_block_keys_in_turn(void **state)
{
    static const uint8_t order[] = {0, 0, 1, 1, 0, 2, 0};
    for (size_t i = 0; i < sizeof order * BLOCK_CIPHER_COUNT; i++) {
        struct crypto fresh;
        const enum block_cipher cipher = (enum block_cipher)(i % BLOCK_CIPHER_COUNT);
        const uint8_t key[BLOCK_KEY_MAX_SIZE] = {order[i / BLOCK_CIPHER_COUNT]};
        uint8_t text[16] = {(uint8_t)i}, expected[16], out[16], back[16];
        assert_ok(crypto_openssl_open(&fresh));
        assert_ok(crypto_block_set_key(&fresh, cipher, BLOCK_ENCRYPT, key));
        assert_ok(crypto_block_run(&fresh, cipher, BLOCK_ENCRYPT, text, expected, 1));
        crypto_openssl_close(&fresh);
        assert_ok(crypto_block_set_key(*state, cipher, BLOCK_ENCRYPT, key));
        assert_ok(crypto_block_run(*state, cipher, BLOCK_ENCRYPT, text, out, 1));
        assert_memory_equal(out, expected, sizeof out);
        assert_ok(crypto_block_set_key(*state, cipher, BLOCK_DECRYPT, key));
        assert_ok(crypto_block_run(*state, cipher, BLOCK_DECRYPT, out, back, 1));
        assert_memory_equal(back, text, sizeof back);
    }
}

static void assert_refused(struct crypto *crypto, const struct gcm_message *message, struct octets text)
{
    static const uint8_t zeros[64];
    uint8_t plaintext[64];
    memset(plaintext, 0xa5, sizeof plaintext);
    assert_status(
        crypto_aes_gcm_open(crypto, message->key, message->nonce, message->aad, text, message->tag, plaintext),
        GBAU_E_AUTHENTICATION);
    assert_memory_equal(plaintext, zeros, text.length);
}

/* Flips each bit of `field` in turn. */
static void assert_flips_refused(struct crypto *crypto, const struct gcm_message *message, struct octets text,
                                 uint8_t *field, size_t length)
{
    for (size_t bit = 0; bit < 8 * length; bit++) {
        field[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_refused(crypto, message, text);
        field[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

/* Every single bit counts: of key, nonce, additional data, ciphertext and tag; nothing of the plaintext is let out. */
static void test_gcm_flips(void **state)
{
    const size_t indexes[] = {3, 7};
    for (size_t i = 0; i < 2; i++) {
        struct gcm_message message;
        uint8_t plaintext[64];
        const struct gcm_case *test = &gcm_cases[indexes[i]];
        read_gcm_case(test, &message);
        struct octets text = decode(test->ciphertext, message.text_octets, sizeof message.text_octets);
        assert_flips_refused(*state, &message, text, message.key_octets, message.key.length);
        assert_flips_refused(*state, &message, text, message.nonce, sizeof message.nonce);
        assert_flips_refused(*state, &message, text, message.aad_octets, message.aad.length);
        assert_flips_refused(*state, &message, text, message.text_octets, text.length);
        assert_flips_refused(*state, &message, text, message.tag, sizeof message.tag);
        assert_ok(crypto_aes_gcm_open(*state, message.key, message.nonce, message.aad, text, message.tag, plaintext));
    }
}

/* A shorter or empty ciphertext, and additional data left out, are no less refused. */
static void test_gcm_truncations(void **state)
{
    struct gcm_message message;
    read_gcm_case(&gcm_cases[3], &message);
    struct octets text = decode(gcm_cases[3].ciphertext, message.text_octets, sizeof message.text_octets);
    for (size_t length = 0; length < text.length; length++) {
        assert_refused(*state, &message, octets_of(text.data, length));
    }
    const size_t aad_length = message.aad.length;
    for (message.aad.length = 0; message.aad.length < aad_length; message.aad.length++) {
        assert_refused(*state, &message, text);
    }
}

/* Random */

static void test_random_octets(void **state)
{
    uint8_t first[64] = {0};
    uint8_t second[64] = {0};
    assert_ok(crypto_random(*state, first, sizeof first));
    assert_ok(crypto_random(*state, second, sizeof second));
    assert_memory_not_equal(first, second, sizeof first);
    first[0] = 0x5a;
    assert_ok(crypto_random(*state, first, 0));
    assert_int_equal(first[0], 0x5a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        crypto_test(test_hmac_vectors),       crypto_test(test_hmac_parts),
        crypto_test(test_hmac_of_nothing),    crypto_test(test_hmac_key_lengths),
        crypto_test(test_digest_vectors),     crypto_test(test_digest_long),
        crypto_test(test_digest_unknown),     crypto_test(test_blocks),
        crypto_test(test_blocks_by_and_by),   crypto_test(test_block_key_sizes),
        crypto_test(test_sm4_million),        crypto_test(test_digest_blocks_unsupported),
        crypto_test(test_gcm_seal_vectors),   crypto_test(test_gcm_open_vectors),
        crypto_test(test_gcm_flips),          crypto_test(test_gcm_truncations),
        crypto_test(test_key_lengths_of_aes), crypto_test(test_random_octets),
        crypto_test(test_gcm_keys_in_turn),
        crypto_test(test_block_keys_in_turn),
    };
    return run_over_bindings(tests);
}
