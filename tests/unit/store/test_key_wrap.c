/* test_key_wrap.c: the key file is made once and kept private; what is sealed opens only unchanged and in its place. */
#include "store_testing.h"

#include <pthread.h>

#include "base/secret.h"

enum { SECRET_SIZE = 32, SEALED_SIZE = SECRET_SIZE + KEY_WRAP_OVERHEAD };

static struct place place;
static const uint8_t secret[SECRET_SIZE] = "0123456789abcdef0123456789abcde";
static const uint8_t nothing[SECRET_SIZE];

static int set_up(void **state)
{
    (void)state;
    place_make(&place);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    place_remove(&place);
    return 0;
}

static struct octets aad(void)
{
    return octets_of_text("record 1");
}

static void seal(struct key_wrap *wrap, uint8_t sealed[SEALED_SIZE])
{
    struct octet_writer writer = octet_writer_of(sealed, SEALED_SIZE);
    assert_ok(key_wrap_seal(wrap, octets_of(secret, sizeof secret), aad(), &writer));
    assert_ok(octet_writer_end(&writer));
    assert_int_equal(writer.length, SEALED_SIZE);
}

static enum gbau_status unseal(struct key_wrap *wrap, const uint8_t sealed[SEALED_SIZE], uint8_t opened[SECRET_SIZE])
{
    return key_wrap_open_secret(wrap, octets_of(sealed, SEALED_SIZE), aad(), opened, SECRET_SIZE);
}

static void assert_key_file(const char *text, mode_t mode, enum gbau_status expected)
{
    struct key_wrap *wrap = NULL;
    const char *path = place_path(&place, "key");
    write_file(path, text, mode);
    assert_status(key_wrap_open(path, NULL, &wrap), expected);
    assert_true((wrap != NULL) == (expected == GBAU_OK));
    key_wrap_close(wrap);
}

static void makes_a_private_key_file(void **state)
{
    (void)state;
    struct key_wrap *wrap = NULL;
    struct stat facts;
    char text[80];
    uint8_t key[SECRET_SIZE];
    const char *path = place_path(&place, "key");
    mode_t mask = umask(0);
    assert_ok(key_wrap_open(path, NULL, &wrap));
    (void)umask(mask);
    key_wrap_close(wrap);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0600);
    assert_int_equal(facts.st_size, HEX_LENGTH(SECRET_SIZE) + 1);
    assert_int_equal(facts.st_nlink, 1); /* the temporary name is gone */
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    (void)fclose(file);
    assert_int_equal(text[HEX_LENGTH(SECRET_SIZE)], '\n');
    from_hex(strtok(text, "\n"), key, sizeof key);
    assert_memory_not_equal(key, nothing, sizeof key);
}

static void keeps_the_key(void **state)
{
    (void)state;
    struct key_wrap *first = NULL;
    struct key_wrap *second = NULL;
    uint8_t sealed[SEALED_SIZE];
    uint8_t opened[SECRET_SIZE];
    const char *path = place_path(&place, "key");
    assert_ok(key_wrap_open(path, NULL, &first));
    assert_ok(key_wrap_open(path, NULL, &second));
    seal(first, sealed);
    assert_ok(unseal(second, sealed, opened));
    assert_memory_equal(opened, secret, sizeof secret);
    key_wrap_close(first);
    key_wrap_close(second);
}

static void makes_different_keys(void **state)
{
    (void)state;
    struct key_wrap *first = NULL;
    struct key_wrap *second = NULL;
    uint8_t sealed[SEALED_SIZE];
    uint8_t opened[SECRET_SIZE];
    assert_ok(key_wrap_open(place_path(&place, "key1"), NULL, &first));
    assert_ok(key_wrap_open(place_path(&place, "key2"), NULL, &second));
    seal(first, sealed);
    assert_status(unseal(second, sealed, opened), GBAU_E_CORRUPT);
    key_wrap_close(first);
    key_wrap_close(second);
}

static void reads_key_files(void **state)
{
    (void)state;
    assert_key_file(KEY_1, 0600, GBAU_OK);
    assert_key_file(KEY_1 "\n", 0400, GBAU_OK);
    assert_key_file("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F\n", 0600, GBAU_OK);
}

static void refuses_wrong_key_files(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "\n",
        "00",
        KEY_1 "\n\n",
        KEY_1 " ",
        " " KEY_1,
        KEY_1 "00",
        KEY_1 KEY_2,
        "x00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_key_file(texts[i], 0600, GBAU_E_CONFIGURATION);
    }
}

