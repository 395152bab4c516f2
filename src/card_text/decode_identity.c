/* decode_identity.c: who the subscriber and the card are, and how they are called. */
#include "card_text/decoders.h"

#include "codec/ber_tlv.h"

/* A view without what a reader has taken. */
static struct octets rest_of(const struct octet_reader *reader)
{
    return octets_of(reader->input.data + reader->position, octet_reader_left(reader));
}

void decode_iccid(struct octets body, struct card_content *content)
{
    struct text value = content_begin(content);
    text_put_swapped_digits(&value, body, TEXT_DIGITS);
    content_end(content, NULL, &value);
}

/* Length, then a parity nibble and the digits, two to an octet (31.102 4.2.2). */
void decode_imsi(struct octets body, struct card_content *content)
{
    struct octet_reader reader = octet_reader_of(body);
    const struct octets digits = octet_reader_take(&reader, octet_reader_u8(&reader));
    if (digits.length == 0) {
        content_add_hex(content, "broken", body);
        return;
    }
    struct text value = content_begin(content);
    const uint8_t first = digits.data[0] >> 4 | 0xf0; /* the other half is parity */
    text_put_swapped_digits(&value, octets_of(&first, 1), TEXT_DIGITS);
    text_put_swapped_digits(&value, octets_of(digits.data + 1, digits.length - 1), TEXT_DIGITS);
    content_end(content, NULL, &value);
}

static const struct {
    uint8_t mode;
    const char *words;
} ue_modes[] = {
    {0x00, "normal operation"},
    {0x80, "type approval"},
    {0x01, "normal operation, specific facilities"},
    {0x81, "type approval, specific facilities"},
    {0x02, "maintenance"},
    {0x04, "cell test"},
};

/* 31.102 4.2.18 */
void decode_administrative_data(struct octets body, struct card_content *content)
{
    struct octet_reader reader = octet_reader_of(body);
    const uint8_t mode = octet_reader_u8(&reader);
    const uint16_t additional = octet_reader_u16(&reader);
    const char *words = "unknown mode";
    for (size_t i = 0; i < sizeof ue_modes / sizeof ue_modes[0]; i++) {
        words = ue_modes[i].mode == mode ? ue_modes[i].words : words;
    }
    content_add(content, "mode", "%s", words);
    if (additional != 0) {
        content_add(content, "additional information", "%04X", additional);
    }
    const unsigned digits = octet_reader_u8(&reader) & 0x0fU; /* not in every file, and none in an ISIM's */
    if (digits != 0) {
        content_add(content, "digits of MNC", "%u", digits);
    }
}

/* 31.102 4.2.12 */
void decode_provider_name(struct octets body, struct card_content *content)
{
    struct octet_reader reader = octet_reader_of(body);
    const uint8_t condition = octet_reader_u8(&reader);
    struct text value = content_begin(content);
    text_put_alpha(&value, rest_of(&reader));
    content_end(content, "name", &value);
    if ((condition & 0x01) != 0) {
        content_add(content, "shown", "%s", "with the network's name");
    }
}

/* Codes of ISO 639, two characters each; FFFF where there is none (31.102 4.2.1). */
void decode_languages(struct octets body, struct card_content *content)
{
    struct octet_reader reader = octet_reader_of(body);
    while (octet_reader_left(&reader) >= 2) {
        const struct octets code = octet_reader_take(&reader, 2);
        if (code.data[0] != 0xff) {
            content_add_untrusted(content, NULL, code);
        }
    }
}

/* One bit for each class, 15 first (TS 22.011 4). */
void decode_access_classes(struct octets body, struct card_content *content)
{
    struct octet_reader reader = octet_reader_of(body);
    const uint16_t classes = octet_reader_u16(&reader);
    struct text value = content_begin(content);
    for (unsigned number = 0; number < 16; number++) {
        if ((classes & 1U << number) != 0) {
            text_format(&value, "%s%u", value.length == 0 ? "" : " ", number);
        }
    }
    text_put(&value, classes == 0 ? "none" : "");
    content_end(content, "classes", &value);
}

