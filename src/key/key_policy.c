/* key_policy.c: policies and revocations, read, written and authenticated. */
#include "key/key_policy.h"

#include <string.h>

#include "base/secret.h"
#include "codec/ber_tlv.h"
#include "key/api_aid.h"
#include "key/api_coding.h"

enum {
    TAG_VERSION = 0x80,
    TAG_USAGES = 0x81, /* of a revocation: its scope */
    TAG_ALGORITHMS = 0x82,
    TAG_CALLERS = 0x83,
    TAG_FLAGS = 0x84, /* of a revocation: the label */
    TAG_OPERATIONS = 0x85,
    FLAG_EXPORT = 0x01,
    FLAG_WRAP = 0x02,
    USAGES_DEFAULT = 0x0f, /* encrypt, mac, authenticate, derive */
    USAGES_ALL = 0x3f,     /* and wrap, export */
    SCOPE_ALL = KEY_REVOCATION_NAF_KEY | KEY_REVOCATION_PERSISTED_KEYS
};

#define POLICY_LABEL "policy"

const struct key_policy key_policy_default = {
    .usages = USAGES_DEFAULT, .algorithms = UINT32_MAX, .operations = KEY_OPERATIONS_UNLIMITED};

static bool caller_is_permitted(const struct key_policy *policy, struct octets caller)
{
    for (size_t i = 0; i < policy->caller_count; i++) {
        if (octets_equal(octets_of(policy->callers[i].aid, policy->callers[i].length), caller)) {
            return true;
        }
    }
    return policy->caller_count == 0;
}

bool key_policy_permits(const struct key_policy *policy, struct octets caller, enum key_usage usage,
                        enum key_algorithm algorithm)
{
    if (usage < KEY_USAGE_ENCRYPT || usage > KEY_USAGE_EXPORT || (policy->usages & 1U << (usage - 1)) == 0 ||
        (policy->algorithms & key_algorithm_bit(algorithm)) == 0) {
        return false;
    }
    if ((usage == KEY_USAGE_EXPORT && !policy->allows_export) || (usage == KEY_USAGE_WRAP && !policy->allows_wrap)) {
        return false;
    }
    return caller_is_permitted(policy, caller);
}

/* Writing */

static void write_u32(struct octet_writer *writer, uint32_t tag, uint32_t value)
{
    ber_tlv_write_head(writer, tag, 4);
    octet_writer_u32(writer, value);
}

static void write_octet(struct octet_writer *writer, uint32_t tag, uint8_t value)
{
    ber_tlv_write(writer, tag, octets_of(&value, 1));
}

static void write_algorithms(struct octet_writer *writer, uint32_t algorithms)
{
    uint8_t list[32];
    struct octet_writer octets = octet_writer_of(list, sizeof list);
    for (size_t i = 0; i < key_algorithm_count; i++) {
        if ((algorithms & 1U << i) != 0) {
            octet_writer_u8(&octets, (uint8_t)key_algorithms[i].algorithm);
        }
    }
    if (octets.length < key_algorithm_count) { /* all of them need not be named */
        ber_tlv_write(writer, TAG_ALGORITHMS, octets_written(&octets));
    }
}

static void write_callers(struct octet_writer *writer, const struct key_policy *policy)
{
    uint8_t list[KEY_POLICY_CALLERS_MAX * (1 + APPLICATION_CALLER_MAX)];
    struct octet_writer octets = octet_writer_of(list, sizeof list);
    for (size_t i = 0; i < policy->caller_count && i < KEY_POLICY_CALLERS_MAX; i++) {
        octet_writer_u8(&octets, policy->callers[i].length);
        octet_writer_put(&octets, policy->callers[i].aid, policy->callers[i].length);
    }
    if (policy->caller_count > 0) {
        ber_tlv_write(writer, TAG_CALLERS, octets_written(&octets));
    }
}

