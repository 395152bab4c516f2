/* key_calls.c: the calls of gbau/key.h over whoever holds the key; those with COSE messages are in key_messages.c. */
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
static void note_ends(struct gbau_key *key)
{
    const bool to_naf = key->direction == KEY_DIRECTION_CARD_TO_NAF;
    const bool at_rest = key->direction == KEY_DIRECTION_CARD_TO_CARD;
    key->encrypts = at_rest ? key->is_card : to_naf == key->is_card;
    key->decrypts = at_rest ? key->is_card : to_naf != key->is_card;
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
    /* usage policy is the card's and the NAF's own */
    if ((unsigned)request->usage == KEY_USAGE_POLICY ||
        !key_usage_is_possible((unsigned)request->usage, (unsigned)request->direction, (unsigned)request->algorithm)) {
        return GBAU_E_UNSUPPORTED;
    }
    key->usage = (enum key_usage)request->usage;
    key->direction = (enum key_direction)request->direction;
    key->algorithm = (enum key_algorithm)request->algorithm;
    memcpy(key->label, request->label == NULL ? "" : request->label, label_length + 1);
    key->is_card = is_card;
    note_ends(key);
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

/* What calls begin and end with */

static bool is_on_side(const struct gbau_key *key, enum key_side side)
{
    return side == KEY_SIDE_ANY || (side == KEY_SIDE_MAKES ? key->encrypts : key->decrypts);
}

enum gbau_status key_calls_check(const struct gbau_key *key, enum key_usage usage, enum key_side side)
{
    if (key == NULL) {
        return GBAU_E_ARGUMENT;
    }
    return key->usage == usage && is_on_side(key, side) ? GBAU_OK : GBAU_E_ACCESS;
}

bool key_calls_in_is_sound(const void *octets, size_t length)
{
    return octets != NULL || length == 0;
}

bool key_calls_out_is_sound(const uint8_t *out, size_t capacity, const size_t *length)
{
    return length != NULL && (out != NULL || capacity == 0);
}

bool key_calls_are_apart(const void *in, size_t in_length, const uint8_t *out, size_t capacity)
{
    const uintptr_t read = (uintptr_t)in;
    const uintptr_t written = (uintptr_t)out;
    return in_length == 0 || capacity == 0 || read + in_length <= written || written + capacity <= read;
}

enum gbau_status key_calls_finish(enum gbau_status status, const struct octet_writer *writer, size_t *length)
{
    if (status == GBAU_OK) {
        status = octet_writer_end(writer);
    }
    if (status == GBAU_OK) {
        *length = writer->length;
    } else if (writer->length > 0) {
        secret_wipe(writer->data, writer->length);
    }
    return status;
}

static enum gbau_status argument_unless(bool sound)
{
    return sound ? GBAU_OK : GBAU_E_ARGUMENT;
}

static const struct key_algorithm_properties *algorithm_of(const struct gbau_key *key)
{
    return key_algorithm_find((unsigned)key->algorithm);
}

/* Cipher, MAC, hash */

enum gbau_status gbau_key_encrypt(struct gbau_key *key, const void *additional_data, size_t additional_length,
                                  const void *text, size_t text_length, uint8_t *out, size_t capacity, size_t *length)
{
    enum gbau_status status = key_calls_check(key, KEY_USAGE_ENCRYPT, KEY_SIDE_MAKES);
    if (status == GBAU_OK) {
        status =
            argument_unless(key_calls_in_is_sound(additional_data, additional_length) &&
                            key_calls_in_is_sound(text, text_length) && key_calls_out_is_sound(out, capacity, length) &&
                            key_calls_are_apart(text, text_length, out, capacity) &&
                            key_calls_are_apart(additional_data, additional_length, out, capacity));
    }
    if (status != GBAU_OK) {
        return status;
    }
    struct octet_writer writer = octet_writer_of(out, capacity);
    uint8_t *nonce = octet_writer_reserve(&writer, algorithm_of(key)->nonce_size);
    if (nonce == NULL) {
        return GBAU_E_SPACE;
    }
    status = key->holder->encrypt(key, octets_of(additional_data, additional_length), octets_of(text, text_length),
                                  nonce, &writer);
    return key_calls_finish(status, &writer, length);
}

enum gbau_status gbau_key_decrypt(struct gbau_key *key, const void *additional_data, size_t additional_length,
                                  const void *in, size_t in_length, uint8_t *text, size_t capacity, size_t *length)
{
    enum gbau_status status = key_calls_check(key, KEY_USAGE_ENCRYPT, KEY_SIDE_READS);
    if (status == GBAU_OK) {
        status =
            argument_unless(key_calls_in_is_sound(additional_data, additional_length) &&
                            key_calls_in_is_sound(in, in_length) && key_calls_out_is_sound(text, capacity, length) &&
                            key_calls_are_apart(in, in_length, text, capacity) &&
                            key_calls_are_apart(additional_data, additional_length, text, capacity));
    }
    if (status != GBAU_OK) {
        return status;
    }
    const struct key_algorithm_properties *algorithm = algorithm_of(key);
    struct octet_reader reader = octet_reader_of(octets_of(in, in_length));
    const struct octets nonce = octet_reader_take(&reader, algorithm->nonce_size);
    const struct octets ciphertext = octet_reader_take(&reader, octet_reader_left(&reader));
    if (reader.failed || ciphertext.length < algorithm->tag_size) {
        return GBAU_E_MALFORMED;
    }
    struct octet_writer writer = octet_writer_of(text, capacity);
    status = key->holder->decrypt(key, octets_of(additional_data, additional_length), nonce.data, ciphertext, &writer);
    return key_calls_finish(status, &writer, length);
}

enum gbau_status gbau_key_mac(struct gbau_key *key, const void *data, size_t length, uint8_t mac[GBAU_MAC_MAX],
                              size_t *mac_length)
{
    enum gbau_status status = key_calls_check(key, KEY_USAGE_MAC, KEY_SIDE_MAKES);
    if (status == GBAU_OK) {
        status = argument_unless(key_calls_in_is_sound(data, length) && mac != NULL && mac_length != NULL);
    }
    if (status == GBAU_OK) {
        const struct octets part = octets_of(data, length);
        status = key->holder->mac(key, &part, 1, mac);
    }
    if (status == GBAU_OK) {
        *mac_length = algorithm_of(key)->tag_size;
    }
    return status;
}

enum gbau_status gbau_key_verify(struct gbau_key *key, const void *data, size_t length, const uint8_t *mac,
                                 size_t mac_length)
{
    enum gbau_status status = key_calls_check(key, KEY_USAGE_MAC, KEY_SIDE_READS);
    if (status == GBAU_OK) {
        status = argument_unless(key_calls_in_is_sound(data, length) && key_calls_in_is_sound(mac, mac_length));
    }
    if (status == GBAU_OK && mac_length != algorithm_of(key)->tag_size) {
        status = GBAU_E_AUTHENTICATION;
    }
    if (status != GBAU_OK) {
        return status;
    }
    const struct octets part = octets_of(data, length);
    return key->holder->verify(key, &part, 1, octets_of(mac, mac_length));
}

enum gbau_status gbau_key_hash(struct gbau_key *key, const void *data, size_t length, uint8_t hash[32])
{
    enum gbau_status status = key_calls_check(key, KEY_USAGE_HASH, KEY_SIDE_ANY);
    if (status == GBAU_OK) {
        status = argument_unless(key_calls_in_is_sound(data, length) && hash != NULL);
    }
    return status == GBAU_OK ? key->holder->hash(key, octets_of(data, length), hash) : status;
}

/* Keys out of keys */

/* A key beside `key`, at the same holder, end and B-TID. */
static struct gbau_key *new_beside(const struct gbau_key *key)
{
    struct gbau_key *made = key_calls_new(key->holder, key->state_size);
    if (made != NULL) {
        made->is_card = key->is_card;
        memcpy(made->b_tid, key->b_tid, sizeof made->b_tid);
    }
    return made;
}

/* Hands a new key over, or ends it: the holder has not opened what it failed to open. */
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

enum gbau_status gbau_key_derive(struct gbau_key *key, const struct gbau_key_request *request, struct gbau_key **child)
{
    struct application_key_description description;
    enum gbau_status status = key_calls_check(key, KEY_USAGE_DERIVE, KEY_SIDE_ANY);
    if (status == GBAU_OK) {
        status = argument_unless(request != NULL && child != NULL);
    }
    if (status != GBAU_OK) {
        return status;
    }
    if (request->usage == GBAU_USAGE_HASH) {
        return GBAU_E_UNSUPPORTED; /* has no key, so no parent */
    }
    struct gbau_key *made = new_beside(key);
    if (made == NULL) {
        return GBAU_E_MEMORY;
    }
    status = key_calls_describe(request, key->is_card, made, &description);
    if (status == GBAU_OK) {
        status = key->holder->derive(key, &description, made);
    }
    return hand_over(status, made, child);
}

enum gbau_status gbau_key_export(struct gbau_key *key, uint8_t octets[32])
{
    enum gbau_status status = key_calls_check(key, KEY_USAGE_EXPORT, KEY_SIDE_ANY);
    if (status == GBAU_OK) {
        status = argument_unless(octets != NULL);
    }
    return status == GBAU_OK ? key->holder->export_octets(key, octets) : status;
}

enum gbau_status gbau_key_wrap(struct gbau_key *key, struct gbau_key *other, uint8_t *out, size_t capacity,
                               size_t *length)
{
    enum gbau_status status = key_calls_check(key, KEY_USAGE_WRAP, KEY_SIDE_MAKES);
    if (status == GBAU_OK) {
        status = argument_unless(other != NULL && other->holder == key->holder &&
                                 key_calls_out_is_sound(out, capacity, length));
    }
    if (status == GBAU_OK && !key_usage_can_be_wrapped(other->usage)) {
        status = GBAU_E_ACCESS;
    }
    if (status != GBAU_OK) {
        return status;
    }
    struct octet_writer writer = octet_writer_of(out, capacity);
    return key_calls_finish(key->holder->wrap(key, other, &writer), &writer, length);
}

enum gbau_status gbau_key_unwrap(struct gbau_key *key, const void *in, size_t in_length, struct gbau_key **unwrapped)
{
    enum gbau_status status = key_calls_check(key, KEY_USAGE_WRAP, KEY_SIDE_READS);
    if (status == GBAU_OK) {
        status = argument_unless(key_calls_in_is_sound(in, in_length) && unwrapped != NULL);
    }
    if (status != GBAU_OK) {
        return status;
    }
    struct gbau_key *made = new_beside(key);
    if (made == NULL) {
        return GBAU_E_MEMORY;
    }
    status = key->holder->unwrap(key, octets_of(in, in_length), made);
    note_ends(made);
    return hand_over(status, made, unwrapped);
}

/* Mutual authentication */

enum gbau_status gbau_key_authenticate_begin(struct gbau_key *key, uint8_t *message, size_t capacity, size_t *length)
{
    enum gbau_status status = key_calls_check(key, KEY_USAGE_AUTHENTICATE, KEY_SIDE_ANY);
    if (status == GBAU_OK) {
        status = argument_unless(key_calls_out_is_sound(message, capacity, length));
    }
    if (status != GBAU_OK) {
        return status;
    }
    struct octet_writer writer = octet_writer_of(message, capacity);
    return key_calls_finish(key->holder->authenticate_begin(key, &writer), &writer, length);
}

enum gbau_status gbau_key_authenticate_answer(struct gbau_key *key, const void *message, size_t message_length,
                                              uint8_t *answer, size_t capacity, size_t *length)
{
    enum gbau_status status = key_calls_check(key, KEY_USAGE_AUTHENTICATE, KEY_SIDE_ANY);
    if (status == GBAU_OK) {
        status = argument_unless(key_calls_in_is_sound(message, message_length) &&
                                 key_calls_out_is_sound(answer, capacity, length));
    }
    if (status != GBAU_OK) {
        return status;
    }
    struct octet_writer writer = octet_writer_of(answer, capacity);
    status = key->holder->authenticate_answer(key, octets_of(message, message_length), &writer);
    return key_calls_finish(status, &writer, length);
}

static struct gbau_key *new_session(const struct gbau_key *key)
{
    struct gbau_key *session = new_beside(key);
    if (session != NULL) {
        key_calls_note_session(session, key);
    }
    return session;
}

/* A session whose last message does not fit ends at once: the other end will never have it. */
static enum gbau_status keep_session(enum gbau_status status, const struct octet_writer *writer, size_t *length,
                                     struct gbau_key *session)
{
    const bool is_open = status == GBAU_OK;
    status = key_calls_finish(status, writer, length);
    if (is_open && status != GBAU_OK) {
        session->holder->close(session);
    }
    return status;
}

enum gbau_status gbau_key_authenticate_finish(struct gbau_key *key, const void *answer, size_t answer_length,
                                              uint8_t *message, size_t capacity, size_t *length,
                                              struct gbau_key **session)
{
    enum gbau_status status = key_calls_check(key, KEY_USAGE_AUTHENTICATE, KEY_SIDE_ANY);
    if (status == GBAU_OK) {
        status = argument_unless(key_calls_in_is_sound(answer, answer_length) &&
                                 key_calls_out_is_sound(message, capacity, length) && session != NULL);
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
    return hand_over(keep_session(status, &writer, length, made), made, session);
}

enum gbau_status gbau_key_authenticate_confirm(struct gbau_key *key, const void *message, size_t message_length,
                                               struct gbau_key **session)
{
    enum gbau_status status = key_calls_check(key, KEY_USAGE_AUTHENTICATE, KEY_SIDE_ANY);
    if (status == GBAU_OK) {
        status = argument_unless(key_calls_in_is_sound(message, message_length) && session != NULL);
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
