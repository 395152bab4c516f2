/* api_rules.c: policies as they stand in the memory, what they permit, and paying for operations. */
#include "uicc/api_rules.h"

#include <string.h>

#include "base/secret.h"
#include "uicc/api_access.h"
#include "uicc/api_persist.h"
#include "uicc/api_session.h"
#include "uicc/gba.h"
#include "uicc/gba_state.h"

enum { FLAG_EXPORT = 0x01, FLAG_WRAP = 0x02, RULES_OPERATIONS = 4 + 4 + 1 + 1 + 4 };
enum { OPERATIONS_BLOCK = 32 }; /* operations reserved by one write of the memory */

/* Coding */

static void read_policy(struct octet_reader *reader, struct key_policy *policy)
{
    policy->version = octet_reader_u32(reader);
    policy->usages = octet_reader_u8(reader);
    const uint8_t flags = octet_reader_u8(reader);
    policy->allows_export = (flags & FLAG_EXPORT) != 0;
    policy->allows_wrap = (flags & FLAG_WRAP) != 0;
    policy->algorithms = octet_reader_u32(reader);
    policy->operations = octet_reader_u32(reader);
    for (size_t i = 0; i < KEY_POLICY_CALLERS_MAX; i++) {
        struct key_policy_caller *caller = &policy->callers[i];
        caller->length = octet_reader_u8(reader);
        octet_reader_copy(reader, caller->aid, sizeof caller->aid);
        policy->caller_count = (uint8_t)(policy->caller_count + (caller->length > 0 ? 1 : 0));
    }
}

static void write_rules(struct octet_writer *writer, const struct api_rules *rules)
{
    const struct key_policy *policy = &rules->policy;
    octet_writer_u32(writer, rules->newest);
    octet_writer_u32(writer, policy->version);
    octet_writer_u8(writer, policy->usages);
    octet_writer_u8(writer,
                    (uint8_t)((policy->allows_export ? FLAG_EXPORT : 0) | (policy->allows_wrap ? FLAG_WRAP : 0)));
    octet_writer_u32(writer, policy->algorithms);
    octet_writer_u32(writer, policy->operations);
    for (size_t i = 0; i < KEY_POLICY_CALLERS_MAX; i++) {
        octet_writer_u8(writer, i < policy->caller_count ? policy->callers[i].length : 0);
        octet_writer_put(writer, policy->callers[i].aid, sizeof policy->callers[i].aid);
    }
}

struct api_rules api_rules_find(const struct uicc *uicc, const uint8_t naf_id[SHA256_SIZE])
{
    struct card_application usim;
    struct api_rules rules = {.policy = key_policy_default};
    if (!api_access_find_usim(uicc, &usim) || !gba_find_entry(uicc, &usim, naf_id, &rules.index)) {
        return rules;
    }
    rules.exist = true;
    const uint8_t *octets = gba_entry(uicc, &usim, rules.index) + GBA_ENTRY_RULES;
    struct octet_reader reader = octet_reader_of(octets_of(octets, GBA_RULES_SIZE));
    rules.newest = octet_reader_u32(&reader);
    struct key_policy policy = {0};
    read_policy(&reader, &policy);
    if (policy.version != 0) {
        rules.policy = policy;
    }
    return rules;
}

void api_rules_change(struct uicc *uicc, const struct api_rules *rules)
{
    struct card_application usim;
    uint8_t octets[GBA_RULES_SIZE];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    write_rules(&writer, rules);
    if (api_access_find_usim(uicc, &usim)) {
        nvm_change(&uicc->nvm, gba_entry_position(&usim, rules->index) + GBA_ENTRY_RULES, octets, sizeof octets);
    }
}

/* What is permitted */

enum status_word api_rules_check(const struct api_rules *rules, struct octets caller,
                                 const struct application_key_description *description)
{
    const bool is_open_to_callers = description->usage != KEY_USAGE_POLICY && description->usage != KEY_USAGE_HASH;
    if (!is_open_to_callers ||
        !key_usage_is_possible(description->usage, description->direction, description->algorithm)) {
        return SW_FUNCTION_NOT_SUPPORTED;
    }
    const bool is_permitted = key_policy_permits(&rules->policy, caller, description->usage, description->algorithm);
    return is_permitted ? SW_OK : SW_SECURITY_STATUS;
}

/* Paying: a budget is a number in the memory, of which some are reserved. */

struct budget {
    bool is_limited;
    size_t offset;     /* of the number */
    uint32_t left;     /* that number */
    uint8_t *reserved; /* NULL: nothing is left, and nothing can be reserved */
};

static bool is_used_up(const struct budget *budget)
{
    return budget->is_limited && (budget->reserved == NULL || (budget->left == 0 && *budget->reserved == 0));
}

