/* card_mapping.c: a file as a card's memory: changed in place, made durable by msync. */
#include "reader/card_mapping.h"

#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

static enum gbau_status mapping_write(void *context, size_t offset, const void *data, size_t length)
{
    struct card_mapping *mapping = context;
    memcpy(mapping->memory + offset, data, length);
    return GBAU_OK;
}

static enum gbau_status mapping_sync(void *context, size_t offset, size_t length)
{
    struct card_mapping *mapping = context;
    const size_t page_offset = offset % (size_t)sysconf(_SC_PAGESIZE);
    return msync(mapping->memory + offset - page_offset, length + page_offset, MS_SYNC) == 0 ? GBAU_OK : GBAU_E_STORAGE;
}

static enum gbau_status mapping_sync_nothing(void *context, size_t offset, size_t length)
{
    (void)context;
    (void)offset;
    (void)length;
    return GBAU_OK;
}

void card_mapping_close(struct card_mapping *mapping)
{
    if (mapping->memory != NULL) {
        (void)munmap(mapping->memory, mapping->size);
    }
    if (mapping->descriptor >= 0) {
        (void)flock(mapping->descriptor, LOCK_UN); /* closing would not do, while a forked process has a copy */
        (void)close(mapping->descriptor);
    }
    *mapping = (struct card_mapping){.descriptor = -1};
}

enum gbau_status card_mapping_map(struct card_mapping *mapping)
{
    mapping->memory = mmap(NULL, mapping->size, PROT_READ | PROT_WRITE, MAP_SHARED, mapping->descriptor, 0);
    if (mapping->memory == MAP_FAILED) {
        mapping->memory = NULL;
        return GBAU_E_MEMORY;
    }
    (void)madvise(mapping->memory, mapping->size, MADV_DONTDUMP);
    return GBAU_OK;
}

struct nvm_storage card_mapping_storage(struct card_mapping *mapping, enum card_durability durability)
{
    return (struct nvm_storage){
        .memory = mapping->memory,
        .size = mapping->size,
        .write = mapping_write,
        .sync = durability == CARD_DURABLE ? mapping_sync : mapping_sync_nothing,
        .context = mapping,
    };
}