/* Length, type of number and plan, up to 10 octets of digits. */
static void put_number(struct text *text, struct octet_reader *reader)
{
    enum { TYPE_MASK = 0x70, TYPE_INTERNATIONAL = 0x10, NUMBER_SIZE = 10 };
    const uint8_t length = octet_reader_u8(reader);
    const uint8_t type = octet_reader_u8(reader);
    struct octets digits = octet_reader_take(reader, NUMBER_SIZE);
    if (length == 0 || length == 0xff || reader->failed) {
        return;
    }
    digits.length = length - 1U < digits.length ? length - 1U : digits.length;
    text_put(text, (type & TYPE_MASK) == TYPE_INTERNATIONAL ? "+" : "");
    text_put_swapped_digits(text, digits, TEXT_DIALLED_DIGITS);
}

/* A name of whatever length is left in front of 14 octets (31.102 4.2.26, 4.4.2.3). */
void decode_dialling_number(struct octets body, struct card_content *content)
{
    enum { NUMBER_PART = 14 };
    struct octet_reader reader = octet_reader_of(body);
    const struct octets name = octet_reader_take(&reader, body.length < NUMBER_PART ? 0 : body.length - NUMBER_PART);
    struct text value = content_begin(content);
    text_put_alpha(&value, name);
    if (value.length > 0) {
        content_end(content, "name", &value);
        value = content_begin(content);
    }
    put_number(&value, &reader);
    content_end(content, "number", &value);
}

static const char *const emergency_categories[] = {"police",          "ambulance",    "fire",           "marine guard",
                                                   "mountain rescue", "manual eCall", "automatic eCall"};

/* Three octets of digits, a name, a category (31.102 4.2.21). */
void decode_emergency_call(struct octets body, struct card_content *content)
{
    enum { CODE_SIZE = 3 };
    struct octet_reader reader = octet_reader_of(body);
    struct text value = content_begin(content);
    text_put_swapped_digits(&value, octet_reader_take(&reader, CODE_SIZE), TEXT_DIALLED_DIGITS);
    content_end(content, "code", &value);
    const size_t left = octet_reader_left(&reader);
    value = content_begin(content);
    text_put_alpha(&value, octet_reader_take(&reader, left > 0 ? left - 1 : 0));
    if (value.length > 0) {
        content_end(content, "name", &value);
    }
    const uint8_t category = octet_reader_u8(&reader);
    value = content_begin(content);
    for (size_t i = 0; i < sizeof emergency_categories / sizeof emergency_categories[0]; i++) {
        if ((category & 1U << i) != 0 && category != 0xff) {
            text_format(&value, "%s%s", value.length == 0 ? "" : " ", emergency_categories[i]);
        }
    }
    if (value.length > 0) {
        content_end(content, "for", &value);
    }
}

/* A name of whatever length is left in front of 28 octets (31.102 4.2.27). */
void decode_sms_parameters(struct octets body, struct card_content *content)
{
    enum { PARAMETERS_SIZE = 28, ADDRESS_SIZE = 12, HAS_NO_CENTRE = 0x02 };
    struct octet_reader reader = octet_reader_of(body);
    if (body.length < PARAMETERS_SIZE) {
        content_add_hex(content, "broken", body);
        return;
    }
    struct text value = content_begin(content);
    text_put_alpha(&value, octet_reader_take(&reader, body.length - PARAMETERS_SIZE));
    if (value.length > 0) {
        content_end(content, "name", &value);
    }
    const uint8_t missing = octet_reader_u8(&reader);
    (void)octet_reader_take(&reader, ADDRESS_SIZE);
    value = content_begin(content);
    if ((missing & HAS_NO_CENTRE) == 0) {
        put_number(&value, &reader);
    }
    text_put(&value, value.length == 0 ? "none" : "");
    content_end(content, "service centre", &value);
}

static const struct {
    uint8_t status;
    const char *words;
} sms_states[] = {
    {0x01, "received, read"},
    {0x03, "received, unread"},
    {0x05, "sent"},
    {0x07, "to be sent"},
};

/* The status only: a message is its reader's affair. With b1 clear the record is free (31.102 4.2.25). */
void decode_sms(struct octets body, struct card_content *content)
{
    const uint8_t status = body.data[0] & 0x07U;
    if ((status & 0x01) == 0) {
        return;
    }
    const char *words = "unknown status";
    for (size_t i = 0; i < sizeof sms_states / sizeof sms_states[0]; i++) {
        words = sms_states[i].status == status ? sms_states[i].words : words;
    }
    content_add(content, NULL, "%s", words);
}

