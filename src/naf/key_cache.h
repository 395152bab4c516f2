/* key_cache.h: NAF keys that a NAF was given, kept until they expire (TS 29.109 5.2; 24.109: discarded at the end). */
#ifndef NAF_KEY_CACHE_H
#define NAF_KEY_CACHE_H

#include "base/clock.h"
#include "key/gba_keys.h"
#include "naf/naf.h"

/* The keys of one bootstrapping for one NAF_ID. Holds secrets: wipe it. */
struct naf_keys {
    char b_tid[NAF_B_TID_SIZE];
    uint8_t ua[NAF_ID_UA_SIZE]; /* stands for the NAF_ID: a NAF has one name */
    char impi[NAF_IMPI_SIZE];   /* empty: nobody told */
    struct ks_ext_naf ext_key;
    bool has_int_key;
    struct ks_int_naf int_key;
    unix_time expires;
};

struct key_cache;

/* Room for `maximum` keys, 1 to 2^20. */
GBAU_MUST_USE enum gbau_status key_cache_open(size_t maximum, const struct clock *clock, struct key_cache **cache);
void key_cache_close(struct key_cache *cache);

/* Copies the keys out. GBAU_E_NOT_FOUND; GBAU_E_EXPIRED when they were here, but their time is over. Thread-safe. */
GBAU_MUST_USE enum gbau_status key_cache_find(struct key_cache *cache, const char *b_tid,
                                              const uint8_t ua[NAF_ID_UA_SIZE], struct naf_keys *keys);

/* Keeps a copy, in the place of those nearby that expire first when there is no room. Thread-safe. */
void key_cache_put(struct key_cache *cache, const struct naf_keys *keys);

#endif
