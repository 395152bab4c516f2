/* tuak.c: TUAK (TS 35.231 clauses 6 and 7): one state of Keccak for each function, every field in reversed order. */
#include "crypto/tuak.h"

#include <string.h>

#include "base/secret.h"
#include "crypto/keccak.h"

/* Where the fields stand in the state, in octets. */
enum {
    AT_TOPC = 0,
    AT_INSTANCE = 32,
    AT_NAME = 33,
    AT_RAND = 40,
    AT_AMF = 56,
    AT_SQN = 58,
    AT_K = 64,
    AT_PADDING = 96,
    AT_PADDING_END = 135
};

/* Where the outputs stand. */
enum { OUT_FIRST = 0, OUT_CK = 32, OUT_IK = 64, OUT_AK = 96 };

enum { LANE_SIZE = 8 };

/* INSTANCE: which function, and how long its inputs and outputs are. */
enum {
    INSTANCE_F1 = 0x00,
    INSTANCE_F1_STAR = 0x80,
    INSTANCE_F2345 = 0x40,
    INSTANCE_F5_STAR = 0xc0,
    INSTANCE_CK_256 = 0x04,
    INSTANCE_IK_256 = 0x02,
    INSTANCE_K_256 = 0x01
};

struct state {
    uint8_t octets[KECCAK_STATE_SIZE];
};

static const uint8_t algorithm_name[] = {'T', 'U', 'A', 'K', '1', '.', '0'};

static void put_reversed(struct state *state, size_t at, const uint8_t *field, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        state->octets[at + i] = field[length - 1 - i];
    }
}

static void take_reversed(const struct state *state, size_t at, uint8_t *out, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        out[i] = state->octets[at + length - 1 - i];
    }
}

/* A length of 4, 8, 16 or 32 octets as bits 2 to 4 of INSTANCE: 000, 001, 010, 100. */
static uint8_t length_bits(size_t length)
{
    return (uint8_t)(length / 8 << 3);
}

static uint8_t k_bit(const struct tuak *tuak)
{
    return tuak->sizes.k == 32 ? INSTANCE_K_256 : 0;
}

static uint8_t f2345_instance(const struct tuak *tuak)
{
    return (uint8_t)(INSTANCE_F2345 | length_bits(tuak->sizes.res) | (tuak->sizes.ck == 32 ? INSTANCE_CK_256 : 0) |
                     (tuak->sizes.ik == 32 ? INSTANCE_IK_256 : 0) | k_bit(tuak));
}

static void begin(struct state *state, const struct tuak *tuak, const uint8_t topc[TUAK_TOPC_SIZE], uint8_t instance)
{
    memset(state, 0, sizeof *state);
    put_reversed(state, AT_TOPC, topc, TUAK_TOPC_SIZE);
    state->octets[AT_INSTANCE] = instance;
    put_reversed(state, AT_NAME, algorithm_name, sizeof algorithm_name);
    put_reversed(state, AT_K, tuak->k, tuak->sizes.k);
    state->octets[AT_PADDING] = 0x1f;
    state->octets[AT_PADDING_END] = 0x80;
}

/* Lanes are little-endian whatever the machine is (FIPS 202 clause 3.1.2). */
static uint64_t load_lane(const uint8_t *octets)
{
    return octets[0] | (uint64_t)octets[1] << 8 | (uint64_t)octets[2] << 16 | (uint64_t)octets[3] << 24 |
           (uint64_t)octets[4] << 32 | (uint64_t)octets[5] << 40 | (uint64_t)octets[6] << 48 |
           (uint64_t)octets[7] << 56;
}

static void store_lane(uint64_t lane, uint8_t *octets)
{
#pragma GCC unroll 8
    for (unsigned i = 0; i < LANE_SIZE; i++) {
        octets[i] = (uint8_t)(lane >> (8 * i));
    }
}

static void permute(struct state *state, unsigned iterations)
{
    uint64_t lanes[KECCAK_LANES];
    for (size_t i = 0; i < KECCAK_LANES; i++) {
        lanes[i] = load_lane(state->octets + i * LANE_SIZE);
    }
    for (unsigned i = 0; i < iterations; i++) {
        keccak_f1600(lanes);
    }
    for (size_t i = 0; i < KECCAK_LANES; i++) {
        store_lane(lanes[i], state->octets + i * LANE_SIZE);
    }
    secret_wipe(lanes, sizeof lanes);
}

