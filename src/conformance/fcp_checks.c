/* fcp_checks.c: what the file control parameters say, and whether it is true (TS 102 221 11.1.1.3). */
#include <stdio.h>

#include "codec/ber_tlv.h"
#include "conformance/check.h"

enum {
    TAG_DESCRIPTOR = 0x82,
    TAG_PROPRIETARY = 0xa5,
    TAG_LIFE_CYCLE = 0x8a,
    TAG_SECURITY_REFERENCED = 0x8b,
    TAG_SECURITY_COMPACT = 0x8c,
    TAG_SECURITY_EXPANDED = 0xab,
    TAG_PIN_STATUS = 0xc6,
    TAG_SFI = 0x88,
    LIFE_CYCLE_ACTIVATED = 0x05
};
enum { FID_MF = 0x3f00, FID_DIR = 0x2f00, FID_ICCID = 0x2fe2, FID_CURRENT_ADF = 0x7fff };

/* The order in which cards give the data objects; those of one rank exclude each other. */
static const struct {
    uint32_t tag;
    unsigned rank;
} order[] = {
    {0x82, 1}, {0x83, 2}, {0x84, 3}, {0xa5, 4}, {0x8a, 5}, {0x8b, 6},
    {0x8c, 6}, {0xab, 6}, {0xc6, 7}, {0x80, 8}, {0x81, 9}, {0x88, 10},
};

static unsigned rank_of(uint32_t tag, unsigned previous)
{
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (order[i].tag == tag) {
            return order[i].rank;
        }
    }
    return previous; /* an object that is not looked at */
}

static void demand_order(struct probe *probe, struct octets fcp)
{
    struct ber_tlv object;
    unsigned previous = 0;
    bool in_order = true;
    struct octet_reader reader = octet_reader_of(fcp);
    while (ber_tlv_next(&reader, &object)) {
        const unsigned rank = rank_of(object.tag, previous);
        in_order = in_order && rank >= previous;
        previous = rank;
    }
    probe_demand(probe, in_order && octet_reader_end(&reader) == GBAU_OK, "82 83 84 A5 8A 8B C6 80 81 88");
}

static void order_of_objects(struct probe *probe)
{
    demand_order(probe, probe_select(probe, FID_MF));
    demand_order(probe, probe_select(probe, FID_ICCID));
}

static void kind_of_mf(struct probe *probe)
{
    const unsigned kind = fcp_kind(probe_select(probe, FID_MF));
    probe_demand(probe, kind == FILE_DIRECTORY, "descriptor 78");
}

static void kind_of_adf(struct probe *probe)
{
    const unsigned kind = fcp_kind(probe_select(probe, FID_CURRENT_ADF));
    probe_demand(probe, kind == FILE_DIRECTORY, "descriptor 78");
}

static void kind_of_transparent(struct probe *probe)
{
    const unsigned kind = fcp_kind(probe_select(probe, FID_ICCID));
    probe_demand(probe, kind == FILE_TRANSPARENT, "descriptor 41");
}

static void kind_of_linear_fixed(struct probe *probe)
{
    const struct octets fcp = probe_select(probe, FID_DIR);
    const bool is_right = fcp_kind(fcp) == FILE_LINEAR_FIXED && fcp_record_length(fcp) > 0 &&
                          fcp_record_count(fcp) > 0 && fcp_value(fcp, TAG_DESCRIPTOR).length == 5;
    probe_demand(probe, is_right, "descriptor 42, length and number of records");
}

static void demand_activated(struct probe *probe, uint16_t fid)
{
    const struct octets state = fcp_value(probe_select(probe, fid), TAG_LIFE_CYCLE);
    probe_demand(probe, state.length == 1 && state.data[0] == LIFE_CYCLE_ACTIVATED, "8A 01 05");
}

static void life_cycle_of_card(struct probe *probe)
{
    demand_activated(probe, FID_MF);
    demand_activated(probe, FID_ICCID);
}

static void life_cycle_of_adf(struct probe *probe)
{
    demand_activated(probe, FID_CURRENT_ADF);
    demand_activated(probe, 0x6f07);
}

