/* card_api.c: the GBA_U API's applet on a card: its channel, the decoder of its answers, and what needs no key. */
#include "me/card_api.h"

#include <stdlib.h>
#include <string.h>

#include "base/ignore.h"
#include "base/secret.h"
#include "codec/ber_tlv.h"
#include "key/api_aid.h"

enum { INS_SELECT = 0xa4, INS_MANAGE_CHANNEL = 0x70, INS_GET_CHALLENGE = 0x84, CLA_API = 0x80 };
enum { SW_OK = 0x9000, SW_NO_CHANNEL_LEFT = 0x6a81, SW_NO_CHANNELS = 0x6881 };
enum { CHANNEL_MAX = 19, PIECE_MIN = 16, RANDOM_PIECE = 32, BLOCK_SIZE = 16 };

enum { LARGE_DATA_MAX = API_PIECE_EXTENDED + API_BESIDE_PIECE_MAX, LARGE_ANSWER_BESIDE_PIECE = 128 };

struct card_large_room {
    uint8_t command[APDU_EXTENDED_HEAD_SIZE + LARGE_DATA_MAX + APDU_EXTENDED_LE_SIZE];
    uint8_t response[API_PIECE_EXTENDED + LARGE_ANSWER_BESIDE_PIECE];
};

/* Commands */

void card_command_begin_large(struct card_command *command, const struct card_api *api, enum api_instruction ins,
                              uint8_t p1, uint8_t p2)
{
    command->ins = (uint8_t)ins;
    command->p1 = p1;
    command->p2 = p2;
    command->is_large = true;
    command->data = octet_writer_of(api->large->command + APDU_EXTENDED_HEAD_SIZE,
                                    api->large_piece_size + API_BESIDE_PIECE_MAX);
}

void card_command_begin(struct card_command *command, enum api_instruction ins, uint8_t p1, uint8_t p2)
{
    command->ins = (uint8_t)ins;
    command->p1 = p1;
    command->p2 = p2;
    command->is_large = false;
    command->data = octet_writer_of(command->octets, sizeof command->octets);
}

void card_command_put(struct card_command *command, enum api_tag tag, struct octets value)
{
    ber_tlv_write(&command->data, tag, value);
}

void card_command_put_octet(struct card_command *command, enum api_tag tag, uint8_t value)
{
    card_command_put(command, tag, octets_of(&value, 1));
}

/* Answers */

/* What may come, and how long it may be; text grows by the padding of CBC. */
static const struct {
    uint8_t tag;
    uint8_t minimum;
    uint16_t maximum;
} object_codings[CARD_OBJECT_COUNT] = {
    [CARD_NAF_ID] = {API_TAG_NAF_ID, 6, 255},
    [CARD_B_TID] = {API_TAG_B_TID, 0, 255},
    [CARD_DIRECTION] = {API_TAG_DIRECTION, 1, 1},
    [CARD_ALGORITHM] = {API_TAG_ALGORITHM, 1, 1},
    [CARD_LABEL] = {API_TAG_LABEL, 1, 64},
    [CARD_TEXT] = {API_TAG_TEXT, 0, API_PIECE_EXTENDED + BLOCK_SIZE},
    [CARD_NONCE] = {API_TAG_NONCE, 12, 16},
    [CARD_USAGE] = {API_TAG_USAGE, 1, 1},
    [CARD_POLICY_VERSION] = {API_TAG_POLICY_VERSION, 4, 4},
    [CARD_OPERATIONS] = {API_TAG_OPERATIONS, 4, 4},
    [CARD_AUTHENTICATOR] = {API_TAG_AUTHENTICATOR, 16, 32},
    [CARD_HANDLE] = {API_TAG_HANDLE, 1, 1},
    [CARD_VERSION] = {API_TAG_VERSION, 2, 2},
    [CARD_ALGORITHMS] = {API_TAG_ALGORITHMS, 1, 255},
    [CARD_HANDLES] = {API_TAG_HANDLES, 1, 1},
    [CARD_PERSISTED_KEYS] = {API_TAG_PERSISTED_KEYS, 1, 1},
    [CARD_PIECE_SIZE] = {API_TAG_PIECE_SIZE, 2, 2},
};

static enum card_object object_of_tag(uint32_t tag)
{
    enum card_object object = CARD_NAF_ID;
    while (object < CARD_OBJECT_COUNT && object_codings[object].tag != tag) {
        object++;
    }
    return object;
}

