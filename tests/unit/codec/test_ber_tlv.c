/* test_ber_tlv.c: BER-TLV data objects: tags, lengths, padding, what is broken, and writing. */
#include "codec/ber_tlv.h"

#include <stdlib.h>

#include "testing.h"

/* A view of hex decoded into a buffer of that very size, so that reading beyond it is seen. */
struct input {
    uint8_t *buffer;
    struct octets octets;
};

static struct input input_of(const char *hex)
{
    struct input input = {.buffer = malloc(strlen(hex) / 2 + 1)};
    size_t length = 0;
    assert_non_null(input.buffer);
    assert_ok(hex_decode(octets_of_text(hex), input.buffer, strlen(hex) / 2, &length));
    input.buffer = realloc(input.buffer, length == 0 ? 1 : length);
    assert_non_null(input.buffer);
    input.octets = octets_of(input.buffer, length);
    return input;
}

static void assert_object(const char *hex, uint32_t tag, const char *value)
{
    struct input input = input_of(hex);
    struct octet_reader reader = octet_reader_of(input.octets);
    struct ber_tlv tlv;
    assert_true(ber_tlv_next(&reader, &tlv));
    assert_int_equal(tlv.tag, tag);
    assert_octets(tlv.value, value);
    assert_false(ber_tlv_next(&reader, &tlv));
    assert_ok(octet_reader_end(&reader));
    free(input.buffer);
}

static void test_tags(void **state)
{
    (void)state;
    assert_object("8000", 0x80, "");
    assert_object("010155", 0x01, "55");
    assert_object("fe0155", 0xfe, "55");
    assert_object("6f0155", 0x6f, "55");
    assert_object("7f490155", 0x7f49, "55");
    assert_object("5f7f0155", 0x5f7f, "55");
    assert_object("1f000155", 0x1f00, "55");
}

/* Lengths in one to four octets, also in more than they need. */
static void test_lengths(void **state)
{
    (void)state;
    assert_object("8003010203", 0x80, "010203");
    assert_object("808103010203", 0x80, "010203");
    assert_object("80820003010203", 0x80, "010203");
    assert_object("8083000003010203", 0x80, "010203");
    assert_object("808100", 0x80, "");
}

static void test_long_values(void **state)
{
    (void)state;
    static const size_t lengths[] = {0x7f, 0x80, 0xff, 0x100, 0xffff};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t *value = calloc(1, lengths[i]);
        uint8_t *written = malloc(lengths[i] + 4);
        assert_non_null(value);
        assert_non_null(written);
        value[lengths[i] - 1] = 0x77;
        struct octet_writer writer = octet_writer_of(written, lengths[i] + 4);
        ber_tlv_write(&writer, 0x87, octets_of(value, lengths[i]));
        assert_ok(octet_writer_end(&writer));
        struct octets found = {0};
        assert_ok(ber_tlv_find(octets_written(&writer), 0x87, &found));
        assert_true(octets_equal(found, octets_of(value, lengths[i])));
        free(value);
        free(written);
    }
}

static void assert_broken(const char *hex)
{
    struct input input = input_of(hex);
    struct octet_reader reader = octet_reader_of(input.octets);
    struct ber_tlv tlv;
    struct octets value;
    assert_false(ber_tlv_next(&reader, &tlv));
    assert_true(reader.failed);
    assert_false(ber_tlv_next(&reader, &tlv)); /* and stays so */
    assert_status(ber_tlv_find(input.octets, 0x80, &value), GBAU_E_MALFORMED);
    free(input.buffer);
}

static void test_broken(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "80",                                                                               /* no length */
        "8001",                                                                             /* no value */
        "800201",                                                                           /* half a value */
        "8081",                                                                             /* half a length */
        "808101",       "80820001", "808200", "8083000001", "8083ffffff00", "808000000000", /* indefinite */
        "808400000000",                   /* a length of four octets */
        "80ff",         "80ff00",   "5f", /* half a tag */
        "5f20",                           /* a tag alone */
        "5f810101",                       /* a tag of three octets */
        "7fff490155",
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        assert_broken(broken[i]);
    }
}

/* Every object cut short at every octet is broken; cut to nothing it is the end. */
static void test_truncations(void **state)
{
    (void)state;
    static const char *const whole[] = {"8003010203", "5f2003010203", "808103010203", "7f4982000400000001"};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        for (size_t length = 2; length < strlen(whole[i]); length += 2) {
            char hex[32];
            memcpy(hex, whole[i], length);
            hex[length] = '\0';
            assert_broken(hex);
        }
    }
}

