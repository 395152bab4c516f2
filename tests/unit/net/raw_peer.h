/* raw_peer.h: a server process, and the test as a peer of it that speaks Diameter over a plain socket. */
#ifndef TESTS_NET_RAW_PEER_H
#define TESTS_NET_RAW_PEER_H

#include <signal.h>

#include "wire_message.h"

static struct server_options options;
static struct node_process server;
static struct wire_message out;
static struct wire_message in;
static struct octets in_avps;

static inline int start_server(void **state)
{
    (void)state;
    options = (struct server_options){.port = raw_free_port()};
    server = start_process(run_server, &options);
    wait_for_listener(options.port);
    return 0;
}

/* The server must have lived until now, and must end in order. */
static inline int stop_server(void **state)
{
    (void)state;
    assert_true(is_running(&server));
    end_process(&server);
    return 0;
}

static inline bool receive(int descriptor)
{
    return receive_message(descriptor, &in, &in_avps, RAW_NAME, WIRE_MS);
}

/* One attempt at Capabilities-Exchange with `out` as the request; a connection, or -1. */
static inline int try_capabilities(int timeout_ms)
{
    int descriptor = raw_try_connect(options.port);
    if (descriptor < 0) {
        return -1;
    }
    if (send_message(descriptor, &out) && receive_message(descriptor, &in, &in_avps, RAW_NAME, timeout_ms) &&
        in.header.command == COMMAND_CAPABILITIES && diameter_find_result_code(in_avps) == SUCCESS) {
        return descriptor;
    }
    close(descriptor);
    return -1;
}

/* The server may still be busy with the end of the connection before. */
static inline int connect_peer(void)
{
    int descriptor = -1;
    for (int i = 0; descriptor < 0 && i < 200; i++) {
        make_capabilities(&out, RAW_NAME);
        descriptor = try_capabilities(WIRE_MS);
        if (descriptor < 0) {
            usleep(20000);
        }
    }
    assert_true(descriptor >= 0);
    return descriptor;
}

static inline void ask_server(int descriptor)
{
    assert_true(send_message(descriptor, &out));
    assert_true(receive(descriptor));
    assert_int_equal(in.header.flags & REQUEST, 0);
}

static inline void assert_result(uint32_t result)
{
    assert_int_equal(diameter_find_result_code(in_avps), result);
    assert_int_equal(in.header.hop_by_hop, HOP_BY_HOP);
    assert_int_equal(in.header.end_to_end, END_TO_END);
    bool is_protocol_error = result >= 3000 && result < 4000;
    assert_int_equal((in.header.flags & DIAMETER_ERROR) != 0, is_protocol_error);
}

/* False when the server closes the connection: it was not done with the one before. */
static inline bool is_served(int descriptor)
{
    for (int i = 0; i < 20; i++) {
        begin_request(&out, COMMAND_ECHO);
        if (!send_message(descriptor, &out)) {
            return false;
        }
        const bool received = receive_message(descriptor, &in, &in_avps, RAW_NAME, 300);
        if (received && diameter_find_result_code(in_avps) == SUCCESS) {
            return true;
        }
    }
    return false;
}

/*
 * After a broken connection the server wants to see some watchdogs first, and drops what comes meanwhile. Answers to
 * requests of the connection before may come on this one.
 */
static inline void assert_serves(void)
{
    bool served = false;
    for (int i = 0; !served && i < 5; i++) {
        int descriptor = connect_peer();
        served = is_served(descriptor);
        close(descriptor);
    }
    assert_true(served);
    assert_result(SUCCESS);
}

#define with_server(test) cmocka_unit_test_setup_teardown(test, start_server, stop_server)

#endif
