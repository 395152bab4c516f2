/* handle_table.c: an array with a list of free places; a number is index + 1 (16 bits) below a generation (8 bits). */
#include "pkcs11/handle_table.h"

#include <stdbool.h>
#include <stdlib.h>

enum { INDEX_BITS = 16, GENERATION_MASK = 0xff, FIRST_CAPACITY = 16 };

static bool grow(struct handle_table *table)
{
    size_t capacity = table->capacity == 0 ? FIRST_CAPACITY : 2 * table->capacity;
    struct handle_entry *entries = realloc(table->entries, capacity * sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    table->entries = entries;
    table->capacity = capacity;
    return true;
}

static struct handle_entry *take_entry(struct handle_table *table)
{
    /* places that were never used come first, then the one free longest: a stale number meets its place late */
    if (table->first_free != 0 && (table->count == table->capacity || table->count == HANDLE_TABLE_MAX)) {
        struct handle_entry *entry = &table->entries[table->first_free - 1];
        table->first_free = entry->next_free;
        return entry;
    }
    if (table->count == HANDLE_TABLE_MAX || (table->count == table->capacity && !grow(table))) {
        return NULL;
    }
    struct handle_entry *entry = &table->entries[table->count++];
    *entry = (struct handle_entry){0};
    return entry;
}

unsigned long handle_table_add(struct handle_table *table, void *thing)
{
    struct handle_entry *entry = take_entry(table);
    if (entry == NULL) {
        return 0;
    }
    entry->thing = thing;
    return ((unsigned long)entry->generation << INDEX_BITS) | (unsigned long)(entry - table->entries + 1);
}

static struct handle_entry *entry_of(const struct handle_table *table, unsigned long handle)
{
    size_t index = (handle & HANDLE_TABLE_MAX) - 1; /* of 0: beyond every count */
    if (index >= table->count) {
        return NULL;
    }
    struct handle_entry *entry = &table->entries[index];
    return entry->thing != NULL && entry->generation == handle >> INDEX_BITS ? entry : NULL;
}

void *handle_table_get(const struct handle_table *table, unsigned long handle)
{
    const struct handle_entry *entry = entry_of(table, handle);
    return entry != NULL ? entry->thing : NULL;
}

void handle_table_remove(struct handle_table *table, unsigned long handle)
{
    struct handle_entry *entry = entry_of(table, handle);
    if (entry == NULL) {
        return;
    }
    entry->thing = NULL;
    entry->generation = (entry->generation + 1) & GENERATION_MASK;
    entry->next_free = 0;
    const uint16_t freed = (uint16_t)(entry - table->entries + 1);
    *(table->first_free == 0 ? &table->first_free : &table->entries[table->last_free - 1].next_free) = freed;
    table->last_free = freed;
}

void *handle_table_next(const struct handle_table *table, size_t *position)
{
    while (*position < table->count) {
        void *thing = table->entries[(*position)++].thing;
        if (thing != NULL) {
            return thing;
        }
    }
    return NULL;
}

void handle_table_clear(struct handle_table *table)
{
    free(table->entries);
    *table = (struct handle_table){0};
}
