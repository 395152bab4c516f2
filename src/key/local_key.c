/* local_key.c: the holder of keys as octets in this process. */
#include "key/local_key.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/secret.h"
#include "crypto/block_mode.h"
#include "key/key_authentication.h"

/* SP 800-38D 8.3: under one key no more random nonces than that. */
#define MESSAGES_MAX (UINT64_C(1) << 32)

enum { WRAPPED_MAX = 4 + APPLICATION_LABEL_MAX + APPLICATION_KEY_SIZE, VERSION_SIZE = 4 };

/* Random octets for nonces, drawn many at a time: the generator's call costs more than AES-GCM of 1 KiB. */
struct nonce_supply {
    uint8_t octets[40 * AEAD_NONCE_SIZE];
    size_t left;
    unsigned forks; /* when they were drawn: a child of fork() has the same octets, and must not use them */
};

struct local_key {
    struct crypto_pool *cryptos;
    struct application_key key;
    struct key_authentication run;
    uint32_t policy_version;
    uint64_t messages; /* made under this key */
    struct nonce_supply nonces;
};

static struct local_key *local_of(struct gbau_key *key)
{
    return key_calls_state(key);
}

/* Gives a key that is made beside `from` its surroundings. */
static struct local_key *begin_beside(struct gbau_key *from, struct gbau_key *made)
{
    struct local_key *local = local_of(made);
    local->cryptos = local_of(from)->cryptos;
    local->policy_version = local_of(from)->policy_version;
    return local;
}

/* Ciphers */

/*
 * How often this process has come out of a fork(): the one thing here that belongs to the process and to no key. Asking
 * for the process's number instead is a call of the system, which takes a third of the time of a message.
 */
static atomic_uint forks;
static bool forks_are_counted;
static pthread_once_t forks_once = PTHREAD_ONCE_INIT;

static void count_fork(void)
{
    atomic_fetch_add_explicit(&forks, 1, memory_order_relaxed);
}

static void count_forks(void)
{
    forks_are_counted = pthread_atfork(NULL, NULL, count_fork) == 0;
}

static enum gbau_status take_random(struct nonce_supply *supply, struct crypto *crypto, uint8_t *out, size_t length)
{
    const unsigned forks_now = atomic_load_explicit(&forks, memory_order_relaxed);
    if (supply->left < length || supply->forks != forks_now || !forks_are_counted) {
        enum gbau_status status = crypto_random(crypto, supply->octets, sizeof supply->octets);
        if (status != GBAU_OK) {
            supply->left = 0;
            return status;
        }
        supply->left = sizeof supply->octets;
        supply->forks = forks_now;
    }
    supply->left -= length;
    memcpy(out, supply->octets + supply->left, length);
    return GBAU_OK;
}

static enum gbau_status make_nonce(struct local_key *local, struct crypto *crypto,
                                   const struct key_algorithm_properties *algorithm, uint8_t *nonce)
{
    const bool is_ctr = algorithm->kind == KEY_ALGORITHM_KIND_BLOCK_MODE &&
                        cipher_suite_properties(algorithm->suite)->mode == CIPHER_MODE_CTR;
    const size_t random_size = is_ctr ? AEAD_NONCE_SIZE : algorithm->nonce_size;
    if (local->messages == MESSAGES_MAX) {
        return GBAU_E_LIMIT;
    }
    local->messages++;
    memset(nonce + random_size, 0, algorithm->nonce_size - random_size);
    return take_random(&local->nonces, crypto, nonce, random_size);
}

static enum gbau_status seal(struct crypto *crypto, const struct application_key *key, const uint8_t *nonce,
                             struct octets additional_data, struct octets text, struct octet_writer *out)
{
    uint8_t *place = octet_writer_reserve(out, text.length + AEAD_TAG_SIZE);
    if (place == NULL) {
        return GBAU_E_SPACE;
    }
    return application_key_seal(crypto, key, nonce, additional_data, text, place, place + text.length);
}

static enum gbau_status open_sealed(struct crypto *crypto, const struct application_key *key, const uint8_t *nonce,
                                    struct octets additional_data, struct octets in, struct octet_writer *text)
{
    const struct octets ciphertext = octets_of(in.data, in.length - AEAD_TAG_SIZE);
    uint8_t nothing;
    uint8_t *place = octet_writer_reserve(text, ciphertext.length);
    if (text->failed) {
        return GBAU_E_SPACE;
    }
    return application_key_open(crypto, key, nonce, additional_data, ciphertext, in.data + ciphertext.length,
                                ciphertext.length == 0 ? &nothing : place);
}

