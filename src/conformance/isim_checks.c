/* isim_checks.c: the ISIM's files and contexts (TS 31.103). */
#include <string.h>

#include "base/secret.h"
#include "codec/ber_tlv.h"
#include "conformance/challenge.h"
#include "conformance/check.h"

enum { FID_IMPI = 0x6f02, FID_DOMAIN = 0x6f03, FID_IMPU = 0x6f04, FID_IST = 0x6f07, SERVICE_GBA = 2 };
enum { FID_GBABP_OF_ISIM = 0x6fd5, FID_GBANL_OF_ISIM = 0x6fd7, FID_GBABP_OF_USIM = 0x6fd6 };

static void demand_text(struct probe *probe, struct octets content, bool with_at)
{
    struct octets text = {0};
    const bool has_text = ber_tlv_find(content, 0x80, &text) == GBAU_OK && text.length > 0;
    const bool has_at = has_text && memchr(text.data, '@', text.length) != NULL;
    probe_demand(probe, has_text && (has_at || !with_at), with_at ? "80, length, a name with @" : "80, length, a name");
}

static void impi(struct probe *probe)
{
    struct content content;
    probe_read_file(probe, FID_IMPI, &content);
    demand_text(probe, content_octets(&content), true);
}

static void domain(struct probe *probe)
{
    struct content content;
    probe_read_file(probe, FID_DOMAIN, &content);
    demand_text(probe, content_octets(&content), false);
}

static void impu(struct probe *probe)
{
    struct content content;
    (void)probe_select(probe, FID_IMPU);
    probe_read_record(probe, 1, &content);
    demand_text(probe, content_octets(&content), false);
}

static bool has_gba(struct probe *probe)
{
    struct content table;
    probe_read_file(probe, FID_IST, &table);
    const bool is_available = table.length > 0 && (table.octets[0] & 1U << (SERVICE_GBA - 1)) != 0;
    if (!is_available) {
        probe_not_supported(probe, "service 2 (GBA) of EF_IST is not available");
    }
    return is_available;
}

static void gba_files(struct probe *probe)
{
    if (has_gba(probe)) {
        probe_demand(probe, fcp_kind(probe_select(probe, FID_GBABP_OF_ISIM)) == FILE_TRANSPARENT,
                     "EF_GBABP as 6FD5, transparent");
        probe_demand(probe, fcp_kind(probe_select(probe, FID_GBANL_OF_ISIM)) == FILE_LINEAR_FIXED,
                     "EF_GBANL as 6FD7, linear fixed");
    }
}

static void gbanl_is_the_cards(struct probe *probe)
{
    struct content record;
    if (has_gba(probe)) {
        (void)probe_select(probe, FID_GBANL_OF_ISIM);
        probe_read_record(probe, 1, &record);
        (void)probe_expect_data(probe, "0XDC0104", content_octets(&record), NO_LE, "6982");
    }
}

static void wrong_mac(struct probe *probe)
{
    struct challenge challenge;
    challenge_make_random(probe, &challenge);
    (void)challenge_send(probe, CONTEXT_3G, &challenge, "9862");
}

static void res_is_right(struct probe *probe)
{
    struct challenge challenge;
    challenge_make_fresh(probe, &challenge);
    const struct octets answer = challenge_send(probe, CONTEXT_3G, &challenge, "9000");
    const size_t length = challenge.vector.xres.length;
    const bool is_right = answer.length > 2 + length && answer.data[1] == length &&
                          secret_equal(answer.data + 2, challenge.vector.xres.octets, length);
    probe_demand(probe, is_right, "DB, length, RES of K, OPc and RAND");
    challenge_clear(&challenge);
}

