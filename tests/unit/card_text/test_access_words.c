/* test_access_words.c: access rules in words. */
#include "card_text/access_words.h"

#include "testing.h"

#define ALWAYS "9000"
#define NEVER  "9700"
#define PIN    "a406830101950108"
#define PIN2   "a406830181950108"
#define ADM    "a40683010a950108"

static struct card_content content;

static struct octets hex_octets(const char *hex)
{
    static uint8_t octets[512];
    from_hex(hex, octets, strlen(hex) / 2);
    return octets_of(octets, strlen(hex) / 2);
}

static const char *line_of_content(void)
{
    static char line[4096];
    struct text text = text_of(line, sizeof line);
    content_put_line(&content, &text);
    return line;
}

static const struct {
    const char *hex;
    const char *line;
} rules[] = {
    {"800101" ALWAYS "800102" PIN "800118" ADM "ffff", "read always, update PIN, deactivate ADM1, activate ADM1"},
    {"800103" ADM, "read ADM1, update ADM1"},
    {"800101" NEVER, "read never"},
    {"800140" ADM "800120" ADM "800104" PIN2, "delete ADM1, terminate ADM1, write PIN2"},
    {"800101a010" PIN ADM, "read PIN or ADM1"},
    {"800101a710" PIN PIN2, "read PIN and PIN2"},
    {"800101af08" PIN, "read not PIN"},
    {"800101a712" PIN "a008" ADM, "read PIN and ADM1"},
    {"840132" PIN2 "8401d4" ADM, "increase PIN2, resize ADM1"},
    {"84012a" ADM "870120" ADM, "other commands ADM1, other commands ADM1"},
    {"8001019e0101", "read condition 9E"},
    {"800101a403950108", "read condition A4"},
    {"800101a0"
     "0c"
     "a00aa008a006a004a0029000",
     "read …"},
    {"800101", ""},
    {"8001", ""},
    {"8000" ALWAYS, ""},
    {"ff", ""},
};

static void rules_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        content_clear(&content);
        access_words_add_rule(hex_octets(rules[i].hex), &content);
        assert_string_equal(line_of_content(), rules[i].line);
    }
}

static void compact_rules_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        const char *line;
    } compact[] = {{"030090", "update always, read condition 90"},
                   {"43ff0000", "delete never, update always, read always"},
                   {"0300", "update always"},
                   {"00", ""},
                   {"", ""}};
    for (size_t i = 0; i < sizeof compact / sizeof compact[0]; i++) {
        content_clear(&content);
        access_words_add_compact(hex_octets(compact[i].hex), &content);
        assert_string_equal(line_of_content(), compact[i].line);
    }
}

static void key_references_have_names(void **state)
{
    (void)state;
    static const struct {
        uint8_t reference;
        const char *name;
    } references[] = {{0x01, "PIN"},           {0x02, "PIN of application 2"},
                      {0x81, "PIN2"},          {0x88, "PIN2 of application 8"},
                      {0x0a, "ADM1"},          {0x0e, "ADM5"},
                      {0x8a, "ADM6"},          {0x8e, "ADM10"},
                      {0x11, "universal PIN"}, {0x00, "key 00"},
                      {0x91, "key 91"},        {0x09, "key 09"}};
    for (size_t i = 0; i < sizeof references / sizeof references[0]; i++) {
        char name[64];
        struct text text = text_of(name, sizeof name);
        text_put_key_reference(&text, references[i].reference);
        assert_string_equal(name, references[i].name);
    }
}

static void key_references_are_found_once(void **state)
{
    (void)state;
    uint8_t references[3];
    size_t count = 0;
    access_words_find_references(hex_octets("800101a710" PIN PIN2 "800102" PIN), references, 3, &count);
    assert_int_equal(count, 2);
    assert_int_equal(references[0], 0x01);
    assert_int_equal(references[1], 0x81);
    access_words_find_references(hex_octets("800118" ADM "800120a40683010b950108"), references, 3, &count);
    assert_int_equal(count, 3);
    assert_int_equal(references[2], 0x0a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_told),
        cmocka_unit_test(compact_rules_are_told),
        cmocka_unit_test(key_references_have_names),
        cmocka_unit_test(key_references_are_found_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
