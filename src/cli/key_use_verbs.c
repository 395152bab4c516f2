/* key_use_verbs.c: gbau key ...: keys of the GBA_U API on a card, for data on standard input and output. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text_coding.h"
#include "cli/data_pipe.h"
#include "cli/key_operations.h"
#include "cli/key_words.h"
#include "cli/values.h"
#include "cli/verbs.h"

enum { RANDOM_MAX = KEY_REPORT_OCTETS_MAX, RANDOM_USUAL = 32, OBJECT_MAX = 255 };

/* One run of a verb: what it was told, and the card. */
struct key_use {
    const struct key_options *options;
    const struct key_description *description;
    struct gbau *gbau;
};

struct key_verb {
    const char *name;
    const char *brief;
    const char *summary;
    unsigned takes;
    unsigned requires;
    enum gbau_usage usage; /* of the key that it uses */
    enum gbau_direction direction;
    enum gbau_status (*run)(const struct key_use *use);
};

/* Keys */

static enum gbau_status open_key(const struct key_use *use, struct gbau_key **key)
{
    const struct key_options *options = use->options;
    if (!options->persisted) {
        return gbau_key_open(use->gbau, options->naf, use->description->ua, &use->description->request, key);
    }
    enum gbau_status status =
        gbau_key_open_persisted(use->gbau, options->naf, use->description->ua, options->label, key);
    if (status == GBAU_E_NOT_FOUND) {
        log_error(&cli_log, "the card keeps no key '%s' for %s: 'gbau key list' shows what it keeps", options->label,
                  options->naf);
    }
    return status;
}

/* list */

struct listing {
    const struct key_use *use;
    size_t count;
    enum gbau_status status;
};

static bool print_entry(void *context, const struct gbau_key_entry *entry)
{
    struct listing *listing = context;
    struct report *report = report_open();
    if (listing->count++ > 0 && !listing->use->options->json) {
        putchar('\n');
    }
    report_add_text(report, "kind", entry->persisted ? "persisted key" : "NAF key");
    report_add_text(report, "naf", entry->naf_fqdn);
    key_report_add_hex(report, "ua", entry->ua, sizeof entry->ua);
    report_add_text(report, "b_tid", entry->b_tid);
    if (entry->persisted) {
        const char *algorithm = gbau_algorithm_name(entry->algorithm);
        report_add_text(report, "label", entry->label);
        report_add_text(report, "usage", key_word_of_usage(entry->usage));
        report_add_text(report, "direction", key_word_of_direction(entry->direction));
        report_add_text(report, "algorithm", algorithm == NULL ? "?" : algorithm);
    } else {
        report_add_number(report, "policy_version", entry->policy_version);
    }
    if (entry->operations != UINT32_MAX) {
        report_add_number(report, "operations_left", entry->operations);
    }
    listing->status = key_report_print(report, listing->use->options);
    return listing->status == GBAU_OK;
}

static enum gbau_status run_list(const struct key_use *use)
{
    struct listing listing = {.use = use};
    enum gbau_status status = gbau_key_list(use->gbau, print_entry, &listing);
    if (status == GBAU_OK && listing.count == 0) {
        log_info(&cli_log, "the card has no keys that the API may use: EF_AC_GBAUAPI names the services, and a NAF key "
                           "comes with the first use after bootstrapping");
    }
    return status == GBAU_OK ? listing.status : status;
}

/* encrypt, decrypt */

static enum gbau_status run_stream(const struct key_use *use,
                                   enum gbau_status (*stream)(struct gbau_key *key, const struct gbau_pipe *pipe))
{
    struct gbau_key *key = NULL;
    struct data_pipe data;
    enum gbau_status status = open_key(use, &key);
    if (status != GBAU_OK) {
        return status;
    }
    data_pipe_begin(&data);
    status = stream(key, &data.pipe);
    data_pipe_end(&data);
    gbau_key_close(key);
    return status;
}

static enum gbau_status seal_stream(struct gbau_key *key, const struct gbau_pipe *pipe)
{
    enum gbau_status status = gbau_key_seal_stream(key, pipe);
    if (status == GBAU_E_UNSUPPORTED) {
        log_error(&cli_log, "sealed messages are made with GCM and CCM");
    }
    return status;
}

static enum gbau_status run_encrypt(const struct key_use *use)
{
    return run_stream(use, seal_stream);
}

static enum gbau_status open_stream(struct gbau_key *key, const struct gbau_pipe *pipe)
{
    enum gbau_status status = gbau_key_open_stream(key, pipe);
    if (status == GBAU_E_AUTHENTICATION) {
        log_error(&cli_log, "not made with this key: label, context, algorithm and service must be those of the other "
                            "end, and the card must not have been bootstrapped anew since");
    }
    return status;
}

