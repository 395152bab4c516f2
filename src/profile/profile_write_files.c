/* profile_write_files.c: writes the files of a card, with what is in them in words beside it. */
#include "profile/access_records.h"
#include "profile/profile_emit.h"

#include <ctype.h>
#include <string.h>

enum { LISTED_RECORDS_MAX = 50, LISTED_IN_ALL_MAX = 4000, HEX_ON_A_LINE = 48, TEXT_MIN = 2 };

/* A file and where its lines go. */
struct emitted_file {
    const struct emitting *emitting;
    uint8_t index;
    const struct described_file *described;
    const struct file_name *name; /* or NULL */
};

/* A comment at the end of a line: what octets say. Files of keys say nothing. */
static void emit_meaning(const struct emitted_file *file, struct octets octets)
{
    char buffer[EMIT_COMMENT_SIZE];
    struct card_content content;
    struct text line = text_of(buffer, sizeof buffer);
    if (file->name == NULL || file->name->decode == NULL || file_name_is_secret(file->name)) {
        return;
    }
    file_name_decode(file->name, octets, &content);
    content_put_line(&content, &line);
    if (line.length > 0) {
        fprintf(file->emitting->stream, " # %s", buffer);
    }
}

/* Contents */

/* Long ones take several lines, which YAML joins by spaces. */
static void emit_long_hex(FILE *stream, struct octets octets)
{
    fputc('"', stream);
    for (size_t i = 0; i < octets.length; i++) {
        fprintf(stream, "%s%02x", i > 0 && i % HEX_ON_A_LINE == 0 ? "\n      " : "", octets.data[i]);
    }
    fputc('"', stream);
}

static bool reads_as_text(struct octets octets)
{
    bool has_letter = false;
    for (size_t i = 0; i < octets.length; i++) {
        const uint8_t octet = octets.data[i];
        if (octet < ' ' || octet > '~' || octet == '"' || octet == '\\') {
            return false;
        }
        has_letter = has_letter || isalpha(octet) != 0;
    }
    return has_letter && octets.length >= TEXT_MIN;
}

static void emit_binary(const struct emitted_file *file, struct octets octets)
{
    FILE *stream = file->emitting->stream;
    const bool is_objects = file->described->file.kind == FILE_KIND_BER_TLV;
    const struct octets used = is_objects ? octets : access_record_trim(octets);
    if (used.length == 0) {
        return;
    }
    if (!is_objects && reads_as_text(used)) {
        fprintf(stream, "    text: \"%.*s\"\n", (int)used.length, (const char *)used.data);
        return;
    }
    fputs("    content: ", stream);
    emit_long_hex(stream, used);
    if (used.length <= HEX_ON_A_LINE && !is_objects) {
        emit_meaning(file, octets);
    }
    fputc('\n', stream);
}

/* Record `number`, from 1, in the order in which the card gives them; of a cyclic file the last one written first. */
static struct octets record_of(const struct described_file *described, size_t number)
{
    const struct card_file *file = &described->file;
    const size_t place = (file->first_record + number - 1) % file->record_count;
    const size_t start = place * file->record_length;
    if (start >= described->content.length) {
        return (struct octets){0};
    }
    const size_t left = described->content.length - start;
    return octets_of(described->content.data + start, left < file->record_length ? left : file->record_length);
}

/* How many records there are up to the last one with something in it. */
static size_t used_records(const struct described_file *described)
{
    size_t count = described->file.record_count;
    while (count > 0 && access_record_trim(record_of(described, count)).length == 0) {
        count--;
    }
    return count;
}

static void emit_record(const struct emitted_file *file, struct octets record)
{
    FILE *stream = file->emitting->stream;
    const struct octets used = access_record_trim(record);
    const bool is_rule = access_record_is_in(&file->described->file);
    const char *name = is_rule ? emit_rule_name(file->emitting, used) : NULL;
    fputs("      - ", stream);
    if (name != NULL) {
        fputs(name, stream);
    } else {
        emit_hex(stream, used);
        if (!is_rule) {
            emit_meaning(file, record);
        }
    }
    fputc('\n', stream);
}

/* A list of very many is hard to read. */
static void emit_records_in_one(const struct emitted_file *file, size_t count)
{
    FILE *stream = file->emitting->stream;
    fputs("    content: \"", stream);
    for (size_t number = 1; number <= count; number++) {
        const struct octets record = record_of(file->described, number);
        fputs(number == 1 ? "" : "\n      ", stream);
        for (size_t i = 0; i < record.length; i++) {
            fprintf(stream, "%02x", record.data[i]);
        }
    }
    fputs("\"\n", stream);
}

static void emit_records(const struct emitted_file *file)
{
    const size_t count = used_records(file->described);
    if (count > LISTED_RECORDS_MAX || !file->emitting->lists_records) {
        emit_records_in_one(file, count);
        return;
    }
    fputs(count == 0 ? "" : "    records:\n", file->emitting->stream);
    for (size_t number = 1; number <= count; number++) {
        emit_record(file, record_of(file->described, number));
    }
}

