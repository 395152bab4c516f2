/* test_naf.c: HTTP Digest with NAF keys, request by request (TS 24.109 clause 5.2, TS 33.222). */
#include "naf_testing.h"

#define DIGEST_NAF_ID "6e61662e6578616d706c652e636f6d0100000002"
#define PASSWORD      "YpSf2FB7XYAfbC9DLZqszrCmNn0uXkHPSxpigKoS0Ms="
#define REALM         "3GPP-bootstrapping@" FQDN

/* The UE */

static struct naf_request get_request(const char *authorization)
{
    return (struct naf_request){.method = "GET",
                                .path = "/service",
                                .target = "/service?x=1",
                                .user_agent = "test 3gpp-gba",
                                .authorization_count = authorization == NULL ? 0 : 1,
                                .authorization = authorization};
}

static struct digest_challenge get_challenge(struct bench *bench)
{
    struct naf_exchange exchange;
    const struct naf_request request = get_request(NULL);
    naf_begin(bench->naf, &request, &exchange);
    return assert_challenged(&exchange, false);
}

/* Credentials without their response. */
static struct digest_credentials credentials_for(const struct digest_challenge *challenge, uint32_t count)
{
    struct digest_credentials credentials = {.username = B_TID,
                                             .uri = "/service?x=1",
                                             .qop = DIGEST_QOP_AUTH_INT,
                                             .nonce_count = count,
                                             .cnonce = "0a4f113b"};
    memcpy(credentials.realm, challenge->realm, sizeof credentials.realm);
    memcpy(credentials.nonce, challenge->nonce, sizeof credentials.nonce);
    return credentials;
}

static void sign(struct bench *bench, struct digest_credentials *credentials, const char *password, const char *method,
                 struct octets body)
{
    assert_ok(digest_compute_response(&bench->crypto, credentials, octets_of_text(password), method, body,
                                      credentials->response));
}

static void send_credentials(struct bench *bench, const struct digest_credentials *credentials,
                             struct naf_exchange *exchange)
{
    char authorization[4096];
    assert_ok(digest_write_credentials(credentials, authorization, sizeof authorization));
    const struct naf_request request = get_request(authorization);
    naf_begin(bench->naf, &request, exchange);
}

/* One signed request for this nonce, up to where keys are looked for. */
static void send_count(struct bench *bench, const struct digest_challenge *challenge, uint32_t count,
                       struct naf_exchange *exchange)
{
    struct digest_credentials credentials = credentials_for(challenge, count);
    sign(bench, &credentials, PASSWORD, "GET", (struct octets){0});
    send_credentials(bench, &credentials, exchange);
}

/* Puts the keys into the cache by a first good request. */
static struct digest_challenge admit(struct bench *bench)
{
    struct naf_exchange exchange;
    const struct gba_bia bia = good_bia();
    const struct digest_challenge challenge = get_challenge(bench);
    send_count(bench, &challenge, 1, &exchange);
    answer_bia(bench, &exchange, &bia);
    assert_responds(&exchange, 200);
    return challenge;
}

/* Challenges */

static void test_challenge(void **state)
{
    const struct digest_challenge first = get_challenge(*state);
    const struct digest_challenge second = get_challenge(*state);
    assert_string_equal(first.realm, REALM);
    assert_int_equal(first.scheme, DIGEST_SCHEME_MD5);
    assert_int_equal(first.qop, DIGEST_QOP_AUTH | DIGEST_QOP_AUTH_INT);
    assert_int_equal(strlen(first.nonce), 32);
    assert_string_not_equal(first.nonce, second.nonce);
}

static void test_product_token(void **state)
{
    static const struct {
        const char *user_agent;
        bool says_gba;
    } agents[] = {{NULL, false},      {"", false},          {"curl/8", false},
                  {"3gpp-gb", false}, {"a 3gpp-gba", true}, {"a; Release-18 3gpp-gba-uicc", true}};
    struct bench *bench = *state;
    for (unsigned demanded = 0; demanded < 2; demanded++) {
        bench->config.demand_product_token = demanded != 0;
        reopen_naf(bench);
        for (size_t i = 0; i < sizeof agents / sizeof agents[0]; i++) {
            struct naf_exchange exchange;
            struct naf_request request = get_request(NULL);
            request.user_agent = agents[i].user_agent;
            naf_begin(bench->naf, &request, &exchange);
            if (demanded != 0 && !agents[i].says_gba) {
                assert_refused(&exchange, 403);
            } else {
                (void)assert_challenged(&exchange, false);
            }
        }
    }
}

