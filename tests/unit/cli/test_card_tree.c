/*
 * test_card_tree.c: the walk over cards that answer from a table: kinds of files that our own card may not have, and
 * cards that are broken or mean harm.
 */
#include "cli/card_tree.h"

#include "me/usim.h"
#include "testing.h"

enum { SENT_MAX = 4000 };

/* What the card answers to a command, by hex; "" ends a table. A command that is in no table is answered 6A82. */
struct pair {
    const char *command;
    const char *response;
};

static const struct pair *card_tables[4];
static struct {
    size_t count;
    char commands[SENT_MAX][64];
} sent;
static enum gbau_status transmit_status;
static enum gbau_status unlock_status;

static const char *answer_of(const char *command)
{
    for (size_t table = 0; table < 4 && card_tables[table] != NULL; table++) {
        for (const struct pair *pair = card_tables[table]; pair->command != NULL; pair++) {
            if (strcmp(pair->command, command) == 0) {
                return pair->response;
            }
        }
    }
    return "6a82";
}

/* In the place of reader.c. */
enum gbau_status reader_transmit(struct reader *reader, struct octets command, uint8_t *response, size_t capacity,
                                 size_t *length)
{
    char hex[600];
    (void)reader;
    assert_ok(hex_encode(command, hex, sizeof hex));
    assert_true(sent.count < SENT_MAX);
    assert_true(strlen(hex) < sizeof sent.commands[0]);
    memcpy(sent.commands[sent.count], hex, strlen(hex) + 1);
    sent.count++;
    if (transmit_status != GBAU_OK) {
        return transmit_status;
    }
    const char *answer = answer_of(hex);
    assert_true(strlen(answer) / 2 <= capacity);
    return hex_decode(octets_of_text(answer), response, capacity, length);
}

/* In the place of usim.c. */
enum gbau_status usim_unlock(struct usim *usim, const char *pin)
{
    assert_string_equal(pin, "1234");
    assert_int_equal(usim->channel, 1);
    return unlock_status;
}

static int reset(void **state)
{
    (void)state;
    memset(card_tables, 0, sizeof card_tables);
    sent.count = 0;
    transmit_status = GBAU_OK;
    unlock_status = GBAU_OK;
    return 0;
}

static bool was_sent(const char *command)
{
    for (size_t i = 0; i < sent.count; i++) {
        if (strcmp(sent.commands[i], command) == 0) {
            return true;
        }
    }
    return false;
}

#define MF_FCP                                                                                                         \
    "620b8202782183023f008a0105"                                                                                       \
    "9000"
#define DIR_RECORD                                                                                                     \
    "61094f07a0000000871002ff"                                                                                         \
    "9000"
#define USIM_FCP                                                                                                       \
    "620782027821"                                                                                                     \
    "8a0105"                                                                                                           \
    "9000"
#define PIN_FCP                                                                                                        \
    "62108202782183023f00c606900180830101"                                                                             \
    "9000"

/* A card with MF, EF_DIR and a USIM that has nothing, on channel 1. */
static const struct pair small_card[] = {
    {"0070000001", "019000"},
    {"01a40004023f0000", MF_FCP},
    {"01a40804022f0000", "620f8205422100"
                         "0c"
                         "0183022f0080"
                         "02"
                         "000c"
                         "9000"},
    {"01b201040c", DIR_RECORD},
    {"01a4040407a000000087100200", USIM_FCP},
    {NULL, NULL},
};

static struct card_tree read_card(const struct pair *more, const char *pin)
{
    struct card_tree tree;
    card_tables[0] = more;
    card_tables[more == NULL ? 0 : 1] = small_card;
    assert_ok(card_tree_read(NULL, pin, NULL, &tree));
    return tree;
}

/* The child with a name, which must be there. */
static const struct card_node *child_of(const struct card_node *node, const char *name)
{
    static const struct card_node nothing;
    const struct card_node *child = node->children;
    while (child != NULL && (child->name == NULL || strcmp(child->name, name) != 0)) {
        child = child->next;
    }
    assert_non_null(child);
    return child == NULL ? &nothing : child;
}

