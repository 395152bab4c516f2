/* relay.h: a TCP relay on loopback that records what passes through it into a capture. */
#ifndef TRACE_RELAY_H
#define TRACE_RELAY_H

#include "trace/capture.h"

struct relay;

/* Told of each piece of data that passes, in order for each direction; from the relay's thread. */
typedef void relay_observer(void *context, bool from_client, struct octets data);

/*
 * Listens on 127.0.0.1 at any free port and passes every connection on to 127.0.0.1:`target_port`; a connection that
 * the target refuses is closed. `client` and `server` are how the ends show in the capture; the client's port is taken
 * from each connection. `observer` may be NULL, and so may `capture`, which must outlive the relay. One thread serves
 * all connections of a relay, at most 256 at a time; more wait. The caller owns *relay. GBAU_E_IO when there is no
 * socket, GBAU_E_MEMORY when there is no memory or thread.
 */
GBAU_MUST_USE enum gbau_status relay_open(struct capture *capture, const struct capture_end *client,
                                          const struct capture_end *server, uint16_t target_port,
                                          relay_observer *observer, void *context, struct relay **relay);

/* The port that the relay listens on. */
uint16_t relay_port(const struct relay *relay);

/* Ends all connections and the thread; what is still on its way is lost. Not from the observer. NULL is allowed. */
void relay_close(struct relay *relay);

#endif
