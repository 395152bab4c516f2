/* test_ub_client.c: the UE's half of Ub, header by header (TS 24.109 clause 4, RFC 3310). */
#include "testing.h"

#include <stdio.h>

#include "crypto/openssl.h"
#include "key/gba_keys.h"
#include "me/ub_client.h"

/* Milenage set 1; computed apart from this project. */
#define IMPI   "234150999999999@ims.mnc015.mcc234.3gppnetwork.org"
#define FQDN   "bsf.mnc015.mcc234.pub.3gppnetwork.org"
#define NONCE  "I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5jH8/DXI/skQ="
#define CNONCE "6629fae49393a05397450978507c4ef1"
#define B_TID  "I1U8vpY3qJ0hiuZNrke/NQ==@" FQDN
#define BODY                                                                                                           \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><BootstrappingInfo xmlns=\"uri:3gpp-gba\"><btid>" B_TID                 \
    "</btid><lifetime>2030-01-01T00:00:00Z</lifetime></BootstrappingInfo>"
#define RSPAUTH       "7a8ba83f429974ef9ce0491290e7eb62"
#define RSPAUTH_PLAIN "be7cf147254b03d4c8f58d3eb7ccbd43"

/* A crypto whose random octets are CNONCE, on top of a real one. */
struct bench {
    struct crypto real;
    struct crypto_table table;
    struct crypto crypto;
    struct ub_client client;
};

static enum gbau_status random_cnonce(void *state, uint8_t *out, size_t length)
{
    (void)state;
    return hex_decode_exactly(octets_of_text(CNONCE), out, length);
}

static int open_bench(void **state)
{
    static struct bench bench;
    assert_ok(crypto_openssl_open(&bench.real));
    bench.table = *bench.real.table;
    bench.table.random = random_cnonce;
    bench.crypto = (struct crypto){.table = &bench.table, .state = bench.real.state};
    assert_ok(ub_client_begin(&bench.client, &bench.crypto, IMPI, FQDN));
    *state = &bench;
    return 0;
}

static int close_bench(void **state)
{
    struct bench *bench = *state;
    ub_client_clear(&bench->client);
    crypto_openssl_close(&bench->real);
    return 0;
}

#define bench_test(function) cmocka_unit_test_setup_teardown((function), open_bench, close_bench)

#define CHALLENGE                                                                                                      \
    "Digest realm=\"" FQDN "\", nonce=\"" NONCE "\", qop=\"auth-int\", opaque=\"5ccc\", algorithm=AKAv1-MD5"

static void read_challenge(struct bench *bench)
{
    assert_ok(ub_client_read_challenge(&bench->client, CHALLENGE));
}

static void answer(struct bench *bench, const char *res_hex)
{
    struct aka_res res = {.length = 8};
    from_hex(res_hex, res.octets, 8);
    assert_ok(ub_client_answer(&bench->client, &res));
}

static void resynchronise(struct bench *bench)
{
    struct aka_auts auts;
    from_hex("ba853f3c121cb55edb820040ab41", auts.octets, AKA_AUTS_SIZE);
    assert_ok(ub_client_resynchronise(&bench->client, &auts));
}

static enum gbau_status read_success(struct bench *bench, const char *rspauth, const char *body, struct bsf_xml *info)
{
    char header[256];
    (void)snprintf(header, sizeof header, "qop=auth-int, rspauth=\"%s\", cnonce=\"" CNONCE "\", nc=00000001", rspauth);
    return ub_client_read_success(&bench->client, header, octets_of_text(body), false, info);
}

/* Messages */

static void test_message_1(void **state)
{
    struct bench *bench = *state;
    assert_string_equal(bench->client.authorization,
                        "Digest username=\"" IMPI "\", realm=\"" FQDN "\", nonce=\"\", uri=\"/\", response=\"\"");
}

static void test_message_3(void **state)
{
    struct bench *bench = *state;
    read_challenge(bench);
    assert_octets(octets_of(bench->client.rand.octets, 16), "23553cbe9637a89d218ae64dae47bf35");
    assert_octets(octets_of(bench->client.autn.octets, 16), "55f328b43577b9b98c7f3f0d723fb244");
    answer(bench, "a54211d5e3ba50be");
    assert_string_equal(bench->client.authorization,
                        "Digest username=\"" IMPI "\", realm=\"" FQDN "\", nonce=\"" NONCE
                        "\", uri=\"/\", qop=auth-int, nc=00000001, cnonce=\"" CNONCE
                        "\", response=\"d311a9e73796ae93df48001c890c08c5\", opaque=\"5ccc\", algorithm=AKAv1-MD5");
}

