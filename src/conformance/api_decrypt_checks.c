/* api_decrypt_checks.c: decryption, MACs and their verification (clause 8.4). */
#include <string.h>

#include "conformance/api_probe.h"

enum { CIPHERTEXT_MAX = 128 };

#define AAD "additional data"

/* Decryption: the NAF's half first */

struct message {
    uint8_t nonce[BLOCK_MODE_IV_SIZE];
    size_t nonce_length;
    uint8_t ciphertext[CIPHERTEXT_MAX];
    size_t length;
    uint8_t tag[AEAD_TAG_SIZE];
    bool is_aead;
};

static void encrypt_here(struct api_probe *api, const struct api_key *key, struct message *message)
{
    const struct key_algorithm_properties *algorithm = key_algorithm_find(key->key.algorithm);
    struct crypto *crypto = api->probe->crypto;
    const struct octets text = probe_api_text();
    enum gbau_status status = crypto_random(crypto, message->nonce, sizeof message->nonce);
    message->nonce_length = algorithm->nonce_size;
    message->is_aead = algorithm->kind == KEY_ALGORITHM_KIND_AEAD;
    message->length = message->is_aead ? text.length : block_mode_ciphertext_length(algorithm->suite, text.length);
    if (status == GBAU_OK && message->is_aead) {
        status = application_key_seal(crypto, &key->key, message->nonce, octets_of_text(AAD), text, message->ciphertext,
                                      message->tag);
    } else if (status == GBAU_OK) {
        status = block_mode_encrypt(crypto, algorithm->suite, application_key_octets(&key->key), message->nonce, text,
                                    message->ciphertext);
    }
    if (probe_goes_on(api->probe)) {
        probe_demand_ok(api->probe, status);
    }
}

static void open_for(struct api_probe *api, enum key_algorithm algorithm, struct api_key *key)
{
    probe_api_open(api, KEY_USAGE_ENCRYPT, KEY_DIRECTION_NAF_TO_CARD, algorithm, key);
}

static void open_and_encrypt(struct api_probe *api, enum key_algorithm algorithm, struct api_key *key,
                             struct message *message)
{
    *message = (struct message){.nonce_length = 0};
    open_for(api, algorithm, key);
    encrypt_here(api, key, message);
}

static void put_message(struct api_probe *api, const struct message *message)
{
    probe_api_put(api, API_TAG_NONCE, octets_of(message->nonce, message->nonce_length));
    probe_api_put(api, API_TAG_TEXT, octets_of(message->ciphertext, message->length));
    if (message->is_aead) {
        probe_api_put_text(api, API_TAG_ADDITIONAL_DATA, AAD);
        probe_api_put(api, API_TAG_AUTHENTICATOR, octets_of(message->tag, sizeof message->tag));
    }
}

static void decrypt_with_kind(struct api_probe *api, enum key_algorithm_kind kind)
{
    for (size_t i = 0; i < key_algorithm_count; i++) {
        struct api_key *const key = probe_api_new_key(api);
        struct message message;
        if (key_algorithms[i].kind == kind && probe_api_has_algorithm(api, key_algorithms[i].algorithm)) {
            open_and_encrypt(api, key_algorithms[i].algorithm, key, &message);
            put_message(api, &message);
            probe_api_process(api, key->handle, API_DECRYPT | API_ONE_BLOCK, "9000");
            probe_demand(api->probe, octets_equal(probe_api_answer(api, API_TAG_TEXT), probe_api_text()),
                         "87 with the text");
            probe_api_close(api, key->handle);
        }
    }
}

static void decrypts_aeads(struct api_probe *api)
{
    decrypt_with_kind(api, KEY_ALGORITHM_KIND_AEAD);
}

static void decrypts_block_modes(struct api_probe *api)
{
    decrypt_with_kind(api, KEY_ALGORITHM_KIND_BLOCK_MODE);
}

