/* administration_checks.c: files created, resized, deactivated, deleted under ADM1 (TS 102 221 11.1.14, TS 102 222). */
#include <stdio.h>

#include "codec/ber_tlv.h"
#include "conformance/check.h"

enum { FID_FPLMN = 0x6f7b, FID_PL = 0x2f05, FID_NEW = 0x2f7e, SIZE_NEW = 20, RECORD_NEW = 10, RECORDS_NEW = 2 };
enum { TAG_FCP = 0x62, TAG_DESCRIPTOR = 0x82, TAG_FID = 0x83, TAG_LIFE_CYCLE = 0x8a, TAG_SECURITY = 0x8b };
enum { TAG_SIZE = 0x80, TAG_SFI = 0x88, CODING = 0x21, SHAREABLE = 0x40, DEACTIVATED = 0x04, ACTIVATED = 0x05 };

static const uint8_t fid_new[] = {0x2f, 0x7e};

/* DEACTIVATE and ACTIVATE FILE, on EF_FPLMN */

static void activate_again(struct probe *probe)
{
    (void)probe_clean_up(probe, "0XA4000C", octets_of("\x6f\x7b", 2));
    (void)probe_clean_up(probe, "0X440000", (struct octets){0});
}

static void deactivate(struct probe *probe)
{
    (void)probe_select(probe, FID_FPLMN);
    (void)probe_expect_offered(probe, "0X040000", "9000");
}

static void deactivated_shows(struct probe *probe)
{
    deactivate(probe);
    const struct octets fcp = probe_fcp(probe, probe_expect(probe, "0XA40004026F7B00", "9000|6283"));
    const struct octets state = fcp_value(fcp, TAG_LIFE_CYCLE);
    probe_demand(probe, state.length == 1 && (state.data[0] & 0xfd) == DEACTIVATED, "8A 01 04");
    activate_again(probe);
}

static void deactivated_warns(struct probe *probe)
{
    deactivate(probe);
    (void)probe_expect(probe, "0XA4000C026F7B", "6283");
    activate_again(probe);
}

static void deactivated_refuses(struct probe *probe)
{
    deactivate(probe);
    (void)probe_expect(probe, "0XB0000001", ANY_ERROR);
    activate_again(probe);
}

static void activated_again(struct probe *probe)
{
    deactivate(probe);
    (void)probe_expect(probe, "0X440000", "9000");
    const struct octets state = fcp_value(probe_select(probe, FID_FPLMN), TAG_LIFE_CYCLE);
    probe_demand(probe, state.length == 1 && state.data[0] == ACTIVATED, "8A 01 05");
    (void)probe_expect(probe, "0XB0000001", "9000");
    activate_again(probe);
}

/* Before ADM1 is verified; put back should the card have done it. */
static void deactivating_needs_adm(struct probe *probe)
{
    (void)probe_select(probe, FID_FPLMN);
    (void)probe_expect_offered(probe, "0X040000", "6982");
    if (probe->verdict == CONFORMANCE_FAILED) {
        activate_again(probe);
    }
}

/* CREATE and DELETE FILE, below the MF */

/* The access rule of EF_PL, which anybody may read and the PIN's owner update. */
static void write_rule(struct probe *probe, struct octet_writer *writer)
{
    const struct octets rule = fcp_value(probe_select(probe, FID_PL), TAG_SECURITY);
    if (probe_goes_on(probe) && rule.length == 0) {
        probe_not_supported(probe, "the rules of this card are not referenced: none can be named");
    }
    ber_tlv_write(writer, TAG_SECURITY, rule);
}

static void write_fcp(struct probe *probe, uint8_t kind, struct octet_writer *writer)
{
    const uint8_t life_cycle = ACTIVATED;
    const bool has_records = kind != FILE_TRANSPARENT;
    ber_tlv_write_head(writer, TAG_DESCRIPTOR, has_records ? 4 : 2);
    octet_writer_u8(writer, SHAREABLE | kind);
    octet_writer_u8(writer, CODING);
    if (has_records) {
        octet_writer_u16(writer, RECORD_NEW);
    }
    ber_tlv_write(writer, TAG_FID, octets_of(fid_new, sizeof fid_new));
    ber_tlv_write(writer, TAG_LIFE_CYCLE, octets_of(&life_cycle, 1));
    write_rule(probe, writer);
    ber_tlv_write_head(writer, TAG_SIZE, 2);
    octet_writer_u16(writer, has_records ? RECORD_NEW * RECORDS_NEW : SIZE_NEW);
    ber_tlv_write_head(writer, TAG_SFI, 0);
}

