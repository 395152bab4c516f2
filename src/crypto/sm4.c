/* sm4.c: SM4, step by step as GM/T 0002-2012 has it, eight blocks at once, with the S-box of sbox.h. */
#include "crypto/sm4.h"

#include <string.h>

#include "base/secret.h"
#include "crypto/sbox.h"

enum { BLOCK = 16, WORD = 4, WORDS = 4, BATCH_BLOCKS = SBOX_LANES / WORD };

static const uint32_t family_key[WORDS] = {0xa3b1bac6, 0x56aa3350, 0x677d9197, 0xb27022dc};

static uint32_t rotate(uint32_t x, unsigned count)
{
    return x << count | x >> (32 - count);
}

static uint32_t load_word(const uint8_t *octets)
{
    return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
}

static void store_word(uint32_t word, uint8_t *octets)
{
    for (unsigned i = 0; i < WORD; i++) {
        octets[i] = (uint8_t)(word >> (24 - 8 * i));
    }
}

/* The octets 28 i, 28 i + 7, 28 i + 14, 28 i + 21 modulo 256 (GM/T 0002-2012 clause 7.3). */
static uint32_t round_constant(unsigned round)
{
    uint32_t constant = 0;
    for (unsigned k = 0; k < WORD; k++) {
        constant = constant << 8 | ((WORD * round + k) * 7 & 0xff);
    }
    return constant;
}

/* Octets may lie in any order: the S-box treats all alike. */
static void substitute(uint32_t *words, size_t count)
{
    sbox_apply(SBOX_SM4, (uint8_t *)words, count * WORD);
}

void sm4_set_key(struct sm4 *sm4, const uint8_t key[SM4_KEY_SIZE])
{
    uint32_t k[WORDS];
    for (unsigned i = 0; i < WORDS; i++) {
        k[i] = load_word(key + WORD * i) ^ family_key[i];
    }
    for (unsigned round = 0; round < SM4_ROUNDS; round++) {
        uint32_t t = k[1] ^ k[2] ^ k[3] ^ round_constant(round);
        substitute(&t, 1);
        const uint32_t next = k[0] ^ t ^ rotate(t, 13) ^ rotate(t, 23);
        memmove(k, k + 1, sizeof k - sizeof k[0]);
        k[WORDS - 1] = sm4->round_keys[round] = next;
    }
    secret_wipe(k, sizeof k);
}

/* x[i] holds word i of every block of the batch. */
static void run_round(uint32_t x[WORDS][BATCH_BLOCKS], size_t blocks, uint32_t round_key)
{
    uint32_t t[BATCH_BLOCKS];
    for (size_t b = 0; b < blocks; b++) {
        t[b] = x[1][b] ^ x[2][b] ^ x[3][b] ^ round_key;
    }
    substitute(t, blocks);
    for (size_t b = 0; b < blocks; b++) {
        const uint32_t next = x[0][b] ^ t[b] ^ rotate(t[b], 2) ^ rotate(t[b], 10) ^ rotate(t[b], 18) ^ rotate(t[b], 24);
        x[0][b] = x[1][b];
        x[1][b] = x[2][b];
        x[2][b] = x[3][b];
        x[3][b] = next;
    }
    secret_wipe(t, sizeof t);
}

/* Decryption takes the round keys backwards. The result is the last four words, the last one first. */
static void run_batch(const struct sm4 *sm4, const uint8_t *in, uint8_t *out, size_t blocks, unsigned reversed)
{
    uint32_t x[WORDS][BATCH_BLOCKS];
    for (size_t i = 0; i < blocks * WORDS; i++) {
        x[i % WORDS][i / WORDS] = load_word(in + WORD * i);
    }
    for (unsigned round = 0; round < SM4_ROUNDS; round++) {
        run_round(x, blocks, sm4->round_keys[round ^ reversed]);
    }
    for (size_t i = 0; i < blocks * WORDS; i++) {
        store_word(x[WORDS - 1 - i % WORDS][i / WORDS], out + WORD * i);
    }
    secret_wipe(x, sizeof x);
}

static void run(const struct sm4 *sm4, const uint8_t *in, uint8_t *out, size_t blocks, unsigned reversed)
{
    while (blocks > 0) {
        const size_t batch = blocks < BATCH_BLOCKS ? blocks : BATCH_BLOCKS;
        run_batch(sm4, in, out, batch, reversed);
        in += batch * BLOCK;
        out += batch * BLOCK;
        blocks -= batch;
    }
}

void sm4_encrypt(const struct sm4 *sm4, const uint8_t *in, uint8_t *out, size_t blocks)
{
    run(sm4, in, out, blocks, 0);
}

void sm4_decrypt(const struct sm4 *sm4, const uint8_t *in, uint8_t *out, size_t blocks)
{
    run(sm4, in, out, blocks, SM4_ROUNDS - 1);
}
