/* primitives.c: checks lengths once, then calls the binding. */
#include "crypto/primitives.h"

#include "base/secret.h"

static const size_t digest_sizes[DIGEST_ALGORITHM_COUNT] = {
    [DIGEST_MD5] = MD5_SIZE,
    [DIGEST_SHA1] = SHA1_SIZE,
    [DIGEST_SHA256] = SHA256_SIZE,
    [DIGEST_SM3] = SM3_SIZE,
};

static const size_t block_key_sizes[BLOCK_CIPHER_COUNT] = {
    [BLOCK_AES128] = 16,
    [BLOCK_AES256] = 32,
    [BLOCK_SM4] = 16,
};

static bool aes_key_is_valid(struct octets key)
{
    return key.length == 16 || key.length == 32;
}

size_t digest_size(enum digest_algorithm algorithm)
{
    return (unsigned)algorithm < DIGEST_ALGORITHM_COUNT ? digest_sizes[algorithm] : 0;
}

size_t block_key_size(enum block_cipher cipher)
{
    return (unsigned)cipher < BLOCK_CIPHER_COUNT ? block_key_sizes[cipher] : 0;
}

enum gbau_status crypto_block_set_key(struct crypto *crypto, enum block_cipher cipher, enum block_direction direction,
                                      const uint8_t *key)
{
    return crypto->table->block_set_key(crypto->state, cipher, direction, key);
}

enum gbau_status crypto_block_run(struct crypto *crypto, enum block_cipher cipher, enum block_direction direction,
                                  const uint8_t *in, uint8_t *out, size_t blocks)
{
    return crypto->table->block_run(crypto->state, cipher, direction, in, out, blocks);
}

enum gbau_status crypto_hmac_sha256(struct crypto *crypto, struct octets key, const struct octets *parts,
                                    size_t part_count, uint8_t mac[SHA256_SIZE])
{
    if (key.length == 0 || key.length > 64) {
        return GBAU_E_ARGUMENT;
    }
    return crypto->table->hmac_sha256(crypto->state, key, parts, part_count, mac);
}

enum gbau_status crypto_digest(struct crypto *crypto, enum digest_algorithm algorithm, const struct octets *parts,
                               size_t part_count, uint8_t *digest)
{
    if ((unsigned)algorithm >= DIGEST_ALGORITHM_COUNT) {
        return GBAU_E_ARGUMENT;
    }
    return crypto->table->digest(crypto->state, algorithm, parts, part_count, digest);
}

enum gbau_status crypto_digest_blocks(struct crypto *crypto, enum digest_algorithm algorithm,
                                      uint32_t chaining[DIGEST_CHAINING_WORDS], const uint8_t *blocks, size_t count)
{
    if ((unsigned)algorithm >= DIGEST_ALGORITHM_COUNT || algorithm == DIGEST_MD5) {
        return GBAU_E_UNSUPPORTED;
    }
    return crypto->table->digest_blocks(crypto->state, algorithm, chaining, blocks, count);
}

enum gbau_status crypto_aes_gcm_seal(struct crypto *crypto, struct octets key, const uint8_t nonce[AES_GCM_NONCE_SIZE],
                                     struct octets aad, struct octets plaintext, uint8_t *ciphertext,
                                     uint8_t tag[AES_GCM_TAG_SIZE])
{
    if (!aes_key_is_valid(key)) {
        return GBAU_E_ARGUMENT;
    }
    return crypto->table->aes_gcm_seal(crypto->state, key, nonce, aad, plaintext, ciphertext, tag);
}

enum gbau_status crypto_aes_gcm_open(struct crypto *crypto, struct octets key, const uint8_t nonce[AES_GCM_NONCE_SIZE],
                                     struct octets aad, struct octets ciphertext, const uint8_t tag[AES_GCM_TAG_SIZE],
                                     uint8_t *plaintext)
{
    if (!aes_key_is_valid(key)) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = crypto->table->aes_gcm_open(crypto->state, key, nonce, aad, ciphertext, tag, plaintext);
    if (status != GBAU_OK) {
        secret_wipe(plaintext, ciphertext.length);
    }
    return status;
}

enum gbau_status crypto_random(struct crypto *crypto, uint8_t *out, size_t length)
{
    return crypto->table->random(crypto->state, out, length);
}
