/* test_octets.c: views, and the bounded reader and writer: order, bounds, and errors that stay. */
#include "base/octets.h"

#include <stdlib.h>

#include "testing.h"

/* Views */

static void test_views(void **state)
{
    (void)state;
    const uint8_t data[] = {1, 2, 3};
    const struct octets view = octets_of(data, 2);
    assert_ptr_equal(view.data, data);
    assert_int_equal(view.length, 2);
    assert_octets(octets_of_text("ab"), "6162");
    assert_int_equal(octets_of_text("").length, 0);
}

static void test_equal(void **state)
{
    (void)state;
    const struct octets none = {0};
    assert_true(octets_equal(octets_of_text("abc"), octets_of("abcd", 3)));
    assert_false(octets_equal(octets_of_text("abc"), octets_of_text("abd")));
    assert_false(octets_equal(octets_of_text("abc"), octets_of_text("ab")));
    assert_false(octets_equal(octets_of_text("ab"), octets_of_text("abc")));
    assert_true(octets_equal(none, octets_of_text("")));
    assert_true(octets_equal(none, none));
    assert_false(octets_equal(none, octets_of_text("a")));
    assert_true(octets_equal(octets_of("a\0b", 3), octets_of("a\0b", 3)));
    assert_false(octets_equal(octets_of("a\0b", 3), octets_of("a\0c", 3)));
}

static void test_to_text(void **state)
{
    (void)state;
    char text[4] = "xyz";
    assert_ok(octets_to_text(octets_of("abcd", 3), text, sizeof text));
    assert_string_equal(text, "abc");
    assert_ok(octets_to_text((struct octets){0}, text, sizeof text));
    assert_string_equal(text, "");
    assert_ok(octets_to_text((struct octets){0}, text, 1));
    assert_status(octets_to_text((struct octets){0}, text, 0), GBAU_E_SPACE);
    assert_status(octets_to_text(octets_of("abcd", 4), text, sizeof text), GBAU_E_SPACE);
    assert_status(octets_to_text(octets_of("a\0b", 3), text, sizeof text), GBAU_E_MALFORMED);
    assert_status(octets_to_text(octets_of("ab\0", 3), text, sizeof text), GBAU_E_MALFORMED);
}

/* Reading */

static void test_reader_numbers(void **state)
{
    (void)state;
    uint8_t data[30];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(0xf0 + i);
    }
    struct octet_reader reader = octet_reader_of(octets_of(data, 24));
    assert_int_equal(octet_reader_left(&reader), 24);
    assert_int_equal(octet_reader_u8(&reader), 0xf0);
    assert_int_equal(octet_reader_u16(&reader), 0xf1f2);
    assert_int_equal(octet_reader_u24(&reader), 0xf3f4f5);
    assert_int_equal(octet_reader_u32(&reader), 0xf6f7f8f9);
    assert_true(octet_reader_u48(&reader) == 0xfafbfcfdfeffULL);
    assert_true(octet_reader_u64(&reader) == 0x0001020304050607ULL);
    assert_int_equal(octet_reader_left(&reader), 0);
    assert_ok(octet_reader_end(&reader));
}

static void test_reader_octets(void **state)
{
    (void)state;
    const struct octets input = octets_of_text("abcdef");
    struct octet_reader reader = octet_reader_of(input);
    uint8_t copy[2];
    assert_true(octets_equal(octet_reader_take(&reader, 2), octets_of_text("ab")));
    octet_reader_copy(&reader, copy, sizeof copy);
    assert_memory_equal(copy, "cd", 2);
    struct octets taken = octet_reader_take(&reader, 2);
    assert_ptr_equal(taken.data, input.data + 4); /* a view, not a copy */
    assert_ok(octet_reader_end(&reader));
}

