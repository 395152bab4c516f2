/* cipher_suite.c: the table of the cipher suites, and keys of block ciphers. */
#include "crypto/cipher_suite.h"

#include <string.h>

static const struct cipher_suite_properties suites[CIPHER_SUITE_COUNT] = {
    [CIPHER_SUITE_AES128_GCM] = {"AES-128-GCM", BLOCK_AES128, CIPHER_MODE_GCM, 16, 12, 16},
    [CIPHER_SUITE_AES256_GCM] = {"AES-256-GCM", BLOCK_AES256, CIPHER_MODE_GCM, 32, 12, 16},
    [CIPHER_SUITE_SM4_GCM] = {"SM4-GCM", BLOCK_SM4, CIPHER_MODE_GCM, 16, 12, 16},
    [CIPHER_SUITE_AES128_CCM] = {"AES-128-CCM", BLOCK_AES128, CIPHER_MODE_CCM, 16, 12, 16},
    [CIPHER_SUITE_AES256_CCM] = {"AES-256-CCM", BLOCK_AES256, CIPHER_MODE_CCM, 32, 12, 16},
    [CIPHER_SUITE_SM4_CCM] = {"SM4-CCM", BLOCK_SM4, CIPHER_MODE_CCM, 16, 12, 16},
    [CIPHER_SUITE_AES128_CTR] = {"AES-128-CTR", BLOCK_AES128, CIPHER_MODE_CTR, 16, 16, 0},
    [CIPHER_SUITE_AES256_CTR] = {"AES-256-CTR", BLOCK_AES256, CIPHER_MODE_CTR, 32, 16, 0},
    [CIPHER_SUITE_SM4_CTR] = {"SM4-CTR", BLOCK_SM4, CIPHER_MODE_CTR, 16, 16, 0},
    [CIPHER_SUITE_AES128_CBC] = {"AES-128-CBC", BLOCK_AES128, CIPHER_MODE_CBC, 16, 16, 0},
    [CIPHER_SUITE_AES256_CBC] = {"AES-256-CBC", BLOCK_AES256, CIPHER_MODE_CBC, 32, 16, 0},
    [CIPHER_SUITE_SM4_CBC] = {"SM4-CBC", BLOCK_SM4, CIPHER_MODE_CBC, 16, 16, 0},
};

const struct cipher_suite_properties *cipher_suite_properties(enum cipher_suite suite)
{
    return (unsigned)suite < CIPHER_SUITE_COUNT ? &suites[suite] : NULL;
}

enum gbau_status block_key_of(enum block_cipher cipher, struct octets key, struct block_key *block_key)
{
    if (key.length == 0 || key.length != block_key_size(cipher)) {
        return GBAU_E_ARGUMENT;
    }
    block_key->cipher = cipher;
    memcpy(block_key->octets, key.data, key.length);
    return GBAU_OK;
}

enum gbau_status block_key_load(const struct block_key *key, struct crypto *crypto, enum block_direction direction)
{
    return crypto_block_set_key(crypto, key->cipher, direction, key->octets);
}

enum gbau_status block_key_encrypt(const struct block_key *key, struct crypto *crypto, const uint8_t in[AES_BLOCK_SIZE],
                                   uint8_t out[AES_BLOCK_SIZE])
{
    return crypto_block_run(crypto, key->cipher, BLOCK_ENCRYPT, in, out, 1);
}
