/* card_image_create.c: a new card in a new file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "reader/card_crypto.h"
#include "reader/card_mapping.h"

enum { PATH_SIZE = 4096 };

/* Creation: under another name first, so that a half-made card never bears the right one. */

static enum gbau_status fill_new_file(struct card_mapping *mapping, const struct card_description *description,
                                      struct card_workspace *workspace)
{
    int error = posix_fallocate(mapping->descriptor, 0, (off_t)mapping->size);
    if (error != 0) {
        return GBAU_E_STORAGE;
    }
    enum gbau_status status = card_mapping_map(mapping);
    if (status != GBAU_OK) {
        return status;
    }
    struct nvm_storage storage = card_mapping_storage(mapping, CARD_DURABLE);
    struct crypto crypto;
    status = card_crypto_open(&crypto);
    if (status == GBAU_OK) {
        status = card_description_make(description, &crypto, workspace, &storage);
        card_crypto_close(&crypto);
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
    struct card_mapping mapping = {.size = card_description_memory_size(description)};
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
    card_mapping_close(&mapping);
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
