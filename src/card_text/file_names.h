/*
 * file_names.h: the files that cards are known to have: FID, name, meaning, and how to read what is in them
 * (TS 102 221 13, TS 31.102 4, TS 31.103 4, TS 51.011 10).
 *
 * A UICC has no command that lists its files: whoever wants to see a card's tree tries what this table names.
 */
#ifndef CARD_TEXT_FILE_NAMES_H
#define CARD_TEXT_FILE_NAMES_H

#include "card_text/content.h"

/* Directories with a meaning of their own; a FID means something in one of them only. */
enum card_place {
    PLACE_NOWHERE, /* an unknown directory, or none */
    PLACE_MF,
    PLACE_CD, /* configuration data, under MF */
    PLACE_TELECOM,
    PLACE_GRAPHICS,
    PLACE_MULTIMEDIA,
    PLACE_MMSS,
    PLACE_MCS,
    PLACE_V2X,
    PLACE_PHONEBOOK, /* under DF_TELECOM and under ADF_USIM */
    PLACE_GSM,       /* DF_GSM of TS 51.011 */
    PLACE_USIM,
    PLACE_GSM_ACCESS,
    PLACE_MEXE,
    PLACE_SOLSA,
    PLACE_WLAN,
    PLACE_HNB,
    PLACE_PROSE,
    PLACE_ACDC,
    PLACE_TV,
    PLACE_5GS,
    PLACE_SAIP,
    PLACE_SNPN,
    PLACE_5G_PROSE,
    PLACE_5MBS,
    PLACE_ISIM,
    PLACE_COUNT
};

/*
 * Reads the body of a transparent file, or one record, into items. Any octets are allowed: what is broken is shown as
 * far as it goes. `content` has been cleared.
 */
typedef void file_decoder(struct octets body, struct card_content *content);

struct file_name {
    enum card_place place;
    uint16_t fid;
    uint8_t sfi;           /* 0: none, or not known */
    const char *name;      /* "EF_IMSI" */
    const char *meaning;   /* a few words */
    file_decoder *decode;  /* NULL: nothing better than hexadecimal digits */
    enum card_place opens; /* of a directory */
};

extern const struct file_name file_names[];
extern const size_t file_name_count;

/* "MF", "ADF_USIM", "DF_TELECOM"; "?" for PLACE_NOWHERE. */
const char *card_place_name(enum card_place place);

/* The file `fid` in the directory `place`; NULL when it has no name there. */
const struct file_name *file_name_find(enum card_place place, uint16_t fid);

/* The file with a short identifier, 1 to 30, in a directory; NULL. */
const struct file_name *file_name_find_sfi(enum card_place place, uint8_t sfi);

/* A phone book file by the tag that EF_PBR names it with, under a FID of the card's own (31.102 4.4.2.1); NULL. */
const struct file_name *file_name_of_phonebook(uint8_t tag);

/* True for files that hold keys: their octets are for nobody's eyes. */
bool file_name_is_secret(const struct file_name *name);

/*
 * Decodes a body or record into `content`; as hexadecimal digits when `name` is NULL or has no decoder. A body that is
 * FF to its end, or otherwise known to be free, gives no items.
 */
void file_name_decode(const struct file_name *name, struct octets body, struct card_content *content);

#endif
