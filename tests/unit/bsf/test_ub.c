/* test_ub.c: bootstrapping without sockets, message by message (TS 24.109 clause 4, TS 33.220 4.5.2 and 5.3.2). */
#include "bsf_testing.h"

#include <pthread.h>

#include "codec/bsf_xml.h"

#define B_TID    "I1U8vpY3qJ0hiuZNrke/NQ==@" FQDN
#define TMPI     "2rBy9bL8T/1NFq7GP5vqj0H26PadfXr8@tmpi.bsf.3gppnetwork.org"
#define AUTS_HEX "ba853f3c121cb55edb820040ab41"
#define BODY                                                                                                           \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><BootstrappingInfo xmlns=\"uri:3gpp-gba\"><btid>" B_TID                 \
    "</btid><lifetime>2030-01-01T00:00:00Z</lifetime></BootstrappingInfo>"

enum { THREADS = 8, RUNS = 25 };

static struct digest_info read_info(const struct ub_exchange *exchange)
{
    struct digest_info info;
    assert_ok(digest_read_info(octets_of_text(exchange->response.authentication_info), &info));
    return info;
}

/* A whole run; `res` is what the UE's card gives. */
static void bootstrap(struct bench *bench, const char *username, const struct vector *vector, const char *guss,
                      struct aka_res res, struct ub_exchange *exchange)
{
    const struct digest_challenge challenge = get_challenge(bench, username, vector, guss);
    const struct digest_credentials credentials = signed_credentials(bench, &challenge, username, &res);
    send_credentials(bench, &credentials, exchange);
    finish_storing(bench, exchange);
}

static struct bootstrapping_session *find_session(struct bench *bench, const char *b_tid)
{
    static struct bootstrapping_session session;
    assert_ok(session_store_find(bench->store, b_tid, &session));
    return &session;
}

/* Vectors */

static void test_challenge_of_gba_u(void **state)
{
    struct bench *bench = *state;
    struct ub_exchange exchange;
    const struct vector vector = vector_of_set_1();
    const struct gba_maa maa = maa_of(&vector, GUSS_GBA_U);
    send_message_1(bench, IMPI, &exchange);
    assert_asks_hss(&exchange, IMPI, "");
    answer_maa(bench, &exchange, &maa);
    const struct digest_challenge challenge = assert_challenged(&exchange);
    assert_string_equal(challenge.nonce, "I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5jH8/DXI/skQ=");
    assert_string_equal(challenge.realm, FQDN);
    assert_int_equal(challenge.qop, DIGEST_QOP_AUTH_INT);
    assert_int_equal(challenge.scheme, DIGEST_SCHEME_AKAV1_MD5);
    assert_int_equal(strlen(challenge.opaque), 32);
    assert_false(challenge.stale);
    assert_string_equal(exchange.response.body, "");
    assert_int_equal(bsf_pending_challenges(bench->bsf), 1);
}

/* The response of network facts clause 9 to the rspauth there. */
static void check_run_by_vectors(struct bench *bench, const char *response, const char *rspauth)
{
    struct ub_exchange exchange;
    const struct vector vector = vector_of_set_1();
    const struct digest_challenge challenge = get_challenge(bench, IMPI, &vector, GUSS_GBA_U);
    struct digest_credentials credentials = credentials_for(&challenge, IMPI);
    (void)snprintf(credentials.response, sizeof credentials.response, "%s", response);
    send_credentials(bench, &credentials, &exchange);
    assert_int_equal(bsf_pending_challenges(bench->bsf), 0);
    finish_storing(bench, &exchange);

    assert_string_equal(exchange.response.body, BODY);
    assert_string_equal(exchange.response.content_type, "application/vnd.3gpp.bsf+xml");
    assert_string_equal(exchange.response.expires, "Tue, 01 Jan 2030 00:00:00 GMT");
    assert_string_equal(exchange.response.www_authenticate, "");
    const struct digest_info info = read_info(&exchange);
    assert_string_equal(info.rspauth, rspauth);
    assert_string_equal(info.cnonce, CNONCE);
    assert_string_equal(info.opaque, challenge.opaque);
    assert_int_equal(info.qop, DIGEST_QOP_AUTH_INT);
    assert_int_equal(info.nonce_count, 1);
}

