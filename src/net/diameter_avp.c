/* diameter_avp.c: Diameter headers and AVPs from octets and to octets (RFC 6733 clauses 3 and 4). */
#include "net/diameter_avp.h"

enum { VERSION = 1, AVP_HEADER_SIZE = 8, AVP_VENDOR_HEADER_SIZE = 12 };

/* What the transport adds and takes away itself. */
static const uint32_t transport_avps[] = {
    AVP_SESSION_ID,        AVP_ORIGIN_HOST,  AVP_ORIGIN_REALM, AVP_DESTINATION_HOST,
    AVP_DESTINATION_REALM, AVP_ROUTE_RECORD, AVP_PROXY_INFO,
};

enum gbau_status diameter_read_header(struct octets message, struct diameter_header *header, struct octets *avps)
{
    struct octet_reader reader = octet_reader_of(message);
    uint8_t version = octet_reader_u8(&reader);
    uint32_t length = octet_reader_u24(&reader);
    header->flags = octet_reader_u8(&reader);
    header->command = octet_reader_u24(&reader);
    header->application = octet_reader_u32(&reader);
    header->hop_by_hop = octet_reader_u32(&reader);
    header->end_to_end = octet_reader_u32(&reader);
    *avps = octet_reader_take(&reader, octet_reader_left(&reader));
    if (reader.failed || version != VERSION || length != message.length) {
        return GBAU_E_MALFORMED;
    }
    return GBAU_OK;
}

void diameter_reserve_header(struct octet_writer *writer)
{
    octet_writer_fill(writer, 0, DIAMETER_HEADER_SIZE);
}

void diameter_write_header(struct octet_writer *writer, const struct diameter_header *header)
{
    if (writer->failed || writer->length < DIAMETER_HEADER_SIZE) {
        writer->failed = true;
        return;
    }
    struct octet_writer front = octet_writer_of(writer->data, DIAMETER_HEADER_SIZE);
    octet_writer_u8(&front, VERSION);
    octet_writer_u24(&front, (uint32_t)writer->length);
    octet_writer_u8(&front, header->flags);
    octet_writer_u24(&front, header->command);
    octet_writer_u32(&front, header->application);
    octet_writer_u32(&front, header->hop_by_hop);
    octet_writer_u32(&front, header->end_to_end);
}

static size_t padding_of(size_t length)
{
    return (4 - length % 4) % 4;
}

bool diameter_next_avp(struct octet_reader *reader, struct diameter_avp *avp)
{
    if (reader->failed || octet_reader_left(reader) == 0) {
        return false;
    }
    avp->code = octet_reader_u32(reader);
    avp->flags = octet_reader_u8(reader);
    uint32_t length = octet_reader_u24(reader);
    bool has_vendor = (avp->flags & DIAMETER_AVP_VENDOR) != 0;
    avp->vendor = has_vendor ? octet_reader_u32(reader) : 0;
    uint32_t header_size = has_vendor ? AVP_VENDOR_HEADER_SIZE : AVP_HEADER_SIZE;
    if (length < header_size) {
        reader->failed = true;
        return false;
    }
    avp->data = octet_reader_take(reader, length - header_size);

    /* Some leave out the padding of the last one. */
    size_t padding = padding_of(length);
    size_t left = octet_reader_left(reader);
    (void)octet_reader_take(reader, padding < left ? padding : left);
    return !reader->failed;
}

enum gbau_status diameter_check_avps(struct octets avps)
{
    struct octet_reader reader = octet_reader_of(avps);
    struct diameter_avp avp;
    while (diameter_next_avp(&reader, &avp)) {
    }
    return octet_reader_end(&reader);
}

bool diameter_avp_is(const struct diameter_avp *avp, uint32_t code)
{
    return avp->code == code && (avp->flags & DIAMETER_AVP_VENDOR) == 0;
}

uint32_t diameter_avp_unsigned(const struct diameter_avp *avp)
{
    struct octet_reader reader = octet_reader_of(avp->data);
    uint32_t value = octet_reader_u32(&reader);
    return octet_reader_end(&reader) == GBAU_OK ? value : 0;
}

void diameter_write_avp(struct octet_writer *writer, const struct diameter_avp *avp)
{
    bool has_vendor = (avp->flags & DIAMETER_AVP_VENDOR) != 0;
    size_t length = avp->data.length + (has_vendor ? AVP_VENDOR_HEADER_SIZE : AVP_HEADER_SIZE);
    octet_writer_u32(writer, avp->code);
    octet_writer_u8(writer, avp->flags);
    octet_writer_u24(writer, (uint32_t)length);
    if (has_vendor) {
        octet_writer_u32(writer, avp->vendor);
    }
    octet_writer_put_octets(writer, avp->data);
    octet_writer_fill(writer, 0, padding_of(length));
}

void diameter_write_base_avp(struct octet_writer *writer, uint32_t code, struct octets data)
{
    const struct diameter_avp avp = {.code = code, .flags = DIAMETER_AVP_MANDATORY, .data = data};
    diameter_write_avp(writer, &avp);
}

void diameter_write_base_unsigned(struct octet_writer *writer, uint32_t code, uint32_t value)
{
    uint8_t data[4];
    struct octet_writer value_writer = octet_writer_of(data, sizeof data);
    octet_writer_u32(&value_writer, value);
    diameter_write_base_avp(writer, code, octets_written(&value_writer));
}

static bool is_transport_avp(const struct diameter_avp *avp)
{
    for (size_t i = 0; i < sizeof transport_avps / sizeof transport_avps[0]; i++) {
        if (diameter_avp_is(avp, transport_avps[i])) {
            return true;
        }
    }
    return false;
}

void diameter_copy_payload(struct octets avps, struct octet_writer *writer)
{
    struct octet_reader reader = octet_reader_of(avps);
    struct diameter_avp avp;
    while (diameter_next_avp(&reader, &avp)) {
        if (!is_transport_avp(&avp)) {
            diameter_write_avp(writer, &avp);
        }
    }
}

void diameter_copy_base_avps(struct octets avps, uint32_t code, struct octet_writer *writer)
{
    struct octet_reader reader = octet_reader_of(avps);
    struct diameter_avp avp;
    while (diameter_next_avp(&reader, &avp)) {
        if (diameter_avp_is(&avp, code)) {
            diameter_write_avp(writer, &avp);
        }
    }
}

uint32_t diameter_find_result_code(struct octets avps)
{
    struct octet_reader reader = octet_reader_of(avps);
    struct diameter_avp avp;
    while (diameter_next_avp(&reader, &avp)) {
        if (diameter_avp_is(&avp, AVP_RESULT_CODE)) {
            return diameter_avp_unsigned(&avp);
        }
    }
    return 0;
}
