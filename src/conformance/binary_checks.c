/* binary_checks.c: READ BINARY and UPDATE BINARY (TS 102 221 11.1.3, 11.1.4). */
#include <stdio.h>
#include <string.h>

#include "conformance/check.h"

enum { FID_ICCID = 0x2fe2, FID_FPLMN = 0x6f7b };

static void part_of_whole(struct probe *probe)
{
    struct content whole;
    probe_read_file(probe, FID_ICCID, &whole);
    const struct octets part = probe_expect(probe, "0XB0000203", "9000");
    probe_demand(probe, whole.length == 10 && octets_equal(part, octets_of(whole.octets + 2, 3)),
                 "octets 2 to 4 of the whole file");
}

static void whole_by_le_zero(struct probe *probe)
{
    const size_t size = fcp_size(probe_select(probe, FID_ICCID));
    const struct octets content = probe_expect(probe, "0XB0000000", "9000");
    probe_demand(probe, content.length == size, "all %zu octets", size);
}

static void by_sfi(struct probe *probe)
{
    struct content whole;
    probe_read_file(probe, FID_ICCID, &whole);
    (void)probe_expect(probe, "0XA4000C023F00", "9000");
    probe_demand_equal(probe, probe_expect(probe, "0XB082000A", "9000"), &whole, "the file's content");
}

static void sfi_selects(struct probe *probe)
{
    struct content whole;
    (void)probe_expect(probe, "0XA4000C022F05", "9000");
    probe_keep(&whole, probe_expect(probe, "0XB082000A", "9000"));
    probe_demand_equal(probe, probe_expect(probe, "0XB000000A", "9000"), &whole, "the file that the SFI named");
}

static void sfi_with_offset(struct probe *probe)
{
    struct content whole;
    probe_read_file(probe, FID_ICCID, &whole);
    const struct octets part = probe_expect(probe, "0XB0820403", "9000");
    probe_demand(probe, whole.length == 10 && octets_equal(part, octets_of(whole.octets + 4, 3)),
                 "octets 4 to 6 of the file");
}

/* Changes nothing: the file gets what it holds. */
static void refuses_update(struct probe *probe)
{
    struct content whole;
    probe_read_file(probe, FID_ICCID, &whole);
    (void)probe_expect_data(probe, "0XD60000", octets_of(whole.octets, 1), NO_LE, "6982");
}

/* Updates of EF_FPLMN: the forbidden networks; the file always ends as it was. */

static void update_same(struct probe *probe)
{
    struct content old;
    probe_read_file(probe, FID_FPLMN, &old);
    (void)probe_expect_data(probe, "0XD60000", content_octets(&old), NO_LE, "9000");
    probe_demand_equal(probe, probe_expect(probe, "0XB0000000", "9000"), &old, "the same content");
}

static void put_back(struct probe *probe, const struct content *old)
{
    if (old->length == 0) {
        return;
    }
    (void)probe_clean_up(probe, "0XA4000C", octets_of("\x6f\x7b", 2));
    const uint16_t sw = probe_clean_up(probe, "0XD60000", content_octets(old));
    probe_demand(probe, probe_sw_fits(sw, "9000"), "EF_FPLMN could be put back as it was");
}

static void update_is_read(struct probe *probe)
{
    struct content old;
    probe_read_file(probe, FID_FPLMN, &old);
    struct content new = old;
    for (size_t i = 0; i < 3 && i < new.length; i++) {
        new.octets[i] ^= 0x10;
    }
    (void)probe_expect_data(probe, "0XD60000", content_octets(&new), NO_LE, "9000");
    probe_demand_equal(probe, probe_expect(probe, "0XB0000000", "9000"), &new, "the new content");
    put_back(probe, &old);
}

static void update_of_part(struct probe *probe)
{
    struct content old;
    probe_read_file(probe, FID_FPLMN, &old);
    struct content new = old;
    memset(new.octets + 3, 0x99, 3);
    (void)probe_expect_data(probe, "0XD60003", octets_of(new.octets + 3, 3), NO_LE, "9000");
    probe_demand_equal(probe, probe_expect(probe, "0XB0000000", "9000"), &new, "octets 3 to 5 new, the others old");
    put_back(probe, &old);
}

static void update_by_sfi(struct probe *probe)
{
    struct content old;
    probe_read_file(probe, FID_FPLMN, &old);
    (void)probe_expect(probe, "0XA4000C027FFF", "9000");
    (void)probe_expect_data(probe, "0XD68D00", content_octets(&old), NO_LE, "9000");
    probe_demand_equal(probe, probe_expect(probe, "0XB0000000", "9000"), &old, "EF_FPLMN as it was");
}

