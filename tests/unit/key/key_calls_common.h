/*
 * key_calls_common.h: what the calls of gbau/key.h promise, as tests that run on whoever holds the keys: a program says
 * how both ends open a key, and lists KEY_CALLS_COMMON_TESTS.
 */
#ifndef TESTS_UNIT_KEY_KEY_CALLS_COMMON_H
#define TESTS_UNIT_KEY_KEY_CALLS_COMMON_H

#include "key_ends.h"

/* Encrypt and decrypt */

static inline void check_cipher(struct key_ends *ends, enum gbau_direction direction, enum gbau_algorithm algorithm,
                                const char *additional)
{
    static const size_t lengths[] = {0, 1, 15, 16, 17, 199, 200, 201, 1000};
    static uint8_t text[1000], sealed[1100], opened[1000 + 16];
    struct key_pair pair = open_pair_of(ends, GBAU_USAGE_ENCRYPT, direction, algorithm);
    pattern(text, sizeof text);
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        size_t sealed_length = 0;
        size_t opened_length = 0;
        assert_ok(gbau_key_encrypt(pair.maker, additional, strlen(additional), text, lengths[i], sealed, sizeof sealed,
                                   &sealed_length));
        assert_true(sealed_length <= lengths[i] + 32);
        assert_ok(gbau_key_decrypt(pair.reader, additional, strlen(additional), sealed, sealed_length, opened,
                                   sizeof opened, &opened_length));
        assert_int_equal(opened_length, lengths[i]);
        assert_memory_equal(opened, text, opened_length);
    }
    close_pair(&pair);
}

static inline void common_every_aead(void **state)
{
    struct key_ends *ends = *state;
    for (size_t i = 0; i < COUNT_OF(aeads); i++) {
        for (size_t d = 0; d < COUNT_OF(both_directions) && both_have(ends, aeads[i]); d++) {
            check_cipher(ends, both_directions[d], aeads[i], "additional");
            check_cipher(ends, both_directions[d], aeads[i], "");
        }
    }
}

static inline void common_every_block_mode(void **state)
{
    struct key_ends *ends = *state;
    for (size_t i = 0; i < COUNT_OF(block_modes); i++) {
        for (size_t d = 0; d < COUNT_OF(both_directions) && both_have(ends, block_modes[i]); d++) {
            check_cipher(ends, both_directions[d], block_modes[i], "");
        }
    }
}

/* Every octet of a ciphertext, and the additional data, are under the tag; nothing comes out. */
static inline void common_damaged_ciphertexts(void **state)
{
    uint8_t sealed[64], opened[64];
    size_t length = 0;
    size_t opened_length = 77;
    struct key_pair pair = open_pair_of(*state, GBAU_USAGE_ENCRYPT, GBAU_NAF_TO_CARD, GBAU_AES_256_GCM);
    assert_ok(gbau_key_encrypt(pair.maker, "a", 1, "text", 4, sealed, sizeof sealed, &length));
    memset(opened, 0, sizeof opened);
    for (size_t i = 0; i < length; i++) {
        sealed[i] ^= 0x40;
        assert_status(gbau_key_decrypt(pair.reader, "a", 1, sealed, length, opened, sizeof opened, &opened_length),
                      GBAU_E_AUTHENTICATION);
        assert_int_equal(opened[0], 0);
        sealed[i] ^= 0x40;
    }
    assert_status(gbau_key_decrypt(pair.reader, "b", 1, sealed, length, opened, sizeof opened, &opened_length),
                  GBAU_E_AUTHENTICATION);
    assert_status(gbau_key_decrypt(pair.reader, "a", 1, sealed, 27, opened, sizeof opened, &opened_length),
                  GBAU_E_MALFORMED);
    assert_int_equal(opened_length, 77);
    close_pair(&pair);
}

