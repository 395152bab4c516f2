/* hash.h: spreads names over the slots of a table (FNV-1a); nothing depends on its strength. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/octets.h"

static inline uint32_t hash_octets(struct octets octets)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < octets.length; i++) {
        hash = (hash ^ octets.data[i]) * 16777619U;
    }
    return hash;
}

static inline uint32_t hash_text(const char *text)
{
    return hash_octets(octets_of_text(text));
}

#endif
