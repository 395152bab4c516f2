/* sm3.c: the compression function of SM3, step by step as GM/T 0004-2012 clause 5.3 has it. */
#include "crypto/sm3.h"

#include "base/secret.h"

enum { BLOCK_SIZE = 64, WORDS = 68, ROUNDS = 64, EARLY_ROUNDS = 16 };

#define T_EARLY 0x79cc4519U
#define T_LATE  0x7a879d8aU

struct registers {
    uint32_t a, b, c, d, e, f, g, h;
};

static uint32_t rotate(uint32_t x, unsigned count)
{
    return x << (count & 31) | x >> (-count & 31);
}

static uint32_t p0(uint32_t x)
{
    return x ^ rotate(x, 9) ^ rotate(x, 17);
}

static uint32_t p1(uint32_t x)
{
    return x ^ rotate(x, 15) ^ rotate(x, 23);
}

static void expand(const uint8_t *block, uint32_t w[WORDS])
{
    for (unsigned i = 0; i < 16; i++, block += 4) {
        w[i] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 | block[3];
    }
    for (unsigned i = 16; i < WORDS; i++) {
        w[i] = p1(w[i - 16] ^ w[i - 9] ^ rotate(w[i - 3], 15)) ^ rotate(w[i - 13], 7) ^ w[i - 6];
    }
}

static void step(struct registers *r, uint32_t ff, uint32_t gg, uint32_t constant, const uint32_t *w)
{
    const uint32_t ss1 = rotate(rotate(r->a, 12) + r->e + constant, 7);
    const uint32_t ss2 = ss1 ^ rotate(r->a, 12);
    const uint32_t tt1 = ff + r->d + ss2 + (w[0] ^ w[4]);
    const uint32_t tt2 = gg + r->h + ss1 + w[0];
    *r = (struct registers){.a = tt1,
                            .b = r->a,
                            .c = rotate(r->b, 9),
                            .d = r->c,
                            .e = p0(tt2),
                            .f = r->e,
                            .g = rotate(r->f, 19),
                            .h = r->g};
}

static void compress(uint32_t v[8], const uint32_t w[WORDS])
{
    struct registers r = {v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]};
    for (unsigned j = 0; j < EARLY_ROUNDS; j++) {
        step(&r, r.a ^ r.b ^ r.c, r.e ^ r.f ^ r.g, rotate(T_EARLY, j), w + j);
    }
    for (unsigned j = EARLY_ROUNDS; j < ROUNDS; j++) {
        step(&r, (r.a & r.b) | (r.a & r.c) | (r.b & r.c), (r.e & r.f) | (~r.e & r.g), rotate(T_LATE, j), w + j);
    }
    v[0] ^= r.a;
    v[1] ^= r.b;
    v[2] ^= r.c;
    v[3] ^= r.d;
    v[4] ^= r.e;
    v[5] ^= r.f;
    v[6] ^= r.g;
    v[7] ^= r.h;
}

void sm3_blocks(uint32_t chaining[8], const uint8_t *blocks, size_t count)
{
    uint32_t w[WORDS];
    for (; count > 0; count--, blocks += BLOCK_SIZE) {
        expand(blocks, w);
        compress(chaining, w);
    }
    secret_wipe(w, sizeof w);
}
