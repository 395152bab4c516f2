/* authenticate_checks.c: AUTHENTICATE in the 3G and GSM contexts (TS 31.102 7.1, TS 33.102 6.3 and annex C). */
#include "base/secret.h"
#include "conformance/challenge.h"
#include "conformance/check.h"

enum { TAG_SUCCESS = 0xdb, SERVICE_GSM_ACCESS = 27, SERVICE_GSM_CONTEXT = 38, KC_SIZE = 8, SRES_SIZE = 4 };

/* What any card can be asked without its keys: nothing in it changes. */

static void refused_without_pin(struct probe *probe)
{
    struct challenge challenge;
    challenge_make_random(probe, &challenge);
    (void)challenge_send(probe, CONTEXT_3G, &challenge, "6982");
}

static void wrong_mac(struct probe *probe)
{
    struct challenge challenge;
    challenge_make_random(probe, &challenge);
    (void)challenge_send(probe, CONTEXT_3G, &challenge, "9862");
}

static void without_application(struct probe *probe)
{
    struct challenge challenge;
    challenge_make_random(probe, &challenge);
    (void)challenge_send(probe, CONTEXT_3G, &challenge, "6985");
}

static void gsm_shape(struct probe *probe)
{
    struct challenge challenge;
    if (!probe_has_service(probe, SERVICE_GSM_CONTEXT)) {
        probe_not_supported(probe, "service 38 (GSM security context) of EF_UST is not available");
    }
    challenge_make_random(probe, &challenge);
    const struct octets answer = challenge_send(probe, CONTEXT_GSM, &challenge, "9000");
    probe_demand(probe,
                 answer.length == 2 + SRES_SIZE + KC_SIZE && answer.data[0] == SRES_SIZE &&
                     answer.data[1 + SRES_SIZE] == KC_SIZE,
                 "04 SRES 08 Kc");
}

/* BER-TLV transport: a request for a response that does not exist (11.1.16). */
static void odd_instruction(struct probe *probe)
{
    (void)probe_expect_offered(probe, "0X89208100", ANY_ERROR);
}

static const struct check without_keys[] = {
    {"auth.refused_without_pin", "TS 31.102 7.1.1", "AUTHENTICATE is refused with 6982 before the PIN is verified",
     NEEDS_USIM | NEEDS_PIN_CLOSED | IS_ADVISORY, .run = refused_without_pin},
    {"auth.wrong_mac", "TS 31.102 7.1.1.1", "a challenge with a wrong MAC is refused with 9862",
     NEEDS_USIM | NEEDS_PIN_OPEN, .run = wrong_mac},
    {"auth.without_application", "TS 31.102 7.1.1", "AUTHENTICATE is refused with 6985 where no USIM is active",
     NEEDS_PIN_OPEN | IS_ADVISORY, .run = without_application},
    {"auth.reserved_context", "TS 31.102 7.1.2", "AUTHENTICATE with the reserved P2 83 is refused with 6A86",
     NEEDS_USIM | NEEDS_PIN_OPEN | IS_ADVISORY, STEPS({"0X8800831110000102030405060708090A0B0C0D0E0F00", "6A86"})},
    {"auth.wrong_length", "TS 31.102 7.1.2", "a challenge with a RAND of 15 octets is refused with 6700",
     NEEDS_USIM | NEEDS_PIN_OPEN | IS_ADVISORY,
     STEPS({"0X880081210F000102030405060708090A0B0C0D0E10000102030405060708090A0B0C0D0E0F00", "6700"})},
    {"auth.no_data", "TS 31.102 7.1.2", "AUTHENTICATE without a challenge is refused with 6700",
     NEEDS_USIM | NEEDS_PIN_OPEN | IS_ADVISORY, STEPS({"0X88008100", "6700"})},
    {"auth.gsm_shape", "TS 31.102 7.1.2.1", "the GSM context answers SRES and Kc with their lengths",
     NEEDS_USIM | NEEDS_PIN_OPEN, .run = gsm_shape},
    {"auth.odd_instruction", "TS 102 221 11.1.16", "a response block that nobody prepared is refused",
     NEEDS_USIM | NEEDS_PIN_OPEN, .run = odd_instruction},
};

CHECK_GROUP(challenge_checks, without_keys);

/* With the keys */

/* The value at `position` of a list of values with their lengths behind the tag DB. */
static struct octets value_at(struct probe *probe, struct octets answer, size_t position)
{
    struct octets value = {0};
    struct octet_reader reader = octet_reader_of(answer);
    probe_demand(probe, octet_reader_u8(&reader) == TAG_SUCCESS, "DB");
    for (size_t i = 0; i <= position; i++) {
        value = octet_reader_take(&reader, octet_reader_u8(&reader));
    }
    return reader.failed ? (struct octets){0} : value;
}

