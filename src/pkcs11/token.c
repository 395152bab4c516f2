/* token.c: login, connection and keys of a token. */
#include "pkcs11/token.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "pkcs11/return_value.h"
#include "pkcs11/token_listing.h"

static const enum gbau_algorithm hash_algorithms[TOKEN_HASHES] = {GBAU_SHA256, GBAU_SM3};

/* Connection */

static void forget_pin(struct token *token)
{
    secret_wipe(token->pin, sizeof token->pin);
    token->is_logged_in = false;
    token->is_provisioned = false;
}

/* A PIN that is wrong now, though it was right at the login, was changed: it is not tried again. */
static void note_pin(struct token *token, enum gbau_status status)
{
    if (status == GBAU_E_PIN_REQUIRED) {
        token->pin_state = TOKEN_PIN_REQUIRED;
    } else if (status == GBAU_OK && !token->is_logged_in) {
        token->pin_state = TOKEN_PIN_NOT_REQUIRED;
    } else if (status == GBAU_E_PIN_WRONG || status == GBAU_E_PIN_BLOCKED) {
        token->pin_state = TOKEN_PIN_REQUIRED;
        object_table_empty(&token->objects);
        forget_pin(token);
    }
}

static enum gbau_status open_anew(struct token *token)
{
    enum gbau_status status = card_connection_open(&token->connection, token->is_logged_in ? token->pin : NULL);
    note_pin(token, status);
    if (status != GBAU_OK) {
        return status;
    }
    status = token_list_keys(token);
    if (status != GBAU_OK) {
        card_connection_close(&token->connection);
    }
    return status;
}

static bool is_known_to_be_locked(const struct token *token)
{
    return token->pin_state == TOKEN_PIN_REQUIRED && !token->is_logged_in;
}

CK_RV token_connect(struct token *token)
{
    card_connection_end_turn(&token->connection);
    if (is_known_to_be_locked(token)) {
        return CKR_USER_NOT_LOGGED_IN; /* without asking the card again and again */
    }
    if (token->connection.gbau != NULL) {
        return return_value_of_card(card_connection_open(&token->connection, NULL));
    }
    return return_value_of_card(open_anew(token));
}

CK_RV token_connect_publicly(struct token *token)
{
    CK_RV rv = token_connect(token);
    return rv == CKR_USER_NOT_LOGGED_IN ? return_value_of_card(card_connection_open_locked(&token->connection)) : rv;
}

bool token_is_present(const struct token *token)
{
    return gbau_card_is_present(token->connection.configuration->card);
}

void token_release(struct token *token)
{
    card_connection_close(&token->connection);
}

/* Login */

static CK_RV check_pin(const uint8_t *pin, size_t length)
{
    if (length < TOKEN_PIN_MIN || length > TOKEN_PIN_MAX) {
        return CKR_PIN_LEN_RANGE;
    }
    for (size_t i = 0; i < length; i++) {
        if (pin[i] < '0' || pin[i] > '9') {
            return CKR_PIN_INVALID;
        }
    }
    return CKR_OK;
}

CK_RV token_login(struct token *token, const uint8_t *pin, size_t length)
{
    CK_RV rv = token->is_logged_in ? CKR_USER_ALREADY_LOGGED_IN : check_pin(pin, length);
    if (rv != CKR_OK) {
        return rv;
    }
    token_release(token);
    memcpy(token->pin, pin, length);
    token->pin[length] = '\0';
    token->is_logged_in = true;
    token->is_provisioned = false;
    rv = token_connect(token);
    if (rv != CKR_OK) {
        forget_pin(token);
    }
    return rv;
}

void token_logout(struct token *token)
{
    token_release(token);
    object_table_empty(&token->objects);
    forget_pin(token);
}

void token_end(struct token *token)
{
    token_logout(token);
    object_table_clear(&token->objects);
}

/* Keys */

static enum gbau_status open_from_card(struct token *token, struct key_object *object, struct gbau_key *parent,
                                       struct gbau_key **key)
{
    const struct key_name *name = &object->name;
    const struct gbau_key_request request = key_name_request(name);
    if (object->origin == KEY_PERSISTED) {
        return gbau_key_open_persisted(token->connection.gbau, name->naf.fqdn, name->naf.ua, name->label, key);
    }
    if (parent != NULL) {
        return gbau_key_derive(parent, &request, key);
    }
    return gbau_key_open(token->connection.gbau, name->naf.fqdn, name->naf.ua, &request, key);
}

/* Opens the keys that `object` was derived from, if any. */
static CK_RV open_parent(struct token *token, const struct key_object *object, struct key_object **parent)
{
    struct gbau_key *key;
    *parent = NULL;
    if (object->parent == 0) {
        return CKR_OK;
    }
    *parent = object_table_get(&token->objects, object->parent);
    return *parent != NULL ? token_open_key(token, *parent, &key) : CKR_KEY_HANDLE_INVALID;
}

