/* api_probe.c: the NAF's half of a check of the GBA_U API, and the commands that all its checks send. */
#include "conformance/api_probe.h"

#include <stdio.h>
#include <string.h>

#include "base/ignore.h"
#include "base/secret.h"
#include "codec/ber_tlv.h"
#include "key/api_aid.h"

enum { FID_AC_GBAUAPI = 0x6f0a, TAG_ACCESS_LINE = 0x80, LIST_MAX = UINT8_MAX, RULING_STEPS = 24 };

static const char text_of_checks[] = "Keys from the SIM, for any application.";

struct octets probe_api_text(void)
{
    return octets_of_text(text_of_checks);
}

struct octets probe_api_caller(void)
{
    return octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE);
}

struct octets probe_api_naf_id(const struct api_probe *api)
{
    return octets_of(api->naf_id, api->naf_id_length);
}

/* Channels */

void probe_api_select(struct probe *probe)
{
    probe->may_be_missing = true;
    (void)probe_expect_data(probe, "0XA4040C", probe_api_caller(), NO_LE, "9000");
}

void probe_api_go_to_usim(struct api_probe *api)
{
    api->probe->channel = api->usim_channel;
}

void probe_api_go_to_applet(struct api_probe *api)
{
    api->probe->channel = api->channel;
}

static void open_usim(struct api_probe *api)
{
    api->channel = api->probe->channel;
    api->usim_channel = probe_open_channel(api->probe);
    probe_api_go_to_usim(api);
    api->probe->may_be_missing = true;
    probe_select_application(api->probe, usim_aid_prefix, NULL);
    probe_api_go_to_applet(api);
}

void probe_api_reset(struct api_probe *api)
{
    struct probe *probe = api->probe;
    probe_reset(probe);
    api->usim_channel = probe->channel;
    api->channel = probe_open_channel(probe);
    probe_api_go_to_applet(api);
    probe_api_select(probe);
}

/* Commands and answers */

void probe_api_put(struct api_probe *api, unsigned tag, struct octets value)
{
    ber_tlv_write(&api->data, tag, value);
}

void probe_api_put_octet(struct api_probe *api, unsigned tag, uint8_t value)
{
    probe_api_put(api, tag, octets_of(&value, 1));
}

void probe_api_put_u32(struct api_probe *api, unsigned tag, uint32_t value)
{
    ber_tlv_write_head(&api->data, tag, 4);
    octet_writer_u32(&api->data, value);
}

void probe_api_put_text(struct api_probe *api, unsigned tag, const char *text)
{
    probe_api_put(api, tag, octets_of_text(text));
}

void probe_api_put_lengths(struct api_probe *api, size_t additional_data, size_t text)
{
    ber_tlv_write_head(&api->data, API_TAG_LENGTHS, 8);
    octet_writer_u32(&api->data, (uint32_t)additional_data);
    octet_writer_u32(&api->data, (uint32_t)text);
}

void probe_api_put_naf_id(struct api_probe *api)
{
    probe_api_put(api, API_TAG_NAF_ID, probe_api_naf_id(api));
}

void probe_api_put_raw(struct api_probe *api, struct octets objects)
{
    octet_writer_put_octets(&api->data, objects);
}

static struct octets take_data(struct api_probe *api)
{
    const struct octets data = octets_written(&api->data);
    if (api->data.failed && probe_goes_on(api->probe)) {
        probe_skip(api->probe, "the NAF_ID is too long for this check");
    }
    api->data = octet_writer_of(api->octets, sizeof api->octets);
    return data;
}

static bool is_whole(struct octets objects)
{
    struct octet_reader reader = octet_reader_of(objects);
    struct ber_tlv tlv;
    while (ber_tlv_next(&reader, &tlv)) {
    }
    return octet_reader_end(&reader) == GBAU_OK;
}

