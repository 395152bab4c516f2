/* test_local_key.c: the key calls on keys as octets of this process, at both ends. */
#include "local_ends.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "key/key_authentication.h"

/* Annex A of docs/gba_u-api.md, which is computed apart in Python. */
#define VECTOR_TR "b091bacfda7e449f77f6459cc119ec0eac3775ba338dcdaac6a7586ec5690a26"
#define VECTOR_TI "a56510d41cfce45bc280e9055673edb03c9539345a22eda2752b33964372a04a"
#define VECTOR_KS "4956b97b20edf77523319dc12c31b5f074b8383a58726194e24937f9fbc426f7"
#define VECTOR_WRAPPED                                                                                                 \
    "000102030405060708090a0ba8ecd8f20bf715dea0085063245339ca20433dcb19b423e5eae271bb44addc88f1"                       \
    "cb1d2c0e26ba3945b67d8525064cdf8d1fcbda7c67fd2c91"

static struct local_ends *local_of_state(void **state)
{
    return ((struct key_ends *)*state)->context;
}

/* The octets of an exported key are the KDF's, computed apart with Python's hmac. */
static void test_export_vector(void **state)
{
    uint8_t octets[32];
    const struct gbau_key_request request = request_of(GBAU_USAGE_EXPORT, GBAU_NO_DIRECTION, GBAU_KDF);
    struct key_pair pair = open_pair(*state, &request);
    assert_ok(gbau_key_export(pair.naf, octets));
    assert_octets(octets_of(octets, 32), "a5ed4a835497cdafd4be4a66d3f6e414cb1b85a2a4bd125cef5c0a3d07d7de5d");
    close_pair(&pair);
}

static void test_unwrap_vector(void **state)
{
    uint8_t wrapped[160];
    size_t length = 0;
    struct gbau_key *unwrapped = NULL;
    struct key_pair wrapping = open_pair_of(*state, GBAU_USAGE_WRAP, GBAU_NAF_TO_CARD, GBAU_AES_256_GCM);
    struct key_pair plain = open_pair_of(*state, GBAU_USAGE_ENCRYPT, GBAU_NAF_TO_CARD, GBAU_AES_256_GCM);
    assert_ok(hex_decode(octets_of_text(VECTOR_WRAPPED), wrapped, sizeof wrapped, &length));
    assert_ok(gbau_key_unwrap(wrapping.card, wrapped, length, &unwrapped));
    assert_true(opens(plain.naf, unwrapped));
    gbau_key_close(unwrapped);
    close_pair(&plain);
    close_pair(&wrapping);
}

/* Both roles from given nonces. */
static void test_authentication_vector(void **state)
{
    struct local_ends *local = local_of_state(state);
    struct application_key key;
    struct application_key session;
    struct key_authentication run = {.role = KEY_AUTHENTICATION_INITIATOR};
    const struct key_authentication_binding binding = {.policy_version = 7, .b_tid = octets_of_text(B_TID)};
    uint8_t responder_nonce[KEY_AUTHENTICATION_NONCE_SIZE];
    uint8_t tr[MAC_MAX_SIZE], ti[MAC_MAX_SIZE];
    const struct application_key_description description = {.usage = KEY_USAGE_AUTHENTICATE,
                                                            .algorithm = KEY_ALGORITHM_HMAC_SHA256,
                                                            .label = octets_of_text("label"),
                                                            .caller = local->naf.caller};
    from_hex("000102030405060708090a0b0c0d0e0f", run.initiator_nonce, sizeof run.initiator_nonce);
    from_hex("101112131415161718191a1b1c1d1e1f", responder_nonce, sizeof responder_nonce);
    from_hex(VECTOR_TR, tr, sizeof tr);
    struct crypto *crypto = crypto_pool_borrow(local->cryptos);
    assert_ok(application_key_derive(crypto, &local->int_key, &description, &key));
    struct key_authentication other = run;
    assert_ok(key_authentication_finish(&run, crypto, &key, &binding, responder_nonce, octets_of(tr, sizeof tr), ti,
                                        &session));
    assert_octets(octets_of(ti, sizeof ti), VECTOR_TI);
    assert_octets(octets_of(session.octets, sizeof session.octets), VECTOR_KS);
    other.role = KEY_AUTHENTICATION_RESPONDER;
    memcpy(other.responder_nonce, responder_nonce, sizeof responder_nonce);
    assert_ok(key_authentication_confirm(&other, crypto, &key, &binding, octets_of(ti, sizeof ti), &session));
    assert_octets(octets_of(session.octets, sizeof session.octets), VECTOR_KS);
    crypto_pool_return(local->cryptos, crypto);
}

