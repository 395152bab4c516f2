/* naf_service.c: carries the bytes of the NAF's core. */
#include "naf/naf_service.h"

#include <stdlib.h>

#include "naf/inbox.h"

enum { MAX_HEADERS = 4 };

struct naf_service {
    struct naf_service_config config;
    struct log const *log;
    struct naf *naf;
    struct inbox *inbox;
    struct diameter_node *zn;
    struct http_server *http;
};

/* A request on its way through core, Zn and inbox. */
struct work {
    struct naf_service *service;
    struct http_exchange *http;
    struct naf_exchange exchange;
};

static void go_on(struct work *work);

static void finish(struct work *work)
{
    const struct naf_response *response = &work->exchange.response;
    struct http_header headers[MAX_HEADERS];
    struct http_response http_response = {.status = response->status, .headers = headers};
    const struct http_header candidates[] = {
        {"WWW-Authenticate", response->www_authenticate},
        {"Authentication-Info", response->authentication_info},
        {"Content-Type", response->content_type},
        {"Cache-Control", "no-store"},
    };
    for (size_t i = 0; i < MAX_HEADERS; i++) {
        if (candidates[i].value[0] != '\0') {
            headers[http_response.header_count++] = candidates[i];
        }
    }
    http_response.body = octets_of_text(response->body);
    http_respond(work->http, &http_response);
    naf_exchange_clear(&work->exchange);
    free(work);
}

static void on_bia(void *context, enum gbau_status status, struct octets bia)
{
    struct work *work = context;
    naf_continue(work->service->naf, &work->exchange, status, bia);
    go_on(work);
}

static void on_delivered(void *context, enum gbau_status status)
{
    struct work *work = context;
    naf_delivered(work->service->naf, &work->exchange, status);
    go_on(work);
}

static void ask_bsf(struct work *work)
{
    const struct naf_service *service = work->service;
    enum gbau_status status = diameter_request(service->zn, GBA_APPLICATION_ZN, GBA_COMMAND_BOOTSTRAPPING_INFO,
                                               service->config.bsf_realm, service->config.bsf_host,
                                               work->exchange.bir, service->config.zn_timeout_ms, on_bia, work);
    if (status != GBAU_OK) {
        on_bia(work, status, (struct octets){0});
    }
}

static void hand_over(struct work *work)
{
    enum gbau_status status = inbox_deliver(work->service->inbox, &work->exchange.message, on_delivered, work);
    if (status != GBAU_OK) {
        on_delivered(work, status);
    }
}

static void go_on(struct work *work)
{
    switch (work->exchange.next) {
    case NAF_ASK_BSF:
        ask_bsf(work);
        break;
    case NAF_DELIVER:
        hand_over(work);
        break;
    case NAF_RESPOND:
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
    struct work *work = calloc(1, sizeof *work);
    if (work == NULL) {
        respond_unavailable(http);
        return;
    }
    work->service = context;
    work->http = http;
    const struct naf_request request = {
        .method = http_exchange_method(http),
        .path = http_exchange_path(http),
        .target = http_exchange_target(http),
        .user_agent = http_exchange_header(http, "User-Agent"),
        .authorization_count = http_exchange_header_count(http, "Authorization"),
        .authorization = http_exchange_header(http, "Authorization"),
        .body = http_exchange_body(http),
    };
    naf_begin(work->service->naf, &request, &work->exchange);
    go_on(work);
}

static enum gbau_status start(struct naf_service *service)
{
    const struct naf_service_config *config = &service->config;
    enum gbau_status status = naf_open(&config->naf, &clock_of_system, service->log, &service->naf);
    if (status == GBAU_OK) {
        status = inbox_open(config->inbox, service->log, &service->inbox);
    }
    if (status == GBAU_OK) {
        status = diameter_open(&config->zn, service->log, &service->zn);
    }
    if (status == GBAU_OK) {
        status = diameter_use(service->zn, GBA_APPLICATION_ZN);
    }
    if (status == GBAU_OK) {
        status = diameter_start(service->zn);
    }
    if (status == GBAU_OK) {
        status = http_server_open(&config->http, on_request, service, service->log, &service->http);
    }
    return status;
}

enum gbau_status naf_service_open(const struct naf_service_config *config, const struct log *log,
                                  struct naf_service **service)
{
    *service = NULL;
    struct naf_service *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    opened->config = *config;
    opened->log = log;
    enum gbau_status status = start(opened);
    if (status != GBAU_OK) {
        naf_service_close(opened);
        return status;
    }
    *service = opened;
    return GBAU_OK;
}

/* From the outside in: nothing new comes, then what is on its way ends, then what it needs. */
void naf_service_close(struct naf_service *service)
{
    if (service == NULL) {
        return;
    }
    if (service->http != NULL) {
        http_server_close(service->http);
    }
    if (service->zn != NULL) {
        diameter_close(service->zn);
    }
    inbox_close(service->inbox);
    naf_close(service->naf);
    free(service);
}

uint16_t naf_service_port(const struct naf_service *service)
{
    return http_server_port(service->http);
}

bool naf_service_is_ready(const struct naf_service *service)
{
    return diameter_is_connected(service->zn, GBA_APPLICATION_ZN);
}
