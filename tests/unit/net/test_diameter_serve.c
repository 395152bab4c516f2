/* test_diameter_serve.c: requests to a node over a plain socket, the right ones and those that must be refused. */
#include "raw_peer.h"

static bool next_avp_is(struct octet_reader *reader, uint32_t code, const char *text)
{
    struct diameter_avp avp;
    return diameter_next_avp(reader, &avp) && diameter_avp_is(&avp, code) &&
           (text == NULL || octets_equal(avp.data, octets_of_text(text)));
}

static void test_answer_has_what_belongs_to_it(void **state)
{
    (void)state;
    static const uint8_t proxy[] = {0, 0, 1, 24, 0x40, 0, 0, 9, 'p', 0, 0, 0};
    int descriptor = connect_peer();
    begin_request(&out, COMMAND_ECHO);
    add_octets(&out, AVP_PROXY_INFO, proxy, sizeof proxy);
    add_text(&out, AVP_USER_NAME, "user");
    add_octets(&out, AVP_PROXY_INFO, proxy, sizeof proxy);
    ask_server(descriptor);
    assert_result(SUCCESS);
    assert_int_equal(in.header.flags, PROXIABLE);
    assert_int_equal(in.header.command, COMMAND_ECHO);
    assert_int_equal(in.header.application, APPLICATION);
    struct octet_reader reader = octet_reader_of(in_avps);
    assert_true(next_avp_is(&reader, AVP_SESSION_ID, RAW_NAME ";1;1"));
    assert_true(next_avp_is(&reader, AVP_ORIGIN_HOST, SERVER_NAME));
    assert_true(next_avp_is(&reader, AVP_ORIGIN_REALM, REALM));
    assert_true(next_avp_is(&reader, AVP_RESULT_CODE, NULL));
    assert_true(next_avp_is(&reader, AVP_USER_NAME, "user"));
    assert_true(next_avp_is(&reader, AVP_PROXY_INFO, NULL));
    assert_true(next_avp_is(&reader, AVP_PROXY_INFO, NULL));
    assert_ok(octet_reader_end(&reader));
    close(descriptor);
}

enum { SESSION = 1, ORIGIN = 2, ORIGIN_REALM = 4, DESTINATION = 8, ALL = 15 };

/* A request with some of the four AVPs that every one has. */
static void begin_partial(unsigned parts, uint8_t flags, uint32_t command, uint32_t application)
{
    begin(&out, flags, command, application);
    static const struct {
        unsigned part;
        uint32_t code;
        const char *text;
    } avps[] = {{SESSION, AVP_SESSION_ID, "s;1;2"},
                {ORIGIN, AVP_ORIGIN_HOST, RAW_NAME},
                {ORIGIN_REALM, AVP_ORIGIN_REALM, REALM},
                {DESTINATION, AVP_DESTINATION_REALM, REALM}};
    for (size_t i = 0; i < sizeof avps / sizeof avps[0]; i++) {
        if ((parts & avps[i].part) != 0) {
            add_text(&out, avps[i].code, avps[i].text);
        }
    }
}

