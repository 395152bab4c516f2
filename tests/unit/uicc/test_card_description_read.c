/* test_card_description_read.c: cards of descriptions, and descriptions of cards: nothing gets lost on either way. */
#include "test_card.h"

#include "uicc/card_description.h"

enum { MF, ARR, USIM, EF, OBJECTS, CYCLE, FILES };

static const uint8_t rule[] = {0x80, 0x01, 0x7f, 0x90, 0x00};
static const uint8_t objects[] = {0x81, 0x02, 0xca, 0xfe};
static const uint8_t records[] = {1, 2, 3};

struct whole {
    struct described_file files[FILES];
    struct described_pin pins[2];
    struct described_application applications[3];
    struct milenage_constants constants;
    struct card_description description;
};

static struct card_file file_of(uint16_t fid, enum file_kind kind, uint8_t parent, uint16_t size)
{
    return (struct card_file){.fid = fid,
                              .kind = kind,
                              .parent = parent,
                              .application = CARD_NO_INDEX,
                              .arr_file = ARR,
                              .arr_record = 1,
                              .state = FILE_STATE_ACTIVATED,
                              .size = size};
}

static void make_whole(struct whole *whole)
{
    *whole = (struct whole){.constants = milenage_default_constants};
    whole->constants.rotation[0] = 8;
    struct described_file *files = whole->files;
    files[MF].file = file_of(0x3f00, FILE_KIND_DF, CARD_NO_INDEX, 0);
    files[ARR] = (struct described_file){file_of(0x2f06, FILE_KIND_LINEAR_FIXED, MF, 20), octets_of(rule, sizeof rule)};
    files[ARR].file.record_length = 10;
    files[ARR].file.record_count = 2;
    files[USIM].file = file_of(0x7ff0, FILE_KIND_DF, CARD_NO_INDEX, 0);
    files[USIM].file.application = 0;
    files[EF] = (struct described_file){file_of(0x6f07, FILE_KIND_TRANSPARENT, USIM, 9), octets_of(records, 3)};
    files[EF].file.state = FILE_STATE_DEACTIVATED;
    files[EF].file.sfi = 7;
    files[OBJECTS] =
        (struct described_file){file_of(0x6f08, FILE_KIND_BER_TLV, USIM, 50), octets_of(objects, sizeof objects)};
    files[CYCLE] = (struct described_file){file_of(0x6f09, FILE_KIND_CYCLIC, USIM, 3), octets_of(records, 3)};
    files[CYCLE].file.record_length = 1;
    files[CYCLE].file.record_count = 3;
    files[CYCLE].file.first_record = 2;
    whole->pins[0] = (struct described_pin){0x01, 3, 10, {true, 2, 9, "1234", "12345678"}};
    whole->pins[1] = (struct described_pin){0x0a, 10, 0, {false, 0, 0, "ABCDEFGH", ""}};
    const struct card_profile profile = test_profile();
    whole->applications[0] = (struct described_application){.entry = {.kind = APPLICATION_USIM,
                                                                      .aid_length = 5,
                                                                      .aid = {1, 2, 3, 4, 5},
                                                                      .adf = USIM,
                                                                      .sqn_delta = 9,
                                                                      .sqn_age_limit = 8,
                                                                      .naf_key_count = 3,
                                                                      .gba_rules = {.mask_mac = true}},
                                                            .functions = profile.functions,
                                                            .sqn = {[0] = 0x20, [31] = 0xffffffffffff},
                                                            .shares = CARD_NO_INDEX};
    whole->applications[0].functions.keys.milenage.constants = &whole->constants;
    whole->applications[1] = whole->applications[0];
    whole->applications[1].entry.kind = APPLICATION_ISIM;
    whole->applications[1].entry.naf_key_count = 0;
    whole->applications[1].shares = 0;
    whole->applications[2] = (struct described_application){
        .entry = {
            .kind = APPLICATION_APPLET, .aid_length = 6, .aid = {6, 5, 4, 3, 2, 1}, .adf = CARD_NO_INDEX, .pin = 1}};
    whole->description = (struct card_description){.files = files,
                                                   .file_count = FILES,
                                                   .pins = whole->pins,
                                                   .pin_count = 2,
                                                   .applications = whole->applications,
                                                   .application_count = 3,
                                                   .persisted_key_count = 2,
                                                   .free_slots = 5,
                                                   .free_size = 100};
}

