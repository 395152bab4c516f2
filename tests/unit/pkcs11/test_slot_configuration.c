/* test_slot_configuration.c: slots of the environment and of YAML. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pkcs11/slot_configuration.h"

static void test_cards_of_the_environment(void **state)
{
    struct slot_configurations slots;
    (void)state;
    assert_ok(slot_configurations_of_cards("/var/lib/a.card;pcsc:0\n;\nat:/dev/ttyUSB2\n", NULL, &slots));
    assert_int_equal(slots.count, 3);
    assert_string_equal(slots.slots[0].card, "/var/lib/a.card");
    assert_string_equal(slots.slots[0].label, "a.card");
    assert_string_equal(slots.slots[1].card, "pcsc:0");
    assert_string_equal(slots.slots[1].label, "pcsc:0");
    assert_string_equal(slots.slots[2].label, "ttyUSB2");
    assert_string_equal(slots.slots[2].bsf, "");
    assert_int_equal(slots.slots[0].idle_ms, 50);
    assert_int_equal(slots.slots[0].turn_ms, 250);
    assert_int_equal(slots.slots[1].idle_ms, 2000);
    assert_int_equal(slots.slots[2].wait_ms, 10000);
    slot_configurations_clear(&slots);
    assert_int_equal(slots.count, 0);
    assert_ok(slot_configurations_of_cards("", NULL, &slots));
    assert_int_equal(slots.count, 0);
}

static void test_too_many_and_too_long(void **state)
{
    char cards[3 * SLOT_MAX + 3] = "";
    char longest[SLOT_TEXT_SIZE + 1];
    struct slot_configurations slots;
    (void)state;
    for (size_t i = 0; i <= SLOT_MAX; i++) {
        strcat(cards, "c;");
    }
    assert_status(slot_configurations_of_cards(cards, NULL, &slots), GBAU_E_LIMIT);
    assert_null(slots.slots);
    memset(longest, 'c', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_status(slot_configurations_of_cards(longest, NULL, &slots), GBAU_E_CONFIGURATION);
    assert_ok(slot_configurations_of_cards(longest + 1, NULL, &slots));
    assert_int_equal(strlen(slots.slots[0].label), SLOT_LABEL_SIZE - 1);
    slot_configurations_clear(&slots);
}

static const char whole[] = "slots:\n"
                            "  - card: /a.card\n"
                            "    label: meter\n"
                            "    bsf: http://bsf.example:8080/\n"
                            "    keep_login: true\n"
                            "    idle_ms: 7\n"
                            "    turn_ms: 8\n"
                            "    wait_ms: 9\n"
                            "    nafs:\n"
                            "      - {fqdn: naf.example.com, ua: '0100000002'}\n"
                            "      - {fqdn: other.example.com, ua: 'ff67620001'}\n"
                            "    keys:\n"
                            "      - naf: naf.example.com\n"
                            "        ua: '0100000002'\n"
                            "        label: readings\n"
                            "        usage: mac\n"
                            "        direction: card-to-naf\n"
                            "        algorithm: HMAC-SHA-256\n"
                            "        context: 00ff\n"
                            "      - {naf: naf.example.com, ua: '0100000002', label: root, usage: derive}\n"
                            "  - card: pcsc\n";

static void test_everything_of_yaml(void **state)
{
    struct slot_configurations slots;
    (void)state;
    assert_ok(slot_configurations_of_yaml(octets_of_text(whole), NULL, &slots));
    assert_int_equal(slots.count, 2);
    const struct slot_configuration *slot = &slots.slots[0];
    assert_string_equal(slot->label, "meter");
    assert_string_equal(slot->bsf, "http://bsf.example:8080/");
    assert_true(slot->keeps_login);
    assert_int_equal(slot->idle_ms, 7);
    assert_int_equal(slot->turn_ms, 8);
    assert_int_equal(slot->wait_ms, 9);
    assert_int_equal(slot->naf_count, 2);
    assert_string_equal(slot->nafs[1].fqdn, "other.example.com");
    assert_octets(octets_of(slot->nafs[1].ua, KEY_UA_SIZE), "ff67620001");
    assert_int_equal(slot->key_count, 2);
    assert_string_equal(slot->keys[0].label, "readings");
    assert_int_equal(slot->keys[0].usage, GBAU_USAGE_MAC);
    assert_int_equal(slot->keys[0].direction, GBAU_CARD_TO_NAF);
    assert_int_equal(slot->keys[0].algorithm, GBAU_HMAC_SHA256);
    assert_octets(octets_of(slot->keys[0].context, slot->keys[0].context_length), "00ff");
    assert_int_equal(slot->keys[1].usage, GBAU_USAGE_DERIVE);
    assert_int_equal(slot->keys[1].algorithm, GBAU_KDF);
    assert_string_equal(slots.slots[1].label, "pcsc");
    slot_configurations_clear(&slots);
}

/* The whole file with one text in place of another, which must be there. */
static enum gbau_status read_changed(const char *old, const char *new)
{
    char text[sizeof whole + 200];
    struct slot_configurations slots;
    const char *place = strstr(whole, old);
    assert_non_null(place);
    (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(place - whole), whole, new, place + strlen(old));
    enum gbau_status status = slot_configurations_of_yaml(octets_of_text(text), NULL, &slots);
    if (status == GBAU_OK) {
        slot_configurations_clear(&slots);
    }
    assert_null(slots.slots);
    return status;
}

