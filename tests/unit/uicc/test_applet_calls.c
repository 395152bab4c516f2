/*
 * test_applet_calls.c: the common tests of the key calls on the face for applets on the card: a holder of keys that
 * knows nothing but gbau_api_ functions, called inside an applet's command, against a NAF.
 */
#include <stdlib.h>

#include "api_testing.h"
#include "key/key_calls.h"
#include "key/local_key.h"
#include "key_calls_common.h"

#define APPLET_AID "f066616365" /* F0 face */
#define B_TID      "b-t"

enum { PIECE = 200, NAF_ID_SIZE = 20, BLOCK = 16 };

static const uint8_t applet_aid[] = {0xf0, 'f', 'a', 'c', 'e'};
static const uint8_t no_octets[1];

struct face;

/* Something to do inside the applet. */
struct job {
    uint16_t (*run)(struct gbau_api *api, struct job *job);
    uint8_t handle;
    void *context;
};

struct face {
    struct test_card card;
    struct gbau_applet applet;
    struct job *job;
    uint16_t sw; /* that the job gave */
    uint8_t naf_id[NAF_ID_SIZE];
    struct crypto_pool *cryptos;
    struct ks_int_naf root;
    struct local_key_root naf;
    struct key_ends ends;
};

/* What follows struct gbau_key. */
struct face_key {
    struct face *face; /* NULL: not open */
    uint8_t handle;
};

static struct face_key *state_of(struct gbau_key *key)
{
    return key_calls_state(key);
}

static const struct key_algorithm_properties *algorithm_of(const struct gbau_key *key)
{
    return key_algorithm_find((unsigned)key->algorithm);
}

/* Running jobs */

static uint16_t run_job(void *context, struct gbau_api *api, const struct gbau_applet_command *command,
                        struct gbau_applet_response *response)
{
    struct face *face = context;
    (void)command;
    response->length = 0;
    face->sw = face->job->run(api, face->job);
    return 0x9000;
}

static enum gbau_status status_of(uint16_t sw)
{
    static const struct {
        uint16_t sw;
        enum gbau_status status;
    } statuses[] = {{0x9000, GBAU_OK},           {0x6982, GBAU_E_ACCESS},         {0x6985, GBAU_E_ACCESS},
                    {0x6a80, GBAU_E_ARGUMENT},   {0x6a81, GBAU_E_UNSUPPORTED},    {0x6a84, GBAU_E_LIMIT},
                    {0x6983, GBAU_E_LIMIT},      {0x6a88, GBAU_E_NOT_FOUND},      {0x9862, GBAU_E_AUTHENTICATION}};
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        if (statuses[i].sw == sw) {
            return statuses[i].status;
        }
    }
    return GBAU_E_CARD;
}

static enum gbau_status in_applet(struct face *face, struct job *job)
{
    static const uint8_t command[] = {0x81, 0x01, 0x00, 0x00};
    uint8_t response[UICC_RESPONSE_MAX];
    face->job = job;
    assert_int_equal(uicc_process(&face->card.uicc, octets_of(command, sizeof command), response), 2);
    return status_of(face->sw);
}

static enum gbau_status with_key(struct gbau_key *key, uint16_t (*run)(struct gbau_api *, struct job *), void *context)
{
    struct job job = {.run = run, .handle = state_of(key)->handle, .context = context};
    return in_applet(state_of(key)->face, &job);
}

/* Messages in blocks */

struct message {
    uint8_t operation;
    bool tells_lengths; /* CCM in several blocks */
    struct octets additional_data;
    struct octets text;
    struct octets nonce;
    struct octets authenticator;
    uint8_t *made_nonce;
    uint8_t *made_authenticator; /* NULL: behind the text */
    struct octet_writer *out;
};

