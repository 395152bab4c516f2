/* file_system.c: finding files (TS 102 221 clause 8). */
#include "uicc/file_system.h"

#include "uicc/channel.h"

uint8_t file_system_find_child(const struct uicc *uicc, uint8_t directory, uint16_t fid)
{
    return card_layout_find_file(&uicc->layout, directory, fid);
}

bool file_system_is_directory(const struct uicc *uicc, uint8_t file)
{
    return card_layout_file(&uicc->layout, file).kind == FILE_KIND_DF;
}

void file_system_select(const struct uicc *uicc, struct uicc_channel *channel, uint8_t index)
{
    const struct card_file file = card_layout_file(&uicc->layout, index);
    const bool is_directory = file.kind == FILE_KIND_DF;
    channel->record = 0;
    channel->directory = is_directory ? index : file.parent;
    channel->file = is_directory ? CARD_NO_INDEX : index;
}

static bool has_fid(const struct uicc *uicc, uint8_t file, uint16_t fid)
{
    return card_layout_file(&uicc->layout, file).fid == fid;
}

uint8_t file_system_parent(const struct uicc *uicc, uint8_t file)
{
    uint8_t parent = card_layout_file(&uicc->layout, file).parent;
    return parent == CARD_NO_INDEX ? CARD_MF_INDEX : parent;
}

bool file_system_is_terminated(const struct uicc *uicc, uint8_t file)
{
    for (uint8_t place = file; place != CARD_NO_INDEX;) {
        const struct card_file entry = card_layout_file(&uicc->layout, place);
        if (entry.state == FILE_STATE_TERMINATED) {
            return true;
        }
        place = entry.parent;
    }
    return false;
}

static uint8_t current_adf(const struct uicc *uicc, const struct uicc_channel *channel)
{
    struct card_application application;
    return channel_application(uicc, channel, &application) ? application.adf : CARD_NO_INDEX;
}

uint8_t file_system_find(const struct uicc *uicc, const struct uicc_channel *channel, uint16_t fid)
{
    if (fid == FID_MF) {
        return CARD_MF_INDEX;
    }
    if (fid == FID_CURRENT_ADF) {
        return current_adf(uicc, channel);
    }
    if (has_fid(uicc, channel->directory, fid)) {
        return channel->directory;
    }
    uint8_t found = file_system_find_child(uicc, channel->directory, fid);
    if (found != CARD_NO_INDEX) {
        return found;
    }
    uint8_t parent = file_system_parent(uicc, channel->directory);
    if (has_fid(uicc, parent, fid)) {
        return parent;
    }
    found = file_system_find_child(uicc, parent, fid);
    /* a sibling must be a directory, unless the parent is the current directory itself */
    bool is_sibling_ef = found != CARD_NO_INDEX && !file_system_is_directory(uicc, found);
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
        if (reader.failed || !file_system_is_directory(uicc, found)) {
            return CARD_NO_INDEX;
        }
        found =
            is_first && fid == FID_CURRENT_ADF ? current_adf(uicc, channel) : file_system_find_child(uicc, found, fid);
        if (found == CARD_NO_INDEX) {
            return CARD_NO_INDEX;
        }
    }
    return found;
}

uint8_t file_system_find_sfi(const struct uicc *uicc, const struct uicc_channel *channel, uint8_t sfi)
{
    for (uint8_t i = 0; sfi != 0 && i < uicc->layout.file_slots; i++) {
        const struct card_file file = card_layout_file(&uicc->layout, i);
        if (file.kind != FILE_KIND_NONE && file.sfi == sfi && file.parent == channel->directory) {
            return i;
        }
    }
    return CARD_NO_INDEX;
}

static bool aid_matches(const struct card_application *application, struct octets name)
{
    return name.length <= application->aid_length && octets_equal(octets_of(application->aid, name.length), name);
}

uint8_t file_system_find_application(const struct uicc *uicc, struct octets name, uint8_t occurrence, uint8_t previous)
{
    enum { LAST = 1, PREVIOUS = 3 };
    const bool backwards = occurrence == LAST || occurrence == PREVIOUS;
    const int count = uicc->layout.application_count;
    int start = backwards ? count - 1 : 0;
    if (occurrence >= 2 && previous != CARD_NO_INDEX) {
        start = backwards ? previous - 1 : previous + 1;
    }
    for (int i = start; i >= 0 && i < count; i += backwards ? -1 : 1) {
        const struct card_application application = card_layout_application(&uicc->layout, (uint8_t)i);
        if (aid_matches(&application, name)) {
            return (uint8_t)i;
        }
    }
    return CARD_NO_INDEX;
}