static void test_mistakes(void **state)
{
    static const char *const mistakes[][2] = {
        {"card: pcsc", "cart: pcsc"},
        {"card: pcsc", "card: ''"},
        {"label: meter", "label: a label that is much too long for a token"},
        {"keep_login: true", "keep_login: often"},
        {"idle_ms: 7", "idle_ms: -1"},
        {"idle_ms: 7", "idle_ms: soon"},
        {"fqdn: naf.example.com, ua: '0100000002'", "fqdn: naf.example.com"},
        {"fqdn: naf.example.com, ua: '0100000002'", "ua: '0100000002'"},
        {"ua: 'ff67620001'", "ua: 'ff676200'"},
        {"ua: 'ff67620001'", "ua: 'xx67620001'"},
        {"usage: mac", "usage: sign"},
        {"direction: card-to-naf", "direction: both"},
        {"direction: card-to-naf", "direction: none"},
        {"algorithm: HMAC-SHA-256", "algorithm: HMAC-MD5"},
        {"context: 00ff", "context: 0"},
        {"label: readings", "label: ''"},
        {"usage: derive", "usage: derive, direction: card-to-naf"},
        {"bsf: http", "bfs: http"},
    };
    (void)state;
    assert_ok(read_changed("label: meter", "label: other"));
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        assert_status(read_changed(mistakes[i][0], mistakes[i][1]), GBAU_E_CONFIGURATION);
    }
}

static void test_where_slots_come_from(void **state)
{
    char path[] = "/tmp/gbau-pkcs11-XXXXXX";
    struct slot_configurations slots;
    const int file = mkstemp(path);
    (void)state;
    assert_true(file >= 0);
    assert_int_equal(write(file, whole, sizeof whole - 1), sizeof whole - 1);
    assert_int_equal(close(file), 0);
    assert_int_equal(unsetenv(SLOT_CARDS_VARIABLE), 0);
    assert_int_equal(setenv(SLOT_FILE_VARIABLE, path, 1), 0);
    assert_ok(slot_configurations_read(NULL, &slots));
    assert_int_equal(slots.count, 2);
    slot_configurations_clear(&slots);
    assert_int_equal(setenv(SLOT_CARDS_VARIABLE, "one.card", 1), 0); /* goes before the file */
    assert_ok(slot_configurations_read(NULL, &slots));
    assert_int_equal(slots.count, 1);
    slot_configurations_clear(&slots);
    assert_int_equal(unsetenv(SLOT_CARDS_VARIABLE), 0);
    assert_int_equal(unlink(path), 0);
    assert_status(slot_configurations_read(NULL, &slots), GBAU_E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cards_of_the_environment), cmocka_unit_test(test_too_many_and_too_long),
        cmocka_unit_test(test_everything_of_yaml),       cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_where_slots_come_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
