/* test_suspension.c: SUSPEND UICC and its RESUME: what is kept, for whom, and how long (TS 102 221 11.1.22). */
#include "api_testing.h"
#include "file_testing.h"
#include "uicc/suspension.h"

#define SUSPEND      "807600000400010005"
#define WRONG_RESUME "80760100080000000000000000"

/* Suspends the card; gives the command that resumes it. */
static const char *suspend(struct test_card *card)
{
    static char resume[27];
    const char *response = apdu(card, SUSPEND);
    assert_int_equal(strlen(response), 2 * (2 + SUSPENSION_TOKEN_SIZE) + 4);
    assert_int_equal(strncmp(response, "0005", 4), 0); /* the greatest duration is granted */
    assert_string_equal(sw_of(response), "9000");
    (void)snprintf(resume, sizeof resume, "8076010008%.16s", response + 4);
    return resume;
}

/* PIN and ADM verified; channel 0 at the first record of EF_ECC, 1 in MF, 2 at EF_PL; 3 was closed again. */
static void begin_with_a_session(struct test_card *card)
{
    static const struct exchange exchanges[] = {
        {"00a4040c10" USIM_AID, "9000"}, {"00a4000c026fb7", "9000"}, {"00b2000200", "11f2ff009000"},
        {"0070000001", "019000"},        {"0070000001", "029000"},   {"0070000001", "039000"},
        {"02a4000c022f05", "9000"},      {"0070800300", "9000"},
    };
    begin_as_administrator(card);
    assert_exchanges(card, exchanges);
}

static void test_resume(void **state)
{
    (void)state;
    static const struct exchange as_it_was[] = {
        {"00b2000400", "11f2ff009000"}, {"80f2010100", "8410" USIM_AID "9000"},
        {"01b0000001", "6986"},         {"02b0000002", "656e9000"},
        {"03b0000001", "6881"},         {"00d6870001ff", "9000"}, /* ADM */
        {"00b0820001", "659000"},       {"00b0870000", "ff09101010325476989000"},
    };
    struct test_card card;
    begin_with_a_session(&card);
    const char *resume = suspend(&card);
    test_card_restart(&card);
    assert_apdu(&card, resume, "9000");
    assert_exchanges(&card, as_it_was);
    assert_apdu(&card, resume, "6985"); /* a token serves once */
    test_card_restart(&card);
    assert_apdu(&card, resume, "6985");
    assert_apdu(&card, "00b0870001", "6a82");
    test_card_end(&card);
}

/* Until the power has gone nothing is answered, not even to the token. */
static void test_suspended(void **state)
{
    (void)state;
    static const char *const commands[] = {"00a4000c023f00", "80f2000c", SUSPEND,
                                           WRONG_RESUME,     "00200001", "0084000008"};
    struct test_card card;
    begin_with_a_session(&card);
    const char *resume = suspend(&card);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        assert_apdu(&card, commands[i], "6985");
    }
    assert_apdu(&card, resume, "6985");
    assert_apdu(&card, "80ff0000", "6d00"); /* what is no command is that still */
    test_card_restart(&card);
    assert_apdu(&card, resume, "9000"); /* and nothing of it was heard */
    test_card_end(&card);

    begin_with_a_session(&card);
    resume = suspend(&card);
    uicc_reset(&card.uicc); /* a warm reset ends it as well */
    assert_apdu(&card, resume, "9000");
    assert_apdu(&card, "02b0000002", "656e9000");
    test_card_end(&card);
}

/* Another token is refused, and the right one too from then on. */
static void test_wrong_token(void **state)
{
    (void)state;
    struct test_card card;
    begin_with_a_session(&card);
    const char *resume = suspend(&card);
    test_card_restart(&card);
    assert_apdu(&card, WRONG_RESUME, "6982");
    assert_apdu(&card, resume, "6985");
    assert_apdu(&card, WRONG_RESUME, "6985");
    assert_apdu(&card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(&card, "00b0870001", "6982");
    test_card_end(&card);

    for (size_t bit = 0; bit < 8 * SUSPENSION_TOKEN_SIZE; bit++) {
        uint8_t command[5 + SUSPENSION_TOKEN_SIZE];
        test_card_begin(&card);
        from_hex(suspend(&card), command, sizeof command);
        command[5 + bit / 8] ^= (uint8_t)(1U << bit % 8);
        test_card_restart(&card);
        assert_apdu(&card, hex_of(command, sizeof command), "6982");
        test_card_end(&card);
    }
}

/* Whatever else the terminal sends says that it wants no resumption. What is no command says nothing. */
static void test_other_commands_in_between(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        const char *resumed;
    } cases[] = {
        {"80f2000c", "6985"},
        {"00a4000c023f00", "6985"},
        {"00a4000c021234", "6985"},
        {"00200001", "6985"},
        {"00b0000001", "6985"},
        {"0070000001", "6985"},
        {"80ff0000", "9000"},
        {"a0a40000023f00", "9000"},
        {"01a4000c023f00", "9000"},           /* on a channel that is not open */
        {"807601000700000000000000", "9000"}, /* no token of that length */
        {"80760100", "9000"},
        {"80760200080000000000000000", "9000"},
        {"80760101080000000000000000", "9000"},
        {"8076000003000100", "9000"},
        {"807600000405010005", "9000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_card card;
        begin_with_a_session(&card);
        const char *resume = suspend(&card);
        test_card_restart(&card);
        (void)apdu(&card, cases[i].command);
        const char *response = apdu(&card, resume);
        if (strcmp(response, cases[i].resumed) != 0) {
            fail_msg("after %s RESUME gives %s", cases[i].command, response);
        }
        test_card_end(&card);
    }
}

static void test_wrong_parameters(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"80760000", "6700"},
        {"8076000003000100", "6700"},
        {"80760000050001000500", "6700"},
        {"807600000405010005", "6a80"},
        {"807600000400010505", "6a80"},
        {"807600010400010005", "6a86"},
        {"807602000400010005", "6a86"},
        {"007600000400010005", "6e00"},
        {WRONG_RESUME, "6985"},
        {"807601000700000000000000", "6700"},
        {"0070000001", "019000"},
        {"817600000400010005", "6a86"},
        {"80f2000c", "9000"}, /* none of them has suspended the card */
    };
    run_on_new_card(exchanges);
}

