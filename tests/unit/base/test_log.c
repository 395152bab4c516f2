/* test_log.c: styles and levels, text from outside that would forge lines, drive terminals or break JSON. */
#include "base/log.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>

#include "testing.h"

/* A log that writes to memory. */
struct page {
    char *text;
    size_t length;
    struct log log;
};

static void open_page(struct page *page, enum log_style style)
{
    *page = (struct page){.log = {.program = "gbau-test", .level = LOG_LEVEL_INFO, .style = style}};
    page->log.stream = open_memstream(&page->text, &page->length);
    assert_non_null(page->log.stream);
}

static void close_page(struct page *page)
{
    assert_int_equal(fclose(page->log.stream), 0);
    free(page->text);
}

static void assert_page(struct page *page, const char *text)
{
    assert_string_equal(page->text, text);
    close_page(page);
}

static void test_plain(void **state)
{
    (void)state;
    struct page page;
    open_page(&page, LOG_STYLE_PLAIN);
    log_info(&page.log, "%s has %d", "IMSI 001010123456789", 3);
    log_error(&page.log, "gone");
    assert_page(&page, "gbau-test: IMSI 001010123456789 has 3\ngbau-test: gone\n");
}

static void test_levels(void **state)
{
    (void)state;
    struct page page;
    for (enum log_level level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
        static const char *const expected[] = {
            "gbau-test: e\n",
            "gbau-test: e\ngbau-test: w\n",
            "gbau-test: e\ngbau-test: w\ngbau-test: i\n",
            "gbau-test: e\ngbau-test: w\ngbau-test: i\ngbau-test: d\n",
        };
        open_page(&page, LOG_STYLE_PLAIN);
        page.log.level = level;
        log_error(&page.log, "e");
        log_warning(&page.log, "w");
        log_info(&page.log, "i");
        log_debug(&page.log, "d");
        assert_page(&page, expected[level]);
    }
}

static void test_silence(void **state)
{
    (void)state;
    log_error(NULL, "nobody %s", "listens");
}

/* "2026-01-01T00:00:00Z gbau-test warning text" */
static void test_daemon(void **state)
{
    (void)state;
    struct page page;
    open_page(&page, LOG_STYLE_DAEMON);
    log_warning(&page.log, "text");
    assert_int_equal(page.length, strlen("2026-01-01T00:00:00Z gbau-test warning text\n"));
    assert_int_equal(page.text[10], 'T');
    assert_int_equal(page.text[19], 'Z');
    assert_string_equal(page.text + 20, " gbau-test warning text\n");
    close_page(&page);
}

/* The one line of a page, as JSON. */
static json_t *read_json(const struct page *page)
{
    json_error_t error;
    assert_ptr_equal(strchr(page->text, '\n'), page->text + page->length - 1);
    json_t *line = json_loads(page->text, JSON_REJECT_DUPLICATES, &error);
    if (line == NULL) {
        fail_msg("no JSON: %s", page->text);
    }
    return line;
}

static const char *json_text(const json_t *line, const char *name)
{
    return json_string_value(json_object_get(line, name));
}

static void test_json(void **state)
{
    (void)state;
    struct page page;
    open_page(&page, LOG_STYLE_JSON);
    log_error(&page.log, "a \"quoted\" \\ %s", "text");
    json_t *line = read_json(&page);
    assert_string_equal(json_text(line, "message"), "a \"quoted\" \\ text");
    assert_string_equal(json_text(line, "program"), "gbau-test");
    assert_string_equal(json_text(line, "level"), "error");
    assert_int_equal(strlen(json_text(line, "time")), 20);
    assert_int_equal(json_object_size(line), 4);
    json_decref(line);
    close_page(&page);
}

/* Each octet that a peer may send: one line it stays, of printable ASCII, and JSON stays JSON. */
static void test_every_octet(void **state)
{
    (void)state;
    for (enum log_style style = LOG_STYLE_PLAIN; style <= LOG_STYLE_JSON; style++) {
        for (int octet = 1; octet < 256; octet++) {
            struct page page;
            const char text[] = {'<', (char)octet, '>', '\0'};
            open_page(&page, style);
            log_info(&page.log, "%s", text);
            for (size_t i = 0; i + 1 < page.length; i++) {
                assert_in_range((uint8_t)page.text[i], 0x20, 0x7e);
            }
            assert_int_equal(page.text[page.length - 1], '\n');
            if (style == LOG_STYLE_JSON) {
                json_t *line = read_json(&page);
                const char shown[] = {'<', octet >= 0x20 && octet < 0x7f ? (char)octet : '?', '>', '\0'};
                assert_string_equal(json_text(line, "message"), shown);
                json_decref(line);
            }
            close_page(&page);
        }
    }
}

/* A terminal takes C2 9B for the beginning of a control sequence as it does ESC [. */
static void test_control_sequences(void **state)
{
    (void)state;
    struct page page;
    open_page(&page, LOG_STYLE_PLAIN);
    log_info(&page.log, "%s", "\x1b[2J \xc2\x9b[ \r\nforged");
    assert_page(&page, "gbau-test: ?[2J ??[ ??forged\n");
}

/* Too long a text is cut, in JSON behind a whole escape. */
static void test_long_texts(void **state)
{
    (void)state;
    static const char fillings[] = {'x', '"', '\\'};
    char text[5000];
    for (size_t i = 0; i < sizeof fillings; i++) {
        struct page page;
        memset(text, fillings[i], sizeof text - 1);
        text[sizeof text - 1] = '\0';
        open_page(&page, LOG_STYLE_PLAIN);
        log_info(&page.log, "%s", text);
        assert_int_equal(page.length, strlen("gbau-test: ") + 1023 + 1);
        close_page(&page);
        for (size_t length = 1000; length < 1030; length++) {
            text[length] = '\0';
            open_page(&page, LOG_STYLE_JSON);
            log_info(&page.log, "%s", text);
            text[length] = fillings[i];
            json_t *line = read_json(&page);
            assert_int_equal(strlen(json_text(line, "message")), length < 1023 ? length : 1023);
            json_decref(line);
            close_page(&page);
        }
    }
}

static void *write_lines(void *context)
{
    for (int i = 0; i < 500; i++) {
        log_info(context, "%s", "the quick brown fox jumps over the lazy dog");
    }
    return NULL;
}

/* Lines of many threads stay whole. */
static void test_threads(void **state)
{
    (void)state;
    static const char line[] = "gbau-test: the quick brown fox jumps over the lazy dog\n";
    struct page page;
    pthread_t threads[4];
    open_page(&page, LOG_STYLE_PLAIN);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &page.log), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(page.length, 2000 * strlen(line));
    for (size_t i = 0; i < page.length; i += strlen(line)) {
        assert_memory_equal(page.text + i, line, strlen(line));
    }
    close_page(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_daemon),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_every_octet),
        cmocka_unit_test(test_control_sequences),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
