/* test_digest_auth.c: HTTP Digest headers and arithmetic against RFC 2069, 2617, 7616, 3310 and broken headers. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/digest_auth.h"
#include "crypto/openssl.h"

#define IMPI      "234150999999999@ims.mnc015.mcc234.3gppnetwork.org"
#define BSF       "bsf.mnc015.mcc234.pub.3gppnetwork.org"
#define UB_NONCE  "I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5jH8/DXI/skQ="
#define UB_CNONCE "6629fae49393a05397450978507c4ef1"
#define UB_BODY                                                                                                        \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><BootstrappingInfo xmlns=\"uri:3gpp-gba\">"                             \
    "<btid>I1U8vpY3qJ0hiuZNrke/NQ==@bsf.mnc015.mcc234.pub.3gppnetwork.org</btid>"                                      \
    "<lifetime>2030-01-01T00:00:00Z</lifetime></BootstrappingInfo>"

static int open_crypto(void **state)
{
    static struct crypto crypto;
    *state = &crypto;
    return crypto_openssl_open(&crypto) == GBAU_OK ? 0 : -1;
}

static int close_crypto(void **state)
{
    crypto_openssl_close(*state);
    return 0;
}

static enum gbau_status read_challenge(const char *text, struct digest_challenge *challenge)
{
    return digest_read_challenge(octets_of_text(text), challenge);
}

static enum gbau_status read_credentials(const char *text, struct digest_credentials *credentials)
{
    return digest_read_credentials(octets_of_text(text), credentials);
}

static enum gbau_status read_info(const char *text, struct digest_info *info)
{
    return digest_read_info(octets_of_text(text), info);
}

/* The arithmetic. */

static struct digest_credentials mufasa(enum digest_scheme scheme, enum digest_qop qop)
{
    return (struct digest_credentials){
        .username = "Mufasa",
        .realm = "http-auth@example.org",
        .nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        .uri = "/dir/index.html",
        .cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        .scheme = scheme,
        .qop = qop,
        .nonce_count = 1,
    };
}

static void assert_response(struct crypto *crypto, const struct digest_credentials *credentials, struct octets password,
                            const char *method, const char *body, const char *expected)
{
    char response[DIGEST_RESPONSE_SIZE];
    assert_ok(digest_compute_response(crypto, credentials, password, method, octets_of_text(body), response));
    assert_string_equal(response, expected);
}

static void assert_rspauth(struct crypto *crypto, const struct digest_credentials *credentials, struct octets password,
                           const char *body, const char *expected)
{
    char rspauth[DIGEST_RESPONSE_SIZE];
    assert_ok(digest_compute_rspauth(crypto, credentials, password, octets_of_text(body), rspauth));
    assert_string_equal(rspauth, expected);
}

