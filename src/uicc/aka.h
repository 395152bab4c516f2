/* aka.h: the card's half of authentication and key agreement (TS 33.102 6.3, annex C). */
#ifndef UICC_AKA_H
#define UICC_AKA_H

#include "uicc/aka_keys.h"
#include "uicc/uicc.h"

enum aka_outcome {
    AKA_ACCEPTED,    /* RES, CK and IK are there; SQN is to be accepted by aka_accept_sqn */
    AKA_MAC_WRONG,   /* AUTN was not made by the home network */
    AKA_SYNC_FAILURE /* SQN is not fresh: AUTS is there */
};

/* What a challenge came to. Holds secrets: wipe it. */
struct aka_result {
    enum aka_outcome outcome;
    struct aka_res res;
    struct aka_ck ck;
    struct aka_ik ik;
    aka_sqn sqn;
    struct aka_auts auts;
};

/*
 * Checks AUTN: MAC first, then SQN (33.102 6.3.3); nothing is stored. With `unmask` the MAC is MAC* and is unmasked
 * before it is checked (33.220 5.3.2).
 */
GBAU_MUST_USE enum gbau_status aka_check(struct uicc *uicc, const struct card_application *application,
                                         const struct aka_rand *rand, const struct aka_autn *autn, bool unmask,
                                         struct aka_result *result);

/* Reads an application's keys out of the memory. GBAU_E_CORRUPT as aka_keys_read. Wipe them. */
GBAU_MUST_USE enum gbau_status aka_read_keys(const struct uicc *uicc, const struct card_application *application,
                                             struct aka_keys *keys);

/* The highest SQN accepted so far with this IND, which is below SQN_ENTRIES; 0: none. */
aka_sqn aka_sqn_of_ind(const struct uicc *uicc, const struct card_application *application, size_t ind);

/* Adds "SEQ_MS(IND) = SEQ" to the transaction that is open on the memory. */
void aka_accept_sqn(struct uicc *uicc, const struct card_application *application, aka_sqn sqn);

#endif
