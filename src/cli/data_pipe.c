/* data_pipe.c: standard input and output as the data of a verb. */
#include "cli/data_pipe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/verbs.h"

enum { PROGRESS_MS = 200, MS_PER_S = 1000, NS_PER_MS = 1000000, FIRST_ROOM = 65536 };

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

static enum gbau_status read_input(uint8_t *octets, size_t capacity, size_t *length)
{
    ssize_t done = 0;
    do {
        done = read(STDIN_FILENO, octets, capacity);
    } while (done < 0 && errno == EINTR);
    if (done < 0) {
        log_error(&cli_log, "cannot read standard input: %m");
        return GBAU_E_IO;
    }
    *length = (size_t)done;
    return GBAU_OK;
}

static void show_progress(struct data_pipe *data_pipe)
{
    const int64_t now = now_ms();
    if (!data_pipe->shows_progress || now - data_pipe->shown_ms < PROGRESS_MS) {
        return;
    }
    const double mebioctets = (double)data_pipe->octets / (1 << 20);
    const double seconds = (double)(now - data_pipe->began_ms) / MS_PER_S;
    fprintf(stderr, "\r%.1f MiB, %.1f MiB/s", mebioctets, mebioctets / seconds);
    data_pipe->shown_ms = now;
}

static enum gbau_status pipe_read(void *context, uint8_t *octets, size_t capacity, size_t *length)
{
    struct data_pipe *data_pipe = context;
    enum gbau_status status = read_input(octets, capacity, length);
    if (status == GBAU_OK) {
        data_pipe->octets += *length;
        show_progress(data_pipe);
    }
    return status;
}

static enum gbau_status pipe_write(void *context, const uint8_t *octets, size_t length)
{
    (void)context;
    while (length > 0) {
        const ssize_t done = write(STDOUT_FILENO, octets, length);
        if (done < 0 && errno != EINTR) {
            log_error(&cli_log, "cannot write to standard output: %m");
            return GBAU_E_IO;
        }
        const size_t written = done < 0 ? 0 : (size_t)done;
        octets += written;
        length -= written;
    }
    return GBAU_OK;
}

void data_pipe_begin(struct data_pipe *data_pipe)
{
    const int64_t now = now_ms();
    *data_pipe = (struct data_pipe){
        .pipe = {.read = pipe_read, .write = pipe_write, .context = data_pipe},
        .shows_progress = isatty(STDERR_FILENO) == 1,
        .shown_ms = now,
        .began_ms = now,
    };
}

void data_pipe_end(struct data_pipe *data_pipe)
{
    if (data_pipe->shows_progress && data_pipe->shown_ms != data_pipe->began_ms) {
        fputc('\n', stderr);
    }
}

/* Room for at least one octet more; false without memory or beyond the limit. */
static enum gbau_status grow(uint8_t **data, size_t *capacity)
{
    if (*capacity > DATA_WHOLE_MAX) {
        log_error(&cli_log, "standard input is longer than %d octets", DATA_WHOLE_MAX);
        return GBAU_E_LIMIT;
    }
    const size_t wanted = *capacity == 0 ? FIRST_ROOM : 2 * *capacity;
    uint8_t *grown = realloc(*data, wanted);
    if (grown == NULL) {
        return GBAU_E_MEMORY;
    }
    *data = grown;
    *capacity = wanted;
    return GBAU_OK;
}

static enum gbau_status read_on(uint8_t **data, size_t *length)
{
    size_t capacity = 0;
    size_t read = 1;
    while (read > 0) {
        enum gbau_status status = *length == capacity ? grow(data, &capacity) : GBAU_OK;
        if (status == GBAU_OK) {
            status = read_input(*data + *length, capacity - *length, &read);
        }
        if (status != GBAU_OK) {
            return status;
        }
        *length += read;
    }
    return GBAU_OK;
}

enum gbau_status data_read_whole(uint8_t **data, size_t *length)
{
    *data = NULL;
    *length = 0;
    enum gbau_status status = read_on(data, length);
    if (status != GBAU_OK) {
        free(*data);
        *data = NULL;
    }
    return status;
}
