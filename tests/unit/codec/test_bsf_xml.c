/* test_bsf_xml.c: the BootstrappingInfo document, and what a hostile BSF might send in its place. */
#include "testing.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <libxml/parser.h>
#include <libxml/xmlmemory.h>

#include "codec/bsf_xml.h"

#define B_TID    "I1U8vpY3qJ0hiuZNrke/NQ==@bsf.mnc015.mcc234.pub.3gppnetwork.org"
#define HEAD     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
#define LIFETIME "<lifetime>2030-01-01T00:00:00Z</lifetime>"
#define BODY     "<btid>" B_TID "</btid>" LIFETIME
#define OPEN     "<BootstrappingInfo xmlns=\"uri:3gpp-gba\">"
#define CLOSE    "</BootstrappingInfo>"
#define DOCUMENT HEAD OPEN BODY CLOSE

static enum gbau_status read_text(const char *text, struct bsf_xml *info)
{
    return bsf_xml_read(octets_of_text(text), info);
}

static void assert_reads(const char *text)
{
    struct bsf_xml info;
    enum gbau_status status = read_text(text, &info);
    if (status != GBAU_OK) {
        print_error("[%s]\n", text);
    }
    assert_ok(status);
    assert_string_equal(info.b_tid, B_TID);
    assert_int_equal(info.lifetime, 1893456000);
    assert_string_equal(info.lifetime_text, "2030-01-01T00:00:00Z");
}

static void reads_the_example(void **state)
{
    (void)state;
    assert_int_equal(strlen(DOCUMENT), 214);
    assert_reads(DOCUMENT);
}

static void reads_other_forms(void **state)
{
    static const char *const forms[] = {
        OPEN BODY CLOSE,
        "<BootstrappingInfo>" BODY CLOSE,
        "\xef\xbb\xbf" HEAD OPEN BODY CLOSE,
        HEAD "\r\n" OPEN "\r\n\t<btid>\n  " B_TID " </btid>\n" LIFETIME "\n" CLOSE "\n",
        OPEN LIFETIME "<btid>" B_TID "</btid>" CLOSE,
        OPEN BODY "<Extension><currenttime>2029-01-01T00:00:00Z</currenttime><x y=\"z\"/></Extension>" CLOSE,
        OPEN "<btid><![CDATA[" B_TID "]]></btid>" LIFETIME CLOSE,
        OPEN "<btid><!-- x -->" B_TID "<?pi x?></btid>" LIFETIME CLOSE,
        OPEN "<btid new=\"attribute\">" B_TID "</btid>" LIFETIME CLOSE,
        OPEN "<btid>I1U8vpY3qJ0hiuZNrke&#47;NQ&#x3d;=@bsf.mnc015.mcc234.pub.3gppnetwork.org</btid>" LIFETIME CLOSE,
        "<g:BootstrappingInfo xmlns:g=\"uri:3gpp-gba\"><g:btid>" B_TID "</g:btid><g:lifetime>2030-01-01T00:00:00Z"
        "</g:lifetime></g:BootstrappingInfo>",
        OPEN "<o:btid xmlns:o=\"uri:other\">no</o:btid>" BODY CLOSE,
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" OPEN BODY CLOSE,
        "<?xml version=\"1.0\" encoding=\"no-such-encoding\"?>" OPEN BODY CLOSE,
    };
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        assert_reads(forms[i]);
    }
}

static void skips_unknown_elements(void **state)
{
    (void)state;
    assert_reads(OPEN "<new btid=\"x\"><btid>no</btid><lifetime>no</lifetime></new>" BODY "<!-- comment -->" CLOSE);
}

static void keeps_lifetime_as_received(void **state)
{
    (void)state;
    struct bsf_xml info;
    assert_ok(read_text(OPEN "<btid>b</btid><lifetime>2030-01-01T00:00:00.250Z</lifetime>" CLOSE, &info));
    assert_string_equal(info.lifetime_text, "2030-01-01T00:00:00.250Z");
    assert_int_equal(info.lifetime, 1893456000);
}

#define BILLION                                                                                                        \
    "<!DOCTYPE BootstrappingInfo [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">"                  \
    "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;\">]>"

