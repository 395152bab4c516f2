/* test_channel.c: logical channels: classes, opening, closing, what each has for itself (TS 102 221 8.7, 10.1.1). */
#include "test_card.h"

/* The first octet of an interindustry command on a channel. */
static unsigned class_of(unsigned channel)
{
    return channel < 4 ? channel : 0x40 + channel - 4;
}

static void test_twenty_channels(void **state)
{
    (void)state;
    struct test_card card;
    char expected[16];
    test_card_begin(&card);
    for (unsigned channel = 1; channel < UICC_CHANNELS; channel++) {
        assert_string_equal(apduf(&card, "%02xf2000c", 0x80 | class_of(channel)), "6881");
        (void)snprintf(expected, sizeof expected, "%02x9000", channel);
        assert_apdu(&card, "0070000001", expected);
        assert_string_equal(apduf(&card, "%02xf2000c", 0x80 | class_of(channel)), "9000");
    }
    assert_apdu(&card, "0070000001", "6a81");
    assert_apdu(&card, "00708007", "9000");
    assert_apdu(&card, "83f2000c", "9000");
    assert_apdu(&card, "c3f2000c", "6881");     /* 4 + 3 = 7 */
    assert_apdu(&card, "0070000001", "079000"); /* the lowest that is free */
    uicc_reset(&card.uicc);
    for (unsigned channel = 1; channel < UICC_CHANNELS; channel++) {
        assert_string_equal(apduf(&card, "%02xf2000c", 0x80 | class_of(channel)), "6881");
    }
    assert_apdu(&card, "80f2000c", "9000");
    test_card_end(&card);
}

static void test_open_by_number(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00700005", "9000"},     {"00700005", "6a81"}, /* it is open */
        {"00700013", "9000"},     {"00700014", "6a81"}, {"007000ff", "6a81"},
        {"0070000001", "019000"}, {"cff2000c", "9000"}, {"c1f2000c", "9000"},
    };
    struct test_card card;
    test_card_begin(&card);
    assert_exchanges(&card, exchanges);
    test_card_end(&card);
}

static void test_close(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00708000", "6881"}, /* channel 0 is always there */
        {"00708001", "6881"}, /* not open */
        {"00708014", "6881"},     {"007080ff", "6881"},       {"0070000001", "019000"},
        {"0070000001", "029000"}, {"0070000001", "039000"},   {"01708002", "9000"}, /* from another channel */
        {"82f2000c", "6881"},     {"01708000", "9000"},                             /* itself */
        {"01f2000c", "6881"},     {"00708003", "9000"},       {"00708003", "6881"},
        {"00700100", "6a86"},     {"0070000002aabb", "6700"}, {"8070000001", "6e00"},
    };
    struct test_card card;
    test_card_begin(&card);
    assert_exchanges(&card, exchanges);
    test_card_end(&card);
}

/* Each channel has a directory, a file, a record and an application of its own. */
static void test_selections_are_apart(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"0070000001", "019000"},
        {"00a4040c10" USIM_AID, "9000"},
        {"00a4000c026f38", "9000"},
        {"01a4000c026f38", "6a82"}, /* on channel 1 MF is selected */
        {"01a4000c022f05", "9000"},
        {"01b0000002", "656e9000"},
        {"80f2000100", "8410" USIM_AID "9000"},
        {"81f2000100", "9000"}, /* no application there */
        {"01a4000c027fff", "6a82"},
        {"0170000001", "029000"}, /* opened from channel 1: what is current there */
        {"02b0000002", "656e9000"},
        {"0070000001", "039000"}, /* opened from the basic channel: MF */
        {"03b0000002", "6986"},
        {"01a4040c10" USIM_AID, "9000"},
        {"0170000001", "049000"},
        {"c0f2000100", "8410" USIM_AID "9000"},
        {"40a4000c026f38", "9000"},
        {"00708001", "9000"},
        {"0070000001", "019000"}, /* anew: nothing of before */
        {"81f2000100", "9000"},
        {"01b0000002", "6986"},
        {"00b0000001", "6982"}, /* EF_UST is still selected on the basic channel, its PIN missing */
    };
    struct test_card card;
    test_card_begin(&card);
    assert_exchanges(&card, exchanges);
    test_card_end(&card);
}