/* Admission */

static void check_proof(struct bench *bench, const struct digest_credentials *credentials,
                        const struct naf_exchange *exchange)
{
    struct digest_info info;
    char rspauth[DIGEST_RESPONSE_SIZE];
    assert_ok(digest_read_info(octets_of_text(exchange->response.authentication_info), &info));
    assert_ok(digest_compute_rspauth(&bench->crypto, credentials, octets_of_text(PASSWORD),
                                     octets_of_text(exchange->response.body), rspauth));
    assert_string_equal(info.rspauth, rspauth);
    assert_string_equal(info.cnonce, credentials->cnonce);
    assert_int_equal(info.nonce_count, credentials->nonce_count);
    assert_int_equal(info.qop, credentials->qop);
}

static void check_admission(struct bench *bench, enum digest_qop qop)
{
    struct naf_exchange exchange;
    const struct gba_bia bia = good_bia();
    const struct digest_challenge challenge = get_challenge(bench);
    struct digest_credentials credentials = credentials_for(&challenge, 1);
    credentials.qop = qop;
    sign(bench, &credentials, PASSWORD, "GET", (struct octets){0});
    send_credentials(bench, &credentials, &exchange);
    assert_asks_bsf(&exchange, B_TID, DIGEST_NAF_ID);
    answer_bia(bench, &exchange, &bia);
    assert_responds(&exchange, 200);
    assert_string_equal(exchange.response.content_type, "application/json");
    assert_string_equal(exchange.response.body,
                        "{\"naf\":\"" FQDN "\",\"b_tid\":\"" B_TID "\",\"impi\":\"" IMPI "\"}\n");
    assert_string_equal(exchange.response.www_authenticate, "");
    check_proof(bench, &credentials, &exchange);
}

static void test_admission(void **state)
{
    check_admission(*state, DIGEST_QOP_AUTH_INT);
    reopen_naf(*state);
    check_admission(*state, DIGEST_QOP_AUTH);
}

static void test_body_under_auth_int(void **state)
{
    struct bench *bench = *state;
    static const struct octets bodies[] = {{(const uint8_t *)"door=open", 9}, {(const uint8_t *)"door=shut", 9}};
    const struct digest_challenge challenge = admit(bench);
    for (uint32_t i = 0; i < 2; i++) {
        struct naf_exchange exchange;
        char authorization[4096];
        struct digest_credentials credentials = credentials_for(&challenge, 2 + i);
        sign(bench, &credentials, PASSWORD, "POST", bodies[0]);
        assert_ok(digest_write_credentials(&credentials, authorization, sizeof authorization));
        struct naf_request request = get_request(authorization);
        request.method = "POST";
        request.body = bodies[i]; /* the second is not what was signed */
        naf_begin(bench->naf, &request, &exchange);
        assert_responds(&exchange, i == 0 ? 200 : 401);
    }
}

static void test_method_is_signed(void **state)
{
    struct bench *bench = *state;
    struct naf_exchange exchange;
    const struct digest_challenge challenge = admit(bench);
    struct digest_credentials credentials = credentials_for(&challenge, 2);
    sign(bench, &credentials, PASSWORD, "DELETE", (struct octets){0});
    send_credentials(bench, &credentials, &exchange);
    (void)assert_challenged(&exchange, false);
}

/* UEs derive with the name in lower case; a NAF that is configured otherwise must do so too. */
static void test_name_in_lower_case(void **state)
{
    struct bench *bench = *state;
    struct naf_exchange exchange;
    (void)snprintf(bench->config.fqdn, sizeof bench->config.fqdn, "NAF.Example.com");
    reopen_naf(bench);
    const struct digest_challenge challenge = get_challenge(bench);
    assert_string_equal(challenge.realm, REALM);
    send_count(bench, &challenge, 1, &exchange);
    assert_asks_bsf(&exchange, B_TID, DIGEST_NAF_ID);
}

