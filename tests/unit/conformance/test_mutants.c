/* test_mutants.c: cards that err in one answer: the check that is there for it must see it, and none on a good card. */
#include "pretences.h"

/* A mutant: what is wrong with the card, and the check that finds it. */
struct mutant {
    const char *check;
    struct mutation mutation;
};

#define IS_ANSWERED(command_, octets_)                                                                                 \
    {                                                                                                                  \
        .command = (command_), .kind = ANSWER, .octets = (octets_)                                                     \
    }
#define IS_ANSWERED_FROM(command_, from_, octets_)                                                                     \
    {                                                                                                                  \
        .command = (command_), .kind = ANSWER, .octets = (octets_), .from = (from_)                                    \
    }
#define HAS_SW(command_, sw_)                                                                                          \
    {                                                                                                                  \
        .command = (command_), .kind = SW, .octets = (sw_)                                                             \
    }
#define HAS_SW_FROM(command_, from_, sw_)                                                                              \
    {                                                                                                                  \
        .command = (command_), .kind = SW, .octets = (sw_), .from = (from_)                                            \
    }
#define IS_FLIPPED(command_, at_, mask_)                                                                               \
    {                                                                                                                  \
        .command = (command_), .kind = FLIP, .at = (at_), .mask = (mask_)                                              \
    }
#define IS_FLIPPED_FROM(command_, from_, at_, mask_)                                                                   \
    {                                                                                                                  \
        .command = (command_), .kind = FLIP, .at = (at_), .mask = (mask_), .from = (from_)                             \
    }
#define LACKS_OBJECT(command_, tag_)                                                                                   \
    {                                                                                                                  \
        .command = (command_), .kind = DROP, .at = (tag_)                                                              \
    }
#define IS_DONE_BY(command_, function_)                                                                                \
    {                                                                                                                  \
        .command = (command_), .kind = CALL, .call = (function_)                                                       \
    }

/* Functions of mutants */

/* All channels are one: the state that is 0's. */
static size_t without_channels(struct erring_card *card, struct octets command, uint8_t *response)
{
    uint8_t changed[READER_COMMAND_MAX];
    memcpy(changed, command.data, command.length);
    changed[0] &= command.data[1] == 0x70 ? 0xff : 0xb0; /* MANAGE CHANNEL stays */
    return card_image_process(card->image, octets_of(changed, command.length), response);
}

/* A channel that is closed is only forgotten, and comes back as it was. */
static size_t leaking_channels(struct erring_card *card, struct octets command, uint8_t *response)
{
    if (command.data[2] == 0x80) {
        card->closed_channel = command.data[3];
        return answer_with("9000", response);
    }
    if (card->closed_channel != 0) {
        const uint8_t answer[] = {card->closed_channel, 0x90, 0x00};
        card->closed_channel = 0;
        memcpy(response, answer, sizeof answer);
        return sizeof answer;
    }
    return card_image_process(card->image, command, response);
}

static struct milenage milenage_of_card(void)
{
    struct milenage milenage = {.constants = &milenage_default_constants};
    from_hex(ERRING_K, milenage.k.octets, AKA_K_SIZE);
    from_hex(ERRING_OPC, milenage.opc.octets, AKA_OPC_SIZE);
    return milenage;
}

/* The command is CLA INS P1 P2 22 10 RAND ... */
static struct aka_rand rand_of(struct octets command)
{
    struct aka_rand rand;
    memcpy(rand.octets, command.data + 6, AKA_RAND_SIZE);
    return rand;
}

/* f5 where f5* is due: the AK of AUTN conceals the SQN of AUTS. */
static size_t auts_with_f5(struct erring_card *card, struct octets command, uint8_t *response)
{
    struct aka_ak ak_star;
    struct milenage_f2345 keys;
    const struct milenage milenage = milenage_of_card();
    const struct aka_rand rand = rand_of(command);
    const size_t length = card_image_process(card->image, command, response);
    assert_ok(milenage_f5star(card->crypto, &milenage, &rand, &ak_star));
    assert_ok(milenage_f2345(card->crypto, &milenage, &rand, &keys));
    for (size_t i = 0; response[0] == 0xdc && i < AKA_AK_SIZE; i++) {
        response[2 + i] ^= ak_star.octets[i] ^ keys.ak.octets[i];
    }
    return length;
}