/* Creates the test's file. A card whose rules forbid it, or that has no room, does not offer it. */
static void create(struct probe *probe, uint8_t kind)
{
    uint8_t data[96];
    uint8_t content[64];
    struct octet_writer writer = octet_writer_of(data, sizeof data);
    struct octet_writer fcp = octet_writer_of(content, sizeof content);
    write_fcp(probe, kind, &fcp);
    ber_tlv_write(&writer, TAG_FCP, octets_written(&fcp));
    (void)probe_expect(probe, "0XA4000C022F7E", "6A82");
    (void)probe_expect(probe, "0XA4000C023F00", "9000");
    probe->may_be_missing = true;
    (void)probe_expect_data(probe, "0XE00000", octets_written(&writer), NO_LE, "9000|6982|6985|6A84");
    if (probe_goes_on(probe) && !probe_sw_fits(probe->response.sw, "9000")) {
        probe_not_supported(probe, probe->seen);
    }
}

/* What create made, if it did, is gone behind this. */
static void delete_again(struct probe *probe)
{
    (void)probe_clean_up(probe, "0XA4000C", octets_of("\x3f\x00", 2));
    (void)probe_clean_up(probe, "0XE40000", octets_of(fid_new, sizeof fid_new));
}

/* Deletes only what this check has made: never a file that the card had. */
static void created_is_selected(struct probe *probe)
{
    create(probe, FILE_TRANSPARENT);
    const bool is_made = probe_goes_on(probe);
    const struct octets fcp = probe_select(probe, FID_NEW);
    probe_demand(probe, fcp_kind(fcp) == FILE_TRANSPARENT && fcp_size(fcp) == SIZE_NEW, "transparent, %d octets",
                 SIZE_NEW);
    if (is_made) {
        delete_again(probe);
    }
}

static void created_is_written(struct probe *probe)
{
    create(probe, FILE_TRANSPARENT);
    const bool is_made = probe_goes_on(probe);
    (void)probe_select(probe, FID_NEW);
    (void)probe_expect(probe, "0XD600000401020304", "9000");
    const struct octets content = probe_expect(probe, "0XB0000004", "9000");
    probe_demand(probe, octets_equal(content, octets_of("\x01\x02\x03\x04", 4)), "01020304");
    if (is_made) {
        delete_again(probe);
    }
}

static void created_has_records(struct probe *probe)
{
    create(probe, FILE_LINEAR_FIXED);
    const bool is_made = probe_goes_on(probe);
    const struct octets fcp = probe_select(probe, FID_NEW);
    probe_demand(probe, fcp_record_length(fcp) == RECORD_NEW && fcp_record_count(fcp) == RECORDS_NEW,
                 "%d records of %d octets", RECORDS_NEW, RECORD_NEW);
    (void)probe_expect(probe, "0XB202040A", "9000");
    (void)probe_expect(probe, "0XB203040A", "6A83");
    if (is_made) {
        delete_again(probe);
    }
}

/* UPDATE RECORD "previous" of a cyclic file makes its oldest record the newest: record 1. */
static void cyclic_turns(struct probe *probe)
{
    create(probe, FILE_CYCLIC);
    const bool is_made = probe_goes_on(probe);
    (void)probe_select(probe, FID_NEW);
    (void)probe_expect(probe, "0XDC00030A11111111111111111111", "9000");
    (void)probe_expect(probe, "0XDC00030A22222222222222222222", "9000");
    const struct octets newest = probe_expect(probe, "0XB201040A", "9000");
    probe_demand(probe, newest.length > 0 && newest.data[0] == 0x22, "what was written last in record 1");
    const struct octets older = probe_expect(probe, "0XB202040A", "9000");
    probe_demand(probe, older.length > 0 && older.data[0] == 0x11, "what was written before in record 2");
    if (is_made) {
        delete_again(probe);
    }
}

static void deleted_is_gone(struct probe *probe)
{
    create(probe, FILE_TRANSPARENT);
    const bool is_made = probe_goes_on(probe);
    (void)probe_expect(probe, "0XA4000C023F00", "9000");
    (void)probe_expect_data(probe, "0XE40000", octets_of(fid_new, sizeof fid_new), NO_LE, "9000");
    (void)probe_expect(probe, "0XA4000C022F7E", "6A82");
    if (is_made && !probe_goes_on(probe)) {
        delete_again(probe);
    }
}

