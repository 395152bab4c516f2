/*
 * key.h: what an application does with a key distributed from Ks_int_NAF: the same calls on the device (gbau.h), where
 * the key is a handle on the card, and at the service (naf.h), where it is octets of the NAF. docs/gba_u-api.md
 * specifies it.
 *
 *     struct gbau_key_request request = {.usage = GBAU_USAGE_ENCRYPT, .direction = GBAU_CARD_TO_NAF,
 *                                        .algorithm = GBAU_AES_256_GCM, .label = "greeting"};
 *
 * Lengths are in octets. Out parameters are set on GBAU_OK only. A key is used by one thread at a time; keys of
 * different `struct gbau` or `struct gbau_naf` are independent of each other. Errors that every call may have:
 * GBAU_E_ARGUMENT for a NULL or a length out of range, GBAU_E_ACCESS for a key that is not for this usage or direction
 * or that a policy forbids, GBAU_E_LIMIT when its operations are used up; on a card also GBAU_E_IO, GBAU_E_CARD, and
 * GBAU_E_EXPIRED for a key that the service has revoked.
 */
#ifndef GBAU_KEY_H
#define GBAU_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gbau/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GBAU_API __attribute__((visibility("default")))

/* What a key is for (docs/gba_u-api.md 4.2). */
enum gbau_usage {
    GBAU_USAGE_ENCRYPT = 0x01,
    GBAU_USAGE_MAC = 0x02,
    GBAU_USAGE_AUTHENTICATE = 0x03,
    GBAU_USAGE_DERIVE = 0x04,
    GBAU_USAGE_WRAP = 0x05,
    GBAU_USAGE_EXPORT = 0x06,
    GBAU_USAGE_HASH = 0x08
};

/* Who makes and who reads (4.3). Keys of usage authenticate, derive, export and hash have none. */
enum gbau_direction {
    GBAU_NO_DIRECTION = 0x00,
    GBAU_CARD_TO_NAF = 0x01,
    GBAU_NAF_TO_CARD = 0x02,
    GBAU_CARD_TO_CARD = 0x03 /* data at rest, under persisted keys */
};

/* Algorithms (12). Prefer GBAU_AES_256_GCM and GBAU_HMAC_SHA256, which every card has. */
enum gbau_algorithm {
    GBAU_AES_128_GCM = 0x01,
    GBAU_AES_256_GCM = 0x02,
    GBAU_AES_128_CCM = 0x03,
    GBAU_AES_256_CCM = 0x04,
    GBAU_SM4_GCM = 0x05,
    GBAU_SM4_CCM = 0x06,
    GBAU_AES_128_CTR = 0x11, /* CTR and CBC authenticate nothing */
    GBAU_AES_256_CTR = 0x12,
    GBAU_SM4_CTR = 0x13,
    GBAU_AES_128_CBC = 0x14,
    GBAU_AES_256_CBC = 0x15,
    GBAU_SM4_CBC = 0x16,
    GBAU_HMAC_SHA256 = 0x21,
    GBAU_HMAC_SM3 = 0x22,
    GBAU_AES_128_CMAC = 0x23,
    GBAU_AES_256_CMAC = 0x24,
    GBAU_SM4_CMAC = 0x25,
    GBAU_SHA256 = 0x31,
    GBAU_SM3 = 0x32,
    GBAU_KDF = 0x41 /* of keys of usage derive and export */
};

/* Name of an algorithm, "AES-256-GCM"; NULL for an unknown one. Static text. */
GBAU_API const char *gbau_algorithm_name(enum gbau_algorithm algorithm);

/* The algorithm of that name, in any case of letters; 0 when there is none. */
GBAU_API enum gbau_algorithm gbau_algorithm_of_name(const char *name);

/* Which key is wanted. Both ends ask for the same, and get the same. */
struct gbau_key_request {
    enum gbau_usage usage;
    enum gbau_direction direction;
    enum gbau_algorithm algorithm;
    const char *label;     /* the application's own name for the key, 1 to 64 octets */
    const void *context;   /* what else both ends know, or NULL */
    size_t context_length; /* 0 to 64 */
};

/* An open key. What a call reads and where it writes must not overlap: GBAU_E_ARGUMENT. */
struct gbau_key;

/* Ends a key; NULL is allowed. Close keys before what they were opened from. */
GBAU_API void gbau_key_close(struct gbau_key *key);

/* B-TID of the NAF key it was distributed from, as text; "" when that is not known. Lives as long as the key. */
GBAU_API const char *gbau_key_b_tid(const struct gbau_key *key);