void probe_api_command(struct api_probe *api, enum api_instruction ins, uint8_t p1, uint8_t p2, const char *sw)
{
    char head[16];
    (void)snprintf(head, sizeof head, "8X%02X%02X%02X", ins, p1, p2);
    const struct octets data = take_data(api);
    probe_keep(&api->answer, probe_expect_data(api->probe, head, data, WITH_LE, sw));
    probe_demand(api->probe, is_whole(content_octets(&api->answer)), "whole data objects");
}

struct octets probe_api_answer(const struct api_probe *api, unsigned tag)
{
    struct octets value = {0};
    return ber_tlv_find(content_octets(&api->answer), tag, &value) == GBAU_OK ? value : (struct octets){0};
}

struct octets probe_api_answer_of(struct api_probe *api, unsigned tag, size_t length)
{
    const struct octets value = probe_api_answer(api, tag);
    probe_demand(api->probe, value.length == length, "%02X with %zu octets", tag, length);
    return probe_goes_on(api->probe) ? value : (struct octets){0};
}

uint8_t probe_api_answer_octet(struct api_probe *api, unsigned tag)
{
    const struct octets value = probe_api_answer_of(api, tag, 1);
    return value.length == 1 ? value.data[0] : 0;
}

uint32_t probe_api_answer_u32(struct api_probe *api, unsigned tag)
{
    struct octet_reader reader = octet_reader_of(probe_api_answer_of(api, tag, 4));
    return octet_reader_u32(&reader);
}

/* The NAF and its key */

/* The NAF_ID of a line 80 { LV AID, LV NAF_ID } of the API's own applet; empty for all else. */
static struct octets naf_id_of_line(const struct content *record)
{
    struct octets line;
    if (ber_tlv_find(content_octets(record), TAG_ACCESS_LINE, &line) != GBAU_OK) {
        return (struct octets){0};
    }
    struct octet_reader reader = octet_reader_of(line);
    const bool is_own = octets_equal(octet_reader_take(&reader, octet_reader_u8(&reader)), probe_api_caller());
    const struct octets naf_id = octet_reader_take(&reader, octet_reader_u8(&reader));
    return is_own ? naf_id : (struct octets){0};
}

static void set_naf_id(struct api_probe *api, struct octets naf_id)
{
    api->naf_id_length = naf_id.length < sizeof api->naf_id ? naf_id.length : sizeof api->naf_id;
    if (naf_id.length > 0) {
        memcpy(api->naf_id, naf_id.data, api->naf_id_length);
    }
}

/* The given one, or that of the first line. */
static void find_naf_id(struct api_probe *api)
{
    struct probe *probe = api->probe;
    set_naf_id(api, probe->given->naf_id);
    if (api->naf_id_length > 0) {
        return;
    }
    probe_api_go_to_usim(api);
    const size_t count = fcp_record_count(probe_select_offered(probe, FID_AC_GBAUAPI));
    for (size_t i = 1; i <= count && api->naf_id_length == 0 && probe_goes_on(probe); i++) {
        struct content record;
        probe_read_record(probe, i, &record);
        set_naf_id(api, naf_id_of_line(&record));
    }
    if (api->naf_id_length == 0) {
        probe_skip(probe, "no line of EF_AC_GBAUAPI is the API's own applet's");
    }
    probe_api_go_to_applet(api);
}

void probe_api_derive_again(struct api_probe *api)
{
    probe_api_go_to_usim(api);
    challenge_derive_naf(api->probe, &api->challenge, probe_api_naf_id(api));
    probe_api_go_to_applet(api);
}

void probe_api_bootstrap(struct api_probe *api)
{
    probe_api_go_to_usim(api);
    challenge_make_fresh(api->probe, &api->challenge);
    (void)challenge_bootstrap(api->probe, &api->challenge);
    challenge_write_b_tid(api->probe);
    probe_api_derive_again(api);
    challenge_make_ks_int_naf(api->probe, &api->challenge, probe_api_naf_id(api), &api->root);
}

