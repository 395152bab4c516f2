/* database_key.h: where the key of a database lies when nobody says otherwise: beside it, as "<database>.key". */
#ifndef CLI_DATABASE_KEY_H
#define CLI_DATABASE_KEY_H

#include <stdio.h>

#include "gbau/status.h"

enum { DATABASE_KEY_PATH_SIZE = 4096 };

static inline enum gbau_status database_key_path(const char *database, char path[DATABASE_KEY_PATH_SIZE])
{
    int length = snprintf(path, DATABASE_KEY_PATH_SIZE, "%s.key", database);
    return length > 0 && length < DATABASE_KEY_PATH_SIZE ? GBAU_OK : GBAU_E_ARGUMENT;
}

#endif
