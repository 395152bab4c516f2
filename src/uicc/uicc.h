/*
 * uicc.h: a software UICC: bytes in, bytes out (TS 102 221, TS 31.102).
 *
 * The card needs no heap, no operating system and no crypto library of its own: memory and primitives are handed in.
 * The caller owns `struct uicc`; nobody outside this room looks into it. One thread at a time.
 */
#ifndef UICC_UICC_H
#define UICC_UICC_H

#include "crypto/primitives.h"
#include "gbau/uicc.h"
#include "key/api_coding.h"
#include "uicc/api_state.h"
#include "uicc/card_layout.h"
#include "uicc/nvm.h"

enum {
    UICC_COMMAND_MAX = 261, /* a short APDU: header, Lc, 255 octets of data, Le */
    UICC_RESPONSE_MAX = 258,
    UICC_EXTENDED_COMMAND_MAX = 7 + API_PIECE_EXTENDED + API_BESIDE_PIECE_MAX + 2,
    UICC_EXTENDED_RESPONSE_MAX = API_PIECE_EXTENDED + 128,
    UICC_CHANNELS = 20
};

/* A logical channel: what is selected on it (TS 102 221 8.7). */
struct uicc_channel {
    bool open;
    uint8_t application; /* active one; CARD_NO_INDEX: none */
    uint8_t applet;      /* the embedder's that is selected, from 1; 0: none */
    uint8_t directory;   /* index of the current DF */
    uint8_t file;        /* index of the current EF; CARD_NO_INDEX: none */
    uint8_t record;      /* current record, 1..; 0: none */
};

/*
 * RETRIEVE or SET DATA whose next block is awaited. There is one on the card: it ends by any other command on its
 * channel, by the first block of one on another channel, and when its file is resized or deleted.
 */
struct uicc_transfer {
    uint8_t ins; /* 0: none */
    uint8_t channel;
    uint8_t file; /* index */
    uint16_t tag;
    uint16_t done; /* octets given or written */
    uint16_t total;
};

struct uicc {
    struct crypto *crypto;
    const struct gbau_applet *applets; /* the embedder's, beside those in the memory */
    size_t applet_count;
    struct nvm nvm;
    struct card_layout layout;
    uint32_t verified_pins; /* bit i: PIN i; valid on all channels (TS 102 221 11.1.9) */
    bool suspended;         /* nothing is answered until the power has gone */
    struct uicc_channel channels[UICC_CHANNELS];
    struct uicc_transfer transfer;
    size_t piece_size; /* octets of text that PROCESS takes in a block; over API_PIECE_MAX: by extended APDUs too */
    struct api_state api;
};

/*
 * Powers a card up: checks its memory, finishes interrupted writes, resets. `crypto` and the storage are borrowed until
 * uicc_power_off. GBAU_E_MALFORMED, GBAU_E_CORRUPT, GBAU_E_STORAGE as nvm_open.
 */
GBAU_MUST_USE enum gbau_status uicc_power_on(struct uicc *uicc, const struct nvm_storage *storage,
                                             struct crypto *crypto);

/* The same with applets, which are borrowed too. Also GBAU_E_ARGUMENT for an AID that is taken. */
GBAU_MUST_USE enum gbau_status uicc_power_on_with_applets(struct uicc *uicc, const struct nvm_storage *storage,
                                                          struct crypto *crypto, const struct gbau_applet *applets,
                                                          size_t applet_count);

/*
 * From now on PROCESS of the GBA_U API takes pieces of API_PIECE_EXTENDED octets by extended APDUs, and capabilities
 * say so. For a platform that carries commands of UICC_EXTENDED_COMMAND_MAX octets and calls uicc_process_into.
 */
void uicc_allow_extended(struct uicc *uicc);

/* A warm reset: PINs unverified, channels closed but for channel 0, MF selected. */
void uicc_reset(struct uicc *uicc);

/* Wipes all that the card kept in RAM. */
void uicc_power_off(struct uicc *uicc);

/*
 * Runs one command APDU and writes the response APDU, data and SW1 SW2, at APDU level: the whole response at once,
 * no 61XX and no GET RESPONSE (these are the transport's, see reader/t0_transport.h). `response` has room for
 * UICC_RESPONSE_MAX octets; returns how many were written, at least 2. Never fails: errors are status words.
 */
size_t uicc_process(struct uicc *uicc, struct octets command, uint8_t *response);

/* The same with room for `capacity` octets, at least UICC_RESPONSE_MAX. What has no room is 6F00. */
size_t uicc_process_into(struct uicc *uicc, struct octets command, uint8_t *response, size_t capacity);

/* The answer to reset (ISO/IEC 7816-3 clause 8): T=0, 20 channels. */
extern const struct octets uicc_atr;

/* The AID under which the GBA_U API's own applet is reached and named as a caller ([D], docs/architecture.md). */
extern const struct octets uicc_api_aid;

#endif
