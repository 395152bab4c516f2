/*
 * octets.h: octet views and the bounded reader and writer, the only way in which gbau touches wire bytes.
 *
 * Errors are sticky: a reader that ran past its end, or a writer that ran out of room, stays failed and gives zeros or
 * writes nothing. So a decoder reads like the table in the specification and asks once, at its end, whether all was
 * well. None of this allocates; a view never owns what it points to.
 */
#ifndef BASE_OCTETS_H
#define BASE_OCTETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
struct octets octets_of(const void *data, size_t length);

/* A view of the characters of `text`, without its terminating zero. */
struct octets octets_of_text(const char *text);

/* A view of all that a writer has written. */
struct octets octets_written(const struct octet_writer *writer);

/* True when both views hold the same octets. Not constant time: never for secrets (see secret.h). */
bool octets_equal(struct octets a, struct octets b);

/* Copies a view into `text` as a C string of at most `capacity` - 1 characters. Refuses NUL octets and overlength. */
GBAU_MUST_USE enum gbau_status octets_to_text(struct octets octets, char *text, size_t capacity);

struct octet_reader octet_reader_of(struct octets input);
size_t octet_reader_left(const struct octet_reader *reader);
uint8_t octet_reader_u8(struct octet_reader *reader);
uint16_t octet_reader_u16(struct octet_reader *reader); /* big-endian, as are all below */
uint32_t octet_reader_u24(struct octet_reader *reader);
uint32_t octet_reader_u32(struct octet_reader *reader);
uint64_t octet_reader_u48(struct octet_reader *reader);
uint64_t octet_reader_u64(struct octet_reader *reader);

/* A view of the next `length` octets; an empty view with a NULL pointer when they are not there. */
struct octets octet_reader_take(struct octet_reader *reader, size_t length);

/* Copies the next `length` octets to `out`; zeros when they are not there. */
void octet_reader_copy(struct octet_reader *reader, void *out, size_t length);

/* GBAU_OK when nothing went wrong and nothing is left over, else GBAU_E_MALFORMED. */
GBAU_MUST_USE enum gbau_status octet_reader_end(const struct octet_reader *reader);

struct octet_writer octet_writer_of(void *data, size_t capacity);
void octet_writer_u8(struct octet_writer *writer, uint8_t value);
void octet_writer_u16(struct octet_writer *writer, uint16_t value);
void octet_writer_u24(struct octet_writer *writer, uint32_t value);
void octet_writer_u32(struct octet_writer *writer, uint32_t value);
void octet_writer_u48(struct octet_writer *writer, uint64_t value);
void octet_writer_u64(struct octet_writer *writer, uint64_t value);
void octet_writer_put(struct octet_writer *writer, const void *data, size_t length);
void octet_writer_put_octets(struct octet_writer *writer, struct octets octets);
void octet_writer_put_text(struct octet_writer *writer, const char *text);
void octet_writer_fill(struct octet_writer *writer, uint8_t value, size_t count);

/* Room for `length` octets that the caller fills himself; NULL when there is none. */
uint8_t *octet_writer_reserve(struct octet_writer *writer, size_t length);

/* GBAU_OK when everything fitted, else GBAU_E_SPACE. */
GBAU_MUST_USE enum gbau_status octet_writer_end(const struct octet_writer *writer);

#endif
