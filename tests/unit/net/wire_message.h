/* wire_message.h: Diameter messages as a raw peer sends and reads them, right ones and others. */
#ifndef TESTS_NET_WIRE_MESSAGE_H
#define TESTS_NET_WIRE_MESSAGE_H

#include "node_process.h"

enum {
    COMMAND_CAPABILITIES = 257,
    COMMAND_WATCHDOG = 280,
    COMMAND_DISCONNECT = 282,
    REQUEST = DIAMETER_REQUEST,
    PROXIABLE = DIAMETER_PROXIABLE,
    HOP_BY_HOP = 0x01020304,
    END_TO_END = 0x05060708,
    WIRE_MS = 5000
};

struct wire_message {
    struct diameter_header header;
    struct octet_writer writer;
    uint8_t octets[DIAMETER_WIRE_MAX];
};

static inline void begin(struct wire_message *message, uint8_t flags, uint32_t command, uint32_t application)
{
    message->header = (struct diameter_header){flags, command, application, HOP_BY_HOP, END_TO_END};
    message->writer = octet_writer_of(message->octets, sizeof message->octets);
    diameter_reserve_header(&message->writer);
}

static inline void add_text(struct wire_message *message, uint32_t code, const char *text)
{
    diameter_write_base_avp(&message->writer, code, octets_of_text(text));
}

static inline void add_octets(struct wire_message *message, uint32_t code, const void *data, size_t length)
{
    diameter_write_base_avp(&message->writer, code, octets_of(data, length));
}

static inline void add_unsigned(struct wire_message *message, uint32_t code, uint32_t value)
{
    diameter_write_base_unsigned(&message->writer, code, value);
}

static inline void finish(struct wire_message *message)
{
    diameter_write_header(&message->writer, &message->header);
    assert_false(message->writer.failed);
}

static inline bool send_message(int descriptor, struct wire_message *message)
{
    finish(message);
    return raw_send(descriptor, message->octets, message->writer.length);
}

static inline void add_origin(struct wire_message *message, const char *identity)
{
    add_text(message, AVP_ORIGIN_HOST, identity);
    add_text(message, AVP_ORIGIN_REALM, REALM);
}

static inline void add_vendor_application(struct wire_message *message, uint32_t application)
{
    uint8_t octets[64];
    struct octet_writer group = octet_writer_of(octets, sizeof octets);
    diameter_write_base_unsigned(&group, AVP_VENDOR_ID, 10415);
    diameter_write_base_unsigned(&group, AVP_AUTH_APPLICATION_ID, application);
    add_octets(message, AVP_VENDOR_SPECIFIC_APPLICATION_ID, octets, group.length);
}

/* What every Capabilities-Exchange needs besides its origin and applications. */
static inline void add_product(struct wire_message *message)
{
    static const uint8_t address[] = {0, 1, 127, 0, 0, 1};
    add_octets(message, AVP_HOST_IP_ADDRESS, address, sizeof address);
    add_unsigned(message, AVP_VENDOR_ID, 10415);
    const struct diameter_avp product = {.code = AVP_PRODUCT_NAME, .data = octets_of_text("raw")};
    diameter_write_avp(&message->writer, &product);
}

static inline void make_capabilities(struct wire_message *message, const char *identity)
{
    begin(message, REQUEST, COMMAND_CAPABILITIES, 0);
    add_origin(message, identity);
    add_product(message);
    add_vendor_application(message, APPLICATION);
}

static inline void make_watchdog(struct wire_message *message)
{
    begin(message, REQUEST, COMMAND_WATCHDOG, 0);
    add_origin(message, RAW_NAME);
}

/* What belongs at the head of every request to the server. */
static inline void begin_request(struct wire_message *message, uint32_t command)
{
    begin(message, REQUEST | PROXIABLE, command, APPLICATION);
    add_text(message, AVP_SESSION_ID, RAW_NAME ";1;1");
    add_origin(message, RAW_NAME);
    add_text(message, AVP_DESTINATION_REALM, REALM);
}

/* Reads one message, whatever it is. */
static inline bool receive_any(int descriptor, struct wire_message *message, struct octets *avps, int timeout_ms)
{
    if (!raw_receive_all(descriptor, message->octets, 4, timeout_ms)) {
        return false;
    }
    size_t length = (size_t)message->octets[1] << 16 | (size_t)message->octets[2] << 8 | message->octets[3];
    if (length < DIAMETER_HEADER_SIZE || length > sizeof message->octets ||
        !raw_receive_all(descriptor, message->octets + 4, length - 4, timeout_ms)) {
        return false;
    }
    return diameter_read_header(octets_of(message->octets, length), &message->header, avps) == GBAU_OK;
}

/* Answers a watchdog request as a peer must. */
static inline bool answer_watchdog(int descriptor, const struct diameter_header *request, const char *identity)
{
    static struct wire_message answer;
    begin(&answer, 0, COMMAND_WATCHDOG, 0);
    answer.header.hop_by_hop = request->hop_by_hop;
    answer.header.end_to_end = request->end_to_end;
    add_unsigned(&answer, AVP_RESULT_CODE, SUCCESS);
    add_origin(&answer, identity);
    return send_message(descriptor, &answer);
}

/* Reads the next message that is not a watchdog request. */
static inline bool receive_message(int descriptor, struct wire_message *message, struct octets *avps,
                                   const char *identity, int timeout_ms)
{
    while (receive_any(descriptor, message, avps, timeout_ms)) {
        if (message->header.command != COMMAND_WATCHDOG || (message->header.flags & REQUEST) == 0) {
            return true;
        }
        if (!answer_watchdog(descriptor, &message->header, identity)) {
            return false;
        }
    }
    return false;
}

#endif
