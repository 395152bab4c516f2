/* digest_stream.c: the padding and the waiting block that SHA-1, SHA-256 and SM3 have in common. */
#include "crypto/digest_stream.h"

#include <string.h>

#include "base/secret.h"

/* Initial chaining values; MD5, whose words have their octets the other way round, has none here. */
static const uint32_t starts[DIGEST_ALGORITHM_COUNT][DIGEST_CHAINING_WORDS] = {
    [DIGEST_SHA1] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0},
    [DIGEST_SHA256] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19},
    [DIGEST_SM3] = {0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e},
};

enum gbau_status digest_stream_begin(struct digest_stream *stream, enum digest_algorithm algorithm)
{
    *stream = (struct digest_stream){.algorithm = algorithm};
    if ((unsigned)algorithm >= DIGEST_ALGORITHM_COUNT || algorithm == DIGEST_MD5) {
        return GBAU_E_UNSUPPORTED;
    }
    memcpy(stream->chaining, starts[algorithm], sizeof stream->chaining);
    return GBAU_OK;
}

static size_t waiting(const struct digest_stream *stream)
{
    return (size_t)(stream->length % DIGEST_BLOCK_SIZE);
}

static enum gbau_status run_blocks(struct digest_stream *stream, struct crypto *crypto, const uint8_t *blocks,
                                   size_t count)
{
    return count == 0 ? GBAU_OK : crypto_digest_blocks(crypto, stream->algorithm, stream->chaining, blocks, count);
}

/* Appends octets that do not go beyond the waiting block, and runs it when it is full. */
static enum gbau_status fill_block(struct digest_stream *stream, struct crypto *crypto, const uint8_t *data,
                                   size_t length)
{
    if (length == 0) {
        return GBAU_OK;
    }
    memcpy(stream->block + waiting(stream), data, length);
    stream->length += length;
    return waiting(stream) == 0 ? run_blocks(stream, crypto, stream->block, 1) : GBAU_OK;
}

enum gbau_status digest_stream_update(struct digest_stream *stream, struct crypto *crypto, struct octets data)
{
    const size_t missing = waiting(stream) == 0 ? 0 : DIGEST_BLOCK_SIZE - waiting(stream);
    const size_t first = data.length < missing ? data.length : missing;
    if (data.length == 0) {
        return GBAU_OK;
    }
    enum gbau_status status = fill_block(stream, crypto, data.data, first);
    const size_t blocks = (data.length - first) / DIGEST_BLOCK_SIZE;
    if (status == GBAU_OK) {
        status = run_blocks(stream, crypto, data.data + first, blocks);
    }
    if (status != GBAU_OK) {
        return status;
    }
    const size_t whole = blocks * DIGEST_BLOCK_SIZE;
    stream->length += whole;
    return fill_block(stream, crypto, data.data + first + whole, data.length - first - whole);
}

/* A one bit, zeros, and the length in bits in the last eight octets of a block (FIPS 180-4 clause 5.1.1). */
static enum gbau_status put_padding(struct digest_stream *stream, struct crypto *crypto)
{
    uint8_t padding[2 * DIGEST_BLOCK_SIZE] = {0x80};
    const size_t used = waiting(stream);
    const size_t length = (used < DIGEST_BLOCK_SIZE - 8 ? DIGEST_BLOCK_SIZE : 2 * DIGEST_BLOCK_SIZE) - used;
    struct octet_writer writer = octet_writer_of(padding + length - 8, 8);
    octet_writer_u64(&writer, stream->length * 8);
    return digest_stream_update(stream, crypto, octets_of(padding, length));
}

enum gbau_status digest_stream_end(struct digest_stream *stream, struct crypto *crypto, uint8_t *digest)
{
    enum gbau_status status = put_padding(stream, crypto);
    struct octet_writer writer = octet_writer_of(digest, digest_size(stream->algorithm));
    for (size_t i = 0; status == GBAU_OK && 4 * i < writer.capacity; i++) {
        octet_writer_u32(&writer, stream->chaining[i]);
    }
    secret_wipe(stream, sizeof *stream);
    return status;
}
