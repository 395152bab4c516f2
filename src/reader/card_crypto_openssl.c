/* card_crypto_openssl.c: cards in files stand on libcrypto. */
#include "crypto/openssl.h"
#include "reader/card_crypto.h"

enum gbau_status card_crypto_open(struct crypto *crypto)
{
    return crypto_openssl_open(crypto);
}

void card_crypto_close(struct crypto *crypto)
{
    crypto_openssl_close(crypto);
}
