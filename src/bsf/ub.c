/*
 * ub.c: bootstrapping over HTTP Digest AKA (TS 24.109 clause 4, TS 33.220 4.5.2 and 5.3.2, RFC 3310).
 *
 *     message 1: no nonce                 -> vector from the HSS -> 401 with nonce = base64(RAND || AUTN or AUTN*)
 *     message 3: nonce, response          -> 200 with B-TID and lifetime, session stored
 *                nonce, auts              -> resynchronisation at the HSS -> 401 with a new nonce
 *                nonce that is not known  -> as message 1
 *
 * A challenge is used once: whatever answers it, right or wrong, ends it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text_coding.h"
#include "bsf/bsf_private.h"
#include "codec/bsf_xml.h"

enum { RESYNC_ROUNDS_MAX = 2, NONCE_OCTETS_MAX = 256, OPAQUE_OCTETS = 16 };

/* Answers */

static void respond(struct ub_exchange *exchange, unsigned status)
{
    exchange->response = (struct ub_response){.status = status};
    exchange->next = UB_RESPOND;
}

/* Statuses on Ub: a user who is unknown and one who failed look alike, so that nobody can list the users. */
enum { STATUS_OK = 200, STATUS_BAD_REQUEST = 400, STATUS_UNAUTHORIZED = 401, STATUS_FORBIDDEN = 403,
       STATUS_NOT_FOUND = 404, STATUS_METHOD_NOT_ALLOWED = 405, STATUS_SERVER_ERROR = 500, STATUS_UNAVAILABLE = 503 };

static unsigned http_status_of(enum gbau_status status)
{
    switch ((int)status) {
    case GBAU_E_NOT_FOUND:
    case GBAU_E_AUTHENTICATION:
    case GBAU_E_REFUSED:
        return STATUS_FORBIDDEN;
    case GBAU_E_MALFORMED:
    case GBAU_E_UNSUPPORTED:
        return STATUS_BAD_REQUEST;
    case GBAU_E_CRYPTO:
    case GBAU_E_SPACE:
        return STATUS_SERVER_ERROR;
    default: /* no HSS, no room, no disk: all pass */
        return STATUS_UNAVAILABLE;
    }
}

static void fail(const struct bsf *bsf, struct ub_exchange *exchange, enum gbau_status status, const char *why)
{
    log_warning(bsf->log, "bootstrapping of %s failed: %s", exchange->impi[0] == '\0' ? "?" : exchange->impi, why);
    respond(exchange, http_status_of(status));
}

/* Who is it? */

static enum gbau_status find_impi(struct bsf *bsf, struct ub_exchange *exchange)
{
    const char *username = exchange->credentials.username;
    struct octets text = octets_of_text(username);
    if (gba_username_is_tmpi(text)) {
        return session_store_find_impi(bsf->store, username, exchange->impi);
    }
    if (strchr(username, '@') == NULL || text.length > IMPI_MAX) {
        return GBAU_E_MALFORMED;
    }
    memcpy(exchange->impi, username, text.length + 1);
    return GBAU_OK;
}

/* Message 1, and everything that starts anew */

static void ask_hss(struct bsf *bsf, struct ub_exchange *exchange, struct octets rand_auts)
{
    const struct gba_mar mar = {
        .impi = octets_of_text(exchange->impi),
        .scheme = octets_of_text(GBA_SCHEME_AKAV1),
        .rand_auts = rand_auts,
    };
    if (!challenge_table_has_room(bsf->challenges, exchange->impi)) {
        fail(bsf, exchange, GBAU_E_LIMIT, "too many challenges wait for their answer");
        return;
    }
    struct octet_writer writer = octet_writer_of(exchange->mar_buffer, sizeof exchange->mar_buffer);
    gba_write_mar(&writer, &mar);
    if (octet_writer_end(&writer) != GBAU_OK) {
        fail(bsf, exchange, GBAU_E_SPACE, "request to the HSS does not fit");
        return;
    }
    exchange->mar = octets_written(&writer);
    exchange->next = UB_ASK_HSS;
}

