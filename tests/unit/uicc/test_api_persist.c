/*
 * test_api_persist.c: persisted keys: they outlive bootstrappings, NAF keys and power, belong to one caller, end by count and
 * by deletion, are listed, and are there wholly or not at all after a power cut.
 */
#include "api_testing.h"
#include "power_cut.h"

enum { OK = 0x9000 };

static void keep_mac_key(struct test_card *card, const char *label, uint32_t operations)
{
    const uint8_t handle = open_for(card, 2, 1, 0x21, label);
    assert_int_equal(persist(card, handle, operations).sw, OK);
    assert_int_equal(close_handle(card, handle), OK);
}

static unsigned sw_of_persisted(struct test_card *card, const char *label)
{
    const struct api_response response = open_persisted(card, label);
    if (response.sw == OK) {
        assert_int_equal(close_handle(card, handle_in(&response)), OK);
    }
    return response.sw;
}

static void restart(struct test_card *card)
{
    test_card_restart(card);
    enter_usim(card);
    assert_sw(card, SELECT_API, "9000");
}

static unsigned delete_key(struct test_card *card, const char *label)
{
    struct api_command command;
    command_begin(&command, 0, API_INS_KEEP_KEY, 0, API_DELETE);
    command_put(&command, API_TAG_NAF_ID, test_naf_id());
    command_put(&command, API_TAG_LABEL, octets_of_text(label));
    return command_run(card, &command).sw;
}

/* The entry of the list with this index; its label and operations left. */
static unsigned list_persisted(struct test_card *card, uint8_t index, char label[65], uint32_t *operations)
{
    struct api_command command;
    command_begin(&command, 0, API_INS_LIST, index, API_LIST_PERSISTED_KEYS);
    const struct api_response response = command_run(card, &command);
    if (response.sw == OK) {
        assert_ok(octets_to_text(object_in(&response, API_TAG_LABEL), label, 65));
        struct octet_reader reader = octet_reader_of(object_in(&response, API_TAG_OPERATIONS));
        *operations = octet_reader_u32(&reader);
        assert_true(octets_equal(object_in(&response, API_TAG_NAF_ID), test_naf_id()));
    }
    return response.sw;
}

/* What the response of OPEN KEY and of LIST say. */
static void test_what_is_kept(void **state)
{
    (void)state;
    struct test_card card;
    const struct challenge challenge = begin_api(&card);
    assert_sw(&card, "00a4040c10" USIM_AID, "9000");
    assert_sw(&card, TEST_SELECT_GBABP, "9000");
    assert_sw(&card, "00d6001105" "03622d74" "00", "9000"); /* B-TID b-t */
    assert_sw(&card, TEST_DERIVE, "9000");
    assert_sw(&card, SELECT_API, "9000");
    const struct ks_int_naf root = int_key_by(&card, &challenge, TEST_NAF);
    const struct application_key key = key_for(&card, &root, 2, 1, 0x23, "door");
    const uint8_t handle = open_for(&card, 2, 1, 0x23, "door");
    assert_int_equal(persist(&card, handle, 40).sw, OK);
    assert_apdu(&card, "80420001", "8014" TEST_NAF "8103622d748404646f6f728901028201018301238d04000000289000");
    assert_apdu(&card, "80420101", "6a83");
    assert_apdu(&card, "80420000", "8014" TEST_NAF "8103622d748c04000000008d04ffffffff9000");
    const char *opened = apdu_with(&card, "80500001", "8014" TEST_NAF "8404646f6f72");
    assert_string_equal(opened, "9001018103622d748901028201018301239000");
    uint8_t mac[MAC_MAX_SIZE];
    const struct octets m = octets_of_text("m");
    assert_int_equal(mac_of_m(&card, 1, mac), OK);
    assert_ok(application_key_verify(&card.crypto, &key, &m, 1, octets_of(mac, 16)));
    assert_apdu(&card, "80420001", "8014" TEST_NAF "8103622d748404646f6f728901028201018301238d04000000279000");
    test_card_end(&card);
}