/* AUTS with SQN_MS and AMF of the card's choice, but well made. */
static size_t write_auts(struct erring_card *card, struct octets command, aka_sqn sqn, uint8_t amf_octet,
                         uint8_t *response)
{
    struct aka_ak ak_star;
    struct aka_mac mac_s;
    const struct milenage milenage = milenage_of_card();
    const struct aka_rand rand = rand_of(command);
    const struct aka_amf amf = {.octets = {amf_octet, 0}};
    assert_ok(milenage_f5star(card->crypto, &milenage, &rand, &ak_star));
    assert_ok(milenage_f1(card->crypto, &milenage, &rand, sqn, &amf, NULL, &mac_s));
    struct octet_writer writer = octet_writer_of(response, UICC_RESPONSE_MAX);
    octet_writer_u16(&writer, 0xdc0e);
    octet_writer_u48(&writer, sqn);
    octet_writer_put(&writer, mac_s.octets, AKA_MAC_SIZE);
    octet_writer_u16(&writer, 0x9000);
    for (size_t i = 0; i < AKA_AK_SIZE; i++) {
        response[2 + i] ^= ak_star.octets[i];
    }
    return writer.length;
}

static size_t auts_with_old_sqn(struct erring_card *card, struct octets command, uint8_t *response)
{
    const size_t length = card_image_process(card->image, command, response);
    return response[0] == 0xdc ? write_auts(card, command, 0x20, 0, response) : length;
}

static size_t auts_with_amf(struct erring_card *card, struct octets command, uint8_t *response)
{
    const size_t length = card_image_process(card->image, command, response);
    return response[0] == 0xdc ? write_auts(card, command, 0x123400, 0x80, response) : length;
}

/* SQN is looked at before MAC: a forged challenge learns it. */
static size_t sqn_before_mac(struct erring_card *card, struct octets command, uint8_t *response)
{
    return write_auts(card, command, 0x123400, 0, response);
}