static uint16_t run_block(struct gbau_api *api, uint8_t handle, const struct message *message,
                          const struct gbau_api_block *block)
{
    struct gbau_api_output output;
    const uint16_t sw = gbau_api_process(api, handle, block, &output);
    if (sw != 0x9000) {
        return sw;
    }
    if (output.nonce_length > 0) {
        memcpy(message->made_nonce, output.nonce, output.nonce_length);
    }
    if (message->out != NULL) {
        octet_writer_put(message->out, output.text, output.text_length);
    }
    if (message->made_authenticator != NULL) {
        memcpy(message->made_authenticator, output.authenticator, output.authenticator_length);
    } else if (message->out != NULL) {
        octet_writer_put(message->out, output.authenticator, output.authenticator_length);
    }
    return sw;
}

static size_t piece_of(size_t left)
{
    return left < PIECE ? left : PIECE;
}

/* Additional data block by block, then the text; what fits goes in one block. */
static uint16_t run_message(struct gbau_api *api, struct job *job)
{
    const struct message *message = job->context;
    const bool is_one = message->additional_data.length <= PIECE && message->text.length <= PIECE;
    size_t additional = 0;
    size_t text = 0;
    uint8_t lengths[8];
    struct octet_writer writer = octet_writer_of(lengths, sizeof lengths);
    octet_writer_u32(&writer, (uint32_t)message->additional_data.length);
    octet_writer_u32(&writer, (uint32_t)message->text.length);
    for (bool is_first = true;; is_first = false) {
        struct gbau_api_block block = {.operation = message->operation, .is_first = is_first};
        if (is_first && message->nonce.length > 0) {
            block.nonce = message->nonce.data;
            block.nonce_length = message->nonce.length;
        }
        block.lengths = is_first && message->tells_lengths && !is_one ? lengths : NULL;
        block.additional_length = piece_of(message->additional_data.length - additional);
        block.additional_data = block.additional_length > 0 ? message->additional_data.data + additional : NULL;
        additional += block.additional_length;
        if (additional == message->additional_data.length) {
            block.text_length = piece_of(message->text.length - text);
            block.text = block.text_length > 0 ? message->text.data + text : no_octets;
            text += block.text_length;
            block.is_last = text == message->text.length;
        }
        if (block.is_last && message->authenticator.length > 0) {
            block.authenticator = message->authenticator.data;
            block.authenticator_length = message->authenticator.length;
        }
        const uint16_t sw = run_block(api, job->handle, message, &block);
        if (sw != 0x9000 || block.is_last) {
            return sw;
        }
    }
}

static bool has_mode(const struct gbau_key *key, enum key_algorithm_kind kind, enum cipher_mode mode)
{
    const struct key_algorithm_properties *algorithm = algorithm_of(key);
    return algorithm->kind == kind && cipher_suite_properties(algorithm->suite)->mode == mode;
}

static enum gbau_status face_encrypt(struct gbau_key *key, struct octets additional_data, struct octets text,
                                     uint8_t *nonce, struct octet_writer *out)
{
    struct message message = {.operation = GBAU_API_ENCRYPT,
                              .tells_lengths = has_mode(key, KEY_ALGORITHM_KIND_AEAD, CIPHER_MODE_CCM),
                              .additional_data = additional_data,
                              .text = text,
                              .made_nonce = nonce,
                              .out = out};
    const bool takes = algorithm_of(key)->kind == KEY_ALGORITHM_KIND_AEAD || additional_data.length == 0;
    return takes ? with_key(key, run_message, &message) : GBAU_E_ARGUMENT;
}

static enum gbau_status face_decrypt(struct gbau_key *key, struct octets additional_data, const uint8_t *nonce,
                                     struct octets in, struct octet_writer *text)
{
    const struct key_algorithm_properties *algorithm = algorithm_of(key);
    const bool is_cbc = has_mode(key, KEY_ALGORITHM_KIND_BLOCK_MODE, CIPHER_MODE_CBC);
    const size_t length = in.length - algorithm->tag_size;
    struct message message = {.operation = GBAU_API_DECRYPT,
                              .tells_lengths = has_mode(key, KEY_ALGORITHM_KIND_AEAD, CIPHER_MODE_CCM),
                              .additional_data = additional_data,
                              .text = octets_of(in.data, length),
                              .nonce = octets_of(nonce, algorithm->nonce_size),
                              .authenticator = octets_of(in.data + length, algorithm->tag_size),
                              .out = text};
    if (algorithm->kind != KEY_ALGORITHM_KIND_AEAD && additional_data.length > 0) {
        return GBAU_E_ARGUMENT;
    }
    if (is_cbc && (length == 0 || length % BLOCK != 0)) {
        return GBAU_E_MALFORMED;
    }
    const enum gbau_status status = with_key(key, run_message, &message);
    return is_cbc && status == GBAU_E_ARGUMENT ? GBAU_E_MALFORMED : status; /* the padding */
}

