/* test_card_key.c: keys in a card: what every holder promises, and what is the card's own: blocks, limits, rulings. */
#include "card_ends.h"

static struct gbau_key *open_card_key(struct card_ends *card, const struct gbau_key_request *request)
{
    struct gbau_key *key = NULL;
    assert_ok(card_key_open(&card->api, naf_id_of(card->bench), request, &key));
    return key;
}

static struct gbau_key *open_naf_key(struct card_ends *card, const struct gbau_key_request *request)
{
    struct gbau_key *key = NULL;
    assert_ok(local_key_open(&card->naf, request, &key));
    return key;
}

static enum gbau_status seal_text(struct gbau_key *key, const char *text, uint8_t sealed[512], size_t *length)
{
    return gbau_key_seal(key, NULL, 0, text, strlen(text), sealed, 512, length);
}

static enum gbau_status seal_something(struct gbau_key *key)
{
    uint8_t sealed[512];
    size_t length = 0;
    return seal_text(key, "x", sealed, &length);
}

/* Opening */

static void test_what_an_open_key_knows(void **state)
{
    struct card_ends *card = card_of(state);
    struct gbau_key *key = open_card_key(card, &seal_request);
    assert_string_equal(gbau_key_b_tid(key), B_TID);
    assert_string_equal(key->label, "door");
    assert_true(key->is_card && key->encrypts && !key->decrypts);
    gbau_key_close(key);
}

static void check_refusal(struct card_ends *card, struct octets naf_id, enum gbau_status expected)
{
    struct gbau_key *key = NULL;
    const size_t before = card->bench->command_count;
    assert_status(card_key_open(&card->api, naf_id, &seal_request, &key), expected);
    assert_null(key);
    assert_int_equal(card->bench->command_count, before + 1); /* there was nothing to close */
}

static void test_no_line_and_no_naf_key(void **state)
{
    struct card_ends *card = card_of(state);
    check_refusal(card, octets_of_text("another.example.com\1\0\0\0\2"), GBAU_E_ACCESS);
    uint8_t naf_id[NAF_ID_LENGTH];
    memcpy(naf_id, card->bench->naf_id, sizeof naf_id);
    naf_id[0]++;
    check_refusal(card, octets_of(naf_id, sizeof naf_id), GBAU_E_ACCESS);
    const struct key_revocation revocation = {.version = 1, .scope = KEY_REVOCATION_NAF_KEY};
    const struct ruling ruling = revocation_ruling(card, &revocation);
    assert_ok(apply(card, &ruling));
    check_refusal(card, naf_id_of(card->bench), GBAU_E_NOT_FOUND);
}

/* One channel bears all keys; handles are given back. */
static void test_limit_of_handles(void **state)
{
    struct card_ends *card = card_of(state);
    struct gbau_key *keys[UINT8_MAX + 1] = {0};
    assert_true(card->api.handles >= 4);
    for (size_t i = 0; i < card->api.handles; i++) {
        keys[i] = open_card_key(card, &seal_request);
    }
    check_refusal(card, naf_id_of(card->bench), GBAU_E_LIMIT);
    for (size_t i = 0; i < card->api.handles; i++) {
        assert_ok(seal_something(keys[i]));
    }
    gbau_key_close(keys[2]);
    keys[2] = open_card_key(card, &seal_request);
    for (size_t i = 0; i < card->api.handles; i++) {
        gbau_key_close(keys[i]);
    }
    for (unsigned i = 0; i < 50; i++) {
        gbau_key_close(open_card_key(card, &seal_request));
    }
}

static void test_limit_of_channels(void **state)
{
    enum { MORE_THAN_THERE_ARE = 25 };
    struct card_ends *card = card_of(state);
    struct card_api apis[MORE_THAN_THERE_ARE];
    size_t count = 0;
    enum gbau_status status = GBAU_OK;
    while (status == GBAU_OK && count < MORE_THAN_THERE_ARE) {
        status = card_api_open(&apis[count], card->bench->reader, NULL);
        count += status == GBAU_OK;
    }
    assert_status(status, GBAU_E_LIMIT);
    assert_int_equal(count, 17); /* of 19 that can be opened, the USIM has one, and so has card->api */
    for (size_t i = 0; i < count; i++) {
        assert_int_not_equal(apis[i].channel, card->api.channel);
        card_api_close(&apis[i]);
    }
    assert_ok(card_api_open(&apis[0], card->bench->reader, NULL));
    card_api_close(&apis[0]);
    card_api_close(&apis[0]); /* twice is once */
}

