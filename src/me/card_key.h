/* card_key.h: keys of the GBA_U API's applet on the card, used from the device (see uicc/api_applet.h). */
#ifndef ME_CARD_KEY_H
#define ME_CARD_KEY_H

#include "key/sealed_message.h"
#include "reader/reader.h"

enum { CARD_KEY_PLAINTEXT_MAX = 96 };

/* A key that is open in the card, on a channel of its own. */
struct card_key {
    struct reader *reader; /* borrowed; NULL when closed */
    uint8_t channel;
    uint8_t handle;
    enum key_algorithm algorithm;
    char b_tid[SEALED_MESSAGE_B_TID_MAX + 1];
    char label[APPLICATION_LABEL_MAX + 1];
};

/*
 * Opens a key for sealing from card to NAF, distributed from the Ks_int_NAF of `naf_id`, which must have been derived.
 * `label` has 1 to 64 characters. GBAU_E_ACCESS, GBAU_E_NOT_FOUND, GBAU_E_LIMIT, GBAU_E_CARD.
 */
GBAU_MUST_USE enum gbau_status card_key_open(struct card_key *key, struct reader *reader, struct octets naf_id,
                                             const char *label);
void card_key_close(struct card_key *key);

/* Seals `text` (at most CARD_KEY_PLAINTEXT_MAX octets) in the card; writes a COSE_Encrypt0 message. */
GBAU_MUST_USE enum gbau_status card_key_seal(struct card_key *key, struct octets text, struct octet_writer *sealed);

#endif
