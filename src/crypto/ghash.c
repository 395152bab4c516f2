/*
 * ghash.c: GHASH without tables, by multiplication of integers.
 *
 * A product of polynomials over GF(2) is one of integers without carries. When three of four bits of each factor are
 * zero, the carries of the integer product land in the gaps and a mask takes them away; so four by four such pieces
 * make one product. That gives the low half; the high half is the low half of the product of the reversed factors,
 * reversed. Karatsuba makes three products of 64 bits out of four, and the reduction follows by shifts.
 *
 * Processors of x86-64 that multiply without carries do the products themselves: four times as fast in all.
 */
#include "crypto/ghash.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

struct element {
    uint64_t high; /* the first eight octets */
    uint64_t low;
};

/* What is kept of H through one call: the three factors of Karatsuba, and the same reversed. */
struct factors {
    uint64_t low;
    uint64_t high;
    uint64_t sum;
    uint64_t low_reversed;
    uint64_t high_reversed;
    uint64_t sum_reversed;
};

#define EVERY_FOURTH_BIT 0x1111111111111111ULL

static uint64_t load_u64(const uint8_t *octets)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++) {
        value = value << 8 | octets[i];
    }
    return value;
}

static void store_u64(uint64_t value, uint8_t *octets)
{
    for (unsigned i = 0; i < 8; i++) {
        octets[i] = (uint8_t)(value >> (56 - 8 * i));
    }
}

/* The low 64 bits of a product without carries. */
static uint64_t multiply_low(uint64_t x, uint64_t y)
{
    const uint64_t mask = EVERY_FOURTH_BIT;
    const uint64_t x0 = x & mask, x1 = x & mask << 1, x2 = x & mask << 2, x3 = x & mask << 3;
    const uint64_t y0 = y & mask, y1 = y & mask << 1, y2 = y & mask << 2, y3 = y & mask << 3;
    const uint64_t z0 = x0 * y0 ^ x1 * y3 ^ x2 * y2 ^ x3 * y1;
    const uint64_t z1 = x0 * y1 ^ x1 * y0 ^ x2 * y3 ^ x3 * y2;
    const uint64_t z2 = x0 * y2 ^ x1 * y1 ^ x2 * y0 ^ x3 * y3;
    const uint64_t z3 = x0 * y3 ^ x1 * y2 ^ x2 * y1 ^ x3 * y0;
    return (z0 & mask) | (z1 & mask << 1) | (z2 & mask << 2) | (z3 & mask << 3);
}

static uint64_t swap_bits(uint64_t x, uint64_t mask, unsigned distance)
{
    return (x & mask) << distance | (x >> distance & mask);
}

static uint64_t reverse(uint64_t x)
{
    x = swap_bits(x, 0x5555555555555555ULL, 1);
    x = swap_bits(x, 0x3333333333333333ULL, 2);
    x = swap_bits(x, 0x0f0f0f0f0f0f0f0fULL, 4);
    return __builtin_bswap64(x);
}

static struct factors factors_of(struct element x)
{
    const uint64_t low_reversed = reverse(x.low);
    const uint64_t high_reversed = reverse(x.high);
    return (struct factors){.low = x.low,
                            .high = x.high,
                            .sum = x.low ^ x.high,
                            .low_reversed = low_reversed,
                            .high_reversed = high_reversed,
                            .sum_reversed = low_reversed ^ high_reversed};
}

/* Takes a product of 255 bits, shifted up by one, back to 128: the polynomial is x^128 + x^7 + x^2 + x + 1. */
static struct element reduce(uint64_t v0, uint64_t v1, uint64_t v2, uint64_t v3)
{
    v3 = v3 << 1 | v2 >> 63;
    v2 = v2 << 1 | v1 >> 63;
    v1 = v1 << 1 | v0 >> 63;
    v0 = v0 << 1;
    v2 ^= v0 ^ v0 >> 1 ^ v0 >> 2 ^ v0 >> 7;
    v1 ^= v0 << 63 ^ v0 << 62 ^ v0 << 57;
    v3 ^= v1 ^ v1 >> 1 ^ v1 >> 2 ^ v1 >> 7;
    v2 ^= v1 << 63 ^ v1 << 62 ^ v1 << 57;
    return (struct element){.high = v3, .low = v2};
}

