/* select_checks.c: SELECT and STATUS (TS 102 221 11.1.1, 11.1.2, 8.4, 8.5). */
#include "codec/ber_tlv.h"
#include "conformance/check.h"

enum { TAG_FID = 0x83, TAG_AID = 0x84, OCCURRENCES_MAX = 20 };

static void fcp_of_mf(struct probe *probe)
{
    const struct octets fid = fcp_value(probe_select(probe, 0x3f00), TAG_FID);
    probe_demand(probe, octets_equal(fid, octets_of("\x3f\x00", 2)), "FID 3F00 in 83");
}

static void fcp_of_ef(struct probe *probe)
{
    const struct octets fid = fcp_value(probe_select(probe, 0x2fe2), TAG_FID);
    probe_demand(probe, octets_equal(fid, octets_of("\x2f\xe2", 2)), "FID 2FE2 in 83");
}

/* The AID in full, as the FCP of an activation by its beginning names it. */
static void whole_aid(struct probe *probe)
{
    struct content first;
    probe_select_application(probe, usim_aid_prefix, &first);
    const struct octets aid = fcp_value(content_octets(&first), TAG_AID);
    probe_demand(probe, aid.length >= usim_aid_prefix.length, "the AID in 84");
    (void)probe_expect_data(probe, "0XA4040C", aid, NO_LE, "9000");
}

static void aid_in_fcp(struct probe *probe)
{
    struct content fcp;
    probe_select_application(probe, usim_aid_prefix, &fcp);
    const struct octets aid = fcp_value(content_octets(&fcp), TAG_AID);
    const bool begins_right = aid.length >= usim_aid_prefix.length &&
                              octets_equal(octets_of(aid.data, usim_aid_prefix.length), usim_aid_prefix);
    probe_demand(probe, begins_right, "an AID in 84 that begins with A0000000871002");
}

/* Occurrence "next" walks through all applications whose AID begins so, and ends. */
static void next_ends(struct probe *probe)
{
    uint16_t sw = 0x9000;
    (void)probe_expect(probe, "0XA4040C05A000000087", "9000");
    for (unsigned i = 0; i < OCCURRENCES_MAX && probe_sw_fits(sw, "9000") && probe_goes_on(probe); i++) {
        sw = probe_send(probe, "0XA4040E05A000000087");
    }
    probe_demand(probe, probe_sw_fits(sw, "6A82"), "6A82 behind the last application");
}

static void status_is_fcp(struct probe *probe)
{
    struct content fcp;
    probe_keep(&fcp, probe_expect(probe, "0XA40004023F0000", "9000"));
    probe_demand_equal(probe, probe_expect(probe, "8XF2000000", "9000"), &fcp, "the FCP that SELECT gave");
}

static void status_names_application(struct probe *probe)
{
    struct content fcp;
    probe_select_application(probe, usim_aid_prefix, &fcp);
    const struct octets aid = fcp_value(content_octets(&fcp), TAG_AID);
    const struct octets answer = probe_expect(probe, "8XF2000100", "9000");
    probe_demand(probe, octets_equal(fcp_value(answer, TAG_AID), aid), "84 and the AID of the FCP");
}

static void current_adf(struct probe *probe)
{
    struct content fcp;
    probe_select_application(probe, usim_aid_prefix, &fcp);
    (void)probe_expect(probe, "0XA4000C023F00", "9000");
    probe_demand_equal(probe, probe_select(probe, 0x7fff), &fcp, "the FCP of the active USIM");
}

/* An application that was terminated is no longer the current one. */
static void termination(struct probe *probe)
{
    (void)probe_expect(probe, "0XA4044C07A0000000871002", "9000");
    (void)probe_expect(probe, "0XA4000C027FFF", ANY_ERROR);
}

static void no_data(struct probe *probe)
{
    const struct octets answer = probe_expect(probe, "0XA4000C022FE2", "9000");
    probe_demand(probe, answer.length == 0, "no data");
}