/* A channel of more than two bits: proprietary commands have CLA CX there. */
static void test_key_on_a_high_channel(void **state)
{
    struct card_ends *card = card_of(state);
    struct card_api apis[6];
    struct gbau_key *key = NULL;
    for (size_t i = 0; i < 6; i++) {
        assert_ok(card_api_open(&apis[i], card->bench->reader, NULL));
    }
    assert_true(apis[5].channel > 3);
    assert_ok(card_key_open(&apis[5], naf_id_of(card->bench), &seal_request, &key));
    assert_ok(seal_something(key));
    gbau_key_close(key);
    for (size_t i = 0; i < 6; i++) {
        card_api_close(&apis[i]);
    }
}

/* Keys of one card mean nothing on another channel. */
static void test_wrap_of_a_key_of_another_channel(void **state)
{
    struct card_ends *card = card_of(state);
    struct card_api other;
    struct gbau_key *moved = NULL;
    uint8_t out[160];
    size_t length = 0;
    allow_all_on_card(card);
    const struct gbau_key_request request = request_of(GBAU_USAGE_WRAP, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM);
    struct gbau_key *wrapping = open_card_key(card, &request);
    assert_ok(card_api_open(&other, card->bench->reader, NULL));
    assert_ok(card_key_open(&other, naf_id_of(card->bench), &seal_request, &moved));
    assert_status(gbau_key_wrap(wrapping, moved, out, sizeof out, &length), GBAU_E_ARGUMENT);
    gbau_key_close(moved);
    gbau_key_close(wrapping);
    card_api_close(&other);
}

/* Blocks */

static size_t commands_of_seal(struct card_ends *card, struct gbau_key *key, size_t length)
{
    static uint8_t text[GBAU_SEAL_TEXT_MAX], sealed[GBAU_SEAL_TEXT_MAX + GBAU_SEAL_OVERHEAD];
    size_t sealed_length = 0;
    const size_t before = card->bench->command_count;
    assert_ok(gbau_key_seal(key, NULL, 0, text, length, sealed, sizeof sealed, &sealed_length));
    return card->bench->command_count - before;
}

/* Long data would fill the trace. */
static void count_command(void *context, struct octets command, struct octets response)
{
    struct bench *bench = context;
    (void)response;
    bench->longest_command = command.length > bench->longest_command ? command.length : bench->longest_command;
    bench->command_count++;
}

/* What is small goes in one command, what is long in as few as its length takes. */
static void test_commands_that_a_message_takes(void **state)
{
    struct card_ends *card = card_of(state);
    reader_observe(card->bench->reader, count_command, card->bench);
    struct gbau_key *key = open_card_key(card, &seal_request);
    assert_int_equal(commands_of_seal(card, key, 0), 1);
    assert_int_equal(commands_of_seal(card, key, 100), 1);
    assert_in_range(card->bench->longest_command, 1, READER_COMMAND_MAX);
    assert_int_equal(commands_of_seal(card, key, 200), 1); /* an extended one: the B-TID is authenticated too */
    assert_int_equal(commands_of_seal(card, key, API_PIECE_EXTENDED), 1);
    assert_int_equal(commands_of_seal(card, key, API_PIECE_EXTENDED + 1), 2);
    gbau_key_close(key);
}

static void test_short_commands_that_a_message_takes(void **state)
{
    struct card_ends *card = card_of(state);
    reader_observe(card->bench->reader, count_command, card->bench);
    struct gbau_key *key = open_card_key(card, &seal_request);
    assert_int_equal(commands_of_seal(card, key, 0), 1);
    assert_int_equal(commands_of_seal(card, key, 100), 1);
    assert_int_equal(commands_of_seal(card, key, 200), 2);
    assert_int_equal(commands_of_seal(card, key, 2000), 11);
    assert_in_range(card->bench->longest_command, 1, READER_COMMAND_MAX);
    gbau_key_close(key);
}

