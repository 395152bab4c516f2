/* api_access.h: who may use whose keys: the PIN of the USIM and the lines of EF_AC_GBAUAPI (docs/gba_u-api.md 5). */
#ifndef UICC_API_ACCESS_H
#define UICC_API_ACCESS_H

#include "uicc/api.h"

/* The application whose NAF keys the API uses: the first USIM. False when there is none or it is terminated. */
bool api_access_find_usim(const struct uicc *uicc, struct card_application *usim);

/* PIN, then access line. */
enum status_word api_access_check(const struct api_caller *caller, struct octets naf_id);

/* The PIN alone. */
enum status_word api_access_check_pin(const struct api_caller *caller);

/* The NAF_ID with this hash for which `caller` has a line, as it stands there; empty when there is none. */
struct octets api_access_find_naf_id(const struct uicc *uicc, struct octets caller, const uint8_t hash[SHA256_SIZE]);

/* The hash by which keys name their NAF. */
GBAU_MUST_USE enum gbau_status api_access_hash(struct uicc *uicc, struct octets naf_id, uint8_t hash[SHA256_SIZE]);

#endif
