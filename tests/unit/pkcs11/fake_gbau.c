/* fake_gbau.c: see fake_gbau.h. */
#include "fake_gbau.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct fake_world fake;

struct gbau {
    int unused;
};

struct gbau_key {
    struct gbau_key_entry entry; /* its label, usage, direction, algorithm and NAF */
    uint64_t secret;
};

/* The world */

struct gbau_key_entry *fake_add_key(const char *fqdn, uint8_t ua, const char *label)
{
    struct gbau_key_entry *entry = &fake.keys[fake.key_count++];
    *entry = (struct gbau_key_entry){.persisted = label != NULL, .ua = {1, 0, 0, 0, ua}, .operations = UINT32_MAX};
    strcpy(entry->naf_fqdn, fqdn);
    strcpy(entry->b_tid, fake.b_tid);
    if (label != NULL) {
        strcpy(entry->label, label);
        entry->usage = GBAU_USAGE_ENCRYPT;
        entry->direction = GBAU_CARD_TO_CARD;
        entry->algorithm = GBAU_AES_256_GCM;
    }
    return entry;
}

void fake_reset(void)
{
    fake = (struct fake_world){.asks_for_pin = true, .b_tid = "first@bsf", .handles = 4};
    (void)fake_add_key("naf.example.com", 2, NULL);
}

static struct gbau_key_entry *find_entry(const char *fqdn, const uint8_t ua[5], const char *label)
{
    for (size_t i = 0; i < fake.key_count; i++) {
        struct gbau_key_entry *entry = &fake.keys[i];
        if (entry->persisted == (label != NULL) && strcmp(entry->naf_fqdn, fqdn) == 0 &&
            memcmp(entry->ua, ua, 5) == 0 && (label == NULL || strcmp(entry->label, label) == 0)) {
            return entry;
        }
    }
    return NULL;
}

/* The card */

enum gbau_status gbau_open_with(const struct gbau_opening *opening, struct gbau **gbau)
{
    const char *pin = opening->pin;
    if (fake.busy > 0) {
        fake.busy--;
        return GBAU_E_BUSY;
    }
    if (fake.open_status != GBAU_OK) {
        return fake.open_status;
    }
    if (strcmp(opening->card, "absent") == 0) {
        return GBAU_E_NOT_FOUND;
    }
    if (fake.asks_for_pin && !opening->is_locked && (pin == NULL || strcmp(pin, FAKE_PIN) != 0)) {
        return pin == NULL ? GBAU_E_PIN_REQUIRED : GBAU_E_PIN_WRONG;
    }
    *gbau = calloc(1, sizeof **gbau);
    if (*gbau == NULL) {
        return GBAU_E_MEMORY;
    }
    __atomic_add_fetch(&fake.opens, 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&fake.open_cards, 1, __ATOMIC_SEQ_CST);
    return GBAU_OK;
}

bool gbau_card_is_present(const char *card)
{
    return strcmp(card, "absent") != 0 && (strchr(card, '/') == NULL || access(card, F_OK) == 0);
}

void gbau_close(struct gbau *gbau)
{
    if (gbau != NULL) {
        __atomic_sub_fetch(&fake.open_cards, 1, __ATOMIC_SEQ_CST);
        free(gbau);
    }
}

enum gbau_status gbau_bootstrap_if_needed(struct gbau *gbau, const char *bsf_url)
{
    (void)gbau;
    (void)bsf_url;
    fake.bootstraps++;
    if (fake.b_tid[0] == '\0') {
        strcpy(fake.b_tid, "fresh@bsf");
    }
    return GBAU_OK;
}

enum gbau_status gbau_b_tid(struct gbau *gbau, char b_tid[GBAU_B_TID_SIZE])
{
    (void)gbau;
    memcpy(b_tid, fake.b_tid, sizeof fake.b_tid);
    return fake.b_tid[0] != '\0' ? GBAU_OK : GBAU_E_NOT_FOUND;
}

enum gbau_status gbau_naf_key(struct gbau *gbau, const char *naf_fqdn, const uint8_t ua[5], uint8_t ks_ext_naf[32])
{
    (void)gbau;
    fake.derivations++;
    if (fake.derive_status != GBAU_OK) {
        return fake.derive_status;
    }
    struct gbau_key_entry *entry = find_entry(naf_fqdn, ua, NULL);
    if (entry == NULL) {
        entry = fake_add_key(naf_fqdn, ua[4], NULL);
    }
    strcpy(entry->b_tid, fake.b_tid);
    memset(ks_ext_naf, 0xee, 32);
    return GBAU_OK;
}

