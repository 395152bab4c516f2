/* bsf.c: the beginning and the end of a BSF. */
#include "bsf/bsf.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text_coding.h"
#include "bsf/bsf_private.h"

/* Every B-TID, base64(RAND) "@" FQDN, must fit. */
enum { FQDN_MAX = B_TID_SIZE - 1 - BASE64_LENGTH(AKA_RAND_SIZE) - 1 };

enum gbau_status bsf_open(const struct bsf_config *config, struct session_store *store, const struct clock *clock,
                          const struct log *log, struct bsf **bsf)
{
    *bsf = NULL;
    const size_t fqdn_length = strnlen(config->fqdn, sizeof config->fqdn);
    if (fqdn_length == 0 || fqdn_length > FQDN_MAX || config->key_lifetime_s == 0 ||
        config->naf_count > BSF_MAX_NAFS) {
        return GBAU_E_ARGUMENT;
    }
    struct bsf *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    opened->config = *config;
    opened->store = store;
    opened->clock = clock;
    opened->log = log;
    enum gbau_status status = crypto_pool_open(config->crypto_count, &opened->cryptos);
    if (status == GBAU_OK) {
        status = challenge_table_open(config->challenge_max, config->challenge_max_for_one,
                                      config->challenge_lifetime_s, clock, &opened->challenges);
    }
    if (status != GBAU_OK) {
        bsf_close(opened);
        return status;
    }
    *bsf = opened;
    return GBAU_OK;
}

void bsf_close(struct bsf *bsf)
{
    if (bsf == NULL) {
        return;
    }
    challenge_table_close(bsf->challenges);
    crypto_pool_close(bsf->cryptos);
    free(bsf);
}

size_t bsf_pending_challenges(const struct bsf *bsf)
{
    return challenge_table_count(bsf->challenges);
}

void ub_exchange_clear(struct ub_exchange *exchange)
{
    secret_wipe(exchange, sizeof *exchange);
}
