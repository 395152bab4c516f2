/* key_wrap.h: keys at rest are sealed under a key-encryption key, so that a stolen database gives none of them. */
#ifndef STORE_KEY_WRAP_H
#define STORE_KEY_WRAP_H

#include "base/log.h"
#include "crypto/primitives.h"

enum { KEY_WRAP_OVERHEAD = AES_GCM_NONCE_SIZE + AES_GCM_TAG_SIZE };

/* A key-encryption key with a crypto of its own. Thread-safe: calls take turns. */
struct key_wrap;

/*
 * Loads the 32-octet key-encryption key from the file at `path` (64 hex digits, one line). When the file is not there
 * it is made with a random key and mode 0600; of several processes that make it at once, one wins and all load its key.
 * GBAU_E_CONFIGURATION when others may read the file or its content is wrong, GBAU_E_STORAGE when it cannot be read or
 * made, GBAU_E_CRYPTO, GBAU_E_MEMORY. The caller owns *wrap and ends it with key_wrap_close. `log` is used only during
 * this call and may be NULL.
 */
GBAU_MUST_USE enum gbau_status key_wrap_open(const char *path, const struct log *log, struct key_wrap **wrap);

/* Wipes and frees; NULL is allowed. No other thread may be using it. */
void key_wrap_close(struct key_wrap *wrap);

/*
 * Appends nonce || ciphertext || tag (AES-256-GCM, random nonce) to `sealed`: secret.length + KEY_WRAP_OVERHEAD octets.
 * `aad` binds the secret to its record and is not stored. An empty secret is allowed: then only `aad` is protected.
 * GBAU_E_SPACE when `sealed` has no room, GBAU_E_CRYPTO. Thread-safe.
 */
GBAU_MUST_USE enum gbau_status key_wrap_seal(struct key_wrap *wrap, struct octets secret, struct octets aad,
                                             struct octet_writer *sealed);

/*
 * Opens what key_wrap_seal made of a secret of `length` octets. GBAU_E_CORRUPT when it holds another count, or was not
 * sealed under this key and `aad`; then `secret` is zeros. The caller wipes `secret`. Thread-safe.
 */
GBAU_MUST_USE enum gbau_status key_wrap_open_secret(struct key_wrap *wrap, struct octets sealed, struct octets aad,
                                                    uint8_t *secret, size_t length);

#endif
