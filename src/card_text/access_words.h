/* access_words.h: access rules in words (TS 102 221 9.2, ISO/IEC 7816-4 expanded and compact formats). */
#ifndef CARD_TEXT_ACCESS_WORDS_H
#define CARD_TEXT_ACCESS_WORDS_H

#include "card_text/content.h"

/* Adds one item for each access mode of a rule in expanded format: label "read", value "PIN". */
void access_words_add_rule(struct octets rule, struct card_content *content);

/* The same for the compact format of an FCP (tag 8C), of an EF. */
void access_words_add_compact(struct octets rule, struct card_content *content);

/* "PIN", "PIN2", "ADM1", "universal PIN" of a key reference (TS 102 221 9.5.1). */
void text_put_key_reference(struct text *text, uint8_t reference);

/*
 * Adds the key references that conditions of a rule name, each once, to `references`, which holds *count and has room
 * for `capacity`.
 */
void access_words_find_references(struct octets rule, uint8_t *references, size_t capacity, size_t *count);

#endif
