/* test_http_client.c: the HTTP client against our server, and against servers that do everything wrong. */
#include "net/http_client.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>

#include "net/http_server.h"
#include "raw_socket.h"

static struct http_server *server;
static struct http_client *client;
static FILE *log_stream;
static struct log test_log;

static void append_header(void *context, const char *name, const char *value)
{
    char *text = context;
    strcat(strcat(strcat(strcat(text, name), "="), value), ";");
}

/* Says back what was received. */
static void handle(void *context, struct http_exchange *exchange)
{
    (void)context;
    static const struct http_header headers[] = {{"X-One", "first"}, {"X-Two", "2"}, {"x-one", "second"}};
    char text[8192] = "";
    http_exchange_each_header(exchange, append_header, text);
    size_t length = strlen(text);
    struct octets body = http_exchange_body(exchange);
    (void)snprintf(text + length, sizeof text - length, "|%s %s [%.*s]", http_exchange_method(exchange),
                   http_exchange_target(exchange), (int)body.length, body.length == 0 ? "" : (const char *)body.data);
    unsigned status = strcmp(http_exchange_path(exchange), "/401") == 0 ? 401 : 200;
    const struct http_response response = {status, 3, headers, octets_of_text(text)};
    http_respond(exchange, &response);
}

static int open_all(void **state)
{
    (void)state;
    log_stream = tmpfile();
    assert_non_null(log_stream);
    test_log = (struct log){.stream = log_stream, .program = "test", .level = LOG_LEVEL_WARNING};
    const struct http_server_config server_config = {.listen_address = "127.0.0.1"};
    assert_ok(http_server_open(&server_config, handle, NULL, NULL, &server));
    const struct http_client_config client_config = {.timeout_ms = 2000};
    assert_ok(http_client_open(&client_config, &test_log, &client));
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    http_client_close(client);
    http_server_close(server);
    fclose(log_stream);
    return 0;
}

static size_t count_log_lines(void)
{
    size_t lines = 0;
    int c;
    rewind(log_stream);
    while ((c = fgetc(log_stream)) != EOF) {
        lines += c == '\n';
    }
    return lines;
}

static enum gbau_status request_port(uint16_t port, const char *method, const char *target, const char *body,
                                     struct http_answer *answer)
{
    static const char *const headers[] = {"X-Mine: yes", "User-Agent: gba"};
    char url[256];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u%s", (unsigned)port, target);
    const struct http_client_request request = {method, url, 2, headers, octets_of_text(body)};
    return http_client_exchange(client, &request, answer);
}

static void assert_body(const struct http_answer *answer, const char *text)
{
    assert_int_equal(answer->body_length, strlen(text));
    assert_memory_equal(answer->body, text, strlen(text));
}

static void test_get(void **state)
{
    (void)state;
    struct http_answer answer;
    assert_ok(request_port(http_server_port(server), "GET", "/a/../b?c=%41", "", &answer));
    assert_int_equal(answer.status, 200);
    assert_string_equal(http_answer_header(&answer, "x-ONE"), "first");
    assert_string_equal(http_answer_header(&answer, "X-Two"), "2");
    assert_null(http_answer_header(&answer, "X-Three"));
    char expected[256];
    (void)snprintf(expected, sizeof expected, "Host=127.0.0.1:%u;X-Mine=yes;User-Agent=gba;|GET /a/../b?c=%%41 []",
                   (unsigned)http_server_port(server));
    assert_body(&answer, expected);
    http_answer_clear(&answer);
    assert_int_equal(answer.header_count, 0);
    http_answer_clear(&answer);
}

static void test_methods_and_bodies(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        const char *body;
        const char *end;
    } cases[] = {{"POST", "hello", "|POST /x [hello]"}, {"POST", "", "|POST /x []"},  {"PUT", "p", "|PUT /x [p]"},
                 {"DELETE", "", "|DELETE /x []"},       {"GET", "", "|GET /x []"},    {"GET", "body", "|GET /x [body]"},
                 {"PATCH", "q", "|PATCH /x [q]"},       {"POST", "z", "|POST /x [z]"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_answer answer;
        assert_ok(request_port(http_server_port(server), cases[i].method, "/x", cases[i].body, &answer));
        size_t length = strlen(cases[i].end);
        assert_true(answer.body_length > length);
        assert_memory_equal(answer.body + answer.body_length - length, cases[i].end, length);
        http_answer_clear(&answer);
    }
}

