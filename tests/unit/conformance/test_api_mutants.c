/* test_api_mutants.c: cards that break one rule of the GBA_U API each; the check in question must find every one. */
#include "api_bench.h"
#include "codec/ber_tlv.h"
#include "pretences.h"

/* Commands on their way, changed: a card that does so breaks a rule, not an answer */

enum { HEAD = 5, TAG_DIRECTION = 0x82, TAG_ALGORITHM = 0x83, TAG_LABEL = 0x84, TAG_CONTEXT = 0x85, TAG_USAGE = 0x89 };

static size_t card_answers(struct erring_card *card, struct octets command, uint8_t *response)
{
    return card_image_process(card->image, command, response);
}

static uint16_t sw_of(const uint8_t *response, size_t length)
{
    return (uint16_t)(response[length - 2] << 8 | response[length - 1]);
}

static size_t answer_sw(uint8_t *response, uint16_t sw)
{
    response[0] = (uint8_t)(sw >> 8);
    response[1] = (uint8_t)sw;
    return 2;
}

/* The command with the object `tag` replaced by `value`, or left out when `value` has no octets. */
static size_t answer_with_object(struct erring_card *card, struct octets command, uint32_t tag, struct octets value,
                                 uint8_t *response)
{
    uint8_t changed[READER_COMMAND_MAX];
    struct ber_tlv tlv;
    struct octet_writer writer = octet_writer_of(changed, sizeof changed);
    struct octet_reader reader = octet_reader_of(octets_of(command.data + HEAD, command.data[4]));
    octet_writer_put(&writer, command.data, HEAD);
    while (ber_tlv_next(&reader, &tlv)) {
        if (tlv.tag != tag) {
            ber_tlv_write(&writer, tlv.tag, tlv.value);
        } else if (value.length > 0) {
            ber_tlv_write(&writer, tag, value);
        }
    }
    changed[4] = (uint8_t)(writer.length - HEAD);
    octet_writer_u8(&writer, 0);
    return card_answers(card, octets_written(&writer), response);
}

static size_t with_octet(struct erring_card *card, struct octets command, uint32_t tag, uint8_t value,
                         uint8_t *response)
{
    return answer_with_object(card, command, tag, octets_of(&value, 1), response);
}

static size_t ignores_line(struct erring_card *card, struct octets command, uint8_t *response)
{
    return answer_with_object(card, command, 0x80, octets_of(API_NAF, sizeof API_NAF - 1), response);
}

static size_t ignores_direction(struct erring_card *card, struct octets command, uint8_t *response)
{
    return with_octet(card, command, TAG_DIRECTION, 0x01, response);
}

static size_t reads_all_directions(struct erring_card *card, struct octets command, uint8_t *response)
{
    return with_octet(card, command, TAG_DIRECTION, 0x02, response);
}

static size_t ignores_algorithm(struct erring_card *card, struct octets command, uint8_t *response)
{
    return with_octet(card, command, TAG_ALGORITHM, 0x21, response);
}

static size_t ignores_label(struct erring_card *card, struct octets command, uint8_t *response)
{
    return with_octet(card, command, TAG_LABEL, 'x', response);
}

static size_t ignores_context(struct erring_card *card, struct octets command, uint8_t *response)
{
    return answer_with_object(card, command, TAG_CONTEXT, (struct octets){0}, response);
}

static size_t ignores_usage(struct erring_card *card, struct octets command, uint8_t *response)
{
    return with_octet(card, command, TAG_USAGE, 0x02, response);
}

static size_t ignores_count(struct erring_card *card, struct octets command, uint8_t *response)
{
    return answer_with_object(card, command, 0x8d, (struct octets){0}, response);
}

/* Someone else has verified the PIN, so to say. */
static size_t forgets_pin(struct erring_card *card, struct octets command, uint8_t *response)
{
    uint8_t verify[13];
    from_hex("002000010831323334ffffffff", verify, sizeof verify);
    (void)card_answers(card, octets_of(verify, sizeof verify), response);
    return card_answers(card, command, response);
}

/* Handles of channel 1, whichever channel asks. */
static size_t ignores_channel(struct erring_card *card, struct octets command, uint8_t *response)
{
    uint8_t changed[READER_COMMAND_MAX];
    memcpy(changed, command.data, command.length);
    changed[0] = 0x81;
    return card_answers(card, octets_of(changed, command.length), response);
}

