/* c_object.c: C_DestroyObject to C_FindObjectsFinal. */
#include "pkcs11/module.h"

CRYPTOKI_API CK_RV C_DestroyObject(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object)
{
    struct slot *slot;
    struct session *session;
    CK_RV rv = module_enter_connected(handle, &slot, &session);
    if (rv != CKR_OK) {
        return rv;
    }
    struct key_object *found = object_table_get(&slot->token.objects, object);
    if (found == NULL) {
        rv = CKR_OBJECT_HANDLE_INVALID;
    } else if (found->origin != KEY_DERIVED && !session->is_writable) {
        rv = CKR_SESSION_READ_ONLY;
    } else {
        rv = token_destroy(&slot->token, found);
    }
    return module_leave(slot, rv);
}

/* How much of the card's memory a key takes is nobody's to know. */
CRYPTOKI_API CK_RV C_GetObjectSize(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object, CK_ULONG *size)
{
    struct slot *slot;
    struct session *session;
    CK_RV rv = module_enter_session(handle, &slot, &session);
    if (rv != CKR_OK) {
        return rv;
    }
    if (size == NULL) {
        rv = CKR_ARGUMENTS_BAD;
    } else if (object_table_get(&slot->token.objects, object) == NULL) {
        rv = CKR_OBJECT_HANDLE_INVALID;
    } else {
        *size = CK_UNAVAILABLE_INFORMATION;
    }
    return module_leave(slot, rv);
}

/* All attributes are answered, also behind one that fails; the first failure is the result. */
static CK_RV get_attributes(const struct key_object *object, CK_ATTRIBUTE *template, CK_ULONG count)
{
    CK_RV result = CKR_OK;
    for (CK_ULONG i = 0; i < count; i++) {
        CK_RV rv = key_object_get_attribute(object, &template[i]);
        if (result == CKR_OK) {
            result = rv;
        }
    }
    return result;
}

CRYPTOKI_API CK_RV C_GetAttributeValue(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
                                       CK_ULONG count)
{
    struct slot *slot;
    struct session *session;
    CK_RV rv = module_enter_session(handle, &slot, &session);
    if (rv != CKR_OK) {
        return rv;
    }
    const struct key_object *found = object_table_get(&slot->token.objects, object);
    if (template == NULL || count == 0) {
        rv = CKR_ARGUMENTS_BAD;
    } else if (found == NULL) {
        rv = CKR_OBJECT_HANDLE_INVALID;
    } else {
        rv = get_attributes(found, template, count);
    }
    return module_leave(slot, rv);
}

CRYPTOKI_API CK_RV C_SetAttributeValue(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
                                       CK_ULONG count)
{
    struct slot *slot;
    struct session *session;
    CK_RV rv = module_enter_session(handle, &slot, &session);
    if (rv != CKR_OK) {
        return rv;
    }
    if (template == NULL || count == 0) {
        rv = CKR_ARGUMENTS_BAD;
    } else if (object_table_get(&slot->token.objects, object) == NULL) {
        rv = CKR_OBJECT_HANDLE_INVALID;
    } else {
        rv = CKR_ATTRIBUTE_READ_ONLY;
    }
    return module_leave(slot, rv);
}

static bool is_sound(const CK_ATTRIBUTE *template, CK_ULONG count)
{
    for (CK_ULONG i = 0; template != NULL && i < count; i++) {
        if (template[i].pValue == NULL && template[i].ulValueLen != 0) {
            return false;
        }
    }
    return template != NULL || count == 0;
}

/* All objects are private: before the login there are none, which is no error. */
CRYPTOKI_API CK_RV C_FindObjectsInit(CK_SESSION_HANDLE handle, CK_ATTRIBUTE *template, CK_ULONG count)
{
    struct slot *slot;
    struct session *session;
    CK_RV rv = module_enter_session(handle, &slot, &session);
    if (rv != CKR_OK) {
        return rv;
    }
    if (!is_sound(template, count)) {
        return module_leave(slot, CKR_ARGUMENTS_BAD);
    }
    rv = token_connect(&slot->token);
    if (rv == CKR_OK || rv == CKR_USER_NOT_LOGGED_IN) {
        rv = session_find(session, template, count);
    }
    return module_leave(slot, rv);
}

CRYPTOKI_API CK_RV C_FindObjects(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE *objects, CK_ULONG room, CK_ULONG *count)
{
    struct slot *slot;
    struct session *session;
    CK_RV rv = module_enter_session(handle, &slot, &session);
    if (rv != CKR_OK) {
        return rv;
    }
    rv = count == NULL || (objects == NULL && room != 0) ? CKR_ARGUMENTS_BAD
                                                         : session_give_found(session, objects, room, count);
    return module_leave(slot, rv);
}

CRYPTOKI_API CK_RV C_FindObjectsFinal(CK_SESSION_HANDLE handle)
{
    struct slot *slot;
    struct session *session;
    CK_RV rv = module_enter_session(handle, &slot, &session);
    return rv == CKR_OK ? module_leave(slot, session_end_find(session)) : rv;
}
