/* pin_checks.c: VERIFY, CHANGE, DISABLE, ENABLE and UNBLOCK PIN (TS 102 221 9.5, 11.1.9 to 11.1.13). */
#include <string.h>

#include "base/secret.h"
#include "conformance/check.h"

enum { PIN_TRIES = 3, PUK_TRIES = 10, TWO_SECRETS = 2 * PROBE_SECRET_SIZE };

/* The card's PIN, and one that is certainly another. Secrets: wiped by whoever has made them. */
struct pins {
    uint8_t right[PROBE_SECRET_SIZE];
    uint8_t wrong[PROBE_SECRET_SIZE];
};

static uint8_t other_digit(uint8_t digit)
{
    return digit == '9' ? '0' : (uint8_t)(digit + 1);
}

static struct pins pins_of(const struct probe *probe)
{
    struct pins pins;
    probe_write_secret(probe->given->pin, pins.right);
    memcpy(pins.wrong, pins.right, sizeof pins.wrong);
    pins.wrong[0] = other_digit(pins.wrong[0]);
    return pins;
}

static void send_pin(struct probe *probe, const char *head, const uint8_t value[PROBE_SECRET_SIZE], const char *sw)
{
    (void)probe_expect_data(probe, head, octets_of(value, PROBE_SECRET_SIZE), NO_LE, sw);
}

static void send_two(struct probe *probe, const char *head, const uint8_t *first, const uint8_t *second, const char *sw)
{
    uint8_t values[TWO_SECRETS];
    memcpy(values, first, PROBE_SECRET_SIZE);
    memcpy(values + PROBE_SECRET_SIZE, second, PROBE_SECRET_SIZE);
    (void)probe_expect_data(probe, head, octets_of(values, sizeof values), NO_LE, sw);
    secret_wipe(values, sizeof values);
}

/* Gives the right PIN whatever happened, so that no try is missing afterwards and the PIN is verified. */
static void verify_again(struct probe *probe, const struct pins *pins)
{
    const uint16_t sw = probe_clean_up(probe, "0X200001", octets_of(pins->right, sizeof pins->right));
    probe_demand(probe, probe_sw_fits(sw, "9000"), "the right PIN is accepted afterwards");
}

/* Without --destructive no try is spent unless another one is left. */
static bool may_be_wrong(struct probe *probe)
{
    const int tries = probe_tries(probe, PROBE_PIN);
    probe_demand(probe, tries >= 0, "63CX");
    if (probe_goes_on(probe) && tries < 2) {
        probe_skip(probe, "fewer than two tries are left");
    }
    return probe_goes_on(probe);
}

/* Counting */

static void tells_tries(struct probe *probe)
{
    const int first = probe_tries(probe, PROBE_PIN);
    probe_demand(probe, first >= 0, "63CX");
    const int second = probe_tries(probe, PROBE_PIN);
    probe_demand(probe, first == second, "the same number as before: asking costs no try");
}

static void right_pin(struct probe *probe)
{
    struct pins pins = pins_of(probe);
    send_pin(probe, "0X200001", pins.right, "9000");
    probe_demand(probe, probe_tries(probe, PROBE_PIN) == PIN_TRIES, "63C3 behind the right PIN");
    secret_wipe(&pins, sizeof pins);
}

static void wrong_pin_counts(struct probe *probe)
{
    if (!may_be_wrong(probe)) {
        return;
    }
    struct pins pins = pins_of(probe);
    const int before = probe_tries(probe, PROBE_PIN);
    send_pin(probe, "0X200001", pins.wrong, "63CX");
    probe_demand(probe, (probe->response.sw & 0x0f) == before - 1, "63C%X", (unsigned)(before - 1) & 0x0fU);
    probe_demand(probe, probe_tries(probe, PROBE_PIN) == before - 1, "one try less");
    verify_again(probe, &pins);
    secret_wipe(&pins, sizeof pins);
}

static void right_pin_restores(struct probe *probe)
{
    if (!may_be_wrong(probe)) {
        return;
    }
    struct pins pins = pins_of(probe);
    send_pin(probe, "0X200001", pins.wrong, "63CX");
    send_pin(probe, "0X200001", pins.right, "9000");
    probe_demand(probe, probe_tries(probe, PROBE_PIN) == PIN_TRIES, "63C3: all tries again");
    verify_again(probe, &pins);
    secret_wipe(&pins, sizeof pins);
}

