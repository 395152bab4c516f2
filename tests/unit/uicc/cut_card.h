/*
 * cut_card.h: a whole card whose power fails at every write of a command, or whose memory fails, and who judges the
 * card that comes back.
 */
#ifndef TESTS_UNIT_UICC_CUT_CARD_H
#define TESTS_UNIT_UICC_CUT_CARD_H

#include "power_cut.h"
#include "test_card.h"

/* It writes to the memory, and needs no PIN before. */
#define LATER_COMMAND "0020000a08" TEST_ADM

/* A card whose memory writes down what is written. */
struct cut_card {
    struct test_card card;
    struct power_cut cut;
};

/* Copies the card of `origin` into a memory that is written down, and powers it up there. */
static inline void begin_cut(struct cut_card *cut_card, const struct test_card *origin)
{
    power_cut_begin(&cut_card->cut, origin->memory, origin->storage.size);
    cut_card->card = (struct test_card){.crypto = origin->crypto, .storage = cut_card->cut.storage};
    assert_ok(uicc_power_on(&cut_card->card.uicc, &cut_card->card.storage, &cut_card->card.crypto));
}

static inline void end_cut(struct cut_card *cut_card)
{
    uicc_power_off(&cut_card->card.uicc);
    power_cut_end(&cut_card->cut);
}

/* One scenario: what is prepared, the command, and how the card is judged that comes back after the cut. */
struct scenario {
    const char *const *preparation; /* commands, up to NULL */
    const char *command;
    const char *response; /* what the command gives when nothing fails */
    /* 0: nothing of the command is there, 1: all of it; anything else fails the test by itself */
    int (*judge)(struct test_card *card, void *context);
    void *context;
};

struct cut_check {
    const struct scenario *scenario;
    struct test_card *origin;
    size_t counts[2];
};

static inline void check_card(void *context, uint8_t *image, unsigned stage)
{
    struct cut_check *check = context;
    struct test_card card = {.crypto = check->origin->crypto};
    card.storage = (struct nvm_storage){
        .memory = image, .size = check->origin->storage.size, .write = ram_write, .sync = ram_sync, .context = image};
    assert_ok(uicc_power_on(&card.uicc, &card.storage, &card.crypto));
    int is_new = check->scenario->judge(&card, check->scenario->context);
    assert_in_range(is_new, 0, 1);
    assert_true(is_new == 1 || stage == 0); /* once answered it is there */
    check->counts[is_new]++;
    uicc_power_off(&card.uicc);
}

static inline void prepare(struct test_card *card, const char *const *commands)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        (void)apdu(card, commands[i]);
    }
}

/* The power fails at every write of the command, and of a later one that still shares a sync with it. */
static inline void run_cuts(struct test_card *origin, const struct scenario *scenario)
{
    static struct cut_card cut_card;
    begin_cut(&cut_card, origin);
    prepare(&cut_card.card, scenario->preparation);
    power_cut_settle(&cut_card.cut);
    assert_apdu(&cut_card.card, scenario->command, scenario->response);
    cut_card.cut.stage = 1;
    assert_apdu(&cut_card.card, LATER_COMMAND, "9000");
    struct cut_check check = {.scenario = scenario, .origin = origin};
    assert_true(power_cut_for_each(&cut_card.cut, check_card, &check) > 100);
    assert_true(check.counts[0] > 10 && check.counts[1] > 10);
    end_cut(&cut_card);
}

/* The memory fails at every event of the command: 6581, no data, nothing learned; then as after a cut. */
static inline void run_failures(struct test_card *origin, const struct scenario *scenario)
{
    static struct cut_card cut_card;
    size_t failures = 0;
    for (size_t events = 0;; events++) {
        begin_cut(&cut_card, origin);
        prepare(&cut_card.card, scenario->preparation);
        power_cut_settle(&cut_card.cut);
        cut_card.cut.events_allowed = events;
        const char *response = apdu(&cut_card.card, scenario->command);
        const bool failed = strcmp(response, "6581") == 0;
        if (!failed) {
            assert_string_equal(response, scenario->response);
        }
        cut_card.cut.events_allowed = SIZE_MAX;
        assert_apdu(&cut_card.card, LATER_COMMAND, failed ? "6581" : "9000");
        struct cut_check check = {.scenario = scenario, .origin = origin};
        check_card(&check, cut_card.cut.memory, failed ? 0 : 1);
        end_cut(&cut_card);
        failures += failed;
        if (!failed) {
            break;
        }
    }
    assert_true(failures >= 4);
}

static inline void run_scenario(struct test_card *origin, const struct scenario *scenario)
{
    run_cuts(origin, scenario);
    run_failures(origin, scenario);
}

#endif
