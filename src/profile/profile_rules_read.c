/* profile_rules_read.c: reads access rules and finds, or makes, their place in an EF_ARR (TS 102 221 9.2). */
#include "profile/access_records.h"
#include "profile/profile_private.h"

#include <stdio.h>
#include <string.h>

enum { RECORDS_MAX = 254 };

/* Rules with names */

static bool looks_like_hex(const char *text)
{
    uint8_t octets[RULE_SIZE_MAX];
    size_t length = 0;
    return node_decode_hex(text, octets, sizeof octets, &length) == GBAU_OK;
}

static enum gbau_status encode_pairs(const struct node *node, struct octet_writer *writer)
{
    const char *modes = NULL;
    for (size_t i = 0; (modes = yaml_config_key(node->config, node->path, i)) != NULL; i++) {
        const struct node pair = node_child(node, modes);
        const char *condition = NULL;
        enum gbau_status status = node_text(&pair, &condition);
        if (status == GBAU_OK && rule_words_encode(writer, modes, condition == NULL ? "" : condition) != GBAU_OK) {
            status =
                node_reject(&pair, "is no access condition: \"update: pin or adm1\" would be one; docs/profile.md");
        }
        if (status != GBAU_OK) {
            return status;
        }
    }
    return GBAU_OK;
}

static enum gbau_status read_rule(struct profile_file *file, const struct node *node, struct octets *rule)
{
    uint8_t octets[RULE_SIZE_MAX];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    size_t length = 0;
    enum gbau_status status = GBAU_OK;
    if (yaml_config_kind_of(node->config, node->path) == YAML_CONFIG_MAPPING) {
        status = encode_pairs(node, &writer);
        length = writer.length;
    } else {
        status = node_hex(node, 1, sizeof octets, octets, &length);
        length = access_record_trim(octets_of(octets, length)).length;
    }
    if (status == GBAU_OK && length == 0) {
        status = node_missing(node, "a rule says at least one thing: {read: always}");
    }
    uint8_t *kept = status == GBAU_OK ? profile_reserve(file, node, length) : NULL;
    if (kept == NULL) {
        return status == GBAU_OK ? GBAU_E_SPACE : status;
    }
    memcpy(kept, octets, length);
    *rule = octets_of(kept, length);
    return GBAU_OK;
}

enum gbau_status profile_read_rules(struct profile_file *file)
{
    const struct node root = node_root(file->config);
    const struct node rules = node_child(&root, "rules");
    const char *name = NULL;
    if (node_is_there(&rules) && yaml_config_kind_of(rules.config, rules.path) != YAML_CONFIG_MAPPING) {
        return node_reject(&rules, "must be a mapping of names to rules");
    }
    for (size_t i = 0; (name = yaml_config_key(rules.config, rules.path, i)) != NULL; i++) {
        const struct node node = node_child(&rules, name);
        if (i == RULES_MAX) {
            return node_reject(&node, "is more than %d rules", RULES_MAX);
        }
        if (looks_like_hex(name)) {
            return node_reject(&node, "a rule's name must not look like hexadecimal digits");
        }
        enum gbau_status status = read_rule(file, &node, &file->rules[i].octets);
        if (status != GBAU_OK) {
            return status;
        }
        file->rules[i].name = name;
        file->rule_count = i + 1;
    }
    return GBAU_OK;
}

const struct named_rule *profile_find_rule(const struct profile_file *file, const char *name)
{
    for (size_t i = 0; i < file->rule_count; i++) {
        if (strcmp(file->rules[i].name, name) == 0) {
            return &file->rules[i];
        }
    }
    return NULL;
}

/* Records of EF_ARR */

/* Writes a rule into a free record, or into a new one at the end. */
static enum gbau_status add_record(struct profile_file *file, const struct node *node, struct described_file *arr,
                                   struct octets rule, uint8_t *number)
{
    const size_t length = arr->file.record_length;
    const uint8_t free_record = access_record_find(arr, (struct octets){0});
    *number = free_record != 0 ? free_record : (uint8_t)(arr->file.record_count + 1);
    const size_t count = free_record != 0 ? arr->file.record_count : *number;
    if (rule.length > length) {
        return node_reject(node, "the rule has %zu octets, more than a record of EF_ARR", rule.length);
    }
    if (count > RECORDS_MAX || count * length > UINT16_MAX) {
        return node_reject(node, "EF_ARR has no room for another rule");
    }
    uint8_t *content = profile_reserve(file, node, count * length);
    if (content == NULL) {
        return GBAU_E_SPACE;
    }
    memset(content, 0xff, count * length);
    if (arr->content.length > 0) {
        memcpy(content, arr->content.data, arr->content.length);
    }
    memcpy(content + (*number - 1) * length, rule.data, rule.length);
    arr->content = octets_of(content, count * length);
    arr->file.record_count = (uint8_t)count;
    arr->file.size = (uint16_t)(count * length);
    return GBAU_OK;
}

