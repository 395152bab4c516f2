/*
 * api_rules.h: the policies of NAF keys as the card keeps them, and the counting of operations (docs/gba_u-api.md 10).
 *
 * A policy stands in the entry of its NAF key (gba_state.h):
 *
 *     newest (4) | version (4) | usages (1) | flags (1) | algorithms (4) | operations (4) | 2 x { length (1) | AID (16)
 * }
 *
 * `newest` is the version of the last policy or revocation that was taken; version 0 means the default.
 */
#ifndef UICC_API_RULES_H
#define UICC_API_RULES_H

#include "key/key_policy.h"
#include "uicc/api.h"

/* The rules of a NAF key. */
struct api_rules {
    bool exist;    /* false: the card knows nothing of this NAF_ID, the default holds */
    uint8_t index; /* of the entry */
    uint32_t newest;
    struct key_policy policy;
};

/* The rules of the NAF_ID with this hash. Operations are those in the memory, without what is reserved. */
struct api_rules api_rules_find(const struct uicc *uicc, const uint8_t naf_id[SHA256_SIZE]);

/* Adds a change of the rules to the transaction that has begun. */
void api_rules_change(struct uicc *uicc, const struct api_rules *rules);

/* 6A81 for what cannot be, 6982 for what the policy forbids. Usage policy is never open to anyone. */
enum status_word api_rules_check(const struct api_rules *rules, struct octets caller,
                                 const struct application_key_description *description);

/*
 * Pays for one operation, at the policy's limit and at that of the persisted key. 6983 when either is used up; then
 * nothing is paid.
 */
enum status_word api_rules_pay(struct uicc *uicc, struct api_session *session);

/* True when the key can do nothing any more: its policy's limit, or that of the persisted key it comes from. */
bool api_rules_is_used_up(struct uicc *uicc, const struct api_session *session);

/* What is left of a limit, with what is reserved. */
uint32_t api_rules_left(const struct uicc *uicc, const struct api_rules *rules);

/* An entry goes to another NAF_ID: what was reserved of it is of no use any more. */
void api_rules_forget(struct uicc *uicc, const struct card_application *application, uint8_t index);

#endif