static void demand_security(struct probe *probe, uint16_t fid)
{
    const struct octets fcp = probe_select(probe, fid);
    const bool is_there = fcp_value(fcp, TAG_SECURITY_REFERENCED).length > 0 ||
                          fcp_value(fcp, TAG_SECURITY_COMPACT).length > 0 ||
                          fcp_value(fcp, TAG_SECURITY_EXPANDED).length > 0;
    probe_demand(probe, is_there, "8B, 8C or AB");
}

static void security_of_card(struct probe *probe)
{
    demand_security(probe, FID_MF);
    demand_security(probe, FID_ICCID);
}

static void security_of_adf(struct probe *probe)
{
    demand_security(probe, FID_CURRENT_ADF);
    demand_security(probe, 0x6f07);
}

/* 8B 03 {FID of the EF_ARR, record}: the record is there, and begins with an access mode (ISO/IEC 7816-4). */
static void rule_can_be_read(struct probe *probe)
{
    struct content rule;
    struct ber_tlv mode = {0};
    const struct octets reference = fcp_value(probe_select(probe, FID_ICCID), TAG_SECURITY_REFERENCED);
    if (probe_goes_on(probe) && reference.length != 3) {
        probe_not_supported(probe, "the rule is not referenced by file and record");
        return;
    }
    struct octet_reader place = octet_reader_of(reference);
    const uint16_t fid = octet_reader_u16(&place);
    const uint8_t record = octet_reader_u8(&place);
    (void)probe_select(probe, fid);
    probe_read_record(probe, record, &rule);
    struct octet_reader reader = octet_reader_of(content_octets(&rule));
    const bool has_mode = ber_tlv_next(&reader, &mode) && mode.tag >= 0x80 && mode.tag <= 0x8f;
    probe_demand(probe, has_mode, "a rule that begins with an access mode, 80 to 8F");
}

static void size_of_transparent(struct probe *probe)
{
    const size_t size = fcp_size(probe_select(probe, FID_ICCID));
    const struct octets content = probe_expect(probe, "0XB0000000", "9000");
    probe_demand(probe, content.length == size, "%zu octets, as 80 says", size);
}

static void size_of_linear_fixed(struct probe *probe)
{
    const struct octets fcp = probe_select(probe, FID_DIR);
    const size_t size = fcp_record_length(fcp) * fcp_record_count(fcp);
    probe_demand(probe, fcp_size(fcp) == size, "80 with %zu: length times number of records", size);
}

/* 88 01 {SFI << 3}; without 88 it is the last five bits of the FID. */
static void sfi_is_true(struct probe *probe)
{
    char command[24];
    struct content by_fid;
    const struct octets value = fcp_value(probe_select(probe, FID_ICCID), TAG_SFI);
    const unsigned sfi = value.length == 1 ? value.data[0] >> 3 : FID_ICCID & 0x1fU;
    probe_demand(probe, value.length != 1 || (value.data[0] & 0x07) == 0, "88 with the SFI in b8 to b4");
    probe_keep(&by_fid, probe_expect(probe, "0XB000000A", "9000"));
    (void)probe_expect(probe, "0XA4000C023F00", "9000");
    (void)snprintf(command, sizeof command, "0XB0%02X000A", 0x80U | sfi);
    probe_demand_equal(probe, probe_expect(probe, command, "9000"), &by_fid, "EF_ICCID by the SFI of its FCP");
}

/* The template that tells phones which PINs there are (9.5.2). */
static struct octets pin_status_of(struct probe *probe, uint16_t fid)
{
    const struct octets status = fcp_value(probe_select(probe, fid), TAG_PIN_STATUS);
    probe_demand(probe, fcp_value(status, 0x90).length > 0, "C6 with 90");
    return status;
}

static void pin_status_of_mf(struct probe *probe)
{
    const struct octets reference = fcp_value(pin_status_of(probe, FID_MF), 0x83);
    probe_demand(probe, reference.length == 1, "a key reference, 83 01");
}

