/* secret.h: wiping and comparing secret octets. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* Overwrites `length` octets with zeros in a way that the compiler cannot leave out. */
void secret_wipe(void *secret, size_t length);

/* Compares `length` octets in a time that does not depend on them. */
bool secret_equal(const void *a, const void *b, size_t length);

/* Keeps this process out of core dumps and away from other users' debuggers. For programs that hold keys. */
void secret_harden_process(void);

#endif
