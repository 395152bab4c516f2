/* card_description_read.c: describes a card that is there: the way back from its memory. */
#include "uicc/card_description.h"

#include <string.h>

#include "base/secret.h"
#include "uicc/aka.h"
#include "uicc/aka_keys.h"
#include "uicc/card_heap.h"

/* Of a file of data objects, the objects that are in use; of others, the whole body. */
static enum gbau_status content_of(const struct card_layout *layout, const struct card_file *file,
                                   struct octets *content)
{
    struct octet_reader reader = octet_reader_of(octets_of(layout->data.data + file->body, file->size));
    if (file->kind != FILE_KIND_BER_TLV) {
        *content = file->size == 0 ? (struct octets){0} : reader.input;
        return GBAU_OK;
    }
    *content = octet_reader_take(&reader, octet_reader_u16(&reader));
    return reader.failed ? GBAU_E_CORRUPT : GBAU_OK;
}

/* Slots that are free are left out, so an index in the card is not always that in the description. */
static enum gbau_status read_files(const struct card_layout *layout, struct card_parts *parts,
                                   uint8_t numbers[CARD_NO_INDEX + 1], size_t *count)
{
    enum gbau_status status = GBAU_OK;
    *count = 0;
    memset(numbers, CARD_NO_INDEX, CARD_NO_INDEX + 1);
    for (uint8_t i = 0; i < layout->file_slots; i++) {
        if (card_layout_file(layout, i).kind != FILE_KIND_NONE) {
            numbers[i] = (uint8_t)(*count)++;
        }
    }
    for (uint8_t i = 0; i < layout->file_slots && status == GBAU_OK; i++) {
        if (numbers[i] != CARD_NO_INDEX) {
            struct described_file *described = &parts->files[numbers[i]];
            described->file = card_layout_file(layout, i);
            status = content_of(layout, &described->file, &described->content);
            described->file.parent = numbers[described->file.parent];
            described->file.arr_file = numbers[described->file.arr_file];
        }
    }
    return status;
}

static void read_pins(const struct card_layout *layout, struct card_parts *parts)
{
    for (uint8_t i = 0; i < layout->pin_count; i++) {
        const struct card_pin pin = card_layout_pin(layout, i);
        parts->pins[i] = (struct described_pin){
            .key_reference = pin.key_reference, .max_tries = pin.max_tries, .max_unblock_tries = pin.max_unblock_tries};
        pin_state_read(layout->data.data + pin.state, &parts->pins[i].state);
    }
}

/* An earlier application with the same keys and SQN, or CARD_NO_INDEX. */
static uint8_t find_shared(const struct card_parts *parts, const struct card_application *entry, uint8_t count)
{
    for (uint8_t i = 0; i < count; i++) {
        const struct described_application *other = &parts->applications[i];
        if (other->entry.kind != APPLICATION_APPLET && other->shares == CARD_NO_INDEX &&
            other->entry.keys == entry->keys && other->entry.sqn == entry->sqn &&
            other->entry.algorithm == entry->algorithm) {
            return i;
        }
    }
    return CARD_NO_INDEX;
}

static enum gbau_status read_functions(const struct card_layout *layout, const struct card_application *entry,
                                       struct aka_functions *functions, struct milenage_constants *constants)
{
    struct aka_keys keys;
    const struct octets octets = octets_of(layout->data.data + entry->keys, aka_keys_size(entry->algorithm));
    enum gbau_status status = aka_keys_read(octets, entry->algorithm, &keys);
    if (status == GBAU_OK) {
        *functions = keys.functions;
    }
    if (status == GBAU_OK && entry->algorithm == AKA_ALGORITHM_MILENAGE &&
        functions->keys.milenage.constants == &keys.constants) {
        *constants = keys.constants;
        functions->keys.milenage.constants = constants;
    }
    secret_wipe(&keys, sizeof keys);
    return status;
}

static enum gbau_status read_application(const struct uicc *uicc, struct card_parts *parts, uint8_t index)
{
    struct described_application *application = &parts->applications[index];
    struct card_application *entry = &application->entry;
    application->shares = CARD_NO_INDEX;
    if (entry->kind == APPLICATION_APPLET) {
        return GBAU_OK;
    }
    application->shares = find_shared(parts, entry, index);
    if (application->shares != CARD_NO_INDEX) {
        return GBAU_OK;
    }
    for (size_t ind = 0; ind < SQN_ENTRIES; ind++) {
        application->sqn[ind] = aka_sqn_of_ind(uicc, entry, ind);
    }
    return read_functions(&uicc->layout, entry, &application->functions, &parts->constants[index]);
}

enum gbau_status card_description_read(const struct uicc *uicc, struct card_parts *parts,
                                       struct card_description *description)
{
    uint8_t numbers[CARD_NO_INDEX + 1];
    const struct card_layout *layout = &uicc->layout;
    memset(parts, 0, sizeof *parts);
    *description = (struct card_description){.files = parts->files,
                                             .pins = parts->pins,
                                             .pin_count = layout->pin_count,
                                             .applications = parts->applications,
                                             .application_count = layout->application_count,
                                             .persisted_key_count = layout->persisted_key_count,
                                             .free_size = card_heap_free(layout)};
    enum gbau_status status = read_files(layout, parts, numbers, &description->file_count);
    description->free_slots = layout->file_slots - description->file_count;
    read_pins(layout, parts);
    for (uint8_t i = 0; i < layout->application_count && status == GBAU_OK; i++) {
        struct card_application *entry = &parts->applications[i].entry;
        *entry = card_layout_application(layout, i);
        entry->adf = numbers[entry->adf];
        status = read_application(uicc, parts, i);
    }
    return status;
}
