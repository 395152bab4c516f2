/* challenge_table.c: a hash table over a fixed pool; all live equally long, so the oldest ends first. */
#include "bsf/challenge_table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/secret.h"

enum { USER_BUCKETS = 4096, NOBODY = UINT32_MAX };

struct entry {
    struct challenge challenge;
    unix_time ends;
    uint32_t next_in_bucket;
    uint32_t older; /* towards the oldest */
    uint32_t newer;
};

struct challenge_table {
    pthread_mutex_t mutex;
    const struct clock *clock;
    size_t maximum;
    size_t count;
    unsigned maximum_for_one;
    unsigned lifetime_s;
    uint32_t oldest;
    uint32_t newest;
    uint32_t free_entries; /* chained by next_in_bucket */
    size_t bucket_count;
    uint32_t *buckets;
    struct entry *entries;
    uint16_t pending_of_user[USER_BUCKETS]; /* by hash: users who share a bucket share its limit */
};

void challenge_clear(struct challenge *challenge)
{
    free(challenge->guss_xml);
    secret_wipe(challenge, sizeof *challenge);
}

enum gbau_status challenge_table_open(size_t maximum, unsigned maximum_for_one, unsigned lifetime_s,
                                      const struct clock *clock, struct challenge_table **table)
{
    *table = NULL;
    if (maximum < 1 || maximum > 1U << 20 || maximum_for_one < 1 || maximum_for_one > UINT16_MAX || lifetime_s < 1) {
        return GBAU_E_ARGUMENT;
    }
    struct challenge_table *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    (void)pthread_mutex_init(&opened->mutex, NULL);
    *opened = (struct challenge_table){.mutex = opened->mutex, .clock = clock, .maximum = maximum,
                                       .maximum_for_one = maximum_for_one, .lifetime_s = lifetime_s,
                                       .oldest = NOBODY, .newest = NOBODY, .bucket_count = maximum};
    opened->buckets = malloc(maximum * sizeof *opened->buckets);
    opened->entries = calloc(maximum, sizeof *opened->entries);
    if (opened->buckets == NULL || opened->entries == NULL) {
        challenge_table_close(opened);
        return GBAU_E_MEMORY;
    }
    for (size_t i = 0; i < maximum; i++) {
        opened->buckets[i] = NOBODY;
        opened->entries[i].next_in_bucket = i + 1 < maximum ? (uint32_t)(i + 1) : NOBODY;
    }
    *table = opened;
    return GBAU_OK;
}

/* RAND is random: its first octets are a hash of themselves. */
static uint32_t *bucket_of(struct challenge_table *table, const struct aka_rand *rand)
{
    uint64_t hash = 0;
    memcpy(&hash, rand->octets, sizeof hash);
    return &table->buckets[hash % table->bucket_count];
}

static uint16_t *user_count_of(struct challenge_table *table, const char *impi)
{
    return &table->pending_of_user[hash_text(impi) % USER_BUCKETS];
}

static void unlink_from_bucket(struct challenge_table *table, uint32_t index)
{
    uint32_t *link = bucket_of(table, &table->entries[index].challenge.rand);
    while (*link != index) {
        link = &table->entries[*link].next_in_bucket;
    }
    *link = table->entries[index].next_in_bucket;
}

static void unlink_from_age(struct challenge_table *table, const struct entry *entry)
{
    uint32_t *from_older = entry->older == NOBODY ? &table->oldest : &table->entries[entry->older].newer;
    uint32_t *from_newer = entry->newer == NOBODY ? &table->newest : &table->entries[entry->newer].older;
    *from_older = entry->newer;
    *from_newer = entry->older;
}

/* Takes an entry out of everything; its challenge goes to *challenge. */
static void remove_entry(struct challenge_table *table, uint32_t index, struct challenge *challenge)
{
    struct entry *entry = &table->entries[index];
    unlink_from_bucket(table, index);
    unlink_from_age(table, entry);
    (*user_count_of(table, entry->challenge.impi))--;
    *challenge = entry->challenge;
    secret_wipe(entry, sizeof *entry);
    entry->next_in_bucket = table->free_entries;
    table->free_entries = index;
    table->count--;
}

/* An end that lies further ahead than that of a new challenge was set before the clock was put back. */
static bool has_ended(const struct challenge_table *table, const struct entry *entry, unix_time now)
{
    return entry->ends <= now || entry->ends > now + table->lifetime_s;
}

static void remove_expired(struct challenge_table *table)
{
    const unix_time now = clock_now(table->clock);
    while (table->oldest != NOBODY && has_ended(table, &table->entries[table->oldest], now)) {
        struct challenge expired;
        remove_entry(table, table->oldest, &expired);
        challenge_clear(&expired);
    }
}

void challenge_table_close(struct challenge_table *table)
{
    if (table == NULL) {
        return;
    }
    while (table->entries != NULL && table->oldest != NOBODY) {
        struct challenge challenge;
        remove_entry(table, table->oldest, &challenge);
        challenge_clear(&challenge);
    }
    free(table->buckets);
    free(table->entries);
    (void)pthread_mutex_destroy(&table->mutex);
    free(table);
}

static bool has_room(struct challenge_table *table, const char *impi)
{
    remove_expired(table);
    return table->count < table->maximum && *user_count_of(table, impi) < table->maximum_for_one;
}

bool challenge_table_has_room(struct challenge_table *table, const char *impi)
{
    (void)pthread_mutex_lock(&table->mutex);
    bool room = has_room(table, impi);
    (void)pthread_mutex_unlock(&table->mutex);
    return room;
}

static void insert(struct challenge_table *table, const struct challenge *challenge)
{
    uint32_t index = table->free_entries;
    struct entry *entry = &table->entries[index];
    uint32_t *bucket = bucket_of(table, &challenge->rand);
    table->free_entries = entry->next_in_bucket;
    *entry = (struct entry){.challenge = *challenge, .ends = clock_now(table->clock) + table->lifetime_s,
                            .next_in_bucket = *bucket, .older = table->newest, .newer = NOBODY};
    *bucket = index;
    if (table->newest != NOBODY) {
        table->entries[table->newest].newer = index;
    } else {
        table->oldest = index;
    }
    table->newest = index;
    table->count++;
    (*user_count_of(table, challenge->impi))++;
}

enum gbau_status challenge_table_put(struct challenge_table *table, struct challenge *challenge)
{
    (void)pthread_mutex_lock(&table->mutex);
    bool room = has_room(table, challenge->impi);
    if (room) {
        insert(table, challenge);
        challenge->guss_xml = NULL;
    }
    (void)pthread_mutex_unlock(&table->mutex);
    return room ? GBAU_OK : GBAU_E_LIMIT;
}

enum gbau_status challenge_table_take(struct challenge_table *table, const struct aka_rand *rand,
                                      struct challenge *challenge)
{
    enum gbau_status status = GBAU_E_NOT_FOUND;
    (void)pthread_mutex_lock(&table->mutex);
    remove_expired(table);
    uint32_t index = *bucket_of(table, rand);
    while (index != NOBODY && memcmp(&table->entries[index].challenge.rand, rand, sizeof *rand) != 0) {
        index = table->entries[index].next_in_bucket;
    }
    if (index != NOBODY) {
        remove_entry(table, index, challenge);
        status = GBAU_OK;
    }
    (void)pthread_mutex_unlock(&table->mutex);
    return status;
}

size_t challenge_table_count(struct challenge_table *table)
{
    (void)pthread_mutex_lock(&table->mutex);
    remove_expired(table);
    size_t count = table->count;
    (void)pthread_mutex_unlock(&table->mutex);
    return count;
}
