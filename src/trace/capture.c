/* capture.c: pcapng blocks around made IPv4 packets: GSMTAP over UDP for APDUs, TCP for what a relay passed on. */
#include "trace/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/secret.h"

enum {
    IPV4_HEADER_SIZE = 20,
    UDP_HEADER_SIZE = 8,
    GSMTAP_HEADER_SIZE = 16,
    TCP_HEADER_SIZE = 20,
    IPV4_MAX_SIZE = 0xffff,
    BLOCK_SIZE = IPV4_MAX_SIZE + CAPTURE_COMMENT_MAX + 64, /* the longest packet and the fields of its block */
    SEGMENT_SIZE = 1400,
    SEGMENTS_PER_ACK = 16, /* keeps what is unacknowledged below the window of 65,535 */
    NAME_MAX_LENGTH = 255,
    NAMED_LIMIT = 32
};

/* The pcapng draft, 4: block and option types. */
enum {
    BLOCK_SECTION_HEADER = 0x0a0d0d0a,
    BLOCK_INTERFACE_DESCRIPTION = 1,
    BLOCK_NAME_RESOLUTION = 4,
    BLOCK_ENHANCED_PACKET = 6,
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    OPTION_COMMENT = 1,
    OPTION_IF_NAME = 2,
    OPTION_SHB_USER_APPLICATION = 4,
    RECORD_IPV4 = 1,
    LINKTYPE_RAW = 101
};

enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };
enum { GSMTAP_PORT = 4729, GSMTAP_VERSION = 2, GSMTAP_TYPE_SIM = 4 };
enum { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_PSH = 0x08, TCP_ACK = 0x10 };
enum { CLIENT, SERVER };

struct capture {
    pthread_mutex_t lock; /* guards all below, and all streams of this capture */
    int file;
    bool failed;
    uint16_t packet_count; /* also the identification of the next IPv4 packet */
    uint32_t stream_count;
    uint8_t named[NAMED_LIMIT][4]; /* addresses whose names are in the file */
    size_t named_count;
    uint8_t block[BLOCK_SIZE];
};

struct capture_stream {
    struct capture *capture;
    struct capture_end ends[2];
    uint32_t sequence[2]; /* the next sequence number of each end */
};

/* What stands inside an IPv4 packet. */
struct transport {
    uint8_t protocol;
    struct octets header;    /* with zeros for its checksum */
    size_t checksum_offset;  /* in `header` */
    struct octets pieces[3]; /* the payload */
    const char *comment;     /* NULL: none */
};

static void write_all(struct capture *capture, struct octets octets)
{
    struct octet_reader left = octet_reader_of(octets);
    while (octet_reader_left(&left) > 0 && !capture->failed) {
        const ssize_t written = write(capture->file, octets.data + left.position, octet_reader_left(&left));
        if (written >= 0) {
            (void)octet_reader_take(&left, (size_t)written);
        } else {
            capture->failed = errno != EINTR;
        }
    }
}

static void pad_to_word(struct octet_writer *writer)
{
    octet_writer_fill(writer, 0, (4 - writer->length % 4) % 4);
}

static struct octet_writer begin_block(struct capture *capture, uint32_t type)
{
    struct octet_writer writer = octet_writer_of(capture->block, sizeof capture->block);
    octet_writer_u32(&writer, type);
    octet_writer_u32(&writer, 0); /* the total length: end_block knows it */
    return writer;
}

static void end_block(struct capture *capture, struct octet_writer *writer)
{
    pad_to_word(writer);
    const uint32_t total_length = (uint32_t)writer->length + 4;
    octet_writer_u32(writer, total_length);
    struct octet_writer length_field = octet_writer_of(capture->block + 4, 4);
    octet_writer_u32(&length_field, total_length);
    if (octet_writer_end(writer) == GBAU_OK) {
        write_all(capture, octets_written(writer));
    } else {
        capture->failed = true;
    }
    secret_wipe(capture->block, writer->length); /* derived keys and PINs cross the card's interface */
}

