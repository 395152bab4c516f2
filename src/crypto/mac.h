/*
 * mac.h: message authentication codes: HMAC (RFC 2104) over SHA-256 and SM3, CMAC (SP 800-38B) over AES and SM4.
 *
 * Which function for what:
 *   - A message in memory: mac_compute, and mac_verify for whoever has received a MAC.
 *   - A message in pieces: a `struct mac_stream`, which lives with the caller and points nowhere; any number of them
 *     may be fed in turn through one `struct crypto`: mac_stream_begin, _update ..., then _end or _end_verify.
 *
 * Lengths: a MAC has 32 octets for HMAC and 16 for CMAC, and is never cut short. Keys: HMAC 1 to 64 octets (32 are
 * right), CMAC as the cipher has it.
 *
 * Errors of all: GBAU_E_ARGUMENT for an unknown algorithm or a key of the wrong length, GBAU_E_CRYPTO when the binding
 * fails, GBAU_E_AUTHENTICATION when a MAC does not match.
 */
#ifndef CRYPTO_MAC_H
#define CRYPTO_MAC_H

#include "crypto/cipher_suite.h"
#include "crypto/digest_stream.h"

enum mac_algorithm {
    MAC_HMAC_SHA256,
    MAC_HMAC_SM3,
    MAC_AES128_CMAC,
    MAC_AES256_CMAC,
    MAC_SM4_CMAC,
    MAC_ALGORITHM_COUNT
};

enum { MAC_MAX_SIZE = 32 };

struct hmac_stream {
    struct digest_stream inner;
    uint32_t outer[DIGEST_CHAINING_WORDS]; /* of the outer hash, after its block of key */
};

struct cmac_stream {
    struct block_key key;
    uint8_t chain[AES_BLOCK_SIZE]; /* with the octets of the current block in it already */
    uint8_t position;              /* octets of the current block; a full one waits, as it may be the last */
};

/* A message on its way. Opaque to callers. Holds secrets: end it, or wipe it with mac_stream_clear. */
struct mac_stream {
    enum mac_algorithm algorithm;
    bool running;
    union {
        struct hmac_stream hmac;
        struct cmac_stream cmac;
    };
};

/* 32 or 16; 0 for no algorithm. */
size_t mac_size(enum mac_algorithm algorithm);

/* Over the concatenated parts. `mac` has room for mac_size(algorithm) octets. */
GBAU_MUST_USE enum gbau_status mac_compute(struct crypto *crypto, enum mac_algorithm algorithm, struct octets key,
                                           const struct octets *parts, size_t part_count, uint8_t *mac);

/* Compares in constant time. A `mac` of another length than mac_size(algorithm) does not match. */
GBAU_MUST_USE enum gbau_status mac_verify(struct crypto *crypto, enum mac_algorithm algorithm, struct octets key,
                                          const struct octets *parts, size_t part_count, struct octets mac);

/* A stream that fails, here or later, is wiped, and all later calls on it are GBAU_E_ARGUMENT. The key is copied. */
GBAU_MUST_USE enum gbau_status mac_stream_begin(struct mac_stream *stream, struct crypto *crypto,
                                                enum mac_algorithm algorithm, struct octets key);
GBAU_MUST_USE enum gbau_status mac_stream_update(struct mac_stream *stream, struct crypto *crypto, struct octets data);

/* Both wipe the stream. `mac` has room for mac_size(algorithm) octets. */
GBAU_MUST_USE enum gbau_status mac_stream_end(struct mac_stream *stream, struct crypto *crypto, uint8_t *mac);
GBAU_MUST_USE enum gbau_status mac_stream_end_verify(struct mac_stream *stream, struct crypto *crypto,
                                                     struct octets mac);

/* Wipes a stream, finished or not. */
void mac_stream_clear(struct mac_stream *stream);

/* mac_compute without the binding's shortcut for HMAC-SHA-256: for bindings that have none. */
GBAU_MUST_USE enum gbau_status mac_compute_by_stream(struct crypto *crypto, enum mac_algorithm algorithm,
                                                     struct octets key, const struct octets *parts, size_t part_count,
                                                     uint8_t *mac);

#endif