static void test_run_by_vectors(void **state)
{
    check_run_by_vectors(*state, "d311a9e73796ae93df48001c890c08c5", "7a8ba83f429974ef9ce0491290e7eb62");
    const struct bootstrapping_session *session = find_session(*state, B_TID);
    assert_string_equal(session->impi, IMPI);
    assert_string_equal(session->tmpi, TMPI);
    assert_octets(octets_of(session->ks.octets, AKA_KS_SIZE), CK_HEX IK_HEX);
    assert_octets(octets_of(session->rand.octets, AKA_RAND_SIZE), RAND_HEX);
    assert_int_equal(session->mode, GBA_MODE_U);
    assert_int_equal(session->created, START);
    assert_int_equal(session->expires, END_OF_LIFE);
    assert_string_equal(session->guss_xml, GUSS_GBA_U);
}

/* A card that does not flip the last bit of RES is let in too. */
static void test_unflipped_res(void **state)
{
    check_run_by_vectors(*state, "d316384dee8603b6e3e9c047a65003f9", "be7cf147254b03d4c8f58d3eb7ccbd43");
}

/* GBA_ME */

static void test_gba_me(void **state)
{
    struct bench *bench = *state;
    struct ub_exchange exchange;
    const struct vector vector = vector_of_set_1();
    const struct digest_challenge challenge = get_challenge(bench, IMPI, &vector, GUSS_GBA);
    assert_string_equal(challenge.nonce, "I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5Sp/6w1Tfr7M="); /* AUTN as it came */
    const struct digest_credentials credentials = signed_credentials(bench, &challenge, IMPI, &vector.xres);
    send_credentials(bench, &credentials, &exchange);
    finish_storing(bench, &exchange);
    assert_int_equal(find_session(bench, B_TID)->mode, GBA_MODE_ME);
}

static void test_gba_me_takes_no_flipped_res(void **state)
{
    struct bench *bench = *state;
    struct ub_exchange exchange;
    const struct vector vector = vector_of_set_1();
    const struct aka_res res = flipped(vector.xres);
    const struct digest_challenge challenge = get_challenge(bench, IMPI, &vector, GUSS_GBA);
    const struct digest_credentials credentials = signed_credentials(bench, &challenge, IMPI, &res);
    send_credentials(bench, &credentials, &exchange);
    assert_refused(&exchange, 403);
}

static void test_no_guss_means_gba_me(void **state)
{
    struct bench *bench = *state;
    static const char *const plain[] = {"", "<guss id=\"x\"/>", "<guss id=\"x\"><bsfInfo/></guss>",
                                        "<guss id=\"x\"><bsfInfo><uiccType>GBA_V</uiccType></bsfInfo></guss>"};
    for (uint32_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        struct ub_exchange exchange;
        const struct vector vector = vector_number(i + 1);
        bootstrap(bench, IMPI, &vector, plain[i], vector.xres, &exchange);
        assert_int_equal(exchange.session.mode, GBA_MODE_ME);
        assert_string_equal(exchange.session.guss_xml, plain[i]);
    }
}

/* Each half of the GBA_U rules by itself. */
static void test_rules(void **state)
{
    struct bench *bench = *state;
    const struct vector vector = vector_of_set_1();
    for (unsigned i = 0; i < 4; i++) {
        struct ub_exchange exchange;
        bench->config.gba_u_rules = (struct gba_u_rules){.mask_mac = (i & 1) != 0, .flip_res_bit = (i & 2) != 0};
        reopen_bsf(bench);
        const struct digest_challenge challenge = get_challenge(bench, IMPI, &vector, GUSS_GBA_U);
        assert_string_equal(challenge.nonce, i & 1 ? "I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5jH8/DXI/skQ="
                                                   : "I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5Sp/6w1Tfr7M=");
        bootstrap(bench, IMPI, &vector, GUSS_GBA_U, flipped(vector.xres), &exchange);
        bootstrap(bench, IMPI, &vector, GUSS_GBA_U, vector.xres, &exchange);
    }
}

/* Lengths and lifetimes */

static void test_lengths_of_res(void **state)
{
    struct bench *bench = *state;
    for (uint32_t length = GBA_XRES_MIN; length <= GBA_XRES_MAX; length++) {
        struct ub_exchange exchange;
        struct vector vector = vector_number(length);
        vector.xres.length = length;
        memset(vector.xres.octets, 0xa7, length);
        bootstrap(bench, IMPI, &vector, GUSS_GBA_U, flipped(vector.xres), &exchange);
    }
}