enum gbau_status tuak_check(const struct tuak *tuak)
{
    const struct tuak_sizes *sizes = &tuak->sizes;
    bool sound = (sizes->k == 16 || sizes->k == 32) && (sizes->mac == 8 || sizes->mac == 16 || sizes->mac == 32) &&
                 (sizes->res == 4 || sizes->res == 8 || sizes->res == 16 || sizes->res == 32) &&
                 (sizes->ck == 16 || sizes->ck == 32) && (sizes->ik == 16 || sizes->ik == 32) && tuak->iterations >= 1;
    return sound ? GBAU_OK : GBAU_E_ARGUMENT;
}

void tuak_compute_topc(const struct tuak *tuak, const uint8_t top[TUAK_TOPC_SIZE], uint8_t topc[TUAK_TOPC_SIZE])
{
    struct state state;
    begin(&state, tuak, top, k_bit(tuak));
    permute(&state, tuak->iterations);
    take_reversed(&state, OUT_FIRST, topc, TUAK_TOPC_SIZE);
    secret_wipe(&state, sizeof state);
}

static void compute_mac(const struct tuak *tuak, uint8_t instance, const struct aka_rand *rand, aka_sqn sqn,
                        const struct aka_amf *amf, uint8_t *mac)
{
    struct state state;
    begin(&state, tuak, tuak->topc, (uint8_t)(instance | length_bits(tuak->sizes.mac) | k_bit(tuak)));
    put_reversed(&state, AT_RAND, rand->octets, AKA_RAND_SIZE);
    put_reversed(&state, AT_AMF, amf->octets, AKA_AMF_SIZE);
    for (size_t i = 0; i < 6; i++) {
        state.octets[AT_SQN + i] = (uint8_t)(sqn >> (8 * i)); /* least significant octet first */
    }
    permute(&state, tuak->iterations);
    take_reversed(&state, OUT_FIRST, mac, tuak->sizes.mac);
    secret_wipe(&state, sizeof state);
}

void tuak_f1(const struct tuak *tuak, const struct aka_rand *rand, aka_sqn sqn, const struct aka_amf *amf,
             uint8_t mac[TUAK_OUTPUT_MAX])
{
    compute_mac(tuak, INSTANCE_F1, rand, sqn, amf, mac);
}

void tuak_f1star(const struct tuak *tuak, const struct aka_rand *rand, aka_sqn sqn, const struct aka_amf *amf,
                 uint8_t mac[TUAK_OUTPUT_MAX])
{
    compute_mac(tuak, INSTANCE_F1_STAR, rand, sqn, amf, mac);
}

void tuak_f2345(const struct tuak *tuak, const struct aka_rand *rand, struct tuak_f2345 *out)
{
    struct state state;
    begin(&state, tuak, tuak->topc, f2345_instance(tuak));
    put_reversed(&state, AT_RAND, rand->octets, AKA_RAND_SIZE);
    permute(&state, tuak->iterations);
    take_reversed(&state, OUT_FIRST, out->res, tuak->sizes.res);
    take_reversed(&state, OUT_CK, out->ck, tuak->sizes.ck);
    take_reversed(&state, OUT_IK, out->ik, tuak->sizes.ik);
    take_reversed(&state, OUT_AK, out->ak.octets, AKA_AK_SIZE);
    secret_wipe(&state, sizeof state);
}

void tuak_f5star(const struct tuak *tuak, const struct aka_rand *rand, struct aka_ak *ak)
{
    struct state state;
    begin(&state, tuak, tuak->topc, (uint8_t)(INSTANCE_F5_STAR | k_bit(tuak)));
    put_reversed(&state, AT_RAND, rand->octets, AKA_RAND_SIZE);
    permute(&state, tuak->iterations);
    take_reversed(&state, OUT_AK, ak->octets, AKA_AK_SIZE);
    secret_wipe(&state, sizeof state);
}

void tuak_clear(struct tuak *tuak)
{
    secret_wipe(tuak, sizeof *tuak);
}
