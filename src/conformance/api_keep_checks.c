/* api_keep_checks.c: keys that the card keeps (clauses 6.3, 8.8). */
#include <string.h>

#include "conformance/api_probe.h"

enum { LABELS = API_KEPT_MAX - 1 };

#define KEEP_LABEL "gbau kept"

static void open_labelled(struct api_probe *api, const char *label, struct api_key *key)
{
    probe_api_open_labelled(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, label, key);
}

static void keep_mac_key(struct api_probe *api, struct api_key *key)
{
    open_labelled(api, KEEP_LABEL, key);
    probe_api_keep(api, key->handle, KEEP_LABEL, "9000");
}

/* The handle of the persisted key takes the place of the one that was persisted. */
static void open_kept(struct api_probe *api, struct api_key *key)
{
    probe_api_open_kept(api, KEEP_LABEL, "9000");
    key->handle = probe_api_answer_octet(api, API_TAG_HANDLE);
}

static void delete (struct api_probe *api, const char *label, const char *sw)
{
    probe_api_put_naf_id(api);
    probe_api_put_text(api, API_TAG_LABEL, label);
    probe_api_command(api, API_INS_KEEP_KEY, 0, API_DELETE, sw);
}

static void keeps(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    keep_mac_key(api, key);
    probe_api_close(api, key->handle);
    open_kept(api, key);
    const bool tells_kind = probe_api_answer_octet(api, API_TAG_USAGE) == KEY_USAGE_MAC &&
                            probe_api_answer_octet(api, API_TAG_DIRECTION) == KEY_DIRECTION_CARD_TO_NAF &&
                            probe_api_answer_octet(api, API_TAG_ALGORITHM) == KEY_ALGORITHM_HMAC_SHA256;
    probe_demand(api->probe, tells_kind, "89, 82 and 83 as they were");
    probe_api_demand_mac(api, key);
}

static void keeps_b_tid(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    keep_mac_key(api, key);
    open_kept(api, key);
    probe_demand(api->probe, octets_equal(probe_api_answer(api, API_TAG_B_TID), octets_of_text(CHALLENGE_B_TID)),
                 "81 with the B-TID of its derivation");
}

static bool is_listed(struct api_probe *api, const char *label)
{
    for (uint8_t i = 0; i < UINT8_MAX && probe_goes_on(api->probe); i++) {
        probe_api_command(api, API_INS_LIST, i, API_LIST_PERSISTED_KEYS, "9000|6A83");
        if (probe_sw_fits(api->probe->response.sw, "6A83")) {
            return false;
        }
        if (octets_equal(probe_api_answer(api, API_TAG_NAF_ID), probe_api_naf_id(api)) &&
            octets_equal(probe_api_answer(api, API_TAG_LABEL), octets_of_text(label))) {
            return true;
        }
    }
    return false;
}

static void lists(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    probe_demand(api->probe, !is_listed(api, KEEP_LABEL), "no entry before");
    keep_mac_key(api, key);
    probe_demand(api->probe, is_listed(api, KEEP_LABEL), "an entry with its NAF_ID and label");
    const bool tells_kind = probe_api_answer_octet(api, API_TAG_USAGE) == KEY_USAGE_MAC &&
                            probe_api_answer_octet(api, API_TAG_DIRECTION) == KEY_DIRECTION_CARD_TO_NAF &&
                            probe_api_answer_octet(api, API_TAG_ALGORITHM) == KEY_ALGORITHM_HMAC_SHA256;
    probe_demand(api->probe, tells_kind, "89, 82 and 83 as they were");
    probe_demand(api->probe, probe_api_answer_u32(api, API_TAG_OPERATIONS) == KEY_OPERATIONS_UNLIMITED, "8D FFFFFFFF");
}

static void outlives_naf_key(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    keep_mac_key(api, key);
    probe_api_close(api, key->handle);
    probe_api_bootstrap(api);
    open_kept(api, key);
    probe_api_demand_mac(api, key);
}

static void outlives_reset(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    keep_mac_key(api, key);
    probe_api_reset(api);
    open_kept(api, key);
    probe_api_demand_mac(api, key);
}

static void ends_with_deletion(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    keep_mac_key(api, key);
    delete (api, KEEP_LABEL, "9000");
    probe_api_open_kept(api, KEEP_LABEL, "6A88");
    delete (api, KEEP_LABEL, "6A88");
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_MAC | API_ONE_BLOCK, "6983"); /* the handle became the persisted key's */
}

