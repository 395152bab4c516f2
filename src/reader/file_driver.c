/* file_driver.c: a card file in this process. */
#include <string.h>

#include "reader/card_image.h"
#include "reader/reader_driver.h"

static enum gbau_status file_transmit(void *state, struct octets command, uint8_t *response, size_t capacity,
                                      size_t *length)
{
    if (capacity >= UICC_RESPONSE_MAX) {
        *length = card_image_process_into(state, command, response, capacity);
        return GBAU_OK;
    }
    uint8_t answer[UICC_RESPONSE_MAX];
    *length = card_image_process(state, command, answer);
    if (*length > capacity) {
        return GBAU_E_SPACE;
    }
    memcpy(response, answer, *length);
    return GBAU_OK;
}

static void file_close(void *state)
{
    card_image_close(state);
}

static const struct reader_driver file_driver = {.transmit = file_transmit, .close = file_close};

enum gbau_status file_driver_open(const char *path, const struct log *log, struct reader_connection *connection)
{
    struct card_image *card = NULL;
    enum gbau_status status = card_image_open(path, CARD_DURABLE, log, &card);
    if (status == GBAU_OK) {
        card_image_allow_extended(card);
    }
    *connection = (struct reader_connection){
        .driver = &file_driver, .state = card, .command_max = UICC_EXTENDED_COMMAND_MAX};
    return status;
}
