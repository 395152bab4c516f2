/* test_ub_refusals.c: everything that Ub refuses, and what it answers then. */
#include "bsf_testing.h"

/* Before the HSS is asked */

static void send_request(struct bench *bench, const struct ub_request *request, unsigned status)
{
    struct ub_exchange exchange;
    bsf_ub_begin(bench->bsf, request, &exchange);
    assert_refused(&exchange, status);
}

static void test_methods_and_paths(void **state)
{
    static const char *const paths[] = {
        "", "//", "/index.html", "/..", "*", "http://evil.example.com/", "http://" FQDN, "http://" FQDN "/x"};
    static const char *const methods[] = {"POST", "HEAD", "get", "OPTIONS", "", "GETS", "PUT"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        send_request(*state, &(struct ub_request){.method = "GET", .path = paths[i]}, 404);
    }
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        send_request(*state, &(struct ub_request){.method = methods[i], .path = "/"}, 405);
    }
}

#define MESSAGE_1 "Digest username=\"" IMPI "\", realm=\"" FQDN "\", nonce=\"\", uri=\"/\", response=\"\""

static void test_shapes_of_requests(void **state)
{
    struct ub_exchange exchange;
    struct ub_request request = {.method = "GET", .path = "/"};
    send_request(*state, &request, 400); /* no Authorization */
    request.authorization = MESSAGE_1;
    request.authorization_count = 2;
    send_request(*state, &request, 400);
    request.authorization_count = 1;
    request.body = octets_of_text("x");
    send_request(*state, &request, 400);
    request.body = (struct octets){0};
    bsf_ub_begin(((struct bench *)*state)->bsf, &request, &exchange);
    assert_asks_hss(&exchange, IMPI, "");
    request.path = "http://" FQDN "/"; /* the absolute form is the same resource */
    bsf_ub_begin(((struct bench *)*state)->bsf, &request, &exchange);
    assert_asks_hss(&exchange, IMPI, "");
}

static void test_malformed_headers(void **state)
{
    static const char *const headers[] = {
        "",
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "Digest",
        "Digest username",
        "Digest username=\"" IMPI "\"",
        "Digest username=\"" IMPI "\", realm=\"r\", nonce=\"\", uri=\"/\"",
        "Digest username=\"" IMPI "\", username=\"" IMPI "\", realm=\"r\", nonce=\"\", uri=\"/\", response=\"\"",
        "Digest username=\"" IMPI ", realm=\"r\", nonce=\"\", uri=\"/\", response=\"\"",
        "Digest username=\"a@b\nc\", realm=\"r\", nonce=\"\", uri=\"/\", response=\"\"",
        "Digest username=\"a@b\", realm=\"r\", nonce=\"\", uri=\"/\", response=\"\", algorithm=AKAv2-MD5",
        "Digest username=\"a@b\", realm=\"r\", nonce=\"\", uri=\"/\", response=\"zz\"",
        "Digest username=\"\", realm=\"r\", nonce=\"\", uri=\"/\", response=\"\"",
        "Digest username=\"nobody\", realm=\"r\", nonce=\"\", uri=\"/\", response=\"\"",
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        struct ub_exchange exchange;
        send_authorization(*state, headers[i], &exchange);
        assert_refused(&exchange, 400);
    }
}

static void test_lengths_of_usernames(void **state)
{
    static const size_t lengths[] = {2, 254, 255, 256, 319, 320, 1000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct ub_exchange exchange;
        char username[1024];
        memset(username, 'x', lengths[i]);
        username[0] = '@';
        username[lengths[i]] = '\0';
        char header[2048];
        (void)snprintf(header, sizeof header,
                       "Digest username=\"%s\", realm=\"r\", nonce=\"\", uri=\"/\", response=\"\"", username);
        send_authorization(*state, header, &exchange);
        if (lengths[i] <= 255) {
            assert_asks_hss(&exchange, username, "");
        } else {
            assert_refused(&exchange, 400);
        }
    }
}

/* Answers that do not fit their challenge */

typedef void spoiler(struct digest_credentials *credentials);

static void spoil_username(struct digest_credentials *credentials)
{
    (void)snprintf(credentials->username, sizeof credentials->username, "%s", IMPI_2);
}

static void spoil_case_of_username(struct digest_credentials *credentials)
{
    (void)snprintf(credentials->username, sizeof credentials->username, "%s",
                   "234150999999999@IMS.mnc015.mcc234.3gppnetwork.org");
}