static void applications_are_found_in_ef_dir(void **state)
{
    (void)state;
    struct card_tree tree = read_card(NULL, NULL);
    const struct card_node *usim = child_of(tree.root, "ADF_USIM");
    assert_string_equal(tree.root->name, "MF");
    assert_non_null(child_of(tree.root, "EF_DIR"));
    assert_non_null(usim);
    assert_octets(octets_of(usim->aid, usim->aid_length), "a0000000871002");
    assert_null(usim->children);
    assert_string_equal(sent.commands[sent.count - 1], "00708001"); /* the channel is closed */
    card_tree_clear(&tree);
    assert_null(tree.root);
}

static void a_transparent_file_is_read_in_pieces(void **state)
{
    (void)state;
    static char piece[2 * 255 + 5];
    memset(piece, 'a', 2 * 255);
    memcpy(piece + 2 * 255, "9000", 5);
    const struct pair more[] = {
        {"01a40804047fff6fc400", "620c8202412183026fc480020101"
                                 "9000"},
        {"01b00000ff", piece},
        {"01b000ff02", "0102"
                       "9000"},
        {NULL, NULL},
    };
    struct card_tree tree = read_card(more, NULL);
    const struct card_node *file = child_of(child_of(tree.root, "ADF_USIM"), "EF_NETPAR");
    assert_non_null(file);
    assert_int_equal(file->part_count, 1);
    assert_int_equal(file->parts[0].octets.length, 257);
    assert_int_equal(file->parts[0].octets.data[254], 0xaa);
    assert_int_equal(file->parts[0].octets.data[256], 0x02);
    card_tree_clear(&tree);
}

static void cyclic_files_are_read_record_by_record(void **state)
{
    (void)state;
    static const struct pair more[] = {
        {"01a40804047fff6f3900", "620f8205462100030283026f3980020006"
                                 "9000"},
        {"01b2010403", "0000019000"},
        {"01b2020403", "ffffff9000"},
        {NULL, NULL},
    };
    struct card_tree tree = read_card(more, NULL);
    const struct card_node *file = child_of(child_of(tree.root, "ADF_USIM"), "EF_ACM");
    assert_int_equal(file->control.structure, FILE_CYCLIC);
    assert_int_equal(file->part_count, 2);
    assert_int_equal(file->parts[1].number, 2);
    assert_octets(file->parts[0].octets, "000001");
    card_tree_clear(&tree);
}

static void objects_of_ber_tlv_files_are_read(void **state)
{
    (void)state;
    static const struct pair more[] = {
        {"01a40804047fff6fd000", "6208820279218302"
                                 "6fd0"
                                 "9000"},
        {"81cb0080015c00", "5c0480815f219000"},
        {"81cb0080018000", "800201029000"},
        {"81cb0080018100", "8182012c"
                           "aabbccdd"
                           "62f1"},
        {"81cb0080025f2100", "6a88"},
        {NULL, NULL},
    };
    struct card_tree tree = read_card(more, NULL);
    const struct card_node *file = child_of(child_of(tree.root, "ADF_USIM"), "EF_MMSICP");
    assert_int_equal(file->control.structure, FILE_BER_TLV);
    assert_int_equal(file->part_count, 2);
    assert_int_equal(file->parts[0].number, 0x80);
    assert_octets(file->parts[0].octets, "0102");
    assert_int_equal(file->parts[1].length, 300);
    assert_octets(file->parts[1].octets, "aabbccdd");
    assert_int_equal(file->sw, 0x6a88); /* of the object that could not be had */
    card_tree_clear(&tree);
}

