/*
 * tmpi_file.h: a TMPI kept from one bootstrapping to the next, so that the IMPI is not sent in clear again (33.220
 * B.4).
 */
#ifndef CLI_TMPI_FILE_H
#define CLI_TMPI_FILE_H

#include "me/bootstrapping.h"

/* Reads the TMPI in the file at `path`; empty when the file is not there or holds something else. */
void tmpi_file_read(const char *path, char tmpi[ME_TMPI_SIZE]);

/* Writes `tmpi` to a file of mode 0600; GBAU_E_STORAGE, logged, when that fails. */
GBAU_MUST_USE enum gbau_status tmpi_file_write(const char *path, const char *tmpi);

#endif
