/* yaml_config_private.h: what a read configuration is made of; private to yaml_config*.c. */
#ifndef CODEC_YAML_CONFIG_PRIVATE_H
#define CODEC_YAML_CONFIG_PRIVATE_H

#include "codec/yaml_config.h"

/* A value in the file: its text when it is a scalar, the number of its elements when not. */
struct yaml_config_entry {
    char *path;
    char *text;
    enum yaml_config_kind kind;
    size_t count;
    size_t line;
    bool is_used;
};

struct yaml_config {
    const struct log *log;
    char *source;                      /* what messages call the text */
    struct yaml_config_entry *entries; /* in the order of the file */
    size_t entry_count;
    size_t capacity;
    struct yaml_config_entry **by_path; /* sorted */
};

#endif
