/* object_table.h: the objects of a token, found by handle and by label in constant time. Not thread-safe. */
#ifndef PKCS11_OBJECT_TABLE_H
#define PKCS11_OBJECT_TABLE_H

#include "pkcs11/handle_table.h"
#include "pkcs11/key_object.h"

/* All zero: empty. */
struct object_table {
    struct handle_table handles;
    struct key_object **buckets; /* chains by label */
    size_t bucket_count;         /* 0, or a power of two */
    size_t object_count;
};

/* Takes over `object`, which came from malloc, and sets its handle. GBAU_E_MEMORY: it is still the caller's. */
GBAU_MUST_USE enum gbau_status object_table_add(struct object_table *table, struct key_object *object);

/* NULL when there is none. */
struct key_object *object_table_get(const struct object_table *table, CK_OBJECT_HANDLE handle);

/* The first object with this label, and the next one after `object` with the same; others may come between: compare. */
struct key_object *object_table_by_label(const struct object_table *table, struct octets label);

/* All objects, one after the other; see handle_table_next. */
struct key_object *object_table_next(const struct object_table *table, size_t *position);

/* Takes an object out, wipes and frees it; its key must not be open. */
void object_table_remove(struct object_table *table, struct key_object *object);

/* Removes all objects; their handles stay invalid. */
void object_table_empty(struct object_table *table);

/* The same, and frees the table. */
void object_table_clear(struct object_table *table);

#endif
