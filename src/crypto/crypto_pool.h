/* crypto_pool.h: a few open cryptos that threads borrow in turn, because one crypto serves one thread at a time. */
#ifndef CRYPTO_CRYPTO_POOL_H
#define CRYPTO_CRYPTO_POOL_H

#include "crypto/primitives.h"

struct crypto_pool;

/* Opens `count` cryptos, 1 to 64. The caller owns *pool. */
GBAU_MUST_USE enum gbau_status crypto_pool_open(size_t count, struct crypto_pool **pool);

/* All borrowed cryptos must have been returned. */
void crypto_pool_close(struct crypto_pool *pool);

/* Borrows one, waiting for another thread to return one when all are out. Never NULL. Thread-safe. */
struct crypto *crypto_pool_borrow(struct crypto_pool *pool);
void crypto_pool_return(struct crypto_pool *pool, struct crypto *crypto);

#endif
