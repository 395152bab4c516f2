/* key_messages.c: COSE messages and streams of segments over whoever holds the key (docs/gba_u-api.md 11). */
#include "key/key_calls.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "key/sealed_message.h"

enum {
    MESSAGE_MAX = GBAU_SEAL_TEXT_MAX + GBAU_SEAL_OVERHEAD,
    AAD_MAX = GBAU_ADDITIONAL_MAX + SEALED_MESSAGE_AAD_MAX,
    MAC_STRUCTURE_HEAD_MAX = SEALED_MESSAGE_AAD_MAX
};

static_assert((int)GBAU_SEAL_OVERHEAD == (int)SEALED_MESSAGE_OVERHEAD, "one overhead, told twice");

/* The key's name as messages have it. */
static struct sealed_message_key name_of(const struct gbau_key *key)
{
    return (struct sealed_message_key){
        .algorithm = key->algorithm, .b_tid = octets_of_text(key->b_tid), .label = octets_of_text(key->label)};
}

/* A message needs a number of COSE and a B-TID for its kid. */
static enum gbau_status check_can_name(const struct gbau_key *key)
{
    const bool can = key_algorithm_find((unsigned)key->algorithm)->cose != 0 && key->b_tid[0] != '\0';
    return can ? GBAU_OK : GBAU_E_UNSUPPORTED;
}

/* A message that names another key was not made with this one. */
static enum gbau_status check_name(const struct gbau_key *key, const struct sealed_message_key *name)
{
    const struct sealed_message_key own = name_of(key);
    const bool same = name->algorithm == own.algorithm && octets_equal(name->b_tid, own.b_tid) &&
                      octets_equal(name->label, own.label);
    return same ? GBAU_OK : GBAU_E_AUTHENTICATION;
}

/* One sealed message */

/* Writes a message; `nonce`, when asked for, gets the one that the holder made. */
static enum gbau_status seal(struct gbau_key *key, const struct sealed_message_key *name, struct octets additional_data,
                             struct octets text, struct octet_writer *out, uint8_t nonce[AEAD_NONCE_SIZE])
{
    uint8_t aad[AAD_MAX];
    struct octet_writer aad_writer = octet_writer_of(aad, sizeof aad);
    sealed_message_write_aad(&aad_writer, name, additional_data);
    uint8_t *place = sealed_message_write_head(out, name, text.length);
    const bool has_room = !out->failed && text.length + AEAD_TAG_SIZE <= out->capacity - out->length;
    if (aad_writer.failed || place == NULL || !has_room) {
        return GBAU_E_SPACE;
    }
    enum gbau_status status = key->holder->encrypt(key, octets_written(&aad_writer), text, place, out);
    if (status == GBAU_OK && nonce != NULL) {
        memcpy(nonce, place, AEAD_NONCE_SIZE);
    }
    return status;
}

/* Opens a message that was read, whose name has been checked. */
static enum gbau_status open_read(struct gbau_key *key, const struct sealed_message *message,
                                  struct octets additional_data, struct octet_writer *text)
{
    uint8_t aad[AAD_MAX];
    struct octet_writer aad_writer = octet_writer_of(aad, sizeof aad);
    sealed_message_write_received_aad(&aad_writer, message, additional_data);
    if (aad_writer.failed || message->ciphertext.length > GBAU_SEAL_TEXT_MAX) {
        return GBAU_E_MALFORMED;
    }
    if (message->ciphertext.length > text->capacity - text->length) {
        return GBAU_E_SPACE;
    }
    return key->holder->decrypt(key, octets_written(&aad_writer), message->nonce, message->body, text);
}

