/* test_tree_description.c: descriptions of cards by what can be seen of them: rules kept back, odd files, no EF_ARR. */
#include <stdlib.h>

#include "testing.h"

#include "cli/tree_description.h"

#define OPEN_RULE "8001019000"

/* A card that is put together by hand. */
struct bench {
    struct card_tree tree;
    struct card_node nodes[12];
    uint8_t memory[12][64];
    struct card_part parts[12][4];
    size_t count;
    struct tree_description made;
};

static int begin(void **state)
{
    *state = calloc(1, sizeof(struct bench));
    return *state == NULL ? -1 : 0;
}

static int end(void **state)
{
    free(*state);
    return 0;
}

static struct card_node *add(struct bench *bench, struct card_node *parent, uint16_t fid, enum file_structure structure)
{
    struct card_node *node = &bench->nodes[bench->count++];
    node->parent = parent;
    node->control = (struct file_control){.structure = structure, .has_fid = true, .fid = fid, .life_cycle = 0x05};
    node->sw = 0x9000;
    if (parent == NULL) {
        bench->tree.root = node;
        return node;
    }
    struct card_node **last = &parent->children;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = node;
    return node;
}

/* Gives a node records, or one body. */
static void fill(struct bench *bench, struct card_node *node, size_t count, size_t length)
{
    const size_t index = (size_t)(node - bench->nodes);
    node->memory = bench->memory[index];
    node->parts = bench->parts[index];
    node->part_count = count;
    node->control.size = count * length;
    node->control.record_length = node->control.structure == FILE_TRANSPARENT ? 0 : (uint16_t)length;
    node->control.record_count = node->control.structure == FILE_TRANSPARENT ? 0 : (uint8_t)count;
    memset(node->memory, 0xff, count * length);
    for (size_t i = 0; i < count; i++) {
        node->parts[i] = (struct card_part){(uint32_t)i + 1, length, octets_of(node->memory + i * length, length)};
    }
}

static struct card_node *add_mf(struct bench *bench)
{
    return add(bench, NULL, 0x3f00, FILE_DIRECTORY);
}

/* Two records: everyone may read; free. */
static struct card_node *add_rules(struct bench *bench, struct card_node *directory, uint16_t fid)
{
    struct card_node *arr = add(bench, directory, fid, FILE_LINEAR_FIXED);
    fill(bench, arr, 2, 16);
    from_hex(OPEN_RULE, arr->memory, 5);
    arr->control.rule_file = fid;
    arr->control.rule_record = 1;
    return arr;
}

static struct card_node *add_application(struct bench *bench, enum card_place place, uint8_t last)
{
    struct card_node *node = add(bench, bench->tree.root, 0, FILE_DIRECTORY);
    node->place = place;
    node->aid_length = 6;
    node->aid[5] = last;
    return node;
}

/* Whatever comes out can be made. */
static const struct card_description *describe(struct bench *bench)
{
    assert_ok(tree_description_make(&bench->tree, &bench->made));
    const struct card_description *description = &bench->made.description;
    assert_true(card_description_memory_size(description) > 0);
    for (size_t i = 0; i < description->file_count; i++) {
        const struct card_file *file = &description->files[i].file;
        const struct card_file *arr = &description->files[file->arr_file].file;
        assert_int_equal(arr->kind, FILE_KIND_LINEAR_FIXED);
        assert_in_range(file->arr_record, 1, arr->record_count);
    }
    return description;
}

static void follows_references(void **state)
{
    struct bench *bench = *state;
    struct card_node *mf = add_mf(bench);
    add_rules(bench, mf, 0x2f06);
    struct card_node *telecom = add(bench, mf, 0x7f10, FILE_DIRECTORY);
    add_rules(bench, telecom, 0x6f06);
    struct card_node *near = add(bench, telecom, 0x6f3a, FILE_TRANSPARENT);
    fill(bench, near, 1, 5);
    near->control.rule_file = 0x6f06;
    near->control.rule_record = 2;
    struct card_node *far = add(bench, telecom, 0x6f3b, FILE_TRANSPARENT);
    fill(bench, far, 1, 5);
    far->control.rule_file = 0x2f06;
    far->control.rule_record = 1;
    const struct card_description *description = describe(bench);
    assert_int_equal(description->file_count, 6);
    assert_int_equal(description->files[4].file.arr_file, 3);
    assert_int_equal(description->files[4].file.arr_record, 2);
    assert_int_equal(description->files[5].file.arr_file, 1);
    assert_null(bench->made.notes[4]);
    assert_non_null(bench->made.notes[0]); /* MF told no rule */
}

