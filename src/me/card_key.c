/* card_key.c: keys that are open in the GBA_U API's applet of a card. */
#include "me/card_key.h"

#include <string.h>

#include "base/ignore.h"
#include "key/key_authentication.h"
#include "me/card_process.h"

enum {
    POLICY_VERSION_SIZE = 4,
    BLOCK_SIZE = 16,
    AEAD_TEXT_MAX = 0xffffff,
    WRAPPED_MAX = 4 + APPLICATION_LABEL_MAX + APPLICATION_KEY_SIZE
};

/* What follows struct gbau_key. */
struct card_key {
    struct card_api *api;
    uint8_t handle;
};

static struct card_key *state_of(struct gbau_key *key)
{
    return key_calls_state(key);
}

/* Handles are of a key that was opened: one that the card does not know any more was revoked. */
static enum gbau_status run(struct card_key *key, struct card_command *command, struct card_expectation expected,
                            struct card_answer *answer)
{
    enum gbau_status status = card_api_run(key->api, command, expected, answer);
    return status == GBAU_E_NOT_FOUND ? GBAU_E_EXPIRED : status;
}

/* Makes `opened` the key of a handle that the card gave. */
static void take_handle(struct gbau_key *opened, struct card_api *api, const struct card_answer *answer)
{
    *state_of(opened) = (struct card_key){.api = api, .handle = (uint8_t)card_answer_number(answer, CARD_HANDLE)};
}

/* A key that was never opened has no handle to close. */
static void card_key_close(struct gbau_key *key)
{
    struct card_key *state = state_of(key);
    struct card_command command;
    if (state->api == NULL) {
        return;
    }
    card_command_begin(&command, API_INS_CLOSE_KEY, state->handle, 0);
    status_ignore(card_api_run_silently(state->api, &command)); /* it ends with the channel at the latest */
    state->api = NULL;
}

/* PROCESS */

static enum gbau_status run_process(struct gbau_key *key, struct card_process *process, struct octet_writer *out)
{
    const struct card_key *state = state_of(key);
    process->api = state->api;
    process->handle = state->handle;
    process->algorithm = key_algorithm_find(key->algorithm);
    enum gbau_status status = card_process_run(process, out);
    return status == GBAU_E_NOT_FOUND ? GBAU_E_EXPIRED : status;
}

/* True when the algorithm takes this much. */
static bool takes(const struct key_algorithm_properties *algorithm, struct octets additional_data, struct octets text)
{
    return algorithm->kind == KEY_ALGORITHM_KIND_AEAD ? text.length <= AEAD_TEXT_MAX : additional_data.length == 0;
}

static enum gbau_status card_key_encrypt(struct gbau_key *key, struct octets additional_data, struct octets text,
                                         uint8_t *nonce, struct octet_writer *out)
{
    const struct key_algorithm_properties *algorithm = key_algorithm_find(key->algorithm);
    if (!takes(algorithm, additional_data, text)) {
        return GBAU_E_ARGUMENT;
    }
    if (out->failed || out->capacity - out->length < text.length + algorithm->tag_size) {
        return GBAU_E_SPACE; /* before the card spends a nonce */
    }
    struct card_process process = {.operation = API_ENCRYPT,
                                   .made_nonce = nonce,
                                   .additional_data = additional_data,
                                   .parts = &text,
                                   .part_count = 1};
    return run_process(key, &process, out);
}

static bool is_cbc(const struct key_algorithm_properties *algorithm)
{
    return algorithm->kind == KEY_ALGORITHM_KIND_BLOCK_MODE &&
           cipher_suite_properties(algorithm->suite)->mode == CIPHER_MODE_CBC;
}

/* In several blocks text comes before its tag is checked: until then it is ours, and the caller's call wipes it. */
static enum gbau_status card_key_decrypt(struct gbau_key *key, struct octets additional_data, const uint8_t *nonce,
                                         struct octets in, struct octet_writer *text)
{
    const struct key_algorithm_properties *algorithm = key_algorithm_find(key->algorithm);
    const struct octets ciphertext = octets_of(in.data, in.length - algorithm->tag_size);
    if (!takes(algorithm, additional_data, ciphertext)) {
        return GBAU_E_ARGUMENT;
    }
    if (is_cbc(algorithm) && (ciphertext.length == 0 || ciphertext.length % BLOCK_SIZE != 0)) {
        return GBAU_E_MALFORMED;
    }
    if (!is_cbc(algorithm) && text->capacity - text->length < ciphertext.length) {
        return GBAU_E_SPACE;
    }
    struct card_process process = {.operation = API_DECRYPT,
                                   .nonce = octets_of(nonce, algorithm->nonce_size),
                                   .additional_data = additional_data,
                                   .parts = &ciphertext,
                                   .part_count = 1,
                                   .authenticator = octets_of(in.data + ciphertext.length, algorithm->tag_size)};
    enum gbau_status status = run_process(key, &process, text);
    return is_cbc(algorithm) && status == GBAU_E_ARGUMENT ? GBAU_E_MALFORMED : status; /* the padding */
}

