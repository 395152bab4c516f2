/* test_api_nonce.c: no nonce comes twice, over handles, resets, power cuts and memories restored from backups. */
#include "api_testing.h"

/* No nonce comes twice, over handles, channels, resets and restarts, and past the block that one write reserves. */
static void test_nonces(void **state)
{
    enum { RUNS = 6, LONG_RUN = 5000, SHORT_RUN = 300, BLOCK = 4096 };
    (void)state;
    struct test_card card;
    uint64_t last = 0;
    (void)begin_api(&card);
    for (unsigned run = 0; run < RUNS; run++) {
        const unsigned length = run == 0 ? LONG_RUN : SHORT_RUN;
        const unsigned first = open_key(&card, OPEN_KEY("01", "01"));
        const unsigned second = open_key(&card, OPEN_KEY("01", "01"));
        for (unsigned i = 0; i < length; i++) {
            uint8_t sealed[64];
            uint64_t nonce = nonce_of(seal_hello(&card, i % 2 == 0 ? first : second, sealed));
            assert_true(nonce > last);
            last = nonce;
        }
        if (run % 2 == 0) {
            test_card_restart(&card);
        } else {
            uicc_reset(&card.uicc);
        }
        enter_usim(&card);
        assert_sw(&card, SELECT_API, "9000");
    }
    assert_true(last < LONG_RUN + (RUNS - 1) * SHORT_RUN + RUNS / 2 * BLOCK); /* nor are they wasted */
    test_card_end(&card);
}

/* A card restored from a backup counts on from there; still it repeats no nonce. */
static void test_restored_card(void **state)
{
    (void)state;
    struct test_card card;
    uint8_t nonces[3][64];
    (void)begin_api(&card);
    uint8_t *backup = malloc(card.storage.size);
    assert_non_null(backup);
    memcpy(backup, card.memory, card.storage.size);
    for (size_t i = 0; i < 3; i++) {
        memcpy(card.memory, backup, card.storage.size);
        test_card_restart(&card);
        enter_usim(&card);
        assert_sw(&card, SELECT_API, "9000");
        (void)seal_hello(&card, open_key(&card, OPEN_KEY("01", "01")), nonces[i]);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(nonces[i], nonces[k], AES_GCM_NONCE_SIZE);
        }
    }
    free(backup);
    test_card_end(&card);
}

/* 10^5 nonces over random power cuts and memories restored from backups: every one is new. */

enum { MANY = 100000 };

static int compare_nonces(const void *a, const void *b)
{
    return memcmp(a, b, AEAD_NONCE_SIZE);
}

static uint32_t next_random(uint32_t *state, uint32_t below)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state % below;
}

static unsigned open_again(struct test_card *card)
{
    test_card_restart(card);
    enter_usim(card);
    assert_sw(card, SELECT_API, "9000");
    return open_key(card, OPEN_KEY("01", "01"));
}

static void take_nonce(struct test_card *card, unsigned handle, uint8_t nonce[AEAD_NONCE_SIZE])
{
    uint8_t response[UICC_RESPONSE_MAX];
    const uint8_t command[] = {0x80, API_INS_PROCESS, (uint8_t)handle, 0xc1, 2, API_TAG_TEXT, 0, 0};
    const size_t length = uicc_process(&card->uicc, octets_of(command, sizeof command), response);
    assert_int_equal(length, 2 + 12 + 2 + 2 + 16 + 2);
    memcpy(nonce, response + 2, AEAD_NONCE_SIZE);
}

static void test_many_nonces(void **state)
{
    (void)state;
    struct test_card card;
    uint32_t random = 88172645;
    uint8_t(*nonces)[AEAD_NONCE_SIZE] = malloc(sizeof(uint8_t[MANY][AEAD_NONCE_SIZE]));
    (void)begin_api(&card);
    uint8_t *backup = malloc(card.storage.size);
    assert_true(nonces != NULL && backup != NULL);
    memcpy(backup, card.memory, card.storage.size);
    unsigned handle = open_key(&card, OPEN_KEY("01", "01"));
    for (size_t i = 0; i < MANY; i++) {
        take_nonce(&card, handle, nonces[i]);
        if (next_random(&random, 4000) == 0) {
            memcpy(backup, card.memory, card.storage.size);
        }
        const bool restores = next_random(&random, 2000) == 0;
        if (restores) {
            memcpy(card.memory, backup, card.storage.size);
        }
        if (restores || next_random(&random, 400) == 0) {
            handle = open_again(&card);
        }
    }
    qsort(nonces, MANY, sizeof nonces[0], compare_nonces);
    for (size_t i = 1; i < MANY; i++) {
        assert_memory_not_equal(nonces[i - 1], nonces[i], AEAD_NONCE_SIZE);
    }
    free(backup);
    free(nonces);
    test_card_end(&card);
}

/* The counter grows over everything, and nonces and it never meet. */
static void test_counter(void **state)
{
    (void)state;
    struct test_card card;
    uint64_t last = 0;
    (void)begin_api(&card);
    for (unsigned i = 0; i < 600; i++) {
        unsigned long long counter = 0;
        uint8_t sealed[64];
        const char *response = apdu(&card, "804e0000");
        assert_int_equal(sscanf(response, "8708%16llx9000", &counter), 1);
        assert_true(counter > last);
        last = counter;
        const unsigned handle = open_key(&card, OPEN_KEY("01", "01"));
        const uint64_t nonce = nonce_of(seal_hello(&card, handle, sealed));
        assert_true(nonce > last);
        last = nonce;
        assert_int_equal(close_handle(&card, (uint8_t)handle), 0x9000);
        if (i % 200 == 199) {
            test_card_restart(&card);
            enter_usim(&card);
            assert_sw(&card, SELECT_API, "9000");
        }
    }
    test_card_end(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nonces),
        cmocka_unit_test(test_restored_card),
        cmocka_unit_test(test_many_nonces),
        cmocka_unit_test(test_counter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
