/*
 * sealed_message.h: a message sealed under an application key, as COSE_Encrypt0 (RFC 9052 5.2).
 *
 *     16([ protected: << {1: alg, 4: kid} >>, unprotected: {5: IV}, ciphertext || tag ])
 *
 * alg is 1 (A128GCM) or 3 (A256GCM); kid is the text "<B-TID>#<label>" in octets; IV has 12 octets. The additional data
 * of the AEAD is the Enc_structure [ "Encrypt0", protected, external_aad ], so any COSE library can open the message.
 * The writer works in two steps, because the card makes the nonce: first the additional data, then the message.
 */
#ifndef KEY_SEALED_MESSAGE_H
#define KEY_SEALED_MESSAGE_H

#include "key/application_key.h"

#define SEALED_MESSAGE_MEDIA_TYPE "application/cose; cose-type=\"cose-encrypt0\""

enum {
    SEALED_MESSAGE_B_TID_MAX = 255,
    SEALED_MESSAGE_AAD_MAX = 400, /* room for the Enc_structure without external AAD */
    SEALED_MESSAGE_OVERHEAD = 420 /* at most this much longer than the plaintext */
};

/* What names the key of a message. */
struct sealed_message_key {
    enum key_algorithm algorithm;
    struct octets b_tid; /* 1 to 255 octets, no '#' */
    struct octets label; /* 1 to 64 octets */
};

/* A message that has been read: views of its octets. */
struct sealed_message {
    struct sealed_message_key key;
    uint8_t nonce[AES_GCM_NONCE_SIZE];
    struct octets ciphertext;
    uint8_t tag[AES_GCM_TAG_SIZE];
    struct octets protected_header; /* as received: what the AEAD covers */
};

/* Writes the Enc_structure for `key` and `external_aad`. The writer fails for a key whose name is not as above. */
void sealed_message_write_aad(struct octet_writer *writer, const struct sealed_message_key *key,
                              struct octets external_aad);

/* Writes the message. `ciphertext` is without its tag. */
void sealed_message_write(struct octet_writer *writer, const struct sealed_message_key *key,
                          const uint8_t nonce[AES_GCM_NONCE_SIZE], struct octets ciphertext,
                          const uint8_t tag[AES_GCM_TAG_SIZE]);

/*
 * Reads an untrusted message, tagged or not. Demands the shape above in definite lengths, the two headers in either
 * order within their maps, nothing else. GBAU_E_MALFORMED; GBAU_E_UNSUPPORTED for another algorithm.
 */
GBAU_MUST_USE enum gbau_status sealed_message_read(struct octets octets, struct sealed_message *message);

/* Writes the Enc_structure of a message that was read. */
void sealed_message_write_received_aad(struct octet_writer *writer, const struct sealed_message *message,
                                       struct octets external_aad);

#endif