void key_policy_write(struct octet_writer *writer, const struct key_policy *policy)
{
    uint8_t value[KEY_POLICY_OBJECT_MAX];
    struct octet_writer object = octet_writer_of(value, sizeof value);
    write_u32(&object, TAG_VERSION, policy->version);
    write_octet(&object, TAG_USAGES, policy->usages);
    write_algorithms(&object, policy->algorithms);
    write_callers(&object, policy);
    write_octet(&object, TAG_FLAGS,
                (uint8_t)((policy->allows_export ? FLAG_EXPORT : 0) | (policy->allows_wrap ? FLAG_WRAP : 0)));
    if (policy->operations != KEY_OPERATIONS_UNLIMITED) {
        write_u32(&object, TAG_OPERATIONS, policy->operations);
    }
    writer->failed = writer->failed || object.failed || policy->version == 0 ||
                     policy->caller_count > KEY_POLICY_CALLERS_MAX || (policy->usages & ~USAGES_ALL) != 0;
    ber_tlv_write(writer, KEY_POLICY_TAG, octets_written(&object));
}

void key_revocation_write(struct octet_writer *writer, const struct key_revocation *revocation)
{
    uint8_t value[KEY_POLICY_OBJECT_MAX];
    struct octet_writer object = octet_writer_of(value, sizeof value);
    write_u32(&object, TAG_VERSION, revocation->version);
    write_octet(&object, TAG_USAGES, revocation->scope);
    if (revocation->label.length > 0) {
        ber_tlv_write(&object, TAG_FLAGS, revocation->label);
    }
    writer->failed = writer->failed || object.failed || revocation->version == 0 || revocation->scope == 0 ||
                     (revocation->scope & ~SCOPE_ALL) != 0 || revocation->label.length > APPLICATION_LABEL_MAX;
    ber_tlv_write(writer, KEY_REVOCATION_TAG, octets_written(&object));
}

/* Reading: each object at most once, none that is not known */

static bool read_u32(struct octets value, uint32_t *number)
{
    struct octet_reader reader = octet_reader_of(value);
    *number = octet_reader_u32(&reader);
    return octet_reader_end(&reader) == GBAU_OK;
}

static bool read_bits(struct octets value, uint8_t all, uint8_t *bits)
{
    *bits = value.length == 1 ? value.data[0] : 0;
    return value.length == 1 && (*bits & ~all) == 0;
}

static bool read_version(struct octets value, struct key_policy *policy)
{
    return read_u32(value, &policy->version) && policy->version != 0;
}

static bool read_usages(struct octets value, struct key_policy *policy)
{
    return read_bits(value, USAGES_ALL, &policy->usages);
}

static bool read_algorithms(struct octets value, struct key_policy *policy)
{
    policy->algorithms = 0;
    for (size_t i = 0; i < value.length; i++) {
        policy->algorithms |= key_algorithm_bit(value.data[i]); /* one that is not known cannot be used anyway */
    }
    return true;
}

static bool read_callers(struct octets value, struct key_policy *policy)
{
    struct octet_reader reader = octet_reader_of(value);
    while (octet_reader_left(&reader) > 0 && policy->caller_count < KEY_POLICY_CALLERS_MAX) {
        struct key_policy_caller *caller = &policy->callers[policy->caller_count++];
        caller->length = octet_reader_u8(&reader);
        if (caller->length < 5 || caller->length > APPLICATION_CALLER_MAX) {
            return false;
        }
        octet_reader_copy(&reader, caller->aid, caller->length);
    }
    return octet_reader_end(&reader) == GBAU_OK && policy->caller_count > 0;
}

static bool read_flags(struct octets value, struct key_policy *policy)
{
    uint8_t flags = 0;
    const bool sound = read_bits(value, FLAG_EXPORT | FLAG_WRAP, &flags);
    policy->allows_export = (flags & FLAG_EXPORT) != 0;
    policy->allows_wrap = (flags & FLAG_WRAP) != 0;
    return sound;
}

static bool read_operations(struct octets value, struct key_policy *policy)
{
    return read_u32(value, &policy->operations);
}

static bool (*const policy_fields[])(struct octets value, struct key_policy *policy) = {
    [TAG_VERSION - TAG_VERSION] = read_version,       [TAG_USAGES - TAG_VERSION] = read_usages,
    [TAG_ALGORITHMS - TAG_VERSION] = read_algorithms, [TAG_CALLERS - TAG_VERSION] = read_callers,
    [TAG_FLAGS - TAG_VERSION] = read_flags,           [TAG_OPERATIONS - TAG_VERSION] = read_operations,
};

