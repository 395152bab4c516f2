/*
 * vpcd.c: vsmartcard's protocol: messages of a length in two octets, big-endian, and that many octets.
 *
 * A message of one octet is a control: 00 power off, 01 power on, 02 reset, 04 get ATR; only 04 is answered.
 */
#include "reader/vpcd.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONTROL_POWER_OFF = 0, CONTROL_POWER_ON = 1, CONTROL_RESET = 2, CONTROL_GET_ATR = 4 };
enum { LENGTH_SIZE = 2, MESSAGE_MAX = 65535, FIRST_PAUSE_MS = 250, LAST_PAUSE_MS = 8000 };

struct vpcd {
    const struct vpcd_card *card;
    struct t0_transport transport;
    int socket;
    int stop_descriptor;
    uint8_t buffer[LENGTH_SIZE + MESSAGE_MAX];
    size_t buffered;
};

static int connect_to(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    if (getaddrinfo(host, port, &hints, &addresses) != 0) {
        return -1;
    }
    int connected = -1;
    for (const struct addrinfo *address = addresses; address != NULL && connected < 0; address = address->ai_next) {
        connected = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, address->ai_protocol);
        if (connected >= 0 && connect(connected, address->ai_addr, address->ai_addrlen) != 0) {
            (void)close(connected);
            connected = -1;
        }
    }
    freeaddrinfo(addresses);
    return connected;
}

static void set_option(int descriptor, int option)
{
    const int on = 1;
    (void)setsockopt(descriptor, IPPROTO_TCP, option, &on, sizeof on);
}

/* Length and content in one write, so that the reader is not kept waiting for the second packet. */
static enum gbau_status send_message(struct vpcd *vpcd, struct octets content)
{
    uint8_t message[LENGTH_SIZE + UICC_RESPONSE_MAX];
    struct octet_writer writer = octet_writer_of(message, sizeof message);
    octet_writer_u16(&writer, (uint16_t)content.length);
    octet_writer_put_octets(&writer, content);
    if (writer.failed) {
        return GBAU_E_SPACE;
    }
    size_t sent = 0;
    while (sent < writer.length) {
        ssize_t step = send(vpcd->socket, message + sent, writer.length - sent, MSG_NOSIGNAL);
        if (step < 0 && errno != EINTR) {
            return GBAU_E_IO;
        }
        sent += step > 0 ? (size_t)step : 0;
    }
    return GBAU_OK;
}

static enum gbau_status handle_control(struct vpcd *vpcd, uint8_t control)
{
    switch (control) {
    case CONTROL_POWER_OFF:
    case CONTROL_POWER_ON:
    case CONTROL_RESET:
        t0_transport_reset(&vpcd->transport);
        vpcd->card->reset(vpcd->card->context);
        return GBAU_OK;
    case CONTROL_GET_ATR:
        return send_message(vpcd, uicc_atr);
    default:
        return GBAU_E_PROTOCOL;
    }
}

static enum gbau_status handle_message(struct vpcd *vpcd, struct octets message)
{
    uint8_t response[UICC_RESPONSE_MAX];
    if (message.length == 1) {
        return handle_control(vpcd, message.data[0]);
    }
    size_t length = t0_transport_process(&vpcd->transport, message, response);
    return send_message(vpcd, octets_of(response, length));
}

/* Handles every whole message in the buffer and keeps the rest. */
static enum gbau_status handle_buffer(struct vpcd *vpcd)
{
    struct octet_reader reader = octet_reader_of(octets_of(vpcd->buffer, vpcd->buffered));
    size_t handled = 0;
    for (;;) {
        struct octets message = octet_reader_take(&reader, octet_reader_u16(&reader));
        if (reader.failed) {
            break;
        }
        enum gbau_status status = message.length == 0 ? GBAU_E_PROTOCOL : handle_message(vpcd, message);
        if (status != GBAU_OK) {
            return status;
        }
        handled = reader.position;
    }
    vpcd->buffered -= handled;
    memmove(vpcd->buffer, vpcd->buffer + handled, vpcd->buffered);
    return GBAU_OK;
}

