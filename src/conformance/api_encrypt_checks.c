/* api_encrypt_checks.c: encryption: what comes out, in one block and in many, and its nonces (clauses 7, 8.4, 14). */
#include <string.h>

#include "base/secret.h"
#include "conformance/api_probe.h"

enum { NONCES = 12, COUNTER_OFFSET = 4, TEXT_MAX = 512, PIECE = 200 };

#define AAD "additional data"

static void open_for(struct api_probe *api, enum key_algorithm algorithm, struct api_key *key)
{
    probe_api_open(api, KEY_USAGE_ENCRYPT, KEY_DIRECTION_CARD_TO_NAF, algorithm, key);
}

/* The NAF's half */

/* What the card has said of one message, over several answers. */
struct message {
    struct content nonce;
    uint8_t octets[TEXT_MAX];
    struct octet_writer ciphertext;
};

static void begin_message(struct message *message)
{
    *message = (struct message){.nonce = {.length = 0}};
    message->ciphertext = octet_writer_of(message->octets, sizeof message->octets);
}

static void take_block(struct api_probe *api, struct message *message)
{
    const struct octets nonce = probe_api_answer(api, API_TAG_NONCE);
    if (nonce.length > 0) {
        probe_keep(&message->nonce, nonce);
    }
    octet_writer_put_octets(&message->ciphertext, probe_api_answer(api, API_TAG_TEXT));
}

static enum gbau_status decrypt_here(struct api_probe *api, const struct api_key *key, const struct message *message,
                                     struct octets aad, uint8_t *text, size_t *length)
{
    const struct key_algorithm_properties *algorithm = key_algorithm_find(key->key.algorithm);
    const struct octets ciphertext = octets_written(&message->ciphertext);
    if (algorithm->kind == KEY_ALGORITHM_KIND_BLOCK_MODE) {
        return block_mode_decrypt(api->probe->crypto, algorithm->suite, application_key_octets(&key->key),
                                  message->nonce.octets, ciphertext, text, length);
    }
    *length = ciphertext.length;
    const struct octets tag = probe_api_answer_of(api, API_TAG_AUTHENTICATOR, AEAD_TAG_SIZE);
    return tag.length == 0 ? GBAU_E_AUTHENTICATION
                           : application_key_open(api->probe->crypto, &key->key, message->nonce.octets, aad, ciphertext,
                                                  tag.data, text);
}

/* The message must be `expected`, sealed under the key; the last answer has the tag. */
static void demand_message(struct api_probe *api, const struct api_key *key, const struct message *message,
                           struct octets aad, struct octets expected)
{
    uint8_t text[TEXT_MAX];
    size_t length = 0;
    probe_demand(api->probe, message->nonce.length == key_algorithm_find(key->key.algorithm)->nonce_size,
                 "88 of the algorithm's length in the first block");
    if (probe_goes_on(api->probe)) {
        const enum gbau_status status = decrypt_here(api, key, message, aad, text, &length);
        probe_demand(api->probe, status == GBAU_OK && octets_equal(octets_of(text, length), expected),
                     "the text, encrypted under the key");
    }
}

static void encrypt_once(struct api_probe *api, const struct api_key *key, struct octets text)
{
    struct message message;
    const bool is_aead = key_algorithm_find(key->key.algorithm)->kind == KEY_ALGORITHM_KIND_AEAD;
    begin_message(&message);
    if (is_aead) {
        probe_api_put_text(api, API_TAG_ADDITIONAL_DATA, AAD);
    }
    probe_api_put(api, API_TAG_TEXT, text);
    probe_api_process(api, key->handle, API_ENCRYPT | API_ONE_BLOCK, "9000");
    take_block(api, &message);
    demand_message(api, key, &message, octets_of_text(AAD), text);
}

static void encrypt_with_kind(struct api_probe *api, enum key_algorithm_kind kind)
{
    for (size_t i = 0; i < key_algorithm_count; i++) {
        struct api_key *const key = probe_api_new_key(api);
        if (key_algorithms[i].kind == kind && probe_api_has_algorithm(api, key_algorithms[i].algorithm)) {
            open_for(api, key_algorithms[i].algorithm, key);
            encrypt_once(api, key, probe_api_text());
            probe_api_close(api, key->handle);
        }
    }
}

