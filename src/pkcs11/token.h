/*
 * token.h: a card as a token: who is logged in, which keys there are, and any of them open when it is needed.
 *
 * What the card holds is listed anew whenever it was opened anew; objects that are still there keep their handles. A
 * NAF key that was replaced by another bootstrapping is another object, and what was derived from the old one is gone.
 * Not thread-safe: its slot has the mutex.
 */
#ifndef PKCS11_TOKEN_H
#define PKCS11_TOKEN_H

#include "pkcs11/object_table.h"

enum { TOKEN_PIN_MIN = 4, TOKEN_PIN_MAX = 8, TOKEN_HASHES = 2 };

enum token_pin { TOKEN_PIN_UNKNOWN, TOKEN_PIN_REQUIRED, TOKEN_PIN_NOT_REQUIRED };

struct token {
    struct card_connection connection;
    struct object_table objects;
    enum token_pin pin_state;
    bool is_logged_in;
    char pin[TOKEN_PIN_MAX + 1]; /* while logged in: a connection that is opened again needs it */
    bool is_provisioned;         /* what the configuration wants was derived, or tried once */
    struct open_key hashes[TOKEN_HASHES];
};

/* Opens the card unless it is open. CKR_USER_NOT_LOGGED_IN, CKR_TOKEN_NOT_PRESENT, CKR_DEVICE_ERROR. */
CK_RV token_connect(struct token *token);

/* The same for random octets and hashes, which need no login. */
CK_RV token_connect_publicly(struct token *token);

/* Whether a card is there; nothing is opened. */
bool token_is_present(const struct token *token);

/* CKR_PIN_LEN_RANGE, CKR_PIN_INVALID, CKR_PIN_INCORRECT, CKR_PIN_LOCKED, CKR_USER_ALREADY_LOGGED_IN. */
CK_RV token_login(struct token *token, const uint8_t *pin, size_t length);

/* Forgets PIN and all objects; handles of these stay invalid after another login (PKCS#11 v2.40 C_Logout). */
void token_logout(struct token *token);

/* The same, and frees all. */
void token_end(struct token *token);

/* Gives the card back to other processes; objects stay. */
void token_release(struct token *token);

/* Opens the key of an object unless it is open. CKR_KEY_HANDLE_INVALID when the card has it no more. */
CK_RV token_open_key(struct token *token, struct key_object *object, struct gbau_key **key);

/* A hash on the card, connected publicly; `algorithm` is GBAU_SHA256 or GBAU_SM3. */
CK_RV token_open_hash(struct token *token, enum gbau_algorithm algorithm, struct gbau_key **key);

/* Adds an object and checks that the card has its key, which stays open; wipes and frees `object` when it fails. */
CK_RV token_add_key(struct token *token, struct key_object *object);

/* Keeps the key of an object in the card, for at most object->operations uses; removes the object when that fails. */
CK_RV token_persist(struct token *token, struct key_object *object);

/* Removes an object; a persisted one from the card too. */
CK_RV token_destroy(struct token *token, struct key_object *object);

/* Removes the session objects of a session. */
void token_forget_session(struct token *token, CK_SESSION_HANDLE session);

CK_RV token_random(struct token *token, uint8_t *out, size_t length);

#endif
