/* gba_checks.c: the GBA context of AUTHENTICATE and what it leaves in files (TS 31.102 7.1.1.4, 7.1.1.5, TS 33.220). */
#include <string.h>

#include "base/secret.h"
#include "codec/ber_tlv.h"
#include "conformance/challenge.h"
#include "conformance/check.h"

enum { FID_GBABP = 0x6fd6, FID_GBANL = 0x6fda, TAG_NAF_ID = 0x80, TAG_B_TID = 0x81, RAND_OFFSET = 1 };
enum { GBABP_WANTED = 101, GBANL_RECORDS_MAX = 32, OLD_NAF = 900, FILLING_NAF = 1000 };

/* Files, as they are */

/* Three values with their lengths, then FF; or nothing but FF. */
static bool is_gbabp(struct octets content)
{
    struct octet_reader reader = octet_reader_of(content);
    const uint8_t first = octet_reader_u8(&reader);
    if (first == 0xff) {
        return true;
    }
    (void)octet_reader_take(&reader, first);
    (void)octet_reader_take(&reader, octet_reader_u8(&reader));
    (void)octet_reader_take(&reader, octet_reader_u8(&reader));
    return first == AKA_RAND_SIZE && !reader.failed;
}

static void gbabp_coding(struct probe *probe)
{
    struct content content;
    probe_demand(probe, fcp_kind(probe_select(probe, FID_GBABP)) == FILE_TRANSPARENT, "a transparent file");
    probe_keep(&content, probe_expect(probe, "0XB0000000", "9000"));
    probe_demand(probe, is_gbabp(content_octets(&content)), "10 RAND, length, B-TID, length, lifetime; or FF");
}

static void gbabp_size(struct probe *probe)
{
    const size_t size = fcp_size(probe_select(probe, FID_GBABP));
    probe_demand(probe, size >= GBABP_WANTED, "at least %d octets", GBABP_WANTED);
}

static void gbabp_update_same(struct probe *probe)
{
    struct content old;
    probe_read_file(probe, FID_GBABP, &old);
    if (old.length > APDU_DATA_MAX) {
        old.length = APDU_DATA_MAX;
    }
    (void)probe_expect_data(probe, "0XD60000", content_octets(&old), NO_LE, "9000");
}

/* A free record is FF throughout. */
static bool is_gbanl_record(const struct content *record)
{
    struct octets naf_id = {0}, b_tid = {0};
    if (record->length > 0 && record->octets[0] == 0xff) {
        return true;
    }
    return ber_tlv_find(content_octets(record), TAG_NAF_ID, &naf_id) == GBAU_OK &&
           ber_tlv_find(content_octets(record), TAG_B_TID, &b_tid) == GBAU_OK && naf_id.length > NAF_ID_UA_SIZE;
}

static size_t select_gbanl(struct probe *probe)
{
    const size_t count = fcp_record_count(probe_select(probe, FID_GBANL));
    return count < GBANL_RECORDS_MAX ? count : GBANL_RECORDS_MAX;
}

static void gbanl_coding(struct probe *probe)
{
    struct content record;
    probe_demand(probe, fcp_kind(probe_select(probe, FID_GBANL)) == FILE_LINEAR_FIXED, "a linear fixed file");
    const size_t count = select_gbanl(probe);
    for (size_t i = 1; i <= count && probe_goes_on(probe); i++) {
        probe_read_record(probe, i, &record);
        probe_demand(probe, is_gbanl_record(&record), "80 NAF_ID, 81 B-TID; or FF");
    }
}

/* Changes nothing: the record gets what it holds. */
static void gbanl_is_the_cards(struct probe *probe)
{
    struct content record;
    (void)select_gbanl(probe);
    probe_read_record(probe, 1, &record);
    (void)probe_expect_data(probe, "0XDC0104", content_octets(&record), NO_LE, "6982");
}

static void wrong_mac_changes_nothing(struct probe *probe)
{
    struct content before;
    struct challenge challenge;
    probe_read_file(probe, FID_GBABP, &before);
    challenge_make_random(probe, &challenge);
    (void)challenge_send(probe, CONTEXT_GBA, &challenge, "9862");
    probe_demand_equal(probe, probe_expect(probe, "0XB0000000", "9000"), &before, "EF_GBABP unchanged");
}

#define OPEN (NEEDS_USIM | NEEDS_PIN_OPEN | NEEDS_GBA)

