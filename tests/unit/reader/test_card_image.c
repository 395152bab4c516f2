/* test_card_image.c: cards in files: made whole or not at all, one user at a time, damage told, writes durable. */
#include "reader/card_image.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "card_file.h"

/* Global, because the linker puts the function below in the place of the library's. */
static unsigned syncs;
static bool sync_fails;

int __real_msync(void *address, size_t length, int flags);
int __wrap_msync(void *address, size_t length, int flags);
int __wrap_msync(void *address, size_t length, int flags)
{
    syncs += flags == MS_SYNC ? 1 : 0;
    if (sync_fails) {
        errno = EIO;
        return -1;
    }
    return __real_msync(address, length, flags);
}

static enum gbau_status open_and_close(const char *path)
{
    struct card_image *card = (void *)&card;
    enum gbau_status status = card_image_open(path, CARD_DURABLE, NULL, &card);
    if (status == GBAU_OK) {
        card_image_close(card);
    } else {
        assert_null(card);
    }
    return status;
}

/* The messages that opening or creating logs. */
struct logged {
    char *text;
    size_t length;
    struct log log;
};

static void open_log(struct logged *logged)
{
    *logged = (struct logged){.log = {.program = "test", .level = LOG_LEVEL_DEBUG}};
    logged->log.stream = open_memstream(&logged->text, &logged->length);
    assert_non_null(logged->log.stream);
}

/* One line, which names what it is about. */
static void assert_logged(struct logged *logged, const char *what)
{
    assert_int_equal(fclose(logged->log.stream), 0);
    assert_non_null(strstr(logged->text, what));
    assert_ptr_equal(strchr(logged->text, '\n'), logged->text + logged->length - 1);
    free(logged->text);
}

/* Creating */

static void test_create(void **state)
{
    const struct card_place *place = *state;
    struct stat information;
    const mode_t mask = umask(0);
    create_card(place);
    (void)umask(mask);
    assert_int_equal(stat(place->path, &information), 0);
    assert_int_equal(information.st_mode & 07777, 0600);
    assert_int_equal(information.st_size, card_profile_memory_size());
    assert_int_equal(information.st_nlink, 1);
    assert_int_equal(count_files(place), 1); /* nothing beside it */
    assert_ok(open_and_close(place->path));
}

static void test_create_where_one_is(void **state)
{
    const struct card_place *place = *state;
    const struct card_profile profile = test_profile();
    struct logged logged;
    create_card(place);
    struct card_image *card = open_card(place);
    assert_image_apdu(card, SELECT_USIM, "9000");
    assert_image_apdu(card, VERIFY, "9000");
    assert_image_apdu(card, BOOTSTRAP_V1, RES_V1);
    open_log(&logged);
    assert_status(card_image_create(place->path, &profile, &logged.log), GBAU_E_EXISTS);
    assert_logged(&logged, place->path);
    assert_image_apdu(card, "00a4000c026fd6", "9000");
    assert_image_apdu(card, "00b0000011", "1023553cbe9637a89d218ae64dae47bf359000");
    card_image_close(card);
    assert_int_equal(count_files(place), 1);
}

static void test_create_where_something_else_is(void **state)
{
    const struct card_place *place = *state;
    const struct card_profile profile = test_profile();
    assert_int_equal(symlink("/nonexistent", place->path), 0);
    assert_status(card_image_create(place->path, &profile, NULL), GBAU_E_EXISTS);
    assert_int_equal(unlink(place->path), 0);
    assert_int_equal(mkdir(place->path, 0700), 0);
    assert_status(card_image_create(place->path, &profile, NULL), GBAU_E_EXISTS);
    assert_int_equal(rmdir(place->path), 0);
    assert_int_equal(count_files(place), 0);
}

static void test_create_with_wrong_profile(void **state)
{
    const struct card_place *place = *state;
    struct card_profile profile = test_profile();
    profile.imsi = "12345";
    assert_status(card_image_create(place->path, &profile, NULL), GBAU_E_ARGUMENT);
    assert_int_equal(count_files(place), 0);
}

