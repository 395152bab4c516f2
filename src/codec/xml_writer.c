/* xml_writer.c: writes small XML documents as C strings. */
#include "codec/xml_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <libxml/xmlstring.h>

struct escape {
    char character;
    const char *text;
};

static const struct escape escapes[] = {
    {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&apos;"},
};

struct xml_writer xml_writer_of(char *text, size_t capacity)
{
    return (struct xml_writer){.out = octet_writer_of(text, capacity)};
}

void xml_write_markup(struct xml_writer *writer, const char *markup)
{
    octet_writer_put_text(&writer->out, markup);
}

/* The reader refuses control characters too, though XML allows some of them. */
static bool is_bad(const char *text)
{
    for (const char *next = text; *next != '\0'; next++) {
        if ((unsigned char)*next < 0x20 || *next == 0x7f) {
            return true;
        }
    }
    return xmlCheckUTF8((const xmlChar *)text) == 0;
}

static void write_character(struct octet_writer *out, char character)
{
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
        if (escapes[i].character == character) {
            octet_writer_put_text(out, escapes[i].text);
            return;
        }
    }
    octet_writer_u8(out, (uint8_t)character);
}

void xml_write_text(struct xml_writer *writer, const char *text)
{
    if (is_bad(text)) {
        writer->has_bad_text = true;
        return;
    }
    for (const char *next = text; *next != '\0'; next++) {
        write_character(&writer->out, *next);
    }
}

void xml_write_number(struct xml_writer *writer, uint32_t number)
{
    char text[11]; /* 4294967295 and its zero */
    (void)snprintf(text, sizeof text, "%" PRIu32, number);
    octet_writer_put_text(&writer->out, text);
}

enum gbau_status xml_writer_end(struct xml_writer *writer)
{
    octet_writer_u8(&writer->out, '\0');
    return writer->has_bad_text ? GBAU_E_ARGUMENT : octet_writer_end(&writer->out);
}
