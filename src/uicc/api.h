/*
 * api.h: the GBA_U API inside the card (docs/gba_u-api.md clauses 5 to 10), whoever calls: the API's applet, which
 * speaks for everyone outside, is one caller, an applet on the card is another, and the same functions rule both.
 *
 * Every function gives a status word of clause 13. Handles are valid for their caller on their channel only. Views are
 * borrowed for the call. An absent object is a view without data; octets_of("", 0) is one that is there and empty.
 */
#ifndef UICC_API_H
#define UICC_API_H

#include "key/api_coding.h"
#include "uicc/command.h"

/* Who calls, and on which logical channel. */
struct api_caller {
    struct uicc *uicc;
    struct octets aid;
    uint8_t channel;
};

/* What of a key anyone may see. */
struct api_key_view {
    struct octets naf_id;
    struct octets b_tid;
    struct octets label; /* of a persisted key, as all but the last two */
    enum key_usage usage;
    enum key_direction direction;
    enum key_algorithm algorithm;
    uint32_t policy_version; /* of a NAF key */
    uint32_t operations;     /* left; KEY_OPERATIONS_UNLIMITED */
};

/* api_session.c: handles */

/* A key derived from the NAF key of `naf_id`, for `caller`; the description's caller is not looked at. */
enum status_word api_open_derived(const struct api_caller *caller, struct octets naf_id,
                                  const struct application_key_description *description, uint8_t *handle);

/* A handle for a hash, for which nobody needs a right. */
enum status_word api_open_hash(const struct api_caller *caller, unsigned algorithm, uint8_t *handle);

enum status_word api_close(const struct api_caller *caller, uint8_t handle);

/* api_process.c: blocks of messages (8.4) */

struct api_block {
    enum api_operation operation;
    bool is_first;
    bool is_last;
    struct octets additional_data;
    struct octets text; /* or ciphertext, or data */
    struct octets nonce;
    struct octets lengths; /* as they stand in 8A */
    struct octets authenticator;
};

/* What a block gives. */
struct api_block_output {
    uint8_t nonce[BLOCK_MODE_IV_SIZE];
    uint8_t nonce_length;
    struct octet_writer text; /* the caller's, empty, with room for the block's text and 2 * AES_BLOCK_SIZE more */
    uint8_t authenticator[MAC_MAX_SIZE];
    uint8_t authenticator_length;
};

/* Text and additional data must not be longer than uicc->piece_size. Unless SW_OK the output is empty and wiped. */
enum status_word api_process(const struct api_caller *caller, uint8_t handle, const struct api_block *block,
                             struct api_block_output *output);

/* api_authenticate.c: mutual authentication (9) */

struct api_authenticator {
    uint8_t octets[MAC_MAX_SIZE];
    size_t length;
};

/* Initiator: begin gives RI; finish takes RR and TR, gives TI and a session key. */
enum status_word api_authenticate_begin(const struct api_caller *caller, uint8_t handle,
                                        uint8_t initiator_nonce[KEY_AUTHENTICATION_NONCE_SIZE]);
enum status_word api_authenticate_finish(const struct api_caller *caller, uint8_t handle, struct octets responder_nonce,
                                         struct octets responder_mac, struct api_authenticator *mac,
                                         uint8_t *session_handle);

/* Responder: answer takes RI, gives RR, TR and the policy's version; confirm takes TI, gives a session key. */
enum status_word api_authenticate_answer(const struct api_caller *caller, uint8_t handle, struct octets initiator_nonce,
                                         uint8_t responder_nonce[KEY_AUTHENTICATION_NONCE_SIZE],
                                         struct api_authenticator *mac, uint32_t *policy_version);
enum status_word api_authenticate_confirm(const struct api_caller *caller, uint8_t handle, struct octets initiator_mac,
                                          uint8_t *session_handle);

/* api_transfer.c: keys made of keys, and keys that move (8.6, 8.7) */

enum { API_WRAPPED_KEY_MAX = 4 + APPLICATION_LABEL_MAX + APPLICATION_KEY_SIZE };

struct api_wrapped_key {
    uint8_t nonce[AEAD_NONCE_SIZE];
    uint8_t ciphertext[API_WRAPPED_KEY_MAX];
    size_t length;
    uint8_t tag[AEAD_TAG_SIZE];
};

enum status_word api_derive(const struct api_caller *caller, uint8_t handle,
                            const struct application_key_description *description, uint8_t *child);
enum status_word api_export(const struct api_caller *caller, uint8_t handle, uint8_t key[APPLICATION_KEY_SIZE]);
enum status_word api_wrap(const struct api_caller *caller, uint8_t handle, uint8_t other,
                          struct api_wrapped_key *wrapped);
/* `view` gets label, usage, direction and algorithm of the key that came; the label is of the card's memory. */
enum status_word api_unwrap(const struct api_caller *caller, uint8_t handle, struct octets nonce,
                            struct octets ciphertext, struct octets tag, uint8_t *unwrapped,
                            struct api_key_view *view);

/* api_persist.c: persisted keys (6.3, 8.8) and lists (8.2) */

enum status_word api_open_persisted(const struct api_caller *caller, struct octets naf_id, struct octets label,
                                    uint8_t *handle);
enum status_word api_persist(const struct api_caller *caller, uint8_t handle, uint32_t operations);
enum status_word api_delete_persisted(const struct api_caller *caller, struct octets naf_id, struct octets label);

/* The key number `index` of those that the caller may use. The view is of the card's memory. */
enum status_word api_list_naf_keys(const struct api_caller *caller, uint8_t index, struct api_key_view *view);
enum status_word api_list_persisted_keys(const struct api_caller *caller, uint8_t index, struct api_key_view *view);

/* api_apply.c: what the NAF rules (10). `object` is A0 or A1 with tag and length. */

enum status_word api_apply(const struct api_caller *caller, struct octets naf_id, struct octets object,
                           struct octets mac);

/* api_nonce.c: eight octets that only grow (8.10) */

enum status_word api_counter(const struct api_caller *caller, uint64_t *counter);

#endif
