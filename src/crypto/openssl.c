/*
 * openssl.c: the table of primitives bound to OpenSSL 3 libcrypto; the only file of the project's rooms that knows it.
 */
#include "crypto/openssl.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base/secret.h"
#include "crypto/sha1.h"
#include "crypto/sm3.h"

/* A context of a cipher, and the key whose schedule is in it: setting it again would cost more than a short message. */
struct keyed_context {
    EVP_CIPHER_CTX *context;
    bool is_keyed;
    uint8_t key[BLOCK_KEY_MAX_SIZE];
};

struct openssl_state {
    EVP_CIPHER *ecb_ciphers[BLOCK_CIPHER_COUNT];
    EVP_CIPHER *aes128_gcm;
    EVP_CIPHER *aes256_gcm;
    EVP_MD *digests[DIGEST_ALGORITHM_COUNT];
    struct keyed_context ecb[BLOCK_CIPHER_COUNT][BLOCK_DIRECTION_COUNT];
    struct keyed_context gcm[2]; /* AES-128, AES-256 */
    EVP_MD_CTX *digest;
    EVP_MAC_CTX *hmac;
};

static const char *const digest_names[DIGEST_ALGORITHM_COUNT] = {
    [DIGEST_MD5] = "MD5",
    [DIGEST_SHA1] = "SHA1",
    [DIGEST_SHA256] = "SHA256",
    [DIGEST_SM3] = "SM3",
};

static const char *const ecb_names[BLOCK_CIPHER_COUNT] = {
    [BLOCK_AES128] = "AES-128-ECB",
    [BLOCK_AES256] = "AES-256-ECB",
    [BLOCK_SM4] = "SM4-ECB",
};

static enum gbau_status ok_or_crypto_error(int result)
{
    return result == 1 ? GBAU_OK : GBAU_E_CRYPTO;
}

static size_t index_of_key(struct octets key)
{
    return key.length == 16 ? 0 : 1;
}

static enum gbau_status openssl_block_set_key(void *state, enum block_cipher cipher, enum block_direction direction,
                                              const uint8_t *key)
{
    struct openssl_state *openssl = state;
    struct keyed_context *ecb = &openssl->ecb[cipher][direction];
    const size_t size = block_key_size(cipher);
    if (ecb->is_keyed && secret_equal(ecb->key, key, size)) {
        return GBAU_OK;
    }
    /* with a NULL cipher only the key is set: nothing is fetched or reallocated */
    ecb->is_keyed = EVP_CipherInit_ex2(ecb->context, NULL, key, NULL, -1, NULL) == 1;
    memcpy(ecb->key, key, size);
    return ecb->is_keyed ? GBAU_OK : GBAU_E_CRYPTO;
}

static enum gbau_status openssl_block_run(void *state, enum block_cipher cipher, enum block_direction direction,
                                          const uint8_t *in, uint8_t *out, size_t blocks)
{
    struct openssl_state *openssl = state;
    int written = 0;
    if (blocks > INT_MAX / AES_BLOCK_SIZE) {
        return GBAU_E_ARGUMENT;
    }
    return ok_or_crypto_error(
        EVP_CipherUpdate(openssl->ecb[cipher][direction].context, out, &written, in, (int)(blocks * AES_BLOCK_SIZE)));
}

static enum gbau_status openssl_hmac_sha256(void *state, struct octets key, const struct octets *parts,
                                            size_t part_count, uint8_t mac[SHA256_SIZE])
{
    struct openssl_state *openssl = state;
    if (EVP_MAC_init(openssl->hmac, key.data, key.length, NULL) != 1) {
        return GBAU_E_CRYPTO;
    }
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].length > 0 && EVP_MAC_update(openssl->hmac, parts[i].data, parts[i].length) != 1) {
            return GBAU_E_CRYPTO;
        }
    }
    size_t length = 0;
    return ok_or_crypto_error(EVP_MAC_final(openssl->hmac, mac, &length, SHA256_SIZE));
}

static enum gbau_status openssl_digest(void *state, enum digest_algorithm algorithm, const struct octets *parts,
                                       size_t part_count, uint8_t *digest)
{
    struct openssl_state *openssl = state;
    if (EVP_DigestInit_ex2(openssl->digest, openssl->digests[algorithm], NULL) != 1) {
        return GBAU_E_CRYPTO;
    }
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].length > 0 && EVP_DigestUpdate(openssl->digest, parts[i].data, parts[i].length) != 1) {
            return GBAU_E_CRYPTO;
        }
    }
    return ok_or_crypto_error(EVP_DigestFinal_ex(openssl->digest, digest, NULL));
}

/*
 * EVP keeps its chaining values to itself, so SHA-256 is driven through the older interface, deprecated as it is:
 * libcrypto's code uses the processor's instructions for SHA, several times as fast as any in C.
 */
static enum gbau_status sha256_blocks(uint32_t chaining[DIGEST_CHAINING_WORDS], const uint8_t *blocks, size_t count)
{
    SHA256_CTX context = {.md_len = SHA256_SIZE};
    memcpy(context.h, chaining, sizeof context.h);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    const int result = SHA256_Update(&context, blocks, count * DIGEST_BLOCK_SIZE);
#pragma GCC diagnostic pop
    memcpy(chaining, context.h, sizeof context.h);
    secret_wipe(&context, sizeof context);
    return ok_or_crypto_error(result);
}

