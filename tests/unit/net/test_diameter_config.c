/* test_diameter_config.c: configurations that are refused, where a node listens, and TLS between nodes. */
#include <ifaddrs.h>
#include <signal.h>
#include <sys/stat.h>

#include "node_process.h"

static char directory[] = "/tmp/gbau-config-XXXXXX";

static const struct diameter_config good = {.identity = SERVER_NAME,
                                            .realm = REALM,
                                            .listen_address = "127.0.0.1",
                                            .listen_port = 1,
                                            .peer_count = 1,
                                            .peers = {{.identity = CLIENT_NAME, .address = "127.0.0.1", .port = 1}}};

/* What is wrong with a configuration is found before freeDiameter begins: so many can be tried in one process. */
static void refuse(const struct diameter_config *config)
{
    struct diameter_node *node = NULL;
    assert_status(diameter_open(config, NULL, &node), GBAU_E_CONFIGURATION);
    assert_null(node);
}

static void test_identities(void **state)
{
    (void)state;
    char long_name[300];
    memset(long_name, 'a', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    const char *const bad[] = {NULL, "", "with space.org", "quote\".org", "line\n.org", "a;b", long_name};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct diameter_config config = good;
        config.listen_port = raw_free_port();
        config.identity = bad[i];
        refuse(&config);
        config.identity = SERVER_NAME;
        config.realm = bad[i];
        refuse(&config);
        config.realm = REALM;
        config.peers[0].identity = bad[i];
        refuse(&config);
        if (bad[i] != NULL) {
            config.peers[0].identity = CLIENT_NAME;
            config.peers[0].realm = bad[i];
            refuse(&config);
        }
    }
}

static void test_peers(void **state)
{
    (void)state;
    struct diameter_config config = good;
    config.listen_port = raw_free_port();
    config.peers[0].identity = "SERVER.example.org";
    refuse(&config);
    config.peers[0].identity = CLIENT_NAME;
    config.peer_count = 2;
    config.peers[1] = (struct diameter_peer){.identity = "Client.Example.org"};
    refuse(&config);
    config.peer_count = 1;
    config.peers[0].port = 0;
    refuse(&config);
    config.peers[0].port = 1;
    config.peer_count = DIAMETER_MAX_PEERS + 1;
    refuse(&config);
    config.peer_count = 1;
    config.worker_threads = 256;
    refuse(&config);
}

static void test_listen_addresses(void **state)
{
    (void)state;
    struct diameter_config config = good;
    static const char *const bad[] = {"", "localhost", "127.0.0.1:3868", "256.0.0.1", "192.0.2.1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        config.listen_port = raw_free_port();
        config.listen_address = bad[i];
        refuse(&config);
    }
    config.listen_address = "127.0.0.1";
    config.listen_port = 0;
    refuse(&config);
    int taken = raw_listen(&config.listen_port);
    refuse(&config);
    close(taken);
}

static void test_tls_files(void **state)
{
    (void)state;
    struct diameter_config config = good;
    config.listen_port = raw_free_port();
    config.certificate_file = "/dev/null";
    refuse(&config);
    config.key_file = "/dev/null";
    refuse(&config);
    config.ca_file = "/nonexistent";
    refuse(&config);
    config.ca_file = "/tmp/quote\".pem";
    refuse(&config);
}

/* Files that are there but hold nothing: freeDiameter finds out, and the node ends in order. */
static void run_empty_files(const void *argument, int control)
{
    (void)argument;
    (void)control;
    struct diameter_config config = good;
    config.listen_port = 1 + 40000;
    config.listen_address = NULL;
    config.certificate_file = config.key_file = config.ca_file = "/dev/null";
    struct diameter_node *node = NULL;
    check(diameter_open(&config, NULL, &node) == GBAU_E_CONFIGURATION);
    check(node == NULL);
}

static void run_unknown_address(const void *argument, int control)
{
    (void)argument;
    (void)control;
    struct diameter_config config = good;
    config.listen_address = NULL;
    config.peers[0].address = "no-such-host.invalid";
    struct diameter_node *node = NULL;
    check(diameter_open(&config, NULL, &node) == GBAU_OK);
    check(diameter_use(node, APPLICATION) == GBAU_OK);
    check(diameter_start(node) == GBAU_E_CONFIGURATION);
    diameter_close(node);
}

static void run_to_end(void (*run)(const void *, int))
{
    struct node_process process = start_process(run, NULL);
    end_process(&process);
}

static void test_empty_tls_files(void **state)
{
    (void)state;
    run_to_end(run_empty_files);
}

static void test_unknown_peer_address(void **state)
{
    (void)state;
    run_to_end(run_unknown_address);
}

/* An address of this machine other than loopback; false when there is none. */
static bool find_other_address(struct sockaddr_in *address)
{
    struct ifaddrs *all = NULL;
    bool found = false;
    if (getifaddrs(&all) != 0) {
        return false;
    }
    for (const struct ifaddrs *one = all; one != NULL && !found; one = one->ifa_next) {
        if (one->ifa_addr != NULL && one->ifa_addr->sa_family == AF_INET) {
            memcpy(address, one->ifa_addr, sizeof *address);
            found = (ntohl(address->sin_addr.s_addr) >> 24) != 127;
        }
    }
    freeifaddrs(all);
    return found;
}

/* The directive of freeDiameter's that should do this listens everywhere when it is told to listen on loopback. */
static void test_listens_only_where_told(void **state)
{
    (void)state;
    struct server_options options = {.port = raw_free_port()};
    struct node_process server = start_process(run_server, &options);
    wait_for_listener(options.port);
    struct sockaddr_in others[2] = {loopback(options.port)};
    others[0].sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
    size_t count = find_other_address(&others[1]) ? 2 : 1;
    others[1].sin_port = htons(options.port);
    for (size_t i = 0; i < count; i++) {
        int descriptor = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_not_equal(connect(descriptor, (struct sockaddr *)&others[i], sizeof others[i]), 0);
        close(descriptor);
    }
    end_process(&server);
}

