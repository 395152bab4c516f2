/*
 * card_description.h: a whole card before it exists: every file with its content, PINs, applications with their keys.
 *
 * Whoever knows what a card shall be (profile.h from a subscription, a profile file) writes one of these; the card's
 * memory is made of it here and nowhere else.
 */
#ifndef UICC_CARD_DESCRIPTION_H
#define UICC_CARD_DESCRIPTION_H

#include "uicc/card_layout.h"
#include "uicc/nvm.h"

enum { CARD_DATA_MAX = NVM_MAX_PAGES * NVM_PAGE_SIZE };

struct described_file {
    struct card_file file; /* parent, arr_file and application are indices within the description; body is not used */
    struct octets content; /* begins the body, which is filled with FF; of a BER-TLV file: its objects. Borrowed */
};

/* Holds secrets. */
struct described_pin {
    uint8_t key_reference;
    uint8_t max_tries;
    uint8_t max_unblock_tries;
    struct pin_state state;
};

/* Holds secrets. */
struct described_application {
    struct card_application entry; /* its three offsets are not used */
    struct aka_functions functions;
    aka_sqn sqn[SQN_ENTRIES]; /* highest accepted SQN of each IND */
    uint8_t shares;           /* index of an earlier application whose K and SQN it uses, or CARD_NO_INDEX */
};

/* The arrays are the caller's. A directory stands before its children. */
struct card_description {
    const struct described_file *files;
    size_t file_count;
    const struct described_pin *pins;
    size_t pin_count;
    const struct described_application *applications;
    size_t application_count;
    size_t persisted_key_count; /* that the GBA_U API may keep */
    size_t free_slots;          /* files that CREATE FILE may add */
    size_t free_size;           /* octets for their bodies, at least */
};

/* Room to put a card together in: too large for a stack. */
struct card_workspace {
    struct octet_writer writer;
    struct card_layout layout;
    uint8_t data[CARD_DATA_MAX];
};

/* Octets of the data area that are not free: tables, states, keys and bodies. */
size_t card_description_used_size(const struct card_description *description);

/* Octets of memory that the card needs; 0 when it is larger than a card can be. */
size_t card_description_memory_size(const struct card_description *description);

/*
 * Makes the card in a new memory of that size. The workspace needs no content, and is wiped. GBAU_E_ARGUMENT when the
 * description contradicts itself: an index, a size or a key that cannot be; GBAU_E_SPACE when it is too large;
 * GBAU_E_CRYPTO without random numbers; GBAU_E_STORAGE.
 */
GBAU_MUST_USE enum gbau_status card_description_make(const struct card_description *description, struct crypto *crypto,
                                                     struct card_workspace *workspace,
                                                     const struct nvm_storage *storage);

#endif