enum gbau_status gbau_key_seal(struct gbau_key *key, const void *additional_data, size_t additional_length,
                               const void *text, size_t text_length, uint8_t *sealed, size_t capacity, size_t *length)
{
    enum gbau_status status = key_calls_check(key, KEY_USAGE_ENCRYPT, KEY_SIDE_MAKES);
    if (status != GBAU_OK) {
        return status;
    }
    if (!key_calls_in_is_sound(additional_data, additional_length) || additional_length > GBAU_ADDITIONAL_MAX ||
        !key_calls_in_is_sound(text, text_length) || text_length > GBAU_SEAL_TEXT_MAX ||
        !key_calls_out_is_sound(sealed, capacity, length) ||
        !key_calls_are_apart(text, text_length, sealed, capacity)) {
        return GBAU_E_ARGUMENT;
    }
    status = check_can_name(key);
    if (status != GBAU_OK) {
        return status;
    }
    const struct sealed_message_key name = name_of(key);
    struct octet_writer writer = octet_writer_of(sealed, capacity);
    status =
        seal(key, &name, octets_of(additional_data, additional_length), octets_of(text, text_length), &writer, NULL);
    return key_calls_finish(status, &writer, length);
}

enum gbau_status gbau_key_open_sealed(struct gbau_key *key, const void *additional_data, size_t additional_length,
                                      const void *sealed, size_t sealed_length, uint8_t *text, size_t capacity,
                                      size_t *length)
{
    struct sealed_message message;
    enum gbau_status status = key_calls_check(key, KEY_USAGE_ENCRYPT, KEY_SIDE_READS);
    if (status != GBAU_OK) {
        return status;
    }
    if (!key_calls_in_is_sound(additional_data, additional_length) || additional_length > GBAU_ADDITIONAL_MAX ||
        !key_calls_in_is_sound(sealed, sealed_length) || !key_calls_out_is_sound(text, capacity, length) ||
        !key_calls_are_apart(sealed, sealed_length, text, capacity)) {
        return GBAU_E_ARGUMENT;
    }
    status = sealed_message_read(octets_of(sealed, sealed_length), &message);
    if (status == GBAU_OK && message.key.segment.is_one) {
        status = GBAU_E_MALFORMED; /* a part is not the whole */
    }
    if (status == GBAU_OK) {
        status = check_name(key, &message.key);
    }
    if (status != GBAU_OK) {
        return status;
    }
    struct octet_writer writer = octet_writer_of(text, capacity);
    status = open_read(key, &message, octets_of(additional_data, additional_length), &writer);
    return key_calls_finish(status, &writer, length);
}

/* One authenticated message */

enum gbau_status gbau_key_protect(struct gbau_key *key, const void *payload, size_t payload_length, uint8_t *message,
                                  size_t capacity, size_t *length)
{
    uint8_t head[MAC_STRUCTURE_HEAD_MAX];
    uint8_t mac[MAC_MAX_SIZE];
    enum gbau_status status = key_calls_check(key, KEY_USAGE_MAC, KEY_SIDE_MAKES);
    if (status != GBAU_OK) {
        return status;
    }
    if (!key_calls_in_is_sound(payload, payload_length) || !key_calls_out_is_sound(message, capacity, length) ||
        !key_calls_are_apart(payload, payload_length, message, capacity)) {
        return GBAU_E_ARGUMENT;
    }
    status = check_can_name(key);
    if (status != GBAU_OK) {
        return status;
    }
    const struct sealed_message_key name = name_of(key);
    struct octet_writer head_writer = octet_writer_of(head, sizeof head);
    authenticated_message_write_head(&head_writer, &name, payload_length);
    const struct octets parts[] = {octets_written(&head_writer), octets_of(payload, payload_length)};
    status = octet_writer_end(&head_writer);
    if (status == GBAU_OK) {
        status = key->holder->mac(key, parts, 2, mac);
    }
    struct octet_writer writer = octet_writer_of(message, capacity);
    if (status == GBAU_OK) {
        const size_t mac_length = key_algorithm_find((unsigned)key->algorithm)->tag_size;
        authenticated_message_write(&writer, &name, parts[1], octets_of(mac, mac_length));
    }
    return key_calls_finish(status, &writer, length);
}

static enum gbau_status verify_read(struct gbau_key *key, const struct authenticated_message *message)
{
    uint8_t head[MAC_STRUCTURE_HEAD_MAX];
    struct octet_writer head_writer = octet_writer_of(head, sizeof head);
    authenticated_message_write_received_head(&head_writer, message);
    if (head_writer.failed || message->key.segment.is_one) {
        return GBAU_E_MALFORMED;
    }
    if (message->mac.length != key_algorithm_find((unsigned)key->algorithm)->tag_size) {
        return GBAU_E_AUTHENTICATION;
    }
    const struct octets parts[] = {octets_written(&head_writer), message->payload};
    return key->holder->verify(key, parts, 2, message->mac);
}

