/*
 * test_power_cut.c: a whole card whose power fails at every write of its commands, or whose memory fails: afterwards
 * the old or the new state is there, no SQN is forgotten, no PIN try is gained, and no nonce comes twice.
 */
#include "api_testing.h"
#include "power_cut.h"

/* It writes to the memory, and needs no PIN before. */
#define LATER_COMMAND "0020000a08" TEST_ADM

/* A card whose memory writes down what is written. */
struct cut_card {
    struct test_card card;
    struct power_cut cut;
};

/* Copies the card of `origin` into a memory that is written down, and powers it up there. */
static void begin_cut(struct cut_card *cut_card, const struct test_card *origin)
{
    power_cut_begin(&cut_card->cut, origin->memory, origin->storage.size);
    cut_card->card = (struct test_card){.crypto = origin->crypto, .storage = cut_card->cut.storage};
    assert_ok(uicc_power_on(&cut_card->card.uicc, &cut_card->card.storage, &cut_card->card.crypto));
}

static void end_cut(struct cut_card *cut_card)
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

static void check_card(void *context, uint8_t *image, unsigned stage)
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

static void prepare(struct test_card *card, const char *const *commands)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        (void)apdu(card, commands[i]);
    }
}

/* The power fails at every write of the command, and of a later one that still shares a sync with it. */
static void run_cuts(struct test_card *origin, const struct scenario *scenario)
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
static void run_failures(struct test_card *origin, const struct scenario *scenario)
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

static void run_scenario(struct test_card *origin, const struct scenario *scenario)
{
    run_cuts(origin, scenario);
    run_failures(origin, scenario);
}

/* Bootstrapping and derivation */

struct bootstrappings {
    struct challenge old;
    struct challenge new;
};

/* RAND in EF_GBABP and Ks are of one bootstrapping, which derivation proves; SQN is accepted with them. */
static int judge_bootstrapping(struct test_card *card, void *context)
{
    const struct bootstrappings *both = context;
    enter_usim(card);
    assert_sw(card, TEST_SELECT_GBABP, "9000");
    const char *file = apdu(card, "00b0000011");
    const bool is_new = strncmp(file + 2, hex_of(both->new.rand.octets, 16), 32) == 0;
    const struct challenge *there = is_new ? &both->new : &both->old;
    assert_int_equal(strncmp(file + 2, hex_of(there->rand.octets, 16), 32), 0);
    assert_string_equal(apdu(card, TEST_DERIVE), derived_by(card, there, TEST_NAF));
    const char *again = apdu(card, both->new.bootstrap);
    if (is_new) {
        assert_int_equal(strncmp(again, "dc0e", 4), 0);
    } else {
        assert_string_equal(again, both->new.bootstrapped);
    }
    return is_new;
}

static void test_bootstrapping(void **state)
{
    (void)state;
    static const char *const preparation[] = {"00a4040c10" USIM_AID, "0020000108" TEST_PIN, NULL};
    struct test_card origin;
    struct bootstrappings both;
    test_card_begin(&origin);
    enter_usim(&origin);
    both.old = bootstrap(&origin, 0x01, 1);
    assert_sw(&origin, "00a4080c047fff6fd6", "9000");
    assert_sw(&origin, "00d60011033e6161", "9000"); /* so that there is something to clear */
    both.new = make_challenge(&origin, 0x02, TEST_SQN(2, 0));
    run_scenario(&origin, &(struct scenario){.preparation = preparation,
                                             .command = both.new.bootstrap,
                                             .response = both.new.bootstrapped,
                                             .judge = judge_bootstrapping,
                                             .context = &both});
    test_card_end(&origin);
}

static int judge_3g(struct test_card *card, void *context)
{
    const struct challenge *challenge = context;
    enter_usim(card);
    const char *response = apdu(card, challenge->in_3g);
    if (strcmp(response, challenge->answer_3g) == 0) {
        return 0;
    }
    assert_true(sqn_of_auts(card, challenge, response) == TEST_SQN(5, 6));
    return 1;
}

