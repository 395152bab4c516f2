/* xml_writer.h: writes small XML documents as C strings; the first thing that goes wrong sticks. */
#ifndef CODEC_XML_WRITER_H
#define CODEC_XML_WRITER_H

#include "base/octets.h"

#define XML_DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"

struct xml_writer {
    struct octet_writer out;
    bool has_bad_text;
};

/* Writes into `text`, of `capacity` octets with the terminating zero. */
struct xml_writer xml_writer_of(char *text, size_t capacity);

/* Markup, as it is. */
void xml_write_markup(struct xml_writer *writer, const char *markup);

/* Character data or an attribute value in double quotes, escaped. Control characters and broken UTF-8 are bad text. */
void xml_write_text(struct xml_writer *writer, const char *text);

void xml_write_number(struct xml_writer *writer, uint32_t number);

/* Ends the C string. GBAU_E_ARGUMENT after bad text, GBAU_E_SPACE when not all fitted. */
GBAU_MUST_USE enum gbau_status xml_writer_end(struct xml_writer *writer);

#endif
