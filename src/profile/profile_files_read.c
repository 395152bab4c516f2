/* profile_files_read.c: reads the files of a profile: new ones, changes to those of the default card, removals. */
#include "profile/profile_private.h"

#include <string.h>

#include "base/secret.h"

enum {
    KIND_ADF = 1,
    RECORD_MAX = 255,
    RECORDS_MAX = 254,
    FILE_SIZE_MAX = UINT16_MAX,
    TLV_LENGTH_SIZE = 2,
    SFI_MAX = 30
};

static const struct node_word kind_words[] = {
    {"df", FILE_KIND_DF},
    {"adf", KIND_ADF},
    {"transparent", FILE_KIND_TRANSPARENT},
    {"linear-fixed", FILE_KIND_LINEAR_FIXED},
    {"cyclic", FILE_KIND_CYCLIC},
    {"ber-tlv", FILE_KIND_BER_TLV},
};

static const struct node_word state_words[] = {
    {"activated", FILE_STATE_ACTIVATED},   {"deactivated", FILE_STATE_DEACTIVATED},
    {"terminated", FILE_STATE_TERMINATED}, {"initialised", FILE_STATE_INITIALISATION},
    {"created", FILE_STATE_CREATION},
};

/* An entry under `files`, and the file that comes of it. */
struct file_entry {
    struct profile_file *file;
    struct node node;
    struct described_file described;
};

static bool has_records(const struct file_entry *entry)
{
    return entry->described.file.kind == FILE_KIND_LINEAR_FIXED || entry->described.file.kind == FILE_KIND_CYCLIC;
}

uint8_t *profile_reserve(struct profile_file *file, const struct node *node, size_t length)
{
    uint8_t *room = octet_writer_reserve(&file->arena, length);
    if (room == NULL) {
        (void)!node_reject(node, "there is more content than a card can hold");
    }
    return room;
}

/* Contents */

static enum gbau_status read_hex_content(struct file_entry *entry)
{
    const struct node node = node_child(&entry->node, "content");
    const char *text = NULL;
    size_t length = 0;
    enum gbau_status status = node_text(&node, &text);
    if (status != GBAU_OK || text == NULL) {
        return status;
    }
    const size_t room = strlen(text) / 2;
    uint8_t *octets = profile_reserve(entry->file, &node, room);
    if (octets == NULL) {
        return GBAU_E_SPACE;
    }
    if (node_decode_hex(text, octets, room, &length) != GBAU_OK) {
        return node_reject(&node, "must be hexadecimal digits, an even number");
    }
    entry->described.content = octets_of(octets, length);
    return GBAU_OK;
}

static enum gbau_status read_text_content(struct file_entry *entry)
{
    const struct node node = node_child(&entry->node, "text");
    const char *text = NULL;
    enum gbau_status status = node_text(&node, &text);
    if (status == GBAU_OK && text != NULL) {
        entry->described.content = octets_of_text(text);
    }
    return status;
}

/* A record: the name of a rule, or hexadecimal digits. */
static enum gbau_status read_record(const struct file_entry *entry, const struct node *node, uint8_t out[RECORD_MAX],
                                    size_t *length)
{
    const char *text = NULL;
    *length = 0;
    enum gbau_status status = node_text(node, &text);
    if (status != GBAU_OK || text == NULL) {
        return status;
    }
    const struct named_rule *rule = profile_find_rule(entry->file, text);
    if (rule != NULL) {
        memcpy(out, rule->octets.data, rule->octets.length);
        *length = rule->octets.length;
        return GBAU_OK;
    }
    return node_hex(node, 0, RECORD_MAX, out, length);
}

static enum gbau_status find_longest(const struct file_entry *entry, const struct node *records, size_t count,
                                     size_t *longest)
{
    uint8_t record[RECORD_MAX];
    size_t length = 0;
    enum gbau_status status = GBAU_OK;
    *longest = 0;
    for (size_t i = 0; i < count && status == GBAU_OK; i++) {
        const struct node item = node_item(records, i);
        status = read_record(entry, &item, record, &length);
        *longest = length > *longest ? length : *longest;
    }
    secret_wipe(record, sizeof record);
    return status;
}

