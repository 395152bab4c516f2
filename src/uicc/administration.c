/*
 * administration.c: ACTIVATE and DEACTIVATE FILE (TS 102 221 11.1.14, 11.1.15); CREATE, DELETE, TERMINATE and RESIZE
 * FILE (TS 102 222 clause 6).
 *
 * A file exists once its entry in the table does, and that is one write: a body is filled or copied before, where
 * nobody looks, so a power cut leaves the old file or the new one.
 */
#include <string.h>

#include "codec/ber_tlv.h"
#include "uicc/card_heap.h"
#include "uicc/file_access.h"
#include "uicc/file_system.h"

enum {
    TAG_FCP = 0x62,
    TAG_DESCRIPTOR = 0x82,
    TAG_FID = 0x83,
    TAG_LIFE_CYCLE = 0x8a,
    TAG_SECURITY = 0x8b,
    TAG_FILE_SIZE = 0x80,
    TAG_SFI = 0x88,
    SFI_MAX = 30,
    CHUNK = 1024 /* octets of one transaction that fills or copies */
};

static void change_entry(struct uicc *uicc, uint8_t index, const struct card_file *file)
{
    uint8_t entry[CARD_FILE_ENTRY_SIZE];
    struct octet_writer writer = octet_writer_of(entry, sizeof entry);
    card_layout_write_file(&writer, file);
    nvm_change(&uicc->nvm, card_layout_file_offset(index), entry, sizeof entry);
}

static enum status_word write_entry(struct uicc *uicc, uint8_t index, const struct card_file *file)
{
    nvm_begin(&uicc->nvm);
    change_entry(uicc, index, file);
    return sw_of_status(nvm_commit(&uicc->nvm));
}

/* ACTIVATE FILE, DEACTIVATE FILE, TERMINATE EF and DF: one table of changes of state */

struct state_change {
    uint8_t ins;
    enum access_mode mode;
    enum file_state state;
    bool of_directory;
    bool takes_path; /* in 102 221; in 102 222 an identifier only */
};

static const struct state_change state_changes[] = {
    {0x04, ACCESS_DEACTIVATE, FILE_STATE_DEACTIVATED, false, true},
    {0x44, ACCESS_ACTIVATE, FILE_STATE_ACTIVATED, false, true},
    {0xe8, ACCESS_TERMINATE, FILE_STATE_TERMINATED, false, false},
    {0xe6, ACCESS_TERMINATE, FILE_STATE_TERMINATED, true, false},
};

/* Only commands of the table come here. */
static const struct state_change *find_state_change(uint8_t ins)
{
    const struct state_change *change = state_changes;
    while (change->ins != ins) {
        change++;
    }
    return change;
}

/* The file that P1 and the data name: the current one, by identifier, or by a path. */
static enum status_word find_target(const struct uicc *uicc, const struct uicc_command *command, bool takes_path,
                                    uint8_t *index)
{
    enum { BY_FID = 0x00, FROM_MF = 0x08, FROM_DF = 0x09 };
    const struct uicc_channel *channel = command->channel;
    const size_t length = command->data.length;
    const bool by_path = takes_path && (command->p1 == FROM_MF || command->p1 == FROM_DF);
    if (command->p2 != 0 || (command->p1 != BY_FID && !by_path)) {
        return SW_WRONG_P1_P2;
    }
    if (by_path ? length < 2 || length % 2 != 0 : length != 0 && length != 2) {
        return SW_WRONG_LENGTH;
    }
    if (length == 0) {
        *index = channel->file;
        return *index == CARD_NO_INDEX ? SW_NO_EF_SELECTED : SW_OK;
    }
    if (by_path) {
        const uint8_t start = command->p1 == FROM_MF ? CARD_MF_INDEX : channel->directory;
        *index = file_system_find_path(uicc, channel, start, command->data);
    } else {
        *index = file_system_find(uicc, channel, (uint16_t)(command->data.data[0] << 8 | command->data.data[1]));
    }
    return *index == CARD_NO_INDEX ? SW_FILE_NOT_FOUND : SW_OK;
}

