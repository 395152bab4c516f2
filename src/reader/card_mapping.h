/* card_mapping.h: a card's memory as a mapped file; private to this room. */
#ifndef READER_CARD_MAPPING_H
#define READER_CARD_MAPPING_H

#include "reader/card_image.h"

/* A file mapped as memory that can be written. */
struct card_mapping {
    int descriptor; /* -1: none */
    uint8_t *memory;
    size_t size;
};

/* Maps `size` octets of the descriptor; keys stay out of core dumps. GBAU_E_MEMORY. */
GBAU_MUST_USE enum gbau_status card_mapping_map(struct card_mapping *mapping);

/* The mapping as a card's storage; it must outlive it. */
struct nvm_storage card_mapping_storage(struct card_mapping *mapping, enum card_durability durability);

/* Unmaps and closes, which ends a lock too. */
void card_mapping_close(struct card_mapping *mapping);

#endif