static void is_replaced_by_label(struct api_probe *api)
{
    struct api_key *const first = probe_api_new_key(api);
    struct api_key *const second = probe_api_new_key(api);
    keep_mac_key(api, first);
    probe_api_bootstrap(api);
    open_labelled(api, KEEP_LABEL, second);
    probe_api_keep(api, second->handle, KEEP_LABEL, "9000");
    open_kept(api, second);
    probe_api_demand_mac(api, second);
    delete (api, KEEP_LABEL, "9000");
    probe_api_open_kept(api, KEEP_LABEL, "6A88");
}

/* Card to card */

static void card_to_card_is_kept_only(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    probe_api_open_labelled(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_CARD, KEY_ALGORITHM_HMAC_SHA256, KEEP_LABEL, key);
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_MAC | API_ONE_BLOCK, "6985");
    probe_api_verify(api, key->handle, &key->key, "6985");
    probe_api_keep(api, key->handle, KEEP_LABEL, "9000");
    probe_api_demand_mac(api, key);
    probe_api_verify(api, key->handle, &key->key, "9000");
}

static void card_to_card_opens_both_ways(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    struct content nonce, text, tag;
    probe_api_open_labelled(api, KEY_USAGE_ENCRYPT, KEY_DIRECTION_CARD_TO_CARD, KEY_ALGORITHM_AES_256_GCM, KEEP_LABEL,
                            key);
    probe_api_keep(api, key->handle, KEEP_LABEL, "9000");
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_ENCRYPT | API_ONE_BLOCK, "9000");
    probe_keep(&nonce, probe_api_answer(api, API_TAG_NONCE));
    probe_keep(&text, probe_api_answer(api, API_TAG_TEXT));
    probe_keep(&tag, probe_api_answer(api, API_TAG_AUTHENTICATOR));
    probe_api_bootstrap(api);
    open_kept(api, key);
    probe_api_put(api, API_TAG_NONCE, content_octets(&nonce));
    probe_api_put(api, API_TAG_TEXT, content_octets(&text));
    probe_api_put(api, API_TAG_AUTHENTICATOR, content_octets(&tag));
    probe_api_process(api, key->handle, API_DECRYPT | API_ONE_BLOCK, "9000");
    probe_demand(api->probe, octets_equal(probe_api_answer(api, API_TAG_TEXT), probe_api_text()), "87 with the text");
}

/* Counts */

static void keep_with_count(struct api_probe *api, uint32_t count, const char *sw, struct api_key *key)
{
    open_labelled(api, KEEP_LABEL, key);
    probe_api_put_u32(api, API_TAG_OPERATIONS, count);
    probe_api_keep(api, key->handle, KEEP_LABEL, sw);
}

static void ends_with_count(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    keep_with_count(api, 2, "9000", key);
    probe_demand(api->probe, is_listed(api, KEEP_LABEL) && probe_api_answer_u32(api, API_TAG_OPERATIONS) == 2,
                 "8D 00000002");
    probe_api_demand_mac(api, key);
    probe_api_demand_mac(api, key);
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_MAC | API_ONE_BLOCK, "6983");
    probe_api_open_kept(api, KEEP_LABEL, "6A88");
}

static void count_is_not_0(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    keep_with_count(api, 0, "6A80", key);
}

static void count_binds_children(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    probe_api_open_labelled(api, KEY_USAGE_DERIVE, KEY_DIRECTION_NONE, KEY_ALGORITHM_KDF, KEEP_LABEL, key);
    probe_api_put_u32(api, API_TAG_OPERATIONS, 4);
    probe_api_keep(api, key->handle, KEEP_LABEL, "9000");
    probe_api_put_key(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, "child");
    probe_api_command(api, API_INS_DERIVE_KEY, key->handle, 0, "9000");
    probe_api_keep(api, probe_api_answer_octet(api, API_TAG_HANDLE), "child", "6985");
}

/* What is kept */