static inline void common_nonces_differ(void **state)
{
    uint8_t sealed[100][28];
    size_t length = 0;
    for (size_t d = 0; d < COUNT_OF(both_directions); d++) {
        struct key_pair pair = open_pair_of(*state, GBAU_USAGE_ENCRYPT, both_directions[d], GBAU_AES_256_GCM);
        for (size_t i = 0; i < COUNT_OF(sealed); i++) {
            assert_ok(gbau_key_encrypt(pair.maker, NULL, 0, NULL, 0, sealed[i], sizeof sealed[i], &length));
            for (size_t j = 0; j < i; j++) {
                assert_memory_not_equal(sealed[i], sealed[j], 12);
            }
        }
        close_pair(&pair);
    }
}

/* Who reads in a direction does not write, and a key of one usage does nothing of another. */
static inline void common_wrong_side_and_usage(void **state)
{
    uint8_t out[64] = {0};
    size_t length = 0;
    for (size_t d = 0; d < COUNT_OF(both_directions); d++) {
        struct key_pair pair = open_pair_of(*state, GBAU_USAGE_ENCRYPT, both_directions[d], GBAU_AES_256_GCM);
        assert_status(gbau_key_encrypt(pair.reader, NULL, 0, "x", 1, out, sizeof out, &length), GBAU_E_ACCESS);
        assert_status(gbau_key_seal(pair.reader, NULL, 0, "x", 1, out, sizeof out, &length), GBAU_E_ACCESS);
        assert_status(gbau_key_decrypt(pair.maker, NULL, 0, out, 40, out, sizeof out, &length), GBAU_E_ACCESS);
        assert_status(gbau_key_open_sealed(pair.maker, NULL, 0, out, 40, out, sizeof out, &length), GBAU_E_ACCESS);
        assert_status(gbau_key_mac(pair.maker, "x", 1, out, &length), GBAU_E_ACCESS);
        assert_status(gbau_key_verify(pair.reader, "x", 1, out, 32), GBAU_E_ACCESS);
        assert_status(gbau_key_export(pair.card, out), GBAU_E_ACCESS);
        assert_status(gbau_key_authenticate_begin(pair.card, out, sizeof out, &length), GBAU_E_ACCESS);
        assert_status(gbau_key_hash(pair.naf, "x", 1, out), GBAU_E_ACCESS);
        close_pair(&pair);
    }
}

static inline void common_arguments(void **state)
{
    uint8_t out[600];
    size_t length = 0;
    struct key_pair pair = open_pair_of(*state, GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM);
    assert_status(gbau_key_encrypt(NULL, NULL, 0, "x", 1, out, sizeof out, &length), GBAU_E_ARGUMENT);
    assert_status(gbau_key_encrypt(pair.maker, NULL, 1, "x", 1, out, sizeof out, &length), GBAU_E_ARGUMENT);
    assert_status(gbau_key_encrypt(pair.maker, NULL, 0, NULL, 1, out, sizeof out, &length), GBAU_E_ARGUMENT);
    assert_status(gbau_key_encrypt(pair.maker, NULL, 0, "x", 1, NULL, 30, &length), GBAU_E_ARGUMENT);
    assert_status(gbau_key_encrypt(pair.maker, NULL, 0, "x", 1, out, sizeof out, NULL), GBAU_E_ARGUMENT);
    assert_status(gbau_key_encrypt(pair.maker, NULL, 0, "x", 1, out, 28, &length), GBAU_E_SPACE);
    assert_status(gbau_key_encrypt(pair.maker, NULL, 0, "x", 1, out, 5, &length), GBAU_E_SPACE);
    assert_status(gbau_key_seal(pair.maker, NULL, 0, NULL, 1, out, sizeof out, &length), GBAU_E_ARGUMENT);
    assert_status(gbau_key_seal(pair.maker, out, GBAU_ADDITIONAL_MAX + 1, "x", 1, out, sizeof out, &length),
                  GBAU_E_ARGUMENT);
    assert_status(gbau_key_seal_stream(pair.maker, NULL), GBAU_E_ARGUMENT);
    assert_status(gbau_key_open_stream(pair.reader, NULL), GBAU_E_ARGUMENT);
    close_pair(&pair);
    gbau_key_close(NULL);
}

/* MACs and hashes */

