/* card_image.c: the card's memory as a mapped and locked file. */
#include "reader/card_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "crypto/openssl.h"

enum { PATH_SIZE = 4096 };

/* A file mapped as memory that can be written. */
struct mapping {
    int descriptor;
    uint8_t *memory;
    size_t size;
};

struct card_image {
    struct mapping mapping;
    struct nvm_storage storage;
    struct crypto crypto;
    struct uicc uicc;
};

static enum gbau_status mapping_write(void *context, size_t offset, const void *data, size_t length)
{
    struct mapping *mapping = context;
    memcpy(mapping->memory + offset, data, length);
    return GBAU_OK;
}

static enum gbau_status mapping_sync(void *context)
{
    struct mapping *mapping = context;
    return msync(mapping->memory, mapping->size, MS_SYNC) == 0 ? GBAU_OK : GBAU_E_STORAGE;
}

static enum gbau_status mapping_sync_nothing(void *context)
{
    (void)context;
    return GBAU_OK;
}

static void mapping_close(struct mapping *mapping)
{
    if (mapping->memory != NULL) {
        (void)munmap(mapping->memory, mapping->size);
    }
    if (mapping->descriptor >= 0) {
        (void)flock(mapping->descriptor, LOCK_UN); /* closing would not do, while a forked process has a copy */
        (void)close(mapping->descriptor);
    }
    *mapping = (struct mapping){.descriptor = -1};
}

static enum gbau_status mapping_map(struct mapping *mapping)
{
    mapping->memory = mmap(NULL, mapping->size, PROT_READ | PROT_WRITE, MAP_SHARED, mapping->descriptor, 0);
    if (mapping->memory == MAP_FAILED) {
        mapping->memory = NULL;
        return GBAU_E_MEMORY;
    }
    (void)madvise(mapping->memory, mapping->size, MADV_DONTDUMP); /* keys stay out of core dumps */
    return GBAU_OK;
}

static struct nvm_storage storage_of(struct mapping *mapping, enum card_durability durability)
{
    return (struct nvm_storage){
        .memory = mapping->memory,
        .size = mapping->size,
        .write = mapping_write,
        .sync = durability == CARD_DURABLE ? mapping_sync : mapping_sync_nothing,
        .context = mapping,
    };
}

/* Creation: under another name first, so that a half-made card never bears the right one. */

static enum gbau_status fill_new_file(struct mapping *mapping, const struct card_description *description,
                                      struct card_workspace *workspace)
{
    int error = posix_fallocate(mapping->descriptor, 0, (off_t)mapping->size);
    if (error != 0) {
        return GBAU_E_STORAGE;
    }
    enum gbau_status status = mapping_map(mapping);
    if (status != GBAU_OK) {
        return status;
    }
    struct nvm_storage storage = storage_of(mapping, CARD_DURABLE);
    struct crypto crypto;
    status = crypto_openssl_open(&crypto);
    if (status == GBAU_OK) {
        status = card_description_make(description, &crypto, workspace, &storage);
        crypto_openssl_close(&crypto);
    }
    return status;
}

static void sync_directory(const char *path)
{
    char directory[PATH_SIZE];
    (void)snprintf(directory, sizeof directory, "%s", path);
    char *slash = strrchr(directory, '/');
    if (slash != NULL) {
        slash[slash == directory ? 1 : 0] = '\0';
    }
    int descriptor = open(slash == NULL ? "." : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        (void)fsync(descriptor);
        (void)close(descriptor);
    }
}

static enum gbau_status publish(const char *temporary, const char *path, const struct log *log)
{
    if (link(temporary, path) != 0) {
        enum gbau_status status = errno == EEXIST ? GBAU_E_EXISTS : GBAU_E_STORAGE;
        log_error(log, "cannot make %s: %s", path, strerror(errno));
        return status;
    }
    sync_directory(path);
    return GBAU_OK;
}

static enum gbau_status create_described(const char *path, const struct card_description *description,
                                         struct card_workspace *workspace, const struct log *log)
{
    char temporary[PATH_SIZE];
    if (snprintf(temporary, sizeof temporary, "%s.%ld.new", path, (long)getpid()) >= (int)sizeof temporary) {
        log_error(log, "the name of the card file is too long");
        return GBAU_E_ARGUMENT;
    }
    struct mapping mapping = {.size = card_description_memory_size(description)};
    if (mapping.size == 0) {
        log_error(log, "cannot make the card %s: it is larger than a card can be", path);
        return GBAU_E_SPACE;
    }
    mapping.descriptor = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (mapping.descriptor < 0) {
        log_error(log, "cannot make %s: %s", path, strerror(errno));
        return GBAU_E_STORAGE;
    }
    enum gbau_status status = fill_new_file(&mapping, description, workspace);
    if (status == GBAU_OK) {
        status = publish(temporary, path, log);
    } else {
        log_error(log, "cannot make the card %s: %s", path, gbau_status_text(status));
    }
    mapping_close(&mapping);
    (void)unlink(temporary);
    return status;
}

