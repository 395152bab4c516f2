/* aka_vector.h: authentication vectors as the home network makes and reads them (TS 33.102 6.3.2, 6.3.5). */
#ifndef KEY_AKA_VECTOR_H
#define KEY_AKA_VECTOR_H

#include "crypto/milenage.h"

/* One vector. Holds secrets: wipe it. */
struct aka_vector {
    struct aka_rand rand;
    struct aka_autn autn;
    struct aka_res xres;
    struct aka_ck ck;
    struct aka_ik ik;
};

/* AUTN, XRES, CK and IK for vector->rand, which the caller has filled with random octets. */
GBAU_MUST_USE enum gbau_status aka_vector_make(struct crypto *crypto, const struct milenage *milenage, aka_sqn sqn,
                                               const struct aka_amf *amf, struct aka_vector *vector);

/*
 * Checks AUTS and reveals SQN_MS: MAC-S over SQN_MS, RAND and AMF* = 0000 (33.102 6.3.3).
 * GBAU_E_AUTHENTICATION when MAC-S is wrong.
 */
GBAU_MUST_USE enum gbau_status aka_read_auts(struct crypto *crypto, const struct milenage *milenage,
                                             const struct aka_rand *rand, const struct aka_auts *auts,
                                             aka_sqn *sqn_ms);

#endif
