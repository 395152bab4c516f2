/* http_client.h: a blocking HTTP/1.1 client for the device side; libcurl behind it. */
#ifndef NET_HTTP_CLIENT_H
#define NET_HTTP_CLIENT_H

#include "base/log.h"
#include "base/octets.h"

enum { HTTP_ANSWER_BODY_MAX = 65536, HTTP_ANSWER_HEADERS_MAX = 64 };

struct http_client_config {
    unsigned timeout_ms; /* for one whole exchange; 0: 10,000 */
    const char *ca_file; /* to check https servers; NULL: the system's */
};

/* A client keeps its connections open between requests. One thread at a time. */
struct http_client;

GBAU_MUST_USE enum gbau_status http_client_open(const struct http_client_config *config, const struct log *log,
                                                struct http_client **client);
void http_client_close(struct http_client *client);

struct http_client_request {
    const char *method;
    const char *url; /* http or https; redirects are not followed */
    size_t header_count;
    const char *const *headers; /* "Name: value" */
    struct octets body;
};

/* An answer; made by http_client_exchange, ended by http_answer_clear. */
struct http_answer {
    unsigned status;
    size_t header_count;
    struct {
        char *name;
        char *value;
    } headers[HTTP_ANSWER_HEADERS_MAX];
    uint8_t *body;
    size_t body_length;
};

/*
 * One request and its answer. GBAU_OK whatever the HTTP status is; GBAU_E_UNREACHABLE, GBAU_E_TIMEOUT, GBAU_E_PROTOCOL
 * (not HTTP, or the TLS peer is not who it should be) and GBAU_E_LIMIT (answer too large), each logged with its detail.
 */
GBAU_MUST_USE enum gbau_status http_client_exchange(struct http_client *client,
                                                    const struct http_client_request *request,
                                                    struct http_answer *answer);

/* The first header of that name without regard to case, or NULL. */
const char *http_answer_header(const struct http_answer *answer, const char *name);
void http_answer_clear(struct http_answer *answer);

#endif
