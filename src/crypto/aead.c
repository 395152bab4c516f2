/* aead.c: GCM (SP 800-38D) and CCM (SP 800-38C, RFC 3610) in pieces, on any block cipher of the table. */
#include "crypto/aead.h"

#include <string.h>

#include "base/secret.h"
#include "crypto/ghash.h"

enum phase { PHASE_NONE, PHASE_AAD, PHASE_TEXT };

enum {
    GCM_COUNTER_WIDTH = 4,
    CCM_COUNTER_WIDTH = 3, /* L of RFC 3610 */
    CCM_FLAG_AAD = 0x40,
    CCM_FLAGS_TAG = (AEAD_TAG_SIZE - 2) / 2 << 3
};

#define GCM_TEXT_MAX      ((1ULL << 36) - 32)
#define CCM_TEXT_MAX      ((1ULL << 24) - 1)
#define AAD_MAX           0xffffffffULL
#define CCM_SHORT_AAD_MAX 0xfeffULL

/* The authenticator: both modes add octets to a block, and stir it when it is full. */

static enum gbau_status stir_blocks(struct aead_stream *stream, struct crypto *crypto, const uint8_t *blocks,
                                    size_t count)
{
    if (stream->mode == CIPHER_MODE_GCM) {
        ghash_blocks(stream->hash_key, stream->mac, blocks, count);
        return GBAU_OK;
    }
    enum gbau_status status = GBAU_OK;
    for (size_t block = 0; status == GBAU_OK && block < count; block++, blocks += AES_BLOCK_SIZE) {
        for (size_t i = 0; i < AES_BLOCK_SIZE; i++) {
            stream->mac[i] ^= blocks[i];
        }
        status = block_key_encrypt(&stream->key, crypto, stream->mac, stream->mac);
    }
    return status;
}

/* Ends the current block, if one is begun, as if zeros followed. */
static enum gbau_status pad_with_zeros(struct aead_stream *stream, struct crypto *crypto)
{
    if (stream->mac_position == 0) {
        return GBAU_OK;
    }
    stream->mac_position = 0;
    if (stream->mode == CIPHER_MODE_GCM) {
        ghash_multiply(stream->hash_key, stream->mac);
        return GBAU_OK;
    }
    return block_key_encrypt(&stream->key, crypto, stream->mac, stream->mac);
}

/* Adds octets to a block that is begun, or begins one; gives how many it took. */
static size_t add_to_block(struct aead_stream *stream, struct octets data)
{
    size_t taken = 0;
    while (taken < data.length && stream->mac_position < AES_BLOCK_SIZE) {
        stream->mac[stream->mac_position++] ^= data.data[taken++];
    }
    return taken;
}

static enum gbau_status authenticate(struct aead_stream *stream, struct crypto *crypto, struct octets data)
{
    enum gbau_status status = GBAU_OK;
    if (data.length == 0) {
        return GBAU_OK;
    }
    if (stream->mac_position > 0) {
        const size_t taken = add_to_block(stream, data);
        data = octets_of(data.data + taken, data.length - taken);
        if (stream->mac_position < AES_BLOCK_SIZE) {
            return GBAU_OK;
        }
        status = pad_with_zeros(stream, crypto); /* the block is full: nothing is left to pad */
    }
    const size_t blocks = data.length / AES_BLOCK_SIZE;
    if (status == GBAU_OK && blocks > 0) {
        status = stir_blocks(stream, crypto, data.data, blocks);
    }
    const size_t whole = blocks * AES_BLOCK_SIZE;
    (void)add_to_block(stream, octets_of(data.data + whole, data.length - whole));
    return status;
}

/* Beginning */

/* J0 = nonce || 1; H = E(0). The counter goes on behind J0, whose key stream hides the tag. */
static enum gbau_status begin_gcm(struct aead_stream *stream, struct crypto *crypto,
                                  const uint8_t nonce[AEAD_NONCE_SIZE])
{
    uint8_t blocks[2][AES_BLOCK_SIZE] = {{0}};
    memcpy(blocks[1], nonce, AEAD_NONCE_SIZE);
    blocks[1][AES_BLOCK_SIZE - 1] = 2;
    counter_stream_begin(&stream->counter, blocks[1], GCM_COUNTER_WIDTH);
    blocks[1][AES_BLOCK_SIZE - 1] = 1;
    enum gbau_status status = crypto_block_run(crypto, stream->key.cipher, BLOCK_ENCRYPT, blocks[0], blocks[0], 2);
    memcpy(stream->hash_key, blocks[0], AES_BLOCK_SIZE);
    memcpy(stream->tag_mask, blocks[1], AES_BLOCK_SIZE);
    secret_wipe(blocks, sizeof blocks);
    return status;
}

