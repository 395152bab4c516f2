/* file_system.h: finding files by identifier, path, short identifier and AID (TS 102 221 clause 8). */
#ifndef UICC_FILE_SYSTEM_H
#define UICC_FILE_SYSTEM_H

#include "uicc/uicc.h"

enum { FID_MF = 0x3f00, FID_CURRENT_ADF = 0x7fff };

/* All give the index of a file, or CARD_NO_INDEX. */

/* Search order of TS 102 221 8.4.1: children, parent, siblings, the current ADF (7FFF), MF. */
uint8_t file_system_find(const struct uicc *uicc, const struct uicc_channel *channel, uint16_t fid);

/* A child of a directory. */
uint8_t file_system_find_child(const struct uicc *uicc, uint8_t directory, uint16_t fid);

/* A path of identifiers, two octets each, from `directory`; the first may be 7FFF. */
uint8_t file_system_find_path(const struct uicc *uicc, const struct uicc_channel *channel, uint8_t directory,
                              struct octets path);

/* An EF of the current directory by its short file identifier. */
uint8_t file_system_find_sfi(const struct uicc *uicc, const struct uicc_channel *channel, uint8_t sfi);

/* Makes a file the current one of a channel: a directory, or an EF and with it its directory. */
void file_system_select(const struct uicc *uicc, struct uicc_channel *channel, uint8_t index);

bool file_system_is_directory(const struct uicc *uicc, uint8_t file);

/* The directory above: of an ADF that is MF. */
uint8_t file_system_parent(const struct uicc *uicc, uint8_t file);

/* True when a file or a directory above it is terminated: nothing in there can be used any more (TS 102 222 6.8). */
bool file_system_is_terminated(const struct uicc *uicc, uint8_t file);

/*
 * The application whose AID begins with `name` ([V] 8.5.1.2: right truncation). `previous` is where "next" and
 * "previous" start from (CARD_NO_INDEX: nowhere). occurrence: 0 first, 1 last, 2 next, 3 previous.
 */
uint8_t file_system_find_application(const struct uicc *uicc, struct octets name, uint8_t occurrence, uint8_t previous);

#endif
