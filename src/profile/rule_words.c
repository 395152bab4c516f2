/* rule_words.c: access rules, from words and back. */
#include "profile/rule_words.h"

#include <stdio.h>
#include <string.h>

#include "base/text_coding.h"
#include "codec/ber_tlv.h"

enum {
    TAG_ACCESS_MODE = 0x80,
    TAG_COMMAND_INS = 0x84,
    TAG_ALWAYS = 0x90,
    TAG_NEVER = 0x97,
    TAG_KEY_CONDITION = 0xa4,
    TAG_KEY_REFERENCE = 0x83,
    TAG_USAGE = 0x95,
    USAGE_VERIFIED = 0x08, /* user authentication, by VERIFY */
    TAG_OR = 0xa0,
    TAG_AND = 0xa7,
    TAG_NOT = 0xaf,
    KEYS_MAX = 8 /* of one condition */
};

struct mode_word {
    const char *word;
    uint32_t tag;
    uint8_t value;
};

/* The first word of a value is the one that is written. */
static const struct mode_word mode_words[] = {
    {"read", TAG_ACCESS_MODE, 0x01},         {"update", TAG_ACCESS_MODE, 0x02},    {"write", TAG_ACCESS_MODE, 0x04},
    {"delete-child", TAG_ACCESS_MODE, 0x01}, {"create-ef", TAG_ACCESS_MODE, 0x02}, {"create-df", TAG_ACCESS_MODE, 0x04},
    {"deactivate", TAG_ACCESS_MODE, 0x08},   {"activate", TAG_ACCESS_MODE, 0x10},  {"terminate", TAG_ACCESS_MODE, 0x20},
    {"delete", TAG_ACCESS_MODE, 0x40},       {"state", TAG_ACCESS_MODE, 0x78},     {"all", TAG_ACCESS_MODE, 0x7f},
    {"increase", TAG_COMMAND_INS, 0x32},     {"resize", TAG_COMMAND_INS, 0xd4},
};

static const struct {
    const char *word;
    uint8_t reference;
} key_words[] = {
    {"pin", 0x01},  {"pin2", 0x81}, {"universal-pin", 0x11}, {"adm1", 0x0a}, {"adm2", 0x0b},
    {"adm3", 0x0c}, {"adm4", 0x0d}, {"adm5", 0x0e},          {"adm6", 0x8a}, {"adm7", 0x8b},
    {"adm8", 0x8c}, {"adm9", 0x8d}, {"adm10", 0x8e},
};

/* Behind `prefix` two hexadecimal digits. */
static bool take_octet(const char *word, const char *prefix, uint8_t *octet)
{
    const size_t length = strlen(prefix);
    return strncmp(word, prefix, length) == 0 && strlen(word) == length + 2 &&
           hex_decode_exactly(octets_of_text(word + length), octet, 1) == GBAU_OK;
}

bool rule_words_find_key(const char *word, uint8_t *reference)
{
    for (size_t i = 0; i < sizeof key_words / sizeof key_words[0]; i++) {
        if (strcmp(key_words[i].word, word) == 0) {
            *reference = key_words[i].reference;
            return true;
        }
    }
    return take_octet(word, "key-", reference);
}

void rule_words_put_key(uint8_t reference, char word[RULE_KEY_SIZE])
{
    for (size_t i = 0; i < sizeof key_words / sizeof key_words[0]; i++) {
        if (key_words[i].reference == reference) {
            (void)snprintf(word, RULE_KEY_SIZE, "%s", key_words[i].word);
            return;
        }
    }
    (void)snprintf(word, RULE_KEY_SIZE, "key-%02x", reference);
}

/* From words */

static bool find_mode(const char *word, struct mode_word *mode)
{
    for (size_t i = 0; i < sizeof mode_words / sizeof mode_words[0]; i++) {
        if (strcmp(mode_words[i].word, word) == 0) {
            *mode = mode_words[i];
            return true;
        }
    }
    mode->tag = TAG_COMMAND_INS;
    return take_octet(word, "ins-", &mode->value);
}

