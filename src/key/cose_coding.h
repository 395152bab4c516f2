/*
 * cose_coding.h: CBOR items and the protected header that COSE messages of the GBA_U API share; private to this
 * room. Reading demands definite lengths and one kind of item after the other; nothing allocates.
 */
#ifndef KEY_COSE_CODING_H
#define KEY_COSE_CODING_H

#include "key/sealed_message.h"

enum { COSE_PROTECTED_MAX = SEALED_MESSAGE_B_TID_MAX + 1 + APPLICATION_LABEL_MAX + 40 };

/* Writing */

void cose_write_tag(struct octet_writer *writer, uint8_t tag);
void cose_write_array(struct octet_writer *writer, size_t count);
void cose_write_map(struct octet_writer *writer, size_t count);
void cose_write_integer(struct octet_writer *writer, int64_t value);
void cose_write_bytes(struct octet_writer *writer, struct octets octets);
/* The head of a byte string whose `length` octets follow. */
void cose_write_bytes_head(struct octet_writer *writer, size_t length);
void cose_write_text(struct octet_writer *writer, const char *text);

/* The map of protected headers. The writer fails for a key without a sound name or a COSE number. */
void cose_write_protected(struct octet_writer *writer, const struct sealed_message_key *key);

/* Reading: the reader fails when the next item is another one. */

/* Skips a tag of one octet if it is there. */
void cose_skip_tag(struct octet_reader *reader, uint8_t tag);
void cose_expect_array(struct octet_reader *reader, size_t count);
void cose_expect_map(struct octet_reader *reader, size_t count);
void cose_expect_integer(struct octet_reader *reader, int64_t value);
struct octets cose_read_bytes(struct octet_reader *reader);

/* GBAU_E_MALFORMED; GBAU_E_UNSUPPORTED for an algorithm that has no such number or is of another kind. */
GBAU_MUST_USE enum gbau_status cose_read_protected(struct octets octets, enum key_algorithm_kind kind,
                                                   struct sealed_message_key *key);

#endif
