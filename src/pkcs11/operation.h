/*
 * operation.h: C_Encrypt, C_Decrypt, C_Sign, C_Verify and C_Digest, in one piece and in parts, as one thing.
 *
 * Parts are collected and go to the card at the end, since gbau/key.h works on whole data; at most OPERATION_DATA_MAX
 * octets. An operation ends with its result or with an error, but not when only the length was asked for or the room
 * was too small.
 */
#ifndef PKCS11_OPERATION_H
#define PKCS11_OPERATION_H

#include "pkcs11/session.h"

enum { OPERATION_DATA_MAX = 0xffffff }; /* docs/gba_u-api.md 14 */

/* Begins. `key` is 0 for a digest. The token is connected. */
CK_RV operation_begin(struct session *session, enum operation_kind kind, const CK_MECHANISM *mechanism,
                      CK_OBJECT_HANDLE key);

/* Adds a part. */
CK_RV operation_add(struct session *session, enum operation_kind kind, struct octets part);

/* In one piece: `in` to `out`; *length is the room, then the length. `out` NULL: only the length. The token is
 * connected. */
CK_RV operation_run(struct session *session, enum operation_kind kind, struct octets in, uint8_t *out,
                    CK_ULONG *length);

/* The same over the parts. */
CK_RV operation_finish(struct session *session, enum operation_kind kind, uint8_t *out, CK_ULONG *length);

/* C_Verify, and C_VerifyFinal. */
CK_RV operation_verify(struct session *session, struct octets in, struct octets signature);
CK_RV operation_finish_verify(struct session *session, struct octets signature);

/* Ends what is under way; CKR_OPERATION_NOT_INITIALIZED when nothing is. */
CK_RV operation_cancel(struct session *session, enum operation_kind kind);

#endif
