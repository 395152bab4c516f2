/* card_create.c: gbau card create: a card of a profile, of options, or of both. */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text_coding.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/values.h"
#include "cli/verbs.h"
#include "crypto/openssl.h"
#include "key/naf_id.h"
#include "profile/profile_file.h"
#include "reader/card_image.h"

struct create_options {
    const char *profile;
    const char *imsi, *k, *op, *opc, *top, *topc, *algorithm, *iterations;
    const char *sqn, *pin, *puk, *adm, *mnc_digits, *iccid;
    struct option_list api_nafs;
    bool no_pin;
    bool json;
};

/* What the subscription points into. */
struct create_storage {
    uint8_t naf_ids[PROFILE_MAX_API_LINES][NAF_ID_MAX];
};

/* "naf.example.com/ff67620001": which service's keys the API may use. */
static enum gbau_status take_api_naf(const char *text, uint8_t buffer[NAF_ID_MAX], struct profile_api_line *line)
{
    struct octet_writer writer = octet_writer_of(buffer, NAF_ID_MAX);
    enum gbau_status status = naf_id_write_text(&writer, text);
    if (status == GBAU_E_MALFORMED) {
        log_error(&cli_log, "--api-naf takes FQDN/UA with UA as 10 hexadecimal digits");
    } else if (status != GBAU_OK) {
        log_error(&cli_log, "--api-naf: '%.*s' is no host name", (int)strcspn(text, "/"), text);
    }
    *line = (struct profile_api_line){.naf_id = octets_written(&writer)};
    return status == GBAU_OK ? GBAU_OK : GBAU_E_ARGUMENT;
}

static enum gbau_status take_api_nafs(const struct option_list *list, struct create_storage *storage,
                                      struct card_profile *card)
{
    if (list->count > PROFILE_MAX_API_LINES) {
        log_error(&cli_log, "--api-naf may be given %d times at most", PROFILE_MAX_API_LINES);
        return GBAU_E_ARGUMENT;
    }
    for (size_t i = 0; i < list->count; i++) {
        enum gbau_status status = take_api_naf(list->values[i], storage->naf_ids[i], &card->api_lines[i]);
        if (status != GBAU_OK) {
            return status;
        }
    }
    card->api_line_count = list->count > 0 ? list->count : card->api_line_count;
    return GBAU_OK;
}

/* The operator's key, under one of its four names. */
static enum gbau_status take_operator_key(const struct create_options *options, struct profile_keys *keys)
{
    const struct {
        const char *name;
        const char *text;
        size_t length;
        bool is_common;
    } names[] = {{"--op", options->op, AKA_OPC_SIZE, true},
                 {"--opc", options->opc, AKA_OPC_SIZE, false},
                 {"--top", options->top, TUAK_TOPC_SIZE, true},
                 {"--topc", options->topc, TUAK_TOPC_SIZE, false}};
    size_t given = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].text == NULL) {
            continue;
        }
        enum gbau_status status = value_hex(names[i].name, names[i].text, keys->operator_key, names[i].length);
        if (status != GBAU_OK) {
            return status;
        }
        keys->operator_length = names[i].length;
        keys->operator_is_common = names[i].is_common;
        given++;
    }
    const bool is_missing =
        options->profile == NULL && keys->operator_length == 0 && keys->algorithm != AKA_ALGORITHM_XOR;
    if (given > 1 || is_missing) {
        log_error(&cli_log,
                  keys->algorithm == AKA_ALGORITHM_TUAK ? "give either --top or --topc" : "give either --op or --opc");
        return GBAU_E_ARGUMENT;
    }
    return GBAU_OK;
}

static enum gbau_status take_algorithm(const struct create_options *options, struct profile_keys *keys)
{
    static const char *const names[] = {
        [AKA_ALGORITHM_MILENAGE] = "milenage", [AKA_ALGORITHM_TUAK] = "tuak", [AKA_ALGORITHM_XOR] = "xor"};
    uint64_t iterations = keys->tuak_iterations;
    if (options->algorithm != NULL) {
        unsigned algorithm = AKA_ALGORITHM_XOR;
        while (algorithm > 0 && strcmp(names[algorithm], options->algorithm) != 0) {
            algorithm = algorithm == AKA_ALGORITHM_MILENAGE ? 0 : algorithm - 1;
        }
        if (algorithm == 0) {
            log_error(&cli_log, "--algorithm takes milenage, tuak or xor");
            return GBAU_E_ARGUMENT;
        }
        keys->algorithm = (enum aka_algorithm)algorithm;
    }
    enum gbau_status status = options->iterations == NULL
                                  ? GBAU_OK
                                  : value_number("--tuak-iterations", options->iterations, 1, UINT8_MAX, &iterations);
    keys->tuak_iterations = (unsigned)iterations;
    return status;
}

