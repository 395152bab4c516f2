/*
 * hss.h: the home subscriber server: authentication centre and GUSS behind Zh (TS 29.109 clause 4, TS 33.102 annex C).
 *
 * The core takes and gives AVPs in octets; sockets are somebody else's. Thread-safe.
 */
#ifndef HSS_HSS_H
#define HSS_HSS_H

#include "base/clock.h"
#include "base/log.h"
#include "store/subscriber_store.h"

struct hss_config {
    uint32_t seq_block; /* SEQ values reserved by one durable write for a subscriber; 1: a write for each vector */
    unsigned ind_first; /* IND values that GBA uses, so that it cannot disturb those of mobility ([D]) */
    unsigned ind_count; /* 1 to 32 - ind_first */
    unsigned crypto_count; /* how many requests are worked on at once */
};
#define HSS_CONFIG_DEFAULT ((struct hss_config){.seq_block = 32, .ind_first = 24, .ind_count = 8, .crypto_count = 4})

struct hss;

/*
 * `store`, `clock` and `log` are borrowed for the life of the HSS. GBAU_E_ARGUMENT for a configuration out of bounds.
 */
GBAU_MUST_USE enum gbau_status hss_open(const struct hss_config *config, struct subscriber_store *store,
                                        const struct clock *clock, const struct log *log, struct hss **hss);
void hss_close(struct hss *hss);

/*
 * Answers a Multimedia-Auth-Request: AVPs in, AVPs out. 5401 for an unknown IMPI, 5012 for a wrong AUTS, another
 * scheme, or a store that fails, 5005 and 5014 for a broken request (29.109 4.2, 6.2).
 */
void hss_answer_mar(struct hss *hss, struct octets request, struct octet_writer *answer);

#endif
