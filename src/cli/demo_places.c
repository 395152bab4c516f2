/* demo_places.c: the directories of gbau demo. */
#include "cli/demo_places.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/verbs.h"

/* The name says whose it is: what stands under it is removed without asking. */
#define WORK_NAME "gbau-demo-work"

enum { NAME_ROOM = 80, OPEN_DIRECTORIES = 8, TAIL_SIZE = 2048, TAIL_LINES = 8 };

static const char *const kept_names[] = {"demo.pcapng", "demo.svg"};

void demo_places_output_path(const struct demo_places *places, const char *name, char path[DEMO_PATH_SIZE])
{
    (void)snprintf(path, DEMO_PATH_SIZE, "%s/%.64s", places->output, name);
}

void demo_places_work_path(const struct demo_places *places, const char *name, char path[DEMO_PATH_SIZE])
{
    (void)snprintf(path, DEMO_PATH_SIZE, "%s/" WORK_NAME "/%.64s", places->output, name);
}

static enum gbau_status explain(const char *what, const char *path)
{
    log_error(&cli_log, "%s %s: %s; name another place with --out", what, path, strerror(errno));
    return GBAU_E_STORAGE;
}

/* As mkdir -p. */
static enum gbau_status make_directories(const char *path)
{
    char part[DEMO_OUTPUT_SIZE];
    const size_t length = strlen(path);
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST) {
            return explain("cannot make the directory", part);
        }
    }
    return GBAU_OK;
}

static enum gbau_status take_output(struct demo_places *places)
{
    places->output_directory = open(places->output, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (places->output_directory < 0) {
        return explain("cannot open the directory", places->output);
    }
    if (flock(places->output_directory, LOCK_EX | LOCK_NB) != 0) {
        log_error(&cli_log, "another demo runs in %s: name another place with --out", places->output);
        return GBAU_E_BUSY;
    }
    return GBAU_OK;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static enum gbau_status remove_work(const struct demo_places *places)
{
    char path[DEMO_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/" WORK_NAME, places->output);
    if (nftw(path, remove_entry, OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT) {
        return GBAU_OK;
    }
    log_error(&cli_log, "cannot remove %s: %s; it holds the keys of a demo: remove it yourself", path, strerror(errno));
    return GBAU_E_STORAGE;
}

/* Nobody shall take the picture of an earlier demo for the one of this. */
static enum gbau_status remove_old_output(const struct demo_places *places)
{
    for (size_t i = 0; i < sizeof kept_names / sizeof kept_names[0]; i++) {
        if (unlinkat(places->output_directory, kept_names[i], 0) != 0 && errno != ENOENT) {
            return explain("cannot replace the old files in", places->output);
        }
    }
    return remove_work(places);
}

static enum gbau_status make_work(struct demo_places *places)
{
    if (mkdirat(places->output_directory, WORK_NAME, 0700) != 0) {
        return explain("cannot make a directory in", places->output);
    }
    places->work_directory = openat(places->output_directory, WORK_NAME, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return places->work_directory >= 0 ? GBAU_OK : explain("cannot open a directory in", places->output);
}

enum gbau_status demo_places_open(struct demo_places *places, const char *output)
{
    *places = DEMO_PLACES_CLOSED;
    const size_t length = strlen(output);
    if (length == 0 || length > sizeof places->output - 1 - NAME_ROOM) {
        log_error(&cli_log, "--out takes the name of a directory");
        return GBAU_E_ARGUMENT;
    }
    memcpy(places->output, output, length + 1);
    enum gbau_status status = make_directories(places->output);
    if (status == GBAU_OK) {
        status = take_output(places);
    }
    if (status == GBAU_OK) {
        status = remove_old_output(places);
    }
    return status == GBAU_OK ? make_work(places) : status;
}

enum gbau_status demo_places_close(struct demo_places *places)
{
    enum gbau_status status = GBAU_OK;
    if (places->work_directory >= 0) {
        (void)close(places->work_directory);
        status = remove_work(places);
    }
    if (places->output_directory >= 0) {
        (void)close(places->output_directory);
    }
    places->work_directory = -1;
    places->output_directory = -1;
    return status;
}

/* Where the last lines of a text begin. */
static const char *find_tail(const char *text, size_t length)
{
    unsigned lines = 0;
    for (size_t i = length; i > 0; i--) {
        const bool ends_line = text[i - 1] == '\n' && i < length;
        if (ends_line && ++lines == TAIL_LINES) {
            return text + i;
        }
    }
    return text;
}

void demo_places_print_tail(FILE *stream, const char *path)
{
    char text[TAIL_SIZE + 1];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return;
    }
    (void)fseek(file, -TAIL_SIZE, SEEK_END); /* fails for a short file, which is then read from its start */
    const size_t length = fread(text, 1, TAIL_SIZE, file);
    (void)fclose(file);
    text[length] = '\0';
    const char *line = find_tail(text, length);
    while (*line != '\0') {
        const size_t line_length = strcspn(line, "\n");
        fprintf(stream, "    %.*s\n", (int)line_length, line);
        line += line_length + (line[line_length] == '\n' ? 1 : 0);
    }
}