static void test_create_in_wrong_place(void **state)
{
    const struct card_place *place = *state;
    const struct card_profile profile = test_profile();
    char path[5000];
    struct logged logged;
    (void)snprintf(path, sizeof path, "%s/no/card", place->directory);
    open_log(&logged);
    assert_status(card_image_create(path, &profile, &logged.log), GBAU_E_STORAGE);
    assert_logged(&logged, path);
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    open_log(&logged);
    assert_status(card_image_create(path, &profile, &logged.log), GBAU_E_ARGUMENT);
    assert_logged(&logged, "too long");
    assert_int_equal(count_files(place), 0);
}

static int wait_for(pid_t child)
{
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
}

/* In a process whose files may not grow: no card, and nothing left behind. */
static void test_create_on_a_full_disk(void **state)
{
    const struct card_place *place = *state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit small = {4096, 4096};
        const struct card_profile profile = test_profile();
        (void)signal(SIGXFSZ, SIG_IGN);
        bool limited = setrlimit(RLIMIT_FSIZE, &small) == 0;
        _exit(limited && card_image_create(place->path, &profile, NULL) == GBAU_E_STORAGE ? 0 : 1);
    }
    assert_int_equal(wait_for(child), 0);
    assert_int_equal(count_files(place), 0);
}

static void test_create_when_syncing_fails(void **state)
{
    const struct card_place *place = *state;
    const struct card_profile profile = test_profile();
    sync_fails = true;
    enum gbau_status status = card_image_create(place->path, &profile, NULL);
    sync_fails = false;
    assert_status(status, GBAU_E_STORAGE);
    assert_int_equal(count_files(place), 0);
}

/* Of many that make the same card at once one wins, and its card is whole. */
static void test_create_at_once(void **state)
{
    enum { PROCESSES = 8 };
    const struct card_place *place = *state;
    pid_t children[PROCESSES];
    int won = 0;
    for (size_t i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            const struct card_profile profile = test_profile();
            enum gbau_status status = card_image_create(place->path, &profile, NULL);
            _exit(status == GBAU_OK ? 10 : status == GBAU_E_EXISTS ? 11 : 12);
        }
    }
    for (size_t i = 0; i < PROCESSES; i++) {
        int result = wait_for(children[i]);
        assert_in_range(result, 10, 11);
        won += result == 10 ? 1 : 0;
    }
    assert_int_equal(won, 1);
    assert_int_equal(count_files(place), 1);
    assert_ok(open_and_close(place->path));
}

/* Opening */

static void test_one_user_in_a_process(void **state)
{
    const struct card_place *place = *state;
    struct logged logged;
    create_card(place);
    struct card_image *card = open_card(place);
    struct card_image *second = NULL;
    open_log(&logged);
    assert_status(card_image_open(place->path, CARD_DURABLE, &logged.log, &second), GBAU_E_BUSY);
    assert_logged(&logged, "in use");
    assert_null(second);
    assert_image_apdu(card, SELECT_USIM, "9000"); /* the first goes on */
    card_image_close(card);
    assert_ok(open_and_close(place->path));
    card_image_close(NULL);
}

/* A child that opens the card and holds it until it is killed. */
static pid_t hold_card(const struct card_place *place)
{
    int ready[2];
    char sign = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct card_image *card = NULL;
        sign = card_image_open(place->path, CARD_DURABLE, NULL, &card) == GBAU_OK ? 'y' : 'n';
        if (write(ready[1], &sign, 1) != 1) {
            _exit(1);
        }
        for (;;) {
            (void)pause();
        }
    }
    assert_int_equal(read(ready[0], &sign, 1), 1);
    assert_int_equal(sign, 'y');
    (void)close(ready[0]);
    (void)close(ready[1]);
    return child;
}

/* Also one that ends without a word gives the card back. */
static void test_one_user_among_processes(void **state)
{
    const struct card_place *place = *state;
    int result = 0;
    create_card(place);
    pid_t child = hold_card(place);
    assert_status(open_and_close(place->path), GBAU_E_BUSY);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_ok(open_and_close(place->path));
}

static void test_a_child_does_not_inherit_the_card(void **state)
{
    const struct card_place *place = *state;
    create_card(place);
    struct card_image *card = open_card(place);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execl("/bin/sleep", "sleep", "5", (char *)NULL);
        _exit(1);
    }
    (void)usleep(100000); /* for the child to become another program */
    card_image_close(card);
    enum gbau_status status = open_and_close(place->path);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    assert_ok(status);
}

