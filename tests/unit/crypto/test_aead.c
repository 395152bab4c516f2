/* test_aead.c: GCM and CCM against published vectors, in one piece and in many; forgeries, and calls out of turn. */
#include "crypto/aead.h"

#include "crypto_testing.h"

enum { TEXT_MAX = 600, AAD_MAX = 80 };

struct aead_case {
    enum cipher_suite suite;
    const char *key;
    const char *nonce;
    const char *aad;
    const char *plaintext;
    const char *ciphertext;
    const char *tag;
};

#define GCM_KEY_128 "feffe9928665731c6d6a8f9467308308"
#define GCM_NONCE   "cafebabefacedbaddecaf888"
#define GCM_AAD     "feedfacedeadbeeffeedfacedeadbeefabaddad2"
#define GCM_PLAIN                                                                                                      \
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"                                                 \
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define RFC8998_PLAIN                                                                                                  \
    "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"                                                 \
    "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa"
#define IEEE1609_PLAIN                                                                                                 \
    "0653b5714d1357f4995bddacbe10873951a1eba663718d1af35d2f0d52c79de49be622c4a6d90647ba2b004c3e8ae422fd27063afa19ad88" \
    "3dccbd97d98b8b0461b5671e75f19701c24042b8d3af79b9ff62bc448ef9440b1ea3f7e5c0f4bfefe3e326e62d5ee4cb4b4cfff30ad5f49a" \
    "7181abf71617245b96e522e1add78a"
#define IEEE1609_CIPHER                                                                                                \
    "5f82b9fce34b94835395dd89d71fb758d2a3907fbf2fd58994a2b9cf8725af26f0b23853c27a06e35ee72cad827713c18fa5dda971d9baa7" \
    "b42a301ff60c6e4ad651c1bb6ed4f25f7d0ff387a11627934cd11f86984ea3ac969dda9a020ad6424b0d393e3fb4b1119adf5cdb012a5975" \
    "3641d47e5e5a8c3a118ed407049b56"
#define BYTES_20 "000102030405060708090a0b0c0d0e0f10111213"
#define BYTES_32 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define TEXT_24  "202122232425262728292a2b2c2d2e2f3031323334353637"

/*
 * The GCM specification (McGrew and Viega), test cases 1, 4, 13 and 16; RFC 8998 A.1 and A.2; IEEE 1609.2 D.6.1.1;
 * the two with BYTES_20 as python3-cryptography computes them.
 */
