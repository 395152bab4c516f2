/* test_inbox.c: a message is handed over whole and once: in any order, across restarts, and on a disk that fails. */
#include "store_testing.h"

#include <dirent.h>
#include <pthread.h>
#include <semaphore.h>

#include "naf/inbox.h"

#define B_TID    "I1U8vpY3qJ0hiuZNrke/NQ==@bsf.mnc015.mcc234.pub.3gppnetwork.org"
#define KEY_NAME "b3f41aff98472709" /* head of SHA-256 of B_TID#door */

enum { WINDOW = 64, QUEUE_MAX = 256 };

struct bench {
    struct place place;
    struct inbox *inbox;
};

static void open_inbox(struct bench *bench)
{
    assert_ok(inbox_open(place_path(&bench->place, "inbox"), NULL, &bench->inbox));
}

static int open_bench(void **state)
{
    static struct bench bench;
    place_make(&bench.place);
    open_inbox(&bench);
    *state = &bench;
    return 0;
}

static int close_bench(void **state)
{
    struct bench *bench = *state;
    inbox_close(bench->inbox);
    place_remove(&bench->place);
    return 0;
}

#define bench_test(function) cmocka_unit_test_setup_teardown((function), open_bench, close_bench)

static void restart(struct bench *bench)
{
    inbox_close(bench->inbox);
    open_inbox(bench);
}

static const char *path_in_inbox(const struct bench *bench, const char *name)
{
    static char path[192];
    (void)snprintf(path, sizeof path, "%s/inbox/%s", bench->place.directory, name);
    return path;
}

/* Messages */

static struct naf_message message_of(const char *label, uint64_t counter, const char *text)
{
    struct naf_message message = {.b_tid = B_TID, .counter = counter, .length = strlen(text)};
    (void)snprintf(message.label, sizeof message.label, "%s", label);
    memcpy(message.text, text, message.length);
    return message;
}

struct delivery {
    sem_t called;
    enum gbau_status status;
    pthread_t thread;
};

static void note_delivery(void *context, enum gbau_status status)
{
    struct delivery *delivery = context;
    delivery->status = status;
    delivery->thread = pthread_self();
    (void)sem_post(&delivery->called);
}

/* Delivers one and waits until it is known what became of it. */
static enum gbau_status deliver_message(struct bench *bench, const struct naf_message *message)
{
    struct delivery delivery;
    assert_int_equal(sem_init(&delivery.called, 0, 0), 0);
    assert_ok(inbox_deliver(bench->inbox, message, note_delivery, &delivery));
    assert_int_equal(sem_wait(&delivery.called), 0);
    assert_int_equal(sem_destroy(&delivery.called), 0);
    assert_false(pthread_equal(delivery.thread, pthread_self()));
    return delivery.status;
}

static enum gbau_status deliver(struct bench *bench, const char *label, uint64_t counter)
{
    const struct naf_message message = message_of(label, counter, "open the door");
    return deliver_message(bench, &message);
}

static size_t count_files(struct bench *bench, const char *suffix)
{
    size_t count = 0;
    DIR *directory = opendir(place_path(&bench->place, "inbox"));
    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        const size_t length = strlen(entry->d_name);
        count += length >= strlen(suffix) && strcmp(entry->d_name + length - strlen(suffix), suffix) == 0;
    }
    assert_int_equal(closedir(directory), 0);
    return count;
}

/* Delivery */

static void test_file_of_a_message(void **state)
{
    struct bench *bench = *state;
    char text[64] = "";
    struct stat facts;
    assert_ok(deliver(bench, "door", 0x2a));
    const char *path = path_in_inbox(bench, KEY_NAME "-000000000000002a.message");
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, sizeof text, file), 13);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(text, "open the door");
    assert_int_equal(count_files(bench, ".new"), 0);
    assert_int_equal(stat(place_path(&bench->place, "inbox"), &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0700);
}

static void test_lengths(void **state)
{
    struct bench *bench = *state;
    static struct naf_message message;
    static const size_t lengths[] = {0, 1, 4096, NAF_TEXT_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char name[64];
        struct stat facts;
        message = message_of("door", i + 1, "");
        message.length = lengths[i];
        assert_ok(deliver_message(bench, &message));
        (void)snprintf(name, sizeof name, KEY_NAME "-%016zx.message", i + 1);
        assert_int_equal(stat(path_in_inbox(bench, name), &facts), 0);
        assert_int_equal(facts.st_size, lengths[i]);
    }
}

