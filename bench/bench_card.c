/* bench_card.c: AUTHENTICATE in the card, durable and not, beside what it needs; files; opening an image. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/openssl.h"
#include "key/aka_vector.h"
#include "key/gba_keys.h"
#include "measure.h"
#include "reader/card_image.h"

enum {
    APDU_SIZE = 41,
    DURABLE_COUNT = 400,
    VOLATILE_COUNT = 40000,
    PAIR_COUNT = 200000,
    OPEN_COUNT = 200,
    FDATASYNC_OCTETS = 256
};

/* Rates that are demanded for themselves, without a reference in the run. */
#define PAIRS_DEMANDED 1.5e6
#define OPENS_DEMANDED 1e3

struct bench {
    char directory[64];
    struct crypto crypto;
    struct milenage milenage;
    struct aka_amf amf;
    struct card_image *card;
    uint64_t next_seq;
    uint8_t (*challenges)[APDU_SIZE];
    int file;
};

/* AUTHENTICATE, GBA context, with a challenge that is fresh when its turn comes. */
static void make_challenge(struct bench *bench, uint8_t apdu[APDU_SIZE])
{
    struct aka_vector vector;
    struct octet_writer writer = octet_writer_of(apdu, APDU_SIZE);
    static const uint8_t header[] = {0x00, 0x88, 0x00, 0x84, 0x23, 0xdd};
    measure_require(crypto_random(&bench->crypto, vector.rand.octets, AKA_RAND_SIZE) == GBAU_OK, "random");
    aka_sqn sqn = bench->next_seq++ << AKA_SQN_IND_BITS;
    measure_require(aka_vector_make(&bench->crypto, &bench->milenage, sqn, &bench->amf, &vector) == GBAU_OK, "vector");
    measure_require(gba_u_mask_mac(&bench->crypto, &vector.ik, vector.autn.octets + 8) == GBAU_OK, "mask");
    octet_writer_put(&writer, header, sizeof header);
    octet_writer_u8(&writer, AKA_RAND_SIZE);
    octet_writer_put(&writer, vector.rand.octets, AKA_RAND_SIZE);
    octet_writer_u8(&writer, AKA_AUTN_SIZE);
    octet_writer_put(&writer, vector.autn.octets, AKA_AUTN_SIZE);
    octet_writer_u8(&writer, 0);
}

static void run(struct bench *bench, const void *apdu, size_t length)
{
    uint8_t response[UICC_RESPONSE_MAX];
    size_t answered = card_image_process(bench->card, octets_of(apdu, length), response);
    measure_require(response[answered - 2] == 0x90, "APDU");
}

static void make_challenges(void *context, size_t count)
{
    struct bench *bench = context;
    for (size_t i = 0; i < count; i++) {
        make_challenge(bench, bench->challenges[i]);
    }
}

static void authenticate(void *context, size_t count)
{
    struct bench *bench = context;
    for (size_t i = 0; i < count; i++) {
        run(bench, bench->challenges[i], APDU_SIZE);
    }
}

static void sync_file(void *context, size_t count)
{
    struct bench *bench = context;
    uint8_t octets[FDATASYNC_OCTETS] = {0};
    for (size_t i = 0; i < count; i++) {
        memcpy(octets, &i, sizeof i);
        measure_require(pwrite(bench->file, octets, sizeof octets, 0) == (ssize_t)sizeof octets, "pwrite");
        measure_require(fdatasync(bench->file) == 0, "fdatasync");
    }
}

/* f2 to f5, f1 and SHA-1(IK): what the card cannot leave out. */
static void raw_crypto(void *context, size_t count)
{
    struct bench *bench = context;
    struct aka_rand rand = {0};
    struct milenage_f2345 keys;
    struct aka_mac mac;
    for (size_t i = 0; i < count; i++) {
        memcpy(rand.octets, &i, sizeof i);
        measure_require(milenage_f2345(&bench->crypto, &bench->milenage, &rand, &keys) == GBAU_OK, "f2345");
        measure_require(milenage_f1(&bench->crypto, &bench->milenage, &rand, i, &bench->amf, &mac, NULL) == GBAU_OK,
                        "f1");
        measure_require(gba_u_mask_mac(&bench->crypto, &keys.ik, mac.octets) == GBAU_OK, "SHA-1");
    }
}

static struct card_profile bench_profile(const struct bench *bench)
{
    return (struct card_profile){
        .imsi = "001010123456789", .mnc_digits = 2, .gba_rules = GBA_U_RULES_DEFAULT,
        .sqn_delta = PROFILE_SQN_DELTA_DEFAULT, .pin = "1234", .puk = "12345678",
        .functions = aka_functions_of_milenage(&bench->milenage.k, &bench->milenage.opc)};
}

static void make_card(struct bench *bench, const char *name, enum card_durability durability)
{
    static const uint8_t select_usim[] = {0x00, 0xa4, 0x04, 0x0c, 0x07, 0xa0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02};
    char path[96];
    const struct card_profile profile = bench_profile(bench);
    (void)snprintf(path, sizeof path, "%s/%s", bench->directory, name);
    (void)unlink(path);
    measure_require(card_image_create(path, &profile, NULL) == GBAU_OK, "making a card");
    measure_require(card_image_open(path, durability, NULL, &bench->card) == GBAU_OK, "opening a card");
    (void)unlink(path); /* it lives as long as it is open */
    run(bench, select_usim, sizeof select_usim);
}

