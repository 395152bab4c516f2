/* demo_story.h: the device's part of `gbau demo`: what it does from the first APDU to the message in the NAF's inbox.
 */
#ifndef CLI_DEMO_STORY_H
#define CLI_DEMO_STORY_H

#include "cli/demo_processes.h"
#include "cli/demo_trace.h"
#include "codec/bsf_xml.h"
#include "key/sealed_message.h"
#include "me/card_key.h"
#include "me/usim.h"
#include "net/http_client.h"

#define DEMO_MESSAGE "Unlock the front door for Alice until six o'clock."

enum { DEMO_OPENED_SIZE = 128 }; /* room for what the service opened, and its zero */

/* The upper part is the caller's to set, all borrowed; the lower is the story's own. */
struct demo_story {
    FILE *words; /* where it is told */
    const struct demo_places *places;
    struct demo_processes *processes;
    struct demo_trace *trace;
    struct crypto *crypto;
    const char *pin;

    unsigned step;                      /* from 1; 0: the story has not begun */
    const struct demo_process *culprit; /* whose log tells why it failed; NULL: nobody's */
    struct http_client *http;
    struct reader *reader;
    struct usim usim;
    char b_tid[B_TID_SIZE];
    char lifetime[USIM_LIFETIME_MAX + 1];
    uint8_t sealed[sizeof DEMO_MESSAGE + GBAU_SEAL_OVERHEAD];
    size_t sealed_length;
    char opened[DEMO_OPENED_SIZE]; /* what lay in the inbox */
};

/* Tells a line that belongs to no step. */
void demo_story_announce(const struct demo_story *story, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Lets everything happen; the daemons must be connected. GBAU_OK only when the message in the inbox is DEMO_MESSAGE.
 * GBAU_E_BUSY when a signal came; errors are logged. Ended by demo_story_close, also after a failure.
 */
GBAU_MUST_USE enum gbau_status demo_story_run(struct demo_story *story);

/* Lets go of card and connections. */
void demo_story_close(struct demo_story *story);

#endif
