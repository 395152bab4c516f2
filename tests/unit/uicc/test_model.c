/*
 * test_model.c: random commands on a card and on a model of it, which must give the same answers; the power fails in
 * between and in the middle of commands, and the card that comes back is the model before or after the command.
 *
 * A sequence that fails is printed as a script for "gbau card apdu".
 */
#include "card_model.h"
#include "model_generator.h"
#include "test_card.h"
#include "uicc/card_heap.h"
#include "uicc/command.h"

enum { SEQUENCES = 10000, COMMANDS = 45, LOG_MAX = 128 * 1024, WRITES_MAX = 4096 };

/* A memory whose power can fail: what was written since the last sync may be there or not. */

struct unsynced_write {
    size_t offset;
    size_t length;
    size_t log; /* where its old octets stand, and its new ones behind them */
};

struct failing_memory {
    uint8_t *octets;
    struct unsynced_write writes[WRITES_MAX]; /* a start writes the whole journal to its places */
    size_t write_count;
    uint8_t log[LOG_MAX];
    size_t log_length;
    bool fails; /* after so many events */
    unsigned events_left;
    bool has_failed;
};

static void begin_memory(struct failing_memory *memory, uint8_t *octets)
{
    memory->octets = octets;
    memory->write_count = 0;
    memory->log_length = 0;
    memory->fails = memory->has_failed = false;
}

static bool take_event(struct failing_memory *memory)
{
    if (memory->fails && memory->events_left == 0) {
        memory->has_failed = true;
    }
    memory->events_left -= memory->events_left > 0;
    return !memory->has_failed;
}

static enum gbau_status write_failing(void *context, size_t offset, const void *data, size_t length)
{
    struct failing_memory *memory = context;
    if (memory->has_failed) {
        return GBAU_E_STORAGE;
    }
    const bool goes_on = take_event(memory); /* the write that fails is still under way */
    assert_true(memory->write_count < WRITES_MAX);
    assert_true(memory->log_length + 2 * length <= LOG_MAX);
    memory->writes[memory->write_count++] =
        (struct unsynced_write){.offset = offset, .length = length, .log = memory->log_length};
    memcpy(memory->log + memory->log_length, memory->octets + offset, length);
    memcpy(memory->log + memory->log_length + length, data, length);
    memory->log_length += 2 * length;
    memcpy(memory->octets + offset, data, length);
    return goes_on ? GBAU_OK : GBAU_E_STORAGE;
}

static enum gbau_status sync_failing(void *context, size_t offset, size_t length)
{
    (void)offset;
    (void)length;
    struct failing_memory *memory = context;
    if (memory->has_failed || !take_event(memory)) {
        return GBAU_E_STORAGE;
    }
    memory->write_count = 0;
    memory->log_length = 0;
    return GBAU_OK;
}

/* The power fails: of the writes since the last sync some are there, some are not, and some are cut short. */
static void lose_writes(struct failing_memory *memory, struct random *random)
{
    const bool in_order = random_below(random, 2) == 0;
    const size_t kept = random_below(random, (uint32_t)memory->write_count + 1);
    for (size_t i = memory->write_count; i > 0; i--) {
        const struct unsynced_write *write = &memory->writes[i - 1];
        memcpy(memory->octets + write->offset, memory->log + write->log, write->length);
    }
    for (size_t i = 0; i < memory->write_count; i++) {
        const struct unsynced_write *write = &memory->writes[i];
        const bool whole = in_order ? i < kept : random_below(random, 2) == 0;
        const bool partly = in_order ? i == kept : random_below(random, 2) == 0;
        const size_t length = whole ? write->length : partly ? random_below(random, (uint32_t)write->length + 1) : 0;
        memcpy(memory->octets + write->offset, memory->log + write->log + write->length, length);
    }
    memory->write_count = 0;
    memory->log_length = 0;
    memory->fails = memory->has_failed = false;
}

/* A card with its model, and what has been done to both. */

/* In hex; or the end of a power cycle, in the middle of that command or after the one before. */
struct noted_command {
    char hex[2 * UICC_COMMAND_MAX + 1];
    bool ends_cycle;
};

struct run {
    struct random random;
    struct test_card card;
    struct failing_memory memory;
    const uint8_t *pristine;
    struct model model;
    struct model before;
    unsigned new_slots; /* index of the first slot for new files */
    unsigned sequence;
    struct noted_command commands[COMMANDS * 7];
    unsigned command_count;
    size_t answered[256]; /* by INS: commands that were answered with 9000 */
    size_t cuts[2];       /* the interrupted command was not there, or was */
};

/* The first failure that is found; the sequence up to it is printed. */
#define must(run, condition, ...)                                                                                      \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            print_sequence(run);                                                                                       \
            fail_msg(__VA_ARGS__);                                                                                     \
        }                                                                                                              \
    } while (0)

