/* erring_card.h: our card behind a driver that changes single answers, and runs of the checks on it. */
#ifndef TESTS_UNIT_CONFORMANCE_ERRING_CARD_H
#define TESTS_UNIT_CONFORMANCE_ERRING_CARD_H

#include "store_testing.h"

#include "conformance/check.h"
#include "conformance/conformance.h"
#include "crypto/openssl.h"
#include "reader/card_image.h"
#include "reader/reader_driver.h"

#define ERRING_K   "465b5ce8b199b49faa5f0a2ee238a6bc"
#define ERRING_OPC "cd63cb71954a9f4e48a5994e37a02baf"

enum { MUTATIONS_MAX = 8, CHECKS_MAX = 400 };

/* What is done to a command that fits, or to its answer. */
enum mutation_kind {
    NO_MUTATION,
    ANSWER, /* the card never sees the command; `octets` is the response, with its status word */
    SW,     /* the card's data, but this status word; without data when it is an error */
    FLIP,   /* `mask` is xored into octet `at` of the data */
    CUT,    /* the last octet of the data is missing */
    APPEND, /* `octets` behind the data */
    DROP,   /* the data object with tag `at` is missing in an FCP */
    CALL    /* a function does it */
};

struct erring_card;

struct mutation {
    const char *command; /* hexadecimal beginning, "X" for any digit; "$" at the end: nothing follows */
    enum mutation_kind kind;
    const char *octets; /* hexadecimal */
    unsigned from;      /* the first fitting command that is changed, from 1; 0: all */
    size_t at;
    uint8_t mask;
    size_t (*call)(struct erring_card *card, struct octets command, uint8_t *response);
};

/* One card; global, because reader.c opens the driver by name only. */
struct erring_card {
    struct card_image *image;
    struct crypto *crypto;
    const struct mutation *mutations; /* MUTATIONS_MAX of them; NULL: none */
    unsigned counts[MUTATIONS_MAX];
    unsigned commands;
    unsigned dies_after;    /* commands; 0: lives */
    uint8_t closed_channel; /* for the functions of mutations */
    bool ins_seen[256];
    bool ins_seen_with_data[256];
};
static struct erring_card erring_card;

static inline bool command_fits(struct octets command, const char *pattern)
{
    char hex[2 * (PROBE_EXTENDED_MAX + 9) + 1];
    assert_ok(hex_encode(command, hex, sizeof hex));
    size_t i = 0;
    for (; pattern[i] != '\0' && pattern[i] != '$'; i++) {
        const char digit = (char)(hex[i] >= 'a' ? hex[i] - 'a' + 'A' : hex[i]);
        if (hex[i] == '\0' || (pattern[i] != 'X' && pattern[i] != digit)) {
            return false;
        }
    }
    return pattern[i] != '$' || hex[i] == '\0';
}

static inline size_t answer_with(const char *hex, uint8_t *response)
{
    size_t length = 0;
    assert_ok(hex_decode(octets_of_text(hex), response, UICC_RESPONSE_MAX, &length));
    return length;
}

/* Without the object `tag`: 62 L {...} 9000, lengths below 80. */
static inline size_t drop_object(uint8_t *response, size_t length, size_t tag)
{
    for (size_t i = 2; i + 2 < length; i += (size_t)2 + response[i + 1]) {
        if (response[0] == 0x62 && response[i] == tag) {
            const size_t size = (size_t)2 + response[i + 1];
            response[1] = (uint8_t)(response[1] - size);
            memmove(response + i, response + i + size, length - i - size);
            return length - size;
        }
    }
    return length;
}

static inline size_t change_answer(const struct mutation *mutation, uint8_t *response, size_t length)
{
    uint8_t sw[2];
    const size_t data = length - 2;
    switch (mutation->kind) {
    case SW:
        from_hex(mutation->octets, sw, sizeof sw);
        length = sw[0] == 0x90 ? length : 2;
        memcpy(response + length - 2, sw, sizeof sw);
        return length;
    case FLIP:
        if (mutation->at < data) {
            response[mutation->at] ^= mutation->mask;
        }
        return length;
    case CUT:
        if (data == 0) {
            return length;
        }
        memmove(response + data - 1, response + data, 2);
        return length - 1;
    case APPEND:
        memcpy(sw, response + data, sizeof sw);
        length = data + answer_with(mutation->octets, response + data);
        memcpy(response + length, sw, sizeof sw);
        return length + 2;
    case DROP:
        return drop_object(response, length, mutation->at);
    default:
        return length;
    }
}

static inline const struct mutation *fitting_mutation(struct erring_card *card, struct octets command)
{
    for (size_t i = 0; card->mutations != NULL && i < MUTATIONS_MAX && card->mutations[i].kind != NO_MUTATION; i++) {
        if (command_fits(command, card->mutations[i].command) && ++card->counts[i] >= card->mutations[i].from) {
            return &card->mutations[i];
        }
    }
    return NULL;
}

