/* test_diameter.c: two Diameter nodes and all the ways in which a request between them can end. */
#include "net/diameter.h"

#include <signal.h>

#include "node_process.h"

struct scenario {
    struct server_options options;
    void (*run)(struct diameter_node *node);
};

static void run_scenario(const void *argument, int control)
{
    (void)control;
    const struct scenario *scenario = argument;
    struct diameter_node *node = open_client(&scenario->options);
    check(wait_until_connected(node, 10));
    scenario->run(node);
    diameter_close(node);
}

/* Runs a scenario as a client process against a server process. */
static void with_server(void (*run)(struct diameter_node *node))
{
    const struct scenario scenario = {{.port = raw_free_port()}, run};
    struct node_process server = start_process(run_server, &scenario.options);
    wait_for_listener(scenario.options.port);
    struct node_process client = start_process(run_scenario, &scenario);
    wait_for_process(&client);
    close_control(client.control);
    end_process(&server);
}

static struct ending ending;

static void put_in_order(struct octet_writer *writer)
{
    static const uint8_t nested[] = {0, 0, 1, 10, 0x40, 0, 0, 12, 0, 0, 0x28, 0xaf};
    diameter_write_base_avp(writer, AVP_USER_NAME, octets_of_text("001010123456789@ims.example.org"));
    diameter_write_base_avp(writer, AVP_USER_NAME, octets_of_text("a!b@c"));
    diameter_write_base_avp(writer, AVP_USER_NAME, octets_of_text(""));
    diameter_write_base_avp(writer, AVP_VENDOR_SPECIFIC_APPLICATION_ID, octets_of(nested, sizeof nested));
    const struct diameter_avp avps[] = {
        {.code = 612, .flags = 0xc0, .vendor = 10415, .data = octets_of_text("SIP data, 3 octets over")},
        {.code = 99999, .flags = 0x40, .data = octets_of_text("unknown and mandatory")},
        {.code = 99999, .flags = 0xc0, .vendor = 4711, .data = {NULL, 0}},
        {.code = 263, .flags = 0xc0, .vendor = 10415, .data = octets_of_text("no Session-Id")},
        {.code = 99999, .flags = 0, .data = octets_of("\0\0\0", 3)},
    };
    for (size_t i = 0; i < sizeof avps / sizeof avps[0]; i++) {
        diameter_write_avp(writer, &avps[i]);
    }
}

/* The handler sees what was sent, octet for octet, and so does the requester. */
static void scenario_round_trip(struct diameter_node *node)
{
    uint8_t octets[4096];
    struct octet_writer request = octet_writer_of(octets, sizeof octets);
    put_in_order(&request);
    check(ask(node, COMMAND_ECHO, octets_written(&request), &ending) == GBAU_OK);
    uint8_t expected_octets[4096];
    struct octet_writer expected = octet_writer_of(expected_octets, sizeof expected_octets);
    write_result(&expected, SUCCESS);
    octet_writer_put_octets(&expected, octets_written(&request));
    check(octets_equal(octets_of(ending.answer, ending.length), octets_written(&expected)));
    check(ending.times == 1);
}

static void scenario_origin(struct diameter_node *node)
{
    uint8_t expected_octets[128];
    struct octet_writer expected = octet_writer_of(expected_octets, sizeof expected_octets);
    write_result(&expected, SUCCESS);
    diameter_write_base_avp(&expected, AVP_USER_NAME, octets_of_text(CLIENT_NAME));
    check(ask(node, COMMAND_ORIGIN, (struct octets){NULL, 0}, &ending) == GBAU_OK);
    check(octets_equal(octets_of(ending.answer, ending.length), octets_written(&expected)));
}

static void scenario_large(struct diameter_node *node)
{
    static uint8_t octets[DIAMETER_MESSAGE_MAX];
    static uint8_t filling[DIAMETER_MESSAGE_MAX - 32];
    memset(filling, 'x', sizeof filling);
    struct octet_writer request = octet_writer_of(octets, sizeof octets);
    diameter_write_base_avp(&request, AVP_USER_NAME, octets_of(filling, sizeof filling));
    check(!request.failed);
    check(ask(node, COMMAND_ECHO, octets_written(&request), &ending) == GBAU_OK);
    check(ending.length == request.length + 12);
    check(ask(node, COMMAND_ECHO, octets_of(octets, (size_t)DIAMETER_MESSAGE_MAX + 1), &ending) == GBAU_E_SPACE);
}

