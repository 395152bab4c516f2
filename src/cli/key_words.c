/* key_words.c: usages and directions in the words of the command line. */
#include "cli/key_words.h"

#include <string.h>

#include "cli/verbs.h"

static const struct {
    enum gbau_usage usage;
    const char *word;
    enum gbau_algorithm usual_algorithm;
    bool has_direction;
} usages[] = {
    {GBAU_USAGE_ENCRYPT, "encrypt", GBAU_AES_256_GCM, true},
    {GBAU_USAGE_MAC, "mac", GBAU_HMAC_SHA256, true},
    {GBAU_USAGE_AUTHENTICATE, "authenticate", GBAU_HMAC_SHA256, false},
    {GBAU_USAGE_DERIVE, "derive", GBAU_KDF, false},
    {GBAU_USAGE_WRAP, "wrap", GBAU_AES_256_GCM, true},
    {GBAU_USAGE_EXPORT, "export", GBAU_KDF, false},
    {GBAU_USAGE_HASH, "hash", GBAU_SHA256, false},
};
enum { USAGE_COUNT = sizeof usages / sizeof usages[0] };

static const char *const directions[] = {
    [GBAU_NO_DIRECTION] = "none",
    [GBAU_CARD_TO_NAF] = "card-to-naf",
    [GBAU_NAF_TO_CARD] = "naf-to-card",
    [GBAU_CARD_TO_CARD] = "card-to-card",
};
enum { DIRECTION_COUNT = sizeof directions / sizeof directions[0] };

const char *key_word_of_usage(enum gbau_usage usage)
{
    for (size_t i = 0; i < USAGE_COUNT; i++) {
        if (usages[i].usage == usage) {
            return usages[i].word;
        }
    }
    return "?";
}

const char *key_word_of_direction(enum gbau_direction direction)
{
    return (unsigned)direction < DIRECTION_COUNT ? directions[direction] : "?";
}

enum gbau_status key_words_read_usage(const char *word, enum gbau_usage *usage)
{
    for (size_t i = 0; i < USAGE_COUNT; i++) {
        if (strcmp(usages[i].word, word) == 0) {
            *usage = usages[i].usage;
            return GBAU_OK;
        }
    }
    log_error(&cli_log, "--usage takes " KEY_USAGE_WORDS);
    return GBAU_E_ARGUMENT;
}

enum gbau_status key_words_read_direction(const char *word, enum gbau_direction *direction)
{
    for (unsigned i = 0; i < DIRECTION_COUNT; i++) {
        if (strcmp(directions[i], word) == 0) {
            *direction = (enum gbau_direction)i;
            return GBAU_OK;
        }
    }
    log_error(&cli_log, "--direction takes " KEY_DIRECTION_WORDS);
    return GBAU_E_ARGUMENT;
}

enum gbau_status key_words_read_algorithm(const char *word, enum gbau_algorithm *algorithm)
{
    *algorithm = gbau_algorithm_of_name(word);
    if (*algorithm == 0) {
        log_error(&cli_log, "--algorithm: '%s' is none; AES-256-GCM and HMAC-SHA-256 are known everywhere", word);
        return GBAU_E_ARGUMENT;
    }
    return GBAU_OK;
}

enum gbau_algorithm key_words_usual_algorithm(enum gbau_usage usage)
{
    for (size_t i = 0; i < USAGE_COUNT; i++) {
        if (usages[i].usage == usage) {
            return usages[i].usual_algorithm;
        }
    }
    return 0;
}

bool key_words_has_direction(enum gbau_usage usage)
{
    for (size_t i = 0; i < USAGE_COUNT; i++) {
        if (usages[i].usage == usage) {
            return usages[i].has_direction;
        }
    }
    return false;
}
