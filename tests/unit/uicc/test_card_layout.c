/* test_card_layout.c: the tables of the card's memory: round trip, every check, and cards made of mutated tables. */
#include "challenge.h"

static const uint8_t record_magic[NVM_RECORD_MAGIC_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8};

/* The data area of a new card. */
static uint8_t *new_data(struct card_layout *layout)
{
    struct test_card card;
    uint8_t *data = malloc(PROFILE_DATA_SIZE);
    assert_non_null(data);
    test_card_begin(&card);
    memcpy(data, card.uicc.nvm.data, PROFILE_DATA_SIZE);
    *layout = card.uicc.layout;
    test_card_end(&card);
    return data;
}

static enum gbau_status read_back(const struct card_layout *layout)
{
    static uint8_t data[PROFILE_DATA_SIZE];
    struct card_layout second;
    struct octet_writer writer = octet_writer_of(data, sizeof data);
    card_layout_write(&writer, layout);
    assert_ok(octet_writer_end(&writer));
    assert_int_equal(writer.length, card_layout_size(layout));
    enum gbau_status status = card_layout_read(octets_of(data, sizeof data), &second);
    if (status == GBAU_OK) {
        assert_memory_equal(&second, layout, sizeof second);
    }
    return status;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct card_layout layout;
    struct card_layout second;
    uint8_t *data = new_data(&layout);
    assert_ok(card_layout_read(octets_of(data, PROFILE_DATA_SIZE), &second));
    assert_memory_equal(&layout, &second, sizeof layout);
    assert_ok(read_back(&layout));
    layout.applications[0].gba_rules = (struct gba_u_rules){.mask_mac = false, .flip_res_bit = true};
    layout.applications[0].sqn_delta = 0x01020304;
    assert_ok(read_back(&layout));
    layout.applications[0].gba_rules = (struct gba_u_rules){.mask_mac = true, .flip_res_bit = false};
    assert_ok(read_back(&layout));
    free(data);
}

static void test_truncated(void **state)
{
    (void)state;
    struct card_layout layout;
    struct card_layout second;
    uint8_t *data = new_data(&layout);
    size_t needed = layout.nonce_counter + 8; /* what stands last */
    for (size_t length = 0; length < needed; length++) {
        uint8_t *cut = malloc(length + 1); /* so that a sanitizer sees what is read beyond */
        assert_non_null(cut);
        memcpy(cut, data, length);
        assert_status(card_layout_read(octets_of(cut, length), &second), GBAU_E_CORRUPT);
        free(cut);
    }
    assert_ok(card_layout_read(octets_of(data, needed), &second));
    free(data);
}

/* Checks: each change by itself is refused. */

static uint8_t find_fid(const struct card_layout *layout, uint16_t fid)
{
    for (uint8_t i = 0; i < layout->file_count; i++) {
        if (layout->files[i].fid == fid) {
            return i;
        }
    }
    fail_msg("no file %04x", fid);
    return 0;
}

static void assert_file_refused(const struct card_layout *sound, uint16_t fid, const struct card_file *file)
{
    struct card_layout layout = *sound;
    layout.files[find_fid(sound, fid)] = *file;
    assert_status(read_back(&layout), GBAU_E_CORRUPT);
}

#define REFUSE_FILE(fid_, field_, value_)                                                                              \
    do {                                                                                                               \
        struct card_file file = layout.files[find_fid(&layout, fid_)];                                                 \
        file.field_ = (value_);                                                                                        \
        assert_file_refused(&layout, fid_, &file);                                                                     \
    } while (0)