enum gbau_status card_image_create_described(const char *path, const struct card_description *description,
                                             const struct log *log)
{
    struct card_workspace *workspace = malloc(sizeof *workspace);
    enum gbau_status status = GBAU_E_MEMORY;
    if (workspace != NULL) {
        status = create_described(path, description, workspace, log);
    }
    free(workspace); /* card_description_make has wiped it */
    return status;
}

enum gbau_status card_image_create(const char *path, const struct card_profile *profile, const struct log *log)
{
    struct card_description description;
    struct profile_workspace *workspace = malloc(sizeof *workspace);
    if (workspace == NULL) {
        return GBAU_E_MEMORY;
    }
    enum gbau_status status = card_profile_describe(profile, workspace, &description);
    if (status == GBAU_OK) {
        status = create_described(path, &description, &workspace->card, log);
    } else {
        log_error(log, "cannot make the card %s: %s", path, gbau_status_text(status));
    }
    secret_wipe(workspace, sizeof *workspace);
    free(workspace);
    return status;
}

/* Opening */

static enum gbau_status open_locked(const char *path, struct mapping *mapping, const struct log *log)
{
    struct stat information;
    mapping->descriptor = open(path, O_RDWR | O_CLOEXEC);
    if (mapping->descriptor < 0 || fstat(mapping->descriptor, &information) != 0) {
        enum gbau_status status = errno == ENOENT ? GBAU_E_NOT_FOUND : GBAU_E_IO;
        log_error(log, "cannot open the card file %s: %s", path, strerror(errno));
        return status;
    }
    if (flock(mapping->descriptor, LOCK_EX | LOCK_NB) != 0) {
        log_error(log, "the card file %s is in use by another program", path);
        return GBAU_E_BUSY;
    }
    if (!S_ISREG(information.st_mode) || information.st_size < (off_t)nvm_size_for(1) ||
        information.st_size > (off_t)nvm_size_for((size_t)NVM_MAX_PAGES * NVM_PAGE_SIZE)) {
        log_error(log, "%s is not a card file: make one with 'gbau card create'", path);
        return GBAU_E_MALFORMED;
    }
    mapping->size = (size_t)information.st_size;
    return mapping_map(mapping);
}

static void log_power_on_failure(const struct log *log, const char *path, enum gbau_status status)
{
    if (status == GBAU_E_MALFORMED) {
        log_error(log, "%s is not a card file: make one with 'gbau card create'", path);
    } else if (status == GBAU_E_CORRUPT) {
        log_error(log, "the card file %s is damaged: restore it from a backup or make a new card", path);
    } else {
        log_error(log, "the card in %s does not start: %s", path, gbau_status_text(status));
    }
}

enum gbau_status card_image_open(const char *path, enum card_durability durability, const struct log *log,
                                 struct card_image **card)
{
    *card = NULL;
    struct card_image *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    opened->mapping.descriptor = -1;
    enum gbau_status status = open_locked(path, &opened->mapping, log);
    if (status == GBAU_OK) {
        status = crypto_openssl_open(&opened->crypto);
    }
    if (status == GBAU_OK) {
        opened->storage = storage_of(&opened->mapping, durability);
        status = uicc_power_on(&opened->uicc, &opened->storage, &opened->crypto);
        if (status != GBAU_OK) {
            log_power_on_failure(log, path, status);
        }
    }
    if (status != GBAU_OK) {
        card_image_close(opened);
        return status;
    }
    *card = opened;
    return GBAU_OK;
}

void card_image_close(struct card_image *card)
{
    if (card == NULL) {
        return;
    }
    uicc_power_off(&card->uicc);
    crypto_openssl_close(&card->crypto);
    mapping_close(&card->mapping);
    free(card);
}

size_t card_image_process(struct card_image *card, struct octets command, uint8_t response[UICC_RESPONSE_MAX])
{
    return uicc_process(&card->uicc, command, response);
}

void card_image_reset(struct card_image *card)
{
    uicc_reset(&card->uicc);
}
