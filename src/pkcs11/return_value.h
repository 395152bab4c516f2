/* return_value.h: errors of gbau in the words of PKCS#11. */
#ifndef PKCS11_RETURN_VALUE_H
#define PKCS11_RETURN_VALUE_H

#include "gbau/status.h"
#include "pkcs11/cryptoki.h"

/* What a call with a key says. */
CK_RV return_value_of(enum gbau_status status);

/* What opening a card says: a card that is not there is a token that is not present. */
CK_RV return_value_of_card(enum gbau_status status);

#endif
