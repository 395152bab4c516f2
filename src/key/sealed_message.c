/* sealed_message.c: COSE_Encrypt0 (RFC 9052 5.2) by libcbor's streaming coder, which allocates nothing. */
#include "key/sealed_message.h"

#include <cbor.h>
#include <string.h>

#define COSE_TAG_ENCRYPT0 16
#define CBOR_TAG          0xc0 /* major type 6, with a tag below 24 in the same octet */
#define COSE_CONTEXT      "Encrypt0"

enum { COSE_HEADER_ALG = 1, COSE_HEADER_KID = 4, COSE_HEADER_IV = 5 };
enum { HEAD_MAX = 9, KID_MAX = SEALED_MESSAGE_B_TID_MAX + 1 + APPLICATION_LABEL_MAX, PROTECTED_MAX = KID_MAX + 8 };

struct cose_algorithm {
    enum key_algorithm algorithm;
    uint64_t cose; /* IANA COSE Algorithms */
};

static const struct cose_algorithm cose_algorithms[] = {
    {KEY_ALGORITHM_AES_128_GCM, 1},
    {KEY_ALGORITHM_AES_256_GCM, 3},
};

static uint64_t cose_of_algorithm(enum key_algorithm algorithm)
{
    for (size_t i = 0; i < sizeof cose_algorithms / sizeof cose_algorithms[0]; i++) {
        if (cose_algorithms[i].algorithm == algorithm) {
            return cose_algorithms[i].cose;
        }
    }
    return 0;
}

static enum gbau_status algorithm_of_cose(uint64_t cose, enum key_algorithm *algorithm)
{
    for (size_t i = 0; i < sizeof cose_algorithms / sizeof cose_algorithms[0]; i++) {
        if (cose_algorithms[i].cose == cose) {
            *algorithm = cose_algorithms[i].algorithm;
            return GBAU_OK;
        }
    }
    return GBAU_E_UNSUPPORTED;
}

/* Writing */

/* A name that the reader would refuse, or split elsewhere, is not written. */
static bool key_is_sound(const struct sealed_message_key *key)
{
    return key->b_tid.length >= 1 && key->b_tid.length <= SEALED_MESSAGE_B_TID_MAX && key->label.length >= 1 &&
           key->label.length <= APPLICATION_LABEL_MAX && memchr(key->b_tid.data, '#', key->b_tid.length) == NULL &&
           cose_of_algorithm(key->algorithm) != 0;
}

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

static size_t encode_tag(size_t value, unsigned char *buffer, size_t size)
{
    return cbor_encode_tag(value, buffer, size);
}

static void write_byte_string(struct octet_writer *writer, struct octets octets)
{
    write_head(writer, cbor_encode_bytestring_start, octets.length);
    octet_writer_put_octets(writer, octets);
}

static void write_protected(struct octet_writer *writer, const struct sealed_message_key *key)
{
    write_head(writer, cbor_encode_map_start, 2);
    write_head(writer, encode_unsigned, COSE_HEADER_ALG);
    write_head(writer, encode_unsigned, (size_t)cose_of_algorithm(key->algorithm));
    write_head(writer, encode_unsigned, COSE_HEADER_KID);
    write_head(writer, cbor_encode_bytestring_start, key->b_tid.length + 1 + key->label.length);
    octet_writer_put_octets(writer, key->b_tid);
    octet_writer_u8(writer, '#');
    octet_writer_put_octets(writer, key->label);
}

static void write_enc_structure(struct octet_writer *writer, struct octets protected_header,
                                struct octets external_aad)
{
    write_head(writer, cbor_encode_array_start, 3);
    write_head(writer, cbor_encode_string_start, strlen(COSE_CONTEXT));
    octet_writer_put_text(writer, COSE_CONTEXT);
    write_byte_string(writer, protected_header);
    write_byte_string(writer, external_aad);
}

void sealed_message_write_aad(struct octet_writer *writer, const struct sealed_message_key *key,
                              struct octets external_aad)
{
    uint8_t buffer[PROTECTED_MAX];
    struct octet_writer protected_header = octet_writer_of(buffer, sizeof buffer);
    write_protected(&protected_header, key);
    writer->failed = writer->failed || protected_header.failed || !key_is_sound(key);
    write_enc_structure(writer, octets_written(&protected_header), external_aad);
}

void sealed_message_write(struct octet_writer *writer, const struct sealed_message_key *key,
                          const uint8_t nonce[AES_GCM_NONCE_SIZE], struct octets ciphertext,
                          const uint8_t tag[AES_GCM_TAG_SIZE])
{
    uint8_t buffer[PROTECTED_MAX];
    struct octet_writer protected_header = octet_writer_of(buffer, sizeof buffer);
    write_protected(&protected_header, key);
    writer->failed = writer->failed || protected_header.failed || !key_is_sound(key);

    write_head(writer, encode_tag, COSE_TAG_ENCRYPT0);
    write_head(writer, cbor_encode_array_start, 3);
    write_byte_string(writer, octets_written(&protected_header));
    write_head(writer, cbor_encode_map_start, 1);
    write_head(writer, encode_unsigned, COSE_HEADER_IV);
    write_byte_string(writer, octets_of(nonce, AES_GCM_NONCE_SIZE));
    write_head(writer, cbor_encode_bytestring_start, ciphertext.length + AES_GCM_TAG_SIZE);
    octet_writer_put_octets(writer, ciphertext);
    octet_writer_put(writer, tag, AES_GCM_TAG_SIZE);
}

