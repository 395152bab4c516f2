/* api_apply.c: what the NAF rules: policies and revocations, whole or not at all; and the list of NAF keys. */
#include <string.h>

#include "base/secret.h"
#include "codec/ber_tlv.h"
#include "uicc/api_access.h"
#include "uicc/api_persist.h"
#include "uicc/api_rules.h"
#include "uicc/api_session.h"
#include "uicc/gba.h"
#include "uicc/gba_state.h"

/* A policy or a revocation, read. */
struct ruling {
    bool is_policy;
    uint32_t version;
    struct key_policy policy;
    struct key_revocation revocation;
};

static enum gbau_status read_ruling(struct octets object, struct ruling *ruling)
{
    struct octet_reader reader = octet_reader_of(object);
    struct ber_tlv tlv = {0};
    if (!ber_tlv_next(&reader, &tlv) || octet_reader_end(&reader) != GBAU_OK) {
        return GBAU_E_MALFORMED;
    }
    ruling->is_policy = tlv.tag == KEY_POLICY_TAG;
    const enum gbau_status status = ruling->is_policy ? key_policy_read(tlv.value, &ruling->policy)
                                                      : key_revocation_read(tlv.value, &ruling->revocation);
    ruling->version = ruling->is_policy ? ruling->policy.version : ruling->revocation.version;
    return status;
}

/* Policy */

/* A limit binds persisted keys too, beyond the life of the rules. */
static enum gbau_status take_policy(struct uicc *uicc, struct api_rules *rules, const uint8_t naf_id[SHA256_SIZE],
                                    const struct key_policy *policy)
{
    const struct octets any_label = {0};
    uint8_t record = API_NO_RECORD;
    rules->newest = policy->version;
    rules->policy = *policy;
    nvm_begin(&uicc->nvm);
    api_rules_change(uicc, rules);
    while (policy->operations != KEY_OPERATIONS_UNLIMITED &&
           (record = api_persist_next_of_naf(uicc, record, naf_id, any_label)) != API_NO_RECORD) {
        api_persist_change_limited(uicc, record);
    }
    return nvm_commit(&uicc->nvm);
}

/* A limit holds for open keys too. */
static void bind_sessions(struct uicc *uicc, const struct api_rules *rules, const uint8_t naf_id[SHA256_SIZE])
{
    uicc->api.naf_key_operations[rules->index] = 0;
    for (size_t i = 0; i < API_SESSIONS; i++) {
        struct api_session *session = &uicc->api.sessions[i];
        if (session->open && memcmp(session->origin.naf_id, naf_id, SHA256_SIZE) == 0) {
            const bool is_limited = rules->policy.operations != KEY_OPERATIONS_UNLIMITED;
            session->origin.limited_by = is_limited ? rules->policy.version : 0;
        }
    }
}

/* Revocation */

static bool revokes(const struct key_revocation *revocation, uint8_t scope)
{
    return (revocation->scope & scope) != 0;
}

/* `ended` becomes the set of persisted keys that end, bit i for record i. */
static enum gbau_status write_revocation(struct uicc *uicc, struct api_rules *rules, const uint8_t naf_id[SHA256_SIZE],
                                         const struct key_revocation *revocation, unsigned *ended)
{
    struct card_application usim;
    enum gbau_status status = GBAU_OK;
    uint8_t record = API_NO_RECORD;
    rules->newest = revocation->version;
    *ended = 0;
    nvm_begin(&uicc->nvm);
    api_rules_change(uicc, rules);
    if (revokes(revocation, KEY_REVOCATION_NAF_KEY) && api_access_find_usim(uicc, &usim)) {
        status = gba_change_revoked(uicc, &usim, rules->index);
    }
    while (revokes(revocation, KEY_REVOCATION_PERSISTED_KEYS) &&
           (record = api_persist_next_of_naf(uicc, record, naf_id, revocation->label)) != API_NO_RECORD) {
        api_persist_change_end(uicc, record);
        *ended |= 1U << record;
    }
    return status == GBAU_OK ? nvm_commit(&uicc->nvm) : status;
}

