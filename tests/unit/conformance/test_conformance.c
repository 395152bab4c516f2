/* test_conformance.c: whole runs: the table, what is skipped, what a run leaves behind, cards and PINs in trouble. */
#include "conformance/conformance.h"

#include <ctype.h>

#include "erring_card.h"

static const struct conformance_result *find_result(const struct bench *bench, const char *name)
{
    size_t i = 0;
    while (i < bench->count && strcmp(bench->results[i].check->name, name) != 0) {
        i++;
    }
    if (i == bench->count) {
        fail_msg("no result of %s", name);
    }
    return &bench->results[i];
}

static size_t count_of(const struct bench *bench, enum conformance_verdict verdict)
{
    size_t count = 0;
    for (size_t i = 0; i < bench->count; i++) {
        count += bench->results[i].verdict == verdict ? 1 : 0;
    }
    return count;
}

/* All passed, or were not there to be checked. */
static void assert_clean(const struct bench *bench)
{
    assert_ok(bench->status);
    for (size_t i = 0; i < bench->count; i++) {
        const struct conformance_result *result = &bench->results[i];
        if (result->verdict == CONFORMANCE_FAILED || result->verdict == CONFORMANCE_WARNED) {
            fail_msg("%s: %s", result->check->name, result->detail);
        }
    }
}

static const char *apdu(struct bench *bench, const char *command_hex)
{
    static char text[2 * UICC_RESPONSE_MAX + 1];
    uint8_t command[READER_COMMAND_MAX];
    uint8_t response[UICC_RESPONSE_MAX];
    size_t length = 0;
    assert_ok(hex_decode(octets_of_text(command_hex), command, sizeof command, &length));
    assert_ok(reader_transmit(bench->reader, octets_of(command, length), response, sizeof response, &length));
    assert_ok(hex_encode(octets_of(response, length), text, sizeof text));
    return text;
}

#define assert_apdu(bench, command, response) assert_string_equal(apdu((bench), (command)), (response))

#define SELECT_USIM "00a4040c07a0000000871002"
#define VERIFY      "002000010831323334ffffffff"

/* The table */

static void test_names_are_unique_and_stable_in_form(void **state)
{
    (void)state;
    const size_t count = conformance_check_count(CONFORMANCE_CARD);
    assert_true(count >= 90 && count <= CHECKS_MAX);
    for (size_t i = 0; i < count; i++) {
        const char *name = conformance_check_name(conformance_check(CONFORMANCE_CARD, i));
        assert_non_null(strchr(name, '.'));
        for (const char *next = name; *next != '\0'; next++) {
            assert_true(islower((unsigned char)*next) || isdigit((unsigned char)*next) || *next == '.' || *next == '_');
        }
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(name, conformance_check_name(conformance_check(CONFORMANCE_CARD, j)));
        }
    }
    assert_null(conformance_check(CONFORMANCE_CARD, count));
}

static void test_every_check_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < conformance_check_count(CONFORMANCE_CARD); i++) {
        const struct check *check = conformance_check(CONFORMANCE_CARD, i);
        assert_int_equal((check->steps != NULL) + (check->file != NULL) + (check->run != NULL), 1);
        assert_true(strncmp(conformance_check_clause(check), "TS ", 3) == 0);
        assert_true(strlen(conformance_check_expectation(check)) > 15);
        assert_false((check->needs & NEEDS_USIM) != 0 && (check->needs & NEEDS_ISIM) != 0);
        assert_true((check->needs & NEEDS_ADM) == 0 || (check->needs & NEEDS_DESTRUCTIVE) != 0);
        assert_true((check->needs & NEEDS_PUK) == 0 || (check->needs & NEEDS_DESTRUCTIVE) != 0);
    }
}