/* A rule in the FCP itself goes to a free record, and one that is not told becomes "never". */
static void keeps_rules_without_a_place(void **state)
{
    struct bench *bench = *state;
    struct card_node *mf = add_mf(bench);
    add_rules(bench, mf, 0x2f06);
    mf->control.rule_file = 0x2f06;
    mf->control.rule_record = 1;
    struct card_node *own = add(bench, mf, 0x2f05, FILE_TRANSPARENT);
    fill(bench, own, 1, 2);
    from_hex("8001029000ffff", own->rule, 7);
    own->rule_length = 7;
    struct card_node *same = add(bench, mf, 0x2f07, FILE_TRANSPARENT);
    fill(bench, same, 1, 2);
    from_hex("8001029000", same->rule, 5);
    same->rule_length = 5;
    struct card_node *untold = add(bench, mf, 0x2f08, FILE_TRANSPARENT);
    fill(bench, untold, 1, 2);
    struct card_node *compact = add(bench, mf, 0x2f09, FILE_TRANSPARENT);
    fill(bench, compact, 1, 2);
    compact->rule_length = 2;
    compact->rule_is_compact = true;
    struct card_node *large = add(bench, mf, 0x2f0a, FILE_TRANSPARENT);
    fill(bench, large, 1, 2);
    memset(large->rule, 0x80, 17);
    large->rule_length = 17;
    const struct card_description *description = describe(bench);
    const struct described_file *arr = &description->files[1];
    assert_int_equal(arr->file.record_count, 3);
    assert_int_equal(arr->file.size, 48);
    assert_octets(octets_of(arr->content.data + 16, 16), "8001029000ffffffffffffffffffffff");
    assert_octets(octets_of(arr->content.data + 32, 16), "80017f9700ffffffffffffffffffffff");
    assert_int_equal(description->files[2].file.arr_record, 2);
    assert_int_equal(description->files[3].file.arr_record, 2);
    for (size_t i = 4; i <= 6; i++) {
        assert_int_equal(description->files[i].file.arr_record, 3);
        assert_non_null(strstr(bench->made.notes[i], "its access rule is not known"));
    }
}

static void gives_rules_to_a_card_without(void **state)
{
    struct bench *bench = *state;
    struct card_node *mf = add_mf(bench);
    fill(bench, add(bench, mf, 0x2fe2, FILE_TRANSPARENT), 1, 10);
    const struct card_description *description = describe(bench);
    assert_int_equal(description->file_count, 3);
    const struct described_file *arr = &description->files[2];
    assert_int_equal(arr->file.fid, 0x2f06);
    assert_int_equal(arr->file.parent, CARD_MF_INDEX);
    assert_int_equal(arr->file.record_count, 2);
    assert_octets(octets_of(arr->content.data, 5), "80017f9700");
    assert_octets(octets_of(arr->content.data + 64, 5), OPEN_RULE);
    assert_int_equal(arr->file.arr_record, 2);
}

static void leaves_odd_files_out(void **state)
{
    struct bench *bench = *state;
    struct card_node *mf = add_mf(bench);
    add_rules(bench, mf, 0x2f06);
    add(bench, mf, 0x2f01, FILE_UNKNOWN);
    add(bench, mf, 0x2f02, FILE_TRANSPARENT); /* no size */
    add(bench, mf, 0x2f03, FILE_TRANSPARENT)->control.size = 65536;
    add(bench, mf, 0x2f04, FILE_BER_TLV)->control.size = 5000;
    struct card_node *records = add(bench, mf, 0x2f05, FILE_LINEAR_FIXED);
    records->control.record_length = 256;
    records->control.record_count = 1;
    struct card_node *many = add(bench, mf, 0x2f07, FILE_CYCLIC);
    many->control.record_length = 1;
    many->control.record_count = 255;
    const struct card_description *description = describe(bench);
    assert_int_equal(description->file_count, 2);
    assert_int_equal(bench->made.left_out, 6);
}