/* When the entry of a limited key has been lost, nothing is left: a device must not shake a limit off. */
static struct budget budget_of_policy(struct uicc *uicc, const struct api_session *session)
{
    struct card_application usim;
    const struct api_rules rules = api_rules_find(uicc, session->origin.naf_id);
    if (!rules.exist || rules.policy.version < session->origin.limited_by) {
        return (struct budget){.is_limited = session->origin.limited_by != 0};
    }
    if (rules.policy.operations == KEY_OPERATIONS_UNLIMITED || !api_access_find_usim(uicc, &usim)) {
        return (struct budget){0};
    }
    return (struct budget){.is_limited = true,
                           .offset = gba_entry_position(&usim, rules.index) + GBA_ENTRY_RULES + RULES_OPERATIONS,
                           .left = rules.policy.operations,
                           .reserved = &uicc->api.naf_key_operations[rules.index]};
}

static struct budget budget_of_record(struct uicc *uicc, const struct api_session *session)
{
    const uint8_t record = session->origin.record;
    if (record == API_NO_RECORD) {
        return (struct budget){0};
    }
    if (record == API_ENDED_RECORD) {
        return (struct budget){.is_limited = true};
    }
    const uint32_t left = api_persist_operations(uicc, record);
    return (struct budget){.is_limited = left != KEY_OPERATIONS_UNLIMITED,
                           .offset = api_persist_operations_offset(uicc, record),
                           .left = left,
                           .reserved = &uicc->api.persisted_key_operations[record]};
}

static uint8_t block_of(const struct budget *budget)
{
    const bool needs_one = budget->is_limited && *budget->reserved == 0;
    const uint32_t block = budget->left < OPERATIONS_BLOCK ? budget->left : OPERATIONS_BLOCK;
    return needs_one ? (uint8_t)block : 0;
}

static void change_left(struct uicc *uicc, const struct budget *budget)
{
    uint8_t octets[4];
    const uint8_t block = block_of(budget);
    if (block > 0) {
        struct octet_writer writer = octet_writer_of(octets, sizeof octets);
        octet_writer_u32(&writer, budget->left - block);
        nvm_change(&uicc->nvm, budget->offset, octets, sizeof octets);
    }
}

/* Writes only when something must be reserved: most operations have no limit, or one of a block that was. */
static enum gbau_status reserve(struct uicc *uicc, const struct budget *policy, const struct budget *record)
{
    if (block_of(policy) == 0 && block_of(record) == 0) {
        return GBAU_OK;
    }
    nvm_begin(&uicc->nvm);
    change_left(uicc, policy);
    change_left(uicc, record);
    return nvm_commit(&uicc->nvm);
}

static void take_one(struct budget *budget)
{
    if (budget->is_limited) {
        const uint8_t block = block_of(budget);
        budget->left -= block;
        *budget->reserved = (uint8_t)(*budget->reserved + block - 1);
    }
}

/* The last operation of a persisted key ends it; whoever pays for it still has the key in his session. */
static enum gbau_status end_spent_record(struct uicc *uicc, uint8_t record, const struct budget *budget)
{
    if (!is_used_up(budget)) {
        return GBAU_OK;
    }
    nvm_begin(&uicc->nvm);
    api_persist_change_end(uicc, record);
    const enum gbau_status status = nvm_commit(&uicc->nvm);
    if (status == GBAU_OK) {
        api_persist_ended(uicc, record);
    }
    return status;
}

bool api_rules_is_used_up(struct uicc *uicc, const struct api_session *session)
{
    const struct budget policy = budget_of_policy(uicc, session);
    const struct budget record = budget_of_record(uicc, session);
    return is_used_up(&policy) || is_used_up(&record);
}

enum status_word api_rules_pay(struct uicc *uicc, struct api_session *session)
{
    struct budget policy = budget_of_policy(uicc, session);
    struct budget record = budget_of_record(uicc, session);
    if (is_used_up(&policy) || is_used_up(&record)) {
        return SW_BLOCKED;
    }
    enum gbau_status status = reserve(uicc, &policy, &record);
    if (status == GBAU_OK) {
        take_one(&policy);
        take_one(&record);
        status = end_spent_record(uicc, session->origin.record, &record);
    }
    return sw_of_status(status);
}

uint32_t api_rules_left(const struct uicc *uicc, const struct api_rules *rules)
{
    const uint32_t left = rules->policy.operations;
    return left == KEY_OPERATIONS_UNLIMITED ? left : left + uicc->api.naf_key_operations[rules->index];
}

void api_rules_forget(struct uicc *uicc, const struct card_application *application, uint8_t index)
{
    struct card_application usim;
    if (api_access_find_usim(uicc, &usim) && usim.gba == application->gba) {
        uicc->api.naf_key_operations[index] = 0;
    }
}
