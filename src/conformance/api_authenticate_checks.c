/* api_authenticate_checks.c: mutual authentication of card and NAF, the card in both roles (clauses 8.5, 9). */
#include <string.h>

#include "conformance/api_probe.h"
#include "key/key_authentication.h"

enum { NONCE = KEY_AUTHENTICATION_NONCE_SIZE };

/* A run: the card's key, and the NAF's half. */
struct run {
    struct api_key *key;
    struct key_authentication naf;
    struct key_authentication_binding binding;
    uint8_t own_nonce[NONCE];
    uint8_t mac[MAC_MAX_SIZE];
    struct api_key *session; /* its handle is not used */
};

static void open_run(struct api_probe *api, enum key_algorithm algorithm, struct run *run)
{
    *run = (struct run){.key = probe_api_new_key(api),
                        .binding = {.policy_version = api->policy_version, .b_tid = octets_of_text(CHALLENGE_B_TID)},
                        .session = probe_api_new_key(api)};
    probe_api_open(api, KEY_USAGE_AUTHENTICATE, KEY_DIRECTION_NONE, algorithm, run->key);
}

static void put_mac(struct api_probe *api, const struct run *run)
{
    probe_api_put(api, API_TAG_AUTHENTICATOR, octets_of(run->mac, application_key_tag_size(&run->key->key)));
}

/* The card begins; the NAF answers. */
static void card_begins(struct api_probe *api, struct run *run)
{
    probe_api_command(api, API_INS_AUTHENTICATE_KEY, run->key->handle, API_AUTHENTICATE_BEGIN, "9000");
    const struct octets nonce = probe_api_answer_of(api, API_TAG_NONCE, NONCE);
    if (probe_goes_on(api->probe)) {
        probe_demand_ok(api->probe, key_authentication_answer(&run->naf, api->probe->crypto, &run->key->key,
                                                              &run->binding, nonce.data, run->own_nonce, run->mac));
    }
}

static void card_finishes(struct api_probe *api, const struct run *run, const char *sw)
{
    probe_api_put(api, API_TAG_NONCE, octets_of(run->own_nonce, NONCE));
    put_mac(api, run);
    probe_api_command(api, API_INS_AUTHENTICATE_KEY, run->key->handle, API_AUTHENTICATE_FINISH, sw);
}

/* The NAF begins; the card answers. */
static void card_answers(struct api_probe *api, struct run *run)
{
    if (probe_goes_on(api->probe)) {
        probe_demand_ok(api->probe,
                        key_authentication_begin(&run->naf, api->probe->crypto, &run->key->key, run->own_nonce));
    }
    probe_api_put(api, API_TAG_NONCE, octets_of(run->own_nonce, NONCE));
    probe_api_command(api, API_INS_AUTHENTICATE_KEY, run->key->handle, API_AUTHENTICATE_ANSWER, "9000");
    (void)probe_api_answer_of(api, API_TAG_NONCE, NONCE);
    probe_demand(api->probe, probe_api_answer_u32(api, API_TAG_POLICY_VERSION) == api->policy_version,
                 "8C with the version of the policy in force");
}

static void naf_finishes(struct api_probe *api, struct run *run)
{
    const struct octets nonce = probe_api_answer_of(api, API_TAG_NONCE, NONCE);
    const struct octets mac = probe_api_answer_of(api, API_TAG_AUTHENTICATOR, application_key_tag_size(&run->key->key));
    if (probe_goes_on(api->probe)) {
        const enum gbau_status status =
            key_authentication_finish(&run->naf, api->probe->crypto, &run->key->key, &run->binding, nonce.data, mac,
                                      run->mac, &run->session->key);
        probe_demand(api->probe, status == GBAU_OK, "88 RR and 8E TR that the NAF finds right");
    }
}

static void card_confirms(struct api_probe *api, const struct run *run, const char *sw)
{
    put_mac(api, run);
    probe_api_command(api, API_INS_AUTHENTICATE_KEY, run->key->handle, API_AUTHENTICATE_CONFIRM, sw);
}

/* The session key is of usage derive, and both ends have the same: a child shows it. */
static void demand_session(struct api_probe *api, const struct run *run)
{
    const struct application_key_description description = {.usage = KEY_USAGE_MAC,
                                                            .direction = KEY_DIRECTION_CARD_TO_NAF,
                                                            .algorithm = KEY_ALGORITHM_HMAC_SHA256,
                                                            .label = octets_of_text(API_LABEL)};
    struct api_key *const child = probe_api_new_key(api);
    const uint8_t session = probe_api_answer_octet(api, API_TAG_HANDLE);
    probe_api_put_key(api, description.usage, description.direction, description.algorithm, API_LABEL);
    probe_api_command(api, API_INS_DERIVE_KEY, session, 0, "9000");
    child->handle = probe_api_answer_octet(api, API_TAG_HANDLE);
    if (probe_goes_on(api->probe)) {
        probe_demand_ok(api->probe, application_key_derive_child(api->probe->crypto, &run->session->key, &description,
                                                                 &child->key));
    }
    probe_api_demand_mac(api, child);
    probe_api_close(api, child->handle);
    probe_api_close(api, session);
}

