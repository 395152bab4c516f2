/* naf_use.c: what the verbs of `gbau naf key` are told, and the policies that they write. */
#include "cli/naf_use.h"

#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "base/text_coding.h"
#include "cli/key_words.h"
#include "cli/report.h"
#include "cli/values.h"
#include "cli/verbs.h"

enum {
    OFFLINE_LIFETIME_S = 3600,
    AID_MIN = 5,
    CALLERS_MAX = 2,
    ALGORITHMS_MAX = 32,
    WORD_SIZE = 32,
    HEX_SIZE = 2 * GBAU_POLICY_MAX + 1
};

enum gbau_status naf_use_bring_key(const struct naf_use *use, const char *b_tid)
{
    uint8_t key[NAF_KEY_SIZE];
    if (use->options->offline_key == NULL) {
        return GBAU_OK;
    }
    enum gbau_status status = value_hex("--offline-key", use->options->offline_key, key, sizeof key);
    if (status == GBAU_OK) {
        status = gbau_naf_add_key(use->naf, b_tid, use->description->ua, key, OFFLINE_LIFETIME_S);
    }
    secret_wipe(key, sizeof key);
    return status;
}

enum gbau_status naf_use_explain(const struct naf_use *use, const char *b_tid, enum gbau_status status)
{
    if (status == GBAU_E_NOT_FOUND) {
        log_error(&cli_log, "the BSF does not know B-TID %s: has the device bootstrapped there since?", b_tid);
    } else if (status == GBAU_E_REFUSED && use->options->config != NULL) {
        log_error(&cli_log,
                  "the BSF gives no Ks_int_NAF of B-TID %s: is it a GBA_U run, and may this NAF ask for --ua?", b_tid);
    }
    return status;
}

/* AIDs in hexadecimal with commas between them; *count of them. */
enum gbau_status naf_use_read_callers(const char *text, uint8_t aids[][NAF_USE_AID_MAX], size_t *lengths, size_t most,
                                      size_t *count)
{
    *count = 0;
    while (text != NULL) {
        const size_t length = strcspn(text, ",");
        if (*count == most ||
            hex_decode(octets_of(text, length), aids[*count], NAF_USE_AID_MAX, &lengths[*count]) != GBAU_OK ||
            lengths[*count] < AID_MIN) {
            log_error(&cli_log,
                      "--caller takes an AID of 5 to 16 octets in hexadecimal; for a policy two, with a comma");
            return GBAU_E_ARGUMENT;
        }
        (*count)++;
        text = text[length] == ',' ? text + length + 1 : NULL;
    }
    return GBAU_OK;
}

enum gbau_status naf_use_read_version(const struct naf_use *use, uint32_t *version)
{
    uint64_t number = 0;
    enum gbau_status status = GBAU_OK;
    if (use->options->policy_version != NULL) {
        status = value_number("--policy-version", use->options->policy_version, 0, UINT32_MAX, &number);
    }
    *version = (uint32_t)number;
    return status;
}

/* Policies and revocations */

/* Calls `take` for each word of a list with commas between them. */
static enum gbau_status for_each_word(const char *list, enum gbau_status (*take)(void *context, const char *word),
                                      void *context)
{
    enum gbau_status status = GBAU_OK;
    while (list != NULL && status == GBAU_OK) {
        char word[WORD_SIZE];
        const size_t length = strcspn(list, ",");
        (void)snprintf(word, sizeof word, "%.*s", (int)length, list);
        status = take(context, word);
        list = list[length] == ',' ? list + length + 1 : NULL;
    }
    return status;
}

/* A policy as the options say it, with what it points to. */
struct told_policy {
    struct gbau_policy policy;
    uint8_t algorithms[ALGORITHMS_MAX];
    uint8_t callers[CALLERS_MAX][NAF_USE_AID_MAX];
};

static enum gbau_status take_usage(void *context, const char *word)
{
    struct gbau_policy *policy = &((struct told_policy *)context)->policy;
    enum gbau_usage usage = 0;
    enum gbau_status status = key_words_read_usage(word, &usage);
    if (status == GBAU_OK && usage > GBAU_USAGE_EXPORT) {
        log_error(&cli_log, "no policy is needed for usage '%s'", word);
        status = GBAU_E_ARGUMENT;
    }
    if (status == GBAU_OK) {
        policy->usages = (uint8_t)(policy->usages | 1U << (usage - 1));
        policy->allows_export = policy->allows_export || usage == GBAU_USAGE_EXPORT;
        policy->allows_wrap = policy->allows_wrap || usage == GBAU_USAGE_WRAP;
    }
    return status;
}