/* Nonce and additional data, one half of the text, the other half, the tag. */
static void decrypt_in_blocks(struct api_probe *api, enum key_algorithm algorithm, const char *last_sw,
                              uint8_t spoiling)
{
    struct api_key *const key = probe_api_new_key(api);
    struct message message;
    const size_t half = probe_api_text().length / 2;
    open_and_encrypt(api, algorithm, key, &message);
    message.tag[AEAD_TAG_SIZE - 1] ^= spoiling;
    probe_api_put(api, API_TAG_NONCE, octets_of(message.nonce, message.nonce_length));
    probe_api_put_text(api, API_TAG_ADDITIONAL_DATA, AAD);
    if (algorithm == KEY_ALGORITHM_AES_128_CCM) {
        probe_api_put_lengths(api, sizeof AAD - 1, message.length);
    }
    probe_api_process(api, key->handle, API_DECRYPT | API_FIRST_BLOCK, "9000");
    probe_api_put(api, API_TAG_TEXT, octets_of(message.ciphertext, half));
    probe_api_process(api, key->handle, API_DECRYPT, "9000");
    probe_demand(api->probe, octets_equal(probe_api_answer(api, API_TAG_TEXT), octets_of(probe_api_text().data, half)),
                 "87 with the first half of the text");
    probe_api_put(api, API_TAG_TEXT, octets_of(message.ciphertext + half, message.length - half));
    probe_api_put(api, API_TAG_AUTHENTICATOR, octets_of(message.tag, sizeof message.tag));
    probe_api_process(api, key->handle, API_DECRYPT | API_LAST_BLOCK, last_sw);
    probe_api_close(api, key->handle);
}

static void decrypts_in_blocks(struct api_probe *api)
{
    decrypt_in_blocks(api, KEY_ALGORITHM_AES_256_GCM, "9000", 0x00);
    if (probe_api_has_algorithm(api, KEY_ALGORITHM_AES_128_CCM)) {
        decrypt_in_blocks(api, KEY_ALGORITHM_AES_128_CCM, "9000", 0x00);
    }
}

static void refuses_wrong_tag_at_the_end(struct api_probe *api)
{
    decrypt_in_blocks(api, KEY_ALGORITHM_AES_256_GCM, "9862", 0x01);
}

/* Refused with 9862, and nothing of the text. */
static void demand_no_text(struct api_probe *api, const struct api_key *key, const struct message *message)
{
    put_message(api, message);
    probe_api_process(api, key->handle, API_DECRYPT | API_ONE_BLOCK, "9862");
    probe_demand(api->probe, api->probe->response.data.length == 0, "no data with 9862");
}

static void refuses_wrong_tag(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    struct message message;
    open_and_encrypt(api, KEY_ALGORITHM_AES_256_GCM, key, &message);
    message.tag[0] ^= 0x80;
    demand_no_text(api, key, &message);
    message.tag[0] ^= 0x80;
    message.ciphertext[0] ^= 0x01;
    demand_no_text(api, key, &message);
    message.ciphertext[0] ^= 0x01;
    message.nonce[0] ^= 0x01;
    demand_no_text(api, key, &message);
}

static void refuses_other_length_of_tag(struct api_probe *api)
{
    static const uint8_t tag[32];
    struct api_key *const key = probe_api_new_key(api);
    struct message message;
    open_and_encrypt(api, KEY_ALGORITHM_AES_256_GCM, key, &message);
    probe_api_put(api, API_TAG_NONCE, octets_of(message.nonce, message.nonce_length));
    probe_api_put(api, API_TAG_TEXT, octets_of(message.ciphertext, message.length));
    probe_api_put(api, API_TAG_AUTHENTICATOR, octets_of(tag, sizeof tag));
    probe_api_process(api, key->handle, API_DECRYPT | API_ONE_BLOCK, "6A80");
}

static void needs_nonce_and_tag(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    struct message message;
    open_and_encrypt(api, KEY_ALGORITHM_AES_256_GCM, key, &message);
    probe_api_put(api, API_TAG_TEXT, octets_of(message.ciphertext, message.length));
    probe_api_put(api, API_TAG_AUTHENTICATOR, octets_of(message.tag, sizeof message.tag));
    probe_api_process(api, key->handle, API_DECRYPT | API_ONE_BLOCK, "6A80");
    probe_api_put(api, API_TAG_NONCE, octets_of(message.nonce, message.nonce_length));
    probe_api_put(api, API_TAG_TEXT, octets_of(message.ciphertext, message.length));
    probe_api_process(api, key->handle, API_DECRYPT | API_ONE_BLOCK, "6A80");
}

