/*
 * test_sqn.c: a million challenges with random SEQ and IND, judged by the card and by TS 33.102 annex C.2 written down
 * a second time: with limits of jumps and of age, at their edges, in the order in which networks send them and in none.
 */
#include "test_card.h"
#include "uicc/aka.h"

enum { CHALLENGES = 1000000, LIFE = 500 /* challenges, then the card begins anew */, INDS = 32 };

#define SEQ_MAX ((UINT64_C(1) << 43) - 1)

/* 33.102 C.2: what the card remembers, and what it accepts. */
struct sqn_model {
    uint64_t seq_ms[INDS];
    uint64_t delta;     /* 0: no limit */
    uint64_t age_limit; /* 0: none */
};

static uint64_t highest_seq(const struct sqn_model *model)
{
    uint64_t highest = 0;
    for (size_t ind = 0; ind < INDS; ind++) {
        highest = model->seq_ms[ind] > highest ? model->seq_ms[ind] : highest;
    }
    return highest;
}

/* The highest SQN: of the INDs with the highest SEQ the greatest. */
static uint64_t sqn_ms(const struct sqn_model *model)
{
    uint64_t ind = INDS - 1;
    const uint64_t highest = highest_seq(model);
    while (model->seq_ms[ind] != highest) {
        ind--;
    }
    return highest == 0 ? 0 : highest << AKA_SQN_IND_BITS | ind;
}

static bool is_accepted(struct sqn_model *model, uint64_t seq, size_t ind)
{
    const uint64_t highest = highest_seq(model);
    const bool is_new = seq > model->seq_ms[ind];
    const bool jumps = model->delta != 0 && highest != 0 && seq > highest && seq - highest > model->delta;
    const bool is_old = model->age_limit != 0 && seq < highest && highest - seq >= model->age_limit;
    if (is_new && !jumps && !is_old) {
        model->seq_ms[ind] = seq;
        return true;
    }
    return false;
}

struct sqn_test {
    struct test_card card;
    struct card_application usim;
    struct sqn_model model;
    uint64_t random;
    size_t accepted;
    size_t refused;
};

static uint64_t next_random(struct sqn_test *test)
{
    test->random ^= test->random << 13;
    test->random ^= test->random >> 7;
    test->random ^= test->random << 17;
    return test->random;
}

static uint64_t random_below(struct sqn_test *test, uint64_t limit)
{
    return next_random(test) % limit;
}

/* A card with other limits, whose SQNs are all zero, or anything. */
static void begin_life(struct sqn_test *test)
{
    static const uint32_t deltas[] = {0, 1, 2, 31, PROFILE_SQN_DELTA_DEFAULT, UINT32_MAX};
    static const uint32_t ages[] = {0, 0, 1, 2, 31, 1U << 28, UINT32_MAX};
    uint8_t state[SQN_STATE_SIZE];
    struct octet_writer writer = octet_writer_of(state, sizeof state);
    const bool is_used = random_below(test, 2) == 0;
    const uint64_t base = next_random(test) & SEQ_MAX;
    test->usim.sqn_delta = deltas[random_below(test, sizeof deltas / sizeof deltas[0])];
    test->usim.sqn_age_limit = ages[random_below(test, sizeof ages / sizeof ages[0])];
    test->model = (struct sqn_model){.delta = test->usim.sqn_delta, .age_limit = test->usim.sqn_age_limit};
    for (size_t ind = 0; ind < INDS; ind++) {
        const uint64_t seq = is_used ? (base + random_below(test, 100)) & SEQ_MAX : 0;
        test->model.seq_ms[ind] = seq;
        octet_writer_u48(&writer, seq == 0 ? 0 : seq << AKA_SQN_IND_BITS | ind);
    }
    octet_writer_fill(&writer, 0, sizeof state - writer.length); /* the other turns */
    nvm_begin(&test->card.uicc.nvm);
    nvm_change(&test->card.uicc.nvm, test->usim.sqn, state, sizeof state);
    assert_ok(nvm_commit(&test->card.uicc.nvm));
}