static enum gbau_status card_key_mac(struct gbau_key *key, const struct octets *parts, size_t part_count,
                                     uint8_t mac[MAC_MAX_SIZE])
{
    struct octet_writer out = octet_writer_of(mac, MAC_MAX_SIZE);
    struct card_process process = {.operation = API_MAC, .parts = parts, .part_count = part_count};
    return run_process(key, &process, &out);
}

static enum gbau_status card_key_verify(struct gbau_key *key, const struct octets *parts, size_t part_count,
                                        struct octets mac)
{
    struct octet_writer nothing = octet_writer_of(NULL, 0);
    struct card_process process = {
        .operation = API_VERIFY, .parts = parts, .part_count = part_count, .authenticator = mac};
    if (mac.length != key_algorithm_find(key->algorithm)->tag_size) {
        return GBAU_E_AUTHENTICATION;
    }
    return run_process(key, &process, &nothing);
}

static enum gbau_status card_key_hash(struct gbau_key *key, struct octets data, uint8_t hash[32])
{
    struct octet_writer out = octet_writer_of(hash, 32);
    struct card_process process = {.operation = API_HASH, .parts = &data, .part_count = 1};
    return run_process(key, &process, &out);
}

/* Keys out of keys */

static void put_description(struct card_command *command, const struct application_key_description *description)
{
    card_command_put_octet(command, API_TAG_USAGE, (uint8_t)description->usage);
    card_command_put_octet(command, API_TAG_DIRECTION, (uint8_t)description->direction);
    card_command_put_octet(command, API_TAG_ALGORITHM, (uint8_t)description->algorithm);
    card_command_put(command, API_TAG_LABEL, description->label);
    if (description->context.length > 0) {
        card_command_put(command, API_TAG_CONTEXT, description->context);
    }
}

static enum gbau_status explain_handles(const struct card_api *api, enum gbau_status status)
{
    if (status == GBAU_E_LIMIT) {
        log_error(api->log,
                  "the card opens no more keys: it has %u handles, close keys that are not needed; or the operations "
                  "that the service allows are used up",
                  api->handles);
    }
    return status;
}

static enum gbau_status card_key_derive(struct gbau_key *key, const struct application_key_description *description,
                                        struct gbau_key *child)
{
    static const struct card_expectation expected = {.required = CARD_BIT(CARD_HANDLE)};
    struct card_key *state = state_of(key);
    struct card_command command;
    struct card_answer answer;
    card_command_begin(&command, API_INS_DERIVE_KEY, state->handle, 0);
    put_description(&command, description);
    enum gbau_status status = run(state, &command, expected, &answer);
    if (status == GBAU_OK) {
        take_handle(child, state->api, &answer);
    }
    return explain_handles(state->api, status);
}

static enum gbau_status card_key_export(struct gbau_key *key, uint8_t octets[APPLICATION_KEY_SIZE])
{
    static const struct card_expectation expected = {.required = CARD_BIT(CARD_TEXT)};
    struct card_key *state = state_of(key);
    struct card_command command;
    struct card_answer answer;
    card_command_begin(&command, API_INS_TRANSFER_KEY, state->handle, API_EXPORT);
    enum gbau_status status = run(state, &command, expected, &answer);
    if (status != GBAU_OK) {
        return status;
    }
    const struct octets exported = answer.objects[CARD_TEXT];
    const bool is_key = exported.length == APPLICATION_KEY_SIZE;
    if (is_key) {
        memcpy(octets, exported.data, APPLICATION_KEY_SIZE);
    }
    card_answer_clear(&answer);
    return is_key ? GBAU_OK : GBAU_E_CARD;
}

