/* access_words.c: what a rule asks for: pairs of access modes and a security condition. */
#include "card_text/access_words.h"

#include "codec/ber_tlv.h"

enum {
    TAG_ACCESS_MODE = 0x80,
    TAG_COMMAND_FIRST = 0x81,
    TAG_COMMAND_LAST = 0x8f,
    TAG_ALWAYS = 0x90,
    TAG_NEVER = 0x97,
    TAG_KEY_CONDITION = 0xa4,
    TAG_KEY_REFERENCE = 0x83,
    TAG_OR = 0xa0,
    TAG_AND = 0xa7,
    TAG_NOT = 0xaf,
    CONDITION_DEPTH = 4,
    ACCESS_MODES = 7
};

/* By bits, from the lowest (ISO/IEC 7816-4, for EFs). */
static const char *const access_modes[ACCESS_MODES] = {"read",     "update",    "write", "deactivate",
                                                       "activate", "terminate", "delete"};

void text_put_key_reference(struct text *text, uint8_t reference)
{
    enum { UNIVERSAL = 0x11, LOCAL = 0x80, ADM_FIRST = 0x0a, ADM_LAST = 0x0e, PIN_LAST = 0x08 };
    const unsigned number = reference & ~(unsigned)LOCAL;
    const bool is_local = (reference & LOCAL) != 0;
    if (reference == UNIVERSAL) {
        text_put(text, "universal PIN");
    } else if (number >= ADM_FIRST && number <= ADM_LAST) {
        text_format(text, "ADM%u", number - ADM_FIRST + (is_local ? 6 : 1));
    } else if (number >= 1 && number <= PIN_LAST) {
        text_put(text, is_local ? "PIN2" : "PIN");
        if (number > 1) {
            text_format(text, " of application %u", number);
        }
    } else {
        text_format(text, "key %02X", reference);
    }
}

static bool take_reference(struct octets condition, uint8_t *reference)
{
    struct octets value;
    if (ber_tlv_find(condition, TAG_KEY_REFERENCE, &value) != GBAU_OK || value.length != 1) {
        return false;
    }
    *reference = value.data[0];
    return true;
}

static void put_condition(struct text *text, const struct ber_tlv *condition, unsigned depth);

static void put_conditions(struct text *text, struct octets conditions, const char *between, unsigned depth)
{
    struct octet_reader reader = octet_reader_of(conditions);
    struct ber_tlv condition;
    for (size_t i = 0; ber_tlv_next(&reader, &condition); i++) {
        text_put(text, i == 0 ? "" : between);
        put_condition(text, &condition, depth + 1);
    }
}

static void put_condition(struct text *text, const struct ber_tlv *condition, unsigned depth)
{
    uint8_t reference = 0;
    if (depth > CONDITION_DEPTH) {
        text_put(text, "…");
    } else if (condition->tag == TAG_ALWAYS) {
        text_put(text, "always");
    } else if (condition->tag == TAG_NEVER) {
        text_put(text, "never");
    } else if (condition->tag == TAG_KEY_CONDITION && take_reference(condition->value, &reference)) {
        text_put_key_reference(text, reference);
    } else if (condition->tag == TAG_OR) {
        put_conditions(text, condition->value, " or ", depth);
    } else if (condition->tag == TAG_AND) {
        put_conditions(text, condition->value, " and ", depth);
    } else if (condition->tag == TAG_NOT) {
        text_put(text, "not ");
        put_conditions(text, condition->value, " nor ", depth);
    } else {
        text_format(text, "condition %02X", (unsigned)condition->tag);
    }
}

/* A command by its header: only its instruction is of interest, which the common form names alone. */
static const char *command_mode(const struct ber_tlv *access)
{
    enum { INS_ONLY = 0x84, INS_INCREASE = 0x32, INS_RESIZE = 0xd4 };
    if (access->tag != INS_ONLY || access->value.length != 1) {
        return "other commands";
    }
    return access->value.data[0] == INS_INCREASE ? "increase"
           : access->value.data[0] == INS_RESIZE ? "resize"
                                                 : "other commands";
}

static void add_condition(struct card_content *content, const char *mode, const struct ber_tlv *condition)
{
    struct text value = content_begin(content);
    put_condition(&value, condition, 0);
    content_end(content, mode, &value);
}

void access_words_add_rule(struct octets rule, struct card_content *content)
{
    struct octet_reader reader = octet_reader_of(rule);
    struct ber_tlv access;
    struct ber_tlv condition;
    while (ber_tlv_next(&reader, &access) && ber_tlv_next(&reader, &condition)) {
        if (access.tag >= TAG_COMMAND_FIRST && access.tag <= TAG_COMMAND_LAST) {
            add_condition(content, command_mode(&access), &condition);
        }
        const bool has_modes = access.tag == TAG_ACCESS_MODE && access.value.length == 1;
        for (size_t i = 0; i < ACCESS_MODES && has_modes; i++) {
            if ((access.value.data[0] & 1U << i) != 0) {
                add_condition(content, access_modes[i], &condition);
            }
        }
    }
}

/* An access mode octet, then a condition octet for each of its bits, from the highest. */
void access_words_add_compact(struct octets rule, struct card_content *content)
{
    enum { ALWAYS = 0x00, NEVER = 0xff };
    struct octet_reader reader = octet_reader_of(rule);
    const uint8_t modes = octet_reader_u8(&reader);
    for (size_t i = ACCESS_MODES; i-- > 0;) {
        if ((modes & 1U << i) == 0 || octet_reader_left(&reader) == 0) {
            continue;
        }
        const uint8_t condition = octet_reader_u8(&reader);
        if (condition == ALWAYS || condition == NEVER) {
            content_add(content, access_modes[i], "%s", condition == ALWAYS ? "always" : "never");
        } else {
            content_add(content, access_modes[i], "condition %02X", condition);
        }
    }
}

static void add_reference(uint8_t reference, uint8_t *references, size_t capacity, size_t *count)
{
    for (size_t i = 0; i < *count; i++) {
        if (references[i] == reference) {
            return;
        }
    }
    if (*count < capacity) {
        references[(*count)++] = reference;
    }
}

static void find_references(struct octets conditions, unsigned depth, uint8_t *references, size_t capacity,
                            size_t *count)
{
    struct octet_reader reader = octet_reader_of(conditions);
    struct ber_tlv tlv;
    uint8_t reference = 0;
    while (depth <= CONDITION_DEPTH && ber_tlv_next(&reader, &tlv)) {
        if (tlv.tag == TAG_KEY_CONDITION && take_reference(tlv.value, &reference)) {
            add_reference(reference, references, capacity, count);
        } else if (tlv.tag == TAG_OR || tlv.tag == TAG_AND || tlv.tag == TAG_NOT) {
            find_references(tlv.value, depth + 1, references, capacity, count);
        }
    }
}

void access_words_find_references(struct octets rule, uint8_t *references, size_t capacity, size_t *count)
{
    find_references(rule, 0, references, capacity, count);
}
