/*
 * node_process.h: Diameter nodes for tests, each in a process of its own, as a process can have one node only.
 *
 * A node process must end by itself with exit code 0: so crashes, and with a sanitizer leaks too, are found.
 */
#ifndef TESTS_NET_NODE_PROCESS_H
#define TESTS_NET_NODE_PROCESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>

#include "net/diameter.h"
#include "net/diameter_avp.h"
#include "raw_socket.h"

enum {
    APPLICATION = 16777221,
    OTHER_APPLICATION = 16777220,
    COMMAND_ECHO = 303,
    COMMAND_SLOW = 304,
    COMMAND_EMPTY = 305,
    COMMAND_MALFORMED = 306,
    COMMAND_TOO_LONG = 307,
    COMMAND_ORIGIN = 308,
    COMMAND_BUSY = 309,
    SUCCESS = 2001
};

#define REALM       "example.org"
#define SERVER_NAME "server.example.org"
#define CLIENT_NAME "client.example.org"
#define RAW_NAME    "raw.example.org"

/* For processes without cmocka: says what is wrong and ends. */
#define check(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);                              \
            _exit(1);                                                                                                  \
        }                                                                                                              \
    } while (0)

struct node_process {
    pid_t pid;
    int control; /* the process ends its node when this is closed */
};

enum { PROCESSES_MAX = 8 };

/* The controls of all processes; a child that kept them open would keep its brothers alive. */
static int controls[PROCESSES_MAX];
static size_t control_count;

static inline void close_control(int control)
{
    close(control);
    for (size_t i = 0; i < control_count; i++) {
        if (controls[i] == control) {
            controls[i] = controls[--control_count];
        }
    }
}

/* Forks. In the child `run` is called with a descriptor that ends when the child shall end. */
static inline struct node_process start_process(void (*run)(const void *argument, int control), const void *argument)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[1]);
        while (control_count > 0) {
            close_control(controls[0]);
        }
        run(argument, ends[0]);
        exit(0);
    }
    close(ends[0]);
    assert_true(control_count < PROCESSES_MAX);
    controls[control_count++] = ends[1];
    return (struct node_process){pid, ends[1]};
}

static inline bool is_running(const struct node_process *process)
{
    return waitpid(process->pid, NULL, WNOHANG) == 0;
}

