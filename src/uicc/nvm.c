/* nvm.c: the card's memory: a redo journal in two halves over pages with checksums. */
#include "uicc/nvm.h"

#include <string.h>

#include "base/secret.h"
#include "uicc/crc32c.h"

#define MAGIC "gbauUICC"

enum {
    VERSION = 1,
    MAGIC_SIZE = 8,
    HEADER_SIZE = 64, /* magic (8) version (2) data size (4) record magic (8) crc (4), rest zero */
    RECORD_MAGIC_OFFSET = MAGIC_SIZE + 2 + 4,
    CRC_SIZE = 4,
    MARK_SIZE = 64,      /* MARK_TURNS places, rest unused */
    MARK_TURN_SIZE = 12, /* sequence (8) crc (4) */
    MARK_TURNS = 5,      /* the highest sequence counts; each commit takes the next place, so that none wears out */
    /* a record: record magic (8) crc (4) sequence (8) length of changes (2) count of pages (2) changes, pages */
    RECORD_HEAD_SIZE = 24,
    RECORD_CRC_START = NVM_RECORD_MAGIC_SIZE + CRC_SIZE, /* what the crc covers begins after it */
    CHANGE_HEAD_SIZE = 6, /* offset (4) length (2) */
    PAGE_ENTRY_SIZE = 6   /* page (2) crc (4) */
};

/* A record as it stands in the journal. */
struct record {
    uint64_t sequence;
    struct octets changes;
    struct octets pages;
    size_t size;
};

static size_t page_count_of(size_t data_size)
{
    return (data_size + NVM_PAGE_SIZE - 1) / NVM_PAGE_SIZE;
}

static size_t crc_offset_of(size_t data_size)
{
    return HEADER_SIZE + page_count_of(data_size) * NVM_PAGE_SIZE;
}

static size_t mark_offset_of(size_t data_size)
{
    return crc_offset_of(data_size) + page_count_of(data_size) * CRC_SIZE;
}

size_t nvm_size_for(size_t data_size)
{
    return mark_offset_of(data_size) + MARK_SIZE + 2 * NVM_JOURNAL_HALF_SIZE;
}

static enum gbau_status write_storage(const struct nvm_storage *storage, size_t offset, const void *data,
                                      size_t length)
{
    if (offset > storage->size || length > storage->size - offset) {
        return GBAU_E_SPACE;
    }
    return storage->write(storage->context, offset, data, length);
}

/* Formatting */

static enum gbau_status write_pages(const struct nvm_storage *storage, struct octets data)
{
    for (size_t page = 0; page < page_count_of(data.length); page++) {
        uint8_t octets[NVM_PAGE_SIZE] = {0};
        uint8_t crc[CRC_SIZE];
        size_t start = page * NVM_PAGE_SIZE;
        size_t left = data.length - start;
        memcpy(octets, data.data + start, left < NVM_PAGE_SIZE ? left : NVM_PAGE_SIZE);
        struct octet_writer writer = octet_writer_of(crc, sizeof crc);
        octet_writer_u32(&writer, crc32c_of(octets, sizeof octets));
        enum gbau_status status = write_storage(storage, HEADER_SIZE + start, octets, sizeof octets);
        if (status == GBAU_OK) {
            status = write_storage(storage, crc_offset_of(data.length) + page * CRC_SIZE, crc, sizeof crc);
        }
        secret_wipe(octets, sizeof octets);
        if (status != GBAU_OK) {
            return status;
        }
    }
    return GBAU_OK;
}

static enum gbau_status write_zeros(const struct nvm_storage *storage, size_t offset, size_t length)
{
    static const uint8_t zeros[256];
    while (length > 0) {
        size_t step = length < sizeof zeros ? length : sizeof zeros;
        enum gbau_status status = write_storage(storage, offset, zeros, step);
        if (status != GBAU_OK) {
            return status;
        }
        offset += step;
        length -= step;
    }
    return GBAU_OK;
}

