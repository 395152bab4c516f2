/* selection.c: where a channel is on the card after each SELECT. */
#include "card_text/selection.h"

#include "card_text/application_names.h"

enum {
    PARENT = 0x03,
    BY_NAME = 0x04,
    PATH_FROM_MF = 0x08,
    PATH_FROM_DF = 0x09,
    FID_MF = 0x3f00,
    FID_CURRENT_ADF = 0x7fff
};

/* Where a FID leads from a directory: into another, or to a file. */
struct step {
    enum card_place directory;
    const struct file_name *file; /* NULL: a directory, or a file without a name */
    bool is_directory;
};

/* When a directory is not known, its files may still be told by FIDs that mean one thing almost everywhere. */
static const struct file_name *find_anywhere(uint16_t fid)
{
    static const enum card_place usual[] = {PLACE_USIM, PLACE_MF, PLACE_5GS, PLACE_GSM_ACCESS, PLACE_TELECOM};
    const struct file_name *file = NULL;
    for (size_t i = 0; i < sizeof usual / sizeof usual[0] && file == NULL; i++) {
        file = file_name_find(usual[i], fid);
    }
    return file;
}

/* Children first, then those of the application and of MF (8.4.1). */
static const struct file_name *find_near(const struct apdu_channel *channel, enum card_place directory, uint16_t fid)
{
    const struct file_name *file = file_name_find(directory, fid);
    if (file == NULL) {
        file = file_name_find(channel->application, fid);
    }
    if (file == NULL) {
        file = file_name_find(PLACE_MF, fid);
    }
    return file == NULL && directory == PLACE_NOWHERE ? find_anywhere(fid) : file;
}

/* FIDs of DFs begin with 7F or 5F by convention (8.6). */
static bool looks_like_directory(uint16_t fid)
{
    return fid >> 8 == 0x7f || fid >> 8 == 0x5f;
}

static struct step step_into(enum card_place directory)
{
    return (struct step){.directory = directory, .is_directory = true};
}

static struct step step_to(const struct apdu_channel *channel, enum card_place directory, uint16_t fid)
{
    if (fid == FID_MF) {
        return step_into(PLACE_MF);
    }
    if (fid == FID_CURRENT_ADF) {
        return step_into(channel->application);
    }
    const struct file_name *file = find_near(channel, directory, fid);
    if (file != NULL && file->opens != PLACE_NOWHERE) {
        return step_into(file->opens);
    }
    if (file == NULL && looks_like_directory(fid)) {
        return step_into(PLACE_NOWHERE);
    }
    return (struct step){.directory = file != NULL ? file->place : directory, .file = file};
}

static struct step follow_path(const struct apdu_channel *channel, enum card_place from, struct octets path)
{
    struct octet_reader reader = octet_reader_of(path);
    struct step step = {.directory = from};
    while (octet_reader_left(&reader) >= 2) {
        step = step_to(channel, step.directory, octet_reader_u16(&reader));
    }
    return step;
}

/* The directory that holds a directory. */
static enum card_place parent_of(const struct apdu_channel *channel)
{
    if (channel->directory == channel->application || channel->directory == PLACE_MF) {
        return PLACE_MF;
    }
    for (size_t i = 0; i < file_name_count; i++) {
        if (file_names[i].opens == channel->directory && file_names[i].place == channel->application) {
            return file_names[i].place;
        }
    }
    return PLACE_MF;
}

static struct step find_step(const struct apdu_exchange *exchange)
{
    const struct apdu_channel *channel = exchange->channel;
    switch (exchange->p1) {
    case PARENT:
        return step_into(parent_of(channel));
    case PATH_FROM_MF:
        return follow_path(channel, PLACE_MF, exchange->data);
    case PATH_FROM_DF:
        return follow_path(channel, channel->directory, exchange->data);
    default:
        return exchange->data.length == 0 ? step_into(PLACE_MF)
                                          : follow_path(channel, channel->directory, exchange->data);
    }
}

static void put_path(struct text *text, struct octets path)
{
    struct octet_reader reader = octet_reader_of(path);
    for (const char *before = " "; octet_reader_left(&reader) >= 2; before = "/") {
        text_format(text, "%s%04X", before, octet_reader_u16(&reader));
    }
}

void selection_put(struct text *text, struct apdu_exchange *exchange)
{
    if (exchange->p1 == BY_NAME) {
        text_put(text, " ");
        text_put_application(text, exchange->data);
        return;
    }
    const struct step step = find_step(exchange);
    if (step.file != NULL) {
        text_format(text, " %s", step.file->name);
    } else if (step.is_directory && step.directory != PLACE_NOWHERE) {
        text_format(text, " %s", card_place_name(step.directory));
    } else {
        put_path(text, exchange->data);
    }
}

void selection_follow(struct apdu_exchange *exchange)
{
    struct apdu_channel *channel = exchange->channel;
    if (exchange->p1 == BY_NAME) {
        const struct application_name *name = application_name_find(exchange->data);
        channel->application = name == NULL ? PLACE_NOWHERE : name->place;
        channel->directory = channel->application;
        channel->file = NULL;
        return;
    }
    const struct step step = find_step(exchange);
    channel->directory = step.directory;
    channel->file = step.file;
}

void selection_by_sfi(struct apdu_channel *channel, uint8_t sfi)
{
    channel->file = file_name_find_sfi(channel->directory == PLACE_NOWHERE ? PLACE_USIM : channel->directory, sfi);
}