/*
 * Encrypts: writes nonce || ciphertext || tag of an AEAD, or IV || ciphertext of CTR and CBC, for which there is no
 * additional data. The nonce is made by the key's holder. At most 32 octets longer than the text.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_encrypt(struct gbau_key *key, const void *additional_data,
                                                         size_t additional_length, const void *text, size_t text_length,
                                                         uint8_t *out, size_t capacity, size_t *length);

/*
 * Decrypts what gbau_key_encrypt wrote. GBAU_E_AUTHENTICATION when it was not made with this key, GBAU_E_MALFORMED
 * when it is too short or, for CBC, wrongly padded; then nothing comes out.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_decrypt(struct gbau_key *key, const void *additional_data,
                                                         size_t additional_length, const void *in, size_t in_length,
                                                         uint8_t *text, size_t capacity, size_t *length);

enum { GBAU_MAC_MAX = 32 };

/* A MAC of 16 or 32 octets. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_mac(struct gbau_key *key, const void *data, size_t length,
                                                     uint8_t mac[GBAU_MAC_MAX], size_t *mac_length);

/* GBAU_E_AUTHENTICATION when it does not match. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_verify(struct gbau_key *key, const void *data, size_t length,
                                                        const uint8_t *mac, size_t mac_length);

/* A hash of 32 octets, by whoever holds keys; for a key of usage hash. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_hash(struct gbau_key *key, const void *data, size_t length,
                                                      uint8_t hash[32]);

/* A child of a key of usage derive (4.4). The caller owns *child. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_derive(struct gbau_key *key, const struct gbau_key_request *request,
                                                        struct gbau_key **child);

/* The octets of a key of usage export. On a card GBAU_E_ACCESS unless the NAF's policy allows it. Wipe them. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_export(struct gbau_key *key, uint8_t octets[32]);

/* Wraps `other`, a key of the same holder, for the other end; unwraps what it sent. At most 160 octets. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_wrap(struct gbau_key *key, struct gbau_key *other, uint8_t *out,
                                                      size_t capacity, size_t *length);
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_unwrap(struct gbau_key *key, const void *in, size_t in_length,
                                                        struct gbau_key **unwrapped);

/*
 * Mutual authentication in three messages (9), with a key of usage authenticate; either end may begin. Who begins
 * calls _begin and _finish, the other end _answer and _confirm. At the end both have a session key of usage derive.
 * GBAU_E_AUTHENTICATION when the other end does not know the key, or assumes another policy or B-TID.
 */
enum { GBAU_AUTHENTICATION_MESSAGE_MAX = 52 };
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_authenticate_begin(struct gbau_key *key, uint8_t *message,
                                                                    size_t capacity, size_t *length);
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_authenticate_answer(struct gbau_key *key, const void *message,
                                                                     size_t message_length, uint8_t *answer,
                                                                     size_t capacity, size_t *length);
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_authenticate_finish(struct gbau_key *key, const void *answer,
                                                                     size_t answer_length, uint8_t *message,
                                                                     size_t capacity, size_t *length,
                                                                     struct gbau_key **session);
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_authenticate_confirm(struct gbau_key *key, const void *message,
                                                                      size_t message_length, struct gbau_key **session);

/*
 * Sealed messages (11.1): COSE_Encrypt0 with the B-TID and the label in its kid, so that any COSE library can open it
 * given the key. Text of at most GBAU_SEAL_TEXT_MAX octets, additional data of at most GBAU_ADDITIONAL_MAX; at most
 * GBAU_SEAL_OVERHEAD octets longer than the text. GBAU_E_UNSUPPORTED for CTR and CBC, which have no place in COSE,
 * and for a key whose B-TID is not known. Opening: GBAU_E_AUTHENTICATION when the message was not made with this key,
 * also when its kid or alg names another one (gbau_naf_message_names tells which); GBAU_E_MALFORMED when it is no
 * such message, or one segment of a stream.
 */
enum { GBAU_SEAL_OVERHEAD = 420, GBAU_SEAL_TEXT_MAX = 65536, GBAU_ADDITIONAL_MAX = 4096 };
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_seal(struct gbau_key *key, const void *additional_data,
                                                      size_t additional_length, const void *text, size_t text_length,
                                                      uint8_t *sealed, size_t capacity, size_t *length);
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_open_sealed(struct gbau_key *key, const void *additional_data,
                                                             size_t additional_length, const void *sealed,
                                                             size_t sealed_length, uint8_t *text, size_t capacity,
                                                             size_t *length);

/*
 * Authenticated messages (11.1): COSE_Mac0. The payload is in the message, readable by all; the message is at most
 * GBAU_SEAL_OVERHEAD octets longer. Errors as for sealed messages.
 */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_protect(struct gbau_key *key, const void *payload,
                                                         size_t payload_length, uint8_t *message, size_t capacity,
                                                         size_t *length);
/* *payload points into the message. */
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_check(struct gbau_key *key, const void *message, size_t message_length,
                                                       const uint8_t **payload, size_t *payload_length);

/*
 * Data of any length (11.2): up to GBAU_SEAL_TEXT_MAX octets as one sealed message, more as segments. Nothing is
 * given out before its segment was checked, and the last segment only when nothing stands behind it. Whoever gets an
 * error from gbau_key_open_stream throws away what was written: it is genuine, but not the whole. GBAU_E_MALFORMED
 * for a stream that was cut, put in another order, mixed with another, or made longer; GBAU_E_AUTHENTICATION for a
 * segment that was not made with this key.
 *
 * `read` gives up to `capacity` octets and 0 at the end; `write` takes all it is given; both return GBAU_OK or what
 * to end with.
 */
struct gbau_pipe {
    enum gbau_status (*read)(void *context, uint8_t *octets, size_t capacity, size_t *length);
    enum gbau_status (*write)(void *context, const uint8_t *octets, size_t length);
    void *context;
};
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_seal_stream(struct gbau_key *key, const struct gbau_pipe *pipe);
GBAU_API GBAU_MUST_USE enum gbau_status gbau_key_open_stream(struct gbau_key *key, const struct gbau_pipe *pipe);

#ifdef __cplusplus
}
#endif
#endif