/* The nonce of the first message again. */
static uint8_t first_nonce[12];
static size_t repeats_nonce(struct erring_card *card, struct octets command, uint8_t *response)
{
    const size_t length = card_answers(card, command, response);
    if (length > 16 && response[0] == 0x88 && card->counts[0] == 1) {
        memcpy(first_nonce, response + 2, sizeof first_nonce);
    } else if (length > 16 && response[0] == 0x88) {
        memcpy(response + 2, first_nonce, sizeof first_nonce);
    }
    return length;
}

/* The counter that it has in its memory goes back to where it was: at each reset, or with each message. */
static size_t counts_from_0(struct erring_card *card, struct octets command, uint8_t *response)
{
    const size_t length = card_answers(card, command, response);
    if (length > 16 && response[0] == 0x88) {
        memset(response + 6, 0, 7);
        response[13] = (uint8_t)(0xff - card->counts[0]);
    }
    return length;
}

/* A decryption whose tag is wrong gives the text all the same. */
static size_t gives_text_first(struct erring_card *card, struct octets command, uint8_t *response)
{
    const size_t length = card_answers(card, command, response);
    if (sw_of(response, length) != 0x9862) {
        return length;
    }
    from_hex("8703414243", response, 5);
    return answer_sw(response + 5, 0x9862) + 5;
}

/* Errors that this card does not know, one for each rule */

static size_t forgives(uint16_t error, struct erring_card *card, struct octets command, uint8_t *response)
{
    const size_t length = card_answers(card, command, response);
    return sw_of(response, length) == error ? answer_sw(response, 0x9000) : length;
}

