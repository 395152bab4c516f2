/*
 * test_power_cut_commands.c: every command that changes the card, interrupted at every write and sync: the card that
 * comes back is the one before or the one after, wholly, and works.
 */
#include "api_testing.h"
#include "card_view.h"
#include "cut_card.h"
#include "file_testing.h"

enum { STATES_EXPECTED = 10000, MAX_COMMANDS = 8 };

/* A command and what comes before it: once for the card's life, and then in the power cycle of the command. */
struct interruption {
    const char *setup[MAX_COMMANDS];
    const char *preparation[MAX_COMMANDS];
    const char *command;
    bool invisible; /* nothing of it can be seen from outside, wholly done or not */
};

struct observed {
    struct test_card *origin;
    const struct interruption *interruption;
    struct card_view before;
    struct card_view after;
    struct card_view found;
    size_t states;
    size_t old_states;
    size_t new_states;
};

static size_t states_in_all;

/* A counter may be one try short of what it was, for that is paid first; never above both. */
static void assert_tries(const struct observed *observed)
{
    for (size_t i = 0; i < CARD_MAX_PINS; i++) {
        for (size_t kind = 0; kind < 2; kind++) {
            const int before = observed->before.tries[i][kind];
            const int after = observed->after.tries[i][kind];
            const int found = observed->found.tries[i][kind];
            assert_true(found >= before - 1 && found <= (before > after ? before : after));
        }
    }
}

/* The command once more, with all that leads to it, and a start after it: whatever came of it, the card is sound. */
static void assert_works(struct test_card *card, const struct interruption *interruption)
{
    prepare(card, interruption->preparation);
    (void)apdu(card, interruption->command);
    uicc_power_off(&card->uicc);
    assert_ok(uicc_power_on(&card->uicc, &card->storage, &card->crypto));
    assert_apdu(card, LATER_COMMAND, "9000");
}

static void check_state(void *context, uint8_t *image, unsigned stage)
{
    struct observed *observed = context;
    struct test_card card = {.crypto = observed->origin->crypto};
    card.storage = (struct nvm_storage){.memory = image,
                                        .size = observed->origin->storage.size,
                                        .write = ram_write,
                                        .sync = ram_sync,
                                        .context = image};
    assert_ok(uicc_power_on(&card.uicc, &card.storage, &card.crypto));
    card_view_take(&card.uicc, &observed->found);
    const bool is_old = card_view_equals(&observed->found, &observed->before);
    const bool is_new = card_view_equals(&observed->found, &observed->after);
    if (!is_old && !is_new) {
        fail_msg("%s leaves a mixture", observed->interruption->command);
    }
    assert_true(is_new || stage == 0); /* once answered it is there */
    assert_tries(observed);
    observed->old_states += is_old;
    observed->new_states += is_new;
    if (observed->states++ % 128 == 0) {
        assert_works(&card, observed->interruption);
    }
    uicc_power_off(&card.uicc);
}

static void assert_both_were_seen(const struct observed *observed)
{
    if (!observed->interruption->invisible) {
        assert_false(card_view_equals(&observed->before, &observed->after));
    }
    assert_true(observed->old_states > 10 && observed->new_states > 10);
}

/* All must succeed, or warn. */
static void demand(struct test_card *card, const char *const *commands)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        const char *sw = sw_of(apdu(card, commands[i]));
        if (strcmp(sw, "9000") != 0 && strncmp(sw, "63", 2) != 0) {
            fail_msg("%s gives %s", commands[i], sw);
        }
    }
}

static void begin_interruption(struct cut_card *cut_card, struct observed *observed)
{
    begin_cut(cut_card, observed->origin);
    cut_card->card.shows_keys = observed->origin->shows_keys;
    demand(&cut_card->card, observed->interruption->preparation);
    card_view_take(&cut_card->card.uicc, &observed->before);
    power_cut_settle(&cut_card->cut);
}