/* As a shell script: each run of "gbau card apdu" is one power cycle. */
static void print_sequence(const struct run *run)
{
    print_error("# sequence %u\ngbau card create model.card --imsi 001010123456789 --k " TEST_K " --opc " TEST_OPC
                " --adm " TEST_ADM " --pin 1234 --puk 87654321\ngbau card apdu model.card <<.\n",
                run->sequence);
    for (unsigned i = 0; i < run->command_count; i++) {
        const struct noted_command *noted = &run->commands[i];
        if (noted->ends_cycle) {
            print_error(".\n# interrupted: %s\ngbau card apdu model.card <<.\n", noted->hex);
        } else {
            print_error("%s\n", noted->hex);
        }
    }
    print_error(".\n");
}

/* Without a command: the power goes between two of them. */
static void note(struct run *run, struct octets command, bool ends_cycle)
{
    assert_true(run->command_count < sizeof run->commands / sizeof run->commands[0]);
    struct noted_command *noted = &run->commands[run->command_count++];
    assert_ok(hex_encode(command, noted->hex, sizeof noted->hex));
    noted->ends_cycle = ends_cycle;
}

/* Comparing card and model as a whole */

static uint8_t card_index(const struct run *run, int file)
{
    const struct card_layout *layout = &run->card.uicc.layout;
    const struct model_file *entry = &run->model.files[file];
    if (entry->parent == MODEL_NOTHING) {
        return file == 0 ? CARD_MF_INDEX : card_layout_application(layout, 0).adf;
    }
    const uint8_t parent = card_index(run, entry->parent);
    return parent == CARD_NO_INDEX ? CARD_NO_INDEX : card_layout_find_file(layout, parent, entry->fid);
}

static bool content_is_equal(const struct run *run, const struct model_file *file, const struct card_file *found)
{
    const uint8_t *body = run->card.uicc.nvm.data + found->body;
    if (file->kind == MODEL_OF_OBJECTS) {
        const unsigned used = model_used_by_objects(file);
        return (unsigned)(body[0] << 8 | body[1]) == used && memcmp(body + 2, file->content, used) == 0;
    }
    const size_t turned = (size_t)found->first_record * found->record_length;
    return memcmp(file->content, body + turned, file->size - turned) == 0 &&
           memcmp(file->content + file->size - turned, body, turned) == 0;
}

static bool file_is_equal(const struct run *run, int index)
{
    static const enum file_kind kinds[] = {FILE_KIND_DF, FILE_KIND_TRANSPARENT, FILE_KIND_LINEAR_FIXED,
                                           FILE_KIND_CYCLIC, FILE_KIND_BER_TLV};
    const struct model_file *file = &run->model.files[index];
    const uint8_t place = card_index(run, index);
    if (place == CARD_NO_INDEX || (file->slot != MODEL_NOTHING && place != run->new_slots + (unsigned)file->slot)) {
        return false;
    }
    const struct card_file found = card_layout_file(&run->card.uicc.layout, place);
    return found.kind == kinds[file->kind] && (uint8_t)found.state == file->state && found.sfi == file->sfi &&
           found.size == file->size && found.record_length == file->record_length &&
           (file->kind == MODEL_DIRECTORY || content_is_equal(run, file, &found));
}

static bool files_are_equal(const struct run *run)
{
    const struct card_layout *layout = &run->card.uicc.layout;
    int count = 0;
    for (int i = 0; i < MODEL_FILES; i++) {
        if (run->model.files[i].exists && !file_is_equal(run, i)) {
            return false;
        }
        count += run->model.files[i].exists && run->model.files[i].slot != MODEL_NOTHING;
    }
    for (unsigned slot = run->new_slots; slot < layout->file_slots; slot++) {
        count -= card_layout_file(layout, (uint8_t)slot).kind != FILE_KIND_NONE;
    }
    return count == 0;
}

static struct pin_state pin_of_card(const struct run *run, int index)
{
    struct pin_state state;
    const struct uicc *uicc = &run->card.uicc;
    pin_state_read(uicc->nvm.data + card_layout_pin(&uicc->layout, (uint8_t)index).state, &state);
    return state;
}

/* All but the counters, which may be a try short after a cut. */
static bool pins_are_equal(const struct run *run)
{
    for (int i = 0; i < MODEL_PINS; i++) {
        const struct pin_state state = pin_of_card(run, i);
        if (state.enabled != run->model.pins[i].enabled || memcmp(state.value, run->model.pins[i].value, 8) != 0) {
            return false;
        }
    }
    return true;
}

