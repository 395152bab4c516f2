/* application_key.c: keys distributed from Ks_int_NAF, and AEAD under them. */
#include "key/application_key.h"

#include "base/secret.h"
#include "crypto/kdf.h"
#include "key/api_aid.h"

#define API_NAME "gba-u-api"

const uint8_t gba_u_api_aid[GBA_U_API_AID_SIZE] = {0xf0, 'g', 'b', 'a', 'u', 0x01, 'A', 'P', 'I'};

struct algorithm_definition {
    enum key_algorithm algorithm;
    size_t key_length; /* octets of the application key that the algorithm takes */
};

static const struct algorithm_definition algorithms[] = {
    {KEY_ALGORITHM_AES_128_GCM, 16},
    {KEY_ALGORITHM_AES_256_GCM, 32},
};

static const struct algorithm_definition *find_algorithm(enum key_algorithm algorithm)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        if (algorithms[i].algorithm == algorithm) {
            return &algorithms[i];
        }
    }
    return NULL;
}

bool key_algorithm_is_known(uint8_t algorithm)
{
    return find_algorithm((enum key_algorithm)algorithm) != NULL;
}

static bool is_in(size_t length, size_t minimum, size_t maximum)
{
    return length >= minimum && length <= maximum;
}

static enum gbau_status check_description(const struct application_key_description *description)
{
    if (!is_in(description->label.length, 1, APPLICATION_LABEL_MAX) ||
        !is_in(description->caller.length, 5, APPLICATION_CALLER_MAX) ||
        !is_in(description->context.length, 0, APPLICATION_CONTEXT_MAX)) {
        return GBAU_E_ARGUMENT;
    }
    if (!is_in(description->usage, KEY_USAGE_ENCRYPT, KEY_USAGE_POLICY) ||
        !is_in(description->direction, KEY_DIRECTION_CARD_TO_NAF, KEY_DIRECTION_CARD_TO_CARD) ||
        find_algorithm(description->algorithm) == NULL) {
        return GBAU_E_UNSUPPORTED;
    }
    return GBAU_OK;
}

enum gbau_status application_key_derive(struct crypto *crypto, const struct ks_int_naf *root,
                                        const struct application_key_description *description,
                                        struct application_key *key)
{
    enum gbau_status status = check_description(description);
    if (status != GBAU_OK) {
        return status;
    }
    const uint8_t usage = (uint8_t)description->usage;
    const uint8_t direction = (uint8_t)description->direction;
    const uint8_t algorithm = (uint8_t)description->algorithm;
    const struct octets parameters[] = {
        octets_of_text(API_NAME),  octets_of(&usage, 1), octets_of(&direction, 1), octets_of(&algorithm, 1),
        description->label,        description->caller,  description->context,
    };
    key->usage = description->usage;
    key->direction = description->direction;
    key->algorithm = description->algorithm;
    return kdf_derive(crypto, octets_of(root->octets, NAF_KEY_SIZE), APPLICATION_KEY_FC, parameters,
                      sizeof parameters / sizeof parameters[0], key->octets);
}

void application_key_clear(struct application_key *key)
{
    secret_wipe(key, sizeof *key);
}

/* The octets of the key that its algorithm takes; an empty view when the key is not for encryption. */
static struct octets encryption_key(const struct application_key *key)
{
    const struct algorithm_definition *definition = find_algorithm(key->algorithm);
    if (key->usage != KEY_USAGE_ENCRYPT || definition == NULL) {
        return (struct octets){0};
    }
    return octets_of(key->octets, definition->key_length);
}

enum gbau_status application_key_seal(struct crypto *crypto, const struct application_key *key,
                                      const uint8_t nonce[AES_GCM_NONCE_SIZE], struct octets aad,
                                      struct octets plaintext, uint8_t *ciphertext, uint8_t tag[AES_GCM_TAG_SIZE])
{
    struct octets octets = encryption_key(key);
    if (octets.length == 0) {
        return GBAU_E_ACCESS;
    }
    return crypto_aes_gcm_seal(crypto, octets, nonce, aad, plaintext, ciphertext, tag);
}

enum gbau_status application_key_open(struct crypto *crypto, const struct application_key *key,
                                      const uint8_t nonce[AES_GCM_NONCE_SIZE], struct octets aad,
                                      struct octets ciphertext, const uint8_t tag[AES_GCM_TAG_SIZE],
                                      uint8_t *plaintext)
{
    struct octets octets = encryption_key(key);
    if (octets.length == 0) {
        return GBAU_E_ACCESS;
    }
    return crypto_aes_gcm_open(crypto, octets, nonce, aad, ciphertext, tag, plaintext);
}
