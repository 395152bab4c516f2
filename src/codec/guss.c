/* guss.c: GBA user security settings in XML (TS 29.109 annex A). */
#include "codec/guss.h"

#include <string.h>

#include "codec/xml_reader.h"
#include "codec/xml_writer.h"

#define UICC_TYPE_GBA_U "GBA_U"
#define UICC_TYPE_GBA   "GBA"

enum {
    RULE_GUSS,
    RULE_BSF_INFO,
    RULE_UICC_TYPE,
    RULE_LIFETIME,
    RULE_USS_LIST,
    RULE_USS,
    RULE_UIDS,
    RULE_UID,
    RULE_FLAGS,
    RULE_FLAG,
    RULE_COUNT
};

static enum gbau_status read_number(const char *text, uint32_t *number)
{
    uint64_t value = 0;
    size_t length = 0;
    while (text[length] >= '0' && text[length] <= '9' && value <= UINT32_MAX) {
        value = value * 10 + (uint64_t)(text[length] - '0');
        length++;
    }
    if (length == 0 || text[length] != '\0' || value > UINT32_MAX) {
        return GBAU_E_MALFORMED;
    }
    *number = (uint32_t)value;
    return GBAU_OK;
}

static enum gbau_status read_number_attribute(const struct xml_attributes *attributes, const char *name,
                                              uint32_t *number)
{
    char text[16];
    enum gbau_status status = xml_read_attribute(attributes, name, text, sizeof text);
    return status == GBAU_OK ? read_number(text, number) : GBAU_E_MALFORMED;
}

static enum gbau_status open_guss(void *context, const struct xml_attributes *attributes)
{
    struct guss *guss = context;
    enum gbau_status status = xml_read_attribute(attributes, "id", guss->impi, sizeof guss->impi);
    return status == GBAU_OK && guss->impi[0] != '\0' ? GBAU_OK : GBAU_E_MALFORMED;
}

static enum gbau_status read_uicc_type(void *context, const char *text)
{
    struct guss *guss = context;
    guss->uicc_type = strcmp(text, UICC_TYPE_GBA_U) == 0 ? GUSS_UICC_GBA_U : GUSS_UICC_GBA;
    return GBAU_OK;
}

static enum gbau_status read_lifetime(void *context, const char *text)
{
    struct guss *guss = context;
    return read_number(text, &guss->lifetime);
}

static enum gbau_status open_uss(void *context, const struct xml_attributes *attributes)
{
    struct guss *guss = context;
    if (guss->uss_count == GUSS_MAX_USS) {
        return GBAU_E_MALFORMED;
    }
    struct guss_uss *uss = &guss->uss[guss->uss_count++];
    memset(uss, 0, sizeof *uss);
    enum gbau_status status = read_number_attribute(attributes, "id", &uss->gsid);
    if (status == GBAU_OK) {
        status = read_number_attribute(attributes, "type", &uss->type);
    }
    if (status != GBAU_OK) {
        return status;
    }
    status = xml_read_attribute(attributes, "nafGroup", uss->naf_group, sizeof uss->naf_group);
    return status == GBAU_E_NOT_FOUND ? GBAU_OK : status;
}

static enum gbau_status read_uid(void *context, const char *text)
{
    struct guss *guss = context;
    struct guss_uss *uss = &guss->uss[guss->uss_count - 1];
    if (uss->uid_count == GUSS_MAX_UIDS || text[0] == '\0' ||
        octets_to_text(octets_of_text(text), uss->uids[uss->uid_count], GUSS_UID_SIZE) != GBAU_OK) {
        return GBAU_E_MALFORMED;
    }
    uss->uid_count++;
    return GBAU_OK;
}

static enum gbau_status read_flag(void *context, const char *text)
{
    struct guss *guss = context;
    struct guss_uss *uss = &guss->uss[guss->uss_count - 1];
    if (uss->flag_count == GUSS_MAX_FLAGS) {
        return GBAU_E_MALFORMED;
    }
    return read_number(text, &uss->flags[uss->flag_count++]);
}

static const struct xml_rule rules[RULE_COUNT] = {
    [RULE_GUSS] = {.name = "guss", .parent = XML_NO_PARENT, .open = open_guss},
    [RULE_BSF_INFO] = {.name = "bsfInfo", .parent = RULE_GUSS},
    [RULE_UICC_TYPE] = {.name = "uiccType", .parent = RULE_BSF_INFO, .close = read_uicc_type},
    [RULE_LIFETIME] = {.name = "lifeTime", .parent = RULE_BSF_INFO, .close = read_lifetime},
    [RULE_USS_LIST] = {.name = "ussList", .parent = RULE_GUSS},
    [RULE_USS] = {.name = "uss", .parent = RULE_USS_LIST, .is_repeated = true, .open = open_uss},
    [RULE_UIDS] = {.name = "uids", .parent = RULE_USS},
    [RULE_UID] = {.name = "uid", .parent = RULE_UIDS, .is_repeated = true, .close = read_uid},
    [RULE_FLAGS] = {.name = "flags", .parent = RULE_USS},
    [RULE_FLAG] = {.name = "flag", .parent = RULE_FLAGS, .is_repeated = true, .close = read_flag},
};

