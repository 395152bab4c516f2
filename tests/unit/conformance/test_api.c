/* test_api.c: whole runs of the checks of the GBA_U API: the table, our card, what is skipped, what a run leaves. */
#include <ctype.h>

#include "api_bench.h"

static size_t count_of(const struct bench *bench, enum conformance_verdict verdict)
{
    size_t count = 0;
    for (size_t i = 0; i < bench->count; i++) {
        count += bench->results[i].verdict == verdict ? 1 : 0;
    }
    return count;
}

static void assert_all(const struct bench *bench, enum conformance_verdict verdict)
{
    assert_ok(bench->status);
    assert_true(bench->count > 0);
    for (size_t i = 0; i < bench->count; i++) {
        assert_verdict(&bench->results[i], verdict);
    }
}

/* The table */

static void test_names_are_unique_and_stable_in_form(void **state)
{
    (void)state;
    assert_true(api_check_count() >= 150 && api_check_count() <= CHECKS_MAX);
    for (size_t i = 0; i < api_check_count(); i++) {
        const char *name = api_check(i)->name;
        assert_non_null(strchr(name, '.'));
        for (const char *next = name; *next != '\0'; next++) {
            assert_true(islower((unsigned char)*next) || isdigit((unsigned char)*next) || *next == '.' || *next == '_');
        }
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(name, api_check(j)->name);
        }
    }
    assert_null(api_check(api_check_count()));
}

static void test_every_check_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < api_check_count(); i++) {
        const struct check *check = api_check(i);
        assert_int_equal((check->steps != NULL) + (check->run_api != NULL), 1);
        assert_null(check->run);
        assert_null(check->file);
        assert_true(strncmp(check->clause, "GBA_U API ", 10) == 0);
        assert_true(strlen(check->expectation) > 15);
        assert_true((check->needs & NEEDS_API) != 0);
        assert_true((check->needs & NEEDS_NAF_KEY) == 0 || (check->needs & NEEDS_DESTRUCTIVE) != 0);
        assert_true((check->needs & NEEDS_RESET) == 0 || (check->needs & NEEDS_PIN_VALUE) != 0);
    }
}

/* Whole runs */

static void test_our_card_passes_all(void **state)
{
    struct bench *bench = *state;
    insert_card(bench, NULL);
    run_checks(bench, NULL);
    assert_all(bench, CONFORMANCE_PASSED);
    assert_int_equal(bench->count, api_check_count());
}

static void test_it_does_so_again(void **state)
{
    struct bench *bench = *state;
    insert_card(bench, NULL);
    for (unsigned i = 0; i < 3; i++) {
        struct reader *reader = NULL;
        assert_ok(reopen_bench(bench, &reader)); /* the PIN is closed again */
        run_checks(bench, NULL);
        assert_all(bench, CONFORMANCE_PASSED);
    }
}

static void test_a_naf_that_is_given(void **state)
{
    struct bench *bench = *state;
    bench->given.naf_id = octets_of(API_OTHER, sizeof API_OTHER - 1);
    insert_card(bench, NULL);
    run_checks(bench, NULL);
    assert_all(bench, CONFORMANCE_PASSED);
}

/* Each check alone, on a new card: none lives on what another one left. */
static void test_each_check_alone(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < api_check_count(); i++) {
        assert_verdict(result_of(bench, api_check(i)->name, NULL), CONFORMANCE_PASSED);
    }
}

static void test_without_a_line_there_is_nothing_to_check_with(void **state)
{
    struct bench *bench = *state;
    bench->profile.api_line_count = 0;
    assert_verdict(result_of(bench, "access.whole_name", NULL), CONFORMANCE_SKIPPED);
    assert_verdict(result_of(bench, "derivation.key", NULL), CONFORMANCE_SKIPPED);
    assert_verdict(result_of(bench, "access.pin", NULL), CONFORMANCE_PASSED);
}

static void test_a_card_without_the_applet(void **state)
{
    struct bench *bench = *state;
    const struct mutation mutations[MUTATIONS_MAX] = {
        {.command = "XXA4040C09F0676261750141504", .kind = ANSWER, .octets = "6A82"}};
    insert_card(bench, mutations);
    run_checks(bench, NULL);
    assert_all(bench, CONFORMANCE_NOT_SUPPORTED);
}