static void test_head(void **state)
{
    (void)state;
    struct http_answer answer;
    assert_ok(request_port(http_server_port(server), "HEAD", "/x", "", &answer));
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body_length, 0);
    http_answer_clear(&answer);
    assert_ok(request_port(http_server_port(server), "GET", "/x", "", &answer));
    assert_true(answer.body_length > 0);
    http_answer_clear(&answer);
}

static void test_error_status_is_an_answer(void **state)
{
    (void)state;
    struct http_answer answer;
    assert_ok(request_port(http_server_port(server), "GET", "/401", "", &answer));
    assert_int_equal(answer.status, 401);
    http_answer_clear(&answer);
    assert_int_equal(count_log_lines(), 0);
}

static void test_bad_arguments(void **state)
{
    (void)state;
    static const char *const urls[] = {"ftp://127.0.0.1/", "file:///etc/passwd", "http://", "gopher://127.0.0.1/"};
    struct http_answer answer;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        const struct http_client_request request = {"GET", urls[i], 0, NULL, {NULL, 0}};
        assert_status(http_client_exchange(client, &request, &answer), GBAU_E_ARGUMENT);
    }
    static const char *const forged[] = {"X-A: b\r\nX-Forged: c"};
    char url[64];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/", (unsigned)http_server_port(server));
    const struct http_client_request request = {"GET", url, 1, forged, {NULL, 0}};
    assert_status(http_client_exchange(client, &request, &answer), GBAU_E_ARGUMENT);
}

/* A server of one answer. */
struct broken_server {
    int listener;
    uint16_t port;
    const void *answer;
    size_t length;
    bool stays; /* keeps the connection open afterwards */
    int connections;
    char request[4096];
    pthread_t thread;
};

static void *run_broken_server(void *argument)
{
    struct broken_server *broken = argument;
    int descriptor = accept(broken->listener, NULL, NULL);
    if (descriptor < 0) {
        return NULL;
    }
    broken->connections++;
    ssize_t received = raw_receive(descriptor, broken->request, sizeof broken->request - 1, 5000);
    broken->request[received > 0 ? received : 0] = '\0';
    (void)raw_send(descriptor, broken->answer, broken->length);
    if (broken->stays) {
        char rest[64];
        while (raw_receive(descriptor, rest, sizeof rest, 5000) > 0) {
        }
    }
    (void)shutdown(descriptor, SHUT_WR);
    char rest[64];
    while (raw_receive(descriptor, rest, sizeof rest, 1000) > 0) {
    }
    close(descriptor);
    return NULL;
}

static void start_broken(struct broken_server *broken, const void *answer, size_t length, bool stays)
{
    memset(broken, 0, sizeof *broken);
    broken->listener = raw_listen(&broken->port);
    broken->answer = answer;
    broken->length = length;
    broken->stays = stays;
    assert_int_equal(pthread_create(&broken->thread, NULL, run_broken_server, broken), 0);
}

static void stop_broken(struct broken_server *broken)
{
    (void)shutdown(broken->listener, SHUT_RDWR);
    pthread_join(broken->thread, NULL);
    close(broken->listener);
}

static enum gbau_status ask_broken(const void *text, size_t length, struct http_answer *answer)
{
    struct broken_server broken;
    start_broken(&broken, text, length, false);
    enum gbau_status status = request_port(broken.port, "GET", "/", "", answer);
    stop_broken(&broken);
    return status;
}

static void test_not_http(void **state)
{
    (void)state;
    static const char *const answers[] = {"hello\r\n\r\n",
                                          "",
                                          "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
                                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                                          "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                                          "HTTP/1.1 OK\r\n\r\n",
                                          "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
                                          "SSH-2.0-OpenSSH_9.2\r\n"};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct http_answer answer;
        enum gbau_status status = ask_broken(answers[i], strlen(answers[i]), &answer);
        if (status != GBAU_E_PROTOCOL) {
            fail_msg("\"%s\" gave %s", answers[i], gbau_status_text(status));
        }
        assert_int_equal(answer.header_count, 0);
        assert_null(answer.body);
        assert_int_equal(count_log_lines(), i + 1);
    }
}

