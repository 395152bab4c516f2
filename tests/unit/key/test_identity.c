/* test_identity.c: IMPI and BSF name of an IMSI (TS 23.003 13.3 and 16.2). */
#include "testing.h"

#include "key/identity.h"

static void check(const char *imsi, unsigned mnc_digits, const char *impi, const char *bsf_fqdn)
{
    struct identity identity;
    assert_ok(identity_of_imsi(imsi, mnc_digits, &identity));
    assert_string_equal(identity.imsi, imsi);
    assert_string_equal(identity.impi, impi);
    assert_string_equal(identity.bsf_fqdn, bsf_fqdn);
}

static void test_names(void **state)
{
    (void)state;
    check("234150999999999", 2, "234150999999999@ims.mnc015.mcc234.3gppnetwork.org",
          "bsf.mnc015.mcc234.pub.3gppnetwork.org");
    check("310260123456789", 3, "310260123456789@ims.mnc260.mcc310.3gppnetwork.org",
          "bsf.mnc260.mcc310.pub.3gppnetwork.org");
    check("310260123456789", 2, "310260123456789@ims.mnc026.mcc310.3gppnetwork.org",
          "bsf.mnc026.mcc310.pub.3gppnetwork.org");
    check("001010123456789", 2, "001010123456789@ims.mnc001.mcc001.3gppnetwork.org",
          "bsf.mnc001.mcc001.pub.3gppnetwork.org");
    check("001001123456789", 3, "001001123456789@ims.mnc001.mcc001.3gppnetwork.org",
          "bsf.mnc001.mcc001.pub.3gppnetwork.org");
}

static void test_lengths(void **state)
{
    (void)state;
    check("123456", 2, "123456@ims.mnc045.mcc123.3gppnetwork.org", "bsf.mnc045.mcc123.pub.3gppnetwork.org");
    check("123456", 3, "123456@ims.mnc456.mcc123.3gppnetwork.org", "bsf.mnc456.mcc123.pub.3gppnetwork.org");
}

static void test_refused(void **state)
{
    static const char *const imsis[] = {"",
                                        "12345",
                                        "1234567890123456",
                                        "00101012345678a",
                                        "00101 12345678",
                                        "00101?123456789",
                                        "-01010123456789",
                                        "001010123456789\n"};
    (void)state;
    struct identity identity;
    for (size_t i = 0; i < sizeof imsis / sizeof imsis[0]; i++) {
        assert_status(identity_of_imsi(imsis[i], 2, &identity), GBAU_E_ARGUMENT);
    }
    assert_status(identity_of_imsi("001010123456789", 0, &identity), GBAU_E_ARGUMENT);
    assert_status(identity_of_imsi("001010123456789", 1, &identity), GBAU_E_ARGUMENT);
    assert_status(identity_of_imsi("001010123456789", 4, &identity), GBAU_E_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
