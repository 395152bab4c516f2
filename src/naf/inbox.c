/* inbox.c: opened messages as files, and a replay window for each key. */
#include "naf/inbox.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text_coding.h"
#include "crypto/openssl.h"

enum { QUEUE_MAX = 256, KEY_NAME_OCTETS = 8, KEY_NAME_SIZE = 2 * KEY_NAME_OCTETS + 1, FILE_NAME_SIZE = 64,
       WINDOW_SIZE = 16, WINDOW_BITS = 64 };

struct delivery {
    const struct naf_message *message;
    inbox_done *done;
    void *context;
};

struct inbox {
    const struct log *log;
    struct crypto crypto; /* the thread's own */
    int directory;
    pthread_t thread;
    bool thread_runs;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool ends;
    size_t first;
    size_t count;
    struct delivery queue[QUEUE_MAX];
};

/* Which counters of a key were seen: the highest, and one bit for each of the 64 up to it. */
struct window {
    uint64_t highest;
    uint64_t seen;
};

static bool window_admits(const struct window *window, uint64_t counter)
{
    if (counter > window->highest) {
        return true;
    }
    uint64_t age = window->highest - counter;
    return age < WINDOW_BITS && (window->seen >> age & 1U) == 0;
}

static void window_note(struct window *window, uint64_t counter)
{
    if (counter <= window->highest) {
        window->seen |= 1ULL << (window->highest - counter);
        return;
    }
    uint64_t step = counter - window->highest;
    window->seen = step < WINDOW_BITS ? window->seen << step : 0;
    window->seen |= 1;
    window->highest = counter;
}

/* Files */

static enum gbau_status read_window(const struct inbox *inbox, const char *name, struct window *window)
{
    uint8_t octets[WINDOW_SIZE];
    int descriptor = openat(inbox->directory, name, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        *window = (struct window){0};
        return errno == ENOENT ? GBAU_OK : GBAU_E_STORAGE;
    }
    ssize_t length = read(descriptor, octets, sizeof octets);
    (void)close(descriptor);
    if (length != (ssize_t)sizeof octets) {
        return GBAU_E_CORRUPT;
    }
    struct octet_reader reader = octet_reader_of(octets_of(octets, sizeof octets));
    window->highest = octet_reader_u64(&reader);
    window->seen = octet_reader_u64(&reader);
    return octet_reader_end(&reader);
}

/* Under another name first, durable, then renamed. */
static enum gbau_status write_whole_file(const struct inbox *inbox, const char *name, struct octets content)
{
    static const char temporary[] = ".new";
    int descriptor = openat(inbox->directory, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        return GBAU_E_STORAGE;
    }
    size_t written = 0;
    while (written < content.length) {
        ssize_t step = write(descriptor, content.data + written, content.length - written);
        if (step <= 0) {
            break;
        }
        written += (size_t)step;
    }
    bool durable = written == content.length && fsync(descriptor) == 0;
    durable = close(descriptor) == 0 && durable;
    if (!durable || renameat(inbox->directory, temporary, inbox->directory, name) != 0) {
        (void)unlinkat(inbox->directory, temporary, 0); /* no part of a message stays behind */
        return GBAU_E_STORAGE;
    }
    return fsync(inbox->directory) == 0 ? GBAU_OK : GBAU_E_STORAGE;
}

static enum gbau_status write_window(const struct inbox *inbox, const char *name, const struct window *window)
{
    uint8_t octets[WINDOW_SIZE];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    octet_writer_u64(&writer, window->highest);
    octet_writer_u64(&writer, window->seen);
    return write_whole_file(inbox, name, octets_of(octets, sizeof octets));
}

/* A key's name in the inbox: the head of a hash, since a label may hold anything. */
static enum gbau_status name_key(struct inbox *inbox, const struct naf_message *message, char name[KEY_NAME_SIZE])
{
    uint8_t digest[SHA256_SIZE];
    const struct octets parts[] = {octets_of_text(message->b_tid), octets_of_text("#"),
                                   octets_of_text(message->label)};
    enum gbau_status status = crypto_digest(&inbox->crypto, DIGEST_SHA256, parts, 3, digest);
    return status == GBAU_OK ? hex_encode(octets_of(digest, KEY_NAME_OCTETS), name, KEY_NAME_SIZE) : status;
}

