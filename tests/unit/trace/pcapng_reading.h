/* pcapng_reading.h: a small reader of captures for the tests, which trusts nothing that capture.c knows. */
#ifndef TESTS_PCAPNG_READING_H
#define TESTS_PCAPNG_READING_H

#include <stdio.h>
#include <stdlib.h>

#include "testing.h"

enum { BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_NAMES = 4, BLOCK_PACKET = 6 };

struct read_packet {
    uint64_t microseconds;
    uint8_t protocol;
    struct octets source; /* four octets, as is destination */
    struct octets destination;
    uint16_t source_port;
    uint16_t destination_port;
    uint32_t sequence; /* of TCP, as are the next two */
    uint32_t acknowledged;
    uint8_t flags;
    struct octets payload;
    const char *comment; /* "" when there is none; all share one buffer */
};

struct read_name {
    struct octets address;
    const char *name;
};

struct read_capture {
    uint8_t *file;
    size_t length;
    size_t section_count;
    size_t interface_count;
    uint16_t linktype;
    struct read_name names[64];
    size_t name_count;
    struct read_packet *packets;
    size_t packet_count;
};

static inline uint8_t *read_whole_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *length = (size_t)ftell(file);
    rewind(file);
    uint8_t *octets = malloc(*length + 1);
    assert_non_null(octets);
    assert_int_equal(fread(octets, 1, *length, file), *length);
    octets[*length] = '\0';
    assert_int_equal(fclose(file), 0);
    return octets;
}

