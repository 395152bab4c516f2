/* api_command_checks.c: commands of the GBA_U API that need no key, and how all of them are coded (clauses 8, 13, 14).
 */
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "codec/ber_tlv.h"
#include "conformance/api_probe.h"

enum { HANDLES_MIN = 4, PERSISTED_KEYS_MIN = 4, PIECE_MIN = 200, LONG_PIECE = 1000, RANDOM_SIZE = 16 };

#define NAF  "80146E61662E6578616D706C652E636F6D0100000002" /* some NAF_ID, where the command fails before it counts */
#define KEY  "820101830121840161"
#define TEXT "4B657973"

/* Capabilities */

static void version_is_1(struct api_probe *api)
{
    probe_api_command(api, API_INS_CAPABILITIES, 0, 0, "9000");
    const struct octets version = probe_api_answer_of(api, API_TAG_VERSION, 2);
    probe_demand(api->probe, version.length == 2 && version.data[0] == API_VERSION_MAJOR,
                 "91 02 01 and a minor version");
}

static void has_mandatory_algorithms(struct api_probe *api)
{
    static const uint8_t mandatory[] = {KEY_ALGORITHM_AES_256_GCM, KEY_ALGORITHM_HMAC_SHA256, KEY_ALGORITHM_SHA256,
                                        KEY_ALGORITHM_KDF};
    probe_api_command(api, API_INS_CAPABILITIES, 0, 0, "9000");
    const struct octets list = probe_api_answer(api, API_TAG_ALGORITHMS);
    for (size_t i = 0; i < sizeof mandatory; i++) {
        const bool is_there = list.length > 0 && memchr(list.data, mandatory[i], list.length) != NULL;
        probe_demand(api->probe, is_there, "algorithm %02X among those of 92", mandatory[i]);
    }
}

static void limits_are_enough(struct api_probe *api)
{
    probe_api_command(api, API_INS_CAPABILITIES, 0, 0, "9000");
    struct octet_reader size = octet_reader_of(probe_api_answer_of(api, API_TAG_PIECE_SIZE, 2));
    probe_demand(api->probe, probe_api_answer_octet(api, API_TAG_HANDLES) >= HANDLES_MIN, "93 of 4 or more");
    probe_demand(api->probe, probe_api_answer_octet(api, API_TAG_PERSISTED_KEYS) >= PERSISTED_KEYS_MIN,
                 "94 of 4 or more");
    probe_demand(api->probe, octet_reader_u16(&size) >= PIECE_MIN, "95 of 200 or more");
}

/* Random and counter */

static void random_differs(struct api_probe *api)
{
    struct content first;
    probe_keep(&first, probe_expect(api->probe, "0X84000010", "9000"));
    const struct octets second = probe_expect(api->probe, "0X84000010", "9000");
    probe_demand(api->probe, second.length == RANDOM_SIZE && first.length == RANDOM_SIZE, "16 octets");
    probe_demand(api->probe, !octets_equal(second, content_octets(&first)), "other octets than before");
}

static uint64_t read_counter(struct api_probe *api)
{
    probe_api_command(api, API_INS_COUNTER, 0, 0, "9000");
    struct octet_reader reader = octet_reader_of(probe_api_answer_of(api, API_TAG_TEXT, API_COUNTER_SIZE));
    return octet_reader_u64(&reader);
}

static void counter_grows(struct api_probe *api)
{
    uint64_t last = read_counter(api);
    for (unsigned i = 0; i < 8; i++) {
        const uint64_t next = read_counter(api);
        probe_demand(api->probe, next > last, "87 with a greater number than before");
        last = next;
    }
}

static void counter_survives_reset(struct api_probe *api)
{
    const uint64_t before = read_counter(api);
    probe_reset(api->probe);
    probe_api_select(api->probe);
    probe_demand(api->probe, read_counter(api) > before, "87 with a greater number than before the reset");
}

/* Hash */

static uint8_t open_hash(struct api_probe *api, enum key_algorithm algorithm)
{
    probe_api_put_octet(api, API_TAG_USAGE, KEY_USAGE_HASH);
    probe_api_put_octet(api, API_TAG_ALGORITHM, (uint8_t)algorithm);
    probe_api_command(api, API_INS_OPEN_KEY, 0, API_OPEN_DERIVED, "9000|6A81");
    if (probe_sw_fits(api->probe->response.sw, "6A81")) {
        probe_demand(api->probe, algorithm != KEY_ALGORITHM_SHA256, "9000: each card has SHA-256");
        probe_not_supported(api->probe, "the card has no such hash");
    }
    return probe_api_answer_octet(api, API_TAG_HANDLE);
}

