/* api_transfer_checks.c: keys made of keys, and keys that leave the card or come to it (clauses 4.4, 8.6, 8.7). */
#include <string.h>

#include "base/secret.h"
#include "conformance/api_probe.h"

enum { WRAPPED_MAX = 4 + APPLICATION_LABEL_MAX + APPLICATION_KEY_SIZE };

#define CHILD_LABEL "child"

/* Children */

static void open_parent(struct api_probe *api, struct api_key *parent)
{
    probe_api_open(api, KEY_USAGE_DERIVE, KEY_DIRECTION_NONE, KEY_ALGORITHM_KDF, parent);
}

/* DERIVE KEY of a child that must come, and the same here. */
static void derive_child(struct api_probe *api, const struct api_key *parent, enum key_usage usage,
                         enum key_direction direction, enum key_algorithm algorithm, struct api_key *child)
{
    const struct application_key_description description = {
        .usage = usage, .direction = direction, .algorithm = algorithm, .label = octets_of_text(CHILD_LABEL)};
    *child = (struct api_key){.handle = 0};
    probe_api_put_key(api, usage, direction, algorithm, CHILD_LABEL);
    probe_api_command(api, API_INS_DERIVE_KEY, parent->handle, 0, "9000");
    child->handle = probe_api_answer_octet(api, API_TAG_HANDLE);
    if (probe_goes_on(api->probe)) {
        probe_demand_ok(api->probe,
                        application_key_derive_child(api->probe->crypto, &parent->key, &description, &child->key));
    }
}

static void derives_children(struct api_probe *api)
{
    struct api_key *const parent = probe_api_new_key(api);
    struct api_key *const child = probe_api_new_key(api);
    open_parent(api, parent);
    derive_child(api, parent, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, child);
    probe_api_demand_mac(api, child);
}

static void derives_grandchildren(struct api_probe *api)
{
    struct api_key *const parent = probe_api_new_key(api);
    struct api_key *const child = probe_api_new_key(api);
    struct api_key *const grandchild = probe_api_new_key(api);
    open_parent(api, parent);
    derive_child(api, parent, KEY_USAGE_DERIVE, KEY_DIRECTION_NONE, KEY_ALGORITHM_KDF, child);
    derive_child(api, child, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, grandchild);
    probe_api_demand_mac(api, grandchild);
}

static void children_outlive_parents(struct api_probe *api)
{
    struct api_key *const parent = probe_api_new_key(api);
    struct api_key *const child = probe_api_new_key(api);
    open_parent(api, parent);
    derive_child(api, parent, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, child);
    probe_api_close(api, parent->handle);
    probe_api_demand_mac(api, child);
}

static void try_child(struct api_probe *api, uint8_t handle, unsigned usage, unsigned direction, unsigned algorithm,
                      const char *sw)
{
    probe_api_put_key(api, usage, direction, algorithm, CHILD_LABEL);
    probe_api_command(api, API_INS_DERIVE_KEY, handle, 0, sw);
}

static void children_are_possible(struct api_probe *api)
{
    struct api_key *const parent = probe_api_new_key(api);
    open_parent(api, parent);
    try_child(api, parent->handle, KEY_USAGE_POLICY, KEY_DIRECTION_NAF_TO_CARD, KEY_ALGORITHM_HMAC_SHA256, "6A81");
    try_child(api, parent->handle, KEY_USAGE_HASH, KEY_DIRECTION_NONE, KEY_ALGORITHM_SHA256, "6A81");
    try_child(api, parent->handle, KEY_USAGE_MAC, KEY_DIRECTION_NONE, KEY_ALGORITHM_HMAC_SHA256, "6A81");
    try_child(api, parent->handle, KEY_USAGE_ENCRYPT, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_KDF, "6A81");
}

static void children_are_ruled(struct api_probe *api)
{
    struct api_key *const parent = probe_api_new_key(api);
    open_parent(api, parent);
    try_child(api, parent->handle, KEY_USAGE_EXPORT, KEY_DIRECTION_NONE, KEY_ALGORITHM_KDF, "6982");
    try_child(api, parent->handle, KEY_USAGE_WRAP, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_AES_256_GCM, "6982");
}

static void parents_have_their_usage(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    probe_api_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, key);
    try_child(api, key->handle, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, "6985");
}

/* Export */

static void allow_transfer(struct api_probe *api)
{
    struct key_policy policy = key_policy_default;
    policy.usages = 0x3f;
    policy.allows_export = true;
    policy.allows_wrap = true;
    probe_api_rule(api, &policy);
}

