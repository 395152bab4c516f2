/*
 * http_server.h: an HTTP/1.1 server whose answers may come later and from any thread; libmicrohttpd behind it.
 *
 * The handler is called on the server's own threads and must not block: it answers at once with http_respond, or keeps
 * the exchange and answers later from wherever it likes. Meanwhile the connection sleeps and holds no thread.
 */
#ifndef NET_HTTP_SERVER_H
#define NET_HTTP_SERVER_H

#include "base/log.h"
#include "base/octets.h"

struct http_server_config {
    const char *listen_address;   /* an IPv4 or IPv6 address */
    uint16_t listen_port;         /* 0: any free one, see http_server_port */
    unsigned threads;             /* 0: 1 */
    size_t body_max;              /* larger bodies are answered with 413; 0: 65,536 */
    size_t memory_per_connection; /* more header data is answered with 431; 0: 32,768 */
    unsigned connection_max;      /* 0: 1,024 */
    unsigned idle_timeout_s;      /* silent connections are closed, those that drip a request after twice that; 0: 15 */
};

struct http_server;
struct http_exchange;

/* Called once for each complete request. */
typedef void http_handler(void *context, struct http_exchange *exchange);

GBAU_MUST_USE enum gbau_status http_server_open(const struct http_server_config *config, http_handler *handler,
                                                void *context, const struct log *log, struct http_server **server);

/*
 * Requests that come from now on and exchanges that are still unanswered get 503; then ends. No handler runs after it
 * returns. Who still holds an exchange calls http_respond for it all the same, before or after; it then does no more
 * than free it.
 */
void http_server_close(struct http_server *server);

/* The port that is listened on. */
uint16_t http_server_port(const struct http_server *server);

/* What the client sent; all owned by the exchange and valid until it is answered. Nothing is percent-decoded. */
const char *http_exchange_method(const struct http_exchange *exchange);
const char *http_exchange_path(const struct http_exchange *exchange);   /* without query */
const char *http_exchange_target(const struct http_exchange *exchange); /* the request target as sent, with query */
struct octets http_exchange_body(const struct http_exchange *exchange);

/* The value of a header, or NULL; names are compared without case. */
const char *http_exchange_header(const struct http_exchange *exchange, const char *name);

/* How often a header was sent: Authorization twice is somebody's trick. */
size_t http_exchange_header_count(const struct http_exchange *exchange, const char *name);

/* Walks all headers in the order in which they came. */
typedef void http_header_visitor(void *context, const char *name, const char *value);
void http_exchange_each_header(const struct http_exchange *exchange, http_header_visitor *visitor, void *context);

struct http_header {
    const char *name;
    const char *value;
};

struct http_response {
    unsigned status;
    size_t header_count;
    const struct http_header *headers;
    struct octets body;
};

/*
 * Answers an exchange, exactly once, from any thread; everything in `response` is copied. The exchange is gone
 * afterwards. Content-Length and Date are added. Headers with a line break in them or without a value are left out, and
 * that is logged.
 */
void http_respond(struct http_exchange *exchange, const struct http_response *response);

#endif