/* Notes one object in `answer` and in *present. False for one that comes twice or whose length is wrong. */
static bool note_object(struct card_answer *answer, const struct ber_tlv *tlv, uint32_t wanted, uint32_t *present)
{
    const enum card_object object = object_of_tag(tlv->tag);
    if (object == CARD_OBJECT_COUNT || (wanted & CARD_BIT(object)) == 0) {
        return true;
    }
    if ((*present & CARD_BIT(object)) != 0 || tlv->value.length < object_codings[object].minimum ||
        tlv->value.length > object_codings[object].maximum) {
        return false;
    }
    *present |= CARD_BIT(object);
    answer->objects[object] = tlv->value;
    return true;
}

enum gbau_status card_answer_read(struct card_answer *answer, struct card_expectation expected)
{
    struct octet_reader reader = octet_reader_of(answer->response.data);
    struct ber_tlv tlv;
    uint32_t present = 0;
    memset(answer->objects, 0, sizeof answer->objects);
    while (ber_tlv_next(&reader, &tlv)) {
        if (!note_object(answer, &tlv, expected.required | expected.optional, &present)) {
            return GBAU_E_CARD;
        }
    }
    const bool is_whole = octet_reader_end(&reader) == GBAU_OK && (expected.required & ~present) == 0;
    return is_whole ? GBAU_OK : GBAU_E_CARD;
}

uint32_t card_answer_number(const struct card_answer *answer, enum card_object object)
{
    const struct octets value = answer->objects[object];
    uint32_t number = 0;
    for (size_t i = 0; i < value.length; i++) {
        number = number << 8 | value.data[i];
    }
    return number;
}

void card_answer_clear(struct card_answer *answer)
{
    secret_wipe(answer->large.octets, answer->large.capacity);
    secret_wipe(answer, sizeof *answer);
}

/* Exchanges */

/* Clause 13; what is not in it is not the API's. */
static const struct {
    uint16_t sw;
    enum gbau_status status;
} sw_meanings[] = {
    {0x9000, GBAU_OK},
    {0x6581, GBAU_E_STORAGE},
    {0x6982, GBAU_E_ACCESS},
    {0x6983, GBAU_E_LIMIT},
    {0x6985, GBAU_E_ACCESS},
    {0x6a80, GBAU_E_ARGUMENT},
    {0x6a81, GBAU_E_UNSUPPORTED},
    {0x6a82, GBAU_E_NOT_FOUND},
    {0x6a83, GBAU_E_NOT_FOUND},
    {0x6a84, GBAU_E_LIMIT},
    {0x6a88, GBAU_E_NOT_FOUND},
    {0x6d00, GBAU_E_UNSUPPORTED},
    {0x6e00, GBAU_E_UNSUPPORTED},
    {0x9862, GBAU_E_AUTHENTICATION},
    {0x9865, GBAU_E_REPLAY},
};

static enum gbau_status status_of_sw(uint16_t sw)
{
    if (sw >> 8 == 0x91) {
        return GBAU_OK; /* a proactive command waits: not ours to fetch */
    }
    for (size_t i = 0; i < sizeof sw_meanings / sizeof sw_meanings[0]; i++) {
        if (sw == sw_meanings[i].sw) {
            return sw_meanings[i].status;
        }
    }
    return GBAU_E_CARD;
}

static enum gbau_status judge_exchange(const struct card_api *api, enum gbau_status status,
                                       const struct apdu_command *command, uint16_t sw)
{
    if (status != GBAU_OK) {
        log_error(api->log, "the card does not answer");
        return status;
    }
    status = status_of_sw(sw);
    if (status == GBAU_E_CARD) {
        log_error(api->log, "the card answered %04X to instruction %02X", sw, command->ins);
    }
    return status;
}

static enum gbau_status exchange(struct card_api *api, const struct apdu_command *command,
                                 struct apdu_response *response)
{
    const enum gbau_status status = apdu_exchange(api->reader, api->channel, command, response);
    return judge_exchange(api, status, command, status == GBAU_OK ? response->sw : 0);
}

static enum gbau_status exchange_large(struct card_api *api, const struct apdu_command *command,
                                       struct card_answer *answer)
{
    const struct apdu_room room = {api->large->response, sizeof api->large->response};
    const enum gbau_status status =
        apdu_exchange_extended(api->reader, api->channel, command, api->large->command, room, &answer->response.data,
                               &answer->response.sw);
    answer->large = room;
    if (status == GBAU_OK) {
        answer->large.capacity = answer->response.data.length;
    }
    return judge_exchange(api, status, command, status == GBAU_OK ? answer->response.sw : 0);
}