static const struct check file_rows[] = {
    {"gba.gbabp", "TS 31.102 4.2.79", "EF_GBABP holds RAND, B-TID and lifetime, or nothing", OPEN, .run = gbabp_coding},
    {"gba.gbabp_size", "TS 31.102 4.2.79", "EF_GBABP has room for the B-TID of an operator and a date",
     OPEN | IS_ADVISORY, .run = gbabp_size},
    {"gba.gbabp_closed", "TS 31.102 4.2.79", "EF_GBABP cannot be read before the PIN is verified",
     NEEDS_USIM | NEEDS_PIN_CLOSED | MAY_BE_MISSING, STEPS({"0XA4000C026FD6", "9000"}, {"0XB0000001", "6982"})},
    {"gba.gbabp_update", "TS 31.102 4.2.79", "the ME may update EF_GBABP with the PIN verified", OPEN,
     .run = gbabp_update_same},
    {"gba.gbanl", "TS 31.102 4.2.83", "EF_GBANL holds NAF_ID and B-TID in each used record", OPEN, .run = gbanl_coding},
    {"gba.gbanl_closed", "TS 31.102 4.2.83", "EF_GBANL cannot be read before the PIN is verified",
     NEEDS_USIM | NEEDS_PIN_CLOSED | MAY_BE_MISSING, STEPS({"0XA4000C026FDA", "9000"}, {"0XB2010400", "6982"})},
    {"gba.gbanl_is_the_cards", "TS 31.102 4.2.83", "the ME cannot update EF_GBANL", OPEN, .run = gbanl_is_the_cards},
    {"gba.api_rules", "TS 31.102 4.2", "EF_AC_GBAUAPI can be read with the PIN", OPEN | MAY_BE_MISSING | IS_ADVISORY,
     STEPS({"0XA4000C026F0A", "9000"}, {"0XB2010400", "9000"})},
    {"gba.wrong_mac", "TS 33.220 5.3.2", "a bootstrapping with a wrong MAC is refused with 9862 and changes nothing",
     OPEN, .run = wrong_mac_changes_nothing},
    {"gba.unknown_mode", "TS 31.102 7.1.2", "a mode other than DD and DE is refused with 6700", OPEN | IS_ADVISORY,
     STEPS({"0X88008403DA010000", "6700"})},
    {"gba.wrong_lengths", "TS 31.102 7.1.2.4", "a NAF_ID longer than the data is refused with 6700", OPEN | IS_ADVISORY,
     STEPS({"0X88008407DE40010203040500", "6700"})},
};

CHECK_GROUP(gba_file_checks, file_rows);

/* Bootstrapping */

static void answers_res_only(struct probe *probe)
{
    struct challenge challenge;
    challenge_make_fresh(probe, &challenge);
    const struct octets answer = challenge_bootstrap(probe, &challenge);
    probe_demand(probe,
                 answer.length == 2 + challenge.vector.xres.length && answer.data[1] == challenge.vector.xres.length,
                 "DB, length, RES and no more");
    challenge_clear(&challenge);
}

/* But for the bit that gba.res_flipped looks at. */
static void res_is_right(struct probe *probe)
{
    struct challenge challenge;
    challenge_make_fresh(probe, &challenge);
    const struct octets answer = challenge_bootstrap(probe, &challenge);
    const size_t length = challenge.vector.xres.length;
    const bool is_right = answer.length == 2 + length &&
                          secret_equal(answer.data + 2, challenge.vector.xres.octets, length - 1) &&
                          (answer.data[1 + length] & 0xfe) == (challenge.vector.xres.octets[length - 1] & 0xfe);
    probe_demand(probe, is_right, "RES of K, OPc and RAND");
    challenge_clear(&challenge);
}

static void res_is_flipped(struct probe *probe)
{
    struct challenge challenge;
    challenge_make_fresh(probe, &challenge);
    const struct octets answer = challenge_bootstrap(probe, &challenge);
    const uint8_t last =
        challenge.vector.xres.octets[challenge.vector.xres.length > 0 ? challenge.vector.xres.length - 1 : 0];
    const bool is_flipped = answer.length > 2 && answer.data[answer.length - 1] == (last ^ 0x01);
    probe_demand(probe, is_flipped, "the last bit of RES flipped");
    challenge_clear(&challenge);
}

