/*
 * digest_stream.h: SHA-256 (FIPS 180-4), SM3 (GM/T 0004) and the old SHA-1 over data that come in pieces.
 *
 * For data that lie in memory, crypto_digest of primitives.h is the shorter way and gives the same. A stream lives
 * with the caller and points nowhere; any number of them may be fed in turn through one `struct crypto`.
 */
#ifndef CRYPTO_DIGEST_STREAM_H
#define CRYPTO_DIGEST_STREAM_H

#include "crypto/primitives.h"

/* Opaque to callers. Wipe it when what it hashes is secret; digest_stream_end does. */
struct digest_stream {
    uint32_t chaining[DIGEST_CHAINING_WORDS];
    uint8_t block[DIGEST_BLOCK_SIZE]; /* input that waits for the rest of its block */
    uint64_t length;                  /* octets that have come */
    enum digest_algorithm algorithm;
};

/* GBAU_E_UNSUPPORTED for MD5. */
GBAU_MUST_USE enum gbau_status digest_stream_begin(struct digest_stream *stream, enum digest_algorithm algorithm);

/* Takes the next piece, of any length; at most 2^61 - 1 octets in all. */
GBAU_MUST_USE enum gbau_status digest_stream_update(struct digest_stream *stream, struct crypto *crypto,
                                                    struct octets data);

/* Writes digest_size(algorithm) octets. Wipes the stream, also when it fails. */
GBAU_MUST_USE enum gbau_status digest_stream_end(struct digest_stream *stream, struct crypto *crypto, uint8_t *digest);

#endif
