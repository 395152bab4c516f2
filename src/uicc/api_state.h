/* api_state.h: what the GBA_U API keeps in RAM: open keys, and what of counters and limits is reserved in the memory.
 */
#ifndef UICC_API_STATE_H
#define UICC_API_STATE_H

#include "key/key_authentication.h"
#include "uicc/card_layout.h"

enum {
    API_SESSIONS = 5,
    API_B_TID_MAX = 127,      /* a longer B-TID is not known */
    API_NO_RECORD = 0xff,     /* a key that does not come from a persisted one */
    API_ENDED_RECORD = 0xfe,  /* one that does, but the persisted key has ended */
    API_AUTHENTICATION = 0x10 /* what is under way, beside the operations of api_coding.h */
};

/* Where a key comes from. A key that is made of another one has the same origin. */
struct api_origin {
    uint8_t caller_length;
    uint8_t caller[APPLICATION_CALLER_MAX];
    uint8_t naf_id[SHA256_SIZE]; /* its hash */
    uint8_t b_tid_length;
    uint8_t b_tid[API_B_TID_MAX];
    uint8_t record;      /* of the persisted key that it comes from, or API_NO_RECORD, API_ENDED_RECORD */
    uint32_t limited_by; /* version of the policy whose limit binds it; 0: none does */
};

/* A key that is open: what a handle names. It keeps working when its NAF key is overwritten. Holds secrets. */
struct api_session {
    bool open;
    uint8_t channel;
    uint8_t under_way; /* an operation, API_AUTHENTICATION, or 0 */
    bool text_has_begun;
    uint8_t label_length;
    uint8_t label[APPLICATION_LABEL_MAX];
    struct application_key key;
    struct api_origin origin;
    uint32_t text_left; /* octets that the message under way may still have */
    uint32_t messages;  /* sealed under this handle */
    union {
        struct aead_stream aead;
        struct block_mode_stream block_mode;
        struct mac_stream mac;
        struct digest_stream digest;
        struct key_authentication authentication;
    };
};

struct api_state {
    struct api_session sessions[API_SESSIONS];
    uint8_t nonce_prefix[4]; /* random, new with every block: a card restored from a backup repeats no nonce */
    uint64_t next_nonce;
    uint64_t nonce_limit; /* nonces below it are reserved in the memory */
    /* Operations that are reserved in the memory and not used yet, by NAF key and by persisted key. */
    uint8_t naf_key_operations[CARD_MAX_NAF_KEYS];
    uint8_t persisted_key_operations[CARD_MAX_PERSISTED_KEYS];
};

#endif
