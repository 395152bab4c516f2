/*
 * bench_echo.c: servers that only answer, and a client that only asks: what the libraries cost by themselves.
 *
 *     bench_echo serve HTTP_PORT DIAMETER_PORT      until standard input ends
 *     bench_echo diameter DIAMETER_PORT OUTSTANDING COUNT   prints round trips a second
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/gba_avp.h"
#include "measure.h"
#include "net/diameter.h"
#include "net/http_server.h"

#define REALM  "bench.example"
#define SERVER "echo." REALM
#define CLIENT "asker." REALM

static const struct log bench_log = {.program = "bench_echo", .level = LOG_LEVEL_WARNING};

/* Serving */

static void answer_request(void *context, struct http_exchange *exchange)
{
    static const struct http_response empty = {.status = 204};
    (void)context;
    http_respond(exchange, &empty);
}

static void answer_mar(void *context, struct octets origin_host, struct octets request, struct octet_writer *answer)
{
    static const struct gba_maa refusal = {.result = GBA_RESULT_IDENTITY_UNKNOWN};
    (void)context;
    (void)origin_host;
    (void)request;
    gba_write_maa(answer, &refusal);
}

static int serve(uint16_t http_port, uint16_t diameter_port)
{
    struct http_server *http = NULL;
    struct diameter_node *node = NULL;
    char ignored[16];
    const struct http_server_config http_config = {
        .listen_address = "127.0.0.1", .listen_port = http_port, .threads = 2};
    const struct diameter_config config = {.identity = SERVER, .realm = REALM, .listen_address = "127.0.0.1",
                                           .listen_port = diameter_port, .peer_count = 1,
                                           .peers = {{.identity = CLIENT, .realm = REALM}}};
    measure_require(http_server_open(&http_config, answer_request, NULL, &bench_log, &http) == GBAU_OK, "HTTP server");
    measure_require(diameter_open(&config, &bench_log, &node) == GBAU_OK, "Diameter node");
    measure_require(diameter_serve(node, GBA_APPLICATION_ZH, GBA_COMMAND_MULTIMEDIA_AUTH, answer_mar, NULL) ==
                        GBAU_OK, "Diameter command");
    measure_require(diameter_start(node) == GBAU_OK, "Diameter start");
    puts("ready");
    fflush(stdout);
    while (read(STDIN_FILENO, ignored, sizeof ignored) > 0) {
    }
    http_server_close(http);
    diameter_close(node);
    return 0;
}

/* Asking */

struct asker {
    struct diameter_node *node;
    pthread_mutex_t mutex;
    pthread_cond_t done;
    size_t to_send;
    size_t to_receive;
    struct octets request;
};

static void on_answer(void *context, enum gbau_status status, struct octets answer);

static void ask(struct asker *asker)
{
    measure_require(diameter_request(asker->node, GBA_APPLICATION_ZH, GBA_COMMAND_MULTIMEDIA_AUTH, REALM, NULL,
                                     asker->request, 5000, on_answer, asker) == GBAU_OK, "Diameter request");
}

static void on_answer(void *context, enum gbau_status status, struct octets answer)
{
    struct asker *asker = context;
    (void)answer;
    measure_require(status == GBAU_OK, "Diameter answer");
    (void)pthread_mutex_lock(&asker->mutex);
    const int more = asker->to_send > 0;
    asker->to_send -= more ? 1 : 0;
    asker->to_receive--;
    (void)pthread_cond_signal(&asker->done);
    (void)pthread_mutex_unlock(&asker->mutex);
    if (more) {
        ask(asker);
    }
}

static void wait_for_connection(const struct diameter_node *node)
{
    for (unsigned i = 0; i < 150 && !diameter_is_connected(node, GBA_APPLICATION_ZH); i++) {
        (void)usleep(100000);
    }
    measure_require(diameter_is_connected(node, GBA_APPLICATION_ZH), "connecting by Diameter");
}

static int ask_diameter(uint16_t port, size_t outstanding, size_t count)
{
    uint8_t buffer[512];
    struct octet_writer writer = octet_writer_of(buffer, sizeof buffer);
    const struct gba_mar mar = {.impi = octets_of_text("user@" REALM)};
    struct asker asker = {.to_send = count - outstanding, .to_receive = count};
    const struct diameter_config config = {
        .identity = CLIENT, .realm = REALM, .peer_count = 1,
        .peers = {{.identity = SERVER, .realm = REALM, .address = "127.0.0.1", .port = port}}};
    gba_write_mar(&writer, &mar);
    asker.request = octets_written(&writer);
    (void)pthread_mutex_init(&asker.mutex, NULL);
    (void)pthread_cond_init(&asker.done, NULL);
    measure_require(diameter_open(&config, &bench_log, &asker.node) == GBAU_OK, "Diameter node");
    measure_require(diameter_use(asker.node, GBA_APPLICATION_ZH) == GBAU_OK, "Diameter application");
    measure_require(diameter_start(asker.node) == GBAU_OK, "Diameter start");
    wait_for_connection(asker.node);
    double start = measure_now();
    for (size_t i = 0; i < outstanding; i++) {
        ask(&asker);
    }
    (void)pthread_mutex_lock(&asker.mutex);
    while (asker.to_receive > 0) {
        (void)pthread_cond_wait(&asker.done, &asker.mutex);
    }
    (void)pthread_mutex_unlock(&asker.mutex);
    printf("%.1f\n", (double)count / (measure_now() - start));
    fflush(stdout);
    diameter_close(asker.node);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "serve") == 0) {
        return serve((uint16_t)strtoul(argv[2], NULL, 10), (uint16_t)strtoul(argv[3], NULL, 10));
    }
    measure_require(argc == 5 && strcmp(argv[1], "diameter") == 0, "usage: see the head of bench_echo.c;");
    return ask_diameter((uint16_t)strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
}
