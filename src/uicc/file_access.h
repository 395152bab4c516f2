/*
 * file_access.h: what all commands on the content of an EF have in common: which file, may it be done, and the write
 * (TS 102 221 8.4, 9.2).
 */
#ifndef UICC_FILE_ACCESS_H
#define UICC_FILE_ACCESS_H

#include "uicc/access_rule.h"
#include "uicc/command.h"

enum { SFI_MASK = 0x1f };

/* The EF that a command works on: the one with this SFI, which becomes the current one, or with SFI 0 the current. */
enum status_word file_access_find(struct uicc *uicc, const struct uicc_command *command, uint8_t sfi,
                                  struct card_file *file);

/* Whether the file is in use and its rule allows `mode`. */
enum status_word file_access_check(const struct uicc *uicc, const struct card_file *file, enum access_mode mode);

/* 9000 for a file that is in use, else 6984: it is deactivated, or it or a directory above it is terminated. */
enum status_word file_access_check_state(const struct uicc *uicc, const struct card_file *file);

/* One change of the data area, durable before it returns. */
enum status_word file_access_write(struct uicc *uicc, size_t offset, struct octets data);

#endif
