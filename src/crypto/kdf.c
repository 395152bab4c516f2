/* kdf.c: the generic key derivation function (TS 33.220 B.2). */
#include "crypto/kdf.h"

#include <string.h>

/* S of this length or less is put together here: one call of HMAC is faster than many small ones. */
enum { SHORT_S_SIZE = 512 };

static enum gbau_status derive_short(struct crypto *crypto, struct octets key, uint8_t fc,
                                     const struct octets *parameters, size_t count, uint8_t derived[SHA256_SIZE])
{
    uint8_t s[SHORT_S_SIZE];
    size_t length = 0;
    s[length++] = fc;
    for (size_t i = 0; i < count; i++) {
        if (parameters[i].length > 0) {
            memcpy(s + length, parameters[i].data, parameters[i].length);
        }
        length += parameters[i].length;
        s[length++] = (uint8_t)(parameters[i].length >> 8);
        s[length++] = (uint8_t)parameters[i].length;
    }
    struct octets part = octets_of(s, length);
    return crypto_hmac_sha256(crypto, key, &part, 1, derived);
}

static enum gbau_status derive_long(struct crypto *crypto, struct octets key, uint8_t fc,
                                    const struct octets *parameters, size_t count, uint8_t derived[SHA256_SIZE])
{
    uint8_t lengths[KDF_MAX_PARAMETERS][2];
    struct octets parts[1 + 2 * KDF_MAX_PARAMETERS];
    size_t part_count = 0;
    parts[part_count++] = octets_of(&fc, 1);
    for (size_t i = 0; i < count; i++) {
        lengths[i][0] = (uint8_t)(parameters[i].length >> 8);
        lengths[i][1] = (uint8_t)parameters[i].length;
        parts[part_count++] = parameters[i];
        parts[part_count++] = octets_of(lengths[i], 2);
    }
    return crypto_hmac_sha256(crypto, key, parts, part_count, derived);
}

enum gbau_status kdf_derive(struct crypto *crypto, struct octets key, uint8_t fc, const struct octets *parameters,
                            size_t count, uint8_t derived[SHA256_SIZE])
{
    if (count > KDF_MAX_PARAMETERS) {
        return GBAU_E_ARGUMENT;
    }
    size_t length = 1;
    for (size_t i = 0; i < count; i++) {
        if (parameters[i].length > UINT16_MAX) {
            return GBAU_E_ARGUMENT;
        }
        length += parameters[i].length + 2;
    }
    return length <= SHORT_S_SIZE ? derive_short(crypto, key, fc, parameters, count, derived)
                                  : derive_long(crypto, key, fc, parameters, count, derived);
}