enum gbau_status gbau_key_check(struct gbau_key *key, const void *message, size_t message_length,
                                const uint8_t **payload, size_t *payload_length)
{
    struct authenticated_message read;
    enum gbau_status status = key_calls_check(key, KEY_USAGE_MAC, KEY_SIDE_READS);
    if (status != GBAU_OK) {
        return status;
    }
    if (!key_calls_in_is_sound(message, message_length) || payload == NULL || payload_length == NULL) {
        return GBAU_E_ARGUMENT;
    }
    status = authenticated_message_read(octets_of(message, message_length), &read);
    if (status == GBAU_OK) {
        status = check_name(key, &read.key);
    }
    if (status == GBAU_OK) {
        status = verify_read(key, &read);
    }
    if (status == GBAU_OK) {
        *payload = read.payload.data;
        *payload_length = read.payload.length;
    }
    return status;
}

/* Streams: what both ways keep of one */

/* A buffer that is filled from a pipe and emptied from its front. */
struct inflow {
    const struct gbau_pipe *pipe;
    uint8_t *octets;
    size_t capacity;
    size_t length;
    bool ended;
};

/* Reads until the buffer is full or the input has ended. */
static enum gbau_status fill(struct inflow *inflow)
{
    while (!inflow->ended && inflow->length < inflow->capacity) {
        const size_t room = inflow->capacity - inflow->length;
        size_t length = 0;
        enum gbau_status status =
            inflow->pipe->read(inflow->pipe->context, inflow->octets + inflow->length, room, &length);
        if (status != GBAU_OK) {
            return status;
        }
        if (length > room) {
            return GBAU_E_ARGUMENT;
        }
        inflow->ended = length == 0;
        inflow->length += length;
    }
    return GBAU_OK;
}

static void drop_front(struct inflow *inflow, size_t length)
{
    inflow->length -= length;
    memmove(inflow->octets, inflow->octets + length, inflow->length);
}

/* A stream on its way in either direction. What comes in is read ahead: so it is known whether more follows. */
struct stream {
    struct gbau_key *key;
    const struct gbau_pipe *pipe;
    struct inflow in;
    uint8_t out[MESSAGE_MAX];
    uint8_t in_octets[MESSAGE_MAX];
    uint8_t id[AEAD_NONCE_SIZE]; /* nonce of the segment with index 0 */
    uint32_t index;
};

static struct stream *stream_open(struct gbau_key *key, const struct gbau_pipe *pipe, size_t in_capacity)
{
    struct stream *stream = malloc(sizeof *stream);
    if (stream != NULL) {
        stream->key = key;
        stream->pipe = pipe;
        stream->in = (struct inflow){.pipe = pipe, .octets = stream->in_octets, .capacity = in_capacity};
        stream->index = 0;
    }
    return stream;
}

static void stream_close(struct stream *stream)
{
    secret_wipe(stream, sizeof *stream);
    free(stream);
}

static struct octets stream_id(const struct stream *stream)
{
    return octets_of(stream->id, stream->index == 0 ? 0 : sizeof stream->id);
}

static bool pipe_is_sound(const struct gbau_pipe *pipe)
{
    return pipe != NULL && pipe->read != NULL && pipe->write != NULL;
}

/* Sealing a stream */

