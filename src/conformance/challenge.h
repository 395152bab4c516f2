/* challenge.h: the home network's half of a check: challenges for the card, and what its answers must be. */
#ifndef CONFORMANCE_CHALLENGE_H
#define CONFORMANCE_CHALLENGE_H

#include "conformance/probe.h"
#include "key/aka_vector.h"
#include "key/gba_keys.h"

/* P2 of AUTHENTICATE (31.102 7.1.2). */
enum challenge_context { CONTEXT_GSM = 0x80, CONTEXT_3G = 0x81, CONTEXT_GBA = 0x84 };

/* What the checks write to EF_GBABP behind a bootstrapping. */
#define CHALLENGE_B_TID    "Y29uZm9ybWFuY2UtdGVzdA==@bsf.example.com"
#define CHALLENGE_LIFETIME "2030-01-01T00:00:00Z"

enum { CHALLENGE_DATA_MAX = 3 + AKA_RAND_SIZE + AKA_AUTN_SIZE };

/* Holds secrets: wipe it with challenge_clear. */
struct challenge {
    aka_sqn sqn;
    struct aka_vector vector; /* as the authentication centre makes it: MAC in AUTN, XRES unchanged */
};

/* A challenge with this SQN and AMF 0000, under a new RAND. */
void challenge_make(struct probe *probe, aka_sqn sqn, struct challenge *challenge);

/* One that the card must accept: SQN is above all it has seen. Asks the card for its SQN when that is not known. */
void challenge_make_fresh(struct probe *probe, struct challenge *challenge);
void challenge_clear(struct challenge *challenge);

/* AUTN -> AUTN* (33.220 5.3.2), and its own inverse. */
void challenge_mask(struct probe *probe, struct challenge *challenge);

/* Makes the MAC in AUTN wrong. */
void challenge_spoil_mac(struct challenge *challenge);

/* AUTHENTICATE in a context; the answer to it. */
struct octets challenge_send(struct probe *probe, enum challenge_context context, const struct challenge *challenge,
                             const char *sw);

/* A challenge of random octets, which no card can find right. */
void challenge_make_random(struct probe *probe, struct challenge *challenge);

/* SQN_MS of the answer DC 0E AUTS, whose MAC-S must be right. */
aka_sqn challenge_read_auts(struct probe *probe, const struct challenge *challenge, struct octets answer);

/* A bootstrapping that must succeed, with AUTN* or with AUTN as the card wants it; the answer to it. */
struct octets challenge_bootstrap(struct probe *probe, struct challenge *challenge);

/* B-TID and lifetime to EF_GBABP, behind the RAND, as MEs do (33.220 G.1). */
void challenge_write_b_tid(struct probe *probe);

/* AUTHENTICATE in NAF derivation mode; compares Ks_ext_NAF with what `challenge` gives. */
void challenge_derive_naf(struct probe *probe, const struct challenge *challenge, struct octets naf_id);

/* Ks_int_NAF as the card derives it from `challenge` then. A secret: the caller wipes it. */
void challenge_make_ks_int_naf(struct probe *probe, const struct challenge *challenge, struct octets naf_id,
                               struct ks_int_naf *key);

/* AUTHENTICATE in NAF derivation mode for one of the test's NAFs; compares as challenge_derive_naf. */
void challenge_derive(struct probe *probe, const struct challenge *challenge, unsigned naf);

/* NAF_ID of the test's NAF `naf`. */
void challenge_write_naf_id(struct octet_writer *writer, unsigned naf);

#endif