static void refuses_bad_documents(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "<",
        "no XML",
        "<a/>",
        HEAD,
        OPEN CLOSE,
        OPEN LIFETIME CLOSE,
        OPEN "<btid>" B_TID "</btid>" CLOSE,
        OPEN BODY "<btid>" B_TID "</btid>" CLOSE,
        OPEN BODY LIFETIME CLOSE,
        OPEN "<btid></btid>" LIFETIME CLOSE,
        OPEN "<btid/>" LIFETIME CLOSE,
        OPEN "<btid> \n </btid>" LIFETIME CLOSE,
        OPEN "<btid>two words</btid>" LIFETIME CLOSE,
        OPEN "<btid>a\nb</btid>" LIFETIME CLOSE,
        OPEN "<btid>a&#13;&#10;b</btid>" LIFETIME CLOSE,
        OPEN "<btid>\xc3\xa4</btid>" LIFETIME CLOSE,
        OPEN "<btid>\xff\xfe</btid>" LIFETIME CLOSE,
        OPEN "<btid>b</btid><lifetime></lifetime>" CLOSE,
        OPEN "<btid>b</btid><lifetime>tomorrow</lifetime>" CLOSE,
        OPEN "<btid>b</btid><lifetime>2030-02-30T00:00:00Z</lifetime>" CLOSE,
        OPEN "<btid>b</btid><lifetime>2030-01-01T00:00:00</lifetime>" CLOSE,
        OPEN "<btid>b</btid><lifetime>2030-01-01T00:00:00+01:00</lifetime>" CLOSE,
        OPEN "<btid>b</btid><lifetime>2030-01-01T00:00:00.0000000000000000000Z</lifetime>" CLOSE,
        OPEN "<btid>&b;</btid>" LIFETIME CLOSE,
        OPEN BODY "<!-- two -- hyphens -->" CLOSE,
        OPEN BODY,
        OPEN BODY CLOSE CLOSE,
        OPEN BODY CLOSE "x",
        OPEN BODY CLOSE OPEN BODY CLOSE,
        OPEN "<btid>" B_TID "</lifetime>" LIFETIME CLOSE,
        "<BootstrappingInfo xmlns=\"uri:other\">" BODY CLOSE,
        "<other xmlns=\"uri:3gpp-gba\">" BODY "</other>",
        "<x><BootstrappingInfo>" BODY CLOSE "</x>",
        OPEN "<Extension>" BODY "</Extension>" CLOSE,
        "<!DOCTYPE BootstrappingInfo>" OPEN BODY CLOSE,
        HEAD "<!DOCTYPE BootstrappingInfo SYSTEM \"file:///etc/passwd\">" OPEN BODY CLOSE,
        HEAD "<!DOCTYPE BootstrappingInfo PUBLIC \"x\" \"http://127.0.0.1:1/x.dtd\">" OPEN BODY CLOSE,
        "<!DOCTYPE x [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>" OPEN "<btid>&b;</btid>" LIFETIME CLOSE,
        "<!DOCTYPE x [<!ENTITY % p SYSTEM \"file:///etc/passwd\"> %p;]>" OPEN BODY CLOSE,
        BILLION OPEN "<btid>&d;</btid>" LIFETIME CLOSE,
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bsf_xml info;
        enum gbau_status status = read_text(bad[i], &info);
        if (status != GBAU_E_MALFORMED) {
            print_error("[%s]\n", bad[i]);
        }
        assert_status(status, GBAU_E_MALFORMED);
    }
}

static void refuses_zero_octets(void **state)
{
    static const char after[] = DOCUMENT "\0";
    static const char behind[] = DOCUMENT "\0<evil/>";
    (void)state;
    struct bsf_xml info;
    assert_status(bsf_xml_read(octets_of(after, sizeof after - 1), &info), GBAU_E_MALFORMED);
    assert_status(bsf_xml_read(octets_of(behind, sizeof behind - 1), &info), GBAU_E_MALFORMED);
}

static void refuses_utf16(void **state)
{
    static const char ascii[] = OPEN BODY CLOSE;
    uint8_t wide[2 + 2 * sizeof ascii] = {0xff, 0xfe};
    (void)state;
    for (size_t i = 0; i < sizeof ascii - 1; i++) {
        wide[2 + 2 * i] = (uint8_t)ascii[i];
    }
    struct bsf_xml info;
    assert_status(bsf_xml_read(octets_of(wide, 2 * sizeof ascii), &info), GBAU_E_MALFORMED);
}

static void bounds_the_b_tid(void **state)
{
    (void)state;
    for (int length = B_TID_SIZE - 1; length <= B_TID_SIZE; length++) {
        char text[1024];
        struct bsf_xml info;
        (void)snprintf(text, sizeof text, OPEN "<btid>%0*d</btid>" LIFETIME CLOSE, length, 0);
        assert_status(read_text(text, &info), length < B_TID_SIZE ? GBAU_OK : GBAU_E_MALFORMED);
    }
    char text[4096];
    struct bsf_xml info;
    (void)snprintf(text, sizeof text, OPEN "<btid>%02000d</btid>" LIFETIME CLOSE, 0);
    assert_status(read_text(text, &info), GBAU_E_MALFORMED);
}

