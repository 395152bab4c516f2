/* nonce_table.c: a direct-mapped table of random nonces; one that is overwritten is merely stale. */
#include "naf/nonce_table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/text_coding.h"

enum { SLOT_COUNT = 8192, NONCE_OCTETS = (NONCE_TEXT_SIZE - 1) / 2 };

struct slot {
    uint8_t nonce[NONCE_OCTETS];
    uint32_t count;
    unix_time ends; /* 0: empty */
};

struct nonce_table {
    pthread_mutex_t mutex;
    const struct clock *clock;
    unsigned lifetime_s;
    struct slot slots[SLOT_COUNT];
};

enum gbau_status nonce_table_open(unsigned lifetime_s, const struct clock *clock, struct nonce_table **table)
{
    *table = calloc(1, sizeof **table);
    if (*table == NULL) {
        return GBAU_E_MEMORY;
    }
    (void)pthread_mutex_init(&(*table)->mutex, NULL);
    (*table)->clock = clock;
    (*table)->lifetime_s = lifetime_s;
    return GBAU_OK;
}

void nonce_table_close(struct nonce_table *table)
{
    if (table == NULL) {
        return;
    }
    (void)pthread_mutex_destroy(&table->mutex);
    free(table);
}

static struct slot *slot_of(struct nonce_table *table, const uint8_t nonce[NONCE_OCTETS])
{
    uint32_t hash = 0;
    memcpy(&hash, nonce, sizeof hash); /* the nonce is random */
    return &table->slots[hash % SLOT_COUNT];
}

enum gbau_status nonce_table_issue(struct nonce_table *table, struct crypto *crypto, char nonce[NONCE_TEXT_SIZE])
{
    uint8_t octets[NONCE_OCTETS];
    enum gbau_status status = crypto_random(crypto, octets, sizeof octets);
    if (status != GBAU_OK) {
        return status;
    }
    (void)pthread_mutex_lock(&table->mutex);
    struct slot *slot = slot_of(table, octets);
    *slot = (struct slot){.ends = clock_now(table->clock) + table->lifetime_s};
    memcpy(slot->nonce, octets, sizeof octets);
    (void)pthread_mutex_unlock(&table->mutex);
    return hex_encode(octets_of(octets, sizeof octets), nonce, NONCE_TEXT_SIZE);
}

enum nonce_judgement nonce_table_judge(struct nonce_table *table, const char *nonce, uint32_t count)
{
    uint8_t octets[NONCE_OCTETS];
    if (hex_decode_exactly(octets_of_text(nonce), octets, sizeof octets) != GBAU_OK) {
        return NONCE_STALE;
    }
    enum nonce_judgement judgement = NONCE_STALE;
    (void)pthread_mutex_lock(&table->mutex);
    struct slot *slot = slot_of(table, octets);
    if (memcmp(slot->nonce, octets, sizeof octets) == 0 && clock_now(table->clock) < slot->ends) {
        judgement = count > slot->count ? NONCE_GOOD : NONCE_REPLAYED;
        slot->count = count > slot->count ? count : slot->count;
    }
    (void)pthread_mutex_unlock(&table->mutex);
    return judgement;
}