/* Notes a tag in the set `seen`; false when it is none of `count` from TAG_VERSION on, or was there before. */
static bool note_tag(uint32_t tag, size_t count, unsigned *seen)
{
    const uint32_t index = tag - TAG_VERSION;
    if (tag < TAG_VERSION || index >= count || (*seen & 1U << index) != 0) {
        return false;
    }
    *seen |= 1U << index;
    return true;
}

enum gbau_status key_policy_read(struct octets value, struct key_policy *policy)
{
    struct octet_reader reader = octet_reader_of(value);
    struct ber_tlv tlv;
    unsigned seen = 0;
    *policy = key_policy_default;
    while (ber_tlv_next(&reader, &tlv)) {
        if (!note_tag(tlv.tag, sizeof policy_fields / sizeof policy_fields[0], &seen) ||
            !policy_fields[tlv.tag - TAG_VERSION](tlv.value, policy)) {
            return GBAU_E_MALFORMED;
        }
    }
    return octet_reader_end(&reader) == GBAU_OK && policy->version != 0 ? GBAU_OK : GBAU_E_MALFORMED;
}

enum gbau_status key_revocation_read(struct octets value, struct key_revocation *revocation)
{
    struct octet_reader reader = octet_reader_of(value);
    struct ber_tlv tlv;
    unsigned seen = 0;
    bool sound = true;
    *revocation = (struct key_revocation){0};
    while (sound && ber_tlv_next(&reader, &tlv)) {
        sound = note_tag(tlv.tag, TAG_FLAGS - TAG_VERSION + 1, &seen);
        if (tlv.tag == TAG_VERSION) {
            sound = sound && read_u32(tlv.value, &revocation->version);
        } else if (tlv.tag == TAG_USAGES) {
            sound = sound && read_bits(tlv.value, SCOPE_ALL, &revocation->scope);
        } else if (tlv.tag == TAG_FLAGS) {
            revocation->label = tlv.value;
            sound = sound && tlv.value.length >= 1 && tlv.value.length <= APPLICATION_LABEL_MAX;
        } else {
            sound = false;
        }
    }
    sound = sound && octet_reader_end(&reader) == GBAU_OK && revocation->version != 0 && revocation->scope != 0;
    return sound ? GBAU_OK : GBAU_E_MALFORMED;
}

/* MAC */

static enum gbau_status derive_policy_key(struct crypto *crypto, const struct ks_int_naf *root,
                                          struct application_key *key)
{
    const struct application_key_description description = {
        .usage = KEY_USAGE_POLICY,
        .direction = KEY_DIRECTION_NAF_TO_CARD,
        .algorithm = KEY_ALGORITHM_HMAC_SHA256,
        .label = octets_of_text(POLICY_LABEL),
        .caller = octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE),
    };
    return application_key_derive(crypto, root, &description, key);
}

enum gbau_status key_policy_mac(struct crypto *crypto, const struct ks_int_naf *root, struct octets object,
                                uint8_t mac[KEY_POLICY_MAC_SIZE])
{
    struct application_key key;
    enum gbau_status status = derive_policy_key(crypto, root, &key);
    if (status == GBAU_OK) {
        status = application_key_mac(crypto, &key, &object, 1, mac);
    }
    application_key_clear(&key);
    return status;
}

void key_policy_write_mac(struct octet_writer *writer, const uint8_t mac[KEY_POLICY_MAC_SIZE])
{
    ber_tlv_write(writer, API_TAG_AUTHENTICATOR, octets_of(mac, KEY_POLICY_MAC_SIZE));
}

enum gbau_status key_policy_verify(struct crypto *crypto, const struct ks_int_naf *root, struct octets object,
                                   struct octets mac)
{
    struct application_key key;
    enum gbau_status status = derive_policy_key(crypto, root, &key);
    if (status == GBAU_OK) {
        status = application_key_verify(crypto, &key, &object, 1, mac);
    }
    application_key_clear(&key);
    return status;
}
