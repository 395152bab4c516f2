/*
 * modem_channels.h: logical channels as TS 102 221 has them, made of what modems offer instead of MANAGE CHANNEL: a
 * session is opened by AID, named by the modem, and used with class octets of channel 0.
 *
 * MANAGE CHANNEL only hands out a number; SELECT by AID on it opens the session.
 */
#ifndef READER_MODEM_CHANNELS_H
#define READER_MODEM_CHANNELS_H

#include <stdbool.h>

#include "base/octets.h"
#include "gbau/status.h"

enum { MODEM_CHANNELS = 20, MODEM_AID_MAX = 16 };

/* What a modem must offer. The driver remembers what the modem calls the session of a channel (1 to 19). */
struct modem_sessions {
    /* GBAU_E_REFUSED: no such application, or no channel left. */
    enum gbau_status (*open)(void *context, uint8_t channel, struct octets aid);
    /* GBAU_E_REFUSED: the modem does not pass this command. */
    enum gbau_status (*transmit)(void *context, uint8_t channel, struct octets command, uint8_t *response,
                                 size_t capacity, size_t *length);
    void (*close)(void *context, uint8_t channel);
};

enum modem_channel_state { MODEM_CHANNEL_CLOSED, MODEM_CHANNEL_WAITS_FOR_AID, MODEM_CHANNEL_IN_SESSION };

struct modem_channels {
    const struct modem_sessions *sessions;
    void *context;
    enum modem_channel_state states[MODEM_CHANNELS];
};

/* The logical channel of a class octet (TS 102 221 10.1.1). */
uint8_t modem_channel_of(uint8_t cla);

/* Opens a channel that the card opened for us otherwise: from now on it is made of sessions. */
void modem_channels_adopt(struct modem_channels *channels, uint8_t channel);

/* True for a command on a channel that was opened here, and for closing it. */
bool modem_channels_own(const struct modem_channels *channels, struct octets command);

/*
 * Runs MANAGE CHANNEL, or a command on a channel other than 0; what cannot be done is a status word. Errors are the
 * modem's, but never GBAU_E_REFUSED.
 */
GBAU_MUST_USE enum gbau_status modem_channels_transmit(struct modem_channels *channels, struct octets command,
                                                       uint8_t *response, size_t capacity, size_t *length);

/* Ends all sessions. */
void modem_channels_close(struct modem_channels *channels);

/* Writes a status word as a whole response; GBAU_E_SPACE when even that does not fit. */
GBAU_MUST_USE enum gbau_status modem_answer_sw(uint16_t sw, uint8_t *response, size_t capacity, size_t *length);

#endif
