/* applet.c: applets: found by AID, run on their channels, and the C face of the GBA_U API that they call. */
#include "uicc/applet.h"

#include <string.h>

#include "base/secret.h"
#include "key/key_policy.h"
#include "uicc/api.h"

struct gbau_api {
    struct api_caller caller;
};

/* Finding */

static struct octets aid_of(const struct gbau_applet *applet)
{
    return octets_of(applet->aid, applet->aid_length);
}

uint8_t applet_find(const struct uicc *uicc, struct octets name)
{
    for (size_t i = 0; i < uicc->applet_count; i++) {
        const struct octets aid = aid_of(&uicc->applets[i]);
        if (name.length <= aid.length && octets_equal(octets_of(aid.data, name.length), name)) {
            return (uint8_t)(i + 1);
        }
    }
    return 0;
}

struct card_application applet_application(const struct uicc *uicc, uint8_t number)
{
    const struct octets aid = aid_of(&uicc->applets[number - 1]);
    struct card_application application = {
        .kind = APPLICATION_APPLET, .aid_length = (uint8_t)aid.length, .adf = CARD_NO_INDEX};
    memcpy(application.aid, aid.data, aid.length);
    return application;
}

static bool is_taken(const struct uicc *uicc, size_t number, struct octets aid)
{
    for (size_t i = 0; i < number; i++) {
        if (octets_equal(aid_of(&uicc->applets[i]), aid)) {
            return true;
        }
    }
    for (uint8_t i = 0; i < uicc->layout.application_count; i++) {
        const struct card_application application = card_layout_application(&uicc->layout, i);
        if (octets_equal(octets_of(application.aid, application.aid_length), aid)) {
            return true;
        }
    }
    return octets_equal(aid, uicc_api_aid);
}

enum gbau_status applet_check(const struct uicc *uicc)
{
    if (uicc->applet_count > GBAU_UICC_APPLETS_MAX) {
        return GBAU_E_ARGUMENT;
    }
    for (size_t i = 0; i < uicc->applet_count; i++) {
        const struct gbau_applet *applet = &uicc->applets[i];
        if (applet->process == NULL || applet->aid_length < 5 || applet->aid_length > CARD_AID_MAX ||
            is_taken(uicc, i, aid_of(applet))) {
            return GBAU_E_ARGUMENT;
        }
    }
    return GBAU_OK;
}

/* Running */

enum status_word command_applet(struct uicc *uicc, const struct uicc_command *command, struct octet_writer *response)
{
    const struct gbau_applet *applet = &uicc->applets[command->channel->applet - 1];
    struct gbau_api api = {.caller = {.uicc = uicc, .aid = aid_of(applet), .channel = command->channel_number}};
    const struct gbau_applet_command given = {.ins = command->ins,
                                              .p1 = command->p1,
                                              .p2 = command->p2,
                                              .data = command->data.data,
                                              .length = command->data.length};
    struct gbau_applet_response answer = {.data = response->data, .capacity = response->capacity};
    const uint16_t sw = applet->process(applet->context, &api, &given, &answer);
    response->length = answer.length <= response->capacity ? answer.length : 0;
    response->failed = answer.length > response->capacity;
    return (enum status_word)sw;
}

/* The API for applets: the same functions as its own applet calls. Lengths are checked here, as api_objects.c does. */

static bool is_in(size_t length, size_t minimum, size_t maximum)
{
    return length >= minimum && length <= maximum;
}

static bool names_naf(const struct gbau_api_request *request)
{
    return is_in(request->naf_id_length, 6, UINT8_MAX);
}

static bool has_label(const struct gbau_api_request *request)
{
    return is_in(request->label_length, 1, APPLICATION_LABEL_MAX);
}

static bool describes_key(const struct gbau_api_request *request)
{
    return has_label(request) && request->context_length <= APPLICATION_CONTEXT_MAX;
}

static struct application_key_description description_of(const struct gbau_api_request *request)
{
    return (struct application_key_description){
        .usage = (enum key_usage)request->usage,
        .direction = (enum key_direction)request->direction,
        .algorithm = (enum key_algorithm)request->algorithm,
        .label = octets_of(request->label, request->label_length),
        .context = octets_of(request->context, request->context_length),
    };
}

static struct octets naf_id_of(const struct gbau_api_request *request)
{
    return octets_of(request->naf_id, request->naf_id_length);
}

uint16_t gbau_api_open(struct gbau_api *api, const struct gbau_api_request *request, uint8_t *handle)
{
    if (request->usage == KEY_USAGE_HASH) {
        return (uint16_t)api_open_hash(&api->caller, request->algorithm, handle);
    }
    if (!names_naf(request) || !describes_key(request)) {
        return SW_WRONG_DATA;
    }
    const struct application_key_description description = description_of(request);
    return (uint16_t)api_open_derived(&api->caller, naf_id_of(request), &description, handle);
}

