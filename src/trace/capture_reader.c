/* capture_reader.c: pcapng blocks, the headers around a packet, and where in it the command ends. */
#include "trace/capture_reader.h"

#include <string.h>

#include "card_text/apdu_words.h"

enum {
    BLOCK_SECTION_HEADER = 0x0a0d0d0a,
    BLOCK_INTERFACE_DESCRIPTION = 1,
    BLOCK_ENHANCED_PACKET = 6,
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    BLOCK_OVERHEAD = 12,
    INTERFACES_MAX = 64
};
enum { LINKTYPE_ETHERNET = 1, LINKTYPE_RAW = 101, LINKTYPE_LINUX_SLL = 113, LINKTYPE_IPV4 = 228, LINKTYPE_SLL2 = 276 };
enum { ETHERTYPE_IPV4 = 0x0800, PROTOCOL_UDP = 17 };
enum { GSMTAP_PORT = 4729, GSMTAP_VERSION = 2, GSMTAP_TYPE_SIM = 4, GSMTAP_SUBTYPE_APDU = 0 };

/* A section of the file: its byte order, and the link types of its interfaces. */
struct section {
    bool is_little_endian;
    size_t interface_count;
    uint16_t linktypes[INTERFACES_MAX];
};

static uint32_t read_u32(struct octet_reader *reader, bool is_little_endian)
{
    const uint32_t value = octet_reader_u32(reader);
    return is_little_endian ? __builtin_bswap32(value) : value;
}

static uint16_t read_u16(struct octet_reader *reader, bool is_little_endian)
{
    const uint16_t value = octet_reader_u16(reader);
    return is_little_endian ? __builtin_bswap16(value) : value;
}

/* APDUs */

/* SELECT, ENVELOPE and STORE DATA keep their Le in gbau's captures, for Wireshark's sake; a T=0 tracer writes none. */
static bool has_le(const uint8_t *pair, size_t end_of_data, size_t length)
{
    enum { INS_SELECT = 0xa4, INS_ENVELOPE = 0xc2, INS_STORE_DATA = 0xe2, TAG_FCP = 0x62, TAG_FCI = 0x6f };
    const uint8_t ins = pair[1];
    if ((ins != INS_SELECT && ins != INS_ENVELOPE && ins != INS_STORE_DATA) || length - end_of_data <= 2) {
        return false;
    }
    const uint8_t first = pair[end_of_data];
    const uint8_t second = pair[end_of_data + 1];
    const bool begins_at_once = first == TAG_FCP || first == TAG_FCI;
    return !begins_at_once || second == TAG_FCP || second == TAG_FCI;
}

/* Where the response begins: P3 tells, when one knows which way a command sends (see frame_apdu in capture.c). */
static size_t command_length(struct octets pair)
{
    enum { CASE_1 = 4, HEAD = 5, EXTENDED_HEAD = 7, STATUS_WORD = 2 };
    if (pair.length <= CASE_1 + STATUS_WORD || !apdu_header_sends(pair.data)) {
        return pair.length <= CASE_1 + STATUS_WORD ? CASE_1 : HEAD;
    }
    if (pair.data[CASE_1] == 0 && pair.length > EXTENDED_HEAD + STATUS_WORD) { /* Lc of two more octets, perhaps */
        const size_t extended_end = EXTENDED_HEAD + (size_t)octets_load_2(pair.data + HEAD);
        if (extended_end > EXTENDED_HEAD && extended_end + STATUS_WORD <= pair.length) {
            return extended_end;
        }
    }
    const size_t end_of_data = HEAD + (size_t)pair.data[CASE_1];
    if (end_of_data + STATUS_WORD > pair.length) {
        return HEAD;
    }
    return end_of_data + (has_le(pair.data, end_of_data, pair.length) ? 1 : 0);
}

static bool split_pair(struct octets pair, struct octets *command, struct octets *response)
{
    enum { SHORTEST = 6 };
    if (pair.length < SHORTEST) {
        return false;
    }
    const size_t length = command_length(pair);
    *command = octets_of(pair.data, length);
    *response = octets_of(pair.data + length, pair.length - length);
    return response->length >= 2;
}

/* Packets */

/* The IPv4 packet in a frame; nothing for other protocols. */
static struct octets ipv4_of_frame(uint16_t linktype, struct octets frame)
{
    static const struct {
        uint16_t linktype;
        uint8_t protocol_offset;
        uint8_t header_size;
    } headers[] = {{LINKTYPE_ETHERNET, 12, 14}, {LINKTYPE_LINUX_SLL, 14, 16}, {LINKTYPE_SLL2, 0, 20}};
    struct octet_reader reader = octet_reader_of(frame);
    if (linktype == LINKTYPE_RAW || linktype == LINKTYPE_IPV4) {
        return frame;
    }
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        if (headers[i].linktype != linktype) {
            continue;
        }
        (void)octet_reader_take(&reader, headers[i].protocol_offset);
        const bool is_ipv4 = octet_reader_u16(&reader) == ETHERTYPE_IPV4;
        (void)octet_reader_take(&reader, (size_t)headers[i].header_size - headers[i].protocol_offset - 2);
        return is_ipv4 ? octet_reader_take(&reader, octet_reader_left(&reader)) : (struct octets){0};
    }
    return (struct octets){0};
}