static enum gbau_status run_decrypt(const struct key_use *use)
{
    return run_stream(use, open_stream);
}

/* With a key that is opened as the options say */

static enum gbau_status run_with_key(const struct key_use *use, key_operation *run)
{
    struct gbau_key *key = NULL;
    enum gbau_status status = open_key(use, &key);
    if (status == GBAU_OK) {
        status = run(key, use->options);
    }
    gbau_key_close(key);
    return status;
}

static enum gbau_status run_mac(const struct key_use *use)
{
    return run_with_key(use, key_operation_mac);
}

static enum gbau_status run_verify(const struct key_use *use)
{
    return run_with_key(use, key_operation_verify);
}

static enum gbau_status run_hash(const struct key_use *use)
{
    return run_with_key(use, key_operation_hash);
}

static enum gbau_status run_authenticate(const struct key_use *use)
{
    return run_with_key(use, key_operation_authenticate);
}

/* derive, export */

static enum gbau_status run_export(const struct key_use *use)
{
    struct gbau_key *key = NULL;
    enum gbau_status status = open_key(use, &key);
    if (status == GBAU_OK) {
        status = key_operation_show(key, &use->description->request, use->options);
    }
    gbau_key_close(key);
    return status;
}

static enum gbau_status run_derive(const struct key_use *use)
{
    struct key_description parent_description = *use->description;
    const struct key_use parent_use = {.options = use->options, .description = &parent_description, .gbau = use->gbau};
    struct gbau_key *parent = NULL;
    key_operation_ask_for_parent(&parent_description.request);
    enum gbau_status status = open_key(&parent_use, &parent);
    if (status == GBAU_OK) {
        status = key_operation_derive(parent, &use->description->request, use->options);
    }
    gbau_key_close(parent);
    return status;
}

/* persist, delete, apply */

static enum gbau_status run_persist(const struct key_use *use)
{
    uint64_t operations = UINT32_MAX;
    struct gbau_key *key = NULL;
    enum gbau_status status = GBAU_OK;
    if (use->options->operations != NULL) {
        status = value_number("--operations", use->options->operations, 1, UINT32_MAX - 1, &operations);
    }
    if (status == GBAU_OK) {
        status = open_key(use, &key);
    }
    if (status == GBAU_OK) {
        status = gbau_key_persist(key, (uint32_t)operations);
    }
    if (status == GBAU_OK) {
        struct report *report = report_open();
        key_report_add_key(report, key, &use->description->request);
        status = key_report_print(report, use->options);
    }
    gbau_key_close(key);
    return status;
}

static enum gbau_status run_delete(const struct key_use *use)
{
    enum gbau_status status =
        gbau_key_delete_persisted(use->gbau, use->options->naf, use->description->ua, use->options->label);
    if (status == GBAU_E_NOT_FOUND) {
        log_error(&cli_log, "the card keeps no key '%s' for %s", use->options->label, use->options->naf);
    }
    return status;
}

/* A policy as octets begins with A0 or A1, which no hexadecimal digit is. */
static enum gbau_status read_object(uint8_t object[OBJECT_MAX], size_t *length)
{
    uint8_t *data = NULL;
    size_t data_length = 0;
    enum gbau_status status = data_read_whole(&data, &data_length);
    if (status != GBAU_OK) {
        return status;
    }
    if (data_length > 0 && data[0] >= 0x80 && data_length <= OBJECT_MAX) {
        memcpy(object, data, data_length);
        *length = data_length;
    } else {
        while (data_length > 0 && (data[data_length - 1] == '\n' || data[data_length - 1] == '\r')) {
            data_length--;
        }
        status = hex_decode(octets_of(data, data_length), object, OBJECT_MAX, length);
    }
    free(data);
    if (status != GBAU_OK || *length == 0) {
        log_error(&cli_log, "standard input holds no policy or revocation, in octets or hexadecimal");
        return GBAU_E_MALFORMED;
    }
    return GBAU_OK;
}

static enum gbau_status run_apply(const struct key_use *use)
{
    uint8_t object[OBJECT_MAX];
    size_t length = 0;
    enum gbau_status status = read_object(object, &length);
    return status == GBAU_OK ? gbau_apply(use->gbau, use->options->naf, use->description->ua, object, length) : status;
}

/* random, counter */

