/* openssl.h: opens the primitives on OpenSSL 3 libcrypto. */
#ifndef CRYPTO_OPENSSL_H
#define CRYPTO_OPENSSL_H

#include "crypto/primitives.h"

/*
 * Fetches every algorithm once and makes the contexts that later calls reuse.
 * On success the caller owns `*crypto` and ends it with crypto_openssl_close. One thread at a time may use it:
 * each thread opens its own. GBAU_E_CRYPTO when libcrypto lacks an algorithm, GBAU_E_MEMORY.
 */
GBAU_MUST_USE enum gbau_status crypto_openssl_open(struct crypto *crypto);

/* Wipes and frees what crypto_openssl_open made. Closing one that failed to open is allowed. */
void crypto_openssl_close(struct crypto *crypto);

#endif
