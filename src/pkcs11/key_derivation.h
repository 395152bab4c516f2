/* key_derivation.h: C_DeriveKey: what parameter and template ask for, as a key of the GBA_U API. */
#ifndef PKCS11_KEY_DERIVATION_H
#define PKCS11_KEY_DERIVATION_H

#include "pkcs11/session.h"

/*
 * Derives from `base` by CKM_GBAU_DERIVE; *handle is the new object. With CKA_TOKEN true the card keeps the key. The
 * token is connected. CKR_TEMPLATE_INCOMPLETE when usage or label are not said, CKR_TEMPLATE_INCONSISTENT when
 * parameter, template and base do not go together, CKR_ATTRIBUTE_TYPE_INVALID for attributes that a derived key does
 * not have, CKR_SESSION_READ_ONLY, CKR_KEY_FUNCTION_NOT_PERMITTED.
 */
CK_RV key_derivation_run(struct session *session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
                         const CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *handle);

#endif