static void encrypts_with_aeads(struct api_probe *api)
{
    encrypt_with_kind(api, KEY_ALGORITHM_KIND_AEAD);
}

static void encrypts_with_block_modes(struct api_probe *api)
{
    encrypt_with_kind(api, KEY_ALGORITHM_KIND_BLOCK_MODE);
}

static void encrypts_nothing(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_for(api, KEY_ALGORITHM_AES_256_GCM, key);
    encrypt_once(api, key, octets_of("", 0));
}

static void encrypts_whole_pieces(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    uint8_t piece[PIECE];
    memset(piece, 0xa5, sizeof piece);
    open_for(api, KEY_ALGORITHM_AES_256_GCM, key);
    encrypt_once(api, key, octets_of(piece, sizeof piece));
}

/* Several blocks */

/* Additional data in two pieces, then the text in two; CCM is told the lengths. */
static void encrypt_in_blocks(struct api_probe *api, const struct key_algorithm_properties *algorithm)
{
    struct api_key *const key = probe_api_new_key(api);
    struct message message;
    uint8_t whole[2 * sizeof AAD + TEXT_MAX];
    const struct octets text = probe_api_text();
    struct octet_writer both = octet_writer_of(whole, sizeof whole);
    octet_writer_put_octets(&both, text);
    octet_writer_put_octets(&both, text);
    begin_message(&message);
    open_for(api, algorithm->algorithm, key);
    if (cipher_suite_properties(algorithm->suite)->mode == CIPHER_MODE_CCM) {
        probe_api_put_lengths(api, 2 * (sizeof AAD - 1), 2 * text.length);
    }
    if (algorithm->kind == KEY_ALGORITHM_KIND_AEAD) {
        probe_api_put_text(api, API_TAG_ADDITIONAL_DATA, AAD);
    }
    probe_api_process(api, key->handle, API_ENCRYPT | API_FIRST_BLOCK, "9000");
    take_block(api, &message);
    if (algorithm->kind == KEY_ALGORITHM_KIND_AEAD) {
        probe_api_put_text(api, API_TAG_ADDITIONAL_DATA, AAD);
    }
    probe_api_put(api, API_TAG_TEXT, text);
    probe_api_process(api, key->handle, API_ENCRYPT, "9000");
    take_block(api, &message);
    probe_api_put(api, API_TAG_TEXT, text);
    probe_api_process(api, key->handle, API_ENCRYPT | API_LAST_BLOCK, "9000");
    take_block(api, &message);
    demand_message(api, key, &message, octets_of_text(AAD AAD), octets_written(&both));
    probe_api_close(api, key->handle);
}

static void encrypts_in_blocks(struct api_probe *api)
{
    for (size_t i = 0; i < key_algorithm_count; i++) {
        const bool is_cipher = key_algorithms[i].kind == KEY_ALGORITHM_KIND_AEAD ||
                               key_algorithms[i].kind == KEY_ALGORITHM_KIND_BLOCK_MODE;
        if (is_cipher && probe_api_has_algorithm(api, key_algorithms[i].algorithm)) {
            encrypt_in_blocks(api, &key_algorithms[i]);
        }
    }
}

static void refuses_block_out_of_turn(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_for(api, KEY_ALGORITHM_AES_256_GCM, key);
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_ENCRYPT, "6985");
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_ENCRYPT | API_LAST_BLOCK, "6985");
    encrypt_once(api, key, probe_api_text());
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_ENCRYPT | API_LAST_BLOCK, "6985");
}

static void first_block_ends_what_was(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_for(api, KEY_ALGORITHM_AES_256_GCM, key);
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_ENCRYPT | API_FIRST_BLOCK, "9000");
    encrypt_once(api, key, probe_api_text());
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_ENCRYPT | API_LAST_BLOCK, "6985");
}

static void refuses_late_additional_data(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_for(api, KEY_ALGORITHM_AES_256_GCM, key);
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_ENCRYPT | API_FIRST_BLOCK, "9000");
    probe_api_put_text(api, API_TAG_ADDITIONAL_DATA, AAD);
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_ENCRYPT | API_LAST_BLOCK, "6985");
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_ENCRYPT | API_LAST_BLOCK, "6985"); /* the refusal ended it */
}

