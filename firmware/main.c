/*
 * main.c: a card on a microcontroller: the smallest program around the card's core.
 *
 * All of the card's RAM is below, and nothing else is asked of the chip but board.h. A command comes as two octets of
 * length and an APDU, and a response goes back in the same way; a card with contacts has the bytes of T=0 here
 * (ISO/IEC 7816-3).
 */
#include "board.h"
#include "crypto/portable.h"
#include "uicc/uicc.h"

static struct uicc card;
static struct crypto crypto;
static struct portable_state crypto_state;
static uint8_t command[UICC_COMMAND_MAX];
static uint8_t response[UICC_RESPONSE_MAX];

/* Reads a command; what is longer than any is read to its end and refused. */
static struct octets read_command(void)
{
    size_t length = (size_t)board_read_octet() << 8;
    length |= board_read_octet();
    for (size_t i = 0; i < length; i++) {
        const uint8_t octet = board_read_octet();
        if (i < sizeof command) {
            command[i] = octet;
        }
    }
    return octets_of(command, length <= sizeof command ? length : 0);
}

static void write_response(size_t length)
{
    board_write_octet((uint8_t)(length >> 8));
    board_write_octet((uint8_t)length);
    for (size_t i = 0; i < length; i++) {
        board_write_octet(response[i]);
    }
}

int main(void)
{
    board_open();
    crypto_portable_open(&crypto, &crypto_state, board_random, NULL);
    if (uicc_power_on(&card, board_card_memory(), &crypto) != GBAU_OK) {
        board_stop();
    }
    for (;;) {
        write_response(uicc_process(&card, read_command(), response));
    }
}