static void test_needs_as_words(void **state)
{
    (void)state;
    static const struct {
        unsigned needs;
        const char *words;
    } cases[] = {
        {0, ""},
        {NEEDS_USIM | IS_ADVISORY, ""},
        {NEEDS_PIN_CLOSED, ""},
        {NEEDS_PIN_OPEN, "PIN"},
        {NEEDS_PIN_OPEN | NEEDS_PIN_VALUE, "PIN"},
        {NEEDS_CHALLENGES, "K, --challenges"},
        {NEEDS_CHALLENGES | NEEDS_DESTRUCTIVE, "--destructive, K"},
        {NEEDS_PIN_VALUE | NEEDS_PUK | NEEDS_DESTRUCTIVE, "--destructive, PIN, PUK"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];
        const struct check check = {.needs = cases[i].needs};
        assert_ok(conformance_check_needs(&check, text, sizeof text));
        assert_string_equal(text, cases[i].words);
    }
    char tiny[4];
    const struct check check = {.needs = NEEDS_CHALLENGES};
    assert_status(conformance_check_needs(&check, tiny, sizeof tiny), GBAU_E_SPACE);
}

/* Whole runs */

static void test_our_card_passes_all(void **state)
{
    struct bench *bench = *state;
    insert_card(bench, NULL);
    run_checks(bench, NULL);
    assert_clean(bench);
    assert_int_equal(bench->count, conformance_check_count(CONFORMANCE_CARD));
    assert_int_equal(count_of(bench, CONFORMANCE_PASSED), bench->count); /* it has all that there is a check for */
}

/* Never, whatever is allowed: an end of files or of the card, loading and locking, and the unknown. */
static void test_no_run_sends_what_it_must_not(void **state)
{
    struct bench *bench = *state;
    static const uint8_t known[] = {0x04, 0x0a, 0x10, 0x12, 0x14, 0x20, 0x24, 0x26, 0x28, 0x2c,
                                    0x32, 0x44, 0x70, 0x76, 0x84, 0x88, 0x89, 0xa2, 0xa4, 0xaa,
                                    0xb0, 0xb2, 0xc2, 0xcb, 0xd4, 0xd6, 0xdc, 0xe0, 0xe4, 0xf2};
    insert_card(bench, NULL);
    run_checks(bench, NULL);
    for (unsigned ins = 0; ins < 256; ins++) {
        if (erring_card.ins_seen[ins] && memchr(known, (int)ins, sizeof known) == NULL) {
            fail_msg("INS %02X was sent", ins);
        }
    }
}

/* The card is usable after a destructive run: another one passes too, after it was taken out and put in. */
static void test_destructive_run_leaves_a_usable_card(void **state)
{
    struct bench *bench = *state;
    insert_card(bench, NULL);
    run_checks(bench, NULL);
    assert_clean(bench);
    const size_t passed = count_of(bench, CONFORMANCE_PASSED);
    reader_close(bench->reader);
    assert_ok(reader_open(place_path(&bench->place, "card"), NULL, &bench->reader));
    run_checks(bench, NULL);
    assert_clean(bench);
    assert_int_equal(count_of(bench, CONFORMANCE_PASSED), passed);
    assert_apdu(bench, "00200001", "63c3");
    assert_apdu(bench, "002c0001", "63ca");
    assert_apdu(bench, "0070000001", "019000"); /* no channel was left open */
}

/* What can be read of the card, with its PIN. */
static void keep_card(struct bench *bench, char *text, size_t capacity)
{
    static const char *const commands[] = {
        SELECT_USIM,      "00a4000c026f7b", "00b0000000",     "00a4000c026fe4", "00b2010400",
        "00a4000c026fd6", "00b0000000",     "00a4000c026fda", "00b2010400",     "00b2020400",
        "00a4000c026f7e", "00b0000000",     "00200001",       "002c0001",
    };
    text[0] = '\0';
    assert_apdu(bench, SELECT_USIM, "9000");
    assert_apdu(bench, VERIFY, "9000");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const char *response = apdu(bench, commands[i]);
        assert_true(strlen(text) + strlen(response) + 1 < capacity);
        strcat(text, response);
    }
}

static void put_in_again(struct bench *bench)
{
    reader_close(bench->reader);
    assert_ok(reader_open(place_path(&bench->place, "card"), NULL, &bench->reader));
    memset(erring_card.ins_seen_with_data, 0, sizeof erring_card.ins_seen_with_data);
}