enum gbau_status card_api_run(struct card_api *api, struct card_command *command, struct card_expectation expected,
                              struct card_answer *answer)
{
    const bool answers = (expected.required | expected.optional) != CARD_NO_OBJECTS;
    const struct apdu_command apdu = {.cla = CLA_API,
                                      .ins = command->ins,
                                      .p1 = command->p1,
                                      .p2 = command->p2,
                                      .data = octets_written(&command->data),
                                      .le = answers ? APDU_ANY_LE : APDU_NO_LE};
    enum gbau_status status = octet_writer_end(&command->data);
    answer->large = (struct apdu_room){0};
    if (status == GBAU_OK) {
        status = command->is_large ? exchange_large(api, &apdu, answer) : exchange(api, &apdu, &answer->response);
    }
    if (status == GBAU_OK) {
        status = card_answer_read(answer, expected);
        if (status != GBAU_OK) {
            log_error(api->log, "the card's answer to instruction %02X is not that of the GBA_U API", command->ins);
        }
    }
    secret_wipe(command->data.data, command->data.length);
    if (status != GBAU_OK) {
        card_answer_clear(answer);
    }
    return status;
}

enum gbau_status card_api_run_silently(struct card_api *api, struct card_command *command)
{
    struct card_answer answer;
    enum gbau_status status =
        card_api_run(api, command, (struct card_expectation){CARD_NO_OBJECTS, CARD_NO_OBJECTS}, &answer);
    card_answer_clear(&answer);
    return status;
}

/* Opening */

static enum gbau_status open_channel(struct card_api *api)
{
    struct apdu_response response;
    const struct apdu_command command = {.ins = INS_MANAGE_CHANNEL, .le = 1};
    enum gbau_status status = apdu_exchange(api->reader, 0, &command, &response);
    if (status != GBAU_OK) {
        return status;
    }
    if (response.sw == SW_NO_CHANNEL_LEFT || response.sw == SW_NO_CHANNELS) {
        log_error(api->log, "the card has no logical channel left: end another program that uses it");
        return GBAU_E_LIMIT;
    }
    if (response.sw != SW_OK || response.data.length != 1 || response.data.data[0] < 1 ||
        response.data.data[0] > CHANNEL_MAX) {
        return GBAU_E_CARD;
    }
    api->channel = response.data.data[0];
    return GBAU_OK;
}

static enum gbau_status select_applet(struct card_api *api)
{
    struct apdu_response response;
    const struct apdu_command command = {.ins = INS_SELECT,
                                         .p1 = 0x04,
                                         .p2 = 0x0c,
                                         .data = octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE),
                                         .le = APDU_NO_LE};
    enum gbau_status status = exchange(api, &command, &response);
    if (status == GBAU_E_NOT_FOUND) {
        log_error(api->log, "the card has no GBA_U API: its keys can be derived, but no application can use them");
        return GBAU_E_UNSUPPORTED;
    }
    return status;
}

/* Without memory for it the short way remains. */
static void prepare_large(struct card_api *api, size_t piece_size)
{
    const size_t around = APDU_EXTENDED_HEAD_SIZE + API_BESIDE_PIECE_MAX + APDU_EXTENDED_LE_SIZE;
    const size_t carried = reader_command_max(api->reader);
    const size_t carried_piece = carried > around ? carried - around : 0;
    size_t piece = piece_size < carried_piece ? piece_size : carried_piece;
    piece = piece < API_PIECE_EXTENDED ? piece : API_PIECE_EXTENDED;
    if (piece > API_PIECE_MAX) {
        api->large = calloc(1, sizeof *api->large);
        api->large_piece_size = piece;
    }
}

static enum gbau_status read_capabilities(struct card_api *api)
{
    static const struct card_expectation expected = {
        .required = CARD_BIT(CARD_VERSION) | CARD_BIT(CARD_ALGORITHMS) | CARD_BIT(CARD_HANDLES) |
                    CARD_BIT(CARD_PERSISTED_KEYS) | CARD_BIT(CARD_PIECE_SIZE)};
    struct card_command command;
    struct card_answer answer;
    card_command_begin(&command, API_INS_CAPABILITIES, 0, 0);
    enum gbau_status status = card_api_run(api, &command, expected, &answer);
    if (status != GBAU_OK) {
        return status;
    }
    if (answer.objects[CARD_VERSION].data[0] != API_VERSION_MAJOR) {
        log_error(api->log, "the card has version %u of the GBA_U API, this program knows %d",
                  answer.objects[CARD_VERSION].data[0], API_VERSION_MAJOR);
        return GBAU_E_UNSUPPORTED;
    }
    const size_t piece_size = card_answer_number(&answer, CARD_PIECE_SIZE);
    api->piece_size = piece_size < API_PIECE_MAX ? piece_size : API_PIECE_MAX;
    prepare_large(api, piece_size);
    api->handles = (uint8_t)card_answer_number(&answer, CARD_HANDLES);
    return api->piece_size >= PIECE_MIN ? GBAU_OK : GBAU_E_CARD;
}

