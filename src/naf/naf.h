/*
 * naf.h: a network application function as a core without sockets: HTTP Digest with NAF keys (TS 24.109 clause 5.2),
 * sealed messages under keys distributed from Ks_int_NAF, and its questions to the BSF over Zn (TS 29.109 clause 5).
 *
 * Thread-safe: several exchanges may be worked on at once, each by one thread at a time.
 */
#ifndef NAF_NAF_H
#define NAF_NAF_H

#include "base/clock.h"
#include "base/log.h"
#include "codec/digest_auth.h"
#include "codec/gba_avp.h"
#include "key/sealed_message.h"

enum {
    NAF_FQDN_SIZE = 254,
    NAF_B_TID_SIZE = 256,
    NAF_IMPI_SIZE = 256,
    NAF_PATH_SIZE = 128,
    NAF_HEADER_SIZE = 2048,
    NAF_BODY_SIZE = 1024,
    NAF_BIR_SIZE = 1024,
    NAF_TEXT_MAX = 16384 /* of a sealed message */
};

struct naf_config {
    char fqdn[NAF_FQDN_SIZE];            /* the name that UEs use: part of every NAF_ID, in lower case there */
    uint8_t digest_ua[NAF_ID_UA_SIZE];   /* Ua protocol of the HTTP Digest resource; 01 00 00 00 02 */
    uint8_t sealed_ua[NAF_ID_UA_SIZE];   /* Ua protocol of sealed messages */
    char sealed_path[NAF_PATH_SIZE];     /* where they are posted */
    bool demand_product_token;           /* challenge only UEs that say 3gpp-gba (33.222 5.3.0) */
    unsigned nonce_lifetime_s;
    size_t key_cache_max; /* {B-TID, NAF_ID} pairs whose keys are kept until they expire */
    unsigned crypto_count;
};

struct naf;

GBAU_MUST_USE enum gbau_status naf_open(const struct naf_config *config, const struct clock *clock,
                                        const struct log *log, struct naf **naf);
void naf_close(struct naf *naf);

/* A request as it came in; all borrowed for the call. */
struct naf_request {
    const char *method;
    const char *path;
    const char *target; /* with query: what the digest covers */
    const char *user_agent; /* or NULL */
    size_t authorization_count;
    const char *authorization;
    struct octets body;
};

enum naf_next {
    NAF_RESPOND, /* send `response` */
    NAF_ASK_BSF, /* send `bir` over Zn, then call naf_continue */
    NAF_DELIVER  /* hand `message` to the application, then call naf_delivered */
};

struct naf_response {
    unsigned status;
    char www_authenticate[NAF_HEADER_SIZE];
    char authentication_info[NAF_HEADER_SIZE];
    char content_type[64];
    char body[NAF_BODY_SIZE];
};

/* A message that was opened, for the application behind the NAF. */
struct naf_message {
    char b_tid[NAF_B_TID_SIZE];
    char label[APPLICATION_LABEL_MAX + 1];
    uint64_t counter; /* of the card: grows from message to message */
    size_t length;
    uint8_t text[NAF_TEXT_MAX];
};

enum naf_use { NAF_USE_DIGEST, NAF_USE_SEALED };

/* One request and what becomes of it. Owned by the caller; ended by naf_exchange_clear. */
struct naf_exchange {
    enum naf_next next;
    struct naf_response response;
    uint8_t bir_buffer[NAF_BIR_SIZE];
    struct octets bir;
    struct naf_message message;
    /* the core's own */
    enum naf_use use;
    char method[16];
    struct octets body; /* borrowed: must live until the exchange ends */
    struct digest_credentials credentials;
    struct sealed_message sealed;
    char b_tid[NAF_B_TID_SIZE];
};

/* Begins with a request. `request->body` must live until the exchange ends. */
void naf_begin(struct naf *naf, const struct naf_request *request, struct naf_exchange *exchange);

/* Goes on with the BSF's answer, or with the reason why there is none. */
void naf_continue(struct naf *naf, struct naf_exchange *exchange, enum gbau_status status, struct octets bia);

/* Goes on after the message was handed over: GBAU_E_REPLAY when it was seen before. Always ends in NAF_RESPOND. */
void naf_delivered(struct naf *naf, struct naf_exchange *exchange, enum gbau_status status);

void naf_exchange_clear(struct naf_exchange *exchange);

#endif
