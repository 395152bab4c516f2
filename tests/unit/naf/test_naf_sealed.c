/* test_naf_sealed.c: sealed messages under keys distributed from Ks_int_NAF, from the request to the application. */
#include "naf_testing.h"

#define SEALED_NAF_ID "6e61662e6578616d706c652e636f6dff67620001"

enum { MESSAGE_SIZE = NAF_TEXT_MAX + SEALED_MESSAGE_OVERHEAD + 64 };

/* How a message is sealed; the key's description and the name in the message may differ. */
struct sealing {
    struct application_key_description description;
    struct sealed_message_key name;
    uint8_t nonce[AES_GCM_NONCE_SIZE];
    struct octets external_aad;
};

static struct sealing good_sealing(void)
{
    return (struct sealing){
        .description = {.usage = KEY_USAGE_ENCRYPT,
                        .direction = KEY_DIRECTION_CARD_TO_NAF,
                        .algorithm = KEY_ALGORITHM_AES_256_GCM,
                        .label = octets_of_text("door"),
                        .caller = octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE)},
        .name = {.algorithm = KEY_ALGORITHM_AES_256_GCM,
                 .b_tid = octets_of_text(B_TID),
                 .label = octets_of_text("door")},
        .nonce = {0, 0, 0, 0, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08},
    };
}

/* What a card would send, in a static buffer. */
static struct octets seal(struct bench *bench, const struct sealing *sealing, struct octets text)
{
    static uint8_t message[MESSAGE_SIZE];
    static uint8_t ciphertext[NAF_TEXT_MAX + 1];
    uint8_t aad_octets[512];
    uint8_t tag[AES_GCM_TAG_SIZE];
    struct ks_int_naf root;
    struct application_key key;
    from_hex(KS_INT_NAF, root.octets, sizeof root.octets);
    assert_ok(application_key_derive(&bench->crypto, &root, &sealing->description, &key));
    key.usage = KEY_USAGE_ENCRYPT; /* so that keys of other usages can be tried */
    struct octet_writer aad = octet_writer_of(aad_octets, sizeof aad_octets);
    sealed_message_write_aad(&aad, &sealing->name, sealing->external_aad);
    assert_ok(octet_writer_end(&aad));
    assert_ok(application_key_seal(&bench->crypto, &key, sealing->nonce, octets_written(&aad), text, ciphertext, tag));
    struct octet_writer writer = octet_writer_of(message, sizeof message);
    sealed_message_write(&writer, &sealing->name, sealing->nonce, octets_of(ciphertext, text.length), tag);
    assert_ok(octet_writer_end(&writer));
    return octets_written(&writer);
}

/* Exchanges are large: one at a time is enough. */
static struct naf_exchange exchange;

static void post(struct bench *bench, struct octets body)
{
    const struct naf_request request = {.method = "POST", .path = "/messages", .target = "/messages", .body = body};
    naf_begin(bench->naf, &request, &exchange);
}

/* Posts a message, and answers as the BSF when it is asked. */
static void post_with_keys(struct bench *bench, struct octets body)
{
    const struct gba_bia bia = good_bia();
    post(bench, body);
    if (exchange.next == NAF_ASK_BSF) {
        answer_bia(bench, &exchange, &bia);
    }
}

static void assert_delivers(struct octets text)
{
    assert_int_equal(exchange.next, NAF_DELIVER);
    assert_string_equal(exchange.message.b_tid, B_TID);
    assert_true(octets_equal(octets_of(exchange.message.text, exchange.message.length), text));
}

static void test_opened(void **state)
{
    struct bench *bench = *state;
    const struct sealing sealing = good_sealing();
    const struct gba_bia bia = good_bia();
    post(bench, seal(bench, &sealing, octets_of_text("open the door")));
    assert_asks_bsf(&exchange, B_TID, SEALED_NAF_ID);
    answer_bia(bench, &exchange, &bia);
    assert_delivers(octets_of_text("open the door"));
    assert_string_equal(exchange.message.label, "door");
    assert_true(exchange.message.counter == 0x0102030405060708);
    naf_delivered(bench->naf, &exchange, GBAU_OK);
    assert_refused(&exchange, 204); /* nothing goes back to whoever posted it */
    naf_exchange_clear(&exchange);
    static const struct naf_exchange zeros;
    assert_memory_equal(&exchange, &zeros, sizeof zeros);
}