static const struct check checks[] = {
    {"select.mf", "TS 102 221 11.1.1", "SELECT 3F00 selects the MF and answers its FCP", 0, .run = fcp_of_mf},
    {"select.mf_by_no_fid", "TS 102 221 11.1.1", "SELECT without FID and with P2 0C selects the MF", 0,
     STEPS({"0XA4000C", "9000"})},
    {"select.ef", "TS 102 221 11.1.1", "SELECT of a child EF answers its FCP with its FID", 0, .run = fcp_of_ef},
    {"select.no_data", "TS 102 221 11.1.1", "SELECT with P2 0C answers no data", 0, .run = no_data},
    {"select.unknown_fid", "TS 102 221 11.1.1", "SELECT of a FID that is not there is refused with 6A82", 0,
     STEPS({"0XA40004026FEE00", "6A82"})},
    {"select.ef_after_unknown", "TS 102 221 11.1.1", "a refused SELECT does not stop the next one", 0,
     STEPS({"0XA4000C026FEE", "6A82"}, {"0XA4000C022FE2", "9000"}, {"0XB000000A", "9000"})},
    {"select.aid", "TS 102 221 11.1.1", "SELECT by the whole AID activates the USIM", NEEDS_USIM, .run = whole_aid},
    {"select.aid_beginning", "TS 102 221 11.1.1", "SELECT by the beginning of an AID activates the USIM", 0,
     STEPS({"0XA4040C07A0000000871002", "9000"})},
    {"select.aid_in_fcp", "TS 102 221 11.1.1.3", "the FCP of an ADF names its AID", NEEDS_USIM, .run = aid_in_fcp},
    {"select.unknown_aid", "TS 102 221 11.1.1", "SELECT of an AID that is not there is refused with 6A82", 0,
     STEPS({"0XA4040C07A000000087FFEE", "6A82"})},
    {"select.last_occurrence", "TS 102 221 11.1.1", "SELECT finds the last application with the beginning of an AID", 0,
     STEPS({"0XA4040D05A000000087", "9000"})},
    {"select.next_occurrence", "TS 102 221 11.1.1", "\"next\" walks through the applications and ends with 6A82", 0,
     .run = next_ends},
    {"select.path_from_mf", "TS 102 221 11.1.1", "SELECT by path from the MF finds an EF", 0,
     STEPS({"0XA4080C022FE2", "9000"}, {"0XB000000A", "9000"})},
    {"select.path_by_current_adf", "TS 102 221 11.1.1", "a path from the MF may begin with 7FFF", NEEDS_USIM,
     STEPS({"0XA4080C047FFF6FAD", "9000"}, {"0XB0000003", "9000"})},
    {"select.path_from_df", "TS 102 221 11.1.1", "SELECT by path from the current DF finds an EF", NEEDS_USIM,
     STEPS({"0XA4090C026FAD", "9000"}, {"0XB0000003", "9000"})},
    {"select.path_to_nothing", "TS 102 221 11.1.1", "a path that leads nowhere is refused with 6A82", 0,
     STEPS({"0XA4080C042FE26F07", "6A82"})},
    {"select.current_adf", "TS 102 221 8.4", "7FFF is the ADF of the active application", NEEDS_USIM,
     .run = current_adf},
    {"select.no_current_adf", "TS 102 221 8.4", "7FFF is refused where no application is active", IS_ADVISORY,
     STEPS({"0XA4000C027FFF", "6A82"})},
    {"select.parent", "TS 102 221 11.1.1", "P1 03 selects the parent: the MF behind an ADF", NEEDS_USIM | IS_ADVISORY,
     STEPS({"0XA4030C", "9000"}, {"0XA4000C022FE2", "9000"})},
    {"select.child_df", "TS 102 221 11.1.1", "P1 01 selects a DF below the current one", MAY_BE_MISSING,
     STEPS({"0XA4010C027F10", "9000"})},
    {"select.child_df_is_no_ef", "TS 102 221 11.1.1", "P1 01 selects no EF", 0, STEPS({"0XA4010C022FE2", ANY_ERROR})},
    {"select.termination", "TS 102 221 11.1.1", "P2 4C ends the application session", NEEDS_USIM | IS_ADVISORY,
     .run = termination},
    {"select.wrong_p1", "TS 102 221 11.1.1", "SELECT with a reserved P1 is refused with 6A86", 0,
     STEPS({"0XA4050C022FE2", "6A86"})},
    {"select.wrong_p2", "TS 102 221 11.1.1", "SELECT with a reserved answer in P2 is refused with 6A86", IS_ADVISORY,
     STEPS({"0XA40008022FE200", "6A86"})},
    {"select.wrong_length", "TS 102 221 11.1.1", "SELECT by a FID of three octets is refused with 6700", IS_ADVISORY,
     STEPS({"0XA4000C033F002F", "6700"})},
    {"select.df_leaves_no_ef", "TS 102 221 8.4.1", "after SELECT of a DF no EF is current", IS_ADVISORY,
     STEPS({"0XA4000C022FE2", "9000"}, {"0XA4000C023F00", "9000"}, {"0XB000000A", "6986"})},
    {"status.fcp", "TS 102 221 11.1.2", "STATUS answers the FCP that SELECT gave", 0, .run = status_is_fcp},
    {"status.aid", "TS 102 221 11.1.2", "STATUS with P2 01 names the active application", NEEDS_USIM,
     .run = status_names_application},
    {"status.no_data", "TS 102 221 11.1.2", "STATUS with P2 0C answers no data", 0, STEPS({"8XF2000C", "9000"})},
    {"status.initialised", "TS 102 221 11.1.2", "STATUS takes the note that the application is initialised", NEEDS_USIM,
     STEPS({"8XF2010C", "9000"})},
    {"status.wrong_p1", "TS 102 221 11.1.2", "STATUS with a reserved P1 is refused with 6A86", 0,
     STEPS({"8XF2030C", "6A86"})},
    {"status.wrong_p2", "TS 102 221 11.1.2", "STATUS with a reserved P2 is refused with 6A86", 0,
     STEPS({"8XF2000200", "6A86"})},
};

CHECK_GROUP(select_checks, checks);
