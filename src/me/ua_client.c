/* ua_client.c: HTTP Digest with a NAF key. */
#include "me/ua_client.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/secret.h"
#include "base/text_coding.h"
#include "codec/digest_auth.h"

#define REALM_PREFIX   "3GPP-bootstrapping@"
#define USER_AGENT     "User-Agent: gbau; Release-18 3gpp-gba"
#define PASSWORD_SIZE  (BASE64_LENGTH(NAF_KEY_SIZE) + 1)

enum { HEADER_SIZE = 4096, CNONCE_OCTETS = 16 };
enum { STATUS_OK = 200, STATUS_UNAUTHORIZED = 401 };

/* Path and query of a URL: what the digest covers as uri. */
static const char *target_of_url(const char *url)
{
    const char *host = strstr(url, "://");
    const char *target = strchr(host == NULL ? url : host + 3, '/');
    return target == NULL ? "/" : target;
}

static enum gbau_status get(const struct ua_client_request *request, const char *authorization,
                            struct http_answer *answer)
{
    const char *const headers[] = {USER_AGENT, authorization};
    const struct http_client_request http_request = {
        .method = "GET", .url = request->url, .header_count = authorization == NULL ? 1 : 2, .headers = headers};
    return http_client_exchange(request->http, &http_request, answer);
}

static enum gbau_status read_challenge(const struct ua_client_request *request, const struct http_answer *answer,
                                       struct digest_challenge *challenge)
{
    char expected_realm[DIGEST_REALM_SIZE];
    const char *header = http_answer_header(answer, "WWW-Authenticate");
    (void)snprintf(expected_realm, sizeof expected_realm, REALM_PREFIX "%s", request->naf_fqdn);
    if (answer->status != STATUS_UNAUTHORIZED || header == NULL ||
        digest_read_challenge(octets_of_text(header), challenge) != GBAU_OK) {
        log_error(request->log, "%s did not ask for GBA: is it a NAF?", request->url);
        return GBAU_E_PROTOCOL;
    }
    if (strcasecmp(challenge->realm, expected_realm) != 0) {
        log_error(request->log, "the NAF calls itself \"%s\", not \"%s\"", challenge->realm, expected_realm);
        return GBAU_E_PROTOCOL;
    }
    return GBAU_OK;
}

static enum gbau_status make_credentials(const struct ua_client_request *request,
                                         const struct digest_challenge *challenge, const char *password,
                                         struct digest_credentials *credentials)
{
    uint8_t cnonce[CNONCE_OCTETS];
    *credentials = (struct digest_credentials){.scheme = challenge->scheme, .nonce_count = 1};
    credentials->qop = (challenge->qop & DIGEST_QOP_AUTH_INT) != 0 ? DIGEST_QOP_AUTH_INT : DIGEST_QOP_AUTH;
    (void)snprintf(credentials->username, sizeof credentials->username, "%s", request->b_tid);
    (void)snprintf(credentials->uri, sizeof credentials->uri, "%s", target_of_url(request->url));
    memcpy(credentials->realm, challenge->realm, sizeof credentials->realm);
    memcpy(credentials->nonce, challenge->nonce, sizeof credentials->nonce);
    memcpy(credentials->opaque, challenge->opaque, sizeof credentials->opaque);
    enum gbau_status status = crypto_random(request->crypto, cnonce, sizeof cnonce);
    if (status == GBAU_OK) {
        status = hex_encode(octets_of(cnonce, sizeof cnonce), credentials->cnonce, sizeof credentials->cnonce);
    }
    if (status == GBAU_OK) {
        status = digest_compute_response(request->crypto, credentials, octets_of_text(password), "GET",
                                         (struct octets){0}, credentials->response);
    }
    return status;
}

/* The NAF proves with rspauth that it knows the key too. */
static enum gbau_status check_answer(const struct ua_client_request *request, const char *password,
                                     const struct digest_credentials *credentials, const struct http_answer *answer)
{
    struct digest_info info;
    char expected[DIGEST_RESPONSE_SIZE];
    const char *header = http_answer_header(answer, "Authentication-Info");
    if (answer->status == STATUS_UNAUTHORIZED) {
        log_error(request->log, "the NAF asks for a new bootstrapping: run 'gbau bootstrap'");
        return GBAU_E_EXPIRED;
    }
    if (answer->status != STATUS_OK) {
        log_error(request->log, "the NAF refused (%u)", answer->status);
        return GBAU_E_REFUSED;
    }
    if (header == NULL) {
        return GBAU_OK;
    }
    enum gbau_status status = digest_read_info(octets_of_text(header), &info);
    if (status == GBAU_OK) {
        status = digest_compute_rspauth(request->crypto, credentials, octets_of_text(password),
                                        octets_of(answer->body, answer->body_length), expected);
    }
    if (status != GBAU_OK || !digest_response_matches(expected, info.rspauth)) {
        log_error(request->log, "the NAF did not prove that it knows the key (rspauth)");
        return GBAU_E_AUTHENTICATION;
    }
    return GBAU_OK;
}

static enum gbau_status get_with_credentials(const struct ua_client_request *request, const char *password,
                                             const struct digest_credentials *credentials, struct http_answer *answer)
{
    char authorization[HEADER_SIZE] = "Authorization: ";
    const size_t prefix = strlen(authorization);
    enum gbau_status status =
        digest_write_credentials(credentials, authorization + prefix, sizeof authorization - prefix);
    if (status == GBAU_OK) {
        status = get(request, authorization, answer);
    }
    if (status != GBAU_OK) {
        return status;
    }
    status = check_answer(request, password, credentials, answer);
    if (status != GBAU_OK) {
        http_answer_clear(answer);
    }
    return status;
}

enum gbau_status ua_client_get(const struct ua_client_request *request, struct http_answer *answer)
{
    struct digest_challenge challenge;
    struct digest_credentials credentials;
    char password[PASSWORD_SIZE];
    enum gbau_status status = get(request, NULL, answer);
    if (status != GBAU_OK) {
        return status;
    }
    status = read_challenge(request, answer, &challenge);
    http_answer_clear(answer);
    if (status == GBAU_OK) {
        status = base64_encode(octets_of(request->key->octets, NAF_KEY_SIZE), password, sizeof password);
    }
    if (status == GBAU_OK) {
        status = make_credentials(request, &challenge, password, &credentials);
    }
    if (status == GBAU_OK) {
        status = get_with_credentials(request, password, &credentials, answer);
    }
    secret_wipe(password, sizeof password);
    return status;
}
