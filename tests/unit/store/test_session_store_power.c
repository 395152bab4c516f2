/*
 * test_session_store_power.c: what a put was told to be durable is there after a power failure. At each sync of the
 * store its file is copied, which is what a power failure right after it would leave at least.
 */
#include "session_store_testing.h"

#include <errno.h>
#include <sys/syscall.h>

/* Where the copies go; guarded by nothing, since the store's thread alone syncs and completes. */
static char copies[80];

/* What happens at a sync; it counts them from 1. Nothing unless a test says so. */
static struct {
    unsigned count;
    unsigned fails_at;
    void (*hook)(unsigned count);
} syncs;

static void copy_file(int from, const char *path)
{
    static uint8_t octets[1 << 16];
    const int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t count = 0;
    for (off_t offset = 0; (count = pread(from, octets, sizeof octets, offset)) > 0; offset += count) {
        if (write(to, octets, (size_t)count) != count) {
            abort();
        }
    }
    (void)close(to);
}

static bool is_observed(int file)
{
    char link[40];
    char path[128] = "";
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    return readlink(link, path, sizeof path - 1) > 0 && strstr(path, "/sessions/data.mdb") != NULL;
}

/* In the place of the C library's, for LMDB too. */
int fdatasync(int file)
{
    char path[96];
    if (!is_observed(file)) {
        return (int)syscall(SYS_fdatasync, file);
    }
    syncs.count++;
    if (syncs.hook != NULL) {
        syncs.hook(syncs.count);
    }
    if (syncs.count == syncs.fails_at) {
        errno = EIO;
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/data.mdb", copies);
    copy_file(file, path);
    return (int)syscall(SYS_fdatasync, file);
}

struct durable_put {
    unsigned number;
    bool survives;
    sem_t *completed;
};

/* Looks into the last copy, as the program would after the power failure. */
static void look_for_it(void *context, enum gbau_status status)
{
    static struct bootstrapping_session found;
    struct durable_put *put = context;
    struct session_store *after = NULL;
    put->survives = status == GBAU_OK &&
                    session_store_open(copies, MAP_SIZE, wrap, &hand_moved_clock, NULL, &after) == GBAU_OK &&
                    session_store_find(after, session_number(put->number).b_tid, &found) == GBAU_OK;
    session_store_close(after);
    (void)sem_post(put->completed);
}

static void put_burst(struct session_store *store, unsigned first, unsigned count)
{
    enum { BURST_MAX = 40 };
    struct durable_put puts[BURST_MAX];
    sem_t completed;
    assert_int_equal(sem_init(&completed, 0, 0), 0);
    for (unsigned i = 0; i < count; i++) {
        const struct bootstrapping_session session = session_number(first + i);
        puts[i] = (struct durable_put){.number = first + i, .completed = &completed};
        assert_ok(session_store_put(store, &session, look_for_it, &puts[i]));
    }
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(sem_wait(&completed), 0);
    }
    for (unsigned i = 0; i < count; i++) {
        assert_true(puts[i].survives);
    }
    (void)sem_destroy(&completed);
}

static struct session_store *open_observed(void)
{
    memset(&syncs, 0, sizeof syncs);
    (void)snprintf(copies, sizeof copies, "%s/copies", place.directory);
    assert_int_equal(mkdir(copies, 0700), 0);
    struct session_store *store = open_store();
    memset(&syncs, 0, sizeof syncs);
    return store;
}

static void what_is_completed_survives(void **state)
{
    (void)state;
    struct session_store *store = open_observed();
    unsigned number = 0;
    for (unsigned count = 1; count <= 40; count = 2 * count + 1) { /* one alone, then more and more at once */
        for (unsigned round = 0; round < 4; round++) {
            put_burst(store, number, count);
            number += count;
        }
    }
    session_store_close(store);
}

/* A put that waits when the one before it has been written: its sync is to make both durable. */

static struct session_store *second_store;
static struct completion second;

static void put_second(unsigned count)
{
    static struct bootstrapping_session session;
    if (count == 1) {
        session = session_number(2);
        assert_ok(session_store_put(second_store, &session, note_completion, &second));
    }
}

/* The kernel tells of a failed sync once: the next one proves nothing for what was written before. */
static void a_failed_sync_is_not_forgotten(void **state)
{
    (void)state;
    struct session_store *store = open_observed();
    struct bootstrapping_session session = session_number(1);
    second_store = store;
    assert_int_equal(sem_init(&second.called, 0, 0), 0);
    syncs.hook = put_second;
    syncs.fails_at = 2;
    assert_status(put_and_wait(store, &session), GBAU_E_STORAGE);
    assert_int_equal(sem_wait(&second.called), 0);
    assert_status(second.status, GBAU_E_STORAGE);
    session = session_number(3);
    assert_ok(put_and_wait(store, &session)); /* the disk is well again */
    session_store_close(store);
    (void)sem_destroy(&second.called);
}

static void put_again(void *context, enum gbau_status status)
{
    struct bootstrapping_session session = session_number(2);
    (void)context;
    assert_ok(status);
    assert_ok(session_store_put(second_store, &session, note_completion, &second));
}

/* Closing waits for what completions have put. */
static void a_put_of_the_last_completion_is_completed(void **state)
{
    (void)state;
    struct session_store *store = open_observed();
    const struct bootstrapping_session session = session_number(1);
    second_store = store;
    assert_int_equal(sem_init(&second.called, 0, 0), 0);
    assert_ok(session_store_put(store, &session, put_again, NULL));
    session_store_close(store);
    assert_int_equal(sem_trywait(&second.called), 0);
    assert_ok(second.status);
    (void)sem_destroy(&second.called);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_completed_survives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_sync_is_not_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_put_of_the_last_completion_is_completed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
