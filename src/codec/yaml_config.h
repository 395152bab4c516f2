/*
 * yaml_config.h: configuration files in YAML, read whole and looked up by path ("zh.listen", "nafs.0.fqdn").
 *
 * Only mappings, sequences and scalars, quoted or not; no anchors, aliases or tags. A key is made of letters, digits,
 * '-' and '_', and stands once in its mapping. Each value that is looked up is marked, so that a misspelt key is
 * reported instead of ignored (see yaml_config_first_unused). A config is used by one thread at a time.
 */
#ifndef CODEC_YAML_CONFIG_H
#define CODEC_YAML_CONFIG_H

#include "base/log.h"
#include "base/octets.h"

struct yaml_config;

enum { YAML_CONFIG_PATH_SIZE = 256 }; /* room for a path as a C string */

/*
 * Parses `text` in UTF-8; an empty one has no values. On success the caller owns *config and ends it with
 * yaml_config_close; it keeps `log`, which must live as long. Otherwise *config is NULL and the reason is logged:
 * GBAU_E_CONFIGURATION with line and column; GBAU_E_LIMIT beyond 1 MiB, 10,000 values (mappings and sequences count
 * too), a depth of 16, or a path of 255 characters; GBAU_E_MEMORY.
 */
GBAU_MUST_USE enum gbau_status yaml_config_parse(struct octets text, const struct log *log,
                                                 struct yaml_config **config);

/* Reads the file at `path` and parses it; messages name the file. GBAU_E_NOT_FOUND, GBAU_E_IO, and as above. */
GBAU_MUST_USE enum gbau_status yaml_config_load(const char *path, const struct log *log, struct yaml_config **config);

/* Wipes the values, which may hold a password, and frees all. NULL is allowed. */
void yaml_config_close(struct yaml_config *config);

/*
 * The scalar at `path`, or `fallback` when there is none. Owned by `config`. A NULL fallback makes absence visible.
 * "key:" with nothing behind it is an empty text.
 */
const char *yaml_config_text(struct yaml_config *config, const char *path, const char *fallback);

/* The scalar at `path`, which must be there; GBAU_E_CONFIGURATION, logged, when it is not. */
GBAU_MUST_USE enum gbau_status yaml_config_require_text(struct yaml_config *config, const char *path,
                                                        const char **value);

/*
 * A whole decimal number within bounds, or `fallback` when absent; GBAU_E_CONFIGURATION, logged without the value, for
 * anything else. *value is always set.
 */
GBAU_MUST_USE enum gbau_status yaml_config_number(struct yaml_config *config, const char *path, int64_t minimum,
                                                  int64_t maximum, int64_t fallback, int64_t *value);

/* "true" or "false", or `fallback` when absent; GBAU_E_CONFIGURATION, logged, for anything else. */
GBAU_MUST_USE enum gbau_status yaml_config_boolean(struct yaml_config *config, const char *path, bool fallback,
                                                   bool *value);

/* What stands at a path. */
enum yaml_config_kind { YAML_CONFIG_NOTHING, YAML_CONFIG_SCALAR, YAML_CONFIG_MAPPING, YAML_CONFIG_SEQUENCE };
enum yaml_config_kind yaml_config_kind_of(const struct yaml_config *config, const char *path);

/* Name of key number `index` of the mapping at `path`, in the order of the file; NULL. Owned by `config`. */
const char *yaml_config_key(const struct yaml_config *config, const char *path, size_t index);

/*
 * Checks that the mapping at `path` ("": the whole file) has no keys but `allowed`, a list that ends with NULL; no
 * value there is right too. GBAU_E_CONFIGURATION, logged with the line, the key and what is allowed.
 */
GBAU_MUST_USE enum gbau_status yaml_config_check_keys(const struct yaml_config *config, const char *path,
                                                      const char *const *allowed);

/*
 * Logs "FILE:LINE: PATH: " and the message, with the line of the value at `path` or, when there is none, of what it
 * would stand in. Returns GBAU_E_CONFIGURATION.
 */
GBAU_MUST_USE enum gbau_status yaml_config_reject(const struct yaml_config *config, const char *path,
                                                  const char *format, ...) __attribute__((format(printf, 3, 4)));

/* How many elements the sequence at `path` has; 0 when there is none. */
size_t yaml_config_count(const struct yaml_config *config, const char *path);

/* The path of the first scalar, in the order of the file, that nobody has looked up, or NULL. Owned by `config`. */
const char *yaml_config_first_unused(const struct yaml_config *config);

#endif
