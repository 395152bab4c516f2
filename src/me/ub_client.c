/* ub_client.c: the UE's half of Ub. */
#include "me/ub_client.h"

#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "base/text_coding.h"

enum { CNONCE_OCTETS = 16, NONCE_OCTETS_MAX = 384 };

static enum gbau_status write_authorization(struct ub_client *client)
{
    return digest_write_credentials(&client->credentials, client->authorization, sizeof client->authorization);
}

enum gbau_status ub_client_begin(struct ub_client *client, struct crypto *crypto, const char *username,
                                 const char *bsf_fqdn)
{
    *client = (struct ub_client){.crypto = crypto};
    struct digest_credentials *credentials = &client->credentials;
    if (strlen(username) >= sizeof credentials->username || strlen(bsf_fqdn) >= sizeof credentials->realm) {
        return GBAU_E_ARGUMENT;
    }
    (void)snprintf(credentials->username, sizeof credentials->username, "%s", username);
    (void)snprintf(credentials->realm, sizeof credentials->realm, "%s", bsf_fqdn);
    (void)snprintf(credentials->uri, sizeof credentials->uri, "/");
    credentials->scheme = DIGEST_SCHEME_MD5; /* not said in message 1, which has no algorithm (24.109 annex A.3) */
    return write_authorization(client);
}

enum gbau_status ub_client_read_challenge(struct ub_client *client, const char *www_authenticate)
{
    struct digest_challenge challenge;
    uint8_t nonce[NONCE_OCTETS_MAX];
    size_t length = 0;
    if (digest_read_challenge(octets_of_text(www_authenticate), &challenge) != GBAU_OK ||
        challenge.scheme != DIGEST_SCHEME_AKAV1_MD5 || (challenge.qop & DIGEST_QOP_AUTH_INT) == 0) {
        return GBAU_E_PROTOCOL;
    }
    enum gbau_status status = base64_decode(octets_of_text(challenge.nonce), nonce, sizeof nonce, &length);
    if (status != GBAU_OK || length < AKA_RAND_SIZE + AKA_AUTN_SIZE) {
        return GBAU_E_PROTOCOL;
    }
    memcpy(client->rand.octets, nonce, AKA_RAND_SIZE); /* what follows RAND and AUTN is the server's own */
    memcpy(client->autn.octets, nonce + AKA_RAND_SIZE, AKA_AUTN_SIZE);
    struct digest_credentials *credentials = &client->credentials;
    memcpy(credentials->realm, challenge.realm, sizeof credentials->realm);
    memcpy(credentials->nonce, challenge.nonce, sizeof credentials->nonce);
    memcpy(credentials->opaque, challenge.opaque, sizeof credentials->opaque);
    credentials->scheme = DIGEST_SCHEME_AKAV1_MD5;
    credentials->qop = DIGEST_QOP_AUTH_INT;
    credentials->nonce_count = 1;
    credentials->auts[0] = '\0';
    secret_wipe(&client->res, sizeof client->res); /* a RES counts for its own challenge only */
    return GBAU_OK;
}

static enum gbau_status answer_with(struct ub_client *client, struct octets password)
{
    uint8_t cnonce[CNONCE_OCTETS];
    struct digest_credentials *credentials = &client->credentials;
    enum gbau_status status = crypto_random(client->crypto, cnonce, sizeof cnonce);
    if (status == GBAU_OK) {
        status = hex_encode(octets_of(cnonce, sizeof cnonce), credentials->cnonce, sizeof credentials->cnonce);
    }
    if (status == GBAU_OK) {
        status = digest_compute_response(client->crypto, credentials, password, "GET", (struct octets){0},
                                         credentials->response);
    }
    return status == GBAU_OK ? write_authorization(client) : status;
}

enum gbau_status ub_client_answer(struct ub_client *client, const struct aka_res *res)
{
    client->res = *res;
    return answer_with(client, octets_of(client->res.octets, client->res.length));
}

enum gbau_status ub_client_resynchronise(struct ub_client *client, const struct aka_auts *auts)
{
    enum gbau_status status = base64_encode(octets_of(auts->octets, AKA_AUTS_SIZE), client->credentials.auts,
                                            sizeof client->credentials.auts);
    return status == GBAU_OK ? answer_with(client, (struct octets){0}) : status;
}

static enum gbau_status check_rspauth(struct ub_client *client, const char *authentication_info, struct octets body)
{
    struct digest_info info;
    char expected[DIGEST_RESPONSE_SIZE];
    if (digest_read_info(octets_of_text(authentication_info), &info) != GBAU_OK) {
        return GBAU_E_AUTHENTICATION;
    }
    enum gbau_status status =
        digest_compute_rspauth(client->crypto, &client->credentials,
                               octets_of(client->res.octets, client->res.length), body, expected);
    if (status == GBAU_OK && !digest_response_matches(expected, info.rspauth)) {
        status = GBAU_E_AUTHENTICATION;
    }
    secret_wipe(expected, sizeof expected);
    return status;
}

enum gbau_status ub_client_read_success(struct ub_client *client, const char *authentication_info, struct octets body,
                                        bool trust_missing, struct bsf_xml *info)
{
    enum gbau_status status = GBAU_E_AUTHENTICATION;
    if (client->res.length == 0) {
        return GBAU_E_AUTHENTICATION; /* nothing was agreed: whoever says 200 to an AUTS is no BSF */
    }
    if (authentication_info != NULL) {
        status = check_rspauth(client, authentication_info, body);
    } else if (trust_missing) {
        status = GBAU_OK;
    }
    if (status != GBAU_OK) {
        return status;
    }
    return bsf_xml_read(body, info) == GBAU_OK ? GBAU_OK : GBAU_E_PROTOCOL;
}

void ub_client_clear(struct ub_client *client)
{
    secret_wipe(client, sizeof *client);
}
