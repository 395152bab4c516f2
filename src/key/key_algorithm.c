/* key_algorithm.c: the tables of algorithms and usages. */
#include "key/key_algorithm.h"

#include <string.h>

#define AEAD(id, name, suite, key, cose)                                                                               \
    {                                                                                                                  \
        id, name, KEY_ALGORITHM_KIND_AEAD, suite, 0, 0, key, 12, 16, cose                                              \
    }
#define MODE(id, name, suite, key)                                                                                     \
    {                                                                                                                  \
        id, name, KEY_ALGORITHM_KIND_BLOCK_MODE, suite, 0, 0, key, 16, 0, 0                                            \
    }
#define MAC(id, name, mac, key, size, cose)                                                                            \
    {                                                                                                                  \
        id, name, KEY_ALGORITHM_KIND_MAC, 0, mac, 0, key, 0, size, cose                                                \
    }
#define HASH(id, name, digest)                                                                                         \
    {                                                                                                                  \
        id, name, KEY_ALGORITHM_KIND_HASH, 0, 0, digest, 0, 0, 32, 0                                                   \
    }
#define PRIVATE_COSE(id) (-65600 - (id))

const struct key_algorithm_properties key_algorithms[] = {
    AEAD(KEY_ALGORITHM_AES_128_GCM, "AES-128-GCM", CIPHER_SUITE_AES128_GCM, 16, 1),
    AEAD(KEY_ALGORITHM_AES_256_GCM, "AES-256-GCM", CIPHER_SUITE_AES256_GCM, 32, 3),
    AEAD(KEY_ALGORITHM_AES_128_CCM, "AES-128-CCM", CIPHER_SUITE_AES128_CCM, 16, PRIVATE_COSE(3)),
    AEAD(KEY_ALGORITHM_AES_256_CCM, "AES-256-CCM", CIPHER_SUITE_AES256_CCM, 32, PRIVATE_COSE(4)),
    AEAD(KEY_ALGORITHM_SM4_GCM, "SM4-GCM", CIPHER_SUITE_SM4_GCM, 16, PRIVATE_COSE(5)),
    AEAD(KEY_ALGORITHM_SM4_CCM, "SM4-CCM", CIPHER_SUITE_SM4_CCM, 16, PRIVATE_COSE(6)),
    MODE(KEY_ALGORITHM_AES_128_CTR, "AES-128-CTR", CIPHER_SUITE_AES128_CTR, 16),
    MODE(KEY_ALGORITHM_AES_256_CTR, "AES-256-CTR", CIPHER_SUITE_AES256_CTR, 32),
    MODE(KEY_ALGORITHM_SM4_CTR, "SM4-CTR", CIPHER_SUITE_SM4_CTR, 16),
    MODE(KEY_ALGORITHM_AES_128_CBC, "AES-128-CBC", CIPHER_SUITE_AES128_CBC, 16),
    MODE(KEY_ALGORITHM_AES_256_CBC, "AES-256-CBC", CIPHER_SUITE_AES256_CBC, 32),
    MODE(KEY_ALGORITHM_SM4_CBC, "SM4-CBC", CIPHER_SUITE_SM4_CBC, 16),
    MAC(KEY_ALGORITHM_HMAC_SHA256, "HMAC-SHA-256", MAC_HMAC_SHA256, 32, 32, 5),
    MAC(KEY_ALGORITHM_HMAC_SM3, "HMAC-SM3", MAC_HMAC_SM3, 32, 32, PRIVATE_COSE(34)),
    MAC(KEY_ALGORITHM_AES_128_CMAC, "AES-128-CMAC", MAC_AES128_CMAC, 16, 16, PRIVATE_COSE(35)),
    MAC(KEY_ALGORITHM_AES_256_CMAC, "AES-256-CMAC", MAC_AES256_CMAC, 32, 16, PRIVATE_COSE(36)),
    MAC(KEY_ALGORITHM_SM4_CMAC, "SM4-CMAC", MAC_SM4_CMAC, 16, 16, PRIVATE_COSE(37)),
    HASH(KEY_ALGORITHM_SHA256, "SHA-256", DIGEST_SHA256),
    HASH(KEY_ALGORITHM_SM3, "SM3", DIGEST_SM3),
    {KEY_ALGORITHM_KDF, "KDF", KEY_ALGORITHM_KIND_KDF, 0, 0, 0, 32, 0, 0, 0},
};