static const struct mutant mutants[] = {
    /* SELECT and STATUS */
    {"select.mf", IS_FLIPPED("XXA40004023F00", 8, 0x01)},
    {"select.mf", IS_FLIPPED("XXA40004023F00", 1, 0x01)},
    {"select.mf_by_no_fid", HAS_SW("XXA4000C$", "6700")},
    {"select.ef", IS_FLIPPED("XXA40004022FE2", 8, 0x01)},
    {"select.no_data", IS_ANSWERED("XXA4000C022FE2", "62009000")},
    {"select.unknown_fid", HAS_SW("XXA40004026FEE", "6A86")},
    {"select.ef_after_unknown", HAS_SW("XXB000000A", "6986")},
    {"select.aid", HAS_SW("XXA4040C10", "6A82")},
    {"select.aid_beginning", HAS_SW("XXA4040C07", "6A82")},
    {"select.aid_in_fcp", IS_FLIPPED("XXA40404", 8, 0x01)},
    {"select.unknown_aid", IS_ANSWERED("XXA4040C07A000000087FF", "9000")},
    {"select.last_occurrence", HAS_SW("XXA4040D", "6A86")},
    {"select.next_occurrence", IS_ANSWERED("XXA4040E", "9000")},
    {"select.path_from_mf", HAS_SW("XXA4080C", "6A86")},
    {"select.path_by_current_adf", HAS_SW("XXA4080C047FFF", "6A82")},
    {"select.path_from_df", HAS_SW("XXA4090C", "6A82")},
    {"select.path_to_nothing", IS_ANSWERED("XXA4080C", "9000")},
    {"select.current_adf", IS_FLIPPED("XXA40004027FFF", 4, 0x01)},
    {"select.no_current_adf", IS_ANSWERED("XXA4000C027FFF", "9000")},
    {"select.parent", HAS_SW("XXA4030C", "6A86")},
    {"select.child_df_is_no_ef", IS_ANSWERED("XXA4010C", "9000")},
    {"select.termination", IS_ANSWERED("XXA4044C", "9000")},
    {"select.wrong_p1", HAS_SW("XXA405", "6A80")},
    {"status.fcp", IS_FLIPPED("XXF20000", 9, 0x01)},
    {"status.aid", IS_FLIPPED("XXF20001", 3, 0x01)},
    {"status.wrong_p1", IS_ANSWERED("XXF203", "9000")},
    {"status.wrong_p2", IS_ANSWERED("XXF20002", "9000")},

    /* Files */
    {"file.ad", HAS_SW("XXB083", "6A82")},
    {"file.imsi", IS_FLIPPED("XXA40004026F07", 4, 0x03)},
    {"file.keys", HAS_SW("XXA40004026F08", "6A82")},
    {"file.ecc", HAS_SW("XXB2010C", "6A82")},
    {"file.iccid_digits", IS_FLIPPED("XXB00000", 0, 0x30)},
    {"file.imsi_digits", IS_FLIPPED("XXB00000", 1, 0x02)},
    {"file.ust_service_33", IS_FLIPPED("XXB00000", 4, 0x01)},
    {"file.ad_mnc", IS_FLIPPED("XXB00000", 3, 0x04)},
    {"file.dir_names_usim", IS_FLIPPED("XXB2", 5, 0x01)},

    /* READ and UPDATE BINARY */
    {"binary.read_all", {.command = "XXB00000", .kind = CUT}},
    {"binary.read_part", IS_FLIPPED("XXB00002", 0, 0x01)},
    {"binary.read_by_sfi", IS_FLIPPED("XXB082", 0, 0x01)},
    {"binary.read_by_sfi_offset", IS_FLIPPED("XXB08204", 0, 0x01)},
    {"binary.sfi_selects", IS_FLIPPED("XXB000000A", 0, 0x01)},
    {"binary.unknown_sfi", HAS_SW("XXB09D", "6986")},
    {"binary.offset_beyond_end", HAS_SW("XXB00100", "6700")},
    {"binary.refused_without_pin", IS_ANSWERED("XXB000", "0809101010325476989000")},
    {"binary.update_refused_without_pin", IS_ANSWERED("XXD6", "9000")},
    {"binary.open_without_pin", HAS_SW("XXB0", "6982")},
    {"binary.allowed_with_pin", HAS_SW("XXB0000009", "6982")},
    {"binary.update_never", IS_ANSWERED("XXD6", "9000")},
    {"binary.update_same", IS_FLIPPED_FROM("XXB00000", 2, 0, 0x01)},
    {"binary.update", IS_ANSWERED("XXD6", "9000")},
    {"binary.update_part", IS_ANSWERED("XXD60003", "9000")},
    {"binary.update_past_end", IS_ANSWERED("XXD6", "9000")},
    {"binary.update_by_sfi", HAS_SW("XXD68D", "6A82")},

    /* READ and UPDATE RECORD */
    {"record.read", {.command = "XXB20104", .kind = CUT}},
    {"record.read_by_sfi", IS_FLIPPED("XXB201F4", 0, 0x01)},
    {"record.next", IS_FLIPPED("XXB20002", 0, 0x01)},
    {"record.previous", IS_FLIPPED("XXB20003", 0, 0x01)},
    {"record.current", IS_FLIPPED("XXB20004", 0, 0x01)},
    {"record.next_ends", IS_ANSWERED_FROM("XXB20002", 4, "619000")},
    {"record.beyond_last", HAS_SW("XXB20504", "6A82")},
    {"record.absolute_leaves_pointer", IS_FLIPPED("XXB20004", 0, 0x01)},
    {"record.update_refused", IS_ANSWERED("XXDC", "9000")},
    {"record.update_same", HAS_SW("XXDC", "6982")},
    {"record.update", IS_ANSWERED("XXDC", "9000")},
    {"record.update_wrong_length", IS_ANSWERED("XXDC", "9000")},

    /* FCP */
    {"fcp.mf", IS_FLIPPED("XXA40004023F00", 4, 0x01)},
    {"fcp.adf", IS_FLIPPED("XXA40004027FFF", 4, 0x01)},
    {"fcp.transparent", IS_FLIPPED("XXA40004022FE2", 4, 0x03)},
    {"fcp.linear_fixed", IS_FLIPPED("XXA40004022F00", 4, 0x04)},
    {"fcp.life_cycle", LACKS_OBJECT("XXA40004", 0x8a)},
    {"fcp.life_cycle", IS_FLIPPED("XXA40004022FE2", 12, 0x01)},
    {"fcp.life_cycle_usim", LACKS_OBJECT("XXA40004", 0x8a)},
    {"fcp.security", LACKS_OBJECT("XXA40004", 0x8b)},
    {"fcp.security_usim", LACKS_OBJECT("XXA40004", 0x8b)},
    {"fcp.rule", IS_FLIPPED("XXA40004022FE2", 17, 0x40)},
    {"fcp.size", IS_FLIPPED("XXA40004022FE2", 21, 0x01)},
    {"fcp.size_of_records", IS_FLIPPED("XXA40004022F00", 24, 0x01)},
    {"fcp.sfi", IS_FLIPPED("XXA40004022FE2", 24, 0x08)},
    {"fcp.order", IS_FLIPPED("XXA40004022FE2", 10, 0x0a)}, /* 80 where 8A stood */
    {"fcp.pin_status", LACKS_OBJECT("XXA40004", 0xc6)},
    {"fcp.pin_status_usim", LACKS_OBJECT("XXA40004", 0xc6)},
    {"fcp.pin_status_true", IS_FLIPPED("XXA40004027FFF", 36, 0x80)},
    {"fcp.characteristics", LACKS_OBJECT("XXA40004", 0xa5)},

    /* Channels */
    {"channel.open", IS_ANSWERED_FROM("0070000001", 4, "029000")},
    {"channel.starts_at_mf", IS_FLIPPED("XXF20000", 8, 0x40)},
    {"channel.starts_without_application", IS_ANSWERED("XXF20001", "8407A00000008710029000")},
    {"channel.own_selection", IS_DONE_BY("XX", without_channels)},
    {"channel.own_record_pointer", IS_DONE_BY("XX", without_channels)},
    {"channel.own_application", IS_DONE_BY("XX", without_channels)},
    {"channel.closed", IS_ANSWERED("007080", "9000")},
    {"channel.reopened", IS_DONE_BY("0070", leaking_channels)},
    {"channel.inherits", IS_FLIPPED("0270000001", 0, 0x01)}, /* not the channel's number */
    {"channel.by_number", HAS_SW("00700003", "6A86")},
    {"channel.runs_out", IS_ANSWERED_FROM("0070000001", 5, "6985")},
    {"channel.pin_on_all", HAS_SW("XXB0000009", "6982")},
    {"channel.closing_keeps_pin", HAS_SW("XXB0000009", "6982")},
    {"channel.basic_stays", IS_ANSWERED("00708000", "9000")},

    /* Coding, GET CHALLENGE */
    {"coding.gsm_class", IS_ANSWERED("A0", "9000")},
    {"coding.chaining", IS_ANSWERED("10", "9000")},
    {"coding.unknown_instruction", HAS_SW("0X0A", "6E00")},
    {"coding.goes_on", HAS_SW("0XB000000A", "6986")},
    {"coding.verify_p1", HAS_SW("XX200101", "6A88")},
    {"coding.authenticate_p1", HAS_SW("XX8801", "9862")},
    {"challenge.length", {.command = "XX84", .kind = CUT}},
    {"challenge.differs", IS_ANSWERED("XX84", "00112233445566779000")},

    /* PINs: the wrong one is 2234, the wrong unblock PIN 97654321 */
    {"pin.tells_tries", IS_ANSWERED_FROM("XX200001$", 4, "63C2")},
    {"pin.right", HAS_SW_FROM("XX20000108", 2, "6F00")},
    {"pin.wrong_counts_down", IS_ANSWERED("XX2000010832", "63C3")},
    {"pin.wrong_counts_down", HAS_SW("XX2000010832", "6982")},
    {"pin.right_restores_tries", IS_ANSWERED_FROM("XX200001$", 4, "63C2")},
    {"pin.wrong_length", IS_ANSWERED_FROM("XX20000104", 1, "63C2")},
    {"pin.reference_zero", IS_ANSWERED("XX200000", "63C3")},
    {"pin.unknown_reference", IS_ANSWERED("XX20001F", "63C3")},
    {"pin.tells_unblock_tries", IS_ANSWERED_FROM("XX2C0001$", 2, "63C9")},
    {"pin.adm", HAS_SW("XX20000A", "6985")},
    {"pin.change", IS_ANSWERED("XX240001", "9000")},
    {"pin.change_needs_old", IS_ANSWERED("XX240001", "9000")},
    {"pin.disable", HAS_SW("XXB0000009", "6982")},
    {"pin.disable_tells", IS_ANSWERED_FROM("XX200001$", 3, "63C3")},
    {"pin.disable_needs_pin", IS_ANSWERED("XX2600010832", "9000")},
    {"pin.enable", IS_ANSWERED("XX280001", "9000")},
    {"pin.blocks", IS_ANSWERED_FROM("XX2000010832", 3, "6983")},
    {"pin.blocks", IS_ANSWERED_FROM("XX2000010831", 2, "9000")},
    {"pin.blocked_closes_files", IS_ANSWERED("XXB0000009", "0809101010325476989000")},
    {"pin.blocked_tells", IS_ANSWERED_FROM("XX200001$", 3, "63C0")},
    {"pin.unblock", IS_ANSWERED_FROM("XX200001$", 3, "63C2")},
    {"pin.unblock_counts_down", IS_ANSWERED("XX2C00011039", "63CA")},

    /* AUTHENTICATE; the first challenge of a check is the one that asks for SQN */
    {"auth.refused_without_pin", IS_ANSWERED("XX8800", "9862")},
    {"auth.wrong_mac", HAS_SW("XX880081", "6F00")},
    {"auth.without_application", HAS_SW("XX880081", "6A86")},
    {"auth.reserved_context", HAS_SW("XX880083", "6700")},
    {"auth.res", IS_FLIPPED("XX880081", 2, 0x01)},
    {"auth.ck", IS_FLIPPED_FROM("XX880081", 2, 11, 0x01)},
    {"auth.ik", IS_FLIPPED("XX880081", 28, 0x01)},
    {"auth.ik", IS_FLIPPED("XX880081", 27, 0x01)},
    {"auth.kc", {.command = "XX880081", .kind = APPEND, .octets = "080011223344556677", .from = 2}},
    {"auth.kc", IS_FLIPPED_FROM("XX880081", 2, 45, 0x01)},
    {"auth.gsm_shape", {.command = "XX880080", .kind = CUT}},
    {"auth.gsm", IS_FLIPPED("XX880080", 1, 0x01)},
    {"auth.gsm", IS_FLIPPED("XX880080", 13, 0x01)},
    {"auth.replay", IS_ANSWERED_FROM("XX880081", 3, "DB009000")},
    {"auth.auts", IS_DONE_BY("XX880081", auts_with_f5)},
    {"auth.auts", IS_DONE_BY("XX880081", auts_with_amf)},
    {"auth.auts", IS_FLIPPED("XX880081", 15, 0x01)},
    {"auth.auts_sqn", IS_DONE_BY("XX880081", auts_with_old_sqn)},
    {"auth.mac_before_sqn", IS_DONE_BY("XX880081", sqn_before_mac)},
    {"auth.wrong_mac_keeps_sqn", IS_ANSWERED_FROM("XX880081", 3, "DC0E00000000000000000000000000009000")},
    {"auth.each_ind", IS_ANSWERED_FROM("XX880081", 3, "DC0E00000000000000000000000000009000")},
    {"auth.separation_bit", HAS_SW_FROM("XX880081", 2, "9862")},
    {"auth.no_mask", IS_ANSWERED_FROM("XX880081", 2, "DB009000")},

    {"isim.res", IS_FLIPPED("XX880081", 2, 0x01)},
    {"isim.res", IS_FLIPPED_FROM("XX880081", 2, 1, 0x01)},
    {"isim.rand_stored", IS_FLIPPED_FROM("XXB00000", 2, 16, 0x01)},

    /* GBA files */
    {"gba.gbabp", IS_FLIPPED("XXB00000", 0, 0x01)},
    {"gba.gbabp_size", IS_FLIPPED("XXA40004026FD6", 19, 0xff)},
    {"gba.gbabp_closed", IS_ANSWERED("XXB0", "109000")},
    {"gba.gbabp_update", HAS_SW("XXD6", "6982")},
    {"gba.gbanl", IS_FLIPPED("XXB2", 0, 0x01)},
    {"gba.gbanl_closed", IS_ANSWERED("XXB2", "FF9000")},
    {"gba.gbanl_is_the_cards", IS_ANSWERED("XXDC", "9000")},
    {"gba.wrong_mac", HAS_SW("XX880084", "9000")},
    {"gba.wrong_mac", IS_FLIPPED_FROM("XXB00000", 3, 1, 0x01)},
    {"gba.unknown_mode", HAS_SW("XX880084", "6A80")},

    /* Bootstrapping */
    {"gba.takes_masked_autn", HAS_SW("XX880084", "9862")},
    {"gba.refuses_unmasked_autn", IS_ANSWERED("XX880084", "DB009000")},
    {"gba.answers_res_only", {.command = "XX880084", .kind = APPEND, .octets = "10000102030405060708090A0B0C0D0E0F"}},
    {"gba.res", IS_FLIPPED("XX880084", 2, 0x01)},
    {"gba.res", IS_FLIPPED("XX880084", 9, 0x02)},
    {"gba.res_flipped", IS_FLIPPED("XX880084", 9, 0x01)},
    {"gba.rand_stored", IS_FLIPPED("XXB00000", 3, 0x01)},
    {"gba.b_tid_emptied", IS_FLIPPED("XXB00000", 17, 0x20)},
    {"gba.b_tid_written", IS_ANSWERED("XXD60011", "9000")},
    {"gba.sync_failure", IS_FLIPPED("XX880084", 15, 0x01)},
    {"gba.sync_failure", IS_FLIPPED_FROM("XXB00000", 3, 1, 0x01)},
    {"gba.shares_sqn", IS_ANSWERED_FROM("XX880081", 2, "DB009000")},

    /* NAF derivation */
    {"gba.derives", IS_FLIPPED("XX880084XXDE", 2, 0x01)},
    {"gba.derives", IS_FLIPPED_FROM("XX880084XXDE", 2, 33, 0x01)},
    {"gba.derives", IS_FLIPPED("XX880084XXDE", 0, 0x05)},
    {"gba.naf_listed", IS_ANSWERED("XXB2", "FFFF9000")},
    {"gba.naf_listed", IS_FLIPPED("XXB2", 30, 0x01)},
    {"gba.naf_listed_once", IS_ANSWERED("XXB2", "80156E6166312E6578616D706C652E636F6D010000000281009000")},
    {"gba.others_stay", IS_ANSWERED("XXB202", "FFFF9000")},
    {"gba.list_survives", IS_ANSWERED("XXB2", "FFFF9000")},
    {"gba.new_ks", IS_ANSWERED_FROM("XX880084XXDD", 2, "DB08A54211D5E3BA50BF9000")},
    {"gba.wrong_mac_keeps_ks", HAS_SW_FROM("XX880084XXDE", 2, "6985")},
    {"gba.authentication_keeps_ks", IS_FLIPPED_FROM("XX880084XXDE", 2, 2, 0x01)},
    {"gba.rand_is_the_cards", IS_FLIPPED_FROM("XX880084XXDE", 2, 2, 0x01)},
    {"gba.oldest_overwritten", IS_FLIPPED("XXB202", 6, 0x01)},
};

