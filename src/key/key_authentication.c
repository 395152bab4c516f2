/* key_authentication.c: three messages, two roles, one session key. */
#include "key/key_authentication.h"

#include <string.h>

#include "base/secret.h"
#include "crypto/kdf.h"

#define SESSION_NAME "gba-u-api-session"

enum { VERSION_SIZE = 4 };

static struct octets nonce_view(const uint8_t *nonce)
{
    return octets_of(nonce, KEY_AUTHENTICATION_NONCE_SIZE);
}

static void write_version(uint8_t octets[VERSION_SIZE], uint32_t version)
{
    struct octet_writer writer = octet_writer_of(octets, VERSION_SIZE);
    octet_writer_u32(&writer, version);
}

/* What a role puts under its MAC: its letter, its own nonce, the other's, version, B-TID. */
struct token {
    uint8_t role;
    uint8_t version[VERSION_SIZE];
    struct octets parts[5];
};

static void make_token(struct token *token, const struct key_authentication *run,
                       const struct key_authentication_binding *binding, enum key_authentication_role role)
{
    const bool is_initiator = role == KEY_AUTHENTICATION_INITIATOR;
    token->role = (uint8_t)role;
    write_version(token->version, binding->policy_version);
    token->parts[0] = octets_of(&token->role, 1);
    token->parts[1] = nonce_view(is_initiator ? run->initiator_nonce : run->responder_nonce);
    token->parts[2] = nonce_view(is_initiator ? run->responder_nonce : run->initiator_nonce);
    token->parts[3] = octets_of(token->version, VERSION_SIZE);
    token->parts[4] = binding->b_tid;
}

enum { TOKEN_PARTS = 5 };

static enum gbau_status compute(struct crypto *crypto, const struct application_key *key,
                                const struct key_authentication *run, const struct key_authentication_binding *binding,
                                enum key_authentication_role role, uint8_t mac[MAC_MAX_SIZE])
{
    struct token token;
    make_token(&token, run, binding, role);
    return application_key_mac(crypto, key, token.parts, TOKEN_PARTS, mac);
}

static enum gbau_status verify(struct crypto *crypto, const struct application_key *key,
                               const struct key_authentication *run, const struct key_authentication_binding *binding,
                               enum key_authentication_role role, struct octets mac)
{
    struct token token;
    make_token(&token, run, binding, role);
    return application_key_verify(crypto, key, token.parts, TOKEN_PARTS, mac);
}

static enum gbau_status make_session(struct crypto *crypto, const struct application_key *key,
                                     const struct key_authentication *run,
                                     const struct key_authentication_binding *binding, struct application_key *session)
{
    uint8_t version[VERSION_SIZE];
    write_version(version, binding->policy_version);
    const struct octets parameters[] = {octets_of_text(SESSION_NAME), nonce_view(run->initiator_nonce),
                                        nonce_view(run->responder_nonce), octets_of(version, VERSION_SIZE),
                                        binding->b_tid};
    session->usage = KEY_USAGE_DERIVE;
    session->direction = KEY_DIRECTION_NONE;
    session->algorithm = KEY_ALGORITHM_KDF;
    return kdf_derive(crypto, octets_of(key->octets, APPLICATION_KEY_SIZE), APPLICATION_KEY_FC, parameters,
                      sizeof parameters / sizeof parameters[0], session->octets);
}

static enum gbau_status check_key(const struct application_key *key)
{
    return key->usage == KEY_USAGE_AUTHENTICATE ? GBAU_OK : GBAU_E_ACCESS;
}

enum gbau_status key_authentication_begin(struct key_authentication *run, struct crypto *crypto,
                                          const struct application_key *key,
                                          uint8_t initiator_nonce[KEY_AUTHENTICATION_NONCE_SIZE])
{
    *run = (struct key_authentication){0};
    enum gbau_status status = check_key(key);
    if (status == GBAU_OK) {
        status = crypto_random(crypto, run->initiator_nonce, KEY_AUTHENTICATION_NONCE_SIZE);
    }
    if (status == GBAU_OK) {
        run->role = KEY_AUTHENTICATION_INITIATOR;
        memcpy(initiator_nonce, run->initiator_nonce, KEY_AUTHENTICATION_NONCE_SIZE);
    }
    return status;
}

enum gbau_status key_authentication_answer(struct key_authentication *run, struct crypto *crypto,
                                           const struct application_key *key,
                                           const struct key_authentication_binding *binding,
                                           const uint8_t initiator_nonce[KEY_AUTHENTICATION_NONCE_SIZE],
                                           uint8_t responder_nonce[KEY_AUTHENTICATION_NONCE_SIZE],
                                           uint8_t mac[MAC_MAX_SIZE])
{
    *run = (struct key_authentication){0};
    memcpy(run->initiator_nonce, initiator_nonce, KEY_AUTHENTICATION_NONCE_SIZE);
    enum gbau_status status = check_key(key);
    if (status == GBAU_OK) {
        status = crypto_random(crypto, run->responder_nonce, KEY_AUTHENTICATION_NONCE_SIZE);
    }
    if (status == GBAU_OK) {
        status = compute(crypto, key, run, binding, KEY_AUTHENTICATION_RESPONDER, mac);
    }
    if (status == GBAU_OK) {
        run->role = KEY_AUTHENTICATION_RESPONDER;
        memcpy(responder_nonce, run->responder_nonce, KEY_AUTHENTICATION_NONCE_SIZE);
    }
    return status;
}

enum gbau_status key_authentication_finish(struct key_authentication *run, struct crypto *crypto,
                                           const struct application_key *key,
                                           const struct key_authentication_binding *binding,
                                           const uint8_t responder_nonce[KEY_AUTHENTICATION_NONCE_SIZE],
                                           struct octets responder_mac, uint8_t mac[MAC_MAX_SIZE],
                                           struct application_key *session)
{
    if (run->role != KEY_AUTHENTICATION_INITIATOR) {
        return GBAU_E_ARGUMENT;
    }
    memcpy(run->responder_nonce, responder_nonce, KEY_AUTHENTICATION_NONCE_SIZE);
    enum gbau_status status = verify(crypto, key, run, binding, KEY_AUTHENTICATION_RESPONDER, responder_mac);
    if (status == GBAU_OK) {
        status = compute(crypto, key, run, binding, KEY_AUTHENTICATION_INITIATOR, mac);
    }
    if (status == GBAU_OK) {
        status = make_session(crypto, key, run, binding, session);
    }
    key_authentication_clear(run);
    return status;
}

enum gbau_status key_authentication_confirm(struct key_authentication *run, struct crypto *crypto,
                                            const struct application_key *key,
                                            const struct key_authentication_binding *binding,
                                            struct octets initiator_mac, struct application_key *session)
{
    if (run->role != KEY_AUTHENTICATION_RESPONDER) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = verify(crypto, key, run, binding, KEY_AUTHENTICATION_INITIATOR, initiator_mac);
    if (status == GBAU_OK) {
        status = make_session(crypto, key, run, binding, session);
    }
    key_authentication_clear(run);
    return status;
}

void key_authentication_clear(struct key_authentication *run)
{
    secret_wipe(run, sizeof *run);
}
