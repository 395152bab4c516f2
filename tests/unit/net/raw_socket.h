/* raw_socket.h: plain TCP for tests that must send what no library would. */
#ifndef TESTS_NET_RAW_SOCKET_H
#define TESTS_NET_RAW_SOCKET_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "testing.h"

static inline struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static inline double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A connected socket, or -1. */
static inline int raw_try_connect(uint16_t port)
{
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(port);
    if (descriptor >= 0 && connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

static inline int raw_connect(uint16_t port)
{
    int descriptor = raw_try_connect(port);
    assert_true(descriptor >= 0);
    return descriptor;
}

/* False when the other side does not take it all. */
static inline bool raw_send(int descriptor, const void *data, size_t length)
{
    const char *next = data;
    while (length > 0) {
        ssize_t sent = send(descriptor, next, length, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        next += sent;
        length -= (size_t)sent;
    }
    return true;
}

static inline bool raw_send_text(int descriptor, const char *text)
{
    return raw_send(descriptor, text, strlen(text));
}

/* Reads what comes within `timeout_ms`; 0 at the end of the stream, -1 for nothing or a reset. */
static inline ssize_t raw_receive(int descriptor, void *data, size_t capacity, int timeout_ms)
{
    struct pollfd poll_one = {.fd = descriptor, .events = POLLIN};
    if (poll(&poll_one, 1, timeout_ms) != 1) {
        return -1;
    }
    return recv(descriptor, data, capacity, 0);
}

/* Reads exactly `length` octets, each part within `timeout_ms`. */
static inline bool raw_receive_all(int descriptor, void *data, size_t length, int timeout_ms)
{
    char *next = data;
    while (length > 0) {
        ssize_t received = raw_receive(descriptor, next, length, timeout_ms);
        if (received <= 0) {
            return false;
        }
        next += received;
        length -= (size_t)received;
    }
    return true;
}

/* Reads to the end of the stream, as a C string. False when the other side does not close in time. */
static inline bool raw_receive_to_end(int descriptor, char *text, size_t capacity, int timeout_ms)
{
    size_t length = 0;
    double until = seconds() + timeout_ms / 1000.0;
    while (length + 1 < capacity && seconds() < until) {
        ssize_t received = raw_receive(descriptor, text + length, capacity - 1 - length, 100);
        if (received == 0 || (received < 0 && errno == ECONNRESET)) {
            text[length] = '\0';
            return true;
        }
        errno = 0;
        length += received > 0 ? (size_t)received : 0;
    }
    text[length] = '\0';
    return false;
}

/* A socket that listens on a free loopback port. */
static inline int raw_listen(uint16_t *port)
{
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    assert_int_equal(bind(descriptor, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(descriptor, 16), 0);
    assert_int_equal(getsockname(descriptor, (struct sockaddr *)&address, &length), 0);
    *port = ntohs(address.sin_port);
    return descriptor;
}

/* A port that was free a moment ago. */
static inline uint16_t raw_free_port(void)
{
    uint16_t port = 0;
    close(raw_listen(&port));
    return port;
}

#endif
