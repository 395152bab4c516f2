/* test_yaml_config.c: configuration files: what is found, what is refused, and what the messages say. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/yaml_config.h"

static const char example[] = "# a comment\n"
                              "zh:\n"
                              "  listen: 127.0.0.1:3868\n"
                              "  tls: true\n"
                              "nafs:\n"
                              "  - fqdn: naf.example.com\n"
                              "    protocols: [1, 2]\n"
                              "  - fqdn: \"other: naf\"\n"
                              "lifetime-s: 86400\n"
                              "offset: -5\n"
                              "empty:\n"
                              "none: []\n";

/* Allocations of the room itself go through these, by the linker's --wrap, and the one of number `fail_at` fails. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_reallocarray(void *former, size_t count, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_reallocarray(void *former, size_t count, size_t size);
char *__wrap_strdup(const char *text);

static size_t allocations;
static size_t fail_at; /* 0: none */

static bool must_fail(void)
{
    return ++allocations == fail_at;
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_reallocarray(void *former, size_t count, size_t size)
{
    return must_fail() ? NULL : __real_reallocarray(former, count, size);
}

char *__wrap_strdup(const char *text)
{
    return must_fail() ? NULL : __real_strdup(text);
}

/* A log whose text can be looked at. */
struct recorder {
    struct log log;
    char *text;
    size_t length;
};

static void start_recording(struct recorder *recorder)
{
    *recorder = (struct recorder){0};
    recorder->log = (struct log){
        .stream = open_memstream(&recorder->text, &recorder->length), .program = "test", .level = LOG_LEVEL_DEBUG};
    assert_non_null(recorder->log.stream);
}

static const char *recorded(struct recorder *recorder)
{
    (void)fflush(recorder->log.stream);
    return recorder->text;
}

static void stop_recording(struct recorder *recorder)
{
    (void)fclose(recorder->log.stream);
    free(recorder->text);
}

static struct yaml_config *parse(const char *text)
{
    struct yaml_config *config = NULL;
    assert_ok(yaml_config_parse(octets_of_text(text), NULL, &config));
    assert_non_null(config);
    return config;
}

static void assert_refused(const char *text, enum gbau_status expected)
{
    struct yaml_config *config = NULL;
    enum gbau_status status = yaml_config_parse(octets_of_text(text), NULL, &config);
    if (status != expected) {
        print_error("[%s]\n", text);
    }
    assert_status(status, expected);
    assert_null(config);
}

static void finds_values(void **state)
{
    (void)state;
    struct yaml_config *config = parse(example);
    assert_string_equal(yaml_config_text(config, "zh.listen", NULL), "127.0.0.1:3868");
    assert_string_equal(yaml_config_text(config, "nafs.0.fqdn", NULL), "naf.example.com");
    assert_string_equal(yaml_config_text(config, "nafs.1.fqdn", NULL), "other: naf");
    assert_string_equal(yaml_config_text(config, "nafs.0.protocols.1", NULL), "2");
    assert_string_equal(yaml_config_text(config, "empty", NULL), "");
    assert_int_equal(yaml_config_count(config, "nafs"), 2);
    assert_int_equal(yaml_config_count(config, "nafs.0.protocols"), 2);
    assert_int_equal(yaml_config_count(config, "none"), 0);
    yaml_config_close(config);
}

static void falls_back(void **state)
{
    (void)state;
    struct yaml_config *config = parse(example);
    static const char *const absent[] = {"",         "zh.port",     "zh",     "nafs", "nafs.2.fqdn",
                                         "nafs.-1",  "zh.listen.x", "listen", "zh.",  ".zh",
                                         "zh.liste", "zh.listenn"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        assert_null(yaml_config_text(config, absent[i], NULL));
        assert_string_equal(yaml_config_text(config, absent[i], "fallback"), "fallback");
    }
    assert_int_equal(yaml_config_count(config, "zh"), 0);
    assert_int_equal(yaml_config_count(config, "zh.listen"), 0);
    assert_int_equal(yaml_config_count(config, "absent"), 0);
    yaml_config_close(config);
}

static void reads_empty_files(void **state)
{
    static const char *const texts[] = {"", "\n\n", "# only a comment\n", "{}", "---\n{}\n...\n"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct yaml_config *config = parse(texts[i]);
        assert_null(yaml_config_text(config, "a", NULL));
        assert_int_equal(yaml_config_count(config, "a"), 0);
        assert_null(yaml_config_first_unused(config));
        yaml_config_close(config);
    }
    yaml_config_close(NULL);
}

static void requires_texts(void **state)
{
    (void)state;
    struct recorder recorder;
    start_recording(&recorder);
    struct yaml_config *config = NULL;
    assert_ok(yaml_config_parse(octets_of_text(example), &recorder.log, &config));
    const char *value = NULL;
    assert_ok(yaml_config_require_text(config, "zh.listen", &value));
    assert_string_equal(value, "127.0.0.1:3868");
    assert_string_equal(recorded(&recorder), "");
    assert_status(yaml_config_require_text(config, "zh.realm", &value), GBAU_E_CONFIGURATION);
    assert_non_null(strstr(recorded(&recorder), "configuration: zh.realm is missing"));
    assert_status(yaml_config_require_text(config, "zh", &value), GBAU_E_CONFIGURATION);
    yaml_config_close(config);
    stop_recording(&recorder);
}

static void reads_numbers(void **state)
{
    (void)state;
    struct yaml_config *config =
        parse("a: 0\nb: -5\nc: 9223372036854775807\nd: -9223372036854775808\ne: 007\nf: 9223372036854775808\n");
    int64_t value = 1;
    assert_ok(yaml_config_number(config, "a", 0, 0, 9, &value));
    assert_int_equal(value, 0);
    assert_ok(yaml_config_number(config, "b", -5, 5, 9, &value));
    assert_int_equal(value, -5);
    assert_ok(yaml_config_number(config, "c", INT64_MIN, INT64_MAX, 9, &value));
    assert_true(value == INT64_MAX);
    assert_ok(yaml_config_number(config, "d", INT64_MIN, INT64_MAX, 9, &value));
    assert_true(value == INT64_MIN);
    assert_ok(yaml_config_number(config, "e", 0, 10, 9, &value));
    assert_int_equal(value, 7);
    /* one more than fits is not taken for the largest that does */
    assert_status(yaml_config_number(config, "f", INT64_MIN, INT64_MAX, 9, &value), GBAU_E_CONFIGURATION);
    assert_ok(yaml_config_number(config, "absent", 0, 10, 99, &value));
    assert_int_equal(value, 99);
    yaml_config_close(config);
}

static void refuses_bad_numbers(void **state)
{
    static const char *const bad[] = {"",     "x",
                                      "1x",   "0x10",
                                      "1.5",  "1e3",
                                      "+1",   "--1",
                                      "-",    "1 2",
                                      "true", "11",
                                      "-1",   "9223372036854775808",
                                      "~",    "99999999999999999999999999999999"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "first: 1\nsecret: \"%s\"\n", bad[i]);
        struct recorder recorder;
        start_recording(&recorder);
        struct yaml_config *config = NULL;
        int64_t value = 0;
        assert_ok(yaml_config_parse(octets_of_text(text), &recorder.log, &config));
        assert_status(yaml_config_number(config, "secret", 0, 10, 5, &value), GBAU_E_CONFIGURATION);
        assert_int_equal(value, 5);
        assert_non_null(strstr(recorded(&recorder), "configuration:2: secret must be a whole number from 0 to 10"));
        yaml_config_close(config);
        stop_recording(&recorder);
    }
}

