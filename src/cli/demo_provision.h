/* demo_provision.h: what an operator sets up before anyone can bootstrap: a card, its subscriber, three daemons. */
#ifndef CLI_DEMO_PROVISION_H
#define CLI_DEMO_PROVISION_H

#include "cli/demo_places.h"
#include "cli/demo_trace.h"
#include "crypto/primitives.h"

#define DEMO_IMSI         "001010123456789"
#define DEMO_NAF_FQDN     "naf.example.com"
#define DEMO_HSS_IDENTITY "hss.home.example"
#define DEMO_BSF_IDENTITY "bsf.home.example"
#define DEMO_NAF_IDENTITY "naf.service.example"
#define DEMO_SEALED_PATH  "/sealed"
#define DEMO_INBOX        "naf-inbox"
#define DEMO_CARD         "card"

enum { DEMO_PIN_SIZE = 5 };

/* The Ua security protocols of the NAF (33.220 H.3): HTTP Digest, and sealed messages. */
extern const uint8_t demo_digest_ua[5];
extern const uint8_t demo_sealed_ua[5];

/*
 * Free ports on 127.0.0.1. Each is kept bound for as long as the demo runs, so that nobody else gets it; the daemons
 * can bind it all the same, because they set SO_REUSEADDR, and are the only ones to listen on it.
 */
struct demo_ports {
    int reservations[DEMO_LINK_COUNT]; /* -1: none */
    uint16_t ports[DEMO_LINK_COUNT];   /* where the server of each link listens */
};

#define DEMO_PORTS_CLOSED ((struct demo_ports){.reservations = {-1, -1, -1, -1}})

/* GBAU_E_IO, logged. Ended by demo_ports_close, also after a failure. */
GBAU_MUST_USE enum gbau_status demo_ports_open(struct demo_ports *ports);
void demo_ports_close(struct demo_ports *ports);

/*
 * Makes a card with random keys and PIN, and the database of the HSS with its subscriber, in the working directory. K
 * and OPc are known to these two alone afterwards. Errors are logged.
 */
GBAU_MUST_USE enum gbau_status demo_provision_subscriber(const struct demo_places *places, struct crypto *crypto,
                                                         char pin[DEMO_PIN_SIZE]);

/* Writes hss.yaml, bsf.yaml and naf.yaml to the working directory. The clients connect to the relays of `trace`. */
GBAU_MUST_USE enum gbau_status demo_provision_daemons(const struct demo_places *places, const struct demo_ports *ports,
                                                      const struct demo_trace *trace);

#endif
