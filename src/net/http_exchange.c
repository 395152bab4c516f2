/* http_exchange.c: one request and its answer, between libmicrohttpd's threads and whoever answers. */
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/secret.h"
#include "net/http_server_private.h"

enum { FIRST_BODY_CAPACITY = 1024, DISCARD_FACTOR = 16 };

static void set_path(struct http_exchange *exchange)
{
    exchange->path = strndup(exchange->target, strcspn(exchange->target, "?"));
}

struct http_exchange *http_exchange_new(struct http_server *server, struct MHD_Connection *connection,
                                        const char *target)
{
    struct http_exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL) {
        return NULL;
    }
    exchange->server = server;
    exchange->log = server->log;
    exchange->connection = connection;
    exchange->holders = 1;
    exchange->target = strdup(target);
    if (exchange->target != NULL) {
        set_path(exchange);
    }
    if (exchange->path == NULL || pthread_mutex_init(&exchange->lock, NULL) != 0) {
        free(exchange->path);
        free(exchange->target);
        free(exchange);
        return NULL;
    }
    return exchange;
}

static void free_exchange(struct http_exchange *exchange)
{
    if (exchange->response != NULL) {
        MHD_destroy_response(exchange->response);
    }
    (void)pthread_mutex_destroy(&exchange->lock);
    free(exchange->method);
    free(exchange->target);
    free(exchange->path);
    free(exchange->headers);
    if (exchange->body != NULL) {
        secret_wipe(exchange->body, exchange->body_length);
        free(exchange->body);
    }
    free(exchange);
}

void http_exchange_release(struct http_exchange *exchange)
{
    (void)pthread_mutex_lock(&exchange->lock);
    bool is_last = --exchange->holders == 0;
    (void)pthread_mutex_unlock(&exchange->lock);
    if (is_last) {
        free_exchange(exchange);
    }
}

/* Where the next header and its text go, or, with headers NULL, how much room they need. */
struct header_copy {
    struct http_header *headers;
    char *text;
    size_t count;
    size_t text_size;
};

static enum MHD_Result measure_header(void *context, enum MHD_ValueKind kind, const char *key, size_t key_size,
                                      const char *value, size_t value_size)
{
    (void)kind;
    (void)key;
    (void)value;
    struct header_copy *copy = context;
    copy->count++;
    copy->text_size += key_size + value_size + 2;
    return MHD_YES;
}

static const char *copy_text(struct header_copy *copy, const char *text, size_t size)
{
    char *start = copy->text;
    if (size > 0) {
        memcpy(start, text, size);
    }
    start[size] = '\0';
    copy->text += size + 1;
    return start;
}

static enum MHD_Result copy_header(void *context, enum MHD_ValueKind kind, const char *key, size_t key_size,
                                   const char *value, size_t value_size)
{
    (void)kind;
    struct header_copy *copy = context;
    struct http_header *header = &copy->headers[copy->count++];
    header->name = copy_text(copy, key, key_size);
    header->value = copy_text(copy, value, value == NULL ? 0 : value_size);
    return MHD_YES;
}

/* libmicrohttpd's own copies go with the connection, which may be gone before the handler's side is done. */
enum gbau_status http_exchange_take_headers(struct http_exchange *exchange, const char *method)
{
    struct header_copy copy = {NULL, NULL, 0, 0};
    (void)MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, measure_header, &copy);
    exchange->method = strdup(method);
    exchange->headers = malloc(copy.count * sizeof *exchange->headers + copy.text_size + 1);
    if (exchange->method == NULL || exchange->headers == NULL) {
        return GBAU_E_MEMORY;
    }
    copy.headers = exchange->headers;
    copy.text = (char *)(exchange->headers + copy.count);
    copy.count = 0;
    (void)MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, copy_header, &copy);
    exchange->header_count = copy.count;
    return GBAU_OK;
}

static enum gbau_status grow_body(struct http_exchange *exchange, size_t needed)
{
    size_t capacity = exchange->body_capacity == 0 ? FIRST_BODY_CAPACITY : exchange->body_capacity;
    while (capacity < needed) {
        capacity *= 2;
    }
    uint8_t *grown = malloc(capacity);
    if (grown == NULL) {
        return GBAU_E_MEMORY;
    }
    if (exchange->body != NULL) {
        memcpy(grown, exchange->body, exchange->body_length);
        secret_wipe(exchange->body, exchange->body_length);
        free(exchange->body);
    }
    exchange->body = grown;
    exchange->body_capacity = capacity;
    return GBAU_OK;
}