static void last_block_needs_text(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_for(api, KEY_ALGORITHM_AES_256_GCM, key);
    probe_api_put_text(api, API_TAG_ADDITIONAL_DATA, AAD);
    probe_api_process(api, key->handle, API_ENCRYPT | API_ONE_BLOCK, "6A80");
}

static void takes_no_nonce(struct api_probe *api)
{
    static const uint8_t nonce[AEAD_NONCE_SIZE];
    struct api_key *const key = probe_api_new_key(api);
    open_for(api, KEY_ALGORITHM_AES_256_GCM, key);
    probe_api_put(api, API_TAG_NONCE, octets_of(nonce, sizeof nonce));
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_ENCRYPT | API_ONE_BLOCK, "6A80");
}

/* An algorithm that a card need not have. */
static void demand_offered(struct api_probe *api, enum key_algorithm algorithm)
{
    if (!probe_api_has_algorithm(api, algorithm)) {
        probe_not_supported(api->probe, "the card does not have the algorithm");
    }
}

static void block_modes_take_no_additional_data(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    demand_offered(api, KEY_ALGORITHM_AES_128_CTR);
    open_for(api, KEY_ALGORITHM_AES_128_CTR, key);
    probe_api_put_text(api, API_TAG_ADDITIONAL_DATA, AAD);
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_ENCRYPT | API_ONE_BLOCK, "6A80");
}

/* CCM */

static void open_ccm(struct api_probe *api, struct api_key *key)
{
    demand_offered(api, KEY_ALGORITHM_AES_128_CCM);
    open_for(api, KEY_ALGORITHM_AES_128_CCM, key);
}

static void ccm_needs_lengths(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_ccm(api, key);
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_ENCRYPT | API_FIRST_BLOCK, "6A80");
    probe_api_put_lengths(api, 0, probe_api_text().length);
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_ENCRYPT | API_ONE_BLOCK, "6A80");
}

static void lengths_are_ccms(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_for(api, KEY_ALGORITHM_AES_256_GCM, key);
    probe_api_put_lengths(api, 0, probe_api_text().length);
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_ENCRYPT | API_FIRST_BLOCK, "6A80");
}

static void try_announced(struct api_probe *api, size_t aad, size_t text)
{
    struct api_key *const key = probe_api_new_key(api);
    open_ccm(api, key);
    probe_api_put_lengths(api, aad, text);
    probe_api_process(api, key->handle, API_ENCRYPT | API_FIRST_BLOCK, "9000");
    probe_api_put_text(api, API_TAG_ADDITIONAL_DATA, AAD);
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_ENCRYPT | API_LAST_BLOCK, "6985");
    probe_api_close(api, key->handle);
}

static void ccm_keeps_to_lengths(struct api_probe *api)
{
    const size_t length = probe_api_text().length;
    try_announced(api, sizeof AAD - 1, length + 1);
    try_announced(api, sizeof AAD - 1, length - 1);
    try_announced(api, sizeof AAD, length);
    try_announced(api, sizeof AAD - 2, length);
}

static void text_has_a_limit(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    open_ccm(api, key);
    probe_api_put_lengths(api, 0, 0x1000000);
    probe_api_process(api, key->handle, API_ENCRYPT | API_FIRST_BLOCK, "6A80");
    probe_api_put_lengths(api, 0, 0xffffff);
    probe_api_process(api, key->handle, API_ENCRYPT | API_FIRST_BLOCK, "9000");
}

/* Nonces */

static void take_nonce(struct api_probe *api, uint8_t handle, struct content *nonce)
{
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, handle, API_ENCRYPT | API_ONE_BLOCK, "9000");
    probe_keep(nonce, probe_api_answer(api, API_TAG_NONCE));
}

static void demand_new(struct api_probe *api, const struct content *nonces, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const bool is_new = !octets_equal(content_octets(&nonces[i]), content_octets(&nonces[count]));
        probe_demand(api->probe, is_new, "88 with octets that were not there before");
    }
}

static void nonces_differ(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    struct content nonces[NONCES];
    open_for(api, KEY_ALGORITHM_AES_256_GCM, key);
    for (size_t i = 0; i < NONCES; i++) {
        take_nonce(api, key->handle, &nonces[i]);
        demand_new(api, nonces, i);
    }
}

