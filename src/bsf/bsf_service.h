/* bsf_service.h: a BSF with sockets: Ub by HTTP in front, Zh to the HSS, Zn for the NAFs, sessions in LMDB. */
#ifndef BSF_BSF_SERVICE_H
#define BSF_BSF_SERVICE_H

#include "bsf/bsf.h"
#include "net/diameter.h"
#include "net/http_server.h"

struct bsf_service_config {
    struct bsf_config bsf;
    struct http_server_config ub;
    struct diameter_config diameter; /* one node for Zh and Zn */
    const char *hss_realm;
    const char *hss_host; /* NULL: any peer */
    unsigned zh_timeout_ms;
    const char *session_path;  /* directory of the session store */
    size_t session_map_size;   /* its greatest size in octets */
    const char *session_key;   /* file of the key-encryption key */
};

struct bsf_service;

/* Starts everything; strings are borrowed for the life of the service. The caller owns *service. */
GBAU_MUST_USE enum gbau_status bsf_service_open(const struct bsf_service_config *config, const struct log *log,
                                                struct bsf_service **service);
void bsf_service_close(struct bsf_service *service);

/* The port on which Ub is served. */
uint16_t bsf_service_port(const struct bsf_service *service);

/* True when the HSS is connected. */
bool bsf_service_is_ready(const struct bsf_service *service);

#endif