static void reads_booleans(void **state)
{
    (void)state;
    struct recorder recorder;
    start_recording(&recorder);
    struct yaml_config *config = NULL;
    assert_ok(yaml_config_parse(octets_of_text("a: true\nb: false\nc: yes\nd: True\ne:\n"), &recorder.log, &config));
    bool value = false;
    assert_ok(yaml_config_boolean(config, "a", false, &value));
    assert_true(value);
    assert_ok(yaml_config_boolean(config, "b", true, &value));
    assert_false(value);
    assert_ok(yaml_config_boolean(config, "absent", true, &value));
    assert_true(value);
    assert_string_equal(recorded(&recorder), "");
    assert_status(yaml_config_boolean(config, "c", false, &value), GBAU_E_CONFIGURATION);
    assert_non_null(strstr(recorded(&recorder), "configuration:3: c must be true or false"));
    assert_status(yaml_config_boolean(config, "d", false, &value), GBAU_E_CONFIGURATION);
    assert_status(yaml_config_boolean(config, "e", false, &value), GBAU_E_CONFIGURATION);
    yaml_config_close(config);
    stop_recording(&recorder);
}

static void reports_what_nobody_looked_up(void **state)
{
    (void)state;
    struct yaml_config *config = parse("zh:\n  listen: a\n  lisen: b\nz: c\nlist: [d, e]\n");
    assert_string_equal(yaml_config_first_unused(config), "zh.listen");
    assert_string_equal(yaml_config_text(config, "zh.listen", NULL), "a");
    assert_string_equal(yaml_config_first_unused(config), "zh.lisen");
    assert_string_equal(yaml_config_text(config, "zh.lisen", NULL), "b");
    assert_string_equal(yaml_config_text(config, "z", NULL), "c");
    assert_string_equal(yaml_config_text(config, "list.0", NULL), "d");
    assert_int_equal(yaml_config_count(config, "list"), 2);
    assert_string_equal(yaml_config_first_unused(config), "list.1");
    int64_t number = 0;
    assert_status(yaml_config_number(config, "list.1", 0, 1, 0, &number), GBAU_E_CONFIGURATION);
    assert_null(yaml_config_first_unused(config));
    yaml_config_close(config);
}

