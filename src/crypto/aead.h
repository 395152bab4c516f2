/*
 * aead.h: authenticated encryption with the GCM and CCM suites of cipher_suite.h.
 *
 * Which function for what:
 *   - A message that fits in memory: aead_seal and aead_open. Nothing of a forged message ever comes out.
 *   - A message that comes in pieces, such as a file or a chain of APDUs: a `struct aead_stream`. It lives with the
 *     caller, points nowhere, and any number of them may be fed in turn through one `struct crypto`:
 *         aead_stream_begin_seal, aead_stream_put_aad ..., aead_stream_seal ..., aead_stream_end_seal
 *         aead_stream_begin_open, aead_stream_put_aad ..., aead_stream_open_unverified ..., aead_stream_end_open
 *
 * A nonce must never come twice under one key: with GCM a second use gives the authentication key away, with both the
 * xor of the plaintexts.
 *
 * Lengths: nonce 12 octets, tag 16, key as the suite has it. Text of GCM at most 2^36 - 32 octets; text of CCM at most
 * 2^24 - 1, because a nonce of 12 octets leaves three for the length. Additional data at most 2^32 - 1 octets.
 * Ciphertext is as long as plaintext, in every piece too. Output may be the very buffer of the input, but must not
 * overlap it otherwise.
 *
 * Errors of all: GBAU_E_ARGUMENT for a suite that is no AEAD, a key of the wrong length, too long a text, or a call
 * out of turn; GBAU_E_CRYPTO when the binding fails; GBAU_E_AUTHENTICATION when a tag does not match.
 * Nothing allocates. One `struct crypto` serves one thread at a time; a stream belongs to whoever feeds it.
 */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include "crypto/counter_stream.h"

enum { AEAD_NONCE_SIZE = 12, AEAD_TAG_SIZE = 16 };

/* For the lengths of a GCM stream that are not known when it begins. CCM must know them. */
#define AEAD_LENGTH_UNKNOWN UINT64_MAX

/* Octets that a stream will carry. What is announced is held to: fewer or more are GBAU_E_ARGUMENT. */
struct aead_lengths {
    uint64_t aad;
    uint64_t text;
};

/* A message on its way. Opaque to callers. Holds secrets: end it, or wipe it with aead_stream_clear. */
struct aead_stream {
    struct block_key key;
    struct counter_stream counter;
    uint8_t mac[AES_BLOCK_SIZE];      /* GHASH, or the chaining value of CBC-MAC */
    uint8_t hash_key[AES_BLOCK_SIZE]; /* H of GCM */
    uint8_t tag_mask[AES_BLOCK_SIZE]; /* the key stream that hides the tag */
    struct aead_lengths announced;
    struct aead_lengths done;
    uint8_t mac_position; /* octets of the current block that are in `mac` already */
    uint8_t mode;         /* enum cipher_mode */
    uint8_t phase;        /* enum phase of aead.c; 0 of a stream that has ended or failed */
    bool opens;
};

/* Encrypts and authenticates. `ciphertext` has room for plaintext.length octets. */
GBAU_MUST_USE enum gbau_status aead_seal(struct crypto *crypto, enum cipher_suite suite, struct octets key,
                                         const uint8_t nonce[AEAD_NONCE_SIZE], struct octets aad,
                                         struct octets plaintext, uint8_t *ciphertext, uint8_t tag[AEAD_TAG_SIZE]);

/*
 * Verifies and decrypts. `plaintext` has room for ciphertext.length octets, and is zeros after any error but
 * GBAU_E_ARGUMENT.
 */
GBAU_MUST_USE enum gbau_status aead_open(struct crypto *crypto, enum cipher_suite suite, struct octets key,
                                         const uint8_t nonce[AEAD_NONCE_SIZE], struct octets aad,
                                         struct octets ciphertext, const uint8_t tag[AEAD_TAG_SIZE],
                                         uint8_t *plaintext);

/*
 * Begin a stream. Any stream that fails, here or later, is wiped, and all later calls on it are GBAU_E_ARGUMENT: so
 * a caller may ask once, at the end. Key and nonce are copied.
 */
GBAU_MUST_USE enum gbau_status aead_stream_begin_seal(struct aead_stream *stream, struct crypto *crypto,
                                                      enum cipher_suite suite, struct octets key,
                                                      const uint8_t nonce[AEAD_NONCE_SIZE],
                                                      struct aead_lengths lengths);
GBAU_MUST_USE enum gbau_status aead_stream_begin_open(struct aead_stream *stream, struct crypto *crypto,
                                                      enum cipher_suite suite, struct octets key,
                                                      const uint8_t nonce[AEAD_NONCE_SIZE],
                                                      struct aead_lengths lengths);

/* The next piece of additional data, of any length. All of it comes before the first piece of text. */
GBAU_MUST_USE enum gbau_status aead_stream_put_aad(struct aead_stream *stream, struct crypto *crypto,
                                                   struct octets aad);

/* Encrypts the next piece, of any length. `ciphertext` has room for plaintext.length octets. */
GBAU_MUST_USE enum gbau_status aead_stream_seal(struct aead_stream *stream, struct crypto *crypto,
                                                struct octets plaintext, uint8_t *ciphertext);

/*
 * Decrypts the next piece, of any length, before anyone knows whether it is genuine. Keep what it gives to yourself,
 * and do nothing that it says, until aead_stream_end_open has returned GBAU_OK; else throw it away.
 */
GBAU_MUST_USE enum gbau_status aead_stream_open_unverified(struct aead_stream *stream, struct crypto *crypto,
                                                           struct octets ciphertext, uint8_t *plaintext);

/* Ends a sealing stream and gives its tag. */
GBAU_MUST_USE enum gbau_status aead_stream_end_seal(struct aead_stream *stream, struct crypto *crypto,
                                                    uint8_t tag[AEAD_TAG_SIZE]);

/* Ends an opening stream. GBAU_E_AUTHENTICATION unless all that came was sealed under this key, nonce and tag. */
GBAU_MUST_USE enum gbau_status aead_stream_end_open(struct aead_stream *stream, struct crypto *crypto,
                                                    const uint8_t tag[AEAD_TAG_SIZE]);

/* Wipes a stream, finished or not. */
void aead_stream_clear(struct aead_stream *stream);

/* aead_seal and aead_open without the binding's shortcut for AES-GCM: for bindings that have none. */
GBAU_MUST_USE enum gbau_status aead_seal_by_stream(struct crypto *crypto, enum cipher_suite suite, struct octets key,
                                                   const uint8_t nonce[AEAD_NONCE_SIZE], struct octets aad,
                                                   struct octets plaintext, uint8_t *ciphertext,
                                                   uint8_t tag[AEAD_TAG_SIZE]);
GBAU_MUST_USE enum gbau_status aead_open_by_stream(struct crypto *crypto, enum cipher_suite suite, struct octets key,
                                                   const uint8_t nonce[AEAD_NONCE_SIZE], struct octets aad,
                                                   struct octets ciphertext, const uint8_t tag[AEAD_TAG_SIZE],
                                                   uint8_t *plaintext);

#endif
