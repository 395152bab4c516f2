/* profile_output.c: writes a profile without leaving copies of its secrets behind. */
#include "cli/profile_output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "cli/verbs.h"

enum { BUFFER_SIZE = 8192 };

static enum gbau_status open_new(const char *path, FILE **stream)
{
    const int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    *stream = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (*stream != NULL) {
        return GBAU_OK;
    }
    const enum gbau_status status = errno == EEXIST ? GBAU_E_EXISTS : GBAU_E_IO;
    log_error(&cli_log, "cannot make %s: %s", path, strerror(errno));
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    return status;
}

/* The buffer is our own, so that it can be wiped. */
static enum gbau_status write_buffered(FILE *stream, const struct card_description *description,
                                       const struct profile_write_options *options)
{
    static char buffer[BUFFER_SIZE]; /* the stream uses it until it is closed, which standard output is at the exit */
    (void)setvbuf(stream, buffer, _IOFBF, sizeof buffer);
    enum gbau_status status = profile_write(stream, description, options);
    if (stream != stdout && fclose(stream) != 0) {
        status = GBAU_E_IO;
    }
    secret_wipe(buffer, sizeof buffer);
    return status;
}

enum gbau_status profile_output_write(const char *path, const struct card_description *description,
                                      const struct profile_write_options *options)
{
    FILE *stream = stdout;
    enum gbau_status status = path == NULL ? GBAU_OK : open_new(path, &stream);
    if (status != GBAU_OK) {
        return status;
    }
    status = write_buffered(stream, description, options);
    if (status != GBAU_OK) {
        log_error(&cli_log, "cannot write the profile: %s", gbau_status_text(status));
        if (path != NULL) {
            (void)unlink(path);
        }
    }
    return status;
}
