/* file_control.h: what a card answers to SELECT: the FCP template (TS 102 221 11.1.1.3). */
#ifndef CARD_TEXT_FILE_CONTROL_H
#define CARD_TEXT_FILE_CONTROL_H

#include "card_text/text.h"

enum file_structure {
    FILE_UNKNOWN,
    FILE_DIRECTORY, /* MF, DF, ADF */
    FILE_TRANSPARENT,
    FILE_LINEAR_FIXED,
    FILE_CYCLIC,
    FILE_BER_TLV
};

enum { FILE_CONTROL_PINS_MAX = 8 };

struct file_control {
    enum file_structure structure;
    bool has_fid;
    uint16_t fid;
    struct octets aid;      /* of an ADF; in the template */
    size_t size;            /* octets of the body; of all records */
    uint16_t record_length; /* 0 unless there are records */
    uint8_t record_count;
    uint8_t sfi; /* 0: none */
    uint8_t life_cycle;
    uint16_t rule_file; /* FID of the EF_ARR; 0: none */
    uint8_t rule_record;
    struct octets expanded_rule; /* tag AB */
    struct octets compact_rule;  /* tag 8C */
    size_t pin_count;
    struct {
        uint8_t reference;
        bool enabled;
    } pins[FILE_CONTROL_PINS_MAX];
};

/* Reads a response to SELECT. GBAU_E_MALFORMED when it is no FCP template. Views point into `response`. */
GBAU_MUST_USE enum gbau_status file_control_read(struct octets response, struct file_control *control);

/* "transparent", "linear fixed", "cyclic", "BER-TLV", "directory". */
const char *file_structure_name(enum file_structure structure);

/* "9 octets", "10 records of 180 octets". */
void text_put_file_size(struct text *text, const struct file_control *control);

/* "activated", "deactivated", ... (TS 102 221 11.1.1.4.9) */
const char *life_cycle_name(uint8_t life_cycle);
bool life_cycle_is_activated(uint8_t life_cycle);

#endif