enum status_word command_change_file_state(struct uicc *uicc, const struct uicc_command *command,
                                           struct octet_writer *response)
{
    (void)response;
    uint8_t index = 0;
    const struct state_change *change = find_state_change(command->ins);
    enum status_word sw = find_target(uicc, command, change->takes_path, &index);
    if (sw != SW_OK) {
        return sw;
    }
    struct card_file file = card_layout_file(&uicc->layout, index);
    if ((file.kind == FILE_KIND_DF) != change->of_directory || index == CARD_MF_INDEX) {
        return SW_WRONG_STRUCTURE;
    }
    if (!access_rule_allows(uicc, &file, change->mode)) {
        return SW_SECURITY_STATUS;
    }
    if (file.state == FILE_STATE_TERMINATED) {
        return SW_CONDITIONS;
    }
    if (file.state == change->state) {
        return SW_OK;
    }
    file.state = change->state;
    return write_entry(uicc, index, &file);
}

/* CREATE FILE */

static enum status_word read_descriptor(struct octets descriptor, struct card_file *file)
{
    enum { SHAREABLE = 0x40 };
    struct octet_reader reader = octet_reader_of(descriptor);
    file->kind = (enum file_kind)(octet_reader_u8(&reader) | SHAREABLE);
    (void)octet_reader_u8(&reader); /* data coding: always 21 */
    switch ((int)file->kind) {
    case FILE_KIND_LINEAR_FIXED:
    case FILE_KIND_CYCLIC:
        file->record_length = octet_reader_u16(&reader);
        if (octet_reader_left(&reader) > 0) {
            (void)octet_reader_u8(&reader); /* number of records: follows from the size */
        }
        return file->record_length >= 1 && file->record_length <= 255 && octet_reader_end(&reader) == GBAU_OK
                   ? SW_OK
                   : SW_WRONG_DATA;
    case FILE_KIND_DF:
    case FILE_KIND_TRANSPARENT:
    case FILE_KIND_BER_TLV:
        return octet_reader_end(&reader) == GBAU_OK ? SW_OK : SW_WRONG_DATA;
    default:
        return SW_WRONG_DATA;
    }
}

/* Identifier of EF_ARR and record; the file is looked for from the new file's directory upwards. */
static bool read_security(const struct uicc *uicc, struct octets security, uint8_t directory, struct card_file *file)
{
    struct octet_reader reader = octet_reader_of(security);
    const uint16_t fid = octet_reader_u16(&reader);
    if (octet_reader_left(&reader) > 1) {
        (void)octet_reader_u8(&reader); /* a security environment, with its record behind it */
    }
    file->arr_record = octet_reader_u8(&reader);
    for (uint8_t place = directory;; place = file_system_parent(uicc, place)) {
        file->arr_file = file_system_find_child(uicc, place, fid);
        if (file->arr_file != CARD_NO_INDEX || place == CARD_MF_INDEX) {
            break;
        }
    }
    if (reader.failed || file->arr_file == CARD_NO_INDEX) {
        return false;
    }
    const struct card_file arr = card_layout_file(&uicc->layout, file->arr_file);
    return arr.kind == FILE_KIND_LINEAR_FIXED && file->arr_record >= 1 && file->arr_record <= arr.record_count;
}

static bool set_size(struct card_file *file, size_t size)
{
    if (size < 1 || size > UINT16_MAX || (file->kind == FILE_KIND_BER_TLV && (size < 4 || size > CARD_TLV_FILE_MAX))) {
        return false;
    }
    file->size = (uint16_t)size;
    if (file->record_length == 0) {
        return true;
    }
    const size_t records = size / file->record_length;
    file->record_count = (uint8_t)records;
    return size % file->record_length == 0 && records >= 1 && records <= 254;
}

static bool read_number(struct octets octets, size_t *number)
{
    *number = 0;
    for (size_t i = 0; i < octets.length; i++) {
        *number = *number << 8 | octets.data[i];
    }
    return octets.length >= 1 && octets.length <= 3;
}

