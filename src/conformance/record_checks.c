/* record_checks.c: READ, UPDATE and SEARCH RECORD, INCREASE (TS 102 221 11.1.5 to 11.1.8). */
#include <stdio.h>

#include "base/secret.h"
#include "conformance/check.h"

enum { FID_DIR = 0x2f00 };

/* Sends a READ RECORD and wants the record that was kept. */
static void demand_record(struct probe *probe, const char *command, const struct content *record, const char *what)
{
    probe_demand_equal(probe, probe_expect(probe, command, "9000"), record, what);
}

static void length_of_record(struct probe *probe)
{
    const size_t length = fcp_record_length(probe_select(probe, FID_DIR));
    const struct octets record = probe_expect(probe, "0XB2010400", "9000");
    probe_demand(probe, record.length == length, "a record of %zu octets", length);
}

/* First and last record of EF_DIR, which is then selected anew: no record is current. */
static void keep_records(struct probe *probe, struct content *first, struct content *last)
{
    const size_t count = fcp_record_count(probe_select(probe, FID_DIR));
    probe_read_record(probe, 1, first);
    probe_read_record(probe, count, last);
    (void)probe_select(probe, FID_DIR);
}

static void by_sfi(struct probe *probe)
{
    struct content first, last;
    keep_records(probe, &first, &last);
    (void)probe_expect(probe, "0XA4000C023F00", "9000");
    demand_record(probe, "0XB201F400", &first, "record 1 of EF_DIR");
    demand_record(probe, "0XB2010400", &first, "EF_DIR is the current file");
}

static void next_is_first(struct probe *probe)
{
    struct content first, last;
    keep_records(probe, &first, &last);
    demand_record(probe, "0XB2000200", &first, "record 1");
}

static void previous_is_last(struct probe *probe)
{
    struct content first, last;
    keep_records(probe, &first, &last);
    demand_record(probe, "0XB2000300", &last, "the last record");
}

static void current_is_where_next_went(struct probe *probe)
{
    struct content first, last;
    keep_records(probe, &first, &last);
    (void)probe_expect(probe, "0XB2000200", "9000");
    demand_record(probe, "0XB2000400", &first, "record 1");
}

static void next_ends(struct probe *probe)
{
    const size_t count = fcp_record_count(probe_select(probe, FID_DIR));
    for (size_t i = 0; i < count && probe_goes_on(probe); i++) {
        (void)probe_expect(probe, "0XB2000200", "9000");
    }
    (void)probe_expect(probe, "0XB2000200", "6A83");
}

static void beyond_last(struct probe *probe)
{
    char command[24];
    const size_t count = fcp_record_count(probe_select(probe, FID_DIR));
    (void)snprintf(command, sizeof command, "0XB2%02X0400", (unsigned)(count + 1) & 0xffU);
    (void)probe_expect(probe, command, "6A83");
}

static void absolute_leaves_pointer(struct probe *probe)
{
    struct content first, last, other;
    const size_t count = fcp_record_count(probe_select(probe, FID_DIR));
    keep_records(probe, &first, &last);
    (void)probe_expect(probe, "0XB2000200", "9000");
    probe_read_record(probe, count, &other);
    demand_record(probe, "0XB2000400", &first, "record 1, where \"next\" had gone");
}

/* Changes nothing: the record gets what it holds. */
static void update_refused(struct probe *probe)
{
    struct content first;
    (void)probe_select(probe, FID_DIR);
    probe_read_record(probe, 1, &first);
    (void)probe_expect_data(probe, "0XDC0104", content_octets(&first), NO_LE, "6982");
}

/* EF_EPSNSC is the record file that a phone may update; it may hold keys. */
static void update_same(struct probe *probe)
{
    struct content record;
    (void)probe_select_offered(probe, 0x6fe4);
    probe_read_record(probe, 1, &record);
    (void)probe_expect_data(probe, "0XDC0104", content_octets(&record), NO_LE, "9000");
    probe_demand_equal(probe, probe_expect(probe, "0XB2010400", "9000"), &record, "the same content");
    secret_wipe(&record, sizeof record);
}

