/* mac.c: HMAC (RFC 2104) on the hashes of digest_stream.h, CMAC (SP 800-38B) on any block cipher of the table. */
#include "crypto/mac.h"

#include <string.h>

#include "base/secret.h"

enum { HMAC_KEY_MAX = DIGEST_BLOCK_SIZE, HMAC_INNER_PAD = 0x36, HMAC_OUTER_PAD = 0x5c };

/* What the polynomial x^128 + x^7 + x^2 + x + 1 leaves when a doubling overflows. */
enum { CMAC_REDUCTION = 0x87 };

struct mac_properties {
    bool is_cmac;
    enum digest_algorithm digest; /* of HMAC */
    enum block_cipher cipher;     /* of CMAC */
};

static const struct mac_properties algorithms[MAC_ALGORITHM_COUNT] = {
    [MAC_HMAC_SHA256] = {.digest = DIGEST_SHA256},
    [MAC_HMAC_SM3] = {.digest = DIGEST_SM3},
    [MAC_AES128_CMAC] = {.is_cmac = true, .cipher = BLOCK_AES128},
    [MAC_AES256_CMAC] = {.is_cmac = true, .cipher = BLOCK_AES256},
    [MAC_SM4_CMAC] = {.is_cmac = true, .cipher = BLOCK_SM4},
};

static const struct mac_properties *properties_of(enum mac_algorithm algorithm)
{
    return (unsigned)algorithm < MAC_ALGORITHM_COUNT ? &algorithms[algorithm] : NULL;
}

size_t mac_size(enum mac_algorithm algorithm)
{
    const struct mac_properties *properties = properties_of(algorithm);
    if (properties == NULL) {
        return 0;
    }
    return properties->is_cmac ? AES_BLOCK_SIZE : digest_size(properties->digest);
}

/* HMAC */

/* The chaining value of a hash that has taken the key, padded and masked, as its first block. */
static enum gbau_status begin_with_key(struct digest_stream *stream, struct crypto *crypto,
                                       enum digest_algorithm digest, struct octets key, uint8_t pad)
{
    uint8_t block[DIGEST_BLOCK_SIZE];
    memset(block, pad, sizeof block);
    for (size_t i = 0; i < key.length; i++) {
        block[i] ^= key.data[i];
    }
    enum gbau_status status = digest_stream_begin(stream, digest);
    if (status == GBAU_OK) {
        status = digest_stream_update(stream, crypto, octets_of(block, sizeof block));
    }
    secret_wipe(block, sizeof block);
    return status;
}

static enum gbau_status hmac_begin(struct hmac_stream *hmac, struct crypto *crypto, enum digest_algorithm digest,
                                   struct octets key)
{
    if (key.length == 0 || key.length > HMAC_KEY_MAX) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = begin_with_key(&hmac->inner, crypto, digest, key, HMAC_OUTER_PAD);
    memcpy(hmac->outer, hmac->inner.chaining, sizeof hmac->outer);
    return status == GBAU_OK ? begin_with_key(&hmac->inner, crypto, digest, key, HMAC_INNER_PAD) : status;
}

static enum gbau_status hmac_end(struct hmac_stream *hmac, struct crypto *crypto, uint8_t *mac)
{
    struct digest_stream outer = {.algorithm = hmac->inner.algorithm, .length = DIGEST_BLOCK_SIZE};
    uint8_t inner_digest[DIGEST_MAX_SIZE];
    memcpy(outer.chaining, hmac->outer, sizeof outer.chaining);
    enum gbau_status status = digest_stream_end(&hmac->inner, crypto, inner_digest);
    if (status == GBAU_OK) {
        status = digest_stream_update(&outer, crypto, octets_of(inner_digest, sizeof inner_digest));
    }
    if (status == GBAU_OK) {
        status = digest_stream_end(&outer, crypto, mac);
    }
    secret_wipe(&outer, sizeof outer);
    secret_wipe(inner_digest, sizeof inner_digest);
    return status;
}

/* CMAC */

static enum gbau_status cmac_begin(struct cmac_stream *cmac, struct crypto *crypto, enum block_cipher cipher,
                                   struct octets key)
{
    enum gbau_status status = block_key_of(cipher, key, &cmac->key);
    return status == GBAU_OK ? block_key_load(&cmac->key, crypto, BLOCK_ENCRYPT) : status;
}

static enum gbau_status cmac_update(struct cmac_stream *cmac, struct crypto *crypto, struct octets data)
{
    enum gbau_status status = block_key_load(&cmac->key, crypto, BLOCK_ENCRYPT);
    for (size_t i = 0; status == GBAU_OK && i < data.length; i++) {
        if (cmac->position == AES_BLOCK_SIZE) {
            status = block_key_encrypt(&cmac->key, crypto, cmac->chain, cmac->chain);
            cmac->position = 0;
        }
        cmac->chain[cmac->position++] ^= data.data[i];
    }
    return status;
}

/* Doubling in GF(2^128), in constant time: makes K1 of E(0), and K2 of K1. */
static void cmac_double(uint8_t block[AES_BLOCK_SIZE])
{
    const uint8_t reduction = (uint8_t)(CMAC_REDUCTION & (0U - (block[0] >> 7)));
    for (size_t i = 0; i + 1 < AES_BLOCK_SIZE; i++) {
        block[i] = (uint8_t)(block[i] << 1 | block[i + 1] >> 7);
    }
    block[AES_BLOCK_SIZE - 1] = (uint8_t)(block[AES_BLOCK_SIZE - 1] << 1 ^ reduction);
}

