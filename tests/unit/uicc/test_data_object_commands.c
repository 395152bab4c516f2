/*
 * test_data_object_commands.c: RETRIEVE and SET DATA: objects in one and in many blocks, what interrupts them, tag
 * list, full files (TS 102 221 11.3).
 */
#include "file_testing.h"

enum { OBJECT_MAX = 1200 };

#define FIRST_BLOCK "80"
#define NEXT_BLOCK  "00"

/* A card with a file of objects of `size` octets: 5001, the current file, SFI 0A. */
static void begin_with_objects(struct test_card *card, unsigned size)
{
    begin_as_administrator(card);
    assert_string_equal(create_file(card, DESCRIPTOR_BER_TLV, 0x5001, RULE_PIN_PIN, size, 10), "9000");
}

/* An object as hex: tag, length of two octets, `length` octets of value that count up. */
static const char *object_of(const char *tag, unsigned length)
{
    static char text[2 * OBJECT_MAX + 20];
    int used = snprintf(text, sizeof text, "%s82%04x", tag, length);
    for (unsigned i = 0; i < length; i++) {
        used += snprintf(text + used, sizeof text - (size_t)used, "%02x", (i * 7 + 3) & 0xff);
    }
    return text;
}

/* Writes an object in blocks of `block` octets; the last status word. */
static const char *set_object(struct test_card *card, const char *object, size_t block)
{
    const size_t length = strlen(object) / 2;
    const char *response = "";
    for (size_t done = 0; done < length; done += block) {
        const size_t count = length - done < block ? length - done : block;
        response = apduf(card, "80db00%s%02zx%.*s", done == 0 ? FIRST_BLOCK : NEXT_BLOCK, count, (int)(2 * count),
                         object + 2 * done);
        if (strcmp(response, done + count < length ? "63f1" : "9000") != 0) {
            return response;
        }
    }
    return response;
}

/* Reads an object in blocks of `le` octets into hex; the last status word. */
static const char *retrieve_object(struct test_card *card, const char *tag, unsigned le, char *object)
{
    const char *response = apduf(card, "80cb0080%02zx%s%02x", strlen(tag) / 2, tag, le & 0xff);
    size_t length = 0;
    for (;;) {
        memcpy(object + length, response, strlen(response) - 4);
        length += strlen(response) - 4;
        object[length] = '\0';
        if (strcmp(sw_of(response), "62f1") != 0) {
            return sw_of(response);
        }
        assert_int_equal(strlen(response), 2 * le + 4);
        response = apduf(card, "80cb0000%02x", le & 0xff);
    }
}

static void assert_object(struct test_card *card, const char *tag, const char *object)
{
    char found[2 * OBJECT_MAX + 20];
    assert_string_equal(retrieve_object(card, tag, 256, found), "9000");
    assert_string_equal(found, object);
}

/* One block */

static void test_small_objects(void **state)
{
    (void)state;
    struct test_card card;
    begin_with_objects(&card, 40);
    static const struct exchange exchanges[] = {
        {"80cb0080015c00", "5c009000"}, /* nothing is there */
        {"80cb0080018000", "6a88"},
        {"80db00800480020102", "9000"},
        {"80cb0080018000", "800201029000"},
        {"80db0080045f2e01aa", "9000"},
        {"80db0080028100", "9000"}, /* an empty object is one all the same */
        {"80cb0080015c00", "5c04805f2e819000"},
        {"80cb0080025f2e00", "5f2e01aa9000"},
        {"80cb0080018100", "81009000"},
        {"80db00800380019f", "9000"}, /* in the place of the old one */
        {"80cb0080018000", "80019f9000"},
        {"80cb0080015c00", "5c045f2e81809000"},
        {"80db0080025f2e", "9000"}, /* a tag alone deletes */
        {"80cb0080025f2e00", "6a88"},
        {"80db0080025f2e", "6a88"},
        {"80cb0080015c00", "5c0281809000"},
        {"80db00800181", "9000"},
        {"80db00800180", "9000"},
        {"80cb0080015c00", "5c009000"},
    };
    assert_exchanges(&card, exchanges);
    test_card_end(&card);
}