static void test_message_3_with_auts(void **state)
{
    struct bench *bench = *state;
    read_challenge(bench);
    resynchronise(bench);
    assert_string_equal(bench->client.authorization,
                        "Digest username=\"" IMPI "\", realm=\"" FQDN "\", nonce=\"" NONCE
                        "\", uri=\"/\", qop=auth-int, nc=00000001, cnonce=\"" CNONCE
                        "\", response=\"f4ef1bf9610ed91daccd52230076f954\", opaque=\"5ccc\", algorithm=AKAv1-MD5, "
                        "auts=\"uoU/PBIctV7bggBAq0E=\"");
    read_challenge(bench); /* the next answer carries no AUTS */
    answer(bench, "a54211d5e3ba50be");
    assert_null(strstr(bench->client.authorization, "auts"));
}

static void test_success(void **state)
{
    struct bench *bench = *state;
    struct bsf_xml info;
    read_challenge(bench);
    answer(bench, "a54211d5e3ba50be");
    assert_ok(read_success(bench, RSPAUTH, BODY, &info));
    assert_string_equal(info.b_tid, B_TID);
    assert_int_equal(info.lifetime, 1893456000);
    assert_string_equal(info.lifetime_text, "2030-01-01T00:00:00Z");
}

static void test_success_with_plain_res(void **state)
{
    struct bench *bench = *state;
    struct bsf_xml info;
    read_challenge(bench);
    answer(bench, "a54211d5e3ba50bf");
    assert_non_null(strstr(bench->client.authorization, "d316384dee8603b6e3e9c047a65003f9"));
    assert_ok(read_success(bench, RSPAUTH_PLAIN, BODY, &info));
}

/* Challenges */

static void write_challenge(const char *nonce, char header[1024])
{
    (void)snprintf(header, 1024, "Digest realm=\"" FQDN "\", nonce=\"%s\", qop=\"auth-int\", algorithm=AKAv1-MD5",
                   nonce);
}

/* What follows RAND and AUTN in the nonce is the server's own: it is returned, and otherwise of no meaning. */
static void test_lengths_of_nonces(void **state)
{
    struct bench *bench = *state;
    static const size_t lengths[] = {0, 16, 31, 32, 33, 48, 100, 300, 381};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t octets[400];
        char nonce[BASE64_LENGTH(400) + 1];
        char header[1024];
        for (size_t j = 0; j < sizeof octets; j++) {
            octets[j] = (uint8_t)j;
        }
        assert_ok(base64_encode(octets_of(octets, lengths[i]), nonce, sizeof nonce));
        write_challenge(nonce, header);
        if (lengths[i] < 32) {
            assert_status(ub_client_read_challenge(&bench->client, header), GBAU_E_PROTOCOL);
            continue;
        }
        assert_ok(ub_client_read_challenge(&bench->client, header));
        assert_memory_equal(bench->client.rand.octets, octets, 16);
        assert_memory_equal(bench->client.autn.octets, octets + 16, 16);
        answer(bench, "a54211d5e3ba50be");
        assert_non_null(strstr(bench->client.authorization, nonce));
    }
}

static void test_forms_of_challenges(void **state)
{
    static const char *const headers[] = {
        "Digest realm=\"r\", nonce=\"" NONCE "\", qop=auth-int, algorithm=AKAv1-MD5",
        "Digest realm=\"r\", nonce=\"" NONCE "\", qop=\"auth,auth-int\", algorithm=\"AKAv1-MD5\"",
        "digest realm=\"r\",nonce=\"" NONCE "\",qop=\"auth-int, auth\",algorithm=akav1-md5",
        "Digest realm=\"r\", nonce=\"" NONCE "\", qop=\"auth-int\", algorithm=AKAv1-MD5, stale=true, extra=\"x\"",
    };
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        assert_ok(ub_client_read_challenge(&bench->client, headers[i]));
        assert_int_equal(bench->client.credentials.qop, DIGEST_QOP_AUTH_INT);
        assert_string_equal(bench->client.credentials.realm, "r");
    }
}

