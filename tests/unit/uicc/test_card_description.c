/* test_card_description.c: cards made of descriptions: what is laid out where, and descriptions that cannot be. */
#include "file_testing.h"

/* A description of the usual card that a test may change before the card is made of it. */
struct described_card {
    struct test_card card;
    struct profile_workspace workspace;
    struct card_description description;
};

static struct described_card *describe(void)
{
    struct described_card *described = calloc(1, sizeof *described);
    const struct card_profile profile = test_profile();
    assert_non_null(described);
    assert_ok(crypto_openssl_open(&described->card.crypto));
    assert_ok(card_profile_describe(&profile, &described->workspace, &described->description));
    return described;
}

static enum gbau_status make(struct described_card *described)
{
    struct test_card *card = &described->card;
    const size_t size = card_description_memory_size(&described->description);
    free(card->memory);
    card->memory = calloc(1, size + 1);
    assert_non_null(card->memory);
    card->storage = (struct nvm_storage){
        .memory = card->memory, .size = size, .write = ram_write, .sync = ram_sync, .context = card->memory};
    return card_description_make(&described->description, &card->crypto, &described->workspace.card, &card->storage);
}

static void end(struct described_card *described)
{
    test_card_end(&described->card);
    free(described);
}

static void test_sizes(void **state)
{
    (void)state;
    struct described_card *described = describe();
    struct card_description *description = &described->description;
    const size_t used = card_description_used_size(description);
    assert_int_equal(used + description->free_size, PROFILE_DATA_SIZE);
    assert_int_equal(card_description_memory_size(description), nvm_size_for(PROFILE_DATA_SIZE));
    description->free_size++; /* whole pages */
    assert_int_equal(card_description_memory_size(description), nvm_size_for(PROFILE_DATA_SIZE + NVM_PAGE_SIZE));
    description->free_size = CARD_DATA_MAX - used;
    assert_int_equal(card_description_memory_size(description), nvm_size_for(CARD_DATA_MAX));
    description->free_size++;
    assert_int_equal(card_description_memory_size(description), 0);
    assert_status(make(described), GBAU_E_SPACE);
    description->free_size = CARD_DATA_MAX + 1;
    assert_int_equal(card_description_memory_size(description), 0);
    assert_status(make(described), GBAU_E_ARGUMENT);
    end(described);
}

/* No free slot and no free octet: a card that never changes its files. */
static void test_without_room(void **state)
{
    (void)state;
    struct described_card *described = describe();
    described->description.free_slots = 0;
    described->description.free_size = 0;
    assert_ok(make(described));
    assert_ok(uicc_power_on(&described->card.uicc, &described->card.storage, &described->card.crypto));
    assert_apdu(&described->card, "0020000a08" TEST_ADM, "9000");
    assert_string_equal(create_transparent(&described->card, 0x5001, 1), "6a84");
    assert_string_equal(create_directory(&described->card, 0x5001), "6a84");
    end(described);
}

/* Contents: the rest of a file is FF; of a file of objects, zeros, with their length in front. */
static void test_contents(void **state)
{
    (void)state;
    struct described_card *described = describe();
    struct described_file *files = described->workspace.parts.files;
    for (size_t i = 0; i < described->description.file_count; i++) {
        if (files[i].file.fid == 0x4f47) {
            files[i].content = octets_of("\x80\x02\x01\x02\x81\x00", 6);
        } else if (files[i].file.fid == 0x2f05) {
            files[i].content = octets_of("abc", 3);
        }
    }
    assert_ok(make(described));
    struct test_card *card = &described->card;
    assert_ok(uicc_power_on(&card->uicc, &card->storage, &card->crypto));
    static const struct exchange exchanges[] = {
        {"0020000108" TEST_PIN, "9000"},      {"00b0850000", "616263ffffffffffffff9000"},
        {"00a4080c067f105f3b4f47", "9000"},   {"80cb0080015c00", "5c0280819000"},
        {"80cb0080018000", "800201029000"},   {"80db0080038201ff", "9000"},
        {"80cb0080015c00", "5c038081829000"},
    };
    assert_exchanges(card, exchanges);
    end(described);
}

/* Applications that share a key share its SQN, and each has a GBA state of its own. */
static void test_shared_keys(void **state)
{
    (void)state;
    struct described_card *described = describe();
    assert_ok(make(described));
    struct test_card *card = &described->card;
    assert_ok(uicc_power_on(&card->uicc, &card->storage, &card->crypto));
    const struct card_application usim = card_layout_application(&card->uicc.layout, 0);
    const struct card_application isim = card_layout_application(&card->uicc.layout, 1);
    assert_int_equal(usim.keys, isim.keys);
    assert_int_equal(usim.sqn, isim.sqn);
    assert_int_not_equal(usim.gba, isim.gba);
    end(described);
}

static void test_keys_of_their_own(void **state)
{
    (void)state;
    struct described_card *described = describe();
    struct described_application *isim = &described->workspace.parts.applications[1];
    isim->functions = (struct aka_functions){.algorithm = AKA_ALGORITHM_XOR};
    isim->shares = CARD_NO_INDEX;
    isim->sqn[3] = 0x123;
    assert_ok(make(described));
    struct test_card *card = &described->card;
    assert_ok(uicc_power_on(&card->uicc, &card->storage, &card->crypto));
    const struct card_application made[] = {card_layout_application(&card->uicc.layout, 0),
                                            card_layout_application(&card->uicc.layout, 1)};
    assert_int_equal(made[0].algorithm, AKA_ALGORITHM_MILENAGE);
    assert_int_equal(made[1].algorithm, AKA_ALGORITHM_XOR);
    assert_int_not_equal(made[0].sqn, made[1].sqn);
    assert_octets(octets_of(card->uicc.nvm.data + made[1].sqn + 3 * SQN_ENTRY_SIZE, SQN_ENTRY_SIZE), "000000000123");
    end(described);
}