static void test_harmless_run_changes_nothing(void **state)
{
    struct bench *bench = *state;
    static char before[4096], after[4096];
    static const uint8_t harmful[] = {0x24, 0x26, 0x28, 0x2c, 0x32, 0xe0, 0xe4, 0xd4, 0x04, 0x44};
    bench->given.destructive = false;
    insert_card(bench, NULL);
    keep_card(bench, before, sizeof before);
    put_in_again(bench);
    run_checks(bench, NULL);
    assert_clean(bench);
    for (size_t i = 0; i < sizeof harmful; i++) {
        assert_false(erring_card.ins_seen_with_data[harmful[i]]);
    }
    assert_true(count_of(bench, CONFORMANCE_PASSED) >= 120);
    put_in_again(bench);
    keep_card(bench, after, sizeof after);
    assert_string_equal(before, after);
}

/* Without challenges no SQN moves: the same vector is taken before and after. */
static void test_harmless_run_moves_no_sqn(void **state)
{
    struct bench *bench = *state;
    bench->given.destructive = false;
    insert_card(bench, NULL);
    run_checks(bench, NULL);
    bench->given.challenges = true;
    bench->given.has_sqn = true;
    bench->given.sqn = bench->profile.sqn;
    run_checks(bench, "auth.res");
    assert_verdict(&bench->results[0], CONFORMANCE_PASSED);
}

static void test_challenges_alone_allow_no_bootstrapping(void **state)
{
    struct bench *bench = *state;
    bench->given.destructive = false;
    bench->given.challenges = true;
    insert_card(bench, NULL);
    run_checks(bench, NULL);
    assert_clean(bench);
    assert_verdict(find_result(bench, "auth.auts_sqn"), CONFORMANCE_PASSED);
    assert_verdict(find_result(bench, "gba.derives"), CONFORMANCE_SKIPPED);
    assert_verdict(find_result(bench, "pin.blocks"), CONFORMANCE_SKIPPED);
}

static void test_stranger_gives_nothing(void **state)
{
    struct bench *bench = *state;
    bench->given = (struct conformance_given){0};
    insert_card(bench, NULL);
    run_checks(bench, NULL);
    assert_clean(bench);
    assert_string_equal(find_result(bench, "binary.allowed_with_pin")->detail, "give the PIN with --pin");
    assert_string_equal(find_result(bench, "auth.res")->detail, "give the PIN with --pin");
    assert_string_equal(find_result(bench, "pin.blocks")->detail, "allow it with --destructive");
    assert_false(erring_card.ins_seen_with_data[0x20]); /* no PIN was tried */
    assert_apdu(bench, "00200001", "63c3");
}

static void test_only_a_pattern(void **state)
{
    struct bench *bench = *state;
    insert_card(bench, NULL);
    run_checks(bench, "pin.*");
    assert_clean(bench);
    assert_true(bench->count > 10);
    for (size_t i = 0; i < bench->count; i++) {
        assert_true(strncmp(bench->results[i].check->name, "pin.", 4) == 0);
    }
    run_checks(bench, "no.such");
    assert_ok(bench->status);
    assert_int_equal(bench->count, 0);
}

/* Other cards */

static void test_card_without_pin(void **state)
{
    struct bench *bench = *state;
    bench->profile.pin_enabled = false;
    insert_card(bench, NULL);
    run_checks(bench, NULL);
    assert_clean(bench);
    assert_verdict(find_result(bench, "binary.allowed_with_pin"), CONFORMANCE_PASSED);
    assert_verdict(find_result(bench, "binary.refused_without_pin"), CONFORMANCE_SKIPPED);
    assert_verdict(find_result(bench, "pin.blocks"), CONFORMANCE_SKIPPED);
    assert_verdict(find_result(bench, "gba.derives"), CONFORMANCE_PASSED);
    assert_apdu(bench, "00200001", "6984");
}

static void test_card_without_channels(void **state)
{
    struct bench *bench = *state;
    const struct mutation mutations[MUTATIONS_MAX] = {{.command = "0070", .kind = ANSWER, .octets = "6881"}};
    insert_card(bench, mutations);
    run_checks(bench, NULL);
    assert_ok(bench->status);
    assert_verdict(find_result(bench, "select.ef"), CONFORMANCE_PASSED);
    assert_verdict(find_result(bench, "gba.derives"), CONFORMANCE_PASSED);
    assert_verdict(find_result(bench, "channel.own_selection"), CONFORMANCE_NOT_SUPPORTED);
}

