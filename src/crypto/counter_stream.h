/*
 * counter_stream.h: the key stream of counter mode (SP 800-38A clause 6.5), on which GCM, CCM and CTR stand.
 * Of use to aead.c and block_mode.c only.
 */
#ifndef CRYPTO_COUNTER_STREAM_H
#define CRYPTO_COUNTER_STREAM_H

#include "crypto/cipher_suite.h"

/* Holds octets of the key stream: wipe it. */
struct counter_stream {
    uint8_t counter[AES_BLOCK_SIZE];   /* of the next block */
    uint8_t keystream[AES_BLOCK_SIZE]; /* of the current block */
    uint8_t left;                      /* octets of `keystream` that are not used yet */
    uint8_t width;                     /* octets at the end of `counter` that count */
};

/* Starts at an initial counter block; the last `width` octets count up and wrap around. */
void counter_stream_begin(struct counter_stream *stream, const uint8_t counter[AES_BLOCK_SIZE], uint8_t width);

/* out = in xor key stream, of in.length octets. `key` must be loaded for BLOCK_ENCRYPT. In place is allowed. */
GBAU_MUST_USE enum gbau_status counter_stream_xor(struct counter_stream *stream, struct crypto *crypto,
                                                  const struct block_key *key, struct octets in, uint8_t *out);

#endif
