/* test_diameter_gate.c: a node against peers that send anything at all over TCP. */
#include "raw_peer.h"

static void test_deep_groups(void **state)
{
    (void)state;
    static uint8_t nested[8 * 7000];
    struct octet_writer writer = octet_writer_of(nested, sizeof nested);
    for (size_t left = sizeof nested; left > 0; left -= 8) {
        octet_writer_u32(&writer, 279); /* Failed-AVP */
        octet_writer_u8(&writer, 0x40);
        octet_writer_u24(&writer, (uint32_t)left);
    }
    int descriptor = connect_peer();
    begin_request(&out, COMMAND_ORIGIN);
    octet_writer_put(&out.writer, nested, sizeof nested);
    ask_server(descriptor);
    assert_result(SUCCESS);
    /* And between neighbours, where freeDiameter reads itself. */
    make_watchdog(&out);
    octet_writer_put(&out.writer, nested, sizeof nested);
    ask_server(descriptor);
    assert_result(SUCCESS);
    close(descriptor);
}

static void test_watchdog_and_goodbye(void **state)
{
    (void)state;
    int descriptor = connect_peer();
    make_watchdog(&out);
    ask_server(descriptor);
    assert_int_equal(in.header.command, COMMAND_WATCHDOG);
    assert_result(SUCCESS);
    begin(&out, REQUEST, COMMAND_DISCONNECT, 0);
    add_origin(&out, RAW_NAME);
    add_unsigned(&out, AVP_DISCONNECT_CAUSE, 0);
    ask_server(descriptor);
    assert_int_equal(in.header.command, COMMAND_DISCONNECT);
    assert_result(SUCCESS);
    char rest[16];
    assert_true(raw_receive_to_end(descriptor, rest, sizeof rest, WIRE_MS));
    close(descriptor);
    assert_serves();
}

static void test_unknown_command_between_neighbours(void **state)
{
    (void)state;
    int descriptor = connect_peer();
    begin(&out, REQUEST, 4711, 0);
    add_origin(&out, RAW_NAME);
    ask_server(descriptor);
    assert_result(3001);
    make_capabilities(&out, RAW_NAME);
    ask_server(descriptor);
    assert_true(diameter_find_result_code(in_avps) >= 3000);
    close(descriptor);
    assert_serves();
}

/* Answers to requests that nobody sent. */
static void test_unsolicited_answers(void **state)
{
    (void)state;
    static const uint32_t commands[] = {COMMAND_WATCHDOG, COMMAND_CAPABILITIES, COMMAND_DISCONNECT, 4711, 0xfffffe};
    int descriptor = connect_peer();
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        begin(&out, 0, commands[i], 0);
        add_unsigned(&out, AVP_RESULT_CODE, SUCCESS);
        add_origin(&out, RAW_NAME);
        assert_true(send_message(descriptor, &out));
        begin(&out, PROXIABLE, commands[i], APPLICATION);
        assert_true(send_message(descriptor, &out));
    }
    make_watchdog(&out);
    ask_server(descriptor);
    assert_result(SUCCESS);
    close(descriptor);
}

/* The server's own watchdog request is answered with something else. */
static void test_wrong_answers_to_watchdog(void **state)
{
    (void)state;
    static const struct {
        uint8_t flags;
        uint32_t command;
        uint32_t application;
    } answers[] = {
        {0, COMMAND_DISCONNECT, 0}, {PROXIABLE, COMMAND_ECHO, APPLICATION}, {0, COMMAND_CAPABILITIES, 0}, {0, 4711, 0}};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        /* A connection that follows a broken one begins with watchdogs. */
        close(connect_peer());
        int descriptor = -1;
        bool asked = false;
        for (int attempt = 0; !asked && attempt < 100; attempt++) {
            descriptor = connect_peer();
            asked = receive_any(descriptor, &in, &in_avps, 200) && in.header.command == COMMAND_WATCHDOG &&
                    (in.header.flags & REQUEST) != 0;
            if (!asked) {
                close(descriptor);
            }
        }
        assert_true(asked);
        struct diameter_header header = in.header;
        begin(&out, answers[i].flags, answers[i].command, answers[i].application);
        out.header.hop_by_hop = header.hop_by_hop;
        out.header.end_to_end = header.end_to_end;
        add_octets(&out, AVP_SESSION_ID, "a\0b", 3);
        add_unsigned(&out, AVP_RESULT_CODE, SUCCESS);
        add_origin(&out, RAW_NAME);
        assert_true(send_message(descriptor, &out));
        usleep(50000);
        close(descriptor);
        assert_serves();
    }
}