static const struct aead_case cases[] = {
    {CIPHER_SUITE_AES128_GCM, "00000000000000000000000000000000", "000000000000000000000000", "", "", "",
     "58e2fccefa7e3061367f1d57a4e7455a"},
    {CIPHER_SUITE_AES128_GCM, GCM_KEY_128, GCM_NONCE, GCM_AAD, GCM_PLAIN,
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
     "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
     "5bc94fbc3221a5db94fae95ae7121a47"},
    {CIPHER_SUITE_AES256_GCM, "0000000000000000000000000000000000000000000000000000000000000000",
     "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {CIPHER_SUITE_AES256_GCM, GCM_KEY_128 GCM_KEY_128, GCM_NONCE, GCM_AAD, GCM_PLAIN,
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
    {CIPHER_SUITE_SM4_GCM, "0123456789abcdeffedcba9876543210", "00001234567800000000abcd", GCM_AAD, RFC8998_PLAIN,
     "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
     "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d",
     "83de3541e4c2b58177e065a9bf7b62ec"},
    {CIPHER_SUITE_SM4_CCM, "0123456789abcdeffedcba9876543210", "00001234567800000000abcd", GCM_AAD, RFC8998_PLAIN,
     "48af93501fa62adbcd414cce6034d895dda1bf8f132f042098661572e7483094"
     "fd12e518ce062c98acee28d95df4416bed31a2f04476c18bb40c84a74b97dc5b",
     "16842d4fa186f56ab33256971fa110f4"},
    {CIPHER_SUITE_AES128_CCM, "e58d5c8f8c9ed9785679e08abc7c8116", "a9f593c09eaeea8bf0c1cf6a", "", IEEE1609_PLAIN,
     IEEE1609_CIPHER, "0725ea1ef5d9e626032dd83ba81a3caf"},
    {CIPHER_SUITE_AES128_CCM, "000102030405060708090a0b0c0d0e0f", "101112131415161718191a1b", BYTES_20, TEXT_24,
     "03949b8366d10b95228555eb5849f5a94b86e08401723c1c", "b7661cc121fcacfdb7bb4b5440547f63"},
    {CIPHER_SUITE_AES256_CCM, BYTES_32, "101112131415161718191a1b", BYTES_20, TEXT_24,
     "5191d320426e464744dab74510729e1e06c5951ed131033e", "7319afc91fafa6c4ccd5e77164f12321"},
};

enum { CASE_COUNT = sizeof cases / sizeof cases[0] };

/* A message in octets: of a case, or random. */
struct message {
    enum cipher_suite suite;
    uint8_t key_octets[32];
    uint8_t nonce[AEAD_NONCE_SIZE];
    uint8_t aad_octets[AAD_MAX];
    uint8_t plain_octets[TEXT_MAX];
    uint8_t cipher_octets[TEXT_MAX];
    uint8_t tag[AEAD_TAG_SIZE];
    struct octets key;
    struct octets aad;
    struct octets plaintext;
    struct octets ciphertext;
};

static struct aead_lengths lengths_of(const struct message *message)
{
    return (struct aead_lengths){.aad = message->aad.length, .text = message->plaintext.length};
}

static void read_case(const struct aead_case *test, struct message *message)
{
    message->suite = test->suite;
    message->key = decode(test->key, message->key_octets, sizeof message->key_octets);
    message->aad = decode(test->aad, message->aad_octets, sizeof message->aad_octets);
    message->plaintext = decode(test->plaintext, message->plain_octets, sizeof message->plain_octets);
    message->ciphertext = decode(test->ciphertext, message->cipher_octets, sizeof message->cipher_octets);
    from_hex(test->nonce, message->nonce, sizeof message->nonce);
    from_hex(test->tag, message->tag, sizeof message->tag);
}

/* A random message of a suite, sealed at once. */
static void make_message(struct crypto *crypto, enum cipher_suite suite, struct message *message)
{
    message->suite = suite;
    random_fill(message->key_octets, sizeof message->key_octets);
    random_fill(message->nonce, sizeof message->nonce);
    random_fill(message->aad_octets, sizeof message->aad_octets);
    random_fill(message->plain_octets, sizeof message->plain_octets);
    message->key = octets_of(message->key_octets, cipher_suite_properties(suite)->key_size);
    message->aad = octets_of(message->aad_octets, random_below(4) == 0 ? 0 : random_below(AAD_MAX + 1));
    message->plaintext =
        octets_of(message->plain_octets, random_below(2) == 0 ? random_below(40) : random_below(TEXT_MAX + 1));
    message->ciphertext = octets_of(message->cipher_octets, message->plaintext.length);
    assert_ok(aead_seal(crypto, suite, message->key, message->nonce, message->aad, message->plaintext,
                        message->cipher_octets, message->tag));
}

static void test_seal_vectors(void **state)
{
    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct message message;
        uint8_t tag[AEAD_TAG_SIZE];
        read_case(&cases[i], &message);
        assert_ok(aead_seal(*state, message.suite, message.key, message.nonce, message.aad, message.plaintext,
                            message.plain_octets, tag)); /* in place */
        assert_octets(message.plaintext, cases[i].ciphertext);
        assert_octets(octets_of(tag, sizeof tag), cases[i].tag);
    }
}

static void test_open_vectors(void **state)
{
    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct message message;
        read_case(&cases[i], &message);
        assert_ok(aead_open(*state, message.suite, message.key, message.nonce, message.aad, message.ciphertext,
                            message.tag, message.cipher_octets)); /* in place */
        assert_octets(message.ciphertext, cases[i].plaintext);
    }
}

