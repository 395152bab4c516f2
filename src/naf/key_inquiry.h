/* key_inquiry.h: what a NAF asks the BSF over Zn, and what it makes of the answer (TS 29.109 5). */
#ifndef NAF_KEY_INQUIRY_H
#define NAF_KEY_INQUIRY_H

#include "naf/key_cache.h"

/* Writes a Bootstrapping-Info-Request for the keys of this B-TID and NAF_ID = fqdn || ua, GBA_U-aware. */
void key_inquiry_write(struct octet_writer *writer, const char *fqdn, const uint8_t ua[NAF_ID_UA_SIZE],
                       const char *b_tid);

/*
 * Reads the answer. *result is what the BSF says (enum gba_result), 0 when it cannot be read. `keys` are filled in when
 * it is GBA_RESULT_SUCCESS, and expire `now` when the BSF does not tell. GBAU_E_PROTOCOL for what is no such answer.
 */
GBAU_MUST_USE enum gbau_status key_inquiry_read(struct octets bia, const char *b_tid, const uint8_t ua[NAF_ID_UA_SIZE],
                                                unix_time now, struct naf_keys *keys, uint32_t *result);

/* A name in which nothing needs escaping, in JSON or in a header: printable ASCII without '"' and '\'. */
bool key_inquiry_name_is_plain(const char *name);

#endif
