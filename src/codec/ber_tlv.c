/* ber_tlv.c: BER-TLV data objects; needs no operating system, the card stands on it. */
#include "codec/ber_tlv.h"

enum { TAG_NUMBER_MASK = 0x1f, LENGTH_LONG = 0x80 };

static size_t read_length(struct octet_reader *reader)
{
    uint8_t first = octet_reader_u8(reader);
    switch (first) {
    case LENGTH_LONG | 1:
        return octet_reader_u8(reader);
    case LENGTH_LONG | 2:
        return octet_reader_u16(reader);
    case LENGTH_LONG | 3:
        return octet_reader_u24(reader);
    default:
        if (first >= LENGTH_LONG) {
            reader->failed = true; /* indefinite, or longer than anything on a card */
        }
        return first;
    }
}

bool ber_tlv_next(struct octet_reader *reader, struct ber_tlv *tlv)
{
    if (octet_reader_left(reader) == 0) {
        return false;
    }
    uint8_t first = reader->input.data[reader->position];
    if (first == 0x00 || first == 0xff) {
        return false;
    }
    tlv->tag = octet_reader_u8(reader);
    if ((first & TAG_NUMBER_MASK) == TAG_NUMBER_MASK) {
        uint8_t second = octet_reader_u8(reader);
        tlv->tag = tlv->tag << 8 | second;
        reader->failed = reader->failed || (second & 0x80) != 0; /* a third octet of tag */
    }
    size_t length = read_length(reader);
    tlv->value = octet_reader_take(reader, length);
    return !reader->failed;
}

enum gbau_status ber_tlv_find(struct octets octets, uint32_t tag, struct octets *value)
{
    struct octet_reader reader = octet_reader_of(octets);
    struct ber_tlv tlv;
    while (ber_tlv_next(&reader, &tlv)) {
        if (tlv.tag == tag) {
            *value = tlv.value;
            return GBAU_OK;
        }
    }
    return reader.failed ? GBAU_E_MALFORMED : GBAU_E_NOT_FOUND;
}

void ber_tlv_write_head(struct octet_writer *writer, uint32_t tag, size_t length)
{
    if (tag > 0xff) {
        octet_writer_u16(writer, (uint16_t)tag);
    } else {
        octet_writer_u8(writer, (uint8_t)tag);
    }
    if (length < 0x80) {
        octet_writer_u8(writer, (uint8_t)length);
    } else if (length <= 0xff) {
        octet_writer_u8(writer, LENGTH_LONG | 1);
        octet_writer_u8(writer, (uint8_t)length);
    } else if (length <= 0xffff) {
        octet_writer_u8(writer, LENGTH_LONG | 2);
        octet_writer_u16(writer, (uint16_t)length);
    } else {
        writer->failed = true;
    }
}

void ber_tlv_write(struct octet_writer *writer, uint32_t tag, struct octets value)
{
    ber_tlv_write_head(writer, tag, value.length);
    octet_writer_put_octets(writer, value);
}
