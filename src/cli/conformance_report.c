/* conformance_report.c: results of checks for people and for machines. */
#include "cli/conformance_report.h"

#include <fnmatch.h>

#include <jansson.h>

#include "cli/verbs.h"

enum { NEEDS_SIZE = 80 };

static const char *const marks[CONFORMANCE_VERDICTS] = {
    [CONFORMANCE_PASSED] = "ok",    [CONFORMANCE_FAILED] = "FAIL",        [CONFORMANCE_WARNED] = "warn",
    [CONFORMANCE_SKIPPED] = "skip", [CONFORMANCE_NOT_SUPPORTED] = "none",
};

static void print_line(FILE *stream, const struct conformance_result *result)
{
    fprintf(stream, "%-4s  %-33s %-24s %s%s%s\n", marks[result->verdict], conformance_check_name(result->check),
            conformance_check_clause(result->check), conformance_check_expectation(result->check),
            result->detail[0] == '\0' ? "" : "; ", result->detail);
    (void)fflush(stream); /* a slow card is watched at work */
}

void conformance_report_add(void *context, const struct conformance_result *result)
{
    struct conformance_report *report = context;
    report->results[report->count++] = *result;
    report->counts[result->verdict]++;
    if (report->people != NULL) {
        print_line(report->people, result);
    }
}

void conformance_report_summary(const struct conformance_report *report, FILE *stream)
{
    fprintf(stream, "%zu checks: ", report->count);
    for (size_t i = 0; i < CONFORMANCE_VERDICTS; i++) {
        fprintf(stream, "%s%zu %s", i == 0 ? "" : ", ", report->counts[i],
                conformance_verdict_text((enum conformance_verdict)i));
    }
    fprintf(stream, "\n");
}

/* JSON */

static json_t *json_of_check(const struct check *check)
{
    return json_pack("{s:s, s:s, s:s}", "name", conformance_check_name(check), "clause",
                     conformance_check_clause(check), "expectation", conformance_check_expectation(check));
}

static json_t *json_of_results(const struct conformance_report *report)
{
    json_t *results = json_array();
    for (size_t i = 0; i < report->count; i++) {
        json_t *object = json_of_check(report->results[i].check);
        (void)json_object_set_new(object, "result", json_string(conformance_verdict_text(report->results[i].verdict)));
        (void)json_object_set_new(object, "detail", json_string(report->results[i].detail));
        (void)json_array_append_new(results, object);
    }
    return results;
}

static json_t *json_of_counts(const struct conformance_report *report)
{
    json_t *counts = json_object();
    for (size_t i = 0; i < CONFORMANCE_VERDICTS; i++) {
        (void)json_object_set_new(counts, conformance_verdict_text((enum conformance_verdict)i),
                                  json_integer((json_int_t)report->counts[i]));
    }
    return counts;
}

/* Prints the value, which ends here. */
static bool print_json(json_t *value)
{
    bool printed = value != NULL && json_dumpf(value, stdout, JSON_PRESERVE_ORDER | JSON_COMPACT) == 0;
    printed = printed && putchar('\n') != EOF && fflush(stdout) == 0;
    json_decref(value);
    if (!printed) {
        log_error(&cli_log, "cannot write the result: %m");
    }
    return printed;
}

bool conformance_report_print_json(const struct conformance_report *report, const char *card)
{
    return print_json(json_pack("{s:s, s:o, s:o}", "card", card, "summary", json_of_counts(report), "checks",
                                json_of_results(report)));
}

/* The list */

static bool is_wanted(const struct check *check, const char *only)
{
    return only == NULL || fnmatch(only, conformance_check_name(check), 0) == 0;
}

static void print_check(const struct check *check, const char *needs)
{
    printf("%-33s %-24s %s%s%s%s\n", conformance_check_name(check), conformance_check_clause(check),
           conformance_check_expectation(check), needs[0] == '\0' ? "" : " [needs ", needs,
           needs[0] == '\0' ? "" : "]");
}

bool conformance_report_list(enum conformance_suite suite, const char *only, bool as_json)
{
    char needs[NEEDS_SIZE];
    json_t *list = json_array();
    const size_t count = conformance_check_count(suite);
    for (size_t i = 0; i < count; i++) {
        const struct check *check = conformance_check(suite, i);
        if (!is_wanted(check, only) || conformance_check_needs(check, needs, sizeof needs) != GBAU_OK) {
            continue;
        }
        if (as_json) {
            json_t *object = json_of_check(check);
            (void)json_object_set_new(object, "needs", json_string(needs));
            (void)json_array_append_new(list, object);
        } else {
            print_check(check, needs);
        }
    }
    if (as_json) {
        return print_json(list);
    }
    json_decref(list);
    return fflush(stdout) == 0;
}
