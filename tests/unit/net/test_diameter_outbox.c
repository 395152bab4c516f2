/* test_diameter_outbox.c: requests to a peer that answers anything at all, and how each of them ends once. */
#include <signal.h>

#include "wire_message.h"

static int listener;
static uint16_t port;
static struct node_process client;
static struct wire_message out;
static struct wire_message in;
static struct octets in_avps;

/* What the client process reports of each request over a pipe. */
struct report {
    enum gbau_status status;
    int times;
    size_t length;
    uint8_t answer[512];
};

static int reports[2];

/* Sends one request after the other, as long as there is somebody to answer. */
static void run_client(const void *argument, int control)
{
    (void)control;
    const struct server_options *options = argument;
    struct diameter_node *node = open_client(options);
    static struct ending ending;
    static struct report report;
    char octet;
    while (read(control, &octet, 1) == 1) {
        check(wait_until_connected(node, 20));
        init_ending(&ending);
        enum gbau_status status = diameter_request(node, APPLICATION, COMMAND_ECHO, REALM, NULL,
                                                   (struct octets){NULL, 0}, 700, on_ended, &ending);
        if (status == GBAU_OK) {
            (void)wait_for_ending(&ending);
        } else {
            ending.status = status;
            ending.times = 1;
        }
        usleep(20000); /* a second completion would come now */
        memset(&report, 0, sizeof report);
        report.status = ending.status;
        report.times = ending.times;
        report.length = ending.length;
        check(ending.length <= sizeof report.answer);
        memcpy(report.answer, ending.answer, ending.length);
        check(write(reports[1], &report, sizeof report) == sizeof report);
    }
    diameter_close(node);
}

static int start_client(void **state)
{
    (void)state;
    static struct server_options options;
    listener = raw_listen(&port);
    assert_int_equal(pipe(reports), 0);
    options.port = port;
    client = start_process(run_client, &options);
    return 0;
}

static int stop_client(void **state)
{
    (void)state;
    close(listener);
    assert_true(is_running(&client));
    end_process(&client);
    close(reports[0]);
    close(reports[1]);
    return 0;
}

static void make_answer(uint8_t flags, uint32_t command, uint32_t application)
{
    struct diameter_header request = in.header;
    begin(&out, flags, command, application);
    out.header.hop_by_hop = request.hop_by_hop;
    out.header.end_to_end = request.end_to_end;
}

static bool receive(int descriptor, int timeout_ms)
{
    return receive_message(descriptor, &in, &in_avps, SERVER_NAME, timeout_ms);
}

static int accept_client(void)
{
    struct pollfd poll_one = {.fd = listener, .events = POLLIN};
    assert_int_equal(poll(&poll_one, 1, 15000), 1);
    int descriptor = accept(listener, NULL, NULL);
    assert_true(descriptor >= 0);
    assert_true(receive(descriptor, WIRE_MS));
    assert_int_equal(in.header.command, COMMAND_CAPABILITIES);
    assert_true((in.header.flags & REQUEST) != 0);
    return descriptor;
}

/* Takes the client's connection and says what a server says. */
static int serve_client(void)
{
    int descriptor = accept_client();
    make_answer(0, COMMAND_CAPABILITIES, 0);
    add_unsigned(&out, AVP_RESULT_CODE, SUCCESS);
    add_origin(&out, SERVER_NAME);
    add_product(&out);
    add_vendor_application(&out, APPLICATION);
    assert_true(send_message(descriptor, &out));
    return descriptor;
}

static void order_request(void)
{
    assert_int_equal(write(client.control, "x", 1), 1);
}

/* Waits for the client's next request; watchdogs are answered meanwhile. */
static void receive_request(int descriptor)
{
    assert_true(receive(descriptor, WIRE_MS));
    assert_int_equal(in.header.command, COMMAND_ECHO);
    assert_int_equal(in.header.application, APPLICATION);
    assert_int_equal(in.header.flags, REQUEST | PROXIABLE);
}

static struct report *read_report(void)
{
    static struct report report;
    struct pollfd poll_one = {.fd = reports[0], .events = POLLIN};
    assert_int_equal(poll(&poll_one, 1, 20000), 1);
    assert_int_equal(read(reports[0], &report, sizeof report), sizeof report);
    assert_int_equal(report.times, 1);
    return &report;
}

