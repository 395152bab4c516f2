/*
 * apdu_recorder.h: hears what passes between a terminal and a card, puts it into words, and keeps it as a capture.
 *
 * Secrets are overwritten with FF before anything is kept or told: values of PINs, RES, CK, IK, Kc, Ks_ext_NAF,
 * plaintext of the GBA_U API, and files that hold keys (see card_text/apdu_words.h).
 */
#ifndef TRACE_APDU_RECORDER_H
#define TRACE_APDU_RECORDER_H

#include "card_text/apdu_words.h"

struct apdu_recorder;

/* Told of every exchange, with the secrets in `command` and `response` overwritten. */
typedef void apdu_listener(void *context, const struct apdu_words *words, struct octets command,
                           struct octets response);

/*
 * A recorder that writes a new capture at `path` (see capture_open; NULL: none) and tells `listener` (NULL: nobody).
 * The card must just have been reset, for the words to be right. GBAU_E_STORAGE, GBAU_E_MEMORY. The caller owns
 * *recorder; one thread at a time.
 */
GBAU_MUST_USE enum gbau_status apdu_recorder_open(const char *path, apdu_listener *listener, void *context,
                                                  struct apdu_recorder **recorder);

/* Ends the capture. GBAU_E_STORAGE when anything could not be written. NULL is allowed. */
GBAU_MUST_USE enum gbau_status apdu_recorder_close(struct apdu_recorder *recorder);

/* Hears one exchange; a reader_observer (reader/reader.h) when `recorder` is its context. */
void apdu_recorder_hear(void *recorder, struct octets command, struct octets response);

#endif
