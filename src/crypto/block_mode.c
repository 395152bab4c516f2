/* block_mode.c: CTR and CBC (SP 800-38A) in pieces, on any block cipher of the table. */
#include "crypto/block_mode.h"

#include <string.h>

#include "base/secret.h"

/* Blocks to a call when CBC decrypts; encrypting, each block waits for the one before it. */
enum { BATCH_BLOCKS = 16 };

static bool is_block_mode(const struct cipher_suite_properties *suite)
{
    return suite != NULL && (suite->mode == CIPHER_MODE_CTR || suite->mode == CIPHER_MODE_CBC);
}

size_t block_mode_ciphertext_length(enum cipher_suite suite_number, size_t plaintext_length)
{
    const struct cipher_suite_properties *suite = cipher_suite_properties(suite_number);
    if (!is_block_mode(suite)) {
        return 0;
    }
    return suite->mode == CIPHER_MODE_CTR ? plaintext_length : (plaintext_length / AES_BLOCK_SIZE + 1) * AES_BLOCK_SIZE;
}

void block_mode_stream_clear(struct block_mode_stream *stream)
{
    secret_wipe(stream, sizeof *stream);
}

static enum gbau_status keep_or_clear(struct block_mode_stream *stream, enum gbau_status status)
{
    if (status != GBAU_OK) {
        block_mode_stream_clear(stream);
    }
    return status;
}

/* Counter mode encrypts in both directions. */
static enum gbau_status load_key(const struct block_mode_stream *stream, struct crypto *crypto)
{
    return block_key_load(&stream->key, crypto,
                          stream->mode == CIPHER_MODE_CTR ? BLOCK_ENCRYPT : (enum block_direction)stream->direction);
}

enum gbau_status block_mode_stream_begin(struct block_mode_stream *stream, struct crypto *crypto,
                                         enum cipher_suite suite_number, enum block_direction direction,
                                         struct octets key, const uint8_t iv[BLOCK_MODE_IV_SIZE])
{
    const struct cipher_suite_properties *suite = cipher_suite_properties(suite_number);
    *stream = (struct block_mode_stream){.direction = (uint8_t)direction, .running = true};
    if (!is_block_mode(suite) || (unsigned)direction >= BLOCK_DIRECTION_COUNT) {
        return keep_or_clear(stream, GBAU_E_ARGUMENT);
    }
    stream->mode = (uint8_t)suite->mode;
    counter_stream_begin(&stream->counter, iv, BLOCK_MODE_IV_SIZE);
    memcpy(stream->chain, iv, BLOCK_MODE_IV_SIZE);
    enum gbau_status status = block_key_of(suite->block_cipher, key, &stream->key);
    return keep_or_clear(stream, status == GBAU_OK ? load_key(stream, crypto) : status);
}

/* CBC over whole blocks */

static void xor_block(uint8_t *block, const uint8_t *other)
{
    for (size_t i = 0; i < AES_BLOCK_SIZE; i++) {
        block[i] ^= other[i];
    }
}

static enum gbau_status encrypt_blocks(struct block_mode_stream *stream, struct crypto *crypto, const uint8_t *in,
                                       uint8_t *out, size_t blocks)
{
    for (size_t i = 0; i < blocks; i++) {
        xor_block(stream->chain, in + i * AES_BLOCK_SIZE);
        enum gbau_status status = block_key_encrypt(&stream->key, crypto, stream->chain, stream->chain);
        if (status != GBAU_OK) {
            return status;
        }
        memcpy(out + i * AES_BLOCK_SIZE, stream->chain, AES_BLOCK_SIZE);
    }
    return GBAU_OK;
}

