/* gba_names.h: what GBA's identifiers mean: NAF_ID, Ua security protocols (TS 33.220 annex H). */
#ifndef CARD_TEXT_GBA_NAMES_H
#define CARD_TEXT_GBA_NAMES_H

#include "card_text/text.h"

/* "naf.example.com (HTTP Digest)"; hexadecimal digits when it is too short to be a NAF_ID. */
void text_put_naf_id(struct text *text, struct octets naf_id);

#endif