/* FF or 00 in the place of a tag ends the objects, as in an unused tail of a record. */
static void test_padding(void **state)
{
    (void)state;
    static const char *const padded[] = {"", "00", "ff", "ffff", "0000", "ff0180", "00800155"};
    for (size_t i = 0; i < sizeof padded / sizeof padded[0]; i++) {
        struct input input = input_of(padded[i]);
        struct octet_reader reader = octet_reader_of(input.octets);
        struct ber_tlv tlv;
        struct octets value;
        assert_false(ber_tlv_next(&reader, &tlv));
        assert_false(reader.failed);
        assert_int_equal(reader.position, 0);
        assert_status(ber_tlv_find(input.octets, 0x80, &value), GBAU_E_NOT_FOUND);
        free(input.buffer);
    }
}

static void test_find(void **state)
{
    (void)state;
    struct input input = input_of("8101018201028101035f200104ff830105");
    struct octets value = {0};
    assert_ok(ber_tlv_find(input.octets, 0x81, &value));
    assert_octets(value, "01"); /* the first of two */
    assert_ok(ber_tlv_find(input.octets, 0x82, &value));
    assert_octets(value, "02");
    assert_ok(ber_tlv_find(input.octets, 0x5f20, &value));
    assert_octets(value, "04");
    value = octets_of_text("kept");
    assert_status(ber_tlv_find(input.octets, 0x83, &value), GBAU_E_NOT_FOUND); /* behind the padding */
    assert_status(ber_tlv_find(input.octets, 0x20, &value), GBAU_E_NOT_FOUND);
    assert_true(octets_equal(value, octets_of_text("kept")));
    free(input.buffer);
}

/* What stands before the break is found, what is behind it is not. */
static void test_find_before_a_break(void **state)
{
    (void)state;
    struct input input = input_of("8101018280");
    struct octets value = {0};
    assert_ok(ber_tlv_find(input.octets, 0x81, &value));
    assert_status(ber_tlv_find(input.octets, 0x83, &value), GBAU_E_MALFORMED);
    free(input.buffer);
}

static void assert_head(uint32_t tag, size_t length, const char *hex)
{
    uint8_t octets[8];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    ber_tlv_write_head(&writer, tag, length);
    assert_ok(octet_writer_end(&writer));
    assert_octets(octets_written(&writer), hex);
}

/* Always the shortest coding. */
static void test_heads(void **state)
{
    (void)state;
    assert_head(0x80, 0, "8000");
    assert_head(0x80, 0x7f, "807f");
    assert_head(0x80, 0x80, "808180");
    assert_head(0x80, 0xff, "8081ff");
    assert_head(0x80, 0x100, "80820100");
    assert_head(0x80, 0xffff, "8082ffff");
    assert_head(0x7f49, 1, "7f4901");
}

static void test_write_without_room(void **state)
{
    (void)state;
    const struct octets value = octets_of_text("value");
    for (size_t capacity = 0; capacity <= 7; capacity++) {
        uint8_t octets[7];
        struct octet_writer writer = octet_writer_of(octets, capacity);
        ber_tlv_write(&writer, 0x80, value);
        assert_status(octet_writer_end(&writer), capacity == 7 ? GBAU_OK : GBAU_E_SPACE);
    }
    uint8_t octets[16];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    ber_tlv_write_head(&writer, 0x80, 0x10000);
    assert_status(octet_writer_end(&writer), GBAU_E_SPACE);
}

/* Every input of three octets ends, within its bounds. */
static void test_all_short_inputs(void **state)
{
    (void)state;
    uint8_t *octets = malloc(3);
    assert_non_null(octets);
    for (uint32_t input = 0; input < 1U << 24; input += 7) {
        struct octet_writer writer = octet_writer_of(octets, 3);
        octet_writer_u24(&writer, input);
        struct octet_reader reader = octet_reader_of(octets_of(octets, 3));
        struct ber_tlv tlv;
        size_t count = 0;
        while (ber_tlv_next(&reader, &tlv)) {
            count++;
            assert_true(reader.position <= 3 && tlv.value.length <= 1);
        }
        assert_true(count <= 1);
    }
    free(octets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_long_values),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_truncations),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_find_before_a_break),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_write_without_room),
        cmocka_unit_test(test_all_short_inputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
