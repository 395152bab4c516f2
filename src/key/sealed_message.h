/*
 * sealed_message.h: a message sealed under an application key, as COSE_Encrypt0 (RFC 9052 5.2), and one that is only
 * authenticated, as COSE_Mac0 (6.2); docs/gba_u-api.md clause 11.
 *
 *     16([ << {1: alg, 4: kid} >>, {5: IV}, ciphertext || tag ])
 *     17([ << {1: alg, 4: kid} >>, {}, payload, MAC ])
 *
 * alg is the algorithm's number in COSE; kid is the text "<B-TID>#<label>" in octets; IV has 12 octets. The additional
 * data of the AEAD is the Enc_structure [ "Encrypt0", protected, external_aad ], the MAC is over the MAC_structure
 * [ "MAC0", protected, external_aad, payload ], so any COSE library can open the messages. A segment of long data has a
 * third protected header, -65537: [ index, last, stream ]. Writers work in two steps, because the card makes nonce and
 * MAC: first what is authenticated, then the message.
 */
#ifndef KEY_SEALED_MESSAGE_H
#define KEY_SEALED_MESSAGE_H

#include "key/application_key.h"

#define SEALED_MESSAGE_MEDIA_TYPE "application/cose; cose-type=\"cose-encrypt0\""

enum {
    SEALED_MESSAGE_B_TID_MAX = 255,
    SEALED_MESSAGE_AAD_MAX = 440, /* room for the Enc_structure without external AAD */
    SEALED_MESSAGE_OVERHEAD = 420 /* at most this much longer than the plaintext */
};

/* Which part of long data a message is. */
struct sealed_message_segment {
    bool is_one;
    uint32_t index;
    bool last;
    struct octets stream; /* nonce of the segment with index 0; in that one: empty */
};

/* What names the key of a message. */
struct sealed_message_key {
    enum key_algorithm algorithm;
    struct octets b_tid; /* 1 to 255 octets, no '#' */
    struct octets label; /* 1 to 64 octets */
    struct sealed_message_segment segment;
};

/* A message that has been read: views of its octets. */
struct sealed_message {
    struct sealed_message_key key;
    uint8_t nonce[AEAD_NONCE_SIZE];
    struct octets body; /* ciphertext and tag */
    struct octets ciphertext;
    uint8_t tag[AEAD_TAG_SIZE];
    struct octets protected_header; /* as received: what the AEAD covers */
    size_t size;                    /* octets of the message; in a sequence the next one follows */
};

/* Writes the Enc_structure for `key` and `external_aad`. The writer fails for a key whose name is not as above. */
void sealed_message_write_aad(struct octet_writer *writer, const struct sealed_message_key *key,
                              struct octets external_aad);

/*
 * Writes the message up to its ciphertext of `text_length` octets, which the caller puts behind it with the tag. Gives
 * the place of the nonce, for the caller to fill; NULL when the writer has failed.
 */
uint8_t *sealed_message_write_head(struct octet_writer *writer, const struct sealed_message_key *key,
                                   size_t text_length);

/* Writes the message. `ciphertext` is without its tag. */
void sealed_message_write(struct octet_writer *writer, const struct sealed_message_key *key,
                          const uint8_t nonce[AEAD_NONCE_SIZE], struct octets ciphertext,
                          const uint8_t tag[AEAD_TAG_SIZE]);

/*
 * Reads an untrusted message, tagged or not. Demands the shape above in definite lengths, headers in any order within
 * their maps, nothing else. GBAU_E_MALFORMED; GBAU_E_UNSUPPORTED for another algorithm.
 */
GBAU_MUST_USE enum gbau_status sealed_message_read(struct octets octets, struct sealed_message *message);

/* The same for the first message of a sequence: what stands behind it is left alone. */
GBAU_MUST_USE enum gbau_status sealed_message_read_first(struct octets octets, struct sealed_message *message);

/* Writes the Enc_structure of a message that was read. */
void sealed_message_write_received_aad(struct octet_writer *writer, const struct sealed_message *message,
                                       struct octets external_aad);

/* An authenticated message that has been read: views of its octets. */
struct authenticated_message {
    struct sealed_message_key key;
    struct octets payload;
    struct octets mac;
    struct octets protected_header;
};

/* Writes the MAC_structure up to the head of the payload, whose octets follow it under the MAC. */
void authenticated_message_write_head(struct octet_writer *writer, const struct sealed_message_key *key,
                                      size_t payload_length);

void authenticated_message_write(struct octet_writer *writer, const struct sealed_message_key *key,
                                 struct octets payload, struct octets mac);

/* Reads an untrusted message; errors as sealed_message_read. */
GBAU_MUST_USE enum gbau_status authenticated_message_read(struct octets octets, struct authenticated_message *message);

/* As authenticated_message_write_head, of a message that was read. */
void authenticated_message_write_received_head(struct octet_writer *writer,
                                               const struct authenticated_message *message);

#endif
