/*
 * text.h: text for people, put together in a caller's buffer: always a C string, always UTF-8, cut off with "…" where
 * it is too long. What comes from a card gets in only through functions that let no control character pass.
 */
#ifndef CARD_TEXT_TEXT_H
#define CARD_TEXT_TEXT_H

#include "base/octets.h"

struct text {
    char *characters;
    size_t capacity; /* with the terminating zero */
    size_t length;
    bool cut; /* something did not fit: nothing more is taken */
};

/* An empty text in a buffer of `capacity` octets, at least 8. The buffer must outlive it. */
struct text text_of(char *buffer, size_t capacity);

/* Words of our own: never anything that a card said. */
void text_put(struct text *text, const char *words);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Hexadecimal digits in upper case; more than `limit` octets end in "…" and how many there are. */
void text_put_hex(struct text *text, struct octets octets, size_t limit);

/*
 * A card's UTF-8 or ASCII. Control characters, characters that change the direction of writing and broken UTF-8 are
 * shown as \xNN, a backslash as \\.
 */
void text_put_untrusted(struct text *text, struct octets octets);

/* One Unicode character of a card, under the same rules. */
void text_put_character(struct text *text, uint32_t character);

/*
 * An alpha identifier: SMS default alphabet, or UCS2 in one of three codings, up to the padding with FF
 * (TS 102 221 annex A, TS 23.038 6.2.1).
 */
void text_put_alpha(struct text *text, struct octets octets);

/* Packed septets of the SMS default alphabet; `spare` bits at the end are none (TS 23.038 6.1.2.2). */
void text_put_septets(struct text *text, struct octets octets, unsigned spare);

/* Digits two to an octet, low half first, up to F. `symbols` names the values 0 to E: 15 characters. */
void text_put_swapped_digits(struct text *text, struct octets octets, const char *symbols);

#define TEXT_DIGITS         "0123456789ABCDE" /* of identities */
#define TEXT_DIALLED_DIGITS "0123456789*#pwe" /* of telephone numbers: pause, wild, expansion (31.102 4.4.2.3) */

#endif