static void check_lifetime(struct bench *bench, uint32_t number, const char *life_time, unix_time expected)
{
    char guss[256];
    struct ub_exchange exchange;
    struct bsf_xml document;
    const struct vector vector = vector_number(number);
    (void)snprintf(guss, sizeof guss, "<guss id=\"x\"><bsfInfo><lifeTime>%s</lifeTime></bsfInfo></guss>", life_time);
    bootstrap(bench, IMPI, &vector, guss, vector.xres, &exchange);
    assert_int_equal(exchange.session.expires - exchange.session.created, expected);
    assert_ok(bsf_xml_read(octets_of_text(exchange.response.body), &document));
    assert_int_equal(document.lifetime, START + expected);
}

static void test_lifetimes(void **state)
{
    check_lifetime(*state, 1, "60", 60);
    check_lifetime(*state, 2, "3599", 3599);
    check_lifetime(*state, 3, "3601", LIFETIME); /* the BSF's own policy is the limit */
    check_lifetime(*state, 4, "4294967295", LIFETIME);
    check_lifetime(*state, 5, "0", LIFETIME);
}

static void test_longest_guss(void **state)
{
    struct bench *bench = *state;
    static char guss[SESSION_GUSS_SIZE];
    struct ub_exchange exchange;
    const struct vector vector = vector_number(1);
    memset(guss, ' ', sizeof guss - 1);
    memcpy(guss, GUSS_GBA, strlen(GUSS_GBA));
    bootstrap(bench, IMPI, &vector, guss, vector.xres, &exchange);
    assert_string_equal(find_session(bench, exchange.session.b_tid)->guss_xml, guss);
}

static void test_absolute_uri(void **state)
{
    struct bench *bench = *state;
    struct ub_exchange exchange;
    const struct vector vector = vector_of_set_1();
    const struct digest_challenge challenge = get_challenge(bench, IMPI, &vector, GUSS_GBA);
    struct digest_credentials credentials = credentials_for(&challenge, IMPI);
    (void)snprintf(credentials.uri, sizeof credentials.uri, "http://" FQDN "/");
    sign(bench, &credentials, octets_of(vector.xres.octets, vector.xres.length));
    send_credentials(bench, &credentials, &exchange);
    finish_storing(bench, &exchange);
}

/* TMPI */

static void test_tmpi(void **state)
{
    struct bench *bench = *state;
    struct ub_exchange exchange;
    const struct vector first = vector_of_set_1();
    const struct vector second = vector_number(2);
    const struct gba_maa maa = maa_of(&second, GUSS_GBA_U);
    bootstrap(bench, IMPI, &first, GUSS_GBA_U, flipped(first.xres), &exchange);
    send_message_1(bench, TMPI, &exchange);
    assert_asks_hss(&exchange, IMPI, "");
    answer_maa(bench, &exchange, &maa);
    const struct digest_challenge challenge = assert_challenged(&exchange);
    const struct aka_res res = flipped(second.xres);
    struct digest_credentials credentials = signed_credentials(bench, &challenge, TMPI, &res);
    send_credentials(bench, &credentials, &exchange);
    finish_storing(bench, &exchange);
    assert_string_equal(exchange.session.impi, IMPI); /* the IMPI is what keys are derived with */
    assert_string_not_equal(exchange.session.tmpi, TMPI);
}

static void test_unknown_and_expired_tmpi(void **state)
{
    struct bench *bench = *state;
    struct ub_exchange exchange;
    const struct vector vector = vector_of_set_1();
    send_message_1(bench, TMPI, &exchange);
    assert_refused(&exchange, 403);
    bootstrap(bench, IMPI, &vector, GUSS_GBA_U, flipped(vector.xres), &exchange);
    send_message_1(bench, TMPI, &exchange);
    assert_asks_hss(&exchange, IMPI, "");
    atomic_store(&bench->now, END_OF_LIFE);
    send_message_1(bench, TMPI, &exchange);
    assert_refused(&exchange, 403);
}

/* Who begins with the IMPI does not go on with the TMPI, nor the reverse. */
static void test_username_stays_the_same(void **state)
{
    struct bench *bench = *state;
    struct ub_exchange exchange;
    const struct vector vector = vector_of_set_1();
    bootstrap(bench, IMPI, &vector, GUSS_GBA_U, flipped(vector.xres), &exchange);
    const char *const names[][2] = {{IMPI, TMPI}, {TMPI, IMPI}, {IMPI, IMPI_2}};
    for (size_t i = 0; i < 3; i++) {
        const struct digest_challenge challenge = get_challenge(bench, names[i][0], &vector, GUSS_GBA);
        const struct digest_credentials credentials = signed_credentials(bench, &challenge, names[i][1], &vector.xres);
        send_credentials(bench, &credentials, &exchange);
        assert_refused(&exchange, 400);
    }
}

