/* c_session.c: C_OpenSession to C_Logout. */
#include "pkcs11/module.h"

CRYPTOKI_API CK_RV C_OpenSession(CK_SLOT_ID slot_id, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                                 CK_SESSION_HANDLE *session)
{
    struct slot *slot;
    (void)application; /* nothing is ever notified: no operation waits for anyone */
    (void)notify;
    CK_RV rv = module_enter_slot(slot_id, &slot);
    if (rv != CKR_OK) {
        return rv;
    }
    if (session == NULL) {
        rv = CKR_ARGUMENTS_BAD;
    } else if ((flags & CKF_SERIAL_SESSION) == 0) {
        rv = CKR_SESSION_PARALLEL_NOT_SUPPORTED;
    } else if (!slot_is_present(slot)) {
        rv = CKR_TOKEN_NOT_PRESENT;
    } else {
        rv = slot_open_session(slot, (flags & CKF_RW_SESSION) != 0, session);
    }
    return module_leave(slot, rv);
}

CRYPTOKI_API CK_RV C_CloseSession(CK_SESSION_HANDLE handle)
{
    struct slot *slot;
    struct session *session;
    CK_RV rv = module_enter_session(handle, &slot, &session);
    if (rv != CKR_OK) {
        return rv;
    }
    slot_close_session(slot, session);
    return module_leave(slot, CKR_OK);
}

CRYPTOKI_API CK_RV C_CloseAllSessions(CK_SLOT_ID slot_id)
{
    struct slot *slot;
    CK_RV rv = module_enter_slot(slot_id, &slot);
    if (rv != CKR_OK) {
        return rv;
    }
    slot_close_all_sessions(slot);
    return module_leave(slot, CKR_OK);
}

static CK_STATE state_of(const struct slot *slot, const struct session *session)
{
    if (session->is_writable) {
        return slot->token.is_logged_in ? CKS_RW_USER_FUNCTIONS : CKS_RW_PUBLIC_SESSION;
    }
    return slot->token.is_logged_in ? CKS_RO_USER_FUNCTIONS : CKS_RO_PUBLIC_SESSION;
}

CRYPTOKI_API CK_RV C_GetSessionInfo(CK_SESSION_HANDLE handle, CK_SESSION_INFO *info)
{
    struct slot *slot;
    struct session *session;
    CK_RV rv = module_enter_session(handle, &slot, &session);
    if (rv != CKR_OK) {
        return rv;
    }
    if (info == NULL) {
        return module_leave(slot, CKR_ARGUMENTS_BAD);
    }
    *info = (CK_SESSION_INFO){.slotID = slot->id,
                              .state = state_of(slot, session),
                              .flags = CKF_SERIAL_SESSION | (session->is_writable ? CKF_RW_SESSION : 0)};
    return module_leave(slot, CKR_OK);
}

/* The user PIN of the card (VERIFY PIN). It has no security officer. */
CRYPTOKI_API CK_RV C_Login(CK_SESSION_HANDLE handle, CK_USER_TYPE user_type, CK_UTF8CHAR *pin, CK_ULONG pin_length)
{
    struct slot *slot;
    struct session *session;
    CK_RV rv = module_enter_session(handle, &slot, &session);
    if (rv != CKR_OK) {
        return rv;
    }
    if (user_type == CKU_CONTEXT_SPECIFIC) {
        rv = CKR_OPERATION_NOT_INITIALIZED;
    } else if (user_type != CKU_USER) {
        rv = CKR_USER_TYPE_INVALID;
    } else if (pin == NULL) {
        rv = CKR_ARGUMENTS_BAD;
    } else {
        rv = token_login(&slot->token, pin, pin_length);
    }
    return module_leave(slot, rv);
}

CRYPTOKI_API CK_RV C_Logout(CK_SESSION_HANDLE handle)
{
    struct slot *slot;
    struct session *session;
    CK_RV rv = module_enter_session(handle, &slot, &session);
    if (rv != CKR_OK) {
        return rv;
    }
    if (!slot->token.is_logged_in) {
        return module_leave(slot, CKR_USER_NOT_LOGGED_IN);
    }
    slot_logout(slot);
    return module_leave(slot, CKR_OK);
}
