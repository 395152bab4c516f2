/* sealed_message.c: COSE_Encrypt0 and COSE_Mac0 (RFC 9052 5.2, 5.3, 6.2, 6.3). */
#include "key/sealed_message.h"

#include <string.h>

#include "key/cose_coding.h"

#define ENCRYPT0_CONTEXT "Encrypt0"
#define MAC0_CONTEXT     "MAC0"

enum { TAG_ENCRYPT0 = 16, TAG_MAC0 = 17, HEADER_IV = 5 };

/* The protected header of a key, in a buffer of the caller's. */
static struct octets protected_header_of(const struct sealed_message_key *key, uint8_t buffer[COSE_PROTECTED_MAX],
                                         struct octet_writer *writer)
{
    struct octet_writer header = octet_writer_of(buffer, COSE_PROTECTED_MAX);
    cose_write_protected(&header, key);
    writer->failed = writer->failed || header.failed;
    return octets_written(&header);
}

/* COSE_Encrypt0 */

static void write_enc_structure(struct octet_writer *writer, struct octets protected_header,
                                struct octets external_aad)
{
    cose_write_array(writer, 3);
    cose_write_text(writer, ENCRYPT0_CONTEXT);
    cose_write_bytes(writer, protected_header);
    cose_write_bytes(writer, external_aad);
}

void sealed_message_write_aad(struct octet_writer *writer, const struct sealed_message_key *key,
                              struct octets external_aad)
{
    uint8_t buffer[COSE_PROTECTED_MAX];
    write_enc_structure(writer, protected_header_of(key, buffer, writer), external_aad);
}

uint8_t *sealed_message_write_head(struct octet_writer *writer, const struct sealed_message_key *key,
                                   size_t text_length)
{
    uint8_t buffer[COSE_PROTECTED_MAX];
    const struct octets protected_header = protected_header_of(key, buffer, writer);
    cose_write_tag(writer, TAG_ENCRYPT0);
    cose_write_array(writer, 3);
    cose_write_bytes(writer, protected_header);
    cose_write_map(writer, 1);
    cose_write_integer(writer, HEADER_IV);
    cose_write_bytes_head(writer, AEAD_NONCE_SIZE);
    uint8_t *nonce = octet_writer_reserve(writer, AEAD_NONCE_SIZE);
    cose_write_bytes_head(writer, text_length + AEAD_TAG_SIZE);
    return writer->failed ? NULL : nonce;
}

void sealed_message_write(struct octet_writer *writer, const struct sealed_message_key *key,
                          const uint8_t nonce[AEAD_NONCE_SIZE], struct octets ciphertext,
                          const uint8_t tag[AEAD_TAG_SIZE])
{
    uint8_t *place = sealed_message_write_head(writer, key, ciphertext.length);
    if (place != NULL) {
        memcpy(place, nonce, AEAD_NONCE_SIZE);
    }
    octet_writer_put_octets(writer, ciphertext);
    octet_writer_put(writer, tag, AEAD_TAG_SIZE);
}

static void read_nonce(struct octet_reader *reader, uint8_t nonce[AEAD_NONCE_SIZE])
{
    cose_expect_map(reader, 1);
    cose_expect_integer(reader, HEADER_IV);
    const struct octets iv = cose_read_bytes(reader);
    if (iv.length != AEAD_NONCE_SIZE) {
        reader->failed = true;
        return;
    }
    memcpy(nonce, iv.data, AEAD_NONCE_SIZE);
}

static void read_ciphertext(struct octet_reader *reader, struct sealed_message *message)
{
    const struct octets octets = cose_read_bytes(reader);
    if (octets.length < AEAD_TAG_SIZE) {
        reader->failed = true;
        return;
    }
    message->body = octets;
    message->ciphertext = octets_of(octets.data, octets.length - AEAD_TAG_SIZE);
    memcpy(message->tag, octets.data + message->ciphertext.length, AEAD_TAG_SIZE);
}

enum gbau_status sealed_message_read_first(struct octets octets, struct sealed_message *message)
{
    *message = (struct sealed_message){0};
    struct octet_reader reader = octet_reader_of(octets);
    cose_skip_tag(&reader, TAG_ENCRYPT0);
    cose_expect_array(&reader, 3);
    message->protected_header = cose_read_bytes(&reader);
    read_nonce(&reader, message->nonce);
    read_ciphertext(&reader, message);
    message->size = reader.position;
    if (reader.failed) {
        return GBAU_E_MALFORMED;
    }
    return cose_read_protected(message->protected_header, KEY_ALGORITHM_KIND_AEAD, &message->key);
}

enum gbau_status sealed_message_read(struct octets octets, struct sealed_message *message)
{
    enum gbau_status status = sealed_message_read_first(octets, message);
    if (status == GBAU_OK && message->size != octets.length) {
        status = GBAU_E_MALFORMED;
    }
    return status;
}

void sealed_message_write_received_aad(struct octet_writer *writer, const struct sealed_message *message,
                                       struct octets external_aad)
{
    write_enc_structure(writer, message->protected_header, external_aad);
}

/* COSE_Mac0 */

static void write_mac_structure_head(struct octet_writer *writer, struct octets protected_header,
                                     size_t payload_length)
{
    cose_write_array(writer, 4);
    cose_write_text(writer, MAC0_CONTEXT);
    cose_write_bytes(writer, protected_header);
    cose_write_bytes(writer, (struct octets){0}); /* no external data */
    cose_write_bytes_head(writer, payload_length);
}

void authenticated_message_write_head(struct octet_writer *writer, const struct sealed_message_key *key,
                                      size_t payload_length)
{
    uint8_t buffer[COSE_PROTECTED_MAX];
    write_mac_structure_head(writer, protected_header_of(key, buffer, writer), payload_length);
}

void authenticated_message_write(struct octet_writer *writer, const struct sealed_message_key *key,
                                 struct octets payload, struct octets mac)
{
    uint8_t buffer[COSE_PROTECTED_MAX];
    const struct octets protected_header = protected_header_of(key, buffer, writer);
    cose_write_tag(writer, TAG_MAC0);
    cose_write_array(writer, 4);
    cose_write_bytes(writer, protected_header);
    cose_write_map(writer, 0);
    cose_write_bytes(writer, payload);
    cose_write_bytes(writer, mac);
}

enum gbau_status authenticated_message_read(struct octets octets, struct authenticated_message *message)
{
    *message = (struct authenticated_message){0};
    struct octet_reader reader = octet_reader_of(octets);
    cose_skip_tag(&reader, TAG_MAC0);
    cose_expect_array(&reader, 4);
    message->protected_header = cose_read_bytes(&reader);
    cose_expect_map(&reader, 0);
    message->payload = cose_read_bytes(&reader);
    message->mac = cose_read_bytes(&reader);
    enum gbau_status status = octet_reader_end(&reader);
    if (status == GBAU_OK) {
        status = cose_read_protected(message->protected_header, KEY_ALGORITHM_KIND_MAC, &message->key);
    }
    return status;
}

void authenticated_message_write_received_head(struct octet_writer *writer,
                                               const struct authenticated_message *message)
{
    write_mac_structure_head(writer, message->protected_header, message->payload.length);
}