/* A challenge is used once */

static void test_replay(void **state)
{
    struct bench *bench = *state;
    struct ub_exchange exchange;
    const struct vector vector = vector_of_set_1();
    const struct digest_challenge challenge = get_challenge(bench, IMPI, &vector, GUSS_GBA);
    const struct digest_credentials credentials = signed_credentials(bench, &challenge, IMPI, &vector.xres);
    send_credentials(bench, &credentials, &exchange);
    assert_int_equal(exchange.next, UB_STORE_SESSION);
    send_credentials(bench, &credentials, &exchange); /* even before the session is stored */
    assert_asks_hss(&exchange, IMPI, "");
}

static void test_wrong_answer_ends_the_challenge(void **state)
{
    struct bench *bench = *state;
    struct ub_exchange exchange;
    const struct vector vector = vector_of_set_1();
    const struct digest_challenge challenge = get_challenge(bench, IMPI, &vector, GUSS_GBA);
    struct digest_credentials credentials = signed_credentials(bench, &challenge, IMPI, &vector.xres);
    credentials.response[0] = credentials.response[0] == 'a' ? 'b' : 'a';
    send_credentials(bench, &credentials, &exchange);
    assert_refused(&exchange, 403);
    sign(bench, &credentials, octets_of(vector.xres.octets, vector.xres.length));
    send_credentials(bench, &credentials, &exchange);
    assert_asks_hss(&exchange, IMPI, "");
}

static void test_expired_challenge(void **state)
{
    struct bench *bench = *state;
    struct ub_exchange exchange;
    const struct vector vector = vector_of_set_1();
    for (unix_time age = 59; age <= 60; age++) {
        atomic_store(&bench->now, START);
        const struct digest_challenge challenge = get_challenge(bench, IMPI, &vector, GUSS_GBA);
        const struct digest_credentials credentials = signed_credentials(bench, &challenge, IMPI, &vector.xres);
        atomic_store(&bench->now, START + age);
        send_credentials(bench, &credentials, &exchange);
        assert_int_equal(exchange.next, age == 59 ? UB_STORE_SESSION : UB_ASK_HSS);
    }
}

static void test_foreign_nonces_begin_anew(void **state)
{
    static const char *const nonces[] = {"x", "AAAA",
                                         "AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof nonces / sizeof nonces[0]; i++) {
        struct ub_exchange exchange;
        struct digest_challenge challenge = {.realm = FQDN};
        (void)snprintf(challenge.nonce, sizeof challenge.nonce, "%s", nonces[i]);
        const struct digest_credentials credentials = credentials_for(&challenge, IMPI);
        send_credentials(bench, &credentials, &exchange);
        assert_asks_hss(&exchange, IMPI, "");
    }
}

static void test_two_users_at_once(void **state)
{
    struct bench *bench = *state;
    struct ub_exchange exchange;
    const struct vector vectors[] = {vector_number(1), vector_number(2)};
    const struct digest_challenge first = get_challenge(bench, IMPI, &vectors[0], GUSS_GBA);
    const struct digest_challenge second = get_challenge(bench, IMPI_2, &vectors[1], "");
    const struct digest_credentials of_second = signed_credentials(bench, &second, IMPI_2, &vectors[1].xres);
    send_credentials(bench, &of_second, &exchange);
    finish_storing(bench, &exchange);
    assert_string_equal(exchange.session.impi, IMPI_2);
    assert_string_equal(exchange.session.guss_xml, "");
    const struct digest_credentials of_first = signed_credentials(bench, &first, IMPI, &vectors[0].xres);
    send_credentials(bench, &of_first, &exchange);
    finish_storing(bench, &exchange);
    assert_string_equal(exchange.session.impi, IMPI);
}

/* Resynchronisation */

static void send_auts(struct bench *bench, const struct digest_challenge *challenge, struct ub_exchange *exchange)
{
    uint8_t auts[AKA_AUTS_SIZE];
    struct digest_credentials credentials = credentials_for(challenge, IMPI);
    from_hex(AUTS_HEX, auts, sizeof auts);
    assert_ok(base64_encode(octets_of(auts, sizeof auts), credentials.auts, sizeof credentials.auts));
    sign(bench, &credentials, (struct octets){0});
    send_credentials(bench, &credentials, exchange);
}

