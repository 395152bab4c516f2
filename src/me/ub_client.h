/*
 * ub_client.h: the UE's half of Ub without sockets and without card (TS 24.109 clause 4, RFC 3310): headers in,
 * headers out.
 *
 *     ub_client_begin -> message 1 -> ub_client_read_challenge -> (card) -> ub_client_answer or ub_client_resynchronise
 *     -> message 3 -> ub_client_read_success, or another challenge
 */
#ifndef ME_UB_CLIENT_H
#define ME_UB_CLIENT_H

#include "codec/bsf_xml.h"
#include "codec/digest_auth.h"
#include "crypto/aka_types.h"

enum { UB_CLIENT_HEADER_SIZE = 2048 };

#define UB_CLIENT_USER_AGENT "gbau; Release-18; 3gpp-gba-tmpi"

struct ub_client {
    struct crypto *crypto; /* borrowed */
    struct digest_credentials credentials;
    struct aka_res res; /* the password of the run */
    struct aka_rand rand;
    struct aka_autn autn;
    char authorization[UB_CLIENT_HEADER_SIZE]; /* value of the header to send next */
};

/* Starts a run as `username` (IMPI or TMPI) in realm `bsf_fqdn`; `authorization` holds message 1's header. */
GBAU_MUST_USE enum gbau_status ub_client_begin(struct ub_client *client, struct crypto *crypto, const char *username,
                                               const char *bsf_fqdn);

/*
 * Reads the WWW-Authenticate header of a 401: `rand` and `autn` are the challenge for the card.
 * GBAU_E_PROTOCOL when it is no AKA challenge with auth-int.
 */
GBAU_MUST_USE enum gbau_status ub_client_read_challenge(struct ub_client *client, const char *www_authenticate);

/* Makes message 3 with the card's RES. */
GBAU_MUST_USE enum gbau_status ub_client_answer(struct ub_client *client, const struct aka_res *res);

/* Makes message 3 with the card's AUTS; the digest has an empty password (RFC 3310 3.4). */
GBAU_MUST_USE enum gbau_status ub_client_resynchronise(struct ub_client *client, const struct aka_auts *auts);

/*
 * Reads a 200: checks rspauth over the body, so that the BSF proves that it knows RES, then reads the document.
 * `authentication_info` may be NULL when the header is missing: that is GBAU_E_AUTHENTICATION unless `trust_missing`.
 * GBAU_E_AUTHENTICATION too when the last message was not made by ub_client_answer: then there is no RES to prove.
 */
GBAU_MUST_USE enum gbau_status ub_client_read_success(struct ub_client *client, const char *authentication_info,
                                                      struct octets body, bool trust_missing, struct bsf_xml *info);

void ub_client_clear(struct ub_client *client);

#endif