/* Message 3 */

/* The RAND in front of a nonce of ours. */
static enum gbau_status read_nonce(const char *nonce, struct aka_rand *rand)
{
    uint8_t octets[NONCE_OCTETS_MAX];
    size_t length = 0;
    enum gbau_status status = base64_decode(octets_of_text(nonce), octets, sizeof octets, &length);
    if (status != GBAU_OK || length < AKA_RAND_SIZE + AKA_AUTN_SIZE) {
        return GBAU_E_MALFORMED;
    }
    memcpy(rand->octets, octets, AKA_RAND_SIZE);
    return GBAU_OK;
}

static bool uri_is_ours(const struct bsf *bsf, const char *uri)
{
    char absolute[BSF_FQDN_SIZE + 16];
    (void)snprintf(absolute, sizeof absolute, "http://%s/", bsf->config.fqdn);
    return strcmp(uri, "/") == 0 || strcmp(uri, absolute) == 0;
}

static bool belongs_to(const struct bsf *bsf, const struct digest_credentials *credentials,
                       const struct challenge *challenge)
{
    return strcmp(credentials->username, challenge->username) == 0 &&
           strcmp(credentials->nonce, challenge->nonce) == 0 &&
           strcmp(credentials->realm, bsf->config.fqdn) == 0 &&
           strcmp(credentials->opaque, challenge->opaque) == 0 && uri_is_ours(bsf, credentials->uri) &&
           credentials->scheme == DIGEST_SCHEME_AKAV1_MD5 && credentials->qop == DIGEST_QOP_AUTH_INT &&
           credentials->nonce_count == 1;
}

static bool response_is(struct crypto *crypto, const struct digest_credentials *credentials, struct octets password)
{
    char expected[DIGEST_RESPONSE_SIZE];
    if (digest_compute_response(crypto, credentials, password, "GET", (struct octets){0}, expected) != GBAU_OK) {
        return false;
    }
    bool matches = digest_response_matches(expected, credentials->response);
    secret_wipe(expected, sizeof expected);
    return matches;
}

static struct octets octets_of_res(const struct aka_res *res)
{
    return octets_of(res->octets, res->length);
}

/*
 * The RES behind the response: in a GBA_U run its least significant bit is flipped ([M] 33.220 5.3.2). Cards that do it
 * the other way are let in and logged, so that a wrong memory of the standard locks nobody out.
 */
static bool check_response(const struct bsf *bsf, struct crypto *crypto, const struct ub_exchange *exchange,
                           const struct challenge *challenge, struct aka_res *password)
{
    const bool flips = challenge->mode == GBA_MODE_U && bsf->config.gba_u_rules.flip_res_bit;
    *password = challenge->xres;
    if (flips) {
        gba_u_flip_res(password);
    }
    if (response_is(crypto, &exchange->credentials, octets_of_res(password))) {
        return true;
    }
    if (challenge->mode != GBA_MODE_U) {
        return false;
    }
    gba_u_flip_res(password);
    if (!response_is(crypto, &exchange->credentials, octets_of_res(password))) {
        return false;
    }
    log_warning(bsf->log, "the UICC of %s answers with %s RES", exchange->impi, flips ? "unflipped" : "flipped");
    return true;
}

static enum gbau_status make_tmpi(const struct bsf *bsf, struct crypto *crypto, struct bootstrapping_session *session)
{
    uint8_t bsf_id[BSF_FQDN_SIZE + NAF_ID_UA_SIZE];
    struct ks_ext_naf key;
    struct octet_writer writer = octet_writer_of(bsf_id, sizeof bsf_id);
    gba_write_bsf_id(&writer, octets_of_text(bsf->config.fqdn));
    enum gbau_status status = gba_derive_ks_ext_naf(crypto, &session->ks, &session->rand,
                                                    octets_of_text(session->impi), octets_written(&writer), &key);
    if (status == GBAU_OK) {
        status = gba_tmpi_of(&key, session->tmpi, sizeof session->tmpi);
    }
    secret_wipe(&key, sizeof key);
    return status;
}

