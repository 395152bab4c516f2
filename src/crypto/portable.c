/* portable.c: the table of primitives bound to code of our own. */
#include "crypto/portable.h"

#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/mac.h"
#include "crypto/sha1.h"
#include "crypto/sha256.h"
#include "crypto/sm3.h"

static struct crypto crypto_of(struct portable_state *portable);

static enum gbau_status portable_block_set_key(void *state, enum block_cipher cipher, enum block_direction direction,
                                               const uint8_t *key)
{
    struct portable_state *portable = state;
    portable->loaded = true;
    portable->cipher = cipher;
    portable->direction = direction;
    if (cipher == BLOCK_SM4) {
        sm4_set_key(&portable->sm4, key);
    } else {
        aes_set_key(&portable->aes, key, block_key_size(cipher));
    }
    return GBAU_OK;
}

static enum gbau_status portable_block_run(void *state, enum block_cipher cipher, enum block_direction direction,
                                           const uint8_t *in, uint8_t *out, size_t blocks)
{
    const struct portable_state *portable = state;
    if (!portable->loaded || portable->cipher != cipher || portable->direction != direction) {
        return GBAU_E_CRYPTO;
    }
    if (cipher == BLOCK_SM4 && direction == BLOCK_ENCRYPT) {
        sm4_encrypt(&portable->sm4, in, out, blocks);
    } else if (cipher == BLOCK_SM4) {
        sm4_decrypt(&portable->sm4, in, out, blocks);
    } else if (direction == BLOCK_ENCRYPT) {
        aes_encrypt(&portable->aes, in, out, blocks);
    } else {
        aes_decrypt(&portable->aes, in, out, blocks);
    }
    return GBAU_OK;
}

static enum gbau_status portable_digest_blocks(void *state, enum digest_algorithm algorithm,
                                               uint32_t chaining[DIGEST_CHAINING_WORDS], const uint8_t *blocks,
                                               size_t count)
{
    (void)state;
    if (algorithm == DIGEST_SHA1) {
        sha1_blocks(chaining, blocks, count);
    } else if (algorithm == DIGEST_SM3) {
        sm3_blocks(chaining, blocks, count);
    } else {
        sha256_blocks(chaining, blocks, count);
    }
    return GBAU_OK;
}

static enum gbau_status portable_digest(void *state, enum digest_algorithm algorithm, const struct octets *parts,
                                        size_t part_count, uint8_t *digest)
{
    struct crypto crypto = crypto_of(state);
    struct digest_stream stream;
    enum gbau_status status = digest_stream_begin(&stream, algorithm);
    for (size_t i = 0; status == GBAU_OK && i < part_count; i++) {
        status = digest_stream_update(&stream, &crypto, parts[i]);
    }
    return status == GBAU_OK ? digest_stream_end(&stream, &crypto, digest) : status;
}

static enum gbau_status portable_hmac_sha256(void *state, struct octets key, const struct octets *parts,
                                             size_t part_count, uint8_t mac[SHA256_SIZE])
{
    struct crypto crypto = crypto_of(state);
    return mac_compute_by_stream(&crypto, MAC_HMAC_SHA256, key, parts, part_count, mac);
}

static enum cipher_suite gcm_for(struct octets key)
{
    return key.length == AES128_KEY_SIZE ? CIPHER_SUITE_AES128_GCM : CIPHER_SUITE_AES256_GCM;
}

static enum gbau_status portable_aes_gcm_seal(void *state, struct octets key, const uint8_t nonce[AES_GCM_NONCE_SIZE],
                                              struct octets aad, struct octets plaintext, uint8_t *ciphertext,
                                              uint8_t tag[AES_GCM_TAG_SIZE])
{
    struct crypto crypto = crypto_of(state);
    return aead_seal_by_stream(&crypto, gcm_for(key), key, nonce, aad, plaintext, ciphertext, tag);
}

static enum gbau_status portable_aes_gcm_open(void *state, struct octets key, const uint8_t nonce[AES_GCM_NONCE_SIZE],
                                              struct octets aad, struct octets ciphertext,
                                              const uint8_t tag[AES_GCM_TAG_SIZE], uint8_t *plaintext)
{
    struct crypto crypto = crypto_of(state);
    return aead_open_by_stream(&crypto, gcm_for(key), key, nonce, aad, ciphertext, tag, plaintext);
}

static enum gbau_status portable_random_octets(void *state, uint8_t *out, size_t length)
{
    const struct portable_state *portable = state;
    return portable->random(portable->random_context, out, length);
}

static const struct crypto_table portable_table = {
    .block_set_key = portable_block_set_key,
    .block_run = portable_block_run,
    .hmac_sha256 = portable_hmac_sha256,
    .digest = portable_digest,
    .digest_blocks = portable_digest_blocks,
    .aes_gcm_seal = portable_aes_gcm_seal,
    .aes_gcm_open = portable_aes_gcm_open,
    .random = portable_random_octets,
};

static struct crypto crypto_of(struct portable_state *portable)
{
    return (struct crypto){.table = &portable_table, .state = portable};
}

void crypto_portable_open(struct crypto *crypto, struct portable_state *state, portable_random *random,
                          void *random_context)
{
    *state = (struct portable_state){.random = random, .random_context = random_context};
    *crypto = crypto_of(state);
}

void crypto_portable_close(struct crypto *crypto)
{
    if (crypto->state != NULL) {
        secret_wipe(crypto->state, sizeof(struct portable_state));
    }
    *crypto = (struct crypto){0};
}