/* A label may hold anything; it never names a file. */
static void test_odd_labels(void **state)
{
    struct bench *bench = *state;
    static const char *const labels[] = {"..", "/", "../../../../tmp/x", "a/b", ".new", "\n", "a#b", " "};
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        assert_ok(deliver(bench, labels[i], 1));
    }
    assert_int_equal(count_files(bench, ".message"), sizeof labels / sizeof labels[0]);
}

/* Replay */

static void test_replay(void **state)
{
    struct bench *bench = *state;
    assert_ok(deliver(bench, "door", 7));
    assert_status(deliver(bench, "door", 7), GBAU_E_REPLAY);
    assert_int_equal(count_files(bench, ".message"), 1);
    assert_ok(deliver(bench, "gate", 7)); /* another key counts apart */
    struct naf_message other = message_of("door", 7, "x");
    (void)snprintf(other.b_tid, sizeof other.b_tid, "other@bsf");
    assert_ok(deliver_message(bench, &other));
    assert_int_equal(count_files(bench, ".message"), 3);
}

static void test_first_counters(void **state)
{
    struct bench *bench = *state;
    assert_ok(deliver(bench, "door", 0));
    assert_status(deliver(bench, "door", 0), GBAU_E_REPLAY);
    assert_ok(deliver(bench, "door", 1));
    assert_status(deliver(bench, "door", 0), GBAU_E_REPLAY);
    assert_ok(deliver(bench, "gate", 1)); /* the other way round */
    assert_ok(deliver(bench, "gate", 0));
    assert_status(deliver(bench, "gate", 0), GBAU_E_REPLAY);
}

static void test_last_counters(void **state)
{
    struct bench *bench = *state;
    assert_ok(deliver(bench, "door", UINT64_MAX));
    assert_status(deliver(bench, "door", UINT64_MAX), GBAU_E_REPLAY);
    assert_ok(deliver(bench, "door", UINT64_MAX - 1));
    assert_ok(deliver(bench, "door", UINT64_MAX - 63));
    assert_status(deliver(bench, "door", UINT64_MAX - 64), GBAU_E_REPLAY);
    assert_status(deliver(bench, "door", 0), GBAU_E_REPLAY);
}

static void test_out_of_order(void **state)
{
    struct bench *bench = *state;
    static const uint64_t order[] = {105, 103, 104, 100, 166, 150, 110, 101};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        /* 166 moves the window to 103 .. 166 */
        assert_status(deliver(bench, "door", order[i]), order[i] == 101 ? GBAU_E_REPLAY : GBAU_OK);
    }
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        assert_status(deliver(bench, "door", order[i]), GBAU_E_REPLAY);
    }
    assert_ok(deliver(bench, "door", 151));
}

/* Against a plain record of all counters that were seen. */
static void test_against_a_model(void **state)
{
    struct bench *bench = *state;
    static bool seen[400];
    uint64_t highest = 0;
    uint32_t random = 42;
    for (unsigned step = 0; step < 600; step++) {
        random = random * 1664525U + 1013904223U;
        const uint64_t base = step / 2;
        const uint64_t counter = base + (random >> 8) % 90;
        const bool is_fresh = counter > highest || (highest - counter < WINDOW && !seen[counter]);
        assert_status(deliver(bench, "door", counter), is_fresh ? GBAU_OK : GBAU_E_REPLAY);
        seen[counter] = seen[counter] || is_fresh;
        highest = counter > highest ? counter : highest;
        if (step % 97 == 0) {
            restart(bench);
        }
    }
}

static void test_restart(void **state)
{
    struct bench *bench = *state;
    assert_ok(deliver(bench, "door", 10));
    assert_ok(deliver(bench, "door", 12));
    /* the application takes its files away */
    assert_int_equal(unlink(path_in_inbox(bench, KEY_NAME "-000000000000000a.message")), 0);
    assert_int_equal(unlink(path_in_inbox(bench, KEY_NAME "-000000000000000c.message")), 0);
    restart(bench);
    assert_status(deliver(bench, "door", 10), GBAU_E_REPLAY);
    assert_status(deliver(bench, "door", 12), GBAU_E_REPLAY);
    assert_ok(deliver(bench, "door", 11));
    assert_ok(deliver(bench, "door", 13));
    assert_int_equal(count_files(bench, ".message"), 2);
}

/* Trouble */

static void test_damaged_window(void **state)
{
    struct bench *bench = *state;
    assert_ok(deliver(bench, "door", 1));
    write_file(path_in_inbox(bench, "." KEY_NAME ".seen"), "short", 0600);
    assert_status(deliver(bench, "door", 2), GBAU_E_CORRUPT); /* rather none than one twice */
    assert_ok(deliver(bench, "gate", 2));
    assert_int_equal(count_files(bench, ".message"), 2);
}

