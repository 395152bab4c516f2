/* operation_calls.h: what the C_ functions of operations have in common: entering, checking pointers, leaving. */
#ifndef PKCS11_OPERATION_CALLS_H
#define PKCS11_OPERATION_CALLS_H

#include "pkcs11/module.h"
#include "pkcs11/operation.h"

/* C_EncryptInit and its like. */
CK_RV operation_call_begin(CK_SESSION_HANDLE handle, enum operation_kind kind, const CK_MECHANISM *mechanism,
                           CK_OBJECT_HANDLE key);

/* A session whose operation is to run, with the card open; else the operation is ended. module_leave releases it. */
CK_RV operation_call_enter(CK_SESSION_HANDLE handle, enum operation_kind kind, struct slot **slot,
                           struct session **session);

/* In one piece. */
CK_RV operation_call_run(CK_SESSION_HANDLE handle, enum operation_kind kind, const CK_BYTE *in, CK_ULONG in_length,
                         CK_BYTE *out, CK_ULONG *out_length);

/* A part from which nothing comes out. */
CK_RV operation_call_add(CK_SESSION_HANDLE handle, enum operation_kind kind, const CK_BYTE *part, CK_ULONG part_length);

/* A part of a cipher: its output comes at the end, so *out_length is 0. */
CK_RV operation_call_update(CK_SESSION_HANDLE handle, enum operation_kind kind, const CK_BYTE *part,
                            CK_ULONG part_length, const CK_BYTE *out, CK_ULONG *out_length);

/* The end of an operation in parts. */
CK_RV operation_call_finish(CK_SESSION_HANDLE handle, enum operation_kind kind, CK_BYTE *out, CK_ULONG *out_length);

#endif
