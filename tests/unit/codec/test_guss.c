/* test_guss.c: GBA user security settings on Zh and Zn, whole, foreign and broken. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/guss.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"

/* As FHoSS sends it, with what later releases add. */
static const char example[] = HEAD "\n<guss id=\"user@operator.com\">\n"
                                   "  <bsfInfo>\n"
                                   "    <uiccType>GBA_U</uiccType>\n"
                                   "    <lifeTime>86400</lifeTime>\n"
                                   "    <securityFeatures>GPL_U</securityFeatures>\n"
                                   "  </bsfInfo>\n"
                                   "  <ussList>\n"
                                   "    <uss id=\"1\" type=\"1\" nafGroup=\"A\">\n"
                                   "      <uids><uid>tel:+44123</uid><uid> sip:user@operator.com\n</uid></uids>\n"
                                   "      <flags><flag>1</flag><flag>2</flag></flags>\n"
                                   "      <keyChoice>UICC_BASED_KEY</keyChoice>\n"
                                   "    </uss>\n"
                                   "    <uss type=\"0\" id=\"1000001\"><uids/></uss>\n"
                                   "  </ussList>\n"
                                   "</guss>\n";

static enum gbau_status read_text(const char *text, struct guss *guss)
{
    return guss_read(octets_of_text(text), guss);
}

static void assert_malformed(const char *text)
{
    static struct guss guss;
    enum gbau_status status = read_text(text, &guss);
    if (status != GBAU_E_MALFORMED) {
        print_error("[%s]\n", text);
    }
    assert_status(status, GBAU_E_MALFORMED);
}

static void assert_guss_equal(const struct guss *a, const struct guss *b)
{
    assert_string_equal(a->impi, b->impi);
    assert_int_equal(a->uicc_type, b->uicc_type);
    assert_int_equal(a->lifetime, b->lifetime);
    assert_int_equal(a->uss_count, b->uss_count);
    for (size_t i = 0; i < a->uss_count; i++) {
        const struct guss_uss *left = &a->uss[i];
        const struct guss_uss *right = &b->uss[i];
        assert_int_equal(left->gsid, right->gsid);
        assert_int_equal(left->type, right->type);
        assert_string_equal(left->naf_group, right->naf_group);
        assert_int_equal(left->uid_count, right->uid_count);
        assert_int_equal(left->flag_count, right->flag_count);
        for (size_t j = 0; j < left->uid_count; j++) {
            assert_string_equal(left->uids[j], right->uids[j]);
        }
        assert_memory_equal(left->flags, right->flags, left->flag_count * sizeof left->flags[0]);
    }
}

static void reads_the_example(void **state)
{
    (void)state;
    static struct guss guss;
    assert_ok(read_text(example, &guss));
    assert_string_equal(guss.impi, "user@operator.com");
    assert_int_equal(guss.uicc_type, GUSS_UICC_GBA_U);
    assert_int_equal(guss.lifetime, 86400);
    assert_int_equal(guss.uss_count, 2);
    const struct guss_uss *first = &guss.uss[0];
    assert_int_equal(first->gsid, 1);
    assert_int_equal(first->type, 1);
    assert_string_equal(first->naf_group, "A");
    assert_int_equal(first->uid_count, 2);
    assert_string_equal(first->uids[0], "tel:+44123");
    assert_string_equal(first->uids[1], "sip:user@operator.com");
    assert_int_equal(first->flag_count, 2);
    assert_int_equal(first->flags[0], 1);
    assert_int_equal(first->flags[1], 2);
    const struct guss_uss *second = &guss.uss[1];
    assert_int_equal(second->gsid, 1000001);
    assert_int_equal(second->type, 0);
    assert_string_equal(second->naf_group, "");
    assert_int_equal(second->uid_count, 0);
    assert_int_equal(second->flag_count, 0);
}