static enum gbau_status card_key_wrap(struct gbau_key *key, struct gbau_key *other, struct octet_writer *out)
{
    static const struct card_expectation expected = {.required = CARD_BIT(CARD_NONCE) | CARD_BIT(CARD_TEXT) |
                                                                 CARD_BIT(CARD_AUTHENTICATOR)};
    struct card_key *state = state_of(key);
    struct card_command command;
    struct card_answer answer;
    if (state_of(other)->api != state->api) {
        return GBAU_E_ARGUMENT; /* a handle means nothing on another card */
    }
    card_command_begin(&command, API_INS_TRANSFER_KEY, state->handle, API_WRAP);
    card_command_put_octet(&command, API_TAG_OTHER_HANDLE, state_of(other)->handle);
    enum gbau_status status = run(state, &command, expected, &answer);
    if (status != GBAU_OK) {
        return status;
    }
    const struct key_algorithm_properties *algorithm = key_algorithm_find(key->algorithm);
    const bool is_sound = answer.objects[CARD_NONCE].length == algorithm->nonce_size &&
                          answer.objects[CARD_AUTHENTICATOR].length == algorithm->tag_size;
    octet_writer_put_octets(out, answer.objects[CARD_NONCE]);
    octet_writer_put_octets(out, answer.objects[CARD_TEXT]);
    octet_writer_put_octets(out, answer.objects[CARD_AUTHENTICATOR]);
    card_answer_clear(&answer);
    return is_sound ? GBAU_OK : GBAU_E_CARD;
}

/* Describes a key in the card's words. */
static enum gbau_status note_kind(const struct card_answer *answer, struct gbau_key *key)
{
    struct application_key_description unused;
    char label[KEY_LABEL_SIZE];
    const struct gbau_key_request described = {
        .usage = (enum gbau_usage)card_answer_number(answer, CARD_USAGE),
        .direction = (enum gbau_direction)card_answer_number(answer, CARD_DIRECTION),
        .algorithm = (enum gbau_algorithm)card_answer_number(answer, CARD_ALGORITHM),
        .label = label,
    };
    enum gbau_status status = octets_to_text(answer->objects[CARD_LABEL], label, sizeof label);
    if (status == GBAU_OK) {
        status = key_calls_describe(&described, true, key, &unused);
    }
    return status == GBAU_OK ? GBAU_OK : GBAU_E_CARD;
}

static enum gbau_status card_key_unwrap(struct gbau_key *key, struct octets in, struct gbau_key *unwrapped)
{
    static const struct card_expectation expected = {.required = CARD_BIT(CARD_HANDLE) | CARD_BIT(CARD_USAGE) |
                                                                 CARD_BIT(CARD_DIRECTION) | CARD_BIT(CARD_ALGORITHM) |
                                                                 CARD_BIT(CARD_LABEL)};
    struct card_key *state = state_of(key);
    const struct key_algorithm_properties *algorithm = key_algorithm_find(key->algorithm);
    const size_t overhead = (size_t)algorithm->nonce_size + algorithm->tag_size;
    struct card_command command;
    struct card_answer answer;
    if (in.length < overhead || in.length > overhead + WRAPPED_MAX) {
        return GBAU_E_MALFORMED;
    }
    struct octet_reader reader = octet_reader_of(in);
    card_command_begin(&command, API_INS_TRANSFER_KEY, state->handle, API_UNWRAP);
    card_command_put(&command, API_TAG_NONCE, octet_reader_take(&reader, algorithm->nonce_size));
    card_command_put(&command, API_TAG_TEXT, octet_reader_take(&reader, in.length - overhead));
    card_command_put(&command, API_TAG_AUTHENTICATOR, octet_reader_take(&reader, algorithm->tag_size));
    enum gbau_status status = run(state, &command, expected, &answer);
    if (status != GBAU_OK) {
        return explain_handles(state->api, status);
    }
    take_handle(unwrapped, state->api, &answer);
    status = note_kind(&answer, unwrapped);
    if (status != GBAU_OK) {
        card_key_close(unwrapped);
    }
    return status;
}

/* Mutual authentication */

static enum gbau_status run_authenticate(struct card_key *key, struct card_command *command, uint32_t required,
                                         struct card_answer *answer)
{
    return run(key, command, (struct card_expectation){.required = required}, answer);
}

static enum gbau_status card_key_authenticate_begin(struct gbau_key *key, struct octet_writer *message)
{
    struct card_key *state = state_of(key);
    struct card_command command;
    struct card_answer answer;
    card_command_begin(&command, API_INS_AUTHENTICATE_KEY, state->handle, API_AUTHENTICATE_BEGIN);
    enum gbau_status status = run_authenticate(state, &command, CARD_BIT(CARD_NONCE), &answer);
    if (status != GBAU_OK) {
        return status;
    }
    octet_writer_put_octets(message, answer.objects[CARD_NONCE]);
    return answer.objects[CARD_NONCE].length == KEY_AUTHENTICATION_NONCE_SIZE ? GBAU_OK : GBAU_E_CARD;
}

