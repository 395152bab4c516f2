/* bootstrapping.c: a whole run of Ub. */
#include "me/bootstrapping.h"

#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "me/ub_client.h"

enum { CHALLENGES_MAX = 3 /* the first, and one for each of two resynchronisations */ };
enum { STATUS_OK = 200, STATUS_UNAUTHORIZED = 401, STATUS_UNAVAILABLE = 503 };

/* One exchange with the BSF, with the client's Authorization. */
static enum gbau_status exchange(const struct bootstrapping_request *request, const struct ub_client *client,
                                 struct http_answer *answer)
{
    char authorization[UB_CLIENT_HEADER_SIZE + 32];
    (void)snprintf(authorization, sizeof authorization, "Authorization: %s", client->authorization);
    const char *const headers[] = {authorization, "User-Agent: " UB_CLIENT_USER_AGENT, "Accept: */*"};
    const struct http_client_request http_request = {
        .method = "GET",
        .url = request->bsf_url,
        .header_count = sizeof headers / sizeof headers[0],
        .headers = headers,
    };
    return http_client_exchange(request->http, &http_request, answer);
}

static enum gbau_status explain_refusal(const struct bootstrapping_request *request, unsigned http_status)
{
    if (http_status == STATUS_UNAVAILABLE) {
        log_error(request->log, "the BSF is not ready (503): check that it reaches the HSS, then try again");
        return GBAU_E_BUSY;
    }
    log_error(request->log, "the BSF refused (%u): check that %s is known to the HSS, with the key of the card",
              http_status, request->usim->identity.impi);
    return GBAU_E_REFUSED;
}

/* Lets the card answer the challenge; makes message 3. `keys` gets Ks of a GBA_ME run. */
static enum gbau_status answer_challenge(const struct bootstrapping_request *request, struct ub_client *client,
                                         struct bootstrapping *bootstrapping)
{
    struct usim_answer answer = {0};
    enum gbau_status status = bootstrapping->is_gba_u
                                  ? usim_bootstrap(request->usim, &client->rand, &client->autn, &answer)
                                  : usim_authenticate_3g(request->usim, &client->rand, &client->autn, &answer);
    if (status == GBAU_E_AUTHENTICATION) {
        log_error(request->log, "the card finds the challenge not genuine: check that card and HSS hold the same K and "
                                "OPc, and agree on GBA_U");
    }
    if (status == GBAU_OK && answer.is_sync_failure) {
        log_info(request->log, "SQN out of range: resynchronising");
        status = ub_client_resynchronise(client, &answer.auts);
    } else if (status == GBAU_OK) {
        bootstrapping->rand = client->rand;
        if (!bootstrapping->is_gba_u) {
            ks_from_ck_ik(&bootstrapping->ks, &answer.ck, &answer.ik);
        }
        status = ub_client_answer(client, &answer.res);
    }
    secret_wipe(&answer, sizeof answer);
    return status;
}

static enum gbau_status read_success(const struct bootstrapping_request *request, struct ub_client *client,
                                     const struct http_answer *answer, struct bootstrapping *bootstrapping)
{
    enum gbau_status status = ub_client_read_success(client, http_answer_header(answer, "Authentication-Info"),
                                                     octets_of(answer->body, answer->body_length),
                                                     request->trust_missing_info, &bootstrapping->info);
    if (status == GBAU_E_AUTHENTICATION) {
        log_error(request->log, "the BSF did not prove that it knows the key (rspauth): do not trust it");
    } else if (status != GBAU_OK) {
        log_error(request->log, "the BSF sent a document that cannot be read: is there a BSF at this address?");
    }
    return status;
}

static enum gbau_status read_challenge(const struct bootstrapping_request *request, struct ub_client *client,
                                       const struct http_answer *answer)
{
    const char *header = http_answer_header(answer, "WWW-Authenticate");
    enum gbau_status status = header == NULL ? GBAU_E_PROTOCOL : ub_client_read_challenge(client, header);
    if (status != GBAU_OK) {
        log_error(request->log, "%s did not send an AKA challenge: is it a BSF?", request->bsf_url);
    }
    return status;
}

