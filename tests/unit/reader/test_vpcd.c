/* test_vpcd.c: a card behind a virtual reader that this test plays: controls, APDUs, pieces, junk, the end. */
#include "reader/vpcd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "testing.h"

enum { WAIT_MS = 10000 };

/* The card's thread on one end of a connection, the reader's socket on the other. */
struct virtual_reader {
    bool goes_on; /* the card comes back when the connection ends */
    int listener;
    int socket;
    int stop[2];
    char port[8];
    pthread_t thread;
    enum gbau_status status; /* of vpcd_serve, when the thread has ended */
    atomic_uint resets;
    struct vpcd_card card;
};

/* Answers with the command itself and 9000; no more than there is room for. */
static size_t echo(void *context, struct octets command, uint8_t response[UICC_RESPONSE_MAX])
{
    (void)context;
    const size_t length = command.length < UICC_RESPONSE_MAX - 2 ? command.length : UICC_RESPONSE_MAX - 2;
    memcpy(response, command.data, length);
    response[length] = 0x90;
    response[length + 1] = 0x00;
    return length + 2;
}

static void count_reset(void *context)
{
    struct virtual_reader *reader = context;
    atomic_fetch_add(&reader->resets, 1);
}

static void *serve(void *context)
{
    struct virtual_reader *reader = context;
    reader->status =
        (reader->goes_on ? vpcd_serve_on : vpcd_serve)(&reader->card, "127.0.0.1", reader->port, reader->stop[0], NULL);
    return NULL;
}

static int listen_on_free_port(struct virtual_reader *reader)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    reader->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (reader->listener < 0 || bind(reader->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(reader->listener, 1) != 0 || getsockname(reader->listener, (struct sockaddr *)&address, &length) != 0) {
        return -1;
    }
    (void)snprintf(reader->port, sizeof reader->port, "%u", ntohs(address.sin_port));
    return 0;
}

static int connect_any_card(void **state, bool goes_on)
{
    struct virtual_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL || pipe(reader->stop) != 0 || listen_on_free_port(reader) != 0) {
        return -1;
    }
    reader->card = (struct vpcd_card){.commands = {.process = echo}, .reset = count_reset, .context = reader};
    reader->goes_on = goes_on;
    *state = reader;
    if (pthread_create(&reader->thread, NULL, serve, reader) != 0) {
        return -1;
    }
    reader->socket = accept(reader->listener, NULL, NULL);
    return reader->socket >= 0 ? 0 : -1;
}

static int connect_card(void **state)
{
    return connect_any_card(state, false);
}

static int connect_lasting_card(void **state)
{
    return connect_any_card(state, true);
}

/* The status with which the card's side ends. */
static enum gbau_status end_of_card(struct virtual_reader *reader)
{
    assert_int_equal(pthread_join(reader->thread, NULL), 0);
    reader->thread = pthread_self();
    return reader->status;
}

static void hang_up(struct virtual_reader *reader)
{
    (void)close(reader->socket);
    reader->socket = -1;
}

static int disconnect_card(void **state)
{
    struct virtual_reader *reader = *state;
    if (reader->socket >= 0) {
        (void)close(reader->socket);
    }
    if (!pthread_equal(reader->thread, pthread_self())) { /* a test failed, or nobody waited for the end */
        ssize_t ignored = write(reader->stop[1], "x", 1);
        (void)ignored;
        (void)pthread_join(reader->thread, NULL);
    }
    (void)close(reader->listener);
    (void)close(reader->stop[0]);
    (void)close(reader->stop[1]);
    free(reader);
    return 0;
}

static void send_octets(struct virtual_reader *reader, const void *octets, size_t length)
{
    assert_int_equal(send(reader->socket, octets, length, MSG_NOSIGNAL), length);
}

static void send_hex(struct virtual_reader *reader, const char *hex)
{
    uint8_t octets[600];
    size_t length = 0;
    assert_ok(hex_decode(octets_of_text(hex), octets, sizeof octets, &length));
    send_octets(reader, octets, length);
}

static void receive(struct virtual_reader *reader, uint8_t *octets, size_t length)
{
    for (size_t received = 0; received < length;) {
        struct pollfd descriptor = {.fd = reader->socket, .events = POLLIN};
        assert_int_equal(poll(&descriptor, 1, WAIT_MS), 1);
        ssize_t step = recv(reader->socket, octets + received, length - received, 0);
        assert_true(step > 0);
        received += (size_t)step;
    }
}

static void assert_received(struct virtual_reader *reader, const char *hex)
{
    uint8_t octets[600];
    receive(reader, octets, strlen(hex) / 2);
    assert_octets(octets_of(octets, strlen(hex) / 2), hex);
}

static void assert_silence(struct virtual_reader *reader)
{
    struct pollfd descriptor = {.fd = reader->socket, .events = POLLIN};
    assert_int_equal(poll(&descriptor, 1, 30), 0);
}

