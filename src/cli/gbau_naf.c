/* gbau_naf.c: the NAF daemon. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/daemon.h"
#include "naf/naf_settings.h"

/* The service and what its configuration points into. */
struct running_naf {
    struct naf_settings settings;
    struct naf_service *service;
};

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
    const struct naf_settings *settings = &running->settings;
    enum gbau_status status = naf_settings_read(yaml, log, &running->settings);
    if (status == GBAU_OK) {
        status = naf_service_open(&settings->service, log, &running->service);
    }
    if (status == GBAU_OK) {
        (void)snprintf(serving, serving_size, "%s at http://%s:%u/, sealed messages at %s", settings->service.naf.fqdn,
                       settings->http.address, naf_service_port(running->service), settings->service.naf.sealed_path);
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
