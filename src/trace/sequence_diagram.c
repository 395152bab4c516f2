/* sequence_diagram.c: lays the steps out as rows, one below the other, and writes them as SVG. */
#include "trace/sequence_diagram.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "trace/svg_text.h"

/* All measures are in pixels. */
enum {
    LEAST_WIDTH = 1200,
    LARGEST_WIDTH = 1400,
    WIDTH_PER_ACTOR = 230,
    MARGIN = 24,
    TITLE_BASELINE = 44,
    ACTORS_TOP = 68,
    ACTOR_HEIGHT = 58,
    ACTOR_GAP = 20, /* between the boxes of neighbours */
    ROW_GAP = 12,
    END_GAP = 20,     /* between the last step and the boxes at the bottom */
    TEXT_GAP = 7,     /* between an arrow and its texts */
    TEXT_MARGIN = 17, /* between a text and a lifeline: the number at the arrow's tail needs it */
    BADGE_RADIUS = 10,
    LOOP_WIDTH = 40,
    LOOP_HEIGHT = 22,
    NOTE_PADDING = 10,
    BAND_HEIGHT = 34,
    LABEL_LINES = 3,
    DETAIL_LINES = 3,
    NOTE_LINES = 4
};

#define COLOR_INK      "#1e293b"
#define COLOR_FAINT    "#64748b"
#define COLOR_LIFELINE "#cbd5e1"

static const struct svg_font title_font = {SVG_FACE_BOLD, 20};
static const struct svg_font heading_font = {SVG_FACE_BOLD, 14};
static const struct svg_font name_font = {SVG_FACE_BOLD, 15};
static const struct svg_font role_font = {SVG_FACE_PLAIN, 11};
static const struct svg_font label_font = {SVG_FACE_PLAIN, 13};
static const struct svg_font detail_font = {SVG_FACE_MONOSPACE, 11};
static const struct svg_font note_font = {SVG_FACE_PLAIN, 12};
static const struct svg_font number_font = {SVG_FACE_BOLD, 9};

/* What a face is called in the class attribute. */
static const char *const face_classes[SVG_FACE_COUNT] = {
    [SVG_FACE_PLAIN] = "p", [SVG_FACE_BOLD] = "b", [SVG_FACE_MONOSPACE] = "m"};

/* An actor's box and what it sends. Dark enough for white numbers on the strong colour. */
static const struct {
    const char *strong;
    const char *pale;
} colors[SEQUENCE_MAX_ACTORS] = {
    {"#2563eb", "#eff6ff"}, {"#0f766e", "#f0fdfa"}, {"#b45309", "#fffbeb"}, {"#7c3aed", "#f5f3ff"},
    {"#be123c", "#fff1f2"}, {"#15803d", "#f0fdf4"}, {"#0369a1", "#f0f9ff"}, {"#57534e", "#fafaf9"},
};

enum step_kind { STEP_HEADING, STEP_MESSAGE, STEP_NOTE, STEP_KIND_COUNT };

struct step {
    enum step_kind kind;
    size_t from; /* of a note: its actor */
    size_t to;
    size_t number; /* of a message, from 1 */
    char text[SEQUENCE_TEXT_SIZE];
    char detail[SEQUENCE_TEXT_SIZE];
};

struct actor {
    char name[SEQUENCE_TEXT_SIZE];
    char detail[SEQUENCE_TEXT_SIZE];
};

struct sequence_diagram {
    pthread_mutex_t lock; /* guards the steps and their counts */
    char title[SEQUENCE_TEXT_SIZE];
    struct actor actors[SEQUENCE_MAX_ACTORS];
    size_t actor_count;
    size_t step_count;
    size_t message_count;
    size_t left_out;
    struct step steps[SEQUENCE_MAX_STEPS];
};

enum gbau_status sequence_diagram_open(const char *title, const struct sequence_actor *actors, size_t actor_count,
                                       struct sequence_diagram **diagram)
{
    if (actor_count == 0 || actor_count > SEQUENCE_MAX_ACTORS) {
        return GBAU_E_ARGUMENT;
    }
    struct sequence_diagram *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    (void)pthread_mutex_init(&opened->lock, NULL); /* cannot fail with default attributes on Linux */
    (void)svg_text_clean(title, opened->title, sizeof opened->title);
    for (size_t i = 0; i < actor_count; i++) {
        (void)svg_text_clean(actors[i].name, opened->actors[i].name, sizeof opened->actors[i].name);
        (void)svg_text_clean(actors[i].detail, opened->actors[i].detail, sizeof opened->actors[i].detail);
    }
    opened->actor_count = actor_count;
    *diagram = opened;
    return GBAU_OK;
}