static struct octets udp_of_ipv4(struct octets packet)
{
    enum { HEADER_LEAST = 20, FRAGMENT_MASK = 0x3fff };
    struct octet_reader reader = octet_reader_of(packet);
    const uint8_t version = octet_reader_u8(&reader);
    const size_t header_length = (version & 0x0fU) * 4U;
    (void)octet_reader_u8(&reader);
    const size_t total_length = octet_reader_u16(&reader);
    (void)octet_reader_u16(&reader);
    const uint16_t fragment = octet_reader_u16(&reader);
    (void)octet_reader_u8(&reader);
    const uint8_t protocol = octet_reader_u8(&reader);
    if (reader.failed || version >> 4 != 4 || header_length < HEADER_LEAST || protocol != PROTOCOL_UDP ||
        (fragment & FRAGMENT_MASK) != 0 || total_length < header_length || total_length > packet.length) {
        return (struct octets){0};
    }
    return octets_of(packet.data + header_length, total_length - header_length);
}

static struct octets apdus_of_udp(struct octets datagram)
{
    enum { HEAD_READ = 13 };
    struct octet_reader reader = octet_reader_of(datagram);
    const uint16_t source = octet_reader_u16(&reader);
    const uint16_t destination = octet_reader_u16(&reader);
    (void)octet_reader_u32(&reader); /* length and checksum */
    const uint8_t version = octet_reader_u8(&reader);
    const size_t header_length = octet_reader_u8(&reader) * 4U;
    const uint8_t type = octet_reader_u8(&reader);
    (void)octet_reader_take(&reader, 9);
    const uint8_t subtype = octet_reader_u8(&reader);
    if (reader.failed || (source != GSMTAP_PORT && destination != GSMTAP_PORT) || version != GSMTAP_VERSION ||
        type != GSMTAP_TYPE_SIM || subtype != GSMTAP_SUBTYPE_APDU || header_length < HEAD_READ) {
        return (struct octets){0};
    }
    (void)octet_reader_take(&reader, header_length - HEAD_READ);
    return octet_reader_take(&reader, octet_reader_left(&reader));
}

/* Blocks */

/* What is known while a file is read. */
struct capture_walk {
    struct section section;
    size_t packet_count;
    capture_apdu_listener *listener;
    void *context;
};

static void read_interface(struct capture_walk *walk, struct octet_reader *body)
{
    struct section *section = &walk->section;
    const uint16_t linktype = read_u16(body, section->is_little_endian);
    if (section->interface_count < INTERFACES_MAX && !body->failed) {
        section->linktypes[section->interface_count++] = linktype;
    }
}

static void read_packet(struct capture_walk *walk, struct octet_reader *body)
{
    struct octets command;
    struct octets response;
    const struct section *section = &walk->section;
    const uint32_t interface = read_u32(body, section->is_little_endian);
    (void)octet_reader_u64(body); /* when */
    const uint32_t length = read_u32(body, section->is_little_endian);
    (void)octet_reader_u32(body); /* as it was */
    const struct octets frame = octet_reader_take(body, length);
    walk->packet_count++;
    if (body->failed || interface >= section->interface_count) {
        return;
    }
    const struct octets pair = apdus_of_udp(udp_of_ipv4(ipv4_of_frame(section->linktypes[interface], frame)));
    if (split_pair(pair, &command, &response)) {
        walk->listener(walk->context, walk->packet_count, command, response);
    }
}

/* The byte order stands behind the length that it is needed for. */
static bool begin_section(struct section *section, struct octet_reader ahead)
{
    (void)octet_reader_u32(&ahead); /* length */
    const uint32_t magic = octet_reader_u32(&ahead);
    *section = (struct section){.is_little_endian = magic == __builtin_bswap32(BYTE_ORDER_MAGIC)};
    return magic == BYTE_ORDER_MAGIC || section->is_little_endian;
}

/* Reads one block; false when it is broken. */
static bool read_block(struct capture_walk *walk, struct octet_reader *reader)
{
    const uint32_t raw_type = octet_reader_u32(reader); /* that of a section reads the same in both orders */
    if (raw_type == BLOCK_SECTION_HEADER && !begin_section(&walk->section, *reader)) {
        return false;
    }
    const bool is_little_endian = walk->section.is_little_endian;
    const uint32_t type = is_little_endian ? __builtin_bswap32(raw_type) : raw_type;
    const uint32_t length = read_u32(reader, is_little_endian);
    if (length < BLOCK_OVERHEAD || length % 4 != 0) {
        return false;
    }
    struct octet_reader body = octet_reader_of(octet_reader_take(reader, length - BLOCK_OVERHEAD));
    (void)octet_reader_u32(reader); /* the length again */
    if (reader->failed) {
        return false;
    }
    if (type == BLOCK_INTERFACE_DESCRIPTION) {
        read_interface(walk, &body);
    } else if (type == BLOCK_ENHANCED_PACKET) {
        read_packet(walk, &body);
    }
    return true;
}

enum gbau_status capture_read_apdus(struct octets file, capture_apdu_listener *listener, void *context)
{
    struct capture_walk walk = {.listener = listener, .context = context};
    struct octet_reader reader = octet_reader_of(file);
    if (file.length < BLOCK_OVERHEAD || octet_reader_u32(&reader) != BLOCK_SECTION_HEADER) {
        return GBAU_E_UNSUPPORTED;
    }
    reader = octet_reader_of(file);
    while (octet_reader_left(&reader) > 0) {
        if (!read_block(&walk, &reader)) {
            return GBAU_E_MALFORMED;
        }
    }
    return GBAU_OK;
}
