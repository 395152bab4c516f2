/* file_checks.c: the files that must be there, and what stands in them (TS 102 221 clause 13, TS 31.102 clause 4). */
#include "codec/ber_tlv.h"
#include "conformance/check.h"

#define TR FILE_TRANSPARENT
#define LF FILE_LINEAR_FIXED

enum { FID_DIR = 0x2f00, FID_ICCID = 0x2fe2, FID_IMSI = 0x6f07, FID_AD = 0x6fad, SERVICE_ALWAYS_SET = 33 };

/* Digits in swapped nibbles, F at the end. */
static bool is_swapped_decimal(struct octets octets)
{
    bool ended = false;
    for (size_t i = 0; i < octets.length * 2; i++) {
        const unsigned nibble = ((unsigned)octets.data[i / 2] >> (i % 2 == 0 ? 0 : 4)) & 0x0fU;
        if (nibble > 9 && nibble != 0x0f) {
            return false;
        }
        if (ended && nibble != 0x0f) {
            return false;
        }
        ended = nibble == 0x0f;
    }
    return true;
}

static void iccid_is_decimal(struct probe *probe)
{
    struct content content;
    probe_read_file(probe, FID_ICCID, &content);
    probe_demand(probe, content.length == 10 && is_swapped_decimal(content_octets(&content)),
                 "10 octets of digits in swapped nibbles");
}

static void imsi_is_decimal(struct probe *probe)
{
    struct content content;
    probe_read_file(probe, FID_IMSI, &content);
    const bool has_length = content.length == 9 && content.octets[0] >= 4 && content.octets[0] <= 8;
    const unsigned kind = has_length ? content.octets[1] & 0x0fU : 0;
    probe_demand(probe, has_length && (kind == 9 || kind == 1), "length 4 to 8, then a nibble 9 or 1");
    if (has_length) {
        content.octets[1] = (uint8_t)((content.octets[1] & 0xf0) | (content.octets[1] >> 4));
        probe_demand(probe, is_swapped_decimal(octets_of(content.octets + 1, content.octets[0])), "digits");
    }
}

static void service_33_is_set(struct probe *probe)
{
    const bool is_set = probe_has_service(probe, SERVICE_ALWAYS_SET);
    probe_demand(probe, is_set, "bit 1 of octet 5 set");
}

static void ad_tells_length_of_mnc(struct probe *probe)
{
    struct content content;
    probe_read_file(probe, FID_AD, &content);
    const unsigned digits = content.length >= 4 ? content.octets[3] & 0x0fU : 0;
    probe_demand(probe, digits == 2 || digits == 3, "2 or 3 in octet 4");
}

static bool names_usim(const struct content *record)
{
    struct octets template = {0}, aid = {0};
    return ber_tlv_find(content_octets(record), 0x61, &template) == GBAU_OK &&
           ber_tlv_find(template, 0x4f, &aid) == GBAU_OK && aid.length >= usim_aid_prefix.length &&
           octets_equal(octets_of(aid.data, usim_aid_prefix.length), usim_aid_prefix);
}

static void dir_names_usim(struct probe *probe)
{
    struct content record;
    bool found = false;
    (void)probe_expect(probe, "0XA4000C023F00", "9000");
    const size_t count = fcp_record_count(probe_select(probe, FID_DIR));
    for (size_t i = 1; i <= count && !found && probe_goes_on(probe); i++) {
        probe_read_record(probe, i, &record);
        found = names_usim(&record);
    }
    probe_demand(probe, found, "a record 61 with an AID (4F) that begins with A0000000871002");
}

static const struct check card_checks[] = {
    {"file.dir", "TS 102 221 13.1", "EF_DIR is linear fixed and has SFI 1E", 0, EXPECTED_FILE(FID_DIR, LF, 0x1e, 5)},
    {"file.iccid", "TS 102 221 13.2", "EF_ICCID is transparent and has SFI 02", 0,
     EXPECTED_FILE(FID_ICCID, TR, 0x02, 10)},
    {"file.pl", "TS 102 221 13.3", "EF_PL is transparent and has SFI 05", 0, EXPECTED_FILE(0x2f05, TR, 0x05, 2)},
    {"file.arr", "TS 102 221 13.4", "EF_ARR of the MF is linear fixed and has SFI 06", 0,
     EXPECTED_FILE(0x2f06, LF, 0x06, 5)},
    {"file.umpc", "TS 102 221 13", "EF_UMPC is transparent and has SFI 08", 0, EXPECTED_FILE(0x2f08, TR, 0x08, 5)},
    {"file.dir_names_usim", "TS 102 221 13.1", "EF_DIR names the USIM", NEEDS_USIM, .run = dir_names_usim},
    {"file.iccid_digits", "TS 102 221 13.2", "EF_ICCID holds digits", 0, .run = iccid_is_decimal},
};

CHECK_GROUP(card_file_checks, card_checks);

#define USIM (NEEDS_USIM | NEEDS_PIN_OPEN)
#define KEYS (NEEDS_USIM | NEEDS_PIN_OPEN | HIDES_CONTENT)

