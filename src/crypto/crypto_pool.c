/* crypto_pool.c: a stack of open cryptos behind a mutex. */
#include "crypto/crypto_pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "crypto/openssl.h"

enum { POOL_MAX = 64 };

struct crypto_pool {
    pthread_mutex_t mutex;
    pthread_cond_t returned;
    size_t count;
    size_t free_count;
    struct crypto *free[POOL_MAX];
    struct crypto cryptos[POOL_MAX];
};

enum gbau_status crypto_pool_open(size_t count, struct crypto_pool **pool)
{
    *pool = NULL;
    if (count < 1 || count > POOL_MAX) {
        return GBAU_E_ARGUMENT;
    }
    struct crypto_pool *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    (void)pthread_mutex_init(&opened->mutex, NULL);
    (void)pthread_cond_init(&opened->returned, NULL);
    for (size_t i = 0; i < count; i++) {
        enum gbau_status status = crypto_openssl_open(&opened->cryptos[i]);
        if (status != GBAU_OK) {
            crypto_pool_close(opened);
            return status;
        }
        opened->free[opened->free_count++] = &opened->cryptos[i];
        opened->count++;
    }
    *pool = opened;
    return GBAU_OK;
}

void crypto_pool_close(struct crypto_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    for (size_t i = 0; i < pool->count; i++) {
        crypto_openssl_close(&pool->cryptos[i]);
    }
    (void)pthread_cond_destroy(&pool->returned);
    (void)pthread_mutex_destroy(&pool->mutex);
    free(pool);
}

struct crypto *crypto_pool_borrow(struct crypto_pool *pool)
{
    (void)pthread_mutex_lock(&pool->mutex);
    while (pool->free_count == 0) {
        (void)pthread_cond_wait(&pool->returned, &pool->mutex);
    }
    struct crypto *crypto = pool->free[--pool->free_count];
    (void)pthread_mutex_unlock(&pool->mutex);
    return crypto;
}

void crypto_pool_return(struct crypto_pool *pool, struct crypto *crypto)
{
    (void)pthread_mutex_lock(&pool->mutex);
    pool->free[pool->free_count++] = crypto;
    (void)pthread_cond_signal(&pool->returned);
    (void)pthread_mutex_unlock(&pool->mutex);
}