static inline void common_every_mac(void **state)
{
    struct key_ends *ends = *state;
    static const size_t lengths[] = {0, 1, 63, 64, 65, 200, 201, 1000};
    static uint8_t data[1000];
    pattern(data, sizeof data);
    for (size_t i = 0; i < COUNT_OF(macs); i++) {
        for (size_t d = 0; d < COUNT_OF(both_directions) && both_have(ends, macs[i]); d++) {
            struct key_pair pair = open_pair_of(ends, GBAU_USAGE_MAC, both_directions[d], macs[i]);
            for (size_t l = 0; l < COUNT_OF(lengths); l++) {
                uint8_t mac[GBAU_MAC_MAX];
                size_t size = 0;
                assert_ok(gbau_key_mac(pair.maker, data, lengths[l], mac, &size));
                assert_int_equal(size, macs[i] <= GBAU_HMAC_SM3 ? 32 : 16);
                assert_ok(gbau_key_verify(pair.reader, data, lengths[l], mac, size));
                mac[size - 1] ^= 1;
                assert_status(gbau_key_verify(pair.reader, data, lengths[l], mac, size), GBAU_E_AUTHENTICATION);
                assert_status(gbau_key_verify(pair.reader, data, lengths[l], mac, size - 1), GBAU_E_AUTHENTICATION);
            }
            close_pair(&pair);
        }
    }
}

static inline void common_hashes(void **state)
{
    struct key_ends *ends = *state;
    static const struct {
        enum gbau_algorithm algorithm;
        const char *of_abc; /* FIPS 180-4, GB/T 32905 annex A */
    } hashes[] = {
        {GBAU_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {GBAU_SM3, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},
    };
    for (size_t i = 0; i < COUNT_OF(hashes); i++) {
        uint8_t hash[32];
        struct gbau_key_request request = request_of(GBAU_USAGE_HASH, GBAU_NO_DIRECTION, hashes[i].algorithm);
        request.label = NULL;
        struct key_pair pair = open_pair(ends, &request);
        assert_ok(gbau_key_hash(pair.card, "abc", 3, hash));
        assert_octets(octets_of(hash, 32), hashes[i].of_abc);
        assert_ok(gbau_key_hash(pair.naf, "abc", 3, hash));
        assert_octets(octets_of(hash, 32), hashes[i].of_abc);
        close_pair(&pair);
    }
}

/* Keys apart */

/* A text that one key seals is opened by its own twin only. */
static inline bool opens(struct gbau_key *maker, struct gbau_key *reader)
{
    uint8_t sealed[64], opened[64];
    size_t length = 0;
    assert_ok(gbau_key_encrypt(maker, NULL, 0, "text", 4, sealed, sizeof sealed, &length));
    return gbau_key_decrypt(reader, NULL, 0, sealed, length, opened, sizeof opened, &length) == GBAU_OK;
}

static inline void common_keys_are_apart(void **state)
{
    struct key_ends *ends = *state;
    struct gbau_key_request requests[3];
    struct key_pair pairs[COUNT_OF(requests)];
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        requests[i] = request_of(GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM);
    }
    requests[1].label = "Label";
    requests[2].context = "context";
    requests[2].context_length = 7;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        pairs[i] = open_pair(ends, &requests[i]);
    }
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        for (size_t j = 0; j < COUNT_OF(requests); j++) {
            assert_int_equal(opens(pairs[i].maker, pairs[j].reader), i == j);
        }
    }
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        close_pair(&pairs[i]);
    }
}