static void spoil_realm(struct digest_credentials *credentials)
{
    (void)snprintf(credentials->realm, sizeof credentials->realm, "%s", "evil.example.com");
}

static void spoil_opaque(struct digest_credentials *credentials)
{
    credentials->opaque[0] = credentials->opaque[0] == '0' ? '1' : '0';
}

static void drop_opaque(struct digest_credentials *credentials)
{
    credentials->opaque[0] = '\0';
}

static void spoil_uri(struct digest_credentials *credentials)
{
    (void)snprintf(credentials->uri, sizeof credentials->uri, "%s", "/x");
}

static void spoil_host_of_uri(struct digest_credentials *credentials)
{
    (void)snprintf(credentials->uri, sizeof credentials->uri, "%s", "http://evil.example.com/");
}

static void drop_uri(struct digest_credentials *credentials)
{
    credentials->uri[0] = '\0';
}

static void use_auth(struct digest_credentials *credentials)
{
    credentials->qop = DIGEST_QOP_AUTH;
}

static void drop_qop(struct digest_credentials *credentials)
{
    credentials->qop = DIGEST_QOP_NONE;
}

static void count_two(struct digest_credentials *credentials)
{
    credentials->nonce_count = 2;
}

static void count_none(struct digest_credentials *credentials)
{
    credentials->nonce_count = 0;
}

static void use_md5(struct digest_credentials *credentials)
{
    credentials->scheme = DIGEST_SCHEME_MD5;
}

static void use_sha256(struct digest_credentials *credentials)
{
    credentials->scheme = DIGEST_SCHEME_SHA256;
}

static spoiler *const spoilers[] = {
    spoil_username,    spoil_case_of_username,
    spoil_realm,       spoil_opaque,
    drop_opaque,       spoil_uri,
    spoil_host_of_uri, drop_uri,
    use_auth,          drop_qop,
    count_two,         count_none,
    use_md5,           use_sha256,
};

/* Each is signed rightly, with the right RES: it is the fit that is judged. */
static void test_answers_that_do_not_fit(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof spoilers / sizeof spoilers[0]; i++) {
        struct ub_exchange exchange;
        const struct vector vector = vector_of_set_1();
        const struct digest_challenge challenge = get_challenge(bench, IMPI, &vector, GUSS_GBA);
        struct digest_credentials credentials = credentials_for(&challenge, IMPI);
        spoilers[i](&credentials);
        sign(bench, &credentials, octets_of(vector.xres.octets, vector.xres.length));
        send_credentials(bench, &credentials, &exchange);
        assert_refused(&exchange, 400);
        assert_int_equal(bsf_pending_challenges(bench->bsf), 0);
    }
}

static void check_response_refused(struct bench *bench, const char *response)
{
    struct ub_exchange exchange;
    const struct vector vector = vector_of_set_1();
    const struct digest_challenge challenge = get_challenge(bench, IMPI, &vector, GUSS_GBA_U);
    struct digest_credentials credentials = credentials_for(&challenge, IMPI);
    (void)snprintf(credentials.response, sizeof credentials.response, "%s", response);
    send_credentials(bench, &credentials, &exchange);
    assert_refused(&exchange, 403);
    assert_int_equal(exchange.session.b_tid[0], 0);
}

static void test_wrong_responses(void **state)
{
    static const char right[] = "d311a9e73796ae93df48001c890c08c5";
    check_response_refused(*state, "");
    check_response_refused(*state, "00000000000000000000000000000000");
    check_response_refused(*state, "f4ef1bf9610ed91daccd52230076f954"); /* made with an empty password */
    for (size_t i = 0; i < sizeof right - 1; i++) {
        char wrong[sizeof right];
        memcpy(wrong, right, sizeof right);
        wrong[i] = wrong[i] == '0' ? '1' : '0';
        check_response_refused(*state, wrong);
    }
}

/* Other octets behind the same RAND do not pass for our nonce, even rightly signed. */
static void test_changed_nonces(void **state)
{
    static const char *const nonces[] = {"I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5jH8/DXI/skU=",
                                         "I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5jH8/DXI/skQA"};
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof nonces / sizeof nonces[0]; i++) {
        struct ub_exchange exchange;
        const struct vector vector = vector_of_set_1();
        const struct digest_challenge challenge = get_challenge(bench, IMPI, &vector, GUSS_GBA_U);
        struct digest_credentials credentials = credentials_for(&challenge, IMPI);
        (void)snprintf(credentials.nonce, sizeof credentials.nonce, "%s", nonces[i]);
        sign(bench, &credentials, octets_of(vector.xres.octets, vector.xres.length));
        send_credentials(bench, &credentials, &exchange);
        assert_refused(&exchange, 400);
    }
}

