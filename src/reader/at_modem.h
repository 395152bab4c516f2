/*
 * at_modem.h: one AT command and its answer at a time, with modems as they are: echo or not, results of other things in
 * between, lines in pieces, silence (TS 27.007 clause 4, ITU-T V.250).
 */
#ifndef READER_AT_MODEM_H
#define READER_AT_MODEM_H

#include "base/log.h"
#include "base/octets.h"

enum { AT_LINE_MAX = 1200, AT_BUFFER_SIZE = 4096 };

struct at_modem {
    int descriptor;
    unsigned timeout_ms; /* for one command */
    const struct log *log;
    size_t buffered;
    char buffer[AT_BUFFER_SIZE]; /* read, but not yet made into a line */
};

/* Opens a serial device, raw, at 115,200 baud. GBAU_E_IO, logged, when it cannot be opened. */
GBAU_MUST_USE enum gbau_status at_modem_open(struct at_modem *modem, const char *device, const struct log *log);
void at_modem_close(struct at_modem *modem);

/*
 * Sends "AT<command>" and waits for the final result. The first line that begins with `prefix` ("+CSIM:"), or, when
 * `bare` is set, one that is a bare number, is copied to `line` without the prefix and the blanks behind it; empty when
 * there was none. Every other line is skipped: it is an echo, or the modem talks of something else.
 * GBAU_OK for OK; GBAU_E_REFUSED for ERROR, +CME ERROR and +CMS ERROR; GBAU_E_TIMEOUT; GBAU_E_IO when the device is
 * gone.
 */
GBAU_MUST_USE enum gbau_status at_modem_run(struct at_modem *modem, const char *command, const char *prefix, bool bare,
                                            char line[AT_LINE_MAX]);

#endif
