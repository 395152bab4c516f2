/* demo.c: gbau demo: sets the scene for the story of GBA_U, lets it happen, and clears everything away. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/secret.h"
#include "cli/demo_provision.h"
#include "cli/demo_story.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/verbs.h"
#include "crypto/openssl.h"

#define DEFAULT_OUTPUT "build/demo"

enum { EXIT_SIGNALLED = 128 };

/* Everything that is open while the demo runs. */
struct demo {
    struct timespec start;
    struct demo_places places;
    struct demo_processes processes;
    struct demo_ports ports;
    struct demo_trace *trace;
    struct crypto crypto;
    char pin[DEMO_PIN_SIZE];
    struct demo_story story;
};

static unsigned milliseconds_of(const struct demo *demo)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (unsigned)((now.tv_sec - demo->start.tv_sec) * 1000 + (now.tv_nsec - demo->start.tv_nsec) / 1000000);
}

/* Preparing */

/*
 * Each daemon is started when the one that it connects to listens: a Diameter node whose first try fails takes seconds
 * to the next. The ready line does not tell that for Diameter; the port does.
 */
static const struct {
    enum demo_daemon which;
    const char *ready;   /* in its log */
    enum demo_link link; /* whose server it is that the next daemon needs */
} start_order[] = {
    {DEMO_HSS, "gbau-hss: ready", DEMO_LINK_ZH},
    {DEMO_BSF, "gbau-bsf: ready", DEMO_LINK_ZN},
    {DEMO_NAF, "gbau-naf: ready", DEMO_LINK_UA},
};

static const struct {
    enum demo_daemon which;
    const char *connected;
} connections[] = {
    {DEMO_BSF, "connected with " DEMO_HSS_IDENTITY},
    {DEMO_NAF, "connected with " DEMO_BSF_IDENTITY},
};

/* Says what a daemon did not do, and remembers whose log tells why. */
static enum gbau_status explain_wait(struct demo *demo, enum demo_daemon which, enum gbau_status status,
                                     const char *what)
{
    const struct demo_process *process = &demo->processes.each[which];
    if (status == GBAU_OK || demo->processes.received_signal != 0) {
        return status;
    }
    demo->story.culprit = process;
    log_error(&cli_log, "%s %s it was %s", process->name,
              status == GBAU_E_TIMEOUT ? "took more than ten seconds until" : "ended before", what);
    return status;
}

static enum gbau_status start_daemon(struct demo *demo, size_t order)
{
    const enum demo_daemon which = start_order[order].which;
    enum gbau_status status = demo_processes_start(&demo->processes, which, &demo->places);
    if (status != GBAU_OK) {
        return status;
    }
    status = demo_processes_await(&demo->processes, which, start_order[order].ready);
    if (status == GBAU_OK) {
        status = demo_processes_await_port(&demo->processes, which, demo->ports.ports[start_order[order].link]);
    }
    status = explain_wait(demo, which, status, "ready");
    if (status == GBAU_OK) {
        demo_story_announce(&demo->story, "%s is ready", demo->processes.each[which].name);
    }
    return status;
}

static enum gbau_status await_connection(struct demo *demo, size_t connection)
{
    const enum demo_daemon which = connections[connection].which;
    enum gbau_status status = demo_processes_await(&demo->processes, which, connections[connection].connected);
    return explain_wait(demo, which, status, "connected by Diameter");
}

static enum gbau_status start_daemons(struct demo *demo)
{
    enum gbau_status status = GBAU_OK;
    for (size_t i = 0; i < sizeof start_order / sizeof start_order[0] && status == GBAU_OK; i++) {
        status = start_daemon(demo, i);
    }
    if (status == GBAU_OK) {
        demo_story_announce(&demo->story, "connecting them by Diameter, which may take five seconds");
    }
    for (size_t i = 0; i < sizeof connections / sizeof connections[0] && status == GBAU_OK; i++) {
        status = await_connection(demo, i);
    }
    return status;
}

static enum gbau_status prepare(struct demo *demo, const char *output)
{
    enum gbau_status status = demo_processes_open(&demo->processes);
    if (status == GBAU_OK) {
        status = demo_places_open(&demo->places, output);
    }
    if (status == GBAU_OK) {
        status = crypto_openssl_open(&demo->crypto);
    }
    if (status == GBAU_OK) {
        status = demo_provision_subscriber(&demo->places, &demo->crypto, demo->pin);
    }
    if (status == GBAU_OK) {
        status = demo_ports_open(&demo->ports);
    }
    if (status == GBAU_OK) {
        status = demo_trace_open(&demo->places, demo->ports.ports, &demo->trace);
    }
    if (status == GBAU_OK) {
        status = demo_provision_daemons(&demo->places, &demo->ports, demo->trace);
    }
    return status == GBAU_OK ? start_daemons(demo) : status;
}

/* Ending */

