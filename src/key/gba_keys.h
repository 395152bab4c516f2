/*
 * gba_keys.h: Ks and the NAF keys of GBA (TS 33.220 annex B and clause 5.3), the same for card and BSF.
 *
 * Each key is a type of its own, so that the compiler refuses one where another is meant. All hold secrets: whoever
 * owns one wipes it (secret_wipe).
 */
#ifndef KEY_GBA_KEYS_H
#define KEY_GBA_KEYS_H

#include "crypto/aka_types.h"
#include "crypto/primitives.h"

enum { NAF_KEY_SIZE = 32, NAF_ID_UA_SIZE = 5, NAF_ID_MAX = 255, IMPI_MAX = 255, TMPI_LENGTH = 57 };

/* Ks = CK || IK. */
struct ks {
    uint8_t octets[AKA_KS_SIZE];
};

/* Ks_(ext_)NAF: for the ME. */
struct ks_ext_naf {
    uint8_t octets[NAF_KEY_SIZE];
};

/* Ks_int_NAF: stays in the UICC; the NAF gets it from the BSF. */
struct ks_int_naf {
    uint8_t octets[NAF_KEY_SIZE];
};

/* TS 33.220 5.3.2 as remembered ([M], docs/conformance.md): one switch for each half, on by default. */
struct gba_u_rules {
    bool mask_mac;      /* MAC* = MAC xor Trunc(SHA-1(IK)) */
    bool flip_res_bit;  /* RES and XRES with the least significant bit flipped */
};
#define GBA_U_RULES_DEFAULT ((struct gba_u_rules){.mask_mac = true, .flip_res_bit = true})

void ks_from_ck_ik(struct ks *ks, const struct aka_ck *ck, const struct aka_ik *ik);

/* MAC <-> MAC*: xors the first 64 bits of SHA-1(IK) into the MAC (33.220 5.3.2). Its own inverse. */
GBAU_MUST_USE enum gbau_status gba_u_mask_mac(struct crypto *crypto, const struct aka_ik *ik,
                                              uint8_t mac[AKA_MAC_SIZE]);

/* RES <-> flipped RES (33.220 5.3.2). Its own inverse. */
void gba_u_flip_res(struct aka_res *res);

/* Ks_(ext_)NAF = KDF(Ks, "gba-me", RAND, IMPI, NAF_ID) (33.220 B.3). IMPI and NAF_ID at most 65,535 octets. */
GBAU_MUST_USE enum gbau_status gba_derive_ks_ext_naf(struct crypto *crypto, const struct ks *ks,
                                                     const struct aka_rand *rand, struct octets impi,
                                                     struct octets naf_id, struct ks_ext_naf *key);

/* Ks_int_NAF = KDF(Ks, "gba-u", RAND, IMPI, NAF_ID) (33.220 B.3). */
GBAU_MUST_USE enum gbau_status gba_derive_ks_int_naf(struct crypto *crypto, const struct ks *ks,
                                                     const struct aka_rand *rand, struct octets impi,
                                                     struct octets naf_id, struct ks_int_naf *key);

/*
 * TMPI = base64(first 24 octets of `key`) || "@tmpi.bsf.3gppnetwork.org" (33.220 B.4), where `key` is the Ks_(ext_)NAF
 * of NAF_ID = BSF FQDN || 01 00 00 01 00 (see gba_write_bsf_id).
 */
GBAU_MUST_USE enum gbau_status gba_tmpi_of(const struct ks_ext_naf *key, char *tmpi, size_t capacity);

/* BSF_Id: the NAF_ID under which the TMPI is derived (33.220 B.4, H.3). */
void gba_write_bsf_id(struct octet_writer *writer, struct octets bsf_fqdn);

/* True when `username` has the form of a TMPI. */
bool gba_username_is_tmpi(struct octets username);

#endif