/* B-TID = base64(RAND) "@" BSF domain (33.220 5.3.2). */
static enum gbau_status make_b_tid(const struct bsf *bsf, struct bootstrapping_session *session)
{
    char rand[BASE64_LENGTH(AKA_RAND_SIZE) + 1];
    enum gbau_status status = base64_encode(octets_of(session->rand.octets, AKA_RAND_SIZE), rand, sizeof rand);
    if (status != GBAU_OK) {
        return status;
    }
    int length = snprintf(session->b_tid, sizeof session->b_tid, "%s@%s", rand, bsf->config.fqdn);
    return length > 0 && (size_t)length < sizeof session->b_tid ? GBAU_OK : GBAU_E_SPACE;
}

static enum gbau_status make_session(const struct bsf *bsf, struct crypto *crypto, const struct challenge *challenge,
                                     struct bootstrapping_session *session)
{
    *session = (struct bootstrapping_session){.rand = challenge->rand, .mode = challenge->mode};
    session->created = clock_now(bsf->clock);
    session->expires = session->created + challenge->key_lifetime_s;
    memcpy(session->impi, challenge->impi, sizeof session->impi);
    ks_from_ck_ik(&session->ks, &challenge->ck, &challenge->ik);
    if (challenge->guss_xml != NULL) {
        (void)snprintf(session->guss_xml, sizeof session->guss_xml, "%s", challenge->guss_xml);
    }
    enum gbau_status status = make_b_tid(bsf, session);
    return status == GBAU_OK ? make_tmpi(bsf, crypto, session) : status;
}

static void accept(struct bsf *bsf, struct crypto *crypto, struct ub_exchange *exchange,
                   const struct challenge *challenge)
{
    if (!check_response(bsf, crypto, exchange, challenge, &exchange->password)) {
        fail(bsf, exchange, GBAU_E_AUTHENTICATION, "wrong response");
        return;
    }
    enum gbau_status status = make_session(bsf, crypto, challenge, &exchange->session);
    if (status != GBAU_OK) {
        fail(bsf, exchange, status, "no session could be made");
        return;
    }
    exchange->next = UB_STORE_SESSION;
}

/* The digest of a request with AUTS is made with an empty password (RFC 3310 3.4). */
static void resynchronise(struct bsf *bsf, struct crypto *crypto, struct ub_exchange *exchange,
                          const struct challenge *challenge)
{
    uint8_t rand_auts[AKA_RAND_SIZE + AKA_AUTS_SIZE];
    size_t length = 0;
    enum gbau_status status = base64_decode(octets_of_text(exchange->credentials.auts), rand_auts + AKA_RAND_SIZE,
                                            AKA_AUTS_SIZE, &length);
    if (status != GBAU_OK || length != AKA_AUTS_SIZE) {
        fail(bsf, exchange, GBAU_E_MALFORMED, "AUTS is not 14 octets in base64");
        return;
    }
    if (!response_is(crypto, &exchange->credentials, (struct octets){0})) {
        fail(bsf, exchange, GBAU_E_AUTHENTICATION, "wrong response beside AUTS");
        return;
    }
    if (challenge->resync_round >= RESYNC_ROUNDS_MAX) {
        fail(bsf, exchange, GBAU_E_REFUSED, "resynchronised twice in a row");
        return;
    }
    exchange->resync_round = challenge->resync_round + 1;
    memcpy(rand_auts, challenge->rand.octets, AKA_RAND_SIZE);
    ask_hss(bsf, exchange, octets_of(rand_auts, sizeof rand_auts));
}

