/* octet_buffer.c: grows by copying, so that what was there before is wiped. */
#include "pkcs11/octet_buffer.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

enum { LEAST_CAPACITY = 256 };

enum gbau_status octet_buffer_reserve(struct octet_buffer *buffer, size_t capacity)
{
    if (capacity <= buffer->capacity) {
        return GBAU_OK;
    }
    const size_t doubled = buffer->capacity < LEAST_CAPACITY ? LEAST_CAPACITY : 2 * buffer->capacity;
    const size_t wanted = capacity > doubled ? capacity : doubled;
    uint8_t *data = malloc(wanted);
    if (data == NULL) {
        return GBAU_E_MEMORY;
    }
    if (buffer->length > 0) {
        memcpy(data, buffer->data, buffer->length);
        secret_wipe(buffer->data, buffer->length);
    }
    free(buffer->data);
    buffer->data = data;
    buffer->capacity = wanted;
    return GBAU_OK;
}

enum gbau_status octet_buffer_append(struct octet_buffer *buffer, struct octets octets)
{
    if (octets.length == 0) {
        return GBAU_OK;
    }
    if (octets.length > SIZE_MAX - buffer->length) {
        return GBAU_E_MEMORY;
    }
    enum gbau_status status = octet_buffer_reserve(buffer, buffer->length + octets.length);
    if (status == GBAU_OK) {
        memcpy(buffer->data + buffer->length, octets.data, octets.length);
        buffer->length += octets.length;
    }
    return status;
}

struct octets octet_buffer_view(const struct octet_buffer *buffer)
{
    return octets_of(buffer->data, buffer->length);
}

void octet_buffer_empty(struct octet_buffer *buffer)
{
    if (buffer->length > 0) {
        secret_wipe(buffer->data, buffer->length);
    }
    buffer->length = 0;
}

void octet_buffer_free(struct octet_buffer *buffer)
{
    octet_buffer_empty(buffer);
    free(buffer->data);
    *buffer = (struct octet_buffer){0};
}
