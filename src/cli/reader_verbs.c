/* reader_verbs.c: gbau card readers. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text_coding.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/verbs.h"
#include "reader/reader.h"

#define LIST_NAME "readers"

struct listing {
    struct report *report;
    size_t count;
};

static void add_entry(void *context, const struct reader_entry *found)
{
    static const char *const presence[] = {
        [READER_CARD_UNKNOWN] = "unknown", [READER_CARD_ABSENT] = "absent", [READER_CARD_PRESENT] = "present"};
    struct listing *listing = context;
    char atr[2 * READER_ATR_MAX + 1];
    struct report *entry = report_open();
    report_add_text(entry, "name", found->name);
    report_add_text(entry, "card", presence[found->card]);
    if (found->atr_length > 0 && hex_encode(octets_of(found->atr, found->atr_length), atr, sizeof atr) == GBAU_OK) {
        report_add_text(entry, "atr", atr);
    }
    report_add_entry(listing->report, LIST_NAME, entry);
    listing->count++;
}

int verb_card_readers(int argc, char **argv)
{
    bool as_json = false;
    const struct option table[] = {
        {"--json", NULL, "print JSON: readers, each with name, card and atr", false, NULL, NULL, &as_json}};
    const struct usage usage = {
        "gbau card readers",
        "",
        "Lists the ways to a card that this machine has: the name that --card takes, whether a card is there\n"
        "(present, absent; unknown for modems and what may be one, which are not opened), and its ATR.",
        0,
        1,
        table};
    enum options_outcome outcome = options_parse(&usage, argc, argv, NULL);
    if (outcome != OPTIONS_PARSED) {
        return options_exit_status(outcome);
    }
    struct listing listing = {.report = report_open()};
    report_add_list(listing.report, LIST_NAME);
    enum gbau_status status = reader_list(&cli_log, add_entry, &listing);
    if (status == GBAU_OK && listing.count == 0) {
        log_info(&cli_log, "no reader found: connect one, or use a card file");
    }
    const bool printed = report_print(listing.report, as_json);
    return status == GBAU_OK && printed ? EXIT_SUCCESS : EXIT_FAILURE;
}