#define FORGIVING(sw)                                                                                                  \
    static size_t forgives_##sw(struct erring_card *card, struct octets command, uint8_t *response)                    \
    {                                                                                                                  \
        return forgives(0x##sw, card, command, response);                                                              \
    }

FORGIVING(6982)
FORGIVING(6983)
FORGIVING(6985)
FORGIVING(6a80)
FORGIVING(6a88)
FORGIVING(9862)
FORGIVING(9865)

/* Every error is an agreement; every answer has an octet that is wrong. */

static size_t agrees(struct erring_card *card, struct octets command, uint8_t *response)
{
    const size_t length = card_answers(card, command, response);
    const bool is_api = command.data[1] >= 0x40 && command.data[1] <= 0x5e;
    return is_api && sw_of(response, length) != 0x9000 ? answer_sw(response, 0x9000) : length;
}

static size_t errs(struct erring_card *card, struct octets command, uint8_t *response)
{
    const size_t length = card_answers(card, command, response);
    const bool is_api = command.data[1] >= 0x40 && command.data[1] <= 0x5e && command.data[1] != 0x50;
    if (is_api && length > 2) {
        response[length - 3] ^= 0x01;
    }
    return length;
}

#define IS_MUTANT(command_, call_)                                                                                     \
    {                                                                                                                  \
        .command = (command_), .kind = CALL, .call = (call_)                                                           \
    }

#define OPEN      "XX500000"
#define OPEN_KEPT "XX500001"
#define PROCESS   "XX52XXXX"
#define APPLY     "XX5C0000"
#define KEEP      "XX5AXX00"
#define DELETE    "XX5A0001"
#define CLOSE     "XX5EXX00"
#define DERIVE    "XX56XX00"

static const struct mutant {
    const char *check;
    struct mutation mutation;
} mutants[] = {
    /* Capabilities, random, counter, hash */
    {"capabilities.version", FLIPS("XX40", 0, 2, 0x02)},
    {"capabilities.algorithms", FLIPS("XX40", 0, 7, 0x40)},
    {"capabilities.limits", {.command = "XX40", .kind = CUT}},
    {"random.differs", SAYS("XX84", "000102030405060708090A0B0C0D0E0F9000")},
    {"counter.grows", SAYS("XX4E", "870800000000000000019000")},
    {"counter.over_reset", SAYS("XX4E", "870800000000000000019000")},
    {"hash.sha256", FLIPS(PROCESS, 0, 10, 0x01)},
    {"hash.sm3", FLIPS(PROCESS, 0, 10, 0x01)},
    {"hash.extended", FLIPS(PROCESS, 0, 10, 0x01)},
    {"command.extended", SAYS("XX42", "9000")},
    {"hash.no_b_tid", {.command = OPEN, .kind = APPEND, .octets = "8100"}},

    /* Access */
    {"access.pin", IS_MUTANT("XX50", forgets_pin)},
    {"access.pin_keeps_keys", IS_MUTANT(DELETE, forgets_pin)},
    {"access.pin_apply", IS_MUTANT(APPLY, forgets_pin)},
    {"list.pin", IS_MUTANT("XX42", forgets_pin)},
    {"access.no_line", IS_MUTANT(OPEN_KEPT, ignores_line)},
    {"access.no_line_with_key", IS_MUTANT(OPEN, ignores_line)},
    {"access.whole_name", IS_MUTANT(OPEN, ignores_line)},
    {"access.line_first", SAYS(OPEN, "6A81")},
    {"access.line_gone", IS_MUTANT(OPEN, forgives_6982)},
    {"access.line_of_another", IS_MUTANT(OPEN, forgives_6982)},
    {"access.line_malformed", IS_MUTANT(OPEN, forgives_6982)},
    {"access.file_deactivated", IS_MUTANT(OPEN, forgives_6982)},
    {"access.no_line_listed", SAYS("XX42", "80256E6F2D6C696E652E676261752D636F6E666F726D616E63652E6578616D706C65"
                                           "FFFEFDFCFB81008C04000000008D04FFFFFFFF9000")},

    /* Derivation */
    {"derivation.key", IS_MUTANT(OPEN, ignores_label)},
    {"derivation.label", IS_MUTANT(OPEN, ignores_label)},
    {"derivation.algorithm", IS_MUTANT(OPEN, ignores_algorithm)},
    {"derivation.direction", IS_MUTANT(OPEN, ignores_direction)},
    {"derivation.context", IS_MUTANT(OPEN, ignores_context)},
    {"derivation.new_root", SAYS_FROM("XX880084XXDE", 2, "DB209000")},
    {"open.impossible", IS_MUTANT(OPEN, ignores_usage)},
    {"open.impossible", IS_MUTANT(OPEN, ignores_direction)},
    {"open.unknown_algorithm", IS_MUTANT(OPEN, ignores_algorithm)},
    {"open.policy_key", IS_MUTANT(OPEN, ignores_usage)},
    {"open.needs_policy", IS_MUTANT(OPEN, forgives_6982)},
    {"open.possible", SAYS(OPEN, "6A81")},
    {"open.any_order", SAYS(OPEN, "6A80")},
    {"open.no_usage", SAYS(OPEN, "6A80")},
    {"open.b_tid", FLIPS(OPEN, 0, 8, 0x01)},
    {"list.naf_key", FLIPS("XX42", 2, 30, 0x01)},

    /* Handles */
    {"handle.limit", SAYS(CLOSE, "9000")},
    {"handle.limit", FLIPS("XX40", 0, 28, 0x01)},
    {"handle.close", SAYS(CLOSE, "9000")},
    {"handle.channel", IS_MUTANT(PROCESS, ignores_channel)},
    {"handle.channel", IS_MUTANT(CLOSE, ignores_channel)},
    {"handle.close_channel", IS_MUTANT(PROCESS, forgives_6a88)},
    {"handle.select", SAYS_FROM("XXA4040C09", 2, "9000")},
    {"handle.reset", IS_MUTANT(PROCESS, forgives_6a88)},
    {"handle.bootstrapping", FLIPS(PROCESS, 0, 5, 0x01)},
    {"handle.interleaved", SAYS_FROM(PROCESS, 3, "6985")},

    /* Messages */
    {"nonce.unique", IS_MUTANT(PROCESS, repeats_nonce)},
    {"nonce.two_handles", IS_MUTANT(PROCESS, repeats_nonce)},
    {"nonce.counter", IS_MUTANT(PROCESS, counts_from_0)},
    {"nonce.over_reset", IS_MUTANT(PROCESS, counts_from_0)},
    {"nonce.counter_block", FLIPS(PROCESS, 0, 17, 0x01)},
    {"nonce.iv", IS_MUTANT(PROCESS, repeats_nonce)},
    {"encrypt.aead", FLIPS(PROCESS, 0, 16, 0x01)},
    {"encrypt.block_modes", FLIPS(PROCESS, 0, 20, 0x01)},
    {"encrypt.blocks", FLIPS(PROCESS, 3, 4, 0x01)},
    {"encrypt.direction", IS_MUTANT(OPEN, ignores_direction)},
    {"encrypt.late_aad", IS_MUTANT(PROCESS, forgives_6985)},
    {"encrypt.last_text", IS_MUTANT(PROCESS, forgives_6a80)},
    {"encrypt.own_nonce", IS_MUTANT(PROCESS, forgives_6a80)},
    {"encrypt.usage", IS_MUTANT(PROCESS, forgives_6985)},
    {"ccm.lengths", IS_MUTANT(PROCESS, forgives_6a80)},
    {"ccm.announced", IS_MUTANT(PROCESS, forgives_6985)},
    {"decrypt.wrong_tag", IS_MUTANT(PROCESS, gives_text_first)},
    {"decrypt.wrong_tag", IS_MUTANT(PROCESS, forgives_9862)},
    {"decrypt.wrong_tag_at_end", IS_MUTANT(PROCESS, forgives_9862)},
    {"decrypt.direction", IS_MUTANT(OPEN, reads_all_directions)},
    {"decrypt.padding", IS_MUTANT(PROCESS, forgives_6a80)},
    {"mac.direction", IS_MUTANT(OPEN, ignores_direction)},
    {"mac.usage", IS_MUTANT(OPEN, ignores_usage)},
    {"verify.right", IS_MUTANT(OPEN, ignores_label)},
    {"verify.wrong", IS_MUTANT(PROCESS, forgives_9862)},
    {"verify.length", IS_MUTANT(PROCESS, forgives_9862)},

    /* Children and transfer */
    {"derive.child", IS_MUTANT(DERIVE, ignores_label)},
    {"derive.possible", IS_MUTANT(DERIVE, ignores_usage)},
    {"derive.policy", IS_MUTANT(DERIVE, forgives_6982)},
    {"export.key", FLIPS("XX58", 0, 9, 0x01)},
    {"export.usage", IS_MUTANT("XX58", forgives_6985)},
    {"transfer.flags", IS_MUTANT(OPEN, forgives_6982)},
    {"wrap.key", FLIPS("XX58", 0, 20, 0x01)},
    {"wrap.policy", IS_MUTANT("XX58", forgives_6982)},
    {"wrap.counted", IS_MUTANT("XX58", forgives_6985)},
    {"wrap.order", SAYS("XX58", "6985")},
    {"unwrap.wrong_tag", IS_MUTANT("XX58", forgives_9862)},
    {"unwrap.key", FLIPS("XX58", 0, 5, 0x01)},

    /* Authentication */
    {"authenticate.initiator", FLIPS("XX54XX03", 0, 4, 0x01)},
    {"authenticate.responder", FLIPS("XX54XX02", 0, 25, 0x01)},
    {"authenticate.wrong_tr", IS_MUTANT("XX54", forgives_9862)},
    {"authenticate.wrong_tr", SAYS_FROM("XX54XX03", 2, "9000")},
    {"authenticate.wrong_ti", IS_MUTANT("XX54", forgives_9862)},
    {"authenticate.other_version", IS_MUTANT("XX54", forgives_9862)},
    {"authenticate.other_b_tid", IS_MUTANT("XX54", forgives_9862)},
    {"authenticate.nonces", SAYS("XX54XX01", "8810000102030405060708090A0B0C0D0E0F9000")},
    {"authenticate.turns", IS_MUTANT("XX54", forgives_6985)},

    /* Persisted keys */
    {"keep.key", SAYS(KEEP, "9000")},
    {"keep.key", IS_MUTANT(OPEN, ignores_label)},
    {"keep.b_tid", FLIPS(OPEN_KEPT, 0, 8, 0x01)},
    {"keep.new_naf_key", SAYS(KEEP, "9000")},
    {"keep.over_reset", SAYS(KEEP, "9000")},
    {"keep.delete", SAYS(DELETE, "9000")},
    {"keep.direction_03", IS_MUTANT(OPEN, ignores_direction)},
    {"keep.direction_03", SAYS(KEEP, "9000")},
    {"keep.count", IS_MUTANT(KEEP, ignores_count)},
    {"keep.count_0", IS_MUTANT(KEEP, ignores_count)},
    {"keep.count_of_children", IS_MUTANT(KEEP, ignores_count)},
    {"keep.label", IS_MUTANT(OPEN_KEPT, forgives_6a88)},
    {"keep.policy", IS_MUTANT(OPEN_KEPT, forgives_6982)},

    /* Policies and revocations */
    {"policy.version", FLIPS("XX42", 2, 69, 0x01)},
    {"policy.rollback", IS_MUTANT(APPLY, forgives_9865)},
    {"policy.wrong_mac", IS_MUTANT(APPLY, forgives_9862)},
    {"policy.malformed", IS_MUTANT(APPLY, forgives_6a80)},
    {"policy.usages", SAYS(APPLY, "9000")},
    {"policy.algorithms", SAYS(APPLY, "9000")},
    {"policy.callers", SAYS(APPLY, "9000")},
    {"policy.over_reset", SAYS(APPLY, "9000")},
    {"policy.sticks", SAYS(APPLY, "9000")},
    {"limit.holds", SAYS(APPLY, "9000")},
    {"limit.first_blocks", SAYS(APPLY, "9000")},
    {"limit.open_handles", IS_MUTANT(PROCESS, forgives_6983)},
    {"limit.sticks", IS_MUTANT(PROCESS, forgives_6983)},
    {"limit.authentication", IS_MUTANT("XX54", forgives_6983)},
    {"limit.persist", IS_MUTANT(KEEP, forgives_6983)},
    {"limit.rules_lost", IS_MUTANT(PROCESS, forgives_6983)},
    {"revocation.naf_key", SAYS_FROM(APPLY, 2, "9000")},
    {"revocation.listed", SAYS_FROM(APPLY, 2, "9000")},
    {"revocation.same_key", IS_MUTANT(OPEN, forgives_6a88)},
    {"revocation.record_stays", IS_MUTANT(OPEN, forgives_6a88)},
    {"revocation.persisted", SAYS_FROM(APPLY, 2, "9000")},
    {"revocation.label", SAYS_FROM(APPLY, 2, "9000")},
    {"revocation.policy_stays", SAYS_FROM(OPEN, 1, "9000")},
    {"revocation.rollback", IS_MUTANT(APPLY, forgives_9865)},
    {"revocation.versions", IS_MUTANT(APPLY, forgives_9865)},
};

enum { MUTANTS = sizeof mutants / sizeof mutants[0] };

static enum conformance_verdict verdict_of(struct bench *bench, const char *check, const struct mutation *mutation)
{
    const struct mutation mutations[MUTATIONS_MAX] = {*mutation};
    return result_of(bench, check, mutations)->verdict;
}

static void test_each_mutant_is_found(void **state)
{
    struct bench *bench = *state;
    size_t survivors = 0;
    for (size_t i = 0; i < MUTANTS; i++) {
        if (verdict_of(bench, mutants[i].check, &mutants[i].mutation) != CONFORMANCE_FAILED) {
            print_error("mutant %zu, %s: %s %s\n", i, mutants[i].check,
                        conformance_verdict_text(bench->results[0].verdict), bench->results[0].detail);
            survivors++;
        }
    }
    assert_int_equal(survivors, 0);
}

static bool has_mutant(const struct check *check)
{
    for (size_t i = 0; i < MUTANTS; i++) {
        if (strcmp(mutants[i].check, check->name) == 0) {
            return true;
        }
    }
    return false;
}

/* No check is blind: one without a mutant above fails on a card that agrees to everything, or errs in every answer. */
static void test_every_function_can_fail(void **state)
{
    struct bench *bench = *state;
    static const struct mutation agreeing = IS_MUTANT("XX", agrees), erring = IS_MUTANT("XX", errs);
    size_t blind = 0;
    for (size_t i = 0; i < api_check_count(); i++) {
        const struct check *check = api_check(i);
        if (check->run_api != NULL && !has_mutant(check) &&
            verdict_of(bench, check->name, &agreeing) != CONFORMANCE_FAILED &&
            verdict_of(bench, check->name, &erring) != CONFORMANCE_FAILED) {
            print_error("%s: no test shows that it can fail\n", check->name);
            blind++;
        }
    }
    assert_int_equal(blind, 0);
}

/* A check ends, whatever the card says. */
static void test_no_check_goes_on_forever(void **state)
{
    struct bench *bench = *state;
    static const struct mutation cards[][MUTATIONS_MAX] = {
        {IS_MUTANT("XX", agrees)}, {IS_MUTANT("XX", errs)}, {SAYS("8X", "9000")}, {SAYS("8X42", "80009000")}};
    for (size_t i = 0; i < sizeof cards / sizeof cards[0]; i++) {
        insert_card(bench, cards[i]);
        run_checks(bench, NULL);
        assert_ok(bench->status);
    }
}

/* Rows of steps: each step answered otherwise, one at a time. */
static void test_each_step_is_looked_at(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < api_check_count(); i++) {
        const struct check *check = api_check(i);
        for (const struct check_step *step = check->steps; step != NULL && step->command != NULL; step++) {
            char command[2 * READER_COMMAND_MAX] = "XX";
            size_t length = 2;
            for (const char *next = step->command + 2; *next != '\0'; next++) {
                command[length] = *next;
                length += *next != ' ' ? 1 : 0;
            }
            const struct mutation mutation = SAYS(command, probe_sw_fits(0x6f01, step->sw) ? "9000" : "6F01");
            if (verdict_of(bench, check->name, &mutation) != CONFORMANCE_FAILED) {
                fail_msg("%s: %s is not looked at", check->name, step->command);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        api_bench_test(test_each_mutant_is_found),
        api_bench_test(test_every_function_can_fail),
        api_bench_test(test_no_check_goes_on_forever),
        api_bench_test(test_each_step_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