static enum gbau_status openssl_digest_blocks(void *state, enum digest_algorithm algorithm,
                                              uint32_t chaining[DIGEST_CHAINING_WORDS], const uint8_t *blocks,
                                              size_t count)
{
    (void)state;
    if (algorithm == DIGEST_SHA256) {
        return sha256_blocks(chaining, blocks, count);
    }
    /* these are rare, and libcrypto has no way to SM3's chaining value at all */
    (algorithm == DIGEST_SM3 ? sm3_blocks : sha1_blocks)(chaining, blocks, count);
    return GBAU_OK;
}

/* Sets nonce, and key unless it is the one that is set: its schedule costs as much as some hundred octets of text. */
static bool gcm_begin(struct keyed_context *gcm, struct octets key, const uint8_t nonce[AES_GCM_NONCE_SIZE],
                      int encrypts)
{
    const bool is_set = gcm->is_keyed && secret_equal(gcm->key, key.data, key.length);
    gcm->is_keyed = EVP_CipherInit_ex2(gcm->context, NULL, is_set ? NULL : key.data, nonce, encrypts, NULL) == 1;
    if (!is_set) {
        memcpy(gcm->key, key.data, key.length);
    }
    return gcm->is_keyed;
}

static enum gbau_status openssl_aes_gcm_seal(void *state, struct octets key, const uint8_t nonce[AES_GCM_NONCE_SIZE],
                                             struct octets aad, struct octets plaintext, uint8_t *ciphertext,
                                             uint8_t tag[AES_GCM_TAG_SIZE])
{
    struct openssl_state *openssl = state;
    struct keyed_context *keyed = &openssl->gcm[index_of_key(key)];
    EVP_CIPHER_CTX *gcm = keyed->context;
    int written = 0;
    if (aad.length > INT_MAX || plaintext.length > INT_MAX) {
        return GBAU_E_ARGUMENT;
    }
    if (!gcm_begin(keyed, key, nonce, 1)) {
        return GBAU_E_CRYPTO;
    }
    if (aad.length > 0 && EVP_EncryptUpdate(gcm, NULL, &written, aad.data, (int)aad.length) != 1) {
        return GBAU_E_CRYPTO;
    }
    if (plaintext.length > 0 &&
        EVP_EncryptUpdate(gcm, ciphertext, &written, plaintext.data, (int)plaintext.length) != 1) {
        return GBAU_E_CRYPTO;
    }
    uint8_t nothing[AES_BLOCK_SIZE];
    if (EVP_EncryptFinal_ex(gcm, nothing, &written) != 1) {
        return GBAU_E_CRYPTO;
    }
    return ok_or_crypto_error(EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, AES_GCM_TAG_SIZE, tag));
}

static enum gbau_status openssl_aes_gcm_open(void *state, struct octets key, const uint8_t nonce[AES_GCM_NONCE_SIZE],
                                             struct octets aad, struct octets ciphertext,
                                             const uint8_t tag[AES_GCM_TAG_SIZE], uint8_t *plaintext)
{
    struct openssl_state *openssl = state;
    struct keyed_context *keyed = &openssl->gcm[index_of_key(key)];
    EVP_CIPHER_CTX *gcm = keyed->context;
    uint8_t expected[AES_GCM_TAG_SIZE];
    int written = 0;
    if (aad.length > INT_MAX || ciphertext.length > INT_MAX) {
        return GBAU_E_ARGUMENT;
    }
    for (size_t i = 0; i < sizeof expected; i++) {
        expected[i] = tag[i]; /* libcrypto takes a pointer that is not const */
    }
    if (!gcm_begin(keyed, key, nonce, 0) ||
        EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_TAG, AES_GCM_TAG_SIZE, expected) != 1) {
        return GBAU_E_CRYPTO;
    }
    if (aad.length > 0 && EVP_DecryptUpdate(gcm, NULL, &written, aad.data, (int)aad.length) != 1) {
        return GBAU_E_CRYPTO;
    }
    if (ciphertext.length > 0 &&
        EVP_DecryptUpdate(gcm, plaintext, &written, ciphertext.data, (int)ciphertext.length) != 1) {
        return GBAU_E_CRYPTO;
    }
    uint8_t nothing[AES_BLOCK_SIZE];
    return EVP_DecryptFinal_ex(gcm, nothing, &written) == 1 ? GBAU_OK : GBAU_E_AUTHENTICATION;
}

static enum gbau_status openssl_random(void *state, uint8_t *out, size_t length)
{
    (void)state;
    if (length > INT_MAX) {
        return GBAU_E_ARGUMENT;
    }
    return ok_or_crypto_error(RAND_priv_bytes(out, (int)length));
}