static void test_outlives_everything(void **state)
{
    (void)state;
    struct test_card card;
    uint8_t mac[MAC_MAX_SIZE];
    const struct octets m = octets_of_text("m");
    const struct challenge challenge = begin_api(&card);
    const struct ks_int_naf root = int_key_by(&card, &challenge, TEST_NAF);
    const struct application_key key = key_for(&card, &root, 2, 1, 0x21, "door");
    keep_mac_key(&card, "door", UINT32_MAX);
    open_usim_channel(&card);
    overwrite_naf_keys(&card);
    restart(&card);
    assert_sw(&card, "00a4040c10" USIM_AID, "9000");
    (void)bootstrap(&card, 0x82, 2);
    assert_sw(&card, SELECT_API, "9000");
    const struct api_response opened = open_persisted(&card, "door");
    assert_int_equal(mac_of_m(&card, handle_in(&opened), mac), OK);
    assert_ok(application_key_verify(&card.crypto, &key, &m, 1, octets_of(mac, 32)));
    assert_apdu(&card, OPEN_KEY("01", "02"), "6a88"); /* but the NAF key is gone */
    test_card_end(&card);
}

/* Nobody without PIN and line; a line that goes takes the key with it, one that comes back brings it. */
static void test_access(void **state)
{
    (void)state;
    struct test_card card;
    (void)begin_api(&card);
    keep_mac_key(&card, "door", UINT32_MAX);
    test_card_restart(&card);
    assert_sw(&card, SELECT_API, "9000");
    assert_int_equal(open_persisted(&card, "door").sw, 0x6982);
    assert_int_equal(delete_key(&card, "door"), 0x6982);
    assert_apdu(&card, "80420001", "6982");
    assert_apdu(&card, "80420000", "6982");
    enter_usim(&card);
    assert_sw(&card, "0020000a08" TEST_ADM, "9000");
    static const char *const lines[] = {"8000", "801f09" API_AID "14" TEST_NAF};
    for (unsigned i = 0; i < 2; i++) {
        char update[300];
        memset(update, 'f', sizeof update);
        update[10 + 240] = '\0';
        memcpy(update, "00dc010478", 10);
        memcpy(update + 10, lines[i], strlen(lines[i]));
        assert_sw(&card, "00a4040c10" USIM_AID, "9000");
        assert_sw(&card, "00a4080c047fff6f0a", "9000");
        assert_sw(&card, update, "9000");
        assert_sw(&card, SELECT_API, "9000");
        assert_int_equal(open_persisted(&card, "door").sw, i == 0 ? 0x6982 : OK);
        assert_int_equal(list_persisted(&card, 0, (char[65]){0}, &(uint32_t){0}), i == 0 ? 0x6a83 : OK);
    }
    test_card_end(&card);
}

static void test_room(void **state)
{
    (void)state;
    struct test_card card;
    char label[65];
    uint32_t operations = 0;
    (void)begin_api(&card);
    for (unsigned i = 0; i < CARD_MAX_PERSISTED_KEYS; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "k%u", i);
        keep_mac_key(&card, name, i == 3 ? 5 : UINT32_MAX);
    }
    const uint8_t ninth = open_for(&card, 2, 1, 0x21, "k8");
    assert_int_equal(persist(&card, ninth, UINT32_MAX).sw, 0x6a84);
    assert_int_equal(list_persisted(&card, 7, label, &operations), OK);
    assert_string_equal(label, "k7");
    assert_int_equal(list_persisted(&card, 8, label, &operations), 0x6a83);
    assert_int_equal(delete_key(&card, "k3"), OK);
    assert_int_equal(delete_key(&card, "k3"), 0x6a88);
    assert_int_equal(sw_of_persisted(&card, "k3"), 0x6a88);
    assert_int_equal(persist(&card, ninth, 77).sw, OK);
    assert_int_equal(list_persisted(&card, 3, label, &operations), OK);
    assert_string_equal(label, "k8");
    assert_int_equal(operations, 77);
    keep_mac_key(&card, "k5", 6); /* the same name: replaced */
    assert_int_equal(list_persisted(&card, 5, label, &operations), OK);
    assert_int_equal(operations, 6);
    assert_int_equal(list_persisted(&card, 8, label, &operations), 0x6a83);
    test_card_end(&card);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header, *data, *sw;
    } cases[] = {
        {"805a0002", "", "6a86"},
        {"805a0101", "8014" TEST_NAF "840161", "6a86"},
        {"805a0001", "840161", "6a80"},
        {"805a0001", "8014" TEST_NAF, "6a80"},
        {"805a0001", "8014" TEST_NAF "840161" "8d0400000001", "6a80"},
        {"805a0001", "8014" TEST_NAF "840161", "6a88"},
        {"805a0001", "800a6f746865720100000002840161", "6982"},
        {"805a0000", "8d0400000000", "6a80"},
        {"805a0000", "8d03000001", "6a80"},
        {"805a0000", "840161", "6a80"},
        {"805a0700", "", "6a88"},
        {"80420002", "", "6a86"},
        {"80420000", "840161", "6a80"},
        {"80500001", "8014" TEST_NAF "840161" "820101", "6a80"},
        {"80500001", "8014" TEST_NAF "840161", "6a88"},
        {"80500001", "800a6f746865720100000002840161", "6982"},
    };
    struct test_card card;
    const struct challenge challenge = begin_api(&card);
    (void)open_for(&card, 2, 1, 0x21, "a");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *response = cases[i].data[0] == '\0' ? apdu(&card, cases[i].header)
                                                        : apdu_with(&card, cases[i].header, cases[i].data);
        if (strcmp(response, cases[i].sw) != 0) {
            fail_msg("%s %s gives %s", cases[i].header, cases[i].data, response);
        }
    }
    const struct ks_int_naf root = int_key_by(&card, &challenge, TEST_NAF);
    struct key_policy policy = policy_of(1);
    policy.usages = 0x3f;
    policy.allows_export = true;
    assert_int_equal(apply_policy(&card, &root, &policy), OK);
    assert_int_equal(persist(&card, open_for(&card, 6, 0, 0x41, "x"), UINT32_MAX).sw, 0x6985); /* export is no usage to keep */
    test_card_end(&card);
}

