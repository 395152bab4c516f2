/* naf_key_verbs.c: gbau naf key ...: the service's end of the keys of the GBA_U API, for data on standard input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/data_pipe.h"
#include "cli/key_operations.h"
#include "cli/naf_use.h"
#include "cli/verbs.h"

enum {
    BSF_WAIT_MS = 15000,
    NAME_SIZE = 32,
    HEAD_SIZE = GBAU_SEAL_TEXT_MAX + GBAU_SEAL_OVERHEAD /* one segment is in it */
};

struct naf_key_verb {
    const char *name;
    const char *brief;
    const char *summary;
    unsigned takes;
    unsigned requires;
    enum gbau_usage usage; /* of the key that it uses */
    enum gbau_direction direction;
    enum gbau_status (*run)(const struct naf_use *use);
};

/* Keys */

static enum gbau_status open_named(const struct naf_use *use, const char *b_tid, const struct gbau_key_request *request,
                                   struct gbau_key **key)
{
    uint8_t aid[1][NAF_USE_AID_MAX];
    size_t aid_length = 0;
    size_t count = 0;
    enum gbau_status status = naf_use_read_callers(use->options->caller, aid, &aid_length, 1, &count);
    if (status == GBAU_OK) {
        status = gbau_naf_key_open(use->naf, b_tid, use->description->ua, count == 0 ? NULL : aid[0], aid_length,
                                   request, key);
    }
    return naf_use_explain(use, b_tid, status);
}

static enum gbau_status open_key(const struct naf_use *use, struct gbau_key **key)
{
    return open_named(use, use->options->b_tid, &use->description->request, key);
}

/* encrypt */

static enum gbau_status run_encrypt(const struct naf_use *use)
{
    struct gbau_key *key = NULL;
    struct data_pipe data;
    enum gbau_status status = open_key(use, &key);
    if (status != GBAU_OK) {
        return status;
    }
    data_pipe_begin(&data);
    status = gbau_key_seal_stream(key, &data.pipe);
    data_pipe_end(&data);
    gbau_key_close(key);
    if (status == GBAU_E_UNSUPPORTED) {
        log_error(&cli_log, "sealed messages are made with GCM and CCM");
    }
    return status;
}

/* decrypt: the key is named in the beginning of the data, which is read ahead */

struct named_data {
    struct data_pipe data;
    struct gbau_pipe pipe; /* the head, then the rest of the data */
    size_t head_length;
    size_t head_position;
    uint8_t head[HEAD_SIZE];
};

static enum gbau_status named_read(void *context, uint8_t *octets, size_t capacity, size_t *length)
{
    struct named_data *named = context;
    const size_t left = named->head_length - named->head_position;
    if (left == 0) {
        return named->data.pipe.read(named->data.pipe.context, octets, capacity, length);
    }
    *length = left < capacity ? left : capacity;
    memcpy(octets, named->head + named->head_position, *length);
    named->head_position += *length;
    return GBAU_OK;
}

static enum gbau_status named_write(void *context, const uint8_t *octets, size_t length)
{
    struct named_data *named = context;
    return named->data.pipe.write(named->data.pipe.context, octets, length);
}

static enum gbau_status read_head(struct named_data *named)
{
    size_t length = 1;
    while (length > 0 && named->head_length < HEAD_SIZE) {
        enum gbau_status status = named->data.pipe.read(named->data.pipe.context, named->head + named->head_length,
                                                        HEAD_SIZE - named->head_length, &length);
        if (status != GBAU_OK) {
            return status;
        }
        named->head_length += length;
    }
    return GBAU_OK;
}

/* Opens the key that the data name, unless options name another. */
static enum gbau_status open_key_of(const struct naf_use *use, const struct named_data *named, struct gbau_key **key)
{
    char b_tid[256];
    char label[65];
    const struct key_options *options = use->options;
    struct gbau_key_request request = use->description->request;
    enum gbau_algorithm algorithm = request.algorithm;
    enum gbau_status status = gbau_naf_message_names(named->head, named->head_length, b_tid, label, &algorithm);
    if (status != GBAU_OK) {
        log_error(&cli_log, "standard input is no sealed message");
        return status;
    }
    request.label = options->label == NULL ? label : options->label;
    request.algorithm = options->algorithm == NULL ? algorithm : request.algorithm;
    if (options->b_tid != NULL) {
        return open_named(use, options->b_tid, &request, key);
    }
    status = naf_use_bring_key(use, b_tid);
    return status == GBAU_OK ? open_named(use, b_tid, &request, key) : status;
}

static enum gbau_status decrypt_named(const struct naf_use *use, struct named_data *named)
{
    struct gbau_key *key = NULL;
    enum gbau_status status = read_head(named);
    if (status == GBAU_OK) {
        status = open_key_of(use, named, &key);
    }
    if (status != GBAU_OK) {
        return status;
    }
    status = gbau_key_open_stream(key, &named->pipe);
    gbau_key_close(key);
    if (status == GBAU_E_AUTHENTICATION) {
        log_error(&cli_log,
                  "not made with this key: B-TID, label, context, algorithm, caller and service must be those "
                  "of the card's end");
    }
    return status;
}