static void refuses_wrong_padding(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    struct message message;
    if (!probe_api_has_algorithm(api, KEY_ALGORITHM_AES_128_CBC)) {
        probe_not_supported(api->probe, "the card does not have AES-128-CBC");
    }
    open_and_encrypt(api, KEY_ALGORITHM_AES_128_CBC, key, &message);
    message.length -= AES_BLOCK_SIZE; /* the block before has no padding */
    put_message(api, &message);
    probe_api_process(api, key->handle, API_DECRYPT | API_ONE_BLOCK, "6A80");
    message.length += AES_BLOCK_SIZE - 1;
    put_message(api, &message);
    probe_api_process(api, key->handle, API_DECRYPT | API_ONE_BLOCK, "6A80");
}

static void decrypts_in_its_direction(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    struct message message = {.nonce_length = 0};
    probe_api_open(api, KEY_USAGE_ENCRYPT, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_AES_256_GCM, key);
    encrypt_here(api, key, &message);
    put_message(api, &message);
    probe_api_process(api, key->handle, API_DECRYPT | API_ONE_BLOCK, "6985");
}

static void decrypt_is_no_encrypt(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    struct message message;
    open_and_encrypt(api, KEY_ALGORITHM_AES_256_GCM, key, &message);
    probe_api_put(api, API_TAG_NONCE, octets_of(message.nonce, message.nonce_length));
    probe_api_put(api, API_TAG_TEXT, octets_of(message.ciphertext, message.length));
    probe_api_process(api, key->handle, API_DECRYPT | API_FIRST_BLOCK, "9000");
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_ENCRYPT | API_LAST_BLOCK, "6985");
}

#define RUNS (NEEDS_API | NEEDS_PIN_OPEN | NEEDS_NAF_KEY | NEEDS_CHALLENGES | NEEDS_DESTRUCTIVE)

static const struct check decrypt_rows[] = {
    {"decrypt.aead", "GBA_U API 12", "GCM and CCM open what the NAF sealed", RUNS, .run_api = decrypts_aeads},
    {"decrypt.block_modes", "GBA_U API 12", "CTR and CBC decrypt what the NAF encrypted", RUNS,
     .run_api = decrypts_block_modes},
    {"decrypt.blocks", "GBA_U API 8.4", "a text may be decrypted in several blocks", RUNS,
     .run_api = decrypts_in_blocks},
    {"decrypt.wrong_tag", "GBA_U API 8.4", "in one block a wrong tag is answered with 9862 and no text", RUNS,
     .run_api = refuses_wrong_tag},
    {"decrypt.wrong_tag_at_end", "GBA_U API 8.4", "in several blocks a wrong tag is answered with 9862", RUNS,
     .run_api = refuses_wrong_tag_at_the_end},
    {"decrypt.tag_length", "GBA_U API 8.4", "a tag of another length is refused with 6A80", RUNS,
     .run_api = refuses_other_length_of_tag},
    {"decrypt.objects", "GBA_U API 8.4", "a decryption needs nonce and tag", RUNS, .run_api = needs_nonce_and_tag},
    {"decrypt.padding", "GBA_U API 8.4", "a wrong padding or no whole blocks are refused with 6A80", RUNS,
     .run_api = refuses_wrong_padding},
    {"decrypt.direction", "GBA_U API 4.3", "the card decrypts with no key of direction 01", RUNS,
     .run_api = decrypts_in_its_direction},
    {"decrypt.turn", "GBA_U API 8.4", "a block of another operation is refused with 6985", RUNS,
     .run_api = decrypt_is_no_encrypt},
};

CHECK_GROUP(api_decrypt_checks, decrypt_rows);

/* MAC and verify */

static void open_mac(struct api_probe *api, enum key_direction direction, struct api_key *key)
{
    probe_api_open(api, KEY_USAGE_MAC, direction, KEY_ALGORITHM_HMAC_SHA256, key);
}

static void mac_in_blocks(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    const struct octets text = probe_api_text();
    open_mac(api, KEY_DIRECTION_CARD_TO_NAF, key);
    probe_api_put(api, API_TAG_TEXT, octets_of(text.data, 5));
    probe_api_process(api, key->handle, API_MAC | API_FIRST_BLOCK, "9000");
    probe_demand(api->probe, api->answer.length == 0, "nothing before the last block");
    probe_api_process(api, key->handle, API_MAC, "9000");
    probe_api_put(api, API_TAG_TEXT, octets_of(text.data + 5, text.length - 5));
    probe_api_process(api, key->handle, API_MAC | API_LAST_BLOCK, "9000");
    probe_api_demand_mac_of(api, &key->key, text, true);
}