static void write_header(uint8_t header[HEADER_SIZE], size_t data_size,
                         const uint8_t record_magic[NVM_RECORD_MAGIC_SIZE])
{
    memset(header, 0, HEADER_SIZE);
    struct octet_writer writer = octet_writer_of(header, HEADER_SIZE);
    octet_writer_put(&writer, MAGIC, MAGIC_SIZE);
    octet_writer_u16(&writer, VERSION);
    octet_writer_u32(&writer, (uint32_t)data_size);
    octet_writer_put(&writer, record_magic, NVM_RECORD_MAGIC_SIZE);
    octet_writer_u32(&writer, crc32c_of(header, writer.length));
}

enum gbau_status nvm_format(const struct nvm_storage *storage, struct octets data,
                            const uint8_t record_magic[NVM_RECORD_MAGIC_SIZE])
{
    uint8_t header[HEADER_SIZE];
    if (page_count_of(data.length) > NVM_MAX_PAGES || storage->size < nvm_size_for(data.length)) {
        return GBAU_E_SPACE;
    }
    enum gbau_status status = write_pages(storage, data);
    if (status == GBAU_OK) {
        size_t mark_offset = mark_offset_of(data.length);
        status = write_zeros(storage, mark_offset, nvm_size_for(data.length) - mark_offset);
    }
    if (status == GBAU_OK) {
        status = storage->sync(storage->context, 0, storage->size);
    }
    if (status != GBAU_OK) {
        return status;
    }
    write_header(header, data.length, record_magic); /* last: without a header there is no memory */
    status = write_storage(storage, 0, header, sizeof header);
    return status == GBAU_OK ? storage->sync(storage->context, 0, sizeof header) : status;
}

/* Changing the data in place: what a record says, said once and perhaps again after a power failure. */

/* A change as a record describes it. */
struct change {
    size_t offset;
    struct octets octets;
};

static struct change take_change(struct octet_reader *changes)
{
    struct change change;
    change.offset = octet_reader_u32(changes);
    change.octets = octet_reader_take(changes, octet_reader_u16(changes));
    return change;
}

static enum gbau_status apply_changes(struct nvm *nvm, struct octets changes)
{
    struct octet_reader reader = octet_reader_of(changes);
    while (octet_reader_left(&reader) > 0) {
        const struct change change = take_change(&reader);
        if (reader.failed || change.offset > nvm->data_size ||
            change.octets.length > nvm->data_size - change.offset) {
            return GBAU_E_CORRUPT;
        }
        enum gbau_status status = write_storage(&nvm->storage, HEADER_SIZE + change.offset, change.octets.data,
                                                change.octets.length);
        if (status != GBAU_OK) {
            return status;
        }
    }
    return GBAU_OK;
}

static enum gbau_status apply_pages(struct nvm *nvm, struct octets pages)
{
    struct octet_reader reader = octet_reader_of(pages);
    while (octet_reader_left(&reader) > 0) {
        size_t page = octet_reader_u16(&reader);
        struct octets crc = octet_reader_take(&reader, CRC_SIZE);
        if (reader.failed || page >= page_count_of(nvm->data_size)) {
            return GBAU_E_CORRUPT;
        }
        enum gbau_status status =
            write_storage(&nvm->storage, nvm->crc_offset + page * CRC_SIZE, crc.data, crc.length);
        if (status != GBAU_OK) {
            return status;
        }
    }
    return GBAU_OK;
}

static enum gbau_status write_mark(struct nvm *nvm, uint64_t sequence)
{
    uint8_t mark[MARK_TURN_SIZE];
    struct octet_writer writer = octet_writer_of(mark, sizeof mark);
    octet_writer_u64(&writer, sequence);
    octet_writer_u32(&writer, crc32c_of(mark, 8));
    const size_t turn = (size_t)(sequence % MARK_TURNS);
    return write_storage(&nvm->storage, nvm->mark_offset + turn * MARK_TURN_SIZE, mark, sizeof mark);
}

