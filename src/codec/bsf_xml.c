/* bsf_xml.c: the BootstrappingInfo document of Ub (TS 24.109 annex C). */
#include "codec/bsf_xml.h"

#include <string.h>

#include "codec/xml_reader.h"
#include "codec/xml_writer.h"

#define BSF_NAME_SPACE "uri:3gpp-gba"

enum { RULE_INFO, RULE_B_TID, RULE_LIFETIME, RULE_COUNT };

/* A B-TID is base64, "@" and a host name; it travels on in HTTP headers and in TLS identities. */
static bool is_b_tid(const char *text)
{
    size_t length = 0;
    while (text[length] > 0x20 && text[length] < 0x7f) {
        length++;
    }
    return length > 0 && length < B_TID_SIZE && text[length] == '\0';
}

static enum gbau_status read_b_tid(void *context, const char *text)
{
    struct bsf_xml *info = context;
    if (!is_b_tid(text)) {
        return GBAU_E_MALFORMED;
    }
    return octets_to_text(octets_of_text(text), info->b_tid, sizeof info->b_tid);
}

static enum gbau_status read_lifetime(void *context, const char *text)
{
    struct bsf_xml *info = context;
    if (octets_to_text(octets_of_text(text), info->lifetime_text, sizeof info->lifetime_text) != GBAU_OK) {
        return GBAU_E_MALFORMED;
    }
    return clock_parse_date_time(octets_of_text(text), &info->lifetime);
}

static const struct xml_rule rules[RULE_COUNT] = {
    [RULE_INFO] = {.name = "BootstrappingInfo", .parent = XML_NO_PARENT},
    [RULE_B_TID] = {.name = "btid", .parent = RULE_INFO, .is_required = true, .close = read_b_tid},
    [RULE_LIFETIME] = {.name = "lifetime", .parent = RULE_INFO, .is_required = true, .close = read_lifetime},
};

static const struct xml_shape shape = {
    .rules = rules,
    .rule_count = RULE_COUNT,
    .name_space = BSF_NAME_SPACE,
    .document_max = BSF_XML_MAX,
};

enum gbau_status bsf_xml_read(struct octets document, struct bsf_xml *info)
{
    memset(info, 0, sizeof *info);
    return xml_read(document, &shape, RULE_INFO, info);
}

enum gbau_status bsf_xml_write(const struct bsf_xml *info, char *text, size_t capacity)
{
    char lifetime[CLOCK_DATE_TIME_SIZE];
    if (!is_b_tid(info->b_tid)) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = clock_format_date_time(info->lifetime, lifetime);
    if (status != GBAU_OK) {
        return status;
    }
    struct xml_writer writer = xml_writer_of(text, capacity);
    xml_write_markup(&writer, XML_DECLARATION "<BootstrappingInfo xmlns=\"" BSF_NAME_SPACE "\"><btid>");
    xml_write_text(&writer, info->b_tid);
    xml_write_markup(&writer, "</btid><lifetime>");
    xml_write_text(&writer, lifetime);
    xml_write_markup(&writer, "</lifetime></BootstrappingInfo>");
    return xml_writer_end(&writer);
}