static void computes_rfc7616_examples(void **state)
{
    const struct octets password = octets_of_text("Circle of Life");
    struct digest_credentials md5 = mufasa(DIGEST_SCHEME_MD5, DIGEST_QOP_AUTH);
    assert_response(*state, &md5, password, "GET", "", "8ca523f5e9506fed4657c9700eebdbec");
    struct digest_credentials sha256 = mufasa(DIGEST_SCHEME_SHA256, DIGEST_QOP_AUTH);
    assert_response(*state, &sha256, password, "GET", "",
                    "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
    /* the body counts with auth-int only */
    assert_response(*state, &md5, password, "GET", "a body", "8ca523f5e9506fed4657c9700eebdbec");
}

/* Expected values computed with Python's hashlib. */
static void computes_auth_int(void **state)
{
    const struct octets password = octets_of_text("Circle of Life");
    struct digest_credentials md5 = mufasa(DIGEST_SCHEME_MD5, DIGEST_QOP_AUTH_INT);
    struct digest_credentials sha256 = mufasa(DIGEST_SCHEME_SHA256, DIGEST_QOP_AUTH_INT);
    assert_response(*state, &md5, password, "POST", "v=%d2", "aea33f281f8e18ac2461bb52192483d4");
    assert_response(*state, &sha256, password, "POST", "v=%d2",
                    "8510d2fe3c099d272c9f2a93e380210f3612e68491dd9c4fddd76c5b54a2a2e8");
    assert_rspauth(*state, &md5, password, "Hakuna matata", "8964d15275fcfb6dec8b72e05e7a3937");
    assert_rspauth(*state, &sha256, password, "Hakuna matata",
                   "6a5ab9c45bf24508563f1022af8f686371da504fdd613386e95db5b1506e03ca");
}

static void computes_rspauth_without_integrity(void **state)
{
    const struct octets password = octets_of_text("Circle of Life");
    struct digest_credentials md5 = mufasa(DIGEST_SCHEME_MD5, DIGEST_QOP_AUTH);
    assert_rspauth(*state, &md5, password, "anything", "9b712497bc9f91499fbcca1dfc5f09a5");
}

static void writes_nonce_count_as_eight_digits(void **state)
{
    struct digest_credentials md5 = mufasa(DIGEST_SCHEME_MD5, DIGEST_QOP_AUTH);
    md5.nonce_count = 0xdeadbeef;
    assert_response(*state, &md5, octets_of_text("Circle of Life"), "GET", "", "3decb407b3e3387eecf3d7279503a771");
}

static void computes_rfc2617_example(void **state)
{
    struct digest_credentials credentials = {
        .username = "Mufasa",
        .realm = "testrealm@host.com",
        .nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        .uri = "/dir/index.html",
        .cnonce = "0a4f113b",
        .qop = DIGEST_QOP_AUTH,
        .nonce_count = 1,
    };
    assert_response(*state, &credentials, octets_of_text("Circle Of Life"), "GET", "",
                    "6629fae49393a05397450978507c4ef1");
    /* RFC 2069 2.4 as its erratum corrects it: no qop */
    credentials.qop = DIGEST_QOP_NONE;
    assert_response(*state, &credentials, octets_of_text("CircleOfLife"), "GET", "",
                    "1949323746fe6a43ef61f9606e7febea");
}

static struct digest_credentials ub_credentials(void)
{
    return (struct digest_credentials){
        .username = IMPI,
        .realm = BSF,
        .nonce = UB_NONCE,
        .uri = "/",
        .cnonce = UB_CNONCE,
        .scheme = DIGEST_SCHEME_AKAV1_MD5,
        .qop = DIGEST_QOP_AUTH_INT,
        .nonce_count = 1,
    };
}

static void computes_ub_run(void **state)
{
    const struct digest_credentials credentials = ub_credentials();
    uint8_t res[8];
    uint8_t flipped[8];
    from_hex("a54211d5e3ba50bf", res, sizeof res);
    from_hex("a54211d5e3ba50be", flipped, sizeof flipped);
    const struct octets plain = octets_of(res, sizeof res);
    const struct octets gba_u = octets_of(flipped, sizeof flipped);
    assert_response(*state, &credentials, gba_u, "GET", "", "d311a9e73796ae93df48001c890c08c5");
    assert_response(*state, &credentials, plain, "GET", "", "d316384dee8603b6e3e9c047a65003f9");
    assert_response(*state, &credentials, octets_of(NULL, 0), "GET", "", "f4ef1bf9610ed91daccd52230076f954");
    assert_int_equal(strlen(UB_BODY), 214);
    assert_rspauth(*state, &credentials, gba_u, UB_BODY, "7a8ba83f429974ef9ce0491290e7eb62");
    assert_rspauth(*state, &credentials, plain, UB_BODY, "be7cf147254b03d4c8f58d3eb7ccbd43");
}

/* RES is octets: zeros and octets above 127 in it count. */
static void takes_password_as_octets(void **state)
{
    const struct digest_credentials credentials = ub_credentials();
    char with_zero[DIGEST_RESPONSE_SIZE];
    char without[DIGEST_RESPONSE_SIZE];
    const uint8_t res[8] = {0xa5, 0, 0xff, 0, 1, 2, 3, 4};
    assert_ok(digest_compute_response(*state, &credentials, octets_of(res, 8), "GET", octets_of(NULL, 0), with_zero));
    assert_ok(digest_compute_response(*state, &credentials, octets_of(res, 1), "GET", octets_of(NULL, 0), without));
    assert_string_not_equal(with_zero, without);
}

static void computes_ua_digest(void **state)
{
    const struct digest_credentials credentials = {
        .username = "I1U8vpY3qJ0hiuZNrke/NQ==@" BSF,
        .realm = "3GPP-bootstrapping-uicc@naf.example.com",
        .nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        .uri = "/service",
        .cnonce = "0a4f113b",
        .qop = DIGEST_QOP_AUTH_INT,
        .nonce_count = 1,
    };
    assert_response(*state, &credentials, octets_of_text("CMq04nyJWTRYdCxjLy25kedt72r0qDl23/I84Kn7LXs="), "GET", "",
                    "f084966c1014c051c9ee67c8613dd059");
}

static void refuses_enums_out_of_range(void **state)
{
    char response[DIGEST_RESPONSE_SIZE];
    struct digest_credentials credentials = ub_credentials();
    credentials.qop = (enum digest_qop)3;
    assert_status(
        digest_compute_response(*state, &credentials, octets_of(NULL, 0), "GET", octets_of(NULL, 0), response),
        GBAU_E_ARGUMENT);
    credentials = ub_credentials();
    credentials.scheme = DIGEST_SCHEME_COUNT;
    assert_status(
        digest_compute_response(*state, &credentials, octets_of(NULL, 0), "GET", octets_of(NULL, 0), response),
        GBAU_E_ARGUMENT);
    assert_int_equal(digest_scheme_hash(DIGEST_SCHEME_COUNT), DIGEST_ALGORITHM_COUNT);
    assert_int_equal(digest_scheme_hash(DIGEST_SCHEME_AKAV1_MD5), DIGEST_MD5);
    assert_int_equal(digest_scheme_hash(DIGEST_SCHEME_SHA256), DIGEST_SHA256);
}

static void compares_digests(void **state)
{
    (void)state;
    const char *digest = "d311a9e73796ae93df48001c890c08c5";
    assert_true(digest_response_matches(digest, digest));
    assert_true(digest_response_matches(digest, "D311A9E73796AE93DF48001C890C08C5"));
    assert_true(digest_response_matches("D311A9E73796AE93DF48001C890C08C5", digest));
    assert_false(digest_response_matches(digest, "d311a9e73796ae93df48001c890c08c4"));
    assert_false(digest_response_matches(digest, "e311a9e73796ae93df48001c890c08c5"));
    assert_false(digest_response_matches(digest, "d311a9e73796ae93df48001c890c08c"));
    assert_false(digest_response_matches(digest, "d311a9e73796ae93df48001c890c08c55"));
    assert_false(digest_response_matches(digest, ""));
    assert_false(digest_response_matches("", digest));
    assert_false(digest_response_matches("", ""));
    /* octets that differ from a digit in the letter-case bit only are not that digit */
    assert_false(digest_response_matches(digest, "d\02311a9e73796ae93df48001c890c08c5"));
    assert_false(digest_response_matches("00", "\020\020"));
}

/* Reading. */

static void reads_ub_challenge(void **state)
{
    (void)state;
    struct digest_challenge challenge;
    assert_ok(read_challenge("Digest realm=\"" BSF "\", nonce=\"" UB_NONCE "\", qop=\"auth-int\", "
                             "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", algorithm=AKAv1-MD5",
                             &challenge));
    assert_string_equal(challenge.realm, BSF);
    assert_string_equal(challenge.nonce, UB_NONCE);
    assert_string_equal(challenge.opaque, "5ccc069c403ebaf9f0171e9517f40e41");
    assert_int_equal(challenge.scheme, DIGEST_SCHEME_AKAV1_MD5);
    assert_int_equal(challenge.qop, DIGEST_QOP_AUTH_INT);
    assert_false(challenge.stale);
}

static void reads_first_ub_request(void **state)
{
    (void)state;
    struct digest_credentials credentials;
    assert_ok(read_credentials("Digest username=\"" IMPI "\", realm=\"" BSF "\", nonce=\"\", uri=\"/\", response=\"\"",
                               &credentials));
    assert_string_equal(credentials.username, IMPI);
    assert_string_equal(credentials.nonce, "");
    assert_string_equal(credentials.response, "");
    assert_int_equal(credentials.scheme, DIGEST_SCHEME_MD5);
    assert_int_equal(credentials.qop, DIGEST_QOP_NONE);
}

static void reads_rfc3310_examples(void **state)
{
    (void)state;
    struct digest_challenge challenge;
    assert_ok(read_challenge("Digest realm=\"RoamingUsers@mobile.biz\", "
                             "nonce=\"MjQ0MzYxMjMwYjNjMmZmNjg0MTE2NTM3Nzc5NGI4ODM=\", qop=\"auth,auth-int\", "
                             "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", algorithm=AKAv1-MD5",
                             &challenge));
    assert_int_equal(challenge.qop, DIGEST_QOP_AUTH | DIGEST_QOP_AUTH_INT);
    struct digest_credentials credentials;
    assert_ok(read_credentials("Digest username=\"jon.dough@mobile.biz\", realm=\"RoamingUsers@mobile.biz\", "
                               "nonce=\"CjPk9mRqNuT25eRkajM09uTl9nM09uTl9nMz5OX25PZz==\", "
                               "uri=\"sip:home.mobile.biz\", qop=auth-int, nc=00000001, cnonce=\"0a4f113b\", "
                               "response=\"4429ffe49393c02397450934607c4ef1\", "
                               "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", auts=\"5PYxMuX2NOT2NeQ=\"",
                               &credentials));
    assert_string_equal(credentials.auts, "5PYxMuX2NOT2NeQ=");
    assert_string_equal(credentials.uri, "sip:home.mobile.biz");
    assert_int_equal(credentials.qop, DIGEST_QOP_AUTH_INT);
    assert_int_equal(credentials.nonce_count, 1);
}

static void reads_info(void **state)
{
    (void)state;
    struct digest_info info;
    assert_ok(read_info("qop=auth-int, rspauth=\"7a8ba83f429974ef9ce0491290e7eb62\", cnonce=\"" UB_CNONCE
                        "\", nc=0000000a, opaque=\"x\", nextnonce=\"y\"",
                        &info));
    assert_string_equal(info.rspauth, "7a8ba83f429974ef9ce0491290e7eb62");
    assert_string_equal(info.cnonce, UB_CNONCE);
    assert_string_equal(info.opaque, "x");
    assert_int_equal(info.qop, DIGEST_QOP_AUTH_INT);
    assert_int_equal(info.nonce_count, 10);
    assert_ok(read_info("nextnonce=\"y\"", &info));
    assert_string_equal(info.rspauth, "");
    assert_ok(read_info("", &info));
}

static void reads_loose_forms(void **state)
{
    static const char *const forms[] = {
        "dIgEsT ReAlM=\"r\",NoNcE=\"n\",QOP=\"auth-int\",Algorithm=\"sha-256\",STALE=TRUE",
        "Digest\t realm = \"r\" , nonce\t=\tn,,  ,qop=auth-int, algorithm=SHA-256, stale=\"true\",",
        "  Digest , realm=r,nonce=n,qop=\"x-new, auth-int\",stale=tRuE,algorithm=SHA-256,domain=\"/ \\\" , ,\"  ",
    };
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct digest_challenge challenge;
        assert_ok(read_challenge(forms[i], &challenge));
        assert_string_equal(challenge.realm, "r");
        assert_string_equal(challenge.nonce, "n");
        assert_int_equal(challenge.qop, DIGEST_QOP_AUTH_INT);
        assert_int_equal(challenge.scheme, DIGEST_SCHEME_SHA256);
        assert_true(challenge.stale);
    }
}