/* The cache */

static void test_keys_are_kept_until_they_expire(void **state)
{
    struct bench *bench = *state;
    struct naf_exchange exchange;
    (void)admit(bench);
    bench->now = START + KEY_LIFETIME_S - 1;
    struct digest_challenge challenge = get_challenge(bench);
    send_count(bench, &challenge, 1, &exchange);
    assert_responds(&exchange, 200);
    bench->now = START + KEY_LIFETIME_S;
    send_count(bench, &challenge, 2, &exchange);
    assert_asks_bsf(&exchange, B_TID, DIGEST_NAF_ID);
}

static void test_keys_without_expiry_are_not_kept(void **state)
{
    struct bench *bench = *state;
    struct gba_bia bia = good_bia();
    const struct digest_challenge challenge = get_challenge(bench);
    bia.key_expiry = 0;
    for (uint32_t count = 1; count <= 3; count++) {
        struct naf_exchange exchange;
        send_count(bench, &challenge, count, &exchange);
        answer_bia(bench, &exchange, &bia);
        assert_responds(&exchange, 200);
    }
}

/* Nonces */

static void test_counts(void **state)
{
    static const struct {
        uint32_t count;
        bool is_good;
    } steps[] = {{1, false}, {2, true},  {2, false},         {1, false},          {0, false},
                 {9, true},  {8, false}, {0xffffffff, true}, {0xffffffff, false}, {0, false}};
    struct bench *bench = *state;
    const struct digest_challenge challenge = admit(bench); /* counted 1 */
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct naf_exchange exchange;
        send_count(bench, &challenge, steps[i].count, &exchange);
        if (steps[i].is_good) {
            assert_responds(&exchange, 200);
        } else {
            (void)assert_challenged(&exchange, true); /* the key is right: the UE need not bootstrap */
        }
    }
}

static void test_stale_nonces(void **state)
{
    struct bench *bench = *state;
    struct naf_exchange exchange;
    struct digest_challenge challenge = admit(bench);
    bench->now += NONCE_LIFETIME_S - 1;
    send_count(bench, &challenge, 2, &exchange);
    assert_responds(&exchange, 200);
    bench->now += 1;
    send_count(bench, &challenge, 3, &exchange);
    const struct digest_challenge fresh = assert_challenged(&exchange, true);
    send_count(bench, &fresh, 1, &exchange);
    assert_responds(&exchange, 200);
    (void)snprintf(challenge.nonce, sizeof challenge.nonce, "dcd98b7102dd2f0e8b11d0f600bfb0c0"); /* not ours */
    send_count(bench, &challenge, 1, &exchange);
    (void)assert_challenged(&exchange, true);
    challenge.nonce[0] = '\0';
    send_count(bench, &challenge, 1, &exchange);
    (void)assert_challenged(&exchange, true);
}

/* Whoever does not know the key cannot use up the counts of one who does. */
static void test_wrong_response_counts_nothing(void **state)
{
    struct bench *bench = *state;
    struct naf_exchange exchange;
    const struct digest_challenge challenge = admit(bench);
    struct digest_credentials credentials = credentials_for(&challenge, 0xffffffff);
    sign(bench, &credentials, "wrong", "GET", (struct octets){0});
    send_credentials(bench, &credentials, &exchange);
    (void)assert_challenged(&exchange, false);
    send_count(bench, &challenge, 2, &exchange);
    assert_responds(&exchange, 200);
}

/* Refusals */

static void test_wrong_responses(void **state)
{
    struct bench *bench = *state;
    const struct digest_challenge challenge = admit(bench);
    struct digest_credentials right = credentials_for(&challenge, 2);
    sign(bench, &right, PASSWORD, "GET", (struct octets){0});
    for (size_t i = 0; i <= strlen(right.response); i++) {
        struct naf_exchange exchange;
        struct digest_credentials wrong = right;
        wrong.response[i] = wrong.response[i] == '0' ? '1' : '0';
        if (i == strlen(right.response)) {
            wrong.response[0] = '\0';
        }
        send_credentials(bench, &wrong, &exchange);
        (void)assert_challenged(&exchange, false);
    }
}

typedef void spoiler(struct digest_credentials *credentials);

