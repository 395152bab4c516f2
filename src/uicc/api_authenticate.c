/* api_authenticate.c: mutual authentication of card and NAF, the card's end, in both roles (docs/gba_u-api.md 9). */
#include "uicc/api_rules.h"
#include "uicc/api_session.h"

/* What both ends must agree on: the version of the policy in force, and the B-TID of the NAF key. */
static struct key_authentication_binding binding_of(const struct uicc *uicc, const struct api_session *session)
{
    return (struct key_authentication_binding){
        .policy_version = api_rules_find(uicc, session->origin.naf_id).policy.version,
        .b_tid = api_session_b_tid(session),
    };
}

static enum status_word find_key(const struct api_caller *caller, uint8_t handle, struct api_session **session)
{
    *session = api_session_find(caller, handle);
    if (*session == NULL) {
        return SW_DATA_NOT_FOUND;
    }
    return (*session)->key.usage == KEY_USAGE_AUTHENTICATE ? SW_OK : SW_CONDITIONS;
}

/* A first message ends what was under way, and is an operation. */
static enum status_word start(const struct api_caller *caller, uint8_t handle, struct api_session **session)
{
    const enum status_word sw = find_key(caller, handle, session);
    if (sw != SW_OK) {
        return sw;
    }
    api_session_end_operation(*session);
    return api_rules_pay(caller->uicc, *session);
}

/* A last message needs a run under way, and a free handle for the session key: without one the run goes on. */
static enum status_word finish(const struct api_caller *caller, uint8_t handle, uint8_t role,
                               struct api_session **session, struct api_session **claimed, uint8_t *session_handle)
{
    const enum status_word sw = find_key(caller, handle, session);
    if (sw != SW_OK) {
        return sw;
    }
    if ((*session)->under_way != API_AUTHENTICATION || (*session)->authentication.role != role) {
        return SW_CONDITIONS;
    }
    *claimed = api_session_claim(caller, session_handle);
    return *claimed == NULL ? SW_NO_MEMORY : SW_OK;
}

static enum status_word open_session_key(const struct api_caller *caller, enum gbau_status status,
                                         struct api_session *session, struct api_session *claimed,
                                         struct application_key *session_key)
{
    api_session_end_operation(session);
    if (status == GBAU_OK) {
        api_session_open(claimed, caller, session_key, &session->origin, api_session_label(session));
    }
    application_key_clear(session_key);
    return api_sw_of(status);
}

enum status_word api_authenticate_begin(const struct api_caller *caller, uint8_t handle,
                                        uint8_t initiator_nonce[KEY_AUTHENTICATION_NONCE_SIZE])
{
    struct api_session *session;
    const enum status_word sw = start(caller, handle, &session);
    if (sw != SW_OK) {
        return sw;
    }
    session->under_way = API_AUTHENTICATION;
    return api_sw_of(
        key_authentication_begin(&session->authentication, caller->uicc->crypto, &session->key, initiator_nonce));
}

enum status_word api_authenticate_answer(const struct api_caller *caller, uint8_t handle, struct octets initiator_nonce,
                                         uint8_t responder_nonce[KEY_AUTHENTICATION_NONCE_SIZE],
                                         struct api_authenticator *mac, uint32_t *policy_version)
{
    struct api_session *session;
    if (initiator_nonce.length != KEY_AUTHENTICATION_NONCE_SIZE) {
        return SW_WRONG_DATA;
    }
    const enum status_word sw = start(caller, handle, &session);
    if (sw != SW_OK) {
        return sw;
    }
    const struct key_authentication_binding binding = binding_of(caller->uicc, session);
    session->under_way = API_AUTHENTICATION;
    mac->length = application_key_tag_size(&session->key);
    *policy_version = binding.policy_version;
    return api_sw_of(key_authentication_answer(&session->authentication, caller->uicc->crypto, &session->key, &binding,
                                               initiator_nonce.data, responder_nonce, mac->octets));
}

enum status_word api_authenticate_finish(const struct api_caller *caller, uint8_t handle, struct octets responder_nonce,
                                         struct octets responder_mac, struct api_authenticator *mac,
                                         uint8_t *session_handle)
{
    struct api_session *session;
    struct api_session *claimed;
    struct application_key key;
    if (responder_nonce.length != KEY_AUTHENTICATION_NONCE_SIZE) {
        return SW_WRONG_DATA;
    }
    const enum status_word sw =
        finish(caller, handle, KEY_AUTHENTICATION_INITIATOR, &session, &claimed, session_handle);
    if (sw != SW_OK) {
        return sw;
    }
    const struct key_authentication_binding binding = binding_of(caller->uicc, session);
    mac->length = application_key_tag_size(&session->key);
    const enum gbau_status status =
        key_authentication_finish(&session->authentication, caller->uicc->crypto, &session->key, &binding,
                                  responder_nonce.data, responder_mac, mac->octets, &key);
    return open_session_key(caller, status, session, claimed, &key);
}

enum status_word api_authenticate_confirm(const struct api_caller *caller, uint8_t handle, struct octets initiator_mac,
                                          uint8_t *session_handle)
{
    struct api_session *session;
    struct api_session *claimed;
    struct application_key key;
    const enum status_word sw =
        finish(caller, handle, KEY_AUTHENTICATION_RESPONDER, &session, &claimed, session_handle);
    if (sw != SW_OK) {
        return sw;
    }
    const struct key_authentication_binding binding = binding_of(caller->uicc, session);
    const enum gbau_status status = key_authentication_confirm(&session->authentication, caller->uicc->crypto,
                                                               &session->key, &binding, initiator_mac, &key);
    return open_session_key(caller, status, session, claimed, &key);
}
