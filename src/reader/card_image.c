/* card_image.c: a card in a file: opened, locked and run. */
#include "reader/card_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "reader/card_crypto.h"
#include "reader/card_mapping.h"

struct card_image {
    struct card_mapping mapping;
    struct nvm_storage storage;
    struct crypto crypto;
    struct uicc uicc;
};

static enum gbau_status open_locked(const char *path, struct card_mapping *mapping, const struct log *log)
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
    return card_mapping_map(mapping);
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
        status = card_crypto_open(&opened->crypto);
    }
    if (status == GBAU_OK) {
        opened->storage = card_mapping_storage(&opened->mapping, durability);
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
    card_crypto_close(&card->crypto);
    card_mapping_close(&card->mapping);
    free(card);
}

enum gbau_status card_image_describe(const struct card_image *card, struct card_parts *parts,
                                     struct card_description *description)
{
    return card_description_read(&card->uicc, parts, description);
}

size_t card_image_process(struct card_image *card, struct octets command, uint8_t response[UICC_RESPONSE_MAX])
{
    return uicc_process(&card->uicc, command, response);
}

size_t card_image_process_into(struct card_image *card, struct octets command, uint8_t *response, size_t capacity)
{
    return uicc_process_into(&card->uicc, command, response, capacity);
}

void card_image_allow_extended(struct card_image *card)
{
    uicc_allow_extended(&card->uicc);
}

void card_image_reset(struct card_image *card)
{
    uicc_reset(&card->uicc);
}