static enum gbau_status run_random(const struct key_use *use)
{
    uint8_t octets[RANDOM_MAX];
    uint64_t length = RANDOM_USUAL;
    enum gbau_status status = GBAU_OK;
    if (use->options->length != NULL) {
        status = value_number("--length", use->options->length, 1, RANDOM_MAX, &length);
    }
    if (status == GBAU_OK) {
        status = gbau_random(use->gbau, octets, (size_t)length);
    }
    if (status == GBAU_OK) {
        struct report *report = report_open();
        key_report_add_hex(report, "random", octets, (size_t)length);
        status = key_report_print(report, use->options);
    }
    secret_wipe(octets, sizeof octets);
    return status;
}

static enum gbau_status run_counter(const struct key_use *use)
{
    uint64_t counter = 0;
    char text[24];
    enum gbau_status status = gbau_counter(use->gbau, &counter);
    if (status != GBAU_OK) {
        return status;
    }
    (void)snprintf(text, sizeof text, "%" PRIu64, counter);
    struct report *report = report_open();
    report_add_text(report, "counter", text);
    return key_report_print(report, use->options);
}

/* The verbs */

#define TAKES_CARD (KEY_OPTIONS_CARD | KEY_OPTION_JSON)
#define TAKES_DATA (KEY_OPTIONS_CARD | KEY_OPTIONS_KEY)
#define TAKES_KEY  (TAKES_DATA | KEY_OPTION_JSON)
#define NEEDS_CARD ((unsigned)KEY_OPTION_CARD)
#define NEEDS_KEY  (NEEDS_CARD | KEY_OPTIONS_SERVICE | KEY_OPTION_LABEL)
#define KEPT       ((unsigned)KEY_OPTION_PERSISTED)
#define KIND       ((unsigned)KEY_OPTION_USAGE | KEY_OPTION_DIRECTION)

static const struct key_verb key_verbs[] = {
    {"list", "show the keys that a card lets be used",
     "Shows the keys of services, and those that it keeps, that the card lets be used from outside.", TAKES_CARD,
     NEEDS_CARD, 0, GBAU_NO_DIRECTION, run_list},
    {"encrypt", "seal standard input for a service",
     "Seals standard input for the service, as COSE messages (docs/gba_u-api.md 11), to standard output. A persisted\n"
     "key of direction card-to-card seals for the card itself.",
     TAKES_DATA | KEPT, NEEDS_KEY, GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, run_encrypt},
    {"decrypt", "open what a service sealed", "Opens what the service sealed, from standard input to standard output.",
     TAKES_DATA | KEPT, NEEDS_KEY, GBAU_USAGE_ENCRYPT, GBAU_NAF_TO_CARD, run_decrypt},
    {"mac", "compute a MAC of standard input", "Prints the MAC of standard input, which the service can verify.",
     TAKES_KEY | KEPT, NEEDS_KEY, GBAU_USAGE_MAC, GBAU_CARD_TO_NAF, run_mac},
    {"verify", "check a MAC of a service", "Checks a MAC of the service over standard input.",
     TAKES_KEY | KEPT | KEY_OPTION_MAC, NEEDS_KEY | KEY_OPTION_MAC, GBAU_USAGE_MAC, GBAU_NAF_TO_CARD, run_verify},
    {"authenticate", "authenticate card and service to each other",
     "Authenticates card and service to each other, in three messages: one a line in hexadecimal, over standard input\n"
     "and output or a connection. The other end is 'gbau naf key authenticate'.",
     TAKES_KEY | KEPT | KEY_OPTION_ROLE | KEY_OPTION_CONNECT | KEY_OPTION_LISTEN, NEEDS_KEY | KEY_OPTION_ROLE,
     GBAU_USAGE_AUTHENTICATE, GBAU_NO_DIRECTION, run_authenticate},
    {"derive", "make a child of a key, in the card",
     "Makes a child of a key of usage derive, in the card, and prints what it is. The service makes\n"
     "the same child of the same labels. With --export it is one of usage export, if a policy of the service allows\n"
     "that, and its octets are printed too: keep them secret.",
     TAKES_KEY | KEPT | KIND | KEY_OPTION_CHILD | KEY_OPTION_EXPORT, NEEDS_KEY | KEY_OPTION_CHILD, GBAU_USAGE_MAC,
     GBAU_CARD_TO_NAF, run_derive},
    {"export", "print a key's octets, if a policy allows it",
     "Prints the octets of a key of usage export: keep them secret. A policy of the service must allow it.", TAKES_KEY,
     NEEDS_KEY, GBAU_USAGE_EXPORT, GBAU_NO_DIRECTION, run_export},
    {"persist", "keep a key beyond this bootstrapping",
     "Keeps a key in the card beyond this bootstrapping; unless told otherwise, one that seals for the card itself.",
     TAKES_KEY | KIND | KEY_OPTION_OPERATIONS, NEEDS_KEY, GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_CARD, run_persist},
    {"delete", "delete a key that is kept", "Deletes a key that the card keeps.",
     KEY_OPTIONS_CARD | KEY_OPTIONS_SERVICE | KEY_OPTION_LABEL, NEEDS_KEY, 0, GBAU_NO_DIRECTION, run_delete},
    {"apply", "hand a service's policy or revocation to the card",
     "Hands a policy or revocation of the service, from standard input, to the card.",
     KEY_OPTIONS_CARD | KEY_OPTIONS_SERVICE, NEEDS_CARD | KEY_OPTIONS_SERVICE, 0, GBAU_NO_DIRECTION, run_apply},
    {"hash", "let the card hash standard input", "Prints the hash of standard input, computed by the card.",
     TAKES_CARD | KEY_OPTION_ALGORITHM, NEEDS_CARD, GBAU_USAGE_HASH, GBAU_NO_DIRECTION, run_hash},
    {"random", "get random octets of the card", "Prints random octets of the card.", TAKES_CARD | KEY_OPTION_LENGTH,
     NEEDS_CARD, 0, GBAU_NO_DIRECTION, run_random},
    {"counter", "get a number that only grows", "Prints a number that the card never gives again, and that only grows.",
     TAKES_CARD, NEEDS_CARD, 0, GBAU_NO_DIRECTION, run_counter},
};
enum { KEY_VERB_COUNT = sizeof key_verbs / sizeof key_verbs[0] };

