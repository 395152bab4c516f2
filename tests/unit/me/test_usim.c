/* test_usim.c: the ME's dealings with a USIM, on a card in a file (TS 31.102). */
#include "me_testing.h"

static enum gbau_status try_open(struct bench *bench, const char *pin)
{
    enum gbau_status status = usim_open(&bench->usim, bench->reader, pin, NULL);
    assert_true((bench->usim.reader != NULL) == (status == GBAU_OK));
    usim_close(&bench->usim);
    return status;
}

/* Opening */

static void test_open(void **state)
{
    struct bench *bench = *state;
    open_usim(bench);
    assert_true(bench->usim.has_gba);
    assert_true(bench->usim.channel >= 1); /* a channel of its own */
    assert_string_equal(bench->usim.identity.imsi, IMSI);
    assert_string_equal(bench->usim.identity.impi, IMPI);
    assert_string_equal(bench->usim.identity.bsf_fqdn, "bsf.mnc001.mcc001.pub.3gppnetwork.org");
}

/* Channels are given back, also by openings that fail: the card has 20. */
static void test_channels_are_given_back(void **state)
{
    struct bench *bench = *state;
    for (unsigned i = 0; i < 50; i++) {
        assert_status(try_open(bench, NULL), GBAU_E_PIN_REQUIRED);
    }
    for (unsigned i = 0; i < 50; i++) {
        assert_ok(try_open(bench, "1234"));
    }
}

static void test_pins(void **state)
{
    static const char *const impossible[] = {"", "123", "123456789", "12a4", " 1234", "1234 ", "12.4"};
    struct bench *bench = *state;
    assert_status(try_open(bench, NULL), GBAU_E_PIN_REQUIRED);
    for (size_t i = 0; i < sizeof impossible / sizeof impossible[0]; i++) {
        assert_status(try_open(bench, impossible[i]), GBAU_E_ARGUMENT); /* costs no try */
    }
    assert_status(try_open(bench, "0000"), GBAU_E_PIN_WRONG);
    assert_status(try_open(bench, "12345"), GBAU_E_PIN_WRONG);
    assert_ok(try_open(bench, "1234")); /* the tries are all there again */
    reinsert_card(bench);
    assert_status(try_open(bench, "0000"), GBAU_E_PIN_WRONG);
    assert_status(try_open(bench, "0000"), GBAU_E_PIN_WRONG);
    assert_status(try_open(bench, "0000"), GBAU_E_PIN_BLOCKED);
    assert_status(try_open(bench, "1234"), GBAU_E_PIN_BLOCKED);
    assert_status(try_open(bench, NULL), GBAU_E_PIN_BLOCKED);
    reinsert_card(bench);
    assert_status(try_open(bench, "1234"), GBAU_E_PIN_BLOCKED);
}

static void test_lengths_of_pins(void **state)
{
    struct bench *bench = *state;
    bench->profile.pin = "12345678";
    change_card(bench);
    assert_status(try_open(bench, "1234567"), GBAU_E_PIN_WRONG);
    assert_ok(try_open(bench, "12345678"));
}

static void test_no_pin(void **state)
{
    struct bench *bench = *state;
    bench->profile.pin_enabled = false;
    change_card(bench);
    assert_ok(try_open(bench, NULL));
    assert_ok(try_open(bench, "0000")); /* not asked for, not sent */
    bench->profile.pin_enabled = true;
    change_card(bench);
    assert_ok(try_open(bench, "1234"));
}

static void check_identity(struct bench *bench, const char *imsi, unsigned mnc_digits, const char *bsf_fqdn)
{
    bench->profile.imsi = imsi;
    bench->profile.mnc_digits = mnc_digits;
    change_card(bench);
    open_usim(bench);
    assert_string_equal(bench->usim.identity.imsi, imsi);
    assert_string_equal(bench->usim.identity.bsf_fqdn, bsf_fqdn);
    usim_close(&bench->usim);
}

/* Even and odd counts of digits, both lengths of the MNC. */
static void test_identities(void **state)
{
    check_identity(*state, "310260123456789", 3, "bsf.mnc260.mcc310.pub.3gppnetwork.org");
    check_identity(*state, "31026012345678", 2, "bsf.mnc026.mcc310.pub.3gppnetwork.org");
    check_identity(*state, "3102601234567", 3, "bsf.mnc260.mcc310.pub.3gppnetwork.org");
    check_identity(*state, "1234567", 2, "bsf.mnc045.mcc123.pub.3gppnetwork.org");
    check_identity(*state, "123456", 3, "bsf.mnc456.mcc123.pub.3gppnetwork.org");
}