/* A fresh challenge that the card must accept; its answer. */
static struct octets succeed(struct probe *probe, struct challenge *challenge)
{
    challenge_make_fresh(probe, challenge);
    return challenge_send(probe, CONTEXT_3G, challenge, "9000");
}

static void demand_value(struct probe *probe, struct octets value, const uint8_t *expected, size_t length,
                         const char *what)
{
    const bool is_right = value.length == length && secret_equal(value.data, expected, length);
    probe_demand(probe, is_right, "%s of K, OPc and RAND", what);
}

static void res_is_right(struct probe *probe)
{
    struct challenge challenge;
    const struct octets res = value_at(probe, succeed(probe, &challenge), 0);
    demand_value(probe, res, challenge.vector.xres.octets, challenge.vector.xres.length, "RES");
    challenge_clear(&challenge);
}

static void ck_is_right(struct probe *probe)
{
    struct challenge challenge;
    const struct octets ck = value_at(probe, succeed(probe, &challenge), 1);
    demand_value(probe, ck, challenge.vector.ck.octets, AKA_CK_SIZE, "CK");
    challenge_clear(&challenge);
}

static void ik_is_right(struct probe *probe)
{
    struct challenge challenge;
    const struct octets ik = value_at(probe, succeed(probe, &challenge), 2);
    demand_value(probe, ik, challenge.vector.ik.octets, AKA_IK_SIZE, "IK");
    challenge_clear(&challenge);
}

/* Kc = CK1 xor CK2 xor IK1 xor IK2 (33.102 6.8.1.2, c3). */
static void kc_of(const struct challenge *challenge, uint8_t kc[KC_SIZE])
{
    const uint8_t *ck = challenge->vector.ck.octets;
    const uint8_t *ik = challenge->vector.ik.octets;
    for (size_t i = 0; i < KC_SIZE; i++) {
        kc[i] = (uint8_t)(ck[i] ^ ck[i + KC_SIZE] ^ ik[i] ^ ik[i + KC_SIZE]);
    }
}

static void kc_by_service(struct probe *probe)
{
    uint8_t kc[KC_SIZE];
    struct challenge challenge;
    const bool is_due = probe_has_service(probe, SERVICE_GSM_ACCESS);
    const struct octets value = value_at(probe, succeed(probe, &challenge), 3);
    kc_of(&challenge, kc);
    if (is_due) {
        demand_value(probe, value, kc, sizeof kc, "Kc");
    }
    const size_t keys = 4 + challenge.vector.xres.length + AKA_CK_SIZE + AKA_IK_SIZE; /* DB and three lengths */
    const size_t length = keys + (is_due ? 1 + KC_SIZE : 0);
    probe_demand(probe, probe->response.data.length == length, "%s, and no more", is_due ? "Kc" : "RES, CK, IK");
    secret_wipe(kc, sizeof kc);
    challenge_clear(&challenge);
}

static void gsm_is_right(struct probe *probe)
{
    uint8_t expected[2 + SRES_SIZE + KC_SIZE] = {SRES_SIZE};
    struct challenge challenge;
    if (!probe_has_service(probe, SERVICE_GSM_CONTEXT)) {
        probe_not_supported(probe, "service 38 (GSM security context) of EF_UST is not available");
    }
    challenge_make(probe, 0, &challenge);
    for (size_t i = 0; i < SRES_SIZE; i++) {
        expected[1 + i] = challenge.vector.xres.octets[i] ^ challenge.vector.xres.octets[i + SRES_SIZE];
    }
    expected[1 + SRES_SIZE] = KC_SIZE;
    kc_of(&challenge, expected + 2 + SRES_SIZE);
    const struct octets answer = challenge_send(probe, CONTEXT_GSM, &challenge, "9000");
    demand_value(probe, answer, expected, sizeof expected, "SRES and Kc");
    secret_wipe(expected, sizeof expected);
    challenge_clear(&challenge);
}

/* SQN */

static void replay_is_refused(struct probe *probe)
{
    struct challenge challenge;
    (void)succeed(probe, &challenge);
    const struct octets answer = challenge_send(probe, CONTEXT_3G, &challenge, "9000");
    probe_demand(probe, answer.length > 0 && answer.data[0] == 0xdc, "DC 0E AUTS");
    challenge_clear(&challenge);
}

static void auts_is_right(struct probe *probe)
{
    struct challenge challenge;
    (void)succeed(probe, &challenge);
    (void)challenge_read_auts(probe, &challenge, challenge_send(probe, CONTEXT_3G, &challenge, "9000"));
    challenge_clear(&challenge);
}

static void auts_tells_sqn(struct probe *probe)
{
    struct challenge challenge;
    (void)succeed(probe, &challenge);
    const aka_sqn sqn = challenge_read_auts(probe, &challenge, challenge_send(probe, CONTEXT_3G, &challenge, "9000"));
    probe_demand(probe, sqn >> AKA_SQN_IND_BITS == challenge.sqn >> AKA_SQN_IND_BITS,
                 "the SQN that was accepted last in AUTS");
    challenge_clear(&challenge);
}

