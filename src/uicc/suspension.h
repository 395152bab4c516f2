/* suspension.h: what a card keeps while it is suspended, and when that is forgotten (TS 102 221 11.1.22). */
#ifndef UICC_SUSPENSION_H
#define UICC_SUSPENSION_H

#include "uicc/uicc.h"

enum {
    SUSPENSION_TOKEN_SIZE = 8,
    /* valid (1) | SHA-256 of the token (32) | verified PINs (4) | channels, five octets each */
    SUSPENSION_STATE_SIZE = 1 + SHA256_SIZE + 4 + UICC_CHANNELS * 5
};

/* Called before any command but RESUME: what was kept is not wanted any more. */
GBAU_MUST_USE enum gbau_status suspension_forget(struct uicc *uicc);

#endif
