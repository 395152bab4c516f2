/*
 * api_applet.c: the GBA_U API's own applet: commands in, the card's API called on behalf of everyone outside, responses
 * out (docs/gba_u-api.md 8). Clause 13 says in which order things are checked: class and INS were, before a command
 * comes here; then P1 P2, then the coding of data; the rest is the API's.
 */
#include <string.h>

#include "base/secret.h"
#include "codec/ber_tlv.h"
#include "key/key_policy.h"
#include "uicc/api.h"
#include "uicc/api_objects.h"
#include "uicc/api_session.h"

static struct api_caller caller_of(struct uicc *uicc, const struct uicc_command *command)
{
    return (struct api_caller){.uicc = uicc, .aid = uicc_api_aid, .channel = command->channel_number};
}

static void write_octet(struct octet_writer *writer, enum api_tag tag, uint8_t value)
{
    ber_tlv_write(writer, tag, octets_of(&value, 1));
}

static void write_u32(struct octet_writer *writer, enum api_tag tag, uint32_t value)
{
    ber_tlv_write_head(writer, tag, 4);
    octet_writer_u32(writer, value);
}

static bool has_p1_p2(const struct uicc_command *command, uint8_t p1, uint8_t p2)
{
    return command->p1 == p1 && command->p2 == p2;
}

/* P1 P2, then data: what a command with fixed P1 P2 and no choice checks first. */
static enum status_word check_command(const struct uicc_command *command, bool p1_p2_are_right, unsigned needed,
                                      unsigned optional, struct api_objects *objects)
{
    if (!p1_p2_are_right) {
        return SW_WRONG_P1_P2;
    }
    return api_objects_read(command->data, needed, optional, objects) == GBAU_OK ? SW_OK : SW_WRONG_DATA;
}

static struct application_key_description description_of(const struct api_objects *objects)
{
    return (struct application_key_description){
        .usage = (enum key_usage)api_objects_octet(objects, API_TAG_USAGE, KEY_USAGE_ENCRYPT),
        .direction = (enum key_direction)api_objects_octet(objects, API_TAG_DIRECTION, 0),
        .algorithm = (enum key_algorithm)api_objects_octet(objects, API_TAG_ALGORITHM, 0),
        .label = api_objects_get(objects, API_TAG_LABEL),
        .context = api_objects_get(objects, API_TAG_CONTEXT),
    };
}

/* CAPABILITIES, LIST, COUNTER */

enum status_word command_api_capabilities(struct uicc *uicc, const struct uicc_command *command,
                                          struct octet_writer *response)
{
    static const uint8_t version[] = {API_VERSION_MAJOR, API_VERSION_MINOR};
    struct api_objects none;
    const enum status_word sw = check_command(command, has_p1_p2(command, 0, 0), 0, 0, &none);
    if (sw != SW_OK) {
        return sw;
    }
    ber_tlv_write(response, API_TAG_VERSION, octets_of(version, sizeof version));
    ber_tlv_write_head(response, API_TAG_ALGORITHMS, key_algorithm_count);
    for (size_t i = 0; i < key_algorithm_count; i++) {
        octet_writer_u8(response, (uint8_t)key_algorithms[i].algorithm);
    }
    write_octet(response, API_TAG_HANDLES, API_SESSIONS);
    write_octet(response, API_TAG_PERSISTED_KEYS, uicc->layout.persisted_key_count);
    ber_tlv_write_head(response, API_TAG_PIECE_SIZE, 2);
    octet_writer_u16(response, (uint16_t)uicc->piece_size);
    return SW_OK;
}

static void write_naf_key(struct octet_writer *response, const struct api_key_view *view)
{
    ber_tlv_write(response, API_TAG_NAF_ID, view->naf_id);
    ber_tlv_write(response, API_TAG_B_TID, view->b_tid);
    write_u32(response, API_TAG_POLICY_VERSION, view->policy_version);
    write_u32(response, API_TAG_OPERATIONS, view->operations);
}

static void write_kind_of_key(struct octet_writer *response, const struct api_key_view *view)
{
    ber_tlv_write(response, API_TAG_LABEL, view->label);
    write_octet(response, API_TAG_USAGE, (uint8_t)view->usage);
    write_octet(response, API_TAG_DIRECTION, (uint8_t)view->direction);
    write_octet(response, API_TAG_ALGORITHM, (uint8_t)view->algorithm);
}