static void wrong_length(struct probe *probe)
{
    if (!may_be_wrong(probe)) {
        return;
    }
    struct pins pins = pins_of(probe);
    const int before = probe_tries(probe, PROBE_PIN);
    (void)probe_expect_data(probe, "0X200001", octets_of(pins.right, 4), NO_LE, "67XX");
    probe_demand(probe, probe_tries(probe, PROBE_PIN) == before, "no try less");
    verify_again(probe, &pins);
    secret_wipe(&pins, sizeof pins);
}

static void tells_unblock_tries(struct probe *probe)
{
    const int first = probe_unblock_tries(probe);
    probe_demand(probe, first >= 0, "63CX");
    const int second = probe_unblock_tries(probe);
    probe_demand(probe, first == second, "the same number as before: asking costs no try");
}

static void tells_tries_of(struct probe *probe, uint8_t key_reference)
{
    const int tries = probe_tries(probe, key_reference);
    if (probe_sw_fits(probe->response.sw, "6A88|6A86|6984")) {
        probe_not_supported(probe, probe->seen);
    }
    probe_demand(probe, tries >= 0, "63CX");
}

static void tells_tries_of_pin2(struct probe *probe)
{
    tells_tries_of(probe, PROBE_PIN2);
}

static void tells_tries_of_adm(struct probe *probe)
{
    tells_tries_of(probe, PROBE_ADM1);
}

static const struct check counting[] = {
    {"pin.tells_tries", "TS 102 221 11.1.9", "VERIFY PIN without data tells the tries left and costs none",
     NEEDS_USIM | NEEDS_PIN_VALUE, .run = tells_tries},
    {"pin.right", "TS 102 221 11.1.9", "the right PIN is accepted", NEEDS_USIM | NEEDS_PIN_VALUE, .run = right_pin},
    {"pin.wrong_counts_down", "TS 102 221 11.1.9", "a wrong PIN costs one try, and the answer says how many are left",
     NEEDS_USIM | NEEDS_PIN_VALUE, .run = wrong_pin_counts},
    {"pin.right_restores_tries", "TS 102 221 11.1.9", "the right PIN gives all tries back",
     NEEDS_USIM | NEEDS_PIN_VALUE, .run = right_pin_restores},
    {"pin.wrong_length", "TS 102 221 11.1.9", "a PIN of four octets is refused with 67XX and costs no try",
     NEEDS_USIM | NEEDS_PIN_VALUE | IS_ADVISORY, .run = wrong_length},
    {"pin.reference_zero", "TS 102 221 11.1.9", "key reference 00 is refused", NEEDS_USIM,
     STEPS({"0X200000", "6A86|6A88|6A80"})},
    {"pin.unknown_reference", "TS 102 221 11.1.9", "a key reference that is not there is refused", NEEDS_USIM,
     STEPS({"0X20001F", "6A88|6A86"})},
    {"pin.tells_unblock_tries", "TS 102 221 11.1.13", "UNBLOCK PIN without data tells the tries left and costs none",
     NEEDS_USIM, .run = tells_unblock_tries},
    {"pin.second_pin", "TS 102 221 9.4.2", "VERIFY without data tells the tries of the second PIN",
     NEEDS_USIM | IS_ADVISORY, .run = tells_tries_of_pin2},
    {"pin.adm", "TS 102 221 9.4.3", "VERIFY without data tells the tries of ADM1", IS_ADVISORY,
     .run = tells_tries_of_adm},
};

CHECK_GROUP(pin_checks, counting);

/* Changing: all of these put the PIN back as it was. */

static void change_and_back(struct probe *probe)
{
    struct pins pins = pins_of(probe);
    uint8_t back[TWO_SECRETS];
    send_two(probe, "0X240001", pins.right, pins.wrong, "9000");
    const bool is_changed = probe_goes_on(probe);
    send_pin(probe, "0X200001", pins.wrong, "9000");
    memcpy(back, pins.wrong, PROBE_SECRET_SIZE);
    memcpy(back + PROBE_SECRET_SIZE, pins.right, PROBE_SECRET_SIZE);
    if (is_changed) {
        (void)probe_clean_up(probe, "0X240001", octets_of(back, sizeof back));
    }
    verify_again(probe, &pins);
    secret_wipe(back, sizeof back);
    secret_wipe(&pins, sizeof pins);
}

