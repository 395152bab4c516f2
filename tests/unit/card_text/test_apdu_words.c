/* test_apdu_words.c: commands and what comes of them; which octets are secret. */
#include "narrator_testing.h"

#define SELECT_USIM "00a4040c07a0000000871002"
#define PIN_OCTETS  "31323334ffffffff"
#define MASKED_8    "ffffffffffffffff"
#define KEYS_33                                                                                                        \
    "02"                                                                                                               \
    "23553cbe9637a89d218ae64dae47bf35"                                                                                 \
    "b40ba9a3c58b2a05bbf0d987b21bf8cb"
#define MASKED_33 MASKED_8 MASKED_8 MASKED_8 MASKED_8 "ff"

static int reset(void **state)
{
    (void)state;
    apdu_narrator_reset(&narrator);
    return 0;
}

static void commands_have_names(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        const char *response;
        const char *line;
    } exchanges[] = {
        {"0020000100", "63c3", "VERIFY PIN, asking for tries left -> 63C3 3 tries left"},
        {"00200001", "6983", "VERIFY PIN, asking for tries left -> 6983 blocked"},
        {"0084000008",
         "0011223344556677"
         "9000",
         "GET CHALLENGE -> 8 octets"},
        {"0070000001", "029000", "MANAGE CHANNEL open -> channel 2"},
        {"00708002", "9000", "MANAGE CHANNEL close 2 -> ok"},
        {"80100000020102", "9120", "TERMINAL PROFILE -> 9120 ok, a proactive command of 32 octets waits"},
        {"8012000020", "d0009000", "FETCH -> 2 octets"},
        {"8014000003810301", "9000", "TERMINAL RESPONSE -> ok"},
        {"80c2000004d1020000", "9000", "ENVELOPE SMS-PP download -> ok"},
        {"80aa000002a900", "9000", "TERMINAL CAPABILITY -> ok"},
        {"8076000004", "9864", "SUSPEND UICC -> 9864 minimum suspension time too long"},
        {"00ff0102", "6d00", "command FF of class 00, P1 01 P2 02, 0 octets -> 6D00 instruction not supported"},
        {"80500000", "6d00", "OPEN KEY -> 6D00 instruction not supported"},
        {"00500000", "6d00", "command 50 of class 00, P1 00 P2 00, 0 octets -> 6D00 instruction not supported"},
        {"a0200001", "6e00", "VERIFY PIN, asking for tries left -> 6E00 class not supported"},
        {"01b0000000", "6881", "[1] READ BINARY the selected file -> 6881 logical channel not supported"},
        {"4fb0000000", "6881", "[19] READ BINARY the selected file -> 6881 logical channel not supported"},
    };
    for (size_t i = 0; i < sizeof exchanges / sizeof exchanges[0]; i++) {
        assert_string_equal(tell(exchanges[i].command, exchanges[i].response), exchanges[i].line);
    }
}

static void files_are_told_by_what_was_selected(void **state)
{
    (void)state;
    assert_string_equal(tell("00a4000c022fe2", "9000"), "SELECT EF_ICCID -> ok");
    assert_string_equal(tell("00b000000a", "98001010103254769800"
                                           "9000"),
                        "READ BINARY EF_ICCID -> 89000101012345678900");
    assert_string_equal(tell(SELECT_USIM, "9000"), "SELECT ADF_USIM -> ok");
    assert_string_equal(tell("00a40004026f07", "62178202412183026f078a01058b036f0605800200098801389000"),
                        "SELECT EF_IMSI -> transparent, 9 octets, SFI 07");
    assert_string_equal(tell("00b0000009", "0809101010325476989000"), "READ BINARY EF_IMSI -> 001010123456789");
    assert_string_equal(tell("00b0000003", "6700"), "READ BINARY EF_IMSI -> 6700 wrong length");
    assert_string_equal(tell("00b0000202", "aabb9000"), "READ BINARY EF_IMSI at 2 -> (2 octets)");
    assert_string_equal(tell("00d6000402aabb", "9000"), "UPDATE BINARY EF_IMSI at 4: (2 octets) -> ok");
    assert_string_equal(tell("00d6000009080910101032547698", "9000"), "UPDATE BINARY EF_IMSI: 001010123456789 -> ok");
}

static void short_identifiers_select(void **state)
{
    (void)state;
    (void)tell(SELECT_USIM, "9000");
    assert_string_equal(tell("00b0830004", "000000029000"),
                        "READ BINARY EF_AD -> mode normal operation, digits of MNC 2");
    assert_string_equal(tell("00b0000004", "000000029000"),
                        "READ BINARY EF_AD -> mode normal operation, digits of MNC 2");
    assert_string_equal(tell("00b2010c04", "11f2ff009000"), "READ RECORD 1 of EF_ECC -> code 112");
    (void)tell("00a40000023f00", "9000");
    assert_string_equal(tell("00b201f400", "ffff9000"), "READ RECORD 1 of EF_DIR -> empty");
}