/* The key of another bootstrapping is another key. */
static enum gbau_status check_b_tid(const struct key_object *object, const struct gbau_key *key)
{
    const bool is_same = object->b_tid[0] == '\0' || strcmp(object->b_tid, gbau_key_b_tid(key)) == 0;
    return is_same ? GBAU_OK : GBAU_E_NOT_FOUND;
}

CK_RV token_open_key(struct token *token, struct key_object *object, struct gbau_key **key)
{
    struct key_object *parent;
    if (object->open.key != NULL) {
        card_connection_use_key(&token->connection, &object->open);
        *key = object->open.key;
        return CKR_OK;
    }
    CK_RV rv = open_parent(token, object, &parent);
    if (rv != CKR_OK) {
        return rv;
    }
    enum gbau_status status;
    do {
        status = open_from_card(token, object, parent != NULL ? parent->open.key : NULL, key);
    } while (status == GBAU_E_LIMIT &&
             card_connection_close_oldest_key(&token->connection, parent != NULL ? &parent->open : NULL));
    if (status == GBAU_OK && check_b_tid(object, *key) != GBAU_OK) {
        gbau_key_close(*key);
        token_release(token); /* the list is made anew then */
        status = GBAU_E_NOT_FOUND;
    }
    if (status == GBAU_OK) {
        card_connection_add_key(&token->connection, &object->open, *key);
    }
    return return_value_of(status);
}

CK_RV token_open_hash(struct token *token, enum gbau_algorithm algorithm, struct gbau_key **key)
{
    static const uint8_t no_ua[KEY_UA_SIZE];
    const struct gbau_key_request request = {.usage = GBAU_USAGE_HASH, .algorithm = algorithm, .label = "hash"};
    struct open_key *open = &token->hashes[algorithm == hash_algorithms[0] ? 0 : 1];
    if (open->key != NULL) {
        card_connection_use_key(&token->connection, open);
        *key = open->key;
        return CKR_OK;
    }
    enum gbau_status status;
    do {
        status = gbau_key_open(token->connection.gbau, NULL, no_ua, &request, key);
    } while (status == GBAU_E_LIMIT && card_connection_close_oldest_key(&token->connection, NULL));
    if (status == GBAU_OK) {
        card_connection_add_key(&token->connection, open, *key);
    }
    return return_value_of(status);
}

static void remove_object(struct token *token, struct key_object *object)
{
    card_connection_close_key(&token->connection, &object->open);
    object_table_remove(&token->objects, object);
}

CK_RV token_add_key(struct token *token, struct key_object *object)
{
    struct gbau_key *key;
    if (object_table_add(&token->objects, object) != GBAU_OK) {
        free(object);
        return CKR_HOST_MEMORY;
    }
    CK_RV rv = token_open_key(token, object, &key);
    if (rv != CKR_OK) {
        remove_object(token, object);
    }
    return rv;
}

/* The card replaces a persisted key of the same NAF and label. */
static void remove_replaced(struct token *token, const struct key_object *persisted)
{
    struct key_object *next;
    for (struct key_object *object = object_table_by_label(&token->objects, octets_of_text(persisted->label));
         object != NULL; object = next) {
        next = object->next_by_label;
        if (object->origin == KEY_PERSISTED && strcmp(object->name.label, persisted->name.label) == 0 &&
            naf_name_equal(&object->name.naf, &persisted->name.naf)) {
            remove_object(token, object);
        }
    }
}

CK_RV token_persist(struct token *token, struct key_object *object)
{
    struct gbau_key *key;
    CK_RV rv = token_open_key(token, object, &key);
    if (rv == CKR_OK) {
        rv = return_value_of(gbau_key_persist(key, object->operations));
    }
    if (rv != CKR_OK) {
        remove_object(token, object);
        return rv;
    }
    remove_replaced(token, object);
    card_connection_close_key(&token->connection, &object->open); /* next time it is opened as persisted */
    object->origin = KEY_PERSISTED;
    object->parent = 0;
    object->owner = 0;
    return return_value_of(token_list_keys(token)); /* gives it its CKA_ID */
}

CK_RV token_destroy(struct token *token, struct key_object *object)
{
    if (object->origin == KEY_OF_NAF || object->origin == KEY_CONFIGURED) {
        return CKR_ACTION_PROHIBITED;
    }
    if (object->origin == KEY_PERSISTED) {
        card_connection_close_key(&token->connection, &object->open);
        enum gbau_status status = gbau_key_delete_persisted(token->connection.gbau, object->name.naf.fqdn,
                                                            object->name.naf.ua, object->name.label);
        if (status != GBAU_OK) {
            return return_value_of(status);
        }
    }
    remove_object(token, object);
    return CKR_OK;
}

void token_forget_session(struct token *token, CK_SESSION_HANDLE session)
{
    size_t position = 0;
    for (struct key_object *object; (object = object_table_next(&token->objects, &position)) != NULL;) {
        if (object->origin == KEY_DERIVED && object->owner == session) {
            remove_object(token, object);
        }
    }
}

CK_RV token_random(struct token *token, uint8_t *out, size_t length)
{
    return return_value_of(gbau_random(token->connection.gbau, out, length));
}