static void measure_durable(struct bench *bench)
{
    char path[96];
    (void)snprintf(path, sizeof path, "%s/reference", bench->directory);
    bench->file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    (void)unlink(path);
    measure_require(bench->file >= 0, "making a file");
    make_card(bench, "durable", CARD_DURABLE);
    const struct measurement durable = {
        .name = "card AUTHENTICATE GBA, durable", .unit = "commands", .prepare = make_challenges,
        .subject = authenticate, .subject_context = bench, .subject_count = DURABLE_COUNT,
        .reference_name = "pwrite of 256 octets and fdatasync", .reference = sync_file, .reference_context = bench,
        .reference_count = DURABLE_COUNT, .goal = 0.7, .bound = "one sync of the disk a command"};
    measure(&durable);
    card_image_close(bench->card);
    (void)close(bench->file);
}

static void measure_volatile(struct bench *bench)
{
    make_card(bench, "volatile", CARD_VOLATILE);
    const struct measurement in_memory = {
        .name = "card AUTHENTICATE GBA, not durable", .unit = "commands", .prepare = make_challenges,
        .subject = authenticate, .subject_context = bench, .subject_count = VOLATILE_COUNT,
        .reference_name = "its Milenage and SHA-1 alone", .reference = raw_crypto, .reference_context = bench,
        .reference_count = 2 * VOLATILE_COUNT, .goal = 0.5, /* so that a round of each takes equally long */
        .bound = "ten blocks of AES, SHA-1, and the CRCs of the pages that change"};
    measure(&in_memory);
    card_image_close(bench->card);
}

/* SELECT by identifier with FCP, and READ BINARY of all of EF_IMSI. */
static void select_and_read(void *context, size_t count)
{
    static const uint8_t select_file[] = {0x00, 0xa4, 0x00, 0x04, 0x02, 0x6f, 0x07, 0x00};
    static const uint8_t read_file[] = {0x00, 0xb0, 0x00, 0x00, 0x09};
    for (size_t i = 0; i < count; i++) {
        run(context, select_file, sizeof select_file);
        run(context, read_file, sizeof read_file);
    }
}

/* The same demand for itself: subject against a rate that is given. */
static void measure_rate(const struct measurement *measurement, double demanded)
{
    double best = 0;
    for (size_t i = 0; i < MEASURE_ROUNDS; i++) {
        const double start = measure_now();
        measurement->subject(measurement->subject_context, measurement->subject_count);
        const double rate = (double)measurement->subject_count / (measure_now() - start);
        best = rate > best ? rate : best;
    }
    measure_report(measurement, best, demanded);
}

static void measure_files(struct bench *bench)
{
    make_card(bench, "files", CARD_VOLATILE);
    const struct measurement pairs = {
        .name = "card SELECT and READ BINARY", .unit = "pairs", .subject = select_and_read, .subject_context = bench,
        .subject_count = PAIR_COUNT, .reference_name = "what is demanded", .goal = 1,
        .bound = "looking for the file, its FCP and its access rule in the memory"};
    measure_rate(&pairs, PAIRS_DEMANDED);
    card_image_close(bench->card);
}

static void open_and_close(void *context, size_t count)
{
    const struct bench *bench = context;
    char path[96];
    (void)snprintf(path, sizeof path, "%s/opened", bench->directory);
    for (size_t i = 0; i < count; i++) {
        struct card_image *card = NULL;
        measure_require(card_image_open(path, CARD_VOLATILE, NULL, &card) == GBAU_OK, "opening a card");
        card_image_close(card);
    }
}

static void measure_opening(struct bench *bench)
{
    char path[96];
    const struct card_profile profile = bench_profile(bench);
    (void)snprintf(path, sizeof path, "%s/opened", bench->directory);
    measure_require(card_image_create(path, &profile, NULL) == GBAU_OK, "making a card");
    const struct measurement opening = {
        .name = "opening a card image", .unit = "images", .subject = open_and_close, .subject_context = bench,
        .subject_count = OPEN_COUNT, .reference_name = "one a millisecond", .goal = 1,
        .bound = "mapping the file, its CRCs, the checks of its tables, opening libcrypto's contexts"};
    measure_rate(&opening, OPENS_DEMANDED);
    (void)unlink(path);
}

int main(int argc, char **argv)
{
    struct bench bench = {.milenage = {.constants = &milenage_default_constants}, .next_seq = 1};
    (void)snprintf(bench.directory, sizeof bench.directory, "%.40s/bench.XXXXXX", argc > 1 ? argv[1] : ".");
    measure_require(mkdtemp(bench.directory) != NULL, "making a directory");
    measure_require(crypto_openssl_open(&bench.crypto) == GBAU_OK, "libcrypto");
    bench.challenges = calloc(VOLATILE_COUNT, APDU_SIZE);
    measure_require(bench.challenges != NULL, "memory");
    measure_durable(&bench);
    measure_volatile(&bench);
    measure_files(&bench);
    measure_opening(&bench);
    free(bench.challenges);
    crypto_openssl_close(&bench.crypto);
    (void)rmdir(bench.directory);
    return 0;
}