static void test_keys_are_kept(void **state)
{
    struct bench *bench = *state;
    const struct sealing sealing = good_sealing();
    post_with_keys(bench, seal(bench, &sealing, octets_of_text("one")));
    post(bench, seal(bench, &sealing, octets_of_text("two")));
    assert_delivers(octets_of_text("two"));
    bench->now = START + KEY_LIFETIME_S;
    post(bench, seal(bench, &sealing, octets_of_text("three")));
    assert_asks_bsf(&exchange, B_TID, SEALED_NAF_ID);
}

/* Keys for the one protocol are not used for the other: each has a NAF_ID of its own. */
static void test_digest_keys_are_others(void **state)
{
    struct bench *bench = *state;
    const struct sealing sealing = good_sealing();
    const struct gba_bia bia = good_bia();
    const struct naf_request request = {.method = "GET",
                                        .path = "/",
                                        .target = "/",
                                        .authorization_count = 1,
                                        .authorization =
                                            "Digest username=\"" B_TID "\", realm=\"3GPP-bootstrapping@" FQDN
                                            "\", nonce=\"n\", uri=\"/\", "
                                            "qop=auth, nc=00000001, cnonce=\"c\", response=\"\""};
    naf_begin(bench->naf, &request, &exchange);
    answer_bia(bench, &exchange, &bia);
    post(bench, seal(bench, &sealing, octets_of_text("x")));
    assert_asks_bsf(&exchange, B_TID, SEALED_NAF_ID);
}

static void test_handing_over(void **state)
{
    static const struct {
        enum gbau_status status;
        unsigned http_status;
    } outcomes[] = {{GBAU_E_REPLAY, 409}, {GBAU_E_STORAGE, 503}, {GBAU_E_BUSY, 503}, {GBAU_E_CORRUPT, 503}};
    struct bench *bench = *state;
    const struct sealing sealing = good_sealing();
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        post_with_keys(bench, seal(bench, &sealing, octets_of_text("x")));
        assert_int_equal(exchange.next, NAF_DELIVER);
        naf_delivered(bench->naf, &exchange, outcomes[i].status);
        assert_refused(&exchange, outcomes[i].http_status);
    }
}

static void test_both_algorithms(void **state)
{
    struct bench *bench = *state;
    struct sealing sealing = good_sealing();
    sealing.description.algorithm = KEY_ALGORITHM_AES_128_GCM;
    sealing.name.algorithm = KEY_ALGORITHM_AES_128_GCM;
    post_with_keys(bench, seal(bench, &sealing, octets_of_text("short key")));
    assert_delivers(octets_of_text("short key"));
    sealing.name.algorithm = KEY_ALGORITHM_AES_256_GCM;
    sealing.description.algorithm = KEY_ALGORITHM_AES_128_GCM;
    post_with_keys(bench, seal(bench, &sealing, octets_of_text("x")));
    assert_refused(&exchange, 403);
}

static void test_lengths(void **state)
{
    struct bench *bench = *state;
    static uint8_t text[NAF_TEXT_MAX + 1];
    static const size_t lengths[] = {0, 1, 96, 1000, NAF_TEXT_MAX};
    const struct sealing sealing = good_sealing();
    memset(text, 'T', sizeof text);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        post_with_keys(bench, seal(bench, &sealing, octets_of(text, lengths[i])));
        assert_delivers(octets_of(text, lengths[i]));
    }
    post_with_keys(bench, seal(bench, &sealing, octets_of(text, sizeof text)));
    assert_refused(&exchange, 413);
}

/* Keys that are near, but others: nothing opens. */