static enum gbau_status write_records(const struct file_entry *entry, const struct node *records, size_t count,
                                      uint8_t *out)
{
    const size_t size = entry->described.file.record_length;
    uint8_t record[RECORD_MAX];
    size_t length = 0;
    enum gbau_status status = GBAU_OK;
    memset(out, 0xff, count * size);
    for (size_t i = 0; i < count && status == GBAU_OK; i++) {
        const struct node item = node_item(records, i);
        status = read_record(entry, &item, record, &length);
        if (status == GBAU_OK && length > size) {
            status = node_reject(&item, "is longer than a record, %zu octets", size);
        } else if (status == GBAU_OK) {
            memcpy(out + i * size, record, length);
        }
    }
    secret_wipe(record, sizeof record);
    return status;
}

static enum gbau_status read_records(struct file_entry *entry)
{
    const struct node records = node_child(&entry->node, "records");
    struct card_file *file = &entry->described.file;
    size_t count = 0;
    size_t longest = 0;
    enum gbau_status status = node_count(&records, RECORDS_MAX, &count);
    if (status == GBAU_OK && count > 0 && !has_records(entry)) {
        return node_reject(&records, "a file of this kind has no records");
    }
    if (status == GBAU_OK) {
        status = find_longest(entry, &records, count, &longest);
    }
    if (status != GBAU_OK || count == 0) {
        return status;
    }
    file->record_length = file->record_length == 0 ? (uint16_t)longest : file->record_length;
    file->record_count = file->record_count == 0 ? (uint8_t)count : file->record_count;
    uint8_t *octets = profile_reserve(entry->file, &records, count * file->record_length);
    if (octets == NULL) {
        return GBAU_E_SPACE;
    }
    entry->described.content = octets_of(octets, count * file->record_length);
    return write_records(entry, &records, count, octets);
}

static enum gbau_status check_single_content(const struct file_entry *entry, size_t *given)
{
    static const char *const names[] = {"content", "text", "records"};
    *given = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct node node = node_child(&entry->node, names[i]);
        *given += node_is_there(&node) ? 1 : 0;
    }
    if (*given > 0 && entry->described.file.kind == FILE_KIND_DF) {
        return node_reject(&entry->node, "a directory has no content");
    }
    return *given > 1 ? node_reject(&entry->node, "give one of content, text and records") : GBAU_OK;
}

static enum gbau_status read_content(struct file_entry *entry)
{
    size_t given = 0;
    enum gbau_status status = check_single_content(entry, &given);
    if (status == GBAU_OK) {
        status = read_hex_content(entry);
    }
    if (status == GBAU_OK) {
        status = read_text_content(entry);
    }
    return status == GBAU_OK ? read_records(entry) : status;
}

/* Sizes */

static enum gbau_status refuse(const struct file_entry *entry, const char *name)
{
    const struct node node = node_child(&entry->node, name);
    return node_is_there(&node) ? node_reject(&node, "a file of this kind has none") : GBAU_OK;
}

static enum gbau_status read_record_sizes(struct file_entry *entry)
{
    const struct node length_node = node_child(&entry->node, "record-size");
    const struct node count_node = node_child(&entry->node, "record-count");
    struct card_file *file = &entry->described.file;
    unsigned length = file->record_length;
    unsigned count = file->record_count;
    enum gbau_status status = refuse(entry, "size");
    if (status == GBAU_OK) {
        status = node_number(&length_node, 1, RECORD_MAX, &length);
    }
    if (status == GBAU_OK) {
        status = node_number(&count_node, 1, RECORDS_MAX, &count);
    }
    if (status == GBAU_OK && file->record_length != 0 && file->record_length != length) {
        entry->described.content = (struct octets){0}; /* it was cut into records of another length */
    }
    file->record_length = (uint16_t)length;
    file->record_count = (uint8_t)count;
    return status;
}