static void answer_well(void)
{
    make_answer(PROXIABLE, COMMAND_ECHO, APPLICATION);
    add_text(&out, AVP_SESSION_ID, "s");
    add_unsigned(&out, AVP_RESULT_CODE, SUCCESS);
    add_origin(&out, SERVER_NAME);
    add_text(&out, AVP_USER_NAME, "user");
}

static void answer_with_nothing(void)
{
    make_answer(PROXIABLE, COMMAND_ECHO, APPLICATION);
}

static void answer_undeliverable(void)
{
    make_answer(PROXIABLE | DIAMETER_ERROR, COMMAND_ECHO, APPLICATION);
    add_unsigned(&out, AVP_RESULT_CODE, 3002);
    add_origin(&out, SERVER_NAME);
}

static void answer_busy(void)
{
    make_answer(PROXIABLE | DIAMETER_ERROR, COMMAND_ECHO, APPLICATION);
    add_unsigned(&out, AVP_RESULT_CODE, 3004);
}

static void answer_other_command(void)
{
    answer_well();
    out.header.command = COMMAND_SLOW;
}

static void answer_unknown_command(void)
{
    answer_well();
    out.header.command = 0xfffffe;
}

static void answer_other_application(void)
{
    answer_well();
    out.header.application = OTHER_APPLICATION;
}

static void answer_other_end_to_end(void)
{
    answer_well();
    out.header.end_to_end++;
}

/* freeDiameter would stop at the unknown AVP, look at a Result-Code that it has not read yet, and abort. */
static void answer_unknown_before_result(void)
{
    make_answer(PROXIABLE, COMMAND_ECHO, APPLICATION);
    add_text(&out, 99999, "unknown and mandatory");
    add_unsigned(&out, AVP_RESULT_CODE, 5012);
    add_origin(&out, SERVER_NAME);
}

static void answer_bad_group_before_result(void)
{
    make_answer(PROXIABLE, COMMAND_ECHO, APPLICATION);
    add_text(&out, AVP_VENDOR_SPECIFIC_APPLICATION_ID, "no group at all");
    add_text(&out, AVP_AUTH_APPLICATION_ID, "");
    add_unsigned(&out, AVP_RESULT_CODE, 5012);
}

static void answer_odd_result(void)
{
    make_answer(PROXIABLE, COMMAND_ECHO, APPLICATION);
    add_text(&out, AVP_RESULT_CODE, "seven");
}

static void answer_session_with_nul(void)
{
    make_answer(PROXIABLE, COMMAND_ECHO, APPLICATION);
    add_octets(&out, AVP_SESSION_ID, "\0", 1);
    add_octets(&out, AVP_SESSION_ID, "", 0);
    add_unsigned(&out, AVP_RESULT_CODE, SUCCESS);
}

static void answer_many_origins(void)
{
    answer_well();
    for (int i = 0; i < 64; i++) {
        add_text(&out, AVP_ORIGIN_HOST, "forged.example.org");
    }
}

static void answer_watchdog_instead(void)
{
    make_answer(0, COMMAND_WATCHDOG, 0);
    add_unsigned(&out, AVP_RESULT_CODE, SUCCESS);
    add_origin(&out, SERVER_NAME);
}

static void answer_capabilities_instead(void)
{
    make_answer(0, COMMAND_CAPABILITIES, 0);
    add_unsigned(&out, AVP_RESULT_CODE, SUCCESS);
    add_origin(&out, SERVER_NAME);
    add_product(&out);
}

static void answer_goodbye_instead(void)
{
    make_answer(0, COMMAND_DISCONNECT, 0);
    add_unsigned(&out, AVP_RESULT_CODE, SUCCESS);
    add_origin(&out, SERVER_NAME);
}

static void answer_error_between_neighbours(void)
{
    make_answer(DIAMETER_ERROR, COMMAND_ECHO, 0);
    add_unsigned(&out, AVP_RESULT_CODE, 3001);
    add_origin(&out, SERVER_NAME);
}