static void update_past_end(struct probe *probe)
{
    char head[16];
    struct content old;
    const size_t size = fcp_size(probe_select(probe, FID_FPLMN));
    probe_keep(&old, probe_expect(probe, "0XB0000000", "9000"));
    (void)snprintf(head, sizeof head, "0XD6%04X", (unsigned)(size - 1) & 0x7fffU);
    (void)probe_expect_data(probe, head, octets_of("\xff\xff", 2), NO_LE, ANY_ERROR);
    probe_demand_equal(probe, probe_expect(probe, "0XB0000000", "9000"), &old, "the content unchanged");
}

#define USIM_OPEN (NEEDS_USIM | NEEDS_PIN_OPEN)

static const struct check checks[] = {
    {"binary.read", "TS 102 221 11.1.3", "READ BINARY reads as many octets as Le says", 0,
     STEPS({"0XA4000C022FE2", "9000"}, {"0XB000000A", "9000"})},
    {"binary.read_all", "TS 102 221 11.1.3", "READ BINARY with Le 00 reads the whole of a short file", 0,
     .run = whole_by_le_zero},
    {"binary.read_part", "TS 102 221 11.1.3", "READ BINARY reads from the offset in P1 and P2", 0,
     .run = part_of_whole},
    {"binary.read_by_sfi", "TS 102 221 11.1.3", "READ BINARY finds a file by its SFI", 0, .run = by_sfi},
    {"binary.read_by_sfi_offset", "TS 102 221 11.1.3", "READ BINARY by SFI reads from the offset in P2", 0,
     .run = sfi_with_offset},
    {"binary.sfi_selects", "TS 102 221 11.1.3", "an SFI makes its file the current one", 0, .run = sfi_selects},
    {"binary.unknown_sfi", "TS 102 221 11.1.3", "READ BINARY by an SFI that is not there is refused with 6A82", 0,
     STEPS({"0XB09D0001", "6A82"})},
    {"binary.offset_beyond_end", "TS 102 221 11.1.3", "an offset beyond the end is refused with 6B00", IS_ADVISORY,
     STEPS({"0XA4000C022FE2", "9000"}, {"0XB0010001", "6B00"})},
    {"binary.no_ef", "TS 102 221 11.1.3", "READ BINARY without a current EF is refused with 6986", IS_ADVISORY,
     STEPS({"0XB0000001", "6986"})},
    {"binary.record_file", "TS 102 221 11.1.3", "READ BINARY of a record file is refused with 6981", IS_ADVISORY,
     STEPS({"0XA4000C022F00", "9000"}, {"0XB0000001", "6981"})},
    {"binary.refused_without_pin", "TS 102 221 9.2", "EF_IMSI cannot be read before the PIN is verified",
     NEEDS_USIM | NEEDS_PIN_CLOSED, STEPS({"0XA4000C026F07", "9000"}, {"0XB0000009", "6982"})},
    {"binary.update_refused_without_pin", "TS 102 221 9.2", "EF_FPLMN cannot be updated before the PIN is verified",
     NEEDS_USIM | NEEDS_PIN_CLOSED, STEPS({"0XA4000C026F7B", "9000"}, {"0XD6000003FFFFFF", "6982"})},
    {"binary.open_without_pin", "TS 102 221 9.2", "EF_AD can be read before the PIN is verified",
     NEEDS_USIM | NEEDS_PIN_CLOSED, STEPS({"0XA4000C026FAD", "9000"}, {"0XB0000003", "9000"})},
    {"binary.allowed_with_pin", "TS 102 221 9.2", "EF_IMSI can be read when the PIN is verified", USIM_OPEN,
     STEPS({"0XA4000C026F07", "9000"}, {"0XB0000009", "9000"})},
    {"binary.update_never", "TS 102 221 9.2", "UPDATE BINARY of EF_ICCID is refused with 6982", 0,
     .run = refuses_update},
    {"binary.update_same", "TS 102 221 11.1.4", "UPDATE BINARY of EF_FPLMN with what it holds changes nothing",
     USIM_OPEN, .run = update_same},
    {"binary.update", "TS 102 221 11.1.4", "what UPDATE BINARY wrote is read again", USIM_OPEN, .run = update_is_read},
    {"binary.update_part", "TS 102 221 11.1.4", "UPDATE BINARY changes only the octets from its offset", USIM_OPEN,
     .run = update_of_part},
    {"binary.update_by_sfi", "TS 102 221 11.1.4", "UPDATE BINARY finds a file by its SFI", USIM_OPEN,
     .run = update_by_sfi},
    {"binary.update_past_end", "TS 102 221 11.1.4", "UPDATE BINARY past the end is refused and changes nothing",
     USIM_OPEN, .run = update_past_end},
};

CHECK_GROUP(binary_checks, checks);