static void exports(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    allow_transfer(api);
    probe_api_open(api, KEY_USAGE_EXPORT, KEY_DIRECTION_NONE, KEY_ALGORITHM_KDF, key);
    probe_api_command(api, API_INS_TRANSFER_KEY, key->handle, API_EXPORT, "9000");
    const struct octets octets = probe_api_answer_of(api, API_TAG_TEXT, APPLICATION_KEY_SIZE);
    probe_demand(api->probe, octets.length > 0 && secret_equal(octets.data, key->key.octets, APPLICATION_KEY_SIZE),
                 "the key that the KDF gives");
}

static void exports_its_usage(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    allow_transfer(api);
    probe_api_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, key);
    probe_api_command(api, API_INS_TRANSFER_KEY, key->handle, API_EXPORT, "6985");
}

/* A flag alone does not do, nor the usage alone. */
static void flags_and_usages_count(struct api_probe *api)
{
    struct key_policy policy = key_policy_default;
    policy.allows_export = true;
    policy.allows_wrap = true;
    probe_api_rule(api, &policy);
    probe_api_try_open(api, KEY_USAGE_EXPORT, KEY_DIRECTION_NONE, KEY_ALGORITHM_KDF, "6982");
    probe_api_try_open(api, KEY_USAGE_WRAP, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_AES_256_GCM, "6982");
    policy = key_policy_default;
    policy.usages = 0x3f;
    probe_api_rule(api, &policy);
    probe_api_try_open(api, KEY_USAGE_EXPORT, KEY_DIRECTION_NONE, KEY_ALGORITHM_KDF, "6982");
    probe_api_try_open(api, KEY_USAGE_WRAP, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_AES_256_GCM, "6982");
}

/* Wrapping */

static void open_wrap(struct api_probe *api, enum key_direction direction, struct api_key *key)
{
    probe_api_open(api, KEY_USAGE_WRAP, direction, KEY_ALGORITHM_AES_256_GCM, key);
}

/* usage || direction || algorithm || length of label || label || key. */
static size_t write_wrapped(const struct application_key *key, uint8_t octets[WRAPPED_MAX])
{
    struct octet_writer writer = octet_writer_of(octets, WRAPPED_MAX);
    octet_writer_u8(&writer, (uint8_t)key->usage);
    octet_writer_u8(&writer, (uint8_t)key->direction);
    octet_writer_u8(&writer, (uint8_t)key->algorithm);
    octet_writer_u8(&writer, sizeof API_LABEL - 1);
    octet_writer_put_text(&writer, API_LABEL);
    octet_writer_put(&writer, key->octets, APPLICATION_KEY_SIZE);
    return writer.length;
}

static void demand_wrapped(struct api_probe *api, const struct api_key *wrapping, const struct api_key *moved)
{
    uint8_t expected[WRAPPED_MAX], text[WRAPPED_MAX];
    const size_t length = write_wrapped(&moved->key, expected);
    const struct octets nonce = probe_api_answer_of(api, API_TAG_NONCE, AEAD_NONCE_SIZE);
    const struct octets ciphertext = probe_api_answer_of(api, API_TAG_TEXT, length);
    const struct octets tag = probe_api_answer_of(api, API_TAG_AUTHENTICATOR, AEAD_TAG_SIZE);
    if (probe_goes_on(api->probe)) {
        const enum gbau_status status = application_key_open(api->probe->crypto, &wrapping->key, nonce.data,
                                                             (struct octets){0}, ciphertext, tag.data, text);
        probe_demand(api->probe, status == GBAU_OK && secret_equal(text, expected, length),
                     "usage, direction, algorithm, label and key, sealed under the wrapping key");
    }
    secret_wipe(expected, sizeof expected);
    secret_wipe(text, sizeof text);
}

static void wraps(struct api_probe *api)
{
    struct api_key *const wrapping = probe_api_new_key(api);
    struct api_key *const moved = probe_api_new_key(api);
    allow_transfer(api);
    open_wrap(api, KEY_DIRECTION_CARD_TO_NAF, wrapping);
    probe_api_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, moved);
    probe_api_put_octet(api, API_TAG_OTHER_HANDLE, moved->handle);
    probe_api_command(api, API_INS_TRANSFER_KEY, wrapping->handle, API_WRAP, "9000");
    demand_wrapped(api, wrapping, moved);
}

static void try_wrap(struct api_probe *api, uint8_t wrapping, uint8_t moved, const char *sw)
{
    probe_api_put_octet(api, API_TAG_OTHER_HANDLE, moved);
    probe_api_command(api, API_INS_TRANSFER_KEY, wrapping, API_WRAP, sw);
}

static void wraps_what_may_be(struct api_probe *api)
{
    struct api_key *const wrapping = probe_api_new_key(api);
    struct api_key *const export = probe_api_new_key(api);
    allow_transfer(api);
    open_wrap(api, KEY_DIRECTION_CARD_TO_NAF, wrapping);
    probe_api_open(api, KEY_USAGE_EXPORT, KEY_DIRECTION_NONE, KEY_ALGORITHM_KDF, export);
    try_wrap(api, wrapping->handle, wrapping->handle, "6985");
    try_wrap(api, wrapping->handle, export->handle, "6985");
    try_wrap(api, wrapping->handle, 0xff, "6A88");
}