static void pin_status_of_adf(struct probe *probe)
{
    const struct octets reference = fcp_value(pin_status_of(probe, FID_CURRENT_ADF), 0x83);
    probe_demand(probe, reference.length == 1 && reference.data[0] == PROBE_PIN, "83 01 01 first");
}

static void pin_status_is_true(struct probe *probe)
{
    const struct octets bits = fcp_value(pin_status_of(probe, FID_CURRENT_ADF), 0x90);
    const bool says_enabled = bits.length > 0 && (bits.data[0] & 0x80) != 0;
    probe_demand(probe, says_enabled == probe->pin_is_enabled, "b8 of 90 %s",
                 probe->pin_is_enabled ? "set: the card asks for its PIN" : "not set: the card asks for no PIN");
}

static void characteristics(struct probe *probe)
{
    const struct octets proprietary = fcp_value(probe_select(probe, FID_MF), TAG_PROPRIETARY);
    probe_demand(probe, fcp_value(proprietary, 0x80).length == 1, "A5 with 80 01, the UICC's characteristics");
}

static const struct check checks[] = {
    {"fcp.order", "TS 102 221 11.1.1.3", "the data objects come in the usual order", IS_ADVISORY,
     .run = order_of_objects},
    {"fcp.mf", "TS 102 221 11.1.1.4.3", "the descriptor of the MF says directory", 0, .run = kind_of_mf},
    {"fcp.adf", "TS 102 221 11.1.1.4.3", "the descriptor of an ADF says directory", NEEDS_USIM, .run = kind_of_adf},
    {"fcp.transparent", "TS 102 221 11.1.1.4.3", "the descriptor of EF_ICCID says transparent", 0,
     .run = kind_of_transparent},
    {"fcp.linear_fixed", "TS 102 221 11.1.1.4.3", "the descriptor of EF_DIR says linear fixed, with its records", 0,
     .run = kind_of_linear_fixed},
    {"fcp.life_cycle", "TS 102 221 11.1.1.4.9", "MF and EF_ICCID say that they are activated", 0,
     .run = life_cycle_of_card},
    {"fcp.life_cycle_usim", "TS 102 221 11.1.1.4.9", "ADF_USIM and EF_IMSI say that they are activated", NEEDS_USIM,
     .run = life_cycle_of_adf},
    {"fcp.security", "TS 102 221 11.1.1.4.7", "MF and EF_ICCID say where their access rules are", 0,
     .run = security_of_card},
    {"fcp.security_usim", "TS 102 221 11.1.1.4.7", "ADF_USIM and EF_IMSI say where their access rules are", NEEDS_USIM,
     .run = security_of_adf},
    {"fcp.rule", "TS 102 221 9.2.7", "the access rule that an FCP refers to can be read", 0, .run = rule_can_be_read},
    {"fcp.size", "TS 102 221 11.1.1.4.1", "the size of EF_ICCID is what can be read", 0, .run = size_of_transparent},
    {"fcp.size_of_records", "TS 102 221 11.1.1.4.1", "the size of EF_DIR is that of all its records", 0,
     .run = size_of_linear_fixed},
    {"fcp.sfi", "TS 102 221 11.1.1.4.8", "the SFI of EF_ICCID leads to it", 0, .run = sfi_is_true},
    {"fcp.pin_status", "TS 102 221 9.5.2", "the MF's FCP holds a PIN status template", IS_ADVISORY,
     .run = pin_status_of_mf},
    {"fcp.pin_status_usim", "TS 102 221 9.5.2", "the PIN status template of ADF_USIM names the PIN",
     NEEDS_USIM | IS_ADVISORY, .run = pin_status_of_adf},
    {"fcp.pin_status_true", "TS 102 221 9.5.2", "the PIN status template says whether the PIN is enabled",
     NEEDS_USIM | IS_ADVISORY, .run = pin_status_is_true},
    {"fcp.characteristics", "TS 102 221 11.1.1.4.6", "the MF's FCP tells the UICC's characteristics", IS_ADVISORY,
     .run = characteristics},
};

CHECK_GROUP(fcp_checks, checks);