void sequence_diagram_close(struct sequence_diagram *diagram)
{
    if (diagram == NULL) {
        return;
    }
    (void)pthread_mutex_destroy(&diagram->lock);
    free(diagram);
}

static void add_step(struct sequence_diagram *diagram, enum step_kind kind, size_t from, size_t to, const char *text,
                     const char *detail)
{
    if (diagram == NULL || from >= diagram->actor_count || to >= diagram->actor_count) {
        return;
    }
    (void)pthread_mutex_lock(&diagram->lock);
    if (diagram->step_count == SEQUENCE_MAX_STEPS) {
        diagram->left_out++;
    } else {
        struct step *step = &diagram->steps[diagram->step_count++];
        diagram->message_count += kind == STEP_MESSAGE ? 1 : 0;
        *step = (struct step){.kind = kind, .from = from, .to = to, .number = diagram->message_count};
        (void)svg_text_clean(text, step->text, sizeof step->text);
        (void)svg_text_clean(detail, step->detail, sizeof step->detail);
    }
    (void)pthread_mutex_unlock(&diagram->lock);
}

void sequence_diagram_add_heading(struct sequence_diagram *diagram, const char *text)
{
    add_step(diagram, STEP_HEADING, 0, 0, text, NULL);
}

void sequence_diagram_add_message(struct sequence_diagram *diagram, size_t from, size_t to, const char *label,
                                  const char *detail)
{
    add_step(diagram, STEP_MESSAGE, from, to, label, detail);
}

void sequence_diagram_add_note(struct sequence_diagram *diagram, size_t actor, const char *text)
{
    add_step(diagram, STEP_NOTE, actor, actor, text, NULL);
}

static int line_height(struct svg_font font)
{
    return font.size + font.size / 3;
}

static int lines_height(struct svg_font font, const struct svg_lines *lines)
{
    return (int)lines->count * line_height(font);
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int picture_width(const struct sequence_diagram *diagram)
{
    return smaller(LARGEST_WIDTH, larger(LEAST_WIDTH, (int)diagram->actor_count * WIDTH_PER_ACTOR));
}

static int lane_width(const struct sequence_diagram *diagram)
{
    return (picture_width(diagram) - 2 * MARGIN) / (int)diagram->actor_count;
}

/* Where an actor's lifeline is. */
static int lifeline_x(const struct sequence_diagram *diagram, size_t actor)
{
    return MARGIN + lane_width(diagram) * (int)actor + lane_width(diagram) / 2;
}

/* One line of text; `anchor` is start, middle or end. */
static void draw_text(FILE *file, struct svg_font font, const char *anchor, int x, int baseline, const char *color,
                      const char *text)
{
    fprintf(file, "<text class=\"%s\" font-size=\"%d\" text-anchor=\"%s\" x=\"%d\" y=\"%d\" fill=\"%s\">",
            face_classes[font.face], font.size, anchor, x, baseline, color);
    svg_text_write(file, text);
    fputs("</text>\n", file);
}

/* Where a block of lines stands. */
struct text_place {
    const char *anchor;
    int x;
    int top;
};

static void draw_lines(FILE *file, struct svg_font font, struct text_place place, const char *color,
                       const struct svg_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) {
        const int top = place.top + (int)i * line_height(font);
        draw_text(file, font, place.anchor, place.x, top + font.size, color, lines->line[i]);
    }
}

/* Puts white behind lines of text, so that no lifeline runs through them. */
static void hide_lifelines(FILE *file, struct svg_font font, int center, int top, const struct svg_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) {
        const int width = svg_text_width(font, octets_of_text(lines->line[i])) + 6;
        fprintf(file, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", center - width / 2,
                top + (int)i * line_height(font), width, line_height(font));
    }
}

static int heading_height(const struct sequence_diagram *diagram, const struct step *step)
{
    (void)diagram;
    (void)step;
    return BAND_HEIGHT;
}

