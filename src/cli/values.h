/* values.h: option values turned into what they mean; each says what was wrong with one that means nothing. */
#ifndef CLI_VALUES_H
#define CLI_VALUES_H

#include "base/octets.h"
#include "key/gba_keys.h"

/* Exactly `length` octets as hex. GBAU_E_ARGUMENT, logged with the option's name. */
GBAU_MUST_USE enum gbau_status value_hex(const char *option, const char *text, uint8_t *out, size_t length);

/* A whole number from `minimum` to `maximum`. */
GBAU_MUST_USE enum gbau_status value_number(const char *option, const char *text, uint64_t minimum, uint64_t maximum,
                                            uint64_t *value);

/* `minimum` to `maximum` decimal digits. */
GBAU_MUST_USE enum gbau_status value_digits(const char *option, const char *text, size_t minimum, size_t maximum);

/* Either OPc, or OP from which OPc is computed with K; one of both must be given. */
GBAU_MUST_USE enum gbau_status value_opc(const char *op, const char *opc, const struct aka_k *k, struct aka_opc *out);

#endif