static bool read_file_size(struct octets fcp, struct card_file *file)
{
    struct octets value;
    size_t size = 0;
    if (file->kind == FILE_KIND_DF) {
        return true;
    }
    return ber_tlv_find(fcp, TAG_FILE_SIZE, &value) == GBAU_OK && read_number(value, &size) && set_size(file, size);
}

/* Absent: the five lowest bits of the identifier; empty: none (TS 102 221 11.1.1.4.8). */
static bool read_sfi(struct octets fcp, struct card_file *file)
{
    struct octets value;
    if (file->kind == FILE_KIND_DF) {
        return true;
    }
    if (ber_tlv_find(fcp, TAG_SFI, &value) != GBAU_OK) {
        const uint8_t sfi = file->fid & SFI_MASK;
        file->sfi = sfi <= SFI_MAX ? sfi : 0;
        return true;
    }
    file->sfi = value.length == 0 ? 0 : value.data[0] >> 3;
    return value.length <= 1 && file->sfi <= SFI_MAX;
}

static bool read_life_cycle(struct octets fcp, struct card_file *file)
{
    struct octets value;
    file->state = FILE_STATE_ACTIVATED;
    if (ber_tlv_find(fcp, TAG_LIFE_CYCLE, &value) != GBAU_OK) {
        return true;
    }
    file->state = value.length == 1 ? (enum file_state)value.data[0] : FILE_STATE_CREATION;
    return file->state == FILE_STATE_ACTIVATED || (file->state == FILE_STATE_DEACTIVATED && file->kind != FILE_KIND_DF);
}

/* The content of the one template that the data is, objects to its last octet: a broken one is not one that is absent.
 */
static bool read_fcp(struct octets data, struct octets *fcp)
{
    struct octet_reader reader = octet_reader_of(data);
    struct ber_tlv tlv;
    if (!ber_tlv_next(&reader, &tlv) || tlv.tag != TAG_FCP || octet_reader_end(&reader) != GBAU_OK) {
        return false;
    }
    *fcp = tlv.value;
    reader = octet_reader_of(tlv.value);
    while (ber_tlv_next(&reader, &tlv)) {
    }
    return octet_reader_end(&reader) == GBAU_OK;
}

static enum status_word read_new_file(const struct uicc *uicc, const struct uicc_command *command,
                                      struct card_file *file)
{
    struct octets fcp;
    struct octets value;
    *file = (struct card_file){.parent = command->channel->directory, .application = CARD_NO_INDEX};
    if (!read_fcp(command->data, &fcp) || ber_tlv_find(fcp, TAG_DESCRIPTOR, &value) != GBAU_OK) {
        return SW_WRONG_DATA;
    }
    enum status_word sw = read_descriptor(value, file);
    if (sw != SW_OK) {
        return sw;
    }
    if (ber_tlv_find(fcp, TAG_FID, &value) != GBAU_OK || value.length != 2) {
        return SW_WRONG_DATA;
    }
    file->fid = (uint16_t)(value.data[0] << 8 | value.data[1]);
    const bool sound = ber_tlv_find(fcp, TAG_SECURITY, &value) == GBAU_OK &&
                       read_security(uicc, value, file->parent, file) && read_file_size(fcp, file) &&
                       read_sfi(fcp, file) && read_life_cycle(fcp, file);
    return sound ? SW_OK : SW_WRONG_DATA;
}

/* A slot behind the parent's: that is how the table shows that every path upwards ends. */
static uint8_t find_free_slot(const struct uicc *uicc, uint8_t parent)
{
    for (uint8_t i = parent + 1; i < uicc->layout.file_slots; i++) {
        if (card_layout_file(&uicc->layout, i).kind == FILE_KIND_NONE) {
            return i;
        }
    }
    return CARD_NO_INDEX;
}