static const uint8_t other_aid[GBA_U_API_AID_SIZE] = {0xf0, 'o', 't', 'h', 'e', 'r', 'a', 'p', 'p'};

static void check_other_key(struct bench *bench, const struct sealing *sealing)
{
    post_with_keys(bench, seal(bench, sealing, octets_of_text("open the door")));
    assert_refused(&exchange, 403);
    for (size_t i = 0; i < 13; i++) {
        assert_int_equal(exchange.message.text[i], 0);
    }
}

static void test_other_keys(void **state)
{
    struct sealing sealing = good_sealing();
    sealing.description.label = octets_of_text("gate");
    check_other_key(*state, &sealing);
    sealing = good_sealing();
    sealing.name.label = octets_of_text("gate"); /* sealed for one label, sent for another */
    check_other_key(*state, &sealing);
    sealing = good_sealing();
    sealing.description.direction = KEY_DIRECTION_NAF_TO_CARD; /* the NAF's own messages, reflected */
    check_other_key(*state, &sealing);
    sealing = good_sealing();
    sealing.description.direction = KEY_DIRECTION_CARD_TO_CARD;
    check_other_key(*state, &sealing);
    sealing = good_sealing();
    sealing.description.usage = KEY_USAGE_WRAP;
    check_other_key(*state, &sealing);
    sealing = good_sealing();
    sealing.description.context = octets_of_text("context");
    check_other_key(*state, &sealing);
    sealing = good_sealing();
    sealing.description.caller = octets_of(other_aid, sizeof other_aid); /* another applet of the same card */
    check_other_key(*state, &sealing);
    sealing = good_sealing();
    sealing.external_aad = octets_of_text("x");
    check_other_key(*state, &sealing);
}

static void test_keys_of_another_bootstrapping(void **state)
{
    struct bench *bench = *state;
    struct sealing sealing = good_sealing();
    uint8_t other[NAF_KEY_SIZE] = {0};
    struct gba_bia bia = good_bia();
    bia.uicc_key_material = octets_of(other, sizeof other);
    sealing.name.b_tid = octets_of_text("other@bsf");
    post(bench, seal(bench, &sealing, octets_of_text("x")));
    assert_asks_bsf(&exchange, "other@bsf", SEALED_NAF_ID);
    answer_bia(bench, &exchange, &bia);
    assert_refused(&exchange, 403);
}

static void test_no_int_key(void **state)
{
    struct bench *bench = *state;
    const struct sealing sealing = good_sealing();
    struct gba_bia bia = good_bia();
    bia.uicc_key_material = (struct octets){0};
    post(bench, seal(bench, &sealing, octets_of_text("x")));
    answer_bia(bench, &exchange, &bia);
    assert_refused(&exchange, 403);
    post(bench, seal(bench, &sealing, octets_of_text("x"))); /* from the cache */
    assert_refused(&exchange, 403);
}

/* Every octet changed: never delivered. A changed B-TID asks for keys that the BSF does not have. */
static void test_every_octet_changed(void **state)
{
    struct bench *bench = *state;
    uint8_t copy[1024];
    const struct sealing sealing = good_sealing();
    const struct octets message = seal(bench, &sealing, octets_of_text("open the door"));
    post_with_keys(bench, message);
    assert_delivers(octets_of_text("open the door"));
    for (size_t i = 0; i < message.length; i++) {
        for (unsigned flip = 1; flip < 256; flip <<= 1) {
            memcpy(copy, message.data, message.length);
            copy[i] ^= (uint8_t)flip;
            post(bench, octets_of(copy, message.length));
            assert_int_not_equal(exchange.next, NAF_DELIVER);
            if (exchange.next == NAF_ASK_BSF) {
                assert_string_not_equal(exchange.b_tid, B_TID);
                continue;
            }
            assert_true(exchange.response.status == 400 || exchange.response.status == 403);
        }
    }
}

