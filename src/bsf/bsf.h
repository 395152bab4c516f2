/*
 * bsf.h: the bootstrapping server function as a core without sockets: Ub (TS 24.109 clause 4) and Zn (TS 29.109 clause
 * 5).
 *
 * The service around it (bsf_service.h) carries its bytes. Thread-safe: several exchanges may be worked on at once,
 * each by one thread at a time.
 */
#ifndef BSF_BSF_H
#define BSF_BSF_H

#include "base/clock.h"
#include "base/log.h"
#include "codec/digest_auth.h"
#include "codec/gba_avp.h"
#include "store/session_store.h"

enum {
    BSF_MAX_NAFS = 64,
    BSF_MAX_NAF_FQDNS = 8,
    BSF_FQDN_SIZE = 254,
    BSF_NAF_GROUP_SIZE = 64,
    UB_HEADER_SIZE = 2048,
    UB_BODY_SIZE = 1024,
    UB_MAR_SIZE = 1024
};

/* What the BSF knows of a NAF that may ask over Zn (29.109 5.2; [C] network facts 6.2). */
struct bsf_naf {
    char identity[BSF_FQDN_SIZE]; /* Diameter identity (Origin-Host) */
    size_t fqdn_count;
    char fqdns[BSF_MAX_NAF_FQDNS][BSF_FQDN_SIZE]; /* names it may use in NAF-Id; "*.suffix" for all below one */
    char group[BSF_NAF_GROUP_SIZE];               /* naf group in the GUSS; empty: none */
    bool may_see_impi;
    bool may_have_int_key; /* Ks_int_NAF is given to it */
};

struct bsf_config {
    char fqdn[BSF_FQDN_SIZE]; /* realm of Ub, and domain of the B-TID */
    unsigned key_lifetime_s;  /* of Ks, unless the GUSS says less */
    unsigned challenge_lifetime_s;
    size_t challenge_max;          /* pending challenges; more are answered with 503 */
    unsigned challenge_max_for_one; /* pending challenges of one user (approximately) */
    struct gba_u_rules gba_u_rules;
    unsigned crypto_count; /* how many exchanges are worked on at once */
    size_t naf_count;
    struct bsf_naf nafs[BSF_MAX_NAFS];
};

struct bsf;

/* `store`, `clock` and `log` are borrowed; the configuration is copied. */
GBAU_MUST_USE enum gbau_status bsf_open(const struct bsf_config *config, struct session_store *store,
                                        const struct clock *clock, const struct log *log, struct bsf **bsf);
void bsf_close(struct bsf *bsf);

/* Ub */

/* A request as it came in; all borrowed for the call. */
struct ub_request {
    const char *method;
    const char *path;          /* without query */
    size_t authorization_count; /* how often the header came */
    const char *authorization; /* its value, or NULL */
    struct octets body;
};

/* What to do next with an exchange. */
enum ub_next {
    UB_RESPOND,      /* send `response` */
    UB_ASK_HSS,      /* send `mar` over Zh, then call bsf_ub_continue */
    UB_STORE_SESSION /* write `session` to the session store, then call bsf_ub_stored */
};

struct ub_response {
    unsigned status;
    char www_authenticate[UB_HEADER_SIZE];    /* empty: not sent */
    char authentication_info[UB_HEADER_SIZE]; /* empty: not sent */
    char expires[CLOCK_HTTP_DATE_SIZE];       /* empty: not sent */
    char content_type[64];                    /* empty: no body */
    char body[UB_BODY_SIZE];
};

/* One request and what becomes of it. Owned by the caller; ended by ub_exchange_clear. */
struct ub_exchange {
    enum ub_next next;
    struct ub_response response;
    uint8_t mar_buffer[UB_MAR_SIZE];
    struct octets mar;
    struct bootstrapping_session session;
    /* the core's own */
    struct digest_credentials credentials;
    struct aka_res password; /* the RES that the UE proved */
    char impi[SESSION_IMPI_SIZE];
    unsigned resync_round;
};

/* Begins with a request; `exchange->next` says what to do. */
void bsf_ub_begin(struct bsf *bsf, const struct ub_request *request, struct ub_exchange *exchange);

/* Goes on with the answer to `exchange->mar`, or with the reason why there is none. Always ends in UB_RESPOND. */
void bsf_ub_continue(struct bsf *bsf, struct ub_exchange *exchange, enum gbau_status status, struct octets maa);

/* Goes on after the session was written, or was not. Always ends in UB_RESPOND. */
void bsf_ub_stored(struct bsf *bsf, struct ub_exchange *exchange, enum gbau_status status);

void ub_exchange_clear(struct ub_exchange *exchange);

/* Zn */

/* Answers a Bootstrapping-Info-Request of the NAF `origin_host`: AVPs in, AVPs out (29.109 5.2). */
void bsf_zn_answer(struct bsf *bsf, struct octets origin_host, struct octets request, struct octet_writer *answer);

/* How many challenges wait for their answer. */
size_t bsf_pending_challenges(const struct bsf *bsf);

#endif
