/* naf_library.c: the calls of gbau/naf.h: Ks_int_NAF from the BSF or from the caller, application keys out of it. */
#include "gbau/naf.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/secret.h"
#include "codec/gba_avp.h"
#include "key/api_aid.h"
#include "key/key_policy.h"
#include "key/local_key.h"
#include "key/sealed_message.h"
#include "naf/expected_policies.h"
#include "naf/key_inquiry.h"
#include "naf/naf_settings.h"

enum { OFFLINE_KEYS_MAX = 4096, CRYPTO_COUNT = 8, POLL_MS = 10, NS_PER_MS = 1000000, MS_PER_S = 1000 };

static const struct log library_log = {.program = "libgbau-naf", .level = LOG_LEVEL_WARNING, .style = LOG_STYLE_PLAIN};

struct gbau_naf {
    struct naf_settings settings; /* points into `yaml` */
    struct yaml_config *yaml;
    struct crypto_pool *cryptos;
    struct key_cache *keys;
    struct expected_policies *policies;
    struct diameter_node *zn; /* NULL: offline */
};

/* Opening */

/* NAF_IDs have the name in lower case (33.220 H.1). */
static void lower(char *name)
{
    for (; *name != '\0'; name++) {
        *name = (char)tolower((unsigned char)*name);
    }
}

static enum gbau_status open_stores(struct gbau_naf *naf)
{
    const struct naf_config *config = &naf->settings.service.naf;
    lower(naf->settings.service.naf.fqdn);
    enum gbau_status status = crypto_pool_open(config->crypto_count, &naf->cryptos);
    if (status == GBAU_OK) {
        status = key_cache_open(config->key_cache_max, &clock_of_system, &naf->keys);
    }
    return status == GBAU_OK ? expected_policies_open(&clock_of_system, &naf->policies) : status;
}

static enum gbau_status wait_for_bsf(const struct gbau_naf *naf, unsigned timeout_ms)
{
    const struct timespec pause = {.tv_nsec = (long)POLL_MS * NS_PER_MS};
    for (unsigned waited = 0; !diameter_is_connected(naf->zn, GBA_APPLICATION_ZN); waited += POLL_MS) {
        if (waited >= timeout_ms) {
            log_error(&library_log, "the BSF is not there after %u ms", timeout_ms);
            return GBAU_E_TIMEOUT;
        }
        (void)nanosleep(&pause, NULL);
    }
    return GBAU_OK;
}

static enum gbau_status connect_zn(struct gbau_naf *naf, unsigned timeout_ms)
{
    enum gbau_status status = diameter_open(&naf->settings.service.zn, &library_log, &naf->zn);
    if (status == GBAU_OK) {
        status = diameter_use(naf->zn, GBA_APPLICATION_ZN);
    }
    if (status == GBAU_OK) {
        status = diameter_start(naf->zn);
    }
    return status == GBAU_OK ? wait_for_bsf(naf, timeout_ms) : status;
}

/* Hands a NAF over, or ends it. */
static enum gbau_status hand_over(enum gbau_status status, struct gbau_naf *opened, struct gbau_naf **naf)
{
    if (status != GBAU_OK) {
        gbau_naf_close(opened);
        return status;
    }
    *naf = opened;
    return GBAU_OK;
}

enum gbau_status gbau_naf_open(const char *configuration_file, unsigned timeout_ms, struct gbau_naf **naf)
{
    if (configuration_file == NULL || naf == NULL) {
        return GBAU_E_ARGUMENT;
    }
    struct gbau_naf *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    enum gbau_status status = yaml_config_load(configuration_file, &library_log, &opened->yaml);
    if (status == GBAU_OK) {
        status = naf_settings_read_zn(opened->yaml, &library_log, &opened->settings);
    }
    if (status == GBAU_OK) {
        status = open_stores(opened);
    }
    if (status == GBAU_OK) {
        status = connect_zn(opened, timeout_ms);
    }
    return hand_over(status, opened, naf);
}

enum gbau_status gbau_naf_open_offline(const char *fqdn, struct gbau_naf **naf)
{
    if (fqdn == NULL || naf == NULL || fqdn[0] == '\0' || strlen(fqdn) >= NAF_FQDN_SIZE) {
        return GBAU_E_ARGUMENT;
    }
    struct gbau_naf *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    struct naf_config *config = &opened->settings.service.naf;
    memcpy(config->fqdn, fqdn, strlen(fqdn) + 1);
    config->key_cache_max = OFFLINE_KEYS_MAX;
    config->crypto_count = CRYPTO_COUNT;
    return hand_over(open_stores(opened), opened, naf);
}