static void records_are_told(void **state)
{
    (void)state;
    (void)tell("00a4000c022f00", "9000");
    assert_string_equal(tell("00b2020400", "61074f05a0000000019000"), "READ RECORD 2 of EF_DIR -> AID A000000001");
    assert_string_equal(tell("00b2000200", "6a83"), "READ RECORD next of EF_DIR -> 6A83 record not found");
    assert_string_equal(tell("00dc010402ffff", "6982"),
                        "UPDATE RECORD 1 of EF_DIR: empty -> 6982 not allowed, a PIN or key is needed");
    assert_string_equal(tell("00a20104026100", "01039000"), "SEARCH RECORD 1 of EF_DIR -> found in 1 3");
}

static void objects_are_told(void **state)
{
    (void)state;
    (void)tell("00a4080c047f106fe5", "9000");
    assert_string_equal(tell("80cb0080015c", "5c01809000"), "RETRIEVE DATA EF_PSISMSC object 5C -> 3 octets");
    assert_string_equal(tell("80db00800480020102", "9000"), "SET DATA EF_PSISMSC object 800201 -> ok");
}

static void pins_are_withheld(void **state)
{
    (void)state;
    assert_string_equal(tell("0020000108" PIN_OCTETS, "9000"), "VERIFY PIN (value withheld) -> ok");
    assert_masked("0020000108" MASKED_8, "9000");
    assert_string_equal(tell("0020000a08" PIN_OCTETS, "63c9"), "VERIFY ADM1 (value withheld) -> 63C9 9 tries left");
    assert_masked("0020000a08" MASKED_8, "63c9");
    assert_string_equal(tell("0024000110" PIN_OCTETS PIN_OCTETS, "9000"), "CHANGE PIN (value withheld) -> ok");
    assert_masked("0024000110" MASKED_8 MASKED_8, "9000");
    assert_string_equal(tell("0026000108" PIN_OCTETS, "9000"), "DISABLE PIN (value withheld) -> ok");
    assert_masked("0026000108" MASKED_8, "9000");
    assert_string_equal(tell("0028000108" PIN_OCTETS, "9000"), "ENABLE PIN (value withheld) -> ok");
    assert_masked("0028000108" MASKED_8, "9000");
    assert_string_equal(tell("012c008110" PIN_OCTETS PIN_OCTETS, "63c9"),
                        "[1] UNBLOCK PIN2 (value withheld) -> 63C9 9 tries left");
    assert_masked("012c008110" MASKED_8 MASKED_8, "63c9");
}

/* Whatever is wrong with the length of a command, what stands in it of a PIN is masked. */
static void broken_commands_with_pins_are_masked_too(void **state)
{
    (void)state;
    (void)tell("0020000104" PIN_OCTETS, "6700");
    assert_masked("0020000104" MASKED_8, "6700");
    (void)tell("0020000101" PIN_OCTETS, "6700");
    assert_masked("0020000101" MASKED_8, "6700");
    (void)tell("00200001000001" PIN_OCTETS, "6700");
    assert_masked("0020000100ffff" MASKED_8, "6700");
}

static void extended_commands_with_pins_are_masked(void **state)
{
    (void)state;
    assert_string_equal(tell("00200001000008" PIN_OCTETS, "9000"), "VERIFY PIN (value withheld) -> ok");
    assert_masked("00200001000008" MASKED_8, "9000");
    (void)tell("00200001000008" PIN_OCTETS "0000", "9000");
    assert_masked("00200001000008" MASKED_8 "0000", "9000");
}

static void files_of_keys_are_masked(void **state)
{
    (void)state;
    (void)tell(SELECT_USIM, "9000");
    (void)tell("00a4000c026f08", "9000");
    assert_string_equal(tell("00b0000021", KEYS_33 "9000"),
                        "READ BINARY EF_KEYS -> key set 2, CK and IK (32 octets, withheld)");
    assert_masked("00b0000021", MASKED_33 "9000");
    assert_string_equal(tell("00b0000804", "aabbccdd9000"), "READ BINARY EF_KEYS at 8 -> (4 octets, withheld)");
    assert_masked("00b0000804", "ffffffff9000");
    assert_string_equal(tell("00d6000021" KEYS_33, "9000"),
                        "UPDATE BINARY EF_KEYS: key set 2, CK and IK (32 octets, withheld) -> ok");
    assert_masked("00d6000021" MASKED_33, "9000");
    assert_string_equal(tell("00b0890021", KEYS_33 "9000"),
                        "READ BINARY EF_KEYSPS -> key set 2, CK and IK (32 octets, withheld)");
    assert_masked("00b0890021", MASKED_33 "9000");
}

/* An SFI that the card refuses leaves the file of keys selected. */
static void a_refused_identifier_hides_no_file_of_keys(void **state)
{
    (void)state;
    (void)tell(SELECT_USIM, "9000");
    (void)tell("00a4000c026f08", "9000");
    (void)tell("00b09d0000", "6a82");
    (void)tell("00b0830000", "6a82");
    (void)tell("00a4000c026f07", "6a82");
    assert_string_equal(tell("00b0000004", "02aabbcc9000"),
                        "READ BINARY EF_KEYS -> key set 2, CK and IK (3 octets, withheld)");
    assert_masked("00b0000004", "ffffffff9000");
}

