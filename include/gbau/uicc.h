/*
 * uicc.h: the card as a library. A software UICC that needs no heap, no operating system and no crypto library, for a
 * microcontroller or a program of yours (libgbau-uicc.a); and applets, which run on it and use keys of the GBA_U API
 * that no one outside the card ever gets.
 *
 *     gbau_uicc_power_on -> gbau_uicc_process ... -> gbau_uicc_power_off
 *
 * `gbau card create` makes the content of a card's memory. Lengths are in octets. Nothing allocates, and there is no
 * global state: one `struct gbau_uicc` serves one thread at a time.
 */
#ifndef GBAU_UICC_H
#define GBAU_UICC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gbau/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GBAU_UICC_RAM = 4352,         /* what a card needs beside its stack */
    GBAU_UICC_RESPONSE_MAX = 258, /* a response APDU with its status word */
    GBAU_UICC_APPLETS_MAX = 8
};

/* The RAM of a card that has power. Opaque; it holds secrets, which gbau_uicc_power_off wipes. */
struct gbau_uicc {
    uint64_t ram[GBAU_UICC_RAM / 8];
};

/* The card's memory: flash, or a file that is mapped. It is read in place and written through functions. */
struct gbau_uicc_memory {
    const uint8_t *memory;
    size_t size;
    /* Changes `length` octets at `offset`; afterwards `memory` shows them. A power failure may cut it anywhere. */
    enum gbau_status (*write)(void *context, size_t offset, const void *data, size_t length);
    /* Returns when what was written to `length` octets at `offset` will survive a power failure; more than that may. */
    enum gbau_status (*sync)(void *context, size_t offset, size_t length);
    void *context;
};

enum gbau_block_cipher { GBAU_BLOCK_AES_128, GBAU_BLOCK_AES_256, GBAU_BLOCK_SM4 };
enum gbau_compression { GBAU_COMPRESS_SHA_256, GBAU_COMPRESS_SM3 };

/* What a card's hardware or a library must be able to do; all else the card makes of it. */
struct gbau_uicc_primitives {
    /* Loads a key of 16 or 32 octets for one cipher and direction, until the next one for the same pair. */
    enum gbau_status (*set_key)(void *context, enum gbau_block_cipher cipher, bool decrypts, const uint8_t *key);
    /* Runs blocks of 16 octets, each by itself, through that key; `out` may be `in`. */
    enum gbau_status (*run)(void *context, enum gbau_block_cipher cipher, bool decrypts, const uint8_t *in,
                            uint8_t *out, size_t blocks);
    /* The compression function over blocks of 64 octets. */
    enum gbau_status (*compress)(void *context, enum gbau_compression compression, uint32_t chaining[8],
                                 const uint8_t *blocks, size_t count);
    enum gbau_status (*sha1)(void *context, const uint8_t *data, size_t length, uint8_t hash[20]);
    /* Random octets fit for keys. */
    enum gbau_status (*random)(void *context, uint8_t *out, size_t length);
    void *context;
};

/* Applets */

/* The GBA_U API as one applet sees it, on one logical channel, while it runs a command. */
struct gbau_api;

/* A command for an applet: CLA 8X or CX on a channel where it is selected. */
struct gbau_applet_command {
    uint8_t ins;
    uint8_t p1;
    uint8_t p2;
    const uint8_t *data;
    size_t length;
};

/* Where an applet writes what it answers. */
struct gbau_applet_response {
    uint8_t *data;
    size_t capacity; /* 256 */
    size_t length;
};

/*
 * An applet: SELECT by its AID makes it the one to which commands of class 8X and CX go. `process` returns a status
 * word; the response's data goes out with 9000, 62XX and 63XX only. Its keys are its own: it needs lines with its AID
 * in EF_AC_GBAUAPI, and no other applet, nor anyone outside, can open what it opens.
 */
struct gbau_applet {
    const uint8_t *aid;
    size_t aid_length; /* 5 to 16 */
    uint16_t (*process)(void *context, struct gbau_api *api, const struct gbau_applet_command *command,
                        struct gbau_applet_response *response);
    void *context;
};

/*
 * The API's functions give status words of docs/gba_u-api.md clause 13: 9000, or what went wrong, which an applet may
 * hand on as it is. Handles end with the applet's selection. Usages, directions and algorithms are the numbers
 * of 4.2, 4.3, 12.
 */
