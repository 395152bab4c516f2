/* card_trace.h: --trace of the verbs that talk to a card. */
#ifndef CLI_CARD_TRACE_H
#define CLI_CARD_TRACE_H

#include "reader/reader.h"
#include "trace/apdu_recorder.h"

#define CARD_TRACE_HELP "record the APDUs there, PINs and keys masked"

/*
 * Lets all that `reader` transmits from now on be recorded at `path`; nothing when `path` is NULL. GBAU_E_STORAGE,
 * logged. The caller ends *recorder with card_trace_end, after the reader was closed.
 */
GBAU_MUST_USE enum gbau_status card_trace_begin(struct reader *reader, const char *path,
                                                struct apdu_recorder **recorder);

/* Ends a recording; `status` is what came of the verb, and of this when that was GBAU_OK. NULL is allowed. */
GBAU_MUST_USE enum gbau_status card_trace_end(struct apdu_recorder *recorder, enum gbau_status status);

#endif