static enum gbau_status decrypt_blocks(struct block_mode_stream *stream, struct crypto *crypto, const uint8_t *in,
                                       uint8_t *out, size_t blocks)
{
    while (blocks > 0) {
        const size_t batch = blocks < BATCH_BLOCKS ? blocks : BATCH_BLOCKS;
        enum gbau_status status = crypto_block_run(crypto, stream->key.cipher, BLOCK_DECRYPT, in, out, batch);
        if (status != GBAU_OK) {
            return status;
        }
        for (size_t i = 0; i < batch; i++) {
            xor_block(out + i * AES_BLOCK_SIZE, i == 0 ? stream->chain : in + (i - 1) * AES_BLOCK_SIZE);
        }
        memcpy(stream->chain, in + (batch - 1) * AES_BLOCK_SIZE, AES_BLOCK_SIZE);
        in += batch * AES_BLOCK_SIZE;
        out += batch * AES_BLOCK_SIZE;
        blocks -= batch;
    }
    return GBAU_OK;
}

/* Appends `blocks` blocks to `out`. */
static enum gbau_status run_blocks(struct block_mode_stream *stream, struct crypto *crypto, const uint8_t *in,
                                   size_t blocks, struct octet_writer *out)
{
    if (blocks == 0) {
        return GBAU_OK;
    }
    uint8_t *room = octet_writer_reserve(out, blocks * AES_BLOCK_SIZE);
    if (room == NULL) {
        return GBAU_E_SPACE;
    }
    return stream->direction == BLOCK_ENCRYPT ? encrypt_blocks(stream, crypto, in, room, blocks)
                                              : decrypt_blocks(stream, crypto, in, room, blocks);
}

/* CBC in pieces */

/* Moves octets into the waiting block; gives what is left of `in`. */
static struct octets wait_for_more(struct block_mode_stream *stream, struct octets in)
{
    const size_t room = AES_BLOCK_SIZE - stream->waiting;
    const size_t taken = in.length < room ? in.length : room;
    if (taken == 0) {
        return in;
    }
    memcpy(stream->block + stream->waiting, in.data, taken);
    stream->waiting = (uint8_t)(stream->waiting + taken);
    return octets_of(in.data + taken, in.length - taken);
}

/* A full block waits for as long as it may be the last one; that matters when decrypting. */
static enum gbau_status cbc_update(struct block_mode_stream *stream, struct crypto *crypto, struct octets in,
                                   struct octet_writer *out)
{
    const size_t kept_back = stream->direction == BLOCK_DECRYPT ? 1 : 0;
    if (stream->waiting > 0) {
        in = wait_for_more(stream, in);
        if (stream->waiting < AES_BLOCK_SIZE || in.length < kept_back) {
            return GBAU_OK;
        }
        stream->waiting = 0;
        enum gbau_status status = run_blocks(stream, crypto, stream->block, 1, out);
        if (status != GBAU_OK) {
            return status;
        }
    }
    const size_t blocks = in.length == 0 ? 0 : (in.length - kept_back) / AES_BLOCK_SIZE;
    enum gbau_status status = run_blocks(stream, crypto, in.data, blocks, out);
    if (status == GBAU_OK && in.length > 0) {
        const size_t whole = blocks * AES_BLOCK_SIZE;
        (void)wait_for_more(stream, octets_of(in.data + whole, in.length - whole));
    }
    return status;
}

static enum gbau_status ctr_update(struct block_mode_stream *stream, struct crypto *crypto, struct octets in,
                                   struct octet_writer *out)
{
    uint8_t *room = octet_writer_reserve(out, in.length);
    if (room == NULL) {
        return GBAU_E_SPACE;
    }
    return counter_stream_xor(&stream->counter, crypto, &stream->key, in, room);
}

enum gbau_status block_mode_stream_update(struct block_mode_stream *stream, struct crypto *crypto, struct octets in,
                                          struct octet_writer *out)
{
    if (!stream->running) {
        return GBAU_E_ARGUMENT;
    }
    if (in.length == 0) {
        return GBAU_OK;
    }
    enum gbau_status status = load_key(stream, crypto);
    if (status == GBAU_OK) {
        status =
            stream->mode == CIPHER_MODE_CTR ? ctr_update(stream, crypto, in, out) : cbc_update(stream, crypto, in, out);
    }
    return keep_or_clear(stream, status);
}

/* Padding: PKCS#7, each octet says how many there are (RFC 5652 clause 6.3) */

