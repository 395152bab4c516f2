/* nvm_testing.h: a small memory under test, and a script of transactions on it. */
#ifndef TESTS_UNIT_UICC_NVM_TESTING_H
#define TESTS_UNIT_UICC_NVM_TESTING_H

#include "power_cut.h"

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

static inline uint32_t next_random(struct script *script, uint32_t limit)
{
    script->random = script->random * 1664525U + 1013904223U;
    return (script->random >> 8) % limit;
}

static inline void format(struct power_cut *cut, const uint8_t data[DATA_SIZE])
{
    uint8_t *nothing = calloc(1, IMAGE_SIZE);
    assert_non_null(nothing);
    power_cut_begin(cut, nothing, IMAGE_SIZE);
    free(nothing);
    assert_ok(nvm_format(&cut->storage, octets_of(data, DATA_SIZE), record_magic));
}

/* Adds one to four random changes to the open transaction and to `data`. */
static inline void change_at_random(struct script *script, struct nvm *nvm, uint8_t data[DATA_SIZE])
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
static inline struct script *run_script(struct power_cut *cut, struct nvm *nvm)
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

static inline enum gbau_status plain_write(void *context, size_t offset, const void *data, size_t length)
{
    memcpy((uint8_t *)context + offset, data, length);
    return GBAU_OK;
}

static inline enum gbau_status plain_sync(void *context, size_t offset, size_t length)
{
    (void)offset;
    (void)length;
    (void)context;
    return GBAU_OK;
}

static inline struct nvm_storage plain_storage(uint8_t *image)
{
    return (struct nvm_storage){
        .memory = image, .size = IMAGE_SIZE, .write = plain_write, .sync = plain_sync, .context = image};
}

#endif
