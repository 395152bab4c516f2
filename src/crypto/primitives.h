/*
 * primitives.h: the small table of primitives on which all cryptography of gbau stands.
 *
 * One file binds the table to a library (openssl.c), one to code of our own (portable.c). Rooms above never see that
 * library, and the card, which must run without an operating system, gets a table handed in. A `struct crypto` keeps
 * contexts that are reused from call to call: nothing is fetched or allocated per call. It is used by one thread at a
 * time.
 *
 * This is the floor. What applications need stands on it: aead.h (GCM, CCM), block_mode.h (CTR, CBC), mac.h (HMAC,
 * CMAC), digest_stream.h, kdf.h.
 */
#ifndef CRYPTO_PRIMITIVES_H
#define CRYPTO_PRIMITIVES_H

#include "base/octets.h"

enum {
    AES_BLOCK_SIZE = 16, /* and SM4's */
    AES128_KEY_SIZE = 16,
    BLOCK_KEY_MAX_SIZE = 32,
    AES_GCM_NONCE_SIZE = 12,
    AES_GCM_TAG_SIZE = 16,
    MD5_SIZE = 16,
    SHA1_SIZE = 20,
    SHA256_SIZE = 32,
    SM3_SIZE = 32,
    DIGEST_MAX_SIZE = SHA256_SIZE,
    DIGEST_BLOCK_SIZE = 64,
    DIGEST_CHAINING_WORDS = 8
};

enum digest_algorithm { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SM3, DIGEST_ALGORITHM_COUNT };

/* Ciphers of blocks of 16 octets: AES (FIPS 197) and SM4 (GM/T 0002, ISO/IEC 18033-3). */
enum block_cipher { BLOCK_AES128, BLOCK_AES256, BLOCK_SM4, BLOCK_CIPHER_COUNT };

enum block_direction { BLOCK_ENCRYPT, BLOCK_DECRYPT, BLOCK_DIRECTION_COUNT };

/* What a binding offers. `state` is the binding's own. Lengths of keys, tags and nonces are checked by the wrappers. */
struct crypto_table {
    enum gbau_status (*block_set_key)(void *state, enum block_cipher cipher, enum block_direction direction,
                                      const uint8_t *key);
    enum gbau_status (*block_run)(void *state, enum block_cipher cipher, enum block_direction direction,
                                  const uint8_t *in, uint8_t *out, size_t blocks);
    enum gbau_status (*hmac_sha256)(void *state, struct octets key, const struct octets *parts, size_t part_count,
                                    uint8_t mac[SHA256_SIZE]);
    enum gbau_status (*digest)(void *state, enum digest_algorithm algorithm, const struct octets *parts,
                               size_t part_count, uint8_t *digest);
    enum gbau_status (*digest_blocks)(void *state, enum digest_algorithm algorithm,
                                      uint32_t chaining[DIGEST_CHAINING_WORDS], const uint8_t *blocks, size_t count);
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

/*
 * Loads a key of block_key_size(cipher) octets for one cipher and direction. It stays until the next key is loaded,
 * whatever that is for, and is wiped when the binding is closed. So load, run, and be done.
 */
GBAU_MUST_USE enum gbau_status crypto_block_set_key(struct crypto *crypto, enum block_cipher cipher,
                                                    enum block_direction direction, const uint8_t *key);

/* Runs `blocks` blocks of 16 octets, each by itself, through the loaded key. In place is allowed. */
GBAU_MUST_USE enum gbau_status crypto_block_run(struct crypto *crypto, enum block_cipher cipher,
                                                enum block_direction direction, const uint8_t *in, uint8_t *out,
                                                size_t blocks);

/* 16 or 32; 0 for no cipher. */
size_t block_key_size(enum block_cipher cipher);

/* HMAC-SHA-256 (RFC 2104) over the concatenated parts. The key is 1 to 64 octets. */
GBAU_MUST_USE enum gbau_status crypto_hmac_sha256(struct crypto *crypto, struct octets key, const struct octets *parts,
                                                  size_t part_count, uint8_t mac[SHA256_SIZE]);

/* A hash over the concatenated parts. `digest` has room for digest_size(algorithm) octets. */
GBAU_MUST_USE enum gbau_status crypto_digest(struct crypto *crypto, enum digest_algorithm algorithm,
                                             const struct octets *parts, size_t part_count, uint8_t *digest);

size_t digest_size(enum digest_algorithm algorithm);

/*
 * The compression function of a hash over `count` blocks of 64 octets, on a chaining value of the caller's, of which
 * SHA-1 uses five words: what digest_stream.h stands on. GBAU_E_UNSUPPORTED for MD5.
 */
GBAU_MUST_USE enum gbau_status crypto_digest_blocks(struct crypto *crypto, enum digest_algorithm algorithm,
                                                    uint32_t chaining[DIGEST_CHAINING_WORDS], const uint8_t *blocks,
                                                    size_t count);

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
