/* test_hss.c: a MAR in octets becomes a MAA in octets (TS 29.109 4.2, TS 33.102 6.3 and annex C). */
#include "hss_testing.h"

#include <pthread.h>

#include "codec/gba_avp.h"
#include "hss/hss.h"

/* A MAR for IMPI as a BSF of another make would send it: coded by hand from RFC 6733 and 29.109 table 6.1. */
#define MAR_HEX                                                                                                        \
    "00000104400000200000010a4000000c000028af000001024000000c0100000500000115"                                         \
    "4000000c00000001"                                                                                                 \
    "0000000140000039"                                                                                                 \
    "30303130313030303030303030303140696d732e6d6e633030312e6d63633030312e336770706e6574776f726b2e6f7267000000"         \
    "00000264c0000028000028af00000260c000001c000028af4469676573742d414b4176312d4d4435"

enum { ANSWER_SIZE = 4096, THREADS = 8, REQUESTS = 25 };

/* An answer and the octets that its views point into. */
struct answer {
    uint8_t octets[ANSWER_SIZE];
    size_t length;
    struct gba_maa maa;
};

static struct hss *open_hss_with(struct stock *stock, struct hss_config config)
{
    struct hss *hss = NULL;
    assert_ok(hss_open(&config, stock->store, &stock->clock, NULL, &hss));
    return hss;
}

static struct hss *open_hss(struct stock *stock)
{
    return open_hss_with(stock, HSS_CONFIG_DEFAULT);
}

static void ask_octets(struct hss *hss, struct octets request, struct answer *answer)
{
    struct octet_writer writer = octet_writer_of(answer->octets, sizeof answer->octets);
    hss_answer_mar(hss, request, &writer);
    assert_ok(octet_writer_end(&writer));
    answer->length = writer.length;
    assert_ok(gba_read_maa(octets_written(&writer), &answer->maa));
}

static void ask_mar(struct hss *hss, const struct gba_mar *mar, struct answer *answer)
{
    uint8_t octets[1024];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    gba_write_mar(&writer, mar);
    assert_ok(octet_writer_end(&writer));
    ask_octets(hss, octets_written(&writer), answer);
}

static void ask(struct hss *hss, const char *impi, struct answer *answer)
{
    const struct gba_mar mar = {.impi = octets_of_text(impi), .scheme = octets_of_text(GBA_SCHEME_AKAV1)};
    ask_mar(hss, &mar, answer);
}

static void ask_resync(struct hss *hss, const char *impi, const uint8_t rand_auts[30], struct answer *answer)
{
    const struct gba_mar mar = {.impi = octets_of_text(impi), .rand_auts = octets_of(rand_auts, 30)};
    ask_mar(hss, &mar, answer);
}

static void assert_refused_with(const struct answer *answer, uint32_t result)
{
    assert_int_equal(answer->maa.result, result);
    assert_int_equal(answer->maa.rand_autn.length, 0);
    assert_int_equal(answer->maa.xres.length, 0);
    assert_int_equal(answer->maa.ck.length, 0);
    assert_int_equal(answer->maa.ik.length, 0);
    assert_int_equal(answer->maa.guss.length, 0);
}

static void ask_hex(struct hss *hss, const char *hex, struct answer *answer)
{
    uint8_t octets[1024];
    size_t length = 0;
    assert_ok(hex_decode(octets_of_text(hex), octets, sizeof octets, &length));
    ask_octets(hss, octets_of(octets, length), answer);
}

/* Reveals SQN, and checks every part of the vector with Milenage. */
static aka_sqn check_vector(struct crypto *crypto, const struct subscriber *subscriber, const struct gba_maa *maa)
{
    struct aka_rand rand;
    struct milenage_f2345 keys;
    struct aka_mac mac;
    const struct milenage milenage = milenage_of(subscriber);
    assert_int_equal(maa->result, GBA_RESULT_SUCCESS);
    memcpy(rand.octets, maa->rand_autn.data, AKA_RAND_SIZE);
    const uint8_t *autn = maa->rand_autn.data + AKA_RAND_SIZE;
    assert_ok(milenage_f2345(crypto, &milenage, &rand, &keys));
    aka_sqn sqn = 0;
    for (size_t i = 0; i < AKA_AK_SIZE; i++) {
        sqn = sqn << 8 | (uint8_t)(autn[i] ^ keys.ak.octets[i]);
    }
    assert_ok(milenage_f1(crypto, &milenage, &rand, sqn, &subscriber->amf, &mac, NULL));
    assert_memory_equal(autn + AKA_AK_SIZE, subscriber->amf.octets, AKA_AMF_SIZE);
    assert_memory_equal(autn + AKA_AK_SIZE + AKA_AMF_SIZE, mac.octets, AKA_MAC_SIZE);
    assert_int_equal(maa->xres.length, sizeof keys.res);
    assert_memory_equal(maa->xres.data, keys.res, sizeof keys.res);
    assert_memory_equal(maa->ck.data, keys.ck.octets, AKA_CK_SIZE);
    assert_memory_equal(maa->ik.data, keys.ik.octets, AKA_IK_SIZE);
    return sqn;
}

