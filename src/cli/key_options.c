/* key_options.c: what the verbs of `gbau key` and `gbau naf key` are told. */
#include "cli/key_options.h"

#include <string.h>

#include "base/text_coding.h"
#include "cli/key_words.h"
#include "cli/values.h"
#include "cli/verbs.h"
#include "reader/reader.h"

/* Where the value of an option goes: a text or a flag of struct key_options. */
struct known_option {
    enum key_option_bit bit;
    const char *name;
    const char *value_name;
    const char *help;
    size_t offset;
};

#define PLACE(member) offsetof(struct key_options, member)

static const struct known_option known_options[] = {
    {KEY_OPTION_CARD, "--card", "CARD", READER_CARD_NAMES, PLACE(card)},
    {KEY_OPTION_PIN, "--pin", "DIGITS", "the card's PIN", PLACE(pin)},
    {KEY_OPTION_BSF, "--bsf", "URL", "bootstraps there first when the card has no keys or they have ended", PLACE(bsf)},
    {KEY_OPTION_CONFIG, "--config", "FILE", "the service's configuration, as of gbau-naf, with an identity of its own",
     PLACE(config)},
    {KEY_OPTION_OFFLINE_KEY, "--offline-key", "HEX", "Ks_int_NAF, instead of asking the BSF", PLACE(offline_key)},
    {KEY_OPTION_FQDN, "--fqdn", "FQDN", "the service's name, with --offline-key", PLACE(fqdn)},
    {KEY_OPTION_NAF, "--naf", "FQDN", "the service's name", PLACE(naf)},
    {KEY_OPTION_UA, "--ua", "HEX", "its Ua security protocol identifier, 10 hexadecimal digits", PLACE(ua)},
    {KEY_OPTION_B_TID, "--b-tid", "TEXT", "which bootstrapping of which device", PLACE(b_tid)},
    {KEY_OPTION_CALLER, "--caller", "AID", "the card's application, in hexadecimal; else everyone outside the card",
     PLACE(caller)},
    {KEY_OPTION_POLICY_VERSION, "--policy-version", "N", "version of the policy", PLACE(policy_version)},
    {KEY_OPTION_USAGES, "--usages", "WORDS", "what is allowed: " KEY_USAGE_WORDS ", with commas", PLACE(usages)},
    {KEY_OPTION_ALGORITHMS, "--algorithms", "NAMES", "which are allowed, with commas; all unless given",
     PLACE(algorithms)},
    {KEY_OPTION_NAF_KEY, "--naf-key", NULL, "Ks_int_NAF, and all that is open of it", PLACE(naf_key)},
    {KEY_OPTION_KEPT_KEYS, "--kept-keys", NULL, "keys that the card keeps", PLACE(kept_keys)},
    {KEY_OPTION_LABEL, "--label", "TEXT", "the application's own name for the key, 1 to 64 characters", PLACE(label)},
    {KEY_OPTION_CHILD, "--child", "TEXT", "label of the key that is made", PLACE(child)},
    {KEY_OPTION_USAGE, "--usage", "WORD", KEY_USAGE_WORDS, PLACE(usage)},
    {KEY_OPTION_DIRECTION, "--direction", "WORD", KEY_DIRECTION_WORDS, PLACE(direction)},
    {KEY_OPTION_ALGORITHM, "--algorithm", "NAME", "as AES-256-GCM, SM4-CCM, HMAC-SHA-256, SHA-256", PLACE(algorithm)},
    {KEY_OPTION_CONTEXT, "--context", "HEX", "what else both ends know, at most 64 octets", PLACE(context)},
    {KEY_OPTION_PERSISTED, "--persisted", NULL, "use the key that the card keeps under this label", PLACE(persisted)},
    {KEY_OPTION_MAC, "--mac", "HEX", "the MAC that is to be checked", PLACE(mac)},
    {KEY_OPTION_OPERATIONS, "--operations", "N", "how often it can be used; without limit unless given",
     PLACE(operations)},
    {KEY_OPTION_EXPORT, "--export", NULL, "make a key of usage export, and print its octets too",
     PLACE(export)},
    {KEY_OPTION_LENGTH, "--length", "N", "how many octets, 1 to 1024; 32 unless given", PLACE(length)},
    {KEY_OPTION_ROLE, "--role", "WORD", "initiator, who begins, or responder", PLACE(role)},
    {KEY_OPTION_CONNECT, "--connect", "HOST:PORT", "where the other end waits; else standard input and output",
     PLACE(connect)},
    {KEY_OPTION_LISTEN, "--listen", "HOST:PORT", "where to wait for the other end", PLACE(listen)},
    {KEY_OPTION_JSON, "--json", NULL, "print JSON", PLACE(json)},
};
enum { KNOWN_COUNT = sizeof known_options / sizeof known_options[0] };