/* Messages of the reader, and what the card answers. */
#define POWER_OFF   "000100"
#define POWER_ON    "000101"
#define RESET       "000102"
#define GET_ATR     "000104"
#define SELECT      "000400a40000"
#define READ        "000500b0000002"
#define CASE_3      "000700880084020102"
#define GET_7       "000500c0000007"
#define SELECTED    "000600a400009000"
#define READ_DONE   "000700b00000029000"
#define SEVEN_WAIT  "00026107"
#define ATR_MESSAGE "00163b9f96801f878031e073fe211f674742415553494dd2"

static void test_atr(void **state)
{
    struct virtual_reader *reader = *state;
    uint8_t check = 0;
    send_hex(reader, GET_ATR);
    assert_received(reader, ATR_MESSAGE);
    for (size_t i = 1; i < uicc_atr.length; i++) { /* TCK makes the sum of all from T0 on zero (ISO/IEC 7816-3 8.2.5) */
        check ^= uicc_atr.data[i];
    }
    assert_int_equal(check, 0);
}

/* Power off, power on and reset are not answered; each resets the card. */
static void test_power(void **state)
{
    struct virtual_reader *reader = *state;
    static const char *const controls[] = {POWER_ON, RESET, POWER_OFF};
    for (unsigned i = 0; i < 3; i++) {
        send_hex(reader, controls[i]);
        send_hex(reader, GET_ATR);
        assert_received(reader, ATR_MESSAGE);
        assert_int_equal(atomic_load(&reader->resets), i + 1);
    }
}

static void test_commands(void **state)
{
    struct virtual_reader *reader = *state;
    send_hex(reader, SELECT);
    assert_received(reader, SELECTED);
    send_hex(reader, READ);
    assert_received(reader, READ_DONE);
    send_hex(reader, "000200b0"); /* no command, but the card's to judge */
    assert_received(reader, "000400b09000");
}

/* A case 3 command waits for GET RESPONSE, and a reset forgets what waits. */
static void test_t0(void **state)
{
    struct virtual_reader *reader = *state;
    send_hex(reader, CASE_3 GET_7);
    assert_received(reader, SEVEN_WAIT "0009008800840201029000");
    send_hex(reader, CASE_3 RESET GET_7);
    assert_received(reader, SEVEN_WAIT "00026f00");
}

/* The stream may come in any pieces: an octet at a time, several messages at once, half of one with another. */
static void test_pieces(void **state)
{
    struct virtual_reader *reader = *state;
    static const uint8_t message[] = {0x00, 0x05, 0x00, 0xb0, 0x00, 0x00, 0x02};
    for (size_t i = 0; i < sizeof message; i++) {
        send_octets(reader, message + i, 1);
        if (i + 1 < sizeof message) {
            assert_silence(reader);
        }
    }
    assert_received(reader, READ_DONE);
    send_hex(reader, READ GET_ATR "000500b0");
    assert_received(reader, READ_DONE ATR_MESSAGE);
    assert_silence(reader);
    send_hex(reader, "000003" SELECT);
    assert_received(reader, "000700b00000039000" SELECTED);
}

static void test_many_at_once(void **state)
{
    struct virtual_reader *reader = *state;
    static uint8_t messages[500 * 6];
    for (size_t i = 0; i < sizeof messages; i += 6) {
        from_hex(SELECT, messages + i, 6);
    }
    send_octets(reader, messages, sizeof messages);
    for (size_t i = 0; i < 500; i++) {
        assert_received(reader, SELECTED);
    }
}

/* The longest message that its length allows, twice: read to its end and given to the card. */
static void test_longest_message(void **state)
{
    struct virtual_reader *reader = *state;
    static uint8_t message[2 + 65535];
    memset(message, 0xff, 2);
    memcpy(message + 2, "\x00\xb0\x00\x00", 4);
    for (int i = 0; i < 2; i++) {
        uint8_t response[2 + UICC_RESPONSE_MAX];
        send_octets(reader, message, sizeof message);
        receive(reader, response, sizeof response);
        assert_octets(octets_of(response, 6), "010200b00000");
        assert_octets(octets_of(response + sizeof response - 2, 2), "9000");
    }
}

static void assert_protocol_error(struct virtual_reader *reader, const char *hex)
{
    uint8_t octet = 0;
    send_hex(reader, hex);
    assert_status(end_of_card(reader), GBAU_E_PROTOCOL);
    assert_true(recv(reader->socket, &octet, 1, 0) <= 0); /* and the card hangs up */
}

static void test_empty_message(void **state)
{
    assert_protocol_error(*state, "0000");
}

static void test_unknown_control(void **state)
{
    assert_protocol_error(*state, "000103");
}

static void test_unknown_control_after_a_command(void **state)
{
    struct virtual_reader *reader = *state;
    send_hex(reader, SELECT "0001ff");
    assert_received(reader, SELECTED);
    assert_status(end_of_card(reader), GBAU_E_PROTOCOL);
}

