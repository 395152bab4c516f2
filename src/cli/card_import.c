/* card_import.c: gbau card import: the files of any card as a profile. */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "cli/options.h"
#include "cli/profile_output.h"
#include "cli/tree_description.h"
#include "cli/values.h"
#include "cli/verbs.h"
#include "me/apdu.h"

enum { INS_VERIFY = 0x20, ADM1 = 0x0a, ADM_SIZE = 8 };

/* The key opens files that the PIN does not; what is verified holds on all channels. */
static enum gbau_status verify_adm(struct reader *reader, const char *adm)
{
    uint8_t key[ADM_SIZE];
    struct apdu_response response;
    const struct apdu_command command = {
        .ins = INS_VERIFY, .p2 = ADM1, .data = octets_of(key, sizeof key), .le = APDU_NO_LE};
    if (adm == NULL) {
        return GBAU_OK;
    }
    enum gbau_status status = value_hex("--adm", adm, key, sizeof key);
    if (status == GBAU_OK) {
        status = apdu_exchange(reader, 0, &command, &response);
    }
    secret_wipe(key, sizeof key);
    if (status == GBAU_OK && apdu_status_of_sw(response.sw) != GBAU_OK) {
        log_error(&cli_log, "the card refuses this ADM1 with %04X; it was tried once", response.sw);
        status = apdu_status_of_sw(response.sw);
    }
    return status;
}

static void tell(const struct tree_description *made, const char *out)
{
    const struct card_description *description = &made->description;
    if (made->left_out > 0) {
        log_warning(&cli_log, "%zu files are left out: of an unknown kind, or larger than the software card has them",
                    made->left_out);
    }
    log_info(&cli_log, "%s: %zu files, %zu PINs, %zu applications; fill in k, opc and the values of PINs",
             out == NULL ? "profile" : out, description->file_count, description->pin_count,
             description->application_count);
}

static enum gbau_status write_tree(const struct card_tree *tree, const char *out)
{
    struct tree_description *made = malloc(sizeof *made);
    if (made == NULL) {
        return GBAU_E_MEMORY;
    }
    enum gbau_status status = tree_description_make(tree, made);
    if (status != GBAU_OK) {
        log_error(&cli_log, "the card cannot be described: %s", gbau_status_text(status));
    } else {
        const struct profile_write_options options = {.without_secrets = true, .notes = made->notes};
        status = profile_output_write(out, &made->description, &options);
    }
    if (status == GBAU_OK) {
        tell(made, out);
    }
    secret_wipe(made, sizeof *made);
    free(made);
    return status;
}

int verb_card_import(int argc, char **argv)
{
    const char *card = NULL;
    const char *out = NULL;
    const char *pin = NULL;
    const char *adm = NULL;
    const struct option table[] = {
        {"--card", "CARD", READER_CARD_NAMES, true, &card, NULL, NULL},
        {"--out", "FILE.yaml", "a new file for the profile; standard output unless given", false, &out, NULL, NULL},
        {"--pin", "DIGITS", "the card's PIN; without it, files that need it are empty in the profile", false, &pin,
         NULL, NULL},
        {"--adm", "HEX", "its administrative key ADM1, 16 hexadecimal digits: a wrong one costs a try", false, &adm,
         NULL, NULL},
    };
    const struct usage usage = {
        "gbau card import",
        "",
        "Reads the files of any card and writes a profile of a whole card. Keys and PINs no card gives away: fill them "
        "in,\n"
        "then 'gbau card create FILE --profile' makes a card with the same files. Nothing is written to the card.",
        0,
        sizeof table / sizeof table[0],
        table};
    enum options_outcome outcome = options_parse(&usage, argc, argv, NULL);
    if (outcome != OPTIONS_PARSED) {
        return options_exit_status(outcome);
    }
    struct reader *reader = NULL;
    struct card_tree tree = {0};
    enum gbau_status status = reader_open(card, &cli_log, &reader);
    if (status == GBAU_OK) {
        status = verify_adm(reader, adm);
    }
    if (status == GBAU_OK) {
        status = card_tree_read(reader, pin, &cli_log, &tree);
    }
    reader_close(reader);
    if (status == GBAU_OK) {
        status = write_tree(&tree, out);
    }
    card_tree_clear(&tree);
    return status == GBAU_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
