/*
 * bench_crypto.c: Milenage, TUAK and the KDF beside libosmocore, raw AES, bare Keccak and one-shot HMAC(); AES-GCM in
 * pieces beside AES-GCM at once.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "crypto/keccak.h"
#include "crypto/milenage.h"
#include "crypto/openssl.h"
#include "crypto/tuak.h"
#include "measure.h"

/* libosmogsm exports its low-level functions under names that we have too: so they are looked up. */
typedef int osmo_f1(const uint8_t *opc, const uint8_t *k, const uint8_t *rand, const uint8_t *sqn, const uint8_t *amf,
                    uint8_t *mac_a, uint8_t *mac_s);
typedef int osmo_f2345(const uint8_t *opc, const uint8_t *k, const uint8_t *rand, uint8_t *res, uint8_t *ck,
                       uint8_t *ik, uint8_t *ak, uint8_t *akstar);

enum { PIECE_SIZE = 1 << 16, PIECES = 16 };

struct bench {
    struct crypto crypto;
    struct milenage milenage;
    struct tuak tuak;
    struct aka_rand rand;
    struct aka_amf amf;
    uint8_t key[32];
    uint8_t s[100];
    uint8_t text[PIECES * PIECE_SIZE];
    osmo_f1 *f1;
    osmo_f2345 *f2345;
};

static void next_key(struct bench *bench, size_t number)
{
    memcpy(bench->milenage.k.octets, &number, sizeof number);
}

static void our_vectors(void *context, size_t count)
{
    struct bench *bench = context;
    struct aka_mac mac;
    struct milenage_f2345 keys;
    for (size_t i = 0; i < count; i++) {
        next_key(bench, i);
        measure_require(milenage_vector(&bench->crypto, &bench->milenage, &bench->rand, i, &bench->amf, &mac,
                                        &keys) == GBAU_OK, "milenage_vector");
    }
}

static void osmo_vectors(void *context, size_t count)
{
    struct bench *bench = context;
    uint8_t mac[8], res[8], ck[16], ik[16], ak[6];
    const uint8_t sqn[6] = {0};
    const uint8_t *k = bench->milenage.k.octets;
    const uint8_t *opc = bench->milenage.opc.octets;
    for (size_t i = 0; i < count; i++) {
        next_key(bench, i);
        measure_require(bench->f1(opc, k, bench->rand.octets, sqn, bench->amf.octets, mac, NULL) == 0, "osmocom f1");
        measure_require(bench->f2345(opc, k, bench->rand.octets, res, ck, ik, ak, NULL) == 0, "osmocom f2345");
    }
}

/* The five blocks of a vector, with a new key each, and nothing else. */
static void raw_aes(void *context, size_t count)
{
    struct bench *bench = context;
    uint8_t blocks[5 * AES_BLOCK_SIZE] = {0};
    for (size_t i = 0; i < count; i++) {
        next_key(bench, i);
        measure_require(crypto_block_set_key(&bench->crypto, BLOCK_AES128, BLOCK_ENCRYPT,
                                             bench->milenage.k.octets) == GBAU_OK, "AES key");
        measure_require(crypto_block_run(&bench->crypto, BLOCK_AES128, BLOCK_ENCRYPT, blocks, blocks, 5) == GBAU_OK,
                        "AES");
    }
}

static void our_tuak_vectors(void *context, size_t count)
{
    struct bench *bench = context;
    uint8_t mac[TUAK_OUTPUT_MAX];
    struct tuak_f2345 keys;
    for (size_t i = 0; i < count; i++) {
        memcpy(bench->tuak.k, &i, sizeof i);
        tuak_f1(&bench->tuak, &bench->rand, i, &bench->amf, mac);
        tuak_f2345(&bench->tuak, &bench->rand, &keys);
    }
    measure_require(count == 0 || mac[0] != 0 || mac[1] != 0 || mac[2] != 0, "tuak_f1");
}

/* The two permutations of a vector, and nothing else. */
static void bare_keccak(void *context, size_t count)
{
    (void)context;
    uint64_t lanes[KECCAK_LANES] = {1};
    for (size_t i = 0; i < 2 * count; i++) {
        keccak_f1600(lanes);
    }
    measure_require(lanes[0] != 1, "keccak_f1600");
}

static void gcm_in_pieces(void *context, size_t count)
{
    struct bench *bench = context;
    const struct aead_lengths lengths = {.aad = 0, .text = sizeof bench->text};
    struct aead_stream stream;
    uint8_t tag[AEAD_TAG_SIZE];
    for (size_t i = 0; i < count; i++) {
        measure_require(aead_stream_begin_seal(&stream, &bench->crypto, CIPHER_SUITE_AES128_GCM,
                                               octets_of(bench->key, 16), bench->s, lengths) == GBAU_OK, "GCM");
        for (size_t piece = 0; piece < PIECES; piece++) {
            uint8_t *text = bench->text + piece * PIECE_SIZE;
            measure_require(aead_stream_seal(&stream, &bench->crypto, octets_of(text, PIECE_SIZE), text) == GBAU_OK,
                            "GCM");
        }
        measure_require(aead_stream_end_seal(&stream, &bench->crypto, tag) == GBAU_OK, "GCM");
    }
}