static void put_option(struct octet_writer *writer, uint16_t code, const char *text)
{
    octet_writer_u16(writer, code);
    octet_writer_u16(writer, (uint16_t)strlen(text));
    octet_writer_put_text(writer, text);
    pad_to_word(writer);
    octet_writer_u32(writer, 0); /* opt_endofopt */
}

static void write_section_header(struct capture *capture)
{
    struct octet_writer writer = begin_block(capture, BLOCK_SECTION_HEADER);
    octet_writer_u32(&writer, BYTE_ORDER_MAGIC);
    octet_writer_u16(&writer, 1); /* version 1.0 */
    octet_writer_u16(&writer, 0);
    octet_writer_u64(&writer, UINT64_MAX); /* length of the section: not said */
    put_option(&writer, OPTION_SHB_USER_APPLICATION, "gbau");
    end_block(capture, &writer);
}

/* The resolution of timestamps is left at its default, a microsecond. */
static void write_interface_description(struct capture *capture)
{
    struct octet_writer writer = begin_block(capture, BLOCK_INTERFACE_DESCRIPTION);
    octet_writer_u16(&writer, LINKTYPE_RAW);
    octet_writer_u16(&writer, 0);
    octet_writer_u32(&writer, 0); /* no limit on the length of packets */
    put_option(&writer, OPTION_IF_NAME, "gbau");
    end_block(capture, &writer);
}

static bool is_named(const struct capture *capture, const uint8_t address[4])
{
    for (size_t i = 0; i < capture->named_count; i++) {
        if (memcmp(capture->named[i], address, 4) == 0) {
            return true;
        }
    }
    return false;
}

/* When the table of named addresses is full a name is written again for each stream, which does no harm. */
static void write_name(struct capture *capture, const struct capture_end *end)
{
    if (end->name == NULL || is_named(capture, end->address)) {
        return;
    }
    const size_t length = strnlen(end->name, NAME_MAX_LENGTH);
    struct octet_writer writer = begin_block(capture, BLOCK_NAME_RESOLUTION);
    octet_writer_u16(&writer, RECORD_IPV4);
    octet_writer_u16(&writer, (uint16_t)(sizeof end->address + length + 1));
    octet_writer_put(&writer, end->address, sizeof end->address);
    octet_writer_put(&writer, end->name, length);
    octet_writer_u8(&writer, 0);
    pad_to_word(&writer);
    octet_writer_u32(&writer, 0); /* nrb_record_end */
    end_block(capture, &writer);
    if (capture->named_count < NAMED_LIMIT) {
        memcpy(capture->named[capture->named_count++], end->address, sizeof end->address);
    }
}

/* The ones' complement sum of RFC 1071, not yet folded; an odd octet at the end counts as if a zero followed. */
static uint32_t sum_words(uint32_t sum, struct octets octets)
{
    struct octet_reader reader = octet_reader_of(octets);
    while (octet_reader_left(&reader) > 1) {
        sum += octet_reader_u16(&reader);
    }
    if (octet_reader_left(&reader) == 1) {
        sum += (uint32_t)octet_reader_u8(&reader) << 8;
    }
    return sum;
}

static uint16_t fold_checksum(uint32_t sum)
{
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

static void patch_u16(struct octet_writer *writer, size_t position, uint16_t value)
{
    struct octet_writer field = octet_writer_of(writer->data + position, 2);
    octet_writer_u16(&field, value);
}

static void put_packet_fields(struct octet_writer *writer, size_t packet_length)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    const uint64_t microseconds = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    octet_writer_u32(writer, 0); /* the only interface */
    octet_writer_u64(writer, microseconds);
    octet_writer_u32(writer, (uint32_t)packet_length); /* captured, and as it was */
    octet_writer_u32(writer, (uint32_t)packet_length);
}