static void test_3g_authentication(void **state)
{
    (void)state;
    static const char *const preparation[] = {"00a4040c10" USIM_AID, "0020000108" TEST_PIN, NULL};
    struct test_card origin;
    test_card_begin(&origin);
    struct challenge challenge = make_challenge(&origin, 0x03, TEST_SQN(5, 6));
    run_scenario(&origin, &(struct scenario){.preparation = preparation,
                                             .command = challenge.in_3g,
                                             .response = challenge.answer_3g,
                                             .judge = judge_3g,
                                             .context = &challenge});
    test_card_end(&origin);
}

struct derivation {
    struct application_key old;
    struct application_key new;
};

/* The stored key is the old or the new one, and works; B-TIDs are "a" and "b". */
static int judge_derivation(struct test_card *card, void *context)
{
    const struct derivation *derivation = context;
    uint8_t sealed[64];
    enter_usim(card);
    assert_sw(card, SELECT_API, "9000");
    const char *response = apdu(card, OPEN_KEY("01", "01"));
    const bool is_new = strcmp(response, "9001008101629000") == 0;
    assert_string_equal(response, is_new ? "9001008101629000" : "9001008101619000");
    assert_true(naf_opens(card, is_new ? &derivation->new : &derivation->old, seal_hello(card, 0, sealed)));
    return is_new;
}

static void test_derivation(void **state)
{
    (void)state;
    static const char *const preparation[] = {"00a4040c10" USIM_AID, "0020000108" TEST_PIN, NULL};
    struct test_card origin;
    struct derivation derivation;
    test_card_begin(&origin);
    enter_usim(&origin);
    const struct challenge old = bootstrap(&origin, 0x04, 1);
    assert_sw(&origin, TEST_SELECT_GBABP, "9000");
    assert_sw(&origin, "00d6001103016100", "9000");
    assert_string_equal(apdu(&origin, TEST_DERIVE), derived_by(&origin, &old, TEST_NAF));
    const struct challenge new = bootstrap(&origin, 0x05, 2);
    assert_sw(&origin, "00d6001103016200", "9000");
    struct ks_int_naf root = int_key_by(&origin, &old, TEST_NAF);
    derivation.old = key_of_naf(&origin, &root, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_AES_128_GCM);
    root = int_key_by(&origin, &new, TEST_NAF);
    derivation.new = key_of_naf(&origin, &root, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_AES_128_GCM);
    run_scenario(&origin, &(struct scenario){.preparation = preparation,
                                             .command = TEST_DERIVE,
                                             .response = derived_by(&origin, &new, TEST_NAF),
                                             .judge = judge_derivation,
                                             .context = &derivation});
    test_card_end(&origin);
}

/* PINs */

#define VERIFY_OLD   "0020000108" TEST_PIN
#define VERIFY_NEW   "002000010839393939ffffffff"
#define VERIFY_WRONG "002000010831313131ffffffff"

static const char *const nothing[] = {NULL};
static const char *const one_wrong[] = {VERIFY_WRONG, NULL};
static const char *const two_wrong[] = {VERIFY_WRONG, VERIFY_WRONG, NULL};

static void run_pin_scenario(const struct scenario *scenario)
{
    struct test_card origin;
    test_card_begin(&origin);
    run_scenario(&origin, scenario);
    test_card_end(&origin);
}

/* What the two queries may answer: before, and once the try is paid for. */
struct tries {
    const char *query;
    const char *before;
    const char *after;
};

static int judge_wrong_secret(struct test_card *card, void *context)
{
    const struct tries *tries = context;
    const char *response = apdu(card, tries->query);
    const bool is_new = strcmp(response, tries->after) == 0;
    assert_string_equal(response, is_new ? tries->after : tries->before);
    return is_new;
}