static void test_card_without_usim(void **state)
{
    struct bench *bench = *state;
    const struct mutation mutations[MUTATIONS_MAX] = {{.command = "XXA404", .kind = ANSWER, .octets = "6a82"}};
    insert_card(bench, mutations);
    run_checks(bench, "gba.*");
    assert_ok(bench->status);
    assert_int_equal(count_of(bench, CONFORMANCE_NOT_SUPPORTED), bench->count);
}

static void test_card_without_gba(void **state)
{
    struct bench *bench = *state;
    const struct mutation mutations[MUTATIONS_MAX] = {{.command = "XXB00000", .kind = FLIP, .at = 8, .mask = 0x08}};
    insert_card(bench, mutations);
    run_checks(bench, "gba.derives");
    assert_ok(bench->status);
    assert_verdict(&bench->results[0], CONFORMANCE_NOT_SUPPORTED);
    assert_non_null(strstr(bench->results[0].detail, "service 68"));
}

/* The [M] rules of GBA_U: a card that has them off gets warnings, and every other check goes with it. */
static void test_card_without_gba_u_rules(void **state)
{
    struct bench *bench = *state;
    bench->profile.gba_rules = (struct gba_u_rules){0};
    insert_card(bench, NULL);
    run_checks(bench, "gba.*");
    assert_ok(bench->status);
    assert_verdict(find_result(bench, "gba.takes_masked_autn"), CONFORMANCE_WARNED);
    assert_verdict(find_result(bench, "gba.refuses_unmasked_autn"), CONFORMANCE_WARNED);
    assert_verdict(find_result(bench, "gba.res_flipped"), CONFORMANCE_WARNED);
    assert_int_equal(count_of(bench, CONFORMANCE_WARNED), 3);
    assert_int_equal(count_of(bench, CONFORMANCE_FAILED), 0);
}

static void test_other_keys(void **state)
{
    struct bench *bench = *state;
    bench->milenage.k.octets[0] ^= 0x01;
    insert_card(bench, NULL);
    run_checks(bench, "auth.*");
    assert_ok(bench->status);
    assert_verdict(find_result(bench, "auth.res"), CONFORMANCE_FAILED);
    assert_verdict(find_result(bench, "auth.wrong_mac"), CONFORMANCE_PASSED);
}

/* Trouble */

static void test_wrong_pin_costs_one_try(void **state)
{
    struct bench *bench = *state;
    bench->given.pin = "9999";
    insert_card(bench, NULL);
    run_checks(bench, NULL);
    assert_status(bench->status, GBAU_E_PIN_WRONG);
    assert_apdu(bench, "00200001", "63c2");
    assert_verdict(find_result(bench, "binary.refused_without_pin"), CONFORMANCE_PASSED); /* what came before it */
}

static void test_last_try_is_not_spent(void **state)
{
    struct bench *bench = *state;
    insert_card(bench, NULL);
    assert_apdu(bench, "002000010832323334ffffffff", "63c2");
    assert_apdu(bench, "002000010832323334ffffffff", "63c1");
    run_checks(bench, NULL);
    assert_status(bench->status, GBAU_E_PIN_BLOCKED);
    assert_apdu(bench, "00200001", "63c1");
}

static void test_wrong_adm_costs_one_try(void **state)
{
    struct bench *bench = *state;
    static const uint8_t wrong[8] = "NOT ADM1";
    bench->given.adm = wrong;
    insert_card(bench, NULL);
    run_checks(bench, NULL);
    assert_status(bench->status, GBAU_E_PIN_WRONG);
    assert_verdict(find_result(bench, "gba.derives"), CONFORMANCE_PASSED);
}

/* Whenever the card is taken out, the run ends with what it has. */
static void test_card_that_is_taken_out(void **state)
{
    struct bench *bench = *state;
    for (unsigned commands = 1; commands < 1200; commands += 37) {
        insert_card(bench, NULL);
        erring_card.dies_after = commands;
        run_checks(bench, NULL);
        assert_status(bench->status, GBAU_E_IO);
        assert_int_equal(erring_card.commands, commands + 1); /* and asks it no more */
    }
}