const size_t key_algorithm_count = sizeof key_algorithms / sizeof key_algorithms[0];

const struct key_algorithm_properties *key_algorithm_find(unsigned algorithm)
{
    for (size_t i = 0; i < key_algorithm_count; i++) {
        if (key_algorithms[i].algorithm == algorithm) {
            return &key_algorithms[i];
        }
    }
    return NULL;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool names_match(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == '\0' && *b == '\0';
}

const struct key_algorithm_properties *key_algorithm_find_name(const char *name)
{
    for (size_t i = 0; i < key_algorithm_count; i++) {
        if (names_match(key_algorithms[i].name, name)) {
            return &key_algorithms[i];
        }
    }
    return NULL;
}

const struct key_algorithm_properties *key_algorithm_find_cose(int64_t cose)
{
    for (size_t i = 0; i < key_algorithm_count; i++) {
        if (cose != 0 && key_algorithms[i].cose == cose) {
            return &key_algorithms[i];
        }
    }
    return NULL;
}

uint32_t key_algorithm_bit(unsigned algorithm)
{
    const struct key_algorithm_properties *found = key_algorithm_find(algorithm);
    return found == NULL ? 0 : 1U << (found - key_algorithms);
}

/* Kinds and directions as sets: bit n for value n. */
#define ONE(n)         (1U << (n))
#define ALL_DIRECTIONS (ONE(1) | ONE(2) | ONE(3))

struct usage_rule {
    uint8_t usage;
    unsigned kinds;
    unsigned directions;
};

static const struct usage_rule usage_rules[] = {
    {KEY_USAGE_ENCRYPT, ONE(KEY_ALGORITHM_KIND_AEAD) | ONE(KEY_ALGORITHM_KIND_BLOCK_MODE), ALL_DIRECTIONS},
    {KEY_USAGE_MAC, ONE(KEY_ALGORITHM_KIND_MAC), ALL_DIRECTIONS},
    {KEY_USAGE_AUTHENTICATE, ONE(KEY_ALGORITHM_KIND_MAC), ONE(KEY_DIRECTION_NONE)},
    {KEY_USAGE_DERIVE, ONE(KEY_ALGORITHM_KIND_KDF), ONE(KEY_DIRECTION_NONE)},
    {KEY_USAGE_WRAP, ONE(KEY_ALGORITHM_KIND_AEAD), ALL_DIRECTIONS},
    {KEY_USAGE_EXPORT, ONE(KEY_ALGORITHM_KIND_KDF), ONE(KEY_DIRECTION_NONE)},
    {KEY_USAGE_POLICY, ONE(KEY_ALGORITHM_KIND_MAC), ONE(KEY_DIRECTION_NAF_TO_CARD)},
    {KEY_USAGE_HASH, ONE(KEY_ALGORITHM_KIND_HASH), ONE(KEY_DIRECTION_NONE)},
};

bool key_usage_is_possible(unsigned usage, unsigned direction, unsigned algorithm)
{
    const struct key_algorithm_properties *found = key_algorithm_find(algorithm);
    if (found == NULL || direction > KEY_DIRECTION_CARD_TO_CARD) {
        return false;
    }
    for (size_t i = 0; i < sizeof usage_rules / sizeof usage_rules[0]; i++) {
        if (usage_rules[i].usage == usage) {
            return (usage_rules[i].kinds & ONE(found->kind)) != 0 &&
                   (usage_rules[i].directions & ONE(direction)) != 0 &&
                   (usage != KEY_USAGE_POLICY || algorithm == KEY_ALGORITHM_HMAC_SHA256);
        }
    }
    return false;
}

bool key_usage_can_be_wrapped(unsigned usage)
{
    return usage >= KEY_USAGE_ENCRYPT && usage <= KEY_USAGE_DERIVE;
}