/* From 65,280 octets on, CCM says the length of the additional data in another way (python3-cryptography). */
static void test_long_aad(void **state)
{
    static const struct {
        size_t length;
        const char *tag;
    } lengths[] = {
        {65279, "01329b52feb795022c7d052d1bc39c18"},
        {65280, "26d2e6d972620e2f682f62e69b7d6248"},
        {65536, "d95ebfafb6e11293888c873af3cd4d36"},
    };
    static uint8_t aad[65536];
    uint8_t nonce[AEAD_NONCE_SIZE], key[16], text[24], ciphertext[24], tag[AEAD_TAG_SIZE];
    for (size_t i = 0; i < sizeof aad; i++) {
        aad[i] = (uint8_t)i;
    }
    from_hex("101112131415161718191a1b", nonce, sizeof nonce);
    from_hex("000102030405060708090a0b0c0d0e0f", key, sizeof key);
    from_hex(TEXT_24, text, sizeof text);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(aead_seal(*state, CIPHER_SUITE_AES128_CCM, octets_of(key, 16), nonce,
                            octets_of(aad, lengths[i].length), octets_of(text, sizeof text), ciphertext, tag));
        assert_octets(octets_of(ciphertext, sizeof ciphertext), "03949b8366d10b95228555eb5849f5a94b86e08401723c1c");
        assert_octets(octets_of(tag, sizeof tag), lengths[i].tag);
    }
}

static void put_aad_in_pieces(struct crypto *crypto, struct aead_stream *stream, struct octets aad)
{
    while (aad.length > 0) {
        assert_ok(aead_stream_put_aad(stream, crypto, random_piece(&aad)));
    }
}

static void seal_in_pieces(struct crypto *crypto, const struct message *message, struct aead_lengths lengths)
{
    struct aead_stream stream;
    uint8_t out[TEXT_MAX], tag[AEAD_TAG_SIZE];
    assert_ok(aead_stream_begin_seal(&stream, crypto, message->suite, message->key, message->nonce, lengths));
    put_aad_in_pieces(crypto, &stream, message->aad);
    for (struct octets left = message->plaintext; left.length > 0;) {
        uint8_t *here = out + (message->plaintext.length - left.length);
        assert_ok(aead_stream_seal(&stream, crypto, random_piece(&left), here));
    }
    assert_ok(aead_stream_end_seal(&stream, crypto, tag));
    assert_memory_equal(out, message->ciphertext.data, message->ciphertext.length);
    assert_memory_equal(tag, message->tag, sizeof tag);
}

static enum gbau_status open_in_pieces(struct crypto *crypto, const struct message *message,
                                       struct aead_lengths lengths, uint8_t *out)
{
    struct aead_stream stream;
    assert_ok(aead_stream_begin_open(&stream, crypto, message->suite, message->key, message->nonce, lengths));
    put_aad_in_pieces(crypto, &stream, message->aad);
    for (struct octets left = message->ciphertext; left.length > 0;) {
        uint8_t *here = out + (message->ciphertext.length - left.length);
        assert_ok(aead_stream_open_unverified(&stream, crypto, random_piece(&left), here));
    }
    return aead_stream_end_open(&stream, crypto, message->tag);
}

static void assert_opens_in_pieces(struct crypto *crypto, const struct message *message, struct aead_lengths lengths)
{
    uint8_t out[TEXT_MAX];
    assert_ok(open_in_pieces(crypto, message, lengths, out));
    assert_memory_equal(out, message->plaintext.data, message->plaintext.length);
}

static bool is_gcm(enum cipher_suite suite)
{
    return cipher_suite_properties(suite)->mode == CIPHER_MODE_GCM;
}

static void test_vectors_in_pieces(void **state)
{
    for (size_t i = 0; i < rounds(20 * CASE_COUNT); i++) {
        struct message message;
        read_case(&cases[i % CASE_COUNT], &message);
        seal_in_pieces(*state, &message, lengths_of(&message));
        assert_opens_in_pieces(*state, &message, lengths_of(&message));
    }
}

