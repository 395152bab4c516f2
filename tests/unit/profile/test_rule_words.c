/* test_rule_words.c: access rules in words: each as EF_ARR has it, and back; what words cannot say stays as it is. */
#include "testing.h"

#include "profile/rule_words.h"

struct example {
    const char *modes;
    const char *condition;
    const char *coding;
};

static const struct example examples[] = {
    {"read", "always", "8001019000"},
    {"update", "never", "8001029700"},
    {"write", "pin", "800104a406830101950108"},
    {"deactivate", "pin2", "800108a406830181950108"},
    {"activate", "adm1", "800110a40683010a950108"},
    {"terminate", "adm5", "800120a40683010e950108"},
    {"delete", "adm6", "800140a40683018a950108"},
    {"state", "adm10", "800178a40683018e950108"},
    {"all", "universal-pin", "80017fa406830111950108"},
    {"increase", "key-02", "840132a406830102950108"},
    {"resize", "adm2", "8401d4a40683010b950108"},
    {"ins-70", "adm3", "840170a40683010c950108"},
    {"read", "pin or adm1", "800101a010a406830101950108a40683010a950108"},
    {"read", "pin and pin2 and adm4", "800101a718a406830101950108a406830181950108a40683010d950108"},
    {"read", "not pin", "800101af08a406830101950108"},
};

enum { EXAMPLE_COUNT = sizeof examples / sizeof examples[0] };

static void encodes(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXAMPLE_COUNT; i++) {
        uint8_t octets[RULE_SIZE_MAX];
        struct octet_writer writer = octet_writer_of(octets, sizeof octets);
        assert_ok(rule_words_encode(&writer, examples[i].modes, examples[i].condition));
        assert_octets(octets_written(&writer), examples[i].coding);
    }
}

static void decodes(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXAMPLE_COUNT; i++) {
        uint8_t octets[RULE_SIZE_MAX];
        struct rule_words words;
        const size_t length = strlen(examples[i].coding) / 2;
        from_hex(examples[i].coding, octets, length);
        assert_true(rule_words_decode(octets_of(octets, length), &words));
        assert_int_equal(words.count, 1);
        assert_string_equal(words.pairs[0].modes, examples[i].modes);
        assert_string_equal(words.pairs[0].condition, examples[i].condition);
    }
}

/* Of a directory the lower bits mean other things; they are written as those of files. */
static void knows_words_of_directories(void **state)
{
    (void)state;
    static const char *const words[][2] = {
        {"delete-child", "8001019000"}, {"create-ef", "8001029000"}, {"create-df", "8001049000"}};
    for (size_t i = 0; i < 3; i++) {
        uint8_t octets[16];
        struct octet_writer writer = octet_writer_of(octets, sizeof octets);
        assert_ok(rule_words_encode(&writer, words[i][0], "always"));
        assert_octets(octets_written(&writer), words[i][1]);
    }
}

static void refuses_other_words(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"reed", "always"},
        {"", "always"},
        {"ins-7", "pin"},
        {"ins-700", "pin"},
        {"read", ""},
        {"read", "Always"},
        {"read", "pin or"},
        {"read", "or pin"},
        {"read", "pin adm1"},
        {"read", "adm11"},
        {"read", "adm0"},
        {"read", "not"},
        {"read", "not not pin"},
        {"read", "not pin or adm1"},
        {"read", "pin or adm1 and adm2"},
        {"read", "key-0"},
        {"read", "pin or pin or pin or pin or pin or pin or pin or pin or pin"},
        {"read", "always or pin"},
        {"read", "pin or pin2 or adm1 or adm2 or adm3 or adm4 or universal-pin or universal-pin or universal-pin or "
                 "universal-pin or universal-pin"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t octets[RULE_SIZE_MAX];
        struct octet_writer writer = octet_writer_of(octets, sizeof octets);
        if (rule_words_encode(&writer, wrong[i][0], wrong[i][1]) == GBAU_OK) {
            fail_msg("%s: %s", wrong[i][0], wrong[i][1]);
        }
    }
    struct octet_writer none = octet_writer_of(NULL, 0);
    assert_status(rule_words_encode(&none, "read", "pin"), GBAU_E_SPACE);
}

