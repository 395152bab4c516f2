/* test_text_coding.c: hex and base64: the vectors of RFC 4648, one text for one value, room. */
#include "base/text_coding.h"

#include <stdlib.h>

#include "testing.h"

static void test_hex_encode(void **state)
{
    (void)state;
    char text[11];
    assert_ok(hex_encode(octets_of("\x00\x09\xa0\xff\x5f", 5), text, sizeof text));
    assert_string_equal(text, "0009a0ff5f");
    assert_ok(hex_encode((struct octets){0}, text, 1));
    assert_string_equal(text, "");
}

static void test_hex_encode_room(void **state)
{
    (void)state;
    static const uint8_t octets[8];
    for (size_t length = 0; length <= sizeof octets; length++) {
        for (size_t capacity = 0; capacity <= 2 * sizeof octets + 1; capacity++) {
            char *text = malloc(capacity + (capacity == 0));
            assert_non_null(text);
            assert_status(hex_encode(octets_of(octets, length), text, capacity),
                          capacity >= 2 * length + 1 ? GBAU_OK : GBAU_E_SPACE);
            free(text);
        }
    }
    char text[1];
    assert_status(hex_encode(octets_of(octets, SIZE_MAX), text, SIZE_MAX), GBAU_E_SPACE);
    assert_status(hex_encode(octets_of(octets, SIZE_MAX / 2 + 1), text, SIZE_MAX), GBAU_E_SPACE);
}

static void test_hex_decode(void **state)
{
    (void)state;
    uint8_t out[4];
    size_t length = 9;
    assert_ok(hex_decode(octets_of_text("00aAfF7e"), out, sizeof out, &length));
    assert_int_equal(length, 4);
    assert_octets(octets_of(out, 4), "00aaff7e");
    assert_ok(hex_decode((struct octets){0}, out, 0, &length));
    assert_int_equal(length, 0);
}

/* Each octet in the place of a digit: only 22 are digits. */
static void test_hex_digits(void **state)
{
    (void)state;
    size_t accepted = 0;
    for (unsigned high = 0; high < 2; high++) {
        for (unsigned value = 0; value < 256; value++) {
            uint8_t text[2] = {'0', '0'};
            uint8_t out[1];
            size_t length = 0;
            text[high] = (uint8_t)value;
            enum gbau_status status = hex_decode(octets_of(text, 2), out, sizeof out, &length);
            assert_true(status == GBAU_OK || status == GBAU_E_MALFORMED);
            accepted += status == GBAU_OK ? 1 : 0;
        }
    }
    assert_int_equal(accepted, 2 * 22);
}

static void test_hex_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {"0", "000", "0x00", " 00", "00 ", "0 0", "00\n", "0g", "-1", "+1"};
    uint8_t out[4];
    size_t length = 77;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_status(hex_decode(octets_of_text(refused[i]), out, sizeof out, &length), GBAU_E_MALFORMED);
    }
    assert_status(hex_decode(octets_of_text("0011223344"), out, sizeof out, &length), GBAU_E_SPACE);
    assert_int_equal(length, 77);
}

static void test_hex_decode_exactly(void **state)
{
    (void)state;
    uint8_t out[2];
    assert_ok(hex_decode_exactly(octets_of_text("1234"), out, 2));
    assert_octets(octets_of(out, 2), "1234");
    assert_status(hex_decode_exactly(octets_of_text("12"), out, 2), GBAU_E_MALFORMED);
    assert_status(hex_decode_exactly(octets_of_text("123456"), out, 2), GBAU_E_MALFORMED);
    assert_status(hex_decode_exactly(octets_of_text("123"), out, 2), GBAU_E_MALFORMED);
    assert_status(hex_decode_exactly(octets_of_text("12x4"), out, 2), GBAU_E_MALFORMED);
    assert_ok(hex_decode_exactly((struct octets){0}, out, 0));
}

struct base64_case {
    const char *octets;
    const char *text;
};

/* RFC 4648 clause 10 */
static const struct base64_case base64_cases[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

static void test_base64_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof base64_cases / sizeof base64_cases[0]; i++) {
        char text[9];
        uint8_t out[6];
        size_t length = 77;
        const struct octets octets = octets_of_text(base64_cases[i].octets);
        assert_ok(base64_encode(octets, text, sizeof text));
        assert_string_equal(text, base64_cases[i].text);
        assert_int_equal(BASE64_LENGTH(octets.length), strlen(text));
        assert_ok(base64_decode(octets_of_text(text), out, sizeof out, &length));
        assert_true(octets_equal(octets_of(out, length), octets));
    }
}

