/*
 * bench_bootstrap.c: the client side of the load: threads that bootstrap, or that send empty requests.
 *
 *     bench_bootstrap bootstrap URL COUNT CARD...   each card in a thread of its own, COUNT runs each
 *     bench_bootstrap http URL COUNT THREADS        COUNT empty GETs in each thread
 *
 * Prints the rate a second; time begins when all threads have opened what they need.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/openssl.h"
#include "me/bootstrapping.h"
#include "me/usim.h"
#include "measure.h"
#include "net/http_client.h"
#include "reader/card_image.h"
#include "reader/reader.h"

enum { THREADS_MAX = 64 };

static const struct log bench_log = {.program = "bench_bootstrap", .level = LOG_LEVEL_WARNING};

struct worker {
    pthread_t thread;
    const char *url;
    const char *card; /* NULL: empty requests */
    size_t count;
    pthread_barrier_t *ready;
    double began;
};

static struct http_client *open_client(void)
{
    static const struct http_client_config config;
    struct http_client *client = NULL;
    measure_require(http_client_open(&config, &bench_log, &client) == GBAU_OK, "opening an HTTP client");
    return client;
}

/* Waits for the others. */
static void begin(struct worker *worker)
{
    (void)pthread_barrier_wait(worker->ready);
    worker->began = measure_now();
}

static void *run_bootstraps(void *context)
{
    struct worker *worker = context;
    struct crypto crypto;
    struct reader *reader = NULL;
    struct usim usim;
    struct bootstrapping done;
    struct http_client *http = open_client();
    measure_require(crypto_openssl_open(&crypto) == GBAU_OK, "libcrypto");
    measure_require(reader_open(worker->card, &bench_log, &reader) == GBAU_OK, "opening a card");
    measure_require(usim_open(&usim, reader, NULL, &bench_log) == GBAU_OK, "opening a USIM");
    const struct bootstrapping_request request = {
        .usim = &usim, .http = http, .crypto = &crypto, .log = &bench_log, .bsf_url = worker->url};
    begin(worker);
    for (size_t i = 0; i < worker->count; i++) {
        measure_require(bootstrapping_run(&request, &done) == GBAU_OK, "bootstrapping");
    }
    usim_close(&usim);
    reader_close(reader);
    crypto_openssl_close(&crypto);
    http_client_close(http);
    return NULL;
}

static void *run_requests(void *context)
{
    struct worker *worker = context;
    struct http_client *http = open_client();
    const struct http_client_request request = {.method = "GET", .url = worker->url};
    begin(worker);
    for (size_t i = 0; i < worker->count; i++) {
        struct http_answer answer = {0};
        measure_require(http_client_exchange(http, &request, &answer) == GBAU_OK, "HTTP request");
        http_answer_clear(&answer);
    }
    http_client_close(http);
    return NULL;
}

int main(int argc, char **argv)
{
    struct worker workers[THREADS_MAX];
    pthread_barrier_t ready;
    measure_require(argc >= 5, "usage: see the head of bench_bootstrap.c;");
    const int with_cards = strcmp(argv[1], "bootstrap") == 0;
    const size_t threads = with_cards ? (size_t)argc - 4 : strtoul(argv[4], NULL, 10);
    const size_t count = strtoul(argv[3], NULL, 10);
    measure_require(threads >= 1 && threads <= THREADS_MAX && count >= 1, "reading the arguments");
    (void)pthread_barrier_init(&ready, NULL, (unsigned)threads);
    for (size_t i = 0; i < threads; i++) {
        workers[i] = (struct worker){
            .url = argv[2], .card = with_cards ? argv[4 + i] : NULL, .count = count, .ready = &ready};
        measure_require(pthread_create(&workers[i].thread, NULL, with_cards ? run_bootstraps : run_requests,
                                       &workers[i]) == 0, "starting a thread");
    }
    for (size_t i = 0; i < threads; i++) {
        (void)pthread_join(workers[i].thread, NULL);
    }
    const double end = measure_now();
    double began = end;
    for (size_t i = 0; i < threads; i++) {
        began = workers[i].began < began ? workers[i].began : began;
    }
    printf("%.1f\n", (double)(threads * count) / (end - began));
    (void)pthread_barrier_destroy(&ready);
    return 0;
}