static void cut_everywhere(struct observed *observed)
{
    static struct cut_card cut_card;
    begin_interruption(&cut_card, observed);
    assert_string_equal(sw_of(apdu(&cut_card.card, observed->interruption->command)), "9000");
    card_view_take(&cut_card.card.uicc, &observed->after);
    cut_card.cut.stage = 1;
    (void)apdu(&cut_card.card, LATER_COMMAND); /* it writes too, and shares a sync with the last changes */
    states_in_all += power_cut_for_each(&cut_card.cut, check_state, observed);
    assert_both_were_seen(observed);
    end_cut(&cut_card);
}

/* The memory refuses every write and sync in turn: 6581, and a card as after a cut. */
static void fail_everywhere(struct observed *observed)
{
    static struct cut_card cut_card;
    bool failed = true;
    for (size_t events = 0; failed; events++) {
        begin_interruption(&cut_card, observed);
        cut_card.cut.events_allowed = events;
        const char *response = apdu(&cut_card.card, observed->interruption->command);
        failed = strcmp(response, "6581") == 0;
        assert_true(failed || strcmp(sw_of(response), "9000") == 0);
        cut_card.cut.events_allowed = SIZE_MAX;
        assert_string_equal(failed ? apdu(&cut_card.card, LATER_COMMAND) : "6581", "6581");
        check_state(observed, cut_card.cut.memory, failed ? 0 : 1);
        states_in_all++;
        end_cut(&cut_card);
    }
}

static void interrupt_on(struct test_card *origin, const struct interruption *interruption)
{
    static struct observed observed;
    observed = (struct observed){.origin = origin, .interruption = interruption};
    demand(origin, interruption->setup);
    cut_everywhere(&observed);
    fail_everywhere(&observed);
}

static void interrupt(const struct interruption *interruption)
{
    struct test_card origin;
    begin_as_administrator(&origin);
    interrupt_on(&origin, interruption);
    test_card_end(&origin);
}

static void interrupt_all(const struct interruption *interruptions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        interrupt(&interruptions[i]);
    }
}

#define INTERRUPT_ALL(table) interrupt_all((table), sizeof(table) / sizeof(table)[0])

#define PIN        "0020000108" TEST_PIN
#define ADM        "0020000a08" TEST_ADM
#define ENTER_USIM "00a4040c10" USIM_AID, PIN
#define BOTH       PIN, ADM

/* FCPs of new files in MF: 5001, rule 4. */
#define CREATE_TRANSPARENT(size)                                                                                       \
    "00e000001862168202412183025001"                                                                                   \
    "8a01058b032f06048002" size "8800"
#define CREATE_CYCLIC                                                                                                  \
    "00e000001a621882044621000483025001"                                                                               \
    "8a01058b032f0604800200108800"
#define CREATE_OBJECTS(size)                                                                                           \
    "00e000001862168202792183025001"                                                                                   \
    "8a01058b032f06048002" size "8800"
#define CREATE_DIRECTORY(fid)                                                                                          \
    "00e0000012621082027821"                                                                                           \
    "8302" fid "8a01058b032f0609"
#define RESIZE(size) "80d400000a6208830250018002" size
#define SELECT_5001  "00a4000c025001"

static void test_content(void **state)
{
    (void)state;
    char update[10 + 2 * 255 + 1];
    (void)snprintf(update, sizeof update, "00d60001ff%s", repeated("5a", 255));
    interrupt(&(struct interruption){
        .setup = {CREATE_TRANSPARENT("0100")}, .preparation = {PIN, SELECT_5001}, .command = update});
    static const struct interruption interruptions[] = {
        {.preparation = {ENTER_USIM, "00a4000c026f40"},
         .command = "00dc02041e000102030405060708090a0b0c0d0e0f1011121314"
                    "15161718191a1b1c1d"},
        {.preparation = {ENTER_USIM, "00a4000c026f39"}, .command = "00dc000303010203"},
        {.setup = {ENTER_USIM, "00a4000c026f39", "00dc000303010203", "00dc000303010204"},
         .preparation = {ENTER_USIM, "00a4000c026f39"},
         .command = "00dc000303010205"},
        {.setup = {ENTER_USIM, "00a4000c026f39", "00dc000303010203"},
         .preparation = {ENTER_USIM},
         .command = "80329c0003000001"},
    };
    INTERRUPT_ALL(interruptions);
}