enum gbau_status gbau_key_list(struct gbau *gbau, bool (*visit)(void *context, const struct gbau_key_entry *entry),
                               void *context)
{
    (void)gbau;
    fake.lists++;
    for (size_t i = 0; i < fake.key_count && visit(context, &fake.keys[i]); i++) {
    }
    return GBAU_OK;
}

enum gbau_status gbau_random(struct gbau *gbau, uint8_t *out, size_t length)
{
    (void)gbau;
    for (size_t i = 0; i < length; i++) {
        out[i] = 0x5a;
    }
    return GBAU_OK;
}

enum gbau_algorithm gbau_algorithm_of_name(const char *name)
{
    return strcasecmp(name, "AES-256-GCM") == 0    ? GBAU_AES_256_GCM
           : strcasecmp(name, "HMAC-SHA-256") == 0 ? GBAU_HMAC_SHA256
                                                   : 0;
}

/* Keys */

static void stir(uint64_t *hash, const void *octets, size_t length)
{
    const uint8_t *octet = octets;
    for (size_t i = 0; i < length; i++) {
        *hash = (*hash ^ octet[i]) * 1099511628211ULL;
    }
    *hash = (*hash ^ length) * 1099511628211ULL;
}

static enum gbau_status give_key(const struct gbau_key_entry *entry, uint64_t secret, struct gbau_key **key)
{
    if (fake.open_keys == fake.handles) {
        return GBAU_E_LIMIT;
    }
    *key = calloc(1, sizeof **key);
    if (*key == NULL) {
        return GBAU_E_MEMORY;
    }
    **key = (struct gbau_key){.entry = *entry, .secret = secret};
    fake.open_keys++;
    fake.key_opens++;
    return GBAU_OK;
}

static enum gbau_status give_requested(const struct gbau_key_entry *base, uint64_t secret,
                                       const struct gbau_key_request *request, struct gbau_key **key)
{
    struct gbau_key_entry entry = *base;
    entry.usage = request->usage;
    entry.direction = request->direction;
    entry.algorithm = request->algorithm;
    (void)strncpy(entry.label, request->label, sizeof entry.label - 1);
    stir(&secret, &request->usage, sizeof request->usage);
    stir(&secret, &request->direction, sizeof request->direction);
    stir(&secret, &request->algorithm, sizeof request->algorithm);
    stir(&secret, request->label, strlen(request->label));
    stir(&secret, request->context, request->context_length);
    return give_key(&entry, secret, key);
}

enum gbau_status gbau_key_open(struct gbau *gbau, const char *naf_fqdn, const uint8_t ua[5],
                               const struct gbau_key_request *request, struct gbau_key **key)
{
    static const struct gbau_key_entry nobody;
    (void)gbau;
    if (request->usage == GBAU_USAGE_HASH) {
        return give_requested(&nobody, 0, request, key);
    }
    const struct gbau_key_entry *entry = find_entry(naf_fqdn, ua, NULL);
    if (entry == NULL) {
        return GBAU_E_NOT_FOUND;
    }
    uint64_t secret = 14695981039346656037ULL;
    stir(&secret, entry->b_tid, strlen(entry->b_tid));
    return give_requested(entry, secret, request, key);
}

enum gbau_status gbau_key_open_persisted(struct gbau *gbau, const char *naf_fqdn, const uint8_t ua[5],
                                         const char *label, struct gbau_key **key)
{
    uint64_t secret = 7;
    (void)gbau;
    const struct gbau_key_entry *entry = find_entry(naf_fqdn, ua, label);
    stir(&secret, label, strlen(label));
    return entry != NULL ? give_key(entry, secret, key) : GBAU_E_NOT_FOUND;
}

enum gbau_status gbau_key_persist(struct gbau_key *key, uint32_t operations)
{
    struct gbau_key_entry *entry = find_entry(key->entry.naf_fqdn, key->entry.ua, key->entry.label);
    if (fake.use_status != GBAU_OK) {
        return fake.use_status;
    }
    if (entry == NULL) {
        entry = &fake.keys[fake.key_count++];
    }
    fake.persisted_operations = operations;
    *entry = key->entry;
    entry->persisted = true;
    entry->operations = operations;
    return GBAU_OK;
}

enum gbau_status gbau_key_delete_persisted(struct gbau *gbau, const char *naf_fqdn, const uint8_t ua[5],
                                           const char *label)
{
    (void)gbau;
    struct gbau_key_entry *entry = find_entry(naf_fqdn, ua, label);
    if (entry == NULL) {
        return GBAU_E_NOT_FOUND;
    }
    *entry = fake.keys[--fake.key_count];
    return GBAU_OK;
}

