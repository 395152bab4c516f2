/* test_subscriber_store.c: what is added is found again, SEQ only grows, and keys rest sealed. */
#include "subscriber_store_testing.h"

/* Opening ---------------------------------------------------------------------------------------------------------- */

static void makes_a_private_database(void **state)
{
    (void)state;
    struct stat facts;
    mode_t mask = umask(0);
    struct subscriber_store *store = open_store_with(&subscriber_1, 0);
    (void)umask(mask);
    static const char *const names[] = {"hss.db", "hss.db-wal", "hss.db-shm"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(stat(place_path(&place, names[i]), &facts), 0);
        assert_int_equal(facts.st_mode & 07777, 0600);
    }
    subscriber_store_close(store);
}

static void does_not_make_what_it_was_not_asked_for(void **state)
{
    (void)state;
    struct subscriber_store *store = NULL;
    assert_status(subscriber_store_open(database_path(), false, wrap, NULL, &store), GBAU_E_NOT_FOUND);
    assert_null(store);
    assert_int_not_equal(access(database_path(), F_OK), 0);
    assert_status(subscriber_store_open(place_path(&place, "missing/hss.db"), true, wrap, NULL, &store),
                  GBAU_E_STORAGE);
    assert_status(subscriber_store_open(place.directory, false, wrap, NULL, &store), GBAU_E_STORAGE);
    assert_null(store);
}

static void refuses_what_is_no_database(void **state)
{
    (void)state;
    struct subscriber_store *store = NULL;
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    write_file(database_path(), text, 0600);
    assert_status(subscriber_store_open(database_path(), false, wrap, NULL, &store), GBAU_E_CORRUPT);
    assert_status(subscriber_store_open(database_path(), true, wrap, NULL, &store), GBAU_E_CORRUPT);
    assert_null(store);
}

static void refuses_an_empty_database_unless_it_may_make_one(void **state)
{
    (void)state;
    struct subscriber_store *store = NULL;
    write_file(database_path(), "", 0600);
    assert_status(subscriber_store_open(database_path(), false, wrap, NULL, &store), GBAU_E_UNSUPPORTED);
    assert_null(store);
    subscriber_store_close(open_store());
}

static void refuses_another_schema(void **state)
{
    (void)state;
    struct subscriber_store *store = NULL;
    assert_int_equal(tamper("CREATE TABLE animal (name TEXT)"), SQLITE_OK);
    assert_status(subscriber_store_open(database_path(), true, wrap, NULL, &store), GBAU_E_UNSUPPORTED);
    assert_int_equal(tamper("INSERT INTO subscriber DEFAULT VALUES"), SQLITE_ERROR); /* nothing was made in it */
    assert_int_equal(tamper("PRAGMA user_version = 1"), SQLITE_OK);
    assert_status(subscriber_store_open(database_path(), true, wrap, NULL, &store), GBAU_E_UNSUPPORTED);
    assert_null(store);
}

static void refuses_another_schema_version(void **state)
{
    (void)state;
    struct subscriber_store *store = NULL;
    subscriber_store_close(open_store_with(&subscriber_1, 0));
    assert_int_equal(tamper("PRAGMA user_version = 2"), SQLITE_OK);
    assert_status(subscriber_store_open(database_path(), true, wrap, NULL, &store), GBAU_E_UNSUPPORTED);
    assert_null(store);
}

static void keeps_what_was_added(void **state)
{
    (void)state;
    struct subscriber_store *store = NULL;
    struct subscriber found;
    subscriber_store_close(open_store_with(&subscriber_1, 41));
    assert_ok(subscriber_store_open(database_path(), false, wrap, NULL, &store));
    assert_ok(subscriber_store_find(store, IMPI, &found));
    assert_same_subscriber(&found, &subscriber_1);
    assert_int_equal(reserve(store, 1), 42);
    subscriber_store_close(store);
}

/* Durability ------------------------------------------------------------------------------------------------------- */

static sqlite3 *connection;         /* the one that the store opened last */
static const char *sabotaged;       /* the pragma that cannot be set */
static const char *before_sabotage; /* the value that it then has */