static void takes_absent_and_unknown_uicc_type_for_gba(void **state)
{
    static const char *const forms[] = {
        "<guss id=\"i\"/>",
        "<guss id=\"i\"><bsfInfo/></guss>",
        "<guss id=\"i\"><bsfInfo><uiccType>GBA</uiccType></bsfInfo></guss>",
        "<guss id=\"i\"><bsfInfo><uiccType>GBA_X</uiccType></bsfInfo></guss>",
        "<guss id=\"i\"><bsfInfo><uiccType/></bsfInfo></guss>",
        "<guss id=\"i\"><bsfInfo><uiccType>gba_u</uiccType></bsfInfo></guss>",
        "<guss id=\"i\"><uiccType>GBA_U</uiccType></guss>",
        "<guss id=\"i\"><ussList/><new><bsfInfo><uiccType>GBA_U</uiccType></bsfInfo></new></guss>",
    };
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        static struct guss guss;
        assert_ok(read_text(forms[i], &guss));
        assert_int_equal(guss.uicc_type, GUSS_UICC_GBA);
        assert_int_equal(guss.lifetime, 0);
        assert_int_equal(guss.uss_count, 0);
    }
}

static void takes_any_namespace(void **state)
{
    (void)state;
    static struct guss guss;
    assert_ok(read_text("<g:guss xmlns:g=\"uri:any\" g:id=\"i\"><g:bsfInfo><g:uiccType>GBA_U</g:uiccType></g:bsfInfo>"
                        "</g:guss>",
                        &guss));
    assert_string_equal(guss.impi, "i");
    assert_int_equal(guss.uicc_type, GUSS_UICC_GBA_U);
}

/* libxml2 leaves an ampersand of an attribute as a character reference; what looks like one must stay. */
static void takes_references_out_of_attributes(void **state)
{
    (void)state;
    static struct guss guss;
    assert_ok(read_text("<guss id=\"a&amp;b&lt;c&quot;&#38;&#x26;&apos;&gt;&amp;#38;&amp;amp;\"/>", &guss));
    assert_string_equal(guss.impi, "a&b<c\"&&'>&#38;&amp;");
    assert_ok(read_text("<guss id=\"&amp;\"/>", &guss));
    assert_string_equal(guss.impi, "&");
}

static void refuses_bad_documents(void **state)
{
    static const char *const bad[] = {
        "",
        "<guss/>",
        "<guss id=\"\"/>",
        "<guss id=\"  \"/>",
        "<guss id=\"i\"",
        "<guss id=\"i\">",
        "<guss id=\"i\" id=\"j\"/>",
        "<guss id=\"i\" xml:id=\"j\"/>",
        "<guss id=\"a&#10;b\"/>",
        "<guss id=\"&i;\"/>",
        "<ussList/>",
        "<guss id=\"i\"><bsfInfo/><bsfInfo/></guss>",
        "<guss id=\"i\"><bsfInfo><uiccType>GBA</uiccType><uiccType>GBA_U</uiccType></bsfInfo></guss>",
        "<guss id=\"i\"><bsfInfo><lifeTime/></bsfInfo></guss>",
        "<guss id=\"i\"><bsfInfo><lifeTime>-1</lifeTime></bsfInfo></guss>",
        "<guss id=\"i\"><bsfInfo><lifeTime>+1</lifeTime></bsfInfo></guss>",
        "<guss id=\"i\"><bsfInfo><lifeTime>1h</lifeTime></bsfInfo></guss>",
        "<guss id=\"i\"><bsfInfo><lifeTime>0x10</lifeTime></bsfInfo></guss>",
        "<guss id=\"i\"><bsfInfo><lifeTime>4294967296</lifeTime></bsfInfo></guss>",
        "<guss id=\"i\"><bsfInfo><lifeTime>99999999999999999999999</lifeTime></bsfInfo></guss>",
        "<guss id=\"i\"><ussList/><ussList/></guss>",
        "<guss id=\"i\"><ussList><uss/></ussList></guss>",
        "<guss id=\"i\"><ussList><uss id=\"1\"/></ussList></guss>",
        "<guss id=\"i\"><ussList><uss type=\"1\"/></ussList></guss>",
        "<guss id=\"i\"><ussList><uss id=\"one\" type=\"1\"/></ussList></guss>",
        "<guss id=\"i\"><ussList><uss id=\"\" type=\"1\"/></ussList></guss>",
        "<guss id=\"i\"><ussList><uss id=\"11111111111111111\" type=\"1\"/></ussList></guss>",
        "<guss id=\"i\"><ussList><uss id=\"1\" type=\"1\"><uids/><uids/></uss></ussList></guss>",
        "<guss id=\"i\"><ussList><uss id=\"1\" type=\"1\"><uids><uid/></uids></uss></ussList></guss>",
        "<guss id=\"i\"><ussList><uss id=\"1\" type=\"1\"><uids><uid>a&#9;b</uid></uids></uss></ussList></guss>",
        "<guss id=\"i\"><ussList><uss id=\"1\" type=\"1\"><flags><flag>a</flag></flags></uss></ussList></guss>",
        "<guss id=\"i\"><ussList><uss id=\"1\" type=\"1\"><flags><flag/></flags></uss></ussList></guss>",
        "<guss id=\"J\xe4s\"/>",
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><guss id=\"J\xe4s\"/>",
        "x<guss id=\"i\"/>",
        "\xef\xbb\xbf",
        "\xef\xbb\xbf\xef\xbb\xbf<guss id=\"i\"/>",
        "\xfe\xff<guss id=\"i\"/>",
        "\x4c\x6f\xa7\x94\x93<guss id=\"i\"/>",
        "<!DOCTYPE guss><guss id=\"i\"/>",
        "<!DOCTYPE guss [<!ATTLIST guss id CDATA \"i\">]><guss/>",
        "<!DOCTYPE guss [<!ENTITY i \"x\">]><guss id=\"&i;\"/>",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_malformed(bad[i]);
    }
}