/* Additional data of every length around a block, with text of every length around a block. */
static void test_additional_data_in_blocks(void **state)
{
    struct card_ends *card = card_of(state);
    static const enum gbau_algorithm algorithms[] = {GBAU_AES_256_GCM, GBAU_AES_256_CCM};
    static const size_t lengths[] = {1,   16,  57,   58,    199,   200,   201,   399,
                                     400, 401, 1000, 16383, 16384, 16385, 16900, 33000};
    reader_observe(card->bench->reader, NULL, NULL);
    static uint8_t data[33000], sealed[33100], text[33000];
    pattern(data, sizeof data);
    for (size_t a = 0; a < COUNT_OF(algorithms); a++) {
        const struct gbau_key_request request = request_of(GBAU_USAGE_ENCRYPT, GBAU_NAF_TO_CARD, algorithms[a]);
        struct gbau_key *reader = open_card_key(card, &request);
        struct gbau_key *maker = open_naf_key(card, &request);
        for (size_t i = 0; i < COUNT_OF(lengths) * COUNT_OF(lengths); i++) {
            const size_t additional = lengths[i % COUNT_OF(lengths)];
            const size_t length = lengths[i / COUNT_OF(lengths)];
            size_t sealed_length = 0;
            size_t text_length = 0;
            assert_ok(gbau_key_encrypt(maker, data, additional, data, length, sealed, sizeof sealed, &sealed_length));
            assert_ok(
                gbau_key_decrypt(reader, data, additional, sealed, sealed_length, text, sizeof text, &text_length));
            assert_int_equal(text_length, length);
            assert_memory_equal(text, data, length);
        }
        gbau_key_close(reader);
        gbau_key_close(maker);
    }
}

static bool is_zero(const uint8_t *octets, size_t length)
{
    size_t i = 0;
    while (i < length && octets[i] == 0) {
        i++;
    }
    return i == length;
}

/* In many blocks the card gives text before it has seen the tag: none of it is left when the tag is wrong. */
static void test_no_text_of_a_forged_message(void **state)
{
    struct card_ends *card = card_of(state);
    const struct gbau_key_request request = request_of(GBAU_USAGE_ENCRYPT, GBAU_NAF_TO_CARD, GBAU_AES_256_GCM);
    static uint8_t data[20000], sealed[20100], text[20100];
    size_t length = 0;
    size_t text_length = 4711;
    memset(data, 0xaa, sizeof data);
    struct gbau_key *reader = open_card_key(card, &request);
    struct gbau_key *maker = open_naf_key(card, &request);
    assert_ok(gbau_key_encrypt(maker, NULL, 0, data, sizeof data, sealed, sizeof sealed, &length));
    sealed[length - 1] ^= 1;
    assert_status(gbau_key_decrypt(reader, NULL, 0, sealed, length, text, sizeof text, &text_length),
                  GBAU_E_AUTHENTICATION);
    assert_true(is_zero(text, sizeof text));
    assert_int_equal(text_length, 4711);
    gbau_key_close(reader);
    gbau_key_close(maker);
}

/* Without room for the result nothing is sent: no nonce and no operation is spent. */
static void test_no_room(void **state)
{
    struct card_ends *card = card_of(state);
    struct gbau_key *key = open_card_key(card, &seal_request);
    uint8_t sealed[512];
    size_t whole = 0;
    size_t length = 0;
    assert_ok(seal_text(key, "hello", sealed, &whole));
    const size_t before = card->bench->command_count;
    for (size_t capacity = 1; capacity < whole; capacity++) {
        assert_status(gbau_key_seal(key, NULL, 0, "hello", 5, sealed, capacity, &length), GBAU_E_SPACE);
        assert_int_equal(length, 0);
    }
    assert_status(gbau_key_encrypt(key, NULL, 0, "hello", 5, sealed, 12 + 5 + 16 - 1, &length), GBAU_E_SPACE);
    assert_int_equal(card->bench->command_count, before);
    gbau_key_close(key);
}

/* Two keys in turn, each in the middle of what it does: commands of one do not end the other's. */
static enum gbau_status read_and_seal(void *context, uint8_t *octets, size_t capacity, size_t *length)
{
    static int left = 3;
    *length = left-- > 0 ? capacity : 0;
    memset(octets, 'x', *length);
    return seal_something(context);
}

static enum gbau_status forget(void *context, const uint8_t *octets, size_t length)
{
    (void)context;
    (void)octets;
    (void)length;
    return GBAU_OK;
}

static void test_two_keys_at_once(void **state)
{
    struct card_ends *card = card_of(state);
    reader_observe(card->bench->reader, NULL, NULL);
    struct gbau_key *key = open_card_key(card, &seal_request);
    struct gbau_key *other = open_card_key(card, &seal_request);
    const struct gbau_pipe pipe = {.read = read_and_seal, .write = forget, .context = other};
    assert_ok(gbau_key_seal_stream(key, &pipe));
    gbau_key_close(key);
    gbau_key_close(other);
}

