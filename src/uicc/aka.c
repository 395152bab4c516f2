/* aka.c: checks AUTN and SQN, makes RES, CK, IK or AUTS (TS 33.102 6.3.3, 6.3.5 and annex C.2). */
#include "uicc/aka.h"

#include <string.h>

#include "base/secret.h"
#include "uicc/aka_keys.h"

static aka_sqn read_sqn(const uint8_t octets[SQN_ENTRY_SIZE])
{
    return (aka_sqn)octets_load_2(octets) << 32 | octets_load_4(octets + 2);
}

static uint64_t seq_of(aka_sqn sqn)
{
    return sqn >> AKA_SQN_IND_BITS;
}

static size_t ind_of(aka_sqn sqn)
{
    return (size_t)(sqn & (SQN_ENTRIES - 1));
}

/*
 * The highest accepted SQN of each IND. Each has SQN_TURNS places: the highest number in them counts, and a new one
 * goes where the lowest stands, so the memory wears evenly.
 */
static size_t sqn_offset(const struct card_application *application, size_t ind, size_t turn)
{
    return application->sqn + (turn * SQN_ENTRIES + ind) * SQN_ENTRY_SIZE;
}

static aka_sqn sqn_at(const struct uicc *uicc, const struct card_application *application, size_t ind, size_t turn)
{
    return read_sqn(uicc->nvm.data + sqn_offset(application, ind, turn));
}

aka_sqn aka_sqn_of_ind(const struct uicc *uicc, const struct card_application *application, size_t ind)
{
    aka_sqn highest = 0;
    for (size_t turn = 0; turn < SQN_TURNS; turn++) {
        const aka_sqn sqn = sqn_at(uicc, application, ind, turn);
        highest = sqn > highest ? sqn : highest;
    }
    return highest;
}

static size_t oldest_turn(const struct uicc *uicc, const struct card_application *application, size_t ind)
{
    size_t oldest = 0;
    aka_sqn lowest = sqn_at(uicc, application, ind, oldest);
    for (size_t turn = 1; turn < SQN_TURNS; turn++) {
        const aka_sqn sqn = sqn_at(uicc, application, ind, turn);
        if (sqn < lowest) {
            lowest = sqn;
            oldest = turn;
        }
    }
    return oldest;
}

static aka_sqn highest_sqn(const struct uicc *uicc, const struct card_application *application)
{
    aka_sqn highest = 0;
    for (size_t ind = 0; ind < SQN_ENTRIES; ind++) {
        const aka_sqn sqn = aka_sqn_of_ind(uicc, application, ind);
        highest = sqn > highest ? sqn : highest;
    }
    return highest;
}

/* The limit of jumps starts with the first SQN: a new card has nothing to jump from (33.102 C.2.1). */
static bool jumps_too_far(const struct card_application *application, uint64_t seq, uint64_t highest)
{
    return application->sqn_delta != 0 && highest != 0 && seq > highest && seq - highest > application->sqn_delta;
}

/* 33.102 C.2.2: a vector that was kept too long by whoever asked for it. */
static bool is_too_old(const struct card_application *application, uint64_t seq, uint64_t highest)
{
    return application->sqn_age_limit != 0 && seq < highest && highest - seq >= application->sqn_age_limit;
}

/*
 * 33.102 C.2. The highest SQN is looked for only where it can matter: the one of the same IND, which is never higher,
 * tells already that the jump is small enough.
 */
static bool sqn_is_fresh(const struct uicc *uicc, const struct card_application *application, aka_sqn sqn)
{
    const uint64_t seq = seq_of(sqn);
    const uint64_t seq_of_same_ind = seq_of(aka_sqn_of_ind(uicc, application, ind_of(sqn)));
    if (seq <= seq_of_same_ind) {
        return false;
    }
    const bool jump_is_small = application->sqn_delta == 0 || seq - seq_of_same_ind <= application->sqn_delta;
    if (jump_is_small && application->sqn_age_limit == 0) {
        return true;
    }
    const uint64_t highest = seq_of(highest_sqn(uicc, application));
    return !jumps_too_far(application, seq, highest) && !is_too_old(application, seq, highest);
}

void aka_accept_sqn(struct uicc *uicc, const struct card_application *application, aka_sqn sqn)
{
    uint8_t octets[SQN_ENTRY_SIZE];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    octet_writer_u48(&writer, sqn);
    const size_t ind = ind_of(sqn);
    nvm_change(&uicc->nvm, sqn_offset(application, ind, oldest_turn(uicc, application, ind)), octets, sizeof octets);
}