static void takes_masked(struct probe *probe)
{
    struct challenge challenge;
    challenge_make_fresh(probe, &challenge);
    challenge_mask(probe, &challenge);
    (void)challenge_send(probe, CONTEXT_GBA, &challenge, "9000");
    challenge_clear(&challenge);
}

static void refuses_unmasked(struct probe *probe)
{
    struct challenge challenge;
    challenge_make_fresh(probe, &challenge);
    (void)challenge_send(probe, CONTEXT_GBA, &challenge, "9862");
    challenge_clear(&challenge);
}

static void rand_is_stored(struct probe *probe)
{
    struct content content;
    struct challenge challenge;
    challenge_make_fresh(probe, &challenge);
    (void)challenge_bootstrap(probe, &challenge);
    probe_read_file(probe, FID_GBABP, &content);
    const bool is_stored = content.length > AKA_RAND_SIZE && content.octets[0] == AKA_RAND_SIZE &&
                           memcmp(content.octets + RAND_OFFSET, challenge.vector.rand.octets, AKA_RAND_SIZE) == 0;
    probe_demand(probe, is_stored, "10 and the RAND of the challenge");
    challenge_clear(&challenge);
}

static void b_tid_is_emptied(struct probe *probe)
{
    struct content content;
    struct challenge challenge;
    challenge_make_fresh(probe, &challenge);
    (void)challenge_bootstrap(probe, &challenge);
    challenge_write_b_tid(probe);
    challenge_make_fresh(probe, &challenge);
    (void)challenge_bootstrap(probe, &challenge);
    probe_read_file(probe, FID_GBABP, &content);
    probe_demand(probe, content.length > 17 && (content.octets[17] == 0 || content.octets[17] == 0xff),
                 "no B-TID behind the new RAND");
    challenge_clear(&challenge);
}

static void b_tid_is_read(struct probe *probe)
{
    struct content content;
    struct challenge challenge;
    challenge_make_fresh(probe, &challenge);
    (void)challenge_bootstrap(probe, &challenge);
    challenge_write_b_tid(probe);
    probe_read_file(probe, FID_GBABP, &content);
    const size_t length = sizeof CHALLENGE_B_TID - 1;
    const bool is_there = content.length > 18 + length && content.octets[17] == length &&
                          memcmp(content.octets + 18, CHALLENGE_B_TID, length) == 0 &&
                          memcmp(content.octets + RAND_OFFSET, challenge.vector.rand.octets, AKA_RAND_SIZE) == 0;
    probe_demand(probe, is_there, "RAND as before, and the B-TID");
    challenge_clear(&challenge);
}

/* A sync failure in this context; EF_GBABP must not change with it. */
static void replay_changes_nothing(struct probe *probe)
{
    struct content before;
    struct challenge first, old;
    challenge_make_fresh(probe, &first);
    (void)challenge_bootstrap(probe, &first);
    probe_read_file(probe, FID_GBABP, &before);
    challenge_make(probe, first.sqn, &old);
    if (!probe->gba_is_unmasked) {
        challenge_mask(probe, &old);
    }
    (void)challenge_read_auts(probe, &old, challenge_send(probe, CONTEXT_GBA, &old, "9000"));
    probe_demand_equal(probe, probe_expect(probe, "0XB0000000", "9000"), &before, "EF_GBABP unchanged");
    challenge_clear(&first);
    challenge_clear(&old);
}

static void shares_sqn(struct probe *probe)
{
    struct challenge first, old;
    challenge_make_fresh(probe, &first);
    (void)challenge_bootstrap(probe, &first);
    challenge_make(probe, first.sqn, &old);
    (void)challenge_read_auts(probe, &old, challenge_send(probe, CONTEXT_3G, &old, "9000"));
    challenge_clear(&first);
    challenge_clear(&old);
}

/* NAF derivation */

/* A bootstrapping with B-TID, and the keys of the test's NAF `naf` derived. */
static void bootstrap_and_derive(struct probe *probe, struct challenge *challenge, unsigned naf)
{
    challenge_make_fresh(probe, challenge);
    (void)challenge_bootstrap(probe, challenge);
    challenge_write_b_tid(probe);
    challenge_derive(probe, challenge, naf);
}

static void derives(struct probe *probe)
{
    struct challenge challenge;
    bootstrap_and_derive(probe, &challenge, 1);
    challenge_derive(probe, &challenge, 2); /* another NAF, another key */
    challenge_clear(&challenge);
}

