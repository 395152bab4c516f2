/* message_lines.c: messages between two programs, one a line in hexadecimal. */
#include "cli/message_lines.h"

#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/text_coding.h"
#include "cli/verbs.h"

enum { WAIT_S = 60, MS_PER_S = 1000, HOST_SIZE = 256, PORT_SIZE = 8, LINE_SIZE = 512 };

/* "HOST:PORT" or "[IPv6]:PORT" */
static enum gbau_status find_addresses(const char *place, bool to_listen, struct addrinfo **addresses)
{
    char host[HOST_SIZE];
    const char *colon = strrchr(place, ':');
    const bool bracketed = place[0] == '[' && colon != NULL && colon > place && colon[-1] == ']';
    const char *start = place + (bracketed ? 1 : 0);
    const size_t length = colon == NULL ? 0 : (size_t)(colon - start) - (bracketed ? 1 : 0);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = to_listen ? AI_PASSIVE : 0};
    if (length == 0 || length >= sizeof host || colon[1] == '\0') {
        log_error(&cli_log, "'%s' is no HOST:PORT", place);
        return GBAU_E_ARGUMENT;
    }
    memcpy(host, start, length);
    host[length] = '\0';
    const int error = getaddrinfo(host, colon + 1, &hints, addresses);
    if (error != 0) {
        log_error(&cli_log, "'%s' is no HOST:PORT: %s", place, gai_strerror(error));
        return GBAU_E_ARGUMENT;
    }
    return GBAU_OK;
}

static int connect_socket(const struct addrinfo *address)
{
    int descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor >= 0 && connect(descriptor, address->ai_addr, address->ai_addrlen) != 0) {
        (void)close(descriptor);
        descriptor = -1;
    }
    return descriptor;
}

/* Tells where a socket listens, for whoever is to connect. */
static void tell_place(int listener)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char host[HOST_SIZE];
    char port[PORT_SIZE];
    if (getsockname(listener, (struct sockaddr *)&address, &length) == 0 &&
        getnameinfo((struct sockaddr *)&address, length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
        log_info(&cli_log, "waiting at %s:%s", host, port);
    }
}

static int accept_one(int listener)
{
    struct pollfd waiting = {.fd = listener, .events = POLLIN};
    if (listen(listener, 1) != 0) {
        return -1;
    }
    tell_place(listener);
    return poll(&waiting, 1, WAIT_S * MS_PER_S) == 1 ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
}

static int listen_socket(const struct addrinfo *address)
{
    const int on = 1;
    int connection = -1;
    const int listener = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0) {
        return -1;
    }
    if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(listener, address->ai_addr, address->ai_addrlen) == 0) {
        connection = accept_one(listener);
    }
    (void)close(listener);
    return connection;
}

/* Both directions of a connection as streams, so that lines can be read. */
static enum gbau_status use_connection(struct message_lines *lines, int connection)
{
    const struct timeval patience = {.tv_sec = WAIT_S};
    const int second = dup(connection);
    (void)setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    lines->in = fdopen(connection, "r");
    lines->out = second < 0 ? NULL : fdopen(second, "w");
    lines->is_connection = true;
    if (lines->in == NULL || lines->out == NULL) {
        message_lines_close(lines);
        return GBAU_E_IO;
    }
    return GBAU_OK;
}

static enum gbau_status open_connection(struct message_lines *lines, const char *place, bool to_listen)
{
    struct addrinfo *addresses = NULL;
    int connection = -1;
    enum gbau_status status = find_addresses(place, to_listen, &addresses);
    if (status != GBAU_OK) {
        return status;
    }
    for (const struct addrinfo *address = addresses; address != NULL && connection < 0; address = address->ai_next) {
        connection = to_listen ? listen_socket(address) : connect_socket(address);
    }
    freeaddrinfo(addresses);
    if (connection < 0) {
        log_error(&cli_log, to_listen ? "nobody connected at %s: %m" : "cannot connect to %s: %m", place);
        return to_listen ? GBAU_E_TIMEOUT : GBAU_E_UNREACHABLE;
    }
    return use_connection(lines, connection);
}

