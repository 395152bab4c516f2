/* card_verbs.c: gbau card create, apdu, serve. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text_coding.h"
#include "cli/card_serve.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/values.h"
#include "cli/verbs.h"
#include "crypto/openssl.h"
#include "me/usim.h"
#include "reader/card_image.h"

#define DEFAULT_PIN "1234"

enum { NAF_ID_BUFFER = NAF_ID_MAX, PUK_DIGITS = 8, RESPONSE_SIZE = 2048 };

/* card create */

struct create_options {
    const char *imsi, *k, *op, *opc, *sqn, *pin, *puk, *adm, *mnc_digits, *iccid;
    struct option_list api_nafs;
    bool no_pin;
    bool json;
};

/* What the profile points into. */
struct create_storage {
    char puk[PUK_DIGITS + 1];
    uint8_t naf_ids[PROFILE_MAX_API_LINES][NAF_ID_BUFFER];
};

/* "naf.example.com/ff67620001": which service's keys the API may use. */
static enum gbau_status read_api_naf(const char *text, uint8_t buffer[NAF_ID_BUFFER], struct octets *naf_id)
{
    char fqdn[NAF_ID_MAX + 1];
    uint8_t ua[NAF_ID_UA_SIZE];
    const char *slash = strchr(text, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - text);
    struct octet_writer writer = octet_writer_of(buffer, NAF_ID_BUFFER);
    if (slash == NULL || length >= sizeof fqdn ||
        hex_decode_exactly(octets_of_text(slash + 1), ua, sizeof ua) != GBAU_OK) {
        log_error(&cli_log, "--api-naf takes FQDN/UA with UA as 10 hexadecimal digits");
        return GBAU_E_ARGUMENT;
    }
    memcpy(fqdn, text, length);
    fqdn[length] = '\0';
    if (usim_write_naf_id(&writer, fqdn, ua) != GBAU_OK) {
        log_error(&cli_log, "--api-naf: '%s' is no host name", fqdn);
        return GBAU_E_ARGUMENT;
    }
    *naf_id = octets_written(&writer);
    return GBAU_OK;
}

static enum gbau_status read_api_nafs(const struct create_options *options, struct create_storage *storage,
                                      struct card_profile *profile)
{
    if (options->api_nafs.count > PROFILE_MAX_API_LINES) {
        log_error(&cli_log, "--api-naf may be given %d times at most", PROFILE_MAX_API_LINES);
        return GBAU_E_ARGUMENT;
    }
    for (size_t i = 0; i < options->api_nafs.count; i++) {
        enum gbau_status status =
            read_api_naf(options->api_nafs.values[i], storage->naf_ids[i], &profile->api_lines[i].naf_id);
        if (status != GBAU_OK) {
            return status;
        }
    }
    profile->api_line_count = options->api_nafs.count;
    return GBAU_OK;
}

/* PUK and ADM that were not given are made at random and shown once. */
static enum gbau_status make_secrets(const struct create_options *options, struct create_storage *storage,
                                     struct card_profile *profile)
{
    struct crypto crypto;
    uint8_t octets[PUK_DIGITS];
    enum gbau_status status = crypto_openssl_open(&crypto);
    if (status == GBAU_OK) {
        status = crypto_random(&crypto, octets, sizeof octets);
    }
    if (status == GBAU_OK) {
        status = crypto_random(&crypto, profile->adm, sizeof profile->adm);
    }
    crypto_openssl_close(&crypto);
    if (status != GBAU_OK) {
        return status;
    }
    for (size_t i = 0; i < PUK_DIGITS; i++) {
        storage->puk[i] = (char)('0' + octets[i] % 10);
    }
    secret_wipe(octets, sizeof octets);
    profile->puk = options->puk == NULL ? storage->puk : options->puk;
    return options->adm == NULL ? GBAU_OK : value_hex("--adm", options->adm, profile->adm, sizeof profile->adm);
}

