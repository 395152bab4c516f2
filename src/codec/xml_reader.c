/* xml_reader.c: reads small XML documents from untrusted peers; with xml_writer.c the only file that knows libxml2. */
#include "codec/xml_reader.h"

#include <pthread.h>
#include <string.h>

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>

/* An open element that the table knows. */
struct level {
    size_t rule;
    uint32_t seen; /* bit i: rule i was met inside */
};

struct reading {
    const struct xml_shape *shape;
    size_t root;
    void *context;
    xmlParserCtxt *parser;
    enum gbau_status status;
    struct level levels[XML_DEPTH_MAX];
    size_t level_count;
    size_t depth; /* of all open elements, the skipped ones too */
    char text[XML_TEXT_SIZE];
    size_t text_length;
    bool text_is_too_long;
    bool is_whole; /* the root is closed */
};

/* libxml2 keeps process-wide tables that must be set up once, before threads use them. */
static pthread_once_t parser_is_set_up = PTHREAD_ONCE_INIT;

static void fail(struct reading *reading, enum gbau_status status)
{
    if (reading->status == GBAU_OK) {
        reading->status = status;
        xmlStopParser(reading->parser);
    }
}

static bool is_known_space(const struct xml_shape *shape, const xmlChar *uri)
{
    return shape->name_space == NULL || uri == NULL || strcmp((const char *)uri, shape->name_space) == 0;
}

/* The index of the rule for an element inside the innermost open one, or the count of rules. */
static size_t find_rule(const struct reading *reading, const xmlChar *name, const xmlChar *uri)
{
    const struct xml_shape *shape = reading->shape;
    if (!is_known_space(shape, uri)) {
        return shape->rule_count;
    }
    if (reading->level_count == 0) {
        bool is_root = strcmp(shape->rules[reading->root].name, (const char *)name) == 0;
        return is_root ? reading->root : shape->rule_count;
    }
    int parent = (int)reading->levels[reading->level_count - 1].rule;
    size_t i = 0;
    while (i < shape->rule_count &&
           (shape->rules[i].parent != parent || strcmp(shape->rules[i].name, (const char *)name) != 0)) {
        i++;
    }
    return i;
}

/* Notes in the element around that it has this one; false when it already had it and may not again. */
static bool note_element(struct reading *reading, size_t rule)
{
    if (reading->level_count == 0) {
        return true;
    }
    struct level *parent = &reading->levels[reading->level_count - 1];
    bool is_again = parent->seen & 1U << rule;
    parent->seen |= 1U << rule;
    return !is_again || reading->shape->rules[rule].is_repeated;
}

static void open_known(struct reading *reading, size_t index, const xmlChar **attributes, int attribute_count)
{
    const struct xml_rule *rule = &reading->shape->rules[index];
    if (!note_element(reading, index)) {
        fail(reading, GBAU_E_MALFORMED);
        return;
    }
    reading->levels[reading->level_count++] = (struct level){.rule = index};
    reading->text_length = 0;
    reading->text_is_too_long = false;
    const struct xml_attributes given = {.first = attributes, .count = (size_t)attribute_count};
    enum gbau_status status = rule->open == NULL ? GBAU_OK : rule->open(reading->context, &given);
    if (status != GBAU_OK) {
        fail(reading, status);
    }
}

static bool is_skipping(const struct reading *reading)
{
    return reading->depth > reading->level_count;
}

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int space_count,
                     const xmlChar **spaces, int attribute_count, int defaulted_count, const xmlChar **attributes)
{
    (void)prefix;
    (void)space_count;
    (void)spaces;
    (void)defaulted_count;
    struct reading *reading = context;
    if (reading->status != GBAU_OK) {
        return;
    }
    if (reading->depth == XML_DEPTH_MAX) {
        fail(reading, GBAU_E_MALFORMED);
        return;
    }
    size_t rule = is_skipping(reading) ? reading->shape->rule_count : find_rule(reading, name, uri);
    if (rule < reading->shape->rule_count) {
        open_known(reading, rule, attributes, attribute_count);
    } else if (reading->depth == 0) {
        fail(reading, GBAU_E_MALFORMED);
    }
    reading->depth++;
}