static enum gbau_status run_decrypt(const struct naf_use *use)
{
    struct named_data *named = calloc(1, sizeof *named);
    if (named == NULL) {
        return GBAU_E_MEMORY;
    }
    data_pipe_begin(&named->data);
    named->pipe = (struct gbau_pipe){.read = named_read, .write = named_write, .context = named};
    const enum gbau_status status = decrypt_named(use, named);
    data_pipe_end(&named->data);
    free(named);
    return status;
}

/* With a key that is opened as the options say */

static enum gbau_status run_with_key(const struct naf_use *use, key_operation *run)
{
    struct gbau_key *key = NULL;
    enum gbau_status status = open_key(use, &key);
    if (status == GBAU_OK) {
        status = run(key, use->options);
    }
    gbau_key_close(key);
    return status;
}

static enum gbau_status run_mac(const struct naf_use *use)
{
    return run_with_key(use, key_operation_mac);
}

static enum gbau_status run_verify(const struct naf_use *use)
{
    return run_with_key(use, key_operation_verify);
}

static enum gbau_status run_authenticate(const struct naf_use *use)
{
    uint32_t version = 0;
    enum gbau_status status = naf_use_read_version(use, &version);
    if (status == GBAU_OK && version != 0) {
        status = gbau_naf_expect_policy(use->naf, use->options->b_tid, use->description->ua, version);
        status = naf_use_explain(use, use->options->b_tid, status);
    }
    return status == GBAU_OK ? run_with_key(use, key_operation_authenticate) : status;
}

/* derive, export */

static enum gbau_status run_export(const struct naf_use *use)
{
    struct gbau_key *key = NULL;
    enum gbau_status status = open_key(use, &key);
    if (status == GBAU_OK) {
        status = key_operation_show(key, &use->description->request, use->options);
    }
    gbau_key_close(key);
    return status;
}

static enum gbau_status run_derive(const struct naf_use *use)
{
    struct gbau_key_request parent_request = use->description->request;
    struct gbau_key *parent = NULL;
    key_operation_ask_for_parent(&parent_request);
    enum gbau_status status = open_named(use, use->options->b_tid, &parent_request, &parent);
    if (status == GBAU_OK) {
        status = key_operation_derive(parent, &use->description->request, use->options);
    }
    gbau_key_close(parent);
    return status;
}

/* The verbs */

#define NAF        (KEY_OPTIONS_NAF | KEY_OPTION_UA | KEY_OPTION_B_TID | KEY_OPTION_CALLER)
#define TAKES_NAF  (NAF | KEY_OPTION_JSON)
#define TAKES_DATA (NAF | KEY_OPTION_LABEL | KEY_OPTION_ALGORITHM | KEY_OPTION_CONTEXT)
#define TAKES_KEY  (TAKES_DATA | KEY_OPTION_JSON)
#define NEEDS_NAF  ((unsigned)KEY_OPTION_UA | KEY_OPTION_B_TID)
#define NEEDS_KEY  (NEEDS_NAF | KEY_OPTION_LABEL)
#define VERSION    ((unsigned)KEY_OPTION_POLICY_VERSION)
#define CONNECTION ((unsigned)KEY_OPTION_ROLE | KEY_OPTION_CONNECT | KEY_OPTION_LISTEN)
#define KIND       ((unsigned)KEY_OPTION_USAGE | KEY_OPTION_DIRECTION)