static void in_directory(char *path, size_t capacity, const char *name)
{
    assert_true((size_t)snprintf(path, capacity, "%s/%s", directory, name) < capacity);
}

static void shell(const char *command)
{
    char line[1024];
    assert_true((size_t)snprintf(line, sizeof line, "cd %s && { %s; } >log 2>&1", directory, command) < sizeof line);
    if (system(line) != 0) {
        fail_msg("this failed: %s", line);
    }
}

/* A certificate for `name` from the authority `ca`. */
static void make_certificate(const char *ca, const char *name)
{
    char command[768];
    assert_true((size_t)snprintf(command, sizeof command,
                                 "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=%s "
                                 "-keyout %s.key -out %s.csr && printf subjectAltName=DNS:%s >ext && "
                                 "openssl x509 -req -in %s.csr -CA %s.pem -CAkey %s.key -CAcreateserial -days 2 "
                                 "-extfile ext -out %s.pem",
                                 name, name, name, name, name, ca, ca, name) < sizeof command);
    shell(command);
}

static int make_authorities(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(directory));
    static const char *const names[] = {"ca", "other"};
    for (size_t i = 0; i < 2; i++) {
        char command[256];
        (void)snprintf(command, sizeof command,
                       "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=%s "
                       "-keyout %s.key -out %s.pem",
                       names[i], names[i], names[i]);
        shell(command);
    }
    make_certificate("ca", SERVER_NAME);
    make_certificate("ca", CLIENT_NAME);
    make_certificate("other", "mallory.example.org");
    return 0;
}

static int remove_authorities(void **state)
{
    (void)state;
    char command[64];
    (void)snprintf(command, sizeof command, "rm -r %s", directory);
    return system(command);
}

struct tls_case {
    struct server_options options;
    bool connects;
};

static void run_tls_client(const void *argument, int control)
{
    (void)control;
    const struct tls_case *one = argument;
    struct diameter_node *node = open_client(&one->options);
    check(wait_until_connected(node, one->connects ? 12 : 5) == one->connects);
    static struct ending ending;
    if (one->connects) {
        check(ask(node, COMMAND_ECHO, (struct octets){NULL, 0}, &ending) == GBAU_OK);
        check(diameter_find_result_code(octets_of(ending.answer, ending.length)) == SUCCESS);
    }
    diameter_close(node);
}

static void try_tls(const char *client_name, const char *client_ca, bool server_has_tls, bool connects)
{
    static char files[5][128];
    in_directory(files[0], sizeof files[0], SERVER_NAME ".pem");
    in_directory(files[1], sizeof files[1], SERVER_NAME ".key");
    in_directory(files[2], sizeof files[2], "ca.pem");
    struct server_options options = {.port = raw_free_port()};
    struct tls_case one = {options, connects};
    if (server_has_tls) {
        options.certificate_file = files[0];
        options.key_file = files[1];
        options.ca_file = files[2];
    }
    if (client_name != NULL) {
        (void)snprintf(files[3], sizeof files[3], "%s/%s.pem", directory, client_name);
        (void)snprintf(files[4], sizeof files[4], "%s/%s.key", directory, client_name);
        static char ca[128];
        in_directory(ca, sizeof ca, client_ca);
        one.options.certificate_file = files[3];
        one.options.key_file = files[4];
        one.options.ca_file = ca;
    }
    struct node_process server = start_process(run_server, &options);
    wait_for_listener(options.port);
    struct node_process client = start_process(run_tls_client, &one);
    end_process(&client);
    end_process(&server);
}

static void test_tls(void **state)
{
    (void)state;
    try_tls(CLIENT_NAME, "ca.pem", true, true);
}

static void test_plain_client_of_tls_server(void **state)
{
    (void)state;
    try_tls(NULL, NULL, true, false);
}

static void test_tls_client_of_plain_server(void **state)
{
    (void)state;
    try_tls(CLIENT_NAME, "ca.pem", false, false);
}

/* Each node checks its own certificate when it starts: the name must be its own and the authority its own. */
static void run_mismatch(const void *argument, int control)
{
    (void)argument;
    (void)control;
    static char files[3][128];
    in_directory(files[0], sizeof files[0], "mallory.example.org.pem");
    in_directory(files[1], sizeof files[1], "mallory.example.org.key");
    in_directory(files[2], sizeof files[2], "ca.pem");
    struct diameter_config config = good;
    config.listen_address = NULL;
    config.certificate_file = files[0];
    config.key_file = files[1];
    config.ca_file = files[2];
    struct diameter_node *node = NULL;
    check(diameter_open(&config, NULL, &node) == GBAU_E_CONFIGURATION);
}

static void test_certificate_of_another(void **state)
{
    (void)state;
    run_to_end(run_mismatch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identities),
        cmocka_unit_test(test_peers),
        cmocka_unit_test(test_listen_addresses),
        cmocka_unit_test(test_tls_files),
        cmocka_unit_test(test_empty_tls_files),
        cmocka_unit_test(test_unknown_peer_address),
        cmocka_unit_test(test_listens_only_where_told),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_plain_client_of_tls_server),
        cmocka_unit_test(test_tls_client_of_plain_server),
        cmocka_unit_test(test_certificate_of_another),
    };
    return cmocka_run_group_tests(tests, make_authorities, remove_authorities);
}