enum gbau_status message_lines_open(struct message_lines *lines, const char *connect_to, const char *listen_at)
{
    *lines = (struct message_lines){.in = stdin, .out = stdout};
    if (connect_to != NULL && listen_at != NULL) {
        log_error(&cli_log, "give --connect or --listen, not both");
        return GBAU_E_ARGUMENT;
    }
    if (connect_to == NULL && listen_at == NULL) {
        return GBAU_OK;
    }
    return open_connection(lines, connect_to != NULL ? connect_to : listen_at, listen_at != NULL);
}

void message_lines_close(struct message_lines *lines)
{
    if (!lines->is_connection) {
        return;
    }
    if (lines->in != NULL) {
        (void)fclose(lines->in);
    }
    if (lines->out != NULL) {
        (void)fclose(lines->out);
    }
    *lines = (struct message_lines){0};
}

enum gbau_status message_lines_send(struct message_lines *lines, struct octets message)
{
    char line[LINE_SIZE];
    enum gbau_status status = hex_encode(message, line, sizeof line);
    if (status != GBAU_OK) {
        return status;
    }
    if (fprintf(lines->out, "%s\n", line) < 0 || fflush(lines->out) != 0) {
        log_error(&cli_log, "cannot send a message: %m");
        return GBAU_E_IO;
    }
    return GBAU_OK;
}

enum gbau_status message_lines_receive(struct message_lines *lines, uint8_t *message, size_t capacity, size_t *length)
{
    char line[LINE_SIZE];
    if (fgets(line, sizeof line, lines->in) == NULL) {
        log_error(&cli_log, "the other end has gone: it refused, or it has an error of its own");
        return GBAU_E_UNREACHABLE;
    }
    const struct octets text = octets_of(line, strcspn(line, "\r\n"));
    if (hex_decode(text, message, capacity, length) != GBAU_OK) {
        log_error(&cli_log, "what came from the other end is no message in hexadecimal");
        return GBAU_E_PROTOCOL;
    }
    return GBAU_OK;
}

/* Authentication */

static enum gbau_status explain(enum gbau_status status)
{
    if (status == GBAU_E_AUTHENTICATION) {
        log_error(&cli_log, "the other end does not know this key, or assumes another policy or bootstrapping");
    }
    return status;
}

static enum gbau_status receive(struct message_lines *lines, uint8_t message[GBAU_AUTHENTICATION_MESSAGE_MAX],
                                size_t *length)
{
    return message_lines_receive(lines, message, GBAU_AUTHENTICATION_MESSAGE_MAX, length);
}

enum gbau_status message_lines_initiate(struct message_lines *lines, struct gbau_key *key, struct gbau_key **session)
{
    uint8_t message[GBAU_AUTHENTICATION_MESSAGE_MAX];
    uint8_t answer[GBAU_AUTHENTICATION_MESSAGE_MAX];
    size_t length = 0;
    size_t answer_length = 0;
    enum gbau_status status = gbau_key_authenticate_begin(key, message, sizeof message, &length);
    if (status == GBAU_OK) {
        status = message_lines_send(lines, octets_of(message, length));
    }
    if (status == GBAU_OK) {
        status = receive(lines, answer, &answer_length);
    }
    if (status == GBAU_OK) {
        status = gbau_key_authenticate_finish(key, answer, answer_length, message, sizeof message, &length, session);
    }
    return status == GBAU_OK ? message_lines_send(lines, octets_of(message, length)) : explain(status);
}

enum gbau_status message_lines_respond(struct message_lines *lines, struct gbau_key *key, struct gbau_key **session)
{
    uint8_t message[GBAU_AUTHENTICATION_MESSAGE_MAX];
    uint8_t answer[GBAU_AUTHENTICATION_MESSAGE_MAX];
    size_t length = 0;
    size_t answer_length = 0;
    enum gbau_status status = receive(lines, message, &length);
    if (status == GBAU_OK) {
        status = gbau_key_authenticate_answer(key, message, length, answer, sizeof answer, &answer_length);
    }
    if (status == GBAU_OK) {
        status = message_lines_send(lines, octets_of(answer, answer_length));
    }
    if (status == GBAU_OK) {
        status = receive(lines, message, &length);
    }
    if (status == GBAU_OK) {
        status = gbau_key_authenticate_confirm(key, message, length, session);
    }
    return explain(status);
}