/* AUTS */

static void check_auts(struct bench *bench, const char *auts, struct octets password, unsigned status)
{
    struct ub_exchange exchange;
    const struct vector vector = vector_of_set_1();
    const struct digest_challenge challenge = get_challenge(bench, IMPI, &vector, GUSS_GBA_U);
    struct digest_credentials credentials = credentials_for(&challenge, IMPI);
    (void)snprintf(credentials.auts, sizeof credentials.auts, "%s", auts);
    sign(bench, &credentials, password);
    send_credentials(bench, &credentials, &exchange);
    assert_refused(&exchange, status);
    assert_int_equal(bsf_pending_challenges(bench->bsf), 0);
}

static void test_auts(void **state)
{
    const struct vector vector = vector_of_set_1();
    check_auts(*state, "uoU/PBIctV7bggBAq0=", (struct octets){0}, 400);      /* no base64 */
    check_auts(*state, "uoU/PBIctV7bggBAqw==", (struct octets){0}, 400);     /* 13 octets */
    check_auts(*state, "uoU/PBIctV7bggBAq0FB", (struct octets){0}, 400);     /* 15 octets */
    check_auts(*state, "uoU/PBIctV7bggBAq0FBQUFB", (struct octets){0}, 400); /* 18 octets */
    check_auts(*state, "uoU_PBIctV7bggBAq0E=", (struct octets){0}, 400);     /* the other alphabet */
    check_auts(*state, "!", (struct octets){0}, 400);
    check_auts(*state, "uoU/PBIctV7bggBAq0E=", octets_of(vector.xres.octets, 8), 403);
    check_auts(*state, "uoU/PBIctV7bggBAq0E=", octets_of_text("x"), 403);
}

/* The HSS */

static void check_result(struct bench *bench, uint32_t result, unsigned status)
{
    struct ub_exchange exchange;
    const struct gba_maa maa = {.result = result};
    send_message_1(bench, IMPI, &exchange);
    answer_maa(bench, &exchange, &maa);
    assert_refused(&exchange, status);
    assert_int_equal(bsf_pending_challenges(bench->bsf), 0);
}

static void test_results_of_the_hss(void **state)
{
    check_result(*state, GBA_RESULT_IDENTITY_UNKNOWN, 403);
    check_result(*state, GBA_RESULT_UNABLE_TO_COMPLY, 403);
    check_result(*state, GBA_RESULT_UNABLE_TO_DELIVER, 503);
    check_result(*state, 3004, 503); /* too busy */
    check_result(*state, GBA_RESULT_MISSING_AVP, 503);
    check_result(*state, 2002, 503);
    check_result(*state, GBA_RESULT_NOT_AUTHORIZED, 503);
    check_result(*state, 1, 503);
}

static void test_no_answer_of_the_hss(void **state)
{
    static const enum gbau_status reasons[] = {GBAU_E_TIMEOUT, GBAU_E_UNREACHABLE, GBAU_E_BUSY, GBAU_E_MEMORY};
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        struct ub_exchange exchange;
        send_message_1(bench, IMPI, &exchange);
        bsf_ub_continue(bench->bsf, &exchange, reasons[i], (struct octets){0});
        assert_refused(&exchange, 503);
    }
}

static void check_maa(struct bench *bench, const struct gba_maa *maa)
{
    struct ub_exchange exchange;
    send_message_1(bench, IMPI, &exchange);
    answer_maa(bench, &exchange, maa);
    assert_refused(&exchange, 503);
    assert_int_equal(bsf_pending_challenges(bench->bsf), 0);
}

static void test_incomplete_vectors(void **state)
{
    const struct vector vector = vector_of_set_1();
    struct octets *lost[4];
    for (size_t i = 0; i < 4; i++) {
        struct gba_maa maa = maa_of(&vector, GUSS_GBA_U);
        lost[0] = &maa.rand_autn;
        lost[1] = &maa.xres;
        lost[2] = &maa.ck;
        lost[3] = &maa.ik;
        *lost[i] = (struct octets){0};
        check_maa(*state, &maa);
    }
}

