/* sha1.c: the compression function of SHA-1, step by step as FIPS 180-4 clause 6.1.2 has it. */
#include "crypto/sha1.h"

#include <string.h>

#include "base/secret.h"

enum { BLOCK_SIZE = 64, ROUNDS = 80, STAGE = 20, SCHEDULE = 16 };

static const uint32_t constants[ROUNDS / STAGE] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};

static uint32_t rotate(uint32_t x, unsigned count)
{
    return x << count | x >> (32 - count);
}

static void load(const uint8_t *block, uint32_t w[SCHEDULE])
{
    for (unsigned i = 0; i < SCHEDULE; i++, block += 4) {
        w[i] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 | block[3];
    }
}

/* The word of round t; of the schedule only the last sixteen words are kept. */
static uint32_t schedule(uint32_t w[SCHEDULE], unsigned t)
{
    uint32_t *word = &w[t % SCHEDULE];
    if (t >= SCHEDULE) {
        *word = rotate(w[(t - 3) % SCHEDULE] ^ w[(t - 8) % SCHEDULE] ^ w[(t - 14) % SCHEDULE] ^ *word, 1);
    }
    return *word;
}

static uint32_t choose(unsigned stage, uint32_t b, uint32_t c, uint32_t d)
{
    switch (stage) {
    case 0:
        return (b & c) ^ (~b & d);
    case 2:
        return (b & c) ^ (b & d) ^ (c & d);
    default:
        return b ^ c ^ d;
    }
}

static void compress(uint32_t chaining[5], uint32_t w[SCHEDULE])
{
    enum { A, B, C, D, E };
    uint32_t v[5];
    memcpy(v, chaining, sizeof v);
    for (unsigned t = 0; t < ROUNDS; t++) {
        const unsigned stage = t / STAGE;
        const uint32_t next =
            rotate(v[A], 5) + choose(stage, v[B], v[C], v[D]) + v[E] + constants[stage] + schedule(w, t);
        memmove(v + 1, v, sizeof v - sizeof v[0]);
        v[C] = rotate(v[C], 30);
        v[A] = next;
    }
    for (unsigned i = 0; i < 5; i++) {
        chaining[i] += v[i];
    }
    secret_wipe(v, sizeof v);
}

void sha1_blocks(uint32_t chaining[5], const uint8_t *blocks, size_t count)
{
    uint32_t w[SCHEDULE];
    for (; count > 0; count--, blocks += BLOCK_SIZE) {
        load(blocks, w);
        compress(chaining, w);
    }
    secret_wipe(w, sizeof w);
}
