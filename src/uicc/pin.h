/* pin.h: PINs and their state (TS 102 221 clause 9.5 and 11.1.9 to 11.1.13). */
#ifndef UICC_PIN_H
#define UICC_PIN_H

#include "uicc/uicc.h"

/* Index of the PIN with this key reference, or CARD_NO_INDEX. */
uint8_t pin_find(const struct uicc *uicc, uint8_t key_reference);

/* True when the PIN with this key reference has been verified or is disabled. False when there is none. */
bool pin_is_satisfied(const struct uicc *uicc, uint8_t key_reference);

/* True when the application's own PIN has been verified or is disabled. */
bool pin_of_application_is_satisfied(const struct uicc *uicc, const struct card_application *application);

/* True when the PIN is enabled. */
bool pin_is_enabled(const struct uicc *uicc, uint8_t index);

#endif
