/* board.h: what the firmware asks of the board it runs on. A new board is one file that offers this. */
#ifndef FIRMWARE_BOARD_H
#define FIRMWARE_BOARD_H

#include "uicc/nvm.h"

/* Makes the line to the terminal ready. Clock and memory are ready when main begins. */
void board_open(void);

/* The line to the terminal. Both wait. */
uint8_t board_read_octet(void);
void board_write_octet(uint8_t octet);

/* Random numbers fit for keys (portable_random of crypto/portable.h). */
enum gbau_status board_random(void *context, uint8_t *out, size_t length);

/* The card's memory: what `gbau card create` makes, written into the chip when it is personalised. */
const struct nvm_storage *board_card_memory(void);

/* Nothing can be done any more: the card falls silent until the next reset. */
_Noreturn void board_stop(void);

#endif
