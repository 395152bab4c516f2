/*
 * handle_table.h: numbers for things that an application holds on to. A number is found in constant time and is not
 * given again soon after its thing has gone, so a stale one is refused. Not thread-safe.
 */
#ifndef PKCS11_HANDLE_TABLE_H
#define PKCS11_HANDLE_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct handle_entry {
    void *thing;         /* NULL: free */
    uint16_t generation; /* of the number */
    uint16_t next_free;  /* of a free entry: the next one, by index + 1 */
};

/* All zero: an empty table. */
struct handle_table {
    struct handle_entry *entries;
    size_t count; /* entries that are or were in use */
    size_t capacity;
    uint16_t first_free; /* by index + 1, the one free longest; 0: none */
    uint16_t last_free;
};

enum { HANDLE_TABLE_MAX = 0xffff, HANDLE_BITS = 24, HANDLE_MASK = 0xffffff };

/* A number of at most HANDLE_BITS bits for `thing`; 0 when there is no room or no memory. */
unsigned long handle_table_add(struct handle_table *table, void *thing);

/* The thing of a number; NULL when there is none. */
void *handle_table_get(const struct handle_table *table, unsigned long handle);

/* Forgets a number. */
void handle_table_remove(struct handle_table *table, unsigned long handle);

/* The next thing at or after *position, which moves behind it; NULL at the end. Removing it meanwhile is allowed. */
void *handle_table_next(const struct handle_table *table, size_t *position);

/* Frees the table, not the things. */
void handle_table_clear(struct handle_table *table);

#endif