static enum gbau_status read_keys(const struct create_options *options, struct card_profile *profile)
{
    uint8_t sqn[SQN_ENTRY_SIZE] = {0};
    struct aka_k k;
    struct aka_opc opc;
    enum gbau_status status = value_hex("--k", options->k, k.octets, sizeof k.octets);
    if (status == GBAU_OK) {
        status = value_opc(options->op, options->opc, &k, &opc);
    }
    if (status == GBAU_OK) {
        profile->functions = aka_functions_of_milenage(&k, &opc);
    }
    secret_wipe(&k, sizeof k);
    secret_wipe(&opc, sizeof opc);
    if (status == GBAU_OK && options->sqn != NULL) {
        status = value_hex("--sqn", options->sqn, sqn, sizeof sqn);
    }
    struct octet_reader reader = octet_reader_of(octets_of(sqn, sizeof sqn));
    profile->sqn = octet_reader_u48(&reader);
    return status;
}

static enum gbau_status read_texts(const struct create_options *options, struct card_profile *profile)
{
    uint64_t mnc_digits = 2;
    enum gbau_status status = value_digits("--imsi", options->imsi, 6, 15);
    if (status == GBAU_OK && options->pin != NULL) {
        status = value_digits("--pin", options->pin, 4, 8);
    }
    if (status == GBAU_OK && options->puk != NULL) {
        status = value_digits("--puk", options->puk, 8, 8);
    }
    if (status == GBAU_OK && options->iccid != NULL) {
        status = value_digits("--iccid", options->iccid, 18, 20);
    }
    if (status == GBAU_OK && options->mnc_digits != NULL) {
        status = value_number("--mnc-digits", options->mnc_digits, 2, 3, &mnc_digits);
    }
    profile->imsi = options->imsi;
    profile->iccid = options->iccid;
    profile->pin = options->pin == NULL ? DEFAULT_PIN : options->pin;
    profile->pin_enabled = !options->no_pin;
    profile->mnc_digits = (unsigned)mnc_digits;
    return status;
}

static enum gbau_status read_profile(const struct create_options *options, struct create_storage *storage,
                                     struct card_profile *profile)
{
    enum gbau_status status = read_texts(options, profile);
    if (status == GBAU_OK) {
        status = read_keys(options, profile);
    }
    if (status == GBAU_OK) {
        status = make_secrets(options, storage, profile);
    }
    return status == GBAU_OK ? read_api_nafs(options, storage, profile) : status;
}

static bool report_card(const struct create_options *options, const char *path, const struct card_profile *profile)
{
    char adm[2 * sizeof profile->adm + 1] = "";
    struct report *report = report_open();
    report_add_text(report, "card", path);
    report_add_text(report, "imsi", profile->imsi);
    report_add_text(report, "pin", profile->pin_enabled ? profile->pin : "disabled");
    report_add_text(report, "puk", profile->puk);
    if (hex_encode(octets_of(profile->adm, sizeof profile->adm), adm, sizeof adm) == GBAU_OK) {
        report_add_text(report, "adm", adm);
    }
    bool printed = report_print(report, options->json);
    secret_wipe(adm, sizeof adm);
    return printed;
}