/* All 64 digits, in the alphabet's order. */
static void test_base64_alphabet(void **state)
{
    (void)state;
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t out[48];
    size_t length = 0;
    char text[65];
    assert_ok(base64_decode(octets_of_text(alphabet), out, sizeof out, &length));
    assert_octets(octets_of(out, length), "00108310518720928b30d38f41149351559761969b71d79f"
                                          "8218a39259a7a29aabb2dbafc31cb3d35db7e39ebbf3dfbf");
    assert_ok(base64_encode(octets_of(out, length), text, sizeof text));
    assert_string_equal(text, alphabet);
}

static void test_base64_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "Z",     "Zg",       "Zg=",  "=",      "==",    "===",        "====",     "Z===",
        "A===",  "Zg==Zg==", "Zg=g", "=g==",   "Zm9v=", "Zm9v==",     "Zm9v====", "Zm 9",
        "Zm9\n", "Zm-v",     "Zm_v", "Zm9v\n", " Zm9v", "Zm\xc3\xa9", "Zh==",     "Zm9=", /* bits that are not used */
    };
    uint8_t out[16];
    size_t length = 77;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_status(base64_decode(octets_of_text(refused[i]), out, sizeof out, &length), GBAU_E_MALFORMED);
    }
    assert_status(base64_decode(octets_of("Zm9\0", 4), out, sizeof out, &length), GBAU_E_MALFORMED);
    assert_int_equal(length, 77);
}

/* Each value has one text only: of all texts with two digits and padding, 256 are accepted. */
static void test_base64_is_unique(void **state)
{
    (void)state;
    bool seen[256] = {false};
    size_t accepted = 0;
    for (unsigned pair = 0; pair < 65536; pair++) {
        const uint8_t text[4] = {(uint8_t)(pair >> 8), (uint8_t)pair, '=', '='};
        uint8_t out[2];
        size_t length = 0;
        if (base64_decode(octets_of(text, 4), out, sizeof out, &length) == GBAU_OK) {
            assert_int_equal(length, 1);
            assert_false(seen[out[0]]);
            seen[out[0]] = true;
            accepted++;
        }
    }
    assert_int_equal(accepted, 256);
}

static void test_base64_room(void **state)
{
    (void)state;
    static const uint8_t octets[10];
    for (size_t length = 0; length <= sizeof octets; length++) {
        const size_t needed = BASE64_LENGTH(length) + 1;
        char text[32];
        for (size_t capacity = 0; capacity <= needed; capacity++) {
            char *room = malloc(capacity + (capacity == 0));
            assert_non_null(room);
            assert_status(base64_encode(octets_of(octets, length), room, capacity),
                          capacity == needed ? GBAU_OK : GBAU_E_SPACE);
            free(room);
        }
        assert_ok(base64_encode(octets_of(octets, length), text, sizeof text));
        for (size_t capacity = 0; capacity <= length; capacity++) {
            uint8_t *room = malloc(capacity + (capacity == 0));
            size_t decoded = 0;
            assert_non_null(room);
            assert_status(base64_decode(octets_of_text(text), room, capacity, &decoded),
                          capacity == length ? GBAU_OK : GBAU_E_SPACE);
            free(room);
        }
    }
}

static void test_round_trips(void **state)
{
    (void)state;
    uint8_t octets[256];
    uint8_t out[256];
    char text[513];
    for (size_t i = 0; i < sizeof octets; i++) {
        octets[i] = (uint8_t)(i * 37 + 11);
    }
    for (size_t length = 0; length <= sizeof octets; length++) {
        size_t decoded = 0;
        assert_ok(base64_encode(octets_of(octets, length), text, sizeof text));
        assert_ok(base64_decode(octets_of_text(text), out, sizeof out, &decoded));
        assert_true(octets_equal(octets_of(out, decoded), octets_of(octets, length)));
        assert_ok(hex_encode(octets_of(octets, length), text, sizeof text));
        assert_int_equal(strlen(text), HEX_LENGTH(length));
        assert_ok(hex_decode(octets_of_text(text), out, sizeof out, &decoded));
        assert_true(octets_equal(octets_of(out, decoded), octets_of(octets, length)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hex_encode),     cmocka_unit_test(test_hex_encode_room),
        cmocka_unit_test(test_hex_decode),     cmocka_unit_test(test_hex_digits),
        cmocka_unit_test(test_hex_refused),    cmocka_unit_test(test_hex_decode_exactly),
        cmocka_unit_test(test_base64_vectors), cmocka_unit_test(test_base64_alphabet),
        cmocka_unit_test(test_base64_refused), cmocka_unit_test(test_base64_is_unique),
        cmocka_unit_test(test_base64_room),    cmocka_unit_test(test_round_trips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