static enum gbau_status take_algorithm(void *context, const char *word)
{
    struct told_policy *told = context;
    enum gbau_algorithm algorithm = 0;
    enum gbau_status status = key_words_read_algorithm(word, &algorithm);
    if (status == GBAU_OK && told->policy.algorithm_count == ALGORITHMS_MAX) {
        status = GBAU_E_ARGUMENT;
    }
    if (status == GBAU_OK) {
        told->policy.algorithms = told->algorithms;
        told->algorithms[told->policy.algorithm_count++] = (uint8_t)algorithm;
    }
    return status;
}

static enum gbau_status read_operations(const struct naf_use *use, struct gbau_policy *policy)
{
    uint64_t number = UINT32_MAX;
    enum gbau_status status = GBAU_OK;
    if (use->options->operations != NULL) {
        status = value_number("--operations", use->options->operations, 0, UINT32_MAX - 1, &number);
    }
    policy->operations = (uint32_t)number;
    return status;
}

static enum gbau_status read_policy(const struct naf_use *use, struct told_policy *told)
{
    size_t count = 0;
    const struct key_options *options = use->options;
    *told = (struct told_policy){0};
    enum gbau_status status = naf_use_read_version(use, &told->policy.version);
    if (status == GBAU_OK) {
        status = for_each_word(options->usages == NULL ? "encrypt,mac,authenticate,derive" : options->usages,
                               take_usage, told);
    }
    if (status == GBAU_OK) {
        status = for_each_word(options->algorithms, take_algorithm, told);
    }
    if (status == GBAU_OK) {
        status = read_operations(use, &told->policy);
    }
    if (status == GBAU_OK) {
        status = naf_use_read_callers(options->caller, told->callers, told->policy.caller_lengths, CALLERS_MAX, &count);
    }
    for (size_t i = 0; i < count; i++) {
        told->policy.callers[i] = told->callers[i];
    }
    return status;
}

/* Alone on its line, for 'gbau key apply' to take. */
static enum gbau_status print_object(const struct naf_use *use, const char *name, const uint8_t *object, size_t length)
{
    char text[HEX_SIZE];
    enum gbau_status status = hex_encode(octets_of(object, length), text, sizeof text);
    if (status != GBAU_OK) {
        return status;
    }
    if (!use->options->json) {
        return puts(text) < 0 || fflush(stdout) != 0 ? GBAU_E_IO : GBAU_OK;
    }
    struct report *report = report_open();
    report_add_text(report, name, text);
    return report_print(report, true) ? GBAU_OK : GBAU_E_IO;
}

enum gbau_status naf_use_make_policy(const struct naf_use *use)
{
    struct told_policy told;
    uint8_t object[GBAU_POLICY_MAX];
    size_t length = 0;
    enum gbau_status status = read_policy(use, &told);
    if (status == GBAU_OK) {
        status = gbau_naf_make_policy(use->naf, use->options->b_tid, use->description->ua, &told.policy, object,
                                      sizeof object, &length);
        status = naf_use_explain(use, use->options->b_tid, status);
    }
    return status == GBAU_OK ? print_object(use, "policy", object, length) : status;
}

enum gbau_status naf_use_revoke(const struct naf_use *use)
{
    const struct key_options *options = use->options;
    uint8_t object[GBAU_POLICY_MAX];
    size_t length = 0;
    uint32_t version = 0;
    const uint8_t scope =
        (uint8_t)((options->naf_key ? GBAU_REVOKE_NAF_KEY : 0) | (options->kept_keys ? GBAU_REVOKE_PERSISTED_KEYS : 0));
    if (scope == 0) {
        log_error(&cli_log, "say what is revoked: --naf-key, --kept-keys or both");
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = naf_use_read_version(use, &version);
    if (status == GBAU_OK) {
        status = gbau_naf_make_revocation(use->naf, options->b_tid, use->description->ua, version, scope,
                                          options->label, object, sizeof object, &length);
        status = naf_use_explain(use, options->b_tid, status);
    }
    return status == GBAU_OK ? print_object(use, "revocation", object, length) : status;
}
