/* test_nvm.c: the card's memory: transactions, and every way to cut the power. */
#include "nvm_testing.h"

/* Transactions */

static void test_format(void **state)
{
    (void)state;
    struct power_cut cut;
    struct nvm nvm;
    uint8_t data[DATA_SIZE];
    memset(data, 0x5a, sizeof data);
    assert_int_equal(nvm_size_for(DATA_SIZE), IMAGE_SIZE);
    format(&cut, data);
    assert_ok(nvm_open(&nvm, &cut.storage));
    assert_int_equal(nvm.data_size, DATA_SIZE);
    assert_memory_equal(nvm.data, data, DATA_SIZE);

    struct nvm_storage small = cut.storage;
    small.size--;
    assert_status(nvm_format(&small, octets_of(data, DATA_SIZE), record_magic), GBAU_E_SPACE);
    assert_status(nvm_open(&nvm, &small), GBAU_E_CORRUPT);
    small.size = 9;
    assert_status(nvm_open(&nvm, &small), GBAU_E_CORRUPT);
    small.size = 3;
    assert_status(nvm_open(&nvm, &small), GBAU_E_MALFORMED);
    struct nvm_storage large = cut.storage;
    large.size = SIZE_MAX;
    assert_status(nvm_format(&large, octets_of(data, (size_t)NVM_MAX_PAGES * NVM_PAGE_SIZE + 1), record_magic),
                  GBAU_E_SPACE);
    power_cut_end(&cut);
}

static void check_format(void *context, uint8_t *image, unsigned stage)
{
    struct nvm nvm;
    struct nvm_storage storage = plain_storage(image);
    enum gbau_status status = nvm_open(&nvm, &storage);
    (void)stage;
    if (status == GBAU_OK) {
        assert_memory_equal(nvm.data, context, DATA_SIZE);
    } else {
        assert_true(status == GBAU_E_MALFORMED || status == GBAU_E_CORRUPT);
    }
}

static void test_interrupted_format(void **state)
{
    (void)state;
    struct power_cut cut;
    uint8_t data[DATA_SIZE];
    memset(data, 0x5a, sizeof data);
    format(&cut, data);
    assert_true(power_cut_for_each(&cut, check_format, data) > 1000);
    for (size_t events = 0; events <= cut.event_count; events++) {
        struct power_cut failing;
        power_cut_begin(&failing, cut.start, IMAGE_SIZE);
        failing.events_allowed = events;
        enum gbau_status expected = events == cut.event_count ? GBAU_OK : GBAU_E_STORAGE;
        assert_status(nvm_format(&failing.storage, octets_of(data, DATA_SIZE), record_magic), expected);
        power_cut_end(&failing);
    }
    power_cut_end(&cut);
}

static void test_transaction(void **state)
{
    (void)state;
    static const uint8_t zeros[NVM_TRANSACTION_MAX];
    struct power_cut cut;
    struct nvm nvm;
    uint8_t data[DATA_SIZE] = {0};
    format(&cut, data);
    assert_ok(nvm_open(&nvm, &cut.storage));
    const size_t events = cut.event_count;

    nvm_begin(&nvm); /* nothing to do: nothing is written */
    assert_ok(nvm_commit(&nvm));
    nvm_begin(&nvm);
    nvm_change(&nvm, DATA_SIZE, "", 0);
    nvm_fill(&nvm, 0, 0xff, 0);
    assert_ok(nvm_commit(&nvm));
    assert_int_equal(cut.event_count, events);

    nvm_begin(&nvm); /* forgotten by the next one */
    nvm_change(&nvm, 0, "forgotten", 9);
    nvm_begin(&nvm);
    nvm_change(&nvm, DATA_SIZE - 4, "last", 4);
    nvm_fill(&nvm, 63, 0x11, 2);
    assert_ok(nvm_commit(&nvm));
    memcpy(data + DATA_SIZE - 4, "last", 4);
    memset(data + 63, 0x11, 2);
    assert_memory_equal(nvm.data, data, DATA_SIZE);
    assert_true(nvm.record.length > RECORD_HEAD);
    nvm_wipe_buffer(&nvm);
    assert_memory_equal(nvm.record_buffer, zeros, sizeof zeros);
    power_cut_end(&cut);
}

static void test_refused_transactions(void **state)
{
    (void)state;
    struct power_cut cut;
    struct nvm nvm;
    uint8_t data[DATA_SIZE] = {0};
    format(&cut, data);
    assert_ok(nvm_open(&nvm, &cut.storage));
    const struct {
        size_t offset;
        size_t length;
    } bad[] = {{DATA_SIZE, 1}, {DATA_SIZE - 1, 2}, {DATA_SIZE + 1, 1},
               {SIZE_MAX, 2},  {0, DATA_SIZE + 1}, {1, SIZE_MAX}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        nvm_begin(&nvm);
        nvm_change(&nvm, 0, "x", 1);
        nvm_fill(&nvm, bad[i].offset, 0xff, bad[i].length);
        nvm_change(&nvm, 1, "y", 1);
        assert_status(nvm_commit(&nvm), GBAU_E_SPACE);
    }
    nvm_begin(&nvm); /* too much for one transaction */
    for (size_t i = 0; i < 3; i++) {
        nvm_fill(&nvm, 0, 0xff, DATA_SIZE);
    }
    assert_status(nvm_commit(&nvm), GBAU_E_SPACE);
    nvm_begin(&nvm); /* the changes fit, the list of pages does not */
    nvm_fill(&nvm, 0, 0xff, DATA_SIZE);
    nvm_fill(&nvm, 0, 0xff, DATA_SIZE);
    nvm_fill(&nvm, 0, 0xff, NVM_TRANSACTION_MAX - RECORD_HEAD - 2 * DATA_SIZE - 3 * CHANGE_HEAD - 9 * PAGE_ENTRY);
    assert_status(nvm_commit(&nvm), GBAU_E_SPACE);
    assert_memory_equal(nvm.data, data, DATA_SIZE);
    assert_ok(nvm_open(&nvm, &cut.storage));
    assert_memory_equal(nvm.data, data, DATA_SIZE);
    power_cut_end(&cut);
}

