/* pcsc_driver.c: cards behind PC/SC readers; the only file that knows pcsc-lite. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <winscard.h>

#include "reader/reader_driver.h"

enum { SW_SIZE = 2 };

struct pcsc {
    const struct log *log;
    SCARDCONTEXT context;
    SCARDHANDLE card;
    bool connected;
    DWORD protocol;
};

/* What became of a command that PC/SC did not carry to the card and back. */
static const struct {
    LONG result;
    enum gbau_status status;
    const char *text;
} failures[] = {
    {SCARD_E_INSUFFICIENT_BUFFER, GBAU_E_SPACE, "the card answered more than was asked for"},
    {SCARD_W_REMOVED_CARD, GBAU_E_IO, "the card was taken out of the reader"},
    {SCARD_E_NO_SMARTCARD, GBAU_E_IO, "the card was taken out of the reader"},
    {SCARD_E_NOT_TRANSACTED, GBAU_E_IO, "the exchange broke off: the card was taken out or the reader unplugged"},
    {SCARD_E_READER_UNAVAILABLE, GBAU_E_IO, "the reader was unplugged"},
    {SCARD_E_UNKNOWN_READER, GBAU_E_IO, "the reader was unplugged"},
    {SCARD_W_UNRESPONSIVE_CARD, GBAU_E_IO, "the card does not answer: take it out and put it in again"},
    {SCARD_W_UNPOWERED_CARD, GBAU_E_IO, "the card has no power: take it out and put it in again"},
    {SCARD_E_SHARING_VIOLATION, GBAU_E_BUSY, "another program keeps the card for itself"},
    {SCARD_E_NO_SERVICE, GBAU_E_IO, "the PC/SC service ended: see that pcscd runs"},
    {SCARD_E_SERVICE_STOPPED, GBAU_E_IO, "the PC/SC service ended: see that pcscd runs"},
    {SCARD_F_COMM_ERROR, GBAU_E_IO, "the PC/SC service ended: see that pcscd runs"},
};

static enum gbau_status explain(const struct pcsc *pcsc, LONG result)
{
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        if (failures[i].result == result) {
            log_error(pcsc->log, "%s", failures[i].text);
            return failures[i].status;
        }
    }
    log_error(pcsc->log, "PC/SC failed: %s", pcsc_stringify_error(result));
    return GBAU_E_IO;
}

/* The card is fresh: whoever sent the command that failed must begin anew. */
static enum gbau_status connect_again(struct pcsc *pcsc)
{
    DWORD protocol = 0;
    LONG result = SCardReconnect(pcsc->card, SCARD_SHARE_SHARED, pcsc->protocol, SCARD_LEAVE_CARD, &protocol);
    if (result != SCARD_S_SUCCESS) {
        return explain(pcsc, result);
    }
    log_error(pcsc->log, "another program reset the card, and with it what was selected and verified: try again");
    return GBAU_E_BUSY;
}

static enum gbau_status status_of(struct pcsc *pcsc, LONG result)
{
    if (result == SCARD_S_SUCCESS) {
        return GBAU_OK;
    }
    return result == SCARD_W_RESET_CARD ? connect_again(pcsc) : explain(pcsc, result);
}

static enum gbau_status pcsc_transmit(void *state, struct octets command, uint8_t *response, size_t capacity,
                                      size_t *length)
{
    struct pcsc *pcsc = state;
    DWORD received = (DWORD)capacity;
    const SCARD_IO_REQUEST *protocol = pcsc->protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
    LONG result = SCardTransmit(pcsc->card, protocol, command.data, (DWORD)command.length, NULL, response, &received);
    *length = received;
    if (result == SCARD_S_SUCCESS && received < SW_SIZE) {
        log_error(pcsc->log, "the reader gave no whole answer: the card was taken out or is broken");
    }
    return status_of(pcsc, result);
}

static enum gbau_status pcsc_begin(void *state)
{
    struct pcsc *pcsc = state;
    return status_of(pcsc, SCardBeginTransaction(pcsc->card));
}

static void pcsc_end(void *state)
{
    struct pcsc *pcsc = state;
    (void)SCardEndTransaction(pcsc->card, SCARD_LEAVE_CARD); /* fails when the card is gone, and is not needed then */
}

static void pcsc_close(void *state)
{
    struct pcsc *pcsc = state;
    if (pcsc->connected) {
        (void)SCardDisconnect(pcsc->card, SCARD_RESET_CARD); /* no verified PIN is left behind */
    }
    (void)SCardReleaseContext(pcsc->context);
    free(pcsc);
}

static const struct reader_driver pcsc_driver = {
    .transmit = pcsc_transmit, .begin = pcsc_begin, .end = pcsc_end, .close = pcsc_close};

/* Choosing a reader */

static bool is_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits < 4 && text[digits] == '\0';
}

/* Tries a reader; GBAU_E_NOT_FOUND when it has no card. */
static enum gbau_status connect_reader(struct pcsc *pcsc, const char *name)
{
    LONG result = SCardConnect(pcsc->context, name, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
                               &pcsc->card, &pcsc->protocol);
    if (result == SCARD_E_SHARING_VIOLATION) {
        log_error(pcsc->log, "the card in reader '%s' is in use by another program", name);
        return GBAU_E_BUSY;
    }
    if (result == SCARD_W_UNRESPONSIVE_CARD || result == SCARD_E_PROTO_MISMATCH) {
        log_warning(pcsc->log, "the card in reader '%s' does not answer: is it the right way round?", name);
    }
    pcsc->connected = result == SCARD_S_SUCCESS;
    return pcsc->connected ? GBAU_OK : GBAU_E_NOT_FOUND;
}

