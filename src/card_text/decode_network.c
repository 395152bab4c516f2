/* decode_network.c: networks, and where a phone was last. */
#include "card_text/decoders.h"

#include "codec/ber_tlv.h"

enum { PLMN_SIZE = 3 };

static bool is_blank(struct octets octets)
{
    for (size_t i = 0; i < octets.length; i++) {
        if (octets.data[i] != 0xff) {
            return false;
        }
    }
    return true;
}

/* MCC digits 1 and 2, MNC digit 3 and MCC digit 3, MNC digits 1 and 2. */
void put_plmn(struct text *text, struct octets plmn)
{
    if (plmn.length != PLMN_SIZE || is_blank(plmn)) {
        text_put(text, "none");
        return;
    }
    const uint8_t *octets = plmn.data;
    text_format(text, "%X%X%X-%X%X", octets[0] & 0x0fU, octets[0] >> 4U, octets[1] & 0x0fU, octets[2] & 0x0fU,
                octets[2] >> 4U);
    if (octets[1] >> 4 != 0x0f) {
        text_format(text, "%X", octets[1] >> 4U);
    }
}

static void add_plmn(struct card_content *content, const char *label, struct octets plmn)
{
    struct text value = content_begin(content);
    put_plmn(&value, plmn);
    content_end(content, label, &value);
}

void decode_plmn_list(struct octets body, struct card_content *content)
{
    struct octet_reader reader = octet_reader_of(body);
    while (octet_reader_left(&reader) >= PLMN_SIZE) {
        const struct octets plmn = octet_reader_take(&reader, PLMN_SIZE);
        if (!is_blank(plmn)) {
            add_plmn(content, NULL, plmn);
        }
    }
}

/* 31.102 4.2.5; the coding of b7 to b5 between E-UTRAN modes is not told apart. */
static const struct {
    uint16_t bit;
    const char *name;
} technologies[] = {
    {0x0800, "NR"},         {0x4000, "LTE"},       {0x8000, "UMTS"},       {0x0080, "GSM"},
    {0x0008, "EC-GSM-IoT"}, {0x0020, "CDMA HRPD"}, {0x0010, "CDMA 1xRTT"},
};

static void put_technologies(struct text *text, uint16_t bits)
{
    const char *between = " (";
    for (size_t i = 0; i < sizeof technologies / sizeof technologies[0]; i++) {
        if ((bits & technologies[i].bit) != 0) {
            text_format(text, "%s%s", between, technologies[i].name);
            between = " ";
        }
    }
    text_put(text, between[1] == '\0' ? ")" : "");
}

void decode_plmn_list_with_technology(struct octets body, struct card_content *content)
{
    enum { ENTRY_SIZE = PLMN_SIZE + 2 };
    struct octet_reader reader = octet_reader_of(body);
    while (octet_reader_left(&reader) >= ENTRY_SIZE) {
        const struct octets plmn = octet_reader_take(&reader, PLMN_SIZE);
        const uint16_t bits = octet_reader_u16(&reader);
        if (is_blank(plmn)) {
            continue;
        }
        struct text value = content_begin(content);
        put_plmn(&value, plmn);
        put_technologies(&value, bits);
        content_end(content, NULL, &value);
    }
}

/* What the files of locations share: a name for the phone, then an area, then a status. */
struct location {
    const char *identity_label;
    size_t identity_size;
    const char *area_label; /* of what follows the PLMN */
    size_t area_size;
    size_t skipped; /* between area and status */
    const char *states[4];
};

static void add_location(const struct location *location, struct octets body, struct card_content *content)
{
    struct octet_reader reader = octet_reader_of(body);
    const struct octets identity = octet_reader_take(&reader, location->identity_size);
    const struct octets plmn = octet_reader_take(&reader, PLMN_SIZE);
    const struct octets area = octet_reader_take(&reader, location->area_size);
    (void)octet_reader_take(&reader, location->skipped);
    const uint8_t status = octet_reader_u8(&reader) & 0x07U;
    if (reader.failed) {
        content_add_hex(content, "broken", body);
        return;
    }
    if (!is_blank(identity)) {
        content_add_hex(content, location->identity_label, identity);
    }
    if (!is_blank(plmn)) {
        add_plmn(content, "network", plmn);
        content_add_hex(content, location->area_label, area);
    }
    const char *words = status < sizeof location->states / sizeof location->states[0] ? location->states[status] : NULL;
    content_add(content, "status", "%s", words == NULL ? "unknown" : words);
}