static void name_uicc_realm(struct digest_credentials *credentials)
{
    (void)snprintf(credentials->realm, sizeof credentials->realm, "3GPP-bootstrapping-uicc@" FQDN);
}

static void name_other_naf(struct digest_credentials *credentials)
{
    (void)snprintf(credentials->realm, sizeof credentials->realm, "3GPP-bootstrapping@other.example.com");
}

static void name_other_uri(struct digest_credentials *credentials)
{
    (void)snprintf(credentials->uri, sizeof credentials->uri, "/service");
}

static void drop_qop(struct digest_credentials *credentials)
{
    credentials->qop = DIGEST_QOP_NONE;
}

static void use_sha256(struct digest_credentials *credentials)
{
    credentials->scheme = DIGEST_SCHEME_SHA256;
}

static void use_aka(struct digest_credentials *credentials)
{
    credentials->scheme = DIGEST_SCHEME_AKAV1_MD5;
}

static void quote_username(struct digest_credentials *credentials)
{
    (void)snprintf(credentials->username, sizeof credentials->username, "a\"b@c");
}

static void use_utf8(struct digest_credentials *credentials)
{
    (void)snprintf(credentials->username, sizeof credentials->username, "\xc3\xa4@c");
}

static void overlong_username(struct digest_credentials *credentials)
{
    memset(credentials->username, 'x', 256);
    credentials->username[256] = '\0';
}

static spoiler *const spoilers[] = {name_uicc_realm, name_other_naf, name_other_uri, drop_qop,         use_sha256,
                                    use_aka,         quote_username, use_utf8,       overlong_username};

static void test_credentials_that_do_not_fit(void **state)
{
    struct bench *bench = *state;
    const struct digest_challenge challenge = get_challenge(bench);
    for (size_t i = 0; i < sizeof spoilers / sizeof spoilers[0]; i++) {
        struct naf_exchange exchange;
        struct digest_credentials credentials = credentials_for(&challenge, 1);
        spoilers[i](&credentials);
        sign(bench, &credentials, PASSWORD, "GET", (struct octets){0});
        send_credentials(bench, &credentials, &exchange);
        assert_refused(&exchange, 400);
    }
}

static void test_broken_requests(void **state)
{
    static const char *const headers[] = {"", "Digest", "Basic eDp5", "Digest username=\"x\"", "Digest a=b, a=c"};
    struct bench *bench = *state;
    struct naf_exchange exchange;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        const struct naf_request request = get_request(headers[i]);
        naf_begin(bench->naf, &request, &exchange);
        assert_refused(&exchange, 400);
    }
    struct naf_request request = get_request("Digest");
    request.authorization_count = 2;
    naf_begin(bench->naf, &request, &exchange);
    assert_refused(&exchange, 400);
    request = get_request(NULL);
    request.method = "AMETHODTOOLONG16";
    naf_begin(bench->naf, &request, &exchange);
    assert_refused(&exchange, 400);
}

/* The BSF */

static void ask(struct bench *bench, struct naf_exchange *exchange)
{
    const struct digest_challenge challenge = get_challenge(bench);
    send_count(bench, &challenge, 1, exchange);
    assert_asks_bsf(exchange, B_TID, DIGEST_NAF_ID);
}

static void test_results_of_the_bsf(void **state)
{
    static const struct {
        uint32_t result;
        unsigned status;
    } results[] = {{GBA_RESULT_NOT_AUTHORIZED, 403},
                   {GBA_RESULT_IDENTITY_UNKNOWN, 503},
                   {GBA_RESULT_UNABLE_TO_COMPLY, 503},
                   {GBA_RESULT_UNABLE_TO_DELIVER, 503},
                   {2002, 503}};
    struct bench *bench = *state;
    struct naf_exchange exchange;
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        const struct gba_bia bia = {.result = results[i].result};
        ask(bench, &exchange);
        answer_bia(bench, &exchange, &bia);
        assert_refused(&exchange, results[i].status);
    }
    const struct gba_bia unknown = {.result = GBA_RESULT_TRANSACTION_IDENTIFIER_INVALID};
    ask(bench, &exchange);
    answer_bia(bench, &exchange, &unknown);
    (void)assert_challenged(&exchange, false); /* the UE is to bootstrap anew */
}

