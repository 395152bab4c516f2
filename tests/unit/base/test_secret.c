/* test_secret.c: wiping, comparing, and a process that leaves no core. */
#include "base/secret.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testing.h"

static void test_wipe(void **state)
{
    (void)state;
    uint8_t octets[64];
    for (size_t length = 0; length <= sizeof octets; length++) {
        memset(octets, 0xa5, sizeof octets);
        secret_wipe(octets, length);
        for (size_t i = 0; i < sizeof octets; i++) {
            assert_int_equal(octets[i], i < length ? 0 : 0xa5);
        }
    }
    secret_wipe(NULL, 0);
}

static void test_equal(void **state)
{
    (void)state;
    uint8_t a[32] = {1, 2, 3};
    uint8_t b[32] = {1, 2, 3};
    assert_true(secret_equal(a, b, sizeof a));
    assert_true(secret_equal(a, a, sizeof a));
    assert_true(secret_equal(a, NULL, 0));
    for (size_t bit = 0; bit < 8 * sizeof b; bit++) {
        b[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(secret_equal(a, b, sizeof a));
        assert_true(secret_equal(a, b, bit / 8)); /* up to the difference they are equal */
        b[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

/* Differences that would cancel each other out in a sum or an exclusive or of all. */
static void test_equal_finds_pairs(void **state)
{
    (void)state;
    const uint8_t a[4] = {0x10, 0x20, 0x30, 0x40};
    const uint8_t swapped[4] = {0x20, 0x10, 0x30, 0x40};
    const uint8_t twice[4] = {0x11, 0x21, 0x30, 0x40};
    assert_false(secret_equal(a, swapped, sizeof a));
    assert_false(secret_equal(a, twice, sizeof a));
}

/* In a child, because there is no way back. */
static void test_harden_process(void **state)
{
    (void)state;
    int result = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit limit = {1, 1};
        secret_harden_process();
        bool hardened = prctl(PR_GET_DUMPABLE) == 0 && getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0 &&
                        limit.rlim_max == 0;
        _exit(hardened ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wipe),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_equal_finds_pairs),
        cmocka_unit_test(test_harden_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