static void test_b_tid(void **state)
{
    struct key_pair pair = open_pair_of(*state, GBAU_USAGE_MAC, GBAU_CARD_TO_NAF, GBAU_HMAC_SHA256);
    assert_string_equal(gbau_key_b_tid(pair.naf), B_TID);
    close_pair(&pair);
    char too_long[257];
    struct gbau_key *key = NULL;
    struct local_key_root root = local_of_state(state)->naf;
    const struct gbau_key_request request = request_of(GBAU_USAGE_MAC, GBAU_CARD_TO_NAF, GBAU_HMAC_SHA256);
    memset(too_long, 'b', sizeof too_long);
    too_long[256] = '\0';
    root.b_tid = too_long;
    assert_status(local_key_open(&root, &request, &key), GBAU_E_ARGUMENT);
    assert_null(key);
}

/* Another applet has other keys. */
static void test_callers_are_apart(void **state)
{
    struct local_ends *local = local_of_state(state);
    static const uint8_t applet[] = {0xa0, 1, 2, 3, 4, 5};
    struct key_pair pair = open_pair_of(*state, GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM);
    local->naf.caller = octets_of(applet, sizeof applet);
    struct gbau_key *key = NULL;
    const struct gbau_key_request request = request_of(GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM);
    assert_ok(local_key_open(&local->naf, &request, &key));
    assert_false(opens(pair.card, key));
    gbau_key_close(key);
    local->naf.caller.length = 4;
    assert_status(local_key_open(&local->naf, &request, &key), GBAU_E_ARGUMENT);
    close_pair(&pair);
}

/* Ends that assume different policies, or B-TIDs, do not authenticate, whoever begins. */
static void test_binding(void **state)
{
    struct local_ends *local = local_of_state(state);
    for (size_t i = 0; i < 4; i++) {
        struct run run;
        local->naf.policy_version = i < 2 ? 7 : 0;
        local->naf.b_tid = i < 2 ? B_TID : "another@bsf";
        struct key_pair pair = open_pair_of(*state, GBAU_USAGE_AUTHENTICATE, GBAU_NO_DIRECTION, GBAU_HMAC_SHA256);
        begin_and_answer(&run, i % 2 == 0 ? pair.card : pair.naf, i % 2 == 0 ? pair.naf : pair.card);
        assert_status(finish_run(&run, i % 2 == 0 ? pair.card : pair.naf), GBAU_E_AUTHENTICATION);
        if (i < 2) { /* the version in the message changed to what is expected: then the MAC is wrong */
            begin_and_answer(&run, i == 0 ? pair.card : pair.naf, i == 0 ? pair.naf : pair.card);
            run.messages[1][19] = i == 0 ? 0 : 7;
            assert_status(finish_run(&run, i == 0 ? pair.card : pair.naf), GBAU_E_AUTHENTICATION);
        }
        close_pair(&pair);
    }
}

/* The MAC is right, but the message names another version than both ends assume. */
static void test_changed_version(void **state)
{
    struct run run;
    struct key_pair pair = open_pair_of(*state, GBAU_USAGE_AUTHENTICATE, GBAU_NO_DIRECTION, GBAU_HMAC_SHA256);
    begin_and_answer(&run, pair.naf, pair.card);
    run.messages[1][19] = 1;
    assert_status(finish_run(&run, pair.naf), GBAU_E_AUTHENTICATION);
    run.messages[1][19] = 0;
    assert_int_not_equal(finish_run(&run, pair.naf), GBAU_OK); /* the run has ended */
    close_pair(&pair);
}