static void test_malformed_guss(void **state)
{
    static const char *const documents[] = {"x",
                                            "<guss/>",
                                            "<guss id=\"x\">",
                                            "<ussList/>",
                                            "<guss id=\"x\"><bsfInfo><lifeTime>-1</lifeTime></bsfInfo></guss>",
                                            "<!DOCTYPE guss [<!ENTITY a \"a\">]><guss id=\"&a;\"/>"};
    const struct vector vector = vector_of_set_1();
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        const struct gba_maa maa = maa_of(&vector, documents[i]);
        check_maa(*state, &maa);
    }
}

/* A GUSS that the session cannot hold is refused, never cut: a part of the settings would be no XML at all. */
static void test_overlong_guss(void **state)
{
    struct bench *bench = *state;
    static char guss[SESSION_GUSS_SIZE + 1];
    struct ub_exchange exchange;
    const struct vector vector = vector_of_set_1();
    memset(guss, ' ', SESSION_GUSS_SIZE);
    memcpy(guss, GUSS_GBA, strlen(GUSS_GBA));
    const struct gba_maa maa = maa_of(&vector, guss);
    send_message_1(bench, IMPI, &exchange);
    answer_maa(bench, &exchange, &maa);
    assert_refused(&exchange, 500);
    assert_int_equal(bsf_pending_challenges(bench->bsf), 0);
}

/* Every shorter and every changed answer of the HSS: refused, or a challenge; never a crash. */
static void test_changed_maa(void **state)
{
    struct bench *bench = *state;
    uint8_t octets[2048];
    const struct vector vector = vector_of_set_1();
    const struct gba_maa maa = maa_of(&vector, GUSS_GBA_U);
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    gba_write_maa(&writer, &maa);
    assert_ok(octet_writer_end(&writer));
    for (size_t i = 0; i < writer.length; i++) {
        struct ub_exchange exchange;
        uint8_t *cut = malloc(i == 0 ? 1 : i);
        assert_non_null(cut);
        memcpy(cut, octets, i);
        send_message_1(bench, IMPI, &exchange);
        bsf_ub_continue(bench->bsf, &exchange, GBAU_OK, octets_of(cut, i));
        assert_int_equal(exchange.next, UB_RESPOND);
        free(cut);
        octets[i] ^= 0x21;
        send_message_1(bench, IMPI, &exchange);
        bsf_ub_continue(bench->bsf, &exchange, GBAU_OK, octets_written(&writer));
        assert_true(exchange.response.status == 401 || exchange.response.status == 403 ||
                    exchange.response.status == 503);
        octets[i] ^= 0x21;
        atomic_fetch_add(&bench->now, 60); /* what was challenged ends */
    }
}

/* Limits */

static void test_limit_for_one(void **state)
{
    struct bench *bench = *state;
    struct ub_exchange exchange;
    for (uint32_t i = 1; i <= 10; i++) {
        const struct vector vector = vector_number(i);
        (void)get_challenge(bench, IMPI, &vector, "");
    }
    send_message_1(bench, IMPI, &exchange);
    assert_refused(&exchange, 503);
    send_message_1(bench, IMPI_2, &exchange); /* others go on */
    assert_asks_hss(&exchange, IMPI_2, "");
    atomic_store(&bench->now, START + 60);
    send_message_1(bench, IMPI, &exchange);
    assert_asks_hss(&exchange, IMPI, "");
}

static void test_limit_in_all(void **state)
{
    struct bench *bench = *state;
    struct ub_exchange exchange;
    for (uint32_t i = 1; i <= 100; i++) {
        char impi[64];
        const struct vector vector = vector_number(i);
        (void)snprintf(impi, sizeof impi, "%u@example.com", i);
        (void)get_challenge(bench, impi, &vector, "");
    }
    send_message_1(bench, IMPI, &exchange);
    assert_refused(&exchange, 503);
    assert_int_equal(bsf_pending_challenges(bench->bsf), 100);
    atomic_store(&bench->now, START + 60);
    assert_int_equal(bsf_pending_challenges(bench->bsf), 0);
}

/* Many ask the HSS at once; those who come back too late find no room. */
static void test_room_is_lost_while_the_hss_works(void **state)
{
    struct bench *bench = *state;
    struct ub_exchange exchange;
    const struct vector late = vector_number(99);
    const struct gba_maa maa = maa_of(&late, GUSS_GBA_U);
    send_message_1(bench, IMPI, &exchange);
    assert_int_equal(exchange.next, UB_ASK_HSS);
    for (uint32_t i = 1; i <= 10; i++) {
        const struct vector vector = vector_number(i);
        (void)get_challenge(bench, IMPI, &vector, "");
    }
    answer_maa(bench, &exchange, &maa);
    assert_refused(&exchange, 503);
}

