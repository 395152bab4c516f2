/* gbau.c: the one tool: finds the verb and runs it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "cli/options.h"
#include "cli/verbs.h"

static unsigned error_count;
const struct log cli_log = {
    .program = "gbau", .level = LOG_LEVEL_INFO, .style = LOG_STYLE_PLAIN, .error_count = &error_count};

enum { WORDS_MAX = 2 };

struct verb {
    const char *words[WORDS_MAX]; /* "card", "create"; the second may be NULL */
    int (*run)(int argc, char **argv);
    const char *summary;
};

static const struct verb verbs[] = {
    {{"card", "create"}, verb_card_create, "make a software card in a file"},
    {{"card", "show"}, verb_card_show, "print what is on a card, decoded"},
    {{"card", "trace"}, verb_card_trace, "tell APDUs in words and record them for Wireshark"},
    {{"card", "export"}, verb_card_export, "write a card file as a profile, with all that is in it"},
    {{"card", "import"}, verb_card_import, "write the files of any card as a profile, without keys"},
    {{"card", "apdu"}, verb_card_apdu, "send command APDUs from standard input to a card"},
    {{"card", "serve"}, verb_card_serve, "offer a card file to PC/SC through vsmartcard's virtual reader"},
    {{"card", "readers"}, verb_card_readers, "list PC/SC readers and modems that --card can name"},
    {{"bootstrap", NULL}, verb_bootstrap, "get fresh keys into a card from the operator's BSF"},
    {{"naf-key", NULL}, verb_naf_key, "let a card derive the keys of a service, and show the device's one"},
    {{"key", NULL}, verb_key, "use keys that live in a card: seal, open, MAC, authenticate, derive"},
    {{"naf", "key"}, verb_naf_key_use, "use the service's end of such keys; write policies and revocations"},
    {{"subscriber", "add"}, verb_subscriber_add, "add a subscriber to the HSS's database"},
    {{"conformance", "card"}, verb_conformance_card, "check any card against the standards, clause by clause"},
    {{"conformance", "api"}, verb_conformance_api, "check the GBA_U API of any card, clause by clause"},
    {{"demo", NULL}, verb_demo, "run the whole story with real sockets, and draw it"},
};

static void print_verbs(FILE *stream)
{
    fprintf(stream, "usage: gbau VERB ... [OPTIONS]\n\n");
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        const char *second = verbs[i].words[1] == NULL ? "" : verbs[i].words[1];
        fprintf(stream, "  %-11s %-10s %s\n", verbs[i].words[0], second, verbs[i].summary);
    }
    fprintf(stream, "\n'gbau VERB --help' tells more about a verb.\n");
}

static int words_matched(const struct verb *verb, int argc, char **argv)
{
    if (argc < 1 || strcmp(argv[0], verb->words[0]) != 0) {
        return 0;
    }
    if (verb->words[1] == NULL) {
        return 1;
    }
    return argc >= 2 && strcmp(argv[1], verb->words[1]) == 0 ? 2 : 0;
}

int verb_fail(const char *verb, enum gbau_status status)
{
    const char *hint = gbau_status_hint(status);
    if (__atomic_load_n(&error_count, __ATOMIC_RELAXED) > 0) {
        return EXIT_FAILURE; /* whoever knew the detail has told it */
    }
    fprintf(stderr, "gbau %s: %s%s%s\n", verb, gbau_status_text(status), hint[0] == '\0' ? "" : "; ", hint);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    secret_harden_process();
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of write, not the end */
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        print_verbs(stdout);
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        int matched = words_matched(&verbs[i], argc - 1, argv + 1);
        if (matched > 0) {
            return verbs[i].run(argc - 1 - matched, argv + 1 + matched);
        }
    }
    if (argc < 2) {
        print_verbs(stderr);
    } else {
        fprintf(stderr, "gbau: unknown verb '%s%s%s'; 'gbau --help' lists them\n", argv[1], argc > 2 ? " " : "",
                argc > 2 ? argv[2] : "");
    }
    return EXIT_USAGE;
}
