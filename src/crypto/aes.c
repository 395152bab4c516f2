/* aes.c: AES, step by step as FIPS 197 has it, two blocks at once, with the S-box of sbox.h. */
#include "crypto/aes.h"

#include <stdbool.h>
#include <string.h>

#include "base/secret.h"
#include "crypto/sbox.h"

enum { BLOCK = 16, BATCH = 2 * BLOCK, WORD = 4 };

/* Four octets at once times x in the field of AES; bits that overflow come back as 0x1b. */
static uint32_t times_x(uint32_t octets)
{
    return (octets & 0x7f7f7f7fU) << 1 ^ (octets >> 7 & 0x01010101U) * 0x1bU;
}

static uint32_t rotate_right(uint32_t x, unsigned count)
{
    return x >> count | x << (32 - count);
}

static uint32_t load_column(const uint8_t *octets)
{
    return octets[0] | (uint32_t)octets[1] << 8 | (uint32_t)octets[2] << 16 | (uint32_t)octets[3] << 24;
}

static void store_column(uint32_t column, uint8_t *octets)
{
    for (unsigned i = 0; i < WORD; i++) {
        octets[i] = (uint8_t)(column >> 8 * i);
    }
}

/* Each row of octets is the sum of 2, 3, 1 and 1 times the rows that follow it. */
static uint32_t mix(uint32_t column)
{
    const uint32_t next = rotate_right(column, 8);
    return times_x(column ^ next) ^ next ^ rotate_right(column ^ next, 16);
}

/* The inverse matrix is this step times the matrix of mix. */
static uint32_t before_unmix(uint32_t column)
{
    return column ^ times_x(times_x(column ^ rotate_right(column, 16)));
}

static void mix_columns(uint8_t *state, size_t length, bool inverse)
{
    for (size_t i = 0; i < length; i += WORD) {
        const uint32_t column = load_column(state + i);
        store_column(mix(inverse ? before_unmix(column) : column), state + i);
    }
}

/* Row r moves left by r columns, or right when `direction` is 3 (which is -1 modulo 4). */
static void shift_rows(uint8_t *state, size_t length, unsigned direction)
{
    for (size_t block = 0; block < length; block += BLOCK) {
        uint8_t before[BLOCK];
        memcpy(before, state + block, BLOCK);
        for (unsigned i = 0; i < BLOCK; i++) {
            const unsigned row = i % WORD;
            state[block + i] = before[(i + WORD * row * direction) % BLOCK];
        }
    }
}

static void add_round_key(uint8_t *state, size_t length, const uint8_t *key)
{
    for (size_t i = 0; i < length; i++) {
        state[i] ^= key[i % BLOCK];
    }
}

/* The words of the key schedule (FIPS 197 clause 5.2) lie one behind the other in the round keys. */
void aes_set_key(struct aes *aes, const uint8_t *key, size_t length)
{
    uint8_t *words = aes->round_keys[0];
    uint8_t round_constant = 1;
    aes->rounds = (unsigned)(length / WORD + 6);
    const size_t end = (aes->rounds + 1U) * BLOCK;
    memcpy(words, key, length);
    for (size_t i = length; i < end; i += WORD) {
        uint8_t word[WORD];
        memcpy(word, words + i - WORD, WORD);
        if (i % length == 0) {
            store_column(rotate_right(load_column(word), 8), word);
            sbox_apply(SBOX_AES, word, WORD);
            word[0] ^= round_constant;
            round_constant = (uint8_t)times_x(round_constant);
        } else if (length == 32 && i % length == 16) {
            sbox_apply(SBOX_AES, word, WORD);
        }
        for (unsigned k = 0; k < WORD; k++) {
            words[i + k] = words[i + k - length] ^ word[k];
        }
        secret_wipe(word, sizeof word);
    }
}

static void encrypt_batch(const struct aes *aes, uint8_t *state, size_t length)
{
    add_round_key(state, length, aes->round_keys[0]);
    for (unsigned round = 1; round <= aes->rounds; round++) {
        sbox_apply(SBOX_AES, state, length);
        shift_rows(state, length, 1);
        if (round < aes->rounds) {
            mix_columns(state, length, false);
        }
        add_round_key(state, length, aes->round_keys[round]);
    }
}

static void decrypt_batch(const struct aes *aes, uint8_t *state, size_t length)
{
    for (unsigned round = aes->rounds; round > 0; round--) {
        add_round_key(state, length, aes->round_keys[round]);
        if (round < aes->rounds) {
            mix_columns(state, length, true);
        }
        shift_rows(state, length, 3);
        sbox_apply(SBOX_AES_INVERSE, state, length);
    }
    add_round_key(state, length, aes->round_keys[0]);
}

static void run(const struct aes *aes, bool inverse, const uint8_t *in, uint8_t *out, size_t blocks)
{
    uint8_t state[BATCH];
    for (size_t left = blocks * BLOCK; left > 0;) {
        const size_t length = left < BATCH ? left : BATCH;
        memcpy(state, in, length);
        if (inverse) {
            decrypt_batch(aes, state, length);
        } else {
            encrypt_batch(aes, state, length);
        }
        memcpy(out, state, length);
        in += length;
        out += length;
        left -= length;
    }
    secret_wipe(state, sizeof state);
}

void aes_encrypt(const struct aes *aes, const uint8_t *in, uint8_t *out, size_t blocks)
{
    run(aes, false, in, out, blocks);
}

void aes_decrypt(const struct aes *aes, const uint8_t *in, uint8_t *out, size_t blocks)
{
    run(aes, true, in, out, blocks);
}