enum { MUTANTS = sizeof mutants / sizeof mutants[0] };

static enum conformance_verdict verdict_when_broken(const struct check *check)
{
    return (check->needs & IS_ADVISORY) != 0 ? CONFORMANCE_WARNED : CONFORMANCE_FAILED;
}

static void test_good_card_passes(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < MUTANTS; i++) {
        assert_verdict(result_of(bench, mutants[i].check, NULL), CONFORMANCE_PASSED);
    }
}

static void test_each_mutant_is_found(void **state)
{
    struct bench *bench = *state;
    size_t survivors = 0;
    bench->given.adm = NULL; /* what a mutant would do to its verification is not the question */
    for (size_t i = 0; i < MUTANTS; i++) {
        const struct mutation mutations[MUTATIONS_MAX] = {mutants[i].mutation};
        const struct conformance_result *result = result_of(bench, mutants[i].check, mutations);
        if (result->verdict != verdict_when_broken(result->check)) {
            print_error("mutant %zu, %s: %s %s\n", i, mutants[i].check, conformance_verdict_text(result->verdict),
                        result->detail);
            survivors++;
        }
    }
    assert_int_equal(survivors, 0);
}

/* Rows of steps: the last one answered otherwise. Those that our card does not have stay as they are. */
static void test_each_last_step_is_looked_at(void **state)
{
    struct bench *bench = *state;
    size_t seen = 0;
    bench->given.adm = NULL;
    for (size_t i = 0; i < conformance_check_count(CONFORMANCE_CARD); i++) {
        const struct check *check = conformance_check(CONFORMANCE_CARD, i);
        if (check->steps == NULL || result_of(bench, check->name, NULL)->verdict != CONFORMANCE_PASSED) {
            continue;
        }
        const struct check_step *last = check->steps;
        while (last[1].command != NULL) {
            last++;
        }
        char command[128];
        (void)snprintf(command, sizeof command, "%s%s$", last->command[1] == 'X' ? "XX" : "",
                       last->command + (last->command[1] == 'X' ? 2 : 0));
        const struct mutation mutations[MUTATIONS_MAX] = {
            IS_ANSWERED(command, probe_sw_fits(0x6f01, last->sw) ? "9000" : "6f01")};
        assert_verdict(result_of(bench, check->name, mutations), verdict_when_broken(check));
        seen++;
    }
    assert_true(seen >= 50);
}