static void takes_escapes_out(void **state)
{
    (void)state;
    struct digest_challenge challenge;
    assert_ok(read_challenge("Digest realm=\"a\\\"b\\\\c\\d, e=\\\"\\\"\", nonce=\"\"", &challenge));
    assert_string_equal(challenge.realm, "a\"b\\cd, e=\"\"");
}

static void keeps_utf8(void **state)
{
    (void)state;
    struct digest_challenge challenge;
    assert_ok(read_challenge("Digest realm=\"J\xc3\xa4s\xc3\xb8n\", nonce=\"n\"", &challenge));
    assert_string_equal(challenge.realm, "J\xc3\xa4s\xc3\xb8n");
}

struct bad_header {
    const char *text;
    enum gbau_status status;
};

static void refuses_bad_challenges(void **state)
{
    static const struct bad_header bad[] = {
        {"", GBAU_E_MALFORMED},
        {" ", GBAU_E_MALFORMED},
        {"Digest", GBAU_E_MALFORMED},
        {"Digest ", GBAU_E_MALFORMED},
        {"Digest realm=\"r\"", GBAU_E_MALFORMED},
        {"Digest nonce=\"n\"", GBAU_E_MALFORMED},
        {"Digest,realm=\"r\",nonce=\"n\"", GBAU_E_MALFORMED},
        {"realm=\"r\",nonce=\"n\"", GBAU_E_UNSUPPORTED},
        {"Basic realm=\"r\"", GBAU_E_UNSUPPORTED},
        {"Digestrealm=\"r\",nonce=\"n\"", GBAU_E_UNSUPPORTED},
        {"Diges realm=\"r\",nonce=\"n\"", GBAU_E_UNSUPPORTED},
        {"Digest realm=\"r\" nonce=\"n\"", GBAU_E_MALFORMED},
        {"Digest realm=\"r\";nonce=\"n\"", GBAU_E_MALFORMED},
        {"Digest realm=\"r\"x,nonce=\"n\"", GBAU_E_MALFORMED},
        {"Digest realm=\"r\",nonce=\"n", GBAU_E_MALFORMED},
        {"Digest realm=\"r\",nonce=\"n\\", GBAU_E_MALFORMED},
        {"Digest realm=\"r\",nonce=\"n\\\"", GBAU_E_MALFORMED},
        {"Digest realm=\"r\",nonce=", GBAU_E_MALFORMED},
        {"Digest realm=\"r\",nonce", GBAU_E_MALFORMED},
        {"Digest realm=\"r\",nonce=,opaque=\"\"", GBAU_E_MALFORMED},
        {"Digest =\"r\",realm=\"r\",nonce=\"n\"", GBAU_E_MALFORMED},
        {"Digest realm=\"r\",nonce=\"n\",realm=\"r\"", GBAU_E_MALFORMED},
        {"Digest realm=\"r\",nonce=\"n\",NONCE=\"n\"", GBAU_E_MALFORMED},
        {"Digest realm=\"r\",nonce=\"n\",qop=\"auth\",qop=\"auth-int\"", GBAU_E_MALFORMED},
        {"Digest realm=\"r\",nonce=\"n\",algorithm=MD5,algorithm=MD5", GBAU_E_MALFORMED},
        {"Digest realm=\"r\",nonce=\"n\",algorithm=MD5-sess", GBAU_E_UNSUPPORTED},
        {"Digest realm=\"r\",nonce=\"n\",algorithm=AKAv2-MD5", GBAU_E_UNSUPPORTED},
        {"Digest realm=\"r\",nonce=\"n\",algorithm=\"\"", GBAU_E_UNSUPPORTED},
        {"Digest realm=\"r\",nonce=\"n\",qop=\"\"", GBAU_E_UNSUPPORTED},
        {"Digest realm=\"r\",nonce=\"n\",qop=\"auth-conf\"", GBAU_E_UNSUPPORTED},
        {"Digest realm=\"r\",nonce=\"n\",qop=\"auth-in\"", GBAU_E_UNSUPPORTED},
        {"Digest realm=\"r\x01\",nonce=\"n\"", GBAU_E_MALFORMED},
        {"Digest realm=\"r\x7f\",nonce=\"n\"", GBAU_E_MALFORMED},
        {"Digest realm=\"r\t\",nonce=\"n\"", GBAU_E_MALFORMED},
        {"Digest realm=\"r\\\n\",nonce=\"n\"", GBAU_E_MALFORMED},
        {"Digest realm=\"r\r\nSet-Cookie: x\",nonce=\"n\"", GBAU_E_MALFORMED},
        {"Digest realm=\"r\",nonce=\"n\",unknown=\"\x02\"", GBAU_E_MALFORMED},
        {"Digest realm=\"r\",nonce=\"n\"\n", GBAU_E_MALFORMED},
        {"Digest realm=a/b,nonce=\"n\"", GBAU_E_MALFORMED},
        {"Digest realm=\"r\",nonce=\"n\", Basic realm=\"s\"", GBAU_E_MALFORMED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct digest_challenge challenge;
        enum gbau_status status = read_challenge(bad[i].text, &challenge);
        if (status != bad[i].status) {
            print_error("[%s]\n", bad[i].text);
        }
        assert_status(status, bad[i].status);
    }
}

#define GOOD_CREDENTIALS                                                                                               \
    "Digest username=\"u\",realm=\"r\",nonce=\"n\",uri=\"/\",response=\"d311a9e73796ae93df48001c890c08c5\""

static void refuses_bad_credentials(void **state)
{
    static const struct bad_header bad[] = {
        {"Digest realm=\"r\",nonce=\"n\",uri=\"/\",response=\"\"", GBAU_E_MALFORMED},
        {"Digest username=\"u\",nonce=\"n\",uri=\"/\",response=\"\"", GBAU_E_MALFORMED},
        {"Digest username=\"u\",realm=\"r\",uri=\"/\",response=\"\"", GBAU_E_MALFORMED},
        {"Digest username=\"u\",realm=\"r\",nonce=\"n\",response=\"\"", GBAU_E_MALFORMED},
        {"Digest username=\"u\",realm=\"r\",nonce=\"n\",uri=\"/\"", GBAU_E_MALFORMED},
        {"Digest username*=UTF-8''u,realm=\"r\",nonce=\"n\",uri=\"/\",response=\"\"", GBAU_E_MALFORMED},
        {GOOD_CREDENTIALS ",qop=auth-int", GBAU_E_MALFORMED},
        {GOOD_CREDENTIALS ",qop=auth-int,nc=00000001", GBAU_E_MALFORMED},
        {GOOD_CREDENTIALS ",qop=auth-int,cnonce=\"c\"", GBAU_E_MALFORMED},
        {GOOD_CREDENTIALS ",qop=\"auth,auth-int\",nc=00000001,cnonce=\"c\"", GBAU_E_MALFORMED},
        {GOOD_CREDENTIALS ",qop=Auth-Int,nc=00000001,cnonce=\"c\"", GBAU_E_MALFORMED},
        {GOOD_CREDENTIALS ",qop=\"\",nc=00000001,cnonce=\"c\"", GBAU_E_MALFORMED},
        {GOOD_CREDENTIALS ",qop=auth,nc=1,cnonce=\"c\"", GBAU_E_MALFORMED},
        {GOOD_CREDENTIALS ",qop=auth,nc=000000001,cnonce=\"c\"", GBAU_E_MALFORMED},
        {GOOD_CREDENTIALS ",qop=auth,nc=0000000g,cnonce=\"c\"", GBAU_E_MALFORMED},
        {GOOD_CREDENTIALS ",qop=auth,nc=0000000A,cnonce=\"c\"", GBAU_E_MALFORMED},
        {GOOD_CREDENTIALS ",qop=auth,nc=\"\",cnonce=\"c\"", GBAU_E_MALFORMED},
        {GOOD_CREDENTIALS ",algorithm=SHA-256", GBAU_E_MALFORMED}, /* the response is that of MD5 */
        {GOOD_CREDENTIALS ",username=\"v\"", GBAU_E_MALFORMED},
        {GOOD_CREDENTIALS ",auts=\"a\",auts=\"a\"", GBAU_E_MALFORMED},
        {"Digest username=\"u\",realm=\"r\",nonce=\"n\",uri=\"/\",response=\"d311a9e73796ae93df48001c890c08c\"",
         GBAU_E_MALFORMED},
        {"Digest username=\"u\",realm=\"r\",nonce=\"n\",uri=\"/\",response=\"d311a9e73796ae93df48001c890c08cx\"",
         GBAU_E_MALFORMED},
    };
    (void)state;
    struct digest_credentials credentials;
    assert_ok(read_credentials(GOOD_CREDENTIALS, &credentials));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        enum gbau_status status = read_credentials(bad[i].text, &credentials);
        if (status != bad[i].status) {
            print_error("[%s]\n", bad[i].text);
        }
        assert_status(status, bad[i].status);
    }
}