enum gbau_status gbau_key_derive(struct gbau_key *key, const struct gbau_key_request *request, struct gbau_key **child)
{
    return give_requested(&key->entry, key->secret, request, child);
}

void gbau_key_close(struct gbau_key *key)
{
    if (key != NULL) {
        fake.open_keys--;
        free(key);
    }
}

const char *gbau_key_b_tid(const struct gbau_key *key)
{
    return key->entry.b_tid;
}

static enum gbau_status take_use_status(void)
{
    const enum gbau_status status = fake.use_status;
    fake.use_status = GBAU_OK;
    return status;
}

static size_t iv_length_of(const struct gbau_key *key)
{
    return key->entry.algorithm >= GBAU_AES_128_CTR ? 16 : 12;
}

static size_t tag_length_of(const struct gbau_key *key)
{
    return key->entry.algorithm >= GBAU_AES_128_CTR ? 0 : 16;
}

static void make_tag(const struct gbau_key *key, const void *additional_data, size_t additional_length,
                     const uint8_t *iv_and_text, size_t length, uint8_t *tag, size_t tag_length)
{
    uint64_t hash = key->secret;
    stir(&hash, additional_data, additional_length);
    stir(&hash, iv_and_text, length);
    for (size_t i = 0; i < tag_length; i++) {
        tag[i] = (uint8_t)(hash >> i % 8 * 8);
    }
}

enum gbau_status gbau_key_encrypt(struct gbau_key *key, const void *additional_data, size_t additional_length,
                                  const void *text, size_t text_length, uint8_t *out, size_t capacity, size_t *length)
{
    static uint8_t next_iv = 1;
    const size_t iv_length = iv_length_of(key);
    const size_t tag_length = tag_length_of(key);
    const enum gbau_status status = take_use_status();
    if (status != GBAU_OK) {
        return status;
    }
    if (capacity < iv_length + text_length + tag_length) {
        return GBAU_E_SPACE;
    }
    memset(out, next_iv++, iv_length);
    for (size_t i = 0; i < text_length; i++) {
        out[iv_length + i] = ((const uint8_t *)text)[i] ^ (uint8_t)key->secret;
    }
    make_tag(key, additional_data, additional_length, out, iv_length + text_length, out + iv_length + text_length,
             tag_length);
    *length = iv_length + text_length + tag_length;
    return GBAU_OK;
}

enum gbau_status gbau_key_decrypt(struct gbau_key *key, const void *additional_data, size_t additional_length,
                                  const void *in, size_t in_length, uint8_t *text, size_t capacity, size_t *length)
{
    uint8_t tag[16];
    const uint8_t *octets = in;
    const size_t iv_length = iv_length_of(key);
    const size_t tag_length = tag_length_of(key);
    const size_t text_length = in_length - iv_length - tag_length;
    const enum gbau_status status = take_use_status();
    if (status != GBAU_OK) {
        return status;
    }
    make_tag(key, additional_data, additional_length, octets, iv_length + text_length, tag, tag_length);
    if (memcmp(tag, octets + iv_length + text_length, tag_length) != 0) {
        return GBAU_E_AUTHENTICATION;
    }
    if (capacity < text_length) {
        return GBAU_E_SPACE;
    }
    for (size_t i = 0; i < text_length; i++) {
        text[i] = octets[iv_length + i] ^ (uint8_t)key->secret;
    }
    *length = text_length;
    return GBAU_OK;
}

static size_t mac_length_of(const struct gbau_key *key)
{
    return key->entry.algorithm == GBAU_HMAC_SHA256 || key->entry.algorithm == GBAU_HMAC_SM3 ? 32 : 16;
}

enum gbau_status gbau_key_mac(struct gbau_key *key, const void *data, size_t length, uint8_t mac[GBAU_MAC_MAX],
                              size_t *mac_length)
{
    const enum gbau_status status = take_use_status();
    if (status == GBAU_OK) {
        *mac_length = mac_length_of(key);
        make_tag(key, NULL, 0, data, length, mac, *mac_length);
    }
    return status;
}

enum gbau_status gbau_key_verify(struct gbau_key *key, const void *data, size_t length, const uint8_t *mac,
                                 size_t mac_length)
{
    uint8_t expected[GBAU_MAC_MAX];
    const enum gbau_status status = take_use_status();
    make_tag(key, NULL, 0, data, length, expected, mac_length);
    return status != GBAU_OK ? status : memcmp(expected, mac, mac_length) == 0 ? GBAU_OK : GBAU_E_AUTHENTICATION;
}

enum gbau_status gbau_key_hash(struct gbau_key *key, const void *data, size_t length, uint8_t hash[32])
{
    make_tag(key, NULL, 0, data, length, hash, 32);
    return take_use_status();
}