static aka_sqn next_sqn(struct stock *stock, struct hss *hss)
{
    struct answer answer;
    ask(hss, IMPI, &answer);
    return check_vector(&stock->crypto, &subscriber_1, &answer.maa);
}

/* Vectors */

static void test_mar_in_octets(void **state)
{
    struct stock *stock = *state;
    struct answer answer;
    struct hss *hss = open_hss(stock);
    ask_hex(hss, MAR_HEX, &answer);
    assert_int_equal(check_vector(&stock->crypto, &subscriber_1, &answer.maa), 1 << 5 | (24 + 1));
    assert_true(octets_equal(answer.maa.impi, octets_of_text(IMPI)));
    assert_true(octets_equal(answer.maa.scheme, octets_of_text("Digest-AKAv1-MD5")));
    hss_close(hss);
}

static void test_each_subscriber_its_own(void **state)
{
    struct stock *stock = *state;
    struct answer answer;
    struct hss *hss = open_hss(stock);
    ask(hss, IMPI_2, &answer);
    assert_int_equal(check_vector(&stock->crypto, &subscriber_2, &answer.maa) >> 5, 501);
    assert_true(octets_equal(answer.maa.impi, octets_of_text(IMPI_2)));
    assert_int_equal(next_sqn(stock, hss) >> 5, 1);
    hss_close(hss);
}

static void test_rand_is_never_the_same(void **state)
{
    struct answer first;
    struct answer second;
    struct hss *hss = open_hss(*state);
    ask(hss, IMPI, &first);
    ask(hss, IMPI, &second);
    assert_memory_not_equal(first.maa.rand_autn.data, second.maa.rand_autn.data, AKA_RAND_SIZE);
    hss_close(hss);
}

/* SEQ grows by one with each vector; IND stays in the range of GBA and lets a card accept them out of order (C.1.2). */
static void check_sqns(struct stock *stock, unsigned ind_first, unsigned ind_count)
{
    struct hss_config config = HSS_CONFIG_DEFAULT;
    uint64_t before = 0;
    config.ind_first = ind_first;
    config.ind_count = ind_count;
    struct hss *hss = open_hss_with(stock, config);
    for (unsigned i = 0; i < 70; i++) {
        const aka_sqn sqn = next_sqn(stock, hss);
        const uint64_t seq = sqn >> AKA_SQN_IND_BITS;
        assert_true(i == 0 || seq == before + 1);
        assert_int_equal(sqn & 31, ind_first + seq % ind_count);
        before = seq;
    }
    hss_close(hss);
}

static void test_seq_and_ind(void **state)
{
    check_sqns(*state, 24, 8);
    check_sqns(*state, 0, 32);
    check_sqns(*state, 31, 1);
    check_sqns(*state, 0, 1);
    check_sqns(*state, 5, 7);
}

static void test_seq_survives_a_restart(void **state)
{
    struct stock *stock = *state;
    struct hss *hss = open_hss(stock);
    const aka_sqn before = next_sqn(stock, hss);
    hss_close(hss);
    hss = open_hss(stock);
    assert_true(next_sqn(stock, hss) >> 5 > before >> 5);
    hss_close(hss);
}

static void test_last_sqn(void **state)
{
    struct stock *stock = *state;
    struct answer answer;
    struct hss_config config = HSS_CONFIG_DEFAULT;
    config.seq_block = 1;
    struct hss *hss = open_hss_with(stock, config);
    assert_ok(subscriber_store_raise_seq(stock->store, IMPI, SUBSCRIBER_SEQ_MAX - 1));
    assert_int_equal(next_sqn(stock, hss), AKA_SQN_MASK); /* SEQ all ones, IND 31 */
    ask(hss, IMPI, &answer);
    assert_refused_with(&answer, GBA_RESULT_UNABLE_TO_COMPLY);
    hss_close(hss);
}

