/* session.h: a session of a slot, with the operations under way in it. The slot's mutex guards it. */
#ifndef PKCS11_SESSION_H
#define PKCS11_SESSION_H

#include "pkcs11/mechanism.h"
#include "pkcs11/octet_buffer.h"
#include "pkcs11/token.h"

enum operation_kind {
    OPERATION_ENCRYPT,
    OPERATION_DECRYPT,
    OPERATION_SIGN,
    OPERATION_VERIFY,
    OPERATION_DIGEST,
    OPERATION_KINDS
};

/* What C_EncryptInit and its like began. */
struct operation {
    const struct mechanism *mechanism; /* NULL: none is under way */
    CK_OBJECT_HANDLE key;
    enum gbau_algorithm algorithm;
    struct cipher_parameter parameter; /* its additional data is a view of `additional_data` */
    struct octet_buffer additional_data;
    struct octet_buffer collected; /* parts so far */
    bool is_in_parts;
};

struct session {
    CK_SESSION_HANDLE handle;
    bool is_writable;
    struct token *token; /* borrowed */
    struct operation operations[OPERATION_KINDS];
    struct octet_buffer scratch;
    bool is_finding;
    CK_OBJECT_HANDLE *found; /* what a search has still to give: found[given] to found[found_count - 1] */
    size_t found_count;
    size_t found_capacity;
    size_t given;
};

/* Ends all operations and frees the session. */
void session_free(struct session *session);

/* C_FindObjectsInit: notes all objects that match. CKR_OPERATION_ACTIVE, CKR_HOST_MEMORY. */
CK_RV session_find(struct session *session, const CK_ATTRIBUTE *template, CK_ULONG count);

/* C_FindObjects and C_FindObjectsFinal. */
CK_RV session_give_found(struct session *session, CK_OBJECT_HANDLE *objects, CK_ULONG room, CK_ULONG *count);
CK_RV session_end_find(struct session *session);

#endif