/* A document with `uss_count` settings, each with `uid_count` identities and `flag_count` flags. */
static void make_document(char *text, size_t capacity, size_t uss_count, size_t uid_count, size_t flag_count)
{
    size_t length = (size_t)snprintf(text, capacity, "<guss id=\"i\"><ussList>");
    for (size_t i = 0; i < uss_count; i++) {
        length += (size_t)snprintf(text + length, capacity - length, "<uss id=\"%zu\" type=\"0\"><uids>", i);
        for (size_t j = 0; j < uid_count; j++) {
            length += (size_t)snprintf(text + length, capacity - length, "<uid>%zu</uid>", j);
        }
        length += (size_t)snprintf(text + length, capacity - length, "</uids><flags>");
        for (size_t j = 0; j < flag_count; j++) {
            length += (size_t)snprintf(text + length, capacity - length, "<flag>%zu</flag>", j);
        }
        length += (size_t)snprintf(text + length, capacity - length, "</flags></uss>");
    }
    length += (size_t)snprintf(text + length, capacity - length, "</ussList></guss>");
    assert_true(length < capacity);
}

static void bounds_the_counts(void **state)
{
    (void)state;
    static struct guss guss;
    static char text[32768];
    make_document(text, sizeof text, GUSS_MAX_USS, GUSS_MAX_UIDS, GUSS_MAX_FLAGS);
    assert_ok(read_text(text, &guss));
    assert_int_equal(guss.uss_count, GUSS_MAX_USS);
    assert_string_equal(guss.uss[GUSS_MAX_USS - 1].uids[GUSS_MAX_UIDS - 1], "7");
    assert_int_equal(guss.uss[GUSS_MAX_USS - 1].flags[GUSS_MAX_FLAGS - 1], 15);
    make_document(text, sizeof text, GUSS_MAX_USS + 1, 0, 0);
    assert_malformed(text);
    make_document(text, sizeof text, 1, GUSS_MAX_UIDS + 1, 0);
    assert_malformed(text);
    make_document(text, sizeof text, 1, 0, GUSS_MAX_FLAGS + 1);
    assert_malformed(text);
}

