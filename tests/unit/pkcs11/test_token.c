/* test_token.c: login, the list of keys and how it follows the card, keys that are opened again. */
#include "pkcs11_testing.h"

#include "pkcs11/token.h"

struct bench {
    struct slot_configuration configuration;
    struct naf_name nafs[2];
    struct key_name keys[1];
    struct token token;
};

static int set_up(void **state)
{
    static struct bench bench;
    fake_reset();
    bench = (struct bench){.configuration = {.card = "fake", .idle_ms = 1000, .turn_ms = 1000, .wait_ms = 10}};
    bench.configuration.nafs = bench.nafs;
    bench.configuration.keys = bench.keys;
    bench.token.connection.configuration = &bench.configuration;
    *state = &bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    token_end(&bench->token);
    return fake.open_cards == 0 && fake.open_keys == 0 ? 0 : -1;
}

static CK_RV login(struct token *token, const char *pin)
{
    return token_login(token, (const uint8_t *)pin, strlen(pin));
}

static struct key_object *find_object(struct token *token, const char *label)
{
    struct key_object *object = object_table_by_label(&token->objects, octets_of_text(label));
    while (object != NULL && strcmp(object->label, label) != 0) {
        object = object->next_by_label;
    }
    return object;
}

static struct key_object *require_object(struct token *token, const char *label)
{
    struct key_object *object = find_object(token, label);
    assert_non_null(object);
    return object != NULL ? object : (abort(), object);
}

/* Another process had the card meanwhile. */
static void reconnect(struct token *token)
{
    token_release(token);
    assert_works(token_connect(token));
}

static struct key_object *add_derived(struct token *token, const char *label, CK_OBJECT_HANDLE parent)
{
    struct key_object *object = calloc(1, sizeof *object);
    assert_non_null(object);
    *object = (struct key_object){.origin = KEY_DERIVED,
                                  .parent = parent,
                                  .owner = 1,
                                  .operations = UINT32_MAX,
                                  .name = {.naf = {.fqdn = "naf.example.com", .ua = {1, 0, 0, 0, 2}},
                                           .usage = GBAU_USAGE_DERIVE,
                                           .algorithm = GBAU_KDF}};
    strcpy(object->b_tid, fake.b_tid);
    strcpy(object->name.label, label);
    strcpy(object->label, label);
    assert_works(token_add_key(token, object));
    return object;
}

/* Login */

static void test_login(void **state)
{
    struct bench *bench = *state;
    struct token *token = &bench->token;
    assert_rv(token_connect(token), CKR_USER_NOT_LOGGED_IN);
    assert_int_equal(token->pin_state, TOKEN_PIN_REQUIRED);
    assert_rv(login(token, "123"), CKR_PIN_LEN_RANGE);
    assert_rv(login(token, "123456789"), CKR_PIN_LEN_RANGE);
    assert_rv(login(token, "12a4"), CKR_PIN_INVALID);
    assert_rv(login(token, "9999"), CKR_PIN_INCORRECT);
    assert_false(token->is_logged_in);
    assert_string_equal(token->pin, "");
    assert_works(login(token, FAKE_PIN));
    assert_rv(login(token, FAKE_PIN), CKR_USER_ALREADY_LOGGED_IN);
    token_logout(token);
    assert_string_equal(token->pin, "");
    assert_int_equal(fake.open_cards, 0);
    assert_int_equal(token->objects.object_count, 0);
    assert_rv(token_connect(token), CKR_USER_NOT_LOGGED_IN);
}

static void test_card_without_pin(void **state)
{
    struct bench *bench = *state;
    fake.asks_for_pin = false;
    assert_works(token_connect(&bench->token));
    assert_int_equal(bench->token.pin_state, TOKEN_PIN_NOT_REQUIRED);
    assert_non_null(find_object(&bench->token, "naf.example.com"));
}

