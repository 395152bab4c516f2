/* http_service.h: a server whose handler answers at once, later from another thread, or when the test says so. */
#ifndef TESTS_NET_HTTP_SERVICE_H
#define TESTS_NET_HTTP_SERVICE_H

#include <pthread.h>
#include <stdio.h>

#include "net/http_server.h"
#include "raw_socket.h"

enum { ANSWER_SIZE = 256 * 1024, PATIENCE_MS = 5000, KEPT_MAX = 300 };

/* What the handler did not answer yet. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct http_exchange *exchanges[KEPT_MAX];
    size_t count;
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static struct http_server *server;
static uint16_t port;

static inline void keep(struct http_exchange *exchange)
{
    pthread_mutex_lock(&kept.lock);
    assert_true(kept.count < KEPT_MAX);
    kept.exchanges[kept.count++] = exchange;
    pthread_cond_broadcast(&kept.changed);
    pthread_mutex_unlock(&kept.lock);
}

static inline void wait_for_kept(size_t count)
{
    pthread_mutex_lock(&kept.lock);
    while (kept.count < count) {
        pthread_cond_wait(&kept.changed, &kept.lock);
    }
    pthread_mutex_unlock(&kept.lock);
}

/* Says back what was received. */
static inline void echo(struct http_exchange *exchange)
{
    static const struct http_header headers[] = {{"X-Test", "yes"}, {"Content-Type", "text/plain"}};
    char text[8192];
    struct octets body = http_exchange_body(exchange);
    int length =
        snprintf(text, sizeof text, "%s %s %s %zu [%.*s]", http_exchange_method(exchange), http_exchange_path(exchange),
                 http_exchange_target(exchange), body.length, (int)(body.length < 4096 ? body.length : 4096),
                 body.length == 0 ? "" : (const char *)body.data);
    const struct http_response response = {200, 2, headers, octets_of(text, (size_t)length)};
    http_respond(exchange, &response);
}

static inline void answer_kept(void)
{
    pthread_mutex_lock(&kept.lock);
    for (size_t i = 0; i < kept.count; i++) {
        echo(kept.exchanges[i]);
    }
    kept.count = 0;
    pthread_mutex_unlock(&kept.lock);
}

static inline void *answer_later(void *argument)
{
    usleep(2000);
    echo(argument);
    return NULL;
}

static inline void append_header(void *context, const char *name, const char *value)
{
    char *text = context;
    strcat(strcat(strcat(strcat(text, name), "="), value), ";");
}

static inline void answer_with_headers(struct http_exchange *exchange)
{
    char text[4096] = "";
    http_exchange_each_header(exchange, append_header, text);
    const char *one = http_exchange_header(exchange, "authorization");
    size_t length = strlen(text);
    (void)snprintf(text + length, sizeof text - length, "|%s|%zu|%zu|%s", one == NULL ? "" : one,
                   http_exchange_header_count(exchange, "AUTHORIZATION"),
                   http_exchange_header_count(exchange, "nothing"),
                   http_exchange_header(exchange, "nothing") == NULL ? "none" : "some");
    const struct http_response response = {200, 0, NULL, octets_of_text(text)};
    http_respond(exchange, &response);
}

static inline void answer_with_bad_header(struct http_exchange *exchange)
{
    static const struct http_header headers[] = {{"X-Bad", "a\r\nX-Forged: b"}, {"X-Good", "c"}};
    const struct http_response response = {204, 2, headers, {NULL, 0}};
    http_respond(exchange, &response);
}

static inline void handle(void *context, struct http_exchange *exchange)
{
    assert_ptr_equal(context, &server);
    const char *path = http_exchange_path(exchange);
    if (strcmp(path, "/keep") == 0) {
        keep(exchange);
    } else if (strcmp(path, "/headers") == 0) {
        answer_with_headers(exchange);
    } else if (strcmp(path, "/bad-header") == 0) {
        answer_with_bad_header(exchange);
    } else if (strcmp(path, "/later") == 0) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, answer_later, exchange), 0);
        pthread_detach(thread);
    } else {
        echo(exchange);
    }
}

static inline void open_with(const struct http_server_config *config)
{
    assert_ok(http_server_open(config, handle, &server, NULL, &server));
    port = http_server_port(server);
    assert_int_not_equal(port, 0);
}

static inline int open_server(void **state)
{
    (void)state;
    open_with(&(struct http_server_config){
        .listen_address = "127.0.0.1", .threads = 2, .body_max = 10000, .idle_timeout_s = 10});
    return 0;
}

static inline int close_server(void **state)
{
    (void)state;
    http_server_close(server);
    return 0;
}

/* The whole conversation of one connection: what is sent, and what comes until the server closes. */
static inline const char *converse(const char *text, size_t length)
{
    static char answer[ANSWER_SIZE];
    int descriptor = raw_connect(port);
    (void)raw_send(descriptor, text, length);
    assert_true(raw_receive_to_end(descriptor, answer, sizeof answer, PATIENCE_MS));
    close(descriptor);
    return answer;
}

static inline const char *ask(const char *text)
{
    return converse(text, strlen(text));
}

static inline void assert_contains(const char *text, const char *part)
{
    assert_non_null(text);
    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, text);
    }
}

static inline void assert_begins(const char *text, const char *start)
{
    if (strncmp(text, start, strlen(start)) != 0) {
        fail_msg("\"%.100s\" does not begin with \"%s\"", text, start);
    }
}

static inline size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *found = strstr(text, part); found != NULL; found = strstr(found + 1, part)) {
        count++;
    }
    return count;
}

#define with_server(test) cmocka_unit_test_setup_teardown(test, open_server, close_server)

#endif