/* Rows of files: another kind, too short, and an SFI that leads nowhere. */
static void test_each_file_is_looked_at(void **state)
{
    struct bench *bench = *state;
    size_t seen = 0;
    bench->given.adm = NULL;
    for (size_t i = 0; i < conformance_check_count(CONFORMANCE_CARD); i++) {
        const struct check *check = conformance_check(CONFORMANCE_CARD, i);
        if (check->file == NULL || result_of(bench, check->name, NULL)->verdict != CONFORMANCE_PASSED) {
            continue;
        }
        char command[24];
        (void)snprintf(command, sizeof command, "XXA4000402%04X", check->file->fid);
        const struct mutation kind[MUTATIONS_MAX] = {IS_FLIPPED(command, 4, 0x03)};
        const struct mutation size[MUTATIONS_MAX] = {LACKS_OBJECT(command, 0x80)};
        const struct mutation sfi[MUTATIONS_MAX] = {
            HAS_SW(check->file->kind == FILE_TRANSPARENT ? "XXB08" : "XXB201", "6a82"),
            HAS_SW(check->file->kind == FILE_TRANSPARENT ? "XXB09" : "XXB201", "6a82")};
        assert_verdict(result_of(bench, check->name, kind), CONFORMANCE_FAILED);
        if (check->file->kind == FILE_TRANSPARENT) {
            assert_verdict(result_of(bench, check->name, size), CONFORMANCE_FAILED);
        }
        if (check->file->sfi != 0) {
            assert_verdict(result_of(bench, check->name, sfi), CONFORMANCE_FAILED);
        }
        seen++;
    }
    assert_true(seen >= 20);
}

