/* text_coding.h: octets as hexadecimal and base64 text (RFC 4648), both strict on the way in. */
#ifndef BASE_TEXT_CODING_H
#define BASE_TEXT_CODING_H

#include "base/octets.h"

/* Characters, without the terminating zero, that `length` octets need. */
#define HEX_LENGTH(length)    (2 * (length))
#define BASE64_LENGTH(length) (((length) + 2) / 3 * 4)

/* Lower-case hex of `octets` as a C string. `capacity` counts the terminating zero. GBAU_E_SPACE if it is too small. */
GBAU_MUST_USE enum gbau_status hex_encode(struct octets octets, char *text, size_t capacity);

/* Octets of hex `text` in either case, no spaces. GBAU_E_MALFORMED for anything else or an odd count. */
GBAU_MUST_USE enum gbau_status hex_decode(struct octets text, uint8_t *out, size_t capacity, size_t *out_length);

/* As hex_decode, but exactly `length` octets. */
GBAU_MUST_USE enum gbau_status hex_decode_exactly(struct octets text, uint8_t *out, size_t length);

/* Standard alphabet with padding, no line breaks, as a C string. */
GBAU_MUST_USE enum gbau_status base64_encode(struct octets octets, char *text, size_t capacity);

/* Standard alphabet; padding demanded, unused bits must be zero, so that each value has one text only. */
GBAU_MUST_USE enum gbau_status base64_decode(struct octets text, uint8_t *out, size_t capacity, size_t *out_length);

#endif