static void test_cut_messages(void **state)
{
    struct bench *bench = *state;
    const struct sealing sealing = good_sealing();
    const struct octets message = seal(bench, &sealing, octets_of_text("open the door"));
    for (size_t length = 0; length < message.length; length++) {
        uint8_t *cut = malloc(length == 0 ? 1 : length);
        assert_non_null(cut);
        memcpy(cut, message.data, length);
        post(bench, octets_of(cut, length));
        assert_refused(&exchange, 400);
        free(cut);
    }
}

static void test_odd_names(void **state)
{
    static const char *const b_tids[] = {"a\"b", "a\\b", "a\nb", "\xc3\xa4"};
    struct bench *bench = *state;
    struct sealing sealing = good_sealing();
    for (size_t i = 0; i < sizeof b_tids / sizeof b_tids[0]; i++) {
        sealing.name.b_tid = octets_of_text(b_tids[i]);
        post(bench, seal(bench, &sealing, octets_of_text("x")));
        assert_refused(&exchange, 400);
    }
    sealing.name.b_tid = octets_of("a\0b", 3);
    post(bench, seal(bench, &sealing, octets_of_text("x")));
    assert_refused(&exchange, 400);
    sealing = good_sealing();
    sealing.name.label = octets_of("a\0b", 3); /* opens, but has no name to deliver it under */
    sealing.description.label = sealing.name.label;
    post_with_keys(bench, seal(bench, &sealing, octets_of_text("x")));
    assert_refused(&exchange, 403);
}

static void test_only_posts_to_the_path(void **state)
{
    struct bench *bench = *state;
    const struct sealing sealing = good_sealing();
    const struct octets message = seal(bench, &sealing, octets_of_text("x"));
    static const char *const others[][2] = {{"GET", "/messages"},   {"PUT", "/messages"},  {"POST", "/"},
                                            {"POST", "/messages/"}, {"POST", "/Messages"}, {"post", "/messages"}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const struct naf_request request = {
            .method = others[i][0], .path = others[i][1], .target = others[i][1], .body = message};
        naf_begin(bench->naf, &request, &exchange);
        const struct digest_challenge challenge = assert_challenged(&exchange, false);
        assert_string_equal(challenge.realm, "3GPP-bootstrapping@" FQDN);
    }
}

static void test_results_of_the_bsf(void **state)
{
    static const struct {
        uint32_t result;
        unsigned status;
    } results[] = {{GBA_RESULT_NOT_AUTHORIZED, 403}, {GBA_RESULT_UNABLE_TO_COMPLY, 503}, {3004, 503}};
    struct bench *bench = *state;
    const struct sealing sealing = good_sealing();
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        const struct gba_bia bia = {.result = results[i].result};
        post(bench, seal(bench, &sealing, octets_of_text("x")));
        answer_bia(bench, &exchange, &bia);
        assert_refused(&exchange, results[i].status);
    }
    const struct gba_bia unknown = {.result = GBA_RESULT_TRANSACTION_IDENTIFIER_INVALID};
    post(bench, seal(bench, &sealing, octets_of_text("x")));
    answer_bia(bench, &exchange, &unknown);
    const struct digest_challenge challenge = assert_challenged(&exchange, false);
    assert_string_equal(challenge.realm, "3GPP-bootstrapping-uicc@" FQDN);
    post(bench, seal(bench, &sealing, octets_of_text("x")));
    naf_continue(bench->naf, &exchange, GBAU_E_UNREACHABLE, (struct octets){0});
    assert_refused(&exchange, 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(test_opened),
        bench_test(test_keys_are_kept),
        bench_test(test_digest_keys_are_others),
        bench_test(test_handing_over),
        bench_test(test_both_algorithms),
        bench_test(test_lengths),
        bench_test(test_other_keys),
        bench_test(test_keys_of_another_bootstrapping),
        bench_test(test_no_int_key),
        bench_test(test_every_octet_changed),
        bench_test(test_cut_messages),
        bench_test(test_odd_names),
        bench_test(test_only_posts_to_the_path),
        bench_test(test_results_of_the_bsf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
