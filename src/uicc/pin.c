/*
 * pin.c: VERIFY, CHANGE, DISABLE, ENABLE and UNBLOCK PIN.
 *
 * A try is paid for before it is made: the counter is lowered in the memory first and restored after success, so that
 * cutting the power never gains one.
 */
#include "uicc/pin.h"

#include "base/secret.h"
#include "uicc/command.h"

uint8_t pin_find(const struct uicc *uicc, uint8_t key_reference)
{
    for (uint8_t i = 0; i < uicc->layout.pin_count; i++) {
        if (card_layout_pin(&uicc->layout, i).key_reference == key_reference) {
            return i;
        }
    }
    return CARD_NO_INDEX;
}

static void read_state(const struct uicc *uicc, uint8_t index, struct pin_state *state)
{
    pin_state_read(uicc->nvm.data + card_layout_pin(&uicc->layout, index).state, state);
}

static enum gbau_status write_state(struct uicc *uicc, uint8_t index, const struct pin_state *state)
{
    uint8_t octets[PIN_STATE_SIZE];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    pin_state_write(&writer, state);
    nvm_begin(&uicc->nvm);
    nvm_change(&uicc->nvm, card_layout_pin(&uicc->layout, index).state, octets, sizeof octets);
    enum gbau_status status = nvm_commit(&uicc->nvm);
    nvm_wipe_buffer(&uicc->nvm);
    secret_wipe(octets, sizeof octets);
    return status;
}

bool pin_is_enabled(const struct uicc *uicc, uint8_t index)
{
    return uicc->nvm.data[card_layout_pin(&uicc->layout, index).state] != 0; /* the first octet of the state */
}

static bool is_verified(const struct uicc *uicc, uint8_t index)
{
    return (uicc->verified_pins & (1U << index)) != 0;
}

bool pin_is_satisfied(const struct uicc *uicc, uint8_t key_reference)
{
    uint8_t index = pin_find(uicc, key_reference);
    return index != CARD_NO_INDEX && (is_verified(uicc, index) || !pin_is_enabled(uicc, index));
}

bool pin_of_application_is_satisfied(const struct uicc *uicc, const struct card_application *application)
{
    return is_verified(uicc, application->pin) || !pin_is_enabled(uicc, application->pin);
}

static enum status_word sw_of_tries(uint8_t tries)
{
    return (enum status_word)(SW_WRONG_PIN + tries);
}

/* Which secret is compared. */
enum secret_kind { SECRET_PIN, SECRET_UNBLOCK_PIN };

/* Compares `value` with the PIN or its unblock PIN, at the price of a try. On success *state is as before the try. */
static enum status_word compare(struct uicc *uicc, uint8_t index, enum secret_kind kind, struct octets value,
                                struct pin_state *state)
{
    read_state(uicc, index, state);
    uint8_t *tries = kind == SECRET_PIN ? &state->tries : &state->unblock_tries;
    const uint8_t *secret = kind == SECRET_PIN ? state->value : state->unblock_value;
    if (*tries == 0) {
        return SW_BLOCKED;
    }
    (*tries)--;
    if (write_state(uicc, index, state) != GBAU_OK) {
        return SW_MEMORY_PROBLEM;
    }
    if (secret_equal(secret, value.data, PIN_VALUE_SIZE)) {
        return SW_OK;
    }
    if (kind == SECRET_PIN) {
        uicc->verified_pins &= ~(1U << index);
    }
    return sw_of_tries(*tries);
}

/*
 * Writes the state after a right secret: its counter full again. Only the right unblock PIN fills the counter of
 * unblock PINs, so whoever knows the PIN cannot search for its unblock PIN without end.
 */
static enum status_word succeed(struct uicc *uicc, uint8_t index, enum secret_kind kind, struct pin_state *state)
{
    const struct card_pin pin = card_layout_pin(&uicc->layout, index);
    state->tries = pin.max_tries;
    if (kind == SECRET_UNBLOCK_PIN) {
        state->unblock_tries = pin.max_unblock_tries;
    }
    if (write_state(uicc, index, state) != GBAU_OK) {
        return SW_MEMORY_PROBLEM;
    }
    uicc->verified_pins |= 1U << index;
    return SW_OK;
}

/* The PIN that P2 names; an error when P1 or P2 is wrong. */
static enum status_word find_named(const struct uicc *uicc, const struct uicc_command *command, uint8_t *index)
{
    if (command->p1 != 0 || command->p2 == 0) {
        return SW_WRONG_P1_P2;
    }
    *index = pin_find(uicc, command->p2);
    return *index == CARD_NO_INDEX ? SW_DATA_NOT_FOUND : SW_OK;
}

/* 4 to 8 digits, then FF (TS 102 221 9.5.1); an administrative key may be any 8 octets. */
static bool is_valid_value(uint8_t key_reference, struct octets value)
{
    const bool administrative = (key_reference & 0x7f) >= 0x0a && (key_reference & 0x7f) <= 0x0e;
    size_t digits = 0;
    if (administrative) {
        return true;
    }
    while (digits < PIN_VALUE_SIZE && value.data[digits] >= '0' && value.data[digits] <= '9') {
        digits++;
    }
    for (size_t i = digits; i < PIN_VALUE_SIZE; i++) {
        if (value.data[i] != 0xff) {
            return false;
        }
    }
    return digits >= 4;
}

static void copy_value(uint8_t out[PIN_VALUE_SIZE], const uint8_t *value)
{
    for (size_t i = 0; i < PIN_VALUE_SIZE; i++) {
        out[i] = value[i];
    }
}

