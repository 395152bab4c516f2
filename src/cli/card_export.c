/* card_export.c: gbau card export: a card file as a profile. */
#include <stdlib.h>

#include "base/secret.h"
#include "cli/options.h"
#include "cli/profile_output.h"
#include "cli/verbs.h"
#include "reader/card_image.h"

static enum gbau_status export_opened(const struct card_image *card, const char *out, bool without_secrets)
{
    const struct profile_write_options options = {.without_secrets = without_secrets};
    struct card_description description;
    struct card_parts *parts = malloc(sizeof *parts);
    if (parts == NULL) {
        return GBAU_E_MEMORY;
    }
    enum gbau_status status = card_image_describe(card, parts, &description);
    if (status != GBAU_OK) {
        log_error(&cli_log, "the card cannot be described: %s", gbau_status_text(status));
    } else {
        status = profile_output_write(out, &description, &options);
    }
    secret_wipe(parts, sizeof *parts);
    free(parts);
    return status;
}

int verb_card_export(int argc, char **argv)
{
    const char *out = NULL;
    bool without_secrets = false;
    const struct option table[] = {
        {"--out", "FILE.yaml", "a new file for the profile; standard output unless given", false, &out, NULL, NULL},
        {"--without-secrets", NULL, "leave out keys, PINs and files of keys", false, NULL, NULL, &without_secrets},
    };
    const struct usage usage = {
        "gbau card export",
        "FILE",
        "Writes a card file as a profile of the whole card, of which 'gbau card create FILE --profile' makes one that\n"
        "answers alike: files, PINs with their tries, K and OPc, sequence numbers, access rules. What was "
        "bootstrapped\n"
        "and the keys made of it stay in the card.",
        1,
        sizeof table / sizeof table[0],
        table};
    const char *path = NULL;
    struct card_image *card = NULL;
    enum options_outcome outcome = options_parse(&usage, argc, argv, &path);
    if (outcome != OPTIONS_PARSED) {
        return options_exit_status(outcome);
    }
    if (card_image_open(path, CARD_DURABLE, &cli_log, &card) != GBAU_OK) {
        return EXIT_FAILURE;
    }
    enum gbau_status status = export_opened(card, out, without_secrets);
    card_image_close(card);
    if (status == GBAU_OK && !without_secrets) {
        log_warning(&cli_log, "%s holds the card's keys and PINs: keep it safe", out == NULL ? "the output" : out);
    }
    return status == GBAU_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