static void refuses_a_key_file_that_others_may_touch(void **state)
{
    (void)state;
    static const mode_t modes[] = {0640, 0604, 0644, 0660, 0610, 0601, 0620, 0602};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_key_file(KEY_1, modes[i], GBAU_E_CONFIGURATION);
    }
}

static void refuses_what_is_no_file(void **state)
{
    (void)state;
    struct key_wrap *wrap = NULL;
    assert_int_equal(mkfifo(place_path(&place, "fifo"), 0600), 0);
    assert_status(key_wrap_open(place.path, NULL, &wrap), GBAU_E_CONFIGURATION);
    assert_int_equal(mkdir(place_path(&place, "directory"), 0700), 0);
    assert_status(key_wrap_open(place.path, NULL, &wrap), GBAU_E_CONFIGURATION);
    assert_null(wrap);
}

static void cannot_make_a_key_file_without_its_directory(void **state)
{
    (void)state;
    struct key_wrap *wrap = NULL;
    assert_status(key_wrap_open(place_path(&place, "missing/key"), NULL, &wrap), GBAU_E_STORAGE);
    assert_null(wrap);
    char path[5000];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_status(key_wrap_open(path, NULL, &wrap), GBAU_E_STORAGE);
}

static void logs_the_path_but_not_the_key(void **state)
{
    (void)state;
    char *text = NULL;
    size_t length = 0;
    struct log log = {.stream = open_memstream(&text, &length), .program = "test", .level = LOG_LEVEL_DEBUG};
    struct key_wrap *wrap = NULL;
    write_file(place_path(&place, "key"), KEY_1 "0", 0600);
    assert_status(key_wrap_open(place.path, &log, &wrap), GBAU_E_CONFIGURATION);
    (void)fclose(log.stream);
    assert_non_null(strstr(text, place.path));
    assert_null(strstr(text, "0001020304"));
    free(text);
}

/* Each process seals with the key it got, and all must have got the same. */
static void many_processes_make_one_key(void **state)
{
    (void)state;
    enum { PROCESSES = 8 };
    pid_t children[PROCESSES];
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    for (size_t i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            struct key_wrap *wrap = NULL;
            uint8_t sealed[SEALED_SIZE] = {0};
            struct octet_writer writer = octet_writer_of(sealed, SEALED_SIZE);
            bool well = key_wrap_open(place_path(&place, "key"), NULL, &wrap) == GBAU_OK &&
                        key_wrap_seal(wrap, octets_of(secret, sizeof secret), aad(), &writer) == GBAU_OK;
            end_child(well && write(ends[1], sealed, sizeof sealed) == (ssize_t)sizeof sealed);
        }
    }
    struct key_wrap *wrap = NULL;
    uint8_t sealed[SEALED_SIZE];
    uint8_t opened[SECRET_SIZE];
    assert_ok(key_wrap_open(place_path(&place, "key"), NULL, &wrap));
    for (size_t i = 0; i < PROCESSES; i++) {
        assert_child_ended_well(children[i]);
        assert_int_equal(read(ends[0], sealed, sizeof sealed), sizeof sealed);
        assert_ok(unseal(wrap, sealed, opened));
    }
    key_wrap_close(wrap);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void seals_and_opens_every_length(void **state)
{
    (void)state;
    struct key_wrap *wrap = open_wrap(&place, "key", KEY_1);
    uint8_t plain[100];
    uint8_t sealed[sizeof plain + KEY_WRAP_OVERHEAD];
    uint8_t opened[sizeof plain];
    memset(plain, 0xa5, sizeof plain);
    for (size_t length = 0; length <= sizeof plain; length++) {
        struct octet_writer writer = octet_writer_of(sealed, sizeof sealed);
        assert_ok(key_wrap_seal(wrap, octets_of(plain, length), aad(), &writer));
        assert_int_equal(writer.length, length + KEY_WRAP_OVERHEAD);
        assert_ok(key_wrap_open_secret(wrap, octets_written(&writer), aad(), opened, length));
        assert_memory_equal(opened, plain, length);
    }
    key_wrap_close(wrap);
}

static void never_seals_alike(void **state)
{
    (void)state;
    struct key_wrap *wrap = open_wrap(&place, "key", KEY_1);
    uint8_t first[SEALED_SIZE];
    uint8_t second[SEALED_SIZE];
    seal(wrap, first);
    seal(wrap, second);
    assert_memory_not_equal(first, second, AES_GCM_NONCE_SIZE);
    assert_memory_not_equal(first + AES_GCM_NONCE_SIZE, second + AES_GCM_NONCE_SIZE, SECRET_SIZE);
    key_wrap_close(wrap);
}

