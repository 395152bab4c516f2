/* yaml_config_look_up.c: values of a configuration found by their paths, and what is said about wrong ones. */
#include "codec/yaml_config_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_SIZE = 700 };

static int compare_path(const void *path, const void *element)
{
    const struct yaml_config_entry *const *entry = element;
    return strcmp(path, (*entry)->path);
}

static struct yaml_config_entry *find(const struct yaml_config *config, const char *path)
{
    if (config->entry_count == 0) {
        return NULL;
    }
    struct yaml_config_entry **found =
        bsearch(path, config->by_path, config->entry_count, sizeof(struct yaml_config_entry *), compare_path);
    return found == NULL ? NULL : *found;
}

enum yaml_config_kind yaml_config_kind_of(const struct yaml_config *config, const char *path)
{
    const struct yaml_config_entry *entry = find(config, path);
    return entry == NULL ? YAML_CONFIG_NOTHING : entry->kind;
}

/*
 * The next key of the mapping `mapping` behind `entry`, in the order of the file, or NULL; `name` is set to the key.
 * Whatever lies deeper has another dot.
 */
static const struct yaml_config_entry *next_key(const struct yaml_config *config,
                                                const struct yaml_config_entry *mapping,
                                                const struct yaml_config_entry *entry, const char **name)
{
    const size_t length = strlen(mapping->path);
    const size_t start = length == 0 ? 0 : length + 1;
    for (entry++; entry < config->entries + config->entry_count; entry++) {
        if (strncmp(entry->path, mapping->path, length) != 0 || (length > 0 && entry->path[length] != '.')) {
            return NULL;
        }
        if (strchr(entry->path + start, '.') == NULL) {
            *name = entry->path + start;
            return entry;
        }
    }
    return NULL;
}

const char *yaml_config_key(const struct yaml_config *config, const char *path, size_t index)
{
    const char *name = NULL;
    const struct yaml_config_entry *mapping = find(config, path);
    if (mapping == NULL || mapping->kind != YAML_CONFIG_MAPPING || index >= mapping->count) {
        return NULL;
    }
    const struct yaml_config_entry *entry = mapping;
    for (size_t i = 0; i <= index && entry != NULL; i++) {
        entry = next_key(config, mapping, entry, &name);
    }
    return entry == NULL ? NULL : name;
}

/* The line of the value at `path`, or of what it would stand in. */
static size_t line_of(const struct yaml_config *config, const char *path)
{
    char nearest[YAML_CONFIG_PATH_SIZE];
    (void)snprintf(nearest, sizeof nearest, "%s", path);
    const struct yaml_config_entry *entry = find(config, nearest);
    while (entry == NULL && nearest[0] != '\0') {
        char *dot = strrchr(nearest, '.');
        *(dot == NULL ? nearest : dot) = '\0';
        entry = find(config, nearest);
    }
    return entry == NULL ? 1 : entry->line;
}

enum gbau_status yaml_config_reject(const struct yaml_config *config, const char *path, const char *format, ...)
{
    char problem[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(problem, sizeof problem, format, arguments);
    va_end(arguments);
    log_error(config->log, "%s:%zu: %s%s%s", config->source, line_of(config, path), path, path[0] == '\0' ? "" : ": ",
              problem);
    return GBAU_E_CONFIGURATION;
}

static bool is_among(const char *name, const char *const *allowed)
{
    for (; *allowed != NULL; allowed++) {
        if (strcmp(name, *allowed) == 0) {
            return true;
        }
    }
    return false;
}

/* "a, b, c" */
static void join(const char *const *words, char *text, size_t capacity)
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; words[i] != NULL && length < capacity; i++) {
        const int written = snprintf(text + length, capacity - length, "%s%s", i == 0 ? "" : ", ", words[i]);
        length += written < 0 ? 0 : (size_t)written;
    }
}

enum gbau_status yaml_config_check_keys(const struct yaml_config *config, const char *path, const char *const *allowed)
{
    char list[MESSAGE_SIZE];
    const char *name = NULL;
    const struct yaml_config_entry *mapping = find(config, path);
    if (mapping == NULL) {
        return GBAU_OK;
    }
    join(allowed, list, sizeof list);
    if (mapping->kind != YAML_CONFIG_MAPPING) {
        return yaml_config_reject(config, path, "must be a mapping with keys of: %s", list);
    }
    const struct yaml_config_entry *entry = mapping;
    while ((entry = next_key(config, mapping, entry, &name)) != NULL) {
        if (!is_among(name, allowed)) {
            return yaml_config_reject(config, entry->path, "unknown key; allowed are: %s", list);
        }
    }
    return GBAU_OK;
}

/* The scalar at `path`, now looked up, or NULL. */
static const struct yaml_config_entry *use_scalar(const struct yaml_config *config, const char *path)
{
    struct yaml_config_entry *entry = find(config, path);
    if (entry == NULL || entry->kind != YAML_CONFIG_SCALAR) {
        return NULL;
    }
    entry->is_used = true;
    return entry;
}

const char *yaml_config_text(struct yaml_config *config, const char *path, const char *fallback)
{
    const struct yaml_config_entry *entry = use_scalar(config, path);
    return entry == NULL ? fallback : entry->text;
}

enum gbau_status yaml_config_require_text(struct yaml_config *config, const char *path, const char **value)
{
    *value = yaml_config_text(config, path, NULL);
    if (*value == NULL) {
        log_error(config->log, "%s: %s is missing", config->source, path);
        return GBAU_E_CONFIGURATION;
    }
    return GBAU_OK;
}

static bool parse_number(const char *text, int64_t *number)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0') {
        return false;
    }
    errno = 0;
    *number = strtoll(text, NULL, 10);
    return errno == 0;
}

enum gbau_status yaml_config_number(struct yaml_config *config, const char *path, int64_t minimum, int64_t maximum,
                                    int64_t fallback, int64_t *value)
{
    const struct yaml_config_entry *entry = use_scalar(config, path);
    *value = fallback;
    if (entry == NULL) {
        return GBAU_OK;
    }
    int64_t number = 0;
    if (!parse_number(entry->text, &number) || number < minimum || number > maximum) {
        log_error(config->log, "%s:%zu: %s must be a whole number from %" PRId64 " to %" PRId64, config->source,
                  entry->line, path, minimum, maximum);
        return GBAU_E_CONFIGURATION;
    }
    *value = number;
    return GBAU_OK;
}

enum gbau_status yaml_config_boolean(struct yaml_config *config, const char *path, bool fallback, bool *value)
{
    const struct yaml_config_entry *entry = use_scalar(config, path);
    *value = entry == NULL ? fallback : strcmp(entry->text, "true") == 0;
    if (entry != NULL && !*value && strcmp(entry->text, "false") != 0) {
        log_error(config->log, "%s:%zu: %s must be true or false", config->source, entry->line, path);
        return GBAU_E_CONFIGURATION;
    }
    return GBAU_OK;
}

size_t yaml_config_count(const struct yaml_config *config, const char *path)
{
    const struct yaml_config_entry *entry = find(config, path);
    return entry == NULL || entry->kind != YAML_CONFIG_SEQUENCE ? 0 : entry->count;
}

const char *yaml_config_first_unused(const struct yaml_config *config)
{
    for (size_t i = 0; i < config->entry_count; i++) {
        const struct yaml_config_entry *entry = &config->entries[i];
        if (entry->kind == YAML_CONFIG_SCALAR && !entry->is_used) {
            return entry->path;
        }
    }
    return NULL;
}
