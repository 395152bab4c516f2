/* status_words.h: what SW1 SW2 mean (TS 102 221 10.2, TS 31.102 7.3). */
#ifndef CARD_TEXT_STATUS_WORDS_H
#define CARD_TEXT_STATUS_WORDS_H

#include "card_text/text.h"

/* The meaning of `sw` as an answer to the instruction `ins`; some words mean different things to different commands. */
void text_put_status_word(struct text *text, uint16_t sw, uint8_t ins);

/* True when the command was carried out, with or without a remark: 9000, 91XX, 92XX, 61XX, 9FXX, 62XX and 63F1. */
bool status_word_is_success(uint16_t sw);

#endif
