/* card_layout.c: the tables at the head of the card's memory, read, written and checked. */
#include "uicc/card_layout.h"

#include <string.h>

#include "base/secret.h"
#include "uicc/aka_keys.h"
#include "uicc/api_persist.h"
#include "uicc/gba_state.h"
#include "uicc/suspension.h"

enum { LAYOUT_VERSION = 3, HEAD_SIZE = 25, PIN_ENTRY_SIZE = 7, APPLICATION_ENTRY_SIZE = 44 };

/* Where the tables stand */

size_t card_layout_file_offset(uint8_t index)
{
    return HEAD_SIZE + (size_t)index * CARD_FILE_ENTRY_SIZE;
}

static size_t pin_offset(const struct card_layout *layout, uint8_t index)
{
    return card_layout_file_offset(layout->file_slots) + (size_t)index * PIN_ENTRY_SIZE;
}

static size_t application_offset(const struct card_layout *layout, uint8_t index)
{
    return pin_offset(layout, layout->pin_count) + (size_t)index * APPLICATION_ENTRY_SIZE;
}

size_t card_layout_size(const struct card_layout *layout)
{
    return application_offset(layout, layout->application_count);
}

static struct octet_reader reader_at(const struct card_layout *layout, size_t offset, size_t length)
{
    return octet_reader_of(octets_of(layout->data.data + offset, length));
}

/* Head */

void card_layout_write_head(struct octet_writer *writer, const struct card_layout *layout)
{
    octet_writer_u8(writer, LAYOUT_VERSION);
    octet_writer_u8(writer, layout->file_slots);
    octet_writer_u8(writer, layout->pin_count);
    octet_writer_u8(writer, layout->application_count);
    octet_writer_u32(writer, layout->nonce_counter);
    octet_writer_u32(writer, layout->suspension);
    octet_writer_u8(writer, layout->persisted_key_count);
    octet_writer_u32(writer, layout->persisted_keys);
    octet_writer_u32(writer, layout->heap);
    octet_writer_u32(writer, layout->heap_end);
}

static bool read_head(struct octets data, struct card_layout *layout)
{
    struct octet_reader reader = octet_reader_of(data);
    const uint8_t version = octet_reader_u8(&reader);
    layout->data = data;
    layout->file_slots = octet_reader_u8(&reader);
    layout->pin_count = octet_reader_u8(&reader);
    layout->application_count = octet_reader_u8(&reader);
    layout->nonce_counter = octet_reader_u32(&reader);
    layout->suspension = octet_reader_u32(&reader);
    layout->persisted_key_count = octet_reader_u8(&reader);
    layout->persisted_keys = octet_reader_u32(&reader);
    layout->heap = octet_reader_u32(&reader);
    layout->heap_end = octet_reader_u32(&reader);
    return !reader.failed && version == LAYOUT_VERSION && layout->file_slots >= 1 &&
           layout->file_slots <= CARD_MAX_FILES && layout->pin_count <= CARD_MAX_PINS &&
           layout->application_count <= CARD_MAX_APPLICATIONS && layout->persisted_key_count <= CARD_MAX_PERSISTED_KEYS;
}

/* Files */

void card_layout_write_file(struct octet_writer *writer, const struct card_file *file)
{
    octet_writer_u16(writer, file->fid);
    octet_writer_u8(writer, (uint8_t)file->kind);
    octet_writer_u8(writer, file->parent);
    octet_writer_u8(writer, file->application);
    octet_writer_u8(writer, file->sfi);
    octet_writer_u8(writer, file->arr_file);
    octet_writer_u8(writer, file->arr_record);
    octet_writer_u8(writer, (uint8_t)file->state);
    octet_writer_u8(writer, file->record_count);
    octet_writer_u8(writer, file->first_record);
    octet_writer_u8(writer, 0);
    octet_writer_u16(writer, file->size);
    octet_writer_u16(writer, file->record_length);
    octet_writer_u32(writer, file->body);
}

