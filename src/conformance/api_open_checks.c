/* api_open_checks.c: which keys can be opened, what they are derived from, and how long a handle lives (4, 6.2, 8.3).
 */
#include <string.h>

#include "conformance/api_probe.h"

enum { USAGES_END = 0x0a, DIRECTIONS_END = 0x05 };

/* What goes together */

static void demand_opening(struct api_probe *api, unsigned usage, unsigned direction, unsigned algorithm,
                           const char *sw)
{
    probe_api_try_open(api, usage, direction, algorithm, sw);
    if (probe_goes_on(api->probe) && probe_sw_fits(api->probe->response.sw, "9000")) {
        probe_api_close(api, probe_api_answer_octet(api, API_TAG_HANDLE));
    }
}

typedef void combination(struct api_probe *api, unsigned usage, unsigned direction, unsigned algorithm);

static void for_each_combination(struct api_probe *api, combination *look)
{
    for (unsigned usage = 0; usage < USAGES_END; usage++) {
        for (unsigned direction = 0; direction < DIRECTIONS_END; direction++) {
            for (size_t i = 0; i < key_algorithm_count && probe_goes_on(api->probe); i++) {
                look(api, usage, direction, key_algorithms[i].algorithm);
            }
        }
    }
}

static bool is_open_to_callers(unsigned usage)
{
    return usage != KEY_USAGE_POLICY && usage != KEY_USAGE_HASH;
}

static bool needs_policy(unsigned usage)
{
    return usage == KEY_USAGE_WRAP || usage == KEY_USAGE_EXPORT;
}

static void look_at_possible(struct api_probe *api, unsigned usage, unsigned direction, unsigned algorithm)
{
    if (is_open_to_callers(usage) && !needs_policy(usage) && probe_api_has_algorithm(api, algorithm) &&
        key_usage_is_possible(usage, direction, algorithm)) {
        demand_opening(api, usage, direction, algorithm, "9000");
    }
}

static void look_at_impossible(struct api_probe *api, unsigned usage, unsigned direction, unsigned algorithm)
{
    if (!key_usage_is_possible(usage, direction, algorithm)) {
        demand_opening(api, usage, direction, algorithm, "6A81");
    }
}

static void look_at_forbidden(struct api_probe *api, unsigned usage, unsigned direction, unsigned algorithm)
{
    if (needs_policy(usage) && probe_api_has_algorithm(api, algorithm) &&
        key_usage_is_possible(usage, direction, algorithm)) {
        demand_opening(api, usage, direction, algorithm, "6982");
    }
}

static void opens_what_is_possible(struct api_probe *api)
{
    for_each_combination(api, look_at_possible);
}

static void refuses_what_is_not(struct api_probe *api)
{
    for_each_combination(api, look_at_impossible);
}

static void refuses_what_needs_a_policy(struct api_probe *api)
{
    for_each_combination(api, look_at_forbidden);
}

static void refuses_unknown_algorithms(struct api_probe *api)
{
    static const uint8_t unknown[] = {0x00, 0x07, 0x10, 0x17, 0x20, 0x26, 0x33, 0x40, 0x42, 0xff};
    for (size_t i = 0; i < sizeof unknown; i++) {
        demand_opening(api, KEY_USAGE_ENCRYPT, KEY_DIRECTION_CARD_TO_NAF, unknown[i], "6A81");
        demand_opening(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, unknown[i], "6A81");
    }
}

static void policy_key_is_closed(struct api_probe *api)
{
    demand_opening(api, KEY_USAGE_POLICY, KEY_DIRECTION_NAF_TO_CARD, KEY_ALGORITHM_HMAC_SHA256, "6A81");
}

/* How OPEN KEY is said and answered */

static void tells_b_tid(struct api_probe *api)
{
    probe_api_try_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, "9000");
    probe_demand(api->probe, octets_equal(probe_api_answer(api, API_TAG_B_TID), octets_of_text(CHALLENGE_B_TID)),
                 "81 with the B-TID of EF_GBANL");
}

