/* card_layout.c: the tables at the head of the card's memory, read and written. */
#include "uicc/card_layout.h"

#include <string.h>

#include "uicc/gba_state.h"

enum {
    LAYOUT_VERSION = 1,
    HEAD_SIZE = 8,
    FILE_ENTRY_SIZE = 18,
    PIN_ENTRY_SIZE = 7,
    APPLICATION_ENTRY_SIZE = 40
};

size_t card_layout_size(const struct card_layout *layout)
{
    return HEAD_SIZE + (size_t)layout->file_count * FILE_ENTRY_SIZE + (size_t)layout->pin_count * PIN_ENTRY_SIZE +
           (size_t)layout->application_count * APPLICATION_ENTRY_SIZE;
}

static void write_file(struct octet_writer *writer, const struct card_file *file)
{
    octet_writer_u16(writer, file->fid);
    octet_writer_u8(writer, (uint8_t)file->kind);
    octet_writer_u8(writer, file->parent);
    octet_writer_u8(writer, file->application);
    octet_writer_u8(writer, file->sfi);
    octet_writer_u8(writer, file->arr_file);
    octet_writer_u8(writer, file->arr_record);
    octet_writer_u16(writer, file->size);
    octet_writer_u16(writer, file->record_length);
    octet_writer_u8(writer, file->record_count);
    octet_writer_u8(writer, 0);
    octet_writer_u32(writer, file->body);
}

static void read_file(struct octet_reader *reader, struct card_file *file)
{
    file->fid = octet_reader_u16(reader);
    file->kind = (enum file_kind)octet_reader_u8(reader);
    file->parent = octet_reader_u8(reader);
    file->application = octet_reader_u8(reader);
    file->sfi = octet_reader_u8(reader);
    file->arr_file = octet_reader_u8(reader);
    file->arr_record = octet_reader_u8(reader);
    file->size = octet_reader_u16(reader);
    file->record_length = octet_reader_u16(reader);
    file->record_count = octet_reader_u8(reader);
    (void)octet_reader_u8(reader);
    file->body = octet_reader_u32(reader);
}

static void write_pin(struct octet_writer *writer, const struct card_pin *pin)
{
    octet_writer_u8(writer, pin->key_reference);
    octet_writer_u8(writer, pin->max_tries);
    octet_writer_u8(writer, pin->max_unblock_tries);
    octet_writer_u32(writer, pin->state);
}

static void read_pin(struct octet_reader *reader, struct card_pin *pin)
{
    pin->key_reference = octet_reader_u8(reader);
    pin->max_tries = octet_reader_u8(reader);
    pin->max_unblock_tries = octet_reader_u8(reader);
    pin->state = octet_reader_u32(reader);
}

enum { RULE_MASK_MAC = 0x01, RULE_FLIP_RES = 0x02 };

static void write_application(struct octet_writer *writer, const struct card_application *application)
{
    octet_writer_u8(writer, application->aid_length);
    octet_writer_put(writer, application->aid, CARD_AID_MAX);
    octet_writer_u8(writer, application->adf);
    octet_writer_u8(writer, application->pin);
    octet_writer_u8(writer, (uint8_t)application->algorithm);
    octet_writer_u8(writer, (uint8_t)((application->gba_rules.mask_mac ? RULE_MASK_MAC : 0) |
                                      (application->gba_rules.flip_res_bit ? RULE_FLIP_RES : 0)));
    octet_writer_u32(writer, application->sqn_delta);
    octet_writer_u8(writer, application->naf_key_count);
    octet_writer_fill(writer, 0, 2);
    octet_writer_u32(writer, application->keys);
    octet_writer_u32(writer, application->sqn);
    octet_writer_u32(writer, application->gba);
}

static void read_application(struct octet_reader *reader, struct card_application *application)
{
    application->aid_length = octet_reader_u8(reader);
    octet_reader_copy(reader, application->aid, CARD_AID_MAX);
    application->adf = octet_reader_u8(reader);
    application->pin = octet_reader_u8(reader);
    application->algorithm = (enum aka_algorithm)octet_reader_u8(reader);
    uint8_t rules = octet_reader_u8(reader);
    application->gba_rules.mask_mac = (rules & RULE_MASK_MAC) != 0;
    application->gba_rules.flip_res_bit = (rules & RULE_FLIP_RES) != 0;
    application->sqn_delta = octet_reader_u32(reader);
    application->naf_key_count = octet_reader_u8(reader);
    (void)octet_reader_take(reader, 2);
    application->keys = octet_reader_u32(reader);
    application->sqn = octet_reader_u32(reader);
    application->gba = octet_reader_u32(reader);
}

void card_layout_write(struct octet_writer *writer, const struct card_layout *layout)
{
    octet_writer_u8(writer, LAYOUT_VERSION);
    octet_writer_u8(writer, layout->file_count);
    octet_writer_u8(writer, layout->pin_count);
    octet_writer_u8(writer, layout->application_count);
    octet_writer_u32(writer, layout->nonce_counter);
    for (size_t i = 0; i < layout->file_count; i++) {
        write_file(writer, &layout->files[i]);
    }
    for (size_t i = 0; i < layout->pin_count; i++) {
        write_pin(writer, &layout->pins[i]);
    }
    for (size_t i = 0; i < layout->application_count; i++) {
        write_application(writer, &layout->applications[i]);
    }
}

/* Checks: after them no index and no offset can lead outside. */

static bool lies_within(struct octets data, size_t offset, size_t length)
{
    return offset <= data.length && length <= data.length - offset;
}

