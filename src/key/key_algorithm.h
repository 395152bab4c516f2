/*
 * key_algorithm.h: the algorithms, usages and directions of the GBA_U API (docs/gba_u-api.md clauses 4.2, 4.3, 12).
 */
#ifndef KEY_KEY_ALGORITHM_H
#define KEY_KEY_ALGORITHM_H

#include "crypto/aead.h"
#include "crypto/block_mode.h"
#include "crypto/mac.h"

enum key_usage {
    KEY_USAGE_ENCRYPT = 0x01,
    KEY_USAGE_MAC = 0x02,
    KEY_USAGE_AUTHENTICATE = 0x03,
    KEY_USAGE_DERIVE = 0x04,
    KEY_USAGE_WRAP = 0x05,
    KEY_USAGE_EXPORT = 0x06,
    KEY_USAGE_POLICY = 0x07, /* the card's and the NAF's own */
    KEY_USAGE_HASH = 0x08    /* has no key */
};

/* Who seals for whom: with a key for each direction no nonce of one side can meet one of the other. */
enum key_direction {
    KEY_DIRECTION_NONE = 0x00,
    KEY_DIRECTION_CARD_TO_NAF = 0x01,
    KEY_DIRECTION_NAF_TO_CARD = 0x02,
    KEY_DIRECTION_CARD_TO_CARD = 0x03 /* data at rest */
};

/* Identifiers on the wire of the API. */
enum key_algorithm {
    KEY_ALGORITHM_AES_128_GCM = 0x01,
    KEY_ALGORITHM_AES_256_GCM = 0x02,
    KEY_ALGORITHM_AES_128_CCM = 0x03,
    KEY_ALGORITHM_AES_256_CCM = 0x04,
    KEY_ALGORITHM_SM4_GCM = 0x05,
    KEY_ALGORITHM_SM4_CCM = 0x06,
    KEY_ALGORITHM_AES_128_CTR = 0x11,
    KEY_ALGORITHM_AES_256_CTR = 0x12,
    KEY_ALGORITHM_SM4_CTR = 0x13,
    KEY_ALGORITHM_AES_128_CBC = 0x14,
    KEY_ALGORITHM_AES_256_CBC = 0x15,
    KEY_ALGORITHM_SM4_CBC = 0x16,
    KEY_ALGORITHM_HMAC_SHA256 = 0x21,
    KEY_ALGORITHM_HMAC_SM3 = 0x22,
    KEY_ALGORITHM_AES_128_CMAC = 0x23,
    KEY_ALGORITHM_AES_256_CMAC = 0x24,
    KEY_ALGORITHM_SM4_CMAC = 0x25,
    KEY_ALGORITHM_SHA256 = 0x31,
    KEY_ALGORITHM_SM3 = 0x32,
    KEY_ALGORITHM_KDF = 0x41
};

enum key_algorithm_kind {
    KEY_ALGORITHM_KIND_AEAD,
    KEY_ALGORITHM_KIND_BLOCK_MODE, /* CTR, CBC: authenticates nothing */
    KEY_ALGORITHM_KIND_MAC,
    KEY_ALGORITHM_KIND_HASH,
    KEY_ALGORITHM_KIND_KDF
};

struct key_algorithm_properties {
    enum key_algorithm algorithm;
    const char *name; /* "AES-256-GCM" */
    enum key_algorithm_kind kind;
    enum cipher_suite suite;      /* of AEAD and block modes */
    enum mac_algorithm mac;       /* of MACs */
    enum digest_algorithm digest; /* of hashes */
    uint8_t key_size;             /* octets of the application key that it takes */
    uint8_t nonce_size;           /* of nonce, counter block or IV */
    uint8_t tag_size;             /* of tag, MAC or hash */
    int32_t cose;                 /* number in COSE; 0: none */
};

/* All of them, in the order of their identifiers; the position is the bit of a set of algorithms. */
extern const struct key_algorithm_properties key_algorithms[];
extern const size_t key_algorithm_count;

/* NULL for an unknown identifier. */
const struct key_algorithm_properties *key_algorithm_find(unsigned algorithm);

/* By name, in any case of letters; NULL when there is none. */
const struct key_algorithm_properties *key_algorithm_find_name(const char *name);

/* By the number in COSE; NULL when there is none. */
const struct key_algorithm_properties *key_algorithm_find_cose(int64_t cose);

/* The bit of an algorithm in a set; 0 for an unknown one. */
uint32_t key_algorithm_bit(unsigned algorithm);

/* True when these three go together (clause 4.2). */
bool key_usage_is_possible(unsigned usage, unsigned direction, unsigned algorithm);

/* True for keys that may leave under another key: encrypt, mac, authenticate, derive (clause 8.7). */
bool key_usage_can_be_wrapped(unsigned usage);

#endif
