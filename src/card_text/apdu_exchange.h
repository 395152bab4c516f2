/* apdu_exchange.h: a command and its response taken apart; private to this room. */
#ifndef CARD_TEXT_APDU_EXCHANGE_H
#define CARD_TEXT_APDU_EXCHANGE_H

#include "card_text/apdu_words.h"

struct apdu_exchange {
    uint8_t cla;
    uint8_t ins;
    uint8_t p1;
    uint8_t p2;
    struct octets command; /* whole, for where secrets stand in it */
    struct octets data;    /* of the command */
    struct octets answer;  /* data of the response */
    uint16_t sw;
    bool succeeded;
    struct apdu_channel *channel;
    struct apdu_origin origin;
    struct apdu_words *words;
};

/* Marks `part`, which must lie in the command or in the response, as secret. */
void apdu_mark_command(struct apdu_exchange *exchange, struct octets part);
void apdu_mark_answer(struct apdu_exchange *exchange, struct octets part);

/* authenticate_words.c */
void authenticate_put_command(struct text *text, struct apdu_exchange *exchange);
void authenticate_put_answer(struct text *text, struct apdu_exchange *exchange);

/* api_words.c: the applet of the GBA_U API (docs/gba_u-api.md 8) */
void api_put_objects(struct text *text, struct apdu_exchange *exchange);
void api_put_handle(struct text *text, struct apdu_exchange *exchange);
void api_put_answer(struct text *text, struct apdu_exchange *exchange);
void api_put_process(struct text *text, struct apdu_exchange *exchange);
void api_put_process_answer(struct text *text, struct apdu_exchange *exchange);
void api_put_transfer(struct text *text, struct apdu_exchange *exchange);
void api_put_transfer_answer(struct text *text, struct apdu_exchange *exchange);

#endif
