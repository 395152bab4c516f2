/* gbau.c: the public device side (include/gbau/gbau.h) over USIM, Ub and the API's applet. */
#include "gbau/gbau.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/text_coding.h"
#include "crypto/openssl.h"
#include "me/bootstrapping.h"
#include "me/card_key.h"

struct gbau {
    struct log log;
    struct crypto crypto;
    struct reader *reader;
    struct usim usim;
    struct card_api api; /* on channel 0 until it is needed: not open */
    bool is_locked;      /* opened without its PIN: the USIM is not open */
};

/* The NAF_ID of a name and a protocol, as the card knows it. */
struct naf_id {
    uint8_t octets[NAF_ID_MAX];
    size_t length;
};

static struct octets view_of(const struct naf_id *naf_id)
{
    return octets_of(naf_id->octets, naf_id->length);
}

static enum gbau_status make_naf_id(const struct gbau *gbau, const char *naf_fqdn, const uint8_t ua[NAF_ID_UA_SIZE],
                                    struct naf_id *naf_id)
{
    if (naf_fqdn == NULL || ua == NULL) {
        return GBAU_E_ARGUMENT;
    }
    if (gbau->is_locked) {
        return GBAU_E_PIN_REQUIRED;
    }
    struct octet_writer writer = octet_writer_of(naf_id->octets, sizeof naf_id->octets);
    enum gbau_status status = usim_write_naf_id(&writer, naf_fqdn, ua);
    naf_id->length = writer.length;
    if (status != GBAU_OK) {
        log_error(&gbau->log, "'%s' is no name of a service", naf_fqdn);
        return GBAU_E_ARGUMENT;
    }
    return GBAU_OK;
}

/* Opening */

static enum gbau_status open_parts(struct gbau *gbau, const struct gbau_opening *opening)
{
    enum gbau_status status = crypto_openssl_open(&gbau->crypto);
    if (status == GBAU_OK) {
        status = reader_open(opening->card, &gbau->log, &gbau->reader);
    }
    return status == GBAU_OK && !opening->is_locked ? usim_open(&gbau->usim, gbau->reader, opening->pin, &gbau->log)
                                                    : status;
}

bool gbau_card_is_present(const char *card)
{
    return card != NULL && reader_has_card(card);
}

enum gbau_status gbau_open_with(const struct gbau_opening *opening, struct gbau **gbau)
{
    if (opening == NULL || opening->card == NULL || gbau == NULL) {
        return GBAU_E_ARGUMENT;
    }
    struct gbau *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    opened->log = (struct log){.program = "gbau", .level = opening->is_silent ? LOG_LEVEL_SILENT : LOG_LEVEL_WARNING};
    opened->is_locked = opening->is_locked;
    enum gbau_status status = open_parts(opened, opening);
    if (status != GBAU_OK) {
        gbau_close(opened);
        return status;
    }
    *gbau = opened;
    return GBAU_OK;
}

enum gbau_status gbau_open(const char *card, const char *pin, struct gbau **gbau)
{
    const struct gbau_opening opening = {.card = card, .pin = pin};
    return gbau_open_with(&opening, gbau);
}

void gbau_close(struct gbau *gbau)
{
    if (gbau == NULL) {
        return;
    }
    card_api_close(&gbau->api);
    usim_close(&gbau->usim);
    reader_close(gbau->reader);
    crypto_openssl_close(&gbau->crypto);
    secret_wipe(gbau, sizeof *gbau);
    free(gbau);
}

/* The applet is selected when somebody first needs it: a card without it can still be bootstrapped. */
static enum gbau_status need_api(struct gbau *gbau)
{
    return gbau->api.channel != 0 ? GBAU_OK : card_api_open(&gbau->api, gbau->reader, &gbau->log);
}

/* Bootstrapping */

static enum gbau_status run_ub(struct gbau *gbau, const char *bsf_url, struct http_client *http)
{
    struct bootstrapping done;
    const struct bootstrapping_request request = {
        .usim = &gbau->usim, .http = http, .crypto = &gbau->crypto, .log = &gbau->log, .bsf_url = bsf_url};
    enum gbau_status status = bootstrapping_run(&request, &done);
    if (status == GBAU_OK && !done.is_gba_u) {
        log_error(&gbau->log, "the card has no GBA (service 68): its keys would not stay inside it");
        status = GBAU_E_UNSUPPORTED;
    }
    secret_wipe(&done, sizeof done);
    return status;
}

enum gbau_status gbau_bootstrap(struct gbau *gbau, const char *bsf_url)
{
    static const struct http_client_config http_config;
    struct http_client *http = NULL;
    if (gbau == NULL || bsf_url == NULL) {
        return GBAU_E_ARGUMENT;
    }
    if (gbau->is_locked) {
        return GBAU_E_PIN_REQUIRED;
    }
    enum gbau_status status = http_client_open(&http_config, &gbau->log, &http);
    if (status != GBAU_OK) {
        return status;
    }
    status = run_ub(gbau, bsf_url, http);
    http_client_close(http);
    return status;
}