/* However a message is cut, the outcome is that of one piece, also when GCM does not know the lengths before. */
static void test_pieces_equal_one_shot(void **state)
{
    const struct aead_lengths unknown = {AEAD_LENGTH_UNKNOWN, AEAD_LENGTH_UNKNOWN};
    for (size_t i = 0; i < rounds(600); i++) {
        struct message message;
        make_message(*state, (enum cipher_suite)(i % (CIPHER_SUITE_SM4_CCM + 1)), &message);
        const struct aead_lengths lengths =
            is_gcm(message.suite) && random_below(2) == 0 ? unknown : lengths_of(&message);
        seal_in_pieces(*state, &message, lengths);
        assert_opens_in_pieces(*state, &message, lengths);
    }
}

static void assert_refused(struct crypto *crypto, const struct message *message)
{
    static const uint8_t zeros[TEXT_MAX];
    uint8_t plaintext[TEXT_MAX];
    memset(plaintext, 0xa5, sizeof plaintext);
    assert_status(aead_open(crypto, message->suite, message->key, message->nonce, message->aad, message->ciphertext,
                            message->tag, plaintext),
                  GBAU_E_AUTHENTICATION);
    assert_memory_equal(plaintext, zeros, message->ciphertext.length);
    assert_status(open_in_pieces(crypto, message, lengths_of(message), plaintext), GBAU_E_AUTHENTICATION);
}

