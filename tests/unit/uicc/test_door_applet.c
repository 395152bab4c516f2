/*
 * test_door_applet.c: a card that is embedded through the public header alone, with applets: the example that opens doors,
 * and one that tries what it may not do. The cryptography stands on five primitives.
 */
#include "api_testing.h"
#include "door_applet.h"
#include "uicc/pin.h"

enum { OK = 0x9000, RAM_OF_A_CARD = 6 * 1024, STACK = 1024 };

#define DOOR_AID  "f0646f6f7231"
#define THIEF_AID "f07468696566"
#define DOOR_NAF  "646f6f72732e6578616d706c65ff67620001"

static uint8_t door_naf[18];
static const uint8_t door_aid[] = {0xf0, 'd', 'o', 'o', 'r', '1'};
static const uint8_t thief_aid[] = {0xf0, 't', 'h', 'i', 'e', 'f'};

/* Primitives: those of the crypto room, seen through the public table */

static struct crypto *crypto_of(void *context)
{
    return context;
}

static enum gbau_status set_key(void *context, enum gbau_block_cipher cipher, bool decrypts, const uint8_t *key)
{
    return crypto_block_set_key(crypto_of(context), (enum block_cipher)cipher, decrypts ? BLOCK_DECRYPT : BLOCK_ENCRYPT,
                                key);
}

static enum gbau_status run_blocks(void *context, enum gbau_block_cipher cipher, bool decrypts, const uint8_t *in,
                                   uint8_t *out, size_t blocks)
{
    return crypto_block_run(crypto_of(context), (enum block_cipher)cipher, decrypts ? BLOCK_DECRYPT : BLOCK_ENCRYPT, in,
                            out, blocks);
}

static enum gbau_status compress(void *context, enum gbau_compression compression, uint32_t chaining[8],
                                 const uint8_t *blocks, size_t count)
{
    const enum digest_algorithm digest = compression == GBAU_COMPRESS_SM3 ? DIGEST_SM3 : DIGEST_SHA256;
    return crypto_digest_blocks(crypto_of(context), digest, chaining, blocks, count);
}

static enum gbau_status sha1(void *context, const uint8_t *data, size_t length, uint8_t hash[20])
{
    const struct octets part = octets_of(data, length);
    return crypto_digest(crypto_of(context), DIGEST_SHA1, &part, 1, hash);
}

static enum gbau_status random_octets(void *context, uint8_t *out, size_t length)
{
    return crypto_random(crypto_of(context), out, length);
}

/* The thief: every function of the API on keys that are not his. */

struct thief {
    uint16_t opened;
    uint16_t opened_persisted;
    uint16_t handles[API_SESSIONS];
    uint16_t misuse[8];
};

static uint16_t steal(void *context, struct gbau_api *api, const struct gbau_applet_command *command,
                      struct gbau_applet_response *response)
{
    struct thief *thief = context;
    uint8_t handle = 0;
    struct gbau_api_output output;
    const struct gbau_api_request request = {.naf_id = door_naf,
                                             .naf_id_length = sizeof door_naf,
                                             .usage = 2,
                                             .direction = 1,
                                             .algorithm = 0x21,
                                             .label = (const uint8_t *)"door",
                                             .label_length = 4};
    struct gbau_api_request wrong = request;
    const struct gbau_api_block block = {
        .operation = GBAU_API_MAC, .is_first = true, .is_last = true, .text = door_naf, .text_length = 1};
    struct gbau_api_block wrong_block = block;
    thief->opened = gbau_api_open(api, &request, &handle);
    thief->opened_persisted = gbau_api_open_persisted(api, &request, &handle);
    for (uint8_t i = 0; i < API_SESSIONS; i++) {
        thief->handles[i] = gbau_api_process(api, i, &block, &output);
    }
    wrong.label_length = 65;
    thief->misuse[0] = gbau_api_open(api, &wrong, &handle);
    thief->misuse[1] = gbau_api_open_persisted(api, &wrong, &handle);
    wrong = request;
    wrong.naf_id_length = 5;
    thief->misuse[2] = gbau_api_open(api, &wrong, &handle);
    thief->misuse[3] = gbau_api_delete_persisted(api, &wrong);
    wrong = request;
    wrong.context_length = 65;
    thief->misuse[4] = gbau_api_derive(api, 0, &wrong, &handle);
    wrong_block.operation = 6;
    thief->misuse[5] = gbau_api_process(api, 0, &wrong_block, &output);
    wrong_block.operation = GBAU_API_MAC;
    wrong_block.text_length = 201;
    thief->misuse[6] = gbau_api_process(api, 0, &wrong_block, &output);
    wrong_block.text_length = 1;
    wrong_block.operation = 0;
    thief->misuse[7] = gbau_api_process(api, 0, &wrong_block, &output);
    response->length = command->length > 0 ? 300 : 0; /* more than there is room for */
    return OK;
}

