/* settings.c: what configurations of services have in common. */
#include "net/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 64 };

enum gbau_status settings_copy_text(struct yaml_config *config, const struct log *log, const char *path, char *out,
                                    size_t capacity)
{
    const char *text = NULL;
    enum gbau_status status = yaml_config_require_text(config, path, &text);
    if (status == GBAU_OK && (strlen(text) >= capacity || text[0] == '\0')) {
        log_error(log, "%s: 1 to %zu characters", path, capacity - 1);
        status = GBAU_E_CONFIGURATION;
    }
    if (status == GBAU_OK) {
        memcpy(out, text, strlen(text) + 1);
    }
    return status;
}

enum gbau_status settings_read_unsigned(struct yaml_config *config, const char *path, unsigned minimum,
                                        unsigned maximum, unsigned fallback, unsigned *value)
{
    int64_t number = 0;
    enum gbau_status status = yaml_config_number(config, path, minimum, maximum, fallback, &number);
    *value = (unsigned)number;
    return status;
}

static enum gbau_status split_address(const char *text, struct listen_address *address)
{
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    if (colon == NULL || colon[1] < '0' || colon[1] > '9') {
        return GBAU_E_CONFIGURATION;
    }
    unsigned long port = strtoul(colon + 1, &end, 10);
    const bool bracketed = text[0] == '[' && colon > text + 1 && colon[-1] == ']';
    const char *start = bracketed ? text + 1 : text;
    size_t length = (size_t)(colon - start) - (bracketed ? 1 : 0);
    if (*end != '\0' || port > UINT16_MAX || length == 0 || length >= sizeof address->address) {
        return GBAU_E_CONFIGURATION;
    }
    memcpy(address->address, start, length);
    address->address[length] = '\0';
    address->port = (uint16_t)port;
    return GBAU_OK;
}

enum gbau_status settings_read_address(struct yaml_config *config, const struct log *log, const char *path,
                                       struct listen_address *address)
{
    const char *text = NULL;
    enum gbau_status status = yaml_config_require_text(config, path, &text);
    if (status == GBAU_OK) {
        status = split_address(text, address);
        if (status != GBAU_OK) {
            log_error(log, "%s: '%s' is no ADDRESS:PORT", path, text);
        }
    }
    return status;
}

/* Diameter */

static enum gbau_status read_peer(struct yaml_config *config, const struct log *log, size_t index,
                                  struct diameter_settings *settings)
{
    char path[PATH_SIZE];
    struct diameter_peer *peer = &settings->config.peers[index];
    (void)snprintf(path, sizeof path, "diameter.peers.%zu.identity", index);
    enum gbau_status status = yaml_config_require_text(config, path, &peer->identity);
    if (status != GBAU_OK) {
        return status;
    }
    (void)snprintf(path, sizeof path, "diameter.peers.%zu.realm", index);
    peer->realm = yaml_config_text(config, path, NULL);
    (void)snprintf(path, sizeof path, "diameter.peers.%zu.connect", index);
    if (yaml_config_text(config, path, NULL) == NULL) {
        return GBAU_OK; /* it connects to us */
    }
    status = settings_read_address(config, log, path, &settings->peers[index]);
    peer->address = settings->peers[index].address;
    peer->port = settings->peers[index].port;
    return status;
}

static enum gbau_status read_peers(struct yaml_config *config, const struct log *log,
                                   struct diameter_settings *settings)
{
    settings->config.peer_count = yaml_config_count(config, "diameter.peers");
    if (settings->config.peer_count > DIAMETER_MAX_PEERS) {
        log_error(log, "diameter.peers: %d at most", DIAMETER_MAX_PEERS);
        return GBAU_E_CONFIGURATION;
    }
    for (size_t i = 0; i < settings->config.peer_count; i++) {
        enum gbau_status status = read_peer(config, log, i, settings);
        if (status != GBAU_OK) {
            return status;
        }
    }
    return GBAU_OK;
}

static enum gbau_status read_tls(struct yaml_config *config, const struct log *log, struct diameter_config *diameter)
{
    diameter->certificate_file = yaml_config_text(config, "diameter.tls.certificate", NULL);
    diameter->key_file = yaml_config_text(config, "diameter.tls.key", NULL);
    diameter->ca_file = yaml_config_text(config, "diameter.tls.ca", NULL);
    bool any = diameter->certificate_file != NULL || diameter->key_file != NULL || diameter->ca_file != NULL;
    bool all = diameter->certificate_file != NULL && diameter->key_file != NULL && diameter->ca_file != NULL;
    if (any && !all) {
        log_error(log, "diameter.tls: certificate, key and ca belong together");
        return GBAU_E_CONFIGURATION;
    }
    return GBAU_OK;
}

enum gbau_status settings_read_diameter(struct yaml_config *config, const struct log *log,
                                        struct diameter_settings *settings)
{
    *settings = (struct diameter_settings){0};
    enum gbau_status status = yaml_config_require_text(config, "diameter.identity", &settings->config.identity);
    if (status == GBAU_OK) {
        status = yaml_config_require_text(config, "diameter.realm", &settings->config.realm);
    }
    if (status == GBAU_OK && yaml_config_text(config, "diameter.listen", NULL) != NULL) {
        status = settings_read_address(config, log, "diameter.listen", &settings->listen);
        settings->config.listen_address = settings->listen.address;
        settings->config.listen_port = settings->listen.port;
    }
    if (status == GBAU_OK) {
        status = read_peers(config, log, settings);
    }
    if (status == GBAU_OK) {
        status = settings_read_unsigned(config, "diameter.threads", 1, 64, 4, &settings->config.worker_threads);
    }
    return status == GBAU_OK ? read_tls(config, log, &settings->config) : status;
}