static void change_needs_old(struct probe *probe)
{
    struct pins pins = pins_of(probe);
    send_two(probe, "0X240001", pins.wrong, pins.wrong, "63C2");
    verify_again(probe, &pins);
    secret_wipe(&pins, sizeof pins);
}

static void disable_opens(struct probe *probe)
{
    struct pins pins = pins_of(probe);
    send_pin(probe, "0X260001", pins.right, "9000");
    const bool is_disabled = probe_goes_on(probe);
    (void)probe_expect(probe, "0XA4000C026F07", "9000");
    (void)probe_expect(probe, "0XB0000009", "9000");
    if (is_disabled) {
        (void)probe_clean_up(probe, "0X280001", octets_of(pins.right, sizeof pins.right));
    }
    verify_again(probe, &pins);
    secret_wipe(&pins, sizeof pins);
}

static void disable_tells(struct probe *probe)
{
    struct pins pins = pins_of(probe);
    send_pin(probe, "0X260001", pins.right, "9000");
    const bool is_disabled = probe_goes_on(probe);
    (void)probe_expect(probe, "0X200001", "6984|9000");
    if (is_disabled) {
        (void)probe_clean_up(probe, "0X280001", octets_of(pins.right, sizeof pins.right));
    }
    verify_again(probe, &pins);
    secret_wipe(&pins, sizeof pins);
}

static void disable_needs_pin(struct probe *probe)
{
    struct pins pins = pins_of(probe);
    send_pin(probe, "0X260001", pins.wrong, "63C2");
    verify_again(probe, &pins);
    secret_wipe(&pins, sizeof pins);
}

static void enable_again(struct probe *probe)
{
    struct pins pins = pins_of(probe);
    send_pin(probe, "0X260001", pins.right, "9000");
    send_pin(probe, "0X280001", pins.right, "9000");
    probe_demand(probe, probe_tries(probe, PROBE_PIN) >= 0, "63CX: the card asks for its PIN again");
    (void)probe_clean_up(probe, "0X280001", octets_of(pins.right, sizeof pins.right));
    verify_again(probe, &pins);
    secret_wipe(&pins, sizeof pins);
}

/* UNBLOCK PIN with the right unblock PIN, whatever happened: the PIN is as it was, and verified. */
static void unblock(struct probe *probe, const struct pins *pins)
{
    uint8_t values[TWO_SECRETS];
    probe_write_secret(probe->given->puk, values);
    memcpy(values + PROBE_SECRET_SIZE, pins->right, PROBE_SECRET_SIZE);
    const uint16_t sw = probe_clean_up(probe, "0X2C0001", octets_of(values, sizeof values));
    probe_demand(probe, probe_sw_fits(sw, "9000"), "the unblock PIN is accepted");
    secret_wipe(values, sizeof values);
}

static void block(struct probe *probe, const struct pins *pins)
{
    send_pin(probe, "0X200001", pins->wrong, "63C2");
    send_pin(probe, "0X200001", pins->wrong, "63C1");
    send_pin(probe, "0X200001", pins->wrong, "63C0");
}

/* Only where the unblock PIN has tries enough, and by whoever knows it. */
static bool may_block(struct probe *probe)
{
    const int tries = probe_unblock_tries(probe);
    if (probe_goes_on(probe) && tries < 3) {
        probe_skip(probe, "fewer than three tries of the unblock PIN are left");
    }
    return probe_goes_on(probe);
}

static void third_wrong_blocks(struct probe *probe)
{
    struct pins pins = pins_of(probe);
    if (may_block(probe)) {
        block(probe, &pins);
        send_pin(probe, "0X200001", pins.right, "6983");
        unblock(probe, &pins);
    }
    secret_wipe(&pins, sizeof pins);
}