/* The version of the policy in force, as the card lists it. */
bool probe_api_find_listed(struct api_probe *api)
{
    for (uint8_t i = 0; i < LIST_MAX && probe_goes_on(api->probe); i++) {
        probe_api_command(api, API_INS_LIST, i, API_LIST_NAF_KEYS, "9000|6A83");
        if (probe_sw_fits(api->probe->response.sw, "6A83")) {
            return false;
        }
        if (octets_equal(probe_api_answer(api, API_TAG_NAF_ID), probe_api_naf_id(api))) {
            return true;
        }
    }
    return false;
}

uint32_t probe_api_listed_version(struct api_probe *api)
{
    probe_demand(api->probe, probe_api_find_listed(api), "an entry of the NAF");
    return probe_api_answer_u32(api, API_TAG_POLICY_VERSION);
}

static void learn_algorithms(struct api_probe *api)
{
    probe_api_command(api, API_INS_CAPABILITIES, 0, 0, "9000");
    const struct octets list = probe_api_answer(api, API_TAG_ALGORITHMS);
    for (size_t i = 0; i < list.length; i++) {
        api->algorithms |= key_algorithm_bit(list.data[i]);
    }
}

/* A new key, and what an earlier policy forbade is allowed again. */
static void begin_with_key(struct api_probe *api)
{
    learn_algorithms(api);
    probe_api_bootstrap(api);
    api->policy_version = probe_api_listed_version(api);
    if (api->policy_version != 0) {
        probe_api_rule(api, &key_policy_default);
        api->is_ruled = false;
    }
}

static void begin(struct api_probe *api, unsigned needs)
{
    api->channel = api->probe->channel;
    if ((needs & (NEEDS_NAF_ID | NEEDS_NAF_KEY)) != 0) {
        open_usim(api);
        find_naf_id(api);
    }
    if ((needs & NEEDS_NAF_KEY) != 0) {
        begin_with_key(api);
    }
}

/* APPLY */

static uint32_t next_version(const struct api_probe *api)
{
    const uint32_t newest = api->probe->newest_ruling;
    return (newest > api->policy_version ? newest : api->policy_version) + 1;
}

static void put_ruling(struct api_probe *api, struct octets object, bool has_right_mac)
{
    uint8_t mac[KEY_POLICY_MAC_SIZE] = {0};
    probe_demand_ok(api->probe, key_policy_mac(api->probe->crypto, &api->root, object, mac));
    mac[0] ^= has_right_mac ? 0x00 : 0x01;
    probe_api_put_naf_id(api);
    probe_api_put_raw(api, object);
    key_policy_write_mac(&api->data, mac);
}

void probe_api_apply_object(struct api_probe *api, struct octets object, bool has_right_mac, const char *sw)
{
    put_ruling(api, object, has_right_mac);
    probe_api_command(api, API_INS_APPLY, 0, 0, sw);
}

void probe_api_apply(struct api_probe *api, const struct key_policy *policy, const char *sw)
{
    uint8_t object[KEY_POLICY_OBJECT_MAX];
    struct octet_writer writer = octet_writer_of(object, sizeof object);
    key_policy_write(&writer, policy);
    probe_api_apply_object(api, octets_written(&writer), true, sw);
}

static void note_ruling(struct api_probe *api, uint32_t version)
{
    if (probe_goes_on(api->probe)) {
        api->probe->newest_ruling = version;
    }
}

/* The first version of a run may be older than a revocation that no list shows: then greater ones are tried. */
void probe_api_rule(struct api_probe *api, const struct key_policy *policy)
{
    struct key_policy versioned = *policy;
    const char *expected = api->probe->newest_ruling == 0 ? "9000|9865" : "9000";
    versioned.version = next_version(api);
    api->is_ruled = true;
    probe_api_apply(api, &versioned, expected);
    for (unsigned i = 0; i < RULING_STEPS && probe_sw_fits(api->probe->response.sw, "9865"); i++) {
        versioned.version += 1U << i;
        probe_api_apply(api, &versioned, expected);
    }
    probe_demand(api->probe, probe_sw_fits(api->probe->response.sw, "9000"), "9000 for a version that is newer");
    note_ruling(api, versioned.version);
    api->policy_version = versioned.version;
}