static void draw_heading(FILE *file, const struct sequence_diagram *diagram, const struct step *step, int top)
{
    struct svg_lines lines;
    const int width = picture_width(diagram) - 2 * MARGIN;
    svg_text_wrap(heading_font, step->text, width - 2 * TEXT_MARGIN, 1, &lines);
    fprintf(file, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\" fill=\"#e8edf4\"/>\n", MARGIN, top,
            width, BAND_HEIGHT);
    fprintf(file, "<rect x=\"%d\" y=\"%d\" width=\"5\" height=\"%d\" rx=\"2\" fill=\"#475569\"/>\n", MARGIN, top,
            BAND_HEIGHT);
    draw_lines(file, heading_font, (struct text_place){"start", MARGIN + TEXT_MARGIN, top + 9}, COLOR_INK, &lines);
}

/* The texts of a message, broken to the room that they have. */
struct message_layout {
    struct svg_lines label;
    struct svg_lines detail;
};

static void lay_out_message(const struct sequence_diagram *diagram, const struct step *step,
                            struct message_layout *layout)
{
    const int span = abs(lifeline_x(diagram, step->to) - lifeline_x(diagram, step->from));
    const int loop_room = diagram->actor_count > 1 ? lane_width(diagram) : lane_width(diagram) / 2;
    const int room = span > 0 ? span - 2 * TEXT_MARGIN : loop_room - LOOP_WIDTH - 2 * TEXT_MARGIN;
    svg_text_wrap(label_font, step->text, room, LABEL_LINES, &layout->label);
    svg_text_wrap(detail_font, step->detail, room, DETAIL_LINES, &layout->detail);
}

static int message_height(const struct sequence_diagram *diagram, const struct step *step)
{
    struct message_layout layout;
    lay_out_message(diagram, step, &layout);
    const int texts = lines_height(label_font, &layout.label) + lines_height(detail_font, &layout.detail);
    if (step->from == step->to) {
        return larger(texts, LOOP_HEIGHT + 2 * BADGE_RADIUS);
    }
    return larger(lines_height(label_font, &layout.label), BADGE_RADIUS) + TEXT_GAP +
           larger(lines_height(detail_font, &layout.detail) + TEXT_GAP, BADGE_RADIUS);
}

static void draw_number(FILE *file, int x, int y, const struct step *step)
{
    char number[24];
    (void)snprintf(number, sizeof number, "%zu", step->number);
    fprintf(file, "<circle cx=\"%d\" cy=\"%d\" r=\"%d\" fill=\"%s\"/>\n", x, y, BADGE_RADIUS,
            colors[step->from].strong);
    draw_text(file, number_font, "middle", x, y + 3, "#fff", number);
}

/* `direction` is 1 when the arrow points to the right, else -1. */
static void draw_arrow_head(FILE *file, int x, int y, int direction, const char *color)
{
    fprintf(file, "<path d=\"M%d %dl%d -5v10z\" fill=\"%s\"/>\n", x, y, -10 * direction, color);
}

static void draw_arrow(FILE *file, const struct sequence_diagram *diagram, const struct step *step, int top)
{
    struct message_layout layout;
    lay_out_message(diagram, step, &layout);
    const int from = lifeline_x(diagram, step->from);
    const int to = lifeline_x(diagram, step->to);
    const int center = (from + to) / 2;
    const int direction = to > from ? 1 : -1;
    const int label_height = lines_height(label_font, &layout.label);
    const int y = top + larger(label_height, BADGE_RADIUS) + TEXT_GAP;
    const char *color = colors[step->from].strong;
    const struct text_place label = {"middle", center, y - TEXT_GAP - label_height};
    const struct text_place detail = {"middle", center, y + TEXT_GAP};
    hide_lifelines(file, label_font, center, label.top, &layout.label);
    hide_lifelines(file, detail_font, center, detail.top, &layout.detail);
    fprintf(file, "<path d=\"M%d %dH%d\" stroke=\"%s\" stroke-width=\"1.6\"/>\n", from, y, to - 8 * direction, color);
    draw_arrow_head(file, to - direction, y, direction, color);
    draw_number(file, from, y, step);
    draw_lines(file, label_font, label, COLOR_INK, &layout.label);
    draw_lines(file, detail_font, detail, COLOR_FAINT, &layout.detail);
}

