/* content.h: what a file or record holds, decoded: a list of values, each with or without a label. */
#ifndef CARD_TEXT_CONTENT_H
#define CARD_TEXT_CONTENT_H

#include "card_text/text.h"

enum { CONTENT_ITEMS_MAX = 200, CONTENT_TEXT_SIZE = 12000, CONTENT_HEX_LIMIT = 32 };

/* A value; `label` is one of our own words, NULL where the value speaks for itself. */
struct content_item {
    const char *label;
    const char *value; /* in the content that it belongs to */
};

/* Filled by a decoder; large, and not to be copied: its items point into it. */
struct card_content {
    size_t count;
    struct content_item items[CONTENT_ITEMS_MAX];
    bool is_cut; /* there was more than fits */
    size_t used; /* of `characters` */
    char characters[CONTENT_TEXT_SIZE];
};

void content_clear(struct card_content *content);

/* An empty text in the room that is left: fill it, then add it. One at a time. */
struct text content_begin(struct card_content *content);
void content_end(struct card_content *content, const char *label, const struct text *value);

/* One whole value. `format` and its arguments are our own words and numbers. */
void content_add(struct card_content *content, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Octets as hexadecimal digits, cut after CONTENT_HEX_LIMIT. */
void content_add_hex(struct card_content *content, const char *label, struct octets octets);

/* A text of the card (see text_put_untrusted). */
void content_add_untrusted(struct card_content *content, const char *label, struct octets octets);

/* "(32 octets, withheld)": for octets that are nobody's to see. */
void content_add_withheld(struct card_content *content, const char *label, size_t length);

/* All items in one line: "label value, label value". */
void content_put_line(const struct card_content *content, struct text *line);

#endif