/* GUSS */

static void check_guss(struct hss *hss, const char *impi, enum guss_uicc_type type, uint32_t lifetime)
{
    static struct guss guss;
    struct answer answer;
    ask(hss, impi, &answer);
    assert_ok(guss_read(answer.maa.guss, &guss));
    assert_string_equal(guss.impi, impi);
    assert_int_equal(guss.uicc_type, type);
    assert_int_equal(guss.lifetime, lifetime);
    assert_int_equal(guss.uss_count, 0);
}

static void test_guss(void **state)
{
    struct answer answer;
    struct hss *hss = open_hss(*state);
    check_guss(hss, IMPI, GUSS_UICC_GBA_U, 7200);
    check_guss(hss, IMPI_2, GUSS_UICC_GBA, 0);
    ask(hss, IMPI, &answer);
    assert_true(octets_equal(answer.maa.guss,
                             octets_of_text("<?xml version=\"1.0\" encoding=\"UTF-8\"?><guss id=\"" IMPI "\"><bsfInfo>"
                                            "<uiccType>GBA_U</uiccType><lifeTime>7200</lifeTime></bsfInfo>"
                                            "<ussList></ussList></guss>")));
    hss_close(hss);
}

/* Resynchronisation */

static const struct aka_amf no_amf;

static void test_resync_raises_seq(void **state)
{
    struct stock *stock = *state;
    uint8_t rand_auts[30];
    struct answer answer;
    struct hss *hss = open_hss(stock);
    assert_int_equal(next_sqn(stock, hss) >> 5, 1);
    make_rand_auts(&stock->crypto, &subscriber_1, 1000 << 5 | 3, &no_amf, rand_auts);
    ask_resync(hss, IMPI, rand_auts, &answer);
    assert_int_equal(check_vector(&stock->crypto, &subscriber_1, &answer.maa) >> 5, 1001);
    assert_memory_not_equal(answer.maa.rand_autn.data, rand_auts, AKA_RAND_SIZE); /* a fresh RAND */
    assert_int_equal(next_sqn(stock, hss) >> 5, 1002);
    hss_close(hss);
}

/* An old AUTS, replayed, takes no SEQ back: else old vectors would come again. */
static void test_resync_never_lowers(void **state)
{
    struct stock *stock = *state;
    uint8_t rand_auts[30];
    struct answer answer;
    struct hss *hss = open_hss(stock);
    make_rand_auts(&stock->crypto, &subscriber_1, 1000 << 5, &no_amf, rand_auts);
    aka_sqn before = 0;
    for (unsigned i = 0; i < 3; i++) {
        ask_resync(hss, IMPI, rand_auts, &answer);
        const aka_sqn sqn = check_vector(&stock->crypto, &subscriber_1, &answer.maa);
        assert_true(sqn >> 5 > before >> 5);
        before = sqn;
    }
    make_rand_auts(&stock->crypto, &subscriber_1, 2 << 5, &no_amf, rand_auts);
    ask_resync(hss, IMPI, rand_auts, &answer);
    assert_true(check_vector(&stock->crypto, &subscriber_1, &answer.maa) >> 5 > before >> 5);
    hss_close(hss);
}

static void test_every_changed_octet_of_auts(void **state)
{
    struct stock *stock = *state;
    uint8_t rand_auts[30];
    struct answer answer;
    struct hss *hss = open_hss(stock);
    make_rand_auts(&stock->crypto, &subscriber_1, 1000 << 5, &no_amf, rand_auts);
    for (size_t i = 0; i < sizeof rand_auts; i++) {
        rand_auts[i] ^= 0x01;
        ask_resync(hss, IMPI, rand_auts, &answer);
        assert_refused_with(&answer, GBA_RESULT_UNABLE_TO_COMPLY);
        rand_auts[i] ^= 0x01;
    }
    assert_int_equal(next_sqn(stock, hss) >> 5, 1); /* nothing was raised, nothing used up */
    ask_resync(hss, IMPI_2, rand_auts, &answer);    /* another subscriber's */
    assert_refused_with(&answer, GBA_RESULT_UNABLE_TO_COMPLY);
    hss_close(hss);
}

/* MAC-S is made with AMF* = 0000, not with the AMF of the vector (a trap known from other HSSs). */
static void test_auts_with_amf(void **state)
{
    struct stock *stock = *state;
    uint8_t rand_auts[30];
    struct answer answer;
    struct hss *hss = open_hss(stock);
    make_rand_auts(&stock->crypto, &subscriber_1, 1000 << 5, &subscriber_1.amf, rand_auts);
    ask_resync(hss, IMPI, rand_auts, &answer);
    assert_refused_with(&answer, GBA_RESULT_UNABLE_TO_COMPLY);
    hss_close(hss);
}