static void run_as_initiator(struct api_probe *api, enum key_algorithm algorithm)
{
    struct run run;
    open_run(api, algorithm, &run);
    card_begins(api, &run);
    card_finishes(api, &run, "9000");
    const struct octets mac = probe_api_answer_of(api, API_TAG_AUTHENTICATOR, application_key_tag_size(&run.key->key));
    if (probe_goes_on(api->probe)) {
        const enum gbau_status status = key_authentication_confirm(&run.naf, api->probe->crypto, &run.key->key,
                                                                   &run.binding, mac, &run.session->key);
        probe_demand(api->probe, status == GBAU_OK, "8E TI that the NAF finds right");
    }
    demand_session(api, &run);
    probe_api_close(api, run.key->handle);
}

static void run_as_responder(struct api_probe *api, enum key_algorithm algorithm)
{
    struct run run;
    open_run(api, algorithm, &run);
    card_answers(api, &run);
    naf_finishes(api, &run);
    card_confirms(api, &run, "9000");
    demand_session(api, &run);
    probe_api_close(api, run.key->handle);
}

static void with_each_algorithm(struct api_probe *api,
                                void (*authenticate)(struct api_probe *api, enum key_algorithm algorithm))
{
    for (size_t i = 0; i < key_algorithm_count; i++) {
        if (key_algorithms[i].kind == KEY_ALGORITHM_KIND_MAC &&
            probe_api_has_algorithm(api, key_algorithms[i].algorithm)) {
            authenticate(api, key_algorithms[i].algorithm);
        }
    }
}

static void initiates(struct api_probe *api)
{
    with_each_algorithm(api, run_as_initiator);
}

static void responds(struct api_probe *api)
{
    with_each_algorithm(api, run_as_responder);
}

static void binds_policy_version(struct api_probe *api)
{
    probe_api_rule(api, &key_policy_default);
    run_as_initiator(api, KEY_ALGORITHM_HMAC_SHA256);
    run_as_responder(api, KEY_ALGORITHM_HMAC_SHA256);
}

/* What must fail */

static void refuses_wrong_responder(struct api_probe *api)
{
    struct run run;
    open_run(api, KEY_ALGORITHM_HMAC_SHA256, &run);
    card_begins(api, &run);
    run.mac[0] ^= 0x01;
    card_finishes(api, &run, "9862");
    run.mac[0] ^= 0x01;
    card_finishes(api, &run, "6985"); /* the run has ended */
}

static void refuses_wrong_initiator(struct api_probe *api)
{
    struct run run;
    open_run(api, KEY_ALGORITHM_HMAC_SHA256, &run);
    card_answers(api, &run);
    naf_finishes(api, &run);
    run.mac[0] ^= 0x01;
    card_confirms(api, &run, "9862");
    run.mac[0] ^= 0x01;
    card_confirms(api, &run, "6985");
}

/* A NAF that assumes another policy than the one in force. */
static void refuses_another_version(struct api_probe *api)
{
    struct run run;
    open_run(api, KEY_ALGORITHM_HMAC_SHA256, &run);
    run.binding.policy_version++;
    card_begins(api, &run);
    card_finishes(api, &run, "9862");
}

static void refuses_another_b_tid(struct api_probe *api)
{
    struct run run;
    open_run(api, KEY_ALGORITHM_HMAC_SHA256, &run);
    run.binding.b_tid = octets_of_text("another@bsf.example.com");
    card_begins(api, &run);
    card_finishes(api, &run, "9862");
}

/* TR of the run before. */
static void refuses_repetition(struct api_probe *api)
{
    struct run run;
    open_run(api, KEY_ALGORITHM_HMAC_SHA256, &run);
    card_begins(api, &run);
    card_finishes(api, &run, "9000");
    probe_api_command(api, API_INS_AUTHENTICATE_KEY, run.key->handle, API_AUTHENTICATE_BEGIN, "9000");
    card_finishes(api, &run, "9862");
}

/* The card's own TR, sent back to it as if it were the NAF's. */
static void refuses_reflection(struct api_probe *api)
{
    struct run run;
    open_run(api, KEY_ALGORITHM_HMAC_SHA256, &run);
    card_answers(api, &run);
    const struct octets mac = probe_api_answer_of(api, API_TAG_AUTHENTICATOR, sizeof run.mac);
    if (probe_goes_on(api->probe)) {
        memcpy(run.mac, mac.data, sizeof run.mac);
    }
    card_confirms(api, &run, "9862");
}

