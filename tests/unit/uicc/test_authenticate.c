/* test_authenticate.c: AUTHENTICATE against the vectors of tests/data/gba_u.json, and what must be refused. */
#include "test_card.h"

#define BOOTSTRAP_V1 "0088008423dd1023553cbe9637a89d218ae64dae47bf351055f328b43577b9b98c7f3f0d723fb24400"
#define DERIVE_V1                                                                                                     \
    "0088008448de14" TEST_NAF                                                                                         \
    "3130303130313031323334353637383940696d732e6d6e633030312e6d63633030312e336770706e6574776f726b2e6f726700"
#define KS_EXT_NAF_V1 "ae9ecc3c7c17692c1d44d6d68d53a3b1624a706039753ba991e8293f3cfdec08"
#define KS_INT_NAF_V1 "0a1506dc49027e4932c767f73fde7d306ef97e37d805539f71182bb6c1b69fd2"

static void set_up(struct test_card *card)
{
    struct card_profile profile = test_profile();
    test_card_make(card, &profile);
}

static void test_vector_v1(void **state)
{
    (void)state;
    struct test_card card;
    set_up(&card);
    enter_usim(&card);
    assert_apdu(&card, BOOTSTRAP_V1, "db08a54211d5e3ba50be9000");
    assert_apdu(&card, DERIVE_V1, "db20" KS_EXT_NAF_V1 "9000");
    test_card_end(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector_v1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
