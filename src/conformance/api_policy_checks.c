/* api_policy_checks.c: what the NAF rules: policies and revocations (clauses 8.9, 10). */
#include <string.h>

#include "conformance/api_probe.h"

enum { LIMIT = 3 };

enum { FID_GBANL = 0x6fda, FILLING_NAF = 1000 };

#define KEEP_LABEL  "gbau kept"
#define OTHER_LABEL "gbau kept too"

static void open_mac(struct api_probe *api, struct api_key *key)
{
    probe_api_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, key);
}

static void try_open_mac(struct api_probe *api, const char *sw)
{
    probe_api_try_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, sw);
}

static void process_mac(struct api_probe *api, uint8_t handle, const char *sw)
{
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, handle, API_MAC | API_ONE_BLOCK, sw);
}

/* Versions and MACs */

static void takes_policy(struct api_probe *api)
{
    probe_api_rule(api, &key_policy_default);
    probe_demand(api->probe, probe_api_listed_version(api) == api->policy_version, "8C with the version of the policy");
}

static void refuses_old_versions(struct api_probe *api)
{
    struct key_policy policy = key_policy_default;
    probe_api_rule(api, &policy);
    probe_api_rule(api, &policy);
    policy.version = api->policy_version;
    probe_api_apply(api, &policy, "9865");
    policy.version = api->policy_version - 1;
    probe_api_apply(api, &policy, "9865");
}

static void refuses_old_revocations(struct api_probe *api)
{
    uint8_t object[KEY_POLICY_OBJECT_MAX];
    struct octet_writer writer = octet_writer_of(object, sizeof object);
    probe_api_rule(api, &key_policy_default);
    const struct key_revocation revocation = {.version = api->policy_version, .scope = KEY_REVOCATION_PERSISTED_KEYS};
    key_revocation_write(&writer, &revocation);
    probe_api_apply_object(api, octets_written(&writer), true, "9865");
}

/* A policy that would forbid everything, so that its effect would show. */
static void refuses_wrong_mac(struct api_probe *api)
{
    uint8_t object[KEY_POLICY_OBJECT_MAX];
    struct key_policy policy = key_policy_default;
    struct octet_writer writer = octet_writer_of(object, sizeof object);
    probe_api_rule(api, &policy);
    policy.version = api->policy_version + 1;
    policy.usages = 0x01;
    key_policy_write(&writer, &policy);
    probe_api_apply_object(api, octets_written(&writer), false, "9862");
    try_open_mac(api, "9000");
}

static void refuses_malformed(struct api_probe *api)
{
    static const struct {
        uint8_t length;
        uint8_t octets[16];
    } objects[] = {
        {2, {0xa0, 0x00}},                                                        /* no version */
        {8, {0xa0, 0x06, 0x80, 0x04, 0x00, 0x00, 0x00, 0x00}},                    /* version 0 is no policy */
        {11, {0xa0, 0x09, 0x80, 0x04, 0x7f, 0xff, 0xff, 0xf0, 0x86, 0x01, 0x00}}, /* no such object */
        {11, {0xa0, 0x09, 0x80, 0x04, 0x7f, 0xff, 0xff, 0xf0, 0x81, 0x01, 0x40}}, /* usage 07 */
        {14, {0xa0, 0x0c, 0x80, 0x04, 0x7f, 0xff, 0xff, 0xf0, 0x81, 0x01, 0x01, 0x81, 0x01, 0x01}},
        {8, {0xa1, 0x06, 0x80, 0x04, 0x7f, 0xff, 0xff, 0xf0}},                    /* no scope */
        {11, {0xa1, 0x09, 0x80, 0x04, 0x7f, 0xff, 0xff, 0xf0, 0x81, 0x01, 0x00}}, /* nothing in it */
    };
    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++) {
        probe_api_apply_object(api, octets_of(objects[i].octets, objects[i].length), true, "6A80");
    }
}