static void test_refused_challenges(void **state)
{
    static const char *const headers[] = {
        "",
        "Basic realm=\"r\"",
        "Digest realm=\"r\", nonce=\"" NONCE "\", qop=\"auth\", algorithm=AKAv1-MD5",
        "Digest realm=\"r\", nonce=\"" NONCE "\", algorithm=AKAv1-MD5",
        "Digest realm=\"r\", nonce=\"" NONCE "\", qop=\"auth-int\"",
        "Digest realm=\"r\", nonce=\"" NONCE "\", qop=\"auth-int\", algorithm=MD5",
        "Digest realm=\"r\", nonce=\"" NONCE "\", qop=\"auth-int\", algorithm=SHA-256",
        "Digest realm=\"r\", nonce=\"" NONCE "\", qop=\"auth-int\", algorithm=AKAv2-MD5",
        "Digest nonce=\"" NONCE "\", qop=\"auth-int\", algorithm=AKAv1-MD5",
        "Digest realm=\"r\", nonce=\"\", qop=\"auth-int\", algorithm=AKAv1-MD5",
        "Digest realm=\"r\", nonce=\"not base64!\", qop=\"auth-int\", algorithm=AKAv1-MD5",
        "Digest realm=\"r\", nonce=\"I1U8vpY3qJ0hiuZNrke_NVXzKLQ1d7m5jH8_DXI_skQ=\", qop=\"auth-int\", "
        "algorithm=AKAv1-MD5",
    };
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        assert_status(ub_client_read_challenge(&bench->client, headers[i]), GBAU_E_PROTOCOL);
    }
}

/* A BSF that does not know the key */

static void test_wrong_rspauth(void **state)
{
    struct bench *bench = *state;
    struct bsf_xml info;
    read_challenge(bench);
    answer(bench, "a54211d5e3ba50be");
    for (size_t i = 0; i < strlen(RSPAUTH); i++) {
        char wrong[] = RSPAUTH;
        wrong[i] = wrong[i] == '0' ? '1' : '0';
        assert_status(read_success(bench, wrong, BODY, &info), GBAU_E_AUTHENTICATION);
    }
    assert_status(read_success(bench, RSPAUTH_PLAIN, BODY, &info), GBAU_E_AUTHENTICATION);
    assert_status(read_success(bench, "", BODY, &info), GBAU_E_AUTHENTICATION);
    assert_status(read_success(bench, "d311a9e73796ae93df48001c890c08c5", BODY, &info), GBAU_E_AUTHENTICATION);
}

static void test_changed_body(void **state)
{
    struct bench *bench = *state;
    struct bsf_xml info;
    char body[] = BODY;
    read_challenge(bench);
    answer(bench, "a54211d5e3ba50be");
    for (size_t i = 0; i < strlen(BODY); i++) {
        body[i] ^= 0x01;
        assert_status(read_success(bench, RSPAUTH, body, &info), GBAU_E_AUTHENTICATION);
        body[i] ^= 0x01;
    }
    assert_status(read_success(bench, RSPAUTH, BODY "\n", &info), GBAU_E_AUTHENTICATION);
    assert_status(read_success(bench, RSPAUTH, "", &info), GBAU_E_AUTHENTICATION);
}

static void test_missing_info(void **state)
{
    static const char *const headers[] = {"", "qop=auth-int", "nonsense", "nextnonce=\"x\"",
                                          "rspauth=\"" RSPAUTH "\", rspauth=\"" RSPAUTH "\""};
    struct bench *bench = *state;
    struct bsf_xml info;
    const struct octets body = octets_of_text(BODY);
    read_challenge(bench);
    answer(bench, "a54211d5e3ba50be");
    assert_status(ub_client_read_success(&bench->client, NULL, body, false, &info), GBAU_E_AUTHENTICATION);
    assert_ok(ub_client_read_success(&bench->client, NULL, body, true, &info));
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) { /* a header that is there is checked */
        assert_status(ub_client_read_success(&bench->client, headers[i], body, true, &info), GBAU_E_AUTHENTICATION);
    }
    assert_ok(ub_client_read_success(&bench->client, "rspauth=\"" RSPAUTH "\"", body, false, &info));
}

