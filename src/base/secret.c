/* secret.c: wiping and comparing secret octets; needs no operating system. */
#include "base/secret.h"

#include <stdint.h>
#include <string.h>

void secret_wipe(void *secret, size_t length)
{
    if (length == 0) {
        return;
    }
    memset(secret, 0, length);
    __asm__ __volatile__("" : : "r"(secret) : "memory"); /* the stores above are "read" here, so they must happen */
}

bool secret_equal(const void *a, const void *b, size_t length)
{
    const uint8_t *left = a;
    const uint8_t *right = b;
    uint8_t difference = 0;
    for (size_t i = 0; i < length; i++) {
        difference |= left[i] ^ right[i];
    }
    return difference == 0;
}