static void bounds_the_document(void **state)
{
    (void)state;
    static char text[BSF_XML_MAX + 1];
    struct bsf_xml info;
    memset(text, ' ', sizeof text);
    memcpy(text, DOCUMENT, strlen(DOCUMENT));
    assert_ok(bsf_xml_read(octets_of(text, BSF_XML_MAX), &info));
    assert_status(bsf_xml_read(octets_of(text, BSF_XML_MAX + 1), &info), GBAU_E_MALFORMED);
}

static void bounds_the_depth(void **state)
{
    (void)state;
    for (size_t depth = 15; depth <= 16; depth++) { /* and the root makes one more */
        char text[4096] = OPEN BODY;
        for (size_t i = 0; i < depth; i++) {
            (void)strcat(text, "<n>");
        }
        for (size_t i = 0; i < depth; i++) {
            (void)strcat(text, "</n>");
        }
        (void)strcat(text, CLOSE);
        struct bsf_xml info;
        assert_status(read_text(text, &info), depth == 15 ? GBAU_OK : GBAU_E_MALFORMED);
    }
    static char deep[BSF_XML_MAX];
    for (size_t i = 0; i + 3 <= sizeof deep; i += 3) {
        memcpy(deep + i, "<n>", 3);
    }
    struct bsf_xml info;
    assert_status(bsf_xml_read(octets_of(deep, sizeof deep - 1), &info), GBAU_E_MALFORMED);
}

static void refuses_every_truncation(void **state)
{
    (void)state;
    struct bsf_xml info;
    for (size_t cut = 0; cut < strlen(DOCUMENT); cut++) {
        char *copy = malloc(cut + 1);
        assert_non_null(copy);
        memcpy(copy, DOCUMENT, cut);
        assert_status(bsf_xml_read(octets_of(copy, cut), &info), GBAU_E_MALFORMED);
        free(copy);
    }
}

static void survives_every_changed_octet(void **state)
{
    static const uint8_t octets[] = {0, 1, '\n', ' ', '"', '&', '\'', '-', '<', '>', '?', '!', '[', 'a', 0x80, 0xff};
    (void)state;
    char text[sizeof DOCUMENT];
    for (size_t i = 0; i < strlen(DOCUMENT); i++) {
        for (size_t j = 0; j < sizeof octets; j++) {
            struct bsf_xml info;
            memcpy(text, DOCUMENT, sizeof text);
            text[i] = (char)octets[j];
            if (bsf_xml_read(octets_of(text, sizeof text - 1), &info) == GBAU_OK) {
                assert_true(strlen(info.b_tid) > 0 && strlen(info.b_tid) < B_TID_SIZE);
            }
        }
    }
}

/* Standard error goes to a file while a test looks at it. */
struct capture {
    FILE *file;
    int saved;
};

static void start_capture(struct capture *capture)
{
    capture->file = tmpfile();
    assert_non_null(capture->file);
    (void)fflush(stderr);
    capture->saved = dup(STDERR_FILENO);
    assert_true(dup2(fileno(capture->file), STDERR_FILENO) >= 0);
}

static long stop_capture(struct capture *capture)
{
    (void)fflush(stderr);
    (void)dup2(capture->saved, STDERR_FILENO);
    (void)close(capture->saved);
    (void)fseek(capture->file, 0, SEEK_END);
    long length = ftell(capture->file);
    (void)fclose(capture->file);
    return length;
}

/* Broken documents leave no line on standard error. */
static void is_silent(void **state)
{
    (void)state;
    struct capture capture;
    struct bsf_xml info;
    start_capture(&capture);
    enum gbau_status broken = read_text(OPEN "<btid>\xff</nothing>", &info);
    enum gbau_status entity = read_text("<!DOCTYPE x SYSTEM \"nowhere\">" OPEN "&x;" CLOSE, &info);
    enum gbau_status encoding = read_text("<?xml version=\"1.0\" encoding=\"EBCDIC\"?><a>\x80</a>", &info);
    assert_int_equal(stop_capture(&capture), 0);
    assert_status(broken, GBAU_E_MALFORMED);
    assert_status(entity, GBAU_E_MALFORMED);
    assert_status(encoding, GBAU_E_MALFORMED);
}

static size_t allocations;
static size_t fail_at; /* 0: none */

static void *failing_malloc(size_t size)
{
    return ++allocations == fail_at ? NULL : malloc(size);
}

static void *failing_realloc(void *former, size_t size)
{
    return ++allocations == fail_at ? NULL : realloc(former, size);
}

static char *failing_strdup(const char *text)
{
    return ++allocations == fail_at ? NULL : strdup(text);
}