static enum gbau_status apply_record(struct nvm *nvm, const struct record *record)
{
    enum gbau_status status = apply_changes(nvm, record->changes);
    if (status == GBAU_OK) {
        status = apply_pages(nvm, record->pages);
    }
    return status == GBAU_OK ? write_mark(nvm, record->sequence) : status;
}

/* Opening */

static const uint8_t *record_magic_of(const struct nvm *nvm)
{
    return nvm->storage.memory + RECORD_MAGIC_OFFSET;
}

static bool read_record(const struct nvm *nvm, struct octets half, size_t position, struct record *record)
{
    if (position > half.length) {
        return false;
    }
    struct octet_reader reader = octet_reader_of(octets_of(half.data + position, half.length - position));
    struct octets magic = octet_reader_take(&reader, NVM_RECORD_MAGIC_SIZE);
    uint32_t crc = octet_reader_u32(&reader);
    record->sequence = octet_reader_u64(&reader);
    size_t changes_length = octet_reader_u16(&reader);
    size_t page_count = octet_reader_u16(&reader);
    record->changes = octet_reader_take(&reader, changes_length);
    record->pages = octet_reader_take(&reader, page_count * PAGE_ENTRY_SIZE);
    record->size = reader.position;
    if (reader.failed || !octets_equal(magic, octets_of(record_magic_of(nvm), NVM_RECORD_MAGIC_SIZE))) {
        return false;
    }
    return crc == crc32c_of(half.data + position + RECORD_CRC_START, record->size - RECORD_CRC_START);
}

static struct octets half_of(const struct nvm *nvm, unsigned half)
{
    return octets_of(nvm->storage.memory + nvm->journal_offset + (size_t)half * NVM_JOURNAL_HALF_SIZE,
                     NVM_JOURNAL_HALF_SIZE);
}

/* Sequence number of the first record of a half; 0 when there is none. */
static uint64_t first_sequence(const struct nvm *nvm, unsigned half)
{
    struct record record;
    return read_record(nvm, half_of(nvm, half), 0, &record) ? record.sequence : 0;
}

/* Where the chain of records that begins a half ends; *sequence becomes that of its last record. */
static size_t follow_chain(const struct nvm *nvm, unsigned half, uint64_t *sequence)
{
    struct record record;
    size_t position = 0;
    while (read_record(nvm, half_of(nvm, half), position, &record) &&
           (position == 0 || record.sequence == *sequence + 1)) {
        *sequence = record.sequence;
        position += record.size;
    }
    return position;
}

/* A record later than the last one of the chain: something between them was damaged. */
static bool holds_later_record(const struct nvm *nvm, unsigned half, uint64_t sequence)
{
    const struct octets octets = half_of(nvm, half);
    const uint8_t *const end = octets.data + octets.length;
    const uint8_t *found = octets.data;
    struct record record;
    while ((found = memchr(found, record_magic_of(nvm)[0], (size_t)(end - found))) != NULL) {
        if (read_record(nvm, octets, (size_t)(found - octets.data), &record) && record.sequence > sequence) {
            return true;
        }
        found++;
    }
    return false;
}

/* The last sequence number that reached the data, as far as the mark can be trusted. */
static uint64_t read_mark(const struct nvm *nvm)
{
    uint64_t highest = 0;
    for (size_t turn = 0; turn < MARK_TURNS; turn++) {
        const uint8_t *mark = nvm->storage.memory + nvm->mark_offset + turn * MARK_TURN_SIZE;
        struct octet_reader reader = octet_reader_of(octets_of(mark, MARK_TURN_SIZE));
        const uint64_t sequence = octet_reader_u64(&reader);
        if (octet_reader_u32(&reader) == crc32c_of(mark, 8) && sequence > highest) {
            highest = sequence;
        }
    }
    return highest;
}

