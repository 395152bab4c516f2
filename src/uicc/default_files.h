/* default_files.h: the files of a new card, as a table (TS 102 221 clause 13, TS 31.102 and 31.103 clause 4). */
#ifndef UICC_DEFAULT_FILES_H
#define UICC_DEFAULT_FILES_H

#include "uicc/card_layout.h"

/* Records of every EF_ARR; one for each combination of rights that the files need. */
enum default_rule {
    RULE_READ_ALWAYS_UPDATE_PIN = 1,
    RULE_READ_ALWAYS_UPDATE_ADM,
    RULE_READ_ALWAYS_UPDATE_NEVER,
    RULE_READ_PIN_UPDATE_PIN,
    RULE_READ_PIN_UPDATE_ADM,
    RULE_READ_ADM_UPDATE_ADM,
    RULE_READ_PIN_UPDATE_PIN2,
    RULE_READ_PIN_UPDATE_PIN_INCREASE_PIN,
    RULE_DIRECTORY, /* files are created and deleted by ADM */
    RULE_COUNT = RULE_DIRECTORY
};

/* Where a file stands. */
enum default_parent {
    IN_NOTHING,
    IN_MF,
    IN_TELECOM,
    IN_MULTIMEDIA,
    IN_USIM,
    IN_GSM_ACCESS,
    IN_5GS,
    IN_ISIM,
    DEFAULT_PARENT_COUNT
};

/* Content that depends on the subscriber; profile.c knows how to make it. */
enum default_content {
    CONTENT_FIXED,    /* `fixed`, then FF */
    CONTENT_REPEATED, /* `fixed` in every record */
    CONTENT_ACCESS_RULES,
    CONTENT_DIRECTORY,
    CONTENT_ICCID,
    CONTENT_IMSI,
    CONTENT_ACCESS_CLASS,
    CONTENT_ADMINISTRATIVE_DATA,
    CONTENT_API_LINES,
    CONTENT_IMPI,
    CONTENT_IMPU,
    CONTENT_DOMAIN
};

struct default_file {
    const char *name;
    enum default_parent parent;
    enum default_parent self; /* of a directory: what its files name as their parent; else IN_NOTHING */
    uint16_t fid;
    enum file_kind kind;
    uint8_t sfi;
    enum default_rule rule;
    uint16_t record_length; /* size of a file without records */
    uint8_t record_count;   /* 0 for a file without records */
    enum default_content content;
    const char *fixed; /* hex */
};

extern const struct default_file default_files[];
extern const size_t default_file_count;

/* Rule 1.. in the coding of EF_ARR, as hex. */
extern const char *const default_rules[RULE_COUNT];

#endif
