/* test_relay.c: a relay between sockets of the test itself, which plays the clients and the target. */
#include "trace/relay.h"

#include <fcntl.h>
#include <pthread.h>

#include "loopback_sockets.h"
#include "pcapng_reading.h"

enum { MEBIBYTE = 1024 * 1024, CONNECTIONS = 64, CONNECTION_LIMIT = 256 };

static const struct capture_end me = {.address = {10, 0, 0, 1}, .name = "ME"};
static const struct capture_end bsf = {.address = {10, 0, 0, 2}, .port = 80, .name = "BSF"};

static struct relay *open_relay(uint16_t target_port)
{
    struct relay *relay = NULL;
    assert_ok(relay_open(NULL, &me, &bsf, target_port, NULL, NULL, &relay));
    assert_int_not_equal(relay_port(relay), 0);
    return relay;
}

/* A relay with one connection through it. */
struct line {
    struct relay *relay;
    int target;
    int client;
    int server;
};

static struct line open_line(void)
{
    struct line line;
    uint16_t port = 0;
    line.target = listen_target(&port);
    line.relay = open_relay(port);
    line.client = connect_client(relay_port(line.relay));
    line.server = accept_at_target(line.target);
    return line;
}

static void close_line(struct line *line)
{
    (void)close(line->client);
    (void)close(line->server);
    relay_close(line->relay);
    (void)close(line->target);
}

static void both_directions_pass(void **state)
{
    (void)state;
    struct line line = open_line();
    send_text(line.client, "request");
    assert_receives(line.server, "request");
    send_text(line.server, "response");
    assert_receives(line.client, "response");
    send_text(line.client, "second");
    assert_receives(line.server, "second");
    close_line(&line);
}

static void only_loopback_is_listened_on(void **state)
{
    (void)state;
    uint16_t port = 0;
    const int target = listen_target(&port);
    struct relay *relay = open_relay(port);
    const struct sockaddr_in other = loopback(INADDR_LOOPBACK + 1, relay_port(relay));
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (const struct sockaddr *)&other, sizeof other), -1);
    assert_int_equal(errno, ECONNREFUSED);
    (void)close(client);
    relay_close(relay);
    (void)close(target);
}

/* What the observer was told, by direction: [true] from the client. */
struct observed {
    uint8_t *octets[2];
    size_t length[2];
};

static void observe(void *context, bool from_client, struct octets data)
{
    struct observed *observed = context;
    if (observed->length[from_client] + data.length <= MEBIBYTE) {
        memcpy(observed->octets[from_client] + observed->length[from_client], data.data, data.length);
    }
    observed->length[from_client] += data.length;
}

/* One end's sending of a mebibyte, in a thread of its own. */
struct sending {
    pthread_t thread;
    int socket;
    uint8_t *octets;
    bool complete;
};

static void *send_mebibyte(void *argument)
{
    struct sending *sending = argument;
    size_t sent = 0;
    while (sent < MEBIBYTE) {
        const ssize_t count = send(sending->socket, sending->octets + sent, MEBIBYTE - sent, MSG_NOSIGNAL);
        if (count <= 0) {
            return NULL;
        }
        sent += (size_t)count;
    }
    sending->complete = shutdown(sending->socket, SHUT_WR) == 0;
    return NULL;
}

static void start_sending(struct sending *sending, int socket, uint32_t seed)
{
    sending->socket = socket;
    sending->complete = false;
    sending->octets = malloc(MEBIBYTE);
    assert_non_null(sending->octets);
    for (size_t i = 0; i < MEBIBYTE; i++) {
        seed = seed * 1664525 + 1013904223;
        sending->octets[i] = (uint8_t)(seed >> 24);
    }
    assert_int_equal(pthread_create(&sending->thread, NULL, send_mebibyte, sending), 0);
}

static void assert_receives_mebibyte(int socket, const struct sending *sending)
{
    uint8_t *received = malloc(MEBIBYTE);
    assert_non_null(received);
    assert_int_equal(recv(socket, received, MEBIBYTE, MSG_WAITALL), MEBIBYTE);
    assert_memory_equal(received, sending->octets, MEBIBYTE);
    assert_ended(socket);
    free(received);
}

static void finish_sending(struct sending *sending, bool complete)
{
    assert_int_equal(pthread_join(sending->thread, NULL), 0);
    assert_int_equal(sending->complete, complete);
    free(sending->octets);
}