static void notices_every_flipped_octet(void **state)
{
    (void)state;
    struct key_wrap *wrap = open_wrap(&place, "key", KEY_1);
    uint8_t sealed[SEALED_SIZE];
    uint8_t opened[SECRET_SIZE];
    seal(wrap, sealed);
    for (size_t i = 0; i < sizeof sealed; i++) {
        memset(opened, 0xff, sizeof opened);
        sealed[i] ^= 0x01;
        assert_status(unseal(wrap, sealed, opened), GBAU_E_CORRUPT);
        assert_memory_equal(opened, nothing, sizeof nothing);
        sealed[i] ^= 0x01;
    }
    assert_ok(unseal(wrap, sealed, opened));
    key_wrap_close(wrap);
}

static void notices_every_truncation(void **state)
{
    (void)state;
    struct key_wrap *wrap = open_wrap(&place, "key", KEY_1);
    uint8_t sealed[SEALED_SIZE + 1] = {0};
    uint8_t opened[SECRET_SIZE];
    seal(wrap, sealed);
    for (size_t length = 0; length <= sizeof sealed; length++) {
        enum gbau_status expected = length == SEALED_SIZE ? GBAU_OK : GBAU_E_CORRUPT;
        assert_status(key_wrap_open_secret(wrap, octets_of(sealed, length), aad(), opened, sizeof opened), expected);
    }
    struct octets all = octets_of(sealed, SEALED_SIZE);
    assert_status(key_wrap_open_secret(wrap, all, aad(), opened, SECRET_SIZE - 1), GBAU_E_CORRUPT);
    key_wrap_close(wrap);
}

static void opens_only_in_its_place(void **state)
{
    (void)state;
    struct key_wrap *wrap = open_wrap(&place, "key", KEY_1);
    struct key_wrap *other = open_wrap(&place, "other", KEY_2);
    uint8_t sealed[SEALED_SIZE];
    uint8_t opened[SECRET_SIZE];
    struct octets all = octets_of(sealed, sizeof sealed);
    seal(wrap, sealed);
    assert_status(key_wrap_open_secret(wrap, all, octets_of_text("record 2"), opened, SECRET_SIZE), GBAU_E_CORRUPT);
    assert_status(key_wrap_open_secret(wrap, all, octets_of_text(""), opened, SECRET_SIZE), GBAU_E_CORRUPT);
    assert_status(unseal(other, sealed, opened), GBAU_E_CORRUPT);
    assert_ok(unseal(wrap, sealed, opened));
    key_wrap_close(wrap);
    key_wrap_close(other);
}

static void needs_room_to_seal(void **state)
{
    (void)state;
    struct key_wrap *wrap = open_wrap(&place, "key", KEY_1);
    uint8_t sealed[SEALED_SIZE];
    for (size_t capacity = 0; capacity < sizeof sealed; capacity++) {
        struct octet_writer writer = octet_writer_of(sealed, capacity);
        assert_status(key_wrap_seal(wrap, octets_of(secret, sizeof secret), aad(), &writer), GBAU_E_SPACE);
        assert_status(octet_writer_end(&writer), GBAU_E_SPACE);
    }
    key_wrap_close(wrap);
}

static void *seal_and_open_often(void *argument)
{
    struct key_wrap *wrap = argument;
    for (size_t i = 0; i < 500; i++) {
        uint8_t sealed[SEALED_SIZE];
        uint8_t opened[SECRET_SIZE] = {0};
        struct octet_writer writer = octet_writer_of(sealed, SEALED_SIZE);
        if (key_wrap_seal(wrap, octets_of(secret, sizeof secret), aad(), &writer) != GBAU_OK ||
            unseal(wrap, sealed, opened) != GBAU_OK || !secret_equal(opened, secret, sizeof secret)) {
            return wrap;
        }
    }
    return NULL;
}

static void serves_many_threads(void **state)
{
    (void)state;
    struct key_wrap *wrap = open_wrap(&place, "key", KEY_1);
    pthread_t threads[8];
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, seal_and_open_often, wrap), 0);
    }
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    key_wrap_close(wrap);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(makes_a_private_key_file),      TEST(keeps_the_key),
        TEST(makes_different_keys),          TEST(reads_key_files),
        TEST(refuses_wrong_key_files),       TEST(refuses_a_key_file_that_others_may_touch),
        TEST(refuses_what_is_no_file),       TEST(cannot_make_a_key_file_without_its_directory),
        TEST(logs_the_path_but_not_the_key), TEST(many_processes_make_one_key),
        TEST(seals_and_opens_every_length),  TEST(never_seals_alike),
        TEST(notices_every_flipped_octet),   TEST(notices_every_truncation),
        TEST(opens_only_in_its_place),       TEST(needs_room_to_seal),
        TEST(serves_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
