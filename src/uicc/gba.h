/*
 * gba.h: GBA_U on the card: bootstrapping, NAF derivation, and the NAF keys for the API (TS 31.102 7.1.1.4, 7.1.1.5).
 */
#ifndef UICC_GBA_H
#define UICC_GBA_H

#include "uicc/aka.h"

enum { FID_EF_AC_GBAUAPI = 0x6f0a };

/*
 * Stores Ks and RAND of an accepted challenge, RAND in EF_GBABP, and accepts SQN, all at once. B-TID and lifetime in
 * EF_GBABP are emptied: they belong to the keys before (the ME writes the new ones).
 */
GBAU_MUST_USE enum gbau_status gba_store_bootstrapping(struct uicc *uicc, const struct card_application *application,
                                                       const struct aka_rand *rand, const struct aka_result *result);

/*
 * Derives both NAF keys; Ks_int_NAF is stored with its NAF_ID and B-TID, over the one used longest ago when there is no
 * room (33.220 G.2). GBAU_E_NOT_FOUND before any bootstrapping; GBAU_E_SPACE when NAF_ID fits in no record of EF_GBANL.
 */
GBAU_MUST_USE enum gbau_status gba_derive(struct uicc *uicc, const struct card_application *application,
                                          struct octets naf_id, struct octets impi, struct ks_ext_naf *ext_key);

/*
 * Reads the Ks_int_NAF of the NAF_ID with this hash. `record` is its record in EF_GBANL. GBAU_E_NOT_FOUND when there is
 * none.
 */
GBAU_MUST_USE enum gbau_status gba_read_key(const struct uicc *uicc, const struct card_application *application,
                                            const uint8_t naf_id_hash[SHA256_SIZE], struct ks_int_naf *key,
                                            uint8_t *record);

/* Moves the key of a record to the front of the order of use (33.220 G.2). */
GBAU_MUST_USE enum gbau_status gba_touch_key(struct uicc *uicc, const struct card_application *application,
                                             uint8_t record);

/* The entry of the NAF_ID with this hash, with a key or revoked; false when there is none. */
bool gba_find_entry(const struct uicc *uicc, const struct card_application *application,
                    const uint8_t naf_id_hash[SHA256_SIZE], uint8_t *index);

/* An entry as it stands in the memory (gba_state.h), and its offset there. */
const uint8_t *gba_entry(const struct uicc *uicc, const struct card_application *application, uint8_t index);
size_t gba_entry_position(const struct card_application *application, uint8_t index);

/*
 * Adds to the transaction that has begun: the key of an entry is gone, with its record of EF_GBANL, and does not come
 * back when the same one is derived again. The rules stay.
 */
GBAU_MUST_USE enum gbau_status gba_change_revoked(struct uicc *uicc, const struct card_application *application,
                                                  uint8_t index);

/* The B-TID in a record of EF_GBANL; empty when there is none. */
struct octets gba_b_tid_of_record(const struct uicc *uicc, const struct card_application *application, uint8_t record);

#endif
