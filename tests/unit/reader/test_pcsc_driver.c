/* test_pcsc_driver.c: choosing a PC/SC reader and talking to it, on a PC/SC service that this test plays. */
#include "reader/reader.h"

#include <stdlib.h>

#include <winscard.h>

#include "reader/reader_driver.h"
#include "testing.h"

enum { READERS_MAX = 4 };

/* What the service has; global, because the functions of PC/SC know it by handles only. */
static struct service {
    bool down;
    size_t reader_count;
    const char *readers[READERS_MAX];
    LONG connect_results[READERS_MAX];
    DWORD protocol;
    LONG transmit_result;
    const char *response;
    bool context_open;
    bool names_given;
    const char *connected; /* the reader that is connected, or NULL */
    DWORD disposition;
    const SCARD_IO_REQUEST *used_protocol;
    char command[600];
    LONG begin_result;
    unsigned begun;
    unsigned ended;
    LONG reconnect_result;
    unsigned reconnected;
    LONG state_result;
} service;

LONG SCardEstablishContext(DWORD scope, LPCVOID reserved_1, LPCVOID reserved_2, LPSCARDCONTEXT context)
{
    (void)reserved_1;
    (void)reserved_2;
    assert_int_equal(scope, SCARD_SCOPE_SYSTEM);
    if (service.down) {
        return SCARD_E_NO_SERVICE;
    }
    service.context_open = true;
    *context = 77;
    return SCARD_S_SUCCESS;
}

LONG SCardReleaseContext(SCARDCONTEXT context)
{
    assert_int_equal(context, 77);
    assert_true(service.context_open);
    service.context_open = false;
    return SCARD_S_SUCCESS;
}

/* The names one after the other, each with its zero, and an empty one. */
LONG SCardListReaders(SCARDCONTEXT context, LPCSTR groups, LPSTR readers, LPDWORD length)
{
    (void)groups;
    assert_int_equal(context, 77);
    assert_int_equal(*length, SCARD_AUTOALLOCATE);
    if (service.reader_count == 0) {
        return SCARD_E_NO_READERS_AVAILABLE;
    }
    char *names = calloc(1, 1024);
    assert_non_null(names);
    char *end = names;
    for (size_t i = 0; i < service.reader_count; i++) {
        end = stpcpy(end, service.readers[i]) + 1;
    }
    *(char **)(void *)readers = names;
    service.names_given = true;
    return SCARD_S_SUCCESS;
}

LONG SCardFreeMemory(SCARDCONTEXT context, LPCVOID memory)
{
    assert_int_equal(context, 77);
    union {
        LPCVOID given;
        void *owned;
    } pointer = {.given = memory};
    free(pointer.owned);
    service.names_given = false;
    return SCARD_S_SUCCESS;
}

LONG SCardConnect(SCARDCONTEXT context, LPCSTR reader, DWORD share_mode, DWORD protocols, LPSCARDHANDLE card,
                  LPDWORD protocol)
{
    assert_int_equal(context, 77);
    assert_int_equal(share_mode, SCARD_SHARE_SHARED);
    assert_int_equal(protocols, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1);
    for (size_t i = 0; i < service.reader_count; i++) {
        if (strcmp(service.readers[i], reader) == 0) {
            *card = 88;
            *protocol = service.protocol;
            service.connected = service.connect_results[i] == SCARD_S_SUCCESS ? service.readers[i] : NULL;
            return service.connect_results[i];
        }
    }
    return SCARD_E_UNKNOWN_READER;
}

LONG SCardDisconnect(SCARDHANDLE card, DWORD disposition)
{
    assert_int_equal(card, 88);
    assert_non_null(service.connected);
    service.connected = NULL;
    service.disposition = disposition;
    return SCARD_S_SUCCESS;
}

LONG SCardBeginTransaction(SCARDHANDLE card)
{
    assert_int_equal(card, 88);
    assert_int_equal(service.begun, service.ended);
    service.begun += service.begin_result == SCARD_S_SUCCESS ? 1 : 0;
    return service.begin_result;
}

LONG SCardEndTransaction(SCARDHANDLE card, DWORD disposition)
{
    assert_int_equal(card, 88);
    assert_int_equal(disposition, SCARD_LEAVE_CARD);
    service.ended++;
    return SCARD_S_SUCCESS;
}

LONG SCardReconnect(SCARDHANDLE card, DWORD share_mode, DWORD protocols, DWORD initialization, LPDWORD protocol)
{
    assert_int_equal(card, 88);
    assert_int_equal(share_mode, SCARD_SHARE_SHARED);
    assert_int_equal(protocols, service.protocol); /* the one that the first connection found */
    assert_int_equal(initialization, SCARD_LEAVE_CARD);
    *protocol = service.protocol;
    service.reconnected++;
    service.transmit_result = SCARD_S_SUCCESS;
    service.begin_result = SCARD_S_SUCCESS;
    return service.reconnect_result;
}

