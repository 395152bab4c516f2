/*
 * local_key.h: keys that this process holds as octets: the NAF's end of the key calls (gbau/key.h), and in tests the
 * card's end too.
 *
 * Nonces are 96 random bits, initial counter blocks those and four zero octets, the IV of CBC is random. A card counts
 * instead, in memory of its own. A service cannot: several of its processes may hold the same key at once, and none of
 * them remembers after its end how far it came. Random nonces need no memory, and SP 800-38D 8.3 bears 2^32 of them
 * under one key; a key refuses more (GBAU_E_LIMIT).
 */
#ifndef KEY_LOCAL_KEY_H
#define KEY_LOCAL_KEY_H

#include "crypto/crypto_pool.h"
#include "key/key_calls.h"

/* Where keys come from. Views and pointers are the caller's; Ks_int_NAF is copied nowhere. */
struct local_key_root {
    struct crypto_pool *cryptos; /* must outlive the key; keys that share it may be used by several threads at once */
    const struct ks_int_naf *int_key;
    const char *b_tid;       /* at most 255 characters */
    struct octets caller;    /* AID of the card's application, 5 to 16 octets */
    uint32_t policy_version; /* that mutual authentication assumes; 0: none */
    bool is_card;            /* which end this is */
};

/*
 * Opens a key. For usage hash only root->cryptos matters. The caller ends it with gbau_key_close. GBAU_E_ARGUMENT,
 * GBAU_E_UNSUPPORTED as key_calls_describe; GBAU_E_MEMORY.
 */
GBAU_MUST_USE enum gbau_status local_key_open(const struct local_key_root *root, const struct gbau_key_request *request,
                                              struct gbau_key **key);

#endif
