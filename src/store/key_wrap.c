/* key_wrap.c: seals keys at rest with AES-256-GCM under a key-encryption key from a file. */
#include "store/key_wrap.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/text_coding.h"
#include "crypto/openssl.h"

enum {
    WRAP_KEY_SIZE = 32,
    KEY_LINE_LENGTH = HEX_LENGTH(WRAP_KEY_SIZE) + 1, /* with its newline */
    KEY_LINE_SIZE = KEY_LINE_LENGTH + 1              /* and one more, to see that a file is too long */
};

struct key_wrap {
    pthread_mutex_t turn; /* a struct crypto serves one thread at a time */
    struct crypto crypto;
    uint8_t key[WRAP_KEY_SIZE];
};

static enum gbau_status fail_on_file(const struct log *log, const char *path, const char *action)
{
    log_error(log, "cannot %s the key-encryption key file %s: %s", action, path, strerror(errno));
    return GBAU_E_STORAGE;
}

static enum gbau_status read_all(int file, char *text, size_t capacity, size_t *length)
{
    *length = 0;
    while (*length < capacity) {
        ssize_t count = read(file, text + *length, capacity - *length);
        if (count == 0) {
            break;
        }
        if (count < 0 && errno != EINTR) {
            return GBAU_E_STORAGE;
        }
        *length += count > 0 ? (size_t)count : 0;
    }
    return GBAU_OK;
}

static enum gbau_status write_all(int file, const char *text, size_t length)
{
    size_t written = 0;
    while (written < length) {
        ssize_t count = write(file, text + written, length - written);
        if (count < 0 && errno != EINTR) {
            return GBAU_E_STORAGE;
        }
        written += count > 0 ? (size_t)count : 0;
    }
    return GBAU_OK;
}

static enum gbau_status check_key_file(int file, const char *path, const struct log *log)
{
    struct stat facts;
    if (fstat(file, &facts) != 0) {
        return fail_on_file(log, path, "examine");
    }
    if (!S_ISREG(facts.st_mode) || (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        log_error(log, "key-encryption key file %s must be a regular file with mode 0600", path);
        return GBAU_E_CONFIGURATION;
    }
    return GBAU_OK;
}

static enum gbau_status read_key_line(int file, const char *path, const struct log *log, uint8_t key[WRAP_KEY_SIZE])
{
    char text[KEY_LINE_SIZE];
    size_t length = 0;
    enum gbau_status status = read_all(file, text, sizeof text, &length);
    if (status != GBAU_OK) {
        status = fail_on_file(log, path, "read");
    } else {
        length -= length == KEY_LINE_LENGTH && text[length - 1] == '\n' ? 1 : 0;
        if (hex_decode_exactly(octets_of(text, length), key, WRAP_KEY_SIZE) != GBAU_OK) {
            log_error(log, "key-encryption key file %s does not hold %d hex digits", path, HEX_LENGTH(WRAP_KEY_SIZE));
            status = GBAU_E_CONFIGURATION;
        }
    }
    secret_wipe(text, sizeof text);
    return status;
}

/* GBAU_E_NOT_FOUND, without a word in the log, when there is no such file. */
static enum gbau_status load_key(const char *path, const struct log *log, uint8_t key[WRAP_KEY_SIZE])
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* non-blocking: the path may lead to a FIFO */
    if (file < 0) {
        return errno == ENOENT ? GBAU_E_NOT_FOUND : fail_on_file(log, path, "open");
    }
    enum gbau_status status = check_key_file(file, path, log);
    if (status == GBAU_OK) {
        status = read_key_line(file, path, log, key);
    }
    (void)close(file);
    return status;
}

static enum gbau_status write_random_key(int file, struct crypto *crypto)
{
    uint8_t key[WRAP_KEY_SIZE];
    char line[KEY_LINE_SIZE];
    enum gbau_status status = crypto_random(crypto, key, sizeof key);
    if (status == GBAU_OK) {
        status = hex_encode(octets_of(key, sizeof key), line, sizeof line);
    }
    if (status == GBAU_OK) {
        line[KEY_LINE_LENGTH - 1] = '\n';
        status = write_all(file, line, KEY_LINE_LENGTH);
    }
    if (status == GBAU_OK && fsync(file) != 0) {
        status = GBAU_E_STORAGE;
    }
    secret_wipe(key, sizeof key);
    secret_wipe(line, sizeof line);
    return status;
}

