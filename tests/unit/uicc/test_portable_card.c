/* test_portable_card.c: a card without a crypto library gives what every card gives for V1 of tests/data/gba_u.json. */
#include "api_testing.h"
#include "crypto/portable.h"

#define BOOTSTRAP_V1  "0088008423dd1023553cbe9637a89d218ae64dae47bf351055f328b43577b9b98c7f3f0d723fb24400"
#define KS_EXT_NAF_V1 "ae9ecc3c7c17692c1d44d6d68d53a3b1624a706039753ba991e8293f3cfdec08"
#define KS_INT_NAF_V1 "0a1506dc49027e4932c767f73fde7d306ef97e37d805539f71182bb6c1b69fd2"

/* Stands for a chip's generator. */
static enum gbau_status counting_random(void *context, uint8_t *out, size_t length)
{
    uint8_t *next = context;
    for (size_t i = 0; i < length; i++) {
        out[i] = (*next)++;
    }
    return GBAU_OK;
}

/* Takes the card's OpenSSL away and gives it code of our own. */
static void make_portable(struct test_card *card, struct portable_state *memory, uint8_t *next_random)
{
    uicc_power_off(&card->uicc);
    crypto_openssl_close(&card->crypto);
    crypto_portable_open(&card->crypto, memory, counting_random, next_random);
    assert_ok(uicc_power_on(&card->uicc, &card->storage, &card->crypto));
    enter_usim(card);
}

static void end_portable(struct test_card *card)
{
    uicc_power_off(&card->uicc);
    crypto_portable_close(&card->crypto);
    test_card_end(card);
}

static void test_vector_v1(void **state)
{
    (void)state;
    struct test_card card;
    struct portable_state memory;
    uint8_t next_random = 1;
    test_card_begin(&card);
    make_portable(&card, &memory, &next_random);
    assert_apdu(&card, BOOTSTRAP_V1, "db08a54211d5e3ba50be9000");
    assert_apdu(&card, TEST_DERIVE, "db20" KS_EXT_NAF_V1 "9000");
    end_portable(&card);
}

/* What it seals with a key distributed from Ks_int_NAF, a NAF on OpenSSL opens. */
static void test_seals_for_a_naf(void **state)
{
    (void)state;
    struct test_card card;
    struct portable_state memory;
    struct ks_int_naf root;
    struct crypto portable;
    uint8_t next_random = 1;
    uint8_t octets[64];
    from_hex(KS_INT_NAF_V1, root.octets, sizeof root.octets);
    test_card_begin(&card);
    make_portable(&card, &memory, &next_random);
    assert_sw(&card, BOOTSTRAP_V1, "9000");
    assert_sw(&card, TEST_DERIVE, "9000");
    assert_sw(&card, SELECT_API, "9000");
    const unsigned handle = open_key(&card, OPEN_KEY("01", "01"));
    const struct octets sealed = seal_hello(&card, handle, octets);
    portable = card.crypto;
    assert_ok(crypto_openssl_open(&card.crypto));
    const struct application_key key = key_of_naf(&card, &root, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_AES_128_GCM);
    assert_true(naf_opens(&card, &key, sealed));
    crypto_openssl_close(&card.crypto);
    card.crypto = portable;
    end_portable(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector_v1),
        cmocka_unit_test(test_seals_for_a_naf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