static void takes_any_order(struct api_probe *api)
{
    probe_api_put_text(api, API_TAG_LABEL, API_LABEL);
    probe_api_put_octet(api, API_TAG_ALGORITHM, KEY_ALGORITHM_HMAC_SHA256);
    probe_api_put_octet(api, API_TAG_DIRECTION, KEY_DIRECTION_CARD_TO_NAF);
    probe_api_put_naf_id(api);
    probe_api_put_octet(api, API_TAG_USAGE, KEY_USAGE_MAC);
    probe_api_command(api, API_INS_OPEN_KEY, 0, API_OPEN_DERIVED, "9000");
}

static void usage_is_encrypt_when_absent(struct api_probe *api)
{
    probe_api_put_naf_id(api);
    probe_api_put_octet(api, API_TAG_DIRECTION, KEY_DIRECTION_CARD_TO_NAF);
    probe_api_put_octet(api, API_TAG_ALGORITHM, KEY_ALGORITHM_AES_256_GCM);
    probe_api_put_text(api, API_TAG_LABEL, API_LABEL);
    probe_api_command(api, API_INS_OPEN_KEY, 0, API_OPEN_DERIVED, "9000");
    const uint8_t handle = probe_api_answer_octet(api, API_TAG_HANDLE);
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, handle, API_ENCRYPT | API_ONE_BLOCK, "9000");
}

static void listed_with_policy(struct api_probe *api)
{
    probe_demand(api->probe, probe_api_listed_version(api) == api->policy_version,
                 "8C with the version of the policy in force");
    probe_demand(api->probe, octets_equal(probe_api_answer(api, API_TAG_B_TID), octets_of_text(CHALLENGE_B_TID)),
                 "81 with the B-TID");
    probe_demand(api->probe, probe_api_answer_u32(api, API_TAG_OPERATIONS) == KEY_OPERATIONS_UNLIMITED, "8D FFFFFFFF");
}

/* Derivation */

static void open_mac(struct api_probe *api, struct api_key *key)
{
    probe_api_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, key);
}

static void derives(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_mac(api, key);
    probe_api_demand_mac(api, key);
}

static void derives_labels(struct api_probe *api)
{
    static const char *const labels[] = {"a", "b", "A",
                                         "gbau conformance: a label that has sixty-four octets, and no more!"};
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        struct api_key *const key = probe_api_new_key(api);
        char label[APPLICATION_LABEL_MAX + 1] = "";
        memcpy(label, labels[i], strnlen(labels[i], APPLICATION_LABEL_MAX));
        probe_api_open_labelled(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, label, key);
        probe_api_demand_mac(api, key);
        probe_api_close(api, key->handle);
    }
}

static void derives_algorithms(struct api_probe *api)
{
    for (size_t i = 0; i < key_algorithm_count; i++) {
        struct api_key *const key = probe_api_new_key(api);
        if (key_algorithms[i].kind == KEY_ALGORITHM_KIND_MAC &&
            probe_api_has_algorithm(api, key_algorithms[i].algorithm)) {
            probe_api_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, key_algorithms[i].algorithm, key);
            probe_api_demand_mac(api, key);
            probe_api_close(api, key->handle);
        }
    }
}

static void derives_directions(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    probe_api_open(api, KEY_USAGE_MAC, KEY_DIRECTION_NAF_TO_CARD, KEY_ALGORITHM_HMAC_SHA256, key);
    probe_api_verify(api, key->handle, &key->key, "9000");
}

static void derives_contexts(struct api_probe *api)
{
    static const uint8_t context[] = {0x00, 0x01, 0x02, 0xff};
    struct application_key here;
    const struct application_key_description description = {.usage = KEY_USAGE_MAC,
                                                            .direction = KEY_DIRECTION_CARD_TO_NAF,
                                                            .algorithm = KEY_ALGORITHM_HMAC_SHA256,
                                                            .label = octets_of_text(API_LABEL),
                                                            .caller = probe_api_caller(),
                                                            .context = octets_of(context, sizeof context)};
    probe_api_put(api, API_TAG_CONTEXT, description.context);
    probe_api_try_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, "9000");
    const uint8_t handle = probe_api_answer_octet(api, API_TAG_HANDLE);
    probe_demand_ok(api->probe, application_key_derive(api->probe->crypto, &api->root, &description, &here));
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, handle, API_MAC | API_ONE_BLOCK, "9000");
    probe_api_demand_mac_of(api, &here, probe_api_text(), true);
    application_key_clear(&here);
}

