/* test_junit.c: the JUnit report: every verdict, counts, and what must be escaped. */
#include "conformance/junit.h"

#include <stdlib.h>

#include "conformance/check.h"
#include "testing.h"

static const struct check check = {
    .name = "group.check", .clause = "TS 1 & 2", .expectation = "a < b is answered with \"c\""};

static struct conformance_result result_of(enum conformance_verdict verdict, const char *detail)
{
    struct conformance_result result = {.check = &check, .verdict = verdict};
    (void)snprintf(result.detail, sizeof result.detail, "%s", detail);
    return result;
}

/* The report of some results; the caller frees it. */
static char *report_of(const struct conformance_result *results, size_t count, enum gbau_status expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    assert_status(junit_write(stream, results, count), expected);
    assert_int_equal(fclose(stream), 0);
    return text;
}

#define HEAD(counts) \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"gbau conformance card\" " counts ">\n"
#define CASE(content) "<testcase classname=\"group\" name=\"group.check\">" content "</testcase>\n"
#define CHECKED       " (TS 1 &amp; 2: a &lt; b is answered with &quot;c&quot;)"
#define TAIL          "</testsuite>\n"

static void test_nothing(void **state)
{
    (void)state;
    char *text = report_of(NULL, 0, GBAU_OK);
    assert_string_equal(text, HEAD("tests=\"0\" failures=\"0\" errors=\"0\" skipped=\"0\"") TAIL);
    free(text);
}

static void test_every_verdict(void **state)
{
    (void)state;
    const struct conformance_result results[] = {
        result_of(CONFORMANCE_PASSED, ""),
        result_of(CONFORMANCE_FAILED, "00A4 gave <6A82>"),
        result_of(CONFORMANCE_WARNED, "\"odd\""),
        result_of(CONFORMANCE_SKIPPED, "give --pin"),
        result_of(CONFORMANCE_NOT_SUPPORTED, "6D00"),
        result_of(CONFORMANCE_FAILED, "again"),
    };
    char *text = report_of(results, sizeof results / sizeof results[0], GBAU_OK);
    assert_string_equal(text, HEAD("tests=\"6\" failures=\"2\" errors=\"0\" skipped=\"2\"") CASE("")
                                  CASE("<failure message=\"00A4 gave &lt;6A82&gt;" CHECKED "\"/>")
                                  CASE("<system-out>warning: &quot;odd&quot;" CHECKED "</system-out>")
                                  CASE("<skipped message=\"give --pin" CHECKED "\"/>")
                                  CASE("<skipped message=\"not supported: 6D00" CHECKED "\"/>")
                                  CASE("<failure message=\"again" CHECKED "\"/>") TAIL);
    free(text);
}

static void test_longest_detail_fits(void **state)
{
    (void)state;
    struct conformance_result result = {.check = &check, .verdict = CONFORMANCE_FAILED};
    memset(result.detail, '"', sizeof result.detail - 1); /* six characters each */
    free(report_of(&result, 1, GBAU_OK));
}

static void test_bad_text(void **state)
{
    (void)state;
    const struct conformance_result result = result_of(CONFORMANCE_FAILED, "a\x01");
    free(report_of(&result, 1, GBAU_E_ARGUMENT));
}

static void test_full_disk(void **state)
{
    (void)state;
    FILE *stream = fopen("/dev/full", "w");
    assert_non_null(stream);
    const struct conformance_result result = result_of(CONFORMANCE_PASSED, "");
    assert_status(junit_write(stream, &result, 1), GBAU_E_IO);
    (void)fclose(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_every_verdict),
        cmocka_unit_test(test_longest_detail_fits),
        cmocka_unit_test(test_bad_text),
        cmocka_unit_test(test_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
