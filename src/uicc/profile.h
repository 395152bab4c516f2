/* profile.h: the card of a subscription: what a personalisation machine does. */
#ifndef UICC_PROFILE_H
#define UICC_PROFILE_H

#include "uicc/card_description.h"

enum { PROFILE_MAX_API_LINES = 8, PROFILE_NAF_KEYS = 10, PROFILE_ISIM_NAF_KEYS = 4, PROFILE_DATA_SIZE = 27648 };

/* A line of EF_AC_GBAUAPI for the API's own applet: which NAF's keys it may use. */
struct profile_api_line {
    struct octets naf_id; /* FQDN || 5 octets, borrowed */
};

/* What is known of a subscription; the card gets USIM, ISIM, the API's applet and the files of default_files.h. */
struct card_profile {
    const char *imsi;               /* 6 to 15 digits */
    const char *iccid;              /* 18 to 20 digits; NULL: 89 || IMSI, filled and with its check digit */
    unsigned mnc_digits;            /* 2 or 3 */
    struct aka_functions functions; /* K and the algorithm, shared by USIM and ISIM */
    aka_sqn sqn;                    /* highest SQN accepted so far */
    uint32_t sqn_delta;             /* see struct card_application; PROFILE_SQN_DELTA_DEFAULT */
    uint32_t sqn_age_limit;         /* see struct card_application; 0: none */
    struct gba_u_rules gba_rules;
    const char *pin; /* 4 to 8 digits; PIN2 too, until it is changed */
    bool pin_enabled;
    const char *puk; /* 8 digits; that of PIN2 too */
    uint8_t adm[8];  /* ADM1 */
    size_t api_line_count;
    struct profile_api_line api_lines[PROFILE_MAX_API_LINES];
};

/* 33.102 C.2.1: 2^28 is the customary limit of jumps of SEQ. */
#define PROFILE_SQN_DELTA_DEFAULT (1U << 28)

enum { PROFILE_PINS = 3, PROFILE_APPLICATIONS = 3, PROFILE_CONTENT_SIZE = 8192 };

/* What a description points into, and room to make the card in: too large for a stack. Holds secrets. */
struct profile_workspace {
    struct described_file files[CARD_MAX_FILES];
    struct described_pin pins[PROFILE_PINS];
    struct described_application applications[PROFILE_APPLICATIONS];
    struct octet_writer writer; /* to `contents` */
    uint8_t contents[PROFILE_CONTENT_SIZE];
    struct card_workspace card;
};

/*
 * Describes the card of a profile. The description points into the workspace, whose `card` stays free to make it in;
 * wipe the workspace when it has served. GBAU_E_ARGUMENT for a text or a key that is not as above; GBAU_E_SPACE for an
 * API line that is too long.
 */
GBAU_MUST_USE enum gbau_status card_profile_describe(const struct card_profile *profile,
                                                     struct profile_workspace *workspace,
                                                     struct card_description *description);

/* Size in octets of the memory of the cards that are made of profiles. */
size_t card_profile_memory_size(void);

/* Describes and makes the card in a new memory of that size; the workspace is wiped. Errors of both. */
GBAU_MUST_USE enum gbau_status card_profile_make(const struct card_profile *profile, struct crypto *crypto,
                                                 struct profile_workspace *workspace,
                                                 const struct nvm_storage *storage);

#endif