static void bounds_the_texts(void **state)
{
    static const struct {
        const char *format;
        int size;
    } bounds[] = {
        {"<guss id=\"%0*d\"/>", GUSS_UID_SIZE},
        {"<guss id=\"i\"><ussList><uss id=\"1\" type=\"1\" nafGroup=\"%0*d\"/></ussList></guss>", GUSS_NAF_GROUP_SIZE},
        {"<guss id=\"i\"><ussList><uss id=\"1\" type=\"1\"><uids><uid>%0*d</uid></uids></uss></ussList></guss>",
         GUSS_UID_SIZE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        static const int excess[] = {-1, 0, 1000, 3000};
        for (size_t j = 0; j < 4; j++) {
            char text[8192];
            static struct guss guss;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            (void)snprintf(text, sizeof text, bounds[i].format, bounds[i].size + excess[j], 0);
#pragma GCC diagnostic pop
            assert_status(read_text(text, &guss), excess[j] < 0 ? GBAU_OK : GBAU_E_MALFORMED);
        }
    }
}

static void bounds_the_document(void **state)
{
    (void)state;
    static char text[GUSS_XML_MAX + 1];
    static struct guss guss;
    memset(text, '\n', sizeof text);
    memcpy(text, example, sizeof example - 1);
    assert_ok(guss_read(octets_of(text, GUSS_XML_MAX), &guss));
    assert_status(guss_read(octets_of(text, GUSS_XML_MAX + 1), &guss), GBAU_E_MALFORMED);
}

static void refuses_every_truncation(void **state)
{
    (void)state;
    static struct guss guss;
    size_t length = sizeof example - 2; /* without its last line end */
    assert_ok(guss_read(octets_of(example, length), &guss));
    for (size_t cut = 0; cut < length; cut++) {
        char *copy = malloc(cut + 1);
        assert_non_null(copy);
        memcpy(copy, example, cut);
        assert_status(guss_read(octets_of(copy, cut), &guss), GBAU_E_MALFORMED);
        free(copy);
    }
}

/* Whatever one octet becomes, what is read can be written and reads the same. */
static void survives_every_changed_octet(void **state)
{
    static const uint8_t octets[] = {0, '\n', ' ', '"', '&', '<', '>', '!', '1', 'a', 0x80, 0xc3};
    (void)state;
    static struct guss guss;
    static struct guss again;
    static char written[GUSS_XML_MAX];
    char text[sizeof example];
    for (size_t i = 0; i < sizeof example - 1; i++) {
        for (size_t j = 0; j < sizeof octets; j++) {
            memcpy(text, example, sizeof text);
            text[i] = (char)octets[j];
            if (guss_read(octets_of(text, sizeof text - 1), &guss) != GBAU_OK) {
                continue;
            }
            assert_ok(guss_write(&guss, written, sizeof written));
            assert_ok(read_text(written, &again));
            assert_guss_equal(&guss, &again);
        }
    }
}

static void writes_the_example(void **state)
{
    (void)state;
    static struct guss guss;
    char text[2048];
    assert_ok(read_text(example, &guss));
    assert_ok(guss_write(&guss, text, sizeof text));
    assert_string_equal(text, HEAD
                        "<guss id=\"user@operator.com\"><bsfInfo><uiccType>GBA_U</uiccType><lifeTime>86400</lifeTime>"
                        "</bsfInfo><ussList><uss id=\"1\" type=\"1\" nafGroup=\"A\"><uids><uid>tel:+44123</uid>"
                        "<uid>sip:user@operator.com</uid></uids><flags><flag>1</flag><flag>2</flag></flags></uss>"
                        "<uss id=\"1000001\" type=\"0\"><uids></uids></uss></ussList></guss>");
}

static void always_writes_uicc_type(void **state)
{
    (void)state;
    static const struct guss guss = {.impi = "i"};
    char text[1024];
    assert_ok(guss_write(&guss, text, sizeof text));
    assert_string_equal(text,
                        HEAD "<guss id=\"i\"><bsfInfo><uiccType>GBA</uiccType></bsfInfo><ussList></ussList></guss>");
}

static void reads_back_hard_texts(void **state)
{
    (void)state;
    static struct guss read;
    static struct guss guss = {
        .impi = "<&\"'>]]>&#38;&amp;",
        .lifetime = UINT32_MAX,
        .uss_count = 1,
        .uss = {{.gsid = UINT32_MAX,
                 .type = UINT32_MAX,
                 .naf_group = "J\xc3\xa4s \xf0\x9f\x94\x91&",
                 .uid_count = 1,
                 .uids = {"<uid>&lt;&#60;</uid>"},
                 .flag_count = 2,
                 .flags = {0, UINT32_MAX}}},
    };
    char text[2048];
    assert_ok(guss_write(&guss, text, sizeof text));
    assert_ok(read_text(text, &read));
    assert_guss_equal(&guss, &read);
}

/* What goes to a NAF: the settings chosen, nothing meant for the BSF. */
static void writes_selected_settings_for_zn(void **state)
{
    (void)state;
    static struct guss guss;
    static struct guss read;
    char text[2048];
    assert_ok(read_text(example, &guss));
    assert_ok(guss_write_uss_list(&guss, 1U << 1, text, sizeof text));
    assert_string_equal(text, HEAD "<ussList><uss id=\"1000001\" type=\"0\"><uids></uids></uss></ussList>");
    assert_ok(guss_write_uss_list(&guss, 1U << 0, text, sizeof text));
    assert_null(strstr(text, "nafGroup"));
    assert_null(strstr(text, "uiccType"));
    assert_null(strstr(text, "id=\"user@operator.com\""));
    assert_ok(guss_read_uss_list(octets_of_text(text), &read));
    assert_int_equal(read.uss_count, 1);
    assert_string_equal(read.uss[0].uids[1], "sip:user@operator.com");
    assert_int_equal(read.uss[0].flags[1], 2);
    assert_string_equal(read.uss[0].naf_group, "");
    assert_ok(guss_write_uss_list(&guss, UINT32_MAX, text, sizeof text));
    assert_ok(guss_read_uss_list(octets_of_text(text), &read));
    assert_int_equal(read.uss_count, 2);
    assert_ok(guss_write_uss_list(&guss, 0, text, sizeof text));
    assert_string_equal(text, HEAD "<ussList></ussList>");
}

static void refuses_other_roots_on_zn(void **state)
{
    (void)state;
    static struct guss guss;
    assert_status(guss_read_uss_list(octets_of_text("<guss id=\"i\"><ussList/></guss>"), &guss), GBAU_E_MALFORMED);
    assert_status(guss_read_uss_list(octets_of_text("<uss id=\"1\" type=\"1\"/>"), &guss), GBAU_E_MALFORMED);
    assert_status(guss_read_uss_list(octets_of_text("<ussList><uss id=\"1\"/></ussList>"), &guss), GBAU_E_MALFORMED);
    assert_ok(guss_read_uss_list(octets_of_text("<ussList><guss/></ussList>"), &guss));
}

static void refuses_to_write_what_it_would_not_read(void **state)
{
    (void)state;
    static struct guss guss;
    char text[1024];
    assert_status(guss_write(&guss, text, sizeof text), GBAU_E_ARGUMENT);
    guss = (struct guss){.impi = "a\nb"};
    assert_status(guss_write(&guss, text, sizeof text), GBAU_E_ARGUMENT);
    guss = (struct guss){.impi = "a\xff"};
    assert_status(guss_write(&guss, text, sizeof text), GBAU_E_ARGUMENT);
    guss = (struct guss){.impi = "a", .uss_count = GUSS_MAX_USS + 1};
    assert_status(guss_write(&guss, text, sizeof text), GBAU_E_ARGUMENT);
    assert_status(guss_write_uss_list(&guss, 0, text, sizeof text), GBAU_E_ARGUMENT);
    guss = (struct guss){.impi = "a", .uss_count = 1, .uss = {{.uid_count = GUSS_MAX_UIDS + 1}}};
    assert_status(guss_write(&guss, text, sizeof text), GBAU_E_ARGUMENT);
    guss = (struct guss){.impi = "a", .uss_count = 1, .uss = {{.flag_count = GUSS_MAX_FLAGS + 1}}};
    assert_status(guss_write(&guss, text, sizeof text), GBAU_E_ARGUMENT);
}

static void refuses_every_lack_of_room(void **state)
{
    (void)state;
    static struct guss guss;
    char text[2048];
    assert_ok(read_text(example, &guss));
    assert_ok(guss_write(&guss, text, sizeof text));
    size_t size = strlen(text) + 1;
    assert_ok(guss_write(&guss, text, size));
    for (size_t capacity = 0; capacity < size; capacity++) {
        assert_status(guss_write(&guss, text, capacity), GBAU_E_SPACE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_example),          cmocka_unit_test(takes_absent_and_unknown_uicc_type_for_gba),
        cmocka_unit_test(takes_any_namespace),        cmocka_unit_test(takes_references_out_of_attributes),
        cmocka_unit_test(refuses_bad_documents),      cmocka_unit_test(bounds_the_counts),
        cmocka_unit_test(bounds_the_texts),           cmocka_unit_test(bounds_the_document),
        cmocka_unit_test(refuses_every_truncation),   cmocka_unit_test(survives_every_changed_octet),
        cmocka_unit_test(writes_the_example),         cmocka_unit_test(always_writes_uicc_type),
        cmocka_unit_test(reads_back_hard_texts),      cmocka_unit_test(writes_selected_settings_for_zn),
        cmocka_unit_test(refuses_other_roots_on_zn),  cmocka_unit_test(refuses_to_write_what_it_would_not_read),
        cmocka_unit_test(refuses_every_lack_of_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
