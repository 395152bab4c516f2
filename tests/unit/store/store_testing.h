/* store_testing.h: what the tests of the store room share: a directory of their own, and a fixed key in it. */
#ifndef TESTS_STORE_TESTING_H
#define TESTS_STORE_TESTING_H

#include "testing.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/key_wrap.h"

#define KEY_1 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_2 "f00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

struct place {
    char directory[64];
    char path[96]; /* of what place_path was last asked for */
};

static inline void place_make(struct place *place)
{
    (void)snprintf(place->directory, sizeof place->directory, "/tmp/gbau-store-XXXXXX");
    assert_non_null(mkdtemp(place->directory));
}

static inline int place_remove_entry(const char *path, const struct stat *facts, int kind, struct FTW *walk)
{
    (void)facts;
    (void)kind;
    (void)walk;
    return remove(path);
}

static inline void place_remove(const struct place *place)
{
    assert_int_equal(nftw(place->directory, place_remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static inline const char *place_path(struct place *place, const char *name)
{
    (void)snprintf(place->path, sizeof place->path, "%s/%s", place->directory, name);
    return place->path;
}

static inline void write_file(const char *path, const char *text, mode_t mode)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(file, mode), 0);
    assert_int_equal(close(file), 0);
}

/* A wrap with the key of `hex`, in the file `name`. */
static inline struct key_wrap *open_wrap(struct place *place, const char *name, const char *hex)
{
    struct key_wrap *wrap = NULL;
    write_file(place_path(place, name), hex, 0600);
    assert_ok(key_wrap_open(place_path(place, name), NULL, &wrap));
    return wrap;
}

/* Ends a child in such a way that nothing of the test program runs in it. */
static inline _Noreturn void end_child(bool well)
{
    _exit(well ? 0 : 1);
}

static inline void assert_child_ended_well(pid_t child)
{
    int state = 0;
    assert_int_equal(waitpid(child, &state, 0), child);
    assert_true(WIFEXITED(state) && WEXITSTATUS(state) == 0);
}

static inline void kill_child(pid_t child)
{
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

#endif