static void has_room_for_as_many(struct api_probe *api)
{
    static const char *const labels[LABELS] = {"kept 0", "kept 1", "kept 2", "kept 3", "kept 4", "kept 5", "kept 6"};
    probe_api_command(api, API_INS_CAPABILITIES, 0, 0, "9000");
    const uint8_t room = probe_api_answer_octet(api, API_TAG_PERSISTED_KEYS);
    size_t kept = 0;
    while (kept < LABELS && probe_goes_on(api->probe)) {
        struct api_key *const key = probe_api_new_key(api);
        open_labelled(api, labels[kept], key);
        probe_api_keep(api, key->handle, labels[kept], "9000|6A84");
        probe_api_close(api, key->handle);
        if (!probe_goes_on(api->probe) || is_listed(api, labels[kept]) == false) {
            break;
        }
        kept++;
    }
    probe_api_command(api, API_INS_LIST, room, API_LIST_PERSISTED_KEYS, "6A83");
    probe_api_command(api, API_INS_LIST, (uint8_t)((room < LABELS ? room : LABELS) - 1), API_LIST_PERSISTED_KEYS,
                      "9000");
}

static void session_keys_of_export_are_not_kept(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    struct key_policy policy = key_policy_default;
    policy.usages = 0x3f;
    policy.allows_export = true;
    probe_api_rule(api, &policy);
    probe_api_open_labelled(api, KEY_USAGE_EXPORT, KEY_DIRECTION_NONE, KEY_ALGORITHM_KDF, KEEP_LABEL, key);
    probe_api_keep(api, key->handle, KEEP_LABEL, "6985");
}

static void obeys_the_policy(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    struct key_policy policy = key_policy_default;
    keep_mac_key(api, key);
    policy.usages = 0x01;
    probe_api_rule(api, &policy);
    probe_api_open_kept(api, KEEP_LABEL, "6982");
    delete (api, KEEP_LABEL, "9000"); /* its caller may always */
}

static void labels_are_whole(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    keep_mac_key(api, key);
    probe_api_open_kept(api, "gbau kep", "6A88");
    probe_api_open_kept(api, "gbau kept ", "6A88");
    delete (api, "gbau kep", "6A88");
    open_kept(api, key);
}

#define RUNS (NEEDS_API | NEEDS_PIN_OPEN | NEEDS_NAF_KEY | NEEDS_CHALLENGES | NEEDS_DESTRUCTIVE)

static const struct check rows[] = {
    {"keep.key", "GBA_U API 6.3", "a persisted key is opened by its label, and is the same key", RUNS,
     .run_api = keeps},
    {"keep.b_tid", "GBA_U API 6.3", "a persisted key keeps its B-TID", RUNS, .run_api = keeps_b_tid},
    {"keep.listed", "GBA_U API 8.2", "a persisted key is listed with what it is", RUNS, .run_api = lists},
    {"keep.new_naf_key", "GBA_U API 6.3", "a persisted key stays when the NAF key is replaced", RUNS,
     .run_api = outlives_naf_key},
    {"keep.over_reset", "GBA_U API 6.3", "a persisted key stays over a reset", RUNS | NEEDS_RESET | NEEDS_PIN_VALUE,
     .run_api = outlives_reset},
    {"keep.delete", "GBA_U API 6.3", "a persisted key ends by deletion, its handles are used up", RUNS,
     .run_api = ends_with_deletion},
    {"keep.replace", "GBA_U API 8.8", "a persisted key with the same label is replaced", RUNS,
     .run_api = is_replaced_by_label},
    {"keep.label", "GBA_U API 6.3", "labels are compared whole", RUNS, .run_api = labels_are_whole},
    {"keep.direction_03", "GBA_U API 6.3", "a key of direction 03 works only when it is persisted", RUNS,
     .run_api = card_to_card_is_kept_only},
    {"keep.data_at_rest", "GBA_U API 6.3", "what is sealed in direction 03 is opened after a new bootstrapping", RUNS,
     .run_api = card_to_card_opens_both_ways},
    {"keep.count", "GBA_U API 6.3", "a persisted key ends with its count of operations", RUNS,
     .run_api = ends_with_count},
    {"keep.count_0", "GBA_U API 8.8", "a count of 0 is refused with 6A80", RUNS, .run_api = count_is_not_0},
    {"keep.count_of_children", "GBA_U API 6.3", "a child of a key with a count cannot be persisted", RUNS,
     .run_api = count_binds_children},
    {"keep.room", "GBA_U API 14", "there is room for as many persisted keys as CAPABILITIES says, and no more", RUNS,
     .run_api = has_room_for_as_many},
    {"keep.usage", "GBA_U API 6.3", "a key of usage export cannot be persisted", RUNS,
     .run_api = session_keys_of_export_are_not_kept},
    {"keep.policy", "GBA_U API 6.3", "the policy of the NAF key holds for persisted keys too", RUNS,
     .run_api = obeys_the_policy},
};

CHECK_GROUP(api_keep_checks, rows);