/* CTR and CBC, which know no additional data. */
static enum gbau_status run_block_mode(struct crypto *crypto, const struct application_key *key,
                                       enum block_direction direction, const uint8_t *iv, struct octets in,
                                       struct octet_writer *out)
{
    struct block_mode_stream stream;
    const enum cipher_suite suite = key_algorithm_find(key->algorithm)->suite;
    enum gbau_status status =
        block_mode_stream_begin(&stream, crypto, suite, direction, application_key_octets(key), iv);
    if (status == GBAU_OK) {
        status = block_mode_stream_update(&stream, crypto, in, out);
    }
    return status == GBAU_OK ? block_mode_stream_end(&stream, crypto, out) : status;
}

static enum gbau_status local_encrypt(struct gbau_key *key, struct octets additional_data, struct octets text,
                                      uint8_t *nonce, struct octet_writer *out)
{
    struct local_key *local = local_of(key);
    const struct key_algorithm_properties *algorithm = key_algorithm_find(local->key.algorithm);
    const bool is_aead = algorithm->kind == KEY_ALGORITHM_KIND_AEAD;
    if (!is_aead && additional_data.length > 0) {
        return GBAU_E_ARGUMENT;
    }
    struct crypto *crypto = crypto_pool_borrow(local->cryptos);
    enum gbau_status status = make_nonce(local, crypto, algorithm, nonce);
    if (status == GBAU_OK) {
        status = is_aead ? seal(crypto, &local->key, nonce, additional_data, text, out)
                         : run_block_mode(crypto, &local->key, BLOCK_ENCRYPT, nonce, text, out);
    }
    crypto_pool_return(local->cryptos, crypto);
    return status;
}

static enum gbau_status local_decrypt(struct gbau_key *key, struct octets additional_data, const uint8_t *nonce,
                                      struct octets in, struct octet_writer *text)
{
    struct local_key *local = local_of(key);
    const bool is_aead = key_algorithm_find(local->key.algorithm)->kind == KEY_ALGORITHM_KIND_AEAD;
    if (!is_aead && additional_data.length > 0) {
        return GBAU_E_ARGUMENT;
    }
    struct crypto *crypto = crypto_pool_borrow(local->cryptos);
    enum gbau_status status = is_aead ? open_sealed(crypto, &local->key, nonce, additional_data, in, text)
                                      : run_block_mode(crypto, &local->key, BLOCK_DECRYPT, nonce, in, text);
    crypto_pool_return(local->cryptos, crypto);
    return status;
}

/* MAC, hash */

static enum gbau_status local_mac(struct gbau_key *key, const struct octets *parts, size_t part_count,
                                  uint8_t mac[MAC_MAX_SIZE])
{
    struct local_key *local = local_of(key);
    struct crypto *crypto = crypto_pool_borrow(local->cryptos);
    enum gbau_status status = application_key_mac(crypto, &local->key, parts, part_count, mac);
    crypto_pool_return(local->cryptos, crypto);
    return status;
}

static enum gbau_status local_verify(struct gbau_key *key, const struct octets *parts, size_t part_count,
                                     struct octets mac)
{
    struct local_key *local = local_of(key);
    struct crypto *crypto = crypto_pool_borrow(local->cryptos);
    enum gbau_status status = application_key_verify(crypto, &local->key, parts, part_count, mac);
    crypto_pool_return(local->cryptos, crypto);
    return status;
}

static enum gbau_status local_hash(struct gbau_key *key, struct octets data, uint8_t hash[32])
{
    struct local_key *local = local_of(key);
    struct crypto *crypto = crypto_pool_borrow(local->cryptos);
    const enum digest_algorithm digest = key_algorithm_find((unsigned)key->algorithm)->digest;
    enum gbau_status status = crypto_digest(crypto, digest, &data, 1, hash);
    crypto_pool_return(local->cryptos, crypto);
    return status;
}

/* Keys out of keys */

static enum gbau_status local_derive(struct gbau_key *key, const struct application_key_description *description,
                                     struct gbau_key *child)
{
    struct local_key *local = begin_beside(key, child);
    struct crypto *crypto = crypto_pool_borrow(local->cryptos);
    enum gbau_status status = application_key_derive_child(crypto, &local_of(key)->key, description, &local->key);
    crypto_pool_return(local->cryptos, crypto);
    return status;
}

static enum gbau_status local_export(struct gbau_key *key, uint8_t octets[APPLICATION_KEY_SIZE])
{
    memcpy(octets, local_of(key)->key.octets, APPLICATION_KEY_SIZE);
    return GBAU_OK;
}

