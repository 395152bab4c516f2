/* gbau_hss.c: the HSS daemon. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/daemon.h"
#include "cli/database_key.h"
#include "hss/hss_service.h"

/* What the service's configuration points into. */
struct running_hss {
    struct diameter_settings diameter;
    char key_path[DATABASE_KEY_PATH_SIZE];
    struct hss_service *service;
};

static enum gbau_status read_config(struct yaml_config *yaml, const struct log *log, struct running_hss *running,
                                    struct hss_service_config *config)
{
    *config = (struct hss_service_config){.hss = HSS_CONFIG_DEFAULT};
    enum gbau_status status = yaml_config_require_text(yaml, "database", &config->database);
    if (status == GBAU_OK) {
        status = database_key_path(config->database, running->key_path);
    }
    if (status == GBAU_OK) {
        config->key_file = yaml_config_text(yaml, "key_file", running->key_path);
        status = settings_read_unsigned(yaml, "seq_block", 1, 1U << 20, config->hss.seq_block, &config->hss.seq_block);
    }
    if (status == GBAU_OK) {
        status = settings_read_unsigned(yaml, "ind.first", 0, 31, config->hss.ind_first, &config->hss.ind_first);
    }
    if (status == GBAU_OK) {
        status = settings_read_unsigned(yaml, "ind.count", 1, 32, config->hss.ind_count, &config->hss.ind_count);
    }
    if (status == GBAU_OK) {
        status = settings_read_diameter(yaml, log, &running->diameter);
        config->zh = running->diameter.config;
    }
    return status;
}

static void stop(void *service)
{
    struct running_hss *running = service;
    if (running != NULL) {
        hss_service_close(running->service);
        free(running);
    }
}

static enum gbau_status start(struct yaml_config *yaml, const struct log *log, void **service, char *serving,
                              size_t serving_size)
{
    struct hss_service_config config;
    struct running_hss *running = calloc(1, sizeof *running);
    if (running == NULL) {
        return GBAU_E_MEMORY;
    }
    *service = running;
    enum gbau_status status = read_config(yaml, log, running, &config);
    if (status == GBAU_OK) {
        status = hss_service_open(&config, log, &running->service);
    }
    (void)snprintf(serving, serving_size, "Zh as %s at %s port %u", config.zh.identity,
                   running->diameter.listen.address, running->diameter.listen.port);
    return status;
}

int main(int argc, char **argv)
{
    static const struct daemon daemon = {
        "gbau-hss", "The home subscriber server: vectors and GUSS over Zh (TS 29.109 clause 4).", start, stop};
    return daemon_run(&daemon, argc, argv);
}