static void refuses_bad_texts(void **state)
{
    static const char *const bad[] = {
        "a scalar",
        "- a\n- sequence\n",
        "a: b\n c: d\n",
        "a: [b\n",
        "a: {b: c\n",
        "a: \"b\n",
        "\ta: b\n",
        "a: b: c\n",
        "a: b\na: c\n",
        "a: {b: 1, c: 2, b: 3}\n",
        "z: 1\na: 2\nm: 3\nz:\n  - 4\n",
        "a: &anchor b\n",
        "a: &anchor b\nc: *anchor\n",
        "a: *nowhere\n",
        "a: &anchor {b: c}\n",
        "a: &anchor [b]\n",
        "a: !!str b\n",
        "a: !local [b]\n",
        "a: !!map {b: c}\n",
        "!!map {b: c}\n",
        "<<: {b: c}\n",
        "a.b: c\n",
        "\"\": c\n",
        "? a: b\n: c\n",
        "? [a]\n: c\n",
        "[a]: c\n",
        "\"a b\": c\n",
        "\"a\\nb\": c\n",
        "\"a\\0b\": c\n",
        "a: \"b\\0c\"\n",
        "a: b\n---\nc: d\n",
        "a: b\n...\nc: d\n",
        "\x80\n",
        "a: \xff\n",
        "\xff\xfe\x61",
        "a: \x01\n",
        "%YAML 9.9\n---\na: b\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_refused(bad[i], GBAU_E_CONFIGURATION);
    }
    assert_refused("a: &x [&y [&z []]]\nb: [*x, *x, *x, *x]\n", GBAU_E_CONFIGURATION);
}

static void says_where_it_is_wrong(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"a: b\nc: *d\n", "configuration:2:4: aliases are not taken"},
        {"a: b\nc: &d e\n", "configuration:2:4: anchors and tags are not taken"},
        {"a:\n  b.c: d\n", "configuration:2:3: a key must be a plain name"},
        {"a: 1\nb: 2\na: 3\n", "configuration:3: a is given twice"},
        {"a: [b\n", "configuration:2:1: "},
        {"just text", "configuration:1:1: the file must hold keys and values"},
        {"a: b\n---\n{}", "configuration:2:1: a second document begins"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct recorder recorder;
        start_recording(&recorder);
        struct yaml_config *config = NULL;
        assert_status(yaml_config_parse(octets_of_text(cases[i].text), &recorder.log, &config), GBAU_E_CONFIGURATION);
        if (strstr(recorded(&recorder), cases[i].message) == NULL) {
            print_error("[%s] [%s]\n", cases[i].text, recorded(&recorder));
        }
        assert_non_null(strstr(recorded(&recorder), cases[i].message));
        stop_recording(&recorder);
    }
}

