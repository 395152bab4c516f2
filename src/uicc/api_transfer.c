/* api_transfer.c: keys made of keys, and keys that leave the card or come to it (docs/gba_u-api.md 4.4, 8.6, 8.7). */
#include <string.h>

#include "base/secret.h"
#include "uicc/api_nonce.h"
#include "uicc/api_persist.h"
#include "uicc/api_rules.h"
#include "uicc/api_session.h"

static enum status_word find_key(const struct api_caller *caller, uint8_t handle, enum key_usage usage,
                                 struct api_session **session)
{
    *session = api_session_find(caller, handle);
    if (*session == NULL) {
        return SW_DATA_NOT_FOUND;
    }
    return (*session)->key.usage == usage ? SW_OK : SW_CONDITIONS;
}

/* What a new key of this origin must keep to: the policy, then a free handle. */
static enum status_word admit(const struct api_caller *caller, const struct api_origin *origin,
                              const struct application_key_description *description, struct api_session **claimed,
                              uint8_t *handle)
{
    const struct api_rules rules = api_rules_find(caller->uicc, origin->naf_id);
    const enum status_word sw = api_rules_check(&rules, caller->aid, description);
    if (sw != SW_OK) {
        return sw;
    }
    *claimed = api_session_claim(caller, handle);
    return *claimed == NULL ? SW_NO_MEMORY : SW_OK;
}

/* DERIVE */

enum status_word api_derive(const struct api_caller *caller, uint8_t handle,
                            const struct application_key_description *description, uint8_t *child)
{
    struct api_session *parent;
    struct api_session *claimed;
    struct application_key key;
    enum status_word sw = find_key(caller, handle, KEY_USAGE_DERIVE, &parent);
    if (sw == SW_OK) {
        sw = admit(caller, &parent->origin, description, &claimed, child);
    }
    if (sw != SW_OK) {
        return sw;
    }
    const enum gbau_status status = application_key_derive_child(caller->uicc->crypto, &parent->key, description, &key);
    if (status == GBAU_OK) {
        api_session_open(claimed, caller, &key, &parent->origin, description->label);
    }
    application_key_clear(&key);
    return api_sw_of(status);
}

/* Export */

enum status_word api_export(const struct api_caller *caller, uint8_t handle, uint8_t key[APPLICATION_KEY_SIZE])
{
    struct api_session *session;
    enum status_word sw = find_key(caller, handle, KEY_USAGE_EXPORT, &session);
    if (sw == SW_OK) {
        sw = api_rules_pay(caller->uicc, session);
    }
    if (sw == SW_OK) {
        memcpy(key, session->key.octets, APPLICATION_KEY_SIZE);
    }
    return sw;
}

/* What is wrapped: usage, direction, algorithm, length of label, label, key */

static bool is_transferable(enum key_usage usage)
{
    return usage >= KEY_USAGE_ENCRYPT && usage <= KEY_USAGE_DERIVE;
}

static void write_wrapped(struct octet_writer *writer, const struct api_session *session)
{
    octet_writer_u8(writer, (uint8_t)session->key.usage);
    octet_writer_u8(writer, (uint8_t)session->key.direction);
    octet_writer_u8(writer, (uint8_t)session->key.algorithm);
    octet_writer_u8(writer, session->label_length);
    octet_writer_put_octets(writer, api_session_label(session));
    octet_writer_put(writer, session->key.octets, APPLICATION_KEY_SIZE);
}

static enum gbau_status read_wrapped(struct octets text, struct application_key *key,
                                     struct application_key_description *description)
{
    struct octet_reader reader = octet_reader_of(text);
    description->usage = (enum key_usage)octet_reader_u8(&reader);
    description->direction = (enum key_direction)octet_reader_u8(&reader);
    description->algorithm = (enum key_algorithm)octet_reader_u8(&reader);
    description->label = octet_reader_take(&reader, octet_reader_u8(&reader));
    key->usage = description->usage;
    key->direction = description->direction;
    key->algorithm = description->algorithm;
    octet_reader_copy(&reader, key->octets, APPLICATION_KEY_SIZE);
    const bool is_sound = octet_reader_end(&reader) == GBAU_OK && is_transferable(description->usage) &&
                          description->label.length >= 1 && description->label.length <= APPLICATION_LABEL_MAX;
    return is_sound ? GBAU_OK : GBAU_E_MALFORMED;
}