static void test_resync_at_the_end_of_seq(void **state)
{
    struct stock *stock = *state;
    uint8_t rand_auts[30];
    struct answer answer;
    struct hss *hss = open_hss(stock);
    make_rand_auts(&stock->crypto, &subscriber_1, AKA_SQN_MASK, &no_amf, rand_auts);
    ask_resync(hss, IMPI, rand_auts, &answer);
    assert_refused_with(&answer, GBA_RESULT_UNABLE_TO_COMPLY);
    ask(hss, IMPI_2, &answer);
    assert_int_equal(answer.maa.result, GBA_RESULT_SUCCESS);
    hss_close(hss);
}

/* Refusals */

static void test_unknown_user(void **state)
{
    struct stock *stock = *state;
    uint8_t rand_auts[30];
    struct answer answer;
    char long_name[GBA_NAME_MAX + 1];
    struct hss *hss = open_hss(stock);
    ask(hss, NOBODY, &answer);
    assert_refused_with(&answer, GBA_RESULT_IDENTITY_UNKNOWN);
    ask(hss, "001010000000001@IMS.mnc001.mcc001.3gppnetwork.org", &answer);
    assert_refused_with(&answer, GBA_RESULT_IDENTITY_UNKNOWN);
    ask(hss, "' OR 1=1 --", &answer);
    assert_refused_with(&answer, GBA_RESULT_IDENTITY_UNKNOWN);
    memset(long_name, 'x', GBA_NAME_MAX);
    long_name[GBA_NAME_MAX] = '\0';
    ask(hss, long_name, &answer);
    assert_refused_with(&answer, GBA_RESULT_IDENTITY_UNKNOWN);
    make_rand_auts(&stock->crypto, &subscriber_1, 1000 << 5, &no_amf, rand_auts);
    ask_resync(hss, NOBODY, rand_auts, &answer);
    assert_refused_with(&answer, GBA_RESULT_IDENTITY_UNKNOWN);
    hss_close(hss);
}

static void test_schemes(void **state)
{
    static const char *const others[] = {"Digest-AKAv2-MD5", "SIP Digest",        "digest-akav1-md5",
                                         "Digest-AKAv1-MD",  "Digest-AKAv1-MD5 ", "Unknown"};
    struct stock *stock = *state;
    struct answer answer;
    struct hss *hss = open_hss(stock);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const struct gba_mar mar = {.impi = octets_of_text(IMPI), .scheme = octets_of_text(others[i])};
        ask_mar(hss, &mar, &answer);
        assert_refused_with(&answer, GBA_RESULT_UNABLE_TO_COMPLY);
    }
    const struct gba_mar without = {.impi = octets_of_text(IMPI)};
    ask_mar(hss, &without, &answer);
    assert_int_equal(check_vector(&stock->crypto, &subscriber_1, &answer.maa) >> 5, 1);
    hss_close(hss);
}

#define ITEM_HEAD  "00000264c0000028000028af"
#define AVP_IMPI_A "000000014000000961000000"

struct broken_mar {
    const char *hex;
    uint32_t result;
};

static const struct broken_mar broken_mars[] = {
    {"", GBA_RESULT_MISSING_AVP},
    {"000001154000000c00000001", GBA_RESULT_MISSING_AVP},
    {ITEM_HEAD "00000260c000001c000028af4469676573742d414b4176312d4d4435", GBA_RESULT_MISSING_AVP},
    {"0000000140000008", GBA_RESULT_INVALID_AVP_LENGTH},         /* empty */
    {"0000000140000007", GBA_RESULT_INVALID_AVP_LENGTH},         /* shorter than its header */
    {"000000014000001061000000", GBA_RESULT_INVALID_AVP_LENGTH}, /* longer than the message */
    {"000000014000000961", GBA_RESULT_INVALID_AVP_LENGTH},       /* padding is missing */
    {"00000001400000", GBA_RESULT_INVALID_AVP_LENGTH},
    {AVP_IMPI_A "0000019980000010000028af0000000000", GBA_RESULT_INVALID_AVP_LENGTH},
    {AVP_IMPI_A "0000019980000011000028af0000000000000000", GBA_RESULT_INVALID_AVP_LENGTH}, /* Time in 5 octets */
    {AVP_IMPI_A "00000264c000000d000028af00000000", GBA_RESULT_INVALID_AVP_LENGTH},
    {"000000014000000a610a0000", GBA_RESULT_INVALID_AVP_VALUE},
    {"000000014000000a61000000", GBA_RESULT_INVALID_AVP_VALUE}, /* a NUL within */
    {AVP_IMPI_A AVP_IMPI_A, GBA_RESULT_AVP_OCCURS_TOO_MANY_TIMES},
    {AVP_IMPI_A "000001a4c000000c000028af", GBA_RESULT_AVP_UNSUPPORTED}, /* 420 of 3GPP, M bit */
};

