/*
 * node.h: a place in a profile's YAML and the value there; what is wrong is told with its line, never with the value,
 * which may be a key. Private to this room.
 *
 * Every reader leaves its result alone when there is no value: whoever needs one asks node_is_there. "key:" with
 * nothing behind it is no value.
 */
#ifndef PROFILE_NODE_H
#define PROFILE_NODE_H

#include "codec/yaml_config.h"

struct node {
    struct yaml_config *config;
    char path[YAML_CONFIG_PATH_SIZE];
};

/* A word that a value may be. */
struct node_word {
    const char *word;
    unsigned value;
};

struct node node_root(struct yaml_config *config);
struct node node_child(const struct node *mapping, const char *key);
struct node node_item(const struct node *sequence, size_t index);

/* True when something other than an empty text stands there. */
bool node_is_there(const struct node *node);

/* GBAU_OK when there is a sequence, or nothing; *count is the number of its items. */
GBAU_MUST_USE enum gbau_status node_count(const struct node *node, size_t maximum, size_t *count);

/* Logs what must be there and is not. */
GBAU_MUST_USE enum gbau_status node_missing(const struct node *node, const char *what);

#define node_reject(node, ...) yaml_config_reject((node)->config, (node)->path, __VA_ARGS__)

GBAU_MUST_USE enum gbau_status node_text(const struct node *node, const char **text);
GBAU_MUST_USE enum gbau_status node_digits(const struct node *node, size_t minimum, size_t maximum,
                                           const char **digits);
GBAU_MUST_USE enum gbau_status node_number(const struct node *node, unsigned minimum, unsigned maximum,
                                           unsigned *number);
GBAU_MUST_USE enum gbau_status node_boolean(const struct node *node, bool *value);

/* One of `count` words. */
GBAU_MUST_USE enum gbau_status node_word(const struct node *node, const struct node_word *words, size_t count,
                                         unsigned *value);

/* `minimum` to `maximum` octets as hexadecimal digits, with white space between them or not. */
GBAU_MUST_USE enum gbau_status node_hex(const struct node *node, size_t minimum, size_t maximum, uint8_t *out,
                                        size_t *length);

/* Octets of such a text; GBAU_E_MALFORMED, not logged. GBAU_E_SPACE when there are more. */
GBAU_MUST_USE enum gbau_status node_decode_hex(const char *text, uint8_t *out, size_t capacity, size_t *length);

#endif