static void bounds_the_depth(void **state)
{
    (void)state;
    for (size_t depth = 15; depth <= 16; depth++) { /* and the mapping around makes one more */
        char text[64] = "a: ";
        for (size_t i = 0; i < depth; i++) {
            (void)strcat(text, "[");
        }
        for (size_t i = 0; i < depth; i++) {
            (void)strcat(text, "]");
        }
        if (depth == 15) {
            yaml_config_close(parse(text));
        } else {
            assert_refused(text, GBAU_E_LIMIT);
        }
    }
}

static void bounds_the_count(void **state)
{
    (void)state;
    for (size_t count = 9998; count <= 9999; count++) { /* two more: the root and the sequence */
        char *text = malloc(64 + 3 * count);
        assert_non_null(text);
        (void)strcpy(text, "a: [");
        size_t length = 4;
        for (size_t i = 0; i < count; i++) {
            memcpy(text + length, "1, ", 3);
            length += 3;
        }
        memcpy(text + length, "]", 2);
        if (count == 9998) {
            struct yaml_config *config = parse(text);
            assert_int_equal(yaml_config_count(config, "a"), 9998);
            assert_string_equal(yaml_config_text(config, "a.9997", NULL), "1");
            yaml_config_close(config);
        } else {
            assert_refused(text, GBAU_E_LIMIT);
        }
        free(text);
    }
}

static void bounds_the_size(void **state)
{
    (void)state;
    size_t limit = 1024 * 1024;
    char *text = malloc(limit + 1);
    assert_non_null(text);
    memset(text, '\n', limit + 1);
    memcpy(text, "a: b", 4);
    struct yaml_config *config = NULL;
    assert_ok(yaml_config_parse(octets_of(text, limit), NULL, &config));
    yaml_config_close(config);
    assert_status(yaml_config_parse(octets_of(text, limit + 1), NULL, &config), GBAU_E_LIMIT);
    assert_null(config);
    free(text);
}

static void bounds_the_paths(void **state)
{
    (void)state;
    for (int length = 255; length <= 256; length++) {
        char text[512];
        (void)snprintf(text, sizeof text, "%0*d: x\n", length, 0);
        if (length == 255) {
            yaml_config_close(parse(text));
        } else {
            assert_refused(text, GBAU_E_LIMIT);
        }
    }
}

/* Cut anywhere, the text is whole or refused, and never read beyond its end. */
static void survives_every_truncation(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < sizeof example; cut++) {
        char *copy = malloc(cut + 1);
        assert_non_null(copy);
        memcpy(copy, example, cut);
        struct yaml_config *config = NULL;
        enum gbau_status status = yaml_config_parse(octets_of(copy, cut), NULL, &config);
        assert_true(status == GBAU_OK ? config != NULL : config == NULL);
        yaml_config_close(config);
        free(copy);
    }
}