/* How many records of EF_GBANL hold the NAF; *b_tid is of the last one. */
static unsigned records_of(struct probe *probe, unsigned naf, struct content *b_tid)
{
    uint8_t naf_id[64];
    unsigned found = 0;
    struct octet_writer writer = octet_writer_of(naf_id, sizeof naf_id);
    challenge_write_naf_id(&writer, naf);
    const size_t count = select_gbanl(probe);
    for (size_t i = 1; i <= count && probe_goes_on(probe); i++) {
        struct content record;
        struct octets value = {0};
        probe_read_record(probe, i, &record);
        if (ber_tlv_find(content_octets(&record), TAG_NAF_ID, &value) == GBAU_OK &&
            octets_equal(value, octets_written(&writer))) {
            found++;
            (void)(ber_tlv_find(content_octets(&record), TAG_B_TID, &value) == GBAU_OK);
            probe_keep(b_tid, value);
        }
    }
    return found;
}

static void naf_is_listed(struct probe *probe)
{
    struct content b_tid = {0};
    struct challenge challenge;
    bootstrap_and_derive(probe, &challenge, 1);
    const unsigned count = records_of(probe, 1, &b_tid);
    probe_demand(probe, count > 0, "a record with the NAF_ID");
    probe_demand(probe, octets_equal(content_octets(&b_tid), octets_of_text(CHALLENGE_B_TID)), "81 with the B-TID");
    challenge_clear(&challenge);
}

static void naf_is_listed_once(struct probe *probe)
{
    struct content b_tid = {0};
    struct challenge challenge;
    bootstrap_and_derive(probe, &challenge, 1);
    challenge_derive(probe, &challenge, 1);
    probe_demand(probe, records_of(probe, 1, &b_tid) == 1, "one record with the NAF_ID");
    challenge_clear(&challenge);
}

static void others_stay_listed(struct probe *probe)
{
    struct content b_tid = {0};
    struct challenge challenge;
    bootstrap_and_derive(probe, &challenge, 1);
    challenge_derive(probe, &challenge, 2);
    probe_demand(probe, records_of(probe, 1, &b_tid) > 0 && records_of(probe, 2, &b_tid) > 0, "both NAFs listed");
    challenge_clear(&challenge);
}

static void list_survives_bootstrapping(struct probe *probe)
{
    struct content b_tid = {0};
    struct challenge challenge;
    bootstrap_and_derive(probe, &challenge, 1);
    challenge_make_fresh(probe, &challenge);
    (void)challenge_bootstrap(probe, &challenge);
    probe_demand(probe, records_of(probe, 1, &b_tid) > 0, "the NAF still listed");
    challenge_clear(&challenge);
}

static void new_ks_replaces_old(struct probe *probe)
{
    struct challenge challenge;
    bootstrap_and_derive(probe, &challenge, 1);
    challenge_clear(&challenge);
    challenge_make_fresh(probe, &challenge);
    (void)challenge_bootstrap(probe, &challenge);
    challenge_derive(probe, &challenge, 1);
    challenge_clear(&challenge);
}

static void wrong_mac_keeps_ks(struct probe *probe)
{
    struct challenge challenge, forged;
    bootstrap_and_derive(probe, &challenge, 1);
    challenge_make_random(probe, &forged);
    (void)challenge_send(probe, CONTEXT_GBA, &forged, "9862");
    challenge_derive(probe, &challenge, 1);
    challenge_clear(&challenge);
}

/* A 3G run has keys of its own: Ks stays. */
static void authentication_keeps_ks(struct probe *probe)
{
    struct challenge challenge, other;
    bootstrap_and_derive(probe, &challenge, 1);
    challenge_make_fresh(probe, &other);
    (void)challenge_send(probe, CONTEXT_3G, &other, "9000");
    challenge_derive(probe, &challenge, 1);
    challenge_clear(&other);
    challenge_clear(&challenge);
}

/* EF_GBABP is the ME's to write: a card that derived from it could be led astray. */
static void rand_is_the_cards(struct probe *probe)
{
    struct challenge challenge;
    bootstrap_and_derive(probe, &challenge, 1);
    (void)probe_select(probe, FID_GBABP);
    (void)probe_expect(probe, "0XD6000110000102030405060708090A0B0C0D0E0F", "9000");
    challenge_derive(probe, &challenge, 1);
    (void)probe_clean_up(probe, "0XD60001", octets_of(challenge.vector.rand.octets, AKA_RAND_SIZE));
    challenge_clear(&challenge);
}

