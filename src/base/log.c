/* log.c: one line a message, to people or to machines. */
#include "base/log.h"

#include <stdarg.h>
#include <string.h>

#include "base/clock.h"

enum { LINE_SIZE = 1024 };

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

/*
 * Text from outside may be in the line: it must not forge another line, drive a terminal (in UTF-8 by C2 9B too), or
 * break JSON by what is no UTF-8.
 */
static void make_printable(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < 0x20 || *text > 0x7e) {
            *text = '?';
        }
    }
}

static void escape_json(const char *text, char *out, size_t capacity)
{
    size_t length = 0;
    for (; *text != '\0' && length + 3 < capacity; text++) {
        if (*text == '"' || *text == '\\') {
            out[length++] = '\\';
        }
        out[length++] = *text;
    }
    out[length] = '\0';
}

static void write_json(FILE *stream, const struct log *log, enum log_level level, const char *time, const char *text)
{
    char escaped[2 * LINE_SIZE];
    escape_json(text, escaped, sizeof escaped);
    fprintf(stream, "{\"time\":\"%s\",\"program\":\"%s\",\"level\":\"%s\",\"message\":\"%s\"}\n", time,
            log->program, level_names[level], escaped);
}

void log_write(const struct log *log, enum log_level level, const char *format, ...)
{
    if (log == NULL || level > log->level) {
        return;
    }
    if (level == LOG_LEVEL_ERROR && log->error_count != NULL) {
        (void)__atomic_add_fetch(log->error_count, 1, __ATOMIC_RELAXED);
    }
    char text[LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    make_printable(text);

    char time[CLOCK_DATE_TIME_SIZE] = "";
    if (clock_format_date_time(clock_now(&clock_of_system), time) != GBAU_OK) {
        time[0] = '\0';
    }
    FILE *stream = log->stream == NULL ? stderr : log->stream;
    if (log->style == LOG_STYLE_JSON) {
        write_json(stream, log, level, time, text);
    } else if (log->style == LOG_STYLE_DAEMON) {
        fprintf(stream, "%s %s %s %s\n", time, log->program, level_names[level], text);
    } else {
        fprintf(stream, "%s: %s\n", log->program, text);
    }
    fflush(stream);
}