struct card_file card_layout_file(const struct card_layout *layout, uint8_t index)
{
    struct card_file file;
    struct octet_reader reader = reader_at(layout, card_layout_file_offset(index), CARD_FILE_ENTRY_SIZE);
    file.fid = octet_reader_u16(&reader);
    file.kind = (enum file_kind)octet_reader_u8(&reader);
    file.parent = octet_reader_u8(&reader);
    file.application = octet_reader_u8(&reader);
    file.sfi = octet_reader_u8(&reader);
    file.arr_file = octet_reader_u8(&reader);
    file.arr_record = octet_reader_u8(&reader);
    file.state = (enum file_state)octet_reader_u8(&reader);
    file.record_count = octet_reader_u8(&reader);
    file.first_record = octet_reader_u8(&reader);
    (void)octet_reader_u8(&reader);
    file.size = octet_reader_u16(&reader);
    file.record_length = octet_reader_u16(&reader);
    file.body = octet_reader_u32(&reader);
    return file;
}

uint8_t card_layout_find_file(const struct card_layout *layout, uint8_t parent, uint16_t fid)
{
    const uint8_t *entry = layout->data.data + card_layout_file_offset(0);
    const uint8_t wanted[2] = {(uint8_t)(fid >> 8), (uint8_t)fid};
    for (uint8_t i = 0; i < layout->file_slots; i++, entry += CARD_FILE_ENTRY_SIZE) {
        if (entry[0] == wanted[0] && entry[1] == wanted[1] && entry[2] != FILE_KIND_NONE && entry[3] == parent) {
            return i;
        }
    }
    return CARD_NO_INDEX;
}

/* PINs */

void card_layout_write_pin(struct octet_writer *writer, const struct card_pin *pin)
{
    octet_writer_u8(writer, pin->key_reference);
    octet_writer_u8(writer, pin->max_tries);
    octet_writer_u8(writer, pin->max_unblock_tries);
    octet_writer_u32(writer, pin->state);
}

struct card_pin card_layout_pin(const struct card_layout *layout, uint8_t index)
{
    struct card_pin pin;
    struct octet_reader reader = reader_at(layout, pin_offset(layout, index), PIN_ENTRY_SIZE);
    pin.key_reference = octet_reader_u8(&reader);
    pin.max_tries = octet_reader_u8(&reader);
    pin.max_unblock_tries = octet_reader_u8(&reader);
    pin.state = octet_reader_u32(&reader);
    return pin;
}

/* Applications */

enum { RULE_MASK_MAC = 0x01, RULE_FLIP_RES = 0x02 };

void card_layout_write_application(struct octet_writer *writer, const struct card_application *application)
{
    octet_writer_u8(writer, (uint8_t)application->kind);
    octet_writer_u8(writer, application->aid_length);
    octet_writer_put(writer, application->aid, CARD_AID_MAX);
    octet_writer_u8(writer, application->adf);
    octet_writer_u8(writer, application->pin);
    octet_writer_u8(writer, (uint8_t)application->algorithm);
    octet_writer_u8(writer, (uint8_t)((application->gba_rules.mask_mac ? RULE_MASK_MAC : 0) |
                                      (application->gba_rules.flip_res_bit ? RULE_FLIP_RES : 0)));
    octet_writer_u32(writer, application->sqn_delta);
    octet_writer_u32(writer, application->sqn_age_limit);
    octet_writer_u8(writer, application->naf_key_count);
    octet_writer_u8(writer, 0);
    octet_writer_u32(writer, application->keys);
    octet_writer_u32(writer, application->sqn);
    octet_writer_u32(writer, application->gba);
}

