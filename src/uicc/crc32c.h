/* crc32c.h: the checksum of the card's memory: CRC-32C (Castagnoli), which processors compute by themselves. */
#ifndef UICC_CRC32C_H
#define UICC_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The CRC-32C of `length` octets; "123456789" gives e3069283. Tells damage, not tampering. */
uint32_t crc32c_of(const uint8_t *data, size_t length);

#endif
