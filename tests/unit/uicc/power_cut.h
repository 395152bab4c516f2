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

static inline enum gbau_status power_cut_sync(void *context)
{
    struct power_cut *cut = context;
    if (cut->event_count >= cut->events_allowed) {
        return GBAU_E_STORAGE;
    }
    (void)power_cut_add_event(cut);
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
    uint8_t *durable; /* up to the last sync */
    uint8_t *written; /* up to the event before the last */
    uint8_t *image;   /* handed to the check */
    size_t first;     /* event after the last sync */
    size_t last;      /* the interrupted write */
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

static inline void power_cut_show(struct power_cut_walk *walk)
{
    walk->states++;
    walk->check(walk->context, walk->image, walk->cut->events[walk->last].stage);
}

/* In order, the last write cut short after every octet. */
static inline void power_cut_show_prefixes(struct power_cut_walk *walk)
{
    const struct power_cut_event *last = &walk->cut->events[walk->last];
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
    for (size_t i = walk->first; i <= walk->last; i++) {
        if ((i == one) != missing) {
            power_cut_apply(walk->image, &walk->cut->events[i], walk->cut->events[i].length);
        }
    }
    power_cut_show(walk);
}

/* Any of the writes, each whole, cut short or missing. */
static inline void power_cut_show_any(struct power_cut_walk *walk)
{
    memcpy(walk->image, walk->durable, walk->cut->size);
    for (size_t i = walk->first; i <= walk->last; i++) {
        const struct power_cut_event *event = &walk->cut->events[i];
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

static inline void power_cut_interrupt(struct power_cut_walk *walk)
{
    power_cut_show_prefixes(walk);
    for (size_t one = walk->first; one <= walk->last; one++) {
        power_cut_show_one(walk, one, true);
        power_cut_show_one(walk, one, false);
    }
    for (unsigned i = 0; i < 8; i++) {
        power_cut_show_any(walk);
    }
}

/* Shows every state to `check`; returns how many there were. */
static inline size_t power_cut_for_each(const struct power_cut *cut, power_cut_check *check, void *context)
{
    struct power_cut_walk walk = {.cut = cut,
                                  .durable = power_cut_copy(cut->start, cut->size),
                                  .written = power_cut_copy(cut->start, cut->size),
                                  .image = power_cut_copy(cut->start, cut->size),
                                  .random = 2463534242U,
                                  .check = check,
                                  .context = context};
    for (size_t i = 0; i < cut->event_count; i++) {
        walk.last = i;
        if (cut->events[i].data != NULL) {
            power_cut_interrupt(&walk);
            power_cut_apply(walk.written, &cut->events[i], cut->events[i].length);
        } else {
            memcpy(walk.durable, walk.written, cut->size);
            walk.first = i + 1;
        }
    }
    free(walk.durable);
    free(walk.written);
    free(walk.image);
    return walk.states;
}

#endif
