/* profile_file.c: a profile from its text to the description of a card. */
#include "profile/profile_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

static const struct profile_subscription empty_subscription = {
    .card = {.mnc_digits = 2,
             .pin_enabled = true,
             .sqn_delta = PROFILE_SQN_DELTA_DEFAULT,
             .gba_rules = {.mask_mac = true, .flip_res_bit = true}},
};

static enum gbau_status read_base(struct profile_file *file)
{
    static const struct node_word words[] = {{"default", false}, {"none", true}};
    const struct node root = node_root(file->config);
    const struct node base = node_child(&root, "base");
    unsigned is_whole = false;
    enum gbau_status status = node_word(&base, words, sizeof words / sizeof words[0], &is_whole);
    file->is_whole = is_whole != 0;
    return status;
}

static enum gbau_status read_all(struct profile_file *file)
{
    enum gbau_status status = read_base(file);
    if (status == GBAU_OK) {
        status = file->is_whole ? profile_check_whole(file) : profile_read_subscription(file);
    }
    return status == GBAU_OK ? profile_read_rules(file) : status;
}

/* Takes `config` over. */
static enum gbau_status open_file(struct yaml_config *config, const struct log *log, struct profile_file **file)
{
    struct profile_file *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        yaml_config_close(config);
        return GBAU_E_MEMORY;
    }
    opened->log = log;
    opened->config = config;
    opened->subscription = empty_subscription;
    opened->subscription.keys = PROFILE_KEYS_DEFAULT;
    opened->arena = octet_writer_of(opened->arena_memory, sizeof opened->arena_memory);
    for (size_t i = 0; i < CARD_MAX_FILES; i++) {
        opened->entries[i] = NO_ENTRY;
    }
    enum gbau_status status = read_all(opened);
    if (status != GBAU_OK) {
        profile_file_close(opened);
        return status;
    }
    *file = opened;
    return GBAU_OK;
}

enum gbau_status profile_file_parse(struct octets text, const struct log *log, struct profile_file **file)
{
    struct yaml_config *config = NULL;
    *file = NULL;
    enum gbau_status status = yaml_config_parse(text, log, &config);
    return status == GBAU_OK ? open_file(config, log, file) : status;
}

enum gbau_status profile_file_load(const char *path, const struct log *log, struct profile_file **file)
{
    struct yaml_config *config = NULL;
    *file = NULL;
    if (path == NULL) {
        return profile_file_parse(octets_of_text(""), log, file);
    }
    enum gbau_status status = yaml_config_load(path, log, &config);
    return status == GBAU_OK ? open_file(config, log, file) : status;
}

bool profile_file_is_whole(const struct profile_file *file)
{
    return file->is_whole;
}

struct profile_subscription *profile_file_subscription(struct profile_file *file)
{
    return &file->subscription;
}

/* What changes to the default card need comes out of what is free on it, as far as there is enough. */
static void settle_free_room_of_default_card(struct profile_file *file, struct card_description *description)
{
    description->free_slots =
        file->file_count < file->default_slots ? file->default_slots - file->file_count : FREE_FILES_DEFAULT;
    const size_t used = card_description_used_size(description);
    description->free_size = used < PROFILE_DATA_SIZE ? PROFILE_DATA_SIZE - used : FREE_OCTETS_DEFAULT;
}

static void settle_free_room(struct profile_file *file, struct card_description *description)
{
    const size_t most = CARD_MAX_FILES - file->file_count;
    description->free_slots = file->free_files;
    description->free_size = file->free_octets;
    if (!file->is_whole) {
        settle_free_room_of_default_card(file, description);
    }
    description->free_slots = description->free_slots < most ? description->free_slots : most;
}

static enum gbau_status finish(struct profile_file *file, struct card_description *description)
{
    const struct card_parts *parts = &file->workspace.parts;
    *description = (struct card_description){.files = parts->files,
                                             .file_count = file->file_count,
                                             .pins = parts->pins,
                                             .pin_count = file->pin_count,
                                             .applications = parts->applications,
                                             .application_count = file->application_count,
                                             .persisted_key_count = file->persisted_keys};
    settle_free_room(file, description);
    if (card_description_memory_size(description) == 0) {
        const struct node root = node_root(file->config);
        (void)!node_reject(&root, "the card would be larger than a card can be, %d octets", CARD_DATA_MAX);
        return GBAU_E_SPACE;
    }
    return GBAU_OK;
}

enum gbau_status profile_file_describe(struct profile_file *file, struct crypto *crypto,
                                       struct card_description *description)
{
    enum gbau_status status =
        file->is_whole ? profile_describe_whole(file, crypto) : profile_describe_subscription(file, crypto);
    if (status == GBAU_OK && !file->is_whole) {
        status = profile_read_files(file);
    }
    if (status == GBAU_OK) {
        status = profile_resolve_rules(file);
    }
    return status == GBAU_OK ? finish(file, description) : status;
}

void profile_file_close(struct profile_file *file)
{
    if (file == NULL) {
        return;
    }
    yaml_config_close(file->config);
    secret_wipe(file, sizeof *file);
    free(file);
}