static bool counters_are_equal(const struct run *run)
{
    for (int i = 0; i < MODEL_PINS; i++) {
        const struct pin_state state = pin_of_card(run, i);
        if (state.tries != run->model.pins[i].tries || state.unblock_tries != run->model.pins[i].unblock_tries) {
            return false;
        }
    }
    return true;
}

static bool is_suspended(const struct run *run)
{
    const struct uicc *uicc = &run->card.uicc;
    return uicc->nvm.data[uicc->layout.suspension] != 0;
}

static bool is_equal(const struct run *run)
{
    return is_suspended(run) == run->model.suspended && pins_are_equal(run) && files_are_equal(run);
}

/* Power */

static void power_on(struct run *run)
{
    must(run, uicc_power_on(&run->card.uicc, &run->card.storage, &run->card.crypto) == GBAU_OK,
         "the card does not open any more");
}

static void cycle_power(struct run *run)
{
    note(run, (struct octets){0}, true);
    lose_writes(&run->memory, &run->random);
    power_on(run);
    model_restart(&run->model);
    must(run, is_equal(run) && counters_are_equal(run), "after a loss of power the card is not what it was");
}

/* The counters of an interrupted command: a try may be paid for; what the command would have restored may be there. */
static void adopt_counters(struct run *run, const struct model_pin *before, const struct model_pin *after)
{
    for (int i = 0; i < MODEL_PINS; i++) {
        const struct pin_state state = pin_of_card(run, i);
        const int most = before[i].tries > after[i].tries ? before[i].tries : after[i].tries;
        const int most_unblock =
            before[i].unblock_tries > after[i].unblock_tries ? before[i].unblock_tries : after[i].unblock_tries;
        must(run, state.tries >= before[i].tries - 1 && state.tries <= most, "PIN %d has %d tries", i, state.tries);
        must(run, state.unblock_tries >= before[i].unblock_tries - 1 && state.unblock_tries <= most_unblock,
             "unblock PIN %d has %d tries", i, state.unblock_tries);
        run->model.pins[i].tries = state.tries;
        run->model.pins[i].unblock_tries = state.unblock_tries;
    }
}

/* The card after an interrupted command is the model before it or after it. */
static void recover(struct run *run)
{
    lose_writes(&run->memory, &run->random);
    power_on(run);
    struct model_pin after[MODEL_PINS];
    memcpy(after, run->model.pins, sizeof after);
    const bool is_new = is_equal(run);
    if (!is_new) {
        run->model = run->before;
        /* every command first ends a suspension, which is durable before it begins */
        run->model.suspended = run->model.suspended && is_suspended(run);
        must(run, is_equal(run), "an interrupted command is neither done nor undone");
    }
    adopt_counters(run, run->before.pins, after);
    model_restart(&run->model);
    run->model.token_known = run->model.token_known && !is_new;
    run->cuts[is_new]++;
}

/* Commands */

/* Bounds of what only the card's heap can know: there is room where it must be, and none where it cannot be. */
static void check_room(const struct run *run, const struct model_action *action, bool found_room)
{
    const unsigned free = card_heap_free(&run->card.uicc.layout);
    const unsigned size = action->command == MODEL_CREATE ? action->new.size : action->size;
    unsigned bodies = 4; /* files of the new card that may have moved, and the end */
    for (int i = 0; i < MODEL_FILES; i++) {
        bodies += run->model.files[i].exists;
    }
    if (!found_room) {
        must(run, free < size * bodies, "no room for %u octets in %u", size, free);
    }
}

static void compare_answers(const struct run *run, const struct model_action *action, struct octets response,
                            const struct model_answer *expected)
{
    const uint16_t sw = (uint16_t)(response.data[response.length - 2] << 8 | response.data[response.length - 1]);
    must(run, sw == expected->sw, "the card answers %04x, the model %04x", sw, expected->sw);
    if (action->command == MODEL_SUSPEND) {
        return; /* a random token */
    }
    const bool same =
        response.length - 2 == expected->length && memcmp(response.data, expected->data, expected->length) == 0;
    must(run, same, "the card answers other data than the model");
}

/* A suspended card says nothing until the power has gone. */
static void finish_suspension(struct run *run, const struct model_action *action, struct octets response)
{
    if (action->command == MODEL_SUSPEND && action->p1 == 0 && response.length == 2 + 2 + sizeof run->model.token) {
        memcpy(run->model.token, response.data + 2, sizeof run->model.token);
        run->model.token_known = true;
        cycle_power(run);
    }
}