/* TUAK has a K of 16 or 32 octets. */
static enum gbau_status take_k(const char *k, struct profile_keys *keys)
{
    if (k == NULL) {
        return GBAU_OK;
    }
    const bool is_long = keys->algorithm == AKA_ALGORITHM_TUAK && strlen(k) == HEX_LENGTH(TUAK_K_MAX);
    keys->k_length = is_long ? TUAK_K_MAX : AKA_K_SIZE;
    return value_hex("--k", k, keys->k, keys->k_length);
}

static enum gbau_status take_sqn(const char *text, struct card_profile *card)
{
    uint8_t sqn[SQN_ENTRY_SIZE];
    enum gbau_status status = text == NULL ? GBAU_OK : value_hex("--sqn", text, sqn, sizeof sqn);
    if (status == GBAU_OK && text != NULL) {
        struct octet_reader reader = octet_reader_of(octets_of(sqn, sizeof sqn));
        card->sqn = octet_reader_u48(&reader);
    }
    return status;
}

static enum gbau_status take_keys(const struct create_options *options, struct profile_subscription *subscription)
{
    enum gbau_status status = take_algorithm(options, &subscription->keys);
    if (status == GBAU_OK) {
        status = take_k(options->k, &subscription->keys);
    }
    if (status == GBAU_OK) {
        status = take_operator_key(options, &subscription->keys);
    }
    return status == GBAU_OK ? take_sqn(options->sqn, &subscription->card) : status;
}

static enum gbau_status take_digits(const struct create_options *options, struct card_profile *card)
{
    const struct {
        const char *name;
        const char *text;
        size_t minimum;
        size_t maximum;
        const char **place;
    } values[] = {{"--imsi", options->imsi, 6, 15, &card->imsi},
                  {"--pin", options->pin, 4, 8, &card->pin},
                  {"--puk", options->puk, 8, 8, &card->puk},
                  {"--iccid", options->iccid, 18, 20, &card->iccid}};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (values[i].text == NULL) {
            continue;
        }
        enum gbau_status status = value_digits(values[i].name, values[i].text, values[i].minimum, values[i].maximum);
        if (status != GBAU_OK) {
            return status;
        }
        *values[i].place = values[i].text;
    }
    return GBAU_OK;
}

static enum gbau_status take_options(const struct create_options *options, struct create_storage *storage,
                                     struct profile_subscription *subscription)
{
    struct card_profile *card = &subscription->card;
    uint64_t mnc_digits = card->mnc_digits;
    enum gbau_status status = take_digits(options, card);
    if (status == GBAU_OK && options->mnc_digits != NULL) {
        status = value_number("--mnc-digits", options->mnc_digits, 2, 3, &mnc_digits);
    }
    card->mnc_digits = (unsigned)mnc_digits;
    card->pin_enabled = card->pin_enabled && !options->no_pin;
    if (status == GBAU_OK) {
        status = take_keys(options, subscription);
    }
    if (status == GBAU_OK && options->adm != NULL) {
        status = value_hex("--adm", options->adm, card->adm, sizeof card->adm);
        subscription->has_adm = true;
    }
    return status == GBAU_OK ? take_api_nafs(&options->api_nafs, storage, card) : status;
}

/* A whole card leaves nothing to be said by options. */
static enum gbau_status refuse_options(const struct create_options *options)
{
    const char *const texts[] = {options->imsi, options->k,         options->op,         options->opc,  options->top,
                                 options->topc, options->algorithm, options->iterations, options->sqn,  options->pin,
                                 options->puk,  options->adm,       options->mnc_digits, options->iccid};
    bool any = options->no_pin || options->api_nafs.count > 0;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        any = any || texts[i] != NULL;
    }
    if (any) {
        log_error(&cli_log, "%s describes a whole card (base: none): change it there, not by options",
                  options->profile);
    }
    return any ? GBAU_E_ARGUMENT : GBAU_OK;
}

