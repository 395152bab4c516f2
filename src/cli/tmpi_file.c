/* tmpi_file.c: a TMPI kept in a file. */
#include "cli/tmpi_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/verbs.h"

void tmpi_file_read(const char *path, char tmpi[ME_TMPI_SIZE])
{
    FILE *file = fopen(path, "re");
    tmpi[0] = '\0';
    if (file == NULL) {
        return;
    }
    if (fgets(tmpi, ME_TMPI_SIZE, file) != NULL) {
        tmpi[strcspn(tmpi, "\r\n")] = '\0';
    }
    (void)fclose(file);
    if (!gba_username_is_tmpi(octets_of_text(tmpi))) {
        tmpi[0] = '\0';
    }
}

enum gbau_status tmpi_file_write(const char *path, const char *tmpi)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    bool written = file != NULL && fprintf(file, "%s\n", tmpi) > 0;
    written = file != NULL && fclose(file) == 0 && written;
    if (!written) {
        log_error(&cli_log, "cannot write the TMPI to %s: %s", path, strerror(errno));
        return GBAU_E_STORAGE;
    }
    return GBAU_OK;
}
