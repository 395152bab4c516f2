/* yaml_config.c: configuration files in YAML; the only file that knows libyaml. */
#include "codec/yaml_config_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/secret.h"

enum { TEXT_MAX = 1024 * 1024, ENTRIES_MAX = 10000, DEPTH_MAX = 16 };

/* A mapping or sequence that is not yet complete. */
struct frame {
    size_t entry;
    size_t path_length;
    bool has_key; /* in a mapping: the key is read, its value comes next */
};

struct parsing {
    struct yaml_config *config;
    yaml_parser_t parser;
    struct frame frames[DEPTH_MAX];
    size_t depth;
    char path[YAML_CONFIG_PATH_SIZE];
    size_t path_length;
    bool has_document;
    bool is_finished;
};

static enum gbau_status reject(const struct parsing *parsing, const yaml_mark_t *mark, const char *problem)
{
    log_error(parsing->config->log, "%s:%zu:%zu: %s", parsing->config->source, mark->line + 1, mark->column + 1,
              problem);
    return GBAU_E_CONFIGURATION;
}

static enum gbau_status exceed(const struct parsing *parsing, const yaml_mark_t *mark, const char *problem)
{
    (void)reject(parsing, mark, problem);
    return GBAU_E_LIMIT;
}

static void wipe_and_free(char *text)
{
    if (text != NULL) {
        secret_wipe(text, strlen(text));
        free(text);
    }
}

static enum gbau_status make_room(struct yaml_config *config)
{
    if (config->entry_count < config->capacity) {
        return GBAU_OK;
    }
    size_t capacity = config->capacity == 0 ? 64 : 2 * config->capacity;
    struct yaml_config_entry *entries = reallocarray(config->entries, capacity, sizeof *entries);
    if (entries == NULL) {
        return GBAU_E_MEMORY;
    }
    config->entries = entries;
    config->capacity = capacity;
    return GBAU_OK;
}

/* Adds a value at the current path; `text` is NULL for a mapping or sequence. */
static enum gbau_status add_entry(struct parsing *parsing, enum yaml_config_kind kind, const char *text,
                                  const yaml_mark_t *mark)
{
    struct yaml_config *config = parsing->config;
    if (config->entry_count == ENTRIES_MAX) {
        return exceed(parsing, mark, "more than 10,000 values");
    }
    if (make_room(config) != GBAU_OK) {
        return GBAU_E_MEMORY;
    }
    struct yaml_config_entry *entry = &config->entries[config->entry_count];
    *entry = (struct yaml_config_entry){.kind = kind, .line = mark->line + 1};
    entry->path = strdup(parsing->path);
    entry->text = text == NULL ? NULL : strdup(text);
    config->entry_count++;
    return entry->path == NULL || (text != NULL && entry->text == NULL) ? GBAU_E_MEMORY : GBAU_OK;
}

static struct frame *innermost(struct parsing *parsing)
{
    return parsing->depth == 0 ? NULL : &parsing->frames[parsing->depth - 1];
}

static enum yaml_config_kind kind_of(const struct parsing *parsing, const struct frame *frame)
{
    return parsing->config->entries[frame->entry].kind;
}

/* Makes the current path that of `name` in the mapping or sequence of `frame`. */
static enum gbau_status enter(struct parsing *parsing, const struct frame *frame, const char *name,
                              const yaml_mark_t *mark)
{
    size_t start = frame->path_length;
    const char *dot = start == 0 ? "" : ".";
    int written = snprintf(parsing->path + start, YAML_CONFIG_PATH_SIZE - start, "%s%s", dot, name);
    if (written < 0 || (size_t)written >= YAML_CONFIG_PATH_SIZE - start) {
        return exceed(parsing, mark, "the keys down to here are too long");
    }
    parsing->path_length = start + (size_t)written;
    return GBAU_OK;
}

/* Readies the path for a value that begins; in a sequence its name is its number. */
static enum gbau_status begin_value(struct parsing *parsing, const yaml_mark_t *mark)
{
    struct frame *frame = innermost(parsing);
    if (frame == NULL) {
        return GBAU_OK;
    }
    struct yaml_config_entry *container = &parsing->config->entries[frame->entry];
    if (container->kind == YAML_CONFIG_SEQUENCE) {
        char number[24];
        (void)snprintf(number, sizeof number, "%zu", container->count);
        container->count++;
        return enter(parsing, frame, number, mark);
    }
    if (!frame->has_key) {
        return reject(parsing, mark, "a key must be a plain name");
    }
    container->count++;
    frame->has_key = false;
    return GBAU_OK;
}

