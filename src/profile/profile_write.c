/* profile_write.c: writes rules, PINs and applications of a card. */
#include "profile/profile_write.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "profile/access_records.h"
#include "profile/profile_emit.h"

#define TO_FILL_IN "\"\" # to be filled in"

void emit_hex(FILE *stream, struct octets octets)
{
    fputc('"', stream);
    for (size_t i = 0; i < octets.length; i++) {
        fprintf(stream, "%02x", octets.data[i]);
    }
    fputc('"', stream);
}

/* A key of a mapping with octets that are secret. */
static void emit_secret(const struct emitting *emitting, const char *key, const void *octets, size_t length)
{
    fprintf(emitting->stream, "%s: ", key);
    if (emitting->options->without_secrets) {
        fputs(TO_FILL_IN, emitting->stream);
    } else {
        emit_hex(emitting->stream, octets_of(octets, length));
    }
    fputc('\n', emitting->stream);
}

/* Rules */

const char *emit_rule_name(const struct emitting *emitting, struct octets rule)
{
    for (size_t i = 0; i < emitting->rule_count; i++) {
        if (octets_equal(emitting->rules[i].octets, rule)) {
            return emitting->rules[i].name;
        }
    }
    return NULL;
}

static bool name_is_taken(const struct emitting *emitting, const char *name)
{
    for (size_t i = 0; i < emitting->rule_count; i++) {
        if (strcmp(emitting->rules[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* A second rule of the same name, which differs in what the name leaves out, has a number behind it. */
static void name_rule(const struct emitting *emitting, struct emitted_rule *rule)
{
    char name[RULE_NAME_SIZE];
    if (!rule_words_name(rule->octets, name)) {
        (void)snprintf(name, sizeof name, "rule");
    }
    (void)snprintf(rule->name, sizeof rule->name, "%s", name);
    for (unsigned number = 2; name_is_taken(emitting, rule->name); number++) {
        (void)snprintf(rule->name, sizeof rule->name, "%s-%u", name, number);
    }
}

static void collect_rules_of(struct emitting *emitting, const struct described_file *arr)
{
    for (size_t number = 1; number <= arr->file.record_count && emitting->rule_count < EMIT_RULES_MAX; number++) {
        const struct octets octets = access_record_rule(arr, number);
        if (octets.length > 0 && emit_rule_name(emitting, octets) == NULL) {
            struct emitted_rule *rule = &emitting->rules[emitting->rule_count];
            rule->octets = octets;
            name_rule(emitting, rule);
            emitting->rule_count++;
        }
    }
}

static void emit_rule(FILE *stream, const struct emitted_rule *rule)
{
    struct rule_words words;
    fprintf(stream, "  %s: ", rule->name);
    if (!rule_words_decode(rule->octets, &words)) {
        emit_hex(stream, rule->octets);
    } else {
        for (size_t i = 0; i < words.count; i++) {
            fprintf(stream, "%s%s: %s", i == 0 ? "{" : ", ", words.pairs[i].modes, words.pairs[i].condition);
        }
        fputc('}', stream);
    }
    fputc('\n', stream);
}

static void emit_rules(struct emitting *emitting)
{
    for (size_t i = 0; i < emitting->description->file_count; i++) {
        if (access_record_is_in(&emitting->description->files[i].file)) {
            collect_rules_of(emitting, &emitting->description->files[i]);
        }
    }
    fputs(emitting->rule_count == 0 ? "" : "\nrules:\n", emitting->stream);
    for (size_t i = 0; i < emitting->rule_count; i++) {
        emit_rule(emitting->stream, &emitting->rules[i]);
    }
}

/* PINs */

static bool is_digits(struct octets octets)
{
    enum { DIGITS_MIN = 4 };
    for (size_t i = 0; i < octets.length; i++) {
        if (octets.data[i] < '0' || octets.data[i] > '9') {
            return false;
        }
    }
    return octets.length >= DIGITS_MIN;
}

static void emit_pin_value(const struct emitting *emitting, const char *key, const uint8_t value[PIN_VALUE_SIZE])
{
    const struct octets digits = access_record_trim(octets_of(value, PIN_VALUE_SIZE));
    if (emitting->options->without_secrets || !is_digits(digits)) {
        emit_secret(emitting, key, value, PIN_VALUE_SIZE);
    } else {
        fprintf(emitting->stream, "%s: \"%.*s\"\n", key, (int)digits.length, (const char *)digits.data);
    }
}

static void emit_pin(const struct emitting *emitting, const struct described_pin *pin)
{
    FILE *stream = emitting->stream;
    char word[RULE_KEY_SIZE];
    rule_words_put_key(pin->key_reference, word);
    fprintf(stream, "  - key: %s\n", word);
    emit_pin_value(emitting, "    value", pin->state.value);
    fprintf(stream, "    enabled: %s\n    tries: %u\n    max-tries: %u\n", pin->state.enabled ? "true" : "false",
            pin->state.tries, pin->max_tries);
    fprintf(stream, "    max-unblock-tries: %u\n", pin->max_unblock_tries);
    if (pin->max_unblock_tries > 0) {
        emit_pin_value(emitting, "    unblock", pin->state.unblock_value);
        fprintf(stream, "    unblock-tries: %u\n", pin->state.unblock_tries);
    }
}

/* Applications */

static void emit_constants(FILE *stream, const struct milenage_constants *constants)
{
    enum { COUNT = 5 };
    if (constants == &milenage_default_constants) {
        return;
    }
    fputs("    milenage:\n      r: [", stream);
    for (size_t i = 0; i < COUNT; i++) {
        fprintf(stream, "%s%u", i == 0 ? "" : ", ", constants->rotation[i]);
    }
    fputs("]\n      c:\n", stream);
    for (size_t i = 0; i < COUNT; i++) {
        fputs("        - ", stream);
        emit_hex(stream, octets_of(constants->constant[i], AES_BLOCK_SIZE));
        fputc('\n', stream);
    }
}

static void emit_keys(const struct emitting *emitting, const struct aka_functions *functions)
{
    FILE *stream = emitting->stream;
    const struct milenage *milenage = &functions->keys.milenage;
    const struct tuak *tuak = &functions->keys.tuak;
    switch (functions->algorithm) {
    case AKA_ALGORITHM_MILENAGE:
        fputs("    algorithm: milenage\n", stream);
        emit_secret(emitting, "    k", milenage->k.octets, AKA_K_SIZE);
        emit_secret(emitting, "    opc", milenage->opc.octets, AKA_OPC_SIZE);
        emit_constants(stream, milenage->constants);
        break;
    case AKA_ALGORITHM_TUAK:
        fputs("    algorithm: tuak\n", stream);
        emit_secret(emitting, "    k", tuak->k, tuak->sizes.k);
        emit_secret(emitting, "    topc", tuak->topc, TUAK_TOPC_SIZE);
        fprintf(stream, "    tuak: {res: %zu, iterations: %u}\n", 8 * tuak->sizes.res, tuak->iterations);
        break;
    default:
        fputs("    algorithm: xor\n", stream);
        emit_secret(emitting, "    k", functions->keys.xor_k.octets, AKA_K_SIZE);
        break;
    }
}

/* True when one value says it all: no SQN but this one was ever accepted. */
static bool has_single_sqn(const struct described_application *application, aka_sqn *value)
{
    size_t used = 0;
    *value = 0;
    for (size_t ind = 0; ind < SQN_ENTRIES; ind++) {
        if (application->sqn[ind] != 0) {
            used++;
            *value = application->sqn[ind];
        }
        if (application->sqn[ind] % SQN_ENTRIES != ind && application->sqn[ind] != 0) {
            return false;
        }
    }
    return used <= 1;
}

static void emit_sqn(FILE *stream, const struct described_application *application)
{
    aka_sqn value;
    fprintf(stream, "    sqn:\n      delta: %u\n      age-limit: %u\n", application->entry.sqn_delta,
            application->entry.sqn_age_limit);
    if (application->shares != CARD_NO_INDEX) {
        return;
    }
    if (has_single_sqn(application, &value)) {
        fprintf(stream, "      value: \"%012" PRIx64 "\"\n", value);
        return;
    }
    fputs("      values: # of each IND", stream);
    for (size_t ind = 0; ind < SQN_ENTRIES; ind++) {
        fprintf(stream, "\n        - \"%012" PRIx64 "\"", application->sqn[ind]);
    }
    fputc('\n', stream);
}

static void emit_network_application(const struct emitting *emitting, const struct described_application *application)
{
    FILE *stream = emitting->stream;
    const struct card_application *entry = &application->entry;
    const struct file_list list = emit_files(emitting);
    char path[FILE_PATH_SIZE];
    file_path_write(&list, entry->adf, path);
    fprintf(stream, "    adf: %s\n", path);
    if (application->shares == CARD_NO_INDEX) {
        emit_keys(emitting, &application->functions);
    } else {
        const struct card_application *other = &emitting->description->applications[application->shares].entry;
        fputs("    keys-of: ", stream);
        emit_hex(stream, octets_of(other->aid, other->aid_length));
        fputc('\n', stream);
    }
    emit_sqn(stream, application);
    fprintf(stream, "    gba-u: {mask-mac: %s, flip-res: %s, naf-keys: %u}\n",
            entry->gba_rules.mask_mac ? "true" : "false", entry->gba_rules.flip_res_bit ? "true" : "false",
            entry->naf_key_count);
}

static void emit_application(const struct emitting *emitting, const struct described_application *application)
{
    static const char *const kinds[] = {
        [APPLICATION_USIM] = "usim", [APPLICATION_ISIM] = "isim", [APPLICATION_APPLET] = "applet"};
    FILE *stream = emitting->stream;
    const struct card_application *entry = &application->entry;
    char word[RULE_KEY_SIZE];
    fprintf(stream, "  - kind: %s\n    aid: ", kinds[entry->kind]);
    emit_hex(stream, octets_of(entry->aid, entry->aid_length));
    rule_words_put_key(emitting->description->pins[entry->pin].key_reference, word);
    fprintf(stream, "\n    pin: %s\n", word);
    if (entry->kind != APPLICATION_APPLET) {
        emit_network_application(emitting, application);
    }
}

static void emit_head(const struct emitting *emitting)
{
    fprintf(emitting->stream,
            "# A whole card, for 'gbau card create FILE --profile'. docs/profile.md tells what may stand here.\n"
            "# %s\n"
            "# Bootstrapping and NAF keys stay in the card: they are not here.\n"
            "base: none\n"
            "free: {files: %zu, octets: %zu, persisted-keys: %zu}\n",
            emitting->options->without_secrets ? "Keys and PINs have been left out: fill them in."
                                               : "It holds keys and PINs: keep it as you keep them.",
            emitting->description->free_slots, emitting->description->free_size,
            emitting->description->persisted_key_count);
}

enum gbau_status profile_write(FILE *stream, const struct card_description *description,
                               const struct profile_write_options *options)
{
    struct emitting *emitting = calloc(1, sizeof *emitting);
    if (emitting == NULL) {
        return GBAU_E_MEMORY;
    }
    emitting->stream = stream;
    emitting->description = description;
    emitting->options = options;
    emit_head(emitting);
    emit_rules(emitting);
    fputs(description->pin_count == 0 ? "" : "\npins:\n", stream);
    for (size_t i = 0; i < description->pin_count; i++) {
        emit_pin(emitting, &description->pins[i]);
    }
    fputs(description->application_count == 0 ? "" : "\napplications:\n", stream);
    for (size_t i = 0; i < description->application_count; i++) {
        emit_application(emitting, &description->applications[i]);
    }
    emit_all_files(emitting);
    free(emitting);
    return fflush(stream) == 0 && !ferror(stream) ? GBAU_OK : GBAU_E_IO;
}