/* Secrecy */

static void test_keys_stay_in_the_card(void **state)
{
    struct card_ends *card = card_of(state);
    struct application_key application_key;
    const struct application_key_description description = {.usage = KEY_USAGE_ENCRYPT,
                                                            .direction = KEY_DIRECTION_CARD_TO_NAF,
                                                            .algorithm = KEY_ALGORITHM_AES_256_GCM,
                                                            .label = octets_of_text("door"),
                                                            .caller = card->naf.caller};
    struct gbau_key *key = open_card_key(card, &seal_request);
    assert_ok(seal_something(key));
    gbau_key_close(key);
    assert_ok(application_key_derive(&card->bench->crypto, &card->int_key, &description, &application_key));
    assert_false(trace_holds(card->bench, application_key.octets, 8));
    assert_false(trace_holds(card->bench, card->int_key.octets, 8));
}

static int compare_nonces(const void *a, const void *b)
{
    return memcmp(a, b, AEAD_NONCE_SIZE);
}

/* Over keys that are closed and opened, and a card that loses its power, no nonce comes twice. */
static void test_nonces_never_repeat(void **state)
{
    enum { ROUNDS = 6, MESSAGES = 10, SEALED_SIZE = 28 };
    struct card_ends *card = card_of(state);
    struct bench *bench = card->bench;
    static uint8_t nonces[ROUNDS * MESSAGES][AEAD_NONCE_SIZE];
    for (size_t i = 0; i < ROUNDS * MESSAGES; i++) {
        uint8_t sealed[SEALED_SIZE];
        size_t length = 0;
        if (i % MESSAGES == 0) {
            card_api_close(&card->api);
            usim_close(&bench->usim);
            reinsert_card(bench);
            open_usim(bench);
            assert_ok(card_api_open(&card->api, bench->reader, NULL));
        }
        struct gbau_key *key = open_card_key(card, &seal_request);
        assert_ok(gbau_key_encrypt(key, NULL, 0, NULL, 0, sealed, sizeof sealed, &length));
        memcpy(nonces[i], sealed, AEAD_NONCE_SIZE);
        gbau_key_close(key);
    }
    qsort(nonces, ROUNDS * MESSAGES, AEAD_NONCE_SIZE, compare_nonces);
    for (size_t i = 1; i < ROUNDS * MESSAGES; i++) {
        assert_memory_not_equal(nonces[i], nonces[i - 1], AEAD_NONCE_SIZE);
    }
}

/* A new bootstrapping makes new keys; a key that is open keeps its own. */
static void test_open_key_outlives_a_bootstrapping(void **state)
{
    struct card_ends *card = card_of(state);
    struct gbau_key *key = open_card_key(card, &seal_request);
    struct gbau_key *twin = open_naf_key(card, &seal_request);
    const struct aka_vector second = bootstrap(card->bench, 2);
    follow_bootstrapping(card, &second);
    struct gbau_key *twin_of_second = open_naf_key(card, &seal_request);
    assert_true(opens(key, twin));
    assert_false(opens(key, twin_of_second));
    gbau_key_close(key);
    key = open_card_key(card, &seal_request);
    assert_true(opens(key, twin_of_second));
    gbau_key_close(key);
    gbau_key_close(twin);
    gbau_key_close(twin_of_second);
}

/* Persisted keys */

static const struct gbau_key_request vault_request = {
    .usage = GBAU_USAGE_ENCRYPT, .direction = GBAU_CARD_TO_CARD, .algorithm = GBAU_AES_256_GCM, .label = "vault"};

static void persist(struct card_ends *card, const struct gbau_key_request *request, uint32_t operations)
{
    struct gbau_key *key = open_card_key(card, request);
    assert_ok(card_key_persist(key, operations));
    gbau_key_close(key);
}

static enum gbau_status open_persisted(struct card_ends *card, const char *label, struct gbau_key **key)
{
    return card_key_open_persisted(&card->api, naf_id_of(card->bench), label, key);
}

