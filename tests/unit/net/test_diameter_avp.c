/* test_diameter_avp.c: Diameter headers and AVPs as octets. */
#include "net/diameter_avp.h"

#include "testing.h"

static uint8_t octets[512];
static struct octet_writer writer;

static int clear(void **state)
{
    (void)state;
    memset(octets, 0xee, sizeof octets);
    writer = octet_writer_of(octets, sizeof octets);
    return 0;
}

static void test_header(void **state)
{
    (void)state;
    const struct diameter_header header = {0xc0, 0x012f, 0x01000005, 0x11223344, 0x55667788};
    diameter_reserve_header(&writer);
    diameter_write_base_unsigned(&writer, AVP_RESULT_CODE, 2001);
    diameter_write_header(&writer, &header);
    assert_ok(octet_writer_end(&writer));
    assert_octets(octets_written(&writer), "01000020c000012f0100000511223344556677880000010c4000000c000007d1");

    struct diameter_header read;
    struct octets avps;
    assert_ok(diameter_read_header(octets_written(&writer), &read, &avps));
    assert_int_equal(read.flags, header.flags);
    assert_int_equal(read.command, header.command);
    assert_int_equal(read.application, header.application);
    assert_int_equal(read.hop_by_hop, header.hop_by_hop);
    assert_int_equal(read.end_to_end, header.end_to_end);
    assert_octets(avps, "0000010c4000000c000007d1");
}

static void test_bad_headers(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "01",
                                      "01000013c000012f01000005112233445566",
                                      "01000013c000012f010000051122334455667788",
                                      "01000015c000012f010000051122334455667788",
                                      "02000014c000012f010000051122334455667788",
                                      "01000014c000012f01000005112233445566778800"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t length = strlen(bad[i]) / 2;
        from_hex(bad[i], octets, length);
        struct diameter_header header;
        struct octets avps;
        assert_status(diameter_read_header(octets_of(octets, length), &header, &avps), GBAU_E_MALFORMED);
    }
    struct octet_writer small = octet_writer_of(octets, 19);
    diameter_reserve_header(&small);
    diameter_write_header(&small, &(struct diameter_header){0, 0, 0, 0, 0});
    assert_true(small.failed);
    struct octet_writer unreserved = octet_writer_of(octets, sizeof octets);
    diameter_write_header(&unreserved, &(struct diameter_header){0, 0, 0, 0, 0});
    assert_true(unreserved.failed);
}

static void test_write_avp(void **state)
{
    (void)state;
    diameter_write_base_avp(&writer, AVP_USER_NAME, octets_of_text("abcde"));
    const struct diameter_avp vendor = {.code = 612, .flags = 0xc0, .vendor = 10415, .data = octets_of_text("x")};
    diameter_write_avp(&writer, &vendor);
    const struct diameter_avp empty = {.code = 7, .flags = 0, .vendor = 99, .data = {NULL, 0}};
    diameter_write_avp(&writer, &empty);
    assert_octets(octets_written(&writer), "000000014000000d6162636465000000"
                                           "00000264c000000d000028af78000000"
                                           "0000000700000008");
}

static void test_write_without_room(void **state)
{
    (void)state;
    struct octet_writer small = octet_writer_of(octets, 15);
    diameter_write_base_avp(&small, AVP_USER_NAME, octets_of_text("abcde"));
    assert_status(octet_writer_end(&small), GBAU_E_SPACE);
}

static void test_read_avps(void **state)
{
    (void)state;
    const char *hex = "000000014000000d616263646500000000000264c000000d000028af780000000000000700000008";
    from_hex(hex, octets, strlen(hex) / 2);
    struct octet_reader reader = octet_reader_of(octets_of(octets, strlen(hex) / 2));
    struct diameter_avp avp;
    assert_true(diameter_next_avp(&reader, &avp));
    assert_true(diameter_avp_is(&avp, AVP_USER_NAME));
    assert_octets(avp.data, "6162636465");
    assert_true(diameter_next_avp(&reader, &avp));
    assert_false(diameter_avp_is(&avp, 612));
    assert_int_equal(avp.code, 612);
    assert_int_equal(avp.vendor, 10415);
    assert_octets(avp.data, "78");
    assert_true(diameter_next_avp(&reader, &avp));
    assert_int_equal(avp.vendor, 0);
    assert_int_equal(avp.data.length, 0);
    assert_false(diameter_next_avp(&reader, &avp));
    assert_ok(octet_reader_end(&reader));
}