static void tells_what_was_not_read(void **state)
{
    struct bench *bench = *state;
    struct card_node *mf = add_mf(bench);
    add_rules(bench, mf, 0x2f06);
    struct card_node *closed = add(bench, mf, 0x2fe2, FILE_TRANSPARENT);
    closed->control.size = 10;
    closed->sw = 0x6982;
    closed->control.rule_file = 0x2f06;
    closed->control.rule_record = 1;
    closed->control.life_cycle = 0x04;
    struct card_node *half = add(bench, mf, 0x2f00, FILE_LINEAR_FIXED);
    fill(bench, half, 3, 4);
    half->part_count = 2;
    half->sw = 0x6281;
    half->control.life_cycle = 0x0c;
    half->control.rule_file = 0x2f06;
    half->control.rule_record = 1;
    const struct card_description *description = describe(bench);
    assert_non_null(strstr(bench->made.notes[2], "could not be read: 6982"));
    assert_int_equal(description->files[2].content.length, 0);
    assert_int_equal(description->files[2].file.state, FILE_STATE_DEACTIVATED);
    assert_non_null(strstr(bench->made.notes[3], "could not be read: 6281"));
    assert_int_equal(description->files[3].content.length, 8);
    assert_int_equal(description->files[3].file.size, 12);
    assert_int_equal(description->files[3].file.state, FILE_STATE_TERMINATED);
}

static void describes_applications(void **state)
{
    struct bench *bench = *state;
    struct card_node *mf = add_mf(bench);
    add_rules(bench, mf, 0x2f06);
    struct card_node *usim = add_application(bench, PLACE_USIM, 1);
    struct card_node *list = add(bench, usim, 0x6fda, FILE_LINEAR_FIXED);
    list->name = "EF_GBANL";
    fill(bench, list, 3, 20);
    add_application(bench, PLACE_ISIM, 2);
    add_application(bench, PLACE_USIM, 3);
    add_application(bench, PLACE_NOWHERE, 4);
    add_application(bench, PLACE_USIM, 5)->aid_length = 4; /* shorter than an AID can be */
    usim->control.pin_count = 1;
    usim->control.pins[0].reference = 0x81;
    bench->tree.pin_count = 3;
    bench->tree.pins[0] = (struct card_tree_pin){.reference = 0x01, .is_enabled = true, .tries = 3};
    bench->tree.pins[1] = (struct card_tree_pin){.reference = 0x81, .is_enabled = false, .tries = 5};
    bench->tree.pins[2] = (struct card_tree_pin){.reference = 0x8a, .is_enabled = true};
    const struct card_description *description = describe(bench);
    assert_int_equal(description->application_count, 4);
    const struct described_application *applications = description->applications;
    assert_int_equal(description->files[applications[0].entry.adf].file.fid, 0x7ff0);
    assert_int_equal(description->files[applications[1].entry.adf].file.fid, 0x7ff1);
    assert_int_equal(description->files[applications[2].entry.adf].file.fid, 0x7ff2);
    assert_int_equal(applications[3].entry.adf, CARD_NO_INDEX);
    assert_int_equal(applications[3].entry.kind, APPLICATION_APPLET);
    assert_int_equal(applications[0].entry.naf_key_count, 3);
    assert_int_equal(applications[0].entry.pin, 1);
    assert_int_equal(applications[1].entry.pin, 0);
    assert_int_equal(applications[1].shares, 0);
    assert_int_equal(applications[2].shares, CARD_NO_INDEX);
    assert_int_equal(description->pin_count, 3);
    assert_int_equal(description->pins[1].max_tries, 5);
    assert_false(description->pins[1].state.enabled);
    assert_int_equal(description->pins[2].max_tries, 10);
    assert_int_equal(description->pins[2].max_unblock_tries, 0);
}

/* An application needs a PIN, whether the card tells of one or not. */
static void adds_a_pin_to_a_card_without(void **state)
{
    struct bench *bench = *state;
    add_rules(bench, add_mf(bench), 0x2f06);
    const struct card_description *description = describe(bench);
    assert_int_equal(description->pin_count, 1);
    assert_int_equal(description->pins[0].key_reference, 0x01);
    assert_false(description->pins[0].state.enabled);
}

static void refuses_a_card_without_mf(void **state)
{
    struct bench *bench = *state;
    assert_status(tree_description_make(&bench->tree, &bench->made), GBAU_E_UNSUPPORTED);
}

#define bench_test(function) cmocka_unit_test_setup_teardown((function), begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(follows_references),           bench_test(keeps_rules_without_a_place),
        bench_test(leaves_odd_files_out),         bench_test(gives_rules_to_a_card_without),
        bench_test(tells_what_was_not_read),      bench_test(describes_applications),
        bench_test(adds_a_pin_to_a_card_without), bench_test(refuses_a_card_without_mf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