static void test_close_twice(void **state)
{
    struct bench *bench = *state;
    open_usim(bench);
    usim_close(&bench->usim);
    const size_t before = bench->command_count;
    usim_close(&bench->usim);
    assert_int_equal(bench->command_count, before);
}

/* AUTHENTICATE, 3G context */

static void test_3g(void **state)
{
    struct bench *bench = *state;
    struct usim_answer answer;
    open_usim(bench);
    const struct aka_vector vector = make_vector(bench, 1, false);
    assert_ok(usim_authenticate_3g(&bench->usim, &vector.rand, &vector.autn, &answer));
    assert_false(answer.is_sync_failure);
    assert_int_equal(answer.res.length, 8);
    assert_memory_equal(answer.res.octets, vector.xres.octets, 8);
    assert_memory_equal(answer.ck.octets, vector.ck.octets, AKA_CK_SIZE);
    assert_memory_equal(answer.ik.octets, vector.ik.octets, AKA_IK_SIZE);
}

static void check_auts(struct bench *bench, const struct aka_vector *vector, const struct usim_answer *answer,
                       uint64_t expected_seq)
{
    static const uint8_t nothing[AKA_CK_SIZE];
    aka_sqn sqn_ms = 0;
    const struct milenage milenage = milenage_of_card(bench);
    assert_true(answer->is_sync_failure);
    assert_int_equal(answer->res.length, 0);
    assert_memory_equal(answer->ck.octets, nothing, AKA_CK_SIZE);
    assert_ok(aka_read_auts(&bench->crypto, &milenage, &vector->rand, &answer->auts, &sqn_ms));
    assert_int_equal(sqn_ms >> AKA_SQN_IND_BITS, expected_seq);
}

static void test_sync_failures(void **state)
{
    struct bench *bench = *state;
    struct usim_answer answer;
    open_usim(bench);
    struct aka_vector vector = make_vector(bench, 100, true);
    assert_ok(usim_bootstrap(&bench->usim, &vector.rand, &vector.autn, &answer));
    assert_false(answer.is_sync_failure);
    assert_ok(usim_bootstrap(&bench->usim, &vector.rand, &vector.autn, &answer)); /* replayed */
    check_auts(bench, &vector, &answer, 100);
    vector = make_vector(bench, 99, false);
    assert_ok(usim_authenticate_3g(&bench->usim, &vector.rand, &vector.autn, &answer));
    check_auts(bench, &vector, &answer, 100);
    vector = make_vector(bench, 101, true);
    assert_ok(usim_bootstrap(&bench->usim, &vector.rand, &vector.autn, &answer));
    assert_false(answer.is_sync_failure);
}

static void test_wrong_macs(void **state)
{
    struct bench *bench = *state;
    struct usim_answer answer;
    open_usim(bench);
    const struct aka_vector vector = make_vector(bench, 1, true);
    for (size_t i = 0; i < AKA_AUTN_SIZE; i++) {
        struct aka_autn autn = vector.autn;
        autn.octets[i] ^= 0x01;
        assert_status(usim_bootstrap(&bench->usim, &vector.rand, &autn, &answer), GBAU_E_AUTHENTICATION);
    }
    assert_ok(usim_bootstrap(&bench->usim, &vector.rand, &vector.autn, &answer)); /* no SQN was used up */
    assert_false(answer.is_sync_failure);
}

/* GBA_U */

static void test_bootstrapping(void **state)
{
    static const uint8_t nothing[AKA_CK_SIZE];
    struct bench *bench = *state;
    struct usim_answer answer;
    open_usim(bench);
    const struct aka_vector vector = make_vector(bench, 1, true);
    struct aka_res flipped = vector.xres;
    gba_u_flip_res(&flipped);
    assert_ok(usim_bootstrap(&bench->usim, &vector.rand, &vector.autn, &answer));
    assert_int_equal(answer.res.length, 8);
    assert_memory_equal(answer.res.octets, flipped.octets, 8);
    assert_memory_equal(answer.ck.octets, nothing, AKA_CK_SIZE);
    assert_memory_equal(answer.ik.octets, nothing, AKA_IK_SIZE);
}

/* The mask keeps the two contexts apart: a challenge of one is none of the other. */
static void test_contexts_are_apart(void **state)
{
    struct bench *bench = *state;
    struct usim_answer answer;
    open_usim(bench);
    const struct aka_vector plain = make_vector(bench, 1, false);
    const struct aka_vector masked = make_vector(bench, 2, true);
    assert_status(usim_bootstrap(&bench->usim, &plain.rand, &plain.autn, &answer), GBAU_E_AUTHENTICATION);
    assert_status(usim_authenticate_3g(&bench->usim, &masked.rand, &masked.autn, &answer), GBAU_E_AUTHENTICATION);
}