static void rules_are_looked_for_upwards(void **state)
{
    (void)state;
    static const struct pair more[] = {
        {"01a40804047fff6f0500", "62118202412183026f0580020002"
                                 "8b032f0602"
                                 "9000"},
        {"01a40804047fff6fad00", "62118202412183026fad80020004"
                                 "8b032f0602"
                                 "9000"},
        {"01b0000002", "656e9000"},
        {"01b0000004", "000000029000"},
        {"01a40804022f0600", "620f8205422100050283022f068002000a"
                             "9000"},
        {"01b2020400", "80010190009000"},
        {NULL, NULL},
    };
    struct card_tree tree = read_card(more, NULL);
    const struct card_node *usim = child_of(tree.root, "ADF_USIM");
    assert_octets(octets_of(child_of(usim, "EF_LI")->rule, child_of(usim, "EF_LI")->rule_length), "8001019000");
    assert_octets(octets_of(child_of(usim, "EF_AD")->rule, child_of(usim, "EF_AD")->rule_length), "8001019000");
    assert_octets(child_of(usim, "EF_AD")->parts[0].octets, "00000002");
    size_t rule_reads = 0;
    for (size_t i = 0; i < sent.count; i++) {
        rule_reads += strcmp(sent.commands[i], "01b2020400") == 0 ? 1 : 0;
    }
    assert_int_equal(rule_reads, 1); /* the second file takes what the first one found */
    for (size_t i = 0; i + 1 < sent.count; i++) { /* 7FFF may mean nothing any more once a file of MF was selected */
        if (strcmp(sent.commands[i], "01b2020400") == 0) {
            assert_string_equal(sent.commands[i + 1], "01a4040407a000000087100200");
        }
    }
    card_tree_clear(&tree);
}

static void pins_are_asked_without_a_try(void **state)
{
    (void)state;
    static const struct pair more[] = {
        {"01a40004023f0000", PIN_FCP},
        {"01a40804047fff6f0500", "62178202412183026f0580020002"
                                 "ab0b800101a406830181950108"
                                 "9000"},
        {"01b0000002", "6982"},
        {"01200001", "63c2"},
        {"01200081", "6983"},
        {NULL, NULL},
    };
    struct card_tree tree = read_card(more, NULL);
    assert_int_equal(tree.pin_count, 1);
    assert_int_equal(tree.pins[0].reference, 0x01);
    assert_true(tree.pins[0].is_enabled && !tree.pins[0].is_blocked && !tree.pins[0].is_verified);
    assert_int_equal(tree.pins[0].tries, 2);
    for (size_t i = 0; i < sent.count; i++) {
        assert_true(strncmp(sent.commands[i] + 2, "20", 2) != 0 || strlen(sent.commands[i]) == 8);
    }
    card_tree_clear(&tree);
}

static void nothing_is_ever_written(void **state)
{
    (void)state;
    static const char *const reading[] = {"70", "a4", "b0", "b2", "cb", "20"};
    struct card_tree tree = read_card(NULL, "1234");
    for (size_t i = 0; i < sent.count; i++) {
        bool is_reading = false;
        for (size_t j = 0; j < sizeof reading / sizeof reading[0]; j++) {
            is_reading = is_reading || strncmp(sent.commands[i] + 2, reading[j], 2) == 0;
        }
        assert_true(is_reading);
    }
    card_tree_clear(&tree);
}

static void phone_books_are_followed(void **state)
{
    (void)state;
    static const struct pair more[] = {
        {"01a40804047fff5f3a00", "620a8202782183025f3a8a00"
                                 "9000"},
        {"01a40804067fff5f3a4f3000", "620f8205422100080183024f3080020008"
                                     "9000"},
        {"01b2010408", "a806c0024f3aca009000"},
        {"01a40804067fff5f3a4f3a00", "620c8202412183024f3a80020001"
                                     "9000"},
        {"01b0000001", "419000"},
        {NULL, NULL},
    };
    struct card_tree tree = read_card(more, NULL);
    const struct card_node *book = child_of(child_of(tree.root, "ADF_USIM"), "DF_PHONEBOOK");
    assert_non_null(book);
    assert_non_null(child_of(book, "EF_ADN"));
    assert_true(was_sent("01a40804067fff5f3a4f3a00"));
    card_tree_clear(&tree);
}