static struct element multiply(struct element x, const struct factors *h)
{
    const struct factors y = factors_of(x);
    const uint64_t low = multiply_low(y.low, h->low);
    const uint64_t high = multiply_low(y.high, h->high);
    const uint64_t middle = multiply_low(y.sum, h->sum) ^ low ^ high;
    const uint64_t low_carry = multiply_low(y.low_reversed, h->low_reversed);
    const uint64_t high_carry = multiply_low(y.high_reversed, h->high_reversed);
    const uint64_t middle_carry = multiply_low(y.sum_reversed, h->sum_reversed) ^ low_carry ^ high_carry;
    return reduce(low, reverse(low_carry) >> 1 ^ middle, high ^ reverse(middle_carry) >> 1, reverse(high_carry) >> 1);
}

static struct element load(const uint8_t *octets)
{
    return (struct element){.high = load_u64(octets), .low = load_u64(octets + 8)};
}

static void store(struct element x, uint8_t *octets)
{
    store_u64(x.high, octets);
    store_u64(x.low, octets + 8);
}

void ghash_blocks_anywhere(const uint8_t key[GHASH_BLOCK_SIZE], uint8_t hash[GHASH_BLOCK_SIZE], const uint8_t *blocks,
                           size_t count)
{
    const struct factors h = factors_of(load(key));
    struct element sum = load(hash);
    for (; count > 0; count--, blocks += GHASH_BLOCK_SIZE) {
        const struct element block = load(blocks);
        sum.high ^= block.high;
        sum.low ^= block.low;
        sum = multiply(sum, &h);
    }
    store(sum, hash);
}

#ifdef __x86_64__

__attribute__((target("sse2,pclmul"))) static struct element multiply_by_processor(struct element x, __m128i h)
{
    const __m128i y = _mm_set_epi64x((long long)x.high, (long long)x.low);
    const __m128i low = _mm_clmulepi64_si128(y, h, 0x00);
    const __m128i high = _mm_clmulepi64_si128(y, h, 0x11);
    const __m128i middle = _mm_xor_si128(_mm_clmulepi64_si128(y, h, 0x01), _mm_clmulepi64_si128(y, h, 0x10));
    uint64_t v[4];
    _mm_storeu_si128((__m128i *)v, _mm_xor_si128(low, _mm_slli_si128(middle, 8)));
    _mm_storeu_si128((__m128i *)(v + 2), _mm_xor_si128(high, _mm_srli_si128(middle, 8)));
    return reduce(v[0], v[1], v[2], v[3]);
}

__attribute__((target("sse2,pclmul"))) static void blocks_by_processor(const uint8_t *key, uint8_t *hash,
                                                                       const uint8_t *blocks, size_t count)
{
    const struct element factor = load(key);
    const __m128i h = _mm_set_epi64x((long long)factor.high, (long long)factor.low);
    struct element sum = load(hash);
    for (; count > 0; count--, blocks += GHASH_BLOCK_SIZE) {
        const struct element block = load(blocks);
        sum.high ^= block.high;
        sum.low ^= block.low;
        sum = multiply_by_processor(sum, h);
    }
    store(sum, hash);
}

void ghash_blocks(const uint8_t key[GHASH_BLOCK_SIZE], uint8_t hash[GHASH_BLOCK_SIZE], const uint8_t *blocks,
                  size_t count)
{
    if (__builtin_cpu_supports("pclmul")) {
        blocks_by_processor(key, hash, blocks, count);
    } else {
        ghash_blocks_anywhere(key, hash, blocks, count);
    }
}

#else

void ghash_blocks(const uint8_t key[GHASH_BLOCK_SIZE], uint8_t hash[GHASH_BLOCK_SIZE], const uint8_t *blocks,
                  size_t count)
{
    ghash_blocks_anywhere(key, hash, blocks, count);
}

#endif

/* A product is the hash of a block of zeros. */
void ghash_multiply(const uint8_t key[GHASH_BLOCK_SIZE], uint8_t hash[GHASH_BLOCK_SIZE])
{
    static const uint8_t zeros[GHASH_BLOCK_SIZE];
    ghash_blocks(key, hash, zeros, 1);
}
