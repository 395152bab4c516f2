/* octet_buffer.h: octets that grow, may be secret, and keep their room for the next time. All zero: empty. */
#ifndef PKCS11_OCTET_BUFFER_H
#define PKCS11_OCTET_BUFFER_H

#include "base/octets.h"

struct octet_buffer {
    uint8_t *data;
    size_t length;
    size_t capacity;
};

/* Makes room for `capacity` octets in all. GBAU_E_MEMORY. */
GBAU_MUST_USE enum gbau_status octet_buffer_reserve(struct octet_buffer *buffer, size_t capacity);

/* Appends. GBAU_E_MEMORY. */
GBAU_MUST_USE enum gbau_status octet_buffer_append(struct octet_buffer *buffer, struct octets octets);

struct octets octet_buffer_view(const struct octet_buffer *buffer);

/* Wipes what is in it; the room stays. */
void octet_buffer_empty(struct octet_buffer *buffer);

/* Wipes and frees all. */
void octet_buffer_free(struct octet_buffer *buffer);

#endif