static const struct crypto_table openssl_table = {
    .block_set_key = openssl_block_set_key,
    .block_run = openssl_block_run,
    .hmac_sha256 = openssl_hmac_sha256,
    .digest = openssl_digest,
    .digest_blocks = openssl_digest_blocks,
    .aes_gcm_seal = openssl_aes_gcm_seal,
    .aes_gcm_open = openssl_aes_gcm_open,
    .random = openssl_random,
};

/*
 * A context with its cipher chosen, so that later calls only set key and nonce. Padding stays on where it does no harm:
 * encrypting, it concerns the end of a message, which ECB never reaches here, and switching it off costs a search for
 * the parameter with every key. Decrypting, it would hold the last block back.
 */
static EVP_CIPHER_CTX *new_cipher_context(const EVP_CIPHER *cipher, enum block_direction direction)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    const bool encrypts = direction == BLOCK_ENCRYPT;
    if (context != NULL &&
        (cipher == NULL || EVP_CipherInit_ex2(context, cipher, NULL, NULL, encrypts ? 1 : 0, NULL) != 1 ||
         (!encrypts && EVP_CIPHER_CTX_set_padding(context, 0) != 1))) {
        EVP_CIPHER_CTX_free(context);
        return NULL;
    }
    return context;
}

/* HMAC-SHA-256 with its digest chosen, so that later calls only set the key. */
static EVP_MAC_CTX *new_hmac_context(void)
{
    char digest_name[] = "SHA256"; /* libcrypto takes a pointer that is not const */
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
                                     OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac); /* the context keeps its own reference */
    if (context == NULL || EVP_MAC_CTX_set_params(context, parameters) != 1) {
        EVP_MAC_CTX_free(context);
        return NULL;
    }
    return context;
}

static bool fetch_digests(struct openssl_state *openssl)
{
    bool complete = true;
    for (size_t i = 0; i < DIGEST_ALGORITHM_COUNT; i++) {
        openssl->digests[i] = EVP_MD_fetch(NULL, digest_names[i], NULL);
        complete = complete && openssl->digests[i] != NULL;
    }
    openssl->digest = EVP_MD_CTX_new();
    return complete && openssl->digest != NULL;
}

static bool fetch_block_ciphers(struct openssl_state *openssl)
{
    bool complete = true;
    for (size_t i = 0; i < BLOCK_CIPHER_COUNT; i++) {
        openssl->ecb_ciphers[i] = EVP_CIPHER_fetch(NULL, ecb_names[i], NULL);
        openssl->ecb[i][BLOCK_ENCRYPT].context = new_cipher_context(openssl->ecb_ciphers[i], BLOCK_ENCRYPT);
        openssl->ecb[i][BLOCK_DECRYPT].context = new_cipher_context(openssl->ecb_ciphers[i], BLOCK_DECRYPT);
        complete = complete && openssl->ecb[i][BLOCK_ENCRYPT].context != NULL &&
                   openssl->ecb[i][BLOCK_DECRYPT].context != NULL;
    }
    return complete;
}

static bool fetch_gcm(struct openssl_state *openssl)
{
    openssl->aes128_gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    openssl->aes256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    openssl->gcm[0].context = new_cipher_context(openssl->aes128_gcm, BLOCK_ENCRYPT);
    openssl->gcm[1].context = new_cipher_context(openssl->aes256_gcm, BLOCK_ENCRYPT);
    return openssl->gcm[0].context != NULL && openssl->gcm[1].context != NULL;
}

enum gbau_status crypto_openssl_open(struct crypto *crypto)
{
    *crypto = (struct crypto){0};
    struct openssl_state *openssl = calloc(1, sizeof *openssl);
    if (openssl == NULL) {
        return GBAU_E_MEMORY;
    }
    crypto->table = &openssl_table;
    crypto->state = openssl;
    openssl->hmac = new_hmac_context();
    if (openssl->hmac == NULL || !fetch_digests(openssl) || !fetch_block_ciphers(openssl) || !fetch_gcm(openssl)) {
        crypto_openssl_close(crypto);
        return GBAU_E_CRYPTO;
    }
    return GBAU_OK;
}

void crypto_openssl_close(struct crypto *crypto)
{
    struct openssl_state *openssl = crypto->state;
    if (openssl == NULL) {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        EVP_CIPHER_CTX_free(openssl->gcm[i].context);
    }
    for (size_t i = 0; i < BLOCK_CIPHER_COUNT; i++) {
        EVP_CIPHER_CTX_free(openssl->ecb[i][BLOCK_ENCRYPT].context);
        EVP_CIPHER_CTX_free(openssl->ecb[i][BLOCK_DECRYPT].context);
        EVP_CIPHER_free(openssl->ecb_ciphers[i]);
    }
    EVP_MAC_CTX_free(openssl->hmac);
    EVP_MD_CTX_free(openssl->digest);
    for (size_t i = 0; i < DIGEST_ALGORITHM_COUNT; i++) {
        EVP_MD_free(openssl->digests[i]);
    }
    EVP_CIPHER_free(openssl->aes128_gcm);
    EVP_CIPHER_free(openssl->aes256_gcm);
    secret_wipe(openssl, sizeof *openssl);
    free(openssl);
    *crypto = (struct crypto){0};
}
