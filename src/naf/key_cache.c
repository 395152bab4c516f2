/* key_cache.c: a table in which keys lie within a window behind the place of their name. */
#include "naf/key_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/secret.h"

/* Wide enough that a table half full has room for everyone; what is overwritten has to be asked for again. */
enum { WINDOW = 32 };

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

/* The slots where keys of this name may lie: `count` of them behind `first`, around the end of the table. */
struct window {
    size_t first;
    size_t count;
};

static struct window window_of(const struct key_cache *cache, const char *b_tid, const uint8_t ua[NAF_ID_UA_SIZE])
{
    uint32_t hash = hash_text(b_tid);
    for (size_t i = 0; i < NAF_ID_UA_SIZE; i++) {
        hash = hash * 31 + ua[i];
    }
    return (struct window){.first = hash % cache->slot_count,
                           .count = cache->slot_count < WINDOW ? cache->slot_count : WINDOW};
}

static struct naf_keys *slot_at(struct key_cache *cache, const struct window *window, size_t index)
{
    return &cache->slots[(window->first + index) % cache->slot_count];
}

/* NULL when there are none of this name. */
static struct naf_keys *find_slot(struct key_cache *cache, const char *b_tid, const uint8_t ua[NAF_ID_UA_SIZE])
{
    const struct window window = window_of(cache, b_tid, ua);
    for (size_t i = 0; i < window.count && b_tid[0] != '\0'; i++) {
        struct naf_keys *slot = slot_at(cache, &window, i);
        if (strcmp(slot->b_tid, b_tid) == 0 && memcmp(slot->ua, ua, NAF_ID_UA_SIZE) == 0) {
            return slot;
        }
    }
    return NULL;
}

/* The keys end, but not the memory that they were here. */
static void expire(struct naf_keys *slot)
{
    secret_wipe(&slot->ext_key, sizeof slot->ext_key);
    secret_wipe(&slot->int_key, sizeof slot->int_key);
    slot->expires = 0;
}

enum gbau_status key_cache_find(struct key_cache *cache, const char *b_tid, const uint8_t ua[NAF_ID_UA_SIZE],
                                struct naf_keys *keys)
{
    const unix_time now = clock_now(cache->clock);
    (void)pthread_mutex_lock(&cache->mutex);
    struct naf_keys *slot = find_slot(cache, b_tid, ua);
    enum gbau_status status = slot == NULL ? GBAU_E_NOT_FOUND : GBAU_OK;
    if (slot != NULL && slot->expires <= now) {
        expire(slot);
        status = GBAU_E_EXPIRED;
    }
    if (status == GBAU_OK) {
        *keys = *slot;
    }
    (void)pthread_mutex_unlock(&cache->mutex);
    return status;
}

/* Where the name is already, else what expires first: an empty slot has expired long ago. */
static struct naf_keys *choose_slot(struct key_cache *cache, const struct naf_keys *keys)
{
    const struct window window = window_of(cache, keys->b_tid, keys->ua);
    struct naf_keys *chosen = find_slot(cache, keys->b_tid, keys->ua);
    if (chosen != NULL) {
        return chosen;
    }
    chosen = slot_at(cache, &window, 0);
    for (size_t i = 1; i < window.count; i++) {
        struct naf_keys *slot = slot_at(cache, &window, i);
        chosen = slot->expires < chosen->expires ? slot : chosen;
    }
    return chosen;
}

void key_cache_put(struct key_cache *cache, const struct naf_keys *keys)
{
    (void)pthread_mutex_lock(&cache->mutex);
    *choose_slot(cache, keys) = *keys;
    (void)pthread_mutex_unlock(&cache->mutex);
}