/* Every allocation of libxml2 fails in turn: no crash, no line on standard error, never half a document. */
static void survives_every_lack_of_memory(void **state)
{
    (void)state;
    struct bsf_xml info;
    assert_ok(read_text(DOCUMENT, &info)); /* what is set up once is set up */
    assert_int_equal(xmlMemSetup(free, failing_malloc, failing_realloc, failing_strdup), 0);
    struct capture capture;
    start_capture(&capture);
    bool is_whole = true;
    size_t failures = 0;
    for (size_t at = 1; at < 1000; at++) {
        allocations = 0;
        fail_at = at;
        memset(&info, 0, sizeof info);
        enum gbau_status status = read_text(DOCUMENT, &info);
        is_whole = is_whole && (status != GBAU_OK || strcmp(info.b_tid, B_TID) == 0);
        failures += status == GBAU_E_MEMORY;
        if (allocations < fail_at) {
            break;
        }
    }
    fail_at = 0;
    long printed = stop_capture(&capture);
    assert_int_equal(xmlMemSetup(free, malloc, realloc, strdup), 0);
    assert_int_equal(printed, 0);
    assert_true(is_whole);
    assert_true(failures > 5);
    assert_ok(read_text(DOCUMENT, &info));
}

static void *read_many(void *wrong)
{
    int *failures = wrong;
    for (size_t i = 0; i < 500; i++) {
        struct bsf_xml info;
        *failures += read_text(DOCUMENT, &info) != GBAU_OK;
        *failures += read_text(OPEN "<btid>&x;</btid>" CLOSE, &info) != GBAU_E_MALFORMED;
    }
    return NULL;
}

static void reads_in_many_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    int failures[4] = {0};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_many, &failures[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(failures[i], 0);
    }
}

static void writes_the_example(void **state)
{
    (void)state;
    const struct bsf_xml info = {.b_tid = B_TID, .lifetime = 1893456000};
    char text[1024];
    assert_ok(bsf_xml_write(&info, text, sizeof text));
    assert_string_equal(text, DOCUMENT);
}

static void reads_back_what_it_wrote(void **state)
{
    (void)state;
    const struct bsf_xml info = {.b_tid = "a<b>&\"'c&amp;]]>", .lifetime = 0};
    char text[1024];
    struct bsf_xml read;
    assert_ok(bsf_xml_write(&info, text, sizeof text));
    assert_ok(read_text(text, &read));
    assert_string_equal(read.b_tid, info.b_tid);
    assert_int_equal(read.lifetime, 0);
    assert_string_equal(read.lifetime_text, "1970-01-01T00:00:00Z");
}

static void refuses_to_write_what_it_would_not_read(void **state)
{
    (void)state;
    char text[1024];
    struct bsf_xml info = {.lifetime = 0};
    assert_status(bsf_xml_write(&info, text, sizeof text), GBAU_E_ARGUMENT);
    info = (struct bsf_xml){.b_tid = "a b"};
    assert_status(bsf_xml_write(&info, text, sizeof text), GBAU_E_ARGUMENT);
    info = (struct bsf_xml){.b_tid = "a\n"};
    assert_status(bsf_xml_write(&info, text, sizeof text), GBAU_E_ARGUMENT);
    info = (struct bsf_xml){.b_tid = "a", .lifetime = -1};
    assert_status(bsf_xml_write(&info, text, sizeof text), GBAU_E_ARGUMENT);
    info = (struct bsf_xml){.b_tid = "a", .lifetime = 253402300800};
    assert_status(bsf_xml_write(&info, text, sizeof text), GBAU_E_ARGUMENT);
}

static void refuses_every_lack_of_room(void **state)
{
    (void)state;
    const struct bsf_xml info = {.b_tid = B_TID, .lifetime = 1893456000};
    char text[sizeof DOCUMENT];
    assert_ok(bsf_xml_write(&info, text, sizeof DOCUMENT));
    for (size_t capacity = 0; capacity < sizeof DOCUMENT; capacity++) {
        assert_status(bsf_xml_write(&info, text, capacity), GBAU_E_SPACE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_example),
        cmocka_unit_test(reads_other_forms),
        cmocka_unit_test(skips_unknown_elements),
        cmocka_unit_test(keeps_lifetime_as_received),
        cmocka_unit_test(refuses_bad_documents),
        cmocka_unit_test(refuses_zero_octets),
        cmocka_unit_test(refuses_utf16),
        cmocka_unit_test(bounds_the_b_tid),
        cmocka_unit_test(bounds_the_document),
        cmocka_unit_test(bounds_the_depth),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(survives_every_changed_octet),
        cmocka_unit_test(is_silent),
        cmocka_unit_test(survives_every_lack_of_memory),
        cmocka_unit_test(reads_in_many_threads),
        cmocka_unit_test(writes_the_example),
        cmocka_unit_test(reads_back_what_it_wrote),
        cmocka_unit_test(refuses_to_write_what_it_would_not_read),
        cmocka_unit_test(refuses_every_lack_of_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