/* A new name is durable only once its directory is. */
static bool sync_directory_of(const char *path)
{
    char copy[PATH_MAX];
    (void)snprintf(copy, sizeof copy, "%s", path);
    int directory = open(dirname(copy), O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    if (directory < 0) {
        return false;
    }
    bool synced = fsync(directory) == 0;
    (void)close(directory);
    return synced;
}

/*
 * The key is written under a temporary name and then linked, so that nobody ever sees half a file, and a file that
 * another process made meanwhile is never replaced.
 */
static enum gbau_status make_key_file(const char *path, struct crypto *crypto, const struct log *log)
{
    char temporary[PATH_MAX];
    int length = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return fail_on_file(log, path, "make");
    }
    int file = mkostemp(temporary, O_CLOEXEC);
    if (file < 0) {
        return fail_on_file(log, path, "make");
    }
    enum gbau_status status = write_random_key(file, crypto);
    if (status == GBAU_OK && ((link(temporary, path) != 0 && errno != EEXIST) || !sync_directory_of(path))) {
        status = GBAU_E_STORAGE;
    }
    if (status == GBAU_E_STORAGE) {
        status = fail_on_file(log, path, "make");
    }
    (void)close(file);
    (void)unlink(temporary);
    return status;
}

static enum gbau_status load_or_make_key(struct key_wrap *wrap, const char *path, const struct log *log)
{
    enum gbau_status status = load_key(path, log, wrap->key);
    if (status != GBAU_E_NOT_FOUND) {
        return status;
    }
    status = make_key_file(path, &wrap->crypto, log);
    if (status == GBAU_OK) {
        status = load_key(path, log, wrap->key);
    }
    return status == GBAU_E_NOT_FOUND ? GBAU_E_STORAGE : status;
}

enum gbau_status key_wrap_open(const char *path, const struct log *log, struct key_wrap **wrap)
{
    *wrap = NULL;
    struct key_wrap *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    (void)pthread_mutex_init(&opened->turn, NULL); /* cannot fail on Linux without attributes */
    enum gbau_status status = crypto_openssl_open(&opened->crypto);
    if (status == GBAU_OK) {
        status = load_or_make_key(opened, path, log);
    }
    if (status != GBAU_OK) {
        key_wrap_close(opened);
        return status;
    }
    *wrap = opened;
    return GBAU_OK;
}

void key_wrap_close(struct key_wrap *wrap)
{
    if (wrap == NULL) {
        return;
    }
    crypto_openssl_close(&wrap->crypto);
    (void)pthread_mutex_destroy(&wrap->turn);
    secret_wipe(wrap, sizeof *wrap);
    free(wrap);
}

enum gbau_status key_wrap_seal(struct key_wrap *wrap, struct octets secret, struct octets aad,
                               struct octet_writer *sealed)
{
    uint8_t *nonce = octet_writer_reserve(sealed, AES_GCM_NONCE_SIZE);
    uint8_t *ciphertext = octet_writer_reserve(sealed, secret.length);
    uint8_t *tag = octet_writer_reserve(sealed, AES_GCM_TAG_SIZE);
    if (nonce == NULL || ciphertext == NULL || tag == NULL) {
        return GBAU_E_SPACE;
    }
    (void)pthread_mutex_lock(&wrap->turn);
    enum gbau_status status = crypto_random(&wrap->crypto, nonce, AES_GCM_NONCE_SIZE);
    if (status == GBAU_OK) {
        status = crypto_aes_gcm_seal(&wrap->crypto, octets_of(wrap->key, sizeof wrap->key), nonce, aad, secret,
                                     ciphertext, tag);
    }
    (void)pthread_mutex_unlock(&wrap->turn);
    return status;
}

enum gbau_status key_wrap_open_secret(struct key_wrap *wrap, struct octets sealed, struct octets aad, uint8_t *secret,
                                      size_t length)
{
    struct octet_reader reader = octet_reader_of(sealed);
    struct octets nonce = octet_reader_take(&reader, AES_GCM_NONCE_SIZE);
    struct octets ciphertext = octet_reader_take(&reader, length);
    struct octets tag = octet_reader_take(&reader, AES_GCM_TAG_SIZE);
    if (octet_reader_end(&reader) != GBAU_OK) {
        secret_wipe(secret, length);
        return GBAU_E_CORRUPT;
    }
    (void)pthread_mutex_lock(&wrap->turn);
    enum gbau_status status = crypto_aes_gcm_open(&wrap->crypto, octets_of(wrap->key, sizeof wrap->key), nonce.data,
                                                  aad, ciphertext, tag.data, secret);
    (void)pthread_mutex_unlock(&wrap->turn);
    return status == GBAU_E_AUTHENTICATION ? GBAU_E_CORRUPT : status;
}
