/* api_process.c: messages in blocks: encrypt, decrypt, MAC, verify, hash (docs/gba_u-api.md 8.4). */
#include <string.h>

#include "base/secret.h"
#include "uicc/api_nonce.h"
#include "uicc/api_rules.h"
#include "uicc/api_session.h"

enum { TEXT_MAX = 0xffffff }; /* octets of one message (14): what a length of three octets in CCM can say */

typedef enum gbau_status stream_step(struct crypto *crypto, struct api_session *session, const struct api_block *block,
                                     struct api_block_output *output);

/* How a stream of one kind begins, takes a block, and ends. */
struct stream_kind {
    stream_step *begin;
    stream_step *feed;
    stream_step *end;
    stream_step *whole; /* all of a message that is one block; NULL: as any other */
};

static const struct key_algorithm_properties *algorithm_of(const struct api_session *session)
{
    return key_algorithm_find(session->key.algorithm);
}

static bool is_present(struct octets object)
{
    return object.data != NULL;
}

/* AEAD */

static struct aead_lengths lengths_of(const struct api_block *block)
{
    if (block->is_last) {
        return (struct aead_lengths){.aad = block->additional_data.length, .text = block->text.length};
    }
    if (!is_present(block->lengths)) {
        return (struct aead_lengths){.aad = AEAD_LENGTH_UNKNOWN, .text = AEAD_LENGTH_UNKNOWN};
    }
    struct octet_reader reader = octet_reader_of(block->lengths);
    const uint32_t aad = octet_reader_u32(&reader);
    return (struct aead_lengths){.aad = aad, .text = octet_reader_u32(&reader)};
}

static enum gbau_status begin_aead(struct crypto *crypto, struct api_session *session, const struct api_block *block,
                                   struct api_block_output *output)
{
    const enum cipher_suite suite = algorithm_of(session)->suite;
    const struct octets key = application_key_octets(&session->key);
    if (block->operation == API_ENCRYPT) {
        return aead_stream_begin_seal(&session->aead, crypto, suite, key, output->nonce, lengths_of(block));
    }
    return aead_stream_begin_open(&session->aead, crypto, suite, key, block->nonce.data, lengths_of(block));
}

/* Additional data ends where the text begins. */
static enum gbau_status feed_aead(struct crypto *crypto, struct api_session *session, const struct api_block *block,
                                  struct api_block_output *output)
{
    enum gbau_status status = GBAU_OK;
    if (is_present(block->additional_data)) {
        status = session->text_has_begun ? GBAU_E_ARGUMENT
                                         : aead_stream_put_aad(&session->aead, crypto, block->additional_data);
    }
    if (status != GBAU_OK || !is_present(block->text)) {
        return status;
    }
    session->text_has_begun = true;
    uint8_t *text = octet_writer_reserve(&output->text, block->text.length);
    if (text == NULL) {
        return GBAU_E_SPACE;
    }
    return block->operation == API_ENCRYPT ? aead_stream_seal(&session->aead, crypto, block->text, text)
                                           : aead_stream_open_unverified(&session->aead, crypto, block->text, text);
}

static enum gbau_status end_aead(struct crypto *crypto, struct api_session *session, const struct api_block *block,
                                 struct api_block_output *output)
{
    if (block->operation == API_DECRYPT) {
        return aead_stream_end_open(&session->aead, crypto, block->authenticator.data);
    }
    output->authenticator_length = AEAD_TAG_SIZE;
    return aead_stream_end_seal(&session->aead, crypto, output->authenticator);
}

/* Whole messages are sealed and opened by the platform in one go, where it has a way faster than the stream's. */
static enum gbau_status run_whole_aead(struct crypto *crypto, struct api_session *session,
                                       const struct api_block *block, struct api_block_output *output)
{
    const enum cipher_suite suite = algorithm_of(session)->suite;
    const struct octets key = application_key_octets(&session->key);
    uint8_t *text = octet_writer_reserve(&output->text, block->text.length);
    if (text == NULL) {
        return GBAU_E_SPACE;
    }
    if (block->operation == API_DECRYPT) {
        return aead_open(crypto, suite, key, block->nonce.data, block->additional_data, block->text,
                         block->authenticator.data, text);
    }
    output->authenticator_length = AEAD_TAG_SIZE;
    return aead_seal(crypto, suite, key, output->nonce, block->additional_data, block->text, text,
                     output->authenticator);
}

/* CTR and CBC */

static enum gbau_status begin_block_mode(struct crypto *crypto, struct api_session *session,
                                         const struct api_block *block, struct api_block_output *output)
{
    const bool encrypts = block->operation == API_ENCRYPT;
    return block_mode_stream_begin(&session->block_mode, crypto, algorithm_of(session)->suite,
                                   encrypts ? BLOCK_ENCRYPT : BLOCK_DECRYPT, application_key_octets(&session->key),
                                   encrypts ? output->nonce : block->nonce.data);
}

