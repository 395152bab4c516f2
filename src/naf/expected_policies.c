/* expected_policies.c: a hash table of chains; what has ended goes when its chain is changed. */
#include "naf/expected_policies.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { CHAIN_COUNT = 4096 };

struct expectation {
    struct expectation *next;
    unix_time expires;
    uint32_t version;
    uint8_t ua[NAF_ID_UA_SIZE];
    char b_tid[];
};

struct expected_policies {
    pthread_mutex_t mutex;
    const struct clock *clock;
    struct expectation *chains[CHAIN_COUNT];
};

enum gbau_status expected_policies_open(const struct clock *clock, struct expected_policies **policies)
{
    *policies = calloc(1, sizeof **policies);
    if (*policies == NULL) {
        return GBAU_E_MEMORY;
    }
    (void)pthread_mutex_init(&(*policies)->mutex, NULL);
    (*policies)->clock = clock;
    return GBAU_OK;
}

void expected_policies_close(struct expected_policies *policies)
{
    if (policies == NULL) {
        return;
    }
    for (size_t i = 0; i < CHAIN_COUNT; i++) {
        while (policies->chains[i] != NULL) {
            struct expectation *first = policies->chains[i];
            policies->chains[i] = first->next;
            free(first);
        }
    }
    (void)pthread_mutex_destroy(&policies->mutex);
    free(policies);
}

static struct expectation **chain_of(struct expected_policies *policies, const char *b_tid)
{
    return &policies->chains[hash_text(b_tid) % CHAIN_COUNT];
}

static struct expectation *find(struct expectation *chain, const char *b_tid, const uint8_t ua[NAF_ID_UA_SIZE])
{
    while (chain != NULL && (strcmp(chain->b_tid, b_tid) != 0 || memcmp(chain->ua, ua, NAF_ID_UA_SIZE) != 0)) {
        chain = chain->next;
    }
    return chain;
}

static void drop_ended(struct expectation **chain, unix_time now)
{
    while (*chain != NULL) {
        struct expectation *one = *chain;
        if (one->expires <= now) {
            *chain = one->next;
            free(one);
        } else {
            chain = &one->next;
        }
    }
}

static struct expectation *add(struct expectation **chain, const char *b_tid, const uint8_t ua[NAF_ID_UA_SIZE])
{
    const size_t size = strlen(b_tid) + 1;
    struct expectation *added = calloc(1, sizeof *added + size);
    if (added != NULL) {
        memcpy(added->b_tid, b_tid, size);
        memcpy(added->ua, ua, NAF_ID_UA_SIZE);
        added->next = *chain;
        *chain = added;
    }
    return added;
}

enum gbau_status expected_policies_set(struct expected_policies *policies, const char *b_tid,
                                       const uint8_t ua[NAF_ID_UA_SIZE], uint32_t version, unix_time expires)
{
    const unix_time now = clock_now(policies->clock);
    (void)pthread_mutex_lock(&policies->mutex);
    struct expectation **chain = chain_of(policies, b_tid);
    drop_ended(chain, now);
    struct expectation *one = find(*chain, b_tid, ua);
    if (one == NULL) {
        one = add(chain, b_tid, ua);
    }
    if (one != NULL) {
        one->version = version;
        one->expires = expires;
    }
    (void)pthread_mutex_unlock(&policies->mutex);
    return one == NULL ? GBAU_E_MEMORY : GBAU_OK;
}

uint32_t expected_policies_get(struct expected_policies *policies, const char *b_tid, const uint8_t ua[NAF_ID_UA_SIZE])
{
    (void)pthread_mutex_lock(&policies->mutex);
    const struct expectation *one = find(*chain_of(policies, b_tid), b_tid, ua);
    const uint32_t version = one == NULL ? 0 : one->version;
    (void)pthread_mutex_unlock(&policies->mutex);
    return version;
}
