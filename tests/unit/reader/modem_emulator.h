/* modem_emulator.h: a modem on a pseudo terminal with a software card in it, which misbehaves as real ones do. */
#ifndef TESTS_UNIT_READER_MODEM_EMULATOR_H
#define TESTS_UNIT_READER_MODEM_EMULATOR_H

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "reader/card_image.h"
#include "reader/t0_transport.h"
#include "testing.h"

struct modem_habits {
    bool without_csim;
    bool keeps_echo;    /* ignores E0 */
    bool bare_session;  /* +CCHO answers "1" instead of "+CCHO: 1" */
    bool talks_between; /* unsolicited results before every answer */
    bool in_pieces;     /* answers octet by octet */
    bool deaf;          /* reads and never answers */
    bool nonsense;      /* answers with broken lines */
};

struct modem_emulator {
    struct modem_habits habits;
    int master;
    char device[64];
    struct card_image *card;
    struct t0_transport transport; /* the card behind it speaks T=0 */
    pthread_t thread;
    size_t commands;
};

static inline size_t emulator_process(void *context, struct octets command, uint8_t response[UICC_RESPONSE_MAX])
{
    struct modem_emulator *modem = context;
    return card_image_process(modem->card, command, response);
}

static inline void emulator_say(struct modem_emulator *modem, const char *text)
{
    size_t length = strlen(text);
    size_t step = modem->habits.in_pieces ? 1 : length;
    for (size_t i = 0; i < length; i += step) {
        ssize_t ignored = write(modem->master, text + i, step);
        (void)ignored;
    }
}

/* Runs `hex` on the card, on channel `channel` when it is not 0, and answers "<prefix><length>,\"<hex>\"". */
static inline void emulator_run(struct modem_emulator *modem, const char *prefix, const char *hex, unsigned channel)
{
    uint8_t command[300];
    uint8_t response[UICC_RESPONSE_MAX];
    char text[2 * UICC_RESPONSE_MAX + 1];
    char line[2 * UICC_RESPONSE_MAX + 64];
    size_t length = 0;
    if (hex_decode(octets_of(hex, strcspn(hex, "\"")), command, sizeof command, &length) != GBAU_OK || length < 4) {
        emulator_say(modem, "\r\n+CME ERROR: 50\r\n");
        return;
    }
    command[0] |= (uint8_t)channel;
    length = t0_transport_process(&modem->transport, octets_of(command, length), response);
    assert_ok(hex_encode(octets_of(response, length), text, sizeof text));
    (void)snprintf(line, sizeof line, "\r\n%s %zu,\"%s\"\r\n\r\nOK\r\n", prefix, 2 * length, text);
    emulator_say(modem, modem->habits.nonsense ? "\r\n+CSIM: 4,\"90\r\n\r\nOK\r\n" : line);
}

/* MANAGE CHANNEL and SELECT by AID, as a modem does them for +CCHO; session and channel are the same number here. */
static inline void emulator_open(struct modem_emulator *modem, const char *aid_hex)
{
    uint8_t command[40] = {0x00, 0x70, 0x00, 0x00, 0x01};
    uint8_t response[UICC_RESPONSE_MAX];
    char line[32];
    size_t aid_length = 0;
    (void)card_image_process(modem->card, octets_of(command, 5), response);
    const uint8_t channel = response[0];
    assert_ok(hex_decode(octets_of(aid_hex, strcspn(aid_hex, "\"")), command + 5, 16, &aid_length));
    command[0] = channel;
    command[1] = 0xa4;
    command[2] = 0x04;
    command[3] = 0x0c;
    command[4] = (uint8_t)aid_length;
    size_t length = card_image_process(modem->card, octets_of(command, 5 + aid_length), response);
    if (response[length - 2] != 0x90) {
        emulator_say(modem, "\r\n+CME ERROR: 22\r\n");
        return;
    }
    (void)snprintf(line, sizeof line, modem->habits.bare_session ? "\r\n%u\r\nOK\r\n" : "\r\n+CCHO: %u\r\nOK\r\n",
                   channel);
    emulator_say(modem, line);
}

static inline void emulator_handle(struct modem_emulator *modem, const char *line)
{
    const struct modem_habits *habits = &modem->habits;
    unsigned session = 0;
    modem->commands++;
    if (habits->deaf) {
        return;
    }
    if (habits->keeps_echo) {
        emulator_say(modem, line);
        emulator_say(modem, "\r");
    }
    if (habits->talks_between) {
        emulator_say(modem, "\r\n+CREG: 1,\"00C3\",\"0012\"\r\n\r\nRING\r\n\r\n^RSSI: 17\r\n");
    }
    const char *quote = strchr(line, '"');
    if (strncmp(line, "ATE0", 4) == 0) {
        emulator_say(modem, "\r\nOK\r\n");
    } else if (strncmp(line, "AT+CSIM=", 8) == 0 && !habits->without_csim && quote != NULL) {
        emulator_run(modem, "+CSIM:", quote + 1, 0);
    } else if (strncmp(line, "AT+CCHO=", 8) == 0 && quote != NULL) {
        emulator_open(modem, quote + 1);
    } else if (sscanf(line, "AT+CGLA=%u", &session) == 1 && quote != NULL) {
        emulator_run(modem, "+CGLA:", quote + 1, session);
    } else if (sscanf(line, "AT+CCHC=%u", &session) == 1) {
        emulator_say(modem, "\r\n+CCHC\r\nOK\r\n");
    } else {
        emulator_say(modem, "\r\nERROR\r\n");
    }
}

static inline void *emulator_thread(void *context)
{
    struct modem_emulator *modem = context;
    char line[1200];
    size_t length = 0;
    char octet = 0;
    while (read(modem->master, &octet, 1) == 1) { /* ends when the terminal is closed */
        if (octet != '\r' && octet != '\n' && length + 1 < sizeof line) {
            line[length++] = octet;
        } else if (length > 0) {
            line[length] = '\0';
            length = 0;
            emulator_handle(modem, line);
        }
    }
    return NULL;
}

/* Starts a modem with the card at `card_path` in it; `modem->device` is where it answers. */
static inline void emulator_start(struct modem_emulator *modem, struct modem_habits habits, const char *card_path)
{
    *modem = (struct modem_emulator){.habits = habits};
    modem->transport = t0_transport_of((struct t0_card){.process = emulator_process, .context = modem});
    modem->master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(modem->master >= 0);
    assert_int_equal(grantpt(modem->master), 0);
    assert_int_equal(unlockpt(modem->master), 0);
    assert_int_equal(ptsname_r(modem->master, modem->device, sizeof modem->device), 0);
    assert_ok(card_image_open(card_path, CARD_VOLATILE, NULL, &modem->card));
    /* the other end stays open once, so that reading does not fail before the driver opens it */
    int slave = open(modem->device, O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    assert_int_equal(pthread_create(&modem->thread, NULL, emulator_thread, modem), 0);
    (void)usleep(10000);
    modem->commands = 0;
    (void)dup2(slave, 250);
    (void)close(slave);
}

static inline void emulator_stop(struct modem_emulator *modem)
{
    (void)close(250); /* the last slave: the thread's read fails and it ends */
    (void)pthread_join(modem->thread, NULL);
    (void)close(modem->master);
    card_image_close(modem->card);
}

#endif