static void test_changed_pin_is_tried_once(void **state)
{
    struct bench *bench = *state;
    assert_works(login(&bench->token, FAKE_PIN));
    token_release(&bench->token);
    fake.open_status = GBAU_E_PIN_WRONG;
    assert_rv(token_connect(&bench->token), CKR_PIN_INCORRECT);
    assert_false(bench->token.is_logged_in);
    fake.open_status = GBAU_E_CRYPTO; /* would show if it were tried again */
    assert_rv(token_connect(&bench->token), CKR_USER_NOT_LOGGED_IN);
}

static void test_presence(void **state)
{
    struct bench *bench = *state;
    assert_true(token_is_present(&bench->token));
    strcpy(bench->configuration.card, "absent");
    assert_false(token_is_present(&bench->token));
    strcpy(bench->configuration.card, "/nowhere/at.all");
    fake.open_status = GBAU_E_CRYPTO; /* nothing is opened for a file */
    assert_false(token_is_present(&bench->token));
    strcpy(bench->configuration.card, "/dev/null");
    assert_true(token_is_present(&bench->token));
}

/* Lists */

static void test_lists_keys(void **state)
{
    struct bench *bench = *state;
    (void)fake_add_key("other.example.com", 2, NULL);
    (void)fake_add_key("other.example.com", 3, NULL);
    fake_add_key("naf.example.com", 2, "kept")->operations = 5;
    assert_works(login(&bench->token, FAKE_PIN));
    assert_int_equal(bench->token.objects.object_count, 4);
    assert_non_null(find_object(&bench->token, "naf.example.com"));
    assert_non_null(find_object(&bench->token, "other.example.com/0100000002"));
    assert_non_null(find_object(&bench->token, "other.example.com/0100000003"));
    const struct key_object *kept = require_object(&bench->token, "kept");
    assert_int_equal(kept->origin, KEY_PERSISTED);
    assert_int_equal(kept->operations, 5);
    assert_octets(octets_of(kept->id, kept->id_length), "0101");
    assert_octets(octets_of(require_object(&bench->token, "other.example.com/0100000003")->id, 2), "0003");
}

static void test_handles_stay_while_keys_do(void **state)
{
    struct bench *bench = *state;
    (void)fake_add_key("gone.example.com", 2, NULL);
    assert_works(login(&bench->token, FAKE_PIN));
    const CK_OBJECT_HANDLE stays = require_object(&bench->token, "naf.example.com")->handle;
    const CK_OBJECT_HANDLE goes = require_object(&bench->token, "gone.example.com")->handle;
    fake.key_count = 1;
    (void)fake_add_key("new.example.com", 2, NULL);
    reconnect(&bench->token);
    assert_int_equal(require_object(&bench->token, "naf.example.com")->handle, stays);
    assert_null(object_table_get(&bench->token.objects, goes));
    assert_non_null(find_object(&bench->token, "new.example.com"));
}

static void test_another_bootstrapping_is_another_key(void **state)
{
    struct bench *bench = *state;
    assert_works(login(&bench->token, FAKE_PIN));
    const CK_OBJECT_HANDLE before = require_object(&bench->token, "naf.example.com")->handle;
    const CK_OBJECT_HANDLE parent = add_derived(&bench->token, "parent", 0)->handle;
    const CK_OBJECT_HANDLE child = add_derived(&bench->token, "child", parent)->handle;
    reconnect(&bench->token);
    assert_non_null(object_table_get(&bench->token.objects, child));
    strcpy(fake.keys[0].b_tid, "second@bsf");
    reconnect(&bench->token);
    assert_null(object_table_get(&bench->token.objects, before));
    assert_null(object_table_get(&bench->token.objects, parent));
    assert_null(object_table_get(&bench->token.objects, child));
    assert_int_equal(bench->token.objects.object_count, 1);
}

