/*
 * openssl.c: the table of primitives bound to OpenSSL 3 libcrypto; the only file of the project's rooms that knows it.
 */
#include "crypto/openssl.h"

#include <limits.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/secret.h"

struct openssl_state {
    EVP_CIPHER *aes128_ecb;
    EVP_CIPHER *aes128_gcm;
    EVP_CIPHER *aes256_gcm;
    EVP_MD *digests[DIGEST_ALGORITHM_COUNT];
    EVP_CIPHER_CTX *ecb;
    EVP_CIPHER_CTX *gcm[2]; /* AES-128, AES-256 */
    EVP_MD_CTX *digest;
    EVP_MAC_CTX *hmac;
    EVP_MAC_CTX *cmac[2]; /* AES-128, AES-256 */
};

static const char *const digest_names[DIGEST_ALGORITHM_COUNT] = {
    [DIGEST_MD5] = "MD5",
    [DIGEST_SHA1] = "SHA1",
    [DIGEST_SHA256] = "SHA256",
};

static enum gbau_status ok_or_crypto_error(int result)
{
    return result == 1 ? GBAU_OK : GBAU_E_CRYPTO;
}

static size_t index_of_key(struct octets key)
{
    return key.length == 16 ? 0 : 1;
}

static enum gbau_status openssl_aes128_set_key(void *state, const uint8_t key[AES128_KEY_SIZE])
{
    struct openssl_state *openssl = state;
    /* with a NULL cipher only the key is set: nothing is fetched or reallocated */
    return ok_or_crypto_error(EVP_EncryptInit_ex2(openssl->ecb, NULL, key, NULL, NULL));
}

static enum gbau_status openssl_aes128_encrypt(void *state, const uint8_t *in, uint8_t *out, size_t blocks)
{
    struct openssl_state *openssl = state;
    int written = 0;
    return ok_or_crypto_error(
        EVP_EncryptUpdate(openssl->ecb, out, &written, in, (int)(blocks * AES_BLOCK_SIZE)));
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

static enum gbau_status openssl_aes_cmac(void *state, struct octets key, struct octets message,
                                         uint8_t mac[AES_CMAC_SIZE])
{
    struct openssl_state *openssl = state;
    EVP_MAC_CTX *cmac = openssl->cmac[index_of_key(key)];
    if (EVP_MAC_init(cmac, key.data, key.length, NULL) != 1) {
        return GBAU_E_CRYPTO;
    }
    if (message.length > 0 && EVP_MAC_update(cmac, message.data, message.length) != 1) {
        return GBAU_E_CRYPTO;
    }
    size_t length = 0;
    return ok_or_crypto_error(EVP_MAC_final(cmac, mac, &length, AES_CMAC_SIZE));
}

static enum gbau_status openssl_aes_gcm_seal(void *state, struct octets key, const uint8_t nonce[AES_GCM_NONCE_SIZE],
                                             struct octets aad, struct octets plaintext, uint8_t *ciphertext,
                                             uint8_t tag[AES_GCM_TAG_SIZE])
{
    struct openssl_state *openssl = state;
    EVP_CIPHER_CTX *gcm = openssl->gcm[index_of_key(key)];
    int written = 0;
    if (aad.length > INT_MAX || plaintext.length > INT_MAX) {
        return GBAU_E_ARGUMENT;
    }
    if (EVP_EncryptInit_ex2(gcm, NULL, key.data, nonce, NULL) != 1) {
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
    EVP_CIPHER_CTX *gcm = openssl->gcm[index_of_key(key)];
    uint8_t expected[AES_GCM_TAG_SIZE];
    int written = 0;
    if (aad.length > INT_MAX || ciphertext.length > INT_MAX) {
        return GBAU_E_ARGUMENT;
    }
    for (size_t i = 0; i < sizeof expected; i++) {
        expected[i] = tag[i]; /* libcrypto takes a pointer that is not const */
    }
    if (EVP_DecryptInit_ex2(gcm, NULL, key.data, nonce, NULL) != 1 ||
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
    .aes128_set_key = openssl_aes128_set_key,
    .aes128_encrypt = openssl_aes128_encrypt,
    .hmac_sha256 = openssl_hmac_sha256,
    .digest = openssl_digest,
    .aes_cmac = openssl_aes_cmac,
    .aes_gcm_seal = openssl_aes_gcm_seal,
    .aes_gcm_open = openssl_aes_gcm_open,
    .random = openssl_random,
};

/*
 * A context with its cipher chosen, so that later calls only set key and nonce. Padding stays on: it concerns the end
 * of a message, which ECB never reaches here, and switching it off costs a search for the parameter with every key.
 */
static EVP_CIPHER_CTX *new_cipher_context(const EVP_CIPHER *cipher)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context != NULL && (cipher == NULL || EVP_CipherInit_ex2(context, cipher, NULL, NULL, 1, NULL) != 1)) {
        EVP_CIPHER_CTX_free(context);
        return NULL;
    }
    return context;
}

/* A MAC context with its digest or cipher chosen, so that later calls only set the key. */
static EVP_MAC_CTX *new_mac_context(const char *mac_name, const char *parameter_name, const char *algorithm)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, mac_name, NULL);
    EVP_MAC_CTX *context = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac); /* the context keeps its own reference */
    if (context == NULL) {
        return NULL;
    }
    char name[24];
    size_t length = 0;
    while (algorithm[length] != '\0' && length + 1 < sizeof name) {
        name[length] = algorithm[length];
        length++;
    }
    name[length] = '\0';
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(parameter_name, name, 0), OSSL_PARAM_construct_end()};
    if (EVP_MAC_CTX_set_params(context, parameters) != 1) {
        EVP_MAC_CTX_free(context);
        return NULL;
    }
    return context;
}

