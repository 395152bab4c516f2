/* card_description.c: lays a described card out in its memory: tables, states and keys, bodies. */
#include "uicc/card_description.h"

#include <string.h>

#include "base/secret.h"
#include "uicc/aka_keys.h"
#include "uicc/api_persist.h"
#include "uicc/gba_state.h"
#include "uicc/suspension.h"

static size_t body_size(const struct described_file *described)
{
    return described->file.kind == FILE_KIND_DF ? 0 : described->file.size;
}

static struct card_layout layout_of(const struct card_description *description)
{
    return (struct card_layout){
        .file_slots = (uint8_t)(description->file_count + description->free_slots),
        .pin_count = (uint8_t)description->pin_count,
        .application_count = (uint8_t)description->application_count,
        .persisted_key_count = (uint8_t)description->persisted_key_count,
    };
}

static size_t application_state_size(const struct described_application *application)
{
    if (application->entry.kind == APPLICATION_APPLET) {
        return 0;
    }
    const size_t own =
        application->shares == CARD_NO_INDEX ? aka_keys_size(application->functions.algorithm) + SQN_STATE_SIZE : 0;
    return own + gba_state_size(application->entry.naf_key_count);
}

/* States begin at a page, the first GBA state first: what changes with every bootstrapping stands in one page. */
static size_t states_offset(const struct card_layout *layout)
{
    return (card_layout_size(layout) + NVM_PAGE_SIZE - 1) / NVM_PAGE_SIZE * NVM_PAGE_SIZE;
}

/* Octets in front of the heap. */
static size_t front_size(const struct card_description *description)
{
    const struct card_layout layout = layout_of(description);
    size_t size = states_offset(&layout) + sizeof(uint64_t) + SUSPENSION_STATE_SIZE +
                  description->persisted_key_count * API_RECORD_SIZE + description->pin_count * PIN_STATE_SIZE;
    for (size_t i = 0; i < description->application_count; i++) {
        size += application_state_size(&description->applications[i]);
    }
    return size;
}

size_t card_description_used_size(const struct card_description *description)
{
    size_t size = front_size(description);
    for (size_t i = 0; i < description->file_count; i++) {
        size += body_size(&description->files[i]);
    }
    return size;
}

static size_t data_size(const struct card_description *description)
{
    const size_t size = card_description_used_size(description) + description->free_size;
    return (size + NVM_PAGE_SIZE - 1) / NVM_PAGE_SIZE * NVM_PAGE_SIZE;
}

static bool counts_are_possible(const struct card_description *description)
{
    return description->file_count >= 1 && description->file_count + description->free_slots <= CARD_MAX_FILES &&
           description->pin_count <= CARD_MAX_PINS && description->application_count <= CARD_MAX_APPLICATIONS &&
           description->persisted_key_count <= CARD_MAX_PERSISTED_KEYS && description->free_size <= CARD_DATA_MAX;
}

size_t card_description_memory_size(const struct card_description *description)
{
    if (!counts_are_possible(description)) {
        return 0;
    }
    const size_t size = data_size(description);
    return size <= CARD_DATA_MAX ? nvm_size_for(size) : 0;
}

/* States and keys */

static uint32_t position(const struct card_workspace *workspace)
{
    return (uint32_t)workspace->writer.length;
}

static void write_sqn_state(struct octet_writer *writer, const struct described_application *application)
{
    for (size_t ind = 0; ind < SQN_ENTRIES; ind++) {
        octet_writer_u48(writer, application->sqn[ind] & AKA_SQN_MASK);
    }
    octet_writer_fill(writer, 0, SQN_STATE_SIZE - SQN_ENTRIES * SQN_ENTRY_SIZE); /* the other turns */
}

/* Nothing bootstrapped, no key; the order of use is that of the entries. */
static void write_gba_state(struct octet_writer *writer, uint8_t naf_key_count)
{
    const size_t start = writer->length;
    octet_writer_fill(writer, 0, GBA_STATE_ORDER);
    for (size_t turn = 0; turn < GBA_ORDER_TURNS; turn++) {
        octet_writer_fill(writer, 0, GBA_ORDER_SERIAL_SIZE);
        for (uint8_t i = 0; i < naf_key_count; i++) {
            octet_writer_u8(writer, i);
        }
    }
    octet_writer_fill(writer, 0, gba_state_size(naf_key_count) - (writer->length - start));
}

/* Writes an application's state and gives the entry that points to it. `made` holds the entries before. */
static struct card_application write_application_state(struct card_workspace *workspace,
                                                       const struct described_application *application,
                                                       const struct card_application *made)
{
    struct card_application entry = application->entry;
    if (entry.kind == APPLICATION_APPLET) {
        entry.gba_rules = (struct gba_u_rules){0};
        entry.sqn_delta = entry.sqn_age_limit = 0;
        return entry;
    }
    entry.gba = position(workspace);
    write_gba_state(&workspace->writer, entry.naf_key_count);
    if (application->shares == CARD_NO_INDEX) {
        entry.algorithm = application->functions.algorithm;
        entry.keys = position(workspace);
        aka_keys_write(&workspace->writer, &application->functions);
        entry.sqn = position(workspace);
        write_sqn_state(&workspace->writer, application);
    } else {
        entry.algorithm = made[application->shares].algorithm;
        entry.keys = made[application->shares].keys;
        entry.sqn = made[application->shares].sqn;
    }
    return entry;
}

static void write_applications(struct card_workspace *workspace, const struct card_description *description,
                               struct card_application made[CARD_MAX_APPLICATIONS])
{
    for (size_t i = 0; i < description->application_count; i++) {
        made[i] = write_application_state(workspace, &description->applications[i], made);
    }
}