static enum gbau_status try_card(struct test_card *card, const struct card_description *description)
{
    static struct card_workspace workspace;
    const size_t size = card_description_memory_size(description);
    *card = (struct test_card){.memory = calloc(1, size + 1)};
    assert_non_null(card->memory);
    card->storage = (struct nvm_storage){
        .memory = card->memory, .size = size, .write = ram_write, .sync = ram_sync, .context = card->memory};
    assert_ok(crypto_openssl_open(&card->crypto));
    return card_description_make(description, &card->crypto, &workspace, &card->storage);
}

static void begin(struct test_card *card, const struct card_description *description)
{
    assert_ok(try_card(card, description));
    assert_ok(uicc_power_on(&card->uicc, &card->storage, &card->crypto));
}

static void reads_what_was_made(void **state)
{
    (void)state;
    static struct whole whole;
    static struct card_parts parts;
    struct card_description read;
    struct test_card card;
    make_whole(&whole);
    begin(&card, &whole.description);
    assert_ok(card_description_read(&card.uicc, &parts, &read));
    assert_int_equal(read.file_count, FILES);
    assert_int_equal(read.pin_count, 2);
    assert_int_equal(read.application_count, 3);
    assert_int_equal(read.persisted_key_count, 2);
    assert_int_equal(read.free_slots, 5);
    assert_in_range(read.free_size, 100, 100 + NVM_PAGE_SIZE - 1);
    for (size_t i = 0; i < FILES; i++) {
        struct card_file file = parts.files[i].file;
        file.body = 0;
        assert_memory_equal(&file.fid, &whole.files[i].file.fid, sizeof file.fid);
        assert_int_equal(file.parent, whole.files[i].file.parent);
        assert_int_equal(file.state, whole.files[i].file.state);
        assert_int_equal(file.sfi, whole.files[i].file.sfi);
        assert_int_equal(file.first_record, whole.files[i].file.first_record);
        assert_int_equal(file.size, whole.files[i].file.size);
        assert_int_equal(file.application, whole.files[i].file.application);
    }
    assert_octets(parts.files[EF].content, "010203ffffffffffff");
    assert_octets(parts.files[OBJECTS].content, "8102cafe");
    assert_octets(parts.files[CYCLE].content, "010203");
    assert_int_equal(parts.files[MF].content.length, 0);
    assert_memory_equal(&parts.pins, &whole.pins, sizeof whole.pins);
    test_card_end(&card);
}

static void reads_applications(void **state)
{
    (void)state;
    static struct whole whole;
    static struct card_parts parts;
    struct card_description read;
    struct test_card card;
    make_whole(&whole);
    begin(&card, &whole.description);
    assert_ok(card_description_read(&card.uicc, &parts, &read));
    const struct described_application *usim = &parts.applications[0];
    assert_int_equal(usim->shares, CARD_NO_INDEX);
    assert_int_equal(usim->entry.adf, USIM);
    assert_int_equal(usim->entry.sqn_delta, 9);
    assert_int_equal(usim->entry.sqn_age_limit, 8);
    assert_int_equal(usim->entry.naf_key_count, 3);
    assert_true(usim->entry.gba_rules.mask_mac);
    assert_false(usim->entry.gba_rules.flip_res_bit);
    assert_memory_equal(usim->sqn, whole.applications[0].sqn, sizeof usim->sqn);
    assert_octets(octets_of(usim->functions.keys.milenage.k.octets, AKA_K_SIZE), TEST_K);
    assert_ptr_equal(usim->functions.keys.milenage.constants, &parts.constants[0]);
    assert_int_equal(parts.constants[0].rotation[0], 8);
    assert_int_equal(parts.applications[1].shares, 0);
    assert_int_equal(parts.applications[2].entry.kind, APPLICATION_APPLET);
    assert_int_equal(parts.applications[2].entry.adf, CARD_NO_INDEX);
    assert_int_equal(parts.applications[2].entry.pin, 1);
    test_card_end(&card);
}

/* What is read makes the same data again. */
static void makes_what_was_read(void **state)
{
    (void)state;
    static struct whole whole;
    static struct card_parts parts;
    struct card_description read;
    struct test_card card;
    struct test_card copy;
    make_whole(&whole);
    begin(&card, &whole.description);
    assert_ok(card_description_read(&card.uicc, &parts, &read));
    begin(&copy, &read);
    assert_int_equal(card.uicc.nvm.data_size, copy.uicc.nvm.data_size);
    assert_memory_equal(card.uicc.nvm.data, copy.uicc.nvm.data, card.uicc.nvm.data_size);
    test_card_end(&copy);
    test_card_end(&card);
}

