/*
 * primitives.h: the small table of primitives on which all cryptography of gbau stands.
 *
 * One file binds the table to a library (openssl.c). Rooms above never see that library, and the card, which must run
 * without an operating system, gets a table handed in. A `struct crypto` keeps contexts that are reused from call to
 * call: nothing is fetched or allocated per call. It is used by one thread at a time.
 */
#ifndef CRYPTO_PRIMITIVES_H
#define CRYPTO_PRIMITIVES_H

#include "base/octets.h"

enum {
    AES_BLOCK_SIZE = 16,
    AES128_KEY_SIZE = 16,
    AES_GCM_NONCE_SIZE = 12,
    AES_GCM_TAG_SIZE = 16,
    AES_CMAC_SIZE = 16,
    MD5_SIZE = 16,
    SHA1_SIZE = 20,
    SHA256_SIZE = 32,
    DIGEST_MAX_SIZE = SHA256_SIZE
};

enum digest_algorithm { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_ALGORITHM_COUNT };

/* What a binding offers. `state` is the binding's own. Lengths of keys, tags and nonces are checked by the wrappers. */
struct crypto_table {
    enum gbau_status (*aes128_set_key)(void *state, const uint8_t key[AES128_KEY_SIZE]);
    enum gbau_status (*aes128_encrypt)(void *state, const uint8_t *in, uint8_t *out, size_t blocks);
    enum gbau_status (*hmac_sha256)(void *state, struct octets key, const struct octets *parts, size_t part_count,
                                    uint8_t mac[SHA256_SIZE]);
    enum gbau_status (*digest)(void *state, enum digest_algorithm algorithm, const struct octets *parts,
                               size_t part_count, uint8_t *digest);
    enum gbau_status (*aes_cmac)(void *state, struct octets key, struct octets message, uint8_t mac[AES_CMAC_SIZE]);
    enum gbau_status (*aes_gcm_seal)(void *state, struct octets key, const uint8_t nonce[AES_GCM_NONCE_SIZE],
                                     struct octets aad, struct octets plaintext, uint8_t *ciphertext,
                                     uint8_t tag[AES_GCM_TAG_SIZE]);
    enum gbau_status (*aes_gcm_open)(void *state, struct octets key, const uint8_t nonce[AES_GCM_NONCE_SIZE],
                                     struct octets aad, struct octets ciphertext, const uint8_t tag[AES_GCM_TAG_SIZE],
                                     uint8_t *plaintext);
    enum gbau_status (*random)(void *state, uint8_t *out, size_t length);
};

struct crypto {
    const struct crypto_table *table;
    void *state;
};

/* Loads a 16-octet AES key; it stays until the next call, and is wiped when the binding is closed. */
GBAU_MUST_USE enum gbau_status crypto_aes128_set_key(struct crypto *crypto, const uint8_t key[AES128_KEY_SIZE]);

/* Encrypts `blocks` blocks of 16 octets, each by itself, under the loaded key. In place is allowed. */
GBAU_MUST_USE enum gbau_status crypto_aes128_encrypt(struct crypto *crypto, const uint8_t *in, uint8_t *out,
                                                     size_t blocks);

/* HMAC-SHA-256 (RFC 2104) over the concatenated parts. The key is 1 to 64 octets. */
GBAU_MUST_USE enum gbau_status crypto_hmac_sha256(struct crypto *crypto, struct octets key, const struct octets *parts,
                                                  size_t part_count, uint8_t mac[SHA256_SIZE]);

/* A hash over the concatenated parts. `digest` has room for digest_size(algorithm) octets. */
GBAU_MUST_USE enum gbau_status crypto_digest(struct crypto *crypto, enum digest_algorithm algorithm,
                                             const struct octets *parts, size_t part_count, uint8_t *digest);

size_t digest_size(enum digest_algorithm algorithm);

/* AES-CMAC (RFC 4493) under a key of 16 or 32 octets. */
GBAU_MUST_USE enum gbau_status crypto_aes_cmac(struct crypto *crypto, struct octets key, struct octets message,
                                               uint8_t mac[AES_CMAC_SIZE]);

/* AES-GCM (NIST SP 800-38D) under a key of 16 or 32 octets. `ciphertext` has room for plaintext.length octets. */
GBAU_MUST_USE enum gbau_status crypto_aes_gcm_seal(struct crypto *crypto, struct octets key,
                                                   const uint8_t nonce[AES_GCM_NONCE_SIZE], struct octets aad,
                                                   struct octets plaintext, uint8_t *ciphertext,
                                                   uint8_t tag[AES_GCM_TAG_SIZE]);

/* GBAU_E_AUTHENTICATION when the tag does not match; then `plaintext` is wiped. */
GBAU_MUST_USE enum gbau_status crypto_aes_gcm_open(struct crypto *crypto, struct octets key,
                                                   const uint8_t nonce[AES_GCM_NONCE_SIZE], struct octets aad,
                                                   struct octets ciphertext, const uint8_t tag[AES_GCM_TAG_SIZE],
                                                   uint8_t *plaintext);

/* Random octets fit for keys. */
GBAU_MUST_USE enum gbau_status crypto_random(struct crypto *crypto, uint8_t *out, size_t length);

#endif