static bool is_directory(const struct card_layout *layout, size_t index)
{
    return index < layout->file_count && layout->files[index].kind == FILE_KIND_DF;
}

static bool directory_is_sound(const struct card_layout *layout, size_t index)
{
    const struct card_file *file = &layout->files[index];
    if (file->size != 0 || (file->application != CARD_NO_INDEX && file->application >= layout->application_count)) {
        return false;
    }
    /* a parent stands before its children, so that every path up ends */
    return file->parent == CARD_NO_INDEX || (file->parent < index && is_directory(layout, file->parent));
}

static bool elementary_file_is_sound(struct octets data, const struct card_layout *layout, size_t index)
{
    const struct card_file *file = &layout->files[index];
    if (file->parent >= index || !is_directory(layout, file->parent) || file->application != CARD_NO_INDEX ||
        file->size == 0 || !lies_within(data, file->body, file->size)) {
        return false;
    }
    if (file->kind == FILE_KIND_TRANSPARENT) {
        return file->record_count == 0;
    }
    return file->kind == FILE_KIND_LINEAR_FIXED && file->record_length >= 1 && file->record_length <= 255 &&
           file->record_count >= 1 && file->record_count <= 254 &&
           file->size == (size_t)file->record_length * file->record_count;
}

static bool rule_reference_is_sound(const struct card_layout *layout, const struct card_file *file)
{
    return file->arr_file < layout->file_count && layout->files[file->arr_file].kind == FILE_KIND_LINEAR_FIXED &&
           file->arr_record >= 1 && file->arr_record <= layout->files[file->arr_file].record_count;
}

static bool files_are_sound(struct octets data, const struct card_layout *layout)
{
    for (size_t i = 0; i < layout->file_count; i++) {
        const struct card_file *file = &layout->files[i];
        bool sound = file->kind == FILE_KIND_DF ? directory_is_sound(layout, i)
                                                : elementary_file_is_sound(data, layout, i);
        if (!sound || !rule_reference_is_sound(layout, file) || file->sfi > 30) {
            return false;
        }
    }
    return is_directory(layout, CARD_MF_INDEX) && layout->files[CARD_MF_INDEX].parent == CARD_NO_INDEX;
}

static bool application_is_sound(struct octets data, const struct card_layout *layout,
                                 const struct card_application *application)
{
    if (application->aid_length < 5 || application->aid_length > CARD_AID_MAX ||
        application->pin >= layout->pin_count) {
        return false;
    }
    if (application->adf == CARD_NO_INDEX) {
        return true;
    }
    return is_directory(layout, application->adf) && application->algorithm == AKA_ALGORITHM_MILENAGE &&
           application->naf_key_count <= CARD_MAX_NAF_KEYS &&
           lies_within(data, application->keys, AKA_K_SIZE + AKA_OPC_SIZE) &&
           lies_within(data, application->sqn, SQN_ENTRIES * SQN_ENTRY_SIZE) &&
           lies_within(data, application->gba, gba_state_size(application->naf_key_count));
}

enum gbau_status card_layout_read(struct octets data, struct card_layout *layout)
{
    memset(layout, 0, sizeof *layout);
    struct octet_reader reader = octet_reader_of(data);
    uint8_t version = octet_reader_u8(&reader);
    layout->file_count = octet_reader_u8(&reader);
    layout->pin_count = octet_reader_u8(&reader);
    layout->application_count = octet_reader_u8(&reader);
    layout->nonce_counter = octet_reader_u32(&reader);
    if (reader.failed || version != LAYOUT_VERSION || layout->file_count > CARD_MAX_FILES ||
        layout->pin_count > CARD_MAX_PINS || layout->application_count > CARD_MAX_APPLICATIONS) {
        return GBAU_E_CORRUPT;
    }
    for (size_t i = 0; i < layout->file_count; i++) {
        read_file(&reader, &layout->files[i]);
    }
    for (size_t i = 0; i < layout->pin_count; i++) {
        read_pin(&reader, &layout->pins[i]);
        reader.failed = reader.failed || !lies_within(data, layout->pins[i].state, PIN_STATE_SIZE);
    }
    for (size_t i = 0; i < layout->application_count; i++) {
        read_application(&reader, &layout->applications[i]);
        reader.failed = reader.failed || !application_is_sound(data, layout, &layout->applications[i]);
    }
    bool sound = !reader.failed && lies_within(data, layout->nonce_counter, sizeof(uint64_t)) &&
                 files_are_sound(data, layout);
    return sound ? GBAU_OK : GBAU_E_CORRUPT;
}

void pin_state_write(struct octet_writer *writer, const struct pin_state *state)
{
    octet_writer_u8(writer, state->enabled ? 1 : 0);
    octet_writer_u8(writer, state->tries);
    octet_writer_u8(writer, state->unblock_tries);
    octet_writer_put(writer, state->value, PIN_VALUE_SIZE);
    octet_writer_put(writer, state->unblock_value, PIN_VALUE_SIZE);
}

void pin_state_read(const uint8_t octets[PIN_STATE_SIZE], struct pin_state *state)
{
    struct octet_reader reader = octet_reader_of(octets_of(octets, PIN_STATE_SIZE));
    state->enabled = octet_reader_u8(&reader) != 0;
    state->tries = octet_reader_u8(&reader);
    state->unblock_tries = octet_reader_u8(&reader);
    octet_reader_copy(&reader, state->value, PIN_VALUE_SIZE);
    octet_reader_copy(&reader, state->unblock_value, PIN_VALUE_SIZE);
}