static void report_subscription(struct report *report, const struct card_profile *card)
{
    char adm[HEX_LENGTH(sizeof card->adm) + 1] = "";
    report_add_text(report, "imsi", card->imsi);
    report_add_text(report, "pin", card->pin_enabled ? card->pin : "disabled");
    report_add_text(report, "puk", card->puk);
    if (hex_encode(octets_of(card->adm, sizeof card->adm), adm, sizeof adm) == GBAU_OK) {
        report_add_text(report, "adm", adm);
    }
    secret_wipe(adm, sizeof adm);
}

static bool report_card(const struct create_options *options, const char *path, struct profile_file *file)
{
    struct report *report = report_open();
    report_add_text(report, "card", path);
    if (!profile_file_is_whole(file)) {
        report_subscription(report, &profile_file_subscription(file)->card);
    }
    return report_print(report, options->json);
}

static enum gbau_status make_card(const char *path, struct profile_file *file)
{
    struct card_description description;
    struct crypto crypto;
    enum gbau_status status = crypto_openssl_open(&crypto);
    if (status == GBAU_OK) {
        status = profile_file_describe(file, &crypto, &description);
    }
    crypto_openssl_close(&crypto);
    return status == GBAU_OK ? card_image_create_described(path, &description, &cli_log) : status;
}

static enum gbau_status create(const struct create_options *options, struct create_storage *storage, const char *path,
                               bool *printed)
{
    struct profile_file *file = NULL;
    enum gbau_status status = profile_file_load(options->profile, &cli_log, &file);
    if (status == GBAU_OK) {
        status = profile_file_is_whole(file) ? refuse_options(options)
                                             : take_options(options, storage, profile_file_subscription(file));
    }
    if (status == GBAU_OK) {
        status = make_card(path, file);
    }
    *printed = status != GBAU_OK || report_card(options, path, file);
    profile_file_close(file);
    return status;
}

/* A profile can say what the options must say without one. */
static bool names_profile(int argc, char **argv)
{
    static const char name[] = "--profile";
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], name, sizeof name - 1) == 0) {
            return true;
        }
    }
    return false;
}

int verb_card_create(int argc, char **argv)
{
    struct create_options options = {0};
    const bool required = !names_profile(argc, argv);
    const struct option table[] = {
        {"--profile", "FILE.yaml", "a profile: a whole card, or a subscription that options may change", false,
         &options.profile, NULL, NULL},
        {"--imsi", "DIGITS", "IMSI, 6 to 15 digits", required, &options.imsi, NULL, NULL},
        {"--k", "HEX", "subscriber key K, 32 hexadecimal digits; of TUAK 32 or 64", required, &options.k, NULL, NULL},
        {"--op", "HEX", "operator's OP; OPc is computed from it", false, &options.op, NULL, NULL},
        {"--opc", "HEX", "OPc of this card", false, &options.opc, NULL, NULL},
        {"--algorithm", "NAME", "milenage, tuak or xor (for tests); milenage unless given", false, &options.algorithm,
         NULL, NULL},
        {"--top", "HEX", "with tuak, the operator's TOP; TOPc is computed from it", false, &options.top, NULL, NULL},
        {"--topc", "HEX", "with tuak, TOPc of this card", false, &options.topc, NULL, NULL},
        {"--tuak-iterations", "N", "of the permutation; 1 unless given", false, &options.iterations, NULL, NULL},
        {"--sqn", "HEX", "highest sequence number accepted so far, 12 hexadecimal digits", false, &options.sqn, NULL,
         NULL},
        {"--pin", "DIGITS", "PIN, 4 to 8 digits; 1234 unless given", false, &options.pin, NULL, NULL},
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
    const struct usage usage = {
        "gbau card create",
        "FILE",
        "Makes a software UICC with USIM, ISIM and the GBA_U API in a new file, of options or of a profile\n"
        "(docs/profile.md); options go over what the profile says. Without --profile, --imsi and --k are required.",
        1,
        sizeof table / sizeof table[0],
        table};
    const char *path = NULL;
    enum options_outcome outcome = options_parse(&usage, argc, argv, &path);
    if (outcome != OPTIONS_PARSED) {
        return options_exit_status(outcome);
    }
    struct create_storage storage;
    bool printed = false;
    enum gbau_status status = create(&options, &storage, path, &printed);
    return status == GBAU_OK && printed ? EXIT_SUCCESS : EXIT_FAILURE;
}
