/* test_sequence_diagram.c: pictures, read back with libxml2 and checked for form, contents and overlaps. */
#include "trace/sequence_diagram.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "testing.h"
#include "trace/svg_text.h"

#define ELLIPSIS "\xe2\x80\xa6"
#define LONG_TEXT                                                                                                      \
    "WWWWWWWWWW WWWWWWWWWW WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW"         \
    "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW"

enum { TEXT_LIMIT = 4096 };

static const struct sequence_actor three[] = {{"UICC", "software card"}, {"ME", NULL}, {"BSF", "bsf.example.org"}};

static char directory[64];
static char path[96];

static int make_directory(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof directory, "/tmp/gbau-diagram-XXXXXX");
    if (mkdtemp(directory) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/test.svg", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    xmlCleanupParser();
    (void)unlink(path);
    return rmdir(directory);
}

static struct sequence_diagram *open_diagram(void)
{
    struct sequence_diagram *diagram = NULL;
    assert_ok(sequence_diagram_open("A title", three, 3, &diagram));
    return diagram;
}

/* A drawn line of text and the room that it takes. */
struct drawn_text {
    char text[256];
    int font_size;
    int left;
    int right;
    int baseline;
};

/* The number at an arrow's tail. */
struct drawn_circle {
    int x;
    int y;
    int radius;
};

/* The picture as it was read back. */
struct picture {
    xmlDoc *document;
    int width;
    int height;
    struct drawn_text *texts;
    size_t text_count;
    struct drawn_circle circles[SEQUENCE_MAX_STEPS];
    size_t circle_count;
};

static int attribute(const xmlNode *node, const char *name)
{
    xmlChar *value = xmlGetProp(node, (const xmlChar *)name);
    assert_non_null(value);
    const int number = atoi((const char *)value);
    xmlFree(value);
    return number;
}

static bool attribute_is(const xmlNode *node, const char *name, const char *expected)
{
    xmlChar *value = xmlGetProp(node, (const xmlChar *)name);
    assert_non_null(value);
    const bool equal = strcmp((const char *)value, expected) == 0;
    xmlFree(value);
    return equal;
}

static void read_text(struct drawn_text *text, xmlNode *node)
{
    xmlChar *content = xmlNodeGetContent(node);
    assert_true(strlen((const char *)content) < sizeof text->text);
    (void)strcpy(text->text, (const char *)content);
    xmlFree(content);
    const enum svg_face face = attribute_is(node, "class", "b")   ? SVG_FACE_BOLD
                               : attribute_is(node, "class", "m") ? SVG_FACE_MONOSPACE
                                                                  : SVG_FACE_PLAIN;
    text->font_size = attribute(node, "font-size");
    const int width = svg_text_width((struct svg_font){face, text->font_size}, octets_of_text(text->text));
    const int x = attribute(node, "x");
    text->left = attribute_is(node, "text-anchor", "start") ? x
                 : attribute_is(node, "text-anchor", "end") ? x - width
                                                            : x - width / 2;
    text->right = text->left + width;
    text->baseline = attribute(node, "y");
}

static void read_element(struct picture *picture, xmlNode *node)
{
    if (strcmp((const char *)node->name, "text") == 0) {
        assert_true(picture->text_count < TEXT_LIMIT);
        read_text(&picture->texts[picture->text_count++], node);
    }
    if (strcmp((const char *)node->name, "circle") == 0) {
        assert_true(picture->circle_count < SEQUENCE_MAX_STEPS);
        picture->circles[picture->circle_count++] =
            (struct drawn_circle){attribute(node, "cx"), attribute(node, "cy"), attribute(node, "r")};
    }
}

static struct picture write_and_read(struct sequence_diagram *diagram)
{
    struct picture picture = {0};
    assert_ok(sequence_diagram_write(diagram, path));
    picture.document = xmlReadFile(path, NULL, XML_PARSE_NONET);
    assert_non_null(picture.document);
    xmlNode *root = xmlDocGetRootElement(picture.document);
    assert_string_equal((const char *)root->name, "svg");
    assert_string_equal((const char *)root->ns->href, "http://www.w3.org/2000/svg");
    picture.width = attribute(root, "width");
    picture.height = attribute(root, "height");
    picture.texts = calloc(TEXT_LIMIT, sizeof *picture.texts);
    assert_non_null(picture.texts);
    for (xmlNode *node = root->children; node != NULL; node = node->next) {
        if (node->type == XML_ELEMENT_NODE) {
            read_element(&picture, node);
        }
    }
    return picture;
}

static void free_picture(struct picture *picture)
{
    xmlFreeDoc(picture->document);
    free(picture->texts);
}

static const struct drawn_text *find_text(const struct picture *picture, const char *text)
{
    for (size_t i = 0; i < picture->text_count; i++) {
        if (strcmp(picture->texts[i].text, text) == 0) {
            return &picture->texts[i];
        }
    }
    return NULL;
}

