/* node.c: values of a profile's YAML, checked where they are read. */
#include "profile/node.h"

#include <stdio.h>
#include <string.h>

#include "base/text_coding.h"

enum { WORDS_SIZE = 300 };

struct node node_root(struct yaml_config *config)
{
    return (struct node){.config = config};
}

struct node node_child(const struct node *mapping, const char *key)
{
    struct node child = {.config = mapping->config};
    const char *dot = mapping->path[0] == '\0' ? "" : ".";
    if (snprintf(child.path, sizeof child.path, "%s%s%s", mapping->path, dot, key) >= (int)sizeof child.path) {
        (void)snprintf(child.path, sizeof child.path,
                       "?"); /* longer than any path that is read: nothing stands there */
    }
    return child;
}

struct node node_item(const struct node *sequence, size_t index)
{
    char number[24];
    (void)snprintf(number, sizeof number, "%zu", index);
    return node_child(sequence, number);
}

bool node_is_there(const struct node *node)
{
    switch (yaml_config_kind_of(node->config, node->path)) {
    case YAML_CONFIG_NOTHING:
        return false;
    case YAML_CONFIG_SCALAR:
        return yaml_config_text(node->config, node->path, "")[0] != '\0';
    default:
        return true;
    }
}

enum gbau_status node_count(const struct node *node, size_t maximum, size_t *count)
{
    *count = yaml_config_count(node->config, node->path);
    if (*count > maximum) {
        return node_reject(node, "has more than %zu items", maximum);
    }
    return *count > 0 || !node_is_there(node) || yaml_config_kind_of(node->config, node->path) == YAML_CONFIG_SEQUENCE
               ? GBAU_OK
               : node_reject(node, "must be a list");
}

enum gbau_status node_missing(const struct node *node, const char *what)
{
    return node_reject(node, "is missing: %s", what);
}

enum gbau_status node_text(const struct node *node, const char **text)
{
    if (!node_is_there(node)) {
        return GBAU_OK;
    }
    if (yaml_config_kind_of(node->config, node->path) != YAML_CONFIG_SCALAR) {
        return node_reject(node, "must be a single value");
    }
    *text = yaml_config_text(node->config, node->path, "");
    return GBAU_OK;
}

enum gbau_status node_digits(const struct node *node, size_t minimum, size_t maximum, const char **digits)
{
    const char *text = NULL;
    enum gbau_status status = node_text(node, &text);
    if (status != GBAU_OK || text == NULL) {
        return status;
    }
    const size_t length = strspn(text, "0123456789");
    if (text[length] != '\0' || length < minimum || length > maximum) {
        return minimum == maximum ? node_reject(node, "must be %zu digits", minimum)
                                  : node_reject(node, "must be %zu to %zu digits", minimum, maximum);
    }
    *digits = text;
    return GBAU_OK;
}

enum gbau_status node_number(const struct node *node, unsigned minimum, unsigned maximum, unsigned *number)
{
    const char *text = NULL;
    int64_t value = *number;
    enum gbau_status status = node_text(node, &text);
    if (status == GBAU_OK && text != NULL) {
        status = yaml_config_number(node->config, node->path, minimum, maximum, value, &value);
    }
    *number = (unsigned)value;
    return status;
}

enum gbau_status node_boolean(const struct node *node, bool *value)
{
    const char *text = NULL;
    enum gbau_status status = node_text(node, &text);
    return status == GBAU_OK && text != NULL ? yaml_config_boolean(node->config, node->path, *value, value) : status;
}

static enum gbau_status reject_word(const struct node *node, const struct node_word *words, size_t count)
{
    char list[WORDS_SIZE] = "";
    size_t length = 0;
    for (size_t i = 0; i < count && length < sizeof list; i++) {
        const int written = snprintf(list + length, sizeof list - length, "%s%s", i == 0 ? "" : ", ", words[i].word);
        length += written < 0 ? 0 : (size_t)written;
    }
    return node_reject(node, "must be one of: %s", list);
}

enum gbau_status node_word(const struct node *node, const struct node_word *words, size_t count, unsigned *value)
{
    const char *text = NULL;
    enum gbau_status status = node_text(node, &text);
    if (status != GBAU_OK || text == NULL) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i].word, text) == 0) {
            *value = words[i].value;
            return GBAU_OK;
        }
    }
    return reject_word(node, words, count);
}

static const char *skip_space(const char *text)
{
    return text + strspn(text, " \t\n");
}

enum gbau_status node_decode_hex(const char *text, uint8_t *out, size_t capacity, size_t *length)
{
    size_t count = 0;
    for (text = skip_space(text); *text != '\0'; text = skip_space(text + 2)) {
        uint8_t octet;
        if (text[1] == '\0' || hex_decode_exactly(octets_of(text, 2), &octet, 1) != GBAU_OK) {
            return GBAU_E_MALFORMED;
        }
        if (count == capacity) {
            return GBAU_E_SPACE;
        }
        out[count++] = octet;
    }
    *length = count;
    return GBAU_OK;
}

enum gbau_status node_hex(const struct node *node, size_t minimum, size_t maximum, uint8_t *out, size_t *length)
{
    const char *text = NULL;
    size_t count = 0;
    enum gbau_status status = node_text(node, &text);
    if (status != GBAU_OK || text == NULL) {
        return status;
    }
    if (node_decode_hex(text, out, maximum, &count) != GBAU_OK || count < minimum) {
        return minimum == maximum ? node_reject(node, "must be %zu hexadecimal digits", 2 * minimum)
                                  : node_reject(node, "must be %zu to %zu hexadecimal digits, an even number",
                                                2 * minimum, 2 * maximum);
    }
    *length = count;
    return GBAU_OK;
}
