/* report.c: results for people or machines. */
#include "cli/report.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "cli/verbs.h"

struct report {
    json_t *object;
};

struct report *report_open(void)
{
    struct report *report = calloc(1, sizeof *report);
    if (report != NULL) {
        report->object = json_object();
    }
    return report;
}

void report_add_text(struct report *report, const char *name, const char *value)
{
    if (report != NULL) {
        (void)json_object_set_new(report->object, name, json_string(value));
    }
}

void report_add_number(struct report *report, const char *name, int64_t value)
{
    if (report != NULL) {
        (void)json_object_set_new(report->object, name, json_integer(value));
    }
}

void report_add_list(struct report *report, const char *list)
{
    if (report != NULL) {
        (void)json_object_set_new(report->object, list, json_array());
    }
}

void report_add_entry(struct report *report, const char *list, struct report *entry)
{
    if (report != NULL && entry != NULL) {
        (void)json_array_append(json_object_get(report->object, list), entry->object);
    }
    if (entry != NULL) {
        json_decref(entry->object);
    }
    free(entry);
}

/* The texts of each entry in a line of its own. */
static void print_entries(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *separator = "";
        const char *name = NULL;
        json_t *value = NULL;
        json_object_foreach(json_array_get(list, i), name, value) {
            printf("%s%s", separator, json_string_value(value));
            separator = "  ";
        }
        printf("\n");
    }
}

static void print_for_people(const json_t *object)
{
    const char *name = NULL;
    json_t *value = NULL;
    /* jansson's macro walks without const; nothing is changed */
    json_object_foreach((json_t *)(uintptr_t)object, name, value) {
        if (json_is_array(value)) {
            print_entries(value);
        } else if (json_is_integer(value)) {
            printf("%s: %" JSON_INTEGER_FORMAT "\n", name, json_integer_value(value));
        } else {
            printf("%s: %s\n", name, json_string_value(value));
        }
    }
}

void report_discard(struct report *report)
{
    if (report != NULL) {
        json_decref(report->object);
    }
    free(report);
}

bool report_print(struct report *report, bool as_json)
{
    if (report == NULL || report->object == NULL) {
        report_discard(report);
        return false;
    }
    bool printed = true;
    if (as_json) {
        printed = json_dumpf(report->object, stdout, JSON_PRESERVE_ORDER | JSON_COMPACT) == 0;
        putchar('\n');
    } else {
        print_for_people(report->object);
    }
    report_discard(report);
    printed = fflush(stdout) == 0 && printed;
    if (!printed) {
        log_error(&cli_log, "cannot write the result: %m");
    }
    return printed;
}
