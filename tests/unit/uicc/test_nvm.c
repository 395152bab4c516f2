/* test_nvm.c: the card's memory: transactions, every way to cut the power, every flipped bit, forged records. */
#include "power_cut.h"

#include "uicc/crc32c.h"

enum {
    DATA_SIZE = 600,
    TRANSACTIONS = 80,
    HEADER_SIZE = 64,
    CRC_START = HEADER_SIZE + 640,
    MARK_START = CRC_START + 40,
    JOURNAL_START = MARK_START + 64,
    IMAGE_SIZE = JOURNAL_START + 2 * NVM_JOURNAL_HALF_SIZE,
    RECORD_HEAD = 24,
    CHANGE_HEAD = 6,
    PAGE_ENTRY = 6
};

static const uint8_t record_magic[NVM_RECORD_MAGIC_SIZE] = {0x9e, 0x37, 0x79, 0xb9, 0x7f, 0x4a, 0x7c, 0x15};

/* A script of transactions, and what the data is after each of them. */
struct script {
    uint8_t states[TRANSACTIONS + 1][DATA_SIZE];
    uint32_t random;
};

static uint32_t next_random(struct script *script, uint32_t limit)
{
    script->random = script->random * 1664525U + 1013904223U;
    return (script->random >> 8) % limit;
}

static void format(struct power_cut *cut, const uint8_t data[DATA_SIZE])
{
    uint8_t *nothing = calloc(1, IMAGE_SIZE);
    assert_non_null(nothing);
    power_cut_begin(cut, nothing, IMAGE_SIZE);
    free(nothing);
    assert_ok(nvm_format(&cut->storage, octets_of(data, DATA_SIZE), record_magic));
}

/* Adds one to four random changes to the open transaction and to `data`. */
static void change_at_random(struct script *script, struct nvm *nvm, uint8_t data[DATA_SIZE])
{
    const uint32_t count = 1 + next_random(script, 4);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t octets[256];
        const size_t length = 1 + next_random(script, sizeof octets);
        const size_t offset = next_random(script, (uint32_t)(DATA_SIZE - length + 1));
        const uint8_t value = (uint8_t)next_random(script, 256);
        for (size_t k = 0; k < length; k++) {
            octets[k] = (uint8_t)next_random(script, 256);
        }
        if (next_random(script, 4) == 0) {
            nvm_fill(nvm, offset, value, length);
            memset(data + offset, value, length);
        } else {
            nvm_change(nvm, offset, octets, length);
            memcpy(data + offset, octets, length);
        }
    }
}

/* Formats and runs the whole script; the events of the transactions are in `cut` afterwards. */
static struct script *run_script(struct power_cut *cut, struct nvm *nvm)
{
    struct script *script = calloc(1, sizeof *script);
    assert_non_null(script);
    script->random = 7;
    for (size_t i = 0; i < DATA_SIZE; i++) {
        script->states[0][i] = (uint8_t)next_random(script, 256);
    }
    format(cut, script->states[0]);
    power_cut_settle(cut);
    assert_ok(nvm_open(nvm, &cut->storage));
    for (unsigned i = 0; i < TRANSACTIONS; i++) {
        cut->stage = i;
        memcpy(script->states[i + 1], script->states[i], DATA_SIZE);
        nvm_begin(nvm);
        change_at_random(script, nvm, script->states[i + 1]);
        assert_memory_equal(nvm->data, script->states[i], DATA_SIZE);
        assert_ok(nvm_commit(nvm));
        assert_memory_equal(nvm->data, script->states[i + 1], DATA_SIZE);
    }
    return script;
}

static enum gbau_status plain_write(void *context, size_t offset, const void *data, size_t length)
{
    memcpy((uint8_t *)context + offset, data, length);
    return GBAU_OK;
}

static enum gbau_status plain_sync(void *context)
{
    (void)context;
    return GBAU_OK;
}

static struct nvm_storage plain_storage(uint8_t *image)
{
    return (struct nvm_storage){
        .memory = image, .size = IMAGE_SIZE, .write = plain_write, .sync = plain_sync, .context = image};
}

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
    } bad[] = {{DATA_SIZE, 1}, {DATA_SIZE - 1, 2}, {DATA_SIZE + 1, 1}, {SIZE_MAX, 2}, {0, DATA_SIZE + 1}, {1, SIZE_MAX}};
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

/* Damage */

/* However often it is opened: the right data or a word about the damage. */
static void check_damaged(uint8_t *image, const uint8_t *right)
{
    struct nvm nvm;
    struct nvm_storage storage = plain_storage(image);
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        enum gbau_status status = nvm_open(&nvm, &storage);
        if (status == GBAU_OK) {
            assert_memory_equal(nvm.data, right, DATA_SIZE);
        } else {
            assert_true(status == GBAU_E_CORRUPT || status == GBAU_E_MALFORMED || status == GBAU_E_UNSUPPORTED);
        }
    }
}