/* Nothing of the keys stays in the workspace. */
static void test_workspace_is_wiped(void **state)
{
    (void)state;
    struct described_card *described = describe();
    assert_ok(make(described));
    const uint8_t *octets = (const uint8_t *)&described->workspace.card;
    for (size_t i = 0; i < sizeof described->workspace.card; i++) {
        assert_int_equal(octets[i], 0);
    }
    end(described);
}

/* Each changes one thing so that the description contradicts itself. */

static void no_files(struct card_description *description, struct profile_workspace *workspace)
{
    (void)workspace;
    description->file_count = 0;
}

static void too_many_slots(struct card_description *description, struct profile_workspace *workspace)
{
    (void)workspace;
    description->free_slots = CARD_MAX_FILES - description->file_count + 1;
}

static void too_many_pins(struct card_description *description, struct profile_workspace *workspace)
{
    (void)workspace;
    description->pin_count = CARD_MAX_PINS + 1;
}

static void too_many_applications(struct card_description *description, struct profile_workspace *workspace)
{
    (void)workspace;
    description->application_count = CARD_MAX_APPLICATIONS + 1;
}

static void content_too_long(struct card_description *description, struct profile_workspace *workspace)
{
    static const uint8_t content[11];
    (void)description;
    workspace->parts.files[3].content = octets_of(content, sizeof content); /* EF_PL has ten octets */
}

static void objects_too_long(struct card_description *description, struct profile_workspace *workspace)
{
    static const uint8_t content[399];
    (void)description;
    workspace->parts.files[9].content = octets_of(content, sizeof content); /* EF_MML: 400, two the card's own */
}

static void child_before_directory(struct card_description *description, struct profile_workspace *workspace)
{
    (void)description;
    workspace->parts.files[3].file.parent = 6;
}

static void parent_is_no_directory(struct card_description *description, struct profile_workspace *workspace)
{
    (void)description;
    workspace->parts.files[3].file.parent = 1;
}

static void no_such_rule(struct card_description *description, struct profile_workspace *workspace)
{
    (void)description;
    workspace->parts.files[3].file.arr_record = 10;
}

static void rules_in_no_record_file(struct card_description *description, struct profile_workspace *workspace)
{
    (void)description;
    workspace->parts.files[4].file.arr_file = 3;
}

static void size_is_no_records(struct card_description *description, struct profile_workspace *workspace)
{
    (void)description;
    workspace->parts.files[2].file.size--;
}

static void sfi_31(struct card_description *description, struct profile_workspace *workspace)
{
    (void)description;
    workspace->parts.files[3].file.sfi = 31;
}

static void unknown_state(struct card_description *description, struct profile_workspace *workspace)
{
    (void)description;
    workspace->parts.files[3].file.state = (enum file_state)0x55;
}

static void no_such_pin(struct card_description *description, struct profile_workspace *workspace)
{
    (void)description;
    workspace->parts.applications[0].entry.pin = 3;
}

static void no_such_adf(struct card_description *description, struct profile_workspace *workspace)
{
    (void)description;
    workspace->parts.applications[0].entry.adf = 1;
}

static void short_aid(struct card_description *description, struct profile_workspace *workspace)
{
    (void)description;
    workspace->parts.applications[2].entry.aid_length = 4;
}

static void too_many_keys(struct card_description *description, struct profile_workspace *workspace)
{
    (void)description;
    workspace->parts.applications[0].entry.naf_key_count = CARD_MAX_NAF_KEYS + 1;
}

static void unknown_algorithm(struct card_description *description, struct profile_workspace *workspace)
{
    (void)description;
    workspace->parts.applications[0].functions.algorithm = (enum aka_algorithm)4;
}

static void shares_with_itself(struct card_description *description, struct profile_workspace *workspace)
{
    (void)description;
    workspace->parts.applications[1].shares = 1;
}

static void shares_with_a_later_one(struct card_description *description, struct profile_workspace *workspace)
{
    (void)description;
    workspace->parts.applications[0].shares = 1;
}

static void shares_with_an_applet(struct card_description *description, struct profile_workspace *workspace)
{
    (void)description;
    struct described_application isim = workspace->parts.applications[1];
    workspace->parts.applications[1] = workspace->parts.applications[2];
    workspace->parts.applications[2] = isim;
    workspace->parts.applications[2].shares = 1;
}

static void test_contradictions(void **state)
{
    (void)state;
    static void (*const changes[])(struct card_description *, struct profile_workspace *) = {
        no_files,
        too_many_slots,
        too_many_pins,
        too_many_applications,
        content_too_long,
        objects_too_long,
        child_before_directory,
        parent_is_no_directory,
        no_such_rule,
        rules_in_no_record_file,
        size_is_no_records,
        sfi_31,
        unknown_state,
        no_such_pin,
        no_such_adf,
        short_aid,
        too_many_keys,
        unknown_algorithm,
        shares_with_itself,
        shares_with_a_later_one,
        shares_with_an_applet,
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct described_card *described = describe();
        changes[i](&described->description, &described->workspace);
        const enum gbau_status status = make(described);
        if (status != GBAU_E_ARGUMENT) {
            fail_msg("contradiction %zu gives %d", i, status);
        }
        end(described);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_without_room),
        cmocka_unit_test(test_contents),
        cmocka_unit_test(test_shared_keys),
        cmocka_unit_test(test_keys_of_their_own),
        cmocka_unit_test(test_workspace_is_wiped),
        cmocka_unit_test(test_contradictions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