/* One run with one username. `refused` tells that the BSF said no to the very first message. */
static enum gbau_status run_as(const struct bootstrapping_request *request, const char *username,
                               struct ub_client *client, struct bootstrapping *bootstrapping, bool *refused)
{
    enum gbau_status status =
        ub_client_begin(client, request->crypto, username, request->usim->identity.bsf_fqdn);
    for (unsigned challenges = 0; status == GBAU_OK; challenges++) {
        struct http_answer answer = {0};
        status = exchange(request, client, &answer);
        if (status != GBAU_OK) {
            return status;
        }
        const bool is_challenge = answer.status == STATUS_UNAUTHORIZED && challenges < CHALLENGES_MAX;
        if (is_challenge) {
            status = read_challenge(request, client, &answer);
        } else if (answer.status == STATUS_OK && challenges > 0) {
            status = read_success(request, client, &answer, bootstrapping);
        } else {
            *refused = challenges == 0 && answer.status != STATUS_UNAVAILABLE;
            status = explain_refusal(request, answer.status);
        }
        http_answer_clear(&answer);
        if (!is_challenge || status != GBAU_OK) {
            return status;
        }
        status = answer_challenge(request, client, bootstrapping);
    }
    return status;
}

/* The TMPI for the next run: the NAF key of the BSF itself (33.220 B.4). */
static enum gbau_status renew_tmpi(const struct bootstrapping_request *request, const struct bootstrapping *done)
{
    uint8_t bsf_id[NAF_ID_MAX];
    struct ks_ext_naf key;
    const char *domain = strchr(done->info.b_tid, '@');
    struct octets impi = octets_of_text(request->usim->identity.impi);
    struct octet_writer writer = octet_writer_of(bsf_id, sizeof bsf_id);
    gba_write_bsf_id(&writer, octets_of_text(domain == NULL ? "" : domain + 1));
    enum gbau_status status = octet_writer_end(&writer);
    if (status == GBAU_OK) {
        status = done->is_gba_u ? usim_derive_naf(request->usim, octets_written(&writer), impi, &key)
                                : gba_derive_ks_ext_naf(request->crypto, &done->ks, &done->rand, impi,
                                                        octets_written(&writer), &key);
    }
    if (status == GBAU_OK) {
        status = gba_tmpi_of(&key, request->tmpi, ME_TMPI_SIZE);
    }
    secret_wipe(&key, sizeof key);
    return status;
}

static enum gbau_status run_with_identities(const struct bootstrapping_request *request, struct ub_client *client,
                                            struct bootstrapping *bootstrapping)
{
    bool refused = false;
    if (request->tmpi != NULL && request->tmpi[0] != '\0') {
        enum gbau_status status = run_as(request, request->tmpi, client, bootstrapping, &refused);
        if (!refused) {
            return status;
        }
        log_info(request->log, "the BSF does not know the TMPI: trying once more with the IMPI");
        request->tmpi[0] = '\0';
    }
    return run_as(request, request->usim->identity.impi, client, bootstrapping, &refused);
}

enum gbau_status bootstrapping_run(const struct bootstrapping_request *request, struct bootstrapping *bootstrapping)
{
    struct ub_client client;
    *bootstrapping = (struct bootstrapping){.is_gba_u = request->usim->has_gba};
    enum gbau_status status = run_with_identities(request, &client, bootstrapping);
    if (status == GBAU_OK && bootstrapping->is_gba_u) {
        status = usim_write_bootstrapping(request->usim, bootstrapping->info.b_tid, bootstrapping->info.lifetime_text);
    }
    if (status == GBAU_OK && request->tmpi != NULL) {
        status = renew_tmpi(request, bootstrapping);
    }
    ub_client_clear(&client);
    if (status != GBAU_OK) {
        secret_wipe(bootstrapping, sizeof *bootstrapping);
    }
    return status;
}