static enum gbau_status card_key_authenticate_answer(struct gbau_key *key, struct octets message,
                                                     struct octet_writer *out)
{
    struct card_key *state = state_of(key);
    struct card_command command;
    struct card_answer answer;
    if (message.length != KEY_AUTHENTICATION_NONCE_SIZE) {
        return GBAU_E_MALFORMED;
    }
    card_command_begin(&command, API_INS_AUTHENTICATE_KEY, state->handle, API_AUTHENTICATE_ANSWER);
    card_command_put(&command, API_TAG_NONCE, message);
    enum gbau_status status = run_authenticate(
        state, &command, CARD_BIT(CARD_NONCE) | CARD_BIT(CARD_AUTHENTICATOR) | CARD_BIT(CARD_POLICY_VERSION), &answer);
    if (status != GBAU_OK) {
        return status;
    }
    octet_writer_put_octets(out, answer.objects[CARD_NONCE]);
    octet_writer_put_octets(out, answer.objects[CARD_POLICY_VERSION]);
    octet_writer_put_octets(out, answer.objects[CARD_AUTHENTICATOR]);
    const bool is_sound = answer.objects[CARD_NONCE].length == KEY_AUTHENTICATION_NONCE_SIZE &&
                          answer.objects[CARD_AUTHENTICATOR].length == key_algorithm_find(key->algorithm)->tag_size;
    return is_sound ? GBAU_OK : GBAU_E_CARD;
}

/* The card computes with its own policy version; that of the message only tells the NAF's. */
static enum gbau_status card_key_authenticate_finish(struct gbau_key *key, struct octets received,
                                                     struct octet_writer *message, struct gbau_key *session)
{
    struct card_key *state = state_of(key);
    const size_t tag_size = key_algorithm_find(key->algorithm)->tag_size;
    struct card_command command;
    struct card_answer answer;
    struct octet_reader reader = octet_reader_of(received);
    const struct octets nonce = octet_reader_take(&reader, KEY_AUTHENTICATION_NONCE_SIZE);
    (void)octet_reader_take(&reader, POLICY_VERSION_SIZE);
    const struct octets mac = octet_reader_take(&reader, tag_size);
    if (octet_reader_end(&reader) != GBAU_OK) {
        return GBAU_E_MALFORMED;
    }
    card_command_begin(&command, API_INS_AUTHENTICATE_KEY, state->handle, API_AUTHENTICATE_FINISH);
    card_command_put(&command, API_TAG_NONCE, nonce);
    card_command_put(&command, API_TAG_AUTHENTICATOR, mac);
    enum gbau_status status =
        run_authenticate(state, &command, CARD_BIT(CARD_AUTHENTICATOR) | CARD_BIT(CARD_HANDLE), &answer);
    if (status != GBAU_OK) {
        return status;
    }
    take_handle(session, state->api, &answer);
    if (answer.objects[CARD_AUTHENTICATOR].length != tag_size) {
        card_key_close(session);
        return GBAU_E_CARD;
    }
    octet_writer_put_octets(message, answer.objects[CARD_AUTHENTICATOR]);
    return GBAU_OK;
}

static enum gbau_status card_key_authenticate_confirm(struct gbau_key *key, struct octets message,
                                                      struct gbau_key *session)
{
    struct card_key *state = state_of(key);
    struct card_command command;
    struct card_answer answer;
    if (message.length != key_algorithm_find(key->algorithm)->tag_size) {
        return GBAU_E_AUTHENTICATION;
    }
    card_command_begin(&command, API_INS_AUTHENTICATE_KEY, state->handle, API_AUTHENTICATE_CONFIRM);
    card_command_put(&command, API_TAG_AUTHENTICATOR, message);
    enum gbau_status status = run_authenticate(state, &command, CARD_BIT(CARD_HANDLE), &answer);
    if (status == GBAU_OK) {
        take_handle(session, state->api, &answer);
    }
    return status;
}

static const struct key_holder card_holder = {
    .encrypt = card_key_encrypt,
    .decrypt = card_key_decrypt,
    .mac = card_key_mac,
    .verify = card_key_verify,
    .hash = card_key_hash,
    .derive = card_key_derive,
    .export_octets = card_key_export,
    .wrap = card_key_wrap,
    .unwrap = card_key_unwrap,
    .authenticate_begin = card_key_authenticate_begin,
    .authenticate_answer = card_key_authenticate_answer,
    .authenticate_finish = card_key_authenticate_finish,
    .authenticate_confirm = card_key_authenticate_confirm,
    .close = card_key_close,
};

