/* profile.h: makes a new card: what a personalisation machine does. */
#ifndef UICC_PROFILE_H
#define UICC_PROFILE_H

#include "crypto/aka_types.h"
#include "uicc/card_layout.h"
#include "uicc/nvm.h"

enum { PROFILE_MAX_API_LINES = 8, PROFILE_NAF_KEYS = 10, PROFILE_DATA_SIZE = 8192 };

/* A line of EF_AC_GBAUAPI for the API's own applet: which NAF's keys it may use. */
struct profile_api_line {
    struct octets naf_id; /* FQDN || 5 octets, borrowed */
};

struct card_profile {
    const char *imsi;    /* 6 to 15 digits */
    const char *iccid;   /* 18 to 20 digits; NULL: 89 || IMSI, filled and with its check digit */
    unsigned mnc_digits; /* 2 or 3 */
    struct aka_k k;
    struct aka_opc opc;
    aka_sqn sqn;        /* highest SQN accepted so far */
    uint32_t sqn_delta; /* see struct card_application; PROFILE_SQN_DELTA_DEFAULT */
    struct gba_u_rules gba_rules;
    const char *pin; /* 4 to 8 digits */
    bool pin_enabled;
    const char *puk;      /* 8 digits */
    uint8_t adm[8];       /* ADM1 */
    size_t api_line_count;
    struct profile_api_line api_lines[PROFILE_MAX_API_LINES];
};

/* 33.102 C.2.1: 2^28 is the customary limit of jumps of SEQ. */
#define PROFILE_SQN_DELTA_DEFAULT (1U << 28)

/* Size in octets of the memory of the cards that this file makes. */
size_t card_profile_memory_size(void);

/* Room to put a card together in: too large for a stack. */
struct card_workspace {
    const struct card_profile *profile;
    struct card_layout layout;
    struct octet_writer bodies; /* what stands behind the tables; writes to `data` */
    uint8_t data[PROFILE_DATA_SIZE];
};

/*
 * Makes the card in a new memory of that size. The workspace is the caller's, needs no content, and is wiped.
 * GBAU_E_ARGUMENT for a text that is not as above; GBAU_E_SPACE for an API line that is too long; GBAU_E_CRYPTO without
 * random numbers; GBAU_E_STORAGE.
 */
GBAU_MUST_USE enum gbau_status card_profile_make(const struct card_profile *profile, struct crypto *crypto,
                                                 struct card_workspace *workspace,
                                                 const struct nvm_storage *storage);

#endif