static void put_ipv4_header(struct octet_writer *writer, const struct capture_end *from, const struct capture_end *to,
                            uint8_t protocol, uint16_t packet_length, uint16_t identification)
{
    const size_t start = writer->length;
    octet_writer_u16(writer, 0x4500); /* version 4, a header of five words, no class of service */
    octet_writer_u16(writer, packet_length);
    octet_writer_u16(writer, identification);
    octet_writer_u16(writer, 0x4000); /* do not fragment */
    octet_writer_u8(writer, 64);
    octet_writer_u8(writer, protocol);
    octet_writer_u16(writer, 0);
    octet_writer_put(writer, from->address, sizeof from->address);
    octet_writer_put(writer, to->address, sizeof to->address);
    const struct octets header = octets_of(writer->data + start, IPV4_HEADER_SIZE);
    patch_u16(writer, start + 10, fold_checksum(sum_words(0, header)));
}

/* The header in front must be the one of IPv4: its addresses are part of the sum. */
static void patch_transport_checksum(struct octet_writer *writer, size_t start, const struct transport *transport)
{
    const struct octets segment = octets_of(writer->data + start, writer->length - start);
    const struct octets addresses = octets_of(segment.data - 8, 8);
    const uint32_t pseudo_header = sum_words(transport->protocol + (uint32_t)segment.length, addresses);
    const uint16_t checksum = fold_checksum(sum_words(pseudo_header, segment));
    /* zero says "no checksum" in UDP; its other form adds up to the same */
    patch_u16(writer, start + transport->checksum_offset, checksum == 0 ? 0xffff : checksum);
}

static size_t transport_length(const struct transport *transport)
{
    size_t length = transport->header.length;
    for (size_t i = 0; i < sizeof transport->pieces / sizeof transport->pieces[0]; i++) {
        length += transport->pieces[i].length;
    }
    return length;
}

static void put_transport(struct octet_writer *writer, const struct transport *transport)
{
    const size_t start = writer->length;
    octet_writer_put_octets(writer, transport->header);
    for (size_t i = 0; i < sizeof transport->pieces / sizeof transport->pieces[0]; i++) {
        octet_writer_put_octets(writer, transport->pieces[i]);
    }
    patch_transport_checksum(writer, start, transport);
}

static void write_packet(struct capture *capture, const struct capture_end *from, const struct capture_end *to,
                         const struct transport *transport)
{
    const size_t length = IPV4_HEADER_SIZE + transport_length(transport);
    if (length > IPV4_MAX_SIZE) {
        capture->failed = true;
        return;
    }
    struct octet_writer writer = begin_block(capture, BLOCK_ENHANCED_PACKET);
    put_packet_fields(&writer, length);
    put_ipv4_header(&writer, from, to, transport->protocol, (uint16_t)length, capture->packet_count++);
    put_transport(&writer, transport);
    pad_to_word(&writer);
    if (transport->comment != NULL && strlen(transport->comment) <= CAPTURE_COMMENT_MAX) {
        put_option(&writer, OPTION_COMMENT, transport->comment);
    }
    end_block(capture, &writer);
}

enum gbau_status capture_open(const char *path, struct capture **capture)
{
    struct capture *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    struct stat kind;
    opened->file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    /* an old file keeps its mode when it is opened, so it is set again; a pipe into Wireshark keeps its own */
    if (opened->file < 0 || fstat(opened->file, &kind) != 0 ||
        (S_ISREG(kind.st_mode) && fchmod(opened->file, S_IRUSR | S_IWUSR) != 0)) {
        if (opened->file >= 0) {
            (void)close(opened->file);
        }
        free(opened);
        return GBAU_E_STORAGE;
    }
    (void)pthread_mutex_init(&opened->lock, NULL); /* cannot fail with default attributes on Linux */
    write_section_header(opened);
    write_interface_description(opened);
    *capture = opened;
    return GBAU_OK;
}

