/* key_cache.h: NAF keys that the BSF gave, kept until they expire (TS 29.109 5.2; 24.109: discarded at the end). */
#ifndef NAF_KEY_CACHE_H
#define NAF_KEY_CACHE_H

#include "base/clock.h"
#include "key/gba_keys.h"
#include "naf/naf.h"

/* The keys of one bootstrapping for one NAF_ID. Holds secrets: wipe it. */
struct naf_keys {
    char b_tid[NAF_B_TID_SIZE];
    enum naf_use use; /* stands for the NAF_ID: a NAF has one for each use */
    char impi[NAF_IMPI_SIZE]; /* empty: the BSF did not tell */
    struct ks_ext_naf ext_key;
    bool has_int_key;
    struct ks_int_naf int_key;
    unix_time expires;
};

struct key_cache;

GBAU_MUST_USE enum gbau_status key_cache_open(size_t maximum, const struct clock *clock, struct key_cache **cache);
void key_cache_close(struct key_cache *cache);

/* Copies the keys out; false when they are not there or have expired. Thread-safe. */
bool key_cache_find(struct key_cache *cache, const char *b_tid, enum naf_use use, struct naf_keys *keys);

/* Keeps a copy, perhaps in the place of others. Thread-safe. */
void key_cache_put(struct key_cache *cache, const struct naf_keys *keys);

#endif
