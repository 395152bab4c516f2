/* applet.h: applets on the card, which are callers of the GBA_U API beside its own applet (include/gbau/uicc.h). */
#ifndef UICC_APPLET_H
#define UICC_APPLET_H

#include "uicc/uicc.h"

/* The number, from 1, of the applet whose AID begins with `name`; 0 when there is none. */
uint8_t applet_find(const struct uicc *uicc, struct octets name);

/* The entry that the application would have in the card's tables. */
struct card_application applet_application(const struct uicc *uicc, uint8_t number);

/* GBAU_E_ARGUMENT for an AID that is too short, too long or taken, or too many applets: a name must not be shared. */
GBAU_MUST_USE enum gbau_status applet_check(const struct uicc *uicc);

#endif
