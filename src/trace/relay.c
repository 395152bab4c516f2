/* relay.c: one thread that moves octets between pairs of loopback sockets and records them on the way. */
#include "trace/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"

enum {
    BUFFER_SIZE = 16384,
    CONNECTION_LIMIT = 256, /* more wait in the backlog of the listener */
    BACKLOG = 128,
    REST_MILLISECONDS = 100
};

enum { POLLED_WAKE, POLLED_LISTENER, POLLED_CONNECTIONS };

/* Octets on their way from one socket to another. It reads only when its buffer is empty: that is the backpressure. */
struct direction {
    int from;
    int to;
    bool from_client;
    bool ended; /* `from` will send no more */
    bool shut;  /* and `to` has been told */
    size_t start;
    size_t end;
    uint8_t buffer[BUFFER_SIZE];
};

struct connection {
    struct connection *next;
    int client;
    int target;
    bool connecting;
    bool broken;
    struct capture_end client_end;
    struct capture_stream *stream;
    struct direction directions[2];
};

/* All but `wake` belongs to the thread once it runs; `port` does not change. */
struct relay {
    struct capture *capture;
    struct capture_end client;
    struct capture_end server;
    uint16_t target_port;
    uint16_t port;
    relay_observer *observer;
    void *context;
    int wake; /* an eventfd: readable when the thread shall end */
    int listener;
    bool listener_rests; /* for one round, after an error that would come again at once */
    pthread_t thread;
    struct connection *connections;
    size_t connection_count;
    struct pollfd polled[POLLED_CONNECTIONS + 2 * CONNECTION_LIMIT];
};

static struct sockaddr_in loopback_address(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EINTR;
}

static void close_if_open(int file)
{
    if (file >= 0) {
        (void)close(file);
    }
}

