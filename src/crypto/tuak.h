/* tuak.h: the TUAK algorithm set f1, f1*, f2 to f5, f5* (TS 35.231), in all its sizes. Needs no operating system. */
#ifndef CRYPTO_TUAK_H
#define CRYPTO_TUAK_H

#include "base/octets.h"
#include "crypto/aka_types.h"

enum { TUAK_K_MAX = 32, TUAK_TOPC_SIZE = 32, TUAK_OUTPUT_MAX = 32 };

/* Lengths in octets, as the operator chose them. */
struct tuak_sizes {
    size_t k;   /* 16 or 32 */
    size_t mac; /* 8, 16 or 32 */
    size_t res; /* 4, 8, 16 or 32 */
    size_t ck;  /* 16 or 32 */
    size_t ik;  /* 16 or 32 */
};

/* One subscriber's TUAK. Holds secrets: end it with tuak_clear. */
struct tuak {
    struct tuak_sizes sizes;
    unsigned iterations; /* of the permutation, at least 1 */
    uint8_t k[TUAK_K_MAX];
    uint8_t topc[TUAK_TOPC_SIZE];
};

/* What f2 to f5 give for one RAND. Holds secrets: wipe it. */
struct tuak_f2345 {
    uint8_t res[TUAK_OUTPUT_MAX];
    uint8_t ck[TUAK_OUTPUT_MAX];
    uint8_t ik[TUAK_OUTPUT_MAX];
    struct aka_ak ak;
};

/* GBAU_E_ARGUMENT for sizes or iterations that TUAK does not have. */
GBAU_MUST_USE enum gbau_status tuak_check(const struct tuak *tuak);

/* TOPc of the operator's TOP and tuak->k (35.231 clause 6.1); tuak->topc is not used. */
void tuak_compute_topc(const struct tuak *tuak, const uint8_t top[TUAK_TOPC_SIZE], uint8_t topc[TUAK_TOPC_SIZE]);

/* f1 (MAC-A): sizes.mac octets. */
void tuak_f1(const struct tuak *tuak, const struct aka_rand *rand, aka_sqn sqn, const struct aka_amf *amf,
             uint8_t mac[TUAK_OUTPUT_MAX]);

/* f1* (MAC-S): sizes.mac octets. */
void tuak_f1star(const struct tuak *tuak, const struct aka_rand *rand, aka_sqn sqn, const struct aka_amf *amf,
                 uint8_t mac[TUAK_OUTPUT_MAX]);

/* f2 (RES), f3 (CK), f4 (IK) and f5 (AK) in one permutation. */
void tuak_f2345(const struct tuak *tuak, const struct aka_rand *rand, struct tuak_f2345 *out);

/* f5* (AK for resynchronisation). */
void tuak_f5star(const struct tuak *tuak, const struct aka_rand *rand, struct aka_ak *ak);

void tuak_clear(struct tuak *tuak);

#endif
