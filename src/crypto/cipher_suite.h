/*
 * cipher_suite.h: the ciphers that an application may ask for, by name, and their sizes.
 *
 * GCM and CCM hide and authenticate: use them through aead.h, and use one of them unless something forces you not to.
 * CTR and CBC only hide, so anyone can change what they carry: block_mode.h is for those who must.
 */
#ifndef CRYPTO_CIPHER_SUITE_H
#define CRYPTO_CIPHER_SUITE_H

#include "crypto/primitives.h"

enum cipher_suite {
    CIPHER_SUITE_AES128_GCM,
    CIPHER_SUITE_AES256_GCM,
    CIPHER_SUITE_SM4_GCM,
    CIPHER_SUITE_AES128_CCM,
    CIPHER_SUITE_AES256_CCM,
    CIPHER_SUITE_SM4_CCM,
    CIPHER_SUITE_AES128_CTR,
    CIPHER_SUITE_AES256_CTR,
    CIPHER_SUITE_SM4_CTR,
    CIPHER_SUITE_AES128_CBC,
    CIPHER_SUITE_AES256_CBC,
    CIPHER_SUITE_SM4_CBC,
    CIPHER_SUITE_COUNT
};

enum cipher_mode {
    CIPHER_MODE_GCM, /* SP 800-38D, nonce of 12 octets, tag of 16 */
    CIPHER_MODE_CCM, /* SP 800-38C and RFC 3610, nonce of 12 octets, so L = 3; tag of 16 */
    CIPHER_MODE_CTR, /* SP 800-38A, initial counter block of 16 octets */
    CIPHER_MODE_CBC  /* SP 800-38A, IV of 16 octets, padding of PKCS#7 */
};

struct cipher_suite_properties {
    const char *name; /* "AES-128-GCM" */
    enum block_cipher block_cipher;
    enum cipher_mode mode;
    uint8_t key_size;   /* octets, as are the next two */
    uint8_t nonce_size; /* of the nonce, the initial counter block or the IV */
    uint8_t tag_size;   /* 0: the suite does not authenticate */
};

/* NULL for a number that is no suite. */
const struct cipher_suite_properties *cipher_suite_properties(enum cipher_suite suite);

/* A key of a block cipher, in a type of its own. Holds a secret: wipe it. */
struct block_key {
    enum block_cipher cipher;
    uint8_t octets[BLOCK_KEY_MAX_SIZE];
};

/* GBAU_E_ARGUMENT unless `key` has the length that the cipher asks for. */
GBAU_MUST_USE enum gbau_status block_key_of(enum block_cipher cipher, struct octets key, struct block_key *block_key);

/* Loads it for one direction. */
GBAU_MUST_USE enum gbau_status block_key_load(const struct block_key *key, struct crypto *crypto,
                                              enum block_direction direction);

/* Encrypts one block under it; it must have been loaded for BLOCK_ENCRYPT. In place is allowed. */
GBAU_MUST_USE enum gbau_status block_key_encrypt(const struct block_key *key, struct crypto *crypto,
                                                 const uint8_t in[AES_BLOCK_SIZE], uint8_t out[AES_BLOCK_SIZE]);

#endif
