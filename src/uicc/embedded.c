/* embedded.c: the card for whoever embeds it: include/gbau/uicc.h over uicc.h, and cryptography on five primitives. */
#include "gbau/uicc.h"

#include "base/secret.h"
#include "uicc/uicc.h"

struct embedded {
    struct uicc uicc;
    struct crypto crypto;
};
_Static_assert(sizeof(struct embedded) <= sizeof(struct gbau_uicc), "GBAU_UICC_RAM is too small");
_Static_assert((int)GBAU_UICC_RESPONSE_MAX == (int)UICC_RESPONSE_MAX, "the public header says another length");

static struct embedded *embedded_of(struct gbau_uicc *card)
{
    return (struct embedded *)card->ram;
}

/* The room's table of primitives, made of those of the embedder: what they lack, streams and modes supply. */

static const struct gbau_uicc_primitives *primitives_of(void *state)
{
    return state;
}

static enum gbau_status block_set_key(void *state, enum block_cipher cipher, enum block_direction direction,
                                      const uint8_t *key)
{
    static const enum gbau_block_cipher names[] = {
        [BLOCK_AES128] = GBAU_BLOCK_AES_128, [BLOCK_AES256] = GBAU_BLOCK_AES_256, [BLOCK_SM4] = GBAU_BLOCK_SM4};
    const struct gbau_uicc_primitives *primitives = primitives_of(state);
    return primitives->set_key(primitives->context, names[cipher], direction == BLOCK_DECRYPT, key);
}

static enum gbau_status block_run(void *state, enum block_cipher cipher, enum block_direction direction,
                                  const uint8_t *in, uint8_t *out, size_t blocks)
{
    static const enum gbau_block_cipher names[] = {
        [BLOCK_AES128] = GBAU_BLOCK_AES_128, [BLOCK_AES256] = GBAU_BLOCK_AES_256, [BLOCK_SM4] = GBAU_BLOCK_SM4};
    const struct gbau_uicc_primitives *primitives = primitives_of(state);
    return primitives->run(primitives->context, names[cipher], direction == BLOCK_DECRYPT, in, out, blocks);
}

static enum gbau_status digest_blocks(void *state, enum digest_algorithm algorithm,
                                      uint32_t chaining[DIGEST_CHAINING_WORDS], const uint8_t *blocks, size_t count)
{
    const struct gbau_uicc_primitives *primitives = primitives_of(state);
    const enum gbau_compression compression = algorithm == DIGEST_SM3 ? GBAU_COMPRESS_SM3 : GBAU_COMPRESS_SHA_256;
    return primitives->compress(primitives->context, compression, chaining, blocks, count);
}

static enum gbau_status random_octets(void *state, uint8_t *out, size_t length)
{
    const struct gbau_uicc_primitives *primitives = primitives_of(state);
    return primitives->random(primitives->context, out, length);
}

static const struct crypto_table embedded_table;

static struct crypto crypto_of(void *state)
{
    return (struct crypto){.table = &embedded_table, .state = state};
}

static enum gbau_status hmac_sha256(void *state, struct octets key, const struct octets *parts, size_t part_count,
                                    uint8_t mac[SHA256_SIZE])
{
    struct crypto crypto = crypto_of(state);
    struct mac_stream stream;
    enum gbau_status status = mac_stream_begin(&stream, &crypto, MAC_HMAC_SHA256, key);
    for (size_t i = 0; status == GBAU_OK && i < part_count; i++) {
        status = mac_stream_update(&stream, &crypto, parts[i]);
    }
    return status == GBAU_OK ? mac_stream_end(&stream, &crypto, mac) : status;
}

/* The card asks for SHA-1 of one part only (33.220 5.3.2, MAC*), and never for MD5. */
static enum gbau_status digest(void *state, enum digest_algorithm algorithm, const struct octets *parts,
                               size_t part_count, uint8_t *out)
{
    const struct gbau_uicc_primitives *primitives = primitives_of(state);
    if (algorithm == DIGEST_SHA1 && part_count == 1) {
        return primitives->sha1(primitives->context, parts[0].data, parts[0].length, out);
    }
    struct crypto crypto = crypto_of(state);
    struct digest_stream stream;
    enum gbau_status status = digest_stream_begin(&stream, algorithm);
    for (size_t i = 0; status == GBAU_OK && i < part_count; i++) {
        status = digest_stream_update(&stream, &crypto, parts[i]);
    }
    return status == GBAU_OK ? digest_stream_end(&stream, &crypto, out) : status;
}