static void test_no_answer_of_the_bsf(void **state)
{
    struct bench *bench = *state;
    struct naf_exchange exchange;
    ask(bench, &exchange);
    naf_continue(bench->naf, &exchange, GBAU_E_TIMEOUT, (struct octets){0});
    assert_refused(&exchange, 503);
    ask(bench, &exchange);
    naf_continue(bench->naf, &exchange, GBAU_OK, octets_of_text("nonsense"));
    assert_refused(&exchange, 503);
    struct gba_bia bia = good_bia();
    bia.me_key_material = (struct octets){0};
    ask(bench, &exchange);
    answer_bia(bench, &exchange, &bia);
    assert_refused(&exchange, 503);
}

/* An IMPI goes into JSON as it is: one that would break out of it is not taken. */
static void test_impis_of_the_bsf(void **state)
{
    struct bench *bench = *state;
    struct naf_exchange exchange;
    struct gba_bia bia = good_bia();
    bia.impi = octets_of_text("x\",\"admin\":\"true");
    ask(bench, &exchange);
    answer_bia(bench, &exchange, &bia);
    assert_refused(&exchange, 503);
    bia.impi = (struct octets){0}; /* the NAF may not see it */
    ask(bench, &exchange);
    answer_bia(bench, &exchange, &bia);
    assert_responds(&exchange, 200);
    assert_non_null(strstr(exchange.response.body, "\"impi\":\"\""));
}

static void test_longest_names(void **state)
{
    struct bench *bench = *state;
    struct naf_exchange exchange;
    char name[256];
    memset(name, 'n', sizeof name - 1);
    name[255] = '\0';
    memcpy(bench->config.fqdn, name, NAF_FQDN_SIZE - 1);
    bench->config.fqdn[NAF_FQDN_SIZE - 1] = '\0';
    reopen_naf(bench);
    const struct digest_challenge challenge = get_challenge(bench);
    struct digest_credentials credentials = credentials_for(&challenge, 1);
    memcpy(credentials.username, name, sizeof name);
    sign(bench, &credentials, PASSWORD, "GET", (struct octets){0});
    send_credentials(bench, &credentials, &exchange);
    struct gba_bia bia = good_bia();
    bia.impi = octets_of_text(name);
    answer_bia(bench, &exchange, &bia);
    assert_responds(&exchange, 200);
    assert_string_equal(exchange.response.body + strlen(exchange.response.body) - 5, "nn\"}\n");
}

/* Opening */

static void check_config(struct bench *bench, bool is_good)
{
    struct naf *naf = NULL;
    assert_int_equal(naf_open(&bench->config, &bench->clock, NULL, &naf) == GBAU_OK, is_good);
    assert_int_equal(naf != NULL, is_good);
    naf_close(naf);
}

static void test_configurations(void **state)
{
    struct bench *bench = *state;
    const struct naf_config good = bench->config;
    check_config(bench, true);
    bench->config.fqdn[0] = '\0';
    check_config(bench, false);
    bench->config = good;
    bench->config.sealed_path[0] = '\0';
    check_config(bench, false);
    bench->config = good;
    bench->config.nonce_lifetime_s = 0;
    check_config(bench, false);
    bench->config = good;
    bench->config.key_cache_max = 0;
    check_config(bench, false);
    bench->config = good;
    bench->config.crypto_count = 0;
    check_config(bench, false);
    bench->config = good;
    naf_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(test_challenge),
        bench_test(test_product_token),
        bench_test(test_admission),
        bench_test(test_body_under_auth_int),
        bench_test(test_method_is_signed),
        bench_test(test_name_in_lower_case),
        bench_test(test_keys_are_kept_until_they_expire),
        bench_test(test_keys_without_expiry_are_not_kept),
        bench_test(test_counts),
        bench_test(test_stale_nonces),
        bench_test(test_wrong_response_counts_nothing),
        bench_test(test_wrong_responses),
        bench_test(test_credentials_that_do_not_fit),
        bench_test(test_broken_requests),
        bench_test(test_results_of_the_bsf),
        bench_test(test_no_answer_of_the_bsf),
        bench_test(test_impis_of_the_bsf),
        bench_test(test_longest_names),
        bench_test(test_configurations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
