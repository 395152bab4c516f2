/*
 * sbox.c: the S-boxes of AES (FIPS 197 clause 5.1.1) and SM4 by their definition, 32 octets at once.
 *
 * Each is an inversion in a field of 256 elements between two affine maps. A table would be faster, but where there is
 * a cache or a slow flash its time tells the key. So the octets are cut into slices: word i holds bit i of all 32 of
 * them, and a field operation is a few ands and xors of words.
 */
#include "crypto/sbox.h"

#include <string.h>

#include "base/secret.h"

enum { BITS = 8 };

/* Bit i of each octet. */
struct slices {
    uint32_t bit[BITS];
};

/* Output bit i is the sum of the input bits (i + k) mod 8 for which bit k of `taps` is set, and of bit i of `added`. */
struct affine_map {
    uint8_t taps;
    uint8_t added;
};

struct sbox_definition {
    struct affine_map before;
    uint8_t polynomial; /* of the field, without x^8 */
    struct affine_map after;
};

enum { IDENTITY = 0x01 };

static const struct sbox_definition definitions[] = {
    [SBOX_AES] = {.before = {IDENTITY, 0x00}, .polynomial = 0x1b, .after = {0xf1, 0x63}},
    [SBOX_AES_INVERSE] = {.before = {0xa4, 0x05}, .polynomial = 0x1b, .after = {IDENTITY, 0x00}},
    [SBOX_SM4] = {.before = {0xa7, 0xd3}, .polynomial = 0xf5, .after = {0xa7, 0xd3}},
};

/* Swaps the bits of `a` under mask << distance with those of `b` under the mask. */
static void swap(uint32_t *a, uint32_t *b, uint32_t mask, unsigned distance)
{
    const uint32_t difference = (*a >> distance ^ *b) & mask;
    *b ^= difference;
    *a ^= difference << distance;
}

/* Transposes the 8 by 8 bits of every octet column: octets to slices, and slices back to octets. */
static void transpose(uint32_t word[BITS])
{
    static const uint32_t masks[3] = {0x55555555, 0x33333333, 0x0f0f0f0f};
    for (unsigned stage = 0; stage < 3; stage++) {
        const unsigned distance = 1U << stage;
        for (unsigned i = 0; i < BITS; i++) {
            if ((i & distance) == 0) {
                swap(&word[i], &word[i + distance], masks[stage], distance);
            }
        }
    }
}

/* The place of the lowest bit of `taps`, which are never secret. */
static unsigned lowest(unsigned taps)
{
    return (unsigned)__builtin_ctz(taps);
}

static struct slices map(const struct slices *x, struct affine_map map)
{
    struct slices mapped;
    for (unsigned i = 0; i < BITS; i++) {
        mapped.bit[i] = ((uint32_t)map.added >> i & 1U) != 0 ? UINT32_MAX : 0;
    }
    for (unsigned taps = map.taps; taps != 0; taps &= taps - 1) {
        for (unsigned i = 0; i < BITS; i++) {
            mapped.bit[i] ^= x->bit[(i + lowest(taps)) % BITS];
        }
    }
    return mapped;
}

/* Takes a product of 15 bits back to 8. */
static struct slices reduce(uint32_t product[2 * BITS - 1], uint8_t polynomial)
{
    struct slices reduced;
    for (unsigned i = 2 * BITS - 2; i >= BITS; i--) {
        for (unsigned taps = polynomial; taps != 0; taps &= taps - 1) {
            product[i - BITS + lowest(taps)] ^= product[i];
        }
    }
    memcpy(reduced.bit, product, sizeof reduced.bit);
    return reduced;
}

static struct slices multiply(const struct slices *x, const struct slices *y, uint8_t polynomial)
{
    uint32_t product[2 * BITS - 1] = {0};
    for (unsigned i = 0; i < BITS; i++) {
        for (unsigned k = 0; k < BITS; k++) {
            product[i + k] ^= x->bit[i] & y->bit[k];
        }
    }
    return reduce(product, polynomial);
}

/* x^(2^times): squaring only spreads the bits. */
static struct slices square(struct slices x, unsigned times, uint8_t polynomial)
{
    for (; times > 0; times--) {
        uint32_t product[2 * BITS - 1] = {0};
        for (unsigned i = 0; i < BITS; i++) {
            product[2 * i] = x.bit[i];
        }
        x = reduce(product, polynomial);
    }
    return x;
}

/* x^254, which is 1/x, and 0 for 0. */
static struct slices invert(const struct slices *x, uint8_t polynomial)
{
    const struct slices x2 = square(*x, 1, polynomial);
    const struct slices x3 = multiply(&x2, x, polynomial);
    const struct slices x12 = square(x3, 2, polynomial);
    const struct slices x15 = multiply(&x12, &x3, polynomial);
    const struct slices x240 = square(x15, 4, polynomial);
    const struct slices x14 = multiply(&x12, &x2, polynomial);
    return multiply(&x240, &x14, polynomial);
}

void sbox_apply(enum sbox sbox, uint8_t *octets, size_t length)
{
    const struct sbox_definition *definition = &definitions[sbox];
    struct slices x = {{0}};
    memcpy(x.bit, octets, length);
    transpose(x.bit);
    x = map(&x, definition->before);
    x = invert(&x, definition->polynomial);
    x = map(&x, definition->after);
    transpose(x.bit);
    memcpy(octets, x.bit, length);
    secret_wipe(&x, sizeof x);
}