/* Objects 80, 81, 82 of 5, 3 and 2 octets. */
#define SET_OBJECTS CREATE_OBJECTS("0040"), "80db0080058003010203", "80db0080038101aa", "80db0080028200"

static void test_objects(void **state)
{
    (void)state;
    static const struct interruption interruptions[] = {
        {.setup = {SET_OBJECTS}, .preparation = {PIN, SELECT_5001}, .command = "80db0080098307b0b1b2b3b4b5b6"},
        {.setup = {SET_OBJECTS}, .preparation = {PIN, SELECT_5001}, .command = "80db0080098007b0b1b2b3b4b5b6"},
        {.setup = {SET_OBJECTS},
         .preparation = {PIN, SELECT_5001, "80db0080048107b0b1", "80db000002b2b3"},
         .command = "80db000003b4b5b6"},
        {.setup = {SET_OBJECTS}, .preparation = {PIN, SELECT_5001}, .command = "80db00800180"},
        {.setup = {SET_OBJECTS}, .preparation = {PIN, SELECT_5001}, .command = "80db00800182"},
    };
    INTERRUPT_ALL(interruptions);
}

static void test_states(void **state)
{
    (void)state;
    static const struct interruption interruptions[] = {
        {.preparation = {ADM}, .command = "00040000022f05"},
        {.setup = {"00040000022f05"}, .preparation = {ADM}, .command = "00440000022f05"},
        {.preparation = {ADM}, .command = "00e80000022f05"},
        {.preparation = {ADM}, .command = "00e60000027f10"},
    };
    INTERRUPT_ALL(interruptions);
}

static void test_creation(void **state)
{
    (void)state;
    static const struct interruption interruptions[] = {
        {.preparation = {BOTH}, .command = CREATE_TRANSPARENT("0900")}, /* filled in three transactions */
        {.preparation = {BOTH}, .command = CREATE_CYCLIC},
        {.preparation = {BOTH}, .command = CREATE_OBJECTS("0040")},
        {.preparation = {BOTH}, .command = CREATE_DIRECTORY("5001")},
        /* where another file stood */
        {.setup = {CREATE_TRANSPARENT("0080"), "00d600000401020304", "00e40000025001"},
         .preparation = {BOTH},
         .command = CREATE_TRANSPARENT("0040")},
    };
    INTERRUPT_ALL(interruptions);
}

static void test_deletion(void **state)
{
    (void)state;
    static const struct interruption interruptions[] = {
        {.preparation = {BOTH}, .command = "00e40000022f05"},
        {.setup = {CREATE_DIRECTORY("5000"), CREATE_TRANSPARENT("0004"), CREATE_DIRECTORY("5002"), CREATE_CYCLIC,
                   CREATE_DIRECTORY("5003"), CREATE_OBJECTS("0010")},
         .preparation = {BOTH},
         .command = "00e40000025000"},
    };
    INTERRUPT_ALL(interruptions);
}

#define TURNED CREATE_CYCLIC, "00dc00030401010101", "00dc00030402020202"

static void test_resizing(void **state)
{
    (void)state;
    static const struct interruption interruptions[] = {
        {.setup = {CREATE_TRANSPARENT("0010"), "00d600000401020304"}, .preparation = {BOTH}, .command = RESIZE("0500")},
        {.setup = {CREATE_TRANSPARENT("0010"), "00d600000401020304"}, .preparation = {BOTH}, .command = RESIZE("0003")},
        {.setup = {TURNED}, .preparation = {BOTH}, .command = RESIZE("0018")},
        {.setup = {TURNED}, .preparation = {BOTH}, .command = RESIZE("0008")},
        {.setup = {SET_OBJECTS}, .preparation = {BOTH}, .command = RESIZE("0080")},
        {.setup = {SET_OBJECTS}, .preparation = {BOTH}, .command = RESIZE("000c")},
    };
    INTERRUPT_ALL(interruptions);
}