/* 0 when the text is not there. */
static int baseline_of(const struct picture *picture, const char *text)
{
    const struct drawn_text *found = find_text(picture, text);
    return found == NULL ? 0 : found->baseline;
}

static void the_number_of_actors_is_checked(void **state)
{
    (void)state;
    struct sequence_actor actors[SEQUENCE_MAX_ACTORS + 1];
    for (size_t i = 0; i <= SEQUENCE_MAX_ACTORS; i++) {
        actors[i] = three[0];
    }
    struct sequence_diagram *diagram = NULL;
    assert_status(sequence_diagram_open("t", actors, 0, &diagram), GBAU_E_ARGUMENT);
    assert_status(sequence_diagram_open("t", actors, SEQUENCE_MAX_ACTORS + 1, &diagram), GBAU_E_ARGUMENT);
    assert_null(diagram);
    assert_ok(sequence_diagram_open("t", actors, SEQUENCE_MAX_ACTORS, &diagram));
    sequence_diagram_close(diagram);
    sequence_diagram_close(NULL);
}

static void all_that_was_added_is_drawn_in_order(void **state)
{
    (void)state;
    struct sequence_diagram *diagram = open_diagram();
    sequence_diagram_add_heading(diagram, "Step one");
    sequence_diagram_add_message(diagram, 1, 2, "GET /", "Authorization: Digest");
    sequence_diagram_add_note(diagram, 2, "masks the MAC");
    sequence_diagram_add_message(diagram, 2, 1, "401", NULL);
    sequence_diagram_add_message(diagram, 0, 0, "derives", "Ks");
    struct picture picture = write_and_read(diagram);
    static const char *const in_order[] = {"A title",       "UICC", "Step one", "GET /", "Authorization: Digest",
                                           "masks the MAC", "401",  "derives",  "Ks"};
    int baseline = 0;
    for (size_t i = 0; i < sizeof in_order / sizeof in_order[0]; i++) {
        const int next = baseline_of(&picture, in_order[i]);
        assert_true(next > baseline);
        baseline = next;
    }
    assert_non_null(find_text(&picture, "software card"));
    assert_non_null(find_text(&picture, "bsf.example.org"));
    assert_non_null(find_text(&picture, "3"));
    assert_null(find_text(&picture, "4"));
    assert_int_equal(picture.circle_count, 3);
    assert_in_range(picture.width, 1200, 1400);
    /* the strings were copied, and a picture can be written again, with more */
    sequence_diagram_add_note(diagram, 0, "more");
    free_picture(&picture);
    picture = write_and_read(diagram);
    assert_non_null(find_text(&picture, "more"));
    free_picture(&picture);
    sequence_diagram_close(diagram);
}

/* Whether the first rectangle, which is behind all others, is white and covers all. */
static bool has_white_background(const struct picture *picture)
{
    for (const xmlNode *node = xmlDocGetRootElement(picture->document)->children; node != NULL; node = node->next) {
        if (node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, "rect") == 0) {
            return attribute_is(node, "fill", "#fff") && attribute_is(node, "width", "100%") &&
                   attribute_is(node, "height", "100%");
        }
    }
    return false;
}

static void the_picture_stands_alone_on_white(void **state)
{
    (void)state;
    struct sequence_diagram *diagram = open_diagram();
    struct picture picture = write_and_read(diagram);
    assert_true(has_white_background(&picture));
    free_picture(&picture);
    sequence_diagram_close(diagram);

    char text[16384];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    assert_null(strstr(text, "href"));
    assert_null(strstr(text, "url("));
    assert_null(strstr(text, "@import"));
    assert_non_null(strstr(text, "sans-serif"));
}

static void texts_are_escaped_and_cleaned(void **state)
{
    (void)state;
    struct sequence_diagram *diagram = NULL;
    const struct sequence_actor actors[] = {{"<a>", "&amp;"}, {"\"b\"", "'c'"}};
    assert_ok(sequence_diagram_open("</title><script>", actors, 2, &diagram));
    sequence_diagram_add_heading(diagram, "]]> <!-- & -->");
    sequence_diagram_add_message(diagram, 0, 1, "</text><text>", "line\none\xff\x01");
    sequence_diagram_add_note(diagram, 1, "&#0; &x;");
    struct picture picture = write_and_read(diagram);
    static const char *const texts[] = {"</title><script>", "<a>",           "&amp;",     "\"b\"",   "'c'",
                                        "]]> <!-- & -->",   "</text><text>", "line one?", "&#0; &x;"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_non_null(find_text(&picture, texts[i]));
    }
    free_picture(&picture);
    sequence_diagram_close(diagram);
}