static void test_broken_requests(void **state)
{
    struct answer answer;
    struct hss *hss = open_hss(*state);
    for (size_t i = 0; i < sizeof broken_mars / sizeof broken_mars[0]; i++) {
        ask_hex(hss, broken_mars[i].hex, &answer);
        if (answer.maa.result != broken_mars[i].result) {
            fail_msg("%s: %u", broken_mars[i].hex, answer.maa.result);
        }
        assert_refused_with(&answer, broken_mars[i].result);
    }
    hss_close(hss);
}

static void test_lengths_of_auts(void **state)
{
    struct answer answer;
    struct hss *hss = open_hss(*state);
    for (size_t length = 1; length <= 60; length++) {
        uint8_t octets[256];
        struct octet_writer writer = octet_writer_of(octets, sizeof octets);
        octet_writer_u32(&writer, 1);
        octet_writer_u32(&writer, 0x40000009);
        octet_writer_u32(&writer, 0x61000000);
        octet_writer_u32(&writer, 0x264);
        octet_writer_u32(&writer, 0xc0000000 | (uint32_t)(24 + (length + 3) / 4 * 4));
        octet_writer_u32(&writer, GBA_VENDOR_3GPP);
        octet_writer_u32(&writer, 0x262);
        octet_writer_u32(&writer, 0xc0000000 | (uint32_t)(12 + length));
        octet_writer_u32(&writer, GBA_VENDOR_3GPP);
        octet_writer_fill(&writer, 0, (length + 3) / 4 * 4);
        ask_octets(hss, octets_written(&writer), &answer);
        assert_refused_with(&answer, length == 30 ? GBA_RESULT_IDENTITY_UNKNOWN : GBA_RESULT_INVALID_AVP_LENGTH);
    }
    hss_close(hss);
}

/* Every octet of a good request with many other values, and every shorter request: always an answer, never a crash. */
static void test_changed_and_cut_requests(void **state)
{
    uint8_t octets[512];
    size_t length = 0;
    struct answer answer;
    struct hss *hss = open_hss(*state);
    assert_ok(hex_decode(octets_of_text(MAR_HEX), octets, sizeof octets, &length));
    for (size_t i = 0; i < length; i++) {
        uint8_t *cut = malloc(i == 0 ? 1 : i);
        assert_non_null(cut);
        memcpy(cut, octets, i);
        ask_octets(hss, octets_of(cut, i), &answer);
        assert_true(answer.maa.result != 0);
        free(cut);
        for (unsigned flip = 1; flip < 256; flip <<= 1) {
            octets[i] ^= (uint8_t)flip;
            ask_octets(hss, octets_of(octets, length), &answer);
            assert_true(answer.maa.result != 0);
            octets[i] ^= (uint8_t)flip;
        }
    }
    hss_close(hss);
}

static void test_no_room_for_the_answer(void **state)
{
    struct answer answer;
    uint8_t request[512];
    size_t length = 0;
    struct hss *hss = open_hss(*state);
    assert_ok(hex_decode(octets_of_text(MAR_HEX), request, sizeof request, &length));
    ask_octets(hss, octets_of(request, length), &answer);
    for (size_t capacity = 0; capacity < answer.length; capacity += 7) {
        uint8_t *room = malloc(capacity + 1);
        assert_non_null(room);
        struct octet_writer writer = octet_writer_of(room, capacity);
        hss_answer_mar(hss, octets_of(request, length), &writer);
        assert_status(octet_writer_end(&writer), GBAU_E_SPACE);
        free(room);
    }
    hss_close(hss);
}