static const struct xml_shape shape = {
    .rules = rules,
    .rule_count = RULE_COUNT,
    .document_max = GUSS_XML_MAX,
};

/* The settings are cleared when they come: there is much room for them, and hardly ever need of it. */
static void clear(struct guss *guss)
{
    guss->impi[0] = '\0';
    guss->uicc_type = GUSS_UICC_GBA;
    guss->lifetime = 0;
    guss->uss_count = 0;
}

enum gbau_status guss_read(struct octets document, struct guss *guss)
{
    clear(guss);
    return xml_read(document, &shape, RULE_GUSS, guss);
}

enum gbau_status guss_read_uss_list(struct octets document, struct guss *guss)
{
    clear(guss);
    return xml_read(document, &shape, RULE_USS_LIST, guss);
}

static void write_uids(struct xml_writer *writer, const struct guss_uss *uss)
{
    xml_write_markup(writer, "<uids>");
    for (size_t i = 0; i < uss->uid_count; i++) {
        xml_write_markup(writer, "<uid>");
        xml_write_text(writer, uss->uids[i]);
        xml_write_markup(writer, "</uid>");
    }
    xml_write_markup(writer, "</uids>");
}

static void write_flags(struct xml_writer *writer, const struct guss_uss *uss)
{
    xml_write_markup(writer, "<flags>");
    for (size_t i = 0; i < uss->flag_count; i++) {
        xml_write_markup(writer, "<flag>");
        xml_write_number(writer, uss->flags[i]);
        xml_write_markup(writer, "</flag>");
    }
    xml_write_markup(writer, "</flags>");
}

static void write_uss(struct xml_writer *writer, const struct guss_uss *uss, bool with_naf_group)
{
    xml_write_markup(writer, "<uss id=\"");
    xml_write_number(writer, uss->gsid);
    xml_write_markup(writer, "\" type=\"");
    xml_write_number(writer, uss->type);
    if (with_naf_group && uss->naf_group[0] != '\0') {
        xml_write_markup(writer, "\" nafGroup=\"");
        xml_write_text(writer, uss->naf_group);
    }
    xml_write_markup(writer, "\">");
    write_uids(writer, uss);
    if (uss->flag_count > 0) {
        write_flags(writer, uss);
    }
    xml_write_markup(writer, "</uss>");
}

static void write_bsf_info(struct xml_writer *writer, const struct guss *guss)
{
    xml_write_markup(writer, "<bsfInfo><uiccType>");
    xml_write_markup(writer, guss->uicc_type == GUSS_UICC_GBA_U ? UICC_TYPE_GBA_U : UICC_TYPE_GBA);
    xml_write_markup(writer, "</uiccType>");
    if (guss->lifetime > 0) {
        xml_write_markup(writer, "<lifeTime>");
        xml_write_number(writer, guss->lifetime);
        xml_write_markup(writer, "</lifeTime>");
    }
    xml_write_markup(writer, "</bsfInfo>");
}

static bool counts_are_valid(const struct guss *guss)
{
    if (guss->uss_count > GUSS_MAX_USS) {
        return false;
    }
    for (size_t i = 0; i < guss->uss_count; i++) {
        if (guss->uss[i].uid_count > GUSS_MAX_UIDS || guss->uss[i].flag_count > GUSS_MAX_FLAGS) {
            return false;
        }
    }
    return true;
}

enum gbau_status guss_write(const struct guss *guss, char *text, size_t capacity)
{
    if (!counts_are_valid(guss) || guss->impi[0] == '\0') {
        return GBAU_E_ARGUMENT;
    }
    struct xml_writer writer = xml_writer_of(text, capacity);
    xml_write_markup(&writer, XML_DECLARATION "<guss id=\"");
    xml_write_text(&writer, guss->impi);
    xml_write_markup(&writer, "\">");
    write_bsf_info(&writer, guss);
    xml_write_markup(&writer, "<ussList>");
    for (size_t i = 0; i < guss->uss_count; i++) {
        write_uss(&writer, &guss->uss[i], true);
    }
    xml_write_markup(&writer, "</ussList></guss>");
    return xml_writer_end(&writer);
}

enum gbau_status guss_write_uss_list(const struct guss *guss, uint32_t selected, char *text, size_t capacity)
{
    if (!counts_are_valid(guss)) {
        return GBAU_E_ARGUMENT;
    }
    struct xml_writer writer = xml_writer_of(text, capacity);
    xml_write_markup(&writer, XML_DECLARATION "<ussList>");
    for (size_t i = 0; i < guss->uss_count; i++) {
        if (selected & 1U << i) {
            write_uss(&writer, &guss->uss[i], false);
        }
    }
    xml_write_markup(&writer, "</ussList>");
    return xml_writer_end(&writer);
}