static bool has_records(const struct card_file *file)
{
    return file->kind == FILE_KIND_LINEAR_FIXED || file->kind == FILE_KIND_CYCLIC;
}

/* Content of these belongs to keys that stay in the card: without them it would be wrong. */
static bool belongs_to_gba_state(const struct file_name *name)
{
    return name != NULL && (strcmp(name->name, "EF_GBABP") == 0 || strcmp(name->name, "EF_GBANL") == 0);
}

static void emit_content(const struct emitted_file *file)
{
    FILE *stream = file->emitting->stream;
    if (access_record_trim(file->described->content).length == 0) {
        return;
    }
    if (belongs_to_gba_state(file->name)) {
        fputs("    # content left out: it belongs to keys that stay in the card\n", stream);
    } else if (file->emitting->options->without_secrets && file->name != NULL && file_name_is_secret(file->name)) {
        fputs("    # content left out: keys\n", stream);
    } else if (has_records(&file->described->file)) {
        emit_records(file);
    } else {
        emit_binary(file, file->described->content);
    }
}

/* Attributes */

static const char *kind_word(const struct card_file *file, uint8_t index)
{
    switch (file->kind) {
    case FILE_KIND_TRANSPARENT:
        return "transparent";
    case FILE_KIND_LINEAR_FIXED:
        return "linear-fixed";
    case FILE_KIND_CYCLIC:
        return "cyclic";
    case FILE_KIND_BER_TLV:
        return "ber-tlv";
    default:
        return file->parent == CARD_NO_INDEX && index != CARD_MF_INDEX ? "adf" : "df";
    }
}

static const char *state_word(enum file_state state)
{
    switch (state) {
    case FILE_STATE_CREATION:
        return "created";
    case FILE_STATE_INITIALISATION:
        return "initialised";
    case FILE_STATE_DEACTIVATED:
        return "deactivated";
    case FILE_STATE_TERMINATED:
        return "terminated";
    default:
        return "activated";
    }
}

/* By name where a reader of the name comes to the same record; else by file and record. */
static void emit_rule_reference(const struct emitted_file *file)
{
    FILE *stream = file->emitting->stream;
    const struct file_list list = emit_files(file->emitting);
    const struct card_file *card_file = &file->described->file;
    const struct described_file *arr = &list.files[card_file->arr_file];
    const struct octets rule = access_record_rule(arr, card_file->arr_record);
    const char *name = emit_rule_name(file->emitting, rule);
    if (name != NULL && access_record_find_file(&list, file->index) == card_file->arr_file &&
        access_record_find(arr, rule) == card_file->arr_record) {
        fprintf(stream, "    rule: %s\n", name);
        return;
    }
    char path[FILE_PATH_SIZE];
    file_path_write(&list, card_file->arr_file, path);
    fprintf(stream, "    rule: {file: %s, record: %u}\n", path, card_file->arr_record);
}

static void emit_sizes(FILE *stream, const struct card_file *file)
{
    if (has_records(file)) {
        fprintf(stream, "    record-size: %u\n    record-count: %u\n", file->record_length, file->record_count);
    } else if (file->kind != FILE_KIND_DF) {
        fprintf(stream, "    size: %u\n", file->size);
    }
}

static void emit_file(const struct emitted_file *file)
{
    FILE *stream = file->emitting->stream;
    const struct file_list list = emit_files(file->emitting);
    const struct card_file *card_file = &file->described->file;
    const char *const *notes = file->emitting->options->notes;
    char path[FILE_PATH_SIZE];
    file_path_write(&list, file->index, path);
    fprintf(stream, "  - path: %s", path);
    if (file->name != NULL) {
        fprintf(stream, " # %04x, %s", card_file->fid, file->name->meaning);
    }
    fprintf(stream, "\n    kind: %s\n", kind_word(card_file, file->index));
    emit_sizes(stream, card_file);
    if (card_file->sfi != 0) {
        fprintf(stream, "    sfi: %u\n", card_file->sfi);
    }
    if (card_file->state != FILE_STATE_ACTIVATED) {
        fprintf(stream, "    state: %s\n", state_word(card_file->state));
    }
    emit_rule_reference(file);
    if (notes != NULL && notes[file->index] != NULL) {
        fprintf(stream, "    # %s\n", notes[file->index]);
    }
    emit_content(file);
}

static size_t count_listed_records(const struct file_list *list)
{
    size_t listed = 0;
    for (size_t i = 0; i < list->count; i++) {
        const size_t count = has_records(&list->files[i].file) ? used_records(&list->files[i]) : 0;
        listed += count <= LISTED_RECORDS_MAX ? count : 0;
    }
    return listed;
}

void emit_all_files(struct emitting *emitting)
{
    const struct file_list list = emit_files(emitting);
    emitting->lists_records = count_listed_records(&list) <= LISTED_IN_ALL_MAX;
    fputs("\nfiles:\n", emitting->stream);
    for (size_t i = 0; i < list.count; i++) {
        const struct emitted_file file = {.emitting = emitting,
                                          .index = (uint8_t)i,
                                          .described = &list.files[i],
                                          .name = file_path_name(&list, (uint8_t)i)};
        emit_file(&file);
    }
}