/* Waits for something to read or for the sign to stop. */
static bool wait_for_data(const struct vpcd *vpcd)
{
    struct pollfd descriptors[] = {
        {.fd = vpcd->socket, .events = POLLIN},
        {.fd = vpcd->stop_descriptor, .events = POLLIN},
    };
    while (poll(descriptors, 2, -1) < 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    return descriptors[1].revents == 0;
}

static enum gbau_status serve(struct vpcd *vpcd)
{
    for (;;) {
        /* vpcd writes length and body apart: without this the kernel delays the ACK that it waits for in between */
        set_option(vpcd->socket, TCP_QUICKACK);
        ssize_t received =
            recv(vpcd->socket, vpcd->buffer + vpcd->buffered, sizeof vpcd->buffer - vpcd->buffered, MSG_DONTWAIT);
        if (received == 0) {
            return GBAU_OK;
        }
        if (received < 0 && (errno == EAGAIN || errno == EINTR)) {
            if (!wait_for_data(vpcd)) {
                return GBAU_OK;
            }
            continue;
        }
        if (received < 0) {
            return errno == ECONNRESET ? GBAU_OK : GBAU_E_IO;
        }
        vpcd->buffered += (size_t)received;
        enum gbau_status status = handle_buffer(vpcd);
        if (status != GBAU_OK) {
            return status;
        }
    }
}

/* Serves one connection, which is closed in the end. */
static enum gbau_status serve_connection(const struct vpcd_card *card, int connected, int stop_descriptor)
{
    struct vpcd vpcd = {.card = card, .socket = connected, .stop_descriptor = stop_descriptor};
    vpcd.transport = t0_transport_of(card->commands);
    set_option(vpcd.socket, TCP_NODELAY);
    enum gbau_status status = serve(&vpcd);
    (void)close(vpcd.socket);
    t0_transport_reset(&vpcd.transport);
    return status;
}

enum gbau_status vpcd_serve(const struct vpcd_card *card, const char *host, const char *port, int stop_descriptor,
                            const struct log *log)
{
    const int connected = connect_to(host, port);
    if (connected < 0) {
        log_error(log, "no virtual reader at %s port %s: start pcscd with package vsmartcard-vpcd", host, port);
        return GBAU_E_UNREACHABLE;
    }
    enum gbau_status status = serve_connection(card, connected, stop_descriptor);
    if (status != GBAU_OK) {
        log_error(log, "the connection to the virtual reader at %s port %s broke: %s", host, port,
                  gbau_status_text(status));
    }
    return status;
}

/* True when the sign to stop comes within the time. */
static bool is_stopped_within(int stop_descriptor, int timeout_ms)
{
    struct pollfd descriptor = {.fd = stop_descriptor, .events = POLLIN};
    return poll(&descriptor, 1, timeout_ms) > 0;
}

/* The next connection, or -1 when the sign to stop comes first. */
static int connect_again(const char *host, const char *port, int stop_descriptor)
{
    int connected = -1;
    for (int pause_ms = FIRST_PAUSE_MS; connected < 0; pause_ms = pause_ms < LAST_PAUSE_MS ? 2 * pause_ms : pause_ms) {
        if (is_stopped_within(stop_descriptor, pause_ms)) {
            return -1;
        }
        connected = connect_to(host, port);
    }
    return connected;
}

enum gbau_status vpcd_serve_on(const struct vpcd_card *card, const char *host, const char *port, int stop_descriptor,
                               const struct log *log)
{
    enum gbau_status status = vpcd_serve(card, host, port, stop_descriptor, log);
    while ((status == GBAU_OK || status == GBAU_E_IO) && !is_stopped_within(stop_descriptor, 0)) {
        card->reset(card->context);
        log_warning(log, "the virtual reader at %s port %s went away: waiting for it", host, port);
        const int connected = connect_again(host, port, stop_descriptor);
        if (connected < 0) {
            return GBAU_OK;
        }
        log_info(log, "the virtual reader is back");
        status = serve_connection(card, connected, stop_descriptor);
    }
    return status;
}
