/* aka_types.h: the quantities of AKA (TS 33.102) as types of their own, so that a CK never passes for an IK. */
#ifndef CRYPTO_AKA_TYPES_H
#define CRYPTO_AKA_TYPES_H

#include <stddef.h>
#include <stdint.h>

enum {
    AKA_K_SIZE = 16,
    AKA_OPC_SIZE = 16,
    AKA_RAND_SIZE = 16,
    AKA_AUTN_SIZE = 16,
    AKA_AUTS_SIZE = 14,
    AKA_AMF_SIZE = 2,
    AKA_MAC_SIZE = 8,
    AKA_AK_SIZE = 6,
    AKA_CK_SIZE = 16,
    AKA_IK_SIZE = 16,
    AKA_RES_MAX_SIZE = 16,
    AKA_KS_SIZE = 32
};

struct aka_k {
    uint8_t octets[AKA_K_SIZE];
};
struct aka_opc {
    uint8_t octets[AKA_OPC_SIZE];
};
struct aka_rand {
    uint8_t octets[AKA_RAND_SIZE];
};
struct aka_autn {
    uint8_t octets[AKA_AUTN_SIZE]; /* SQN xor AK (6) || AMF (2) || MAC (8) */
};
struct aka_auts {
    uint8_t octets[AKA_AUTS_SIZE]; /* SQN_MS xor AK* (6) || MAC-S (8) */
};
struct aka_amf {
    uint8_t octets[AKA_AMF_SIZE];
};
struct aka_mac {
    uint8_t octets[AKA_MAC_SIZE];
};
struct aka_ak {
    uint8_t octets[AKA_AK_SIZE];
};
struct aka_ck {
    uint8_t octets[AKA_CK_SIZE];
};
struct aka_ik {
    uint8_t octets[AKA_IK_SIZE];
};
struct aka_res {
    uint8_t octets[AKA_RES_MAX_SIZE];
    size_t length; /* 4 to 16 */
};

/* SQN is 48 bits: SEQ (43) || IND (5) in the common profile of TS 33.102 annex C. */
typedef uint64_t aka_sqn;
#define AKA_SQN_MASK     0xffffffffffffULL
#define AKA_SQN_IND_BITS 5

/* SQN of (SQN xor AK), as AUTN conceals it. */
static inline aka_sqn aka_reveal_sqn(const uint8_t concealed[AKA_AK_SIZE], const struct aka_ak *ak)
{
    aka_sqn sqn = 0;
    for (size_t i = 0; i < AKA_AK_SIZE; i++) {
        sqn = sqn << 8 | (uint8_t)(concealed[i] ^ ak->octets[i]);
    }
    return sqn;
}

#endif
