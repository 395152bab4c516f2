/* test_pin.c: VERIFY, CHANGE, DISABLE, ENABLE and UNBLOCK PIN, and what they open (TS 102 221 9.5, 11.1.9 to 11.1.13).
 */
#include "test_card.h"

#define WRONG      "31313131ffffffff"
#define OTHER      "3938373635343332"
#define VERIFY     "0020000108"
#define VERIFY_ADM "0020000a08"
#define QUERY      "00200001"
#define QUERY_PUK  "002c0001"
#define CHANGE     "0024000110"
#define UNBLOCK    "002c000110"
#define WRONG_PUK  "3131313131313131"
#define READ_IMSI  "00b0870009"
#define IMSI       "0809101010325476989000"
#define WRITE_LI   "00d68200026465"

/* A card with the USIM selected, PIN not verified. */
static void begin(struct test_card *card)
{
    test_card_begin(card);
    assert_apdu(card, "00a4040c10" USIM_AID, "9000");
}

/* VERIFY */

static void test_verify(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {QUERY, "63c3"},
        {READ_IMSI, "6982"},
        {VERIFY TEST_PIN, "9000"},
        {READ_IMSI, IMSI},
        {VERIFY WRONG, "63c2"},
        {READ_IMSI, "6982"}, /* a wrong PIN takes the right back */
        {QUERY, "63c2"},
        {VERIFY TEST_PIN, "9000"},
        {QUERY, "63c3"},
        {VERIFY "3132333435ffffff", "63c2"}, /* the PIN must be whole */
        {VERIFY "31323334ffffff00", "63c1"},
        {VERIFY TEST_PIN, "9000"},
        {READ_IMSI, IMSI},
    };
    struct test_card card;
    begin(&card);
    assert_exchanges(&card, exchanges);
    uicc_reset(&card.uicc);
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(&card, READ_IMSI, "6982");
    assert_apdu(&card, QUERY, "63c3");
    test_card_end(&card);
}

/* The third wrong PIN gives 63C0, the next ones 6983, right or wrong; neither reset nor restart gives tries back. */
static void test_blocking(void **state)
{
    (void)state;
    static const struct exchange blocked[] = {
        {QUERY, "6983"},
        {VERIFY TEST_PIN, "6983"},
        {VERIFY WRONG, "6983"},
        {CHANGE TEST_PIN OTHER, "6983"},
        {"0026000108" TEST_PIN, "6983"},
        {"0028000108" TEST_PIN, "6984"}, /* it is enabled */
        {READ_IMSI, "6982"},
    };
    struct test_card card;
    begin(&card);
    assert_apdu(&card, VERIFY WRONG, "63c2");
    test_card_restart(&card);
    assert_apdu(&card, QUERY, "63c2");
    assert_apdu(&card, VERIFY WRONG, "63c1");
    uicc_reset(&card.uicc);
    assert_apdu(&card, VERIFY WRONG, "63c0");
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_exchanges(&card, blocked);
    test_card_restart(&card);
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_exchanges(&card, blocked);
    test_card_end(&card);
}

/* Commands of one kind draw on the same tries. */
static void test_shared_tries(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {VERIFY WRONG, "63c2"},
        {CHANGE WRONG OTHER, "63c1"},
        {"0026000108" WRONG, "63c0"},
        {VERIFY TEST_PIN, "6983"},
    };
    struct test_card card;
    begin(&card);
    assert_exchanges(&card, exchanges);
    test_card_end(&card);
}

/* The status of the PIN is valid on all channels (11.1.9), and a wrong PIN on any ends it on all. */
static void test_all_channels(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"0070000001", "019000"}, {"01a4040c10" USIM_AID, "9000"},
        {"01b0870009", "6982"},   {VERIFY TEST_PIN, "9000"},
        {"01b0870009", IMSI},     {"0120000108" WRONG, "63c2"},
        {READ_IMSI, "6982"},      {"0120000108" TEST_PIN, "9000"},
        {READ_IMSI, IMSI},        {"00708001", "9000"},
        {READ_IMSI, IMSI}, /* closing a channel takes nothing away */
    };
    struct test_card card;
    begin(&card);
    assert_exchanges(&card, exchanges);
    test_card_end(&card);
}

