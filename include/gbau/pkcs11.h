/*
 * pkcs11.h: what libgbau-pkcs11.so has beyond PKCS#11 v2.40: mechanisms and attributes of the GBA_U API
 * (docs/recipes/pkcs11.md shows them at work). Needs no other header; include any pkcs11.h beside it.
 */
#ifndef GBAU_PKCS11_H
#define GBAU_PKCS11_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * C_DeriveKey: from a NAF key, or from a key of usage derive, an application key (docs/gba_u-api.md 4). The parameter
 * is a struct gbau_pkcs11_derive, or nothing at all: then the template says everything.
 */
#define CKM_GBAU_DERIVE 0xe7620001UL

/*
 * C_Encrypt, C_Decrypt with the key's own algorithm, SM4 and CCM too: nonce || ciphertext || tag of an AEAD, IV ||
 * ciphertext of CTR and CBC, as gbau_key_encrypt writes it. The parameter is the additional data, as octets, or
 * nothing.
 */
#define CKM_GBAU_CIPHER 0xe7620002UL

/* C_Sign, C_Verify with the key's own algorithm. No parameter. */
#define CKM_GBAU_MAC 0xe7620003UL

/* C_Digest by SM3. No parameter. */
#define CKM_GBAU_SM3 0xe7620004UL

/*
 * The parameter of CKM_GBAU_DERIVE. Numbers are those of gbau/key.h; 0 leaves the choice to the template: CKA_ENCRYPT,
 * CKA_DECRYPT, CKA_SIGN, CKA_VERIFY and CKA_DERIVE say usage and direction; CKA_KEY_TYPE (CKK_AES or
 * CKK_GENERIC_SECRET) and CKA_VALUE_LEN (16 or 32) say the algorithm: AES-GCM, HMAC-SHA-256, AES-CMAC.
 */
struct gbau_pkcs11_derive {
    unsigned long usage;        /* enum gbau_usage */
    unsigned long direction;    /* enum gbau_direction */
    unsigned long algorithm;    /* enum gbau_algorithm */
    const unsigned char *label; /* 1 to 64 octets; NULL: CKA_LABEL of the template */
    unsigned long label_length;
    const unsigned char *context; /* 0 to 64 octets, or NULL */
    unsigned long context_length;
};

/* Attributes of keys, to be read and searched by; CKA_GBAU_OPERATIONS also stands in templates with CKA_TOKEN. */
#define CKA_GBAU_NAF        0xe7620101UL /* FQDN of the NAF, text */
#define CKA_GBAU_UA         0xe7620102UL /* Ua security protocol identifier, 5 octets */
#define CKA_GBAU_B_TID      0xe7620103UL /* what the NAF has to be told, text */
#define CKA_GBAU_USAGE      0xe7620104UL /* CK_ULONG, enum gbau_usage; 0 of a NAF key */
#define CKA_GBAU_DIRECTION  0xe7620105UL /* CK_ULONG, enum gbau_direction */
#define CKA_GBAU_ALGORITHM  0xe7620106UL /* CK_ULONG, enum gbau_algorithm; 0 of a NAF key */
#define CKA_GBAU_OPERATIONS 0xe7620107UL /* CK_ULONG, how many are left; CK_UNAVAILABLE_INFORMATION: no limit */

#ifdef __cplusplus
}
#endif
#endif
