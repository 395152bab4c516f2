/* test_text.c: text for people: cutting, escaping, the codings of names and numbers. */
#include "card_text/text.h"

#include <stdio.h>

#include "testing.h"

static char buffer[256];

static struct text new_text(void)
{
    return text_of(buffer, sizeof buffer);
}

static struct octets hex_octets(const char *hex)
{
    static uint8_t octets[512];
    from_hex(hex, octets, strlen(hex) / 2);
    return octets_of(octets, strlen(hex) / 2);
}

static void words_and_numbers_are_put_together(void **state)
{
    (void)state;
    struct text text = new_text();
    assert_string_equal(buffer, "");
    text_put(&text, "SFI ");
    text_format(&text, "%02X", 0x1e);
    text_put(&text, " · ü");
    assert_string_equal(buffer, "SFI 1E · ü");
    assert_int_equal(text.length, strlen(buffer));
    assert_false(text.cut);
}

static void too_much_is_cut_between_characters(void **state)
{
    (void)state;
    for (size_t capacity = 8; capacity < 40; capacity++) {
        memset(buffer, 'x', sizeof buffer);
        struct text text = text_of(buffer, capacity);
        text_put(&text, "äöüäöüäöüäöüäöüäöüäöüäöü");
        assert_true(text.cut);
        assert_true(text.length < capacity && strlen(buffer) == text.length);
        assert_string_equal(buffer + text.length - 3, "…");
        assert_int_equal((text.length - 3) % 2, 0);
        assert_int_equal(buffer[capacity], 'x');
        text_put(&text, "more");
        assert_string_equal(buffer + text.length - 3, "…");
    }
}

static void what_fits_exactly_is_not_cut(void **state)
{
    (void)state;
    struct text text = text_of(buffer, 8);
    text_put(&text, "1234");
    assert_string_equal(buffer, "1234");
    text_put(&text, "5");
    assert_string_equal(buffer, "1234…");
}

static void hex_is_limited(void **state)
{
    (void)state;
    struct text text = new_text();
    text_put_hex(&text, hex_octets("00a1ff"), 3);
    assert_string_equal(buffer, "00A1FF");
    text = new_text();
    text_put_hex(&text, hex_octets("00a1ff"), 2);
    assert_string_equal(buffer, "00A1… (3 octets)");
    text = new_text();
    text_put_hex(&text, octets_of(NULL, 0), 2);
    assert_string_equal(buffer, "");
}

static const struct {
    const char *hex;
    const char *shown;
} untrusted[] = {
    {"677261c3bc", "graü"},
    {"e282ac", "€"},
    {"f09f8d8e", "\xf0\x9f\x8d\x8e"},
    {"61001b5b6d0a7f62", "a\\x00\\x1B[m\\x0A\\x7Fb"},
    {"c29b", "\\x9B"},       /* C1 control, CSI */
    {"5c783431", "\\\\x41"}, /* a backslash cannot fake an escape */
    {"c3", "\\xC3"},
    {"c341", "\\xC3A"},
    {"c0af", "\\xC0\\xAF"},        /* overlong */
    {"e08080", "\\xE0\\x80\\x80"}, /* overlong */
    {"f0808080", "\\xF0\\x80\\x80\\x80"},
    {"eda080", "\\u{D800}"}, /* a surrogate */
    {"e280ae", "\\u{202E}"}, /* turns text around */
    {"e2808b", "\\u{200B}"}, /* is not to be seen */
    {"efbbbf", "\\u{FEFF}"},
    {"f4908080", "\\u{110000}"},
    {"ff80", "\\xFF\\x80"},
};

static void nothing_untrusted_gets_through_raw(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof untrusted / sizeof untrusted[0]; i++) {
        struct text text = new_text();
        text_put_untrusted(&text, hex_octets(untrusted[i].hex));
        assert_string_equal(buffer, untrusted[i].shown);
    }
}

static void every_single_octet_is_harmless(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        const uint8_t octet = (uint8_t)value;
        struct text text = new_text();
        text_put_untrusted(&text, octets_of(&octet, 1));
        assert_true(text.length > 0);
        for (size_t i = 0; i < text.length; i++) {
            assert_true(buffer[i] >= 0x20 && buffer[i] < 0x7f);
        }
    }
}

static const struct {
    const char *hex;
    const char *shown;
} alphas[] = {
    {"67626175ffff", "gbau"},
    {"004002", "@¡$"},
    {"7b7c7d7e7f", "äöñüà"},
    {"81", ""},
    {"0a", "\\x0A"},
    {"80004e00fcffff0041", "Nü"},
    {"80004e00", "N"},
    {"8103084a8199", "J\xd0\x81\xd0\x99"},   /* base 0400 */
    {"8203053041d3e4", "A\xd6\x83\xd6\x94"}, /* base 0530 */
    {"81ff0841", "A"},
    {"ffff", ""},
    {"", ""},
};

static void alpha_identifiers_have_four_codings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof alphas / sizeof alphas[0]; i++) {
        struct text text = new_text();
        text_put_alpha(&text, hex_octets(alphas[i].hex));
        assert_string_equal(buffer, alphas[i].shown);
    }
}

static void septets_are_unpacked(void **state)
{
    (void)state;
    struct text text = new_text();
    text_put_septets(&text, hex_octets("e8329bfd06"), 5);
    assert_string_equal(buffer, "hello");
    text = new_text();
    text_put_septets(&text, hex_octets("e8329bfd4697d9ec37"), 2);
    assert_string_equal(buffer, "hellohello");
    text = new_text();
    text_put_septets(&text, octets_of(NULL, 0), 5);
    assert_string_equal(buffer, "");
}

static void digits_are_swapped_up_to_f(void **state)
{
    (void)state;
    struct text text = new_text();
    text_put_swapped_digits(&text, hex_octets("2143f5ffff"), TEXT_DIGITS);
    assert_string_equal(buffer, "12345");
    text = new_text();
    text_put_swapped_digits(&text, hex_octets("a1b2cdfe"), TEXT_DIALLED_DIGITS);
    assert_string_equal(buffer, "1*2#wpe");
    text = new_text();
    text_put_swapped_digits(&text, hex_octets("ff"), TEXT_DIGITS);
    assert_string_equal(buffer, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_numbers_are_put_together),  cmocka_unit_test(too_much_is_cut_between_characters),
        cmocka_unit_test(what_fits_exactly_is_not_cut),        cmocka_unit_test(hex_is_limited),
        cmocka_unit_test(nothing_untrusted_gets_through_raw),  cmocka_unit_test(every_single_octet_is_harmless),
        cmocka_unit_test(alpha_identifiers_have_four_codings), cmocka_unit_test(septets_are_unpacked),
        cmocka_unit_test(digits_are_swapped_up_to_f),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