static inline void common_impossible_requests(void **state)
{
    struct key_ends *ends = *state;
    struct gbau_key *key = NULL;
    struct gbau_key_request request = request_of(GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_HMAC_SHA256);
    assert_status(ends->open_card(ends->context, &request, &key), GBAU_E_UNSUPPORTED);
    assert_status(ends->open_naf(ends->context, &request, &key), GBAU_E_UNSUPPORTED);
    request = request_of(GBAU_USAGE_ENCRYPT, GBAU_NO_DIRECTION, GBAU_AES_256_GCM);
    assert_status(ends->open_card(ends->context, &request, &key), GBAU_E_UNSUPPORTED);
    assert_status(ends->open_naf(ends->context, &request, &key), GBAU_E_UNSUPPORTED);
    request = request_of((enum gbau_usage)7, GBAU_NAF_TO_CARD, GBAU_HMAC_SHA256); /* the card's and the NAF's own */
    assert_status(ends->open_card(ends->context, &request, &key), GBAU_E_UNSUPPORTED);
    assert_status(ends->open_naf(ends->context, &request, &key), GBAU_E_UNSUPPORTED);
    static const char too_long[] = "12345678901234567890123456789012345678901234567890123456789012345";
    const char *const labels[] = {NULL, "", too_long};
    for (size_t i = 0; i < COUNT_OF(labels); i++) {
        request = request_of(GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM);
        request.label = labels[i];
        assert_status(ends->open_card(ends->context, &request, &key), GBAU_E_ARGUMENT);
        assert_status(ends->open_naf(ends->context, &request, &key), GBAU_E_ARGUMENT);
    }
    assert_null(key);
}

/* Data at rest are the card's own. */
static inline void common_the_naf_is_not_in_card_to_card(void **state)
{
    struct key_ends *ends = *state;
    uint8_t out[64];
    size_t length = 0;
    struct gbau_key *key = NULL;
    const struct gbau_key_request request = request_of(GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_CARD, GBAU_AES_256_GCM);
    enum gbau_status status = ends->open_naf(ends->context, &request, &key);
    if (status == GBAU_OK) {
        status = gbau_key_encrypt(key, NULL, 0, "x", 1, out, sizeof out, &length);
        gbau_key_close(key);
    }
    assert_status(status, GBAU_E_ACCESS);
}

/* Keys out of keys */

static inline void common_derive(void **state)
{
    struct key_pair parents = open_pair_of(*state, GBAU_USAGE_DERIVE, GBAU_NO_DIRECTION, GBAU_KDF);
    struct key_pair child = {0};
    struct gbau_key *grandchild = NULL;
    struct gbau_key_request request = request_of(GBAU_USAGE_ENCRYPT, GBAU_NAF_TO_CARD, GBAU_AES_256_GCM);
    assert_ok(gbau_key_derive(parents.card, &request, &child.card));
    assert_ok(gbau_key_derive(parents.naf, &request, &child.naf));
    assert_true(opens(child.naf, child.card));
    assert_string_equal(gbau_key_b_tid(child.card), gbau_key_b_tid(parents.naf));
    assert_status(gbau_key_derive(child.naf, &request, &grandchild), GBAU_E_ACCESS);
    struct key_pair plain = open_pair(*state, &request);
    assert_false(opens(child.naf, plain.card)); /* a child is not the key of the same name without a parent */
    close_pair(&plain);
    request.usage = GBAU_USAGE_HASH;
    assert_status(gbau_key_derive(parents.naf, &request, &grandchild), GBAU_E_UNSUPPORTED);
    assert_status(gbau_key_derive(parents.card, &request, &grandchild), GBAU_E_UNSUPPORTED);
    close_pair(&child);
    close_pair(&parents);
}

static inline void common_export(void **state)
{
    struct key_ends *ends = *state;
    uint8_t card[32], naf[32];
    const struct gbau_key_request request = request_of(GBAU_USAGE_EXPORT, GBAU_NO_DIRECTION, GBAU_KDF);
    if (ends->allow_all != NULL) {
        struct gbau_key *key = NULL;
        assert_status(ends->open_card(ends->context, &request, &key), GBAU_E_ACCESS);
        ends->allow_all(ends->context);
    }
    struct key_pair pair = open_pair(ends, &request);
    assert_ok(gbau_key_export(pair.card, card));
    assert_ok(gbau_key_export(pair.naf, naf));
    assert_memory_equal(card, naf, 32);
    close_pair(&pair);
}

