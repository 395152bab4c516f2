/*
 * access_rule.h: who may do what with a file, by the rules in EF_ARR (TS 102 221 9.2.2, ISO/IEC 7816-4 expanded
 * format).
 */
#ifndef UICC_ACCESS_RULE_H
#define UICC_ACCESS_RULE_H

#include "uicc/uicc.h"

/* Bits of an access mode octet; the lower three mean other things for an EF than for a directory. */
enum access_mode {
    ACCESS_READ = 0x01,   /* EF; SEARCH RECORD too */
    ACCESS_UPDATE = 0x02, /* EF */
    ACCESS_DELETE_CHILD = 0x01,
    ACCESS_CREATE_EF = 0x02,
    ACCESS_CREATE_DF = 0x04,
    ACCESS_DEACTIVATE = 0x08,
    ACCESS_ACTIVATE = 0x10,
    ACCESS_TERMINATE = 0x20,
    ACCESS_DELETE = 0x40
};

/* True when the rule of `file` allows `mode` now. A missing or malformed rule allows nothing. */
bool access_rule_allows(const struct uicc *uicc, const struct card_file *file, enum access_mode mode);

/* True when the rule of `file` allows a command that is named by its INS, as INCREASE and RESIZE FILE are. */
bool access_rule_allows_command(const struct uicc *uicc, const struct card_file *file, uint8_t ins);

#endif