static enum gbau_status read_sizes(struct file_entry *entry)
{
    const struct node node = node_child(&entry->node, "size");
    struct card_file *file = &entry->described.file;
    unsigned size = file->size;
    if (has_records(entry)) {
        return read_record_sizes(entry);
    }
    enum gbau_status status = refuse(entry, "record-size");
    if (status == GBAU_OK) {
        status = refuse(entry, "record-count");
    }
    if (status == GBAU_OK) {
        status =
            file->kind == FILE_KIND_DF
                ? refuse(entry, "size")
                : node_number(&node, 1, file->kind == FILE_KIND_BER_TLV ? CARD_TLV_FILE_MAX : FILE_SIZE_MAX, &size);
    }
    file->size = (uint16_t)size;
    return status;
}

/* What the content says where nothing else does, and whether all fits. */
static enum gbau_status settle_size(struct file_entry *entry)
{
    struct card_file *file = &entry->described.file;
    const size_t overhead = file->kind == FILE_KIND_BER_TLV ? TLV_LENGTH_SIZE : 0;
    const size_t needed = entry->described.content.length + overhead;
    size_t size = file->size == 0 ? needed : file->size;
    if (file->kind == FILE_KIND_DF) {
        return GBAU_OK;
    }
    if (has_records(entry)) {
        size = (size_t)file->record_length * file->record_count;
    }
    if (size == 0) {
        return node_reject(&entry->node, "is missing its size: give %s",
                           has_records(entry) ? "record-size and record-count, or records" : "size, or content");
    }
    if (size > FILE_SIZE_MAX || (overhead > 0 && (size > CARD_TLV_FILE_MAX || size < overhead))) {
        return node_reject(&entry->node, "a file of %zu octets is not possible", size);
    }
    file->size = (uint16_t)size;
    return needed > size ? node_reject(&entry->node, "the content needs %zu octets, the file has %zu", needed, size)
                         : GBAU_OK;
}

/* Entries */

static enum gbau_status read_attributes(struct file_entry *entry)
{
    const struct node sfi_node = node_child(&entry->node, "sfi");
    const struct node state_node = node_child(&entry->node, "state");
    struct card_file *file = &entry->described.file;
    unsigned sfi = file->sfi;
    unsigned state = file->state;
    enum gbau_status status = node_number(&sfi_node, 0, SFI_MAX, &sfi);
    if (status == GBAU_OK) {
        status = node_word(&state_node, state_words, sizeof state_words / sizeof state_words[0], &state);
    }
    if (status == GBAU_OK && sfi != 0 && file->kind == FILE_KIND_DF) {
        status = node_reject(&sfi_node, "a directory has no short identifier");
    }
    file->sfi = (uint8_t)sfi;
    file->state = (enum file_state)state;
    if (status == GBAU_OK) {
        status = read_sizes(entry);
    }
    if (status == GBAU_OK) {
        status = read_content(entry);
    }
    return status == GBAU_OK ? settle_size(entry) : status;
}

static enum gbau_status read_kind(struct file_entry *entry)
{
    const struct node node = node_child(&entry->node, "kind");
    struct card_file *file = &entry->described.file;
    unsigned kind = FILE_KIND_NONE;
    enum gbau_status status = node_word(&node, kind_words, sizeof kind_words / sizeof kind_words[0], &kind);
    if (status == GBAU_OK && kind == FILE_KIND_NONE) {
        return node_missing(&node, "the file is new, so say what kind it is");
    }
    if (status == GBAU_OK && kind == KIND_ADF && file->parent != CARD_MF_INDEX) {
        return node_reject(&node, "an ADF stands in MF");
    }
    file->parent = kind == KIND_ADF ? CARD_NO_INDEX : file->parent;
    file->kind = kind == KIND_ADF ? FILE_KIND_DF : (enum file_kind)kind;
    return status;
}

