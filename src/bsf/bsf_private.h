/* bsf_private.h: what ub.c and zn.c share; private to this room. */
#ifndef BSF_BSF_PRIVATE_H
#define BSF_BSF_PRIVATE_H

#include "bsf/bsf.h"
#include "bsf/challenge_table.h"
#include "crypto/crypto_pool.h"

struct bsf {
    struct bsf_config config;
    struct session_store *store;
    const struct clock *clock;
    const struct log *log;
    struct crypto_pool *cryptos;
    struct challenge_table *challenges;
};

#endif