static void assert_flips_refused(struct crypto *crypto, const struct message *message, uint8_t *field, size_t length)
{
    const size_t step = testing_portable ? 37 : 1; /* over the bits, so that the test stays short */
    for (size_t bit = 0; bit < 8 * length; bit += step) {
        field[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_refused(crypto, message);
        field[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

/* Every single bit counts (over the slow binding, every 37th is tried); at once, nothing of the plaintext is let out.
 */
static void test_flips(void **state)
{
    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct message message;
        uint8_t plaintext[TEXT_MAX];
        read_case(&cases[i], &message);
        assert_flips_refused(*state, &message, message.key_octets, message.key.length);
        assert_flips_refused(*state, &message, message.nonce, sizeof message.nonce);
        assert_flips_refused(*state, &message, message.aad_octets, message.aad.length);
        assert_flips_refused(*state, &message, message.cipher_octets, message.ciphertext.length);
        assert_flips_refused(*state, &message, message.tag, sizeof message.tag);
        assert_ok(aead_open(*state, message.suite, message.key, message.nonce, message.aad, message.ciphertext,
                            message.tag, plaintext));
    }
}

/* Octets between additional data and text, moved across, make another message. */
static void test_boundary(void **state)
{
    for (enum cipher_suite suite = 0; suite <= CIPHER_SUITE_SM4_CCM; suite++) {
        struct message message;
        make_message(*state, suite, &message);
        message.plaintext = message.ciphertext = octets_of(message.cipher_octets, 32);
        message.aad = octets_of(message.aad_octets, 16);
        assert_ok(aead_seal(*state, suite, message.key, message.nonce, message.aad, message.plaintext,
                            message.cipher_octets, message.tag));
        memcpy(message.aad_octets + 16, message.cipher_octets, 16);
        message.aad.length = 32;
        message.plaintext = message.ciphertext = octets_of(message.cipher_octets + 16, 16);
        assert_refused(*state, &message);
    }
}

static void test_wrong_arguments(void **state)
{
    static const uint8_t key[33] = {0};
    const uint8_t nonce[AEAD_NONCE_SIZE] = {0};
    const struct octets none = {0};
    uint8_t tag[AEAD_TAG_SIZE] = {0};
    for (int suite = -1; suite <= CIPHER_SUITE_COUNT; suite++) {
        const struct cipher_suite_properties *properties = cipher_suite_properties((enum cipher_suite)suite);
        for (size_t length = 0; length <= sizeof key; length++) {
            struct aead_stream stream;
            uint8_t text[1];
            const bool right = properties != NULL && properties->tag_size > 0 && properties->key_size == length;
            const struct octets octets = octets_of(key, length);
            const enum gbau_status expected = right ? GBAU_OK : GBAU_E_ARGUMENT;
            assert_status(aead_seal(*state, (enum cipher_suite)suite, octets, nonce, none, none, text, tag), expected);
            assert_status(aead_open(*state, (enum cipher_suite)suite, octets, nonce, none, none, tag, text), expected);
            assert_status(aead_stream_begin_seal(&stream, *state, (enum cipher_suite)suite, octets, nonce,
                                                 (struct aead_lengths){0}),
                          expected);
        }
    }
}

static void test_lengths_that_no_mode_bears(void **state)
{
    static const uint8_t key[16] = {0};
    const uint8_t nonce[AEAD_NONCE_SIZE] = {0};
    const struct {
        enum cipher_suite suite;
        struct aead_lengths lengths;
        enum gbau_status expected;
    } limits[] = {
        {CIPHER_SUITE_SM4_CCM, {0, (1U << 24) - 1}, GBAU_OK},
        {CIPHER_SUITE_SM4_CCM, {0, 1U << 24}, GBAU_E_ARGUMENT},
        {CIPHER_SUITE_SM4_CCM, {AEAD_LENGTH_UNKNOWN, 0}, GBAU_E_ARGUMENT},
        {CIPHER_SUITE_SM4_CCM, {0, AEAD_LENGTH_UNKNOWN}, GBAU_E_ARGUMENT},
        {CIPHER_SUITE_SM4_CCM, {0xffffffff, 0}, GBAU_OK},
        {CIPHER_SUITE_SM4_CCM, {0x100000000, 0}, GBAU_E_ARGUMENT},
        {CIPHER_SUITE_SM4_GCM, {0, (1ULL << 36) - 32}, GBAU_OK},
        {CIPHER_SUITE_SM4_GCM, {0, (1ULL << 36) - 31}, GBAU_E_ARGUMENT},
        {CIPHER_SUITE_SM4_GCM, {AEAD_LENGTH_UNKNOWN - 1, 0}, GBAU_E_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct aead_stream stream;
        assert_status(aead_stream_begin_open(&stream, *state, limits[i].suite, octets_of(key, sizeof key), nonce,
                                             limits[i].lengths),
                      limits[i].expected);
    }
}

/* A stream for two octets of additional data and four of text. */
static void begin_small(struct crypto *crypto, struct aead_stream *stream, enum cipher_suite suite)
{
    static const uint8_t key[16] = {0};
    const uint8_t nonce[AEAD_NONCE_SIZE] = {0};
    assert_ok(aead_stream_begin_seal(stream, crypto, suite, octets_of(key, sizeof key), nonce,
                                     (struct aead_lengths){.aad = 2, .text = 4}));
}

static void assert_dead(struct crypto *crypto, struct aead_stream *stream)
{
    static const struct aead_stream wiped;
    uint8_t out[16] = {0};
    assert_memory_equal(stream, &wiped, sizeof wiped);
    assert_status(aead_stream_put_aad(stream, crypto, octets_of(out, 1)), GBAU_E_ARGUMENT);
    assert_status(aead_stream_seal(stream, crypto, octets_of(out, 1), out), GBAU_E_ARGUMENT);
    assert_status(aead_stream_open_unverified(stream, crypto, octets_of(out, 1), out), GBAU_E_ARGUMENT);
    assert_status(aead_stream_end_seal(stream, crypto, out), GBAU_E_ARGUMENT);
    assert_status(aead_stream_end_open(stream, crypto, out), GBAU_E_ARGUMENT);
}

static void test_calls_out_of_turn(void **state)
{
    const uint8_t in[8] = {0};
    uint8_t out[16];
    for (enum cipher_suite suite = CIPHER_SUITE_AES128_GCM; suite <= CIPHER_SUITE_AES128_CCM; suite += 3) {
        struct aead_stream stream;
        begin_small(*state, &stream, suite); /* too much additional data */
        assert_status(aead_stream_put_aad(&stream, *state, octets_of(in, 3)), GBAU_E_ARGUMENT);
        assert_dead(*state, &stream);
        begin_small(*state, &stream, suite); /* too little of it */
        assert_ok(aead_stream_put_aad(&stream, *state, octets_of(in, 1)));
        assert_status(aead_stream_seal(&stream, *state, octets_of(in, 4), out), GBAU_E_ARGUMENT);
        assert_dead(*state, &stream);
        begin_small(*state, &stream, suite); /* additional data after text; too little text */
        assert_ok(aead_stream_put_aad(&stream, *state, octets_of(in, 2)));
        assert_ok(aead_stream_seal(&stream, *state, octets_of(in, 1), out));
        struct aead_stream copy = stream;
        assert_status(aead_stream_put_aad(&copy, *state, octets_of(in, 0)), GBAU_E_ARGUMENT);
        assert_dead(*state, &copy);
        copy = stream;
        assert_status(aead_stream_seal(&copy, *state, octets_of(in, 4), out), GBAU_E_ARGUMENT);
        assert_dead(*state, &copy);
        copy = stream;
        assert_status(aead_stream_open_unverified(&copy, *state, octets_of(in, 1), out), GBAU_E_ARGUMENT);
        assert_dead(*state, &copy);
        copy = stream;
        assert_status(aead_stream_end_open(&copy, *state, out), GBAU_E_ARGUMENT);
        assert_dead(*state, &copy);
        assert_status(aead_stream_end_seal(&stream, *state, out), GBAU_E_ARGUMENT);
        assert_dead(*state, &stream);
    }
}

static void test_clear(void **state)
{
    struct aead_stream stream;
    begin_small(*state, &stream, CIPHER_SUITE_SM4_GCM);
    aead_stream_clear(&stream);
    assert_dead(*state, &stream);
}

/* Lets each call to the binding fail in turn: told, and at once nothing of a plaintext is let out. */
static void test_every_failure(void **state)
{
    static const uint8_t zeros[TEXT_MAX];
    for (enum cipher_suite suite = CIPHER_SUITE_SM4_GCM; suite <= CIPHER_SUITE_SM4_CCM; suite++) {
        struct message message;
        make_message(*state, suite, &message);
        for (int n = 0;; n++) {
            struct failing_crypto failing;
            uint8_t text[TEXT_MAX] = {0};
            struct crypto *crypto = failing_crypto_make(&failing, *state, n);
            enum gbau_status status = aead_open(crypto, suite, message.key, message.nonce, message.aad,
                                                message.ciphertext, message.tag, text);
            if (failing.calls_left >= 0) {
                assert_ok(status);
                assert_true(n > 3);
                break;
            }
            assert_status(status, GBAU_E_CRYPTO);
            assert_memory_equal(text, zeros, sizeof text);
            crypto = failing_crypto_make(&failing, *state, n);
            status =
                aead_seal(crypto, suite, message.key, message.nonce, message.aad, message.plaintext, text, message.tag);
            assert_status(status, GBAU_E_CRYPTO);
        }
    }
}

/* A card keeps one in each session. */
static void test_size(void **state)
{
    (void)state;
    assert_true(sizeof(struct aead_stream) <= 250);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        crypto_test(test_seal_vectors),
        crypto_test(test_open_vectors),
        crypto_test(test_long_aad),
        crypto_test(test_vectors_in_pieces),
        crypto_test(test_pieces_equal_one_shot),
        crypto_test(test_flips),
        crypto_test(test_boundary),
        crypto_test(test_wrong_arguments),
        crypto_test(test_lengths_that_no_mode_bears),
        crypto_test(test_calls_out_of_turn),
        crypto_test(test_clear),
        crypto_test(test_every_failure),
        crypto_test(test_size),
    };
    return run_over_bindings(tests);
}
