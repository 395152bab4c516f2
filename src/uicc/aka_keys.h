/*
 * aka_keys.h: an application's keys as they stand in the card's memory, one coding for each algorithm.
 *
 *     Milenage   K (16) | OPc (16) | own constants: 0 or 1 (1) | r1..r5 (5) | c1..c5 (5 x 16)
 *     TUAK       length of K (1) | length of RES (1) | iterations (1) | K (32) | TOPc (32)
 *     XOR        K (16)
 */
#ifndef UICC_AKA_KEYS_H
#define UICC_AKA_KEYS_H

#include "crypto/aka_functions.h"

enum {
    AKA_KEYS_MILENAGE_SIZE = AKA_K_SIZE + AKA_OPC_SIZE + 1 + 5 + 5 * 16,
    AKA_KEYS_TUAK_SIZE = 3 + TUAK_K_MAX + TUAK_TOPC_SIZE,
    AKA_KEYS_MAX = AKA_KEYS_MILENAGE_SIZE
};

/* Octets that the keys of an algorithm take; 0 for an unknown one. */
size_t aka_keys_size(enum aka_algorithm algorithm);

/* Milenage points to its constants: these are an operator's own. */
struct aka_keys {
    struct aka_functions functions;
    struct milenage_constants constants;
};

void aka_keys_write(struct octet_writer *writer, const struct aka_functions *functions);

/*
 * Reads what aka_keys_write wrote; `octets` has aka_keys_size(algorithm) octets. GBAU_E_CORRUPT for sizes that the
 * algorithm does not have. Holds secrets: wipe it. `keys` must stay where it is while it is used.
 */
GBAU_MUST_USE enum gbau_status aka_keys_read(struct octets octets, enum aka_algorithm algorithm, struct aka_keys *keys);

#endif
