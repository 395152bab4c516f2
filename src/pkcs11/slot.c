/* slot.c: what is in a slot, and its sessions. */
#include <stdlib.h>

#include "pkcs11/module.h"
#include "pkcs11/operation.h"

bool slot_is_present(struct slot *slot)
{
    const bool is_present = token_is_present(&slot->token);
    if (!slot->has_looked) {
        slot->has_looked = true;
        slot->was_present = is_present;
    }
    return is_present;
}

bool slot_has_event(struct slot *slot)
{
    const bool is_present = slot_is_present(slot);
    const bool has_event = is_present != slot->was_present;
    slot->was_present = is_present;
    return has_event;
}

/* The number of a session is the slot's, then the one in the slot's table: see module_enter_session. */
CK_RV slot_open_session(struct slot *slot, bool is_writable, CK_SESSION_HANDLE *handle)
{
    if (slot->session_count == SESSION_MAX) {
        return CKR_SESSION_COUNT;
    }
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL) {
        return CKR_HOST_MEMORY;
    }
    const unsigned long number = handle_table_add(&slot->sessions, session);
    if (number == 0) {
        free(session);
        return CKR_HOST_MEMORY;
    }
    session->handle = slot->id << HANDLE_BITS | number;
    session->is_writable = is_writable;
    session->token = &slot->token;
    slot->session_count++;
    slot->writable_count += is_writable;
    *handle = session->handle;
    return CKR_OK;
}

/* With the last session goes the login (PKCS#11 v2.40 C_CloseSession) unless it is to be kept, and the card. */
void slot_close_session(struct slot *slot, struct session *session)
{
    token_forget_session(&slot->token, session->handle);
    handle_table_remove(&slot->sessions, session->handle & HANDLE_MASK);
    slot->session_count--;
    slot->writable_count -= session->is_writable;
    session_free(session);
    if (slot->session_count > 0) {
        return;
    }
    if (slot->token.connection.configuration->keeps_login) {
        token_release(&slot->token);
    } else {
        token_logout(&slot->token);
    }
}

void slot_close_all_sessions(struct slot *slot)
{
    size_t position = 0;
    for (struct session *session; (session = handle_table_next(&slot->sessions, &position)) != NULL;) {
        slot_close_session(slot, session);
    }
}

void slot_logout(struct slot *slot)
{
    size_t position = 0;
    for (struct session *session; (session = handle_table_next(&slot->sessions, &position)) != NULL;) {
        for (enum operation_kind kind = 0; kind < OPERATION_KINDS; kind++) {
            if (kind != OPERATION_DIGEST) {
                (void)operation_cancel(session, kind);
            }
        }
    }
    token_logout(&slot->token);
}
