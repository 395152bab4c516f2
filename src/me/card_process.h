/*
 * card_process.h: one operation of PROCESS under a key that is open in the card, in as many blocks as it takes
 * (docs/gba_u-api.md 8.4).
 */
#ifndef ME_CARD_PROCESS_H
#define ME_CARD_PROCESS_H

#include "key/key_algorithm.h"
#include "me/card_api.h"

struct card_process {
    struct card_api *api;
    uint8_t handle;
    enum api_operation operation;
    const struct key_algorithm_properties *algorithm;
    struct octets nonce;           /* to decrypt with; else empty */
    uint8_t *made_nonce;           /* room for the one that the card makes to encrypt; else NULL */
    struct octets additional_data; /* of an AEAD */
    const struct octets *parts;    /* text, ciphertext or data: one after the other */
    size_t part_count;
    struct octets authenticator; /* tag or MAC that the card is to check; else empty */
};

/*
 * Runs the operation and writes what the card made: text, then tag or MAC, as far as the operation has them. How much
 * that is was checked against the algorithm. After a failure, `out` holds what must be wiped: text
 * whose tag was not checked. Errors as card_api_run.
 */
GBAU_MUST_USE enum gbau_status card_process_run(const struct card_process *process, struct octet_writer *out);

#endif
