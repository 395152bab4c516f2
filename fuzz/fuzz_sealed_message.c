/*
 * fuzz_sealed_message.c: COSE messages and streams that a key is to open: what is read lies in the input and is written
 * and reads the same; nothing comes out of what this key did not make; cuts and changes of what it made are refused.
 */
#include "fuzzing.h"

#include <string.h>

#include "key/api_aid.h"
#include "key/local_key.h"
#include "key/sealed_message.h"

enum { ROOM = 1 << 18 };

static uint8_t output[ROOM];
static uint8_t made[ROOM];

/* Both ends of one key, opened once; libFuzzer has no end. */
struct ends {
    struct gbau_key *sealing;
    struct gbau_key *opening;
    struct gbau_key *protecting;
    struct gbau_key *checking;
};

static struct gbau_key *open_key(struct crypto_pool *cryptos, bool is_card, enum gbau_usage usage,
                                 enum gbau_algorithm algorithm)
{
    static const struct ks_int_naf root = {{1}};
    const struct local_key_root from = {.cryptos = cryptos,
                                        .int_key = &root,
                                        .b_tid = "b",
                                        .caller = octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE),
                                        .is_card = is_card};
    const struct gbau_key_request request = {
        .usage = usage, .direction = GBAU_CARD_TO_NAF, .algorithm = algorithm, .label = "l"};
    struct gbau_key *key = NULL;
    MUST(local_key_open(&from, &request, &key) == GBAU_OK);
    return key;
}

static const struct ends *both_ends(void)
{
    static struct ends ends;
    static struct crypto_pool *cryptos;
    if (cryptos == NULL) {
        MUST(crypto_pool_open(2, &cryptos) == GBAU_OK);
        ends.sealing = open_key(cryptos, true, GBAU_USAGE_ENCRYPT, GBAU_AES_256_GCM);
        ends.opening = open_key(cryptos, false, GBAU_USAGE_ENCRYPT, GBAU_AES_256_GCM);
        ends.protecting = open_key(cryptos, true, GBAU_USAGE_MAC, GBAU_HMAC_SHA256);
        ends.checking = open_key(cryptos, false, GBAU_USAGE_MAC, GBAU_HMAC_SHA256);
    }
    return &ends;
}

/* Reading and writing */

static void check_lies_within(struct octets part, struct octets whole)
{
    MUST(part.length == 0 || (part.data >= whole.data && part.data + part.length <= whole.data + whole.length));
}

static void try_reading(struct octets input)
{
    struct sealed_message first;
    struct sealed_message second;
    if (sealed_message_read_first(input, &first) != GBAU_OK) {
        return;
    }
    MUST(first.size <= input.length);
    check_lies_within(first.body, input);
    check_lies_within(first.key.b_tid, input);
    check_lies_within(first.key.label, input);
    if (first.key.segment.stream.length > AEAD_NONCE_SIZE || first.ciphertext.length > ROOM / 2) {
        return; /* read, but never written so */
    }
    struct octet_writer writer = octet_writer_of(output, sizeof output);
    sealed_message_write(&writer, &first.key, first.nonce, first.ciphertext, first.tag);
    MUST(octet_writer_end(&writer) == GBAU_OK);
    MUST(writer.length <= first.ciphertext.length + SEALED_MESSAGE_OVERHEAD);
    MUST(sealed_message_read(octets_written(&writer), &second) == GBAU_OK);
    MUST(first.key.algorithm == second.key.algorithm && octets_equal(first.key.b_tid, second.key.b_tid));
    MUST(octets_equal(first.key.label, second.key.label) && octets_equal(first.body, second.body));
    MUST(first.key.segment.is_one == second.key.segment.is_one && first.key.segment.last == second.key.segment.last);
    MUST(first.key.segment.index == second.key.segment.index);
    MUST(memcmp(first.nonce, second.nonce, sizeof first.nonce) == 0);
}