static bool is_key(const char *text, size_t length)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return length > 0 && strspn(text, letters) == length;
}

static enum gbau_status on_scalar(struct parsing *parsing, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    struct frame *frame = innermost(parsing);
    if (event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL) {
        return reject(parsing, &event->start_mark, "anchors and tags are not taken");
    }
    if (frame == NULL) {
        return reject(parsing, &event->start_mark, "the file must hold keys and values");
    }
    if (kind_of(parsing, frame) == YAML_CONFIG_MAPPING && !frame->has_key) {
        frame->has_key = true;
        return is_key(text, length) ? enter(parsing, frame, text, &event->start_mark)
                                    : reject(parsing, &event->start_mark, "a key must be a plain name");
    }
    if (strlen(text) != length) {
        return reject(parsing, &event->start_mark, "a value holds a zero octet");
    }
    enum gbau_status status = begin_value(parsing, &event->start_mark);
    return status == GBAU_OK ? add_entry(parsing, YAML_CONFIG_SCALAR, text, &event->start_mark) : status;
}

static enum gbau_status open_collection(struct parsing *parsing, enum yaml_config_kind kind, bool is_marked,
                                        const yaml_mark_t *mark)
{
    if (is_marked) {
        return reject(parsing, mark, "anchors and tags are not taken");
    }
    if (parsing->depth == 0 && kind != YAML_CONFIG_MAPPING) {
        return reject(parsing, mark, "the file must hold keys and values");
    }
    if (parsing->depth == DEPTH_MAX) {
        return exceed(parsing, mark, "nested deeper than 16 levels");
    }
    enum gbau_status status = begin_value(parsing, mark);
    if (status == GBAU_OK) {
        status = add_entry(parsing, kind, NULL, mark);
    }
    if (status != GBAU_OK) {
        return status;
    }
    parsing->frames[parsing->depth++] =
        (struct frame){.entry = parsing->config->entry_count - 1, .path_length = parsing->path_length};
    return GBAU_OK;
}

static enum gbau_status on_mapping_start(struct parsing *parsing, const yaml_event_t *event)
{
    bool is_marked = event->data.mapping_start.anchor != NULL || event->data.mapping_start.tag != NULL;
    return open_collection(parsing, YAML_CONFIG_MAPPING, is_marked, &event->start_mark);
}

static enum gbau_status on_sequence_start(struct parsing *parsing, const yaml_event_t *event)
{
    bool is_marked = event->data.sequence_start.anchor != NULL || event->data.sequence_start.tag != NULL;
    return open_collection(parsing, YAML_CONFIG_SEQUENCE, is_marked, &event->start_mark);
}

static enum gbau_status on_collection_end(struct parsing *parsing, const yaml_event_t *event)
{
    (void)event;
    parsing->depth--;
    return GBAU_OK;
}

static enum gbau_status on_alias(struct parsing *parsing, const yaml_event_t *event)
{
    return reject(parsing, &event->start_mark, "aliases are not taken");
}

static enum gbau_status on_document_start(struct parsing *parsing, const yaml_event_t *event)
{
    if (parsing->has_document) {
        return reject(parsing, &event->start_mark, "a second document begins");
    }
    parsing->has_document = true;
    return GBAU_OK;
}

static enum gbau_status on_stream_end(struct parsing *parsing, const yaml_event_t *event)
{
    (void)event;
    parsing->is_finished = true;
    return GBAU_OK;
}

typedef enum gbau_status (*event_function)(struct parsing *parsing, const yaml_event_t *event);

/* Events without a function bring nothing new. */
static const event_function event_functions[] = {
    [YAML_STREAM_END_EVENT] = on_stream_end,
    [YAML_DOCUMENT_START_EVENT] = on_document_start,
    [YAML_ALIAS_EVENT] = on_alias,
    [YAML_SCALAR_EVENT] = on_scalar,
    [YAML_SEQUENCE_START_EVENT] = on_sequence_start,
    [YAML_SEQUENCE_END_EVENT] = on_collection_end,
    [YAML_MAPPING_START_EVENT] = on_mapping_start,
    [YAML_MAPPING_END_EVENT] = on_collection_end,
};

static enum gbau_status next_event(struct parsing *parsing)
{
    yaml_event_t event;
    if (!yaml_parser_parse(&parsing->parser, &event)) {
        if (parsing->parser.error == YAML_MEMORY_ERROR) {
            return GBAU_E_MEMORY;
        }
        const char *problem = parsing->parser.problem;
        return reject(parsing, &parsing->parser.problem_mark, problem == NULL ? "not YAML" : problem);
    }
    event_function function = event_functions[event.type];
    enum gbau_status status = function == NULL ? GBAU_OK : function(parsing, &event);
    yaml_event_delete(&event);
    return status;
}