void gbau_naf_close(struct gbau_naf *naf)
{
    if (naf == NULL) {
        return;
    }
    if (naf->zn != NULL) {
        diameter_close(naf->zn);
    }
    expected_policies_close(naf->policies);
    key_cache_close(naf->keys);
    crypto_pool_close(naf->cryptos);
    yaml_config_close(naf->yaml);
    secret_wipe(naf, sizeof *naf);
    free(naf);
}

/* Ks_int_NAF: from the cache, else from the BSF */

static bool b_tid_is_sound(const char *b_tid)
{
    return b_tid != NULL && b_tid[0] != '\0' && strlen(b_tid) < NAF_B_TID_SIZE && key_inquiry_name_is_plain(b_tid) &&
           strchr(b_tid, '#') == NULL;
}

enum gbau_status gbau_naf_add_key(struct gbau_naf *naf, const char *b_tid, const uint8_t ua[5],
                                  const uint8_t ks_int_naf[32], unsigned lifetime_s)
{
    if (naf == NULL || !b_tid_is_sound(b_tid) || ua == NULL || ks_int_naf == NULL) {
        return GBAU_E_ARGUMENT;
    }
    struct naf_keys keys = {.has_int_key = true, .expires = clock_now(&clock_of_system) + lifetime_s};
    memcpy(keys.b_tid, b_tid, strlen(b_tid) + 1);
    memcpy(keys.ua, ua, NAF_ID_UA_SIZE);
    memcpy(keys.int_key.octets, ks_int_naf, NAF_KEY_SIZE);
    key_cache_put(naf->keys, &keys);
    secret_wipe(&keys, sizeof keys);
    return GBAU_OK;
}

/* A question to the BSF, for which a thread waits. */
struct inquiry {
    pthread_mutex_t mutex;
    pthread_cond_t answered;
    bool done;
    enum gbau_status status;
    uint32_t result;
    const char *b_tid;
    const uint8_t *ua;
    struct naf_keys *keys;
};

static void on_bia(void *context, enum gbau_status status, struct octets bia)
{
    struct inquiry *inquiry = context;
    (void)pthread_mutex_lock(&inquiry->mutex);
    inquiry->status = status;
    if (status == GBAU_OK) {
        inquiry->status = key_inquiry_read(bia, inquiry->b_tid, inquiry->ua, clock_now(&clock_of_system), inquiry->keys,
                                           &inquiry->result);
    }
    inquiry->done = true;
    (void)pthread_cond_signal(&inquiry->answered);
    (void)pthread_mutex_unlock(&inquiry->mutex);
}

/* Sends the question and waits: the node always says how it ended. */
static enum gbau_status ask(struct gbau_naf *naf, struct inquiry *inquiry)
{
    uint8_t bir[NAF_BIR_SIZE];
    const struct naf_service_config *config = &naf->settings.service;
    struct octet_writer writer = octet_writer_of(bir, sizeof bir);
    key_inquiry_write(&writer, config->naf.fqdn, inquiry->ua, inquiry->b_tid);
    enum gbau_status status = octet_writer_end(&writer) == GBAU_OK ? GBAU_OK : GBAU_E_ARGUMENT;
    if (status == GBAU_OK) {
        status = diameter_request(naf->zn, GBA_APPLICATION_ZN, GBA_COMMAND_BOOTSTRAPPING_INFO, config->bsf_realm,
                                  config->bsf_host, octets_written(&writer), config->zn_timeout_ms, on_bia, inquiry);
    }
    if (status != GBAU_OK) {
        return status;
    }
    (void)pthread_mutex_lock(&inquiry->mutex);
    while (!inquiry->done) {
        (void)pthread_cond_wait(&inquiry->answered, &inquiry->mutex);
    }
    (void)pthread_mutex_unlock(&inquiry->mutex);
    return inquiry->status;
}

static enum gbau_status status_of_result(uint32_t result, const char *b_tid)
{
    if (result == GBA_RESULT_SUCCESS) {
        return GBAU_OK;
    }
    if (result == GBA_RESULT_TRANSACTION_IDENTIFIER_INVALID) {
        return GBAU_E_NOT_FOUND;
    }
    log_warning(&library_log, "the BSF refused the keys of B-TID %s with %u", b_tid, result);
    return GBAU_E_REFUSED;
}