/* 80 { text } (31.103 4.2.2 to 4.2.4). */
void decode_tagged_text(struct octets body, struct card_content *content)
{
    enum { TAG_TEXT = 0x80 };
    struct octets value;
    if (ber_tlv_find(body, TAG_TEXT, &value) == GBAU_OK) {
        content_add_untrusted(content, NULL, value);
    } else {
        content_add_hex(content, NULL, body);
    }
}

static void put_address(struct text *text, struct octets address)
{
    enum { TYPE_NAME = 0x00, TYPE_IPV4 = 0x01, IPV4_SIZE = 4 };
    struct octet_reader reader = octet_reader_of(address);
    const uint8_t type = octet_reader_u8(&reader);
    const struct octets value = rest_of(&reader);
    if (type == TYPE_NAME) {
        text_put_untrusted(text, value);
    } else if (type == TYPE_IPV4 && value.length == IPV4_SIZE) {
        text_format(text, "%u.%u.%u.%u", value.data[0], value.data[1], value.data[2], value.data[3]);
    } else {
        text_put_hex(text, value, CONTENT_HEX_LIMIT);
    }
}

/* 80 { type of address, address } (31.103 4.2.8). */
void decode_p_cscf(struct octets body, struct card_content *content)
{
    enum { TAG_ADDRESS = 0x80 };
    struct octets address;
    if (ber_tlv_find(body, TAG_ADDRESS, &address) != GBAU_OK || address.length == 0) {
        content_add_hex(content, NULL, body);
        return;
    }
    struct text value = content_begin(content);
    put_address(&value, address);
    content_end(content, NULL, &value);
}

/* TS 102 221 13.5 */
void decode_power(struct octets body, struct card_content *content)
{
    struct octet_reader reader = octet_reader_of(body);
    content_add(content, "at most", "%u mA", octet_reader_u8(&reader));
    content_add(content, "after", "%u s", octet_reader_u8(&reader));
}

/* Up to four octets. */
void decode_single_number(struct octets body, struct card_content *content)
{
    struct octet_reader reader = octet_reader_of(body);
    uint32_t number = 0;
    for (size_t i = 0; i < 4 && octet_reader_left(&reader) > 0; i++) {
        number = number << 8 | octet_reader_u8(&reader);
    }
    content_add(content, NULL, "%u", (unsigned)number);
}

void decode_alpha(struct octets body, struct card_content *content)
{
    struct text value = content_begin(content);
    text_put_alpha(&value, body);
    content_end(content, NULL, &value);
}

/* 31.102 4.4.11.11 */
void decode_routing_indicator(struct octets body, struct card_content *content)
{
    struct text value = content_begin(content);
    text_put_swapped_digits(&value, octets_of(body.data, body.length < 2 ? body.length : 2), TEXT_DIGITS);
    content_end(content, NULL, &value);
}

static const char *scheme_name(uint8_t scheme)
{
    static const char *const names[] = {"null scheme", "profile A", "profile B"};
    return scheme < sizeof names / sizeof names[0] ? names[scheme] : "unknown scheme";
}

/* A0 { scheme, key index ... } A1 { 80 key identifier 81 public key ... } (31.102 4.4.11.8). */
void decode_suci_calculation(struct octets body, struct card_content *content)
{
    enum { TAG_SCHEMES = 0xa0, TAG_KEYS = 0xa1, TAG_KEY = 0x81 };
    struct octets value;
    if (ber_tlv_find(body, TAG_SCHEMES, &value) == GBAU_OK) {
        struct octet_reader schemes = octet_reader_of(value);
        while (octet_reader_left(&schemes) >= 2) {
            const uint8_t scheme = octet_reader_u8(&schemes);
            content_add(content, NULL, "%s with key %u", scheme_name(scheme), octet_reader_u8(&schemes));
        }
    }
    if (ber_tlv_find(body, TAG_KEYS, &value) == GBAU_OK) {
        struct octet_reader keys = octet_reader_of(value);
        struct ber_tlv tlv;
        while (ber_tlv_next(&keys, &tlv)) {
            content_add_hex(content, tlv.tag == TAG_KEY ? "public key" : "key identifier", tlv.value);
        }
    }
}