static inline void wait_for_process(const struct node_process *process)
{
    int status = -1;
    assert_int_equal(waitpid(process->pid, &status, 0), process->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static inline void end_process(struct node_process *process)
{
    close_control(process->control);
    wait_for_process(process);
}

static inline void kill_process(struct node_process *process)
{
    close_control(process->control);
    kill(process->pid, SIGKILL);
    assert_int_equal(waitpid(process->pid, NULL, 0), process->pid);
}

static inline void wait_for_control(int control)
{
    char byte;
    while (read(control, &byte, 1) > 0) {
    }
}

static inline void write_result(struct octet_writer *writer, uint32_t result)
{
    diameter_write_base_unsigned(writer, AVP_RESULT_CODE, result);
}

/* Result-Code and whatever was sent. */
static inline void serve_echo(void *context, struct octets origin_host, struct octets request,
                              struct octet_writer *answer)
{
    (void)context;
    (void)origin_host;
    write_result(answer, SUCCESS);
    octet_writer_put_octets(answer, request);
}

static inline void serve_slow(void *context, struct octets origin_host, struct octets request,
                              struct octet_writer *answer)
{
    usleep(1500000);
    serve_echo(context, origin_host, request, answer);
}

static inline void serve_nothing(void *context, struct octets origin_host, struct octets request,
                                 struct octet_writer *answer)
{
    (void)context;
    (void)origin_host;
    (void)request;
    (void)answer;
}

static inline void serve_malformed(void *context, struct octets origin_host, struct octets request,
                                   struct octet_writer *answer)
{
    (void)context;
    (void)origin_host;
    (void)request;
    octet_writer_put_text(answer, "these are no AVPs");
}

static inline void serve_too_much(void *context, struct octets origin_host, struct octets request,
                                  struct octet_writer *answer)
{
    (void)context;
    (void)origin_host;
    (void)request;
    octet_writer_fill(answer, 0, (size_t)DIAMETER_MESSAGE_MAX + 1);
}

static inline void serve_origin(void *context, struct octets origin_host, struct octets request,
                                struct octet_writer *answer)
{
    (void)context;
    (void)request;
    write_result(answer, SUCCESS);
    diameter_write_base_avp(answer, AVP_USER_NAME, origin_host);
}

static inline void serve_busy(void *context, struct octets origin_host, struct octets request,
                              struct octet_writer *answer)
{
    (void)context;
    (void)origin_host;
    (void)request;
    write_result(answer, 3004);
}

struct server_options {
    uint16_t port;
    const char *log_file; /* NULL: none */
    const char *certificate_file;
    const char *key_file;
    const char *ca_file;
};

static inline struct diameter_config server_config(const struct server_options *options)
{
    return (struct diameter_config){
        .identity = SERVER_NAME,
        .realm = REALM,
        .listen_address = "127.0.0.1",
        .listen_port = options->port,
        .peer_count = 2,
        .peers = {{.identity = CLIENT_NAME, .realm = REALM}, {.identity = RAW_NAME, .realm = REALM}},
        .certificate_file = options->certificate_file,
        .key_file = options->key_file,
        .ca_file = options->ca_file};
}

static inline void serve_all(struct diameter_node *node)
{
    static const struct {
        uint32_t command;
        diameter_handler *handler;
    } commands[] = {{COMMAND_ECHO, serve_echo},         {COMMAND_SLOW, serve_slow},
                    {COMMAND_EMPTY, serve_nothing},     {COMMAND_MALFORMED, serve_malformed},
                    {COMMAND_TOO_LONG, serve_too_much}, {COMMAND_ORIGIN, serve_origin},
                    {COMMAND_BUSY, serve_busy}};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        check(diameter_serve(node, APPLICATION, commands[i].command, commands[i].handler, NULL) == GBAU_OK);
    }
}

/* A server that answers the commands above to CLIENT_NAME and RAW_NAME until it is told to end. */
static inline void run_server(const void *argument, int control)
{
    const struct server_options *options = argument;
    FILE *stream = options->log_file == NULL ? stderr : fopen(options->log_file, "w");
    check(stream != NULL);
    static struct log log;
    log = (struct log){.stream = stream,
                       .program = "server",
                       .level = options->log_file == NULL ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG,
                       .style = LOG_STYLE_PLAIN};
    const struct diameter_config config = server_config(options);
    struct diameter_node *node = NULL;
    check(diameter_open(&config, &log, &node) == GBAU_OK);
    serve_all(node);
    check(diameter_start(node) == GBAU_OK);
    wait_for_control(control);
    diameter_close(node);
    if (options->log_file != NULL) {
        fclose(stream);
    }
}

/* Until then a client would try in vain, and try again some seconds later only. */
static inline void wait_for_listener(uint16_t port)
{
    int descriptor = -1;
    for (int i = 0; descriptor < 0 && i < 1000; i++) {
        usleep(10000);
        descriptor = raw_try_connect(port);
    }
    assert_true(descriptor >= 0);
    close(descriptor);
}

/* A client node that connects to 127.0.0.1. */
static inline struct diameter_node *open_client(const struct server_options *options)
{
    static const struct log log = {.program = "client", .level = LOG_LEVEL_ERROR, .style = LOG_STYLE_PLAIN};
    static struct log to_stderr;
    to_stderr = log;
    to_stderr.stream = stderr;
    const struct diameter_config config = {
        .identity = CLIENT_NAME,
        .realm = REALM,
        .peer_count = 1,
        .peers = {{.identity = SERVER_NAME, .realm = REALM, .address = "127.0.0.1", .port = options->port}},
        .certificate_file = options->certificate_file,
        .key_file = options->key_file,
        .ca_file = options->ca_file};
    struct diameter_node *node = NULL;
    check(diameter_open(&config, &to_stderr, &node) == GBAU_OK);
    check(diameter_use(node, APPLICATION) == GBAU_OK);
    check(diameter_start(node) == GBAU_OK);
    return node;
}

static inline bool wait_until_connected(const struct diameter_node *node, double patience)
{
    double until = seconds() + patience;
    while (!diameter_is_connected(node, APPLICATION)) {
        if (seconds() > until) {
            return false;
        }
        usleep(5000);
    }
    return true;
}

/* How a request ended. */
struct ending {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int times;
    enum gbau_status status;
    size_t length;
    uint8_t answer[DIAMETER_WIRE_MAX];
};

static inline void init_ending(struct ending *ending)
{
    memset(ending, 0, sizeof *ending);
    check(pthread_mutex_init(&ending->lock, NULL) == 0 && pthread_cond_init(&ending->changed, NULL) == 0);
}

static inline void on_ended(void *context, enum gbau_status status, struct octets answer)
{
    struct ending *ending = context;
    pthread_mutex_lock(&ending->lock);
    ending->times++;
    ending->status = status;
    ending->length = answer.length;
    if (answer.length > 0) {
        memcpy(ending->answer, answer.data, answer.length);
    }
    pthread_cond_broadcast(&ending->changed);
    pthread_mutex_unlock(&ending->lock);
}

static inline struct octets wait_for_ending(struct ending *ending)
{
    pthread_mutex_lock(&ending->lock);
    while (ending->times == 0) {
        pthread_cond_wait(&ending->changed, &ending->lock);
    }
    pthread_mutex_unlock(&ending->lock);
    return octets_of(ending->answer, ending->length);
}

/* One request and its end. */
static inline enum gbau_status ask(struct diameter_node *node, uint32_t command, struct octets request,
                                   struct ending *ending)
{
    init_ending(ending);
    enum gbau_status status =
        diameter_request(node, APPLICATION, command, REALM, NULL, request, 5000, on_ended, ending);
    if (status != GBAU_OK) {
        return status;
    }
    (void)wait_for_ending(ending);
    return ending->status;
}

#endif