static void survives_every_changed_octet(void **state)
{
    static const uint8_t octets[] = {0, '\t', '\n', ' ', '"', '#', '&', '*', '!', ',', '-', ':', '?', '[', '{', 0x85};
    (void)state;
    char text[sizeof example];
    for (size_t i = 0; i < sizeof example - 1; i++) {
        for (size_t j = 0; j < sizeof octets; j++) {
            memcpy(text, example, sizeof text);
            text[i] = (char)octets[j];
            struct yaml_config *config = NULL;
            (void)!yaml_config_parse(octets_of(text, sizeof text - 1), NULL, &config);
            yaml_config_close(config);
        }
    }
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void loads_files(void **state)
{
    (void)state;
    char directory[] = "/tmp/gbau-yaml-XXXXXX";
    assert_non_null(mkdtemp(directory));
    char path[64];
    (void)snprintf(path, sizeof path, "%s/a.yaml", directory);
    struct recorder recorder;
    start_recording(&recorder);
    struct yaml_config *config = NULL;

    assert_status(yaml_config_load(path, &recorder.log, &config), GBAU_E_NOT_FOUND);
    assert_non_null(strstr(recorded(&recorder), "a.yaml: No such file"));
    assert_null(config);

    write_file(path, example);
    assert_ok(yaml_config_load(path, &recorder.log, &config));
    assert_string_equal(yaml_config_text(config, "zh.listen", NULL), "127.0.0.1:3868");
    const char *value = NULL;
    assert_status(yaml_config_require_text(config, "zn.listen", &value), GBAU_E_CONFIGURATION);
    assert_non_null(strstr(recorded(&recorder), "a.yaml: zn.listen is missing"));
    yaml_config_close(config);

    write_file(path, "a: 1\na: 2\n");
    assert_status(yaml_config_load(path, &recorder.log, &config), GBAU_E_CONFIGURATION);
    assert_non_null(strstr(recorded(&recorder), "a.yaml:2: a is given twice"));

    assert_status(yaml_config_load(directory, &recorder.log, &config), GBAU_E_IO);
    assert_null(config);

    assert_int_equal(truncate(path, 1024 * 1024 + 1), 0);
    assert_status(yaml_config_load(path, &recorder.log, &config), GBAU_E_LIMIT);
    assert_null(config);

    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(directory), 0);
    stop_recording(&recorder);
}

static void tells_kinds(void **state)
{
    (void)state;
    struct yaml_config *config = parse(example);
    assert_int_equal(yaml_config_kind_of(config, ""), YAML_CONFIG_MAPPING);
    assert_int_equal(yaml_config_kind_of(config, "zh"), YAML_CONFIG_MAPPING);
    assert_int_equal(yaml_config_kind_of(config, "nafs"), YAML_CONFIG_SEQUENCE);
    assert_int_equal(yaml_config_kind_of(config, "none"), YAML_CONFIG_SEQUENCE);
    assert_int_equal(yaml_config_kind_of(config, "nafs.0"), YAML_CONFIG_MAPPING);
    assert_int_equal(yaml_config_kind_of(config, "empty"), YAML_CONFIG_SCALAR);
    assert_int_equal(yaml_config_kind_of(config, "nafs.2"), YAML_CONFIG_NOTHING);
    yaml_config_close(config);
    config = parse("");
    assert_int_equal(yaml_config_kind_of(config, ""), YAML_CONFIG_NOTHING);
    assert_null(yaml_config_key(config, "", 0));
    yaml_config_close(config);
}

/* In the order of the file; "zh" and "zh-2" are not each other's. */
static void lists_keys(void **state)
{
    (void)state;
    struct yaml_config *config = parse("zh: {b: 1, a: {c: 2, d: 3}, e: [4, 5]}\nzh-2: {f: 6}\nlast: 7\n");
    static const struct {
        const char *path;
        const char *keys[4];
    } cases[] = {{"", {"zh", "zh-2", "last"}},
                 {"zh", {"b", "a", "e"}},
                 {"zh.a", {"c", "d"}},
                 {"zh-2", {"f"}},
                 {"zh.e", {NULL}},
                 {"last", {NULL}},
                 {"zh.b", {NULL}},
                 {"absent", {NULL}}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t index = 0;
        for (; cases[i].keys[index] != NULL; index++) {
            assert_string_equal(yaml_config_key(config, cases[i].path, index), cases[i].keys[index]);
        }
        assert_null(yaml_config_key(config, cases[i].path, index));
    }
    yaml_config_close(config);
}

