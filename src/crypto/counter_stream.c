/* counter_stream.c: counter mode in pieces of any length, many blocks to a call of the cipher. */
#include "crypto/counter_stream.h"

#include <string.h>

#include "base/secret.h"

/* Blocks to a call of the cipher: enough to hide the cost of the call, little enough for a microcontroller's stack. */
enum { BATCH_BLOCKS = 16, BATCH_SIZE = BATCH_BLOCKS * AES_BLOCK_SIZE };

static void xor_octets(uint8_t *out, const uint8_t *in, const uint8_t *pad, size_t length)
{
    size_t i = 0;
    for (; i + 8 <= length; i += 8) {
        uint64_t left;
        uint64_t right;
        memcpy(&left, in + i, 8);
        memcpy(&right, pad + i, 8);
        left ^= right;
        memcpy(out + i, &left, 8);
    }
    for (; i < length; i++) {
        out[i] = in[i] ^ pad[i];
    }
}

void counter_stream_begin(struct counter_stream *stream, const uint8_t counter[AES_BLOCK_SIZE], uint8_t width)
{
    *stream = (struct counter_stream){.width = width};
    memcpy(stream->counter, counter, AES_BLOCK_SIZE);
}

static void count_up(struct counter_stream *stream)
{
    for (unsigned i = 1; i <= stream->width; i++) {
        if (++stream->counter[AES_BLOCK_SIZE - i] != 0) {
            return;
        }
    }
}

/* Writes the next `blocks` counter blocks, and counts on. */
static void put_counters(struct counter_stream *stream, uint8_t *out, size_t blocks)
{
    for (size_t i = 0; i < blocks; i++) {
        memcpy(out + i * AES_BLOCK_SIZE, stream->counter, AES_BLOCK_SIZE);
        count_up(stream);
    }
}

/* What is left of the current block: the octets that it covered. */
static size_t use_up(struct counter_stream *stream, struct octets in, uint8_t *out)
{
    const size_t length = in.length < stream->left ? in.length : stream->left;
    xor_octets(out, in.data, stream->keystream + AES_BLOCK_SIZE - stream->left, length);
    stream->left = (uint8_t)(stream->left - length);
    return length;
}

static enum gbau_status xor_whole_blocks(struct counter_stream *stream, struct crypto *crypto,
                                         const struct block_key *key, struct octets in, uint8_t *out)
{
    uint8_t batch[BATCH_SIZE];
    enum gbau_status status = GBAU_OK;
    while (status == GBAU_OK && in.length > 0) {
        const size_t length = in.length < BATCH_SIZE ? in.length : BATCH_SIZE;
        put_counters(stream, batch, length / AES_BLOCK_SIZE);
        status = crypto_block_run(crypto, key->cipher, BLOCK_ENCRYPT, batch, batch, length / AES_BLOCK_SIZE);
        if (status == GBAU_OK) {
            xor_octets(out, in.data, batch, length);
        }
        in = octets_of(in.data + length, in.length - length);
        out += length;
    }
    secret_wipe(batch, sizeof batch);
    return status;
}

enum gbau_status counter_stream_xor(struct counter_stream *stream, struct crypto *crypto, const struct block_key *key,
                                    struct octets in, uint8_t *out)
{
    if (in.length == 0) {
        return GBAU_OK;
    }
    const size_t before = use_up(stream, in, out);
    const size_t whole = (in.length - before) / AES_BLOCK_SIZE * AES_BLOCK_SIZE;
    const struct octets rest = octets_of(in.data + before + whole, in.length - before - whole);
    enum gbau_status status = xor_whole_blocks(stream, crypto, key, octets_of(in.data + before, whole), out + before);
    if (status != GBAU_OK || rest.length == 0) {
        return status;
    }
    put_counters(stream, stream->keystream, 1);
    status = block_key_encrypt(key, crypto, stream->keystream, stream->keystream);
    if (status != GBAU_OK) {
        return status;
    }
    stream->left = AES_BLOCK_SIZE;
    (void)use_up(stream, rest, out + before + whole);
    return GBAU_OK;
}