/* Storing */

static void test_storing_fails(void **state)
{
    static const enum gbau_status reasons[] = {GBAU_E_STORAGE, GBAU_E_BUSY, GBAU_E_ARGUMENT, GBAU_E_MEMORY};
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        struct ub_exchange exchange;
        const struct vector vector = vector_of_set_1();
        const struct digest_challenge challenge = get_challenge(bench, IMPI, &vector, GUSS_GBA);
        const struct digest_credentials credentials = signed_credentials(bench, &challenge, IMPI, &vector.xres);
        send_credentials(bench, &credentials, &exchange);
        assert_int_equal(exchange.next, UB_STORE_SESSION);
        bsf_ub_stored(bench->bsf, &exchange, reasons[i]);
        assert_refused(&exchange, 503);
    }
}

/* Every character of message 3 changed: a session comes of it for the right user only. */
static void test_changed_message_3(void **state)
{
    struct bench *bench = *state;
    char header[4096];
    const struct vector vector = vector_of_set_1();
    size_t length = 1;
    for (size_t i = 0; i < length; i++) {
        struct ub_exchange exchange;
        const struct digest_challenge challenge = get_challenge(bench, IMPI, &vector, GUSS_GBA);
        const struct digest_credentials credentials = signed_credentials(bench, &challenge, IMPI, &vector.xres);
        assert_ok(digest_write_credentials(&credentials, header, sizeof header));
        length = strlen(header);
        header[i] = header[i] == 'x' ? 'y' : 'x';
        send_authorization(bench, header, &exchange);
        if (exchange.next == UB_STORE_SESSION) {
            assert_string_equal(exchange.session.impi, IMPI);
        }
        atomic_fetch_add(&bench->now, 60);
    }
}

/* Opening */

static void check_config(struct bench *bench, enum gbau_status expected)
{
    struct bsf *bsf = NULL;
    enum gbau_status status = bsf_open(&bench->config, bench->store, &bench->clock, NULL, &bsf);
    assert_true((status == GBAU_OK) == (expected == GBAU_OK));
    assert_true((bsf == NULL) == (status != GBAU_OK));
    bsf_close(bsf);
}

static void test_configurations(void **state)
{
    struct bench *bench = *state;
    const struct bsf_config good = bench->config;
    check_config(bench, GBAU_OK);
    bench->config.fqdn[0] = '\0';
    check_config(bench, GBAU_E_ARGUMENT);
    bench->config = good;
    memset(bench->config.fqdn, 'b', 231); /* a B-TID of 256 octets: one too many for everybody */
    check_config(bench, GBAU_E_ARGUMENT);
    bench->config.fqdn[230] = '\0';
    check_config(bench, GBAU_OK);
    bench->config = good;
    bench->config.key_lifetime_s = 0;
    check_config(bench, GBAU_E_ARGUMENT);
    bench->config = good;
    bench->config.naf_count = BSF_MAX_NAFS + 1;
    check_config(bench, GBAU_E_ARGUMENT);
    bench->config = good;
    bench->config.challenge_max = 0;
    check_config(bench, GBAU_E_ARGUMENT);
    bench->config = good;
    bench->config.crypto_count = 0;
    check_config(bench, GBAU_E_ARGUMENT);
    bench->config = good;
    bsf_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(test_methods_and_paths),
        bench_test(test_shapes_of_requests),
        bench_test(test_malformed_headers),
        bench_test(test_lengths_of_usernames),
        bench_test(test_answers_that_do_not_fit),
        bench_test(test_wrong_responses),
        bench_test(test_changed_nonces),
        bench_test(test_auts),
        bench_test(test_results_of_the_hss),
        bench_test(test_no_answer_of_the_hss),
        bench_test(test_incomplete_vectors),
        bench_test(test_malformed_guss),
        bench_test(test_overlong_guss),
        bench_test(test_changed_maa),
        bench_test(test_limit_for_one),
        bench_test(test_limit_in_all),
        bench_test(test_room_is_lost_while_the_hss_works),
        bench_test(test_storing_fails),
        bench_test(test_changed_message_3),
        bench_test(test_configurations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
