/*
 * expected_policies.h: which policy version a NAF expects of the card behind a B-TID (docs/gba_u-api.md 9, 10).
 *
 * Kept apart from the cache of keys: a key that was driven out can be asked for again, an expectation that was
 * forgotten would let a card without its policy pass.
 */
#ifndef NAF_EXPECTED_POLICIES_H
#define NAF_EXPECTED_POLICIES_H

#include "base/clock.h"
#include "key/gba_keys.h"

struct expected_policies;

GBAU_MUST_USE enum gbau_status expected_policies_open(const struct clock *clock, struct expected_policies **policies);
void expected_policies_close(struct expected_policies *policies);

/* Notes a version until the B-TID's keys end at `expires`. GBAU_E_MEMORY. Thread-safe. */
GBAU_MUST_USE enum gbau_status expected_policies_set(struct expected_policies *policies, const char *b_tid,
                                                     const uint8_t ua[NAF_ID_UA_SIZE], uint32_t version,
                                                     unix_time expires);

/* The version; 0 when none was noted. Thread-safe. */
uint32_t expected_policies_get(struct expected_policies *policies, const char *b_tid, const uint8_t ua[NAF_ID_UA_SIZE]);

#endif