static enum gbau_status parse_events(struct yaml_config *config, struct octets text)
{
    struct parsing parsing = {.config = config};
    if (!yaml_parser_initialize(&parsing.parser)) {
        return GBAU_E_MEMORY;
    }
    yaml_parser_set_encoding(&parsing.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parsing.parser, text.data, text.length);
    enum gbau_status status = GBAU_OK;
    while (status == GBAU_OK && !parsing.is_finished) {
        status = next_event(&parsing);
    }
    yaml_parser_delete(&parsing.parser);
    return status;
}

static int compare_entries(const void *a, const void *b)
{
    const struct yaml_config_entry *const *left = a;
    const struct yaml_config_entry *const *right = b;
    return strcmp((*left)->path, (*right)->path);
}

/* Sorts the entries for look-up; now keys that stand twice are neighbours. */
static enum gbau_status index_entries(struct yaml_config *config)
{
    if (config->entry_count == 0) {
        return GBAU_OK;
    }
    config->by_path = calloc(config->entry_count, sizeof(struct yaml_config_entry *));
    if (config->by_path == NULL) {
        return GBAU_E_MEMORY;
    }
    for (size_t i = 0; i < config->entry_count; i++) {
        config->by_path[i] = &config->entries[i];
    }
    qsort(config->by_path, config->entry_count, sizeof(struct yaml_config_entry *), compare_entries);
    for (size_t i = 1; i < config->entry_count; i++) {
        const struct yaml_config_entry *entry = config->by_path[i];
        const struct yaml_config_entry *former = config->by_path[i - 1];
        if (strcmp(former->path, entry->path) == 0) {
            size_t line = entry->line > former->line ? entry->line : former->line;
            log_error(config->log, "%s:%zu: %s is given twice", config->source, line, entry->path);
            return GBAU_E_CONFIGURATION;
        }
    }
    return GBAU_OK;
}

static enum gbau_status parse_named(struct octets text, const char *source, const struct log *log,
                                    struct yaml_config **config)
{
    *config = NULL;
    if (text.length > TEXT_MAX) {
        log_error(log, "%s: longer than 1 MiB", source);
        return GBAU_E_LIMIT;
    }
    struct yaml_config *new_config = calloc(1, sizeof *new_config);
    if (new_config == NULL) {
        return GBAU_E_MEMORY;
    }
    new_config->log = log;
    new_config->source = strdup(source);
    enum gbau_status status = new_config->source == NULL ? GBAU_E_MEMORY : parse_events(new_config, text);
    if (status == GBAU_OK) {
        status = index_entries(new_config);
    }
    if (status != GBAU_OK) {
        yaml_config_close(new_config);
        return status;
    }
    *config = new_config;
    return GBAU_OK;
}

enum gbau_status yaml_config_parse(struct octets text, const struct log *log, struct yaml_config **config)
{
    return parse_named(text, "configuration", log, config);
}

/* Reads up to one octet more than the limit, so that a longer file shows. */
static enum gbau_status read_file(const char *path, const struct log *log, uint8_t *text, size_t *length)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        enum gbau_status status = errno == ENOENT ? GBAU_E_NOT_FOUND : GBAU_E_IO;
        log_error(log, "%s: %m", path);
        return status;
    }
    (void)setvbuf(file, NULL, _IONBF, 0); /* leaves no copy of a password in a buffer of stdio */
    *length = fread(text, 1, TEXT_MAX + 1, file);
    enum gbau_status status = GBAU_OK;
    if (ferror(file)) {
        log_error(log, "%s: %m", path);
        status = GBAU_E_IO;
    }
    (void)fclose(file);
    return status;
}

enum gbau_status yaml_config_load(const char *path, const struct log *log, struct yaml_config **config)
{
    *config = NULL;
    uint8_t *text = malloc(TEXT_MAX + 1);
    if (text == NULL) {
        return GBAU_E_MEMORY;
    }
    size_t length = 0;
    enum gbau_status status = read_file(path, log, text, &length);
    if (status == GBAU_OK) {
        status = parse_named(octets_of(text, length), path, log, config);
    }
    secret_wipe(text, length);
    free(text);
    return status;
}

void yaml_config_close(struct yaml_config *config)
{
    if (config == NULL) {
        return;
    }
    for (size_t i = 0; i < config->entry_count; i++) {
        wipe_and_free(config->entries[i].text);
        free(config->entries[i].path);
    }
    free(config->by_path);
    free(config->entries);
    free(config->source);
    free(config);
}