static void answer_challenge(struct bsf *bsf, struct ub_exchange *exchange, struct challenge *challenge)
{
    memcpy(exchange->impi, challenge->impi, sizeof exchange->impi);
    if (!belongs_to(bsf, &exchange->credentials, challenge)) {
        fail(bsf, exchange, GBAU_E_MALFORMED, "the answer does not fit its challenge");
        return;
    }
    struct crypto *crypto = crypto_pool_borrow(bsf->cryptos);
    if (exchange->credentials.auts[0] != '\0') {
        resynchronise(bsf, crypto, exchange, challenge);
    } else {
        accept(bsf, crypto, exchange, challenge);
    }
    crypto_pool_return(bsf->cryptos, crypto);
}

/* Looks at a request */

static enum gbau_status read_request(const struct ub_request *request, struct ub_exchange *exchange)
{
    if (request->authorization_count != 1 || request->authorization == NULL || request->body.length > 0) {
        return GBAU_E_MALFORMED;
    }
    return digest_read_credentials(octets_of_text(request->authorization), &exchange->credentials);
}

static void begin_anew(struct bsf *bsf, struct ub_exchange *exchange)
{
    enum gbau_status status = find_impi(bsf, exchange);
    if (status != GBAU_OK) {
        fail(bsf, exchange, status, "no such user");
        return;
    }
    ask_hss(bsf, exchange, (struct octets){0});
}

void bsf_ub_begin(struct bsf *bsf, const struct ub_request *request, struct ub_exchange *exchange)
{
    struct aka_rand rand;
    struct challenge challenge;
    *exchange = (struct ub_exchange){0};
    if (!uri_is_ours(bsf, request->path)) {
        respond(exchange, STATUS_NOT_FOUND);
        return;
    }
    if (strcmp(request->method, "GET") != 0) {
        respond(exchange, STATUS_METHOD_NOT_ALLOWED);
        return;
    }
    if (read_request(request, exchange) != GBAU_OK) {
        fail(bsf, exchange, GBAU_E_MALFORMED, "malformed Authorization header");
        return;
    }
    if (exchange->credentials.nonce[0] == '\0') {
        begin_anew(bsf, exchange);
        return;
    }
    if (read_nonce(exchange->credentials.nonce, &rand) != GBAU_OK ||
        challenge_table_take(bsf->challenges, &rand, &challenge) != GBAU_OK) {
        begin_anew(bsf, exchange); /* a nonce that is not ours, or was answered before, or is too old */
        return;
    }
    answer_challenge(bsf, exchange, &challenge);
    challenge_clear(&challenge);
}

/* The HSS has answered */

static enum gbau_status status_of_result(uint32_t result)
{
    switch (result) {
    case GBA_RESULT_SUCCESS:
        return GBAU_OK;
    case GBA_RESULT_IDENTITY_UNKNOWN:
        return GBAU_E_NOT_FOUND;
    case GBA_RESULT_UNABLE_TO_COMPLY:
        return GBAU_E_REFUSED;
    default:
        return GBAU_E_UNREACHABLE;
    }
}

/* Mode and lifetime by the GUSS; without one the user is plain GBA (29.109 annex A). */
static enum gbau_status apply_guss(const struct bsf *bsf, struct octets guss_xml, struct challenge *challenge)
{
    challenge->mode = GBA_MODE_ME;
    challenge->key_lifetime_s = bsf->config.key_lifetime_s;
    if (guss_xml.length == 0) {
        return GBAU_OK;
    }
    if (guss_xml.length >= SESSION_GUSS_SIZE) {
        log_error(bsf->log, "the GUSS of %s is longer than %d octets", challenge->impi, SESSION_GUSS_SIZE - 1);
        return GBAU_E_SPACE;
    }
    struct guss *guss = malloc(sizeof *guss);
    char *text = malloc(guss_xml.length + 1);
    enum gbau_status status = guss == NULL || text == NULL ? GBAU_E_MEMORY : guss_read(guss_xml, guss);
    if (status == GBAU_OK) {
        status = octets_to_text(guss_xml, text, guss_xml.length + 1);
    }
    if (status == GBAU_OK) {
        challenge->mode = guss->uicc_type == GUSS_UICC_GBA_U ? GBA_MODE_U : GBA_MODE_ME;
        if (guss->lifetime != 0 && guss->lifetime < challenge->key_lifetime_s) {
            challenge->key_lifetime_s = guss->lifetime;
        }
        challenge->guss_xml = text;
        text = NULL;
    }
    free(text);
    free(guss);
    return status;
}