static void test_wrong_commands(void **state)
{
    (void)state;
    struct test_card card;
    begin_with_objects(&card, 40);
    static const struct exchange exchanges[] = {
        {"80db00800480020102", "9000"},
        {"80cb00800180", "800201029000"}, /* no Le */
        {"80cb008000", "6700"},   /* no tag */
        {"80cb00000180"
         "00",
         "6700"},               /* a tag with a next block */
        {"80cb000000", "6985"}, /* nothing is under way */
        {"80cb004001"
         "8000",
         "6a86"},
        {"80cb0081018000", "6a86"},
        {"80cb2080018000", "6a86"},
        {"80cb008002805000", "6a80"}, /* one tag only */
        {"80cb0080015f00", "6a80"},
        {"80cb0080025f8100", "6a80"}, /* a tag of three octets */
        {"80cb0080010000", "6a80"},
        {"80cb008001ff00", "6a80"},
        {"80cb0a80018000", "800201029000"}, /* by SFI 0A */
        {"80cb0b80018000", "6a82"},
        {"00cb0080018000", "6e00"},
        {"80db0080", "6700"},
        {"80db008000", "6700"},
        {"80db0000028000", "6985"},
        {"80db0040028000", "6a86"},
        {"80db2080028000", "6a86"},
        {"80db0080038001"
         "00"
         "00",
         "9000"},
        {"80db0080020000", "6a80"}, /* no tag */
        {"80db008003ff0100", "6a80"},
        {"80db008004ff010100", "6a80"},
        {"80db008004"
         "1f810100",
         "6a80"},
        {"80db0080025c00", "6a80"}, /* the tag list is not written */
        {"80db0080015c", "6a88"},
        {"80db0080028080", "6a80"}, /* indefinite length */
        {"80db00800680840000000000", "6a80"},
        {"80db0080028081", "6a80"},     /* length that is not there */
        {"80db00800480010102", "6a80"}, /* more than the length says */
        {"80db008003800402", "63f1"},
        {"80db00000401020304", "6a80"}, /* more than is missing: the transfer has ended */
        {"80db0000020304", "6985"},
        {"80cb0080015c00", "5c01809000"},
        {"80cb0080018000", "8001009000"},
        {"00db0080028100", "6e00"},
        {"00a4000c022f05", "9000"},
        {"80db0080028100", "6981"},
        {"80cb0080018100", "6981"},
        {"80cb0680018100", "6981"},
        {"00a4000c023f00", "9000"},
        {"80db0080028100", "6986"},
    };
    assert_exchanges(&card, exchanges);
    test_card_end(&card);
}

static void test_who_may(void **state)
{
    (void)state;
    struct test_card card;
    begin_with_objects(&card, 40);
    assert_apdu(&card, "80db00800480020102", "9000");
    test_card_restart(&card);
    assert_string_equal(select_file(&card, 0x5001), "9000");
    static const struct exchange exchanges[] = {
        {"80cb0080018000", "6982"},
        {"80db0080028100", "6982"},
        {"0020000108" TEST_PIN, "9000"},
        {"80db008003800300", "63f1"},
        {"80cb0080018000", "800201029000"}, /* the old one counts until the new one is whole */
        {"0020000a08" TEST_ADM, "9000"},
        {"0004000000", "9000"},
        {"80cb0080018000", "6984"},
        {"80db0080028100", "6984"},
        {"0044000000", "9000"},
        {"80cb0080018000", "800201029000"},
    };
    assert_exchanges(&card, exchanges);
    test_card_end(&card);
}

/* Many blocks */