static void check_derivation(struct bench *bench, const struct aka_vector *vector, struct octets naf_id)
{
    struct ks_ext_naf key;
    struct ks_ext_naf expected;
    const struct ks ks = ks_of(vector);
    assert_ok(usim_derive_naf(&bench->usim, naf_id, octets_of_text(IMPI), &key));
    assert_ok(gba_derive_ks_ext_naf(&bench->crypto, &ks, &vector->rand, octets_of_text(IMPI), naf_id, &expected));
    assert_memory_equal(key.octets, expected.octets, NAF_KEY_SIZE);
}

static void test_derivation(void **state)
{
    struct bench *bench = *state;
    struct ks_ext_naf key;
    const struct octets naf_id = octets_of(bench->naf_id, NAF_ID_LENGTH);
    open_usim(bench);
    assert_status(usim_derive_naf(&bench->usim, naf_id, octets_of_text(IMPI), &key), GBAU_E_NOT_FOUND);
    struct aka_vector vector = bootstrap(bench, 1);
    check_derivation(bench, &vector, naf_id);
    check_derivation(bench, &vector, octets_of_text("another.example.com\1\0\0\0\2"));
    vector = bootstrap(bench, 2);
    check_derivation(bench, &vector, naf_id);
    usim_close(&bench->usim);
    reinsert_card(bench);
    open_usim(bench);
    check_derivation(bench, &vector, naf_id); /* Ks stays in the card without power */
}

static void test_lengths_of_names(void **state)
{
    struct bench *bench = *state;
    static uint8_t octets[300];
    struct ks_ext_naf key;
    open_usim(bench);
    (void)bootstrap(bench, 1);
    memset(octets, 'n', sizeof octets);
    const struct octets naf_id = octets_of(bench->naf_id, NAF_ID_LENGTH);
    assert_status(usim_derive_naf(&bench->usim, octets_of(octets, 256), naf_id, &key), GBAU_E_ARGUMENT);
    assert_status(usim_derive_naf(&bench->usim, naf_id, octets_of(octets, 256), &key), GBAU_E_ARGUMENT);
    assert_status(usim_derive_naf(&bench->usim, octets_of(octets, 200), octets_of(octets, 53), &key), GBAU_E_SPACE);
    assert_ok(usim_derive_naf(&bench->usim, octets_of(octets, 100), octets_of(octets, 152), &key)); /* 255 in all */
}

/* CK, IK, Ks and Ks_int_NAF stay in the card: nothing of them crosses the APDU boundary. */
static void test_keys_stay_in_the_card(void **state)
{
    struct bench *bench = *state;
    struct ks_int_naf int_key;
    struct ks_ext_naf ext_key;
    const struct octets naf_id = octets_of(bench->naf_id, NAF_ID_LENGTH);
    open_usim(bench);
    const struct aka_vector vector = bootstrap(bench, 1);
    const struct ks ks = ks_of(&vector);
    const struct octets impi = octets_of_text(IMPI);
    assert_ok(gba_derive_ks_int_naf(&bench->crypto, &ks, &vector.rand, impi, naf_id, &int_key));
    assert_ok(gba_derive_ks_ext_naf(&bench->crypto, &ks, &vector.rand, impi, naf_id, &ext_key));
    assert_true(trace_holds(bench, ext_key.octets, NAF_KEY_SIZE)); /* so the search finds what is there */
    for (size_t part = 0; part < 32; part += 8) {
        assert_false(trace_holds(bench, ks.octets + part, 8));
        assert_false(trace_holds(bench, int_key.octets + part, 8));
    }
    assert_false(trace_holds(bench, bench->profile.functions.keys.milenage.k.octets, 8));
    assert_false(trace_holds(bench, bench->profile.functions.keys.milenage.opc.octets, 8));
}

/* EF_GBABP */