static void test_files_are_checked(void **state)
{
    (void)state;
    struct card_layout layout;
    free(new_data(&layout));
    const uint8_t imsi = find_fid(&layout, 0x6f07);
    REFUSE_FILE(0x6f07, kind, (enum file_kind)0x46);
    REFUSE_FILE(0x6f07, kind, FILE_KIND_LINEAR_FIXED);
    REFUSE_FILE(0x6f07, kind, FILE_KIND_DF); /* a directory has no body */
    REFUSE_FILE(0x6f07, parent, CARD_NO_INDEX);
    REFUSE_FILE(0x6f07, parent, imsi);
    REFUSE_FILE(0x6f07, parent, (uint8_t)(imsi + 1));
    REFUSE_FILE(0x6f07, parent, find_fid(&layout, 0x6f05)); /* no directory */
    REFUSE_FILE(0x6f07, size, 0);
    REFUSE_FILE(0x6f07, body, PROFILE_DATA_SIZE - 8);
    REFUSE_FILE(0x6f07, body, UINT32_MAX);
    REFUSE_FILE(0x6f07, body, UINT32_MAX - 4);
    REFUSE_FILE(0x6f07, size, PROFILE_DATA_SIZE);
    REFUSE_FILE(0x6f07, record_count, 1); /* a transparent file has no records */
    REFUSE_FILE(0x6f07, application, 0);  /* only a directory belongs to an application */
    REFUSE_FILE(0x6f07, sfi, 31);
    REFUSE_FILE(0x6f07, arr_file, CARD_NO_INDEX);
    REFUSE_FILE(0x6f07, arr_file, imsi); /* no records there */
    REFUSE_FILE(0x6f07, arr_record, 0);
    REFUSE_FILE(0x6f07, arr_record, 7);
    REFUSE_FILE(0x6fda, record_count, 0);
    REFUSE_FILE(0x6fda, record_count, 9);
    REFUSE_FILE(0x6fda, record_count, 255);
    REFUSE_FILE(0x6fda, record_length, 0);
    REFUSE_FILE(0x6fda, record_length, 256);
    REFUSE_FILE(0x6fda, record_length, 181);
    REFUSE_FILE(0x6fda, size, 1799);
    REFUSE_FILE(0x7ff0, application, 2);
    REFUSE_FILE(0x7ff0, size, 1);
    REFUSE_FILE(0x7ff0, parent, find_fid(&layout, 0x7ff0));
    REFUSE_FILE(0x3f00, parent, 0);
    REFUSE_FILE(0x3f00, kind, FILE_KIND_TRANSPARENT);
}

#define REFUSE_APPLICATION(field_, value_)                                                                             \
    do {                                                                                                               \
        struct card_layout changed = layout;                                                                           \
        changed.applications[0].field_ = (value_);                                                                     \
        assert_status(read_back(&changed), GBAU_E_CORRUPT);                                                            \
    } while (0)

static void test_applications_are_checked(void **state)
{
    (void)state;
    struct card_layout layout;
    free(new_data(&layout));
    REFUSE_APPLICATION(aid_length, 4);
    REFUSE_APPLICATION(aid_length, 17);
    REFUSE_APPLICATION(adf, find_fid(&layout, 0x6f07));
    REFUSE_APPLICATION(adf, 0xfe);
    REFUSE_APPLICATION(pin, 2);
    REFUSE_APPLICATION(algorithm, 0);
    REFUSE_APPLICATION(algorithm, 99);
    REFUSE_APPLICATION(naf_key_count, CARD_MAX_NAF_KEYS + 1);
    REFUSE_APPLICATION(keys, PROFILE_DATA_SIZE - 31);
    REFUSE_APPLICATION(keys, UINT32_MAX);
    REFUSE_APPLICATION(sqn, PROFILE_DATA_SIZE - 191);
    REFUSE_APPLICATION(gba, PROFILE_DATA_SIZE - 100);
}

static void test_head_is_checked(void **state)
{
    (void)state;
    struct card_layout layout;
    uint8_t *data = new_data(&layout);
    static const struct {
        size_t position;
        uint8_t value;
    } changes[] = {{0, 0},
                   {0, 2},
                   {1, 0},
                   {1, CARD_MAX_FILES + 1},
                   {2, 0},
                   {2, CARD_MAX_PINS + 1},
                   {3, CARD_MAX_APPLICATIONS + 1},
                   {4, 0xff},
                   {6, 0x20}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct card_layout second;
        uint8_t before = data[changes[i].position];
        data[changes[i].position] = changes[i].value;
        assert_status(card_layout_read(octets_of(data, PROFILE_DATA_SIZE), &second), GBAU_E_CORRUPT);
        data[changes[i].position] = before;
    }
    struct card_layout changed = layout;
    changed.pins[1].state = PROFILE_DATA_SIZE - PIN_STATE_SIZE + 1;
    assert_status(read_back(&changed), GBAU_E_CORRUPT);
    changed = layout;
    changed.nonce_counter = PROFILE_DATA_SIZE - 7;
    assert_status(read_back(&changed), GBAU_E_CORRUPT);
    free(data);
}

