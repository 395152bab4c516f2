/* pcsc_driver.c: cards behind PC/SC readers; the only file that knows pcsc-lite. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <winscard.h>

#include "reader/reader_driver.h"

struct pcsc {
    SCARDCONTEXT context;
    SCARDHANDLE card;
    bool connected;
    const SCARD_IO_REQUEST *protocol;
};

static void pcsc_close(void *state)
{
    struct pcsc *pcsc = state;
    if (pcsc->connected) {
        (void)SCardDisconnect(pcsc->card, SCARD_RESET_CARD); /* no verified PIN is left behind */
    }
    (void)SCardReleaseContext(pcsc->context);
    free(pcsc);
}

static enum gbau_status pcsc_transmit(void *state, struct octets command, uint8_t *response, size_t capacity,
                                      size_t *length)
{
    struct pcsc *pcsc = state;
    DWORD received = (DWORD)capacity;
    LONG result = SCardTransmit(pcsc->card, pcsc->protocol, command.data, (DWORD)command.length, NULL, response,
                                &received);
    *length = received;
    if (result == SCARD_E_INSUFFICIENT_BUFFER) {
        return GBAU_E_SPACE;
    }
    return result == SCARD_S_SUCCESS ? GBAU_OK : GBAU_E_IO;
}

static const struct reader_driver pcsc_driver = {.transmit = pcsc_transmit, .close = pcsc_close};

static bool is_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits < 4 && text[digits] == '\0';
}

/* Tries a reader; GBAU_E_NOT_FOUND when it has no card. */
static enum gbau_status connect_reader(struct pcsc *pcsc, const char *name)
{
    DWORD protocol = 0;
    LONG result = SCardConnect(pcsc->context, name, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
                               &pcsc->card, &protocol);
    if (result == SCARD_E_SHARING_VIOLATION) {
        return GBAU_E_BUSY;
    }
    if (result != SCARD_S_SUCCESS) {
        return GBAU_E_NOT_FOUND;
    }
    pcsc->connected = true;
    pcsc->protocol = protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
    return GBAU_OK;
}

static bool is_wanted(const char *wanted, const char *name, size_t number)
{
    if (wanted == NULL || wanted[0] == '\0') {
        return true;
    }
    return is_number(wanted) ? strtoul(wanted, NULL, 10) == number : strstr(name, wanted) != NULL;
}

/* Walks the list of reader names, each ended by a zero, the list by an empty one. */
static enum gbau_status connect_first(struct pcsc *pcsc, const char *names, const char *wanted, const struct log *log)
{
    size_t number = 0;
    bool seen = false;
    for (const char *name = names; *name != '\0'; name += strlen(name) + 1) {
        if (is_wanted(wanted, name, number++)) {
            seen = true;
            enum gbau_status status = connect_reader(pcsc, name);
            if (status != GBAU_E_NOT_FOUND) {
                if (status == GBAU_E_BUSY) {
                    log_error(log, "the card in reader '%s' is in use by another program", name);
                }
                return status;
            }
        }
    }
    log_error(log, seen ? "no card in the PC/SC reader: insert one, or start 'gbau card serve'"
                        : "no such PC/SC reader: 'opensc-tool -l' lists them");
    return GBAU_E_NOT_FOUND;
}

static enum gbau_status list_and_connect(struct pcsc *pcsc, const char *wanted, const struct log *log)
{
    LPSTR names = NULL;
    DWORD length = SCARD_AUTOALLOCATE;
    LONG result = SCardListReaders(pcsc->context, NULL, (LPSTR)&names, &length);
    if (result != SCARD_S_SUCCESS) {
        log_error(log, "no PC/SC reader found: connect one, and check that pcscd runs");
        return GBAU_E_NOT_FOUND;
    }
    enum gbau_status status = connect_first(pcsc, names, wanted, log);
    (void)SCardFreeMemory(pcsc->context, names);
    return status;
}

enum gbau_status pcsc_driver_open(const char *reader_name, const struct log *log, struct reader_connection *connection)
{
    struct pcsc *pcsc = calloc(1, sizeof *pcsc);
    if (pcsc == NULL) {
        return GBAU_E_MEMORY;
    }
    if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &pcsc->context) != SCARD_S_SUCCESS) {
        log_error(log, "no PC/SC service: start pcscd (package pcscd)");
        free(pcsc);
        return GBAU_E_UNREACHABLE;
    }
    enum gbau_status status = list_and_connect(pcsc, reader_name, log);
    if (status != GBAU_OK) {
        pcsc_close(pcsc);
        return status;
    }
    *connection = (struct reader_connection){
        .driver = &pcsc_driver, .state = pcsc, .is_t0 = pcsc->protocol == SCARD_PCI_T0};
    return GBAU_OK;
}
