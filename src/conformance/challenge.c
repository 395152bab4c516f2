/* challenge.c: challenges for the card, made with its K and OPc, and what its answers must be. */
#include "conformance/challenge.h"

#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "me/usim.h"

enum { TAG_SUCCESS = 0xdb, TAG_SYNC_FAILURE = 0xdc, TAG_BOOTSTRAPPING = 0xdd, TAG_NAF_DERIVATION = 0xde };
enum { FID_GBABP = 0x6fd6 };

static const uint8_t naf_ua[NAF_ID_UA_SIZE] = {0x01, 0x00, 0x00, 0x00, 0x02}; /* HTTP Digest */
static const char impi[] = "gbau-conformance@example.com";

void challenge_make(struct probe *probe, aka_sqn sqn, struct challenge *challenge)
{
    static const struct aka_amf amf;
    *challenge = (struct challenge){.sqn = sqn};
    if (probe_goes_on(probe)) {
        probe_demand_ok(probe, crypto_random(probe->crypto, challenge->vector.rand.octets, AKA_RAND_SIZE));
        probe_demand_ok(probe, aka_vector_make(probe->crypto, probe->given->milenage, sqn, &amf, &challenge->vector));
    }
}

void challenge_make_random(struct probe *probe, struct challenge *challenge)
{
    *challenge = (struct challenge){0};
    probe_demand_ok(probe, crypto_random(probe->crypto, challenge->vector.rand.octets, AKA_RAND_SIZE));
    probe_demand_ok(probe, crypto_random(probe->crypto, challenge->vector.autn.octets, AKA_AUTN_SIZE));
}

/* SEQ 0 is never fresh: the card tells its SQN, and accepts nothing (33.102 6.3.3). */
static void learn_sqn(struct probe *probe)
{
    struct challenge challenge;
    challenge_make(probe, 0, &challenge);
    probe->sqn = challenge_read_auts(probe, &challenge, challenge_send(probe, CONTEXT_3G, &challenge, "9000"));
    probe->sqn_is_known = probe_goes_on(probe);
    challenge_clear(&challenge);
}

void challenge_make_fresh(struct probe *probe, struct challenge *challenge)
{
    if (!probe->sqn_is_known) {
        learn_sqn(probe);
    }
    probe->sqn = (((probe->sqn >> AKA_SQN_IND_BITS) + 1) << AKA_SQN_IND_BITS) & AKA_SQN_MASK;
    challenge_make(probe, probe->sqn, challenge);
}

void challenge_clear(struct challenge *challenge)
{
    secret_wipe(challenge, sizeof *challenge);
}

static uint8_t *mac_of(struct challenge *challenge)
{
    return challenge->vector.autn.octets + AKA_AUTN_SIZE - AKA_MAC_SIZE;
}

void challenge_mask(struct probe *probe, struct challenge *challenge)
{
    if (probe_goes_on(probe)) {
        probe_demand_ok(probe, gba_u_mask_mac(probe->crypto, &challenge->vector.ik, mac_of(challenge)));
    }
}

void challenge_spoil_mac(struct challenge *challenge)
{
    mac_of(challenge)[AKA_MAC_SIZE - 1] ^= 0x01;
}

static void write_value(struct octet_writer *writer, const void *value, size_t length)
{
    octet_writer_u8(writer, (uint8_t)length);
    octet_writer_put(writer, value, length);
}

struct octets challenge_send(struct probe *probe, enum challenge_context context, const struct challenge *challenge,
                             const char *sw)
{
    uint8_t data[CHALLENGE_DATA_MAX];
    char head[16];
    struct octet_writer writer = octet_writer_of(data, sizeof data);
    if (context == CONTEXT_GBA) {
        octet_writer_u8(&writer, TAG_BOOTSTRAPPING);
    }
    write_value(&writer, challenge->vector.rand.octets, AKA_RAND_SIZE);
    if (context != CONTEXT_GSM) {
        write_value(&writer, challenge->vector.autn.octets, AKA_AUTN_SIZE);
    }
    (void)snprintf(head, sizeof head, "0X8800%02X", context);
    return probe_expect_data(probe, head, octets_written(&writer), WITH_LE, sw);
}

