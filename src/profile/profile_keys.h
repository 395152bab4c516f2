/* profile_keys.h: an algorithm with its keys as people give them: OP or OPc, TOP or TOPc. */
#ifndef PROFILE_PROFILE_KEYS_H
#define PROFILE_PROFILE_KEYS_H

#include "crypto/aka_functions.h"

enum { PROFILE_OPERATOR_KEY_MAX = TUAK_TOPC_SIZE };

/* Holds secrets. */
struct profile_keys {
    enum aka_algorithm algorithm;
    size_t k_length; /* 0: not given */
    uint8_t k[TUAK_K_MAX];
    size_t operator_length;  /* 0: not given */
    bool operator_is_common; /* OP or TOP, of which OPc or TOPc is made with K */
    uint8_t operator_key[PROFILE_OPERATOR_KEY_MAX];
    bool has_constants; /* else the usual ones */
    struct milenage_constants constants;
    unsigned tuak_res_bits;
    unsigned tuak_iterations;
};

#define PROFILE_KEYS_DEFAULT                                                                                           \
    ((struct profile_keys){.algorithm = AKA_ALGORITHM_MILENAGE,                                                        \
                           .constants = milenage_default_constants,                                                    \
                           .tuak_res_bits = 64,                                                                        \
                           .tuak_iterations = 1})

/* What is not as it should be, in words; NULL when all is well. */
const char *profile_keys_problem(const struct profile_keys *keys);

/* The functions that the card runs, of keys without a problem. They point to keys->constants. */
GBAU_MUST_USE enum gbau_status profile_keys_finish(const struct profile_keys *keys, struct crypto *crypto,
                                                   struct aka_functions *functions);

#endif
