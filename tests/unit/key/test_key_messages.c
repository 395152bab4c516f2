/* test_key_messages.c: sealed and authenticated messages and streams, as whoever stands between the ends changes them.
 */
#include "local_ends.h"

#include "crypto/crypto_pool.h"
#include "key/sealed_message.h"

enum { SEGMENTS_MAX = 8, LONG_LENGTH = 3 * GBAU_SEAL_TEXT_MAX + 100, STREAM_ROOM = LONG_LENGTH + 8 * 420 };

/* A stream taken apart. */
struct parts {
    size_t count;
    struct octets segments[SEGMENTS_MAX];
    uint8_t *octets;
};

static struct parts seal_long(struct gbau_key *key, size_t length)
{
    uint8_t *text = malloc(length + 1);
    struct parts parts = {.octets = malloc(STREAM_ROOM)};
    pattern(text, length);
    struct memory_pipe memory = {
        .in = text, .in_length = length, .piece = 100000, .out = parts.octets, .out_capacity = STREAM_ROOM};
    const struct gbau_pipe pipe = pipe_of(&memory);
    assert_ok(gbau_key_seal_stream(key, &pipe));
    struct octets left = octets_of(parts.octets, memory.out_length);
    while (left.length > 0) {
        struct sealed_message message;
        assert_true(parts.count < SEGMENTS_MAX);
        assert_ok(sealed_message_read_first(left, &message));
        parts.segments[parts.count++] = octets_of(left.data, message.size);
        left = octets_of(left.data + message.size, left.length - message.size);
    }
    free(text);
    return parts;
}

/* Opens segments put together; gives how much text came out, and whether it is the beginning of what was sealed. */
static enum gbau_status open_segments(struct gbau_key *key, const struct octets *segments, size_t count,
                                      size_t *text_length)
{
    static uint8_t stream[2 * STREAM_ROOM], text[2 * STREAM_ROOM], expected[2 * STREAM_ROOM];
    struct octet_writer writer = octet_writer_of(stream, sizeof stream);
    for (size_t i = 0; i < count; i++) {
        octet_writer_put_octets(&writer, segments[i]);
    }
    assert_ok(octet_writer_end(&writer));
    struct memory_pipe memory = {
        .in = stream, .in_length = writer.length, .piece = 65536, .out = text, .out_capacity = sizeof text};
    const struct gbau_pipe pipe = pipe_of(&memory);
    const enum gbau_status status = gbau_key_open_stream(key, &pipe);
    pattern(expected, sizeof expected);
    assert_memory_equal(text, expected, memory.out_length);
    *text_length = memory.out_length;
    return status;
}

static struct key_pair open_default(void **state)
{
    return open_pair_of(*state, GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM);
}

static void test_shape_of_streams(void **state)
{
    static const size_t lengths[][2] = {{0, 1}, {65536, 1}, {65537, 2}, {131072, 2}, {131073, 3}, {LONG_LENGTH, 4}};
    struct key_pair pair = open_default(state);
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct parts parts = seal_long(pair.card, lengths[i][0]);
        uint8_t first_nonce[AEAD_NONCE_SIZE];
        assert_int_equal(parts.count, lengths[i][1]);
        for (size_t s = 0; s < parts.count; s++) {
            struct sealed_message message;
            assert_ok(sealed_message_read(parts.segments[s], &message));
            const struct sealed_message_segment *segment = &message.key.segment;
            assert_int_equal(segment->is_one, parts.count > 1);
            assert_int_equal(segment->index, parts.count > 1 ? s : 0);
            assert_int_equal(segment->last, parts.count > 1 && s == parts.count - 1);
            assert_int_equal(segment->stream.length, s == 0 ? 0 : AEAD_NONCE_SIZE);
            if (s == 0) {
                memcpy(first_nonce, message.nonce, sizeof first_nonce);
            } else {
                assert_memory_equal(segment->stream.data, first_nonce, sizeof first_nonce);
            }
        }
        free(parts.octets);
    }
    close_pair(&pair);
}

