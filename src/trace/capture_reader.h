/* capture_reader.h: finds APDUs in a pcapng file: GSMTAP of type SIM in UDP in IPv4, as gbau and SIM tracers write it.
 */
#ifndef TRACE_CAPTURE_READER_H
#define TRACE_CAPTURE_READER_H

#include "base/octets.h"

/* Told of every command and response, in the order of the file; `packet` counts all packets of the file from 1. */
typedef void capture_apdu_listener(void *context, size_t packet, struct octets command, struct octets response);

/*
 * Reads a whole file. GBAU_E_UNSUPPORTED when it is no pcapng file, GBAU_E_MALFORMED when it is broken or cut off: what
 * stood before that has been told. Packets that hold no APDU are passed over. Allocates nothing.
 */
GBAU_MUST_USE enum gbau_status capture_read_apdus(struct octets file, capture_apdu_listener *listener, void *context);

#endif
