/*
 * test_api_process.c: messages in blocks: every algorithm against the key room's and the crypto room's functions in one
 * piece, cut in random pieces, many at once on several handles and channels.
 */
#include "api_testing.h"

enum { MESSAGE_MAX = 700, AAD_MAX = 500, OUTPUT_MAX = MESSAGE_MAX + 16 };

static uint32_t random_state = 2463534242U;

static uint32_t next_random(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % below;
}

static void fill_random(uint8_t *octets, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        octets[i] = (uint8_t)next_random(256);
    }
}

/* A message that goes through a handle piece by piece. */
struct job {
    enum api_operation operation;
    const struct key_algorithm_properties *algorithm;
    struct application_key key; /* the NAF's */
    uint8_t channel;
    uint8_t handle;
    uint8_t aad[AAD_MAX];
    size_t aad_length;
    size_t aad_done;
    uint8_t input[OUTPUT_MAX];
    size_t input_length;
    size_t done;
    uint8_t output[OUTPUT_MAX];
    size_t output_length;
    uint8_t nonce[16];
    uint8_t authenticator[MAC_MAX_SIZE];
    bool has_begun;
    bool has_ended;
    unsigned blocks;
};

static bool is_ccm(const struct job *job)
{
    return job->algorithm->kind == KEY_ALGORITHM_KIND_AEAD &&
           cipher_suite_properties(job->algorithm->suite)->mode == CIPHER_MODE_CCM;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void put_first_objects(struct api_command *command, const struct job *job, bool is_last)
{
    if (job->operation == API_DECRYPT) {
        command_put(command, API_TAG_NONCE, octets_of(job->nonce, job->algorithm->nonce_size));
    }
    if (is_ccm(job) && !is_last) {
        ber_tlv_write_head(&command->writer, API_TAG_LENGTHS, 8);
        octet_writer_u32(&command->writer, (uint32_t)job->aad_length);
        octet_writer_u32(&command->writer, (uint32_t)job->input_length);
    }
}

static bool has_tag_to_give(const struct job *job)
{
    return job->operation == API_VERIFY ||
           (job->operation == API_DECRYPT && job->algorithm->kind == KEY_ALGORITHM_KIND_AEAD);
}

static void take_output(struct job *job, const struct api_response *response)
{
    const struct octets nonce = object_in(response, API_TAG_NONCE);
    const struct octets text = object_in(response, API_TAG_TEXT);
    const struct octets authenticator = object_in(response, API_TAG_AUTHENTICATOR);
    assert_true((nonce.data != NULL) == (job->operation == API_ENCRYPT && !job->has_begun));
    if (nonce.data != NULL) {
        assert_int_equal(nonce.length, job->algorithm->nonce_size);
        memcpy(job->nonce, nonce.data, nonce.length);
    }
    assert_true((text.data != NULL) == (job->operation == API_ENCRYPT || job->operation == API_DECRYPT));
    if (text.length > 0) {
        assert_true(job->output_length + text.length <= sizeof job->output);
        memcpy(job->output + job->output_length, text.data, text.length);
        job->output_length += text.length;
    }
    if (authenticator.data != NULL) {
        assert_int_equal(authenticator.length, job->algorithm->tag_size);
        memcpy(job->authenticator, authenticator.data, authenticator.length);
    }
}

/* The next piece, of random length. */
static unsigned step(struct test_card *card, struct job *job)
{
    struct api_command command;
    const size_t aad = smaller(next_random(90), job->aad_length - job->aad_done);
    const bool aad_is_complete = job->aad_done + aad == job->aad_length;
    const size_t text = aad_is_complete ? smaller(next_random(120), job->input_length - job->done) : 0;
    const bool is_last = aad_is_complete && job->done + text == job->input_length && next_random(3) != 0;
    const uint8_t flags = (uint8_t)((job->has_begun ? 0 : API_FIRST_BLOCK) | (is_last ? API_LAST_BLOCK : 0));
    command_begin(&command, job->channel, API_INS_PROCESS, job->handle, (uint8_t)(flags | job->operation));
    if (!job->has_begun) {
        put_first_objects(&command, job, is_last);
    }
    if (aad > 0) {
        command_put(&command, API_TAG_ADDITIONAL_DATA, octets_of(job->aad + job->aad_done, aad));
    }
    if (aad_is_complete) {
        command_put(&command, API_TAG_TEXT, octets_of(job->input + job->done, text));
    }
    if (is_last && has_tag_to_give(job)) {
        command_put(&command, API_TAG_AUTHENTICATOR, octets_of(job->authenticator, job->algorithm->tag_size));
    }
    const struct api_response response = command_run(card, &command);
    if (response.sw == 0x9000) {
        take_output(job, &response);
    }
    job->aad_done += aad;
    job->done += text;
    job->has_begun = true;
    job->has_ended = is_last || response.sw != 0x9000;
    job->blocks++;
    return response.sw;
}

static void make_input(struct job *job)
{
    const bool is_aead = job->algorithm->kind == KEY_ALGORITHM_KIND_AEAD;
    job->aad_length = is_aead ? next_random(AAD_MAX) : 0;
    job->input_length = next_random(4) == 0 ? 16 * next_random(20) : next_random(MESSAGE_MAX);
    fill_random(job->aad, job->aad_length);
    fill_random(job->input, job->input_length);
    job->aad_done = job->done = job->output_length = job->blocks = 0;
    job->has_begun = job->has_ended = false;
}

/* What is expected, in one piece: replaces a reader's input by what the NAF makes of it. */
static void make_by_naf(struct test_card *card, struct job *job, uint8_t plain[MESSAGE_MAX], size_t *plain_length)
{
    struct octets text = octets_of(job->input, job->input_length);
    struct octets key = application_key_octets(&job->key);
    memcpy(plain, job->input, job->input_length);
    *plain_length = job->input_length;
    if (job->operation == API_VERIFY) {
        assert_ok(application_key_mac(&card->crypto, &job->key, &text, 1, job->authenticator));
        return;
    }
    uint8_t ciphertext[OUTPUT_MAX];
    fill_random(job->nonce, sizeof job->nonce);
    if (job->algorithm->kind == KEY_ALGORITHM_KIND_AEAD) {
        assert_ok(application_key_seal(&card->crypto, &job->key, job->nonce, octets_of(job->aad, job->aad_length), text,
                                       ciphertext, job->authenticator));
    } else {
        assert_ok(block_mode_encrypt(&card->crypto, job->algorithm->suite, key, job->nonce, text, ciphertext));
        job->input_length = block_mode_ciphertext_length(job->algorithm->suite, job->input_length);
    }
    memcpy(job->input, ciphertext, job->input_length);
}

/* What the card has made, read by the NAF in one piece. */
static void read_by_naf(struct test_card *card, const struct job *job)
{
    uint8_t plain[OUTPUT_MAX];
    size_t length = job->output_length;
    const struct octets text = octets_of(job->input, job->input_length);
    const struct octets made = octets_of(job->output, job->output_length);
    if (job->operation == API_MAC) {
        assert_ok(application_key_verify(&card->crypto, &job->key, &text, 1,
                                         octets_of(job->authenticator, job->algorithm->tag_size)));
        return;
    }
    if (job->algorithm->kind == KEY_ALGORITHM_KIND_AEAD) {
        assert_ok(application_key_open(&card->crypto, &job->key, job->nonce, octets_of(job->aad, job->aad_length), made,
                                       job->authenticator, plain));
    } else {
        assert_ok(block_mode_decrypt(&card->crypto, job->algorithm->suite, application_key_octets(&job->key),
                                     job->nonce, made, plain, &length));
    }
    assert_int_equal(length, job->input_length);
    assert_memory_equal(plain, job->input, length);
}

static void run_to_end(struct test_card *card, struct job *job)
{
    while (!job->has_ended) {
        assert_int_equal(step(card, job), 0x9000);
    }
}

static unsigned usage_of(enum key_algorithm_kind kind)
{
    return kind == KEY_ALGORITHM_KIND_MAC ? KEY_USAGE_MAC : KEY_USAGE_ENCRYPT;
}

/* Opens the handle of a job and derives the NAF's key. */
static void open_job(struct test_card *card, const struct ks_int_naf *root, struct job *job, uint8_t channel,
                     enum api_operation operation, const struct key_algorithm_properties *algorithm)
{
    const bool makes = operation == API_ENCRYPT || operation == API_MAC;
    const unsigned direction = makes ? KEY_DIRECTION_CARD_TO_NAF : KEY_DIRECTION_NAF_TO_CARD;
    const unsigned usage = usage_of(algorithm->kind);
    *job = (struct job){.operation = operation, .algorithm = algorithm, .channel = channel};
    job->key = key_for(card, root, usage, direction, algorithm->algorithm, "p");
    const struct api_response response =
        open_response(card, channel, test_naf_id(), usage, direction, algorithm->algorithm, "p");
    job->handle = handle_in(&response);
}

static void check_both_ways(struct test_card *card, const struct ks_int_naf *root,
                            const struct key_algorithm_properties *algorithm)
{
    const bool is_mac = algorithm->kind == KEY_ALGORITHM_KIND_MAC;
    struct job job;
    for (unsigned way = 0; way < 2; way++) {
        const enum api_operation makes = is_mac ? API_MAC : API_ENCRYPT;
        const enum api_operation reads = is_mac ? API_VERIFY : API_DECRYPT;
        open_job(card, root, &job, 0, way == 0 ? makes : reads, algorithm);
        for (unsigned round = 0; round < 40; round++) {
            uint8_t plain[MESSAGE_MAX];
            size_t plain_length = 0;
            make_input(&job);
            if (way == 0) {
                run_to_end(card, &job);
                read_by_naf(card, &job);
                continue;
            }
            make_by_naf(card, &job, plain, &plain_length);
            run_to_end(card, &job);
            assert_int_equal(job.output_length, is_mac ? 0 : plain_length);
            assert_memory_equal(job.output, plain, job.output_length);
        }
        assert_int_equal(close_handle(card, job.handle), 0x9000);
    }
}

static void test_all_algorithms(void **state)
{
    (void)state;
    struct test_card card;
    const struct challenge challenge = begin_api(&card);
    const struct ks_int_naf root = int_key_by(&card, &challenge, TEST_NAF);
    for (size_t i = 0; i < key_algorithm_count; i++) {
        if (key_algorithms[i].kind <= KEY_ALGORITHM_KIND_MAC) {
            check_both_ways(&card, &root, &key_algorithms[i]);
        }
    }
    test_card_end(&card);
}

static void test_hashes(void **state)
{
    (void)state;
    static const enum digest_algorithm digests[] = {DIGEST_SHA256, DIGEST_SM3};
    struct test_card card;
    test_card_begin(&card); /* neither PIN nor key nor line: a hash needs none */
    assert_apdu(&card, SELECT_API, "9000");
    for (unsigned i = 0; i < 2; i++) {
        const char *opened = apduf(&card, "80500000068901088301%02x", KEY_ALGORITHM_SHA256 + i);
        assert_string_equal(opened, "9001009000"); /* a handle, no B-TID */
        struct job job = {.operation = API_HASH, .algorithm = key_algorithm_find(KEY_ALGORITHM_SHA256 + i)};
        for (unsigned round = 0; round < 30; round++) {
            uint8_t hash[SHA256_SIZE];
            make_input(&job);
            run_to_end(&card, &job);
            const struct octets text = octets_of(job.input, job.input_length);
            assert_ok(crypto_digest(&card.crypto, digests[i], &text, 1, hash));
            assert_memory_equal(job.authenticator, hash, sizeof hash);
        }
        assert_int_equal(close_handle(&card, 0), 0x9000);
    }
    static const char *const refused[] = {"8050000006890108830121", "8050000006890108830102", "8050000006890108830133"};
    for (size_t i = 0; i < 3; i++) {
        assert_apdu(&card, refused[i], "6a81");
    }
    assert_apdu(&card, "805000000989010883013182010000", "6a80"); /* a direction too */
    assert_apdu(&card, "8050000006890108830131", "9001009000");
    assert_apdu(&card, "805200c305870161", "6700");
    assert_apdu(&card, "805200c303870161", "6985");
    assert_apdu(&card, "805a0000", "6985");
    test_card_end(&card);
}

/* Five messages at once on three channels, in random turns. */
static void test_interleaved(void **state)
{
    (void)state;
    static const struct {
        enum api_operation operation;
        enum key_algorithm algorithm;
    } kinds[API_SESSIONS] = {{API_ENCRYPT, KEY_ALGORITHM_AES_256_GCM},
                             {API_DECRYPT, KEY_ALGORITHM_SM4_CCM},
                             {API_MAC, KEY_ALGORITHM_HMAC_SM3},
                             {API_ENCRYPT, KEY_ALGORITHM_AES_128_CBC},
                             {API_VERIFY, KEY_ALGORITHM_AES_128_CMAC}};
    struct test_card card;
    static struct job jobs[API_SESSIONS];
    static uint8_t plain[API_SESSIONS][MESSAGE_MAX];
    size_t plain_length[API_SESSIONS];
    const struct challenge challenge = begin_api(&card);
    const struct ks_int_naf root = int_key_by(&card, &challenge, TEST_NAF);
    for (unsigned channel = 1; channel < 3; channel++) {
        assert_sw(&card, "0070000001", "9000");
        assert_string_equal(apduf(&card, "%02xa4040c09" API_AID, channel), "9000");
    }
    for (size_t i = 0; i < API_SESSIONS; i++) {
        open_job(&card, &root, &jobs[i], (uint8_t)(i % 3), kinds[i].operation, key_algorithm_find(kinds[i].algorithm));
    }
    for (unsigned round = 0; round < 30; round++) {
        size_t left = API_SESSIONS;
        for (size_t i = 0; i < API_SESSIONS; i++) {
            make_input(&jobs[i]);
            if (jobs[i].operation == API_DECRYPT || jobs[i].operation == API_VERIFY) {
                make_by_naf(&card, &jobs[i], plain[i], &plain_length[i]);
            }
        }
        while (left > 0) {
            struct job *job = &jobs[next_random(API_SESSIONS)];
            if (!job->has_ended) {
                assert_int_equal(step(&card, job), 0x9000);
                left -= job->has_ended ? 1 : 0;
            }
        }
        for (size_t i = 0; i < API_SESSIONS; i++) {
            if (jobs[i].operation == API_ENCRYPT || jobs[i].operation == API_MAC) {
                read_by_naf(&card, &jobs[i]);
            } else if (jobs[i].operation == API_DECRYPT) {
                assert_memory_equal(jobs[i].output, plain[i], plain_length[i]);
            }
        }
    }
    test_card_end(&card);
}

/* Any change of a message, and a wrong end: 9862, and in one block nothing of the text. */
static void test_forged(void **state)
{
    (void)state;
    struct test_card card;
    struct job job;
    const struct challenge challenge = begin_api(&card);
    const struct ks_int_naf root = int_key_by(&card, &challenge, TEST_NAF);
    for (size_t i = 0; i < key_algorithm_count; i++) {
        const struct key_algorithm_properties *algorithm = &key_algorithms[i];
        const bool is_mac = algorithm->kind == KEY_ALGORITHM_KIND_MAC;
        if (!is_mac && algorithm->kind != KEY_ALGORITHM_KIND_AEAD) {
            continue;
        }
        open_job(&card, &root, &job, 0, is_mac ? API_VERIFY : API_DECRYPT, algorithm);
        for (unsigned round = 0; round < 8; round++) {
            uint8_t plain[MESSAGE_MAX];
            size_t plain_length = 0;
            unsigned sw = 0x9000;
            make_input(&job);
            job.input_length = job.input_length == 0 ? 1 : job.input_length;
            make_by_naf(&card, &job, plain, &plain_length);
            uint8_t *const changed = round % 2 == 0 ? job.input : job.authenticator;
            changed[round % 2 == 0 ? next_random((uint32_t)job.input_length) : next_random(16)] ^= 0x10;
            while (!job.has_ended) {
                sw = step(&card, &job);
            }
            assert_int_equal(sw, 0x9862);
        }
        assert_int_equal(close_handle(&card, job.handle), 0x9000);
    }
    test_card_end(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_algorithms),
        cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_interleaved),
        cmocka_unit_test(test_forged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
