/*
 * aka_functions.h: f1 to f5* of whichever algorithm a subscriber has: Milenage, TUAK, or the test algorithm XOR.
 *
 * Card and authentication centre call these; what stands behind them is chosen by the subscriber's keys.
 */
#ifndef CRYPTO_AKA_FUNCTIONS_H
#define CRYPTO_AKA_FUNCTIONS_H

#include "crypto/milenage.h"
#include "crypto/tuak.h"

/* The values stand in card images and databases: they stay. */
enum aka_algorithm {
    AKA_ALGORITHM_MILENAGE = 1,
    AKA_ALGORITHM_TUAK = 2,
    AKA_ALGORITHM_XOR = 3 /* TS 34.108 8.1.2: for tests only, hides nothing ([M]) */
};

/* One subscriber's algorithm with its keys. Holds secrets: end it with aka_functions_clear. */
struct aka_functions {
    enum aka_algorithm algorithm;
    union {
        struct milenage milenage;
        struct tuak tuak;
        struct aka_k xor_k;
    } keys;
};

/* What f2 to f5 give for one RAND. Holds secrets: wipe it. */
struct aka_f2345 {
    struct aka_res res;
    struct aka_ck ck;
    struct aka_ik ik;
    struct aka_ak ak;
};

/* Milenage with the usual constants. */
struct aka_functions aka_functions_of_milenage(const struct aka_k *k, const struct aka_opc *opc);

/*
 * GBAU_E_ARGUMENT for an unknown algorithm, or for sizes that AKA has no room for: in AKA the MAC has 64 bits, RES at
 * most 128, CK and IK have 128 (33.102 6.3.7).
 */
GBAU_MUST_USE enum gbau_status aka_functions_check(const struct aka_functions *functions);

/* f1: MAC-A. */
GBAU_MUST_USE enum gbau_status aka_f1(struct crypto *crypto, const struct aka_functions *functions,
                                      const struct aka_rand *rand, aka_sqn sqn, const struct aka_amf *amf,
                                      struct aka_mac *mac_a);

/* f1*: MAC-S. */
GBAU_MUST_USE enum gbau_status aka_f1star(struct crypto *crypto, const struct aka_functions *functions,
                                          const struct aka_rand *rand, aka_sqn sqn, const struct aka_amf *amf,
                                          struct aka_mac *mac_s);

/* f2 to f5. */
GBAU_MUST_USE enum gbau_status aka_f2345(struct crypto *crypto, const struct aka_functions *functions,
                                         const struct aka_rand *rand, struct aka_f2345 *out);

/* f2 to f5, the SQN that AK reveals, and the MAC-A that AUTN should hold for it (33.102 6.3.3). */
GBAU_MUST_USE enum gbau_status aka_challenge(struct crypto *crypto, const struct aka_functions *functions,
                                                   const struct aka_rand *rand,
                                                   const uint8_t concealed_sqn[AKA_AK_SIZE], const struct aka_amf *amf,
                                                   struct aka_f2345 *out, aka_sqn *sqn, struct aka_mac *mac_a);

/* f5*. */
GBAU_MUST_USE enum gbau_status aka_f5star(struct crypto *crypto, const struct aka_functions *functions,
                                          const struct aka_rand *rand, struct aka_ak *ak);

void aka_functions_clear(struct aka_functions *functions);

#endif