static void mac_without_text(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_mac(api, KEY_DIRECTION_CARD_TO_NAF, key);
    probe_api_process(api, key->handle, API_MAC | API_ONE_BLOCK, "9000");
    probe_api_demand_mac_of(api, &key->key, octets_of("", 0), true);
}

static void mac_in_its_direction(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_mac(api, KEY_DIRECTION_NAF_TO_CARD, key);
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_MAC | API_ONE_BLOCK, "6985");
    probe_api_close(api, key->handle);
}

static void verify_in_its_direction(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_mac(api, KEY_DIRECTION_CARD_TO_NAF, key);
    probe_api_verify(api, key->handle, &key->key, "6985");
}

static void mac_with_its_usage(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    probe_api_open(api, KEY_USAGE_AUTHENTICATE, KEY_DIRECTION_NONE, KEY_ALGORITHM_HMAC_SHA256, key);
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_MAC | API_ONE_BLOCK, "6985");
    probe_api_verify(api, key->handle, &key->key, "6985");
}

static void verifies(struct api_probe *api)
{
    for (size_t i = 0; i < key_algorithm_count; i++) {
        struct api_key *const key = probe_api_new_key(api);
        if (key_algorithms[i].kind == KEY_ALGORITHM_KIND_MAC &&
            probe_api_has_algorithm(api, key_algorithms[i].algorithm)) {
            probe_api_open(api, KEY_USAGE_MAC, KEY_DIRECTION_NAF_TO_CARD, key_algorithms[i].algorithm, key);
            probe_api_verify(api, key->handle, &key->key, "9000");
            probe_api_close(api, key->handle);
        }
    }
}

static void refuses_wrong_mac(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_mac(api, KEY_DIRECTION_NAF_TO_CARD, key);
    struct application_key other = key->key;
    other.octets[0] ^= 0x01;
    probe_api_verify(api, key->handle, &other, "9862");
    application_key_clear(&other);
}

static void refuses_half_a_mac(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    uint8_t mac[MAC_MAX_SIZE] = {0};
    const struct octets text = probe_api_text();
    open_mac(api, KEY_DIRECTION_NAF_TO_CARD, key);
    if (probe_goes_on(api->probe)) {
        probe_demand_ok(api->probe, application_key_mac(api->probe->crypto, &key->key, &text, 1, mac));
    }
    probe_api_put(api, API_TAG_TEXT, text);
    probe_api_put(api, API_TAG_AUTHENTICATOR, octets_of(mac, sizeof mac / 2));
    probe_api_process(api, key->handle, API_VERIFY | API_ONE_BLOCK, "9862");
}

static void verify_needs_mac(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_mac(api, KEY_DIRECTION_NAF_TO_CARD, key);
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_VERIFY | API_ONE_BLOCK, "6A80");
}

static const struct check mac_rows[] = {
    {"mac.blocks", "GBA_U API 8.4", "a MAC may be computed in several blocks, and comes with the last", RUNS,
     .run_api = mac_in_blocks},
    {"mac.empty", "GBA_U API 8.4", "data that are absent are as if they were empty", RUNS, .run_api = mac_without_text},
    {"mac.direction", "GBA_U API 4.3", "the card computes no MAC with a key of direction 02", RUNS,
     .run_api = mac_in_its_direction},
    {"mac.usage", "GBA_U API 4.2", "the card computes MACs with keys of usage mac only", RUNS,
     .run_api = mac_with_its_usage},
    {"verify.right", "GBA_U API 12", "the NAF's MAC is found right, with each algorithm", RUNS, .run_api = verifies},
    {"verify.wrong", "GBA_U API 13", "a wrong MAC is answered with 9862", RUNS, .run_api = refuses_wrong_mac},
    {"verify.length", "GBA_U API 8.4", "a MAC of another length is wrong", RUNS, .run_api = refuses_half_a_mac},
    {"verify.objects", "GBA_U API 8.4", "the last block needs a MAC", RUNS, .run_api = verify_needs_mac},
    {"verify.direction", "GBA_U API 4.3", "the card verifies with no key of direction 01", RUNS,
     .run_api = verify_in_its_direction},
};

CHECK_GROUP(api_mac_checks, mac_rows);
