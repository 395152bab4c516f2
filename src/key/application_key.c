/* application_key.c: keys distributed from Ks_int_NAF, and what they do in one piece. */
#include "key/application_key.h"

#include "base/secret.h"
#include "crypto/kdf.h"
#include "key/api_aid.h"

#define API_NAME   "gba-u-api"
#define CHILD_NAME "gba-u-api-child"

const uint8_t gba_u_api_aid[GBA_U_API_AID_SIZE] = {0xf0, 'g', 'b', 'a', 'u', 0x01, 'A', 'P', 'I'};

static bool is_in(size_t length, size_t minimum, size_t maximum)
{
    return length >= minimum && length <= maximum;
}

static enum gbau_status check_description(const struct application_key_description *description)
{
    if (!is_in(description->label.length, 1, APPLICATION_LABEL_MAX) ||
        !is_in(description->context.length, 0, APPLICATION_CONTEXT_MAX)) {
        return GBAU_E_ARGUMENT;
    }
    const bool possible = description->usage != KEY_USAGE_HASH &&
                          key_usage_is_possible(description->usage, description->direction, description->algorithm);
    return possible ? GBAU_OK : GBAU_E_UNSUPPORTED;
}

/* Takes over what the key is for, then makes its octets under `name`; a key without a caller is a child. */
static enum gbau_status derive_named(struct crypto *crypto, struct octets root, const char *name, bool has_caller,
                                     const struct application_key_description *description, struct application_key *key)
{
    const uint8_t usage = (uint8_t)description->usage;
    const uint8_t direction = (uint8_t)description->direction;
    const uint8_t algorithm = (uint8_t)description->algorithm;
    struct octets parameters[7] = {octets_of_text(name), octets_of(&usage, 1), octets_of(&direction, 1),
                                   octets_of(&algorithm, 1), description->label};
    size_t count = 5;
    if (has_caller) {
        parameters[count++] = description->caller;
    }
    parameters[count++] = description->context;
    key->usage = description->usage;
    key->direction = description->direction;
    key->algorithm = description->algorithm;
    return kdf_derive(crypto, root, APPLICATION_KEY_FC, parameters, count, key->octets);
}

enum gbau_status application_key_derive(struct crypto *crypto, const struct ks_int_naf *root,
                                        const struct application_key_description *description,
                                        struct application_key *key)
{
    enum gbau_status status = check_description(description);
    if (status == GBAU_OK && !is_in(description->caller.length, 5, APPLICATION_CALLER_MAX)) {
        status = GBAU_E_ARGUMENT;
    }
    if (status != GBAU_OK) {
        return status;
    }
    return derive_named(crypto, octets_of(root->octets, NAF_KEY_SIZE), API_NAME, true, description, key);
}

enum gbau_status application_key_derive_child(struct crypto *crypto, const struct application_key *parent,
                                              const struct application_key_description *description,
                                              struct application_key *key)
{
    if (parent->usage != KEY_USAGE_DERIVE) {
        return GBAU_E_ACCESS;
    }
    enum gbau_status status = check_description(description);
    if (status == GBAU_OK && description->usage == KEY_USAGE_POLICY) {
        status = GBAU_E_UNSUPPORTED;
    }
    if (status != GBAU_OK) {
        return status;
    }
    return derive_named(crypto, octets_of(parent->octets, APPLICATION_KEY_SIZE), CHILD_NAME, false, description, key);
}

void application_key_clear(struct application_key *key)
{
    secret_wipe(key, sizeof *key);
}

struct octets application_key_octets(const struct application_key *key)
{
    const struct key_algorithm_properties *algorithm = key_algorithm_find(key->algorithm);
    return octets_of(key->octets, algorithm == NULL ? 0 : algorithm->key_size);
}

size_t application_key_tag_size(const struct application_key *key)
{
    const struct key_algorithm_properties *algorithm = key_algorithm_find(key->algorithm);
    return algorithm == NULL ? 0 : algorithm->tag_size;
}

/* The algorithm when it is of this kind and the key's usage is among `usages`, a set of bits; else NULL. */
static const struct key_algorithm_properties *find_for(const struct application_key *key, enum key_algorithm_kind kind,
                                                       unsigned usages)
{
    const struct key_algorithm_properties *algorithm = key_algorithm_find(key->algorithm);
    const bool right = algorithm != NULL && algorithm->kind == kind && (usages & 1U << key->usage) != 0;
    return right ? algorithm : NULL;
}

enum { SEALING_USAGES = 1U << KEY_USAGE_ENCRYPT | 1U << KEY_USAGE_WRAP };
enum { MAC_USAGES = 1U << KEY_USAGE_MAC | 1U << KEY_USAGE_AUTHENTICATE | 1U << KEY_USAGE_POLICY };

enum gbau_status application_key_seal(struct crypto *crypto, const struct application_key *key,
                                      const uint8_t nonce[AEAD_NONCE_SIZE], struct octets aad, struct octets plaintext,
                                      uint8_t *ciphertext, uint8_t tag[AEAD_TAG_SIZE])
{
    const struct key_algorithm_properties *algorithm = find_for(key, KEY_ALGORITHM_KIND_AEAD, SEALING_USAGES);
    if (algorithm == NULL) {
        return GBAU_E_ACCESS;
    }
    return aead_seal(crypto, algorithm->suite, application_key_octets(key), nonce, aad, plaintext, ciphertext, tag);
}

enum gbau_status application_key_open(struct crypto *crypto, const struct application_key *key,
                                      const uint8_t nonce[AEAD_NONCE_SIZE], struct octets aad, struct octets ciphertext,
                                      const uint8_t tag[AEAD_TAG_SIZE], uint8_t *plaintext)
{
    const struct key_algorithm_properties *algorithm = find_for(key, KEY_ALGORITHM_KIND_AEAD, SEALING_USAGES);
    if (algorithm == NULL) {
        return GBAU_E_ACCESS;
    }
    return aead_open(crypto, algorithm->suite, application_key_octets(key), nonce, aad, ciphertext, tag, plaintext);
}

enum gbau_status application_key_mac(struct crypto *crypto, const struct application_key *key,
                                     const struct octets *parts, size_t part_count, uint8_t mac[MAC_MAX_SIZE])
{
    const struct key_algorithm_properties *algorithm = find_for(key, KEY_ALGORITHM_KIND_MAC, MAC_USAGES);
    if (algorithm == NULL) {
        return GBAU_E_ACCESS;
    }
    return mac_compute(crypto, algorithm->mac, application_key_octets(key), parts, part_count, mac);
}

enum gbau_status application_key_verify(struct crypto *crypto, const struct application_key *key,
                                        const struct octets *parts, size_t part_count, struct octets mac)
{
    const struct key_algorithm_properties *algorithm = find_for(key, KEY_ALGORITHM_KIND_MAC, MAC_USAGES);
    if (algorithm == NULL) {
        return GBAU_E_ACCESS;
    }
    return mac_verify(crypto, algorithm->mac, application_key_octets(key), parts, part_count, mac);
}
