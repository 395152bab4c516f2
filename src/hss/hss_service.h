/* hss_service.h: an HSS with sockets: Zh in front, subscribers in a database behind. */
#ifndef HSS_HSS_SERVICE_H
#define HSS_HSS_SERVICE_H

#include "hss/hss.h"
#include "net/diameter.h"

struct hss_service_config {
    struct hss_config hss;
    struct diameter_config zh;
    const char *database;   /* file of the subscriber store */
    const char *key_file;   /* file of the key-encryption key; NULL: keys are stored plainly */
};

struct hss_service;

/* Starts everything; strings are borrowed for the life of the service. The caller owns *service. */
GBAU_MUST_USE enum gbau_status hss_service_open(const struct hss_service_config *config, const struct log *log,
                                                struct hss_service **service);
void hss_service_close(struct hss_service *service);

#endif