/* Card to card works under persisted keys only, and under their children. */
static void test_data_at_rest(void **state)
{
    (void)state;
    struct test_card card;
    uint8_t first[64];
    (void)begin_api(&card);
    const uint8_t handle = open_for(&card, 1, 3, 0x02, "rest");
    assert_string_equal(apduf(&card, "8052%02xc103870161", handle), "6985");
    assert_int_equal(persist(&card, handle, UINT32_MAX).sw, OK);
    const struct octets sealed = seal_hello(&card, handle, first);
    assert_int_equal(close_handle(&card, handle), OK);
    restart(&card);
    const struct api_response opened = open_persisted(&card, "rest");
    char decrypt[200];
    (void)snprintf(decrypt, sizeof decrypt, "8052%02xc22b" "880c%s86026164" "8705%s" "8e10%s00", handle_in(&opened),
                   hex_of(sealed.data, 12), hex_of(sealed.data + 12, 5), hex_of(sealed.data + 17, 16));
    assert_apdu(&card, decrypt, "870568656c6c6f9000");
    const uint8_t parent = open_for(&card, 4, 0, 0x41, "parent");
    assert_string_equal(apduf(&card, "8056%02x000c" "890101820103830102840163" "00", parent), "9001029000");
    assert_apdu(&card, "805202c103870161", "6985");
    assert_int_equal(persist(&card, parent, UINT32_MAX).sw, OK);
    assert_string_equal(apduf(&card, "8056%02x000c" "890101820103830102840163" "00", parent), "9001039000");
    assert_sw(&card, "805203c103870161", "9000");
    test_card_end(&card);
}

/* Counts */

static void test_count_is_exact(void **state)
{
    (void)state;
    struct test_card card;
    for (uint32_t limit = 1; limit <= 66; limit += limit < 3 ? 1 : 21) {
        (void)begin_api(&card);
        keep_mac_key(&card, "n", limit);
        const struct api_response one = open_persisted(&card, "n");
        const struct api_response two = open_persisted(&card, "n");
        for (uint32_t i = 0; i < limit; i++) {
            assert_int_equal(mac_of_m(&card, handle_in(i % 2 == 0 ? &one : &two), NULL), OK);
        }
        assert_int_equal(mac_of_m(&card, handle_in(&one), NULL), 0x6983);
        assert_int_equal(mac_of_m(&card, handle_in(&two), NULL), 0x6983);
        assert_int_equal(sw_of_persisted(&card, "n"), 0x6a88); /* it has ended */
        const uint8_t *record = card.uicc.nvm.data + card.uicc.layout.persisted_keys;
        for (size_t i = 0; i < 33; i++) {
            assert_int_equal(record[i], 0); /* and is wiped */
        }
        keep_mac_key(&card, "other", UINT32_MAX); /* its place goes to another, which is not theirs */
        assert_int_equal(mac_of_m(&card, handle_in(&one), NULL), 0x6983);
        test_card_end(&card);
    }
}