uint16_t gbau_api_derive(struct gbau_api *api, uint8_t parent, const struct gbau_api_request *request, uint8_t *handle)
{
    if (!describes_key(request)) {
        return SW_WRONG_DATA;
    }
    const struct application_key_description description = description_of(request);
    return (uint16_t)api_derive(&api->caller, parent, &description, handle);
}

uint16_t gbau_api_close(struct gbau_api *api, uint8_t handle)
{
    return (uint16_t)api_close(&api->caller, handle);
}

uint16_t gbau_api_persist(struct gbau_api *api, uint8_t handle, uint32_t operations)
{
    return (uint16_t)api_persist(&api->caller, handle, operations);
}

uint16_t gbau_api_open_persisted(struct gbau_api *api, const struct gbau_api_request *name, uint8_t *handle)
{
    if (!names_naf(name) || !has_label(name)) {
        return SW_WRONG_DATA;
    }
    return (uint16_t)api_open_persisted(&api->caller, naf_id_of(name), octets_of(name->label, name->label_length),
                                        handle);
}

uint16_t gbau_api_delete_persisted(struct gbau_api *api, const struct gbau_api_request *name)
{
    if (!names_naf(name) || !has_label(name)) {
        return SW_WRONG_DATA;
    }
    return (uint16_t)api_delete_persisted(&api->caller, naf_id_of(name), octets_of(name->label, name->label_length));
}

static struct octets object_of(const uint8_t *data, size_t length)
{
    return octets_of(data, data == NULL ? 0 : length);
}

static struct api_block block_of(const struct gbau_api_block *block)
{
    return (struct api_block){
        .operation = (enum api_operation)block->operation,
        .is_first = block->is_first,
        .is_last = block->is_last,
        .additional_data = object_of(block->additional_data, block->additional_length),
        .text = object_of(block->text, block->text_length),
        .nonce = object_of(block->nonce, block->nonce_length),
        .lengths = object_of(block->lengths, 8),
        .authenticator = object_of(block->authenticator, block->authenticator_length),
    };
}

static void give_output(struct gbau_api_output *given, const struct api_block_output *output)
{
    given->nonce_length = output->nonce_length;
    given->text_length = output->text.length;
    given->authenticator_length = output->authenticator_length;
    memcpy(given->nonce, output->nonce, output->nonce_length);
    memcpy(given->authenticator, output->authenticator, output->authenticator_length);
}

uint16_t gbau_api_process(struct gbau_api *api, uint8_t handle, const struct gbau_api_block *block,
                          struct gbau_api_output *output)
{
    struct api_block_output made = {.text = octet_writer_of(output->text, sizeof output->text)};
    const struct api_block given = block_of(block);
    if (!is_in(block->operation, API_ENCRYPT, API_HASH) || given.text.length > API_PIECE_MAX ||
        given.additional_data.length > API_PIECE_MAX) {
        return SW_WRONG_DATA;
    }
    const enum status_word sw = api_process(&api->caller, handle, &given, &made);
    give_output(output, &made);
    secret_wipe(&made, sizeof made);
    return (uint16_t)sw;
}

/* Mutual authentication */

_Static_assert((int)GBAU_API_NONCE_SIZE == (int)KEY_AUTHENTICATION_NONCE_SIZE, "the public header says another length");
_Static_assert((int)GBAU_API_MAC_MAX == (int)MAC_MAX_SIZE, "the public header says another length");
_Static_assert((int)GBAU_API_WRAPPED_MAX == (int)API_WRAPPED_KEY_MAX, "the public header says another length");
_Static_assert((int)GBAU_API_KEY_SIZE == (int)APPLICATION_KEY_SIZE, "the public header says another length");

static struct octets octets_of_mac(const struct gbau_api_mac *mac)
{
    return octets_of(mac->octets, mac->length <= sizeof mac->octets ? mac->length : 0);
}

static void give_mac(struct gbau_api_mac *given, const struct api_authenticator *made)
{
    memcpy(given->octets, made->octets, sizeof given->octets);
    given->length = made->length;
}

uint16_t gbau_api_authenticate_begin(struct gbau_api *api, uint8_t handle, uint8_t initiator_nonce[GBAU_API_NONCE_SIZE])
{
    return (uint16_t)api_authenticate_begin(&api->caller, handle, initiator_nonce);
}

