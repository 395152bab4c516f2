/* c_sign.c: C_DigestInit to C_VerifyFinal. */
#include "pkcs11/operation_calls.h"

CRYPTOKI_API CK_RV C_DigestInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism)
{
    return operation_call_begin(session, OPERATION_DIGEST, mechanism, 0);
}

CRYPTOKI_API CK_RV C_Digest(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG length, CK_BYTE *digest,
                            CK_ULONG *digest_length)
{
    return operation_call_run(session, OPERATION_DIGEST, data, length, digest, digest_length);
}

CRYPTOKI_API CK_RV C_DigestUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_length)
{
    return operation_call_add(session, OPERATION_DIGEST, part, part_length);
}

CRYPTOKI_API CK_RV C_DigestFinal(CK_SESSION_HANDLE session, CK_BYTE *digest, CK_ULONG *digest_length)
{
    return operation_call_finish(session, OPERATION_DIGEST, digest, digest_length);
}

CRYPTOKI_API CK_RV C_SignInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return operation_call_begin(session, OPERATION_SIGN, mechanism, key);
}

CRYPTOKI_API CK_RV C_Sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG length, CK_BYTE *signature,
                          CK_ULONG *signature_length)
{
    return operation_call_run(session, OPERATION_SIGN, data, length, signature, signature_length);
}

CRYPTOKI_API CK_RV C_SignUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_length)
{
    return operation_call_add(session, OPERATION_SIGN, part, part_length);
}

CRYPTOKI_API CK_RV C_SignFinal(CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG *signature_length)
{
    return operation_call_finish(session, OPERATION_SIGN, signature, signature_length);
}

CRYPTOKI_API CK_RV C_VerifyInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return operation_call_begin(session, OPERATION_VERIFY, mechanism, key);
}

CRYPTOKI_API CK_RV C_Verify(CK_SESSION_HANDLE handle, CK_BYTE *data, CK_ULONG length, CK_BYTE *signature,
                            CK_ULONG signature_length)
{
    struct slot *slot;
    struct session *session;
    CK_RV rv = operation_call_enter(handle, OPERATION_VERIFY, &slot, &session);
    if (rv != CKR_OK) {
        return rv;
    }
    if ((data == NULL && length != 0) || signature == NULL) {
        (void)operation_cancel(session, OPERATION_VERIFY);
        return module_leave(slot, CKR_ARGUMENTS_BAD);
    }
    return module_leave(slot,
                        operation_verify(session, octets_of(data, length), octets_of(signature, signature_length)));
}

CRYPTOKI_API CK_RV C_VerifyUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_length)
{
    return operation_call_add(session, OPERATION_VERIFY, part, part_length);
}

CRYPTOKI_API CK_RV C_VerifyFinal(CK_SESSION_HANDLE handle, CK_BYTE *signature, CK_ULONG signature_length)
{
    struct slot *slot;
    struct session *session;
    CK_RV rv = operation_call_enter(handle, OPERATION_VERIFY, &slot, &session);
    if (rv != CKR_OK) {
        return rv;
    }
    if (signature == NULL) {
        (void)operation_cancel(session, OPERATION_VERIFY);
        return module_leave(slot, CKR_ARGUMENTS_BAD);
    }
    return module_leave(slot, operation_finish_verify(session, octets_of(signature, signature_length)));
}