/* A card in RAM with lines for the API's applet and the door's, through the public header. */
struct bench {
    struct test_card made; /* its memory and its crypto; the card itself runs in `card` */
    struct gbau_uicc card;
    struct gbau_uicc_memory memory;
    struct gbau_uicc_primitives primitives;
    struct door_service service;
    struct thief thief;
    struct gbau_applet applets[2];
};

/* The line of the door's applet, by ADM, as the API's own applet has one from the factory. */
static void write_door_line(struct test_card *card)
{
    char update[300];
    memset(update, 'f', sizeof update);
    memcpy(update, "00dc020478", 10);
    memcpy(update + 10, "801a06" DOOR_AID "12" DOOR_NAF, strlen("801a06" DOOR_AID "12" DOOR_NAF));
    update[10 + 240] = '\0';
    enter_usim(card);
    assert_sw(card, "0020000a08" TEST_ADM, "9000");
    assert_sw(card, "00a4080c047fff6f0a", "9000");
    assert_sw(card, update, "9000");
}

static enum gbau_status power_on(struct bench *bench)
{
    return gbau_uicc_power_on(&bench->card, &bench->memory, &bench->primitives, bench->applets, 2);
}

static void begin(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    from_hex(DOOR_NAF, door_naf, sizeof door_naf);
    test_card_begin(&bench->made);
    write_door_line(&bench->made);
    uicc_power_off(&bench->made.uicc);
    bench->memory = (struct gbau_uicc_memory){.memory = bench->made.memory,
                                              .size = bench->made.storage.size,
                                              .write = ram_write,
                                              .sync = ram_sync,
                                              .context = bench->made.memory};
    bench->primitives = (struct gbau_uicc_primitives){
        set_key, run_blocks, compress, sha1, random_octets, &bench->made.crypto};
    bench->service = (struct door_service){.naf_id = door_naf, .naf_id_length = sizeof door_naf};
    bench->applets[0] = (struct gbau_applet){door_aid, sizeof door_aid, door_applet_process, &bench->service};
    bench->applets[1] = (struct gbau_applet){thief_aid, sizeof thief_aid, steal, &bench->thief};
    assert_ok(power_on(bench));
}

static void end(struct bench *bench)
{
    gbau_uicc_power_off(&bench->card);
    for (size_t i = 0; i < GBAU_UICC_RAM / 8; i++) {
        assert_true(bench->card.ram[i] == 0);
    }
    crypto_openssl_close(&bench->made.crypto);
    free(bench->made.memory);
}

/* As apdu() of test_card.h, for the embedded card. */
static const char *send(struct bench *bench, const char *hex)
{
    static char text[2 * GBAU_UICC_RESPONSE_MAX + 1];
    uint8_t command[300];
    uint8_t response[GBAU_UICC_RESPONSE_MAX];
    size_t length = 0;
    assert_ok(hex_decode(octets_of_text(hex), command, sizeof command, &length));
    const size_t size = gbau_uicc_process(&bench->card, command, length, response);
    test_card_search(&bench->made, response, size);
    assert_ok(hex_encode(octets_of(response, size), text, sizeof text));
    return text;
}

#define assert_answer(bench, command, response) assert_string_equal(send((bench), (command)), (response))

static void enter(struct bench *bench)
{
    assert_answer(bench, "00a4040c10" USIM_AID, "9000");
    assert_answer(bench, "0020000108" TEST_PIN, "9000");
}