static void test_persisted_key_outlives_a_bootstrapping(void **state)
{
    struct card_ends *card = card_of(state);
    uint8_t sealed[512], text[512];
    size_t length = 0;
    size_t text_length = 0;
    struct gbau_key *key = NULL;
    persist(card, &vault_request, UINT32_MAX);
    assert_ok(open_persisted(card, "vault", &key));
    assert_ok(seal_text(key, "at rest", sealed, &length));
    gbau_key_close(key);
    (void)bootstrap(card->bench, 2);
    assert_ok(open_persisted(card, "vault", &key));
    assert_string_equal(gbau_key_b_tid(key), B_TID);
    assert_ok(gbau_key_open_sealed(key, NULL, 0, sealed, length, text, sizeof text, &text_length));
    assert_int_equal(text_length, 7);
    assert_memory_equal(text, "at rest", 7);
    gbau_key_close(key);
}

/* What is sealed card to card would be lost without the key: only a kept one works. */
static void test_card_to_card_needs_a_persisted_key(void **state)
{
    struct card_ends *card = card_of(state);
    struct gbau_key *key = open_card_key(card, &vault_request);
    assert_status(seal_something(key), GBAU_E_ACCESS);
    gbau_key_close(key);
}

static void test_operations_of_a_persisted_key(void **state)
{
    struct card_ends *card = card_of(state);
    struct gbau_key *key = NULL;
    persist(card, &vault_request, 3);
    assert_ok(open_persisted(card, "vault", &key));
    for (unsigned i = 0; i < 3; i++) {
        assert_ok(seal_something(key));
    }
    assert_status(seal_something(key), GBAU_E_LIMIT);
    gbau_key_close(key);
    assert_int_not_equal(open_persisted(card, "vault", &key), GBAU_OK);
}

static void test_deletion_of_a_persisted_key(void **state)
{
    struct card_ends *card = card_of(state);
    struct gbau_key *key = NULL;
    const struct octets label = octets_of_text("vault");
    assert_status(open_persisted(card, "vault", &key), GBAU_E_NOT_FOUND);
    assert_status(card_api_delete(&card->api, naf_id_of(card->bench), label), GBAU_E_NOT_FOUND);
    persist(card, &vault_request, UINT32_MAX);
    assert_status(open_persisted(card, "Vault", &key), GBAU_E_NOT_FOUND);
    assert_ok(card_api_delete(&card->api, naf_id_of(card->bench), label));
    assert_status(open_persisted(card, "vault", &key), GBAU_E_NOT_FOUND);
    assert_null(key);
}

/* Every usage that can be kept comes back as what it was. */
static void test_kinds_of_persisted_keys(void **state)
{
    struct card_ends *card = card_of(state);
    static const struct gbau_key_request requests[] = {
        {.usage = GBAU_USAGE_MAC, .direction = GBAU_CARD_TO_NAF, .algorithm = GBAU_AES_128_CMAC, .label = "m"},
        {.usage = GBAU_USAGE_AUTHENTICATE, .algorithm = GBAU_HMAC_SHA256, .label = "a"},
        {.usage = GBAU_USAGE_DERIVE, .algorithm = GBAU_KDF, .label = "d"},
    };
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        struct gbau_key *key = NULL;
        persist(card, &requests[i], UINT32_MAX);
        assert_ok(open_persisted(card, requests[i].label, &key));
        assert_int_equal(key->usage, requests[i].usage);
        assert_int_equal(key->direction, requests[i].direction);
        assert_int_equal(key->algorithm, requests[i].algorithm);
        assert_string_equal(key->label, requests[i].label);
        gbau_key_close(key);
    }
}

static void test_room_for_persisted_keys(void **state)
{
    struct card_ends *card = card_of(state);
    struct gbau_key_request request = vault_request;
    char label[] = "a";
    enum gbau_status status = GBAU_OK;
    size_t count = 0;
    request.label = label;
    while (status == GBAU_OK && count < 100) {
        struct gbau_key *key = open_card_key(card, &request);
        status = card_key_persist(key, UINT32_MAX);
        gbau_key_close(key);
        count += status == GBAU_OK;
        label[0]++;
    }
    assert_status(status, GBAU_E_LIMIT);
    assert_true(count >= 4);
}

static void test_what_cannot_be_persisted(void **state)
{
    struct card_ends *card = card_of(state);
    const struct gbau_key_request request = {.usage = GBAU_USAGE_HASH, .algorithm = GBAU_SHA256};
    struct gbau_key *key = open_card_key(card, &request);
    struct gbau_key *local = open_naf_key(card, &seal_request);
    assert_status(card_key_persist(key, UINT32_MAX), GBAU_E_ACCESS);
    assert_status(card_key_persist(local, UINT32_MAX), GBAU_E_ARGUMENT);
    assert_status(card_key_persist(NULL, UINT32_MAX), GBAU_E_ARGUMENT);
    gbau_key_close(key);
    gbau_key_close(local);
}

