/* options.h: command line options as tables, with --help made from them. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum { OPTIONS_LIST_MAX = 16, OPTIONS_OPERANDS_MAX = 4 };

/* Values of an option that may come several times. */
struct option_list {
    size_t count;
    const char *values[OPTIONS_LIST_MAX];
};

/* One option. Exactly one of `text`, `list` and `flag` is set: it says where the value goes. */
struct option {
    const char *name;       /* "--imsi" */
    const char *value_name; /* "DIGITS"; NULL for a flag */
    const char *help;
    bool required;
    const char **text;
    struct option_list *list;
    bool *flag;
};

/* What a verb takes. */
struct usage {
    const char *verb;     /* "gbau card create" */
    const char *operands; /* "FILE", or "" */
    const char *summary;  /* what it does: one or more sentences */
    size_t operand_count;
    size_t option_count;
    const struct option *options;
};

enum options_outcome {
    OPTIONS_PARSED,
    OPTIONS_HELP, /* help was printed: end with success */
    OPTIONS_WRONG /* a message was printed: end with EXIT_USAGE */
};

enum { EXIT_USAGE = 2 };

/* Parses arguments (without the verb). Operands go to `operands`, which has room for usage->operand_count. */
enum options_outcome options_parse(const struct usage *usage, int argc, char **argv, const char **operands);

/* The exit status for an outcome other than OPTIONS_PARSED. */
int options_exit_status(enum options_outcome outcome);

#endif
