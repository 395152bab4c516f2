/* key_object.h: a key as PKCS#11 shows it: a non-extractable secret key with attributes. */
#ifndef PKCS11_KEY_OBJECT_H
#define PKCS11_KEY_OBJECT_H

#include "base/octets.h"
#include "pkcs11/card_connection.h"
#include "pkcs11/cryptoki.h"

enum { OBJECT_LABEL_SIZE = KEY_FQDN_SIZE + 12, OBJECT_ID_MAX = 32 };

enum key_origin {
    KEY_OF_NAF,     /* Ks_int_NAF: other keys are derived from it */
    KEY_PERSISTED,  /* the card keeps it */
    KEY_CONFIGURED, /* an application key that the configuration names */
    KEY_DERIVED     /* by C_DeriveKey, a session object */
};

struct key_object {
    enum key_origin origin;
    struct key_name name;
    CK_OBJECT_HANDLE parent; /* of a child key (docs/gba_u-api.md 4.4); 0: of none */
    char b_tid[GBAU_B_TID_SIZE];
    uint32_t operations;           /* left; UINT32_MAX: no limit */
    char label[OBJECT_LABEL_SIZE]; /* as shown: FQDN, FQDN/UA, or the key's own label */
    uint8_t id[OBJECT_ID_MAX];
    size_t id_length;
    CK_OBJECT_HANDLE handle;
    CK_SESSION_HANDLE owner; /* of a session object */
    struct open_key open;
    struct key_object *next_by_label; /* of the object table */
    bool is_listed;                   /* seen by the last listing of the card */
};

/* Which of C_Encrypt, C_Decrypt, C_Sign, C_Verify and C_DeriveKey the key is for, as CKF_ENCRYPT and so on. */
CK_FLAGS key_object_functions(const struct key_object *object);

/* Octets of the key: 16 or 32. */
CK_ULONG key_object_value_length(const struct key_object *object);

/*
 * Gives the value of one attribute, or only its length when attribute->pValue is NULL (C_GetAttributeValue).
 * CKR_ATTRIBUTE_SENSITIVE, CKR_ATTRIBUTE_TYPE_INVALID, CKR_BUFFER_TOO_SMALL: its length is then unavailable.
 */
CK_RV key_object_get_attribute(const struct key_object *object, CK_ATTRIBUTE *attribute);

/* True when the object has all attributes of the template. */
bool key_object_matches(const struct key_object *object, const CK_ATTRIBUTE *template, CK_ULONG count);

#endif
