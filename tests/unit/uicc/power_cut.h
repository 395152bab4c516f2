/*
 * power_cut.h: a memory for tests that writes down all that is written to it, and then shows every state in which a
 * power failure could have left it: what was synced is there; of what was not, any write may be missing or cut short.
 */
#ifndef TESTS_UNIT_UICC_POWER_CUT_H
#define TESTS_UNIT_UICC_POWER_CUT_H

#include <stdlib.h>

#include "testing.h"
#include "uicc/nvm.h"

/* A write, or a sync when `data` is NULL. */
struct power_cut_event {
    size_t offset;
    size_t length;
    uint8_t *data;
    unsigned stage; /* what the test had reached when it happened */
};

struct power_cut {
    struct nvm_storage storage;
    uint8_t *memory; /* what the card sees */
    uint8_t *start;  /* what was there at first */
    size_t size;
    struct power_cut_event *events;
    size_t event_count;
    size_t event_capacity;
    unsigned stage;
    size_t events_allowed; /* when there are so many, every further write and sync fails */
};

static inline struct power_cut_event *power_cut_add_event(struct power_cut *cut)
{
    if (cut->event_count == cut->event_capacity) {
        cut->event_capacity = cut->event_capacity == 0 ? 256 : 2 * cut->event_capacity;
        cut->events = realloc(cut->events, cut->event_capacity * sizeof *cut->events);
        assert_non_null(cut->events);
    }
    cut->events[cut->event_count] = (struct power_cut_event){.stage = cut->stage};
    return &cut->events[cut->event_count++];
}

static inline enum gbau_status power_cut_write(void *context, size_t offset, const void *data, size_t length)
{
    struct power_cut *cut = context;
    if (cut->event_count >= cut->events_allowed) {
        return GBAU_E_STORAGE;
    }
    assert_true(offset <= cut->size && length <= cut->size - offset);
    struct power_cut_event *event = power_cut_add_event(cut);
    event->offset = offset;
    event->length = length;
    event->data = malloc(length + 1);
    assert_non_null(event->data);
    memcpy(event->data, data, length);
    memcpy(cut->memory + offset, data, length);
    return GBAU_OK;
}

static inline enum gbau_status power_cut_sync(void *context, size_t offset, size_t length)
{
    struct power_cut *cut = context;
    if (cut->event_count >= cut->events_allowed) {
        return GBAU_E_STORAGE;
    }
    assert_true(offset <= cut->size && length <= cut->size - offset);
    struct power_cut_event *event = power_cut_add_event(cut);
    event->offset = offset;
    event->length = length;
    return GBAU_OK;
}

static inline uint8_t *power_cut_copy(const uint8_t *image, size_t size)
{
    uint8_t *copy = malloc(size);
    assert_non_null(copy);
    memcpy(copy, image, size);
    return copy;
}

/* Begins with a copy of `image`. */
static inline void power_cut_begin(struct power_cut *cut, const uint8_t *image, size_t size)
{
    *cut = (struct power_cut){.memory = power_cut_copy(image, size),
                              .start = power_cut_copy(image, size),
                              .size = size,
                              .events_allowed = SIZE_MAX};
    cut->storage = (struct nvm_storage){
        .memory = cut->memory, .size = size, .write = power_cut_write, .sync = power_cut_sync, .context = cut};
}

/* Takes what is there for durable and forgets how it came there. */
static inline void power_cut_settle(struct power_cut *cut)
{
    memcpy(cut->start, cut->memory, cut->size);
    for (size_t i = 0; i < cut->event_count; i++) {
        free(cut->events[i].data);
    }
    cut->event_count = 0;
}

static inline void power_cut_end(struct power_cut *cut)
{
    power_cut_settle(cut);
    free(cut->events);
    free(cut->memory);
    free(cut->start);
}

/* What a test does with each state: `image` may be changed; `stage` is that of the event that was interrupted. */
typedef void power_cut_check(void *context, uint8_t *image, unsigned stage);

/* The states of one interrupted write, and how they are made. */
struct power_cut_walk {
    const struct power_cut *cut;
    uint8_t *durable; /* what was synced */
    uint8_t *written; /* up to the event before the last */
    uint8_t *image;   /* handed to the check */
    size_t *pending;  /* writes that no sync was of, in order; the last of them is interrupted */
    size_t pending_count;
    size_t states;
    uint32_t random;
    power_cut_check *check;
    void *context;
};

static inline uint32_t power_cut_random(struct power_cut_walk *walk)
{
    walk->random ^= walk->random << 13;
    walk->random ^= walk->random >> 17;
    walk->random ^= walk->random << 5;
    return walk->random;
}

