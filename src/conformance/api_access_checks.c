/* api_access_checks.c: who may use whose keys: PIN, lines of EF_AC_GBAUAPI, and the order of checks (clauses 5, 13). */
#include <string.h>

#include "codec/ber_tlv.h"
#include "conformance/api_probe.h"

enum { FID_AC_GBAUAPI = 0x6f0a, TAG_ACCESS_LINE = 0x80, RECORD_MAX = 255 };

#define KEEP_LABEL "gbau kept"

/* Without a line */

/* A NAF that has none, whatever lines there are: its name is theirs, but for the end. */
static void make_strange(struct api_probe *api)
{
    static const char other[] = "no-line.gbau-conformance.example";
    static const uint8_t ua[NAF_ID_UA_SIZE] = {0xff, 0xfe, 0xfd, 0xfc, 0xfb};
    struct octet_writer writer = octet_writer_of(api->naf_id, sizeof api->naf_id);
    octet_writer_put_text(&writer, other);
    octet_writer_put(&writer, ua, sizeof ua);
    api->naf_id_length = writer.length;
}

/* Every command that names a NAF is refused alike. */
static void demand_refusal(struct api_probe *api)
{
    static const uint8_t object[] = {0xa1, 0x09, 0x80, 0x04, 0x7f, 0xff, 0xff, 0xff, 0x81, 0x01, 0x02};
    probe_api_try_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, "6982");
    probe_api_open_kept(api, KEEP_LABEL, "6982");
    probe_api_put_naf_id(api);
    probe_api_put_text(api, API_TAG_LABEL, KEEP_LABEL);
    probe_api_command(api, API_INS_KEEP_KEY, 0, API_DELETE, "6982");
    probe_api_apply_object(api, octets_of(object, sizeof object), false, "6982");
}

static void no_line_no_key(struct api_probe *api)
{
    make_strange(api);
    demand_refusal(api);
}

static void no_line_but_a_key(struct api_probe *api)
{
    make_strange(api);
    probe_api_bootstrap(api);
    demand_refusal(api);
}

static void no_line_is_not_listed(struct api_probe *api)
{
    make_strange(api);
    probe_api_bootstrap(api);
    probe_demand(api->probe, !probe_api_find_listed(api), "no entry of a NAF without a line");
}

/* What is possible is told to those only who may know. */
static void no_line_comes_first(struct api_probe *api)
{
    make_strange(api);
    probe_api_try_open(api, KEY_USAGE_MAC, KEY_DIRECTION_NONE, KEY_ALGORITHM_KDF, "6982");
    probe_api_try_open(api, 0xee, 0xee, 0xee, "6982");
}

/* NAF_IDs are compared whole: the Ua security protocol identifier counts, and so does a longer name. */
static void line_is_whole(struct api_probe *api)
{
    api->naf_id[api->naf_id_length - 1] ^= 0x80;
    probe_api_try_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, "6982");
    api->naf_id[api->naf_id_length - 1] ^= 0x80;
    api->naf_id_length--;
    probe_api_try_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, "6982");
}

/* With a line, and with the PIN: what is missing now is the key, or it is there. */
static void line_opens(struct api_probe *api)
{
    probe_api_try_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, "9000|6A88");
    probe_api_open_kept(api, "gbau: no such label", "6A88");
}

/* With ADM: the line itself */

static bool is_line_of(const struct content *record, struct octets naf_id)
{
    struct octets line;
    if (ber_tlv_find(content_octets(record), TAG_ACCESS_LINE, &line) != GBAU_OK || line.length < naf_id.length) {
        return false;
    }
    return octets_equal(octets_of(line.data + line.length - naf_id.length, naf_id.length), naf_id);
}

static void write_line(struct api_probe *api, uint8_t record, const struct content *content)
{
    char head[] = "0XDCXX04";
    head[4] = "0123456789ABCDEF"[record >> 4];
    head[5] = "0123456789ABCDEF"[record & 0x0f];
    probe_api_go_to_usim(api);
    if (!probe_sw_fits(probe_clean_up(api->probe, head, content_octets(content)), "9000")) {
        probe_skip(api->probe, "ADM1 may not write EF_AC_GBAUAPI");
    }
    probe_api_go_to_applet(api);
}

/* Every line of the NAF is replaced by `change` of it while the check looks, and put back. */
static void demand_refusal_with(struct api_probe *api, void (*change)(struct content *record))
{
    probe_api_go_to_usim(api);
    const size_t count = fcp_record_count(probe_select(api->probe, FID_AC_GBAUAPI));
    for (size_t i = 1; i <= count && probe_goes_on(api->probe); i++) {
        struct content record;
        probe_api_go_to_usim(api);
        probe_read_record(api->probe, i, &record);
        if (is_line_of(&record, probe_api_naf_id(api))) {
            struct content changed = record;
            change(&changed);
            write_line(api, (uint8_t)i, &changed);
            probe_api_try_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, "6982");
            write_line(api, (uint8_t)i, &record);
        }
    }
    probe_api_go_to_applet(api);
    probe_api_try_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, "9000");
}

