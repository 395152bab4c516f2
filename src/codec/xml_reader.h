/*
 * xml_reader.h: reads small XML documents from untrusted peers by a table of the elements that matter.
 *
 * A document type declaration, and with it every entity but the five of XML itself, is refused; nothing is fetched;
 * only UTF-8 is read whatever the document claims; size and depth are capped. Elements and attributes that the table
 * does not know are skipped with all that is in them.
 */
#ifndef CODEC_XML_READER_H
#define CODEC_XML_READER_H

#include "base/octets.h"

enum {
    XML_DEPTH_MAX = 16,   /* elements within elements */
    XML_TEXT_SIZE = 1024, /* room for the text of one known element as a C string */
    XML_NO_PARENT = -1,
    XML_RULES_MAX = 32
};

/* The attributes of an element, in the parser's own form. */
struct xml_attributes {
    const void *first;
    size_t count;
};

/* One known element. `open` and `close` may be NULL; a status other than GBAU_OK ends the reading with it. */
struct xml_rule {
    const char *name; /* without prefix */
    int parent;       /* the index of the rule of the element around it, or XML_NO_PARENT */
    bool is_required; /* its parent must have it */
    bool is_repeated; /* its parent may have it more than once */
    enum gbau_status (*open)(void *context, const struct xml_attributes *attributes);
    enum gbau_status (*close)(void *context, const char *text); /* without white space at both ends */
};

struct xml_shape {
    const struct xml_rule *rules;
    size_t rule_count;      /* at most XML_RULES_MAX */
    const char *name_space; /* elements of another are unknown; those of none are known. NULL: any will do */
    size_t document_max;    /* a longer document is malformed */
};

/*
 * Reads `document`, whose root must be the element of rule number `root`, and calls the rules' functions with
 * `context`. GBAU_E_MALFORMED for a document that is broken, too long, too deep, has a DTD or a NUL, or breaks a rule;
 * an element with text that has `close` and is longer than XML_TEXT_SIZE - 1 or holds control characters;
 * GBAU_E_MEMORY. Thread-safe; silent on standard error.
 */
GBAU_MUST_USE enum gbau_status xml_read(struct octets document, const struct xml_shape *shape, size_t root,
                                        void *context);

/*
 * Copies the value of the attribute `name`, in whatever namespace, without white space at both ends. GBAU_E_NOT_FOUND
 * when there is none, GBAU_E_MALFORMED when it is there twice, too long, or holds control characters.
 */
GBAU_MUST_USE enum gbau_status xml_read_attribute(const struct xml_attributes *attributes, const char *name, char *text,
                                                  size_t capacity);

#endif