/* A card that is suspended again forgets the first token. */
static void test_suspended_again(void **state)
{
    (void)state;
    char first[27];
    struct test_card card;
    begin_with_a_session(&card);
    (void)snprintf(first, sizeof first, "%s", suspend(&card));
    test_card_restart(&card);
    const char *second = suspend(&card); /* nothing is selected or verified this time */
    assert_string_not_equal(first, second);
    test_card_restart(&card);
    assert_apdu(&card, second, "9000");
    assert_apdu(&card, "01b0000001", "6881");
    assert_apdu(&card, "00d6850001ff", "6982");
    test_card_end(&card);

    begin_with_a_session(&card);
    (void)snprintf(first, sizeof first, "%s", suspend(&card));
    test_card_restart(&card);
    (void)suspend(&card);
    test_card_restart(&card);
    assert_apdu(&card, first, "6982");
    test_card_end(&card);
}

/* Keys that were opened through the API are gone; the token is nowhere in the memory. */
static void test_what_is_not_kept(void **state)
{
    (void)state;
    struct test_card card;
    uint8_t command[5 + SUSPENSION_TOKEN_SIZE];
    test_card_begin(&card);
    enter_usim(&card);
    (void)bootstrap(&card, 0x01, 1);
    assert_sw(&card, TEST_DERIVE, "9000");
    assert_sw(&card, SELECT_API, "9000");
    assert_int_equal(open_key(&card, OPEN_KEY("01", "01")), 0);
    from_hex(suspend(&card), command, sizeof command);
    for (size_t i = 0; i + SUSPENSION_TOKEN_SIZE <= card.storage.size; i++) {
        assert_memory_not_equal(card.memory + i, command + 5, SUSPENSION_TOKEN_SIZE);
    }
    test_card_restart(&card);
    assert_apdu(&card, hex_of(command, sizeof command), "9000");
    assert_apdu(&card, "805200c103870161", "6a88");
    assert_int_equal(open_key(&card, OPEN_KEY("01", "01")), 0); /* the applet is still selected */
    test_card_end(&card);
}

/* What stands in the memory and names no file of this card is not resumed. */
static void test_kept_state_that_cannot_be(void **state)
{
    (void)state;
    enum { CHANNELS = 1 + SHA256_SIZE + 4, APPLICATION = 1, DIRECTORY = 2, FILE_ = 3 };
    static const struct {
        size_t offset;
        uint8_t value;
    } changes[] = {{APPLICATION, 3},  {APPLICATION, 0xfe}, {DIRECTORY, 1},    {DIRECTORY, 0xff},
                   {DIRECTORY, 0xfe}, {FILE_, 0xfe},       {5 + DIRECTORY, 1}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct test_card card;
        begin_with_a_session(&card);
        const char *resume = suspend(&card);
        test_card_restart(&card);
        nvm_begin(&card.uicc.nvm);
        nvm_change(&card.uicc.nvm, card.uicc.layout.suspension + CHANNELS + changes[i].offset, &changes[i].value, 1);
        assert_ok(nvm_commit(&card.uicc.nvm));
        assert_apdu(&card, resume, "6985");
        assert_apdu(&card, "00a4000c023f00", "9000");
        assert_apdu(&card, "01b0000001", "6881");
        test_card_end(&card);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resume),           cmocka_unit_test(test_suspended),
        cmocka_unit_test(test_wrong_token),      cmocka_unit_test(test_other_commands_in_between),
        cmocka_unit_test(test_wrong_parameters), cmocka_unit_test(test_suspended_again),
        cmocka_unit_test(test_what_is_not_kept), cmocka_unit_test(test_kept_state_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