static void test_interim_answer_is_skipped(void **state)
{
    (void)state;
    static const char text[] = "HTTP/1.1 100 Continue\r\nX-Interim: yes\r\n\r\n"
                               "HTTP/1.1 200 OK\r\nX-Final:  padded \r\nX-Empty:\r\nContent-Length: 2\r\n\r\nok";
    struct http_answer answer;
    assert_ok(ask_broken(text, strlen(text), &answer));
    assert_int_equal(answer.status, 200);
    assert_null(http_answer_header(&answer, "X-Interim"));
    assert_string_equal(http_answer_header(&answer, "X-Final"), "padded");
    assert_string_equal(http_answer_header(&answer, "X-Empty"), "");
    assert_body(&answer, "ok");
    http_answer_clear(&answer);
}

static void test_redirect_is_not_followed(void **state)
{
    (void)state;
    static const char text[] = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    struct http_answer answer;
    assert_ok(ask_broken(text, strlen(text), &answer));
    assert_int_equal(answer.status, 302);
    assert_string_equal(http_answer_header(&answer, "location"), "http://127.0.0.1:1/");
    http_answer_clear(&answer);
}

static char *with_padding(const char *start, size_t length, const char *end)
{
    size_t first = strlen(start);
    char *text = malloc(first + length + strlen(end) + 1);
    assert_non_null(text);
    memcpy(text, start, first);
    memset(text + first, 'x', length);
    memcpy(text + first + length, end, strlen(end) + 1);
    return text;
}

static void test_large_body(void **state)
{
    (void)state;
    struct http_answer answer;
    char *fits = with_padding("HTTP/1.1 200 OK\r\n\r\n", HTTP_ANSWER_BODY_MAX, "");
    assert_ok(ask_broken(fits, strlen(fits), &answer));
    assert_int_equal(answer.body_length, HTTP_ANSWER_BODY_MAX);
    http_answer_clear(&answer);
    free(fits);
    char *long_one = with_padding("HTTP/1.1 200 OK\r\n\r\n", HTTP_ANSWER_BODY_MAX + 1, "");
    assert_status(ask_broken(long_one, strlen(long_one), &answer), GBAU_E_LIMIT);
    free(long_one);
    assert_int_equal(count_log_lines(), 1);
}

static void test_large_headers(void **state)
{
    (void)state;
    struct http_answer answer;
    char *long_one = with_padding("HTTP/1.1 200 OK\r\nX: ", 40000, "\r\nContent-Length: 0\r\n\r\n");
    assert_status(ask_broken(long_one, strlen(long_one), &answer), GBAU_E_LIMIT);
    free(long_one);
    char many[8192] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
    for (int i = 0; i < HTTP_ANSWER_HEADERS_MAX; i++) {
        strcat(many, "X-A: b\r\n");
    }
    strcat(many, "\r\n");
    assert_status(ask_broken(many, strlen(many), &answer), GBAU_E_LIMIT);
}

static void test_nul_in_header(void **state)
{
    (void)state;
    static const char text[] = "HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 0\r\n\r\n";
    struct http_answer answer;
    assert_status(ask_broken(text, sizeof text - 1, &answer), GBAU_E_PROTOCOL);
}

static void test_timeout(void **state)
{
    (void)state;
    struct broken_server broken;
    struct http_answer answer;
    start_broken(&broken, "HTTP/1.1 200 OK\r\nContent-", 25, true);
    double start = seconds();
    assert_status(request_port(broken.port, "GET", "/", "", &answer), GBAU_E_TIMEOUT);
    assert_true(seconds() - start < 4);
    http_client_close(client);
    const struct http_client_config config = {.timeout_ms = 2000};
    assert_ok(http_client_open(&config, &test_log, &client));
    stop_broken(&broken);
}