aka_sqn challenge_read_auts(struct probe *probe, const struct challenge *challenge, struct octets answer)
{
    struct aka_auts auts;
    aka_sqn sqn = 0;
    struct octet_reader reader = octet_reader_of(answer);
    const bool begins_right = octet_reader_u8(&reader) == TAG_SYNC_FAILURE && octet_reader_u8(&reader) == AKA_AUTS_SIZE;
    octet_reader_copy(&reader, auts.octets, sizeof auts.octets);
    probe_demand(probe, begins_right && octet_reader_end(&reader) == GBAU_OK, "DC 0E AUTS");
    if (!probe_goes_on(probe)) {
        return 0;
    }
    enum gbau_status status =
        aka_read_auts(probe->crypto, probe->given->milenage, &challenge->vector.rand, &auts, &sqn);
    probe_demand(probe, status != GBAU_E_AUTHENTICATION, "an AUTS of f5* and f1* with AMF 0000");
    return sqn;
}

struct octets challenge_bootstrap(struct probe *probe, struct challenge *challenge)
{
    if (!probe->gba_is_unmasked) {
        challenge_mask(probe, challenge);
    }
    struct octets answer = challenge_send(probe, CONTEXT_GBA, challenge, "9000|9862");
    if (probe_goes_on(probe) && probe_sw_fits(probe->response.sw, "9862") && !probe->gba_is_unmasked) {
        probe->gba_is_unmasked = true; /* gba.takes_masked_autn warns of it */
        challenge_mask(probe, challenge);
        answer = challenge_send(probe, CONTEXT_GBA, challenge, "9000");
    }
    const bool begins_right = answer.length > 2 && answer.data[0] == TAG_SUCCESS;
    probe_demand(probe, begins_right, "DB, length, RES");
    return answer;
}

void challenge_write_naf_id(struct octet_writer *writer, unsigned naf)
{
    char fqdn[32];
    (void)snprintf(fqdn, sizeof fqdn, "naf%u.example.com", naf);
    if (usim_write_naf_id(writer, fqdn, naf_ua) != GBAU_OK) {
        writer->failed = true;
    }
}

void challenge_write_b_tid(struct probe *probe)
{
    uint8_t data[2 + sizeof CHALLENGE_B_TID + sizeof CHALLENGE_LIFETIME];
    struct octet_writer writer = octet_writer_of(data, sizeof data);
    write_value(&writer, CHALLENGE_B_TID, sizeof CHALLENGE_B_TID - 1);
    write_value(&writer, CHALLENGE_LIFETIME, sizeof CHALLENGE_LIFETIME - 1);
    (void)probe_select(probe, FID_GBABP);
    (void)probe_expect_data(probe, "0XD60011", octets_written(&writer), NO_LE, "9000");
}

void challenge_derive_naf(struct probe *probe, const struct challenge *challenge, struct octets naf_id)
{
    struct ks ks;
    struct ks_ext_naf key = {0};
    uint8_t data[APDU_DATA_MAX];
    struct octet_writer writer = octet_writer_of(data, sizeof data);
    octet_writer_u8(&writer, TAG_NAF_DERIVATION);
    write_value(&writer, naf_id.data, naf_id.length);
    write_value(&writer, impi, sizeof impi - 1);
    const struct octets answer = probe_expect_data(probe, "0X880084", octets_written(&writer), WITH_LE, "9000");
    if (probe_goes_on(probe)) {
        ks_from_ck_ik(&ks, &challenge->vector.ck, &challenge->vector.ik);
        probe_demand_ok(probe, gba_derive_ks_ext_naf(probe->crypto, &ks, &challenge->vector.rand, octets_of_text(impi),
                                                     naf_id, &key));
        const bool is_right = answer.length == 2 + NAF_KEY_SIZE && answer.data[0] == TAG_SUCCESS &&
                              answer.data[1] == NAF_KEY_SIZE && secret_equal(answer.data + 2, key.octets, NAF_KEY_SIZE);
        probe_demand(probe, is_right, "DB 20 and Ks_ext_NAF of this Ks, RAND, IMPI and NAF_ID");
        secret_wipe(&ks, sizeof ks);
        secret_wipe(&key, sizeof key);
    }
}

void challenge_make_ks_int_naf(struct probe *probe, const struct challenge *challenge, struct octets naf_id,
                               struct ks_int_naf *key)
{
    struct ks ks;
    if (probe_goes_on(probe)) {
        ks_from_ck_ik(&ks, &challenge->vector.ck, &challenge->vector.ik);
        probe_demand_ok(probe, gba_derive_ks_int_naf(probe->crypto, &ks, &challenge->vector.rand, octets_of_text(impi),
                                                     naf_id, key));
        secret_wipe(&ks, sizeof ks);
    }
}

void challenge_derive(struct probe *probe, const struct challenge *challenge, unsigned naf)
{
    uint8_t naf_id[64];
    struct octet_writer writer = octet_writer_of(naf_id, sizeof naf_id);
    challenge_write_naf_id(&writer, naf);
    challenge_derive_naf(probe, challenge, octets_written(&writer));
}