static void test_key_that_changes_while_the_card_is_open(void **state)
{
    struct bench *bench = *state;
    struct gbau_key *key;
    assert_works(login(&bench->token, FAKE_PIN));
    struct key_object *object = add_derived(&bench->token, "a", 0);
    card_connection_close_key(&bench->token.connection, &object->open);
    strcpy(fake.keys[0].b_tid, "second@bsf");
    assert_rv(token_open_key(&bench->token, object, &key), CKR_KEY_HANDLE_INVALID);
    assert_int_equal(fake.open_keys, 0);
}

/* Provisioning */

static void want_nafs(struct bench *bench)
{
    bench->nafs[0] = (struct naf_name){.fqdn = "naf.example.com", .ua = {1, 0, 0, 0, 2}};
    bench->nafs[1] = (struct naf_name){.fqdn = "wanted.example.com", .ua = {1, 0, 0, 0, 2}};
    bench->configuration.naf_count = 2;
}

static void test_derives_what_is_wanted_once(void **state)
{
    struct bench *bench = *state;
    want_nafs(bench);
    assert_works(login(&bench->token, FAKE_PIN));
    assert_int_equal(fake.derivations, 1); /* naf.example.com is there */
    assert_int_equal(fake.bootstraps, 0);
    assert_non_null(find_object(&bench->token, "wanted.example.com"));
    reconnect(&bench->token);
    assert_int_equal(fake.derivations, 1);
}

static void test_bootstraps_when_there_is_a_bsf(void **state)
{
    struct bench *bench = *state;
    want_nafs(bench);
    strcpy(bench->configuration.bsf, "http://bsf");
    fake.b_tid[0] = '\0';
    assert_works(login(&bench->token, FAKE_PIN));
    assert_int_equal(fake.bootstraps, 1);
    assert_int_equal(fake.derivations, 2); /* the one that is there is of an older bootstrapping */
    assert_string_equal(require_object(&bench->token, "naf.example.com")->b_tid, "fresh@bsf");
}

static void test_login_works_without_the_service(void **state)
{
    struct bench *bench = *state;
    want_nafs(bench);
    fake.derive_status = GBAU_E_NOT_FOUND;
    assert_works(login(&bench->token, FAKE_PIN));
    assert_null(find_object(&bench->token, "wanted.example.com"));
    assert_non_null(find_object(&bench->token, "naf.example.com"));
}

static void test_configured_keys(void **state)
{
    struct bench *bench = *state;
    struct gbau_key *key;
    bench->keys[0] = (struct key_name){.naf = {.fqdn = "naf.example.com", .ua = {1, 0, 0, 0, 2}},
                                       .usage = GBAU_USAGE_MAC,
                                       .direction = GBAU_CARD_TO_NAF,
                                       .algorithm = GBAU_HMAC_SHA256,
                                       .label = "readings"};
    bench->configuration.key_count = 1;
    assert_works(login(&bench->token, FAKE_PIN));
    struct key_object *object = require_object(&bench->token, "readings");
    assert_int_equal(object->origin, KEY_CONFIGURED);
    assert_works(token_open_key(&bench->token, object, &key));
    assert_rv(token_destroy(&bench->token, object), CKR_ACTION_PROHIBITED);
    fake.key_count = 0; /* without its NAF key it is gone */
    reconnect(&bench->token);
    assert_null(find_object(&bench->token, "readings"));
}

/* Keys */

static void test_more_keys_than_handles(void **state)
{
    struct bench *bench = *state;
    struct gbau_key *key;
    struct key_object *objects[6];
    char label[2] = "a";
    assert_works(login(&bench->token, FAKE_PIN));
    for (size_t i = 0; i < 6; i++, label[0]++) {
        objects[i] = add_derived(&bench->token, label, 0);
    }
    assert_int_equal(fake.open_keys, fake.handles);
    const unsigned opens = fake.key_opens;
    assert_works(token_open_key(&bench->token, objects[5], &key));
    assert_int_equal(fake.key_opens, opens);
    assert_works(token_open_key(&bench->token, objects[0], &key));
    assert_int_equal(fake.key_opens, opens + 1);
    assert_int_equal(fake.open_keys, fake.handles);
    assert_works(token_open_hash(&bench->token, GBAU_SHA256, &key));
    assert_works(token_open_hash(&bench->token, GBAU_SM3, &key));
    assert_works(token_open_hash(&bench->token, GBAU_SHA256, &key));
    assert_int_equal(fake.key_opens, opens + 3);
}

