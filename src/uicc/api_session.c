/* api_session.c: handles: who owns them, how they begin and end. */
#include "uicc/api_session.h"

#include <string.h>

#include "base/secret.h"
#include "uicc/api_access.h"
#include "uicc/api_rules.h"
#include "uicc/gba.h"

struct octets api_session_b_tid(const struct api_session *session)
{
    return octets_of(session->origin.b_tid, session->origin.b_tid_length);
}

struct octets api_session_label(const struct api_session *session)
{
    return octets_of(session->label, session->label_length);
}

struct api_session *api_session_find(const struct api_caller *caller, uint8_t handle)
{
    if (handle >= API_SESSIONS) {
        return NULL;
    }
    struct api_session *session = &caller->uicc->api.sessions[handle];
    const struct octets owner = octets_of(session->origin.caller, session->origin.caller_length);
    const bool is_callers = session->open && session->channel == caller->channel && octets_equal(owner, caller->aid);
    return is_callers ? session : NULL;
}

struct api_session *api_session_claim(const struct api_caller *caller, uint8_t *handle)
{
    for (uint8_t i = 0; i < API_SESSIONS; i++) {
        if (!caller->uicc->api.sessions[i].open) {
            *handle = i;
            return &caller->uicc->api.sessions[i];
        }
    }
    return NULL;
}

void api_session_open(struct api_session *session, const struct api_caller *caller, const struct application_key *key,
                      const struct api_origin *origin, struct octets label)
{
    session->open = true;
    session->channel = caller->channel;
    session->under_way = 0;
    session->messages = 0;
    session->key = *key;
    session->origin = *origin;
    session->label_length = (uint8_t)label.length;
    if (label.length > 0) {
        memcpy(session->label, label.data, label.length);
    }
}

void api_session_end(struct api_session *session)
{
    secret_wipe(session, sizeof *session);
}

void api_session_end_operation(struct api_session *session)
{
    session->under_way = 0;
    secret_wipe(&session->aead, sizeof *session - offsetof(struct api_session, aead));
}

void api_session_end_channel(struct uicc *uicc, size_t channel)
{
    for (size_t i = 0; i < API_SESSIONS; i++) {
        if (uicc->api.sessions[i].open && uicc->api.sessions[i].channel == channel) {
            api_session_end(&uicc->api.sessions[i]);
        }
    }
}

/* Card to card works when the key, or the one it comes from, is persisted. */
static bool goes(const struct api_session *session, enum key_direction direction)
{
    return session->key.direction == direction ||
           (session->key.direction == KEY_DIRECTION_CARD_TO_CARD && session->origin.record != API_NO_RECORD);
}

bool api_session_makes(const struct api_session *session)
{
    return goes(session, KEY_DIRECTION_CARD_TO_NAF);
}

bool api_session_reads(const struct api_session *session)
{
    return goes(session, KEY_DIRECTION_NAF_TO_CARD);
}

enum gbau_status api_session_count_message(struct api_session *session)
{
    if (session->messages == UINT32_MAX) {
        return GBAU_E_LIMIT;
    }
    session->messages++;
    return GBAU_OK;
}

struct sw_of_status {
    enum gbau_status status;
    enum status_word sw;
};

enum status_word api_sw_of(enum gbau_status status)
{
    static const struct sw_of_status meanings[] = {
        {GBAU_E_ARGUMENT, SW_CONDITIONS},
        {GBAU_E_ACCESS, SW_CONDITIONS},
        {GBAU_E_MALFORMED, SW_WRONG_DATA},
        {GBAU_E_UNSUPPORTED, SW_FUNCTION_NOT_SUPPORTED},
        {GBAU_E_NOT_FOUND, SW_DATA_NOT_FOUND},
        {GBAU_E_AUTHENTICATION, SW_AUTHENTICATION_MAC},
        {GBAU_E_LIMIT, SW_BLOCKED},
    };
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (meanings[i].status == status) {
            return meanings[i].sw;
        }
    }
    return sw_of_status(status);
}

/* OPEN */