static void add_bad_group(struct wire_message *message)
{
    static const uint8_t unknown_inside[] = {0, 0, 1,    10,   0x40, 0, 0, 12, 0, 0, 0x28, 0xaf,
                                             0, 0, 0x27, 0x0f, 0,    0, 0, 12, 1, 2, 3,    4};
    add_octets(message, AVP_VENDOR_SPECIFIC_APPLICATION_ID, unknown_inside, sizeof unknown_inside);
}

static void add_grouped_inside(struct wire_message *message)
{
    static const uint8_t grouped[] = {0, 0, 1, 23, 0x40, 0, 0, 8};
    add_octets(message, AVP_VENDOR_SPECIFIC_APPLICATION_ID, grouped, sizeof grouped);
}

static void add_two_vendors(struct wire_message *message)
{
    static const uint8_t two[] = {0, 0, 1, 10, 0x40, 0, 0, 12, 0, 0, 0x28, 0xaf,
                                  0, 0, 1, 10, 0x40, 0, 0, 12, 0, 0, 0x28, 0xaf};
    add_octets(message, AVP_VENDOR_SPECIFIC_APPLICATION_ID, two, sizeof two);
}

static void add_many_origins(struct wire_message *message)
{
    for (int i = 0; i < 64; i++) {
        add_text(message, AVP_ORIGIN_HOST, RAW_NAME);
    }
}

static void add_short_numbers(struct wire_message *message)
{
    add_text(message, AVP_INBAND_SECURITY_ID, "x");
}

static void add_large_security(struct wire_message *message)
{
    add_unsigned(message, AVP_INBAND_SECURITY_ID, 0xffffffff);
}

static void add_bad_address(struct wire_message *message)
{
    add_text(message, AVP_HOST_IP_ADDRESS, "?");
}

static void add_second_product(struct wire_message *message)
{
    add_text(message, AVP_PRODUCT_NAME, "second");
}

static void add_empty_realm(struct wire_message *message)
{
    add_text(message, AVP_ORIGIN_REALM, "");
}

/* Capabilities that are not acceptable leave the server, and the peer's chances, as they were. */
static void test_bad_capabilities(void **state)
{
    (void)state;
    static void (*const additions[])(struct wire_message *) = {add_bad_group,    add_grouped_inside, add_two_vendors,
                                                               add_many_origins, add_short_numbers,  add_large_security,
                                                               add_bad_address,  add_second_product, add_empty_realm};
    for (size_t i = 0; i < sizeof additions / sizeof additions[0]; i++) {
        make_capabilities(&out, RAW_NAME);
        additions[i](&out);
        int descriptor = try_capabilities(WIRE_MS);
        if (descriptor >= 0) {
            fail_msg("addition %zu was accepted", i);
        }
        assert_serves();
    }
}

static void test_unknown_avps_in_capabilities(void **state)
{
    (void)state;
    make_capabilities(&out, RAW_NAME);
    const struct diameter_avp vendor = {.code = 1, .flags = 0xc0, .vendor = 4711, .data = octets_of_text("x")};
    diameter_write_avp(&out.writer, &vendor);
    add_text(&out, 99999, "unknown");
    add_text(&out, 99999, "");
    add_text(&out, AVP_PROXY_INFO, "no group");
    add_octets(&out, AVP_SESSION_ID, "\0", 1);
    int descriptor = try_capabilities(WIRE_MS);
    assert_true(descriptor >= 0);
    close(descriptor);
}

static void make_stranger(struct wire_message *message)
{
    make_capabilities(message, "stranger.example.org");
}