/* ADM opens what is ADM's, and nothing else. */
static void test_administrative_key(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {VERIFY_ADM "4142434445464749", "63c9"},
        {"0020000a", "63c9"},
        {VERIFY_ADM TEST_ADM, "9000"},
        {"0020000a", "63ca"},
        {READ_IMSI, "6982"},
        {WRITE_LI, "6982"},
        {VERIFY TEST_PIN, "9000"},
        {WRITE_LI, "9000"},
        {"00d6870009080910101032547699", "9000"}, /* EF_IMSI: update by ADM */
        {"0026000a08" TEST_ADM, "6a81"},          /* it cannot be disabled */
        {"002c000a10" TEST_ADM TEST_ADM, "6a81"}, /* and has no unblock PIN */
        {"002c000a", "6a81"},
        {"0024000a10" TEST_ADM "0001020304050607", "9000"}, /* any octets */
        {VERIFY_ADM TEST_ADM, "63c9"},
        {"00d6870009080910101032547698", "6982"},
        {VERIFY_ADM "0001020304050607", "9000"},
    };
    struct test_card card;
    begin(&card);
    assert_exchanges(&card, exchanges);
    for (unsigned left = 10; left > 0; left--) {
        char expected[8];
        (void)snprintf(expected, sizeof expected, "63c%x", left - 1);
        assert_apdu(&card, VERIFY_ADM TEST_ADM, expected);
    }
    assert_apdu(&card, VERIFY_ADM "0001020304050607", "6983");
    test_card_end(&card);
}

/* CHANGE PIN */

static void test_change(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {CHANGE TEST_PIN "313233ffffffffff", "6a80"}, /* too short */
        {CHANGE TEST_PIN "3132333aFFFFFFFF", "6a80"}, /* no digit */
        {CHANGE TEST_PIN "31323334ff35ffff", "6a80"}, /* a gap */
        {CHANGE TEST_PIN "3132333400000000", "6a80"}, /* wrong padding */
        {CHANGE WRONG "313233ffffffffff", "6a80"},
        {QUERY, "63c3"}, /* none of them was a try, nor told whether the old PIN was right */
        {CHANGE WRONG OTHER, "63c2"},
        {CHANGE TEST_PIN OTHER, "9000"},
        {READ_IMSI, IMSI},
        {VERIFY TEST_PIN, "63c2"},
        {READ_IMSI, "6982"},
        {VERIFY OTHER, "9000"},
        {CHANGE OTHER TEST_PIN, "9000"},
    };
    struct test_card card;
    begin(&card);
    assert_exchanges(&card, exchanges);
    test_card_restart(&card);
    assert_apdu(&card, VERIFY TEST_PIN, "9000");
    test_card_end(&card);
}

/* DISABLE and ENABLE */

static void test_disable_and_enable(void **state)
{
    (void)state;
    static const struct exchange disabling[] = {
        {"0028000108" TEST_PIN, "6984"},
        {"0026000108" WRONG, "63c2"},
        {"0026000108" TEST_PIN, "9000"},
        {"0026000108" TEST_PIN, "6984"},
        {QUERY, "6984"},
        {VERIFY TEST_PIN, "6984"},
        {CHANGE TEST_PIN OTHER, "6984"},
    };
    static const struct exchange enabling[] = {
        {READ_IMSI, IMSI}, /* free for all */
        {"0028000108" WRONG, "63c2"},
        {READ_IMSI, IMSI},
        {"0028000108" TEST_PIN, "9000"},
        {READ_IMSI, IMSI},
        {QUERY, "63c3"},
    };
    struct test_card card;
    begin(&card);
    assert_exchanges(&card, disabling);
    test_card_restart(&card);
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_exchanges(&card, enabling);
    test_card_restart(&card);
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(&card, READ_IMSI, "6982");
    test_card_end(&card);

    struct card_profile profile = test_profile();
    profile.pin_enabled = false;
    test_card_make(&card, &profile);
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(&card, READ_IMSI, IMSI);
    assert_apdu(&card, "00d6870009080910101032547699", "6982"); /* still ADM's */
    test_card_end(&card);
}