LONG SCardGetStatusChange(SCARDCONTEXT context, DWORD timeout, SCARD_READERSTATE *states, DWORD count)
{
    static const uint8_t atr[] = {0x3b, 0x9f, 0x96};
    assert_int_equal(context, 77);
    assert_int_equal(timeout, 0);
    assert_int_equal(count, 1);
    const bool is_first = strcmp(states->szReader, service.readers[0]) == 0;
    states->dwEventState = is_first ? SCARD_STATE_EMPTY : SCARD_STATE_PRESENT | SCARD_STATE_INUSE;
    states->cbAtr = is_first ? 0 : sizeof atr;
    memcpy(states->rgbAtr, atr, sizeof atr);
    return service.state_result;
}

LONG SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *protocol, LPCBYTE command, DWORD command_length,
                   SCARD_IO_REQUEST *received_protocol, LPBYTE response, LPDWORD length)
{
    (void)received_protocol;
    assert_int_equal(card, 88);
    service.used_protocol = protocol;
    assert_ok(hex_encode(octets_of(command, command_length), service.command, sizeof service.command));
    if (service.transmit_result != SCARD_S_SUCCESS) {
        return service.transmit_result;
    }
    const DWORD needed = strlen(service.response) / 2;
    if (needed > *length) {
        *length = needed;
        return SCARD_E_INSUFFICIENT_BUFFER;
    }
    size_t decoded = 0;
    assert_ok(hex_decode(octets_of_text(service.response), response, *length, &decoded));
    *length = decoded;
    return SCARD_S_SUCCESS;
}

/* Two readers, the first without a card, the second with one. */
static int make_service(void **state)
{
    (void)state;
    service = (struct service){
        .reader_count = 3,
        .readers = {"Alpha Reader 00 00", "Beta Reader 01 00", "Beta Reader 02 00"},
        .connect_results = {SCARD_E_NO_SMARTCARD, SCARD_S_SUCCESS, SCARD_S_SUCCESS},
        .protocol = SCARD_PROTOCOL_T1,
        .response = "9000",
    };
    return 0;
}

/* Whatever happened, nothing of the service stays taken. */
static int check_service(void **state)
{
    (void)state;
    assert_int_equal(service.begun, service.ended);
    return service.context_open || service.names_given || service.connected != NULL ? -1 : 0;
}

static void assert_connects(const char *name, const char *reader_name)
{
    struct reader *reader = NULL;
    assert_ok(reader_open(name, NULL, &reader));
    assert_string_equal(service.connected, reader_name);
    reader_close(reader);
    assert_null(service.connected);
    assert_int_equal(service.disposition, SCARD_RESET_CARD); /* no verified PIN is left behind */
}

/* The status of opening, and a line of log that holds `words`. */
static void assert_fails(const char *name, enum gbau_status expected, const char *words)
{
    char text[300] = "";
    struct reader *reader = NULL;
    FILE *stream = fmemopen(text, sizeof text, "w");
    assert_non_null(stream);
    const struct log log = {.stream = stream, .program = "test", .level = LOG_LEVEL_INFO};
    assert_status(reader_open(name, &log, &reader), expected);
    assert_null(reader);
    (void)fclose(stream);
    assert_non_null(strstr(text, words));
}

static void test_choice(void **state)
{
    (void)state;
    assert_connects("pcsc", "Beta Reader 01 00"); /* the first with a card */
    assert_connects("pcsc:", "Beta Reader 01 00");
    assert_connects("pcsc:1", "Beta Reader 01 00");
    assert_connects("pcsc:2", "Beta Reader 02 00");
    assert_connects("pcsc:Beta", "Beta Reader 01 00");
    assert_connects("pcsc:02", "Beta Reader 02 00"); /* the number two, and so it is written */
    assert_connects("pcsc:Reader 02", "Beta Reader 02 00");
}

static void test_no_such_reader(void **state)
{
    (void)state;
    assert_fails("pcsc:3", GBAU_E_NOT_FOUND, "no such PC/SC reader");
    assert_fails("pcsc:Gamma", GBAU_E_NOT_FOUND, "no such PC/SC reader");
    assert_fails("pcsc:0000", GBAU_E_NOT_FOUND, "no such PC/SC reader"); /* too long for a number, and no name */
}

static void test_no_card(void **state)
{
    (void)state;
    assert_fails("pcsc:0", GBAU_E_NOT_FOUND, "no card");
    assert_fails("pcsc:Alpha", GBAU_E_NOT_FOUND, "no card");
    service.connect_results[1] = SCARD_W_UNRESPONSIVE_CARD;
    service.connect_results[2] = SCARD_W_REMOVED_CARD;
    assert_fails("pcsc", GBAU_E_NOT_FOUND, "no card");
}

