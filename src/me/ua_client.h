/* ua_client.h: HTTP Digest with a NAF key (TS 24.109 clause 5.2). */
#ifndef ME_UA_CLIENT_H
#define ME_UA_CLIENT_H

#include "crypto/primitives.h"
#include "key/gba_keys.h"
#include "net/http_client.h"

struct ua_client_request {
    struct http_client *http;
    struct crypto *crypto;
    const struct log *log;
    const char *url;      /* of the protected resource */
    const char *naf_fqdn; /* the realm must name it: another name would be another key */
    const char *b_tid;
    const struct ks_ext_naf *key;
};

/*
 * GETs a protected resource: answers the NAF's challenge in realm "3GPP-bootstrapping@<naf_fqdn>" with the B-TID and
 * base64 of the key, and checks rspauth when it is there. GBAU_E_EXPIRED when the NAF asks for a new bootstrapping,
 * GBAU_E_PROTOCOL for another realm, GBAU_E_REFUSED for any other status than 200. The caller clears *answer on
 * GBAU_OK.
 */
GBAU_MUST_USE enum gbau_status ua_client_get(const struct ua_client_request *request, struct http_answer *answer);

#endif
