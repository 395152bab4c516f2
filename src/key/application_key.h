/*
 * application_key.h: keys distributed from Ks_int_NAF, the heart of the GBA_U API; one code for card and server
 * (docs/gba_u-api.md clauses 4 and 9).
 *
 *     K = KDF(Ks_int_NAF, FE || "gba-u-api" || usage || direction || algorithm || label || caller AID || context)
 *
 * each parameter followed by its length (TS 33.220 B.2). Two callers, usages, algorithms, labels, contexts or
 * directions never share key octets. Ks_int_NAF itself is used for nothing else.
 */
#ifndef KEY_APPLICATION_KEY_H
#define KEY_APPLICATION_KEY_H

#include "key/gba_keys.h"
#include "key/key_algorithm.h"

/* Not allocated by 3GPP as far as known ([M], docs/conformance.md): the one place where it stands. */
#define APPLICATION_KEY_FC 0xfe

enum {
    APPLICATION_KEY_SIZE = 32,
    APPLICATION_LABEL_MAX = 64,
    APPLICATION_CONTEXT_MAX = 64,
    APPLICATION_CALLER_MAX = 16
};

/* What a key is derived for. All views are the caller's. */
struct application_key_description {
    enum key_usage usage;
    enum key_direction direction;
    enum key_algorithm algorithm;
    struct octets label;   /* 1 to 64 octets */
    struct octets caller;  /* AID, 5 to 16 octets; of no account for a child */
    struct octets context; /* 0 to 64 octets */
};

/* A key distributed from Ks_int_NAF, which knows what it may do. Wipe it with application_key_clear. */
struct application_key {
    uint8_t octets[APPLICATION_KEY_SIZE];
    enum key_usage usage;
    enum key_direction direction;
    enum key_algorithm algorithm;
};

/*
 * GBAU_E_ARGUMENT for a length out of bounds; GBAU_E_UNSUPPORTED when usage, direction and algorithm do not go together
 * (key_usage_is_possible), or for usage hash, which has no key.
 */
GBAU_MUST_USE enum gbau_status application_key_derive(struct crypto *crypto, const struct ks_int_naf *root,
                                                      const struct application_key_description *description,
                                                      struct application_key *key);

/* A child of a key of usage derive (clause 4.4). Also GBAU_E_ACCESS for another parent; usage policy has none. */
GBAU_MUST_USE enum gbau_status application_key_derive_child(struct crypto *crypto, const struct application_key *parent,
                                                            const struct application_key_description *description,
                                                            struct application_key *key);

void application_key_clear(struct application_key *key);

/* The octets that the key's algorithm takes, for those who feed streams. A view of the key. */
struct octets application_key_octets(const struct application_key *key);

/*
 * AEAD with an encrypt or wrap key. The nonce must never repeat under one key: on the card it comes from a counter that
 * survives power loss. `ciphertext` has room for plaintext.length octets. GBAU_E_ACCESS for a key that is not for that.
 */
GBAU_MUST_USE enum gbau_status application_key_seal(struct crypto *crypto, const struct application_key *key,
                                                    const uint8_t nonce[AEAD_NONCE_SIZE], struct octets aad,
                                                    struct octets plaintext, uint8_t *ciphertext,
                                                    uint8_t tag[AEAD_TAG_SIZE]);

/* GBAU_E_AUTHENTICATION when the message was not sealed under this key; then `plaintext` is wiped. */
GBAU_MUST_USE enum gbau_status application_key_open(struct crypto *crypto, const struct application_key *key,
                                                    const uint8_t nonce[AEAD_NONCE_SIZE], struct octets aad,
                                                    struct octets ciphertext, const uint8_t tag[AEAD_TAG_SIZE],
                                                    uint8_t *plaintext);

/* MAC over the concatenated parts with a mac, authenticate or policy key: mac_size octets. GBAU_E_ACCESS for others. */
GBAU_MUST_USE enum gbau_status application_key_mac(struct crypto *crypto, const struct application_key *key,
                                                   const struct octets *parts, size_t part_count,
                                                   uint8_t mac[MAC_MAX_SIZE]);

/* Compares in constant time. GBAU_E_AUTHENTICATION when it does not match. */
GBAU_MUST_USE enum gbau_status application_key_verify(struct crypto *crypto, const struct application_key *key,
                                                      const struct octets *parts, size_t part_count, struct octets mac);

/* Octets of a tag, MAC or hash of the key's algorithm. */
size_t application_key_tag_size(const struct application_key *key);

#endif