/* Keys that were stored plainly are not used by an HSS whose store is to be sealed. */
static void test_store_fails(void **state)
{
    struct stock *stock = *state;
    struct answer answer;
    struct subscriber_store *sealed = NULL;
    struct hss *hss = NULL;
    const struct hss_config config = HSS_CONFIG_DEFAULT;
    struct key_wrap *wrap = open_wrap(&stock->place, "key", KEY_1);
    assert_ok(subscriber_store_open(database_path(stock), false, wrap, NULL, &sealed));
    assert_ok(hss_open(&config, sealed, &stock->clock, NULL, &hss));
    ask(hss, IMPI, &answer);
    assert_refused_with(&answer, GBA_RESULT_UNABLE_TO_COMPLY);
    hss_close(hss);
    subscriber_store_close(sealed);
    key_wrap_close(wrap);
}

/* Opening */

static enum gbau_status open_with(struct stock *stock, uint32_t block, unsigned ind_first, unsigned ind_count,
                                  unsigned cryptos)
{
    const struct hss_config config = {
        .seq_block = block, .ind_first = ind_first, .ind_count = ind_count, .crypto_count = cryptos};
    struct hss *hss = NULL;
    enum gbau_status status = hss_open(&config, stock->store, &stock->clock, NULL, &hss);
    assert_true((hss != NULL) == (status == GBAU_OK));
    hss_close(hss);
    return status;
}

static void test_configurations(void **state)
{
    assert_ok(open_with(*state, 1, 0, 32, 1));
    assert_ok(open_with(*state, 1 << 20, 31, 1, 64));
    assert_status(open_with(*state, 0, 0, 32, 1), GBAU_E_ARGUMENT);
    assert_status(open_with(*state, (1 << 20) + 1, 0, 32, 1), GBAU_E_ARGUMENT);
    assert_status(open_with(*state, 1, 0, 0, 1), GBAU_E_ARGUMENT);
    assert_status(open_with(*state, 1, 0, 33, 1), GBAU_E_ARGUMENT);
    assert_status(open_with(*state, 1, 24, 9, 1), GBAU_E_ARGUMENT);
    assert_status(open_with(*state, 1, 32, 1, 1), GBAU_E_ARGUMENT);
    assert_status(open_with(*state, 1, UINT32_MAX, 2, 1), GBAU_E_ARGUMENT); /* a sum that wraps */
    assert_status(open_with(*state, 1, 2, UINT32_MAX, 1), GBAU_E_ARGUMENT);
    assert_int_not_equal(open_with(*state, 1, 0, 32, 0), GBAU_OK);
    assert_int_not_equal(open_with(*state, 1, 0, 32, 65), GBAU_OK);
    hss_close(NULL);
}

/* Threads */

struct asker {
    struct hss *hss;
    pthread_t thread;
    struct answer answers[REQUESTS];
};

static void *run_asker(void *context)
{
    struct asker *asker = context;
    for (size_t i = 0; i < REQUESTS; i++) {
        ask(asker->hss, IMPI, &asker->answers[i]);
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct stock *stock = *state;
    static struct asker askers[THREADS];
    static bool seen[THREADS * REQUESTS + 1];
    struct hss *hss = open_hss(stock);
    for (size_t i = 0; i < THREADS; i++) {
        askers[i].hss = hss;
        assert_int_equal(pthread_create(&askers[i].thread, NULL, run_asker, &askers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(askers[i].thread, NULL), 0);
        for (size_t j = 0; j < REQUESTS; j++) {
            const uint64_t seq = check_vector(&stock->crypto, &subscriber_1, &askers[i].answers[j].maa) >> 5;
            assert_true(seq >= 1 && seq <= THREADS * REQUESTS);
            assert_false(seen[seq]);
            seen[seq] = true;
        }
    }
    hss_close(hss);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        stock_test(test_mar_in_octets),
        stock_test(test_each_subscriber_its_own),
        stock_test(test_rand_is_never_the_same),
        stock_test(test_seq_and_ind),
        stock_test(test_seq_survives_a_restart),
        stock_test(test_last_sqn),
        stock_test(test_guss),
        stock_test(test_resync_raises_seq),
        stock_test(test_resync_never_lowers),
        stock_test(test_every_changed_octet_of_auts),
        stock_test(test_auts_with_amf),
        stock_test(test_resync_at_the_end_of_seq),
        stock_test(test_unknown_user),
        stock_test(test_schemes),
        stock_test(test_broken_requests),
        stock_test(test_lengths_of_auts),
        stock_test(test_changed_and_cut_requests),
        stock_test(test_no_room_for_the_answer),
        stock_test(test_store_fails),
        stock_test(test_configurations),
        stock_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
