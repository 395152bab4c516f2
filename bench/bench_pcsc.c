/*
 * bench_pcsc.c: APDUs through pcscd and its virtual reader.
 *
 *     bench_pcsc empty HOST PORT      a card that only answers 9000, until it is interrupted
 *     bench_pcsc ask COUNT READER     sends COUNT STATUS commands to the card in READER, prints APDUs a second
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#include "measure.h"
#include "reader/reader.h"
#include "reader/vpcd.h"

static const struct log bench_log = {.program = "bench_pcsc", .level = LOG_LEVEL_WARNING};

static size_t answer_nothing(void *context, struct octets command, uint8_t response[UICC_RESPONSE_MAX])
{
    (void)context;
    (void)command;
    response[0] = 0x90;
    response[1] = 0x00;
    return 2;
}

static void reset_nothing(void *context)
{
    (void)context;
}

static int serve_empty(const char *host, const char *port)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    const struct vpcd_card card = {.commands = {.process = answer_nothing}, .reset = reset_nothing};
    return vpcd_serve(&card, host, port, signalfd(-1, &signals, SFD_CLOEXEC), &bench_log) == GBAU_OK ? 0 : 1;
}

static int ask(size_t count, const char *name)
{
    static const uint8_t status[] = {0x80, 0xf2, 0x00, 0x0c}; /* STATUS without data */
    struct reader *reader = NULL;
    uint8_t response[READER_RESPONSE_MAX];
    size_t length = 0;
    measure_require(reader_open(name, &bench_log, &reader) == GBAU_OK, "opening the reader");
    double start = measure_now();
    for (size_t i = 0; i < count; i++) {
        measure_require(reader_transmit(reader, octets_of(status, sizeof status), response, sizeof response,
                                        &length) == GBAU_OK && response[0] == 0x90, "STATUS");
    }
    printf("%.1f\n", (double)count / (measure_now() - start));
    reader_close(reader);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "empty") == 0) {
        return serve_empty(argv[2], argv[3]);
    }
    measure_require(argc == 4 && strcmp(argv[1], "ask") == 0, "usage: see the head of bench_pcsc.c;");
    return ask(strtoul(argv[2], NULL, 10), argv[3]);
}
