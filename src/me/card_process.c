/* card_process.c: one operation of PROCESS, block after block. */
#include "me/card_process.h"

#include <string.h>

#include "codec/ber_tlv.h"

enum { ADDITIONAL_DATA_PIECE = 200, LENGTHS_SIZE = 8, BLOCK_SIZE = 16 };

/* What of the parts and the additional data has not been sent yet. */
struct unsent {
    struct octets additional_data;
    const struct octets *part;
    size_t part_offset;
    size_t text_length; /* of all parts that are left */
};

static struct unsent unsent_of(const struct card_process *process)
{
    struct unsent unsent = {.additional_data = process->additional_data, .part = process->parts};
    for (size_t i = 0; i < process->part_count; i++) {
        unsent.text_length += process->parts[i].length;
    }
    return unsent;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* What the commands of one operation have room for. */
struct block_limits {
    bool is_large;
    size_t data;
    size_t text;
    size_t additional_data;
    size_t object_head; /* tag and length of an object that fills a command */
};

static struct block_limits short_limits(const struct card_api *api)
{
    return (struct block_limits){
        .data = APDU_DATA_MAX, .text = api->piece_size, .additional_data = ADDITIONAL_DATA_PIECE, .object_head = 3};
}

static struct block_limits large_limits(const struct card_api *api)
{
    return (struct block_limits){.is_large = true,
                                 .data = api->large_piece_size + API_BESIDE_PIECE_MAX,
                                 .text = api->large_piece_size,
                                 .additional_data = api->large_piece_size,
                                 .object_head = 4};
}

/* Octets of text that fit behind what stands in the command already. */
static size_t room_for_object(const struct block_limits *limits, const struct card_command *command)
{
    const size_t left = limits->data - command->data.length;
    return left < limits->object_head ? 0 : left - limits->object_head;
}

/* Room that an object takes; 0 for one that is not there. */
static size_t size_of_object(const struct block_limits *limits, size_t length)
{
    return length == 0 ? 0 : length + limits->object_head;
}

static bool is_one_block(const struct card_process *process, const struct block_limits *limits,
                         const struct unsent *unsent)
{
    const size_t size = size_of_object(limits, process->nonce.length) +
                        size_of_object(limits, unsent->additional_data.length) +
                        size_of_object(limits, unsent->text_length) +
                        size_of_object(limits, process->authenticator.length);
    return size <= limits->data && unsent->text_length <= limits->text &&
           unsent->additional_data.length <= limits->additional_data;
}

/* Large commands are for what does not fit a short one: those cost less, and any tool that looks on knows them. */
static struct block_limits choose_limits(const struct card_process *process, const struct unsent *unsent)
{
    const struct block_limits limits = short_limits(process->api);
    return process->api->large == NULL || is_one_block(process, &limits, unsent) ? limits
                                                                                 : large_limits(process->api);
}

static enum cipher_mode mode_of(const struct card_process *process)
{
    return cipher_suite_properties(process->algorithm->suite)->mode;
}

static bool is_ccm(const struct card_process *process)
{
    return process->algorithm->kind == KEY_ALGORITHM_KIND_AEAD && mode_of(process) == CIPHER_MODE_CCM;
}

static bool is_cbc(const struct card_process *process)
{
    return process->algorithm->kind == KEY_ALGORITHM_KIND_BLOCK_MODE && mode_of(process) == CIPHER_MODE_CBC;
}

/* CCM must know the lengths before it begins. */
static void put_lengths(struct card_command *command, const struct unsent *unsent)
{
    uint8_t lengths[LENGTHS_SIZE];
    struct octet_writer writer = octet_writer_of(lengths, sizeof lengths);
    octet_writer_u32(&writer, (uint32_t)unsent->additional_data.length);
    octet_writer_u32(&writer, (uint32_t)unsent->text_length);
    card_command_put(command, API_TAG_LENGTHS, octets_written(&writer));
}

static void put_additional_data(const struct block_limits *limits, struct card_command *command,
                                struct unsent *unsent)
{
    const size_t length = smaller(unsent->additional_data.length,
                                  smaller(room_for_object(limits, command), limits->additional_data));
    if (length == 0) {
        return;
    }
    card_command_put(command, API_TAG_ADDITIONAL_DATA, octets_of(unsent->additional_data.data, length));
    unsent->additional_data = octets_of(unsent->additional_data.data + length, unsent->additional_data.length - length);
}

/* A piece of text, gathered from as many parts as it takes. */
static void put_text(const struct block_limits *limits, struct card_command *command, struct unsent *unsent)
{
    size_t left = smaller(unsent->text_length, smaller(room_for_object(limits, command), limits->text));
    ber_tlv_write_head(&command->data, API_TAG_TEXT, left);
    unsent->text_length -= left;
    while (left > 0) {
        const size_t length = smaller(left, unsent->part->length - unsent->part_offset);
        octet_writer_put(&command->data, unsent->part->data + unsent->part_offset, length);
        left -= length;
        unsent->part_offset += length;
        if (unsent->part_offset == unsent->part->length) {
            unsent->part++;
            unsent->part_offset = 0;
        }
    }
}

/* Fills the data of the next block. True when it is the last one. */
static bool fill_block(const struct card_process *process, const struct block_limits *limits,
                       struct card_command *command, struct unsent *unsent, bool is_first)
{
    if (is_first && process->nonce.length > 0) {
        card_command_put(command, API_TAG_NONCE, process->nonce);
    }
    if (is_first && is_ccm(process) && !is_one_block(process, limits, unsent)) {
        put_lengths(command, unsent);
    }
    put_additional_data(limits, command, unsent);
    if (unsent->additional_data.length > 0) {
        return false;
    }
    if (room_for_object(limits, command) > 0) {
        put_text(limits, command, unsent);
    }
    if (unsent->text_length > 0 ||
        size_of_object(limits, process->authenticator.length) > limits->data - command->data.length) {
        return false;
    }
    if (process->authenticator.length > 0) {
        card_command_put(command, API_TAG_AUTHENTICATOR, process->authenticator);
    }
    return true;
}

/* The objects that the card answers a block with. */
static struct card_expectation expectation_of(const struct card_process *process, bool is_first, bool is_last)
{
    struct card_expectation expected = {0};
    const bool has_text = process->operation == API_ENCRYPT || process->operation == API_DECRYPT;
    const bool makes_authenticator = process->authenticator.length == 0 && process->algorithm->tag_size > 0;
    if (has_text) {
        expected.optional |= CARD_BIT(CARD_TEXT);
    }
    if (is_first && process->operation == API_ENCRYPT) {
        expected.required |= CARD_BIT(CARD_NONCE);
    }
    if (is_last && makes_authenticator) {
        expected.required |= CARD_BIT(CARD_AUTHENTICATOR);
    }
    return expected;
}

/* Writes what a block made; false when nonce or authenticator are not of the algorithm's size. */
static bool take_answer(const struct card_process *process, const struct card_answer *answer, struct octet_writer *out)
{
    const struct octets nonce = answer->objects[CARD_NONCE];
    const struct octets authenticator = answer->objects[CARD_AUTHENTICATOR];
    if ((nonce.length > 0 && nonce.length != process->algorithm->nonce_size) ||
        (authenticator.length > 0 && authenticator.length != process->algorithm->tag_size)) {
        return false;
    }
    if (nonce.length > 0) {
        memcpy(process->made_nonce, nonce.data, nonce.length);
    }
    octet_writer_put_octets(out, answer->objects[CARD_TEXT]);
    octet_writer_put_octets(out, authenticator);
    return true;
}

static enum gbau_status run_block(const struct card_process *process, struct card_command *command, bool is_first,
                                  bool is_last, struct octet_writer *out)
{
    struct card_answer answer;
    command->p2 = (uint8_t)(process->operation | (is_first ? API_FIRST_BLOCK : 0) | (is_last ? API_LAST_BLOCK : 0));
    enum gbau_status status = card_api_run(process->api, command, expectation_of(process, is_first, is_last), &answer);
    if (status != GBAU_OK) {
        return status;
    }
    const bool is_sound = take_answer(process, &answer, out);
    card_answer_clear(&answer);
    return is_sound ? GBAU_OK : GBAU_E_CARD;
}

/* True when the card wrote as much as the algorithm makes of `text_length` octets. */
static bool is_right_length(const struct card_process *process, size_t text_length, size_t length)
{
    const struct key_algorithm_properties *algorithm = process->algorithm;
    const bool pads = is_cbc(process);
    switch (process->operation) {
    case API_ENCRYPT:
        return length == algorithm->tag_size + (pads ? (text_length / BLOCK_SIZE + 1) * BLOCK_SIZE : text_length);
    case API_DECRYPT:
        return pads ? length < text_length && length + BLOCK_SIZE >= text_length : length == text_length;
    default:
        return length == (process->authenticator.length > 0 ? 0 : algorithm->tag_size);
    }
}

static void begin_block(const struct card_process *process, const struct block_limits *limits,
                        struct card_command *command)
{
    if (limits->is_large) {
        card_command_begin_large(command, process->api, API_INS_PROCESS, process->handle, 0);
    } else {
        card_command_begin(command, API_INS_PROCESS, process->handle, 0);
    }
}

enum gbau_status card_process_run(const struct card_process *process, struct octet_writer *out)
{
    struct card_command command;
    struct unsent unsent = unsent_of(process);
    const struct block_limits limits = choose_limits(process, &unsent);
    const size_t text_length = unsent.text_length;
    const size_t begin = out->length;
    bool is_first = true;
    bool is_last = false;
    while (!is_last) {
        begin_block(process, &limits, &command);
        is_last = fill_block(process, &limits, &command, &unsent, is_first);
        enum gbau_status status = run_block(process, &command, is_first, is_last, out);
        if (status != GBAU_OK) {
            return status;
        }
        is_first = false;
    }
    if (out->failed) {
        return GBAU_E_SPACE;
    }
    return is_right_length(process, text_length, out->length - begin) ? GBAU_OK : GBAU_E_CARD;
}
