/* c_general.c: C_Initialize to C_GetFunctionList, and the list. */
#include <string.h>

#include "pkcs11/module.h"
#include "pkcs11/padded_text.h"

/* PKCS#11 v2.40 5.4: all callbacks or none; callbacks without CKF_OS_LOCKING_OK would have to be used. */
static CK_RV check_arguments(const CK_C_INITIALIZE_ARGS *arguments)
{
    const int callbacks = (arguments->CreateMutex != NULL) + (arguments->DestroyMutex != NULL) +
                          (arguments->LockMutex != NULL) + (arguments->UnlockMutex != NULL);
    if (arguments->pReserved != NULL || (callbacks != 0 && callbacks != 4)) {
        return CKR_ARGUMENTS_BAD;
    }
    return callbacks == 4 && (arguments->flags & CKF_OS_LOCKING_OK) == 0 ? CKR_CANT_LOCK : CKR_OK;
}

CRYPTOKI_API CK_RV C_Initialize(void *init_args)
{
    const CK_C_INITIALIZE_ARGS *arguments = init_args;
    CK_RV rv = arguments != NULL ? check_arguments(arguments) : CKR_OK;
    if (rv != CKR_OK) {
        return rv;
    }
    return module_open(arguments == NULL || (arguments->flags & CKF_LIBRARY_CANT_CREATE_OS_THREADS) == 0);
}

CRYPTOKI_API CK_RV C_Finalize(void *reserved)
{
    return reserved == NULL ? module_close() : CKR_ARGUMENTS_BAD;
}

CRYPTOKI_API CK_RV C_GetInfo(CK_INFO *info)
{
    CK_ULONG count;
    CK_RV rv = module_slot_count(&count);
    if (rv != CKR_OK) {
        return rv;
    }
    if (info == NULL) {
        return CKR_ARGUMENTS_BAD;
    }
    *info = (CK_INFO){.cryptokiVersion = {CRYPTOKI_VERSION_MAJOR, CRYPTOKI_VERSION_MINOR}, .libraryVersion = {0, 1}};
    padded_text_put(info->manufacturerID, sizeof info->manufacturerID, "gbau");
    padded_text_put(info->libraryDescription, sizeof info->libraryDescription, "GBA_U keys of the SIM");
    return CKR_OK;
}

static CK_FUNCTION_LIST functions = {
    .version = {CRYPTOKI_VERSION_MAJOR, CRYPTOKI_VERSION_MINOR},
#define FUNCTION(name) .name = (name)
    FUNCTION(C_Initialize),
    FUNCTION(C_Finalize),
    FUNCTION(C_GetInfo),
    FUNCTION(C_GetFunctionList),
    FUNCTION(C_GetSlotList),
    FUNCTION(C_GetSlotInfo),
    FUNCTION(C_GetTokenInfo),
    FUNCTION(C_GetMechanismList),
    FUNCTION(C_GetMechanismInfo),
    FUNCTION(C_InitToken),
    FUNCTION(C_InitPIN),
    FUNCTION(C_SetPIN),
    FUNCTION(C_OpenSession),
    FUNCTION(C_CloseSession),
    FUNCTION(C_CloseAllSessions),
    FUNCTION(C_GetSessionInfo),
    FUNCTION(C_GetOperationState),
    FUNCTION(C_SetOperationState),
    FUNCTION(C_Login),
    FUNCTION(C_Logout),
    FUNCTION(C_CreateObject),
    FUNCTION(C_CopyObject),
    FUNCTION(C_DestroyObject),
    FUNCTION(C_GetObjectSize),
    FUNCTION(C_GetAttributeValue),
    FUNCTION(C_SetAttributeValue),
    FUNCTION(C_FindObjectsInit),
    FUNCTION(C_FindObjects),
    FUNCTION(C_FindObjectsFinal),
    FUNCTION(C_EncryptInit),
    FUNCTION(C_Encrypt),
    FUNCTION(C_EncryptUpdate),
    FUNCTION(C_EncryptFinal),
    FUNCTION(C_DecryptInit),
    FUNCTION(C_Decrypt),
    FUNCTION(C_DecryptUpdate),
    FUNCTION(C_DecryptFinal),
    FUNCTION(C_DigestInit),
    FUNCTION(C_Digest),
    FUNCTION(C_DigestUpdate),
    FUNCTION(C_DigestKey),
    FUNCTION(C_DigestFinal),
    FUNCTION(C_SignInit),
    FUNCTION(C_Sign),
    FUNCTION(C_SignUpdate),
    FUNCTION(C_SignFinal),
    FUNCTION(C_SignRecoverInit),
    FUNCTION(C_SignRecover),
    FUNCTION(C_VerifyInit),
    FUNCTION(C_Verify),
    FUNCTION(C_VerifyUpdate),
    FUNCTION(C_VerifyFinal),
    FUNCTION(C_VerifyRecoverInit),
    FUNCTION(C_VerifyRecover),
    FUNCTION(C_DigestEncryptUpdate),
    FUNCTION(C_DecryptDigestUpdate),
    FUNCTION(C_SignEncryptUpdate),
    FUNCTION(C_DecryptVerifyUpdate),
    FUNCTION(C_GenerateKey),
    FUNCTION(C_GenerateKeyPair),
    FUNCTION(C_WrapKey),
    FUNCTION(C_UnwrapKey),
    FUNCTION(C_DeriveKey),
    FUNCTION(C_SeedRandom),
    FUNCTION(C_GenerateRandom),
    FUNCTION(C_GetFunctionStatus),
    FUNCTION(C_CancelFunction),
    FUNCTION(C_WaitForSlotEvent),
#undef FUNCTION
};

CRYPTOKI_API CK_RV C_GetFunctionList(CK_FUNCTION_LIST **function_list)
{
    if (function_list == NULL) {
        return CKR_ARGUMENTS_BAD;
    }
    *function_list = &functions;
    return CKR_OK;
}
