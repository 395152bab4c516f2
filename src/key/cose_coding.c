/* cose_coding.c: CBOR items by libcbor's streaming coder, and the protected header (RFC 8949, RFC 9052 3). */
#include "key/cose_coding.h"

#include <cbor.h>
#include <string.h>

#define CBOR_TAG 0xc0 /* major type 6, with a tag below 24 in the same octet */

enum { HEADER_ALG = 1, HEADER_KID = 4, HEADER_SEGMENT = -65537 };
enum { HEAD_MAX = 9 };

/* Writing */

typedef size_t head_encoder(size_t value, unsigned char *buffer, size_t size);

static void write_head(struct octet_writer *writer, head_encoder *encode, size_t value)
{
    uint8_t head[HEAD_MAX];
    octet_writer_put(writer, head, encode(value, head, sizeof head));
}

static size_t encode_unsigned(size_t value, unsigned char *buffer, size_t size)
{
    return cbor_encode_uint(value, buffer, size);
}

static size_t encode_negative(size_t value, unsigned char *buffer, size_t size)
{
    return cbor_encode_negint(value, buffer, size);
}

static size_t encode_tag(size_t value, unsigned char *buffer, size_t size)
{
    return cbor_encode_tag(value, buffer, size);
}

static size_t encode_bool(size_t value, unsigned char *buffer, size_t size)
{
    return cbor_encode_bool(value != 0, buffer, size);
}

void cose_write_tag(struct octet_writer *writer, uint8_t tag)
{
    write_head(writer, encode_tag, tag);
}

void cose_write_array(struct octet_writer *writer, size_t count)
{
    write_head(writer, cbor_encode_array_start, count);
}

void cose_write_map(struct octet_writer *writer, size_t count)
{
    write_head(writer, cbor_encode_map_start, count);
}

void cose_write_integer(struct octet_writer *writer, int64_t value)
{
    if (value >= 0) {
        write_head(writer, encode_unsigned, (size_t)value);
    } else {
        write_head(writer, encode_negative, (size_t)(-1 - value));
    }
}

void cose_write_bytes_head(struct octet_writer *writer, size_t length)
{
    write_head(writer, cbor_encode_bytestring_start, length);
}

void cose_write_bytes(struct octet_writer *writer, struct octets octets)
{
    cose_write_bytes_head(writer, octets.length);
    octet_writer_put_octets(writer, octets);
}

void cose_write_text(struct octet_writer *writer, const char *text)
{
    write_head(writer, cbor_encode_string_start, strlen(text));
    octet_writer_put_text(writer, text);
}

static void write_segment(struct octet_writer *writer, const struct sealed_message_segment *segment)
{
    cose_write_integer(writer, HEADER_SEGMENT);
    cose_write_array(writer, 3);
    cose_write_integer(writer, segment->index);
    write_head(writer, encode_bool, segment->last);
    cose_write_bytes(writer, segment->stream);
}

/* A name that the reader would refuse, or split elsewhere, is not written. */
static bool name_is_sound(const struct sealed_message_key *key)
{
    return key->b_tid.length >= 1 && key->b_tid.length <= SEALED_MESSAGE_B_TID_MAX && key->label.length >= 1 &&
           key->label.length <= APPLICATION_LABEL_MAX && memchr(key->b_tid.data, '#', key->b_tid.length) == NULL &&
           key->segment.stream.length <= AEAD_NONCE_SIZE;
}

void cose_write_protected(struct octet_writer *writer, const struct sealed_message_key *key)
{
    const struct key_algorithm_properties *algorithm = key_algorithm_find(key->algorithm);
    if (algorithm == NULL || algorithm->cose == 0 || !name_is_sound(key)) {
        writer->failed = true;
        return;
    }
    cose_write_map(writer, key->segment.is_one ? 3 : 2);
    cose_write_integer(writer, HEADER_ALG);
    cose_write_integer(writer, algorithm->cose);
    cose_write_integer(writer, HEADER_KID);
    cose_write_bytes_head(writer, key->b_tid.length + 1 + key->label.length);
    octet_writer_put_octets(writer, key->b_tid);
    octet_writer_u8(writer, '#');
    octet_writer_put_octets(writer, key->label);
    if (key->segment.is_one) {
        write_segment(writer, &key->segment);
    }
}

/* Reading */

enum item_kind { ITEM_OTHER, ITEM_INTEGER, ITEM_BYTES, ITEM_ARRAY, ITEM_MAP, ITEM_BOOL };

struct item {
    enum item_kind kind;
    int64_t value;        /* number, count or truth */
    struct octets octets; /* of a byte string */
};

static void on_unsigned8(void *context, uint8_t value)
{
    *(struct item *)context = (struct item){.kind = ITEM_INTEGER, .value = value};
}

static void on_unsigned16(void *context, uint16_t value)
{
    *(struct item *)context = (struct item){.kind = ITEM_INTEGER, .value = value};
}

static void on_unsigned32(void *context, uint32_t value)
{
    *(struct item *)context = (struct item){.kind = ITEM_INTEGER, .value = value};
}

static void on_negative8(void *context, uint8_t value)
{
    *(struct item *)context = (struct item){.kind = ITEM_INTEGER, .value = -1 - (int64_t)value};
}

static void on_negative16(void *context, uint16_t value)
{
    *(struct item *)context = (struct item){.kind = ITEM_INTEGER, .value = -1 - (int64_t)value};
}

static void on_negative32(void *context, uint32_t value)
{
    *(struct item *)context = (struct item){.kind = ITEM_INTEGER, .value = -1 - (int64_t)value};
}

static void on_bytes(void *context, const unsigned char *data, size_t length)
{
    *(struct item *)context = (struct item){.kind = ITEM_BYTES, .octets = {.data = data, .length = length}};
}

