/* conformance_verbs.c: gbau conformance card and gbau conformance api. */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "cli/conformance_report.h"
#include "cli/options.h"
#include "cli/values.h"
#include "cli/verbs.h"
#include "conformance/junit.h"
#include "crypto/openssl.h"
#include "key/gba_keys.h"
#include "key/naf_id.h"
#include "reader/reader.h"

enum { ADM_SIZE = 8, SQN_SIZE = 6, PUK_DIGITS = 8, PIN_DIGITS_MIN = 4, PIN_DIGITS_MAX = 8 };

/* What the verb was told. */
struct conformance_options {
    const char *verb;
    enum conformance_suite suite;
    const char *card, *pin, *puk, *adm, *k, *op, *opc, *sqn, *naf, *ua, *only, *junit;
    bool challenges, destructive, list, as_json;
};

/* What the options mean. Holds secrets. */
struct card_secrets {
    uint8_t adm[ADM_SIZE];
    struct milenage milenage;
    uint8_t naf_id[NAF_ID_MAX];
};

/* A card that can be opened again, which resets it. */
struct opened_card {
    const char *name;
    struct reader *reader;
};

static enum gbau_status read_pins(const struct conformance_options *options, struct card_secrets *secrets,
                                  struct conformance_given *given)
{
    enum gbau_status status = GBAU_OK;
    if (options->pin != NULL) {
        status = value_digits("--pin", options->pin, PIN_DIGITS_MIN, PIN_DIGITS_MAX);
    }
    if (status == GBAU_OK && options->puk != NULL) {
        status = value_digits("--puk", options->puk, PUK_DIGITS, PUK_DIGITS);
    }
    if (status == GBAU_OK && options->adm != NULL) {
        status = value_hex("--adm", options->adm, secrets->adm, sizeof secrets->adm);
        given->adm = secrets->adm;
    }
    given->pin = options->pin;
    given->puk = options->puk;
    return status;
}

static enum gbau_status read_keys(const struct conformance_options *options, struct card_secrets *secrets,
                                  struct conformance_given *given)
{
    if (options->k == NULL && options->op == NULL && options->opc == NULL) {
        return GBAU_OK;
    }
    if (options->k == NULL) {
        log_error(&cli_log, "--op and --opc go with --k");
        return GBAU_E_ARGUMENT;
    }
    secrets->milenage.constants = &milenage_default_constants;
    given->milenage = &secrets->milenage;
    enum gbau_status status =
        value_hex("--k", options->k, secrets->milenage.k.octets, sizeof secrets->milenage.k.octets);
    return status == GBAU_OK ? value_opc(options->op, options->opc, &secrets->milenage.k, &secrets->milenage.opc)
                             : status;
}

static enum gbau_status read_sqn(const struct conformance_options *options, struct conformance_given *given)
{
    uint8_t octets[SQN_SIZE];
    if (options->sqn == NULL) {
        return GBAU_OK;
    }
    enum gbau_status status = value_hex("--sqn", options->sqn, octets, sizeof octets);
    if (status == GBAU_OK) {
        struct octet_reader reader = octet_reader_of(octets_of(octets, sizeof octets));
        given->sqn = octet_reader_u48(&reader);
        given->has_sqn = true;
    }
    return status;
}

/* A pattern that names nothing is a slip of the pen, not a card without faults. */
static enum gbau_status check_pattern(enum conformance_suite suite, const char *only)
{
    const size_t count = conformance_check_count(suite);
    for (size_t i = 0; i < count; i++) {
        if (only == NULL || fnmatch(only, conformance_check_name(conformance_check(suite, i)), 0) == 0) {
            return GBAU_OK;
        }
    }
    log_error(&cli_log, "--only '%s' names no check; --list shows them", only);
    return GBAU_E_ARGUMENT;
}