/* Cut power */

struct cut_check {
    const struct script *script;
    size_t states;
    size_t old_states;
    size_t new_states;
};

static void check_still_works(struct nvm *nvm, const struct nvm_storage *storage)
{
    uint8_t expected[DATA_SIZE];
    memcpy(expected, nvm->data, DATA_SIZE);
    memset(expected + 100, 0xa5, 130);
    nvm_begin(nvm);
    nvm_fill(nvm, 100, 0xa5, 130);
    assert_ok(nvm_commit(nvm));
    assert_ok(nvm_open(nvm, storage));
    assert_memory_equal(nvm->data, expected, DATA_SIZE);
}

/* What was committed before the interrupted stage is there; the stage itself wholly or not at all. */
static void check_cut(void *context, uint8_t *image, unsigned stage)
{
    struct cut_check *check = context;
    struct nvm nvm;
    struct nvm_storage storage = plain_storage(image);
    assert_ok(nvm_open(&nvm, &storage));
    bool is_new = memcmp(nvm.data, check->script->states[stage + 1], DATA_SIZE) == 0;
    bool is_old = memcmp(nvm.data, check->script->states[stage], DATA_SIZE) == 0;
    assert_true(is_new || is_old);
    check->new_states += is_new;
    check->old_states += is_old;
    if (check->states++ % 16 == 0) {
        check_still_works(&nvm, &storage);
    }
}

static void test_every_cut(void **state)
{
    (void)state;
    struct power_cut cut;
    struct nvm nvm;
    struct script *script = run_script(&cut, &nvm);
    assert_true(nvm.sequence == TRANSACTIONS);
    struct cut_check check = {.script = script};
    size_t states = power_cut_for_each(&cut, check_cut, &check);
    assert_true(states >= 10000 && check.old_states > 1000 && check.new_states > 1000);
    power_cut_end(&cut);
    free(script);
}

static void check_some_cuts(void *context, uint8_t *image, unsigned stage)
{
    struct cut_check *check = context;
    if (check->states++ % 13 == 0) {
        check_cut(&(struct cut_check){.script = check->script}, image, stage);
        check->new_states++;
    }
}

/* The power fails again while a memory is opened. */
static void check_cut_twice(void *context, uint8_t *image, unsigned stage)
{
    struct cut_check *check = context;
    if (check->states++ % 7919 != 0) {
        return;
    }
    struct power_cut second;
    struct nvm nvm;
    power_cut_begin(&second, image, IMAGE_SIZE);
    second.stage = stage;
    assert_ok(nvm_open(&nvm, &second.storage));
    struct cut_check inner = {.script = check->script};
    (void)power_cut_for_each(&second, check_some_cuts, &inner);
    check->new_states += inner.new_states;
    power_cut_end(&second);
}

static void test_cut_while_opening(void **state)
{
    (void)state;
    struct power_cut cut;
    struct nvm nvm;
    struct script *script = run_script(&cut, &nvm);
    struct cut_check check = {.script = script};
    (void)power_cut_for_each(&cut, check_cut_twice, &check);
    assert_true(check.new_states >= 10000);
    power_cut_end(&cut);
    free(script);
}

/* The storage fails at every event: an error, then nothing more is written, and opening finds old or new. */
static void test_failing_storage(void **state)
{
    (void)state;
    struct power_cut good;
    struct nvm nvm;
    struct script *script = run_script(&good, &nvm);
    for (size_t events = 0; events < good.event_count; events++) {
        struct script again = {.random = script->random};
        struct power_cut cut;
        struct nvm failing;
        power_cut_begin(&cut, good.start, IMAGE_SIZE);
        cut.events_allowed = events;
        assert_ok(nvm_open(&failing, &cut.storage));
        uint8_t before[DATA_SIZE];
        uint8_t after[DATA_SIZE];
        enum gbau_status status = GBAU_OK;
        memcpy(after, failing.data, DATA_SIZE);
        while (status == GBAU_OK) {
            memcpy(before, after, DATA_SIZE);
            nvm_begin(&failing);
            change_at_random(&again, &failing, after);
            status = nvm_commit(&failing);
        }
        assert_status(status, GBAU_E_STORAGE);
        cut.events_allowed = SIZE_MAX;
        nvm_begin(&failing);
        nvm_fill(&failing, 0, 0, 1);
        assert_status(nvm_commit(&failing), GBAU_E_STORAGE);
        assert_ok(nvm_open(&failing, &cut.storage));
        assert_true(memcmp(failing.data, before, DATA_SIZE) == 0 || memcmp(failing.data, after, DATA_SIZE) == 0);
        power_cut_end(&cut);
    }
    power_cut_end(&good);
    free(script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),          cmocka_unit_test(test_interrupted_format),
        cmocka_unit_test(test_transaction),     cmocka_unit_test(test_refused_transactions),
        cmocka_unit_test(test_every_cut),       cmocka_unit_test(test_cut_while_opening),
        cmocka_unit_test(test_failing_storage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