/* The parts, joined; to be freed. */
static uint8_t *join(const struct octets *parts, size_t part_count, size_t *length)
{
    *length = 0;
    for (size_t i = 0; i < part_count; i++) {
        *length += parts[i].length;
    }
    uint8_t *joined = malloc(*length + 1);
    assert_non_null(joined);
    struct octet_writer writer = octet_writer_of(joined, *length);
    for (size_t i = 0; i < part_count; i++) {
        octet_writer_put_octets(&writer, parts[i]);
    }
    assert_ok(octet_writer_end(&writer));
    return joined;
}

static enum gbau_status face_mac(struct gbau_key *key, const struct octets *parts, size_t part_count,
                                 uint8_t mac[MAC_MAX_SIZE])
{
    size_t length = 0;
    uint8_t *joined = join(parts, part_count, &length);
    struct message message = {
        .operation = GBAU_API_MAC, .text = octets_of(joined, length), .made_authenticator = mac};
    const enum gbau_status status = with_key(key, run_message, &message);
    free(joined);
    return status;
}

static enum gbau_status face_verify(struct gbau_key *key, const struct octets *parts, size_t part_count,
                                    struct octets mac)
{
    size_t length = 0;
    if (mac.length != algorithm_of(key)->tag_size) {
        return GBAU_E_AUTHENTICATION;
    }
    uint8_t *joined = join(parts, part_count, &length);
    struct message message = {.operation = GBAU_API_VERIFY, .text = octets_of(joined, length), .authenticator = mac};
    const enum gbau_status status = with_key(key, run_message, &message);
    free(joined);
    return status;
}

static enum gbau_status face_hash(struct gbau_key *key, struct octets data, uint8_t hash[32])
{
    struct message message = {.operation = GBAU_API_HASH, .text = data, .made_authenticator = hash};
    return with_key(key, run_message, &message);
}

/* Keys */

struct opening {
    bool is_child;
    struct gbau_api_request request;
    uint8_t handle;
};

static uint16_t run_opening(struct gbau_api *api, struct job *job)
{
    struct opening *opening = job->context;
    return opening->is_child ? gbau_api_derive(api, job->handle, &opening->request, &opening->handle)
                             : gbau_api_open(api, &opening->request, &opening->handle);
}

static struct opening opening_of(struct face *face, const struct application_key_description *description)
{
    return (struct opening){.request = {.naf_id = face->naf_id,
                                        .naf_id_length = NAF_ID_SIZE,
                                        .usage = (uint8_t)description->usage,
                                        .direction = (uint8_t)description->direction,
                                        .algorithm = (uint8_t)description->algorithm,
                                        .label = description->label.data,
                                        .label_length = description->label.length,
                                        .context = description->context.data,
                                        .context_length = description->context.length}};
}

static void take_handle(struct gbau_key *key, struct face *face, uint8_t handle)
{
    *state_of(key) = (struct face_key){.face = face, .handle = handle};
}

static enum gbau_status face_derive(struct gbau_key *key, const struct application_key_description *description,
                                    struct gbau_key *child)
{
    struct face *face = state_of(key)->face;
    struct opening opening = opening_of(face, description);
    opening.is_child = true;
    const enum gbau_status status = with_key(key, run_opening, &opening);
    if (status == GBAU_OK) {
        take_handle(child, face, opening.handle);
    }
    return status;
}

static uint16_t run_export(struct gbau_api *api, struct job *job)
{
    return gbau_api_export(api, job->handle, job->context);
}

