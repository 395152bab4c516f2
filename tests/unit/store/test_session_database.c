/* test_session_database.c: rows are written all or none, read back whole, and removed in the order of their ends. */
#include "store_testing.h"

#include <pthread.h>

#include "store/session_database.h"

enum { MAP_SIZE = 1 << 20, ROWS = 200, RECORD_SIZE = 20 };

static struct place place;
static struct session_database *database;

static int set_up(void **state)
{
    (void)state;
    place_make(&place);
    assert_ok(session_database_open(place_path(&place, "sessions"), MAP_SIZE, NULL, &database));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    session_database_close(database);
    place_remove(&place);
    return 0;
}

struct example {
    char b_tid[16];
    char tmpi[16];
    uint8_t record[RECORD_SIZE]; /* a record's start, as far as the database looks at it, and its number */
};

static struct session_row row_number(struct example *example, unsigned number, unix_time expires)
{
    struct octet_writer writer = octet_writer_of(example->record, RECORD_SIZE);
    (void)snprintf(example->b_tid, sizeof example->b_tid, "b%u", number);
    (void)snprintf(example->tmpi, sizeof example->tmpi, "t%u", number);
    octet_writer_u8(&writer, SESSION_RECORD_VERSION);
    octet_writer_u64(&writer, (uint64_t)expires);
    octet_writer_u32(&writer, number);
    return (struct session_row){
        .b_tid = example->b_tid,
        .tmpi = example->tmpi,
        .expires = expires,
        .session_record = octets_written(&writer),
        .tmpi_record = octets_written(&writer),
    };
}

static void write_number(unsigned number, unix_time expires)
{
    struct example example;
    struct session_row row = row_number(&example, number, expires);
    assert_ok(session_database_write(database, &row, 1));
}

static enum gbau_status read_number(enum session_table table, unsigned number)
{
    char identity[16];
    uint8_t record[RECORD_SIZE];
    struct octet_writer writer = octet_writer_of(record, sizeof record);
    (void)snprintf(identity, sizeof identity, "%c%u", table == SESSION_TABLE_TMPIS ? 't' : 'b', number);
    enum gbau_status status = session_database_read(database, table, identity, &writer);
    if (status == GBAU_OK) {
        assert_int_equal(writer.length, 13);
        assert_int_equal(record[11] << 8 | record[12], number);
    }
    return status;
}

static size_t count_left(enum session_table table)
{
    size_t count = 0;
    for (unsigned i = 0; i < ROWS; i++) {
        count += read_number(table, i) == GBAU_OK;
    }
    return count;
}

static void purge_all(unix_time now)
{
    bool more = true;
    while (more) {
        assert_ok(session_database_purge(database, now, &more));
    }
}

static void refuses_to_open_nonsense(void **state)
{
    (void)state;
    struct session_database *other = NULL;
    assert_status(session_database_open(place_path(&place, "small"), SESSION_DATABASE_MIN_SIZE - 1, NULL, &other),
                  GBAU_E_ARGUMENT);
    assert_status(session_database_open(place_path(&place, "not/there"), MAP_SIZE, NULL, &other), GBAU_E_STORAGE);
    assert_null(other);
    session_database_close(NULL);
}

static void writes_many_rows_together(void **state)
{
    (void)state;
    static struct example examples[ROWS];
    static struct session_row rows[ROWS];
    for (unsigned i = 0; i < ROWS; i++) {
        rows[i] = row_number(&examples[i], i, 1000);
    }
    assert_ok(session_database_write(database, rows, 20));
    assert_int_equal(count_left(SESSION_TABLE_SESSIONS), 20);
    assert_int_equal(count_left(SESSION_TABLE_TMPIS), 20);
    assert_ok(session_database_write(database, rows, 0));
}

/* The last row cannot be written, because LMDB knows no empty key, so none of them is. */
static void writes_all_rows_or_none(void **state)
{
    (void)state;
    struct example examples[3];
    struct session_row rows[3];
    for (unsigned i = 0; i < 3; i++) {
        rows[i] = row_number(&examples[i], i, 1000);
    }
    rows[2].b_tid = "";
    assert_status(session_database_write(database, rows, 3), GBAU_E_STORAGE);
    assert_int_equal(count_left(SESSION_TABLE_SESSIONS), 0);
    assert_ok(session_database_write(database, rows, 2));
    assert_int_equal(count_left(SESSION_TABLE_SESSIONS), 2);
}

static void a_row_needs_no_tmpi(void **state)
{
    (void)state;
    struct example example;
    struct session_row row = row_number(&example, 7, 1000);
    row.tmpi_record.length = 0;
    assert_ok(session_database_write(database, &row, 1));
    assert_ok(read_number(SESSION_TABLE_SESSIONS, 7));
    assert_status(read_number(SESSION_TABLE_TMPIS, 7), GBAU_E_NOT_FOUND);
}

