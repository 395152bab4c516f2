/* demo_places.h: the directories of `gbau demo`: one whose content stays, and one in it that holds keys and goes. */
#ifndef CLI_DEMO_PLACES_H
#define CLI_DEMO_PLACES_H

#include <stdio.h>

#include "base/octets.h"

enum { DEMO_OUTPUT_SIZE = 3968, DEMO_PATH_SIZE = 4096 };

struct demo_places {
    char output[DEMO_OUTPUT_SIZE]; /* what the user gets: capture, picture, logs */
    int output_directory;          /* open and locked while the demo runs; -1: closed */
    int work_directory;            /* card, databases, configurations: mode 0700; -1: closed */
};

#define DEMO_PLACES_CLOSED ((struct demo_places){.output_directory = -1, .work_directory = -1})

/*
 * Makes `output` and the directories above it where they are missing, takes it for this process alone, removes what an
 * earlier demo left in it, and makes an empty working directory. GBAU_E_BUSY when another demo uses it,
 * GBAU_E_ARGUMENT, GBAU_E_STORAGE; each logged. Ended by demo_places_close, also after a failure.
 */
GBAU_MUST_USE enum gbau_status demo_places_open(struct demo_places *places, const char *output);

/* Removes the working directory with all keys. GBAU_E_STORAGE, logged, when something is left. */
GBAU_MUST_USE enum gbau_status demo_places_close(struct demo_places *places);

/* The path of a file whose content stays, and of one in the working directory. Names have at most 64 characters. */
void demo_places_output_path(const struct demo_places *places, const char *name, char path[DEMO_PATH_SIZE]);
void demo_places_work_path(const struct demo_places *places, const char *name, char path[DEMO_PATH_SIZE]);

/* Prints the last lines of the file at `path`, each behind four spaces; nothing when there is no such file. */
void demo_places_print_tail(FILE *stream, const char *path);

#endif
