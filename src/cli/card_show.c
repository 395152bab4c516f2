/* card_show.c: gbau card show. */
#include "cli/card_show.h"

#include <stdlib.h>
#include <string.h>

#include "card_text/access_words.h"
#include "cli/card_trace.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "reader/reader.h"

void card_show_add_access(const struct card_node *node, struct card_content *content)
{
    const struct octets rule = octets_of(node->rule, node->rule_length);
    content_clear(content);
    if (node->rule_is_compact) {
        access_words_add_compact(rule, content);
    } else {
        access_words_add_rule(rule, content);
    }
}

void card_show_put_needed(struct text *text, const struct card_node *node)
{
    struct card_content access;
    card_show_add_access(node, &access);
    for (size_t i = 0; i < access.count; i++) {
        if (strcmp(access.items[i].label, "read") == 0) {
            text_put(text, access.items[i].value);
            return;
        }
    }
}

bool card_show_is_free(const struct card_node *node, const struct card_part *part)
{
    struct card_content content;
    file_name_decode(node->file, part->octets, &content);
    return content.count == 0;
}

int verb_card_show(int argc, char **argv)
{
    const char *card = NULL;
    const char *pin = NULL;
    const char *trace = NULL;
    bool as_json = false;
    const struct option table[] = {
        {"--card", "CARD", READER_CARD_NAMES, true, &card, NULL, NULL},
        {"--pin", "DIGITS", "the card's PIN; without it, files that need it are named but not read", false, &pin, NULL,
         NULL},
        {"--trace", "FILE.pcapng", CARD_TRACE_HELP, false, &trace, NULL, NULL},
        {"--json", NULL, "print JSON", false, NULL, NULL, &as_json},
    };
    const struct usage usage = {
        "gbau card show",
        "",
        "Prints what is on a card: applications, files with their contents in words, access rules, PINs.\n"
        "Nothing is written to the card, no PIN is tried but the one given, and keys are never shown.",
        0,
        sizeof table / sizeof table[0],
        table};
    enum options_outcome outcome = options_parse(&usage, argc, argv, NULL);
    if (outcome != OPTIONS_PARSED) {
        return options_exit_status(outcome);
    }
    struct reader *reader = NULL;
    struct apdu_recorder *recorder = NULL;
    struct card_tree tree = {0};
    enum gbau_status status = reader_open(card, &cli_log, &reader);
    if (status == GBAU_OK) {
        status = card_trace_begin(reader, trace, &recorder);
    }
    if (status == GBAU_OK) {
        status = card_tree_read(reader, pin, &cli_log, &tree);
    }
    reader_close(reader);
    status = card_trace_end(recorder, status);
    bool printed = true;
    if (status == GBAU_OK) {
        printed = as_json ? card_show_print_json(&tree, card) : card_show_print_text(&tree, card);
    }
    card_tree_clear(&tree);
    return status != GBAU_OK ? verb_fail("card show", status) : printed ? EXIT_SUCCESS : EXIT_FAILURE;
}