static bool fetch_all(struct openssl_state *openssl)
{
    bool complete = true;
    for (size_t i = 0; i < DIGEST_ALGORITHM_COUNT; i++) {
        openssl->digests[i] = EVP_MD_fetch(NULL, digest_names[i], NULL);
        complete = complete && openssl->digests[i] != NULL;
    }
    openssl->aes128_ecb = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
    openssl->aes128_gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    openssl->aes256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    openssl->ecb = new_cipher_context(openssl->aes128_ecb);
    openssl->gcm[0] = new_cipher_context(openssl->aes128_gcm);
    openssl->gcm[1] = new_cipher_context(openssl->aes256_gcm);
    openssl->digest = EVP_MD_CTX_new();
    openssl->hmac = new_mac_context("HMAC", OSSL_MAC_PARAM_DIGEST, "SHA256");
    openssl->cmac[0] = new_mac_context("CMAC", OSSL_MAC_PARAM_CIPHER, "AES-128-CBC");
    openssl->cmac[1] = new_mac_context("CMAC", OSSL_MAC_PARAM_CIPHER, "AES-256-CBC");
    return complete && openssl->ecb != NULL && openssl->gcm[0] != NULL && openssl->gcm[1] != NULL &&
           openssl->digest != NULL && openssl->hmac != NULL && openssl->cmac[0] != NULL && openssl->cmac[1] != NULL;
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
    if (!fetch_all(openssl)) {
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
        EVP_CIPHER_CTX_free(openssl->gcm[i]);
        EVP_MAC_CTX_free(openssl->cmac[i]);
    }
    EVP_CIPHER_CTX_free(openssl->ecb);
    EVP_MAC_CTX_free(openssl->hmac);
    EVP_MD_CTX_free(openssl->digest);
    for (size_t i = 0; i < DIGEST_ALGORITHM_COUNT; i++) {
        EVP_MD_free(openssl->digests[i]);
    }
    EVP_CIPHER_free(openssl->aes128_ecb);
    EVP_CIPHER_free(openssl->aes128_gcm);
    EVP_CIPHER_free(openssl->aes256_gcm);
    secret_wipe(openssl, sizeof *openssl);
    free(openssl);
    *crypto = (struct crypto){0};
}