/* A SEQ at an edge of what is accepted, the next in line, or any. */
static uint64_t choose_seq(struct sqn_test *test, size_t ind)
{
    const uint64_t near = random_below(test, 4);
    const uint64_t highest = highest_seq(&test->model);
    switch (random_below(test, 8)) {
    case 0:
        return test->model.seq_ms[ind] + near;
    case 1:
        return test->model.seq_ms[ind] - near;
    case 2:
        return highest + test->model.delta + near - 2;
    case 3:
        return highest - test->model.age_limit + near - 2;
    case 4:
        return next_random(test);
    case 5:
        return SEQ_MAX - random_below(test, 1U << random_below(test, 20));
    default:
        return highest + near;
    }
}

/* AUTN of the algorithm XOR (TS 34.108 8.1.2): K is zero, so XDOUT is RAND; AMF is zero. */
static struct aka_autn make_autn(const struct aka_rand *rand, aka_sqn sqn)
{
    enum { AK_AT = 3 };
    uint8_t plain[AKA_AK_SIZE + AKA_AMF_SIZE] = {0};
    struct aka_autn autn;
    struct octet_writer writer = octet_writer_of(plain, sizeof plain);
    octet_writer_u48(&writer, sqn);
    for (size_t i = 0; i < sizeof plain; i++) {
        autn.octets[i] = plain[i] ^ (i < AKA_AK_SIZE ? rand->octets[AK_AT + i] : 0);
        autn.octets[sizeof plain + i] = plain[i] ^ rand->octets[i];
    }
    return autn;
}

static aka_sqn read_auts(const struct aka_rand *rand, const struct aka_auts *auts)
{
    enum { AK_AT = 3 };
    uint8_t plain[AKA_AK_SIZE];
    for (size_t i = 0; i < sizeof plain; i++) {
        plain[i] = auts->octets[i] ^ rand->octets[AK_AT + i];
    }
    struct octet_reader reader = octet_reader_of(octets_of(plain, sizeof plain));
    return octet_reader_u48(&reader);
}

static void challenge(struct sqn_test *test)
{
    struct aka_rand rand;
    struct aka_result result;
    const size_t ind = random_below(test, random_below(test, 2) == 0 ? INDS : 3);
    const uint64_t seq = choose_seq(test, ind) & SEQ_MAX;
    for (size_t i = 0; i < sizeof rand.octets; i++) {
        rand.octets[i] = (uint8_t)next_random(test);
    }
    const struct aka_autn autn = make_autn(&rand, seq << AKA_SQN_IND_BITS | ind);
    const uint64_t before = sqn_ms(&test->model);
    const bool accepted = is_accepted(&test->model, seq, ind);
    assert_ok(aka_check(&test->card.uicc, &test->usim, &rand, &autn, false, &result));
    if (result.outcome != (accepted ? AKA_ACCEPTED : AKA_SYNC_FAILURE)) {
        fail_msg("SEQ %llu IND %zu, highest %llu, delta %llu, age %llu: the card says %d", (unsigned long long)seq, ind,
                 (unsigned long long)(before >> AKA_SQN_IND_BITS), (unsigned long long)test->model.delta,
                 (unsigned long long)test->model.age_limit, (int)result.outcome);
    }
    if (accepted) {
        nvm_begin(&test->card.uicc.nvm);
        aka_accept_sqn(&test->card.uicc, &test->usim, result.sqn);
        assert_ok(nvm_commit(&test->card.uicc.nvm));
    } else {
        assert_true(read_auts(&rand, &result.auts) == before);
    }
    test->accepted += accepted;
    test->refused += !accepted;
}

static void test_a_million_challenges(void **state)
{
    (void)state;
    static struct sqn_test test;
    struct card_profile profile = test_profile();
    profile.functions = (struct aka_functions){.algorithm = AKA_ALGORITHM_XOR};
    test.random = 88172645463325252U;
    test_card_make(&test.card, &profile);
    test.usim = card_layout_application(&test.card.uicc.layout, 0);
    for (size_t i = 0; i < CHALLENGES; i++) {
        if (i % LIFE == 0) {
            begin_life(&test);
        }
        challenge(&test);
    }
    print_message("%zu accepted, %zu refused\n", test.accepted, test.refused);
    assert_true(test.accepted > CHALLENGES / 10 && test.refused > CHALLENGES / 10);
    test_card_end(&test.card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_million_challenges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