static void test_blocks(void **state)
{
    (void)state;
    static const unsigned lengths[] = {0, 1, 250, 251, 252, 255, 256, 512, 1000, 1193};
    static const size_t blocks[] = {255, 254, 100, 5};
    struct test_card card;
    begin_with_objects(&card, OBJECT_MAX);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (size_t k = 0; k < sizeof blocks / sizeof blocks[0]; k++) {
            char found[2 * OBJECT_MAX + 20];
            const char *object = object_of("7f49", lengths[i]);
            assert_apdu(&card, "80db0080027f49", k == 0 && i == 0 ? "6a88" : "9000");
            assert_string_equal(set_object(&card, object, blocks[k]), "9000");
            assert_string_equal(retrieve_object(&card, "7f49", (unsigned)blocks[k], found), "9000");
            assert_string_equal(found, object);
            assert_object(&card, "7f49", object);
        }
    }
    test_card_restart(&card);
    assert_apdu(&card, "0020000108" TEST_PIN, "9000");
    assert_string_equal(select_file(&card, 0x5001), "9000");
    assert_object(&card, "7f49", object_of("7f49", 1193));
    test_card_end(&card);
}

/* More tags than one response holds. */
static void test_long_tag_list(void **state)
{
    (void)state;
    struct test_card card;
    char found[2 * OBJECT_MAX];
    char expected[2 * OBJECT_MAX] = "5c820190";
    begin_with_objects(&card, 602);
    for (unsigned i = 0; i < 200; i++) {
        const unsigned tag = 0x1f20 + i % 80 + (i / 80 << 13);
        assert_string_equal(apduf(&card, "80db008003%04x00", tag), "9000");
        (void)snprintf(expected + 8 + 4 * (size_t)i, 5, "%04x", tag);
    }
    assert_apdu(&card, "80db0080035f7e00", "6a84");
    assert_string_equal(retrieve_object(&card, "5c", 256, found), "9000");
    assert_string_equal(found, expected);
    assert_string_equal(retrieve_object(&card, "5c", 1, found), "9000");
    assert_string_equal(found, expected);
    test_card_end(&card);
}

/* Full files; a new object needs room beside the one that it replaces. */
static void test_full_file(void **state)
{
    (void)state;
    struct test_card card;
    begin_with_objects(&card, 20);
    static const struct exchange exchanges[] = {
        {"80db0080138011000102030405060708090a0b0c0d0e0f10", "6a84"}, /* two octets are the card's own */
        {"80db0080128010000102030405060708090a0b0c0d0e0f", "9000"},
        {"80db0080028100", "6a84"},
        {"80db0080028000", "6a84"},
        {"80cb0080018002", "801062f1"},
        {"80db00800180", "9000"},
        {"80db00800a80080001020304050607", "9000"},
        {"80db008009810700010203040506", "6a84"},
        {"80db0080088006a0a1a2a3a4a5", "9000"}, /* fits beside the old one, just */
        {"80db00800a8108b0b1b2b3b4b5b6b7", "9000"},
        {"80cb0080018000", "8006a0a1a2a3a4a59000"},
        {"80cb0080018100", "8108b0b1b2b3b4b5b6b79000"},
        {"80db008006"
         "8083ffffff01",
         "6a84"},
    };
    assert_exchanges(&card, exchanges);
    test_card_end(&card);
}

/* The object in front, in the middle and at the end is replaced and deleted; the others stay as they are. */
static void test_replacement(void **state)
{
    (void)state;
    static const char *const tags[] = {"80", "5f20", "a1"};
    for (size_t changed = 0; changed < 3; changed++) {
        struct test_card card;
        begin_with_objects(&card, OBJECT_MAX);
        for (size_t i = 0; i < 3; i++) {
            assert_string_equal(set_object(&card, object_of(tags[i], 200 + 10 * (unsigned)i), 255), "9000");
        }
        for (unsigned length = 0; length <= 300; length += 150) {
            assert_string_equal(set_object(&card, object_of(tags[changed], length), 100), "9000");
            for (size_t i = 0; i < 3; i++) {
                assert_object(&card, tags[i], object_of(tags[i], i == changed ? length : 200 + 10 * (unsigned)i));
            }
        }
        assert_string_equal(apduf(&card, "80db0080%02zx%s", strlen(tags[changed]) / 2, tags[changed]), "9000");
        for (size_t i = 0; i < 3; i++) {
            char found[2 * OBJECT_MAX + 20];
            assert_string_equal(retrieve_object(&card, tags[i], 256, found), i == changed ? "6a88" : "9000");
        }
        test_card_end(&card);
    }
}

