/*
 * block_mode.h: CTR and CBC, which hide but do not authenticate. For those who must: else take aead.h.
 *
 * Whoever can change a ciphertext of CTR changes the plaintext bit by bit as he likes; whoever can learn whether a
 * padding of CBC was right can have every message decrypted. So put a MAC over IV and ciphertext (mac.h, with another
 * key), and verify it before you decrypt.
 *
 * Which function for what:
 *   - A message that fits in memory: block_mode_encrypt and block_mode_decrypt.
 *   - A message in pieces: a `struct block_mode_stream`. It lives with the caller, points nowhere, and any number of
 *     them may be fed in turn through one `struct crypto`: block_mode_stream_begin, _update ..., _end.
 *
 * Lengths: IV 16 octets, key as the suite has it. CTR: the IV is the initial counter block, all 16 octets of it count
 * up, and no block of it may come twice under one key; text may have any length and keeps it. CBC: the IV must be
 * unpredictable; ciphertext is plaintext and 1 to 16 octets of PKCS#7 padding, so a whole number of blocks, at least
 * one. block_mode_ciphertext_length says how long. Output must not overlap the input, except that CTR may run in place.
 *
 * Errors of all: GBAU_E_ARGUMENT for a suite that is neither, a key of the wrong length, or a call out of turn;
 * GBAU_E_MALFORMED for a ciphertext of CBC that is no whole number of blocks or whose padding is wrong (the padding is
 * looked at in constant time); GBAU_E_SPACE when the output does not fit; GBAU_E_CRYPTO when the binding fails.
 */
#ifndef CRYPTO_BLOCK_MODE_H
#define CRYPTO_BLOCK_MODE_H

#include "crypto/counter_stream.h"

enum { BLOCK_MODE_IV_SIZE = 16 };

/* A message on its way. Opaque to callers. Holds secrets: end it, or wipe it with block_mode_stream_clear. */
struct block_mode_stream {
    struct block_key key;
    struct counter_stream counter; /* of CTR */
    uint8_t chain[AES_BLOCK_SIZE]; /* of CBC: the last block of ciphertext */
    uint8_t block[AES_BLOCK_SIZE]; /* of CBC: input that waits for the rest of its block */
    uint8_t waiting;               /* octets in `block` */
    uint8_t mode;                  /* enum cipher_mode */
    uint8_t direction;             /* enum block_direction */
    bool running;
};

/* Octets of the ciphertext of so much plaintext; 0 when `suite` is neither CTR nor CBC. */
size_t block_mode_ciphertext_length(enum cipher_suite suite, size_t plaintext_length);

/* `ciphertext` has room for block_mode_ciphertext_length(suite, plaintext.length) octets. */
GBAU_MUST_USE enum gbau_status block_mode_encrypt(struct crypto *crypto, enum cipher_suite suite, struct octets key,
                                                  const uint8_t iv[BLOCK_MODE_IV_SIZE], struct octets plaintext,
                                                  uint8_t *ciphertext);

/* `plaintext` has room for ciphertext.length octets; `*length` of them are the text. Wiped after any error. */
GBAU_MUST_USE enum gbau_status block_mode_decrypt(struct crypto *crypto, enum cipher_suite suite, struct octets key,
                                                  const uint8_t iv[BLOCK_MODE_IV_SIZE], struct octets ciphertext,
                                                  uint8_t *plaintext, size_t *length);

/* A stream that fails, here or later, is wiped, and all later calls on it are GBAU_E_ARGUMENT. */
GBAU_MUST_USE enum gbau_status block_mode_stream_begin(struct block_mode_stream *stream, struct crypto *crypto,
                                                       enum cipher_suite suite, enum block_direction direction,
                                                       struct octets key, const uint8_t iv[BLOCK_MODE_IV_SIZE]);

/*
 * Takes the next piece and appends what is ready to `out`: as many octets as came for CTR; whole blocks for CBC, at
 * most 15 octets more than came. Decrypting CBC keeps the last block back, because it may be the one with the padding.
 */
GBAU_MUST_USE enum gbau_status block_mode_stream_update(struct block_mode_stream *stream, struct crypto *crypto,
                                                        struct octets in, struct octet_writer *out);

/* Appends what is left: nothing for CTR, one block of ciphertext or 0 to 15 octets of plaintext for CBC. */
GBAU_MUST_USE enum gbau_status block_mode_stream_end(struct block_mode_stream *stream, struct crypto *crypto,
                                                     struct octet_writer *out);

/* Wipes a stream, finished or not. */
void block_mode_stream_clear(struct block_mode_stream *stream);

#endif