static size_t depth_of(const struct uicc *uicc, uint8_t directory)
{
    size_t depth = 0;
    for (uint8_t place = directory; place != CARD_NO_INDEX; depth++) {
        place = card_layout_file(&uicc->layout, place).parent;
    }
    return depth;
}

static bool identifier_is_free(const struct uicc *uicc, const struct card_file *file)
{
    const bool reserved = file->fid == FID_MF || file->fid == FID_CURRENT_ADF || file->fid == 0x3fff ||
                          file->fid == 0xffff || file->fid == card_layout_file(&uicc->layout, file->parent).fid;
    return !reserved && file_system_find_child(uicc, file->parent, file->fid) == CARD_NO_INDEX;
}

static bool sfi_is_free(const struct uicc *uicc, const struct uicc_command *command, const struct card_file *file)
{
    return file->sfi == 0 || file_system_find_sfi(uicc, command->channel, file->sfi) == CARD_NO_INDEX;
}

/* Fills a place that no file owns yet, a chunk at a time. */
static enum gbau_status fill_place(struct uicc *uicc, size_t offset, uint8_t value, size_t size)
{
    enum gbau_status status = GBAU_OK;
    for (size_t done = 0; status == GBAU_OK && done < size; done += CHUNK) {
        nvm_begin(&uicc->nvm);
        nvm_fill(&uicc->nvm, offset + done, value, size - done < CHUNK ? size - done : CHUNK);
        status = nvm_commit(&uicc->nvm);
    }
    return status;
}

static enum status_word make_body(struct uicc *uicc, struct card_file *file)
{
    if (file->kind == FILE_KIND_DF) {
        return SW_OK;
    }
    if (!card_heap_find(&uicc->layout, file->size, &file->body)) {
        return SW_NO_MEMORY;
    }
    /* zeros in a file of objects say that none is there */
    const uint8_t filling = file->kind == FILE_KIND_BER_TLV ? 0x00 : 0xff;
    return sw_of_status(fill_place(uicc, file->body, filling, file->size));
}

enum status_word command_create_file(struct uicc *uicc, const struct uicc_command *command,
                                     struct octet_writer *response)
{
    (void)response;
    struct card_file file;
    if (command->p1 != 0 || command->p2 != 0) {
        return SW_WRONG_P1_P2;
    }
    enum status_word sw = read_new_file(uicc, command, &file);
    if (sw != SW_OK) {
        return sw;
    }
    const struct card_file parent = card_layout_file(&uicc->layout, file.parent);
    if (!access_rule_allows(uicc, &parent, file.kind == FILE_KIND_DF ? ACCESS_CREATE_DF : ACCESS_CREATE_EF)) {
        return SW_SECURITY_STATUS;
    }
    if (file_system_is_terminated(uicc, file.parent)) {
        return SW_CONDITIONS;
    }
    if (!identifier_is_free(uicc, &file) || !sfi_is_free(uicc, command, &file)) {
        return SW_FILE_EXISTS;
    }
    const uint8_t slot = find_free_slot(uicc, file.parent);
    if (slot == CARD_NO_INDEX || depth_of(uicc, file.parent) >= CARD_MAX_DEPTH) {
        return SW_NO_MEMORY;
    }
    sw = make_body(uicc, &file);
    if (sw == SW_OK) {
        sw = write_entry(uicc, slot, &file);
    }
    if (sw == SW_OK) {
        file_system_select(uicc, command->channel, slot);
    }
    return sw;
}

/* DELETE FILE */

/* True when `index` is `root` or stands below it. */
static bool lies_below(const struct uicc *uicc, uint8_t index, uint8_t root)
{
    uint8_t place = index;
    while (place != root && place != CARD_NO_INDEX) {
        place = card_layout_file(&uicc->layout, place).parent;
    }
    return place == root;
}

/* Rules of a file that stays must not go. */
static bool is_needed(const struct uicc *uicc, uint8_t root)
{
    for (uint8_t i = 0; i < uicc->layout.file_slots; i++) {
        const struct card_file file = card_layout_file(&uicc->layout, i);
        if (file.kind != FILE_KIND_NONE && !lies_below(uicc, i, root) && lies_below(uicc, file.arr_file, root)) {
            return true;
        }
    }
    return false;
}