static enum gbau_status face_export(struct gbau_key *key, uint8_t octets[APPLICATION_KEY_SIZE])
{
    return with_key(key, run_export, octets);
}

struct moving {
    uint8_t handle; /* of the key that goes, or that came */
    struct gbau_api_wrapped wrapped;
    struct gbau_api_key seen;
};

static uint16_t run_wrap(struct gbau_api *api, struct job *job)
{
    struct moving *moving = job->context;
    return gbau_api_wrap(api, job->handle, moving->handle, &moving->wrapped);
}

static enum gbau_status face_wrap(struct gbau_key *key, struct gbau_key *other, struct octet_writer *out)
{
    struct moving moving = {.handle = state_of(other)->handle};
    const enum gbau_status status = with_key(key, run_wrap, &moving);
    if (status == GBAU_OK) {
        octet_writer_put(out, moving.wrapped.nonce, sizeof moving.wrapped.nonce);
        octet_writer_put(out, moving.wrapped.ciphertext, moving.wrapped.length);
        octet_writer_put(out, moving.wrapped.tag, sizeof moving.wrapped.tag);
    }
    return status;
}

static uint16_t run_unwrap(struct gbau_api *api, struct job *job)
{
    struct moving *moving = job->context;
    return gbau_api_unwrap(api, job->handle, &moving->wrapped, &moving->handle, &moving->seen);
}

static enum gbau_status face_unwrap(struct gbau_key *key, struct octets in, struct gbau_key *unwrapped)
{
    struct moving moving = {0};
    struct application_key_description unused;
    char label[KEY_LABEL_SIZE] = "";
    const size_t around = sizeof moving.wrapped.nonce + sizeof moving.wrapped.tag;
    if (in.length < around || in.length > around + GBAU_API_WRAPPED_MAX) {
        return GBAU_E_MALFORMED;
    }
    struct octet_reader reader = octet_reader_of(in);
    moving.wrapped.length = in.length - around;
    octet_reader_copy(&reader, moving.wrapped.nonce, sizeof moving.wrapped.nonce);
    octet_reader_copy(&reader, moving.wrapped.ciphertext, moving.wrapped.length);
    octet_reader_copy(&reader, moving.wrapped.tag, sizeof moving.wrapped.tag);
    const enum gbau_status status = with_key(key, run_unwrap, &moving);
    if (status != GBAU_OK) {
        return status;
    }
    take_handle(unwrapped, state_of(key)->face, moving.handle);
    memcpy(label, moving.seen.label, moving.seen.label_length);
    const struct gbau_key_request described = {.usage = (enum gbau_usage)moving.seen.usage,
                                               .direction = (enum gbau_direction)moving.seen.direction,
                                               .algorithm = (enum gbau_algorithm)moving.seen.algorithm,
                                               .label = label};
    return key_calls_describe(&described, true, unwrapped, &unused);
}

/* Mutual authentication */

struct authentication {
    uint8_t own_nonce[GBAU_API_NONCE_SIZE];
    uint8_t nonce[GBAU_API_NONCE_SIZE];
    struct gbau_api_mac received;
    struct gbau_api_mac mac;
    uint32_t policy_version;
    uint8_t session;
};

static uint16_t run_begin(struct gbau_api *api, struct job *job)
{
    struct authentication *run = job->context;
    return gbau_api_authenticate_begin(api, job->handle, run->own_nonce);
}

static uint16_t run_answer(struct gbau_api *api, struct job *job)
{
    struct authentication *run = job->context;
    return gbau_api_authenticate_answer(api, job->handle, run->nonce, run->own_nonce, &run->mac, &run->policy_version);
}

static uint16_t run_finish(struct gbau_api *api, struct job *job)
{
    struct authentication *run = job->context;
    return gbau_api_authenticate_finish(api, job->handle, run->nonce, &run->received, &run->mac, &run->session);
}

static uint16_t run_confirm(struct gbau_api *api, struct job *job)
{
    struct authentication *run = job->context;
    return gbau_api_authenticate_confirm(api, job->handle, &run->received, &run->session);
}

