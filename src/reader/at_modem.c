/* at_modem.c: one AT command and its answer at a time. */
#include "reader/at_modem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/secret.h"

enum { DEFAULT_TIMEOUT_MS = 10000, SILENCE_MS = 100 };

enum gbau_status at_modem_open(struct at_modem *modem, const char *device, const struct log *log)
{
    struct termios settings;
    *modem = (struct at_modem){.timeout_ms = DEFAULT_TIMEOUT_MS, .log = log};
    modem->descriptor = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (modem->descriptor < 0) {
        const bool is_taken = errno == EBUSY;
        log_error(log, "cannot open the modem %s: %s%s", device, strerror(errno),
                  is_taken ? "; end the program that uses it, such as ModemManager" : "");
        return is_taken ? GBAU_E_BUSY : GBAU_E_IO;
    }
    if (tcgetattr(modem->descriptor, &settings) != 0) {
        log_error(log, "%s is no serial device: %s", device, strerror(errno));
        at_modem_close(modem);
        return GBAU_E_IO;
    }
    (void)ioctl(modem->descriptor, TIOCEXCL);
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
        (void)ioctl(modem->descriptor, TIOCNXCL);
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
        modem->buffered = AT_LINE_MAX; /* a line that long is noise; so much of it is kept that it stays too long */
    }
    ssize_t length = read(modem->descriptor, modem->buffer + modem->buffered, sizeof modem->buffer - modem->buffered);
    if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR)) {
        return GBAU_E_IO;
    }
    modem->buffered += length > 0 ? (size_t)length : 0;
    return GBAU_OK;
}

/* What was read may have held a key: nothing of it stays behind the buffer's end. */
static void drop(struct at_modem *modem, size_t length)
{
    modem->buffered -= length;
    memmove(modem->buffer, modem->buffer + length, modem->buffered);
    secret_wipe(modem->buffer + modem->buffered, length);
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
            drop(modem, end + 1);
            return true;
        }
        start = end + 1;
    }
    drop(modem, start);
    return false;
}

/* The deadline holds also for a modem that never stops talking. */
static enum gbau_status next_line(struct at_modem *modem, int64_t deadline, char line[AT_LINE_MAX])
{
    if (now_ms() > deadline) {
        return GBAU_E_TIMEOUT;
    }
    while (!take_line(modem, line)) {
        enum gbau_status status = fill_buffer(modem, deadline);
        if (status != GBAU_OK) {
            return status;
        }
    }
    return GBAU_OK;
}

/* What an error line says is kept for people, and told by its status. */
static enum gbau_status keep_refusal(struct at_modem *modem, const char *line)
{
    const char *text = NULL;
    enum gbau_status status = at_read_error(line, &text);
    (void)snprintf(modem->refusal, sizeof modem->refusal, "%s", text);
    return status;
}

static const char *value_of(const char *line, struct at_expected expected)
{
    const char *value = expected.prefix == NULL ? NULL : at_read_value(line, expected.prefix);
    return value == NULL && expected.may_be_bare && at_is_bare_number(line) ? line : value;
}

/* What was expected so far, and the line at hand. */
struct waiting {
    struct at_expected expected;
    bool skips_results; /* results before the expected line are of older commands */
    bool answered;
    char *answer;
};

/* Looks at one line; true when it is the final result, which goes to *status. */
static bool take_in(struct at_modem *modem, struct waiting *waiting, const char *line, enum gbau_status *status)
{
    const enum at_result result = at_read_result(line);
    if (result != AT_RESULT_NONE && (waiting->answered || !waiting->skips_results)) {
        *status = result == AT_RESULT_OK ? GBAU_OK : keep_refusal(modem, line);
        return true;
    }
    const char *value = waiting->answered ? NULL : value_of(line, waiting->expected);
    if (value != NULL) {
        (void)snprintf(waiting->answer, AT_LINE_MAX, "%s", value);
        waiting->answered = true;
    }
    return false;
}

static enum gbau_status await_result(struct at_modem *modem, struct waiting *waiting, int64_t deadline)
{
    char line[AT_LINE_MAX];
    enum gbau_status status = next_line(modem, deadline, line);
    while (status == GBAU_OK && !take_in(modem, waiting, line, &status)) {
        status = next_line(modem, deadline, line);
    }
    secret_wipe(line, sizeof line); /* a key may have been in it */
    return status;
}

static enum gbau_status send_command(struct at_modem *modem, const char *command, int64_t deadline)
{
    char sent[AT_LINE_MAX];
    int length = snprintf(sent, sizeof sent, "AT%s\r", command);
    if (length < 0 || (size_t)length >= sizeof sent) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = write_all(modem, sent, (size_t)length, deadline);
    secret_wipe(sent, sizeof sent); /* a PIN may have been in it */
    return status;
}

/*
 * A modem works in order: once it answers a query that nothing else answers like, it has nothing older to say. Were
 * queries lost and others late, their answers are here within the silence that is waited for.
 */
static enum gbau_status catch_up(struct at_modem *modem)
{
    char answer[AT_LINE_MAX];
    const int64_t deadline = now_ms() + modem->timeout_ms;
    enum gbau_status status = send_command(modem, "+CMEE?", deadline);
    if (status == GBAU_OK) {
        struct waiting waiting = {.expected = {.prefix = "+CMEE:"}, .skips_results = true, .answer = answer};
        status = await_result(modem, &waiting, deadline);
    }
    if (status != GBAU_OK) {
        return status;
    }
    while (status == GBAU_OK && now_ms() < deadline) {
        status = next_line(modem, now_ms() + SILENCE_MS, answer);
    }
    secret_wipe(answer, sizeof answer);
    modem->is_behind = status == GBAU_E_IO;
    return status == GBAU_E_TIMEOUT ? GBAU_OK : status;
}

enum gbau_status at_modem_run(struct at_modem *modem, const char *command, struct at_expected expected,
                              char answer[AT_LINE_MAX])
{
    answer[0] = '\0';
    enum gbau_status status = modem->is_behind ? catch_up(modem) : GBAU_OK;
    const int64_t deadline = now_ms() + modem->timeout_ms;
    if (status == GBAU_OK) {
        status = send_command(modem, command, deadline);
    }
    if (status == GBAU_OK) {
        status = await_result(modem, &(struct waiting){.expected = expected, .answer = answer}, deadline);
    }
    if (status == GBAU_E_TIMEOUT) {
        modem->is_behind = true;
    }
    return status;
}
