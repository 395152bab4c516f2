/* test_card_layout.c: the tables of the card's memory: round trip, every check, and cards made of mutated tables. */
#include "challenge.h"

static const uint8_t record_magic[NVM_RECORD_MAGIC_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8};

/* The data area of a new card; `layout` views it. */
static uint8_t *new_data(struct card_layout *layout)
{
    struct test_card card;
    uint8_t *data = malloc(PROFILE_DATA_SIZE);
    assert_non_null(data);
    test_card_begin(&card);
    memcpy(data, card.uicc.nvm.data, PROFILE_DATA_SIZE);
    test_card_end(&card);
    assert_ok(card_layout_read(octets_of(data, PROFILE_DATA_SIZE), layout));
    return data;
}

static enum gbau_status check(const uint8_t *data)
{
    struct card_layout layout;
    return card_layout_read(octets_of(data, PROFILE_DATA_SIZE), &layout);
}

/* Entries of the tables behind the files, in the order in which they are written. */
static size_t pin_offset(const struct card_layout *layout, uint8_t index)
{
    enum { PIN_ENTRY_SIZE = 7 };
    return card_layout_file_offset(layout->file_slots) + (size_t)index * PIN_ENTRY_SIZE;
}

static size_t application_offset(const struct card_layout *layout, uint8_t index)
{
    enum { APPLICATION_ENTRY_SIZE = 44 };
    return pin_offset(layout, layout->pin_count) + (size_t)index * APPLICATION_ENTRY_SIZE;
}

static struct octet_writer writer_at(uint8_t *data, size_t offset)
{
    return octet_writer_of(data + offset, PROFILE_DATA_SIZE - offset);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct card_layout layout;
    uint8_t *data = new_data(&layout);
    uint8_t *written = malloc(PROFILE_DATA_SIZE);
    assert_non_null(written);
    memcpy(written, data, PROFILE_DATA_SIZE);
    memset(written, 0x5a, card_layout_size(&layout));
    struct octet_writer writer = octet_writer_of(written, card_layout_size(&layout));
    card_layout_write_head(&writer, &layout);
    for (uint8_t i = 0; i < layout.file_slots; i++) {
        assert_int_equal(writer.length, card_layout_file_offset(i));
        const struct card_file file = card_layout_file(&layout, i);
        card_layout_write_file(&writer, &file);
    }
    for (uint8_t i = 0; i < layout.pin_count; i++) {
        assert_int_equal(writer.length, pin_offset(&layout, i));
        const struct card_pin pin = card_layout_pin(&layout, i);
        card_layout_write_pin(&writer, &pin);
    }
    for (uint8_t i = 0; i < layout.application_count; i++) {
        assert_int_equal(writer.length, application_offset(&layout, i));
        const struct card_application application = card_layout_application(&layout, i);
        card_layout_write_application(&writer, &application);
    }
    assert_ok(octet_writer_end(&writer));
    assert_int_equal(writer.length, card_layout_size(&layout));
    assert_memory_equal(written, data, PROFILE_DATA_SIZE);
    free(written);
    free(data);
}

static void test_application_round_trip(void **state)
{
    (void)state;
    struct card_layout layout;
    uint8_t *data = new_data(&layout);
    struct card_application application = card_layout_application(&layout, 0);
    for (unsigned rules = 0; rules < 4; rules++) {
        application.gba_rules = (struct gba_u_rules){.mask_mac = (rules & 1) != 0, .flip_res_bit = (rules & 2) != 0};
        application.sqn_delta = 0x01020304;
        application.sqn_age_limit = 0x05060708;
        struct octet_writer writer = writer_at(data, application_offset(&layout, 0));
        card_layout_write_application(&writer, &application);
        const struct card_application read = card_layout_application(&layout, 0);
        assert_true(read.gba_rules.mask_mac == application.gba_rules.mask_mac);
        assert_true(read.gba_rules.flip_res_bit == application.gba_rules.flip_res_bit);
        assert_int_equal(read.sqn_delta, 0x01020304);
        assert_int_equal(read.sqn_age_limit, 0x05060708);
        assert_ok(check(data));
    }
    free(data);
}