enum { GBAU_SW_OK = 0x9000 };

struct gbau_api_request {
    const uint8_t *naf_id; /* FQDN and five octets of protocol; not needed for usage hash */
    size_t naf_id_length;
    uint8_t usage;
    uint8_t direction;
    uint8_t algorithm;
    const uint8_t *label; /* 1 to 64 octets; not needed for usage hash */
    size_t label_length;
    const uint8_t *context; /* 0 to 64 */
    size_t context_length;
};

/* A key distributed from the NAF key of a NAF_ID; a child of a key of usage derive (`naf_id` is not looked at). */
GBAU_MUST_USE uint16_t gbau_api_open(struct gbau_api *api, const struct gbau_api_request *request, uint8_t *handle);
GBAU_MUST_USE uint16_t gbau_api_derive(struct gbau_api *api, uint8_t parent, const struct gbau_api_request *request,
                                       uint8_t *handle);
GBAU_MUST_USE uint16_t gbau_api_close(struct gbau_api *api, uint8_t handle);

/* Keeps a key beyond its NAF key, for so many operations (UINT32_MAX: no limit); opens and deletes it. */
GBAU_MUST_USE uint16_t gbau_api_persist(struct gbau_api *api, uint8_t handle, uint32_t operations);
GBAU_MUST_USE uint16_t gbau_api_open_persisted(struct gbau_api *api, const struct gbau_api_request *name,
                                               uint8_t *handle);
GBAU_MUST_USE uint16_t gbau_api_delete_persisted(struct gbau_api *api, const struct gbau_api_request *name);

enum { GBAU_API_ENCRYPT = 1, GBAU_API_DECRYPT = 2, GBAU_API_MAC = 3, GBAU_API_VERIFY = 4, GBAU_API_HASH = 5 };

/* A block of a message (8.4). A pointer that is NULL is an object that is absent. */
struct gbau_api_block {
    uint8_t operation;
    bool is_first;
    bool is_last;
    const uint8_t *additional_data;
    size_t additional_length; /* at most 200, as is the text */
    const uint8_t *text;      /* or ciphertext, or data */
    size_t text_length;
    const uint8_t *nonce;
    size_t nonce_length;
    const uint8_t *lengths; /* of CCM in several blocks: 8 octets */
    const uint8_t *authenticator;
    size_t authenticator_length;
};

struct gbau_api_output {
    uint8_t nonce[16];
    size_t nonce_length;
    uint8_t text[232]; /* a last block of CBC has what waited, and padding */
    size_t text_length;
    uint8_t authenticator[32]; /* tag, MAC or hash */
    size_t authenticator_length;
};

GBAU_MUST_USE uint16_t gbau_api_process(struct gbau_api *api, uint8_t handle, const struct gbau_api_block *block,
                                        struct gbau_api_output *output);

/*
 * Mutual authentication with whoever has the key at the other end (9), under a handle of usage authenticate. The
 * initiator begins, sends RI, and finishes with RR and TR; the responder answers RI, and confirms with TI. Either gets
 * the handle of a session key, of usage derive. One run at a time is under way on a handle.
 */
enum { GBAU_API_NONCE_SIZE = 16, GBAU_API_MAC_MAX = 32 };

struct gbau_api_mac {
    uint8_t octets[GBAU_API_MAC_MAX];
    size_t length; /* 16 or 32, as the key's algorithm says */
};

GBAU_MUST_USE uint16_t gbau_api_authenticate_begin(struct gbau_api *api, uint8_t handle,
                                                   uint8_t initiator_nonce[GBAU_API_NONCE_SIZE]);
GBAU_MUST_USE uint16_t gbau_api_authenticate_finish(struct gbau_api *api, uint8_t handle,
                                                    const uint8_t responder_nonce[GBAU_API_NONCE_SIZE],
                                                    const struct gbau_api_mac *responder_mac, struct gbau_api_mac *mac,
                                                    uint8_t *session_handle);
/* `policy_version` is that of the NAF's policy on the card, which goes to the initiator with RR and TR. */
GBAU_MUST_USE uint16_t gbau_api_authenticate_answer(struct gbau_api *api, uint8_t handle,
                                                    const uint8_t initiator_nonce[GBAU_API_NONCE_SIZE],
                                                    uint8_t responder_nonce[GBAU_API_NONCE_SIZE],
                                                    struct gbau_api_mac *mac, uint32_t *policy_version);
