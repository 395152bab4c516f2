/* card_crypto_portable.c: cards in files stand on code of our own: for a program that is to be small. */
#include <stdlib.h>
#include <sys/random.h>

#include "crypto/portable.h"
#include "reader/card_crypto.h"

static enum gbau_status random_of_kernel(void *context, uint8_t *out, size_t length)
{
    (void)context;
    for (size_t done = 0; done < length;) {
        const ssize_t got = getrandom(out + done, length - done, 0);
        if (got <= 0) {
            return GBAU_E_CRYPTO;
        }
        done += (size_t)got;
    }
    return GBAU_OK;
}

enum gbau_status card_crypto_open(struct crypto *crypto)
{
    struct portable_state *state = calloc(1, sizeof *state);
    if (state == NULL) {
        return GBAU_E_MEMORY;
    }
    crypto_portable_open(crypto, state, random_of_kernel, NULL);
    return GBAU_OK;
}

void card_crypto_close(struct crypto *crypto)
{
    if (crypto->state == NULL) {
        return;
    }
    void *state = crypto->state;
    crypto_portable_close(crypto);
    free(state);
}
