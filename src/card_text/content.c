/* content.c: lists of decoded values. */
#include "card_text/content.h"

#include <stdarg.h>
#include <stdio.h>

enum { FORMATTED_MAX = 256, VALUE_ROOM_LEAST = 16 };

void content_clear(struct card_content *content)
{
    content->count = 0;
    content->is_cut = false;
    content->used = 0;
}

struct text content_begin(struct card_content *content)
{
    content->is_cut = content->is_cut || content->count == CONTENT_ITEMS_MAX ||
                      sizeof content->characters - content->used < VALUE_ROOM_LEAST;
    if (content->is_cut) {
        /* the last characters stay free for a value that nobody will see */
        return text_of(content->characters + sizeof content->characters - VALUE_ROOM_LEAST / 2, VALUE_ROOM_LEAST / 2);
    }
    return text_of(content->characters + content->used,
                   sizeof content->characters - VALUE_ROOM_LEAST / 2 - content->used);
}

void content_end(struct card_content *content, const char *label, const struct text *value)
{
    if (content->is_cut) {
        return;
    }
    content->items[content->count++] = (struct content_item){.label = label, .value = value->characters};
    content->used += value->length + 1;
    content->is_cut = value->cut;
}

void content_add(struct card_content *content, const char *label, const char *format, ...)
{
    char formatted[FORMATTED_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(formatted, sizeof formatted, format, arguments);
    va_end(arguments);
    struct text value = content_begin(content);
    text_put(&value, formatted);
    content_end(content, label, &value);
}

void content_add_hex(struct card_content *content, const char *label, struct octets octets)
{
    struct text value = content_begin(content);
    text_put_hex(&value, octets, CONTENT_HEX_LIMIT);
    content_end(content, label, &value);
}

void content_add_untrusted(struct card_content *content, const char *label, struct octets octets)
{
    struct text value = content_begin(content);
    text_put_untrusted(&value, octets);
    content_end(content, label, &value);
}

void content_add_withheld(struct card_content *content, const char *label, size_t length)
{
    content_add(content, label, "(%zu octets, withheld)", length);
}

void content_put_line(const struct card_content *content, struct text *line)
{
    for (size_t i = 0; i < content->count; i++) {
        const struct content_item *item = &content->items[i];
        text_put(line, i == 0 ? "" : ", ");
        if (item->label != NULL) {
            text_format(line, "%s ", item->label);
        }
        text_put(line, item->value);
    }
    text_put(line, content->is_cut ? " …" : "");
}
