/* application_names.h: what the identifiers of card applications mean (TS 101 220 annex E, ISO/IEC 7816-5). */
#ifndef CARD_TEXT_APPLICATION_NAMES_H
#define CARD_TEXT_APPLICATION_NAMES_H

#include "card_text/file_names.h"

struct application_name {
    const char *name;      /* "ADF_USIM", "GBA_U API" */
    const char *meaning;   /* a few words */
    enum card_place place; /* whose files it has; PLACE_NOWHERE: none that we know */
};

/* The application that an AID belongs to, by its first octets; NULL. A shortened AID of 5 octets or more is enough. */
const struct application_name *application_name_find(struct octets aid);

/* "USIM", or the AID in hexadecimal digits. */
void text_put_application(struct text *text, struct octets aid);

#endif