GBAU_MUST_USE uint16_t gbau_api_authenticate_confirm(struct gbau_api *api, uint8_t handle,
                                                     const struct gbau_api_mac *initiator_mac,
                                                     uint8_t *session_handle);

/* What of a key anyone who may use it may see; views of the card's memory, valid until the next call. */
struct gbau_api_key {
    const uint8_t *naf_id; /* in a list */
    size_t naf_id_length;
    const uint8_t *b_tid; /* in a list; empty: unknown */
    size_t b_tid_length;
    const uint8_t *label; /* of a persisted or an unwrapped key, as are the next three */
    size_t label_length;
    uint8_t usage;
    uint8_t direction;
    uint8_t algorithm;
    uint32_t policy_version; /* of a NAF key in a list */
    uint32_t operations;     /* left, in a list; UINT32_MAX: no limit */
};

/* Keys that move (8.7): out of a handle of usage export, or sealed under one of usage wrap, and in again. */
enum { GBAU_API_KEY_SIZE = 32, GBAU_API_WRAPPED_MAX = 100 };

struct gbau_api_wrapped {
    uint8_t nonce[12];
    uint8_t ciphertext[GBAU_API_WRAPPED_MAX];
    size_t length; /* of the ciphertext */
    uint8_t tag[16];
};

GBAU_MUST_USE uint16_t gbau_api_export(struct gbau_api *api, uint8_t handle, uint8_t key[GBAU_API_KEY_SIZE]);
GBAU_MUST_USE uint16_t gbau_api_wrap(struct gbau_api *api, uint8_t handle, uint8_t other,
                                     struct gbau_api_wrapped *wrapped);
GBAU_MUST_USE uint16_t gbau_api_unwrap(struct gbau_api *api, uint8_t handle, const struct gbau_api_wrapped *wrapped,
                                       uint8_t *unwrapped, struct gbau_api_key *key);

/* Entry `index`, from 0, of the NAF keys, or of the persisted keys, that this applet may use; 6A83 behind the last. */
GBAU_MUST_USE uint16_t gbau_api_list(struct gbau_api *api, bool persisted, uint8_t index, struct gbau_api_key *key);

/* A number greater than any before, on this card. */
GBAU_MUST_USE uint16_t gbau_api_counter(struct gbau_api *api, uint64_t *counter);

/* A policy or revocation of a NAF, A0 or A1 with tag and length, and its MAC of 32 octets (10). */
GBAU_MUST_USE uint16_t gbau_api_apply(struct gbau_api *api, const uint8_t *naf_id, size_t naf_id_length,
                                      const uint8_t *object, size_t object_length, const uint8_t *mac);

GBAU_MUST_USE uint16_t gbau_api_random(struct gbau_api *api, uint8_t *out, size_t length);

/* The card */

/*
 * Powers a card up: checks its memory, finishes interrupted writes, resets. All that is handed in is borrowed until
 * gbau_uicc_power_off; `applets` may be NULL. GBAU_E_MALFORMED and GBAU_E_CORRUPT for a memory that is no card's or is
 * damaged, GBAU_E_STORAGE; GBAU_E_ARGUMENT for an AID that is taken, or too many applets.
 */
GBAU_MUST_USE enum gbau_status gbau_uicc_power_on(struct gbau_uicc *card, const struct gbau_uicc_memory *memory,
                                                  const struct gbau_uicc_primitives *primitives,
                                                  const struct gbau_applet *applets, size_t applet_count);

/* Runs one command APDU; writes the response APDU and returns its length, at least 2. Never fails: errors are in SW. */
size_t gbau_uicc_process(struct gbau_uicc *card, const uint8_t *command, size_t length,
                         uint8_t response[GBAU_UICC_RESPONSE_MAX]);

/* A warm reset, and the answer to it. */
void gbau_uicc_reset(struct gbau_uicc *card);
const uint8_t *gbau_uicc_atr(size_t *length);

void gbau_uicc_power_off(struct gbau_uicc *card);

#ifdef __cplusplus
}
#endif
#endif
