/* cryptoki.h: PKCS#11 as this room sees it: p11-kit's header of v2.40, and the few names of v3.0 that it lacks. */
#ifndef PKCS11_CRYPTOKI_H
#define PKCS11_CRYPTOKI_H

#include <p11-kit/pkcs11.h>

#ifndef CKR_TOKEN_RESOURCE_EXCEEDED
#define CKR_TOKEN_RESOURCE_EXCEEDED 0x201UL
#endif

/* C_ functions are all that the module shows. */
#define CRYPTOKI_API __attribute__((visibility("default")))

#endif
