/*
 * naf.c: what a NAF does with a request.
 *
 *     POST <sealed_path>  a sealed message -> Ks_int_NAF of its B-TID -> opened -> delivered -> 204
 *     anything else       HTTP Digest under "3GPP-bootstrapping@<fqdn>" with Ks_(ext_)NAF -> 200
 *
 * A text that was opened goes to the application behind the NAF, never back to whoever posted it.
 */
#include "naf/naf.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text_coding.h"
#include "crypto/crypto_pool.h"
#include "key/api_aid.h"
#include "key/local_key.h"
#include "naf/key_inquiry.h"
#include "naf/nonce_table.h"

#define REALM_EXT "3GPP-bootstrapping"
#define REALM_INT "3GPP-bootstrapping-uicc"

enum {
    STATUS_OK = 200,
    STATUS_NO_CONTENT = 204,
    STATUS_BAD_REQUEST = 400,
    STATUS_UNAUTHORIZED = 401,
    STATUS_FORBIDDEN = 403,
    STATUS_CONFLICT = 409,
    STATUS_TOO_LARGE = 413,
    STATUS_SERVER_ERROR = 500,
    STATUS_UNAVAILABLE = 503
};

struct naf {
    struct naf_config config;
    const struct clock *clock;
    const struct log *log;
    struct crypto_pool *cryptos;
    struct key_cache *keys;
    struct nonce_table *nonces;
};

/* UEs derive with the name in lower case (33.220 H.1). */
static void lower(char *name)
{
    for (; *name != '\0'; name++) {
        *name = (char)tolower((unsigned char)*name);
    }
}

enum gbau_status naf_open(const struct naf_config *config, const struct clock *clock, const struct log *log,
                          struct naf **naf)
{
    *naf = NULL;
    if (config->fqdn[0] == '\0' || config->sealed_path[0] != '/' || config->nonce_lifetime_s == 0) {
        return GBAU_E_ARGUMENT;
    }
    struct naf *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    opened->config = *config;
    lower(opened->config.fqdn);
    opened->clock = clock;
    opened->log = log;
    enum gbau_status status = crypto_pool_open(config->crypto_count, &opened->cryptos);
    if (status == GBAU_OK) {
        status = key_cache_open(config->key_cache_max, clock, &opened->keys);
    }
    if (status == GBAU_OK) {
        status = nonce_table_open(config->nonce_lifetime_s, clock, &opened->nonces);
    }
    if (status != GBAU_OK) {
        naf_close(opened);
        return status;
    }
    *naf = opened;
    return GBAU_OK;
}

void naf_close(struct naf *naf)
{
    if (naf == NULL) {
        return;
    }
    nonce_table_close(naf->nonces);
    key_cache_close(naf->keys);
    crypto_pool_close(naf->cryptos);
    free(naf);
}

void naf_exchange_clear(struct naf_exchange *exchange)
{
    secret_wipe(exchange, sizeof *exchange);
}

/* Answers */

static void respond(struct naf_exchange *exchange, unsigned status)
{
    exchange->response = (struct naf_response){.status = status};
    exchange->next = NAF_RESPOND;
}

/* 401: the UE is to bootstrap, or, when only the nonce is old, to try again with the same key (24.109 5.2.4, 5.2.5). */
static void challenge(struct naf *naf, struct naf_exchange *exchange, bool stale)
{
    struct digest_challenge header = {
        .scheme = DIGEST_SCHEME_MD5, .qop = DIGEST_QOP_AUTH | DIGEST_QOP_AUTH_INT, .stale = stale};
    const char *realm = exchange->use == NAF_USE_SEALED ? REALM_INT : REALM_EXT;
    (void)snprintf(header.realm, sizeof header.realm, "%s@%s", realm, naf->config.fqdn);
    struct crypto *crypto = crypto_pool_borrow(naf->cryptos);
    enum gbau_status status = nonce_table_issue(naf->nonces, crypto, header.nonce);
    crypto_pool_return(naf->cryptos, crypto);
    respond(exchange, STATUS_UNAUTHORIZED);
    if (status == GBAU_OK) {
        status = digest_write_challenge(&header, exchange->response.www_authenticate,
                                        sizeof exchange->response.www_authenticate);
    }
    if (status != GBAU_OK) {
        respond(exchange, STATUS_SERVER_ERROR);
    }
}

