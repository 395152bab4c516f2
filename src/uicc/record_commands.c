/* record_commands.c: READ, UPDATE and SEARCH RECORD, INCREASE (TS 102 221 11.1.5 to 11.1.8). */
#include <string.h>

#include "uicc/file_access.h"

/* What the lower three bits of P2 mean. */
enum record_mode {
    RECORD_NEXT = 2,
    RECORD_PREVIOUS = 3,
    RECORD_ABSOLUTE = 4,
    SEARCH_FORWARD = 4,
    SEARCH_BACKWARD = 5,
    SEARCH_ENHANCED = 6,
    MODE_MASK = 7
};

static bool has_records(const struct card_file *file)
{
    return file->kind == FILE_KIND_LINEAR_FIXED || file->kind == FILE_KIND_CYCLIC;
}

static enum status_word find_record_file(struct uicc *uicc, const struct uicc_command *command, struct card_file *file)
{
    enum status_word sw = file_access_find(uicc, command, command->p2 >> 3, file);
    if (sw != SW_OK) {
        return sw;
    }
    return has_records(file) ? SW_OK : SW_WRONG_STRUCTURE;
}

/* Record 1 of a cyclic file is the one written last; the others follow in the order of their age. */
static size_t record_offset(const struct card_file *file, uint8_t record)
{
    const size_t place = ((size_t)file->first_record + record - 1) % file->record_count;
    return file->body + place * file->record_length;
}

/* "Next" and "previous" go round in a cyclic file; without a current record they begin at the first or the last. */
static int neighbour_of(const struct card_file *file, uint8_t current, uint8_t mode)
{
    const int count = file->record_count;
    if (current == 0) {
        return mode == RECORD_NEXT ? 1 : count;
    }
    const int wanted = mode == RECORD_NEXT ? current + 1 : current - 1;
    return file->kind == FILE_KIND_CYCLIC ? (wanted + count - 1) % count + 1 : wanted;
}

/* The record that P1 and P2 name; the record pointer moves with "next" and "previous" only. */
static enum status_word find_record(const struct uicc_command *command, const struct card_file *file, uint8_t *record)
{
    const uint8_t current = command->channel->record;
    const uint8_t mode = command->p2 & MODE_MASK;
    if (mode != RECORD_ABSOLUTE && (command->p1 != 0 || (mode != RECORD_NEXT && mode != RECORD_PREVIOUS))) {
        return SW_WRONG_P1_P2;
    }
    int wanted = command->p1 == 0 ? current : command->p1;
    if (mode != RECORD_ABSOLUTE) {
        wanted = neighbour_of(file, current, mode);
    }
    if (wanted < 1 || wanted > file->record_count) {
        return SW_RECORD_NOT_FOUND;
    }
    if (mode != RECORD_ABSOLUTE) {
        command->channel->record = (uint8_t)wanted;
    }
    *record = (uint8_t)wanted;
    return SW_OK;
}

enum status_word command_read_record(struct uicc *uicc, const struct uicc_command *command,
                                     struct octet_writer *response)
{
    struct card_file file;
    uint8_t record = 0;
    enum status_word sw = find_record_file(uicc, command, &file);
    if (sw == SW_OK) {
        sw = file_access_check(uicc, &file, ACCESS_READ);
    }
    if (sw != SW_OK) {
        return sw;
    }
    if (command->data.length > 0 || !command->has_le || (command->le < 256 && command->le != file.record_length)) {
        return SW_WRONG_LENGTH;
    }
    sw = find_record(command, &file, &record);
    if (sw == SW_OK) {
        octet_writer_put(response, uicc->nvm.data + record_offset(&file, record), file.record_length);
    }
    return sw;
}

/* UPDATE RECORD */

static uint8_t oldest_place(const struct card_file *file)
{
    return (uint8_t)((file->first_record + file->record_count - 1) % file->record_count);
}