/* Without data VERIFY and UNBLOCK only tell how many tries are left. */
static enum status_word query_tries(const struct uicc *uicc, uint8_t index, enum secret_kind kind)
{
    struct pin_state state;
    read_state(uicc, index, &state);
    uint8_t tries = kind == SECRET_PIN ? state.tries : state.unblock_tries;
    bool disabled = !state.enabled;
    secret_wipe(&state, sizeof state);
    if (tries == 0) {
        return SW_BLOCKED; /* [M] TS 102 221 11.1.9 */
    }
    return kind == SECRET_PIN && disabled ? SW_REFERENCED_DATA_INVALID : sw_of_tries(tries);
}

enum status_word command_verify_pin(struct uicc *uicc, const struct uicc_command *command,
                                    struct octet_writer *response)
{
    (void)response;
    uint8_t index = 0;
    enum status_word sw = find_named(uicc, command, &index);
    if (sw != SW_OK) {
        return sw;
    }
    if (command->data.length == 0) {
        return query_tries(uicc, index, SECRET_PIN);
    }
    if (command->data.length != PIN_VALUE_SIZE) {
        return SW_WRONG_LENGTH;
    }
    if (!pin_is_enabled(uicc, index)) {
        return SW_REFERENCED_DATA_INVALID;
    }
    struct pin_state state;
    sw = compare(uicc, index, SECRET_PIN, command->data, &state);
    if (sw == SW_OK) {
        sw = succeed(uicc, index, SECRET_PIN, &state);
    }
    secret_wipe(&state, sizeof state);
    return sw;
}

enum status_word command_change_pin(struct uicc *uicc, const struct uicc_command *command,
                                    struct octet_writer *response)
{
    (void)response;
    uint8_t index = 0;
    enum status_word sw = find_named(uicc, command, &index);
    if (sw != SW_OK) {
        return sw;
    }
    if (command->data.length != 2 * PIN_VALUE_SIZE) {
        return SW_WRONG_LENGTH;
    }
    if (!pin_is_enabled(uicc, index)) {
        return SW_REFERENCED_DATA_INVALID;
    }
    struct octets old_value = octets_of(command->data.data, PIN_VALUE_SIZE);
    struct octets new_value = octets_of(command->data.data + PIN_VALUE_SIZE, PIN_VALUE_SIZE);
    if (!is_valid_value(command->p2, new_value)) {
        return SW_WRONG_DATA;
    }
    struct pin_state state;
    sw = compare(uicc, index, SECRET_PIN, old_value, &state);
    if (sw == SW_OK) {
        copy_value(state.value, new_value.data);
        sw = succeed(uicc, index, SECRET_PIN, &state);
    }
    secret_wipe(&state, sizeof state);
    return sw;
}

static enum status_word set_enabled(struct uicc *uicc, const struct uicc_command *command, bool enabled)
{
    uint8_t index = 0;
    enum status_word sw = find_named(uicc, command, &index);
    if (sw != SW_OK) {
        return sw;
    }
    if (command->data.length != PIN_VALUE_SIZE) {
        return SW_WRONG_LENGTH;
    }
    if (pin_is_enabled(uicc, index) == enabled) {
        return SW_REFERENCED_DATA_INVALID;
    }
    struct pin_state state;
    sw = compare(uicc, index, SECRET_PIN, command->data, &state);
    if (sw == SW_OK) {
        state.enabled = enabled;
        sw = succeed(uicc, index, SECRET_PIN, &state);
    }
    secret_wipe(&state, sizeof state);
    return sw;
}

enum status_word command_disable_pin(struct uicc *uicc, const struct uicc_command *command,
                                     struct octet_writer *response)
{
    (void)response;
    const bool is_user_pin = command->p2 == 0x01 || command->p2 == 0x11;
    return is_user_pin ? set_enabled(uicc, command, false) : SW_FUNCTION_NOT_SUPPORTED;
}

enum status_word command_enable_pin(struct uicc *uicc, const struct uicc_command *command,
                                    struct octet_writer *response)
{
    (void)response;
    return set_enabled(uicc, command, true);
}

enum status_word command_unblock_pin(struct uicc *uicc, const struct uicc_command *command,
                                     struct octet_writer *response)
{
    (void)response;
    uint8_t index = 0;
    enum status_word sw = find_named(uicc, command, &index);
    if (sw != SW_OK) {
        return sw;
    }
    if (card_layout_pin(&uicc->layout, index).max_unblock_tries == 0) {
        return SW_FUNCTION_NOT_SUPPORTED;
    }
    if (command->data.length == 0) {
        return query_tries(uicc, index, SECRET_UNBLOCK_PIN);
    }
    if (command->data.length != 2 * PIN_VALUE_SIZE) {
        return SW_WRONG_LENGTH;
    }
    struct octets new_value = octets_of(command->data.data + PIN_VALUE_SIZE, PIN_VALUE_SIZE);
    if (!is_valid_value(command->p2, new_value)) {
        return SW_WRONG_DATA;
    }
    struct pin_state state;
    sw = compare(uicc, index, SECRET_UNBLOCK_PIN, octets_of(command->data.data, PIN_VALUE_SIZE), &state);
    if (sw == SW_OK) {
        copy_value(state.value, new_value.data);
        state.enabled = true;
        sw = succeed(uicc, index, SECRET_UNBLOCK_PIN, &state);
    }
    secret_wipe(&state, sizeof state);
    return sw;
}