struct card_application card_layout_application(const struct card_layout *layout, uint8_t index)
{
    struct card_application application;
    struct octet_reader reader = reader_at(layout, application_offset(layout, index), APPLICATION_ENTRY_SIZE);
    application.kind = (enum application_kind)octet_reader_u8(&reader);
    application.aid_length = octet_reader_u8(&reader);
    octet_reader_copy(&reader, application.aid, CARD_AID_MAX);
    application.adf = octet_reader_u8(&reader);
    application.pin = octet_reader_u8(&reader);
    application.algorithm = (enum aka_algorithm)octet_reader_u8(&reader);
    const uint8_t rules = octet_reader_u8(&reader);
    application.gba_rules.mask_mac = (rules & RULE_MASK_MAC) != 0;
    application.gba_rules.flip_res_bit = (rules & RULE_FLIP_RES) != 0;
    application.sqn_delta = octet_reader_u32(&reader);
    application.sqn_age_limit = octet_reader_u32(&reader);
    application.naf_key_count = octet_reader_u8(&reader);
    (void)octet_reader_u8(&reader);
    application.keys = octet_reader_u32(&reader);
    application.sqn = octet_reader_u32(&reader);
    application.gba = octet_reader_u32(&reader);
    return application;
}

/* Checks: after them no index and no offset can lead outside. */

static bool lies_within(size_t start, size_t end, size_t offset, size_t length)
{
    return offset >= start && offset <= end && length <= end - offset;
}

/* States and keys stand between the tables and the heap, where no file's body reaches. */
static bool is_state(const struct card_layout *layout, size_t offset, size_t length)
{
    return lies_within(card_layout_size(layout), layout->heap, offset, length);
}

static bool is_directory(const struct card_layout *layout, size_t index)
{
    return index < layout->file_slots && card_layout_file(layout, (uint8_t)index).kind == FILE_KIND_DF;
}

/* A parent stands before its children, so that every path up ends. */
static bool parent_is_sound(const struct card_layout *layout, size_t index, uint8_t parent)
{
    return parent < index && is_directory(layout, parent);
}

static bool directory_is_sound(const struct card_layout *layout, size_t index, const struct card_file *file)
{
    if (file->size != 0 || (file->application != CARD_NO_INDEX && file->application >= layout->application_count)) {
        return false;
    }
    return file->parent == CARD_NO_INDEX || parent_is_sound(layout, index, file->parent);
}

static bool records_are_sound(const struct card_file *file)
{
    return file->record_length >= 1 && file->record_length <= 255 && file->record_count >= 1 &&
           file->record_count <= 254 && file->size == (size_t)file->record_length * file->record_count &&
           file->first_record < file->record_count && (file->kind == FILE_KIND_CYCLIC || file->first_record == 0);
}

static bool elementary_file_is_sound(const struct card_layout *layout, size_t index, const struct card_file *file)
{
    if (!parent_is_sound(layout, index, file->parent) || file->application != CARD_NO_INDEX || file->size == 0 ||
        !lies_within(layout->heap, layout->heap_end, file->body, file->size)) {
        return false;
    }
    switch ((int)file->kind) {
    case FILE_KIND_BER_TLV:
        return file->record_count == 0 && file->first_record == 0 && file->size >= 2 && file->size <= CARD_TLV_FILE_MAX;
    case FILE_KIND_TRANSPARENT:
        return file->record_count == 0 && file->first_record == 0;
    case FILE_KIND_LINEAR_FIXED:
    case FILE_KIND_CYCLIC:
        return records_are_sound(file);
    default:
        return false;
    }
}

static bool rule_reference_is_sound(const struct card_layout *layout, const struct card_file *file)
{
    if (file->arr_file >= layout->file_slots) {
        return false;
    }
    const struct card_file arr = card_layout_file(layout, file->arr_file);
    return arr.kind == FILE_KIND_LINEAR_FIXED && file->arr_record >= 1 && file->arr_record <= arr.record_count;
}

static bool state_is_known(enum file_state state)
{
    return state == FILE_STATE_CREATION || state == FILE_STATE_INITIALISATION || state == FILE_STATE_DEACTIVATED ||
           state == FILE_STATE_ACTIVATED || state == FILE_STATE_TERMINATED;
}