static void test_card_in_use(void **state)
{
    (void)state;
    service.connect_results[1] = SCARD_E_SHARING_VIOLATION;
    assert_fails("pcsc", GBAU_E_BUSY, "in use");
    assert_fails("pcsc:Beta", GBAU_E_BUSY, "Beta Reader 01 00");
    assert_connects("pcsc:2", "Beta Reader 02 00");
}

static void test_no_reader(void **state)
{
    (void)state;
    service.reader_count = 0;
    assert_fails("pcsc", GBAU_E_NOT_FOUND, "no PC/SC reader");
}

static void test_no_service(void **state)
{
    (void)state;
    service.down = true;
    assert_fails("pcsc", GBAU_E_UNREACHABLE, "pcscd");
}

static enum gbau_status transmit(const char *command_hex, uint8_t *response, size_t capacity, size_t *length)
{
    uint8_t command[READER_COMMAND_MAX];
    struct reader *reader = NULL;
    size_t command_length = 0;
    assert_ok(reader_open("pcsc", NULL, &reader));
    assert_ok(hex_decode(octets_of_text(command_hex), command, sizeof command, &command_length));
    enum gbau_status status = reader_transmit(reader, octets_of(command, command_length), response, capacity, length);
    reader_close(reader);
    return status;
}

/* The protocol decides what becomes of the Le of a case 4 command. */
static void test_protocols(void **state)
{
    (void)state;
    uint8_t response[16];
    size_t length = 0;
    service.response = "01029000";
    assert_ok(transmit("00a40004023f0000", response, sizeof response, &length));
    assert_octets(octets_of(response, length), "01029000");
    assert_string_equal(service.command, "00a40004023f0000");
    assert_ptr_equal(service.used_protocol, SCARD_PCI_T1);
    service.protocol = SCARD_PROTOCOL_T0;
    assert_ok(transmit("00a40004023f0000", response, sizeof response, &length));
    assert_string_equal(service.command, "00a40004023f00");
    assert_ptr_equal(service.used_protocol, SCARD_PCI_T0);
}

static void test_failures_of_transmit(void **state)
{
    (void)state;
    uint8_t response[16];
    size_t length = 0;
    service.transmit_result = SCARD_W_REMOVED_CARD;
    assert_status(transmit("00b0000002", response, sizeof response, &length), GBAU_E_IO);
    service.transmit_result = SCARD_S_SUCCESS;
    service.response = "010203049000";
    assert_status(transmit("00b0000002", response, 5, &length), GBAU_E_SPACE);
    service.response = "90";
    assert_status(transmit("00b0000002", response, sizeof response, &length), GBAU_E_CARD);
    service.response = "";
    assert_status(transmit("00b0000002", response, sizeof response, &length), GBAU_E_CARD);
}

/* Sends one command with a log; the status, and a line that holds `words`. */
static void assert_failure(LONG result, enum gbau_status expected, const char *words)
{
    static const uint8_t command[] = {0x00, 0xb0, 0x00, 0x00, 0x02};
    char text[300] = "";
    uint8_t response[16];
    size_t length = 0;
    struct reader *reader = NULL;
    FILE *stream = fmemopen(text, sizeof text, "w");
    assert_non_null(stream);
    const struct log log = {.stream = stream, .program = "test", .level = LOG_LEVEL_INFO};
    assert_ok(reader_open("pcsc", &log, &reader));
    service.transmit_result = result;
    assert_status(reader_transmit(reader, octets_of(command, sizeof command), response, sizeof response, &length),
                  expected);
    reader_close(reader);
    (void)fclose(stream);
    assert_non_null(strstr(text, words));
}

/* Whatever PC/SC says, the person at the terminal learns what happened. */
static void test_reasons_of_failures(void **state)
{
    (void)state;
    assert_failure(SCARD_W_REMOVED_CARD, GBAU_E_IO, "card was taken out");
    assert_failure(SCARD_E_NO_SMARTCARD, GBAU_E_IO, "card was taken out");
    assert_failure(SCARD_E_NOT_TRANSACTED, GBAU_E_IO, "broke off");
    assert_failure(SCARD_E_READER_UNAVAILABLE, GBAU_E_IO, "reader was unplugged");
    assert_failure(SCARD_W_UNPOWERED_CARD, GBAU_E_IO, "no power");
    assert_failure(SCARD_E_NO_SERVICE, GBAU_E_IO, "pcscd");
    assert_failure(SCARD_F_COMM_ERROR, GBAU_E_IO, "pcscd");
    assert_failure(SCARD_E_SHARING_VIOLATION, GBAU_E_BUSY, "another program");
    assert_failure(SCARD_E_INVALID_HANDLE, GBAU_E_IO, "PC/SC failed");
}