/* References */

/* "rule: {file: MF/EF_ARR, record: 3}" */
static enum gbau_status refer_to_record(struct profile_file *file, const struct node *node, struct card_file *card_file)
{
    static const char *const allowed[] = {"file", "record", NULL};
    const struct node file_node = node_child(node, "file");
    const struct node record_node = node_child(node, "record");
    unsigned record = 0;
    uint8_t arr = CARD_NO_INDEX;
    enum gbau_status status = yaml_config_check_keys(node->config, node->path, allowed);
    if (status == GBAU_OK) {
        status = profile_find_path(file, &file_node, &arr);
    }
    if (status == GBAU_OK) {
        status = node_number(&record_node, 1, RECORDS_MAX, &record);
    }
    if (status != GBAU_OK) {
        return status;
    }
    const struct card_file *found = &file->workspace.parts.files[arr].file;
    if (found->kind != FILE_KIND_LINEAR_FIXED || record == 0 || record > found->record_count) {
        return node_reject(node, "there is no such record");
    }
    card_file->arr_file = arr;
    card_file->arr_record = (uint8_t)record;
    return GBAU_OK;
}

static enum gbau_status reject_name(const struct profile_file *file, const struct node *node,
                                    const struct described_file *arr)
{
    char known[400] = "";
    size_t length = 0;
    for (size_t i = 0; i < file->rule_count && length < sizeof known; i++) {
        const int written =
            snprintf(known + length, sizeof known - length, "%s%s", length == 0 ? "" : ", ", file->rules[i].name);
        length += written < 0 ? 0 : (size_t)written;
    }
    for (uint8_t number = 1; number <= arr->file.record_count && length < sizeof known; number++) {
        char name[RULE_NAME_SIZE];
        if (rule_words_name(access_record_rule(arr, number), name)) {
            const int written = snprintf(known + length, sizeof known - length, "%s%s", length == 0 ? "" : ", ", name);
            length += written < 0 ? 0 : (size_t)written;
        }
    }
    return node_reject(node, "there is no such rule; known are: %s", known);
}

/* A name under `rules`, a name by what a record says, or hexadecimal digits. */
static enum gbau_status refer_to_rule(struct profile_file *file, const struct node *node, const char *text,
                                      struct card_file *card_file, uint8_t index)
{
    uint8_t octets[RULE_SIZE_MAX];
    size_t length = 0;
    const struct file_list list = file_list_of(file);
    card_file->arr_file = access_record_find_file(&list, index);
    if (card_file->arr_file == CARD_NO_INDEX) {
        return node_reject(node, "there is no EF_ARR for it, here or above");
    }
    struct described_file *arr = &file->workspace.parts.files[card_file->arr_file];
    const struct named_rule *named = profile_find_rule(file, text);
    struct octets rule = named == NULL ? (struct octets){0} : named->octets;
    if (named == NULL && node_decode_hex(text, octets, sizeof octets, &length) == GBAU_OK) {
        rule = access_record_trim(octets_of(octets, length));
    }
    if (rule.length == 0) {
        card_file->arr_record = access_record_find_name(arr, text);
        return card_file->arr_record == 0 ? reject_name(file, node, arr) : GBAU_OK;
    }
    card_file->arr_record = access_record_find(arr, rule);
    return card_file->arr_record == 0 ? add_record(file, node, arr, rule, &card_file->arr_record) : GBAU_OK;
}

static enum gbau_status resolve_rule(struct profile_file *file, const struct node *entry, uint8_t index)
{
    const struct node node = node_child(entry, "rule");
    struct card_file *card_file = &file->workspace.parts.files[index].file;
    const char *text = NULL;
    if (yaml_config_kind_of(node.config, node.path) == YAML_CONFIG_MAPPING) {
        return refer_to_record(file, &node, card_file);
    }
    enum gbau_status status = node_text(&node, &text);
    if (status != GBAU_OK) {
        return status;
    }
    if (text != NULL) {
        return refer_to_rule(file, &node, text, card_file, index);
    }
    return card_file->arr_file == CARD_NO_INDEX ? node_missing(&node, "say who may do what with the file") : GBAU_OK;
}

enum gbau_status profile_resolve_rules(struct profile_file *file)
{
    const struct node root = node_root(file->config);
    const struct node files = node_child(&root, "files");
    for (size_t i = 0; i < file->file_count; i++) {
        if (file->entries[i] == NO_ENTRY) {
            continue;
        }
        const struct node entry = node_item(&files, (size_t)file->entries[i]);
        enum gbau_status status = resolve_rule(file, &entry, (uint8_t)i);
        if (status != GBAU_OK) {
            return status;
        }
    }
    return GBAU_OK;
}