static void assert_captured(const char *path, uint16_t client_port)
{
    struct read_capture read = read_capture_file(path);
    size_t captured[2] = {0, 0};
    for (size_t i = 0; i < read.packet_count; i++) {
        const bool from_client = memcmp(read.packets[i].source.data, me.address, 4) == 0;
        assert_int_equal(from_client ? read.packets[i].source_port : read.packets[i].destination_port, client_port);
        assert_int_equal(from_client ? read.packets[i].destination_port : read.packets[i].source_port, bsf.port);
        captured[from_client] += read.packets[i].payload.length;
    }
    assert_int_equal(captured[true], MEBIBYTE);
    assert_int_equal(captured[false], MEBIBYTE);
    assert_int_equal(read.packets[0].flags, 0x02);                     /* SYN at the begin */
    assert_int_equal(read.packets[read.packet_count - 2].flags, 0x11); /* FIN at the end */
    assert_int_equal(read.name_count, 2);
    free_read_capture(&read);
}

static uint16_t local_port(int socket)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    assert_int_equal(getsockname(socket, (struct sockaddr *)&address, &length), 0);
    return ntohs(address.sin_port);
}

static void a_mebibyte_passes_both_ways_and_is_recorded(void **state)
{
    (void)state;
    char path[] = "/tmp/gbau-relay-XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    (void)close(file);
    struct capture *capture = NULL;
    assert_ok(capture_open(path, &capture));
    struct observed observed = {.octets = {malloc(MEBIBYTE), malloc(MEBIBYTE)}};
    assert_true(observed.octets[0] != NULL && observed.octets[1] != NULL);
    uint16_t port = 0;
    const int target = listen_target(&port);
    struct relay *relay = NULL;
    assert_ok(relay_open(capture, &me, &bsf, port, observe, &observed, &relay));
    const int client = connect_client(relay_port(relay));
    const int server = accept_at_target(target);
    const uint16_t client_port = local_port(client);
    struct sending upward;
    struct sending downward;
    start_sending(&upward, client, 1);
    start_sending(&downward, server, 2);
    assert_receives_mebibyte(server, &upward);
    assert_receives_mebibyte(client, &downward);
    relay_close(relay);
    assert_int_equal(observed.length[true], MEBIBYTE);
    assert_int_equal(observed.length[false], MEBIBYTE);
    assert_memory_equal(observed.octets[true], upward.octets, MEBIBYTE);
    assert_memory_equal(observed.octets[false], downward.octets, MEBIBYTE);
    finish_sending(&upward, true);
    finish_sending(&downward, true);
    (void)close(client);
    (void)close(server);
    (void)close(target);
    assert_ok(capture_close(capture));
    assert_captured(path, client_port);
    assert_int_equal(unlink(path), 0);
    free(observed.octets[0]);
    free(observed.octets[1]);
}

static void many_connections_do_not_mix(void **state)
{
    (void)state;
    uint16_t port = 0;
    const int target = listen_target(&port);
    struct relay *relay = open_relay(port);
    int clients[CONNECTIONS];
    int servers[CONNECTIONS];
    char text[64];
    for (int i = 0; i < CONNECTIONS; i++) {
        clients[i] = connect_client(relay_port(relay));
        servers[i] = accept_at_target(target);
    }
    for (int i = CONNECTIONS - 1; i >= 0; i--) {
        (void)snprintf(text, sizeof text, "client %d speaks", i);
        send_text(clients[i], text);
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        (void)snprintf(text, sizeof text, "client %d speaks", i);
        assert_receives(servers[i], text);
        (void)snprintf(text, sizeof text, "server %d answers", i);
        send_text(servers[i], text);
        assert_receives(clients[i], text);
    }
    /* every second one ends: the others must not notice */
    for (int i = 0; i < CONNECTIONS; i += 2) {
        (void)close(clients[i]);
        assert_ended(servers[i]);
        (void)close(servers[i]);
    }
    for (int i = 1; i < CONNECTIONS; i += 2) {
        send_text(clients[i], "still here");
        assert_receives(servers[i], "still here");
        (void)close(clients[i]);
        (void)close(servers[i]);
    }
    relay_close(relay);
    (void)close(target);
}

static void connections_beyond_the_limit_wait(void **state)
{
    (void)state;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlim_t wanted = 4 * CONNECTION_LIMIT + 64;
    limit.rlim_cur = limit.rlim_cur > wanted ? limit.rlim_cur : wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        print_message("too few open files are allowed for this test\n");
        skip();
    }
    uint16_t port = 0;
    const int target = listen_target(&port);
    struct relay *relay = open_relay(port);
    int clients[CONNECTION_LIMIT];
    int servers[CONNECTION_LIMIT];
    for (int i = 0; i < CONNECTION_LIMIT; i++) {
        clients[i] = connect_client(relay_port(relay));
        servers[i] = accept_at_target(target);
    }
    const int waiting = connect_client(relay_port(relay));
    send_text(waiting, "at last");
    assert_false(is_readable_within(target, 200));
    (void)close(clients[7]);
    assert_ended(servers[7]);
    (void)close(servers[7]);
    const int server = accept_at_target(target);
    assert_receives(server, "at last");
    (void)close(waiting);
    (void)close(server);
    for (int i = 0; i < CONNECTION_LIMIT; i++) {
        if (i != 7) {
            (void)close(clients[i]);
            (void)close(servers[i]);
        }
    }
    relay_close(relay);
    (void)close(target);
}

