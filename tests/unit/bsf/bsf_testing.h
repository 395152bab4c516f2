/* bsf_testing.h: what the tests of the BSF share: a BSF on its store, a clock, an HSS and a UE made by hand. */
#ifndef TESTS_UNIT_BSF_BSF_TESTING_H
#define TESTS_UNIT_BSF_BSF_TESTING_H

#include "store_testing.h"

#include <semaphore.h>
#include <stdatomic.h>

#include "bsf/bsf.h"
#include "crypto/openssl.h"

#define IMPI       "234150999999999@ims.mnc015.mcc234.3gppnetwork.org"
#define IMPI_2     "234150000000002@ims.mnc015.mcc234.3gppnetwork.org"
#define FQDN       "bsf.mnc015.mcc234.pub.3gppnetwork.org"
#define GUSS_GBA_U "<guss id=\"" IMPI "\"><bsfInfo><uiccType>GBA_U</uiccType></bsfInfo><ussList/></guss>"
#define GUSS_GBA   "<guss id=\"" IMPI "\"><bsfInfo><uiccType>GBA</uiccType></bsfInfo><ussList/></guss>"

/* Milenage with TS 35.208 set 1, computed apart from this project. */
#define RAND_HEX "23553cbe9637a89d218ae64dae47bf35"
#define AUTN_HEX "55f328b43577b9b94a9ffac354dfafb3"
#define RES_HEX  "a54211d5e3ba50bf"
#define CK_HEX   "b40ba9a3c58b2a05bbf0d987b21bf8cb"
#define IK_HEX   "f769bcd751044604127672711c6d3441"
#define CNONCE   "6629fae49393a05397450978507c4ef1"

enum { END_OF_LIFE = 1893456000 /* 2030-01-01T00:00:00Z */, LIFETIME = 3600, START = END_OF_LIFE - LIFETIME };

/* A BSF for one test. */
struct bench {
    struct place place;
    struct key_wrap *wrap;
    struct session_store *store;
    struct crypto crypto;
    _Atomic unix_time now;
    struct clock clock;
    struct bsf_config config;
    struct bsf *bsf;
};

/* What the HSS answers with. */
struct vector {
    uint8_t rand_autn[32];
    struct aka_res xres;
    uint8_t ck[16];
    uint8_t ik[16];
};

static inline unix_time read_time(void *context)
{
    return atomic_load((_Atomic unix_time *)context);
}

static inline void open_bsf(struct bench *bench)
{
    assert_ok(bsf_open(&bench->config, bench->store, &bench->clock, NULL, &bench->bsf));
}

/* For tests that change bench->config. */
static inline void reopen_bsf(struct bench *bench)
{
    bsf_close(bench->bsf);
    open_bsf(bench);
}

static inline int open_bench(void **state)
{
    static struct bench bench;
    bench = (struct bench){.clock = {.now = read_time, .context = &bench.now},
                           .config = {.fqdn = FQDN,
                                      .key_lifetime_s = LIFETIME,
                                      .challenge_lifetime_s = 60,
                                      .challenge_max = 100,
                                      .challenge_max_for_one = 10,
                                      .gba_u_rules = GBA_U_RULES_DEFAULT,
                                      .crypto_count = 2}};
    atomic_store(&bench.now, START);
    place_make(&bench.place);
    bench.wrap = open_wrap(&bench.place, "key", KEY_1);
    assert_ok(crypto_openssl_open(&bench.crypto));
    assert_ok(session_store_open(place_path(&bench.place, "sessions"), 16 << 20, bench.wrap, &bench.clock, NULL,
                                 &bench.store));
    open_bsf(&bench);
    *state = &bench;
    return 0;
}

static inline int close_bench(void **state)
{
    struct bench *bench = *state;
    bsf_close(bench->bsf);
    session_store_close(bench->store);
    crypto_openssl_close(&bench->crypto);
    key_wrap_close(bench->wrap);
    place_remove(&bench->place);
    return 0;
}

#define bench_test(function) cmocka_unit_test_setup_teardown((function), open_bench, close_bench)

/* The HSS */

static inline struct vector vector_of_set_1(void)
{
    struct vector vector = {.xres.length = 8};
    from_hex(RAND_HEX AUTN_HEX, vector.rand_autn, sizeof vector.rand_autn);
    from_hex(RES_HEX, vector.xres.octets, 8);
    from_hex(CK_HEX, vector.ck, sizeof vector.ck);
    from_hex(IK_HEX, vector.ik, sizeof vector.ik);
    return vector;
}

/* A vector unlike any other: the BSF does not know whether Milenage made it. */
static inline struct vector vector_number(uint32_t number)
{
    struct vector vector = {.xres.length = 8};
    for (size_t i = 0; i < sizeof vector.rand_autn; i++) {
        vector.rand_autn[i] = (uint8_t)(number >> 8 * (i % 4));
    }
    memset(vector.xres.octets, (int)(number & 0xff), 8);
    memset(vector.ck, 0xc0, sizeof vector.ck);
    memset(vector.ik, 0x10, sizeof vector.ik);
    return vector;
}

static inline struct gba_maa maa_of(const struct vector *vector, const char *guss)
{
    return (struct gba_maa){
        .result = GBA_RESULT_SUCCESS,
        .rand_autn = octets_of(vector->rand_autn, sizeof vector->rand_autn),
        .xres = octets_of(vector->xres.octets, vector->xres.length),
        .ck = octets_of(vector->ck, sizeof vector->ck),
        .ik = octets_of(vector->ik, sizeof vector->ik),
        .guss = octets_of_text(guss),
    };
}

