/* at_modem.c: one AT command and its answer at a time. */
#include "reader/at_modem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { DEFAULT_TIMEOUT_MS = 5000 };

/* What a line says about the command. */
enum line_kind { LINE_OTHER, LINE_OK, LINE_ERROR };

enum gbau_status at_modem_open(struct at_modem *modem, const char *device, const struct log *log)
{
    struct termios settings;
    *modem = (struct at_modem){.timeout_ms = DEFAULT_TIMEOUT_MS, .log = log};
    modem->descriptor = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (modem->descriptor < 0) {
        log_error(log, "cannot open the modem %s: %s", device, strerror(errno));
        return GBAU_E_IO;
    }
    if (tcgetattr(modem->descriptor, &settings) != 0) {
        log_error(log, "%s is no serial device: %s", device, strerror(errno));
        at_modem_close(modem);
        return GBAU_E_IO;
    }
    cfmakeraw(&settings);
    (void)cfsetspeed(&settings, B115200);
    settings.c_cflag |= CLOCAL | CREAD;
    (void)tcsetattr(modem->descriptor, TCSANOW, &settings);
    (void)tcflush(modem->descriptor, TCIOFLUSH);
    return GBAU_OK;
}

void at_modem_close(struct at_modem *modem)
{
    if (modem->descriptor >= 0) {
        (void)close(modem->descriptor);
        modem->descriptor = -1;
    }
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until the device can be read or written, or the time is up. */
static enum gbau_status wait_for(const struct at_modem *modem, short events, int64_t deadline)
{
    struct pollfd descriptor = {.fd = modem->descriptor, .events = events};
    for (;;) {
        int64_t left = deadline - now_ms();
        int ready = poll(&descriptor, 1, left > 0 ? (int)left : 0);
        if (ready > 0) {
            return (descriptor.revents & events) != 0 ? GBAU_OK : GBAU_E_IO;
        }
        if (ready == 0) {
            return GBAU_E_TIMEOUT;
        }
        if (errno != EINTR) {
            return GBAU_E_IO;
        }
    }
}

static enum gbau_status write_all(const struct at_modem *modem, const char *text, size_t length, int64_t deadline)
{
    while (length > 0) {
        enum gbau_status status = wait_for(modem, POLLOUT, deadline);
        if (status != GBAU_OK) {
            return status;
        }
        ssize_t written = write(modem->descriptor, text, length);
        if (written < 0 && errno != EAGAIN && errno != EINTR) {
            return GBAU_E_IO;
        }
        text += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    return GBAU_OK;
}

static enum gbau_status fill_buffer(struct at_modem *modem, int64_t deadline)
{
    enum gbau_status status = wait_for(modem, POLLIN, deadline);
    if (status != GBAU_OK) {
        return status;
    }
    if (modem->buffered == sizeof modem->buffer) {
        modem->buffered = 0; /* a line that long is noise */
    }
    ssize_t length = read(modem->descriptor, modem->buffer + modem->buffered, sizeof modem->buffer - modem->buffered);
    if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR)) {
        return GBAU_E_IO;
    }
    modem->buffered += length > 0 ? (size_t)length : 0;
    return GBAU_OK;
}

/* Takes the next line that is not empty out of the buffer; lines end in CR, LF or both. */
static bool take_line(struct at_modem *modem, char line[AT_LINE_MAX])
{
    size_t start = 0;
    while (start < modem->buffered) {
        size_t end = start;
        while (end < modem->buffered && modem->buffer[end] != '\r' && modem->buffer[end] != '\n') {
            end++;
        }
        if (end == modem->buffered) {
            break;
        }
        if (end > start && end - start < AT_LINE_MAX) {
            memcpy(line, modem->buffer + start, end - start);
            line[end - start] = '\0';
            modem->buffered -= end + 1;
            memmove(modem->buffer, modem->buffer + end + 1, modem->buffered);
            return true;
        }
        start = end + 1;
    }
    modem->buffered -= start;
    memmove(modem->buffer, modem->buffer + start, modem->buffered);
    return false;
}

static enum gbau_status next_line(struct at_modem *modem, int64_t deadline, char line[AT_LINE_MAX])
{
    while (!take_line(modem, line)) {
        enum gbau_status status = fill_buffer(modem, deadline);
        if (status != GBAU_OK) {
            return status;
        }
    }
    return GBAU_OK;
}

static bool begins_with(const char *line, const char *prefix)
{
    return strncmp(line, prefix, strlen(prefix)) == 0;
}

static enum line_kind kind_of(const char *line)
{
    static const char *const errors[] = {"ERROR", "+CME ERROR", "+CMS ERROR", "COMMAND NOT SUPPORT"};
    if (strcmp(line, "OK") == 0) {
        return LINE_OK;
    }
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (begins_with(line, errors[i])) {
            return LINE_ERROR;
        }
    }
    return LINE_OTHER;
}

static bool is_bare_number(const char *line)
{
    size_t digits = strspn(line, "0123456789");
    return digits > 0 && line[digits] == '\0';
}

/* Keeps the line that answers the command, if this is it. */
static void keep_answer(const char *line, const char *prefix, bool bare, char answer[AT_LINE_MAX])
{
    if (answer[0] != '\0') {
        return;
    }
    if (begins_with(line, prefix)) {
        const char *value = line + strlen(prefix);
        (void)snprintf(answer, AT_LINE_MAX, "%s", value + strspn(value, " "));
    } else if (bare && is_bare_number(line)) {
        (void)snprintf(answer, AT_LINE_MAX, "%s", line);
    }
}

enum gbau_status at_modem_run(struct at_modem *modem, const char *command, const char *prefix, bool bare,
                              char answer[AT_LINE_MAX])
{
    char line[AT_LINE_MAX];
    char sent[AT_LINE_MAX];
    const int64_t deadline = now_ms() + modem->timeout_ms;
    int length = snprintf(sent, sizeof sent, "AT%s\r", command);
    answer[0] = '\0';
    if (length < 0 || (size_t)length >= sizeof sent) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = write_all(modem, sent, (size_t)length, deadline);
    while (status == GBAU_OK) {
        status = next_line(modem, deadline, line);
        if (status != GBAU_OK) {
            break;
        }
        enum line_kind kind = kind_of(line);
        if (kind != LINE_OTHER) {
            return kind == LINE_OK ? GBAU_OK : GBAU_E_REFUSED;
        }
        keep_answer(line, prefix, bare, answer);
    }
    return status;
}