/* The same key opened twice has one sequence of nonces. */
static void nonces_differ_between_handles(struct api_probe *api)
{
    struct api_key *const first = probe_api_new_key(api);
    struct api_key *const second = probe_api_new_key(api);
    struct content nonces[2];
    open_for(api, KEY_ALGORITHM_AES_256_GCM, first);
    take_nonce(api, first->handle, &nonces[0]);
    probe_api_close(api, first->handle);
    open_for(api, KEY_ALGORITHM_AES_256_GCM, second);
    take_nonce(api, second->handle, &nonces[1]);
    demand_new(api, nonces, 1);
}

static uint64_t counter_of(struct api_probe *api, const struct content *nonce)
{
    struct octet_reader reader = octet_reader_of(content_octets(nonce));
    (void)octet_reader_take(&reader, COUNTER_OFFSET);
    const uint64_t counter = octet_reader_u64(&reader);
    probe_demand(api->probe, !reader.failed, "88 with four random octets and a counter of eight");
    return counter;
}

static void nonce_counter_grows(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    struct content nonce;
    uint64_t last = 0;
    open_for(api, KEY_ALGORITHM_AES_256_GCM, key);
    for (unsigned i = 0; i < NONCES; i++) {
        take_nonce(api, key->handle, &nonce);
        const uint64_t counter = counter_of(api, &nonce);
        probe_demand(api->probe, i == 0 || counter > last, "a counter in 88 that grows");
        last = counter;
    }
}

/* The NAF key outlives the reset, so the same key is open again. */
static void nonce_counter_grows_over_reset(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    struct content before, after;
    open_for(api, KEY_ALGORITHM_AES_256_GCM, key);
    take_nonce(api, key->handle, &before);
    probe_api_reset(api);
    open_for(api, KEY_ALGORITHM_AES_256_GCM, key);
    take_nonce(api, key->handle, &after);
    probe_demand(api->probe, counter_of(api, &after) > counter_of(api, &before), "a counter in 88 that grew");
}

static void counter_blocks_end_with_zeros(struct api_probe *api)
{
    static const uint8_t zeros[4];
    struct api_key *const key = probe_api_new_key(api);
    struct content first, second;
    demand_offered(api, KEY_ALGORITHM_AES_128_CTR);
    open_for(api, KEY_ALGORITHM_AES_128_CTR, key);
    take_nonce(api, key->handle, &first);
    take_nonce(api, key->handle, &second);
    const bool ends_right =
        first.length == BLOCK_MODE_IV_SIZE && memcmp(first.octets + AEAD_NONCE_SIZE, zeros, sizeof zeros) == 0;
    probe_demand(api->probe, ends_right, "a counter block with four zero octets at its end");
    probe_demand(api->probe, memcmp(first.octets, second.octets, AEAD_NONCE_SIZE) != 0, "another nonce before them");
}

/* Twice the same counter would show in the last octets of both. */
static void initialisation_vectors_are_random(struct api_probe *api)
{
    struct api_key *const key = probe_api_new_key(api);
    struct content nonces[NONCES];
    demand_offered(api, KEY_ALGORITHM_AES_128_CBC);
    open_for(api, KEY_ALGORITHM_AES_128_CBC, key);
    for (size_t i = 0; i < NONCES && probe_goes_on(api->probe); i++) {
        take_nonce(api, key->handle, &nonces[i]);
        demand_new(api, nonces, i);
        const bool is_alike = i > 0 && memcmp(nonces[i].octets, nonces[i - 1].octets, COUNTER_OFFSET) == 0;
        probe_demand(api->probe, !is_alike, "88 without anything of the one before");
    }
}

/* Direction and usage */

static void refuse_to_encrypt(struct api_probe *api, enum key_usage usage, enum key_direction direction,
                              enum key_algorithm algorithm)
{
    struct api_key *const key = probe_api_new_key(api);
    probe_api_open(api, usage, direction, algorithm, key);
    probe_api_put(api, API_TAG_TEXT, probe_api_text());
    probe_api_process(api, key->handle, API_ENCRYPT | API_ONE_BLOCK, "6985");
    probe_api_close(api, key->handle);
}

static void encrypts_in_its_direction(struct api_probe *api)
{
    refuse_to_encrypt(api, KEY_USAGE_ENCRYPT, KEY_DIRECTION_NAF_TO_CARD, KEY_ALGORITHM_AES_256_GCM);
}