static enum gbau_status make_opaque(struct crypto *crypto, char opaque[CHALLENGE_OPAQUE_SIZE])
{
    uint8_t octets[OPAQUE_OCTETS];
    enum gbau_status status = crypto_random(crypto, octets, sizeof octets);
    return status == GBAU_OK ? hex_encode(octets_of(octets, sizeof octets), opaque, CHALLENGE_OPAQUE_SIZE) : status;
}

/* Copies the vector and masks AUTN for GBA_U (33.220 5.3.2): the HSS knows nothing of that. */
static enum gbau_status take_vector(const struct bsf *bsf, struct crypto *crypto, const struct gba_maa *maa,
                                    struct challenge *challenge, struct aka_autn *autn)
{
    struct octet_reader reader = octet_reader_of(maa->rand_autn);
    octet_reader_copy(&reader, challenge->rand.octets, AKA_RAND_SIZE);
    octet_reader_copy(&reader, autn->octets, AKA_AUTN_SIZE);
    memcpy(challenge->ck.octets, maa->ck.data, AKA_CK_SIZE);
    memcpy(challenge->ik.octets, maa->ik.data, AKA_IK_SIZE);
    memcpy(challenge->xres.octets, maa->xres.data, maa->xres.length);
    challenge->xres.length = maa->xres.length;
    if (challenge->mode != GBA_MODE_U || !bsf->config.gba_u_rules.mask_mac) {
        return GBAU_OK;
    }
    return gba_u_mask_mac(crypto, &challenge->ik, autn->octets + AKA_AUTN_SIZE - AKA_MAC_SIZE);
}

static enum gbau_status write_challenge(const struct bsf *bsf, struct challenge *challenge,
                                        const struct aka_autn *autn, struct ub_response *response)
{
    uint8_t nonce[AKA_RAND_SIZE + AKA_AUTN_SIZE];
    struct digest_challenge header = {.scheme = DIGEST_SCHEME_AKAV1_MD5, .qop = DIGEST_QOP_AUTH_INT};
    memcpy(nonce, challenge->rand.octets, AKA_RAND_SIZE);
    memcpy(nonce + AKA_RAND_SIZE, autn->octets, AKA_AUTN_SIZE);
    (void)snprintf(header.realm, sizeof header.realm, "%s", bsf->config.fqdn);
    (void)snprintf(header.opaque, sizeof header.opaque, "%s", challenge->opaque);
    enum gbau_status status =
        base64_encode(octets_of(nonce, sizeof nonce), challenge->nonce, sizeof challenge->nonce);
    if (status != GBAU_OK) {
        return status;
    }
    (void)snprintf(header.nonce, sizeof header.nonce, "%s", challenge->nonce);
    return digest_write_challenge(&header, response->www_authenticate, sizeof response->www_authenticate);
}