/* Every way to put segments of two streams together but the right one; each ends after what was still right. */
static void test_wrong_streams(void **state)
{
    static const struct {
        const char *order; /* a to d: of the first stream; A to D: of the second */
        size_t segments_out;
        enum gbau_status status;
    } orders[] = {
        {"abcd", 4, GBAU_OK},           {"ABCD", 4, GBAU_OK},           {"", 0, GBAU_E_MALFORMED},
        {"a", 0, GBAU_E_MALFORMED},     {"ab", 1, GBAU_E_MALFORMED},    {"abc", 2, GBAU_E_MALFORMED},
        {"bcd", 0, GBAU_E_MALFORMED},   {"d", 0, GBAU_E_MALFORMED},     {"abd", 2, GBAU_E_MALFORMED},
        {"acbd", 1, GBAU_E_MALFORMED},  {"aabcd", 1, GBAU_E_MALFORMED}, {"abbcd", 2, GBAU_E_MALFORMED},
        {"abcdd", 3, GBAU_E_MALFORMED}, {"abcda", 3, GBAU_E_MALFORMED}, {"abcdABCD", 3, GBAU_E_MALFORMED},
        {"aBCD", 1, GBAU_E_MALFORMED},  {"abCD", 2, GBAU_E_MALFORMED},  {"abcD", 3, GBAU_E_MALFORMED},
        {"Abcd", 1, GBAU_E_MALFORMED},  {"dcba", 0, GBAU_E_MALFORMED},
    };
    struct key_pair pair = open_default(state);
    struct parts small = seal_long(pair.card, LONG_LENGTH);
    struct parts capital = seal_long(pair.card, LONG_LENGTH);
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        struct octets segments[SEGMENTS_MAX];
        const size_t count = strlen(orders[i].order);
        for (size_t s = 0; s < count; s++) {
            const char letter = orders[i].order[s];
            segments[s] = letter >= 'a' ? small.segments[letter - 'a'] : capital.segments[letter - 'A'];
        }
        size_t length = 0;
        const size_t out = orders[i].segments_out;
        assert_status(open_segments(pair.naf, segments, count, &length), orders[i].status);
        assert_int_equal(length, out == 4 ? LONG_LENGTH : out * GBAU_SEAL_TEXT_MAX);
    }
    free(small.octets);
    free(capital.octets);
    close_pair(&pair);
}

static void test_whole_messages_are_no_parts(void **state)
{
    size_t length = 0;
    uint8_t opened[64];
    struct key_pair pair = open_default(state);
    struct parts parts = seal_long(pair.card, LONG_LENGTH);
    struct parts whole = seal_long(pair.card, 5);
    const struct octets behind[] = {whole.segments[0], whole.segments[0]};
    assert_status(open_segments(pair.naf, behind, 2, &length), GBAU_E_MALFORMED);
    assert_int_equal(length, 0);
    const struct octets within[] = {parts.segments[0], whole.segments[0]};
    assert_status(open_segments(pair.naf, within, 2, &length), GBAU_E_MALFORMED);
    assert_status(gbau_key_open_sealed(pair.naf, NULL, 0, parts.segments[3].data, parts.segments[3].length, opened,
                                       sizeof opened, &length),
                  GBAU_E_MALFORMED);
    free(whole.octets);
    free(parts.octets);
    close_pair(&pair);
}

/* A stream that ends anywhere, or has an octet more, is never taken for whole. */
static void test_cut_streams(void **state)
{
    struct key_pair pair = open_default(state);
    struct parts parts = seal_long(pair.card, GBAU_SEAL_TEXT_MAX + 50);
    const struct octets first = parts.segments[0];
    const size_t total = first.length + parts.segments[1].length;
    const size_t cuts[] = {1, 2, 150, first.length - 1, first.length, first.length + 1, total - 17, total - 1};
    size_t length = 0;
    for (size_t i = 0; i < COUNT_OF(cuts); i++) {
        const struct octets cut = octets_of(parts.octets, cuts[i]);
        assert_status(open_segments(pair.naf, &cut, 1, &length), GBAU_E_MALFORMED);
        assert_int_equal(length, cuts[i] > first.length ? GBAU_SEAL_TEXT_MAX : 0);
    }
    const struct octets longer[] = {first, parts.segments[1], octets_of("", 1)};
    assert_status(open_segments(pair.naf, longer, 3, &length), GBAU_E_MALFORMED);
    assert_int_equal(length, GBAU_SEAL_TEXT_MAX); /* the last segment is held back */
    free(parts.octets);
    close_pair(&pair);
}