static void print_key_verbs(FILE *stream)
{
    fprintf(stream, "usage: gbau key VERB [OPTIONS]\n\nUses keys that live in a card, through the GBA_U API.\n\n");
    for (size_t i = 0; i < KEY_VERB_COUNT; i++) {
        fprintf(stream, "  %-14s %s\n", key_verbs[i].name, key_verbs[i].brief);
    }
    fprintf(stream, "\n'gbau key VERB --help' tells more about a verb.\n");
}

static const struct key_verb *find_key_verb(const char *name)
{
    for (size_t i = 0; i < KEY_VERB_COUNT; i++) {
        if (strcmp(key_verbs[i].name, name) == 0) {
            return &key_verbs[i];
        }
    }
    return NULL;
}

static enum gbau_status run_on_card(const struct key_verb *verb, const struct key_options *options)
{
    struct key_description description;
    struct gbau *gbau = NULL;
    enum gbau_status status = key_options_describe(options, verb->usage, verb->direction, &description);
    if (status == GBAU_OK) {
        status = gbau_open(options->card, options->pin, &gbau);
    }
    if (status == GBAU_OK && options->bsf != NULL) {
        status = gbau_bootstrap_if_needed(gbau, options->bsf);
    }
    if (status == GBAU_OK) {
        const struct key_use use = {.options = options, .description = &description, .gbau = gbau};
        status = verb->run(&use);
    }
    const bool could_bootstrap = gbau != NULL && (verb->takes & KEY_OPTION_BSF) != 0 && options->bsf == NULL;
    if (status == GBAU_E_NOT_FOUND && could_bootstrap && !options->persisted) {
        log_error(&cli_log, "--bsf URL bootstraps first");
    }
    gbau_close(gbau);
    return status;
}

static int run_key_verb(const struct key_verb *verb, int argc, char **argv)
{
    char name[32];
    struct key_options options;
    (void)snprintf(name, sizeof name, "gbau key %s", verb->name);
    enum options_outcome outcome =
        key_options_parse(name, verb->summary, verb->takes, verb->requires, argc, argv, &options);
    if (outcome != OPTIONS_PARSED) {
        return options_exit_status(outcome);
    }
    enum gbau_status status = run_on_card(verb, &options);
    return status == GBAU_OK ? EXIT_SUCCESS : verb_fail(name + strlen("gbau "), status);
}

int verb_key(int argc, char **argv)
{
    if (argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)) {
        print_key_verbs(stdout);
        return EXIT_SUCCESS;
    }
    const struct key_verb *verb = argc > 0 ? find_key_verb(argv[0]) : NULL;
    if (verb != NULL) {
        return run_key_verb(verb, argc - 1, argv + 1);
    }
    fprintf(stderr, "gbau key: %s%s; 'gbau key --help' lists them\n", argc > 0 ? "unknown verb " : "a verb is missing",
            argc > 0 ? argv[0] : "");
    return EXIT_USAGE;
}
