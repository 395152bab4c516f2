/* naf_settings.h: the configuration of a NAF (examples/naf.yaml), for gbau-naf and for libgbau-naf. */
#ifndef NAF_NAF_SETTINGS_H
#define NAF_NAF_SETTINGS_H

#include "naf/naf_service.h"
#include "net/settings.h"

/* What a configuration says. `service` points into the rest, and into the configuration: both must stay where they are.
 */
struct naf_settings {
    struct diameter_settings diameter;
    struct listen_address http;
    struct naf_service_config service;
};

/*
 * Reads what every NAF has: its FQDN, its key cache, and Zn. All else in `settings` is left alone.
 * GBAU_E_CONFIGURATION, logged.
 */
GBAU_MUST_USE enum gbau_status naf_settings_read_zn(struct yaml_config *yaml, const struct log *log,
                                                    struct naf_settings *settings);

/* Reads everything: what a service with HTTP in front of it has too. */
GBAU_MUST_USE enum gbau_status naf_settings_read(struct yaml_config *yaml, const struct log *log,
                                                 struct naf_settings *settings);

#endif