/* Keys of a condition and what joins them. */
struct condition {
    uint32_t tag; /* TAG_KEY_CONDITION for one key; TAG_OR, TAG_AND, TAG_NOT */
    size_t count;
    uint8_t keys[KEYS_MAX];
};

static bool take_joint(const char *word, struct condition *condition)
{
    const uint32_t tag = strcmp(word, "or") == 0 ? TAG_OR : strcmp(word, "and") == 0 ? TAG_AND : 0;
    const bool agrees = condition->tag == TAG_KEY_CONDITION || condition->tag == tag;
    condition->tag = tag;
    return tag != 0 && agrees;
}

/* Keys at even places, "or" or "and" at odd ones; "not" in front of one key alone. */
static bool read_keys(char *words, struct condition *condition)
{
    char *rest = NULL;
    size_t place = 0;
    *condition = (struct condition){.tag = TAG_KEY_CONDITION};
    for (char *word = strtok_r(words, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        if (place == 0 && condition->tag == TAG_KEY_CONDITION && strcmp(word, "not") == 0) {
            condition->tag = TAG_NOT;
            continue;
        }
        const bool taken = place % 2 == 0 ? condition->count < KEYS_MAX &&
                                                rule_words_find_key(word, &condition->keys[condition->count++])
                                          : take_joint(word, condition);
        if (!taken) {
            return false;
        }
        place++;
    }
    return place % 2 == 1 && (condition->tag != TAG_NOT || condition->count == 1);
}

static void write_key(struct octet_writer *writer, uint8_t reference)
{
    const uint8_t usage = USAGE_VERIFIED;
    ber_tlv_write_head(writer, TAG_KEY_CONDITION, 6);
    ber_tlv_write(writer, TAG_KEY_REFERENCE, octets_of(&reference, 1));
    ber_tlv_write(writer, TAG_USAGE, octets_of(&usage, 1));
}

static void write_condition(struct octet_writer *writer, const struct condition *condition)
{
    enum { KEY_CONDITION_SIZE = 8 };
    if (condition->tag != TAG_KEY_CONDITION) {
        ber_tlv_write_head(writer, condition->tag, condition->count * KEY_CONDITION_SIZE);
    }
    for (size_t i = 0; i < condition->count; i++) {
        write_key(writer, condition->keys[i]);
    }
}

enum gbau_status rule_words_encode(struct octet_writer *writer, const char *modes, const char *text)
{
    struct mode_word mode;
    struct condition condition;
    char words[RULE_CONDITION_SIZE];
    if (!find_mode(modes, &mode) || snprintf(words, sizeof words, "%s", text) >= (int)sizeof words) {
        return GBAU_E_MALFORMED;
    }
    ber_tlv_write(writer, mode.tag, octets_of(&mode.value, 1));
    if (strcmp(words, "always") == 0 || strcmp(words, "never") == 0) {
        ber_tlv_write_head(writer, words[0] == 'a' ? TAG_ALWAYS : TAG_NEVER, 0);
        return octet_writer_end(writer);
    }
    if (!read_keys(words, &condition)) {
        return GBAU_E_MALFORMED;
    }
    write_condition(writer, &condition);
    return octet_writer_end(writer);
}

/* Into words: what they do not say exactly is found by encoding them again */

static bool put_mode(const struct ber_tlv *access, char modes[RULE_MODES_SIZE])
{
    if (access->value.length != 1) {
        return false;
    }
    const uint8_t value = access->value.data[0];
    for (size_t i = 0; i < sizeof mode_words / sizeof mode_words[0]; i++) {
        if (mode_words[i].tag == access->tag && mode_words[i].value == value) {
            (void)snprintf(modes, RULE_MODES_SIZE, "%s", mode_words[i].word);
            return true;
        }
    }
    (void)snprintf(modes, RULE_MODES_SIZE, "ins-%02x", value);
    return access->tag == TAG_COMMAND_INS;
}

static bool put_key(struct octets key_condition, char *text, size_t capacity, size_t *length)
{
    char word[RULE_KEY_SIZE];
    struct octets reference;
    if (ber_tlv_find(key_condition, TAG_KEY_REFERENCE, &reference) != GBAU_OK || reference.length != 1) {
        return false;
    }
    rule_words_put_key(reference.data[0], word);
    const int written = snprintf(text + *length, capacity - *length, "%s", word);
    *length += written < 0 ? 0 : (size_t)written;
    return *length < capacity;
}

static bool put_joined(const struct ber_tlv *conditions, char text[RULE_CONDITION_SIZE])
{
    const char *joint = conditions->tag == TAG_OR ? " or " : conditions->tag == TAG_AND ? " and " : "not ";
    struct octet_reader reader = octet_reader_of(conditions->value);
    struct ber_tlv condition;
    size_t length = 0;
    while (ber_tlv_next(&reader, &condition)) {
        const int written = length == 0 && conditions->tag != TAG_NOT
                                ? 0
                                : snprintf(text + length, RULE_CONDITION_SIZE - length, "%s", joint);
        length += written < 0 ? 0 : (size_t)written;
        if (length >= RULE_CONDITION_SIZE || !put_key(condition.value, text, RULE_CONDITION_SIZE, &length)) {
            return false;
        }
    }
    return length > 0;
}

static bool put_condition(const struct ber_tlv *condition, char text[RULE_CONDITION_SIZE])
{
    size_t length = 0;
    switch (condition->tag) {
    case TAG_ALWAYS:
    case TAG_NEVER:
        (void)snprintf(text, RULE_CONDITION_SIZE, "%s", condition->tag == TAG_ALWAYS ? "always" : "never");
        return true;
    case TAG_KEY_CONDITION:
        return put_key(condition->value, text, RULE_CONDITION_SIZE, &length);
    case TAG_OR:
    case TAG_AND:
    case TAG_NOT:
        return put_joined(condition, text);
    default:
        return false;
    }
}

static bool says_exactly(const struct rule_words *words, struct octets rule)
{
    uint8_t octets[RULE_SIZE_MAX];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    for (size_t i = 0; i < words->count; i++) {
        if (rule_words_encode(&writer, words->pairs[i].modes, words->pairs[i].condition) != GBAU_OK) {
            return false;
        }
    }
    return octets_equal(octets_written(&writer), rule);
}

/* In a mapping a key stands once. */
static bool has_mode(const struct rule_words *words, const char *modes)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->pairs[i].modes, modes) == 0) {
            return true;
        }
    }
    return false;
}

