/* access_rule.c: reads the rules of EF_ARR: pairs of an access mode and a security condition. */
#include "uicc/access_rule.h"

#include "codec/ber_tlv.h"
#include "uicc/pin.h"

enum {
    TAG_ACCESS_MODE = 0x80,
    TAG_ALWAYS = 0x90,
    TAG_NEVER = 0x97,
    TAG_KEY_CONDITION = 0xa4,
    TAG_KEY_REFERENCE = 0x83,
    TAG_OR = 0xa0,
    TAG_AND = 0xa7,
    TAG_NOT = 0xaf,
    TAG_COMMAND_INS = 0x84, /* a command header of which only INS is given */
    CONDITION_DEPTH = 4
};

static bool key_condition_holds(const struct uicc *uicc, struct octets condition)
{
    struct octet_reader reader = octet_reader_of(condition);
    struct ber_tlv tlv;
    while (ber_tlv_next(&reader, &tlv)) {
        if (tlv.tag == TAG_KEY_REFERENCE && tlv.value.length == 1) {
            return pin_is_satisfied(uicc, tlv.value.data[0]);
        }
    }
    return false;
}

static bool condition_holds(const struct uicc *uicc, const struct ber_tlv *condition, unsigned depth);

/* One of several conditions, or all of them. */
static bool conditions_hold(const struct uicc *uicc, const struct ber_tlv *conditions, unsigned depth)
{
    const bool any = conditions->tag == TAG_OR;
    struct octet_reader reader = octet_reader_of(conditions->value);
    struct ber_tlv tlv;
    size_t count = 0;
    while (ber_tlv_next(&reader, &tlv)) {
        count++;
        if (condition_holds(uicc, &tlv, depth + 1) == any) {
            return any;
        }
    }
    return !any && count > 0 && !reader.failed;
}

static bool condition_is_refuted(const struct uicc *uicc, const struct ber_tlv * not, unsigned depth)
{
    struct octet_reader reader = octet_reader_of(not ->value);
    struct ber_tlv inner;
    return ber_tlv_next(&reader, &inner) && !condition_holds(uicc, &inner, depth + 1) &&
           octet_reader_end(&reader) == GBAU_OK;
}

static bool condition_holds(const struct uicc *uicc, const struct ber_tlv *condition, unsigned depth)
{
    if (depth > CONDITION_DEPTH) {
        return false;
    }
    switch (condition->tag) {
    case TAG_ALWAYS:
        return true;
    case TAG_KEY_CONDITION:
        return key_condition_holds(uicc, condition->value);
    case TAG_OR:
    case TAG_AND:
        return conditions_hold(uicc, condition, depth);
    case TAG_NOT:
        return condition_is_refuted(uicc, condition, depth);
    default: /* TAG_NEVER, and whatever is not understood */
        return false;
    }
}

/* What somebody wants to do: something with a bit of its own, or a command. */
struct request {
    uint32_t tag;
    uint8_t value;
};

static bool is_requested(const struct ber_tlv *access, struct request request)
{
    if (access->tag != request.tag || access->value.length != 1) {
        return false;
    }
    const uint8_t value = access->value.data[0];
    return request.tag == TAG_ACCESS_MODE ? (value & request.value) != 0 : value == request.value;
}

static bool rule_allows(const struct uicc *uicc, struct octets rule, struct request request)
{
    struct octet_reader reader = octet_reader_of(rule);
    struct ber_tlv access;
    struct ber_tlv condition;
    while (ber_tlv_next(&reader, &access) && ber_tlv_next(&reader, &condition)) {
        if (is_requested(&access, request)) {
            return condition_holds(uicc, &condition, 0);
        }
    }
    return false;
}

static bool rule_of_file_allows(const struct uicc *uicc, const struct card_file *file, struct request request)
{
    const struct card_file arr = card_layout_file(&uicc->layout, file->arr_file);
    const size_t offset = arr.body + (size_t)(file->arr_record - 1) * arr.record_length;
    return rule_allows(uicc, octets_of(uicc->nvm.data + offset, arr.record_length), request);
}

bool access_rule_allows(const struct uicc *uicc, const struct card_file *file, enum access_mode mode)
{
    return rule_of_file_allows(uicc, file, (struct request){TAG_ACCESS_MODE, (uint8_t)mode});
}

bool access_rule_allows_command(const struct uicc *uicc, const struct card_file *file, uint8_t ins)
{
    return rule_of_file_allows(uicc, file, (struct request){TAG_COMMAND_INS, ins});
}