static int deny_sabotaged(void *context, int action, const char *pragma, const char *value, const char *name,
                          const char *trigger)
{
    (void)context;
    (void)name;
    (void)trigger;
    bool denied = action == SQLITE_PRAGMA && value != NULL && strcmp(pragma, sabotaged) == 0;
    return denied ? SQLITE_IGNORE : SQLITE_OK;
}

static int note_connection(sqlite3 *database, const char **error, const void *api)
{
    (void)error;
    (void)api;
    connection = database;
    if (sabotaged != NULL) {
        (void)sqlite3_exec(database, before_sabotage, NULL, NULL, NULL);
        (void)sqlite3_set_authorizer(database, deny_sabotaged, NULL);
    }
    return SQLITE_OK;
}

static void watch_connections(void)
{
    sabotaged = NULL;
    assert_int_equal(sqlite3_auto_extension((void (*)(void))note_connection), SQLITE_OK);
}

static void assert_pragma(const char *sql, const char *expected)
{
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(connection, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), expected);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
}

static void writes_durably(void **state)
{
    (void)state;
    watch_connections();
    struct subscriber_store *store = open_store();
    assert_pragma("PRAGMA journal_mode", "wal");
    assert_pragma("PRAGMA synchronous", "2");
    assert_pragma("PRAGMA busy_timeout", "10000");
    assert_pragma("PRAGMA user_version", "1");
    subscriber_store_close(store);
}

static void refuses_to_open_when_durability_does_not_hold(void **state)
{
    (void)state;
    static const char *const sabotages[][2] = {
        {"journal_mode", "PRAGMA journal_mode = DELETE"},
        {"synchronous", "PRAGMA synchronous = OFF"},
        {"busy_timeout", "PRAGMA busy_timeout = 1"},
        {"trusted_schema", "PRAGMA trusted_schema = ON"},
    };
    watch_connections();
    for (size_t i = 0; i < sizeof sabotages / sizeof *sabotages; i++) {
        struct subscriber_store *store = NULL;
        sabotaged = sabotages[i][0];
        before_sabotage = sabotages[i][1];
        assert_status(subscriber_store_open(database_path(), true, wrap, NULL, &store), GBAU_E_STORAGE);
        assert_null(store);
    }
    sabotaged = NULL;
    struct subscriber_store *store = NULL;
    assert_status(subscriber_store_open(":memory:", false, wrap, NULL, &store), GBAU_E_STORAGE);
    subscriber_store_close(open_store());
}