/* What interrupts a transfer */

/* Objects 80 (three octets of value 0A 0B 0C) and, begun but not finished, 81 of five octets: 02 of them are there. */
static void begin_set(struct test_card *card)
{
    begin_with_objects(card, 40);
    assert_apdu(card, "80db00800580030a0b0c", "9000");
    assert_apdu(card, "80db0080048105f1f2", "63f1");
}

static void test_interrupted_set(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        const char *response;
        bool continues;
    } cases[] = {
        {"80f2000c", "9000", false},
        {"00a4000c025001", "9000", false},
        {"80cb0080018000", "80030a0b0c9000", false},
        {"80cb000000", "6985", false},
        {"80db0080048005f1f2", "63f1", false}, /* another object */
        {"80db00800180", "9000", false},
        {"80db0080028080", "6a80", false}, /* even a broken one */
        {"80db0080048181ff00", "6a84", false},
        {"80db0040048105f1f2", "6a86", false},
        {"00200001", "63c3", false},
        {"80db000001f3", "63f1", true},
        {"80db0a0001f3", "63f1", true}, /* by SFI */
        {"0070000001", "019000", false},
        {"80ff000000", "6d00", true}, /* what is no command of the card's interrupts nothing */
        {"00db0000020000", "6e00", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_card card;
        begin_set(&card);
        assert_apdu(&card, cases[i].command, cases[i].response);
        const char *response = apdu(&card, "80db000002f4f5");
        if (!cases[i].continues) {
            /* of 80 05 F1 F2, which has begun instead, two octets are missing as well */
            const bool other_began = strcmp(cases[i].response, "63f1") == 0;
            assert_string_equal(response, other_began ? "63f1" : "6985");
        } else {
            assert_string_equal(response, strcmp(cases[i].response, "63f1") == 0 ? "9000" : "63f1");
        }
        test_card_end(&card);
    }
}

static void test_interrupted_retrieve(void **state)
{
    (void)state;
    struct test_card card;
    begin_with_objects(&card, 40);
    static const struct exchange exchanges[] = {
        {"80db00800580030a0b0c", "9000"}, {"80cb0080018002", "800362f1"},
        {"80cb000001", "0a62f1"},         {"80cb000002", "0b0c9000"},
        {"80cb000002", "6985"}, /* it is at its end */
        {"80cb0080018002", "800362f1"},   {"80f2000c", "9000"},
        {"80cb000002", "6985"},           {"80cb0080018002", "800362f1"},
        {"80cb0080018003", "80030a62f1"}, /* from the beginning again */
        {"80cb000000", "0b0c9000"},       {"80cb0080018002", "800362f1"},
        {"80cb0080018100", "6a88"},       {"80cb000002", "6985"},
        {"80cb0080018002", "800362f1"},   {"80cb008001ff00", "6a80"},
        {"80cb000002", "6985"},
    };
    assert_exchanges(&card, exchanges);
    test_card_end(&card);
}

