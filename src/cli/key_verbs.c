/* key_verbs.c: gbau bootstrap, naf-key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/secret.h"
#include "base/text_coding.h"
#include "cli/card_trace.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/tmpi_file.h"
#include "cli/values.h"
#include "cli/verbs.h"
#include "crypto/openssl.h"
#include "me/bootstrapping.h"

/* A card that is open with what goes with it. */
struct device {
    struct crypto crypto;
    struct reader *reader;
    struct apdu_recorder *recorder;
    struct usim usim;
};

static enum gbau_status device_open(struct device *device, const char *card, const char *pin, const char *trace)
{
    *device = (struct device){0};
    enum gbau_status status = crypto_openssl_open(&device->crypto);
    if (status == GBAU_OK) {
        status = reader_open(card, &cli_log, &device->reader);
    }
    if (status == GBAU_OK) {
        status = card_trace_begin(device->reader, trace, &device->recorder);
    }
    return status == GBAU_OK ? usim_open(&device->usim, device->reader, pin, &cli_log) : status;
}

/* `status` is what came of the verb; a recording that failed is a failure too. */
static enum gbau_status device_close(struct device *device, enum gbau_status status)
{
    usim_close(&device->usim);
    reader_close(device->reader);
    crypto_openssl_close(&device->crypto);
    return card_trace_end(device->recorder, status);
}

/* bootstrap */

static enum gbau_status check_bsf_url(const char *url)
{
    if (strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0) {
        return GBAU_OK;
    }
    log_error(&cli_log, "--bsf takes http://HOST:PORT/");
    return GBAU_E_ARGUMENT;
}

/* What the verb was told. */
struct bootstrap_options {
    const char *card, *bsf, *pin, *tmpi_file, *trace;
    bool as_json;
    bool trust_missing_info;
};

static enum gbau_status run_bootstrapping(struct device *device, const struct bootstrap_options *options,
                                          struct bootstrapping *done)
{
    char tmpi[ME_TMPI_SIZE] = "";
    static const struct http_client_config http_config;
    struct http_client *http = NULL;
    enum gbau_status status = http_client_open(&http_config, &cli_log, &http);
    if (status != GBAU_OK) {
        return status;
    }
    if (options->tmpi_file != NULL) {
        tmpi_file_read(options->tmpi_file, tmpi);
    }
    const struct bootstrapping_request request = {.usim = &device->usim, .http = http, .crypto = &device->crypto,
                                                  .log = &cli_log, .bsf_url = options->bsf,
                                                  .tmpi = options->tmpi_file == NULL ? NULL : tmpi,
                                                  .trust_missing_info = options->trust_missing_info};
    status = bootstrapping_run(&request, done);
    http_client_close(http);
    return status == GBAU_OK && options->tmpi_file != NULL ? tmpi_file_write(options->tmpi_file, tmpi) : status;
}

static bool report_bootstrapping(const struct device *device, const struct bootstrapping *done, bool as_json)
{
    struct report *report = report_open();
    report_add_text(report, "b_tid", done->info.b_tid);
    report_add_text(report, "lifetime", done->info.lifetime_text);
    report_add_text(report, "impi", device->usim.identity.impi);
    report_add_text(report, "mode", done->is_gba_u ? "GBA_U" : "GBA_ME");
    return report_print(report, as_json);
}

