/* junit.c: results as a JUnit report. */
#include "conformance/junit.h"

#include <string.h>

#include "codec/xml_writer.h"
#include "conformance/check.h"

enum { PIECE_SIZE = 8192 }; /* of a case: its texts, each character escaped at the worst */

static enum gbau_status put(FILE *stream, struct xml_writer *writer, const char *text)
{
    enum gbau_status status = xml_writer_end(writer);
    if (status != GBAU_OK) {
        return status;
    }
    return fputs(text, stream) < 0 ? GBAU_E_IO : GBAU_OK;
}

static uint32_t count_of(const struct conformance_result *results, size_t count, enum conformance_verdict verdict)
{
    uint32_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += results[i].verdict == verdict ? 1 : 0;
    }
    return found;
}

static void write_count(struct xml_writer *writer, const char *name, uint32_t count)
{
    xml_write_markup(writer, " ");
    xml_write_markup(writer, name);
    xml_write_markup(writer, "=\"");
    xml_write_number(writer, count);
    xml_write_markup(writer, "\"");
}

static enum gbau_status write_head(FILE *stream, const struct conformance_result *results, size_t count)
{
    char text[PIECE_SIZE];
    struct xml_writer writer = xml_writer_of(text, sizeof text);
    xml_write_markup(&writer, XML_DECLARATION "\n<testsuite name=\"gbau conformance card\"");
    write_count(&writer, "tests", (uint32_t)count);
    write_count(&writer, "failures", count_of(results, count, CONFORMANCE_FAILED));
    write_count(&writer, "errors", 0);
    write_count(&writer, "skipped",
                count_of(results, count, CONFORMANCE_SKIPPED) + count_of(results, count, CONFORMANCE_NOT_SUPPORTED));
    xml_write_markup(&writer, ">\n");
    return put(stream, &writer, text);
}

/* What stands around the detail of a result; NULL for a passed case. */
static const struct {
    const char *before, *after;
} elements[CONFORMANCE_VERDICTS] = {
    [CONFORMANCE_FAILED] = {"<failure message=\"", "\"/>"},
    [CONFORMANCE_WARNED] = {"<system-out>warning: ", "</system-out>"},
    [CONFORMANCE_SKIPPED] = {"<skipped message=\"", "\"/>"},
    [CONFORMANCE_NOT_SUPPORTED] = {"<skipped message=\"not supported: ", "\"/>"},
};

/* The class is the group: what stands before the first dot of the name. */
static void write_class(struct xml_writer *writer, const char *name)
{
    char class[32];
    const size_t length = strcspn(name, ".");
    (void)snprintf(class, sizeof class, "%.*s", (int)length, name);
    xml_write_text(writer, class);
}

/* What was seen, and behind it what was checked. */
static void write_detail(struct xml_writer *writer, const struct conformance_result *result)
{
    xml_write_text(writer, result->detail);
    xml_write_markup(writer, " (");
    xml_write_text(writer, result->check->clause);
    xml_write_markup(writer, ": ");
    xml_write_text(writer, result->check->expectation);
    xml_write_markup(writer, ")");
}

static enum gbau_status write_case(FILE *stream, const struct conformance_result *result)
{
    char text[PIECE_SIZE];
    struct xml_writer writer = xml_writer_of(text, sizeof text);
    xml_write_markup(&writer, "<testcase classname=\"");
    write_class(&writer, result->check->name);
    xml_write_markup(&writer, "\" name=\"");
    xml_write_text(&writer, result->check->name);
    xml_write_markup(&writer, "\">");
    if (elements[result->verdict].before != NULL) {
        xml_write_markup(&writer, elements[result->verdict].before);
        write_detail(&writer, result);
        xml_write_markup(&writer, elements[result->verdict].after);
    }
    xml_write_markup(&writer, "</testcase>\n");
    return put(stream, &writer, text);
}

enum gbau_status junit_write(FILE *stream, const struct conformance_result *results, size_t count)
{
    enum gbau_status status = write_head(stream, results, count);
    for (size_t i = 0; i < count && status == GBAU_OK; i++) {
        status = write_case(stream, &results[i]);
    }
    if (status != GBAU_OK) {
        return status;
    }
    return fputs("</testsuite>\n", stream) < 0 || fflush(stream) != 0 ? GBAU_E_IO : GBAU_OK;
}
