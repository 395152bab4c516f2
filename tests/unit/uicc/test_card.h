/* test_card.h: a card in RAM for unit tests: Milenage set 1, PIN 1234 unless told otherwise, one API line. */
#ifndef TESTS_UNIT_UICC_TEST_CARD_H
#define TESTS_UNIT_UICC_TEST_CARD_H

#include <stdlib.h>

#include "crypto/openssl.h"
#include "testing.h"
#include "uicc/profile.h"
#include "uicc/uicc.h"

#define TEST_K    "465b5ce8b199b49faa5f0a2ee238a6bc"
#define TEST_OPC  "cd63cb71954a9f4e48a5994e37a02baf"
#define TEST_PIN  "31323334ffffffff"
#define TEST_PUK  "3837363534333231"
#define TEST_ADM  "4142434445464748"
#define TEST_NAF  "6e61662e6578616d706c652e636f6d0100000002"
#define USIM_AID  "a0000000871002ffffffff8907090000"
#define API_AID   "f067626175014150" "49"

struct test_card {
    struct uicc uicc;
    struct crypto crypto;
    struct nvm_storage storage;
    uint8_t *memory;
};

static inline enum gbau_status ram_write(void *context, size_t offset, const void *data, size_t length)
{
    memcpy((uint8_t *)context + offset, data, length);
    return GBAU_OK;
}

static inline enum gbau_status ram_sync(void *context)
{
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
    from_hex(TEST_K, profile.k.octets, sizeof profile.k.octets);
    from_hex(TEST_OPC, profile.opc.octets, sizeof profile.opc.octets);
    from_hex(TEST_ADM, profile.adm, sizeof profile.adm);
    from_hex(TEST_NAF, naf_id, sizeof naf_id);
    profile.api_lines[0].naf_id = octets_of(naf_id, sizeof naf_id);
    return profile;
}

static inline void test_card_make(struct test_card *card, const struct card_profile *profile)
{
    size_t size = card_profile_memory_size();
    card->memory = calloc(1, size);
    assert_non_null(card->memory);
    card->storage = (struct nvm_storage){
        .memory = card->memory, .size = size, .write = ram_write, .sync = ram_sync, .context = card->memory};
    assert_ok(crypto_openssl_open(&card->crypto));
    assert_ok(card_profile_make(profile, &card->storage));
    assert_ok(uicc_power_on(&card->uicc, &card->storage, &card->crypto));
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
    assert_ok(hex_encode(octets_of(response, response_length), text, sizeof text));
    return text;
}

#define assert_apdu(card, command, response) assert_string_equal(apdu((card), (command)), (response))

/* Selects the USIM and verifies the PIN. */
static inline void enter_usim(struct test_card *card)
{
    assert_apdu(card, "00a4040c10" USIM_AID, "9000");
    assert_apdu(card, "0020000108" TEST_PIN, "9000");
}

#endif
