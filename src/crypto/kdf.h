/* kdf.h: the generic key derivation function of TS 33.220 annex B.2. */
#ifndef CRYPTO_KDF_H
#define CRYPTO_KDF_H

#include "crypto/primitives.h"

/* Most parameters a derivation may have; those of gbau have at most seven. */
#define KDF_MAX_PARAMETERS 8

/*
 * derived = HMAC-SHA-256(key, FC || P0 || L0 || P1 || L1 ...), each Li two octets big-endian after its Pi.
 * `key` 1 to 64 octets; each parameter at most 65,535 octets. GBAU_E_ARGUMENT beyond that.
 * Allocates nothing. The caller wipes `derived`.
 */
GBAU_MUST_USE enum gbau_status kdf_derive(struct crypto *crypto, struct octets key, uint8_t fc,
                                          const struct octets *parameters, size_t count, uint8_t derived[SHA256_SIZE]);

#endif
