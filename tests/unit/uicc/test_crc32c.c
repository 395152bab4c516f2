/* test_crc32c.c: the card's checksum against published values and against its definition, bit by bit. */
#include "testing.h"
#include "uicc/crc32c.h"

/* CRC-32C by its definition: the reflected polynomial 82f63b78, all ones before and after. */
static uint32_t crc32c_by_definition(const uint8_t *data, size_t length)
{
    uint32_t crc = 0xffffffffU;
    for (size_t i = 0; i < length; i++) {
        crc ^= data[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0);
        }
    }
    return ~crc;
}

/* RFC 3720 B.4 */
static void test_published_values(void **state)
{
    (void)state;
    uint8_t octets[32];
    assert_true(crc32c_of((const uint8_t *)"123456789", 9) == 0xe3069283U);
    assert_true(crc32c_of(NULL, 0) == 0);
    memset(octets, 0, sizeof octets);
    assert_true(crc32c_of(octets, sizeof octets) == 0x8a9136aaU);
    memset(octets, 0xff, sizeof octets);
    assert_true(crc32c_of(octets, sizeof octets) == 0x62a8ab43U);
    for (uint8_t i = 0; i < sizeof octets; i++) {
        octets[i] = i;
    }
    assert_true(crc32c_of(octets, sizeof octets) == 0x46dd794eU);
    for (uint8_t i = 0; i < sizeof octets; i++) {
        octets[i] = (uint8_t)(31 - i);
    }
    assert_true(crc32c_of(octets, sizeof octets) == 0x113fdb5cU);
}

/* Every length at every alignment: the processor takes eight octets at a time. */
static void test_lengths_and_alignments(void **state)
{
    (void)state;
    uint8_t octets[300];
    for (size_t i = 0; i < sizeof octets; i++) {
        octets[i] = (uint8_t)(i * i + 7 * i + 3);
    }
    for (size_t start = 0; start < 16; start++) {
        for (size_t length = 0; length + start <= sizeof octets; length++) {
            assert_true(crc32c_of(octets + start, length) == crc32c_by_definition(octets + start, length));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_values),
        cmocka_unit_test(test_lengths_and_alignments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