static void steps_of_nobody_are_left_out(void **state)
{
    (void)state;
    struct sequence_diagram *diagram = open_diagram();
    sequence_diagram_add_message(diagram, 0, 3, "nobody", NULL);
    sequence_diagram_add_message(diagram, SIZE_MAX, 0, "nobody", NULL);
    sequence_diagram_add_note(diagram, 3, "nobody");
    sequence_diagram_add_heading(NULL, "nobody");
    sequence_diagram_add_message(diagram, 0, 1, NULL, NULL);
    struct picture picture = write_and_read(diagram);
    assert_null(find_text(&picture, "nobody"));
    assert_int_equal(picture.circle_count, 1);
    free_picture(&picture);
    sequence_diagram_close(diagram);
}

static void steps_beyond_the_limit_are_counted(void **state)
{
    (void)state;
    struct sequence_diagram *diagram = open_diagram();
    for (int i = 0; i < SEQUENCE_MAX_STEPS; i++) {
        sequence_diagram_add_message(diagram, 0, 2, "m", NULL);
    }
    struct picture picture = write_and_read(diagram);
    assert_non_null(find_text(&picture, "256"));
    assert_null(find_text(&picture, "and 3 more steps, left out here"));
    free_picture(&picture);
    for (int i = 0; i < 3; i++) {
        sequence_diagram_add_note(diagram, 0, "too many");
    }
    picture = write_and_read(diagram);
    assert_null(find_text(&picture, "too many"));
    assert_non_null(find_text(&picture, "and 3 more steps, left out here"));
    assert_int_equal(picture.circle_count, SEQUENCE_MAX_STEPS);
    free_picture(&picture);
    sequence_diagram_close(diagram);
}

static bool overlap(const struct drawn_text *a, const struct drawn_text *b)
{
    const bool beside = a->right <= b->left || b->right <= a->left;
    const bool above = a->baseline <= b->baseline - b->font_size || b->baseline <= a->baseline - a->font_size;
    return !beside && !above;
}

/* A circle against a text that is not the number in it. */
static bool circle_covers(const struct drawn_circle *circle, const struct drawn_text *text)
{
    const bool is_its_number =
        text->font_size < circle->radius && text->baseline > circle->y && text->baseline < circle->y + circle->radius;
    const bool beside = text->right <= circle->x - circle->radius || text->left >= circle->x + circle->radius;
    const bool above =
        text->baseline <= circle->y - circle->radius || text->baseline - text->font_size >= circle->y + circle->radius;
    return !is_its_number && !beside && !above;
}

static void assert_circles_are_free(const struct picture *picture)
{
    for (size_t i = 0; i < picture->circle_count; i++) {
        const struct drawn_circle *circle = &picture->circles[i];
        for (size_t j = 0; j < picture->text_count; j++) {
            assert_false(circle_covers(circle, &picture->texts[j]));
        }
        for (size_t j = 0; j < i; j++) {
            const struct drawn_circle *other = &picture->circles[j];
            assert_true(abs(circle->y - other->y) >= 2 * circle->radius);
        }
    }
}

static void assert_nothing_collides(const struct picture *picture)
{
    for (size_t i = 0; i < picture->text_count; i++) {
        const struct drawn_text *text = &picture->texts[i];
        assert_true(text->left >= 0 && text->right <= picture->width);
        assert_true(text->baseline >= text->font_size && text->baseline < picture->height);
        for (size_t j = 0; j < i; j++) {
            assert_false(overlap(text, &picture->texts[j]));
        }
    }
}

/* An arrow between neighbours, the text of which must stay between their lifelines. */
static void assert_between_lifelines(const struct picture *picture, size_t actor_count)
{
    const int lane = (picture->width - 48) / (int)actor_count;
    const int left = 24 + lane / 2;
    for (size_t i = 0; i < picture->text_count; i++) {
        const struct drawn_text *text = &picture->texts[i];
        const bool of_first_arrow = text->baseline > 170 && text->baseline < 225 && text->font_size == 13;
        if (actor_count > 1 && of_first_arrow) {
            assert_true(text->left >= left && text->right <= left + lane);
        }
    }
}

static void fill_with_long_texts(struct sequence_diagram *diagram, size_t actor_count)
{
    sequence_diagram_add_heading(diagram, LONG_TEXT);
    for (size_t i = 0; i < actor_count; i++) {
        sequence_diagram_add_message(diagram, i, (i + 1) % actor_count, LONG_TEXT, LONG_TEXT);
        sequence_diagram_add_message(diagram, i, i, LONG_TEXT, LONG_TEXT);
        sequence_diagram_add_note(diagram, i, LONG_TEXT);
        sequence_diagram_add_message(diagram, 0, i, "several words, some of which go to the next line", "00 a4 04 04");
        sequence_diagram_add_message(diagram, i, 0, "", NULL);
        sequence_diagram_add_note(diagram, i, "");
        sequence_diagram_add_message(diagram, i, i, "short", NULL);
        sequence_diagram_add_message(diagram, i, i, NULL, LONG_TEXT);
        sequence_diagram_add_message(diagram, i, i, NULL, NULL);
        sequence_diagram_add_message(diagram, i, i, "", "");
    }
}