static inline void power_cut_apply(uint8_t *image, const struct power_cut_event *event, size_t length)
{
    memcpy(image + event->offset, event->data, length);
}

static inline const struct power_cut_event *power_cut_pending(const struct power_cut_walk *walk, size_t index)
{
    return &walk->cut->events[walk->pending[index]];
}

static inline void power_cut_show(struct power_cut_walk *walk)
{
    walk->states++;
    walk->check(walk->context, walk->image, power_cut_pending(walk, walk->pending_count - 1)->stage);
}

/* In order, the last write cut short after every octet. */
static inline void power_cut_show_prefixes(struct power_cut_walk *walk)
{
    const struct power_cut_event *last = power_cut_pending(walk, walk->pending_count - 1);
    for (size_t length = 0; length <= last->length; length++) {
        memcpy(walk->image, walk->written, walk->cut->size);
        power_cut_apply(walk->image, last, length);
        power_cut_show(walk);
    }
}

/* One of the writes is missing, or is the only one that is there. */
static inline void power_cut_show_one(struct power_cut_walk *walk, size_t one, bool missing)
{
    memcpy(walk->image, walk->durable, walk->cut->size);
    for (size_t i = 0; i < walk->pending_count; i++) {
        const struct power_cut_event *event = power_cut_pending(walk, i);
        if ((i == one) != missing) {
            power_cut_apply(walk->image, event, event->length);
        }
    }
    power_cut_show(walk);
}

/* Any of the writes, each whole, cut short or missing. */
static inline void power_cut_show_any(struct power_cut_walk *walk)
{
    memcpy(walk->image, walk->durable, walk->cut->size);
    for (size_t i = 0; i < walk->pending_count; i++) {
        const struct power_cut_event *event = power_cut_pending(walk, i);
        switch (power_cut_random(walk) % 3) {
        case 0:
            power_cut_apply(walk->image, event, event->length);
            break;
        case 1:
            power_cut_apply(walk->image, event, power_cut_random(walk) % (event->length + 1));
            break;
        default:
            break;
        }
    }
    power_cut_show(walk);
}

/* Of many pending writes the newest and some others are looked at one by one. */
static inline void power_cut_interrupt(struct power_cut_walk *walk)
{
    enum { NEWEST = 12, OTHERS = 2 };
    const size_t older = walk->pending_count > NEWEST ? walk->pending_count - NEWEST : 0;
    power_cut_show_prefixes(walk);
    for (size_t one = older; one < walk->pending_count; one++) {
        power_cut_show_one(walk, one, true);
        power_cut_show_one(walk, one, false);
    }
    for (unsigned i = 0; older > 0 && i < OTHERS; i++) {
        power_cut_show_one(walk, power_cut_random(walk) % older, true);
        power_cut_show_one(walk, power_cut_random(walk) % older, false);
    }
    for (unsigned i = 0; i < 8; i++) {
        power_cut_show_any(walk);
    }
}

/* What lies in the octets of a sync is durable; writes that lie in them are pending no more. */
static inline void power_cut_sync_octets(struct power_cut_walk *walk, const struct power_cut_event *sync)
{
    size_t kept = 0;
    memcpy(walk->durable + sync->offset, walk->written + sync->offset, sync->length);
    for (size_t i = 0; i < walk->pending_count; i++) {
        const struct power_cut_event *event = power_cut_pending(walk, i);
        const bool lies_within =
            event->offset >= sync->offset && event->offset + event->length <= sync->offset + sync->length;
        if (!lies_within) {
            walk->pending[kept++] = walk->pending[i];
        }
    }
    walk->pending_count = kept;
}

/* Shows every state to `check`; returns how many there were. */
static inline size_t power_cut_for_each(const struct power_cut *cut, power_cut_check *check, void *context)
{
    struct power_cut_walk walk = {.cut = cut,
                                  .durable = power_cut_copy(cut->start, cut->size),
                                  .written = power_cut_copy(cut->start, cut->size),
                                  .image = power_cut_copy(cut->start, cut->size),
                                  .pending = calloc(cut->event_count + 1, sizeof *walk.pending),
                                  .random = 2463534242U,
                                  .check = check,
                                  .context = context};
    assert_non_null(walk.pending);
    for (size_t i = 0; i < cut->event_count; i++) {
        if (cut->events[i].data != NULL) {
            walk.pending[walk.pending_count++] = i;
            power_cut_interrupt(&walk);
            power_cut_apply(walk.written, &cut->events[i], cut->events[i].length);
        } else {
            power_cut_sync_octets(&walk, &cut->events[i]);
        }
    }
    free(walk.durable);
    free(walk.written);
    free(walk.image);
    free(walk.pending);
    return walk.states;
}

#endif