/* Nothing of nothing is something: an empty view with a pointer, also from an empty input. */
static void test_reader_takes_nothing(void **state)
{
    (void)state;
    struct octet_reader reader = octet_reader_of((struct octets){0});
    struct octets taken = octet_reader_take(&reader, 0);
    assert_non_null(taken.data);
    assert_int_equal(taken.length, 0);
    octet_reader_copy(&reader, &reader, 0);
    assert_ok(octet_reader_end(&reader));
}

static void test_reader_left_over(void **state)
{
    (void)state;
    struct octet_reader reader = octet_reader_of(octets_of_text("ab"));
    assert_status(octet_reader_end(&reader), GBAU_E_MALFORMED);
    (void)octet_reader_u8(&reader);
    assert_status(octet_reader_end(&reader), GBAU_E_MALFORMED);
    (void)octet_reader_u8(&reader);
    assert_ok(octet_reader_end(&reader));
}

static void assert_failed_reader(struct octet_reader *reader)
{
    uint8_t copy[3] = {1, 2, 3};
    assert_true(reader->failed);
    assert_int_equal(octet_reader_left(reader), 0);
    assert_int_equal(octet_reader_u8(reader), 0);
    assert_true(octet_reader_u64(reader) == 0);
    assert_null(octet_reader_take(reader, 0).data);
    assert_null(octet_reader_take(reader, 1).data);
    octet_reader_copy(reader, copy, sizeof copy);
    assert_octets(octets_of(copy, sizeof copy), "000000");
    assert_status(octet_reader_end(reader), GBAU_E_MALFORMED);
}

/* A read beyond the end gives zero, takes nothing, and the reader stays failed, though shorter reads would fit. */
static void test_reader_fails_for_good(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 4, 6, 8};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t length = 0; length < sizes[i]; length++) {
            uint8_t *data = malloc(length == 0 ? 1 : length); /* of that very size: ASan sees a read beyond it */
            assert_non_null(data);
            memset(data, 0xff, length);
            struct octet_reader reader = octet_reader_of(octets_of(data, length));
            switch (sizes[i]) {
            case 1:
                assert_int_equal(octet_reader_u8(&reader), 0);
                break;
            case 2:
                assert_int_equal(octet_reader_u16(&reader), 0);
                break;
            case 3:
                assert_int_equal(octet_reader_u24(&reader), 0);
                break;
            case 4:
                assert_int_equal(octet_reader_u32(&reader), 0);
                break;
            case 6:
                assert_true(octet_reader_u48(&reader) == 0);
                break;
            default:
                assert_true(octet_reader_u64(&reader) == 0);
                break;
            }
            assert_failed_reader(&reader);
            free(data);
        }
    }
}

/* A length from outside may be anything: no sum with the position may wrap. */
static void test_reader_huge_lengths(void **state)
{
    (void)state;
    static const size_t lengths[] = {3, SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct octet_reader reader = octet_reader_of(octets_of_text("abc"));
        (void)octet_reader_u8(&reader);
        assert_null(octet_reader_take(&reader, lengths[i]).data);
        assert_failed_reader(&reader);
    }
}

/* Writing */

static void test_writer_numbers(void **state)
{
    (void)state;
    uint8_t buffer[24];
    struct octet_writer writer = octet_writer_of(buffer, sizeof buffer);
    octet_writer_u8(&writer, 0x01);
    octet_writer_u16(&writer, 0x0203);
    octet_writer_u24(&writer, 0x040506);
    octet_writer_u32(&writer, 0x0708090a);
    octet_writer_u48(&writer, 0x0b0c0d0e0f10);
    octet_writer_u64(&writer, 0x1112131415161718);
    assert_ok(octet_writer_end(&writer));
    assert_octets(octets_written(&writer), "0102030405060708090a0b0c0d0e0f101112131415161718");
}

/* What does not fit in three or six octets loses its high ones, as the types of C do. */
static void test_writer_cuts_high_octets(void **state)
{
    (void)state;
    uint8_t buffer[9];
    struct octet_writer writer = octet_writer_of(buffer, sizeof buffer);
    octet_writer_u24(&writer, 0xff010203);
    octet_writer_u48(&writer, 0xffff040506070809);
    assert_octets(octets_written(&writer), "010203040506070809");
}

