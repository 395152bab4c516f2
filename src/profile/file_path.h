/*
 * file_path.h: files of a card by their paths: "MF/ADF_USIM/EF_IMSI" or "3f00/7ff0/6f07". Private to this room.
 *
 * A part is a name of the specifications or four hexadecimal digits. "EF.IMSI" is the same as "EF_IMSI", MF may be left
 * out, and case does not matter. An ADF has no FID of its own in the specifications: here the USIM's is 7FF0, the
 * ISIM's 7FF1.
 */
#ifndef PROFILE_FILE_PATH_H
#define PROFILE_FILE_PATH_H

#include "card_text/file_names.h"
#include "uicc/card_description.h"

enum { FILE_PATH_SIZE = 300, FID_OF_USIM = 0x7ff0, FID_OF_ISIM = 0x7ff1 };

/* The files described so far. */
struct file_list {
    const struct described_file *files;
    size_t count;
};

/* Index of the file at `path`, or CARD_NO_INDEX. */
uint8_t file_path_find(const struct file_list *list, const char *path);

/* Where a file that is not there yet belongs. GBAU_E_NOT_FOUND: no such directory; GBAU_E_MALFORMED: no such name. */
GBAU_MUST_USE enum gbau_status file_path_place(const struct file_list *list, const char *path, uint8_t *parent,
                                               uint16_t *fid);

/* What the table of names says of a file; NULL for a file without a name. */
const struct file_name *file_path_name(const struct file_list *list, uint8_t index);

/* Writes the path of a file, which is at most FILE_PATH_SIZE long with its terminating zero. */
void file_path_write(const struct file_list *list, uint8_t index, char path[FILE_PATH_SIZE]);

/* The directory above; MF for an ADF. */
uint8_t file_path_parent(const struct file_list *list, uint8_t index);

#endif
