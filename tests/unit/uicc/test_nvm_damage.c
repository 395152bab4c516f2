/* test_nvm_damage.c: the card's memory with every bit flipped, with lost records, and with forged ones. */
#include "nvm_testing.h"

#include "uicc/crc32c.h"

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

/* Records of one size: those of the round before stand exactly where the newest one ends, and must not be taken for it.
 */
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
        cmocka_unit_test(test_every_flipped_bit), cmocka_unit_test(test_equal_records),
        cmocka_unit_test(test_damaged_records),   cmocka_unit_test(test_unknown_header),
        cmocka_unit_test(test_forged_record),     cmocka_unit_test(test_forged_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