static bool is_wanted(const char *wanted, const char *name, size_t number)
{
    if (wanted == NULL || wanted[0] == '\0') {
        return true;
    }
    return is_number(wanted) ? strtoul(wanted, NULL, 10) == number : strstr(name, wanted) != NULL;
}

/* Walks the list of reader names, each ended by a zero, the list by an empty one. */
static enum gbau_status connect_first(struct pcsc *pcsc, const char *names, const char *wanted)
{
    size_t number = 0;
    bool seen = false;
    for (const char *name = names; *name != '\0'; name += strlen(name) + 1) {
        if (is_wanted(wanted, name, number++)) {
            seen = true;
            enum gbau_status status = connect_reader(pcsc, name);
            if (status != GBAU_E_NOT_FOUND) {
                return status;
            }
        }
    }
    log_error(pcsc->log, seen ? "no card in the PC/SC reader: insert one, or start 'gbau card serve'"
                              : "no such PC/SC reader: 'gbau card readers' lists them");
    return GBAU_E_NOT_FOUND;
}

static enum gbau_status list_and_connect(struct pcsc *pcsc, const char *wanted)
{
    LPSTR names = NULL;
    DWORD length = SCARD_AUTOALLOCATE;
    LONG result = SCardListReaders(pcsc->context, NULL, (LPSTR)&names, &length);
    if (result != SCARD_S_SUCCESS) {
        log_error(pcsc->log, "no PC/SC reader found: connect one, and check that pcscd runs");
        return GBAU_E_NOT_FOUND;
    }
    enum gbau_status status = connect_first(pcsc, names, wanted);
    (void)SCardFreeMemory(pcsc->context, names);
    return status;
}

static enum gbau_status establish(SCARDCONTEXT *context, const struct log *log)
{
    if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, context) == SCARD_S_SUCCESS) {
        return GBAU_OK;
    }
    log_error(log, "no PC/SC service: start pcscd (package pcscd)");
    return GBAU_E_UNREACHABLE;
}

enum gbau_status pcsc_driver_open(const char *reader_name, const struct log *log, struct reader_connection *connection)
{
    struct pcsc *pcsc = calloc(1, sizeof *pcsc);
    if (pcsc == NULL) {
        return GBAU_E_MEMORY;
    }
    pcsc->log = log;
    enum gbau_status status = establish(&pcsc->context, log);
    if (status != GBAU_OK) {
        free(pcsc);
        return status;
    }
    status = list_and_connect(pcsc, reader_name);
    if (status != GBAU_OK) {
        pcsc_close(pcsc);
        return status;
    }
    *connection =
        (struct reader_connection){.driver = &pcsc_driver, .state = pcsc, .is_t0 = pcsc->protocol == SCARD_PROTOCOL_T0};
    return GBAU_OK;
}

/* Listing readers */

static bool has_card(SCARDCONTEXT context, const char *name)
{
    SCARD_READERSTATE state = {.szReader = name, .dwCurrentState = SCARD_STATE_UNAWARE};
    return SCardGetStatusChange(context, 0, &state, 1) == SCARD_S_SUCCESS &&
           (state.dwEventState & SCARD_STATE_PRESENT) != 0;
}

bool pcsc_has_card(const char *argument)
{
    SCARDCONTEXT context = 0;
    LPSTR names = NULL;
    DWORD length = SCARD_AUTOALLOCATE;
    size_t number = 0;
    bool found = false;
    if (establish(&context, NULL) != GBAU_OK) {
        return false;
    }
    if (SCardListReaders(context, NULL, (LPSTR)&names, &length) == SCARD_S_SUCCESS) {
        for (const char *name = names; *name != '\0' && !found; name += strlen(name) + 1) {
            found = is_wanted(argument, name, number++) && has_card(context, name);
        }
        (void)SCardFreeMemory(context, names);
    }
    (void)SCardReleaseContext(context);
    return found;
}

/* Asks for the state of a reader as it is now, without connecting to its card. */
static void tell_of_reader(SCARDCONTEXT context, const char *name, reader_found *found, void *found_context)
{
    SCARD_READERSTATE state = {.szReader = name, .dwCurrentState = SCARD_STATE_UNAWARE};
    struct reader_entry entry = {.card = READER_CARD_UNKNOWN};
    (void)snprintf(entry.name, sizeof entry.name, "pcsc:%s", name);
    if (SCardGetStatusChange(context, 0, &state, 1) == SCARD_S_SUCCESS) {
        entry.card = (state.dwEventState & SCARD_STATE_PRESENT) != 0 ? READER_CARD_PRESENT : READER_CARD_ABSENT;
        entry.atr_length = state.cbAtr < sizeof entry.atr ? state.cbAtr : sizeof entry.atr;
        memcpy(entry.atr, state.rgbAtr, entry.atr_length);
    }
    found(found_context, &entry);
}

enum gbau_status pcsc_list(const struct log *log, reader_found *found, void *found_context)
{
    SCARDCONTEXT context = 0;
    LPSTR names = NULL;
    DWORD length = SCARD_AUTOALLOCATE;
    enum gbau_status status = establish(&context, log);
    if (status != GBAU_OK) {
        return status;
    }
    if (SCardListReaders(context, NULL, (LPSTR)&names, &length) == SCARD_S_SUCCESS) {
        for (const char *name = names; *name != '\0'; name += strlen(name) + 1) {
            tell_of_reader(context, name, found, found_context);
        }
        (void)SCardFreeMemory(context, names);
    }
    (void)SCardReleaseContext(context);
    return GBAU_OK;
}