static void twice_is_refused(struct probe *probe)
{
    uint8_t data[96];
    uint8_t content[64];
    struct octet_writer writer = octet_writer_of(data, sizeof data);
    struct octet_writer fcp = octet_writer_of(content, sizeof content);
    create(probe, FILE_TRANSPARENT);
    const bool is_made = probe_goes_on(probe);
    write_fcp(probe, FILE_TRANSPARENT, &fcp);
    ber_tlv_write(&writer, TAG_FCP, octets_written(&fcp));
    (void)probe_expect(probe, "0XA4000C023F00", "9000");
    (void)probe_expect_data(probe, "0XE00000", octets_written(&writer), NO_LE, "6AXX");
    if (is_made) {
        delete_again(probe);
    }
}

/* 83 and the new size in 80 (102 222 6.10). */
static void resized(struct probe *probe)
{
    create(probe, FILE_TRANSPARENT);
    const bool is_made = probe_goes_on(probe);
    (void)probe_expect(probe, "0XA4000C023F00", "9000");
    (void)probe_expect_offered(probe, "8XD400000A620883022F7E80020028", "9000");
    const size_t size = fcp_size(probe_select(probe, FID_NEW));
    probe_demand(probe, size == 0x28, "40 octets");
    if (is_made) {
        delete_again(probe);
    }
}

static const struct check checks[] = {
    {"activate.needs_adm", "TS 102 221 11.1.14", "DEACTIVATE FILE is refused with 6982 before ADM1 is verified",
     NEEDS_USIM | NEEDS_PIN_OPEN | NEEDS_DESTRUCTIVE, .run = deactivating_needs_adm},
    {"activate.deactivated", "TS 102 221 11.1.14", "the FCP of a deactivated file says so",
     NEEDS_USIM | NEEDS_ADM | NEEDS_DESTRUCTIVE, .run = deactivated_shows},
    {"activate.select_warns", "TS 102 221 11.1.1", "SELECT of a deactivated file answers 6283",
     NEEDS_USIM | NEEDS_ADM | NEEDS_DESTRUCTIVE | IS_ADVISORY, .run = deactivated_warns},
    {"activate.read_refused", "TS 102 221 11.1.14", "a deactivated file cannot be read",
     NEEDS_USIM | NEEDS_ADM | NEEDS_DESTRUCTIVE, .run = deactivated_refuses},
    {"activate.activated", "TS 102 221 11.1.15", "ACTIVATE FILE makes the file as before",
     NEEDS_USIM | NEEDS_PIN_OPEN | NEEDS_ADM | NEEDS_DESTRUCTIVE, .run = activated_again},
    {"admin.create", "TS 102 222 6.3", "CREATE FILE makes a transparent file of the size that was asked for",
     NEEDS_ADM | NEEDS_DESTRUCTIVE, .run = created_is_selected},
    {"admin.created_file_works", "TS 102 222 6.3", "a file that was created can be written and read",
     NEEDS_PIN_OPEN | NEEDS_ADM | NEEDS_DESTRUCTIVE, .run = created_is_written},
    {"admin.create_records", "TS 102 222 6.3", "CREATE FILE makes a linear fixed file with its records",
     NEEDS_ADM | NEEDS_DESTRUCTIVE, .run = created_has_records},
    {"admin.create_cyclic", "TS 102 221 8.2.2.3", "in a cyclic file what was written last is record 1",
     NEEDS_PIN_OPEN | NEEDS_ADM | NEEDS_DESTRUCTIVE, .run = cyclic_turns},
    {"admin.create_twice", "TS 102 222 6.3", "CREATE FILE of a FID that is there is refused with 6AXX",
     NEEDS_ADM | NEEDS_DESTRUCTIVE | IS_ADVISORY, .run = twice_is_refused},
    {"admin.delete", "TS 102 222 6.4", "a file that was deleted cannot be selected", NEEDS_ADM | NEEDS_DESTRUCTIVE,
     .run = deleted_is_gone},
    {"admin.resize", "TS 102 222 6.10", "RESIZE FILE gives a file the new size",
     NEEDS_ADM | NEEDS_DESTRUCTIVE | IS_ADVISORY, .run = resized},
};

CHECK_GROUP(administration_checks, checks);
