/* token_listing.c: from the card's list to objects. */
#include "pkcs11/token_listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ignore.h"
#include "base/secret.h"
#include "base/text_coding.h"

/* The card's list, whole. */
struct listing {
    struct gbau_key_entry *entries;
    size_t count;
    size_t capacity;
    bool is_short_of_memory;
};

static bool note_entry(void *context, const struct gbau_key_entry *entry)
{
    struct listing *listing = context;
    if (listing->count == listing->capacity) {
        size_t capacity = listing->capacity == 0 ? 8 : 2 * listing->capacity;
        struct gbau_key_entry *entries = realloc(listing->entries, capacity * sizeof *entries);
        if (entries == NULL) {
            listing->is_short_of_memory = true;
            return false;
        }
        listing->entries = entries;
        listing->capacity = capacity;
    }
    listing->entries[listing->count++] = *entry;
    return true;
}

static enum gbau_status read_listing(struct token *token, struct listing *listing)
{
    listing->count = 0;
    enum gbau_status status = gbau_key_list(token->connection.gbau, note_entry, listing);
    return status == GBAU_OK && listing->is_short_of_memory ? GBAU_E_MEMORY : status;
}

static bool is_of_naf(const struct gbau_key_entry *entry, const struct naf_name *naf)
{
    return strcmp(entry->naf_fqdn, naf->fqdn) == 0 && memcmp(entry->ua, naf->ua, sizeof naf->ua) == 0;
}

/* The NAF key of a NAF; NULL when the card has none. */
static const struct gbau_key_entry *find_naf_key(const struct listing *listing, const struct naf_name *naf)
{
    for (size_t i = 0; i < listing->count; i++) {
        if (!listing->entries[i].persisted && is_of_naf(&listing->entries[i], naf)) {
            return &listing->entries[i];
        }
    }
    return NULL;
}

/* Provisioning */

/* Lets the card derive the key of a NAF unless it has the one of the present bootstrapping; true when it did. */
static bool provision_naf(struct token *token, const struct listing *listing, const struct naf_name *naf,
                          const char *b_tid)
{
    uint8_t unused[32]; /* the device has no use for Ks_ext_NAF */
    const struct gbau_key_entry *entry = find_naf_key(listing, naf);
    if (entry != NULL && strcmp(entry->b_tid, b_tid) == 0) {
        return false;
    }
    enum gbau_status status = gbau_naf_key(token->connection.gbau, naf->fqdn, naf->ua, unused);
    secret_wipe(unused, sizeof unused);
    return status == GBAU_OK;
}

/* A service that cannot be reached now does not make the keys unusable that are there: failures only leave keys out. */
static bool provision(struct token *token, const struct listing *listing)
{
    char b_tid[GBAU_B_TID_SIZE];
    bool derived = false;
    const struct slot_configuration *configuration = token->connection.configuration;
    token->is_provisioned = true;
    if (configuration->naf_count + configuration->key_count == 0) {
        return false;
    }
    if (configuration->bsf[0] != '\0') {
        status_ignore(gbau_bootstrap_if_needed(token->connection.gbau, configuration->bsf));
    }
    if (gbau_b_tid(token->connection.gbau, b_tid) != GBAU_OK) {
        return false;
    }
    for (size_t i = 0; i < configuration->naf_count; i++) {
        derived |= provision_naf(token, listing, &configuration->nafs[i], b_tid);
    }
    for (size_t i = 0; i < configuration->key_count; i++) {
        derived |= provision_naf(token, listing, &configuration->keys[i].naf, b_tid);
    }
    return derived;
}

/* Objects */

static bool is_same_object(const struct key_object *a, const struct key_object *b)
{
    return a->origin == b->origin && strcmp(a->label, b->label) == 0 && naf_name_equal(&a->name.naf, &b->name.naf) &&
           strcmp(a->b_tid, b->b_tid) == 0 && a->name.usage == b->name.usage &&
           a->name.direction == b->name.direction && a->name.algorithm == b->name.algorithm;
}

/* Adds an object like `wanted` unless there is one. */
static enum gbau_status list_object(struct token *token, const struct key_object *wanted)
{
    struct key_object *object = object_table_by_label(&token->objects, octets_of_text(wanted->label));
    while (object != NULL && !is_same_object(object, wanted)) {
        object = object->next_by_label;
    }
    if (object == NULL) {
        object = malloc(sizeof *object);
        if (object == NULL) {
            return GBAU_E_MEMORY;
        }
        *object = *wanted;
        if (object_table_add(&token->objects, object) != GBAU_OK) {
            free(object);
            return GBAU_E_MEMORY;
        }
    }
    object->operations = wanted->operations;
    memcpy(object->id, wanted->id, sizeof object->id);
    object->id_length = wanted->id_length;
    object->is_listed = true;
    return GBAU_OK;
}

static void set_id(struct key_object *object, size_t index)
{
    object->id[0] = (uint8_t)object->origin;
    object->id[1] = (uint8_t)(index + 1);
    object->id_length = 2;
}