static enum gbau_status ask_bsf(struct gbau_naf *naf, const char *b_tid, const uint8_t ua[NAF_ID_UA_SIZE],
                                struct naf_keys *keys)
{
    struct inquiry inquiry = {.b_tid = b_tid, .ua = ua, .keys = keys};
    (void)pthread_mutex_init(&inquiry.mutex, NULL);
    (void)pthread_cond_init(&inquiry.answered, NULL);
    enum gbau_status status = ask(naf, &inquiry);
    (void)pthread_cond_destroy(&inquiry.answered);
    (void)pthread_mutex_destroy(&inquiry.mutex);
    if (status == GBAU_OK) {
        status = status_of_result(inquiry.result, b_tid);
    }
    if (status == GBAU_OK) {
        key_cache_put(naf->keys, keys);
    }
    return status;
}

static enum gbau_status find_int_key(struct gbau_naf *naf, const char *b_tid, const uint8_t ua[NAF_ID_UA_SIZE],
                                     struct naf_keys *keys)
{
    if (!b_tid_is_sound(b_tid) || ua == NULL) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = key_cache_find(naf->keys, b_tid, ua, keys);
    if (status != GBAU_OK && naf->zn != NULL) {
        status = ask_bsf(naf, b_tid, ua, keys);
    }
    if (status == GBAU_OK && keys->expires < clock_now(&clock_of_system)) {
        status = GBAU_E_EXPIRED;
    }
    if (status == GBAU_OK && !keys->has_int_key) {
        log_warning(&library_log, "the BSF gave no Ks_int_NAF for B-TID %s: no GBA_U run, or this NAF may not have it",
                    b_tid);
        status = GBAU_E_REFUSED;
    }
    return status;
}

/* Keys */

static enum gbau_status open_key(struct gbau_naf *naf, const char *b_tid, const uint8_t ua[NAF_ID_UA_SIZE],
                                 struct octets caller, const struct gbau_key_request *request, struct gbau_key **key)
{
    struct naf_keys keys = {0};
    enum gbau_status status = find_int_key(naf, b_tid, ua, &keys);
    if (status == GBAU_OK) {
        const struct local_key_root root = {.cryptos = naf->cryptos,
                                            .int_key = &keys.int_key,
                                            .b_tid = b_tid,
                                            .caller = caller,
                                            .policy_version = expected_policies_get(naf->policies, b_tid, ua)};
        status = local_key_open(&root, request, key);
    }
    secret_wipe(&keys, sizeof keys);
    return status;
}

enum gbau_status gbau_naf_key_open(struct gbau_naf *naf, const char *b_tid, const uint8_t ua[5], const uint8_t *caller,
                                   size_t caller_length, const struct gbau_key_request *request, struct gbau_key **key)
{
    if (naf == NULL || request == NULL || key == NULL) {
        return GBAU_E_ARGUMENT;
    }
    if (request->usage == GBAU_USAGE_HASH) { /* has no key */
        const struct local_key_root root = {.cryptos = naf->cryptos};
        return local_key_open(&root, request, key);
    }
    if (request->direction == GBAU_CARD_TO_CARD) {
        return GBAU_E_ACCESS;
    }
    const struct octets aid =
        caller == NULL ? octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE) : octets_of(caller, caller_length);
    return open_key(naf, b_tid, ua, aid, request, key);
}

/* Names in messages */

static enum gbau_status read_names(struct octets message, struct sealed_message_key *name)
{
    struct sealed_message sealed;
    struct authenticated_message authenticated;
    enum gbau_status status = sealed_message_read_first(message, &sealed);
    *name = sealed.key;
    if (status != GBAU_OK) {
        status = authenticated_message_read(message, &authenticated);
        *name = authenticated.key;
    }
    return status;
}

enum gbau_status gbau_naf_message_names(const void *message, size_t length, char b_tid[256], char label[65],
                                        enum gbau_algorithm *algorithm)
{
    struct sealed_message_key name;
    char label_text[APPLICATION_LABEL_MAX + 1];
    if ((message == NULL && length > 0) || b_tid == NULL || label == NULL) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = read_names(octets_of(message, length), &name);
    if (status == GBAU_OK) {
        status = octets_to_text(name.label, label_text, sizeof label_text);
    }
    if (status == GBAU_OK) {
        status = octets_to_text(name.b_tid, b_tid, NAF_B_TID_SIZE);
    }
    if (status == GBAU_OK) {
        memcpy(label, label_text, strlen(label_text) + 1);
    }
    if (status == GBAU_OK && algorithm != NULL) {
        *algorithm = (enum gbau_algorithm)name.algorithm;
    }
    return status;
}

/* Policies and revocations */

