/* nvm.c: the card's memory: a redo journal in two halves over pages with checksums. */
#include "uicc/nvm.h"

#include <string.h>

#include "base/secret.h"

#define MAGIC        "gbauUICC"
#define RECORD_MAGIC 0x47424a52U /* "GBJR" */

enum {
    VERSION = 1,
    MAGIC_SIZE = 8,
    HEADER_SIZE = 64, /* magic (8) version (2) data size (4) crc (4), rest zero */
    CRC_SIZE = 4,
    MARK_SIZE = 64, /* sequence (8) crc (4), rest unused */
    /* a record: magic (4) crc (4) sequence (8) length of changes (2) count of pages (2) changes, pages */
    RECORD_HEAD_SIZE = 20,
    RECORD_CRC_START = 8, /* what the crc covers begins after it */
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

/* CRC-32 (ISO-HDLC). */
static uint32_t crc32_of(const uint8_t *data, size_t length)
{
    static const uint32_t table[256] = {
        0x00000000U, 0x77073096U, 0xee0e612cU, 0x990951baU, 0x076dc419U, 0x706af48fU, 0xe963a535U, 0x9e6495a3U,
        0x0edb8832U, 0x79dcb8a4U, 0xe0d5e91eU, 0x97d2d988U, 0x09b64c2bU, 0x7eb17cbdU, 0xe7b82d07U, 0x90bf1d91U,
        0x1db71064U, 0x6ab020f2U, 0xf3b97148U, 0x84be41deU, 0x1adad47dU, 0x6ddde4ebU, 0xf4d4b551U, 0x83d385c7U,
        0x136c9856U, 0x646ba8c0U, 0xfd62f97aU, 0x8a65c9ecU, 0x14015c4fU, 0x63066cd9U, 0xfa0f3d63U, 0x8d080df5U,
        0x3b6e20c8U, 0x4c69105eU, 0xd56041e4U, 0xa2677172U, 0x3c03e4d1U, 0x4b04d447U, 0xd20d85fdU, 0xa50ab56bU,
        0x35b5a8faU, 0x42b2986cU, 0xdbbbc9d6U, 0xacbcf940U, 0x32d86ce3U, 0x45df5c75U, 0xdcd60dcfU, 0xabd13d59U,
        0x26d930acU, 0x51de003aU, 0xc8d75180U, 0xbfd06116U, 0x21b4f4b5U, 0x56b3c423U, 0xcfba9599U, 0xb8bda50fU,
        0x2802b89eU, 0x5f058808U, 0xc60cd9b2U, 0xb10be924U, 0x2f6f7c87U, 0x58684c11U, 0xc1611dabU, 0xb6662d3dU,
        0x76dc4190U, 0x01db7106U, 0x98d220bcU, 0xefd5102aU, 0x71b18589U, 0x06b6b51fU, 0x9fbfe4a5U, 0xe8b8d433U,
        0x7807c9a2U, 0x0f00f934U, 0x9609a88eU, 0xe10e9818U, 0x7f6a0dbbU, 0x086d3d2dU, 0x91646c97U, 0xe6635c01U,
        0x6b6b51f4U, 0x1c6c6162U, 0x856530d8U, 0xf262004eU, 0x6c0695edU, 0x1b01a57bU, 0x8208f4c1U, 0xf50fc457U,
        0x65b0d9c6U, 0x12b7e950U, 0x8bbeb8eaU, 0xfcb9887cU, 0x62dd1ddfU, 0x15da2d49U, 0x8cd37cf3U, 0xfbd44c65U,
        0x4db26158U, 0x3ab551ceU, 0xa3bc0074U, 0xd4bb30e2U, 0x4adfa541U, 0x3dd895d7U, 0xa4d1c46dU, 0xd3d6f4fbU,
        0x4369e96aU, 0x346ed9fcU, 0xad678846U, 0xda60b8d0U, 0x44042d73U, 0x33031de5U, 0xaa0a4c5fU, 0xdd0d7cc9U,
        0x5005713cU, 0x270241aaU, 0xbe0b1010U, 0xc90c2086U, 0x5768b525U, 0x206f85b3U, 0xb966d409U, 0xce61e49fU,
        0x5edef90eU, 0x29d9c998U, 0xb0d09822U, 0xc7d7a8b4U, 0x59b33d17U, 0x2eb40d81U, 0xb7bd5c3bU, 0xc0ba6cadU,
        0xedb88320U, 0x9abfb3b6U, 0x03b6e20cU, 0x74b1d29aU, 0xead54739U, 0x9dd277afU, 0x04db2615U, 0x73dc1683U,
        0xe3630b12U, 0x94643b84U, 0x0d6d6a3eU, 0x7a6a5aa8U, 0xe40ecf0bU, 0x9309ff9dU, 0x0a00ae27U, 0x7d079eb1U,
        0xf00f9344U, 0x8708a3d2U, 0x1e01f268U, 0x6906c2feU, 0xf762575dU, 0x806567cbU, 0x196c3671U, 0x6e6b06e7U,
        0xfed41b76U, 0x89d32be0U, 0x10da7a5aU, 0x67dd4accU, 0xf9b9df6fU, 0x8ebeeff9U, 0x17b7be43U, 0x60b08ed5U,
        0xd6d6a3e8U, 0xa1d1937eU, 0x38d8c2c4U, 0x4fdff252U, 0xd1bb67f1U, 0xa6bc5767U, 0x3fb506ddU, 0x48b2364bU,
        0xd80d2bdaU, 0xaf0a1b4cU, 0x36034af6U, 0x41047a60U, 0xdf60efc3U, 0xa867df55U, 0x316e8eefU, 0x4669be79U,
        0xcb61b38cU, 0xbc66831aU, 0x256fd2a0U, 0x5268e236U, 0xcc0c7795U, 0xbb0b4703U, 0x220216b9U, 0x5505262fU,
        0xc5ba3bbeU, 0xb2bd0b28U, 0x2bb45a92U, 0x5cb36a04U, 0xc2d7ffa7U, 0xb5d0cf31U, 0x2cd99e8bU, 0x5bdeae1dU,
        0x9b64c2b0U, 0xec63f226U, 0x756aa39cU, 0x026d930aU, 0x9c0906a9U, 0xeb0e363fU, 0x72076785U, 0x05005713U,
        0x95bf4a82U, 0xe2b87a14U, 0x7bb12baeU, 0x0cb61b38U, 0x92d28e9bU, 0xe5d5be0dU, 0x7cdcefb7U, 0x0bdbdf21U,
        0x86d3d2d4U, 0xf1d4e242U, 0x68ddb3f8U, 0x1fda836eU, 0x81be16cdU, 0xf6b9265bU, 0x6fb077e1U, 0x18b74777U,
        0x88085ae6U, 0xff0f6a70U, 0x66063bcaU, 0x11010b5cU, 0x8f659effU, 0xf862ae69U, 0x616bffd3U, 0x166ccf45U,
        0xa00ae278U, 0xd70dd2eeU, 0x4e048354U, 0x3903b3c2U, 0xa7672661U, 0xd06016f7U, 0x4969474dU, 0x3e6e77dbU,
        0xaed16a4aU, 0xd9d65adcU, 0x40df0b66U, 0x37d83bf0U, 0xa9bcae53U, 0xdebb9ec5U, 0x47b2cf7fU, 0x30b5ffe9U,
        0xbdbdf21cU, 0xcabac28aU, 0x53b39330U, 0x24b4a3a6U, 0xbad03605U, 0xcdd70693U, 0x54de5729U, 0x23d967bfU,
        0xb3667a2eU, 0xc4614ab8U, 0x5d681b02U, 0x2a6f2b94U, 0xb40bbe37U, 0xc30c8ea1U, 0x5a05df1bU, 0x2d02ef8dU,
    };
    uint32_t crc = 0xffffffffU;
    for (size_t i = 0; i < length; i++) {
        crc = table[(crc ^ data[i]) & 0xffU] ^ (crc >> 8);
    }
    return ~crc;
}

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
        octet_writer_u32(&writer, crc32_of(octets, sizeof octets));
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

static void write_header(uint8_t header[HEADER_SIZE], size_t data_size)
{
    memset(header, 0, HEADER_SIZE);
    struct octet_writer writer = octet_writer_of(header, HEADER_SIZE);
    octet_writer_put(&writer, MAGIC, MAGIC_SIZE);
    octet_writer_u16(&writer, VERSION);
    octet_writer_u32(&writer, (uint32_t)data_size);
    octet_writer_u32(&writer, crc32_of(header, writer.length));
}

enum gbau_status nvm_format(const struct nvm_storage *storage, struct octets data)
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
        status = storage->sync(storage->context);
    }
    if (status != GBAU_OK) {
        return status;
    }
    write_header(header, data.length); /* last: without a header there is no memory */
    status = write_storage(storage, 0, header, sizeof header);
    return status == GBAU_OK ? storage->sync(storage->context) : status;
}