static void drops_counts_without_qop(void **state)
{
    (void)state;
    struct digest_credentials credentials;
    assert_ok(read_credentials(GOOD_CREDENTIALS ",nc=00000007,cnonce=\"c\"", &credentials));
    assert_int_equal(credentials.nonce_count, 0);
    assert_string_equal(credentials.cnonce, "");
}

static void refuses_bad_info(void **state)
{
    (void)state;
    struct digest_info info;
    assert_status(read_info("Digest rspauth=\"\"", &info), GBAU_E_MALFORMED);
    assert_status(read_info("rspauth=\"12\"", &info), GBAU_E_MALFORMED);
    assert_status(read_info("rspauth=\"\",rspauth=\"\"", &info), GBAU_E_MALFORMED);
    assert_status(read_info("qop=auth-int,rspauth=\"\"", &info), GBAU_E_MALFORMED);
    assert_status(read_info("qop=auth-int,nc=00000001", &info), GBAU_E_MALFORMED);
    assert_status(read_info("rspauth", &info), GBAU_E_MALFORMED);
}

static void bounds_every_value(void **state)
{
    static const struct {
        const char *name;
        size_t size;
    } bounds[] = {
        {"username", DIGEST_USERNAME_SIZE}, {"realm", DIGEST_REALM_SIZE},   {"nonce", DIGEST_NONCE_SIZE},
        {"uri", DIGEST_URI_SIZE},           {"cnonce", DIGEST_CNONCE_SIZE}, {"opaque", DIGEST_OPAQUE_SIZE},
        {"auts", DIGEST_AUTS_SIZE},
    };
    static const char *const mandatory[] = {"username", "realm", "nonce", "uri", "response"};
    (void)state;
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        for (size_t excess = 0; excess < 2; excess++) {
            char text[DIGEST_HEADER_MAX];
            int length = snprintf(text, sizeof text, "Digest %s=\"%0*d\"", bounds[i].name,
                                  (int)(bounds[i].size - 1 + excess), 0);
            for (size_t j = 0; j < 5; j++) {
                if (strcmp(mandatory[j], bounds[i].name) != 0) {
                    length += snprintf(text + length, sizeof text - (size_t)length, ",%s=\"\"", mandatory[j]);
                }
            }
            struct digest_credentials credentials;
            assert_status(read_credentials(text, &credentials), excess == 0 ? GBAU_OK : GBAU_E_MALFORMED);
        }
    }
}