static void test_resynchronisation(void **state)
{
    struct bench *bench = *state;
    struct ub_exchange exchange;
    const struct vector first = vector_of_set_1();
    const struct vector second = vector_number(2);
    const struct gba_maa maa = maa_of(&second, GUSS_GBA_U);
    const struct digest_challenge challenge = get_challenge(bench, IMPI, &first, GUSS_GBA_U);
    send_auts(bench, &challenge, &exchange);
    assert_string_equal(exchange.credentials.response, "f4ef1bf9610ed91daccd52230076f954");
    assert_asks_hss(&exchange, IMPI, RAND_HEX AUTS_HEX);
    answer_maa(bench, &exchange, &maa);
    const struct digest_challenge again = assert_challenged(&exchange);
    assert_string_not_equal(again.nonce, challenge.nonce);
    assert_string_not_equal(again.opaque, challenge.opaque);
    const struct aka_res res = flipped(second.xres);
    const struct digest_credentials credentials = signed_credentials(bench, &again, IMPI, &res);
    send_credentials(bench, &credentials, &exchange);
    finish_storing(bench, &exchange);
}

static void test_loop_guard(void **state)
{
    struct bench *bench = *state;
    struct ub_exchange exchange;
    struct vector vector = vector_number(1);
    struct digest_challenge challenge = get_challenge(bench, IMPI, &vector, GUSS_GBA_U);
    for (uint32_t round = 2; round <= 3; round++) {
        vector = vector_number(round);
        const struct gba_maa maa = maa_of(&vector, GUSS_GBA_U);
        send_auts(bench, &challenge, &exchange);
        assert_int_equal(exchange.next, UB_ASK_HSS);
        answer_maa(bench, &exchange, &maa);
        challenge = assert_challenged(&exchange);
    }
    send_auts(bench, &challenge, &exchange);
    assert_refused(&exchange, 403);
    send_message_1(bench, IMPI, &exchange); /* a new run may be tried */
    assert_asks_hss(&exchange, IMPI, "");
}

/* Threads */

struct runner {
    struct bench bench; /* with a crypto of its own */
    pthread_t thread;
    uint32_t first;
};

static void *run_runner(void *context)
{
    struct runner *runner = context;
    for (uint32_t i = 0; i < RUNS; i++) {
        struct ub_exchange exchange;
        const struct vector vector = vector_number(runner->first + i);
        bootstrap(&runner->bench, IMPI, &vector, GUSS_GBA_U, flipped(vector.xres), &exchange);
        assert_memory_equal(exchange.session.rand.octets, vector.rand_autn, AKA_RAND_SIZE);
        ub_exchange_clear(&exchange);
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct bench *bench = *state;
    static struct runner runners[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) {
        runners[i].bench.bsf = bench->bsf;
        runners[i].bench.store = bench->store;
        runners[i].first = 1 + i * RUNS;
        assert_ok(crypto_openssl_open(&runners[i].bench.crypto));
        assert_int_equal(pthread_create(&runners[i].thread, NULL, run_runner, &runners[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(runners[i].thread, NULL), 0);
        crypto_openssl_close(&runners[i].bench.crypto);
    }
    assert_int_equal(bsf_pending_challenges(bench->bsf), 0);
}

static void test_clear_wipes(void **state)
{
    static const struct ub_exchange zeros;
    struct ub_exchange exchange;
    const struct vector vector = vector_of_set_1();
    bootstrap(*state, IMPI, &vector, GUSS_GBA_U, flipped(vector.xres), &exchange);
    ub_exchange_clear(&exchange);
    assert_memory_equal(&exchange, &zeros, sizeof zeros);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(test_challenge_of_gba_u),
        bench_test(test_run_by_vectors),
        bench_test(test_unflipped_res),
        bench_test(test_gba_me),
        bench_test(test_gba_me_takes_no_flipped_res),
        bench_test(test_no_guss_means_gba_me),
        bench_test(test_rules),
        bench_test(test_lengths_of_res),
        bench_test(test_lifetimes),
        bench_test(test_longest_guss),
        bench_test(test_absolute_uri),
        bench_test(test_tmpi),
        bench_test(test_unknown_and_expired_tmpi),
        bench_test(test_username_stays_the_same),
        bench_test(test_replay),
        bench_test(test_wrong_answer_ends_the_challenge),
        bench_test(test_expired_challenge),
        bench_test(test_foreign_nonces_begin_anew),
        bench_test(test_two_users_at_once),
        bench_test(test_resynchronisation),
        bench_test(test_loop_guard),
        bench_test(test_threads),
        bench_test(test_clear_wipes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