static void write_persisted_key(struct octet_writer *response, const struct api_key_view *view)
{
    ber_tlv_write(response, API_TAG_NAF_ID, view->naf_id);
    ber_tlv_write(response, API_TAG_B_TID, view->b_tid);
    write_kind_of_key(response, view);
    write_u32(response, API_TAG_OPERATIONS, view->operations);
}

enum status_word command_api_list(struct uicc *uicc, const struct uicc_command *command, struct octet_writer *response)
{
    const struct api_caller caller = caller_of(uicc, command);
    const bool is_persisted = command->p2 == API_LIST_PERSISTED_KEYS;
    struct api_objects none;
    struct api_key_view view = {0};
    enum status_word sw = check_command(command, command->p2 <= API_LIST_PERSISTED_KEYS, 0, 0, &none);
    if (sw != SW_OK) {
        return sw;
    }
    sw = is_persisted ? api_list_persisted_keys(&caller, command->p1, &view)
                      : api_list_naf_keys(&caller, command->p1, &view);
    if (sw != SW_OK) {
        return sw;
    }
    void (*const write)(struct octet_writer *, const struct api_key_view *) =
        is_persisted ? write_persisted_key : write_naf_key;
    write(response, &view);
    if (response->failed) { /* the names are worth more than a B-TID for which there is no room */
        *response = octet_writer_of(response->data, response->capacity);
        view.b_tid = (struct octets){0};
        write(response, &view);
    }
    return SW_OK;
}

enum status_word command_api_counter(struct uicc *uicc, const struct uicc_command *command,
                                     struct octet_writer *response)
{
    const struct api_caller caller = caller_of(uicc, command);
    struct api_objects none;
    uint64_t counter = 0;
    enum status_word sw = check_command(command, has_p1_p2(command, 0, 0), 0, 0, &none);
    if (sw == SW_OK) {
        sw = api_counter(&caller, &counter);
    }
    ber_tlv_write_head(response, API_TAG_TEXT, API_COUNTER_SIZE);
    octet_writer_u64(response, counter);
    return sw;
}

/* OPEN KEY, DERIVE KEY, CLOSE KEY */

static void write_opened(struct octet_writer *response, const struct api_session *session, uint8_t handle)
{
    write_octet(response, API_TAG_HANDLE, handle);
    if (session->key.usage != KEY_USAGE_HASH) {
        ber_tlv_write(response, API_TAG_B_TID, api_session_b_tid(session));
    }
    if (session->origin.record != API_NO_RECORD) { /* what a persisted key is for, its caller may have forgotten */
        write_octet(response, API_TAG_USAGE, (uint8_t)session->key.usage);
        write_octet(response, API_TAG_DIRECTION, (uint8_t)session->key.direction);
        write_octet(response, API_TAG_ALGORITHM, (uint8_t)session->key.algorithm);
    }
}

enum {
    OBJECTS_OF_KEY = API_OBJECT(API_TAG_DIRECTION) | API_OBJECT(API_TAG_ALGORITHM) | API_OBJECT(API_TAG_LABEL),
    OBJECTS_OF_HASH = API_OBJECT(API_TAG_USAGE) | API_OBJECT(API_TAG_ALGORITHM),
    OBJECTS_OF_NAME = API_OBJECT(API_TAG_NAF_ID) | API_OBJECT(API_TAG_LABEL)
};

static enum status_word open_derived(const struct api_caller *caller, struct octets data, uint8_t *handle)
{
    struct api_objects objects;
    if (api_objects_read(data, OBJECTS_OF_HASH, 0, &objects) == GBAU_OK &&
        api_objects_octet(&objects, API_TAG_USAGE, 0) == KEY_USAGE_HASH) {
        return api_open_hash(caller, api_objects_octet(&objects, API_TAG_ALGORITHM, 0), handle);
    }
    if (api_objects_read(data, API_OBJECT(API_TAG_NAF_ID) | OBJECTS_OF_KEY,
                         API_OBJECT(API_TAG_USAGE) | API_OBJECT(API_TAG_CONTEXT), &objects) != GBAU_OK) {
        return SW_WRONG_DATA;
    }
    const struct application_key_description description = description_of(&objects);
    return api_open_derived(caller, api_objects_get(&objects, API_TAG_NAF_ID), &description, handle);
}