static const struct answer_case {
    const char *name;
    void (*make)(void);
    enum gbau_status status;
} answer_cases[] = {
    {"well", answer_well, GBAU_OK},
    {"nothing", answer_with_nothing, GBAU_OK},
    {"undeliverable", answer_undeliverable, GBAU_E_UNREACHABLE},
    {"busy", answer_busy, GBAU_OK},
    {"other command", answer_other_command, GBAU_E_PROTOCOL},
    {"unknown command", answer_unknown_command, GBAU_E_PROTOCOL},
    {"other application", answer_other_application, GBAU_E_PROTOCOL},
    {"other end-to-end", answer_other_end_to_end, GBAU_E_PROTOCOL},
    {"unknown before result", answer_unknown_before_result, GBAU_OK},
    {"bad group before result", answer_bad_group_before_result, GBAU_OK},
    {"odd result", answer_odd_result, GBAU_OK},
    {"session with NUL", answer_session_with_nul, GBAU_OK},
    {"many origins", answer_many_origins, GBAU_OK},
    {"watchdog instead", answer_watchdog_instead, GBAU_E_PROTOCOL},
    {"capabilities instead", answer_capabilities_instead, GBAU_E_PROTOCOL},
    {"goodbye instead", answer_goodbye_instead, GBAU_E_PROTOCOL},
    {"error between neighbours", answer_error_between_neighbours, GBAU_E_PROTOCOL},
};

/* The first of them leave the connection alone. */
enum { ROUTABLE_CASES = 13 };

/* Some of these make the client break off; then it must come back. */
static void test_answers(void **state)
{
    (void)state;
    int descriptor = serve_client();
    for (size_t i = 0; i < sizeof answer_cases / sizeof answer_cases[0]; i++) {
        order_request();
        if (!receive(descriptor, 200)) {
            close(descriptor);
            descriptor = serve_client();
            receive_request(descriptor);
        }
        answer_cases[i].make();
        assert_true(send_message(descriptor, &out));
        const struct report *report = read_report();
        if (report->status != answer_cases[i].status) {
            fail_msg("\"%s\" ended with %s", answer_cases[i].name, gbau_status_text(report->status));
        }
    }
    close(descriptor);
}

static void test_payload_is_stripped(void **state)
{
    (void)state;
    int descriptor = serve_client();
    order_request();
    receive_request(descriptor);
    answer_well();
    add_text(&out, AVP_ROUTE_RECORD, "relay.example.org");
    add_text(&out, AVP_PROXY_INFO, "");
    assert_true(send_message(descriptor, &out));
    const struct report *report = read_report();
    assert_ok(report->status);
    uint8_t expected_octets[64];
    struct octet_writer expected = octet_writer_of(expected_octets, sizeof expected_octets);
    write_result(&expected, SUCCESS);
    diameter_write_base_avp(&expected, AVP_USER_NAME, octets_of_text("user"));
    assert_true(octets_equal(octets_of(report->answer, report->length), octets_written(&expected)));
    close(descriptor);
}

static void test_request_has_what_belongs_to_it(void **state)
{
    (void)state;
    int descriptor = serve_client();
    char sessions[2][128];
    for (size_t i = 0; i < 2; i++) {
        order_request();
        receive_request(descriptor);
        static const struct {
            uint32_t code;
            const char *text;
        } expected[] = {{AVP_SESSION_ID, NULL},
                        {AVP_ORIGIN_HOST, CLIENT_NAME},
                        {AVP_ORIGIN_REALM, REALM},
                        {AVP_DESTINATION_REALM, REALM}};
        struct octet_reader reader = octet_reader_of(in_avps);
        for (size_t j = 0; j < 4; j++) {
            struct diameter_avp avp;
            assert_true(diameter_next_avp(&reader, &avp));
            assert_true(diameter_avp_is(&avp, expected[j].code));
            if (expected[j].text != NULL) {
                assert_true(octets_equal(avp.data, octets_of_text(expected[j].text)));
            } else {
                assert_ok(octets_to_text(avp.data, sessions[i], sizeof sessions[i]));
            }
        }
        assert_ok(octet_reader_end(&reader));
        answer_well();
        assert_true(send_message(descriptor, &out));
        assert_ok(read_report()->status);
    }
    assert_memory_equal(sessions[0], CLIENT_NAME ";", strlen(CLIENT_NAME) + 1);
    assert_string_not_equal(sessions[0], sessions[1]);
    close(descriptor);
}

static void test_no_answer(void **state)
{
    (void)state;
    int descriptor = serve_client();
    order_request();
    receive_request(descriptor);
    assert_int_equal(read_report()->status, GBAU_E_TIMEOUT);
    /* Too late. */
    answer_well();
    assert_true(send_message(descriptor, &out));
    order_request();
    receive_request(descriptor);
    answer_well();
    assert_true(send_message(descriptor, &out));
    assert_ok(read_report()->status);
    close(descriptor);
}