/* One octet of each entry makes its slot free: so a tree of more than 150 files goes in one transaction. */
static enum status_word remove_files(struct uicc *uicc, uint8_t root)
{
    nvm_begin(&uicc->nvm);
    for (uint8_t i = root; i < uicc->layout.file_slots; i++) {
        if (card_layout_file(&uicc->layout, i).kind != FILE_KIND_NONE && lies_below(uicc, i, root)) {
            nvm_fill(&uicc->nvm, card_layout_file_offset(i) + CARD_FILE_KIND_OFFSET, FILE_KIND_NONE, 1);
        }
    }
    const enum gbau_status status = nvm_commit(&uicc->nvm);
    return status == GBAU_E_SPACE ? SW_NO_MEMORY : sw_of_status(status);
}

/* What is under way in a file ends when its body goes or moves. */
static void end_transfer_below(struct uicc *uicc, uint8_t root)
{
    if (lies_below(uicc, uicc->transfer.file, root)) {
        uicc->transfer = (struct uicc_transfer){0};
    }
}

/* Channels that stood in what is gone stand in `parent` now; free slots still tell where they hung. */
static void leave_files(struct uicc *uicc, uint8_t root, uint8_t parent)
{
    for (size_t i = 0; i < UICC_CHANNELS; i++) {
        struct uicc_channel *channel = &uicc->channels[i];
        if (channel->open && lies_below(uicc, channel->directory, root)) {
            file_system_select(uicc, channel, parent);
        } else if (channel->open && channel->file == root) {
            channel->file = CARD_NO_INDEX;
            channel->record = 0;
        }
    }
}

enum status_word command_delete_file(struct uicc *uicc, const struct uicc_command *command,
                                     struct octet_writer *response)
{
    (void)response;
    if (command->p1 != 0 || command->p2 != 0) {
        return SW_WRONG_P1_P2;
    }
    if (command->data.length != 2) {
        return SW_WRONG_LENGTH;
    }
    const uint16_t fid = (uint16_t)(command->data.data[0] << 8 | command->data.data[1]);
    uint8_t index = file_system_find_child(uicc, command->channel->directory, fid);
    if (index == CARD_NO_INDEX && card_layout_file(&uicc->layout, command->channel->directory).fid == fid) {
        index = command->channel->directory;
    }
    if (index == CARD_NO_INDEX) {
        return SW_FILE_NOT_FOUND;
    }
    const struct card_file file = card_layout_file(&uicc->layout, index);
    if (file.parent == CARD_NO_INDEX) {
        return SW_CONDITIONS; /* MF and ADFs stay */
    }
    const struct card_file parent = card_layout_file(&uicc->layout, file.parent);
    if (!access_rule_allows(uicc, &file, ACCESS_DELETE) && !access_rule_allows(uicc, &parent, ACCESS_DELETE_CHILD)) {
        return SW_SECURITY_STATUS;
    }
    if (is_needed(uicc, index)) {
        return SW_CONDITIONS;
    }
    enum status_word sw = remove_files(uicc, index);
    if (sw == SW_OK) {
        end_transfer_below(uicc, index);
        leave_files(uicc, index, file.parent);
    }
    return sw;
}

/* RESIZE FILE */

/* Octets of the body that keep their meaning, in pieces: a file of records is copied in the order of its records. */
static enum gbau_status copy_body(struct uicc *uicc, const struct card_file *from, const struct card_file *to)
{
    const size_t piece = from->record_length == 0 ? CHUNK : from->record_length;
    const size_t length = from->size < to->size ? from->size : to->size;
    enum gbau_status status = GBAU_OK;
    for (size_t done = 0; status == GBAU_OK && done < length; done += piece) {
        const size_t source = (done + (size_t)from->first_record * from->record_length) % from->size;
        nvm_begin(&uicc->nvm);
        nvm_change(&uicc->nvm, to->body + done, uicc->nvm.data + from->body + source,
                   length - done < piece ? length - done : piece);
        status = nvm_commit(&uicc->nvm);
    }
    return status;
}

