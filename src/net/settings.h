/*
 * settings.h: what configurations of services have in common: addresses, numbers, names, and the Diameter node.
 * Everything that is wrong is logged with its path.
 */
#ifndef NET_SETTINGS_H
#define NET_SETTINGS_H

#include "codec/yaml_config.h"
#include "net/diameter.h"

/* An "ADDRESS:PORT" or "[IPv6]:PORT" of the configuration, taken apart. GBAU_E_CONFIGURATION, logged. */
struct listen_address {
    char address[64];
    uint16_t port;
};
GBAU_MUST_USE enum gbau_status settings_read_address(struct yaml_config *config, const struct log *log,
                                                     const char *path, struct listen_address *address);

/* The mapping "diameter:" of a configuration. */
struct diameter_settings {
    struct diameter_config config;
    struct listen_address listen;
    struct listen_address peers[DIAMETER_MAX_PEERS];
};
GBAU_MUST_USE enum gbau_status settings_read_diameter(struct yaml_config *config, const struct log *log,
                                                      struct diameter_settings *settings);

/* A whole number that fits in unsigned. */
GBAU_MUST_USE enum gbau_status settings_read_unsigned(struct yaml_config *config, const char *path, unsigned minimum,
                                                      unsigned maximum, unsigned fallback, unsigned *value);

/* Copies a text of the configuration; GBAU_E_CONFIGURATION, logged, when it is missing or too long. */
GBAU_MUST_USE enum gbau_status settings_copy_text(struct yaml_config *config, const struct log *log, const char *path,
                                                  char *out, size_t capacity);

#endif