static inline void wrap_across(const struct key_pair *wrapping, struct gbau_key *other, struct gbau_key **unwrapped)
{
    uint8_t wrapped[160];
    size_t length = 0;
    assert_ok(gbau_key_wrap(wrapping->maker, other, wrapped, sizeof wrapped, &length));
    wrapped[length / 2] ^= 1;
    assert_status(gbau_key_unwrap(wrapping->reader, wrapped, length, unwrapped), GBAU_E_AUTHENTICATION);
    wrapped[length / 2] ^= 1;
    assert_int_not_equal(gbau_key_unwrap(wrapping->reader, wrapped, 27, unwrapped), GBAU_OK);
    assert_ok(gbau_key_unwrap(wrapping->reader, wrapped, length, unwrapped));
}

/* A key that only one end could know, made of a context that the other never heard of, goes over. */
static inline void common_wrap(void **state)
{
    struct key_ends *ends = *state;
    if (ends->allow_all != NULL) {
        ends->allow_all(ends->context);
    }
    struct gbau_key_request request = request_of(GBAU_USAGE_ENCRYPT, GBAU_NAF_TO_CARD, GBAU_AES_256_GCM);
    request.context = "mine";
    request.context_length = 4;
    for (size_t d = 0; d < COUNT_OF(both_directions); d++) {
        struct key_pair wrapping = open_pair_of(ends, GBAU_USAGE_WRAP, both_directions[d], GBAU_AES_256_GCM);
        struct key_pair other = open_pair(ends, &request);
        struct gbau_key *unwrapped = NULL;
        const bool to_naf = both_directions[d] == GBAU_CARD_TO_NAF;
        wrap_across(&wrapping, to_naf ? other.card : other.naf, &unwrapped);
        assert_true(to_naf ? opens(unwrapped, other.card) : opens(other.naf, unwrapped));
        assert_string_equal(gbau_key_b_tid(unwrapped), gbau_key_b_tid(other.naf));
        gbau_key_close(unwrapped);
        uint8_t out[160];
        size_t length = 0;
        assert_status(gbau_key_wrap(wrapping.maker, wrapping.maker, out, sizeof out, &length), GBAU_E_ACCESS);
        assert_status(gbau_key_wrap(wrapping.reader, other.naf, out, sizeof out, &length), GBAU_E_ACCESS);
        assert_status(gbau_key_wrap(wrapping.maker, NULL, out, sizeof out, &length), GBAU_E_ARGUMENT);
        close_pair(&other);
        close_pair(&wrapping);
    }
}

/* Mutual authentication */

struct run {
    uint8_t messages[3][GBAU_AUTHENTICATION_MESSAGE_MAX];
    size_t lengths[3];
    struct gbau_key *initiator_session;
    struct gbau_key *responder_session;
};

static inline void begin_and_answer(struct run *run, struct gbau_key *initiator, struct gbau_key *responder)
{
    *run = (struct run){0};
    assert_ok(gbau_key_authenticate_begin(initiator, run->messages[0], sizeof run->messages[0], &run->lengths[0]));
    assert_ok(gbau_key_authenticate_answer(responder, run->messages[0], run->lengths[0], run->messages[1],
                                           sizeof run->messages[1], &run->lengths[1]));
}

static inline enum gbau_status finish_run(struct run *run, struct gbau_key *initiator)
{
    return gbau_key_authenticate_finish(initiator, run->messages[1], run->lengths[1], run->messages[2],
                                        sizeof run->messages[2], &run->lengths[2], &run->initiator_session);
}

static inline enum gbau_status confirm_run(struct run *run, struct gbau_key *responder)
{
    return gbau_key_authenticate_confirm(responder, run->messages[2], run->lengths[2], &run->responder_session);
}

/* Both sessions give the same children. */
static inline void check_sessions(const struct run *run)
{
    struct gbau_key *maker = NULL;
    struct gbau_key *reader = NULL;
    const struct gbau_key_request request = request_of(GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM);
    assert_ok(gbau_key_derive(run->initiator_session, &request, &maker));
    assert_ok(gbau_key_derive(run->responder_session, &request, &reader));
    uint8_t out[64];
    size_t length = 0;
    if (gbau_key_encrypt(maker, NULL, 0, "x", 1, out, sizeof out, &length) == GBAU_E_ACCESS) {
        assert_true(opens(reader, maker)); /* the initiator was the NAF */
    } else {
        assert_true(opens(maker, reader));
    }
    gbau_key_close(maker);
    gbau_key_close(reader);
}

