/*
 * demo_trace.h: what the parts of `gbau demo` say to each other, as demo.pcapng and as demo.svg.
 *
 * Every network connection of the demo goes through a relay that records it; what was said is read lightly (request and
 * status lines of HTTP, headers and AVP codes of Diameter) to draw it. No value of a key gets into the picture.
 */
#ifndef CLI_DEMO_TRACE_H
#define CLI_DEMO_TRACE_H

#include "cli/demo_places.h"

/* Who takes part, from left to right. */
enum demo_actor {
    DEMO_ACTOR_APPLICATION,
    DEMO_ACTOR_ME,
    DEMO_ACTOR_UICC,
    DEMO_ACTOR_BSF,
    DEMO_ACTOR_HSS,
    DEMO_ACTOR_NAF,
    DEMO_ACTOR_COUNT
};

/* The reference points of TS 33.220 4.4. */
enum demo_link {
    DEMO_LINK_UB, /* ME -> BSF, HTTP */
    DEMO_LINK_ZH, /* BSF -> HSS, Diameter */
    DEMO_LINK_ZN, /* NAF -> BSF, Diameter */
    DEMO_LINK_UA, /* ME -> NAF, HTTP */
    DEMO_LINK_COUNT
};

struct demo_trace;

/*
 * Begins the capture and opens a relay to each of the ports on 127.0.0.1 where the servers listen or will listen. The
 * caller owns *trace. GBAU_E_STORAGE, GBAU_E_IO, GBAU_E_MEMORY; each logged.
 */
GBAU_MUST_USE enum gbau_status demo_trace_open(const struct demo_places *places, const uint16_t ports[DEMO_LINK_COUNT],
                                               struct demo_trace **trace);

/* The port on 127.0.0.1 that the client of a link connects to. */
uint16_t demo_trace_port(const struct demo_trace *trace, enum demo_link link);

/* Records a command APDU and its response; draws it when it matters to the story. */
void demo_trace_add_apdu(struct demo_trace *trace, struct octets command, struct octets response);

/* True for AUTHENTICATE in the GBA context's bootstrapping mode (TS 31.102 7.1.1.4). */
bool demo_trace_is_challenge(struct octets command);

/* Lets the times in the picture count from now. To be called before anything is drawn. */
void demo_trace_begin(struct demo_trace *trace);

/* Draw what crosses no wire. `detail` may be NULL. */
void demo_trace_add_heading(struct demo_trace *trace, const char *text);
void demo_trace_add_message(struct demo_trace *trace, enum demo_actor from, enum demo_actor to, const char *label,
                            const char *detail);
void demo_trace_add_note(struct demo_trace *trace, enum demo_actor actor, const char *text);

/*
 * Ends the relays, the capture and the picture. The daemons must have ended, for the capture to be whole.
 * GBAU_E_STORAGE, logged. NULL is allowed.
 */
GBAU_MUST_USE enum gbau_status demo_trace_close(struct demo_trace *trace);

#endif