static const struct refusal {
    unsigned parts;
    uint8_t flags;
    uint32_t command;
    uint32_t application;
    uint32_t code; /* an AVP added to it, or 0 */
    const char *text;
    uint32_t result;
} refusals[] = {
    {ALL, 0xc0, COMMAND_ECHO, APPLICATION, 0, NULL, SUCCESS},
    {ALL, 0xd0, COMMAND_ECHO, APPLICATION, 0, NULL, SUCCESS},
    {ALL, 0x80, COMMAND_ECHO, APPLICATION, 0, NULL, SUCCESS},
    {ALL, 0xe0, COMMAND_ECHO, APPLICATION, 0, NULL, 3008},
    {ALL, 0xc0, 4711, APPLICATION, 0, NULL, 3001},
    {ALL, 0xc0, COMMAND_ECHO, 4711, 0, NULL, 3007},
    {ALL, 0xc0, COMMAND_ECHO, 0xffffffff, 0, NULL, 3007},
    {ALL, 0xc0, COMMAND_ECHO, 0, 0, NULL, 3007},
    {ALL, 0xc0, COMMAND_WATCHDOG, 0, 0, NULL, 3007},
    {ALL, 0xc0, COMMAND_CAPABILITIES, APPLICATION, 0, NULL, 3001},
    {ALL, 0xc0, 0xfffffe, APPLICATION, 0, NULL, 3001},
    {ALL & ~(unsigned)SESSION, 0xc0, COMMAND_ECHO, APPLICATION, 0, NULL, 5005},
    {ALL & ~(unsigned)ORIGIN, 0xc0, COMMAND_ECHO, APPLICATION, 0, NULL, 5005},
    {ALL & ~(unsigned)ORIGIN_REALM, 0xc0, COMMAND_ECHO, APPLICATION, 0, NULL, 5005},
    {ALL & ~(unsigned)DESTINATION, 0xc0, COMMAND_ECHO, APPLICATION, 0, NULL, 5005},
    {0, 0xc0, COMMAND_ECHO, APPLICATION, 0, NULL, 5005},
    {ALL & ~(unsigned)DESTINATION, 0xc0, COMMAND_ECHO, APPLICATION, AVP_DESTINATION_REALM, "elsewhere.org", 3003},
    {ALL, 0xc0, COMMAND_ECHO, APPLICATION, AVP_DESTINATION_HOST, "other.example.org", 3002},
    {ALL, 0xc0, COMMAND_ECHO, APPLICATION, AVP_DESTINATION_HOST, SERVER_NAME, SUCCESS},
    {ALL, 0xc0, COMMAND_ECHO, APPLICATION, AVP_DESTINATION_HOST, "", 3002},
    {ALL, 0xc0, COMMAND_ECHO, APPLICATION, AVP_ROUTE_RECORD, SERVER_NAME, 3005},
    {ALL, 0xc0, COMMAND_ECHO, APPLICATION, AVP_SESSION_ID, "second", 5009},
    {ALL, 0xc0, COMMAND_ECHO, APPLICATION, AVP_ORIGIN_HOST, RAW_NAME, 5009},
    {ALL, 0xc0, COMMAND_ECHO, APPLICATION, AVP_DESTINATION_REALM, REALM, 5009},
    {ALL & ~(unsigned)SESSION, 0xc0, COMMAND_ECHO, APPLICATION, AVP_SESSION_ID, "", 5004},
    {ALL & ~(unsigned)ORIGIN, 0xc0, COMMAND_ECHO, APPLICATION, AVP_ORIGIN_HOST, CLIENT_NAME, 5004},
    {ALL & ~(unsigned)ORIGIN, 0xc0, COMMAND_ECHO, APPLICATION, AVP_ORIGIN_HOST, "RAW.Example.ORG", SUCCESS},
    {ALL & ~(unsigned)ORIGIN, 0xc0, COMMAND_ECHO, APPLICATION, AVP_ORIGIN_HOST, "", 5004},
    {ALL, 0xc0, COMMAND_ECHO, APPLICATION, AVP_USER_NAME, "", SUCCESS},
    {ALL, 0xc0, COMMAND_ECHO, APPLICATION, AVP_USER_NAME, "elsewhere.org!user@" REALM, SUCCESS},
    {ALL, 0xc0, COMMAND_ECHO, APPLICATION, AVP_USER_NAME, "!!!@", SUCCESS},
    {ALL, 0xc0, COMMAND_ECHO, APPLICATION, AVP_VENDOR_SPECIFIC_APPLICATION_ID, "no group", SUCCESS},
    {ALL, 0xc0, COMMAND_ECHO, APPLICATION, AVP_PROXY_INFO, "no group", SUCCESS},
    {ALL, 0xc0, COMMAND_ECHO, APPLICATION, AVP_AUTH_APPLICATION_ID, "not four octets", SUCCESS},
    {ALL, 0xc0, COMMAND_EMPTY, APPLICATION, 0, NULL, 5012},
};

static void test_requests(void **state)
{
    (void)state;
    int descriptor = connect_peer();
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *refusal = &refusals[i];
        begin_partial(refusal->parts, refusal->flags, refusal->command, refusal->application);
        if (refusal->code != 0) {
            add_text(&out, refusal->code, refusal->text);
        }
        ask_server(descriptor);
        if (diameter_find_result_code(in_avps) != refusal->result) {
            fail_msg("case %zu was answered with %u", i, diameter_find_result_code(in_avps));
        }
        assert_result(refusal->result);
        assert_int_equal(in.header.command, refusal->command);
        assert_int_equal(in.header.application, refusal->application);
    }
    close(descriptor);
}

static void test_session_id_with_nul(void **state)
{
    (void)state;
    int descriptor = connect_peer();
    begin_partial(ALL & ~(unsigned)SESSION, 0xc0, COMMAND_ECHO, APPLICATION);
    add_octets(&out, AVP_SESSION_ID, "a\0b", 3);
    ask_server(descriptor);
    assert_result(5004);
    begin_request(&out, COMMAND_ECHO);
    ask_server(descriptor);
    assert_result(SUCCESS);
    close(descriptor);
}

