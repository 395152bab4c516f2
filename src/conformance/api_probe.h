/*
 * api_probe.h: what the checks of the GBA_U API (docs/gba_u-api.md) have beside a probe: a NAF_ID with its Ks_int_NAF,
 * commands and answers made of objects, and the NAF's half of whatever the card computes.
 *
 * Sticky like the probe: after the first deviation nothing is sent, and every answer is empty.
 */
#ifndef CONFORMANCE_API_PROBE_H
#define CONFORMANCE_API_PROBE_H

#include "conformance/challenge.h"
#include "conformance/check.h"
#include "key/api_coding.h"
#include "key/key_policy.h"

/* A key that is open on the card, and the same here. Holds a secret. */
struct api_key {
    uint8_t handle;
    struct application_key key;
};

/* More keys than any check uses at once. */
enum { API_KEPT_MAX = 8, API_KEYS_MAX = 16 };

struct api_probe {
    struct probe *probe; /* borrowed */
    uint8_t channel;     /* where the applet is active; probe->channel unless a function below says otherwise */
    uint8_t usim_channel;
    uint8_t naf_id[NAF_ID_MAX];
    size_t naf_id_length;
    struct challenge challenge; /* of the last bootstrapping */
    struct ks_int_naf root;     /* Ks_int_NAF of naf_id */
    uint32_t policy_version;    /* V: of the policy in force; 0: none */
    bool is_ruled;              /* a check's policy is in force, which its end replaces by the default */
    uint32_t algorithms;        /* that the card has, of key_algorithm_bit */
    size_t kept_count;
    const char *kept[API_KEPT_MAX]; /* labels of persisted keys, deleted at the end */
    size_t key_count;
    struct api_key keys[API_KEYS_MAX]; /* taken in turn; wiped with all the rest when the check ends */
    uint8_t octets[APDU_DATA_MAX];
    struct octet_writer data; /* of the next command */
    struct content answer;    /* to the last one */
};

/* Runs a check with run_api, on the probe's channel, where the applet is active when the check needs it. */
void api_probe_run(struct probe *probe, const struct check *check);

/* Activates the applet on the probe's channel; a card without it does not support the check. */
void probe_api_select(struct probe *probe);

/* Makes the USIM's or the applet's channel the probe's. */
void probe_api_go_to_usim(struct api_probe *api);
void probe_api_go_to_applet(struct api_probe *api);

/* Resets the card, and opens both channels again. */
void probe_api_reset(struct api_probe *api);

struct octets probe_api_naf_id(const struct api_probe *api);

/* AID of the API's own applet, which is the caller. */
struct octets probe_api_caller(void);

/* Bootstraps and derives the key of naf_id: `root` is new. Handles are not touched. */
void probe_api_bootstrap(struct api_probe *api);

/* NAF derivation again, from the same Ks. */
void probe_api_derive_again(struct api_probe *api);

/* Commands: objects first, then the command, which forgets them */

void probe_api_put(struct api_probe *api, unsigned tag, struct octets value);
void probe_api_put_octet(struct api_probe *api, unsigned tag, uint8_t value);
void probe_api_put_u32(struct api_probe *api, unsigned tag, uint32_t value);
void probe_api_put_text(struct api_probe *api, unsigned tag, const char *text);
/* 8A: octets of additional data and of text that a message in blocks will have. */
void probe_api_put_lengths(struct api_probe *api, size_t additional_data, size_t text);
void probe_api_put_naf_id(struct api_probe *api);
void probe_api_put_raw(struct api_probe *api, struct octets objects);

/* Sends, demands the status word, and keeps the answer, which must be whole objects. */
void probe_api_command(struct api_probe *api, enum api_instruction ins, uint8_t p1, uint8_t p2, const char *sw);

/* The value of an object of the last answer; empty when it is not there. Valid until the next command. */
struct octets probe_api_answer(const struct api_probe *api, unsigned tag);

/* as probe_api_answer, for an object that must be there with so many octets. Then never NULL while the probe goes on.
 */
struct octets probe_api_answer_of(struct api_probe *api, unsigned tag, size_t length);

/* The object of one octet, 0 unless it is there. */
uint8_t probe_api_answer_octet(struct api_probe *api, unsigned tag);
uint32_t probe_api_answer_u32(struct api_probe *api, unsigned tag);

/* Keys */

#define API_LABEL "gbau conformance"

bool probe_api_has_algorithm(const struct api_probe *api, unsigned algorithm);

/* OPEN KEY with these objects and this answer. */
void probe_api_put_key(struct api_probe *api, unsigned usage, unsigned direction, unsigned algorithm,
                       const char *label);
void probe_api_try_open(struct api_probe *api, unsigned usage, unsigned direction, unsigned algorithm, const char *sw);

/* Room for a key, empty, until the check ends or API_KEYS_MAX more were taken. The probe owns and wipes it. */
struct api_key *probe_api_new_key(struct api_probe *api);

/* OPEN KEY of API_LABEL or another label, without context, that must succeed; and the same key here. */
void probe_api_open(struct api_probe *api, enum key_usage usage, enum key_direction direction,
                    enum key_algorithm algorithm, struct api_key *key);
void probe_api_open_labelled(struct api_probe *api, enum key_usage usage, enum key_direction direction,
                             enum key_algorithm algorithm, const char *label, struct api_key *key);

/* OPEN KEY of a persisted key. */
void probe_api_open_kept(struct api_probe *api, const char *label, const char *sw);

void probe_api_close(struct api_probe *api, uint8_t handle);

/* PERSIST; the key is deleted when the check ends. */
void probe_api_keep(struct api_probe *api, uint8_t handle, const char *label, const char *sw);

/* LIST up to the NAF's entry, which is the last answer then; false when there is none. */
bool probe_api_find_listed(struct api_probe *api);

/* The version of the policy in the NAF's entry, which must be there and is the last answer. */
uint32_t probe_api_listed_version(struct api_probe *api);

/* What can be done with keys */

enum { API_ONE_BLOCK = API_FIRST_BLOCK | API_LAST_BLOCK };

/* PROCESS, in one block or a piece of many, with the objects that were put. */
void probe_api_process(struct api_probe *api, uint8_t handle, unsigned p2, const char *sw);

/* MAC of the checks' text in one block: the card's must be that of `key`. */
void probe_api_demand_mac(struct api_probe *api, const struct api_key *key);

/* The MAC of the last answer must be, or must not be, that of `key` over the text. */
void probe_api_demand_mac_of(struct api_probe *api, const struct application_key *key, struct octets text,
                             bool is_equal);

/* VERIFY of the checks' text with the MAC that `key` gives: the status word. */
void probe_api_verify(struct api_probe *api, uint8_t handle, const struct application_key *key, const char *sw);

/* The text of the checks. */
struct octets probe_api_text(void);

/* What the NAF rules */

/* APPLY, with the policy's version as it is. */
void probe_api_apply(struct api_probe *api, const struct key_policy *policy, const char *sw);

/* APPLY of a policy with the next version. */
void probe_api_rule(struct api_probe *api, const struct key_policy *policy);

/* APPLY of a revocation with the next version. */
void probe_api_revoke(struct api_probe *api, uint8_t scope, const char *label);

/* APPLY of an object, A0 or A1, with its right MAC, or with one that is wrong by a bit. */
void probe_api_apply_object(struct api_probe *api, struct octets object, bool has_right_mac, const char *sw);

#endif
