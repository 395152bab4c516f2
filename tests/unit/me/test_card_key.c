/* test_card_key.c: keys of the GBA_U API's applet: sealed in the card, opened with the keys of the network. */
#include "me_testing.h"

#include "key/api_aid.h"
#include "me/card_key.h"

enum { MESSAGE_SIZE = CARD_KEY_PLAINTEXT_MAX + SEALED_MESSAGE_OVERHEAD };

/* What a NAF has after a bootstrapping. */
struct naf {
    struct ks_int_naf root;
};

static struct naf naf_of(struct bench *bench, const struct aka_vector *vector)
{
    struct naf naf;
    const struct ks ks = ks_of(vector);
    assert_ok(gba_derive_ks_int_naf(&bench->crypto, &ks, &vector->rand, octets_of_text(IMPI),
                                    octets_of(bench->naf_id, NAF_ID_LENGTH), &naf.root));
    return naf;
}

static struct application_key key_for(struct bench *bench, const struct naf *naf, const char *label)
{
    struct application_key key;
    const struct application_key_description description = {
        .usage = KEY_USAGE_ENCRYPT,
        .direction = KEY_DIRECTION_CARD_TO_NAF,
        .algorithm = KEY_ALGORITHM_AES_256_GCM,
        .label = octets_of_text(label),
        .caller = octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE),
    };
    assert_ok(application_key_derive(&bench->crypto, &naf->root, &description, &key));
    return key;
}

/* Opens a sealed message as a NAF does; its nonce goes to `nonce`. */
static enum gbau_status open_message(struct bench *bench, const struct naf *naf, const char *label,
                                     struct octets sealed, struct octets text, uint8_t nonce[AES_GCM_NONCE_SIZE])
{
    struct sealed_message message;
    uint8_t aad_octets[SEALED_MESSAGE_AAD_MAX];
    uint8_t plaintext[CARD_KEY_PLAINTEXT_MAX];
    struct octet_writer aad = octet_writer_of(aad_octets, sizeof aad_octets);
    assert_ok(sealed_message_read(sealed, &message));
    assert_true(octets_equal(message.key.b_tid, octets_of_text(B_TID)));
    assert_true(octets_equal(message.key.label, octets_of_text(label)));
    assert_int_equal(message.ciphertext.length, text.length);
    sealed_message_write_received_aad(&aad, &message, (struct octets){0});
    memcpy(nonce, message.nonce, AES_GCM_NONCE_SIZE);
    const struct application_key key = key_for(bench, naf, label);
    enum gbau_status status = application_key_open(&bench->crypto, &key, message.nonce, octets_written(&aad),
                                                   message.ciphertext, message.tag, plaintext);
    if (status == GBAU_OK) {
        assert_true(octets_equal(octets_of(plaintext, text.length), text));
    }
    return status;
}

static void open_key(struct bench *bench, struct card_key *key, const char *label)
{
    assert_ok(card_key_open(key, bench->reader, octets_of(bench->naf_id, NAF_ID_LENGTH), label));
}

/* Sealing */

static void test_seal_and_open(void **state)
{
    struct bench *bench = *state;
    struct card_key key;
    uint8_t octets[MESSAGE_SIZE];
    uint8_t nonce[AES_GCM_NONCE_SIZE];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    open_usim(bench);
    const struct aka_vector vector = bootstrap(bench, 1);
    const struct naf naf = naf_of(bench, &vector);
    open_key(bench, &key, "door");
    assert_string_equal(key.b_tid, B_TID);
    assert_string_equal(key.label, "door");
    assert_ok(card_key_seal(&key, octets_of_text("open the door"), &writer));
    assert_ok(open_message(bench, &naf, "door", octets_written(&writer), octets_of_text("open the door"), nonce));
    card_key_close(&key);
    const struct application_key application_key = key_for(bench, &naf, "door");
    assert_false(trace_holds(bench, application_key.octets, 8)); /* the key stays in the card */
    assert_false(trace_holds(bench, naf.root.octets, 8));
}

static void test_lengths(void **state)
{
    struct bench *bench = *state;
    struct card_key key;
    static const uint8_t text[CARD_KEY_PLAINTEXT_MAX + 1];
    uint8_t octets[MESSAGE_SIZE];
    uint8_t nonce[AES_GCM_NONCE_SIZE];
    open_usim(bench);
    const struct aka_vector vector = bootstrap(bench, 1);
    const struct naf naf = naf_of(bench, &vector);
    open_key(bench, &key, "door");
    for (size_t length = 0; length <= CARD_KEY_PLAINTEXT_MAX; length++) {
        struct octet_writer writer = octet_writer_of(octets, sizeof octets);
        assert_ok(card_key_seal(&key, octets_of(text, length), &writer));
        assert_ok(open_message(bench, &naf, "door", octets_written(&writer), octets_of(text, length), nonce));
    }
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    assert_status(card_key_seal(&key, octets_of(text, sizeof text), &writer), GBAU_E_SPACE);
    assert_int_equal(writer.length, 0);
    card_key_close(&key);
}