/* The records that a power failure may have kept from the data, half by half. */
struct journal {
    unsigned older; /* the half that was begun first */
    size_t end[2];  /* of the chain in each half */
    uint64_t sequence;
};

/* Looks without writing: a damaged memory is left as it is, so that it is found damaged the next time too. */
static enum gbau_status survey(const struct nvm *nvm, struct journal *journal)
{
    const uint64_t first[2] = {first_sequence(nvm, 0), first_sequence(nvm, 1)};
    const unsigned older = first[0] <= first[1] ? 0 : 1;
    *journal = (struct journal){.older = older};
    journal->end[older] = follow_chain(nvm, older, &journal->sequence);
    if (first[older] != 0 && first[1 - older] != journal->sequence + 1) {
        return GBAU_E_CORRUPT;
    }
    journal->end[1 - older] = follow_chain(nvm, 1 - older, &journal->sequence);
    bool damaged = read_mark(nvm) > journal->sequence || holds_later_record(nvm, 0, journal->sequence) ||
                   holds_later_record(nvm, 1, journal->sequence);
    return damaged ? GBAU_E_CORRUPT : GBAU_OK;
}

static enum gbau_status replay_half(struct nvm *nvm, unsigned half, size_t end)
{
    struct record record;
    enum gbau_status status = GBAU_OK;
    for (size_t position = 0; status == GBAU_OK && position < end; position += record.size) {
        status = read_record(nvm, half_of(nvm, half), position, &record) ? apply_record(nvm, &record) : GBAU_E_CORRUPT;
    }
    return status;
}

static enum gbau_status replay(struct nvm *nvm)
{
    struct journal journal;
    enum gbau_status status = survey(nvm, &journal);
    if (status == GBAU_OK) {
        status = replay_half(nvm, journal.older, journal.end[journal.older]);
    }
    if (status == GBAU_OK) {
        status = replay_half(nvm, 1 - journal.older, journal.end[1 - journal.older]);
    }
    nvm->half = 1 - journal.older;
    nvm->half_used = journal.end[nvm->half];
    nvm->sequence = journal.sequence;
    return status;
}

static enum gbau_status check_pages(const struct nvm *nvm)
{
    struct octet_reader crcs =
        octet_reader_of(octets_of(nvm->storage.memory + nvm->crc_offset, nvm->mark_offset - nvm->crc_offset));
    for (size_t page = 0; page < page_count_of(nvm->data_size); page++) {
        if (octet_reader_u32(&crcs) != crc32c_of(nvm->data + page * NVM_PAGE_SIZE, NVM_PAGE_SIZE)) {
            return GBAU_E_CORRUPT;
        }
    }
    return GBAU_OK;
}

static enum gbau_status read_header(const struct nvm_storage *storage, size_t *data_size)
{
    struct octet_reader reader = octet_reader_of(octets_of(storage->memory, storage->size));
    struct octets magic = octet_reader_take(&reader, MAGIC_SIZE);
    if (reader.failed || !octets_equal(magic, octets_of(MAGIC, MAGIC_SIZE))) {
        return GBAU_E_MALFORMED;
    }
    uint16_t version = octet_reader_u16(&reader);
    *data_size = octet_reader_u32(&reader);
    (void)octet_reader_take(&reader, NVM_RECORD_MAGIC_SIZE);
    size_t covered = reader.position;
    uint32_t crc = octet_reader_u32(&reader);
    if (reader.failed || crc != crc32c_of(storage->memory, covered)) {
        return GBAU_E_CORRUPT;
    }
    if (version != VERSION) {
        return GBAU_E_UNSUPPORTED;
    }
    bool fits = page_count_of(*data_size) <= NVM_MAX_PAGES && storage->size >= nvm_size_for(*data_size);
    return fits ? GBAU_OK : GBAU_E_CORRUPT;
}