static enum status_word open_persisted(const struct api_caller *caller, struct octets data, uint8_t *handle)
{
    struct api_objects objects;
    if (api_objects_read(data, OBJECTS_OF_NAME, 0, &objects) != GBAU_OK) {
        return SW_WRONG_DATA;
    }
    return api_open_persisted(caller, api_objects_get(&objects, API_TAG_NAF_ID),
                              api_objects_get(&objects, API_TAG_LABEL), handle);
}

enum status_word command_api_open_key(struct uicc *uicc, const struct uicc_command *command,
                                      struct octet_writer *response)
{
    const struct api_caller caller = caller_of(uicc, command);
    uint8_t handle = 0;
    if (command->p1 != 0 || command->p2 > API_OPEN_PERSISTED) {
        return SW_WRONG_P1_P2;
    }
    const enum status_word sw = command->p2 == API_OPEN_DERIVED ? open_derived(&caller, command->data, &handle)
                                                                : open_persisted(&caller, command->data, &handle);
    if (sw == SW_OK) {
        write_opened(response, api_session_find(&caller, handle), handle);
    }
    return sw;
}

enum status_word command_api_derive_key(struct uicc *uicc, const struct uicc_command *command,
                                        struct octet_writer *response)
{
    const struct api_caller caller = caller_of(uicc, command);
    struct api_objects objects;
    uint8_t child = 0;
    enum status_word sw = check_command(command, command->p2 == 0, API_OBJECT(API_TAG_USAGE) | OBJECTS_OF_KEY,
                                        API_OBJECT(API_TAG_CONTEXT), &objects);
    if (sw == SW_OK) {
        const struct application_key_description description = description_of(&objects);
        sw = api_derive(&caller, command->p1, &description, &child);
    }
    write_octet(response, API_TAG_HANDLE, child);
    return sw;
}

enum status_word command_api_close_key(struct uicc *uicc, const struct uicc_command *command,
                                       struct octet_writer *response)
{
    const struct api_caller caller = caller_of(uicc, command);
    struct api_objects none;
    const enum status_word sw = check_command(command, command->p2 == 0, 0, 0, &none);
    (void)response;
    return sw == SW_OK ? api_close(&caller, command->p1) : sw;
}

/* PROCESS */

enum {
    OBJECTS_OF_ENCRYPT = API_OBJECT(API_TAG_ADDITIONAL_DATA) | API_OBJECT(API_TAG_TEXT) | API_OBJECT(API_TAG_LENGTHS),
    OBJECTS_OF_DECRYPT = OBJECTS_OF_ENCRYPT | API_OBJECT(API_TAG_NONCE) | API_OBJECT(API_TAG_AUTHENTICATOR),
};

/* What any block of an operation may have. */
static const unsigned objects_of_operation[] = {
    [API_ENCRYPT] = OBJECTS_OF_ENCRYPT,    [API_DECRYPT] = OBJECTS_OF_DECRYPT,
    [API_MAC] = API_OBJECT(API_TAG_TEXT),  [API_VERIFY] = API_OBJECT(API_TAG_TEXT) | API_OBJECT(API_TAG_AUTHENTICATOR),
    [API_HASH] = API_OBJECT(API_TAG_TEXT),
};

static struct api_block block_of(const struct uicc_command *command, const struct api_objects *objects)
{
    return (struct api_block){
        .operation = (enum api_operation)(command->p2 & API_OPERATION_MASK),
        .is_first = (command->p2 & API_FIRST_BLOCK) != 0,
        .is_last = (command->p2 & API_LAST_BLOCK) != 0,
        .additional_data = api_objects_get(objects, API_TAG_ADDITIONAL_DATA),
        .text = api_objects_get(objects, API_TAG_TEXT),
        .nonce = api_objects_get(objects, API_TAG_NONCE),
        .lengths = api_objects_get(objects, API_TAG_LENGTHS),
        .authenticator = api_objects_get(objects, API_TAG_AUTHENTICATOR),
    };
}

