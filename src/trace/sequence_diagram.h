/*
 * sequence_diagram.h: draws who said what to whom as an SVG picture that stands alone.
 *
 * All functions but sequence_diagram_close are thread-safe. Texts are UTF-8; each is copied and cut to fewer than
 * SEQUENCE_TEXT_SIZE octets. They are escaped, broken into a few lines and cut with an ellipsis when they are drawn, so
 * that they stay between their lifelines. Rows are as high as their texts need.
 */
#ifndef TRACE_SEQUENCE_DIAGRAM_H
#define TRACE_SEQUENCE_DIAGRAM_H

#include "base/octets.h"

enum { SEQUENCE_MAX_ACTORS = 8, SEQUENCE_MAX_STEPS = 256, SEQUENCE_TEXT_SIZE = 160 };

struct sequence_actor {
    const char *name;   /* "UICC" */
    const char *detail; /* "software card", shown small below the name; may be NULL */
};

struct sequence_diagram;

/* The caller owns *diagram. GBAU_E_ARGUMENT when there are no actors or more than SEQUENCE_MAX_ACTORS. */
GBAU_MUST_USE enum gbau_status sequence_diagram_open(const char *title, const struct sequence_actor *actors,
                                                     size_t actor_count, struct sequence_diagram **diagram);

/*
 * The functions below add a step at the bottom. One that names an actor who is not there is left out; so are those
 * beyond SEQUENCE_MAX_STEPS, of which the picture then says how many they were.
 */

/* A heading across the whole picture: "Step 1: bootstrapping". */
void sequence_diagram_add_heading(struct sequence_diagram *diagram, const char *text);

/*
 * A numbered arrow from one actor to another, or a loop to itself, with a label above it and, when not NULL, a smaller
 * detail below.
 */
void sequence_diagram_add_message(struct sequence_diagram *diagram, size_t from, size_t to, const char *label,
                                  const char *detail);

/* A note at one actor: what it does or keeps by itself. */
void sequence_diagram_add_note(struct sequence_diagram *diagram, size_t actor, const char *text);

/* Writes the SVG file, over an old one. GBAU_E_STORAGE when it cannot be written. */
GBAU_MUST_USE enum gbau_status sequence_diagram_write(struct sequence_diagram *diagram, const char *path);

/* NULL is allowed. */
void sequence_diagram_close(struct sequence_diagram *diagram);

#endif