/* Overwrites the oldest record of a cyclic file, which becomes record 1, all in one transaction. */
static enum status_word write_cyclic(struct uicc *uicc, const struct uicc_command *command, struct card_file *file,
                                     const uint8_t *data)
{
    uint8_t entry[CARD_FILE_ENTRY_SIZE];
    struct octet_writer writer = octet_writer_of(entry, sizeof entry);
    file->first_record = oldest_place(file);
    card_layout_write_file(&writer, file);
    nvm_begin(&uicc->nvm);
    nvm_change(&uicc->nvm, record_offset(file, 1), data, file->record_length);
    nvm_change(&uicc->nvm, card_layout_file_offset(command->channel->file), entry, sizeof entry);
    enum gbau_status status = nvm_commit(&uicc->nvm);
    if (status == GBAU_OK) {
        command->channel->record = 1;
    }
    return sw_of_status(status);
}

static enum status_word update_cyclic(struct uicc *uicc, const struct uicc_command *command, struct card_file *file)
{
    if ((command->p2 & MODE_MASK) != RECORD_PREVIOUS || command->p1 != 0) {
        return SW_WRONG_P1_P2;
    }
    return write_cyclic(uicc, command, file, command->data.data);
}

enum status_word command_update_record(struct uicc *uicc, const struct uicc_command *command,
                                       struct octet_writer *response)
{
    (void)response;
    struct card_file file;
    uint8_t record = 0;
    enum status_word sw = find_record_file(uicc, command, &file);
    if (sw == SW_OK) {
        sw = file_access_check(uicc, &file, ACCESS_UPDATE);
    }
    if (sw != SW_OK) {
        return sw;
    }
    if (command->data.length != file.record_length) {
        return SW_WRONG_LENGTH;
    }
    if (file.kind == FILE_KIND_CYCLIC) {
        return update_cyclic(uicc, command, &file);
    }
    sw = find_record(command, &file, &record);
    return sw == SW_OK ? file_access_write(uicc, record_offset(&file, record), command->data) : sw;
}

/* SEARCH RECORD */

/* What is looked for, where in a record, and in which order of records. */
struct search {
    struct octets pattern;
    bool after_octet; /* `start` is an octet after whose first occurrence the search begins; else an offset */
    uint8_t start;
    int first;
    int step;
};

/* Search indication of an enhanced search (11.1.7): direction and what the second octet means. */
static enum status_word read_indication(const struct uicc_command *command, struct search *search)
{
    enum { FORWARD = 4, BACKWARD = 5, FORWARD_FROM_NEXT = 6, BACKWARD_FROM_PREVIOUS = 7, AFTER_OCTET = 0x08 };
    struct octet_reader reader = octet_reader_of(command->data);
    const uint8_t kind = octet_reader_u8(&reader);
    const uint8_t direction = kind & MODE_MASK;
    search->after_octet = (kind & AFTER_OCTET) != 0;
    search->start = octet_reader_u8(&reader);
    search->pattern = octet_reader_take(&reader, octet_reader_left(&reader));
    if (reader.failed || search->pattern.length == 0) {
        return SW_WRONG_LENGTH;
    }
    if ((kind & 0xf0) != 0 || direction < FORWARD) {
        return SW_WRONG_DATA;
    }
    search->step = direction == FORWARD || direction == FORWARD_FROM_NEXT ? 1 : -1;
    if (direction == FORWARD_FROM_NEXT || direction == BACKWARD_FROM_PREVIOUS) {
        search->first = command->channel->record == 0 ? 0 : command->channel->record + search->step;
        if (search->first == 0 && command->channel->record != 0) {
            return SW_RECORD_NOT_FOUND; /* nothing comes before the first one */
        }
    }
    return SW_OK;
}

static enum status_word read_search(const struct uicc_command *command, const struct card_file *file,
                                    struct search *search)
{
    const uint8_t mode = command->p2 & MODE_MASK;
    *search = (struct search){.pattern = command->data, .first = command->p1, .step = mode == SEARCH_BACKWARD ? -1 : 1};
    if (command->p1 == 0) {
        search->first = command->channel->record;
    }
    if (mode == SEARCH_ENHANCED) {
        const enum status_word sw = read_indication(command, search);
        if (sw != SW_OK) {
            return sw;
        }
    } else if (mode != SEARCH_FORWARD && mode != SEARCH_BACKWARD) {
        return SW_WRONG_P1_P2;
    }
    if (search->pattern.length == 0 || search->pattern.length > file->record_length) {
        return SW_WRONG_LENGTH;
    }
    if (search->first == 0) { /* no current record: from the first, or backwards from the last */
        search->first = search->step > 0 ? 1 : file->record_count;
    }
    return search->first <= file->record_count ? SW_OK : SW_RECORD_NOT_FOUND;
}