static enum gbau_status read_naf_id(const struct conformance_options *options, struct card_secrets *secrets,
                                    struct conformance_given *given)
{
    uint8_t ua[NAF_ID_UA_SIZE];
    struct octet_writer writer = octet_writer_of(secrets->naf_id, sizeof secrets->naf_id);
    if (options->naf == NULL && options->ua == NULL) {
        return GBAU_OK;
    }
    if (options->naf == NULL || options->ua == NULL) {
        log_error(&cli_log, "--naf and --ua go together: both make the NAF_ID");
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = value_hex("--ua", options->ua, ua, sizeof ua);
    if (status == GBAU_OK) {
        status = naf_id_write(&writer, octets_of_text(options->naf), ua);
        if (status != GBAU_OK) {
            log_error(&cli_log, "--naf: '%s' is no host name", options->naf);
        }
    }
    given->naf_id = octets_written(&writer);
    return status;
}

static enum gbau_status read_given(const struct conformance_options *options, struct card_secrets *secrets,
                                   struct conformance_given *given)
{
    *given = (struct conformance_given){
        .suite = options->suite,
        .challenges = options->challenges,
        .destructive = options->destructive,
        .only = options->only,
    };
    enum gbau_status status = check_pattern(options->suite, options->only);
    if (status == GBAU_OK) {
        status = read_pins(options, secrets, given);
    }
    if (status == GBAU_OK) {
        status = read_keys(options, secrets, given);
    }
    if (status == GBAU_OK) {
        status = read_sqn(options, given);
    }
    return status == GBAU_OK ? read_naf_id(options, secrets, given) : status;
}

static enum gbau_status write_junit(const char *path, const struct conformance_report *report)
{
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        log_error(&cli_log, "cannot write '%s': %m", path);
        return GBAU_E_IO;
    }
    enum gbau_status status = junit_write(file, report->results, report->count);
    if (fclose(file) != 0 && status == GBAU_OK) {
        status = GBAU_E_IO;
    }
    if (status != GBAU_OK) {
        log_error(&cli_log, "cannot write '%s': %s", path, gbau_status_text(status));
    }
    return status;
}

static enum gbau_status reopen_card(void *context, struct reader **reader)
{
    struct opened_card *card = context;
    reader_close(card->reader);
    card->reader = NULL;
    enum gbau_status status = reader_open(card->name, &cli_log, &card->reader);
    *reader = card->reader;
    return status;
}

static enum gbau_status run_checks(const struct conformance_options *options, const struct conformance_given *given,
                                   struct conformance_report *report)
{
    struct crypto crypto;
    struct opened_card card = {.name = options->card};
    struct conformance_given resettable = *given;
    resettable.reopen = reopen_card;
    resettable.reopen_context = &card;
    enum gbau_status status = crypto_openssl_open(&crypto);
    if (status == GBAU_OK) {
        status = reader_open(options->card, &cli_log, &card.reader);
    }
    if (status == GBAU_OK) {
        status = conformance_run(card.reader, &crypto, &resettable, conformance_report_add, report, &cli_log);
    }
    reader_close(card.reader);
    crypto_openssl_close(&crypto);
    return status;
}