static void demand_hash(struct api_probe *api, enum digest_algorithm digest, const struct octets *parts, size_t count)
{
    uint8_t hash[DIGEST_MAX_SIZE];
    const struct octets answer = probe_api_answer_of(api, API_TAG_AUTHENTICATOR, sizeof hash);
    if (probe_goes_on(api->probe)) {
        probe_demand_ok(api->probe, crypto_digest(api->probe->crypto, digest, parts, count, hash));
        probe_demand(api->probe, memcmp(answer.data, hash, sizeof hash) == 0, "the hash of the text");
    }
}

static void hash_in_one_block(struct api_probe *api, enum key_algorithm algorithm, enum digest_algorithm digest)
{
    const struct octets text = probe_api_text();
    const uint8_t handle = open_hash(api, algorithm);
    probe_api_put(api, API_TAG_TEXT, text);
    probe_api_process(api, handle, API_HASH | API_ONE_BLOCK, "9000");
    demand_hash(api, digest, &text, 1);
}

static void sha256_is_right(struct api_probe *api)
{
    hash_in_one_block(api, KEY_ALGORITHM_SHA256, DIGEST_SHA256);
}

static void sm3_is_right(struct api_probe *api)
{
    hash_in_one_block(api, KEY_ALGORITHM_SM3, DIGEST_SM3);
}

static void hash_in_blocks(struct api_probe *api)
{
    const struct octets parts[] = {probe_api_text(), probe_api_text(), probe_api_text()};
    const uint8_t handle = open_hash(api, KEY_ALGORITHM_SHA256);
    probe_api_put(api, API_TAG_TEXT, parts[0]);
    probe_api_process(api, handle, API_HASH | API_FIRST_BLOCK, "9000");
    probe_api_put(api, API_TAG_TEXT, parts[1]);
    probe_api_process(api, handle, API_HASH, "9000");
    probe_api_put(api, API_TAG_TEXT, parts[2]);
    probe_api_process(api, handle, API_HASH | API_LAST_BLOCK, "9000");
    demand_hash(api, DIGEST_SHA256, parts, 3);
}

static void hash_has_no_b_tid(struct api_probe *api)
{
    (void)open_hash(api, KEY_ALGORITHM_SHA256);
    probe_demand(api->probe, probe_api_answer(api, API_TAG_B_TID).data == NULL, "90 and no 81");
}

static void hash_does_nothing_else(struct api_probe *api)
{
    const uint8_t handle = open_hash(api, KEY_ALGORITHM_SHA256);
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, handle, API_MAC | API_ONE_BLOCK, "6985");
    probe_api_command(api, API_INS_KEEP_KEY, handle, API_PERSIST, "6985");
}

/* Extended commands */

/* False, with that verdict, for a card that is reached by short commands only. */
static bool takes_extended(struct api_probe *api)
{
    enum { AROUND = APDU_EXTENDED_HEAD_SIZE + PROBE_EXTENDED_MAX + APDU_EXTENDED_LE_SIZE };
    probe_api_command(api, API_INS_CAPABILITIES, 0, 0, "9000");
    struct octet_reader size = octet_reader_of(probe_api_answer_of(api, API_TAG_PIECE_SIZE, 2));
    if (probe_goes_on(api->probe) &&
        (octet_reader_u16(&size) < LONG_PIECE || reader_command_max(api->probe->reader) < AROUND)) {
        probe_not_supported(api->probe, "the card, or the way to it, takes short commands only");
    }
    return probe_goes_on(api->probe);
}

static void hashes_long_piece(struct api_probe *api)
{
    uint8_t data[LONG_PIECE + 4];
    uint8_t piece[LONG_PIECE];
    char head[16];
    struct octet_writer writer = octet_writer_of(data, sizeof data);
    memset(piece, 0x5a, sizeof piece);
    ber_tlv_write(&writer, API_TAG_TEXT, octets_of(piece, sizeof piece));
    if (!takes_extended(api)) {
        return;
    }
    const uint8_t handle = open_hash(api, KEY_ALGORITHM_SHA256);
    (void)snprintf(head, sizeof head, "8X%02X%02X%02X", API_INS_PROCESS, handle, API_HASH | API_ONE_BLOCK);
    const struct octets text = octets_of(piece, sizeof piece);
    probe_keep(&api->answer, probe_expect_data(api->probe, head, octets_written(&writer), EXTENDED, "9000"));
    demand_hash(api, DIGEST_SHA256, &text, 1);
}

static void refuses_other_extended(struct api_probe *api)
{
    static const uint8_t text[] = {API_TAG_TEXT, 1, 'x'};
    if (takes_extended(api)) {
        (void)probe_expect_data(api->probe, "8X420000", octets_of(text, sizeof text), EXTENDED, "6700");
    }
}