static void on_array(void *context, size_t count)
{
    *(struct item *)context = (struct item){.kind = ITEM_ARRAY, .value = (int64_t)count};
}

static void on_map(void *context, size_t count)
{
    *(struct item *)context = (struct item){.kind = ITEM_MAP, .value = (int64_t)count};
}

static void on_bool(void *context, bool value)
{
    *(struct item *)context = (struct item){.kind = ITEM_BOOL, .value = value};
}

static struct item read_item(struct octet_reader *reader)
{
    struct item item = {.kind = ITEM_OTHER};
    struct cbor_callbacks callbacks = cbor_empty_callbacks;
    callbacks.uint8 = on_unsigned8;
    callbacks.uint16 = on_unsigned16;
    callbacks.uint32 = on_unsigned32;
    callbacks.negint8 = on_negative8;
    callbacks.negint16 = on_negative16;
    callbacks.negint32 = on_negative32;
    callbacks.byte_string = on_bytes;
    callbacks.array_start = on_array;
    callbacks.map_start = on_map;
    callbacks.boolean = on_bool;
    const uint8_t *next = reader->input.data + reader->position;
    const size_t left = octet_reader_left(reader);
    struct cbor_decoder_result result = {.status = CBOR_DECODER_NEDATA};
    if (left > 0) {
        result = cbor_stream_decode(next, left, &callbacks, &item);
    }
    if (result.status != CBOR_DECODER_FINISHED) {
        reader->failed = true;
        return (struct item){.kind = ITEM_OTHER};
    }
    (void)octet_reader_take(reader, result.read);
    return item;
}

static struct item expect_item(struct octet_reader *reader, enum item_kind kind)
{
    struct item item = read_item(reader);
    if (item.kind != kind) {
        reader->failed = true;
        return (struct item){.kind = kind};
    }
    return item;
}

/* The tag in its one octet: libcbor 0.8 decodes no tag from 6 to 20. */
void cose_skip_tag(struct octet_reader *reader, uint8_t tag)
{
    if (octet_reader_left(reader) > 0 && reader->input.data[reader->position] == (CBOR_TAG | tag)) {
        (void)octet_reader_u8(reader);
    }
}

static void expect_value(struct octet_reader *reader, enum item_kind kind, int64_t value)
{
    if (expect_item(reader, kind).value != value) {
        reader->failed = true;
    }
}

void cose_expect_array(struct octet_reader *reader, size_t count)
{
    expect_value(reader, ITEM_ARRAY, (int64_t)count);
}

void cose_expect_map(struct octet_reader *reader, size_t count)
{
    expect_value(reader, ITEM_MAP, (int64_t)count);
}

void cose_expect_integer(struct octet_reader *reader, int64_t value)
{
    expect_value(reader, ITEM_INTEGER, value);
}

struct octets cose_read_bytes(struct octet_reader *reader)
{
    return expect_item(reader, ITEM_BYTES).octets;
}

/* The protected header: each entry once, in any order */

static enum gbau_status split_kid(struct octets kid, struct sealed_message_key *key)
{
    const uint8_t *mark = kid.length == 0 ? NULL : memchr(kid.data, '#', kid.length);
    if (mark == NULL) {
        return GBAU_E_MALFORMED;
    }
    key->b_tid = octets_of(kid.data, (size_t)(mark - kid.data));
    key->label = octets_of(mark + 1, kid.length - key->b_tid.length - 1);
    return name_is_sound(key) ? GBAU_OK : GBAU_E_MALFORMED;
}

static void read_segment(struct octet_reader *reader, struct sealed_message_segment *segment)
{
    reader->failed = reader->failed || segment->is_one; /* it came before */
    segment->is_one = true;
    cose_expect_array(reader, 3);
    const int64_t index = expect_item(reader, ITEM_INTEGER).value;
    segment->last = expect_item(reader, ITEM_BOOL).value != 0;
    segment->stream = cose_read_bytes(reader);
    reader->failed = reader->failed || index < 0;
    segment->index = (uint32_t)index;
}

struct headers {
    int64_t algorithm;
    struct octets kid;
};

static void read_header(struct octet_reader *reader, struct headers *headers, struct sealed_message_key *key)
{
    switch (expect_item(reader, ITEM_INTEGER).value) {
    case HEADER_ALG:
        reader->failed = reader->failed || headers->algorithm != 0;
        headers->algorithm = expect_item(reader, ITEM_INTEGER).value;
        break;
    case HEADER_KID:
        reader->failed = reader->failed || headers->kid.data != NULL;
        headers->kid = cose_read_bytes(reader);
        break;
    case HEADER_SEGMENT:
        read_segment(reader, &key->segment);
        break;
    default:
        reader->failed = true;
        break;
    }
}

enum gbau_status cose_read_protected(struct octets octets, enum key_algorithm_kind kind,
                                     struct sealed_message_key *key)
{
    struct octet_reader reader = octet_reader_of(octets);
    struct headers headers = {0};
    *key = (struct sealed_message_key){0};
    const int64_t count = expect_item(&reader, ITEM_MAP).value;
    reader.failed = reader.failed || count < 2 || count > 3;
    for (int64_t i = 0; i < count && !reader.failed; i++) {
        read_header(&reader, &headers, key);
    }
    enum gbau_status status = octet_reader_end(&reader);
    if (status == GBAU_OK) {
        status = split_kid(headers.kid, key);
    }
    if (status != GBAU_OK) {
        return status;
    }
    const struct key_algorithm_properties *algorithm = key_algorithm_find_cose(headers.algorithm);
    if (algorithm == NULL || algorithm->kind != kind) {
        return GBAU_E_UNSUPPORTED;
    }
    key->algorithm = algorithm->algorithm;
    return GBAU_OK;
}
