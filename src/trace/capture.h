/*
 * capture.h: a pcapng file of what gbau's parts say to each other: APDUs as GSMTAP SIM, and TCP streams.
 *
 * Nothing is sniffed, so no rights are needed: APDUs come from the reader and TCP octets from a relay (relay.h). The
 * packets around them (IPv4, UDP, TCP with handshake, sequence numbers, checksums) are made here, so that Wireshark and
 * tshark decode them like any capture. What passes the card's interface and the network stands in the file in clear:
 * derived keys and PINs among it. All functions but capture_close are thread-safe.
 */
#ifndef TRACE_CAPTURE_H
#define TRACE_CAPTURE_H

#include "base/log.h"
#include "base/octets.h"

struct capture;

/*
 * Makes the file at `path`, mode 0600, replacing an old one; a named pipe or device there is written to as it is. The
 * caller owns *capture. GBAU_E_STORAGE when the file cannot be made.
 */
GBAU_MUST_USE enum gbau_status capture_open(const char *path, struct capture **capture);

/*
 * Ends the file. GBAU_E_STORAGE when anything could not be written since opening: after a first failure nothing more
 * is. All streams must have been closed. NULL is allowed.
 */
GBAU_MUST_USE enum gbau_status capture_close(struct capture *capture);

/* A named end of a conversation: its IPv4 address is shown in the capture and resolved to its name in it. */
struct capture_end {
    uint8_t address[4];
    uint16_t port;
    const char *name; /* borrowed until capture_close; goes into a Name Resolution Block; may be NULL */
};

/*
 * One command APDU and its response, as one GSMTAP packet of type SIM (command || response data || SW). For the sake of
 * Wireshark's dissector two octets may differ from what was said: Le of a command without data shows how many octets
 * came back, and Le behind data is left out, but for SELECT, ENVELOPE and STORE DATA. A pair that is too long for an
 * UDP packet counts as a failed write. A NULL capture is allowed and does nothing.
 */
void capture_add_apdu(struct capture *capture, struct octets command, struct octets response);

/* The same with a comment, UTF-8, which Wireshark shows; one of more than CAPTURE_COMMENT_MAX octets is left out. */
enum { CAPTURE_COMMENT_MAX = 2100 };
void capture_add_commented_apdu(struct capture *capture, struct octets command, struct octets response,
                                const char *comment);

/* A TCP connection in the capture. */
struct capture_stream;

/*
 * Writes the names of the ends, then SYN, SYN-ACK, ACK. NULL when there is no memory or no capture: then the calls
 * below do nothing. The caller ends the stream with capture_stream_close.
 */
struct capture_stream *capture_stream_open(struct capture *capture, const struct capture_end *client,
                                           const struct capture_end *server);

/* Octets that one end sent to the other, cut into segments of at most 1,400 and acknowledged by the other end. */
void capture_stream_data(struct capture_stream *stream, bool from_client, struct octets data);

/* Writes FIN, FIN-ACK, ACK and ends the stream. */
void capture_stream_close(struct capture_stream *stream);

#endif