static inline void answer_maa(struct bench *bench, struct ub_exchange *exchange, const struct gba_maa *maa)
{
    static _Thread_local uint8_t octets[70000];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    gba_write_maa(&writer, maa);
    assert_ok(octet_writer_end(&writer));
    bsf_ub_continue(bench->bsf, exchange, GBAU_OK, octets_written(&writer));
    assert_int_equal(exchange->next, UB_RESPOND);
}

/* Checks what the BSF asks the HSS; `rand_auts_hex` is empty but for resynchronisation. */
static inline void assert_asks_hss(const struct ub_exchange *exchange, const char *impi, const char *rand_auts_hex)
{
    struct gba_mar mar;
    uint32_t result = 0;
    assert_int_equal(exchange->next, UB_ASK_HSS);
    assert_ok(gba_read_mar(exchange->mar, &mar, &result));
    assert_true(octets_equal(mar.impi, octets_of_text(impi)));
    assert_true(octets_equal(mar.scheme, octets_of_text("Digest-AKAv1-MD5")));
    assert_octets(mar.rand_auts, rand_auts_hex);
}

/* The UE */

static inline void send_authorization(struct bench *bench, const char *authorization, struct ub_exchange *exchange)
{
    const struct ub_request request = {
        .method = "GET", .path = "/", .authorization_count = 1, .authorization = authorization};
    bsf_ub_begin(bench->bsf, &request, exchange);
}

static inline void send_credentials(struct bench *bench, const struct digest_credentials *credentials,
                                    struct ub_exchange *exchange)
{
    char authorization[4096];
    assert_ok(digest_write_credentials(credentials, authorization, sizeof authorization));
    send_authorization(bench, authorization, exchange);
}

static inline void send_message_1(struct bench *bench, const char *username, struct ub_exchange *exchange)
{
    char authorization[1024];
    (void)snprintf(authorization, sizeof authorization,
                   "Digest username=\"%s\", realm=\"" FQDN "\", nonce=\"\", uri=\"/\", response=\"\"", username);
    send_authorization(bench, authorization, exchange);
}

static inline struct digest_challenge assert_challenged(const struct ub_exchange *exchange)
{
    struct digest_challenge challenge;
    assert_int_equal(exchange->next, UB_RESPOND);
    assert_int_equal(exchange->response.status, 401);
    assert_ok(digest_read_challenge(octets_of_text(exchange->response.www_authenticate), &challenge));
    return challenge;
}

/* Message 1 and the HSS's answer to it. */
static inline struct digest_challenge get_challenge(struct bench *bench, const char *username,
                                                    const struct vector *vector, const char *guss)
{
    struct ub_exchange exchange;
    const struct gba_maa maa = maa_of(vector, guss);
    send_message_1(bench, username, &exchange);
    assert_int_equal(exchange.next, UB_ASK_HSS);
    answer_maa(bench, &exchange, &maa);
    return assert_challenged(&exchange);
}

/* Message 3 without its response. */
static inline struct digest_credentials credentials_for(const struct digest_challenge *challenge, const char *username)
{
    struct digest_credentials credentials = {
        .scheme = DIGEST_SCHEME_AKAV1_MD5, .qop = DIGEST_QOP_AUTH_INT, .nonce_count = 1, .uri = "/", .cnonce = CNONCE};
    (void)snprintf(credentials.username, sizeof credentials.username, "%s", username);
    memcpy(credentials.realm, challenge->realm, sizeof credentials.realm);
    memcpy(credentials.nonce, challenge->nonce, sizeof credentials.nonce);
    memcpy(credentials.opaque, challenge->opaque, sizeof credentials.opaque);
    return credentials;
}

static inline void sign(struct bench *bench, struct digest_credentials *credentials, struct octets password)
{
    assert_ok(digest_compute_response(&bench->crypto, credentials, password, "GET", (struct octets){0},
                                      credentials->response));
}

static inline struct digest_credentials signed_credentials(struct bench *bench,
                                                           const struct digest_challenge *challenge,
                                                           const char *username, const struct aka_res *res)
{
    struct digest_credentials credentials = credentials_for(challenge, username);
    sign(bench, &credentials, octets_of(res->octets, res->length));
    return credentials;
}

static inline struct aka_res flipped(struct aka_res res)
{
    gba_u_flip_res(&res);
    return res;
}

/* Storing */

struct stored {
    sem_t called;
    enum gbau_status status;
};

static inline void note_stored(void *context, enum gbau_status status)
{
    struct stored *stored = context;
    stored->status = status;
    (void)sem_post(&stored->called);
}

static inline void store_session(struct bench *bench, const struct bootstrapping_session *session)
{
    struct stored stored;
    assert_int_equal(sem_init(&stored.called, 0, 0), 0);
    assert_ok(session_store_put(bench->store, session, note_stored, &stored));
    assert_int_equal(sem_wait(&stored.called), 0);
    assert_int_equal(sem_destroy(&stored.called), 0);
    assert_ok(stored.status);
}

static inline void finish_storing(struct bench *bench, struct ub_exchange *exchange)
{
    assert_int_equal(exchange->next, UB_STORE_SESSION);
    store_session(bench, &exchange->session);
    bsf_ub_stored(bench->bsf, exchange, GBAU_OK);
    assert_int_equal(exchange->next, UB_RESPOND);
    assert_int_equal(exchange->response.status, 200);
}

/* A response with this status and nothing else in it. */
static inline void assert_refused(const struct ub_exchange *exchange, unsigned status)
{
    assert_int_equal(exchange->next, UB_RESPOND);
    assert_int_equal(exchange->response.status, status);
    assert_string_equal(exchange->response.www_authenticate, "");
    assert_string_equal(exchange->response.authentication_info, "");
    assert_string_equal(exchange->response.expires, "");
    assert_string_equal(exchange->response.content_type, "");
    assert_string_equal(exchange->response.body, "");
}

#endif