static void run_command(struct run *run)
{
    uint8_t apdu[UICC_COMMAND_MAX];
    uint8_t octets[UICC_RESPONSE_MAX];
    bool room_needed = false;
    const struct model_action action = generate_action(&run->random, &run->model);
    const struct octets command = octets_of(apdu, encode_action(&action, apdu));
    run->memory.fails = random_below(&run->random, 10) == 0;
    run->memory.events_left = random_below(&run->random, random_below(&run->random, 4) == 0 ? 40 : 8);
    if (run->memory.fails) {
        run->before = run->model;
    }
    const struct octets response = octets_of(octets, uicc_process(&run->card.uicc, command, octets));
    const uint16_t sw = (uint16_t)(octets[response.length - 2] << 8 | octets[response.length - 1]);
    note(run, command, run->memory.has_failed);
    const struct model_answer expected = model_run(&run->model, &action, sw != SW_NO_MEMORY, &room_needed);
    if (run->memory.has_failed) {
        must(run, sw == SW_MEMORY_PROBLEM, "the memory fails and the card answers %04x", sw);
        recover(run);
        return;
    }
    run->memory.fails = false;
    compare_answers(run, &action, response, &expected);
    if (room_needed) {
        check_room(run, &action, sw != SW_NO_MEMORY);
    }
    run->answered[action.command] += sw == SW_OK;
    finish_suspension(run, &action, response);
}

/* All rights, mostly: without them not much happens. */
static void enter(struct run *run)
{
    for (int i = 0; i < MODEL_PINS && random_below(&run->random, 8) != 0; i++) {
        bool room_needed = false;
        uint8_t apdu[UICC_COMMAND_MAX];
        uint8_t octets[UICC_RESPONSE_MAX];
        struct model_action action = {.command = MODEL_VERIFY, .p2 = run->model.pins[i].reference, .length = 8};
        memcpy(action.data, run->model.pins[i].value, 8);
        const struct octets command = octets_of(apdu, encode_action(&action, apdu));
        note(run, command, false);
        const struct octets response = octets_of(octets, uicc_process(&run->card.uicc, command, octets));
        const struct model_answer expected = model_run(&run->model, &action, true, &room_needed);
        compare_answers(run, &action, response, &expected);
    }
}

static void run_sequence(struct run *run, unsigned sequence)
{
    run->sequence = sequence;
    run->random.state = (sequence + 1) * 2654435761U;
    run->command_count = 0;
    memcpy(run->card.memory, run->pristine, run->card.storage.size);
    begin_memory(&run->memory, run->card.memory);
    power_on(run);
    model_begin(&run->model);
    enter(run);
    for (unsigned i = 0; i < COMMANDS; i++) {
        const bool was_in = run->model.pins[MODEL_ADM].verified;
        run_command(run);
        if (random_below(&run->random, 60) == 0) {
            cycle_power(run);
        }
        if (was_in && !run->model.pins[MODEL_ADM].verified && !run->model.suspended) {
            enter(run);
        }
    }
    must(run, is_equal(run) && counters_are_equal(run), "in the end the card is not what the model is");
}

/* Every command that the test knows has worked many times, and cuts went both ways. */
static void assert_was_thorough(const struct run *run)
{
    static const uint8_t commands[] = {0xa4, 0xb0, 0xd6, 0xb2, 0xdc, 0xa2, 0x32, 0xcb, 0xdb, 0x20, 0x24, 0x26,
                                       0x28, 0x2c, 0x70, 0xe0, 0xe4, 0xd4, 0x04, 0x44, 0xe8, 0xe6, 0xf2, 0x76};
    for (size_t i = 0; i < sizeof commands; i++) {
        if (run->answered[commands[i]] < SEQUENCES / 20) {
            fail_msg("INS %02x succeeded only %zu times", commands[i], run->answered[commands[i]]);
        }
    }
    assert_true(run->cuts[0] > SEQUENCES / 20 && run->cuts[1] > SEQUENCES / 20);
}

static void test_random_sequences(void **state)
{
    (void)state;
    struct run *run = calloc(1, sizeof *run);
    assert_non_null(run);
    test_card_begin(&run->card);
    uint8_t *pristine = malloc(run->card.storage.size);
    assert_non_null(pristine);
    memcpy(pristine, run->card.memory, run->card.storage.size);
    run->pristine = pristine;
    run->card.storage.write = write_failing;
    run->card.storage.sync = sync_failing;
    run->card.storage.context = &run->memory;
    while (card_layout_file(&run->card.uicc.layout, (uint8_t)run->new_slots).kind != FILE_KIND_NONE) {
        run->new_slots++;
    }
    assert_int_equal(run->card.uicc.layout.file_slots - run->new_slots, MODEL_SLOTS);
    for (unsigned sequence = 0; sequence < SEQUENCES; sequence++) {
        run_sequence(run, sequence);
    }
    assert_was_thorough(run);
    print_message("%d sequences, %zu cuts undone, %zu done\n", SEQUENCES, run->cuts[0], run->cuts[1]);
    free(pristine);
    test_card_end(&run->card);
    free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_sequences)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