static void check_hex(const char *hex, enum gbau_status status)
{
    size_t length = strlen(hex) / 2;
    from_hex(hex, octets, length);
    assert_status(diameter_check_avps(octets_of(octets, length)), status);
}

static void test_check_avps(void **state)
{
    (void)state;
    check_hex("", GBAU_OK);
    check_hex("0000000140000008", GBAU_OK);
    check_hex("000000014000000961", GBAU_OK);   /* the last one may come without padding, */
    check_hex("00000001400000096100", GBAU_OK); /* or with some of it */
    check_hex("00000001c000000c000028af", GBAU_OK);
    check_hex("00", GBAU_E_MALFORMED);
    check_hex("00000001400000", GBAU_E_MALFORMED);
    check_hex("0000000140000000", GBAU_E_MALFORMED);
    check_hex("0000000140000007", GBAU_E_MALFORMED);
    check_hex("0000000140000009", GBAU_E_MALFORMED);
    check_hex("00000001c0000008000028af", GBAU_E_MALFORMED);
    check_hex("00000001c000000b000028af", GBAU_E_MALFORMED);
    check_hex("00000001c000000c0000", GBAU_E_MALFORMED);
    check_hex("0000000140ffffff61626364", GBAU_E_MALFORMED);
    check_hex("000000014000000961000000"
              "00",
              GBAU_E_MALFORMED);
}

static void test_unsigned(void **state)
{
    (void)state;
    static const uint8_t number[] = {1, 2, 3, 4, 5};
    assert_int_equal(diameter_avp_unsigned(&(struct diameter_avp){.data = octets_of(number, 4)}), 0x01020304);
    assert_int_equal(diameter_avp_unsigned(&(struct diameter_avp){.data = octets_of(number, 3)}), 0);
    assert_int_equal(diameter_avp_unsigned(&(struct diameter_avp){.data = octets_of(number, 5)}), 0);
    assert_int_equal(diameter_avp_unsigned(&(struct diameter_avp){.data = {NULL, 0}}), 0);
}

static void test_copies(void **state)
{
    (void)state;
    static const uint32_t transport[] = {263, 264, 296, 293, 283, 282, 284};
    uint8_t source_octets[512];
    struct octet_writer source = octet_writer_of(source_octets, sizeof source_octets);
    diameter_write_base_avp(&source, AVP_USER_NAME, octets_of_text("a"));
    for (size_t i = 0; i < sizeof transport / sizeof transport[0]; i++) {
        diameter_write_base_avp(&source, transport[i], octets_of_text("t"));
    }
    const struct diameter_avp vendor = {.code = 263, .flags = 0x80, .vendor = 10415, .data = octets_of_text("b")};
    diameter_write_avp(&source, &vendor);
    diameter_write_base_avp(&source, AVP_PROXY_INFO, octets_of_text("p"));

    diameter_copy_payload(octets_written(&source), &writer);
    assert_octets(octets_written(&writer), "000000014000000961000000"
                                           "000001078000000d000028af62000000");
    (void)clear(NULL);
    diameter_copy_base_avps(octets_written(&source), AVP_PROXY_INFO, &writer);
    assert_octets(octets_written(&writer), "0000011c4000000974000000"
                                           "0000011c4000000970000000");
}

static void test_find_result_code(void **state)
{
    (void)state;
    assert_int_equal(diameter_find_result_code(octets_written(&writer)), 0);
    const struct diameter_avp vendor = {.code = 268, .flags = 0x80, .vendor = 1, .data = octets_of_text("abcd")};
    diameter_write_avp(&writer, &vendor);
    diameter_write_base_unsigned(&writer, AVP_RESULT_CODE, 5012);
    diameter_write_base_unsigned(&writer, AVP_RESULT_CODE, 2001);
    assert_int_equal(diameter_find_result_code(octets_written(&writer)), 5012);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_header, clear),           cmocka_unit_test_setup(test_bad_headers, clear),
        cmocka_unit_test_setup(test_write_avp, clear),        cmocka_unit_test_setup(test_write_without_room, clear),
        cmocka_unit_test_setup(test_read_avps, clear),        cmocka_unit_test_setup(test_check_avps, clear),
        cmocka_unit_test_setup(test_unsigned, clear),         cmocka_unit_test_setup(test_copies, clear),
        cmocka_unit_test_setup(test_find_result_code, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