/* Keys: from the cache, else from the BSF */

static const uint8_t *ua_of(const struct naf *naf, enum naf_use use)
{
    return use == NAF_USE_SEALED ? naf->config.sealed_ua : naf->config.digest_ua;
}

static void ask_bsf(struct naf *naf, struct naf_exchange *exchange)
{
    struct octet_writer writer = octet_writer_of(exchange->bir_buffer, sizeof exchange->bir_buffer);
    key_inquiry_write(&writer, naf->config.fqdn, ua_of(naf, exchange->use), exchange->b_tid);
    if (octet_writer_end(&writer) != GBAU_OK) {
        respond(exchange, STATUS_BAD_REQUEST);
        return;
    }
    exchange->bir = octets_written(&writer);
    exchange->next = NAF_ASK_BSF;
}

/* HTTP Digest with Ks_(ext_)NAF */

/* The answer's body: who the UE has proved to be. B-TID and IMPI hold no character that JSON would escape. */
static void write_welcome(const struct naf *naf, const struct naf_keys *keys, struct naf_response *response)
{
    (void)snprintf(response->content_type, sizeof response->content_type, "application/json");
    (void)snprintf(response->body, sizeof response->body, "{\"naf\":\"%s\",\"b_tid\":\"%s\",\"impi\":\"%s\"}\n",
                   naf->config.fqdn, keys->b_tid, keys->impi);
}

static enum gbau_status write_proof(struct crypto *crypto, struct naf_exchange *exchange, struct octets password)
{
    const struct digest_credentials *credentials = &exchange->credentials;
    struct digest_info info = {.qop = credentials->qop, .nonce_count = credentials->nonce_count};
    memcpy(info.cnonce, credentials->cnonce, sizeof info.cnonce);
    enum gbau_status status = digest_compute_rspauth(crypto, credentials, password,
                                                     octets_of_text(exchange->response.body), info.rspauth);
    return status == GBAU_OK ? digest_write_info(&info, exchange->response.authentication_info,
                                                 sizeof exchange->response.authentication_info)
                             : status;
}

static bool response_is_right(struct crypto *crypto, const struct naf_exchange *exchange, struct octets password)
{
    char expected[DIGEST_RESPONSE_SIZE];
    enum gbau_status status = digest_compute_response(crypto, &exchange->credentials, password, exchange->method,
                                                      exchange->body, expected);
    bool right = status == GBAU_OK && digest_response_matches(expected, exchange->credentials.response);
    secret_wipe(expected, sizeof expected);
    return right;
}

/* The nonce is counted only once the response is right: nobody else may use up the counts of a UE. */
static void finish_digest(struct naf *naf, struct crypto *crypto, struct naf_exchange *exchange,
                          const struct naf_keys *keys)
{
    char password[BASE64_LENGTH(NAF_KEY_SIZE) + 1];
    enum gbau_status status = base64_encode(octets_of(keys->ext_key.octets, NAF_KEY_SIZE), password, sizeof password);
    const bool right = status == GBAU_OK && response_is_right(crypto, exchange, octets_of_text(password));
    const enum nonce_judgement judgement =
        right ? nonce_table_judge(naf->nonces, exchange->credentials.nonce, exchange->credentials.nonce_count)
              : NONCE_STALE;
    if (right && judgement == NONCE_GOOD) {
        respond(exchange, STATUS_OK);
        write_welcome(naf, keys, &exchange->response);
        if (write_proof(crypto, exchange, octets_of_text(password)) != GBAU_OK) {
            respond(exchange, STATUS_SERVER_ERROR);
        }
        log_info(naf->log, "B-TID %s admitted", keys->b_tid);
    } else {
        log_warning(naf->log, "B-TID %s not admitted: %s", keys->b_tid,
                    !right ? "wrong response" : judgement == NONCE_STALE ? "nonce is stale" : "nonce count replayed");
        challenge(naf, exchange, right);
    }
    secret_wipe(password, sizeof password);
}

/* Sealed messages under a key distributed from Ks_int_NAF */

