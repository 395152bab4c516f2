/*
 * board_mps2_an386.c: Arm's MPS2 with a Cortex-M4 (application note 386), which QEMU emulates as mps2-an386.
 *
 * For measuring and for tests: its memory forgets, and it has no generator of random numbers. A product's board has a
 * flash driver and the chip's generator in the places of both.
 */
#include "board.h"

#include <string.h>

/* CMSDK APB UART 0 */
struct uart {
    volatile uint32_t data;
    volatile uint32_t state;
    volatile uint32_t control;
    volatile uint32_t interrupts;
    volatile uint32_t baud_divider;
};

enum { UART_SEND_FULL = 1, UART_RECEIVED = 2, UART_ENABLE_BOTH = 3, UART_LEAST_DIVIDER = 16 };

#define UART0 ((struct uart *)0x40004000)

/* Set by the linker script. */
extern uint32_t board_stack_top[], board_data_load[], board_data_begin[], board_data_end[];
extern uint32_t board_bss_begin[], board_bss_end[];
extern uint8_t board_card_begin[], board_card_end[];

int main(void);
_Noreturn void board_reset(void);

/* The first 16 words of memory (ARMv7-M B1.5.2): the stack, the entry, and exceptions, of which none is expected. */
__attribute__((section(".vectors"), used)) static void *const vectors[16] = {
    board_stack_top, board_reset, board_stop, board_stop, board_stop, board_stop, board_stop, board_stop,
    board_stop,      board_stop,  board_stop, board_stop, board_stop, board_stop, board_stop, board_stop,
};

void board_reset(void)
{
    const uint32_t *from = board_data_load;
    for (uint32_t *word = board_data_begin; word < board_data_end; word++) {
        *word = *from++;
    }
    for (uint32_t *word = board_bss_begin; word < board_bss_end; word++) {
        *word = 0;
    }
    (void)main();
    board_stop();
}

void board_stop(void)
{
    for (;;) {
        __asm__ volatile("wfi");
    }
}

void board_open(void)
{
    UART0->baud_divider = UART_LEAST_DIVIDER;
    UART0->control = UART_ENABLE_BOTH;
}

uint8_t board_read_octet(void)
{
    while ((UART0->state & UART_RECEIVED) == 0) {
    }
    return (uint8_t)UART0->data;
}

void board_write_octet(uint8_t octet)
{
    while ((UART0->state & UART_SEND_FULL) != 0) {
    }
    UART0->data = octet;
}

/* What cannot be had is refused, not pretended: this board opens no keys. */
enum gbau_status board_random(void *context, uint8_t *out, size_t length)
{
    (void)context;
    (void)out;
    (void)length;
    return GBAU_E_CRYPTO;
}

static enum gbau_status memory_write(void *context, size_t offset, const void *data, size_t length)
{
    (void)context;
    memcpy(board_card_begin + offset, data, length);
    return GBAU_OK;
}

static enum gbau_status memory_sync(void *context, size_t offset, size_t length)
{
    (void)offset;
    (void)length;
    (void)context;
    return GBAU_OK;
}

const struct nvm_storage *board_card_memory(void)
{
    static struct nvm_storage memory = {.memory = board_card_begin, .write = memory_write, .sync = memory_sync};
    memory.size = (size_t)(board_card_end - board_card_begin);
    return &memory;
}
