/* profile_emit.h: lines of a profile that is written, between profile_write*.c; private to this room. */
#ifndef PROFILE_PROFILE_EMIT_H
#define PROFILE_PROFILE_EMIT_H

#include "profile/file_path.h"
#include "profile/profile_write.h"
#include "profile/rule_words.h"

enum { EMIT_RULES_MAX = 128, EMIT_NAME_SIZE = RULE_NAME_SIZE + 8, EMIT_COMMENT_SIZE = 120 };

/* Rules that records of EF_ARR hold, each once, and their names. */
struct emitted_rule {
    char name[EMIT_NAME_SIZE];
    struct octets octets;
};

struct emitting {
    FILE *stream;
    const struct card_description *description;
    const struct profile_write_options *options;
    bool lists_records; /* else their octets stand in one piece: a reader of YAML counts its items */
    size_t rule_count;
    struct emitted_rule rules[EMIT_RULES_MAX];
};

static inline struct file_list emit_files(const struct emitting *emitting)
{
    return (struct file_list){.files = emitting->description->files, .count = emitting->description->file_count};
}

/* "0a0b": octets as hexadecimal digits in quotation marks, so that nobody takes them for a number. */
void emit_hex(FILE *stream, struct octets octets);

/* The name of a rule, or NULL. */
const char *emit_rule_name(const struct emitting *emitting, struct octets rule);

/* profile_write_files.c */
void emit_all_files(struct emitting *emitting);

#endif