static void test_pin_state(void **state)
{
    (void)state;
    uint8_t octets[PIN_STATE_SIZE];
    struct pin_state read;
    const struct pin_state written = {
        .enabled = true, .tries = 2, .unblock_tries = 9, .value = "12345678", .unblock_value = "87654321"};
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    pin_state_write(&writer, &written);
    assert_ok(octet_writer_end(&writer));
    assert_int_equal(writer.length, PIN_STATE_SIZE);
    pin_state_read(octets, &read);
    assert_memory_equal(&read, &written, sizeof read);
}

/* Mutations: whatever is accepted must do with every command. */

static void run_commands(struct test_card *card, const struct challenge *challenge)
{
    static const char *const commands[] = {
        "80f2000000",          "00a4040410" USIM_AID,
        "0020000108" TEST_PIN, "0020000a08" TEST_ADM,
        "80f2000000",          TEST_DERIVE,
        "00a40804047fff6f07",  "00b0000000",
        "00a40804047fff6fd6",  "00b0000000",
        "00d60000021001",      "00b0fe0000",
        "00d6fe00020000",      "00a40804047fff6fda",
        "00b2010400",          "00b20a0400",
        "00b2fe0400",          "00b2000300",
        "00b2013c00",          "00a40804047fff6f0a",
        "00b2010400",          "00a4030400",
        "00a40004022f00",      "00b2030400",
        "00a4040409" API_AID,  "805000001f8014" TEST_NAF "82010183010184016100",
        "805200000387016100",  "80f2000000",
    };
    (void)apdu(card, "00a4040c10" USIM_AID);
    (void)apdu(card, "0020000108" TEST_PIN);
    (void)apdu(card, challenge->bootstrap);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        (void)apdu(card, commands[i]);
    }
}

static void test_mutated_tables(void **state)
{
    (void)state;
    struct card_layout layout;
    struct test_card card;
    test_card_begin(&card);
    const struct challenge challenge = make_challenge(&card, 0x91, TEST_SQN(1, 0));
    uint8_t *data = new_data(&layout);
    uint8_t *mutated = malloc(PROFILE_DATA_SIZE);
    assert_non_null(mutated);
    const size_t tables = card_layout_size(&layout);
    size_t accepted = 0;
    uint32_t random = 12345;
    card.secret_count = 0; /* a table may well let a file show the keys */
    for (size_t run = 0; run < 8 * tables; run++) {
        memcpy(mutated, data, PROFILE_DATA_SIZE);
        for (size_t i = 0; i <= run % 3; i++) {
            random = random * 1664525U + 1013904223U;
            const size_t position = i == 0 ? run % tables : random % tables;
            const uint8_t flipped = (uint8_t)(mutated[position] ^ 1U << (random >> 8) % 8);
            mutated[position] = (random >> 28) < 4 ? flipped : (uint8_t)(random >> 16);
        }
        assert_ok(nvm_format(&card.storage, octets_of(mutated, PROFILE_DATA_SIZE), record_magic));
        enum gbau_status status = uicc_power_on(&card.uicc, &card.storage, &card.crypto);
        assert_true(status == GBAU_OK || status == GBAU_E_CORRUPT);
        if (status == GBAU_OK) {
            accepted++;
            run_commands(&card, &challenge);
        }
    }
    assert_true(accepted > 100);
    free(mutated);
    free(data);
    test_card_end(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_files_are_checked), cmocka_unit_test(test_applications_are_checked),
        cmocka_unit_test(test_head_is_checked),   cmocka_unit_test(test_pin_state),
        cmocka_unit_test(test_mutated_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