static void try_reading_authenticated(struct octets input)
{
    struct authenticated_message first;
    struct authenticated_message second;
    if (authenticated_message_read(input, &first) != GBAU_OK) {
        return;
    }
    check_lies_within(first.payload, input);
    check_lies_within(first.mac, input);
    struct octet_writer writer = octet_writer_of(output, sizeof output);
    authenticated_message_write(&writer, &first.key, first.payload, first.mac);
    if (writer.failed) {
        return; /* longer than the room here */
    }
    MUST(authenticated_message_read(octets_written(&writer), &second) == GBAU_OK);
    MUST(octets_equal(first.payload, second.payload) && octets_equal(first.mac, second.mac));
}

/* Opening */

struct memory {
    struct octets in;
    size_t position;
    size_t piece;
    struct octet_writer out;
};

static enum gbau_status memory_read(void *context, uint8_t *octets, size_t capacity, size_t *length)
{
    struct memory *memory = context;
    const size_t left = memory->in.length - memory->position;
    *length = capacity < memory->piece ? capacity : memory->piece;
    *length = *length < left ? *length : left;
    if (*length > 0) {
        memcpy(octets, memory->in.data + memory->position, *length);
    }
    memory->position += *length;
    return GBAU_OK;
}

static enum gbau_status memory_write(void *context, const uint8_t *octets, size_t length)
{
    struct memory *memory = context;
    octet_writer_put(&memory->out, octets, length);
    return octet_writer_end(&memory->out);
}

static enum gbau_status stream(enum gbau_status (*run)(struct gbau_key *key, const struct gbau_pipe *pipe),
                               struct gbau_key *key, struct memory *memory)
{
    const struct gbau_pipe pipe = {.read = memory_read, .write = memory_write, .context = memory};
    return run(key, &pipe);
}

/* Nobody forges. */
static void try_forging(const struct ends *ends, struct octets input)
{
    size_t length = 0;
    const uint8_t *payload = NULL;
    struct memory memory = {.in = input, .piece = 4096, .out = octet_writer_of(output, sizeof output)};
    MUST(gbau_key_open_sealed(ends->opening, NULL, 0, input.data, input.length, output, sizeof output, &length) !=
         GBAU_OK);
    MUST(gbau_key_check(ends->checking, input.data, input.length, &payload, &length) != GBAU_OK);
    MUST(stream(gbau_key_open_stream, ends->opening, &memory) != GBAU_OK);
    MUST(memory.out.length == 0);
}

/* The input as text, sealed, then changed as its first octets say: it opens as it was, or not at all. */
static void try_changing(const struct ends *ends, struct octets input)
{
    struct octet_reader reader = octet_reader_of(input);
    const uint32_t at = octet_reader_u24(&reader);
    const uint8_t flip = octet_reader_u8(&reader);
    const uint8_t repeat = octet_reader_u8(&reader) % 8;
    const struct octets text = octet_reader_take(&reader, octet_reader_left(&reader));
    static uint8_t long_text[ROOM / 2];
    struct octet_writer writer = octet_writer_of(long_text, sizeof long_text);
    for (size_t i = 0; i <= (size_t)repeat * 2048 && !writer.failed; i++) {
        octet_writer_put_octets(&writer, text);
    }
    struct memory sealing = {.in = octets_written(&writer), .piece = 70000, .out = octet_writer_of(made, sizeof made)};
    MUST(stream(gbau_key_seal_stream, ends->sealing, &sealing) == GBAU_OK);
    made[at % sealing.out.length] ^= flip;
    struct memory opening = {
        .in = octets_written(&sealing.out), .piece = 1 + at % 5000, .out = octet_writer_of(output, sizeof output)};
    const enum gbau_status status = stream(gbau_key_open_stream, ends->opening, &opening);
    MUST((status == GBAU_OK) == (flip == 0));
    MUST(opening.out.length <= writer.length && memcmp(output, long_text, opening.out.length) == 0);
    MUST(status != GBAU_OK || opening.out.length == writer.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct octets input = octets_of(data, size);
    const struct ends *ends = both_ends();
    try_reading(input);
    try_reading_authenticated(input);
    try_forging(ends, input);
    try_changing(ends, input);
    return 0;
}
