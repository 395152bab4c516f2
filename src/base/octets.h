/*
 * octets.h: octet views and the bounded reader and writer, the only way in which gbau touches wire bytes.
 *
 * Errors are sticky: a reader that ran past its end, or a writer that ran out of room, stays failed and gives zeros or
 * writes nothing. So a decoder reads like the table in the specification and asks once, at its end, whether all was
 * well. None of this allocates; a view never owns what it points to.
 *
 * Reader and writer are defined here: they are in every hot path, where a call costs more than what it does. Numbers
 * are put together octet by octet in one expression, in which compilers see one load or store.
 */
#ifndef BASE_OCTETS_H
#define BASE_OCTETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "gbau/status.h"

/* A read-only view of octets owned by someone else. */
struct octets {
    const uint8_t *data;
    size_t length;
};

/* Reads from a view, front to back. */
struct octet_reader {
    struct octets input;
    size_t position;
    bool failed;
};

/* Writes into a caller's buffer, front to back. */
struct octet_writer {
    uint8_t *data;
    size_t capacity;
    size_t length;
    bool failed;
};

/* A view of `length` octets at `data`. */
static inline struct octets octets_of(const void *data, size_t length)
{
    return (struct octets){.data = data, .length = length};
}

/* A view of the characters of `text`, without its terminating zero. */
struct octets octets_of_text(const char *text);

/* A view of all that a writer has written. */
struct octets octets_written(const struct octet_writer *writer);

/* True when both views hold the same octets. Not constant time: never for secrets (see secret.h). */
bool octets_equal(struct octets a, struct octets b);

/* Copies a view into `text` as a C string of at most `capacity` - 1 characters. Refuses NUL octets and overlength. */
GBAU_MUST_USE enum gbau_status octets_to_text(struct octets octets, char *text, size_t capacity);

/* Numbers in octets, big-endian as all that gbau reads and writes. */

static inline uint32_t octets_load_2(const uint8_t *octets)
{
    return (uint32_t)octets[0] << 8 | octets[1];
}

static inline uint32_t octets_load_4(const uint8_t *octets)
{
    return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
}

static inline void octets_store_2(uint8_t *octets, uint32_t value)
{
    octets[0] = (uint8_t)(value >> 8);
    octets[1] = (uint8_t)value;
}

static inline void octets_store_4(uint8_t *octets, uint32_t value)
{
    octets[0] = (uint8_t)(value >> 24);
    octets[1] = (uint8_t)(value >> 16);
    octets[2] = (uint8_t)(value >> 8);
    octets[3] = (uint8_t)value;
}

/* Reading */

static inline struct octet_reader octet_reader_of(struct octets input)
{
    return (struct octet_reader){.input = input};
}

static inline size_t octet_reader_left(const struct octet_reader *reader)
{
    return reader->failed ? 0 : reader->input.length - reader->position;
}

/* A view of the next `length` octets; an empty view with a NULL pointer when they are not there. */
static inline struct octets octet_reader_take(struct octet_reader *reader, size_t length)
{
    if (reader->failed || length > reader->input.length - reader->position) {
        reader->failed = true;
        return (struct octets){0};
    }
    if (length == 0) {
        return octets_of("", 0); /* a valid pointer, whatever the input's is */
    }
    const struct octets taken = {.data = reader->input.data + reader->position, .length = length};
    reader->position += length;
    return taken;
}

/* Copies the next `length` octets to `out`; zeros when they are not there. */
static inline void octet_reader_copy(struct octet_reader *reader, void *out, size_t length)
{
    const struct octets taken = octet_reader_take(reader, length);
    if (reader->failed) {
        memset(out, 0, length);
        return;
    }
    memcpy(out, taken.data, length);
}

static inline uint8_t octet_reader_u8(struct octet_reader *reader)
{
    const uint8_t *octets = octet_reader_take(reader, 1).data;
    return reader->failed ? 0 : octets[0];
}

static inline uint16_t octet_reader_u16(struct octet_reader *reader)
{
    const uint8_t *octets = octet_reader_take(reader, 2).data;
    return reader->failed ? 0 : (uint16_t)octets_load_2(octets);
}

