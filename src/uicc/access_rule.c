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
    default: /* TAG_NEVER, and whatever is not understood */
        return false;
    }
}

static bool rule_allows(const struct uicc *uicc, struct octets rule, enum access_mode mode)
{
    struct octet_reader reader = octet_reader_of(rule);
    struct ber_tlv access;
    struct ber_tlv condition;
    while (ber_tlv_next(&reader, &access) && ber_tlv_next(&reader, &condition)) {
        if (access.tag == TAG_ACCESS_MODE && access.value.length == 1 &&
            (access.value.data[0] & (unsigned)mode) != 0) {
            return condition_holds(uicc, &condition, 0);
        }
    }
    return false;
}

bool access_rule_allows(const struct uicc *uicc, const struct card_file *file, enum access_mode mode)
{
    const struct card_file *arr = &uicc->layout.files[file->arr_file];
    size_t offset = arr->body + (size_t)(file->arr_record - 1) * arr->record_length;
    return rule_allows(uicc, octets_of(uicc->nvm.data + offset, arr->record_length), mode);
}