static inline void authenticate(struct gbau_key *initiator, struct gbau_key *responder)
{
    struct run run;
    begin_and_answer(&run, initiator, responder);
    assert_int_equal(run.lengths[0], 16);
    assert_ok(finish_run(&run, initiator));
    assert_ok(confirm_run(&run, responder));
    check_sessions(&run);
    gbau_key_close(run.initiator_session);
    gbau_key_close(run.responder_session);
}

static inline void common_authentication(void **state)
{
    struct key_ends *ends = *state;
    for (size_t i = 0; i < COUNT_OF(macs); i++) {
        if (both_have(ends, macs[i])) {
            struct key_pair pair = open_pair_of(ends, GBAU_USAGE_AUTHENTICATE, GBAU_NO_DIRECTION, macs[i]);
            authenticate(pair.card, pair.naf);
            authenticate(pair.naf, pair.card);
            close_pair(&pair);
        }
    }
}

/* Under a policy too: both ends bind its version. */
static inline void common_authentication_under_a_policy(void **state)
{
    struct key_ends *ends = *state;
    if (ends->allow_all != NULL) {
        ends->allow_all(ends->context);
    }
    struct key_pair pair = open_pair_of(ends, GBAU_USAGE_AUTHENTICATE, GBAU_NO_DIRECTION, GBAU_HMAC_SHA256);
    authenticate(pair.card, pair.naf);
    authenticate(pair.naf, pair.card);
    close_pair(&pair);
}

/* A changed message ends the run, and no second try is given. */
static inline void common_damaged_authentication(void **state)
{
    struct run run;
    struct key_pair pair = open_pair_of(*state, GBAU_USAGE_AUTHENTICATE, GBAU_NO_DIRECTION, GBAU_HMAC_SHA256);
    struct gbau_key *const ends[2][2] = {{pair.card, pair.naf}, {pair.naf, pair.card}};
    for (size_t i = 0; i < 2; i++) {
        for (size_t at = 0; at < 52; at += at == 15 ? 5 : 3) { /* V, from 16 on, only tells; the MAC decides */
            begin_and_answer(&run, ends[i][0], ends[i][1]);
            run.messages[1][at] ^= 0x10;
            assert_status(finish_run(&run, ends[i][0]), GBAU_E_AUTHENTICATION);
            run.messages[1][at] ^= 0x10;
            assert_int_not_equal(finish_run(&run, ends[i][0]), GBAU_OK);
        }
        begin_and_answer(&run, ends[i][0], ends[i][1]);
        assert_ok(finish_run(&run, ends[i][0]));
        run.messages[2][3] ^= 0x10;
        assert_status(confirm_run(&run, ends[i][1]), GBAU_E_AUTHENTICATION);
        run.messages[2][3] ^= 0x10;
        assert_int_not_equal(confirm_run(&run, ends[i][1]), GBAU_OK);
        gbau_key_close(run.initiator_session);
    }
    close_pair(&pair);
}

static inline void common_authentication_out_of_turn(void **state)
{
    struct run run;
    struct run other;
    struct key_pair pair = open_pair_of(*state, GBAU_USAGE_AUTHENTICATE, GBAU_NO_DIRECTION, GBAU_HMAC_SHA256);
    begin_and_answer(&run, pair.card, pair.naf);
    memset(run.messages[2], 0, sizeof run.messages[2]);
    run.lengths[2] = 32;
    assert_int_not_equal(confirm_run(&run, pair.card), GBAU_OK);
    assert_int_not_equal(finish_run(&run, pair.naf), GBAU_OK);
    begin_and_answer(&run, pair.card, pair.naf);
    begin_and_answer(&other, pair.card, pair.naf); /* the first run is forgotten by both */
    assert_status(finish_run(&run, pair.card), GBAU_E_AUTHENTICATION);
    begin_and_answer(&run, pair.naf, pair.card);
    for (size_t length = 0; length < run.lengths[1]; length += 17) {
        struct run cut = run;
        cut.lengths[1] = length;
        assert_status(finish_run(&cut, pair.naf), GBAU_E_MALFORMED);
    }
    assert_int_not_equal(gbau_key_authenticate_answer(pair.naf, run.messages[0], 15, run.messages[1],
                                                      sizeof run.messages[1], &run.lengths[1]),
                         GBAU_OK);
    close_pair(&pair);
}

