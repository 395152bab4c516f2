/* file_system.c: finding files (TS 102 221 clause 8). */
#include "uicc/file_system.h"

#include "uicc/channel.h"

uint8_t file_system_find_child(const struct uicc *uicc, uint8_t directory, uint16_t fid)
{
    for (uint8_t i = 0; i < uicc->layout.file_count; i++) {
        if (uicc->layout.files[i].fid == fid && uicc->layout.files[i].parent == directory) {
            return i;
        }
    }
    return CARD_NO_INDEX;
}

uint8_t file_system_parent(const struct uicc *uicc, uint8_t file)
{
    uint8_t parent = uicc->layout.files[file].parent;
    return parent == CARD_NO_INDEX ? CARD_MF_INDEX : parent;
}

static uint8_t current_adf(const struct uicc *uicc, const struct uicc_channel *channel)
{
    const struct card_application *application = channel_application(uicc, channel);
    return application == NULL ? CARD_NO_INDEX : application->adf;
}

uint8_t file_system_find(const struct uicc *uicc, const struct uicc_channel *channel, uint16_t fid)
{
    if (fid == FID_MF) {
        return CARD_MF_INDEX;
    }
    if (fid == FID_CURRENT_ADF) {
        return current_adf(uicc, channel);
    }
    if (uicc->layout.files[channel->directory].fid == fid) {
        return channel->directory;
    }
    uint8_t found = file_system_find_child(uicc, channel->directory, fid);
    if (found != CARD_NO_INDEX) {
        return found;
    }
    uint8_t parent = file_system_parent(uicc, channel->directory);
    if (uicc->layout.files[parent].fid == fid) {
        return parent;
    }
    found = file_system_find_child(uicc, parent, fid);
    /* a sibling must be a directory, unless the parent is the current directory itself */
    bool is_sibling_ef = found != CARD_NO_INDEX && uicc->layout.files[found].kind != FILE_KIND_DF;
    return is_sibling_ef && parent != channel->directory ? CARD_NO_INDEX : found;
}

uint8_t file_system_find_path(const struct uicc *uicc, const struct uicc_channel *channel, uint8_t directory,
                              struct octets path)
{
    struct octet_reader reader = octet_reader_of(path);
    uint8_t found = directory;
    while (octet_reader_left(&reader) > 0) {
        bool is_first = reader.position == 0;
        uint16_t fid = octet_reader_u16(&reader);
        if (reader.failed || uicc->layout.files[found].kind != FILE_KIND_DF) {
            return CARD_NO_INDEX;
        }
        found = is_first && fid == FID_CURRENT_ADF ? current_adf(uicc, channel)
                                                   : file_system_find_child(uicc, found, fid);
        if (found == CARD_NO_INDEX) {
            return CARD_NO_INDEX;
        }
    }
    return found;
}

uint8_t file_system_find_sfi(const struct uicc *uicc, const struct uicc_channel *channel, uint8_t sfi)
{
    for (uint8_t i = 0; sfi != 0 && i < uicc->layout.file_count; i++) {
        if (uicc->layout.files[i].sfi == sfi && uicc->layout.files[i].parent == channel->directory) {
            return i;
        }
    }
    return CARD_NO_INDEX;
}

static bool aid_matches(const struct card_application *application, struct octets name)
{
    return name.length <= application->aid_length &&
           octets_equal(octets_of(application->aid, name.length), name);
}

uint8_t file_system_find_application(const struct uicc *uicc, struct octets name, uint8_t occurrence,
                                     uint8_t previous)
{
    enum { LAST = 1, PREVIOUS = 3 };
    const bool backwards = occurrence == LAST || occurrence == PREVIOUS;
    const int count = uicc->layout.application_count;
    int start = backwards ? count - 1 : 0;
    if (occurrence >= 2 && previous != CARD_NO_INDEX) {
        start = backwards ? previous - 1 : previous + 1;
    }
    for (int i = start; i >= 0 && i < count; i += backwards ? -1 : 1) {
        if (aid_matches(&uicc->layout.applications[i], name)) {
            return (uint8_t)i;
        }
    }
    return CARD_NO_INDEX;
}