/* As many NAFs as there are records push out the one that was derived before them (G.2). */
static void oldest_is_overwritten(struct probe *probe)
{
    struct content b_tid = {0};
    struct challenge challenge;
    bootstrap_and_derive(probe, &challenge, OLD_NAF);
    const size_t count = select_gbanl(probe);
    for (unsigned i = 0; i < count && probe_goes_on(probe); i++) {
        challenge_derive(probe, &challenge, FILLING_NAF + i);
    }
    probe_demand(probe, records_of(probe, OLD_NAF, &b_tid) == 0, "the NAF used longest ago no longer listed");
    probe_demand(probe, records_of(probe, FILLING_NAF, &b_tid) == 1, "the first of the later ones still listed");
    challenge_clear(&challenge);
}

#define RUNS (OPEN | NEEDS_CHALLENGES | NEEDS_DESTRUCTIVE)

static const struct check rows[] = {
    {"gba.takes_masked_autn", "TS 33.220 5.3.2", "a bootstrapping with AUTN* is accepted", RUNS | IS_ADVISORY,
     .run = takes_masked},
    {"gba.refuses_unmasked_autn", "TS 33.220 5.3.2", "a bootstrapping with AUTN is refused with 9862",
     RUNS | IS_ADVISORY, .run = refuses_unmasked},
    {"gba.answers_res_only", "TS 31.102 7.1.1.4", "a bootstrapping answers RES, and neither CK nor IK", RUNS,
     .run = answers_res_only},
    {"gba.res", "TS 31.102 7.1.1.4", "a bootstrapping answers the right RES", RUNS, .run = res_is_right},
    {"gba.res_flipped", "TS 33.220 5.3.2", "the least significant bit of RES is flipped", RUNS | IS_ADVISORY,
     .run = res_is_flipped},
    {"gba.rand_stored", "TS 33.220 G.1", "the card writes RAND to EF_GBABP", RUNS, .run = rand_is_stored},
    {"gba.b_tid_emptied", "TS 31.102 7.1.1.4", "a bootstrapping leaves no old B-TID beside the new RAND",
     RUNS | IS_ADVISORY, .run = b_tid_is_emptied},
    {"gba.b_tid_written", "TS 33.220 G.1", "the ME writes B-TID and lifetime behind the RAND", RUNS,
     .run = b_tid_is_read},
    {"gba.sync_failure", "TS 31.102 7.1.1.4", "an old SQN is answered with AUTS and changes nothing", RUNS,
     .run = replay_changes_nothing},
    {"gba.shares_sqn", "TS 33.102 6.3.3", "3G and GBA contexts have one SQN", RUNS, .run = shares_sqn},
    {"gba.derives", "TS 33.220 B.3", "NAF derivation answers the right Ks_ext_NAF for each NAF", RUNS, .run = derives},
    {"gba.naf_listed", "TS 33.220 G.2", "the card writes NAF_ID and B-TID to EF_GBANL", RUNS, .run = naf_is_listed},
    {"gba.naf_listed_once", "TS 33.220 G.2", "a NAF_ID derived again takes no second record", RUNS | IS_ADVISORY,
     .run = naf_is_listed_once},
    {"gba.others_stay", "TS 33.220 G.2", "deriving for one NAF leaves the others", RUNS, .run = others_stay_listed},
    {"gba.list_survives", "TS 33.220 G.1", "a new bootstrapping leaves EF_GBANL", RUNS,
     .run = list_survives_bootstrapping},
    {"gba.new_ks", "TS 33.220 G.1", "a new bootstrapping replaces Ks", RUNS, .run = new_ks_replaces_old},
    {"gba.wrong_mac_keeps_ks", "TS 33.220 5.3.2", "a refused bootstrapping leaves Ks", RUNS, .run = wrong_mac_keeps_ks},
    {"gba.authentication_keeps_ks", "TS 33.220 5.3.2", "a 3G run leaves Ks", RUNS, .run = authentication_keeps_ks},
    {"gba.rand_is_the_cards", "TS 33.220 G.2", "derivation uses the card's RAND, whatever the ME wrote to EF_GBABP",
     RUNS, .run = rand_is_the_cards},
    {"gba.oldest_overwritten", "TS 33.220 G.2", "when EF_GBANL is full the NAF used longest ago gives way", RUNS,
     .run = oldest_is_overwritten},
};

CHECK_GROUP(gba_checks, rows);
