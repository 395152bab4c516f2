/* test_http_exchange.c: requests and answers over raw sockets, and clients that send what is no request. */
#include "http_service.h"

static void test_answer_at_once(void **state)
{
    (void)state;
    const char *answer = ask("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_begins(answer, "HTTP/1.1 200 ");
    assert_contains(answer, "\r\nX-Test: yes\r\n");
    assert_contains(answer, "\r\nDate: ");
    assert_contains(answer, "\r\nContent-Length: 14\r\n");
    assert_contains(answer, "\r\n\r\nGET /a /a 0 []");
    assert_null(strstr(answer, "Server:"));
}

static void test_answer_later(void **state)
{
    (void)state;
    const char *answer = ask("GET /later HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_begins(answer, "HTTP/1.1 200 ");
    assert_contains(answer, "\r\n\r\nGET /later /later 0 []");
}

static void test_target_is_raw(void **state)
{
    (void)state;
    const char *answer = ask("GET /a%20b/%2e%2e?q=%41&x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_contains(answer, "\r\n\r\nGET /a%20b/%2e%2e /a%20b/%2e%2e?q=%41&x 0 []");
}

static void test_headers(void **state)
{
    (void)state;
    const char *answer = ask("GET /headers HTTP/1.1\r\nHost: h\r\nAuthorization: one\r\nX-A:   spaced  \r\n"
                             "authorization: two\r\nX-Empty:\r\nConnection: close\r\n\r\n");
    assert_contains(answer, "Host=h;Authorization=one;X-A=spaced");
    assert_contains(answer, "authorization=two;X-Empty=;Connection=close;|one|2|0|none");
}

static void test_bad_response_header_is_left_out(void **state)
{
    (void)state;
    const char *answer = ask("GET /bad-header HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_begins(answer, "HTTP/1.1 204 ");
    assert_contains(answer, "X-Good: c");
    assert_null(strstr(answer, "Forged"));
}

static void test_body(void **state)
{
    (void)state;
    assert_contains(ask("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"),
                    "POST /p /p 5 [hello]");
    assert_contains(ask("PUT /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                        "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
                    "PUT /p /p 5 [abcde]");
}

static void test_largest_body(void **state)
{
    (void)state;
    static char request[20000];
    int length = snprintf(request, sizeof request,
                          "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000\r\nConnection: close\r\n\r\n");
    memset(request + length, 'x', 10000);
    assert_contains(converse(request, (size_t)length + 10000), "POST / / 10000 [xxx");
}

static void test_announced_body_too_large(void **state)
{
    (void)state;
    const char *answer = ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10001\r\n\r\n");
    assert_begins(answer, "HTTP/1.1 413 ");
    answer = ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n");
    assert_true(answer[0] == '\0' || strncmp(answer, "HTTP/1.1 4", 10) == 0);
}

static void test_chunked_body_too_large(void **state)
{
    (void)state;
    static char request[20000];
    int length = snprintf(request, sizeof request,
                          "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                          "2711\r\n");
    memset(request + length, 'x', 10001);
    memcpy(request + length + 10001, "\r\n0\r\n\r\n", 7);
    assert_begins(converse(request, (size_t)length + 10001 + 7), "HTTP/1.1 413 ");
}

static void test_endless_body_is_cut(void **state)
{
    (void)state;
    static char chunk[4096 + 8];
    memcpy(chunk, "1000\r\n", 6);
    memset(chunk + 6, 'x', 4096);
    memcpy(chunk + 6 + 4096, "\r\n", 2);
    int descriptor = raw_connect(port);
    assert_true(raw_send_text(descriptor, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
    bool taken = true;
    for (int i = 0; taken && i < 10000; i++) {
        taken = raw_send(descriptor, chunk, 6 + 4096 + 2);
    }
    assert_false(taken);
    close(descriptor);
}

static void test_large_headers(void **state)
{
    (void)state;
    const size_t size = 1024 * 1024;
    char *request = malloc(size + 64);
    assert_non_null(request);
    int length = snprintf(request, 64, "GET / HTTP/1.1\r\nHost: h\r\nX-Long: ");
    memset(request + length, 'x', size);
    int descriptor = raw_connect(port);
    (void)raw_send(descriptor, request, (size_t)length + size);
    static char answer[ANSWER_SIZE];
    assert_true(raw_receive_to_end(descriptor, answer, sizeof answer, PATIENCE_MS));
    assert_true(answer[0] == '\0' || strncmp(answer, "HTTP/1.1 431 ", 13) == 0);
    close(descriptor);
    free(request);
}

/* Slightly over the limit, so that the answer is not lost in a reset. */
static void test_many_headers(void **state)
{
    (void)state;
    static char request[40000];
    size_t length = (size_t)snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: h\r\n");
    while (length < 33000) {
        length += (size_t)snprintf(request + length, sizeof request - length, "X-%zu: value of a header\r\n", length);
    }
    length += (size_t)snprintf(request + length, sizeof request - length, "\r\n");
    int descriptor = raw_connect(port);
    (void)raw_send(descriptor, request, length);
    char answer[1024];
    ssize_t received = raw_receive(descriptor, answer, sizeof answer - 1, PATIENCE_MS);
    assert_true(received > 12);
    answer[received] = '\0';
    assert_begins(answer, "HTTP/1.1 431 ");
    close(descriptor);
}

static void test_pipelining(void **state)
{
    (void)state;
    const char *answer = ask("GET /later?1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\n"
                             "Content-Length: 3\r\n\r\nabcGET /later?3 HTTP/1.1\r\nHost: h\r\n\r\n"
                             "GET /4 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_int_equal(count_of(answer, "HTTP/1.1 200 "), 4);
    const char *first = strstr(answer, "/later?1 0");
    const char *second = strstr(answer, "/2 3 [abc]");
    const char *third = strstr(answer, "/later?3 0");
    const char *fourth = strstr(answer, "/4 0");
    assert_true(first != NULL && first < second && second < third && third < fourth);
}

static void test_half_closed(void **state)
{
    (void)state;
    static const char *const requests[] = {"GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
                                           "GET /later HTTP/1.1\r\nHost: h\r\n\r\n"};
    for (size_t i = 0; i < 2; i++) {
        char answer[4096];
        int descriptor = raw_connect(port);
        assert_true(raw_send_text(descriptor, requests[i]));
        assert_int_equal(shutdown(descriptor, SHUT_WR), 0);
        ssize_t received = raw_receive(descriptor, answer, sizeof answer - 1, PATIENCE_MS);
        assert_true(received > 0);
        answer[received] = '\0';
        assert_begins(answer, "HTTP/1.1 200 ");
        close(descriptor);
    }
}

static void test_half_a_request_and_gone(void **state)
{
    (void)state;
    static const char *const starts[] = {"G",
                                         "GET /a",
                                         "GET /a HTTP/1.1\r\n",
                                         "GET /a HTTP/1.1\r\nHost: h\r\nX",
                                         "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc",
                                         ""};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        int descriptor = raw_connect(port);
        (void)raw_send_text(descriptor, starts[i]);
        close(descriptor);
    }
    assert_begins(ask("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), "HTTP/1.1 200 ");
}

static void test_client_goes_away_while_waiting(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        int descriptor = raw_connect(port);
        assert_true(raw_send_text(descriptor, "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n"));
        wait_for_kept(1);
        if (i % 2 == 0) {
            const struct linger reset = {.l_onoff = 1, .l_linger = 0};
            assert_int_equal(setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
        }
        close(descriptor);
        usleep(1000);
        answer_kept();
    }
    assert_begins(ask("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), "HTTP/1.1 200 ");
}

static void test_many_connections(void **state)
{
    (void)state;
    int descriptors[200];
    for (size_t i = 0; i < 200; i++) {
        descriptors[i] = raw_connect(port);
        assert_true(raw_send_text(descriptors[i], "GET /keep HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    }
    wait_for_kept(200);
    assert_begins(ask("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), "HTTP/1.1 200 ");
    answer_kept();
    for (size_t i = 0; i < 200; i++) {
        char answer[4096];
        assert_true(raw_receive_to_end(descriptors[i], answer, sizeof answer, PATIENCE_MS));
        assert_begins(answer, "HTTP/1.1 200 ");
        close(descriptors[i]);
    }
}

static void test_not_http(void **state)
{
    (void)state;
    static const char *const texts[] = {"hello\r\n\r\n",
                                        "GET\r\n\r\n",
                                        "GET / HTTP/9.9\r\n\r\n",
                                        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
                                        " / HTTP/1.1\r\n\r\n",
                                        "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
                                        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1x\r\n\r\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int descriptor = raw_connect(port);
        char answer[4096];
        assert_true(raw_send_text(descriptor, texts[i]));
        assert_int_equal(shutdown(descriptor, SHUT_WR), 0);
        assert_true(raw_receive_to_end(descriptor, answer, sizeof answer, PATIENCE_MS));
        if (answer[0] != '\0' && strncmp(answer, "HTTP/1.1 4", 10) != 0 && strncmp(answer, "HTTP/1.1 5", 10) != 0) {
            fail_msg("\"%s\" was answered with %s", texts[i], answer);
        }
        close(descriptor);
    }
}

/* libmicrohttpd cuts the value off there; nothing worse may happen. */
static void test_nul_in_header(void **state)
{
    (void)state;
    static const char request[] = "GET /headers HTTP/1.1\r\nHost: h\r\nX-A: b\0c\r\nConnection: close\r\n\r\n";
    assert_begins(converse(request, sizeof request - 1), "HTTP/1.1 ");
}

/* Octets that change a good request: whatever happens, the server goes on. */
static void test_mutated_requests(void **state)
{
    (void)state;
    static const char good[] = "POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nX-Y: z\r\n\r\nbody";
    uint32_t random = 12345;
    for (int round = 0; round < 500; round++) {
        char request[sizeof good];
        memcpy(request, good, sizeof good);
        for (int i = 0; i < 3; i++) {
            random = random * 1664525U + 1013904223U;
            request[(random >> 8) % (sizeof good - 1)] = (char)(random >> 24);
        }
        int descriptor = raw_connect(port);
        char answer[2048];
        (void)raw_send(descriptor, request, sizeof good - 1);
        (void)shutdown(descriptor, SHUT_WR);
        (void)raw_receive(descriptor, answer, sizeof answer, 50);
        close(descriptor);
    }
    assert_begins(ask("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), "HTTP/1.1 200 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_server(test_answer_at_once),
        with_server(test_answer_later),
        with_server(test_target_is_raw),
        with_server(test_headers),
        with_server(test_bad_response_header_is_left_out),
        with_server(test_body),
        with_server(test_largest_body),
        with_server(test_announced_body_too_large),
        with_server(test_chunked_body_too_large),
        with_server(test_endless_body_is_cut),
        with_server(test_large_headers),
        with_server(test_many_headers),
        with_server(test_pipelining),
        with_server(test_half_closed),
        with_server(test_half_a_request_and_gone),
        with_server(test_client_goes_away_while_waiting),
        with_server(test_many_connections),
        with_server(test_not_http),
        with_server(test_nul_in_header),
        with_server(test_mutated_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
