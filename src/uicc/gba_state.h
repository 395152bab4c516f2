/*
 * gba_state.h: what an application of the card keeps of GBA_U between commands (TS 33.220 annex G).
 *
 *     bootstrapped (1) | RAND (16) | Ks (32) | GBA_ORDER_TURNS x { serial (4) | order (n) }
 *     | n x { used (1) | SHA-256(NAF_ID) (32) | Ks_int_NAF (32) | rules (52) }
 *
 * Entry i belongs to record i + 1 of EF_GBANL. `order` lists the entries, the one used last first (33.220 G.2); the
 * one with the highest serial counts, and a new one goes where the lowest stands, so that no place wears out first. The
 * rules are the NAF's own (api_rules.h); they stay with the NAF_ID until another one takes the entry. An entry whose
 * key its NAF has revoked has SHA-256(Ks_int_NAF) in the key's place, so that the same key cannot come back.
 */
#ifndef UICC_GBA_STATE_H
#define UICC_GBA_STATE_H

#include "uicc/card_layout.h"

enum {
    GBA_STATE_BOOTSTRAPPED = 0,
    GBA_STATE_RAND = 1,
    GBA_STATE_KS = GBA_STATE_RAND + AKA_RAND_SIZE,
    GBA_STATE_ORDER = GBA_STATE_KS + AKA_KS_SIZE,
    GBA_ORDER_TURNS = 4,
    GBA_ORDER_SERIAL_SIZE = 4,
    GBA_ENTRY_USED = 0,
    GBA_ENTRY_NAF_ID = 1, /* its hash: the NAF_ID itself stands in EF_GBANL, which ADM may rewrite */
    GBA_ENTRY_KEY = GBA_ENTRY_NAF_ID + SHA256_SIZE,
    GBA_ENTRY_RULES = GBA_ENTRY_KEY + NAF_KEY_SIZE,
    GBA_RULES_SIZE = 4 + 4 + 1 + 1 + 4 + 4 + 2 * (1 + 16),
    GBA_ENTRY_SIZE = GBA_ENTRY_RULES + GBA_RULES_SIZE
};

/* What `used` says of an entry. */
enum gba_entry_use {
    GBA_ENTRY_FREE = 0,
    GBA_ENTRY_HAS_KEY = 1,
    GBA_ENTRY_REVOKED = 2,       /* its key could be derived again: the entry must stay */
    GBA_ENTRY_REVOKED_BEFORE = 3 /* the Ks that its key came from is gone */
};

/* Offset of the order with its serial in turn `turn`, counted from the start of the state. */
static inline size_t gba_order_offset(size_t naf_key_count, size_t turn)
{
    return GBA_STATE_ORDER + turn * (GBA_ORDER_SERIAL_SIZE + naf_key_count);
}

/* Offset of entry `index`, counted from the start of the state. */
static inline size_t gba_entry_offset(size_t naf_key_count, size_t index)
{
    return gba_order_offset(naf_key_count, GBA_ORDER_TURNS) + index * GBA_ENTRY_SIZE;
}

static inline size_t gba_state_size(size_t naf_key_count)
{
    return gba_entry_offset(naf_key_count, naf_key_count);
}

#endif
