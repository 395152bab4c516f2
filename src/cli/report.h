/* report.h: results for people, "name: value" a line, or for machines, one JSON object; guards jansson. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stdbool.h>
#include <stdint.h>

struct report;

/* NULL when there is no memory; then the calls below do nothing and report_print fails. */
struct report *report_open(void);
void report_add_text(struct report *report, const char *name, const char *value);
void report_add_number(struct report *report, const char *name, int64_t value);

/* A list without entries yet, and an entry of texts, made by report_open and used up here; one line for people. */
void report_add_list(struct report *report, const char *list);
void report_add_entry(struct report *report, const char *list, struct report *entry);
/* Ends a report that is not printed. */
void report_discard(struct report *report);

/* Prints to standard output and ends the report. False when it could not be written. */
bool report_print(struct report *report, bool as_json);

#endif