static enum cipher_suite gcm_suite_of(struct octets key)
{
    return key.length == AES128_KEY_SIZE ? CIPHER_SUITE_AES128_GCM : CIPHER_SUITE_AES256_GCM;
}

static enum gbau_status aes_gcm_seal(void *state, struct octets key, const uint8_t nonce[AES_GCM_NONCE_SIZE],
                                     struct octets aad, struct octets plaintext, uint8_t *ciphertext,
                                     uint8_t tag[AES_GCM_TAG_SIZE])
{
    struct crypto crypto = crypto_of(state);
    struct aead_stream stream;
    const struct aead_lengths lengths = {.aad = aad.length, .text = plaintext.length};
    enum gbau_status status = aead_stream_begin_seal(&stream, &crypto, gcm_suite_of(key), key, nonce, lengths);
    if (status == GBAU_OK) {
        status = aead_stream_put_aad(&stream, &crypto, aad);
    }
    if (status == GBAU_OK) {
        status = aead_stream_seal(&stream, &crypto, plaintext, ciphertext);
    }
    return status == GBAU_OK ? aead_stream_end_seal(&stream, &crypto, tag) : status;
}

static enum gbau_status aes_gcm_open(void *state, struct octets key, const uint8_t nonce[AES_GCM_NONCE_SIZE],
                                     struct octets aad, struct octets ciphertext, const uint8_t tag[AES_GCM_TAG_SIZE],
                                     uint8_t *plaintext)
{
    struct crypto crypto = crypto_of(state);
    struct aead_stream stream;
    const struct aead_lengths lengths = {.aad = aad.length, .text = ciphertext.length};
    enum gbau_status status = aead_stream_begin_open(&stream, &crypto, gcm_suite_of(key), key, nonce, lengths);
    if (status == GBAU_OK) {
        status = aead_stream_put_aad(&stream, &crypto, aad);
    }
    if (status == GBAU_OK) {
        status = aead_stream_open_unverified(&stream, &crypto, ciphertext, plaintext);
    }
    if (status == GBAU_OK) {
        status = aead_stream_end_open(&stream, &crypto, tag);
    }
    if (status != GBAU_OK && ciphertext.length > 0) {
        secret_wipe(plaintext, ciphertext.length);
    }
    return status;
}

static const struct crypto_table embedded_table = {
    .block_set_key = block_set_key,
    .block_run = block_run,
    .hmac_sha256 = hmac_sha256,
    .digest = digest,
    .digest_blocks = digest_blocks,
    .aes_gcm_seal = aes_gcm_seal,
    .aes_gcm_open = aes_gcm_open,
    .random = random_octets,
};

/* The card */

enum gbau_status gbau_uicc_power_on(struct gbau_uicc *card, const struct gbau_uicc_memory *memory,
                                    const struct gbau_uicc_primitives *primitives, const struct gbau_applet *applets,
                                    size_t applet_count)
{
    struct embedded *embedded = embedded_of(card);
    const struct nvm_storage storage = {.memory = memory->memory,
                                        .size = memory->size,
                                        .write = memory->write,
                                        .sync = memory->sync,
                                        .context = memory->context};
    union { /* the table's state is never written to */
        const struct gbau_uicc_primitives *given;
        void *state;
    } state = {.given = primitives};
    embedded->crypto = crypto_of(state.state);
    return uicc_power_on_with_applets(&embedded->uicc, &storage, &embedded->crypto, applets, applet_count);
}

size_t gbau_uicc_process(struct gbau_uicc *card, const uint8_t *command, size_t length,
                         uint8_t response[GBAU_UICC_RESPONSE_MAX])
{
    return uicc_process(&embedded_of(card)->uicc, octets_of(command, length), response);
}

void gbau_uicc_reset(struct gbau_uicc *card)
{
    uicc_reset(&embedded_of(card)->uicc);
}

const uint8_t *gbau_uicc_atr(size_t *length)
{
    *length = uicc_atr.length;
    return uicc_atr.data;
}

void gbau_uicc_power_off(struct gbau_uicc *card)
{
    secret_wipe(card, sizeof *card);
}