static uint64_t counter_of_nonce(const uint8_t nonce[AES_GCM_NONCE_SIZE])
{
    struct octet_reader reader = octet_reader_of(octets_of(nonce + 4, 8));
    return octet_reader_u64(&reader);
}

/* Opens it under the key that it names; the label must be a text, as the application gets it as one. */
static enum gbau_status open_sealed(struct naf *naf, struct naf_exchange *exchange, const struct naf_keys *keys)
{
    struct naf_message *message = &exchange->message;
    struct gbau_key *key = NULL;
    const struct local_key_root root = {.cryptos = naf->cryptos,
                                        .int_key = &keys->int_key,
                                        .b_tid = keys->b_tid,
                                        .caller = octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE)};
    const struct gbau_key_request request = {.usage = GBAU_USAGE_ENCRYPT,
                                             .direction = GBAU_CARD_TO_NAF,
                                             .algorithm = (enum gbau_algorithm)exchange->sealed.key.algorithm,
                                             .label = message->label};
    enum gbau_status status = octets_to_text(exchange->sealed.key.label, message->label, sizeof message->label);
    if (status == GBAU_OK) {
        status = local_key_open(&root, &request, &key);
    }
    if (status == GBAU_OK) {
        status = gbau_key_open_sealed(key, NULL, 0, exchange->body.data, exchange->body.length, message->text,
                                      sizeof message->text, &message->length);
    }
    gbau_key_close(key);
    return status;
}

static void finish_sealed(struct naf *naf, struct naf_exchange *exchange, const struct naf_keys *keys)
{
    struct naf_message *message = &exchange->message;
    if (!keys->has_int_key) {
        log_warning(naf->log, "the BSF gave no Ks_int_NAF for B-TID %s: no GBA_U run, or this NAF may not have it",
                    keys->b_tid);
        respond(exchange, STATUS_FORBIDDEN);
        return;
    }
    enum gbau_status status = open_sealed(naf, exchange, keys);
    if (status != GBAU_OK) {
        log_warning(naf->log, "a sealed message of B-TID %s does not open: %s", keys->b_tid, gbau_status_text(status));
        respond(exchange, STATUS_FORBIDDEN);
        return;
    }
    memcpy(message->b_tid, keys->b_tid, sizeof message->b_tid);
    message->counter = counter_of_nonce(exchange->sealed.nonce);
    exchange->next = NAF_DELIVER;
}

/* With keys in hand */

static void finish(struct naf *naf, struct naf_exchange *exchange, const struct naf_keys *keys)
{
    if (exchange->use == NAF_USE_SEALED) {
        finish_sealed(naf, exchange, keys);
        return;
    }
    struct crypto *crypto = crypto_pool_borrow(naf->cryptos);
    finish_digest(naf, crypto, exchange, keys);
    crypto_pool_return(naf->cryptos, crypto);
}

static void find_keys(struct naf *naf, struct naf_exchange *exchange)
{
    struct naf_keys keys;
    if (key_cache_find(naf->keys, exchange->b_tid, ua_of(naf, exchange->use), &keys) != GBAU_OK) {
        ask_bsf(naf, exchange);
        return;
    }
    finish(naf, exchange, &keys);
    secret_wipe(&keys, sizeof keys);
}

static void begin_sealed(struct naf *naf, const struct naf_request *request, struct naf_exchange *exchange)
{
    exchange->use = NAF_USE_SEALED;
    if (sealed_message_read(request->body, &exchange->sealed) != GBAU_OK ||
        octets_to_text(exchange->sealed.key.b_tid, exchange->b_tid, sizeof exchange->b_tid) != GBAU_OK ||
        !key_inquiry_name_is_plain(exchange->b_tid)) {
        log_warning(naf->log, "a sealed message is malformed");
        respond(exchange, STATUS_BAD_REQUEST);
        return;
    }
    if (exchange->sealed.ciphertext.length > NAF_TEXT_MAX) {
        respond(exchange, STATUS_TOO_LARGE);
        return;
    }
    find_keys(naf, exchange);
}

