/* c_key.c: C_DeriveKey and C_GenerateRandom. */
#include "pkcs11/key_derivation.h"
#include "pkcs11/module.h"

CRYPTOKI_API CK_RV C_DeriveKey(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base_key,
                               CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    struct slot *slot;
    struct session *session;
    CK_RV rv = module_enter_connected(handle, &slot, &session);
    if (rv != CKR_OK) {
        return rv;
    }
    rv = mechanism != NULL && key != NULL && (template != NULL || count == 0)
             ? key_derivation_run(session, mechanism, base_key, template, count, key)
             : CKR_ARGUMENTS_BAD;
    return module_leave(slot, rv);
}

CRYPTOKI_API CK_RV C_SeedRandom(CK_SESSION_HANDLE handle, CK_BYTE *seed, CK_ULONG length)
{
    struct slot *slot;
    struct session *session;
    (void)seed;
    (void)length;
    CK_RV rv = module_enter_session(handle, &slot, &session);
    return rv == CKR_OK ? module_leave(slot, CKR_RANDOM_SEED_NOT_SUPPORTED) : rv;
}

CRYPTOKI_API CK_RV C_GenerateRandom(CK_SESSION_HANDLE handle, CK_BYTE *random, CK_ULONG length)
{
    struct slot *slot;
    struct session *session;
    CK_RV rv = module_enter_publicly(handle, &slot, &session);
    if (rv != CKR_OK) {
        return rv;
    }
    rv = random != NULL || length == 0 ? token_random(&slot->token, random, length) : CKR_ARGUMENTS_BAD;
    return module_leave(slot, rv);
}
