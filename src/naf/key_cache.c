/* key_cache.c: a direct-mapped table: what is overwritten is asked for again. */
#include "naf/key_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/secret.h"

struct key_cache {
    pthread_mutex_t mutex;
    const struct clock *clock;
    size_t slot_count;
    struct naf_keys *slots;
};

enum gbau_status key_cache_open(size_t maximum, const struct clock *clock, struct key_cache **cache)
{
    *cache = NULL;
    if (maximum < 1 || maximum > 1U << 20) {
        return GBAU_E_ARGUMENT;
    }
    struct key_cache *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    (void)pthread_mutex_init(&opened->mutex, NULL);
    opened->clock = clock;
    opened->slot_count = maximum;
    opened->slots = calloc(maximum, sizeof *opened->slots);
    if (opened->slots == NULL) {
        key_cache_close(opened);
        return GBAU_E_MEMORY;
    }
    *cache = opened;
    return GBAU_OK;
}

void key_cache_close(struct key_cache *cache)
{
    if (cache == NULL) {
        return;
    }
    if (cache->slots != NULL) {
        secret_wipe(cache->slots, cache->slot_count * sizeof *cache->slots);
    }
    free(cache->slots);
    (void)pthread_mutex_destroy(&cache->mutex);
    free(cache);
}

static struct naf_keys *slot_of(struct key_cache *cache, const char *b_tid, enum naf_use use)
{
    return &cache->slots[(hash_text(b_tid) ^ (uint32_t)use) % cache->slot_count];
}

bool key_cache_find(struct key_cache *cache, const char *b_tid, enum naf_use use, struct naf_keys *keys)
{
    const unix_time now = clock_now(cache->clock);
    (void)pthread_mutex_lock(&cache->mutex);
    struct naf_keys *slot = slot_of(cache, b_tid, use);
    bool found = slot->use == use && strcmp(slot->b_tid, b_tid) == 0 && slot->b_tid[0] != '\0';
    if (found && slot->expires <= now) {
        secret_wipe(slot, sizeof *slot);
        found = false;
    }
    if (found) {
        *keys = *slot;
    }
    (void)pthread_mutex_unlock(&cache->mutex);
    return found;
}

void key_cache_put(struct key_cache *cache, const struct naf_keys *keys)
{
    (void)pthread_mutex_lock(&cache->mutex);
    *slot_of(cache, keys->b_tid, keys->use) = *keys;
    (void)pthread_mutex_unlock(&cache->mutex);
}
