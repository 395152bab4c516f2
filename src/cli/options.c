/* options.c: command line options as tables. */
#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_help(const struct usage *usage)
{
    printf("usage: %s%s%s [OPTIONS]\n\n%s\n", usage->verb, usage->operands[0] == '\0' ? "" : " ", usage->operands,
           usage->summary);
    if (usage->option_count > 0) {
        printf("\noptions:\n");
    }
    for (size_t i = 0; i < usage->option_count; i++) {
        const struct option *option = &usage->options[i];
        char left[64];
        (void)snprintf(left, sizeof left, "%s%s%s", option->name, option->value_name == NULL ? "" : " ",
                       option->value_name == NULL ? "" : option->value_name);
        printf("  %-24s %s%s\n", left, option->help, option->required ? " (required)" : "");
    }
    printf("  %-24s %s\n", "--help", "this text");
}

static enum options_outcome wrong(const struct usage *usage, const char *what, const char *argument)
{
    fprintf(stderr, "%s: %s %s; see '%s --help'\n", usage->verb, what, argument, usage->verb);
    return OPTIONS_WRONG;
}

static const struct option *find_option(const struct usage *usage, const char *name, size_t length)
{
    for (size_t i = 0; i < usage->option_count; i++) {
        if (strlen(usage->options[i].name) == length && strncmp(usage->options[i].name, name, length) == 0) {
            return &usage->options[i];
        }
    }
    return NULL;
}

static enum options_outcome take_value(const struct usage *usage, const struct option *option, const char *value)
{
    if (option->list != NULL) {
        if (option->list->count == OPTIONS_LIST_MAX) {
            return wrong(usage, "too often:", option->name);
        }
        option->list->values[option->list->count++] = value;
        return OPTIONS_PARSED;
    }
    if (*option->text != NULL) {
        return wrong(usage, "given twice:", option->name);
    }
    *option->text = value;
    return OPTIONS_PARSED;
}

/* "--name value" or "--name=value"; moves *index over what was used. */
static enum options_outcome take_option(const struct usage *usage, int argc, char **argv, int *index)
{
    const char *argument = argv[*index];
    const char *equals = strchr(argument, '=');
    size_t length = equals == NULL ? strlen(argument) : (size_t)(equals - argument);
    const struct option *option = find_option(usage, argument, length);
    if (option == NULL) {
        return wrong(usage, "unknown option", argument);
    }
    if (option->flag != NULL) {
        *option->flag = true;
        return equals == NULL ? OPTIONS_PARSED : wrong(usage, "takes no value:", option->name);
    }
    if (equals != NULL) {
        return take_value(usage, option, equals + 1);
    }
    if (*index + 1 >= argc) {
        return wrong(usage, "value missing after", option->name);
    }
    (*index)++;
    return take_value(usage, option, argv[*index]);
}

static enum options_outcome check_complete(const struct usage *usage, size_t operand_count)
{
    if (operand_count < usage->operand_count) {
        return wrong(usage, "missing:", usage->operands);
    }
    for (size_t i = 0; i < usage->option_count; i++) {
        const struct option *option = &usage->options[i];
        if (option->required && option->text != NULL && *option->text == NULL) {
            return wrong(usage, "missing:", option->name);
        }
    }
    return OPTIONS_PARSED;
}

enum options_outcome options_parse(const struct usage *usage, int argc, char **argv, const char **operands)
{
    size_t operand_count = 0;
    bool options_end = false;
    for (int i = 0; i < argc; i++) {
        enum options_outcome outcome = OPTIONS_PARSED;
        if (!options_end && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
            print_help(usage);
            return OPTIONS_HELP;
        }
        if (!options_end && strcmp(argv[i], "--") == 0) {
            options_end = true;
        } else if (!options_end && argv[i][0] == '-' && argv[i][1] != '\0') {
            outcome = take_option(usage, argc, argv, &i);
        } else if (operand_count == usage->operand_count) {
            outcome = wrong(usage, "too much:", argv[i]);
        } else {
            operands[operand_count++] = argv[i];
        }
        if (outcome != OPTIONS_PARSED) {
            return outcome;
        }
    }
    return check_complete(usage, operand_count);
}

int options_exit_status(enum options_outcome outcome)
{
    return outcome == OPTIONS_HELP ? EXIT_SUCCESS : EXIT_USAGE;
}