static void set_no_delay(int socket)
{
    const int on = 1;
    (void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* only a matter of speed */
}

static bool is_empty(const struct direction *direction)
{
    return direction->start == direction->end;
}

static void receive(struct relay *relay, struct connection *connection, struct direction *direction)
{
    const ssize_t count = recv(direction->from, direction->buffer, sizeof direction->buffer, 0);
    if (count < 0) {
        connection->broken = !would_block();
        return;
    }
    if (count == 0) {
        direction->ended = true;
        return;
    }
    direction->start = 0;
    direction->end = (size_t)count;
    const struct octets data = octets_of(direction->buffer, direction->end);
    capture_stream_data(connection->stream, direction->from_client, data);
    if (relay->observer != NULL) {
        relay->observer(relay->context, direction->from_client, data);
    }
}

static void deliver(struct connection *connection, struct direction *direction)
{
    const ssize_t count =
        send(direction->to, direction->buffer + direction->start, direction->end - direction->start, MSG_NOSIGNAL);
    if (count < 0) {
        connection->broken = !would_block();
        return;
    }
    direction->start += (size_t)count;
}

static void pass_on(struct relay *relay, struct connection *connection, struct direction *direction)
{
    if (!direction->ended && is_empty(direction)) {
        receive(relay, connection, direction);
    }
    if (!is_empty(direction) && !connection->broken) {
        deliver(connection, direction);
    }
    if (direction->ended && is_empty(direction) && !direction->shut) {
        (void)shutdown(direction->to, SHUT_WR); /* fails only when the other end is gone, which the next read tells */
        direction->shut = true;
    }
}

static void finish_connecting(struct relay *relay, struct connection *connection)
{
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(connection->target, SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0) {
        connection->broken = true;
        return;
    }
    connection->connecting = false;
    connection->stream = capture_stream_open(relay->capture, &connection->client_end, &relay->server);
}

static void serve_connection(struct relay *relay, struct connection *connection)
{
    if (connection->connecting) {
        finish_connecting(relay, connection);
    }
    for (size_t i = 0; i < 2 && !connection->broken; i++) {
        pass_on(relay, connection, &connection->directions[i]);
    }
}

static bool is_over(const struct connection *connection)
{
    return connection->broken || (connection->directions[0].shut && connection->directions[1].shut);
}

static void end_connection(struct connection *connection)
{
    capture_stream_close(connection->stream);
    close_if_open(connection->client);
    close_if_open(connection->target);
    secret_wipe(connection, sizeof *connection); /* keys travel over Zn */
    free(connection);
}

/* Starts to connect to the target; -1 when it refuses at once. */
static int start_connecting(uint16_t port)
{
    const struct sockaddr_in address = loopback_address(port);
    const int target = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (target < 0) {
        return -1;
    }
    if (connect(target, (const struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS) {
        (void)close(target);
        return -1;
    }
    set_no_delay(target);
    return target;
}

static void set_direction(struct direction *direction, int from, int to, bool from_client)
{
    direction->from = from;
    direction->to = to;
    direction->from_client = from_client;
}

static void begin_connection(struct relay *relay, int client, uint16_t client_port)
{
    struct connection *connection = calloc(1, sizeof *connection);
    const int target = connection != NULL ? start_connecting(relay->target_port) : -1;
    if (target < 0) {
        free(connection);
        (void)close(client);
        return;
    }
    set_no_delay(client);
    connection->client = client;
    connection->target = target;
    connection->connecting = true;
    connection->client_end = relay->client;
    connection->client_end.port = client_port;
    set_direction(&connection->directions[0], client, target, true);
    set_direction(&connection->directions[1], target, client, false);
    connection->next = relay->connections;
    relay->connections = connection;
    relay->connection_count++;
}

static void accept_connection(struct relay *relay)
{
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    const int client = accept4(relay->listener, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client >= 0) {
        begin_connection(relay, client, ntohs(address.sin_port));
        return;
    }
    relay->listener_rests = !would_block() && errno != ECONNABORTED;
}

/*
 * What to wait for on one socket of a connection. A socket that nothing is wanted of is left out of poll(), as poll()
 * would report its hang-up again and again.
 */
static struct pollfd want(const struct connection *connection, int socket)
{
    short events = 0;
    if (connection->connecting) {
        events = socket == connection->target ? POLLOUT : 0;
    }
    for (size_t i = 0; i < 2 && !connection->connecting; i++) {
        const struct direction *direction = &connection->directions[i];
        if (direction->from == socket && !direction->ended && is_empty(direction)) {
            events |= POLLIN;
        }
        if (direction->to == socket && !is_empty(direction)) {
            events |= POLLOUT;
        }
    }
    return (struct pollfd){.fd = events != 0 ? socket : -1, .events = events};
}

/* Waits until something happens. False when the relay shall end. */
static bool wait_for_events(struct relay *relay)
{
    const bool accepts = relay->connection_count < CONNECTION_LIMIT && !relay->listener_rests;
    nfds_t count = POLLED_CONNECTIONS;
    relay->polled[POLLED_WAKE] = (struct pollfd){.fd = relay->wake, .events = POLLIN};
    relay->polled[POLLED_LISTENER] = (struct pollfd){.fd = accepts ? relay->listener : -1, .events = POLLIN};
    for (const struct connection *each = relay->connections; each != NULL; each = each->next) {
        relay->polled[count++] = want(each, each->client);
        relay->polled[count++] = want(each, each->target);
    }
    while (poll(relay->polled, count, relay->listener_rests ? REST_MILLISECONDS : -1) < 0) {
        if (errno != EINTR && errno != EAGAIN) {
            return false;
        }
    }
    relay->listener_rests = false;
    return relay->polled[POLLED_WAKE].revents == 0;
}

/* The list must be as it was when poll() was called: polled entries are matched by their order. */
static void serve_connections(struct relay *relay)
{
    const struct pollfd *polled = &relay->polled[POLLED_CONNECTIONS];
    struct connection **link = &relay->connections;
    for (; *link != NULL; polled += 2) {
        struct connection *connection = *link;
        if (polled[0].revents != 0 || polled[1].revents != 0) {
            serve_connection(relay, connection);
        }
        if (is_over(connection)) {
            *link = connection->next;
            relay->connection_count--;
            end_connection(connection);
        } else {
            link = &connection->next;
        }
    }
}

static void *run(void *argument)
{
    struct relay *relay = argument;
    while (wait_for_events(relay)) {
        serve_connections(relay);
        if (relay->polled[POLLED_LISTENER].revents != 0) {
            accept_connection(relay);
        }
    }
    while (relay->connections != NULL) {
        struct connection *connection = relay->connections;
        relay->connections = connection->next;
        end_connection(connection);
    }
    return NULL;
}

static enum gbau_status open_listener(struct relay *relay)
{
    struct sockaddr_in address = loopback_address(0);
    socklen_t length = sizeof address;
    relay->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (relay->listener < 0 || bind(relay->listener, (const struct sockaddr *)&address, length) != 0 ||
        listen(relay->listener, BACKLOG) != 0 ||
        getsockname(relay->listener, (struct sockaddr *)&address, &length) != 0) {
        return GBAU_E_IO;
    }
    relay->port = ntohs(address.sin_port);
    return GBAU_OK;
}

/* Signals are for the program's own threads. */
static enum gbau_status start_thread(struct relay *relay)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&relay->thread, NULL, run, relay);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0 ? GBAU_OK : GBAU_E_MEMORY;
}

static void free_relay(struct relay *relay)
{
    close_if_open(relay->listener);
    close_if_open(relay->wake);
    free(relay);
}

enum gbau_status relay_open(struct capture *capture, const struct capture_end *client, const struct capture_end *server,
                            uint16_t target_port, relay_observer *observer, void *context, struct relay **relay)
{
    struct relay *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    opened->capture = capture;
    opened->client = *client;
    opened->server = *server;
    opened->target_port = target_port;
    opened->observer = observer;
    opened->context = context;
    opened->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    enum gbau_status status = open_listener(opened);
    if (status == GBAU_OK) {
        status = opened->wake >= 0 ? start_thread(opened) : GBAU_E_IO;
    }
    if (status != GBAU_OK) {
        free_relay(opened);
        return status;
    }
    *relay = opened;
    return GBAU_OK;
}

uint16_t relay_port(const struct relay *relay)
{
    return relay->port;
}

void relay_close(struct relay *relay)
{
    if (relay == NULL) {
        return;
    }
    (void)eventfd_write(relay->wake, 1); /* a fresh counter always has room for one */
    (void)pthread_join(relay->thread, NULL);
    free_relay(relay);
}