static void keeps_its_tables_apart(void **state)
{
    (void)state;
    uint8_t record[RECORD_SIZE];
    struct octet_writer writer = octet_writer_of(record, sizeof record);
    write_number(1, 1000);
    assert_status(session_database_read(database, SESSION_TABLE_TMPIS, "b1", &writer), GBAU_E_NOT_FOUND);
    assert_status(session_database_read(database, SESSION_TABLE_SESSIONS, "t1", &writer), GBAU_E_NOT_FOUND);
}

static void a_record_longer_than_any_is_damage(void **state)
{
    (void)state;
    uint8_t record[12];
    struct octet_writer writer = octet_writer_of(record, sizeof record);
    write_number(1, 1000);
    assert_status(session_database_read(database, SESSION_TABLE_SESSIONS, "b1", &writer), GBAU_E_CORRUPT);
}

static void removes_what_has_ended_and_nothing_else(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ROWS; i++) {
        write_number(i, 1000 + i * 1000); /* so that the order of numbers is not that of their lowest octets */
    }
    for (unsigned ended = 0; ended <= ROWS; ended += 25) {
        purge_all(ended * 1000 + 999);
        assert_int_equal(count_left(SESSION_TABLE_SESSIONS), ROWS - ended);
        assert_int_equal(count_left(SESSION_TABLE_TMPIS), ROWS - ended);
        assert_status(ended == 0 ? GBAU_E_NOT_FOUND : read_number(SESSION_TABLE_SESSIONS, ended - 1), GBAU_E_NOT_FOUND);
    }
}

static void nothing_ends_before_time_began(void **state)
{
    (void)state;
    write_number(1, 0);
    purge_all(-1);
    assert_ok(read_number(SESSION_TABLE_SESSIONS, 1));
    purge_all(0);
    assert_status(read_number(SESSION_TABLE_SESSIONS, 1), GBAU_E_NOT_FOUND);
}

static void a_purge_tells_that_there_is_more(void **state)
{
    (void)state;
    bool more = false;
    size_t purges = 1;
    for (unsigned i = 0; i < ROWS; i++) {
        write_number(i, 5);
        write_number(i, 6); /* leaves an outdated entry in the index */
        write_number(i, 7);
    }
    assert_ok(session_database_purge(database, 10, &more));
    assert_true(more);
    while (more) {
        assert_ok(session_database_purge(database, 10, &more));
        purges++;
    }
    assert_in_range(purges, 2, 4);
    assert_int_equal(count_left(SESSION_TABLE_SESSIONS), 0);
}

/* Writes rows with records of `length` octets until there is no room; gives the number of the next row. */
static unsigned fill(unsigned number, unix_time expires, size_t length)
{
    static uint8_t record[8000];
    enum gbau_status status = GBAU_OK;
    while (status == GBAU_OK) {
        struct example example = {0};
        struct session_row row = row_number(&example, number++, expires);
        memcpy(record, example.record, sizeof example.record);
        row.session_record = octets_of(record, length);
        status = session_database_write(database, &row, 1);
    }
    assert_status(status, GBAU_E_SPACE);
    return number;
}

/* LMDB itself could not remove anything from a map filled to its last page. */
static void a_full_map_can_be_purged(void **state)
{
    (void)state;
    for (unix_time round = 1000; round < 1020; round++) {
        unsigned large = fill(0, round, 8000);
        assert_true(large > 60);
        (void)fill(fill(large, round, 2500), round, 13);
        purge_all(round);
        assert_int_equal(count_left(SESSION_TABLE_TMPIS), 0);
    }
}

static void *read_often(void *argument)
{
    uint8_t record[RECORD_SIZE];
    for (int i = 0; i < 2000; i++) {
        struct octet_writer writer = octet_writer_of(record, sizeof record);
        if (session_database_read(database, SESSION_TABLE_SESSIONS, "b1", &writer) != GBAU_OK || record[12] != 1) {
            return argument;
        }
    }
    return NULL;
}

static void many_read_while_one_writes(void **state)
{
    (void)state;
    pthread_t threads[8];
    write_number(1, 1000);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_often, &place), 0);
    }
    for (unsigned i = 0; i < 100; i++) {
        write_number(1, 1000 + i);
        purge_all(1000 + i - 1);
    }
    for (size_t i = 0; i < 8; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(refuses_to_open_nonsense),
        TEST(writes_many_rows_together),
        TEST(writes_all_rows_or_none),
        TEST(a_row_needs_no_tmpi),
        TEST(keeps_its_tables_apart),
        TEST(a_record_longer_than_any_is_damage),
        TEST(removes_what_has_ended_and_nothing_else),
        TEST(nothing_ends_before_time_began),
        TEST(a_purge_tells_that_there_is_more),
        TEST(a_full_map_can_be_purged),
        TEST(many_read_while_one_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
