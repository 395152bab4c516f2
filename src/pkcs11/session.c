/* session.c: the end of sessions, and searches. */
#include "pkcs11/session.h"

#include <stdlib.h>
#include <string.h>

void session_free(struct session *session)
{
    for (size_t i = 0; i < OPERATION_KINDS; i++) {
        octet_buffer_free(&session->operations[i].additional_data);
        octet_buffer_free(&session->operations[i].collected);
    }
    octet_buffer_free(&session->scratch);
    free(session->found);
    free(session);
}

static CK_RV note_found(struct session *session, CK_OBJECT_HANDLE object)
{
    if (session->found_count == session->found_capacity) {
        const size_t capacity = session->found_capacity == 0 ? 16 : 2 * session->found_capacity;
        CK_OBJECT_HANDLE *found = realloc(session->found, capacity * sizeof *found);
        if (found == NULL) {
            return CKR_HOST_MEMORY;
        }
        session->found = found;
        session->found_capacity = capacity;
    }
    session->found[session->found_count++] = object;
    return CKR_OK;
}

static const CK_ATTRIBUTE *find_label(const CK_ATTRIBUTE *template, CK_ULONG count)
{
    for (CK_ULONG i = 0; i < count; i++) {
        if (template[i].type == CKA_LABEL) {
            return &template[i];
        }
    }
    return NULL;
}

static CK_RV find_by_label(struct session *session, struct octets label, const CK_ATTRIBUTE *template, CK_ULONG count)
{
    CK_RV rv = CKR_OK;
    for (const struct key_object *object = object_table_by_label(&session->token->objects, label);
         object != NULL && rv == CKR_OK; object = object->next_by_label) {
        if (key_object_matches(object, template, count)) {
            rv = note_found(session, object->handle);
        }
    }
    return rv;
}

static CK_RV find_among_all(struct session *session, const CK_ATTRIBUTE *template, CK_ULONG count)
{
    CK_RV rv = CKR_OK;
    size_t position = 0;
    for (const struct key_object *object;
         rv == CKR_OK && (object = object_table_next(&session->token->objects, &position)) != NULL;) {
        if (key_object_matches(object, template, count)) {
            rv = note_found(session, object->handle);
        }
    }
    return rv;
}

CK_RV session_find(struct session *session, const CK_ATTRIBUTE *template, CK_ULONG count)
{
    if (session->is_finding) {
        return CKR_OPERATION_ACTIVE;
    }
    const CK_ATTRIBUTE *label = find_label(template, count);
    session->found_count = 0;
    session->given = 0;
    CK_RV rv = label != NULL ? find_by_label(session, octets_of(label->pValue, label->ulValueLen), template, count)
                             : find_among_all(session, template, count);
    session->is_finding = rv == CKR_OK;
    return rv;
}

CK_RV session_give_found(struct session *session, CK_OBJECT_HANDLE *objects, CK_ULONG room, CK_ULONG *count)
{
    if (!session->is_finding) {
        return CKR_OPERATION_NOT_INITIALIZED;
    }
    const size_t left = session->found_count - session->given;
    *count = left < room ? left : room;
    if (*count > 0) {
        memcpy(objects, session->found + session->given, *count * sizeof *objects);
    }
    session->given += *count;
    return CKR_OK;
}

CK_RV session_end_find(struct session *session)
{
    if (!session->is_finding) {
        return CKR_OPERATION_NOT_INITIALIZED;
    }
    session->is_finding = false;
    return CKR_OK;
}
