/* gbau_bsf.c: the BSF daemon. */
#include <stdio.h>
#include <stdlib.h>

#include "bsf/bsf_service.h"
#include "cli/daemon.h"
#include "cli/database_key.h"

enum { PATH_SIZE = 64 };

/* What the service's configuration points into. */
struct running_bsf {
    struct diameter_settings diameter;
    struct listen_address ub;
    char key_path[DATABASE_KEY_PATH_SIZE];
    struct bsf_service_config config;
    struct bsf_service *service;
};

static enum gbau_status read_naf_fqdns(struct yaml_config *yaml, const struct log *log, size_t index,
                                       struct bsf_naf *naf)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "nafs.%zu.fqdns", index);
    naf->fqdn_count = yaml_config_count(yaml, path);
    if (naf->fqdn_count < 1 || naf->fqdn_count > BSF_MAX_NAF_FQDNS) {
        log_error(log, "%s: 1 to %d names", path, BSF_MAX_NAF_FQDNS);
        return GBAU_E_CONFIGURATION;
    }
    for (size_t i = 0; i < naf->fqdn_count; i++) {
        (void)snprintf(path, sizeof path, "nafs.%zu.fqdns.%zu", index, i);
        enum gbau_status status = settings_copy_text(yaml, log, path, naf->fqdns[i], sizeof naf->fqdns[i]);
        if (status != GBAU_OK) {
            return status;
        }
    }
    return GBAU_OK;
}

static enum gbau_status read_naf(struct yaml_config *yaml, const struct log *log, size_t index, struct bsf_naf *naf)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "nafs.%zu.identity", index);
    enum gbau_status status = settings_copy_text(yaml, log, path, naf->identity, sizeof naf->identity);
    if (status == GBAU_OK) {
        (void)snprintf(path, sizeof path, "nafs.%zu.group", index);
        (void)snprintf(naf->group, sizeof naf->group, "%s", yaml_config_text(yaml, path, ""));
        (void)snprintf(path, sizeof path, "nafs.%zu.may_see_impi", index);
        status = yaml_config_boolean(yaml, path, false, &naf->may_see_impi);
    }
    if (status == GBAU_OK) {
        (void)snprintf(path, sizeof path, "nafs.%zu.may_have_int_key", index);
        status = yaml_config_boolean(yaml, path, true, &naf->may_have_int_key);
    }
    return status == GBAU_OK ? read_naf_fqdns(yaml, log, index, naf) : status;
}

static enum gbau_status read_nafs(struct yaml_config *yaml, const struct log *log, struct bsf_config *bsf)
{
    bsf->naf_count = yaml_config_count(yaml, "nafs");
    if (bsf->naf_count > BSF_MAX_NAFS) {
        log_error(log, "nafs: %d at most", BSF_MAX_NAFS);
        return GBAU_E_CONFIGURATION;
    }
    for (size_t i = 0; i < bsf->naf_count; i++) {
        enum gbau_status status = read_naf(yaml, log, i, &bsf->nafs[i]);
        if (status != GBAU_OK) {
            return status;
        }
    }
    return GBAU_OK;
}

/* [M] facts of 33.220 5.3.2: switches for finding out what another system does (docs/conformance.md). */
static enum gbau_status read_rules(struct yaml_config *yaml, struct gba_u_rules *rules)
{
    *rules = GBA_U_RULES_DEFAULT;
    enum gbau_status status = yaml_config_boolean(yaml, "gba_u.mask_mac", true, &rules->mask_mac);
    return status == GBAU_OK ? yaml_config_boolean(yaml, "gba_u.flip_res_bit", true, &rules->flip_res_bit) : status;
}

