/* naf_id.h: NAF_ID, the name of a service in key derivations: its FQDN and its Ua protocol (TS 33.220 4.2.7a, B.3). */
#ifndef KEY_NAF_ID_H
#define KEY_NAF_ID_H

#include "base/octets.h"

/*
 * Writes FQDN || UA, the FQDN in lower case; `ua` has 5 octets. GBAU_E_ARGUMENT for an empty FQDN or one that is not
 * printable ASCII, GBAU_E_SPACE.
 */
GBAU_MUST_USE enum gbau_status naf_id_write(struct octet_writer *writer, struct octets fqdn, const uint8_t *ua);

/* The same of "naf.example.com/ff67620001". GBAU_E_MALFORMED when there is no slash with 10 hexadecimal digits. */
GBAU_MUST_USE enum gbau_status naf_id_write_text(struct octet_writer *writer, const char *text);

#endif
