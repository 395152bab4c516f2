/* http_server.c: libmicrohttpd as an HTTP/1.1 server whose answers may come later. */
#include "net/http_server.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "net/http_server_private.h"

enum {
    DEFAULT_BODY_MAX = 65536,
    DEFAULT_MEMORY_PER_CONNECTION = 32768,
    DEFAULT_CONNECTION_MAX = 1024,
    DEFAULT_IDLE_TIMEOUT_S = 15,
    LISTEN_BACKLOG = 511,
    FLUSH_TIME_S = 2 /* that the last answers have to get out when the server closes */
};

static void add_exchange(struct http_server *server, struct http_exchange *exchange)
{
    (void)pthread_mutex_lock(&server->lock);
    exchange->next = server->first;
    if (exchange->next != NULL) {
        exchange->next->previous = exchange;
    }
    server->first = exchange;
    (void)pthread_mutex_unlock(&server->lock);
}

static void remove_exchange(struct http_server *server, struct http_exchange *exchange)
{
    (void)pthread_mutex_lock(&server->lock);
    if (exchange->previous != NULL) {
        exchange->previous->next = exchange->next;
    } else {
        server->first = exchange->next;
    }
    if (exchange->next != NULL) {
        exchange->next->previous = exchange->previous;
    }
    if (server->closing) {
        (void)pthread_cond_broadcast(&server->changed);
    }
    (void)pthread_mutex_unlock(&server->lock);
}

/* Called with the request line; what it returns is the exchange of all later calls for this request. */
static void *on_request_line(void *context, const char *target, struct MHD_Connection *connection)
{
    struct http_server *server = context;
    struct http_exchange *exchange = http_exchange_new(server, connection, target);
    if (exchange != NULL) {
        add_exchange(server, exchange);
    }
    return exchange;
}

/* The body's length as announced, or 0. */
static unsigned long long announced_length(const struct http_exchange *exchange)
{
    const char *length = http_exchange_header(exchange, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return length == NULL ? 0 : strtoull(length, NULL, 10);
}

static bool is_closing(struct http_server *server)
{
    (void)pthread_mutex_lock(&server->lock);
    bool closing = server->closing;
    (void)pthread_mutex_unlock(&server->lock);
    return closing;
}

static enum MHD_Result refuse(struct http_exchange *exchange, unsigned status)
{
    http_exchange_refuse(exchange, status);
    return http_exchange_send(exchange) ? MHD_YES : MHD_NO;
}

/* The headers are complete. An answer given here spares the client the body. */
static enum MHD_Result on_headers(struct http_server *server, struct http_exchange *exchange, const char *method)
{
    exchange->is_seen = true;
    if (http_exchange_take_headers(exchange, method) != GBAU_OK || is_closing(server)) {
        return refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE);
    }
    if (announced_length(exchange) > server->body_max) {
        return refuse(exchange, MHD_HTTP_CONTENT_TOO_LARGE);
    }
    return MHD_YES;
}

/*
 * The request is complete, or the connection was resumed because there is an answer. Without an answer libmicrohttpd
 * calls again at once, and only then the connection is suspended: suspended in the first call, it would be read from
 * when it is resumed, and a client that has closed its half of it would never be answered.
 */
static enum MHD_Result on_complete(struct http_server *server, struct http_exchange *exchange)
{
    if (exchange->is_too_large) {
        return refuse(exchange, MHD_HTTP_CONTENT_TOO_LARGE);
    }
    (void)pthread_mutex_lock(&exchange->lock);
    bool is_new = exchange->state == EXCHANGE_ARRIVING;
    (void)pthread_mutex_unlock(&exchange->lock);
    if (is_new) {
        http_link_wait(server, exchange->connection, false);
        http_exchange_handle(exchange);
    } else {
        http_exchange_wait(exchange);
    }
    return http_exchange_send(exchange) ? MHD_YES : MHD_NO;
}

static enum MHD_Result on_access(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                 const char *version, const char *upload, size_t *upload_size, void **slot)
{
    (void)connection;
    (void)url;
    (void)version;
    struct http_server *server = context;
    struct http_exchange *exchange = *slot;
    if (exchange == NULL) {
        return MHD_NO;
    }
    if (!exchange->is_seen) {
        return on_headers(server, exchange, method);
    }
    if (*upload_size > 0) {
        enum gbau_status status = http_exchange_take_body(exchange, upload, *upload_size);
        *upload_size = 0;
        return status == GBAU_OK ? MHD_YES : MHD_NO;
    }
    return on_complete(server, exchange);
}

/* libmicrohttpd is done with a request, however it ended. */
static void on_completed(void *context, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode how)
{
    (void)how;
    struct http_server *server = context;
    struct http_exchange *exchange = *slot;
    if (exchange == NULL) {
        return;
    }
    *slot = NULL;
    http_link_wait(server, connection, true);
    remove_exchange(server, exchange);
    http_exchange_release(exchange);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **slot,
                          enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        http_link_opened(context, connection, slot);
    } else {
        http_link_closed(context, slot);
    }
}

__attribute__((format(printf, 2, 0))) static void on_log(void *context, const char *format, va_list arguments)
{
    const struct http_server *server = context;
    char text[512];
    (void)vsnprintf(text, sizeof text, format, arguments);
    text[strcspn(text, "\n")] = '\0';
    log_debug(server->log, "HTTP: %s", text);
}

/* Targets are passed on as they came: who signs or routes them wants their very characters. */
static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

static unsigned or_default(unsigned value, unsigned otherwise)
{
    return value == 0 ? otherwise : value;
}

