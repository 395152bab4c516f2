/*
 * test_key_authentication.c: mutual authentication between two ends: both agree on a session key, or neither has one; and
 * the messages are those of docs/gba_u-api.md clause 9, computed here from the parts.
 */
#include "crypto/kdf.h"
#include "crypto/openssl.h"
#include "key/key_authentication.h"
#include "testing.h"

struct end {
    struct key_authentication run;
    struct application_key key;
    struct key_authentication_binding binding;
    struct application_key session;
};

/* What travelled, and what came of it. */
struct exchange {
    uint8_t initiator_nonce[16];
    uint8_t responder_nonce[16];
    uint8_t responder_mac[MAC_MAX_SIZE];
    uint8_t initiator_mac[MAC_MAX_SIZE];
    enum gbau_status finished;
    enum gbau_status confirmed;
};

static struct crypto crypto;

static struct end end_with(unsigned algorithm)
{
    struct end end = {.key = {.usage = KEY_USAGE_AUTHENTICATE, .algorithm = (enum key_algorithm)algorithm},
                      .binding = {.policy_version = 7, .b_tid = octets_of_text("a@b")}};
    memset(end.key.octets, 0x3c, sizeof end.key.octets);
    return end;
}

static size_t mac_length(const struct end *end)
{
    return application_key_tag_size(&end->key);
}

static struct exchange run(struct end *initiator, struct end *responder)
{
    struct exchange exchange = {.finished = GBAU_E_ARGUMENT, .confirmed = GBAU_E_ARGUMENT};
    assert_ok(key_authentication_begin(&initiator->run, &crypto, &initiator->key, exchange.initiator_nonce));
    assert_ok(key_authentication_answer(&responder->run, &crypto, &responder->key, &responder->binding,
                                        exchange.initiator_nonce, exchange.responder_nonce, exchange.responder_mac));
    exchange.finished = key_authentication_finish(
        &initiator->run, &crypto, &initiator->key, &initiator->binding, exchange.responder_nonce,
        octets_of(exchange.responder_mac, mac_length(responder)), exchange.initiator_mac, &initiator->session);
    if (exchange.finished == GBAU_OK) {
        exchange.confirmed = key_authentication_confirm(&responder->run, &crypto, &responder->key, &responder->binding,
                                                        octets_of(exchange.initiator_mac, mac_length(initiator)),
                                                        &responder->session);
    }
    return exchange;
}

static void test_agreement(void **state)
{
    (void)state;
    struct application_key last = {0};
    for (unsigned algorithm = KEY_ALGORITHM_HMAC_SHA256; algorithm <= KEY_ALGORITHM_SM4_CMAC; algorithm++) {
        struct end initiator = end_with(algorithm);
        struct end responder = end_with(algorithm);
        const struct exchange exchange = run(&initiator, &responder);
        assert_ok(exchange.finished);
        assert_ok(exchange.confirmed);
        assert_memory_equal(&initiator.session, &responder.session, sizeof initiator.session);
        assert_int_equal(initiator.session.usage, KEY_USAGE_DERIVE);
        assert_int_equal(initiator.session.algorithm, KEY_ALGORITHM_KDF);
        assert_memory_not_equal(initiator.session.octets, last.octets, sizeof last.octets);
        assert_memory_not_equal(exchange.initiator_nonce, exchange.responder_nonce, 16);
        last = initiator.session;
    }
}

/* Clause 9 with HMAC-SHA-256, part by part. */
static void test_messages(void **state)
{
    (void)state;
    static const uint8_t version[] = {0, 0, 0, 7};
    struct end initiator = end_with(KEY_ALGORITHM_HMAC_SHA256);
    struct end responder = end_with(KEY_ALGORITHM_HMAC_SHA256);
    const struct exchange exchange = run(&initiator, &responder);
    const struct octets key = octets_of(initiator.key.octets, 32);
    const struct octets ri = octets_of(exchange.initiator_nonce, 16);
    const struct octets rr = octets_of(exchange.responder_nonce, 16);
    const struct octets v = octets_of(version, 4);
    const struct octets b = octets_of_text("a@b");
    const struct octets tr[] = {octets_of_text("R"), rr, ri, v, b};
    const struct octets ti[] = {octets_of_text("I"), ri, rr, v, b};
    const struct octets session[] = {octets_of_text("gba-u-api-session"), ri, rr, v, b};
    uint8_t made[32];
    assert_ok(crypto_hmac_sha256(&crypto, key, tr, 5, made));
    assert_memory_equal(made, exchange.responder_mac, 32);
    assert_ok(crypto_hmac_sha256(&crypto, key, ti, 5, made));
    assert_memory_equal(made, exchange.initiator_mac, 32);
    assert_ok(kdf_derive(&crypto, key, 0xfe, session, 5, made));
    assert_memory_equal(made, initiator.session.octets, 32);
}

/* Another key, version, B-TID or algorithm: the initiator sees it, and the responder never gets a session. */
static void test_disagreement(void **state)
{
    (void)state;
    for (unsigned fault = 0; fault < 5; fault++) {
        struct end initiator = end_with(KEY_ALGORITHM_HMAC_SHA256);
        struct end responder = end_with(fault == 4 ? KEY_ALGORITHM_HMAC_SM3 : KEY_ALGORITHM_HMAC_SHA256);
        responder.key.octets[31] ^= fault == 0 ? 1 : 0;
        responder.binding.policy_version += fault == 1 ? 1 : 0;
        responder.binding.b_tid = fault == 2 ? octets_of_text("a@c") : responder.binding.b_tid;
        responder.binding.b_tid = fault == 3 ? (struct octets){0} : responder.binding.b_tid;
        const struct exchange exchange = run(&initiator, &responder);
        assert_status(exchange.finished, GBAU_E_AUTHENTICATION);
        assert_int_equal(initiator.run.role, 0);
    }
}