static enum status_word resize_into_new_place(struct uicc *uicc, uint8_t index, const struct card_file *old,
                                              struct card_file *resized)
{
    enum status_word sw = make_body(uicc, resized);
    if (sw == SW_OK) {
        sw = sw_of_status(copy_body(uicc, old, resized));
    }
    return sw == SW_OK ? write_entry(uicc, index, resized) : sw;
}

/* Objects in a file are never cut. */
static bool objects_fit(const struct uicc *uicc, const struct card_file *old, size_t size)
{
    const uint8_t *body = uicc->nvm.data + old->body;
    return old->kind != FILE_KIND_BER_TLV || (size_t)(body[0] << 8 | body[1]) + 2 <= size;
}

/* A file whose rule is gone could not be opened any more, nor could the card. */
static bool rules_are_kept(const struct uicc *uicc, uint8_t arr, uint8_t record_count)
{
    for (uint8_t i = 0; i < uicc->layout.file_slots; i++) {
        const struct card_file file = card_layout_file(&uicc->layout, i);
        if (file.kind != FILE_KIND_NONE && file.arr_file == arr && file.arr_record > record_count) {
            return false;
        }
    }
    return true;
}

/* A current record that is gone is none any more. */
static void forget_lost_records(struct uicc *uicc, uint8_t index, uint8_t record_count)
{
    for (size_t i = 0; i < UICC_CHANNELS; i++) {
        struct uicc_channel *channel = &uicc->channels[i];
        if (channel->open && channel->file == index && channel->record > record_count) {
            channel->record = 0;
        }
    }
}

static enum status_word resize(struct uicc *uicc, uint8_t index, const struct card_file *old, struct card_file *resized)
{
    if (!rules_are_kept(uicc, index, resized->record_count)) {
        return SW_CONDITIONS;
    }
    end_transfer_below(uicc, index);
    resized->first_record = 0;
    const bool in_place = resized->size <= old->size && old->first_record == 0;
    const enum status_word sw =
        in_place ? write_entry(uicc, index, resized) : resize_into_new_place(uicc, index, old, resized);
    if (sw == SW_OK) {
        forget_lost_records(uicc, index, resized->record_count);
    }
    return sw;
}

enum status_word command_resize_file(struct uicc *uicc, const struct uicc_command *command,
                                     struct octet_writer *response)
{
    (void)response;
    struct octets fcp;
    struct octets value;
    size_t size = 0;
    if (command->p1 != 0 || command->p2 != 0) {
        return SW_WRONG_P1_P2;
    }
    if (!read_fcp(command->data, &fcp) || ber_tlv_find(fcp, TAG_FID, &value) != GBAU_OK || value.length != 2) {
        return SW_WRONG_DATA;
    }
    const uint16_t fid = (uint16_t)(value.data[0] << 8 | value.data[1]);
    const uint8_t index = file_system_find_child(uicc, command->channel->directory, fid);
    if (index == CARD_NO_INDEX) {
        return SW_FILE_NOT_FOUND;
    }
    const struct card_file old = card_layout_file(&uicc->layout, index);
    struct card_file resized = old;
    if (old.kind == FILE_KIND_DF) {
        return SW_FUNCTION_NOT_SUPPORTED; /* directories have no size of their own here */
    }
    if (!access_rule_allows_command(uicc, &old, command->ins)) {
        return SW_SECURITY_STATUS;
    }
    if (ber_tlv_find(fcp, TAG_FILE_SIZE, &value) != GBAU_OK || !read_number(value, &size) ||
        !set_size(&resized, size) || !objects_fit(uicc, &old, size)) {
        return SW_WRONG_DATA;
    }
    return resize(uicc, index, &old, &resized);
}
