/* http_server_private.h: what the files of the HTTP server share; nobody outside src/net/http_*.c includes it. */
#ifndef NET_HTTP_SERVER_PRIVATE_H
#define NET_HTTP_SERVER_PRIVATE_H

#include <pthread.h>

#include "net/http_server.h"

/* libmicrohttpd's; only the .c files see inside. */
struct MHD_Connection;
struct MHD_Daemon;
struct MHD_Response;

struct http_client_link;

struct http_server {
    const struct log *log;
    http_handler *handler;
    void *context;
    size_t body_max;
    unsigned request_time_s; /* that a client has to send a request */
    struct MHD_Daemon *daemon;
    pthread_mutex_t lock; /* of all below, and never taken while an exchange's lock is held */
    pthread_cond_t changed; /* the server closes, or, when it does, an exchange is over */
    bool closing;
    struct http_exchange *first;    /* all exchanges that libmicrohttpd knows */
    struct http_client_link *links; /* all connections */
    pthread_t timekeeper;
};

/* Where an exchange stands. It is suspended at most once, and answered once. */
enum exchange_state {
    EXCHANGE_ARRIVING, /* headers or body are being received */
    EXCHANGE_HANDLED,  /* the handler was called */
    EXCHANGE_WAITING,  /* the connection is suspended */
    EXCHANGE_ANSWERED  /* there is a response, or nobody to send it to */
};

/*
 * Two parties hold an exchange: libmicrohttpd, from the request line until it is done with the response, and the
 * handler, from when it is called until http_respond. It is freed when both have let go.
 */
struct http_exchange {
    struct http_server *server; /* not to be used by http_respond: the server may have ended */
    const struct log *log;
    struct http_exchange *previous;
    struct http_exchange *next;
    pthread_mutex_t lock; /* of the five below */
    enum exchange_state state;
    unsigned holders;
    struct MHD_Connection *connection;
    struct MHD_Response *response;
    unsigned status;
    char *method;
    char *target;
    char *path;
    uint8_t *body;
    size_t body_length;
    size_t body_capacity;
    size_t discarded; /* octets over the limit */
    bool is_seen;     /* the first call for this request, with headers only, is over */
    bool is_too_large;
    size_t header_count;
    struct http_header *headers; /* one piece of memory, with all their text behind it */
};

/* http_exchange.c */

/* A new exchange held by libmicrohttpd, or NULL. */
struct http_exchange *http_exchange_new(struct http_server *server, struct MHD_Connection *connection,
                                        const char *target);

/* Copies method and headers, which are complete now. */
GBAU_MUST_USE enum gbau_status http_exchange_take_headers(struct http_exchange *exchange, const char *method);

/* Appends to the body. What is over the server's limit is not kept; see is_too_large. */
GBAU_MUST_USE enum gbau_status http_exchange_take_body(struct http_exchange *exchange, const void *data, size_t length);

/* Calls the handler. */
void http_exchange_handle(struct http_exchange *exchange);

/* Has the connection sleep until there is an answer; not when there is one already, or the server is about to end. */
void http_exchange_wait(struct http_exchange *exchange);

/* Answers with a status and nothing else, unless there is an answer. Resumes a suspended connection. */
void http_exchange_refuse(struct http_exchange *exchange, unsigned status);

/* Gives the response to libmicrohttpd, when there is one. False when that fails. */
bool http_exchange_send(struct http_exchange *exchange);

/* One of the two holders lets go. */
void http_exchange_release(struct http_exchange *exchange);

/* http_connection.c */

/* Bookkeeping of how long a client takes to send a request; `slot` is libmicrohttpd's for the connection. */
void http_link_opened(struct http_server *server, struct MHD_Connection *connection, void **slot);
void http_link_closed(struct http_server *server, void **slot);

/* The client of this connection is waited for, or not. */
void http_link_wait(struct http_server *server, struct MHD_Connection *connection, bool waits);

/* Closes what took too long, until server->closing is set. */
GBAU_MUST_USE enum gbau_status http_start_timekeeper(struct http_server *server);
void http_stop_timekeeper(struct http_server *server);

#endif