/* What comes out of a wrapping key is held to the coding, whoever made it. */
static void test_wrapped_content_is_checked(void **state)
{
    struct local_ends *local = local_of_state(state);
    static const struct {
        const char *head; /* usage, direction, algorithm, label after its length */
        size_t tail;
        enum gbau_status status;
    } contents[] = {
        {"0101020161", 32, GBAU_OK},
        {"0301020161", 32, GBAU_E_MALFORMED}, /* usage and algorithm do not go together */
        {"0501020161", 32, GBAU_E_MALFORMED}, /* of usage wrap */
        {"0600410161", 32, GBAU_E_MALFORMED}, /* of usage export */
        {"0702210161", 32, GBAU_E_MALFORMED}, /* of usage policy */
        {"01010200", 32, GBAU_E_MALFORMED},   /* no label */
        {"0101020100", 32, GBAU_E_MALFORMED}, /* a label that is no text */
        {"0101020161", 31, GBAU_E_MALFORMED},
        {"0101020161", 33, GBAU_E_MALFORMED},
        {"010102ff61", 32, GBAU_E_MALFORMED},
        {"", 0, GBAU_E_MALFORMED},
    };
    struct application_key key;
    const struct application_key_description description = {.usage = KEY_USAGE_WRAP,
                                                            .direction = KEY_DIRECTION_CARD_TO_NAF,
                                                            .algorithm = KEY_ALGORITHM_AES_256_GCM,
                                                            .label = octets_of_text("label"),
                                                            .caller = local->card.caller};
    struct key_pair pair = open_pair_of(*state, GBAU_USAGE_WRAP, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM);
    struct crypto *crypto = crypto_pool_borrow(local->cryptos);
    assert_ok(application_key_derive(crypto, &local->int_key, &description, &key));
    for (size_t i = 0; i < COUNT_OF(contents); i++) {
        uint8_t content[64] = {0};
        uint8_t wrapped[120] = {0};
        size_t head = 0;
        struct gbau_key *unwrapped = NULL;
        assert_ok(hex_decode(octets_of_text(contents[i].head), content, sizeof content, &head));
        const size_t length = head + contents[i].tail;
        assert_ok(application_key_seal(crypto, &key, wrapped, (struct octets){0}, octets_of(content, length),
                                       wrapped + 12, wrapped + 12 + length));
        crypto_pool_return(local->cryptos, crypto);
        assert_status(gbau_key_unwrap(pair.naf, wrapped, 12 + length + 16, &unwrapped), contents[i].status);
        gbau_key_close(unwrapped);
        crypto = crypto_pool_borrow(local->cryptos);
    }
    crypto_pool_return(local->cryptos, crypto);
    close_pair(&pair);
}

/* A child of fork() holds the same key, and makes other nonces. */
static void test_nonces_after_fork(void **state)
{
    enum { MESSAGES = 60, SIZE = 28 };
    static uint8_t mine[MESSAGES][SIZE], theirs[MESSAGES][SIZE];
    int pipes[2];
    int child_status = 0;
    struct key_pair pair = open_pair_of(*state, GBAU_USAGE_ENCRYPT, GBAU_NAF_TO_CARD, GBAU_AES_256_GCM);
    assert_int_equal(pipe(pipes), 0);
    size_t length = 0;
    assert_ok(gbau_key_encrypt(pair.naf, NULL, 0, NULL, 0, mine[0], SIZE, &length));
    const pid_t child = fork();
    for (size_t i = 0; i < MESSAGES; i++) {
        assert_ok(gbau_key_encrypt(pair.naf, NULL, 0, NULL, 0, mine[i], SIZE, &length));
    }
    if (child == 0) {
        _exit(write(pipes[1], mine, sizeof mine) == sizeof mine ? 0 : 1);
    }
    assert_int_equal(read(pipes[0], theirs, sizeof theirs), sizeof theirs);
    assert_int_equal(waitpid(child, &child_status, 0), child);
    assert_int_equal(child_status, 0);
    for (size_t i = 0; i < MESSAGES; i++) {
        for (size_t j = 0; j < MESSAGES; j++) {
            assert_memory_not_equal(mine[i], theirs[j], 12);
        }
    }
    (void)close(pipes[0]);
    (void)close(pipes[1]);
    close_pair(&pair);
}

