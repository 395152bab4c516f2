/*
 * seq_reservation.h: SEQ values handed out from blocks that the store has reserved durably, so that most vectors cost
 * no write of the disk. A block that is lost with the process leaves a gap, never a repetition.
 */
#ifndef HSS_SEQ_RESERVATION_H
#define HSS_SEQ_RESERVATION_H

#include "base/clock.h"
#include "store/subscriber_store.h"

struct seq_reservation;

GBAU_MUST_USE enum gbau_status seq_reservation_open(struct subscriber_store *store, uint32_t block,
                                                    const struct clock *clock, struct seq_reservation **reservation);
void seq_reservation_close(struct seq_reservation *reservation);

/* The subscriber and a SEQ that nobody else gets. Errors as subscriber_store_reserve_seq. Thread-safe. */
GBAU_MUST_USE enum gbau_status seq_reservation_take(struct seq_reservation *reservation, const char *impi,
                                                    struct subscriber *subscriber, uint64_t *seq);

/* Gives up what is reserved for `impi` and raises SEQ to at least `seq` (resynchronisation). */
GBAU_MUST_USE enum gbau_status seq_reservation_raise(struct seq_reservation *reservation, const char *impi,
                                                     uint64_t seq);

#endif