static void encrypts_with_its_usage(struct api_probe *api)
{
    refuse_to_encrypt(api, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256);
    refuse_to_encrypt(api, KEY_USAGE_DERIVE, KEY_DIRECTION_NONE, KEY_ALGORITHM_KDF);
    refuse_to_encrypt(api, KEY_USAGE_AUTHENTICATE, KEY_DIRECTION_NONE, KEY_ALGORITHM_HMAC_SHA256);
}

#define RUNS (NEEDS_API | NEEDS_PIN_OPEN | NEEDS_NAF_KEY | NEEDS_CHALLENGES | NEEDS_DESTRUCTIVE)

static const struct check rows[] = {
    {"encrypt.aead", "GBA_U API 12", "GCM and CCM seal as the NAF opens, in one block", RUNS,
     .run_api = encrypts_with_aeads},
    {"encrypt.block_modes", "GBA_U API 12", "CTR and CBC encrypt as the NAF decrypts, in one block", RUNS,
     .run_api = encrypts_with_block_modes},
    {"encrypt.empty", "GBA_U API 8.4", "an empty text is sealed too", RUNS, .run_api = encrypts_nothing},
    {"encrypt.piece", "GBA_U API 14", "a piece may have 200 octets", RUNS, .run_api = encrypts_whole_pieces},
    {"encrypt.blocks", "GBA_U API 8.4", "additional data and text may come in several blocks", RUNS,
     .run_api = encrypts_in_blocks},
    {"encrypt.out_of_turn", "GBA_U API 8.4", "a block that follows no first one is refused with 6985", RUNS,
     .run_api = refuses_block_out_of_turn},
    {"encrypt.first_ends", "GBA_U API 8.4", "a first block ends what was under way", RUNS,
     .run_api = first_block_ends_what_was},
    {"encrypt.late_aad", "GBA_U API 8.4", "additional data behind text is refused with 6985, and ends the operation",
     RUNS, .run_api = refuses_late_additional_data},
    {"encrypt.last_text", "GBA_U API 8.4", "the last block needs a text, an empty one at least", RUNS,
     .run_api = last_block_needs_text},
    {"encrypt.own_nonce", "GBA_U API 8.4", "an encryption takes no nonce from outside", RUNS,
     .run_api = takes_no_nonce},
    {"encrypt.aad_of_block_modes", "GBA_U API 8.4", "CTR takes no additional data", RUNS,
     .run_api = block_modes_take_no_additional_data},
    {"ccm.lengths", "GBA_U API 8.4", "CCM needs lengths in several blocks, and takes none in one", RUNS,
     .run_api = ccm_needs_lengths},
    {"ccm.only", "GBA_U API 8.4", "GCM takes no lengths", RUNS, .run_api = lengths_are_ccms},
    {"ccm.announced", "GBA_U API 8.4", "more or less than was announced is refused with 6985", RUNS,
     .run_api = ccm_keeps_to_lengths},
    {"ccm.limit", "GBA_U API 14", "a text has at most 2^24 - 1 octets", RUNS, .run_api = text_has_a_limit},
    {"nonce.unique", "GBA_U API 7", "no nonce comes twice", RUNS, .run_api = nonces_differ},
    {"nonce.two_handles", "GBA_U API 7", "no nonce comes twice when a key is opened again", RUNS,
     .run_api = nonces_differ_between_handles},
    {"nonce.counter", "GBA_U API 7", "the counter in the nonce grows", RUNS, .run_api = nonce_counter_grows},
    {"nonce.over_reset", "GBA_U API 7", "the counter in the nonce grows over a reset",
     RUNS | NEEDS_RESET | NEEDS_PIN_VALUE, .run_api = nonce_counter_grows_over_reset},
    {"nonce.counter_block", "GBA_U API 7", "a counter block of CTR is a nonce and four zero octets", RUNS,
     .run_api = counter_blocks_end_with_zeros},
    {"nonce.iv", "GBA_U API 7", "the IV of CBC is random", RUNS, .run_api = initialisation_vectors_are_random},
    {"encrypt.direction", "GBA_U API 4.3", "the card encrypts with no key of direction 02", RUNS,
     .run_api = encrypts_in_its_direction},
    {"encrypt.usage", "GBA_U API 4.2", "the card encrypts with keys of usage encrypt only", RUNS,
     .run_api = encrypts_with_its_usage},
};

CHECK_GROUP(api_encrypt_checks, rows);