static void update_is_read(struct probe *probe)
{
    struct content old;
    (void)probe_select_offered(probe, 0x6fe4);
    probe_read_record(probe, 1, &old);
    struct content new = old;
    new.octets[0] ^= 0xff;
    (void)probe_expect_data(probe, "0XDC0104", content_octets(&new), NO_LE, "9000");
    probe_demand_equal(probe, probe_expect(probe, "0XB2010400", "9000"), &new, "the new content");
    if (old.length > 0) {
        const uint16_t sw = probe_clean_up(probe, "0XDC0104", content_octets(&old));
        probe_demand(probe, probe_sw_fits(sw, "9000"), "EF_EPSNSC could be put back as it was");
    }
    secret_wipe(&old, sizeof old);
    secret_wipe(&new, sizeof new);
}

static void update_of_wrong_length(struct probe *probe)
{
    struct content record;
    (void)probe_select_offered(probe, 0x6fe4);
    probe_read_record(probe, 1, &record);
    if (record.length > 0) {
        (void)probe_expect_data(probe, "0XDC0104", octets_of(record.octets, record.length - 1), NO_LE, "67XX");
    }
    secret_wipe(&record, sizeof record);
}

static const struct check records[] = {
    {"record.read", "TS 102 221 11.1.5", "READ RECORD reads a record of the length in the FCP", 0,
     .run = length_of_record},
    {"record.read_by_sfi", "TS 102 221 11.1.5", "READ RECORD finds a file by its SFI, and selects it", 0,
     .run = by_sfi},
    {"record.next", "TS 102 221 11.1.5", "after SELECT \"next\" is the first record", 0, .run = next_is_first},
    {"record.previous", "TS 102 221 11.1.5", "after SELECT \"previous\" is the last record", 0,
     .run = previous_is_last},
    {"record.current", "TS 102 221 11.1.5", "P1 00 reads the record where \"next\" went", 0,
     .run = current_is_where_next_went},
    {"record.next_ends", "TS 102 221 11.1.5", "\"next\" behind the last record is refused with 6A83", 0,
     .run = next_ends},
    {"record.beyond_last", "TS 102 221 11.1.5", "a record behind the last is refused with 6A83", 0, .run = beyond_last},
    {"record.absolute_leaves_pointer", "TS 102 221 11.1.5", "reading by number does not move the record pointer",
     IS_ADVISORY, .run = absolute_leaves_pointer},
    {"record.wrong_mode", "TS 102 221 11.1.5", "a reserved mode in P2 is refused with 6A86", IS_ADVISORY,
     STEPS({"0XA4000C022F00", "9000"}, {"0XB2010100", "6A86"})},
    {"record.transparent_file", "TS 102 221 11.1.5", "READ RECORD of a transparent file is refused with 6981",
     IS_ADVISORY, STEPS({"0XA4000C022FE2", "9000"}, {"0XB2010400", "6981"})},
    {"record.update_refused", "TS 102 221 9.2", "UPDATE RECORD of EF_DIR is refused with 6982", 0,
     .run = update_refused},
    {"record.update_same", "TS 102 221 11.1.6", "UPDATE RECORD with what it holds changes nothing",
     NEEDS_USIM | NEEDS_PIN_OPEN | HIDES_CONTENT, .run = update_same},
    {"record.update", "TS 102 221 11.1.6", "what UPDATE RECORD wrote is read again",
     NEEDS_USIM | NEEDS_PIN_OPEN | HIDES_CONTENT, .run = update_is_read},
    {"record.update_wrong_length", "TS 102 221 11.1.6", "UPDATE RECORD with a part of a record is refused with 67XX",
     NEEDS_USIM | NEEDS_PIN_OPEN | HIDES_CONTENT | IS_ADVISORY, .run = update_of_wrong_length},
};

CHECK_GROUP(record_checks, records);

/* SEARCH RECORD: the pattern is the whole of a record, so that it is found there whatever the way of comparing. */

static bool names_record(struct octets numbers, uint8_t record)
{
    for (size_t i = 0; i < numbers.length; i++) {
        if (numbers.data[i] == record) {
            return true;
        }
    }
    return false;
}

static void search_for_first(struct probe *probe, const char *head)
{
    struct content first;
    (void)probe_select(probe, FID_DIR);
    probe_read_record(probe, 1, &first);
    probe->may_be_missing = true;
    const struct octets numbers = probe_expect_data(probe, head, content_octets(&first), WITH_LE, "9000");
    probe_demand(probe, names_record(numbers, 1), "01 among the numbers of records");
}

static void search_forward(struct probe *probe)
{
    search_for_first(probe, "0XA20104");
}