void probe_api_revoke(struct api_probe *api, uint8_t scope, const char *label)
{
    uint8_t object[KEY_POLICY_OBJECT_MAX];
    struct octet_writer writer = octet_writer_of(object, sizeof object);
    if (api->probe->newest_ruling == 0) {
        probe_api_rule(api, &key_policy_default); /* so that the version is known */
    }
    const struct key_revocation revocation = {
        .version = next_version(api), .scope = scope, .label = octets_of_text(label)};
    key_revocation_write(&writer, &revocation);
    probe_api_apply_object(api, octets_written(&writer), true, "9000");
    note_ruling(api, revocation.version);
}

/* The end: whatever went wrong, keys are deleted, and what a policy forbade is allowed again */

static void delete_kept(struct api_probe *api)
{
    for (size_t i = 0; i < api->kept_count; i++) {
        (void)take_data(api);
        probe_api_put_naf_id(api);
        probe_api_put_text(api, API_TAG_LABEL, api->kept[i]);
        (void)probe_clean_up(api->probe, "8X5A0001", octets_written(&api->data));
    }
}

static void lift_policy(struct api_probe *api)
{
    uint8_t object[KEY_POLICY_OBJECT_MAX];
    uint8_t mac[KEY_POLICY_MAC_SIZE];
    struct key_policy policy = key_policy_default;
    struct octet_writer writer = octet_writer_of(object, sizeof object);
    policy.version = next_version(api) + 1; /* above one that a card took and should not have */
    key_policy_write(&writer, &policy);
    if (key_policy_mac(api->probe->crypto, &api->root, octets_written(&writer), mac) != GBAU_OK) {
        return;
    }
    api->data = octet_writer_of(api->octets, sizeof api->octets);
    probe_api_put_naf_id(api);
    probe_api_put_raw(api, octets_written(&writer));
    key_policy_write_mac(&api->data, mac);
    if (probe_sw_fits(probe_clean_up(api->probe, "8X5C0000", octets_written(&api->data)), "9000")) {
        api->probe->newest_ruling = policy.version;
    }
}

static void end(struct api_probe *api)
{
    probe_api_go_to_applet(api);
    if (api->is_ruled) {
        lift_policy(api);
    }
    delete_kept(api);
    secret_wipe(api, sizeof *api);
}

void api_probe_run(struct probe *probe, const struct check *check)
{
    struct api_probe api = {.probe = probe};
    api.data = octet_writer_of(api.octets, sizeof api.octets);
    begin(&api, check->needs);
    if (probe_goes_on(probe)) {
        check->run_api(&api);
    }
    end(&api);
}

/* Keys */

bool probe_api_has_algorithm(const struct api_probe *api, unsigned algorithm)
{
    return (api->algorithms & key_algorithm_bit(algorithm)) != 0;
}

void probe_api_put_key(struct api_probe *api, unsigned usage, unsigned direction, unsigned algorithm, const char *label)
{
    probe_api_put_octet(api, API_TAG_USAGE, (uint8_t)usage);
    probe_api_put_octet(api, API_TAG_DIRECTION, (uint8_t)direction);
    probe_api_put_octet(api, API_TAG_ALGORITHM, (uint8_t)algorithm);
    probe_api_put_text(api, API_TAG_LABEL, label);
}

void probe_api_try_open(struct api_probe *api, unsigned usage, unsigned direction, unsigned algorithm, const char *sw)
{
    probe_api_put_naf_id(api);
    probe_api_put_key(api, usage, direction, algorithm, API_LABEL);
    probe_api_command(api, API_INS_OPEN_KEY, 0, API_OPEN_DERIVED, sw);
}

