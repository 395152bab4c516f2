/* card_serve.c: offers a card in a file to PC/SC: gbau card serve, and the whole of gbau-card. */
#include "cli/card_serve.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/options.h"
#include "reader/card_image.h"
#include "reader/vpcd.h"

static size_t serve_process(void *context, struct octets command, uint8_t response[UICC_RESPONSE_MAX])
{
    return card_image_process(context, command, response);
}

static void serve_reset(void *context)
{
    card_image_reset(context);
}

/* A descriptor that becomes readable when the program is asked to end. */
static int open_stop_descriptor(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0) {
        return -1;
    }
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* "HOST:PORT", "HOST" or "[IPv6]:PORT". */
static bool split_host_port(const char *text, char *host, size_t host_size, const char **port)
{
    const bool bracketed = text[0] == '[';
    const char *start = bracketed ? text + 1 : text;
    const char *end = bracketed ? strchr(start, ']') : strrchr(start, ':');
    const char *colon = bracketed && end != NULL ? end + 1 : end;
    size_t length = end == NULL ? strlen(start) : (size_t)(end - start);
    if ((bracketed && end == NULL) || length == 0 || length >= host_size) {
        return false;
    }
    memcpy(host, start, length);
    host[length] = '\0';
    *port = colon != NULL && colon[0] == ':' ? colon + 1 : VPCD_DEFAULT_PORT;
    return true;
}

int card_serve(const char *program, const struct log *log, int argc, char **argv)
{
    const char *vpcd = NULL;
    bool once = false;
    const struct option table[] = {
        {"--vpcd", "HOST:PORT", "where vpcd listens; " VPCD_DEFAULT_HOST ":" VPCD_DEFAULT_PORT " unless given", false,
         &vpcd, NULL, NULL},
        {"--once", NULL, "end when the reader goes away, instead of waiting for it", false, NULL, NULL, &once},
    };
    const struct usage usage = {
        program,
        "FILE",
        "Offers the card to every PC/SC program, through the virtual reader of Debian's vsmartcard-vpcd,\n"
        "until the program is interrupted. When the reader goes away, its return is waited for.",
        1,
        sizeof table / sizeof table[0],
        table};
    const char *path = NULL;
    char host[256];
    const char *port = NULL;
    struct card_image *card = NULL;
    enum options_outcome outcome = options_parse(&usage, argc, argv, &path);
    if (outcome != OPTIONS_PARSED) {
        return options_exit_status(outcome);
    }
    if (!split_host_port(vpcd == NULL ? VPCD_DEFAULT_HOST : vpcd, host, sizeof host, &port)) {
        log_error(log, "--vpcd takes HOST:PORT");
        return EXIT_USAGE;
    }
    if (card_image_open(path, CARD_DURABLE, log, &card) != GBAU_OK) {
        return EXIT_FAILURE;
    }
    int stop_descriptor = open_stop_descriptor();
    const struct vpcd_card served = {
        .commands = {.process = serve_process, .context = card}, .reset = serve_reset, .context = card};
    enum gbau_status status = GBAU_E_IO;
    if (stop_descriptor >= 0) {
        status = once ? vpcd_serve(&served, host, port, stop_descriptor, log)
                      : vpcd_serve_on(&served, host, port, stop_descriptor, log);
        (void)close(stop_descriptor);
    }
    card_image_close(card);
    return status == GBAU_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
