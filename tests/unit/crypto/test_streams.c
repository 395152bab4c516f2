/*
 * test_streams.c: many streams fed in turn through one crypto, and the suites against libcrypto's own CCM, CTR, CBC,
 * CMAC and HMAC as a second implementation.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "crypto/aead.h"
#include "crypto/block_mode.h"
#include "crypto/mac.h"
#include "crypto_testing.h"

enum { TEXT_MAX = 400, STREAMS = 24 };

/* One of the streams: an AEAD, a block mode or a MAC by its number. */
struct job {
    unsigned kind;
    union {
        struct aead_stream aead;
        struct block_mode_stream mode;
        struct mac_stream mac;
    };
    uint8_t key_octets[32], nonce[16], text_octets[TEXT_MAX];
    uint8_t expected[TEXT_MAX + 16], expected_tag[32];
    uint8_t out_octets[TEXT_MAX + 16], tag[32];
    struct octets key, left;
    struct octet_writer out;
};

enum { AEAD_KINDS = 6, MODE_KINDS = 6, KINDS = AEAD_KINDS + MODE_KINDS + MAC_ALGORITHM_COUNT };

static enum mac_algorithm mac_of(const struct job *job)
{
    return (enum mac_algorithm)(job->kind - AEAD_KINDS - MODE_KINDS);
}

static void begin_job(struct crypto *crypto, struct job *job, unsigned kind)
{
    const enum cipher_suite suite = (enum cipher_suite)kind;
    *job = (struct job){.kind = kind};
    random_fill(job->key_octets, sizeof job->key_octets);
    random_fill(job->nonce, sizeof job->nonce);
    random_fill(job->text_octets, sizeof job->text_octets);
    const struct octets text = octets_of(job->text_octets, random_below(TEXT_MAX + 1));
    const struct octets aad = octets_of(job->nonce, 5);
    job->left = text;
    job->out = octet_writer_of(job->out_octets, sizeof job->out_octets);
    if (kind < AEAD_KINDS) {
        job->key = octets_of(job->key_octets, cipher_suite_properties(suite)->key_size);
        assert_ok(aead_seal(crypto, suite, job->key, job->nonce, aad, text, job->expected, job->expected_tag));
        assert_ok(aead_stream_begin_seal(&job->aead, crypto, suite, job->key, job->nonce,
                                         (struct aead_lengths){.aad = aad.length, .text = text.length}));
        assert_ok(aead_stream_put_aad(&job->aead, crypto, aad));
    } else if (kind < AEAD_KINDS + MODE_KINDS) {
        job->key = octets_of(job->key_octets, cipher_suite_properties(suite)->key_size);
        assert_ok(block_mode_encrypt(crypto, suite, job->key, job->nonce, text, job->expected));
        assert_ok(block_mode_stream_begin(&job->mode, crypto, suite, BLOCK_ENCRYPT, job->key, job->nonce));
    } else {
        job->key = octets_of(job->key_octets, mac_of(job) == MAC_AES256_CMAC ? 32 : 16);
        assert_ok(mac_compute(crypto, mac_of(job), job->key, &text, 1, job->expected_tag));
        assert_ok(mac_stream_begin(&job->mac, crypto, mac_of(job), job->key));
    }
}

static void feed_job(struct crypto *crypto, struct job *job)
{
    const struct octets piece = random_piece(&job->left);
    if (job->kind < AEAD_KINDS) {
        uint8_t *room = octet_writer_reserve(&job->out, piece.length);
        assert_ok(aead_stream_seal(&job->aead, crypto, piece, room));
    } else if (job->kind < AEAD_KINDS + MODE_KINDS) {
        assert_ok(block_mode_stream_update(&job->mode, crypto, piece, &job->out));
    } else {
        assert_ok(mac_stream_update(&job->mac, crypto, piece));
    }
}

static void end_job(struct crypto *crypto, struct job *job)
{
    if (job->kind < AEAD_KINDS) {
        assert_ok(aead_stream_end_seal(&job->aead, crypto, job->tag));
    } else if (job->kind < AEAD_KINDS + MODE_KINDS) {
        assert_ok(block_mode_stream_end(&job->mode, crypto, &job->out));
    } else {
        assert_ok(mac_stream_end(&job->mac, crypto, job->tag));
    }
    assert_memory_equal(job->out_octets, job->expected, sizeof job->expected);
    assert_memory_equal(job->tag, job->expected_tag, sizeof job->tag);
}

/* Streams of all kinds, of keys of their own, take turns as chance has it; none disturbs another. */
static void test_interleaved(void **state)
{
    struct job jobs[STREAMS];
    unsigned ended = 0;
    for (unsigned i = 0; i < STREAMS; i++) {
        begin_job(*state, &jobs[i], i % KINDS);
    }
    while (ended < rounds(300)) {
        struct job *job = &jobs[random_below(STREAMS)];
        if (job->left.length > 0) {
            feed_job(*state, job);
            continue;
        }
        end_job(*state, job);
        begin_job(*state, job, ended++ % KINDS);
    }
}

/* A random message and what libcrypto makes of it. */
struct second {
    uint8_t key[64], iv[16], aad[64], text[TEXT_MAX], ours[TEXT_MAX + 16], theirs[TEXT_MAX + 16];
    uint8_t our_tag[32], their_tag[32];
    size_t text_length;
};