/* Policies and revocations */

static void test_policy_with_a_wrong_mac(void **state)
{
    struct card_ends *card = card_of(state);
    const struct key_policy policy = permissive_policy(1);
    struct ruling ruling = policy_ruling(card, &policy);
    ruling.octets[ruling.length - 1] ^= 1;
    assert_status(apply(card, &ruling), GBAU_E_AUTHENTICATION);
    ruling.octets[ruling.length - 1] ^= 1;
    assert_ok(apply(card, &ruling));
    assert_status(apply(card, &ruling), GBAU_E_REPLAY);
    const struct key_revocation revocation = {.version = 1, .scope = KEY_REVOCATION_PERSISTED_KEYS};
    ruling = revocation_ruling(card, &revocation);
    assert_status(apply(card, &ruling), GBAU_E_REPLAY);
}

static void test_malformed_ruling(void **state)
{
    struct card_ends *card = card_of(state);
    struct ruling ruling = {.octets = {0xa0, 0x02, 0x80, 0x00}, .length = 4};
    assert_status(apply(card, &ruling), GBAU_E_ARGUMENT);
    const uint8_t too_long[APDU_DATA_MAX] = {0};
    assert_status(card_api_apply(&card->api, naf_id_of(card->bench), octets_of(too_long, sizeof too_long)),
                  GBAU_E_SPACE);
}

static void test_policy_forbids(void **state)
{
    struct card_ends *card = card_of(state);
    struct key_policy policy = key_policy_default;
    struct gbau_key *key = NULL;
    policy.version = 1;
    policy.usages = 1U << (KEY_USAGE_MAC - 1);
    const struct ruling ruling = policy_ruling(card, &policy);
    assert_ok(apply(card, &ruling));
    assert_status(open_on_card(card, &seal_request, &key), GBAU_E_ACCESS);
    const struct gbau_key_request request = request_of(GBAU_USAGE_MAC, GBAU_CARD_TO_NAF, GBAU_HMAC_SHA256);
    assert_ok(open_on_card(card, &request, &key));
    gbau_key_close(key);
}

static void test_policy_limits_operations(void **state)
{
    struct card_ends *card = card_of(state);
    struct key_policy policy = key_policy_default;
    policy.version = 1;
    policy.operations = 5;
    struct gbau_key *early = open_card_key(card, &seal_request);
    const struct ruling ruling = policy_ruling(card, &policy);
    assert_ok(apply(card, &ruling));
    struct gbau_key *key = open_card_key(card, &seal_request);
    for (unsigned i = 0; i < 5; i++) {
        assert_ok(seal_something(key));
    }
    assert_status(seal_something(key), GBAU_E_LIMIT);
    assert_status(seal_something(early), GBAU_E_LIMIT);
    gbau_key_close(key);
    gbau_key_close(early);
}

/* An open key of a NAF key that was revoked has ended. */
static void test_revocation_ends_open_keys(void **state)
{
    struct card_ends *card = card_of(state);
    uint8_t octets[64];
    size_t length = 0;
    const struct gbau_key_request mac_request = request_of(GBAU_USAGE_MAC, GBAU_CARD_TO_NAF, GBAU_HMAC_SHA256);
    const struct gbau_key_request derive_request = request_of(GBAU_USAGE_DERIVE, GBAU_NO_DIRECTION, GBAU_KDF);
    struct gbau_key *seal_key = open_card_key(card, &seal_request);
    struct gbau_key *mac_key = open_card_key(card, &mac_request);
    struct gbau_key *derive_key = open_card_key(card, &derive_request);
    struct gbau_key *child = NULL;
    const struct key_revocation revocation = {.version = 9, .scope = KEY_REVOCATION_NAF_KEY};
    const struct ruling ruling = revocation_ruling(card, &revocation);
    assert_ok(apply(card, &ruling));
    assert_status(seal_something(seal_key), GBAU_E_EXPIRED);
    assert_status(gbau_key_mac(mac_key, "x", 1, octets, &length), GBAU_E_EXPIRED);
    assert_status(gbau_key_derive(derive_key, &seal_request, &child), GBAU_E_EXPIRED);
    assert_status(card_key_persist(derive_key, UINT32_MAX), GBAU_E_EXPIRED);
    gbau_key_close(seal_key);
    gbau_key_close(mac_key);
    gbau_key_close(derive_key);
}