static bool file_is_sound(const struct card_layout *layout, size_t index)
{
    const struct card_file file = card_layout_file(layout, (uint8_t)index);
    if (file.kind == FILE_KIND_NONE) {
        return true;
    }
    const bool sound = file.kind == FILE_KIND_DF ? directory_is_sound(layout, index, &file)
                                                 : elementary_file_is_sound(layout, index, &file);
    return sound && rule_reference_is_sound(layout, &file) && file.sfi <= 30 && state_is_known(file.state);
}

/* A body that shares octets with another would let one file's rights reach into the other. */
static bool body_stands_alone(const struct card_layout *layout, uint8_t index)
{
    const struct card_file file = card_layout_file(layout, index);
    for (uint8_t i = 0; i < index && file.size > 0; i++) {
        const struct card_file other = card_layout_file(layout, i);
        if (other.kind != FILE_KIND_NONE && other.size > 0 && file.body < other.body + other.size &&
            other.body < file.body + file.size) {
            return false;
        }
    }
    return true;
}

static bool files_are_sound(const struct card_layout *layout)
{
    for (uint8_t i = 0; i < layout->file_slots; i++) {
        if (!file_is_sound(layout, i)) {
            return false;
        }
    }
    for (uint8_t i = 0; i < layout->file_slots; i++) {
        if (card_layout_file(layout, i).kind != FILE_KIND_NONE && !body_stands_alone(layout, i)) {
            return false;
        }
    }
    return is_directory(layout, CARD_MF_INDEX) && card_layout_file(layout, CARD_MF_INDEX).parent == CARD_NO_INDEX;
}

static bool keys_are_sound(const struct card_layout *layout, const struct card_application *application)
{
    struct aka_keys keys;
    const size_t size = aka_keys_size(application->algorithm);
    if (size == 0 || !is_state(layout, application->keys, size)) {
        return false;
    }
    struct octets octets = octets_of(layout->data.data + application->keys, size);
    const bool sound = aka_keys_read(octets, application->algorithm, &keys) == GBAU_OK;
    secret_wipe(&keys, sizeof keys);
    return sound;
}

static bool application_is_sound(const struct card_layout *layout, const struct card_application *application)
{
    if (application->aid_length < 5 || application->aid_length > CARD_AID_MAX ||
        application->pin >= layout->pin_count) {
        return false;
    }
    if (application->kind == APPLICATION_APPLET) {
        return application->adf == CARD_NO_INDEX;
    }
    return (application->kind == APPLICATION_USIM || application->kind == APPLICATION_ISIM) &&
           is_directory(layout, application->adf) && keys_are_sound(layout, application) &&
           application->naf_key_count <= CARD_MAX_NAF_KEYS && is_state(layout, application->sqn, SQN_STATE_SIZE) &&
           is_state(layout, application->gba, gba_state_size(application->naf_key_count));
}

static bool applications_are_sound(const struct card_layout *layout)
{
    for (uint8_t i = 0; i < layout->application_count; i++) {
        const struct card_application application = card_layout_application(layout, i);
        if (!application_is_sound(layout, &application)) {
            return false;
        }
    }
    return true;
}

static bool pins_are_sound(const struct card_layout *layout)
{
    for (uint8_t i = 0; i < layout->pin_count; i++) {
        if (!is_state(layout, card_layout_pin(layout, i).state, PIN_STATE_SIZE)) {
            return false;
        }
    }
    return true;
}

enum gbau_status card_layout_read(struct octets data, struct card_layout *layout)
{
    memset(layout, 0, sizeof *layout);
    if (!read_head(data, layout) || layout->heap_end > data.length || layout->heap > layout->heap_end ||
        card_layout_size(layout) > layout->heap) {
        return GBAU_E_CORRUPT;
    }
    const bool sound =
        is_state(layout, layout->nonce_counter, sizeof(uint64_t)) &&
        is_state(layout, layout->suspension, SUSPENSION_STATE_SIZE) &&
        is_state(layout, layout->persisted_keys, layout->persisted_key_count * (size_t)API_RECORD_SIZE) &&
        files_are_sound(layout) && pins_are_sound(layout) && applications_are_sound(layout);
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
