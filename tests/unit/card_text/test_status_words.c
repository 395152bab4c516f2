/* test_status_words.c: SW1 SW2 in words. */
#include "card_text/status_words.h"

#include "testing.h"

enum { INS_AUTHENTICATE = 0x88, INS_SUSPEND = 0x76 };

static const struct {
    uint16_t sw;
    uint8_t ins;
    const char *words;
    bool is_success;
} cases[] = {
    {0x9000, 0xa4, "ok", true},
    {0x9110, 0xa4, "ok, a proactive command of 16 octets waits", true},
    {0x6123, 0xa4, "ok, 35 octets wait for GET RESPONSE", true},
    {0x9f10, 0xa4, "ok, 16 octets wait for GET RESPONSE", true},
    {0x6c0a, 0xb0, "wrong Le, 10 octets are there", false},
    {0x63c3, 0x20, "3 tries left", false},
    {0x63c1, 0x20, "1 try left", false},
    {0x63c0, 0x20, "blocked, no tries left", false},
    {0x63ca, 0x2c, "10 tries left", false},
    {0x63f1, 0x89, "more data is expected", true},
    {0x62f1, 0x89, "ok, more data is there", true},
    {0x6283, 0xa4, "ok, the file is deactivated", true},
    {0x6982, 0xb0, "not allowed, a PIN or key is needed", false},
    {0x6983, 0x20, "blocked", false},
    {0x69aa, 0x20, "not allowed", false},
    {0x6a82, 0xa4, "file not found", false},
    {0x6f12, 0xa4, "technical problem", false},
    {0x9862, INS_AUTHENTICATE, "authentication error, incorrect MAC", false},
    {0x9864, INS_AUTHENTICATE, "authentication error, context not supported", false},
    {0x9864, INS_SUSPEND, "minimum suspension time too long", false},
    {0x9203, 0xd6, "ok after 3 internal retries", true},
    {0x1234, 0xa4, "unknown status word", false},
    {0x0000, 0xa4, "unknown status word", false},
};

static void status_words_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char words[96];
        struct text text = text_of(words, sizeof words);
        text_put_status_word(&text, cases[i].sw, cases[i].ins);
        assert_string_equal(words, cases[i].words);
        assert_int_equal(status_word_is_success(cases[i].sw), cases[i].is_success);
    }
}

static void every_status_word_has_words(void **state)
{
    (void)state;
    for (unsigned sw = 0; sw <= 0xffff; sw++) {
        char words[96];
        struct text text = text_of(words, sizeof words);
        text_put_status_word(&text, (uint16_t)sw, 0);
        assert_true(text.length > 0 && !text.cut && strchr(words, '%') == NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(status_words_are_told),
                                       cmocka_unit_test(every_status_word_has_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
