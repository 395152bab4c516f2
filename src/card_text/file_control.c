/* file_control.c: reads FCP templates. */
#include "card_text/file_control.h"

#include "codec/ber_tlv.h"

enum {
    TAG_FCP = 0x62,
    TAG_SIZE = 0x80,
    TAG_DESCRIPTOR = 0x82,
    TAG_FID = 0x83,
    TAG_AID = 0x84,
    TAG_SFI = 0x88,
    TAG_LIFE_CYCLE = 0x8a,
    TAG_REFERENCED = 0x8b,
    TAG_COMPACT = 0x8c,
    TAG_EXPANDED = 0xab,
    TAG_PIN_STATUS = 0xc6,
    TAG_PIN_MASK = 0x90,
    TAG_KEY_REFERENCE = 0x83,
    SFI_SHIFT = 3,
    NO_FCP_SFI = 0x1f
};

/* Descriptor octet: b7 shareable does not matter; b6 to b1 structure and type. */
static enum file_structure structure_of(uint8_t descriptor)
{
    enum { SHAREABLE = 0x40, DIRECTORY = 0x38, BER_TLV = 0x39, STRUCTURE_MASK = 0x07 };
    const unsigned coding = descriptor & ~(unsigned)SHAREABLE & 0x7fU;
    static const enum file_structure elementary[] = {FILE_UNKNOWN, FILE_TRANSPARENT, FILE_LINEAR_FIXED, FILE_UNKNOWN,
                                                     FILE_UNKNOWN, FILE_UNKNOWN,     FILE_CYCLIC,       FILE_UNKNOWN};
    if (coding == DIRECTORY || coding == BER_TLV) {
        return coding == DIRECTORY ? FILE_DIRECTORY : FILE_BER_TLV;
    }
    return elementary[descriptor & STRUCTURE_MASK];
}

static void read_descriptor(struct octets value, struct file_control *control)
{
    struct octet_reader reader = octet_reader_of(value);
    control->structure = structure_of(octet_reader_u8(&reader));
    (void)octet_reader_u8(&reader); /* data coding */
    control->record_length = octet_reader_u16(&reader);
    control->record_count = octet_reader_u8(&reader);
}

static size_t read_number(struct octets value)
{
    size_t number = 0;
    for (size_t i = 0; i < value.length && i < 4; i++) {
        number = number << 8 | value.data[i];
    }
    return number;
}

/* FID of EF_ARR and a record; or, longer, such pairs by security environment, of which the first record is taken. */
static void read_rule(struct octets value, struct file_control *control)
{
    enum { REFERENCE_SIZE = 3 };
    struct octet_reader reader = octet_reader_of(value);
    control->rule_file = octet_reader_u16(&reader);
    const uint8_t next = octet_reader_u8(&reader);
    control->rule_record = value.length > REFERENCE_SIZE ? octet_reader_u8(&reader) : next;
    if (reader.failed) {
        control->rule_file = 0;
    }
}

/* A mask with a bit for each key reference, the first one in b8, then the references (9.5.2). */
static void read_pins(struct octets value, struct file_control *control)
{
    struct octet_reader reader = octet_reader_of(value);
    struct ber_tlv tlv;
    uint8_t mask = 0;
    while (ber_tlv_next(&reader, &tlv)) {
        if (tlv.value.length != 1) {
            continue;
        }
        if (tlv.tag == TAG_PIN_MASK) {
            mask = tlv.value.data[0];
        } else if (tlv.tag == TAG_KEY_REFERENCE && control->pin_count < FILE_CONTROL_PINS_MAX) {
            control->pins[control->pin_count].reference = tlv.value.data[0];
            control->pins[control->pin_count].enabled = (mask & 0x80U >> control->pin_count) != 0;
            control->pin_count++;
        }
    }
}

static void read_object(const struct ber_tlv *tlv, struct file_control *control)
{
    const struct octets value = tlv->value;
    const uint8_t first = value.length > 0 ? value.data[0] : 0;
    switch (tlv->tag) {
    case TAG_DESCRIPTOR:
        read_descriptor(value, control);
        break;
    case TAG_FID:
        control->has_fid = value.length == 2;
        control->fid = (uint16_t)read_number(value);
        break;
    case TAG_AID:
        control->aid = value;
        break;
    case TAG_SIZE:
        control->size = read_number(value);
        break;
    case TAG_SFI:
        control->sfi = first >> SFI_SHIFT;
        break;
    case TAG_LIFE_CYCLE:
        control->life_cycle = first;
        break;
    case TAG_REFERENCED:
        read_rule(value, control);
        break;
    case TAG_COMPACT:
        control->compact_rule = value;
        break;
    case TAG_EXPANDED:
        control->expanded_rule = value;
        break;
    case TAG_PIN_STATUS:
        read_pins(value, control);
        break;
    default:
        break;
    }
}

/* Some cards leave the number of records to be worked out. */
static void settle_records(struct file_control *control)
{
    if (control->record_count == 0 && control->record_length > 0 && control->size / control->record_length <= 0xff) {
        control->record_count = (uint8_t)(control->size / control->record_length);
    }
}

/* Without tag 88 the SFI is in the low bits of the FID (11.1.1.4.8). */
static void settle_sfi(struct octets template, struct file_control *control)
{
    struct octets value;
    const bool is_elementary = control->structure != FILE_DIRECTORY && control->structure != FILE_UNKNOWN;
    if (is_elementary && control->has_fid && ber_tlv_find(template, TAG_SFI, &value) == GBAU_E_NOT_FOUND) {
        control->sfi = control->fid & 0x1f;
    }
    control->sfi = control->sfi == NO_FCP_SFI ? 0 : control->sfi;
}

enum gbau_status file_control_read(struct octets response, struct file_control *control)
{
    struct octets template;
    struct ber_tlv tlv;
    *control = (struct file_control){0};
    if (ber_tlv_find(response, TAG_FCP, &template) != GBAU_OK) {
        return GBAU_E_MALFORMED;
    }
    struct octet_reader reader = octet_reader_of(template);
    while (ber_tlv_next(&reader, &tlv)) {
        read_object(&tlv, control);
    }
    settle_sfi(template, control);
    settle_records(control);
    return reader.failed ? GBAU_E_MALFORMED : GBAU_OK;
}

const char *file_structure_name(enum file_structure structure)
{
    static const char *const names[] = {
        [FILE_UNKNOWN] = "unknown",           [FILE_DIRECTORY] = "directory", [FILE_TRANSPARENT] = "transparent",
        [FILE_LINEAR_FIXED] = "linear fixed", [FILE_CYCLIC] = "cyclic",       [FILE_BER_TLV] = "BER-TLV",
    };
    return names[structure];
}

void text_put_file_size(struct text *text, const struct file_control *control)
{
    if (control->structure == FILE_LINEAR_FIXED || control->structure == FILE_CYCLIC) {
        text_format(text, "%u × %u octets", control->record_count, control->record_length);
    } else {
        text_format(text, "%zu octets", control->size);
    }
}

bool life_cycle_is_activated(uint8_t life_cycle)
{
    return (life_cycle & 0xfd) == 0x05;
}

const char *life_cycle_name(uint8_t life_cycle)
{
    if (life_cycle_is_activated(life_cycle)) {
        return "activated";
    }
    if ((life_cycle & 0xfd) == 0x04) {
        return "deactivated";
    }
    if ((life_cycle & 0xfc) == 0x0c) {
        return "terminated";
    }
    return life_cycle == 0x03 ? "initialised" : life_cycle == 0x01 ? "created" : "unknown";
}