static void nonces_differ(struct api_probe *api)
{
    struct run run;
    struct content first;
    open_run(api, KEY_ALGORITHM_HMAC_SHA256, &run);
    card_begins(api, &run);
    probe_keep(&first, probe_api_answer_of(api, API_TAG_NONCE, NONCE));
    card_begins(api, &run);
    probe_demand(api->probe, !octets_equal(probe_api_answer(api, API_TAG_NONCE), content_octets(&first)),
                 "88 with another RI than before");
}

static void keeps_to_turns(struct api_probe *api)
{
    struct run run;
    open_run(api, KEY_ALGORITHM_HMAC_SHA256, &run);
    card_finishes(api, &run, "6985");
    card_confirms(api, &run, "6985");
    card_begins(api, &run);
    card_confirms(api, &run, "6985");
    card_finishes(api, &run, "9000|6985");
    card_answers(api, &run);
    card_finishes(api, &run, "6985");
}

static void keeps_to_usage(struct api_probe *api)
{
    struct run run = {.key = probe_api_new_key(api)};
    probe_api_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, run.key);
    probe_api_command(api, API_INS_AUTHENTICATE_KEY, run.key->handle, API_AUTHENTICATE_BEGIN, "6985");
    card_finishes(api, &run, "6985");
}

static void needs_whole_nonce(struct api_probe *api)
{
    struct run run;
    open_run(api, KEY_ALGORITHM_HMAC_SHA256, &run);
    probe_api_put(api, API_TAG_NONCE, octets_of(run.own_nonce, AEAD_NONCE_SIZE));
    probe_api_command(api, API_INS_AUTHENTICATE_KEY, run.key->handle, API_AUTHENTICATE_ANSWER, "6A80");
    probe_api_command(api, API_INS_AUTHENTICATE_KEY, run.key->handle, API_AUTHENTICATE_ANSWER, "6A80");
}

/* Without a free handle the run waits for one. */
static void waits_for_a_handle(struct api_probe *api)
{
    struct run run;
    uint8_t last = 0;
    open_run(api, KEY_ALGORITHM_HMAC_SHA256, &run);
    card_begins(api, &run);
    for (unsigned i = 0; i < UINT8_MAX && !probe_sw_fits(api->probe->response.sw, "6A84"); i++) {
        probe_api_try_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, "9000|6A84");
        const struct octets handle = probe_api_answer(api, API_TAG_HANDLE);
        last = handle.length == 1 ? handle.data[0] : last;
    }
    card_finishes(api, &run, "6A84");
    probe_api_close(api, last);
    card_finishes(api, &run, "9000");
}

#define RUNS (NEEDS_API | NEEDS_PIN_OPEN | NEEDS_NAF_KEY | NEEDS_CHALLENGES | NEEDS_DESTRUCTIVE)

static const struct check rows[] = {
    {"authenticate.initiator", "GBA_U API 9", "card and NAF authenticate each other, the card begins", RUNS,
     .run_api = initiates},
    {"authenticate.responder", "GBA_U API 9", "card and NAF authenticate each other, the NAF begins", RUNS,
     .run_api = responds},
    {"authenticate.policy_version", "GBA_U API 9", "both are bound to the version of the policy in force", RUNS,
     .run_api = binds_policy_version},
    {"authenticate.wrong_tr", "GBA_U API 8.5", "a wrong TR is answered with 9862, and the run has ended", RUNS,
     .run_api = refuses_wrong_responder},
    {"authenticate.wrong_ti", "GBA_U API 8.5", "a wrong TI is answered with 9862, and the run has ended", RUNS,
     .run_api = refuses_wrong_initiator},
    {"authenticate.other_version", "GBA_U API 9", "a NAF that assumes another policy is refused", RUNS,
     .run_api = refuses_another_version},
    {"authenticate.other_b_tid", "GBA_U API 9", "a NAF that assumes another B-TID is refused", RUNS,
     .run_api = refuses_another_b_tid},
    {"authenticate.repetition", "GBA_U API 9", "a TR of another run is refused", RUNS, .run_api = refuses_repetition},
    {"authenticate.reflection", "GBA_U API 9", "the card's own TR is no TI", RUNS, .run_api = refuses_reflection},
    {"authenticate.nonces", "GBA_U API 9", "RI is new in each run", RUNS, .run_api = nonces_differ},
    {"authenticate.turns", "GBA_U API 8.5", "messages out of turn are refused with 6985", RUNS,
     .run_api = keeps_to_turns},
    {"authenticate.usage", "GBA_U API 8.5", "keys of other usages do not authenticate", RUNS,
     .run_api = keeps_to_usage},
    {"authenticate.objects", "GBA_U API 8.5", "RI has 16 octets and must be there", RUNS, .run_api = needs_whole_nonce},
    {"authenticate.no_handle", "GBA_U API 8.5", "without a free handle the run waits", RUNS,
     .run_api = waits_for_a_handle},
};

CHECK_GROUP(api_authenticate_checks, rows);
