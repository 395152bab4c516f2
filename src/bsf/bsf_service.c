/*
 * bsf_service.c: carries the bytes of the BSF's core. While Zh or the disk works, no thread waits and the connection
 * sleeps.
 */
#include "bsf/bsf_service.h"

#include <stdlib.h>

#define UB_SERVER "gbau; Release-18; 3gpp-gba-tmpi"

enum { MAX_HEADERS = 7 };

struct bsf_service {
    struct bsf_service_config config;
    const struct log *log;
    struct key_wrap *wrap;
    struct session_store *store;
    struct bsf *bsf;
    struct diameter_node *diameter;
    struct http_server *ub;
};

/* A request on its way through core, Zh and store. */
struct work {
    struct bsf_service *service;
    struct http_exchange *http;
    struct ub_exchange exchange;
};

static void go_on(struct work *work);

static void finish(struct work *work)
{
    const struct ub_response *response = &work->exchange.response;
    struct http_header headers[MAX_HEADERS];
    struct http_response http_response = {.status = response->status, .headers = headers};
    const struct http_header candidates[] = {
        {"Server", UB_SERVER},
        {"WWW-Authenticate", response->www_authenticate},
        {"Authentication-Info", response->authentication_info},
        {"Expires", response->expires},
        {"Content-Type", response->content_type},
        {"Retry-After", response->status == 503 ? "5" : ""},
        {"Allow", response->status == 405 ? "GET" : ""},
    };
    for (size_t i = 0; i < MAX_HEADERS; i++) {
        if (candidates[i].value[0] != '\0') {
            headers[http_response.header_count++] = candidates[i];
        }
    }
    http_response.body = octets_of_text(response->body);
    http_respond(work->http, &http_response);
    ub_exchange_clear(&work->exchange);
    free(work);
}

static void on_maa(void *context, enum gbau_status status, struct octets maa)
{
    struct work *work = context;
    bsf_ub_continue(work->service->bsf, &work->exchange, status, maa);
    go_on(work);
}

static void on_stored(void *context, enum gbau_status status)
{
    struct work *work = context;
    bsf_ub_stored(work->service->bsf, &work->exchange, status);
    go_on(work);
}

static void ask_hss(struct work *work)
{
    const struct bsf_service *service = work->service;
    enum gbau_status status = diameter_request(service->diameter, GBA_APPLICATION_ZH, GBA_COMMAND_MULTIMEDIA_AUTH,
                                               service->config.hss_realm, service->config.hss_host,
                                               work->exchange.mar, service->config.zh_timeout_ms, on_maa, work);
    if (status != GBAU_OK) {
        on_maa(work, status, (struct octets){0});
    }
}

static void store_session(struct work *work)
{
    enum gbau_status status = session_store_put(work->service->store, &work->exchange.session, on_stored, work);
    if (status != GBAU_OK) {
        on_stored(work, status);
    }
}

static void go_on(struct work *work)
{
    switch (work->exchange.next) {
    case UB_ASK_HSS:
        ask_hss(work);
        break;
    case UB_STORE_SESSION:
        store_session(work);
        break;
    case UB_RESPOND:
        finish(work);
        break;
    }
}

static void respond_unavailable(struct http_exchange *http)
{
    const struct http_response response = {.status = 503};
    http_respond(http, &response);
}

static void on_request(void *context, struct http_exchange *http)
{
    struct work *work = malloc(sizeof *work);
    if (work == NULL) {
        respond_unavailable(http);
        return;
    }
    work->service = context;
    work->http = http;
    const struct ub_request request = {
        .method = http_exchange_method(http),
        .path = http_exchange_path(http),
        .authorization_count = http_exchange_header_count(http, "Authorization"),
        .authorization = http_exchange_header(http, "Authorization"),
        .body = http_exchange_body(http),
    };
    bsf_ub_begin(work->service->bsf, &request, &work->exchange);
    go_on(work);
}

static void on_bir(void *context, struct octets origin_host, struct octets request, struct octet_writer *answer)
{
    struct bsf_service *service = context;
    bsf_zn_answer(service->bsf, origin_host, request, answer);
}

static enum gbau_status start_diameter(struct bsf_service *service)
{
    enum gbau_status status = diameter_open(&service->config.diameter, service->log, &service->diameter);
    if (status == GBAU_OK) {
        status = diameter_use(service->diameter, GBA_APPLICATION_ZH);
    }
    if (status == GBAU_OK) {
        status = diameter_serve(service->diameter, GBA_APPLICATION_ZN, GBA_COMMAND_BOOTSTRAPPING_INFO, on_bir,
                                service);
    }
    return status == GBAU_OK ? diameter_start(service->diameter) : status;
}

static enum gbau_status start(struct bsf_service *service)
{
    const struct bsf_service_config *config = &service->config;
    enum gbau_status status = key_wrap_open(config->session_key, service->log, &service->wrap);
    if (status == GBAU_OK) {
        status = session_store_open(config->session_path, config->session_map_size, service->wrap, &clock_of_system,
                                    service->log, &service->store);
    }
    if (status == GBAU_OK) {
        status = bsf_open(&config->bsf, service->store, &clock_of_system, service->log, &service->bsf);
    }
    if (status == GBAU_OK) {
        status = start_diameter(service);
    }
    if (status == GBAU_OK) {
        status = http_server_open(&config->ub, on_request, service, service->log, &service->ub);
    }
    return status;
}

enum gbau_status bsf_service_open(const struct bsf_service_config *config, const struct log *log,
                                  struct bsf_service **service)
{
    *service = NULL;
    struct bsf_service *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    opened->config = *config;
    opened->log = log;
    enum gbau_status status = start(opened);
    if (status != GBAU_OK) {
        bsf_service_close(opened);
        return status;
    }
    *service = opened;
    return GBAU_OK;
}

/* From the outside in: nothing new comes, then what is on its way ends, then what it needs. */
void bsf_service_close(struct bsf_service *service)
{
    if (service == NULL) {
        return;
    }
    if (service->ub != NULL) {
        http_server_close(service->ub);
    }
    if (service->diameter != NULL) {
        diameter_close(service->diameter);
    }
    if (service->store != NULL) {
        session_store_close(service->store);
    }
    bsf_close(service->bsf);
    if (service->wrap != NULL) {
        key_wrap_close(service->wrap);
    }
    free(service);
}

uint16_t bsf_service_port(const struct bsf_service *service)
{
    return http_server_port(service->ub);
}

bool bsf_service_is_ready(const struct bsf_service *service)
{
    return diameter_is_connected(service->diameter, GBA_APPLICATION_ZH);
}