/* K1 goes into a last block that is full, K2 into one that had to be padded (SP 800-38B clause 6.2). */
static enum gbau_status cmac_end(struct cmac_stream *cmac, struct crypto *crypto, uint8_t *mac)
{
    uint8_t subkey[AES_BLOCK_SIZE] = {0};
    enum gbau_status status = block_key_load(&cmac->key, crypto, BLOCK_ENCRYPT);
    if (status == GBAU_OK) {
        status = block_key_encrypt(&cmac->key, crypto, subkey, subkey);
    }
    cmac_double(subkey);
    if (cmac->position < AES_BLOCK_SIZE) {
        cmac_double(subkey);
        cmac->chain[cmac->position] ^= 0x80;
    }
    for (size_t i = 0; i < AES_BLOCK_SIZE; i++) {
        cmac->chain[i] ^= subkey[i];
    }
    secret_wipe(subkey, sizeof subkey);
    return status == GBAU_OK ? block_key_encrypt(&cmac->key, crypto, cmac->chain, mac) : status;
}

/* In pieces */

static enum gbau_status keep_or_clear(struct mac_stream *stream, enum gbau_status status)
{
    if (status != GBAU_OK) {
        mac_stream_clear(stream);
    }
    return status;
}

enum gbau_status mac_stream_begin(struct mac_stream *stream, struct crypto *crypto, enum mac_algorithm algorithm,
                                  struct octets key)
{
    const struct mac_properties *properties = properties_of(algorithm);
    memset(stream, 0, sizeof *stream);
    if (properties == NULL) {
        return GBAU_E_ARGUMENT;
    }
    stream->algorithm = algorithm;
    stream->running = true;
    return keep_or_clear(stream, properties->is_cmac ? cmac_begin(&stream->cmac, crypto, properties->cipher, key)
                                                     : hmac_begin(&stream->hmac, crypto, properties->digest, key));
}

enum gbau_status mac_stream_update(struct mac_stream *stream, struct crypto *crypto, struct octets data)
{
    if (!stream->running) {
        return GBAU_E_ARGUMENT;
    }
    return keep_or_clear(stream, algorithms[stream->algorithm].is_cmac
                                     ? cmac_update(&stream->cmac, crypto, data)
                                     : digest_stream_update(&stream->hmac.inner, crypto, data));
}

enum gbau_status mac_stream_end(struct mac_stream *stream, struct crypto *crypto, uint8_t *mac)
{
    if (!stream->running) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = algorithms[stream->algorithm].is_cmac ? cmac_end(&stream->cmac, crypto, mac)
                                                                    : hmac_end(&stream->hmac, crypto, mac);
    mac_stream_clear(stream);
    return status;
}

static enum gbau_status compare(enum gbau_status status, uint8_t expected[MAC_MAX_SIZE], size_t size, struct octets mac)
{
    if (status == GBAU_OK && (mac.length != size || !secret_equal(expected, mac.data, size))) {
        status = GBAU_E_AUTHENTICATION;
    }
    secret_wipe(expected, MAC_MAX_SIZE);
    return status;
}

enum gbau_status mac_stream_end_verify(struct mac_stream *stream, struct crypto *crypto, struct octets mac)
{
    uint8_t expected[MAC_MAX_SIZE] = {0};
    const size_t size = mac_size(stream->algorithm);
    return compare(mac_stream_end(stream, crypto, expected), expected, size, mac);
}

void mac_stream_clear(struct mac_stream *stream)
{
    secret_wipe(stream, sizeof *stream);
}

/* At once */

enum gbau_status mac_compute_by_stream(struct crypto *crypto, enum mac_algorithm algorithm, struct octets key,
                                       const struct octets *parts, size_t part_count, uint8_t *mac)
{
    struct mac_stream stream;
    enum gbau_status status = mac_stream_begin(&stream, crypto, algorithm, key);
    for (size_t i = 0; status == GBAU_OK && i < part_count; i++) {
        status = mac_stream_update(&stream, crypto, parts[i]);
    }
    return status == GBAU_OK ? mac_stream_end(&stream, crypto, mac) : status;
}

enum gbau_status mac_compute(struct crypto *crypto, enum mac_algorithm algorithm, struct octets key,
                             const struct octets *parts, size_t part_count, uint8_t *mac)
{
    return algorithm == MAC_HMAC_SHA256 ? crypto_hmac_sha256(crypto, key, parts, part_count, mac)
                                        : mac_compute_by_stream(crypto, algorithm, key, parts, part_count, mac);
}

enum gbau_status mac_verify(struct crypto *crypto, enum mac_algorithm algorithm, struct octets key,
                            const struct octets *parts, size_t part_count, struct octets mac)
{
    uint8_t expected[MAC_MAX_SIZE] = {0};
    enum gbau_status status = mac_compute(crypto, algorithm, key, parts, part_count, expected);
    return compare(status, expected, mac_size(algorithm), mac);
}
