/*
 * key_authentication.h: mutual authentication of card and NAF in three messages (docs/gba_u-api.md clause 9, in the
 * manner of ISO/IEC 9798-4); one code for both ends and both roles.
 *
 *     I -> R   RI        R -> I   RR, TR        I -> R   TI
 *
 * A run that fails is wiped and answers GBAU_E_ARGUMENT from then on. One run belongs to one thread.
 */
#ifndef KEY_KEY_AUTHENTICATION_H
#define KEY_KEY_AUTHENTICATION_H

#include "key/application_key.h"

enum { KEY_AUTHENTICATION_NONCE_SIZE = 16 };

enum key_authentication_role { KEY_AUTHENTICATION_INITIATOR = 'I', KEY_AUTHENTICATION_RESPONDER = 'R' };

/* A run under way. Opaque. */
struct key_authentication {
    uint8_t role; /* 0: none is under way */
    uint8_t initiator_nonce[KEY_AUTHENTICATION_NONCE_SIZE];
    uint8_t responder_nonce[KEY_AUTHENTICATION_NONCE_SIZE];
};

/* What both ends must agree on beside the key: an end that assumes another version or B-TID finds the MAC wrong. */
struct key_authentication_binding {
    uint32_t policy_version; /* 0: no policy */
    struct octets b_tid;
};

/* Initiator, first message: makes RI. `key` is of usage authenticate, else GBAU_E_ACCESS. */
GBAU_MUST_USE enum gbau_status key_authentication_begin(struct key_authentication *run, struct crypto *crypto,
                                                        const struct application_key *key,
                                                        uint8_t initiator_nonce[KEY_AUTHENTICATION_NONCE_SIZE]);

/* Responder, first and second message: takes RI, makes RR and TR, application_key_tag_size octets. */
GBAU_MUST_USE enum gbau_status key_authentication_answer(struct key_authentication *run, struct crypto *crypto,
                                                         const struct application_key *key,
                                                         const struct key_authentication_binding *binding,
                                                         const uint8_t initiator_nonce[KEY_AUTHENTICATION_NONCE_SIZE],
                                                         uint8_t responder_nonce[KEY_AUTHENTICATION_NONCE_SIZE],
                                                         uint8_t mac[MAC_MAX_SIZE]);

/*
 * Initiator, second and third message: checks TR, makes TI and the session key, of usage derive.
 * GBAU_E_AUTHENTICATION when TR is wrong.
 */
GBAU_MUST_USE enum gbau_status key_authentication_finish(struct key_authentication *run, struct crypto *crypto,
                                                         const struct application_key *key,
                                                         const struct key_authentication_binding *binding,
                                                         const uint8_t responder_nonce[KEY_AUTHENTICATION_NONCE_SIZE],
                                                         struct octets responder_mac, uint8_t mac[MAC_MAX_SIZE],
                                                         struct application_key *session);

/* Responder, third message: checks TI, makes the session key. GBAU_E_AUTHENTICATION when TI is wrong. */
GBAU_MUST_USE enum gbau_status key_authentication_confirm(struct key_authentication *run, struct crypto *crypto,
                                                          const struct application_key *key,
                                                          const struct key_authentication_binding *binding,
                                                          struct octets initiator_mac, struct application_key *session);

void key_authentication_clear(struct key_authentication *run);

#endif