/* What a policy forbids */

static void holds_usages(struct api_probe *api)
{
    struct key_policy policy = key_policy_default;
    policy.usages = 0x0d; /* all but mac */
    probe_api_rule(api, &policy);
    try_open_mac(api, "6982");
    probe_api_try_open(api, KEY_USAGE_DERIVE, KEY_DIRECTION_NONE, KEY_ALGORITHM_KDF, "9000");
    probe_api_put_key(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, "child");
    probe_api_command(api, API_INS_DERIVE_KEY, probe_api_answer_octet(api, API_TAG_HANDLE), 0, "6982");
}

static void holds_algorithms(struct api_probe *api)
{
    struct key_policy policy = key_policy_default;
    policy.algorithms = key_algorithm_bit(KEY_ALGORITHM_AES_256_GCM);
    probe_api_rule(api, &policy);
    try_open_mac(api, "6982");
    probe_api_try_open(api, KEY_USAGE_ENCRYPT, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_AES_256_GCM, "9000");
}

static void holds_callers(struct api_probe *api)
{
    struct key_policy policy = key_policy_default;
    policy.caller_count = 1;
    policy.callers[0] = (struct key_policy_caller){.length = 7, .aid = {0xf0, 1, 2, 3, 4, 5, 6}};
    probe_api_rule(api, &policy);
    try_open_mac(api, "6982");
    policy.caller_count = 2;
    policy.callers[1].length = (uint8_t)probe_api_caller().length;
    memcpy(policy.callers[1].aid, probe_api_caller().data, probe_api_caller().length);
    probe_api_rule(api, &policy);
    try_open_mac(api, "9000");
}

static void permission_comes_after_possibility(struct api_probe *api)
{
    struct key_policy policy = key_policy_default;
    policy.usages = 0x01;
    probe_api_rule(api, &policy);
    probe_api_try_open(api, KEY_USAGE_MAC, KEY_DIRECTION_NONE, KEY_ALGORITHM_HMAC_SHA256, "6A81");
}

static void leaves_open_handles(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    struct key_policy policy = key_policy_default;
    open_mac(api, key);
    policy.usages = 0x01;
    probe_api_rule(api, &policy);
    probe_api_demand_mac(api, key);
}

static void outlives_naf_key(struct api_probe *api)
{
    struct key_policy policy = key_policy_default;
    policy.usages = 0x01;
    probe_api_rule(api, &policy);
    probe_api_derive_again(api);
    try_open_mac(api, "6982");
    probe_api_bootstrap(api);
    try_open_mac(api, "6982");
    policy.version = api->policy_version;
    probe_api_apply(api, &policy, "9865");
}

static void outlives_reset(struct api_probe *api)
{
    struct key_policy policy = key_policy_default;
    policy.usages = 0x01;
    probe_api_rule(api, &policy);
    probe_api_reset(api);
    try_open_mac(api, "6982");
}

/* Limits */

static void set_limit(struct api_probe *api, uint32_t operations)
{
    struct key_policy policy = key_policy_default;
    policy.operations = operations;
    probe_api_rule(api, &policy);
}

static void holds_limit(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    struct api_key *const other = probe_api_new_key(api);
    set_limit(api, LIMIT);
    open_mac(api, key);
    probe_api_open_labelled(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, "other", other);
    for (unsigned i = 0; i + 1 < LIMIT; i++) {
        probe_api_demand_mac(api, key);
    }
    probe_api_demand_mac(api, other); /* all keys of the NAF key together */
    process_mac(api, key->handle, "6983");
    process_mac(api, other->handle, "6983");
}

static void limit_counts_first_blocks(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    set_limit(api, 1);
    open_mac(api, key);
    probe_api_process(api, key->handle, API_MAC | API_FIRST_BLOCK, "9000");
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_MAC, "9000");
    probe_api_process(api, key->handle, API_MAC | API_LAST_BLOCK, "9000");
    probe_api_demand_mac_of(api, &key->key, probe_api_text(), true);
    process_mac(api, key->handle, "6983");
}