/* Index of the entry in the list under `files`. */
static void keep(struct file_entry *entry, uint8_t index, size_t number)
{
    entry->file->workspace.parts.files[index] = entry->described;
    entry->file->entries[index] = (int)number;
}

static enum gbau_status check_depth(const struct file_entry *entry)
{
    const struct file_list list = file_list_of(entry->file);
    unsigned depth = 1;
    for (uint8_t i = entry->described.file.parent; i != CARD_MF_INDEX && i != CARD_NO_INDEX;
         i = file_path_parent(&list, i)) {
        depth++;
    }
    return depth < CARD_MAX_DEPTH ? GBAU_OK : node_reject(&entry->node, "stands deeper than %d levels", CARD_MAX_DEPTH);
}

static enum gbau_status place_file(struct file_entry *entry, const char *path)
{
    const struct file_list list = file_list_of(entry->file);
    const struct node node = node_child(&entry->node, "path");
    struct card_file *file = &entry->described.file;
    const bool is_first = list.count == 0;
    switch (file_path_place(&list, path, &file->parent, &file->fid)) {
    case GBAU_OK:
        break;
    case GBAU_E_NOT_FOUND:
        return is_first ? node_reject(&node, "the first file must be MF")
                        : node_reject(&node, "stands in a directory that is not described before it");
    default:
        return node_reject(&node, "has a part that is neither a known name nor 4 hexadecimal digits");
    }
    if (is_first != (file->parent == CARD_NO_INDEX)) {
        return node_reject(&node, "the first file must be MF");
    }
    return is_first ? GBAU_OK : check_depth(entry);
}

static enum gbau_status add_file(struct file_entry *entry, const char *path, size_t number)
{
    struct profile_file *file = entry->file;
    entry->described = (struct described_file){
        .file = {.application = CARD_NO_INDEX, .arr_file = CARD_NO_INDEX, .state = FILE_STATE_ACTIVATED}};
    if (file->file_count == CARD_MAX_FILES) {
        return node_reject(&entry->node, "is more than the %d files of a card", CARD_MAX_FILES);
    }
    enum gbau_status status = place_file(entry, path);
    if (status == GBAU_OK) {
        status = read_kind(entry);
    }
    if (status == GBAU_OK && file->file_count == 0 && entry->described.file.kind != FILE_KIND_DF) {
        status = node_reject(&entry->node, "MF is a df");
    }
    if (status == GBAU_OK) {
        status = read_attributes(entry);
    }
    if (status == GBAU_OK) {
        keep(entry, (uint8_t)file->file_count, number);
        file->file_count++;
    }
    return status;
}

static enum gbau_status change_file(struct file_entry *entry, uint8_t index, size_t number)
{
    const struct node kind = node_child(&entry->node, "kind");
    const struct node path = node_child(&entry->node, "path");
    entry->described = entry->file->workspace.parts.files[index];
    if (entry->file->entries[index] != NO_ENTRY) {
        return node_reject(&path, "is described twice");
    }
    if (node_is_there(&kind)) {
        return node_reject(&kind,
                           "of a file of the default card cannot change: remove the file, then describe it anew");
    }
    enum gbau_status status = read_attributes(entry);
    if (status == GBAU_OK) {
        keep(entry, index, number);
    }
    return status;
}

static enum gbau_status read_entry(struct file_entry *entry, size_t number)
{
    static const char *const allowed[] = {"path", "kind",  "size",    "record-size", "record-count", "sfi",
                                          "rule", "state", "content", "text",        "records",      NULL};
    const struct node path_node = node_child(&entry->node, "path");
    const struct file_list list = file_list_of(entry->file);
    const char *path = NULL;
    enum gbau_status status = yaml_config_check_keys(entry->node.config, entry->node.path, allowed);
    if (status == GBAU_OK) {
        status = node_text(&path_node, &path);
    }
    if (status == GBAU_OK && path == NULL) {
        status = node_missing(&path_node, "say which file is meant");
    }
    if (status != GBAU_OK) {
        return status;
    }
    const uint8_t index = file_path_find(&list, path);
    return index == CARD_NO_INDEX ? add_file(entry, path, number) : change_file(entry, index, number);
}