/* Many requests in flight with one Session-Id, over and over: freeDiameter's sessions would be freed twice. */
static void test_one_session_for_all(void **state)
{
    (void)state;
    int descriptor = connect_peer();
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 100; i++) {
            begin_request(&out, COMMAND_ECHO);
            assert_true(send_message(descriptor, &out));
        }
        for (int i = 0; i < 100; i++) {
            assert_true(receive(descriptor));
            assert_result(SUCCESS);
        }
    }
    close(descriptor);
}

static void test_relayed_request(void **state)
{
    (void)state;
    int descriptor = connect_peer();
    begin_partial(ALL & ~(unsigned)ORIGIN, 0xc0, COMMAND_ORIGIN, APPLICATION);
    add_text(&out, AVP_ORIGIN_HOST, "behind.example.org");
    add_text(&out, AVP_ROUTE_RECORD, "behind.example.org");
    ask_server(descriptor);
    assert_result(SUCCESS);
    struct octet_reader reader = octet_reader_of(in_avps);
    struct diameter_avp avp = {.code = 0};
    while (diameter_next_avp(&reader, &avp) && !diameter_avp_is(&avp, AVP_USER_NAME)) {
    }
    assert_true(octets_equal(avp.data, octets_of_text("behind.example.org")));
    close(descriptor);
}

/* A request that is refused, or answered, while the connection goes away. */
static void test_ask_and_run(void **state)
{
    (void)state;
    for (int i = 0; i < 150; i++) {
        int descriptor = connect_peer();
        for (int j = 0; j < 1 + i % 7; j++) {
            begin_partial(i % 3 == 0 ? 0 : ALL, i % 2 == 0 ? 0xe0 : 0xc0, i % 5 == 0 ? 4711 : COMMAND_ECHO,
                          i % 4 == 0 ? 4711 : APPLICATION);
            (void)send_message(descriptor, &out);
        }
        if (i % 2 == 0) {
            const struct linger reset = {.l_onoff = 1, .l_linger = 0};
            (void)setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        }
        close(descriptor);
    }
    assert_serves();
}

/* At its most talkative the log tells nothing of what messages hold. */
static void test_log_keeps_secrets(void **state)
{
    (void)state;
    static char log_file[64];
    char directory[] = "/tmp/gbau-gate-XXXXXX";
    assert_non_null(mkdtemp(directory));
    (void)snprintf(log_file, sizeof log_file, "%s/log", directory);
    options = (struct server_options){.port = raw_free_port(), .log_file = log_file};
    server = start_process(run_server, &options);
    wait_for_listener(options.port);
    int descriptor = connect_peer();
    static const uint32_t commands[] = {COMMAND_ECHO, COMMAND_EMPTY, 4711};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        begin_request(&out, commands[i]);
        add_text(&out, AVP_USER_NAME, "SECRETSECRET");
        add_text(&out, 99999, "SECRETSECRET");
        ask_server(descriptor);
    }
    begin(&out, PROXIABLE, COMMAND_ECHO, APPLICATION);
    add_text(&out, AVP_USER_NAME, "SECRETSECRET");
    assert_true(send_message(descriptor, &out));
    begin_request(&out, COMMAND_ECHO);
    add_text(&out, AVP_USER_NAME, "SECRETSECRET");
    octet_writer_put_text(&out.writer, "cut"); /* does not split into AVPs */
    assert_true(send_message(descriptor, &out));
    usleep(100000);
    close(descriptor);
    end_process(&server);

    static char text[4 * 1024 * 1024];
    FILE *stream = fopen(log_file, "r");
    assert_non_null(stream);
    size_t length = fread(text, 1, sizeof text - 1, stream);
    fclose(stream);
    assert_int_equal(unlink(log_file), 0);
    assert_int_equal(rmdir(directory), 0);
    assert_true(length > 1000 && length < sizeof text - 1);
    text[length] = '\0';
    assert_non_null(strstr(text, "connected with " RAW_NAME));
    assert_null(strstr(text, "SECRETSECRET"));
    assert_null(strstr(text, "5345435245545345")); /* the same in hex */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_server(test_answer_has_what_belongs_to_it),
        with_server(test_requests),
        with_server(test_session_id_with_nul),
        with_server(test_one_session_for_all),
        with_server(test_relayed_request),
        with_server(test_ask_and_run),
        cmocka_unit_test(test_log_keeps_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