static void make_realmless(struct wire_message *message)
{
    begin(message, REQUEST, COMMAND_CAPABILITIES, 0);
    add_text(message, AVP_ORIGIN_HOST, RAW_NAME);
    add_text(message, AVP_ORIGIN_REALM, "elsewhere.org");
    add_product(message);
    add_vendor_application(message, APPLICATION);
}

static void make_useless(struct wire_message *message)
{
    begin(message, REQUEST, COMMAND_CAPABILITIES, 0);
    add_origin(message, RAW_NAME);
    add_product(message);
    add_vendor_application(message, 4711);
    add_unsigned(message, AVP_AUTH_APPLICATION_ID, 4);
}

static void make_nameless(struct wire_message *message)
{
    begin(message, REQUEST, COMMAND_CAPABILITIES, 0);
    add_product(message);
    add_vendor_application(message, APPLICATION);
}

static void make_itself(struct wire_message *message)
{
    make_capabilities(message, SERVER_NAME);
}

static void make_error(struct wire_message *message)
{
    make_capabilities(message, RAW_NAME);
    message->header.flags |= DIAMETER_ERROR;
    add_unsigned(message, AVP_RESULT_CODE, SUCCESS);
}

static void make_early_request(struct wire_message *message)
{
    begin_request(message, COMMAND_ECHO);
}

static void make_early_answer(struct wire_message *message)
{
    make_capabilities(message, RAW_NAME);
    message->header.flags = 0;
}

static void make_proxiable_capabilities(struct wire_message *message)
{
    make_capabilities(message, RAW_NAME);
    message->header.flags |= PROXIABLE;
}

static void test_who_is_not_let_in(void **state)
{
    (void)state;
    static void (*const makers[])(struct wire_message *) = {
        make_stranger,      make_realmless,    make_useless,
        make_nameless,      make_itself,       make_error,
        make_early_request, make_early_answer, make_proxiable_capabilities};
    for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++) {
        makers[i](&out);
        int descriptor = try_capabilities(WIRE_MS);
        if (descriptor >= 0) {
            fail_msg("maker %zu was let in", i);
        }
    }
    assert_serves();
}

static void test_relay_is_let_in(void **state)
{
    (void)state;
    begin(&out, REQUEST, COMMAND_CAPABILITIES, 0);
    add_origin(&out, RAW_NAME);
    add_product(&out);
    add_unsigned(&out, AVP_AUTH_APPLICATION_ID, 0xffffffff);
    int descriptor = try_capabilities(WIRE_MS);
    assert_true(descriptor >= 0);
    close(descriptor);
}

/* Headers that lie about the length, before and after the handshake. */
static void test_lengths(void **state)
{
    (void)state;
    static const uint8_t headers[][4] = {{1, 0, 0, 0},  {1, 0, 0, 1},          {1, 0, 0, 3},    {1, 0, 0, 4},
                                         {1, 0, 0, 5},  {1, 0, 0, 19},         {1, 0, 0, 20},   {1, 0, 0, 21},
                                         {1, 0, 0, 27}, {1, 0xff, 0xff, 0xff}, {1, 1, 0, 0},    {1, 0, 0xff, 0xff},
                                         {0, 0, 0, 20}, {2, 0, 0, 20},         {0xff, 0, 0, 0}, {'G', 'E', 'T', ' '}};
    for (size_t i = 0; i < 2 * sizeof headers / sizeof headers[0]; i++) {
        int descriptor = i % 2 == 0 ? raw_connect(options.port) : connect_peer();
        make_capabilities(&out, RAW_NAME);
        finish(&out);
        memcpy(out.octets, headers[i / 2], 4);
        (void)raw_send(descriptor, out.octets, out.writer.length);
        (void)shutdown(descriptor, SHUT_WR);
        char rest[4096];
        (void)raw_receive(descriptor, rest, sizeof rest, 50);
        close(descriptor);
    }
    assert_serves();
}

