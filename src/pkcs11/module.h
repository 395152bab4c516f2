/*
 * module.h: the module as a whole: slots, their sessions, and how calls come in.
 *
 * Each slot has a mutex, and a call holds that of its slot only: slots do not wait for each other. Behind C_Initialize
 * the list of slots does not change. A process that was forked has to call C_Initialize itself: until then the module
 * is not initialised there, and what it inherited is forgotten.
 */
#ifndef PKCS11_MODULE_H
#define PKCS11_MODULE_H

#include <pthread.h>

#include "pkcs11/session.h"

enum { SESSION_MAX = 1024 };

struct slot {
    CK_SLOT_ID id;
    pthread_mutex_t mutex;
    struct token token;
    struct handle_table sessions;
    CK_ULONG session_count;
    CK_ULONG writable_count;
    bool has_looked;  /* was_present means something */
    bool was_present; /* at first, then when C_WaitForSlotEvent looked last */
    bool is_watched;  /* the keeper knows that the card is open */
};

/* C_Initialize without its arguments; `may_thread`: an idle card may be given back by a thread, else after each call.
 */
CK_RV module_open(bool may_thread);

/* C_Finalize. */
CK_RV module_close(void);

/* C_WaitForSlotEvent. */
CK_RV module_wait_for_event(bool may_block, CK_SLOT_ID *slot);

/* How many slots there are. CKR_CRYPTOKI_NOT_INITIALIZED. */
CK_RV module_slot_count(CK_ULONG *count);

/* A slot or a session by its number, with the slot's mutex held; module_leave releases it. */
CK_RV module_enter_slot(CK_SLOT_ID id, struct slot **slot);
CK_RV module_enter_session(CK_SESSION_HANDLE handle, struct slot **slot, struct session **session);

/* The same, with the card open; _publicly: for what needs no login. */
CK_RV module_enter_connected(CK_SESSION_HANDLE handle, struct slot **slot, struct session **session);
CK_RV module_enter_publicly(CK_SESSION_HANDLE handle, struct slot **slot, struct session **session);

/* Ends a call that entered, and gives its result back. */
CK_RV module_leave(struct slot *slot, CK_RV rv);

/* Of a slot that was entered: whether a card is there. */
bool slot_is_present(struct slot *slot);

/* Whether that is otherwise than before; the change is then known. */
bool slot_has_event(struct slot *slot);

/* Sessions of a slot that was entered. CKR_SESSION_COUNT, CKR_HOST_MEMORY. */
CK_RV slot_open_session(struct slot *slot, bool is_writable, CK_SESSION_HANDLE *handle);
void slot_close_session(struct slot *slot, struct session *session);
void slot_close_all_sessions(struct slot *slot);

/* token_logout, and the end of all operations with keys. */
void slot_logout(struct slot *slot);

#endif
