/* file_path.c: paths of names and identifiers, read and written. */
#include "profile/file_path.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text_coding.h"

enum { FID_MF = 0x3f00, COMPONENT_SIZE = 40, FID_DIGITS = 4 };

static const struct {
    const char *name;
    uint16_t fid;
    enum card_place place;
} adfs[] = {{"ADF_USIM", FID_OF_USIM, PLACE_USIM}, {"ADF_ISIM", FID_OF_ISIM, PLACE_ISIM}};

enum { ADF_COUNT = sizeof adfs / sizeof adfs[0] };

uint8_t file_path_parent(const struct file_list *list, uint8_t index)
{
    const uint8_t parent = list->files[index].file.parent;
    return parent == CARD_NO_INDEX ? CARD_MF_INDEX : parent;
}

static enum card_place place_of_adf(uint16_t fid)
{
    for (size_t i = 0; i < ADF_COUNT; i++) {
        if (adfs[i].fid == fid) {
            return adfs[i].place;
        }
    }
    return PLACE_NOWHERE;
}

/* Whose files a directory has. */
static enum card_place place_of(const struct file_list *list, uint8_t index)
{
    const struct card_file *file = &list->files[index].file;
    if (index == CARD_MF_INDEX) {
        return PLACE_MF;
    }
    if (file->parent == CARD_NO_INDEX) {
        return place_of_adf(file->fid);
    }
    const struct file_name *name = file_name_find(place_of(list, file->parent), file->fid);
    return name == NULL ? PLACE_NOWHERE : name->opens;
}

const struct file_name *file_path_name(const struct file_list *list, uint8_t index)
{
    const struct card_file *file = &list->files[index].file;
    return file->parent == CARD_NO_INDEX ? NULL : file_name_find(place_of(list, file->parent), file->fid);
}

static bool letters_are_equal(char a, char b)
{
    return toupper((unsigned char)a) == toupper((unsigned char)b) || (a == '.' && b == '_') || (a == '_' && b == '.');
}

static bool is_name(const char *component, const char *name)
{
    size_t i = 0;
    while (name[i] != '\0' && letters_are_equal(component[i], name[i])) {
        i++;
    }
    return name[i] == '\0' && component[i] == '\0';
}

static bool fid_of_name(enum card_place place, const char *component, uint16_t *fid)
{
    for (size_t i = 0; i < ADF_COUNT && place == PLACE_MF; i++) {
        if (is_name(component, adfs[i].name)) {
            *fid = adfs[i].fid;
            return true;
        }
    }
    for (size_t i = 0; i < file_name_count; i++) {
        if (file_names[i].place == place && is_name(component, file_names[i].name)) {
            *fid = file_names[i].fid;
            return true;
        }
    }
    return false;
}

static bool fid_of(enum card_place place, const char *component, uint16_t *fid)
{
    uint8_t octets[2];
    if (strlen(component) == FID_DIGITS &&
        hex_decode_exactly(octets_of_text(component), octets, sizeof octets) == GBAU_OK) {
        *fid = (uint16_t)(octets[0] << 8 | octets[1]);
        return true;
    }
    return fid_of_name(place, component, fid);
}

/* Takes the part of the path up to the next slash; false at its end and for one that is too long. */
static bool take_component(const char **path, char component[COMPONENT_SIZE])
{
    const size_t length = strcspn(*path, "/");
    if (length == 0 || length >= COMPONENT_SIZE) {
        return false;
    }
    memcpy(component, *path, length);
    component[length] = '\0';
    *path += length + ((*path)[length] == '/' ? 1 : 0);
    return true;
}

static uint8_t find_child(const struct file_list *list, uint8_t directory, uint16_t fid)
{
    for (size_t i = 1; i < list->count; i++) {
        const struct card_file *file = &list->files[i].file;
        if (file->fid == fid &&
            (file->parent == directory || (file->parent == CARD_NO_INDEX && directory == CARD_MF_INDEX))) {
            return (uint8_t)i;
        }
    }
    return CARD_NO_INDEX;
}

static void skip_mf(const char **path)
{
    char component[COMPONENT_SIZE];
    const char *rest = *path;
    if (take_component(&rest, component) && (is_name(component, "MF") || strcasecmp(component, "3f00") == 0)) {
        *path = rest;
    }
}

/* Goes down the path as far as there are files. The last part stands in `component`, its directory in `parent`. */
static enum gbau_status walk(const struct file_list *list, const char *path, uint8_t *parent, uint16_t *fid,
                             uint8_t *found)
{
    char component[COMPONENT_SIZE];
    skip_mf(&path);
    *found = CARD_MF_INDEX;
    *parent = CARD_NO_INDEX;
    *fid = FID_MF;
    while (*path != '\0') {
        if (*found == CARD_NO_INDEX || list->count == 0 || list->files[*found].file.kind != FILE_KIND_DF) {
            return GBAU_E_NOT_FOUND;
        }
        *parent = *found;
        if (!take_component(&path, component) || !fid_of(place_of(list, *parent), component, fid)) {
            return GBAU_E_MALFORMED;
        }
        *found = find_child(list, *parent, *fid);
    }
    return GBAU_OK;
}

uint8_t file_path_find(const struct file_list *list, const char *path)
{
    uint8_t parent;
    uint16_t fid;
    uint8_t found;
    return list->count > 0 && walk(list, path, &parent, &fid, &found) == GBAU_OK ? found : CARD_NO_INDEX;
}

enum gbau_status file_path_place(const struct file_list *list, const char *path, uint8_t *parent, uint16_t *fid)
{
    uint8_t found;
    return walk(list, path, parent, fid, &found);
}

static void write_component(const struct file_list *list, uint8_t index, char *out, size_t capacity)
{
    const struct card_file *file = &list->files[index].file;
    const struct file_name *name = file_path_name(list, index);
    for (size_t i = 0; i < ADF_COUNT && file->parent == CARD_NO_INDEX; i++) {
        if (adfs[i].fid == file->fid) {
            (void)snprintf(out, capacity, "%s", adfs[i].name);
            return;
        }
    }
    if (name != NULL) {
        (void)snprintf(out, capacity, "%s", name->name);
    } else {
        (void)snprintf(out, capacity, "%04x", file->fid);
    }
}

void file_path_write(const struct file_list *list, uint8_t index, char path[FILE_PATH_SIZE])
{
    char below[FILE_PATH_SIZE] = "";
    char component[COMPONENT_SIZE];
    while (index != CARD_MF_INDEX) {
        char longer[FILE_PATH_SIZE];
        write_component(list, index, component, sizeof component);
        if (snprintf(longer, sizeof longer, "/%s%.250s", component, below) >= (int)sizeof longer) {
            break; /* deeper than a card allows directories to be */
        }
        memcpy(below, longer, sizeof below);
        index = file_path_parent(list, index);
    }
    (void)snprintf(path, FILE_PATH_SIZE, "MF%.290s", below);
}
