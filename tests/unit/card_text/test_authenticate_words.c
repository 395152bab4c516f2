/* test_authenticate_words.c: AUTHENTICATE in words, with what is secret in its answers. */
#include "narrator_testing.h"

#define RAND_16   "23553cbe9637a89d218ae64dae47bf35"
#define AUTN_16   "55f328b43577b9b98c7f3f0d723fb244"
#define KEY_16    "b40ba9a3c58b2a05bbf0d987b21bf8cb"
#define MASKED_8  "ffffffffffffffff"
#define MASKED_16 MASKED_8 MASKED_8
#define RES_8     "a54211d5e3ba50be"
#define RAND_TEXT "RAND 23553CBE9637A89D218AE64DAE47BF35"
#define AUTN_TEXT "AUTN 55F328B43577B9B98C7F3F0D723FB244"
#define NAF_ID    "146e61662e6578616d706c652e636f6d0100000002"

static int reset(void **state)
{
    (void)state;
    apdu_narrator_reset(&narrator);
    return 0;
}

static void gba_bootstrapping(void **state)
{
    (void)state;
    const char *bootstrap = "0088008423dd10" RAND_16 "10" AUTN_16 "00";
    assert_string_equal(tell(bootstrap, "db08" RES_8 "9000"),
                        "AUTHENTICATE GBA bootstrapping, " RAND_TEXT ", " AUTN_TEXT " -> RES (8 octets, withheld)");
    assert_masked(bootstrap, "db08" MASKED_8 "9000");
    assert_string_equal(tell(bootstrap, "dc0eba853f3c121cb55edb820040ab419000"),
                        "AUTHENTICATE GBA bootstrapping, " RAND_TEXT ", " AUTN_TEXT
                        " -> synchronisation failure, AUTS BA853F3C121CB55EDB820040AB41");
    assert_masked(bootstrap, "dc0eba853f3c121cb55edb820040ab419000");
    assert_string_equal(tell(bootstrap, "9862"), "AUTHENTICATE GBA bootstrapping, " RAND_TEXT ", " AUTN_TEXT
                                                 " -> 9862 authentication error, incorrect MAC");
}

static void gba_naf_derivation(void **state)
{
    (void)state;
    const char *derive = "008800841ade" NAF_ID "03614062"
                         "00";
    assert_string_equal(tell(derive, "db20" KEY_16 KEY_16 "9000"),
                        "AUTHENTICATE GBA NAF derivation for naf.example.com (HTTP Digest), IMPI a@b"
                        " -> Ks_ext_NAF (32 octets, withheld)");
    assert_masked(derive, "db20" MASKED_16 MASKED_16 "9000");
}

static void umts_and_gsm(void **state)
{
    (void)state;
    const char *umts = "008800812210" RAND_16 "10" AUTN_16 "00";
    const char *gsm = "008800801110" RAND_16 "00";
    assert_string_equal(tell(umts, "db08" RES_8 "10" KEY_16 "10" KEY_16 "08" RES_8 "9000"),
                        "AUTHENTICATE 3G, " RAND_TEXT ", " AUTN_TEXT " -> RES (8 octets, withheld), "
                        "CK (16 octets, withheld), IK (16 octets, withheld), Kc (8 octets, withheld)");
    assert_masked(umts, "db08" MASKED_8 "10" MASKED_16 "10" MASKED_16 "08" MASKED_8 "9000");
    assert_string_equal(tell(gsm, "04a54211d508" RES_8 "9000"),
                        "AUTHENTICATE GSM, " RAND_TEXT " -> SRES (4 octets, withheld), Kc (8 octets, withheld)");
    assert_masked(gsm, "04ffffffff08" MASKED_8 "9000");
}

/* With T=0 the keys come by GET RESPONSE, which says nothing of them. */
static void keys_that_come_by_get_response(void **state)
{
    (void)state;
    assert_string_equal(tell("008800841ade" NAF_ID "03614062", "6122"),
                        "AUTHENTICATE GBA NAF derivation for naf.example.com (HTTP Digest), IMPI a@b"
                        " -> 6122 ok, 34 octets wait for GET RESPONSE");
    assert_string_equal(tell("00c0000022", "db20" KEY_16 KEY_16 "9000"),
                        "GET RESPONSE -> Ks_ext_NAF (32 octets, withheld)");
    assert_masked("00c0000022", "db20" MASKED_16 MASKED_16 "9000");
}

static void what_is_not_understood_is_withheld_whole(void **state)
{
    (void)state;
    const char *umts = "008800812210" RAND_16 "10" AUTN_16 "00";
    assert_string_equal(tell(umts, "db40" KEY_16 "9000") + strlen("AUTHENTICATE 3G, " RAND_TEXT ", " AUTN_TEXT),
                        " -> (17 octets, withheld)");
    assert_masked(umts, "dbff" MASKED_16 "9000");
    (void)tell(umts, KEY_16 KEY_16 "9000");
    assert_masked(umts, MASKED_16 MASKED_16 "9000");
    assert_string_equal(tell("008980850453020102", "62f3"),
                        "AUTHENTICATE MBMS, 4 octets -> 62F3 ok, response data is there");
    assert_string_equal(tell("0089a08500", KEY_16 "9000"), "AUTHENTICATE MBMS, 0 octets -> (16 octets, withheld)");
    assert_masked("0089a08500", MASKED_16 "9000");
}

/* More values than anybody expects: the last mask covers the rest. */
static void many_values_leave_nothing_open(void **state)
{
    (void)state;
    (void)tell("008800812210" RAND_16 "10" AUTN_16 "00", "db01aa01bb01cc01dd01ee01aa01bb01cc9000");
    apdu_secrets_mask(&words.response_secrets, response, response_length);
    assert_octets(octets_of(response, response_length), "db01ff01ff01ff01ff01ffffffffffffff9000");
}

static void broken_commands(void **state)
{
    (void)state;
    assert_string_equal(tell("0088008403dd10aa", "6700"),
                        "AUTHENTICATE GBA bootstrapping, RAND , AUTN  (broken) -> 6700 wrong length");
    assert_string_equal(tell("0088008401aa", "6700"), "AUTHENTICATE GBA unknown mode AA -> 6700 wrong length");
    assert_string_equal(tell("0088008301aa", "6a86"), "AUTHENTICATE unknown context -> 6A86 wrong P1 or P2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(gba_bootstrapping, reset),
        cmocka_unit_test_setup(gba_naf_derivation, reset),
        cmocka_unit_test_setup(umts_and_gsm, reset),
        cmocka_unit_test_setup(keys_that_come_by_get_response, reset),
        cmocka_unit_test_setup(what_is_not_understood_is_withheld_whole, reset),
        cmocka_unit_test_setup(many_values_leave_nothing_open, reset),
        cmocka_unit_test_setup(broken_commands, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