/* A card that says nothing but this: no check may crash, and none may tell a secret. */
static void test_cards_of_one_word(void **state)
{
    struct bench *bench = *state;
    static const char *const words[] = {"9000",   "6f00",     "6d00",       "6a82",     "63c3", "6282",
                                        "009000", "62009000", "0101019000", "DB009000", "90"};
    static const char *const secrets[] = {"31323334", "3837363534333231", "41444D3141444D31", "465B5CE8", "CD63CB71"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const struct mutation mutations[MUTATIONS_MAX] = {{.command = "", .kind = ANSWER, .octets = words[i]}};
        insert_card(bench, mutations);
        run_checks(bench, NULL);
        for (size_t j = 0; j < bench->count; j++) {
            for (size_t k = 0; k < sizeof secrets / sizeof secrets[0]; k++) {
                assert_null(strstr(bench->results[j].detail, secrets[k]));
            }
        }
    }
}

/* Pseudo-random (xorshift), so that a failure can be repeated. */
static uint32_t nonsense_seed;

static uint32_t next_nonsense(void)
{
    nonsense_seed ^= nonsense_seed << 13;
    nonsense_seed ^= nonsense_seed >> 17;
    nonsense_seed ^= nonsense_seed << 5;
    return nonsense_seed;
}

/* One answer in eight is nonsense: octets flipped, cut, or a random length of random octets. */
static size_t answer_nonsense(struct erring_card *card, struct octets command, uint8_t *response)
{
    static const uint8_t begins[] = {0x62, 0xdb, 0xdc, 0x80, 0x61, 0x10};
    size_t length = card_image_process(card->image, command, response);
    if (next_nonsense() % 8 != 0) {
        return length;
    }
    if (next_nonsense() % 2 == 0) {
        response[next_nonsense() % length] ^= (uint8_t)(1U << next_nonsense() % 8);
        return length;
    }
    length = 2 + next_nonsense() % (UICC_RESPONSE_MAX - 1);
    for (size_t i = 0; i < length; i++) {
        response[i] = (uint8_t)next_nonsense();
    }
    response[0] = begins[next_nonsense() % sizeof begins];
    response[length - 2] = 0x90;
    response[length - 1] = 0x00;
    return length;
}

static void test_cards_of_nonsense(void **state)
{
    struct bench *bench = *state;
    static const struct mutation mutations[MUTATIONS_MAX] = {{.command = "", .kind = CALL, .call = answer_nonsense}};
    for (uint32_t seed = 1; seed <= 40; seed++) {
        nonsense_seed = seed;
        insert_card(bench, mutations);
        run_checks(bench, NULL);
        for (size_t i = 0; i < bench->count; i++) {
            assert_non_null(memchr(bench->results[i].detail, '\0', CONFORMANCE_DETAIL_SIZE));
        }
    }
}

static void test_texts_of_verdicts(void **state)
{
    (void)state;
    assert_string_equal(conformance_verdict_text(CONFORMANCE_PASSED), "passed");
    assert_string_equal(conformance_verdict_text(CONFORMANCE_NOT_SUPPORTED), "not supported");
    for (unsigned i = 0; i < CONFORMANCE_VERDICTS; i++) {
        assert_non_null(conformance_verdict_text((enum conformance_verdict)i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_unique_and_stable_in_form),
        cmocka_unit_test(test_every_check_is_whole),
        cmocka_unit_test(test_needs_as_words),
        bench_test(test_our_card_passes_all),
        bench_test(test_no_run_sends_what_it_must_not),
        bench_test(test_destructive_run_leaves_a_usable_card),
        bench_test(test_harmless_run_changes_nothing),
        bench_test(test_harmless_run_moves_no_sqn),
        bench_test(test_challenges_alone_allow_no_bootstrapping),
        bench_test(test_stranger_gives_nothing),
        bench_test(test_only_a_pattern),
        bench_test(test_card_without_pin),
        bench_test(test_card_without_channels),
        bench_test(test_card_without_usim),
        bench_test(test_card_without_gba),
        bench_test(test_card_without_gba_u_rules),
        bench_test(test_other_keys),
        bench_test(test_wrong_pin_costs_one_try),
        bench_test(test_last_try_is_not_spent),
        bench_test(test_wrong_adm_costs_one_try),
        bench_test(test_card_that_is_taken_out),
        bench_test(test_cards_of_one_word),
        bench_test(test_cards_of_nonsense),
        cmocka_unit_test(test_texts_of_verdicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