enum gbau_status gbau_b_tid(struct gbau *gbau, char b_tid[GBAU_B_TID_SIZE])
{
    struct usim_bootstrapping bootstrapping;
    if (gbau == NULL || b_tid == NULL) {
        return GBAU_E_ARGUMENT;
    }
    if (gbau->is_locked) {
        return GBAU_E_PIN_REQUIRED;
    }
    enum gbau_status status = usim_read_bootstrapping(&gbau->usim, &bootstrapping);
    if (status == GBAU_OK) {
        memcpy(b_tid, bootstrapping.b_tid, sizeof bootstrapping.b_tid);
    }
    return status;
}

enum gbau_status gbau_lifetime(struct gbau *gbau, int64_t *ends)
{
    struct usim_bootstrapping bootstrapping;
    unix_time time = 0;
    if (gbau == NULL || ends == NULL) {
        return GBAU_E_ARGUMENT;
    }
    if (gbau->is_locked) {
        return GBAU_E_PIN_REQUIRED;
    }
    enum gbau_status status = usim_read_bootstrapping(&gbau->usim, &bootstrapping);
    if (status != GBAU_OK) {
        return status;
    }
    if (clock_parse_date_time(octets_of_text(bootstrapping.lifetime), &time) != GBAU_OK) {
        return GBAU_E_NOT_FOUND;
    }
    *ends = time;
    return GBAU_OK;
}

enum gbau_status gbau_bootstrap_if_needed(struct gbau *gbau, const char *bsf_url)
{
    int64_t ends = 0;
    if (bsf_url == NULL) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = gbau_lifetime(gbau, &ends);
    if (status == GBAU_OK && ends > clock_now(&clock_of_system)) {
        return GBAU_OK;
    }
    return status == GBAU_OK || status == GBAU_E_NOT_FOUND ? gbau_bootstrap(gbau, bsf_url) : status;
}

/* NAF keys */

static enum gbau_status derive_naf_key(struct gbau *gbau, const struct naf_id *naf_id, struct ks_ext_naf *key)
{
    return usim_derive_naf(&gbau->usim, view_of(naf_id), octets_of_text(gbau->usim.identity.impi), key);
}

enum gbau_status gbau_naf_key(struct gbau *gbau, const char *naf_fqdn, const uint8_t ua[5], uint8_t ks_ext_naf[32])
{
    struct naf_id naf_id;
    struct ks_ext_naf key;
    if (gbau == NULL || ks_ext_naf == NULL) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = make_naf_id(gbau, naf_fqdn, ua, &naf_id);
    if (status == GBAU_OK) {
        status = derive_naf_key(gbau, &naf_id, &key);
    }
    if (status == GBAU_OK) {
        memcpy(ks_ext_naf, key.octets, sizeof key.octets);
    }
    secret_wipe(&key, sizeof key);
    return status;
}

/* Keys */

/* The card lists the keys that the API's applet may use: a NAF key that is there and is not listed has no line. */
static bool is_listed(struct gbau *gbau, const struct naf_id *naf_id)
{
    struct card_answer answer;
    for (unsigned index = 0; index <= UINT8_MAX; index++) {
        if (card_api_list(&gbau->api, API_LIST_NAF_KEYS, (uint8_t)index, &answer) != GBAU_OK) {
            return false;
        }
        if (octets_equal(answer.objects[CARD_NAF_ID], view_of(naf_id))) {
            return true;
        }
    }
    return false;
}

static void explain_access(struct gbau *gbau, const struct naf_id *naf_id)
{
    char ua[2 * NAF_ID_UA_SIZE + 1];
    const int fqdn_length = (int)naf_id->length - NAF_ID_UA_SIZE;
    const char *fqdn = (const char *)naf_id->octets;
    if (hex_encode(octets_of(naf_id->octets + fqdn_length, NAF_ID_UA_SIZE), ua, sizeof ua) != GBAU_OK) {
        return;
    }
    if (is_listed(gbau, naf_id)) {
        log_error(&gbau->log,
                  "the policy of %.*s/%s forbids this key: ask the service for one that allows it (without a policy, "
                  "keys of usage export and wrap are forbidden)",
                  fqdn_length, fqdn, ua);
        return;
    }
    log_error(&gbau->log,
              "EF_AC_GBAUAPI of the card has no line for %.*s/%s: its issuer writes it; a card file gets it with "
              "'gbau card create --api-naf %.*s/%s'",
              fqdn_length, fqdn, ua, fqdn_length, fqdn, ua);
}

