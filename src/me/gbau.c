/* gbau.c: the public device side (include/gbau/gbau.h) over USIM, Ub and the API's applet. */
#include "gbau/gbau.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "crypto/openssl.h"
#include "me/bootstrapping.h"
#include "me/card_key.h"

struct gbau {
    struct log log;
    struct crypto crypto;
    struct reader *reader;
    struct usim usim;
    struct http_client *http;
};

struct gbau_key {
    struct gbau *gbau;
    struct card_key card_key;
};

enum gbau_status gbau_open(const char *card, const char *pin, struct gbau **gbau)
{
    static const struct http_client_config http_config;
    *gbau = NULL;
    struct gbau *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    opened->log = (struct log){.stream = stderr, .program = "gbau", .level = LOG_LEVEL_WARNING};
    enum gbau_status status = crypto_openssl_open(&opened->crypto);
    if (status == GBAU_OK) {
        status = http_client_open(&http_config, &opened->log, &opened->http);
    }
    if (status == GBAU_OK) {
        status = reader_open(card, &opened->log, &opened->reader);
    }
    if (status == GBAU_OK) {
        status = usim_open(&opened->usim, opened->reader, pin, &opened->log);
    }
    if (status != GBAU_OK) {
        gbau_close(opened);
        return status;
    }
    *gbau = opened;
    return GBAU_OK;
}

void gbau_close(struct gbau *gbau)
{
    if (gbau == NULL) {
        return;
    }
    usim_close(&gbau->usim);
    reader_close(gbau->reader);
    if (gbau->http != NULL) {
        http_client_close(gbau->http);
    }
    crypto_openssl_close(&gbau->crypto);
    free(gbau);
}

enum gbau_status gbau_bootstrap(struct gbau *gbau, const char *bsf_url)
{
    struct bootstrapping done;
    const struct bootstrapping_request request = {
        .usim = &gbau->usim, .http = gbau->http, .crypto = &gbau->crypto, .log = &gbau->log, .bsf_url = bsf_url};
    enum gbau_status status = bootstrapping_run(&request, &done);
    if (status == GBAU_OK && !done.is_gba_u) {
        log_error(&gbau->log, "the card has no GBA (service 68): its keys would not stay inside it");
        status = GBAU_E_UNSUPPORTED;
    }
    secret_wipe(&done, sizeof done);
    return status;
}

enum gbau_status gbau_b_tid(struct gbau *gbau, char b_tid[GBAU_B_TID_SIZE])
{
    struct usim_bootstrapping bootstrapping;
    enum gbau_status status = usim_read_bootstrapping(&gbau->usim, &bootstrapping);
    if (status == GBAU_OK) {
        memcpy(b_tid, bootstrapping.b_tid, sizeof bootstrapping.b_tid);
    }
    return status;
}

/* The ME has no use for Ks_ext_NAF here: the derivation is run for what it leaves in the card. */
static enum gbau_status derive_in_card(struct gbau *gbau, struct octets naf_id)
{
    struct ks_ext_naf unused;
    enum gbau_status status =
        usim_derive_naf(&gbau->usim, naf_id, octets_of_text(gbau->usim.identity.impi), &unused);
    secret_wipe(&unused, sizeof unused);
    return status;
}

enum gbau_status gbau_key_open(struct gbau *gbau, const char *naf_fqdn, const uint8_t ua[5], const char *label,
                               struct gbau_key **key)
{
    uint8_t naf_id[NAF_ID_MAX];
    *key = NULL;
    struct octet_writer writer = octet_writer_of(naf_id, sizeof naf_id);
    enum gbau_status status = usim_write_naf_id(&writer, naf_fqdn, ua);
    if (status == GBAU_OK) {
        status = derive_in_card(gbau, octets_written(&writer));
    }
    if (status != GBAU_OK) {
        return status;
    }
    struct gbau_key *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    opened->gbau = gbau;
    status = card_key_open(&opened->card_key, gbau->reader, octets_written(&writer), label);
    if (status != GBAU_OK) {
        log_error(&gbau->log, "the card opens no key for %s: %s", naf_fqdn,
                  status == GBAU_E_ACCESS ? "EF_AC_GBAUAPI has no line for it" : gbau_status_text(status));
        free(opened);
        return status;
    }
    *key = opened;
    return GBAU_OK;
}

void gbau_key_close(struct gbau_key *key)
{
    if (key == NULL) {
        return;
    }
    card_key_close(&key->card_key);
    free(key);
}

enum gbau_status gbau_key_seal(struct gbau_key *key, const void *text, size_t length, uint8_t *sealed,
                               size_t capacity, size_t *sealed_length)
{
    struct octet_writer writer = octet_writer_of(sealed, capacity);
    enum gbau_status status = card_key_seal(&key->card_key, octets_of(text, length), &writer);
    if (status == GBAU_OK) {
        *sealed_length = writer.length;
    }
    return status;
}