/* Changing the data in place: what a record says, said once and perhaps again after a power failure. */

static enum gbau_status apply_changes(struct nvm *nvm, struct octets changes)
{
    struct octet_reader reader = octet_reader_of(changes);
    while (octet_reader_left(&reader) > 0) {
        size_t offset = octet_reader_u32(&reader);
        struct octets octets = octet_reader_take(&reader, octet_reader_u16(&reader));
        if (reader.failed || offset > nvm->data_size || octets.length > nvm->data_size - offset) {
            return GBAU_E_CORRUPT;
        }
        enum gbau_status status = write_storage(&nvm->storage, HEADER_SIZE + offset, octets.data, octets.length);
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
    uint8_t mark[12];
    struct octet_writer writer = octet_writer_of(mark, sizeof mark);
    octet_writer_u64(&writer, sequence);
    octet_writer_u32(&writer, crc32_of(mark, 8));
    return write_storage(&nvm->storage, nvm->mark_offset, mark, sizeof mark);
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

static bool read_record(struct octets half, size_t position, struct record *record)
{
    if (position > half.length) {
        return false;
    }
    struct octet_reader reader = octet_reader_of(octets_of(half.data + position, half.length - position));
    uint32_t magic = octet_reader_u32(&reader);
    uint32_t crc = octet_reader_u32(&reader);
    record->sequence = octet_reader_u64(&reader);
    size_t changes_length = octet_reader_u16(&reader);
    size_t page_count = octet_reader_u16(&reader);
    record->changes = octet_reader_take(&reader, changes_length);
    record->pages = octet_reader_take(&reader, page_count * PAGE_ENTRY_SIZE);
    record->size = reader.position;
    if (reader.failed || magic != RECORD_MAGIC) {
        return false;
    }
    return crc == crc32_of(half.data + position + RECORD_CRC_START, record->size - RECORD_CRC_START);
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
    return read_record(half_of(nvm, half), 0, &record) ? record.sequence : 0;
}

static enum gbau_status replay_half(struct nvm *nvm, unsigned half)
{
    struct octets octets = half_of(nvm, half);
    struct record record;
    size_t position = 0;
    while (read_record(octets, position, &record) && (position == 0 || record.sequence == nvm->sequence + 1)) {
        enum gbau_status status = apply_record(nvm, &record);
        if (status != GBAU_OK) {
            return status;
        }
        nvm->sequence = record.sequence;
        position += record.size;
    }
    nvm->half = half;
    nvm->half_used = position;
    return GBAU_OK;
}

/* A record later than the last one of the chain: something between them was damaged. */
static bool holds_later_record(struct octets half, uint64_t sequence)
{
    struct record record;
    for (size_t position = 0; position + RECORD_HEAD_SIZE <= half.length; position++) {
        if (half.data[position] == (RECORD_MAGIC >> 24) && read_record(half, position, &record) &&
            record.sequence > sequence) {
            return true;
        }
    }
    return false;
}

/* The last sequence number that reached the data, as far as the mark can be trusted. */
static uint64_t read_mark(const struct nvm *nvm)
{
    const uint8_t *mark = nvm->storage.memory + nvm->mark_offset;
    struct octet_reader reader = octet_reader_of(octets_of(mark, 12));
    uint64_t sequence = octet_reader_u64(&reader);
    return octet_reader_u32(&reader) == crc32_of(mark, 8) ? sequence : 0;
}

static enum gbau_status replay(struct nvm *nvm)
{
    const uint64_t mark = read_mark(nvm);
    const uint64_t first[2] = {first_sequence(nvm, 0), first_sequence(nvm, 1)};
    const unsigned older = first[0] <= first[1] ? 0 : 1;
    const unsigned newer = 1 - older;
    enum gbau_status status = GBAU_OK;
    if (first[older] != 0) {
        status = replay_half(nvm, older);
    }
    if (status == GBAU_OK && first[newer] != 0) {
        bool gap = first[older] != 0 && first[newer] != nvm->sequence + 1;
        status = gap ? GBAU_E_CORRUPT : replay_half(nvm, newer);
    }
    if (status != GBAU_OK) {
        return status;
    }
    bool damaged = mark > nvm->sequence || holds_later_record(half_of(nvm, 0), nvm->sequence) ||
                   holds_later_record(half_of(nvm, 1), nvm->sequence);
    return damaged ? GBAU_E_CORRUPT : GBAU_OK;
}

static enum gbau_status check_pages(const struct nvm *nvm)
{
    struct octet_reader crcs =
        octet_reader_of(octets_of(nvm->storage.memory + nvm->crc_offset, nvm->mark_offset - nvm->crc_offset));
    for (size_t page = 0; page < page_count_of(nvm->data_size); page++) {
        if (octet_reader_u32(&crcs) != crc32_of(nvm->data + page * NVM_PAGE_SIZE, NVM_PAGE_SIZE)) {
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
    size_t covered = reader.position;
    uint32_t crc = octet_reader_u32(&reader);
    if (reader.failed || crc != crc32_of(storage->memory, covered)) {
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

void nvm_begin(struct nvm *nvm)
{
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
static void patch_page(uint8_t octets[NVM_PAGE_SIZE], size_t page, size_t offset, struct octets change)
{
    size_t page_start = page * NVM_PAGE_SIZE;
    size_t start = offset > page_start ? offset : page_start;
    size_t end = offset + change.length;
    end = end < page_start + NVM_PAGE_SIZE ? end : page_start + NVM_PAGE_SIZE;
    if (start < end) {
        memcpy(octets + (start - page_start), change.data + (start - offset), end - start);
    }
}

/* The CRC that a page will have once all changes are made. */
static uint32_t future_crc(const struct nvm *nvm, struct octets changes, size_t page)
{
    uint8_t octets[NVM_PAGE_SIZE];
    memcpy(octets, nvm->data + page * NVM_PAGE_SIZE, sizeof octets);
    struct octet_reader reader = octet_reader_of(changes);
    while (octet_reader_left(&reader) > 0) {
        size_t offset = octet_reader_u32(&reader);
        struct octets change = octet_reader_take(&reader, octet_reader_u16(&reader));
        patch_page(octets, page, offset, change);
    }
    uint32_t crc = crc32_of(octets, sizeof octets);
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
        size_t offset = octet_reader_u32(&reader);
        size_t length = octet_reader_take(&reader, octet_reader_u16(&reader)).length;
        for (size_t page = offset / NVM_PAGE_SIZE; page <= (offset + length - 1) / NVM_PAGE_SIZE; page++) {
            struct octets listed = octets_of(nvm->record_buffer + pages_start, nvm->record.length - pages_start);
            if (!page_is_listed(listed, page)) {
                octet_writer_u16(&nvm->record, (uint16_t)page);
                octet_writer_u32(&nvm->record, future_crc(nvm, changes, page));
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
    octet_writer_u32(&head, RECORD_MAGIC);
    octet_writer_u32(&head, 0);
    octet_writer_u64(&head, record->sequence);
    octet_writer_u16(&head, (uint16_t)record->changes.length);
    octet_writer_u16(&head, (uint16_t)(record->pages.length / PAGE_ENTRY_SIZE));
    struct octet_writer crc = octet_writer_of(nvm->record_buffer + 4, CRC_SIZE);
    octet_writer_u32(&crc, crc32_of(nvm->record_buffer + RECORD_CRC_START, record->size - RECORD_CRC_START));
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
    status = nvm->storage.sync(nvm->storage.context);
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

void nvm_wipe_buffer(struct nvm *nvm)
{
    secret_wipe(nvm->record_buffer, sizeof nvm->record_buffer);
    nvm->record = octet_writer_of(nvm->record_buffer, 0);
}