static void blocked_closes_files(struct probe *probe)
{
    struct pins pins = pins_of(probe);
    if (may_block(probe)) {
        block(probe, &pins);
        (void)probe_expect(probe, "0XA4000C026F07", "9000");
        (void)probe_expect(probe, "0XB0000009", "6982|6983");
        unblock(probe, &pins);
    }
    secret_wipe(&pins, sizeof pins);
}

static void blocked_tells(struct probe *probe)
{
    struct pins pins = pins_of(probe);
    if (may_block(probe)) {
        block(probe, &pins);
        (void)probe_expect(probe, "0X200001", "6983");
        unblock(probe, &pins);
    }
    secret_wipe(&pins, sizeof pins);
}

static void unblock_restores(struct probe *probe)
{
    struct pins pins = pins_of(probe);
    if (may_block(probe)) {
        block(probe, &pins);
        unblock(probe, &pins);
        probe_demand(probe, probe_tries(probe, PROBE_PIN) == PIN_TRIES, "63C3: all tries again");
        (void)probe_expect(probe, "0XA4000C026F07", "9000");
        (void)probe_expect(probe, "0XB0000009", "9000");
    }
    secret_wipe(&pins, sizeof pins);
}

static void wrong_unblock_counts(struct probe *probe)
{
    uint8_t puk[PROBE_SECRET_SIZE];
    struct pins pins = pins_of(probe);
    probe_write_secret(probe->given->puk, puk);
    puk[0] = other_digit(puk[0]);
    if (may_block(probe)) {
        const int before = probe_unblock_tries(probe);
        send_two(probe, "0X2C0001", puk, pins.right, "63CX");
        probe_demand(probe, (probe->response.sw & 0x0f) == before - 1, "63C%X", (unsigned)(before - 1) & 0x0fU);
        unblock(probe, &pins);
        probe_demand(probe, probe_unblock_tries(probe) == PUK_TRIES, "63CA: all tries again");
    }
    secret_wipe(puk, sizeof puk);
    secret_wipe(&pins, sizeof pins);
}

#define CHANGES (NEEDS_USIM | NEEDS_PIN_VALUE | NEEDS_DESTRUCTIVE)
#define BLOCKS  (CHANGES | NEEDS_PUK)

static const struct check changing[] = {
    {"pin.change", "TS 102 221 11.1.10", "CHANGE PIN with the old PIN sets a new one", CHANGES, .run = change_and_back},
    {"pin.change_needs_old", "TS 102 221 11.1.10", "CHANGE PIN with a wrong old PIN costs a try", CHANGES,
     .run = change_needs_old},
    {"pin.disable", "TS 102 221 11.1.11", "with the PIN disabled its files are open", CHANGES, .run = disable_opens},
    {"pin.disable_tells", "TS 102 221 11.1.9", "VERIFY PIN without data tells that the PIN is disabled",
     CHANGES | IS_ADVISORY, .run = disable_tells},
    {"pin.disable_needs_pin", "TS 102 221 11.1.11", "DISABLE PIN with a wrong PIN costs a try", CHANGES,
     .run = disable_needs_pin},
    {"pin.enable", "TS 102 221 11.1.12", "ENABLE PIN makes the card ask for its PIN again", CHANGES,
     .run = enable_again},
    {"pin.blocks", "TS 102 221 11.1.9", "the third wrong PIN answers 63C0 and blocks: 6983 for the right one", BLOCKS,
     .run = third_wrong_blocks},
    {"pin.blocked_closes_files", "TS 102 221 9.5.1", "with the PIN blocked its files are closed", BLOCKS,
     .run = blocked_closes_files},
    {"pin.blocked_tells", "TS 102 221 11.1.9", "VERIFY PIN without data tells that the PIN is blocked with 6983",
     BLOCKS | IS_ADVISORY, .run = blocked_tells},
    {"pin.unblock", "TS 102 221 11.1.13", "UNBLOCK PIN gives all tries back and grants access", BLOCKS,
     .run = unblock_restores},
    {"pin.unblock_counts_down", "TS 102 221 11.1.13", "a wrong unblock PIN costs a try; the right one gives all back",
     BLOCKS, .run = wrong_unblock_counts},
};

CHECK_GROUP(pin_change_checks, changing);