static void bounds_the_header(void **state)
{
    (void)state;
    char text[DIGEST_HEADER_MAX + 2];
    struct digest_challenge challenge;
    int start = snprintf(text, sizeof text, "Digest realm=\"r\",nonce=\"n\",unknown=\"");
    memset(text + start, 'x', sizeof text - (size_t)start);
    text[DIGEST_HEADER_MAX - 1] = '"';
    assert_ok(digest_read_challenge(octets_of(text, DIGEST_HEADER_MAX), &challenge));
    text[DIGEST_HEADER_MAX] = ' ';
    assert_status(digest_read_challenge(octets_of(text, DIGEST_HEADER_MAX + 1), &challenge), GBAU_E_MALFORMED);
}

static void refuses_zero_octets(void **state)
{
    static const char header[] = "Digest realm=\"r\", nonce=\"n\0x\"";
    static const char unquoted[] = "Digest realm=\"r\", nonce=n\0";
    static const char escaped[] = "Digest realm=\"r\", nonce=\"n\\\0\"";
    (void)state;
    struct digest_challenge challenge;
    assert_status(digest_read_challenge(octets_of(header, sizeof header - 1), &challenge), GBAU_E_MALFORMED);
    assert_status(digest_read_challenge(octets_of(unquoted, sizeof unquoted - 1), &challenge), GBAU_E_MALFORMED);
    assert_status(digest_read_challenge(octets_of(escaped, sizeof escaped - 1), &challenge), GBAU_E_MALFORMED);
}