static void test_missing(void **state)
{
    const struct card_place *place = *state;
    struct logged logged;
    struct card_image *card = NULL;
    open_log(&logged);
    assert_status(card_image_open(place->path, CARD_DURABLE, &logged.log, &card), GBAU_E_NOT_FOUND);
    assert_logged(&logged, place->path);
    assert_int_equal(count_files(place), 0); /* opening makes nothing */
    assert_status(open_and_close(place->directory), GBAU_E_IO);
}

static void write_file(const char *path, const uint8_t *octets, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(octets, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void test_not_a_card(void **state)
{
    const struct card_place *place = *state;
    const size_t size = card_profile_memory_size();
    struct logged logged;
    struct card_image *card = NULL;
    uint8_t *octets = calloc(1, size);
    assert_non_null(octets);
    write_file(place->path, octets, 0);
    assert_status(open_and_close(place->path), GBAU_E_MALFORMED);
    write_file(place->path, (const uint8_t *)"Dear diary", 10);
    open_log(&logged);
    assert_status(card_image_open(place->path, CARD_DURABLE, &logged.log, &card), GBAU_E_MALFORMED);
    assert_logged(&logged, "not a card file");
    write_file(place->path, octets, size);
    assert_status(open_and_close(place->path), GBAU_E_MALFORMED);
    memset(octets, 0xff, size);
    write_file(place->path, octets, size);
    assert_status(open_and_close(place->path), GBAU_E_MALFORMED);
    free(octets);
    assert_int_equal(truncate(place->path, 1L << 40), 0); /* a hole of a terabyte */
    assert_status(open_and_close(place->path), GBAU_E_MALFORMED);
    assert_int_equal(unlink(place->path), 0);
    assert_int_equal(mkfifo(place->path, 0600), 0);
    assert_status(open_and_close(place->path), GBAU_E_MALFORMED);
}

/* Cut short anywhere, the file is refused; no access beyond its end (SIGBUS) happens. */
static void test_truncated(void **state)
{
    const struct card_place *place = *state;
    create_card(place);
    for (long size = (long)card_profile_memory_size() - 1; size > 0; size -= size > 200 ? 97 : 1) {
        assert_int_equal(truncate(place->path, size), 0);
        enum gbau_status status = open_and_close(place->path);
        assert_true(status == GBAU_E_CORRUPT || status == GBAU_E_MALFORMED);
    }
}

static void flip_octet(const char *path, off_t offset)
{
    uint8_t octet = 0;
    int file = open(path, O_RDWR | O_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(pread(file, &octet, 1, offset), 1);
    octet ^= 0x10;
    assert_int_equal(pwrite(file, &octet, 1, offset), 1);
    assert_int_equal(close(file), 0);
}

static void test_damaged(void **state)
{
    const struct card_place *place = *state;
    struct logged logged;
    struct card_image *card = NULL;
    create_card(place);
    for (off_t offset = 8; offset < 8000; offset += 499) { /* header and data */
        flip_octet(place->path, offset);
        if (offset == 8 || offset >= 64) {
            assert_status(open_and_close(place->path), GBAU_E_CORRUPT);
        }
        flip_octet(place->path, offset);
        assert_ok(open_and_close(place->path));
    }
    flip_octet(place->path, 3000);
    open_log(&logged);
    assert_status(card_image_open(place->path, CARD_DURABLE, &logged.log, &card), GBAU_E_CORRUPT);
    assert_logged(&logged, "damaged");
}

/* Running */

static void test_state_survives_closing(void **state)
{
    const struct card_place *place = *state;
    create_card(place);
    struct card_image *card = open_card(place);
    assert_image_apdu(card, SELECT_USIM, "9000");
    assert_image_apdu(card, VERIFY, "9000");
    assert_image_apdu(card, BOOTSTRAP_V1, RES_V1);
    card_image_close(card);
    card = open_card(place);
    assert_image_apdu(card, SELECT_USIM, "9000");
    assert_image_apdu(card, BOOTSTRAP_V1, "6982"); /* the PIN was of that session */
    assert_image_apdu(card, VERIFY, "9000");
    assert_int_equal(strncmp(image_apdu(card, BOOTSTRAP_V1), "dc0e", 4), 0); /* SQN was not forgotten */
    card_image_close(card);
}

static void test_reset(void **state)
{
    const struct card_place *place = *state;
    create_card(place);
    struct card_image *card = open_card(place);
    assert_image_apdu(card, SELECT_USIM, "9000");
    assert_image_apdu(card, VERIFY, "9000");
    assert_image_apdu(card, "0070000001", "019000");
    card_image_reset(card);
    assert_image_apdu(card, "01a4000c", "6881");
    assert_image_apdu(card, SELECT_USIM, "9000");
    assert_image_apdu(card, BOOTSTRAP_V1, "6982");
    card_image_close(card);
}

/* What was answered with 9000 is in the file, though the process is killed right after it. */
static void test_killed_after_the_answer(void **state)
{
    const struct card_place *place = *state;
    const enum card_durability durabilities[] = {CARD_DURABLE, CARD_VOLATILE};
    for (size_t i = 0; i < 2; i++) {
        create_card(place);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct card_image *card = NULL;
            bool answered = card_image_open(place->path, durabilities[i], NULL, &card) == GBAU_OK &&
                            strcmp(image_apdu(card, "002000010839333333ffffffff"), "63c2") == 0;
            if (!answered) {
                _exit(1);
            }
            (void)kill(getpid(), SIGKILL);
        }
        assert_int_equal(wait_for(child), -1);
        struct card_image *card = open_card(place);
        assert_image_apdu(card, "00200001", "63c2");
        card_image_close(card);
        assert_int_equal(unlink(place->path), 0);
    }
}

/* A durable card syncs before each answer, a volatile one never. */
static void test_durability(void **state)
{
    const struct card_place *place = *state;
    struct card_image *card = NULL;
    create_card(place);
    assert_ok(card_image_open(place->path, CARD_DURABLE, NULL, &card));
    syncs = 0;
    assert_image_apdu(card, SELECT_USIM, "9000");
    assert_int_equal(syncs, 0);
    assert_image_apdu(card, VERIFY, "9000");
    assert_true(syncs >= 2); /* a try paid, then given back */
    syncs = 0;
    assert_image_apdu(card, BOOTSTRAP_V1, RES_V1);
    assert_int_equal(syncs, 1);
    card_image_close(card);

    assert_ok(card_image_open(place->path, CARD_VOLATILE, NULL, &card));
    syncs = 0;
    assert_image_apdu(card, SELECT_USIM, "9000");
    assert_image_apdu(card, VERIFY, "9000");
    assert_int_equal(syncs, 0);
    card_image_close(card);
}

/* When the disk refuses, the card says so and gives no RES: nobody may rely on keys that are not stored. */
static void test_failing_sync(void **state)
{
    const struct card_place *place = *state;
    create_card(place);
    struct card_image *card = open_card(place);
    assert_image_apdu(card, SELECT_USIM, "9000");
    assert_image_apdu(card, VERIFY, "9000");
    sync_fails = true;
    assert_image_apdu(card, BOOTSTRAP_V1, "6581");
    sync_fails = false;
    assert_image_apdu(card, BOOTSTRAP_V1, "6581");     /* what is durable is known only after opening anew */
    assert_image_apdu(card, "00a4000c026f07", "9000"); /* reading goes on */
    card_image_close(card);
    card = open_card(place);
    assert_image_apdu(card, SELECT_USIM, "9000");
    assert_image_apdu(card, VERIFY, "9000");
    card_image_close(card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        place_test(test_create),
        place_test(test_create_where_one_is),
        place_test(test_create_where_something_else_is),
        place_test(test_create_with_wrong_profile),
        place_test(test_create_in_wrong_place),
        place_test(test_create_on_a_full_disk),
        place_test(test_create_when_syncing_fails),
        place_test(test_create_at_once),
        place_test(test_one_user_in_a_process),
        place_test(test_one_user_among_processes),
        place_test(test_a_child_does_not_inherit_the_card),
        place_test(test_missing),
        place_test(test_not_a_card),
        place_test(test_truncated),
        place_test(test_damaged),
        place_test(test_state_survives_closing),
        place_test(test_reset),
        place_test(test_killed_after_the_answer),
        place_test(test_durability),
        place_test(test_failing_sync),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