int verb_bootstrap(int argc, char **argv)
{
    struct bootstrap_options options = {0};
    const struct option table[] = {
        {"--card", "CARD", READER_CARD_NAMES, true, &options.card, NULL, NULL},
        {"--bsf", "URL", "the operator's BSF, http://HOST:PORT/", true, &options.bsf, NULL, NULL},
        {"--pin", "DIGITS", "the card's PIN", false, &options.pin, NULL, NULL},
        {"--tmpi", "FILE", "keeps a temporary identity there, so that the IMPI is sent in clear only once", false,
         &options.tmpi_file, NULL, NULL},
        {"--trace", "FILE.pcapng", CARD_TRACE_HELP, false, &options.trace, NULL, NULL},
        {"--no-rspauth", NULL, "accept a BSF that does not prove itself in Authentication-Info", false, NULL, NULL,
         &options.trust_missing_info},
        {"--json", NULL, "print JSON: b_tid, lifetime, impi, mode", false, NULL, NULL, &options.as_json},
    };
    const struct usage usage = {"gbau bootstrap", "",
                                "Runs Ub (TS 24.109): afterwards the card holds a fresh Ks, and its B-TID names it.", 0,
                                sizeof table / sizeof table[0], table};
    enum options_outcome outcome = options_parse(&usage, argc, argv, NULL);
    if (outcome != OPTIONS_PARSED) {
        return options_exit_status(outcome);
    }
    struct device device = {0};
    struct bootstrapping done = {0};
    bool printed = false;
    enum gbau_status status = check_bsf_url(options.bsf);
    if (status == GBAU_OK) {
        status = device_open(&device, options.card, options.pin, options.trace);
    }
    if (status == GBAU_OK) {
        status = run_bootstrapping(&device, &options, &done);
    }
    if (status == GBAU_OK) {
        printed = report_bootstrapping(&device, &done, options.as_json);
    }
    status = device_close(&device, status);
    secret_wipe(&done, sizeof done);
    return status != GBAU_OK ? verb_fail("bootstrap", status) : printed ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* naf-key */

static bool report_naf_key(const struct ks_ext_naf *key, bool as_json)
{
    char text[2 * NAF_KEY_SIZE + 1];
    if (hex_encode(octets_of(key->octets, NAF_KEY_SIZE), text, sizeof text) != GBAU_OK) {
        return false;
    }
    struct report *report = report_open();
    report_add_text(report, "ks_ext_naf", text);
    secret_wipe(text, sizeof text);
    return report_print(report, as_json);
}

static enum gbau_status derive(struct device *device, const char *naf, const char *ua_text, struct ks_ext_naf *key)
{
    uint8_t ua[NAF_ID_UA_SIZE];
    uint8_t naf_id[NAF_ID_MAX];
    struct octet_writer writer = octet_writer_of(naf_id, sizeof naf_id);
    enum gbau_status status = value_hex("--ua", ua_text, ua, sizeof ua);
    if (status != GBAU_OK) {
        return status;
    }
    status = usim_write_naf_id(&writer, naf, ua);
    if (status != GBAU_OK) {
        log_error(&cli_log, "--naf: '%s' is no host name", naf);
        return status;
    }
    return usim_derive_naf(&device->usim, octets_written(&writer), octets_of_text(device->usim.identity.impi), key);
}

int verb_naf_key(int argc, char **argv)
{
    const char *card = NULL;
    const char *naf = NULL;
    const char *ua = NULL;
    const char *pin = NULL;
    const char *trace = NULL;
    bool as_json = false;
    const struct option table[] = {
        {"--card", "CARD", READER_CARD_NAMES, true, &card, NULL, NULL},
        {"--naf", "FQDN", "the service's name", true, &naf, NULL, NULL},
        {"--ua", "HEX", "its Ua security protocol identifier, 10 hexadecimal digits", true, &ua, NULL, NULL},
        {"--pin", "DIGITS", "the card's PIN", false, &pin, NULL, NULL},
        {"--trace", "FILE.pcapng", CARD_TRACE_HELP, false, &trace, NULL, NULL},
        {"--json", NULL, "print JSON: ks_ext_naf", false, NULL, NULL, &as_json},
    };
    const struct usage usage = {
        "gbau naf-key", "",
        "Lets the card derive the keys of a service (TS 33.220 5.3.3). Ks_int_NAF stays in the card; Ks_ext_NAF, the\n"
        "device's one, is printed: keep it secret.",
        0, sizeof table / sizeof table[0], table};
    enum options_outcome outcome = options_parse(&usage, argc, argv, NULL);
    if (outcome != OPTIONS_PARSED) {
        return options_exit_status(outcome);
    }
    struct device device;
    struct ks_ext_naf key = {0};
    bool printed = false;
    enum gbau_status status = device_open(&device, card, pin, trace);
    if (status == GBAU_OK) {
        status = derive(&device, naf, ua, &key);
    }
    if (status == GBAU_OK) {
        printed = report_naf_key(&key, as_json);
    }
    status = device_close(&device, status);
    secret_wipe(&key, sizeof key);
    return status != GBAU_OK ? verb_fail("naf-key", status) : printed ? EXIT_SUCCESS : EXIT_FAILURE;
}