uint16_t gbau_api_authenticate_finish(struct gbau_api *api, uint8_t handle,
                                      const uint8_t responder_nonce[GBAU_API_NONCE_SIZE],
                                      const struct gbau_api_mac *responder_mac, struct gbau_api_mac *mac,
                                      uint8_t *session_handle)
{
    struct api_authenticator made = {.length = 0};
    const enum status_word sw =
        api_authenticate_finish(&api->caller, handle, octets_of(responder_nonce, GBAU_API_NONCE_SIZE),
                                octets_of_mac(responder_mac), &made, session_handle);
    give_mac(mac, &made);
    return (uint16_t)sw;
}

uint16_t gbau_api_authenticate_answer(struct gbau_api *api, uint8_t handle,
                                      const uint8_t initiator_nonce[GBAU_API_NONCE_SIZE],
                                      uint8_t responder_nonce[GBAU_API_NONCE_SIZE], struct gbau_api_mac *mac,
                                      uint32_t *policy_version)
{
    struct api_authenticator made = {.length = 0};
    const enum status_word sw =
        api_authenticate_answer(&api->caller, handle, octets_of(initiator_nonce, GBAU_API_NONCE_SIZE), responder_nonce,
                                &made, policy_version);
    give_mac(mac, &made);
    return (uint16_t)sw;
}

uint16_t gbau_api_authenticate_confirm(struct gbau_api *api, uint8_t handle, const struct gbau_api_mac *initiator_mac,
                                       uint8_t *session_handle)
{
    return (uint16_t)api_authenticate_confirm(&api->caller, handle, octets_of_mac(initiator_mac), session_handle);
}

/* Keys that move, and lists */

static void give_view(struct gbau_api_key *given, const struct api_key_view *view)
{
    *given = (struct gbau_api_key){
        .naf_id = view->naf_id.data,
        .naf_id_length = view->naf_id.length,
        .b_tid = view->b_tid.data,
        .b_tid_length = view->b_tid.length,
        .label = view->label.data,
        .label_length = view->label.length,
        .usage = (uint8_t)view->usage,
        .direction = (uint8_t)view->direction,
        .algorithm = (uint8_t)view->algorithm,
        .policy_version = view->policy_version,
        .operations = view->operations,
    };
}

uint16_t gbau_api_export(struct gbau_api *api, uint8_t handle, uint8_t key[GBAU_API_KEY_SIZE])
{
    return (uint16_t)api_export(&api->caller, handle, key);
}

uint16_t gbau_api_wrap(struct gbau_api *api, uint8_t handle, uint8_t other, struct gbau_api_wrapped *wrapped)
{
    struct api_wrapped_key made = {.length = 0};
    const enum status_word sw = api_wrap(&api->caller, handle, other, &made);
    memcpy(wrapped->nonce, made.nonce, sizeof wrapped->nonce);
    memcpy(wrapped->ciphertext, made.ciphertext, sizeof wrapped->ciphertext);
    memcpy(wrapped->tag, made.tag, sizeof wrapped->tag);
    wrapped->length = made.length;
    return (uint16_t)sw;
}

uint16_t gbau_api_unwrap(struct gbau_api *api, uint8_t handle, const struct gbau_api_wrapped *wrapped,
                         uint8_t *unwrapped, struct gbau_api_key *key)
{
    struct api_key_view view = {0};
    if (wrapped->length > sizeof wrapped->ciphertext) {
        return SW_WRONG_DATA;
    }
    const enum status_word sw =
        api_unwrap(&api->caller, handle, octets_of(wrapped->nonce, sizeof wrapped->nonce),
                   octets_of(wrapped->ciphertext, wrapped->length), octets_of(wrapped->tag, sizeof wrapped->tag),
                   unwrapped, &view);
    give_view(key, &view);
    return (uint16_t)sw;
}

uint16_t gbau_api_list(struct gbau_api *api, bool persisted, uint8_t index, struct gbau_api_key *key)
{
    struct api_key_view view = {0};
    const enum status_word sw = persisted ? api_list_persisted_keys(&api->caller, index, &view)
                                          : api_list_naf_keys(&api->caller, index, &view);
    give_view(key, &view);
    return (uint16_t)sw;
}

uint16_t gbau_api_counter(struct gbau_api *api, uint64_t *counter)
{
    return (uint16_t)api_counter(&api->caller, counter);
}

uint16_t gbau_api_apply(struct gbau_api *api, const uint8_t *naf_id, size_t naf_id_length, const uint8_t *object,
                        size_t object_length, const uint8_t *mac)
{
    return (uint16_t)api_apply(&api->caller, octets_of(naf_id, naf_id_length), octets_of(object, object_length),
                               octets_of(mac, KEY_POLICY_MAC_SIZE));
}

uint16_t gbau_api_random(struct gbau_api *api, uint8_t *out, size_t length)
{
    return (uint16_t)sw_of_status(crypto_random(api->caller.uicc->crypto, out, length));
}