static void limit_counts_authentications(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    set_limit(api, 1);
    probe_api_open(api, KEY_USAGE_AUTHENTICATE, KEY_DIRECTION_NONE, KEY_ALGORITHM_HMAC_SHA256, key);
    probe_api_command(api, API_INS_AUTHENTICATE_KEY, key->handle, API_AUTHENTICATE_BEGIN, "9000");
    probe_api_command(api, API_INS_AUTHENTICATE_KEY, key->handle, API_AUTHENTICATE_BEGIN, "6983");
}

static void limit_binds_open_handles(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_mac(api, key);
    set_limit(api, 1);
    probe_api_demand_mac(api, key);
    process_mac(api, key->handle, "6983");
}

static void limit_outlives_naf_key(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    set_limit(api, 1);
    open_mac(api, key);
    probe_api_demand_mac(api, key);
    probe_api_bootstrap(api);
    open_mac(api, key);
    process_mac(api, key->handle, "6983");
}

/* NAF derivation for as many others as there are records: that of the NAF is overwritten, unless it has to stay. */
static void push_out_record(struct api_probe *api)
{
    probe_api_go_to_usim(api);
    const size_t count = fcp_record_count(probe_select(api->probe, FID_GBANL));
    for (unsigned i = 0; i < count && probe_goes_on(api->probe); i++) {
        challenge_derive(api->probe, &api->challenge, FILLING_NAF + i);
    }
    probe_api_go_to_applet(api);
}

static void used_up_keys_are_not_kept(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    set_limit(api, 1);
    open_mac(api, key);
    probe_api_demand_mac(api, key);
    probe_api_keep(api, key->handle, KEEP_LABEL, "6983");
}

static void limit_outlives_rules(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    set_limit(api, LIMIT);
    open_mac(api, key);
    probe_api_keep(api, key->handle, API_LABEL, "9000");
    push_out_record(api);
    process_mac(api, key->handle, "6983");
    probe_api_open_kept(api, API_LABEL, "9000");
    process_mac(api, probe_api_answer_octet(api, API_TAG_HANDLE), "6983");
}

#define RUNS (NEEDS_API | NEEDS_PIN_OPEN | NEEDS_NAF_KEY | NEEDS_CHALLENGES | NEEDS_DESTRUCTIVE)

static const struct check policy_rows[] = {
    {"policy.version", "GBA_U API 10", "a policy of the NAF is taken, and its version listed", RUNS,
     .run_api = takes_policy},
    {"policy.rollback", "GBA_U API 10", "a policy that is not newer is refused with 9865", RUNS,
     .run_api = refuses_old_versions},
    {"policy.wrong_mac", "GBA_U API 10", "a policy with a wrong MAC is refused with 9862, and changes nothing", RUNS,
     .run_api = refuses_wrong_mac},
    {"policy.malformed", "GBA_U API 10", "an object with unknown, doubled or impossible content is refused with 6A80",
     RUNS, .run_api = refuses_malformed},
    {"policy.usages", "GBA_U API 10", "a usage that the policy does not name is refused with 6982", RUNS,
     .run_api = holds_usages},
    {"policy.algorithms", "GBA_U API 10", "an algorithm that the policy does not name is refused with 6982", RUNS,
     .run_api = holds_algorithms},
    {"policy.callers", "GBA_U API 10", "a caller that the policy does not name is refused with 6982", RUNS,
     .run_api = holds_callers},
    {"policy.order", "GBA_U API 13", "what is possible is looked at before the policy", RUNS,
     .run_api = permission_comes_after_possibility},
    {"policy.open_handles", "GBA_U API 10", "a policy holds for keys that are opened later", RUNS,
     .run_api = leaves_open_handles},
    {"policy.sticks", "GBA_U API 6.1", "a policy and its version stay when the NAF key is derived anew", RUNS,
     .run_api = outlives_naf_key},
    {"policy.over_reset", "GBA_U API 6.1", "a policy stays over a reset", RUNS | NEEDS_RESET | NEEDS_PIN_VALUE,
     .run_api = outlives_reset},
    {"limit.holds", "GBA_U API 10", "a limit counts the operations of all keys of the NAF key, then comes 6983", RUNS,
     .run_api = holds_limit},
    {"limit.first_blocks", "GBA_U API 10", "an operation in several blocks counts once, and goes on to its last", RUNS,
     .run_api = limit_counts_first_blocks},
    {"limit.authentication", "GBA_U API 10", "the begin of an authentication is an operation", RUNS,
     .run_api = limit_counts_authentications},
    {"limit.open_handles", "GBA_U API 10", "a limit holds for open keys too", RUNS,
     .run_api = limit_binds_open_handles},
    {"limit.sticks", "GBA_U API 6.1", "what was used up stays used up when the NAF key is derived anew", RUNS,
     .run_api = limit_outlives_naf_key},
    {"limit.persist", "GBA_U API 6.3", "a key that is used up is not persisted", RUNS,
     .run_api = used_up_keys_are_not_kept},
    {"limit.rules_lost", "GBA_U API 6.3", "when the rules are overwritten, keys that a limit bound are used up", RUNS,
     .run_api = limit_outlives_rules},
};