static bool credentials_fit(const struct naf *naf, const struct naf_request *request,
                            const struct digest_credentials *credentials)
{
    char realm[DIGEST_REALM_SIZE];
    (void)snprintf(realm, sizeof realm, "%s@%s", REALM_EXT, naf->config.fqdn);
    return strcmp(credentials->realm, realm) == 0 && strcmp(credentials->uri, request->target) == 0 &&
           credentials->qop != DIGEST_QOP_NONE && credentials->scheme == DIGEST_SCHEME_MD5 &&
           strlen(credentials->username) < NAF_B_TID_SIZE && key_inquiry_name_is_plain(credentials->username);
}

static void begin_digest(struct naf *naf, const struct naf_request *request, struct naf_exchange *exchange)
{
    exchange->use = NAF_USE_DIGEST;
    if (request->authorization_count == 0) {
        bool says_gba = request->user_agent != NULL && strstr(request->user_agent, "3gpp-gba") != NULL;
        if (naf->config.demand_product_token && !says_gba) {
            respond(exchange, STATUS_FORBIDDEN);
            return;
        }
        challenge(naf, exchange, false);
        return;
    }
    if (request->authorization_count > 1 ||
        digest_read_credentials(octets_of_text(request->authorization), &exchange->credentials) != GBAU_OK ||
        !credentials_fit(naf, request, &exchange->credentials)) {
        respond(exchange, STATUS_BAD_REQUEST);
        return;
    }
    (void)snprintf(exchange->b_tid, sizeof exchange->b_tid, "%s", exchange->credentials.username);
    find_keys(naf, exchange);
}

void naf_begin(struct naf *naf, const struct naf_request *request, struct naf_exchange *exchange)
{
    memset(exchange, 0, sizeof *exchange);
    exchange->body = request->body;
    if (strlen(request->method) >= sizeof exchange->method) {
        respond(exchange, STATUS_BAD_REQUEST);
        return;
    }
    (void)snprintf(exchange->method, sizeof exchange->method, "%s", request->method);
    if (strcmp(request->path, naf->config.sealed_path) == 0 && strcmp(request->method, "POST") == 0) {
        begin_sealed(naf, request, exchange);
    } else {
        begin_digest(naf, request, exchange);
    }
}

/* The BSF has answered */

static void refuse(struct naf *naf, struct naf_exchange *exchange, uint32_t result)
{
    log_warning(naf->log, "the BSF refused the keys of B-TID %s with %u", exchange->b_tid, result);
    if (result == GBA_RESULT_TRANSACTION_IDENTIFIER_INVALID) {
        challenge(naf, exchange, false);
    } else {
        respond(exchange, result == GBA_RESULT_NOT_AUTHORIZED ? STATUS_FORBIDDEN : STATUS_UNAVAILABLE);
    }
}

void naf_continue(struct naf *naf, struct naf_exchange *exchange, enum gbau_status status, struct octets bia)
{
    struct naf_keys keys;
    uint32_t result = 0;
    if (status == GBAU_OK) {
        status = key_inquiry_read(bia, exchange->b_tid, ua_of(naf, exchange->use), clock_now(naf->clock), &keys,
                                  &result);
    }
    if (status != GBAU_OK) {
        log_warning(naf->log, result == GBA_RESULT_SUCCESS ? "the BSF sent an IMPI that is none"
                                                           : "the BSF does not answer");
        respond(exchange, STATUS_UNAVAILABLE);
    } else if (result != GBA_RESULT_SUCCESS) {
        refuse(naf, exchange, result);
    } else {
        key_cache_put(naf->keys, &keys);
        finish(naf, exchange, &keys);
    }
    secret_wipe(&keys, sizeof keys);
}

/* The application has the message */

void naf_delivered(struct naf *naf, struct naf_exchange *exchange, enum gbau_status status)
{
    const char *b_tid = exchange->message.b_tid;
    if (status == GBAU_OK) {
        log_info(naf->log, "sealed message of B-TID %s, label %s, opened", b_tid, exchange->message.label);
        respond(exchange, STATUS_NO_CONTENT);
    } else if (status == GBAU_E_REPLAY) {
        log_warning(naf->log, "sealed message of B-TID %s refused: replayed", b_tid);
        respond(exchange, STATUS_CONFLICT);
    } else {
        log_error(naf->log, "sealed message of B-TID %s could not be handed over: %s", b_tid,
                  gbau_status_text(status));
        respond(exchange, STATUS_UNAVAILABLE);
    }
}
