/*
 * api_applet.h: the GBA_U API's own applet: keys distributed from Ks_int_NAF, used inside the card.
 *
 * Selected by uicc_api_aid on a logical channel. Commands, CLA 8X or CX:
 *
 *     50 OPEN KEY   data 80 NAF_ID 82 direction (1) 83 algorithm (1) 84 label [85 context]
 *                   response 90 handle (1) 81 B-TID
 *     52 ENCRYPT    P1 handle; data 86 additional data 87 plaintext; response nonce (12) || ciphertext || tag (16)
 *     5E CLOSE KEY  P1 handle
 *
 * The applet is one caller among others: without a line {its AID, NAF_ID} in EF_AC_GBAUAPI there is no key (6982), as
 * without the PIN of the USIM. No Ks_int_NAF of that NAF_ID: 6A88. No free session: 6A84. Unknown algorithm: 6A81.
 */
#ifndef UICC_API_APPLET_H
#define UICC_API_APPLET_H

#include "uicc/uicc.h"

/* Ends all keys that were opened on a channel. */
void api_applet_close_channel(struct uicc *uicc, size_t channel_number);

#endif
