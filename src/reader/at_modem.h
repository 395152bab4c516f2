/*
 * at_modem.h: one AT command and its answer at a time, with modems as they are: echo or not, results of other things in
 * between, lines in pieces, silence, answers that come late (TS 27.007 clause 4, ITU-T V.250).
 */
#ifndef READER_AT_MODEM_H
#define READER_AT_MODEM_H

#include "base/log.h"
#include "reader/at_answer.h"

enum { AT_BUFFER_SIZE = 4096, AT_REFUSAL_SIZE = 80 };

struct at_modem {
    int descriptor;
    unsigned timeout_ms; /* for one command */
    const struct log *log;
    bool is_behind; /* a command was given up: its answer may still come */
    size_t buffered;
    char buffer[AT_BUFFER_SIZE];   /* read, but not yet made into a line */
    char refusal[AT_REFUSAL_SIZE]; /* the modem's words when it last refused, for people */
};

/* The line that a command asks for; all others are skipped: an echo, or the modem talks of something else. */
struct at_expected {
    const char *prefix; /* "+CSIM:"; NULL: none */
    bool may_be_bare;   /* a line that is a bare number counts too */
};

/*
 * Opens a serial device, raw, at 115,200 baud, for this program alone. GBAU_E_BUSY, GBAU_E_IO, both logged. `log` must
 * live as long as the modem.
 */
GBAU_MUST_USE enum gbau_status at_modem_open(struct at_modem *modem, const char *device, const struct log *log);
void at_modem_close(struct at_modem *modem);

/*
 * Sends "AT<command>" and waits for the final result. The value of the first line that was expected is copied to
 * `answer`; empty when there was none. After a time-out the next command first waits until the modem has caught up.
 * GBAU_OK for OK; GBAU_E_TIMEOUT; GBAU_E_IO when the device is gone; for an error what at_read_error makes of it.
 */
GBAU_MUST_USE enum gbau_status at_modem_run(struct at_modem *modem, const char *command, struct at_expected expected,
                                            char answer[AT_LINE_MAX]);

#endif