/* The file cannot take its name: the message is not lost, it may come again. */
static void test_name_is_taken(void **state)
{
    struct bench *bench = *state;
    const char *path = path_in_inbox(bench, KEY_NAME "-0000000000000005.message");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_status(deliver(bench, "door", 5), GBAU_E_STORAGE);
    assert_int_equal(count_files(bench, ".new"), 0);
    assert_int_equal(rmdir(path_in_inbox(bench, KEY_NAME "-0000000000000005.message")), 0);
    assert_ok(deliver(bench, "door", 5));
}

static void test_directory_is_gone(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(rmdir(place_path(&bench->place, "inbox")), 0);
    assert_status(deliver(bench, "door", 1), GBAU_E_STORAGE);
    assert_status(deliver(bench, "door", 1), GBAU_E_STORAGE);
}

static void check_opening(struct bench *bench, const char *name)
{
    struct inbox *inbox = NULL;
    assert_status(inbox_open(place_path(&bench->place, name), NULL, &inbox), GBAU_E_STORAGE);
    assert_null(inbox);
}

static void test_openings_that_fail(void **state)
{
    struct bench *bench = *state;
    check_opening(bench, "no/such/directory");
    write_file(place_path(&bench->place, "file"), "x", 0600);
    check_opening(bench, "file");
    inbox_close(NULL);
}

/* Root may write anywhere: then there is nothing to test. */
static void test_unwritable_directory(void **state)
{
    struct bench *bench = *state;
    assert_ok(deliver(bench, "door", 1));
    assert_int_equal(chmod(place_path(&bench->place, "inbox"), 0500), 0);
    if (geteuid() != 0) {
        assert_status(deliver(bench, "door", 2), GBAU_E_STORAGE);
    }
    assert_int_equal(chmod(place_path(&bench->place, "inbox"), 0700), 0);
    assert_ok(deliver(bench, "door", 3));
}

/* The queue */

struct gate {
    sem_t reached;
    sem_t open;
};

static void wait_at_gate(void *context, enum gbau_status status)
{
    struct gate *gate = context;
    assert_int_equal(status, GBAU_OK);
    (void)sem_post(&gate->reached);
    (void)sem_wait(&gate->open);
}

struct tally {
    unsigned called;
    unsigned failed;
};

static void count_delivery(void *context, enum gbau_status status)
{
    struct tally *tally = context;
    tally->called++;
    tally->failed += status != GBAU_OK;
}

/* While the inbox's thread is held, 256 wait and the next is refused; closing delivers all that wait. */
static void test_queue_is_full(void **state)
{
    struct bench *bench = *state;
    struct gate gate;
    struct tally tally = {0};
    static struct naf_message messages[QUEUE_MAX];
    const struct naf_message first = message_of("door", 1, "x");
    assert_int_equal(sem_init(&gate.reached, 0, 0), 0);
    assert_int_equal(sem_init(&gate.open, 0, 0), 0);
    assert_ok(inbox_deliver(bench->inbox, &first, wait_at_gate, &gate));
    assert_int_equal(sem_wait(&gate.reached), 0);
    for (size_t i = 0; i < QUEUE_MAX; i++) {
        messages[i] = message_of("door", 2 + i, "x");
        assert_ok(inbox_deliver(bench->inbox, &messages[i], count_delivery, &tally));
    }
    assert_status(inbox_deliver(bench->inbox, &first, count_delivery, &tally), GBAU_E_BUSY);
    assert_int_equal(tally.called, 0);
    assert_int_equal(sem_post(&gate.open), 0);
    restart(bench);
    assert_int_equal(tally.called, QUEUE_MAX);
    assert_int_equal(tally.failed, 0);
    assert_int_equal(count_files(bench, ".message"), 1 + QUEUE_MAX);
    assert_int_equal(sem_destroy(&gate.reached), 0);
    assert_int_equal(sem_destroy(&gate.open), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(test_file_of_a_message),
        bench_test(test_lengths),
        bench_test(test_odd_labels),
        bench_test(test_replay),
        bench_test(test_first_counters),
        bench_test(test_last_counters),
        bench_test(test_out_of_order),
        bench_test(test_against_a_model),
        bench_test(test_restart),
        bench_test(test_damaged_window),
        bench_test(test_name_is_taken),
        bench_test(test_directory_is_gone),
        bench_test(test_openings_that_fail),
        bench_test(test_unwritable_directory),
        bench_test(test_queue_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