static void test_children_open_their_parents(void **state)
{
    struct bench *bench = *state;
    struct gbau_key *key;
    fake.handles = 2;
    assert_works(login(&bench->token, FAKE_PIN));
    const CK_OBJECT_HANDLE parent = add_derived(&bench->token, "parent", 0)->handle;
    struct key_object *child = add_derived(&bench->token, "child", parent);
    struct key_object *grandchild = add_derived(&bench->token, "grandchild", child->handle);
    reconnect(&bench->token);
    assert_int_equal(fake.open_keys, 0);
    assert_works(token_open_key(&bench->token, grandchild, &key));
    assert_int_equal(fake.open_keys, 2);
    reconnect(&bench->token);
    fake.handles = 1; /* a child needs two at a time */
    assert_rv(token_open_key(&bench->token, child, &key), CKR_TOKEN_RESOURCE_EXCEEDED);
}

static void test_persisting_and_deleting(void **state)
{
    struct bench *bench = *state;
    struct gbau_key *key;
    assert_works(login(&bench->token, FAKE_PIN));
    struct key_object *object = add_derived(&bench->token, "kept", 0);
    const CK_OBJECT_HANDLE handle = object->handle;
    object->operations = 9;
    assert_works(token_persist(&bench->token, object));
    assert_int_equal(fake.persisted_operations, 9);
    assert_ptr_equal(object_table_get(&bench->token.objects, handle), object);
    assert_int_equal(object->origin, KEY_PERSISTED);
    assert_int_equal(object->id_length, 2); /* CKA_ID: persisted, its number */
    assert_int_equal(object->id[0], KEY_PERSISTED);
    assert_works(token_open_key(&bench->token, object, &key));
    token_forget_session(&bench->token, 1); /* it is not the session's any more */
    assert_ptr_equal(find_object(&bench->token, "kept"), object);
    struct key_object *again = add_derived(&bench->token, "kept", 0);
    assert_works(token_persist(&bench->token, again));
    assert_null(object_table_get(&bench->token.objects, handle)); /* replaced */
    assert_works(token_destroy(&bench->token, again));
    assert_int_equal(fake.key_count, 1);
    assert_null(find_object(&bench->token, "kept"));
}

static void test_persisting_that_fails_leaves_nothing(void **state)
{
    struct bench *bench = *state;
    assert_works(login(&bench->token, FAKE_PIN));
    struct key_object *object = add_derived(&bench->token, "kept", 0);
    fake.use_status = GBAU_E_LIMIT;
    assert_rv(token_persist(&bench->token, object), CKR_TOKEN_RESOURCE_EXCEEDED);
    assert_null(find_object(&bench->token, "kept"));
}

#define token_test(function) cmocka_unit_test_setup_teardown((function), set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        token_test(test_login),
        token_test(test_card_without_pin),
        token_test(test_changed_pin_is_tried_once),
        token_test(test_presence),
        token_test(test_lists_keys),
        token_test(test_handles_stay_while_keys_do),
        token_test(test_another_bootstrapping_is_another_key),
        token_test(test_key_that_changes_while_the_card_is_open),
        token_test(test_derives_what_is_wanted_once),
        token_test(test_bootstraps_when_there_is_a_bsf),
        token_test(test_login_works_without_the_service),
        token_test(test_configured_keys),
        token_test(test_more_keys_than_handles),
        token_test(test_children_open_their_parents),
        token_test(test_persisting_and_deleting),
        token_test(test_persisting_that_fails_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