enum options_outcome key_options_parse(const char *name, const char *summary, unsigned takes, unsigned requires,
                                       int argc, char **argv, struct key_options *options)
{
    struct option table[KNOWN_COUNT];
    size_t count = 0;
    *options = (struct key_options){0};
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        const struct known_option *known = &known_options[i];
        if ((takes & (unsigned)known->bit) == 0) {
            continue;
        }
        void *place = (uint8_t *)options + known->offset;
        const bool is_flag = known->value_name == NULL;
        table[count++] = (struct option){.name = known->name,
                                         .value_name = known->value_name,
                                         .help = known->help,
                                         .required = (requires & (unsigned)known->bit) != 0,
                                         .text = is_flag ? NULL : place,
                                         .flag = is_flag ? place : NULL};
    }
    const struct usage usage = {name, "", summary, 0, count, table};
    return options_parse(&usage, argc, argv, NULL);
}

static enum gbau_status read_context(const struct key_options *options, struct key_description *description)
{
    size_t length = 0;
    if (options->context == NULL) {
        return GBAU_OK;
    }
    if (hex_decode(octets_of_text(options->context), description->context, sizeof description->context, &length) !=
        GBAU_OK) {
        log_error(&cli_log, "--context takes at most %zu octets in hexadecimal", sizeof description->context);
        return GBAU_E_ARGUMENT;
    }
    description->request.context = description->context;
    description->request.context_length = length;
    return GBAU_OK;
}

static enum gbau_status check_label(const char *label)
{
    const size_t length = label == NULL ? 0 : strlen(label);
    if (label != NULL && (length == 0 || length > 64)) {
        log_error(&cli_log, "--label takes 1 to 64 characters");
        return GBAU_E_ARGUMENT;
    }
    return GBAU_OK;
}

/* Usage, then the direction and the algorithm that go with it. */
static enum gbau_status read_kind(const struct key_options *options, enum gbau_usage usage,
                                  enum gbau_direction direction, struct gbau_key_request *request)
{
    enum gbau_status status = GBAU_OK;
    request->usage = usage;
    if (options->usage != NULL) {
        status = key_words_read_usage(options->usage, &request->usage);
    }
    request->direction = key_words_has_direction(request->usage) ? direction : GBAU_NO_DIRECTION;
    request->algorithm = key_words_usual_algorithm(request->usage);
    if (status == GBAU_OK && options->direction != NULL) {
        status = key_words_read_direction(options->direction, &request->direction);
    }
    if (status == GBAU_OK && options->algorithm != NULL) {
        status = key_words_read_algorithm(options->algorithm, &request->algorithm);
    }
    return status;
}

enum gbau_status key_options_describe(const struct key_options *options, enum gbau_usage usage,
                                      enum gbau_direction direction, struct key_description *description)
{
    *description = (struct key_description){.request = {.label = options->label}};
    enum gbau_status status = check_label(options->label);
    if (status == GBAU_OK) {
        status = read_kind(options, usage, direction, &description->request);
    }
    if (status == GBAU_OK) {
        status = read_context(options, description);
    }
    if (status == GBAU_OK && options->ua != NULL) {
        status = value_hex("--ua", options->ua, description->ua, sizeof description->ua);
    }
    return status;
}