enum gbau_status card_api_open(struct card_api *api, struct reader *reader, const struct log *log)
{
    *api = (struct card_api){.reader = reader, .log = log};
    enum gbau_status status = open_channel(api);
    if (status == GBAU_OK) {
        status = select_applet(api);
    }
    if (status == GBAU_OK) {
        status = read_capabilities(api);
    }
    if (status != GBAU_OK) {
        card_api_close(api);
    }
    return status;
}

void card_api_close(struct card_api *api)
{
    struct apdu_response response;
    const struct apdu_command command = {.ins = INS_MANAGE_CHANNEL, .p1 = 0x80, .p2 = api->channel, .le = APDU_NO_LE};
    if (api->channel != 0) {
        status_ignore(apdu_exchange(api->reader, 0, &command, &response)); /* nothing can be done if it fails */
    }
    api->channel = 0;
    free(api->large); /* commands and answers in it were wiped */
    api->large = NULL;
}

/* What needs no key */

enum gbau_status card_api_list(struct card_api *api, uint8_t list, uint8_t index, struct card_answer *answer)
{
    static const struct card_expectation expected[] = {
        [API_LIST_NAF_KEYS] = {.required = CARD_BIT(CARD_NAF_ID) | CARD_BIT(CARD_B_TID) |
                                           CARD_BIT(CARD_POLICY_VERSION) | CARD_BIT(CARD_OPERATIONS)},
        [API_LIST_PERSISTED_KEYS] = {.required = CARD_BIT(CARD_NAF_ID) | CARD_BIT(CARD_B_TID) | CARD_BIT(CARD_LABEL) |
                                                 CARD_BIT(CARD_USAGE) | CARD_BIT(CARD_DIRECTION) |
                                                 CARD_BIT(CARD_ALGORITHM) | CARD_BIT(CARD_OPERATIONS)},
    };
    struct card_command command;
    card_command_begin(&command, API_INS_LIST, index, list);
    return card_api_run(api, &command, expected[list], answer);
}

enum gbau_status card_api_apply(struct card_api *api, struct octets naf_id, struct octets object)
{
    struct card_command command;
    card_command_begin(&command, API_INS_APPLY, 0, 0);
    card_command_put(&command, API_TAG_NAF_ID, naf_id);
    octet_writer_put_octets(&command.data, object);
    return card_api_run_silently(api, &command);
}

enum gbau_status card_api_delete(struct card_api *api, struct octets naf_id, struct octets label)
{
    struct card_command command;
    card_command_begin(&command, API_INS_KEEP_KEY, 0, API_DELETE);
    card_command_put(&command, API_TAG_NAF_ID, naf_id);
    card_command_put(&command, API_TAG_LABEL, label);
    return card_api_run_silently(api, &command);
}

enum gbau_status card_api_counter(struct card_api *api, uint64_t *counter)
{
    static const struct card_expectation expected = {.required = CARD_BIT(CARD_TEXT)};
    struct card_command command;
    struct card_answer answer;
    card_command_begin(&command, API_INS_COUNTER, 0, 0);
    enum gbau_status status = card_api_run(api, &command, expected, &answer);
    if (status != GBAU_OK) {
        return status;
    }
    struct octet_reader reader = octet_reader_of(answer.objects[CARD_TEXT]);
    *counter = octet_reader_u64(&reader);
    return octet_reader_end(&reader) == GBAU_OK ? GBAU_OK : GBAU_E_CARD;
}

static enum gbau_status read_random(struct card_api *api, uint8_t *out, size_t length)
{
    struct apdu_response response;
    const struct apdu_command command = {.ins = INS_GET_CHALLENGE, .le = (int)length};
    enum gbau_status status = exchange(api, &command, &response);
    if (status == GBAU_OK && response.data.length != length) {
        status = GBAU_E_CARD;
    }
    if (status == GBAU_OK) {
        memcpy(out, response.data.data, length);
    }
    secret_wipe(&response, sizeof response);
    return status;
}

enum gbau_status card_api_random(struct card_api *api, uint8_t *out, size_t length)
{
    for (size_t done = 0; done < length;) {
        const size_t piece = length - done < RANDOM_PIECE ? length - done : RANDOM_PIECE;
        enum gbau_status status = read_random(api, out + done, piece);
        if (status != GBAU_OK) {
            secret_wipe(out, done);
            return status;
        }
        done += piece;
    }
    return GBAU_OK;
}