/* docs/gba_u-api.md 8.7: usage, direction, algorithm, label after its length, key. */
static void write_wrapped(struct octet_writer *writer, const struct gbau_key *other, const struct application_key *key)
{
    octet_writer_u8(writer, (uint8_t)key->usage);
    octet_writer_u8(writer, (uint8_t)key->direction);
    octet_writer_u8(writer, (uint8_t)key->algorithm);
    octet_writer_u8(writer, (uint8_t)strlen(other->label));
    octet_writer_put_text(writer, other->label);
    octet_writer_put(writer, key->octets, APPLICATION_KEY_SIZE);
}

static enum gbau_status read_wrapped(struct octets octets, struct gbau_key *unwrapped, struct application_key *key)
{
    struct octet_reader reader = octet_reader_of(octets);
    const uint8_t usage = octet_reader_u8(&reader);
    const uint8_t direction = octet_reader_u8(&reader);
    const uint8_t algorithm = octet_reader_u8(&reader);
    const struct octets label = octet_reader_take(&reader, octet_reader_u8(&reader));
    octet_reader_copy(&reader, key->octets, APPLICATION_KEY_SIZE);
    enum gbau_status status = octet_reader_end(&reader);
    if (status == GBAU_OK) {
        status = octets_to_text(label, unwrapped->label, sizeof unwrapped->label);
    }
    if (status != GBAU_OK || label.length == 0 || !key_usage_can_be_wrapped(usage) ||
        !key_usage_is_possible(usage, direction, algorithm)) {
        return GBAU_E_MALFORMED;
    }
    unwrapped->usage = key->usage = (enum key_usage)usage;
    unwrapped->direction = key->direction = (enum key_direction)direction;
    unwrapped->algorithm = key->algorithm = (enum key_algorithm)algorithm;
    return GBAU_OK;
}

static enum gbau_status local_wrap(struct gbau_key *key, struct gbau_key *other, struct octet_writer *out)
{
    uint8_t octets[WRAPPED_MAX];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    write_wrapped(&writer, other, &local_of(other)->key);
    enum gbau_status status = octet_writer_end(&writer);
    uint8_t *nonce = octet_writer_reserve(out, AEAD_NONCE_SIZE);
    if (status == GBAU_OK) {
        status =
            nonce == NULL ? GBAU_E_SPACE : local_encrypt(key, (struct octets){0}, octets_written(&writer), nonce, out);
    }
    secret_wipe(octets, sizeof octets);
    return status;
}

static enum gbau_status local_unwrap(struct gbau_key *key, struct octets in, struct gbau_key *unwrapped)
{
    uint8_t octets[WRAPPED_MAX];
    struct octet_reader reader = octet_reader_of(in);
    const struct octets nonce = octet_reader_take(&reader, AEAD_NONCE_SIZE);
    const struct octets body = octet_reader_take(&reader, octet_reader_left(&reader));
    if (reader.failed || body.length < AEAD_TAG_SIZE || body.length > WRAPPED_MAX + AEAD_TAG_SIZE) {
        return GBAU_E_MALFORMED;
    }
    struct local_key *local = begin_beside(key, unwrapped);
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    enum gbau_status status = local_decrypt(key, (struct octets){0}, nonce.data, body, &writer);
    if (status == GBAU_OK) {
        status = read_wrapped(octets_written(&writer), unwrapped, &local->key);
    }
    secret_wipe(octets, sizeof octets);
    return status;
}

/* Mutual authentication (docs/gba_u-api.md 9) */

static struct key_authentication_binding binding_of(struct gbau_key *key)
{
    return (struct key_authentication_binding){.policy_version = local_of(key)->policy_version,
                                               .b_tid = octets_of_text(key->b_tid)};
}

static enum gbau_status local_authenticate_begin(struct gbau_key *key, struct octet_writer *message)
{
    struct local_key *local = local_of(key);
    uint8_t *place = octet_writer_reserve(message, KEY_AUTHENTICATION_NONCE_SIZE);
    if (place == NULL) {
        return GBAU_E_SPACE;
    }
    struct crypto *crypto = crypto_pool_borrow(local->cryptos);
    enum gbau_status status = key_authentication_begin(&local->run, crypto, &local->key, place);
    crypto_pool_return(local->cryptos, crypto);
    return status;
}

static enum gbau_status local_authenticate_answer(struct gbau_key *key, struct octets message,
                                                  struct octet_writer *answer)
{
    struct local_key *local = local_of(key);
    uint8_t nonce[KEY_AUTHENTICATION_NONCE_SIZE];
    uint8_t mac[MAC_MAX_SIZE];
    const struct key_authentication_binding binding = binding_of(key);
    if (message.length != KEY_AUTHENTICATION_NONCE_SIZE) {
        return GBAU_E_MALFORMED;
    }
    struct crypto *crypto = crypto_pool_borrow(local->cryptos);
    enum gbau_status status =
        key_authentication_answer(&local->run, crypto, &local->key, &binding, message.data, nonce, mac);
    crypto_pool_return(local->cryptos, crypto);
    if (status == GBAU_OK) {
        octet_writer_put(answer, nonce, sizeof nonce);
        octet_writer_u32(answer, binding.policy_version);
        octet_writer_put(answer, mac, application_key_tag_size(&local->key));
    }
    return status;
}

