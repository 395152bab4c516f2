/* bsf_xml.h: the BootstrappingInfo document of Ub (TS 24.109 annex C). */
#ifndef CODEC_BSF_XML_H
#define CODEC_BSF_XML_H

#include "base/clock.h"

#define BSF_XML_MEDIA_TYPE "application/vnd.3gpp.bsf+xml"

enum {
    BSF_XML_MAX = 16384, /* a document longer than this is malformed */
    B_TID_SIZE = 256     /* room for a B-TID as a C string */
};

struct bsf_xml {
    char b_tid[B_TID_SIZE];
    unix_time lifetime;     /* end of the key, absolute */
    char lifetime_text[32]; /* as received or written; what goes into EF_GBABP */
};

/*
 * Reads a document from an untrusted BSF: no DTD, no entities, no network; unknown elements, and those of another
 * namespace than uri:3gpp-gba, are skipped. A B-TID is printable ASCII without spaces. GBAU_E_MALFORMED for anything
 * broken, doubled, missing or too long; GBAU_E_MEMORY. After a failure *info holds nothing of use. Thread-safe.
 */
GBAU_MUST_USE enum gbau_status bsf_xml_read(struct octets document, struct bsf_xml *info);

/*
 * Writes the document of `info` (b_tid and lifetime) as a C string on one line, without a final newline.
 * GBAU_E_ARGUMENT for a B-TID or a lifetime that could not be read back, GBAU_E_SPACE. Thread-safe.
 */
GBAU_MUST_USE enum gbau_status bsf_xml_write(const struct bsf_xml *info, char *text, size_t capacity);

#endif
