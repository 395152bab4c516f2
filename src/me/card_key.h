/*
 * card_key.h: keys that are open in the GBA_U API's applet of a card: the holder of key/key_calls.h on the device.
 * Everything that can be done with one is in gbau/key.h.
 */
#ifndef ME_CARD_KEY_H
#define ME_CARD_KEY_H

#include "key/key_calls.h"
#include "me/card_api.h"

/*
 * Opens a key distributed from the Ks_int_NAF of `naf_id`, which must have been derived; for usage hash `naf_id` is
 * empty. `api` is borrowed and must outlive the key. The caller owns *key and ends it with gbau_key_close.
 * GBAU_E_ARGUMENT, GBAU_E_UNSUPPORTED, GBAU_E_ACCESS, GBAU_E_NOT_FOUND, GBAU_E_CARD; GBAU_E_LIMIT, logged, when the
 * card has no handle left or the operations of the NAF key are used up.
 */
GBAU_MUST_USE enum gbau_status card_key_open(struct card_api *api, struct octets naf_id,
                                             const struct gbau_key_request *request, struct gbau_key **key);

/* Opens a persisted key; errors as card_key_open. What kind of key it is comes from the card's list. */
GBAU_MUST_USE enum gbau_status card_key_open_persisted(struct card_api *api, struct octets naf_id, const char *label,
                                                       struct gbau_key **key);

/*
 * Keeps a key in the card for at most `operations` uses (UINT32_MAX: no limit). GBAU_E_ARGUMENT when it is no key of a
 * card, GBAU_E_ACCESS for a usage that cannot be kept; GBAU_E_LIMIT, logged, when the card has no room.
 */
GBAU_MUST_USE enum gbau_status card_key_persist(struct gbau_key *key, uint32_t operations);

#endif