/* 31.102 4.2.17 */
void decode_location(struct octets body, struct card_content *content)
{
    static const struct location location = {
        "TMSI", 4, "LAC", 2, 1, {"updated", "not updated", "network not allowed", "area not allowed"}};
    add_location(&location, body, content);
}

/* 31.102 4.2.23 */
void decode_ps_location(struct octets body, struct card_content *content)
{
    static const struct location location = {"P-TMSI and signature",
                                             7,
                                             "LAC and RAC",
                                             3,
                                             0,
                                             {"updated", "not updated", "network not allowed", "area not allowed"}};
    add_location(&location, body, content);
}

/* 31.102 4.2.91 */
void decode_eps_location(struct octets body, struct card_content *content)
{
    static const struct location location = {"GUTI", 12, "TAC",
                                             2,      0,  {"updated", "not updated", "roaming not allowed", NULL}};
    add_location(&location, body, content);
}

/* 31.102 4.4.11.2 */
void decode_5gs_location(struct octets body, struct card_content *content)
{
    static const struct location location = {"5G-GUTI", 13, "TAC",
                                             3,         0,  {"updated", "not updated", "roaming not allowed", NULL}};
    add_location(&location, body, content);
}

/* 31.102 4.2.6: in units of six minutes. */
void decode_search_interval(struct octets body, struct card_content *content)
{
    enum { MINUTES = 6 };
    if (body.data[0] == 0) {
        content_add(content, NULL, "no search");
    } else {
        content_add(content, "every", "%u minutes", body.data[0] * MINUTES);
    }
}

/* A name of TS 24.008 10.5.3.5a: coding, then septets or UCS2. */
static void add_name(struct card_content *content, const char *label, struct octets octets)
{
    enum { CODING_MASK = 0x70, CODING_UCS2 = 0x10, SPARE_MASK = 0x07 };
    struct octet_reader reader = octet_reader_of(octets);
    const uint8_t head = octet_reader_u8(&reader);
    struct text value = content_begin(content);
    if ((head & CODING_MASK) == CODING_UCS2) {
        while (octet_reader_left(&reader) >= 2) {
            text_put_character(&value, octet_reader_u16(&reader));
        }
    } else if (octets.length > 0) {
        text_put_septets(&value, octets_of(octets.data + 1, octets.length - 1), head & SPARE_MASK);
    }
    content_end(content, label, &value);
}

/* 43 full name, 45 short name (31.102 4.2.58). */
void decode_network_name(struct octets body, struct card_content *content)
{
    enum { TAG_FULL_NAME = 0x43, TAG_SHORT_NAME = 0x45 };
    struct octet_reader reader = octet_reader_of(body);
    struct ber_tlv tlv;
    while (ber_tlv_next(&reader, &tlv)) {
        if (tlv.tag == TAG_FULL_NAME || tlv.tag == TAG_SHORT_NAME) {
            add_name(content, tlv.tag == TAG_FULL_NAME ? "name" : "short name", tlv.value);
        }
    }
}

/* 31.102 4.2.59 */
void decode_operator_plmn(struct octets body, struct card_content *content)
{
    struct octet_reader reader = octet_reader_of(body);
    add_plmn(content, "network", octet_reader_take(&reader, PLMN_SIZE));
    const uint16_t first = octet_reader_u16(&reader);
    const uint16_t last = octet_reader_u16(&reader);
    content_add(content, "areas", "%04X to %04X", first, last);
    content_add(content, "name", "record %u", octet_reader_u8(&reader));
}

/* A3 { 80 networks } (31.102 4.2.66). */
void decode_display_information(struct octets body, struct card_content *content)
{
    enum { TAG_INFORMATION = 0xa3, TAG_NETWORKS = 0x80 };
    struct octets information;
    struct octets networks;
    if (ber_tlv_find(body, TAG_INFORMATION, &information) == GBAU_OK &&
        ber_tlv_find(information, TAG_NETWORKS, &networks) == GBAU_OK) {
        decode_plmn_list(networks, content);
    } else {
        content_add_hex(content, NULL, body);
    }
}

/* 31.102 4.2.51 */
void decode_start_hfn(struct octets body, struct card_content *content)
{
    struct octet_reader reader = octet_reader_of(body);
    content_add(content, "circuit switched", "%06X", octet_reader_u24(&reader));
    content_add(content, "packet switched", "%06X", octet_reader_u24(&reader));
}

/* 31.102 4.2.52 */
void decode_threshold(struct octets body, struct card_content *content)
{
    struct octet_reader reader = octet_reader_of(body);
    content_add(content, NULL, "%06X", octet_reader_u24(&reader));
}