/* The longest label and the longest text still fit into one APDU. */
static void test_longest_label(void **state)
{
    struct bench *bench = *state;
    struct card_key key;
    uint8_t octets[MESSAGE_SIZE];
    uint8_t nonce[AES_GCM_NONCE_SIZE];
    char label[APPLICATION_LABEL_MAX + 1];
    static const uint8_t longest_text[CARD_KEY_PLAINTEXT_MAX] = "text";
    const struct octets text = octets_of(longest_text, sizeof longest_text);
    memset(label, 'l', APPLICATION_LABEL_MAX);
    label[APPLICATION_LABEL_MAX] = '\0';
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    open_usim(bench);
    const struct aka_vector vector = bootstrap(bench, 1);
    const struct naf naf = naf_of(bench, &vector);
    open_key(bench, &key, label);
    assert_ok(card_key_seal(&key, text, &writer));
    assert_ok(open_message(bench, &naf, label, octets_written(&writer), text, nonce));
    card_key_close(&key);
}

static void test_no_room_for_the_message(void **state)
{
    struct bench *bench = *state;
    struct card_key key;
    uint8_t octets[MESSAGE_SIZE];
    open_usim(bench);
    (void)bootstrap(bench, 1);
    open_key(bench, &key, "door");
    struct octet_writer whole = octet_writer_of(octets, sizeof octets);
    assert_ok(card_key_seal(&key, octets_of_text("x"), &whole));
    const size_t length = whole.length;
    for (size_t capacity = 0; capacity < length; capacity += 9) {
        struct octet_writer writer = octet_writer_of(octets, capacity);
        assert_status(card_key_seal(&key, octets_of_text("x"), &writer), GBAU_E_SPACE);
    }
    card_key_close(&key);
}

static void test_labels_are_apart(void **state)
{
    struct bench *bench = *state;
    struct card_key keys[2];
    uint8_t octets[2][MESSAGE_SIZE];
    uint8_t nonce[AES_GCM_NONCE_SIZE];
    struct octet_writer writers[2];
    static const char *const labels[] = {"door", "gate"};
    open_usim(bench);
    const struct aka_vector vector = bootstrap(bench, 1);
    const struct naf naf = naf_of(bench, &vector);
    for (size_t i = 0; i < 2; i++) {
        open_key(bench, &keys[i], labels[i]);
    }
    assert_int_not_equal(keys[0].channel, keys[1].channel);
    for (size_t i = 0; i < 2; i++) {
        writers[i] = octet_writer_of(octets[i], sizeof octets[i]);
        assert_ok(card_key_seal(&keys[i], octets_of_text("x"), &writers[i]));
        assert_ok(open_message(bench, &naf, labels[i], octets_written(&writers[i]), octets_of_text("x"), nonce));
        card_key_close(&keys[i]);
    }
}

static int compare_nonces(const void *a, const void *b)
{
    return memcmp(a, b, AES_GCM_NONCE_SIZE);
}

/* Over keys that are closed and opened, and a card that loses its power, no nonce comes twice. */
static void test_nonces_never_repeat(void **state)
{
    enum { ROUNDS = 6, MESSAGES = 10 };
    struct bench *bench = *state;
    static uint8_t nonces[ROUNDS * MESSAGES][AES_GCM_NONCE_SIZE];
    open_usim(bench);
    const struct aka_vector vector = bootstrap(bench, 1);
    const struct naf naf = naf_of(bench, &vector);
    for (size_t i = 0; i < ROUNDS * MESSAGES; i++) {
        struct card_key key;
        uint8_t octets[MESSAGE_SIZE];
        struct octet_writer writer = octet_writer_of(octets, sizeof octets);
        if (i % MESSAGES == 0) {
            usim_close(&bench->usim);
            reinsert_card(bench);
            open_usim(bench);
        }
        open_key(bench, &key, "door");
        assert_ok(card_key_seal(&key, octets_of_text("x"), &writer));
        assert_ok(open_message(bench, &naf, "door", octets_written(&writer), octets_of_text("x"), nonces[i]));
        card_key_close(&key);
    }
    qsort(nonces, ROUNDS * MESSAGES, AES_GCM_NONCE_SIZE, compare_nonces);
    for (size_t i = 1; i < ROUNDS * MESSAGES; i++) {
        assert_memory_not_equal(nonces[i], nonces[i - 1], AES_GCM_NONCE_SIZE);
    }
}

