/* key_options.h: what the verbs of `gbau key` and `gbau naf key` are told, and which of it each of them takes. */
#ifndef CLI_KEY_OPTIONS_H
#define CLI_KEY_OPTIONS_H

#include "cli/options.h"
#include "gbau/gbau.h"

/* Values as given; NULL when not. */
struct key_options {
    const char *card, *pin, *bsf, *naf, *ua, *label, *usage, *direction, *algorithm, *context, *mac, *operations;
    const char *child, *length, *role, *connect, *listen;
    const char *config, *offline_key, *fqdn, *b_tid, *caller, *policy_version, *usages, *algorithms;
    bool persisted;
    bool naf_key;
    bool kept_keys;
    bool export;
    bool json;
};

/* Each option is a bit of a set. */
enum key_option_bit {
    KEY_OPTION_CARD = 1U << 0,
    KEY_OPTION_PIN = 1U << 1,
    KEY_OPTION_BSF = 1U << 2,
    KEY_OPTION_NAF = 1U << 3,
    KEY_OPTION_UA = 1U << 4,
    KEY_OPTION_LABEL = 1U << 5,
    KEY_OPTION_USAGE = 1U << 6,
    KEY_OPTION_DIRECTION = 1U << 7,
    KEY_OPTION_ALGORITHM = 1U << 8,
    KEY_OPTION_CONTEXT = 1U << 9,
    KEY_OPTION_PERSISTED = 1U << 10,
    KEY_OPTION_MAC = 1U << 11,
    KEY_OPTION_OPERATIONS = 1U << 12,
    KEY_OPTION_CHILD = 1U << 13,
    KEY_OPTION_EXPORT = 1U << 14,
    KEY_OPTION_LENGTH = 1U << 15,
    KEY_OPTION_ROLE = 1U << 16,
    KEY_OPTION_CONNECT = 1U << 17,
    KEY_OPTION_LISTEN = 1U << 18,
    KEY_OPTION_JSON = 1U << 19,
    KEY_OPTION_CONFIG = 1U << 20,
    KEY_OPTION_OFFLINE_KEY = 1U << 21,
    KEY_OPTION_FQDN = 1U << 22,
    KEY_OPTION_B_TID = 1U << 23,
    KEY_OPTION_CALLER = 1U << 24,
    KEY_OPTION_POLICY_VERSION = 1U << 25,
    KEY_OPTION_USAGES = 1U << 26,
    KEY_OPTION_ALGORITHMS = 1U << 27,
    KEY_OPTION_NAF_KEY = 1U << 28,
    KEY_OPTION_KEPT_KEYS = 1U << 29
};

/* Sets that verbs have in common. */
#define KEY_OPTIONS_CARD    ((unsigned)KEY_OPTION_CARD | KEY_OPTION_PIN)
#define KEY_OPTIONS_SERVICE ((unsigned)KEY_OPTION_NAF | KEY_OPTION_UA)
#define KEY_OPTIONS_NAF     ((unsigned)KEY_OPTION_CONFIG | KEY_OPTION_OFFLINE_KEY | KEY_OPTION_FQDN)
#define KEY_OPTIONS_KEY                                                                                                \
    (KEY_OPTIONS_SERVICE | KEY_OPTION_BSF | KEY_OPTION_LABEL | KEY_OPTION_ALGORITHM | KEY_OPTION_CONTEXT)

/* Parses the arguments behind the verb's name. `name` is "gbau key list". */
enum options_outcome key_options_parse(const char *name, const char *summary, unsigned takes, unsigned requires,
                                       int argc, char **argv, struct key_options *options);

/* A key as the options describe it; context is where request->context points. */
struct key_description {
    struct gbau_key_request request;
    uint8_t context[64];
    uint8_t ua[5];
};

/*
 * Reads what the options say of a key of this usage, in this direction unless --usage or --direction say otherwise.
 * GBAU_E_ARGUMENT, logged. `description` must stay where it is.
 */
GBAU_MUST_USE enum gbau_status key_options_describe(const struct key_options *options, enum gbau_usage usage,
                                                    enum gbau_direction direction, struct key_description *description);

#endif
