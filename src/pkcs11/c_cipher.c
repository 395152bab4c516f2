/* c_cipher.c: C_EncryptInit to C_DecryptFinal. */
#include "pkcs11/operation_calls.h"

CRYPTOKI_API CK_RV C_EncryptInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return operation_call_begin(session, OPERATION_ENCRYPT, mechanism, key);
}

CRYPTOKI_API CK_RV C_Encrypt(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_length, CK_BYTE *out,
                             CK_ULONG *out_length)
{
    return operation_call_run(session, OPERATION_ENCRYPT, in, in_length, out, out_length);
}

CRYPTOKI_API CK_RV C_EncryptUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_length, CK_BYTE *out,
                                   CK_ULONG *out_length)
{
    return operation_call_update(session, OPERATION_ENCRYPT, part, part_length, out, out_length);
}

CRYPTOKI_API CK_RV C_EncryptFinal(CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *out_length)
{
    return operation_call_finish(session, OPERATION_ENCRYPT, out, out_length);
}

CRYPTOKI_API CK_RV C_DecryptInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return operation_call_begin(session, OPERATION_DECRYPT, mechanism, key);
}

CRYPTOKI_API CK_RV C_Decrypt(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_length, CK_BYTE *out,
                             CK_ULONG *out_length)
{
    return operation_call_run(session, OPERATION_DECRYPT, in, in_length, out, out_length);
}

CRYPTOKI_API CK_RV C_DecryptUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_length, CK_BYTE *out,
                                   CK_ULONG *out_length)
{
    return operation_call_update(session, OPERATION_DECRYPT, part, part_length, out, out_length);
}

CRYPTOKI_API CK_RV C_DecryptFinal(CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *out_length)
{
    return operation_call_finish(session, OPERATION_DECRYPT, out, out_length);
}