/* RFC 1071, octet by octet: a right sum over data and checksum is 0xffff. */
static inline uint16_t internet_sum(uint32_t start, struct octets octets)
{
    uint64_t sum = start;
    for (size_t i = 0; i < octets.length; i++) {
        sum += i % 2 == 0 ? (uint64_t)octets.data[i] << 8 : octets.data[i];
    }
    while (sum > 0xffff) {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    return (uint16_t)sum;
}

static inline void read_transport(struct read_packet *packet, struct octets segment)
{
    struct octet_reader reader = octet_reader_of(segment);
    packet->source_port = octet_reader_u16(&reader);
    packet->destination_port = octet_reader_u16(&reader);
    if (packet->protocol == 17) {
        assert_int_equal(octet_reader_u16(&reader), segment.length);
        assert_int_not_equal(octet_reader_u16(&reader), 0);
    } else {
        assert_int_equal(packet->protocol, 6);
        packet->sequence = octet_reader_u32(&reader);
        packet->acknowledged = octet_reader_u32(&reader);
        assert_int_equal(octet_reader_u8(&reader), 0x50);
        packet->flags = octet_reader_u8(&reader);
        assert_int_equal(octet_reader_u16(&reader), 0xffff);
        (void)octet_reader_u16(&reader);
        assert_int_equal(octet_reader_u16(&reader), 0);
    }
    packet->payload = octet_reader_take(&reader, octet_reader_left(&reader));
    assert_ok(octet_reader_end(&reader));
}

static inline void read_ipv4(struct read_packet *packet, struct octets octets)
{
    struct octet_reader reader = octet_reader_of(octets);
    assert_int_equal(octet_reader_u8(&reader), 0x45);
    (void)octet_reader_u8(&reader);
    assert_int_equal(octet_reader_u16(&reader), octets.length);
    (void)octet_reader_u32(&reader);
    assert_true(octet_reader_u8(&reader) > 0);
    packet->protocol = octet_reader_u8(&reader);
    (void)octet_reader_u16(&reader);
    packet->source = octet_reader_take(&reader, 4);
    packet->destination = octet_reader_take(&reader, 4);
    const struct octets segment = octet_reader_take(&reader, octet_reader_left(&reader));
    assert_ok(octet_reader_end(&reader));
    assert_int_equal(internet_sum(0, octets_of(octets.data, 20)), 0xffff);
    const uint32_t pseudo = (uint32_t)(packet->protocol + segment.length) + internet_sum(0, packet->source) +
                            internet_sum(0, packet->destination);
    assert_int_equal(internet_sum(pseudo, segment), 0xffff);
    read_transport(packet, segment);
}

/* The only option, opt_comment, and the end of options; valid until the next one is read. */
static inline const char *read_comment(struct octet_reader *reader)
{
    static char comment[4096];
    assert_int_equal(octet_reader_u16(reader), 1);
    const size_t length = octet_reader_u16(reader);
    const struct octets text = octet_reader_take(reader, length);
    (void)octet_reader_take(reader, (4 - length % 4) % 4);
    assert_int_equal(octet_reader_u32(reader), 0);
    assert_ok(octets_to_text(text, comment, sizeof comment));
    return comment;
}

static inline void read_packet_block(struct read_capture *capture, struct octet_reader *reader)
{
    capture->packets = realloc(capture->packets, (capture->packet_count + 1) * sizeof *capture->packets);
    assert_non_null(capture->packets);
    struct read_packet *packet = &capture->packets[capture->packet_count++];
    memset(packet, 0, sizeof *packet);
    assert_int_equal(octet_reader_u32(reader), 0);
    packet->microseconds = octet_reader_u64(reader);
    const uint32_t captured = octet_reader_u32(reader);
    assert_int_equal(octet_reader_u32(reader), captured);
    read_ipv4(packet, octet_reader_take(reader, captured));
    (void)octet_reader_take(reader, (4 - captured % 4) % 4);
    packet->comment = octet_reader_left(reader) == 0 ? "" : read_comment(reader);
    assert_ok(octet_reader_end(reader));
}

static inline void read_names_block(struct read_capture *capture, struct octet_reader *reader)
{
    assert_true(capture->name_count < sizeof capture->names / sizeof capture->names[0]);
    struct read_name *name = &capture->names[capture->name_count++];
    assert_int_equal(octet_reader_u16(reader), 1);
    const size_t length = octet_reader_u16(reader);
    name->address = octet_reader_take(reader, 4);
    const struct octets text = octet_reader_take(reader, length - 4);
    assert_int_equal(text.data[text.length - 1], 0);
    name->name = (const char *)text.data;
    (void)octet_reader_take(reader, (4 - length % 4) % 4);
    assert_int_equal(octet_reader_u32(reader), 0);
    assert_ok(octet_reader_end(reader));
}

static inline void read_block(struct read_capture *capture, uint32_t type, struct octets body)
{
    struct octet_reader reader = octet_reader_of(body);
    switch (type) {
    case BLOCK_SECTION:
        capture->section_count++;
        assert_int_equal(octet_reader_u32(&reader), 0x1a2b3c4d);
        assert_int_equal(octet_reader_u32(&reader), 0x00010000);
        assert_true(octet_reader_u64(&reader) == UINT64_MAX);
        break;
    case BLOCK_INTERFACE:
        capture->interface_count++;
        capture->linktype = octet_reader_u16(&reader);
        break;
    case BLOCK_NAMES:
        read_names_block(capture, &reader);
        break;
    default:
        assert_int_equal(type, BLOCK_PACKET);
        read_packet_block(capture, &reader);
    }
}

/* Reads all blocks; fails the test when anything is not well-formed or a checksum is wrong. */
static inline struct read_capture read_capture_file(const char *path)
{
    struct read_capture capture = {0};
    capture.file = read_whole_file(path, &capture.length);
    struct octet_reader reader = octet_reader_of(octets_of(capture.file, capture.length));
    while (octet_reader_left(&reader) > 0) {
        const uint32_t type = octet_reader_u32(&reader);
        const uint32_t total = octet_reader_u32(&reader);
        assert_true(total >= 12 && total % 4 == 0);
        read_block(&capture, type, octet_reader_take(&reader, total - 12));
        assert_int_equal(octet_reader_u32(&reader), total);
    }
    assert_ok(octet_reader_end(&reader));
    assert_int_equal(capture.section_count, 1);
    assert_int_equal(capture.interface_count, 1);
    return capture;
}

static inline void free_read_capture(struct read_capture *capture)
{
    free(capture->packets);
    free(capture->file);
}

#endif
