/* ber_tlv.h: BER-TLV data objects as cards use them: tags of 1 or 2 octets, definite lengths (ISO/IEC 8825-1). */
#ifndef CODEC_BER_TLV_H
#define CODEC_BER_TLV_H

#include "base/octets.h"

struct ber_tlv {
    uint32_t tag; /* as written: 0x80, 0x7f49 */
    struct octets value;
};

/*
 * Reads the next data object. False at the end of the input, at padding (FF or 00 where a tag should be), and for
 * broken coding, in which case the reader has failed.
 */
bool ber_tlv_next(struct octet_reader *reader, struct ber_tlv *tlv);

/* Finds the first object with `tag` among those in `octets`. GBAU_E_NOT_FOUND; GBAU_E_MALFORMED for broken coding. */
GBAU_MUST_USE enum gbau_status ber_tlv_find(struct octets octets, uint32_t tag, struct octets *value);

/* Writes one object. */
void ber_tlv_write(struct octet_writer *writer, uint32_t tag, struct octets value);

/* Writes tag and length of an object whose value follows. */
void ber_tlv_write_head(struct octet_writer *writer, uint32_t tag, size_t length);

#endif