CHECK_GROUP(api_policy_checks, policy_rows);

/* Revocation */

static void keep_mac_key(struct api_probe *api, const char *label, struct api_key *key)
{
    probe_api_open_labelled(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, label, key);
    probe_api_keep(api, key->handle, label, "9000");
}

static void revokes_naf_key(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_mac(api, key);
    probe_api_revoke(api, KEY_REVOCATION_NAF_KEY, "");
    process_mac(api, key->handle, "6A88");
    try_open_mac(api, "6A88");
}

static void revoked_key_is_not_listed(struct api_probe *api)
{
    probe_api_revoke(api, KEY_REVOCATION_NAF_KEY, "");
    probe_demand(api->probe, !probe_api_find_listed(api), "no entry of the NAF");
}

static void revoked_key_does_not_come_back(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    probe_api_revoke(api, KEY_REVOCATION_NAF_KEY, "");
    probe_api_derive_again(api);
    try_open_mac(api, "6A88");
    probe_api_bootstrap(api);
    open_mac(api, key);
    probe_api_demand_mac(api, key);
}

static void record_of_revoked_key_stays(struct api_probe *api)
{
    probe_api_revoke(api, KEY_REVOCATION_NAF_KEY, "");
    push_out_record(api);
    probe_api_derive_again(api);
    try_open_mac(api, "6A88");
}

static void naf_key_leaves_kept_ones(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    keep_mac_key(api, KEEP_LABEL, key);
    probe_api_revoke(api, KEY_REVOCATION_NAF_KEY, "");
    probe_api_demand_mac(api, key);
    probe_api_open_kept(api, KEEP_LABEL, "9000");
}

static void revokes_kept_keys(struct api_probe *api)
{
    struct api_key *const first = probe_api_new_key(api);
    struct api_key *const second = probe_api_new_key(api);
    struct api_key *const other = probe_api_new_key(api);
    open_mac(api, other);
    keep_mac_key(api, KEEP_LABEL, first);
    keep_mac_key(api, OTHER_LABEL, second);
    probe_api_revoke(api, KEY_REVOCATION_PERSISTED_KEYS, "");
    probe_api_open_kept(api, KEEP_LABEL, "6A88");
    probe_api_open_kept(api, OTHER_LABEL, "6A88");
    process_mac(api, first->handle, "6A88");
    process_mac(api, second->handle, "6A88");
    probe_api_demand_mac(api, other);
}

