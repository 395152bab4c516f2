/* api_session.h: the handles of the GBA_U API: who owns them, how they begin and end (docs/gba_u-api.md 6.2). */
#ifndef UICC_API_SESSION_H
#define UICC_API_SESSION_H

#include "uicc/api.h"

/* The key that a handle of this caller on this channel names; NULL when it names none. */
struct api_session *api_session_find(const struct api_caller *caller, uint8_t handle);

/* A free handle, still closed; NULL when there is none. */
struct api_session *api_session_claim(const struct api_caller *caller, uint8_t *handle);

/*
 * Opens a claimed handle with `key`, which has `origin` and `label`. The key is copied: the caller wipes his.
 */
void api_session_open(struct api_session *session, const struct api_caller *caller, const struct application_key *key,
                      const struct api_origin *origin, struct octets label);

/* Ends a handle and wipes all it had. */
void api_session_end(struct api_session *session);

/* Ends what is under way on a handle. */
void api_session_end_operation(struct api_session *session);

/* Ends all handles of a channel. */
void api_session_end_channel(struct uicc *uicc, size_t channel);

struct octets api_session_b_tid(const struct api_session *session);
struct octets api_session_label(const struct api_session *session);

/* True when the key may make messages (encrypt, MAC, wrap) or read them (decrypt, verify, unwrap) on the card (4.3). */
bool api_session_makes(const struct api_session *session);
bool api_session_reads(const struct api_session *session);

/* Counts a message that is sealed; GBAU_E_LIMIT after 2^32 - 1 of them under one handle (14). */
GBAU_MUST_USE enum gbau_status api_session_count_message(struct api_session *session);

/* How a failed operation on a key shows on the wire. */
enum status_word api_sw_of(enum gbau_status status);

#endif