enum gbau_status http_exchange_take_body(struct http_exchange *exchange, const void *data, size_t length)
{
    size_t body_max = exchange->server->body_max;
    if (exchange->is_too_large || length > body_max || exchange->body_length > body_max - length) {
        /* A polite client is told when it has finished; an endless one is cut off. */
        exchange->is_too_large = true;
        exchange->discarded += length;
        return exchange->discarded > DISCARD_FACTOR * body_max ? GBAU_E_LIMIT : GBAU_OK;
    }
    if (exchange->body_length + length > exchange->body_capacity) {
        enum gbau_status status = grow_body(exchange, exchange->body_length + length);
        if (status != GBAU_OK) {
            return status;
        }
    }
    memcpy(exchange->body + exchange->body_length, data, length);
    exchange->body_length += length;
    return GBAU_OK;
}

static struct MHD_Response *make_response(const struct log *log, const struct http_response *answer)
{
    /* Copied by libmicrohttpd, which asks for a pointer to something writable all the same. */
    void *body = (void *)(uintptr_t)answer->body.data;
    struct MHD_Response *response = MHD_create_response_from_buffer(answer->body.length, body, MHD_RESPMEM_MUST_COPY);
    for (size_t i = 0; response != NULL && i < answer->header_count; i++) {
        const struct http_header *header = &answer->headers[i];
        if (MHD_add_response_header(response, header->name, header->value) != MHD_YES) {
            log_error(log, "HTTP: left out a header that cannot be sent: \"%s\"", header->name);
        }
    }
    return response;
}

/* The first answer counts; what comes later is dropped. */
static void set_response(struct http_exchange *exchange, struct MHD_Response *response, unsigned status)
{
    (void)pthread_mutex_lock(&exchange->lock);
    bool is_first = exchange->state != EXCHANGE_ANSWERED;
    if (is_first) {
        bool was_waiting = exchange->state == EXCHANGE_WAITING;
        exchange->response = response;
        exchange->status = status;
        exchange->state = EXCHANGE_ANSWERED;
        if (was_waiting) {
            MHD_resume_connection(exchange->connection);
        }
    }
    (void)pthread_mutex_unlock(&exchange->lock);
    if (!is_first && response != NULL) {
        MHD_destroy_response(response);
    }
}

void http_respond(struct http_exchange *exchange, const struct http_response *response)
{
    set_response(exchange, make_response(exchange->log, response), response->status);
    http_exchange_release(exchange);
}

void http_exchange_refuse(struct http_exchange *exchange, unsigned status)
{
    const struct http_header close = {"Connection", "close"};
    const struct http_response answer = {.status = status, .header_count = 1, .headers = &close};
    set_response(exchange, make_response(exchange->log, &answer), status);
}

void http_exchange_wait(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;
    (void)pthread_mutex_lock(&server->lock);
    bool closing = server->closing;
    (void)pthread_mutex_lock(&exchange->lock);
    if (exchange->state == EXCHANGE_HANDLED && !closing) {
        exchange->state = EXCHANGE_WAITING;
        MHD_suspend_connection(exchange->connection);
    }
    (void)pthread_mutex_unlock(&exchange->lock);
    (void)pthread_mutex_unlock(&server->lock);
    if (closing) {
        http_exchange_refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE);
    }
}

void http_exchange_handle(struct http_exchange *exchange)
{
    (void)pthread_mutex_lock(&exchange->lock);
    exchange->state = EXCHANGE_HANDLED;
    exchange->holders++;
    (void)pthread_mutex_unlock(&exchange->lock);
    exchange->server->handler(exchange->server->context, exchange);
}

bool http_exchange_send(struct http_exchange *exchange)
{
    (void)pthread_mutex_lock(&exchange->lock);
    bool is_answered = exchange->state == EXCHANGE_ANSWERED;
    struct MHD_Response *response = exchange->response;
    unsigned status = exchange->status;
    (void)pthread_mutex_unlock(&exchange->lock);
    if (!is_answered) {
        return true;
    }
    return response != NULL && MHD_queue_response(exchange->connection, status, response) == MHD_YES;
}

const char *http_exchange_method(const struct http_exchange *exchange)
{
    return exchange->method;
}

const char *http_exchange_path(const struct http_exchange *exchange)
{
    return exchange->path;
}

const char *http_exchange_target(const struct http_exchange *exchange)
{
    return exchange->target;
}

struct octets http_exchange_body(const struct http_exchange *exchange)
{
    return octets_of(exchange->body, exchange->body_length);
}

const char *http_exchange_header(const struct http_exchange *exchange, const char *name)
{
    for (size_t i = 0; i < exchange->header_count; i++) {
        if (strcasecmp(exchange->headers[i].name, name) == 0) {
            return exchange->headers[i].value;
        }
    }
    return NULL;
}

size_t http_exchange_header_count(const struct http_exchange *exchange, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < exchange->header_count; i++) {
        count += strcasecmp(exchange->headers[i].name, name) == 0;
    }
    return count;
}

void http_exchange_each_header(const struct http_exchange *exchange, http_header_visitor *visitor, void *context)
{
    for (size_t i = 0; i < exchange->header_count; i++) {
        visitor(context, exchange->headers[i].name, exchange->headers[i].value);
    }
}
