/* daemon.h: what gbau-hss, gbau-bsf and gbau-naf have in common: options, configuration, log, signals. */
#ifndef CLI_DAEMON_H
#define CLI_DAEMON_H

#include "base/log.h"
#include "codec/yaml_config.h"
#include "net/diameter.h"

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

/* An "ADDRESS:PORT" or "[IPv6]:PORT" of the configuration, taken apart. GBAU_E_CONFIGURATION, logged. */
struct listen_address {
    char address[64];
    uint16_t port;
};
GBAU_MUST_USE enum gbau_status daemon_read_address(struct yaml_config *config, const struct log *log,
                                                   const char *path, struct listen_address *address);

/* The mapping "diameter:" of a configuration. */
struct diameter_settings {
    struct diameter_config config;
    struct listen_address listen;
    struct listen_address peers[DIAMETER_MAX_PEERS];
};
GBAU_MUST_USE enum gbau_status daemon_read_diameter(struct yaml_config *config, const struct log *log,
                                                    struct diameter_settings *settings);

/* A whole number that fits in unsigned. */
GBAU_MUST_USE enum gbau_status daemon_read_unsigned(struct yaml_config *config, const char *path, unsigned minimum,
                                                    unsigned maximum, unsigned fallback, unsigned *value);

/* Copies a text of the configuration; GBAU_E_CONFIGURATION, logged, when it is missing or too long. */
GBAU_MUST_USE enum gbau_status daemon_copy_text(struct yaml_config *config, const struct log *log, const char *path,
                                                char *out, size_t capacity);

#endif
