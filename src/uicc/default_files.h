/* default_files.h: the files of a new card, as a table (TS 102 221 clause 13, TS 31.102 clause 4). */
#ifndef UICC_DEFAULT_FILES_H
#define UICC_DEFAULT_FILES_H

#include "uicc/card_layout.h"

/* Records of both EF_ARR; one for each combination of rights that the files need. */
enum default_rule {
    RULE_READ_ALWAYS_UPDATE_PIN = 1,
    RULE_READ_ALWAYS_UPDATE_ADM,
    RULE_READ_ALWAYS_UPDATE_NEVER,
    RULE_READ_PIN_UPDATE_PIN,
    RULE_READ_PIN_UPDATE_ADM,
    RULE_READ_ADM_UPDATE_ADM,
    RULE_COUNT = RULE_READ_ADM_UPDATE_ADM
};

enum default_parent { IN_NOTHING, IN_MF, IN_USIM };

/* Content that depends on the subscriber; the personaliser knows how to make it. */
enum default_content {
    CONTENT_FIXED, /* `fixed`, then FF */
    CONTENT_ACCESS_RULES,
    CONTENT_DIRECTORY,
    CONTENT_ICCID,
    CONTENT_IMSI,
    CONTENT_ACCESS_CLASS,
    CONTENT_ADMINISTRATIVE_DATA,
    CONTENT_API_LINES
};

struct default_file {
    const char *name;
    enum default_parent parent;
    uint16_t fid;
    enum file_kind kind;
    uint8_t sfi;
    enum default_rule rule;
    uint16_t record_length; /* size for a transparent file */
    uint8_t record_count;   /* 0 for a transparent file */
    enum default_content content;
    const char *fixed; /* hex */
};

extern const struct default_file default_files[];
extern const size_t default_file_count;

/* Rule 1.. in the coding of EF_ARR, as hex. */
extern const char *const default_rules[RULE_COUNT];

#endif