/* The PIN status template follows (102 221 11.1.1.4.10): b8 of its octet is PIN1. */
static void test_status_in_fcp(void **state)
{
    (void)state;
    struct test_card card;
    begin(&card);
    assert_non_null(strstr(apdu(&card, "80f2000000"), "c6099001c0830101830181"));
    assert_apdu(&card, "0026000108" TEST_PIN, "9000");
    assert_non_null(strstr(apdu(&card, "80f2000000"), "c609900140830101830181"));
    test_card_end(&card);
}

/* UNBLOCK */

static void test_unblock(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {QUERY_PUK, "63ca"},
        {VERIFY WRONG, "63c2"},
        {VERIFY WRONG, "63c1"},
        {VERIFY WRONG, "63c0"},
        {UNBLOCK WRONG_PUK OTHER, "63c9"},
        {QUERY_PUK, "63c9"},
        {QUERY, "6983"},
        {UNBLOCK TEST_PUK "313233ffffffffff", "6a80"},
        {UNBLOCK WRONG_PUK "313233ffffffffff", "6a80"},
        {QUERY_PUK, "63c9"},
        {UNBLOCK TEST_PUK OTHER, "9000"},
        {QUERY, "63c3"},
        {QUERY_PUK, "63ca"},
        {READ_IMSI, IMSI}, /* access is granted at once */
        {VERIFY TEST_PIN, "63c2"},
        {VERIFY OTHER, "9000"},
    };
    struct test_card card;
    begin(&card);
    assert_exchanges(&card, exchanges);
    test_card_end(&card);
}

static void test_unblock_enables(void **state)
{
    (void)state;
    struct test_card card;
    begin(&card);
    assert_apdu(&card, "0026000108" TEST_PIN, "9000");
    assert_apdu(&card, UNBLOCK TEST_PUK OTHER, "9000");
    assert_apdu(&card, QUERY, "63c3");
    test_card_restart(&card);
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(&card, READ_IMSI, "6982");
    assert_apdu(&card, VERIFY OTHER, "9000");
    test_card_end(&card);
}

static void test_blocked_unblock_pin(void **state)
{
    (void)state;
    struct test_card card;
    begin(&card);
    for (unsigned left = 9; left > 0; left--) {
        char expected[8];
        (void)snprintf(expected, sizeof expected, "63c%x", left);
        assert_apdu(&card, UNBLOCK WRONG_PUK OTHER, expected);
        test_card_restart(&card);
    }
    assert_apdu(&card, UNBLOCK WRONG_PUK OTHER, "63c0");
    assert_apdu(&card, UNBLOCK TEST_PUK OTHER, "6983");
    assert_apdu(&card, QUERY_PUK, "6983");
    assert_apdu(&card, VERIFY TEST_PIN, "9000"); /* the PIN itself is not blocked */
    assert_apdu(&card, QUERY_PUK, "6983");
    assert_apdu(&card, CHANGE TEST_PIN OTHER, "9000");
    assert_apdu(&card, UNBLOCK TEST_PUK OTHER, "6983");
    test_card_end(&card);
}

/* Who knows the PIN cannot search for its unblock PIN: only the right one fills the counter again. */
static void test_search_for_unblock_pin(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {UNBLOCK WRONG_PUK OTHER, "63c9"}, {VERIFY TEST_PIN, "9000"},         {UNBLOCK WRONG_PUK OTHER, "63c8"},
        {CHANGE TEST_PIN OTHER, "9000"},   {UNBLOCK WRONG_PUK OTHER, "63c7"}, {"0026000108" OTHER, "9000"},
        {UNBLOCK WRONG_PUK OTHER, "63c6"}, {"0028000108" OTHER, "9000"},      {UNBLOCK WRONG_PUK OTHER, "63c5"},
    };
    struct test_card card;
    begin(&card);
    assert_exchanges(&card, exchanges);
    test_card_end(&card);
}

/* Coding */