/* Clause 8: a piece of an extended command is as long as capabilities say at most. */
static bool fits_pieces(const struct uicc *uicc, const struct uicc_command *command, const struct api_block *block)
{
    const size_t piece_max = command->is_extended ? uicc->piece_size : API_PIECE_MAX;
    return block->text.length <= piece_max && block->additional_data.length <= piece_max;
}

static size_t size_of_head(size_t length)
{
    return length < 0x80 ? 2 : length <= 0xff ? 3 : 4; /* of an object with a tag of one octet */
}

static bool has_text(const struct api_block *block)
{
    return block->operation == API_ENCRYPT || block->operation == API_DECRYPT;
}

/*
 * Where the text will stand in the response, behind nonce and its own head, unless it is padded or the nonce is longer
 * than nearly all: it is made where it stays, since it may be long.
 */
static size_t expected_text_offset(const struct api_block *block)
{
    const bool has_nonce = block->operation == API_ENCRYPT && block->is_first;
    return (has_nonce ? size_of_head(AEAD_NONCE_SIZE) + AEAD_NONCE_SIZE : 0) + size_of_head(block->text.length);
}

/* The text is moved first: the nonce may be longer than was expected. */
static void write_output(struct octet_writer *response, const struct api_block *block,
                         const struct api_block_output *output)
{
    const struct octets nonce = octets_of(output->nonce, output->nonce_length);
    const struct octets authenticator = octets_of(output->authenticator, output->authenticator_length);
    const size_t text_length = output->text.length;
    const size_t text_offset =
        (nonce.length > 0 ? size_of_head(nonce.length) + nonce.length : 0) + size_of_head(text_length);
    if (has_text(block) && text_length > 0 && text_offset + text_length <= response->capacity) {
        memmove(response->data + text_offset, output->text.data, text_length);
    }
    if (nonce.length > 0) {
        ber_tlv_write(response, API_TAG_NONCE, nonce);
    }
    if (has_text(block)) {
        ber_tlv_write_head(response, API_TAG_TEXT, text_length);
        (void)octet_writer_reserve(response, text_length);
    }
    if (authenticator.length > 0) {
        ber_tlv_write(response, API_TAG_AUTHENTICATOR, authenticator);
    }
}

enum status_word command_api_process(struct uicc *uicc, const struct uicc_command *command,
                                     struct octet_writer *response)
{
    const struct api_caller caller = caller_of(uicc, command);
    const unsigned operation = command->p2 & API_OPERATION_MASK;
    const bool is_known = operation >= API_ENCRYPT && operation <= API_HASH &&
                          (command->p2 & ~(API_OPERATION_MASK | API_FIRST_BLOCK | API_LAST_BLOCK)) == 0;
    struct api_objects objects;
    enum status_word sw = check_command(command, is_known, 0, is_known ? objects_of_operation[operation] : 0, &objects);
    if (sw != SW_OK) {
        return sw;
    }
    const struct api_block block = block_of(command, &objects);
    if (!fits_pieces(uicc, command, &block)) {
        return SW_WRONG_DATA;
    }
    const size_t offset = expected_text_offset(&block);
    struct api_block_output output = {.text = octet_writer_of(response->data + offset, response->capacity - offset)};
    sw = api_process(&caller, command->p1, &block, &output);
    if (sw == SW_OK) {
        write_output(response, &block, &output);
    }
    secret_wipe(&output, sizeof output);
    return sw;
}

/* AUTHENTICATE KEY: one function for each message */

typedef enum status_word message_handler(const struct api_caller *caller, uint8_t handle,
                                         const struct api_objects *objects, struct octet_writer *response);

static enum status_word begin_authentication(const struct api_caller *caller, uint8_t handle,
                                             const struct api_objects *objects, struct octet_writer *response)
{
    uint8_t nonce[KEY_AUTHENTICATION_NONCE_SIZE] = {0};
    (void)objects;
    const enum status_word sw = api_authenticate_begin(caller, handle, nonce);
    ber_tlv_write(response, API_TAG_NONCE, octets_of(nonce, sizeof nonce));
    return sw;
}