static inline uint32_t octet_reader_u24(struct octet_reader *reader)
{
    const uint8_t *octets = octet_reader_take(reader, 3).data;
    return reader->failed ? 0 : octets_load_2(octets) << 8 | octets[2];
}

static inline uint32_t octet_reader_u32(struct octet_reader *reader)
{
    const uint8_t *octets = octet_reader_take(reader, 4).data;
    return reader->failed ? 0 : octets_load_4(octets);
}

static inline uint64_t octet_reader_u48(struct octet_reader *reader)
{
    const uint8_t *octets = octet_reader_take(reader, 6).data;
    return reader->failed ? 0 : (uint64_t)octets_load_2(octets) << 32 | octets_load_4(octets + 2);
}

static inline uint64_t octet_reader_u64(struct octet_reader *reader)
{
    const uint8_t *octets = octet_reader_take(reader, 8).data;
    return reader->failed ? 0 : (uint64_t)octets_load_4(octets) << 32 | octets_load_4(octets + 4);
}

/* GBAU_OK when nothing went wrong and nothing is left over, else GBAU_E_MALFORMED. */
GBAU_MUST_USE static inline enum gbau_status octet_reader_end(const struct octet_reader *reader)
{
    return reader->failed || reader->position != reader->input.length ? GBAU_E_MALFORMED : GBAU_OK;
}

/* Writing */

static inline struct octet_writer octet_writer_of(void *data, size_t capacity)
{
    return (struct octet_writer){.data = data, .capacity = capacity};
}

/* Room for `length` octets that the caller fills himself; NULL when there is none. */
static inline uint8_t *octet_writer_reserve(struct octet_writer *writer, size_t length)
{
    if (writer->failed || length > writer->capacity - writer->length) {
        writer->failed = true;
        return NULL;
    }
    uint8_t *room = writer->data == NULL ? NULL : writer->data + writer->length;
    writer->length += length;
    return room;
}

static inline void octet_writer_u8(struct octet_writer *writer, uint8_t value)
{
    uint8_t *room = octet_writer_reserve(writer, 1);
    if (room != NULL) {
        *room = value;
    }
}

static inline void octet_writer_u16(struct octet_writer *writer, uint16_t value)
{
    uint8_t *room = octet_writer_reserve(writer, 2);
    if (room != NULL) {
        octets_store_2(room, value);
    }
}

static inline void octet_writer_u24(struct octet_writer *writer, uint32_t value)
{
    uint8_t *room = octet_writer_reserve(writer, 3);
    if (room != NULL) {
        octets_store_2(room, value >> 8);
        room[2] = (uint8_t)value;
    }
}

static inline void octet_writer_u32(struct octet_writer *writer, uint32_t value)
{
    uint8_t *room = octet_writer_reserve(writer, 4);
    if (room != NULL) {
        octets_store_4(room, value);
    }
}

static inline void octet_writer_u48(struct octet_writer *writer, uint64_t value)
{
    uint8_t *room = octet_writer_reserve(writer, 6);
    if (room != NULL) {
        octets_store_2(room, (uint32_t)(value >> 32));
        octets_store_4(room + 2, (uint32_t)value);
    }
}

static inline void octet_writer_u64(struct octet_writer *writer, uint64_t value)
{
    uint8_t *room = octet_writer_reserve(writer, 8);
    if (room != NULL) {
        octets_store_4(room, (uint32_t)(value >> 32));
        octets_store_4(room + 4, (uint32_t)value);
    }
}

static inline void octet_writer_put(struct octet_writer *writer, const void *data, size_t length)
{
    uint8_t *room = octet_writer_reserve(writer, length);
    if (room != NULL && length > 0) {
        memcpy(room, data, length);
    }
}

void octet_writer_put_octets(struct octet_writer *writer, struct octets octets);
void octet_writer_put_text(struct octet_writer *writer, const char *text);
void octet_writer_fill(struct octet_writer *writer, uint8_t value, size_t count);

/* GBAU_OK when everything fitted, else GBAU_E_SPACE. */
GBAU_MUST_USE static inline enum gbau_status octet_writer_end(const struct octet_writer *writer)
{
    return writer->failed ? GBAU_E_SPACE : GBAU_OK;
}

#endif
