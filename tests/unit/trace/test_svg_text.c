/* test_svg_text.c: cleaning, measuring, breaking and escaping of the texts in a picture. */
#include "trace/svg_text.h"

#include <stdlib.h>

#include "testing.h"

#define ELLIPSIS "\xe2\x80\xa6"

static const struct svg_font plain = {SVG_FACE_PLAIN, 10};
static const struct svg_font bold = {SVG_FACE_BOLD, 10};
static const struct svg_font monospace = {SVG_FACE_MONOSPACE, 10};

static void texts_are_made_clean(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *clean;
    } cases[] = {
        {"", ""},
        {NULL, ""},
        {"plain <&>", "plain <&>"},
        {"two\nlines\tand\x01", "two lines and "},
        {"\x7f", "?"},
        {"gr\xc3\xbc\xc3\x9f \xe2\x86\x92 \xf0\x9f\x94\x91", "gr\xc3\xbc\xc3\x9f \xe2\x86\x92 \xf0\x9f\x94\x91"},
        {"\xc3", "?"},                          /* cut off */
        {"\xc3(", "?("},                        /* no continuation */
        {"\x80\xbf", "??"},                     /* continuation alone */
        {"\xc0\xaf", "??"},                     /* longer than needed */
        {"\xe0\x80\xaf", "???"},                /* so too */
        {"\xf0\x80\x80\xaf", "????"},           /* so too */
        {"\xed\xa0\x80", "???"},                /* surrogate */
        {"\xef\xbf\xbe\xef\xbf\xbf", "??????"}, /* no characters of XML */
        {"\xf4\x90\x80\x80", "????"},           /* beyond Unicode */
        {"\xff\xfe", "??"},
        {"\xf0\x9f\x94", "???"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char clean[64];
        assert_false(svg_text_clean(cases[i].text, clean, sizeof clean));
        assert_string_equal(clean, cases[i].clean);
    }
}

static void overlong_texts_are_cut_between_characters(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t capacity;
        const char *clean;
        bool cut;
    } cases[] = {
        {"1234567", 8, "1234567", false},
        {"12345678", 8, "1234" ELLIPSIS, true},
        {"123\xc3\xbc"
         "678",
         8, "123" ELLIPSIS, true},
        {"12\xc3\xbc"
         "5678",
         8, "12\xc3\xbc" ELLIPSIS, true},
        {"\xf0\x9f\x94\x91\xf0\x9f\x94\x91", 8, "\xf0\x9f\x94\x91" ELLIPSIS, true},
        {"abcd", 4, ELLIPSIS, true},
        {"abc", 4, "abc", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char clean[8];
        assert_int_equal(svg_text_clean(cases[i].text, clean, cases[i].capacity), cases[i].cut);
        assert_string_equal(clean, cases[i].clean);
    }
}

static void widths_add_up(void **state)
{
    (void)state;
    assert_int_equal(svg_text_width(plain, octets_of_text("")), 0);
    assert_int_equal(svg_text_width(plain, octets_of_text("0123456789")), 64); /* 10 * 6.36, rounded up */
    assert_int_equal(svg_text_width(plain, octets_of_text(" ~")), 12);         /* both ends of the table */
    assert_int_equal(svg_text_width(plain, octets_of_text("@")), 10);
    assert_int_equal(svg_text_width(monospace, octets_of_text("iiWW")), 25);
    assert_int_equal(svg_text_width(plain, octets_of_text(ELLIPSIS)), 10);
    assert_true(svg_text_width(bold, octets_of_text("width")) > svg_text_width(plain, octets_of_text("width")));
    assert_true(svg_text_width(plain, octets_of_text("WW")) > svg_text_width(plain, octets_of_text("iiii")));
}

static void assert_lines(const struct svg_lines *lines, size_t count, const char *const *expected)
{
    assert_int_equal(lines->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(lines->line[i], expected[i]);
    }
}

/* In this font each ASCII character is 6.02 pixels wide and an ellipsis 10. */
static void texts_are_broken_between_words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int width;
        size_t limit;
        size_t count;
        const char *expected[SVG_LINE_LIMIT];
    } cases[] = {
        {"", 100, 2, 0, {NULL}},
        {"   ", 100, 2, 0, {NULL}},
        {"one", 100, 2, 1, {"one"}},
        {"  one  ", 100, 2, 1, {"one"}},
        {"one two", 43, 1, 1, {"one two"}},
        {"one two", 42, 2, 2, {"one", "two"}},
        {"one two", 19, 2, 2, {"one", "two"}},
        {"one  two three", 50, 2, 2, {"one  two", "three"}},
        {"one two three four", 43, 2, 2, {"one two", "three" ELLIPSIS}},
        {"one two three four", 43, 4, 3, {"one two", "three", "four"}},
        {"0123456789abcdef", 61, 2, 2, {"0123456789", "abcdef"}},
        {"0123456789abcdef", 61, 1, 1, {"01234567" ELLIPSIS}},
        {"x 0123456789abcdef", 61, 3, 3, {"x", "0123456789", "abcdef"}},
        {"exact word", 61, 1, 1, {"exact word"}},
        {"narrow", 1, 3, 3, {"n", "a", "r" ELLIPSIS}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct svg_lines lines;
        svg_text_wrap(monospace, cases[i].text, cases[i].width, cases[i].limit, &lines);
        assert_lines(&lines, cases[i].count, cases[i].expected);
    }
}

static void no_line_is_wider_than_asked(void **state)
{
    (void)state;
    static const char text[] = "Authorization: Digest username=\"001010123456789@ims.mnc001.mcc001.3gppnetwork.org\", "
                               "realm=\"3GPP-bootstrapping@naf\", \xe2\x86\x92 WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW";
    for (int width = 40; width < 600; width += 7) {
        for (enum svg_face face = SVG_FACE_PLAIN; face < SVG_FACE_COUNT; face++) {
            const struct svg_font font = {face, 13};
            struct svg_lines lines;
            svg_text_wrap(font, text, width, SVG_LINE_LIMIT, &lines);
            for (size_t i = 0; i < lines.count; i++) {
                assert_true(svg_text_width(font, octets_of_text(lines.line[i])) <= width);
            }
        }
    }
}

static void a_line_never_overruns_its_buffer(void **state)
{
    (void)state;
    char text[1000];
    struct svg_lines lines;
    memset(text, 'i', sizeof text);
    text[sizeof text - 1] = '\0';
    svg_text_wrap(monospace, text, 100000, 2, &lines);
    assert_int_equal(lines.count, 2);
    assert_int_equal(strlen(lines.line[0]), SVG_LINE_SIZE - 4);
    assert_int_equal(strlen(lines.line[1]), SVG_LINE_SIZE - 1);
}

static void reserved_characters_are_escaped(void **state)
{
    (void)state;
    char *written = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&written, &length);
    assert_non_null(file);
    svg_text_write(file, "<a href=\"x\">&amp;'s \xc3\xbc</a>");
    assert_int_equal(fclose(file), 0);
    assert_string_equal(written, "&lt;a href=&quot;x&quot;&gt;&amp;amp;&#39;s \xc3\xbc&lt;/a&gt;");
    free(written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_made_clean),
        cmocka_unit_test(overlong_texts_are_cut_between_characters),
        cmocka_unit_test(widths_add_up),
        cmocka_unit_test(texts_are_broken_between_words),
        cmocka_unit_test(no_line_is_wider_than_asked),
        cmocka_unit_test(a_line_never_overruns_its_buffer),
        cmocka_unit_test(reserved_characters_are_escaped),
    };
    return cmocka_run_group_tests_name("trace/svg_text", tests, NULL, NULL);
}