/* A message to oneself: a loop to the right, or to the left where there is nobody at the right. */
static void draw_loop(FILE *file, const struct sequence_diagram *diagram, const struct step *step, int top)
{
    struct message_layout layout;
    lay_out_message(diagram, step, &layout);
    const int x = lifeline_x(diagram, step->from);
    const int direction = step->from + 1 < diagram->actor_count ? 1 : -1;
    const int height = message_height(diagram, step);
    const int y = top + (height - LOOP_HEIGHT) / 2;
    const char *color = colors[step->from].strong;
    const char *anchor = direction > 0 ? "start" : "end";
    const int label_height = lines_height(label_font, &layout.label);
    const int text_x = x + direction * (LOOP_WIDTH + TEXT_GAP);
    const int text_top = top + (height - label_height - lines_height(detail_font, &layout.detail)) / 2;
    fprintf(file, "<path d=\"M%d %dh%dv%dH%d\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.6\"/>\n", x, y,
            direction * LOOP_WIDTH, LOOP_HEIGHT, x + 8 * direction, color);
    draw_arrow_head(file, x + direction, y + LOOP_HEIGHT, -direction, color);
    draw_number(file, x, y, step);
    draw_lines(file, label_font, (struct text_place){anchor, text_x, text_top}, COLOR_INK, &layout.label);
    draw_lines(file, detail_font, (struct text_place){anchor, text_x, text_top + label_height}, COLOR_FAINT,
               &layout.detail);
}

static void draw_message(FILE *file, const struct sequence_diagram *diagram, const struct step *step, int top)
{
    if (step->from == step->to) {
        draw_loop(file, diagram, step, top);
    } else {
        draw_arrow(file, diagram, step, top);
    }
}

static void lay_out_note(const struct sequence_diagram *diagram, const struct step *step, struct svg_lines *lines)
{
    svg_text_wrap(note_font, step->text, lane_width(diagram) - ACTOR_GAP - 2 * NOTE_PADDING, NOTE_LINES, lines);
}

static int note_height(const struct sequence_diagram *diagram, const struct step *step)
{
    struct svg_lines lines;
    lay_out_note(diagram, step, &lines);
    return lines_height(note_font, &lines) + 2 * NOTE_PADDING;
}

static void draw_note(FILE *file, const struct sequence_diagram *diagram, const struct step *step, int top)
{
    struct svg_lines lines;
    lay_out_note(diagram, step, &lines);
    int text_width = 0;
    for (size_t i = 0; i < lines.count; i++) {
        text_width = larger(text_width, svg_text_width(note_font, octets_of_text(lines.line[i])));
    }
    const int width = text_width + 2 * NOTE_PADDING;
    const int x = lifeline_x(diagram, step->from);
    fprintf(file, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\" fill=\"#fef9e7\" stroke=\"#e2c96f\"/>\n",
            x - width / 2, top, width, lines_height(note_font, &lines) + 2 * NOTE_PADDING);
    draw_lines(file, note_font, (struct text_place){"middle", x, top + NOTE_PADDING}, COLOR_INK, &lines);
}

static const struct {
    int (*height)(const struct sequence_diagram *diagram, const struct step *step);
    void (*draw)(FILE *file, const struct sequence_diagram *diagram, const struct step *step, int top);
} rows[STEP_KIND_COUNT] = {
    [STEP_HEADING] = {heading_height, draw_heading},
    [STEP_MESSAGE] = {message_height, draw_message},
    [STEP_NOTE] = {note_height, draw_note},
};

static int steps_height(const struct sequence_diagram *diagram)
{
    int height = ROW_GAP;
    for (size_t i = 0; i < diagram->step_count; i++) {
        height += rows[diagram->steps[i].kind].height(diagram, &diagram->steps[i]) + ROW_GAP;
    }
    return height + (diagram->left_out > 0 ? BAND_HEIGHT + ROW_GAP : 0) + END_GAP;
}