static void gcm_at_once(void *context, size_t count)
{
    struct bench *bench = context;
    uint8_t tag[AEAD_TAG_SIZE];
    for (size_t i = 0; i < count; i++) {
        measure_require(aead_seal(&bench->crypto, CIPHER_SUITE_AES128_GCM, octets_of(bench->key, 16), bench->s,
                                  octets_of(NULL, 0), octets_of(bench->text, sizeof bench->text), bench->text,
                                  tag) == GBAU_OK, "GCM");
    }
}

/* S of 100 octets in four parameters, a new key each. */
static void our_kdf(void *context, size_t count)
{
    struct bench *bench = context;
    uint8_t derived[SHA256_SIZE];
    const struct octets parameters[] = {octets_of(bench->s, 6), octets_of(bench->s, 16), octets_of(bench->s, 49),
                                        octets_of(bench->s, 20)};
    for (size_t i = 0; i < count; i++) {
        memcpy(bench->key, &i, sizeof i);
        measure_require(kdf_derive(&bench->crypto, octets_of(bench->key, sizeof bench->key), 0x01, parameters, 4,
                                   derived) == GBAU_OK, "kdf_derive");
    }
}

static void one_shot_hmac(void *context, size_t count)
{
    struct bench *bench = context;
    uint8_t derived[SHA256_SIZE];
    unsigned length = 0;
    for (size_t i = 0; i < count; i++) {
        memcpy(bench->key, &i, sizeof i);
        measure_require(HMAC(EVP_sha256(), bench->key, sizeof bench->key, bench->s, sizeof bench->s, derived,
                             &length) != NULL, "HMAC");
    }
}

static void open_osmocom(struct bench *bench)
{
    void *library = dlopen("libosmogsm.so", RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    measure_require(library != NULL, "opening libosmogsm.so (package libosmocore-dev)");
    bench->f1 = (osmo_f1 *)dlsym(library, "milenage_f1");
    bench->f2345 = (osmo_f2345 *)dlsym(library, "milenage_f2345");
    measure_require(bench->f1 != NULL && bench->f2345 != NULL, "libosmogsm's Milenage");
}

int main(void)
{
    static struct bench bench = {.milenage = {.constants = &milenage_default_constants},
                                 .tuak = {.sizes = {.k = 16, .mac = 8, .res = 8, .ck = 16, .ik = 16}, .iterations = 1}};
    measure_require(crypto_openssl_open(&bench.crypto) == GBAU_OK, "libcrypto");
    open_osmocom(&bench);

    const struct measurement milenage = {
        .name = "milenage f1-f5, new K each", .unit = "vectors", .subject = our_vectors, .subject_context = &bench,
        .subject_count = 150000, .reference_name = "libosmocore milenage_f1 and milenage_f2345",
        .reference = osmo_vectors, .reference_context = &bench, .reference_count = 100000, .goal = 1.5,
        .bound = "two calls of EVP and one key schedule a vector"};
    struct measurement floor = milenage;
    floor.name = "milenage f1-f5 against its AES";
    floor.reference_name = "key schedule and five blocks of AES-128 by EVP";
    floor.reference = raw_aes;
    floor.reference_count = 200000;
    floor.goal = 0;
    const struct measurement kdf = {
        .name = "KDF, S of 100 octets, new key each", .unit = "derivations", .subject = our_kdf,
        .subject_context = &bench, .subject_count = 100000, .reference_name = "one-shot HMAC()",
        .reference = one_shot_hmac, .reference_context = &bench, .reference_count = 50000, .goal = 2,
        .bound = "four blocks of SHA-256 and the set-up of EVP_MAC for a new key"};
    const struct measurement tuak = {
        .name = "TUAK f1-f5, new K each", .unit = "vectors", .subject = our_tuak_vectors, .subject_context = &bench,
        .subject_count = 50000, .reference_name = "its two permutations Keccak-f[1600] alone",
        .reference = bare_keccak, .reference_context = &bench, .reference_count = 50000, .goal = 0.5,
        .bound = "two permutations; the rest is putting octets in place"};
    const struct measurement gcm = {
        .name = "AES-128-GCM of 1 MiB in pieces of 64 KiB", .unit = "messages", .subject = gcm_in_pieces,
        .subject_context = &bench, .subject_count = 20, .reference_name = "the same at once, by libcrypto",
        .reference = gcm_at_once, .reference_context = &bench, .reference_count = 100,
        .bound = "AES and GHASH by turns, where libcrypto does both at once (docs/decisions/0007)"};
    measure(&milenage);
    measure(&floor);
    measure(&tuak);
    measure(&kdf);
    measure(&gcm);
    crypto_openssl_close(&bench.crypto);
    return 0;
}
