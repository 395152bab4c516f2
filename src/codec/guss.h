/* guss.h: GBA user security settings, the XML in AVP 400 (TS 29.109 annex A). */
#ifndef CODEC_GUSS_H
#define CODEC_GUSS_H

#include "base/octets.h"

enum {
    GUSS_XML_MAX = 65536, /* a document longer than this is malformed */
    GUSS_MAX_USS = 16,
    GUSS_MAX_UIDS = 8,
    GUSS_MAX_FLAGS = 16,
    GUSS_UID_SIZE = 256,
    GUSS_NAF_GROUP_SIZE = 64
};

enum guss_uicc_type { GUSS_UICC_GBA, GUSS_UICC_GBA_U };

/* One user security setting: what one service may know of the user. */
struct guss_uss {
    uint32_t gsid;                       /* uss@id, the GAA service identifier */
    uint32_t type;                       /* uss@type, the GAA service type code */
    char naf_group[GUSS_NAF_GROUP_SIZE]; /* empty: any NAF */
    size_t uid_count;
    char uids[GUSS_MAX_UIDS][GUSS_UID_SIZE];
    size_t flag_count;
    uint32_t flags[GUSS_MAX_FLAGS];
};

struct guss {
    char impi[GUSS_UID_SIZE];      /* guss@id */
    enum guss_uicc_type uicc_type; /* absent or unknown: GBA */
    uint32_t lifetime;             /* seconds; 0: the BSF's own policy */
    size_t uss_count;
    struct guss_uss uss[GUSS_MAX_USS];
};

/*
 * Reads a <guss> document from Zh. No DTD, no entities, no network; names are compared without their namespace;
 * unknown elements and attributes are skipped; texts lose white space at both ends. GBAU_E_MALFORMED for a broken
 * document, one beyond the bounds above, one without guss@id, uss@id or uss@type, a text with control characters, a
 * number that is none; GBAU_E_MEMORY. *guss need not be cleared before, and what lies behind its counts is not touched;
 * after a failure it holds nothing of use. Thread-safe.
 */
GBAU_MUST_USE enum gbau_status guss_read(struct octets document, struct guss *guss);

/* Reads a <ussList> document from Zn in the same way; impi stays empty. */
GBAU_MUST_USE enum gbau_status guss_read_uss_list(struct octets document, struct guss *guss);

/*
 * Writes a <guss> document for Zh as a C string on one line; uiccType is always present, a lifetime of 0 is left out.
 * GBAU_E_ARGUMENT for an empty impi, a count beyond its bound, or a text with control characters or broken UTF-8;
 * GBAU_E_SPACE. Thread-safe.
 */
GBAU_MUST_USE enum gbau_status guss_write(const struct guss *guss, char *text, size_t capacity);

/*
 * Writes a <ussList> document for Zn with the settings whose bit is set in `selected` (bit i: uss[i]). bsfInfo and the
 * NAF groups are the operator's own and stay out. Errors as guss_write.
 */
GBAU_MUST_USE enum gbau_status guss_write_uss_list(const struct guss *guss, uint32_t selected, char *text,
                                                   size_t capacity);

#endif