static void new_bootstrapping_new_key(struct api_probe *api)
{
    struct api_key *const first = probe_api_new_key(api);
    struct api_key *const second = probe_api_new_key(api);
    open_mac(api, first);
    probe_api_close(api, first->handle);
    probe_api_bootstrap(api);
    open_mac(api, second);
    probe_api_demand_mac(api, second);
}

#define RUNS  (NEEDS_API | NEEDS_PIN_OPEN | NEEDS_NAF_KEY | NEEDS_CHALLENGES | NEEDS_DESTRUCTIVE)
#define RESET (RUNS | NEEDS_RESET | NEEDS_PIN_VALUE)

static const struct check open_rows[] = {
    {"open.possible", "GBA_U API 4.2", "every usage opens with each of its directions and algorithms", RUNS,
     .run_api = opens_what_is_possible},
    {"open.impossible", "GBA_U API 4.2", "what does not go together is refused with 6A81", RUNS,
     .run_api = refuses_what_is_not},
    {"open.needs_policy", "GBA_U API 5.2", "usages wrap and export are refused with 6982 without a policy", RUNS,
     .run_api = refuses_what_needs_a_policy},
    {"open.unknown_algorithm", "GBA_U API 13", "an unknown algorithm is refused with 6A81", RUNS,
     .run_api = refuses_unknown_algorithms},
    {"open.policy_key", "GBA_U API 4.2", "the policy key cannot be opened", RUNS, .run_api = policy_key_is_closed},
    {"open.b_tid", "GBA_U API 8.3", "OPEN KEY tells the B-TID", RUNS, .run_api = tells_b_tid},
    {"open.any_order", "GBA_U API 8", "the objects may come in any order", RUNS, .run_api = takes_any_order},
    {"open.no_usage", "GBA_U API 8.3", "without a usage the key is for encryption", RUNS,
     .run_api = usage_is_encrypt_when_absent},
    {"list.naf_key", "GBA_U API 8.2", "LIST tells B-TID, policy version and limit", RUNS,
     .run_api = listed_with_policy},
    {"derivation.key", "GBA_U API 4.1", "a key is the KDF's of Ks_int_NAF", RUNS, .run_api = derives},
    {"derivation.label", "GBA_U API 4.1", "the label goes into the key", RUNS, .run_api = derives_labels},
    {"derivation.algorithm", "GBA_U API 4.1", "the algorithm goes into the key", RUNS, .run_api = derives_algorithms},
    {"derivation.direction", "GBA_U API 4.1", "the direction goes into the key", RUNS, .run_api = derives_directions},
    {"derivation.context", "GBA_U API 4.1", "the context goes into the key", RUNS, .run_api = derives_contexts},
    {"derivation.new_root", "GBA_U API 6.1", "a new bootstrapping and derivation give a new key", RUNS,
     .run_api = new_bootstrapping_new_key},
};

CHECK_GROUP(api_open_checks, open_rows);

/* Handles */

static uint8_t number_of_handles(struct api_probe *api)
{
    probe_api_command(api, API_INS_CAPABILITIES, 0, 0, "9000");
    return probe_api_answer_octet(api, API_TAG_HANDLES);
}

static void has_as_many_as_it_says(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    const uint8_t count = number_of_handles(api);
    for (uint8_t i = 0; i < count && probe_goes_on(api->probe); i++) {
        open_mac(api, key);
    }
    probe_api_try_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, "6A84");
    probe_api_close(api, key->handle);
    open_mac(api, key);
    probe_api_demand_mac(api, key);
}

static void demand_gone(struct api_probe *api, uint8_t handle)
{
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, handle, API_MAC | API_ONE_BLOCK, "6A88");
}

static void ends_with_close(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_mac(api, key);
    probe_api_close(api, key->handle);
    demand_gone(api, key->handle);
    probe_api_command(api, API_INS_CLOSE_KEY, key->handle, 0, "6A88");
}

static void close_leaves_others(struct api_probe *api)
{
    struct api_key *const first = probe_api_new_key(api);
    struct api_key *const second = probe_api_new_key(api);
    open_mac(api, first);
    open_mac(api, second);
    probe_api_close(api, first->handle);
    probe_api_demand_mac(api, second);
}