static void expect_result(struct diameter_node *node, uint32_t command, uint32_t result)
{
    check(ask(node, command, (struct octets){NULL, 0}, &ending) == GBAU_OK);
    check(diameter_find_result_code(octets_of(ending.answer, ending.length)) == result);
    check(ending.times == 1);
}

static void scenario_bad_handlers(struct diameter_node *node)
{
    expect_result(node, COMMAND_EMPTY, 5012);
    expect_result(node, COMMAND_MALFORMED, 5012);
    expect_result(node, COMMAND_TOO_LONG, 5012);
    expect_result(node, COMMAND_BUSY, 3004);
    expect_result(node, 4711, 3001);
    expect_result(node, COMMAND_ECHO, SUCCESS);
}

static void scenario_destinations(struct diameter_node *node)
{
    const struct octets nothing = {NULL, 0};
    static const struct {
        const char *realm;
        const char *host;
        enum gbau_status status;
    } cases[] = {{REALM, SERVER_NAME, GBAU_OK},
                 {"EXAMPLE.org", "Server.Example.Org", GBAU_OK},
                 {REALM, "other.example.org", GBAU_E_UNREACHABLE},
                 {"elsewhere.org", NULL, GBAU_E_UNREACHABLE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        init_ending(&ending);
        check(diameter_request(node, APPLICATION, COMMAND_ECHO, cases[i].realm, cases[i].host, nothing, 3000, on_ended,
                               &ending) == GBAU_OK);
        (void)wait_for_ending(&ending);
        check(ending.status == cases[i].status);
    }
}

static void scenario_bad_arguments(struct diameter_node *node)
{
    static const uint8_t cut[] = {0, 0, 0, 1, 0x40, 0, 0, 13, 'a'};
    static const uint8_t zero[] = {0, 0, 0, 1, 0x40, 0, 0, 0};
    char long_name[400];
    memset(long_name, 'a', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    const struct octets nothing = {NULL, 0};
    check(ask(node, COMMAND_ECHO, octets_of(cut, sizeof cut), &ending) == GBAU_E_MALFORMED);
    check(ask(node, COMMAND_ECHO, octets_of(zero, sizeof zero), &ending) == GBAU_E_MALFORMED);
    check(diameter_request(node, APPLICATION, COMMAND_ECHO, NULL, NULL, nothing, 1, on_ended, &ending) ==
          GBAU_E_ARGUMENT);
    check(diameter_request(node, APPLICATION, COMMAND_ECHO, long_name, NULL, nothing, 1, on_ended, &ending) ==
          GBAU_E_ARGUMENT);
    check(diameter_request(node, APPLICATION, COMMAND_ECHO, REALM, long_name, nothing, 1, on_ended, &ending) ==
          GBAU_E_ARGUMENT);
    check(diameter_request(node, OTHER_APPLICATION, COMMAND_ECHO, REALM, NULL, nothing, 1, on_ended, &ending) ==
          GBAU_E_UNREACHABLE);
    check(!diameter_is_connected(node, OTHER_APPLICATION));
    check(diameter_use(node, OTHER_APPLICATION) == GBAU_E_ARGUMENT);
    check(diameter_start(node) == GBAU_E_ARGUMENT);
    usleep(50000);
    check(ending.times == 0);
}

static void scenario_timeout(struct diameter_node *node)
{
    const struct octets nothing = {NULL, 0};
    init_ending(&ending);
    double start = seconds();
    check(diameter_request(node, APPLICATION, COMMAND_SLOW, REALM, NULL, nothing, 200, on_ended, &ending) == GBAU_OK);
    (void)wait_for_ending(&ending);
    check(ending.status == GBAU_E_TIMEOUT);
    check(seconds() - start > 0.15 && seconds() - start < 1.2);
    /* The answer comes afterwards, and once freeDiameter has forgotten the request another one. */
    usleep(1800000);
    check(ending.times == 1);
    static struct ending second;
    check(ask(node, COMMAND_ECHO, nothing, &second) == GBAU_OK);
    usleep(800000);
    check(ending.times == 1);
}

/* Requests that are told apart by what is in them. */
enum { MANY = 1000 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int ended;
    int succeeded;
    int times[MANY];
} many = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void on_one_of_many(void *context, enum gbau_status status, struct octets answer)
{
    const uintptr_t number = (uintptr_t)context;
    struct octet_reader reader = octet_reader_of(answer);
    struct diameter_avp avp;
    bool is_right = false;
    while (diameter_next_avp(&reader, &avp)) {
        is_right |= diameter_avp_is(&avp, AVP_USER_NAME) && diameter_avp_unsigned(&avp) == number;
    }
    pthread_mutex_lock(&many.lock);
    many.ended++;
    many.times[number]++;
    many.succeeded += status == GBAU_OK && is_right;
    pthread_cond_broadcast(&many.changed);
    pthread_mutex_unlock(&many.lock);
}

static void *send_quarter(void *argument)
{
    struct diameter_node *node = argument;
    static atomic_int next;
    int number;
    while ((number = atomic_fetch_add(&next, 1)) < MANY) {
        uint8_t octets[32];
        struct octet_writer request = octet_writer_of(octets, sizeof octets);
        diameter_write_base_unsigned(&request, AVP_USER_NAME, (uint32_t)number);
        check(diameter_request(node, APPLICATION, COMMAND_ECHO, REALM, NULL, octets_written(&request), 20000,
                               on_one_of_many, (void *)(uintptr_t)number) == GBAU_OK);
    }
    return NULL;
}

static void scenario_many(struct diameter_node *node)
{
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        check(pthread_create(&threads[i], NULL, send_quarter, node) == 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_mutex_lock(&many.lock);
    while (many.ended < MANY) {
        pthread_cond_wait(&many.changed, &many.lock);
    }
    pthread_mutex_unlock(&many.lock);
    check(many.succeeded == MANY);
    for (size_t i = 0; i < MANY; i++) {
        check(many.times[i] == 1);
    }
}

static void on_counted(void *context, enum gbau_status status, struct octets answer)
{
    (void)answer;
    atomic_int *counts = context;
    atomic_fetch_add(&counts[status], 1);
}

/* More than freeDiameter's queues hold, against a server that takes its time; then the node is closed. */
static void scenario_close_with_outstanding(struct diameter_node *node)
{
    static atomic_int counts[GBAU_STATUS_COUNT];
    int accepted = 0;
    int busy = 0;
    for (int i = 0; i < DIAMETER_MAX_OUTSTANDING + 100; i++) {
        enum gbau_status status = diameter_request(node, APPLICATION, COMMAND_SLOW, REALM, NULL,
                                                   (struct octets){NULL, 0}, 60000, on_counted, counts);
        accepted += status == GBAU_OK;
        busy += status == GBAU_E_BUSY;
    }
    check(accepted >= DIAMETER_MAX_OUTSTANDING && busy > 0 && accepted + busy == DIAMETER_MAX_OUTSTANDING + 100);
    double start = seconds();
    diameter_close(node);
    check(seconds() - start < 10);
    int ended = 0;
    for (size_t i = 0; i < GBAU_STATUS_COUNT; i++) {
        ended += counts[i];
    }
    check(ended == accepted);
    check(counts[GBAU_OK] + counts[GBAU_E_UNREACHABLE] == accepted);
    check(counts[GBAU_E_UNREACHABLE] > DIAMETER_MAX_OUTSTANDING / 2);
    exit(0);
}

static struct diameter_node *chain_node;
static atomic_int chain_left = 200;

/* Completions may send the next request. */
static void on_link_of_chain(void *context, enum gbau_status status, struct octets answer)
{
    (void)answer;
    check(status == GBAU_OK);
    if (atomic_fetch_sub(&chain_left, 1) > 1) {
        check(diameter_request(chain_node, APPLICATION, COMMAND_ECHO, REALM, NULL, (struct octets){NULL, 0}, 5000,
                               on_link_of_chain, context) == GBAU_OK);
    }
}

static void scenario_chain(struct diameter_node *node)
{
    chain_node = node;
    check(diameter_request(node, APPLICATION, COMMAND_ECHO, REALM, NULL, (struct octets){NULL, 0}, 5000,
                           on_link_of_chain, NULL) == GBAU_OK);
    double until = seconds() + 10;
    while (atomic_load(&chain_left) > 0 && seconds() < until) {
        usleep(1000);
    }
    check(atomic_load(&chain_left) == 0);
}

#define scenario_test(name)                                                                                            \
    static void test_##name(void **state)                                                                              \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        with_server(scenario_##name);                                                                                  \
    }

scenario_test(round_trip) scenario_test(origin) scenario_test(large) scenario_test(bad_handlers)
    scenario_test(destinations) scenario_test(bad_arguments) scenario_test(timeout) scenario_test(many)
        scenario_test(close_with_outstanding) scenario_test(chain)

    /* A client that sees its server come, die, and come back. The parent plays the server's fate by control octets. */
    static void run_patient_client(const void *argument, int control)
{
    const struct server_options *options = argument;
    struct diameter_node *node = open_client(options);
    const struct octets nothing = {NULL, 0};
    init_ending(&ending);
    check(diameter_request(node, APPLICATION, COMMAND_ECHO, REALM, NULL, nothing, 100, on_ended, &ending) ==
          GBAU_E_UNREACHABLE);
    char octet;
    check(read(control, &octet, 1) == 1); /* the server is there */
    check(wait_until_connected(node, 10));
    check(ask(node, COMMAND_ECHO, nothing, &ending) == GBAU_OK);

    static atomic_int counts[GBAU_STATUS_COUNT];
    for (int i = 0; i < 100; i++) {
        check(diameter_request(node, APPLICATION, COMMAND_SLOW, REALM, NULL, nothing, 3000, on_counted, counts) ==
              GBAU_OK);
    }
    check(read(control, &octet, 1) == 1); /* it was killed */
    double until = seconds() + 6;
    int ended = 0;
    while (ended < 100 && seconds() < until) {
        usleep(10000);
        ended = counts[GBAU_OK] + counts[GBAU_E_UNREACHABLE] + counts[GBAU_E_TIMEOUT];
    }
    check(ended == 100);
    check(read(control, &octet, 1) == 1); /* it is back */
    check(wait_until_connected(node, 12));
    check(ask(node, COMMAND_ECHO, nothing, &ending) == GBAU_OK);
    wait_for_control(control);
    diameter_close(node);
}

static void tell(const struct node_process *process)
{
    assert_int_equal(write(process->control, "x", 1), 1);
}

static void test_server_comes_and_goes(void **state)
{
    (void)state;
    struct server_options options = {.port = raw_free_port()};
    struct node_process client = start_process(run_patient_client, &options);
    usleep(300000);
    struct node_process server = start_process(run_server, &options);
    tell(&client);
    usleep(5500000);
    kill_process(&server);
    tell(&client);
    usleep(500000);
    server = start_process(run_server, &options);
    tell(&client);
    end_process(&client);
    end_process(&server);
}

static void run_second_open(const void *argument, int control)
{
    (void)control;
    const struct server_options *options = argument;
    struct diameter_config config = server_config(options);
    config.worker_threads = 200; /* freeDiameter would abort over more than 20 when it ends */
    struct diameter_node *node = NULL;
    struct diameter_node *second = NULL;
    check(diameter_open(&config, NULL, &node) == GBAU_OK);
    check(diameter_open(&config, NULL, &second) == GBAU_E_BUSY);
    check(diameter_start(node) == GBAU_E_ARGUMENT); /* without any application */
    check(diameter_serve(node, APPLICATION, COMMAND_ECHO, serve_echo, NULL) == GBAU_OK);
    check(diameter_serve(node, APPLICATION, COMMAND_ECHO, serve_echo, NULL) == GBAU_E_EXISTS);
    check(diameter_serve(node, 0, COMMAND_ECHO, serve_echo, NULL) == GBAU_E_ARGUMENT);
    check(!diameter_is_connected(node, APPLICATION));
    for (uint32_t i = 1; i < DIAMETER_MAX_COMMANDS; i++) {
        check(diameter_serve(node, APPLICATION + i % 3, COMMAND_ECHO + i, serve_echo, NULL) == GBAU_OK);
    }
    check(diameter_serve(node, APPLICATION, 4711, serve_echo, NULL) == GBAU_E_LIMIT);
    diameter_close(node);
    check(diameter_open(&config, NULL, &second) == GBAU_E_BUSY);
}

static void test_one_node_in_a_process(void **state)
{
    (void)state;
    struct server_options options = {.port = raw_free_port()};
    struct node_process process = start_process(run_second_open, &options);
    end_process(&process);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_origin),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_bad_handlers),
        cmocka_unit_test(test_destinations),
        cmocka_unit_test(test_bad_arguments),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_close_with_outstanding),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_server_comes_and_goes),
        cmocka_unit_test(test_one_node_in_a_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