struct api_key *probe_api_new_key(struct api_probe *api)
{
    struct api_key *key = &api->keys[api->key_count++ % API_KEYS_MAX];
    secret_wipe(key, sizeof *key);
    return key;
}

void probe_api_open_labelled(struct api_probe *api, enum key_usage usage, enum key_direction direction,
                             enum key_algorithm algorithm, const char *label, struct api_key *key)
{
    const struct application_key_description description = {.usage = usage,
                                                            .direction = direction,
                                                            .algorithm = algorithm,
                                                            .label = octets_of_text(label),
                                                            .caller = probe_api_caller()};
    *key = (struct api_key){.handle = 0};
    probe_api_put_naf_id(api);
    probe_api_put_key(api, usage, direction, algorithm, label);
    probe_api_command(api, API_INS_OPEN_KEY, 0, API_OPEN_DERIVED, "9000");
    key->handle = probe_api_answer_octet(api, API_TAG_HANDLE);
    probe_demand_ok(api->probe, application_key_derive(api->probe->crypto, &api->root, &description, &key->key));
}

void probe_api_open(struct api_probe *api, enum key_usage usage, enum key_direction direction,
                    enum key_algorithm algorithm, struct api_key *key)
{
    probe_api_open_labelled(api, usage, direction, algorithm, API_LABEL, key);
}

void probe_api_open_kept(struct api_probe *api, const char *label, const char *sw)
{
    probe_api_put_naf_id(api);
    probe_api_put_text(api, API_TAG_LABEL, label);
    probe_api_command(api, API_INS_OPEN_KEY, 0, API_OPEN_PERSISTED, sw);
}

void probe_api_close(struct api_probe *api, uint8_t handle)
{
    probe_api_command(api, API_INS_CLOSE_KEY, handle, 0, "9000");
}

void probe_api_keep(struct api_probe *api, uint8_t handle, const char *label, const char *sw)
{
    if (api->kept_count < API_KEPT_MAX) {
        api->kept[api->kept_count++] = label;
    }
    probe_api_command(api, API_INS_KEEP_KEY, handle, API_PERSIST, sw);
}

/* MACs, by which most checks see which key a handle has */

void probe_api_process(struct api_probe *api, uint8_t handle, unsigned p2, const char *sw)
{
    probe_api_command(api, API_INS_PROCESS, handle, (uint8_t)p2, sw);
}

void probe_api_demand_mac_of(struct api_probe *api, const struct application_key *key, struct octets text,
                             bool is_equal)
{
    uint8_t mac[MAC_MAX_SIZE];
    const size_t size = application_key_tag_size(key);
    const struct octets answer = probe_api_answer_of(api, API_TAG_AUTHENTICATOR, size);
    if (probe_goes_on(api->probe)) {
        probe_demand_ok(api->probe, application_key_mac(api->probe->crypto, key, &text, 1, mac));
        probe_demand(api->probe, (memcmp(answer.data, mac, size) == 0) == is_equal, "%s",
                     is_equal ? "the MAC that the key gives" : "a MAC of another key");
    }
}

void probe_api_demand_mac(struct api_probe *api, const struct api_key *key)
{
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_MAC | API_ONE_BLOCK, "9000");
    probe_api_demand_mac_of(api, &key->key, probe_api_text(), true);
}

void probe_api_verify(struct api_probe *api, uint8_t handle, const struct application_key *key, const char *sw)
{
    uint8_t mac[MAC_MAX_SIZE] = {0};
    const struct octets text = probe_api_text();
    if (probe_goes_on(api->probe)) {
        probe_demand_ok(api->probe, application_key_mac(api->probe->crypto, key, &text, 1, mac));
    }
    probe_api_put(api, API_TAG_TEXT, text);
    probe_api_put(api, API_TAG_AUTHENTICATOR, octets_of(mac, application_key_tag_size(key)));
    probe_api_process(api, handle, API_VERIFY | API_ONE_BLOCK, sw);
}
