/* mechanism.h: which mechanisms there are, what keys they take, and what their parameters say. */
#ifndef PKCS11_MECHANISM_H
#define PKCS11_MECHANISM_H

#include "base/octets.h"
#include "gbau/key.h"
#include "pkcs11/cryptoki.h"

enum { MECHANISM_MAX = 16, MECHANISM_ALGORITHMS_MAX = 12, MECHANISM_IV_MAX = 16 };

/* What the parameter of a cipher says; views of the caller's memory. */
struct cipher_parameter {
    uint8_t iv[MECHANISM_IV_MAX]; /* of a decryption */
    size_t iv_length;             /* 0: the IV stands in front of the ciphertext */
    uint8_t *iv_out;              /* where the IV of an encryption goes; NULL: in front of the ciphertext */
    struct octets additional_data;
};

struct mechanism {
    CK_MECHANISM_TYPE type;
    CK_FLAGS functions;    /* CKF_ENCRYPT and so on */
    CK_ULONG least_length; /* of keys, in octets */
    CK_ULONG most_length;
    /* GBAU_OK when the parameter is sound for `function`. */
    CK_RV (*read)(const CK_MECHANISM *mechanism, CK_FLAGS function, struct cipher_parameter *parameter);
    enum gbau_algorithm algorithms[MECHANISM_ALGORITHMS_MAX]; /* of keys, or of a digest; ends with 0 */
};

/* The mechanism of a type that has this function; NULL when there is none. */
const struct mechanism *mechanism_find(CK_MECHANISM_TYPE type, CK_FLAGS function);

/* All of them. */
const struct mechanism *mechanism_list(size_t *count);

/* Whether keys of this algorithm go with it. */
bool mechanism_takes(const struct mechanism *mechanism, enum gbau_algorithm algorithm);

struct key_object;

/* Types of the mechanisms that a key goes with; how many. */
size_t mechanisms_of_key(const struct key_object *object, CK_MECHANISM_TYPE types[MECHANISM_MAX]);

/* Of an algorithm: octets of the key, of the nonce or IV, of the tag; and CKK_AES, CKK_GENERIC_SECRET or a vendor's. */
CK_ULONG mechanism_key_length(enum gbau_algorithm algorithm);
size_t mechanism_iv_length(enum gbau_algorithm algorithm);
size_t mechanism_tag_length(enum gbau_algorithm algorithm);
CK_KEY_TYPE mechanism_key_type(enum gbau_algorithm algorithm);

/* Whether the text is padded to whole blocks. */
bool mechanism_pads(enum gbau_algorithm algorithm);

#endif