enum gbau_status nvm_open(struct nvm *nvm, const struct nvm_storage *storage)
{
    size_t data_size = 0;
    enum gbau_status status = read_header(storage, &data_size);
    if (status != GBAU_OK) {
        return status;
    }
    *nvm = (struct nvm){
        .storage = *storage,
        .data = storage->memory + HEADER_SIZE,
        .data_size = data_size,
        .crc_offset = crc_offset_of(data_size),
        .mark_offset = mark_offset_of(data_size),
        .journal_offset = mark_offset_of(data_size) + MARK_SIZE,
    };
    status = replay(nvm);
    return status == GBAU_OK ? check_pages(nvm) : status;
}

/* Transactions */

void nvm_wipe_buffer(struct nvm *nvm)
{
    secret_wipe(nvm->record_buffer, nvm->record.length); /* beyond it nothing was ever left */
    nvm->record = octet_writer_of(nvm->record_buffer, 0);
}

void nvm_begin(struct nvm *nvm)
{
    nvm_wipe_buffer(nvm);
    nvm->record = octet_writer_of(nvm->record_buffer, sizeof nvm->record_buffer);
    (void)octet_writer_reserve(&nvm->record, RECORD_HEAD_SIZE);
}

static bool begin_change(struct nvm *nvm, size_t offset, size_t length)
{
    if (offset > nvm->data_size || length > nvm->data_size - offset || length > UINT16_MAX) {
        nvm->record.failed = true;
        return false;
    }
    octet_writer_u32(&nvm->record, (uint32_t)offset);
    octet_writer_u16(&nvm->record, (uint16_t)length);
    return true;
}

void nvm_change(struct nvm *nvm, size_t offset, const void *data, size_t length)
{
    if (length > 0 && begin_change(nvm, offset, length)) {
        octet_writer_put(&nvm->record, data, length);
    }
}

void nvm_fill(struct nvm *nvm, size_t offset, uint8_t value, size_t length)
{
    if (length > 0 && begin_change(nvm, offset, length)) {
        octet_writer_fill(&nvm->record, value, length);
    }
}

/* Copies the part of a change that lies in `page`. */
static void patch_page(uint8_t octets[NVM_PAGE_SIZE], size_t page, const struct change *change)
{
    const size_t page_start = page * NVM_PAGE_SIZE;
    const size_t change_end = change->offset + change->octets.length;
    const size_t start = change->offset > page_start ? change->offset : page_start;
    const size_t end = change_end < page_start + NVM_PAGE_SIZE ? change_end : page_start + NVM_PAGE_SIZE;
    if (start < end) {
        memcpy(octets + (start - page_start), change->octets.data + (start - change->offset), end - start);
    }
}

/* The CRC that a page will have once `changes` are made. */
static uint32_t future_crc(const struct nvm *nvm, struct octets changes, size_t page)
{
    uint8_t octets[NVM_PAGE_SIZE];
    memcpy(octets, nvm->data + page * NVM_PAGE_SIZE, sizeof octets);
    struct octet_reader reader = octet_reader_of(changes);
    while (octet_reader_left(&reader) > 0) {
        const struct change change = take_change(&reader);
        patch_page(octets, page, &change);
    }
    uint32_t crc = crc32c_of(octets, sizeof octets);
    secret_wipe(octets, sizeof octets);
    return crc;
}

static bool page_is_listed(struct octets pages, size_t page)
{
    struct octet_reader reader = octet_reader_of(pages);
    while (octet_reader_left(&reader) > 0) {
        if (octet_reader_u16(&reader) == page) {
            return true;
        }
        (void)octet_reader_take(&reader, CRC_SIZE);
    }
    return false;
}