/* FQDN, with the Ua security protocol identifier when there is another key of that FQDN. */
static void label_by_naf(const struct listing *listing, struct key_object *object)
{
    char ua[HEX_LENGTH(KEY_UA_SIZE) + 1];
    size_t count = 0;
    for (size_t i = 0; i < listing->count; i++) {
        count += !listing->entries[i].persisted && strcmp(listing->entries[i].naf_fqdn, object->name.naf.fqdn) == 0;
    }
    status_ignore(hex_encode(octets_of(object->name.naf.ua, KEY_UA_SIZE), ua, sizeof ua));
    (void)snprintf(object->label, sizeof object->label, count > 1 ? "%s/%s" : "%s", object->name.naf.fqdn, ua);
}

static enum gbau_status list_entry(struct token *token, const struct listing *listing, size_t index, size_t number)
{
    const struct gbau_key_entry *entry = &listing->entries[index];
    struct key_object wanted = {.origin = entry->persisted ? KEY_PERSISTED : KEY_OF_NAF,
                                .operations = entry->operations};
    memcpy(wanted.name.naf.fqdn, entry->naf_fqdn, sizeof wanted.name.naf.fqdn);
    memcpy(wanted.name.naf.ua, entry->ua, sizeof wanted.name.naf.ua);
    memcpy(wanted.b_tid, entry->b_tid, sizeof wanted.b_tid);
    if (entry->persisted) {
        wanted.name.usage = entry->usage;
        wanted.name.direction = entry->direction;
        wanted.name.algorithm = entry->algorithm;
        memcpy(wanted.name.label, entry->label, sizeof wanted.name.label);
        memcpy(wanted.label, entry->label, sizeof entry->label);
    } else {
        label_by_naf(listing, &wanted);
    }
    set_id(&wanted, number);
    return list_object(token, &wanted);
}

static enum gbau_status list_entries(struct token *token, const struct listing *listing)
{
    size_t numbers[2] = {0};
    for (size_t i = 0; i < listing->count; i++) {
        enum gbau_status status = list_entry(token, listing, i, numbers[listing->entries[i].persisted]++);
        if (status != GBAU_OK) {
            return status;
        }
    }
    return GBAU_OK;
}

static enum gbau_status list_configured(struct token *token, const struct listing *listing)
{
    const struct slot_configuration *configuration = token->connection.configuration;
    for (size_t i = 0; i < configuration->key_count; i++) {
        const struct gbau_key_entry *naf_key = find_naf_key(listing, &configuration->keys[i].naf);
        if (naf_key == NULL) {
            continue;
        }
        struct key_object wanted = {
            .origin = KEY_CONFIGURED, .name = configuration->keys[i], .operations = naf_key->operations};
        memcpy(wanted.b_tid, naf_key->b_tid, sizeof wanted.b_tid);
        memcpy(wanted.label, wanted.name.label, sizeof wanted.name.label);
        set_id(&wanted, i);
        enum gbau_status status = list_object(token, &wanted);
        if (status != GBAU_OK) {
            return status;
        }
    }
    return GBAU_OK;
}

/* A derived key is as good as what it was derived from. */
static bool has_root(const struct token *token, const struct listing *listing, const struct key_object *object)
{
    if (object->parent != 0) {
        return object_table_get(&token->objects, object->parent) != NULL;
    }
    const struct gbau_key_entry *naf_key = find_naf_key(listing, &object->name.naf);
    return naf_key != NULL && strcmp(naf_key->b_tid, object->b_tid) == 0;
}

static size_t remove_unlisted(struct token *token, const struct listing *listing)
{
    size_t position = 0;
    size_t removed = 0;
    for (struct key_object *object; (object = object_table_next(&token->objects, &position)) != NULL;) {
        if (object->origin == KEY_DERIVED ? !has_root(token, listing, object) : !object->is_listed) {
            card_connection_close_key(&token->connection, &object->open);
            object_table_remove(&token->objects, object);
            removed++;
        }
    }
    return removed;
}

static enum gbau_status update_objects(struct token *token, const struct listing *listing)
{
    size_t position = 0;
    for (struct key_object *object; (object = object_table_next(&token->objects, &position)) != NULL;) {
        object->is_listed = false;
    }
    enum gbau_status status = list_entries(token, listing);
    if (status == GBAU_OK) {
        status = list_configured(token, listing);
    }
    while (status == GBAU_OK && remove_unlisted(token, listing) > 0) {
        /* children of what was removed go next */
    }
    return status;
}

enum gbau_status token_list_keys(struct token *token)
{
    struct listing listing = {0};
    enum gbau_status status = read_listing(token, &listing);
    if (status == GBAU_OK && !token->is_provisioned && provision(token, &listing)) {
        status = read_listing(token, &listing);
    }
    if (status == GBAU_OK) {
        status = update_objects(token, &listing);
    }
    free(listing.entries);
    return status;
}
