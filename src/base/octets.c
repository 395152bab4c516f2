/* octets.c: what of octets.h is not in every hot path. */
#include "base/octets.h"

struct octets octets_of_text(const char *text)
{
    return octets_of(text, strlen(text));
}

struct octets octets_written(const struct octet_writer *writer)
{
    return octets_of(writer->data, writer->length);
}

bool octets_equal(struct octets a, struct octets b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

enum gbau_status octets_to_text(struct octets octets, char *text, size_t capacity)
{
    if (octets.length >= capacity) {
        return GBAU_E_SPACE;
    }
    if (octets.length > 0 && memchr(octets.data, 0, octets.length) != NULL) {
        return GBAU_E_MALFORMED;
    }
    if (octets.length > 0) {
        memcpy(text, octets.data, octets.length);
    }
    text[octets.length] = '\0';
    return GBAU_OK;
}

void octet_writer_put_octets(struct octet_writer *writer, struct octets octets)
{
    octet_writer_put(writer, octets.data, octets.length);
}

void octet_writer_put_text(struct octet_writer *writer, const char *text)
{
    octet_writer_put(writer, text, strlen(text));
}

void octet_writer_fill(struct octet_writer *writer, uint8_t value, size_t count)
{
    uint8_t *room = octet_writer_reserve(writer, count);
    if (room != NULL) {
        memset(room, value, count);
    }
}