/* A wrong PIN or PUK always costs a try, once the card has said that it is wrong. */
static void test_wrong_secrets(void **state)
{
    (void)state;
    static const struct {
        const char *const *preparation;
        const char *command;
        const char *response;
        struct tries tries;
    } cases[] = {
        {nothing, VERIFY_WRONG, "63c2", {"00200001", "63c3", "63c2"}},
        {one_wrong, VERIFY_WRONG, "63c1", {"00200001", "63c2", "63c1"}},
        {two_wrong, VERIFY_WRONG, "63c0", {"00200001", "63c1", "6983"}},
        {two_wrong, "002400011031313131ffffffff" TEST_PIN, "63c0", {"00200001", "63c1", "6983"}},
        {nothing, "002600010831313131ffffffff", "63c2", {"00200001", "63c3", "63c2"}},
        {nothing, "002c0001103131313131313131" TEST_PIN, "63c9", {"002c0001", "63ca", "63c9"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tries tries = cases[i].tries;
        run_pin_scenario(&(struct scenario){.preparation = cases[i].preparation,
                                            .command = cases[i].command,
                                            .response = cases[i].response,
                                            .judge = judge_wrong_secret,
                                            .context = &tries});
    }
}

/* Two tries before; one while the right PIN is compared; three afterwards. */
static int judge_right_pin(struct test_card *card, void *context)
{
    (void)context;
    const char *response = apdu(card, "00200001");
    if (strcmp(response, "63c3") == 0) {
        return 1;
    }
    assert_true(strcmp(response, "63c2") == 0 || strcmp(response, "63c1") == 0);
    return 0;
}

static void test_right_pin(void **state)
{
    (void)state;
    run_pin_scenario(&(struct scenario){
        .preparation = one_wrong, .command = VERIFY_OLD, .response = "9000", .judge = judge_right_pin});
}

static int judge_new_pin(struct test_card *card, void *context)
{
    (void)context;
    if (strcmp(apdu(card, VERIFY_NEW), "9000") == 0) {
        return 1;
    }
    assert_apdu(card, VERIFY_OLD, "9000");
    return 0;
}

static void test_change_pin(void **state)
{
    (void)state;
    run_pin_scenario(&(struct scenario){.preparation = nothing,
                                        .command = "0024000110" TEST_PIN "39393939ffffffff",
                                        .response = "9000",
                                        .judge = judge_new_pin});
    run_pin_scenario(&(struct scenario){.preparation = nothing,
                                        .command = "002c000110" TEST_PUK "39393939ffffffff",
                                        .response = "9000",
                                        .judge = judge_new_pin});
}

static int judge_disabled_pin(struct test_card *card, void *context)
{
    (void)context;
    const char *response = apdu(card, VERIFY_OLD);
    if (strcmp(response, "6984") == 0) {
        return 1;
    }
    assert_string_equal(response, "9000");
    return 0;
}

static void test_disable_pin(void **state)
{
    (void)state;
    run_pin_scenario(&(struct scenario){
        .preparation = nothing, .command = "0026000108" TEST_PIN, .response = "9000", .judge = judge_disabled_pin});
}

/* Files */

static const char *const usim_entered[] = {"00a4040c10" USIM_AID, VERIFY_OLD, NULL};

/* All octets of EF_NETPAR are FF before, 5A afterwards. */
static int judge_file(struct test_card *card, void *context)
{
    (void)context;
    enter_usim(card);
    assert_sw(card, "00a4080c047fff6fc4", "9000");
    const char *content = apdu(card, "00b0000080");
    const bool is_new = content[0] == '5';
    assert_string_equal(content + 256, "9000");
    for (size_t i = 0; i < 256; i += 2) {
        assert_int_equal(strncmp(content + i, is_new ? "5a" : "ff", 2), 0);
    }
    return is_new;
}

static void test_update_binary(void **state)
{
    (void)state;
    static const char *const preparation[] = {"00a4040c10" USIM_AID, VERIFY_OLD, "00a4080c047fff6fc4", NULL};
    char command[] = "00d6000080";
    char update[sizeof command + 256];
    struct test_card origin;
    (void)snprintf(update, sizeof update, "%s", command);
    for (size_t i = 0; i < 128; i++) {
        memcpy(update + strlen(command) + 2 * i, "5a", 3);
    }
    test_card_begin(&origin);
    run_scenario(&origin, &(struct scenario){
                              .preparation = preparation, .command = update, .response = "9000", .judge = judge_file});
    test_card_end(&origin);
}

/* The nonce counter */

struct nonces {
    uint64_t issued[600];
    size_t states;
};

/* `stage` nonces are out. The next one is none of them. */
static void check_nonces(void *context, uint8_t *image, unsigned stage)
{
    struct nonces *nonces = context;
    const size_t size = card_profile_memory_size();
    struct test_card card = {0};
    uint8_t sealed[64];
    assert_ok(crypto_openssl_open(&card.crypto));
    card.storage =
        (struct nvm_storage){.memory = image, .size = size, .write = ram_write, .sync = ram_sync, .context = image};
    assert_ok(uicc_power_on(&card.uicc, &card.storage, &card.crypto));
    enter_usim(&card);
    assert_sw(&card, SELECT_API, "9000");
    const uint64_t nonce = nonce_of(seal_hello(&card, open_key(&card, OPEN_KEY("01", "01")), sealed));
    for (unsigned i = 0; i < stage; i++) {
        assert_true(nonces->issued[i] != nonce);
    }
    nonces->states++;
    uicc_power_off(&card.uicc);
    crypto_openssl_close(&card.crypto);
}

static void test_nonce_counter(void **state)
{
    (void)state;
    static struct cut_card cut_card;
    struct test_card origin;
    struct nonces nonces = {.states = 0};
    uint8_t sealed[64];
    test_card_begin(&origin);
    enter_usim(&origin);
    (void)bootstrap(&origin, 0x06, 1);
    assert_sw(&origin, TEST_DERIVE, "9000");
    begin_cut(&cut_card, &origin);
    prepare(&cut_card.card, usim_entered);
    assert_sw(&cut_card.card, SELECT_API, "9000");
    unsigned handle = open_key(&cut_card.card, OPEN_KEY("01", "01"));
    power_cut_settle(&cut_card.cut);
    for (unsigned i = 0; i < 600; i++) {
        nonces.issued[i] = nonce_of(seal_hello(&cut_card.card, handle, sealed));
        cut_card.cut.stage = i + 1;
    }
    (void)power_cut_for_each(&cut_card.cut, check_nonces, &nonces);
    assert_true(nonces.states > 100);
    end_cut(&cut_card);
    test_card_end(&origin);
}

/* Without a reserved nonce nothing is sealed. */
static void test_failing_nonce_counter(void **state)
{
    (void)state;
    static struct cut_card cut_card;
    struct test_card origin;
    test_card_begin(&origin);
    enter_usim(&origin);
    (void)bootstrap(&origin, 0x07, 1);
    assert_sw(&origin, TEST_DERIVE, "9000");
    begin_cut(&cut_card, &origin);
    prepare(&cut_card.card, usim_entered);
    assert_sw(&cut_card.card, SELECT_API, "9000");
    assert_int_equal(open_key(&cut_card.card, OPEN_KEY("01", "01")), 0);
    cut_card.cut.events_allowed = cut_card.cut.event_count;
    assert_apdu(&cut_card.card, "805200c103870161", "6581");
    assert_apdu(&cut_card.card, "805200c103870161", "6581");
    end_cut(&cut_card);
    test_card_end(&origin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bootstrapping), cmocka_unit_test(test_3g_authentication),
        cmocka_unit_test(test_derivation),    cmocka_unit_test(test_wrong_secrets),
        cmocka_unit_test(test_right_pin),     cmocka_unit_test(test_change_pin),
        cmocka_unit_test(test_disable_pin),   cmocka_unit_test(test_update_binary),
        cmocka_unit_test(test_nonce_counter), cmocka_unit_test(test_failing_nonce_counter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