/* The applet on one more channel. */
static uint8_t open_second_channel(struct api_probe *api)
{
    const uint8_t channel = probe_open_channel(api->probe);
    api->probe->channel = channel;
    probe_api_select(api->probe);
    return channel;
}

static void is_its_channels(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_mac(api, key);
    (void)open_second_channel(api);
    demand_gone(api, key->handle);
    probe_api_command(api, API_INS_CLOSE_KEY, key->handle, 0, "6A88");
    probe_api_go_to_applet(api);
    probe_api_demand_mac(api, key);
}

static void ends_with_channel(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    const uint8_t channel = open_second_channel(api);
    open_mac(api, key);
    probe_close_channel(api->probe, channel);
    const uint8_t again = open_second_channel(api);
    probe_demand(api->probe, again == channel, "the same channel again");
    demand_gone(api, key->handle);
    probe_api_go_to_applet(api);
}

static void ends_with_select(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_mac(api, key);
    (void)probe_expect_data(api->probe, "0XA40404", usim_aid_prefix, WITH_LE, "9000");
    probe_api_select(api->probe);
    demand_gone(api, key->handle);
}

static void stays_with_select_elsewhere(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_mac(api, key);
    (void)open_second_channel(api);
    probe_api_go_to_applet(api);
    probe_api_demand_mac(api, key);
}

static void ends_with_reset(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    const uint8_t channel = api->channel;
    open_mac(api, key);
    probe_api_reset(api);
    while (api->channel < channel && probe_goes_on(api->probe)) {
        api->channel = open_second_channel(api); /* the number that it had */
    }
    demand_gone(api, key->handle);
}

static void survives_bootstrapping(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_mac(api, key);
    probe_api_bootstrap(api); /* and derives: the NAF key is another one */
    probe_api_demand_mac(api, key);
}

static void survives_derivation(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_mac(api, key);
    probe_api_derive_again(api);
    probe_api_demand_mac(api, key);
}

static void are_of_each_other_independent(struct api_probe *api)
{
    struct api_key *const first = probe_api_new_key(api);
    struct api_key *const second = probe_api_new_key(api);
    open_mac(api, first);
    probe_api_open_labelled(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, "other", second);
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, first->handle, API_MAC | API_FIRST_BLOCK, "9000");
    probe_api_demand_mac(api, second);
    probe_api_process(api, first->handle, API_MAC | API_LAST_BLOCK, "9000");
    probe_api_demand_mac_of(api, &first->key, probe_api_text(), true);
}

static const struct check handle_rows[] = {
    {"handle.limit", "GBA_U API 14", "as many handles as CAPABILITIES says, then 6A84", RUNS,
     .run_api = has_as_many_as_it_says},
    {"handle.close", "GBA_U API 6.2", "a handle ends with CLOSE KEY", RUNS, .run_api = ends_with_close},
    {"handle.close_one", "GBA_U API 6.2", "CLOSE KEY leaves other handles", RUNS, .run_api = close_leaves_others},
    {"handle.channel", "GBA_U API 6.2", "a handle belongs to the channel on which it was opened", RUNS,
     .run_api = is_its_channels},
    {"handle.close_channel", "GBA_U API 6.2", "a handle ends with its channel", RUNS, .run_api = ends_with_channel},
    {"handle.select", "GBA_U API 6.2", "a handle ends with another SELECT by AID on its channel", RUNS,
     .run_api = ends_with_select},
    {"handle.select_elsewhere", "GBA_U API 6.2", "a SELECT on another channel leaves a handle", RUNS,
     .run_api = stays_with_select_elsewhere},
    {"handle.reset", "GBA_U API 6.2", "a handle ends at reset", RESET, .run_api = ends_with_reset},
    {"handle.bootstrapping", "GBA_U API 6.2", "a handle keeps its key when the NAF key is replaced", RUNS,
     .run_api = survives_bootstrapping},
    {"handle.derivation", "GBA_U API 6.2", "a handle keeps its key when the NAF key is derived again", RUNS,
     .run_api = survives_derivation},
    {"handle.interleaved", "GBA_U API 8.4", "commands on another handle may stand between blocks", RUNS,
     .run_api = are_of_each_other_independent},
};

CHECK_GROUP(api_handle_checks, handle_rows);