static void test_count_over_power_cuts(void **state)
{
    (void)state;
    struct test_card card;
    unsigned done = 0;
    (void)begin_api(&card);
    keep_mac_key(&card, "n", 70);
    for (;;) {
        const struct api_response opened = open_persisted(&card, "n");
        if (opened.sw == 0x6a88) {
            break;
        }
        assert_int_equal(mac_of_m(&card, handle_in(&opened), NULL), OK);
        done++;
        restart(&card);
    }
    assert_int_equal(done, 3); /* 32 + 32 + 6 */
    test_card_end(&card);
}

/* Neither copies nor children get round a count. */
static void test_no_way_round(void **state)
{
    (void)state;
    struct test_card card;
    (void)begin_api(&card);
    const uint8_t parent = open_for(&card, 4, 0, 0x41, "p");
    assert_int_equal(persist(&card, parent, 2).sw, OK);
    assert_int_equal(persist(&card, parent, UINT32_MAX).sw, 0x6985);
    assert_string_equal(apduf(&card, "8056%02x000c" "890102820101830121840163" "00", parent), "9001019000");
    assert_int_equal(persist(&card, 1, UINT32_MAX).sw, 0x6985);
    assert_int_equal(mac_of_m(&card, 1, NULL), OK);
    assert_int_equal(mac_of_m(&card, 1, NULL), OK);
    assert_int_equal(mac_of_m(&card, 1, NULL), 0x6983);
    assert_int_equal(persist(&card, 1, UINT32_MAX).sw, 0x6985);
    test_card_end(&card);
}

/* The last operation of a key may be in blocks: it goes on to its end. */
static void test_last_operation_goes_on(void **state)
{
    (void)state;
    struct test_card card;
    (void)begin_api(&card);
    keep_mac_key(&card, "n", 1);
    const struct api_response opened = open_persisted(&card, "n");
    const uint8_t handle = handle_in(&opened);
    assert_string_equal(apduf(&card, "8052%02x8303870161", handle), "9000");
    assert_int_equal(sw_of_persisted(&card, "n"), 0x6a88);
    assert_string_equal(sw_of(apduf(&card, "8052%02x4303870161", handle)), "9000");
    assert_string_equal(apduf(&card, "8052%02x8303870161", handle), "6983");
    test_card_end(&card);
}

/* Deletion and replacement reach open handles. */
static void test_ended_under_handles(void **state)
{
    (void)state;
    struct test_card card;
    (void)begin_api(&card);
    keep_mac_key(&card, "n", UINT32_MAX);
    const struct api_response opened = open_persisted(&card, "n");
    const uint8_t fresh = open_for(&card, 2, 1, 0x23, "n");
    assert_int_equal(persist(&card, fresh, UINT32_MAX).sw, OK);
    assert_int_equal(mac_of_m(&card, handle_in(&opened), NULL), 0x6983);
    assert_int_equal(mac_of_m(&card, fresh, NULL), OK);
    assert_int_equal(delete_key(&card, "n"), OK);
    assert_int_equal(mac_of_m(&card, fresh, NULL), 0x6983);
    test_card_end(&card);
}

/* The policy of the NAF key holds for persisted keys too, as long as the card has it. */
static void test_policy_of_persisted(void **state)
{
    (void)state;
    struct test_card card;
    const struct challenge challenge = begin_api(&card);
    const struct ks_int_naf root = int_key_by(&card, &challenge, TEST_NAF);
    keep_mac_key(&card, "n", UINT32_MAX);
    struct key_policy policy = policy_of(1);
    policy.usages = 0x01;
    assert_int_equal(apply_policy(&card, &root, &policy), OK);
    assert_int_equal(open_persisted(&card, "n").sw, 0x6982);
    policy = policy_of(2);
    policy.operations = 1;
    assert_int_equal(apply_policy(&card, &root, &policy), OK);
    const struct api_response opened = open_persisted(&card, "n");
    assert_int_equal(mac_of_m(&card, handle_in(&opened), NULL), OK);
    assert_int_equal(mac_of_m(&card, handle_in(&opened), NULL), 0x6983);
    test_card_end(&card);
}

/* Power cuts at any write of PERSIST, of a paid operation, of a deletion and of a revocation: before or after. */

struct cut_bench {
    size_t states;
    unsigned seen[2]; /* states without and with the key */
};