static void a_refused_connection_is_closed_and_the_relay_lives_on(void **state)
{
    (void)state;
    uint16_t port = 0;
    const int target = bind_target(&port);
    struct relay *relay = open_relay(port);
    for (int i = 0; i < 3; i++) {
        const int refused = connect_client(relay_port(relay));
        assert_gone(refused);
        (void)close(refused);
    }
    assert_int_equal(listen(target, 8), 0);
    const int client = connect_client(relay_port(relay));
    const int server = accept_at_target(target);
    send_text(client, "now it listens");
    assert_receives(server, "now it listens");
    (void)close(client);
    (void)close(server);
    relay_close(relay);
    (void)close(target);
}

static void the_client_may_end_its_half_first(void **state)
{
    (void)state;
    struct line line = open_line();
    send_text(line.client, "all I have to say");
    assert_int_equal(shutdown(line.client, SHUT_WR), 0);
    assert_receives(line.server, "all I have to say");
    assert_ended(line.server);
    send_text(line.server, "and the answer");
    assert_receives(line.client, "and the answer");
    (void)shutdown(line.server, SHUT_WR);
    assert_ended(line.client);
    close_line(&line);
}

static void the_target_may_end_its_half_first(void **state)
{
    (void)state;
    struct line line = open_line();
    send_text(line.server, "banner");
    assert_int_equal(shutdown(line.server, SHUT_WR), 0);
    assert_receives(line.client, "banner");
    assert_ended(line.client);
    send_text(line.client, "thanks");
    assert_receives(line.server, "thanks");
    assert_false(is_readable_within(line.server, 50));
    (void)shutdown(line.client, SHUT_WR);
    assert_ended(line.server);
    close_line(&line);
}