static void test_reader_ends(void **state)
{
    struct virtual_reader *reader = *state;
    send_hex(reader, GET_ATR);
    assert_received(reader, ATR_MESSAGE);
    hang_up(reader);
    assert_status(end_of_card(reader), GBAU_OK);
}

static void test_reader_ends_within_a_message(void **state)
{
    struct virtual_reader *reader = *state;
    send_hex(reader, "000500b0");
    hang_up(reader);
    assert_status(end_of_card(reader), GBAU_OK);
}

/* A reader that breaks the connection off (RST) has ended too. */
static void test_reader_breaks_off(void **state)
{
    struct virtual_reader *reader = *state;
    const struct linger at_once = {.l_onoff = 1};
    assert_int_equal(setsockopt(reader->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    hang_up(reader);
    assert_status(end_of_card(reader), GBAU_OK);
}

static void test_stop(void **state)
{
    struct virtual_reader *reader = *state;
    send_hex(reader, GET_ATR);
    assert_received(reader, ATR_MESSAGE);
    assert_int_equal(write(reader->stop[1], "x", 1), 1);
    assert_status(end_of_card(reader), GBAU_OK);
}

static void accept_again(struct virtual_reader *reader)
{
    struct pollfd descriptor = {.fd = reader->listener, .events = POLLIN};
    assert_int_equal(poll(&descriptor, 1, WAIT_MS), 1);
    reader->socket = accept(reader->listener, NULL, NULL);
    assert_true(reader->socket >= 0);
}

/* A card that outlives its reader comes back, reset, and holds nothing of the old connection. */
static void test_card_comes_back(void **state)
{
    struct virtual_reader *reader = *state;
    for (unsigned round = 1; round <= 2; round++) {
        send_hex(reader, CASE_3);
        assert_received(reader, SEVEN_WAIT); /* an answer is held for GET RESPONSE */
        send_hex(reader, "0005");            /* and a message has begun */
        hang_up(reader);
        accept_again(reader);
        assert_int_equal(atomic_load(&reader->resets), round);
        send_hex(reader, GET_7);
        assert_received(reader, "00026f00");
    }
    assert_int_equal(write(reader->stop[1], "x", 1), 1);
    assert_status(end_of_card(reader), GBAU_OK);
}

/* The sign to stop counts also while the reader is away. */
static void test_stop_while_waiting(void **state)
{
    struct virtual_reader *reader = *state;
    (void)close(reader->listener);
    hang_up(reader);
    (void)usleep(50000);
    assert_int_equal(write(reader->stop[1], "x", 1), 1);
    assert_status(end_of_card(reader), GBAU_OK);
}

/* What is no virtual reader is not asked again. */
static void test_nonsense_ends_a_lasting_card(void **state)
{
    struct virtual_reader *reader = *state;
    send_hex(reader, "0000");
    assert_status(end_of_card(reader), GBAU_E_PROTOCOL);
}

/* A port that was free a moment ago. */
static void test_nobody_there(void **state)
{
    (void)state;
    struct virtual_reader reader = {0};
    char text[300] = "";
    FILE *stream = fmemopen(text, sizeof text, "w");
    assert_non_null(stream);
    const struct log log = {.stream = stream, .program = "test", .level = LOG_LEVEL_INFO};
    assert_int_equal(listen_on_free_port(&reader), 0);
    (void)close(reader.listener);
    const struct vpcd_card card = {.commands = {.process = echo}, .reset = count_reset, .context = &reader};
    assert_status(vpcd_serve(&card, "127.0.0.1", reader.port, -1, &log), GBAU_E_UNREACHABLE);
    (void)fclose(stream);
    assert_non_null(strstr(text, reader.port));
    assert_status(vpcd_serve(&card, "127.0.0.1", "no port", -1, NULL), GBAU_E_UNREACHABLE);
    assert_status(vpcd_serve_on(&card, "127.0.0.1", reader.port, -1, NULL),
                  GBAU_E_UNREACHABLE); /* it never was there */
}

#define vpcd_test(function)    cmocka_unit_test_setup_teardown((function), connect_card, disconnect_card)
#define lasting_test(function) cmocka_unit_test_setup_teardown((function), connect_lasting_card, disconnect_card)

int main(void)
{
    const struct CMUnitTest tests[] = {
        vpcd_test(test_atr),
        vpcd_test(test_power),
        vpcd_test(test_commands),
        vpcd_test(test_t0),
        vpcd_test(test_pieces),
        vpcd_test(test_many_at_once),
        vpcd_test(test_longest_message),
        vpcd_test(test_empty_message),
        vpcd_test(test_unknown_control),
        vpcd_test(test_unknown_control_after_a_command),
        vpcd_test(test_reader_ends),
        vpcd_test(test_reader_ends_within_a_message),
        vpcd_test(test_reader_breaks_off),
        vpcd_test(test_stop),
        lasting_test(test_card_comes_back),
        lasting_test(test_stop_while_waiting),
        lasting_test(test_nonsense_ends_a_lasting_card),
        cmocka_unit_test(test_nobody_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
