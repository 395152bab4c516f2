/* octets.c: octet views and the bounded reader and writer. */
#include "base/octets.h"

#include <string.h>

struct octets octets_of(const void *data, size_t length)
{
    return (struct octets){.data = data, .length = length};
}

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

struct octet_reader octet_reader_of(struct octets input)
{
    return (struct octet_reader){.input = input};
}

size_t octet_reader_left(const struct octet_reader *reader)
{
    return reader->failed ? 0 : reader->input.length - reader->position;
}

struct octets octet_reader_take(struct octet_reader *reader, size_t length)
{
    if (reader->failed || length > reader->input.length - reader->position) {
        reader->failed = true;
        return (struct octets){0};
    }
    if (length == 0) {
        return octets_of("", 0); /* a valid pointer, whatever the input's is */
    }
    struct octets taken = {.data = reader->input.data + reader->position, .length = length};
    reader->position += length;
    return taken;
}

void octet_reader_copy(struct octet_reader *reader, void *out, size_t length)
{
    struct octets taken = octet_reader_take(reader, length);
    if (reader->failed) {
        memset(out, 0, length);
        return;
    }
    memcpy(out, taken.data, length);
}

static uint64_t read_big_endian(struct octet_reader *reader, size_t length)
{
    struct octets taken = octet_reader_take(reader, length);
    uint64_t value = 0;
    for (size_t i = 0; i < taken.length; i++) {
        value = value << 8 | taken.data[i];
    }
    return value;
}

uint8_t octet_reader_u8(struct octet_reader *reader)
{
    return (uint8_t)read_big_endian(reader, 1);
}

uint16_t octet_reader_u16(struct octet_reader *reader)
{
    return (uint16_t)read_big_endian(reader, 2);
}

uint32_t octet_reader_u24(struct octet_reader *reader)
{
    return (uint32_t)read_big_endian(reader, 3);
}

uint32_t octet_reader_u32(struct octet_reader *reader)
{
    return (uint32_t)read_big_endian(reader, 4);
}

uint64_t octet_reader_u48(struct octet_reader *reader)
{
    return read_big_endian(reader, 6);
}

uint64_t octet_reader_u64(struct octet_reader *reader)
{
    return read_big_endian(reader, 8);
}

enum gbau_status octet_reader_end(const struct octet_reader *reader)
{
    return reader->failed || reader->position != reader->input.length ? GBAU_E_MALFORMED : GBAU_OK;
}

struct octet_writer octet_writer_of(void *data, size_t capacity)
{
    return (struct octet_writer){.data = data, .capacity = capacity};
}

uint8_t *octet_writer_reserve(struct octet_writer *writer, size_t length)
{
    if (writer->failed || length > writer->capacity - writer->length) {
        writer->failed = true;
        return NULL;
    }
    uint8_t *room = length == 0 && writer->data == NULL ? NULL : writer->data + writer->length;
    writer->length += length;
    return room;
}

void octet_writer_put(struct octet_writer *writer, const void *data, size_t length)
{
    uint8_t *room = octet_writer_reserve(writer, length);
    if (room != NULL && length > 0) {
        memcpy(room, data, length);
    }
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

static void write_big_endian(struct octet_writer *writer, uint64_t value, size_t length)
{
    uint8_t *room = octet_writer_reserve(writer, length);
    if (room == NULL) {
        return;
    }
    for (size_t i = 0; i < length; i++) {
        room[i] = (uint8_t)(value >> (8 * (length - 1 - i)));
    }
}

void octet_writer_u8(struct octet_writer *writer, uint8_t value)
{
    write_big_endian(writer, value, 1);
}

void octet_writer_u16(struct octet_writer *writer, uint16_t value)
{
    write_big_endian(writer, value, 2);
}

void octet_writer_u24(struct octet_writer *writer, uint32_t value)
{
    write_big_endian(writer, value, 3);
}

void octet_writer_u32(struct octet_writer *writer, uint32_t value)
{
    write_big_endian(writer, value, 4);
}

void octet_writer_u48(struct octet_writer *writer, uint64_t value)
{
    write_big_endian(writer, value, 6);
}

void octet_writer_u64(struct octet_writer *writer, uint64_t value)
{
    write_big_endian(writer, value, 8);
}

enum gbau_status octet_writer_end(const struct octet_writer *writer)
{
    return writer->failed ? GBAU_E_SPACE : GBAU_OK;
}