static const char whole_credentials[] =
    "Digest username=\"u\\\"\", realm=\"r\", nonce=\"n\", uri=\"/\", qop=auth-int, nc=00000001, cnonce=\"c\", "
    "opaque=\"o\", algorithm=AKAv1-MD5, auts=\"a\", response=\"d311a9e73796ae93df48001c890c08c5\"";

/* A header cut anywhere is malformed: the last directive is a mandatory one. The copy makes an overrun show. */
static void refuses_every_truncation(void **state)
{
    (void)state;
    struct digest_credentials credentials;
    size_t length = sizeof whole_credentials - 1;
    assert_ok(digest_read_credentials(octets_of(whole_credentials, length), &credentials));
    for (size_t cut = 0; cut < length; cut++) {
        char *copy = malloc(cut + 1);
        assert_non_null(copy);
        memcpy(copy, whole_credentials, cut);
        assert_int_not_equal(digest_read_credentials(octets_of(copy, cut), &credentials), GBAU_OK);
        free(copy);
    }
}

/* Whatever one octet becomes: the fields stay C strings in their bounds, and what was read can be written. */
static void survives_every_changed_octet(void **state)
{
    (void)state;
    char text[sizeof whole_credentials];
    size_t length = sizeof whole_credentials - 1;
    for (size_t i = 0; i < length; i++) {
        for (unsigned octet = 0; octet < 256; octet++) {
            struct digest_credentials credentials;
            char written[DIGEST_HEADER_MAX];
            memcpy(text, whole_credentials, sizeof text);
            text[i] = (char)octet;
            if (digest_read_credentials(octets_of(text, length), &credentials) == GBAU_OK) {
                assert_ok(digest_write_credentials(&credentials, written, sizeof written));
            }
        }
    }
}

