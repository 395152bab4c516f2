/* gbau_naf.c: the NAF daemon. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text_coding.h"
#include "cli/daemon.h"
#include "naf/naf_service.h"

#define UA_HTTP_DIGEST "0100000002" /* 33.220 H.3 */
#define UA_SEALED      "ff67620001" /* organisation FF: private; 'gb', protocol 1 ([D], docs/conformance.md) */

/* What the service's configuration points into. */
struct running_naf {
    struct diameter_settings diameter;
    struct listen_address http;
    struct naf_service_config config;
    struct naf_service *service;
};

static enum gbau_status read_ua(struct yaml_config *yaml, const struct log *log, const char *path,
                                const char *fallback, uint8_t ua[NAF_ID_UA_SIZE])
{
    const char *text = yaml_config_text(yaml, path, fallback);
    if (hex_decode_exactly(octets_of_text(text), ua, NAF_ID_UA_SIZE) == GBAU_OK) {
        return GBAU_OK;
    }
    log_error(log, "%s: 10 hexadecimal digits", path);
    return GBAU_E_CONFIGURATION;
}

static enum gbau_status read_naf(struct yaml_config *yaml, const struct log *log, struct naf_config *naf)
{
    unsigned cache_max = 0;
    enum gbau_status status = daemon_copy_text(yaml, log, "fqdn", naf->fqdn, sizeof naf->fqdn);
    if (status == GBAU_OK) {
        status = read_ua(yaml, log, "digest.ua", UA_HTTP_DIGEST, naf->digest_ua);
    }
    if (status == GBAU_OK) {
        status = yaml_config_boolean(yaml, "digest.demand_product_token", false, &naf->demand_product_token);
    }
    if (status == GBAU_OK) {
        status = daemon_read_unsigned(yaml, "digest.nonce_lifetime", 1, 86400, 300, &naf->nonce_lifetime_s);
    }
    if (status == GBAU_OK) {
        status = read_ua(yaml, log, "sealed.ua", UA_SEALED, naf->sealed_ua);
    }
    if (status == GBAU_OK) {
        status = daemon_copy_text(yaml, log, "sealed.path", naf->sealed_path, sizeof naf->sealed_path);
    }
    if (status == GBAU_OK) {
        status = daemon_read_unsigned(yaml, "key_cache", 1, 1U << 20, 4096, &cache_max);
        naf->key_cache_max = cache_max;
    }
    naf->crypto_count = 8;
    return status;
}

static enum gbau_status read_http(struct yaml_config *yaml, const struct log *log, struct running_naf *running)
{
    struct http_server_config *http = &running->config.http;
    enum gbau_status status = daemon_read_address(yaml, log, "http.listen", &running->http);
    http->listen_address = running->http.address;
    http->listen_port = running->http.port;
    return status == GBAU_OK ? daemon_read_unsigned(yaml, "http.threads", 1, 64, 2, &http->threads) : status;
}

static enum gbau_status read_config(struct yaml_config *yaml, const struct log *log, struct running_naf *running)
{
    struct naf_service_config *config = &running->config;
    enum gbau_status status = read_naf(yaml, log, &config->naf);
    if (status == GBAU_OK) {
        status = read_http(yaml, log, running);
    }
    if (status == GBAU_OK) {
        status = daemon_read_diameter(yaml, log, &running->diameter);
        config->zn = running->diameter.config;
    }
    if (status == GBAU_OK) {
        status = yaml_config_require_text(yaml, "bsf.realm", &config->bsf_realm);
        config->bsf_host = yaml_config_text(yaml, "bsf.identity", NULL);
    }
    if (status == GBAU_OK) {
        status = daemon_read_unsigned(yaml, "bsf.timeout_ms", 100, 60000, 3000, &config->zn_timeout_ms);
    }
    return status == GBAU_OK ? yaml_config_require_text(yaml, "sealed.inbox", &config->inbox) : status;
}

static void stop(void *service)
{
    struct running_naf *running = service;
    if (running != NULL) {
        naf_service_close(running->service);
        free(running);
    }
}

static enum gbau_status start(struct yaml_config *yaml, const struct log *log, void **service, char *serving,
                              size_t serving_size)
{
    struct running_naf *running = calloc(1, sizeof *running);
    if (running == NULL) {
        return GBAU_E_MEMORY;
    }
    *service = running;
    enum gbau_status status = read_config(yaml, log, running);
    if (status == GBAU_OK) {
        status = naf_service_open(&running->config, log, &running->service);
    }
    if (status == GBAU_OK) {
        (void)snprintf(serving, serving_size, "%s at http://%s:%u/, sealed messages at %s",
                       running->config.naf.fqdn, running->http.address, naf_service_port(running->service),
                       running->config.naf.sealed_path);
    }
    return status;
}

int main(int argc, char **argv)
{
    static const struct daemon daemon = {
        "gbau-naf", "A network application function: HTTP Digest and sealed messages with NAF keys (TS 24.109).", start,
        stop};
    return daemon_run(&daemon, argc, argv);
}