/* Any one octet of a stream changed anywhere: an error, and only true text before it. */
static void test_damaged_streams(void **state)
{
    struct key_pair pair = open_default(state);
    struct parts parts = seal_long(pair.card, 2 * GBAU_SEAL_TEXT_MAX + 9);
    const size_t total = parts.segments[0].length + parts.segments[1].length + parts.segments[2].length;
    for (size_t at = 0; at < total; at += at < 200 ? 1 : 6007) {
        size_t length = 0;
        const struct octets whole = octets_of(parts.octets, total);
        parts.octets[at] ^= 0x21;
        assert_int_not_equal(open_segments(pair.naf, &whole, 1, &length), GBAU_OK);
        parts.octets[at] ^= 0x21;
    }
    free(parts.octets);
    close_pair(&pair);
}

/* 100 MiB that nobody holds as a whole: made as they are read, checked as they are written. */

enum { HUGE_LENGTH = 100 << 20 };

struct counting_pipe {
    size_t done;
    struct memory_pipe memory; /* of the sealed side */
};

static void count_into(uint8_t *octets, size_t from, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        octets[i] = (uint8_t)((from + i) * 0x9e3779b1U >> 24);
    }
}

static enum gbau_status counting_read(void *context, uint8_t *octets, size_t capacity, size_t *length)
{
    struct counting_pipe *pipe = context;
    *length = capacity < HUGE_LENGTH - pipe->done ? capacity : HUGE_LENGTH - pipe->done;
    count_into(octets, pipe->done, *length);
    pipe->done += *length;
    return GBAU_OK;
}

static enum gbau_status counting_write(void *context, const uint8_t *octets, size_t length)
{
    struct counting_pipe *pipe = context;
    static uint8_t expected[GBAU_SEAL_TEXT_MAX];
    assert_true(length <= sizeof expected);
    count_into(expected, pipe->done, length);
    assert_memory_equal(octets, expected, length);
    pipe->done += length;
    return GBAU_OK;
}

static enum gbau_status sealed_read(void *context, uint8_t *octets, size_t capacity, size_t *length)
{
    return memory_read(&((struct counting_pipe *)context)->memory, octets, capacity, length);
}

static enum gbau_status sealed_write(void *context, const uint8_t *octets, size_t length)
{
    return memory_write(&((struct counting_pipe *)context)->memory, octets, length);
}

static void test_huge_stream(void **state)
{
    const size_t room = HUGE_LENGTH + (HUGE_LENGTH / GBAU_SEAL_TEXT_MAX) * GBAU_SEAL_OVERHEAD;
    uint8_t *sealed = malloc(room);
    assert_non_null(sealed);
    struct key_pair pair = open_default(state);
    struct counting_pipe sealing = {.memory = {.out = sealed, .out_capacity = room}};
    struct gbau_pipe pipe = {.read = counting_read, .write = sealed_write, .context = &sealing};
    assert_ok(gbau_key_seal_stream(pair.card, &pipe));
    struct counting_pipe opening = {.memory = {.in = sealed, .in_length = sealing.memory.out_length, .piece = 1 << 20}};
    pipe = (struct gbau_pipe){.read = sealed_read, .write = counting_write, .context = &opening};
    assert_ok(gbau_key_open_stream(pair.naf, &pipe));
    assert_int_equal(opening.done, HUGE_LENGTH);
    close_pair(&pair);
    free(sealed);
}

/* What does not fit a pipe, or a pipe that fails, ends both ways with the pipe's word. */

static enum gbau_status read_nothing_but_failure(void *context, uint8_t *octets, size_t capacity, size_t *length)
{
    (void)context, (void)octets, (void)capacity, (void)length;
    return GBAU_E_IO;
}

static enum gbau_status read_more_than_room(void *context, uint8_t *octets, size_t capacity, size_t *length)
{
    (void)context, (void)octets;
    *length = capacity + 1;
    return GBAU_OK;
}

static void test_failing_pipes(void **state)
{
    uint8_t out[10];
    struct key_pair pair = open_default(state);
    struct memory_pipe memory = {.in = out, .in_length = 5, .piece = 5, .out = out, .out_capacity = 3};
    struct gbau_pipe pipe = pipe_of(&memory);
    assert_status(gbau_key_seal_stream(pair.card, &pipe), GBAU_E_SPACE);
    pipe.read = read_nothing_but_failure;
    assert_status(gbau_key_seal_stream(pair.card, &pipe), GBAU_E_IO);
    assert_status(gbau_key_open_stream(pair.naf, &pipe), GBAU_E_IO);
    pipe.read = read_more_than_room;
    assert_status(gbau_key_seal_stream(pair.card, &pipe), GBAU_E_ARGUMENT);
    assert_status(gbau_key_open_stream(pair.naf, &pipe), GBAU_E_ARGUMENT);
    pipe.read = NULL;
    assert_status(gbau_key_seal_stream(pair.card, &pipe), GBAU_E_ARGUMENT);
    assert_status(gbau_key_seal_stream(pair.naf, &pipe), GBAU_E_ACCESS);
    assert_status(gbau_key_open_stream(pair.card, &pipe), GBAU_E_ACCESS);
    close_pair(&pair);
}

