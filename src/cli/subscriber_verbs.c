/* subscriber_verbs.c: gbau subscriber add. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "cli/database_key.h"
#include "cli/options.h"
#include "cli/values.h"
#include "cli/verbs.h"
#include "key/identity.h"
#include "store/subscriber_store.h"

struct add_options {
    const char *db, *key_file, *imsi, *impi, *k, *op, *opc, *amf, *sqn, *uicc_type, *lifetime, *mnc_digits;
};

static enum gbau_status read_uicc_type(const char *text, enum guss_uicc_type *type)
{
    if (text == NULL || strcmp(text, "GBA_U") == 0) {
        *type = GUSS_UICC_GBA_U;
        return GBAU_OK;
    }
    if (strcmp(text, "GBA") == 0) {
        *type = GUSS_UICC_GBA;
        return GBAU_OK;
    }
    log_error(&cli_log, "--uicc-type takes GBA or GBA_U");
    return GBAU_E_ARGUMENT;
}

static enum gbau_status read_identity(const struct add_options *options, struct subscriber *subscriber)
{
    struct identity identity;
    uint64_t mnc_digits = 2;
    enum gbau_status status = value_digits("--imsi", options->imsi, 6, 15);
    if (status == GBAU_OK && options->mnc_digits != NULL) {
        status = value_number("--mnc-digits", options->mnc_digits, 2, 3, &mnc_digits);
    }
    if (status == GBAU_OK) {
        status = identity_of_imsi(options->imsi, (unsigned)mnc_digits, &identity);
    }
    if (status != GBAU_OK) {
        return status;
    }
    const char *impi = options->impi == NULL ? identity.impi : options->impi;
    if (strchr(impi, '@') == NULL || strlen(impi) >= sizeof subscriber->impi) {
        log_error(&cli_log, "--impi takes USER@DOMAIN of at most 255 characters");
        return GBAU_E_ARGUMENT;
    }
    (void)snprintf(subscriber->imsi, sizeof subscriber->imsi, "%s", options->imsi);
    (void)snprintf(subscriber->impi, sizeof subscriber->impi, "%s", impi);
    return GBAU_OK;
}

static enum gbau_status read_sqn(const char *text, uint64_t *seq)
{
    uint8_t octets[6] = {0};
    enum gbau_status status = text == NULL ? GBAU_OK : value_hex("--sqn", text, octets, sizeof octets);
    struct octet_reader reader = octet_reader_of(octets_of(octets, sizeof octets));
    *seq = octet_reader_u48(&reader) >> AKA_SQN_IND_BITS;
    return status;
}

static enum gbau_status read_subscriber(const struct add_options *options, struct subscriber *subscriber,
                                        uint64_t *seq)
{
    uint64_t lifetime = 0;
    enum gbau_status status = read_identity(options, subscriber);
    if (status == GBAU_OK) {
        status = value_hex("--k", options->k, subscriber->k.octets, sizeof subscriber->k.octets);
    }
    if (status == GBAU_OK) {
        status = value_opc(options->op, options->opc, &subscriber->k, &subscriber->opc);
    }
    if (status == GBAU_OK && options->amf != NULL) {
        status = value_hex("--amf", options->amf, subscriber->amf.octets, sizeof subscriber->amf.octets);
    }
    if (status == GBAU_OK) {
        status = read_sqn(options->sqn, seq);
    }
    if (status == GBAU_OK) {
        status = read_uicc_type(options->uicc_type, &subscriber->uicc_type);
    }
    if (status == GBAU_OK && options->lifetime != NULL) {
        status = value_number("--lifetime", options->lifetime, 1, UINT32_MAX, &lifetime);
    }
    subscriber->lifetime = (uint32_t)lifetime;
    return status;
}

static enum gbau_status add(const struct add_options *options, const struct subscriber *subscriber, uint64_t seq)
{
    char default_key_file[DATABASE_KEY_PATH_SIZE];
    struct key_wrap *wrap = NULL;
    struct subscriber_store *store = NULL;
    enum gbau_status status = database_key_path(options->db, default_key_file);
    if (status == GBAU_OK) {
        status = key_wrap_open(options->key_file == NULL ? default_key_file : options->key_file, &cli_log, &wrap);
    }
    if (status == GBAU_OK) {
        status = subscriber_store_open(options->db, true, wrap, &cli_log, &store);
    }
    if (status == GBAU_OK) {
        status = subscriber_store_add(store, subscriber, seq);
    }
    if (store != NULL) {
        subscriber_store_close(store);
    }
    if (wrap != NULL) {
        key_wrap_close(wrap);
    }
    return status;
}

int verb_subscriber_add(int argc, char **argv)
{
    struct add_options options = {0};
    const struct option table[] = {
        {"--db", "FILE", "the HSS's database; made when it is not there", true, &options.db, NULL, NULL},
        {"--key-file", "FILE", "the key that wraps the keys in it; FILE.key unless given", false, &options.key_file,
         NULL, NULL},
        {"--imsi", "DIGITS", "IMSI, 6 to 15 digits", true, &options.imsi, NULL, NULL},
        {"--impi", "IMPI", "private identity; made from the IMSI unless given", false, &options.impi, NULL, NULL},
        {"--mnc-digits", "2|3", "digits of the network code in the IMSI; 2 unless given", false, &options.mnc_digits,
         NULL, NULL},
        {"--k", "HEX", "subscriber key K, 32 hexadecimal digits", true, &options.k, NULL, NULL},
        {"--op", "HEX", "operator's OP; OPc is computed from it", false, &options.op, NULL, NULL},
        {"--opc", "HEX", "OPc of the card", false, &options.opc, NULL, NULL},
        {"--amf", "HEX", "authentication management field, 4 hexadecimal digits; 0000 unless given", false,
         &options.amf, NULL, NULL},
        {"--sqn", "HEX", "last sequence number used, 12 hexadecimal digits", false, &options.sqn, NULL, NULL},
        {"--uicc-type", "TYPE", "GBA or GBA_U, as the card can; GBA_U unless given", false, &options.uicc_type, NULL,
         NULL},
        {"--lifetime", "SECONDS", "of a bootstrapped key; the BSF's own unless given", false, &options.lifetime, NULL,
         NULL},
    };
    const struct usage usage = {"gbau subscriber add", "", "Adds a subscriber to the HSS's database.", 0,
                                sizeof table / sizeof table[0], table};
    enum options_outcome outcome = options_parse(&usage, argc, argv, NULL);
    if (outcome != OPTIONS_PARSED) {
        return options_exit_status(outcome);
    }
    struct subscriber subscriber = {0};
    uint64_t seq = 0;
    enum gbau_status status = read_subscriber(&options, &subscriber, &seq);
    if (status == GBAU_OK) {
        status = add(&options, &subscriber, seq);
    }
    if (status == GBAU_OK) {
        printf("added %s\n", subscriber.impi);
    }
    secret_wipe(&subscriber, sizeof subscriber);
    return status == GBAU_OK ? EXIT_SUCCESS : verb_fail("subscriber add", status);
}
