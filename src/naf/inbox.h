/*
 * inbox.h: where opened messages wait for the application: a directory with one file for each.
 *
 * A thread of its own writes them, so that no event loop waits for a disk. A file appears whole under its name or not
 * at all. The card's counter of each key is kept beside them in a window of 64, so that a message is handed over once
 * even across restarts and even when the application has taken its file away.
 */
#ifndef NAF_INBOX_H
#define NAF_INBOX_H

#include "base/log.h"
#include "naf/naf.h"

struct inbox;

/* Called once for each message, from the inbox's thread. GBAU_E_REPLAY when it was delivered before. */
typedef void inbox_done(void *context, enum gbau_status status);

/* Opens the inbox in `directory`, which is made with mode 0700 when it is not there. The caller owns *inbox. */
GBAU_MUST_USE enum gbau_status inbox_open(const char *directory, const struct log *log, struct inbox **inbox);

/* Finishes what waits, then ends. */
void inbox_close(struct inbox *inbox);

/*
 * Queues a message, which must live until `done` is called; GBAU_E_BUSY when 256 wait already: then `done` is not
 * called. The file is named "<SHA-256 of B-TID#label in hex, 16 digits>-<counter in hex>.message".
 */
GBAU_MUST_USE enum gbau_status inbox_deliver(struct inbox *inbox, const struct naf_message *message, inbox_done *done,
                                             void *context);

#endif