enum gbau_status capture_close(struct capture *capture)
{
    if (capture == NULL) {
        return GBAU_OK;
    }
    const bool closed = close(capture->file) == 0;
    const enum gbau_status status = closed && !capture->failed ? GBAU_OK : GBAU_E_STORAGE;
    (void)pthread_mutex_destroy(&capture->lock);
    free(capture);
    return status;
}

/* Octets of Le behind header, Lc and data; 0 for a command of another case. */
static size_t size_of_le(struct octets command)
{
    enum { SHORT_LE = 1, EXTENDED_LE = 2 };
    struct octet_reader reader = octet_reader_of(command);
    (void)octet_reader_take(&reader, 4);
    const size_t lc = octet_reader_u8(&reader);
    if (lc != 0) {
        return octet_reader_left(&reader) == lc + SHORT_LE ? SHORT_LE : 0;
    }
    const size_t extended_lc = octet_reader_u16(&reader);
    return extended_lc != 0 && octet_reader_left(&reader) == extended_lc + EXTENDED_LE ? EXTENDED_LE : 0;
}

/* SELECT, ENVELOPE and STORE DATA: newer versions of the dissector look for Le there, older ones pass over it. */
static bool is_dissected_with_le(uint8_t instruction)
{
    static const uint8_t instructions[] = {0xa4, 0xc2, 0xe2};
    return memchr(instructions, instruction, sizeof instructions) != NULL;
}

/*
 * Wireshark's gsm_sim parts command from response by P3 alone, as in the TPDUs of T=0. So P3 of a command that only
 * reads must be the number of octets that came back, or the packet is called malformed; and a command that also sends
 * must end with its data, or Le is taken for a part of the response.
 */
static void frame_apdu(struct octets command, struct octets response, uint8_t *p3, struct octets pieces[3])
{
    pieces[0] = command;
    pieces[2] = response;
    if (command.length == 5) {
        *p3 = response.length > 2 ? (uint8_t)(response.length - 2) : 0;
        pieces[0] = octets_of(command.data, 4);
        pieces[1] = octets_of(p3, 1);
    } else if (command.length > 5 && !is_dissected_with_le(command.data[1])) {
        pieces[0].length -= size_of_le(command);
    }
}

/* GSMTAP says nothing for a card but its type: time slot, channel, signal and frame number are zero. */
static void put_gsmtap_header(struct octet_writer *writer)
{
    octet_writer_u8(writer, GSMTAP_VERSION);
    octet_writer_u8(writer, GSMTAP_HEADER_SIZE / 4);
    octet_writer_u8(writer, GSMTAP_TYPE_SIM);
    octet_writer_fill(writer, 0, GSMTAP_HEADER_SIZE - 3);
}

void capture_add_apdu(struct capture *capture, struct octets command, struct octets response)
{
    capture_add_commented_apdu(capture, command, response, NULL);
}

void capture_add_commented_apdu(struct capture *capture, struct octets command, struct octets response,
                                const char *comment)
{
    static const struct capture_end loopback = {.address = {127, 0, 0, 1}, .port = GSMTAP_PORT};
    if (capture == NULL) {
        return;
    }
    uint8_t p3 = 0;
    uint8_t header[UDP_HEADER_SIZE + GSMTAP_HEADER_SIZE] = {0};
    struct transport udp = {.protocol = PROTOCOL_UDP,
                            .header = octets_of(header, sizeof header),
                            .checksum_offset = 6,
                            .comment = comment};
    frame_apdu(command, response, &p3, udp.pieces);
    struct octet_writer writer = octet_writer_of(header, sizeof header);
    octet_writer_u16(&writer, loopback.port);
    octet_writer_u16(&writer, loopback.port);
    octet_writer_u16(&writer, (uint16_t)transport_length(&udp)); /* write_packet refuses what does not fit */
    octet_writer_u16(&writer, 0);
    put_gsmtap_header(&writer);
    (void)pthread_mutex_lock(&capture->lock);
    write_packet(capture, &loopback, &loopback, &udp);
    (void)pthread_mutex_unlock(&capture->lock);
}