bool rule_words_decode(struct octets rule, struct rule_words *words)
{
    struct octet_reader reader = octet_reader_of(rule);
    struct ber_tlv access;
    struct ber_tlv condition;
    words->count = 0;
    while (words->count < RULE_PAIRS_MAX && ber_tlv_next(&reader, &access) && ber_tlv_next(&reader, &condition)) {
        struct rule_pair pair = {{0}, {0}};
        if (!put_mode(&access, pair.modes) || !put_condition(&condition, pair.condition) ||
            has_mode(words, pair.modes)) {
            return false;
        }
        words->pairs[words->count++] = pair;
    }
    return words->count > 0 && says_exactly(words, rule);
}

bool rule_words_name(struct octets rule, char name[RULE_NAME_SIZE])
{
    struct rule_words words;
    size_t length = 0;
    if (!rule_words_decode(rule, &words)) {
        return false;
    }
    name[0] = '\0';
    for (size_t i = 0; i < words.count && length < RULE_NAME_SIZE; i++) {
        const struct rule_pair *pair = &words.pairs[i];
        if (strcmp(pair->modes, "state") == 0 || strcmp(pair->modes, "resize") == 0) {
            continue; /* administration: the same for most files */
        }
        const int written = snprintf(name + length, RULE_NAME_SIZE - length, "%s%s-%s", length == 0 ? "" : "-",
                                     pair->modes, pair->condition);
        length += written < 0 ? 0 : (size_t)written;
    }
    for (char *space = strchr(name, ' '); space != NULL; space = strchr(space, ' ')) {
        *space = '-';
    }
    return name[0] != '\0';
}