static struct MHD_Daemon *start_daemon(struct http_server *server, const struct http_server_config *config,
                                       const struct addrinfo *address)
{
    const unsigned idle_timeout_s = or_default(config->idle_timeout_s, DEFAULT_IDLE_TIMEOUT_S);
    const unsigned threads = or_default(config->threads, 1);
    unsigned connections = or_default(config->connection_max, DEFAULT_CONNECTION_MAX);
    server->request_time_s = 2 * idle_timeout_s;
    const size_t memory =
        config->memory_per_connection == 0 ? DEFAULT_MEMORY_PER_CONNECTION : config->memory_per_connection;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    if (address->ai_family == AF_INET6) {
        flags |= MHD_USE_IPv6;
    }
    if (connections < threads) {
        connections = threads;
    }
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)on_log, server},
        {MHD_OPTION_SOCK_ADDR, 0, address->ai_addr},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)connections, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)idle_timeout_s, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)memory, NULL},
        {MHD_OPTION_LISTEN_BACKLOG_SIZE, LISTEN_BACKLOG, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_request_line, server},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)leave_escaped, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, server},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, server},
        {threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    return MHD_start_daemon(flags, config->listen_port, NULL, NULL, on_access, server, MHD_OPTION_ARRAY, options,
                            MHD_OPTION_END);
}

static enum gbau_status listen_there(struct http_server *server, const struct http_server_config *config)
{
    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char port[8];
    (void)snprintf(port, sizeof port, "%u", (unsigned)config->listen_port);
    struct addrinfo *address = NULL;
    if (config->listen_address == NULL || getaddrinfo(config->listen_address, port, &hints, &address) != 0) {
        log_error(server->log, "HTTP: this is not an address to listen on: \"%s\"",
                  config->listen_address == NULL ? "" : config->listen_address);
        return GBAU_E_CONFIGURATION;
    }
    errno = 0;
    server->daemon = start_daemon(server, config, address);
    int reason = errno;
    freeaddrinfo(address);
    if (server->daemon == NULL) {
        log_error(server->log, "HTTP: cannot listen on %s port %s: %s", config->listen_address, port, strerror(reason));
        return reason == EADDRINUSE ? GBAU_E_BUSY : GBAU_E_IO;
    }
    return GBAU_OK;
}

static bool init_locks(struct http_server *server)
{
    pthread_condattr_t monotonic;
    bool done = pthread_condattr_init(&monotonic) == 0 && pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
                pthread_mutex_init(&server->lock, NULL) == 0 && pthread_cond_init(&server->changed, &monotonic) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    return done;
}

static void free_server(struct http_server *server)
{
    (void)pthread_cond_destroy(&server->changed);
    (void)pthread_mutex_destroy(&server->lock);
    free(server);
}

enum gbau_status http_server_open(const struct http_server_config *config, http_handler *handler, void *context,
                                  const struct log *log, struct http_server **server)
{
    struct http_server *new_server = calloc(1, sizeof *new_server);
    if (new_server == NULL || !init_locks(new_server)) {
        free(new_server);
        return GBAU_E_MEMORY;
    }
    new_server->log = log;
    new_server->handler = handler;
    new_server->context = context;
    new_server->body_max = config->body_max == 0 ? DEFAULT_BODY_MAX : config->body_max;
    enum gbau_status status = listen_there(new_server, config);
    if (status == GBAU_OK) {
        status = http_start_timekeeper(new_server);
    }
    if (status != GBAU_OK) {
        if (new_server->daemon != NULL) {
            MHD_stop_daemon(new_server->daemon);
        }
        free_server(new_server);
        return status;
    }
    *server = new_server;
    return GBAU_OK;
}

uint16_t http_server_port(const struct http_server *server)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info == NULL ? 0 : info->port;
}

/* With the lock held. Requests that are still arriving are left to libmicrohttpd. */
static bool has_waiting_exchange(const struct http_server *server)
{
    for (struct http_exchange *exchange = server->first; exchange != NULL; exchange = exchange->next) {
        (void)pthread_mutex_lock(&exchange->lock);
        bool is_arriving = exchange->state == EXCHANGE_ARRIVING;
        (void)pthread_mutex_unlock(&exchange->lock);
        if (!is_arriving) {
            return true;
        }
    }
    return false;
}

static void refuse_waiting_exchanges(struct http_server *server)
{
    for (struct http_exchange *exchange = server->first; exchange != NULL; exchange = exchange->next) {
        (void)pthread_mutex_lock(&exchange->lock);
        bool is_waiting = exchange->state == EXCHANGE_WAITING;
        (void)pthread_mutex_unlock(&exchange->lock);
        if (is_waiting) {
            http_exchange_refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE);
        }
    }
}

/* libmicrohttpd must not be stopped while a connection is suspended, and drops what is not yet sent. */
static void flush_answers(struct http_server *server)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += FLUSH_TIME_S;
    int error = 0;
    while (error == 0 && has_waiting_exchange(server)) {
        error = pthread_cond_timedwait(&server->changed, &server->lock, &until);
    }
}

void http_server_close(struct http_server *server)
{
    /* who still connects is refused: MHD_quiesce_daemon would race with the daemon's own thread, and abort */
    (void)pthread_mutex_lock(&server->lock);
    server->closing = true;
    (void)pthread_cond_broadcast(&server->changed);
    refuse_waiting_exchanges(server);
    flush_answers(server);
    (void)pthread_mutex_unlock(&server->lock);
    http_stop_timekeeper(server);
    MHD_stop_daemon(server->daemon);
    free_server(server);
}