static enum gbau_status face_authenticate_begin(struct gbau_key *key, struct octet_writer *message)
{
    struct authentication run = {0};
    const enum gbau_status status = with_key(key, run_begin, &run);
    if (status == GBAU_OK) {
        octet_writer_put(message, run.own_nonce, sizeof run.own_nonce);
    }
    return status;
}

static enum gbau_status face_authenticate_answer(struct gbau_key *key, struct octets message, struct octet_writer *out)
{
    struct authentication run = {0};
    if (message.length != GBAU_API_NONCE_SIZE) {
        return GBAU_E_MALFORMED;
    }
    memcpy(run.nonce, message.data, message.length);
    const enum gbau_status status = with_key(key, run_answer, &run);
    if (status == GBAU_OK) {
        octet_writer_put(out, run.own_nonce, sizeof run.own_nonce);
        octet_writer_u32(out, run.policy_version);
        octet_writer_put(out, run.mac.octets, run.mac.length);
    }
    return status;
}

static enum gbau_status face_authenticate_finish(struct gbau_key *key, struct octets answer,
                                                 struct octet_writer *message, struct gbau_key *session)
{
    struct authentication run = {.received = {.length = algorithm_of(key)->tag_size}};
    struct octet_reader reader = octet_reader_of(answer);
    octet_reader_copy(&reader, run.nonce, sizeof run.nonce);
    (void)octet_reader_u32(&reader);
    octet_reader_copy(&reader, run.received.octets, run.received.length);
    if (octet_reader_end(&reader) != GBAU_OK) {
        return GBAU_E_MALFORMED;
    }
    const enum gbau_status status = with_key(key, run_finish, &run);
    if (status == GBAU_OK) {
        octet_writer_put(message, run.mac.octets, run.mac.length);
        take_handle(session, state_of(key)->face, run.session);
    }
    return status;
}

static enum gbau_status face_authenticate_confirm(struct gbau_key *key, struct octets message, struct gbau_key *session)
{
    struct authentication run = {.received = {.length = message.length}};
    if (message.length != algorithm_of(key)->tag_size) {
        return GBAU_E_AUTHENTICATION;
    }
    memcpy(run.received.octets, message.data, message.length);
    const enum gbau_status status = with_key(key, run_confirm, &run);
    if (status == GBAU_OK) {
        take_handle(session, state_of(key)->face, run.session);
    }
    return status;
}

static uint16_t run_close(struct gbau_api *api, struct job *job)
{
    return gbau_api_close(api, job->handle);
}

static void face_close(struct gbau_key *key)
{
    if (state_of(key)->face != NULL) {
        assert_ok(with_key(key, run_close, NULL));
    }
}

static const struct key_holder face_holder = {
    .encrypt = face_encrypt,
    .decrypt = face_decrypt,
    .mac = face_mac,
    .verify = face_verify,
    .hash = face_hash,
    .derive = face_derive,
    .export_octets = face_export,
    .wrap = face_wrap,
    .unwrap = face_unwrap,
    .authenticate_begin = face_authenticate_begin,
    .authenticate_answer = face_authenticate_answer,
    .authenticate_finish = face_authenticate_finish,
    .authenticate_confirm = face_authenticate_confirm,
    .close = face_close,
};

/* Both ends */

static enum gbau_status open_in_applet(void *context, const struct gbau_key_request *request, struct gbau_key **key)
{
    struct face *face = context;
    struct application_key_description description;
    struct gbau_key *made = key_calls_new(&face_holder, sizeof(struct face_key));
    *key = NULL;
    assert_non_null(made);
    enum gbau_status status = key_calls_describe(request, true, made, &description);
    if (status == GBAU_OK) {
        struct opening opening = opening_of(face, &description);
        struct job job = {.run = run_opening, .context = &opening};
        status = in_applet(face, &job);
        if (status == GBAU_OK) {
            take_handle(made, face, opening.handle);
            (void)snprintf(made->b_tid, sizeof made->b_tid, B_TID);
            *key = made;
            return GBAU_OK;
        }
    }
    gbau_key_close(made);
    return status;
}