static void test_broken_documents(void **state)
{
    static const char *const bodies[] = {"", "x", "<BootstrappingInfo xmlns=\"uri:3gpp-gba\"/>",
                                         "<BootstrappingInfo xmlns=\"uri:3gpp-gba\"><btid>a b</btid><lifetime>"
                                         "2030-01-01T00:00:00Z</lifetime></BootstrappingInfo>"};
    struct bench *bench = *state;
    read_challenge(bench);
    answer(bench, "a54211d5e3ba50be");
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        char rspauth[DIGEST_RESPONSE_SIZE];
        struct bsf_xml info;
        const struct aka_res *res = &bench->client.res;
        assert_ok(digest_compute_rspauth(&bench->crypto, &bench->client.credentials,
                                         octets_of(res->octets, res->length), octets_of_text(bodies[i]), rspauth));
        assert_status(read_success(bench, rspauth, bodies[i], &info), GBAU_E_PROTOCOL);
    }
}

/* What anyone could answer who does not know RES: rspauth under an empty password. */
static void assert_empty_password_is_no_proof(struct bench *bench)
{
    char rspauth[DIGEST_RESPONSE_SIZE];
    struct bsf_xml info;
    assert_ok(digest_compute_rspauth(&bench->crypto, &bench->client.credentials, (struct octets){0},
                                     octets_of_text(BODY), rspauth));
    assert_int_not_equal(read_success(bench, rspauth, BODY, &info), GBAU_OK);
    assert_int_not_equal(ub_client_read_success(&bench->client, NULL, octets_of_text(BODY), true, &info), GBAU_OK);
}

/*
 * An attacker replays an old challenge, to which the card answers AUTS, and then says 200: no key was agreed, and the
 * password of that request was empty, so an rspauth made with it proves nothing.
 */
static void test_success_after_auts(void **state)
{
    struct bench *bench = *state;
    assert_empty_password_is_no_proof(bench); /* before any challenge */
    read_challenge(bench);
    assert_empty_password_is_no_proof(bench); /* before any answer */
    resynchronise(bench);
    assert_empty_password_is_no_proof(bench);
    read_challenge(bench);
    answer(bench, "a54211d5e3ba50be");
    read_challenge(bench); /* a RES given before counts for its own challenge only */
    resynchronise(bench);
    assert_empty_password_is_no_proof(bench);
    struct bsf_xml info;
    assert_int_not_equal(read_success(bench, RSPAUTH, BODY, &info), GBAU_OK);
}

/* Bounds */

static void test_overlong_names(void **state)
{
    struct bench *bench = *state;
    struct ub_client client;
    char name[1024];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_status(ub_client_begin(&client, &bench->crypto, name, FQDN), GBAU_E_ARGUMENT);
    assert_status(ub_client_begin(&client, &bench->crypto, IMPI, name), GBAU_E_ARGUMENT);
    name[255] = '\0';
    assert_ok(ub_client_begin(&client, &bench->crypto, name, name));
    assert_int_not_equal(ub_client_begin(&client, &bench->crypto, "a\r\nX-Evil: 1", FQDN), GBAU_OK);
    ub_client_clear(&client);
}

static void test_clear_wipes(void **state)
{
    static const struct ub_client zeros;
    struct bench *bench = *state;
    read_challenge(bench);
    answer(bench, "a54211d5e3ba50be");
    ub_client_clear(&bench->client);
    assert_memory_equal(&bench->client, &zeros, sizeof zeros);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(test_message_1),
        bench_test(test_message_3),
        bench_test(test_message_3_with_auts),
        bench_test(test_success),
        bench_test(test_success_with_plain_res),
        bench_test(test_lengths_of_nonces),
        bench_test(test_forms_of_challenges),
        bench_test(test_refused_challenges),
        bench_test(test_wrong_rspauth),
        bench_test(test_changed_body),
        bench_test(test_missing_info),
        bench_test(test_broken_documents),
        bench_test(test_success_after_auts),
        bench_test(test_overlong_names),
        bench_test(test_clear_wipes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