/* Keys that come from the NAF key go with it, keys that come from a persisted one with that. */
static void end_revoked_sessions(struct uicc *uicc, const uint8_t naf_id[SHA256_SIZE],
                                 const struct key_revocation *revocation, unsigned ended)
{
    for (size_t i = 0; i < API_SESSIONS; i++) {
        struct api_session *session = &uicc->api.sessions[i];
        const uint8_t record = session->origin.record;
        const bool is_naf_key_gone = record == API_NO_RECORD && revokes(revocation, KEY_REVOCATION_NAF_KEY) &&
                                     memcmp(session->origin.naf_id, naf_id, SHA256_SIZE) == 0;
        const bool is_record_gone = record < CARD_MAX_PERSISTED_KEYS && (ended & 1U << record) != 0;
        if (session->open && (is_naf_key_gone || is_record_gone)) {
            api_session_end(session);
        }
    }
    for (uint8_t record = 0; record < CARD_MAX_PERSISTED_KEYS; record++) {
        if ((ended & 1U << record) != 0) {
            api_persist_ended(uicc, record);
        }
    }
}

/* APPLY */

static enum gbau_status take_ruling(struct uicc *uicc, struct api_rules *rules, const uint8_t naf_id[SHA256_SIZE],
                                    const struct ruling *ruling)
{
    unsigned ended = 0;
    if (ruling->is_policy) {
        const enum gbau_status status = take_policy(uicc, rules, naf_id, &ruling->policy);
        if (status == GBAU_OK) {
            bind_sessions(uicc, rules, naf_id);
        }
        return status;
    }
    const enum gbau_status status = write_revocation(uicc, rules, naf_id, &ruling->revocation, &ended);
    if (status == GBAU_OK) {
        end_revoked_sessions(uicc, naf_id, &ruling->revocation, ended);
    }
    return status;
}

static enum gbau_status verify(struct uicc *uicc, const uint8_t naf_id[SHA256_SIZE], struct octets object,
                               struct octets mac)
{
    struct card_application usim;
    struct ks_int_naf root;
    uint8_t record = 0;
    if (!api_access_find_usim(uicc, &usim)) {
        return GBAU_E_NOT_FOUND;
    }
    enum gbau_status status = gba_read_key(uicc, &usim, naf_id, &root, &record);
    if (status == GBAU_OK) {
        status = key_policy_verify(uicc->crypto, &root, object, mac);
    }
    secret_wipe(&root, sizeof root);
    return status;
}

enum status_word api_apply(const struct api_caller *caller, struct octets naf_id, struct octets object,
                           struct octets mac)
{
    struct uicc *uicc = caller->uicc;
    struct ruling ruling;
    uint8_t hash[SHA256_SIZE];
    if (read_ruling(object, &ruling) != GBAU_OK) {
        return SW_WRONG_DATA;
    }
    const enum status_word sw = api_access_check(caller, naf_id);
    if (sw != SW_OK) {
        return sw;
    }
    enum gbau_status status = api_access_hash(uicc, naf_id, hash);
    if (status == GBAU_OK) {
        status = verify(uicc, hash, object, mac);
    }
    if (status != GBAU_OK) {
        return api_sw_of(status);
    }
    struct api_rules rules = api_rules_find(uicc, hash);
    if (ruling.version <= rules.newest) {
        return SW_NOT_NEWER;
    }
    return sw_of_status(take_ruling(uicc, &rules, hash, &ruling));
}

/* LIST */

static void view_entry(const struct uicc *uicc, const struct card_application *usim, uint8_t index,
                       struct api_key_view *view)
{
    const struct api_rules rules = api_rules_find(uicc, gba_entry(uicc, usim, index) + GBA_ENTRY_NAF_ID);
    view->b_tid = gba_b_tid_of_record(uicc, usim, (uint8_t)(index + 1));
    view->policy_version = rules.policy.version;
    view->operations = api_rules_left(uicc, &rules);
}

enum status_word api_list_naf_keys(const struct api_caller *caller, uint8_t index, struct api_key_view *view)
{
    struct card_application usim;
    const enum status_word sw = api_access_check_pin(caller);
    if (sw != SW_OK || !api_access_find_usim(caller->uicc, &usim)) {
        return SW_SECURITY_STATUS;
    }
    for (uint8_t i = 0; i < usim.naf_key_count; i++) {
        const uint8_t *entry = gba_entry(caller->uicc, &usim, i);
        if (entry[GBA_ENTRY_USED] != GBA_ENTRY_HAS_KEY) {
            continue;
        }
        view->naf_id = api_access_find_naf_id(caller->uicc, caller->aid, entry + GBA_ENTRY_NAF_ID);
        if (view->naf_id.length > 0 && index-- == 0) {
            view_entry(caller->uicc, &usim, i, view);
            return SW_OK;
        }
    }
    return SW_RECORD_NOT_FOUND;
}
