/* test_content.c: lists of decoded values and their limits. */
#include "card_text/content.h"

#include "testing.h"

static struct card_content content;
static char line[16384];

static const char *line_of_content(void)
{
    struct text text = text_of(line, sizeof line);
    content_put_line(&content, &text);
    return line;
}

static void values_stand_in_one_line(void **state)
{
    (void)state;
    content_clear(&content);
    assert_string_equal(line_of_content(), "");
    content_add(&content, "mode", "%s", "normal");
    content_add_hex(&content, NULL, octets_of("\xa1\xb2", 2));
    content_add_untrusted(&content, "name", octets_of("a\nb", 3));
    content_add_withheld(&content, "Kc", 8);
    assert_string_equal(line_of_content(), "mode normal, A1B2, name a\\x0Ab, Kc (8 octets, withheld)");
    assert_int_equal(content.count, 4);
    assert_string_equal(content.items[0].value, "normal");
    assert_null(content.items[1].label);
}

static void long_octets_are_cut(void **state)
{
    (void)state;
    uint8_t octets[CONTENT_HEX_LIMIT + 1] = {0};
    content_clear(&content);
    content_add_hex(&content, NULL, octets_of(octets, sizeof octets));
    assert_string_equal(content.items[0].value + 2 * CONTENT_HEX_LIMIT, "… (33 octets)");
}

static void more_items_than_fit_are_left_out(void **state)
{
    (void)state;
    content_clear(&content);
    for (int i = 0; i < CONTENT_ITEMS_MAX; i++) {
        content_add(&content, NULL, "%d", i);
    }
    assert_false(content.is_cut);
    content_add(&content, NULL, "one more");
    assert_true(content.is_cut);
    assert_int_equal(content.count, CONTENT_ITEMS_MAX);
    assert_string_equal(content.items[CONTENT_ITEMS_MAX - 1].value, "199");
    assert_non_null(strstr(line_of_content(), "199 …"));
}

static void more_text_than_fits_is_cut(void **state)
{
    (void)state;
    char large[CONTENT_TEXT_SIZE];
    memset(large, 'a', sizeof large);
    content_clear(&content);
    content_add_untrusted(&content, NULL, octets_of(large, sizeof large));
    assert_true(content.is_cut);
    content_add(&content, "more", "%d", 1);
    assert_int_equal(content.count, 1);
    content_clear(&content);
    for (int i = 0; i < 100; i++) {
        content_add_untrusted(&content, NULL, octets_of(large, 200));
    }
    assert_true(content.is_cut);
    for (size_t i = 0; i + 1 < content.count; i++) {
        assert_int_equal(strlen(content.items[i].value), 200);
    }
}

static void clearing_makes_room_again(void **state)
{
    (void)state;
    content_clear(&content);
    content_add(&content, NULL, "%d", 1);
    content_clear(&content);
    assert_int_equal(content.count, 0);
    content_add(&content, NULL, "%d", 2);
    assert_string_equal(line_of_content(), "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_stand_in_one_line),         cmocka_unit_test(long_octets_are_cut),
        cmocka_unit_test(more_items_than_fit_are_left_out), cmocka_unit_test(more_text_than_fits_is_cut),
        cmocka_unit_test(clearing_makes_room_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
