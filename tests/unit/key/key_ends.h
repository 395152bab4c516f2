/* key_ends.h: both ends of a key as tests see them, whoever holds it, and what tests of the key calls share. */
#ifndef TESTS_UNIT_KEY_KEY_ENDS_H
#define TESTS_UNIT_KEY_KEY_ENDS_H

#include <stdlib.h>

#include "gbau/key.h"
#include "testing.h"

/* Both ends of one Ks_int_NAF; the cmocka state of every test. Its setup makes them anew. */
struct key_ends {
    void *context;
    enum gbau_status (*open_card)(void *context, const struct gbau_key_request *request, struct gbau_key **key);
    enum gbau_status (*open_naf)(void *context, const struct gbau_key_request *request, struct gbau_key **key);
    /* Sets a policy that allows export and wrapping, and lets the NAF expect it. NULL: everything is allowed. */
    void (*allow_all)(void *context);
    bool card_has_all_algorithms;
    size_t long_length; /* octets of long data that this face can bear in a test */
};

/* Two keys of one request, one at each end. */
struct key_pair {
    struct gbau_key *card;
    struct gbau_key *naf;
    struct gbau_key *maker; /* whoever encrypts, computes MACs, wraps */
    struct gbau_key *reader;
};

enum { ROOM = 70000 };

static inline struct gbau_key_request request_of(enum gbau_usage usage, enum gbau_direction direction,
                                                 enum gbau_algorithm algorithm)
{
    return (struct gbau_key_request){.usage = usage, .direction = direction, .algorithm = algorithm, .label = "label"};
}

static inline struct key_pair open_pair(struct key_ends *ends, const struct gbau_key_request *request)
{
    struct key_pair pair = {0};
    assert_ok(ends->open_card(ends->context, request, &pair.card));
    assert_ok(ends->open_naf(ends->context, request, &pair.naf));
    pair.maker = request->direction == GBAU_CARD_TO_NAF ? pair.card : pair.naf;
    pair.reader = request->direction == GBAU_CARD_TO_NAF ? pair.naf : pair.card;
    return pair;
}

static inline struct key_pair open_pair_of(struct key_ends *ends, enum gbau_usage usage, enum gbau_direction direction,
                                           enum gbau_algorithm algorithm)
{
    const struct gbau_key_request request = request_of(usage, direction, algorithm);
    return open_pair(ends, &request);
}

static inline void close_pair(struct key_pair *pair)
{
    gbau_key_close(pair->card);
    gbau_key_close(pair->naf);
}

/* Octets that do not repeat soon. */
static inline void pattern(uint8_t *octets, size_t length)
{
    uint32_t word = 1;
    for (size_t i = 0; i < length; i++) {
        word = word * 1664525U + 1013904223U;
        octets[i] = (uint8_t)(word >> 24);
    }
}

static const enum gbau_direction both_directions[] = {GBAU_CARD_TO_NAF, GBAU_NAF_TO_CARD};
static const enum gbau_algorithm aeads[] = {GBAU_AES_128_GCM, GBAU_AES_256_GCM, GBAU_AES_128_CCM,
                                            GBAU_AES_256_CCM, GBAU_SM4_GCM,     GBAU_SM4_CCM};
static const enum gbau_algorithm block_modes[] = {GBAU_AES_128_CTR, GBAU_AES_256_CTR, GBAU_SM4_CTR,
                                                  GBAU_AES_128_CBC, GBAU_AES_256_CBC, GBAU_SM4_CBC};
static const enum gbau_algorithm macs[] = {GBAU_HMAC_SHA256, GBAU_HMAC_SM3, GBAU_AES_128_CMAC, GBAU_AES_256_CMAC,
                                           GBAU_SM4_CMAC};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static inline bool both_have(const struct key_ends *ends, enum gbau_algorithm algorithm)
{
    return ends->card_has_all_algorithms || algorithm == GBAU_AES_256_GCM || algorithm == GBAU_HMAC_SHA256;
}

/* What the pipes of tests read from and write to. */
struct memory_pipe {
    const uint8_t *in;
    size_t in_length;
    size_t in_position;
    size_t piece; /* read at most so much at once */
    uint8_t *out;
    size_t out_length;
    size_t out_capacity;
};

static inline enum gbau_status memory_read(void *context, uint8_t *octets, size_t capacity, size_t *length)
{
    struct memory_pipe *pipe = context;
    const size_t left = pipe->in_length - pipe->in_position;
    *length = capacity < pipe->piece ? capacity : pipe->piece;
    *length = *length < left ? *length : left;
    memcpy(octets, pipe->in + pipe->in_position, *length);
    pipe->in_position += *length;
    return GBAU_OK;
}

static inline enum gbau_status memory_write(void *context, const uint8_t *octets, size_t length)
{
    struct memory_pipe *pipe = context;
    if (length > pipe->out_capacity - pipe->out_length) {
        return GBAU_E_SPACE;
    }
    memcpy(pipe->out + pipe->out_length, octets, length);
    pipe->out_length += length;
    return GBAU_OK;
}

static inline struct gbau_pipe pipe_of(struct memory_pipe *memory)
{
    return (struct gbau_pipe){.read = memory_read, .write = memory_write, .context = memory};
}

#endif