static void draw_steps(FILE *file, const struct sequence_diagram *diagram, int top)
{
    top += ROW_GAP;
    for (size_t i = 0; i < diagram->step_count; i++) {
        const struct step *step = &diagram->steps[i];
        rows[step->kind].draw(file, diagram, step, top);
        top += rows[step->kind].height(diagram, step) + ROW_GAP;
    }
    if (diagram->left_out > 0) {
        struct step rest = {.kind = STEP_HEADING};
        (void)snprintf(rest.text, sizeof rest.text, "and %zu more steps, left out here", diagram->left_out);
        draw_heading(file, diagram, &rest, top);
    }
}

static void draw_actor(FILE *file, const struct sequence_diagram *diagram, size_t index, int top)
{
    const struct actor *actor = &diagram->actors[index];
    const int x = lifeline_x(diagram, index);
    const int width = smaller(lane_width(diagram) - ACTOR_GAP, WIDTH_PER_ACTOR);
    struct svg_lines name;
    struct svg_lines detail;
    svg_text_wrap(name_font, actor->name, width - NOTE_PADDING, 1, &name);
    svg_text_wrap(role_font, actor->detail, width - NOTE_PADDING, 1, &detail);
    const int text_height = lines_height(name_font, &name) + lines_height(role_font, &detail);
    const int text_top = top + (ACTOR_HEIGHT - text_height) / 2;
    fprintf(file,
            "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"9\" fill=\"%s\" stroke=\"%s\" "
            "stroke-width=\"1.5\"/>\n",
            x - width / 2, top, width, ACTOR_HEIGHT, colors[index].pale, colors[index].strong);
    draw_lines(file, name_font, (struct text_place){"middle", x, text_top}, colors[index].strong, &name);
    draw_lines(file, role_font, (struct text_place){"middle", x, text_top + lines_height(name_font, &name)},
               COLOR_FAINT, &detail);
}

static void draw_actors(FILE *file, const struct sequence_diagram *diagram, int steps_top, int steps_bottom)
{
    for (size_t i = 0; i < diagram->actor_count; i++) {
        const int x = lifeline_x(diagram, i);
        fprintf(file,
                "<path d=\"M%d %dV%d\" stroke=\"" COLOR_LIFELINE "\" stroke-width=\"1.5\" "
                "stroke-dasharray=\"5 4\"/>\n",
                x, steps_top, steps_bottom);
        draw_actor(file, diagram, i, steps_top - ACTOR_HEIGHT);
        draw_actor(file, diagram, i, steps_bottom);
    }
}

static void draw_frame(FILE *file, const struct sequence_diagram *diagram, int width, int height)
{
    struct svg_lines title;
    svg_text_wrap(title_font, diagram->title, width - 2 * MARGIN, 1, &title);
    fprintf(file,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
            "role=\"img\">\n<title>",
            width, height, width, height);
    svg_text_write(file, diagram->title);
    fputs("</title>\n<style>"
          ".p,.b{font-family:system-ui,-apple-system,'Segoe UI',Roboto,Arial,'Liberation Sans','DejaVu Sans',"
          "sans-serif}"
          ".b{font-weight:bold}"
          ".m{font-family:ui-monospace,'SF Mono',Menlo,Consolas,'Liberation Mono','DejaVu Sans Mono',monospace}"
          "</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
          file);
    if (title.count > 0) {
        draw_text(file, title_font, "start", MARGIN, TITLE_BASELINE, COLOR_INK, title.line[0]);
    }
}

static void draw_picture(FILE *file, const struct sequence_diagram *diagram)
{
    const int steps_top = ACTORS_TOP + ACTOR_HEIGHT;
    const int steps_bottom = steps_top + steps_height(diagram);
    draw_frame(file, diagram, picture_width(diagram), steps_bottom + ACTOR_HEIGHT + MARGIN);
    draw_actors(file, diagram, steps_top, steps_bottom);
    draw_steps(file, diagram, steps_top);
    fputs("</svg>\n", file);
}

enum gbau_status sequence_diagram_write(struct sequence_diagram *diagram, const char *path)
{
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return GBAU_E_STORAGE;
    }
    (void)pthread_mutex_lock(&diagram->lock);
    draw_picture(file, diagram);
    (void)pthread_mutex_unlock(&diagram->lock);
    const bool failed = ferror(file) != 0;
    return fclose(file) != 0 || failed ? GBAU_E_STORAGE : GBAU_OK;
}