static void keys_are_masked_wherever_the_channel_is(void **state)
{
    (void)state;
    (void)tell("0070000001", "019000");
    (void)tell("01a4040c07a0000000871002", "9000");
    (void)tell("01a4080c067fff5f3b4f20", "9000");
    assert_string_equal(tell("01b0000009", "112233445566778803"
                                           "9000"),
                        "[1] READ BINARY EF_Kc -> key set 3, Kc (8 octets, withheld)");
    assert_masked("01b0000009", MASKED_8 "ff9000");
    (void)tell("00a4040c05a000000001", "9000"); /* an application that nobody knows */
    (void)tell("00a4000c026f08", "9000");
    (void)tell("00b0000009", "112233445566778803"
                             "9000");
    assert_masked("00b0000009", MASKED_8 "ff9000");
}

static void tokens_of_suspension_are_withheld(void **state)
{
    (void)state;
    assert_string_equal(tell("807600000400000010", "00100011223344556677889000"),
                        "SUSPEND UICC -> (11 octets, withheld)");
    assert_masked("807600000400000010", "ffffffffffffffffffffff9000");
    assert_string_equal(tell("80760100080011223344556677", "6982"),
                        "SUSPEND UICC resume (token withheld) -> 6982 not allowed, a PIN or key is needed");
    assert_masked("8076010008ffffffffffffffff", "6982");
}

static void responses_that_wait_are_told_when_they_come(void **state)
{
    (void)state;
    (void)tell(SELECT_USIM, "9000");
    assert_string_equal(tell("00a40004026f07", "6119"), "SELECT EF_IMSI -> 6119 ok, 25 octets wait for GET RESPONSE");
    assert_string_equal(tell("00c0000019", "62178202412183026f078a01058b036f0605800200098801389000"),
                        "GET RESPONSE -> transparent, 9 octets, SFI 07");
}

static void any_octets_are_told(void **state)
{
    (void)state;
    uint8_t octets[300];
    for (unsigned seed = 0; seed < 20000; seed++) {
        uint32_t number = seed * 2654435761U + 1;
        const size_t split = seed % 40;
        const size_t length = split + seed / 40 % 60;
        for (size_t i = 0; i < length; i++) {
            number = number * 1664525U + 1013904223U;
            octets[i] = (uint8_t)(number >> 24);
        }
        if (split > 1) {
            static const uint8_t instructions[] = {0xa4, 0xb0, 0xb2, 0xd6, 0xdc, 0x20, 0x88, 0x89, 0xcb, 0x70, 0x52};
            octets[1] = instructions[seed % sizeof instructions];
        }
        apdu_narrator_tell(&narrator, octets_of(octets, split), octets_of(octets + split, length - split), &words);
        apdu_secrets_mask(&words.command_secrets, octets, split);
        apdu_secrets_mask(&words.response_secrets, octets + split, length - split);
        assert_true(strlen(words.command) > 0 && strlen(words.outcome) > 0);
    }
}

static void directions_are_known(void **state)
{
    (void)state;
    static const struct {
        uint8_t header[4];
        bool sends;
    } headers[] = {
        {{0x00, 0xa4, 0x00, 0x04}, true}, {{0x00, 0xb0, 0x00, 0x00}, false}, {{0x00, 0x88, 0x00, 0x84}, true},
        {{0x00, 0x89, 0x80, 0x85}, true}, {{0x00, 0x89, 0xa0, 0x85}, false}, {{0x00, 0x89, 0x20, 0x85}, false},
        {{0x80, 0xcb, 0x00, 0x80}, true}, {{0x80, 0xcb, 0x00, 0x00}, false}, {{0x80, 0xf2, 0x00, 0x00}, false},
        {{0x00, 0x33, 0x00, 0x00}, true}, {{0x00, 0xc0, 0x00, 0x00}, false},
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        assert_int_equal(apdu_header_sends(headers[i].header), headers[i].sends);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(commands_have_names, reset),
        cmocka_unit_test_setup(files_are_told_by_what_was_selected, reset),
        cmocka_unit_test_setup(short_identifiers_select, reset),
        cmocka_unit_test_setup(records_are_told, reset),
        cmocka_unit_test_setup(objects_are_told, reset),
        cmocka_unit_test_setup(pins_are_withheld, reset),
        cmocka_unit_test_setup(broken_commands_with_pins_are_masked_too, reset),
        cmocka_unit_test_setup(extended_commands_with_pins_are_masked, reset),
        cmocka_unit_test_setup(files_of_keys_are_masked, reset),
        cmocka_unit_test_setup(a_refused_identifier_hides_no_file_of_keys, reset),
        cmocka_unit_test_setup(keys_are_masked_wherever_the_channel_is, reset),
        cmocka_unit_test_setup(tokens_of_suspension_are_withheld, reset),
        cmocka_unit_test_setup(responses_that_wait_are_told_when_they_come, reset),
        cmocka_unit_test_setup(any_octets_are_told, reset),
        cmocka_unit_test(directions_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