static void test_truncated(void **state)
{
    (void)state;
    struct card_layout layout;
    struct card_layout second;
    uint8_t *data = new_data(&layout);
    for (size_t length = 0; length < PROFILE_DATA_SIZE; length += length < layout.heap ? 1 : 61) {
        uint8_t *cut = malloc(length + 1); /* so that a sanitizer sees what is read beyond */
        assert_non_null(cut);
        memcpy(cut, data, length);
        assert_status(card_layout_read(octets_of(cut, length), &second), GBAU_E_CORRUPT);
        free(cut);
    }
    free(data);
}

/* Checks: each change by itself is refused. */

static uint8_t find_fid(const struct card_layout *layout, uint16_t fid)
{
    for (uint8_t i = 0; i < layout->file_slots; i++) {
        if (card_layout_file(layout, i).fid == fid) {
            return i;
        }
    }
    fail_msg("no file %04x", fid);
    return 0;
}

static void assert_file_refused(uint8_t *data, uint8_t index, const struct card_file *file)
{
    uint8_t before[CARD_FILE_ENTRY_SIZE];
    memcpy(before, data + card_layout_file_offset(index), sizeof before);
    struct octet_writer writer = writer_at(data, card_layout_file_offset(index));
    card_layout_write_file(&writer, file);
    assert_status(check(data), GBAU_E_CORRUPT);
    memcpy(data + card_layout_file_offset(index), before, sizeof before);
    assert_ok(check(data));
}

#define REFUSE_FILE(fid_, field_, value_)                                                                              \
    do {                                                                                                               \
        struct card_file file = card_layout_file(&layout, find_fid(&layout, fid_));                                    \
        file.field_ = (value_);                                                                                        \
        assert_file_refused(data, find_fid(&layout, fid_), &file);                                                     \
    } while (0)

static void test_files_are_checked(void **state)
{
    (void)state;
    struct card_layout layout;
    uint8_t *data = new_data(&layout);
    const uint8_t imsi = find_fid(&layout, 0x6f07);
    REFUSE_FILE(0x6f07, kind, (enum file_kind)0x47);
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
    REFUSE_FILE(0x6f07, body, layout.heap - 1); /* into the keys */
    REFUSE_FILE(0x6f07, body, card_layout_application(&layout, 0).keys);
    REFUSE_FILE(0x6f07, body, card_layout_file(&layout, imsi).body + 1); /* into the next file */
    REFUSE_FILE(0x6f07, body, card_layout_file(&layout, imsi).body - 1); /* into the file before */
    REFUSE_FILE(0x6f07, body, card_layout_file(&layout, find_fid(&layout, 0x6fd6)).body + 100);
    REFUSE_FILE(0x6f07, size, PROFILE_DATA_SIZE);
    REFUSE_FILE(0x6f07, record_count, 1); /* a transparent file has no records */
    REFUSE_FILE(0x6f07, first_record, 1);
    REFUSE_FILE(0x6f07, application, 0); /* only a directory belongs to an application */
    REFUSE_FILE(0x6f07, sfi, 31);
    REFUSE_FILE(0x6f07, arr_file, CARD_NO_INDEX);
    REFUSE_FILE(0x6f07, arr_file, imsi); /* no records there */
    REFUSE_FILE(0x6f07, arr_record, 0);
    REFUSE_FILE(0x6f07, arr_record, 10);
    REFUSE_FILE(0x6f07, state, (enum file_state)0x02);
    REFUSE_FILE(0x6fda, record_count, 0);
    REFUSE_FILE(0x6fda, record_count, 9);
    REFUSE_FILE(0x6fda, record_count, 255);
    REFUSE_FILE(0x6fda, record_length, 0);
    REFUSE_FILE(0x6fda, record_length, 256);
    REFUSE_FILE(0x6fda, record_length, 181);
    REFUSE_FILE(0x6fda, size, 1799);
    REFUSE_FILE(0x6fda, first_record, 1); /* only a cyclic file turns */
    REFUSE_FILE(0x6f39, first_record, 4);
    REFUSE_FILE(0x4f47, size, 1);
    REFUSE_FILE(0x4f47, size, CARD_TLV_FILE_MAX + 1);
    REFUSE_FILE(0x4f47, record_count, 1);
    REFUSE_FILE(0x7ff0, application, 3);
    REFUSE_FILE(0x7ff0, size, 1);
    REFUSE_FILE(0x7ff0, parent, find_fid(&layout, 0x7ff0));
    REFUSE_FILE(0x3f00, parent, 0);
    REFUSE_FILE(0x3f00, kind, FILE_KIND_TRANSPARENT);
    REFUSE_FILE(0x3f00, kind, FILE_KIND_NONE);
    free(data);
}