/* Says what to do about a key that the card does not open. */
static enum gbau_status explain_open(struct gbau *gbau, enum gbau_status status, const struct naf_id *naf_id)
{
    if (status == GBAU_E_ACCESS && naf_id->length > 0) {
        explain_access(gbau, naf_id);
    } else if (status == GBAU_E_UNSUPPORTED) {
        log_error(&gbau->log, "the card does not know this algorithm, or not for this usage and direction");
    }
    return status;
}

static bool is_of_b_tid(const struct gbau_key *key, const char *b_tid)
{
    return strcmp(gbau_key_b_tid(key), b_tid) == 0;
}

/* What was derived and is not there was revoked: the card does not give the same key back. */
static enum gbau_status open_after_derivation(struct gbau *gbau, const struct naf_id *naf_id,
                                              const struct gbau_key_request *request, struct gbau_key **key)
{
    struct ks_ext_naf unused; /* the derivation is run for what it leaves in the card */
    enum gbau_status status = derive_naf_key(gbau, naf_id, &unused);
    secret_wipe(&unused, sizeof unused);
    if (status != GBAU_OK) {
        return status;
    }
    status = card_key_open(&gbau->api, view_of(naf_id), request, key);
    if (status == GBAU_E_NOT_FOUND) {
        log_error(&gbau->log, "the service has revoked its key of this bootstrapping: bootstrap anew");
        return GBAU_E_EXPIRED;
    }
    return status;
}

/*
 * Opens a key of the present bootstrapping. Opening is tried first: who has no access learns so before anything is
 * derived, and a NAF key that is there already costs nothing.
 */
static enum gbau_status open_present(struct gbau *gbau, const struct naf_id *naf_id,
                                     const struct gbau_key_request *request, struct gbau_key **key)
{
    struct usim_bootstrapping present;
    enum gbau_status status = usim_read_bootstrapping(&gbau->usim, &present);
    if (status != GBAU_OK) {
        log_error(&gbau->log, "the card was not bootstrapped: do that first");
        return status;
    }
    status = card_key_open(&gbau->api, view_of(naf_id), request, key);
    if (status == GBAU_OK && is_of_b_tid(*key, present.b_tid)) {
        return GBAU_OK;
    }
    if (status != GBAU_OK && status != GBAU_E_NOT_FOUND) {
        return status;
    }
    if (status == GBAU_OK) {
        gbau_key_close(*key);
    }
    return open_after_derivation(gbau, naf_id, request, key);
}

enum gbau_status gbau_key_open(struct gbau *gbau, const char *naf_fqdn, const uint8_t ua[5],
                               const struct gbau_key_request *request, struct gbau_key **key)
{
    struct naf_id naf_id = {0};
    struct gbau_key *opened = NULL;
    if (gbau == NULL || request == NULL || key == NULL) {
        return GBAU_E_ARGUMENT;
    }
    const bool has_naf = request->usage != GBAU_USAGE_HASH;
    enum gbau_status status = has_naf ? make_naf_id(gbau, naf_fqdn, ua, &naf_id) : GBAU_OK;
    if (status == GBAU_OK) {
        status = need_api(gbau);
    }
    if (status != GBAU_OK) {
        return status;
    }
    status = has_naf ? open_present(gbau, &naf_id, request, &opened)
                     : card_key_open(&gbau->api, view_of(&naf_id), request, &opened);
    if (status == GBAU_OK) {
        *key = opened;
    }
    return explain_open(gbau, status, &naf_id);
}

enum gbau_status gbau_key_persist(struct gbau_key *key, uint32_t operations)
{
    return card_key_persist(key, operations);
}

/* What all calls about keys that are kept begin with. */
static enum gbau_status begin_persisted(struct gbau *gbau, const char *naf_fqdn, const uint8_t ua[NAF_ID_UA_SIZE],
                                        const char *label, struct naf_id *naf_id)
{
    if (gbau == NULL || label == NULL || label[0] == '\0' || strlen(label) > APPLICATION_LABEL_MAX) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = make_naf_id(gbau, naf_fqdn, ua, naf_id);
    return status == GBAU_OK ? need_api(gbau) : status;
}

enum gbau_status gbau_key_open_persisted(struct gbau *gbau, const char *naf_fqdn, const uint8_t ua[5],
                                         const char *label, struct gbau_key **key)
{
    struct naf_id naf_id;
    enum gbau_status status = key == NULL ? GBAU_E_ARGUMENT : begin_persisted(gbau, naf_fqdn, ua, label, &naf_id);
    if (status != GBAU_OK) {
        return status;
    }
    status = card_key_open_persisted(&gbau->api, view_of(&naf_id), label, key);
    return explain_open(gbau, status, &naf_id);
}

