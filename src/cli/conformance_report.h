/* conformance_report.h: results of checks for people, one line each as they come, and for machines at the end. */
#ifndef CLI_CONFORMANCE_REPORT_H
#define CLI_CONFORMANCE_REPORT_H

#include <stdio.h>

#include "conformance/conformance.h"

/* Results as they come. */
struct conformance_report {
    FILE *people; /* gets a line for each result; NULL: nobody looks */
    struct conformance_result *results;
    size_t count;
    size_t counts[CONFORMANCE_VERDICTS];
};

/* The observer of conformance_run; `context` is the report, whose `results` have room for all. */
conformance_observer conformance_report_add;

/* "120 passed, 1 failed, ..." in one line. */
void conformance_report_summary(const struct conformance_report *report, FILE *stream);

/* One JSON object on standard output. False when it could not be made or written. */
bool conformance_report_print_json(const struct conformance_report *report, const char *card);

/* The checks of a suite that `only` names (NULL: all), for people or as JSON. False as above. */
bool conformance_report_list(enum conformance_suite suite, const char *only, bool as_json);

#endif