static void test_every_flipped_bit(void **state)
{
    (void)state;
    struct power_cut cut;
    struct nvm nvm;
    struct script *script = run_script(&cut, &nvm);
    uint8_t *image = power_cut_copy(cut.memory, IMAGE_SIZE);
    for (size_t bit = 0; bit < (size_t)IMAGE_SIZE * 8; bit++) {
        memcpy(image, cut.memory, IMAGE_SIZE);
        image[bit / 8] ^= (uint8_t)(1U << bit % 8);
        check_damaged(image, script->states[TRANSACTIONS]);
    }
    free(image);
    power_cut_end(&cut);
    free(script);
}

enum { EQUAL_RECORD = RECORD_HEAD + CHANGE_HEAD + 60 + PAGE_ENTRY };

/* Commits a transaction of one page that says `value`; all of its kind have the same size. */
static void commit_equal(struct nvm *nvm, uint8_t value)
{
    nvm_begin(nvm);
    nvm_fill(nvm, NVM_PAGE_SIZE, value, 60);
    assert_ok(nvm_commit(nvm));
}

/* Records of one size: those of the round before stand exactly where the newest one ends, and must not be taken for it. */
static void test_equal_records(void **state)
{
    (void)state;
    struct power_cut cut;
    struct nvm nvm;
    uint8_t data[DATA_SIZE] = {0};
    format(&cut, data);
    assert_ok(nvm_open(&nvm, &cut.storage));
    for (unsigned i = 1; i <= 5 * NVM_JOURNAL_HALF_SIZE / EQUAL_RECORD; i++) {
        commit_equal(&nvm, (uint8_t)i);
        power_cut_settle(&cut);
        assert_ok(nvm_open(&nvm, &cut.storage));
        assert_int_equal(nvm.data[NVM_PAGE_SIZE], (uint8_t)i);
        assert_true(nvm.sequence == i);
    }
    power_cut_end(&cut);
}

/* Damage to any record that is still needed is told, even when the data is right by itself. */
static void test_damaged_records(void **state)
{
    (void)state;
    enum { PER_HALF = NVM_JOURNAL_HALF_SIZE / EQUAL_RECORD, NEWER = 10 };
    struct power_cut cut;
    struct nvm nvm;
    uint8_t data[DATA_SIZE] = {0};
    format(&cut, data);
    assert_ok(nvm_open(&nvm, &cut.storage));
    for (unsigned i = 0; i < 3 * PER_HALF + NEWER; i++) {
        commit_equal(&nvm, (uint8_t)i);
    }
    const size_t newer = JOURNAL_START + (size_t)nvm.half * NVM_JOURNAL_HALF_SIZE;
    const size_t older = JOURNAL_START + (size_t)(1 - nvm.half) * NVM_JOURNAL_HALF_SIZE;
    for (size_t record = 0; record < PER_HALF + NEWER; record++) {
        const size_t position =
            record < NEWER ? newer + record * EQUAL_RECORD : older + (record - NEWER) * EQUAL_RECORD;
        cut.memory[position + RECORD_HEAD] ^= 0x01;
        /* without its first record the older half is as if it had never been, which is as good */
        assert_status(nvm_open(&nvm, &cut.storage), record == NEWER ? GBAU_OK : GBAU_E_CORRUPT);
        cut.memory[position + RECORD_HEAD] ^= 0x01;
    }
    assert_ok(nvm_open(&nvm, &cut.storage));
    power_cut_end(&cut);
}

/* A memory of another version, with its checksum right, and one whose header lies about its size. */
static void test_unknown_header(void **state)
{
    (void)state;
    struct power_cut cut;
    struct nvm nvm;
    uint8_t data[DATA_SIZE] = {0};
    format(&cut, data);
    const struct {
        size_t position;
        uint8_t value;
        enum gbau_status expected;
    } changes[] = {{9, 2, GBAU_E_UNSUPPORTED}, {10, 0xff, GBAU_E_CORRUPT}, {12, 3, GBAU_E_CORRUPT}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        uint8_t *image = power_cut_copy(cut.memory, IMAGE_SIZE);
        struct nvm_storage storage = plain_storage(image);
        image[changes[i].position] = changes[i].value;
        struct octet_writer crc = octet_writer_of(image + 22, 4);
        octet_writer_u32(&crc, crc32c_of(image, 22));
        assert_status(nvm_open(&nvm, &storage), changes[i].expected);
        free(image);
    }
    power_cut_end(&cut);
}

/* Forgery: a terminal writes what looks like a record into a file, so that it lies where the journal is read on. */

