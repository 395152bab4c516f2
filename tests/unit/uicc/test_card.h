/*
 * test_card.h: a card in RAM for unit tests: Milenage set 1, PIN 1234 unless told otherwise, one API line.
 *
 * All APDUs of a test go through apdu(), which looks into every response for octets that must never leave a card.
 */
#ifndef TESTS_UNIT_UICC_TEST_CARD_H
#define TESTS_UNIT_UICC_TEST_CARD_H

#include <stdio.h>
#include <stdlib.h>

#include "crypto/openssl.h"
#include "testing.h"
#include "uicc/profile.h"
#include "uicc/uicc.h"

#define TEST_K   "465b5ce8b199b49faa5f0a2ee238a6bc"
#define TEST_OPC "cd63cb71954a9f4e48a5994e37a02baf"
#define TEST_PIN "31323334ffffffff"
#define TEST_PUK "3837363534333231"
#define TEST_ADM "4142434445464748"
#define TEST_NAF "6e61662e6578616d706c652e636f6d0100000002"
#define USIM_AID "a0000000871002ffffffff8907090000"
#define ISIM_AID "a0000000871004ffffffff8907090000"
#define API_AID                                                                                                        \
    "f067626175014150"                                                                                                 \
    "49"

enum { TEST_SECRET_SIZE = 16, TEST_MAX_SECRETS = 256 };

struct test_card {
    struct uicc uicc;
    struct crypto crypto;
    struct nvm_storage storage;
    uint8_t *memory;
    uint8_t secrets[TEST_MAX_SECRETS][TEST_SECRET_SIZE];
    size_t secret_count;
    bool shows_keys; /* the 3G context gives CK and IK away */
};

static inline enum gbau_status ram_write(void *context, size_t offset, const void *data, size_t length)
{
    memcpy((uint8_t *)context + offset, data, length);
    return GBAU_OK;
}

static inline enum gbau_status ram_sync(void *context, size_t offset, size_t length)
{
    (void)offset;
    (void)length;
    (void)context;
    return GBAU_OK;
}

static inline struct card_profile test_profile(void)
{
    static uint8_t naf_id[20];
    struct card_profile profile = {
        .imsi = "001010123456789",
        .mnc_digits = 2,
        .sqn_delta = PROFILE_SQN_DELTA_DEFAULT,
        .gba_rules = GBA_U_RULES_DEFAULT,
        .pin = "1234",
        .pin_enabled = true,
        .puk = "87654321",
        .api_line_count = 1,
    };
    struct aka_k k;
    struct aka_opc opc;
    from_hex(TEST_K, k.octets, sizeof k.octets);
    from_hex(TEST_OPC, opc.octets, sizeof opc.octets);
    profile.functions = aka_functions_of_milenage(&k, &opc);
    from_hex(TEST_ADM, profile.adm, sizeof profile.adm);
    from_hex(TEST_NAF, naf_id, sizeof naf_id);
    profile.api_lines[0].naf_id = octets_of(naf_id, sizeof naf_id);
    return profile;
}

/* Octets, 16 at a time, that must not come out of the card. */
static inline void test_card_add_secret(struct test_card *card, const uint8_t *secret, size_t length)
{
    for (size_t i = 0; i + TEST_SECRET_SIZE <= length; i += TEST_SECRET_SIZE) {
        assert_true(card->secret_count < TEST_MAX_SECRETS);
        memcpy(card->secrets[card->secret_count++], secret + i, TEST_SECRET_SIZE);
    }
}

static inline void test_card_search(const struct test_card *card, const uint8_t *response, size_t length)
{
    for (size_t i = 0; i < card->secret_count && !card->shows_keys; i++) {
        for (size_t start = 0; start + TEST_SECRET_SIZE <= length; start++) {
            assert_memory_not_equal(response + start, card->secrets[i], TEST_SECRET_SIZE);
        }
    }
}