static void a_card_without_channels_is_used_on_the_basic_one(void **state)
{
    (void)state;
    static const struct pair basic[] = {{"00a40004023f0000", MF_FCP}, {NULL, NULL}};
    struct card_tree tree;
    card_tables[0] = basic;
    assert_ok(card_tree_read(NULL, NULL, NULL, &tree));
    assert_non_null(tree.root);
    assert_false(was_sent("00708000"));
    card_tree_clear(&tree);
}

static void failures_end_the_walk(void **state)
{
    (void)state;
    struct card_tree tree;
    assert_status(card_tree_read(NULL, NULL, NULL, &tree), GBAU_E_CARD); /* no MF */
    card_tree_clear(&tree);
    card_tables[0] = small_card;
    unlock_status = GBAU_E_PIN_WRONG;
    sent.count = 0;
    assert_status(card_tree_read(NULL, "1234", NULL, &tree), GBAU_E_PIN_WRONG);
    assert_int_equal(sent.count, 2); /* the channel opens and closes */
    card_tree_clear(&tree);
    transmit_status = GBAU_E_IO;
    sent.count = 0;
    assert_status(card_tree_read(NULL, NULL, NULL, &tree), GBAU_E_IO);
    assert_int_equal(sent.count, 1);
    card_tree_clear(&tree);
}

/* Sizes, records and counts that do not fit what comes. */
static void a_card_that_lies_does_no_harm(void **state)
{
    (void)state;
    static const struct pair more[] = {
        {"01a40804047fff6f0500", "620c8202412183026f0580020002"
                                 "9000"},
        {"01b0000002", "010203040506079000"},
        {"01a40804047fff6f3c00", "620f8205422100000583026f3c80020000"
                                 "9000"},
        {"01b2010400", "01029000"},
        {"01b2020400", "9000"},
        {"01a40804047fff6f4200", "620f82054221ffffff83026f428002ffff"
                                 "9000"},
        {"01a40804047fff6f0700", "620e8202412183026f078004ffffffff"
                                 "9000"},
        {"01b00000ff", "9000"},
        {"01a40804047fff6fad00", "00"
                                 "9000"},
        {"01a40804047fff6fd000", "620882027921"
                                 "83026fd0"
                                 "9000"},
        {"81cb0080015c00", "5c819f"
                           "9000"},
        {NULL, NULL},
    };
    struct card_tree tree = read_card(more, NULL);
    const struct card_node *usim = child_of(tree.root, "ADF_USIM");
    assert_int_equal(child_of(usim, "EF_LI")->part_count, 0);
    assert_int_equal(child_of(usim, "EF_SMS")->parts[0].octets.length, 0);
    assert_int_equal(child_of(usim, "EF_IMSI")->part_count, 0);
    assert_int_equal(child_of(usim, "EF_AD")->control.structure, FILE_UNKNOWN);
    card_tree_clear(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(applications_are_found_in_ef_dir, reset),
        cmocka_unit_test_setup(a_transparent_file_is_read_in_pieces, reset),
        cmocka_unit_test_setup(cyclic_files_are_read_record_by_record, reset),
        cmocka_unit_test_setup(objects_of_ber_tlv_files_are_read, reset),
        cmocka_unit_test_setup(rules_are_looked_for_upwards, reset),
        cmocka_unit_test_setup(pins_are_asked_without_a_try, reset),
        cmocka_unit_test_setup(nothing_is_ever_written, reset),
        cmocka_unit_test_setup(phone_books_are_followed, reset),
        cmocka_unit_test_setup(a_card_without_channels_is_used_on_the_basic_one, reset),
        cmocka_unit_test_setup(failures_end_the_walk, reset),
        cmocka_unit_test_setup(a_card_that_lies_does_no_harm, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