/* Ends everything, from the device inwards; the last to go are the keys. */
static enum gbau_status end(struct demo *demo)
{
    demo_story_close(&demo->story);
    demo_processes_stop(&demo->processes);
    enum gbau_status traced = demo_trace_close(demo->trace);
    demo_ports_close(&demo->ports);
    crypto_openssl_close(&demo->crypto);
    enum gbau_status removed = demo_places_close(&demo->places);
    secret_wipe(demo->pin, sizeof demo->pin);
    demo->trace = NULL;
    return traced != GBAU_OK ? traced : removed;
}

static void explain_failure(const struct demo *demo, enum gbau_status status)
{
    char where[32] = "while starting";
    if (demo->story.step > 0) {
        (void)snprintf(where, sizeof where, "in step %u", demo->story.step);
    }
    if (demo->processes.received_signal != 0) {
        fprintf(stderr, "gbau demo: interrupted %s; everything was stopped\n", where);
        return;
    }
    fprintf(stderr, "gbau demo: failed %s: %s\n", where, gbau_status_text(status));
    if (demo->story.culprit != NULL) {
        fprintf(stderr, "The log of %s is %s; it ends with:\n", demo->story.culprit->name,
                demo->story.culprit->log_path);
        demo_places_print_tail(stderr, demo->story.culprit->log_path);
    }
}

static bool tell_ending(const struct demo *demo)
{
    const char *output = demo->places.output;
    fprintf(demo->story.words,
            "\nA message sealed in the card was opened at the service, and is the same. %u.%u seconds.\n\n"
            "  %s/demo.svg     who said what to whom\n"
            "  %s/demo.pcapng  every octet of it: wireshark %s/demo.pcapng\n"
            "  %s/gbau-*.log   what the daemons had to say\n\n"
            "Card, databases and key files were removed. As there was no TLS between the operator's servers, the\n"
            "capture shows the keys that they gave each other; they are worth nothing any more.\n",
            milliseconds_of(demo) / 1000, milliseconds_of(demo) % 1000 / 100, output, output, output, output);
    return fflush(demo->story.words) == 0 && ferror(demo->story.words) == 0;
}

static bool print_report(const struct demo *demo)
{
    char path[DEMO_PATH_SIZE];
    struct report *report = report_open();
    report_add_text(report, "b_tid", demo->story.b_tid);
    report_add_text(report, "lifetime", demo->story.lifetime);
    report_add_text(report, "message", DEMO_MESSAGE);
    report_add_text(report, "opened", demo->story.opened);
    report_add_number(report, "milliseconds", milliseconds_of(demo));
    demo_places_output_path(&demo->places, "demo.pcapng", path);
    report_add_text(report, "capture", path);
    demo_places_output_path(&demo->places, "demo.svg", path);
    report_add_text(report, "diagram", path);
    return report_print(report, true);
}

static int run(struct demo *demo, const char *output, bool as_json)
{
    demo_story_announce(&demo->story, "GBA_U from the SIM to the service, on this machine's loopback interface\n");
    enum gbau_status status = prepare(demo, output);
    if (status == GBAU_OK) {
        demo->story.trace = demo->trace;
        status = demo_story_run(&demo->story);
    }
    const enum gbau_status ended = end(demo);
    status = status == GBAU_OK ? ended : status;
    if (status != GBAU_OK) {
        explain_failure(demo, status);
        const int received = demo->processes.received_signal;
        return received == 0 ? EXIT_FAILURE : EXIT_SIGNALLED + received;
    }
    const bool told = tell_ending(demo);
    return told && (!as_json || print_report(demo)) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Nothing is open yet. */
static void init(struct demo *demo, FILE *words)
{
    *demo = (struct demo){.places = DEMO_PLACES_CLOSED, .processes = DEMO_PROCESSES_CLOSED, .ports = DEMO_PORTS_CLOSED};
    demo->story = (struct demo_story){.words = words,
                                      .places = &demo->places,
                                      .processes = &demo->processes,
                                      .crypto = &demo->crypto,
                                      .pin = demo->pin};
    (void)clock_gettime(CLOCK_MONOTONIC, &demo->start);
}

int verb_demo(int argc, char **argv)
{
    const char *output = NULL;
    bool as_json = false;
    const struct option table[] = {
        {"--out", "DIR", "where capture, picture and logs go; " DEFAULT_OUTPUT " unless given", false, &output, NULL,
         NULL},
        {"--json", NULL, "print JSON: b_tid, lifetime, message, opened, milliseconds, capture, diagram", false, NULL,
         NULL, &as_json},
    };
    const struct usage usage = {
        "gbau demo",
        "",
        "Starts HSS, BSF and NAF with a new software card on loopback, lets the card seal a message and the NAF open\n"
        "it, and tells what happens. With --json the story goes to standard error. Takes some seconds, and no rights.",
        0,
        sizeof table / sizeof table[0],
        table};
    enum options_outcome outcome = options_parse(&usage, argc, argv, NULL);
    if (outcome != OPTIONS_PARSED) {
        return options_exit_status(outcome);
    }
    struct demo demo;
    init(&demo, as_json ? stderr : stdout);
    const int exit_status = run(&demo, output == NULL ? DEFAULT_OUTPUT : output, as_json);
    demo_processes_close(&demo.processes);
    secret_wipe(&demo, sizeof demo);
    return exit_status;
}