/* PIN2 has counters, a value and an unblock PIN of its own; EF_EST and EF_FDN are updated with it. */
static void test_second_pin(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00a4040c10" USIM_AID, "9000"},
        {"0020008108" TEST_PIN, "9000"}, /* the one does not stand for the other */
        {"00b0850001", "6982"},
        {"00d685000101", "9000"},
        {"0020000108" TEST_PIN, "9000"},
        {"00b0850001", "019000"},
        {"002000810831313131ffffffff", "63c2"}, /* a wrong one takes the right away */
        {"00d685000102", "6982"},
        {"00200001", "63c3"},
        {"00b0850001", "019000"},
        {"002000810831313131ffffffff", "63c1"},
        {"002000810831313131ffffffff", "63c0"},
        {"0020008108" TEST_PIN, "6983"},
        {"00200081", "6983"},
        {"00200001", "63c3"},
        {"002c000110" TEST_PUK "35353535ffffffff", "9000"}, /* PIN1's own */
        {"0020008108" TEST_PIN, "6983"},
        {"002c00811031313131313131313636363636363636", "63c9"},
        {"002c0001", "63ca"},
        {"002c000110" TEST_PUK TEST_PIN, "9000"},
        {"002c0081", "63c9"},
        {"002c008110" TEST_PUK "3636363636363636", "9000"},
        {"00d685000103", "9000"},
        {"0024008110363636363636363637373737ffffffff", "9000"},
        {"002000810837373737ffffffff", "9000"},
        {"00200081083636363636363636", "63c2"},
        {"002800810837373737ffffffff", "6984"}, /* it is enabled, and always is */
        {"0070000001", "019000"},
        {"01a4040c10" USIM_AID, "9000"},
        {"012000810837373737ffffffff", "9000"},
        {"00d685000104", "9000"}, /* verified for all channels */
    };
    struct test_card card;
    test_card_begin(&card);
    assert_exchanges(&card, exchanges);
    test_card_restart(&card);
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(&card, "00d685000105", "6982");
    assert_apdu(&card, "0026000108" TEST_PIN, "9000"); /* without PIN1, PIN2 is asked for still */
    assert_apdu(&card, "00b0850001", "049000");
    assert_apdu(&card, "00d685000105", "6982");
    test_card_end(&card);
}

static void test_refused_coding(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"0020010108" TEST_PIN, "6a86"},
        {"0020000008" TEST_PIN, "6a86"},
        {"0020000208" TEST_PIN, "6a88"},
        {"0020008208" TEST_PIN, "6a88"},
        {"002000010731323334ffffff", "6700"},
        {"002000010931323334ffffffff31", "6700"},
        {"0020000110" TEST_PIN TEST_PIN, "6700"},
        {"0024010110" TEST_PIN OTHER, "6a86"},
        {"0024000210" TEST_PIN OTHER, "6a88"},
        {"0024000108" TEST_PIN, "6700"},
        {"00240001", "6700"},
        {"002400010f" TEST_PIN "39383736353433", "6700"},
        {"0026010108" TEST_PIN, "6a86"},
        {"0026008108" TEST_PIN, "6a81"},
        {"0026001108" TEST_PIN, "6a88"},
        {"00260001", "6700"},
        {"0028010108" TEST_PIN, "6a86"},
        {"0028000208" TEST_PIN, "6a88"},
        {"002c010110" TEST_PUK OTHER, "6a86"},
        {"002c000210" TEST_PUK OTHER, "6a88"},
        {"002c000108" TEST_PUK, "6700"},
        {"8020000108" TEST_PIN, "6e00"},
        {QUERY, "63c3"}, /* none of them was a try */
        {QUERY_PUK, "63ca"},
    };
    struct test_card card;
    begin(&card);
    assert_exchanges(&card, exchanges);
    assert_apdu(&card, "0026000108" TEST_PIN, "9000");
    assert_apdu(&card, "002800010731323334ffffff", "6700");
    test_card_end(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verify),
        cmocka_unit_test(test_blocking),
        cmocka_unit_test(test_shared_tries),
        cmocka_unit_test(test_all_channels),
        cmocka_unit_test(test_administrative_key),
        cmocka_unit_test(test_change),
        cmocka_unit_test(test_disable_and_enable),
        cmocka_unit_test(test_status_in_fcp),
        cmocka_unit_test(test_unblock),
        cmocka_unit_test(test_unblock_enables),
        cmocka_unit_test(test_blocked_unblock_pin),
        cmocka_unit_test(test_search_for_unblock_pin),
        cmocka_unit_test(test_second_pin),
        cmocka_unit_test(test_refused_coding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