/* The message before the window: a crash in between repeats a file under the same name, and loses nothing. */
static enum gbau_status deliver(struct inbox *inbox, const struct naf_message *message)
{
    char key[KEY_NAME_SIZE];
    char window_name[FILE_NAME_SIZE];
    char message_name[FILE_NAME_SIZE];
    struct window window;
    enum gbau_status status = name_key(inbox, message, key);
    if (status != GBAU_OK) {
        return status;
    }
    (void)snprintf(window_name, sizeof window_name, ".%s.seen", key);
    (void)snprintf(message_name, sizeof message_name, "%s-%016llx.message", key, (unsigned long long)message->counter);
    status = read_window(inbox, window_name, &window);
    if (status == GBAU_OK && !window_admits(&window, message->counter)) {
        status = GBAU_E_REPLAY;
    }
    if (status == GBAU_OK) {
        status = write_whole_file(inbox, message_name, octets_of(message->text, message->length));
    }
    if (status == GBAU_OK) {
        window_note(&window, message->counter);
        status = write_window(inbox, window_name, &window);
    }
    return status;
}

/* The thread */

static bool take_next(struct inbox *inbox, struct delivery *delivery)
{
    (void)pthread_mutex_lock(&inbox->mutex);
    while (inbox->count == 0 && !inbox->ends) {
        (void)pthread_cond_wait(&inbox->changed, &inbox->mutex);
    }
    bool taken = inbox->count > 0;
    if (taken) {
        *delivery = inbox->queue[inbox->first];
        inbox->first = (inbox->first + 1) % QUEUE_MAX;
        inbox->count--;
    }
    (void)pthread_mutex_unlock(&inbox->mutex);
    return taken;
}

static void *run(void *context)
{
    struct inbox *inbox = context;
    struct delivery delivery;
    while (take_next(inbox, &delivery)) {
        delivery.done(delivery.context, deliver(inbox, delivery.message));
    }
    return NULL;
}

enum gbau_status inbox_open(const char *directory, const struct log *log, struct inbox **inbox)
{
    *inbox = NULL;
    struct inbox *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    opened->log = log;
    (void)pthread_mutex_init(&opened->mutex, NULL);
    (void)pthread_cond_init(&opened->changed, NULL);
    bool made = mkdir(directory, 0700) == 0 || errno == EEXIST;
    opened->directory = made ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (opened->directory < 0) {
        log_error(log, "cannot open the inbox %s: %s", directory, strerror(errno));
        inbox_close(opened);
        return GBAU_E_STORAGE;
    }
    enum gbau_status status = crypto_openssl_open(&opened->crypto);
    if (status == GBAU_OK && pthread_create(&opened->thread, NULL, run, opened) != 0) {
        status = GBAU_E_MEMORY;
    }
    if (status != GBAU_OK) {
        inbox_close(opened);
        return status;
    }
    opened->thread_runs = true;
    *inbox = opened;
    return GBAU_OK;
}

void inbox_close(struct inbox *inbox)
{
    if (inbox == NULL) {
        return;
    }
    if (inbox->thread_runs) {
        (void)pthread_mutex_lock(&inbox->mutex);
        inbox->ends = true;
        (void)pthread_cond_signal(&inbox->changed);
        (void)pthread_mutex_unlock(&inbox->mutex);
        (void)pthread_join(inbox->thread, NULL);
    }
    if (inbox->directory >= 0) {
        (void)close(inbox->directory);
    }
    crypto_openssl_close(&inbox->crypto);
    (void)pthread_cond_destroy(&inbox->changed);
    (void)pthread_mutex_destroy(&inbox->mutex);
    free(inbox);
}

enum gbau_status inbox_deliver(struct inbox *inbox, const struct naf_message *message, inbox_done *done, void *context)
{
    enum gbau_status status = GBAU_E_BUSY;
    (void)pthread_mutex_lock(&inbox->mutex);
    if (inbox->count < QUEUE_MAX && !inbox->ends) {
        inbox->queue[(inbox->first + inbox->count) % QUEUE_MAX] =
            (struct delivery){.message = message, .done = done, .context = context};
        inbox->count++;
        (void)pthread_cond_signal(&inbox->changed);
        status = GBAU_OK;
    }
    (void)pthread_mutex_unlock(&inbox->mutex);
    return status;
}