/* Another channel takes the one transfer that there is, or takes the file away. */
static void test_other_channels(void **state)
{
    (void)state;
    static const struct {
        const char *command; /* on channel 1, which stands at MF */
        const char *response;
        const char *next; /* response to the next block on channel 0 */
    } cases[] = {
        {"81f2000c", "9000", "9000"}, /* what else it does does not matter */
        {"81db0a8003820101", "9000", "6985"},
        {"81cb0a80018000", "80030a0b0c9000", "6985"},
        {"81db0a000101", "6985", "9000"}, /* it cannot go on with what channel 0 has begun */
        {"01e40000025001", "9000", "6986"},
        {"81d400000a6208830250018002000c", "9000", "6985"},
        {"81d400000a62088302500180020100", "9000", "6985"},
        {"01040000025001", "9000", "6984"},
        {"01e80000025001", "9000", "6984"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_card card;
        begin_with_objects(&card, 40);
        assert_apdu(&card, "0070000001", "019000");
        assert_apdu(&card, "80db00800580030a0b0c", "9000");
        assert_apdu(&card, "80db0080048105f1f2", "63f1");
        assert_apdu(&card, cases[i].command, cases[i].response);
        assert_apdu(&card, "80db000003f3f4f5", cases[i].next);
        test_card_end(&card);
    }
}

/* A file that has taken the slot of another one does not get the rest of its object, nor does what lies behind it. */
static void test_file_replaced_under_a_transfer(void **state)
{
    (void)state;
    struct test_card card;
    begin_with_objects(&card, OBJECT_MAX);
    assert_apdu(&card, "0070000001", "019000");
    assert_apdu(&card, "80db008004818203e8", "63f1");
    assert_string_equal(apduf(&card, "80db0000fa%s", repeated("ee", 250)), "63f1");
    assert_apdu(&card, "01e40000025001", "9000");
    const char *fcp = new_file_fcp(DESCRIPTOR_BER_TLV, 0x5001, RULE_PIN_PIN, 10, 10);
    assert_string_equal(apduf(&card, "01e00000%02zx%s", strlen(fcp) / 2, fcp), "9000");
    fcp = new_file_fcp(DESCRIPTOR_TRANSPARENT, 0x5002, RULE_PIN_PIN, 250, NO_SFI);
    assert_string_equal(apduf(&card, "01e00000%02zx%s", strlen(fcp) / 2, fcp), "9000");
    assert_string_equal(apduf(&card, "80db0a00fa%s", repeated("ee", 250)), "6985");
    assert_string_equal(select_file(&card, 0x5002), "9000");
    assert_string_equal(apdu(&card, "00b00000fa") + 500, "9000");
    assert_int_equal(strncmp(apdu(&card, "00b00000fa"), repeated("ff", 250), 500), 0);
    test_card_end(&card);
}

/* A channel that is closed takes its transfer with it, though another one of the same number stands where it stood. */
static void test_closed_channel(void **state)
{
    (void)state;
    struct test_card card;
    begin_with_objects(&card, 40);
    static const struct exchange exchanges[] = {
        {"0070000001", "019000"},   {"0070000001", "029000"},       {"01a4000c025001", "9000"},
        {"02a4000c025001", "9000"}, {"81db0080048105f1f2", "63f1"}, {"0070800100", "9000"},
        {"0270000001", "019000"},   {"81db000003f3f4f5", "6985"},   {"81db0080048105f1f2", "63f1"},
        {"0070800200", "9000"},     {"81db000003f3f4f5", "9000"},
    };
    assert_exchanges(&card, exchanges);
    test_card_end(&card);
}

/* Reset and power loss end a transfer; of what was not finished nothing is there. */
static void test_power_loss(void **state)
{
    (void)state;
    for (int warm = 0; warm < 2; warm++) {
        struct test_card card;
        begin_with_objects(&card, 40);
        assert_apdu(&card, "80db00800580030a0b0c", "9000");
        assert_apdu(&card, "80db00800480050102", "63f1");
        if (warm == 1) {
            uicc_reset(&card.uicc);
        } else {
            test_card_restart(&card);
        }
        assert_apdu(&card, "0020000108" TEST_PIN, "9000");
        assert_string_equal(select_file(&card, 0x5001), "9000");
        assert_apdu(&card, "80db000003030405", "6985");
        assert_apdu(&card, "80cb0080018000", "80030a0b0c9000");
        assert_apdu(&card, "80cb0080015c00", "5c01809000");
        test_card_end(&card);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_objects),
        cmocka_unit_test(test_wrong_commands),
        cmocka_unit_test(test_who_may),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_long_tag_list),
        cmocka_unit_test(test_full_file),
        cmocka_unit_test(test_replacement),
        cmocka_unit_test(test_interrupted_set),
        cmocka_unit_test(test_interrupted_retrieve),
        cmocka_unit_test(test_other_channels),
        cmocka_unit_test(test_file_replaced_under_a_transfer),
        cmocka_unit_test(test_closed_channel),
        cmocka_unit_test(test_power_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