/* CTR begins at a random block whose counter has room; two messages share no block. */
static void test_counter_blocks(void **state)
{
    uint8_t out[2][17];
    size_t length = 0;
    struct key_pair pair = open_pair_of(*state, GBAU_USAGE_ENCRYPT, GBAU_NAF_TO_CARD, GBAU_AES_256_CTR);
    for (size_t i = 0; i < 2; i++) {
        assert_ok(gbau_key_encrypt(pair.naf, NULL, 0, "x", 1, out[i], sizeof out[i], &length));
        assert_octets(octets_of(out[i] + 12, 4), "00000000");
    }
    assert_memory_not_equal(out[0], out[1], 12);
    assert_status(gbau_key_encrypt(pair.naf, "aad", 3, "x", 1, out[0], sizeof out[0], &length), GBAU_E_ARGUMENT);
    assert_status(gbau_key_decrypt(pair.card, "aad", 3, out[0], 17, out[1], 17, &length), GBAU_E_ARGUMENT);
    close_pair(&pair);
}

static void test_bad_padding(void **state)
{
    uint8_t out[64];
    size_t length = 0;
    struct key_pair pair = open_pair_of(*state, GBAU_USAGE_ENCRYPT, GBAU_NAF_TO_CARD, GBAU_AES_256_CBC);
    assert_ok(gbau_key_encrypt(pair.naf, NULL, 0, "text", 4, out, sizeof out, &length));
    assert_int_equal(length, 32);
    assert_status(gbau_key_decrypt(pair.card, NULL, 0, out, 31, out + 32, 32, &length), GBAU_E_MALFORMED);
    out[15] ^= 0xff; /* the IV ends on the padding */
    assert_status(gbau_key_decrypt(pair.card, NULL, 0, out, 32, out + 32, 32, &length), GBAU_E_MALFORMED);
    close_pair(&pair);
}

/* A text of exactly the room that the caller has. */
static void test_exact_room(void **state)
{
    static const enum gbau_algorithm algorithms[] = {GBAU_AES_256_GCM, GBAU_AES_256_CTR, GBAU_AES_256_CBC};
    for (size_t i = 0; i < COUNT_OF(algorithms); i++) {
        uint8_t sealed[64];
        uint8_t *opened = malloc(10);
        size_t length = 0;
        struct key_pair pair = open_pair_of(*state, GBAU_USAGE_ENCRYPT, GBAU_NAF_TO_CARD, algorithms[i]);
        assert_ok(gbau_key_encrypt(pair.naf, NULL, 0, "ten octets", 10, sealed, sizeof sealed, &length));
        assert_status(gbau_key_decrypt(pair.card, NULL, 0, sealed, length, opened, 9, &length), GBAU_E_SPACE);
        assert_ok(gbau_key_decrypt(pair.card, NULL, 0, sealed, length, opened, 10, &length));
        assert_memory_equal(opened, "ten octets", 10);
        free(opened);
        close_pair(&pair);
    }
}

/* Keys of one pool in several threads. */

enum { THREADS = 4, ROUNDS = 500 };

static void *seal_and_open(void *context)
{
    struct key_ends *ends = context;
    struct key_pair pair = open_pair_of(ends, GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM);
    for (size_t i = 0; i < ROUNDS; i++) {
        assert_true(opens(pair.card, pair.naf));
    }
    close_pair(&pair);
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, seal_and_open, *state), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KEY_CALLS_COMMON_TESTS(open_local_ends, close_local_ends),
        local_test(test_export_vector),
        local_test(test_unwrap_vector),
        local_test(test_authentication_vector),
        local_test(test_b_tid),
        local_test(test_callers_are_apart),
        local_test(test_binding),
        local_test(test_changed_version),
        local_test(test_wrapped_content_is_checked),
        local_test(test_nonces_after_fork),
        local_test(test_counter_blocks),
        local_test(test_bad_padding),
        local_test(test_exact_room),
        local_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