/* The policy is that in force, whatever it was when the wrapping key was opened. */
static void wraps_as_the_policy_says(struct api_probe *api)
{
    struct api_key *const wrapping = probe_api_new_key(api);
    struct api_key *const moved = probe_api_new_key(api);
    allow_transfer(api);
    open_wrap(api, KEY_DIRECTION_CARD_TO_NAF, wrapping);
    probe_api_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, moved);
    probe_api_rule(api, &key_policy_default);
    try_wrap(api, wrapping->handle, moved->handle, "6982");
}

static void wraps_in_its_direction(struct api_probe *api)
{
    struct api_key *const wrapping = probe_api_new_key(api);
    struct api_key *const moved = probe_api_new_key(api);
    allow_transfer(api);
    open_wrap(api, KEY_DIRECTION_NAF_TO_CARD, wrapping);
    probe_api_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, moved);
    try_wrap(api, wrapping->handle, moved->handle, "6985");
}

/* Out and in again, a key would come without its count. */
static void wraps_no_counted_key(struct api_probe *api)
{
    struct api_key *const wrapping = probe_api_new_key(api);
    struct api_key *const counted = probe_api_new_key(api);
    allow_transfer(api);
    open_wrap(api, KEY_DIRECTION_CARD_TO_NAF, wrapping);
    probe_api_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, counted);
    probe_api_put_u32(api, API_TAG_OPERATIONS, 2);
    probe_api_keep(api, counted->handle, API_LABEL, "9000");
    try_wrap(api, wrapping->handle, counted->handle, "6985");
}

static void looks_for_both_keys_first(struct api_probe *api)
{
    struct api_key *const other = probe_api_new_key(api);
    probe_api_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, other);
    try_wrap(api, other->handle, 0xff, "6A88");
}

/* UNWRAP of what the NAF has sealed. */
static void unwrap(struct api_probe *api, const struct api_key *wrapping, struct octets text, uint8_t spoiling,
                   const char *sw)
{
    uint8_t nonce[AEAD_NONCE_SIZE], ciphertext[WRAPPED_MAX], tag[AEAD_TAG_SIZE] = {0};
    enum gbau_status status = crypto_random(api->probe->crypto, nonce, sizeof nonce);
    if (status == GBAU_OK) {
        status =
            application_key_seal(api->probe->crypto, &wrapping->key, nonce, (struct octets){0}, text, ciphertext, tag);
    }
    if (probe_goes_on(api->probe)) {
        probe_demand_ok(api->probe, status);
        tag[0] ^= spoiling;
        probe_api_put(api, API_TAG_NONCE, octets_of(nonce, sizeof nonce));
        probe_api_put(api, API_TAG_TEXT, octets_of(ciphertext, text.length));
        probe_api_put(api, API_TAG_AUTHENTICATOR, octets_of(tag, sizeof tag));
        probe_api_command(api, API_INS_TRANSFER_KEY, wrapping->handle, API_UNWRAP, sw);
    }
}

static void make_moved(struct api_key *moved)
{
    *moved = (struct api_key){.key = {.usage = KEY_USAGE_MAC,
                                      .direction = KEY_DIRECTION_CARD_TO_NAF,
                                      .algorithm = KEY_ALGORITHM_HMAC_SHA256}};
    memset(moved->key.octets, 0x5a, APPLICATION_KEY_SIZE);
}

static void unwraps(struct api_probe *api)
{
    struct api_key *const wrapping = probe_api_new_key(api);
    struct api_key *const moved = probe_api_new_key(api);
    uint8_t text[WRAPPED_MAX];
    allow_transfer(api);
    open_wrap(api, KEY_DIRECTION_NAF_TO_CARD, wrapping);
    make_moved(moved);
    unwrap(api, wrapping, octets_of(text, write_wrapped(&moved->key, text)), 0x00, "9000");
    moved->handle = probe_api_answer_octet(api, API_TAG_HANDLE);
    const bool tells_kind = octets_equal(probe_api_answer(api, API_TAG_LABEL), octets_of_text(API_LABEL)) &&
                            probe_api_answer_octet(api, API_TAG_USAGE) == KEY_USAGE_MAC &&
                            probe_api_answer_octet(api, API_TAG_DIRECTION) == KEY_DIRECTION_CARD_TO_NAF &&
                            probe_api_answer_octet(api, API_TAG_ALGORITHM) == KEY_ALGORITHM_HMAC_SHA256;
    probe_demand(api->probe, tells_kind, "84, 89, 82 and 83 as they were wrapped");
    probe_api_demand_mac(api, moved);
}

