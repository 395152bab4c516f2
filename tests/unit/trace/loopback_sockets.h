/* loopback_sockets.h: the sockets of a test that plays clients and targets on loopback, and what it asks of them. */
#ifndef TESTS_LOOPBACK_SOCKETS_H
#define TESTS_LOOPBACK_SOCKETS_H

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "testing.h"

enum { PATIENCE_SECONDS = 20 };

static inline struct sockaddr_in loopback(uint32_t address, uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {.s_addr = htonl(address)}};
}

/* A socket on a free port that does not listen yet: connections to it are refused. */
static inline int bind_target(uint16_t *port)
{
    struct sockaddr_in address = loopback(INADDR_LOOPBACK, 0);
    socklen_t length = sizeof address;
    const int target = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(target >= 0);
    assert_int_equal(bind(target, (const struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(target, (struct sockaddr *)&address, &length), 0);
    *port = ntohs(address.sin_port);
    return target;
}

static inline int listen_target(uint16_t *port)
{
    const int target = bind_target(port);
    assert_int_equal(listen(target, 512), 0);
    return target;
}

/* No test waits for ever. */
static inline void set_patience(int socket)
{
    const struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    assert_int_equal(setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience), 0);
}

/* The size of the receive buffer is fixed, so that the kernel does not let it grow to many mebibytes. */
static inline int make_client(void)
{
    const int size = 256 * 1024;
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(client >= 0);
    assert_int_equal(setsockopt(client, SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
    set_patience(client);
    return client;
}

static inline int connect_client(uint16_t port)
{
    const struct sockaddr_in address = loopback(INADDR_LOOPBACK, port);
    const int client = make_client();
    assert_int_equal(connect(client, (const struct sockaddr *)&address, sizeof address), 0);
    return client;
}

static inline bool is_readable_within(int socket, int milliseconds)
{
    struct pollfd polled = {.fd = socket, .events = POLLIN};
    return poll(&polled, 1, milliseconds) == 1;
}

static inline int accept_at_target(int target)
{
    assert_true(is_readable_within(target, PATIENCE_SECONDS * 1000));
    const int accepted = accept4(target, NULL, NULL, SOCK_CLOEXEC);
    assert_true(accepted >= 0);
    set_patience(accepted);
    return accepted;
}

static inline void send_text(int socket, const char *text)
{
    assert_int_equal(send(socket, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static inline void assert_receives(int socket, const char *text)
{
    char received[256] = "";
    assert_true(strlen(text) < sizeof received);
    assert_int_equal(recv(socket, received, strlen(text), MSG_WAITALL), strlen(text));
    assert_string_equal(received, text);
}

static inline void assert_ended(int socket)
{
    char octet;
    assert_int_equal(recv(socket, &octet, 1, 0), 0);
}

/* Reads until the other end is gone in whatever way; a timeout is a failure. */
static inline void assert_gone(int socket)
{
    char octets[4096];
    ssize_t count;
    do {
        count = recv(socket, octets, sizeof octets, 0);
    } while (count > 0);
    assert_true(count == 0 || errno == ECONNRESET);
}

/* Sends until nothing more is taken for a while, or `limit` octets are. */
static inline size_t send_until_full(int socket, size_t limit)
{
    static const uint8_t zeros[65536];
    size_t sent = 0;
    while (sent < limit) {
        const size_t left = limit - sent;
        const ssize_t count =
            send(socket, zeros, left < sizeof zeros ? left : sizeof zeros, MSG_NOSIGNAL | MSG_DONTWAIT);
        struct pollfd polled = {.fd = socket, .events = POLLOUT};
        if (count < 0 && poll(&polled, 1, 300) == 0) {
            return sent;
        }
        sent += count > 0 ? (size_t)count : 0;
    }
    return sent;
}

static inline int queued_at(int socket)
{
    int queued = 0;
    assert_int_equal(ioctl(socket, SIOCOUTQ, &queued), 0);
    return queued;
}

/* Whether all that a socket has sent arrives at the other end's within a while. */
static inline bool arrives(int socket)
{
    const struct timespec a_moment = {.tv_nsec = 1000 * 1000};
    for (int i = 0; i < 100 && queued_at(socket) > 0; i++) {
        (void)nanosleep(&a_moment, NULL);
    }
    return queued_at(socket) == 0;
}

/* Sends piece by piece, each when the last has arrived, until one does not or `limit` octets are sent. */
static inline size_t send_paced(int socket, size_t limit)
{
    static const uint8_t piece[16384];
    size_t sent = 0;
    while (sent < limit && arrives(socket)) {
        assert_int_equal(send(socket, piece, sizeof piece, MSG_NOSIGNAL), sizeof piece);
        sent += sizeof piece;
    }
    return sent;
}

/* Lets the process open `count` more files; gives back the limit from before. */
static inline rlim_t allow_more_files(rlim_t count)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlim_t before = limit.rlim_cur;
    const int next = dup(STDOUT_FILENO);
    assert_true(next >= 0);
    (void)close(next);
    limit.rlim_cur = (rlim_t)next + count;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return before;
}

static inline void allow_files(rlim_t limit_before)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit_before;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

#endif