static void search_backward(struct probe *probe)
{
    char head[16];
    const size_t count = fcp_record_count(probe_select(probe, FID_DIR));
    (void)snprintf(head, sizeof head, "0XA2%02X05", (unsigned)count & 0xffU);
    search_for_first(probe, head);
}

static void search_by_sfi(struct probe *probe)
{
    search_for_first(probe, "0XA201F4");
}

/* Offset 00, then the pattern: forward from the record in P1. */
static void search_enhanced(struct probe *probe)
{
    struct content first;
    (void)probe_select(probe, FID_DIR);
    probe_read_record(probe, 1, &first);
    uint8_t data[2 + APDU_RESPONSE_MAX];
    struct octet_writer writer = octet_writer_of(data, sizeof data);
    octet_writer_u16(&writer, 0x0400);
    octet_writer_put_octets(&writer, octets_of(first.octets, first.length < 8 ? first.length : 8));
    probe->may_be_missing = true;
    const struct octets numbers = probe_expect_data(probe, "0XA20106", octets_written(&writer), WITH_LE, "9000");
    probe_demand(probe, names_record(numbers, 1), "01 among the numbers of records");
}

static void search_in_vain(struct probe *probe)
{
    (void)probe_select(probe, FID_DIR);
    (void)probe_expect_offered(probe, "0XA2010405E7C3A5185A00", "6282");
}

static void search_in_transparent_file(struct probe *probe)
{
    (void)probe_expect(probe, "0XA4000C022FE2", "9000");
    (void)probe_expect_offered(probe, "0XA20104023F0000", "6981");
}

/* INCREASE, on the accumulated call meter */

enum { FID_ACM = 0x6f39, ACM_OCTETS = 3 };

/* The lower 16 bits of a meter, 0 where a card answered with less than one. */
static unsigned meter_value(struct octets meter)
{
    return meter.length < ACM_OCTETS ? 0 : (unsigned)meter.data[1] << 8 | meter.data[2];
}

static void increase_adds(struct probe *probe)
{
    struct content old;
    probe_demand(probe, fcp_kind(probe_select_offered(probe, FID_ACM)) == FILE_CYCLIC, "a cyclic file");
    probe_read_record(probe, 1, &old);
    probe->may_be_missing = true;
    const struct octets answer = probe_expect(probe, "8X3200000300000100", "9000");
    probe_demand(probe, answer.length == 2 * (size_t)ACM_OCTETS, "the new value and what was added");
    const unsigned after = (meter_value(content_octets(&old)) + 1) & 0xffffU;
    probe_demand(probe, meter_value(answer) == after, "a value greater by one");
    if (old.length == ACM_OCTETS) {
        (void)probe_clean_up(probe, "0XDC0003", content_octets(&old));
    }
}

static void increase_linear_file(struct probe *probe)
{
    (void)probe_expect(probe, "0XA4000C026FB7", "9000");
    (void)probe_expect_offered(probe, "8X3200000300000000", ANY_ERROR);
}

static const struct check searches[] = {
    {"search.forward", "TS 102 221 11.1.7", "SEARCH RECORD finds a record by its content", 0, .run = search_forward},
    {"search.backward", "TS 102 221 11.1.7", "SEARCH RECORD finds a record from behind", 0, .run = search_backward},
    {"search.by_sfi", "TS 102 221 11.1.7", "SEARCH RECORD finds a file by its SFI", 0, .run = search_by_sfi},
    {"search.enhanced", "TS 102 221 11.1.7", "enhanced search finds a pattern at offset 00", IS_ADVISORY,
     .run = search_enhanced},
    {"search.nothing_found", "TS 102 221 11.1.7", "SEARCH RECORD that finds nothing answers 6282", IS_ADVISORY,
     .run = search_in_vain},
    {"search.transparent_file", "TS 102 221 11.1.7", "SEARCH RECORD in a transparent file is refused with 6981",
     IS_ADVISORY, .run = search_in_transparent_file},
    {"increase.adds", "TS 102 221 11.1.8", "INCREASE of EF_ACM answers the sum",
     NEEDS_USIM | NEEDS_PIN_OPEN | NEEDS_DESTRUCTIVE, .run = increase_adds},
    {"increase.linear_file", "TS 102 221 11.1.8", "INCREASE of a file that is not cyclic is refused",
     NEEDS_USIM | NEEDS_PIN_OPEN | NEEDS_DESTRUCTIVE, .run = increase_linear_file},
};

CHECK_GROUP(search_checks, searches);