/* The length of the additional data stands before them (RFC 3610 clause 2.2). */
static enum gbau_status authenticate_aad_length(struct aead_stream *stream, struct crypto *crypto)
{
    uint8_t prefix[6];
    struct octet_writer writer = octet_writer_of(prefix, sizeof prefix);
    if (stream->announced.aad == 0) {
        return GBAU_OK;
    }
    if (stream->announced.aad <= CCM_SHORT_AAD_MAX) {
        octet_writer_u16(&writer, (uint16_t)stream->announced.aad);
    } else {
        octet_writer_u16(&writer, 0xfffe);
        octet_writer_u32(&writer, (uint32_t)stream->announced.aad);
    }
    return authenticate(stream, crypto, octets_written(&writer));
}

/* B0 = flags || nonce || length of the text; A0 = L - 1 || nonce || 0, whose key stream hides the tag. */
static enum gbau_status begin_ccm(struct aead_stream *stream, struct crypto *crypto,
                                  const uint8_t nonce[AEAD_NONCE_SIZE])
{
    uint8_t a[AES_BLOCK_SIZE] = {CCM_COUNTER_WIDTH - 1};
    struct octet_writer b0 = octet_writer_of(stream->mac, sizeof stream->mac);
    octet_writer_u8(&b0, (uint8_t)((stream->announced.aad > 0 ? CCM_FLAG_AAD : 0) | CCM_FLAGS_TAG | a[0]));
    octet_writer_put(&b0, nonce, AEAD_NONCE_SIZE);
    octet_writer_u24(&b0, (uint32_t)stream->announced.text);
    memcpy(a + 1, nonce, AEAD_NONCE_SIZE);
    enum gbau_status status = block_key_encrypt(&stream->key, crypto, a, stream->tag_mask);
    if (status == GBAU_OK) {
        status = block_key_encrypt(&stream->key, crypto, stream->mac, stream->mac);
    }
    a[AES_BLOCK_SIZE - 1] = 1;
    counter_stream_begin(&stream->counter, a, CCM_COUNTER_WIDTH);
    return status == GBAU_OK ? authenticate_aad_length(stream, crypto) : status;
}

static bool is_aead(const struct cipher_suite_properties *suite)
{
    return suite != NULL && (suite->mode == CIPHER_MODE_GCM || suite->mode == CIPHER_MODE_CCM);
}

static bool length_fits(uint64_t length, uint64_t most, bool may_be_unknown)
{
    return length <= most || (may_be_unknown && length == AEAD_LENGTH_UNKNOWN);
}

static bool lengths_fit(enum cipher_mode mode, const struct aead_lengths *lengths)
{
    const bool gcm = mode == CIPHER_MODE_GCM;
    return length_fits(lengths->aad, AAD_MAX, gcm) &&
           length_fits(lengths->text, gcm ? GCM_TEXT_MAX : CCM_TEXT_MAX, gcm);
}

/* A stream that failed is of no more use. */
static enum gbau_status keep_or_clear(struct aead_stream *stream, enum gbau_status status)
{
    if (status != GBAU_OK) {
        aead_stream_clear(stream);
    }
    return status;
}

static enum gbau_status begin(struct aead_stream *stream, struct crypto *crypto, enum cipher_suite suite_number,
                              struct octets key, const uint8_t nonce[AEAD_NONCE_SIZE], struct aead_lengths lengths,
                              bool opens)
{
    const struct cipher_suite_properties *suite = cipher_suite_properties(suite_number);
    *stream = (struct aead_stream){.announced = lengths, .opens = opens, .phase = PHASE_AAD};
    if (!is_aead(suite) || !lengths_fit(suite->mode, &lengths)) {
        return keep_or_clear(stream, GBAU_E_ARGUMENT);
    }
    stream->mode = (uint8_t)suite->mode;
    enum gbau_status status = block_key_of(suite->block_cipher, key, &stream->key);
    if (status == GBAU_OK) {
        status = block_key_load(&stream->key, crypto, BLOCK_ENCRYPT);
    }
    if (status == GBAU_OK) {
        status = suite->mode == CIPHER_MODE_GCM ? begin_gcm(stream, crypto, nonce) : begin_ccm(stream, crypto, nonce);
    }
    return keep_or_clear(stream, status);
}

enum gbau_status aead_stream_begin_seal(struct aead_stream *stream, struct crypto *crypto, enum cipher_suite suite,
                                        struct octets key, const uint8_t nonce[AEAD_NONCE_SIZE],
                                        struct aead_lengths lengths)
{
    return begin(stream, crypto, suite, key, nonce, lengths, false);
}