/* Names: the kid and alg of a message are those of the key, or it is another key's message. */

struct sealed {
    uint8_t octets[600];
    size_t length;
};

static struct sealed seal_text(struct gbau_key *key)
{
    struct sealed sealed = {.length = 0};
    assert_ok(gbau_key_seal(key, NULL, 0, "text", 4, sealed.octets, sizeof sealed.octets, &sealed.length));
    return sealed;
}

static enum gbau_status open_text(struct gbau_key *key, const struct sealed *sealed)
{
    uint8_t text[16];
    size_t length = 0;
    return gbau_key_open_sealed(key, NULL, 0, sealed->octets, sealed->length, text, sizeof text, &length);
}

static void test_messages_of_other_keys(void **state)
{
    struct local_ends *local = ((struct key_ends *)*state)->context;
    struct gbau_key_request request = request_of(GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM);
    struct key_pair pair = open_pair(*state, &request);
    const struct sealed sealed = seal_text(pair.card);
    assert_ok(open_text(pair.naf, &sealed));
    struct gbau_key *other = NULL;
    request.label = "labels";
    assert_ok(local_key_open(&local->naf, &request, &other));
    assert_status(open_text(other, &sealed), GBAU_E_AUTHENTICATION);
    gbau_key_close(other);
    request.label = "label";
    local->naf.b_tid = "other@bsf";
    assert_ok(local_key_open(&local->naf, &request, &other));
    assert_status(open_text(other, &sealed), GBAU_E_AUTHENTICATION); /* though its octets are the same */
    gbau_key_close(other);
    request.algorithm = GBAU_AES_128_GCM;
    local->naf.b_tid = B_TID;
    assert_ok(local_key_open(&local->naf, &request, &other));
    assert_status(open_text(other, &sealed), GBAU_E_AUTHENTICATION);
    gbau_key_close(other);
    close_pair(&pair);
}

static void test_keys_that_have_no_messages(void **state)
{
    struct local_ends *local = ((struct key_ends *)*state)->context;
    uint8_t out[600];
    size_t length = 0;
    struct key_pair pair = open_pair_of(*state, GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_AES_256_CTR);
    assert_status(gbau_key_seal(pair.card, NULL, 0, "x", 1, out, sizeof out, &length), GBAU_E_UNSUPPORTED);
    close_pair(&pair);
    local->card.b_tid = "";
    pair = open_default(state);
    assert_status(gbau_key_seal(pair.card, NULL, 0, "x", 1, out, sizeof out, &length), GBAU_E_UNSUPPORTED);
    close_pair(&pair);
    pair = open_pair_of(*state, GBAU_USAGE_MAC, GBAU_CARD_TO_NAF, GBAU_HMAC_SHA256);
    assert_status(gbau_key_protect(pair.card, "x", 1, out, sizeof out, &length), GBAU_E_UNSUPPORTED);
    close_pair(&pair);
}

static void test_limits_of_sealing(void **state)
{
    static uint8_t text[GBAU_SEAL_TEXT_MAX + 1], out[ROOM], opened[ROOM];
    static uint8_t additional[GBAU_ADDITIONAL_MAX];
    size_t length = 0;
    struct key_pair pair = open_default(state);
    assert_status(gbau_key_seal(pair.card, NULL, 0, text, GBAU_SEAL_TEXT_MAX + 1, out, sizeof out, &length),
                  GBAU_E_ARGUMENT);
    assert_ok(gbau_key_seal(pair.card, additional, sizeof additional, text, 100, out, sizeof out, &length));
    const size_t exactly = length;
    assert_status(gbau_key_seal(pair.card, NULL, 0, text, 100, out, exactly - 1, &length), GBAU_E_SPACE);
    assert_status(gbau_key_seal(pair.card, NULL, 0, text, 100, out, 10, &length), GBAU_E_SPACE);
    assert_ok(gbau_key_seal(pair.card, NULL, 0, text, 100, out, exactly, &length));
    assert_status(gbau_key_open_sealed(pair.naf, NULL, 0, out, exactly, opened, 99, &length), GBAU_E_SPACE);
    assert_ok(gbau_key_open_sealed(pair.naf, NULL, 0, out, exactly, opened, 100, &length));
    close_pair(&pair);
}