static void test_unreachable(void **state)
{
    (void)state;
    struct http_answer answer;
    assert_status(request_port(raw_free_port(), "GET", "/", "", &answer), GBAU_E_UNREACHABLE);
    const struct http_client_request request = {"GET", "http://no-such-host.invalid/", 0, NULL, {NULL, 0}};
    enum gbau_status status = http_client_exchange(client, &request, &answer);
    assert_true(status == GBAU_E_UNREACHABLE || status == GBAU_E_TIMEOUT);
}

/* Proxies named in the environment would get to see identities. */
static void test_no_proxy_from_environment(void **state)
{
    (void)state;
    struct broken_server broken;
    start_broken(&broken, "HTTP/1.1 502 Proxy\r\nContent-Length: 0\r\n\r\n", 41, false);
    char proxy[64];
    (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", (unsigned)broken.port);
    assert_int_equal(setenv("http_proxy", proxy, 1), 0);
    struct http_answer answer;
    assert_ok(request_port(http_server_port(server), "GET", "/x", "", &answer));
    assert_int_equal(answer.status, 200);
    http_answer_clear(&answer);
    assert_int_equal(unsetenv("http_proxy"), 0);
    stop_broken(&broken);
    assert_int_equal(broken.connections, 0);
}

/* The second request goes over the connection of the first: a server of one connection answers both. */
static void *serve_twice(void *argument)
{
    int listener = *(int *)argument;
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    char request[4096];
    int descriptor = accept(listener, NULL, NULL);
    for (int i = 0; i < 2; i++) {
        if (raw_receive(descriptor, request, sizeof request, 3000) > 0) {
            (void)raw_send(descriptor, text, sizeof text - 1);
        }
    }
    close(descriptor);
    return NULL;
}

static void test_connection_is_kept(void **state)
{
    (void)state;
    uint16_t port = 0;
    int listener = raw_listen(&port);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, serve_twice, &listener), 0);
    for (int i = 0; i < 2; i++) {
        struct http_answer answer;
        assert_ok(request_port(port, "GET", "/", "", &answer));
        http_answer_clear(&answer);
    }
    pthread_join(thread, NULL);
    close(listener);
}

static void test_https_with_a_server_that_has_none(void **state)
{
    (void)state;
    struct broken_server broken;
    static const char text[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    start_broken(&broken, text, sizeof text - 1, false);
    char url[64];
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/", (unsigned)broken.port);
    const struct http_client_request request = {"GET", url, 0, NULL, {NULL, 0}};
    /* reading the certificates of the system, between connection and request, takes seconds under sanitizers */
    const struct http_client_config config = {.timeout_ms = 10000};
    struct http_client *patient = NULL;
    assert_ok(http_client_open(&config, &test_log, &patient));
    struct http_answer answer;
    assert_status(http_client_exchange(patient, &request, &answer), GBAU_E_PROTOCOL);
    assert_int_equal(count_log_lines(), 1);
    http_client_close(patient);
    stop_broken(&broken);
}

static void test_missing_ca_file(void **state)
{
    (void)state;
    struct http_client *other = NULL;
    const struct http_client_config config = {.ca_file = "/nonexistent/ca.pem"};
    assert_ok(http_client_open(&config, NULL, &other));
    const struct http_client_request request = {"GET", "https://127.0.0.1:1/", 0, NULL, {NULL, 0}};
    struct http_answer answer;
    enum gbau_status status = http_client_exchange(other, &request, &answer);
    assert_true(status == GBAU_E_CONFIGURATION || status == GBAU_E_UNREACHABLE);
    http_client_close(other);
    http_client_close(NULL);
}

#define with_all(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_all(test_get),
        with_all(test_methods_and_bodies),
        with_all(test_head),
        with_all(test_error_status_is_an_answer),
        with_all(test_bad_arguments),
        with_all(test_not_http),
        with_all(test_interim_answer_is_skipped),
        with_all(test_redirect_is_not_followed),
        with_all(test_large_body),
        with_all(test_large_headers),
        with_all(test_nul_in_header),
        with_all(test_timeout),
        with_all(test_unreachable),
        with_all(test_no_proxy_from_environment),
        with_all(test_connection_is_kept),
        with_all(test_https_with_a_server_that_has_none),
        with_all(test_missing_ca_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
