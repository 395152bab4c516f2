/* naf_settings.c: the configuration of a NAF. */
#include "naf/naf_settings.h"

#include "base/text_coding.h"

#define UA_HTTP_DIGEST "0100000002" /* 33.220 H.3 */
#define UA_SEALED      "ff67620001" /* organisation FF: private; 'gb', protocol 1 ([D], docs/conformance.md) */

enum { CRYPTO_COUNT = 8 };

enum gbau_status naf_settings_read_zn(struct yaml_config *yaml, const struct log *log, struct naf_settings *settings)
{
    struct naf_service_config *service = &settings->service;
    unsigned cache_max = 0;
    enum gbau_status status = settings_copy_text(yaml, log, "fqdn", service->naf.fqdn, sizeof service->naf.fqdn);
    if (status == GBAU_OK) {
        status = settings_read_unsigned(yaml, "key_cache", 1, 1U << 20, 4096, &cache_max);
    }
    if (status == GBAU_OK) {
        status = settings_read_diameter(yaml, log, &settings->diameter);
    }
    if (status == GBAU_OK) {
        status = yaml_config_require_text(yaml, "bsf.realm", &service->bsf_realm);
    }
    if (status == GBAU_OK) {
        status = settings_read_unsigned(yaml, "bsf.timeout_ms", 100, 60000, 3000, &service->zn_timeout_ms);
    }
    service->bsf_host = yaml_config_text(yaml, "bsf.identity", NULL);
    service->zn = settings->diameter.config;
    service->naf.key_cache_max = cache_max;
    service->naf.crypto_count = CRYPTO_COUNT;
    return status;
}

static enum gbau_status read_ua(struct yaml_config *yaml, const struct log *log, const char *path, const char *fallback,
                                uint8_t ua[NAF_ID_UA_SIZE])
{
    const char *text = yaml_config_text(yaml, path, fallback);
    if (hex_decode_exactly(octets_of_text(text), ua, NAF_ID_UA_SIZE) == GBAU_OK) {
        return GBAU_OK;
    }
    log_error(log, "%s: 10 hexadecimal digits", path);
    return GBAU_E_CONFIGURATION;
}

static enum gbau_status read_digest(struct yaml_config *yaml, const struct log *log, struct naf_config *naf)
{
    enum gbau_status status = read_ua(yaml, log, "digest.ua", UA_HTTP_DIGEST, naf->digest_ua);
    if (status == GBAU_OK) {
        status = yaml_config_boolean(yaml, "digest.demand_product_token", false, &naf->demand_product_token);
    }
    return status == GBAU_OK
               ? settings_read_unsigned(yaml, "digest.nonce_lifetime", 1, 86400, 300, &naf->nonce_lifetime_s)
               : status;
}

static enum gbau_status read_sealed(struct yaml_config *yaml, const struct log *log, struct naf_settings *settings)
{
    struct naf_config *naf = &settings->service.naf;
    enum gbau_status status = read_ua(yaml, log, "sealed.ua", UA_SEALED, naf->sealed_ua);
    if (status == GBAU_OK) {
        status = settings_copy_text(yaml, log, "sealed.path", naf->sealed_path, sizeof naf->sealed_path);
    }
    return status == GBAU_OK ? yaml_config_require_text(yaml, "sealed.inbox", &settings->service.inbox) : status;
}

static enum gbau_status read_http(struct yaml_config *yaml, const struct log *log, struct naf_settings *settings)
{
    struct http_server_config *http = &settings->service.http;
    enum gbau_status status = settings_read_address(yaml, log, "http.listen", &settings->http);
    http->listen_address = settings->http.address;
    http->listen_port = settings->http.port;
    return status == GBAU_OK ? settings_read_unsigned(yaml, "http.threads", 1, 64, 2, &http->threads) : status;
}

enum gbau_status naf_settings_read(struct yaml_config *yaml, const struct log *log, struct naf_settings *settings)
{
    enum gbau_status status = naf_settings_read_zn(yaml, log, settings);
    if (status == GBAU_OK) {
        status = read_digest(yaml, log, &settings->service.naf);
    }
    if (status == GBAU_OK) {
        status = read_sealed(yaml, log, settings);
    }
    return status == GBAU_OK ? read_http(yaml, log, settings) : status;
}