static void test_twice_answered(void **state)
{
    (void)state;
    int descriptor = serve_client();
    order_request();
    receive_request(descriptor);
    answer_well();
    assert_true(send_message(descriptor, &out));
    assert_true(send_message(descriptor, &out));
    assert_ok(read_report()->status);
    order_request();
    receive_request(descriptor);
    answer_well();
    assert_true(send_message(descriptor, &out));
    assert_ok(read_report()->status);
    close(descriptor);
}

static void test_connection_breaks(void **state)
{
    (void)state;
    int descriptor = serve_client();
    order_request();
    receive_request(descriptor);
    close(descriptor);
    assert_int_equal(read_report()->status, GBAU_E_UNREACHABLE);
    descriptor = serve_client();
    order_request();
    receive_request(descriptor);
    answer_well();
    assert_true(send_message(descriptor, &out));
    assert_ok(read_report()->status);
    close(descriptor);
}

static void capabilities_of_stranger(void)
{
    add_origin(&out, "stranger.example.org");
    add_product(&out);
    add_vendor_application(&out, APPLICATION);
}

static void capabilities_of_other_realm(void)
{
    add_text(&out, AVP_ORIGIN_HOST, SERVER_NAME);
    add_text(&out, AVP_ORIGIN_REALM, "elsewhere.org");
    add_product(&out);
    add_vendor_application(&out, APPLICATION);
}

static void capabilities_with_bad_group(void)
{
    static const uint8_t unknown_inside[] = {0, 0, 0x27, 0x0f, 0, 0, 0, 12, 1, 2, 3, 4};
    add_origin(&out, SERVER_NAME);
    add_product(&out);
    add_vendor_application(&out, APPLICATION);
    add_octets(&out, AVP_VENDOR_SPECIFIC_APPLICATION_ID, unknown_inside, sizeof unknown_inside);
}

static void capabilities_for_nothing(void)
{
    add_origin(&out, SERVER_NAME);
    add_product(&out);
}

static void capabilities_without_origin(void)
{
    add_product(&out);
    add_vendor_application(&out, APPLICATION);
}

/* What a server says of itself is checked like what a client says; the client tries again. */
static void test_bad_capabilities(void **state)
{
    (void)state;
    static void (*const additions[])(void) = {capabilities_of_stranger, capabilities_of_other_realm,
                                              capabilities_with_bad_group, capabilities_for_nothing,
                                              capabilities_without_origin};
    for (size_t i = 0; i < sizeof additions / sizeof additions[0]; i++) {
        int descriptor = accept_client();
        make_answer(0, COMMAND_CAPABILITIES, 0);
        add_unsigned(&out, AVP_RESULT_CODE, SUCCESS);
        additions[i]();
        assert_true(send_message(descriptor, &out));
        char rest[16];
        assert_true(raw_receive_to_end(descriptor, rest, sizeof rest, WIRE_MS));
        close(descriptor);
    }
    int descriptor = serve_client();
    order_request();
    receive_request(descriptor);
    answer_well();
    assert_true(send_message(descriptor, &out));
    assert_ok(read_report()->status);
    close(descriptor);
}

static uint32_t random_state = 7;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525U + 1013904223U;
    return (random_state >> 8) % limit;
}

/* Answers with some octets changed, but not those by which they are matched, nor the flag that makes a request. */
static void test_mutated_answers(void **state)
{
    (void)state;
    int descriptor = serve_client();
    for (int i = 0; i < 25; i++) {
        order_request();
        if (!receive(descriptor, 200)) {
            close(descriptor);
            descriptor = serve_client();
            receive_request(descriptor);
        }
        answer_cases[random_below(ROUTABLE_CASES)].make();
        finish(&out);
        for (uint32_t j = 0; j <= random_below(4); j++) {
            size_t at = random_below((uint32_t)out.writer.length);
            if (at <= 4 || (at >= 12 && at < 16)) {
                continue;
            }
            out.octets[at] = (uint8_t)random_below(256);
        }
        assert_true(raw_send(descriptor, out.octets, out.writer.length));
        (void)read_report();
    }
    close(descriptor);
}

#define with_client(test) cmocka_unit_test_setup_teardown(test, start_client, stop_client)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_client(test_answers),
        with_client(test_payload_is_stripped),
        with_client(test_request_has_what_belongs_to_it),
        with_client(test_no_answer),
        with_client(test_twice_answered),
        with_client(test_connection_breaks),
        with_client(test_bad_capabilities),
        with_client(test_mutated_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
