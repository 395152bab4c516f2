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