static void check_state(void *context, uint8_t *image, unsigned stage)
{
    struct cut_bench *bench = context;
    struct test_card card = {0};
    char label[65];
    uint32_t operations = 0;
    assert_ok(crypto_openssl_open(&card.crypto));
    card.storage = (struct nvm_storage){
        .memory = image, .size = card_profile_memory_size(), .write = ram_write, .sync = ram_sync, .context = image};
    assert_ok(uicc_power_on(&card.uicc, &card.storage, &card.crypto));
    enter_usim(&card);
    assert_sw(&card, SELECT_API, "9000");
    const unsigned sw = list_persisted(&card, 0, label, &operations);
    assert_true(sw == OK || sw == 0x6a83);
    if (sw == OK) {
        assert_string_equal(label, "cut");
        assert_true(operations == 33 || operations == 1);
        assert_true(stage != 0 || operations == 33);
        const struct api_response opened = open_persisted(&card, "cut");
        assert_int_equal(mac_of_m(&card, handle_in(&opened), NULL), OK);
    } else {
        assert_true(stage != 1); /* a paid operation does not end the key */
    }
    bench->seen[sw == OK ? 1 : 0]++;
    bench->states++;
    uicc_power_off(&card.uicc);
    crypto_openssl_close(&card.crypto);
}

static void test_power_cuts(void **state)
{
    (void)state;
    for (unsigned by_revocation = 0; by_revocation < 2; by_revocation++) {
        struct test_card card;
        struct power_cut cut;
        struct cut_bench bench = {.states = 0};
        const struct challenge challenge = begin_api(&card);
        const struct ks_int_naf root = int_key_by(&card, &challenge, TEST_NAF);
        power_cut_begin(&cut, card.memory, card.storage.size);
        uicc_power_off(&card.uicc);
        assert_ok(uicc_power_on(&card.uicc, &cut.storage, &card.crypto));
        enter_usim(&card);
        assert_sw(&card, SELECT_API, "9000");
        const uint8_t handle = open_for(&card, 2, 1, 0x21, "cut");
        power_cut_settle(&cut);
        assert_int_equal(persist(&card, handle, 33).sw, OK);
        cut.stage = 1;
        assert_int_equal(mac_of_m(&card, handle, NULL), OK);
        cut.stage = 2;
        assert_int_equal(by_revocation ? apply_revocation(&card, &root, 1, KEY_REVOCATION_PERSISTED_KEYS, "cut")
                                       : delete_key(&card, "cut"),
                         OK);
        assert_true(power_cut_for_each(&cut, check_state, &bench) > 100);
        assert_true(bench.seen[0] > 10 && bench.seen[1] > 10);
        uicc_power_off(&card.uicc);
        power_cut_end(&cut);
        crypto_openssl_close(&card.crypto);
        free(card.memory);
    }
}

/* Without a durable count there is no operation, and without a durable record no persisted key. */
static void test_failing_memory(void **state)
{
    (void)state;
    struct test_card card;
    struct power_cut cut;
    (void)begin_api(&card);
    keep_mac_key(&card, "n", 40);
    power_cut_begin(&cut, card.memory, card.storage.size);
    uicc_power_off(&card.uicc);
    assert_ok(uicc_power_on(&card.uicc, &cut.storage, &card.crypto));
    enter_usim(&card);
    assert_sw(&card, SELECT_API, "9000");
    const struct api_response opened = open_persisted(&card, "n");
    const uint8_t other = open_for(&card, 2, 1, 0x21, "other");
    cut.events_allowed = cut.event_count;
    assert_int_equal(mac_of_m(&card, handle_in(&opened), NULL), 0x6581);
    assert_int_equal(persist(&card, other, UINT32_MAX).sw, 0x6581);
    assert_int_equal(mac_of_m(&card, other, NULL), OK);
    uicc_power_off(&card.uicc);
    power_cut_end(&cut);
    crypto_openssl_close(&card.crypto);
    free(card.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_kept),       cmocka_unit_test(test_outlives_everything),
        cmocka_unit_test(test_access),             cmocka_unit_test(test_room),
        cmocka_unit_test(test_refused),            cmocka_unit_test(test_data_at_rest),
        cmocka_unit_test(test_count_is_exact),     cmocka_unit_test(test_count_over_power_cuts),
        cmocka_unit_test(test_no_way_round),       cmocka_unit_test(test_last_operation_goes_on),
        cmocka_unit_test(test_ended_under_handles), cmocka_unit_test(test_policy_of_persisted),
        cmocka_unit_test(test_power_cuts),         cmocka_unit_test(test_failing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
