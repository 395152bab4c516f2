/*
 * message_lines.h: messages of mutual authentication between two programs: one a line in lower-case hexadecimal, over
 * standard input and output or over a connection.
 */
#ifndef CLI_MESSAGE_LINES_H
#define CLI_MESSAGE_LINES_H

#include <stdio.h>

#include "base/octets.h"
#include "gbau/key.h"

struct message_lines {
    FILE *in;
    FILE *out;
    bool is_connection; /* else standard input and output, which carry nothing but messages then */
};

/*
 * Connects to, or waits at, HOST:PORT; over standard input and output when both are NULL. Only one may be given.
 * Where it waits is said on standard error, as port 0 takes a free one. GBAU_E_ARGUMENT, GBAU_E_UNREACHABLE,
 * GBAU_E_TIMEOUT after a minute; logged. End with message_lines_close.
 */
GBAU_MUST_USE enum gbau_status message_lines_open(struct message_lines *lines, const char *connect_to,
                                                  const char *listen_at);
void message_lines_close(struct message_lines *lines);

/* GBAU_E_IO, logged. */
GBAU_MUST_USE enum gbau_status message_lines_send(struct message_lines *lines, struct octets message);

/* GBAU_E_PROTOCOL for a line that is no message of at most `capacity` octets, GBAU_E_UNREACHABLE at the end; logged. */
GBAU_MUST_USE enum gbau_status message_lines_receive(struct message_lines *lines, uint8_t *message, size_t capacity,
                                                     size_t *length);

/*
 * Run mutual authentication with `key`, as who begins or as who answers; both give the session key, which the caller
 * ends with gbau_key_close. Errors as gbau_key_authenticate_begin and its like, and as above; logged.
 */
GBAU_MUST_USE enum gbau_status message_lines_initiate(struct message_lines *lines, struct gbau_key *key,
                                                      struct gbau_key **session);
GBAU_MUST_USE enum gbau_status message_lines_respond(struct message_lines *lines, struct gbau_key *key,
                                                     struct gbau_key **session);

#endif