/* Messages */

static inline void common_seal(void **state)
{
    struct key_ends *ends = *state;
    static const size_t lengths[] = {0, 1, 23, 24, 255, 256, 1000, GBAU_SEAL_TEXT_MAX};
    uint8_t *text = malloc(ROOM), *sealed = malloc(ROOM), *opened = malloc(ROOM);
    pattern(text, ROOM);
    for (size_t a = 0; a < COUNT_OF(aeads); a++) {
        for (size_t i = 0; i < COUNT_OF(lengths) && both_have(ends, aeads[a]); i++) {
            size_t length = 0;
            size_t opened_length = 0;
            struct key_pair pair = open_pair_of(ends, GBAU_USAGE_ENCRYPT, both_directions[i % 2], aeads[a]);
            assert_ok(gbau_key_seal(pair.maker, "aad", 3, text, lengths[i], sealed, ROOM, &length));
            assert_true(length <= lengths[i] + GBAU_SEAL_OVERHEAD);
            assert_ok(gbau_key_open_sealed(pair.reader, "aad", 3, sealed, length, opened, ROOM, &opened_length));
            assert_int_equal(opened_length, lengths[i]);
            assert_memory_equal(opened, text, opened_length);
            assert_status(gbau_key_open_sealed(pair.reader, "aaD", 3, sealed, length, opened, ROOM, &opened_length),
                          GBAU_E_AUTHENTICATION);
            close_pair(&pair);
        }
    }
    free(text);
    free(sealed);
    free(opened);
}

static inline void common_protect(void **state)
{
    struct key_ends *ends = *state;
    static uint8_t text[1000], message[1000 + GBAU_SEAL_OVERHEAD];
    pattern(text, sizeof text);
    for (size_t a = 0; a < COUNT_OF(macs); a++) {
        for (size_t d = 0; d < COUNT_OF(both_directions) && both_have(ends, macs[a]); d++) {
            const uint8_t *payload = NULL;
            size_t length = 0;
            size_t payload_length = 0;
            struct key_pair pair = open_pair_of(ends, GBAU_USAGE_MAC, both_directions[d], macs[a]);
            assert_ok(gbau_key_protect(pair.maker, text, sizeof text, message, sizeof message, &length));
            assert_ok(gbau_key_check(pair.reader, message, length, &payload, &payload_length));
            assert_int_equal(payload_length, sizeof text);
            assert_memory_equal(payload, text, sizeof text);
            message[length / 2] ^= 1;
            assert_status(gbau_key_check(pair.reader, message, length, &payload, &payload_length),
                          GBAU_E_AUTHENTICATION);
            close_pair(&pair);
        }
    }
}

static inline void check_stream(const struct key_pair *pair, size_t length)
{
    const size_t capacity = length + (length / GBAU_SEAL_TEXT_MAX + 1) * GBAU_SEAL_OVERHEAD;
    uint8_t *text = malloc(length + 1), *sealed = malloc(capacity), *opened = malloc(length + 1);
    pattern(text, length);
    struct memory_pipe sealing = {
        .in = text, .in_length = length, .piece = 10007, .out = sealed, .out_capacity = capacity};
    struct gbau_pipe pipe = pipe_of(&sealing);
    assert_ok(gbau_key_seal_stream(pair->maker, &pipe));
    struct memory_pipe opening = {
        .in = sealed, .in_length = sealing.out_length, .piece = 9001, .out = opened, .out_capacity = length};
    pipe = pipe_of(&opening);
    assert_ok(gbau_key_open_stream(pair->reader, &pipe));
    assert_int_equal(opening.out_length, length);
    assert_memory_equal(opened, text, length);
    free(text);
    free(sealed);
    free(opened);
}