static void test_pins(void **state)
{
    (void)state;
    static const struct interruption interruptions[] = {
        {.command = "0024000110" TEST_PIN "39393939ffffffff"},
        {.command = "0024008110" TEST_PIN "39393939ffffffff"},
        {.command = "0026000108" TEST_PIN},
        {.setup = {"0026000108" TEST_PIN}, .command = "0028000108" TEST_PIN},
        {.command = "002c000110" TEST_PUK "39393939ffffffff"},
        {.setup = {"0026000108" TEST_PIN}, .command = "002c000110" TEST_PUK TEST_PIN},
        {.command = PIN, .invisible = true},
    };
    INTERRUPT_ALL(interruptions);
}

static void test_suspension(void **state)
{
    (void)state;
    static const struct interruption suspend = {.preparation = {ENTER_USIM}, .command = "807600000400010005"};
    interrupt(&suspend);

    char resume[27];
    struct test_card origin;
    begin_as_administrator(&origin);
    (void)snprintf(resume, sizeof resume, "8076010008%.16s", apdu(&origin, suspend.command) + 4);
    interrupt_on(&origin, &(struct interruption){.command = resume});
    interrupt_on(&origin, &(struct interruption){.command = "80f2000c"}); /* which forgets what was kept */
    test_card_end(&origin);
}

/* AUTHENTICATE */

struct application_under_test {
    const char *select;
    const char *pin;
    unsigned keys; /* that it keeps */
};

static const struct application_under_test usim = {"00a4040c10" USIM_AID, PIN, PROFILE_NAF_KEYS};
static const struct application_under_test isim = {"00a4040c10" ISIM_AID, PIN, PROFILE_ISIM_NAF_KEYS};

/* The derivation for NAF number n. */
static const char *derive_for(unsigned number)
{
    static char command[200];
    (void)snprintf(command, sizeof command, "0088008448de14%02x%s31%s00", 0x41 + number, TEST_NAF + 2, TEST_IMPI);
    return command;
}

static void interrupt_authentication(const struct application_under_test *application)
{
    struct test_card origin;
    begin_as_administrator(&origin);
    origin.shows_keys = true;
    const struct challenge first = make_challenge(&origin, 0x11, TEST_SQN(1, 1));
    const struct challenge second = make_challenge(&origin, 0x12, TEST_SQN(2, 2));
    const struct challenge third = make_challenge(&origin, 0x13, TEST_SQN(3, 3));
    const struct interruption in_3g = {.preparation = {application->select, application->pin}, .command = first.in_3g};
    const struct interruption bootstrapping = {.setup = {application->select, second.bootstrap},
                                               .preparation = {application->select, application->pin},
                                               .command = third.bootstrap};
    interrupt_on(&origin, &in_3g);
    interrupt_on(&origin, &bootstrapping);
    for (unsigned i = 0; i < application->keys; i++) {
        assert_sw(&origin, derive_for(i), "9000");
    }
    const struct interruption again = {.preparation = {application->select, application->pin},
                                       .command = derive_for(1)};
    interrupt_on(&origin, &again);
    /* one more than there is room for: the oldest key goes */
    const struct interruption another = {.preparation = {application->select, application->pin},
                                         .command = derive_for(application->keys)};
    interrupt_on(&origin, &another);
    test_card_end(&origin);
}

static void test_authentication_of_usim(void **state)
{
    (void)state;
    interrupt_authentication(&usim);
}

static void test_authentication_of_isim(void **state)
{
    (void)state;
    interrupt_authentication(&isim);
}

static void test_count(void **state)
{
    (void)state;
    print_message("%zu interrupted states\n", states_in_all);
    assert_true(states_in_all >= STATES_EXPECTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content),
        cmocka_unit_test(test_objects),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_creation),
        cmocka_unit_test(test_deletion),
        cmocka_unit_test(test_resizing),
        cmocka_unit_test(test_pins),
        cmocka_unit_test(test_suspension),
        cmocka_unit_test(test_authentication_of_usim),
        cmocka_unit_test(test_authentication_of_isim),
        cmocka_unit_test(test_count), /* after all the others */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
