/*
 * t0_transport.h: the card's side of T=0 for readers that pass command APDUs through: response data of a command
 * without Le is held back behind 61XX until GET RESPONSE fetches it, a wrong Le is answered with 6CXX (TS 102 221
 * 7.3.1.1).
 */
#ifndef READER_T0_TRANSPORT_H
#define READER_T0_TRANSPORT_H

#include "reader/card_image.h"

/* Whatever runs command APDUs at APDU level: a card, or in a benchmark one that only answers. */
struct t0_card {
    size_t (*process)(void *context, struct octets command, uint8_t response[UICC_RESPONSE_MAX]);
    void *context;
};

struct t0_transport {
    struct t0_card card;
    uint8_t held[UICC_RESPONSE_MAX]; /* data and SW that wait for GET RESPONSE */
    size_t held_length;              /* 0: none */
    size_t held_position;
    uint8_t held_class; /* GET RESPONSE must come on the same channel */
};

struct t0_transport t0_transport_of(struct t0_card card);

/* Runs one command; returns the length of the response, at least 2. */
size_t t0_transport_process(struct t0_transport *transport, struct octets command,
                            uint8_t response[UICC_RESPONSE_MAX]);

/* Forgets what is held, as a reset does. */
void t0_transport_reset(struct t0_transport *transport);

#endif
