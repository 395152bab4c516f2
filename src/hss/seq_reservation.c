/* seq_reservation.c: a direct-mapped table of reserved blocks; a collision only costs a block. */
#include "hss/seq_reservation.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/secret.h"

enum { SLOT_COUNT = 1024, BLOCK_LIFETIME_S = 60 /* so that changes of a subscriber are seen */ };

struct slot {
    pthread_mutex_t mutex; /* held during the store's write: requests for one subscriber queue up here */
    struct subscriber subscriber;
    uint64_t next;
    uint64_t limit;
    unix_time ends;
};

struct seq_reservation {
    struct subscriber_store *store;
    uint32_t block;
    const struct clock *clock;
    struct slot slots[SLOT_COUNT];
};

enum gbau_status seq_reservation_open(struct subscriber_store *store, uint32_t block, const struct clock *clock,
                                      struct seq_reservation **reservation)
{
    *reservation = calloc(1, sizeof **reservation);
    if (*reservation == NULL) {
        return GBAU_E_MEMORY;
    }
    (*reservation)->store = store;
    (*reservation)->block = block;
    (*reservation)->clock = clock;
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        (void)pthread_mutex_init(&(*reservation)->slots[i].mutex, NULL);
    }
    return GBAU_OK;
}

void seq_reservation_close(struct seq_reservation *reservation)
{
    if (reservation == NULL) {
        return;
    }
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        (void)pthread_mutex_destroy(&reservation->slots[i].mutex);
    }
    secret_wipe(reservation, sizeof *reservation);
    free(reservation);
}

static struct slot *slot_of(struct seq_reservation *reservation, const char *impi)
{
    return &reservation->slots[hash_text(impi) % SLOT_COUNT];
}

static bool has_reserved(const struct slot *slot, const char *impi, unix_time now)
{
    return slot->next < slot->limit && now < slot->ends && strcmp(slot->subscriber.impi, impi) == 0;
}

static void forget(struct slot *slot)
{
    secret_wipe(&slot->subscriber, sizeof slot->subscriber);
    slot->next = 0;
    slot->limit = 0;
}

/* What is in the slot goes only for a subscriber who is there: a name that nobody has costs nobody a block. */
static enum gbau_status fill(struct seq_reservation *reservation, struct slot *slot, const char *impi, unix_time now)
{
    struct subscriber subscriber;
    uint64_t first = 0;
    enum gbau_status status =
        subscriber_store_reserve_seq(reservation->store, impi, reservation->block, &subscriber, &first);
    if (status == GBAU_OK) {
        slot->subscriber = subscriber;
        slot->next = first;
        slot->limit = first + reservation->block;
        slot->ends = now + BLOCK_LIFETIME_S;
    }
    secret_wipe(&subscriber, sizeof subscriber);
    return status;
}

enum gbau_status seq_reservation_take(struct seq_reservation *reservation, const char *impi,
                                      struct subscriber *subscriber, uint64_t *seq)
{
    struct slot *slot = slot_of(reservation, impi);
    const unix_time now = clock_now(reservation->clock);
    enum gbau_status status = GBAU_OK;
    (void)pthread_mutex_lock(&slot->mutex);
    if (!has_reserved(slot, impi, now)) {
        status = fill(reservation, slot, impi, now);
    }
    if (status == GBAU_OK) {
        *subscriber = slot->subscriber;
        *seq = slot->next++;
    }
    (void)pthread_mutex_unlock(&slot->mutex);
    return status;
}

enum gbau_status seq_reservation_raise(struct seq_reservation *reservation, const char *impi, uint64_t seq)
{
    struct slot *slot = slot_of(reservation, impi);
    (void)pthread_mutex_lock(&slot->mutex);
    forget(slot);
    enum gbau_status status = subscriber_store_raise_seq(reservation->store, impi, seq);
    (void)pthread_mutex_unlock(&slot->mutex);
    return status;
}
