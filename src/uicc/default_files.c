/* default_files.c: the files of a new card and their access rules. */
#include "uicc/default_files.h"

/* ISO/IEC 7816-4 expanded format: access mode, condition; read, update, then activate and deactivate. */
#define READ   "800101"
#define UPDATE "800102"
#define STATE  "800118"
#define ALWAYS "9000"
#define NEVER  "9700"
#define PIN    "A406830101950108"
#define ADM    "A40683010A950108"

const char *const default_rules[RULE_COUNT] = {
    [RULE_READ_ALWAYS_UPDATE_PIN - 1] = READ ALWAYS UPDATE PIN STATE ADM,
    [RULE_READ_ALWAYS_UPDATE_ADM - 1] = READ ALWAYS UPDATE ADM STATE ADM,
    [RULE_READ_ALWAYS_UPDATE_NEVER - 1] = READ ALWAYS UPDATE NEVER STATE NEVER,
    [RULE_READ_PIN_UPDATE_PIN - 1] = READ PIN UPDATE PIN STATE ADM,
    [RULE_READ_PIN_UPDATE_ADM - 1] = READ PIN UPDATE ADM STATE ADM,
    [RULE_READ_ADM_UPDATE_ADM - 1] = READ ADM UPDATE ADM STATE ADM,
};

#define DF FILE_KIND_DF
#define TR FILE_KIND_TRANSPARENT
#define LF FILE_KIND_LINEAR_FIXED

#define ALW_PIN RULE_READ_ALWAYS_UPDATE_PIN
#define ALW_ADM RULE_READ_ALWAYS_UPDATE_ADM
#define ALW_NEV RULE_READ_ALWAYS_UPDATE_NEVER
#define PIN_PIN RULE_READ_PIN_UPDATE_PIN
#define PIN_ADM RULE_READ_PIN_UPDATE_ADM

/*
 * Services of EF_UST: 19 service provider name, 33 (shall be 1), 68 GBA, 85 EPS mobility management.
 * A parent stands before its children; EF_ARR stands before the files that refer to it.
 */
const struct default_file default_files[] = {
    /* name, parent, FID, kind, SFI, rule, length, records, content, fixed content */
    {"MF", IN_NOTHING, 0x3f00, DF, 0, ALW_NEV, 0, 0, CONTENT_FIXED, ""},
    {"EF_ARR", IN_MF, 0x2f06, LF, 0x06, ALW_ADM, 40, RULE_COUNT, CONTENT_ACCESS_RULES, ""},
    {"EF_DIR", IN_MF, 0x2f00, LF, 0x1e, ALW_ADM, 40, 3, CONTENT_DIRECTORY, ""},
    {"EF_PL", IN_MF, 0x2f05, TR, 0x05, ALW_PIN, 10, 0, CONTENT_FIXED, "656E"},
    {"EF_UMPC", IN_MF, 0x2f08, TR, 0x08, ALW_ADM, 5, 0, CONTENT_FIXED, "3C05020000"},
    {"EF_ICCID", IN_MF, 0x2fe2, TR, 0x02, ALW_NEV, 10, 0, CONTENT_ICCID, ""},
    {"ADF_USIM", IN_NOTHING, 0x7ff0, DF, 0, ALW_NEV, 0, 0, CONTENT_FIXED, ""},
    {"EF_ARR", IN_USIM, 0x6f06, LF, 0x17, ALW_ADM, 40, RULE_COUNT, CONTENT_ACCESS_RULES, ""},
    {"EF_LI", IN_USIM, 0x6f05, TR, 0x02, ALW_PIN, 6, 0, CONTENT_FIXED, "656E"},
    {"EF_IMSI", IN_USIM, 0x6f07, TR, 0x07, PIN_ADM, 9, 0, CONTENT_IMSI, ""},
    {"EF_KEYS", IN_USIM, 0x6f08, TR, 0x08, PIN_PIN, 33, 0, CONTENT_FIXED, "07"},
    {"EF_KEYSPS", IN_USIM, 0x6f09, TR, 0x09, PIN_PIN, 33, 0, CONTENT_FIXED, "07"},
    {"EF_HPPLMN", IN_USIM, 0x6f31, TR, 0x12, PIN_ADM, 1, 0, CONTENT_FIXED, "0A"},
    {"EF_UST", IN_USIM, 0x6f38, TR, 0x04, PIN_ADM, 17, 0, CONTENT_FIXED, "0000040001000000080010000000000000"},
    {"EF_SPN", IN_USIM, 0x6f46, TR, 0, ALW_ADM, 17, 0, CONTENT_FIXED, "0067626175"},
    {"EF_START-HFN", IN_USIM, 0x6f5b, TR, 0x0f, PIN_PIN, 6, 0, CONTENT_FIXED, "F00000F00000"},
    {"EF_THRESHOLD", IN_USIM, 0x6f5c, TR, 0x10, PIN_ADM, 3, 0, CONTENT_FIXED, "FFFFFF"},
    {"EF_PSLOCI", IN_USIM, 0x6f73, TR, 0x0c, PIN_PIN, 14, 0, CONTENT_FIXED, "FFFFFFFFFFFFFFFFFFFF0000FF01"},
    {"EF_ACC", IN_USIM, 0x6f78, TR, 0x06, PIN_ADM, 2, 0, CONTENT_ACCESS_CLASS, ""},
    {"EF_FPLMN", IN_USIM, 0x6f7b, TR, 0x0d, PIN_PIN, 12, 0, CONTENT_FIXED, ""},
    {"EF_LOCI", IN_USIM, 0x6f7e, TR, 0x0b, PIN_PIN, 11, 0, CONTENT_FIXED, "FFFFFFFFFFFFFF0000FF01"},
    {"EF_AD", IN_USIM, 0x6fad, TR, 0x03, ALW_ADM, 4, 0, CONTENT_ADMINISTRATIVE_DATA, ""},
    {"EF_ECC", IN_USIM, 0x6fb7, LF, 0x01, ALW_ADM, 4, 2, CONTENT_FIXED, "11F2FF00"},
    {"EF_NETPAR", IN_USIM, 0x6fc4, TR, 0, PIN_PIN, 128, 0, CONTENT_FIXED, ""},
    {"EF_EPSLOCI", IN_USIM, 0x6fe3, TR, 0x1e, PIN_PIN, 18, 0, CONTENT_FIXED, "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFF000001"},
    {"EF_EPSNSC", IN_USIM, 0x6fe4, LF, 0x18, PIN_PIN, 54, 1, CONTENT_FIXED, ""},
    {"EF_GBABP", IN_USIM, 0x6fd6, TR, 0, PIN_PIN, 255, 0, CONTENT_FIXED, ""},
    {"EF_GBANL", IN_USIM, 0x6fda, LF, 0, PIN_ADM, 180, 10, CONTENT_FIXED, ""},
    {"EF_AC_GBAUAPI", IN_USIM, 0x6f0a, LF, 0, PIN_ADM, 120, 8, CONTENT_API_LINES, ""},
};

const size_t default_file_count = sizeof default_files / sizeof default_files[0];
