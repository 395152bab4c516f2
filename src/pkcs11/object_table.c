/* object_table.c: a handle table, and chains of objects by the hash of their label. */
#include "pkcs11/object_table.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/secret.h"

enum { FIRST_BUCKETS = 64 };

static struct key_object **bucket_of(const struct object_table *table, struct octets label)
{
    return &table->buckets[hash_octets(label) & (table->bucket_count - 1)];
}

static void link_object(struct object_table *table, struct key_object *object)
{
    struct key_object **bucket = bucket_of(table, octets_of_text(object->label));
    object->next_by_label = *bucket;
    *bucket = object;
}

/* Keeps chains short: about one object each. */
static enum gbau_status grow_buckets(struct object_table *table)
{
    const size_t count = table->bucket_count == 0 ? FIRST_BUCKETS : 2 * table->bucket_count;
    struct key_object **buckets = calloc(count, sizeof(struct key_object *));
    size_t position = 0;
    if (buckets == NULL) {
        return GBAU_E_MEMORY;
    }
    free(table->buckets);
    table->buckets = buckets;
    table->bucket_count = count;
    for (struct key_object *object; (object = object_table_next(table, &position)) != NULL;) {
        link_object(table, object);
    }
    return GBAU_OK;
}

enum gbau_status object_table_add(struct object_table *table, struct key_object *object)
{
    if (table->object_count == table->bucket_count && grow_buckets(table) != GBAU_OK) {
        return GBAU_E_MEMORY;
    }
    object->handle = handle_table_add(&table->handles, object);
    if (object->handle == 0) {
        return GBAU_E_MEMORY;
    }
    link_object(table, object);
    table->object_count++;
    return GBAU_OK;
}

struct key_object *object_table_get(const struct object_table *table, CK_OBJECT_HANDLE handle)
{
    return handle_table_get(&table->handles, handle);
}

struct key_object *object_table_by_label(const struct object_table *table, struct octets label)
{
    return table->bucket_count == 0 ? NULL : *bucket_of(table, label);
}

struct key_object *object_table_next(const struct object_table *table, size_t *position)
{
    return handle_table_next(&table->handles, position);
}

void object_table_remove(struct object_table *table, struct key_object *object)
{
    struct key_object **link = bucket_of(table, octets_of_text(object->label));
    while (*link != object) {
        link = &(*link)->next_by_label;
    }
    *link = object->next_by_label;
    handle_table_remove(&table->handles, object->handle);
    table->object_count--;
    secret_wipe(object, sizeof *object);
    free(object);
}

void object_table_empty(struct object_table *table)
{
    size_t position = 0;
    for (struct key_object *object; (object = object_table_next(table, &position)) != NULL;) {
        object_table_remove(table, object);
    }
}

void object_table_clear(struct object_table *table)
{
    object_table_empty(table);
    handle_table_clear(&table->handles);
    free(table->buckets);
    *table = (struct object_table){0};
}
