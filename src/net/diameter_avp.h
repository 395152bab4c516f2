/* diameter_avp.h: Diameter messages as octets (RFC 6733 clauses 3 and 4): the header, and AVPs one after the other. */
#ifndef NET_DIAMETER_AVP_H
#define NET_DIAMETER_AVP_H

#include "base/octets.h"

enum { DIAMETER_HEADER_SIZE = 20, DIAMETER_WIRE_MAX = 65535 };

enum diameter_command_flag {
    DIAMETER_REQUEST = 0x80,
    DIAMETER_PROXIABLE = 0x40,
    DIAMETER_ERROR = 0x20,
};

enum diameter_avp_flag { DIAMETER_AVP_VENDOR = 0x80, DIAMETER_AVP_MANDATORY = 0x40 };

/* Base protocol AVPs that the transport reads or writes. */
enum diameter_avp_code {
    AVP_USER_NAME = 1,
    AVP_HOST_IP_ADDRESS = 257,
    AVP_AUTH_APPLICATION_ID = 258,
    AVP_ACCT_APPLICATION_ID = 259,
    AVP_VENDOR_SPECIFIC_APPLICATION_ID = 260,
    AVP_SESSION_ID = 263,
    AVP_ORIGIN_HOST = 264,
    AVP_SUPPORTED_VENDOR_ID = 265,
    AVP_VENDOR_ID = 266,
    AVP_FIRMWARE_REVISION = 267,
    AVP_RESULT_CODE = 268,
    AVP_PRODUCT_NAME = 269,
    AVP_DISCONNECT_CAUSE = 273,
    AVP_ORIGIN_STATE_ID = 278,
    AVP_ROUTE_RECORD = 282,
    AVP_DESTINATION_REALM = 283,
    AVP_PROXY_INFO = 284,
    AVP_DESTINATION_HOST = 293,
    AVP_ORIGIN_REALM = 296,
    AVP_INBAND_SECURITY_ID = 299,
};

enum diameter_result {
    RESULT_COMMAND_UNSUPPORTED = 3001,
    RESULT_UNABLE_TO_DELIVER = 3002,
    RESULT_REALM_NOT_SERVED = 3003,
    RESULT_LOOP_DETECTED = 3005,
    RESULT_APPLICATION_UNSUPPORTED = 3007,
    RESULT_INVALID_HDR_BITS = 3008,
    RESULT_INVALID_AVP_VALUE = 5004,
    RESULT_MISSING_AVP = 5005,
    RESULT_AVP_OCCURS_TOO_MANY_TIMES = 5009,
    RESULT_UNABLE_TO_COMPLY = 5012,
};

struct diameter_header {
    uint8_t flags;
    uint32_t command;
    uint32_t application;
    uint32_t hop_by_hop;
    uint32_t end_to_end;
};

struct diameter_avp {
    uint32_t code;
    uint8_t flags;
    uint32_t vendor; /* 0 without the V flag */
    struct octets data;
};

/* Splits a message into its header and its AVPs (a view). GBAU_E_MALFORMED when the header is not there. */
GBAU_MUST_USE enum gbau_status diameter_read_header(struct octets message, struct diameter_header *header,
                                                    struct octets *avps);

/* Room for the header of a message, which diameter_write_header fills when the length is known. */
void diameter_reserve_header(struct octet_writer *writer);
void diameter_write_header(struct octet_writer *writer, const struct diameter_header *header);

/* Reads the next AVP. False at the end, and also, with reader->failed set, when the octets are no AVP. */
bool diameter_next_avp(struct octet_reader *reader, struct diameter_avp *avp);

/* GBAU_OK when the octets are a sequence of AVPs, else GBAU_E_MALFORMED. Groups are not looked into. */
GBAU_MUST_USE enum gbau_status diameter_check_avps(struct octets avps);

/* An AVP of the base protocol that has no vendor. */
bool diameter_avp_is(const struct diameter_avp *avp, uint32_t code);

/* The four octets of an Unsigned32; 0 when there are not exactly four. */
uint32_t diameter_avp_unsigned(const struct diameter_avp *avp);

/* Writes an AVP with its padding. */
void diameter_write_avp(struct octet_writer *writer, const struct diameter_avp *avp);

/* Writes a mandatory AVP of the base protocol. */
void diameter_write_base_avp(struct octet_writer *writer, uint32_t code, struct octets data);
void diameter_write_base_unsigned(struct octet_writer *writer, uint32_t code, uint32_t value);

/* Copies what is not the transport's own. */
void diameter_copy_payload(struct octets avps, struct octet_writer *writer);

/* Copies all base AVPs of one code. */
void diameter_copy_base_avps(struct octets avps, uint32_t code, struct octet_writer *writer);

/* The first Result-Code of a sequence of AVPs, or 0. */
uint32_t diameter_find_result_code(struct octets avps);

#endif