static void make_second(struct second *second)
{
    *second = (struct second){.text_length = 1 + random_below(TEXT_MAX)};
    random_fill(second->key, sizeof second->key);
    random_fill(second->iv, sizeof second->iv);
    random_fill(second->aad, sizeof second->aad);
    random_fill(second->text, sizeof second->text);
}

/* AES-128-CCM and AES-256-CCM. */
static void their_ccm(struct second *second, const char *name)
{
    int written = 0;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex2(context, cipher, NULL, NULL, NULL), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, 12, NULL), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, NULL), 1);
    assert_int_equal(EVP_EncryptInit_ex2(context, NULL, second->key, second->iv, NULL), 1);
    assert_int_equal(EVP_EncryptUpdate(context, NULL, &written, NULL, (int)second->text_length), 1);
    assert_int_equal(EVP_EncryptUpdate(context, NULL, &written, second->aad, sizeof second->aad), 1);
    assert_int_equal(EVP_EncryptUpdate(context, second->theirs, &written, second->text, (int)second->text_length), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, second->their_tag), 1);
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(cipher);
}

static void test_ccm_of_libcrypto(void **state)
{
    for (unsigned i = 0; i < rounds(200); i++) {
        struct second second;
        const bool long_key = i % 2 == 1;
        make_second(&second);
        their_ccm(&second, long_key ? "AES-256-CCM" : "AES-128-CCM");
        assert_ok(aead_seal(*state, long_key ? CIPHER_SUITE_AES256_CCM : CIPHER_SUITE_AES128_CCM,
                            octets_of(second.key, long_key ? 32 : 16), second.iv,
                            octets_of(second.aad, sizeof second.aad), octets_of(second.text, second.text_length),
                            second.ours, second.our_tag));
        assert_memory_equal(second.ours, second.theirs, sizeof second.ours);
        assert_memory_equal(second.our_tag, second.their_tag, sizeof second.our_tag);
    }
}

/* Runs a suite of CTR or CBC by its own name, as far as libcrypto has it. */
static void their_block_mode(struct second *second, const char *name)
{
    int written = 0;
    int last = 0;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    assert_non_null(cipher);
    assert_int_equal(EVP_EncryptInit_ex2(context, cipher, second->key, second->iv, NULL), 1);
    assert_int_equal(EVP_EncryptUpdate(context, second->theirs, &written, second->text, (int)second->text_length), 1);
    assert_int_equal(EVP_EncryptFinal_ex(context, second->theirs + written, &last), 1);
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(cipher);
}

static void test_block_modes_of_libcrypto(void **state)
{
    for (unsigned i = 0; i < rounds(300); i++) {
        const enum cipher_suite suite = (enum cipher_suite)(CIPHER_SUITE_AES128_CTR + i % MODE_KINDS);
        const struct cipher_suite_properties *properties = cipher_suite_properties(suite);
        struct second second;
        make_second(&second);
        their_block_mode(&second, properties->name);
        assert_ok(block_mode_encrypt(*state, suite, octets_of(second.key, properties->key_size), second.iv,
                                     octets_of(second.text, second.text_length), second.ours));
        assert_memory_equal(second.ours, second.theirs, sizeof second.ours);
    }
}

static void their_mac(struct second *second, const char *name, const char *parameter, const char *algorithm,
                      size_t key_length)
{
    char value[16] = {0};
    size_t length = 0;
    memcpy(value, algorithm, strlen(algorithm));
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(parameter, value, 0), OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, name, NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    assert_int_equal(EVP_MAC_init(context, second->key, key_length, parameters), 1);
    assert_int_equal(EVP_MAC_update(context, second->text, second->text_length), 1);
    assert_int_equal(EVP_MAC_final(context, second->their_tag, &length, sizeof second->their_tag), 1);
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
}

static void test_macs_of_libcrypto(void **state)
{
    static const struct {
        const char *name, *parameter, *algorithm;
        size_t key_length;
    } theirs[MAC_ALGORITHM_COUNT] = {
        [MAC_HMAC_SHA256] = {"HMAC", OSSL_MAC_PARAM_DIGEST, "SHA256", 64},
        [MAC_HMAC_SM3] = {"HMAC", OSSL_MAC_PARAM_DIGEST, "SM3", 64},
        [MAC_AES128_CMAC] = {"CMAC", OSSL_MAC_PARAM_CIPHER, "AES-128-CBC", 16},
        [MAC_AES256_CMAC] = {"CMAC", OSSL_MAC_PARAM_CIPHER, "AES-256-CBC", 32},
        [MAC_SM4_CMAC] = {"CMAC", OSSL_MAC_PARAM_CIPHER, "SM4-CBC", 16},
    };
    for (unsigned i = 0; i < rounds(300); i++) {
        const enum mac_algorithm algorithm = (enum mac_algorithm)(i % MAC_ALGORITHM_COUNT);
        struct second second;
        make_second(&second);
        their_mac(&second, theirs[algorithm].name, theirs[algorithm].parameter, theirs[algorithm].algorithm,
                  theirs[algorithm].key_length);
        const struct octets text = octets_of(second.text, second.text_length);
        assert_ok(mac_compute(*state, algorithm, octets_of(second.key, theirs[algorithm].key_length), &text, 1,
                              second.our_tag));
        assert_memory_equal(second.our_tag, second.their_tag, sizeof second.our_tag);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        crypto_test(test_interleaved),
        crypto_test(test_ccm_of_libcrypto),
        crypto_test(test_block_modes_of_libcrypto),
        crypto_test(test_macs_of_libcrypto),
    };
    return run_over_bindings(tests);
}