static inline enum gbau_status erring_transmit(void *state, struct octets command, uint8_t *response, size_t capacity,
                                               size_t *length)
{
    struct erring_card *card = state;
    uint8_t answer[UICC_RESPONSE_MAX + 64];
    const struct mutation *mutation = fitting_mutation(card, command);
    card->commands++;
    if (card->dies_after != 0 && card->commands > card->dies_after) {
        return GBAU_E_IO;
    }
    card->ins_seen[command.data[1]] = true;
    card->ins_seen_with_data[command.data[1]] |= command.length > 5;
    if (mutation != NULL && mutation->kind == ANSWER) {
        *length = answer_with(mutation->octets, answer);
    } else if (mutation != NULL && mutation->kind == CALL) {
        *length = mutation->call(card, command, answer);
    } else {
        *length = card_image_process(card->image, command, answer);
        *length = mutation == NULL ? *length : change_answer(mutation, answer, *length);
    }
    assert_true(*length <= capacity);
    memcpy(response, answer, *length);
    return GBAU_OK;
}

static inline void erring_close(void *state)
{
    card_image_close(((struct erring_card *)state)->image);
}

static const struct reader_driver erring_driver = {.transmit = erring_transmit, .close = erring_close};

/* In the place of the room's own driver. */
enum gbau_status file_driver_open(const char *path, const struct log *log, struct reader_connection *connection)
{
    *connection = (struct reader_connection){
        .driver = &erring_driver, .state = &erring_card, .command_max = UICC_EXTENDED_COMMAND_MAX};
    const enum gbau_status status = card_image_open(path, CARD_VOLATILE, log, &erring_card.image);
    if (status == GBAU_OK) {
        card_image_allow_extended(erring_card.image);
    }
    return status;
}

/* A card in a file of its own, for one test. */
struct bench {
    struct place place;
    struct crypto crypto;
    struct card_profile profile;
    struct milenage milenage;
    struct conformance_given given;
    struct reader *reader;
    enum gbau_status status; /* of the last run */
    size_t count;
    struct conformance_result results[CHECKS_MAX];
};

static inline int open_bench(void **state)
{
    static struct bench bench;
    bench = (struct bench){.profile = {.imsi = "001010123456789",
                                       .mnc_digits = 2,
                                       .sqn = 0x123400,
                                       .sqn_delta = PROFILE_SQN_DELTA_DEFAULT,
                                       .gba_rules = GBA_U_RULES_DEFAULT,
                                       .pin = "1234",
                                       .pin_enabled = true,
                                       .puk = "87654321",
                                       .adm = "ADM1ADM1"}};
    bench.milenage.constants = &milenage_default_constants;
    from_hex(ERRING_K, bench.milenage.k.octets, AKA_K_SIZE);
    from_hex(ERRING_OPC, bench.milenage.opc.octets, AKA_OPC_SIZE);
    bench.profile.functions = aka_functions_of_milenage(&bench.milenage.k, &bench.milenage.opc);
    bench.given = (struct conformance_given){
        .pin = "1234", .puk = "87654321", .adm = bench.profile.adm, .milenage = &bench.milenage, .destructive = true};
    place_make(&bench.place);
    assert_ok(crypto_openssl_open(&bench.crypto));
    *state = &bench;
    return 0;
}

static inline int close_bench(void **state)
{
    struct bench *bench = *state;
    reader_close(bench->reader);
    crypto_openssl_close(&bench->crypto);
    place_remove(&bench->place);
    return 0;
}

#define bench_test(function) cmocka_unit_test_setup_teardown((function), open_bench, close_bench)

/* A new card, and these mutations; the card before it is gone. */
static inline void insert_card(struct bench *bench, const struct mutation *mutations)
{
    reader_close(bench->reader);
    (void)unlink(place_path(&bench->place, "card"));
    assert_ok(card_image_create(place_path(&bench->place, "card"), &bench->profile, NULL));
    erring_card = (struct erring_card){.crypto = &bench->crypto, .mutations = mutations};
    assert_ok(reader_open(place_path(&bench->place, "card"), NULL, &bench->reader));
}

static inline void keep_result(void *context, const struct conformance_result *result)
{
    struct bench *bench = context;
    assert_true(bench->count < CHECKS_MAX);
    bench->results[bench->count++] = *result;
}

/* Runs what `only` names; NULL: all. */
static inline void run_checks(struct bench *bench, const char *only)
{
    bench->count = 0;
    bench->given.only = only;
    bench->status = conformance_run(bench->reader, &bench->crypto, &bench->given, keep_result, bench, NULL);
}

/* Runs one check on a new card with these mutations; its verdict. */
static inline const struct conformance_result *result_of(struct bench *bench, const char *check,
                                                         const struct mutation *mutations)
{
    insert_card(bench, mutations);
    run_checks(bench, check);
    if (bench->status != GBAU_OK || bench->count != 1) {
        fail_msg("%s: %zu results, %s", check, bench->count, gbau_status_text(bench->status));
    }
    return &bench->results[0];
}

/* As assert_int_equal, but tells which check it is about. */
static inline void assert_verdict(const struct conformance_result *result, enum conformance_verdict expected)
{
    if (result->verdict != expected) {
        fail_msg("%s: %s, not %s: %s", result->check->name, conformance_verdict_text(result->verdict),
                 conformance_verdict_text(expected), result->detail);
    }
}

#endif