#define NO_KEY .needs = NEEDS_API
#define OPENED .needs = NEEDS_API | NEEDS_PIN_OPEN
#define CLOSED .needs = NEEDS_API | NEEDS_PIN_CLOSED

static const struct check command_rows[] = {
    {"capabilities.version", "GBA_U API 8.1", "the card has version 1 of the API", NO_KEY, .run_api = version_is_1},
    {"capabilities.algorithms", "GBA_U API 12", "AES-256-GCM, HMAC-SHA-256, SHA-256 and KDF are there", NO_KEY,
     .run_api = has_mandatory_algorithms},
    {"capabilities.limits", "GBA_U API 14", "at least 4 handles, 4 persisted keys and pieces of 200 octets", NO_KEY,
     .run_api = limits_are_enough},
    {"capabilities.p1_p2", "GBA_U API 8.1", "other P1 P2 than 0000 are refused with 6A86", NO_KEY,
     STEPS({"8X40010000", "6A86"}, {"8X40000100", "6A86"})},
    {"capabilities.no_data", "GBA_U API 8", "an object that CAPABILITIES does not take is refused with 6A80", NO_KEY,
     STEPS({"8X40000003840161", "6A80"})},
    {"command.instruction", "GBA_U API 16", "an instruction that is none is refused with 6D00", NO_KEY,
     STEPS({"8X41000000", "6D00"})},
    {"command.class", "GBA_U API 8", "the commands have a proprietary class", NO_KEY,
     STEPS({"0X40000000", "6D00|6E00"})},
    {"random.differs", "GBA_U API 8.10", "GET CHALLENGE gives as many octets as asked for, new each time", NO_KEY,
     .run_api = random_differs},
    {"counter.grows", "GBA_U API 8.10", "COUNTER gives a greater number each time", NO_KEY, .run_api = counter_grows},
    {"counter.p1_p2", "GBA_U API 8.10", "other P1 P2 than 0000 are refused with 6A86", NO_KEY,
     STEPS({"8X4E010000", "6A86"}, {"8X4E000100", "6A86"})},
    {"counter.over_reset", "GBA_U API 8.10", "COUNTER gives a greater number after a reset",
     .needs = NEEDS_API | NEEDS_PIN_VALUE | NEEDS_RESET, .run_api = counter_survives_reset},
    {"list.pin", "GBA_U API 8.2", "LIST is refused with 6982 before the PIN is verified", CLOSED,
     STEPS({"8X42000000", "6982"}, {"8X42000100", "6982"})},
    {"list.unknown", "GBA_U API 8.2", "a list that is none is refused with 6A86", NO_KEY,
     STEPS({"8X42000200", "6A86"})},
    {"list.end", "GBA_U API 8.2", "behind the last entry comes 6A83", OPENED,
     STEPS({"8X42FF0000", "6A83"}, {"8X42FF0100", "6A83"})},
    {"hash.before_pin", "GBA_U API 4.2", "usage hash needs no PIN and no access", CLOSED,
     STEPS({"8X500000 06 890108 830131 00", "9000"})},
    {"hash.sha256", "GBA_U API 12", "a SHA-256 hash is right", NO_KEY, .run_api = sha256_is_right},
    {"hash.sm3", "GBA_U API 12", "an SM3 hash is right", NO_KEY, .run_api = sm3_is_right},
    {"hash.blocks", "GBA_U API 8.4", "a hash may be computed in several blocks", NO_KEY, .run_api = hash_in_blocks},
    {"hash.extended", "GBA_U API 8.1", "a card that tells longer pieces takes them in an extended command", NO_KEY,
     .run_api = hashes_long_piece},
    {"command.extended", "GBA_U API 8.1", "another extended command than PROCESS is refused with 6700", NO_KEY,
     .run_api = refuses_other_extended},
    {"hash.no_b_tid", "GBA_U API 8.3", "a handle of usage hash has no B-TID", NO_KEY, .run_api = hash_has_no_b_tid},
    {"hash.nothing_else", "GBA_U API 4.2", "a handle of usage hash computes no MAC and is not persisted", NO_KEY,
     .run_api = hash_does_nothing_else},
    {"hash.algorithms", "GBA_U API 4.2", "usage hash with another algorithm than a hash is refused with 6A81", NO_KEY,
     STEPS({"8X500000 06 890108 830121 00", "6A81"}, {"8X500000 06 890108 8301FF 00", "6A81"})},
};

CHECK_GROUP(api_command_checks, command_rows);

/* Coding: what is wrong is found before PIN and access, so none of these needs them (clause 13) */