static const struct naf_key_verb naf_key_verbs[] = {
    {"encrypt", "seal standard input for a card",
     "Seals standard input for the card, as COSE messages (docs/gba_u-api.md 11), to standard output.", TAKES_DATA,
     NEEDS_KEY, GBAU_USAGE_ENCRYPT, GBAU_NAF_TO_CARD, run_encrypt},
    {"decrypt", "open what a card sealed",
     "Opens what a card sealed, from standard input to standard output. B-TID and label are in the message; what is\n"
     "given here must be the same; so is the algorithm. After an error, throw away what was written.",
     TAKES_DATA, (unsigned)KEY_OPTION_UA, GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, run_decrypt},
    {"mac", "compute a MAC of standard input", "Prints the MAC of standard input, which the card can verify.",
     TAKES_KEY, NEEDS_KEY, GBAU_USAGE_MAC, GBAU_NAF_TO_CARD, run_mac},
    {"verify", "check a MAC of a card", "Checks a MAC of the card over standard input.", TAKES_KEY | KEY_OPTION_MAC,
     NEEDS_KEY | KEY_OPTION_MAC, GBAU_USAGE_MAC, GBAU_CARD_TO_NAF, run_verify},
    {"authenticate", "authenticate service and card to each other",
     "Authenticates service and card to each other, in three messages: one a line in hexadecimal, over standard input\n"
     "and output or a connection. The other end is 'gbau key authenticate'. A card that is under another policy than\n"
     "--policy-version (0, none, unless given) is refused.",
     TAKES_KEY | CONNECTION | VERSION, NEEDS_KEY | KEY_OPTION_ROLE, GBAU_USAGE_AUTHENTICATE, GBAU_NO_DIRECTION,
     run_authenticate},
    {"derive", "make the child of a key",
     "Makes the child of a key of usage derive that the card makes of the same labels, and prints what it is. With\n"
     "--export it is one of usage export, and its octets are printed too: keep them secret.",
     TAKES_KEY | KIND | KEY_OPTION_CHILD | KEY_OPTION_EXPORT, NEEDS_KEY | KEY_OPTION_CHILD, GBAU_USAGE_MAC,
     GBAU_NAF_TO_CARD, run_derive},
    {"export", "print a key's octets", "Prints the octets of a key of usage export: keep them secret.", TAKES_KEY,
     NEEDS_KEY, GBAU_USAGE_EXPORT, GBAU_NO_DIRECTION, run_export},
    {"policy", "say what may be done with a key on its card",
     "Writes a policy of the service for its key, in hexadecimal: 'gbau key apply' hands it to the card. Versions of\n"
     "policies and revocations only grow.",
     TAKES_NAF | VERSION | KEY_OPTION_USAGES | KEY_OPTION_ALGORITHMS | KEY_OPTION_OPERATIONS, NEEDS_NAF | VERSION, 0,
     GBAU_NO_DIRECTION, naf_use_make_policy},
    {"revoke", "end keys on a card",
     "Writes a revocation of the service, in hexadecimal: 'gbau key apply' hands it to the card. With --label, of the\n"
     "keys that the card keeps that one only.",
     (TAKES_NAF & ~(unsigned)KEY_OPTION_CALLER) | VERSION | KEY_OPTION_LABEL | KEY_OPTION_NAF_KEY |
         KEY_OPTION_KEPT_KEYS,
     NEEDS_NAF | VERSION, 0, GBAU_NO_DIRECTION, naf_use_revoke},
};
enum { NAF_KEY_VERB_COUNT = sizeof naf_key_verbs / sizeof naf_key_verbs[0] };

static void print_naf_key_verbs(FILE *stream)
{
    fprintf(stream, "usage: gbau naf key VERB [OPTIONS]\n\nUses the service's end of keys of the GBA_U API.\n\n");
    for (size_t i = 0; i < NAF_KEY_VERB_COUNT; i++) {
        fprintf(stream, "  %-14s %s\n", naf_key_verbs[i].name, naf_key_verbs[i].brief);
    }
    fprintf(stream, "\n'gbau naf key VERB --help' tells more about a verb.\n");
}

static const struct naf_key_verb *find_naf_key_verb(const char *name)
{
    for (size_t i = 0; i < NAF_KEY_VERB_COUNT; i++) {
        if (strcmp(naf_key_verbs[i].name, name) == 0) {
            return &naf_key_verbs[i];
        }
    }
    return NULL;
}

static enum gbau_status open_naf(const struct key_options *options, struct gbau_naf **naf)
{
    if ((options->config == NULL) == (options->offline_key == NULL) ||
        (options->offline_key == NULL) != (options->fqdn == NULL)) {
        log_error(&cli_log, "give --config FILE, or --offline-key HEX and --fqdn FQDN");
        return GBAU_E_ARGUMENT;
    }
    return options->config != NULL ? gbau_naf_open(options->config, BSF_WAIT_MS, naf)
                                   : gbau_naf_open_offline(options->fqdn, naf);
}

static enum gbau_status run_at_naf(const struct naf_key_verb *verb, const struct key_options *options)
{
    struct key_description description;
    struct naf_use use = {.options = options, .description = &description};
    enum gbau_status status = key_options_describe(options, verb->usage, verb->direction, &description);
    if (status == GBAU_OK) {
        status = open_naf(options, &use.naf);
    }
    if (status == GBAU_OK && options->b_tid != NULL) {
        status = naf_use_bring_key(&use, options->b_tid);
    }
    if (status == GBAU_OK) {
        status = verb->run(&use);
    }
    gbau_naf_close(use.naf);
    return status;
}

static int run_naf_key_verb(const struct naf_key_verb *verb, int argc, char **argv)
{
    char name[NAME_SIZE];
    struct key_options options;
    (void)snprintf(name, sizeof name, "gbau naf key %s", verb->name);
    enum options_outcome outcome =
        key_options_parse(name, verb->summary, verb->takes, verb->requires, argc, argv, &options);
    if (outcome != OPTIONS_PARSED) {
        return options_exit_status(outcome);
    }
    enum gbau_status status = run_at_naf(verb, &options);
    return status == GBAU_OK ? EXIT_SUCCESS : verb_fail(name + strlen("gbau "), status);
}

int verb_naf_key_use(int argc, char **argv)
{
    if (argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)) {
        print_naf_key_verbs(stdout);
        return EXIT_SUCCESS;
    }
    const struct naf_key_verb *verb = argc > 0 ? find_naf_key_verb(argv[0]) : NULL;
    if (verb != NULL) {
        return run_naf_key_verb(verb, argc - 1, argv + 1);
    }
    fprintf(stderr, "gbau naf key: %s%s; 'gbau naf key --help' lists them\n",
            argc > 0 ? "unknown verb " : "a verb is missing", argc > 0 ? argv[0] : "");
    return EXIT_USAGE;
}