static void rand_is_stored(struct probe *probe)
{
    struct content content;
    struct challenge challenge;
    if (!has_gba(probe)) {
        return;
    }
    challenge_make_fresh(probe, &challenge);
    (void)challenge_bootstrap(probe, &challenge);
    probe_read_file(probe, FID_GBABP_OF_ISIM, &content);
    const bool is_stored = content.length > AKA_RAND_SIZE && content.octets[0] == AKA_RAND_SIZE &&
                           memcmp(content.octets + 1, challenge.vector.rand.octets, AKA_RAND_SIZE) == 0;
    probe_demand(probe, is_stored, "10 and the RAND of the challenge");
    challenge_clear(&challenge);
}

/* A bootstrapping in the USIM leaves the ISIM's EF_GBABP: each application has a Ks of its own. */
static void own_ks(struct probe *probe)
{
    struct content before;
    struct challenge challenge;
    if (!has_gba(probe)) {
        return;
    }
    probe_read_file(probe, FID_GBABP_OF_ISIM, &before);
    probe_select_application(probe, usim_aid_prefix, NULL);
    (void)probe_select_offered(probe, FID_GBABP_OF_USIM);
    challenge_make_fresh(probe, &challenge);
    (void)challenge_bootstrap(probe, &challenge);
    probe_select_application(probe, isim_aid_prefix, NULL);
    (void)probe_select(probe, FID_GBABP_OF_ISIM);
    probe_demand_equal(probe, probe_expect(probe, "0XB0000000", "9000"), &before, "the ISIM's EF_GBABP unchanged");
    challenge_clear(&challenge);
}

#define ISIM (NEEDS_ISIM | NEEDS_PIN_OPEN)

static const struct check checks[] = {
    {"isim.impi", "TS 31.103 4.2.2", "EF_IMPI holds a private identity", ISIM, .run = impi},
    {"isim.domain", "TS 31.103 4.2.3", "EF_DOMAIN holds the home network's name", ISIM, .run = domain},
    {"isim.impu", "TS 31.103 4.2.4", "EF_IMPU holds a public identity", ISIM, .run = impu},
    {"isim.impi_sfi", "TS 31.103 4.2.2", "EF_IMPI is transparent and has SFI 02", ISIM,
     EXPECTED_FILE(FID_IMPI, FILE_TRANSPARENT, 0x02, 3)},
    {"isim.ist", "TS 31.103 4.2.7", "EF_IST is transparent and has SFI 07", ISIM,
     EXPECTED_FILE(FID_IST, FILE_TRANSPARENT, 0x07, 1)},
    {"isim.ad", "TS 31.103 4.2.5", "EF_AD is transparent and has SFI 03", ISIM,
     EXPECTED_FILE(0x6fad, FILE_TRANSPARENT, 0x03, 3)},
    {"isim.arr", "TS 31.103 4.2.6", "EF_ARR is linear fixed and has SFI 06", ISIM,
     EXPECTED_FILE(0x6f06, FILE_LINEAR_FIXED, 0x06, 5)},
    {"isim.wrong_mac", "TS 31.103 7.1.1", "a challenge with a wrong MAC is refused with 9862", ISIM, .run = wrong_mac},
    {"isim.res", "TS 31.103 7.1.1", "the IMS AKA context answers the right RES", ISIM | NEEDS_CHALLENGES,
     .run = res_is_right},
    {"isim.gba_files", "TS 31.103 4.2.9", "EF_GBABP and EF_GBANL have FIDs 6FD5 and 6FD7 in the ISIM", ISIM,
     .run = gba_files},
    {"isim.gbanl_is_the_cards", "TS 31.103 4.2.10", "the ME cannot update EF_GBANL of the ISIM", ISIM,
     .run = gbanl_is_the_cards},
    {"isim.rand_stored", "TS 33.220 G.1", "the card writes RAND to EF_GBABP of the ISIM",
     ISIM | NEEDS_CHALLENGES | NEEDS_DESTRUCTIVE, .run = rand_is_stored},
    {"isim.own_ks", "TS 33.220 5.3.2", "a bootstrapping in the USIM leaves that of the ISIM",
     ISIM | NEEDS_CHALLENGES | NEEDS_DESTRUCTIVE, .run = own_ks},
};

CHECK_GROUP(isim_checks, checks);