static enum gbau_status feed_block_mode(struct crypto *crypto, struct api_session *session,
                                        const struct api_block *block, struct api_block_output *output)
{
    const struct octets text = is_present(block->text) ? block->text : octets_of("", 0);
    return block_mode_stream_update(&session->block_mode, crypto, text, &output->text);
}

static enum gbau_status end_block_mode(struct crypto *crypto, struct api_session *session,
                                       const struct api_block *block, struct api_block_output *output)
{
    (void)block;
    return block_mode_stream_end(&session->block_mode, crypto, &output->text);
}

/* MAC and hash */

static enum gbau_status begin_mac(struct crypto *crypto, struct api_session *session, const struct api_block *block,
                                  struct api_block_output *output)
{
    (void)block;
    (void)output;
    return mac_stream_begin(&session->mac, crypto, algorithm_of(session)->mac, application_key_octets(&session->key));
}

static enum gbau_status feed_mac(struct crypto *crypto, struct api_session *session, const struct api_block *block,
                                 struct api_block_output *output)
{
    (void)output;
    return is_present(block->text) ? mac_stream_update(&session->mac, crypto, block->text) : GBAU_OK;
}

static enum gbau_status end_mac(struct crypto *crypto, struct api_session *session, const struct api_block *block,
                                struct api_block_output *output)
{
    if (block->operation == API_VERIFY) {
        return mac_stream_end_verify(&session->mac, crypto, block->authenticator);
    }
    output->authenticator_length = algorithm_of(session)->tag_size;
    return mac_stream_end(&session->mac, crypto, output->authenticator);
}

static enum gbau_status begin_hash(struct crypto *crypto, struct api_session *session, const struct api_block *block,
                                   struct api_block_output *output)
{
    (void)crypto;
    (void)block;
    (void)output;
    return digest_stream_begin(&session->digest, algorithm_of(session)->digest);
}

static enum gbau_status feed_hash(struct crypto *crypto, struct api_session *session, const struct api_block *block,
                                  struct api_block_output *output)
{
    (void)output;
    return is_present(block->text) ? digest_stream_update(&session->digest, crypto, block->text) : GBAU_OK;
}

static enum gbau_status end_hash(struct crypto *crypto, struct api_session *session, const struct api_block *block,
                                 struct api_block_output *output)
{
    (void)block;
    output->authenticator_length = SHA256_SIZE;
    return digest_stream_end(&session->digest, crypto, output->authenticator);
}

static const struct stream_kind kinds[] = {
    [KEY_ALGORITHM_KIND_AEAD] = {begin_aead, feed_aead, end_aead, run_whole_aead},
    [KEY_ALGORITHM_KIND_BLOCK_MODE] = {begin_block_mode, feed_block_mode, end_block_mode, NULL},
    [KEY_ALGORITHM_KIND_MAC] = {begin_mac, feed_mac, end_mac, NULL},
    [KEY_ALGORITHM_KIND_HASH] = {begin_hash, feed_hash, end_hash, NULL},
};

static bool runs_whole(const struct stream_kind *kind, const struct api_block *block)
{
    return block->is_first && block->is_last && kind->whole != NULL;
}

/* What may be done with which key */

static bool needs_nothing(const struct api_session *session)
{
    (void)session;
    return true;
}

struct operation_rule {
    enum key_usage usage;
    bool (*direction_allows)(const struct api_session *session);
};

static const struct operation_rule rules[] = {
    [API_ENCRYPT] = {KEY_USAGE_ENCRYPT, api_session_makes}, [API_DECRYPT] = {KEY_USAGE_ENCRYPT, api_session_reads},
    [API_MAC] = {KEY_USAGE_MAC, api_session_makes},         [API_VERIFY] = {KEY_USAGE_MAC, api_session_reads},
    [API_HASH] = {KEY_USAGE_HASH, needs_nothing},
};

/* Usage, direction, and the turn. */
static bool is_in_place(const struct api_session *session, const struct api_block *block)
{
    const struct operation_rule *rule = &rules[block->operation];
    return session->key.usage == rule->usage && rule->direction_allows(session) &&
           (block->is_first || session->under_way == block->operation);
}

/* Which objects a block needs, may have, or must not have, for this algorithm (the table of 8.4). */

static bool lengths_are_sound(const struct key_algorithm_properties *algorithm, const struct api_block *block)
{
    const bool is_ccm = algorithm->kind == KEY_ALGORITHM_KIND_AEAD &&
                        cipher_suite_properties(algorithm->suite)->mode == CIPHER_MODE_CCM;
    const bool is_wanted = is_ccm && block->is_first && !block->is_last;
    if (!is_wanted || !is_present(block->lengths)) {
        return is_wanted == is_present(block->lengths);
    }
    return lengths_of(block).text <= TEXT_MAX;
}

