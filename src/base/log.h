/*
 * log.h: where a room says what happened, once, at the place that knows the detail.
 *
 * A log is a small object handed down to whoever needs it; NULL means silence. Nothing secret is ever passed to it:
 * identities and status words may be, octets of keys, vectors and digests may not.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdio.h>

enum log_level { LOG_LEVEL_SILENT = -1, LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

enum log_style {
    LOG_STYLE_PLAIN,  /* "gbau-bsf: text": for people at a terminal */
    LOG_STYLE_DAEMON, /* "2026-01-01T00:00:00Z gbau-bsf info text" */
    LOG_STYLE_JSON    /* one JSON object a line */
};

struct log {
    FILE *stream;        /* NULL: standard error */
    const char *program; /* borrowed for the life of the log */
    enum log_level level;
    enum log_style style;
    unsigned *error_count; /* counts the lines of errors; NULL: nobody wants to know */
};

/* Writes one line: what the style adds, and at most 1,023 characters; '?' for all but printable ASCII. Thread-safe. */
void log_write(const struct log *log, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(log, ...)   log_write((log), LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(log, ...) log_write((log), LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(log, ...)    log_write((log), LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(log, ...)   log_write((log), LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