enum gbau_status profile_read_files(struct profile_file *file)
{
    const struct node root = node_root(file->config);
    const struct node files = node_child(&root, "files");
    size_t count = 0;
    enum gbau_status status = node_count(&files, CARD_MAX_FILES, &count);
    for (size_t i = 0; i < count && status == GBAU_OK; i++) {
        struct file_entry entry = {.file = file, .node = node_item(&files, i)};
        status = read_entry(&entry, i);
    }
    return status;
}

enum gbau_status profile_find_path(struct profile_file *file, const struct node *node, uint8_t *index)
{
    const struct file_list list = file_list_of(file);
    const char *path = NULL;
    enum gbau_status status = node_text(node, &path);
    if (status == GBAU_OK && path == NULL) {
        status = node_missing(node, "a path is needed");
    }
    if (status != GBAU_OK) {
        return status;
    }
    *index = file_path_find(&list, path);
    return *index == CARD_NO_INDEX ? node_reject(node, "there is no such file") : GBAU_OK;
}

/* Removal */

/* What lies below goes too: a directory stands before its children. */
static void mark_below(const struct profile_file *file, bool removed[CARD_MAX_FILES])
{
    for (size_t i = 1; i < file->file_count; i++) {
        const uint8_t parent = file->workspace.parts.files[i].file.parent;
        removed[i] = removed[i] || (parent != CARD_NO_INDEX && removed[parent]);
    }
}

static enum gbau_status check_removal(const struct profile_file *file, const struct node *node,
                                      const bool removed[CARD_MAX_FILES])
{
    for (size_t i = 0; i < file->file_count; i++) {
        const struct card_file *card_file = &file->workspace.parts.files[i].file;
        if (removed[i] && card_file->application != CARD_NO_INDEX) {
            return node_reject(node, "is an application's: describe the whole card, with base: none");
        }
        if (!removed[i] && removed[card_file->arr_file]) {
            return node_reject(node, "holds the access rules of files that stay");
        }
    }
    return removed[CARD_MF_INDEX] ? node_reject(node, "MF cannot be removed") : GBAU_OK;
}

static void close_gaps(struct profile_file *file, const bool removed[CARD_MAX_FILES])
{
    struct card_parts *parts = &file->workspace.parts;
    uint8_t numbers[CARD_NO_INDEX + 1];
    size_t count = 0;
    memset(numbers, CARD_NO_INDEX, sizeof numbers);
    for (size_t i = 0; i < file->file_count; i++) {
        if (!removed[i]) {
            numbers[i] = (uint8_t)count;
            parts->files[count++] = parts->files[i];
        }
    }
    file->file_count = count;
    for (size_t i = 0; i < count; i++) {
        parts->files[i].file.parent = numbers[parts->files[i].file.parent];
        parts->files[i].file.arr_file = numbers[parts->files[i].file.arr_file];
    }
    for (size_t i = 0; i < file->application_count; i++) {
        parts->applications[i].entry.adf = numbers[parts->applications[i].entry.adf];
    }
}

enum gbau_status profile_remove_files(struct profile_file *file)
{
    const struct node root = node_root(file->config);
    const struct node remove = node_child(&root, "remove");
    bool removed[CARD_MAX_FILES] = {false};
    size_t count = 0;
    enum gbau_status status = node_count(&remove, CARD_MAX_FILES, &count);
    for (size_t i = 0; i < count && status == GBAU_OK; i++) {
        const struct node item = node_item(&remove, i);
        uint8_t index = 0;
        status = profile_find_path(file, &item, &index);
        if (status == GBAU_OK) {
            removed[index] = true;
            mark_below(file, removed);
            status = check_removal(file, &item, removed);
        }
    }
    if (status == GBAU_OK) {
        close_gaps(file, removed);
    }
    return status;
}
