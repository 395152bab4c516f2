/* sha256.c: the compression function of SHA-256, step by step as FIPS 180-4 clause 6.2.2 has it. */
#include "crypto/sha256.h"

#include <string.h>

#include "base/secret.h"

enum { BLOCK_SIZE = 64, ROUNDS = 64, SCHEDULE = 16 };

static const uint32_t constants[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, unsigned count)
{
    return x >> count | x << (32 - count);
}

static uint32_t big_sigma0(uint32_t x)
{
    return rotate(x, 2) ^ rotate(x, 13) ^ rotate(x, 22);
}

static uint32_t big_sigma1(uint32_t x)
{
    return rotate(x, 6) ^ rotate(x, 11) ^ rotate(x, 25);
}

static uint32_t small_sigma0(uint32_t x)
{
    return rotate(x, 7) ^ rotate(x, 18) ^ x >> 3;
}

static uint32_t small_sigma1(uint32_t x)
{
    return rotate(x, 17) ^ rotate(x, 19) ^ x >> 10;
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
        *word += small_sigma1(w[(t - 2) % SCHEDULE]) + w[(t - 7) % SCHEDULE] + small_sigma0(w[(t - 15) % SCHEDULE]);
    }
    return *word;
}

static void compress(uint32_t chaining[8], uint32_t w[SCHEDULE])
{
    enum { A, B, C, D, E, F, G, H };
    uint32_t v[8];
    memcpy(v, chaining, sizeof v);
    for (unsigned t = 0; t < ROUNDS; t++) {
        const uint32_t t1 = v[H] + big_sigma1(v[E]) + ((v[E] & v[F]) ^ (~v[E] & v[G])) + constants[t] + schedule(w, t);
        const uint32_t t2 = big_sigma0(v[A]) + ((v[A] & v[B]) ^ (v[A] & v[C]) ^ (v[B] & v[C]));
        memmove(v + 1, v, sizeof v - sizeof v[0]);
        v[E] += t1;
        v[A] = t1 + t2;
    }
    for (unsigned i = 0; i < 8; i++) {
        chaining[i] += v[i];
    }
    secret_wipe(v, sizeof v);
}

void sha256_blocks(uint32_t chaining[8], const uint8_t *blocks, size_t count)
{
    uint32_t w[SCHEDULE];
    for (; count > 0; count--, blocks += BLOCK_SIZE) {
        load(blocks, w);
        compress(chaining, w);
    }
    secret_wipe(w, sizeof w);
}