static void nothing_overlaps_however_long_the_texts(void **state)
{
    (void)state;
    struct sequence_actor actors[SEQUENCE_MAX_ACTORS];
    for (size_t i = 0; i < SEQUENCE_MAX_ACTORS; i++) {
        actors[i] = (struct sequence_actor){LONG_TEXT, LONG_TEXT};
    }
    for (size_t count = 1; count <= SEQUENCE_MAX_ACTORS; count++) {
        struct sequence_diagram *diagram = NULL;
        assert_ok(sequence_diagram_open(LONG_TEXT, actors, count, &diagram));
        fill_with_long_texts(diagram, count);
        struct picture picture = write_and_read(diagram);
        assert_in_range(picture.width, 1200, 1400);
        assert_nothing_collides(&picture);
        assert_circles_are_free(&picture);
        assert_between_lifelines(&picture, count);
        free_picture(&picture);
        sequence_diagram_close(diagram);
    }
}

static void overlong_texts_end_with_an_ellipsis(void **state)
{
    (void)state;
    struct sequence_diagram *diagram = open_diagram();
    sequence_diagram_add_message(diagram, 0, 1, LONG_TEXT, NULL);
    struct picture picture = write_and_read(diagram);
    size_t cut = 0;
    for (size_t i = 0; i < picture.text_count; i++) {
        const size_t length = strlen(picture.texts[i].text);
        cut += length > 3 && strcmp(picture.texts[i].text + length - 3, ELLIPSIS) == 0 ? 1 : 0;
    }
    assert_int_equal(cut, 1);
    free_picture(&picture);
    sequence_diagram_close(diagram);
}

static void rows_grow_with_their_texts(void **state)
{
    (void)state;
    struct sequence_diagram *diagram = open_diagram();
    sequence_diagram_add_message(diagram, 0, 1, "short", NULL);
    struct picture low = write_and_read(diagram);
    sequence_diagram_close(diagram);
    diagram = open_diagram();
    sequence_diagram_add_message(diagram, 0, 1, LONG_TEXT, LONG_TEXT);
    struct picture high = write_and_read(diagram);
    sequence_diagram_close(diagram);
    assert_true(high.height > low.height + 40);
    free_picture(&low);
    free_picture(&high);
}

static void a_file_that_cannot_be_written_is_told(void **state)
{
    (void)state;
    char bad[128];
    (void)snprintf(bad, sizeof bad, "%s/no/such/directory", directory);
    struct sequence_diagram *diagram = open_diagram();
    assert_status(sequence_diagram_write(diagram, bad), GBAU_E_STORAGE);
    assert_status(sequence_diagram_write(diagram, directory), GBAU_E_STORAGE);
    if (access("/dev/full", W_OK) == 0) {
        assert_status(sequence_diagram_write(diagram, "/dev/full"), GBAU_E_STORAGE);
    }
    assert_ok(sequence_diagram_write(diagram, path));
    sequence_diagram_close(diagram);
}

static void *add_from_a_thread(void *argument)
{
    for (int i = 0; i < 50; i++) {
        sequence_diagram_add_message(argument, 0, 1, "from a thread", NULL);
    }
    return NULL;
}

static void threads_may_add_steps(void **state)
{
    (void)state;
    struct sequence_diagram *diagram = open_diagram();
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_from_a_thread, diagram), 0);
    }
    assert_ok(sequence_diagram_write(diagram, path));
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    struct picture picture = write_and_read(diagram);
    assert_int_equal(picture.circle_count, 200);
    free_picture(&picture);
    sequence_diagram_close(diagram);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_number_of_actors_is_checked),
        cmocka_unit_test(all_that_was_added_is_drawn_in_order),
        cmocka_unit_test(the_picture_stands_alone_on_white),
        cmocka_unit_test(texts_are_escaped_and_cleaned),
        cmocka_unit_test(steps_of_nobody_are_left_out),
        cmocka_unit_test(steps_beyond_the_limit_are_counted),
        cmocka_unit_test(nothing_overlaps_however_long_the_texts),
        cmocka_unit_test(overlong_texts_end_with_an_ellipsis),
        cmocka_unit_test(rows_grow_with_their_texts),
        cmocka_unit_test(a_file_that_cannot_be_written_is_told),
        cmocka_unit_test(threads_may_add_steps),
    };
    return cmocka_run_group_tests_name("trace/sequence_diagram", tests, make_directory, remove_directory);
}
