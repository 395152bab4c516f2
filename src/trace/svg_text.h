/*
 * svg_text.h: text for an SVG picture: made clean, measured without the font, broken into lines, escaped.
 *
 * Nobody knows in which font a picture will be shown. So widths are those of DejaVu Sans, the widest of the fonts that
 * are likely; in all others there is more room. All functions are thread-safe.
 */
#ifndef TRACE_SVG_TEXT_H
#define TRACE_SVG_TEXT_H

#include <stdio.h>

#include "base/octets.h"

enum svg_face { SVG_FACE_PLAIN, SVG_FACE_BOLD, SVG_FACE_MONOSPACE, SVG_FACE_COUNT };

struct svg_font {
    enum svg_face face;
    int size; /* in pixels */
};

enum { SVG_LINE_LIMIT = 4, SVG_LINE_SIZE = 192 };

struct svg_lines {
    char line[SVG_LINE_LIMIT][SVG_LINE_SIZE];
    size_t count;
};

/*
 * Copies `text` as valid UTF-8 of at most `capacity` - 1 octets, `capacity` being at least 4. Control characters, line
 * breaks among them, become spaces, what is not UTF-8 or not allowed in XML becomes '?'; an overlong text is cut and
 * ends with an ellipsis. NULL counts as an empty text. True when it was cut.
 */
bool svg_text_clean(const char *text, char *out, size_t capacity);

/* Pixels, rounded up, that clean `text` takes at most. */
int svg_text_width(struct svg_font font, struct octets text);

/*
 * Breaks clean `text` into at most `limit` lines (1 to SVG_LINE_LIMIT), each at most `width` pixels wide, but of one
 * character at least and of at most SVG_LINE_SIZE - 1 octets: between words where that is possible. What does
 * not fit is cut and the last line ends with an ellipsis. An empty text has no lines.
 */
void svg_text_wrap(struct svg_font font, const char *text, int width, size_t limit, struct svg_lines *lines);

/* Writes clean `text` with the characters escaped that XML reserves, fit for elements and attributes. */
void svg_text_write(FILE *file, const char *text);

#endif
