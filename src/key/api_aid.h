/*
 * api_aid.h: the AID of the GBA_U API's own applet: its address on the card, and its name as a caller in derivations.
 */
#ifndef KEY_API_AID_H
#define KEY_API_AID_H

#include <stdint.h>

/*
 * A proprietary identifier (first digit F, ISO/IEC 7816-5): no registered one is allocated ([D], docs/conformance.md).
 */
#define GBA_U_API_AID_SIZE 9

extern const uint8_t gba_u_api_aid[GBA_U_API_AID_SIZE];

#endif