static void write_segment(struct capture_stream *stream, int from, uint8_t flags, struct octets data)
{
    const int to = from == CLIENT ? SERVER : CLIENT;
    uint8_t header[TCP_HEADER_SIZE];
    struct octet_writer writer = octet_writer_of(header, sizeof header);
    octet_writer_u16(&writer, stream->ends[from].port);
    octet_writer_u16(&writer, stream->ends[to].port);
    octet_writer_u32(&writer, stream->sequence[from]);
    octet_writer_u32(&writer, flags & TCP_ACK ? stream->sequence[to] : 0);
    octet_writer_u8(&writer, TCP_HEADER_SIZE / 4 << 4);
    octet_writer_u8(&writer, flags);
    octet_writer_u16(&writer, 0xffff); /* window */
    octet_writer_u32(&writer, 0);      /* checksum and urgent pointer */
    const struct transport tcp = {
        .protocol = PROTOCOL_TCP, .header = octets_written(&writer), .checksum_offset = 16, .pieces = {data}};
    write_packet(stream->capture, &stream->ends[from], &stream->ends[to], &tcp);
    stream->sequence[from] += (uint32_t)data.length + (flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
}

struct capture_stream *capture_stream_open(struct capture *capture, const struct capture_end *client,
                                           const struct capture_end *server)
{
    struct capture_stream *stream = capture != NULL ? calloc(1, sizeof *stream) : NULL;
    if (stream == NULL) {
        return NULL;
    }
    *stream = (struct capture_stream){.capture = capture, .ends = {*client, *server}};
    (void)pthread_mutex_lock(&capture->lock);
    /* far apart, so that Wireshark does not take a reused port for an old connection */
    stream->sequence[CLIENT] = ++capture->stream_count << 20;
    stream->sequence[SERVER] = stream->sequence[CLIENT] + (1U << 31);
    write_name(capture, client);
    write_name(capture, server);
    write_segment(stream, CLIENT, TCP_SYN, (struct octets){0});
    write_segment(stream, SERVER, TCP_SYN | TCP_ACK, (struct octets){0});
    write_segment(stream, CLIENT, TCP_ACK, (struct octets){0});
    (void)pthread_mutex_unlock(&capture->lock);
    return stream;
}

void capture_stream_data(struct capture_stream *stream, bool from_client, struct octets data)
{
    if (stream == NULL) {
        return;
    }
    const int from = from_client ? CLIENT : SERVER;
    const int to = from_client ? SERVER : CLIENT;
    struct octet_reader reader = octet_reader_of(data);
    (void)pthread_mutex_lock(&stream->capture->lock);
    for (size_t count = 1; octet_reader_left(&reader) > 0; count++) {
        const size_t left = octet_reader_left(&reader);
        const struct octets part = octet_reader_take(&reader, left < SEGMENT_SIZE ? left : SEGMENT_SIZE);
        write_segment(stream, from, TCP_PSH | TCP_ACK, part);
        if (left <= SEGMENT_SIZE || count % SEGMENTS_PER_ACK == 0) {
            write_segment(stream, to, TCP_ACK, (struct octets){0});
        }
    }
    (void)pthread_mutex_unlock(&stream->capture->lock);
}

void capture_stream_close(struct capture_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&stream->capture->lock);
    write_segment(stream, CLIENT, TCP_FIN | TCP_ACK, (struct octets){0});
    write_segment(stream, SERVER, TCP_FIN | TCP_ACK, (struct octets){0});
    write_segment(stream, CLIENT, TCP_ACK, (struct octets){0});
    (void)pthread_mutex_unlock(&stream->capture->lock);
    free(stream);
}