static bool is_white(char character)
{
    return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

static bool is_control(char character)
{
    return (unsigned char)character < 0x20 || character == 0x7f;
}

/* Cuts white space off both ends in place; NULL when control characters remain. */
static const char *trim(char *text, size_t length)
{
    while (length > 0 && is_white(text[length - 1])) {
        length--;
    }
    text[length] = '\0';
    while (is_white(*text)) {
        text++;
    }
    for (const char *next = text; *next != '\0'; next++) {
        if (is_control(*next)) {
            return NULL;
        }
    }
    return text;
}

static bool has_all_required(const struct reading *reading, const struct level *level)
{
    const struct xml_shape *shape = reading->shape;
    for (size_t i = 0; i < shape->rule_count; i++) {
        bool is_child = shape->rules[i].parent == (int)level->rule;
        if (is_child && shape->rules[i].is_required && (level->seen & 1U << i) == 0) {
            return false;
        }
    }
    return true;
}

static enum gbau_status close_known(struct reading *reading, const struct level *level)
{
    const struct xml_rule *rule = &reading->shape->rules[level->rule];
    if (!has_all_required(reading, level)) {
        return GBAU_E_MALFORMED;
    }
    if (rule->close == NULL) {
        return GBAU_OK;
    }
    const char *text = reading->text_is_too_long ? NULL : trim(reading->text, reading->text_length);
    return text == NULL ? GBAU_E_MALFORMED : rule->close(reading->context, text);
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    (void)name;
    (void)prefix;
    (void)uri;
    struct reading *reading = context;
    if (reading->status != GBAU_OK) {
        return;
    }
    if (!is_skipping(reading)) {
        enum gbau_status status = close_known(reading, &reading->levels[--reading->level_count]);
        if (status != GBAU_OK) {
            fail(reading, status);
        }
    }
    reading->depth--;
    reading->is_whole = reading->depth == 0;
}

/* Gathers the text of the innermost known element; comments and CDATA borders inside do not cut it. */
static void on_text(void *context, const xmlChar *text, int length)
{
    struct reading *reading = context;
    if (reading->status != GBAU_OK || is_skipping(reading)) {
        return;
    }
    size_t count = (size_t)length;
    if (count >= sizeof reading->text - reading->text_length) {
        reading->text_is_too_long = true;
        return;
    }
    memcpy(reading->text + reading->text_length, text, count);
    reading->text_length += count;
}

/* The parser calls this at "<!DOCTYPE", before it reads any declaration. */
static void on_document_type(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    (void)name;
    (void)external;
    (void)system;
    fail(context, GBAU_E_MALFORMED);
}

static void ignore_error(void *context, xmlError *error)
{
    (void)context;
    (void)error;
}

static const xmlSAXHandler handler = {
    .initialized = XML_SAX2_MAGIC,
    .internalSubset = on_document_type,
    .startElementNs = on_start,
    .endElementNs = on_end,
    .characters = on_text,
    .ignorableWhitespace = on_text,
    .cdataBlock = on_text,
};

/* What the parser itself says; without memory it may end before it begins, and then finds nothing wrong. */
static enum gbau_status outcome(const struct reading *reading, const xmlParserCtxt *parser)
{
    if (parser->errNo == XML_ERR_NO_MEMORY || (parser->wellFormed && !reading->is_whole)) {
        return GBAU_E_MEMORY;
    }
    return parser->wellFormed ? GBAU_OK : GBAU_E_MALFORMED;
}

static enum gbau_status parse(struct reading *reading, struct octets document)
{
    xmlParserCtxt *parser = xmlNewParserCtxt();
    if (parser == NULL) {
        return GBAU_E_MEMORY;
    }
    *parser->sax = handler;
    parser->userData = reading;
    reading->parser = parser;
    xmlDoc *tree = xmlCtxtReadMemory(parser, (const char *)document.data, (int)document.length, NULL, NULL,
                                     XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
    if (reading->status == GBAU_OK) {
        reading->status = outcome(reading, parser);
    }
    xmlFreeDoc(tree);
    xmlFreeParserCtxt(parser);
    return reading->status;
}

/*
 * True when libxml2, which is told to ignore what the document says of its encoding, must take it for UTF-8: it guesses
 * UTF-16 and UTF-32 by NULs or a byte order mark, EBCDIC by the first octet. A NUL would also end the document for it,
 * and hide what follows. (Naming the encoding instead makes libxml2 2.9 copy the document, and crash without memory.)
 */
static bool is_utf8_for_parser(struct octets document)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    bool has_mark = document.length > sizeof mark && memcmp(document.data, mark, sizeof mark) == 0;
    bool is_plain = document.length > 0 && (document.data[0] == '<' || is_white((char)document.data[0]));
    return (has_mark || is_plain) && memchr(document.data, 0, document.length) == NULL;
}

enum gbau_status xml_read(struct octets document, const struct xml_shape *shape, size_t root, void *context)
{
    if (document.length > shape->document_max || !is_utf8_for_parser(document)) {
        return GBAU_E_MALFORMED;
    }
    (void)pthread_once(&parser_is_set_up, xmlInitParser);
    struct reading reading = {.shape = shape, .root = root, .context = context};
    /* errors that libxml2 raises without a parser at hand go to this thread's function, by default to stderr */
    xmlStructuredErrorFunc former = xmlStructuredError;
    void *former_context = xmlStructuredErrorContext;
    xmlSetStructuredErrorFunc(NULL, ignore_error);
    enum gbau_status status = parse(&reading, document);
    xmlResetLastError();
    xmlSetStructuredErrorFunc(former_context, former);
    return status;
}

/* Without entity expansion the parser leaves an ampersand of a value in this form, and in no other. */
static size_t copy_value(const char *value, size_t length, char *out, size_t capacity)
{
    static const char ampersand[] = "&#38;";
    const size_t ampersand_length = sizeof ampersand - 1;
    size_t written = 0;
    for (size_t i = 0; i < length && written < capacity; i++) {
        out[written++] = value[i];
        if (length - i >= ampersand_length && memcmp(value + i, ampersand, ampersand_length) == 0) {
            i += ampersand_length - 1;
        }
    }
    return written;
}

/* An attribute as libxml2 hands it over: five pointers in a row. */
struct sax_attribute {
    const xmlChar *name;
    const xmlChar *prefix;
    const xmlChar *uri;
    const xmlChar *value;
    const xmlChar *end;
};

enum gbau_status xml_read_attribute(const struct xml_attributes *attributes, const char *name, char *text,
                                    size_t capacity)
{
    const struct sax_attribute *all = attributes->first;
    const struct sax_attribute *attribute = NULL;
    for (size_t i = 0; i < attributes->count; i++) {
        if (strcmp((const char *)all[i].name, name) != 0) {
            continue;
        }
        if (attribute != NULL) {
            return GBAU_E_MALFORMED; /* the same name in two namespaces: nobody can tell which is meant */
        }
        attribute = &all[i];
    }
    if (attribute == NULL) {
        return GBAU_E_NOT_FOUND;
    }
    char value[XML_TEXT_SIZE];
    size_t length =
        copy_value((const char *)attribute->value, (size_t)(attribute->end - attribute->value), value, sizeof value);
    const char *trimmed = length == sizeof value ? NULL : trim(value, length);
    if (trimmed == NULL || octets_to_text(octets_of_text(trimmed), text, capacity) != GBAU_OK) {
        return GBAU_E_MALFORMED;
    }
    return GBAU_OK;
}