static void is_busy_while_another_writes_too_long(void **state)
{
    (void)state;
    watch_connections();
    struct subscriber_store *store = open_store_with(&subscriber_1, 0);
    sqlite3 *ours = connection;
    sqlite3 *other = NULL;
    struct subscriber subscriber;
    uint64_t first = 0;
    (void)sqlite3_busy_timeout(ours, 20);
    assert_int_equal(sqlite3_open(database_path(), &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_status(subscriber_store_reserve_seq(store, IMPI, 1, &subscriber, &first), GBAU_E_BUSY);
    assert_status(subscriber_store_raise_seq(store, IMPI, 7), GBAU_E_BUSY);
    assert_status(subscriber_store_add(store, &subscriber_2, 7), GBAU_E_BUSY);
    assert_find(store, IMPI, GBAU_OK); /* readers do not wait for writers */
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_int_equal(reserve(store, 1), 1);
    subscriber_store_close(store);
}

/* Adding and finding ----------------------------------------------------------------------------------------------- */

static void refuses_what_is_there_already(void **state)
{
    (void)state;
    struct subscriber_store *store = open_store_with(&subscriber_1, 10);
    struct subscriber same_imsi = subscriber_2;
    struct subscriber same_impi = subscriber_2;
    memcpy(same_imsi.imsi, subscriber_1.imsi, sizeof same_imsi.imsi);
    memcpy(same_impi.impi, subscriber_1.impi, sizeof same_impi.impi);
    assert_status(subscriber_store_add(store, &subscriber_1, 0), GBAU_E_EXISTS);
    assert_status(subscriber_store_add(store, &same_imsi, 0), GBAU_E_EXISTS);
    assert_status(subscriber_store_add(store, &same_impi, 0), GBAU_E_EXISTS);
    assert_int_equal(reserve(store, 1), 11);
    assert_ok(subscriber_store_add(store, &subscriber_2, 0));
    subscriber_store_close(store);
}

static void refuses_nonsense(void **state)
{
    (void)state;
    struct subscriber_store *store = open_store();
    struct subscriber bad[7];
    for (size_t i = 0; i < 7; i++) {
        bad[i] = subscriber_1;
    }
    bad[0].impi[0] = '\0';
    memset(bad[1].impi, 'x', sizeof bad[1].impi);
    bad[2].imsi[5] = '\0';
    memset(bad[3].imsi, '1', sizeof bad[3].imsi);
    bad[4].imsi[3] = 'a';
    bad[5].imsi[3] = ' ';
    bad[6].uicc_type = (enum guss_uicc_type)2;
    for (size_t i = 0; i < 7; i++) {
        assert_status(subscriber_store_add(store, &bad[i], 0), GBAU_E_ARGUMENT);
    }
    assert_status(subscriber_store_add(store, &subscriber_1, SUBSCRIBER_SEQ_MAX + 1), GBAU_E_ARGUMENT);
    assert_status(subscriber_store_add(store, &subscriber_1, UINT64_MAX), GBAU_E_ARGUMENT);
    assert_find(store, IMPI, GBAU_E_NOT_FOUND);
    subscriber_store_close(store);
}

static void finds_the_right_one(void **state)
{
    (void)state;
    struct subscriber_store *store = open_store_with(&subscriber_1, 0);
    struct subscriber found;
    char endless[2 * SUBSCRIBER_IMPI_SIZE];
    assert_ok(subscriber_store_add(store, &subscriber_2, 0));
    assert_ok(subscriber_store_find(store, IMPI_2, &found));
    assert_same_subscriber(&found, &subscriber_2);
    assert_find(store, "", GBAU_E_NOT_FOUND);
    assert_find(store, "001010000000001", GBAU_E_NOT_FOUND);
    assert_find(store, "' OR '1' = '1", GBAU_E_NOT_FOUND);
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_find(store, endless, GBAU_E_NOT_FOUND);
    subscriber_store_close(store);
}

/* SEQ -------------------------------------------------------------------------------------------------------------- */

static void reserves_consecutive_values(void **state)
{
    (void)state;
    struct subscriber_store *store = open_store_with(&subscriber_1, 99);
    struct subscriber subscriber;
    uint64_t first = 0;
    assert_ok(subscriber_store_reserve_seq(store, IMPI, 1, &subscriber, &first));
    assert_same_subscriber(&subscriber, &subscriber_1);
    assert_int_equal(first, 100);
    assert_int_equal(reserve(store, 5), 101);
    assert_int_equal(reserve(store, 1), 106);
    assert_find(store, IMPI, GBAU_OK);
    assert_int_equal(reserve(store, 1), 107);
    assert_status(subscriber_store_reserve_seq(store, IMPI, 0, &subscriber, &first), GBAU_E_ARGUMENT);
    assert_status(subscriber_store_reserve_seq(store, IMPI_2, 1, &subscriber, &first), GBAU_E_NOT_FOUND);
    assert_int_equal(reserve(store, 1), 108);
    subscriber_store_close(store);
}

static void never_passes_43_bits(void **state)
{
    (void)state;
    struct subscriber_store *store = open_store_with(&subscriber_1, SUBSCRIBER_SEQ_MAX - 2);
    struct subscriber subscriber;
    uint64_t first = 0;
    assert_int_equal(SUBSCRIBER_SEQ_MAX, (1ULL << 43) - 1);
    assert_status(subscriber_store_reserve_seq(store, IMPI, 3, &subscriber, &first), GBAU_E_LIMIT);
    assert_status(subscriber_store_reserve_seq(store, IMPI, UINT32_MAX, &subscriber, &first), GBAU_E_LIMIT);
    assert_int_equal(reserve(store, 2), SUBSCRIBER_SEQ_MAX - 1);
    assert_status(subscriber_store_reserve_seq(store, IMPI, 1, &subscriber, &first), GBAU_E_LIMIT);
    assert_find(store, IMPI, GBAU_OK);
    subscriber_store_close(store);
}

static void raises_but_never_lowers(void **state)
{
    (void)state;
    struct subscriber_store *store = open_store_with(&subscriber_1, 100);
    assert_ok(subscriber_store_raise_seq(store, IMPI, 50));
    assert_int_equal(reserve(store, 1), 101);
    assert_ok(subscriber_store_raise_seq(store, IMPI, 101));
    assert_int_equal(reserve(store, 1), 102);
    assert_ok(subscriber_store_raise_seq(store, IMPI, 5000));
    assert_int_equal(reserve(store, 1), 5001);
    assert_ok(subscriber_store_raise_seq(store, IMPI, 0));
    assert_int_equal(reserve(store, 1), 5002);
    assert_ok(subscriber_store_raise_seq(store, IMPI, SUBSCRIBER_SEQ_MAX));
    assert_status(subscriber_store_raise_seq(store, IMPI, SUBSCRIBER_SEQ_MAX + 1), GBAU_E_ARGUMENT);
    assert_status(subscriber_store_raise_seq(store, IMPI_2, 1), GBAU_E_NOT_FOUND);
    subscriber_store_close(store);
}

/* Keys at rest ----------------------------------------------------------------------------------------------------- */

static bool files_hold(const void *octets, size_t length)
{
    static const char *const names[] = {"hss.db", "hss.db-wal"};
    static uint8_t content[1 << 20];
    bool found = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        FILE *file = fopen(place_path(&place, names[i]), "re");
        assert_non_null(file);
        size_t count = fread(content, 1, sizeof content, file);
        (void)fclose(file);
        found = found || memmem(content, count, octets, length) != NULL;
    }
    return found;
}

static void a_stolen_file_gives_no_key(void **state)
{
    (void)state;
    struct subscriber_store *store = open_store_with(&subscriber_1, 0);
    assert_true(files_hold(IMPI, strlen(IMPI)));
    assert_false(files_hold(subscriber_1.k.octets, 8));
    assert_false(files_hold(subscriber_1.opc.octets, 8));
    subscriber_store_close(store);
}

static void a_laboratory_store_needs_no_wrap(void **state)
{
    (void)state;
    struct subscriber_store *store = NULL;
    struct subscriber found;
    assert_ok(subscriber_store_open(database_path(), true, NULL, NULL, &store));
    assert_ok(subscriber_store_add(store, &subscriber_1, 0));
    assert_true(files_hold(subscriber_1.k.octets, AKA_K_SIZE));
    assert_ok(subscriber_store_find(store, IMPI, &found));
    assert_same_subscriber(&found, &subscriber_1);
    assert_int_equal(reserve(store, 1), 1);
    subscriber_store_close(store);
}

static void assert_refused_and_said(struct key_wrap *other, const char *said)
{
    struct subscriber_store *store = NULL;
    char *text = NULL;
    size_t length = 0;
    struct log log = {.stream = open_memstream(&text, &length), .program = "test", .level = LOG_LEVEL_DEBUG};
    assert_ok(subscriber_store_open(database_path(), false, other, &log, &store));
    assert_find(store, IMPI, GBAU_E_CONFIGURATION);
    subscriber_store_close(store);
    (void)fclose(log.stream);
    assert_non_null(strstr(text, said));
    assert_non_null(strstr(text, IMPI));
    assert_int_equal(strchr(text, '\n') - text, length - 1); /* said once */
    free(text);
}

static void says_that_a_wrap_is_missing(void **state)
{
    (void)state;
    subscriber_store_close(open_store_with(&subscriber_1, 0));
    assert_refused_and_said(NULL, "sealed, but the store is opened without a key-encryption key");
}

static void says_that_keys_are_not_sealed(void **state)
{
    (void)state;
    struct subscriber_store *store = NULL;
    assert_ok(subscriber_store_open(database_path(), true, NULL, NULL, &store));
    assert_ok(subscriber_store_add(store, &subscriber_1, 0));
    subscriber_store_close(store);
    assert_refused_and_said(wrap, "not sealed, but the store is opened with a key-encryption key");
}

static void refuses_another_wrap(void **state)
{
    (void)state;
    struct key_wrap *other = open_wrap(&place, "other", KEY_2);
    struct subscriber_store *store = NULL;
    struct subscriber subscriber;
    uint64_t first = 0;
    subscriber_store_close(open_store_with(&subscriber_1, 0));
    assert_ok(subscriber_store_open(database_path(), false, other, NULL, &store));
    assert_find(store, IMPI, GBAU_E_CORRUPT);
    assert_status(subscriber_store_reserve_seq(store, IMPI, 1, &subscriber, &first), GBAU_E_CORRUPT);
    subscriber_store_close(store);
    key_wrap_close(other);
}

static void assert_corrupt_after(const char *sql)
{
    subscriber_store_close(open_store_with(&subscriber_1, 0));
    struct subscriber_store *store = open_store();
    assert_ok(subscriber_store_add(store, &subscriber_2, 0));
    assert_int_equal(tamper(sql), SQLITE_OK);
    assert_find(store, IMPI, GBAU_E_CORRUPT);
    subscriber_store_close(store);
    assert_int_equal(tamper("DELETE FROM subscriber"), SQLITE_OK);
}

static void notices_damage(void **state)
{
    (void)state;
    static const char *const damages[] = {
        "UPDATE subscriber SET keys = x'00'",
        "UPDATE subscriber SET keys = x''",
        "UPDATE subscriber SET keys = zeroblob(60)",
        "UPDATE subscriber SET keys = CAST(substr(keys, 1, 59) AS BLOB)",
        "UPDATE subscriber SET keys = CAST(keys || x'00' AS BLOB)",
        "UPDATE subscriber SET keys = (SELECT other.keys FROM subscriber other WHERE other.impi <> subscriber.impi)",
        "UPDATE subscriber SET amf = x'80'",
        "UPDATE subscriber SET amf = x'800000'",
        "UPDATE subscriber SET imsi = '1234567890123456' WHERE impi = '" IMPI "'",
        "UPDATE subscriber SET uicc_type = 2",
        "UPDATE subscriber SET uicc_type = -1",
        "UPDATE subscriber SET lifetime = 4294967296",
        "UPDATE subscriber SET lifetime = -1",
    };
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        assert_corrupt_after(damages[i]);
    }
}

