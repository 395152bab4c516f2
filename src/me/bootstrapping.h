/* bootstrapping.h: a whole run of Ub: card, BSF, and the card again (TS 33.220 4.5.2, 5.3.2). */
#ifndef ME_BOOTSTRAPPING_H
#define ME_BOOTSTRAPPING_H

#include "codec/bsf_xml.h"
#include "me/usim.h"
#include "net/http_client.h"

enum { ME_TMPI_SIZE = 80 };

/* What a run gives. Holds Ks of a GBA_ME run: wipe it. */
struct bootstrapping {
    bool is_gba_u; /* Ks is in the card; otherwise it is in `ks` */
    struct bsf_xml info;
    struct aka_rand rand;
    struct ks ks;
};

struct bootstrapping_request {
    struct usim *usim;
    struct http_client *http;
    struct crypto *crypto;
    const struct log *log;
    const char *bsf_url;    /* http://host:port/ */
    char *tmpi;             /* room for ME_TMPI_SIZE: the TMPI held, or empty; updated. NULL: none is kept */
    bool trust_missing_info; /* let a BSF in that sends no Authentication-Info */
};

/*
 * Runs Ub: at most two resynchronisations, and once more with the IMPI when the BSF refuses a TMPI. On success B-TID
 * and lifetime stand in EF_GBABP. GBAU_E_REFUSED, GBAU_E_AUTHENTICATION (the BSF or the challenge is not genuine),
 * GBAU_E_UNREACHABLE, GBAU_E_BUSY (503); each logged with what to do.
 */
GBAU_MUST_USE enum gbau_status bootstrapping_run(const struct bootstrapping_request *request,
                                                 struct bootstrapping *bootstrapping);

#endif