/* Every octet of a message, changed: never opened. */
static void test_damaged_messages(void **state)
{
    struct key_pair pair = open_default(state);
    struct sealed sealed = seal_text(pair.card);
    for (size_t i = 0; i < sealed.length; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            sealed.octets[i] ^= (uint8_t)(1U << bit);
            assert_int_not_equal(open_text(pair.naf, &sealed), GBAU_OK);
            sealed.octets[i] ^= (uint8_t)(1U << bit);
        }
    }
    for (size_t cut = 0; cut < sealed.length; cut++) {
        struct sealed shorter = sealed;
        shorter.length = cut;
        assert_status(open_text(pair.naf, &shorter), GBAU_E_MALFORMED);
    }
    close_pair(&pair);
}

static void test_damaged_authenticated_messages(void **state)
{
    uint8_t message[600];
    size_t length = 0;
    const uint8_t *payload = NULL;
    size_t payload_length = 0;
    struct key_pair pair = open_pair_of(*state, GBAU_USAGE_MAC, GBAU_NAF_TO_CARD, GBAU_AES_128_CMAC);
    assert_ok(gbau_key_protect(pair.naf, "read me", 7, message, sizeof message, &length));
    assert_status(gbau_key_protect(pair.naf, "read me", 7, message, length - 1, &length), GBAU_E_SPACE);
    assert_ok(gbau_key_protect(pair.naf, "read me", 7, message, sizeof message, &length));
    for (size_t i = 0; i < length; i++) {
        message[i] ^= 0x04;
        assert_int_not_equal(gbau_key_check(pair.card, message, length, &payload, &payload_length), GBAU_OK);
        message[i] ^= 0x04;
    }
    assert_null(payload);
    assert_status(gbau_key_check(pair.card, message, length - 1, &payload, &payload_length), GBAU_E_MALFORMED);
    assert_ok(gbau_key_check(pair.card, message, length, &payload, &payload_length));
    assert_true(payload > message && payload + payload_length < message + length);
    close_pair(&pair);
}

/* Made apart in Python (hmac, cryptography), with the key of test_local_key. */
static void test_octets_of_authenticated_messages(void **state)
{
    static const struct {
        enum gbau_algorithm algorithm;
        const char *message;
    } vectors[] = {
        {GBAU_HMAC_SHA256,
         "d184584aa201050458444931553876705933714a306869755a4e726b652f4e513d3d406273662e6d6e633030312e6d63"
         "633030312e7075622e336770706e6574776f726b2e6f7267236c6162656ca04772656164206d6558201a31308df7a296"
         "c88cbeff766e8b21a22e2bab2b59a825d11a9187d89b6b2193"},
        {GBAU_AES_128_CMAC,
         "d184584ea2013a000100620458444931553876705933714a306869755a4e726b652f4e513d3d406273662e6d6e633030"
         "312e6d63633030312e7075622e336770706e6574776f726b2e6f7267236c6162656ca04772656164206d6550736cb354"
         "03f2e614826b154046cf1aa9"},
    };
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        uint8_t message[600];
        size_t length = 0;
        struct key_pair pair = open_pair_of(*state, GBAU_USAGE_MAC, GBAU_CARD_TO_NAF, vectors[i].algorithm);
        assert_ok(gbau_key_protect(pair.card, "read me", 7, message, sizeof message, &length));
        assert_octets(octets_of(message, length), vectors[i].message);
        close_pair(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        local_test(test_shape_of_streams),
        local_test(test_wrong_streams),
        local_test(test_whole_messages_are_no_parts),
        local_test(test_cut_streams),
        local_test(test_damaged_streams),
        local_test(test_huge_stream),
        local_test(test_failing_pipes),
        local_test(test_messages_of_other_keys),
        local_test(test_keys_that_have_no_messages),
        local_test(test_limits_of_sealing),
        local_test(test_damaged_messages),
        local_test(test_damaged_authenticated_messages),
        local_test(test_octets_of_authenticated_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