enum gbau_status aead_stream_begin_open(struct aead_stream *stream, struct crypto *crypto, enum cipher_suite suite,
                                        struct octets key, const uint8_t nonce[AEAD_NONCE_SIZE],
                                        struct aead_lengths lengths)
{
    return begin(stream, crypto, suite, key, nonce, lengths, true);
}

/* Going on */

/* Counts a piece; false when it is more than was announced, or than the mode can bear. */
static bool count_piece(uint64_t *done, uint64_t announced, uint64_t most, size_t length)
{
    const uint64_t limit = announced == AEAD_LENGTH_UNKNOWN ? most : announced;
    if (length > limit - *done) {
        return false;
    }
    *done += length;
    return true;
}

enum gbau_status aead_stream_put_aad(struct aead_stream *stream, struct crypto *crypto, struct octets aad)
{
    if (stream->phase != PHASE_AAD || !count_piece(&stream->done.aad, stream->announced.aad, AAD_MAX, aad.length)) {
        return keep_or_clear(stream, GBAU_E_ARGUMENT);
    }
    enum gbau_status status = block_key_load(&stream->key, crypto, BLOCK_ENCRYPT);
    return keep_or_clear(stream, status == GBAU_OK ? authenticate(stream, crypto, aad) : status);
}

static bool as_announced(uint64_t announced, uint64_t done)
{
    return announced == AEAD_LENGTH_UNKNOWN || announced == done;
}

/* From here on the additional data are complete. The key must be loaded. */
static enum gbau_status enter_text(struct aead_stream *stream, struct crypto *crypto)
{
    if (stream->phase == PHASE_TEXT) {
        return GBAU_OK;
    }
    if (!as_announced(stream->announced.aad, stream->done.aad)) {
        return GBAU_E_ARGUMENT;
    }
    stream->phase = PHASE_TEXT;
    return pad_with_zeros(stream, crypto);
}

/* GCM authenticates the ciphertext, CCM the plaintext. */
static enum gbau_status run_text(struct aead_stream *stream, struct crypto *crypto, struct octets in, uint8_t *out)
{
    const bool input_first = (stream->mode == CIPHER_MODE_GCM) == stream->opens;
    enum gbau_status status = input_first ? authenticate(stream, crypto, in) : GBAU_OK;
    if (status == GBAU_OK) {
        status = counter_stream_xor(&stream->counter, crypto, &stream->key, in, out);
    }
    if (status == GBAU_OK && !input_first) {
        status = authenticate(stream, crypto, octets_of(out, in.length));
    }
    return status;
}

static enum gbau_status put_text(struct aead_stream *stream, struct crypto *crypto, struct octets in, uint8_t *out,
                                 bool opens)
{
    if (stream->phase == PHASE_NONE || stream->opens != opens ||
        !count_piece(&stream->done.text, stream->announced.text, GCM_TEXT_MAX, in.length)) {
        return keep_or_clear(stream, GBAU_E_ARGUMENT);
    }
    enum gbau_status status = block_key_load(&stream->key, crypto, BLOCK_ENCRYPT);
    if (status == GBAU_OK) {
        status = enter_text(stream, crypto);
    }
    return keep_or_clear(stream, status == GBAU_OK ? run_text(stream, crypto, in, out) : status);
}

enum gbau_status aead_stream_seal(struct aead_stream *stream, struct crypto *crypto, struct octets plaintext,
                                  uint8_t *ciphertext)
{
    return put_text(stream, crypto, plaintext, ciphertext, false);
}

enum gbau_status aead_stream_open_unverified(struct aead_stream *stream, struct crypto *crypto,
                                             struct octets ciphertext, uint8_t *plaintext)
{
    return put_text(stream, crypto, ciphertext, plaintext, true);
}

/* Ending */

/* The last block of GHASH: the lengths in bits. CCM has said its lengths at the start. */
static void stir_lengths(struct aead_stream *stream)
{
    uint8_t lengths[AES_BLOCK_SIZE];
    struct octet_writer writer = octet_writer_of(lengths, sizeof lengths);
    octet_writer_u64(&writer, stream->done.aad * 8);
    octet_writer_u64(&writer, stream->done.text * 8);
    ghash_blocks(stream->hash_key, stream->mac, lengths, 1);
}

/* Leaves the tag in stream->mac. */
static enum gbau_status finish(struct aead_stream *stream, struct crypto *crypto, bool opens)
{
    if (stream->phase == PHASE_NONE || stream->opens != opens ||
        !as_announced(stream->announced.text, stream->done.text)) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = block_key_load(&stream->key, crypto, BLOCK_ENCRYPT);
    if (status == GBAU_OK) {
        status = enter_text(stream, crypto);
    }
    if (status == GBAU_OK) {
        status = pad_with_zeros(stream, crypto);
    }
    if (status == GBAU_OK && stream->mode == CIPHER_MODE_GCM) {
        stir_lengths(stream);
    }
    for (size_t i = 0; i < AEAD_TAG_SIZE; i++) {
        stream->mac[i] ^= stream->tag_mask[i];
    }
    return status;
}

