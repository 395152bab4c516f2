/*
 * fuzz_card_key.c: the card as attacker of the device: whatever its applet answers, the calls of gbau/key.h stay within
 * their buffers, end, and give nothing but what an honest card could have given.
 *
 * Input: what is done (1), options (1: bit 0, the opening of the applet is answered by the input too; the other bits
 * are the length of the data in steps of 24 octets), then responses, each begun by a length octet. Behind the last one
 * the card answers 9000.
 */
#include "fuzzing.h"

#include <string.h>

#include "base/ignore.h"
#include "me/card_key.h"
#include "reader/reader_driver.h"

enum { EXCHANGES_MAX = 2000, DATA_STEP = 24, DATA_MAX = 127 * DATA_STEP, OUT_MAX = DATA_MAX + 64 };

static struct octet_reader input;
static unsigned exchanges;
static bool opening_is_honest;

static const uint8_t channel_answer[] = {0x05, 0x90, 0x00};
static const uint8_t select_answer[] = {0x90, 0x00};
static const uint8_t capabilities_answer[] = {0x91, 0x02, 0x01, 0x00, 0x92, 0x01, 0x02, 0x93, 0x01, 0x06,
                                              0x94, 0x01, 0x04, 0x95, 0x02, 0x00, 0xc8, 0x90, 0x00};

static struct octets next_answer(void)
{
    static const struct octets opening[] = {{channel_answer, sizeof channel_answer},
                                            {select_answer, sizeof select_answer},
                                            {capabilities_answer, sizeof capabilities_answer}};
    if (opening_is_honest && exchanges <= sizeof opening / sizeof opening[0]) {
        return opening[exchanges - 1];
    }
    if (octet_reader_left(&input) == 0) {
        return opening[1];
    }
    const size_t wanted = octet_reader_u8(&input);
    const size_t left = octet_reader_left(&input);
    return octet_reader_take(&input, wanted < left ? wanted : left);
}

static enum gbau_status card_transmit(void *state, struct octets command, uint8_t *response, size_t capacity,
                                      size_t *length)
{
    (void)state;
    MUST(command.length >= 4 && command.length <= READER_COMMAND_MAX);
    MUST(++exchanges < EXCHANGES_MAX);
    const struct octets answer = next_answer();
    if (answer.length > capacity) {
        return GBAU_E_SPACE;
    }
    if (answer.length > 0) {
        memcpy(response, answer.data, answer.length);
    }
    *length = answer.length;
    return GBAU_OK;
}

static void card_close(void *state)
{
    (void)state;
}

static const struct reader_driver card_driver = {.transmit = card_transmit, .close = card_close};

/* Takes the place of the real one: every name that is a file's opens this card. */
enum gbau_status file_driver_open(const char *path, const struct log *log, struct reader_connection *connection)
{
    (void)path;
    (void)log;
    *connection = (struct reader_connection){.driver = &card_driver};
    return GBAU_OK;
}

/* What is done with a key */

static uint8_t data[DATA_MAX];
static size_t data_length;
static uint8_t *out; /* on the heap, so that a write beyond it is seen */

static size_t padded(size_t length)
{
    return (length / 16 + 1) * 16;
}

static void encrypt(struct gbau_key *key)
{
    size_t length = 0;
    if (gbau_key_encrypt(key, NULL, 0, data, data_length, out, OUT_MAX, &length) != GBAU_OK) {
        return;
    }
    const struct key_algorithm_properties *algorithm = key_algorithm_find(key->algorithm);
    const bool is_cbc = key->algorithm == KEY_ALGORITHM_AES_128_CBC;
    MUST(length == algorithm->nonce_size + algorithm->tag_size + (is_cbc ? padded(data_length) : data_length));
}

static void decrypt(struct gbau_key *key)
{
    size_t length = 0;
    if (gbau_key_decrypt(key, NULL, 0, data, data_length, out, OUT_MAX, &length) == GBAU_OK) {
        const struct key_algorithm_properties *algorithm = key_algorithm_find(key->algorithm);
        MUST(length <= data_length - algorithm->nonce_size - algorithm->tag_size);
    }
}