static void the_schema_guards_seq(void **state)
{
    (void)state;
    subscriber_store_close(open_store_with(&subscriber_1, 0));
    assert_int_equal(tamper("UPDATE subscriber SET seq = -1"), SQLITE_CONSTRAINT);
    assert_int_equal(tamper("UPDATE subscriber SET seq = 8796093022208"), SQLITE_CONSTRAINT);
    assert_int_equal(tamper("UPDATE subscriber SET seq = 'many'"), SQLITE_CONSTRAINT);
    assert_int_equal(tamper("UPDATE subscriber SET seq = 1.5"), SQLITE_CONSTRAINT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(makes_a_private_database),
        TEST(does_not_make_what_it_was_not_asked_for),
        TEST(refuses_what_is_no_database),
        TEST(refuses_an_empty_database_unless_it_may_make_one),
        TEST(refuses_another_schema),
        TEST(refuses_another_schema_version),
        TEST(keeps_what_was_added),
        TEST(writes_durably),
        TEST(refuses_to_open_when_durability_does_not_hold),
        TEST(is_busy_while_another_writes_too_long),
        TEST(refuses_what_is_there_already),
        TEST(refuses_nonsense),
        TEST(finds_the_right_one),
        TEST(reserves_consecutive_values),
        TEST(never_passes_43_bits),
        TEST(raises_but_never_lowers),
        TEST(a_stolen_file_gives_no_key),
        TEST(a_laboratory_store_needs_no_wrap),
        TEST(says_that_a_wrap_is_missing),
        TEST(says_that_keys_are_not_sealed),
        TEST(refuses_another_wrap),
        TEST(notices_damage),
        TEST(the_schema_guards_seq),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