/* A reset by another program: this command fails, the next one finds the card again. */
static void test_card_reset_by_another_program(void **state)
{
    (void)state;
    static const uint8_t command[] = {0x00, 0xb0, 0x00, 0x00, 0x02};
    uint8_t response[16];
    size_t length = 0;
    struct reader *reader = NULL;
    assert_failure(SCARD_W_RESET_CARD, GBAU_E_BUSY, "another program reset the card");
    assert_int_equal(service.reconnected, 1);
    for (int in_begin = 0; in_begin < 2; in_begin++) {
        service.protocol = SCARD_PROTOCOL_T0;
        assert_ok(reader_open("pcsc", NULL, &reader));
        service.transmit_result = in_begin != 0 ? SCARD_S_SUCCESS : SCARD_W_RESET_CARD;
        service.begin_result = in_begin != 0 ? SCARD_W_RESET_CARD : SCARD_S_SUCCESS;
        assert_status(reader_transmit(reader, octets_of(command, sizeof command), response, sizeof response, &length),
                      GBAU_E_BUSY);
        assert_ok(reader_transmit(reader, octets_of(command, sizeof command), response, sizeof response, &length));
        assert_octets(octets_of(response, length), "9000");
        reader_close(reader);
    }
    service.reconnect_result = SCARD_W_REMOVED_CARD;
    assert_failure(SCARD_W_RESET_CARD, GBAU_E_IO, "card was taken out");
}

/* At T=0 a command and its GET RESPONSE are one to other programs; at T=1 there is nothing to keep together. */
static void test_transactions(void **state)
{
    (void)state;
    uint8_t response[16];
    size_t length = 0;
    assert_ok(transmit("00a40004023f0000", response, sizeof response, &length));
    assert_int_equal(service.begun, 0);
    service.protocol = SCARD_PROTOCOL_T0;
    assert_ok(transmit("00a40004023f0000", response, sizeof response, &length));
    assert_int_equal(service.begun, 1);
    assert_int_equal(service.ended, 1);
    service.transmit_result = SCARD_W_REMOVED_CARD;
    assert_status(transmit("00a40004023f0000", response, sizeof response, &length), GBAU_E_IO);
    assert_int_equal(service.ended, 2); /* others are let in again also then */
}

/* Listing */

struct listed {
    size_t count;
    struct reader_entry entries[READERS_MAX];
};

static void keep_entry(void *context, const struct reader_entry *entry)
{
    struct listed *listed = context;
    assert_true(listed->count < READERS_MAX);
    listed->entries[listed->count++] = *entry;
}

static void test_list(void **state)
{
    (void)state;
    struct listed listed = {0};
    assert_ok(pcsc_list(NULL, keep_entry, &listed));
    assert_int_equal(listed.count, 3);
    assert_string_equal(listed.entries[0].name, "pcsc:Alpha Reader 00 00");
    assert_int_equal(listed.entries[0].card, READER_CARD_ABSENT);
    assert_int_equal(listed.entries[0].atr_length, 0);
    assert_string_equal(listed.entries[2].name, "pcsc:Beta Reader 02 00");
    assert_int_equal(listed.entries[2].card, READER_CARD_PRESENT);
    assert_octets(octets_of(listed.entries[2].atr, listed.entries[2].atr_length), "3b9f96");
    assert_connects(listed.entries[2].name, "Beta Reader 02 00"); /* what is listed can be opened */
}

static void test_list_of_little(void **state)
{
    (void)state;
    struct listed listed = {0};
    service.state_result = SCARD_E_READER_UNAVAILABLE; /* unplugged meanwhile */
    assert_ok(pcsc_list(NULL, keep_entry, &listed));
    assert_int_equal(listed.entries[1].card, READER_CARD_UNKNOWN);
    service.reader_count = 0;
    listed.count = 0;
    assert_ok(pcsc_list(NULL, keep_entry, &listed));
    assert_int_equal(listed.count, 0);
    service.down = true;
    assert_status(pcsc_list(NULL, keep_entry, &listed), GBAU_E_UNREACHABLE);
}

#define pcsc_test(function) cmocka_unit_test_setup_teardown((function), make_service, check_service)

int main(void)
{
    const struct CMUnitTest tests[] = {
        pcsc_test(test_choice),
        pcsc_test(test_no_such_reader),
        pcsc_test(test_no_card),
        pcsc_test(test_card_in_use),
        pcsc_test(test_no_reader),
        pcsc_test(test_no_service),
        pcsc_test(test_protocols),
        pcsc_test(test_failures_of_transmit),
        pcsc_test(test_reasons_of_failures),
        pcsc_test(test_card_reset_by_another_program),
        pcsc_test(test_transactions),
        pcsc_test(test_list),
        pcsc_test(test_list_of_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
