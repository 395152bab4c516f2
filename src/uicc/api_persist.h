/*
 * api_persist.h: the records of persisted keys (docs/gba_u-api.md 6.3), in the card's memory:
 *
 *     use (1) | key (32) | operations left (4) | usage (1) | direction (1) | algorithm (1) | SHA-256(NAF_ID) (32)
 *     | length, caller (1 + 16) | length, label (1 + 64) | length, B-TID (1 + 127)
 *
 * Use and key stand together, so that one short change ends a key. A key that a policy's limit has bound is used up
 * when the card has lost that policy.
 */
#ifndef UICC_API_PERSIST_H
#define UICC_API_PERSIST_H

#include "uicc/api.h"

enum {
    API_RECORD_USED = 0,
    API_RECORD_KEY = 1,
    API_RECORD_OPERATIONS = API_RECORD_KEY + APPLICATION_KEY_SIZE,
    API_RECORD_SIZE = API_RECORD_OPERATIONS + 4 + 3 + SHA256_SIZE + 1 + APPLICATION_CALLER_MAX + 1 +
                      APPLICATION_LABEL_MAX + 1 + API_B_TID_MAX
};

enum api_record_use { API_RECORD_FREE = 0, API_RECORD_KEPT = 1, API_RECORD_LIMITED = 2 };

/* Offset in the data area of the number of operations that a record has left, for those who count. */
size_t api_persist_operations_offset(const struct uicc *uicc, uint8_t record);

/* Operations left in the memory, without what is reserved; 0 for a record that is not used. */
uint32_t api_persist_operations(const struct uicc *uicc, uint8_t record);

/* True for a key that comes from a persisted one that has a count or has ended: kept or moved, it would live anew. */
bool api_persist_counts(const struct uicc *uicc, const struct api_session *session);

/* Adds to the transaction that has begun that a policy's limit binds a persisted key. */
void api_persist_change_limited(struct uicc *uicc, uint8_t record);

/* Adds the end of a persisted key to the transaction that has begun. */
void api_persist_change_end(struct uicc *uicc, uint8_t record);

/* After that transaction: handles that come from the key know that it has ended. */
void api_persist_ended(struct uicc *uicc, uint8_t record);

/* The next record after `record` (API_NO_RECORD: the first) with a key of this NAF and label (empty: any). */
uint8_t api_persist_next_of_naf(const struct uicc *uicc, uint8_t record, const uint8_t naf_id[SHA256_SIZE],
                                struct octets label);

#endif