/* Opening and keeping */

static struct gbau_key *new_key(void)
{
    return key_calls_new(&card_holder, sizeof(struct card_key));
}

/* OPEN KEY with the data that `command` holds. */
static enum gbau_status open_handle(struct card_api *api, struct card_command *command, struct gbau_key *key)
{
    const uint32_t b_tid = key->usage == KEY_USAGE_HASH ? CARD_NO_OBJECTS : CARD_BIT(CARD_B_TID);
    struct card_answer answer;
    enum gbau_status status =
        card_api_run(api, command, (struct card_expectation){.required = CARD_BIT(CARD_HANDLE) | b_tid}, &answer);
    if (status != GBAU_OK) {
        return explain_handles(api, status);
    }
    take_handle(key, api, &answer);
    status = octets_to_text(answer.objects[CARD_B_TID], key->b_tid, sizeof key->b_tid);
    return status == GBAU_OK ? GBAU_OK : GBAU_E_CARD;
}

/* Hands an opened key over, or ends one that was not. */
static enum gbau_status hand_over(enum gbau_status status, struct gbau_key *key, struct gbau_key **out)
{
    if (status != GBAU_OK) {
        gbau_key_close(key);
        return status;
    }
    *out = key;
    return GBAU_OK;
}

enum gbau_status card_key_open(struct card_api *api, struct octets naf_id, const struct gbau_key_request *request,
                               struct gbau_key **key)
{
    struct application_key_description description;
    struct card_command command;
    struct gbau_key *opened = new_key();
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    enum gbau_status status = key_calls_describe(request, true, opened, &description);
    if (status != GBAU_OK) {
        return hand_over(status, opened, key);
    }
    card_command_begin(&command, API_INS_OPEN_KEY, 0, API_OPEN_DERIVED);
    if (opened->usage == KEY_USAGE_HASH) {
        card_command_put_octet(&command, API_TAG_USAGE, KEY_USAGE_HASH);
        card_command_put_octet(&command, API_TAG_ALGORITHM, (uint8_t)description.algorithm);
    } else {
        card_command_put(&command, API_TAG_NAF_ID, naf_id);
        put_description(&command, &description);
    }
    return hand_over(open_handle(api, &command, opened), opened, key);
}

/* The entry of a persisted key in the card's list. */
static enum gbau_status find_persisted(struct card_api *api, struct octets naf_id, struct octets label,
                                       struct card_answer *entry)
{
    for (unsigned index = 0; index <= UINT8_MAX; index++) {
        enum gbau_status status = card_api_list(api, API_LIST_PERSISTED_KEYS, (uint8_t)index, entry);
        if (status != GBAU_OK ||
            (octets_equal(entry->objects[CARD_NAF_ID], naf_id) && octets_equal(entry->objects[CARD_LABEL], label))) {
            return status;
        }
    }
    return GBAU_E_NOT_FOUND;
}

enum gbau_status card_key_open_persisted(struct card_api *api, struct octets naf_id, const char *label,
                                         struct gbau_key **key)
{
    struct card_answer entry;
    struct card_command command;
    struct gbau_key *opened = new_key();
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    enum gbau_status status = find_persisted(api, naf_id, octets_of_text(label), &entry);
    if (status == GBAU_OK) {
        status = note_kind(&entry, opened);
    }
    if (status == GBAU_OK) {
        card_command_begin(&command, API_INS_OPEN_KEY, 0, API_OPEN_PERSISTED);
        card_command_put(&command, API_TAG_NAF_ID, naf_id);
        card_command_put(&command, API_TAG_LABEL, octets_of_text(label));
        status = open_handle(api, &command, opened);
    }
    return hand_over(status, opened, key);
}

enum gbau_status card_key_persist(struct gbau_key *key, uint32_t operations)
{
    uint8_t octets[4];
    struct card_command command;
    if (key == NULL || key->holder != &card_holder) {
        return GBAU_E_ARGUMENT;
    }
    const struct card_key *state = state_of(key);
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    octet_writer_u32(&writer, operations);
    card_command_begin(&command, API_INS_KEEP_KEY, state->handle, API_PERSIST);
    card_command_put(&command, API_TAG_OPERATIONS, octets_written(&writer));
    enum gbau_status status = card_api_run_silently(state->api, &command);
    if (status == GBAU_E_LIMIT) {
        log_error(state->api->log, "the card has no room for another persisted key: delete one");
    }
    return status == GBAU_E_NOT_FOUND ? GBAU_E_EXPIRED : status;
}