static enum gbau_status read_bsf(struct yaml_config *yaml, const struct log *log, struct bsf_config *bsf)
{
    unsigned challenge_max = 0;
    enum gbau_status status = settings_copy_text(yaml, log, "fqdn", bsf->fqdn, sizeof bsf->fqdn);
    if (status == GBAU_OK) {
        status = settings_read_unsigned(yaml, "key_lifetime", 1, 366 * 86400, 86400, &bsf->key_lifetime_s);
    }
    if (status == GBAU_OK) {
        status = settings_read_unsigned(yaml, "challenge.lifetime", 1, 3600, 60, &bsf->challenge_lifetime_s);
    }
    if (status == GBAU_OK) {
        status = settings_read_unsigned(yaml, "challenge.max", 1, 1U << 20, 16384, &challenge_max);
        bsf->challenge_max = challenge_max;
    }
    if (status == GBAU_OK) {
        status = settings_read_unsigned(yaml, "challenge.max_for_one", 1, 1000, 16, &bsf->challenge_max_for_one);
    }
    if (status == GBAU_OK) {
        status = read_rules(yaml, &bsf->gba_u_rules);
    }
    bsf->crypto_count = 8;
    return status == GBAU_OK ? read_nafs(yaml, log, bsf) : status;
}

static enum gbau_status read_ub(struct yaml_config *yaml, const struct log *log, struct running_bsf *running)
{
    struct http_server_config *http = &running->config.ub;
    enum gbau_status status = settings_read_address(yaml, log, "ub.listen", &running->ub);
    http->listen_address = running->ub.address;
    http->listen_port = running->ub.port;
    if (status == GBAU_OK) {
        status = settings_read_unsigned(yaml, "ub.threads", 1, 64, 2, &http->threads);
    }
    if (status == GBAU_OK) {
        status = settings_read_unsigned(yaml, "ub.connections", 1, 100000, 1024, &http->connection_max);
    }
    return status == GBAU_OK ? settings_read_unsigned(yaml, "ub.idle_timeout", 1, 3600, 15, &http->idle_timeout_s)
                             : status;
}

static enum gbau_status read_sessions(struct yaml_config *yaml, struct running_bsf *running)
{
    unsigned megabytes = 0;
    struct bsf_service_config *config = &running->config;
    enum gbau_status status = yaml_config_require_text(yaml, "sessions.path", &config->session_path);
    if (status == GBAU_OK) {
        status = database_key_path(config->session_path, running->key_path);
    }
    if (status == GBAU_OK) {
        config->session_key = yaml_config_text(yaml, "sessions.key_file", running->key_path);
        status = settings_read_unsigned(yaml, "sessions.max_megabytes", 1, 1U << 20, 256, &megabytes);
        config->session_map_size = (size_t)megabytes << 20;
    }
    return status;
}

static enum gbau_status read_config(struct yaml_config *yaml, const struct log *log, struct running_bsf *running)
{
    struct bsf_service_config *config = &running->config;
    enum gbau_status status = read_bsf(yaml, log, &config->bsf);
    if (status == GBAU_OK) {
        status = read_ub(yaml, log, running);
    }
    if (status == GBAU_OK) {
        status = settings_read_diameter(yaml, log, &running->diameter);
        config->diameter = running->diameter.config;
    }
    if (status == GBAU_OK) {
        status = yaml_config_require_text(yaml, "hss.realm", &config->hss_realm);
        config->hss_host = yaml_config_text(yaml, "hss.identity", NULL);
    }
    if (status == GBAU_OK) {
        status = settings_read_unsigned(yaml, "hss.timeout_ms", 100, 60000, 3000, &config->zh_timeout_ms);
    }
    return status == GBAU_OK ? read_sessions(yaml, running) : status;
}

static void stop(void *service)
{
    struct running_bsf *running = service;
    if (running != NULL) {
        bsf_service_close(running->service);
        free(running);
    }
}

static enum gbau_status start(struct yaml_config *yaml, const struct log *log, void **service, char *serving,
                              size_t serving_size)
{
    struct running_bsf *running = calloc(1, sizeof *running);
    if (running == NULL) {
        return GBAU_E_MEMORY;
    }
    *service = running;
    enum gbau_status status = read_config(yaml, log, running);
    if (status == GBAU_OK) {
        status = bsf_service_open(&running->config, log, &running->service);
    }
    if (status == GBAU_OK) {
        (void)snprintf(serving, serving_size, "Ub at http://%s:%u/, Zn at %s port %u", running->ub.address,
                       bsf_service_port(running->service), running->diameter.listen.address,
                       running->diameter.listen.port);
    }
    return status;
}

int main(int argc, char **argv)
{
    static const struct daemon daemon = {
        "gbau-bsf", "The bootstrapping server function: Ub for devices, Zn for NAFs (TS 24.109, TS 29.109).", start,
        stop};
    return daemon_run(&daemon, argc, argv);
}