/* Every bit of every message counts. */
static void test_changed_messages(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * 32; bit += 7) {
        struct end initiator = end_with(KEY_ALGORITHM_HMAC_SHA256);
        struct end responder = end_with(KEY_ALGORITHM_HMAC_SHA256);
        uint8_t ri[16], rr[16], tr[MAC_MAX_SIZE], ti[MAC_MAX_SIZE];
        assert_ok(key_authentication_begin(&initiator.run, &crypto, &initiator.key, ri));
        ri[bit / 8 % 16] ^= (uint8_t)(1U << bit % 8);
        assert_ok(key_authentication_answer(&responder.run, &crypto, &responder.key, &responder.binding, ri, rr, tr));
        assert_status(key_authentication_finish(&initiator.run, &crypto, &initiator.key, &initiator.binding, rr,
                                                octets_of(tr, 32), ti, &initiator.session),
                      GBAU_E_AUTHENTICATION);
        assert_ok(key_authentication_begin(&initiator.run, &crypto, &initiator.key, ri));
        assert_ok(key_authentication_answer(&responder.run, &crypto, &responder.key, &responder.binding, ri, rr, tr));
        assert_ok(key_authentication_finish(&initiator.run, &crypto, &initiator.key, &initiator.binding, rr,
                                            octets_of(tr, 32), ti, &initiator.session));
        ti[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_status(key_authentication_confirm(&responder.run, &crypto, &responder.key, &responder.binding,
                                                 octets_of(ti, 32), &responder.session),
                      GBAU_E_AUTHENTICATION);
        ti[bit / 8] ^= (uint8_t)(1U << bit % 8); /* too late: the run has ended */
        assert_status(key_authentication_confirm(&responder.run, &crypto, &responder.key, &responder.binding,
                                                 octets_of(ti, 32), &responder.session),
                      GBAU_E_ARGUMENT);
    }
}

/* What one end has said cannot be played back to it, and MACs are not cut short. */
static void test_reflection(void **state)
{
    (void)state;
    struct end initiator = end_with(KEY_ALGORITHM_HMAC_SHA256);
    struct end responder = end_with(KEY_ALGORITHM_HMAC_SHA256);
    uint8_t ri[16], rr[16], tr[MAC_MAX_SIZE], ti[MAC_MAX_SIZE];
    assert_ok(key_authentication_begin(&initiator.run, &crypto, &initiator.key, ri));
    assert_ok(key_authentication_answer(&responder.run, &crypto, &responder.key, &responder.binding, ri, rr, tr));
    assert_status(key_authentication_confirm(&responder.run, &crypto, &responder.key, &responder.binding,
                                             octets_of(tr, 32), &responder.session),
                  GBAU_E_AUTHENTICATION);
    assert_status(key_authentication_finish(&initiator.run, &crypto, &initiator.key, &initiator.binding, rr,
                                            octets_of(tr, 31), ti, &initiator.session),
                  GBAU_E_AUTHENTICATION);
}

static void test_turns(void **state)
{
    (void)state;
    struct end end = end_with(KEY_ALGORITHM_HMAC_SHA256);
    const uint8_t zeros[32] = {0};
    uint8_t nonce[16], mac[MAC_MAX_SIZE];
    const struct octets any = octets_of(zeros, 32);
    assert_status(key_authentication_finish(&end.run, &crypto, &end.key, &end.binding, zeros, any, mac, &end.session),
                  GBAU_E_ARGUMENT);
    assert_status(key_authentication_confirm(&end.run, &crypto, &end.key, &end.binding, any, &end.session),
                  GBAU_E_ARGUMENT);
    assert_ok(key_authentication_begin(&end.run, &crypto, &end.key, nonce));
    assert_status(key_authentication_confirm(&end.run, &crypto, &end.key, &end.binding, any, &end.session),
                  GBAU_E_ARGUMENT);
    assert_ok(key_authentication_answer(&end.run, &crypto, &end.key, &end.binding, zeros, nonce, mac));
    assert_status(key_authentication_finish(&end.run, &crypto, &end.key, &end.binding, zeros, any, mac, &end.session),
                  GBAU_E_ARGUMENT);
    key_authentication_clear(&end.run);
    assert_memory_equal(&end.run, zeros, 32);
    for (unsigned usage = 0; usage <= 8; usage++) {
        if (usage != KEY_USAGE_AUTHENTICATE) {
            end.key.usage = (enum key_usage)usage;
            assert_status(key_authentication_begin(&end.run, &crypto, &end.key, nonce), GBAU_E_ACCESS);
            assert_status(key_authentication_answer(&end.run, &crypto, &end.key, &end.binding, zeros, nonce, mac),
                          GBAU_E_ACCESS);
            assert_int_equal(end.run.role, 0);
        }
    }
}

static int set_up(void **state)
{
    (void)state;
    return crypto_openssl_open(&crypto) == GBAU_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    crypto_openssl_close(&crypto);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agreement),        cmocka_unit_test(test_messages),   cmocka_unit_test(test_disagreement),
        cmocka_unit_test(test_changed_messages), cmocka_unit_test(test_reflection), cmocka_unit_test(test_turns),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
