/* test_wear.c: what an AUTHENTICATE costs the card's memory: one sync, few octets, and no place that wears out first.
 */
#include "challenge.h"

/* UPDATE BINARY from offset 17: a B-TID of 62 octets and a lifetime of 20. */
#define GBABP_BY_ME                                                                                                    \
    "00d60011543e"                                                                                                     \
    "4931553876705933714a306869755a4e726b652f4e513d3d406273662e6d6e633030312e6d63633030312e7075622e336770706e6574"     \
    "776f726b2e6f726714323033302d30312d30315430303a30303a30305a"

enum { RUNS = 4000, PAGE = 64, PAGES_MAX = 2048, SYNCS_MAX = 1, OCTETS_MAX = 512 };

/* Counts what is written where. */
struct wear {
    uint8_t *memory;
    size_t syncs;
    size_t octets;
    unsigned pages[PAGES_MAX];
};

static enum gbau_status counting_write(void *context, size_t offset, const void *data, size_t length)
{
    struct wear *wear = context;
    memcpy(wear->memory + offset, data, length);
    wear->octets += length;
    for (size_t page = offset / PAGE; length > 0 && page <= (offset + length - 1) / PAGE; page++) {
        assert_in_range(page, 0, PAGES_MAX - 1);
        wear->pages[page]++;
    }
    return GBAU_OK;
}

static enum gbau_status counting_sync(void *context, size_t offset, size_t length)
{
    (void)offset;
    (void)length;
    ((struct wear *)context)->syncs++;
    return GBAU_OK;
}

static void begin(struct test_card *card, struct wear *wear)
{
    test_card_begin(card);
    memset(wear, 0, sizeof *wear);
    wear->memory = card->memory;
    card->storage.write = counting_write;
    card->storage.sync = counting_sync;
    card->storage.context = wear;
    test_card_restart(card);
    enter_usim(card);
    wear->syncs = 0;
    wear->octets = 0;
    memset(wear->pages, 0, sizeof wear->pages);
}

/* The challenge of run `run`, with the IND values 24 to 31 in turn, as a home network gives them to GBA. */
static struct challenge challenge_of(struct test_card *card, size_t run)
{
    struct challenge challenge = make_challenge(card, (uint8_t)run, TEST_SQN(run + 1, 24 + run % 8));
    card->secret_count = 0; /* thousands of Ks are not searched for here */
    return challenge;
}

static void test_authenticate_is_cheap(void **state)
{
    (void)state;
    static struct wear wear;
    struct test_card card;
    begin(&card, &wear);
    for (size_t run = 0; run < 100; run++) {
        const struct challenge challenge = challenge_of(&card, run);
        wear.syncs = 0;
        wear.octets = 0;
        if (run % 2 == 1) { /* as the ME leaves it: with a B-TID and a lifetime to be overwritten */
            assert_apdu(&card, TEST_SELECT_GBABP, "9000");
            assert_apdu(&card, GBABP_BY_ME, "9000");
            wear.syncs = 0;
            wear.octets = 0;
        }
        assert_apdu(&card, challenge.bootstrap, challenge.bootstrapped);
        assert_int_equal(wear.syncs, SYNCS_MAX);
        assert_in_range(wear.octets, 1, OCTETS_MAX);
    }
    test_card_end(&card);
}

/* No refusal costs anything. */
static void test_refusals_write_nothing(void **state)
{
    (void)state;
    static struct wear wear;
    struct test_card card;
    begin(&card, &wear);
    const struct challenge challenge = challenge_of(&card, 0);
    assert_apdu(&card, challenge.bootstrap, challenge.bootstrapped);
    const size_t octets = wear.octets;
    assert_int_equal(strncmp(apdu(&card, challenge.bootstrap), "dc0e", 4), 0);
    assert_sw(&card, "0088008423dd1000000000000000000000000000000000100000000000000000000000000000000000", "9862");
    assert_int_equal(wear.octets, octets);
    test_card_end(&card);
}

static size_t page_of(const struct test_card *card, size_t data_offset)
{
    return (size_t)(card->uicc.nvm.data + data_offset - card->memory) / PAGE;
}

/* The SQN lies in many places: none takes more than a fair share of the writes. */
static void test_sqn_wears_evenly(void **state)
{
    (void)state;
    static struct wear wear;
    struct test_card card;
    begin(&card, &wear);
    const size_t sqn = card_layout_application(&card.uicc.layout, 0).sqn;
    for (size_t run = 0; run < RUNS; run++) {
        const struct challenge challenge = challenge_of(&card, run);
        card.shows_keys = true;
        assert_apdu(&card, challenge.in_3g, challenge.answer_3g);
    }
    for (size_t page = page_of(&card, sqn); page <= page_of(&card, sqn + SQN_STATE_SIZE - 1); page++) {
        assert_in_range(wear.pages[page], 0, RUNS * 3 / 10);
    }
    test_card_end(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authenticate_is_cheap),
        cmocka_unit_test(test_refusals_write_nothing),
        cmocka_unit_test(test_sqn_wears_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
