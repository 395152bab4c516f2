/*
 * application_key.h: keys distributed from Ks_int_NAF, the heart of the GBA_U API; one code for card and server.
 *
 *     K = KDF(Ks_int_NAF, FE || "gba-u-api" || usage || direction || algorithm || label || caller AID || context)
 *
 * each parameter followed by its length (TS 33.220 B.2). Two callers, usages, algorithms, labels, contexts or
 * directions never share key octets. Ks_int_NAF itself is used for nothing else.
 */
#ifndef KEY_APPLICATION_KEY_H
#define KEY_APPLICATION_KEY_H

#include "key/gba_keys.h"

/* Not allocated by 3GPP as far as known ([M], docs/conformance.md): the one place where it stands. */
#define APPLICATION_KEY_FC 0xfe

enum {
    APPLICATION_KEY_SIZE = 32,
    APPLICATION_LABEL_MAX = 64,
    APPLICATION_CONTEXT_MAX = 64,
    APPLICATION_CALLER_MAX = 16
};

enum key_usage {
    KEY_USAGE_ENCRYPT = 0x01,
    KEY_USAGE_MAC = 0x02,
    KEY_USAGE_AUTHENTICATE = 0x03,
    KEY_USAGE_DERIVE = 0x04,
    KEY_USAGE_WRAP = 0x05,
    KEY_USAGE_EXPORT = 0x06,
    KEY_USAGE_POLICY = 0x07
};

/* Who seals for whom: with a key for each direction no nonce of one side can meet one of the other. */
enum key_direction {
    KEY_DIRECTION_CARD_TO_NAF = 0x01,
    KEY_DIRECTION_NAF_TO_CARD = 0x02,
    KEY_DIRECTION_CARD_TO_CARD = 0x03 /* data at rest */
};

/* Algorithm identifiers on the wire of the API. */
enum key_algorithm {
    KEY_ALGORITHM_AES_128_GCM = 0x01,
    KEY_ALGORITHM_AES_256_GCM = 0x02
};

/* What a key is derived for. All views are the caller's. */
struct application_key_description {
    enum key_usage usage;
    enum key_direction direction;
    enum key_algorithm algorithm;
    struct octets label;   /* 1 to 64 octets */
    struct octets caller;  /* AID, 5 to 16 octets */
    struct octets context; /* 0 to 64 octets */
};

/* A key distributed from Ks_int_NAF, which knows what it may do. Wipe it with application_key_clear. */
struct application_key {
    uint8_t octets[APPLICATION_KEY_SIZE];
    enum key_usage usage;
    enum key_direction direction;
    enum key_algorithm algorithm;
};

/* GBAU_E_ARGUMENT for a length out of bounds, GBAU_E_UNSUPPORTED for an unknown usage, direction or algorithm. */
GBAU_MUST_USE enum gbau_status application_key_derive(struct crypto *crypto, const struct ks_int_naf *root,
                                                      const struct application_key_description *description,
                                                      struct application_key *key);
void application_key_clear(struct application_key *key);

/*
 * AEAD with an encrypt key. The nonce must never repeat under one key: on the card it comes from a counter that
 * survives power loss (docs/architecture.md). `ciphertext` has room for plaintext.length octets.
 * GBAU_E_ACCESS when the key is not for encryption.
 */
GBAU_MUST_USE enum gbau_status application_key_seal(struct crypto *crypto, const struct application_key *key,
                                                    const uint8_t nonce[AES_GCM_NONCE_SIZE], struct octets aad,
                                                    struct octets plaintext, uint8_t *ciphertext,
                                                    uint8_t tag[AES_GCM_TAG_SIZE]);

/* GBAU_E_AUTHENTICATION when the message was not sealed under this key; then `plaintext` is wiped. */
GBAU_MUST_USE enum gbau_status application_key_open(struct crypto *crypto, const struct application_key *key,
                                                    const uint8_t nonce[AES_GCM_NONCE_SIZE], struct octets aad,
                                                    struct octets ciphertext, const uint8_t tag[AES_GCM_TAG_SIZE],
                                                    uint8_t *plaintext);

/* True for an algorithm that this build knows. */
bool key_algorithm_is_known(uint8_t algorithm);

#endif
