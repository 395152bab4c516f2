/* selection.h: what SELECT and short identifiers select; private to this room. */
#ifndef CARD_TEXT_SELECTION_H
#define CARD_TEXT_SELECTION_H

#include "card_text/apdu_exchange.h"

enum { SELECTION_BY_SFI = 0x80, SELECTION_SFI_MASK = 0x1f, selection_instruction = 0xa4 };

/* What a SELECT names: " EF_IMSI". */
void selection_put(struct text *text, struct apdu_exchange *exchange);

/* Lets the channel follow a SELECT that succeeded (TS 102 221 8.4, 11.1.1). */
void selection_follow(struct apdu_exchange *exchange);

/* Lets the channel's file be the one with a short identifier. */
void selection_by_sfi(struct apdu_channel *channel, uint8_t sfi);

#endif