static void seal(struct gbau_key *key)
{
    size_t length = 0;
    const size_t capacity = data_length + GBAU_SEAL_OVERHEAD < OUT_MAX ? data_length + GBAU_SEAL_OVERHEAD : OUT_MAX;
    if (gbau_key_seal(key, "aad", 3, data, data_length, out, capacity, &length) == GBAU_OK) {
        MUST(length > data_length && length <= data_length + GBAU_SEAL_OVERHEAD);
    }
}

static void mac(struct gbau_key *key)
{
    size_t length = 0;
    if (gbau_key_mac(key, data, data_length, out, &length) == GBAU_OK) {
        MUST(length == 16 || length == 32);
    }
}

static void verify(struct gbau_key *key)
{
    status_ignore(gbau_key_verify(key, data, data_length, data, 32));
}

static void hash(struct gbau_key *key)
{
    status_ignore(gbau_key_hash(key, data, data_length, out));
}

static void derive(struct gbau_key *key)
{
    static const struct gbau_key_request request = {
        .usage = GBAU_USAGE_MAC, .direction = GBAU_CARD_TO_NAF, .algorithm = GBAU_AES_128_CMAC, .label = "child"};
    struct gbau_key *child = NULL;
    if (gbau_key_derive(key, &request, &child) == GBAU_OK) {
        mac(child);
    }
    gbau_key_close(child);
}

static void export_key(struct gbau_key *key)
{
    status_ignore(gbau_key_export(key, out));
}

static void unwrap(struct gbau_key *key)
{
    struct gbau_key *unwrapped = NULL;
    if (gbau_key_unwrap(key, data, data_length, &unwrapped) == GBAU_OK) {
        MUST(key_usage_is_possible(unwrapped->usage, unwrapped->direction, unwrapped->algorithm));
        MUST(strlen(unwrapped->label) >= 1 && strlen(unwrapped->label) <= APPLICATION_LABEL_MAX);
        status_ignore(card_key_persist(unwrapped, 5));
    }
    gbau_key_close(unwrapped);
}

static void wrap(struct gbau_key *key)
{
    size_t length = 0;
    struct gbau_key other = *key;
    other.usage = KEY_USAGE_MAC;
    if (gbau_key_wrap(key, &other, out, 160, &length) == GBAU_OK) {
        MUST(length <= 160);
    }
}

static void initiate(struct gbau_key *key)
{
    size_t length = 0;
    struct gbau_key *session = NULL;
    if (gbau_key_authenticate_begin(key, out, GBAU_AUTHENTICATION_MESSAGE_MAX, &length) == GBAU_OK) {
        MUST(length == 16);
        status_ignore(
            gbau_key_authenticate_finish(key, data, 52, out, GBAU_AUTHENTICATION_MESSAGE_MAX, &length, &session));
    }
    gbau_key_close(session);
}

static void respond(struct gbau_key *key)
{
    size_t length = 0;
    struct gbau_key *session = NULL;
    if (gbau_key_authenticate_answer(key, data, 16, out, GBAU_AUTHENTICATION_MESSAGE_MAX, &length) == GBAU_OK) {
        MUST(length == 52);
        status_ignore(gbau_key_authenticate_confirm(key, data, 32, &session));
    }
    gbau_key_close(session);
}