static void test_avp_lengths(void **state)
{
    (void)state;
    static const uint8_t avps[][12] = {{0, 0, 0, 1, 0x40, 0, 0, 0},          {0, 0, 0, 1, 0x40, 0, 0, 7},
                                       {0, 0, 0, 1, 0x40, 0xff, 0xff, 0xff}, {0, 0, 0, 1, 0xc0, 0, 0, 8},
                                       {0, 0, 0, 1, 0xc0, 0, 0, 11},         {0, 0, 0, 1, 0x40, 0, 0, 13}};
    for (size_t i = 0; i < sizeof avps / sizeof avps[0]; i++) {
        int descriptor = connect_peer();
        begin_request(&out, COMMAND_ECHO);
        octet_writer_put(&out.writer, avps[i], sizeof avps[i]);
        assert_true(send_message(descriptor, &out));
        /* freeDiameter closes a connection whose messages do not split into AVPs. */
        char rest[4096];
        assert_true(raw_receive_to_end(descriptor, rest, sizeof rest, WIRE_MS));
        close(descriptor);
    }
    assert_serves();
}

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525U + 1013904223U;
    return (random_state >> 8) % limit;
}

static void make_one_of(uint32_t which)
{
    switch (which) {
    case 0:
        make_capabilities(&out, RAW_NAME);
        break;
    case 1:
        make_watchdog(&out);
        break;
    case 2:
        begin(&out, REQUEST, COMMAND_DISCONNECT, 0);
        add_origin(&out, RAW_NAME);
        add_unsigned(&out, AVP_DISCONNECT_CAUSE, 0);
        break;
    case 3:
        begin(&out, PROXIABLE, COMMAND_ECHO, APPLICATION);
        add_text(&out, AVP_SESSION_ID, "s");
        add_unsigned(&out, AVP_RESULT_CODE, SUCCESS);
        break;
    default:
        begin_request(&out, COMMAND_ECHO);
        add_vendor_application(&out, APPLICATION);
        add_text(&out, AVP_USER_NAME, "001010123456789@ims.example.org");
        break;
    }
}

static void mutate(void)
{
    finish(&out);
    size_t length = out.writer.length;
    for (uint32_t i = 0; i <= random_below(4); i++) {
        out.octets[4 + random_below((uint32_t)length - 4)] = (uint8_t)random_below(256);
    }
    /* Lengths and flags of AVPs are where it hurts. */
    if (random_below(3) == 0) {
        size_t at = DIAMETER_HEADER_SIZE + 4 * random_below((uint32_t)(length - DIAMETER_HEADER_SIZE) / 4);
        out.octets[at] = (uint8_t)random_below(256);
        out.octets[at + 3] = (uint8_t)random_below(40);
    }
}

static bool is_alive(int descriptor)
{
    make_watchdog(&out);
    if (!send_message(descriptor, &out)) {
        return false;
    }
    while (receive_message(descriptor, &in, &in_avps, RAW_NAME, 100)) {
        if (in.header.command == COMMAND_WATCHDOG && in.header.hop_by_hop == HOP_BY_HOP) {
            return true;
        }
    }
    return false;
}

enum { MUTATIONS = 3000 };

static void test_mutated_messages(void **state)
{
    (void)state;
    int descriptor = connect_peer();
    for (int i = 0; i < MUTATIONS; i++) {
        make_one_of(random_below(8));
        mutate();
        (void)raw_send(descriptor, out.octets, out.writer.length);
        if (i % 4 == 0 && !is_alive(descriptor)) {
            close(descriptor);
            descriptor = connect_peer();
        }
    }
    close(descriptor);
    assert_serves();
}

static void test_mutated_capabilities(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        int descriptor = raw_connect(options.port);
        make_one_of(0);
        mutate();
        (void)raw_send(descriptor, out.octets, out.writer.length);
        (void)shutdown(descriptor, SHUT_WR);
        char rest[4096];
        (void)raw_receive(descriptor, rest, sizeof rest, 20);
        close(descriptor);
    }
    assert_serves();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_server(test_deep_groups),
        with_server(test_watchdog_and_goodbye),
        with_server(test_unknown_command_between_neighbours),
        with_server(test_unsolicited_answers),
        with_server(test_wrong_answers_to_watchdog),
        with_server(test_bad_capabilities),
        with_server(test_unknown_avps_in_capabilities),
        with_server(test_who_is_not_let_in),
        with_server(test_relay_is_let_in),
        with_server(test_lengths),
        with_server(test_avp_lengths),
        with_server(test_mutated_messages),
        with_server(test_mutated_capabilities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