/* WRAP */

static enum gbau_status seal_key(struct uicc *uicc, struct api_session *session, const struct api_session *other,
                                 struct api_wrapped_key *wrapped)
{
    struct octet_writer writer = octet_writer_of(wrapped->ciphertext, sizeof wrapped->ciphertext);
    write_wrapped(&writer, other);
    wrapped->length = writer.length;
    enum gbau_status status = api_session_count_message(session);
    if (status == GBAU_OK) {
        status = api_nonce_make(uicc, wrapped->nonce);
    }
    if (status == GBAU_OK) {
        status =
            application_key_seal(uicc->crypto, &session->key, wrapped->nonce, (struct octets){0},
                                 octets_of(wrapped->ciphertext, wrapped->length), wrapped->ciphertext, wrapped->tag);
    }
    if (status != GBAU_OK) {
        secret_wipe(wrapped, sizeof *wrapped);
    }
    return status;
}

/* The NAF of the key that is wrapped must allow it: the wrapping key may be another NAF's. */
enum status_word api_wrap(const struct api_caller *caller, uint8_t handle, uint8_t other,
                          struct api_wrapped_key *wrapped)
{
    struct api_session *session;
    const struct api_session *moved = api_session_find(caller, other);
    if (moved == NULL) {
        return SW_DATA_NOT_FOUND;
    }
    enum status_word sw = find_key(caller, handle, KEY_USAGE_WRAP, &session);
    if (sw != SW_OK) {
        return sw;
    }
    if (!api_session_makes(session) || !is_transferable(moved->key.usage) || api_persist_counts(caller->uicc, moved)) {
        return SW_CONDITIONS;
    }
    if (!api_rules_find(caller->uicc, moved->origin.naf_id).policy.allows_wrap) {
        return SW_SECURITY_STATUS;
    }
    sw = api_rules_is_used_up(caller->uicc, moved) ? SW_BLOCKED : api_rules_pay(caller->uicc, session);
    return sw == SW_OK ? api_sw_of(seal_key(caller->uicc, session, moved, wrapped)) : sw;
}

/* UNWRAP */

static enum status_word open_key(const struct api_caller *caller, const struct api_session *session, struct octets text,
                                 uint8_t *unwrapped, struct api_key_view *view)
{
    struct application_key key = {0};
    struct application_key_description description = {0};
    struct api_session *claimed;
    enum status_word sw = api_sw_of(read_wrapped(text, &key, &description));
    if (sw == SW_OK) {
        sw = admit(caller, &session->origin, &description, &claimed, unwrapped);
    }
    if (sw == SW_OK) {
        api_session_open(claimed, caller, &key, &session->origin, description.label);
        *view = (struct api_key_view){.label = api_session_label(claimed),
                                      .usage = description.usage,
                                      .direction = description.direction,
                                      .algorithm = description.algorithm};
    }
    application_key_clear(&key);
    return sw;
}

enum status_word api_unwrap(const struct api_caller *caller, uint8_t handle, struct octets nonce,
                            struct octets ciphertext, struct octets tag, uint8_t *unwrapped, struct api_key_view *view)
{
    struct api_session *session;
    uint8_t text[API_WRAPPED_KEY_MAX];
    if (nonce.length != AEAD_NONCE_SIZE || tag.length != AEAD_TAG_SIZE || ciphertext.length > sizeof text) {
        return SW_WRONG_DATA;
    }
    enum status_word sw = find_key(caller, handle, KEY_USAGE_WRAP, &session);
    if (sw == SW_OK) {
        sw = api_session_reads(session) ? api_rules_pay(caller->uicc, session) : SW_CONDITIONS;
    }
    if (sw != SW_OK) {
        return sw;
    }
    sw = api_sw_of(application_key_open(caller->uicc->crypto, &session->key, nonce.data, (struct octets){0}, ciphertext,
                                        tag.data, text));
    if (sw == SW_OK) {
        sw = open_key(caller, session, octets_of(text, ciphertext.length), unwrapped, view);
    }
    secret_wipe(text, sizeof text);
    return sw;
}