int verb_card_create(int argc, char **argv)
{
    struct create_options options = {0};
    const struct option table[] = {
        {"--imsi", "DIGITS", "IMSI, 6 to 15 digits", true, &options.imsi, NULL, NULL},
        {"--k", "HEX", "subscriber key K, 32 hexadecimal digits", true, &options.k, NULL, NULL},
        {"--op", "HEX", "operator's OP; OPc is computed from it", false, &options.op, NULL, NULL},
        {"--opc", "HEX", "OPc of this card", false, &options.opc, NULL, NULL},
        {"--sqn", "HEX", "highest sequence number accepted so far, 12 hexadecimal digits", false, &options.sqn, NULL,
         NULL},
        {"--pin", "DIGITS", "PIN, 4 to 8 digits; " DEFAULT_PIN " unless given", false, &options.pin, NULL, NULL},
        {"--no-pin", NULL, "the card asks for no PIN", false, NULL, NULL, &options.no_pin},
        {"--puk", "DIGITS", "PUK, 8 digits; random unless given", false, &options.puk, NULL, NULL},
        {"--adm", "HEX", "administrative key ADM1, 16 hexadecimal digits; random unless given", false, &options.adm,
         NULL, NULL},
        {"--mnc-digits", "2|3", "digits of the network code in the IMSI; 2 unless given", false, &options.mnc_digits,
         NULL, NULL},
        {"--iccid", "DIGITS", "card number, 18 to 20 digits; made from the IMSI unless given", false, &options.iccid,
         NULL, NULL},
        {"--api-naf", "FQDN/UA", "a service whose keys the GBA_U API may use; may come several times", false, NULL,
         &options.api_nafs, NULL},
        {"--json", NULL, "print JSON", false, NULL, NULL, &options.json},
    };
    const struct usage usage = {"gbau card create", "FILE", "Makes a software UICC with a USIM in a new file.", 1,
                                sizeof table / sizeof table[0], table};
    const char *path = NULL;
    enum options_outcome outcome = options_parse(&usage, argc, argv, &path);
    if (outcome != OPTIONS_PARSED) {
        return options_exit_status(outcome);
    }
    struct create_storage storage = {0};
    struct card_profile profile = {.gba_rules = GBA_U_RULES_DEFAULT, .sqn_delta = PROFILE_SQN_DELTA_DEFAULT};
    enum gbau_status status = read_profile(&options, &storage, &profile);
    if (status == GBAU_OK) {
        status = card_image_create(path, &profile, &cli_log);
    }
    bool printed = status != GBAU_OK || report_card(&options, path, &profile);
    secret_wipe(&profile, sizeof profile);
    secret_wipe(&storage, sizeof storage);
    return status == GBAU_OK && printed ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* card apdu */

static bool print_response(struct octets response, size_t number)
{
    char text[2 * RESPONSE_SIZE + 1];
    const bool printed =
        hex_encode(response, text, sizeof text) == GBAU_OK && puts(text) >= 0 && fflush(stdout) == 0;
    if (!printed) {
        log_error(&cli_log, "cannot write the response to line %zu: %m", number);
    }
    secret_wipe(text, sizeof text);
    return printed;
}

static bool run_line(struct reader *card, const char *line, size_t length, size_t number)
{
    uint8_t command[READER_COMMAND_MAX];
    uint8_t response[RESPONSE_SIZE];
    size_t command_length = 0;
    size_t response_length = 0;
    enum gbau_status status = hex_decode(octets_of(line, length), command, sizeof command, &command_length);
    if (status != GBAU_OK || command_length < 4) {
        log_error(&cli_log, "line %zu is no command APDU: give 4 to %d octets as hexadecimal digits", number,
                  READER_COMMAND_MAX);
        return false;
    }
    status = reader_transmit(card, octets_of(command, command_length), response, sizeof response, &response_length);
    secret_wipe(command, sizeof command); /* a PIN may have been in it, a key in the response */
    if (status != GBAU_OK) {
        log_error(&cli_log, "line %zu was not answered: %s", number, gbau_status_text(status));
    }
    const bool printed = status == GBAU_OK && print_response(octets_of(response, response_length), number);
    secret_wipe(response, sizeof response);
    return printed;
}

static bool run_lines(struct reader *card)
{
    char *line = NULL;
    size_t capacity = 0;
    size_t number = 0;
    bool going = true;
    while (going) {
        ssize_t read = getline(&line, &capacity, stdin);
        if (read < 0) {
            break;
        }
        size_t length = strcspn(line, "\r\n");
        number++;
        going = length == 0 || run_line(card, line, length, number);
    }
    if (line != NULL) {
        secret_wipe(line, capacity);
    }
    free(line);
    return going;
}

int verb_card_apdu(int argc, char **argv)
{
    const struct usage usage = {
        "gbau card apdu", "CARD",
        "Reads command APDUs in hexadecimal from standard input, one a line, and prints the response of each,\n"
        "data and status word, one a line. The card is powered on once for all of them.\n"
        "CARD is " READER_CARD_NAMES ".",
        1, 0, NULL};
    const char *name = NULL;
    struct reader *card = NULL;
    enum options_outcome outcome = options_parse(&usage, argc, argv, &name);
    if (outcome != OPTIONS_PARSED) {
        return options_exit_status(outcome);
    }
    if (reader_open(name, &cli_log, &card) != GBAU_OK) {
        return EXIT_FAILURE;
    }
    bool succeeded = run_lines(card);
    reader_close(card);
    return succeeded ? EXIT_SUCCESS : EXIT_FAILURE;
}

int verb_card_serve(int argc, char **argv)
{
    return card_serve("gbau card serve", &cli_log, argc, argv);
}