/* The class octet: secure messaging, chaining, GSM and what is reserved. */
static void test_classes(void **state)
{
    (void)state;
    struct test_card card;
    test_card_begin(&card);
    for (unsigned cla = 0; cla <= 0xff; cla++) {
        const bool proprietary = (cla & 0x80) != 0;
        const bool further = (cla & 0x40) != 0;
        const unsigned channel = further ? 4 + (cla & 0x0f) : cla & 0x03;
        const char *expected = proprietary ? "6e00" : "9000";
        if (channel != 0) {
            expected = "6881";
        }
        if ((cla & 0x10) != 0) {
            expected = "6e00";
        }
        if ((further && (cla & 0x20) != 0) || (!further && (cla & 0x0c) != 0)) {
            expected = "6882";
        }
        if (!further && (cla & 0x20) != 0) {
            expected = "6e00";
        }
        const char *sw = apduf(&card, "%02xa4000c", cla);
        if (strcmp(sw, expected) != 0) {
            fail_msg("class %02x gives %s instead of %s", cla, sw, expected);
        }
    }
    test_card_end(&card);
}

/* Commands that are none, and lengths that are none. */
static void test_malformed_commands(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"", "6700"},
        {"00", "6700"},
        {"00a4", "6700"},
        {"00a400", "6700"},
        {"00a4000c033f", "6700"},
        {"00a4000c033f00", "6700"},
        {"00a4000c013f0000", "6700"},
        {"00a4000c00023f00", "6700"}, /* extended length */
        {"00b0000000000100", "6700"},
        {"00ff0000", "6d00"},
        {"00c1000000", "6d00"},
        {"80110000", "6d00"},
        {"00c0000000", "6f00"}, /* nothing is left to get */
        {"00f2000c", "6e00"},
        {"80a4000c", "6e00"},
        {"0084000008", "9000"},
    };
    struct test_card card;
    test_card_begin(&card);
    for (size_t i = 0; i < sizeof exchanges / sizeof exchanges[0]; i++) {
        assert_sw(&card, exchanges[i].command, exchanges[i].response);
    }
    uint8_t response[UICC_RESPONSE_MAX];
    uint8_t command[UICC_COMMAND_MAX + 1] = {0x00, 0xa4, 0x00, 0x0c, 0xff};
    assert_int_equal(uicc_process(&card.uicc, octets_of(command, sizeof command), response), 2);
    assert_memory_equal(response, "\x67\x00", 2);
    assert_int_equal(uicc_process(&card.uicc, octets_of(NULL, 0), response), 2);
    assert_memory_equal(response, "\x67\x00", 2);
    test_card_end(&card);
}

static void test_get_challenge(void **state)
{
    (void)state;
    struct test_card card;
    char first[2 * UICC_RESPONSE_MAX + 1];
    test_card_begin(&card);
    for (unsigned le = 0; le <= 0xff; le++) {
        const char *response = apduf(&card, "00840000%02x", le);
        assert_int_equal(strlen(response), 2 * (le == 0 ? 256 : le) + 4);
        assert_string_equal(sw_of(response), "9000");
    }
    (void)snprintf(first, sizeof first, "%s", apdu(&card, "0084000010"));
    assert_string_not_equal(apdu(&card, "0084000010"), first);
    assert_apdu(&card, "00840000", "6700");
    assert_apdu(&card, "0084000001aa00", "6700");
    assert_apdu(&card, "0084010008", "6a86");
    assert_apdu(&card, "0084000108", "6a86");
    test_card_end(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_twenty_channels), cmocka_unit_test(test_open_by_number),
        cmocka_unit_test(test_close),           cmocka_unit_test(test_selections_are_apart),
        cmocka_unit_test(test_classes),         cmocka_unit_test(test_malformed_commands),
        cmocka_unit_test(test_get_challenge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