/* What card_profile_make says; the card is in card->memory then, without power. */
static inline enum gbau_status test_card_try(struct test_card *card, const struct card_profile *profile)
{
    struct profile_workspace *workspace = malloc(sizeof *workspace);
    size_t size = card_profile_memory_size();
    *card = (struct test_card){.memory = calloc(1, size)};
    assert_true(workspace != NULL && card->memory != NULL);
    card->storage = (struct nvm_storage){
        .memory = card->memory, .size = size, .write = ram_write, .sync = ram_sync, .context = card->memory};
    assert_ok(crypto_openssl_open(&card->crypto));
    enum gbau_status status = card_profile_make(profile, &card->crypto, workspace, &card->storage);
    free(workspace);
    const struct milenage *milenage = &profile->functions.keys.milenage;
    test_card_add_secret(card, milenage->k.octets, sizeof milenage->k.octets);
    test_card_add_secret(card, milenage->opc.octets, sizeof milenage->opc.octets);
    return status;
}

static inline void test_card_make(struct test_card *card, const struct card_profile *profile)
{
    assert_ok(test_card_try(card, profile));
    assert_ok(uicc_power_on(&card->uicc, &card->storage, &card->crypto));
}

/* A card with the usual profile. */
static inline void test_card_begin(struct test_card *card)
{
    struct card_profile profile = test_profile();
    test_card_make(card, &profile);
}

static inline void test_card_end(struct test_card *card)
{
    uicc_power_off(&card->uicc);
    crypto_openssl_close(&card->crypto);
    free(card->memory);
}

/* Cuts the power and gives it back. */
static inline void test_card_restart(struct test_card *card)
{
    uicc_power_off(&card->uicc);
    assert_ok(uicc_power_on(&card->uicc, &card->storage, &card->crypto));
}

/* Runs one APDU given as hex and returns the response as hex, in a static buffer. */
static inline const char *apdu(struct test_card *card, const char *command_hex)
{
    static char text[2 * UICC_RESPONSE_MAX + 1];
    uint8_t command[300];
    uint8_t response[UICC_RESPONSE_MAX];
    size_t length = 0;
    assert_ok(hex_decode(octets_of_text(command_hex), command, sizeof command, &length));
    size_t response_length = uicc_process(&card->uicc, octets_of(command, length), response);
    assert_in_range(response_length, 2, UICC_RESPONSE_MAX);
    test_card_search(card, response, response_length);
    assert_ok(hex_encode(octets_of(response, response_length), text, sizeof text));
    return text;
}

/* As apdu, with the command made by printf. */
__attribute__((format(printf, 2, 3))) static inline const char *apduf(struct test_card *card, const char *format, ...)
{
    char command[700];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    assert_in_range(length, 0, sizeof command - 1);
    return apdu(card, command);
}

/* A command with data and Le = 00: counts Lc itself. */
static inline const char *apdu_with(struct test_card *card, const char *header, const char *data)
{
    return apduf(card, "%s%02zx%s00", header, strlen(data) / 2, data);
}

#define assert_apdu(card, command, response) assert_string_equal(apdu((card), (command)), (response))

/* The last four digits of a response. */
static inline const char *sw_of(const char *response)
{
    return response + strlen(response) - 4;
}

#define assert_sw(card, command, sw) assert_string_equal(sw_of(apdu((card), (command))), (sw))

/* True when a response is as expected; an x stands for any digit. */
static inline bool is_as_expected(const char *response, const char *expected)
{
    while (*response != '\0' && (*expected == *response || *expected == 'x')) {
        response++;
        expected++;
    }
    return *response == '\0' && *expected == '\0';
}

/* A table of commands, each with the response that is expected. */
struct exchange {
    const char *command;
    const char *response;
};

static inline void run_exchanges(struct test_card *card, const struct exchange *exchanges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *response = apdu(card, exchanges[i].command);
        if (!is_as_expected(response, exchanges[i].response)) {
            fail_msg("%s gives %s instead of %s", exchanges[i].command, response, exchanges[i].response);
        }
    }
}

#define assert_exchanges(card, table) run_exchanges((card), (table), sizeof(table) / sizeof(table)[0])

static inline void run_exchanges_on_new_card(const struct exchange *exchanges, size_t count)
{
    struct test_card card;
    test_card_begin(&card);
    run_exchanges(&card, exchanges, count);
    test_card_end(&card);
}

#define run_on_new_card(table) run_exchanges_on_new_card((table), sizeof(table) / sizeof(table)[0])

/* Selects the USIM on the basic channel and verifies the PIN. */
static inline void enter_usim(struct test_card *card)
{
    assert_apdu(card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(card, "0020000108" TEST_PIN, "9000");
}

#endif