enum gbau_status aead_stream_end_seal(struct aead_stream *stream, struct crypto *crypto, uint8_t tag[AEAD_TAG_SIZE])
{
    enum gbau_status status = finish(stream, crypto, false);
    if (status == GBAU_OK) {
        memcpy(tag, stream->mac, AEAD_TAG_SIZE);
    }
    aead_stream_clear(stream);
    return status;
}

enum gbau_status aead_stream_end_open(struct aead_stream *stream, struct crypto *crypto,
                                      const uint8_t tag[AEAD_TAG_SIZE])
{
    enum gbau_status status = finish(stream, crypto, true);
    if (status == GBAU_OK && !secret_equal(stream->mac, tag, AEAD_TAG_SIZE)) {
        status = GBAU_E_AUTHENTICATION;
    }
    aead_stream_clear(stream);
    return status;
}

void aead_stream_clear(struct aead_stream *stream)
{
    secret_wipe(stream, sizeof *stream);
}

/* At once */

enum gbau_status aead_seal_by_stream(struct crypto *crypto, enum cipher_suite suite, struct octets key,
                                     const uint8_t nonce[AEAD_NONCE_SIZE], struct octets aad, struct octets plaintext,
                                     uint8_t *ciphertext, uint8_t tag[AEAD_TAG_SIZE])
{
    const struct aead_lengths lengths = {.aad = aad.length, .text = plaintext.length};
    struct aead_stream stream;
    enum gbau_status status = aead_stream_begin_seal(&stream, crypto, suite, key, nonce, lengths);
    if (status == GBAU_OK) {
        status = aead_stream_put_aad(&stream, crypto, aad);
    }
    if (status == GBAU_OK) {
        status = aead_stream_seal(&stream, crypto, plaintext, ciphertext);
    }
    return status == GBAU_OK ? aead_stream_end_seal(&stream, crypto, tag) : status;
}

enum gbau_status aead_open_by_stream(struct crypto *crypto, enum cipher_suite suite, struct octets key,
                                     const uint8_t nonce[AEAD_NONCE_SIZE], struct octets aad, struct octets ciphertext,
                                     const uint8_t tag[AEAD_TAG_SIZE], uint8_t *plaintext)
{
    const struct aead_lengths lengths = {.aad = aad.length, .text = ciphertext.length};
    struct aead_stream stream;
    enum gbau_status status = aead_stream_begin_open(&stream, crypto, suite, key, nonce, lengths);
    if (status == GBAU_E_ARGUMENT) {
        return status;
    }
    if (status == GBAU_OK) {
        status = aead_stream_put_aad(&stream, crypto, aad);
    }
    if (status == GBAU_OK) {
        status = aead_stream_open_unverified(&stream, crypto, ciphertext, plaintext);
    }
    if (status == GBAU_OK) {
        status = aead_stream_end_open(&stream, crypto, tag);
    }
    if (status != GBAU_OK) {
        secret_wipe(plaintext, ciphertext.length);
    }
    return status;
}

/* The binding may have a shortcut for these. */
static bool is_aes_gcm(enum cipher_suite suite, struct octets key)
{
    return (suite == CIPHER_SUITE_AES128_GCM || suite == CIPHER_SUITE_AES256_GCM) &&
           key.length == cipher_suite_properties(suite)->key_size;
}

enum gbau_status aead_seal(struct crypto *crypto, enum cipher_suite suite, struct octets key,
                           const uint8_t nonce[AEAD_NONCE_SIZE], struct octets aad, struct octets plaintext,
                           uint8_t *ciphertext, uint8_t tag[AEAD_TAG_SIZE])
{
    return is_aes_gcm(suite, key) ? crypto_aes_gcm_seal(crypto, key, nonce, aad, plaintext, ciphertext, tag)
                                  : aead_seal_by_stream(crypto, suite, key, nonce, aad, plaintext, ciphertext, tag);
}

enum gbau_status aead_open(struct crypto *crypto, enum cipher_suite suite, struct octets key,
                           const uint8_t nonce[AEAD_NONCE_SIZE], struct octets aad, struct octets ciphertext,
                           const uint8_t tag[AEAD_TAG_SIZE], uint8_t *plaintext)
{
    return is_aes_gcm(suite, key) ? crypto_aes_gcm_open(crypto, key, nonce, aad, ciphertext, tag, plaintext)
                                  : aead_open_by_stream(crypto, suite, key, nonce, aad, ciphertext, tag, plaintext);
}
