/* naf_service.h: a NAF with sockets: HTTP in front, Zn to the BSF, an inbox for opened messages behind. */
#ifndef NAF_NAF_SERVICE_H
#define NAF_NAF_SERVICE_H

#include "naf/naf.h"
#include "net/diameter.h"
#include "net/http_server.h"

struct naf_service_config {
    struct naf_config naf;
    struct http_server_config http;
    struct diameter_config zn;
    const char *bsf_realm;
    const char *bsf_host;   /* NULL: any peer */
    const char *inbox;      /* directory */
    unsigned zn_timeout_ms;
};

struct naf_service;

/* Starts everything; strings are borrowed for the life of the service. The caller owns *service. */
GBAU_MUST_USE enum gbau_status naf_service_open(const struct naf_service_config *config, const struct log *log,
                                                struct naf_service **service);
void naf_service_close(struct naf_service *service);

/* The port on which HTTP is served. */
uint16_t naf_service_port(const struct naf_service *service);

/* True when the BSF is connected. */
bool naf_service_is_ready(const struct naf_service *service);

#endif