static void test_writer_octets(void **state)
{
    (void)state;
    uint8_t buffer[12];
    struct octet_writer writer = octet_writer_of(buffer, sizeof buffer);
    octet_writer_put(&writer, "ab", 2);
    octet_writer_put_octets(&writer, octets_of_text("cd"));
    octet_writer_put_text(&writer, "ef");
    octet_writer_fill(&writer, 0xff, 3);
    octet_writer_put_octets(&writer, (struct octets){0});
    octet_writer_put_text(&writer, "");
    octet_writer_fill(&writer, 0xff, 0);
    uint8_t *room = octet_writer_reserve(&writer, 3);
    assert_ptr_equal(room, buffer + 9);
    memset(room, 0x11, 3);
    assert_ok(octet_writer_end(&writer));
    assert_octets(octets_written(&writer), "616263646566ffffff111111");
}

/* One octet too few: nothing is written, nothing counted, and the writer stays failed. */
static void test_writer_fails_for_good(void **state)
{
    (void)state;
    for (size_t capacity = 0; capacity < 4; capacity++) {
        uint8_t *buffer = malloc(capacity == 0 ? 1 : capacity);
        assert_non_null(buffer);
        memset(buffer, 0xee, capacity);
        struct octet_writer writer = octet_writer_of(buffer, capacity);
        octet_writer_u32(&writer, 0x01020304);
        assert_status(octet_writer_end(&writer), GBAU_E_SPACE);
        octet_writer_u8(&writer, 1);
        octet_writer_put_text(&writer, "a");
        octet_writer_fill(&writer, 1, 1);
        octet_writer_put(&writer, NULL, 0);
        assert_null(octet_writer_reserve(&writer, 1));
        assert_null(octet_writer_reserve(&writer, 0));
        assert_int_equal(writer.length, 0);
        assert_status(octet_writer_end(&writer), GBAU_E_SPACE);
        for (size_t i = 0; i < capacity; i++) {
            assert_int_equal(buffer[i], 0xee);
        }
        free(buffer);
    }
}

static void test_writer_huge_lengths(void **state)
{
    (void)state;
    uint8_t buffer[4];
    struct octet_writer writer = octet_writer_of(buffer, sizeof buffer);
    octet_writer_u8(&writer, 1);
    octet_writer_fill(&writer, 0xff, SIZE_MAX);
    assert_status(octet_writer_end(&writer), GBAU_E_SPACE);
    writer = octet_writer_of(buffer, sizeof buffer);
    octet_writer_u8(&writer, 1);
    assert_null(octet_writer_reserve(&writer, SIZE_MAX - 1));
    assert_status(octet_writer_end(&writer), GBAU_E_SPACE);
}

static void test_writer_without_buffer(void **state)
{
    (void)state;
    struct octet_writer writer = octet_writer_of(NULL, 0);
    octet_writer_put_octets(&writer, (struct octets){0});
    assert_null(octet_writer_reserve(&writer, 0));
    assert_ok(octet_writer_end(&writer));
    octet_writer_u8(&writer, 1);
    assert_status(octet_writer_end(&writer), GBAU_E_SPACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_to_text),
        cmocka_unit_test(test_reader_numbers),
        cmocka_unit_test(test_reader_octets),
        cmocka_unit_test(test_reader_takes_nothing),
        cmocka_unit_test(test_reader_left_over),
        cmocka_unit_test(test_reader_fails_for_good),
        cmocka_unit_test(test_reader_huge_lengths),
        cmocka_unit_test(test_writer_numbers),
        cmocka_unit_test(test_writer_cuts_high_octets),
        cmocka_unit_test(test_writer_octets),
        cmocka_unit_test(test_writer_fails_for_good),
        cmocka_unit_test(test_writer_huge_lengths),
        cmocka_unit_test(test_writer_without_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