static void assert_application_refused(uint8_t *data, const struct card_layout *layout,
                                       const struct card_application *application)
{
    uint8_t before[44];
    const size_t offset = application_offset(layout, 0);
    memcpy(before, data + offset, sizeof before);
    struct octet_writer writer = writer_at(data, offset);
    card_layout_write_application(&writer, application);
    assert_status(check(data), GBAU_E_CORRUPT);
    memcpy(data + offset, before, sizeof before);
    assert_ok(check(data));
}

#define REFUSE_APPLICATION(field_, value_)                                                                             \
    do {                                                                                                               \
        struct card_application changed = card_layout_application(&layout, 0);                                         \
        changed.field_ = (value_);                                                                                     \
        assert_application_refused(data, &layout, &changed);                                                           \
    } while (0)

static void test_applications_are_checked(void **state)
{
    (void)state;
    struct card_layout layout;
    uint8_t *data = new_data(&layout);
    REFUSE_APPLICATION(kind, 0);
    REFUSE_APPLICATION(kind, 4);
    REFUSE_APPLICATION(kind, APPLICATION_APPLET); /* an applet has no files */
    REFUSE_APPLICATION(aid_length, 4);
    REFUSE_APPLICATION(aid_length, 17);
    REFUSE_APPLICATION(adf, find_fid(&layout, 0x6f07));
    REFUSE_APPLICATION(adf, 0xfe);
    REFUSE_APPLICATION(pin, 3);
    REFUSE_APPLICATION(algorithm, 0);
    REFUSE_APPLICATION(algorithm, 99);
    REFUSE_APPLICATION(naf_key_count, CARD_MAX_NAF_KEYS + 1);
    REFUSE_APPLICATION(keys, layout.heap - 31);
    REFUSE_APPLICATION(keys, 0);
    REFUSE_APPLICATION(keys, UINT32_MAX);
    REFUSE_APPLICATION(sqn, layout.heap - 191);
    REFUSE_APPLICATION(gba, layout.heap - 100);
    REFUSE_APPLICATION(gba, layout.heap);
    free(data);
}

static void test_pins_are_checked(void **state)
{
    (void)state;
    struct card_layout layout;
    uint8_t *data = new_data(&layout);
    static const uint32_t wrong[] = {0, UINT32_MAX, PROFILE_DATA_SIZE - PIN_STATE_SIZE};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct card_pin pin = card_layout_pin(&layout, 1);
        pin.state = wrong[i];
        struct octet_writer writer = writer_at(data, pin_offset(&layout, 1));
        card_layout_write_pin(&writer, &pin);
        assert_status(check(data), GBAU_E_CORRUPT);
    }
    free(data);
}

/* version, counts, and the offsets of nonce counter, suspension, persisted keys, heap and its end, each too high */
static void test_head_is_checked(void **state)
{
    (void)state;
    struct card_layout layout;
    uint8_t *data = new_data(&layout);
    static const struct {
        size_t position;
        uint8_t value;
    } changes[] = {{0, 0},
                   {0, 1},
                   {0, 2},
                   {0, 4},
                   {1, 0},
                   {1, CARD_MAX_FILES + 1},
                   {2, 0},
                   {2, CARD_MAX_PINS + 1},
                   {3, CARD_MAX_APPLICATIONS + 1},
                   {4, 0xff},
                   {6, 0x60},
                   {8, 0xff},
                   {12, CARD_MAX_PERSISTED_KEYS + 1},
                   {13, 0xff},
                   {15, 0x60},
                   {17, 0xff},
                   {19, 0},
                   {21, 0xff},
                   {23, 0}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        uint8_t before = data[changes[i].position];
        data[changes[i].position] = changes[i].value;
        assert_status(check(data), GBAU_E_CORRUPT);
        data[changes[i].position] = before;
    }
    assert_ok(check(data));
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
        "805200c10387016100",  "805a0000",
        "8042000000",          "8042000100",
        "80f2000000",
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
    for (size_t run = 0; run < 3 * tables; run++) {
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
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_application_round_trip),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_files_are_checked),
        cmocka_unit_test(test_applications_are_checked),
        cmocka_unit_test(test_pins_are_checked),
        cmocka_unit_test(test_head_is_checked),
        cmocka_unit_test(test_pin_state),
        cmocka_unit_test(test_mutated_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
