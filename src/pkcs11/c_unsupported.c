/*
 * c_unsupported.c: what a card with keys of GBA_U has no use for: making keys, setting its PIN, and two operations at a
 * time. PKCS#11 v2.40 5.1.5 wants each there, with its answer.
 */
#include "pkcs11/cryptoki.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

CRYPTOKI_API CK_RV C_InitToken(CK_SLOT_ID slot_id, CK_BYTE *pin, CK_ULONG pin_len, CK_BYTE *label)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CRYPTOKI_API CK_RV C_InitPIN(CK_SESSION_HANDLE session, CK_BYTE *pin, CK_ULONG pin_len)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CRYPTOKI_API CK_RV C_SetPIN(CK_SESSION_HANDLE session, CK_BYTE *old_pin, CK_ULONG old_len, CK_BYTE *new_pin,
                            CK_ULONG new_len)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CRYPTOKI_API CK_RV C_GetOperationState(CK_SESSION_HANDLE session, CK_BYTE *operation_state,
                                       CK_ULONG *operation_state_len)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CRYPTOKI_API CK_RV C_SetOperationState(CK_SESSION_HANDLE session, CK_BYTE *operation_state,
                                       CK_ULONG operation_state_len, CK_OBJECT_HANDLE encryption_key,
                                       CK_OBJECT_HANDLE authentiation_key)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CRYPTOKI_API CK_RV C_CreateObject(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count,
                                  CK_OBJECT_HANDLE *object)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CRYPTOKI_API CK_RV C_CopyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
                                CK_ULONG count, CK_OBJECT_HANDLE *new_object)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CRYPTOKI_API CK_RV C_DigestKey(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CRYPTOKI_API CK_RV C_SignRecoverInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CRYPTOKI_API CK_RV C_SignRecover(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE *signature,
                                 CK_ULONG *signature_len)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CRYPTOKI_API CK_RV C_VerifyRecoverInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CRYPTOKI_API CK_RV C_VerifyRecover(CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG signature_len, CK_BYTE *data,
                                   CK_ULONG *data_len)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CRYPTOKI_API CK_RV C_DigestEncryptUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_len,
                                         CK_BYTE *encrypted_part, CK_ULONG *encrypted_part_len)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CRYPTOKI_API CK_RV C_DecryptDigestUpdate(CK_SESSION_HANDLE session, CK_BYTE *encrypted_part,
                                         CK_ULONG encrypted_part_len, CK_BYTE *part, CK_ULONG *part_len)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CRYPTOKI_API CK_RV C_SignEncryptUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_len,
                                       CK_BYTE *encrypted_part, CK_ULONG *encrypted_part_len)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CRYPTOKI_API CK_RV C_DecryptVerifyUpdate(CK_SESSION_HANDLE session, CK_BYTE *encrypted_part,
                                         CK_ULONG encrypted_part_len, CK_BYTE *part, CK_ULONG *part_len)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CRYPTOKI_API CK_RV C_GenerateKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *template,
                                 CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CRYPTOKI_API CK_RV C_GenerateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                                     CK_ATTRIBUTE *public_key_template, CK_ULONG public_key_attribute_count,
                                     CK_ATTRIBUTE *private_key_template, CK_ULONG private_key_attribute_count,
                                     CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CRYPTOKI_API CK_RV C_WrapKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping_key,
                             CK_OBJECT_HANDLE key, CK_BYTE *wrapped_key, CK_ULONG *wrapped_key_len)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CRYPTOKI_API CK_RV C_UnwrapKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrapping_key,
                               CK_BYTE *wrapped_key, CK_ULONG wrapped_key_len, CK_ATTRIBUTE *template,
                               CK_ULONG attribute_count, CK_OBJECT_HANDLE *key)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CRYPTOKI_API CK_RV C_GetFunctionStatus(CK_SESSION_HANDLE session)
{
    return CKR_FUNCTION_NOT_PARALLEL;
}

CRYPTOKI_API CK_RV C_CancelFunction(CK_SESSION_HANDLE session)
{
    return CKR_FUNCTION_NOT_PARALLEL;
}
