/* operation_calls.c: the common path of C_Encrypt, C_Decrypt, C_Sign, C_Digest and their parts. */
#include "pkcs11/operation_calls.h"

/* A digest needs no key, and so no login. */
static CK_RV enter(CK_SESSION_HANDLE handle, enum operation_kind kind, struct slot **slot, struct session **session)
{
    return kind == OPERATION_DIGEST ? module_enter_publicly(handle, slot, session)
                                    : module_enter_connected(handle, slot, session);
}

CK_RV operation_call_enter(CK_SESSION_HANDLE handle, enum operation_kind kind, struct slot **slot,
                           struct session **session)
{
    CK_RV rv = module_enter_session(handle, slot, session);
    if (rv != CKR_OK) {
        return rv;
    }
    struct token *token = &(*slot)->token;
    rv = kind == OPERATION_DIGEST ? token_connect_publicly(token) : token_connect(token);
    if (rv != CKR_OK) {
        (void)operation_cancel(*session, kind); /* every error but a small buffer ends it */
        (void)module_leave(*slot, rv);
    }
    return rv;
}

CK_RV operation_call_begin(CK_SESSION_HANDLE handle, enum operation_kind kind, const CK_MECHANISM *mechanism,
                           CK_OBJECT_HANDLE key)
{
    struct slot *slot;
    struct session *session;
    CK_RV rv = enter(handle, kind, &slot, &session);
    if (rv != CKR_OK) {
        return rv;
    }
    rv = mechanism != NULL ? operation_begin(session, kind, mechanism, key) : CKR_ARGUMENTS_BAD;
    return module_leave(slot, rv);
}

CK_RV operation_call_run(CK_SESSION_HANDLE handle, enum operation_kind kind, const CK_BYTE *in, CK_ULONG in_length,
                         CK_BYTE *out, CK_ULONG *out_length)
{
    struct slot *slot;
    struct session *session;
    CK_RV rv = operation_call_enter(handle, kind, &slot, &session);
    if (rv != CKR_OK) {
        return rv;
    }
    if ((in == NULL && in_length != 0) || out_length == NULL) {
        (void)operation_cancel(session, kind);
        return module_leave(slot, CKR_ARGUMENTS_BAD);
    }
    return module_leave(slot, operation_run(session, kind, octets_of(in, in_length), out, out_length));
}

/* Parts are collected without the card. */
static CK_RV add(CK_SESSION_HANDLE handle, enum operation_kind kind, struct octets part, bool is_sound)
{
    struct slot *slot;
    struct session *session;
    CK_RV rv = module_enter_session(handle, &slot, &session);
    if (rv != CKR_OK) {
        return rv;
    }
    if (!is_sound) {
        (void)operation_cancel(session, kind);
        return module_leave(slot, CKR_ARGUMENTS_BAD);
    }
    return module_leave(slot, operation_add(session, kind, part));
}

CK_RV operation_call_add(CK_SESSION_HANDLE handle, enum operation_kind kind, const CK_BYTE *part, CK_ULONG part_length)
{
    return add(handle, kind, octets_of(part, part_length), part != NULL || part_length == 0);
}

CK_RV operation_call_update(CK_SESSION_HANDLE handle, enum operation_kind kind, const CK_BYTE *part,
                            CK_ULONG part_length, const CK_BYTE *out, CK_ULONG *out_length)
{
    const bool is_question = out == NULL && out_length != NULL; /* how much would come out */
    const struct octets added = is_question ? (struct octets){0} : octets_of(part, part_length);
    const bool is_sound = is_question || ((part != NULL || part_length == 0) && out_length != NULL);
    CK_RV rv = add(handle, kind, added, is_sound);
    if (rv == CKR_OK) {
        *out_length = 0;
    }
    return rv;
}

CK_RV operation_call_finish(CK_SESSION_HANDLE handle, enum operation_kind kind, CK_BYTE *out, CK_ULONG *out_length)
{
    struct slot *slot;
    struct session *session;
    CK_RV rv = operation_call_enter(handle, kind, &slot, &session);
    if (rv != CKR_OK) {
        return rv;
    }
    if (out_length == NULL) {
        (void)operation_cancel(session, kind);
        return module_leave(slot, CKR_ARGUMENTS_BAD);
    }
    return module_leave(slot, operation_finish(session, kind, out, out_length));
}
