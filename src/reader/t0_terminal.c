/* t0_terminal.c: 61XX, 6CXX, warnings and GET RESPONSE on the terminal's side. */
#include "reader/t0_terminal.h"

#include <string.h>

enum { INS_GET_RESPONSE = 0xc0, HEADER_SIZE = 4, CASE_2_SIZE = 5, ROUNDS_MAX = 300 };
enum { SW1_MORE_DATA = 0x61, SW1_WRONG_LE = 0x6c };

/* A response that grows behind what earlier exchanges have brought. */
struct gathering {
    const struct reader_connection *connection;
    uint8_t class;
    uint8_t *response;
    size_t capacity;
    size_t length; /* with the status word of the latest exchange */
};

enum gbau_status t0_terminal_exchange(const struct reader_connection *connection, struct octets command,
                                      uint8_t *response, size_t capacity, size_t *length)
{
    enum gbau_status status = connection->driver->transmit(connection->state, command, response, capacity, length);
    if (status != GBAU_OK) {
        return status;
    }
    return *length < 2 ? GBAU_E_CARD : GBAU_OK;
}

/* True for a case 4 command: data and Le. */
static bool has_data_and_le(struct octets command)
{
    return command.length > CASE_2_SIZE && command.length == (size_t)CASE_2_SIZE + command.data[HEADER_SIZE] + 1;
}

static const uint8_t *status_word(const struct gathering *gathering)
{
    return gathering->response + gathering->length - 2;
}

/* A warning that may have data behind it: 62XX, 63XX and 9XXX other than 9000. */
static bool is_warning(const uint8_t sw[2])
{
    return sw[0] == 0x62 || sw[0] == 0x63 || ((sw[0] & 0xf0) == 0x90 && (sw[0] != 0x90 || sw[1] != 0x00));
}

/* One case 2 command; its response takes the place of the status word that led to it. */
static enum gbau_status exchange_with_le(struct gathering *gathering, const uint8_t header[HEADER_SIZE], uint8_t le)
{
    uint8_t command[CASE_2_SIZE];
    size_t part = 0;
    const size_t gathered = gathering->length - 2;
    memcpy(command, header, HEADER_SIZE);
    command[HEADER_SIZE] = le;
    enum gbau_status status =
        t0_terminal_exchange(gathering->connection, octets_of(command, sizeof command), gathering->response + gathered,
                             gathering->capacity - gathered, &part);
    gathering->length = gathered + (status == GBAU_OK ? part : 0);
    return status;
}

/* As above, and once more with the length that 6CXX tells. */
static enum gbau_status exchange_and_correct(struct gathering *gathering, const uint8_t header[HEADER_SIZE], uint8_t le)
{
    const size_t before = gathering->length;
    enum gbau_status status = exchange_with_le(gathering, header, le);
    const bool is_refused =
        status == GBAU_OK && gathering->length == before && status_word(gathering)[0] == SW1_WRONG_LE;
    return is_refused ? exchange_with_le(gathering, header, status_word(gathering)[1]) : status;
}

static enum gbau_status get_response(struct gathering *gathering, uint8_t le)
{
    const uint8_t header[HEADER_SIZE] = {gathering->class, INS_GET_RESPONSE, 0, 0};
    return exchange_and_correct(gathering, header, le);
}

/* Gathers what the card holds back behind 61XX. */
static enum gbau_status gather(struct gathering *gathering)
{
    for (unsigned round = 0; status_word(gathering)[0] == SW1_MORE_DATA; round++) {
        if (round == ROUNDS_MAX) {
            return GBAU_E_CARD; /* a card that never ends */
        }
        enum gbau_status status = get_response(gathering, status_word(gathering)[1]);
        if (status != GBAU_OK) {
            return status;
        }
    }
    return GBAU_OK;
}

/* Asks whether data stand behind a warning. Whatever the card says to that, the warning is the answer. */
static enum gbau_status gather_behind_warning(struct gathering *gathering)
{
    const uint8_t warning[] = {status_word(gathering)[0], status_word(gathering)[1]};
    enum gbau_status status = get_response(gathering, 0);
    if (status == GBAU_OK) {
        status = gather(gathering);
    }
    if (status != GBAU_OK && status != GBAU_E_REFUSED) {
        return status;
    }
    gathering->length = status == GBAU_OK ? gathering->length : 2;
    memcpy(gathering->response + gathering->length - 2, warning, sizeof warning);
    return GBAU_OK;
}

static enum gbau_status run(struct gathering *gathering, struct octets command)
{
    const bool is_case_4 = has_data_and_le(command);
    const struct octets sent = octets_of(command.data, command.length - (is_case_4 ? 1 : 0));
    enum gbau_status status =
        t0_terminal_exchange(gathering->connection, sent, gathering->response, gathering->capacity, &gathering->length);
    if (status != GBAU_OK) {
        return status;
    }
    if (gathering->length == 2 && sent.length == CASE_2_SIZE && gathering->response[0] == SW1_WRONG_LE) {
        status = exchange_with_le(gathering, command.data, gathering->response[1]);
    } else if (gathering->length == 2 && is_case_4 && is_warning(gathering->response)) {
        return gather_behind_warning(gathering);
    }
    return status == GBAU_OK ? gather(gathering) : status;
}

enum gbau_status t0_terminal_transmit(const struct reader_connection *connection, struct octets command,
                                      uint8_t *response, size_t capacity, size_t *length)
{
    const struct reader_driver *driver = connection->driver;
    struct gathering gathering = {
        .connection = connection, .class = command.data[0], .response = response, .capacity = capacity};
    const bool may_take_more = driver->begin != NULL && (has_data_and_le(command) || command.length == CASE_2_SIZE);
    enum gbau_status status = may_take_more ? driver->begin(connection->state) : GBAU_OK;
    if (status != GBAU_OK) {
        return status;
    }
    status = run(&gathering, command);
    if (may_take_more) {
        driver->end(connection->state);
    }
    *length = gathering.length;
    return status;
}
