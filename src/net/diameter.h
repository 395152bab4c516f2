/*
 * diameter.h: a Diameter node (RFC 6733) that carries the messages of codec/gba_avp.h; freeDiameter behind it.
 *
 * Requests and answers are sequences of AVPs in octets. The node adds and removes what belongs to the transport:
 * header, Session-Id, Origin-Host, Origin-Realm, Destination-Realm, Destination-Host, Route-Record, Proxy-Info. No wire
 * data can end the process: freeDiameter never gets to see application data, only a bare envelope (diameter_gate.c).
 *
 * freeDiameter keeps its state in globals and starts once only: a process has one node in its whole life. A second
 * diameter_open answers GBAU_E_BUSY, also after diameter_close.
 *
 * All applications here are 3GPP's: they are announced under vendor 10415.
 */
#ifndef NET_DIAMETER_H
#define NET_DIAMETER_H

#include "base/log.h"
#include "base/octets.h"

enum {
    DIAMETER_MAX_PEERS = 16,
    DIAMETER_MAX_COMMANDS = 16,
    DIAMETER_MAX_OUTSTANDING = 4096,
    DIAMETER_MESSAGE_MAX = 60 * 1024 /* octets of AVPs; freeDiameter takes messages of 65,535 octets with everything */
};

struct diameter_peer {
    const char *identity; /* Diameter identity of the peer */
    const char *realm;    /* its realm; NULL: not checked */
    const char *address;  /* to connect to, a name or number; NULL: only accept connections from it */
    uint16_t port;
};

struct diameter_config {
    const char *identity;
    const char *realm;
    const char *listen_address; /* an IPv4 or IPv6 address; NULL: listen nowhere */
    uint16_t listen_port;       /* not 0 when listening */
    size_t peer_count;          /* only these peers are let in */
    struct diameter_peer peers[DIAMETER_MAX_PEERS];
    /* PEM files; all three or none. With them TLS is used with every peer and demanded from it. */
    const char *certificate_file;
    const char *key_file;
    const char *ca_file;
    unsigned worker_threads; /* that run handlers and completions, at most 255; 0: 4 */
};

struct diameter_node;

/*
 * Makes the node. Strings are copied; `log` must live as long as the process. The caller owns *node.
 * GBAU_E_CONFIGURATION when the configuration is not usable, with the detail in the log.
 */
GBAU_MUST_USE enum gbau_status diameter_open(const struct diameter_config *config, const struct log *log,
                                             struct diameter_node **node);

/*
 * Starts to listen and to connect, and keeps connecting. Call it once, after all diameter_serve and diameter_use: peers
 * are told of the applications when they connect, not later. GBAU_E_ARGUMENT without any application.
 */
GBAU_MUST_USE enum gbau_status diameter_start(struct diameter_node *node);

/*
 * Disconnects, fails what is outstanding with GBAU_E_UNREACHABLE, and ends the node. No handler or completion runs
 * after it returns. Not to be called from one. Takes a second or two, up to 17 s when a peer does not say goodbye.
 */
void diameter_close(struct diameter_node *node);

/*
 * Answers a request: reads `request` (AVPs), writes the answer's AVPs, among them Result-Code or Experimental-Result,
 * to `answer`. `origin_host` is the sender's Diameter identity. Called from a worker thread; it may block there. When
 * the handler writes nothing, or too much, 5012 is answered.
 */
typedef void diameter_handler(void *context, struct octets origin_host, struct octets request,
                              struct octet_writer *answer);

/* Serves one command of an application. To be called between diameter_open and diameter_start. */
GBAU_MUST_USE enum gbau_status diameter_serve(struct diameter_node *node, uint32_t application, uint32_t command,
                                              diameter_handler *handler, void *context);

/* Announces an application that this node is a client of. To be called between diameter_open and diameter_start. */
GBAU_MUST_USE enum gbau_status diameter_use(struct diameter_node *node, uint32_t application);

/*
 * Told once how a request ended: GBAU_OK with the answer's AVPs (whatever its result code), GBAU_E_TIMEOUT,
 * GBAU_E_UNREACHABLE, or GBAU_E_PROTOCOL for an answer that cannot be read. `answer` is valid during the call.
 */
typedef void diameter_done(void *context, enum gbau_status status, struct octets answer);

/*
 * Sends a request without waiting; `done` is called from a worker thread, always exactly once when GBAU_OK is returned
 * and never otherwise. GBAU_E_UNREACHABLE at once when no peer is connected, GBAU_E_BUSY when there are
 * DIAMETER_MAX_OUTSTANDING requests already, GBAU_E_MALFORMED when `request` is not a sequence of AVPs, GBAU_E_SPACE
 * when it is too long. `destination_host` may be NULL. Thread-safe; may be called from a handler or completion.
 */
GBAU_MUST_USE enum gbau_status diameter_request(struct diameter_node *node, uint32_t application, uint32_t command,
                                                const char *destination_realm, const char *destination_host,
                                                struct octets request, unsigned timeout_ms, diameter_done *done,
                                                void *context);

/* True when a peer that serves or relays `application` is connected. Thread-safe. */
bool diameter_is_connected(const struct diameter_node *node, uint32_t application);

#endif
