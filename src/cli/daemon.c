/* daemon.c: what the daemons have in common. */
#include "cli/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "cli/options.h"

enum { SERVING_SIZE = 512 };

static enum gbau_status read_log(struct yaml_config *config, struct log *log)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};
    const char *level = yaml_config_text(config, "log.level", "info");
    const char *style = yaml_config_text(config, "log.style", "plain");
    log->style = strcmp(style, "json") == 0 ? LOG_STYLE_JSON : LOG_STYLE_DAEMON;
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strcmp(level, levels[i]) == 0) {
            log->level = (enum log_level)i;
            return GBAU_OK;
        }
    }
    log_error(log, "log.level: '%s' is none of error, warning, info, debug", level);
    return GBAU_E_CONFIGURATION;
}

static enum gbau_status check_unused(const struct yaml_config *config, const struct log *log)
{
    const char *unused = yaml_config_first_unused(config);
    if (unused == NULL) {
        return GBAU_OK;
    }
    log_error(log, "%s: unknown setting: compare with the files in examples/", unused);
    return GBAU_E_CONFIGURATION;
}

/* Signals are blocked before any thread starts, so that only sigwait sees them. */
static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

static enum gbau_status serve(const struct daemon *daemon, struct yaml_config *config, struct log *log)
{
    sigset_t signals;
    void *service = NULL;
    char serving[SERVING_SIZE] = "";
    int received = 0;
    block_signals(&signals);
    enum gbau_status status = read_log(config, log);
    if (status == GBAU_OK) {
        status = daemon->start(config, log, &service, serving, sizeof serving);
    }
    if (status == GBAU_OK) {
        status = check_unused(config, log);
    }
    if (status == GBAU_OK) {
        printf("%s: ready: %s\n", daemon->name, serving);
        fflush(stdout);
        (void)sigwait(&signals, &received);
        log_info(log, "ending: signal %d", received);
    }
    daemon->stop(service);
    return status;
}

int daemon_run(const struct daemon *daemon, int argc, char **argv)
{
    const char *path = NULL;
    struct log log = {.program = daemon->name, .level = LOG_LEVEL_INFO, .style = LOG_STYLE_PLAIN};
    struct yaml_config *config = NULL;
    const struct option table[] = {{"-c", "FILE", "configuration in YAML; see examples/", true, &path, NULL, NULL}};
    const struct usage usage = {daemon->name, "", daemon->summary, 0, 1, table};
    enum options_outcome outcome = options_parse(&usage, argc - 1, argv + 1, NULL);
    if (outcome != OPTIONS_PARSED) {
        return options_exit_status(outcome);
    }
    secret_harden_process();
    enum gbau_status status = yaml_config_load(path, &log, &config);
    if (status == GBAU_OK) {
        status = serve(daemon, config, &log);
    }
    if (status != GBAU_OK) {
        log_error(&log, "not started: %s%s%s", gbau_status_text(status),
                  gbau_status_hint(status)[0] == '\0' ? "" : "; ", gbau_status_hint(status));
    }
    if (config != NULL) {
        yaml_config_close(config);
    }
    return status == GBAU_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