static void checks_keys(void **state)
{
    (void)state;
    static const char *const all[] = {"zh", "nafs", "lifetime-s", "offset", "empty", "none", NULL};
    static const char *const of_zh[] = {"listen", "port", NULL};
    struct recorder recorder;
    struct yaml_config *config = NULL;
    start_recording(&recorder);
    assert_ok(yaml_config_parse(octets_of_text(example), &recorder.log, &config));
    assert_ok(yaml_config_check_keys(config, "", all));
    assert_ok(yaml_config_check_keys(config, "absent", of_zh));
    assert_string_equal(recorded(&recorder) == NULL ? "" : recorded(&recorder), "");
    assert_status(yaml_config_check_keys(config, "zh", of_zh), GBAU_E_CONFIGURATION);
    assert_non_null(strstr(recorded(&recorder), "configuration:4: zh.tls: unknown key; allowed are: listen, port\n"));
    assert_status(yaml_config_check_keys(config, "", of_zh), GBAU_E_CONFIGURATION);
    assert_non_null(strstr(recorded(&recorder), "configuration:3: zh: unknown key; allowed are: listen, port\n"));
    assert_status(yaml_config_check_keys(config, "offset", of_zh), GBAU_E_CONFIGURATION);
    assert_non_null(
        strstr(recorded(&recorder), "configuration:10: offset: must be a mapping with keys of: listen, port\n"));
    yaml_config_close(config);
    stop_recording(&recorder);
}

/* Of what is not there, the line of what it would stand in. */
static void rejects_with_the_line(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"nafs.1.fqdn", ":8: nafs.1.fqdn: 5 is wrong\n"},
                                           {"nafs.1.port", ":8: nafs.1.port: 5 is wrong\n"},
                                           {"nafs.7", ":6: nafs.7: 5 is wrong\n"},
                                           {"absent.too", ":2: absent.too: 5 is wrong\n"},
                                           {"", ":2: 5 is wrong\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct recorder recorder;
        struct yaml_config *config = NULL;
        start_recording(&recorder);
        assert_ok(yaml_config_parse(octets_of_text(example), &recorder.log, &config));
        assert_status(yaml_config_reject(config, cases[i][0], "%d is wrong", 5), GBAU_E_CONFIGURATION);
        if (strstr(recorded(&recorder), cases[i][1]) == NULL) {
            fail_msg("%s", recorded(&recorder));
        }
        yaml_config_close(config);
        stop_recording(&recorder);
    }
}

static void survives_every_lack_of_memory(void **state)
{
    (void)state;
    char path[] = "/tmp/gbau-yaml-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, example, sizeof example - 1), sizeof example - 1);
    assert_int_equal(close(file), 0);
    enum gbau_status status = GBAU_E_MEMORY;
    size_t failures = 0;
    while (status != GBAU_OK) {
        struct yaml_config *config = NULL;
        allocations = 0;
        fail_at = failures + 1;
        status = yaml_config_load(path, NULL, &config);
        fail_at = 0;
        assert_true(status == GBAU_OK || status == GBAU_E_MEMORY);
        assert_true((status == GBAU_OK) == (config != NULL));
        yaml_config_close(config);
        failures += status != GBAU_OK;
    }
    assert_true(failures > 20);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_values),
        cmocka_unit_test(falls_back),
        cmocka_unit_test(reads_empty_files),
        cmocka_unit_test(requires_texts),
        cmocka_unit_test(reads_numbers),
        cmocka_unit_test(refuses_bad_numbers),
        cmocka_unit_test(reads_booleans),
        cmocka_unit_test(reports_what_nobody_looked_up),
        cmocka_unit_test(refuses_bad_texts),
        cmocka_unit_test(says_where_it_is_wrong),
        cmocka_unit_test(bounds_the_depth),
        cmocka_unit_test(bounds_the_count),
        cmocka_unit_test(bounds_the_size),
        cmocka_unit_test(bounds_the_paths),
        cmocka_unit_test(survives_every_truncation),
        cmocka_unit_test(survives_every_changed_octet),
        cmocka_unit_test(loads_files),
        cmocka_unit_test(tells_kinds),
        cmocka_unit_test(lists_keys),
        cmocka_unit_test(checks_keys),
        cmocka_unit_test(rejects_with_the_line),
        cmocka_unit_test(survives_every_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
