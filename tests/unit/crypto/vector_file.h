/* vector_file.h: reads a file of tests/data; fields are named as they are there. */
#ifndef TESTS_UNIT_CRYPTO_VECTOR_FILE_H
#define TESTS_UNIT_CRYPTO_VECTOR_FILE_H

#include <stdio.h>

#include <jansson.h>

#include "testing.h"

/* The whole file; the caller ends it with json_decref. */
static inline json_t *vector_file_read(const char *name)
{
    char path[512];
    json_error_t error;
    (void)snprintf(path, sizeof path, "%s/%s", TEST_DATA_DIR, name);
    json_t *file = json_load_file(path, 0, &error);
    if (file == NULL) {
        fail_msg("%s: %s", path, error.text);
    }
    return file;
}

static inline const char *vector_text(const json_t *vector, const char *field)
{
    const char *text = json_string_value(json_object_get(vector, field));
    if (text == NULL) {
        fail_msg("no field %s", field);
    }
    return text;
}

static inline void vector_octets(const json_t *vector, const char *field, uint8_t *out, size_t length)
{
    from_hex(vector_text(vector, field), out, length);
}

#endif