static const struct {
    struct gbau_key_request request;
    void (*run)(struct gbau_key *key);
} uses[] = {
    {{GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM, "a", "context", 7}, encrypt},
    {{GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_SM4_CCM, "a", NULL, 0}, encrypt},
    {{GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_AES_128_CBC, "a", NULL, 0}, encrypt},
    {{GBAU_USAGE_ENCRYPT, GBAU_NAF_TO_CARD, GBAU_AES_256_GCM, "a", NULL, 0}, decrypt},
    {{GBAU_USAGE_ENCRYPT, GBAU_NAF_TO_CARD, GBAU_AES_128_CBC, "a", NULL, 0}, decrypt},
    {{GBAU_USAGE_ENCRYPT, GBAU_NAF_TO_CARD, GBAU_AES_256_CTR, "a", NULL, 0}, decrypt},
    {{GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM, "a", NULL, 0}, seal},
    {{GBAU_USAGE_MAC, GBAU_CARD_TO_NAF, GBAU_HMAC_SHA256, "a", NULL, 0}, mac},
    {{GBAU_USAGE_MAC, GBAU_NAF_TO_CARD, GBAU_HMAC_SHA256, "a", NULL, 0}, verify},
    {{GBAU_USAGE_HASH, GBAU_NO_DIRECTION, GBAU_SM3, NULL, NULL, 0}, hash},
    {{GBAU_USAGE_DERIVE, GBAU_NO_DIRECTION, GBAU_KDF, "a", NULL, 0}, derive},
    {{GBAU_USAGE_EXPORT, GBAU_NO_DIRECTION, GBAU_KDF, "a", NULL, 0}, export_key},
    {{GBAU_USAGE_WRAP, GBAU_NAF_TO_CARD, GBAU_AES_256_GCM, "a", NULL, 0}, unwrap},
    {{GBAU_USAGE_WRAP, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM, "a", NULL, 0}, wrap},
    {{GBAU_USAGE_AUTHENTICATE, GBAU_NO_DIRECTION, GBAU_HMAC_SHA256, "a", NULL, 0}, initiate},
    {{GBAU_USAGE_AUTHENTICATE, GBAU_NO_DIRECTION, GBAU_HMAC_SHA256, "a", NULL, 0}, respond},
};
enum { USE_COUNT = sizeof uses / sizeof uses[0], WITHOUT_KEY = USE_COUNT, PERSISTED };

static const struct octets naf_id = {(const uint8_t *)"naf.example.com\xff\x67\x62\x00\x01", 20};

static void use_without_key(struct card_api *api)
{
    struct card_answer answer;
    uint64_t counter = 0;
    if (card_api_list(api, API_LIST_NAF_KEYS, 0, &answer) == GBAU_OK) {
        MUST(answer.objects[CARD_NAF_ID].length >= 6);
    }
    if (card_api_list(api, API_LIST_PERSISTED_KEYS, 0, &answer) == GBAU_OK) {
        MUST(answer.objects[CARD_LABEL].length >= 1 && answer.objects[CARD_LABEL].length <= 64);
    }
    status_ignore(card_api_counter(api, &counter));
    status_ignore(card_api_random(api, out, data_length));
    status_ignore(card_api_apply(api, naf_id, octets_of(data, data_length)));
    status_ignore(card_api_delete(api, naf_id, octets_of_text("label")));
}

static void use(struct card_api *api, unsigned what)
{
    struct gbau_key *key = NULL;
    if (what == WITHOUT_KEY) {
        use_without_key(api);
    } else if (what == PERSISTED) {
        status_ignore(card_key_open_persisted(api, naf_id, "label", &key));
    } else if (card_key_open(api, naf_id, &uses[what].request, &key) == GBAU_OK) {
        MUST(strlen(key->b_tid) < KEY_B_TID_SIZE);
        uses[what].run(key);
    }
    gbau_key_close(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    struct reader *reader = NULL;
    struct card_api api;
    input = octet_reader_of(octets_of(octets, size));
    exchanges = 0;
    const unsigned what = octet_reader_u8(&input) % (PERSISTED + 1);
    const uint8_t options = octet_reader_u8(&input);
    opening_is_honest = (options & 1) == 0;
    data_length = (size_t)(options >> 1) * DATA_STEP;
    out = malloc(OUT_MAX);
    MUST(out != NULL && reader_open("card", NULL, &reader) == GBAU_OK);
    if (card_api_open(&api, reader, NULL) == GBAU_OK) {
        MUST(api.channel >= 1 && api.channel <= 19 && api.piece_size <= API_PIECE_MAX);
        use(&api, what);
        card_api_close(&api);
    }
    reader_close(reader);
    free(out);
    return 0;
}