/* Lists, random octets, counter */

static void test_list(void **state)
{
    struct card_ends *card = card_of(state);
    struct card_answer answer;
    persist(card, &vault_request, 1000);
    assert_ok(card_api_list(&card->api, API_LIST_NAF_KEYS, 0, &answer));
    assert_true(octets_equal(answer.objects[CARD_NAF_ID], naf_id_of(card->bench)));
    assert_true(octets_equal(answer.objects[CARD_B_TID], octets_of_text(B_TID)));
    assert_int_equal(card_answer_number(&answer, CARD_POLICY_VERSION), 0);
    assert_int_equal(card_answer_number(&answer, CARD_OPERATIONS), UINT32_MAX);
    assert_status(card_api_list(&card->api, API_LIST_NAF_KEYS, 1, &answer), GBAU_E_NOT_FOUND);
    assert_ok(card_api_list(&card->api, API_LIST_PERSISTED_KEYS, 0, &answer));
    assert_true(octets_equal(answer.objects[CARD_LABEL], octets_of_text("vault")));
    assert_int_equal(card_answer_number(&answer, CARD_USAGE), GBAU_USAGE_ENCRYPT);
    assert_int_equal(card_answer_number(&answer, CARD_DIRECTION), GBAU_CARD_TO_CARD);
    assert_int_equal(card_answer_number(&answer, CARD_ALGORITHM), GBAU_AES_256_GCM);
    assert_int_equal(card_answer_number(&answer, CARD_OPERATIONS), 1000);
    assert_status(card_api_list(&card->api, API_LIST_PERSISTED_KEYS, 1, &answer), GBAU_E_NOT_FOUND);
}

static void test_random(void **state)
{
    struct card_ends *card = card_of(state);
    uint8_t octets[2][100] = {0};
    assert_ok(card_api_random(&card->api, octets[0], 100));
    assert_ok(card_api_random(&card->api, octets[1], 100));
    assert_memory_not_equal(octets[0], octets[1], 100);
    assert_false(is_zero(octets[0] + 96, 4));
    assert_ok(card_api_random(&card->api, octets[0], 0));
}

static void test_counter_only_grows(void **state)
{
    struct card_ends *card = card_of(state);
    uint64_t last = 0;
    for (unsigned i = 0; i < 300; i++) {
        uint64_t counter = 0;
        assert_ok(card_api_counter(&card->api, &counter));
        assert_true(i == 0 || counter > last);
        last = counter;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KEY_CALLS_COMMON_TESTS(open_untraced_ends, close_card_ends),
        KEY_CALLS_COMMON_TESTS(open_short_ends, close_card_ends),
        card_test(test_what_an_open_key_knows),
        card_test(test_no_line_and_no_naf_key),
        card_test(test_limit_of_handles),
        card_test(test_limit_of_channels),
        card_test(test_key_on_a_high_channel),
        card_test(test_wrap_of_a_key_of_another_channel),
        card_test(test_commands_that_a_message_takes),
        short_test(test_short_commands_that_a_message_takes),
        card_test(test_additional_data_in_blocks),
        short_test(test_additional_data_in_blocks),
        card_test(test_no_text_of_a_forged_message),
        short_test(test_no_text_of_a_forged_message),
        card_test(test_no_room),
        card_test(test_two_keys_at_once),
        card_test(test_keys_stay_in_the_card),
        card_test(test_nonces_never_repeat),
        card_test(test_open_key_outlives_a_bootstrapping),
        card_test(test_persisted_key_outlives_a_bootstrapping),
        card_test(test_card_to_card_needs_a_persisted_key),
        card_test(test_operations_of_a_persisted_key),
        card_test(test_deletion_of_a_persisted_key),
        card_test(test_kinds_of_persisted_keys),
        card_test(test_room_for_persisted_keys),
        card_test(test_what_cannot_be_persisted),
        card_test(test_policy_with_a_wrong_mac),
        card_test(test_malformed_ruling),
        card_test(test_policy_forbids),
        card_test(test_policy_limits_operations),
        card_test(test_revocation_ends_open_keys),
        card_test(test_list),
        card_test(test_random),
        card_test(test_counter_only_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