static void free_record(struct content *record)
{
    memset(record->octets, 0xff, record->length);
}

static void change_caller(struct content *record)
{
    record->octets[record->octets[1] == 0x81 ? 4 : 3] ^= 0x01;
}

static void break_lengths(struct content *record)
{
    record->octets[1]++;
}

static void line_that_is_gone(struct api_probe *api)
{
    demand_refusal_with(api, free_record);
}

static void line_of_another_caller(struct api_probe *api)
{
    demand_refusal_with(api, change_caller);
}

static void line_that_is_malformed(struct api_probe *api)
{
    demand_refusal_with(api, break_lengths);
}

static void file_that_is_deactivated(struct api_probe *api)
{
    probe_api_go_to_usim(api);
    (void)probe_select(api->probe, FID_AC_GBAUAPI);
    (void)probe_expect_offered(api->probe, "0X040000", "9000");
    if (!probe_goes_on(api->probe)) {
        return;
    }
    probe_api_go_to_applet(api);
    probe_api_try_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, "6982");
    probe_api_go_to_usim(api);
    (void)probe_clean_up(api->probe, "0X440000", (struct octets){0});
    probe_api_go_to_applet(api);
    probe_api_try_open(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, "9000");
}

#define NAF  "80146E61662E6578616D706C652E636F6D0100000002"
#define LINE (NEEDS_API | NEEDS_NAF_ID | NEEDS_PIN_OPEN)
#define RUNS (NEEDS_API | NEEDS_PIN_OPEN | NEEDS_NAF_KEY | NEEDS_CHALLENGES | NEEDS_DESTRUCTIVE)

static const struct check rows[] = {
    {"access.pin", "GBA_U API 5.2", "no key is opened before the PIN is verified", NEEDS_API | NEEDS_PIN_CLOSED,
     STEPS({"8X500000 1F " NAF "820101830121840161 00", "6982"}, {"8X500001 19 " NAF "840161 00", "6982"})},
    {"access.pin_keeps_keys", "GBA_U API 13", "no persisted key is deleted before the PIN is verified",
     NEEDS_API | NEEDS_PIN_CLOSED, STEPS({"8X5A0001 19 " NAF "840161", "6982"})},
    {"access.pin_apply", "GBA_U API 8.9", "nothing is applied before the PIN is verified", NEEDS_API | NEEDS_PIN_CLOSED,
     STEPS({"8X5C0000 43 " NAF "A109800400000001810102"
            "8E20000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
            "6982"})},
    {"access.coding_before_pin", "GBA_U API 13", "coding is looked at before the PIN", NEEDS_API | NEEDS_PIN_CLOSED,
     STEPS({"8X500000 1C " NAF "820101830121 00", "6A80"}, {"8X5A0001 16 " NAF, "6A80"})},
    {"access.no_line", "GBA_U API 5.2", "a NAF without a line is refused with 6982 when there is no key of it", LINE,
     .run_api = no_line_no_key},
    {"access.no_line_with_key", "GBA_U API 13", "a NAF without a line is refused with 6982 when there is a key of it",
     RUNS, .run_api = no_line_but_a_key},
    {"access.no_line_listed", "GBA_U API 8.2", "the key of a NAF without a line is not listed", RUNS,
     .run_api = no_line_is_not_listed},
    {"access.line_first", "GBA_U API 13", "the line is looked at before what is possible", LINE,
     .run_api = no_line_comes_first},
    {"access.whole_name", "GBA_U API 5.1", "NAF_IDs are compared octet by octet and whole", LINE,
     .run_api = line_is_whole},
    {"access.line", "GBA_U API 5.2", "a NAF with a line is not refused with 6982", LINE, .run_api = line_opens},
    {"access.line_gone", "GBA_U API 5.1", "a record of FF grants nothing", RUNS | NEEDS_ADM,
     .run_api = line_that_is_gone},
    {"access.line_of_another", "GBA_U API 5.1", "a line for another AID grants nothing", RUNS | NEEDS_ADM,
     .run_api = line_of_another_caller},
    {"access.line_malformed", "GBA_U API 5.1", "a malformed line grants nothing", RUNS | NEEDS_ADM,
     .run_api = line_that_is_malformed},
    {"access.file_deactivated", "GBA_U API 5.1", "a file that is deactivated grants nothing", RUNS | NEEDS_ADM,
     .run_api = file_that_is_deactivated},
};

CHECK_GROUP(api_access_checks, rows);