/* A run that broke off is reported too, as far as it came. */
static int report_run(const struct conformance_options *options, const struct conformance_report *report,
                      enum gbau_status status)
{
    bool told = true;
    if (options->junit != NULL) {
        told = write_junit(options->junit, report) == GBAU_OK;
    }
    if (options->as_json) {
        told = conformance_report_print_json(report, options->card) && told;
    }
    if (report->people != NULL) {
        conformance_report_summary(report, report->people);
    }
    const bool is_clean = status == GBAU_OK && report->counts[CONFORMANCE_FAILED] == 0;
    return is_clean && told ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(const struct conformance_options *options, const struct conformance_given *given)
{
    FILE *beside_json = isatty(STDERR_FILENO) == 1 ? stderr : NULL;
    struct conformance_report report = {.people = options->as_json ? beside_json : stdout};
    report.results = calloc(conformance_check_count(options->suite), sizeof *report.results);
    if (report.results == NULL) {
        return verb_fail(options->verb, GBAU_E_MEMORY);
    }
    enum gbau_status status = run_checks(options, given, &report);
    int exit_status = report.count == 0 ? EXIT_FAILURE : report_run(options, &report, status);
    free(report.results);
    return exit_status;
}

static int list(const struct conformance_options *options)
{
    return conformance_report_list(options->suite, options->only, options->as_json) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int obey(const struct conformance_options *options)
{
    struct card_secrets secrets = {0};
    struct conformance_given given;
    int exit_status = EXIT_USAGE;
    if (!options->list && options->card == NULL) {
        log_error(&cli_log, "missing: --card; see 'gbau %s --help'", options->verb);
        return EXIT_USAGE;
    }
    if (read_given(options, &secrets, &given) == GBAU_OK) {
        exit_status = options->list ? list(options) : run(options, &given);
    }
    secret_wipe(&secrets, sizeof secrets);
    return exit_status;
}

/* What the two verbs say and take beside each other. */
struct suite_words {
    enum conformance_suite suite;
    const char *verb;
    const char *usage_name;
    const char *summary;
    const char *destructive; /* what may change */
    const char *only;        /* an example */
};

static const struct suite_words card_words = {
    CONFORMANCE_CARD,
    "conformance card",
    "gbau conformance card",
    "Checks any card, ours or a real one, against clauses of TS 102 221, TS 31.102 and TS 33.220.\n"
    "Without --challenges and --destructive the card stays as it is: what is written is put back, no PIN is blocked,\n"
    "no SQN moves.\n"
    "Exit status: 0 nothing failed, 1 something did, 2 wrong usage.",
    "PINs, files and keys may change; the card stays usable",
    "only checks whose names fit, as 'pin.*'"};

static const struct suite_words api_words = {
    CONFORMANCE_API,
    "conformance api",
    "gbau conformance api",
    "Checks the GBA_U API of any card, ours or a real one, against docs/gba_u-api.md, clause by clause.\n"
    "With K, OPc and --destructive the card bootstraps, and each key it uses is computed here too: the NAF's keys\n"
    "and persisted keys are the checks' to use then, and its policy version grows. Take a NAF made for tests.\n"
    "Exit status: 0 nothing failed, 1 something did, 2 wrong usage.",
    "Ks, keys and policy of the NAF may change; the card stays usable",
    "only checks whose names fit, as 'policy.*'"};

static int check(const struct suite_words *words, const struct option *own, size_t own_count,
                 struct conformance_options *options, int argc, char **argv)
{
    enum { OWN_MAX = 2 };
    const struct option common[] = {
        {"--card", "CARD", READER_CARD_NAMES, false, &options->card, NULL, NULL},
        {"--pin", "DIGITS", "the card's PIN", false, &options->pin, NULL, NULL},
        {"--adm", "HEX", "administrative key ADM1, 16 hexadecimal digits", false, &options->adm, NULL, NULL},
        {"--k", "HEX", "subscriber key K (Milenage), 32 hexadecimal digits", false, &options->k, NULL, NULL},
        {"--op", "HEX", "operator's OP; OPc is computed from it", false, &options->op, NULL, NULL},
        {"--opc", "HEX", "OPc of the card", false, &options->opc, NULL, NULL},
        {"--sqn", "HEX", "highest SQN the card has accepted; it is asked unless given", false, &options->sqn, NULL,
         NULL},
        {"--destructive", NULL, words->destructive, false, NULL, NULL, &options->destructive},
        {"--only", "PATTERN", words->only, false, &options->only, NULL, NULL},
        {"--list", NULL, "list the checks and what each needs; no card is touched", false, NULL, NULL, &options->list},
        {"--junit", "FILE", "write a JUnit report", false, &options->junit, NULL, NULL},
        {"--json", NULL, "print JSON", false, NULL, NULL, &options->as_json},
    };
    enum { COMMON = sizeof common / sizeof common[0] };
    struct option table[COMMON + OWN_MAX];
    memcpy(table, common, sizeof common);
    memcpy(table + COMMON, own, own_count * sizeof own[0]);
    const struct usage usage = {words->usage_name, "", words->summary, 0, COMMON + own_count, table};
    options->verb = words->verb;
    options->suite = words->suite;
    enum options_outcome outcome = options_parse(&usage, argc, argv, NULL);
    return outcome == OPTIONS_PARSED ? obey(options) : options_exit_status(outcome);
}

int verb_conformance_card(int argc, char **argv)
{
    struct conformance_options options = {0};
    const struct option own[] = {
        {"--puk", "DIGITS", "the card's unblock PIN, 8 digits", false, &options.puk, NULL, NULL},
        {"--challenges", NULL, "challenges may move SQN", false, NULL, NULL, &options.challenges},
    };
    return check(&card_words, own, sizeof own / sizeof own[0], &options, argc, argv);
}

int verb_conformance_api(int argc, char **argv)
{
    struct conformance_options options = {0};
    const struct option own[] = {
        {"--naf", "FQDN", "NAF whose keys the checks use; else the first of EF_AC_GBAUAPI", false, &options.naf, NULL,
         NULL},
        {"--ua", "HEX", "its Ua security protocol identifier, 10 hexadecimal digits", false, &options.ua, NULL, NULL},
    };
    return check(&api_words, own, sizeof own / sizeof own[0], &options, argc, argv);
}