static enum gbau_status seal_next(struct stream *stream, bool *more)
{
    enum gbau_status status = fill(&stream->in);
    if (status != GBAU_OK) {
        return status;
    }
    *more = stream->in.length > GBAU_SEAL_TEXT_MAX;
    if (*more && stream->index == UINT32_MAX) {
        return GBAU_E_LIMIT;
    }
    const size_t length = *more ? GBAU_SEAL_TEXT_MAX : stream->in.length;
    struct sealed_message_key name = name_of(stream->key);
    name.segment = (struct sealed_message_segment){.is_one = *more || stream->index > 0, /* short data need no parts */
                                                   .index = stream->index,
                                                   .last = !*more,
                                                   .stream = stream_id(stream)};
    struct octet_writer writer = octet_writer_of(stream->out, sizeof stream->out);
    status = seal(stream->key, &name, (struct octets){0}, octets_of(stream->in.octets, length), &writer,
                  stream->index == 0 ? stream->id : NULL);
    if (status == GBAU_OK) {
        status = octet_writer_end(&writer);
    }
    if (status == GBAU_OK) {
        status = stream->pipe->write(stream->pipe->context, writer.data, writer.length);
    }
    drop_front(&stream->in, length);
    stream->index++;
    return status;
}

enum gbau_status gbau_key_seal_stream(struct gbau_key *key, const struct gbau_pipe *pipe)
{
    enum gbau_status status = key_calls_check(key, KEY_USAGE_ENCRYPT, KEY_SIDE_MAKES);
    if (status == GBAU_OK) {
        status = pipe_is_sound(pipe) ? check_can_name(key) : GBAU_E_ARGUMENT;
    }
    if (status != GBAU_OK) {
        return status;
    }
    struct stream *stream = stream_open(key, pipe, GBAU_SEAL_TEXT_MAX + 1);
    if (stream == NULL) {
        return GBAU_E_MEMORY;
    }
    bool more = true;
    while (status == GBAU_OK && more) {
        status = seal_next(stream, &more);
    }
    stream_close(stream);
    return status;
}

/* Opening a stream */

/* The segment that has to come now; a message without a third header is a whole stream. */
static bool is_expected(const struct stream *stream, const struct sealed_message_segment *segment)
{
    if (!segment->is_one) {
        return stream->index == 0;
    }
    return segment->index == stream->index && octets_equal(segment->stream, stream_id(stream));
}

static enum gbau_status read_next(struct stream *stream, struct sealed_message *message)
{
    enum gbau_status status = fill(&stream->in);
    if (status == GBAU_OK) {
        status = sealed_message_read_first(octets_of(stream->in.octets, stream->in.length), message);
    }
    if (status == GBAU_OK) {
        status = check_name(stream->key, &message->key);
    }
    if (status == GBAU_OK && !is_expected(stream, &message->key.segment)) {
        status = GBAU_E_MALFORMED;
    }
    return status;
}

/* Text is given out when its segment is right, and that of the last one only when nothing stands behind it. */
static enum gbau_status open_next(struct stream *stream, bool *more)
{
    struct sealed_message message;
    enum gbau_status status = read_next(stream, &message);
    if (status != GBAU_OK) {
        return status;
    }
    struct octet_writer text = octet_writer_of(stream->out, sizeof stream->out);
    status = open_read(stream->key, &message, (struct octets){0}, &text);
    if (status != GBAU_OK) {
        return status;
    }
    if (stream->index == 0) {
        memcpy(stream->id, message.nonce, sizeof stream->id);
    }
    *more = message.key.segment.is_one && !message.key.segment.last;
    drop_front(&stream->in, message.size); /* the views of `message` end here */
    status = fill(&stream->in);
    if (status == GBAU_OK && *more == (stream->in.length == 0)) {
        status = GBAU_E_MALFORMED; /* too little follows, or too much */
    }
    stream->index++;
    return status == GBAU_OK ? stream->pipe->write(stream->pipe->context, text.data, text.length) : status;
}

enum gbau_status gbau_key_open_stream(struct gbau_key *key, const struct gbau_pipe *pipe)
{
    enum gbau_status status = key_calls_check(key, KEY_USAGE_ENCRYPT, KEY_SIDE_READS);
    if (status == GBAU_OK && !pipe_is_sound(pipe)) {
        status = GBAU_E_ARGUMENT;
    }
    if (status != GBAU_OK) {
        return status;
    }
    struct stream *stream = stream_open(key, pipe, MESSAGE_MAX);
    if (stream == NULL) {
        return GBAU_E_MEMORY;
    }
    bool more = true;
    while (status == GBAU_OK && more) {
        status = open_next(stream, &more);
    }
    stream_close(stream);
    return status;
}