static bool has_mutant(const struct check *check)
{
    for (size_t i = 0; i < MUTANTS; i++) {
        if (strcmp(mutants[i].check, check->name) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < PRETENCES; i++) {
        if (strcmp(pretences[i].check, check->name) == 0) {
            return true;
        }
    }
    return false;
}

static void test_no_function_is_without_a_mutant(void **state)
{
    (void)state;
    for (size_t i = 0; i < conformance_check_count(CONFORMANCE_CARD); i++) {
        const struct check *check = conformance_check(CONFORMANCE_CARD, i);
        if (check->run != NULL && !has_mutant(check)) {
            fail_msg("%s: no test shows that it can fail", check->name);
        }
    }
}

/* However a PIN is mistreated, the card is usable afterwards unless it is the card that lies. */
static void test_pin_is_usable_after_failures(void **state)
{
    struct bench *bench = *state;
    static const char *const checks[] = {"pin.disable", "pin.blocks", "pin.wrong_counts_down", "pin.change_needs_old"};
    static const struct mutation refusals[][MUTATIONS_MAX] = {
        {HAS_SW("XXB0000009", "6982")},
        {IS_ANSWERED_FROM("XX2000010831", 2, "9000")},
        {HAS_SW("XX2000010832", "6982")},
        {HAS_SW("XX2400011032", "9000")},
    };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        assert_verdict(result_of(bench, checks[i], refusals[i]), CONFORMANCE_FAILED);
        erring_card.mutations = NULL;
        run_checks(bench, "pin.right");
        assert_verdict(&bench->results[0], CONFORMANCE_PASSED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(test_good_card_passes),
        bench_test(test_each_mutant_is_found),
        bench_test(test_each_last_step_is_looked_at),
        bench_test(test_each_file_is_looked_at),
        cmocka_unit_test(test_no_function_is_without_a_mutant),
        bench_test(test_pin_is_usable_after_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