/* Each differs from what its words would make: it must not be put into words. */
static void leaves_the_rest_alone(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "",
        "800101",                                         /* no condition */
        "80010190",                                       /* cut off */
        "8001019001ff",                                   /* always with a value */
        "8001039000",                                     /* read and update at once */
        "80020101a406830101950108",                       /* two octets of modes */
        "800101a406950108830101",                         /* another order */
        "800101a406830101950180",                         /* another usage */
        "800101a403830101",                               /* no usage */
        "800101a000",                                     /* one of none */
        "800101a008a406830101950108",                     /* one of one */
        "80010190008001019700",                           /* the same mode twice */
        "860200e09000",                                   /* a command by more than INS */
        "8001019e0101",                                   /* compact condition */
        "800101a012a010a406830101950108a40683010a950108", /* nested */
        "8001019000ff",                                   /* something behind */
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        uint8_t octets[64];
        struct rule_words words;
        from_hex(rules[i], octets, strlen(rules[i]) / 2);
        if (rule_words_decode(octets_of(octets, strlen(rules[i]) / 2), &words)) {
            fail_msg("%s", rules[i]);
        }
    }
}

static void names_rules(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"8001019000800102a40683010a950108", "read-always-update-adm1"},
        {"8001019000800178a40683010a9501088401d4a40683010a950108", "read-always"},
        {"800101a010a406830101950108a40683010a950108", "read-pin-or-adm1"},
        {"840132a406830101950108", "increase-pin"},
        {"80017f9700", "all-never"},
    };
    char name[RULE_NAME_SIZE];
    uint8_t octets[64];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        from_hex(names[i][0], octets, strlen(names[i][0]) / 2);
        assert_true(rule_words_name(octets_of(octets, strlen(names[i][0]) / 2), name));
        assert_string_equal(name, names[i][1]);
    }
    from_hex("8001789000", octets, 5);
    assert_false(rule_words_name(octets_of(octets, 5), name)); /* nothing but administration */
    assert_false(rule_words_name(octets_of(octets, 4), name));
}

/* Whatever octets there are: words that are found say exactly the same. */
static void never_changes_a_rule(void **state)
{
    (void)state;
    static const uint8_t alphabet[] = {0x80, 0x84, 0x90, 0x97, 0xa0, 0xa4, 0xa7, 0xaf, 0x83, 0x95, 0x00, 0x01,
                                       0x02, 0x03, 0x06, 0x08, 0x0a, 0x10, 0x78, 0x7f, 0x81, 0xd4, 0xff};
    uint32_t random = 1;
    size_t decoded = 0;
    for (size_t run = 0; run < 20000; run++) {
        uint8_t rule[48];
        size_t length = 0;
        const struct example *example = &examples[run % EXAMPLE_COUNT];
        assert_ok(hex_decode(octets_of_text(example->coding), rule, sizeof rule, &length));
        for (size_t changes = 0; changes < 1 + run % 3; changes++) {
            random = random * 1664525U + 1013904223U;
            rule[(random >> 8) % length] = alphabet[(random >> 16) % sizeof alphabet];
        }
        struct rule_words words;
        if (rule_words_decode(octets_of(rule, length), &words)) {
            uint8_t again[RULE_SIZE_MAX];
            struct octet_writer writer = octet_writer_of(again, sizeof again);
            for (size_t i = 0; i < words.count; i++) {
                assert_ok(rule_words_encode(&writer, words.pairs[i].modes, words.pairs[i].condition));
            }
            assert_true(octets_equal(octets_written(&writer), octets_of(rule, length)));
            decoded++;
        }
    }
    assert_true(decoded > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes),
        cmocka_unit_test(decodes),
        cmocka_unit_test(knows_words_of_directories),
        cmocka_unit_test(refuses_other_words),
        cmocka_unit_test(leaves_the_rest_alone),
        cmocka_unit_test(names_rules),
        cmocka_unit_test(never_changes_a_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