static void unwraps_what_is_right(struct api_probe *api)
{
    struct api_key *const wrapping = probe_api_new_key(api);
    struct api_key *const moved = probe_api_new_key(api);
    uint8_t text[WRAPPED_MAX];
    allow_transfer(api);
    open_wrap(api, KEY_DIRECTION_NAF_TO_CARD, wrapping);
    make_moved(moved);
    unwrap(api, wrapping, octets_of(text, write_wrapped(&moved->key, text)), 0x01, "9862");
}

static void unwraps_what_is_whole(struct api_probe *api)
{
    struct api_key *const wrapping = probe_api_new_key(api);
    struct api_key *const moved = probe_api_new_key(api);
    uint8_t text[WRAPPED_MAX];
    allow_transfer(api);
    open_wrap(api, KEY_DIRECTION_NAF_TO_CARD, wrapping);
    make_moved(moved);
    const size_t length = write_wrapped(&moved->key, text);
    unwrap(api, wrapping, octets_of(text, length - 1), 0x00, "6A80");
    moved->key.usage = KEY_USAGE_EXPORT;
    unwrap(api, wrapping, octets_of(text, write_wrapped(&moved->key, text)), 0x00, "6A80");
}

static void unwraps_in_its_direction(struct api_probe *api)
{
    struct api_key *const wrapping = probe_api_new_key(api);
    struct api_key *const moved = probe_api_new_key(api);
    uint8_t text[WRAPPED_MAX];
    allow_transfer(api);
    open_wrap(api, KEY_DIRECTION_CARD_TO_NAF, wrapping);
    make_moved(moved);
    unwrap(api, wrapping, octets_of(text, write_wrapped(&moved->key, text)), 0x00, "6985");
}

#define RUNS (NEEDS_API | NEEDS_PIN_OPEN | NEEDS_NAF_KEY | NEEDS_CHALLENGES | NEEDS_DESTRUCTIVE)

static const struct check rows[] = {
    {"derive.child", "GBA_U API 4.4", "a child is the KDF's of its parent", RUNS, .run_api = derives_children},
    {"derive.grandchild", "GBA_U API 4.4", "a child of usage derive has children", RUNS,
     .run_api = derives_grandchildren},
    {"derive.outlives", "GBA_U API 6.2", "a child stays open when its parent is closed", RUNS,
     .run_api = children_outlive_parents},
    {"derive.possible", "GBA_U API 4.4", "a child that is not possible is refused with 6A81", RUNS,
     .run_api = children_are_possible},
    {"derive.policy", "GBA_U API 8.6", "a child that the policy does not permit is refused with 6982", RUNS,
     .run_api = children_are_ruled},
    {"derive.usage", "GBA_U API 8.6", "a key that is not of usage derive has no children", RUNS,
     .run_api = parents_have_their_usage},
    {"export.key", "GBA_U API 8.7", "with a policy that allows it a key of usage export is told", RUNS,
     .run_api = exports},
    {"export.usage", "GBA_U API 8.7", "keys of other usages are not exported", RUNS, .run_api = exports_its_usage},
    {"transfer.flags", "GBA_U API 10", "export and wrap need the flag and the usage", RUNS,
     .run_api = flags_and_usages_count},
    {"wrap.key", "GBA_U API 8.7", "a wrapped key is what the NAF expects", RUNS, .run_api = wraps},
    {"wrap.usage", "GBA_U API 8.7", "keys of usage wrap and export are not wrapped", RUNS,
     .run_api = wraps_what_may_be},
    {"wrap.policy", "GBA_U API 8.7", "no key is wrapped against its policy", RUNS, .run_api = wraps_as_the_policy_says},
    {"wrap.direction", "GBA_U API 4.3", "the card wraps with no key of direction 02", RUNS,
     .run_api = wraps_in_its_direction},
    {"wrap.counted", "GBA_U API 8.7", "a persisted key with a count is not wrapped", RUNS,
     .run_api = wraps_no_counted_key},
    {"wrap.order", "GBA_U API 13", "whether both handles exist is looked at before their usage", RUNS,
     .run_api = looks_for_both_keys_first},
    {"unwrap.key", "GBA_U API 8.7", "the NAF's wrapped key is opened as what it is", RUNS, .run_api = unwraps},
    {"unwrap.wrong_tag", "GBA_U API 8.7", "a wrong tag is answered with 9862", RUNS, .run_api = unwraps_what_is_right},
    {"unwrap.content", "GBA_U API 8.7", "content that is no key is refused with 6A80", RUNS,
     .run_api = unwraps_what_is_whole},
    {"unwrap.direction", "GBA_U API 4.3", "the card unwraps with no key of direction 01", RUNS,
     .run_api = unwraps_in_its_direction},
};

CHECK_GROUP(api_transfer_checks, rows);