/* Writing. */

static void writes_ub_headers(void **state)
{
    (void)state;
    char text[DIGEST_HEADER_MAX];
    struct digest_challenge challenge = {.realm = BSF,
                                         .nonce = UB_NONCE,
                                         .opaque = "00ff",
                                         .scheme = DIGEST_SCHEME_AKAV1_MD5,
                                         .qop = DIGEST_QOP_AUTH_INT};
    assert_ok(digest_write_challenge(&challenge, text, sizeof text));
    assert_string_equal(text, "Digest realm=\"" BSF "\", nonce=\"" UB_NONCE
                              "\", qop=\"auth-int\", opaque=\"00ff\", algorithm=AKAv1-MD5");
    struct digest_credentials first = {.username = IMPI, .realm = BSF, .uri = "/"};
    assert_ok(digest_write_credentials(&first, text, sizeof text));
    assert_string_equal(text, "Digest username=\"" IMPI "\", realm=\"" BSF "\", nonce=\"\", uri=\"/\", response=\"\"");
    struct digest_credentials second = ub_credentials();
    (void)strcpy(second.response, "d311a9e73796ae93df48001c890c08c5");
    (void)strcpy(second.opaque, "00ff");
    (void)strcpy(second.auts, "a");
    assert_ok(digest_write_credentials(&second, text, sizeof text));
    assert_string_equal(text, "Digest username=\"" IMPI "\", realm=\"" BSF "\", nonce=\"" UB_NONCE
                              "\", uri=\"/\", qop=auth-int, nc=00000001, cnonce=\"" UB_CNONCE
                              "\", response=\"d311a9e73796ae93df48001c890c08c5\", opaque=\"00ff\", "
                              "algorithm=AKAv1-MD5, auts=\"a\"");
    struct digest_info info = {.rspauth = "7a8ba83f429974ef9ce0491290e7eb62",
                               .cnonce = UB_CNONCE,
                               .opaque = "00ff",
                               .qop = DIGEST_QOP_AUTH_INT,
                               .nonce_count = 1};
    assert_ok(digest_write_info(&info, text, sizeof text));
    assert_string_equal(text, "qop=auth-int, rspauth=\"7a8ba83f429974ef9ce0491290e7eb62\", cnonce=\"" UB_CNONCE
                              "\", nc=00000001, opaque=\"00ff\"");
}

static void writes_ua_challenge(void **state)
{
    (void)state;
    char text[DIGEST_HEADER_MAX];
    struct digest_challenge challenge = {.realm = "3GPP-bootstrapping@naf.example.com",
                                         .nonce = "n",
                                         .qop = DIGEST_QOP_AUTH | DIGEST_QOP_AUTH_INT,
                                         .stale = true};
    assert_ok(digest_write_challenge(&challenge, text, sizeof text));
    assert_string_equal(text, "Digest realm=\"3GPP-bootstrapping@naf.example.com\", nonce=\"n\", "
                              "qop=\"auth,auth-int\", stale=true, algorithm=MD5");
}