static void write_pin_states(struct card_workspace *workspace, const struct card_description *description,
                             struct card_pin made[CARD_MAX_PINS])
{
    for (size_t i = 0; i < description->pin_count; i++) {
        const struct described_pin *pin = &description->pins[i];
        made[i] = (struct card_pin){.key_reference = pin->key_reference,
                                    .max_tries = pin->max_tries,
                                    .max_unblock_tries = pin->max_unblock_tries,
                                    .state = position(workspace)};
        pin_state_write(&workspace->writer, &pin->state);
    }
}

/* Files */

static void write_body(struct octet_writer *writer, const struct described_file *described)
{
    const size_t start = writer->length;
    const size_t size = body_size(described);
    const bool holds_objects = described->file.kind == FILE_KIND_BER_TLV;
    if (holds_objects) {
        octet_writer_u16(writer, (uint16_t)described->content.length);
    }
    octet_writer_put_octets(writer, described->content);
    const size_t used = writer->length - start;
    writer->failed = writer->failed || used > size;
    octet_writer_fill(writer, holds_objects ? 0x00 : 0xff, writer->failed ? 0 : size - used);
}

/* Bodies go to the heap, entries to the front of the data. */
static void write_files(struct card_workspace *workspace, const struct card_description *description,
                        struct octet_writer *tables)
{
    static const struct card_file free_slot = {.parent = CARD_NO_INDEX, .application = CARD_NO_INDEX};
    for (size_t i = 0; i < description->file_count; i++) {
        struct card_file file = description->files[i].file;
        file.body = file.kind == FILE_KIND_DF ? 0 : position(workspace);
        write_body(&workspace->writer, &description->files[i]);
        card_layout_write_file(tables, &file);
    }
    for (size_t i = 0; i < description->free_slots; i++) {
        card_layout_write_file(tables, &free_slot);
    }
}

/* The tables' size is known beforehand, so states and bodies are laid behind them while they are written. */
static void write_data(struct card_workspace *workspace, const struct card_description *description, size_t size)
{
    struct card_application applications[CARD_MAX_APPLICATIONS];
    struct card_pin pins[CARD_MAX_PINS];
    struct card_layout *layout = &workspace->layout;
    *layout = layout_of(description);
    workspace->writer = octet_writer_of(workspace->data, size);
    const size_t tables_size = card_layout_size(layout);
    (void)octet_writer_reserve(&workspace->writer, states_offset(layout));

    write_applications(workspace, description, applications);
    layout->nonce_counter = position(workspace);
    octet_writer_u64(&workspace->writer, 1);
    layout->suspension = position(workspace);
    octet_writer_fill(&workspace->writer, 0, SUSPENSION_STATE_SIZE);
    layout->persisted_keys = position(workspace);
    octet_writer_fill(&workspace->writer, 0, description->persisted_key_count * API_RECORD_SIZE);
    write_pin_states(workspace, description, pins);
    layout->heap = position(workspace);
    layout->heap_end = (uint32_t)size;

    struct octet_writer tables = octet_writer_of(workspace->data, tables_size);
    card_layout_write_head(&tables, layout);
    write_files(workspace, description, &tables);
    for (size_t i = 0; i < description->pin_count; i++) {
        card_layout_write_pin(&tables, &pins[i]);
    }
    for (size_t i = 0; i < description->application_count; i++) {
        card_layout_write_application(&tables, &applications[i]);
    }
    workspace->writer.failed = workspace->writer.failed || tables.failed;
}

static bool applications_are_possible(const struct card_description *description)
{
    for (size_t i = 0; i < description->application_count; i++) {
        const struct described_application *application = &description->applications[i];
        if (application->entry.kind == APPLICATION_APPLET) {
            continue;
        }
        const bool has_keys = application->shares == CARD_NO_INDEX
                                  ? aka_functions_check(&application->functions) == GBAU_OK
                                  : application->shares < i &&
                                        description->applications[application->shares].shares == CARD_NO_INDEX &&
                                        description->applications[application->shares].entry.kind != APPLICATION_APPLET;
        if (!has_keys || application->entry.naf_key_count > CARD_MAX_NAF_KEYS) {
            return false;
        }
    }
    return true;
}

static enum gbau_status make_data(struct card_workspace *workspace, const struct card_description *description,
                                  size_t size)
{
    struct card_layout checked;
    write_data(workspace, description, size);
    if (workspace->writer.failed) {
        return GBAU_E_ARGUMENT; /* a content that is longer than its file */
    }
    return card_layout_read(octets_of(workspace->data, size), &checked) == GBAU_OK ? GBAU_OK : GBAU_E_ARGUMENT;
}

static enum gbau_status format(struct crypto *crypto, const struct nvm_storage *storage, struct octets data)
{
    uint8_t record_magic[NVM_RECORD_MAGIC_SIZE];
    enum gbau_status status = crypto_random(crypto, record_magic, sizeof record_magic);
    return status == GBAU_OK ? nvm_format(storage, data, record_magic) : status;
}

enum gbau_status card_description_make(const struct card_description *description, struct crypto *crypto,
                                       struct card_workspace *workspace, const struct nvm_storage *storage)
{
    if (!counts_are_possible(description) || !applications_are_possible(description)) {
        return GBAU_E_ARGUMENT;
    }
    const size_t size = data_size(description);
    if (size > CARD_DATA_MAX) {
        return GBAU_E_SPACE;
    }
    memset(workspace, 0, sizeof *workspace);
    enum gbau_status status = make_data(workspace, description, size);
    if (status == GBAU_OK) {
        status = format(crypto, storage, octets_of(workspace->data, size));
    }
    secret_wipe(workspace, sizeof *workspace);
    return status;
}