static const struct check coding_rows[] = {
    {"coding.missing_object", "GBA_U API 8", "OPEN KEY without a label is refused with 6A80", NO_KEY,
     STEPS({"8X500000 1C " NAF "820101830121 00", "6A80"})},
    {"coding.unknown_object", "GBA_U API 8", "an object that no command has is refused with 6A80", NO_KEY,
     STEPS({"8X500000 22 " NAF KEY "9F0100 00", "6A80"}, {"8X500000 22 " NAF KEY "8F0161 00", "6A80"})},
    {"coding.other_commands_object", "GBA_U API 8", "an object of another command is refused with 6A80", NO_KEY,
     STEPS({"8X500000 22 " NAF KEY "8B0100 00", "6A80"}, {"8X400000 03 8B0100 00", "6A80"})},
    {"coding.object_twice", "GBA_U API 8", "an object that comes twice is refused with 6A80", NO_KEY,
     STEPS({"8X500000 22 " NAF KEY "840162 00", "6A80"}, {"8X500000 22 " NAF KEY "820101 00", "6A80"})},
    {"coding.padding", "GBA_U API 8", "padding behind the objects is refused with 6A80", NO_KEY,
     STEPS({"8X500000 20 " NAF KEY "FF 00", "6A80"}, {"8X500000 20 " NAF KEY "00 00", "6A80"})},
    {"coding.cut", "GBA_U API 8", "an object that is longer than the data is refused with 6A80", NO_KEY,
     STEPS({"8X500000 1F " NAF "820101830121840261 00", "6A80"})},
    {"coding.label", "GBA_U API 8", "a label has 1 to 64 octets", NO_KEY,
     STEPS({"8X500000 1E " NAF "8201018301218400 00", "6A80"},
           {"8X500000 5F " NAF "820101830121 8441"
            "6161616161616161616161616161616161616161616161616161616161616161"
            "616161616161616161616161616161616161616161616161616161616161616161 00",
            "6A80"})},
    {"coding.context", "GBA_U API 8", "a context has at most 64 octets", NO_KEY,
     STEPS({"8X500000 62 " NAF KEY "8541"
            "6161616161616161616161616161616161616161616161616161616161616161"
            "616161616161616161616161616161616161616161616161616161616161616161 00",
            "6A80"})},
    {"coding.naf_id", "GBA_U API 8", "a NAF_ID has more than 5 octets", NO_KEY,
     STEPS({"8X500000 10 80050100000002" KEY " 00", "6A80"})},
    {"coding.one_octet", "GBA_U API 8", "usage, direction and algorithm have one octet", NO_KEY,
     STEPS({"8X500000 20 " NAF "82020001830121840161 00", "6A80"}, {"8X500000 1E " NAF "8200830121840161 00", "6A80"},
           {"8X500000 23 " NAF KEY "89020001 00", "6A80"})},
    {"coding.p1_p2_first", "GBA_U API 13", "P1 P2 are looked at before the data", NO_KEY,
     STEPS({"8X500100 03 840161 00", "6A86"}, {"8X500002 03 840161 00", "6A86"}, {"8X5A0002 03 8F0161 00", "6A86"})},
    {"coding.process_p2", "GBA_U API 8.4", "PROCESS with an operation or a bit that is none is refused with 6A86",
     NO_KEY, STEPS({"8X5200C0 00", "6A86"}, {"8X5200C6 00", "6A86"}, {"8X5200E1 00", "6A86"}, {"8X5200D1 00", "6A86"})},
    {"coding.message_p2", "GBA_U API 8.5", "AUTHENTICATE KEY and TRANSFER KEY know no other messages", NO_KEY,
     STEPS({"8X540000 00", "6A86"}, {"8X540005 00", "6A86"}, {"8X580000 00", "6A86"}, {"8X580004 00", "6A86"})},
    {"coding.process_objects", "GBA_U API 8.4", "an operation takes its own objects only", NO_KEY,
     STEPS({"8X5200C3 07 8702" TEXT " 00", "6A80"}, {"8X5200C3 03 860161 00", "6A80"},
           {"8X5200C1 0E 880C000102030405060708090A0B 00", "6A80"})},
    {"coding.apply_objects", "GBA_U API 8.9", "APPLY without an object or without its MAC is refused with 6A80", NO_KEY,
     STEPS({"8X5C0000 16 " NAF, "6A80"}, {"8X5C0000 21 " NAF "A1098004000000018101 02", "6A80"})},
    {"handle.unknown", "GBA_U API 13", "a handle that is not open is refused with 6A88", NO_KEY,
     STEPS({"8X5200C3 03 870161 00", "6A88"}, {"8X5EFF0000", "6A88"}, {"8X540001 00", "6A88"},
           {"8X560000 0C 890102 820101 830121 840161 00", "6A88"}, {"8X580001 00", "6A88"}, {"8X5A0000", "6A88"})},
};

CHECK_GROUP(api_coding_checks, coding_rows);