/* AUTS = (SQN_MS xor f5*) || f1*(SQN_MS, RAND, AMF* = 0000) (33.102 6.3.3; AMF* is zero, never the received one). */
static enum gbau_status make_auts(struct uicc *uicc, const struct aka_functions *functions, const struct aka_rand *rand,
                                  aka_sqn sqn_ms, struct aka_auts *auts)
{
    static const struct aka_amf no_amf;
    struct aka_ak ak;
    struct aka_mac mac_s;
    enum gbau_status status = aka_f1star(uicc->crypto, functions, rand, sqn_ms, &no_amf, &mac_s);
    if (status == GBAU_OK) {
        status = aka_f5star(uicc->crypto, functions, rand, &ak);
    }
    if (status == GBAU_OK) {
        struct octet_writer writer = octet_writer_of(auts->octets, sizeof auts->octets);
        octet_writer_u48(&writer, sqn_ms);
        octet_writer_put(&writer, mac_s.octets, AKA_MAC_SIZE);
        for (size_t i = 0; i < AKA_AK_SIZE; i++) {
            auts->octets[i] ^= ak.octets[i];
        }
    }
    secret_wipe(&ak, sizeof ak);
    return status;
}

/* AUTN taken apart: the concealed SQN, AMF and MAC. */
struct challenge {
    uint8_t concealed_sqn[AKA_AK_SIZE];
    struct aka_amf amf;
    struct aka_mac mac;
};

static struct challenge split_autn(const struct aka_autn *autn)
{
    struct challenge challenge;
    struct octet_reader reader = octet_reader_of(octets_of(autn->octets, AKA_AUTN_SIZE));
    octet_reader_copy(&reader, challenge.concealed_sqn, AKA_AK_SIZE);
    octet_reader_copy(&reader, challenge.amf.octets, AKA_AMF_SIZE);
    octet_reader_copy(&reader, challenge.mac.octets, AKA_MAC_SIZE);
    return challenge;
}

/* f2 to f5, the revealed SQN and the expected MAC. */
static enum gbau_status run_algorithms(struct uicc *uicc, const struct aka_functions *functions,
                                       const struct aka_rand *rand, const struct challenge *challenge,
                                       struct aka_result *result, struct aka_mac *expected)
{
    struct aka_f2345 keys;
    enum gbau_status status = aka_challenge(uicc->crypto, functions, rand, challenge->concealed_sqn,
                                                  &challenge->amf, &keys, &result->sqn, expected);
    if (status == GBAU_OK) {
        result->ck = keys.ck;
        result->ik = keys.ik;
        result->res = keys.res;
    }
    secret_wipe(&keys, sizeof keys);
    return status;
}

static enum gbau_status judge(struct uicc *uicc, const struct card_application *application,
                              const struct aka_functions *functions, const struct aka_rand *rand,
                              const struct challenge *challenge, const struct aka_mac *expected,
                              struct aka_result *result)
{
    if (!secret_equal(expected->octets, challenge->mac.octets, AKA_MAC_SIZE)) {
        result->outcome = AKA_MAC_WRONG;
        return GBAU_OK;
    }
    if (sqn_is_fresh(uicc, application, result->sqn)) {
        result->outcome = AKA_ACCEPTED;
        return GBAU_OK;
    }
    result->outcome = AKA_SYNC_FAILURE;
    return make_auts(uicc, functions, rand, highest_sqn(uicc, application), &result->auts);
}

enum gbau_status aka_read_keys(const struct uicc *uicc, const struct card_application *application,
                               struct aka_keys *keys)
{
    const size_t size = aka_keys_size(application->algorithm);
    return aka_keys_read(octets_of(uicc->nvm.data + application->keys, size), application->algorithm, keys);
}

enum gbau_status aka_check(struct uicc *uicc, const struct card_application *application, const struct aka_rand *rand,
                           const struct aka_autn *autn, bool unmask, struct aka_result *result)
{
    struct aka_keys keys;
    struct challenge challenge = split_autn(autn);
    struct aka_mac expected = {0};
    enum gbau_status status = aka_read_keys(uicc, application, &keys);
    if (status == GBAU_OK) {
        status = run_algorithms(uicc, &keys.functions, rand, &challenge, result, &expected);
    }
    if (status == GBAU_OK && unmask) {
        status = gba_u_mask_mac(uicc->crypto, &result->ik, challenge.mac.octets);
    }
    if (status == GBAU_OK) {
        status = judge(uicc, application, &keys.functions, rand, &challenge, &expected, result);
    }
    secret_wipe(&keys, sizeof keys);
    secret_wipe(&expected, sizeof expected);
    return status;
}
