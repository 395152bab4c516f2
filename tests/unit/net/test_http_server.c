/* test_http_server.c: the life of the HTTP server: where it listens, whom it cuts off, and how it ends. */
#include <stdatomic.h>

#include "http_service.h"

static void test_silent_client_is_closed(void **state)
{
    (void)state;
    open_with(&(struct http_server_config){.listen_address = "127.0.0.1", .idle_timeout_s = 1});
    int silent = raw_connect(port);
    int half = raw_connect(port);
    assert_true(raw_send_text(half, "GET / HTTP/1.1\r\nHost: "));
    char answer[1024];
    double start = seconds();
    assert_true(raw_receive_to_end(silent, answer, sizeof answer, PATIENCE_MS));
    assert_true(raw_receive_to_end(half, answer, sizeof answer, PATIENCE_MS));
    assert_true(seconds() - start < 4.5);
    close(silent);
    close(half);
    http_server_close(server);
}

static void test_dripping_client_is_cut(void **state)
{
    (void)state;
    open_with(&(struct http_server_config){.listen_address = "127.0.0.1", .idle_timeout_s = 1});
    int descriptor = raw_connect(port);
    double start = seconds();
    bool taken = raw_send_text(descriptor, "GET / HTTP/1.1\r\nX-Drip: ");
    while (taken && seconds() - start < 10) {
        usleep(200000);
        char byte;
        taken = raw_send_text(descriptor, "a") && raw_receive(descriptor, &byte, 1, 0) != 0;
    }
    assert_false(taken);
    assert_true(seconds() - start < 6);
    close(descriptor);
    http_server_close(server);
}

/* The time that a handler takes is not the client's. */
static void test_slow_handler_is_not_cut(void **state)
{
    (void)state;
    open_with(&(struct http_server_config){.listen_address = "127.0.0.1", .idle_timeout_s = 1});
    int descriptor = raw_connect(port);
    assert_true(raw_send_text(descriptor, "GET /keep HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    wait_for_kept(1);
    usleep(4500000);
    answer_kept();
    char answer[1024];
    assert_true(raw_receive_to_end(descriptor, answer, sizeof answer, PATIENCE_MS));
    assert_begins(answer, "HTTP/1.1 200 ");
    close(descriptor);
    http_server_close(server);
}

static void test_close_answers_what_waits(void **state)
{
    (void)state;
    open_with(&(struct http_server_config){.listen_address = "127.0.0.1", .threads = 3});
    enum { COUNT = 30 };
    int descriptors[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        descriptors[i] = raw_connect(port);
        assert_true(raw_send_text(descriptors[i], "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n"));
    }
    int silent = raw_connect(port);
    int half = raw_connect(port);
    assert_true(raw_send_text(half, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc"));
    wait_for_kept(COUNT);
    double start = seconds();
    http_server_close(server);
    assert_true(seconds() - start < 3);
    for (size_t i = 0; i < COUNT; i++) {
        char answer[1024];
        assert_true(raw_receive_to_end(descriptors[i], answer, sizeof answer, PATIENCE_MS));
        assert_begins(answer, "HTTP/1.1 503 ");
        close(descriptors[i]);
    }
    close(silent);
    close(half);
    assert_int_equal(raw_try_connect(port), -1);
    /* The handler's side does not know yet, and answers. */
    answer_kept();
}

static void *answer_all(void *stop)
{
    while (!atomic_load((atomic_bool *)stop)) {
        answer_kept();
    }
    return NULL;
}

/* Answers race with the end of the server. */
static void test_close_while_answering(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        open_with(&(struct http_server_config){.listen_address = "127.0.0.1", .threads = 2});
        atomic_bool stop = false;
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, answer_all, &stop), 0);
        int descriptors[20];
        for (size_t i = 0; i < 20; i++) {
            descriptors[i] = raw_connect(port);
            assert_true(raw_send_text(descriptors[i], "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n"));
        }
        usleep((useconds_t)round * 100);
        http_server_close(server);
        for (size_t i = 0; i < 20; i++) {
            close(descriptors[i]);
        }
        atomic_store(&stop, true);
        pthread_join(thread, NULL);
        answer_kept();
    }
}

static void test_connection_limit(void **state)
{
    (void)state;
    open_with(&(struct http_server_config){.listen_address = "127.0.0.1", .connection_max = 4});
    int descriptors[20];
    for (size_t i = 0; i < 20; i++) {
        descriptors[i] = raw_connect(port);
    }
    for (size_t i = 0; i < 20; i++) {
        close(descriptors[i]);
    }
    /* Places become free again. */
    bool answered = false;
    for (int i = 0; !answered && i < 50; i++) {
        char answer[1024] = "";
        int descriptor = raw_connect(port);
        (void)raw_send_text(descriptor, "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        (void)raw_receive_to_end(descriptor, answer, sizeof answer, 1000);
        answered = strncmp(answer, "HTTP/1.1 200 ", 13) == 0;
        close(descriptor);
    }
    assert_true(answered);
    http_server_close(server);
}

static void test_addresses(void **state)
{
    (void)state;
    struct http_server *none = NULL;
    struct http_server_config config = {.listen_address = "localhost"};
    assert_status(http_server_open(&config, handle, &server, NULL, &none), GBAU_E_CONFIGURATION);
    config.listen_address = NULL;
    assert_status(http_server_open(&config, handle, &server, NULL, &none), GBAU_E_CONFIGURATION);
    int taken = raw_listen(&config.listen_port);
    config.listen_address = "127.0.0.1";
    assert_status(http_server_open(&config, handle, &server, NULL, &none), GBAU_E_BUSY);
    close(taken);
    assert_null(none);
}

static void test_ipv6(void **state)
{
    (void)state;
    struct http_server_config config = {.listen_address = "::1"};
    if (http_server_open(&config, handle, &server, NULL, &server) != GBAU_OK) {
        skip(); /* a machine without IPv6 */
    }
    int descriptor = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 address = {
        .sin6_family = AF_INET6, .sin6_port = htons(http_server_port(server)), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    assert_int_equal(connect(descriptor, (struct sockaddr *)&address, sizeof address), 0);
    assert_true(raw_send_text(descriptor, "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    char answer[1024];
    assert_true(raw_receive_to_end(descriptor, answer, sizeof answer, PATIENCE_MS));
    assert_begins(answer, "HTTP/1.1 200 ");
    close(descriptor);
    http_server_close(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silent_client_is_closed),
        cmocka_unit_test(test_dripping_client_is_cut),
        cmocka_unit_test(test_slow_handler_is_not_cut),
        cmocka_unit_test(test_close_answers_what_waits),
        cmocka_unit_test(test_close_while_answering),
        cmocka_unit_test(test_connection_limit),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_ipv6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