static bool is_cipher(const struct api_block *block)
{
    return block->operation == API_ENCRYPT || block->operation == API_DECRYPT;
}

static bool cipher_objects_are_sound(const struct key_algorithm_properties *algorithm, const struct api_block *block)
{
    const bool is_aead = algorithm->kind == KEY_ALGORITHM_KIND_AEAD;
    const bool decrypts = block->operation == API_DECRYPT;
    const bool wants_nonce = decrypts && block->is_first;
    const bool wants_tag = decrypts && block->is_last && is_aead;
    return (is_aead || !is_present(block->additional_data)) &&
           block->nonce.length == (wants_nonce ? algorithm->nonce_size : 0U) &&
           block->authenticator.length == (wants_tag ? algorithm->tag_size : 0U) &&
           (decrypts || !block->is_last || is_present(block->text)) && lengths_are_sound(algorithm, block);
}

static bool objects_are_sound(const struct api_session *session, const struct api_block *block)
{
    if (is_cipher(block)) {
        const uint32_t text_left = block->is_first ? TEXT_MAX : session->text_left;
        return block->text.length <= text_left && cipher_objects_are_sound(algorithm_of(session), block);
    }
    const bool wants_mac = block->operation == API_VERIFY && block->is_last;
    return !is_present(block->additional_data) && !is_present(block->nonce) && !is_present(block->lengths) &&
           is_present(block->authenticator) == wants_mac;
}

/* Running */

/* The IV of CBC must be unpredictable; all others must not come twice. */
static enum gbau_status make_nonce(struct uicc *uicc, const struct key_algorithm_properties *algorithm,
                                   struct api_block_output *output)
{
    memset(output->nonce, 0, sizeof output->nonce);
    output->nonce_length = algorithm->nonce_size;
    if (cipher_suite_properties(algorithm->suite)->mode == CIPHER_MODE_CBC) {
        return crypto_random(uicc->crypto, output->nonce, algorithm->nonce_size);
    }
    return api_nonce_make(uicc, output->nonce);
}

static enum status_word begin(struct uicc *uicc, struct api_session *session, const struct api_block *block,
                              struct api_block_output *output)
{
    const struct key_algorithm_properties *algorithm = algorithm_of(session);
    enum gbau_status status = GBAU_OK;
    api_session_end_operation(session);
    if (block->operation != API_HASH) {
        const enum status_word sw = api_rules_pay(uicc, session);
        if (sw != SW_OK) {
            return sw;
        }
    }
    if (block->operation == API_ENCRYPT) {
        status = api_session_count_message(session);
    }
    if (status == GBAU_OK && block->operation == API_ENCRYPT) {
        status = make_nonce(uicc, algorithm, output);
    }
    if (status == GBAU_OK && !runs_whole(&kinds[algorithm->kind], block)) {
        status = kinds[algorithm->kind].begin(uicc->crypto, session, block, output);
    }
    session->under_way = (uint8_t)block->operation;
    session->text_has_begun = false;
    session->text_left = TEXT_MAX;
    return api_sw_of(status);
}

static enum status_word run(struct uicc *uicc, struct api_session *session, const struct api_block *block,
                            struct api_block_output *output)
{
    const struct stream_kind *kind = &kinds[algorithm_of(session)->kind];
    enum status_word sw = block->is_first ? begin(uicc, session, block, output) : SW_OK;
    if (sw != SW_OK) {
        return sw;
    }
    if (runs_whole(kind, block)) {
        return api_sw_of(kind->whole(uicc->crypto, session, block, output));
    }
    session->text_left -= is_cipher(block) ? (uint32_t)block->text.length : 0;
    enum gbau_status status = kind->feed(uicc->crypto, session, block, output);
    if (status == GBAU_OK && block->is_last) {
        status = kind->end(uicc->crypto, session, block, output);
    }
    return api_sw_of(status);
}

enum status_word api_process(const struct api_caller *caller, uint8_t handle, const struct api_block *block,
                             struct api_block_output *output)
{
    output->nonce_length = 0;
    output->authenticator_length = 0;
    struct api_session *session = api_session_find(caller, handle);
    if (session == NULL) {
        return SW_DATA_NOT_FOUND;
    }
    if (!is_in_place(session, block)) {
        return SW_CONDITIONS;
    }
    if (!objects_are_sound(session, block)) {
        return SW_WRONG_DATA;
    }
    const enum status_word sw = run(caller->uicc, session, block, output);
    if (sw != SW_OK || block->is_last) {
        api_session_end_operation(session);
    }
    if (sw != SW_OK) {
        secret_wipe(output->text.data, output->text.length);
        secret_wipe(output, sizeof *output);
    }
    return sw;
}