static enum status_word answer_authentication(const struct api_caller *caller, uint8_t handle,
                                              const struct api_objects *objects, struct octet_writer *response)
{
    uint8_t nonce[KEY_AUTHENTICATION_NONCE_SIZE] = {0};
    struct api_authenticator mac = {.length = 0};
    uint32_t policy_version = 0;
    const enum status_word sw =
        api_authenticate_answer(caller, handle, api_objects_get(objects, API_TAG_NONCE), nonce, &mac, &policy_version);
    ber_tlv_write(response, API_TAG_NONCE, octets_of(nonce, sizeof nonce));
    ber_tlv_write(response, API_TAG_AUTHENTICATOR, octets_of(mac.octets, mac.length));
    write_u32(response, API_TAG_POLICY_VERSION, policy_version);
    return sw;
}

static enum status_word finish_authentication(const struct api_caller *caller, uint8_t handle,
                                              const struct api_objects *objects, struct octet_writer *response)
{
    struct api_authenticator mac = {.length = 0};
    uint8_t session_handle = 0;
    const enum status_word sw =
        api_authenticate_finish(caller, handle, api_objects_get(objects, API_TAG_NONCE),
                                api_objects_get(objects, API_TAG_AUTHENTICATOR), &mac, &session_handle);
    ber_tlv_write(response, API_TAG_AUTHENTICATOR, octets_of(mac.octets, mac.length));
    write_octet(response, API_TAG_HANDLE, session_handle);
    return sw;
}

static enum status_word confirm_authentication(const struct api_caller *caller, uint8_t handle,
                                               const struct api_objects *objects, struct octet_writer *response)
{
    uint8_t session_handle = 0;
    const enum status_word sw =
        api_authenticate_confirm(caller, handle, api_objects_get(objects, API_TAG_AUTHENTICATOR), &session_handle);
    write_octet(response, API_TAG_HANDLE, session_handle);
    return sw;
}

struct message {
    message_handler *handler; /* NULL: no such P2 */
    unsigned objects;         /* all are needed */
};

/* By P2. */
static const struct message authentication_messages[] = {
    [API_AUTHENTICATE_BEGIN] = {begin_authentication, 0},
    [API_AUTHENTICATE_ANSWER] = {answer_authentication, API_OBJECT(API_TAG_NONCE)},
    [API_AUTHENTICATE_FINISH] = {finish_authentication, API_OBJECT(API_TAG_NONCE) | API_OBJECT(API_TAG_AUTHENTICATOR)},
    [API_AUTHENTICATE_CONFIRM] = {confirm_authentication, API_OBJECT(API_TAG_AUTHENTICATOR)},
};

static enum status_word run_message(struct uicc *uicc, const struct uicc_command *command,
                                    const struct message *messages, size_t count, struct octet_writer *response)
{
    const struct api_caller caller = caller_of(uicc, command);
    const bool is_known = command->p2 < count && messages[command->p2].handler != NULL;
    struct api_objects objects;
    const enum status_word sw =
        check_command(command, is_known, is_known ? messages[command->p2].objects : 0, 0, &objects);
    return sw == SW_OK ? messages[command->p2].handler(&caller, command->p1, &objects, response) : sw;
}

enum status_word command_api_authenticate_key(struct uicc *uicc, const struct uicc_command *command,
                                              struct octet_writer *response)
{
    return run_message(uicc, command, authentication_messages,
                       sizeof authentication_messages / sizeof authentication_messages[0], response);
}

/* TRANSFER KEY */

static enum status_word export_key(const struct api_caller *caller, uint8_t handle, const struct api_objects *objects,
                                   struct octet_writer *response)
{
    uint8_t key[APPLICATION_KEY_SIZE] = {0};
    (void)objects;
    const enum status_word sw = api_export(caller, handle, key);
    ber_tlv_write(response, API_TAG_TEXT, octets_of(key, sizeof key));
    secret_wipe(key, sizeof key);
    return sw;
}