/* A forged challenge must not tell SQN: its MAC is looked at first. */
static void mac_before_sqn(struct probe *probe)
{
    struct challenge challenge;
    challenge_make(probe, 0, &challenge);
    challenge_spoil_mac(&challenge);
    (void)challenge_send(probe, CONTEXT_3G, &challenge, "9862");
    challenge_clear(&challenge);
}

static void wrong_mac_keeps_sqn(struct probe *probe)
{
    struct challenge forged, next;
    challenge_make_fresh(probe, &forged);
    challenge_spoil_mac(&forged);
    (void)challenge_send(probe, CONTEXT_3G, &forged, "9862");
    challenge_make(probe, forged.sqn, &next);
    const struct octets answer = challenge_send(probe, CONTEXT_3G, &next, "9000");
    probe_demand(probe, answer.length > 0 && answer.data[0] == TAG_SUCCESS, "DB: this SQN was not used up");
    challenge_clear(&forged);
    challenge_clear(&next);
}

/* Annex C.2.2: every IND has a SEQ of its own. */
static void each_ind_has_seq(struct probe *probe)
{
    struct challenge highest, other;
    (void)succeed(probe, &highest);
    challenge_make(probe, highest.sqn + 1, &other); /* the same SEQ, IND 1 */
    const struct octets answer = challenge_send(probe, CONTEXT_3G, &other, "9000");
    probe_demand(probe, answer.length > 0 && answer.data[0] == TAG_SUCCESS, "DB: this IND had seen no such SEQ");
    challenge_clear(&highest);
    challenge_clear(&other);
}

/* The USIM does not act on the separation bit: the ME does (33.401 annex H). */
static void separation_bit(struct probe *probe)
{
    static const struct aka_amf amf = {.octets = {0x80, 0x00}};
    struct challenge challenge;
    challenge_make_fresh(probe, &challenge);
    if (probe_goes_on(probe)) {
        probe_demand_ok(probe,
                        aka_vector_make(probe->crypto, probe->given->milenage, challenge.sqn, &amf, &challenge.vector));
    }
    const struct octets answer = challenge_send(probe, CONTEXT_3G, &challenge, "9000");
    probe_demand(probe, answer.length > 0 && answer.data[0] == TAG_SUCCESS, "DB");
    challenge_clear(&challenge);
}

static void no_mask_in_3g(struct probe *probe)
{
    struct challenge challenge;
    challenge_make_fresh(probe, &challenge);
    challenge_mask(probe, &challenge);
    (void)challenge_send(probe, CONTEXT_3G, &challenge, "9862");
    challenge_clear(&challenge);
}

#define KEYED (NEEDS_USIM | NEEDS_PIN_OPEN | NEEDS_CHALLENGES)

static const struct check with_keys[] = {
    {"auth.res", "TS 33.102 6.3.3", "the 3G context answers the right RES", KEYED, .run = res_is_right},
    {"auth.ck", "TS 33.102 6.3.3", "the 3G context answers the right CK", KEYED, .run = ck_is_right},
    {"auth.ik", "TS 33.102 6.3.3", "the 3G context answers the right IK", KEYED, .run = ik_is_right},
    {"auth.kc", "TS 31.102 7.1.2.2", "Kc follows if, and only if, service 27 is available", KEYED,
     .run = kc_by_service},
    {"auth.gsm", "TS 33.102 6.8.1.2", "the GSM context answers SRES and Kc converted from the 3G values", KEYED,
     .run = gsm_is_right},
    {"auth.replay", "TS 33.102 6.3.3", "a challenge that was accepted is not accepted again", KEYED,
     .run = replay_is_refused},
    {"auth.auts", "TS 33.102 6.3.3", "AUTS is made with f5*, f1* and AMF 0000", KEYED, .run = auts_is_right},
    {"auth.auts_sqn", "TS 33.102 6.3.5", "AUTS tells the highest SQN that was accepted", KEYED, .run = auts_tells_sqn},
    {"auth.mac_before_sqn", "TS 33.102 6.3.3", "a wrong MAC is found before an old SQN", KEYED, .run = mac_before_sqn},
    {"auth.wrong_mac_keeps_sqn", "TS 33.102 6.3.3", "a challenge with a wrong MAC uses up no SQN", KEYED,
     .run = wrong_mac_keeps_sqn},
    {"auth.each_ind", "TS 33.102 C.2.2", "SEQ is compared with that of the same IND", KEYED | IS_ADVISORY,
     .run = each_ind_has_seq},
    {"auth.separation_bit", "TS 33.401 annex H", "AMF with the separation bit is accepted", KEYED,
     .run = separation_bit},
    {"auth.no_mask", "TS 33.220 5.3.2", "AUTN* is refused in the 3G context", KEYED, .run = no_mask_in_3g},
};

CHECK_GROUP(authenticate_checks, with_keys);