static bool record_matches(struct octets record, const struct search *search)
{
    size_t start = search->start;
    if (search->after_octet) {
        const uint8_t *found = memchr(record.data, search->start, record.length);
        if (found == NULL) {
            return false;
        }
        start = (size_t)(found - record.data) + 1;
    }
    for (; start + search->pattern.length <= record.length; start++) {
        if (memcmp(record.data + start, search->pattern.data, search->pattern.length) == 0) {
            return true;
        }
    }
    return false;
}

enum status_word command_search_record(struct uicc *uicc, const struct uicc_command *command,
                                       struct octet_writer *response)
{
    struct card_file file;
    struct search search;
    enum status_word sw = find_record_file(uicc, command, &file);
    if (sw == SW_OK) {
        sw = file_access_check(uicc, &file, ACCESS_READ);
    }
    if (sw == SW_OK) {
        sw = read_search(command, &file, &search);
    }
    if (sw != SW_OK) {
        return sw;
    }
    const size_t wanted = command->has_le ? command->le : file.record_count;
    for (int record = search.first; record >= 1 && record <= file.record_count && response->length < wanted;
         record += search.step) {
        const uint8_t *content = uicc->nvm.data + record_offset(&file, (uint8_t)record);
        if (record_matches(octets_of(content, file.record_length), &search)) {
            octet_writer_u8(response, (uint8_t)record);
        }
    }
    if (response->length == 0) {
        return SW_NOTHING_FOUND;
    }
    command->channel->record = response->data[0];
    return SW_OK;
}

/* INCREASE */

/* sum += value, both big-endian; false when it does not fit. `value` is no longer than `sum`. */
static bool add(uint8_t *sum, size_t length, struct octets value)
{
    unsigned carry = 0;
    for (size_t i = 0; i < length; i++) {
        const unsigned added = i < value.length ? value.data[value.length - 1 - i] : 0;
        const unsigned total = sum[length - 1 - i] + added + carry;
        sum[length - 1 - i] = (uint8_t)total;
        carry = total >> 8;
    }
    return carry == 0;
}

enum status_word command_increase(struct uicc *uicc, const struct uicc_command *command, struct octet_writer *response)
{
    enum { USES_SFI = 0x80, VALUE_MAX = 0x7f };
    struct card_file file;
    uint8_t sum[255];
    if (command->p2 != 0 || (command->p1 != 0 && (command->p1 & 0xe0) != USES_SFI)) {
        return SW_WRONG_P1_P2;
    }
    enum status_word sw = file_access_find(uicc, command, command->p1 & SFI_MASK, &file);
    if (sw != SW_OK) {
        return sw;
    }
    if (file.kind != FILE_KIND_CYCLIC) {
        return SW_WRONG_STRUCTURE;
    }
    sw = file_access_check_state(uicc, &file);
    if (sw != SW_OK) {
        return sw;
    }
    if (!access_rule_allows_command(uicc, &file, command->ins)) {
        return SW_SECURITY_STATUS;
    }
    if (command->data.length == 0 || command->data.length > file.record_length || command->data.length > VALUE_MAX ||
        file.record_length > VALUE_MAX) {
        return SW_WRONG_LENGTH;
    }
    memcpy(sum, uicc->nvm.data + record_offset(&file, 1), file.record_length);
    if (!add(sum, file.record_length, command->data)) {
        return SW_INCREASE_TOO_LARGE;
    }
    sw = write_cyclic(uicc, command, &file, sum);
    octet_writer_put(response, sum, file.record_length);
    octet_writer_put_octets(response, command->data);
    return sw;
}