static enum gbau_status open_at_naf(void *context, const struct gbau_key_request *request, struct gbau_key **key)
{
    return local_key_open(&((struct face *)context)->naf, request, key);
}

struct ruling {
    const struct face *face;
    struct octets object;
    uint8_t mac[KEY_POLICY_MAC_SIZE];
};

static uint16_t run_apply(struct gbau_api *api, struct job *job)
{
    const struct ruling *ruling = job->context;
    return gbau_api_apply(api, ruling->face->naf_id, NAF_ID_SIZE, ruling->object.data, ruling->object.length,
                          ruling->mac);
}

static void allow_all(void *context)
{
    struct face *face = context;
    uint8_t object[KEY_POLICY_OBJECT_MAX];
    struct octet_writer writer = octet_writer_of(object, sizeof object);
    struct key_policy policy = key_policy_default;
    policy.version = face->naf.policy_version + 1;
    policy.usages = 0x3f;
    policy.allows_export = true;
    policy.allows_wrap = true;
    key_policy_write(&writer, &policy);
    struct ruling ruling = {.face = face, .object = octets_written(&writer)};
    assert_ok(key_policy_mac(&face->card.crypto, &face->root, ruling.object, ruling.mac));
    struct job job = {.run = run_apply, .context = &ruling};
    assert_ok(in_applet(face, &job));
    face->naf.policy_version = policy.version;
}

/* The applet's line of EF_AC_GBAUAPI, by ADM. */
static void write_line(struct test_card *card)
{
    char update[300];
    memset(update, 'f', sizeof update);
    memcpy(update, "00dc020478", 10);
    memcpy(update + 10, "801b05" APPLET_AID "14" TEST_NAF, strlen("801b05" APPLET_AID "14" TEST_NAF));
    update[10 + 240] = '\0';
    enter_usim(card);
    assert_sw(card, "0020000a08" TEST_ADM, "9000");
    assert_sw(card, "00a4080c047fff6f0a", "9000");
    assert_sw(card, update, "9000");
}

static int open_face(void **state)
{
    static struct face face;
    memset(&face, 0, sizeof face);
    from_hex(TEST_NAF, face.naf_id, NAF_ID_SIZE);
    test_card_begin(&face.card);
    face.card.shows_keys = true; /* exported keys are looked at here */
    write_line(&face.card);
    face.applet = (struct gbau_applet){applet_aid, sizeof applet_aid, run_job, &face};
    uicc_power_off(&face.card.uicc);
    assert_ok(uicc_power_on_with_applets(&face.card.uicc, &face.card.storage, &face.card.crypto, &face.applet, 1));
    enter_usim(&face.card);
    const struct challenge challenge = bootstrap(&face.card, 0x81, 1);
    assert_sw(&face.card, TEST_SELECT_GBABP, "9000");
    assert_sw(&face.card, "00d600110503622d7400", "9000");
    assert_sw(&face.card, TEST_DERIVE, "9000");
    assert_sw(&face.card, "0070000001", "9000");
    assert_sw(&face.card, "01a4040c05" APPLET_AID, "9000");
    face.root = int_key_by(&face.card, &challenge, TEST_NAF);
    assert_ok(crypto_pool_open(1, &face.cryptos));
    face.naf = (struct local_key_root){.cryptos = face.cryptos,
                                       .int_key = &face.root,
                                       .b_tid = B_TID,
                                       .caller = octets_of(applet_aid, sizeof applet_aid)};
    face.ends = (struct key_ends){.context = &face,
                                  .open_card = open_in_applet,
                                  .open_naf = open_at_naf,
                                  .allow_all = allow_all,
                                  .card_has_all_algorithms = true,
                                  .long_length = 200000};
    *state = &face.ends;
    return 0;
}

static int close_face(void **state)
{
    struct face *face = ((struct key_ends *)*state)->context;
    crypto_pool_close(face->cryptos);
    test_card_end(&face->card);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {KEY_CALLS_COMMON_TESTS(open_face, close_face)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