/* Bootstraps and derives for the doors' service; gives the key that the service has for its doors. */
static struct application_key derive_for_doors(struct bench *bench, uint8_t rand_octet, uint64_t seq)
{
    const struct challenge challenge = make_challenge(&bench->made, rand_octet, TEST_SQN(seq, 0));
    assert_answer(bench, challenge.bootstrap, challenge.bootstrapped);
    assert_string_equal(sw_of(send(bench, "0088008446de12" DOOR_NAF "31" TEST_IMPI "00")), "9000");
    const struct ks_int_naf root = int_key_by(&bench->made, &challenge, DOOR_NAF);
    const struct application_key_description description = {.usage = KEY_USAGE_MAC,
                                                            .direction = KEY_DIRECTION_CARD_TO_NAF,
                                                            .algorithm = KEY_ALGORITHM_HMAC_SHA256,
                                                            .label = octets_of_text("door"),
                                                            .caller = octets_of(door_aid, sizeof door_aid)};
    struct application_key key;
    assert_ok(application_key_derive(&bench->made.crypto, &root, &description, &key));
    test_card_add_secret(&bench->made, key.octets, sizeof key.octets);
    return key;
}

static void assert_opens(struct bench *bench, const struct application_key *key, uint8_t first)
{
    uint8_t challenge[16] = {first};
    uint8_t mac[MAC_MAX_SIZE];
    char command[64];
    char expected[80];
    const struct octets part = octets_of(challenge, sizeof challenge);
    assert_ok(application_key_mac(&bench->made.crypto, key, &part, 1, mac));
    (void)snprintf(command, sizeof command, "81e2000010%s00", hex_of(challenge, 16));
    (void)snprintf(expected, sizeof expected, "%s9000", hex_of(mac, 32));
    assert_answer(bench, command, expected);
}

static void select_door(struct bench *bench)
{
    assert_answer(bench, "0070000001", "019000");
    assert_answer(bench, "01a4040c06" DOOR_AID, "9000");
}

static void test_door(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    select_door(&bench);
    assert_answer(&bench, "81e00000", "6982"); /* no PIN */
    enter(&bench);
    assert_answer(&bench, "81e00000", "6a88"); /* no NAF key */
    const struct application_key key = derive_for_doors(&bench, 0x51, 1);
    assert_answer(&bench, "81e200001000000000000000000000000000000000", "6a88"); /* not enrolled */
    assert_answer(&bench, "81e00000", "9000");
    for (uint8_t i = 0; i < 40; i++) {
        assert_opens(&bench, &key, i);
    }
    assert_answer(&bench, "81e2000001aa00", "6700");
    assert_answer(&bench, "81770000", "6d00");
    (void)derive_for_doors(&bench, 0x52, 2); /* a new bootstrapping, a new NAF key: the doors know the old one */
    assert_opens(&bench, &key, 99);
    gbau_uicc_power_off(&bench.card);
    assert_ok(power_on(&bench));
    enter(&bench);
    select_door(&bench);
    assert_opens(&bench, &key, 100);
    end(&bench);
}

/* Nobody else gets at the door's key: neither the device through the API's applet, nor another applet. */
static void test_thief(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    enter(&bench);
    (void)derive_for_doors(&bench, 0x53, 1);
    select_door(&bench);
    assert_answer(&bench, "81e00000", "9000");
    assert_answer(&bench, "0070000001", "029000");
    assert_answer(&bench, "02a4040c09" API_AID, "9000");
    assert_answer(&bench, "825000001e8012" DOOR_NAF "8201018301218401618901" "0200", "6700");
    assert_answer(&bench, "82500000208012" DOOR_NAF "8201018301218401618901" "0200", "6982");
    assert_answer(&bench, "825000011a8012" DOOR_NAF "8404646f6f7200", "6982");
    assert_answer(&bench, "82420001", "6a83");
    assert_answer(&bench, "82420000", "6a83");
    assert_answer(&bench, "02a4040c06" THIEF_AID, "9000");
    assert_answer(&bench, "82010000", "9000");
    assert_int_equal(bench.thief.opened, 0x6982);
    assert_int_equal(bench.thief.opened_persisted, 0x6982);
    for (size_t i = 0; i < API_SESSIONS; i++) {
        assert_int_equal(bench.thief.handles[i], 0x6a88);
    }
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(bench.thief.misuse[i], 0x6a80);
    }
    assert_answer(&bench, "82010000" "01aa", "6f00");
    end(&bench);
}