static void reads_back_what_it_wrote(void **state)
{
    (void)state;
    char text[DIGEST_HEADER_MAX];
    struct digest_credentials written = {.username = "a\"b\\c,d=e\xc3\xa4",
                                         .realm = "\\\\\"\"",
                                         .nonce = "n",
                                         .uri = "/x?y=\"z\"",
                                         .cnonce = "",
                                         .opaque = "o\\",
                                         .auts = "5PYxMuX2NOT2NeQ=",
                                         .scheme = DIGEST_SCHEME_SHA256,
                                         .qop = DIGEST_QOP_AUTH,
                                         .nonce_count = UINT32_MAX};
    struct digest_credentials read;
    assert_ok(digest_write_credentials(&written, text, sizeof text));
    assert_ok(read_credentials(text, &read));
    assert_string_equal(read.username, written.username);
    assert_string_equal(read.realm, written.realm);
    assert_string_equal(read.uri, written.uri);
    assert_string_equal(read.opaque, written.opaque);
    assert_string_equal(read.auts, written.auts);
    assert_int_equal(read.scheme, written.scheme);
    assert_int_equal(read.qop, written.qop);
    assert_int_equal(read.nonce_count, written.nonce_count);
}

static void refuses_to_write_control_characters(void **state)
{
    (void)state;
    char text[DIGEST_HEADER_MAX];
    struct digest_challenge challenge = {.realm = "r\r\nX: y", .nonce = "n"};
    assert_status(digest_write_challenge(&challenge, text, sizeof text), GBAU_E_ARGUMENT);
    struct digest_info info = {.opaque = "\x7f"};
    assert_status(digest_write_info(&info, text, sizeof text), GBAU_E_ARGUMENT);
    challenge = (struct digest_challenge){.realm = "r", .nonce = "n", .scheme = DIGEST_SCHEME_COUNT};
    assert_status(digest_write_challenge(&challenge, text, sizeof text), GBAU_E_ARGUMENT);
    challenge = (struct digest_challenge){.realm = "r", .nonce = "n", .qop = 4};
    assert_status(digest_write_challenge(&challenge, text, sizeof text), GBAU_E_ARGUMENT);
    info = (struct digest_info){.qop = (enum digest_qop)3};
    assert_status(digest_write_info(&info, text, sizeof text), GBAU_E_ARGUMENT);
}

static void refuses_every_lack_of_room(void **state)
{
    (void)state;
    struct digest_credentials credentials = ub_credentials();
    char text[DIGEST_HEADER_MAX];
    assert_ok(digest_write_credentials(&credentials, text, sizeof text));
    size_t size = strlen(text) + 1;
    assert_ok(digest_write_credentials(&credentials, text, size));
    for (size_t capacity = 0; capacity < size; capacity++) {
        assert_status(digest_write_credentials(&credentials, text, capacity), GBAU_E_SPACE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(computes_rfc7616_examples),
        cmocka_unit_test(computes_auth_int),
        cmocka_unit_test(computes_rspauth_without_integrity),
        cmocka_unit_test(writes_nonce_count_as_eight_digits),
        cmocka_unit_test(computes_rfc2617_example),
        cmocka_unit_test(computes_ub_run),
        cmocka_unit_test(takes_password_as_octets),
        cmocka_unit_test(computes_ua_digest),
        cmocka_unit_test(refuses_enums_out_of_range),
        cmocka_unit_test(compares_digests),
        cmocka_unit_test(reads_ub_challenge),
        cmocka_unit_test(reads_first_ub_request),
        cmocka_unit_test(reads_rfc3310_examples),
        cmocka_unit_test(reads_info),
        cmocka_unit_test(reads_loose_forms),
        cmocka_unit_test(takes_escapes_out),
        cmocka_unit_test(keeps_utf8),
        cmocka_unit_test(refuses_bad_challenges),
        cmocka_unit_test(refuses_bad_credentials),
        cmocka_unit_test(drops_counts_without_qop),
        cmocka_unit_test(refuses_bad_info),
        cmocka_unit_test(bounds_every_value),
        cmocka_unit_test(bounds_the_header),
        cmocka_unit_test(refuses_zero_octets),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(survives_every_changed_octet),
        cmocka_unit_test(writes_ub_headers),
        cmocka_unit_test(writes_ua_challenge),
        cmocka_unit_test(reads_back_what_it_wrote),
        cmocka_unit_test(refuses_to_write_control_characters),
        cmocka_unit_test(refuses_every_lack_of_room),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