/* A file that is gone in front of an EF_ARR moves what refers to it. */
static void follows_moved_rules(void **state)
{
    (void)state;
    static struct whole whole;
    static struct card_parts parts;
    struct card_description read;
    struct test_card card;
    make_whole(&whole);
    const struct described_file arr = whole.files[ARR];
    whole.files[EF].file.state = FILE_STATE_ACTIVATED;
    whole.files[OBJECTS] = arr;
    whole.files[OBJECTS].file.fid = 0x6f06;
    whole.files[OBJECTS].file.parent = USIM;
    whole.files[CYCLE].file.arr_file = OBJECTS;
    begin(&card, &whole.description);
    assert_apdu(&card, "00a4040c050102030405", "9000");
    assert_apdu(&card, "00e40000026f07", "9000");
    assert_ok(card_description_read(&card.uicc, &parts, &read));
    assert_int_equal(parts.files[CYCLE - 1].file.fid, 0x6f09);
    assert_int_equal(parts.files[CYCLE - 1].file.arr_file, OBJECTS - 1);
    assert_int_equal(parts.files[OBJECTS - 1].file.fid, 0x6f06);
    test_card_end(&card);
}

/* A deleted file's slot and room are free ones; indices close up. */
static void closes_gaps(void **state)
{
    (void)state;
    static struct whole whole;
    static struct card_parts parts;
    struct card_description read;
    struct test_card card;
    make_whole(&whole);
    whole.files[EF].file.state = FILE_STATE_ACTIVATED;
    begin(&card, &whole.description);
    assert_apdu(&card, "00a4040c050102030405", "9000");
    assert_apdu(&card, "00a4000c026f07", "9000");
    assert_apdu(&card, "00e40000026f07", "9000");
    assert_ok(card_description_read(&card.uicc, &parts, &read));
    assert_int_equal(read.file_count, FILES - 1);
    assert_int_equal(read.free_slots, 6);
    assert_in_range(read.free_size, 109, 109 + NVM_PAGE_SIZE - 1);
    assert_int_equal(parts.files[EF].file.fid, 0x6f08);
    assert_int_equal(parts.files[EF].file.parent, USIM);
    assert_int_equal(parts.files[EF].file.arr_file, ARR);
    test_card_end(&card);
}

/* A length beyond the file must not be followed. */
static void refuses_objects_beyond_their_file(void **state)
{
    (void)state;
    static struct whole whole;
    static struct card_parts parts;
    struct card_description read;
    struct test_card card;
    make_whole(&whole);
    begin(&card, &whole.description);
    const uint8_t length[] = {0x00, 0x31}; /* 50 octets have room for 48 */
    nvm_begin(&card.uicc.nvm);
    nvm_change(&card.uicc.nvm, card_layout_file(&card.uicc.layout, OBJECTS).body, length, sizeof length);
    assert_ok(nvm_commit(&card.uicc.nvm));
    assert_status(card_description_read(&card.uicc, &parts, &read), GBAU_E_CORRUPT);
    test_card_end(&card);
}

static void refuses_what_cannot_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        static struct whole whole;
        struct test_card card;
        make_whole(&whole);
        whole.files[MF].file.kind = i == 0 ? FILE_KIND_TRANSPARENT : FILE_KIND_DF;
        whole.files[EF].file.parent = i == 1 ? CYCLE : USIM;
        whole.files[EF].file.size = i == 2 ? 2 : 9; /* its content has three octets */
        whole.files[EF].file.arr_record = i == 3 ? 3 : 1;
        whole.applications[1].shares = i == 4 ? 1 : 0;
        whole.applications[0].entry.naf_key_count = i == 5 ? CARD_MAX_NAF_KEYS + 1 : 3;
        whole.applications[2].entry.pin = i == 6 ? 2 : 1;
        whole.description.free_slots = i == 7 ? CARD_MAX_FILES : 5;
        assert_status(try_card(&card, &whole.description), GBAU_E_ARGUMENT);
        test_card_end(&card);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_was_made),    cmocka_unit_test(reads_applications),
        cmocka_unit_test(makes_what_was_read),    cmocka_unit_test(closes_gaps),
        cmocka_unit_test(follows_moved_rules),    cmocka_unit_test(refuses_objects_beyond_their_file),
        cmocka_unit_test(refuses_what_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
