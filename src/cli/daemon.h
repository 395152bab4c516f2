/* daemon.h: what gbau-hss, gbau-bsf and gbau-naf have in common: options, configuration, log, signals. */
#ifndef CLI_DAEMON_H
#define CLI_DAEMON_H

#include "base/log.h"
#include "codec/yaml_config.h"
#include "net/settings.h"

/* A daemon: how it starts from its configuration, and how it ends. */
struct daemon {
    const char *name;    /* "gbau-bsf" */
    const char *summary; /* for --help */
    /* Reads `config` (which lives as long as the daemon) and starts; writes a line that tells what it serves. */
    enum gbau_status (*start)(struct yaml_config *config, const struct log *log, void **service, char *serving,
                              size_t serving_size);
    void (*stop)(void *service);
};

/*
 * Runs a daemon until SIGINT or SIGTERM: -c FILE names the configuration. Prints "<name>: ready: <serving>" to standard
 * output once it serves. Returns the exit status.
 */
int daemon_run(const struct daemon *daemon, int argc, char **argv);

#endif