static void test_gbabp(void **state)
{
    struct bench *bench = *state;
    struct usim_bootstrapping read;
    open_usim(bench);
    assert_status(usim_read_bootstrapping(&bench->usim, &read), GBAU_E_NOT_FOUND);
    struct aka_vector vector = bootstrap(bench, 1);
    assert_ok(usim_read_bootstrapping(&bench->usim, &read));
    assert_string_equal(read.b_tid, B_TID);
    assert_string_equal(read.lifetime, "2030-01-01T00:00:00Z");
    assert_memory_equal(read.rand.octets, vector.rand.octets, AKA_RAND_SIZE);
    assert_ok(usim_write_bootstrapping(&bench->usim, "a@b", "2031-01-01T00:00:00Z")); /* shorter than before */
    assert_ok(usim_read_bootstrapping(&bench->usim, &read));
    assert_string_equal(read.b_tid, "a@b");
    assert_string_equal(read.lifetime, "2031-01-01T00:00:00Z");
}

/* A B-TID belongs to its own keys: a new run empties it until the ME has written the new one. */
static void test_gbabp_of_an_unfinished_run(void **state)
{
    struct bench *bench = *state;
    struct usim_bootstrapping read;
    struct usim_answer answer;
    open_usim(bench);
    (void)bootstrap(bench, 1);
    const struct aka_vector vector = make_vector(bench, 2, true);
    assert_ok(usim_bootstrap(&bench->usim, &vector.rand, &vector.autn, &answer));
    assert_status(usim_read_bootstrapping(&bench->usim, &read), GBAU_E_NOT_FOUND);
}

static void test_overlong_gbabp(void **state)
{
    struct bench *bench = *state;
    struct usim_bootstrapping read;
    char text[512];
    open_usim(bench);
    (void)bootstrap(bench, 1);
    memset(text, 't', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_status(usim_write_bootstrapping(&bench->usim, text, "x"), GBAU_E_SPACE);
    assert_status(usim_write_bootstrapping(&bench->usim, "x", text), GBAU_E_SPACE);
    text[65] = '\0';
    assert_status(usim_write_bootstrapping(&bench->usim, "x", text), GBAU_E_SPACE);
    text[65] = 't';
    text[254] = '\0';
    assert_status(usim_write_bootstrapping(&bench->usim, text, ""), GBAU_E_SPACE);
    assert_ok(usim_read_bootstrapping(&bench->usim, &read));
    assert_string_equal(read.b_tid, B_TID);
    text[216] = '\0'; /* 17 for RAND, 1 + 216 for the B-TID, 1 + 20 for the lifetime: the whole file */
    assert_ok(usim_write_bootstrapping(&bench->usim, text, "2030-01-01T00:00:00Z"));
    assert_ok(usim_read_bootstrapping(&bench->usim, &read));
    assert_string_equal(read.b_tid, text);
}

/* NAF_ID */

static enum gbau_status write_naf_id(const char *fqdn, size_t capacity, const char *expected_hex)
{
    static const uint8_t ua[NAF_ID_UA_SIZE] = {0x01, 0x00, 0x01, 0xc0, 0x2f};
    uint8_t octets[NAF_ID_MAX];
    struct octet_writer writer = octet_writer_of(octets, capacity);
    enum gbau_status status = usim_write_naf_id(&writer, fqdn, ua);
    if (status == GBAU_OK) {
        assert_octets(octets_written(&writer), expected_hex);
    }
    return status;
}

static void test_naf_ids(void **state)
{
    (void)state;
    assert_ok(write_naf_id("naf", NAF_ID_MAX, "6e6166010001c02f"));
    assert_ok(write_naf_id("NaF", 8, "6e6166010001c02f")); /* names have no case, keys have */
    assert_status(write_naf_id("naf", 7, ""), GBAU_E_SPACE);
    assert_status(write_naf_id("", NAF_ID_MAX, ""), GBAU_E_ARGUMENT);
    assert_status(write_naf_id("na f", NAF_ID_MAX, ""), GBAU_E_ARGUMENT);
    assert_status(write_naf_id("naf\n", NAF_ID_MAX, ""), GBAU_E_ARGUMENT);
    assert_status(write_naf_id("n\xc3\xa4", NAF_ID_MAX, ""), GBAU_E_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(test_open),
        bench_test(test_channels_are_given_back),
        bench_test(test_pins),
        bench_test(test_lengths_of_pins),
        bench_test(test_no_pin),
        bench_test(test_identities),
        bench_test(test_close_twice),
        bench_test(test_3g),
        bench_test(test_sync_failures),
        bench_test(test_wrong_macs),
        bench_test(test_bootstrapping),
        bench_test(test_contexts_are_apart),
        bench_test(test_derivation),
        bench_test(test_lengths_of_names),
        bench_test(test_keys_stay_in_the_card),
        bench_test(test_gbabp),
        bench_test(test_gbabp_of_an_unfinished_run),
        bench_test(test_overlong_gbabp),
        cmocka_unit_test(test_naf_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