/* A new bootstrapping makes new keys under a new B-TID; a key that is open keeps its own. */
static void test_open_key_outlives_a_bootstrapping(void **state)
{
    struct bench *bench = *state;
    struct card_key key;
    uint8_t octets[MESSAGE_SIZE];
    uint8_t nonce[AES_GCM_NONCE_SIZE];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    open_usim(bench);
    const struct aka_vector first = bootstrap(bench, 1);
    const struct naf naf = naf_of(bench, &first);
    open_key(bench, &key, "door");
    const struct aka_vector second = bootstrap(bench, 2);
    const struct naf naf_of_second = naf_of(bench, &second);
    assert_ok(card_key_seal(&key, octets_of_text("x"), &writer));
    const struct octets sealed = octets_written(&writer);
    assert_ok(open_message(bench, &naf, "door", sealed, octets_of_text("x"), nonce));
    assert_status(open_message(bench, &naf_of_second, "door", sealed, octets_of_text("x"), nonce),
                  GBAU_E_AUTHENTICATION);
    card_key_close(&key);
}

/* Refusals */

/* After an opening that failed there is nothing to close, and nothing is sent. */
static void check_refusal(struct bench *bench, struct octets naf_id, const char *label, enum gbau_status expected)
{
    struct card_key key;
    assert_status(card_key_open(&key, bench->reader, naf_id, label), expected);
    assert_null(key.reader);
    const size_t before = bench->command_count;
    card_key_close(&key);
    assert_int_equal(bench->command_count, before);
}

static void test_refusals(void **state)
{
    struct bench *bench = *state;
    char overlong[APPLICATION_LABEL_MAX + 2];
    const struct octets naf_id = octets_of(bench->naf_id, NAF_ID_LENGTH);
    memset(overlong, 'l', sizeof overlong - 1);
    overlong[sizeof overlong - 1] = '\0';
    check_refusal(bench, naf_id, "door", GBAU_E_ACCESS); /* no PIN */
    open_usim(bench);
    check_refusal(bench, naf_id, "door", GBAU_E_NOT_FOUND); /* nothing was derived */
    (void)bootstrap(bench, 1);
    check_refusal(bench, naf_id, "", GBAU_E_ARGUMENT);
    check_refusal(bench, naf_id, overlong, GBAU_E_ARGUMENT);
    for (unsigned i = 0; i < 50; i++) { /* channels are given back */
        check_refusal(bench, octets_of_text("another.example.com\1\0\0\0\2"), "door", GBAU_E_ACCESS);
    }
}

static void test_no_line_in_the_access_file(void **state)
{
    struct bench *bench = *state;
    bench->profile.api_line_count = 0;
    change_card(bench);
    open_usim(bench);
    (void)bootstrap(bench, 1);
    check_refusal(bench, octets_of(bench->naf_id, NAF_ID_LENGTH), "door", GBAU_E_ACCESS);
}

static void test_limit_of_open_keys(void **state)
{
    struct bench *bench = *state;
    struct card_key keys[API_SESSIONS];
    const struct octets naf_id = octets_of(bench->naf_id, NAF_ID_LENGTH);
    open_usim(bench);
    (void)bootstrap(bench, 1);
    for (size_t i = 0; i < API_SESSIONS; i++) {
        open_key(bench, &keys[i], "door");
    }
    check_refusal(bench, naf_id, "door", GBAU_E_LIMIT);
    card_key_close(&keys[3]);
    open_key(bench, &keys[3], "door");
    for (size_t i = 0; i < API_SESSIONS; i++) {
        card_key_close(&keys[i]);
    }
}

static void test_close(void **state)
{
    struct bench *bench = *state;
    struct card_key key;
    open_usim(bench);
    (void)bootstrap(bench, 1);
    for (unsigned i = 0; i < 50; i++) {
        open_key(bench, &key, "door");
        card_key_close(&key);
    }
    const size_t before = bench->command_count;
    card_key_close(&key); /* twice is once */
    assert_int_equal(bench->command_count, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(test_seal_and_open),
        bench_test(test_lengths),
        bench_test(test_longest_label),
        bench_test(test_no_room_for_the_message),
        bench_test(test_labels_are_apart),
        bench_test(test_nonces_never_repeat),
        bench_test(test_open_key_outlives_a_bootstrapping),
        bench_test(test_refusals),
        bench_test(test_no_line_in_the_access_file),
        bench_test(test_limit_of_open_keys),
        bench_test(test_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
