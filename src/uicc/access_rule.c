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

/* What a condition comes to. What is not understood is neither, so that NOT makes no permission of it. */
enum verdict { VERDICT_REFUTED, VERDICT_HOLDS, VERDICT_NOT_UNDERSTOOD };

static enum verdict judge_key_condition(const struct uicc *uicc, struct octets condition)
{
    struct octet_reader reader = octet_reader_of(condition);
    struct ber_tlv tlv;
    while (ber_tlv_next(&reader, &tlv)) {
        if (tlv.tag != TAG_KEY_REFERENCE || tlv.value.length != 1) {
            continue;
        }
        if (pin_find(uicc, tlv.value.data[0]) == CARD_NO_INDEX) {
            return VERDICT_NOT_UNDERSTOOD;
        }
        return pin_is_satisfied(uicc, tlv.value.data[0]) ? VERDICT_HOLDS : VERDICT_REFUTED;
    }
    return VERDICT_NOT_UNDERSTOOD;
}

static enum verdict judge_condition(const struct uicc *uicc, const struct ber_tlv *condition, unsigned depth);

/* One of several conditions, or all of them; all must be well-formed. */
static enum verdict judge_conditions(const struct uicc *uicc, const struct ber_tlv *conditions, unsigned depth)
{
    const enum verdict decisive = conditions->tag == TAG_OR ? VERDICT_HOLDS : VERDICT_REFUTED;
    enum verdict verdict = conditions->tag == TAG_OR ? VERDICT_REFUTED : VERDICT_HOLDS;
    struct octet_reader reader = octet_reader_of(conditions->value);
    struct ber_tlv tlv;
    while (ber_tlv_next(&reader, &tlv)) {
        const enum verdict inner = judge_condition(uicc, &tlv, depth + 1);
        if (inner == decisive || (inner == VERDICT_NOT_UNDERSTOOD && verdict != decisive)) {
            verdict = inner;
        }
    }
    return conditions->value.length > 0 && octet_reader_end(&reader) == GBAU_OK ? verdict : VERDICT_NOT_UNDERSTOOD;
}

static enum verdict judge_negation(const struct uicc *uicc, struct octets negated, unsigned depth)
{
    struct octet_reader reader = octet_reader_of(negated);
    struct ber_tlv inner;
    if (!ber_tlv_next(&reader, &inner) || octet_reader_end(&reader) != GBAU_OK) {
        return VERDICT_NOT_UNDERSTOOD;
    }
    switch (judge_condition(uicc, &inner, depth + 1)) {
    case VERDICT_HOLDS:
        return VERDICT_REFUTED;
    case VERDICT_REFUTED:
        return VERDICT_HOLDS;
    default:
        return VERDICT_NOT_UNDERSTOOD;
    }
}

static enum verdict judge_condition(const struct uicc *uicc, const struct ber_tlv *condition, unsigned depth)
{
    if (depth > CONDITION_DEPTH) {
        return VERDICT_NOT_UNDERSTOOD;
    }
    switch (condition->tag) {
    case TAG_ALWAYS:
        return VERDICT_HOLDS;
    case TAG_NEVER:
        return VERDICT_REFUTED;
    case TAG_KEY_CONDITION:
        return judge_key_condition(uicc, condition->value);
    case TAG_OR:
    case TAG_AND:
        return judge_conditions(uicc, condition, depth);
    case TAG_NOT:
        return judge_negation(uicc, condition->value, depth);
    default:
        return VERDICT_NOT_UNDERSTOOD;
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
            return judge_condition(uicc, &condition, 0) == VERDICT_HOLDS;
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