/* Appends (page, CRC) for every page that the changes touch, each once. */
static void append_pages(struct nvm *nvm, struct octets changes)
{
    const size_t pages_start = nvm->record.length;
    struct octet_reader reader = octet_reader_of(changes);
    while (octet_reader_left(&reader) > 0 && !nvm->record.failed) {
        /* a page that is not listed yet is touched by this change and later ones only */
        const struct octets rest = octets_of(changes.data + reader.position, changes.length - reader.position);
        const struct change change = take_change(&reader);
        const size_t last_page = (change.offset + change.octets.length - 1) / NVM_PAGE_SIZE;
        for (size_t page = change.offset / NVM_PAGE_SIZE; page <= last_page; page++) {
            struct octets listed = octets_of(nvm->record_buffer + pages_start, nvm->record.length - pages_start);
            if (!page_is_listed(listed, page)) {
                octet_writer_u16(&nvm->record, (uint16_t)page);
                octet_writer_u32(&nvm->record, future_crc(nvm, rest, page));
            }
        }
    }
}

/* Completes the record in the buffer. */
static enum gbau_status finish_record(struct nvm *nvm, struct record *record)
{
    record->sequence = nvm->sequence + 1;
    record->changes = octets_of(nvm->record_buffer + RECORD_HEAD_SIZE, nvm->record.length - RECORD_HEAD_SIZE);
    append_pages(nvm, record->changes);
    if (nvm->record.failed) {
        return GBAU_E_SPACE;
    }
    size_t pages_start = RECORD_HEAD_SIZE + record->changes.length;
    record->size = nvm->record.length;
    record->pages = octets_of(nvm->record_buffer + pages_start, record->size - pages_start);

    struct octet_writer head = octet_writer_of(nvm->record_buffer, RECORD_HEAD_SIZE);
    octet_writer_put(&head, record_magic_of(nvm), NVM_RECORD_MAGIC_SIZE);
    octet_writer_u32(&head, 0);
    octet_writer_u64(&head, record->sequence);
    octet_writer_u16(&head, (uint16_t)record->changes.length);
    octet_writer_u16(&head, (uint16_t)(record->pages.length / PAGE_ENTRY_SIZE));
    struct octet_writer crc = octet_writer_of(nvm->record_buffer + NVM_RECORD_MAGIC_SIZE, CRC_SIZE);
    octet_writer_u32(&crc, crc32c_of(nvm->record_buffer + RECORD_CRC_START, record->size - RECORD_CRC_START));
    return GBAU_OK;
}

static enum gbau_status append_record(struct nvm *nvm, const struct record *record)
{
    unsigned half = nvm->half;
    size_t used = nvm->half_used;
    if (used + record->size > NVM_JOURNAL_HALF_SIZE) {
        half = 1 - half;
        used = 0;
    }
    size_t offset = nvm->journal_offset + (size_t)half * NVM_JOURNAL_HALF_SIZE + used;
    enum gbau_status status = write_storage(&nvm->storage, offset, nvm->record_buffer, record->size);
    if (status != GBAU_OK) {
        return status;
    }
    /* the first record of a half also answers for what the other half described, which is overwritten next */
    status = used == 0 ? nvm->storage.sync(nvm->storage.context, 0, nvm->storage.size)
                       : nvm->storage.sync(nvm->storage.context, offset, record->size);
    if (status != GBAU_OK) {
        return status;
    }
    nvm->half = half;
    nvm->half_used = used + record->size;
    nvm->sequence = record->sequence;
    return GBAU_OK;
}

enum gbau_status nvm_commit(struct nvm *nvm)
{
    struct record record;
    if (nvm->failed) {
        return GBAU_E_STORAGE;
    }
    if (nvm->record.length == RECORD_HEAD_SIZE && !nvm->record.failed) {
        return GBAU_OK;
    }
    enum gbau_status status = finish_record(nvm, &record);
    if (status != GBAU_OK) {
        return status;
    }
    status = append_record(nvm, &record);
    if (status == GBAU_OK) {
        status = apply_record(nvm, &record);
    }
    if (status != GBAU_OK) {
        nvm->failed = true; /* what is durable is unknown now: only opening anew can tell */
        return GBAU_E_STORAGE;
    }
    return GBAU_OK;
}
