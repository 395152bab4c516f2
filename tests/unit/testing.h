/* testing.h: what every unit test includes, and the few words that tests share. */
#ifndef TESTS_TESTING_H
#define TESTS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/octets.h"
#include "base/text_coding.h"

#define assert_ok(expression)              assert_int_equal((expression), GBAU_OK)
#define assert_status(expression, status_) assert_int_equal((expression), (status_))

/* Octets of a hex literal in `out`; fails the test when it is not hex of exactly that many octets. */
static inline void from_hex(const char *hex, uint8_t *out, size_t length)
{
    assert_int_equal(hex_decode_exactly(octets_of_text(hex), out, length), GBAU_OK);
}

/* Compares octets with a hex literal. */
static inline void assert_octets(struct octets octets, const char *hex)
{
    char text[4096];
    assert_int_equal(hex_encode(octets, text, sizeof text), GBAU_OK);
    assert_string_equal(text, hex);
}

#endif
