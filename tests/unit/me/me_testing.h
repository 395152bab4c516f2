/* me_testing.h: what the tests of the ME share: a card in a file, reached through its reader, and its home network. */
#ifndef TESTS_UNIT_ME_ME_TESTING_H
#define TESTS_UNIT_ME_ME_TESTING_H

#include "store_testing.h"

#include "crypto/openssl.h"
#include "key/aka_vector.h"
#include "me/usim.h"
#include "reader/card_image.h"

#define IMSI   "001010123456789"
#define IMPI   IMSI "@ims.mnc001.mcc001.3gppnetwork.org"
#define B_TID  "I1U8vpY3qJ0hiuZNrke/NQ==@bsf.mnc001.mcc001.pub.3gppnetwork.org"
#define K_HEX  "465b5ce8b199b49faa5f0a2ee238a6bc"
#define OPC    "cd63cb71954a9f4e48a5994e37a02baf"
#define NAF_ID "6e61662e6578616d706c652e636f6d0100000002" /* naf.example.com, 01 00 00 00 02 */

enum { NAF_ID_LENGTH = 20, TRACE_SIZE = 1 << 16 };

/* A card in a file of its own, for one test. */
struct bench {
    struct place place;
    struct crypto crypto;
    struct card_profile profile;
    uint8_t naf_id[NAF_ID_LENGTH];
    struct reader *reader;
    struct usim usim;
    uint8_t trace[TRACE_SIZE]; /* every octet that crossed the APDU boundary */
    size_t trace_length;
    size_t command_count;
    size_t longest_command;
};

static inline void note_apdu(void *context, struct octets command, struct octets response)
{
    struct bench *bench = context;
    struct octet_writer writer = {.data = bench->trace, .capacity = sizeof bench->trace, .length = bench->trace_length};
    octet_writer_put_octets(&writer, command);
    octet_writer_put_octets(&writer, response);
    assert_ok(octet_writer_end(&writer));
    bench->trace_length = writer.length;
    bench->command_count++;
}

static inline void open_reader(struct bench *bench)
{
    assert_ok(reader_open(place_path(&bench->place, "card"), NULL, &bench->reader));
    reader_observe(bench->reader, note_apdu, bench);
}

static inline void make_card(struct bench *bench)
{
    (void)unlink(place_path(&bench->place, "card"));
    assert_ok(card_image_create(place_path(&bench->place, "card"), &bench->profile, NULL));
}

/* Takes the card out, and puts in a new one of bench->profile. */
static inline void change_card(struct bench *bench)
{
    reader_close(bench->reader);
    make_card(bench);
    open_reader(bench);
}

/* Takes the card out and puts it in again. */
static inline void reinsert_card(struct bench *bench)
{
    reader_close(bench->reader);
    open_reader(bench);
}

static inline int open_bench(void **state)
{
    static struct bench bench;
    bench = (struct bench){.profile = {.imsi = IMSI,
                                       .mnc_digits = 2,
                                       .sqn_delta = PROFILE_SQN_DELTA_DEFAULT,
                                       .gba_rules = GBA_U_RULES_DEFAULT,
                                       .pin = "1234",
                                       .pin_enabled = true,
                                       .puk = "87654321",
                                       .adm = "ADM1ADM1",
                                       .api_line_count = 1}};
    struct aka_k k;
    struct aka_opc opc;
    from_hex(K_HEX, k.octets, AKA_K_SIZE);
    from_hex(OPC, opc.octets, AKA_OPC_SIZE);
    bench.profile.functions = aka_functions_of_milenage(&k, &opc);
    from_hex(NAF_ID, bench.naf_id, sizeof bench.naf_id);
    bench.profile.api_lines[0].naf_id = octets_of(bench.naf_id, sizeof bench.naf_id);
    place_make(&bench.place);
    assert_ok(crypto_openssl_open(&bench.crypto));
    make_card(&bench);
    open_reader(&bench);
    *state = &bench;
    return 0;
}

static inline int close_bench(void **state)
{
    struct bench *bench = *state;
    usim_close(&bench->usim);
    reader_close(bench->reader);
    crypto_openssl_close(&bench->crypto);
    place_remove(&bench->place);
    return 0;
}

#define bench_test(function) cmocka_unit_test_setup_teardown((function), open_bench, close_bench)

static inline void open_usim(struct bench *bench)
{
    assert_ok(usim_open(&bench->usim, bench->reader, "1234", NULL));
}

/* The home network */

static inline struct milenage milenage_of_card(const struct bench *bench)
{
    return bench->profile.functions.keys.milenage;
}

/* A vector with this SEQ; with `is_gba_u` its AUTN is AUTN*. */
static inline struct aka_vector make_vector(struct bench *bench, uint64_t seq, bool is_gba_u)
{
    struct aka_vector vector;
    const struct aka_amf amf = {.octets = {0x12, 0x34}};
    const struct milenage milenage = milenage_of_card(bench);
    assert_ok(crypto_random(&bench->crypto, vector.rand.octets, AKA_RAND_SIZE));
    assert_ok(aka_vector_make(&bench->crypto, &milenage, seq << AKA_SQN_IND_BITS | 24, &amf, &vector));
    if (is_gba_u) {
        assert_ok(gba_u_mask_mac(&bench->crypto, &vector.ik, vector.autn.octets + AKA_AUTN_SIZE - AKA_MAC_SIZE));
    }
    return vector;
}

static inline struct ks ks_of(const struct aka_vector *vector)
{
    struct ks ks;
    ks_from_ck_ik(&ks, &vector->ck, &vector->ik);
    return ks;
}

/* A GBA_U run with B-TID written, and the keys of NAF_ID derived in the card. */
static inline struct aka_vector bootstrap(struct bench *bench, uint64_t seq)
{
    struct usim_answer answer;
    struct ks_ext_naf key;
    const struct aka_vector vector = make_vector(bench, seq, true);
    assert_ok(usim_bootstrap(&bench->usim, &vector.rand, &vector.autn, &answer));
    assert_false(answer.is_sync_failure);
    assert_ok(usim_write_bootstrapping(&bench->usim, B_TID, "2030-01-01T00:00:00Z"));
    assert_ok(usim_derive_naf(&bench->usim, octets_of(bench->naf_id, NAF_ID_LENGTH), octets_of_text(IMPI), &key));
    return vector;
}

static inline bool trace_holds(const struct bench *bench, const void *octets, size_t length)
{
    return memmem(bench->trace, bench->trace_length, octets, length) != NULL;
}

#endif