static inline void common_streams(void **state)
{
    struct key_ends *ends = *state;
    const size_t lengths[] = {0, 1, GBAU_SEAL_TEXT_MAX, GBAU_SEAL_TEXT_MAX + 1, ends->long_length};
    for (size_t d = 0; d < COUNT_OF(both_directions); d++) {
        struct key_pair pair = open_pair_of(ends, GBAU_USAGE_ENCRYPT, both_directions[d], GBAU_AES_256_GCM);
        for (size_t i = 0; i < COUNT_OF(lengths); i++) {
            check_stream(&pair, lengths[i]);
        }
        close_pair(&pair);
    }
}

/* In place nothing works: what is written first, a nonce or a head, would be taken for text. */
static inline void common_no_overlap(void **state)
{
    const struct key_ends *ends = *state;
    const struct gbau_key_request request = {.usage = GBAU_USAGE_ENCRYPT,
                                             .direction = GBAU_CARD_TO_NAF,
                                             .algorithm = GBAU_AES_256_GCM,
                                             .label = "apart"};
    uint8_t octets[600] = {0};
    size_t length = 0;
    struct gbau_key *key = NULL;
    assert_ok(ends->open_card(ends->context, &request, &key));
    assert_status(gbau_key_encrypt(key, NULL, 0, octets, 8, octets, sizeof octets, &length), GBAU_E_ARGUMENT);
    assert_status(gbau_key_encrypt(key, NULL, 0, octets + 599, 1, octets, sizeof octets, &length), GBAU_E_ARGUMENT);
    assert_status(gbau_key_seal(key, NULL, 0, octets, 8, octets + 7, 500, &length), GBAU_E_ARGUMENT);
    assert_ok(gbau_key_seal(key, NULL, 0, octets, 8, octets + 8, 500, &length));
    gbau_key_close(key);
}

/* What every face can do. */
#define KEY_CALLS_MESSAGE_TESTS(setup, teardown)                                                                       \
    cmocka_unit_test_setup_teardown(common_every_aead, setup, teardown),                                               \
        cmocka_unit_test_setup_teardown(common_every_block_mode, setup, teardown),                                     \
        cmocka_unit_test_setup_teardown(common_damaged_ciphertexts, setup, teardown),                                  \
        cmocka_unit_test_setup_teardown(common_nonces_differ, setup, teardown),                                        \
        cmocka_unit_test_setup_teardown(common_wrong_side_and_usage, setup, teardown),                                 \
        cmocka_unit_test_setup_teardown(common_arguments, setup, teardown),                                            \
        cmocka_unit_test_setup_teardown(common_no_overlap, setup, teardown),                                           \
        cmocka_unit_test_setup_teardown(common_every_mac, setup, teardown),                                            \
        cmocka_unit_test_setup_teardown(common_hashes, setup, teardown),                                               \
        cmocka_unit_test_setup_teardown(common_keys_are_apart, setup, teardown),                                       \
        cmocka_unit_test_setup_teardown(common_impossible_requests, setup, teardown),                                  \
        cmocka_unit_test_setup_teardown(common_the_naf_is_not_in_card_to_card, setup, teardown),                       \
        cmocka_unit_test_setup_teardown(common_derive, setup, teardown),                                               \
        cmocka_unit_test_setup_teardown(common_seal, setup, teardown),                                                 \
        cmocka_unit_test_setup_teardown(common_protect, setup, teardown),                                              \
        cmocka_unit_test_setup_teardown(common_streams, setup, teardown)

#define KEY_CALLS_COMMON_TESTS(setup, teardown)                                                                        \
    cmocka_unit_test_setup_teardown(common_export, setup, teardown),                                                   \
        cmocka_unit_test_setup_teardown(common_wrap, setup, teardown),                                                 \
        cmocka_unit_test_setup_teardown(common_authentication, setup, teardown),                                       \
        cmocka_unit_test_setup_teardown(common_authentication_under_a_policy, setup, teardown),                        \
        cmocka_unit_test_setup_teardown(common_damaged_authentication, setup, teardown),                               \
        cmocka_unit_test_setup_teardown(common_authentication_out_of_turn, setup, teardown),                           \
        KEY_CALLS_MESSAGE_TESTS(setup, teardown)

#endif