static struct api_origin origin_of(const struct api_caller *caller, const uint8_t naf_id[SHA256_SIZE],
                                   struct octets b_tid, uint32_t limited_by)
{
    struct api_origin origin = {
        .caller_length = (uint8_t)caller->aid.length, .record = API_NO_RECORD, .limited_by = limited_by};
    memcpy(origin.caller, caller->aid.data, caller->aid.length);
    memcpy(origin.naf_id, naf_id, SHA256_SIZE);
    if (b_tid.length > 0 && b_tid.length <= API_B_TID_MAX) {
        origin.b_tid_length = (uint8_t)b_tid.length;
        memcpy(origin.b_tid, b_tid.data, b_tid.length);
    }
    return origin;
}

/* Clause 13: existence of the key, what is possible, policy, free handle; then the key. */
static enum status_word open_from_root(const struct api_caller *caller, const uint8_t naf_id[SHA256_SIZE],
                                       const struct card_application *usim, const struct ks_int_naf *root,
                                       uint8_t record, const struct application_key_description *description,
                                       uint8_t *handle)
{
    struct application_key key;
    const struct api_rules rules = api_rules_find(caller->uicc, naf_id);
    enum status_word sw = api_rules_check(&rules, caller->aid, description);
    if (sw != SW_OK) {
        return sw;
    }
    struct api_session *session = api_session_claim(caller, handle);
    if (session == NULL) {
        return SW_NO_MEMORY;
    }
    enum gbau_status status = application_key_derive(caller->uicc->crypto, root, description, &key);
    if (status == GBAU_OK) {
        status = gba_touch_key(caller->uicc, usim, record);
    }
    if (status == GBAU_OK) {
        const bool is_limited = rules.policy.operations != KEY_OPERATIONS_UNLIMITED;
        const struct api_origin origin = origin_of(caller, naf_id, gba_b_tid_of_record(caller->uicc, usim, record),
                                                   is_limited ? rules.policy.version : 0);
        api_session_open(session, caller, &key, &origin, description->label);
    }
    application_key_clear(&key);
    return sw_of_status(status);
}

enum status_word api_open_derived(const struct api_caller *caller, struct octets naf_id,
                                  const struct application_key_description *description, uint8_t *handle)
{
    struct card_application usim;
    uint8_t hash[SHA256_SIZE];
    struct ks_int_naf root;
    uint8_t record = 0;
    struct application_key_description own = *description;
    own.caller = caller->aid;
    enum status_word sw = api_access_check(caller, naf_id);
    if (sw != SW_OK) {
        return sw;
    }
    enum gbau_status status = api_access_hash(caller->uicc, naf_id, hash);
    if (status == GBAU_OK) {
        status = api_access_find_usim(caller->uicc, &usim) ? gba_read_key(caller->uicc, &usim, hash, &root, &record)
                                                           : GBAU_E_NOT_FOUND;
    }
    if (status != GBAU_OK) {
        return api_sw_of(status);
    }
    sw = open_from_root(caller, hash, &usim, &root, record, &own, handle);
    secret_wipe(&root, sizeof root);
    return sw;
}

enum status_word api_open_hash(const struct api_caller *caller, unsigned algorithm, uint8_t *handle)
{
    static const uint8_t no_naf[SHA256_SIZE];
    if (!key_usage_is_possible(KEY_USAGE_HASH, KEY_DIRECTION_NONE, algorithm)) {
        return SW_FUNCTION_NOT_SUPPORTED;
    }
    struct api_session *session = api_session_claim(caller, handle);
    if (session == NULL) {
        return SW_NO_MEMORY;
    }
    const struct application_key no_key = {.usage = KEY_USAGE_HASH, .algorithm = (enum key_algorithm)algorithm};
    const struct api_origin origin = origin_of(caller, no_naf, (struct octets){0}, 0);
    api_session_open(session, caller, &no_key, &origin, (struct octets){0});
    return SW_OK;
}

enum status_word api_close(const struct api_caller *caller, uint8_t handle)
{
    struct api_session *session = api_session_find(caller, handle);
    if (session == NULL) {
        return SW_DATA_NOT_FOUND;
    }
    api_session_end(session);
    return SW_OK;
}
