/* milenage.h: the Milenage algorithm set f1, f1*, f2 to f5, f5* (TS 35.206). */
#ifndef CRYPTO_MILENAGE_H
#define CRYPTO_MILENAGE_H

#include "crypto/aka_types.h"
#include "crypto/primitives.h"

/* The operator's rotations and constants; milenage_default_constants unless the operator chose others. */
struct milenage_constants {
    uint8_t rotation[5]; /* r1 to r5 in bits, multiples of 8 */
    uint8_t constant[5][AES_BLOCK_SIZE];
};

extern const struct milenage_constants milenage_default_constants;

/* One subscriber's Milenage. Holds secrets: end it with milenage_clear. */
struct milenage {
    struct aka_k k;
    struct aka_opc opc;
    const struct milenage_constants *constants; /* borrowed */
};

/* What f2 to f5 give for one RAND. Holds secrets: wipe it. */
struct milenage_f2345 {
    uint8_t res[8];
    struct aka_ck ck;
    struct aka_ik ik;
    struct aka_ak ak;
};

/* OPc = OP xor E_K(OP) (35.206 clause 4.1). */
GBAU_MUST_USE enum gbau_status milenage_compute_opc(struct crypto *crypto, const struct aka_k *k,
                                                    const uint8_t op[AKA_OPC_SIZE], struct aka_opc *opc);

/* f1 (MAC-A) and f1* (MAC-S); either output may be NULL. */
GBAU_MUST_USE enum gbau_status milenage_f1(struct crypto *crypto, const struct milenage *milenage,
                                           const struct aka_rand *rand, aka_sqn sqn, const struct aka_amf *amf,
                                           struct aka_mac *mac_a, struct aka_mac *mac_s);

/* f2 (RES), f3 (CK), f4 (IK) and f5 (AK). */
GBAU_MUST_USE enum gbau_status milenage_f2345(struct crypto *crypto, const struct milenage *milenage,
                                              const struct aka_rand *rand, struct milenage_f2345 *out);

/*
 * What a card needs to check AUTN: f2 to f5, the SQN that AK reveals, and the MAC-A that AUTN should hold; one block of
 * AES and one load of the key less than f2345 and f1 by themselves.
 */
GBAU_MUST_USE enum gbau_status milenage_challenge(struct crypto *crypto, const struct milenage *milenage,
                                              const struct aka_rand *rand, const uint8_t concealed_sqn[AKA_AK_SIZE],
                                              const struct aka_amf *amf, struct milenage_f2345 *out, aka_sqn *sqn,
                                              struct aka_mac *mac_a);

/* f5* (AK for resynchronisation). */
GBAU_MUST_USE enum gbau_status milenage_f5star(struct crypto *crypto, const struct milenage *milenage,
                                               const struct aka_rand *rand, struct aka_ak *ak);

/* f1 to f5 at once, as an authentication centre needs them: two calls of AES instead of four. */
GBAU_MUST_USE enum gbau_status milenage_vector(struct crypto *crypto, const struct milenage *milenage,
                                               const struct aka_rand *rand, aka_sqn sqn, const struct aka_amf *amf,
                                               struct aka_mac *mac_a, struct milenage_f2345 *out);

/* Wipes K and OPc. */
void milenage_clear(struct milenage *milenage);

#endif
