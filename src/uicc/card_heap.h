/* card_heap.h: room for the bodies of files, found between the bodies that are there (TS 102 222 6.3). */
#ifndef UICC_CARD_HEAP_H
#define UICC_CARD_HEAP_H

#include "uicc/card_layout.h"

/* Octets of the heap that no body takes. */
uint32_t card_heap_free(const struct card_layout *layout);

/* The first place where `size` octets are free; false when there is none. Reserves nothing. */
bool card_heap_find(const struct card_layout *layout, size_t size, uint32_t *offset);

#endif