/* A record that sets the whole first page to DD. */
static size_t forge_record(uint8_t *out, const uint8_t magic[NVM_RECORD_MAGIC_SIZE], uint64_t sequence)
{
    uint8_t page[NVM_PAGE_SIZE];
    memset(page, 0xdd, sizeof page);
    struct octet_writer writer = octet_writer_of(out, 256);
    octet_writer_put(&writer, magic, NVM_RECORD_MAGIC_SIZE);
    octet_writer_u32(&writer, 0);
    octet_writer_u64(&writer, sequence);
    octet_writer_u16(&writer, CHANGE_HEAD + NVM_PAGE_SIZE);
    octet_writer_u16(&writer, 1);
    octet_writer_u32(&writer, 0);
    octet_writer_u16(&writer, NVM_PAGE_SIZE);
    octet_writer_put(&writer, page, sizeof page);
    octet_writer_u16(&writer, 0);
    octet_writer_u32(&writer, crc32c_of(page, sizeof page));
    struct octet_writer crc = octet_writer_of(out + NVM_RECORD_MAGIC_SIZE, 4);
    octet_writer_u32(&crc, crc32c_of(out + NVM_RECORD_MAGIC_SIZE + 4, writer.length - NVM_RECORD_MAGIC_SIZE - 4));
    return writer.length;
}

static void commit_octets(struct nvm *nvm, size_t offset, const uint8_t *octets, size_t length)
{
    nvm_begin(nvm);
    nvm_change(nvm, offset, octets, length);
    assert_ok(nvm_commit(nvm));
}

/*
 * The first record of the journal carries a forged one, placed where the journal ends after it has gone round once.
 * Returns the sequence number that the record of the attacker must have.
 */
static uint64_t attack(struct nvm *nvm, const uint8_t magic[NVM_RECORD_MAGIC_SIZE], uint64_t sequence)
{
    enum { SMALL_RECORD = RECORD_HEAD + CHANGE_HEAD + 1 + PAGE_ENTRY };
    uint8_t octets[256] = {0};
    (void)forge_record(octets + (SMALL_RECORD - RECORD_HEAD - CHANGE_HEAD), magic, sequence);
    commit_octets(nvm, 128, octets, 200);
    while (nvm->half == 1) { /* a new memory begins with the second half */
        commit_octets(nvm, 128, octets, 200);
    }
    memset(octets, 0, sizeof octets);
    while (nvm->half == 0) {
        commit_octets(nvm, 128, octets, 1);
    }
    return nvm->sequence + 1;
}

static enum gbau_status run_attack(const uint8_t *guess, uint8_t first_page[NVM_PAGE_SIZE])
{
    struct power_cut cut;
    struct nvm nvm;
    uint8_t data[DATA_SIZE] = {0};
    format(&cut, data);
    assert_ok(nvm_open(&nvm, &cut.storage));
    const uint64_t sequence = attack(&nvm, guess, 0);
    power_cut_end(&cut);

    format(&cut, data);
    assert_ok(nvm_open(&nvm, &cut.storage));
    assert_true(attack(&nvm, guess, sequence) == sequence);
    enum gbau_status status = nvm_open(&nvm, &cut.storage);
    memcpy(first_page, nvm.data, NVM_PAGE_SIZE);
    power_cut_end(&cut);
    return status;
}

static void test_forged_record(void **state)
{
    (void)state;
    static const uint8_t untouched[NVM_PAGE_SIZE];
    uint8_t first_page[NVM_PAGE_SIZE];
    uint8_t guess[NVM_RECORD_MAGIC_SIZE];
    assert_ok(run_attack(record_magic, first_page)); /* the attack is real: only the secret number stops it */
    assert_int_equal(first_page[0], 0xdd);
    for (size_t i = 0; i < sizeof guess; i++) {
        memcpy(guess, record_magic, sizeof guess);
        guess[i] ^= 0x01;
        assert_ok(run_attack(guess, first_page));
        assert_memory_equal(first_page, untouched, sizeof untouched);
    }
}

/* A file full of "later records" does not make the memory look damaged. */
static void test_forged_damage(void **state)
{
    (void)state;
    struct power_cut cut;
    struct nvm nvm;
    uint8_t data[DATA_SIZE] = {0};
    uint8_t forged[256];
    format(&cut, data);
    assert_ok(nvm_open(&nvm, &cut.storage));
    size_t length = forge_record(forged, (const uint8_t *)"GBJRGBJR", 1000);
    commit_octets(&nvm, 0, forged, length);
    assert_ok(nvm_open(&nvm, &cut.storage));
    assert_memory_equal(nvm.data, forged, length);
    power_cut_end(&cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_interrupted_format),
        cmocka_unit_test(test_transaction),
        cmocka_unit_test(test_refused_transactions),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_cut_while_opening),
        cmocka_unit_test(test_failing_storage),
        cmocka_unit_test(test_every_flipped_bit),
        cmocka_unit_test(test_equal_records),
        cmocka_unit_test(test_damaged_records),
        cmocka_unit_test(test_unknown_header),
        cmocka_unit_test(test_forged_record),
        cmocka_unit_test(test_forged_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
