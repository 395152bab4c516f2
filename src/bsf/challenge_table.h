/*
 * challenge_table.h: challenges that wait for their answer: found by RAND, taken once, gone after a while.
 *
 * Bounded in all, and for each user, so that message 1, which anyone can send, fills neither memory nor the HSS.
 */
#ifndef BSF_CHALLENGE_TABLE_H
#define BSF_CHALLENGE_TABLE_H

#include "store/session_store.h"

enum { CHALLENGE_USERNAME_SIZE = 320, CHALLENGE_NONCE_SIZE = 45, CHALLENGE_OPAQUE_SIZE = 33 };

/* A challenge. Holds secrets: wipe it with challenge_clear. */
struct challenge {
    struct aka_rand rand; /* what it is found by */
    char username[CHALLENGE_USERNAME_SIZE]; /* as the UE sent it: IMPI or TMPI */
    char impi[SESSION_IMPI_SIZE];
    char nonce[CHALLENGE_NONCE_SIZE]; /* base64 of RAND and AUTN as sent */
    char opaque[CHALLENGE_OPAQUE_SIZE];
    struct aka_res xres; /* as the AuC made it */
    struct aka_ck ck;
    struct aka_ik ik;
    enum gba_mode mode;
    uint32_t key_lifetime_s;
    unsigned resync_round;
    char *guss_xml; /* owned; NULL: none */
};

struct challenge_table;

GBAU_MUST_USE enum gbau_status challenge_table_open(size_t maximum, unsigned maximum_for_one, unsigned lifetime_s,
                                                    const struct clock *clock, struct challenge_table **table);
void challenge_table_close(struct challenge_table *table);

/* True when another challenge for this user may be made now. Thread-safe, as are all below. */
bool challenge_table_has_room(struct challenge_table *table, const char *impi);

/* Keeps a challenge; its guss_xml goes over to the table on success. GBAU_E_LIMIT when there is no room. */
GBAU_MUST_USE enum gbau_status challenge_table_put(struct challenge_table *table, struct challenge *challenge);

/* Takes a challenge out: whoever gets it is the only one. GBAU_E_NOT_FOUND when unknown, answered or too old. */
GBAU_MUST_USE enum gbau_status challenge_table_take(struct challenge_table *table, const struct aka_rand *rand,
                                                    struct challenge *challenge);

size_t challenge_table_count(struct challenge_table *table);

void challenge_clear(struct challenge *challenge);

#endif