enum gbau_status gbau_key_delete_persisted(struct gbau *gbau, const char *naf_fqdn, const uint8_t ua[5],
                                           const char *label)
{
    struct naf_id naf_id;
    enum gbau_status status = begin_persisted(gbau, naf_fqdn, ua, label, &naf_id);
    if (status != GBAU_OK) {
        return status;
    }
    status = card_api_delete(&gbau->api, view_of(&naf_id), octets_of_text(label));
    return explain_open(gbau, status, &naf_id);
}

/* Lists */

static enum gbau_status read_entry(const struct card_answer *answer, bool persisted, struct gbau_key_entry *entry)
{
    *entry = (struct gbau_key_entry){
        .persisted = persisted,
        .policy_version = card_answer_number(answer, CARD_POLICY_VERSION),
        .operations = card_answer_number(answer, CARD_OPERATIONS),
        .usage = (enum gbau_usage)card_answer_number(answer, CARD_USAGE),
        .direction = (enum gbau_direction)card_answer_number(answer, CARD_DIRECTION),
        .algorithm = (enum gbau_algorithm)card_answer_number(answer, CARD_ALGORITHM),
    };
    const size_t fqdn_length = answer->objects[CARD_NAF_ID].length - NAF_ID_UA_SIZE; /* the decoder saw to it */
    struct octet_reader reader = octet_reader_of(answer->objects[CARD_NAF_ID]);
    enum gbau_status status =
        octets_to_text(octet_reader_take(&reader, fqdn_length), entry->naf_fqdn, sizeof entry->naf_fqdn);
    octet_reader_copy(&reader, entry->ua, sizeof entry->ua);
    if (status == GBAU_OK) {
        status = octets_to_text(answer->objects[CARD_B_TID], entry->b_tid, sizeof entry->b_tid);
    }
    if (status == GBAU_OK) {
        status = octets_to_text(answer->objects[CARD_LABEL], entry->label, sizeof entry->label);
    }
    return status == GBAU_OK ? GBAU_OK : GBAU_E_CARD;
}

/* One list; *more says whether the visitor wants another. */
static enum gbau_status visit_list(struct gbau *gbau, uint8_t list,
                                   bool (*visit)(void *context, const struct gbau_key_entry *entry), void *context,
                                   bool *more)
{
    for (unsigned index = 0; *more && index <= UINT8_MAX; index++) {
        struct card_answer answer;
        struct gbau_key_entry entry;
        enum gbau_status status = card_api_list(&gbau->api, list, (uint8_t)index, &answer);
        if (status == GBAU_E_NOT_FOUND) {
            return GBAU_OK;
        }
        if (status == GBAU_OK) {
            status = read_entry(&answer, list == API_LIST_PERSISTED_KEYS, &entry);
        }
        if (status != GBAU_OK) {
            return status;
        }
        *more = visit(context, &entry);
    }
    return GBAU_OK;
}

enum gbau_status gbau_key_list(struct gbau *gbau, bool (*visit)(void *context, const struct gbau_key_entry *entry),
                               void *context)
{
    bool more = true;
    if (gbau == NULL || visit == NULL) {
        return GBAU_E_ARGUMENT;
    }
    if (gbau->is_locked) {
        return GBAU_E_PIN_REQUIRED;
    }
    enum gbau_status status = need_api(gbau);
    if (status == GBAU_OK) {
        status = visit_list(gbau, API_LIST_NAF_KEYS, visit, context, &more);
    }
    return status == GBAU_OK ? visit_list(gbau, API_LIST_PERSISTED_KEYS, visit, context, &more) : status;
}

/* What needs no key */

enum gbau_status gbau_apply(struct gbau *gbau, const char *naf_fqdn, const uint8_t ua[5], const void *object,
                            size_t length)
{
    struct naf_id naf_id;
    if (gbau == NULL || object == NULL) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = make_naf_id(gbau, naf_fqdn, ua, &naf_id);
    if (status == GBAU_OK) {
        status = need_api(gbau);
    }
    if (status == GBAU_OK) {
        status = card_api_apply(&gbau->api, view_of(&naf_id), octets_of(object, length));
    }
    if (status == GBAU_E_REPLAY) {
        log_error(&gbau->log, "the card has a policy or revocation that is as new already: give it a greater version");
    }
    return status == GBAU_E_ARGUMENT ? GBAU_E_MALFORMED : status;
}

enum gbau_status gbau_random(struct gbau *gbau, uint8_t *out, size_t length)
{
    if (gbau == NULL || (out == NULL && length > 0)) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = need_api(gbau);
    return status == GBAU_OK ? card_api_random(&gbau->api, out, length) : status;
}

enum gbau_status gbau_counter(struct gbau *gbau, uint64_t *counter)
{
    if (gbau == NULL || counter == NULL) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = need_api(gbau);
    return status == GBAU_OK ? card_api_counter(&gbau->api, counter) : status;
}