static enum status_word wrap_key(const struct api_caller *caller, uint8_t handle, const struct api_objects *objects,
                                 struct octet_writer *response)
{
    struct api_wrapped_key wrapped = {.length = 0};
    const uint8_t other = api_objects_octet(objects, API_TAG_OTHER_HANDLE, 0);
    const enum status_word sw = api_wrap(caller, handle, other, &wrapped);
    ber_tlv_write(response, API_TAG_NONCE, octets_of(wrapped.nonce, sizeof wrapped.nonce));
    ber_tlv_write(response, API_TAG_TEXT, octets_of(wrapped.ciphertext, wrapped.length));
    ber_tlv_write(response, API_TAG_AUTHENTICATOR, octets_of(wrapped.tag, sizeof wrapped.tag));
    return sw;
}

static enum status_word unwrap_key(const struct api_caller *caller, uint8_t handle, const struct api_objects *objects,
                                   struct octet_writer *response)
{
    uint8_t unwrapped = 0;
    struct api_key_view view = {0};
    const enum status_word sw =
        api_unwrap(caller, handle, api_objects_get(objects, API_TAG_NONCE), api_objects_get(objects, API_TAG_TEXT),
                   api_objects_get(objects, API_TAG_AUTHENTICATOR), &unwrapped, &view);
    write_octet(response, API_TAG_HANDLE, unwrapped);
    write_kind_of_key(response, &view);
    return sw;
}

static const struct message transfers[] = {
    [API_EXPORT] = {export_key, 0},
    [API_WRAP] = {wrap_key, API_OBJECT(API_TAG_OTHER_HANDLE)},
    [API_UNWRAP] = {unwrap_key,
                    API_OBJECT(API_TAG_NONCE) | API_OBJECT(API_TAG_TEXT) | API_OBJECT(API_TAG_AUTHENTICATOR)},
};

enum status_word command_api_transfer_key(struct uicc *uicc, const struct uicc_command *command,
                                          struct octet_writer *response)
{
    return run_message(uicc, command, transfers, sizeof transfers / sizeof transfers[0], response);
}

/* KEEP KEY, APPLY */

static enum status_word persist(const struct api_caller *caller, const struct uicc_command *command)
{
    struct api_objects objects;
    const enum status_word sw = check_command(command, true, 0, API_OBJECT(API_TAG_OPERATIONS), &objects);
    if (sw != SW_OK) {
        return sw;
    }
    const struct octets given = api_objects_get(&objects, API_TAG_OPERATIONS);
    struct octet_reader reader = octet_reader_of(given);
    const uint32_t operations = given.data == NULL ? KEY_OPERATIONS_UNLIMITED : octet_reader_u32(&reader);
    return api_persist(caller, command->p1, operations);
}

static enum status_word delete_persisted(const struct api_caller *caller, const struct uicc_command *command)
{
    struct api_objects objects;
    const enum status_word sw = check_command(command, command->p1 == 0, OBJECTS_OF_NAME, 0, &objects);
    if (sw != SW_OK) {
        return sw;
    }
    return api_delete_persisted(caller, api_objects_get(&objects, API_TAG_NAF_ID),
                                api_objects_get(&objects, API_TAG_LABEL));
}

enum status_word command_api_keep_key(struct uicc *uicc, const struct uicc_command *command,
                                      struct octet_writer *response)
{
    const struct api_caller caller = caller_of(uicc, command);
    (void)response;
    switch (command->p2) {
    case API_PERSIST:
        return persist(&caller, command);
    case API_DELETE:
        return delete_persisted(&caller, command);
    default:
        return SW_WRONG_P1_P2;
    }
}

enum status_word command_api_apply(struct uicc *uicc, const struct uicc_command *command, struct octet_writer *response)
{
    enum { OBJECTS = API_OBJECT(API_TAG_NAF_ID) | 1U << API_OBJECT_RULING | API_OBJECT(API_TAG_AUTHENTICATOR) };
    const struct api_caller caller = caller_of(uicc, command);
    struct api_objects objects;
    const enum status_word sw = check_command(command, has_p1_p2(command, 0, 0), OBJECTS, 0, &objects);
    (void)response;
    if (sw != SW_OK) {
        return sw;
    }
    return api_apply(&caller, api_objects_get(&objects, API_TAG_NAF_ID), objects.objects[API_OBJECT_RULING],
                     api_objects_get(&objects, API_TAG_AUTHENTICATOR));
}