static void test_a_card_that_is_never_reset(void **state)
{
    struct bench *bench = *state;
    bench->given.reopen = NULL;
    insert_card(bench, NULL);
    run_checks(bench, NULL);
    for (size_t i = 0; i < bench->count; i++) {
        const bool needs_reset = (bench->results[i].check->needs & NEEDS_RESET) != 0;
        assert_verdict(&bench->results[i], needs_reset ? CONFORMANCE_SKIPPED : CONFORMANCE_PASSED);
    }
}

/* Permissions */

static void test_without_permission_no_key_is_made(void **state)
{
    struct bench *bench = *state;
    bench->given.destructive = false;
    bench->given.challenges = true;
    insert_card(bench, NULL);
    run_checks(bench, NULL);
    assert_ok(bench->status);
    assert_int_equal(count_of(bench, CONFORMANCE_FAILED), 0);
    assert_true(count_of(bench, CONFORMANCE_PASSED) >= 40);
    assert_false(erring_card.ins_seen[0x88]);
    for (size_t i = 0; i < bench->count; i++) {
        assert_true((bench->results[i].check->needs & NEEDS_DESTRUCTIVE) == 0 ||
                    bench->results[i].verdict == CONFORMANCE_SKIPPED);
    }
}

static void test_a_stranger_sees_what_needs_no_pin(void **state)
{
    struct bench *bench = *state;
    bench->given = (struct conformance_given){.suite = CONFORMANCE_API};
    insert_card(bench, NULL);
    run_checks(bench, NULL);
    assert_int_equal(count_of(bench, CONFORMANCE_FAILED), 0);
    assert_true(count_of(bench, CONFORMANCE_PASSED) >= 35);
    assert_int_equal(count_of(bench, CONFORMANCE_PASSED) + count_of(bench, CONFORMANCE_SKIPPED), bench->count);
}

/* What a run leaves: no policy that forbids, no persisted key, the lines as they were. */
static void test_a_run_leaves_a_usable_card(void **state)
{
    struct bench *bench = *state;
    insert_card(bench, NULL);
    run_checks(bench, "policy.*");
    run_checks(bench, "keep.*");
    run_checks(bench, "access.line_*");
    run_checks(bench, "open.possible");
    assert_all(bench, CONFORMANCE_PASSED);
    run_checks(bench, "keep.listed"); /* demands that nothing is kept before */
    assert_all(bench, CONFORMANCE_PASSED);
}

static void test_a_card_that_dies(void **state)
{
    struct bench *bench = *state;
    for (unsigned commands = 1; commands < 1200; commands += 97) {
        insert_card(bench, NULL);
        erring_card.dies_after = commands;
        run_checks(bench, NULL);
        assert_status(bench->status, GBAU_E_IO);
    }
}

/* An exported key that is wrong by a bit is not shown. */
static void test_nothing_secret_is_told(void **state)
{
    struct bench *bench = *state;
    const struct mutation mutations[MUTATIONS_MAX] = {{.command = "8X58", .kind = FLIP, .at = 5, .mask = 0x01}};
    const struct conformance_result *result = result_of(bench, "export.key", mutations);
    assert_verdict(result, CONFORMANCE_FAILED);
    assert_non_null(strstr(result->detail, "(34 octets)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_unique_and_stable_in_form),
        cmocka_unit_test(test_every_check_is_whole),
        api_bench_test(test_our_card_passes_all),
        api_bench_test(test_it_does_so_again),
        api_bench_test(test_a_naf_that_is_given),
        api_bench_test(test_each_check_alone),
        api_bench_test(test_without_a_line_there_is_nothing_to_check_with),
        api_bench_test(test_a_card_without_the_applet),
        api_bench_test(test_a_card_that_is_never_reset),
        api_bench_test(test_without_permission_no_key_is_made),
        api_bench_test(test_a_stranger_sees_what_needs_no_pin),
        api_bench_test(test_a_run_leaves_a_usable_card),
        api_bench_test(test_a_card_that_dies),
        api_bench_test(test_nothing_secret_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