static const struct check usim_checks[] = {
    {"file.li", "TS 31.102 4.2.1", "EF_LI is transparent and has SFI 02", USIM, EXPECTED_FILE(0x6f05, TR, 0x02, 2)},
    {"file.usim_arr", "TS 31.102 4.2.55", "EF_ARR of the USIM is linear fixed and has SFI 17", USIM,
     EXPECTED_FILE(0x6f06, LF, 0x17, 5)},
    {"file.imsi", "TS 31.102 4.2.2", "EF_IMSI is transparent and has SFI 07", USIM,
     EXPECTED_FILE(FID_IMSI, TR, 0x07, 9)},
    {"file.keys", "TS 31.102 4.2.3", "EF_KEYS is transparent and has SFI 08", KEYS,
     EXPECTED_FILE(0x6f08, TR, 0x08, 33)},
    {"file.keysps", "TS 31.102 4.2.4", "EF_KEYSPS is transparent and has SFI 09", KEYS,
     EXPECTED_FILE(0x6f09, TR, 0x09, 33)},
    {"file.hpplmn", "TS 31.102 4.2.6", "EF_HPPLMN is transparent and has SFI 12", USIM,
     EXPECTED_FILE(0x6f31, TR, 0x12, 1)},
    {"file.ust", "TS 31.102 4.2.8", "EF_UST is transparent and has SFI 04", USIM, EXPECTED_FILE(0x6f38, TR, 0x04, 1)},
    {"file.start_hfn", "TS 31.102 4.2.51", "EF_START-HFN is transparent and has SFI 0F", USIM,
     EXPECTED_FILE(0x6f5b, TR, 0x0f, 6)},
    {"file.threshold", "TS 31.102 4.2.52", "EF_THRESHOLD is transparent and has SFI 10", USIM,
     EXPECTED_FILE(0x6f5c, TR, 0x10, 3)},
    {"file.psloci", "TS 31.102 4.2.23", "EF_PSLOCI is transparent and has SFI 0C", USIM,
     EXPECTED_FILE(0x6f73, TR, 0x0c, 14)},
    {"file.acc", "TS 31.102 4.2.15", "EF_ACC is transparent and has SFI 06", USIM, EXPECTED_FILE(0x6f78, TR, 0x06, 2)},
    {"file.fplmn", "TS 31.102 4.2.16", "EF_FPLMN is transparent and has SFI 0D", USIM,
     EXPECTED_FILE(0x6f7b, TR, 0x0d, 12)},
    {"file.loci", "TS 31.102 4.2.17", "EF_LOCI is transparent and has SFI 0B", USIM,
     EXPECTED_FILE(0x6f7e, TR, 0x0b, 11)},
    {"file.ad", "TS 31.102 4.2.18", "EF_AD is transparent and has SFI 03", USIM, EXPECTED_FILE(FID_AD, TR, 0x03, 4)},
    {"file.ecc", "TS 31.102 4.2.21", "EF_ECC is linear fixed and has SFI 01", USIM, EXPECTED_FILE(0x6fb7, LF, 0x01, 4)},
    {"file.netpar", "TS 31.102 4.2.57", "EF_NETPAR is transparent", USIM, EXPECTED_FILE(0x6fc4, TR, 0, 46)},
    {"file.imsi_digits", "TS 31.102 4.2.2", "EF_IMSI holds a length and digits", USIM, .run = imsi_is_decimal},
    {"file.ust_service_33", "TS 31.102 4.2.8", "service 33 of EF_UST is set", USIM, .run = service_33_is_set},
    {"file.ad_mnc", "TS 31.102 4.2.18", "EF_AD tells whether the MNC has 2 or 3 digits", NEEDS_USIM,
     .run = ad_tells_length_of_mnc},
    {"file.epsloci", "TS 31.102 4.2.91", "EF_EPSLOCI has 18 octets and SFI 1E", USIM | MAY_BE_MISSING,
     EXPECTED_FILE(0x6fe3, TR, 0x1e, 18)},
    {"file.epsnsc", "TS 31.102 4.2.92", "EF_EPSNSC is linear fixed and has SFI 18", KEYS | MAY_BE_MISSING,
     EXPECTED_FILE(0x6fe4, LF, 0x18, 54)},
    {"file.sms", "TS 31.102 4.2.25", "EF_SMS has records of 176 octets", USIM | MAY_BE_MISSING,
     EXPECTED_FILE(0x6f3c, LF, 0, 176)},
    {"file.plmnwact", "TS 31.102 4.2.5", "EF_PLMNwAcT is transparent and has SFI 0A", USIM | MAY_BE_MISSING,
     EXPECTED_FILE(0x6f60, TR, 0x0a, 40)},
    {"file.gsm_access", "TS 31.102 4.4.3", "DF_GSM-ACCESS holds EF_Kc", KEYS | MAY_BE_MISSING,
     STEPS({"0XA4000C025F3B", "9000"}, {"0XA4000C024F20", "9000"})},
    {"file.5gs", "TS 31.102 4.4.11", "DF_5GS can be selected", USIM | MAY_BE_MISSING,
     STEPS({"0XA40004025FC000", "9000"})},
};

CHECK_GROUP(usim_file_checks, usim_checks);