static enum gbau_status put_padding(struct block_mode_stream *stream, struct crypto *crypto, struct octet_writer *out)
{
    const uint8_t padding = (uint8_t)(AES_BLOCK_SIZE - stream->waiting);
    memset(stream->block + stream->waiting, padding, padding);
    return run_blocks(stream, crypto, stream->block, 1, out);
}

/* All ones when a < b, else zeros; both below 256. */
static uint32_t mask_below(uint32_t a, uint32_t b)
{
    return 0U - ((a - b) >> 31);
}

/* True when `block` ends in a padding. Which octets are wrong, and how many there are, shows in no time. */
static bool padding_is_right(const uint8_t block[AES_BLOCK_SIZE])
{
    const uint32_t padding = block[AES_BLOCK_SIZE - 1];
    uint32_t wrong = mask_below(padding, 1) | mask_below(AES_BLOCK_SIZE, padding);
    for (uint32_t i = 0; i < AES_BLOCK_SIZE; i++) {
        wrong |= mask_below(i, padding) & (block[AES_BLOCK_SIZE - 1 - i] ^ padding);
    }
    return wrong == 0;
}

static enum gbau_status take_padding(struct block_mode_stream *stream, struct crypto *crypto, struct octet_writer *out)
{
    uint8_t last[AES_BLOCK_SIZE];
    if (stream->waiting != AES_BLOCK_SIZE) {
        return GBAU_E_MALFORMED;
    }
    enum gbau_status status = decrypt_blocks(stream, crypto, stream->block, last, 1);
    if (status == GBAU_OK && !padding_is_right(last)) {
        status = GBAU_E_MALFORMED;
    }
    if (status == GBAU_OK) {
        octet_writer_put(out, last, (size_t)(AES_BLOCK_SIZE - last[AES_BLOCK_SIZE - 1]));
        status = octet_writer_end(out);
    }
    secret_wipe(last, sizeof last);
    return status;
}

enum gbau_status block_mode_stream_end(struct block_mode_stream *stream, struct crypto *crypto,
                                       struct octet_writer *out)
{
    if (!stream->running) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = load_key(stream, crypto);
    if (status == GBAU_OK && stream->mode == CIPHER_MODE_CBC) {
        status =
            stream->direction == BLOCK_ENCRYPT ? put_padding(stream, crypto, out) : take_padding(stream, crypto, out);
    }
    block_mode_stream_clear(stream);
    return status;
}

/* At once */

static enum gbau_status run_at_once(struct crypto *crypto, enum cipher_suite suite, enum block_direction direction,
                                    struct octets key, const uint8_t iv[BLOCK_MODE_IV_SIZE], struct octets in,
                                    struct octet_writer *out)
{
    struct block_mode_stream stream;
    enum gbau_status status = block_mode_stream_begin(&stream, crypto, suite, direction, key, iv);
    if (status == GBAU_OK) {
        status = block_mode_stream_update(&stream, crypto, in, out);
    }
    return status == GBAU_OK ? block_mode_stream_end(&stream, crypto, out) : status;
}

enum gbau_status block_mode_encrypt(struct crypto *crypto, enum cipher_suite suite, struct octets key,
                                    const uint8_t iv[BLOCK_MODE_IV_SIZE], struct octets plaintext, uint8_t *ciphertext)
{
    struct octet_writer out = octet_writer_of(ciphertext, block_mode_ciphertext_length(suite, plaintext.length));
    return run_at_once(crypto, suite, BLOCK_ENCRYPT, key, iv, plaintext, &out);
}

enum gbau_status block_mode_decrypt(struct crypto *crypto, enum cipher_suite suite, struct octets key,
                                    const uint8_t iv[BLOCK_MODE_IV_SIZE], struct octets ciphertext, uint8_t *plaintext,
                                    size_t *length)
{
    struct octet_writer out = octet_writer_of(plaintext, ciphertext.length);
    enum gbau_status status = run_at_once(crypto, suite, BLOCK_DECRYPT, key, iv, ciphertext, &out);
    *length = status == GBAU_OK ? out.length : 0;
    if (status != GBAU_OK) {
        secret_wipe(plaintext, ciphertext.length);
    }
    return status;
}