static enum gbau_status make_challenge(struct bsf *bsf, struct crypto *crypto, struct ub_exchange *exchange,
                                       const struct gba_maa *maa)
{
    struct aka_autn autn;
    struct challenge challenge = {.resync_round = exchange->resync_round};
    memcpy(challenge.username, exchange->credentials.username, sizeof challenge.username);
    memcpy(challenge.impi, exchange->impi, sizeof challenge.impi);
    enum gbau_status status = apply_guss(bsf, maa->guss, &challenge);
    if (status == GBAU_OK) {
        status = take_vector(bsf, crypto, maa, &challenge, &autn);
    }
    if (status == GBAU_OK) {
        status = make_opaque(crypto, challenge.opaque);
    }
    if (status == GBAU_OK) {
        respond(exchange, STATUS_UNAUTHORIZED);
        status = write_challenge(bsf, &challenge, &autn, &exchange->response);
    }
    if (status == GBAU_OK) {
        status = challenge_table_put(bsf->challenges, &challenge);
    }
    challenge_clear(&challenge);
    return status;
}

void bsf_ub_continue(struct bsf *bsf, struct ub_exchange *exchange, enum gbau_status status, struct octets maa_octets)
{
    struct gba_maa maa = {0};
    if (status != GBAU_OK) {
        fail(bsf, exchange, GBAU_E_UNREACHABLE, "the HSS does not answer");
        return;
    }
    if (gba_read_maa(maa_octets, &maa) != GBAU_OK) {
        fail(bsf, exchange, GBAU_E_UNREACHABLE, "the answer of the HSS is malformed");
        return;
    }
    status = status_of_result(maa.result);
    if (status != GBAU_OK) {
        fail(bsf, exchange, status, status == GBAU_E_NOT_FOUND ? "no such user" : "the HSS refused");
        return;
    }
    struct crypto *crypto = crypto_pool_borrow(bsf->cryptos);
    status = make_challenge(bsf, crypto, exchange, &maa);
    crypto_pool_return(bsf->cryptos, crypto);
    if (status != GBAU_OK) {
        fail(bsf, exchange, status == GBAU_E_MALFORMED ? GBAU_E_UNREACHABLE : status, "no challenge could be made");
    }
}

/* The session is stored */

static enum gbau_status write_success(struct crypto *crypto, struct ub_exchange *exchange)
{
    struct ub_response *response = &exchange->response;
    struct bsf_xml document = {.lifetime = exchange->session.expires};
    struct digest_info info = {.qop = DIGEST_QOP_AUTH_INT, .nonce_count = exchange->credentials.nonce_count};
    memcpy(document.b_tid, exchange->session.b_tid, sizeof document.b_tid);
    memcpy(info.cnonce, exchange->credentials.cnonce, sizeof info.cnonce);
    memcpy(info.opaque, exchange->credentials.opaque, sizeof info.opaque);
    enum gbau_status status = bsf_xml_write(&document, response->body, sizeof response->body);
    if (status == GBAU_OK) {
        status = digest_compute_rspauth(crypto, &exchange->credentials, octets_of_res(&exchange->password),
                                        octets_of_text(response->body), info.rspauth);
    }
    if (status == GBAU_OK) {
        status = digest_write_info(&info, response->authentication_info, sizeof response->authentication_info);
    }
    if (status == GBAU_OK) {
        status = clock_format_http_date(exchange->session.expires, response->expires);
    }
    (void)snprintf(response->content_type, sizeof response->content_type, "%s", BSF_XML_MEDIA_TYPE);
    return status;
}

void bsf_ub_stored(struct bsf *bsf, struct ub_exchange *exchange, enum gbau_status status)
{
    if (status != GBAU_OK) {
        fail(bsf, exchange, GBAU_E_STORAGE, "the session could not be stored");
        return;
    }
    respond(exchange, STATUS_OK);
    struct crypto *crypto = crypto_pool_borrow(bsf->cryptos);
    status = write_success(crypto, exchange);
    crypto_pool_return(bsf->cryptos, crypto);
    if (status != GBAU_OK) {
        fail(bsf, exchange, status, "no answer could be made");
        return;
    }
    log_info(bsf->log, "%s bootstrapped in mode %s: B-TID %s", exchange->impi,
             exchange->session.mode == GBA_MODE_U ? "GBA_U" : "GBA_ME", exchange->session.b_tid);
}