/* Reading: one item head at a time, each demanded to be of one kind. */

enum item_kind { ITEM_OTHER, ITEM_UNSIGNED, ITEM_BYTES, ITEM_ARRAY, ITEM_MAP };

struct item {
    enum item_kind kind;
    uint64_t value;       /* number or count */
    struct octets octets; /* of a byte string */
};

static void on_unsigned8(void *context, uint8_t value)
{
    *(struct item *)context = (struct item){.kind = ITEM_UNSIGNED, .value = value};
}

static void on_bytes(void *context, const unsigned char *data, size_t length)
{
    *(struct item *)context = (struct item){.kind = ITEM_BYTES, .octets = {.data = data, .length = length}};
}

static void on_array(void *context, size_t count)
{
    *(struct item *)context = (struct item){.kind = ITEM_ARRAY, .value = count};
}

static void on_map(void *context, size_t count)
{
    *(struct item *)context = (struct item){.kind = ITEM_MAP, .value = count};
}

static struct item read_item(struct octet_reader *reader)
{
    struct item item = {.kind = ITEM_OTHER};
    struct cbor_callbacks callbacks = cbor_empty_callbacks;
    callbacks.uint8 = on_unsigned8;
    callbacks.byte_string = on_bytes;
    callbacks.array_start = on_array;
    callbacks.map_start = on_map;
    const uint8_t *next = reader->input.data + reader->position;
    size_t left = octet_reader_left(reader);
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

static void expect_count(struct octet_reader *reader, enum item_kind kind, uint64_t count)
{
    if (expect_item(reader, kind).value != count) {
        reader->failed = true;
    }
}

static enum gbau_status split_kid(struct octets kid, struct sealed_message_key *key)
{
    const uint8_t *mark = kid.length == 0 ? NULL : memchr(kid.data, '#', kid.length);
    if (mark == NULL) {
        return GBAU_E_MALFORMED;
    }
    key->b_tid = octets_of(kid.data, (size_t)(mark - kid.data));
    key->label = octets_of(mark + 1, kid.length - key->b_tid.length - 1);
    bool fits = key->b_tid.length >= 1 && key->b_tid.length <= SEALED_MESSAGE_B_TID_MAX && key->label.length >= 1 &&
                key->label.length <= APPLICATION_LABEL_MAX;
    return fits ? GBAU_OK : GBAU_E_MALFORMED;
}

static enum gbau_status read_protected(struct octets octets, struct sealed_message_key *key)
{
    struct octet_reader reader = octet_reader_of(octets);
    struct octets kid = {0};
    uint64_t algorithm = 0;
    expect_count(&reader, ITEM_MAP, 2);
    for (size_t i = 0; i < 2 && !reader.failed; i++) {
        uint64_t header = expect_item(&reader, ITEM_UNSIGNED).value;
        if (header == COSE_HEADER_ALG) {
            algorithm = expect_item(&reader, ITEM_UNSIGNED).value;
        } else if (header == COSE_HEADER_KID) {
            kid = expect_item(&reader, ITEM_BYTES).octets;
        } else {
            reader.failed = true;
        }
    }
    enum gbau_status status = octet_reader_end(&reader);
    if (status != GBAU_OK) {
        return status;
    }
    status = split_kid(kid, key);
    return status == GBAU_OK ? algorithm_of_cose(algorithm, &key->algorithm) : status;
}

static void read_nonce(struct octet_reader *reader, uint8_t nonce[AES_GCM_NONCE_SIZE])
{
    expect_count(reader, ITEM_MAP, 1);
    expect_count(reader, ITEM_UNSIGNED, COSE_HEADER_IV);
    struct octets iv = expect_item(reader, ITEM_BYTES).octets;
    if (iv.length != AES_GCM_NONCE_SIZE) {
        reader->failed = true;
        return;
    }
    memcpy(nonce, iv.data, AES_GCM_NONCE_SIZE);
}

static void read_ciphertext(struct octet_reader *reader, struct sealed_message *message)
{
    struct octets octets = expect_item(reader, ITEM_BYTES).octets;
    if (octets.length < AES_GCM_TAG_SIZE) {
        reader->failed = true;
        return;
    }
    message->ciphertext = octets_of(octets.data, octets.length - AES_GCM_TAG_SIZE);
    memcpy(message->tag, octets.data + message->ciphertext.length, AES_GCM_TAG_SIZE);
}

/* The tag in its one octet, if it is there: libcbor 0.8 decodes no tag from 6 to 20. */
static void skip_tag(struct octet_reader *reader)
{
    const uint8_t tag = CBOR_TAG | COSE_TAG_ENCRYPT0;
    if (octet_reader_left(reader) > 0 && reader->input.data[reader->position] == tag) {
        (void)octet_reader_u8(reader);
    }
}

enum gbau_status sealed_message_read(struct octets octets, struct sealed_message *message)
{
    *message = (struct sealed_message){0};
    struct octet_reader reader = octet_reader_of(octets);
    skip_tag(&reader);
    expect_count(&reader, ITEM_ARRAY, 3);
    message->protected_header = expect_item(&reader, ITEM_BYTES).octets;
    read_nonce(&reader, message->nonce);
    read_ciphertext(&reader, message);
    enum gbau_status status = octet_reader_end(&reader);
    return status == GBAU_OK ? read_protected(message->protected_header, &message->key) : status;
}

void sealed_message_write_received_aad(struct octet_writer *writer, const struct sealed_message *message,
                                       struct octets external_aad)
{
    write_enc_structure(writer, message->protected_header, external_aad);
}
