/* apdu.h: building command APDUs and looking at responses, for the ME. */
#ifndef ME_APDU_H
#define ME_APDU_H

#include "reader/reader.h"

enum { APDU_EXTENDED_HEAD_SIZE = 7, APDU_EXTENDED_LE_SIZE = 2 }; /* around the data of an extended command */
enum { APDU_COMMAND_MAX = 261, APDU_DATA_MAX = 255, APDU_RESPONSE_MAX = 258, APDU_NO_LE = -1, APDU_ANY_LE = 0 };

struct apdu_command {
    uint8_t cla; /* without channel */
    uint8_t ins;
    uint8_t p1;
    uint8_t p2;
    struct octets data; /* at most 255 octets; more gives GBAU_E_SPACE */
    int le;             /* APDU_NO_LE, APDU_ANY_LE, or 1 to 255 */
};

/* A response that may hold secrets: wipe it when it does. */
struct apdu_response {
    uint8_t octets[APDU_RESPONSE_MAX];
    struct octets data; /* without SW */
    uint16_t sw;
};

/* Sends a command on a channel (0 to 19). GBAU_OK whatever SW is; errors are the reader's. */
GBAU_MUST_USE enum gbau_status apdu_exchange(struct reader *reader, uint8_t channel,
                                             const struct apdu_command *command, struct apdu_response *response);

/* A response of any length, in the caller's room. */
struct apdu_room {
    uint8_t *octets;
    size_t capacity;
};

/*
 * The same with extended lengths (ISO/IEC 7816-3 12.1.3), for a reader whose reader_command_max allows it, and without
 * copying: `head` is where command->data stand, APDU_EXTENDED_HEAD_SIZE octets before them, with room for
 * APDU_EXTENDED_LE_SIZE behind them. `room` is for the response, which is viewed from *data, and wiped by the caller.
 */
GBAU_MUST_USE enum gbau_status apdu_exchange_extended(struct reader *reader, uint8_t channel,
                                                      const struct apdu_command *command, uint8_t *head,
                                                      struct apdu_room room, struct octets *data, uint16_t *sw);

/* `cla`, coded for channel 0, on a channel from 0 to 19 (TS 102 221 10.1.1). */
uint8_t apdu_class_on_channel(uint8_t cla, uint8_t channel);

/* What a status word means for the caller: GBAU_OK for 9000 and 91XX. */
enum gbau_status apdu_status_of_sw(uint16_t sw);

#endif
