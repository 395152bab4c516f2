/* modem_script.h: a modem on a pseudo terminal that says, word for word, what a script has it say. */
#ifndef TESTS_UNIT_READER_MODEM_SCRIPT_H
#define TESTS_UNIT_READER_MODEM_SCRIPT_H

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "testing.h"

/* Instead of an answer: the modem is pulled out. */
static const char modem_unplugged[] = "";

/* Instead of an answer: two to three seconds of chatter that is none. */
static const char modem_chatter[] = "";

/* One command and everything that comes back, with its CR and LF. NULL: silence. */
struct modem_step {
    const char *command; /* "AT+CSIM=..."; NULL ends the script */
    const char *answer;
    unsigned delay_ms;
};

struct modem_script {
    const struct modem_step *steps;
    size_t next;
    bool in_pieces; /* octet by octet */
    int master;
    int slave; /* held open, so that reading does not fail while the driver has it closed */
    char device[64];
    char unexpected[1200]; /* the first command that the script does not have */
    pthread_t thread;
};

static inline void modem_script_say(struct modem_script *script, const char *text)
{
    const size_t length = strlen(text);
    const size_t step = script->in_pieces ? 1 : length;
    for (size_t i = 0; i < length; i += step) {
        ssize_t ignored = write(script->master, text + i, step);
        (void)ignored;
    }
}

static inline void modem_script_answer(struct modem_script *script, const char *line)
{
    const struct modem_step *step = &script->steps[script->next];
    if (step->command == NULL || strcmp(step->command, line) != 0) {
        if (script->unexpected[0] == '\0') {
            (void)snprintf(script->unexpected, sizeof script->unexpected, "%s", line);
        }
        modem_script_say(script, "\r\nERROR\r\n");
        return;
    }
    script->next++;
    (void)usleep(step->delay_ms * 1000);
    if (step->answer == modem_chatter) {
        const time_t start = time(NULL);
        while (time(NULL) - start < 3) {
            modem_script_say(script, "\r\nRING\r\n");
        }
    } else if (step->answer == modem_unplugged) {
        (void)close(script->master);
        script->master = -1;
    } else if (step->answer != NULL) {
        modem_script_say(script, step->answer);
    }
}

/* The next octet; false when the terminal is closed. A test may have made the master one that does not block. */
static inline bool modem_script_hear(const struct modem_script *script, char *octet)
{
    struct pollfd waiting = {.fd = script->master, .events = POLLIN};
    return script->master >= 0 && poll(&waiting, 1, -1) == 1 && read(script->master, octet, 1) == 1;
}

static inline void *modem_script_thread(void *context)
{
    struct modem_script *script = context;
    char line[1200];
    size_t length = 0;
    char octet = 0;
    while (modem_script_hear(script, &octet)) {
        if (octet != '\r' && octet != '\n' && length + 1 < sizeof line) {
            line[length++] = octet;
        } else if (length > 0) {
            line[length] = '\0';
            length = 0;
            modem_script_answer(script, line);
        }
    }
    return NULL;
}

static inline void modem_script_start(struct modem_script *script, const struct modem_step *steps)
{
    struct termios settings;
    script->steps = steps;
    script->master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(script->master >= 0);
    assert_int_equal(grantpt(script->master), 0);
    assert_int_equal(unlockpt(script->master), 0);
    assert_int_equal(ptsname_r(script->master, script->device, sizeof script->device), 0);
    script->slave = open(script->device, O_RDWR | O_NOCTTY);
    assert_true(script->slave >= 0);
    assert_int_equal(tcgetattr(script->slave, &settings), 0);
    cfmakeraw(&settings); /* the terminal must not echo before the driver makes it raw */
    assert_int_equal(tcsetattr(script->slave, TCSANOW, &settings), 0);
    assert_int_equal(pthread_create(&script->thread, NULL, modem_script_thread, script), 0);
}

/* Ends the modem; every step must have been taken, and nothing else have been asked. */
static inline void modem_script_stop(struct modem_script *script)
{
    (void)close(script->slave);
    (void)pthread_join(script->thread, NULL);
    if (script->master >= 0) {
        (void)close(script->master);
    }
    assert_string_equal(script->unexpected, "");
    assert_null(script->steps[script->next].command);
}

#endif
