/* api_nonce.h: nonces that never come twice: four random octets and a counter that survives power loss. */
#ifndef UICC_API_NONCE_H
#define UICC_API_NONCE_H

#include "crypto/aead.h"
#include "uicc/uicc.h"

GBAU_MUST_USE enum gbau_status api_nonce_make(struct uicc *uicc, uint8_t nonce[AEAD_NONCE_SIZE]);

/* The number that the next nonce would have had; it never comes again. */
GBAU_MUST_USE enum gbau_status api_nonce_count(struct uicc *uicc, uint64_t *counter);

#endif
