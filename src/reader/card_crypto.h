/*
 * card_crypto.h: which primitives a card in a file stands on: libcrypto (card_crypto_openssl.c) or our own portable
 * code (card_crypto_portable.c). A program gets the one that it is linked with.
 */
#ifndef READER_CARD_CRYPTO_H
#define READER_CARD_CRYPTO_H

#include "crypto/primitives.h"

/* GBAU_E_CRYPTO, GBAU_E_MEMORY. One thread at a time. */
GBAU_MUST_USE enum gbau_status card_crypto_open(struct crypto *crypto);
void card_crypto_close(struct crypto *crypto);

#endif
