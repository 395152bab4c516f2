/* hss_service.c: carries the bytes of the HSS's core. Its handler may wait for the disk: it runs on a worker thread. */
#include "hss/hss_service.h"

#include <stdlib.h>

#include "codec/gba_avp.h"

struct hss_service {
    struct hss_service_config config;
    const struct log *log;
    struct key_wrap *wrap;
    struct subscriber_store *store;
    struct hss *hss;
    struct diameter_node *zh;
};

static void on_mar(void *context, struct octets origin_host, struct octets request, struct octet_writer *answer)
{
    struct hss_service *service = context;
    (void)origin_host; /* only configured peers are let in, and all of them are BSFs */
    hss_answer_mar(service->hss, request, answer);
}

static enum gbau_status start(struct hss_service *service)
{
    const struct hss_service_config *config = &service->config;
    enum gbau_status status = GBAU_OK;
    if (config->key_file != NULL) {
        status = key_wrap_open(config->key_file, service->log, &service->wrap);
    }
    if (status == GBAU_OK) {
        status = subscriber_store_open(config->database, true, service->wrap, service->log, &service->store);
    }
    if (status == GBAU_OK) {
        status = hss_open(&config->hss, service->store, &clock_of_system, service->log, &service->hss);
    }
    if (status == GBAU_OK) {
        status = diameter_open(&config->zh, service->log, &service->zh);
    }
    if (status == GBAU_OK) {
        status = diameter_serve(service->zh, GBA_APPLICATION_ZH, GBA_COMMAND_MULTIMEDIA_AUTH, on_mar, service);
    }
    return status == GBAU_OK ? diameter_start(service->zh) : status;
}

enum gbau_status hss_service_open(const struct hss_service_config *config, const struct log *log,
                                  struct hss_service **service)
{
    *service = NULL;
    struct hss_service *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    opened->config = *config;
    opened->log = log;
    enum gbau_status status = start(opened);
    if (status != GBAU_OK) {
        hss_service_close(opened);
        return status;
    }
    *service = opened;
    return GBAU_OK;
}

void hss_service_close(struct hss_service *service)
{
    if (service == NULL) {
        return;
    }
    if (service->zh != NULL) {
        diameter_close(service->zh);
    }
    hss_close(service->hss);
    if (service->store != NULL) {
        subscriber_store_close(service->store);
    }
    if (service->wrap != NULL) {
        key_wrap_close(service->wrap);
    }
    free(service);
}
