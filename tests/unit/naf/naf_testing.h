/* naf_testing.h: what the tests of the NAF's core share: a NAF with a clock, a BSF and a UE made by hand. */
#ifndef TESTS_UNIT_NAF_NAF_TESTING_H
#define TESTS_UNIT_NAF_NAF_TESTING_H

#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/openssl.h"
#include "key/api_aid.h"
#include "naf/naf.h"

#define FQDN  "naf.example.com"
#define IMPI  "234150999999999@ims.mnc015.mcc234.3gppnetwork.org"
#define B_TID "I1U8vpY3qJ0hiuZNrke/NQ==@bsf.mnc015.mcc234.pub.3gppnetwork.org"

/* Of Milenage set 1 for naf.example.com and 01 00 00 00 02, computed apart from this project. */
#define KS_EXT_NAF "62949fd8507b5d801f6c2f432d9aacceb0a6367d2e5e41cf4b1a6280aa12d0cb"
#define KS_INT_NAF "08cab4e27c89593458742c632f2db991e76def6af4a83976dff23ce0a9fb2d7b"

enum { START = 1700000000, KEY_LIFETIME_S = 3600, NONCE_LIFETIME_S = 300 };

/* A NAF for one test. */
struct bench {
    struct crypto crypto;
    unix_time now;
    struct clock clock;
    struct naf_config config;
    struct naf *naf;
};

static inline unix_time read_time(void *context)
{
    return *(unix_time *)context;
}

static inline void open_naf(struct bench *bench)
{
    assert_ok(naf_open(&bench->config, &bench->clock, NULL, &bench->naf));
}

/* For tests that change bench->config. */
static inline void reopen_naf(struct bench *bench)
{
    naf_close(bench->naf);
    open_naf(bench);
}

static inline int open_bench(void **state)
{
    static struct bench bench;
    bench = (struct bench){.now = START,
                           .clock = {.now = read_time, .context = &bench.now},
                           .config = {.fqdn = FQDN,
                                      .digest_ua = {0x01, 0x00, 0x00, 0x00, 0x02},
                                      .sealed_ua = {0xff, 0x67, 0x62, 0x00, 0x01},
                                      .sealed_path = "/messages",
                                      .nonce_lifetime_s = NONCE_LIFETIME_S,
                                      .key_cache_max = 1000,
                                      .crypto_count = 2}};
    assert_ok(crypto_openssl_open(&bench.crypto));
    open_naf(&bench);
    *state = &bench;
    return 0;
}

static inline int close_bench(void **state)
{
    struct bench *bench = *state;
    naf_close(bench->naf);
    crypto_openssl_close(&bench->crypto);
    return 0;
}

#define bench_test(function) cmocka_unit_test_setup_teardown((function), open_bench, close_bench)

/* The BSF */

/* What it answers with; the octets are static. */
static inline struct gba_bia good_bia(void)
{
    static uint8_t ext_key[NAF_KEY_SIZE];
    static uint8_t int_key[NAF_KEY_SIZE];
    from_hex(KS_EXT_NAF, ext_key, sizeof ext_key);
    from_hex(KS_INT_NAF, int_key, sizeof int_key);
    return (struct gba_bia){.result = GBA_RESULT_SUCCESS,
                            .impi = octets_of_text(IMPI),
                            .me_key_material = octets_of(ext_key, sizeof ext_key),
                            .uicc_key_material = octets_of(int_key, sizeof int_key),
                            .key_expiry = clock_to_ntp(START + KEY_LIFETIME_S)};
}

static inline void answer_bia(struct bench *bench, struct naf_exchange *exchange, const struct gba_bia *bia)
{
    uint8_t octets[4096];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    gba_write_bia(&writer, bia);
    assert_ok(octet_writer_end(&writer));
    assert_int_equal(exchange->next, NAF_ASK_BSF);
    naf_continue(bench->naf, exchange, GBAU_OK, octets_written(&writer));
}

/* Checks what the NAF asks the BSF. */
static inline void assert_asks_bsf(const struct naf_exchange *exchange, const char *b_tid, const char *naf_id_hex)
{
    struct gba_bir bir;
    uint32_t result = 0;
    assert_int_equal(exchange->next, NAF_ASK_BSF);
    assert_ok(gba_read_bir(exchange->bir, &bir, &result));
    assert_true(octets_equal(bir.b_tid, octets_of_text(b_tid)));
    assert_octets(bir.naf_id, naf_id_hex);
    assert_true(bir.gba_u_aware);
    assert_int_equal(bir.gsid_count, 0);
}

/* Answers */

static inline void assert_responds(const struct naf_exchange *exchange, unsigned status)
{
    assert_int_equal(exchange->next, NAF_RESPOND);
    assert_int_equal(exchange->response.status, status);
}

/* A response with this status and nothing else in it. */
static inline void assert_refused(const struct naf_exchange *exchange, unsigned status)
{
    assert_responds(exchange, status);
    assert_string_equal(exchange->response.www_authenticate, "");
    assert_string_equal(exchange->response.authentication_info, "");
    assert_string_equal(exchange->response.content_type, "");
    assert_string_equal(exchange->response.body, "");
}

static inline struct digest_challenge assert_challenged(const struct naf_exchange *exchange, bool stale)
{
    struct digest_challenge challenge;
    assert_responds(exchange, 401);
    assert_ok(digest_read_challenge(octets_of_text(exchange->response.www_authenticate), &challenge));
    assert_int_equal(challenge.stale, stale);
    assert_string_equal(exchange->response.body, "");
    assert_string_equal(exchange->response.authentication_info, "");
    return challenge;
}

#endif
