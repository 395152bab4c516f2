/* key_calls.c: the calls of gbau/key.h over whoever holds the key: checks, COSE messages, streams. */
#include "key/key_calls.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

struct gbau_key *key_calls_new(const struct key_holder *holder, size_t state_size)
{
    const size_t aligned = (sizeof(struct gbau_key) + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
    struct gbau_key *key = calloc(1, aligned + state_size);
    if (key != NULL) {
        key->holder = holder;
        key->state_size = state_size;
        key->state = (uint8_t *)key + aligned;
    }
    return key;
}

void *key_calls_state(struct gbau_key *key)
{
    return key->state;
}

void gbau_key_close(struct gbau_key *key)
{
    if (key == NULL) {
        return;
    }
    key->holder->close(key);
    secret_wipe(key->state, key->state_size);
    free(key);
}

const char *gbau_key_b_tid(const struct gbau_key *key)
{
    return key->b_tid;
}

const char *gbau_algorithm_name(enum gbau_algorithm algorithm)
{
    const struct key_algorithm_properties *found = key_algorithm_find((unsigned)algorithm);
    return found == NULL ? NULL : found->name;
}

enum gbau_algorithm gbau_algorithm_of_name(const char *name)
{
    const struct key_algorithm_properties *found = name == NULL ? NULL : key_algorithm_find_name(name);
    return found == NULL ? (enum gbau_algorithm)0 : (enum gbau_algorithm)found->algorithm;
}

/* Requests */

/* Who makes in a direction: the card in its own, both in card to card, which has no other end. */
static void note_ends(struct gbau_key *key, bool is_card)
{
    const bool to_naf = key->direction == KEY_DIRECTION_CARD_TO_NAF;
    const bool at_rest = key->direction == KEY_DIRECTION_CARD_TO_CARD;
    key->encrypts = at_rest ? is_card : to_naf == is_card;
    key->decrypts = at_rest ? is_card : to_naf != is_card;
}

enum gbau_status key_calls_describe(const struct gbau_key_request *request, bool is_card, struct gbau_key *key,
                                    struct application_key_description *description)
{
    const bool has_label = request->usage != GBAU_USAGE_HASH;
    const size_t label_length = request->label == NULL ? 0 : strlen(request->label);
    if (label_length > APPLICATION_LABEL_MAX || (has_label && label_length == 0) ||
        request->context_length > APPLICATION_CONTEXT_MAX ||
        (request->context == NULL && request->context_length > 0)) {
        return GBAU_E_ARGUMENT;
    }
    if (!key_usage_is_possible((unsigned)request->usage, (unsigned)request->direction,
                               (unsigned)request->algorithm)) {
        return GBAU_E_UNSUPPORTED;
    }
    key->usage = (enum key_usage)request->usage;
    key->direction = (enum key_direction)request->direction;
    key->algorithm = (enum key_algorithm)request->algorithm;
    memcpy(key->label, request->label == NULL ? "" : request->label, label_length + 1);
    note_ends(key, is_card);
    *description = (struct application_key_description){
        .usage = key->usage,
        .direction = key->direction,
        .algorithm = key->algorithm,
        .label = octets_of(key->label, label_length),
        .context = octets_of(request->context, request->context_length),
    };
    return GBAU_OK;
}

void key_calls_note_session(struct gbau_key *session, const struct gbau_key *parent)
{
    session->usage = KEY_USAGE_DERIVE;
    session->direction = KEY_DIRECTION_NONE;
    session->algorithm = KEY_ALGORITHM_KDF;
    memcpy(session->b_tid, parent->b_tid, sizeof session->b_tid);
    memcpy(session->label, parent->label, sizeof session->label);
}

/* Checks that all calls begin with */

static bool is_view(const void *octets, size_t length)
{
    return octets != NULL || length == 0;
}

static enum gbau_status check_usage(const struct gbau_key *key, enum key_usage usage, bool may)
{
    if (key == NULL) {
        return GBAU_E_ARGUMENT;
    }
    return key->usage == usage && may ? GBAU_OK : GBAU_E_ACCESS;
}

/* Ends a call that wrote: its length out, or nothing at all. */
static enum gbau_status finish(enum gbau_status status, const struct octet_writer *writer, size_t *length)
{
    if (status == GBAU_OK) {
        status = octet_writer_end(writer);
    }
    if (status == GBAU_OK) {
        *length = writer->length;
    } else {
        secret_wipe(writer->data, writer->length);
    }
    return status;
}

/* Cipher, MAC, hash */

enum gbau_status gbau_key_encrypt(struct gbau_key *key, const void *additional_data, size_t additional_length,
                                  const void *text, size_t text_length, uint8_t *out, size_t capacity, size_t *length)
{
    enum gbau_status status = check_usage(key, KEY_USAGE_ENCRYPT, key != NULL && key->encrypts);
    if (status == GBAU_OK && (!is_view(additional_data, additional_length) || !is_view(text, text_length))) {
        status = GBAU_E_ARGUMENT;
    }
    if (status != GBAU_OK) {
        return status;
    }
    struct octet_writer writer = octet_writer_of(out, capacity);
    status = key->holder->encrypt(key, octets_of(additional_data, additional_length), octets_of(text, text_length),
                                  &writer);
    return finish(status, &writer, length);
}

enum gbau_status gbau_key_decrypt(struct gbau_key *key, const void *additional_data, size_t additional_length,
                                  const void *in, size_t in_length, uint8_t *text, size_t capacity, size_t *length)
{
    enum gbau_status status = check_usage(key, KEY_USAGE_ENCRYPT, key != NULL && key->decrypts);
    if (status == GBAU_OK && (!is_view(additional_data, additional_length) || !is_view(in, in_length))) {
        status = GBAU_E_ARGUMENT;
    }
    if (status != GBAU_OK) {
        return status;
    }
    struct octet_writer writer = octet_writer_of(text, capacity);
    status = key->holder->decrypt(key, octets_of(additional_data, additional_length), octets_of(in, in_length),
                                  &writer);
    return finish(status, &writer, length);
}

enum gbau_status gbau_key_mac(struct gbau_key *key, const void *data, size_t length, uint8_t mac[GBAU_MAC_MAX],
                              size_t *mac_length)
{
    enum gbau_status status = check_usage(key, KEY_USAGE_MAC, key != NULL && key->encrypts);
    if (status == GBAU_OK && !is_view(data, length)) {
        status = GBAU_E_ARGUMENT;
    }
    if (status == GBAU_OK) {
        const struct octets part = octets_of(data, length);
        status = key->holder->mac(key, &part, 1, mac);
    }
    if (status == GBAU_OK) {
        *mac_length = key_algorithm_find(key->algorithm)->tag_size;
    }
    return status;
}

enum gbau_status gbau_key_verify(struct gbau_key *key, const void *data, size_t length, const uint8_t *mac,
                                 size_t mac_length)
{
    enum gbau_status status = check_usage(key, KEY_USAGE_MAC, key != NULL && key->decrypts);
    if (status == GBAU_OK && (!is_view(data, length) || !is_view(mac, mac_length))) {
        status = GBAU_E_ARGUMENT;
    }
    if (status != GBAU_OK) {
        return status;
    }
    const struct octets part = octets_of(data, length);
    return key->holder->verify(key, &part, 1, octets_of(mac, mac_length));
}

enum gbau_status gbau_key_hash(struct gbau_key *key, const void *data, size_t length, uint8_t hash[32])
{
    enum gbau_status status = check_usage(key, KEY_USAGE_HASH, true);
    if (status == GBAU_OK && !is_view(data, length)) {
        status = GBAU_E_ARGUMENT;
    }
    return status == GBAU_OK ? key->holder->hash(key, octets_of(data, length), hash) : status;
}

/* Keys out of keys */

/* Hands a new key over, or ends it. */
static enum gbau_status hand_over(enum gbau_status status, struct gbau_key *made, struct gbau_key **out)
{
    if (status != GBAU_OK) {
        secret_wipe(made->state, made->state_size);
        free(made);
        return status;
    }
    *out = made;
    return GBAU_OK;
}

enum gbau_status gbau_key_derive(struct gbau_key *key, const struct gbau_key_request *request,
                                 struct gbau_key **child)
{
    struct application_key_description description;
    enum gbau_status status = check_usage(key, KEY_USAGE_DERIVE, true);
    if (status == GBAU_OK && (request == NULL || child == NULL)) {
        status = GBAU_E_ARGUMENT;
    }
    if (status != GBAU_OK) {
        return status;
    }
    struct gbau_key *made = key_calls_new(key->holder, key->state_size);
    if (made == NULL) {
        return GBAU_E_MEMORY;
    }
    status = key_calls_describe(request, key->is_card, made, &description);
    if (status == GBAU_OK) {
        made->is_card = key->is_card;
        memcpy(made->b_tid, key->b_tid, sizeof made->b_tid);
        status = key->holder->derive(key, &description, made);
    }
    return hand_over(status, made, child);
}

enum gbau_status gbau_key_export(struct gbau_key *key, uint8_t octets[32])
{
    enum gbau_status status = check_usage(key, KEY_USAGE_EXPORT, true);
    return status == GBAU_OK ? key->holder->export_octets(key, octets) : status;
}

enum gbau_status gbau_key_wrap(struct gbau_key *key, struct gbau_key *other, uint8_t *out, size_t capacity,
                               size_t *length)
{
    enum gbau_status status = check_usage(key, KEY_USAGE_WRAP, key != NULL && key->encrypts);
    if (status == GBAU_OK && (other == NULL || other->holder != key->holder)) {
        status = GBAU_E_ARGUMENT;
    }
    if (status != GBAU_OK) {
        return status;
    }
    struct octet_writer writer = octet_writer_of(out, capacity);
    return finish(key->holder->wrap(key, other, &writer), &writer, length);
}

enum gbau_status gbau_key_unwrap(struct gbau_key *key, const void *in, size_t in_length, struct gbau_key **unwrapped)
{
    enum gbau_status status = check_usage(key, KEY_USAGE_WRAP, key != NULL && key->decrypts);
    if (status == GBAU_OK && (!is_view(in, in_length) || unwrapped == NULL)) {
        status = GBAU_E_ARGUMENT;
    }
    if (status != GBAU_OK) {
        return status;
    }
    struct gbau_key *made = key_calls_new(key->holder, key->state_size);
    if (made == NULL) {
        return GBAU_E_MEMORY;
    }
    made->is_card = key->is_card;
    memcpy(made->b_tid, key->b_tid, sizeof made->b_tid);
    status = key->holder->unwrap(key, octets_of(in, in_length), made);
    note_ends(made, made->is_card);
    return hand_over(status, made, unwrapped);
}

/* Mutual authentication */

enum gbau_status gbau_key_authenticate_begin(struct gbau_key *key, uint8_t *message, size_t capacity, size_t *length)
{
    enum gbau_status status = check_usage(key, KEY_USAGE_AUTHENTICATE, true);
    if (status != GBAU_OK) {
        return status;
    }
    struct octet_writer writer = octet_writer_of(message, capacity);
    return finish(key->holder->authenticate_begin(key, &writer), &writer, length);
}

enum gbau_status gbau_key_authenticate_answer(struct gbau_key *key, const void *message, size_t message_length,
                                              uint8_t *answer, size_t capacity, size_t *length)
{
    enum gbau_status status = check_usage(key, KEY_USAGE_AUTHENTICATE, true);
    if (status == GBAU_OK && !is_view(message, message_length)) {
        status = GBAU_E_ARGUMENT;
    }
    if (status != GBAU_OK) {
        return status;
    }
    struct octet_writer writer = octet_writer_of(answer, capacity);
    status = key->holder->authenticate_answer(key, octets_of(message, message_length), &writer);
    return finish(status, &writer, length);
}

static struct gbau_key *new_session(const struct gbau_key *key)
{
    struct gbau_key *session = key_calls_new(key->holder, key->state_size);
    if (session != NULL) {
        session->is_card = key->is_card;
        key_calls_note_session(session, key);
    }
    return session;
}

enum gbau_status gbau_key_authenticate_finish(struct gbau_key *key, const void *answer, size_t answer_length,
                                              uint8_t *message, size_t capacity, size_t *length,
                                              struct gbau_key **session)
{
    enum gbau_status status = check_usage(key, KEY_USAGE_AUTHENTICATE, true);
    if (status == GBAU_OK && (!is_view(answer, answer_length) || session == NULL)) {
        status = GBAU_E_ARGUMENT;
    }
    if (status != GBAU_OK) {
        return status;
    }
    struct gbau_key *made = new_session(key);
    if (made == NULL) {
        return GBAU_E_MEMORY;
    }
    struct octet_writer writer = octet_writer_of(message, capacity);
    status = key->holder->authenticate_finish(key, octets_of(answer, answer_length), &writer, made);
    return hand_over(finish(status, &writer, length), made, session);
}

enum gbau_status gbau_key_authenticate_confirm(struct gbau_key *key, const void *message, size_t message_length,
                                               struct gbau_key **session)
{
    enum gbau_status status = check_usage(key, KEY_USAGE_AUTHENTICATE, true);
    if (status == GBAU_OK && (!is_view(message, message_length) || session == NULL)) {
        status = GBAU_E_ARGUMENT;
    }
    if (status != GBAU_OK) {
        return status;
    }
    struct gbau_key *made = new_session(key);
    if (made == NULL) {
        return GBAU_E_MEMORY;
    }
    return hand_over(key->holder->authenticate_confirm(key, octets_of(message, message_length), made), made, session);
}