static enum gbau_status local_authenticate_finish(struct gbau_key *key, struct octets answer,
                                                  struct octet_writer *message, struct gbau_key *session)
{
    struct local_key *local = local_of(key);
    uint8_t mac[MAC_MAX_SIZE];
    struct octet_reader reader = octet_reader_of(answer);
    const struct key_authentication_binding binding = binding_of(key);
    const struct octets nonce = octet_reader_take(&reader, KEY_AUTHENTICATION_NONCE_SIZE);
    const uint32_t version = octet_reader_u32(&reader);
    const struct octets responder_mac = octet_reader_take(&reader, application_key_tag_size(&local->key));
    if (octet_reader_end(&reader) != GBAU_OK) {
        return GBAU_E_MALFORMED;
    }
    if (version != binding.policy_version) {
        key_authentication_clear(&local->run); /* the other end is under another policy */
        return GBAU_E_AUTHENTICATION;
    }
    struct local_key *made = begin_beside(key, session);
    struct crypto *crypto = crypto_pool_borrow(local->cryptos);
    enum gbau_status status = key_authentication_finish(&local->run, crypto, &local->key, &binding, nonce.data,
                                                        responder_mac, mac, &made->key);
    crypto_pool_return(local->cryptos, crypto);
    if (status == GBAU_OK) {
        octet_writer_put(message, mac, application_key_tag_size(&local->key));
    }
    return status;
}

static enum gbau_status local_authenticate_confirm(struct gbau_key *key, struct octets message,
                                                   struct gbau_key *session)
{
    struct local_key *local = local_of(key);
    const struct key_authentication_binding binding = binding_of(key);
    struct local_key *made = begin_beside(key, session);
    struct crypto *crypto = crypto_pool_borrow(local->cryptos);
    enum gbau_status status =
        key_authentication_confirm(&local->run, crypto, &local->key, &binding, message, &made->key);
    crypto_pool_return(local->cryptos, crypto);
    return status;
}

/* gbau_key_close wipes the state, and there is nothing beside it. */
static void local_close(struct gbau_key *key)
{
    (void)key;
}

static const struct key_holder local_holder = {
    .encrypt = local_encrypt,
    .decrypt = local_decrypt,
    .mac = local_mac,
    .verify = local_verify,
    .hash = local_hash,
    .derive = local_derive,
    .export_octets = local_export,
    .wrap = local_wrap,
    .unwrap = local_unwrap,
    .authenticate_begin = local_authenticate_begin,
    .authenticate_answer = local_authenticate_answer,
    .authenticate_finish = local_authenticate_finish,
    .authenticate_confirm = local_authenticate_confirm,
    .close = local_close,
};

/* Opening */

static enum gbau_status derive_from_root(const struct local_key_root *root, struct gbau_key *key,
                                         struct application_key_description *description)
{
    struct local_key *local = local_of(key);
    const size_t b_tid_length = strlen(root->b_tid);
    if (b_tid_length >= sizeof key->b_tid) {
        return GBAU_E_ARGUMENT;
    }
    memcpy(key->b_tid, root->b_tid, b_tid_length + 1);
    description->caller = root->caller;
    struct crypto *crypto = crypto_pool_borrow(root->cryptos);
    enum gbau_status status = application_key_derive(crypto, root->int_key, description, &local->key);
    crypto_pool_return(root->cryptos, crypto);
    return status;
}

enum gbau_status local_key_open(const struct local_key_root *root, const struct gbau_key_request *request,
                                struct gbau_key **key)
{
    struct application_key_description description;
    (void)pthread_once(&forks_once, count_forks);
    struct gbau_key *opened = key_calls_new(&local_holder, sizeof(struct local_key));
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    struct local_key *local = local_of(opened);
    local->cryptos = root->cryptos;
    local->policy_version = root->policy_version;
    enum gbau_status status = key_calls_describe(request, root->is_card, opened, &description);
    if (status == GBAU_OK && opened->usage != KEY_USAGE_HASH) {
        status = derive_from_root(root, opened, &description);
    }
    if (status != GBAU_OK) {
        gbau_key_close(opened);
        return status;
    }
    *key = opened;
    return GBAU_OK;
}