static enum gbau_status read_policy_callers(const struct gbau_policy *policy, struct key_policy *written)
{
    for (size_t i = 0; i < KEY_POLICY_CALLERS_MAX; i++) {
        const size_t length = policy->caller_lengths[i];
        if (policy->callers[i] == NULL) {
            continue;
        }
        if (length < 5 || length > APPLICATION_CALLER_MAX) {
            return GBAU_E_ARGUMENT;
        }
        struct key_policy_caller *caller = &written->callers[written->caller_count++];
        caller->length = (uint8_t)length;
        memcpy(caller->aid, policy->callers[i], length);
    }
    return GBAU_OK;
}

static enum gbau_status read_policy(const struct gbau_policy *policy, struct key_policy *written)
{
    *written = (struct key_policy){.version = policy->version,
                                   .usages = policy->usages,
                                   .algorithms = policy->algorithms == NULL ? key_policy_default.algorithms : 0,
                                   .allows_export = policy->allows_export,
                                   .allows_wrap = policy->allows_wrap,
                                   .operations = policy->operations};
    for (size_t i = 0; policy->algorithms != NULL && i < policy->algorithm_count; i++) {
        const uint32_t bit = key_algorithm_bit(policy->algorithms[i]);
        if (bit == 0) {
            return GBAU_E_ARGUMENT;
        }
        written->algorithms |= bit;
    }
    return written->algorithms == 0 ? GBAU_E_ARGUMENT : read_policy_callers(policy, written);
}

/* Writes an object that is complete in `object`, and its MAC. */
static enum gbau_status authenticate_object(struct gbau_naf *naf, const char *b_tid, const uint8_t ua[NAF_ID_UA_SIZE],
                                            struct octets object, struct octet_writer *out)
{
    struct naf_keys keys = {0};
    uint8_t mac[KEY_POLICY_MAC_SIZE];
    enum gbau_status status = find_int_key(naf, b_tid, ua, &keys);
    if (status == GBAU_OK) {
        struct crypto *crypto = crypto_pool_borrow(naf->cryptos);
        status = key_policy_mac(crypto, &keys.int_key, object, mac);
        crypto_pool_return(naf->cryptos, crypto);
    }
    secret_wipe(&keys, sizeof keys);
    if (status != GBAU_OK) {
        return status;
    }
    octet_writer_put_octets(out, object);
    key_policy_write_mac(out, mac);
    return octet_writer_end(out);
}

enum gbau_status gbau_naf_make_policy(struct gbau_naf *naf, const char *b_tid, const uint8_t ua[5],
                                      const struct gbau_policy *policy, uint8_t *out, size_t capacity, size_t *length)
{
    uint8_t object[KEY_POLICY_OBJECT_MAX];
    struct key_policy written;
    if (naf == NULL || policy == NULL || !key_calls_out_is_sound(out, capacity, length)) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = read_policy(policy, &written);
    if (status != GBAU_OK) {
        return status;
    }
    struct octet_writer object_writer = octet_writer_of(object, sizeof object);
    key_policy_write(&object_writer, &written);
    if (object_writer.failed) {
        return GBAU_E_ARGUMENT;
    }
    struct octet_writer writer = octet_writer_of(out, capacity);
    status = authenticate_object(naf, b_tid, ua, octets_written(&object_writer), &writer);
    return key_calls_finish(status, &writer, length);
}

enum gbau_status gbau_naf_make_revocation(struct gbau_naf *naf, const char *b_tid, const uint8_t ua[5],
                                          uint32_t version, uint8_t scope, const char *label, uint8_t *out,
                                          size_t capacity, size_t *length)
{
    uint8_t object[KEY_POLICY_OBJECT_MAX];
    if (naf == NULL || !key_calls_out_is_sound(out, capacity, length) || (label != NULL && label[0] == '\0')) {
        return GBAU_E_ARGUMENT;
    }
    const struct key_revocation revocation = {
        .version = version, .scope = scope, .label = octets_of_text(label == NULL ? "" : label)};
    struct octet_writer object_writer = octet_writer_of(object, sizeof object);
    key_revocation_write(&object_writer, &revocation);
    if (object_writer.failed) {
        return GBAU_E_ARGUMENT;
    }
    struct octet_writer writer = octet_writer_of(out, capacity);
    enum gbau_status status = authenticate_object(naf, b_tid, ua, octets_written(&object_writer), &writer);
    return key_calls_finish(status, &writer, length);
}

enum gbau_status gbau_naf_expect_policy(struct gbau_naf *naf, const char *b_tid, const uint8_t ua[5], uint32_t version)
{
    struct naf_keys keys = {0};
    if (naf == NULL) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = find_int_key(naf, b_tid, ua, &keys);
    if (status == GBAU_OK) {
        status = expected_policies_set(naf->policies, b_tid, ua, version, keys.expires);
    }
    secret_wipe(&keys, sizeof keys);
    return status;
}