/* Selection: by AID or its beginning, on any channel, with or without an answer, inherited, ended. */
static void test_selection(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    assert_answer(&bench, "0070000001", "019000");
    assert_answer(&bench, "01a4040406" DOOR_AID, "620b8406" DOOR_AID "8a01059000");
    assert_answer(&bench, "81f2000100", "6d00"); /* all of class 8X is the applet's */
    assert_answer(&bench, "01a4040c02f064", "9000");
    assert_answer(&bench, "01a4040c07" DOOR_AID "00", "6a82");
    assert_answer(&bench, "01a4040e06" DOOR_AID, "6a82"); /* there is no next one */
    assert_answer(&bench, "8177000000", "6d00");
    assert_answer(&bench, "0170000001", "029000");
    assert_answer(&bench, "82010000", "6d00"); /* it has come with the channel */
    assert_answer(&bench, "02a4044c06" THIEF_AID, "6a86");
    assert_answer(&bench, "02a4044c06" DOOR_AID, "9000");
    assert_answer(&bench, "82010000", "6d00"); /* now that of the card */
    assert_answer(&bench, "82f2000c", "9000");
    assert_answer(&bench, "01a4040c09" API_AID, "9000");
    assert_answer(&bench, "81400000", "910201009214" "0102030405061112131415162122232425313241" "930105940108950200c8" "9000");
    assert_answer(&bench, "01a4040c06" THIEF_AID, "9000");
    assert_answer(&bench, "01a4040c10" USIM_AID, "9000");
    assert_answer(&bench, "81010000", "6d00");
    gbau_uicc_reset(&bench.card);
    assert_answer(&bench, "81010000", "6881");
    size_t length = 0;
    assert_int_equal(gbau_uicc_atr(&length)[0], 0x3b);
    assert_int_equal(length, uicc_atr.length);
    end(&bench);
}

/* A name that is taken would give one applet another's keys. */
static void test_names(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    const struct gbau_applet good = bench.applets[1];
    bench.applets[1].aid = door_aid;
    assert_status(power_on(&bench), GBAU_E_ARGUMENT);
    bench.applets[1].aid = gba_u_api_aid;
    bench.applets[1].aid_length = GBA_U_API_AID_SIZE;
    assert_status(power_on(&bench), GBAU_E_ARGUMENT);
    uint8_t usim[16];
    from_hex(USIM_AID, usim, sizeof usim);
    bench.applets[1].aid = usim;
    bench.applets[1].aid_length = sizeof usim;
    assert_status(power_on(&bench), GBAU_E_ARGUMENT);
    bench.applets[1] = good;
    bench.applets[1].aid_length = 4;
    assert_status(power_on(&bench), GBAU_E_ARGUMENT);
    bench.applets[1].aid_length = 17;
    assert_status(power_on(&bench), GBAU_E_ARGUMENT);
    bench.applets[1] = good;
    bench.applets[1].process = NULL;
    assert_status(power_on(&bench), GBAU_E_ARGUMENT);
    bench.applets[1] = good;
    assert_status(gbau_uicc_power_on(&bench.card, &bench.memory, &bench.primitives, bench.applets, 9), GBAU_E_ARGUMENT);
    assert_ok(power_on(&bench));
    end(&bench);
}

/* An applet stays selected over a suspension. */
static void test_suspension(void **state)
{
    (void)state;
    struct bench bench;
    char resume[40];
    begin(&bench);
    select_door(&bench);
    const char *token = send(&bench, "8076000004000101ff" "00");
    assert_string_equal(sw_of(token), "9000");
    (void)snprintf(resume, sizeof resume, "8076010008%.16s", token + 4);
    gbau_uicc_power_off(&bench.card);
    assert_ok(power_on(&bench));
    assert_answer(&bench, resume, "9000");
    assert_answer(&bench, "81770000", "6d00");
    assert_answer(&bench, "81e00000", "6982");
    end(&bench);
}

/* 6 KiB are all that a card needs: its state, a command, a response, and a stack. */
static void test_ram(void **state)
{
    (void)state;
    assert_true(sizeof(struct uicc) <= sizeof(struct gbau_uicc));
    assert_true(sizeof(struct gbau_uicc) + UICC_COMMAND_MAX + UICC_RESPONSE_MAX + STACK <= RAM_OF_A_CARD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_door),  cmocka_unit_test(test_thief),      cmocka_unit_test(test_selection),
        cmocka_unit_test(test_names), cmocka_unit_test(test_suspension), cmocka_unit_test(test_ram),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