static void a_reset_of_the_client_reaches_the_target(void **state)
{
    (void)state;
    struct line line = open_line();
    const struct linger at_once = {.l_onoff = 1};
    send_text(line.client, "before");
    assert_receives(line.server, "before");
    assert_int_equal(setsockopt(line.client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    (void)close(line.client);
    line.client = -1;
    assert_gone(line.server);
    close_line(&line);
}

static void a_target_that_dies_while_busy_reaches_the_client(void **state)
{
    (void)state;
    struct line line = open_line();
    const struct linger at_once = {.l_onoff = 1};
    struct sending upward;
    start_sending(&upward, line.client, 3);
    assert_true(is_readable_within(line.server, PATIENCE_SECONDS * 1000));
    assert_int_equal(setsockopt(line.server, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    (void)close(line.server);
    line.server = -1;
    assert_gone(line.client);
    assert_int_equal(pthread_join(upward.thread, NULL), 0);
    free(upward.octets);
    close_line(&line);
}

static void a_slow_reader_holds_the_sender_back(void **state)
{
    (void)state;
    enum { LIMIT = 64 * MEBIBYTE };
    struct line line = open_line();
    const size_t sent = send_until_full(line.client, LIMIT);
    assert_true(sent > 0 && sent < LIMIT);
    assert_int_equal(shutdown(line.client, SHUT_WR), 0);
    size_t received = 0;
    uint8_t octets[65536];
    ssize_t count;
    while ((count = recv(line.server, octets, sizeof octets, 0)) > 0) {
        received += (size_t)count;
    }
    assert_int_equal(count, 0);
    assert_int_equal(received, sent);
    close_line(&line);
}

static double processor_seconds(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void assert_idle(void)
{
    const struct timespec while_nothing_happens = {.tv_nsec = 400 * 1000 * 1000};
    const double before = processor_seconds();
    (void)nanosleep(&while_nothing_happens, NULL);
    assert_true(processor_seconds() - before < 0.1);
}

static size_t capacity_of_a_line(void)
{
    struct line line = open_line();
    const size_t sent = send_paced(line.server, 64 * MEBIBYTE);
    close_line(&line);
    return sent;
}

/*
 * The target has hung up in both directions while the client does not read. poll() reports that hang-up for as long as
 * it is asked about the socket: a relay that asks all the time would never rest.
 */
static void waiting_takes_no_processor_time(void **state)
{
    (void)state;
    const size_t capacity = capacity_of_a_line();
    assert_true(capacity > 65536 && capacity < 64 * MEBIBYTE);
    struct line line = open_line();
    assert_idle();
    assert_int_equal(shutdown(line.client, SHUT_WR), 0);
    assert_ended(line.server);
    (void)send_paced(line.server, capacity - 65536);
    assert_int_equal(shutdown(line.server, SHUT_WR), 0);
    (void)arrives(line.server);
    assert_idle();
    assert_gone(line.client);
    close_line(&line);
}

static int connect_with_few_files(const struct relay *relay, rlim_t files, rlim_t *limit_before)
{
    const struct sockaddr_in address = loopback(INADDR_LOOPBACK, relay_port(relay));
    const int client = make_client();
    *limit_before = allow_more_files(files);
    assert_int_equal(connect(client, (const struct sockaddr *)&address, sizeof address), 0);
    return client;
}

static void a_connection_waits_for_a_free_file(void **state)
{
    (void)state;
    uint16_t port = 0;
    rlim_t limit = 0;
    const int target = listen_target(&port);
    struct relay *relay = open_relay(port);
    const int client = connect_with_few_files(relay, 0, &limit);
    assert_idle();
    assert_false(is_readable_within(target, 0));
    allow_files(limit);
    const int server = accept_at_target(target);
    send_text(client, "waited");
    assert_receives(server, "waited");
    (void)close(client);
    (void)close(server);
    relay_close(relay);
    (void)close(target);
}

static void a_connection_is_closed_when_there_is_no_file_for_its_target(void **state)
{
    (void)state;
    uint16_t port = 0;
    rlim_t limit = 0;
    const int target = listen_target(&port);
    struct relay *relay = open_relay(port);
    const int closed = connect_with_few_files(relay, 1, &limit);
    assert_gone(closed);
    allow_files(limit);
    (void)close(closed);
    const int client = connect_client(relay_port(relay));
    const int server = accept_at_target(target);
    (void)close(client);
    (void)close(server);
    relay_close(relay);
    (void)close(target);
}

static void a_relay_without_files_is_not_opened(void **state)
{
    (void)state;
    struct relay *relay = NULL;
    for (rlim_t files = 0; files < 2; files++) {
        const rlim_t limit = allow_more_files(files);
        assert_status(relay_open(NULL, &me, &bsf, 1, NULL, NULL, &relay), GBAU_E_IO);
        allow_files(limit);
        assert_null(relay);
    }
}

static void closing_a_busy_relay_ends_all(void **state)
{
    (void)state;
    struct line line = open_line();
    struct sending upward;
    struct sending downward;
    start_sending(&upward, line.client, 4);
    start_sending(&downward, line.server, 5);
    assert_true(is_readable_within(line.server, PATIENCE_SECONDS * 1000));
    relay_close(line.relay);
    line.relay = NULL;
    assert_gone(line.server);
    assert_gone(line.client);
    assert_int_equal(pthread_join(upward.thread, NULL), 0);
    assert_int_equal(pthread_join(downward.thread, NULL), 0);
    free(upward.octets);
    free(downward.octets);
    close_line(&line);
}

static void an_idle_relay_closes_at_once(void **state)
{
    (void)state;
    uint16_t port = 0;
    const int target = listen_target(&port);
    for (int i = 0; i < 50; i++) {
        relay_close(open_relay(port));
    }
    relay_close(NULL);
    (void)close(target);
}

static size_t open_file_count(void)
{
    size_t count = 0;
    for (int file = 0; file < 4096; file++) {
        count += fcntl(file, F_GETFD) >= 0 ? 1 : 0;
    }
    return count;
}

static void no_file_stays_open(void **state)
{
    const size_t before = open_file_count();
    both_directions_pass(state);
    a_refused_connection_is_closed_and_the_relay_lives_on(state);
    closing_a_busy_relay_ends_all(state);
    assert_int_equal(open_file_count(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_directions_pass),
        cmocka_unit_test(only_loopback_is_listened_on),
        cmocka_unit_test(a_mebibyte_passes_both_ways_and_is_recorded),
        cmocka_unit_test(many_connections_do_not_mix),
        cmocka_unit_test(connections_beyond_the_limit_wait),
        cmocka_unit_test(a_refused_connection_is_closed_and_the_relay_lives_on),
        cmocka_unit_test(the_client_may_end_its_half_first),
        cmocka_unit_test(the_target_may_end_its_half_first),
        cmocka_unit_test(a_reset_of_the_client_reaches_the_target),
        cmocka_unit_test(a_target_that_dies_while_busy_reaches_the_client),
        cmocka_unit_test(a_slow_reader_holds_the_sender_back),
        cmocka_unit_test(waiting_takes_no_processor_time),
        cmocka_unit_test(a_connection_waits_for_a_free_file),
        cmocka_unit_test(a_connection_is_closed_when_there_is_no_file_for_its_target),
        cmocka_unit_test(a_relay_without_files_is_not_opened),
        cmocka_unit_test(closing_a_busy_relay_ends_all),
        cmocka_unit_test(an_idle_relay_closes_at_once),
        cmocka_unit_test(no_file_stays_open),
    };
    return cmocka_run_group_tests_name("trace/relay", tests, NULL, NULL);
}
