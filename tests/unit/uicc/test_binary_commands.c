/* test_binary_commands.c: READ and UPDATE BINARY: offsets, SFI, Le, and who may (TS 102 221 11.1.3, 11.1.4). */
#include "file_testing.h"

static void test_read_binary(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00b0000000", "6986"},           {"00a4000c022f08", "9000"}, {"00b0000000", "3c050200009000"},
        {"00b0000005", "3c050200009000"}, {"00b0000006", "6700"},     {"00b0000402", "6700"},
        {"00b0000400", "009000"},         {"00b0000201", "029000"},   {"00b0000500", "6b00"},
        {"00b0010000", "6b00"},           {"00b07fff01", "6b00"},     {"00b00000", "6700"},       /* no Le */
        {"00b0000001aa", "6700"},         {"00b0000001aa00", "6700"}, {"00b0850002", "656e9000"}, /* by SFI 05, EF_PL */
        {"00b0000102", "6eff9000"}, /* which is selected now */
        {"00b0850902", "6700"},           {"00b0850a01", "6b00"},     {"00b0860001", "6981"}, /* EF_ARR has records */
        {"00b09f0001", "6a82"},                                                               /* no such SFI */
        {"00b0800001", "6a82"},                                                               /* SFI 0 names nothing */
        {"00b0830001", "6a82"},           {"00a4000c022f06", "9000"}, {"00b0000001", "6981"},
        {"00a4000c023f00", "9000"},       {"00b0000001", "6986"},     {"80b0000001", "6e00"},
    };
    run_on_new_card(exchanges);
}

static void test_update_binary(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00d600000165", "6986"},
        {"00a4040c10" USIM_AID, "9000"},
        {"00d68200026465", "6982"},
        {"0020000108" TEST_PIN, "9000"},
        {"00d68200026465", "9000"},
        {"00b0820000", "6465ffffffff9000"},
        {"00d600050161", "9000"}, /* the file of the SFI is selected now */
        {"00b0000000", "6465ffffff619000"},
        {"00d60005026162", "6700"}, /* over the end */
        {"00d600060161", "6b00"},
        {"00d600000761616161616161", "6700"},
        {"00d60000", "6700"},
        {"00d6000005", "6700"},
        {"00b0000000", "6465ffffff619000"}, /* as before */
        {"00d69f000161", "6a82"},
        {"00d681000161", "6981"}, /* EF_ECC has records */
        {"00d6870001ff", "6982"}, /* EF_IMSI is ADM's */
        {"80d682000161", "6e00"},
    };
    struct test_card card;
    test_card_begin(&card);
    assert_exchanges(&card, exchanges);
    test_card_restart(&card);
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(&card, "00b0820000", "6465ffffff619000");
    test_card_end(&card);
}

/* Files larger than one command, of every size around the limits of a command. */
static void test_large_files(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    static const struct {
        unsigned size;
        unsigned last; /* octets that a read of 256 gives at the last offset that is a multiple of 255 */
    } cases[] = {{1, 1}, {254, 254}, {255, 255}, {256, 1}, {257, 2}, {511, 1}, {9000, 75}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const unsigned size = cases[i].size;
        const unsigned last = (size - 1) / 255 * 255;
        assert_string_equal(create_transparent(&card, 0x5001, size), "9000");
        assert_string_equal(apduf(&card, "00b0%04x00", last), apduf(&card, "00b0%04x%02x", last, cases[i].last));
        const char *data = repeated("a5", cases[i].last);
        assert_string_equal(apduf(&card, "00d6%04x%02x%s", last, cases[i].last, data), "9000");
        assert_int_equal(strncmp(apduf(&card, "00b0%04x00", last), data, 2 * cases[i].last), 0);
        assert_string_equal(apduf(&card, "00b0%04x01", size), "6b00");
        assert_string_equal(apduf(&card, "00d6%04x0100", size), "6b00");
        assert_string_equal(apduf(&card, "00b0%04x02", size - 1), "6700");
        assert_string_equal(apduf(&card, "00d6%04x020000", size - 1), "6700");
        assert_string_equal(apduf(&card, "00b0%04x01", size - 1), "a59000");
        if (size >= 256) {
            assert_int_equal(strlen(apdu(&card, "00b0000000")), 2 * 256 + 4);
        }
        assert_string_equal(delete_file(&card, 0x5001), "9000");
    }
    test_card_end(&card);
}

/* With an SFI the offset has one octet; 1E is the last one that a file can have. */
static void test_sfi(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    assert_string_equal(create_directory(&card, 0x5000), "9000");
    assert_string_equal(create_file(&card, DESCRIPTOR_TRANSPARENT, 0x5001, RULE_PIN_PIN, 300, 30), "9000");
    assert_string_equal(create_file(&card, DESCRIPTOR_TRANSPARENT, 0x5002, RULE_PIN_PIN, 2, 1), "9000");
    static const struct exchange exchanges[] = {
        {"00d69eff0ac0c1c2c3c4c5c6c7c8c9", "9000"},
        {"00b09eff0a", "c0c1c2c3c4c5c6c7c8c99000"},
        {"00b000ff0a", "c0c1c2c3c4c5c6c7c8c99000"}, /* the current file now, with an offset of 15 bits */
        {"00b0010203", "c3c4c59000"},
        {"00b0810002", "ffff9000"},
        {"00b0000000", "ffff9000"},
        {"00b09f0001", "6a82"},
        {"00b0be0001", "6a86"}, /* reserved bits beside the SFI */
        {"00d6de000100", "6a86"},
        {"00b0000000", "ffff9000"}, /* an SFI that is not there leaves the current file */
        {"00a4000c023f00", "9000"},
        {"00b09e0001", "6981"}, /* there 1E is EF_DIR, which has records */
    };
    assert_exchanges(&card, exchanges);
    test_card_end(&card);
}

/* Deactivated, activated and terminated. */
static void test_states(void **state)
{
    (void)state;
    struct test_card card;
    begin_as_administrator(&card);
    assert_string_equal(create_transparent(&card, 0x5001, 4), "9000");
    static const struct exchange exchanges[] = {
        {"00d600000401020304", "9000"}, {"00040000025001", "9000"},     {"00b0000000", "6984"},
        {"00d600000100", "6984"},       {"00a4000c025001", "6283"},     {"00b0000000", "6984"},
        {"0044000000", "9000"},         {"00b0000000", "010203049000"}, {"00e80000025001", "9000"},
        {"00b0000000", "6984"},         {"00d600000100", "6984"},       {"00a4000c025001", "6285"},
    };
    assert_exchanges(&card, exchanges);
    test_card_end(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_binary), cmocka_unit_test(test_update_binary), cmocka_unit_test(test_large_files),
        cmocka_unit_test(test_sfi),         cmocka_unit_test(test_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