static void revokes_one_label(struct api_probe *api)
{
    struct api_key *const first = probe_api_new_key(api);
    struct api_key *const second = probe_api_new_key(api);
    keep_mac_key(api, KEEP_LABEL, first);
    keep_mac_key(api, OTHER_LABEL, second);
    probe_api_revoke(api, KEY_REVOCATION_PERSISTED_KEYS, KEEP_LABEL);
    probe_api_open_kept(api, KEEP_LABEL, "6A88");
    process_mac(api, first->handle, "6A88");
    probe_api_demand_mac(api, second);
    probe_api_open_kept(api, OTHER_LABEL, "9000");
}

static void revokes_both(struct api_probe *api)
{
    struct api_key *const first = probe_api_new_key(api);
    struct api_key *const second = probe_api_new_key(api);
    keep_mac_key(api, KEEP_LABEL, first);
    open_mac(api, second);
    probe_api_revoke(api, KEY_REVOCATION_NAF_KEY | KEY_REVOCATION_PERSISTED_KEYS, "");
    probe_api_open_kept(api, KEEP_LABEL, "6A88");
    process_mac(api, first->handle, "6A88");
    process_mac(api, second->handle, "6A88");
    try_open_mac(api, "6A88");
}

/* The rules stay with the NAF_ID, and V does not change. */
static void leaves_the_policy(struct api_probe *api)
{
    struct key_policy policy = key_policy_default;
    policy.usages = 0x01;
    probe_api_rule(api, &policy);
    probe_api_revoke(api, KEY_REVOCATION_NAF_KEY, "");
    probe_api_bootstrap(api);
    try_open_mac(api, "6982");
    probe_demand(api->probe, probe_api_listed_version(api) == api->policy_version,
                 "8C with the version of the policy still");
}

static void has_versions_in_common(struct api_probe *api)
{
    struct key_policy policy = key_policy_default;
    probe_api_revoke(api, KEY_REVOCATION_PERSISTED_KEYS, "");
    policy.version = api->probe->newest_ruling;
    probe_api_apply(api, &policy, "9865");
}

static const struct check revocation_rows[] = {
    {"revocation.naf_key", "GBA_U API 10", "the NAF key is gone, and so are the handles that come from it", RUNS,
     .run_api = revokes_naf_key},
    {"revocation.listed", "GBA_U API 10", "a revoked NAF key is listed no more", RUNS,
     .run_api = revoked_key_is_not_listed},
    {"revocation.same_key", "GBA_U API 10", "the same key does not come back by derivation, a new bootstrapping's does",
     RUNS, .run_api = revoked_key_does_not_come_back},
    {"revocation.record_stays", "GBA_U API 6.1", "nor after derivations for as many other NAFs as there are records",
     RUNS, .run_api = record_of_revoked_key_stays},
    {"revocation.keeps_persisted", "GBA_U API 10", "a revocation of the NAF key leaves persisted keys", RUNS,
     .run_api = naf_key_leaves_kept_ones},
    {"revocation.persisted", "GBA_U API 10", "all persisted keys are gone with their handles, and no others", RUNS,
     .run_api = revokes_kept_keys},
    {"revocation.label", "GBA_U API 10", "only the persisted key with the label is gone", RUNS,
     .run_api = revokes_one_label},
    {"revocation.both", "GBA_U API 10", "one revocation may have both scopes", RUNS, .run_api = revokes_both},
    {"revocation.policy_stays", "GBA_U API 10", "a revocation leaves the policy and its version", RUNS,
     .run_api = leaves_the_policy},
    {"revocation.rollback", "GBA_U API 10", "a revocation that is not newer than the policy is refused with 9865", RUNS,
     .run_api = refuses_old_revocations},
    {"revocation.versions", "GBA_U API 10", "a policy that is not newer than a revocation is refused with 9865", RUNS,
     .run_api = has_versions_in_common},
};

CHECK_GROUP(api_revocation_checks, revocation_rows);
