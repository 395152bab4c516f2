/* padded_text.h: texts of PKCS#11: of fixed length, filled up with spaces, without a zero. */
#ifndef PKCS11_PADDED_TEXT_H
#define PKCS11_PADDED_TEXT_H

#include <string.h>

/* Writes as much of `text` as fits. */
static inline void padded_text_put(unsigned char *field, size_t size, const char *text)
{
    size_t length = strlen(text);
    length = length < size ? length : size;
    memset(field, ' ', size);
    memcpy(field, text, length);
}

#endif
